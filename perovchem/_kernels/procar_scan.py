"""Where a PROCAR keeps its k-points, bands and weights, and their numbers."""

from __future__ import annotations

import numba as nb

from perovchem._kernels.text import EXACT, parse_float

#: Why a pass ended.
DONE, FULL, BAD_POINT, BAD_BAND = 0, 1, 2, 3
#: What is counted.
POINTS, BANDS, HEADERS = 0, 1, 2


@nb.njit(cache=True, inline="always")
def _line_end(text, p, size):
    while p < size and text[p] != 10:
        p += 1
    return p


@nb.njit(cache=True)
def scan(text, start, points, bands, rows, counts):
    """Read k-points and bands, and note where the weights of each band stand.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
    points : float64 (n, 4)
        Filled: coordinates and weight.
    bands : float64 (m, 2)
        Filled: energy, occupation.
    rows : int64 (m, 3)
        Filled: first row of weights (-1: none), how many rows follow, which k-point.
    counts : int64 (3,)
        Filled: k-points, bands, headers ("# of k-points").

    Returns
    -------
    stop : int
    at : int
        Byte of the line where the pass ended.
    """
    size = text.shape[0]
    n_points, n_bands, n_headers = 0, 0, 0
    counts[:] = 0
    state = 0  # 1: behind a band, 2: within its weights, 3: behind these
    p = start
    while p < size:
        begin = p
        while p < size and (text[p] == 32 or text[p] == 9 or text[p] == 13):
            p += 1
        if p >= size:
            break
        c = text[p]
        if c == 10:
            p += 1
            continue
        end = _line_end(text, p, size)
        if c == 107 and p + 7 < end and text[p + 1] == 45:  # k-point
            if n_points == points.shape[0]:
                return FULL, begin
            while p < end and text[p] != 58:
                p += 1
            p += 1
            for column in range(3):
                value, p, code = parse_float(text, p, end)
                if code != EXACT:
                    return BAD_POINT, begin
                points[n_points, column] = value
            while p < end and text[p] != 61:
                p += 1
            value, p, code = parse_float(text, p + 1, end)
            if code != EXACT or end >= size:
                return BAD_POINT, begin
            points[n_points, 3] = value
            n_points += 1
            counts[POINTS] = n_points
            state = 0
        elif c == 98 and p + 4 < end and text[p + 1] == 97:  # band
            if n_bands == bands.shape[0]:
                return FULL, begin
            for column in range(2):
                while p < end and text[p] != 35:
                    p += 1
                p += 2
                while p < end and text[p] > 32:
                    p += 1
                value, p, code = parse_float(text, p, end)
                if code != EXACT or (p < end and text[p] > 32) or end >= size:
                    return BAD_BAND, begin
                bands[n_bands, column] = value
            rows[n_bands, 0] = -1
            rows[n_bands, 1] = 0
            rows[n_bands, 2] = n_points - 1
            n_bands += 1
            counts[BANDS] = n_bands
            state = 1
        elif c == 105 and p + 3 < end:  # the head of a table of ions
            if state == 1:
                rows[n_bands - 1, 0] = end + 1
                state = 2
            else:
                state = 3
        elif 48 <= c <= 57:
            if state == 2 and end < size:
                rows[n_bands - 1, 1] += 1
        elif c == 35:
            n_headers += 1
            counts[HEADERS] = n_headers
            state = 0
        p = end + 1
    return DONE, size


@nb.njit(cache=True)
def read_weights(text, firsts, n_rows, n_columns, out):
    """Read ``n_rows`` rows of a number of an ion and ``n_columns`` weights, (n, n_rows, n_columns).

    Returns
    -------
    int
        Byte of the row that does not hold these numbers, or -1.
    """
    size = text.shape[0]
    for k in range(firsts.shape[0]):
        p = firsts[k]
        for row in range(n_rows):
            begin = p
            end = _line_end(text, p, size)
            _, p, code = parse_float(text, p, end)
            if code != EXACT:
                return begin
            for column in range(n_columns):
                value, p, code = parse_float(text, p, end)
                if code != EXACT or (p < end and text[p] > 32 and text[p] != 45):
                    return begin
                out[k, row, column] = value
            p = end + 1
    return -1
