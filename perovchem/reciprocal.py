"""Symmetry of k-points: which of them are equivalent, and what a k-point's own operations leave as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import Bands
from perovchem.crystal import Crystal
from perovchem.symmetry import TOLERANCE, call_spglib

SAME_KPOINT: Final = 1e-4
"""Fractional coordinates this close, modulo 1, are one k-point: files print thirds as .3333 at worst."""
SAME_CELL: Final = 1e-3
"""Relative difference at which the cell of the structure is no longer that of the bands."""


@dataclass(frozen=True, slots=True, eq=False)
class KPointSymmetry:
    """Operations that leave the energies of bands as they are: rotations of the crystal, and time reversal.

    Attributes
    ----------
    operations : float64 (n, 3, 3)
        On fractional k as columns, ``k' = M k``; whole numbers.
    rotations : float64 (n, 3, 3)
        The same on Cartesian vectors as columns.
    from_atoms : bool
        False where only time reversal is known, as there is no structure.
    note : str
        Why there is no more; "".
    """

    operations: Floats
    rotations: Floats
    from_atoms: bool
    note: str = ""

    def __len__(self) -> int:
        """Return the number of operations."""
        return len(self.operations)

    def mapping(self, start: Floats, target: Floats) -> int | None:
        """Return the first operation that takes one fractional k-point to another, modulo G; None if there is none."""
        gaps = self.operations @ start - target
        found = np.flatnonzero((np.abs(gaps - np.round(gaps)) < SAME_KPOINT).all(axis=1))
        return int(found[0]) if len(found) else None

    def equivalent_rows(self, kpoint: Floats, others: Floats) -> Integers:
        """Return the rows of fractional k-points that are equivalent to one."""
        if len(others) == 0:
            return np.empty(0, np.int64)
        same = np.zeros(len(others), np.bool_)
        for image in np.unique(np.round(self.operations @ kpoint, 8), axis=0):
            gaps = others - image
            same |= (np.abs(gaps - np.round(gaps)) < SAME_KPOINT).all(axis=1)
        return np.flatnonzero(same)

    def little_group(self, kpoint: Floats) -> Floats:
        """Return the Cartesian rotations (n, 3, 3) that E(k + q) shares with E(k + R q) at a fractional k-point."""
        gaps = self.operations @ kpoint - kpoint
        mine: Floats = self.rotations[(np.abs(gaps - np.round(gaps)) < SAME_KPOINT).all(axis=1)]
        return mine

    def valleys(self, kpoint: Floats) -> int:
        """Return how many k-points of one zone are equivalent to this one, itself included."""
        return len(self) // len(self.little_group(kpoint))


def kpoint_symmetry(bands: Bands) -> KPointSymmetry:
    """Return the operations of k-space that the atoms of the bands and time reversal give.

    Without a structure, or with one in another cell, it is time reversal alone, ``E(-k) = E(k)``, which holds
    without spin-orbit coupling for each spin, and with it for the set of both, as long as nothing is magnetic.
    """
    cell = bands.cell
    rotations = np.eye(3)[None]
    note = "no structure stands with these bands: of their symmetry, only time reversal is used"
    known = False
    if bands.structure is not None:
        off = np.abs(bands.structure.cell @ bands.structure.cell.T - cell @ cell.T).max()
        if off < SAME_CELL * np.abs(cell @ cell.T).max():
            rotations, known, note = _rotations(bands.structure, cell), True, ""
        else:
            note = (
                "the structure has another cell than the bands: of their symmetry, only time reversal is used"
            )
    on_k = np.linalg.inv(rotations).transpose(0, 2, 1)
    both = np.unique(np.round(np.concatenate([on_k, -on_k])), axis=0)
    # the identity first, so that a point is mapped onto itself by it
    both = both[np.argsort(np.abs(both - np.eye(3)).sum(axis=(1, 2)), kind="stable")]
    basis = bands.reciprocal_cell.T
    return KPointSymmetry(both, basis @ both @ np.linalg.inv(basis), known, note)


def _rotations(crystal: Crystal, cell: Floats) -> Floats:
    """Return the rotations of a crystal on fractional positions, (n, 3, 3)."""
    sites = crystal.sites
    names = [f"{sites.elements[k]} {sites.occupancies[k]:.3f}" for k in crystal.atoms.site]
    kinds = np.unique(names, return_inverse=True)[1] + 1
    data = call_spglib("get_symmetry_dataset", (cell, crystal.atoms.fractional, kinds), symprec=TOLERANCE)
    if data is None:
        return np.eye(3)[None]
    return np.unique(np.array(data.rotations, np.float64), axis=0)
