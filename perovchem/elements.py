"""The elements: masses, radii, and which of them bind as molecules; the table is ``elements.csv``."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from perovchem.errors import FormatError, nearest

#: Elements that form the covalent skeletons of molecules; all others stand alone in a bond graph.
MOLECULE_FORMERS = frozenset(["H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "Te", "I"])


@dataclass(frozen=True, slots=True)
class Element:
    """One row of ``elements.csv``; the sources stand in its header.

    Attributes
    ----------
    symbol : str
    mass : float
        Standard atomic weight, u.
    covalent_radius : float
        Å; NaN where none is tabulated.
    charge : int
        Of the commonest ion, e; 0 where none is tabulated.
    ionic_radius : float
        Shannon's ionic (not crystal) radius of that ion at coordination number VI, Å; NaN where none.
    """

    symbol: str
    mass: float
    covalent_radius: float
    charge: int
    ionic_radius: float


@cache
def table() -> dict[str, Element]:
    """Return all elements by symbol."""
    text = resources.files("perovchem").joinpath("elements.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["symbol"]: Element(
            row["symbol"],
            float(row["atomic_mass"]),
            float(row["covalent_radius"]) or float("nan"),
            int(row["charge"] or 0),
            float(row["ionic_radius"] or "nan"),
        )
        for row in rows
    }


def element(symbol: str, *, where: str = "") -> Element:
    """Return the element, or say which symbol was probably meant.

    Examples
    --------
    >>> element("Pb").mass
    207.2
    """
    try:
        return table()[symbol]
    except KeyError:
        raise FormatError(
            f"{symbol!r} is not a chemical element", where=where, fix=nearest(symbol, table())
        ) from None


@cache
def atomic_number(symbol: str) -> int:
    """Return the number of protons; of deuterium and tritium 1.

    Examples
    --------
    >>> atomic_number("Pb")
    82
    """
    plain = [one for one in table() if one not in ("D", "T")]
    return 1 if symbol in ("D", "T") else plain.index(element(symbol).symbol) + 1


@lru_cache(maxsize=1024)
def formula(symbols: tuple[str, ...]) -> str:
    """Return the formula in Hill order (C, H, then the alphabet).

    Examples
    --------
    >>> formula(("H", "O", "C", "H", "H", "H"))
    'CH4O'
    """
    counts = dict(sorted(Counter(symbols).items()))
    first = [symbol for symbol in ("C", "H") if "C" in counts and symbol in counts]
    order = first + [symbol for symbol in counts if symbol not in first]
    return "".join(symbol + (str(counts[symbol]) if counts[symbol] > 1 else "") for symbol in order)
