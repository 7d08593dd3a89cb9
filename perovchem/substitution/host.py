"""Hosts: a perovskite's formula read into the ions on its A, B and X sites."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from perovchem.elements import table
from perovchem.errors import UsageError
from perovchem.formula_text import amounts
from perovchem.radii import Ion, radius, spins, symbols

ROLES: Final = ("A", "B", "X")
COORDINATION: Final = {"A": 12, "B": 6, "X": 6}
"""Neighbors of a site in the ideal perovskite."""
_TOLERANCE: Final = 0.02
"""Of one formula unit: amounts of mixed sites are written with two digits."""
_MOST: Final = 6
"""Kinds of cations in one formula."""
_FORMS: Final = (
    "ABX3, A2BB'X6 or A2BX6, such as CsPbCl3, FA0.8Cs0.2PbI3, CsPb(Cl0.6Br0.4)3, Cs2AgBiBr6 or Cs2SnI6"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A perovskite, as amounts of ions per three anions.

    Attributes
    ----------
    formula : str
        As written.
    sites : mapping of role to mapping of Ion to amount
        Each role's amounts add up to 1 (A), 1 or .5 (B), 3 (X).
    kind : str
        "ABX3", "double" (two B of different charge) or "vacancy-ordered" (every other B missing).
    """

    formula: str
    sites: Mapping[str, Mapping[Ion, float]]
    kind: str

    def fractions(self, role: str) -> dict[Ion, float]:
        """Return the part of a site that each of its ions takes."""
        amounts = self.sites[role]
        total = sum(amounts.values())
        return {one: amount / total for one, amount in amounts.items()}

    def same_ions(self, other: Host) -> bool:
        """Whether both hold the same ions in the same amounts."""
        return self.kind == other.kind and all(
            self.sites[role].keys() == other.sites[role].keys()
            and all(
                abs(self.sites[role][one] - other.sites[role][one]) < _TOLERANCE for one in self.sites[role]
            )
            for role in ROLES
        )


def parse_host(formula: str) -> Host:
    """Return a host from its formula.

    Elements and the molecules of the table of radii (MA, FA, CH3NH3 ...), amounts, and one level of parentheses or
    more; ions and roles follow from charge balance, from A being larger than B, and from A being written first.

    Raises
    ------
    UsageError
        If the formula cannot be read, holds an unknown ion, or is no perovskite; with what to write.

    Examples
    --------
    >>> host = parse_host("FA0.8Cs0.2PbI3")
    >>> {ion.name: round(amount, 2) for ion, amount in host.sites["A"].items()}
    {'FA+': 0.8, 'Cs+': 0.2}
    >>> parse_host("Cs2AgBiBr6").kind
    'double'
    """
    return _parse(formula)


@lru_cache(maxsize=256)
def _parse(formula: str) -> Host:
    return from_amounts(amounts(formula, symbols(), forms=_FORMS), formula)


def from_amounts(held: Mapping[str, float], formula: str) -> Host:
    """Return a host from amounts by symbol, in the order of the formula.

    Raises
    ------
    UsageError
        If this is no perovskite.
    """
    known = symbols()
    kinds: dict[str, float] = {}
    for name, amount in held.items():
        symbol = known[name][0].symbol
        kinds[symbol] = kinds.get(symbol, 0.0) + amount
    anions = {name: amount for name, amount in kinds.items() if all(one.charge < 0 for one in known[name])}
    cations = {name: amount for name, amount in kinds.items() if name not in anions}
    total = sum(anions.values())
    if not anions or len(cations) < 2 or not total > 0:
        raise UsageError(
            f"{formula} is no perovskite: it needs two cations and an anion", fix=f"write {_FORMS}"
        )
    if len(cations) > _MOST:
        raise UsageError(f"{formula} holds {len(cations)} kinds of cations", fix=f"write at most {_MOST}")
    scale = 3 / total
    anion_ions = {_one_charge(known[name]): amount * scale for name, amount in anions.items()}
    found = [
        (_unlikely(sites, list(cations)), sites)
        for sites in _assignments({name: amount * scale for name, amount in cations.items()}, anion_ions)
    ]
    if not found:
        raise UsageError(
            f"{formula} is no perovskite whose charges balance",
            fix=f"write {_FORMS}; layered compounds and other stoichiometries are not covered",
        )
    _, (site_a, site_b) = min(found, key=lambda pair: pair[0])
    vacant = sum(site_b.values()) < 0.75
    double = len({one.charge for one in site_b}) > 1
    kind = "vacancy-ordered" if vacant else "double" if double else "ABX3"
    return Host(formula, {"A": site_a, "B": site_b, "X": anion_ions}, kind)


def usual_spin(one: Ion, role: str) -> str | None:
    """Return the spin state assumed on a site: high where the table has it, as is usual beside halides."""
    states = spins(one, coordination=COORDINATION[role])
    return "high" if "high" in states else states[0] if states else None


def _one_charge(choices: tuple[Ion, ...]) -> Ion:
    return choices[0]


def _assignments(
    cations: Mapping[str, float], anions: Mapping[Ion, float]
) -> Iterator[tuple[dict[Ion, float], dict[Ion, float]]]:
    """Yield every way to put the cations on A and B with charges that balance."""
    known, names = symbols(), list(cations)
    negative = sum(one.charge * amount for one, amount in anions.items())
    for on_a in itertools.product((True, False), repeat=len(names)):
        sites_a = [name for name, here in zip(names, on_a, strict=True) if here]
        sites_b = [name for name in names if name not in sites_a]
        amount_a, amount_b = (sum(cations[name] for name in part) for part in (sites_a, sites_b))
        whole_b = min(abs(amount_b - 1), abs(amount_b - 0.5)) < _TOLERANCE
        if abs(amount_a - 1) > _TOLERANCE or not whole_b or any(known[name][0].molecular for name in sites_b):
            continue
        choices = [[one for one in known[name] if one.charge > 0] for name in (*sites_a, *sites_b)]
        for chosen in itertools.product(*choices):
            charge = sum(one.charge * cations[one.symbol] for one in chosen)
            if abs(charge + negative) < 2 * _TOLERANCE:
                parts = chosen[: len(sites_a)], chosen[len(sites_a) :]
                yield tuple({one: cations[one.symbol] for one in part} for part in parts)  # type: ignore[misc]  # all are there


def _unlikely(
    sites: tuple[dict[Ion, float], dict[Ion, float]], order: list[str]
) -> tuple[bool, int, int, float]:
    """Return what speaks against an assignment: B larger than A, A written behind B, unusual charges."""
    site_a, site_b = sites
    size_a, size_b = (_mean_radius(site, role) for site, role in ((site_a, "A"), (site_b, "B")))
    late = max(order.index(one.symbol) for one in site_a)
    behind = sum(order.index(one.symbol) < late for one in site_b)
    unusual = sum(
        one.symbol in table() and one.charge != table()[one.symbol].charge for one in (*site_a, *site_b)
    )
    return not size_a > size_b, behind, unusual, -(size_a - size_b)


def _mean_radius(site: Mapping[Ion, float], role: str) -> float:
    parts = [
        amount * radius(one, coordination=COORDINATION[role], spin=usual_spin(one, role)).value
        for one, amount in site.items()
    ]
    return math.fsum(parts) / sum(site.values())
