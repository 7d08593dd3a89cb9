"""Gibbs energies from an electronic energy and vibrations, by every treatment of the soft modes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, get_args

import numpy as np

from perovchem.calculation import Calculation
from perovchem.errors import UsageError, nearest
from perovchem.gibbs.assembly import Vibrating, assembled, energy_alone, uncertainty_of
from perovchem.gibbs.imaginary import SMALL, counted
from perovchem.gibbs.modes import Selection, select_modes
from perovchem.gibbs.result import DEFINITIONS, TREATMENTS, GibbsEnergy, Mode, Term, Treatment
from perovchem.gibbs.rigid import State, degeneracy_term, found_symmetry, is_held, rigid_terms
from perovchem.point_group import TOLERANCE

__all__ = ["TREATMENTS", "GibbsEnergy", "Mode", "Term", "gibbs"]

_LARGEST: Final = 1e12
"""Arguments stay between this and its inverse, where every term is finite."""


def gibbs(
    calculation: Calculation,
    *,
    temperature: float = 298.15,
    pressure: float | None = None,
    concentration: float | None = None,
    treatment: Treatment = "grimme",
    frequency_scale: float = 1.0,
    cutoff: float = 100.0,
    symmetry_number: int | None = None,
    tolerance: float = TOLERANCE,
    stationary_point: str = "minimum",
    invert_imaginary_below: float | None = None,
) -> GibbsEnergy:
    r"""Return E, zero-point energy, H, S and G of one species at any temperature, pressure or concentration.

    :math:`G = E + ZPE + \Delta H(0 \to T) - T S`. Molecules translate and rotate (ideal gas, rigid rotor); crystals,
    and what was held in place, only vibrate. Every treatment of the vibrations is computed, one is the headline:
    harmonic ("rrho"), Grimme's damping into free rotors [1]_ ("grimme"), that with Head-Gordon's enthalpy [2]_
    ("grimme-head-gordon"), Truhlar's raised wavenumbers [3]_ ("truhlar"), or the energy alone ("electronic").

    Parameters
    ----------
    calculation : Calculation
        What :func:`~perovchem.read_calculation` returns.
    temperature : float
        K.
    pressure : float, optional
        Pa; 1 atm by default.
    concentration : float, optional
        mol/L, instead of a pressure: an ideal solute.
    treatment : {"grimme", "rrho", "truhlar", "grimme-head-gordon", "electronic"}
    frequency_scale : float
        Multiplies every wavenumber.
    cutoff : float
        1/cm, of the quasi-harmonic treatments.
    symmetry_number : int, optional
        By default that of the point group found.
    tolerance : float
        Å, of the point group.
    stationary_point : {"minimum", "transition_state"}
        A minimum may have no imaginary mode, a transition state must have one.
    invert_imaginary_below : float, optional
        1/cm, up to 50: imaginary modes below count with their absolute value.

    Returns
    -------
    GibbsEnergy
        Energies in eV.

    Raises
    ------
    UsageError
        If an argument makes no sense.
    InputError
        If an imaginary mode is left in a minimum, or a transition state has not exactly one.
    MissingDataError
        If there are no vibrations, or nothing tells them from translations and rotations.

    References
    ----------
    .. [1] Grimme 2012, doi 10.1002/chem.201200497.
    .. [2] Li, Gomes, Mallikarjun Sharada, Bell & Head-Gordon 2015, doi 10.1021/jp509921r.
    .. [3] Ribeiro, Marenich, Cramer & Truhlar 2011, doi 10.1021/jp205508z.

    Examples
    --------
    >>> from perovchem.level_of_theory import LevelOfTheory
    >>> argon = Calculation(("Ar",), np.zeros((1, 3)), -527.0, "hartree", LevelOfTheory("ORCA"), name="argon")
    >>> found = gibbs(argon)
    >>> round(found.entropy * 96485.33, 2)  # J/(mol K); measured 154.85 at 1 bar
    154.74
    """
    _check(temperature, pressure, concentration, treatment, frequency_scale, cutoff, symmetry_number,
           stationary_point, invert_imaginary_below)  # fmt: skip
    settings: dict[str, Any] = {
        "temperature_K": temperature, "pressure_Pa": pressure, "concentration_mol_per_L": concentration,
        "treatment": treatment, "frequency_scale": frequency_scale, "cutoff_per_cm": cutoff,
        "symmetry_number": symmetry_number, "tolerance_A": tolerance, "stationary_point": stationary_point,
        "invert_imaginary_below_per_cm": invert_imaginary_below, "definitions": DEFINITIONS,
    }  # fmt: skip
    provenance = replace(calculation.provenance, settings=settings)
    state = State.of(calculation, temperature, pressure, concentration)
    if treatment == "electronic":
        return energy_alone(calculation, state, provenance)
    notes = [*calculation.notes, *state.notes]
    selection = _selection(calculation)
    where = calculation.provenance.input or calculation.name
    decided = counted(selection, stationary_point, invert_imaginary_below, where)
    modes = Vibrating.of(selection, decided, frequency_scale, temperature, cutoff)
    group, number, rigid = None, 1, []
    if calculation.periodicity == "molecule" and not is_held(calculation):
        group, number = found_symmetry(calculation, symmetry_number, tolerance, notes)
        rigid = rigid_terms(calculation, state, number, selection.linear, notes)
    rigid.append(degeneracy_term(calculation, temperature, notes))
    notes += [*selection.notes, *selection.doubts]
    return assembled(
        calculation, state, treatment, rigid, modes,
        uncertainty=uncertainty_of(calculation, modes, temperature, cutoff, treatment, frequency_scale),
        group=group, symmetry_number=number, notes=notes, provenance=provenance,
    )  # fmt: skip


def _check(
    temperature: float,
    pressure: float | None,
    concentration: float | None,
    treatment: str,
    frequency_scale: float,
    cutoff: float,
    symmetry_number: int | None,
    stationary_point: str,
    invert_below: float | None,
) -> None:
    """Refuse arguments that make no sense."""
    if pressure is not None and concentration is not None:
        raise UsageError("a pressure and a concentration are given", fix="give one of them")
    positive = {
        "temperature": temperature, "pressure": pressure, "concentration": concentration,
        "frequency scale": frequency_scale, "cutoff": cutoff, "symmetry number": symmetry_number,
        "limit of imaginary modes": invert_below,
    }  # fmt: skip
    for name, value in positive.items():
        if value is not None and not value > 0:
            raise UsageError(f"a {name} of {value:g}", fix="give a number above 0")
        if value is not None and not 1 / _LARGEST < value < _LARGEST:
            raise UsageError(
                f"a {name} of {value:g}", fix=f"give a number between {1 / _LARGEST:g} and {_LARGEST:g}"
            )
    if treatment not in get_args(Treatment):
        raise UsageError(f"there is no treatment {treatment!r}", fix=nearest(treatment, get_args(Treatment)))
    if stationary_point not in ("minimum", "transition_state"):
        raise UsageError(
            f"there is no stationary point {stationary_point!r}",
            fix=nearest(stationary_point, ("minimum", "transition_state")),
        )
    if invert_below is not None and invert_below > SMALL:
        raise UsageError(
            f"imaginary modes up to {invert_below:g} 1/cm are not small",
            fix=f"give a limit up to {SMALL:g} 1/cm; follow larger ones and optimize again",
        )


def _selection(calculation: Calculation) -> Selection:
    """Return the modes; an atom needs none."""
    if (
        calculation.vibrations is None
        and len(calculation.species) == 1
        and calculation.periodicity == "molecule"
    ):
        return Selection(np.zeros(0), np.zeros(0), [], [], False)
    return select_modes(calculation)
