"""The level of theory of a CASTEP run, its charge and its spin, from the tables at the head of its log."""

from __future__ import annotations

import math
import re
from typing import Final

from perovchem.elements import table
from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import first_group, next_line, rows_from

_HEAD: Final = 1 << 18
"""Bytes from the banner within which the tables of a run's settings stand."""
_FUNCTIONALS: Final = {
    "Local Density Approximation": "LDA", "Perdew Burke Ernzerhof": "PBE", "PBE for solids (2008)": "PBEsol",
    "Perdew Wang (1991)": "PW91", "Wu-Cohen": "WC", "revised Perdew Burke Ernzerhof": "RPBE",
    "hybrid B3LYP": "B3LYP", "hybrid PBE0": "PBE0", "hybrid HSE06": "HSE06", "hybrid HSE03": "HSE03",
    "Hartree-Fock": "HF", "exact exchange": "HF", "RSCAN": "rSCAN", "r2SCAN": "r2SCAN",
}  # fmt: skip
"""Short names of what "using functional" says."""
_DISPERSION: Final = {
    "G06": "D2", "D2": "D2", "D3": "D3", "D3-BJ": "D3(BJ)", "D3(BJ)": "D3(BJ)", "D4": "D4", "TS": "TS",
    "MBD*": "MBD", "MBD": "MBD", "OBS": "OBS", "JCHS": "JCHS", "XDM": "XDM", "TSsurf": "TSsurf",
}  # fmt: skip
_SHELLS: Final = "spdf"


def _said(words: bytes) -> re.Pattern[bytes]:
    """Return what finds a line "words : value"."""
    return re.compile(
        rb"(?m)^[ \t]*" + re.escape(words).replace(rb"\ ", rb"[ \t]+") + rb"[ \t]*:[ \t]*([^\n]{0,80})"
    )


_FUNCTIONAL: Final = _said(b"using functional")
_SEDC: Final = _said(b"DFT+D: Semi-empirical dispersion correction")
_SCHEME: Final = _said(b"SEDC with")
_ACCURACY: Final = _said(b"basis set accuracy")
_CUTOFF: Final = _said(b"plane wave basis set cut-off")
_SPIN_ORBIT: Final = _said(b"spin-orbit coupling")
_SMEARING: Final = _said(b"smearing scheme")
_WIDTH: Final = _said(b"smearing width")
_CHARGE: Final = _said(b"net charge of system")
_SPIN: Final = _said(b"net spin of system")
_ELECTRONS: Final = _said(b"number of electrons")
_SOLVENT: Final = _said(b"implicit solvent")
_MESH: Final = re.compile(rb"MP grid size for SCF calculation is[ \t]+(\d+)[ \t]+(\d+)[ \t]+(\d+)")
_INTEGRATED: Final = re.compile(rb"Integrated Spin Density[ \t]*=[ \t]*(\S{1,20})")


def castep_level(file: FileBytes, begin: int, version: str) -> LevelOfTheory:
    """Return the level of theory of the run whose banner stands at ``begin``."""
    text = bytes(file.data[begin : begin + _HEAD])
    functional = first_group(_FUNCTIONAL, text)
    mesh = _MESH.search(text)
    scheme = first_group(_SMEARING, text)
    solvent = first_group(_SOLVENT, text)
    return LevelOfTheory(
        code="CASTEP",
        functional=_FUNCTIONALS.get(functional, functional),
        dispersion=_dispersion(text),
        hubbard=_hubbard(file, begin),
        pseudopotentials=_pseudopotentials(file, begin),
        cutoff=_number(first_group(_CUTOFF, text)),
        precision=first_group(_ACCURACY, text).lower(),
        spin_orbit=first_group(_SPIN_ORBIT, text).lower() == "on",
        solvent=solvent if solvent.lower() not in ("", "off", "none") else "none",
        version=version,
        k_mesh=" × ".join(word.decode() for word in mesh.groups()) if mesh else "",
        smearing=f"{scheme}, {_number(first_group(_WIDTH, text)):g} eV" if scheme else "",
    )


def _number(text: str) -> float:
    """Return the number a value begins with, or NaN."""
    try:
        value = float(text.split()[0])
    except (IndexError, ValueError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def _dispersion(text: bytes) -> str:
    said = first_group(_SEDC, text).lower()
    if said in ("", "off"):
        return "none" if said else ""
    scheme = first_group(_SCHEME, text).replace("correction scheme", "").strip()
    return _DISPERSION.get(scheme, scheme) or "of a kind the file does not name"


def _pseudopotentials(file: FileBytes, begin: int) -> dict[str, str]:
    """Return the potential of each element."""
    place = file.data.find(b"Files used for pseudopotentials:", begin, begin + _HEAD)
    out: dict[str, str] = {}
    if place < 0:
        return out
    for _, words in rows_from(file, next_line(file, place), most=200):
        if len(words) < 2 or (symbol := words[0].decode("latin-1").split(":")[0]) not in table():
            break
        out[symbol] = " ".join(word.decode("latin-1") for word in words[1:])
    return out


def _hubbard(file: FileBytes, begin: int) -> dict[str, str]:
    """Return what +U adds to each element, from the table of shifts of the s, p, d and f shells."""
    place = file.data.find(b"Hubbard U values are", begin, begin + _HEAD)
    out: dict[str, str] = {}
    if place < 0:
        return out
    for _, words in rows_from(file, next_line(file, place), most=500):
        cells = [word.strip(b"|").decode("latin-1") for word in words]
        cells = [cell for cell in cells if cell]
        if not cells and out:
            break
        symbol = cells[0].split(":")[0] if cells else ""
        if symbol not in table() or len(cells) < 5:
            continue
        shifts = [_number(cell) for cell in cells[-4:]]
        parts = [
            f"U({shell}) = {u:g} eV"
            for shell, u in zip(_SHELLS, shifts, strict=True)
            if u and math.isfinite(u)
        ]
        if parts:
            out.setdefault(symbol, ", ".join(parts))
    return out


def spin_of(file: FileBytes, begin: int) -> tuple[int, int, list[str]]:
    """Return charge, multiplicity and notes of the run whose banner stands at ``begin``."""
    text = bytes(file.data[begin : begin + _HEAD])
    charge = _number(first_group(_CHARGE, text))
    notes = []
    if not math.isfinite(charge):
        charge = 0.0
        notes.append("the file does not say its charge; taken as neutral")
    if abs(charge - round(charge)) > 0.01:
        notes.append(f"a charge of {charge:g} was rounded")
    if round(charge):
        notes.append(f"charge {round(charge):+d}")
    electrons = _number(first_group(_ELECTRONS, text))
    odd = math.isfinite(electrons) and round(electrons) % 2 == 1
    if b"treating system as spin-polarized" not in text:
        return (
            round(charge),
            (2 if odd else 1),
            notes + (["an odd number of electrons without spin"] if odd else []),
        )
    found = list(_INTEGRATED.finditer(file.data, begin))
    spin = _number(found[-1].group(1).decode("latin-1")) if found else math.nan
    if not math.isfinite(spin):
        spin = _number(first_group(_SPIN, text))
    if not math.isfinite(spin):
        return round(charge), (2 if odd else 1), [*notes, "multiplicity from the parity of the electrons"]
    multiplicity = round(abs(spin)) + 1
    return round(charge), multiplicity, [*notes, f"multiplicity {multiplicity} from a spin of {spin:.3f}"]
