"""StateDensity: density of states against energy, total and by atom and orbital."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import SpinTreatment
from perovchem.result import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class StateDensity:
    """What a file says of the density of states.

    Attributes
    ----------
    energies : float64 (E,)
        eV, ascending, as the code prints them.
    total : float64 (S, E)
        States per eV and cell of each spin channel (for spin "none": both spins together).
    integrated : float64 (S, E)
        Number of states below each energy; NaN where the file has none.
    projected : float64 (S, n_atoms, n_orbitals, E)
        The same by atom and orbital; n_atoms is 0 where the file has none.
    orbitals, species : tuple of str
        As in :class:`perovchem.projections.Projections`.
    electrons : float
        Per cell; NaN where not stated.
    spin : "none", "collinear" or "noncollinear"
    fermi_energy : float
        eV; NaN where not stated.
    edges : (float, float) or None
        Highest filled and lowest empty eigenvalue of the same file, eV, by counting electrons: what smearing and
        the step of the energies hide. None where the file has no eigenvalues or no gap.
    notes : tuple of str
    provenance : Provenance
    """

    energies: Floats
    total: Floats
    integrated: Floats
    projected: Floats = field(default_factory=lambda: np.empty((1, 0, 0, 0)))
    orbitals: tuple[str, ...] = ()
    species: tuple[str, ...] = ()
    electrons: float = math.nan
    spin: SpinTreatment = "none"
    fermi_energy: float = math.nan
    edges: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
