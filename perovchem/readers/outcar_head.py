"""The head of an OUTCAR: version, atoms, settings; and what else its readers must agree on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem.elements import table
from perovchem.frames import Floats
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.incar import number

KILOBAR: Final = 0.1  # GPa

_HEAD: Final = 64 << 20
_TAIL: Final = 1 << 18
KEYS: Final = re.findall(
    r"\w+",
    "NELM NSW NBLOCK IBRION ISIF POTIM TEBEG TEEND SMASS PSTRESS MDALGO LANGEVIN_GAMMA ANDERSEN_PROB "
    "ISPIN ENCUT ISMEAR SIGMA LSORBIT IVDW GGA",
)
_SETTING: Final = re.compile(rb"(?<![^\s;])(%b)\s*+=\s*+([^\s;]++)" % "|".join(KEYS).encode())
_ECHOED: Final = re.compile(rb"(?m)^[ \t]*(ML_OUTBLOCK|ML_MODE|ML_ISTART)[ \t]*=[ \t]*([^\s#!;]{1,40})")
"""Said by the echo of the INCAR alone."""
_VALENCE = re.compile(rb"VRHFIN\s*=\s*([A-Za-z]{1,2})\s*:")
_TITLE = re.compile(rb"(?:TITEL\s*=|POTCAR:)\s*\S+\s+([A-Z][a-z]?)(?![a-z])")


@dataclass(frozen=True, slots=True)
class OutcarHead:
    """What stands before the first step: version, atoms, settings."""

    version: str
    species: tuple[str, ...]
    n_atoms: int | None
    settings: Mapping[str, str]


def read_outcar_head(file: FileBytes) -> OutcarHead:
    """Read version, species and settings, and nothing of the steps: fast however long the file."""
    data = file.data
    found = re.search(rb"vasp\.(\S+)", data[:8192])
    version = found.group(1).decode("latin-1") if found else ""
    arrays = data.find(b"Dimension of arrays:", 0, _HEAD)
    start = data.find(b"Startparameter for this run", max(arrays, 0), _HEAD)
    end = start if start >= 0 else len(data)
    settings: dict[str, str] = {}
    echo = data.find(b"INCAR:", 0, 8192)
    if echo >= 0:
        stop = data.find(b"POTCAR:", echo, echo + 16384)
        for match in _ECHOED.finditer(bytes(data[echo : stop if stop >= 0 else echo + 16384])):
            settings.setdefault(match.group(1).decode(), match.group(2).decode("latin-1"))
    for begin, stop in (
        (data.find(b"MD-specific parameters", 0, max(arrays, 0)), arrays),
        (start, start + 16384),
    ):
        if 0 <= begin < stop:
            settings |= _settings(bytes(data[begin : min(stop, begin + 16384)]))
    if arrays < 0:
        return OutcarHead(version, (), None, settings)
    dimensions = bytes(data[arrays : min(end, arrays + 8192)])
    ions = re.search(rb"NIONS\s*=\s*(\d{1,12})\s", dimensions)
    n_atoms = int(ions.group(1)) if ions else None
    return OutcarHead(version, _species(file, arrays, dimensions, n_atoms), n_atoms, settings)


def _settings(text: bytes) -> dict[str, str]:
    """Return the keywords of interest that stand in a stretch of the head."""
    found: dict[str, str] = {}
    for match in _SETTING.finditer(text):
        found.setdefault(match.group(1).decode(), match.group(2).decode("latin-1"))
    return found


def _species(file: FileBytes, arrays: int, dimensions: bytes, n_atoms: int | None) -> tuple[str, ...]:
    """Return the symbol of each atom from the POTCAR headings and "ions per type"."""
    line = re.search(rb"ions per type\s*=((?:[ \t]+\d{1,9})+)\s*\n", dimensions)
    if not line:
        return ()
    counts = [int(word) for word in line.group(1).split()]
    if sum(counts) != n_atoms or n_atoms > len(file):
        return ()  # columns run together, or digits lost
    for heading, size in ((b"VRHFIN", 600), (b"POTCAR:", 60)):
        symbols: list[str] = []
        position = file.data.find(heading, 0, arrays)
        while position >= 0 and len(symbols) < len(counts):
            symbols.append(_symbol(bytes(file.data[position : position + size])))
            position = file.data.find(heading, position + 6, arrays)
        if len(symbols) == len(counts) and "" not in symbols:
            return tuple(symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count))
    return ()


def _symbol(text: bytes) -> str:
    """Return the element of a POTCAR from "VRHFIN =Pb: ..." or, failing that, a title "PAW_PBE Pb_d ..."."""
    for pattern in (_VALENCE, _TITLE):
        if (match := pattern.search(text)) and (symbol := match.group(1).decode()) in table():
            return symbol
    return ""


def positions_of(file: FileBytes, needle: bytes) -> Iterator[int]:
    """Yield where ``needle`` stands."""
    position = file.data.find(needle)
    while position >= 0:
        yield position
        position = file.data.find(needle, position + len(needle))


def ends_with_thermostat(file: FileBytes, head: OutcarHead) -> bool:
    """Return whether an ionic step ends with the block of the thermostat: in molecular dynamics.

    Where none is printed, two steps from first principles say that none will be; a machine-learned force field
    may foretell the first step, so its energies say nothing.
    """
    if file.data.find(b"ELECTRON-ION-THERMOSTAT SYSTEM") >= 0:
        return True
    if head.settings.get("IBRION") != "0":
        return False
    first_principles = (
        place
        for place in positions_of(file, b"FREE ENERGIE OF")
        if file.data[max(0, place - 3) : place] != b"ML "
    )
    return len(list(islice(first_principles, 2))) < 2


def tail_of(file: FileBytes) -> bytes:
    """Return the end of the log."""
    return bytes(file.data[max(0, len(file) - _TAIL) :])


def is_closed(file: FileBytes) -> bool:
    """Return whether VASP closed the log ("General timing"), and all of it is there."""
    return b"General timing" in tail_of(file) and file.complete


def judge_convergence(head: OutcarHead, counts: NDArray[np.int64], said: NDArray[np.int64]) -> Floats:
    """Return whether the electrons of each ionic step converged: 1, 0 or NaN.

    VASP 6 says "EDIFF was not reached"; earlier versions print "EDIFF is reached" also where NELM ended the
    loop, so there only the count decides.

    Parameters
    ----------
    head : OutcarHead
    counts : int64 (n_steps,)
        Electronic steps.
    said : int64 (n_steps,)
        1 for "is reached", 0 for "was not reached", -1 for neither.
    """
    limit = number(head.settings, "NELM")
    converged = np.full(len(counts), np.nan)
    if limit is not None:
        converged[counts > 0] = counts[counts > 0] < limit
    heard = said >= 0 if not head.version.startswith(("4", "5")) else said == 0
    converged[heard] = said[heard]
    return converged
