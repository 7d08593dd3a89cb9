"""Random clusters: parts stay rigid, none overlaps, ions meet, the same seed gives the same cluster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.compute.placing import MOST_ATOMS, Part, place, relocate
from perovchem.errors import UsageError


def ion(symbol: str, charge: int) -> Part:
    return Part(symbol, (symbol,), np.zeros((1, 3)), np.array([float(charge)]))


WATER = Part(
    "water",
    ("O", "H", "H"),
    np.array([[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]]),
    np.array([-0.6, 0.3, 0.3]),
)
CLUSTER = [ion("Cs", 1), ion("Pb", 2), *[ion("Cl", -1)] * 3, *[WATER] * 3]


def distances(positions):
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_parts_stay_rigid_and_apart(seed):
    """Turning and shifting changes no distance within a part; between parts, atoms do not sit on one another."""
    positions = place(CLUSTER, seed=seed)
    for move in (positions, relocate(CLUSTER, positions, seed=seed)):
        for k in range(3):
            mine = move[5 + 3 * k : 8 + 3 * k]
            assert np.allclose(distances(mine), distances(WATER.positions), atol=1e-9)
        owner = np.array([0, 1, 2, 3, 4, *[5] * 3, *[6] * 3, *[7] * 3])
        between = distances(move)[owner[:, None] != owner[None]]
        assert between.min() > 0.9
    # handedness: a rotation, no reflection; three atoms cannot tell, so a chiral part does
    chiral = Part(
        "chiral", tuple("HHHH"), np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3.0]]), np.zeros(4)
    )
    shape = place([chiral, chiral], seed=seed)[:4]
    assert np.linalg.det(shape[1:] - shape[0]) == pytest.approx(6.0)


def test_seed():
    """The seed alone decides."""
    assert np.array_equal(place(CLUSTER, seed=5), place(CLUSTER, seed=5))
    assert not np.allclose(place(CLUSTER, seed=5), place(CLUSTER, seed=6))


def test_ions_meet():
    """Of eight ions each has an unlike neighbor nearer than its nearest like one."""
    salt = [ion("Cs", 1), ion("Cl", -1)] * 4
    for seed in range(5):
        apart = distances(place(salt, seed=seed))
        sign = np.array([1, -1] * 4)
        unlike = sign[:, None] != sign[None]
        assert (
            np.where(unlike, apart, np.inf).min(axis=1) < np.where(unlike, np.inf, apart).min(axis=1)
        ).all()


def test_relocation_moves_one_or_two():
    """Up to a common shift all others stand where they stood."""
    start = place(CLUSTER, seed=1)
    owner = np.array([0, 1, 2, 3, 4, *[5] * 3, *[6] * 3, *[7] * 3])
    for seed in range(10):
        shift = relocate(CLUSTER, start, seed=seed) - start
        common = np.median(shift, axis=0)
        moved = {int(owner[k]) for k in np.flatnonzero(np.linalg.norm(shift - common, axis=1) > 1e-6)}
        assert 1 <= len(moved) <= 2


def test_refused():
    with pytest.raises(UsageError, match="a cluster of 0 atoms"):
        place([], seed=1)
    with pytest.raises(UsageError, match=f"{MOST_ATOMS + 1} atoms"):
        place([ion("Cs", 1)] * (MOST_ATOMS + 1), seed=1)
