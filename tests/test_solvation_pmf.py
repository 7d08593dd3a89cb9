"""W(r), K and ΔG of an ideal gas and of a square well, whose integrals are known; what cannot be told is told so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import frames_of
from validation import algebra

import perovchem as pc
from perovchem.errors import MissingDataError, UsageError
from perovchem.frames import Frames
from perovchem.units import BOLTZMANN, KILOJOULE_PER_MOLE, MOLE_PER_LITER

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")

BOX, CORE, WELL = 16.0, 2.0, 3.5
KT = BOLTZMANN * 300


def well(depth: float, *, n_frames: int = 3000, n_partners: int = 40, seed: int = 1) -> Frames:
    """Partners that see one center only: nothing within CORE, kT x depth lower from there to WELL, free beyond."""
    rng = np.random.default_rng(seed)
    inside = 4 / 3 * math.pi * (WELL**3 - CORE**3) * math.exp(depth)
    outside = BOX**3 - 4 / 3 * math.pi * WELL**3
    bound = rng.random((n_frames, n_partners)) < inside / (inside + outside)
    radius = np.cbrt(CORE**3 + rng.random(bound.shape) * (WELL**3 - CORE**3))
    direction = rng.normal(size=(*bound.shape, 3))
    near = radius[..., None] * direction / np.linalg.norm(direction, axis=2, keepdims=True)
    far = (rng.random((*bound.shape, 3)) - 0.5) * BOX
    while (again := np.linalg.norm(far, axis=2) < WELL).any():
        far[again] = (rng.random((int(again.sum()), 3)) - 0.5) * BOX
    center = rng.random((n_frames, 1, 3)) * BOX
    places = center + np.where(bound[..., None], near, far)
    return frames_of(["Pb"] + ["Cs"] * n_partners, np.concatenate([center, places], axis=1), BOX * np.eye(3))


def tail_of(depth: float) -> float:
    """g(r) beyond the well: what is bound is missing there."""
    inside = 4 / 3 * math.pi * (WELL**3 - CORE**3) * math.exp(depth)
    return BOX**3 / (inside + BOX**3 - 4 / 3 * math.pi * WELL**3)


def test_square_well(validate) -> None:
    """K of the unbound that are left is the volume of the well times exp(depth/kT)."""
    depth = 3.0
    found = pc.solvation_pmf(well(depth), pairs="Pb-Cs", temperature=300, contact={"Pb-Cs": WELL})
    one = found.pairs["Pb-Cs"]
    volume = 4 / 3 * math.pi * (WELL**3 - CORE**3) * math.exp(depth) / MOLE_PER_LITER
    error = math.hypot(one.association_constant_error / one.association_constant, one.tail_error / one.tail)
    assert one.association_constant == pytest.approx(volume * tail_of(depth), rel=4 * error)
    assert one.tail == pytest.approx(tail_of(depth), abs=4 * one.tail_error)
    assert one.converged
    assert error < 0.01
    validate(
        "Binding in solution", "ΔG of a contact pair at 1 mol/L", "square well 3 kT deep from 2 to 3.5 Å, 40 partners", unit="kJ/mol",
        ours=one.gibbs_energy_from_tail / KILOJOULE_PER_MOLE, truth=-KT * math.log(volume) / KILOJOULE_PER_MOLE,
        source=algebra("K = 4/3 π (3.5³ - 2³) e³"), absolute=4 * KT * error / KILOJOULE_PER_MOLE,
    )  # fmt: skip
    inside = (one.distances > CORE + 0.05) & (one.distances < WELL - 0.05)
    spread = (one.free_energy[inside] + KT * (depth + math.log(tail_of(depth)))) / one.free_energy_error[
        inside
    ]
    assert np.abs(spread).max() < 4.5
    assert 0.5 < np.sqrt((spread**2).mean()) < 1.6


def test_ideal_gas_binds_by_the_volume_of_the_sphere() -> None:
    """g = 1: K = 4/3 π r³, W = 0."""
    rng = np.random.default_rng(3)
    places = rng.random((2000, 30, 3)) * BOX
    frames = frames_of(["Pb"] * 2 + ["Cs"] * 28, places, BOX * np.eye(3))
    one = pc.solvation_pmf(frames, pairs="Pb-Cs", temperature=300, contact={"Pb-Cs": 4.0}).pairs["Pb-Cs"]
    sphere = 4 / 3 * math.pi * 4**3 / MOLE_PER_LITER
    assert one.association_constant == pytest.approx(sphere, abs=4 * one.association_constant_error)
    assert one.gibbs_energy == pytest.approx(-KT * math.log(sphere), abs=4 * one.gibbs_energy_error)
    assert one.tail == pytest.approx(1, abs=4 * one.tail_error)


def test_no_first_minimum_is_no_contact() -> None:
    rng = np.random.default_rng(3)
    frames = frames_of(["Pb"] * 2 + ["Cs"] * 28, rng.random((400, 30, 3)) * BOX, BOX * np.eye(3))
    one = pc.solvation_pmf(frames, pairs="Pb-Cs", temperature=300).pairs["Pb-Cs"]
    assert math.isnan(one.contact) and math.isnan(one.gibbs_energy) and math.isnan(one.barrier)


@pytest.mark.parametrize("excursions", [0, 2])
def test_contacts_that_hardly_change_have_no_error_and_say_so(excursions) -> None:
    """One bound partner, away in no or two of 300 frames: K = V / N of partners times the rest; a bound of the error."""
    rng = np.random.default_rng(5)
    n = 300
    places = np.zeros((n, 5, 3))
    places[:, 1, 0] = 3.0 + 0.1 * rng.normal(size=n)
    places[100 : 100 + 50 * excursions : 50, 1, 0] = 6.0
    places[:, 2:] = [8.0, 8.0, 8.0] + 0.3 * rng.normal(size=(n, 3, 3))
    frames = frames_of(["Pb"] + ["Cs"] * 4, places, BOX * np.eye(3))
    found = pc.solvation_pmf(frames, pairs="Pb-Cs", temperature=300, contact={"Pb-Cs": 5.0})
    one = found.pairs["Pb-Cs"]
    bound = 1 - excursions / n
    assert one.association_constant == pytest.approx(BOX**3 / 4 / MOLE_PER_LITER * bound, rel=1e-12)
    assert not one.converged
    assert math.isnan(one.barrier) and one.barrier_bound > 0
    assert any("too rarely" in sentence for sentence in found.warnings)
    assert any("was ever met" in sentence for sentence in found.warnings)


def test_like_pairs_say_that_they_are_labeled() -> None:
    rng = np.random.default_rng(3)
    frames = frames_of(["Cs"] * 20, rng.random((50, 20, 3)) * BOX, BOX * np.eye(3))
    found = pc.solvation_pmf(frames, pairs="Cs-Cs", temperature=300, contact={"Cs-Cs": 4.0})
    assert any("K/2" in sentence for sentence in found.warnings)


def test_a_temperature_is_needed() -> None:
    frames = well(1.0, n_frames=20)
    with pytest.raises(MissingDataError, match="temperature=300"):
        pc.solvation_pmf(frames, pairs="Pb-Cs")
    with pytest.raises(UsageError, match="in K"):
        pc.solvation_pmf(frames, pairs="Pb-Cs", temperature=-3)
    with pytest.raises(UsageError, match="Pb-Cs"):
        pc.solvation_pmf(frames, pairs="Pb-Cs", temperature=300, contact={"Pb-J": 3})
    with pytest.raises(UsageError, match="at least one"):
        pc.solvation_pmf(frames, temperature=300)


def test_results_and_units() -> None:
    found = pc.solvation_pmf(well(2.0, n_frames=50), pairs="Pb-Cs", temperature=300, contact={"Pb-Cs": WELL})
    table = found.to_dataframe()
    assert table.attrs["units"]["free_energy"] == "eV"
    plain = found.to_dict()["pairs"]["Pb-Cs"]
    assert len(plain["free_energy"]) == len(plain["distances"]) == len(table)
    assert "1 mol/L" in repr(found)


def test_provenance() -> None:
    run = pc.read_frames("gbl_solution", discard="4ps", stride=20)
    found = pc.solvation_pmf(run, pairs="Pb-I", temperature=300)
    assert found.provenance.settings["temperature_K"] == 300
    assert found.provenance.inputs[0].sha256
