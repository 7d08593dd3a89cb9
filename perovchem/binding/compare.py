"""Which cycles may be compared, how, and whether their order survives what is not known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perovchem.binding.declared import Cycle
from perovchem.binding.species import Species
from perovchem.units import KILOJOULE_PER_MOLE

SURE: Final = 1.96
"""Standard uncertainties that a difference must exceed."""
NEGLIGIBLE: Final = 1e-5
"""eV; a smaller uncertainty is that of printed digits alone, and decides nothing."""
_SIGNIFICANT: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """One cycle against another: the balanced reaction that is their difference.

    Attributes
    ----------
    name, reference : str
    equation : str
        From the reference to the other.
    difference : float
        ΔG of ``name`` minus ΔG of ``reference``, eV.
    uncertainty : float
        eV; what stands alike in both cancels. NaN where nothing is stated.
    per_treatment : mapping of str to float
        eV.
    conformer_range : tuple of float
        Lowest and highest with any one conformer of each component that does not cancel, eV.
    survives_treatments : bool or None
        Whether the sign is the same by all treatments; None where there is one only.
    survives_conformers : bool or None
        Whether it is with any choice of conformers; None where there is no choice.
    survives_uncertainties : bool or None
        None where no uncertainty is stated.
    """

    name: str
    reference: str
    equation: str
    difference: float
    uncertainty: float
    per_treatment: Mapping[str, float]
    conformer_range: tuple[float, float]
    survives_treatments: bool | None
    survives_conformers: bool | None
    survives_uncertainties: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Cycles of one stoichiometry in order.

    Attributes
    ----------
    stoichiometry : str
        With roles in the place of names.
    order : tuple of str
        Most negative first.
    order_by_treatment : mapping of str to tuple of str
    neighbors : tuple of Difference
        Each cycle against the one before it.
    survives_treatments, survives_conformers, survives_uncertainties : bool or None
        Whether every neighboring difference does.
    sentence : str
    """

    stoichiometry: str
    order: tuple[str, ...]
    order_by_treatment: Mapping[str, tuple[str, ...]]
    neighbors: tuple[Difference, ...]
    survives_treatments: bool | None
    survives_conformers: bool | None
    survives_uncertainties: bool | None
    sentence: str


def stoichiometry(cycle: Cycle, species: Mapping[str, Species]) -> str:
    """Return the equation of a cycle with roles in the place of names, sorted."""
    sides = []
    for side in (cycle.reactants, cycle.products):
        amounts: dict[str, float] = {}
        for name, number in side.items():
            amounts[species[name].role] = amounts.get(species[name].role, 0.0) + number
        sides.append(_side({role: amounts[role] for role in sorted(amounts)}))
    return " -> ".join(sides)


def equation(cycle: Cycle) -> str:
    """Return the equation of a cycle."""
    return f"{_side(cycle.reactants)} -> {_side(cycle.products)}"


def net_coefficients(cycle: Cycle, reference: Cycle) -> dict[str, float]:
    """Return the coefficients of a cycle minus those of another; what cancels is left out."""
    found = dict(cycle.coefficients)
    for name, number in reference.coefficients.items():
        found[name] = found.get(name, 0.0) - number
    return {name: number for name, number in found.items() if abs(number) > 1e-9}


def exchange_equation(cycle: Cycle, reference: Cycle) -> str:
    """Return the balanced exchange reaction that leads from one cycle to another."""
    net = net_coefficients(cycle, reference)
    left = {name: -number for name, number in net.items() if number < 0}
    right = {name: number for name, number in net.items() if number > 0}
    return f"{_side(left) or 'nothing'} -> {_side(right) or 'nothing'}"


def difference(cycle: Cycle, reference: Cycle, species: Mapping[str, Species], treatment: str) -> Difference:
    """Return one cycle against another."""
    net = net_coefficients(cycle, reference)
    corrections = math.fsum(one.value for one in cycle.corrections) - math.fsum(
        one.value for one in reference.corrections
    )
    treatments = next(iter(species.values())).values
    values = {
        name: math.fsum(number * species[one].values[name] for one, number in net.items()) + corrections
        for name in treatments
    }
    parts = [(number, species[name].uncertainty) for name, number in net.items()]
    parts += [(1.0, one.uncertainty) for one in (*cycle.corrections, *reference.corrections)]
    known = [number * value for number, value in parts if not math.isnan(value)]
    uncertainty = math.hypot(*known) if known else math.nan
    ends = conformer_range(net, species, corrections)
    choice = any(len(species[name].choices) > 1 for name in net)
    here = values[treatment]
    return Difference(
        name=cycle.name,
        reference=reference.name,
        equation=exchange_equation(cycle, reference),
        difference=here,
        uncertainty=uncertainty,
        per_treatment=values,
        conformer_range=ends,
        survives_treatments=None if len(values) == 1 else all(value * here > 0 for value in values.values()),
        survives_conformers=ends[0] * ends[1] > 0 if choice else None,
        survives_uncertainties=None if not uncertainty > NEGLIGIBLE else abs(here) > SURE * uncertainty,
    )


def conformer_range(
    coefficients: Mapping[str, float], species: Mapping[str, Species], corrections: float
) -> tuple[float, float]:
    """Return lowest and highest sum with any one conformer of each component."""
    low = high = corrections
    for name, number in coefficients.items():
        ends = sorted((number * min(species[name].choices), number * max(species[name].choices)))
        low, high = low + ends[0], high + ends[1]
    return low, high


def rank(cycles: Sequence[Cycle], species: Mapping[str, Species], treatment: str) -> Ranking:
    """Return cycles of one stoichiometry in order, and whether that order survives."""
    treatments = next(iter(species.values())).values
    orders = {name: _order(cycles, species, name) for name in treatments}
    order = orders[treatment]
    neighbors = tuple(
        difference(above, below, species, treatment) for below, above in itertools.pairwise(order)
    )
    survives = [
        _all([getattr(one, f"survives_{what}") for one in neighbors])
        for what in ("treatments", "conformers", "uncertainties")
    ]
    names = {name: tuple(cycle.name for cycle in found) for name, found in orders.items()}
    return Ranking(
        stoichiometry=stoichiometry(cycles[0], species),
        order=names[treatment],
        order_by_treatment=names,
        neighbors=neighbors,
        survives_treatments=survives[0],
        survives_conformers=survives[1],
        survives_uncertainties=survives[2],
        sentence=_sentence(names, treatment, neighbors, survives),
    )


def rankings(
    cycles: Mapping[str, Cycle], species: Mapping[str, Species], treatment: str
) -> tuple[Ranking, ...]:
    """Return one ranking for every stoichiometry that several cycles share."""
    groups: dict[str, list[Cycle]] = {}
    for cycle in cycles.values():
        groups.setdefault(stoichiometry(cycle, species), []).append(cycle)
    return tuple(rank(group, species, treatment) for group in groups.values() if len(group) > 1)


def exchanges(
    cycles: Mapping[str, Cycle], species: Mapping[str, Species], reference: str, treatment: str
) -> tuple[Difference, ...]:
    """Return every cycle of another stoichiometry than the reference against it."""
    base = cycles[reference]
    same = stoichiometry(base, species)
    return tuple(
        difference(cycle, base, species, treatment)
        for cycle in cycles.values()
        if cycle.name != reference and stoichiometry(cycle, species) != same
    )


def _order(cycles: Sequence[Cycle], species: Mapping[str, Species], treatment: str) -> list[Cycle]:
    """Return cycles by their value, most negative first; equal ones by name."""

    def value(cycle: Cycle) -> float:
        of_species = [number * species[name].values[treatment] for name, number in cycle.coefficients.items()]
        return math.fsum([*of_species, *(one.value for one in cycle.corrections)])

    return sorted(cycles, key=lambda cycle: (round(value(cycle), 9), cycle.name))


def _all(values: Sequence[bool | None]) -> bool | None:
    """Return False if any is, None if any is not known, else True."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def _sentence(
    orders: Mapping[str, tuple[str, ...]],
    treatment: str,
    neighbors: Sequence[Difference],
    survives: Sequence[bool | None],
) -> str:
    """Return the order in words, and what it survives."""
    what = "ΔE" if treatment == "electronic" else f"ΔG ({treatment})"
    parts = [f"{' < '.join(orders[treatment])} by {what}"]
    if survives[0] is False:
        others = {order: name for name, order in orders.items() if order != orders[treatment]}
        listed = "; ".join(f"{name}: {' < '.join(order)}" for order, name in others.items())
        parts.append(
            f"the order depends on the treatment ({listed})" if others else "two are equal by one treatment"
        )
    elif survives[0]:
        parts.append("all treatments give this order")
    if survives[1] is False:
        turned = [one for one in neighbors if one.survives_conformers is False]
        listed = ", ".join(
            f"{one.reference}/{one.name} {one.conformer_range[0] / KILOJOULE_PER_MOLE:+.1f} to "
            f"{one.conformer_range[1] / KILOJOULE_PER_MOLE:+.1f} kJ/mol"
            for one in turned
        )
        parts.append(f"the choice of conformers alone can turn {listed}")
    elif survives[1]:
        parts.append("no choice of conformers turns it")
    if survives[2] is False:
        weak = ", ".join(
            f"{one.reference}/{one.name} {one.difference / KILOJOULE_PER_MOLE:.1f} ± "
            f"{one.uncertainty / KILOJOULE_PER_MOLE:.1f} kJ/mol"
            for one in neighbors
            if one.survives_uncertainties is False
        )
        parts.append(f"within the stated uncertainties it is undecided for {weak}")
    elif survives[2]:
        parts.append("it is outside the stated uncertainties, which hold no error of the method")
    else:
        parts.append("no uncertainty is stated beyond printed digits")
    return "; ".join(parts)


def _side(side: Mapping[str, float]) -> str:
    """Return "CsCl + 6 DMSO"."""
    return " + ".join(
        name if number == 1 else f"{number:.{_SIGNIFICANT}g} {name}" for name, number in side.items()
    )
