"""Bands: eigenvalues on k-points, how many of them are occupied, and how the points are joined to a path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import FormatError
from perovchem.projections import Projections
from perovchem.result import Provenance

if TYPE_CHECKING:
    from perovchem.crystal import Crystal

SpinTreatment = Literal["none", "collinear", "noncollinear"]

LARGEST_ENERGY: Final = 1e6
"""eV; what is larger is no eigenvalue."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Points that follow each other along a straight line of reciprocal space.

    Attributes
    ----------
    start, stop : int
        Rows of the k-points, as in a Python slice; two segments that meet each have the common point, as
        rows of their own.
    start_label, stop_label : str
        "Γ", "X", ...; "" where none is known.
    """

    start: int
    stop: int
    start_label: str = ""
    stop_label: str = ""

    def __len__(self) -> int:
        """Return the number of points."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Eigenvalues along a path, on a stencil or on a mesh. What exists is sound: it was looked at when it was made.

    Attributes
    ----------
    kpoints : float64 (K, 3)
        Fractional, of ``reciprocal_cell``; not brought into any zone.
    reciprocal_cell : float64 (3, 3)
        b1, b2, b3 as rows, 1/Å, with 2π: ``reciprocal_cell @ cell.T == 2π``.
    energies : float64 (S, K, B)
        eV, ascending at each point; S is 2 for collinear spin, else 1. As the code prints them: no zero is moved.
    electrons : tuple of float, length S
        Electrons per cell in each spin channel; one total number where S is 1.
    spin : "none", "collinear" or "noncollinear"
        "none": a band holds two electrons; otherwise one.
    segments : tuple of Segment
        The path, in order; empty for stencils, meshes and loose points.
    weights : float64 (K,)
        Of each point in integrals, summing to 1 over a mesh; 0 for points of a path, NaN where not stated.
    fermi_energy : float
        As the code prints it, eV; NaN where it does not. Never used to tell which bands are occupied.
    energy_step : float
        Last printed digit of the energies, eV (1e-4 for vasprun.xml and EIGENVAL).
    kpoint_step : float
        Last printed digit of the fractional coordinates.
    cell : float64 (3, 3)
        Direct lattice, rows, Å.
    structure : Crystal or None
        Where the files hold it: for the symmetry of masses and for names of atoms.
    projections : Projections or None
        On atoms and orbitals.
    mesh : Bands or None
        Points of the self-consistent mesh that stood in the same file beside the path (hybrid functionals).
    notes : tuple of str
        What was joined, left out, assumed or is contradictory: sentences for people.
    provenance : Provenance
    """

    kpoints: Floats
    reciprocal_cell: Floats
    energies: Floats
    electrons: tuple[float, ...]
    spin: SpinTreatment = "none"
    segments: tuple[Segment, ...] = ()
    weights: Floats = field(default_factory=lambda: np.empty(0))
    fermi_energy: float = math.nan
    energy_step: float = 0.0
    kpoint_step: float = 0.0
    structure: Crystal | None = None
    projections: Projections | None = None
    mesh: Bands | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        """Look at the shapes and numbers."""
        where = self.provenance.input
        if len(self.weights) == 0:
            object.__setattr__(self, "weights", np.full(len(self.kpoints), np.nan))
        _check(self, where)

    def __repr__(self) -> str:
        """Return one line: size, spin, path."""
        n_spins, n_points, n_bands = self.energies.shape
        path = f", {self.path}" if self.segments else ""
        spin = {"none": "", "collinear": f", {n_spins} spins", "noncollinear": ", noncollinear"}[self.spin]
        return f"<Bands: {n_points} k-points x {n_bands} bands{spin}{path}>"

    @property
    def cell(self) -> Floats:
        """Direct lattice, rows, Å."""
        direct = 2 * np.pi * np.linalg.inv(self.reciprocal_cell).T
        return direct.astype(np.float64)

    @property
    def cartesian(self) -> Floats:
        """k-points in 1/Å, with 2π, (K, 3)."""
        points: Floats = self.kpoints @ self.reciprocal_cell
        return points

    @property
    def electrons_per_band(self) -> int:
        """2 without spin, else 1."""
        return 2 if self.spin == "none" else 1

    @property
    def occupied(self) -> tuple[float, ...]:
        """Bands that are filled, by counting electrons, per spin channel; not whole for a metal by count."""
        return tuple(number / self.electrons_per_band for number in self.electrons)

    @property
    def path(self) -> str:
        """Labels of the path: "X-R-M-Γ-R", "Γ-X|K-Γ" where it jumps, "?" where a name is missing."""
        text = ""
        last = None
        for part in self.segments:
            begin, end = part.start_label or "?", part.stop_label or "?"
            joined = last is not None and np.allclose(self.kpoints[last], self.kpoints[part.start], atol=1e-6)
            text += f"-{end}" if joined else f"{'|' if text else ''}{begin}-{end}"
            last = part.stop - 1
        return text

    @property
    def labels(self) -> Mapping[int, str]:
        """Name of each k-point that has one, by row."""
        found = {}
        for part in self.segments:
            if part.start_label:
                found[part.start] = part.start_label
            if part.stop_label:
                found[part.stop - 1] = part.stop_label
        return found


def _check(bands: Bands, where: str) -> None:
    """Refuse what is no band structure."""
    points, energies = bands.kpoints, bands.energies
    n_spins = 2 if bands.spin == "collinear" else 1
    shapes = (
        points.ndim == 2
        and points.shape[1] == 3
        and energies.ndim == 3
        and energies.shape[:2] == (n_spins, len(points))
        and energies.size > 0
        and len(bands.electrons) == n_spins
        and len(bands.weights) == len(points)
    )
    if not shapes:
        raise FormatError(
            f"{points.shape} k-points, {energies.shape} energies and {len(bands.electrons)} numbers of electrons "
            "do not fit together",
            where=where,
            fix="check that the file is complete",
        )
    if not (np.isfinite(energies).all() and (np.abs(energies) < LARGEST_ENERGY).all()):
        raise FormatError("an energy is no number", where=where, fix="check the file at its end")
    if not np.isfinite(points).all() or abs(np.linalg.det(bands.reciprocal_cell)) < 1e-9:
        raise FormatError("a k-point or the reciprocal cell is no number", where=where, fix="check the file")
    if (np.diff(energies, axis=2) < 0).any():
        order = np.argsort(energies, axis=2, kind="stable")
        object.__setattr__(bands, "energies", np.take_along_axis(energies, order, axis=2))
        if bands.projections is not None:
            object.__setattr__(bands, "projections", bands.projections.reordered(order))
