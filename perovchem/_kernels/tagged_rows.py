"""Numbers between the tags of a vasprun.xml: rows of constant width eight digits at a time, others one by one."""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.scan import ROW_WIDTH, WIDTH, starred, tag_end
from perovchem._kernels.text import EXACT, NOT_A_NUMBER, UNDECIDED, eight_digits, load8, parse_float


@nb.njit(cache=True)
def same_blocks(text, starts, length):
    """Return whether the ``length`` bytes at every start are the same."""
    for k in range(1, starts.shape[0]):
        for i in range(length):
            if text[starts[k] + i] != text[starts[0] + i]:
                return False
    return True


_BLANKS6 = np.uint64(0x0000202020202020)
_LOW6 = np.uint64(0x0000FFFFFFFFFFFF)


@nb.njit(cache=True)
def _whole_part(text, p):
    """Return (digits, negative, good) of the 8 bytes before the point: blanks, a sign, digits."""
    stop = p + np.uint64(8)
    one = np.uint64(1)
    good = text[p] == 32
    while p < stop and text[p] == 32:
        p += one
    negative = p < stop and text[p] == 45
    if negative:
        p += one
    good = good and p < stop
    value = np.int64(0)
    while p < stop:
        digit = np.int64(text[p]) - 48
        good = good and 0 <= digit <= 9
        value = value * 10 + digit
        p += one
    return value, negative, good


@nb.njit(cache=True)
def read_blocks(text, starts, strides, rows, out, failed):
    """Read chosen rows of blocks of three F16.8 columns, many frames at once.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, strides : int64 (n_frames,)
        First byte of row 0 and bytes from row to row, of each frame; stride -1 is a failure at once.
    rows : int64 (n_rows,)
    out : float64 (n_frames, n_rows, 3)
    failed : bool (n_frames,)
        Filled: True where a row does not follow the pattern, and the frame must be read otherwise.
    """
    size = np.uint64(text.shape[0])
    width = np.uint64(WIDTH)
    for frame in range(starts.shape[0]):
        failed[frame] = strides[frame] < ROW_WIDTH
        if failed[frame]:
            continue
        stride = np.uint64(strides[frame])
        start = np.uint64(starts[frame])
        bad = False
        for r in range(rows.shape[0]):
            p = start + np.uint64(rows[r]) * stride
            if p + stride > size:
                bad = True
                break
            tag = p + stride - np.uint64(ROW_WIDTH)
            while p < tag:
                bad |= text[p] != 32
                p += np.uint64(1)
            bad |= text[p] != 60
            bad |= text[p + np.uint64(1)] != 118
            bad |= text[p + np.uint64(2)] != 62
            p += np.uint64(3)
            for column in range(3):
                lead = load8(text, p)
                bad |= text[p + np.uint64(8)] != 46
                mantissa, good = eight_digits(load8(text, p + np.uint64(9)))
                bad |= not good
                sign = (lead >> np.uint64(48)) & np.uint64(0xFF)
                digit = np.int64(lead >> np.uint64(56)) - 48
                negative = sign == np.uint64(45)
                if (lead & _LOW6) != _BLANKS6 or not (negative or sign == np.uint64(32)):
                    digit, negative, good = _whole_part(text, p)
                    bad |= not good
                else:
                    bad |= digit < 0 or digit > 9
                value = np.float64(mantissa + digit * 100000000) / 1e8
                out[frame, r, column] = -value if negative else value
                p += width
            bad |= text[p] != 32
            bad |= text[p + np.uint64(1)] != 60
            bad |= text[p + np.uint64(2)] != 47
            bad |= text[p + np.uint64(3)] != 118
            bad |= text[p + np.uint64(4)] != 62
            bad |= text[p + np.uint64(5)] != 10
        failed[frame] = bad


@nb.njit(cache=True)
def _blanks(text, p, end):
    while p < end and (text[p] == 32 or text[p] == 10 or text[p] == 9 or text[p] == 13):
        p += 1
    return p


@nb.njit(cache=True)
def read_tagged_rows(text, start, out, undecided):
    """Read ``<v> a b c </v>`` rows however they are laid out, up to ``</varray>``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
    out : float64 (n_rows, 3)
        Filled; NaN where undecided.
    undecided : int64 (3 * n_rows, 4)
        Filled with row, column, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
    bad : int
        Byte of the row that holds no three numbers, or -1.
    """
    size = text.shape[0]
    n_undecided = 0
    p = start
    for row in range(out.shape[0]):
        p = _blanks(text, p, size)
        begin = p
        if p + 3 > size or text[p] != 60 or text[p + 1] != 118 or (text[p + 2] != 62 and text[p + 2] != 32):
            return n_undecided, begin
        p = tag_end(text, p + 1, size)
        if p < 0:
            return n_undecided, begin
        for column in range(3):
            p = _blanks(text, p, size)
            first = p
            value, p, code = parse_float(text, p, size)
            # what follows must be a blank or a tag: "0.5abc", "1.5.2" and "-0.1-0.2" are no numbers
            if code == NOT_A_NUMBER or p >= size or (text[p] > 32 and text[p] != 60):
                return n_undecided, begin
            if code == UNDECIDED:
                undecided[n_undecided, 0] = row
                undecided[n_undecided, 1] = column
                undecided[n_undecided, 2] = first
                undecided[n_undecided, 3] = p
                n_undecided += 1
                value = np.nan
            out[row, column] = value
        p = _blanks(text, p, size)
        if p + 4 > size or text[p] != 60 or text[p + 1] != 47 or text[p + 2] != 118 or text[p + 3] != 62:
            return n_undecided, begin
        p += 4
    p = _blanks(text, p, size)
    if p + 4 > size or text[p] != 60 or text[p + 1] != 47 or text[p + 2] != 118 or text[p + 3] != 97:
        return n_undecided, p
    return n_undecided, -1


@nb.njit(cache=True)
def read_values(text, starts, out, undecided):
    """Read one number behind each start (-1: NaN; ******, NaN and Infinity: NaN).

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts : int64 (n,)
    out : float64 (n,)
    undecided : int64 (n, 2)
        Filled with entry and byte behind it, of what Python must read.

    Returns
    -------
    n_undecided : int
    bad : int
        First entry that is none of these, or -1.
    """
    size = text.shape[0]
    n_undecided = 0
    for k in range(starts.shape[0]):
        out[k] = np.nan
        p = starts[k]
        if p < 0 or starred(text, p, size):
            continue
        value, p, code = parse_float(text, p, size)
        if code == NOT_A_NUMBER or (p < size and text[p] > 32 and text[p] != 60):
            return n_undecided, k
        if code == EXACT:
            out[k] = value
        else:
            undecided[n_undecided, 0] = k
            undecided[n_undecided, 1] = p
            n_undecided += 1
    return n_undecided, -1
