"""From a species file to files that the other rooms read, with tblite itself."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from perovchem.binding import binding
from perovchem.calculation_reading import read_calculation
from perovchem.compute import compute_species
from perovchem.compute.engine import installed
from perovchem.errors import UsageError

pytestmark = pytest.mark.skipif(
    "tblite" not in installed(), reason="tblite is not installed: pip install 'perovchem[compute]'"
)
WATER = """
engine = "tblite"
starts = 3
relocations = 1
keep = 1
single_points = ["dmso"]
[parts.water]
atoms = [["O", 0, 0, 0], ["H", 0.76, 0.59, 0], ["H", -0.76, 0.59, 0]]
[species.water]
parts = { water = 1 }
[species.dimer]
parts = { water = 2 }
"""
CYCLE = """
[components.water]
state = "gas"
files = ["species/water_1.toml"]
[components.dimer]
state = "gas"
files = ["species/dimer_1.toml"]
[cycles.dimer]
reactants = { water = 2 }
products = { dimer = 1 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("water")
    (place / "species.toml").write_text(WATER, encoding="utf-8")
    (place / "cycle.toml").write_text(CYCLE, encoding="utf-8")
    compute_species(place / "species.toml")
    return place


def test_files(folder):
    """A cycle of computed species is evaluated as it stands; the dimer is held by one hydrogen bond."""
    found = binding(folder / "cycle.toml").row("dimer")
    water, dimer = (read_calculation(folder / "species" / f"{name}_1.toml") for name in ("water", "dimer"))
    assert found.delta_e == pytest.approx(dimer.energy_ev - 2 * water.energy_ev, abs=1e-9)
    # GFN2-xTB's benchmark set S22 has -5.0 kcal/mol (.217 eV) from coupled clusters; the method is good to some .05 eV
    assert -0.27 < found.delta_e < -0.17
    assert dimer.level.functional == "GFN2-xTB"
    assert dimer.vibrations is not None
    assert dimer.vibrations.wavenumbers.shape == (1, 12)
    assert "arranged as 2 H2O" in dimer.notes
    wet = read_calculation(folder / "species" / "water_1_ALPB_dmso.toml")
    assert wet.level.solvent == "ALPB(DMSO)"
    assert wet.vibrations is None
    assert np.array_equal(wet.positions, water.positions)


def test_starts_are_listed(folder):
    with (folder / "species" / "dimer_starts.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["kind"] for row in rows] == ["random"] * 3 + ["relocated", "final"]
    relaxed = [row for row in rows[:4] if row["fate"] == "relaxed"]
    assert min(float(row["above_lowest_eV"]) for row in relaxed) == 0.0


def test_what_is_there_is_not_computed_again(folder, monkeypatch):
    import perovchem.compute as room

    def engine(*_arguments, **_settings):
        raise AssertionError("an engine was asked for")

    monkeypatch.setattr(room, "engine_for", engine)
    found = compute_species(folder / "species.toml")
    assert found.provenance.settings["computed"] == []
    water, dimer = found.species
    assert (water.n_starts, dimer.n_starts) == (1, 4)
    assert dimer.files == ("dimer_1.toml",)
    assert dimer.lowest_wavenumber > 0
    with pytest.raises(AssertionError):
        compute_species(folder / "species.toml", again=["dimer"])
    with pytest.raises(UsageError, match="did you mean 'dimer'"):
        compute_species(folder / "species.toml", only=["dimr"])


def test_missing_one_is_computed(folder):
    """A file that was deleted comes back from the journal, the same to rounding."""
    path = folder / "species" / "water_1.toml"
    before = read_calculation(path)
    path.unlink()
    found = compute_species(folder / "species.toml")
    assert found.provenance.settings["computed"] == ["water"]
    assert read_calculation(path).energy == pytest.approx(before.energy, abs=1e-9)
