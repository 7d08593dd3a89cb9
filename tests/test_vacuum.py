"""Gaps of a cell, and a molecule made whole: by construction, and whatever lattice vectors are added."""

from __future__ import annotations

import numpy as np
import pytest
from builders_calculations import WATER
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.vacuum import find_vacuum

CELLS = {
    "cubic": 12.0 * np.eye(3),
    "skewed": np.array([[12.0, 0, 0], [-4.0, 11.0, 0], [2.0, 3.0, 13.0]]),
    "fcc": 9.0 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]]),
}


@pytest.mark.parametrize("name", CELLS)
@settings(max_examples=30, deadline=None)
@given(shift=st.tuples(*[st.floats(0, 1)] * 3), images=st.lists(st.integers(-2, 2), min_size=9, max_size=9))
def test_a_molecule_is_made_whole_wherever_it_lies(
    name: str, shift: tuple[float, ...], images: list[int]
) -> None:
    cell = CELLS[name]
    scattered = WATER.positions + np.array(shift) @ cell + np.array(images).reshape(3, 3) @ cell
    found = find_vacuum(scattered, cell)
    assert found.is_molecule
    distances = np.linalg.norm(found.positions[:, None] - found.positions[None], axis=2)
    true = np.linalg.norm(WATER.positions[:, None] - WATER.positions[None], axis=2)
    np.testing.assert_allclose(distances, true, atol=1e-9)
    np.testing.assert_allclose(found.positions[0], scattered[0], atol=1e-9)  # the first atom stays


def test_gaps() -> None:
    """A pair 1.5 Å apart along x in a box of 10, 7 and 4 Å leaves gaps of 8.5, 7 and 4 Å."""
    found = find_vacuum(np.array([[9.5, 1.0, 1.0], [1.0, 1.0, 1.0]]), np.diag([10.0, 7.0, 4.0]))
    assert found.gaps == pytest.approx([8.5, 7.0, 4.0])
    assert not found.is_molecule
    assert found.moved == 1


def test_slab_and_crystal_are_no_molecules() -> None:
    slab = np.array([[x, y, 0.0] for x in (0.0, 3.0) for y in (0.0, 3.0)])
    assert not find_vacuum(slab, np.diag([6.0, 6.0, 30.0])).is_molecule
    perovskite = 5.605 * np.array([[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    assert not find_vacuum(perovskite, 5.605 * np.eye(3)).is_molecule
