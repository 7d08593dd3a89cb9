"""Calculation: the energy of one species, its vibrations, and the level of theory behind them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import FormatError
from perovchem.level_of_theory import LevelOfTheory
from perovchem.result import Provenance
from perovchem.units import HARTREE

EnergyUnit = Literal["eV", "hartree"]
Periodicity = Literal["molecule", "crystal"]

LARGEST_ENERGY: Final = 1e9
"""eV; what is larger is no energy of a species."""
FARTHEST: Final = 1e6
"""Å; no atom of a species lies farther off, and no cell is larger."""
MOST_SPINS: Final = 1000
"""Largest charge and multiplicity."""
HEAVIEST: Final = 1e3
"""u; no atom is heavier."""
LARGEST_WAVENUMBER: Final = 1e7
"""1/cm; what is larger is no vibration, nor the failure of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Vibrations:
    """Vibrations of a species as its code gives them: nothing is dropped, deduplicated or projected yet.

    Attributes
    ----------
    wavenumbers : float64 (Q, M)
        1/cm, imaginary ones negative, by wavevector and branch; Q is 1 (Γ) for molecules.
    weights : float64 (Q,)
        Of each wavevector, summing to 1.
    wavevectors : float64 (Q, 3)
        Fractional.
    displacements : float64 (M, N, 3) or None
        Mode vectors at Γ, Cartesian, as mass-weighted unit vectors (orthonormal), where the file has them.
    hessian : float64 (3 N, 3 N) or None
        Second derivatives at Γ, eV/Å2, not mass-weighted, where the file has them.
    projected : bool
        Whether the code has taken out translations and rotations itself (Gaussian, ORCA: 3N - 6 modes).
    moved : tuple of int
        Atoms (from 0) that were displaced; all of them unless some were held (selective dynamics).
    masses : float64 (N,)
        u, that the code used.
    wavenumber_step : float
        Last printed digit, 1/cm.
    source : str
        "finite differences (IBRION = 5, step .015 Å)", "DFPT (IBRION = 8)", ...
    """

    wavenumbers: Floats
    masses: Floats
    weights: Floats = field(default_factory=lambda: np.ones(1))
    wavevectors: Floats = field(default_factory=lambda: np.zeros((1, 3)))
    displacements: Floats | None = None
    hessian: Floats | None = None
    projected: bool = False
    moved: tuple[int, ...] = ()
    wavenumber_step: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        """Look at the numbers."""
        q, m = self.wavenumbers.shape
        sound = (
            len(self.weights) == q
            and self.wavevectors.shape == (q, 3)
            and (self.displacements is None or self.displacements.shape == (m, len(self.masses), 3))
            and (self.hessian is None or self.hessian.shape == (3 * len(self.masses),) * 2)
            and bool((np.abs(self.wavenumbers) < LARGEST_WAVENUMBER).all())
            and bool(((self.masses > 0) & (self.masses < HEAVIEST)).all())
        )
        if not sound:
            raise FormatError(
                f"{m} modes of {len(self.masses)} atoms do not fit together",
                fix="check that the table of vibrations is complete",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Calculation:
    """One species as one code computed it. Converged, or it would not exist.

    Attributes
    ----------
    species : tuple of str
        Element of each atom.
    positions : float64 (N, 3)
        Cartesian, Å: where the energy and the vibrations belong to.
    energy : float
        Electronic energy in ``energy_unit``, with dispersion once, extrapolated to zero smearing.
    energy_unit : "eV" or "hartree"
        As the code prints it; kept so until the last step.
    energy_label : str
        The line that was read: "energy(sigma->0)", "NB est. 0K energy", "SCF Done", "FINAL SINGLE POINT ENERGY".
    level : LevelOfTheory
    periodicity : "molecule" or "crystal"
        A molecule translates and rotates; what a periodic code computed in an empty box is one by its gaps.
    cell : float64 (3, 3) or None
        Å; None for molecular codes.
    charge : int
    multiplicity : int
        2S + 1.
    vibrations : Vibrations or None
    energy_su : float
        Of the energy, in ``energy_unit``, where one is given (TOML); else NaN.
    symmetry_number : int
        As the code states it; 0 where it does not.
    electronic_degeneracy : int
        As stated; 0 for 2S + 1.
    name : str
        Stem of the file, or as declared.
    notes : tuple of str
    provenance : Provenance
    """

    species: tuple[str, ...]
    positions: Floats
    energy: float
    energy_unit: EnergyUnit
    level: LevelOfTheory
    energy_label: str = ""
    periodicity: Periodicity = "molecule"
    cell: Floats | None = None
    charge: int = 0
    multiplicity: int = 1
    vibrations: Vibrations | None = None
    energy_su: float = math.nan
    symmetry_number: int = 0
    electronic_degeneracy: int = 0
    name: str = ""
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        """Look at the numbers."""
        where = self.provenance.input or self.name
        if self.positions.shape == (len(self.species), 3) and not (np.abs(self.positions) < FARTHEST).all():
            raise FormatError(
                f"positions that are no numbers below {FARTHEST:g} Å",
                where=where,
                fix="check that the structure is complete",
            )
        if self.positions.shape != (len(self.species), 3):
            raise FormatError(
                f"{len(self.species)} elements and {self.positions.shape} positions do not fit together",
                where=where,
                fix="check that the structure is complete",
            )
        if not 1 <= self.multiplicity <= MOST_SPINS or not abs(self.charge) <= MOST_SPINS:
            raise FormatError(
                f"a charge of {self.charge} with a multiplicity of {self.multiplicity}",
                where=where,
                fix="check the file; a multiplicity is 2S + 1",
            )
        cell = self.cell
        if cell is not None and not (
            cell.shape == (3, 3) and (np.abs(cell) < FARTHEST).all() and abs(np.linalg.det(cell)) > 1e-3
        ):
            raise FormatError("the cell has no volume", where=where, fix="check the lattice vectors")
        if not abs(self.energy_ev) < LARGEST_ENERGY:
            raise FormatError(
                f"an energy of {self.energy} {self.energy_unit}", where=where, fix="check the file"
            )

    def __repr__(self) -> str:
        """Return one line: formula, charge, energy, level."""
        charge = f" ({self.charge:+d})" if self.charge else ""
        modes = "" if self.vibrations is None else f", {self.vibrations.wavenumbers.size} modes"
        return (
            f"<Calculation {self.formula}{charge}: {self.energy:.6f} {self.energy_unit}{modes}; {self.level}>"
        )

    @property
    def energy_ev(self) -> float:
        """Electronic energy, eV."""
        return self.energy * (HARTREE if self.energy_unit == "hartree" else 1.0)

    @property
    def composition(self) -> dict[str, int]:
        """Atoms of each element."""
        return dict(Counter(self.species))

    @property
    def formula(self) -> str:
        """Formula in Hill order."""
        amounts = self.composition
        first = [symbol for symbol in ("C", "H") if "C" in amounts and symbol in amounts]
        order = first + sorted(symbol for symbol in amounts if symbol not in first)
        return "".join(symbol + (str(amounts[symbol]) if amounts[symbol] > 1 else "") for symbol in order)
