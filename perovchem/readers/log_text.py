"""What the readers of logs share: the line that shows it, numbers as programs print them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from perovchem.calculation import HEAVIEST
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes

MOST_ATOMS: Final = 100_000
"""In one calculation; what a file announces beyond is damage."""
_LARGEST: Final = 1e12
"""No energy, length, mass or wavenumber is larger; squares and products of such numbers stay finite."""
NUMBER: Final = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"


def line_at(file: FileBytes, position: int, *, most: int = 160) -> str:
    """Return the line that holds a byte, trimmed."""
    begin = file.data.rfind(b"\n", max(0, position - 400), position) + 1
    begin = max(begin, position - 400)
    end = file.data.find(b"\n", position, position + 400)
    text = bytes(file.data[begin : end if end >= 0 else position + 400]).decode("latin-1")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most]


def last_line(file: FileBytes) -> str:
    """Return the last line that holds more than blanks, trimmed."""
    tail = bytes(file.data[max(0, len(file) - 4000) :]).rstrip()
    return line_at(file, max(0, len(file) - 4000) + len(tail) - 1) if tail else ""


def quoted(file: FileBytes, position: int) -> str:
    """Return where a line stands and what it says."""
    return f"line {file.line_number(position)}: {line_at(file, position)!r}"


def refused(file: FileBytes, position: int, what: str, fix: str) -> FormatError:
    """Return the refusal of a calculation, with the line that shows why."""
    return FormatError(f"{what}; {quoted(file, position)}", where=str(file.path), fix=fix)


def to_number(file: FileBytes, text: bytes, position: int, what: str) -> float:
    """Return a printed number, refusing stars, NaN, what is none, and what no calculation prints."""
    try:
        value = float(text.replace(b"D", b"E").replace(b"d", b"e"))
    except ValueError:
        value = math.nan
    if not abs(value) < _LARGEST:
        raise refused(file, position, f"{what} cannot be read", "restore the file")
    return value


def to_numbers(file: FileBytes, words: list[bytes], position: int, what: str) -> list[float]:
    """Return the numbers of a row: :func:`to_number` of each, faster where all are plain."""
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [math.nan]
    if all(-_LARGEST < value < _LARGEST for value in values):
        return values
    return [to_number(file, word, position, what) for word in words]


def to_mass(file: FileBytes, text: bytes, position: int) -> float:
    """Return the mass of an atom, u."""
    value = to_number(file, text, position, "a mass")
    if not 0 < value < HEAVIEST:
        raise refused(file, position, f"a mass of {value:g} u", "restore the file")
    return value


def find_all(file: FileBytes, words: bytes, start: int = 0, stop: int | None = None) -> Iterator[int]:
    """Yield where some words stand."""
    end = len(file) if stop is None else stop
    position = file.data.find(words, start, end)
    while position >= 0:
        yield position
        position = file.data.find(words, position + len(words), end)


def last_of(file: FileBytes, words: bytes, start: int = 0, stop: int | None = None) -> int:
    """Return where some words stand last, -1 for nowhere."""
    return file.data.rfind(words, start, len(file) if stop is None else stop)


def rows_from(file: FileBytes, position: int, *, most: int = MOST_ATOMS) -> Iterator[tuple[int, list[bytes]]]:
    """Yield where each line from ``position`` on begins, and its words, until the file ends."""
    size = len(file)
    for _ in range(most):
        if position >= size:
            return
        end = file.data.find(b"\n", position, position + 4000)
        if end < 0:
            end = min(size, position + 4000)
        yield position, bytes(file.data[position:end]).split()
        position = end + 1


def next_line(file: FileBytes, position: int, count: int = 1) -> int:
    """Return where the line ``count`` lines after the one at ``position`` begins."""
    for _ in range(count):
        end = file.data.find(b"\n", position)
        if end < 0:
            return len(file)
        position = end + 1
    return position


def first_group(pattern: re.Pattern[bytes], text: bytes) -> str:
    """Return the first group of the first match as text, "" for none."""
    found = pattern.search(text)
    return found.group(1).decode("latin-1").strip() if found else ""
