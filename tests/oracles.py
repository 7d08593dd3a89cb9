"""Slow, obvious twins of the kernels: every image tried, every pair compared, every hull by Qhull."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from perovchem.pairs import Bonds

Array = NDArray[np.float64]
Image = tuple[int, int, int]
Bond = tuple[int, int, Image]
Link = tuple[int, int, Image]


def table(bonds: Bonds, frame: int = 0) -> dict[Bond, Array]:
    """What a search found in one frame: (center, ligand, image) to vector."""
    here = bonds.frame == frame
    rows = zip(bonds.center[here], bonds.ligand[here], bonds.image[here], bonds.vector[here], strict=True)
    found = [((int(i), int(j), tuple(map(int, n))), v) for i, j, n, v in rows]
    assert len(dict(found)) == len(found)  # no bond twice
    return dict(found)


def brute_bonds(
    fractional: Array, cell: Array, centers: list[int], ligands: list[int], cutoff: Array
) -> dict[Bond, Array]:
    """All (center, ligand, image) below the cutoff, ``cutoff[i, j]`` Å, by trying every image that could matter."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    spread = np.ptp(fractional, axis=0)
    reach = [range(-k, k + 1) for k in np.ceil(cutoff.max() / heights + spread).astype(int) + 1]
    found = {}
    for a, i in enumerate(centers):
        for b, j in enumerate(ligands):
            images = np.array([n for n in itertools.product(*reach) if i != j or n != (0, 0, 0)])
            vectors = (fractional[j] - fractional[i] + images) @ cell
            for k in np.flatnonzero(np.linalg.norm(vectors, axis=1) < cutoff[a, b]):
                found[(a, b, tuple(map(int, images[k])))] = vectors[k]
    return found


def brute_links(bonds: Iterable[Bond]) -> Counter[Link]:
    """Shared ligand atoms of every pair of centers and images, both directions, by comparing sets of atoms."""
    shell: dict[int, set[tuple[int, Image]]] = {}
    for i, j, n in bonds:
        shell.setdefault(i, set()).add((j, n))
    found: Counter[Link] = Counter()
    for i, mine in shell.items():
        for j, other in shell.items():
            shifts = {_minus(n, m) for (a, n), (b, m) in itertools.product(mine, other) if a == b}
            for shift in shifts:  # center j stands in this cell: so do its ligands
                if i == j and shift == (0, 0, 0):
                    continue
                moved = {(b, _plus(m, shift)) for b, m in other}
                found[(i, j, shift)] = len(mine & moved)
    return found


def brute_clusters(links: Counter[Link], n_centers: int, reach: int = 5) -> tuple[list[int], list[int]]:
    """Lowest center and dimension of every center's cluster, by walking through an explicit supercell."""
    label, dimension = [], []
    for start in range(n_centers):
        seen = {(start, (0, 0, 0))}
        queue = deque(seen)
        while queue:
            i, cell = queue.popleft()
            for a, b, shift in links:
                there = (b, _plus(cell, shift))
                if a == i and there not in seen and max(map(abs, there[1])) <= reach:
                    seen.add(there)
                    queue.append(there)
        label.append(min(i for i, _ in seen))
        dimension.append(int(np.linalg.matrix_rank(np.array([cell for i, cell in seen if i == start]))))
    return label, dimension


def qhull(points: Array) -> tuple[float, float]:
    """Volume of the hull and distance of the origin to its nearest facet, negative outside."""
    hull = ConvexHull(points)
    return float(hull.volume), float(-hull.equations[:, 3].max())


def distortion(points: Array) -> tuple[float, float, float, float]:
    """Robinson's elongation and variance, Baur's index, off-centering of six ligands; trans pairs by opposition."""
    length = np.linalg.norm(points, axis=1)
    ideal = (3 * qhull(points)[0] / 4) ** (1 / 3)
    angles = sorted(
        float(np.degrees(np.arccos(points[a] @ points[b] / length[a] / length[b])))
        for a, b in itertools.combinations(range(6), 2)
    )
    cis = np.array(angles[:12])
    return (
        float(np.mean((length / ideal) ** 2)),
        float(np.sum((cis - 90) ** 2) / 11),
        float(np.mean(np.abs(length - length.mean())) / length.mean()),
        float(np.linalg.norm(points.mean(axis=0))),
    )


def _plus(a: Image, b: Image) -> Image:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _minus(a: Image, b: Image) -> Image:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]
