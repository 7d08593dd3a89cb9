"""Is it a molecule in an empty box, or a crystal? Told by the gaps between the atoms, and made whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats

LEAST_GAP: Final = 5.0
"""Å; a molecule is alone where no atom stands in a slab this wide along each of the three directions."""


@dataclass(frozen=True, slots=True, eq=False)
class Vacuum:
    """Empty space of a cell.

    Attributes
    ----------
    gaps : float64 (3,)
        Thickness of the widest slab without an atom's center, across each of the three cell faces, Å.
    positions : float64 (N, 3)
        Cartesian, Å; moved by whole lattice vectors so that no neighbors stand on two sides of a gap.
    moved : int
        Atoms that were moved.
    """

    gaps: Floats
    positions: Floats
    moved: int

    @property
    def is_molecule(self) -> bool:
        """Whether every gap is at least :data:`LEAST_GAP`."""
        return bool((self.gaps >= LEAST_GAP).all())


def find_vacuum(positions: Floats, cell: Floats) -> Vacuum:
    """Find the widest gaps of a cell, and put its atoms together.

    Along each direction, the fractional coordinates are sorted on their circle; the widest arc without an atom,
    times the height of the cell over that face, is the gap. All atoms behind it are moved before it.

    Parameters
    ----------
    positions : float64 (N, 3)
        Cartesian, Å.
    cell : float64 (3, 3)
        Lattice vectors as rows, Å.

    Examples
    --------
    >>> hydrogen = find_vacuum(np.array([[0.1, 5.0, 5.0], [9.36, 5.0, 5.0]]), 10 * np.eye(3))
    >>> hydrogen.gaps.round(2).tolist(), hydrogen.is_molecule, hydrogen.moved
    ([9.26, 10.0, 10.0], True, 1)
    >>> float(np.linalg.norm(np.diff(hydrogen.positions, axis=0)).round(2))
    0.74
    """
    fractional = positions @ np.linalg.inv(cell)
    images = np.zeros(fractional.shape)
    gaps = np.empty(3)
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    for axis in range(3):
        circle = fractional[:, axis] % 1.0
        order = np.sort(circle)
        arcs = np.diff(order, append=order[0] + 1)
        widest = int(np.argmax(arcs))
        gaps[axis] = arcs[widest] * heights[axis]
        # atoms up to the gap come after those behind it, in one piece
        target = circle + (circle <= order[widest] if widest < len(order) - 1 else 0)
        images[:, axis] = np.rint(target - fractional[:, axis])
    images -= images[0]  # the first atom stays where it is
    return Vacuum(gaps, positions + images @ cell, int(images.any(axis=1).sum()))
