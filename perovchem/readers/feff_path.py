"""``feffNNNN.dat`` of FEFF 6 to 10: one scattering path."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.elements import table
from perovchem.errors import FormatError
from perovchem.provenance import input_files
from perovchem.readers.filebytes import open_bytes
from perovchem.result import Provenance
from perovchem.scattering_path import LARGEST, ScatteringPath

LARGEST_FILE: Final = 1 << 20
"""Bytes; such a file has about sixty rows."""
_EDGE: Final = re.compile(r"\b([KLM][1-5]?) shell")
_COLUMNS: Final = 7
_FIX: Final = "give a feffNNNN.dat as FEFF wrote it, of a path with two legs"


def read_feff_path(path: str | os.PathLike[str]) -> ScatteringPath:
    """Read one scattering path of a FEFF run, ``feffNNNN.dat``.

    Parameters
    ----------
    path : path
        May be packed (.gz, .bz2, .xz).

    Returns
    -------
    ScatteringPath

    Raises
    ------
    InputError
        If there is no such path in it, or it has more than two legs: no single scattering.
    """
    file = open_bytes(Path(path))
    where = str(path)
    if len(file) > LARGEST_FILE:
        raise FormatError("the file is too large for a path of FEFF", where=where, fix=_FIX)
    lines = bytes(file.data[: len(file)]).decode("latin-1").splitlines()
    heads = [n for n, line in enumerate(lines) if "real[2*phc]" in line]
    legs = next((n for n, line in enumerate(lines) if "nleg, deg, reff" in line), None)
    if not heads or legs is None or heads[0] < 2:
        raise FormatError("this is no scattering path of FEFF", where=where, fix=_FIX)
    n_legs, _, distance = _numbers(lines[legs].split()[:3], where, legs)
    if n_legs != 2:
        raise FormatError(
            f"the path has {n_legs:g} legs, so it is multiple scattering",
            where=f"{where}, line {legs + 1}",
            fix=_FIX,
        )
    absorber, neighbor = (_element(line, where) for line in lines[heads[0] - 2 : heads[0]])
    rows = [
        _numbers(line.split(), where, number)
        for number, line in enumerate(lines[heads[0] + 1 :], heads[0] + 1)
        if line.strip()
    ]
    if not rows or {len(row) for row in rows} != {_COLUMNS}:
        raise FormatError(f"a row has not {_COLUMNS} numbers", where=where, fix="restore the file: it is cut")
    if np.abs(rows).max() > LARGEST:
        raise FormatError("a number is beyond all reason", where=where, fix="restore the file")
    k, center, size, phase, reduction, free_path, momentum = np.array(rows).T
    edge = _EDGE.search("\n".join(lines[:legs]))
    return ScatteringPath(
        absorber, neighbor, edge[1] if edge else "", distance, k, size * reduction, np.unwrap(center + phase),
        free_path, momentum, f"{_program(lines[0])}, {Path(path).name}", Provenance(where, input_files([Path(path)])),
    )  # fmt: skip


def _numbers(words: list[str], where: str, number: int) -> list[float]:
    try:
        found = [float(word) for word in words]
    except ValueError:
        found = []
    if len(found) < 3 or not np.isfinite(found).all():
        raise FormatError(
            "numbers are missing or broken", where=f"{where}, line {number + 1}", fix="restore the file"
        )
    return found


def _element(line: str, where: str) -> str:
    """Return the element of a leg: x, y, z, potential, atomic number, label."""
    words = line.split()
    try:
        number = int(words[4])
    except (IndexError, ValueError):
        number = 0
    symbols = tuple(table())  # by atomic number
    if not 1 <= number <= len(symbols):
        raise FormatError("an atom of the path has no atomic number", where=where, fix=_FIX)
    return symbols[number - 1]


def _program(line: str) -> str:
    """Return the version that FEFF writes at the end of its first line."""
    found = re.search(r"Feff\s?\S+", line)
    return found[0] if found else "FEFF"
