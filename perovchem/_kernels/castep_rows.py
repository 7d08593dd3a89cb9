"""Rows of CASTEP's .md and .geom files, ``label number number number <-- tag``, to float64.

CASTEP writes ``3x,es24.16e3``: a field of 27 bytes with one digit, a point, 16 digits and an exponent of
three digits at fixed places. Such fields take a short way; every other spelling takes ``text.parse_float``.
Both end in ``text.scale``, so both are correctly rounded.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.text import EXACT, NOT_A_NUMBER, UNDECIDED, parse_float, scale

#: Width of one field, and where its sign, point and exponent stand.
FIELD = 27
_SIGN, _POINT, _EXPONENT = 3, 5, 22


@nb.njit(cache=True, inline="always")
def _eight_digits(text, i):
    """Return the eight digits from text[i] as an integer; far above 10^8 where one is none."""
    d0, d1, d2, d3 = text[i], text[i + 1], text[i + 2], text[i + 3]
    d4, d5, d6, d7 = text[i + 4], text[i + 5], text[i + 6], text[i + 7]
    bad = False
    for d in (d0, d1, d2, d3, d4, d5, d6, d7):
        bad |= np.uint8(d - 48) > 9
    # pairs first, so that the products do not wait for one another; 528 = 11 * ord("0")
    a = np.int64(d0) * 10 + np.int64(d1) - 528
    b = np.int64(d2) * 10 + np.int64(d3) - 528
    c = np.int64(d4) * 10 + np.int64(d5) - 528
    d = np.int64(d6) * 10 + np.int64(d7) - 528
    value = (a * 100 + b) * 10000 + c * 100 + d
    return np.int64(1 << 62) if bad else value


@nb.njit(cache=True, inline="always")
def _field(text, i):
    """Read the fixed field at text[i:i+27]; the code is NOT_A_NUMBER where it has another shape."""
    sign = text[i + _SIGN]
    lead = text[i + _SIGN + 1]
    upper = _eight_digits(text, i + 6)
    lower = _eight_digits(text, i + 14)
    mark = text[i + _EXPONENT + 1]
    e1, e2, e3 = text[i + 24], text[i + 25], text[i + 26]
    bad = (text[i] != 32) | (text[i + 1] != 32) | (text[i + 2] != 32) | ((sign != 32) & (sign != 45))
    bad |= (np.uint8(lead - 48) > 9) | (text[i + _POINT] != 46) | (text[i + _EXPONENT] != 69)
    bad |= (upper >= 100000000) | (lower >= 100000000) | ((mark != 43) & (mark != 45))
    bad |= (np.uint8(e1 - 48) > 9) | (np.uint8(e2 - 48) > 9) | (np.uint8(e3 - 48) > 9)
    behind = text[i + FIELD]
    bad |= (behind != 32) & (behind != 10) & (behind != 13)
    if bad:
        return np.nan, NOT_A_NUMBER
    w = np.uint64((np.int64(lead) - 48) * 10000000000000000 + upper * 100000000 + lower)
    exponent = np.int64(e1) * 100 + np.int64(e2) * 10 + np.int64(e3) - 5328  # 111 * ord("0")
    if w == np.uint64(0):
        return (-0.0 if sign == 45 else 0.0), EXACT
    value, code = scale(w, (-exponent if mark == 45 else exponent) - 16)
    return (-value if sign == 45 else value), code


@nb.njit(cache=True)
def parse_tagged_rows(text, frame_starts, offsets, leads, model, tag, out, undecided):
    """Read rows that stand at the same offsets in many frames.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    frame_starts : int64 (n_frames,)
        First byte of each frame; the caller has seen that each frame lies within ``text``.
    offsets : int64 (n_rows,)
        From the beginning of a frame to that of each row.
    leads : int64 (n_rows,)
        Bytes before the numbers (label and serial number, or blanks), the same in every frame.
    model : int
        First byte of the frame whose ``leads`` all others must repeat.
    tag : uint8 (n_letters,)
        What must follow ``<--``; empty for a row without a tag.
    out : float64 (n_frames, n_rows, n_columns)
        Filled; NaN where undecided.
    undecided : int64 (m, 5)
        Filled with frame, row, column, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
        m + 1 means that there was no more room.
    bad : int
        frame * n_rows + row of the first row that does not hold this, or -1.
    """
    size = text.shape[0]
    n_rows, n_columns = out.shape[1], out.shape[2]
    count = 0
    for frame in range(frame_starts.shape[0]):
        for row in range(n_rows):
            flat = frame * n_rows + row
            p = frame_starts[frame] + offsets[row]
            i = p + leads[row]
            if i >= size or (p > 0 and text[p - 1] != 10):
                return count, flat
            twin = model + offsets[row]
            for k in range(leads[row]):
                if text[p + k] != text[twin + k]:
                    return count, flat
            for column in range(n_columns):
                value, code = np.nan, NOT_A_NUMBER
                begin = i
                if i + FIELD < size:
                    value, code = _field(text, i)
                    i += FIELD
                if code == NOT_A_NUMBER:
                    i = begin
                    if i > p and i < size and text[i] != 32 and text[i] != 9:
                        return count, flat  # glued to what stands before
                    value, i, code = parse_float(text, i, size)
                    if code == NOT_A_NUMBER:
                        return count, flat
                if code == UNDECIDED:
                    if count == undecided.shape[0]:
                        return count + 1, -1
                    undecided[count, 0] = frame
                    undecided[count, 1] = row
                    undecided[count, 2] = column
                    undecided[count, 3] = begin
                    undecided[count, 4] = i
                    count += 1
                    value = np.nan
                out[frame, row, column] = value
            if not _ends_with(text, i, tag):
                return count, flat
    return count, -1


@nb.njit(cache=True, inline="always")
def _ends_with(text, i, tag):
    """Return whether blanks, ``<-- tag`` and the line's end follow text[i]."""
    size = text.shape[0]
    first = i
    while i < size and (text[i] == 32 or text[i] == 9):
        i += 1
    if tag.shape[0] > 0:
        if i == first or i + 3 + tag.shape[0] > size:
            return False
        if text[i] != 60 or text[i + 1] != 45 or text[i + 2] != 45:
            return False
        i += 3
        while i < size and text[i] == 32:
            i += 1
        if i + tag.shape[0] > size:
            return False
        for k in range(tag.shape[0]):
            if text[i + k] != tag[k]:
                return False
        i += tag.shape[0]
    while i < size and (text[i] == 32 or text[i] == 9 or text[i] == 13):
        i += 1
    return i == size or text[i] == 10


@nb.njit(cache=True)
def all_repeat(text, frame_starts, offset, length, model):
    """Return whether the ``length`` bytes at start + offset are those at ``model`` for every frame."""
    for frame in range(frame_starts.shape[0]):
        p = frame_starts[frame] + offset
        for k in range(length):
            if text[p + k] != text[model + k]:
                return False
    return True
