"""The level of theory of a job of Gaussian, from its route and what the log says it did."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.filebytes import FileBytes

_WIDTH: Final = 70
"""Characters of the route on one line of the log."""
_BASIS: Final = re.compile(rb"Standard basis:[ \t]*([^\n]{1,60})")
_GENERAL: Final = re.compile(rb"General basis read from cards:[ \t]*([^\n]{0,60})")
_DISPERSION: Final = re.compile(rb"R6Disp:[ \t]+(\S{1,30})[ \t]+Dispersion energy", re.IGNORECASE)
_SOLVENT: Final = re.compile(rb"Solvent[ \t]*:[ \t]*([^,\n]{1,40}),")
_RADII: Final = re.compile(rb"Atomic radii[ \t]*:[ \t]*(\S{1,30})")
_MODEL: Final = re.compile(rb"Polarization charges|Polarizable Continuum Model|\n Model[ \t]+:")
_CONDUCTOR: Final = re.compile(rb"\n Model[ \t]+:[ \t]*C-PCM")
_GRID: Final = re.compile(rb"\n 3/[^\n]{0,120}[,/]75=(-?\d{1,7})[,/]")
_GRIDS: Final = {2: "SG1", 4: "FineGrid", 5: "UltraFine", 7: "SuperFine"}
_ASKED: Final = {"gd2": "D2", "gd3": "D3", "gd3bj": "D3(BJ)", "pfd": "PFD"}
_BEYOND: Final = (
    ("QCISD(T)", r"qcisd=?\((?:[^)]*,)?t(?:,[^)]*)?\)"),
    ("CCSD(T)", r"ccsd=?\((?:[^)]*,)?t(?:,[^)]*)?\)|ccsd-t"),
    ("QCISD", r"qcisd"),
    ("CCSD", r"ccsd"),
    ("MP4", r"mp4"),
    ("MP3", r"mp3"),
    ("MP2", r"mp2"),
    ("double hybrid", r"b2plyp\w*|mpw2plyp\w*|pbe0dh|pbeqidh|dsdpbep86\w*"),
)
_REFUSED: Final = (
    (r"(?:td|tda|cis|zindo|eomccsd)(?:[=(/].*)?", "an excited state"),
    (r"(?:g[1234]|g[34]mp2\w*|cbs-\w+|rocbs\w*|w1\w*)", "a composite method of several energies"),
    (
        r"cisd|cid|ccd|lccd|bd(?:\(t\))?|mp5|sac-?ci|ept|ovgf|gvb|cas(?:scf)?|bccd",
        "a correlated energy that is not read from logs",
    ),
    (r"oniom.*", "ONIOM, of several levels in one energy"),
    (r"counterpoise.*", "energies of fragments for a counterpoise correction"),
    (r"irc.*|ircmax.*|scan.*|bomd.*|admp.*", "a path or a trajectory"),
)


@dataclass(frozen=True, slots=True)
class Route:
    """What a route asks for.

    Attributes
    ----------
    text : str
    frequencies, optimization, numerical : bool
    beyond : str
        Key of the method whose energy comes after the SCF's; "" for SCF methods.
    refused : str
        Why no single energy stands for the job; "" where one does.
    dispersion : str
        What EmpiricalDispersion asks for.
    """

    text: str
    frequencies: bool
    optimization: bool
    numerical: bool = False
    beyond: str = ""
    refused: str = ""
    dispersion: str = ""

    def after(self, before: Route | None) -> Route:
        """Return this route, knowing the one of the job before (geometry and method may come from there)."""
        if before is None or "genchk" not in self.text.lower():
            return self
        # Gaussian wrote this route itself, from that of the job before
        return replace(
            self,
            numerical=self.numerical or re.search(r"freq=\(?[^ ]*num", before.text.lower()) is not None,
            dispersion=self.dispersion or before.dispersion,
            beyond=self.beyond or before.beyond,
            refused=self.refused or before.refused,
        )


def read_route(text: str) -> Route:
    """Read a route as the log echoes it: cut into lines of 70 characters, anywhere.

    Examples
    --------
    >>> route = read_route(" #p wb97xd/6-31+g* nosymm int=ultrafine opt=(tight) freq scrf=(solvent=\\n water,smd)\\n")
    >>> route.frequencies, route.optimization, route.beyond  # the frequencies come in a job of their own
    (False, True, '')
    """
    whole = ""
    for line in text.splitlines():
        part = line[1:].rstrip("\r\n")
        whole += part if len(part) >= _WIDTH else part + " "
    words = _words(whole.lower())
    frequencies = any(re.match(r"freq\b", word) for word in words)
    optimization = any(re.match(r"f?opt\b", word) for word in words)
    beyond = next((name for name, pattern in _BEYOND if _asks(words, pattern)), "")
    refused = next((f"the job computes {what}" for pattern, what in _REFUSED if _asks(words, pattern)), "")
    # with both, Gaussian optimizes first and writes the frequencies into a job of their own
    return Route(
        " ".join(whole.split()),
        frequencies and not optimization,
        optimization,
        any(re.match(r"freq=\(?.*num", word) for word in words),
        beyond,
        refused,
        next(
            (
                _ASKED.get(word.partition("=")[2], word)
                for word in words
                if word.startswith("empiricaldispersion")
            ),
            "",
        ),
    )


def _words(text: str) -> list[str]:
    """Return the keywords, blanks and commas within parentheses kept."""
    depth, word, words = 0, "", []
    for letter in text.lstrip("# "):
        depth += (letter == "(") - (letter == ")")
        if depth <= 0 and letter in " ,\t":
            words.append(word)
            word = ""
        else:
            word += letter
    return [one for one in [*words, word] if one]


def _asks(words: list[str], pattern: str) -> bool:
    """Return whether the method of a route is one of these, restricted or not, with a basis or without."""
    return any(re.fullmatch(rf"(?:ro|r|u)?(?:{pattern})(?:[=(/].*)?", word) for word in words)


def gaussian_level(
    file: FileBytes, start: int, end: int, route: Route, method: str, version: str
) -> LevelOfTheory:
    """Return the level of theory of a job.

    Parameters
    ----------
    file : FileBytes
    start, end : int
        The job's bytes.
    route : Route
    method : str
        As in "SCF Done: E(RB3LYP)".
    version : str
        "16 C.01".
    """
    functional = _functional(method, route)
    basis = _BASIS.search(file.data, start, end)
    general = _GENERAL.search(file.data, start, end)
    dispersion = _DISPERSION.search(file.data, start, end)
    wavefunction = route.beyond not in ("", "double hybrid") or functional == "HF"
    return LevelOfTheory(
        code="Gaussian",
        functional=functional,
        dispersion=_dispersion(dispersion.group(1).decode("latin-1"))
        if dispersion
        else route.dispersion or "none",
        basis=" ".join(basis.group(1).decode("latin-1").split())
        if basis
        else f"general basis {general.group(1).decode('latin-1').strip()}".strip()
        if general
        else "",
        precision="" if wavefunction else _grid(file, start, end, version),
        solvent=_solvent(file, start, end),
        version=version,
    )


def _functional(method: str, route: Route) -> str:
    """Return the method without the letters for restricted or unrestricted.

    Examples
    --------
    >>> _functional("RwB97XD", read_route(" # wb97xd/6-31g(d)")), _functional("UHF", read_route(" # ump2/6-31g(d)"))
    ('wB97XD', 'MP2')
    """
    if route.beyond and route.beyond != "double hybrid":
        return route.beyond
    restricted_open = re.search(r"\bro", route.text.lower()) is not None
    prefix = r"RO|[RU]" if restricted_open else r"[RU]"
    return re.sub(rf"^(?:{prefix})", "", method)


def _dispersion(word: str) -> str:
    """Return "D3(BJ)" from "Grimme-D3(BJ)"."""
    name = word.removeprefix("Grimme-")
    return {"Petersson-Frisch": "PFD"}.get(name, name)


def _grid(file: FileBytes, start: int, end: int, version: str) -> str:
    """Return the integration grid; 16 and later take UltraFine where nothing is asked for."""
    found = _GRID.search(file.data, start, min(end, start + 8192))
    if found:
        number = abs(int(found.group(1)))
        return _GRIDS.get(number, f"grid {number}")
    release = version.split(" ")[0]
    return {"16": "UltraFine", "09": "FineGrid", "03": "FineGrid"}.get(release, "")


def _solvent(file: FileBytes, start: int, end: int) -> str:
    """Return "SMD(TetraHydroFuran)", or "none"."""
    if not _MODEL.search(file.data, start, end):
        return "none"
    radii = _RADII.search(file.data, start, end)
    solvent = _SOLVENT.search(file.data, start, end)
    model = "CPCM" if _CONDUCTOR.search(file.data, start, end) else "PCM"
    model = "SMD" if radii and radii.group(1).startswith(b"SMD") else model
    return f"{model}({solvent.group(1).decode('latin-1').strip()})" if solvent else model
