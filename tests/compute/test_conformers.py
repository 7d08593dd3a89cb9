"""Twins: what rotation, reflection, and permutation of like atoms make of one structure is the same conformer."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from perovchem.compute.conformers import (
    SAME_ENERGY,
    fragments,
    principal_moments,
    same,
    skeletons,
    skeletons_of_parts,
)

SPECIES = ("Pb", "Cl", "Cl", "O", "O", "H", "H", "H")


def structure(seed: int):
    return np.random.default_rng(seed).uniform(-4, 4, (len(SPECIES), 3))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), mirror=st.booleans())
def test_twins(seed, mirror):
    """Rotated, shifted, mirrored, like atoms exchanged, and shaken by .01 Å."""
    random = np.random.default_rng(seed)
    one = structure(seed)
    other = Rotation.random(random_state=seed).apply(one) + random.normal(size=3)
    other = other * (-1 if mirror else 1) + random.normal(scale=0.005, size=one.shape)
    other = other[[0, 2, 1, 4, 3, 6, 7, 5]]
    assert same(SPECIES, (-1.0, one), (-1.0 + SAME_ENERGY / 2, other))
    assert not same(SPECIES, (-1.0, one), (-1.0 + 2 * SAME_ENERGY, other))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_twins(seed):
    """Unlike atoms exchanged, or another structure of the same energy."""
    one = structure(seed)
    assert not same(SPECIES, (-1.0, one), (-1.0, one[[1, 0, 2, 3, 4, 5, 6, 7]]))
    assert not same(SPECIES, (-1.0, one), (-1.0, structure(seed + 1)))


def test_moments():
    """Of two atoms 2 Å apart: zero, and twice the reduced mass times 4 Å2."""
    assert np.allclose(
        principal_moments(["H", "H"], np.array([[0, 0, 1.0], [0, 0, -1.0]])), [0, 2.016, 2.016]
    )


def test_fragments():
    """An ammonium ion and an iodide; the proton handed over; what protons do not change."""
    nitrogen = np.zeros(3)
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    ammonium = np.vstack([nitrogen, 1.02 * corners])
    species = ["N", "H", "H", "H", "H", "I"]
    apart = np.vstack([ammonium, 3.5 * corners[0]])
    assert fragments(species, apart) == {"H4N": 1, "I": 1}
    over = apart.copy()
    over[1] = (3.5 - 1.65) * corners[0]
    assert fragments(species, over) == {"H3N": 1, "HI": 1}
    assert skeletons(species, apart) == skeletons(species, over) == {"I": 1, "N": 1}
    assert skeletons_of_parts([("N", "H", "H", "H", "H"), ("I",)]) == {"I": 1, "N": 1}
    # a bond that broke shows: C and O of methanol, 4 Å apart
    assert skeletons(["C", "O"], np.array([[0, 0, 0], [0, 0, 4.0]])) != skeletons_of_parts([("C", "O")])
