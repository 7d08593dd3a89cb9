"""A .phonon of CASTEP: structure, wavevectors with weights, frequencies, eigenvectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.elements import element
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import (
    MOST_ATOMS,
    find_all,
    next_line,
    refused,
    rows_from,
    to_mass,
    to_number,
    to_numbers,
)
from perovchem.units import ELECTRONVOLT_WAVENUMBER as ELECTRONVOLT
from perovchem.units import TERAHERTZ_WAVENUMBER as TERAHERTZ

_HEADER: Final = re.compile(rb"Number of (ions|branches|wavevectors)[ \t]+(\d{1,9})[ \t\r]*\n")
_UNIT: Final = re.compile(rb"Frequencies in[ \t]+(\S+)")
_TO_WAVENUMBER: Final = {
    b"cm-1": 1.0,
    b"1/cm": 1.0,
    b"THz": TERAHERTZ,
    b"meV": 1e-3 * ELECTRONVOLT,
    b"eV": ELECTRONVOLT,
}
"""1/cm in one unit of what CASTEP may print."""
_MOST_POINTS: Final = 1_000_000
_SAME: Final = 1e-6
_FIX: Final = "restore the file, or run the phonon calculation again"


@dataclass(frozen=True, slots=True, eq=False)
class Phonons:
    """What a .phonon holds; repeated wavevectors (LO-TO splitting by direction) once.

    Attributes
    ----------
    species : tuple of str
    cell : float64 (3, 3)
        Å.
    fractional : float64 (N, 3)
    masses : float64 (N,)
        u.
    wavevectors : float64 (Q, 3)
        Fractional.
    weights : float64 (Q,)
        As written.
    wavenumbers : float64 (Q, 3 N)
        1/cm, imaginary ones negative.
    eigenvectors : float64 (3 N, N, 3) or None
        At Γ, real and orthonormal, where the file has them.
    notes : tuple of str
    """

    species: tuple[str, ...]
    cell: Floats
    fractional: Floats
    masses: Floats
    wavevectors: Floats
    weights: Floats
    wavenumbers: Floats
    eigenvectors: Floats | None
    notes: tuple[str, ...]

    @property
    def is_mesh(self) -> bool:
        """Whether the wavevectors can stand for the whole zone: :func:`is_mesh`."""
        return is_mesh(self.wavevectors, self.weights)


def is_mesh(wavevectors: Floats, weights: Floats) -> bool:
    """Return whether wavevectors can stand for the whole zone: Γ alone, unequal weights, or an even grid.

    Over an even grid of n points along an axis, the mean of cos 2πmq vanishes unless n divides m, when it is
    1 or -1; over a path or a list it is neither for some m.
    """
    if len(weights) == 1:
        return bool((np.abs(wavevectors) < _SAME).all())
    if np.ptp(weights) > 1e-6 * weights.max():
        return True
    orders = np.arange(1, 5)[:, None, None]
    means = np.abs(np.cos(2 * np.pi * orders * wavevectors).mean(1))
    return bool(((means < 1e-4) | (means > 1 - 1e-4)).all())


def read_phonon(file: FileBytes) -> Phonons:
    """Read a .phonon.

    Raises
    ------
    FormatError
        If the header does not agree with what follows, or the file ends early.
    """
    end = file.data.find(b"END header")
    if end < 0:
        raise FormatError("the header has no end", where=str(file.path), fix=_FIX)
    counts = {match.group(1).decode(): int(match.group(2)) for match in _HEADER.finditer(file.data, 0, end)}
    if set(counts) != {"ions", "branches", "wavevectors"}:
        raise FormatError(
            "the header lacks a number of ions, branches or wavevectors", where=str(file.path), fix=_FIX
        )
    n_atoms, branches, n_points = counts["ions"], counts["branches"], counts["wavevectors"]
    if branches != 3 * n_atoms or not 0 < n_atoms <= MOST_ATOMS or not 0 < n_points <= _MOST_POINTS:
        raise FormatError(f"{branches} branches of {n_atoms} ions", where=str(file.path), fix=_FIX)
    if branches * n_points * 8 > len(file):
        raise FormatError(
            f"{n_points} wavevectors of {branches} branches are more than the file holds",
            where=str(file.path),
            fix=_FIX,
        )
    unit = _UNIT.search(file.data, 0, end)
    factor = _TO_WAVENUMBER.get(unit.group(1)) if unit else None
    if factor is None:
        said = unit.group(1).decode("latin-1") if unit else "no unit"
        raise FormatError(f"frequencies in {said}", where=str(file.path), fix=_FIX)
    cell = _table(file, b"Unit cell vectors (A)", end, 3, 0)[1]
    words, numbers = _table(file, b"Fractional Co-ordinates", end, n_atoms, 1)
    species = tuple(
        element(word[4].decode("latin-1").split(":")[0], where=str(file.path)).symbol for word in words
    )
    points, directions, directed = _points(file, end, branches)
    seen = sorted(points)
    if seen != list(range(1, n_points + 1)):
        raise FormatError(f"{len(seen)} of {n_points} wavevectors are there", where=str(file.path), fix=_FIX)
    notes = []
    if directions:
        notes.append(
            f"wavevectors given once more by direction (LO-TO splitting) were left out: {directions} blocks"
        )
    if directed:
        notes.append("Γ stands there only as approached along a direction: its modes are LO-TO split")
    rows = [points[number] for number in seen]
    wavevectors = np.array([row[1] for row in rows])
    gamma = next((k for k, row in enumerate(rows) if (np.abs(row[1]) < _SAME).all()), None)
    eigenvectors = None
    if gamma is not None:
        eigenvectors = _eigenvectors(file, rows[gamma][0], branches, n_atoms)
        if eigenvectors is None:
            notes.append("the vectors at Γ are missing, or not those of real displacements")
    return Phonons(
        species=species,
        cell=cell,
        fractional=numbers[:, :3],
        masses=np.array([to_mass(file, word[5], end) for word in words]),
        wavevectors=wavevectors,
        weights=np.array([row[2] for row in rows]),
        wavenumbers=np.array([row[3] for row in rows]) * factor,
        eigenvectors=eigenvectors,
        notes=tuple(notes),
    )


def _table(
    file: FileBytes, heading: bytes, end: int, n_rows: int, skip: int
) -> tuple[list[list[bytes]], Floats]:
    """Return the words of the rows below a heading, and their three numbers behind ``skip`` words."""
    place = file.data.find(heading, 0, end)
    if place < 0:
        raise FormatError(f"no table {heading.decode()!r}", where=str(file.path), fix=_FIX)
    rows, numbers = [], np.empty((n_rows, 3))
    for k, (position, words) in enumerate(rows_from(file, next_line(file, place), most=n_rows)):
        if len(words) < 3 + 3 * skip or position >= end:
            raise refused(file, position, f"row {k + 1} of {heading.decode()!r} is not complete", _FIX)
        rows.append(words)
        numbers[k] = [to_number(file, word, position, "a number") for word in words[skip : skip + 3]]
    return rows, numbers


_Point = tuple[int, Floats, float, Floats]


def _points(file: FileBytes, start: int, branches: int) -> tuple[dict[int, _Point], int, set[int]]:
    """Return, by number, where each block's frequencies end, its wavevector, weight and frequencies.

    A block with a direction of approach to Γ gives way to one without; how many blocks were left out, and which
    numbers have a direction after all.
    """
    points: dict[int, _Point] = {}
    directed: set[int] = set()
    left_out = 0
    for place in find_all(file, b"q-pt=", start):
        row = file.data.rfind(b"\n", 0, place) + 1
        words = bytes(file.data[place + 5 : next_line(file, place)]).split()
        if len(words) not in (5, 8) or not words[0].isdigit() or len(words[0]) > 9:
            raise refused(file, row, "this should be a wavevector with its weight", _FIX)
        number = int(words[0])
        values = [to_number(file, word, row, "a wavevector") for word in words[1:5]]
        frequencies = np.empty(branches)
        position = next_line(file, place)
        for k, (at, line) in enumerate(rows_from(file, position, most=branches)):
            if len(line) < 2 or line[0] != str(k + 1).encode():
                raise refused(file, at, f"this should be the frequency of branch {k + 1}", _FIX)
            frequencies[k] = to_number(file, line[1], at, "a frequency")
            position = at
        if len(list(rows_from(file, next_line(file, place), most=branches))) < branches:
            raise refused(file, row, "the file ends within this wavevector", _FIX)
        is_directed = len(words) == 8
        if number in points and (is_directed or number not in directed):
            left_out += 1
            continue
        left_out += number in points
        points[number] = (next_line(file, position), np.array(values[:3]), values[3], frequencies)
        (directed.add if is_directed else directed.discard)(number)
    return points, left_out, directed


def _eigenvectors(file: FileBytes, start: int, branches: int, n_atoms: int) -> Floats | None:
    """Return the vectors at Γ as real displacements, or None where they are not."""
    if not bytes(file.data[start : next_line(file, start)]).strip().startswith(b"Phonon Eigenvectors"):
        return None
    out = np.empty((branches, n_atoms, 3), np.complex128)
    count = 0
    for position, words in rows_from(file, next_line(file, start, 2), most=branches * n_atoms):
        mode, atom = divmod(count, n_atoms)
        if len(words) != 8 or words[0] != str(mode + 1).encode() or words[1] != str(atom + 1).encode():
            raise refused(file, position, f"this should be ion {atom + 1} of mode {mode + 1}", _FIX)
        parts = to_numbers(file, words[2:], position, "a vector")
        out[mode, atom] = [complex(parts[k], parts[k + 1]) for k in (0, 2, 4)]
        count += 1
    if count < branches * n_atoms:
        raise refused(file, start, f"{count} of {branches * n_atoms} rows of vectors at Γ are there", _FIX)
    flat = out.reshape(branches, -1)
    largest = flat[np.arange(branches), np.abs(flat).argmax(1)]
    flat = flat * np.exp(-1j * np.angle(largest))[:, None]  # a common phase means nothing
    real: Floats = flat.real
    products = real @ real.T
    if np.abs(products - np.eye(branches)).max() > 0.01:
        return None
    return real.reshape(branches, n_atoms, 3)
