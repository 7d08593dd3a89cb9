"""Gibbs energies of binding from declared cycles: balanced, at one level of theory, with their spread."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from perovchem.binding.compare import (
    Difference,
    Ranking,
    conformer_range,
    equation,
    exchanges,
    rankings,
    stoichiometry,
)
from perovchem.binding.declared import Component, Cycle, Study, declared
from perovchem.binding.ensemble import KINDS
from perovchem.binding.levels import check_levels
from perovchem.binding.result import DEFINITIONS, Binding, Contribution, CycleEnergy
from perovchem.binding.species import Read, Species, species_of
from perovchem.calculation import Calculation
from perovchem.errors import FormatError, InputError
from perovchem.progress import tell
from perovchem.result import Provenance

__all__ = ["Binding", "Difference", "Ranking", "binding"]

_BALANCED: Final = 1e-6
"""Atoms and charges by which a cycle may fail to balance: rounding of fractions such as 1/3."""


def binding(
    source: str | Path | Mapping[str, Any],
    *,
    temperature: float | None = None,
    treatment: str | None = None,
) -> Binding:
    r"""Return ΔE, ΔH, TΔS and ΔG of every cycle that a file declares, their ranking, and whether it can be trusted.

    :math:`\Delta G = \sum_{products} \nu G - \sum_{reactants} \nu G`, each component in its declared state and as
    the Boltzmann sum :math:`-kT \ln \sum_i g_i e^{-G_i/kT}` over its conformers.

    Parameters
    ----------
    source : path or mapping
        A cycle file (TOML), or what it holds; a mapping may have Calculation objects in the place of files.
    temperature : float, optional
        K, in the place of the declared one.
    treatment : str, optional
        Likewise; see :func:`~perovchem.gibbs`.

    Returns
    -------
    Binding

    Raises
    ------
    FormatError
        If the file declares something unknown, or a cycle does not balance: with the element and by how much.
    InputError
        If levels of theory differ, a species stands there twice, a calculation is not converged, or an imaginary
        mode is left in a minimum.
    MissingDataError
        If vibrations are missing.

    Examples
    --------
    >>> import numpy as np
    >>> from perovchem.level_of_theory import LevelOfTheory
    >>> def atom(symbols, energy, name):
    ...     places = np.arange(3.0 * len(symbols)).reshape(-1, 3)
    ...     return Calculation(symbols, places, energy, "eV", LevelOfTheory("VASP"), name=name)
    >>> study = {
    ...     "treatment": "electronic",
    ...     "components": {
    ...         "Cs": {"state": "gas", "files": [atom(("Cs",), -1.0, "Cs")]},
    ...         "Cl": {"state": "gas", "files": [atom(("Cl",), -2.0, "Cl")]},
    ...         "CsCl": {"state": "gas", "files": [atom(("Cs", "Cl"), -7.5, "CsCl")]},
    ...     },
    ...     "cycles": {"pair": {"reactants": {"Cs": 1, "Cl": 1}, "products": {"CsCl": 1}}},
    ... }
    >>> round(binding(study).row("pair").delta_e, 6)  # eV
    -4.5
    """
    study = declared(source)
    changes: dict[str, Any] = {}
    if temperature is not None:
        changes["temperature"] = temperature
    if treatment is not None:
        changes["treatment"] = treatment
    study = replace(study, **changes)
    read = _reader()
    species: dict[str, Species] = {}
    for place, (name, component) in enumerate(study.components.items(), 1):
        species[name] = species_of(component, study, read)
        tell("species", place, len(study.components))
    _check_twice(study, species)
    for cycle in study.cycles.values():
        _check_balance(cycle, species, study.where)
    overridden, notes = check_levels(species, study)
    reference = study.reference or min(
        study.cycles, key=lambda name: math.fsum(map(abs, study.cycles[name].coefficients.values()))
    )
    every = (*study.notes, *notes, *(note for one in species.values() for note in one.notes))
    return Binding(
        title=study.title,
        treatment=study.treatment,
        temperature=study.temperature,
        rows=tuple(_row(cycle, species, study.treatment) for cycle in study.cycles.values()),
        ranking=rankings(study.cycles, species, study.treatment),
        exchanges=exchanges(study.cycles, species, reference, study.treatment),
        reference=reference,
        components=tuple(species.values()),
        overridden=overridden,
        notes=tuple(dict.fromkeys(every)),
        declared=study.cycles,
        provenance=Provenance(
            input=study.where,
            inputs=_files(study, species),
            settings={
                "temperature_K": study.temperature, "treatment": study.treatment, "cutoff_per_cm": study.cutoff,
                "frequency_scale": study.frequency_scale, "override": study.override, "reference": reference,
                "definitions": DEFINITIONS,
            },
            warnings=overridden,
        ),
    )  # fmt: skip


def _reader() -> Read:
    """Return what reads a calculation with the charge and multiplicity that a component declares."""

    def read(source: Path | Calculation, component: Component) -> Calculation:
        if isinstance(source, Calculation):
            return source
        if not os.path.exists(source):
            raise InputError(
                f"no such file, for the component {component.name}",
                where=str(source),
                fix="check the path, or have the species computed: perovchem compute SPECIES.toml",
            )
        from perovchem.calculation_reading import read_calculation

        # where a plane-wave code does not say the charge the declaration counts, elsewhere it must agree
        found = read_calculation(source)
        silent = found.level.code in ("VASP", "CASTEP")
        if not silent:
            return found
        unsaid = any("does not say its charge" in note for note in found.notes)
        return replace(
            found,
            charge=component.charge if component.charge is not None and unsaid else found.charge,
            multiplicity=found.multiplicity if component.multiplicity is None else component.multiplicity,
        )

    return read


def _check_twice(study: Study, species: Mapping[str, Species]) -> None:
    """Refuse a calculation that stands there twice: the same object, or files with the same content."""
    seen: dict[object, str] = {}
    for name, component in study.components.items():
        found = iter(species[name].calculations)
        for conformer in component.conformers:
            sources = [conformer.source] if conformer.energy is None else [conformer.energy, conformer.source]
            for source, (_, calculation) in zip(sources, found, strict=False):
                inputs = calculation.provenance.inputs
                key: object = id(source) if isinstance(source, Calculation) else inputs[0].sha256
                place = f"{name}: {source.name}"
                if key in seen:
                    raise InputError(
                        f"one calculation stands there twice, as {seen[key]} and as {place}",
                        where=study.where,
                        fix="name each species and conformer once; mirror images count by degeneracy = 2",
                    )
                seen[key] = place


def _check_balance(cycle: Cycle, species: Mapping[str, Species], where: str) -> None:
    """Refuse a cycle whose elements or charge differ between left and right: with the element and by how much."""
    sides: list[dict[str, float]] = []
    for side in (cycle.reactants, cycle.products):
        amounts: dict[str, float] = {}
        for name, number in side.items():
            for symbol, atoms in (*species[name].composition.items(), ("charge", species[name].charge)):
                amounts[symbol] = amounts.get(symbol, 0.0) + number * atoms
        sides.append(amounts)
    left, right = sides
    wrong = [
        f"{symbol}: {left.get(symbol, 0.0):{sign}g} on the left, {right.get(symbol, 0.0):{sign}g} on the right "
        f"({right.get(symbol, 0.0) - left.get(symbol, 0.0):+g})"
        for symbol in dict.fromkeys((*left, *right))
        for sign in ("+" if symbol == "charge" else "",)
        if abs(left.get(symbol, 0.0) - right.get(symbol, 0.0)) > _BALANCED
    ]
    if wrong:
        raise FormatError(
            f"cycle {cycle.name} ({equation(cycle)}) does not balance: {'; '.join(wrong)}",
            where=where,
            fix="correct the coefficients, formula_units or files",
        )


def _row(cycle: Cycle, species: Mapping[str, Species], treatment: str) -> CycleEnergy:
    """Return one cycle: its terms and their sums."""
    contributions = [
        Contribution(
            name,
            part.name,
            part.kind,
            number,
            number * part.values[treatment],
            abs(number) * part.uncertainty,
        )
        for name, number in cycle.coefficients.items()
        for part in species[name].parts
    ]
    contributions += [
        Contribution("", one.name, "correction" if one.kind == "energy" else "gibbs correction", 1.0, one.value,
                     one.uncertainty)
        for one in cycle.corrections
    ]  # fmt: skip
    contributions.sort(key=lambda one: KINDS.index(one.kind))
    sums = {kind: math.fsum(one.value for one in contributions if one.kind == kind) for kind in KINDS}
    of_cycle = math.fsum(one.value for one in cycle.corrections)
    treatments = next(iter(species.values())).values
    per_treatment = {
        name: math.fsum(number * species[one].values[name] for one, number in cycle.coefficients.items())
        + of_cycle
        for name in treatments
    }
    delta_e = sums["energy"] + sums["correction"]
    value = per_treatment[treatment]
    alone = treatment == "electronic"
    delta_h = math.nan if alone else delta_e + sums["zero-point"] + sums["thermal"]
    known = [one.uncertainty for one in contributions if not math.isnan(one.uncertainty)]
    ions = math.fsum(number * species[name].ions for name, number in cycle.reactants.items())
    return CycleEnergy(
        name=cycle.name,
        equation=equation(cycle),
        stoichiometry=stoichiometry(cycle, species),
        delta_e=delta_e,
        delta_zpe=math.nan if alone else sums["zero-point"],
        delta_h=delta_h,
        t_delta_s=math.nan if alone else -(sums["entropy"] + sums["conformers"] + sums["standard state"]),
        delta_g=math.nan if alone else value,
        uncertainty=math.hypot(*known) if known else math.nan,
        spread=max(per_treatment.values()) - min(per_treatment.values()),
        per_treatment=per_treatment,
        n_ions=ions,
        per_ion=value / ions if ions else math.nan,
        conformer_range=conformer_range(cycle.coefficients, species, of_cycle),
        contributions=tuple(contributions),
    )


def _files(study: Study, species: Mapping[str, Species]) -> tuple[Any, ...]:
    """Return the cycle file and all that were read, with their checksums."""
    from perovchem.provenance import input_files

    own = input_files([Path(study.where)]) if study.where else ()
    return tuple(dict.fromkeys((*own, *(file for one in species.values() for file in one.inputs))))
