"""Radii of ions by charge, coordination number and spin, with uncertainty and source; the table is ``radii.toml``.

Ionic radii only, never the "crystal" radii of the same authors, which are .14 Å larger for cations.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.elements import element, table
from perovchem.errors import MissingDataError, UsageError, nearest

ROMAN: Final = {
    "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10, "XI": 11, "XII": 12,
    "XIV": 14,
}  # fmt: skip
PER_NEIGHBOR: Final = 0.059
"""Å that Shannon's radii grow with one more neighbor: median over neighboring entries of one ion."""
PER_NEIGHBOR_SPREAD: Final = 0.024
"""Å: standard deviation of the same 232 steps."""
_NITRIDE: Final = 1.46
"""Å, N3- at coordination number IV (Shannon 1976): the outermost atom of the molecular construction."""
_OUTERMOST: Final = {"N": _NITRIDE, "O": 1.40, "F": 1.33, "S": 1.84, "Cl": 1.81, "Br": 1.96, "I": 2.20}
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉−–", "0123456789+-0123456789--")
_CHARGED: Final = re.compile(
    r"(?P<name>.*?)\(?(?:(?P<size>\d?)(?P<sign>[+-])|(?P<sign_first>[+-])(?P<after>\d))\)?"
)


@dataclass(frozen=True, slots=True)
class Ion:
    """An ion by its name.

    Attributes
    ----------
    name : str
        With its charge: "Pb2+", "Br-", "MA+".
    symbol : str
        Without: "Pb", "Br", "MA".
    charge : int
        e.
    words : str
        Name of a molecule; "" for an atom.
    electronegativity : float
        Pauling's scale; NaN for molecules.
    aliases : tuple of str
        Other spellings of a molecule: "CH3NH3".
    """

    name: str
    symbol: str
    charge: int
    words: str = ""
    electronegativity: float = math.nan
    aliases: tuple[str, ...] = ()

    @property
    def molecular(self) -> bool:
        """Whether it holds several atoms."""
        return bool(self.words)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


@dataclass(frozen=True, slots=True)
class Radius:
    """One radius and all that it depends on.

    Attributes
    ----------
    ion : str
    coordination : int or None
        Number of neighbors; None for molecules, which have one radius.
    spin : str
        "high", "low" or "".
    kind : str
        "ionic" (tabulated), "extrapolated" (from another coordination number of the table), "effective" (of a
        molecule), "estimate" or "given"; never "crystal".
    value, uncertainty : float
        Å.
    source : str
        With DOI.
    """

    ion: str
    coordination: int | None
    spin: str
    kind: str
    value: float
    uncertainty: float
    source: str

    @property
    def text(self) -> str:
        """Value with two decimals, or the three that the table gives."""
        return f"{self.value:.2f}" if abs(self.value - round(self.value, 2)) < 5e-4 else f"{self.value:.3f}"

    def __str__(self) -> str:
        """Return a phrase for notes: ion, coordination, value, source."""
        where = "" if self.coordination is None else f", coordination number {self.coordination}"
        spin = f", {self.spin} spin" if self.spin else ""
        return f"{self.ion}{where}{spin}: {self.text} ± {self.uncertainty:.2g} Å ({self.kind}; {self.source})"


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files("perovchem").joinpath("radii.toml").read_text(encoding="utf-8"))


@cache
def ions() -> Mapping[str, Ion]:
    """Return every ion of the table by name.

    Examples
    --------
    >>> ions()["MA+"].words
    'methylammonium'
    """
    document, found = _document(), {}
    scale = document["electronegativity"]
    for name in (*document["shannon"], *document["estimates"]):
        symbol, charge = _split(name)
        found[name] = Ion(name, symbol, charge, "", scale.get(name, scale.get(symbol, math.nan)))
    for name, entry in (*document["molecules"].items(), *document["without_radius"].items()):
        symbol, charge = _split(name)
        found[name] = Ion(name, symbol, charge, entry["name"], aliases=tuple(entry.get("aliases", ())))
    return found


@cache
def symbols() -> Mapping[str, tuple[Ion, ...]]:
    """Return the ions by symbol without charge and by other spellings: "Pb", "MA", "CH3NH3"."""
    found: dict[str, tuple[Ion, ...]] = {}
    for one in ions().values():
        for name in (one.symbol, *one.aliases):
            found[name] = (*found.get(name, ()), one)
    return found


def ion(name: str, *, charge: int | None = None) -> Ion:
    """Return an ion by name, with or without its charge.

    Parameters
    ----------
    name : str
        "Br-", "Br", "Pb2+", "Pb+2", "Pb²⁺", "MA+", "CH3NH3+".
    charge : int, optional
        Which one where the name leaves it open; else the only one of the table, or the commonest.

    Raises
    ------
    UsageError
        If the table has no such ion; with the nearest name, or the charges that it has.

    Examples
    --------
    >>> ion("Pb²⁺").name, ion("CH3NH3+").name, ion("Eu", charge=2).name
    ('Pb2+', 'MA+', 'Eu2+')
    """
    text = name.strip().translate(_SUPERSCRIPTS).replace(" ", "")
    known = symbols()
    if text in known:  # "NH4", "PF6": the digit belongs to the molecule
        return _by_charge(known[text], charge)
    match = _CHARGED.fullmatch(text)
    base = match["name"] if match else text
    if match and base not in known and match["size"] and base + match["size"] in known:
        base, size = base + match["size"], "1"  # "NH4+"
    else:
        size = (match["size"] or match["after"] or "1") if match else "0"
    if base not in known:
        raise UsageError(f"no ion {name!r} in the table of radii", fix=_advice(base))
    if not match:
        return _by_charge(known[base], charge)
    wanted = int(size) * (-1 if "-" in (match["sign"], match["sign_first"]) else 1)
    for one in known[base]:
        if one.charge == wanted:
            return one
    have = ", ".join(one.name for one in known[base])
    raise UsageError(f"no radius of {name}: the table has {have}", fix=f"write one of {have}")


def radius(name: str | Ion, *, coordination: int, spin: str | None = None) -> Radius:
    """Return the radius of an ion.

    Parameters
    ----------
    name : str or Ion
    coordination : int
        Number of neighbors. A molecule has one radius for all. Where the table lacks the number, the nearest one is
        extrapolated by .059 Å per neighbor with an uncertainty of .024 Å per neighbor (both from the table).
    spin : str, optional
        "high" or "low", of transition metals.

    Raises
    ------
    UsageError
        If the ion is unknown, or its radius depends on a spin that is not named.
    MissingDataError
        If the ion has no radius in the table.

    Examples
    --------
    >>> radius("Pb2+", coordination=6).value, radius("Mn2+", coordination=6, spin="high").value
    (1.19, 0.83)
    """
    one = name if isinstance(name, Ion) else ion(name)
    document = _document()
    if one.name in document["molecules"]:
        entry = document["molecules"][one.name]
        source = document["sources"][entry["source"]]
        return Radius(
            one.name, None, "", source["kind"], entry["radius"], source["uncertainty"], source["citation"]
        )
    if one.name in document["without_radius"]:
        raise MissingDataError(
            f"{one.words} ({one.name}) has no radius in the table: no source gives one for a halide's place",
            fix="give its radius by hand (radius=..., in Å), with the source in your notes",
        )
    rows = dict(document["shannon"].get(one.name) or document["estimates"][one.name])
    source = document["sources"][rows.pop("source", "shannon")]
    places = _places(rows)
    reached = min(places, key=lambda number: (abs(number - coordination), -number))
    value, spin = _of_spin(one, reached, places[reached], spin)
    steps = coordination - reached
    return Radius(
        ion=one.name,
        coordination=coordination,
        spin=spin,
        kind="extrapolated" if steps else source["kind"],
        value=round(value + PER_NEIGHBOR * steps, 4),
        uncertainty=math.hypot(source["uncertainty"], PER_NEIGHBOR_SPREAD * steps),
        source=source["citation"] + (f", from coordination number {reached}" if steps else ""),
    )


def spins(one: Ion, *, coordination: int) -> tuple[str, ...]:
    """Return the spin states that the table tells apart for an ion: ("high", "low"), ("high",), or ()."""
    rows = _document()["shannon"].get(one.name, {})
    places = _places(rows)
    if not places:
        return ()
    reached = min(places, key=lambda number: (abs(number - coordination), -number))
    return tuple(sorted(state for state in places[reached] if state))


def molecular_radius(species: Sequence[str], positions: Floats) -> float:
    """Return the effective radius of a molecular ion from its geometry, Å [1]_.

    r = r_mass + r_ion: distance from the center of mass to the outermost atom other than hydrogen and carbon, plus
    the ionic radius of that atom (N3- 1.46, O2- 1.40, F- 1.33, S2- 1.84 Å ...).

    Parameters
    ----------
    species : sequence of str (n_atoms)
        With the hydrogen atoms.
    positions : float64 (n_atoms, 3)
        Å; of a whole molecule, not wrapped into a cell.

    Raises
    ------
    UsageError
        If no atom of the molecule has a tabulated anionic radius, or the arrays do not fit together.

    References
    ----------
    .. [1] Kieslich, Sun & Cheetham 2014, doi 10.1039/C4SC02211D.

    Examples
    --------
    Ammonium: the nitrogen atom is the center of mass.

    >>> s = 0.6
    >>> places = [[0, 0, 0], [s, s, s], [s, -s, -s], [-s, s, -s], [-s, -s, s]]
    >>> round(molecular_radius(["N", "H", "H", "H", "H"], places), 6)
    1.46
    """
    places = np.asarray(positions, np.float64)
    if places.shape != (len(species), 3) or not np.isfinite(places).all() or not len(species):
        raise UsageError(
            f"{len(species)} atoms with positions of shape {places.shape}",
            fix="give one finite position per atom",
        )
    masses = np.array([element(symbol).mass for symbol in species])
    distances = np.linalg.norm(places - masses @ places / masses.sum(), axis=1)
    outer = [(distances[k], _OUTERMOST[symbol]) for k, symbol in enumerate(species) if symbol in _OUTERMOST]
    if not outer:
        raise UsageError(
            "the construction needs an outer N, O, F, S, Cl, Br or I atom",
            fix="give a radius from a source instead",
        )
    return float(sum(max(outer)))


def _split(name: str) -> tuple[str, int]:
    """Return symbol and charge of a name of the table."""
    one_sign = name[-1]
    digit = name[-2]
    # "NH4+", "BF4-": the digit belongs to the molecule, whose charge is 1
    size = int(digit) if digit.isdigit() and name[:-2] in table() else 1
    symbol = name[:-2] if digit.isdigit() and name[:-2] in table() else name[:-1]
    return symbol, size if one_sign == "+" else -size


def _by_charge(found: tuple[Ion, ...], charge: int | None) -> Ion:
    """Return the ion of this charge if there is one, else the commonest."""
    for one in found:
        if one.charge == charge:
            return one
    usual = table()[found[0].symbol].charge if found[0].symbol in table() else 0
    return next((one for one in found if one.charge == usual), found[0])


def _advice(base: str) -> str:
    known = symbols()
    close = nearest(base, known)
    if close.startswith("did"):
        return close
    return "write an element with its charge (Mn2+) or a molecule by name (MA, FA, DMA, GA ...)"


def _places(rows: Mapping[str, float]) -> dict[int, dict[str, float]]:
    """Return value by coordination number and spin; square-planar and pyramidal entries are no polyhedra of ours."""
    found: dict[int, dict[str, float]] = {}
    for key, value in rows.items():
        roman, _, spin = key.partition("_")
        if roman in ROMAN:
            found.setdefault(ROMAN[roman], {})[spin] = value
    if not found:
        for key, value in rows.items():
            found.setdefault(ROMAN[re.sub("SQ|PY", "", key.partition("_")[0])], {})[key.partition("_")[2]] = (
                value
            )
    return found


def _of_spin(one: Ion, number: int, values: Mapping[str, float], spin: str | None) -> tuple[float, str]:
    """Return the radius of a spin state; refuse to guess one."""
    if spin not in (None, "", "high", "low"):
        raise UsageError(f"there is no spin state {spin!r}", fix='write "high" or "low"')
    if len(values) == 1:
        ((only, value),) = values.items()
        if spin and only and spin != only:
            raise MissingDataError(
                f"no radius of {one.name} of {spin} spin at coordination number {number}",
                fix=f'write spin="{only}"',
            )
        return value, only
    if not spin:
        states = ", ".join(f"{state} {value:g}" for state, value in sorted(values.items()))
        raise UsageError(
            f"the radius of {one.name} depends on its spin ({states} Å)", fix='give spin="high" or spin="low"'
        )
    return values[spin], spin
