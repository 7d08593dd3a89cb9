"""Elements, nested sets and rows of a vasprun.xml, by position: what readers of bands and states share."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem._kernels import band_sets
from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.vasprun_head import declaration

TAGS: Final = (
    "modeling",
    "kpoints",
    "calculation",
    "structure",
    "eigenvalues",
    "eigenvalues_kpoints_opt",
    "projected",
    "projected_kpoints_opt",
    "dos",
)
HEAD: Final = 4096
"""Bytes; what announces an array is shorter."""
_ROW: Final = re.compile(rb"<v\b[^<>]{0,80}>([^<]{0,400})</v>")
_FIELD: Final = re.compile(rb"<field[^<>]{0,80}>([^<]{0,40})</field>")
_FIRST_TABLE: Final = 4096
_UNDECIDED: Final = 1024


@dataclass(frozen=True, slots=True)
class Block:
    """One element of the file: which, behind its opening tag, before its closing one (or the file's end)."""

    name: str
    begin: int
    end: int
    closed: bool


def find_blocks(file: FileBytes, start: int) -> tuple[list[Block], tuple[str, ...]]:
    """Return the elements of interest in their order, and what is to be said of the file's end."""
    encoded = [name.encode() for name in TAGS]
    names = np.zeros((len(encoded), max(map(len, encoded))), np.uint8)
    for row, name in enumerate(encoded):
        names[row, : len(name)] = np.frombuffer(name, np.uint8)
    lengths = np.array([len(name) for name in encoded], np.int64)
    size = _FIRST_TABLE
    while True:
        table = np.empty((size, band_sets.TAG_COLUMNS), np.int64)
        count, stop, at = band_sets.find_tags(file.array, start, names, lengths, table)
        if stop != band_sets.FULL:
            break
        size *= 16
    if stop == band_sets.DECLARATION:
        raise declaration(file, at)
    blocks: list[Block] = []
    opened: list[tuple[int, int]] = []
    order: list[tuple[int, Block]] = []
    for which, closes, begin, behind in table[:count].tolist():
        if not closes:
            opened.append((which, behind))
            continue
        while opened:
            inner, first = opened.pop()
            order.append((first, Block(TAGS[inner], first, begin, inner == which)))
            if inner == which:
                break
    order += [(first, Block(TAGS[inner], first, len(file), closed=False)) for inner, first in opened]
    blocks = [block for _, block in sorted(order, key=lambda pair: pair[0])]
    if stop == band_sets.DONE:
        return blocks, ()
    line = file.line_number(at)
    what = (
        "the file is cut or the run was killed" if stop == band_sets.CUT else f"line {line} is no XML of VASP"
    )
    return blocks, (f"{file.path.name}: {what} (no </modeling> up to line {line})",)


def holders_of(blocks: list[Block]) -> list[str]:
    """Return for each element the projection or KPOINTS_OPT element that it stands in, "" for none."""
    out = []
    holders: list[Block] = []
    for block in blocks:
        while holders and holders[-1].end <= block.begin:
            holders.pop()
        out.append(holders[-1].name if holders else "")
        if block.name.startswith(("projected", "eigenvalues_")):
            holders.append(block)
    return out


def number_in(word: bytes) -> float:
    """Return a number, NaN for ******** and the like."""
    try:
        value = float(word)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def read_rows_of(file: FileBytes, begin: int, end: int, columns: int, what: str) -> Floats:
    """Return the rows of a short table."""
    out = []
    for match in _ROW.finditer(file.data, begin, end):
        numbers = [number_in(word) for word in match[1].split()]
        if len(numbers) != columns or not all(map(math.isfinite, numbers)):
            line = match[1][:80].decode("latin-1").strip()
            raise FormatError(
                f"a {what} should be {columns} finite number{'s' if columns > 1 else ''} and is {line!r}",
                where=file.where(match.start()),
                fix="restore the file",
            )
        out.append(numbers)
    if not out:
        raise FormatError(f"no {what} is listed", where=file.where(begin), fix="copy the file again")
    return np.array(out)


def outer_set(file: FileBytes, block: Block, begin: int) -> tuple[int, list[str]]:
    """Return the position behind the outermost ``<set>`` of an array, and the names of its columns."""
    opening = file.data.find(b"<set>", begin, min(block.end, begin + HEAD))
    fields = [
        match[1].decode("latin-1").strip() for match in _FIELD.finditer(file.data, begin, max(opening, begin))
    ]
    return (opening + len(b"<set>") if opening >= 0 else -1), fields


def walk(
    file: FileBytes, start: int, depth: int, expected: int, n_rows: int
) -> tuple[Integers, Integers, Integers, int, int]:
    """Return first rows, numbers of rows, members of each depth, why the pass ended and where."""
    firsts = np.empty(expected, np.int64)
    counts = np.empty(expected, np.int64)
    members = np.zeros(depth, np.int64)
    found, stop, at = band_sets.walk_sets(file.array, start, depth, n_rows, firsts, counts, members)
    return firsts[:found], counts[:found], members, stop, at


def read_sets(file: FileBytes, firsts: Integers, out: Floats, what: str) -> Floats:
    """Fill ``out`` (n_sets, n_rows, n_columns), contiguous, from sets of rows, and return it."""
    _, n_rows, n_columns = out.shape
    undecided = np.empty((_UNDECIDED, 3), np.int64)
    firsts = np.ascontiguousarray(firsts)
    count, bad = band_sets.read_sets(file.array, firsts, n_rows, n_columns, out, undecided)
    flat = out.reshape(-1)
    for index, first, last in undecided[:count].tolist():
        flat[index] = number_in(bytes(file.data[first:last]).lower().replace(b"d", b"e"))
        if not math.isfinite(flat[index]):
            bad = file.data.rfind(b"<r>", max(0, first - 1000), first)
    if bad >= 0:
        stop = file.data.find(b"\n", bad, bad + 200)
        line = file.data[bad : stop if stop >= 0 else bad + 80].decode("latin-1").strip()[:80]
        raise FormatError(
            f"a row should hold {what} as finite numbers and is {line!r}",
            where=file.where(bad),
            fix="VASP prints stars where a number has no room and NaN where a run diverged: repeat the run",
        )
    return out
