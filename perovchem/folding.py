"""Tables that keep to the width of a terminal: long words stand on several lines of their row."""

from __future__ import annotations

import itertools
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

_LEAST: Final = 30
"""Columns of a terminal to which words may be folded, but no further."""

Lines = list[list[str]]


def width(text: str) -> int:
    """Return the columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def folded(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Sequence[bool], widest: int
) -> tuple[Lines, Lines]:
    """Return the lines of the head and those of the rows.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences of str
        One text per column.
    whole : sequence of bool
        In which columns heads alone are folded: numbers, and what is copied.
    widest : int
        Columns of a terminal, with two blanks between columns; what has no blank in it is not broken.

    Examples
    --------
    >>> row = ["Si", "from the cell of Si, at room temperature"]
    >>> folded(["", "density"], [row], whole=[True, False], widest=36)[1]
    [['Si', 'from the cell of Si, at room'], ['', 'temperature']]
    """
    table = [heads, *rows]
    widths = [max(width(line[k]) for line in table) for k in range(len(heads))]
    words = [max(width(word) for line in table for word in ["", *line[k].split()]) for k in range(len(heads))]
    cells = [max((width(row[k]) for row in rows), default=0) for k in range(len(heads))]
    least = [
        max(word, cell if kept else _LEAST) for word, cell, kept in zip(words, cells, whole, strict=True)
    ]
    widths = _narrowed(widths, least, widest)
    upside_down = [list(reversed(_wrapped(head, most))) for head, most in zip(heads, widths, strict=True)]
    above = list(itertools.zip_longest(*upside_down, fillvalue=""))  # heads stand on the rule
    return [list(line) for line in reversed(above)], [line for row in rows for line in _lines(row, widths)]


def _narrowed(widths: Sequence[int], least: Sequence[int], widest: int) -> list[int]:
    """Return the widths of columns where those that can give way do, the widest first, until the table fits.

    Examples
    --------
    >>> _narrowed([10, 80, 50], [10, 30, 30], 104)
    [10, 45, 45]
    """
    found = list(widths)
    while sum(found) + 2 * (len(found) - 1) > widest:
        able = [k for k, one in enumerate(found) if one > least[k]]
        if not able:
            break
        found[max(able, key=found.__getitem__)] -= 1
    return found


def _lines(row: Sequence[str], widths: Sequence[int]) -> Lines:
    """Return a row as lines in which no text is wider than its column."""
    parts = [_wrapped(cell, most) for cell, most in zip(row, widths, strict=True)]
    return [list(line) for line in itertools.zip_longest(*parts, fillvalue="")]


def _wrapped(cell: str, most: int) -> list[str]:
    return [cell] if width(cell) <= most else textwrap.wrap(cell, most, break_on_hyphens=False)
