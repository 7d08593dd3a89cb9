"""Who stays bound to whom and for how long: visits of ligands at centers, and correlations of their lengths."""

from __future__ import annotations

import numba as nb
import numpy as np

#: Columns of a visit.
CENTER, PARTNER, X, Y, Z, BEGIN, END, BEGIN_SEEN, END_SEEN = range(9)


@nb.njit(cache=True)
def visits(offsets, n_centers, partner, image, level, segment, enter, stay):
    """Find every unbroken visit of a partner, in one image, at a center.

    A visit begins in the first frame where the partner reaches the level ``enter`` and ends before the first
    frame where it is below ``stay``, or with its segment. A partner may stand in several rows of one center and
    frame (atoms of one molecule): the highest level counts.

    Parameters
    ----------
    offsets : int64 (n_frames * n_centers + 1,)
        Rows of center i in frame t begin at offsets[t * n_centers + i].
    n_centers : int
    partner : int64 (n_rows,)
    image : int64 (n_rows, 3)
    level : int8 (n_rows,)
        How near; at least 1.
    segment : int64 (n_frames,)
        A visit does not reach from one segment to the next.
    enter, stay : int
        1 <= stay <= enter.

    Returns
    -------
    int64 (n_visits, 9)
        Center, partner, image (3), first frame, first frame after, and whether (1 or 0) it was seen to come from
        below ``stay`` and to go there. Sorted by center and end.
    """
    n_frames = segment.shape[0]
    most = 1
    for k in range(offsets.shape[0] - 1):
        most = max(most, offsets[k + 1] - offsets[k])
    active = np.empty(
        (2 * most, 6), np.int64
    )  # partner, image, first frame (-1: not entered yet), seen to come
    now = np.zeros(2 * most, np.int8)
    found = np.empty((256, 9), np.int64)
    n = 0
    for i in range(n_centers):
        n_active = 0
        for t in range(n_frames + 1):
            if t == n_frames or (t > 0 and segment[t] != segment[t - 1]):
                if n + n_active > found.shape[0]:
                    found = _longer(found, n + n_active)
                for a in range(n_active):
                    if active[a, 4] >= 0:
                        _close(found[n], i, active[a], t, 0)
                        n += 1
                n_active = 0
                if t == n_frames:
                    break
            first = t == 0 or segment[t] != segment[t - 1]
            now[:n_active] = 0
            begin = offsets[t * n_centers + i]
            for row in range(begin, offsets[t * n_centers + i + 1]):
                if level[row] < stay:
                    continue
                a = _place(active, n_active, row - begin, partner[row], image[row])
                if a < 0:
                    a = n_active
                    n_active += 1
                    active[a, 0] = partner[row]
                    active[a, 1:4] = image[row]
                    active[a, 4] = -1
                    active[a, 5] = 0 if first else 1
                    now[a] = 0
                now[a] = max(now[a], level[row])
            kept = 0
            for a in range(n_active):
                if now[a] == 0:
                    if active[a, 4] >= 0:
                        if n == found.shape[0]:
                            found = _longer(found, n)
                        _close(found[n], i, active[a], t, 1)
                        n += 1
                    continue
                if active[a, 4] < 0 and now[a] >= enter:
                    active[a, 4] = t
                if kept != a:
                    active[kept] = active[a]
                kept += 1
            n_active = kept
    return found[:n].copy()


@nb.njit(cache=True)
def _place(active, n_active, hint, partner, image):
    """Return where a partner in an image stands among the active ones, -1 if it does not."""
    for k in range(n_active):
        a = (hint + k) % n_active
        if (
            active[a, 0] == partner
            and active[a, 1] == image[0]
            and active[a, 2] == image[1]
            and active[a, 3] == image[2]
        ):
            return a
    return -1


@nb.njit(cache=True)
def _longer(found, least):
    """Return a copy with twice the room and more than ``least`` rows."""
    longer = np.empty((2 * least + 1, found.shape[1]), np.int64)
    longer[: found.shape[0]] = found
    return longer


@nb.njit(cache=True)
def _close(row, center, active, end, end_seen):
    """Write one visit."""
    row[0] = center
    row[1:5] = active[:4]
    row[5] = active[4]
    row[6] = end
    row[7] = active[5]
    row[8] = end_seen


@nb.njit(cache=True)
def _count(begin, end, stop, identity, first, last, lags, intermittent, bound, origins):
    """Fill for visits first to last: frames bound at an origin and a lag later, and origins that have such a frame."""
    for k in range(lags.shape[0]):
        lag = lags[k]
        total, held = 0, 0
        other = first
        for a in range(first, last):
            total += max(0, min(end[a], stop[a] - lag) - begin[a])
            if not intermittent:
                held += max(0, end[a] - begin[a] - lag)
                continue
            low, high = begin[a] + lag, min(end[a] + lag, stop[a])
            while other < last and (
                identity[other] < identity[a] or (identity[other] == identity[a] and end[other] <= low)
            ):
                other += 1
            b = other
            while b < last and identity[b] == identity[a] and begin[b] < high:
                held += max(0, min(high, end[b]) - max(low, begin[b]))
                b += 1
        bound[k] = held
        origins[k] = total


@nb.njit(cache=True)
def correlate(begin, end, stop, identity, units, lags, intermittent, bound, origins):
    """Sum over all visits: origins at which a bond is there, and those after which it is there (still) a lag later.

    An origin counts for a lag if the frame a lag later lies in the same segment.

    Parameters
    ----------
    begin, end : int64 (n_visits,)
        First frame, and first frame after; visits of one bond one after the other.
    stop : int64 (n_visits,)
        First frame after the segment.
    identity : int64 (n_visits,)
        Number of the bond, ascending.
    units : int64 (n_units + 1,)
        Visits of unit u stand at units[u] up to units[u + 1].
    lags : int64 (n_lags,)
        In frames.
    intermittent : bool
        Whether a bond may have been away in between.
    bound, origins : int64 (n_lags,)
        Filled.
    """
    part = np.empty((2, lags.shape[0]), np.int64)
    bound[:] = 0
    origins[:] = 0
    for u in range(units.shape[0] - 1):
        _count(begin, end, stop, identity, units[u], units[u + 1], lags, intermittent, part[0], part[1])
        bound += part[0]
        origins += part[1]


@nb.njit(cache=True)
def leave_one_out(
    begin, end, stop, identity, units, lags, intermittent, bound, origins, weights, change, square, moved
):
    """Find how bound / origins changes where one unit is left out.

    Parameters
    ----------
    begin, end, stop, identity, units, lags, intermittent, bound, origins
        As :func:`correlate` takes and fills them.
    weights : float64 (n_numbers, n_lags)
        Numbers that are made of the ratios, to first order.
    change, square : float64 (n_lags,)
        Filled with the sums over units of the change and of its square.
    moved : float64 (n_units, n_numbers)
        Filled with the change of each number.
    """
    part = np.empty((2, lags.shape[0]), np.int64)
    change[:] = 0
    square[:] = 0
    moved[:] = 0
    for u in range(units.shape[0] - 1):
        _count(begin, end, stop, identity, units[u], units[u + 1], lags, intermittent, part[0], part[1])
        for k in range(lags.shape[0]):
            left = origins[k] - part[1, k]
            if left <= 0:
                continue
            delta = (bound[k] * part[1, k] / origins[k] - part[0, k]) / left
            change[k] += delta
            square[k] += delta * delta
            for w in range(weights.shape[0]):
                moved[u, w] += weights[w, k] * delta


@nb.njit(cache=True)
def grade(offsets, n_centers, ligand, vector, center_kind, ligand_kind, inner, shell, level):
    """Fill ``level`` (int8, n_bonds): 3 nearer than ``inner``, 2 than ``shell`` (Å, by the two kinds), else 1."""
    for k in range(offsets.shape[0] - 1):
        i = center_kind[k % n_centers]
        for b in range(offsets[k], offsets[k + 1]):
            j = ligand_kind[ligand[b]]
            square = vector[b, 0] ** 2 + vector[b, 1] ** 2 + vector[b, 2] ** 2
            if square < inner[i, j] ** 2:
                level[b] = 3
            elif square < shell[i, j] ** 2:
                level[b] = 2
            else:
                level[b] = 1
