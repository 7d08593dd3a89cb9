"""Where lines begin, for texts without a fixed stride."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True)
def line_starts(text, start, n_lines, out):
    """Fill ``out`` (int64, n_lines) with line beginnings from byte ``start`` on.

    Returns
    -------
    n_found : int
        Lines that have at least one byte; the last may lack its line end.
    end : int
        First byte behind them.
    """
    size = text.shape[0]
    p = start
    for k in range(n_lines):
        if p >= size:
            return k, size
        out[k] = p
        while p < size and text[p] != 10:
            p += 1
        p += 1
    return n_lines, min(p, size)


@nb.njit(cache=True)
def skip_lines(text, start, n_lines):
    """Return (lines passed, first byte behind them)."""
    size = text.shape[0]
    p = start
    for k in range(n_lines):
        if p >= size:
            return k, size
        while p < size and text[p] != 10:
            p += 1
        p += 1
    return n_lines, min(p, size)


@nb.njit(cache=True)
def skip_rows(text, start, n_rows):
    """Pass lines that begin as a row of numbers does: a digit, a sign, a point, stars, nan or inf.

    Returns
    -------
    passed : int
    end : int
        First byte behind the rows; the size of ``text`` where it ends before ``n_rows``.
    """
    size = text.shape[0]
    p = start
    for k in range(n_rows):
        q = _first_ink(text, p)
        if q >= size:
            return k, size
        if not _numeric(text, q):
            return k, p
        while q < size and text[q] != 10:
            q += 1
        p = q + 1
    return n_rows, min(p, size)


@nb.njit(cache=True)
def numeric_at(text, starts, offset):
    """Return for each start (int64) whether a row of numbers begins ``offset`` bytes behind it."""
    out = np.zeros(starts.shape[0], np.bool_)
    for k in range(starts.shape[0]):
        q = _first_ink(text, starts[k] + offset)
        out[k] = q < text.shape[0] and _numeric(text, q)
    return out


@nb.njit(cache=True)
def walk_frames(text, start, mark, n_rows, firsts, labels):
    """Pass frames of any length: a line that begins with ``mark`` (uint8) and a number, then rows of numbers.

    A frame counts where the next mark follows its rows directly; the last one is therefore left to the caller.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
        First byte of the first frame.
    mark : uint8 (m,)
    n_rows : int
    firsts, labels : int64 (most,)
        Filled with the first byte of row 0 and the number of the label, -1 where it is none.

    Returns
    -------
    n_frames : int
    end : int
        First byte behind them.
    """
    p = start
    size = text.shape[0]
    if not _stands(text, p, mark):
        return 0, p
    for k in range(firsts.shape[0]):
        q = p + mark.shape[0]
        number, digits, other = 0, 0, False
        while q < size and text[q] != 10:
            if 48 <= text[q] <= 57:
                other |= digits > 0 and text[q - 1] == 32
                number = number * 10 + np.int64(text[q] - 48)
                digits += 1
            else:
                other |= text[q] > 32
            q += 1
        passed, end = skip_rows(text, q + 1, n_rows)
        if passed < n_rows or not _stands(text, end, mark):
            return k, p
        firsts[k] = q + 1
        labels[k] = -1 if other or not 0 < digits < 16 else number
        p = end
    return firsts.shape[0], p


@nb.njit(cache=True, inline="always")
def _first_ink(text, p):
    """Return where the first byte stands that is neither blank nor tab."""
    while p < text.shape[0] and (text[p] == 32 or text[p] == 9):
        p += 1
    return p


@nb.njit(cache=True, inline="always")
def _numeric(text, q):
    """Return whether a number may begin here: a digit, a sign, a point, stars, nan or inf."""
    c = text[q]
    if 48 <= c <= 57 or c == 43 or c == 45 or c == 46 or c == 42:
        return True
    if q + 2 >= text.shape[0]:
        return False
    a, b, c = text[q] | 32, text[q + 1] | 32, text[q + 2] | 32
    return (a == 110 and b == 97 and c == 110) or (a == 105 and b == 110 and c == 102)


@nb.njit(cache=True, inline="always")
def _stands(text, p, pattern):
    """Return whether ``pattern`` (uint8) stands at byte ``p``."""
    same = p >= 0 and p + pattern.shape[0] <= text.shape[0]
    i = 0
    while same and i < pattern.shape[0]:
        same = text[p + i] == pattern[i]
        i += 1
    return same


@nb.njit(cache=True)
def row_starts(text, frame_starts, n_lines, rows, out):
    """Find where chosen rows begin, in frames whose rows have any length.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    frame_starts : int64 (n_frames,)
    n_lines : int
        Rows of a frame.
    rows : int64 (n_rows,)
        The chosen ones, in any order.
    out : int64 (n_frames, n_rows)

    Returns
    -------
    int
        First frame that ends before its last row, or -1.
    """
    begins = np.empty(n_lines, np.int64)
    for frame in range(frame_starts.shape[0]):
        if line_starts(text, frame_starts[frame], n_lines, begins)[0] < n_lines:
            return frame
        for k in range(rows.shape[0]):
            out[frame, k] = begins[rows[k]]
    return -1


@nb.njit(cache=True)
def following_lines(text, starts, n_lines):
    """Return for each start (int64) where the line begins that is ``n_lines`` further down."""
    out = np.empty(starts.shape[0], np.int64)
    for k in range(starts.shape[0]):
        out[k] = skip_lines(text, starts[k], n_lines)[1]
    return out


@nb.njit(cache=True)
def equal_at(text, starts, offset, pattern):
    """Return for each start (int64) whether ``pattern`` (uint8) stands ``offset`` bytes behind it."""
    out = np.zeros(starts.shape[0], np.bool_)
    for k in range(starts.shape[0]):
        out[k] = _stands(text, starts[k] + offset, pattern)
    return out
