"""The kept study of CsCl, PbCl2, DMSO and methylammonium halides: complete, sound, and evaluated as it stands.

The files were computed by the program xtb; tblite, another implementation of the method, looks at them again here.
"""

from __future__ import annotations

import csv
import math
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from perovchem.binding import binding
from perovchem.calculation_reading import read_calculation
from perovchem.compute import compute_species, read_request
from perovchem.compute.engine import GRADIENT_LIMIT, engine_for, installed
from perovchem.compute.modes import finite_differences, masses_of, normal_modes
from perovchem.errors import PerovchemWarning

WORKFLOWS = Path(__file__).parents[2] / "workflows"
REQUEST = WORKFLOWS / "cspbcl3_amine_salts_species.toml"
SALTS = ("MAI", "MABr", "MACl")
CYCLES = {
    "gas": "cspbcl3_amine_salts.toml",
    "solvent": "cspbcl3_amine_salts_alpb.toml",
    "ion pairs": "cspbcl3_amine_salts_ion_pairs.toml",
}
needs_tblite = pytest.mark.skipif(
    "tblite" not in installed(), reason="tblite is not installed: pip install 'perovchem[compute]'"
)


def calculation(name: str):
    return read_calculation(read_request(REQUEST).results / f"{name}.toml")


def test_searched():
    """At least twenty random starts of every species of several parts; nothing is missing, so nothing is computed."""
    found = compute_species(REQUEST)
    assert found.provenance.settings["computed"] == []
    request = read_request(REQUEST)
    for row in found.species:
        assert row.files
        assert math.isnan(row.lowest_wavenumber) or row.lowest_wavenumber > 0
        with (request.results / f"{row.name}_starts.csv").open(encoding="utf-8") as handle:
            kinds = [line["kind"] for line in csv.DictReader(handle)]
        assert kinds.count("random") >= (20 if sum(request.species[row.name].parts.values()) > 1 else 1)
        for file in row.files:
            one = read_calculation(request.results / file)
            assert sorted(one.species) == sorted(request.atoms_of(row.name))
            assert one.charge == request.charge_of(row.name) == 0
    # isolated methylammonium halides are complexes of methylamine and an acid, as in the gas phase they are
    arranged = {row.name: row.arranged for row in found.species}
    assert [arranged[salt] for salt in SALTS] == ["CH5N + HI", "BrH + CH5N", "CH5N + ClH"]


@pytest.mark.parametrize("where", CYCLES)
def test_evaluated(where):
    """ΔE between those of the single conformers by hand; salts are ranked among themselves, "none" by exchange only."""
    # that the vibrations of the ion pairs are of another solvent model is allowed in the file, and told
    told = (
        pytest.warns(PerovchemWarning, match="allowed by override") if where == "ion pairs" else nullcontext()
    )
    with told:
        found = binding(WORKFLOWS / CYCLES[where])
    ending = "" if where == "gas" else "_ALPB_dmso"
    energy = {name: calculation(f"{name}_1{ending}").energy for name in ("DMSO", "CsCl", "PbCl2", *SALTS)}
    if where == "ion pairs":
        energy |= {
            salt: read_calculation(WORKFLOWS / "data/cspbcl3_ion_pairs" / f"{salt}_1.toml").energy
            for salt in SALTS
        }
    for salt in ("none", *SALTS):
        row = found.row(salt)
        apart = energy["CsCl"] + energy["PbCl2"] + 3 * energy["DMSO"] + energy.get(salt, 0.0)
        clusters = [calculation(f"solution_{salt}_{k}{ending}").energy for k in (1, 2)]
        by_hand = [(one - apart) * 27.211386245988 for one in clusters]
        assert min(by_hand) - 1e-6 <= row.delta_e <= max(by_hand) + 1e-6
        assert set(row.per_treatment) >= {"rrho", "grimme", "truhlar"}
    (ranked,) = (ranking for ranking in found.ranking if len(ranking.order) > 1)
    assert sorted(ranked.order) == sorted(SALTS)
    assert {one.name for one in found.exchanges} >= set(SALTS)


@needs_tblite
@pytest.mark.parametrize("name", ["DMSO_1", "MAI_1", "solution_none_1", "solution_MAI_1"])
def test_seen_by_tblite(name):
    """Energy and gradient of kept structures by the other implementation, in the gas phase and in implicit DMSO."""
    one = calculation(name)
    energy, gradient = engine_for("tblite").energy_and_gradient(one.species, one.positions, one.charge)
    assert energy == pytest.approx(one.energy, abs=1e-6)
    assert np.linalg.norm(gradient) < 2 * GRADIENT_LIMIT["tight"]
    wet = calculation(f"{name}_ALPB_dmso")
    energy, _ = engine_for("tblite", solvent="dmso").energy_and_gradient(
        wet.species, wet.positions, wet.charge
    )
    assert energy == pytest.approx(wet.energy, abs=1e-6)


@needs_tblite
def test_vibrations_by_tblite():
    """The kept wavenumbers of CH3NH2...HI, soft modes and all."""
    one = calculation("MAI_1")
    hessian = finite_differences(engine_for("tblite"), one.species, one.positions, one.charge)
    waves, _ = normal_modes(hessian, one.positions, masses_of(one.species))
    assert one.vibrations is not None
    assert waves == pytest.approx(one.vibrations.wavenumbers[0], abs=1.0)
