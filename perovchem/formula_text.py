"""Formulas as people write them: elements, molecular ions by their short names, amounts, parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Final

from perovchem.elements import table
from perovchem.errors import UsageError
from perovchem.radii import ions

LONGEST: Final = 200
"""Characters of a formula."""
MOST_OF_ONE: Final = 1000.0
"""Largest amount behind one name."""
LONG_NAMES: Final[Mapping[str, str]] = {"CY": "C6H14N", "PEA": "C8H12N", "BA": "C4H12N"}
"""Cations that the table of radii does not hold: cyclohexyl-, phenethyl- and butylammonium."""
_NUMBER: Final = re.compile(r"\d+(\.\d+)?|\.\d+")
_DIGITS: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_DEEPEST: Final = 3
_FORMS: Final = (
    "elements, molecules as MA, FA, CY, amounts and parentheses, such as Cs0.2FA0.8PbI3 or Cd0.9Zn0.1Te"
)


def amounts(formula: str, names: Iterable[str], *, forms: str = _FORMS) -> dict[str, float]:
    """Return how much of each name a formula holds, in the order of writing.

    Parameters
    ----------
    formula : str
    names : iterable of str
        What may stand in it; the longest that fits is taken.
    forms : str
        What may be written, for messages.

    Raises
    ------
    UsageError
        If it cannot be read; with the place.

    Examples
    --------
    >>> amounts("Cs(Cl0.5Br0.5)3", ("Cs", "Cl", "Br"))
    {'Cs': 1.0, 'Cl': 1.5, 'Br': 1.5}
    """
    text = formula.strip().translate(_DIGITS).replace(" ", "")
    if not text or len(text) > LONGEST:
        raise UsageError(f"{formula[:40]!r} is no formula", fix=f"write {forms}")
    found, end = _group(text, 0, sorted(names, key=len, reverse=True), formula, forms, depth=0)
    if end != len(text):
        raise _unreadable(formula, text, end, forms)
    return found


def element_amounts(formula: str) -> tuple[dict[str, float], dict[str, str]]:
    """Return the atoms of each element in a formula, and which short names stood for which molecule.

    Hyphens between ions are left out: CY-I.

    Raises
    ------
    UsageError
        If it cannot be read.

    Examples
    --------
    >>> element_amounts("CY-I")
    ({'C': 6.0, 'H': 14.0, 'N': 1.0, 'I': 1.0}, {'CY': 'C6H14N'})
    >>> element_amounts("Cd0.9Zn0.1Te")[0]
    {'Cd': 0.9, 'Zn': 0.1, 'Te': 1.0}
    """
    atoms, molecules = dict(_element_amounts(formula)[0]), dict(_element_amounts(formula)[1])
    return atoms, molecules


@lru_cache(maxsize=256)
def _element_amounts(formula: str) -> tuple[dict[str, float], dict[str, str]]:
    short = short_names()
    read = amounts(re.sub(r"(?<=\w)[-–](?=[A-Z(])", "", formula), {*table(), *short})
    atoms: dict[str, float] = {}
    for name, amount in read.items():
        inside = {name: 1.0} if name in table() else amounts(short[name], table())
        for symbol, number in inside.items():
            atoms[symbol] = atoms.get(symbol, 0.0) + amount * number
    return atoms, {name: short[name] for name in read if name not in table()}


@cache
def short_names() -> Mapping[str, str]:
    """Return the formula of each molecule that has a short name: MA, FA, CY ...

    Examples
    --------
    >>> short_names()["FA"]
    'CH(NH2)2'
    """
    found = dict(LONG_NAMES)
    for one in ions().values():
        if one.molecular and not _only_elements(one.symbol):
            found[one.symbol] = next(name for name in one.aliases if _only_elements(name))
    return found


def _only_elements(text: str) -> bool:
    try:
        amounts(text, table())
    except UsageError:
        return False
    return True


def _group(
    text: str, begin: int, names: list[str], formula: str, forms: str, *, depth: int
) -> tuple[dict[str, float], int]:
    """Read names, amounts and parentheses up to the end or a closing parenthesis."""
    found: dict[str, float] = {}
    place = begin
    while place < len(text) and text[place] not in ")]":
        name = next((name for name in names if text.startswith(name, place)), None)
        inner: dict[str, float]
        if name is not None:
            inner, place = {name: 1.0}, place + len(name)
        elif text[place] in "([" and depth < _DEEPEST:
            inner, end = _group(text, place + 1, names, formula, forms, depth=depth + 1)
            if end >= len(text) or not inner:
                raise _unreadable(formula, text, place, forms)
            place = end + 1
        else:
            raise _unreadable(formula, text, place, forms)
        number = _NUMBER.match(text, place)
        factor = float(number[0]) if number else 1.0
        place = number.end() if number else place
        if not (0 < factor <= MOST_OF_ONE):
            raise UsageError(f"an amount of {factor:g} in {formula!r}", fix="write amounts above 0")
        for one, amount in inner.items():
            found[one] = found.get(one, 0.0) + amount * factor
    return found, place


def _unreadable(formula: str, text: str, place: int, forms: str) -> UsageError:
    return UsageError(
        f"cannot read {text[place : place + 8]!r} in the formula {formula!r}",
        where=f"character {place + 1}",
        fix=f"write {forms}; molecules as MA, FA, DMA, GA, NH4 ...",
    )
