"""Slow, obvious twins of the exchange kernels: dense levels, every origin and every frame between looked at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Dense = NDArray[np.int8]
Visit = tuple[int, int, int, bool, bool]  # column, first frame, first frame after, begin seen, end seen


def brute_visits(levels: Dense, segment: NDArray[np.int64], *, enter: int, stay: int) -> set[Visit]:
    """Walk through each column of (n_frames, n_columns) with a state that only the two levels change."""
    found = set()
    for column, series in enumerate(levels.T.tolist()):
        begin, seen = None, False
        for t, level in enumerate(series):
            if t and segment[t] != segment[t - 1]:
                if begin is not None:
                    found.add((column, begin, t, seen, False))
                begin = None
            if begin is not None and level < stay:
                found.add((column, begin, t, seen, True))
                begin = None
            if begin is None and level >= enter:
                begin, seen = t, False
                for s in range(t - 1, -1, -1):  # back to where it was outside, in this segment
                    if segment[s] != segment[t]:
                        break
                    if series[s] < stay:
                        seen = True
                        break
        if begin is not None:
            found.add((column, begin, len(series), seen, False))
    return found


def brute_survival(
    bound: NDArray[np.bool_], segment: NDArray[np.int64], lag: int, *, intermittent: bool
) -> tuple[int, int]:
    """Origins from which a column is bound a lag later (without a break, unless intermittent), and all origins."""
    held = origins = 0
    for series in bound.T:
        for t in range(len(series) - lag):
            if series[t] and segment[t] == segment[t + lag]:
                origins += 1
                held += bool(series[t + lag] if intermittent else series[t : t + lag + 1].all())
    return held, origins


def brute_bridged(bound: NDArray[np.bool_], segment: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Fill absences of at most so many frames between two presences of one segment."""
    filled = bound.copy()
    for column in range(bound.shape[1]):
        for a, b in pairwise(np.flatnonzero(bound[:, column])):
            if segment[a] == segment[b] and b - a - 1 <= most:
                filled[a:b, column] = True
    return filled
