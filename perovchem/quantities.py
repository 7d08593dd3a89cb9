"""Every quantity once: name, symbol, unit, sentence, source; the table is ``quantities.toml``.

Column heads, axis labels and the ``units`` map of JSON results are looked up here, never typed by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from perovchem.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Quantity:
    """One entry of ``quantities.toml``.

    Attributes
    ----------
    name : str
        Key in results and tables: full words joined by underscores.
    words : str
        As an axis says it.
    symbol : str
        In matplotlib's mathtext; "" where none is in use.
    unit : str
        "1" for a pure number, "of the quantity" where it is that of what it belongs to.
    sentence : str
        What it is.
    source : str
        DOI of the definition, or "definition" where the sentence is the whole of it.
    """

    name: str
    words: str
    symbol: str
    unit: str
    sentence: str
    source: str


@cache
def _document() -> dict[str, dict[str, str]]:
    text = resources.files("perovchem").joinpath("quantities.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def quantities() -> Mapping[str, Quantity]:
    """Return all quantities by name, in the order of the table."""
    return {
        name: Quantity(name, **{"words": name.replace("_", " "), **entry})
        for name, entry in _document().items()
        if name != "units"
    }


def quantity(name: str) -> Quantity:
    """Return one quantity.

    Raises
    ------
    UsageError
        If there is none of that name; the message holds the nearest one.

    Examples
    --------
    >>> quantity("bond_length").unit
    'Å'
    """
    try:
        return quantities()[name]
    except KeyError:
        raise UsageError(f"there is no quantity {name!r}", fix=nearest(name, quantities())) from None


def label(name: str, of: str = "") -> str:
    """Return the axis label of a quantity, optionally of something.

    Parameters
    ----------
    name : str
        Of a quantity.
    of : str
        What it is the quantity of; stands in front.

    Returns
    -------
    str
        Words, symbol (mathtext) and unit in parentheses.

    Raises
    ------
    UsageError
        If there is no such quantity.

    Examples
    --------
    >>> label("bond_length", of="Pb–I")
    'Pb–I bond length $d$ (Å)'
    >>> label("volume")
    'polyhedron volume $V$ (Å³)'
    >>> label("sharing")
    'fraction of polyhedra'
    """
    found = quantity(name)
    shown = _document()["units"][found.unit]
    parts = (of, found.words, found.symbol, f"({shown})" if shown else "")
    return " ".join(part for part in parts if part)


def units(names: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Return the ``units`` map of a JSON result.

    Parameters
    ----------
    names : iterable of str, or mapping of str to str
        Names of quantities; or keys of the result, each with the name of the quantity it holds.

    Returns
    -------
    dict of str to str
        Unit by key.

    Raises
    ------
    UsageError
        If there is no such quantity.

    Examples
    --------
    >>> units(["density", "volume"])
    {'density': 'g/cm3', 'volume': 'Å3'}
    >>> units({"bond_lengths": "bond_length"})
    {'bond_lengths': 'Å'}
    """
    pairs = names.items() if isinstance(names, Mapping) else ((name, name) for name in names)
    return {key: quantity(name).unit for key, name in pairs}
