"""Point group of a molecule and its symmetry number, from the operations that its atoms obey within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.errors import UsageError

TOLERANCE: Final = 0.1
"""Å an atom may be from where an operation puts its partner."""
TIGHT: Final = 0.02
"""Å; where the group differs at this tolerance it is said."""
LINEAR: Final = 0.05
"""Å an atom of a linear molecule may be off its axis."""
MOST_ATOMS: Final = 500
_SMALLEST: Final = 0.7
"""Tolerances that give no group are made smaller by this factor."""


@dataclass(frozen=True, slots=True)
class PointGroup:
    """Point group of a molecule.

    Attributes
    ----------
    symbol : str
        Schoenflies: "C2v", "D3d", "Td"; "C∞v", "D∞h" for linear molecules, "K" for an atom.
    symmetry_number : int
        Proper operations: how many times a turn brings the molecule onto itself.
    linear : bool
    tolerance : float
        Å within which the operations hold; smaller than asked for where that gave no group.
    deviation : float
        Largest distance of an atom from where an operation puts its partner, Å.
    """

    symbol: str
    symmetry_number: int
    linear: bool
    tolerance: float
    deviation: float


def point_group(kinds: Sequence[str], positions: Floats, *, tolerance: float = TOLERANCE) -> PointGroup:
    """Return the point group that a molecule has within a tolerance.

    An operation is an orthogonal matrix about the centroid that is fitted to a permutation of like atoms [1]_ and
    brings every atom within the tolerance of its partner. Operations that do not close to a group are sought again
    with a smaller tolerance.

    Parameters
    ----------
    kinds : sequence of str (N)
        What tells atoms apart: elements, or elements and masses.
    positions : float64 (N, 3)
        Cartesian, Å.
    tolerance : float
        Å.

    Returns
    -------
    PointGroup

    Raises
    ------
    UsageError
        If the tolerance is not positive or there are more than 500 atoms.

    References
    ----------
    .. [1] Kabsch 1976, doi 10.1107/S0567739476001873.

    Examples
    --------
    >>> water = np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.48], [0.0, -0.76, -0.48]])
    >>> found = point_group(["O", "H", "H"], water)
    >>> found.symbol, found.symmetry_number
    ('C2v', 2)
    """
    if not 0 < tolerance < 1:
        raise UsageError(f"a tolerance of {tolerance:g} Å", fix="give Å above 0 and below 1")
    if len(kinds) > MOST_ATOMS:
        raise UsageError(
            f"the point group of {len(kinds)} atoms is not sought", fix="give the symmetry number by hand"
        )
    centered = positions - positions.mean(axis=0)
    labels = np.unique(np.asarray(kinds, dtype=str), return_inverse=True)[1]
    if len(kinds) == 1:
        return PointGroup("K", 1, False, tolerance, 0.0)
    if is_linear(positions):
        return _linear(labels, centered, tolerance)
    within = tolerance
    while True:
        operations = _operations(labels, centered, within)
        if _closed(operations):
            break
        within *= _SMALLEST
    matrices = np.array([matrix for matrix, _, _ in operations])
    symbol, number = _classified(matrices)
    return PointGroup(symbol, number, False, within, max(far for _, _, far in operations))


def is_linear(positions: Floats) -> bool:
    """Return whether all atoms of a molecule lie on one line, within .05 Å."""
    return len(positions) > 1 and off_axis(positions) < LINEAR


def off_axis(positions: Floats) -> float:
    """Return how far the farthest atom of a molecule is from the best line through all, Å.

    Examples
    --------
    >>> off_axis(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.5]]))
    0.0
    """
    centered = positions - positions.mean(axis=0)
    axis = np.linalg.svd(centered, full_matrices=False)[2][0]
    off = centered - np.outer(centered @ axis, axis)
    return float(np.linalg.norm(off, axis=1).max())


def symmetry_number_of(symbol: str) -> int:
    """Return the symmetry number of a Schoenflies symbol.

    Examples
    --------
    >>> [symmetry_number_of(name) for name in ("C2v", "D6h", "S4", "Td", "Oh", "D∞h", "Cs")]
    [2, 12, 2, 12, 24, 2, 1]
    """
    fixed = {"T": 12, "O": 24, "I": 60, "K": 1}
    if symbol[0] in fixed:
        return fixed[symbol[0]]
    if "∞" in symbol:
        return 2 if symbol[0] == "D" else 1
    digits = "".join(character for character in symbol if character.isdigit())
    order = int(digits) if digits else 1
    return {"C": order, "D": 2 * order, "S": order // 2}[symbol[0]]


def _linear(labels: Integers, centered: Floats, tolerance: float) -> PointGroup:
    """Return C∞v or D∞h."""
    distances = np.linalg.norm(centered[:, None] + centered[None], axis=2)
    distances[labels[:, None] != labels[None]] = np.inf
    far = float(distances.min(axis=1).max())
    if far <= tolerance:
        return PointGroup("D∞h", 2, True, tolerance, far)
    return PointGroup("C∞v", 1, True, tolerance, 0.0)


def _operations(
    labels: Integers, centered: Floats, tolerance: float
) -> list[tuple[Floats, tuple[int, ...], float]]:
    """Return matrix, permutation and largest deviation of every operation."""
    first, second, candidates = _candidates(labels, centered, tolerance)
    frame = _frame(centered[first], centered[second])
    unlike = labels[:, None] != labels[None]
    found: dict[tuple[tuple[int, ...], int], tuple[Floats, float]] = {}
    for (one, other), hand in product(candidates, (1, -1)):
        image = _frame(centered[one], centered[other])
        image[2] *= hand
        matched = _fitted(image.T @ frame, hand, centered, unlike, tolerance)
        if matched is not None:
            permutation, matrix, far = matched
            found.setdefault((permutation, hand), (matrix, far))
    return [(matrix, permutation, far) for (permutation, _), (matrix, far) in found.items()]


def _candidates(
    labels: Integers, centered: Floats, tolerance: float
) -> tuple[int, int, list[tuple[int, int]]]:
    """Return two atoms that fix an operation, and the pairs that they may go to."""
    radii = np.linalg.norm(centered, axis=1)
    like = (labels[:, None] == labels[None]) & (np.abs(radii[:, None] - radii[None]) < 2 * tolerance)
    sizes = like.sum(axis=1)
    # far atoms of small classes: few images, and a small error of a turn; they are not on one line with the centroid
    eligible = [int(k) for k in np.lexsort((-radii, sizes)) if radii[k] > 0.4 * radii.max()]
    first = eligible[0]
    direction = centered[first] / radii[first]
    height = np.linalg.norm(centered - np.outer(centered @ direction, direction), axis=1)
    second = min(
        (int(k) for k in np.flatnonzero(height > 0.5 * height.max())), key=lambda k: (sizes[k], -height[k])
    )
    apart = np.linalg.norm(centered[:, None] - centered[None], axis=2)
    pairs = [
        (int(one), int(other))
        for one in np.flatnonzero(like[first])
        for other in np.flatnonzero(like[second])
        if one != other and abs(apart[one, other] - apart[first, second]) < 3 * tolerance
    ]
    return first, second, pairs


def _frame(one: Floats, other: Floats) -> Floats:
    """Return a right-handed frame as rows: along the first vector, toward the second, normal to both."""
    x = one / np.linalg.norm(one)
    y = other - (other @ x) * x
    length = np.linalg.norm(y)
    y = y / length if length > 1e-9 else np.linalg.svd(x[None])[2][1]
    return np.array([x, y, np.cross(x, y)])


def _fitted(
    matrix: Floats, hand: int, centered: Floats, unlike: np.ndarray, tolerance: float
) -> tuple[tuple[int, ...], Floats, float] | None:
    """Return permutation, best matrix and largest deviation, or None where it is no operation."""
    for _ in range(2):
        distances = np.linalg.norm((centered @ matrix.T)[:, None] - centered[None], axis=2)
        distances[unlike] = np.inf
        partner = distances.argmin(axis=1)
        if len(set(partner.tolist())) < len(partner):
            return None
        if distances[np.arange(len(partner)), partner].max() > 6 * tolerance:
            return None
        left, _, right = np.linalg.svd(centered[partner].T @ centered)
        sign = np.sign(np.linalg.det(left @ right)) * hand
        matrix = left @ np.diag([1.0, 1.0, sign]) @ right
    far = float(np.linalg.norm(centered @ matrix.T - centered[partner], axis=1).max())
    return (tuple(partner.tolist()), matrix, far) if far <= tolerance else None


def _closed(operations: list[tuple[Floats, tuple[int, ...], float]]) -> bool:
    """Return whether every product of two operations is there too."""
    keys = {(permutation, round(float(np.linalg.det(matrix)))) for matrix, permutation, _ in operations}
    for (one, hand), (other, its_hand) in product(keys, repeat=2):
        if (tuple(one[k] for k in other), hand * its_hand) not in keys:
            return False
    return bool(keys)


def _classified(matrices: Floats) -> tuple[str, int]:
    """Return Schoenflies symbol and symmetry number from the kinds of operations alone."""
    hands = np.sign(np.linalg.det(matrices))
    traces = np.trace(matrices, axis1=1, axis2=2)
    proper = traces[hands > 0]
    angles = np.arccos(np.clip((proper - 1) / 2, -1, 1))
    # the largest order of an axis is the number of its turns: the smallest angle is 2 pi/n
    turns = angles[angles > 0.01]
    highest = round(2 * math.pi / float(turns.min())) if len(turns) else 1
    number = len(proper)
    # an improper operation is a mirror and a turn about its normal, by no less than pi/n if at all
    with_mirror = np.arccos(np.clip((traces[hands < 0] + 1) / 2, -1, 1))
    mirrors = int((with_mirror < math.pi / (2 * highest)).sum())
    inversion = bool((with_mirror > math.pi - math.pi / (2 * highest)).any())
    if not (hands < 0).any():
        kind = {(12, 3): "T", (24, 4): "O", (60, 5): "I"}.get((number, highest))
        return kind or (f"C{highest}" if number == highest else f"D{highest}"), number
    if (number, highest) in ((12, 3), (24, 4), (60, 5)):
        return {12: "Th" if inversion else "Td", 24: "Oh", 60: "Ih"}[number], number
    if number == 1:
        return "Ci" if inversion else "Cs", 1
    if number == highest:
        if mirrors == 0:
            return f"S{2 * highest}", number
        return f"C{highest}{'h' if mirrors == 1 else 'v'}", number
    return f"D{highest}{'h' if mirrors == highest + 1 else 'd'}", number
