"""What a material is to photons: elements by mass, a density that is known, and numbers that sum it up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.attenuation.tables import element_density
from perovchem.crystal import Crystal
from perovchem.elements import atomic_number, element
from perovchem.errors import MissingDataError, UsageError
from perovchem.formula_text import element_amounts

LARGEST_DENSITY: Final = 30.0
"""g/cm3: no solid is denser at ordinary pressure."""
MAYNEORD: Final = 2.94


@dataclass(frozen=True)
class EffectiveNumbers:
    """Z and A of a compound, for scaling laws; the definitions differ, so all are given.

    Attributes
    ----------
    photoelectric : float
        (Σ n Z⁴ / Σ n)^(1/4) over atoms: with ``mean_mass`` it makes Z_eff⁴/(A E³) additive, as cross-sections are.
    by_mass : float
        (Σ w Z⁴)^(1/4), w parts by mass.
    mayneord : float
        (Σ f Z^2.94)^(1/2.94), f parts of the electrons: usual in dosimetry.
    mean_mass : float
        Σ n A / Σ n over atoms, u.
    """

    photoelectric: float
    by_mass: float
    mayneord: float
    mean_mass: float

    def scaling(self, energy: float) -> float:
        """Return Z_eff⁴/(A E³) with the photoelectric Z_eff, 1/(u keV3).

        Per mass and between edges, photoabsorption goes about as this; edges it does not know.
        """
        return self.photoelectric**4 / (self.mean_mass * energy**3)


@dataclass(frozen=True)
class Material:
    """Elements and density.

    Attributes
    ----------
    name : str
    atoms : mapping of str to float
        Of each element in a formula unit.
    density : float
        g/cm3.
    density_source : str
        "given", or where it comes from.
    notes : tuple of str
    """

    name: str
    atoms: Mapping[str, float]
    density: float
    density_source: str
    notes: tuple[str, ...] = ()

    @property
    def mass_fractions(self) -> dict[str, float]:
        """Part of each element by mass."""
        masses = {symbol: number * element(symbol).mass for symbol, number in self.atoms.items()}
        total = math.fsum(masses.values())
        return {symbol: mass / total for symbol, mass in masses.items()}

    @property
    def effective(self) -> EffectiveNumbers:
        """Effective numbers."""
        numbers = np.array([atomic_number(symbol) for symbol in self.atoms], float)
        atoms = np.array([*self.atoms.values()])
        masses = np.array([element(symbol).mass for symbol in self.atoms])
        part, electrons = atoms / atoms.sum(), atoms * numbers / (atoms @ numbers)
        by_mass = atoms * masses / (atoms @ masses)
        return EffectiveNumbers(
            float((part @ numbers**4) ** 0.25),
            float((by_mass @ numbers**4) ** 0.25),
            float((electrons @ numbers**MAYNEORD) ** (1 / MAYNEORD)),
            float(part @ masses),
        )


def material(
    source: str | Mapping[str, float] | Crystal | Material, *, density: float | None = None
) -> Material:
    """Return a material from a formula, atoms by element, or a crystal.

    Parameters
    ----------
    source : str, mapping of str to float, Crystal, or Material
        A Material passes through, with the density that is given for it.
    density : float, optional
        g/cm3. Of a crystal it follows from the cell; of anything else it must be given.

    Raises
    ------
    UsageError
        If formula or density make no sense, or the density is missing.
    MissingDataError
        If a crystal's list of atoms is empty.
    """
    if isinstance(source, Material) and density is None:
        return source
    notes: list[str] = []
    if isinstance(source, Material):
        source = source.atoms
    if isinstance(source, Crystal):
        name, atoms = source.formula, dict(source.composition)
        if density is None:
            density, origin = source.density, f"from the cell of {source.provenance.input or name}"
        else:
            origin = "given"
            if abs(density / source.density - 1) > 0.05:
                notes.append(
                    f"the cell has a density of {source.density:.4g} g/cm3, {density:g} is taken as given"
                )
    else:
        if isinstance(source, str):
            atoms, short = element_amounts(source)
            name = source
            notes += [f"{key} is read as {formula}" for key, formula in short.items() if key not in _OBVIOUS]
        else:
            atoms = {str(symbol): float(number) for symbol, number in source.items()}
            name = "".join(f"{symbol}{number:g}" for symbol, number in atoms.items())
            for symbol, number in atoms.items():
                element(symbol)
                if not (math.isfinite(number) and number > 0):
                    raise UsageError(f"{number:g} atoms of {symbol}", fix="give a number above 0")
        origin = "given"
    if not atoms:
        raise MissingDataError("a material without atoms", fix="give a formula")
    if density is None:
        raise UsageError(
            f"the density of {name} is not known", fix="give it in g/cm3, or a structure, whose cell has one"
        )
    if not (math.isfinite(density) and 0 < density <= LARGEST_DENSITY):
        raise UsageError(
            f"a density of {density:g} g/cm3", fix=f"give it in g/cm3, above 0 and to {LARGEST_DENSITY:g}"
        )
    return Material(name, atoms, float(density), origin, tuple(notes))


_OBVIOUS: Final = ("MA", "FA")


@dataclass(frozen=True)
class Filter:
    """A sheet that photons cross before they come to the material.

    Attributes
    ----------
    formula : str
    thickness : float
        mm.
    density : float or None
        g/cm3; None for that of the element.
    """

    formula: str
    thickness: float
    density: float | None = None

    def material(self) -> Material:
        """Return what it is made of; the density of an element is that of the table."""
        density, source = self.density, "given"
        if density is None:
            atoms, _ = element_amounts(self.formula)
            if len(atoms) > 1:
                raise UsageError(
                    f"the density of the filter {self.formula} is not known",
                    fix=f"give it, as {self.formula}:{self.thickness:g}:DENSITY in g/cm3",
                )
            density, source = element_density(next(iter(atoms))), "of the element, as xraydb holds it"
        found = material(self.formula, density=density)
        return Material(found.name, found.atoms, found.density, source)

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.thickness:g} mm {self.formula} ({self.material().density:g} g/cm3)"
