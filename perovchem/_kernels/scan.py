"""One pass over the tags of a vasprun.xml: where each ionic step keeps its numbers.

Not an XML parser: no entity is ever expanded and no tree is built. Tags are matched on a small stack, so that
a file that is cut or garbled stops the pass where it stops making sense. Rows of constant width are jumped
over, and checked when they are read (:mod:`perovchem._kernels.tagged_rows`).
"""

from __future__ import annotations

import numba as nb
import numpy as np

#: Columns of the table of steps: byte offsets (-1: absent), strides (-1: rows of uneven width), a count.
BEGIN, BASIS, BASIS_STRIDE, POSITIONS, POSITIONS_STRIDE = 0, 1, 2, 3, 4
FORCES, FORCES_STRIDE, STRESS, STRESS_STRIDE = 5, 6, 7, 8
FREE, WITHOUT_ENTROPY, SIGMA_ZERO, KINETIC, TOTAL = 9, 10, 11, 12, 13
LAST_FREE, LAST_SIGMA_ZERO, PREVIOUS_FREE, ELECTRONIC_STEPS = 14, 15, 16, 17
COLUMNS = 18

#: Why the pass ended.
FINISHED, CUT, MALFORMED, WRONG_ROWS, DECLARATION = 0, 1, 2, 3, 4

#: Entries of the summary: frames found, why and where it ended, and what was met on the way.
N_FRAMES, STOP, STOP_AT, N_DUPLICATES, N_STARRED, N_STARRED_ELECTRONIC, N_WITHOUT_STRUCTURE, ROWS_FOUND = (
    range(8)
)
SUMMARY = 8

_DEPTH = 64
_LONGEST_TAG = 1000
WIDTH = 17  # VASP writes a row as "<v>", three times (1X,F16.8), " </v>"
ROW_WIDTH = 3 + 3 * WIDTH + 5 + 1
_OFFSET = np.uint64(14695981039346656037)


def _hash(word: bytes) -> np.uint64:
    value = int(_OFFSET)
    for byte in word:
        value = (value << 7 | value >> 57) % 2**64 ^ byte
    return np.uint64(value)


_MODELING, _CALCULATION, _STRUCTURE = _hash(b"modeling"), _hash(b"calculation"), _hash(b"structure")
_CRYSTAL, _VARRAY, _SCSTEP, _ENERGY = _hash(b"crystal"), _hash(b"varray"), _hash(b"scstep"), _hash(b"energy")
_I, _V, _R = _hash(b"i"), _hash(b"v"), _hash(b"r")
_BASIS_NAME, _POSITIONS_NAME = _hash(b"basis"), _hash(b"positions")
_FORCES_NAME, _STRESS_NAME = _hash(b"forces"), _hash(b"stress")
_FREE_NAME, _WITHOUT_NAME = _hash(b"e_fr_energy"), _hash(b"e_wo_entrp")
_ZERO_NAME, _KINETIC_NAME, _TOTAL_NAME = _hash(b"e_0_energy"), _hash(b"kinetic"), _hash(b"total")
_NO_NAME = np.uint64(0)
_LEFT, _RIGHT = np.uint64(7), np.uint64(57)

# the state of a pass, int64 each
_STEP, _BASE, _IN_STRUCTURE, _STRUCTURE_DONE, _IN_ENERGY, _ENERGY_DONE = 0, 1, 2, 3, 4, 5
_COUNT_DEPTH, _COUNT_WANTED, _COUNT, _LAST_ROW = 6, 7, 8, 9
_NONE, _IN_CALCULATION, _BARE = 0, 1, 2


@nb.njit(cache=True)
def tag_end(text, p, size):
    """Return the position behind ">", or -1 at the end of the file, or -2 where this is no tag."""
    stop = min(size, p + _LONGEST_TAG)
    while p < stop:
        if text[p] == 62:
            return p + 1
        if text[p] == 60 or text[p] == 10:
            return -2
        p += 1
    return -1 if stop == size else -2


@nb.njit(cache=True)
def _name(text, p, end):
    """Return the hash of the word at ``p`` and the position behind it."""
    h = _OFFSET
    while p < end:
        c = text[p]
        if c <= 32 or c == 62 or c == 47:
            break
        h = (h << _LEFT | h >> _RIGHT) ^ np.uint64(c)
        p += 1
    return h, p


@nb.njit(cache=True)
def _attribute(text, p, end):
    """Return the hash of the value of ``name="..."`` within a tag, or 0."""
    while p + 6 < end:
        if (
            text[p] <= 32
            and text[p + 1] == 110
            and text[p + 2] == 97
            and text[p + 3] == 109
            and text[p + 4] == 101
            and text[p + 5] == 61
            and (text[p + 6] == 34 or text[p + 6] == 39)
        ):
            quote = text[p + 6]
            p += 7
            h = _OFFSET
            while p < end and text[p] != quote:
                h = (h << _LEFT | h >> _RIGHT) ^ np.uint64(text[p])
                p += 1
            return h
        p += 1
    return _NO_NAME


@nb.njit(cache=True)
def _even_rows(text, p, n_rows, size):
    """Return (first byte of the first row, stride, first byte behind the rows), or -1s for uneven rows.

    Only the first row and the closing tag behind the last are looked at; reading checks the rest.
    """
    if p >= size or text[p] != 10:
        return -1, -1, -1
    first = p + 1
    indent = 0
    while first + indent < size and indent < 16 and text[first + indent] == 32:
        indent += 1
    stride = indent + ROW_WIDTH
    behind = first + n_rows * stride
    if behind + 32 > size:
        return -1, -1, -1
    tail = first + stride - 6
    if (
        text[first + indent + 1] != 118
        or text[first + indent + 3 + 8] != 46
        or text[tail] != 32
        or text[tail + 1] != 60
        or text[tail + 5] != 10
    ):
        return -1, -1, -1
    q = behind
    while q < behind + 16 and text[q] == 32:
        q += 1
    if text[q] != 60 or text[q + 1] != 47 or text[q + 2] != 118 or text[q + 3] != 97:
        return -1, -1, -1
    return first, stride, q


@nb.njit(cache=True)
def _jump_rows(text, opened, end, size):
    """Return (lines passed, next position): lines like the one just read, each one row of a table."""
    if end >= size or text[end] != 10:
        return 0, end
    begin = opened
    while begin > 0 and text[begin - 1] == 32:
        begin -= 1
    if begin == 0 or text[begin - 1] != 10:
        return 0, end
    length = end + 1 - begin
    indent = opened - begin
    letter = text[opened + 1]
    p = end + 1
    n = 0
    while (
        p + length <= size
        and text[p + length - 1] == 10
        and text[p + length - 2] == 62
        and text[p + length - 3] == letter
        and text[p + length - 4] == 47
        and text[p + indent] == 60
        and text[p + indent + 1] == letter
    ):
        p += length
        n += 1
    return n, p


@nb.njit(cache=True)
def starred(text, p, size):
    """Return whether the number at ``p`` is printed as ******, NaN or Infinity."""
    while p < size and (text[p] == 32 or text[p] == 45):
        p += 1
    return p < size and (text[p] == 42 or text[p] == 78 or text[p] == 110 or text[p] == 73 or text[p] == 105)


@nb.njit(cache=True)
def _begin_step(state, row, kind, p):
    row[:] = -1
    row[BEGIN] = p
    row[ELECTRONIC_STEPS] = 0
    state[_STEP] = kind
    state[_BASE] = 2 if kind == _IN_CALCULATION else 1
    state[_IN_STRUCTURE] = 1 if kind == _BARE else 0
    state[_STRUCTURE_DONE] = 0
    state[_IN_ENERGY] = 0
    state[_ENERGY_DONE] = 0


@nb.njit(cache=True)
def _end_step(state, row, table, summary):
    """Keep the step if it has a structure; return False where the table is full."""
    if state[_STEP] == _NONE:
        return True
    state[_STEP] = _NONE
    if state[_STRUCTURE_DONE] == 0:
        summary[N_WITHOUT_STRUCTURE] += 1
        return True
    n = summary[N_FRAMES]
    if n >= table.shape[0]:
        return False
    table[n] = row
    summary[N_FRAMES] = n + 1
    return True


@nb.njit(cache=True)
def _open_block(text, end, depth, column, n_rows, state, row, summary):
    """Note where a block of rows begins; return the position to go on from."""
    size = text.shape[0]
    first, stride, behind = _even_rows(text, end, n_rows, size)
    if row[column] >= 0:
        summary[N_DUPLICATES] += 1  # the first one counts
    else:
        row[column] = end if stride < 0 else first
        row[column + 1] = stride
    if stride > 0:
        return behind
    state[_COUNT_DEPTH], state[_COUNT_WANTED], state[_COUNT] = depth, n_rows, 0
    return end


@nb.njit(cache=True)
def _energy_column(attribute, electronic):
    """Return the column of an energy by its name, or -1."""
    if attribute == _FREE_NAME:
        return LAST_FREE if electronic else FREE
    if attribute == _ZERO_NAME:
        return LAST_SIGMA_ZERO if electronic else SIGMA_ZERO
    if electronic:
        return -1
    if attribute == _WITHOUT_NAME:
        return WITHOUT_ENTROPY
    if attribute == _KINETIC_NAME:
        return KINETIC
    return TOTAL if attribute == _TOTAL_NAME else -1


@nb.njit(cache=True)
def _open_in_step(text, name, after, end, n_atoms, depth, stack, state, row, summary):
    """Deal with a tag that opens within a step; return the position to go on from."""
    base = state[_BASE]
    if depth == base:
        if name == _VARRAY:
            attribute = _attribute(text, after, end)
            if attribute == _FORCES_NAME:
                return _open_block(text, end, depth, FORCES, n_atoms, state, row, summary)
            if attribute == _STRESS_NAME:
                return _open_block(text, end, depth, STRESS, 3, state, row, summary)
        elif name == _SCSTEP:
            row[PREVIOUS_FREE] = row[LAST_FREE]
            row[LAST_FREE] = -1
            row[LAST_SIGMA_ZERO] = -1
        elif name == _ENERGY:
            state[_IN_ENERGY] = 1 - state[_ENERGY_DONE]
            summary[N_DUPLICATES] += state[_ENERGY_DONE]
        elif name == _STRUCTURE and _attribute(text, after, end) == _NO_NAME:
            state[_IN_STRUCTURE] = 1 - state[_STRUCTURE_DONE]
            summary[N_DUPLICATES] += state[_STRUCTURE_DONE]
    elif name == _VARRAY and state[_IN_STRUCTURE] == 1:
        attribute = _attribute(text, after, end)
        if depth == base + 1 and attribute == _POSITIONS_NAME:
            return _open_block(text, end, depth, POSITIONS, n_atoms, state, row, summary)
        if depth == base + 2 and attribute == _BASIS_NAME and stack[base + 1] == _CRYSTAL:
            return _open_block(text, end, depth, BASIS, 3, state, row, summary)
    return end


@nb.njit(cache=True)
def _close_in_step(name, depth, state, row):
    """Deal with a tag that closes within a step."""
    if depth != state[_BASE]:
        return
    if name == _ENERGY and state[_IN_ENERGY] == 1:
        state[_IN_ENERGY] = 0
        state[_ENERGY_DONE] = 1
    elif name == _SCSTEP:
        row[ELECTRONIC_STEPS] += 1
    elif name == _STRUCTURE and state[_IN_STRUCTURE] == 1:
        state[_IN_STRUCTURE] = 0
        if row[POSITIONS] >= 0 and row[BASIS] >= 0:
            state[_STRUCTURE_DONE] = 1


@nb.njit(cache=True)
def _close(text, opened, name, depth, end, state, row, table, summary):
    """Deal with a closing tag; ``depth`` is its element's; return (position to go on from, stop or -1)."""
    if name in (_V, _R):
        n, p = _jump_rows(text, state[_LAST_ROW], end, text.shape[0])
        if state[_COUNT_DEPTH] == depth - 1:
            state[_COUNT] += n + 1
        return p, -1
    if name == _VARRAY and state[_COUNT_DEPTH] == depth:
        state[_COUNT_DEPTH] = -1
        if state[_COUNT] != state[_COUNT_WANTED]:
            summary[ROWS_FOUND] = state[_COUNT]
            return opened, WRONG_ROWS
    if state[_STEP] != _NONE:
        _close_in_step(name, depth, state, row)
    if depth == 1 and name == _CALCULATION and not _end_step(state, row, table, summary):
        return opened, MALFORMED
    if depth == 0:
        return end, FINISHED if _end_step(state, row, table, summary) else MALFORMED
    return end, -1


@nb.njit(cache=True)
def scan(text, start, n_atoms, table, summary):
    """Find every ionic step behind ``start``, a position directly within ``<modeling>``.

    Parameters
    ----------
    text : uint8 (n_bytes,)
    start : int
        Behind ``</atominfo>``.
    n_atoms : int
        Rows that positions and forces must have.
    table : int64 (n, COLUMNS)
        Filled, one row a step.
    summary : int64 (SUMMARY,)
        Filled. A step counts when its element or its own ``<energy>`` is closed.
    """
    size = text.shape[0]
    stack = np.zeros(_DEPTH, np.uint64)
    stack[0] = _MODELING
    depth = 1
    state = np.zeros(10, np.int64)
    state[_COUNT_DEPTH] = -1
    row = np.full(COLUMNS, -1, np.int64)
    summary[:] = 0
    stop = -1
    p = start
    while stop < 0:
        while p < size and text[p] != 60:
            p += 1
        end = -1 if p + 1 >= size else tag_end(text, p + 1, size)
        if end >= 0 or end == -2:
            c = text[p + 1]
            if c == 33 or c == 63:  # "<!", "<?"
                stop = DECLARATION
                break
        if end < 0:
            stop = CUT if end == -1 else MALFORMED
            break
        if text[p + 1] == 47:
            name, _ = _name(text, p + 2, end)
            depth -= 1
            if name != stack[depth]:
                stop = MALFORMED
                break
            if depth <= state[_BASE] or name in (_V, _R, _VARRAY):
                p, stop = _close(text, p, name, depth, end, state, row, table, summary)
            else:
                p = end
            continue
        name, after = _name(text, p + 1, end)
        behind = end
        if depth == 1 and name in (_CALCULATION, _STRUCTURE):
            if not _end_step(state, row, table, summary):
                stop = MALFORMED
                break
            if name == _CALCULATION:
                _begin_step(state, row, _IN_CALCULATION, p)
            elif _attribute(text, after, end) == _NO_NAME:
                _begin_step(state, row, _BARE, p)
        elif name in (_V, _R):
            state[_LAST_ROW] = p
        elif state[_STEP] != _NONE and state[_COUNT_DEPTH] < 0:
            # a call with arrays costs more than a tag, so the many energies are dealt with here
            base = state[_BASE]
            if name == _I:
                electronic = depth == base + 2 and stack[base] == _SCSTEP and stack[base + 1] == _ENERGY
                if electronic or (depth == base + 1 and stack[base] == _ENERGY and state[_IN_ENERGY] == 1):
                    column = _energy_column(_attribute(text, after, end), electronic)
                    if column >= 0 and row[column] < 0:
                        row[column] = end
                        if starred(text, end, size):
                            summary[N_STARRED_ELECTRONIC if electronic else N_STARRED] += 1
            elif depth == base or name == _VARRAY:
                behind = _open_in_step(text, name, after, end, n_atoms, depth, stack, state, row, summary)
        if text[end - 2] != 47:
            if depth == _DEPTH:
                stop = MALFORMED
                break
            stack[depth] = name
            depth += 1
        p = behind
    summary[STOP] = stop
    summary[STOP_AT] = p
    if stop != FINISHED and state[_STEP] != _NONE and state[_STRUCTURE_DONE] * state[_ENERGY_DONE] == 1:
        _end_step(state, row, table, summary)
