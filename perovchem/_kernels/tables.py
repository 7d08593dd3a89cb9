"""Boxed tables of logs: where their titles stand, and the numbers in their rows."""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.text import NOT_A_NUMBER, UNDECIDED, parse_float

#: Lines between the title of a table and its first row, at most.
_MOST_TITLES = 12


@nb.njit(cache=True)
def find_words(text, start, words, lengths, first, following, places, kinds):
    """Find words, in one pass.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
    words : uint8 (n_words, longest)
    lengths : int64 (n_words,)
    first : int64 (256,)
        The first word that begins with this byte, -1 for none.
    following : int64 (n_words,)
        The next word that begins with the same byte, -1 for none.
    places, kinds : int64 (most,)
        Filled with the first byte and the number of each word found.

    Returns
    -------
    n_found : int
    end : int
        Where to go on; the size of ``text`` where all was seen.
    """
    size = text.shape[0]
    count = 0
    p = start
    while p < size:
        k = first[text[p]]
        while k >= 0:
            length = lengths[k]
            if p + length <= size:
                i = 1
                while i < length and text[p + i] == words[k, i]:
                    i += 1
                if i == length:
                    if count == places.shape[0]:
                        return count, p
                    places[count] = p
                    kinds[count] = k
                    count += 1
                    break
            k = following[k]
        p += 1
    return count, size


@nb.njit(cache=True, inline="always")
def _ink(text, p):
    """Return where the first byte stands that is neither blank nor tab."""
    while p < text.shape[0] and (text[p] == 32 or text[p] == 9):
        p += 1
    return p


@nb.njit(cache=True, inline="always")
def _letter(c):
    return 65 <= c <= 90 or 97 <= c <= 122


@nb.njit(cache=True, inline="always")
def _line_end(text, p):
    while p < text.shape[0] and text[p] != 10:
        p += 1
    return p


@nb.njit(cache=True)
def _numbers_at(text, p, mark, symbol, serial):
    """Return where the numbers of a row begin: behind mark, label and serial number; -1 if it is no such row."""
    size = text.shape[0]
    p = _ink(text, p)
    if p + 1 >= size or text[p] != mark or text[p + 1] != 32:
        return -1
    p = _ink(text, p + 1)
    for k in range(symbol.shape[0]):
        if symbol[k] == 0:
            break
        if p >= size or text[p] != symbol[k]:
            return -1
        p += 1
    if p >= size or _letter(text[p]):
        return -1
    while p < size and text[p] > 32:
        p += 1
    p = _ink(text, p)
    if serial:
        begin = p
        while p < size and 48 <= text[p] <= 57:
            p += 1
        if p == begin or p >= size or text[p] != 32:
            return -1
        p = _ink(text, p)
    if p >= size:
        return -1
    c = text[p]
    return p if 48 <= c <= 57 or c == 43 or c == 45 or c == 46 else -1


@nb.njit(cache=True)
def read_tables(text, titles, mark, symbols, serial, rows, out, undecided):
    """Read three numbers from the rows of boxed tables, ``* Si:2  1   0.1  0.2(cons'd)  0.3 *``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    titles : int64 (n_tables,)
        A byte of the title line of each; its rows begin a few lines below.
    mark : int
        The byte that frames a row.
    symbols : uint8 (n_atoms, 2)
        Letters that the label of each row must begin with, and no others; padded with 0.
    serial : bool
        Whether a number stands between the label and the three.
    rows : int64 (n_rows,)
        The chosen rows.
    out : float64 (n_tables, n_rows, 3)
        Filled; NaN where undecided.
    undecided : int64 (m, 5)
        Filled with table, row of the table, column, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
        m + 1 means that there was no more room.
    bad : int
        The first table that does not hold these rows, or -1.
    place : int
        The line of it that is wrong.
    """
    size = text.shape[0]
    n_atoms = symbols.shape[0]
    whole = np.empty((n_atoms, 3))
    count = 0
    for table in range(titles.shape[0]):
        line = _line_end(text, titles[table]) + 1
        tries = 0
        while _numbers_at(text, line, mark, symbols[0], serial) < 0:
            tries += 1
            if tries > _MOST_TITLES or line >= size:
                return count, table, titles[table]
            line = _line_end(text, line) + 1
        for atom in range(n_atoms):
            p = _numbers_at(text, line, mark, symbols[atom], serial)
            if p < 0:
                return count, table, min(line, size - 1)
            for column in range(3):
                begin = p
                # only a blank or a sign parts two numbers: "1.5.2" is not 1.5 and .2
                if column > 0 and p < size and text[p] > 32 and text[p] != 45 and text[p] != 43:
                    return count, table, line
                value, p, code = parse_float(text, p, size)
                if code == NOT_A_NUMBER:
                    return count, table, line
                if code == UNDECIDED:
                    if count == undecided.shape[0]:
                        return count + 1, -1, -1
                    undecided[count, 0] = table
                    undecided[count, 1] = atom
                    undecided[count, 2] = column
                    undecided[count, 3] = begin
                    undecided[count, 4] = p
                    count += 1
                whole[atom, column] = value
                if p < size and text[p] == 40:  # (cons'd) behind the component of a fixed atom
                    while p < size and text[p] != 41 and text[p] != 10:
                        p += 1
                    if p >= size or text[p] != 41:
                        return count, table, line
                    p += 1
            p = _ink(text, p)
            if p >= size or text[p] != mark:
                return count, table, line
            line = _line_end(text, p) + 1
        p = _ink(text, line)
        if p + 1 >= size or text[p] != mark:
            return count, table, min(line, size - 1)
        q = _ink(text, p + 1)
        if q > p + 1 and q < size and _letter(text[q]):
            return count, table, line  # one row more
        for r in range(rows.shape[0]):
            for column in range(3):
                out[table, r, column] = whole[rows[r], column]
    return count, -1, -1
