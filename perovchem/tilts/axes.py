"""The pseudo-cubic axes of a perovskite, from the links between its octahedra, and who neighbors whom along them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.coordination import Coordination
from perovchem.errors import UsageError
from perovchem.lattice import short_edges

_SAMPLED: Final = 20
"""Frames whose links are looked at."""
_STRAIGHT: Final = -0.64
"""Cosine at the shared ligand: links bent below 130° are none of a corner-sharing perovskite."""
_NEAR: Final = np.cos(np.radians(30.0))
_MOST: Final = 8
"""Directions that are looked for."""
_MAJORITY: Final = 0.5
"""Part of the links that must follow the three axes."""
_SHARE: Final = 0.05
"""Part of the links that makes a direction."""
_SKEW: Final = np.sin(np.radians(15.0))
_WHOLE: Final = 0.08
_OFF: Final = 0.35
"""Part of the spacing by which a neighbor may stand off its place."""


@dataclass(frozen=True, slots=True)
class PseudoCubic:
    """Axes of the parent cubic perovskite.

    Attributes
    ----------
    steps : float64 (3, 3)
        Rows lead from one center to the next along each axis, in fractions of the cell vectors.
    spacings : float64 (3,)
        Their lengths in the first frame, Å.
    found : (3,) of bool
        Whether links lie along it; what is not found stands at right angles to the others (layers).
    """

    steps: Floats
    spacings: Floats
    found: tuple[bool, bool, bool]

    def axes(self, cells: Floats) -> Floats:
        """Return the orthonormal axes nearest to the steps, rows, (n, 3, 3).

        Not to their directions: rigid octahedra turned by R and its inverse are R + R^T apart, whose nearest
        rotation is none.
        """
        left, _, right = np.linalg.svd(self.steps @ cells)
        return np.ascontiguousarray(left @ right)

    @property
    def directions(self) -> tuple[tuple[int, int, int], ...] | None:
        """The axes as small whole numbers of cell vectors, as ``orientation`` takes them; None where there are none."""
        found = []
        for row in self.steps:
            scaled = [row / np.abs(row).max() * n for n in range(1, 5)]
            near = [one for one in scaled if np.abs(one - np.rint(one)).max() < _WHOLE]
            if not near:
                return None
            x, y, z = (int(value) for value in np.rint(near[0]))
            found.append((x, y, z))
        return tuple(found)


def pseudo_cubic(shells: Coordination) -> PseudoCubic:
    """Return the axes along which octahedra share corners.

    The mean way from center to center over the links of one direction is the lattice vector over their number, so
    it does not depend on tilts. z is the axis nearest to the cell's c, x of the others the one nearest to a, and the
    three are right-handed.

    Raises
    ------
    UsageError
        If the links point along fewer than two directions at right angles.
    """
    links = _links(shells)
    cell = shells.frames.kernel_cells[0]
    means = _directions(links)
    unit = [mean / np.linalg.norm(mean) for mean in means]
    if len(means) < 2:
        raise UsageError(
            f"{'/'.join(shells.center)} and {'/'.join(shells.ligands)} make no network of corner-sharing octahedra "
            f"along axes at right angles: {len(links)} straight links along them",
            fix="give a perovskite, or other --center and --ligand; for single octahedra see coordination",
        )
    flat = len(means) == 2
    if flat:
        normal = np.cross(unit[0], unit[1])
        means.append(normal / np.linalg.norm(normal) * np.linalg.norm(means, axis=1).mean())
    order, signs = _named([mean / np.linalg.norm(mean) for mean in means], cell)
    ways = np.array([sign * means[k] for k, sign in zip(order, signs, strict=True)])
    found = tuple(not flat or k < 2 for k in order)
    return PseudoCubic(
        ways @ np.linalg.inv(cell), np.linalg.norm(ways, axis=1), (found[0], found[1], found[2])
    )


def _links(shells: Coordination) -> Floats:
    """Return the ways between centers that share a ligand in a nearly straight line, (n, 3), in the first cell."""
    frames, bonds = shells.frames, shells.bonds
    cells = frames.kernel_cells
    found = [np.empty((0, 3))]
    for t in np.unique(np.linspace(0, len(frames) - 1, _SAMPLED).astype(np.int64)).tolist():
        begin, end = bonds.offsets[t * bonds.n_centers], bonds.offsets[(t + 1) * bonds.n_centers]
        order = begin + np.argsort(bonds.ligand[begin:end], kind="stable")
        ligand, vector = bonds.ligand[order], bonds.vector[order]
        back = np.linalg.inv(cells[min(t, len(cells) - 1)]) @ cells[0]
        for apart in range(1, 4):
            one, other = vector[:-apart], vector[apart:]
            lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
            straight = np.einsum("ij,ij->i", one, other) < _STRAIGHT * lengths
            shared = ligand[:-apart] == ligand[apart:]
            found.append((one - other)[straight & shared] @ back)
    return np.concatenate(found)


def _directions(links: Floats) -> list[Floats]:
    """Return the mean ways along up to three directions at right angles that most links follow.

    Behind a grain boundary links follow others; those are left out.
    """
    found: list[tuple[int, Floats]] = []
    left = links
    while len(left) and len(left) >= _SHARE * len(links) and len(found) < _MOST:
        mean = _cluster(left)
        beside = np.abs(left @ mean) < _NEAR * np.linalg.norm(left, axis=1) * np.linalg.norm(mean)
        found.append((len(left) - int(beside.sum()), mean))
        left = left[beside]
        if found[-1][0] == 0:
            break
    best: tuple[int, list[Floats]] = (0, [])
    for size in (2, 3):
        for some in itertools.combinations(found, size):
            unit = [mean / np.linalg.norm(mean) for _, mean in some]
            right = all(abs(float(a @ b)) < _SKEW for a, b in itertools.combinations(unit, 2))
            number = sum(n for n, _ in some)
            if right and number > best[0]:
                best = number, [mean for _, mean in some]
    return best[1] if best[0] >= _MAJORITY * len(links) else []


def _cluster(links: Floats) -> Floats:
    """Return the mean way of the links around the direction of the first one, which moves to their middle."""
    mean = links[0]
    for _ in range(50):
        cosines = links @ mean / (np.linalg.norm(links, axis=1) * np.linalg.norm(mean))
        near = np.abs(cosines) > _NEAR
        new = (np.sign(cosines[near])[:, None] * links[near]).mean(axis=0)
        if np.abs(new - mean).max() < 1e-12:
            break
        mean = new
    middle: Floats = mean
    return middle


def _named(unit: list[Floats], cell: Floats) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return which direction is x, y, z, and the signs that make them right-handed."""
    edges = cell / np.linalg.norm(cell, axis=1, keepdims=True)
    cosines = np.array(unit) @ edges.T
    # rounding decides nothing: what is equal to a part in a million goes by the next edge
    rounded = np.round(cosines, 6)
    z = max(range(3), key=lambda k: abs(rounded[k, 2]))
    x, y = (k for k in range(3) if k != z)
    if abs(rounded[y, 0]) > abs(rounded[x, 0]) or (
        abs(rounded[y, 0]) == abs(rounded[x, 0])
        and rounded[y, 0] * rounded[y, 1] > rounded[x, 0] * rounded[x, 1]
    ):
        x, y = y, x
    sign_z = 1 if rounded[z, 2] >= 0 else -1
    sign_x = 1 if rounded[x, 0] >= 0 else -1
    across = np.cross(sign_z * unit[z], sign_x * unit[x])
    sign_y = 1 if float(across @ unit[y]) > 0 else -1
    return (x, y, z), (sign_x, sign_y, sign_z)


def neighbors_along(fractional: Floats, cell: Floats, pseudo: PseudoCubic) -> Integers:
    """Return the next center along each axis in one frame, (3, n_centers); -1 where there is none.

    Parameters
    ----------
    fractional : float64 (n_centers, 3)
    cell : float64 (3, 3)
    pseudo : PseudoCubic
    """
    matrix = short_edges(cell)
    inverse = np.linalg.inv(matrix)
    places, short, steps = fractional @ inverse, matrix @ cell, pseudo.steps @ inverse
    found = np.full((3, len(places)), -1, np.int64)
    for k in range(3):
        if not pseudo.found[k]:
            continue
        for i, place in enumerate(places):
            way = places - place - steps[k]
            away = np.linalg.norm((way - np.rint(way)) @ short, axis=1)
            j = int(away.argmin())
            if away[j] < _OFF * pseudo.spacings[k]:
                found[k, i] = j
    return found
