"""Conformers as one ensemble: Boltzmann's populations, the terms of their mean, and the way to a standard state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp, xlogy

from perovchem.arrays import Floats
from perovchem.binding.declared import Component
from perovchem.gibbs import TREATMENTS, GibbsEnergy
from perovchem.gibbs.partition import STANDARD_PRESSURE, pressure_of
from perovchem.units import BOLTZMANN

#: Kinds of terms, in the order in which a waterfall shows them.
KINDS: Final = (
    "energy",
    "zero-point",
    "thermal",
    "entropy",
    "conformers",
    "standard state",
    "correction",
    "gibbs correction",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a component, per formula unit.

    Attributes
    ----------
    name : str
    kind : str
        One of :data:`KINDS`.
    values : mapping of str to float
        By treatment, eV.
    uncertainty : float
        eV; NaN where none is known.
    """

    name: str
    kind: str
    values: Mapping[str, float]
    uncertainty: float = math.nan


def populations_of(values: Floats, degeneracies: Floats, thermal: float, treatment: str) -> Floats:
    """Return Boltzmann's populations; of energies alone, the lowest one."""
    if treatment == "electronic":
        return np.asarray(np.arange(len(values)) == values.argmin(), dtype=float)
    weights = np.log(degeneracies) - values / thermal
    return np.asarray(np.exp(weights - logsumexp(weights)))


def averaged(
    results: list[GibbsEnergy],
    populations: Mapping[str, Floats],
    degeneracies: Floats,
    thermal: float,
    units: int,
) -> list[Part]:
    """Return the terms of an ensemble; their sum is -kT ln Σ g exp(-G/kT)."""
    energy = np.array([one.energy for one in results])
    own = np.array([one.uncertainty for one in results])
    headline = results[0].treatment
    share = populations[headline]
    told = share[~np.isnan(own)] * own[~np.isnan(own)]
    uncertainty = float(np.linalg.norm(told)) / units if len(told) else math.nan
    electronic = Part("electronic energy", "energy",
                      {name: float(p @ energy) / units for name, p in populations.items()}, uncertainty)  # fmt: skip
    if headline == "electronic":
        return [electronic]
    zero = np.array([one.zpe for one in results])
    h = {name: np.array([one.enthalpy_by_treatment[name] for one in results]) for name in populations}
    g = {name: np.array([one.by_treatment[name] for one in results]) for name in populations}
    parts = [
        electronic,
        Part("zero-point energy", "zero-point", {n: float(p @ zero) / units for n, p in populations.items()}),
        Part("thermal enthalpy", "thermal",
             {n: float(p @ (h[n] - energy - zero)) / units for n, p in populations.items()}),
        Part("entropy term", "entropy", {n: float(p @ (g[n] - h[n])) / units for n, p in populations.items()}),
    ]  # fmt: skip
    if len(results) > 1 or (degeneracies != 1).any():
        mixing = {
            n: thermal * float(np.sum(xlogy(p, p / degeneracies))) / units for n, p in populations.items()
        }
        parts.append(Part("conformers", "conformers", mixing))
    return parts


def state_parts(component: Component, temperature: float) -> Iterator[Part]:
    """Yield what brings an ideal gas at 1 atm to the declared state."""
    thermal = BOLTZMANN * temperature
    if component.state == "gas" and component.pressure != STANDARD_PRESSURE:
        ratio = component.pressure / STANDARD_PRESSURE
        yield _state_part(f"1 atm to {ratio:.4g} atm", thermal * math.log(ratio))
    if component.state in ("solute", "ion pair", "liquid"):
        ratio = pressure_of(1.0, temperature) / STANDARD_PRESSURE
        yield _state_part("1 atm to 1 mol/L", thermal * math.log(ratio))
        if component.concentration != 1.0:
            what = f"neat {component.name}" if component.state == "liquid" else component.name
            yield _state_part(
                f"{what}, {component.concentration:g} mol/L", thermal * math.log(component.concentration)
            )


def _state_part(name: str, value: float) -> Part:
    return Part(name, "standard state", dict.fromkeys(TREATMENTS, value))


def combined(uncertainties: Iterator[float]) -> float:
    """Return the root of the sum of squares of what is known; NaN where nothing is."""
    values = [value for value in uncertainties if not math.isnan(value)]
    return math.hypot(*values) if values else math.nan
