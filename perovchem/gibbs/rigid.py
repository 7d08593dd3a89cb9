"""What a species has beside its vibrations: a state, masses, symmetry, translation, rotation, degeneracy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation
from perovchem.elements import element
from perovchem.errors import MissingDataError, UsageError
from perovchem.gibbs import partition
from perovchem.gibbs.result import Term
from perovchem.point_group import TIGHT, PointGroup, point_group
from perovchem.units import BOLTZMANN

_KINDS_APART: Final = 0.1
"""u; atoms of one element whose masses differ by more are different isotopes."""
_SMALLEST_MOMENT: Final = 1e-6
"""u Å2; a molecule below has its atoms in one place."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a species is: an ideal gas, an ideal solute, or a crystal.

    Attributes
    ----------
    temperature : float
        K.
    pressure, concentration : float
        Pa, mol/L; NaN for what only vibrates.
    words : str
    notes : tuple of str
    """

    temperature: float
    pressure: float
    concentration: float
    words: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, calculation: Calculation, temperature: float, pressure: float | None, concentration: float | None
    ) -> State:
        """Return the state of a calculation."""
        if calculation.periodicity == "crystal" or is_held(calculation):
            what = "crystal" if calculation.periodicity == "crystal" else "held in place"
            words = f"{what}: no translation, rotation or pV"
            unused = ("pressure and concentration do not enter",) if (pressure or concentration) else ()
            return cls(temperature, math.nan, math.nan, words, unused)
        if concentration is not None:
            return cls(
                temperature,
                partition.pressure_of(concentration, temperature),
                concentration,
                f"{concentration:g} mol/L, ideal",
            )
        given = partition.STANDARD_PRESSURE if pressure is None else pressure
        atmospheres = given / partition.STANDARD_PRESSURE
        words = f"ideal gas at {atmospheres:.6g} atm" if abs(given - 1e5) > 1 else "ideal gas at 1 bar"
        return cls(temperature, given, given / partition.pressure_of(1.0, temperature), words)


def is_held(calculation: Calculation) -> bool:
    """Return whether only part of the atoms was moved."""
    vibrations = calculation.vibrations
    return vibrations is not None and 0 < len(vibrations.moved) < len(calculation.species)


def _masses(calculation: Calculation, notes: list[str] | None = None) -> Floats:
    """Return the masses that the code used, else standard atomic weights; and say which."""
    standard = np.array([element(symbol).mass for symbol in calculation.species])
    if calculation.vibrations is None:
        words, masses = "standard atomic weights", standard
    else:
        masses = calculation.vibrations.masses
        used = {
            symbol: f"{symbol} {mass:.4f}"
            for symbol, mass, usual in zip(calculation.species, masses, standard, strict=True)
            if abs(mass - usual) > 0.005
        }
        words = "standard atomic weights, as the code used them"
        if used:
            words = f"as the code used them; not standard atomic weights: {', '.join(used.values())}"
    if notes is not None:
        notes.append(f"masses: {words}")
    return np.asarray(masses)


def found_symmetry(
    calculation: Calculation, given: int | None, tolerance: float, notes: list[str]
) -> tuple[PointGroup | None, int]:
    """Return point group and the symmetry number that counts; say where others differ."""
    masses = _masses(calculation)
    # isotopes are told apart, the printed digits of a mass are not
    kinds = [
        f"{symbol}{round(mass / _KINDS_APART)}"
        for symbol, mass in zip(calculation.species, masses, strict=True)
    ]
    try:
        found = point_group(kinds, calculation.positions, tolerance=tolerance)
    except UsageError:
        if given is None:
            raise
        return None, given
    number = found.symmetry_number if given is None else given
    if len(kinds) == 1:
        return found, number
    tight = point_group(kinds, calculation.positions, tolerance=min(TIGHT, tolerance))
    words = (
        f"point group {found.symbol} within {found.tolerance:.3g} Å, symmetry number {found.symmetry_number}"
    )
    if tight.symbol != found.symbol:
        words += f" ({tight.symbol} and {tight.symmetry_number} within {tight.tolerance:.2g} Å)"
    if given is not None and given != found.symmetry_number:
        words += f"; {given} was given and counts"
    notes.append(words)
    if calculation.symmetry_number not in (0, number):
        notes.append(
            f"the code itself used symmetry number {calculation.symmetry_number}: with {number} G changes by "
            f"kT ln({number}/{calculation.symmetry_number})"
        )
    return found, number


def rigid_terms(
    calculation: Calculation, state: State, symmetry_number: int, linear: bool, notes: list[str]
) -> list[Term]:
    """Return translation and rotation."""
    masses = _masses(calculation, notes)
    temperature = state.temperature
    shift = partition.translation(float(masses.sum()), temperature, state.pressure)
    terms = [Term("translation", *shift, shift[0] - temperature * shift[1])]
    if len(masses) > 1:
        moments = partition.moments_of_inertia(masses, calculation.positions)[0]
        if moments[-2] < _SMALLEST_MOMENT:
            raise MissingDataError(
                "the atoms lie in one place",
                where=calculation.provenance.input or calculation.name,
                fix="give the geometry",
            )
        turn = partition.rotation(moments, temperature, symmetry_number, linear=linear)
        terms.append(Term("rotation", *turn, turn[0] - temperature * turn[1]))
    return terms


def degeneracy_term(calculation: Calculation, temperature: float, notes: list[str]) -> Term:
    """Return k ln g of the electronic ground state."""
    number = calculation.electronic_degeneracy
    if not number:
        number = calculation.multiplicity
        if calculation.periodicity == "crystal" and number > 1:
            notes.append(
                f"the electronic degeneracy of a crystal is taken as 1, not as its multiplicity {number}"
            )
            number = 1
    entropy = BOLTZMANN * math.log(number)
    return Term("electronic degeneracy", 0.0, entropy, 0.0 - temperature * entropy)
