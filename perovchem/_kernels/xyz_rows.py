"""Rows of extended XYZ files: whose atoms they are, and the numbers in their columns."""

from __future__ import annotations

import numba as nb
import numpy as np

from perovchem._kernels.text import EXACT, NOT_A_NUMBER, UNDECIDED, eight_digits, load8, parse_float

_TEN = 10.0 ** np.arange(16)
_MOST_MANTISSA = np.int64(1 << 53)


@nb.njit(cache=True, inline="always")
def _ink(text, p, end):
    while p < end and (text[p] == 32 or text[p] == 9):
        p += 1
    return p


@nb.njit(cache=True, inline="always")
def _word_end(text, p, end):
    while p < end and text[p] > 32:
        p += 1
    return p


@nb.njit(cache=True)
def jump_frames(text, position, first, n_atoms, width, out):
    """Pass frames whose first lines are the same and whose rows have one width.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    position : int
    first : uint8 (n,)
        The first line of a frame with its line end.
    n_atoms, width : int
    out : int64 (most, 4)
        Filled with the first byte of the second line, of the rows, the byte behind these, and the width.

    Returns
    -------
    n_frames : int
    position : int
        First byte behind them.
    """
    size = text.shape[0]
    n = first.shape[0]
    for k in range(out.shape[0]):
        p = position
        if p + n > size:
            return k, position
        for i in range(n):
            if text[p + i] != first[i]:
                return k, position
        p += n
        begin = p
        while begin < size and text[begin] != 10:
            begin += 1
        begin += 1
        end = begin + n_atoms * width
        if end > size or text[end - 1] != 10:
            return k, position
        if end < size:
            if end + n > size:
                return k, position
            for i in range(n):
                if text[end + i] != first[i]:
                    return k, position
        out[k, 0] = p
        out[k, 1] = begin
        out[k, 2] = end
        out[k, 3] = width
        position = end
    return out.shape[0], position


@nb.njit(cache=True)
def match_lines(text, starts, ends, literals, offsets, counts, out):
    """Read the numbers of lines that are alike but for them.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, ends : int64 (n_lines,)
    literals : uint8 (n_literal_bytes,)
        What stands before, between and behind the groups of numbers, one after the other.
    offsets : int64 (n_groups + 2,)
        Where each literal begins among these bytes, and their end.
    counts : int64 (n_groups,)
        Numbers of each group, parted by blanks or commas.
    out : float64 (n_lines, sum of counts)
        Filled where a line is like this.

    Returns
    -------
    bool (n_lines,)
        Whether the line is like this.
    """
    like = np.zeros(starts.shape[0], np.bool_)
    n_groups = counts.shape[0]
    for line in range(starts.shape[0]):
        p = starts[line]
        end = ends[line]
        column = 0
        good = True
        for group in range(n_groups + 1):
            length = offsets[group + 1] - offsets[group]
            if p + length > end:
                good = False
                break
            for k in range(length):
                good &= text[p + k] == literals[offsets[group] + k]
            if not good:
                break
            p += length
            if group == n_groups:
                good = p == end
                break
            for k in range(counts[group]):
                first = p
                while p < end and (text[p] == 32 or text[p] == 44):
                    p += 1
                value, q, code = parse_float(text, p, end)
                # a group begins right behind its literal, and its numbers are parted
                if code != EXACT or (first == p) != (k == 0) or q == p:
                    good = False
                    break
                p = q
                out[line, column] = value
                column += 1
            if not good:
                break
        like[line] = good
    return like


@nb.njit(cache=True)
def check_rows(text, starts, ends, widths, word, names):
    """Check that the rows of frames are those of the same atoms in the same order.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, ends : int64 (n_frames,)
        First byte of the rows of each frame, and the first behind them.
    widths : int64 (n_frames,)
        Bytes of each row of a frame, its line end included; 0 where they differ.
    word : int
        Which word of a row names the element, from 0.
    names : uint8 (n_atoms, longest)
        The word of each row, padded with 0.

    Returns
    -------
    frame : int
        First frame that does not fit, or -1.
    row : int
    """
    n_atoms, longest = names.shape
    lengths = np.zeros(n_atoms, np.int64)
    padded = np.full(
        (n_atoms, longest + 1), 32, np.uint8
    )  # a name as it stands at the beginning of most rows
    for row in range(n_atoms):
        for k in range(longest):
            if names[row, k] != 0:
                lengths[row] += 1
                padded[row, k] = names[row, k]
    for frame in range(starts.shape[0]):
        p = starts[frame]
        end = ends[frame]
        width = widths[frame]
        if width > 0 and p + width * n_atoms > end + 1:
            return frame, 0
        for row in range(n_atoms):
            usual = word == 0 and width > longest and p + width <= end
            if usual:
                first = np.uint64(p)
                for k in range(longest + 1):
                    usual &= text[first + np.uint64(k)] == padded[row, k]
                usual &= text[first + np.uint64(width - 1)] == 10
            if usual:
                p += width
                continue
            q = _ink(text, p, end)
            for _ in range(word):
                q = _ink(text, _word_end(text, q, end), end)
            for k in range(lengths[row]):
                if q + k >= end or text[q + k] != names[row, k]:
                    return frame, row
            q += lengths[row]
            if q >= end or text[q] > 32:
                return frame, row
            if width > 0:
                p += width
                if p > text.shape[0]:  # the last row of the file, without a line end
                    return (-1, -1) if p == end + 1 and row == n_atoms - 1 else (frame, row)
                if text[p - 1] != 10:
                    return frame, row
            else:
                while q < end and text[q] != 10:
                    q += 1
                p = q + 1
    return -1, -1


@nb.njit(cache=True)
def read_columns(text, starts, ends, widths, n_atoms, atoms, word, n_words, out, undecided):
    """Read neighboring columns of chosen rows, however these are laid out.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, ends, widths : int64 (n_frames,)
        As for :func:`check_rows`.
    n_atoms : int
    atoms : int64 (n_rows,)
    word : int
        Words before the first number.
    n_words : int
        Words of a row, no more and no fewer.
    out : float64 (n_frames, n_rows, n_columns)
        Filled; NaN where undecided.
    undecided : int64 (m, 5)
        Filled with frame, row, column, first byte, last byte + 1 of what Python must read.

    Returns
    -------
    n_undecided : int
        m + 1 means that there was no more room.
    bad : int
        First frame with a row that does not hold these words, or -1.
    place : int
        First byte of that row.
    """
    begins = np.empty(n_atoms, np.int64)
    n_columns = out.shape[2]
    count = 0
    for frame in range(starts.shape[0]):
        end = ends[frame]
        p = starts[frame]
        for row in range(n_atoms):
            begins[row] = p
            if widths[frame] > 0:
                p += widths[frame]
            else:
                while p < end and text[p] != 10:
                    p += 1
                p += 1
        for r in range(atoms.shape[0]):
            begin = begins[atoms[r]]
            p = _ink(text, begin, end)
            for _ in range(word):
                p = _ink(text, _word_end(text, p, end), end)
            for column in range(n_columns):
                first = p
                value, p, code = parse_float(text, p, end)
                if code == NOT_A_NUMBER or (p < end and text[p] > 32):
                    return count, frame, begin
                if code == UNDECIDED:
                    if count == undecided.shape[0]:
                        return count + 1, -1, -1
                    undecided[count, 0] = frame
                    undecided[count, 1] = r
                    undecided[count, 2] = column
                    undecided[count, 3] = first
                    undecided[count, 4] = p
                    count += 1
                out[frame, r, column] = value
            seen = word + n_columns
            p = _ink(text, p, end)
            while p < end and text[p] > 32:
                seen += 1
                p = _ink(text, _word_end(text, p, end), end)
            if seen != n_words or (p < end and text[p] != 10 and text[p] != 13):
                return count, frame, begin
    return count, -1, -1


@nb.njit(cache=True)
def read_fixed_columns(text, starts, ends, width, atoms, dots, decimals, out):
    """Read columns whose points stand at fixed places in rows of one width.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    starts, ends : int64 (n_frames,)
    width : int
        Bytes of a row, line end included.
    atoms : int64 (n_rows,)
    dots : int64 (n_columns,)
        Where the points stand in a row.
    decimals : int
        Digits behind each point, 1 to 15; eight are read at once.
    out : float64 (n_frames, n_rows, n_columns)

    Returns
    -------
    int
        First frame with a row that does not follow the pattern, or -1.
    """
    one = np.uint64(1)
    unit = _TEN[decimals]
    shift = np.int64(10) ** decimals
    for frame in range(starts.shape[0]):
        bad = False
        for r in range(atoms.shape[0]):
            start = starts[frame] + atoms[r] * width
            if start < 0 or start + width > ends[frame]:
                return frame
            begin = np.uint64(start)
            for column in range(dots.shape[0]):
                dot = begin + np.uint64(dots[column])
                bad |= text[dot] != 46
                if decimals == 8:
                    fraction, good = eight_digits(load8(text, dot + one))
                    bad |= not good
                else:
                    fraction = np.int64(0)
                    for k in range(1, decimals + 1):
                        digit = text[dot + np.uint64(k)]
                        bad |= np.uint8(digit - 48) > 9
                        fraction = fraction * 10 + np.int64(digit) - 48
                behind = text[dot + np.uint64(decimals + 1)]
                bad |= (behind != 32) & (behind != 10) & (behind != 13)
                q = dot - one
                digit = text[q]
                bad |= np.uint8(digit - 48) > 9
                whole = np.int64(digit) - 48
                q -= one
                if np.uint8(text[q] - 48) <= 9:
                    place = np.int64(10)
                    while np.uint8(text[q] - 48) <= 9 and place < 1000000000 and q > begin:
                        whole += (np.int64(text[q]) - 48) * place
                        place *= 10
                        q -= one
                negative = text[q] == 45
                if negative:
                    q -= one
                bad |= text[q] != 32
                mantissa = whole * shift + fraction
                bad |= (mantissa > _MOST_MANTISSA) | (mantissa < 0)
                value = np.float64(mantissa) / unit
                out[frame, r, column] = -value if negative else value
        if bad:
            return frame
    return -1
