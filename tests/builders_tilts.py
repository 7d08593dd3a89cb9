"""Perovskites whose octahedra are turned in a known way."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]
Crystal = tuple[tuple[str, ...], Array, Array]


def turned(vector: ArrayLike) -> Array:
    """The rotation of a vector along its axis, as long as its angle (degrees)."""
    return np.asarray(Rotation.from_rotvec(np.asarray(vector, float), degrees=True).as_matrix())


def all_out_of_phase(vector: ArrayLike, bond: float = 3.0) -> Crystal:
    """2 x 2 x 2 rigid octahedra turned by R and its inverse by turns: a-b-c- without any strain inside them.

    Neighbors share a corner exactly where they are (R + R^T) e_k bond apart.
    """
    rotation = turned(vector)
    steps = bond * (rotation + rotation.T)  # columns
    species, places = [], []
    for cell in itertools.product((0, 1), repeat=3):
        center = steps @ np.array(cell, float)
        here = rotation if sum(cell) % 2 == 0 else rotation.T
        species += ["Pb", "I", "I", "I", "Cs"]
        places += [center, *(center + bond * here[:, k] for k in range(3)), center + steps @ [0.5, 0.5, 0.5]]
    return tuple(species), np.array(places), 2 * steps.T


def about_z(angle: float, *, in_phase: bool, bond: float = 3.0) -> Crystal:
    """2 x 2 x 2 rigid octahedra turned about z alone: a0a0c+ or a0a0c-."""
    a = 2 * bond * np.cos(np.radians(angle))
    species, places = [], []
    for x, y, z in itertools.product((0, 1), repeat=3):
        center = np.array([x * a, y * a, 2 * bond * z])
        sign = (-1) ** (x + y + (0 if in_phase else z))
        here = turned([0, 0, sign * angle])
        species += ["Pb", "I", "I", "I", "Cs"]
        places += [
            center,
            *(center + bond * here[:, k] for k in range(3)),
            center + np.array([a / 2, a / 2, bond]),
        ]
    return tuple(species), np.array(places), np.diag([2 * a, 2 * a, 4 * bond])
