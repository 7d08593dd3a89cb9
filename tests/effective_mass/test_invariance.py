"""Masses do not depend on how the same bands are written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_band_models import (
    HIGH_SYMMETRY,
    TRICLINIC,
    at_points,
    kane,
    on_path,
    points_of,
    reciprocal,
    two_bands,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import special_ortho_group

from perovchem.bands import Bands, Segment
from perovchem.effective_mass import effective_masses

TENSOR = np.array([[8.5, 0.9, -0.6], [0.9, 3.4, 0.4], [-0.6, 0.4, 1.6]])
MODEL = two_bands(kane(TENSOR, 0.3), kane(TENSOR / 2, 0.2), 1.3)
ROUTE = ("X", "Γ", "M", "R", "Γ", "Z", "T", "Γ", "U", "Y", "Γ")
ORIGINAL = on_path(MODEL, ROUTE, cell=TRICLINIC, spacing=0.03)
SEEDS = st.integers(0, 2**32 - 1)


def numbers(bands: Bands) -> dict[tuple[str, str], float]:
    return {(mass.carrier, mass.direction_label): mass.mass for mass in effective_masses(bands).masses}


BEFORE = numbers(ORIGINAL)


def assert_same(bands: Bands, rtol: float = 1e-7) -> None:
    after = numbers(bands)
    assert set(after) == set(BEFORE)
    for name, value in BEFORE.items():
        assert after[name] == pytest.approx(value, rel=rtol), name


@settings(max_examples=5)
@given(SEEDS)
def test_rotated(seed):
    """The tensor turns with the crystal; the masses stay."""
    turn = special_ortho_group.rvs(3, random_state=np.random.default_rng(seed))
    turned = replace(ORIGINAL, reciprocal_cell=ORIGINAL.reciprocal_cell @ turn.T)
    assert_same(turned)
    old, new = effective_masses(ORIGINAL).tensors[0], effective_masses(turned).tensors[0]
    np.testing.assert_allclose(new.inverse_mass, turn @ old.inverse_mass @ turn.T, atol=1e-6)
    np.testing.assert_allclose(new.principal_masses, old.principal_masses, rtol=1e-7)


@settings(max_examples=5)
@given(st.permutations(range(3)), SEEDS)
def test_other_axes(order, seed):
    """Another primitive cell of the same lattice: unimodular rows."""
    random = np.random.default_rng(seed)
    matrix = np.eye(3)[list(order)]
    matrix[0] += random.integers(-2, 3) * matrix[1]
    matrix[2] -= random.integers(-2, 3) * matrix[0]
    basis = matrix @ ORIGINAL.reciprocal_cell
    assert_same(replace(ORIGINAL, kpoints=ORIGINAL.kpoints @ np.linalg.inv(matrix), reciprocal_cell=basis))


@settings(max_examples=5)
@given(SEEDS)
def test_reciprocal_lattice_vectors(seed):
    """Each segment may stand in another zone."""
    random = np.random.default_rng(seed)
    moved = ORIGINAL.kpoints.copy()
    for part in ORIGINAL.segments:
        moved[part.start : part.stop] += random.integers(-2, 3, 3)
    assert_same(replace(ORIGINAL, kpoints=moved))


@settings(max_examples=5)
@given(st.floats(-30, 30))
def test_shifted_energies(shift):
    """The same zero or another: up to the rounding of doubles."""
    assert_same(replace(ORIGINAL, energies=ORIGINAL.energies + shift), rtol=1e-5)


def test_path_backwards():
    """Every segment run from its other end, the last first."""
    rows = np.arange(len(ORIGINAL.kpoints))[::-1]
    n = len(rows)
    segments = tuple(
        Segment(n - part.stop, n - part.start, part.stop_label, part.start_label)
        for part in ORIGINAL.segments[::-1]
    )
    assert_same(
        replace(
            ORIGINAL, kpoints=ORIGINAL.kpoints[rows], energies=ORIGINAL.energies[:, rows], segments=segments
        )
    )


def test_order_of_segments():
    order = [3, 0, 5, 1, 8, 2, 9, 4, 7, 6]
    rows = np.concatenate([np.arange(ORIGINAL.segments[k].start, ORIGINAL.segments[k].stop) for k in order])
    start = 0
    segments = []
    for k in order:
        part = ORIGINAL.segments[k]
        segments.append(Segment(start, start + len(part), part.start_label, part.stop_label))
        start += len(part)
    moved = replace(
        ORIGINAL,
        kpoints=ORIGINAL.kpoints[rows],
        energies=ORIGINAL.energies[:, rows],
        segments=tuple(segments),
    )
    assert_same(moved)


def test_bands_far_below_do_not_matter():
    deep = np.full((1, len(ORIGINAL.kpoints), 3), -20.0)
    assert_same(
        replace(ORIGINAL, energies=np.concatenate([deep, ORIGINAL.energies], axis=2), electrons=(8.0,))
    )


def test_every_arm_is_found_once():
    """Joints stand twice in line mode; the way back along an arm gives no second mass."""
    assert len(BEFORE) == 2 * 7
    again = on_path(MODEL, (*ROUTE, "X", "Γ"), cell=TRICLINIC, spacing=0.03)
    assert len(effective_masses(again).masses) == 2 * 7


def test_equivalent_arms_have_one_class():
    """-k and k are one direction by time reversal: both sides of a straight path through Γ."""
    half = points_of(TRICLINIC, ("X", "Γ"), 0.03)[0]
    kpoints = np.concatenate([half, -half[::-1]])
    n = len(half)
    bands = at_points(
        MODEL, kpoints, cell=TRICLINIC, segments=(Segment(0, n, "X", "Γ"), Segment(n, 2 * n, "Γ", "X"))
    )
    masses = effective_masses(bands, carrier="hole").masses
    assert len(masses) == 2
    assert len({mass.direction_class for mass in masses}) == 1
    assert masses[0].mass == pytest.approx(masses[1].mass, rel=1e-9)
    d = np.array(HIGH_SYMMETRY["X"]) @ reciprocal(TRICLINIC)
    np.testing.assert_allclose(masses[0].direction, d / np.linalg.norm(d), atol=1e-12)
