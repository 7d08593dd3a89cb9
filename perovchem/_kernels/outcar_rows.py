"""Numbers of an OUTCAR: cells whose columns run together, last words of tables, values that may be stars."""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.text import EXACT, NOT_A_NUMBER, parse_float

_TEN = 10.0 ** np.arange(16)


@nb.njit(cache=True)
def _is_digit(c):
    return 48 <= c <= 57


@nb.njit(cache=True)
def _fixed(text, p, end, decimals):
    """Return the byte behind a number with so many decimals that begins at ``p``, or -1."""
    if p < end and (text[p] == 45 or text[p] == 43):
        p += 1
    while p < end and _is_digit(text[p]):
        p += 1
    if p >= end or text[p] != 46 or p + decimals >= end + (decimals == 0):
        return -1
    for k in range(1, decimals + 1):
        if not _is_digit(text[p + k]):
            return -1
    return p + decimals + 1


@nb.njit(cache=True)
def _row(text, p, end, out):
    """Read the first three of six numbers with equally many decimals, glued or not."""
    while end > p and text[end - 1] <= 32:
        end -= 1
    k = end
    while k > p and _is_digit(text[k - 1]):
        k -= 1
    decimals = end - k
    if k <= p or decimals == 0 or text[k - 1] != 46:
        return False
    for column in range(6):
        while p < end and (text[p] == 32 or text[p] == 9):
            p += 1
        stop = _fixed(text, p, end, decimals) if p < end else -1
        if stop < 0 or stop > end:
            return False
        if column < 3:
            value, _, code = parse_float(text, p, stop)
            if code != EXACT:
                return False
            out[column] = value
        p = stop
    return p == end


@nb.njit(cache=True)
def read_lattices(text, starts, out):
    """Read "direct | reciprocal" rows, three numbers each; NaN for a cell that does not hold them.

    VASP prints F13.9, so columns from 100 Å on touch one another: the number of decimals parts them.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts : int64 (n,)
        First byte of the first row; the caller has seen that three lines follow.
    out : float64 (n, 3, 3)
    """
    for k in range(starts.shape[0]):
        if k > 0 and starts[k] == starts[k - 1]:
            out[k] = out[k - 1]
            continue
        p = starts[k]
        for row in range(3):
            end = p
            while end < text.shape[0] and text[end] != 10:
                end += 1
            if not _row(text, p, end, out[k, row]):
                out[k] = np.nan
                break
            p = end + 1


@nb.njit(cache=True)
def read_values(text, starts, n_values, out, undecided):
    """Read numbers behind each start; NaN where there is no start, or stars, or anything else.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts : int64 (n,)
        -1 for none.
    n_values : int
    out : float64 (n, n_values)
    undecided : int64 (n * n_values, 4)
        Filled with row, column, first byte and byte behind it, of what Python must read.

    Returns
    -------
    n_undecided : int
    n_unreadable : int
        Starts behind which no such numbers stand.
    """
    size = text.shape[0]
    count = unreadable = 0
    for k in range(starts.shape[0]):
        out[k] = np.nan
        p = starts[k]
        if p < 0:
            continue
        for column in range(n_values):
            first = p
            if column > 0 and p < size and text[p] > 32 and text[p] != 45 and text[p] != 43:
                unreadable += 1
                break
            value, p, code = parse_float(text, p, size)
            if code == NOT_A_NUMBER:
                unreadable += 1
                break
            if code == EXACT:
                out[k, column] = value
            else:
                undecided[count, 0], undecided[count, 1] = k, column
                undecided[count, 2], undecided[count, 3] = first, p
                count += 1
        else:
            # "e" begins "eV", so that only what is neither blank nor a bracket spoils the number
            if p < size and text[p] > 32 and text[p] != 41:
                out[k] = np.nan
                unreadable += 1
    return count, unreadable


@nb.njit(cache=True)
def read_last_words(text, start, out):
    """Read the last number of each line from ``start`` on; return the first line without, or -1.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
    out : float64 (n_lines,)
    """
    p = start
    for row in range(out.shape[0]):
        end = p
        while end < text.shape[0] and text[end] != 10:
            end += 1
        stop = end
        while stop > p and text[stop - 1] <= 32:
            stop -= 1
        first = stop
        while first > p and text[first - 1] > 32:
            first -= 1
        for k in range(stop - 1, first, -1):  # columns that touch: a sign begins the last
            if text[k] == 45:
                first = k
                break
        value, q, code = parse_float(text, first, stop)
        if code != EXACT or q != stop or first == p:
            return row
        out[row] = value
        p = end + 1
    return -1


@nb.njit(cache=True)
def _column(text, before, dot, decimals):
    """Return (value, good) of a number whose point stands at ``dot`` with blanks between ``before`` and it."""
    mantissa = np.int64(0)
    q = dot - 1
    power = np.int64(1)
    while q >= before and _is_digit(text[q]):
        mantissa += np.int64(text[q] - 48) * power
        power *= 10
        q -= 1
    good = text[dot] == 46 and q < dot - 1
    for k in range(dot + 1, dot + 1 + decimals):
        good &= _is_digit(text[k])
        mantissa = mantissa * 10 + np.int64(text[k]) - 48
    negative = q >= before and text[q] == 45
    if negative:
        q -= 1
    while q >= before:
        good &= text[q] == 32
        q -= 1
    value = np.float64(mantissa) / _TEN[decimals]
    return (-value if negative else value), good


@nb.njit(cache=True)
def read_fixed_rows(text, starts, strides, rows, before, dots, decimals, out, failed):
    """Read three numbers whose points stand at the same places in every row of a table, many tables at once.

    With at most 15 digits, mantissa and power of ten are exact, so that the quotient is rounded once.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, strides : int64 (n_tables,)
        First byte of row 0, and bytes from row to row; -1 is a failure at once.
    rows : int64 (n_rows,)
        Which rows; the caller has seen that they lie within ``text``.
    before : int
        First byte of a row that belongs to the three numbers.
    dots, decimals : int64 (3,)
        Where the points stand in a row, and how many digits follow.
    out : float64 (n_tables, n_rows, 3)
    failed : bool (n_tables,)
        Filled: True where a row does not follow the pattern, and the table must be read otherwise.
    """
    last = dots[2] + decimals[2] + 1
    for k in range(starts.shape[0]):
        failed[k] = strides[k] <= last
        if failed[k]:
            continue
        good = True
        for r in range(rows.shape[0]):
            base = starts[k] + rows[r] * strides[k]
            begin = base + before
            for column in range(3):
                dot = base + dots[column]
                value, sound = _column(text, begin, dot, decimals[column])
                good &= sound
                out[k, r, column] = value
                begin = dot + 1 + decimals[column]
            good &= text[begin] <= 32 or (text[begin] == 45 and begin < base + strides[k] - 1)
        failed[k] = not good
