"""VASP's DOSCAR: total and, where LORBIT was set, by atom and orbital; what its columns are is told by their number."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import SpinTreatment
from perovchem.errors import FormatError, PerovchemError
from perovchem.readers.clock import neighbors
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.numbers import read_rows
from perovchem.readers.outcar_head import read_outcar_head
from perovchem.readers.structure import open_structure
from perovchem.readers.vasprun_dos import without_first
from perovchem.state_density import StateDensity

_HEAD: Final = 6
"""Lines before the total."""
_MOST_POINTS: Final = 10_000_000
_LARGEST: Final = 1e7
_LM: Final = (
    "s",
    "py",
    "pz",
    "px",
    "dxy",
    "dyz",
    "dz2",
    "dxz",
    "x2-y2",
    "f-3",
    "f-2",
    "f-1",
    "f0",
    "f1",
    "f2",
    "f3",
)
_NO_EXPONENT: Final = re.compile(rb"(\d)([-+]\d{3})(?=\s)")
"""Fortran drops the E of exponents with three digits: 0.1234-101."""
_ELECTRONS: Final = re.compile(rb"NELECT\s*=\s*(\d{1,9}\.\d*)")


def read_doscar(file: FileBytes) -> StateDensity:
    """Read a DOSCAR; the atoms' elements come from POSCAR or CONTCAR beside it, the electrons from OUTCAR.

    Raises
    ------
    FormatError
        If the total is cut or holds something that is no number; with the line. Cut projections are left out.
    """
    file.verify()
    where = str(file.path)
    file = _with_exponents(file)
    ends = np.flatnonzero(file.array == 10)
    starts = np.concatenate([[0], ends + 1]).astype(np.int64)
    if starts[-1] >= len(file):
        starts = starts[:-1]
    if len(starts) < _HEAD + 2:
        raise FormatError("the file ends before its first energy", where=where, fix="let the run finish")
    n_atoms, n_points, window, fermi = _header(file, starts)
    columns = _width(file, starts, _HEAD)
    if columns not in (3, 5):
        raise FormatError(
            f"a row of the total holds {columns} numbers and not 3 or 5",
            where=f"{where}, line {_HEAD + 1}",
            fix="copy the file again",
        )
    if len(starts) < _HEAD + n_points:
        raise FormatError(
            f"the total ends after {len(starts) - _HEAD} of {n_points} energies",
            where=f"{where}, line {len(starts)}",
            fix="let the run finish, or copy the file again",
        )
    n_spins = 2 if columns == 5 else 1
    rows = _read(file, starts[_HEAD : _HEAD + n_points], columns)
    notes = list(file.notes)
    projected, orbitals, spin, told = _projected(file, starts, n_atoms, n_points, n_spins)
    species: tuple[str, ...] = ()
    if projected.size:
        species = _species(file.path, n_atoms)
        if not species:
            projected, orbitals = np.empty((n_spins, 0, 0, n_points)), ()
            told.append(
                "no POSCAR, CONTCAR or OUTCAR with these atoms lies beside it: the projections are left out"
            )
    energies = np.linspace(window[0], window[1], n_points)
    if np.abs(energies - rows[:, 0]).max() > 2e-3:
        energies = rows[:, 0]
    return without_first(
        StateDensity(
            energies=energies,
            total=rows[:, 1 : 1 + n_spins].T.copy(),
            integrated=rows[:, 1 + n_spins : 1 + 2 * n_spins].T.copy(),
            projected=projected,
            orbitals=orbitals,
            species=species,
            electrons=_electrons(file.path),
            spin=spin,
            fermi_energy=fermi,
            notes=(*notes, *told),
        )
    )


def _with_exponents(file: FileBytes) -> FileBytes:
    """Return the file with exponents that have an E; lines stay what they are."""
    if _NO_EXPONENT.search(file.data) is None:
        return file
    return FileBytes(file.path, _NO_EXPONENT.sub(rb"\1E\2", bytes(file.data[:])), file.complete, file.notes)


def _header(file: FileBytes, starts: Integers) -> tuple[int, int, tuple[float, float], float]:
    """Return the numbers of atoms and energies, the first and last energy, the Fermi energy."""
    first = bytes(file.data[: int(starts[1])]).split()
    line = bytes(file.data[int(starts[5]) : int(starts[6])])
    words = [line[k : k + 16] for k in (0, 16)] + [line[32:37], line[37:53]]
    try:
        split = line.split()
        numbers = [float(word) for word in (split if len(split) == 5 else words)[:4]]
        n_atoms = int(first[1]) if len(first) > 1 else int(first[0])
    except (ValueError, IndexError):
        numbers, n_atoms = [math.nan] * 4, 0
    largest, least, count, fermi = numbers
    sound = all(abs(one) < 1e9 for one in numbers) and largest > least
    if (
        not sound
        or not (count == round(count) and 2 <= count <= _MOST_POINTS)
        or not 0 < n_atoms < 10_000_000
    ):
        raise FormatError(
            f"the sixth line should hold two energies, their number and the Fermi energy, and is "
            f"{line.decode('latin-1').strip()[:70]!r}",
            where=f"{file.path}, line 6",
            fix="copy the file again",
        )
    return n_atoms, int(count), (least, largest), fermi


def _width(file: FileBytes, starts: Integers, line: int) -> int:
    """Return how many words a line holds."""
    begin = int(starts[line])
    end = int(starts[line + 1]) if line + 1 < len(starts) else len(file)
    return len(bytes(file.data[begin : min(end, begin + 10_000)]).split())


def _read(file: FileBytes, starts: Integers, columns: int) -> Floats:
    """Read rows whose last number is followed by the end of the line."""
    return read_rows(
        file, starts, len(file), columns=columns, what="row of the density of states", largest=_LARGEST
    )


def _projected(
    file: FileBytes, starts: Integers, n_atoms: int, n_points: int, n_spins: int
) -> tuple[Floats, tuple[str, ...], SpinTreatment, list[str]]:
    """Return the projections (S, atoms, orbitals, E), the names of orbitals, the spin treatment, and what to tell."""
    plain: SpinTreatment = "collinear" if n_spins == 2 else "none"
    empty = np.empty((n_spins, 0, 0, n_points))
    begin = _HEAD + n_points
    if len(starts) <= begin + 1:
        return empty, (), plain, []
    if len(starts) < begin + n_atoms * (n_points + 1):
        return empty, (), plain, ["the file ends within the projections, which are left out"]
    width = _width(file, starts, begin + 1)
    lines = np.concatenate(
        [np.arange(n_points) + begin + 1 + atom * (n_points + 1) for atom in range(n_atoms)]
    )
    if not 2 <= width <= 65:
        return empty, (), plain, [f"a row of the projections holds {width} numbers: they are left out"]
    rows = _read(file, starts[lines], width)[:, 1:].reshape(n_atoms, n_points, width - 1)
    n_columns = width - 1
    spinors = n_spins == 1 and n_columns % 4 == 0 and _has_magnetization(rows)
    if spinors:
        rows, n_columns = rows[:, :, ::4], n_columns // 4
    elif n_spins == 2:
        n_columns //= 2
    names = {3: ("s", "p", "d"), 4: ("s", "p", "d", "f"), 9: _LM[:9], 16: _LM, 1: ("s",)}.get(n_columns)
    if names is None or (n_spins == 2 and (width - 1) % 2):
        return (
            empty,
            (),
            plain,
            [f"{width - 1} columns of projections are of no kind that is known: they are left out"],
        )
    table = rows.reshape(n_atoms, n_points, n_columns, n_spins).transpose(3, 0, 2, 1)
    return np.ascontiguousarray(table), names, "noncollinear" if spinors else plain, []


def _has_magnetization(rows: Floats) -> bool:
    """Return whether every orbital has four columns: the density, and three magnetizations that are 0 or have signs.

    Sixteen columns are s to f with all m, or s, p, d, f of spinors; 12, 36 and 64 are of spinors only.
    """
    n_columns = rows.shape[2]
    if n_columns != 16:
        return n_columns in (12, 36, 64)
    others = np.delete(rows, np.s_[::4], axis=2)
    return bool((others < 0).any() or np.abs(others).max() <= 1e-3 * max(float(np.abs(rows).max()), 1e-30))


def _species(path: Path, n_atoms: int) -> tuple[str, ...]:
    """Return the element of each atom from a file beside; () where none fits."""
    for kind in ("POSCAR", "CONTCAR", "OUTCAR"):
        for beside in neighbors(path, kind):
            try:
                file = open_bytes(beside)
                species = read_outcar_head(file).species if kind == "OUTCAR" else open_structure(file).species
            except PerovchemError:
                continue
            if len(species) == n_atoms:
                return tuple(species)
    return ()


def _electrons(path: Path) -> float:
    """Return NELECT of the OUTCAR beside; NaN where there is none."""
    for beside in neighbors(path, "OUTCAR"):
        try:
            match = _ELECTRONS.search(open_bytes(beside).data, 0, 1 << 22)
        except PerovchemError:
            continue
        if match:
            return float(match[1])
    return math.nan
