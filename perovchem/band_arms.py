"""Arms: the straight pieces of a path that leave a k-point, and the branches of bands that run along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import Bands, Segment
from perovchem.reciprocal import KPointSymmetry

MOST_POINTS: Final = 80
"""Points of an arm that are followed."""
NEIGHBORS: Final = 8
"""Bands on either side of those followed that may cross them."""
AVOIDED: Final = 0.85
"""Of the gap at the edge, to which another branch must come near to be one that is avoided."""
_SAME_DIRECTION: Final = 1e-3
_SAME_POINT: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """Points along a straight line that begins at a k-point.

    Attributes
    ----------
    rows : int64 (n,)
        From the edge outward, each k-point once.
    k : float64 (n,)
        Distance from the first, 1/Å.
    direction : float64 (3,)
        Cartesian unit vector.
    label : str
        "R-Γ"; coordinates where a name is missing.
    """

    rows: Integers
    k: Floats
    direction: Floats
    label: str

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.rows)


def find_arms(bands: Bands, rows: tuple[int, ...]) -> list[Arm]:
    """Return all arms of a path that leave any of some rows, both ways along each segment that holds one.

    A segment that goes on in the same direction behind its end (split runs) is followed. An arm that the path runs
    twice over the same points is returned once.
    """
    points = bands.cartesian
    found: list[Arm] = []
    for number, segment in enumerate(bands.segments):
        for row in sorted(set(rows) & set(range(segment.start, segment.stop))):
            for way in (1, -1):
                arm = _arm(bands, points, number, segment, row, way)
                if arm is not None and not any(_same(arm, other, bands) for other in found):
                    found.append(arm)
    return found


def _arm(bands: Bands, points: Floats, number: int, segment: Segment, row: int, way: int) -> Arm | None:
    rows = np.arange(row, segment.stop) if way > 0 else np.arange(row, segment.start - 1, -1)
    if len(rows) < 2:
        return None
    far = segment.stop_label if way > 0 else segment.start_label
    line = points[rows[-1]] - points[row]
    length = float(np.linalg.norm(line))
    if length < _SAME_POINT:
        return None
    direction = line / length
    following = bands.segments[number + way] if 0 <= number + way < len(bands.segments) else None
    if following is not None:
        more = np.arange(following.start, following.stop)[::way]
        joined = np.linalg.norm(points[more[0]] - points[rows[-1]]) < _SAME_POINT
        step = points[more[-1]] - points[more[0]]
        if (
            joined
            and np.linalg.norm(step) > 0
            and step @ direction > (1 - _SAME_DIRECTION**2) * np.linalg.norm(step)
        ):
            rows = np.concatenate([rows, more])
    k = (points[rows] - points[row]) @ direction
    once = np.concatenate([[True], np.diff(np.maximum.accumulate(k)) > _SAME_POINT])
    rows, k = rows[once][:MOST_POINTS], k[once][:MOST_POINTS]
    near = bands.labels.get(row) or next(
        (
            bands.labels[int(r)]
            for r in np.flatnonzero(np.linalg.norm(points - points[row], axis=1) < _SAME_POINT)
            if r in bands.labels
        ),
        "",
    )
    return Arm(rows, k, direction, f"{near or _place(bands, row)}-{far or _place(bands, int(rows[-1]))}")


def _place(bands: Bands, row: int) -> str:
    return "(" + " ".join(f"{x:.3g}" for x in bands.kpoints[row] + 0.0) + ")"


def _same(one: Arm, other: Arm, bands: Bands) -> bool:
    """Return whether two arms run over the same points (modulo G) with the same energies."""
    if np.linalg.norm(one.direction - other.direction) > _SAME_DIRECTION:
        return False
    n = min(len(one), len(other))
    gap = bands.kpoints[one.rows[:n]] - bands.kpoints[other.rows[:n]]
    steps = np.abs(gap - np.round(gap)).max() < 1e-5
    return bool(
        steps
        and np.abs(bands.energies[:, one.rows[:n]] - bands.energies[:, other.rows[:n]]).max()
        <= 2 * bands.energy_step + 1e-12
    )


def direction_classes(arms: list[Arm], bands: Bands, symmetry: KPointSymmetry) -> list[int]:
    """Return a number for each arm, equal where an operation takes one arm to the other."""
    numbers: list[int] = []
    for n, arm in enumerate(arms):
        start = bands.kpoints[arm.rows[0]]
        equal = [
            numbers[m]
            for m, other in enumerate(arms[:n])
            if (
                (
                    np.linalg.norm(
                        _maps(symmetry, bands.kpoints[other.rows[0]], start) @ other.direction
                        - arm.direction,
                        axis=1,
                    )
                )
                < _SAME_DIRECTION
            ).any()
        ]
        numbers.append(equal[0] if equal else max(numbers, default=-1) + 1)
    return numbers


def _maps(symmetry: KPointSymmetry, start: Floats, target: Floats) -> Floats:
    """Return the Cartesian rotations of all operations that take one k-point to another, modulo G."""
    gaps = symmetry.operations @ start - target
    mine: Floats = symmetry.rotations[(np.abs(gaps - np.round(gaps)) < 1e-4).all(axis=1)]
    return mine


def is_even(direction: Floats, little_group: Floats) -> bool:
    """Return whether symmetry makes E(k + q) = E(k - q) along a direction."""
    return bool((np.linalg.norm(little_group @ direction + direction, axis=1) < _SAME_DIRECTION).any())


def is_level(direction: Floats, little_group: Floats) -> bool:
    """Return whether symmetry forbids a slope along a direction: no invariant vector has a part along it."""
    return bool(abs(direction @ little_group.mean(axis=0) @ direction) < _SAME_DIRECTION)


def follow(energies: Floats, k: Floats, chosen: tuple[int, ...], *, even: bool) -> Integers:
    """Follow bands outward by continuity, through crossings.

    Each point's energies are assigned to the branches so that the squares of their distances from what the last
    points promise (a parabola in k; in k² at the first) are least in sum.

    Parameters
    ----------
    energies : float64 (n, n_bands)
        Ascending, from the edge outward.
    k : float64 (n,)
    chosen : tuple of int
        Bands at the edge, from 0.
    even : bool
        Whether the branches have no slope at the edge.

    Returns
    -------
    int64 (len(chosen), n)
        Band number of each branch at each point, from 0.
    """
    return follow_all(energies, k, chosen, even=even)[0]


def follow_all(
    energies: Floats, k: Floats, chosen: tuple[int, ...], *, even: bool
) -> tuple[Integers, Floats]:
    """Return what :func:`follow` does, and the energies (n, T) of the branches beside those chosen."""
    low, bands, tracks = _all_branches(energies, k, chosen, even=even)
    rows = np.array(chosen) - low
    found: Integers = (bands[:, rows] + low).T
    beside: Floats = np.delete(tracks, rows, axis=1)
    return found, beside


@dataclass(frozen=True, slots=True)
class Meetings:
    """Where a branch meets others.

    Attributes
    ----------
    clear : float
        1/Å: up to here, no other branch comes near and turns away again, as in an avoided crossing.
    crossings : tuple of (float, float)
        Distance, 1/Å, of each branch that is crossed, and by how much, relative, the curvature at the edge would be
        another if the two did avoid each other between the points: with a coupling V, which is at most half of the
        least gap that is seen, and a separation D at the edge, by V²/D².
    """

    clear: float = np.inf
    crossings: tuple[tuple[float, float], ...] = ()

    def share(self, distance: float) -> float:
        """Return the relative error of the curvature from points up to a distance."""
        return max((share for place, share in self.crossings if place <= distance + 1e-9), default=0.0)


def meetings(branch: Floats, others: Floats, k: Floats) -> Meetings:
    """Return where a branch (n,) meets others (n, T), from the edge outward."""
    clear = np.inf
    crossings = []
    for other in others.T:
        apart = (other - branch) * np.sign(other[0] - branch[0])
        if apart[0] == 0:
            continue
        beyond = np.flatnonzero(apart < 0)
        if len(beyond):
            first = int(beyond[0])
            least = float(np.abs(apart[first - 1 : first + 1]).min())
            crossings.append((float(k[first]), (least / (2 * apart[0])) ** 2))
            continue
        nearest = int(apart.argmin())
        if 0 < nearest < len(k) - 1 and apart[nearest] < AVOIDED * apart[0]:
            clear = min(clear, float(k[nearest]))
    return Meetings(clear, tuple(crossings))


def _all_branches(
    energies: Floats, k: Floats, chosen: tuple[int, ...], *, even: bool
) -> tuple[int, Integers, Floats]:
    """Return the lowest band that is followed, the bands (n, T) of all branches from there, and their energies."""
    low = max(0, chosen[0] - NEIGHBORS)
    high = min(energies.shape[1], chosen[-1] + 1 + NEIGHBORS)
    part = energies[:, low:high]
    bands = np.tile(np.arange(high - low), (len(k), 1))
    tracks = part.copy()
    if even and len(k) > 2:  # a parabola, or straight lines where bands cross: whichever the point bears out
        ways = [_lagrange(tracks, x, np.arange(2), 2) for x in (k**2, k)]
        costs = [_order(way, part[2])[1] for way in ways]
        _assign(bands, tracks, part, 2, ways[int(np.argmin(costs))])
    for point in range(3 if even else 2, len(k)):
        _assign(bands, tracks, part, point, _lagrange(tracks, k, np.arange(max(0, point - 3), point), point))
    for _ in range(2):  # where two bands meet, the points behind tell more than those before
        for point in range(2, len(k) - 2):
            _assign(bands, tracks, part, point, _between(tracks, k, point))
    return low, bands, tracks


def _assign(bands: Integers, tracks: Floats, part: Floats, point: int, promise: Floats) -> None:
    """Give each branch one of the energies at a point, so that the squared distances from the promises are least."""
    order = _order(promise, part[point])[0]
    bands[point] = order
    tracks[point] = part[point, order]


def _order(promise: Floats, energies: Floats) -> tuple[Integers, float]:
    """Return which energy goes to which branch, and the sum of squares that is left."""
    from scipy.optimize import linear_sum_assignment

    cost = (promise[:, None] - energies[None]) ** 2
    rows, order = linear_sum_assignment(cost)
    return order, float(cost[rows, order].sum())


def _between(tracks: Floats, k: Floats, point: int) -> Floats:
    """Return what up to three points on either side of one say of its energies."""
    used = [n for n in range(max(0, point - 3), min(len(k), point + 4)) if n != point]
    return _lagrange(tracks, k, np.array(used), point)


def _lagrange(tracks: Floats, x: Floats, used: Integers, point: int) -> Floats:
    """Return the value at one point of the polynomials through others."""
    gaps = x[used][:, None] - x[used][None]
    np.fill_diagonal(gaps, 1.0)
    ratios = np.where(np.eye(len(used), dtype=bool), 1.0, (x[point] - x[used])[None] / gaps)
    promise: Floats = ratios.prod(axis=1) @ tracks[used]
    return promise
