"""Cells: vectors from lengths and angles and back, points brought into the cell, points that lie close."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError

_MOST_NEIGHBORS: Final = 30
_LONGEST_EDGE: Final = 1e6
"""Å."""
_LEAST_VOLUME: Final = 1e-3
"""Å3."""
_CROWDED: Final = 8
"""Points on average in a box as wide as the distance asked for; more are not looked through."""


def cell_of(parameters: Floats) -> Floats:
    """Return lattice vectors as rows (3, 3), Å, a along x and b in the xy plane, of a, b, c (Å) and angles (degree).

    Of angles that close to no cell, the vectors are NaN.

    Examples
    --------
    >>> cell_of(np.array([2.0, 3.0, 4.0, 90.0, 90.0, 90.0])).round(9)
    array([[2., 0., 0.],
           [0., 3., 0.],
           [0., 0., 4.]])
    """
    a, b, c = parameters[:3]
    cosines = np.cos(np.radians(parameters[3:]))
    cosines[np.asarray(parameters[3:]) == 90] = 0.0
    x, y, z = cosines
    sine = math.sqrt(max(0.0, 1 - z * z))
    yz = (x - y * z) / sine if sine else math.nan
    height = 1 - y * y - yz * yz
    return np.array(
        [[a, 0, 0], [b * z, b * sine, 0], [c * y, c * yz, c * math.sqrt(height) if height > 0 else math.nan]]
    )


def has_volume(cell: Floats) -> bool:
    """Return whether three vectors (rows, Å), of any numbers that a file may hold, span a cell.

    Examples
    --------
    >>> has_volume(np.eye(3)), has_volume(np.ones((3, 3))), has_volume(1e200 * np.eye(3))
    (True, False, False)
    """
    sound = bool(np.isfinite(cell).all()) and bool((np.abs(cell) < _LONGEST_EDGE).all())
    return sound and abs(float(np.linalg.det(cell))) > _LEAST_VOLUME


def parameters_of(cell: Floats) -> Floats:
    """Return a, b, c (Å), alpha, beta, gamma (degree) of lattice vectors in rows (3, 3), Å."""
    lengths = np.linalg.norm(cell, axis=1)
    unit = cell / lengths[:, None]
    cosines = np.array([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]])
    return np.concatenate([lengths, np.degrees(np.arccos(np.clip(cosines, -1, 1)))])


def heights(cell: Floats) -> Floats:
    """Return the distances between opposite faces of a cell, (3,), Å."""
    distances: Floats = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    return distances


def wrap(fractional: Floats) -> Floats:
    """Return the same points within [0, 1)."""
    wrapped: Floats = fractional - np.floor(fractional)
    wrapped[wrapped >= 1.0] = 0.0  # what -1e-17 becomes
    return wrapped


def close_pairs(cell: Floats, fractional: Floats, limit: float) -> tuple[Integers, Floats]:
    """Return which points lie within a short distance, their nearest images counted.

    Parameters
    ----------
    cell : float64 (3, 3)
        Lattice vectors as rows, Å.
    fractional : float64 (n, 3)
        Within [0, 1).
    limit : float
        Å, below half the smallest height of the cell.

    Returns
    -------
    pairs : int64 (n_pairs, 2)
        First the lower number; each pair once, sorted.
    distances : float64 (n_pairs,)
        Å.

    Raises
    ------
    FormatError
        If so many points coincide that their pairs would fill the memory.
    """
    from scipy.spatial import cKDTree

    boxes = np.maximum(np.floor(heights(cell) / limit), 1).astype(np.int64)
    a, b, c = (np.minimum(fractional, 1 - 1e-9) * boxes).astype(np.int64).T
    counts = np.unique((a * boxes[1] + b) * boxes[2] + c, return_counts=True)[1]
    if float((counts.astype(np.float64) ** 2).sum()) > _CROWDED * len(fractional):
        raise FormatError(
            f"the atoms have more than {_CROWDED} others within about {limit} Å on average",
            fix="check the positions: too many are the same",
        )

    margin = limit / heights(cell)
    points, numbers = fractional, np.arange(len(fractional))
    for axis in range(3):
        low, high = points[:, axis] < margin[axis], points[:, axis] > 1 - margin[axis]
        step = np.eye(3)[axis]
        points = np.concatenate([points, points[low] + step, points[high] - step])
        numbers = np.concatenate([numbers, numbers[low], numbers[high]])
    places = points @ cell
    tree = cKDTree(places)
    if tree.count_neighbors(tree, limit) > _MOST_NEIGHBORS * len(places):
        raise FormatError(
            f"the atoms have more than {_MOST_NEIGHBORS} others within {limit} Å on average",
            fix="check the positions: too many are the same",
        )
    found = tree.query_pairs(limit, output_type="ndarray").astype(np.int64)
    found = found[(found < len(fractional)).any(axis=1)]
    lengths = np.linalg.norm(places[found[:, 0]] - places[found[:, 1]], axis=1)
    pairs = np.sort(numbers[found], axis=1)
    distinct = pairs[:, 0] != pairs[:, 1]
    pairs, lengths = pairs[distinct], lengths[distinct]
    order = np.lexsort((lengths, pairs[:, 1], pairs[:, 0]))
    pairs, first = np.unique(pairs[order], axis=0, return_index=True)
    return pairs, lengths[order][first]
