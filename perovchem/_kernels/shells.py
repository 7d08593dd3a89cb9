"""What each shell is made of: bound atoms by element, bound molecules by kind, atoms with which a molecule binds."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.integer[Any]]

_FEW = 64
"""Bonds of one center that are compared each with each; more are sorted by molecule first."""


@nb.njit(cache=True)
def _compose(offsets, ligand, image, element, molecule, home, kind, by_element, by_kind, denticity):
    for owner in range(offsets.shape[0] - 1):
        begin, end = offsets[owner], offsets[owner + 1]
        size = end - begin
        for b in range(begin, end):
            by_element[owner, element[ligand[b]]] += 1
        order = np.arange(size)
        if size > _FEW:
            order = np.argsort(molecule[ligand[begin:end]])
        done = np.zeros(size, np.bool_)
        for p in range(size):
            if done[p]:
                continue
            a = ligand[begin + order[p]]
            n_bound = 1
            for q in range(p + 1, size):
                b = ligand[begin + order[q]]
                if molecule[b] != molecule[a]:
                    if size > _FEW:
                        break
                    continue
                same = not done[q]
                for k in range(3):
                    here = np.int64(image[begin + order[p], k]) - home[a, k]
                    same &= here == np.int64(image[begin + order[q], k]) - home[b, k]
                if same:
                    done[q] = True
                    n_bound += 1
            by_kind[owner, kind[molecule[a]]] += 1
            denticity[kind[molecule[a]], n_bound] += 1


def compose(
    offsets: Array,
    ligand: Array,
    image: Array,
    element: Array,
    molecule: Array,
    home: Array,
    kind: Array,
    n_elements: int,
    n_kinds: int,
) -> tuple[Array, Array, Array]:
    """Count what is bound to each center of each frame.

    Parameters
    ----------
    offsets : int64 (n_owners + 1,)
        Bonds of one center in one frame.
    ligand : integers (n_bonds,)
        Number among the ligands.
    image : integers (n_bonds, 3)
    element, molecule : int64 (n_ligands,)
        Of each ligand atom.
    home : int64 (n_ligands, 3)
        Image that makes its molecule whole.
    kind : int64 (n_molecules,)
        Of each molecule.
    n_elements, n_kinds : int

    Returns
    -------
    by_element : int32 (n_owners, n_elements)
    by_kind : int32 (n_owners, n_kinds)
        Bound molecules, each of its images for itself.
    denticity : int64 (n_kinds, n)
        How often a bound molecule binds with 0, 1, 2 ... of its atoms.
    """
    n_owners = len(offsets) - 1
    most = int(np.diff(offsets).max(initial=0))
    by_element = np.zeros((n_owners, n_elements), np.int32)
    by_kind = np.zeros((n_owners, n_kinds), np.int32)
    denticity = np.zeros((n_kinds, most + 1), np.int64)
    _compose(offsets, ligand, image, element, molecule, home, kind, by_element, by_kind, denticity)
    return by_element, by_kind, denticity
