"""LevelOfTheory: how an energy was computed, and whether two energies may be subtracted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

_NAMED: Final = re.compile(r"-(?:3c|V|D|D3|D3BJ|D4)$")
"""Names of functionals that name their dispersion correction, too."""


@dataclass(frozen=True, slots=True)
class LevelOfTheory:
    """What makes energies comparable, and what is only noted.

    The first group must match between all terms of a reaction; "" or NaN means that the file does not say.

    Attributes
    ----------
    code : str
        "VASP", "CASTEP", "Gaussian", "ORCA", "xtb", ...
    functional : str
        As the field writes it: "PBE", "PBEsol", "HSE06", "B3LYP", "GFN2-xTB".
    dispersion : str
        "none", "D3(BJ)", "D4", "TS", "MBD"; part of the method for GFN2-xTB.
    hubbard : mapping of str to str
        Element to what is added: {"Pb": "U(p) = 3.0 eV"}.
    pseudopotentials : mapping of str to str
        Element to the name of the potential: {"Pb": "PAW_PBE Pb_d 06Sep2000"}.
    cutoff : float
        Plane-wave cutoff, eV; NaN for molecular codes.
    basis : str
        Basis set of molecular codes.
    precision : str
        "Accurate" (VASP), "extreme" (CASTEP), integration grid of molecular codes.
    spin_orbit : bool
    solvent : str
        Implicit solvent model with its solvent: "none", "SMD(DMSO)", "ALPB(DMSO)".
    version, k_mesh, smearing, cell : str
        Noted only.
    """

    code: str
    functional: str = ""
    dispersion: str = ""
    hubbard: Mapping[str, str] = field(default_factory=dict)
    pseudopotentials: Mapping[str, str] = field(default_factory=dict)
    cutoff: float = math.nan
    basis: str = ""
    precision: str = ""
    spin_orbit: bool = False
    solvent: str = ""
    version: str = ""
    k_mesh: str = ""
    smearing: str = ""
    cell: str = ""

    def __str__(self) -> str:
        """Return one line: "VASP PBE-D3(BJ), 520 eV"."""
        method = self.functional or "method unknown"
        unsaid = self.dispersion not in ("", "none") and not self.dispersion.startswith("part of")
        if unsaid and not _NAMED.search(method):
            method += f"-{self.dispersion}"
        parts = [f"{self.code} {method}"]
        parts += [self.basis] if self.basis else []
        parts += [f"{self.cutoff:g} eV"] if math.isfinite(self.cutoff) else []
        parts += [f"{element} {what}" for element, what in sorted(self.hubbard.items())]
        parts += ["spin-orbit"] if self.spin_orbit else []
        parts += [self.solvent] if self.solvent not in ("", "none") else []
        return ", ".join(parts)


MUST_MATCH = (
    "code",
    "functional",
    "dispersion",
    "hubbard",
    "pseudopotentials",
    "cutoff",
    "basis",
    "precision",
    "spin_orbit",
    "solvent",
)
"""Fields in which two calculations may not differ; +U and potentials by element, where both have it."""
NOTED = ("version", "k_mesh", "smearing", "cell")
"""Fields in which a difference is told, and no more."""

_WORDS: Final[Mapping[str, str]] = {
    "code": "the code {}",
    "functional": "the functional {}",
    "dispersion": "the dispersion correction {}",
    "cutoff": "a cutoff of {} eV",
    "basis": "the basis {}",
    "precision": "the precision {}",
    "spin_orbit": "{}",
    "solvent": "the solvent model {}",
    "version": "version {}",
    "k_mesh": "the k mesh {}",
    "smearing": "the smearing {}",
    "cell": "the cell {}",
}
_SAME_CUTOFF: Final = 0.01
"""eV; programs print cutoffs with two to four decimals."""


def level_differences(levels: Mapping[str, LevelOfTheory]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which calculations differ in what.

    Parameters
    ----------
    levels : mapping of str to LevelOfTheory
        By name of the calculation.

    Returns
    -------
    must : tuple of str
        Sentences on differences in :data:`MUST_MATCH`: energies of these calculations do not belong together.
    noted : tuple of str
        Sentences on differences in :data:`NOTED`, and on what a file does not say.

    Examples
    --------
    >>> levels = {name: LevelOfTheory("VASP", functional="PBE", cutoff=520.0) for name in ("PbCl2", "DMSO")}
    >>> level_differences(levels | {"CsCl": LevelOfTheory("VASP", functional="PBE", cutoff=400.0)})
    (('CsCl has a cutoff of 400 eV, the others 520 eV',), ())
    """
    must: list[str] = []
    noted: list[str] = []
    for key in MUST_MATCH:
        if key in ("hubbard", "pseudopotentials"):
            must += _by_element(levels, key)
            continue
        must += _sentence(key, {name: _shown(level, key) for name, level in levels.items()})
        noted += _unsaid(levels, key)
    for key in NOTED:
        noted += _sentence(key, {name: _shown(level, key) for name, level in levels.items()})
    return tuple(must), tuple(noted)


def _shown(level: LevelOfTheory, key: str) -> str:
    """Return a field as text, "" where it is unknown."""
    value = getattr(level, key)
    if key == "spin_orbit":
        return "spin-orbit coupling" if value else "no spin-orbit coupling"
    if key == "cutoff":
        return f"{round(value / _SAME_CUTOFF) * _SAME_CUTOFF:.6g}" if math.isfinite(value) else ""
    return str(value)


def _sentence(key: str, values: Mapping[str, str], element: str = "") -> list[str]:
    """Return a sentence where not all known values are the same."""
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        if value:
            same = next((one for one in groups if one.casefold() == value.casefold()), value)
            groups.setdefault(same, []).append(name)
    if len(groups) < 2:
        return []
    ordered = sorted(groups.items(), key=lambda item: len(item[1]))
    most, names = ordered[-1]
    majority = len(names) > 1 and len(names) > len(ordered[-2][1])
    words = _WORDS.get(key, "{}")
    parts = []
    for position, (value, members) in enumerate(ordered):
        who = "the others" if majority and value == most else _listed(members)
        verb = "have" if len(members) > 1 and who != "the others" else "has"
        unit = " eV" if key == "cutoff" else ""
        text = words.format(value) if position == 0 else value + unit
        parts.append(f"{who} {verb} {text}" if position == 0 else f"{who} {text}")
    return [", ".join(parts) + (f" for {element}" if element else "")]


def _listed(names: list[str]) -> str:
    """Return names as a list in words."""
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _by_element(levels: Mapping[str, LevelOfTheory], key: str) -> list[str]:
    """Return differences of +U and potentials, element by element, among the calculations that hold it."""
    tables = {name: getattr(level, key) for name, level in levels.items()}
    elements = sorted({symbol for table in tables.values() for symbol in table})
    out: list[str] = []
    for symbol in elements:
        values = {}
        for name, table in tables.items():
            if symbol in table:
                values[name] = table[symbol]
            elif key == "hubbard" and symbol in levels[name].pseudopotentials:
                values[name] = "no U"
        out += _sentence(key, values, symbol)
    return out


def _unsaid(levels: Mapping[str, LevelOfTheory], key: str) -> list[str]:
    """Return a note where some files say a field and others do not."""
    silent = [name for name, level in levels.items() if not _shown(level, key)]
    if not silent or len(silent) == len(levels):
        return []
    what = (
        _WORDS[key]
        .format("")
        .removesuffix(" eV")
        .removesuffix(" of ")
        .strip()
        .removeprefix("a ")
        .removeprefix("the ")
    )
    return [f"{_listed(silent)} {'does' if len(silent) == 1 else 'do'} not say the {what}"]


def silent_about(level: LevelOfTheory, fields: Sequence[str]) -> LevelOfTheory:
    """Return a level that says nothing of some fields, so that they are not compared.

    Examples
    --------
    >>> str(silent_about(LevelOfTheory("VASP", functional="PBE", cutoff=520.0), ["cutoff"]))
    'VASP PBE'
    """
    silent = LevelOfTheory("")
    return replace(level, **{name: getattr(silent, name) for name in fields})
