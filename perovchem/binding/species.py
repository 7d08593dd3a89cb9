"""One component of a cycle: its conformers read, checked, averaged by Boltzmann, and brought to its state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.binding.declared import Component, Conformer, Study
from perovchem.binding.ensemble import Part, averaged, combined, populations_of, state_parts
from perovchem.calculation import Calculation
from perovchem.errors import InputError, MissingDataError
from perovchem.gibbs import TREATMENTS, GibbsEnergy, gibbs
from perovchem.gibbs.partition import STANDARD_PRESSURE
from perovchem.provenance import InputFile
from perovchem.result import DETAIL
from perovchem.units import BOLTZMANN

_ALIKE: Final = 1e-5
"""eV between conformers that may be one minimum found twice."""

Read = Callable[[Path | Calculation, Component], Calculation]


@dataclass(frozen=True, slots=True, eq=False)
class ConformerEnergy:
    """One conformer of a component.

    Attributes
    ----------
    name : str
    gibbs : float
        As an ideal gas at 1 atm (a crystal as it is), eV per formula unit, by the headline treatment.
    relative : float
        Above the lowest one, eV.
    population : float
        By Boltzmann.
    degeneracy : float
    lowest_wavenumber : float
        1/cm, of the vibrations; NaN without.
    point_group : str
    symmetry_number : int
    spread : float
        Over the treatments, eV.
    result : GibbsEnergy
    """

    name: str
    gibbs: float
    relative: float
    population: float
    degeneracy: float
    lowest_wavenumber: float
    point_group: str
    symmetry_number: int
    spread: float
    result: GibbsEnergy = field(metadata=DETAIL, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Species:
    """A component with its Gibbs energy in its state, per formula unit.

    Attributes
    ----------
    name, role, state : str
        The state in words.
    formula : str
        Of what was computed.
    composition : mapping of str to float
        Atoms of one unit.
    charge : float
        Of one unit.
    ions : float
    values : mapping of str to float
        Gibbs energy by treatment, eV; the electronic energy where that alone is asked for.
    uncertainty : float
        eV; NaN where nothing is stated.
    choices : tuple of float
        What it would be with each conformer alone, by the headline treatment, eV.
    conformers : tuple of ConformerEnergy
    parts : tuple of Part
    notes : tuple of str
    inputs : tuple of InputFile
    calculations : tuple of (str, Calculation)
        With what each is used for: "both", "energy" or "vibrations".
    """

    name: str
    role: str
    state: str
    formula: str
    composition: Mapping[str, float]
    charge: float
    ions: float
    values: Mapping[str, float]
    uncertainty: float
    choices: tuple[float, ...]
    conformers: tuple[ConformerEnergy, ...]
    parts: tuple[Part, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    inputs: tuple[InputFile, ...] = field(default=(), metadata=DETAIL, repr=False)
    calculations: tuple[tuple[str, Calculation], ...] = field(default=(), metadata=DETAIL, repr=False)


def species_of(component: Component, study: Study, read: Read) -> Species:
    """Read a component and return its Gibbs energy.

    Raises
    ------
    InputError
        If conformers differ in composition or charge, or a state does not fit the calculation.
    MissingDataError
        If vibrations are missing.
    """
    loaded = [_loaded(component, conformer, read) for conformer in component.conformers]
    _check_alike(component, [one for one, _ in loaded])
    results = [_gibbs(component, study, one) for one, _ in loaded]
    units = component.formula_units
    degeneracies = np.array([conformer.degeneracy for conformer in component.conformers])
    treatments = ("electronic",) if study.treatment == "electronic" else TREATMENTS
    thermal = BOLTZMANN * study.temperature
    populations = {
        name: populations_of(
            np.array([one.by_treatment[name] for one in results]), degeneracies, thermal, name
        )
        for name in treatments
    }
    parts = [
        *averaged(results, populations, degeneracies, thermal, units),
        *(state_parts(component, study.temperature) if study.treatment != "electronic" else ()),
        *(
            Part(one.name, "correction" if one.kind == "energy" else "gibbs correction",
                 dict.fromkeys(treatments, one.value), one.uncertainty)
            for one in component.corrections
        ),
    ]  # fmt: skip
    values = {name: math.fsum(part.values[name] for part in parts) for name in treatments}
    share = populations[study.treatment]
    own = np.array([one.by_treatment[study.treatment] for one in results]) / units
    outside = math.fsum(
        part.values[study.treatment]
        for part in parts
        if part.kind in ("standard state", "correction", "gibbs correction")
    )
    first = loaded[0][0]
    return Species(
        name=component.name,
        role=component.role,
        state=_state_words(component),
        formula=first.formula,
        composition={symbol: number / units for symbol, number in first.composition.items()},
        charge=first.charge / units,
        ions=component.ions,
        values=values,
        uncertainty=combined(part.uncertainty for part in parts),
        choices=tuple(
            (own - thermal * np.log(degeneracies) * (study.treatment != "electronic") + outside).tolist()
        ),
        conformers=tuple(
            _conformer(result, value, own.min(), population, degeneracy, units)
            for result, value, population, degeneracy in zip(results, own, share, degeneracies, strict=True)
        ),
        parts=tuple(parts),
        notes=_notes(component, results, own),
        inputs=tuple(dict.fromkeys(file for one, other in loaded for file in _inputs(one, other))),
        calculations=tuple(_named(loaded)),
    )


def _loaded(component: Component, conformer: Conformer, read: Read) -> tuple[Calculation, Calculation | None]:
    """Return the calculation whose energy counts in the place of its own, and the one that gave that energy."""
    found = read(conformer.source, component)
    if conformer.energy is None:
        return found, None
    other = read(conformer.energy, component)
    if other.composition != found.composition or other.charge != found.charge:
        raise InputError(
            f"{component.name}: the energy is of {other.formula} ({other.charge:+d}), the vibrations of "
            f"{found.formula} ({found.charge:+d})",
            where=other.provenance.input or other.name,
            fix="give two calculations of one species",
        )
    both = replace(
        found,
        energy=other.energy,
        energy_unit=other.energy_unit,
        energy_label=other.energy_label,
        energy_su=other.energy_su,
        notes=(
            *found.notes,
            f"electronic energy from {other.name}, geometry and vibrations from {found.name}",
        ),
    )
    return both, other


def _check_alike(component: Component, calculations: list[Calculation]) -> None:
    """Refuse conformers that are not one species, and states that do not fit."""
    first = calculations[0]
    for one in calculations:
        where = one.provenance.input or one.name
        if (one.composition, one.charge, one.multiplicity) != (
            first.composition,
            first.charge,
            first.multiplicity,
        ):
            raise InputError(
                f"{component.name}: {one.name} is {one.formula} ({one.charge:+d}, multiplicity {one.multiplicity}), "
                f"{first.name} is {first.formula} ({first.charge:+d}, multiplicity {first.multiplicity})",
                where=where,
                fix="list only conformers of one species",
            )
        for what, declared, read in (
            ("charge", component.charge, one.charge),
            ("multiplicity", component.multiplicity, one.multiplicity),
        ):
            if declared is not None and declared != read:
                raise InputError(
                    f"{component.name} is declared with {what} {declared}, the file has {read}",
                    where=where,
                    fix="correct the cycle file, or give the right calculation",
                )
        if (one.periodicity == "crystal") != (component.state == "crystal"):
            raise InputError(
                f"{component.name} is declared as {component.state}, and was computed as a {one.periodicity}",
                where=where,
                fix="correct the state, or give the right calculation",
            )
        if component.formula_units > 1 and any(
            number % component.formula_units for number in one.composition.values()
        ):
            raise InputError(
                f"{component.name}: {one.formula} does not hold {component.formula_units} formula units",
                where=where,
                fix="correct formula_units",
            )


def _gibbs(component: Component, study: Study, calculation: Calculation) -> GibbsEnergy:
    try:
        return gibbs(
            calculation,
            temperature=study.temperature,
            pressure=None,
            treatment=study.treatment,
            frequency_scale=study.frequency_scale,
            cutoff=study.cutoff,
            symmetry_number=component.symmetry_number,
            stationary_point=component.stationary_point,
            invert_imaginary_below=component.invert_imaginary_below,
        )
    except (InputError, MissingDataError) as error:
        raise type(error)(f"{component.name}: {error.what}", where=error.where, fix=error.fix) from None


def _state_words(component: Component) -> str:
    if component.state == "gas":
        return f"gas, {component.pressure / STANDARD_PRESSURE:.4g} atm"
    if component.state == "crystal":
        units = component.formula_units
        return "crystal" + (f", 1 of {units} formula units" if units > 1 else "")
    words = {"solute": "solute", "ion pair": "ion pair in solution", "liquid": "neat liquid"}[component.state]
    return f"{words}, {component.concentration:g} mol/L"


def _conformer(
    result: GibbsEnergy, value: float, lowest: float, population: float, degeneracy: float, units: int
) -> ConformerEnergy:
    table = result.mode_table
    real = [
        nu
        for nu, kind in zip(table.wavenumbers, table.kinds, strict=True)
        if kind in ("vibration", "imaginary")
    ]
    return ConformerEnergy(
        name=result.name,
        gibbs=float(value),
        relative=float(value - lowest),
        population=float(population),
        degeneracy=float(degeneracy),
        lowest_wavenumber=float(min(real)) if real else math.nan,
        point_group=result.point_group,
        symmetry_number=result.symmetry_number,
        spread=result.spread / units,
        result=result,
    )


def _notes(component: Component, results: list[GibbsEnergy], own: Floats) -> tuple[str, ...]:
    """Return what must be known about a component."""
    told = (
        "the code itself",
        "twice",
        "recomputed",
        "curvature",
        "partial",
        "degeneracy",
        "electronic energy from",
    )
    notes = [
        f"{component.name}: {note}"
        for one in results
        for note in one.notes
        # a group that depends on the tolerance names the other one in parentheses
        if any(word in note for word in told) or (note.startswith("point group") and "(" in note)
    ]
    for one, other in itertools.pairwise(np.argsort(own)):
        if own[other] - own[one] < _ALIKE:
            notes.append(
                f"{component.name}: {results[one].name} and {results[other].name} agree to "
                f"{1e6 * (own[other] - own[one]):.1g} µeV: mirror images count twice, one minimum found twice does not"
            )
    notes += [
        f"{component.name}: {one.name} has imaginary modes that were inverted or left out"
        for one in results
        if "imaginary" in one.mode_table.kinds
    ]
    return tuple(dict.fromkeys(notes))


def _inputs(one: Calculation, other: Calculation | None) -> tuple[InputFile, ...]:
    return one.provenance.inputs + (() if other is None else other.provenance.inputs)


def _named(
    loaded: list[tuple[Calculation, Calculation | None]],
) -> Iterator[tuple[str, Calculation]]:
    """Yield every calculation with what it is used for, for the comparison of levels."""
    for one, other in loaded:
        if other is None:
            yield "both", one
        else:
            yield "energy", other
            yield "vibrations", one
