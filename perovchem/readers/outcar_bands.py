"""Bands of an OUTCAR: the tables of the last ionic step, with four decimals."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from perovchem._kernels import lines
from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError, MissingDataError
from perovchem.readers.band_table import BandTable, check_size
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import read_rows
from perovchem.readers.outcar_head import positions_of
from perovchem.readers.run_beside import outcar_facts, with_facts

_SIZES: Final = re.compile(rb"NKPTS\s*=\s*(\d{1,9})\s.{0,80}?NBANDS\s*=\s*(\d{1,9})\s")
_POINT: Final = re.compile(rb"(?m)^ k-point\s*(\d{1,9}) :[^\n]{0,80}\n[ \t]*band No\.[^\n]{0,80}\n")
_LIST: Final = b"k-points in reciprocal lattice and weights:"
_LARGEST: Final = 1e6
_STARS: Final = "VASP prints stars where a number has no room and NaN where a run diverged: repeat the run"


def read_outcar_bands(file: FileBytes) -> BandTable:
    """Read the bands of the last ionic step of an OUTCAR that lists them whole.

    Raises
    ------
    FormatError
        If the tables are cut or an energy is no number; with the line.
    MissingDataError
        If it holds no tables of energies (NWRITE = 0, 1).
    """
    file.verify()
    sizes = _SIZES.search(file.data, 0, min(len(file), 64 << 20))
    levels = list(positions_of(file, b"E-fermi :"))
    if sizes is None or not levels:
        raise MissingDataError(
            "no table of energies stands in it",
            where=str(file.path),
            fix="let the run finish, or give its vasprun.xml or EIGENVAL",
        )
    n_points, n_bands = int(sizes[1]), int(sizes[2])
    facts = outcar_facts(file)
    n_spins = facts.n_spins or 1
    check_size((n_spins, n_points, n_bands), len(file), file.where(sizes.start()))
    points, weights = _points(file, n_points)
    wanted = n_spins * n_points
    notes: tuple[str, ...] = file.notes
    for count, level in enumerate(reversed(levels)):
        tables = [match.end() for match in _point_tables(file, level, wanted)]
        if len(tables) == wanted and _is_whole(file, tables[-1], n_bands):
            break
        if count == 0:
            found, at = len(tables), level
    else:
        whole = max(found - 1, 0)
        raise FormatError(
            f"the tables of energies are cut: {whole} k-points of {wanted} are complete",
            where=file.where(at),
            fix="copy the file again, or let the run finish; EIGENVAL, PROCAR or vasprun.xml of the run may be whole",
        )
    if count:
        notes = (
            *notes,
            f"{file.path.name}: the last table of energies is cut; the bands are those of the one before",
        )
    energies, occupations = _energies(file, np.array(tables, np.int64), n_bands)
    shape = (n_spins, n_points, n_bands)
    doubled = n_spins == 1 and not facts.noncollinear
    mine = BandTable(
        path=file.path,
        kpoints=points,
        weights=weights,
        energies=energies.reshape(shape),
        occupations=occupations.reshape(shape) / (2 if doubled else 1),
        noncollinear=facts.noncollinear if n_spins == 1 else False,
        notes=notes,
        files=(file.path,),
    )
    return with_facts(mine, replace(facts, files=()))


def _point_tables(file: FileBytes, start: int, wanted: int) -> list[re.Match[bytes]]:
    out = []
    for match in _POINT.finditer(file.data, start):
        out.append(match)
        if len(out) == wanted:
            break
    return out


def _is_whole(file: FileBytes, start: int, n_bands: int) -> bool:
    """Return whether all bands stand in the table that begins there."""
    starts = np.empty(n_bands, np.int64)
    found, end = lines.line_starts(file.array, start, n_bands, starts)
    return found == n_bands and end <= len(file) and file.data.find(b"\n", int(starts[-1])) >= 0


def _points(file: FileBytes, n_points: int) -> tuple[Floats, Floats]:
    """Return k-points with eight decimals, and weights with three."""
    place = file.data.find(_LIST)
    start = file.data.find(b"\n", place) + 1 if place >= 0 else 0
    starts = np.empty(n_points, np.int64)
    found = lines.line_starts(file.array, start, n_points, starts)[0] if start else 0
    if found < n_points:
        raise FormatError(
            "the list of k-points is not complete", where=str(file.path), fix="copy the file again"
        )
    try:
        rows = read_rows(file, starts, len(file), columns=4, what="k-point", largest=_LARGEST)
    except FormatError as error:
        raise FormatError(error.what, where=error.where, fix="restore the list of k-points") from None
    return rows[:, :3].copy(), rows[:, 3].copy()


def _energies(file: FileBytes, tables: Integers, n_bands: int) -> tuple[Floats, Floats]:
    """Return energies and occupations of each table, (n, B)."""
    starts = np.empty((len(tables), n_bands), np.int64)
    for k, begin in enumerate(tables.tolist()):
        lines.line_starts(file.array, begin, n_bands, starts[k])
    try:
        rows = read_rows(file, starts.reshape(-1), len(file), columns=3, what="band", largest=_LARGEST)
    except FormatError as error:
        raise FormatError(error.what, where=error.where, fix=_STARS) from None
    table = rows.reshape(len(tables), n_bands, 3)
    if (table[..., 0] != np.arange(1, n_bands + 1)).any():
        k, band = np.argwhere(table[..., 0] != np.arange(1, n_bands + 1))[0]
        raise FormatError(
            f"band {band + 1} is numbered {table[k, band, 0]:g}",
            where=file.where(int(starts[k, band])),
            fix="restore the file: lines are missing",
        )
    return table[..., 1].copy(), table[..., 2].copy()
