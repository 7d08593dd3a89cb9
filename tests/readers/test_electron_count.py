"""Electrons are counted; what a file prints of occupations and Fermi energy is compared with the count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders_bands import filled
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.readers.electron_count import Levels, common_level, contradictions, part_electrons

K = np.linspace(0, 1, 15)
WAVE = np.cos(2 * np.pi * K)


def channel(levels: list[float], width: float = 0.2) -> np.ndarray:
    return np.array(levels)[None, :] + width * WAVE[:, None]


def magnet() -> np.ndarray:
    """Three filled bands up and one down below a common gap around 0."""
    return np.stack([channel([-3, -2, -1, 2]), channel([-2.5, 1.5, 2.5, 3.5])])


def given_levels(energies: np.ndarray, electrons: object) -> Levels:
    return Levels(energies, filled(energies, electrons), np.full(energies.shape[1], 1 / energies.shape[1]))


def brute(energies: np.ndarray, total: int) -> set[tuple[int, int]]:
    """Every division of which some level, tried one by one, fills the same number of bands at each point."""
    found = set()
    values = np.unique(energies)
    for level in (values[:-1] + values[1:]) / 2:
        below = (energies < level).sum(axis=2)
        if (np.ptp(below, axis=1) == 0).all() and below[:, 0].sum() == total:
            found.add((int(below[0, 0]), int(below[1, 0])))
    return found


def test_a_magnet_is_parted_by_its_gap_whatever_the_occupations() -> None:
    energies = magnet()
    wrong = Levels(energies, filled(energies, (2, 2)), np.full(15, 1 / 15))
    electrons, notes = part_electrons(wrong, 4.0, math.nan)
    assert electrons == (3.0, 1.0)
    assert "3 electrons are up and 1 down" in notes[0]


@given(st.integers(0, 2**31), st.integers(1, 7))
@settings(deadline=None)
def test_the_division_is_that_of_a_level_tried_everywhere(seed: int, total: int) -> None:
    rng = np.random.default_rng(seed)
    energies = np.sort(rng.normal(0, 2, (2, 1, 4)) + rng.normal(0, 0.15, (2, 6, 4)), axis=2)
    found = common_level(energies, total)
    assert (set() if found is None else {found}) == brute(energies, total)


def test_nupdown_decides() -> None:
    assert part_electrons(given_levels(magnet(), (3, 1)), 4.0, 0.0)[0] == (2.0, 2.0)


def test_a_half_metal_keeps_its_whole_channel() -> None:
    energies = np.stack([channel([-3, 0.0, 0.1, 3], width=0.5), channel([-2.5, 4, 5, 6])])
    occupied = np.stack([(energies[0] < 0.05).astype(float), filled(energies[1:], 1, noncollinear=True)[0]])
    electrons, notes = part_electrons(Levels(energies, occupied, np.full(15, np.nan)), 3.0, math.nan)
    assert electrons == (2.0, 1.0)
    assert "printed occupations" in notes[0]


def test_no_occupations_and_no_gap() -> None:
    energies = np.stack([channel([0, 0.1, 0.2], width=1.0)] * 2)
    unknown = Levels(energies, np.full(energies.shape, np.nan), np.full(15, np.nan))
    electrons, notes = part_electrons(unknown, 3.0, math.nan)
    assert electrons == (1.5, 1.5)
    assert notes


@pytest.mark.parametrize(
    ("fermi", "told"), [(0.0, False), (-0.79, False), (1.3005, False), (-0.9, True), (1.6, True)]
)
def test_a_fermi_energy_outside_of_the_gap_is_told(fermi: float, told: bool) -> None:
    notes = contradictions(given_levels(magnet(), (3, 1)), (3.0, 1.0), "collinear", fermi)
    assert bool(notes) == told
    assert all("lies outside of the gap" in note for note in notes)


def test_other_occupations_are_told_with_their_number() -> None:
    levels = given_levels(magnet(), (3, 1))
    levels.occupations[0, 4:6, 3] = 1.0
    notes = contradictions(levels, (3.0, 1.0), "collinear", math.nan)
    assert len(notes) == 1
    assert "at 2 of 15 k-points" in notes[0]
    assert contradictions(given_levels(magnet(), (3, 1)), (3.0, 1.0), "collinear", math.nan) == ()
