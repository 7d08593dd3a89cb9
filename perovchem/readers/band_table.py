"""What a file says of bands before it is known how its points are joined and how many bands are filled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError
from perovchem.projections import Projections

if TYPE_CHECKING:
    from perovchem.crystal import Crystal

MOST_VALUES: Final = 400_000_000
"""Numbers of one table; more than any run has, and still in memory."""
PATH_STEP: Final = 1e-4
"""Fractional coordinates that agree this well are one point, whatever a file rounds."""


class ReadsRows(Protocol):
    """Reads weights of some bands at some k-points: (S, len(points), len(bands), n_atoms, n_orbitals)."""

    def __call__(self, bands: slice, points: Integers) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class StateWeights:
    """Projections as a file holds them, by band and k-point."""

    orbitals: tuple[str, ...]
    species: tuple[str, ...]
    read: ReadsRows
    definition: str = ""

    def of_points(self, points: Integers) -> Projections:
        """Return the projections at some k-points."""

        def read(bands: slice) -> Floats:
            return self.read(bands, points)

        return Projections(self.orbitals, self.species, read, self.definition)


@dataclass(frozen=True, slots=True, eq=False)
class BandTable:
    """Eigenvalues of one file.

    Attributes
    ----------
    path : Path
    kpoints : float64 (K, 3)
        Fractional.
    weights : float64 (K,)
        As printed; NaN where they are not.
    energies : float64 (S, K, B)
        eV.
    occupations : float64 (S, K, B)
        Share of each band that is filled, 0 to 1; NaN where not printed.
    cell : float64 (3, 3) or None
        Å.
    electrons : float
        NELECT; NaN where not printed.
    difference : float
        NUPDOWN, electrons up less electrons down, where the run fixed it; else NaN.
    noncollinear : bool or None
        None where the file does not say.
    fermi_energy, energy_step, kpoint_step : float
        As in :class:`perovchem.bands.Bands`.
    structure : Crystal or None
    projections : StateWeights or None
    per_segment : int
        Points of each segment in line mode; 0 for lists and meshes.
    is_mesh : bool
        The points were generated as a mesh.
    mesh : BandTable or None
        Points of the self-consistent mesh that the run lists apart (KPOINTS_OPT).
    kpoints_name : str
        File that the points come from: its labels belong to them.
    notes : tuple of str
    """

    path: Path
    kpoints: Floats
    weights: Floats
    energies: Floats
    occupations: Floats
    cell: Floats | None = None
    electrons: float = math.nan
    difference: float = math.nan
    noncollinear: bool | None = False
    fermi_energy: float = math.nan
    energy_step: float = 1e-4
    kpoint_step: float = 1e-8
    structure: Crystal | None = None
    projections: StateWeights | None = None
    per_segment: int = 0
    is_mesh: bool = False
    mesh: BandTable | None = None
    kpoints_name: str = "KPOINTS"
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Spins, k-points, bands."""
        n_spins, n_points, n_bands = self.energies.shape
        return n_spins, n_points, n_bands


def check_size(counts: Sequence[int], n_bytes: int, where: str) -> None:
    """Refuse announced sizes that a file of this length cannot hold (two bytes a number)."""
    total = math.prod(counts)
    if not (0 < total <= MOST_VALUES and 2 * total <= n_bytes):
        raise FormatError(
            f"{' x '.join(map(str, counts))} numbers are announced in a file of {n_bytes} bytes",
            where=where,
            fix="check the line that announces them; copy the file again",
        )
