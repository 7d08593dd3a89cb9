"""Tables of a log of Gaussian: orientations, modes, masses, and the archive with the second derivatives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.elements import table
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import (
    MOST_ATOMS,
    NUMBER,
    last_of,
    next_line,
    refused,
    rows_from,
    to_mass,
    to_number,
    to_numbers,
)
from perovchem.units import BOHR, HARTREE

_ORIENTATIONS: Final = (b"Standard orientation:", b"Input orientation:", b"Z-Matrix orientation:")
_MASS: Final = re.compile(
    rb"Atom[ \t]+(\d{1,6})[ \t]+has atomic number[ \t]+\d{1,3}[ \t]+and mass[ \t]+(%b)" % NUMBER
)
_FREQUENCIES: Final = re.compile(rb"\n[ \t]*Frequencies (--|---)[ \t]+([^\n]*)")
_ARCHIVE: Final = re.compile(rb"\n 1[\\|]1[\\|]")
_ARCHIVE_END: Final = re.compile(rb"[\\|]\s*@[ \t\r]*(?:\n|\Z)")
_ATOM: Final = re.compile(r"([A-Z][a-z]?)(?:\([^)]*\))?(?:,-?\d+)?,([-\d.]+),([-\d.]+),([-\d.]+)")
_LARGEST_ARCHIVE: Final = 1 << 28
_LARGEST: Final = 1e9
_FIX: Final = "restore the log, or run the job again"


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """What the archive of a frequency job gives.

    Attributes
    ----------
    positions : float64 (N, 3)
        Å.
    hessian : float64 (3 N, 3 N)
        eV/Å2.
    """

    positions: Floats
    hessian: Floats


def read_orientation(file: FileBytes, start: int, scf: int, end: int) -> tuple[tuple[str, ...], Floats]:
    """Read the structure that an energy belongs to: the last table before it.

    Parameters
    ----------
    file : FileBytes
    start, end : int
        The job's bytes.
    scf : int
        Where the energy stands.
    """
    for words in _ORIENTATIONS:
        place = last_of(file, words, start, scf)
        if place < 0:
            place = file.data.find(words, scf, end)
        if place >= 0:
            return _structure(file, place)
    raise refused(file, scf, "no coordinates belong to this energy", "run the job with #P, or without NoSymm")


def _structure(file: FileBytes, place: int) -> tuple[tuple[str, ...], Floats]:
    symbols = list(table())
    species: list[str] = []
    rows: list[tuple[float, ...]] = []
    for position, words in rows_from(file, next_line(file, place, 5)):
        if words and words[0].startswith(b"---"):
            break
        if len(words) != 6 or not words[1].lstrip(b"-").isdigit():
            raise refused(file, position, "this should be a row of coordinates", _FIX)
        number = int(words[1])
        if number < 1:
            continue  # a ghost or dummy atom
        if number > len(symbols):
            raise refused(file, position, f"there is no element {number}", _FIX)
        species.append(symbols[number - 1])
        rows.append(tuple(to_number(file, word, position, "a coordinate") for word in words[3:]))
    if not rows or len(rows) >= MOST_ATOMS:
        raise refused(file, place, "the table of coordinates is empty or endless", _FIX)
    return tuple(species), np.array(rows)


def read_masses(file: FileBytes, start: int, end: int, n_atoms: int) -> Floats | None:
    """Return the masses that the thermochemistry of a job lists, u; None where it lists none."""
    found: dict[int, float] = {}
    for match in _MASS.finditer(file.data, start, end):
        found.setdefault(int(match.group(1)), to_mass(file, match.group(2), match.start()))
    if sorted(found) != list(range(1, n_atoms + 1)):
        return None
    return np.array([found[k] for k in range(1, n_atoms + 1)])


def read_modes(file: FileBytes, start: int, end: int, n_atoms: int) -> tuple[Floats, Floats]:
    """Read wavenumbers (M,), imaginary ones negative, and Cartesian displacements (M, N, 3), not normalized.

    Where the job prints the modes twice, with five and with two decimals, the vectors are those of five.
    """
    coarse = _mode_tables(file, start, end, n_atoms, b"--")
    fine = _mode_tables(file, start, end, n_atoms, b"---")
    wavenumbers, vectors = coarse if coarse[0] else fine
    if fine[0] and len(fine[0]) == len(wavenumbers):
        vectors = fine[1]
    if n_atoms == 1:
        return np.zeros(0), np.zeros((0, 1, 3))
    if len(wavenumbers) not in (3 * n_atoms - 6, 3 * n_atoms - 5):
        raise FormatError(
            f"{len(wavenumbers)} modes for {n_atoms} atoms",
            where=str(file.path),
            fix="give a job with all 3N - 6 modes (no frozen atoms), and the whole log",
        )
    return np.array(wavenumbers), np.array(vectors)


def _mode_tables(
    file: FileBytes, start: int, end: int, n_atoms: int, mark: bytes
) -> tuple[list[float], list[Floats]]:
    """Return the modes of one kind of table: three columns of vectors, or five of components."""
    values: list[float] = []
    vectors: list[Floats] = []
    for match in _FREQUENCIES.finditer(file.data, start, end):
        if match.group(1) != mark:
            continue
        row = match.start() + 1
        numbers = _numbers_above(file, row)
        if numbers and numbers[0] == 1:
            values, vectors = [], []  # the modes of this job are printed once more
        if numbers and numbers[0] != len(values) + 1:
            raise refused(file, row, f"these should be modes {len(values) + 1} and following", _FIX)
        words = match.group(2).split()
        if not 1 <= len(words) <= 5 or (numbers and len(words) != len(numbers)):
            raise refused(file, row, "this should be one wavenumber for each mode", _FIX)
        values += [to_number(file, word, row, "a wavenumber") for word in words]
        vectors += _vectors(file, row, n_atoms, len(words), fine=mark == b"---")
        if len(values) > 3 * n_atoms:
            raise refused(file, row, f"more modes than {n_atoms} atoms have", _FIX)
    return values, vectors


def _numbers_above(file: FileBytes, row: int) -> list[int]:
    """Return the numbers of the modes, two lines above their wavenumbers."""
    before = bytes(file.data[max(0, row - 600) : row]).split(b"\n")
    words = before[-3].split() if len(before) >= 4 else []
    return (
        [int(word) for word in words]
        if words and all(word.isdigit() and len(word) < 8 for word in words)
        else []
    )


def _vectors(file: FileBytes, row: int, n_atoms: int, count: int, *, fine: bool) -> list[Floats]:
    """Return the vectors below a line of wavenumbers."""
    heading = b"Coord Atom Element" if fine else b"Atom  AN"
    place = file.data.find(heading, row, row + 4000)
    if place < 0:
        raise refused(file, row, "these modes have no vectors", _FIX)
    n_rows, skip, width = (3 * n_atoms, 3, count) if fine else (n_atoms, 2, 3 * count)
    out = np.empty((n_rows, width))
    for k, (position, words) in enumerate(rows_from(file, next_line(file, place), most=n_rows)):
        if len(words) != skip + width:
            raise refused(file, position, f"this should be a row of the vectors of {count} modes", _FIX)
        out[k] = to_numbers(file, words[skip:], position, "a displacement")
    if fine:
        return [out[:, k].reshape(n_atoms, 3) for k in range(count)]
    return [out[:, 3 * k : 3 * k + 3].copy() for k in range(count)]


def read_archive(file: FileBytes, start: int, end: int, species: tuple[str, ...]) -> Archive | None:
    """Read structure and second derivatives from the archive of a frequency job; None where it has none."""
    begun = [match.start() for match in _ARCHIVE.finditer(file.data, start, end)]
    for begin in reversed(begun):
        stop = _ARCHIVE_END.search(file.data, begin, min(end, begin + _LARGEST_ARCHIVE))
        if stop is None:
            continue
        text = bytes(file.data[begin + 1 : stop.start()]).decode("latin-1")
        whole = "".join(line[1:].rstrip("\r") for line in text.split("\n"))
        fields = re.split(r"\\\\|\|\|", whole)
        if len(fields) < 6 or not re.match(r"1[\\|]1[\\|][^\\|]*[\\|]Freq[\\|]", fields[0]):
            continue
        atoms = [_ATOM.fullmatch(item) for item in re.split(r"[\\|]", fields[3])[1:]]
        triangle = next((one for k, one in enumerate(fields[5:], 5) if "NImag=" in fields[k - 1]), "")
        size = 3 * len(species)
        if None in atoms or tuple(atom.group(1) for atom in atoms if atom) != species:
            return None
        try:
            values = np.array([float(word) for word in triangle.split(",")])
            positions = np.array([[float(word) for word in atom.groups()[1:]] for atom in atoms if atom])
        except ValueError:
            return None
        if len(values) != size * (size + 1) // 2 or not (np.abs(values) < _LARGEST).all():
            return None
        hessian = np.zeros((size, size))
        hessian[np.tril_indices(size)] = values
        hessian = hessian + np.tril(hessian, -1).T
        return Archive(positions, hessian * (HARTREE / BOHR**2))
    return None
