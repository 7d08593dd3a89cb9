"""ComputedSpecies: what was searched, what was found, and how far the conformers lie apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from perovchem.result import Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SpeciesRow:
    """The search of one species.

    Attributes
    ----------
    name, formula : str
    charge : int
        e.
    level : str
        Of theory.
    n_starts : int
        Structures that were relaxed, of all kinds; 0 where the files were there already.
    n_relaxed : int
        That reached a minimum with the molecules whole.
    n_distinct : int
        Different ones among them.
    n_lowest : int
        Starts that ended in the lowest: 1 says that a lower one may well have been missed.
    electronic_energy : float
        eV, of the lowest.
    energy_range : float
        eV, from the lowest to the highest distinct minimum.
    second_lowest : float
        eV above the lowest; NaN if there is none.
    kept_range : float
        eV, from the lowest to the highest conformer that is kept.
    lowest_wavenumber : float
        1/cm, of all conformers that are kept; NaN of atoms.
    arranged : str
        Molecules and lone ions in the lowest.
    files : tuple of str
        Conformers with vibrations, lowest first.
    """

    name: str
    formula: str
    charge: int
    level: str
    n_starts: int
    n_relaxed: int
    n_distinct: int
    n_lowest: int
    electronic_energy: float
    energy_range: float
    second_lowest: float
    kept_range: float
    lowest_wavenumber: float
    arranged: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class ComputedSpecies(Result):
    """Species computed with GFN2-xTB.

    Attributes
    ----------
    species : tuple of SpeciesRow
    folder : str
        Where the files lie.
    provenance : Provenance
    """

    command: ClassVar[str] = "compute"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "electronic_energy": "electronic_energy",
        "energy_range": "conformer_energy",
        "second_lowest": "conformer_energy",
        "kept_range": "conformer_energy",
        "lowest_wavenumber": "wavenumber",
    }

    species: tuple[SpeciesRow, ...]
    folder: str
    provenance: Provenance = field(default_factory=Provenance)

    def __repr__(self) -> str:
        """Return one line: which species, at which level."""
        levels = ", ".join(dict.fromkeys(row.level for row in self.species))
        return f"<ComputedSpecies {', '.join(row.name for row in self.species)}; {levels}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per species."""
        names = [name for name in SpeciesRow.__dataclass_fields__ if name != "files"]
        columns = {name: [getattr(row, name) for row in self.species] for name in names}
        return dataframe(columns, quantity_names=self.quantity_names)
