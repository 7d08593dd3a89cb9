"""Decimal text to float64, correctly rounded, at the speed of memory.

Two ways to a number. The short one: a mantissa below 2^53 and a power of ten up to 22 are both exact in
binary, so one division or product rounds once (Clinger 1990, doi 10.1145/93542.93557). The long one, for the
17 digits that CASTEP writes: the 128-bit product of mantissa and power of ten (Lemire 2021, doi
10.1002/spe.2984). What neither decides is left to Python's ``float`` and its place is handed back.
"""

from __future__ import annotations

import numba as nb
import numpy as np

#: What ``parse_float`` says of a token.
EXACT, UNDECIDED, NOT_A_NUMBER = 0, 1, 2

_LARGEST_EXPONENT = 10**15  # beyond any number of digits, so that counted digits and exponent add up
_LOWEST, _HIGHEST = -60, 60  # decimal exponents of the long way; outside, Python decides


def _powers_of_five() -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and lower 64 bits of 5^q, 128 bits each (rounded up for q < 0)."""
    high, low = [], []
    for q in range(_LOWEST, _HIGHEST + 1):
        if q >= 0:
            power = 5**q
            shift = 128 - power.bit_length()
            bits = power << shift if shift >= 0 else power >> -shift
        else:
            power = 5**-q
            bits = (1 << (power.bit_length() + 127)) // power + 1
            bits >>= max(0, bits.bit_length() - 128)
        high.append(bits >> 64)
        low.append(bits & (2**64 - 1))
    return np.array(high, np.uint64), np.array(low, np.uint64)


_HIGH, _LOW = _powers_of_five()
_TEN = 10.0 ** np.arange(23)
_TWO = 2.0 ** np.arange(-600, 601)
_EXACT_MANTISSA = np.uint64(1 << 53)
_MOST_MANTISSA = np.int64(1 << 53)
_U32 = np.uint64(0xFFFFFFFF)
_U64 = np.uint64(0xFFFFFFFFFFFFFFFF)


@nb.njit(cache=True, inline="always")
def _full_product(a, b):
    """High and low 64 bits of a*b."""
    s = np.uint64(32)
    a1, a0, b1, b0 = a >> s, a & _U32, b >> s, b & _U32
    mid = a1 * b0 + ((a0 * b0) >> s)
    mid2 = a0 * b1 + (mid & _U32)
    return a1 * b1 + (mid >> s) + (mid2 >> s), a * b


@nb.njit(cache=True)
def scale(w, q):
    """Return (w * 10^q, EXACT) for the integer w > 0 (uint64), or (nan, UNDECIDED)."""
    if w <= _EXACT_MANTISSA and -22 <= q <= 22:
        return (np.float64(w) / _TEN[-q] if q < 0 else np.float64(w) * _TEN[q]), EXACT
    if q < _LOWEST or q > _HIGHEST:
        return np.nan, UNDECIDED
    lz = 0
    m = w
    for step in (32, 16, 8, 4, 2, 1):
        if m >> np.uint64(64 - step) == 0:
            m <<= np.uint64(step)
            lz += step
    high, low = _full_product(m, _HIGH[q - _LOWEST])
    if (high & np.uint64(0x1FF)) == np.uint64(0x1FF):
        high2, _ = _full_product(m, _LOW[q - _LOWEST])
        low = low + high2
        if high2 > low:
            high = high + np.uint64(1)
    if low == _U64 or low == np.uint64(0) or (low == np.uint64(1) and -4 <= q <= 23):
        return np.nan, UNDECIDED  # a tie or nearly: rare, so Python may decide
    upper = high >> np.uint64(63)
    mantissa = high >> (upper + np.uint64(9))  # 54 bits: one to round with
    power = ((152170 + 65536) * q >> 16) + 63 + np.int64(upper) - lz
    mantissa = (mantissa + (mantissa & np.uint64(1))) >> np.uint64(1)
    return np.float64(mantissa) * _TWO[power - 52 + 600], EXACT


@nb.njit(cache=True)
def parse_float(text, i, end):
    """Read one number from text[i:end] (uint8), blanks skipped; return (value, position behind it, code)."""
    while i < end and (text[i] == 32 or text[i] == 9):
        i += 1
    negative = False
    if i < end and (text[i] == 45 or text[i] == 43):
        negative = text[i] == 45
        i += 1
    w = np.uint64(0)
    digits = 0  # significant ones taken into w
    seen = 0
    exponent = 0
    point = False
    dropped = False
    while i < end:
        c = text[i]
        if 48 <= c <= 57:
            seen += 1
            if digits < 19:
                w = w * np.uint64(10) + np.uint64(c - 48)
                if w > np.uint64(0):
                    digits += 1
                if point:
                    exponent -= 1
            else:
                dropped = dropped or c != 48
                if not point:
                    exponent += 1
        elif c == 46 and not point:
            point = True
        else:
            break
        i += 1
    if seen == 0:
        return np.nan, i, NOT_A_NUMBER
    if i < end and (text[i] == 69 or text[i] == 101 or text[i] == 68 or text[i] == 100):
        j = i + 1
        down = False
        if j < end and (text[j] == 45 or text[j] == 43):
            down = text[j] == 45
            j += 1
        e = 0
        first = j
        while j < end and 48 <= text[j] <= 57:
            e = min(e * 10 + np.int64(text[j] - 48), _LARGEST_EXPONENT)
            j += 1
        if j == first:
            return np.nan, i, NOT_A_NUMBER
        exponent += -e if down else e
        i = j
    if w == np.uint64(0):
        return (-0.0 if negative else 0.0), i, EXACT
    value, code = scale(w, exponent)
    if dropped and code == EXACT:  # more than 19 digits: right only if the next mantissa agrees
        above, code = scale(w + np.uint64(1), exponent)
        if code == EXACT and above != value:
            code = UNDECIDED
    return (-value if negative else value), i, code


@nb.njit(cache=True)
def parse_rows(text, starts, end, skip, n_columns, out, undecided):
    """Read ``n_columns`` numbers from each line of ``text`` that begins at ``starts``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts : int64 (n_rows,)
        Where each line begins.
    end : int
        No number reaches beyond this byte.
    skip : int
        Words to pass over first (a symbol and a serial number, say).
    n_columns : int
    out : float64 (n_rows, n_columns)
        Filled; NaN where undecided.
    undecided : int64 (m, 4)
        Filled with row, column, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
        m + 1 means that there was no more room.
    bad_row : int
        First row that does not hold the numbers, or -1.
    """
    n_undecided = 0
    for row in range(starts.shape[0]):
        i = starts[row]
        for _ in range(skip):
            while i < end and (text[i] == 32 or text[i] == 9):
                i += 1
            if i < end and text[i] == 10:
                return n_undecided, row
            while i < end and text[i] > 32:
                i += 1
        for column in range(n_columns):
            begin = i
            # only a blank or a sign parts two numbers: "1.5.2" is not 1.5 and .2
            if column > 0 and i < end and text[i] > 32 and text[i] != 45 and text[i] != 43:
                return n_undecided, row
            value, i, code = parse_float(text, i, end)
            if code == NOT_A_NUMBER:
                return n_undecided, row
            if code == UNDECIDED:
                if n_undecided == undecided.shape[0]:
                    return n_undecided + 1, -1
                undecided[n_undecided, 0] = row
                undecided[n_undecided, 1] = column
                undecided[n_undecided, 2] = begin
                undecided[n_undecided, 3] = i
                n_undecided += 1
                value = np.nan
            out[row, column] = value
        # what follows the last number must be a blank or the end: "0.5abc" and "1.5.2" are no numbers
        if i < end and text[i] > 32:
            return n_undecided, row
    return n_undecided, -1


@nb.njit(cache=True, inline="always")
def load8(text, p):
    """Return eight bytes from position ``p`` (uint64) as one little-endian integer."""
    one = np.uint64(1)
    value = np.uint64(0)
    for k in range(8):
        value |= np.uint64(text[p]) << np.uint64(8 * k)
        p += one
    return value


_ZEROS = np.uint64(0x3030303030303030)
_HIGHS = np.uint64(0x8080808080808080)
_SIXES = np.uint64(0x4646464646464646)
_PAIRS = np.uint64(0x000000FF000000FF)
_MUL1 = np.uint64(0x000F424000000064)  # 100 + (1000000 << 32)
_MUL2 = np.uint64(0x0000271000000001)  # 1 + (10000 << 32)


@nb.njit(cache=True, inline="always")
def eight_digits(v):
    """Return (the number of eight ASCII digits, whether they all are digits).

    Pairs, then fours, then all eight are joined by one product each (Lemire 2021, doi 10.1002/spe.2984).
    """
    good = ((v + _SIXES) | (v - _ZEROS)) & _HIGHS == 0
    v -= _ZEROS
    v = v * np.uint64(10) + (v >> np.uint64(8))
    v = ((v & _PAIRS) * _MUL1 + ((v >> np.uint64(16)) & _PAIRS) * _MUL2) >> np.uint64(32)
    return np.int64(v & np.uint64(0xFFFFFFFF)), good


@nb.njit(cache=True)
def parse_fixed_rows(text, frame_starts, rows, row_length, dots, decimals, out):
    """Read three fixed columns from rows of equal length, many frames at once.

    Each number has one digit before its point, and before that blanks with room for a sign.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    frame_starts : int64 (n_frames,)
        First byte of row 0 of each frame.
    rows : int64 (n_rows,)
        Which rows of a frame.
    row_length : int
        Bytes from one row to the next, line end included.
    dots : int64 (3,)
        Where the decimal points stand in a row.
    decimals : int
        Digits behind each point, at most 15; eight are read at once.
    out : float64 (n_frames, n_rows, 3)

    Returns
    -------
    int
        Flat index of the first row that does not follow the pattern (frame * n_rows + row), or -1.
    """
    size = text.shape[0]
    unit = _TEN[decimals]
    n_rows = rows.shape[0]
    one = np.uint64(1)
    eight = decimals == 8
    dot_of = np.empty(3, np.uint64)
    blanks = np.empty(3, np.int64)  # that stand before the place of the sign
    signed = np.empty(3, np.bool_)  # whether there is such a place
    begin = 0
    for column in range(3):
        dot_of[column] = np.uint64(dots[column])
        signed[column] = dots[column] - 2 >= begin
        blanks[column] = max(dots[column] - 2 - begin, 0)
        if dots[column] - 1 < begin:
            return 0
        begin = dots[column] + decimals + 1
    tail = begin
    for frame in range(frame_starts.shape[0]):
        for r in range(n_rows):
            start = frame_starts[frame] + rows[r] * row_length
            if start < 0 or start + row_length > size:
                return frame * n_rows + r
            bad = False
            for column in range(3):
                dot = np.uint64(start) + dot_of[column]
                lead = text[dot - one]
                bad |= text[dot] != 46
                bad |= np.uint8(lead - 48) > 9
                if eight:
                    fraction, good = eight_digits(load8(text, dot + one))
                    bad |= not good
                    mantissa = (np.int64(lead) - 48) * 100000000 + fraction
                else:
                    mantissa = np.int64(lead) - 48
                    for k in range(1, decimals + 1):
                        digit = text[dot + np.uint64(k)]
                        bad |= np.uint8(digit - 48) > 9
                        mantissa = mantissa * 10 + np.int64(digit) - 48
                    bad |= mantissa > _MOST_MANTISSA  # no double: the quotient would be rounded twice
                negative = False
                if signed[column]:
                    q = dot - one - one
                    sign = text[q]
                    negative = sign == 45
                    bad |= (sign != 32) & (sign != 45)
                    for _ in range(blanks[column]):
                        q -= one
                        bad |= text[q] != 32
                value = np.float64(mantissa) / unit
                out[frame, r, column] = -value if negative else value
            # the rest of the row: blanks and the line end
            for q in range(start + tail, start + row_length - 1):
                bad |= text[q] != 32 and text[q] != 13
            bad |= text[start + row_length - 1] != 10
            if bad:
                return frame * n_rows + r
    return -1
