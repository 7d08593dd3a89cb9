"""Which directions of a cubic lattice axes prefer."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers

FAMILIES: Final = ("<100>", "<110>", "<111>")
LARGEST_SKEW: Final = 0.1
"""Deviation of cell axes from right angles, as cosine, up to which they count as those of a cubic lattice."""


def frame_of(cells: Floats, lattice: Integers) -> tuple[Floats, float]:
    """Return the right-handed or left-handed orthonormal axes nearest to lattice directions, and how skewed these are.

    Parameters
    ----------
    cells : float64 (n, 3, 3)
        Rows are lattice vectors, Å.
    lattice : int64 (3, 3)
        Rows are directions as combinations of lattice vectors.

    Returns
    -------
    axes : float64 (n, 3, 3)
        Rows are unit vectors: the orthogonal factor of the polar decomposition.
    skew : float
        Largest cosine between two of the directions.
    """
    rows = lattice @ cells
    rows = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    left, _, right = np.linalg.svd(rows)
    cosines = np.abs(rows @ rows.transpose(0, 2, 1) - np.eye(3))
    return left @ right, float(cosines.max())


def families(vectors: Floats) -> Integers:
    """Return the family of cubic directions each vector is nearest to: 0, 1, 2 for <100>, <110>, <111>."""
    a, b, c = -np.sort(-np.abs(np.moveaxis(vectors, -1, 0)), axis=0)
    projections = np.array([a, (a + b) / np.sqrt(2), (a + b + c) / np.sqrt(3)])
    nearest: Integers = projections.argmax(axis=0)
    return nearest


def _random_fractions() -> Floats:
    """Return the part of the sphere that is nearest to each family, from the triangle x >= y >= z >= 0."""
    two, three = np.sqrt(2), np.sqrt(3)
    corner, middle = (1, two - 1, 0), (1, two - 1, three - two)
    diagonal, face = (1, (three - 1) / 2, (three - 1) / 2), (1, 1, np.sqrt(6) - 2)
    polygons = (
        [(1, 0, 0), corner, middle, diagonal],
        [corner, (1, 1, 0), face, middle],
        [middle, face, (1, 1, 1), diagonal],
    )
    return 48 * np.array([_solid_angle(np.array(polygon, float)) for polygon in polygons]) / (4 * np.pi)


def _solid_angle(corners: Floats) -> float:
    """Return the solid angle of a convex polygon (Van Oosterom & Strackee 1983, doi 10.1109/TBME.1983.325207)."""
    unit = corners / np.linalg.norm(corners, axis=1, keepdims=True)
    total = 0.0
    for one, other in itertools.pairwise(unit[1:]):
        first = unit[0]
        volume = abs(float(first @ np.cross(one, other)))
        total += 2 * np.arctan2(volume, 1 + first @ one + one @ other + other @ first)
    return float(total)


RANDOM: Final = _random_fractions()
"""Part of random directions that is nearest to each family: 6, 12 and 8 of them share the sphere."""
