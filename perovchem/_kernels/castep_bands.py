"""The blocks of a CASTEP .bands: k-point, spin component, one energy a line."""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.text import EXACT, NOT_A_NUMBER, parse_float

#: How reading ends.
DONE, CUT, NO_KPOINT, BAD_KPOINT, NO_SPIN, BAD_ENERGY, TWICE, TOO_LONG = 0, 1, 2, 3, 4, 5, 6, 7

_FARTHEST = 1e3  # fractional coordinates and weights
_LARGEST = 1e5  # hartree
_KPOINT = np.frombuffer(b"K-point", np.uint8)
_SPIN = np.frombuffer(b"Spin component", np.uint8)


@nb.njit(cache=True)
def _blank(text, i, end):
    while i < end and text[i] <= 32:
        i += 1
    return i


@nb.njit(cache=True)
def _behind(text, i, end, word):
    """Return the byte behind a word that stands at ``i``, or -1."""
    if i + word.shape[0] > end:
        return -1
    for k in range(word.shape[0]):
        if text[i + k] != word[k]:
            return -1
    return i + word.shape[0]


@nb.njit(cache=True)
def _whole(text, i, end):
    """Read digits behind blanks; return (number, byte behind), -1 where there are none or too many."""
    while i < end and text[i] == 32:
        i += 1
    number, first = 0, i
    while i < end and 48 <= text[i] <= 57 and i - first < 10:
        number = number * 10 + text[i] - 48
        i += 1
    return (number if i > first else -1), i


@nb.njit(cache=True)
def read_blocks(text, start, counts, points, energies, seen, undecided):
    """Read all blocks, whatever their order.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
        First byte behind the header.
    counts : int64 (n_spins,)
        Energies of each spin component.
    points : float64 (n_points, 4)
        Filled: coordinates and weight, in the order of the numbers of the k-points.
    energies : float64 (n_spins, n_points, most)
        Filled likewise, as printed; ``most`` may be less than a count, whose further energies are passed over.
    seen : bool (n_points,)
        Filled: which k-points are there.
    undecided : int64 (m, 5)
        Filled with spin, point, band, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    code : int
        DONE, or what is wrong.
    place : int
        The byte where reading ended.
    n_undecided : int
        At most m; a file with more is not read on (BAD_ENERGY).
    """
    end = text.shape[0]
    n_points = points.shape[0]
    i = start
    waiting = 0
    for _ in range(n_points):
        i = _blank(text, i, end)
        if i >= end:
            return CUT, i, waiting
        line = i
        i = _behind(text, i, end, _KPOINT)
        if i < 0:
            return (CUT if end - line < 7 else NO_KPOINT), line, waiting
        number, i = _whole(text, i, end)
        if number < 1 or number > n_points:
            return BAD_KPOINT, line, waiting
        k = number - 1
        if seen[k]:
            return TWICE, line, waiting
        for column in range(4):
            value, i, code = parse_float(text, i, end)
            if code != EXACT or abs(value) > _FARTHEST:
                return (CUT if i >= end else BAD_KPOINT), line, waiting
            points[k, column] = value
        if i < end and text[i] > 32:
            return BAD_KPOINT, line, waiting
        for s in range(counts.shape[0]):
            i = _blank(text, i, end)
            if i >= end:
                return CUT, i, waiting
            line = i
            i = _behind(text, i, end, _SPIN)
            if i < 0:
                return (CUT if end - line < 14 else NO_SPIN), line, waiting
            number, i = _whole(text, i, end)
            if number != s + 1:
                return NO_SPIN, line, waiting
            for band in range(counts[s]):
                i = _blank(text, i, end)
                if i >= end:
                    return CUT, i, waiting
                line = i
                value, i, code = parse_float(text, i, end)
                if code == NOT_A_NUMBER or (i < end and text[i] > 32) or abs(value) > _LARGEST:
                    return BAD_ENERGY, line, waiting
                if band < energies.shape[2]:
                    if code != EXACT:
                        if waiting == undecided.shape[0]:
                            return BAD_ENERGY, line, waiting
                        undecided[waiting, 0] = s
                        undecided[waiting, 1] = k
                        undecided[waiting, 2] = band
                        undecided[waiting, 3] = line
                        undecided[waiting, 4] = i
                        waiting += 1
                        value = 0.0
                    energies[s, k, band] = value
            if i < end and text[i - 1] > 32 and text[i] > 32:
                return BAD_ENERGY, line, waiting
        seen[k] = True
    i = _blank(text, i, end)
    return (DONE if i >= end else TOO_LONG), i, waiting
