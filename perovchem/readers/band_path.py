"""The straight pieces of a path through reciprocal space, found from the points themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem.arrays import Floats
from perovchem.bands import Segment

SAME_POINT: Final = 1e-6
"""1/Å; points this close are one."""
STRAIGHT: Final = 2e-3
"""Sine of the largest angle between steps of one segment; rounded coordinates get what they need."""
JUMP: Final = 4.0
"""A step this much longer than both its neighbors, and not along both, joins no points."""
COVERED: Final = 0.8
"""Share of the points that segments must hold for a list of points to be a path."""
FEWEST: Final = 3
"""Points that make a segment where no line mode says that two do."""


def find_segments(
    points: Floats,
    *,
    labels: Mapping[int, str] | None = None,
    breaks: Collection[int] = (),
    rounding: float = 0.0,
) -> tuple[Segment, ...]:
    """Return the straight pieces of a path.

    A piece ends where the path turns (also by 180°), where a point stands twice, where it jumps, and at points
    with a name. Neighbors share the point where they meet, or own one copy each where it stands twice. Points of
    a mesh or a stencil give none.

    Parameters
    ----------
    points : float64 (K, 3)
        Cartesian, 1/Å.
    labels : mapping of int to str, optional
        Names of points, by row.
    breaks : collection of int
        Rows that begin a segment of line mode.
    rounding : float
        Of the coordinates, 1/Å.

    Returns
    -------
    tuple of Segment

    Examples
    --------
    >>> path = np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [0.2, 0.1, 0], [0.2, 0.2, 0]])
    >>> [(part.start, part.stop) for part in find_segments(path)]
    [(0, 3), (2, 5)]
    """
    names = dict(labels or {})
    if len(points) < 2:
        return ()
    pieces = _pieces(points, names, set(breaks), rounding)
    covered = {row for first, last in pieces for row in range(first, last + 1)}
    if len(covered) < COVERED * len(points):
        return ()
    named = _spread(points, names, pieces)
    return tuple(
        Segment(first, last + 1, named.get(first, ""), named.get(last, "")) for first, last in pieces
    )


def _pieces(
    points: Floats, names: Mapping[int, str], breaks: set[int], rounding: float
) -> list[tuple[int, int]]:
    """Return first and last row of each straight piece."""
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    closed = (lengths <= max(SAME_POINT, 2 * rounding)).tolist()
    closed = [closed[k] or k + 1 in breaks for k in range(len(steps))]
    pieces: list[tuple[int, int]] = []
    k = 0
    while k < len(steps):
        if closed[k]:
            k += 1
            continue
        end = k
        while end + 1 < len(steps) and not closed[end + 1]:
            end += 1
        pieces += _straight(steps, lengths, k, end, names, rounding, bool(breaks))
        k = end + 1
    return pieces


def _straight(
    steps: Floats,
    lengths: Floats,
    begin: int,
    end: int,
    names: Mapping[int, str],
    rounding: float,
    by_lines: bool,
) -> list[tuple[int, int]]:
    """Return the straight pieces of the steps ``begin`` to ``end``, between which no point stands twice."""
    runs: list[tuple[int, int]] = []
    first = begin
    for k in (
        *(begin + np.flatnonzero(~_along(steps[begin : end + 1], lengths[begin : end + 1], rounding))),
        end,
    ):
        runs.append((first, int(k)))
        first = int(k) + 1
    if by_lines and len(runs) == 1:
        return _at_names([(begin, end + 1)], names)
    out = []
    for a, b in runs:
        low, high = a, b
        if high - low >= 2 and lengths[low] > JUMP * lengths[low + 1]:
            low += 1
        if high - low >= 2 and lengths[high] > JUMP * lengths[high - 1]:
            high -= 1
        if high - low + 2 >= FEWEST:
            out.append((low, high + 1))
    return _at_names(out, names)


def _along(steps: Floats, lengths: Floats, rounding: float) -> NDArray[np.bool_]:
    """Return whether each step but the last goes on in the direction of the one before, (n - 1,)."""
    ways = steps / lengths[:, None]
    here, there = ways[:-1], ways[1:]
    allowed = STRAIGHT + 2 * rounding * (1 / lengths[:-1] + 1 / lengths[1:])
    turned = np.linalg.norm(np.cross(here, there), axis=1)
    onward: NDArray[np.bool_] = ((here * there).sum(axis=1) > 0) & (turned <= np.minimum(allowed, 0.2))
    return onward


def _at_names(pieces: list[tuple[int, int]], names: Mapping[int, str]) -> list[tuple[int, int]]:
    """Cut pieces at points that have a name."""
    out: list[tuple[int, int]] = []
    for first, last in pieces:
        cuts = [first, *(row for row in range(first + 1, last) if names.get(row)), last]
        out += pairwise(cuts)
    return out


def _spread(points: Floats, names: dict[int, str], pieces: list[tuple[int, int]]) -> dict[int, str]:
    """Give ends of segments without a name that of a point at the same place."""
    known = [row for row in names if names[row]]
    out = dict(names)
    for row in {row for piece in pieces for row in piece}:
        if out.get(row):
            continue
        for other in known:
            if np.abs(points[row] - points[other]).max() <= 1e-4:
                out[row] = names[other]
                break
    return out


def is_grid(fractional: Floats) -> bool:
    """Return whether the points are all those of a grid in two or three dimensions, as meshes and stencils are.

    Parameters
    ----------
    fractional : float64 (K, 3)

    Examples
    --------
    >>> square = np.array([[x, y, 0.0] for x in (0, 0.1, 0.2) for y in (0, 0.1, 0.2)])
    >>> is_grid(square), is_grid(square[:4])
    (True, False)
    """
    values = [np.unique(np.round(fractional[:, axis], 5)) for axis in range(3)]
    counts = [len(value) for value in values]
    distinct = len(np.unique(np.round(fractional, 5), axis=0))
    return sum(count > 1 for count in counts) > 1 and distinct == counts[0] * counts[1] * counts[2]
