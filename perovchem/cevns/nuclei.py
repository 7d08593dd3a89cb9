"""Nuclei of a material: isotopes as found on earth, or one mean nucleus an element."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

from scipy import constants

from perovchem.elements import atomic_number, element
from perovchem.errors import MissingDataError
from perovchem.formula_text import element_amounts

Choice = Literal["isotopes", "mean"]

ELECTRON: Final = constants.physical_constants["electron mass in u"][0]
"""u."""
MEGAELECTRONVOLTS: Final = constants.physical_constants["atomic mass constant energy equivalent in MeV"][0]
"""Of one u."""


@dataclass(frozen=True, slots=True)
class Nucleus:
    """A kind of nucleus in a material.

    Attributes
    ----------
    name : str
        "133Cs", or "Cs" for the mean nucleus.
    protons : int
    neutrons : float
        Whole for an isotope; A - Z of the atomic weight for a mean nucleus.
    mass : float
        Of the bare nucleus, u: the atom less its electrons (their binding, 1e-6 of it, is left out).
    part : float
        Of all nuclei of the material.
    """

    name: str
    protons: int
    neutrons: float
    mass: float
    part: float


@cache
def isotopes(symbol: str) -> tuple[tuple[int, float, float], ...]:
    """Return mass number, part of the atoms and atomic mass (u) of the isotopes of an element.

    Raises
    ------
    MissingDataError
        If none is found on earth.

    Examples
    --------
    >>> isotopes("Cs")
    ((133, 1.0, 132.905...),)
    """
    text = resources.files("perovchem.cevns").joinpath("isotopes.csv").read_text(encoding="utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    rows = [row for row in lines if row["symbol"] == symbol]
    if not rows:
        raise MissingDataError(
            f"there are no isotopes of {symbol} with an abundance", fix="ask for mean nuclei, or leave it out"
        )
    total = math.fsum(float(row["abundance"]) for row in rows)
    return tuple(
        (int(row["mass_number"]), float(row["abundance"]) / total, float(row["atomic_mass"])) for row in rows
    )


def nuclei(formula: str, choice: Choice = "isotopes") -> tuple[Nucleus, ...]:
    """Return the nuclei of a formula.

    Examples
    --------
    >>> [(one.name, one.part) for one in nuclei("CsPbI3", "mean")]
    [('Cs', 0.2), ('Pb', 0.2), ('I', 0.6)]
    """
    atoms, _ = element_amounts(formula)
    total = math.fsum(atoms.values())
    found = []
    for symbol, number in atoms.items():
        z = atomic_number(symbol)
        if choice == "mean":
            mass = element(symbol).mass
            found.append(Nucleus(symbol, z, mass - z, mass - z * ELECTRON, number / total))
            continue
        for mass_number, part, mass in isotopes(symbol):
            name = f"{mass_number}{symbol}"
            found.append(Nucleus(name, z, mass_number - z, mass - z * ELECTRON, part * number / total))
    return tuple(found)
