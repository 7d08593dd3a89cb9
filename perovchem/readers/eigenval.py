"""VASP's EIGENVAL: k-points, weights, energies and, from VASP 5.4 on, occupations."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError
from perovchem.readers.band_table import BandTable, check_size
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import read_rows
from perovchem.readers.run_beside import facts_beside, with_facts

_HEAD: Final = 4096
_SHORTEST: Final = 4
"""Characters; a line with fewer holds no number of this format."""
_LARGEST: Final = 1e6
_STARS: Final = "VASP prints stars where a number has no room and NaN where a run diverged: repeat the run"


def read_eigenval(file: FileBytes) -> BandTable:
    """Read an EIGENVAL; cell, spin treatment and atoms come from the OUTCAR, CONTCAR or POSCAR beside it.

    Raises
    ------
    FormatError
        If the header makes no sense, k-points are missing, or an energy is no number; with the line.
    """
    file.verify()
    head = bytes(file.data[:_HEAD]).split(b"\n")
    counts = _whole(file, head, 5, 3)
    spins = _whole(file, head, 0, 4)
    n_spins, (electrons, n_points, n_bands) = spins[3], counts
    if n_spins not in (1, 2):
        raise FormatError(
            f"ISPIN, the fourth number, is {n_spins}", where=f"{file.path}, line 1", fix="restore the file"
        )
    check_size((n_points, n_bands, n_spins), len(file), f"{file.path}, line 6")
    first = sum(len(line) + 1 for line in head[:6])
    starts = _data_lines(file, first)
    complete = len(starts) // (n_bands + 1)
    if complete < n_points:
        raise FormatError(
            f"the file is cut: {complete} k-points of {n_points} are complete, and a path without its end is no "
            "band structure",
            where=file.where(len(file) - 1),
            fix="copy the file again, or let the run finish",
        )
    blocks = starts[: n_points * (n_bands + 1)].reshape(n_points, n_bands + 1)
    points = _numbers(file, blocks[:, 0], 4, "a k-point and its weight")
    sample = bytes(file.data[blocks[0, 1] : blocks[0, 1] + 200]).split(b"\n")[0]
    columns = len(sample.split())
    if columns not in (1 + n_spins, 1 + 2 * n_spins):
        raise FormatError(
            f"a band should have {1 + n_spins} or {1 + 2 * n_spins} numbers and has {columns}",
            where=file.where(int(blocks[0, 1])),
            fix="restore the file",
        )
    rows = _numbers(file, blocks[:, 1:].reshape(-1), columns, "a band")
    table = rows.reshape(n_points, n_bands, columns)
    wrong = np.argwhere(table[..., 0] != np.arange(1, n_bands + 1))
    if len(wrong):
        k, band = wrong[0]
        raise FormatError(
            f"band {band + 1} of k-point {k + 1} is numbered {table[k, band, 0]:g}",
            where=file.where(int(blocks[k, band + 1])),
            fix="restore the file: lines are missing, or two files were pasted together",
        )
    energies = np.moveaxis(table[..., 1 : 1 + n_spins], 2, 0).copy()
    occupations = np.full_like(energies, np.nan)
    if columns > 1 + n_spins:
        occupations = np.moveaxis(table[..., 1 + n_spins :], 2, 0).copy()
    decimals = re.findall(rb"\.(\d+)", sample)
    mine = BandTable(
        path=file.path,
        kpoints=points[:, :3],
        weights=points[:, 3],
        energies=energies,
        occupations=occupations,
        electrons=float(electrons),
        noncollinear=False if n_spins == 2 else None,
        energy_step=10.0 ** -len(decimals[0]) if decimals else 1e-4,
        kpoint_step=1e-7,
        notes=file.notes,
        files=(file.path,),
    )
    return with_facts(mine, facts_beside(file.path))


def _whole(file: FileBytes, head: list[bytes], row: int, count: int) -> list[int]:
    """Return the whole numbers of a header line."""
    words = head[row].split() if row < len(head) else []
    if len(words) < count or not all(re.fullmatch(rb"\d{1,9}", word) for word in words[:count]):
        text = head[row][:60].decode("latin-1").strip() if row < len(head) else ""
        raise FormatError(
            f"{count} whole numbers should stand here and there is {text!r}",
            where=f"{file.path}, line {row + 1}",
            fix="restore the header; where two numbers run together, part them by a blank",
        )
    return [int(word) for word in words[:count]]


def _data_lines(file: FileBytes, first: int) -> Integers:
    """Return where each line begins that is not blank; the last counts if it is whole."""
    ends = np.flatnonzero(file.array[first:] == 10) + first
    starts = np.concatenate([[first], ends[:-1] + 1]) if len(ends) else np.empty(0, np.int64)
    lines: Integers = starts[ends - starts >= _SHORTEST].astype(np.int64)
    return lines


def _numbers(file: FileBytes, starts: Integers, columns: int, what: str) -> Floats:
    """Read rows of numbers; say what stars and NaN mean."""
    try:
        return read_rows(
            file, np.ascontiguousarray(starts), len(file), columns=columns, what=what, largest=_LARGEST
        )
    except FormatError as error:
        what = error.what.removeprefix("a ")
        raise FormatError(what, where=error.where, fix=_STARS) from None
