"""Vibrations of a molecule from its Hessian: translations and rotations projected out, 3N - 6 left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Vibrations
from perovchem.elements import element
from perovchem.progress import tell
from perovchem.units import BOHR, HARTREE, WAVENUMBER_OF_HESSIAN

_STRAIGHT: Final = 1e-4
"""A rotation whose vector is shorter than this part of the longest is none: the molecule is linear."""
MOST_ATOMS_WITH_HESSIAN: Final = 16
"""Larger molecules keep their wavenumbers only: the Hessian of 54 atoms would take 300 kB of text."""


DISPLACEMENT: Final = 0.005
"""Å by which each coordinate is moved, both ways, for the Hessian."""


class Gradients(Protocol):
    """What a Hessian is made of."""

    def energy_and_gradient(
        self, species: Sequence[str], positions: Floats, charge: int
    ) -> tuple[float, Floats]:
        """Return the energy (hartree) and its gradient (hartree/bohr)."""


def finite_differences(engine: Gradients, species: Sequence[str], positions: Floats, charge: int) -> Floats:
    """Return the Hessian from central differences of gradients: 6 N of them, steps of ``DISPLACEMENT``.

    Parameters
    ----------
    engine : Gradients
        What gives gradients.
    species : sequence of str
    positions : float64 (N, 3)
        Å, relaxed.
    charge : int

    Returns
    -------
    float64 (3 N, 3 N)
        eV/Å2, symmetric.
    """
    size = positions.size
    hessian = np.empty((size, size))
    for k in range(size):
        tell(f"Hessian of {len(species)} atoms", k, size)
        step = np.zeros(size)
        step[k] = DISPLACEMENT
        sides = [
            engine.energy_and_gradient(species, positions + sign * step.reshape(-1, 3), charge)[1]
            for sign in (1, -1)
        ]
        hessian[k] = (sides[0] - sides[1]).ravel() / (2 * DISPLACEMENT) * HARTREE / BOHR
    return (hessian + hessian.T) / 2


def masses_of(species: Sequence[str]) -> Floats:
    """Return the standard atomic weights, u."""
    return np.array([element(symbol).mass for symbol in species])


def free_motions(positions: Floats, masses: Floats) -> Floats:
    """Return orthonormal mass-weighted translations and rotations, (3 N, 6), (3 N, 5) of a linear molecule."""
    roots = np.sqrt(masses)[:, None]
    centered = positions - np.average(positions, axis=0, weights=masses)
    axes = np.eye(3)
    vectors = [(roots * axis).ravel() for axis in axes]
    vectors += [(roots * np.cross(axis, centered)).ravel() for axis in axes]
    left, sizes, _ = np.linalg.svd(np.array(vectors).T, full_matrices=False)
    return np.asarray(left[:, sizes > _STRAIGHT * sizes[0]])


def normal_modes(hessian: Floats, positions: Floats, masses: Floats) -> tuple[Floats, Floats]:
    """Diagonalize a Hessian in the space without translations and rotations.

    Parameters
    ----------
    hessian : float64 (3 N, 3 N)
        eV/Å2.
    positions : float64 (N, 3)
        Å.
    masses : float64 (N,)
        u.

    Returns
    -------
    wavenumbers : float64 (M,)
        1/cm, ascending, imaginary ones negative; M is 3 N - 6 (3 N - 5 of linear molecules, 0 of atoms).
    vectors : float64 (M, N, 3)
        Mass-weighted unit vectors.

    Examples
    --------
    Two hydrogen atoms on a spring of 1 eV/Å2 along z: the square root of k over the reduced mass.

    >>> pull = np.zeros((6, 6)); pull[np.ix_([2, 5], [2, 5])] = [[1, -1], [-1, 1]]
    >>> waves, _ = normal_modes(pull, np.array([[0, 0, 0], [0, 0, .74]]), np.array([1.008, 1.008]))
    >>> print(len(waves), f"{waves[0]:.2f} 1/cm")
    1 734.54 1/cm
    """
    free = free_motions(positions, masses)
    whole, _ = np.linalg.qr(np.hstack([free, np.eye(len(free))]))
    inner = whole[:, free.shape[1] :]
    roots = np.sqrt(np.repeat(masses, 3))
    weighted = inner.T @ (hessian / np.outer(roots, roots)) @ inner
    values, vectors = np.linalg.eigh((weighted + weighted.T) / 2)
    wavenumbers = np.sign(values) * np.sqrt(np.abs(values)) * WAVENUMBER_OF_HESSIAN
    return wavenumbers, (inner @ vectors).T.reshape(-1, len(masses), 3)


def vibrations(
    wavenumbers: Floats, hessian: Floats | None, species: Sequence[str], *, source: str
) -> Vibrations:
    """Return the vibrations of a molecule whose translations and rotations are projected out.

    Parameters
    ----------
    wavenumbers : float64 (M,)
        1/cm.
    hessian : float64 (3 N, 3 N) or None
        eV/Å2.
    species : sequence of str
    source : str
        How they were computed.

    Returns
    -------
    Vibrations
    """
    return Vibrations(
        wavenumbers=np.asarray(wavenumbers)[None],
        masses=masses_of(species),
        hessian=hessian,
        projected=True,
        moved=tuple(range(len(species))),
        source=source,
    )
