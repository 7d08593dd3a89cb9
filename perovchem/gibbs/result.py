"""The result of a Gibbs energy: terms, modes with their fates, every treatment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.result import DETAIL, Provenance, Result, dataframe, jsonable
from perovchem.units import HARTREE

if TYPE_CHECKING:
    import pandas as pd

Treatment = Literal["rrho", "grimme", "grimme-head-gordon", "truhlar", "electronic"]

TREATMENTS: Final = ("rrho", "grimme", "grimme-head-gordon", "truhlar")
"""Treatments of vibrations; all are computed whichever is asked for."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "gibbs": "G = E + ZPE + H(0 -> T) - T S; ideal gas or ideal solute, rigid rotor; crystals without pV",
    "rrho": "harmonic oscillators",
    "grimme": "vibrational entropy w S_harmonic + (1 - w) S_free rotor, w = 1/(1 + (100/ν)^4) (or the cutoff given), "
    "moments damped with 1e-44 kg m2 (Grimme 2012, doi 10.1002/chem.201200497); harmonic enthalpy",
    "grimme-head-gordon": "that entropy, and enthalpy w H_harmonic + (1 - w) kT/2 (Li, Gomes, Mallikarjun Sharada, "
    "Bell & Head-Gordon 2015, doi 10.1021/jp509921r)",
    "truhlar": "vibrational entropy with wavenumbers below 100 (or the cutoff given) raised to it (Ribeiro, Marenich, "
    "Cramer & Truhlar 2011, doi 10.1021/jp205508z); harmonic enthalpy",
    "frequency_scale": "multiplies every wavenumber, for zero-point energy, enthalpy and entropy",
    "modes": "translations (molecules: and rotations) are projected out: from the Hessian where there is one, "
    "else by the part of each mode vector that lies in them; never by wavenumber",
    "symmetry_number": "proper operations of the point group unless given",
    "uncertainty": "of the energy where it is stated, and of the last printed digit of every wavenumber; "
    "not of the method",
    "spread": "largest minus smallest Gibbs energy over the treatments",
}
"""What the numbers mean; printed into every JSON result."""


@dataclass(frozen=True, slots=True)
class Term:
    """One contribution.

    Attributes
    ----------
    name : str
        "electronic energy", "zero-point energy", "translation", "rotation", "vibration", "electronic degeneracy".
    enthalpy : float
        eV.
    entropy : float
        eV/K.
    gibbs : float
        eV.
    """

    name: str
    enthalpy: float
    entropy: float
    gibbs: float


@dataclass(frozen=True, slots=True)
class Mode:
    """One mode of the file.

    Attributes
    ----------
    wavenumber : float
        1/cm as read or projected, before scaling; imaginary ones negative.
    weight : float
        Of its wavevector.
    kind : str
        "vibration", "translation", "rotation", "imaginary" or "duplicate".
    fate : str
        What became of it.
    enthalpy : float
        With zero-point energy, eV, by the treatment asked for; NaN for what is no vibration. Times the weight.
    entropy : float
        eV/K, likewise.
    gibbs : float
        eV, likewise.
    """

    wavenumber: float
    weight: float
    kind: str
    fate: str
    enthalpy: float
    entropy: float
    gibbs: float


@dataclass(frozen=True, slots=True, eq=False)
class ModeTable:
    """All modes as columns: see :class:`Mode`."""

    wavenumbers: Floats
    weights: Floats
    kinds: tuple[str, ...]
    fates: tuple[str, ...]
    enthalpies: Floats
    entropies: Floats
    gibbs: Floats

    @property
    def count(self) -> dict[str, int]:
        """Modes of each kind."""
        return {kind: self.kinds.count(kind) for kind in dict.fromkeys(self.kinds)}


@dataclass(frozen=True, eq=False, repr=False)
class GibbsEnergy(Result):
    """Gibbs energy of one species and what it is made of.

    Attributes
    ----------
    name, formula : str
    charge, multiplicity : int
    energy : float
        Electronic, eV.
    zpe : float
        Harmonic zero-point energy, eV.
    enthalpy : float
        Electronic energy included, eV.
    entropy : float
        eV/K.
    gibbs : float
        By the treatment asked for, eV.
    uncertainty : float
        Of ``gibbs``, eV, from what the files state; NaN where they state nothing.
    spread : float
        Largest minus smallest of ``by_treatment``, eV.
    treatment : str
    by_treatment : mapping of str to float
        Gibbs energy by every treatment, eV.
    enthalpy_by_treatment : mapping of str to float
        eV.
    temperature : float
        K.
    pressure, concentration : float
        Pa, mol/L; NaN for crystals.
    standard_state : str
        In words.
    point_group : str
        "" for crystals.
    symmetry_number : int
    linear : bool
    terms : tuple of Term
    mode_table : ModeTable
        Columns; :attr:`modes` gives rows.
    energy_unit : str
        Native unit of the code, "hartree" or "eV".
    notes : tuple of str
    provenance : Provenance
    """

    name: str
    formula: str
    charge: int
    multiplicity: int
    energy: float
    zpe: float
    enthalpy: float
    entropy: float
    gibbs: float
    uncertainty: float
    spread: float
    treatment: str
    by_treatment: Mapping[str, float]
    enthalpy_by_treatment: Mapping[str, float]
    temperature: float
    pressure: float
    concentration: float
    standard_state: str
    point_group: str
    symmetry_number: int
    linear: bool
    terms: tuple[Term, ...]
    mode_table: ModeTable = field(metadata=DETAIL)
    energy_unit: str = "eV"
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    command: ClassVar[str] = "gibbs"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "energy": "electronic_energy",
        "zpe": "zero_point_energy",
        "enthalpy": "species_enthalpy",
        "entropy": "entropy",
        "gibbs": "gibbs_energy",
        "uncertainty": "gibbs_energy",
        "spread": "treatment_spread",
        "by_treatment": "gibbs_energy",
        "enthalpy_by_treatment": "species_enthalpy",
        "temperature": "temperature",
        "pressure": "gas_pressure",
        "concentration": "concentration",
        "wavenumber": "wavenumber",
        "charge": "charge",
    }

    def __repr__(self) -> str:
        """Return one line: formula, G, treatment, standard state."""
        value = (
            f"{self.gibbs / HARTREE:.6f} hartree" if self.energy_unit == "hartree" else f"{self.gibbs:.5f} eV"
        )
        how = f"{self.treatment}, {self.temperature:g} K, {self.standard_state}"
        return f"<GibbsEnergy of {self.formula}: {value} ({how})>"

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Every mode of the file with its fate."""
        table = self.mode_table
        columns = (table.wavenumbers, table.weights, table.enthalpies, table.entropies, table.gibbs)
        rows = zip(*(column.tolist() for column in columns), table.kinds, table.fates, strict=True)
        return tuple(Mode(nu, w, kind, fate, h, s, g) for nu, w, h, s, g, kind, fate in rows)

    @property
    def energy_hartree(self) -> float:
        """Electronic energy, hartree."""
        return self.energy / HARTREE

    @property
    def enthalpy_hartree(self) -> float:
        """Enthalpy, hartree."""
        return self.enthalpy / HARTREE

    @property
    def gibbs_hartree(self) -> float:
        """Gibbs energy, hartree."""
        return self.gibbs / HARTREE

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and the modes as plain Python values."""
        return {**super().to_dict(), "modes": jsonable(self.modes)}

    def to_dataframe(self) -> pd.DataFrame:
        """Return the terms: enthalpy and Gibbs energy in eV, entropy in eV/K."""
        return dataframe(
            {
                "term": [term.name for term in self.terms],
                "enthalpy": np.array([term.enthalpy for term in self.terms]),
                "entropy": np.array([term.entropy for term in self.terms]),
                "gibbs": np.array([term.gibbs for term in self.terms]),
            },
            quantity_names={"enthalpy": "species_enthalpy", "entropy": "entropy", "gibbs": "gibbs_energy"},
        )

    def modes_dataframe(self) -> pd.DataFrame:
        """Return every mode with its fate; wavenumbers in 1/cm, enthalpy and Gibbs energy in eV, entropy in eV/K."""
        table = self.mode_table
        return dataframe(
            {
                "wavenumber": table.wavenumbers,
                "weight": table.weights,
                "kind": list(table.kinds),
                "fate": list(table.fates),
                "enthalpy": table.enthalpies,
                "entropy": table.entropies,
                "gibbs": table.gibbs,
            },
            quantity_names={
                "wavenumber": "wavenumber", "enthalpy": "species_enthalpy", "entropy": "entropy",
                "gibbs": "gibbs_energy",
            },
        )  # fmt: skip


def empty_modes() -> ModeTable:
    """Return the table of an atom or of an energy alone."""
    nothing = np.zeros(0)
    return ModeTable(nothing, nothing, (), (), nothing, nothing, nothing)


def known(value: float) -> float:
    """Return a standard uncertainty as a number: nothing where it is not known."""
    return 0.0 if math.isnan(value) else value
