"""The level of theory of a job of ORCA, from its echoed input and what the output says it used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.filebytes import FileBytes

_LINE: Final = re.compile(rb"\n\|[ \t]*\d+>[ \t]?([^\n]{0,400})")
_MOST_LINES: Final = 5000
_BASIS: Final = re.compile(rb"utilizes the basis:[ \t]*([^\n]{1,60})")
_BASIS_SET: Final = re.compile(
    r"(?i)(?:(?:ma|zora|dkh|x2c|sarc|old)-)?(?:def2?-|(?:(?:aug|jun|jul|may)-)?cc-p|\d-\d+\d*\+*g|sto-\dg|(?:aug-)?pc(?:seg)?-\d"
    r"|ano-|saug-ano|lanl|sv\(|svp|tzvp|qzvp|epr-|iglo|minix$|minis|mini$)"
)
"""Words of the input that are basis sets."""
_EXCHANGE: Final = re.compile(rb"Exchange Functional[ \t]+Exchange[ \t]+\.{2,6}[ \t]*(\S{1,30})")
_CORRELATION: Final = re.compile(rb"Correlation Functional[ \t]+Correlation[ \t]+\.{2,6}[ \t]*(\S{1,30})")
_NOT_METHODS: Final = re.compile(
    r"""(?xi) (?:num|an)?freq | (?:tight|verytight|loose|normal)?opt(?:ts|h|r)?(?:-ts)? | copt | engrad | sp | energy
    | goat
    | (?:very)?(?:tight|loose|normal|sloppy|extreme|strong)(?:scf|conv|pno)? | scfconv\d+ | (?:very)?slowconv
    | easyconv | normalconv | kdiis | soscf | (?:no)?trah | (?:no)?autostart | moread | usesym | nousesym
    | rijcosx | rij?onx | ri(?:-?jk)? | nori | nocosx | cosx | split-?rij?.* | autoaux
    | (?:fine?)?grid\w* | finalgrid\d | no(?:final)?grid\w* | defgrid\d | gridx\d
    | (?:r|u|ro)(?:ks|hf) | allowrhf | (?:no)?frozencore | (?:mini|small|normal|large|no)print\w* | print\w* | nopop
    | xyzfile | pal\d+ | keepdens | keepints | d2 | d3 | d3zero | d3bj | d3tz | d4 | abc | gcp\(.*\) | nl | scnl
    | (?:c-?pcm|smd|alpb|ddcosmo|cosmo|gbsa)(?:\(.*\))? | cpcmx.* | .*/(?:j|jk|c|cabs) | .*-cabs | .*-jkfit | nmr | uno
    | decontract | bohrs | angs | hueckel | patom | pmodel | hcore | conv | direct | dlpno | (?:large|small)core
    | x2c | zora | dkh2? | nohfdamp | lr[-_]?cpcm | mulliken | hirshfeld | chelpg | nbo | aim
    | rescue.* | irc | neb.*"""
)
_DISPERSION: Final = {
    "D2": "D2",
    "D3": "D3(BJ)",
    "D3BJ": "D3(BJ)",
    "D3ZERO": "D3",
    "D3TZ": "D3",
    "D4": "D4",
    "NL": "VV10",
}
_BUILT_IN: Final = (
    (r"-D3BJ$", "D3(BJ)"), (r"-D3$", "D3"), (r"-D4$", "D4"), (r"-D$", "D2"), (r"-V$", "VV10"),
    (r"^(?:r2SCAN|wB97X|B3LYP)-3c$", "D4"), (r"-3c$", "D3(BJ)"), (r"^XTB2$|^GFN2-xTB$", "D4"),
    (r"^XTB1?$|^GFN1-xTB$", "D3(BJ)"),
)  # fmt: skip
_CASES: Final = {
    "WB97": "wB97", "R2SCAN": "r2SCAN", "REVPBE": "revPBE", "PBESOL": "PBEsol", "PBEH": "PBEh", "-3C": "-3c",
    "XTB": "xTB",
}  # fmt: skip
_WAVEFUNCTION: Final = re.compile(
    r"(?i)(?:ri-|dlpno-)?(?:mp2|mp3|ccsd(?:\(t\))?(?:-f12\S*)?|ccsd|qcisd(?:\(t\))?)(?:/\S+)?"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """What the echoed input asks for.

    Attributes
    ----------
    words : tuple of str
        Of the lines that begin with "!".
    text : str
        All of it.
    frequencies : bool
    """

    words: tuple[str, ...]
    text: str
    frequencies: bool


def read_input(file: FileBytes, begin: int, end: int) -> Setup:
    """Read the input that a job echoes; the first one, where the job has none of its own."""
    lines: list[str] = []
    for match in _LINE.finditer(file.data, begin, end):
        lines.append(match.group(1).decode("latin-1"))
        if len(lines) >= _MOST_LINES or "END OF INPUT" in lines[-1]:
            break
    if not lines and begin:
        return read_input(file, 0, end)
    plain = [line.partition("#")[0] for line in lines]
    words = tuple(word for line in plain if line.strip().startswith("!") for word in line.strip()[1:].split())
    return Setup(
        words,
        "\n".join(plain),
        any(re.fullmatch(r"(?i)(?:num|an)?freq", word) for word in words)
        or "%freq" in "\n".join(plain).lower(),
    )


def orca_level(file: FileBytes, begin: int, end: int, setup: Setup, version: str) -> LevelOfTheory:
    """Return the level of theory of a job."""
    basis = _BASIS.search(file.data, begin, end) or _BASIS.search(file.data)
    name = basis.group(1).decode("latin-1").strip() if basis else ""
    methods = [word for word in setup.words if not _NOT_METHODS.fullmatch(word)]
    methods = [word for word in methods if word.casefold() != name.casefold() and not _BASIS_SET.match(word)]
    functional = _functional(file, begin, end, methods)
    return LevelOfTheory(
        code="ORCA",
        functional=functional,
        dispersion=_dispersion(setup, functional),
        basis=name or next((word for word in setup.words if _BASIS_SET.match(word)), ""),
        precision=_grid(setup, version) if not _WAVEFUNCTION.fullmatch(functional) else "",
        solvent=_solvent(setup),
        version=version,
    )


def _functional(file: FileBytes, begin: int, end: int, methods: list[str]) -> str:
    """Return the method: the word of the input, else the functionals the output names."""
    better = [word for word in methods if _WAVEFUNCTION.fullmatch(word)]
    if better or methods:
        return _written((better or methods)[0])
    exchange, correlation = (pattern.search(file.data, begin, end) for pattern in (_EXCHANGE, _CORRELATION))
    if exchange and correlation:
        return f"{exchange.group(1).decode('latin-1')}-{correlation.group(1).decode('latin-1')}"
    return "HF"


def _written(method: str) -> str:
    """Return a method as the field writes it, for an input may use any case.

    Examples
    --------
    >>> _written("b3lyp"), _written("wb97x-d3"), _written("R2SCAN-3C")
    ('B3LYP', 'wB97X-D3', 'r2SCAN-3c')
    """
    name = method.upper()
    for loud, usual in _CASES.items():
        name = name.replace(loud, usual)
    return name


def _dispersion(setup: Setup, functional: str) -> str:
    """Return the dispersion correction."""
    asked = next((_DISPERSION[word.upper()] for word in setup.words if word.upper() in _DISPERSION), "")
    if asked:
        return asked
    return next(
        (name for pattern, name in _BUILT_IN if re.search(pattern, functional, re.IGNORECASE)), "none"
    )


def _grid(setup: Setup, version: str) -> str:
    """Return the integration grid; since version 5, DefGrid2 where nothing is asked for."""
    asked = [word for word in setup.words if re.fullmatch(r"(?i)(?:def)?grid\d", word)]
    if asked:
        return asked[0].replace("def", "Def").replace("grid", "Grid").replace("DEFGRID", "DefGrid")
    return "DefGrid2" if version[:1].isdigit() and version[:1] >= "5" else ""


def _solvent(setup: Setup) -> str:
    """Return "SMD(dmso)" or "CPCM(water)", or "none"."""
    text = setup.text
    smd = re.search(r'(?i)smdsolvent\s*"?([^"\s]+)"?', text)
    if smd:
        return f"SMD({smd.group(1)})"
    for word in setup.words:
        match = re.fullmatch(r"(?i)(c-?pcm|smd|alpb|ddcosmo|cosmo)(?:\((.*)\))?", word)
        if match:
            model = match.group(1).upper().replace("C-PCM", "CPCM")
            model = "SMD" if re.search(r"(?i)%cpcm[^%]*\bsmd\s+true", text) else model
            return f"{model}({match.group(2)})" if match.group(2) else model
    if re.search(r"(?i)%cpcm", text):
        permittivity = re.search(r"(?i)epsilon\s+([\d.]+)", text)
        return f"CPCM(ε = {permittivity.group(1)})" if permittivity else "CPCM"
    return "none"
