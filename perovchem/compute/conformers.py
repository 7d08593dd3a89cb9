"""When two structures are one conformer, and into which molecules a cluster has arranged itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.elements import element, formula
from perovchem.molecules import find_molecules

SAME_ENERGY: Final = 1e-4
"""Hartree (.26 kJ/mol): twins that relaxed from two sides differ by less."""
SAME_DISTANCE: Final = 0.1
"""Å: root mean square difference of the sorted distances of each pair of elements, of twins."""
SAME_ROTATION: Final = 0.01
"""Relative difference of the principal moments of inertia, of twins."""
_MARGIN: Final = 12.0
"""Å of vacuum, so that a molecule does not bond to its image."""


def fingerprint(species: Sequence[str], positions: Floats) -> Floats:
    """Return what neither rotation, reflection nor a permutation of like atoms changes: sorted distances by elements.

    Mirror images are one conformer: their energies and free energies are equal.

    Parameters
    ----------
    species : sequence of str
    positions : float64 (N, 3)
        Å.

    Returns
    -------
    float64 (N (N - 1) / 2,)
        Å.

    Examples
    --------
    >>> water = np.array([[0, 0, 0], [.76, .59, 0], [-.76, .59, 0]])
    >>> np.allclose(fingerprint("OHH", water), fingerprint("OHH", -water[[0, 2, 1]]))
    True
    """
    first, second = np.triu_indices(len(species), k=1)
    distance = np.linalg.norm(positions[first] - positions[second], axis=1)
    names = np.array([element(symbol).mass for symbol in species])
    low, high = np.minimum(names[first], names[second]), np.maximum(names[first], names[second])
    return np.asarray(distance[np.lexsort((distance, high, low))])


def principal_moments(species: Sequence[str], positions: Floats) -> Floats:
    """Return the principal moments of inertia, u Å2, ascending."""
    masses = np.array([element(symbol).mass for symbol in species])
    centered = positions - np.average(positions, axis=0, weights=masses)
    tensor = np.einsum("n,nij->ij", masses, _spread(centered))
    return np.linalg.eigvalsh(tensor)


def _spread(centered: Floats) -> Floats:
    squares = (centered**2).sum(axis=1)
    return np.asarray(squares[:, None, None] * np.eye(3) - centered[:, :, None] * centered[:, None, :])


def same(species: Sequence[str], one: tuple[float, Floats], other: tuple[float, Floats]) -> bool:
    """Return whether two structures, each (energy in hartree, positions in Å), are one conformer.

    Energies within ``SAME_ENERGY``, moments of inertia within ``SAME_ROTATION``, and sorted distances within
    ``SAME_DISTANCE``: all three, so that neither a chance coincidence of energies nor of shapes joins two.
    """
    if abs(one[0] - other[0]) > SAME_ENERGY:
        return False
    mine, theirs = (principal_moments(species, positions) for _, positions in (one, other))
    if not np.allclose(mine, theirs, rtol=SAME_ROTATION, atol=0.05):
        return False
    prints = [fingerprint(species, positions) for _, positions in (one, other)]
    difference = prints[0] - prints[1]
    return not len(difference) or float(np.sqrt((difference**2).mean())) < SAME_DISTANCE


def fragments(species: Sequence[str], positions: Floats) -> dict[str, int]:
    """Return the molecules and lone ions of a cluster by formula: where an acid proton sits shows here.

    Examples
    --------
    >>> fragments(["Cs", "H", "Cl"], np.array([[0, 0, 0], [0, 0, 5], [0, 0, 6.3]]))
    {'ClH': 1, 'Cs': 1}
    """
    low = positions.min(axis=0)
    cell = np.diag(positions.max(axis=0) - low + _MARGIN)
    found = find_molecules(tuple(species), (positions - low) @ np.linalg.inv(cell), cell)
    return dict(sorted(Counter(found.formulas).items()))


def skeletons(species: Sequence[str], positions: Floats) -> dict[str, int]:
    """Return the fragments without hydrogen: two clusters with equal ones differ by protons at most."""
    heavy = [k for k, symbol in enumerate(species) if symbol != "H"]
    return fragments([species[k] for k in heavy], positions[heavy])


def skeletons_of_parts(parts: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Return the fragments without hydrogen that parts have before they meet."""
    heavy = [tuple(symbol for symbol in part if symbol != "H") for part in parts]
    return dict(sorted(Counter(formula(part) for part in heavy if part).items()))
