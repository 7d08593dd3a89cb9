"""Cells as MDAnalysis takes them: turned upright, and of vectors among which it finds nearest images."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
from MDAnalysis.lib.mdamath import triclinic_box, triclinic_vectors
from scipy.spatial import Voronoi

from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError

_FITS: Final = 0.99
"""Fractional coordinate up to which MDAnalysis finds nearest images (1), less some room for a cell that varies."""
_STEPS: Final = [step for step in itertools.product((1, 0, -1), repeat=3) if step > (0, 0, 0)]
_UNIMODULAR: Final = np.array(
    [rows for rows in itertools.combinations(_STEPS, 3) if round(abs(np.linalg.det(rows))) == 1]
)
"""Whole combinations of three vectors that span the same lattice, (n, 3, 3)."""


def turn(cell: Floats) -> Floats:
    """Return the rotation that brings a cell into MDAnalysis's position: **a** along x, **b** in the xy plane.

    Parameters
    ----------
    cell : float64 (3, 3)
        Rows are the lattice vectors, Å.

    Returns
    -------
    float64 (3, 3)
        A rotation Q; vectors turn as ``vector @ Q``. The vectors of a left-handed cell come out reversed, which
        describes the same lattice: an object is never mirrored.

    Examples
    --------
    >>> (np.array([[0.0, 2, 0], [-3, 0, 0], [0, 0, 4]]) @ turn(np.array([[0.0, 2, 0], [-3, 0, 0], [0, 0, 4]]))).round(9)
    array([[2., 0., 0.],
           [0., 3., 0.],
           [0., 0., 4.]])
    """
    axes, rest = np.linalg.qr(cell.T)
    axes = axes * np.where(np.diagonal(rest) < 0, -1.0, 1.0)
    return np.asarray(axes if np.linalg.det(cell) > 0 else -axes)


def upright_basis(cell: Floats) -> Integers:
    """Return whole numbers M such that ``M @ cell`` is right-handed and fit for MDAnalysis.

    Its search for nearest images folds both atoms into the cell and tries the 27 cells around; it finds every
    nearest image if no point that is nearer to the origin than to any other lattice point (the Voronoi cell) has a
    fractional coordinate beyond 1. M is one, or minus one for a left-handed cell, where that holds; else
    ``M @ cell`` is the set of short lattice vectors in which the largest coordinate is smallest.

    Parameters
    ----------
    cell : float64 (3, 3)
        Rows are the lattice vectors, Å.

    Returns
    -------
    int64 (3, 3)
        Of determinant 1 or -1.
    """
    basis = np.eye(3, dtype=np.int64)
    if voronoi_reach(cell) > _FITS:
        reduced = _minkowski(cell)
        choices = _UNIMODULAR @ reduced
        corners = _corners(reduced @ cell)
        reach = np.abs(corners @ np.linalg.inv(choices @ cell)).max(axis=(1, 2))
        basis = choices[reach.argmin()]
    return basis if np.linalg.det(basis @ cell) > 0 else -basis


def voronoi_reach(cell: Floats) -> float:
    """Return the largest fractional coordinate, in ``cell``, of a point of its lattice's Voronoi cell."""
    return float(np.abs(_corners(_minkowski(cell) @ cell) @ np.linalg.inv(cell)).max())


def _corners(reduced: Floats) -> Floats:
    """Return the corners of the Voronoi cell of a lattice, (n, 3), Å, from vectors that are Minkowski-reduced."""
    grid = np.array(list(itertools.product(range(-2, 3), repeat=3)))
    regions = Voronoi(grid @ reduced)
    return np.asarray(regions.vertices[regions.regions[regions.point_region[len(grid) // 2]]])


def _minkowski(cell: Floats) -> Integers:
    """Return whole numbers M such that no vector of ``M @ cell`` is shortened by the others.

    Each vector in turn is replaced by the shortest that differs from it by whole multiples of the two others
    (Semaev 2001, doi 10.1007/3-540-44670-2_13), until nothing gets shorter.
    """
    basis = np.eye(3, dtype=np.int64)
    around = np.array(list(itertools.product((-1, 0, 1), repeat=2)))
    shorter = True
    while shorter:
        shorter = False
        for row in range(3):
            others = [(row + 1) % 3, (row + 2) % 3]
            vectors = basis @ cell
            nearest = np.rint(np.linalg.lstsq(vectors[others].T, vectors[row], rcond=None)[0])
            tried = basis[row] - (nearest + around).astype(np.int64) @ basis[others]
            lengths = np.linalg.norm(tried @ cell, axis=1)
            best = int(lengths.argmin())
            if lengths[best] < np.linalg.norm(vectors[row]) * (1 - 1e-9):
                basis[row] = tried[best]
                shorter = True
    return basis


def boxes(cells: Floats, where: str) -> tuple[Any, Floats]:
    """Return cells (n, 3, 3) as MDAnalysis keeps them, and what it makes of that again.

    Returns
    -------
    float32 (n, 6)
        Lengths (Å) and angles (degrees).
    float64 (n, 3, 3)
        Upright vectors, Å, equal to the cells to single precision.

    Raises
    ------
    FormatError
        If a cell is too flat to be told by three angles in single precision.
    """
    kept = np.stack([triclinic_box(*cell) for cell in cells])
    upright = np.stack([triclinic_vectors(box, dtype=np.float64) for box in kept])
    flat = ~upright.any(axis=(1, 2))
    if flat.any():
        raise FormatError("the cell is too flat for MDAnalysis", where=where, fix="reduce the cell")
    return kept, upright
