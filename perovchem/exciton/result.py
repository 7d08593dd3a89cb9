"""Exciton: two masses and a permittivity, and what hydrogen's formulas make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np
from scipy import constants

from perovchem.arrays import Floats
from perovchem.errors import UsageError
from perovchem.result import Provenance, Result, dataframe
from perovchem.units import BOHR

if TYPE_CHECKING:
    import pandas as pd

Screening = Literal["optical", "static"]

RYDBERG: Final = 1000 * constants.physical_constants["Rydberg constant times hc in eV"][0]
"""meV."""


@dataclass(frozen=True)
class CarrierMass:
    """The one mass of a carrier that the exciton is made of.

    Attributes
    ----------
    carrier : "electron" or "hole"
    mass, mass_su : float
        m0; the uncertainty is one standard error, NaN where none is known.
    rule : str
        How it was chosen: "given", "conductivity mass of the tensor", "harmonic mean of 3 arms: R-Γ, R-X, R-M".
    """

    carrier: Literal["electron", "hole"]
    mass: float
    mass_su: float
    rule: str


@dataclass(frozen=True)
class ExcitonPair:
    """What one arm of the electrons and one of the holes would give, as if each were the mass in all directions.

    Attributes
    ----------
    electron, hole : str
        Which ones: "band 25, R-Γ".
    electron_mass, hole_mass, reduced_mass : float
        m0.
    binding_energy, bohr_radius : float
        meV, Å.
    """

    electron: str
    hole: str
    electron_mass: float
    hole_mass: float
    reduced_mass: float
    binding_energy: float
    bohr_radius: float


@dataclass(frozen=True)
class Exciton(Result):
    """A Wannier-Mott exciton: hydrogen with a reduced mass, in a dielectric.

    Attributes
    ----------
    electron, hole : CarrierMass
    reduced_mass, reduced_mass_su : float
        m_e m_h / (m_e + m_h), m0.
    permittivity, permittivity_su : float
        The number that screens: the geometric mean of the principal values of the tensor.
    permittivity_principal : float64 (3,)
        Principal values, ascending; all the same where one number was given.
    screening : "optical" or "static"
        Whether the electrons alone screen, or the ions too.
    permittivity_source : str
        Where it stood: "given", or the file.
    binding_energy, binding_energy_su : float
        meV; of the lowest state.
    bohr_radius, bohr_radius_su : float
        Å.
    pairs : tuple of ExcitonPair
        Every arm of one carrier with every arm of the other: how far the choice of masses matters.
    notes : tuple of str
    provenance : Provenance

    Examples
    --------
    >>> import perovchem as pc
    >>> found = pc.exciton(electron=0.11, hole=0.24, dielectric=4.6)
    >>> found
    <Exciton: reduced mass 0.0754 m0, optical permittivity 4.60, bound by 48.5 meV, Bohr radius 32.3 Å>
    >>> round(found.permittivity_for(49.0), 2)  # the permittivity that 49 meV needs
    4.58
    """

    electron: CarrierMass
    hole: CarrierMass
    reduced_mass: float
    reduced_mass_su: float
    permittivity: float
    permittivity_su: float
    permittivity_principal: Floats
    screening: Screening
    permittivity_source: str
    binding_energy: float
    binding_energy_su: float
    bohr_radius: float
    bohr_radius_su: float
    pairs: tuple[ExcitonPair, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    command: ClassVar[str] = "exciton"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "mass": "effective_mass",
        "mass_su": "effective_mass",
        "electron_mass": "effective_mass",
        "hole_mass": "effective_mass",
        "reduced_mass": "reduced_mass",
        "reduced_mass_su": "reduced_mass",
        "permittivity": "permittivity",
        "permittivity_su": "permittivity",
        "permittivity_principal": "permittivity",
        "binding_energy": "exciton_binding_energy",
        "binding_energy_su": "exciton_binding_energy",
        "bohr_radius": "exciton_bohr_radius",
        "bohr_radius_su": "exciton_bohr_radius",
    }

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<Exciton: reduced mass {self.reduced_mass:.4f} m0, {self.screening} permittivity "
            f"{self.permittivity:.2f}, bound by {self.binding_energy:.1f} meV, Bohr radius {self.bohr_radius:.1f} Å>"
        )

    def permittivity_for(self, binding_energy: float) -> float:
        """Return the permittivity with which these masses give a binding energy.

        Parameters
        ----------
        binding_energy : float
            meV, as measured.

        Returns
        -------
        float
            sqrt(13605.7 meV µ / E_b).
        """
        if not (math.isfinite(binding_energy) and binding_energy > 0):
            raise UsageError("a binding energy is above 0", fix="give it in meV")
        return math.sqrt(RYDBERG * self.reduced_mass / binding_energy)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row for the exciton itself and one for each pair of arms."""
        rows = [
            ExcitonPair(
                self.electron.rule, self.hole.rule, self.electron.mass, self.hole.mass,
                self.reduced_mass, self.binding_energy, self.bohr_radius,
            ),
            *self.pairs,
        ]  # fmt: skip
        names = list(ExcitonPair.__dataclass_fields__)
        shown = [name for name in names if name in self.quantity_names]
        return dataframe(
            {name: [getattr(row, name) for row in rows] for name in names},
            quantity_names={name: self.quantity_names[name] for name in shown},
        )


def hydrogen(electron: float, hole: float, permittivity: float) -> tuple[float, float, float]:
    """Return reduced mass (m0), binding energy (meV) and Bohr radius (Å)."""
    reduced = electron * hole / (electron + hole)
    return reduced, RYDBERG * reduced / permittivity**2, BOHR * permittivity / reduced


def combined(*parts: float) -> float:
    """Return independent parts of an uncertainty together; NaN where one is unknown."""
    return float(np.sqrt(np.sum(np.square(parts))))
