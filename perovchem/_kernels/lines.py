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
def equal_at(text, starts, offset, pattern):
    """Return for each start (int64) whether ``pattern`` (uint8) stands ``offset`` bytes behind it."""
    out = np.zeros(starts.shape[0], np.bool_)
    size = text.shape[0]
    for k in range(starts.shape[0]):
        p = starts[k] + offset
        if p < 0 or p + pattern.shape[0] > size:
            continue
        same = True
        for i in range(pattern.shape[0]):
            if text[p + i] != pattern[i]:
                same = False
                break
        out[k] = same
    return out
