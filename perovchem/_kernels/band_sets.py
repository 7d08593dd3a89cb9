"""Where a vasprun.xml keeps eigenvalues and projections, and the numbers in their nested sets.

Like :mod:`perovchem._kernels.scan` this is no XML parser: tags are found one by one, rows of constant width are
jumped over and looked at when they are read.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.scan import tag_end
from perovchem._kernels.text import NOT_A_NUMBER, UNDECIDED, load8, parse_float

#: Why a pass ended.
DONE, CUT, GARBLED, DECLARATION, FULL = 0, 1, 2, 3, 4

#: Columns of the table of tags.
WHICH, CLOSES, BEGIN, BEHIND = 0, 1, 2, 3
TAG_COLUMNS = 4

_LONGEST_ROW = 4096


@nb.njit(cache=True)
def _blanks(text, p, size):
    while p < size and (text[p] == 32 or text[p] == 10 or text[p] == 9 or text[p] == 13):
        p += 1
    return p


@nb.njit(cache=True)
def _last_row(text, p, letter, size):
    """Return where the last row stands that follows ``<r>`` at ``p`` at an even distance, and how many do."""
    q = p + 3
    stop = min(size - 3, p + _LONGEST_ROW)
    while q < stop and not (text[q] == 60 and text[q + 1] != 47):
        q += 1
    if q >= stop or text[q + 1] != letter or text[q + 2] != 62:
        return p, 0
    stride = q - p
    n = 1
    while q + stride + 3 <= size and text[q + stride] == 60 and text[q + stride + 1] == letter:
        if text[q + stride + 2] != 62:
            break
        q += stride
        n += 1
    return q, n


@nb.njit(cache=True)
def find_tags(text, start, names, lengths, table):
    """Note every opening and closing tag of some names behind ``start``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
    names : uint8 (n_names, longest)
    lengths : int64 (n_names,)
    table : int64 (n, TAG_COLUMNS)
        Filled.

    Returns
    -------
    found : int
    stop : int
        DONE where ``</modeling>`` was met, else CUT, GARBLED, DECLARATION or FULL.
    at : int
        Byte where the pass ended.
    """
    size = text.shape[0]
    first = np.zeros(256, np.bool_)
    for k in range(names.shape[0]):
        first[names[k, 0]] = True
    n = 0
    p = start
    while True:
        while p < size and text[p] != 60:
            p += 1
        if p + 2 >= size:
            return n, CUT, p
        c = text[p + 1]
        if (c == 114 or c == 118) and text[p + 2] == 62:  # rows
            p, _ = _last_row(text, p, c, size)
            p += 3
            continue
        if c == 33 or c == 63:
            return n, DECLARATION, p
        closes = 1 if c == 47 else 0
        begin = p + 1 + closes
        if not first[text[begin]]:
            p = begin
            continue
        end = tag_end(text, begin, size)
        if end < 0:
            return n, (CUT if end == -1 else GARBLED), p
        for k in range(names.shape[0]):
            length = lengths[k]
            same = begin + length < end
            i = 0
            while same and i < length:
                same = text[begin + i] == names[k, i]
                i += 1
            if same and (text[begin + length] == 62 or text[begin + length] == 32):
                if n == table.shape[0]:
                    return n, FULL, p
                table[n, WHICH] = k
                table[n, CLOSES] = closes
                table[n, BEGIN] = p
                table[n, BEHIND] = end
                n += 1
                if closes == 1 and k == 0:
                    return n, DONE, end
                break
        p = end


@nb.njit(cache=True)
def walk_sets(text, start, depth, n_rows, firsts, counts, members):
    """Note where the rows of each innermost of nested ``<set>``s begin.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
        Behind the outermost ``<set>``.
    depth : int
        Sets within sets; the rows stand in the innermost.
    n_rows : int
        Rows that an innermost set is expected to hold; 0 where that is not known.
    firsts, counts : int64 (n,)
        Filled: first row of each innermost set, and how many rows follow it.
    members : int64 (depth,)
        Filled: sets that were closed at each depth.

    Returns
    -------
    found : int
        Innermost sets closed.
    stop : int
        DONE, CUT, GARBLED or FULL.
    at : int
    """
    size = text.shape[0]
    n = 0
    level = 0
    p = start
    members[:] = 0
    first, count = -1, 0
    while True:
        p = _blanks(text, p, size)
        if p + 6 > size:
            return n, CUT, p
        if text[p] != 60:
            return n, GARBLED, p
        c = text[p + 1]
        if c == 114 and text[p + 2] == 62 and level == depth:
            if first < 0:
                first = p
                count = 0
            last, more = _last_row(text, p, c, size)
            count += more + 1
            p = last + 3
            while p < size and text[p] != 60:
                p += 1
            if p + 4 > size:
                return n, CUT, p
            if text[p + 1] != 47 or text[p + 2] != 114 or text[p + 3] != 62:
                return n, GARBLED, last
            p += 4
        elif c == 115 and text[p + 2] == 101 and text[p + 3] == 116:
            end = tag_end(text, p + 1, size)
            if end < 0:
                return n, (CUT if end == -1 else GARBLED), p
            if level == depth or first >= 0:
                return n, GARBLED, p
            level += 1
            p = end
        elif c == 47 and text[p + 2] == 115 and text[p + 3] == 101 and text[p + 4] == 116:
            if level == 0:
                return n, DONE, p
            if level == depth:
                if n == firsts.shape[0]:
                    return n, FULL, p
                if first < 0 or (n_rows > 0 and count != n_rows):
                    return n, GARBLED, p
                firsts[n] = first
                counts[n] = count
                first = -1
                n += 1
            members[level - 1] += 1
            level -= 1
            end = tag_end(text, p + 1, size)
            if end < 0:
                return n, (CUT if end == -1 else GARBLED), p
            p = end
        else:
            return n, GARBLED, p


_FRAME = np.uint64(0x00000000FF0000FF)
_FRAMED = np.uint64(0x000000002E000020)  # a blank first, a point fourth
_ZEROS4 = np.uint64(0x30303030)
_SIXES4 = np.uint64(0x46464646)
_HIGHS4 = np.uint64(0x80808080)
_EIGHT, _SIXTEEN, _32 = np.uint64(8), np.uint64(16), np.uint64(32)
_BYTE, _U16 = np.uint64(0xFF), np.uint64(0xFF00FF)


@nb.njit(cache=True, inline="always")
def four_decimals(v):
    """Return (number, whether it is one) of eight bytes that hold one digit, the point and four decimals."""
    digits = v >> _32
    good = (v & _FRAME) == _FRAMED
    good &= ((digits + _SIXES4) | (digits - _ZEROS4)) & _HIGHS4 == 0
    lead = np.int64((v >> _SIXTEEN) & _BYTE) - 48
    good &= 0 <= lead <= 9
    sign = (v >> _EIGHT) & _BYTE
    good &= sign == np.uint64(32) or sign == np.uint64(45)
    digits = digits - _ZEROS4
    pairs = (digits * np.uint64(10) + (digits >> _EIGHT)) & _U16
    fraction = np.int64((pairs & _BYTE) * np.uint64(100) + (pairs >> _SIXTEEN))
    value = np.float64(lead * 10000 + fraction) / 1e4
    return (-value if sign == np.uint64(45) else value), good


@nb.njit(cache=True, inline="always")
def _even_row(text, begin, n_columns, out):
    """Read a row of numbers with four decimals in eight columns each; return whether it is one.

    The row must end before the last byte of the text.
    """
    p = np.uint64(begin)
    one = np.uint64(1)
    good = True
    p += np.uint64(3)
    for column in range(n_columns):
        value, fits = four_decimals(load8(text, p))
        good &= fits
        out[column] = value
        p += _EIGHT
    good &= text[p] == 32
    p += one
    good &= text[p] == 60
    p += one
    good &= text[p] == 47
    p += one
    good &= text[p] == 114
    p += one
    return good & (text[p] == 62)


@nb.njit(cache=True)
def read_sets(text, firsts, n_rows, n_columns, out, undecided):
    """Read the rows of some sets, ``<r> a b c ... </r>``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    firsts : int64 (n_sets,)
        First row of each.
    n_rows, n_columns : int
        Rows of a set, numbers of a row.
    out : float64 (n_sets, n_rows, n_columns)
        Filled; NaN where undecided.
    undecided : int64 (m, 3)
        Filled with flat index, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
    bad : int
        Byte of the row that does not hold these numbers, or -1.
    """
    size = text.shape[0]
    n_undecided = 0
    even = 8 * n_columns + 8
    for k in range(firsts.shape[0]):
        p = firsts[k]
        for row in range(n_rows):
            p = _blanks(text, p, size)
            begin = p
            if p + 2 * n_columns + 7 > size:
                return n_undecided, begin
            if text[p] != 60 or text[p + 1] != 114 or text[p + 2] != 62:
                return n_undecided, begin
            if p + even < size and _even_row(text, p, n_columns, out[k, row]):
                p += even
                continue
            p += 3
            for column in range(n_columns):
                p = _blanks(text, p, size)
                first = p
                value, p, code = parse_float(text, p, size)
                # a sign may follow at once where columns run together; a letter or a star may not
                if code == NOT_A_NUMBER or p >= size or (text[p] > 32 and text[p] != 60 and text[p] != 45):
                    return n_undecided, begin
                if code == UNDECIDED:
                    if n_undecided == undecided.shape[0]:
                        return n_undecided, begin
                    undecided[n_undecided, 0] = (k * n_rows + row) * n_columns + column
                    undecided[n_undecided, 1] = first
                    undecided[n_undecided, 2] = p
                    n_undecided += 1
                    value = np.nan
                out[k, row, column] = value
            p = _blanks(text, p, size)
            if p + 4 > size or text[p] != 60 or text[p + 1] != 47 or text[p + 2] != 114 or text[p + 3] != 62:
                return n_undecided, begin
            p += 4
    return n_undecided, -1
