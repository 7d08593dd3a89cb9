"""Projections: how much of each state belongs to each atom and orbital."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from perovchem.arrays import Floats, Integers


class ReadsWeights(Protocol):
    """Reads weights of some bands from a file that is kept open: (S, K, len(bands), n_atoms, n_orbitals)."""

    def __call__(self, bands: slice) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """Weights of states on atoms and orbitals; read from the file when they are asked for.

    Attributes
    ----------
    orbitals : tuple of str
        "s", "py", "pz", "px", "dxy", ... or "s", "p", "d", "f" where the file sums over m.
    species : tuple of str
        Element of each atom.
    read : callable
        Weights of a slice of bands, float64 (S, K, bands, n_atoms, n_orbitals), each between 0 and about 1;
        their sum over atoms and orbitals is below 1 where spheres leave space between them.
    definition : str
        What a weight is: "within the sphere of RWIGS or the PAW radius (VASP, LORBIT = 11)", ...
    """

    orbitals: tuple[str, ...]
    species: tuple[str, ...]
    read: ReadsWeights
    definition: str = ""

    def weights(self, bands: slice) -> Floats:
        """Return the weights of some bands, (S, K, bands, n_atoms, n_orbitals)."""
        return self.read(bands)

    @classmethod
    def from_array(
        cls, weights: Floats, *, orbitals: tuple[str, ...], species: tuple[str, ...], definition: str = ""
    ) -> Projections:
        """Hold weights (S, K, B, n_atoms, n_orbitals) that are in memory."""
        held = np.asarray(weights, np.float64)

        def read(bands: slice) -> Floats:
            part: Floats = held[:, :, bands]
            return part

        return cls(orbitals, species, read, definition)

    def reordered(self, order: Integers) -> Projections:
        """Return the same with the bands of each point in another order.

        Parameters
        ----------
        order : int64 (S, K, B)
            Which band of these stands at each place.
        """

        def read(bands: slice) -> Floats:
            wanted = order[:, :, bands]
            if not wanted.size:
                return self.read(slice(0, 0))
            first = int(wanted.min())
            held = self.read(slice(first, int(wanted.max()) + 1))
            part: Floats = np.take_along_axis(held, (wanted - first)[..., None, None], axis=2)
            return part

        return Projections(self.orbitals, self.species, read, self.definition)


def kind(orbital: str) -> str:
    """Return "s", "p", "d" or "f" of an orbital's name; VASP writes "x2-y2" for one of d.

    Examples
    --------
    >>> kind("px"), kind("x2-y2"), kind("f-3")
    ('p', 'd', 'f')
    """
    return "d" if orbital.startswith("x2") else orbital[0]
