"""Displacements over time: unwrapping, mean squares at chosen lags, and how those vary together."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True)
def unwrap(
    fractional, cells, previous, cell_before, reduction, back, group, weight, first, every, place, out
):
    """Add up the shortest displacements of successive frames, averaged over groups of atoms.

    Parameters
    ----------
    fractional : float64 (n_frames, n_atoms, 3)
    cells : float64 (1 or n_frames, 3, 3)
        Rows are lattice vectors, Å.
    previous : float64 (n_atoms, 3)
        Fractional coordinates of the frame before; holds those of the last one when this returns.
    cell_before : float64 (3, 3)
        Cell of the frame before; likewise.
    reduction : int64 (3, 3)
        ``reduction @ cell`` has the shortest edges; displacements are rounded in that cell.
    back : float64 (3, 3)
        Its inverse.
    group : int64 (n_atoms,)
        Row of ``place`` that an atom belongs to; -1 for none.
    weight : float64 (n_atoms,)
        Part of the group's mass.
    first, every : int
        Number of the first of these frames in the run; frames whose number is a multiple of ``every`` are kept.
    place : float64 (n_groups, 3)
        Where the groups are, Å, unwrapped; moved along.
    out : float64 (n_kept, n_groups, 3)

    Returns
    -------
    float
        Largest component of a rounded displacement, in cells: near one half when atoms outrun the frames.
    """
    largest = 0.0
    kept = 0
    mean = np.empty((3, 3))
    for t in range(fractional.shape[0]):
        cell = cells[t if cells.shape[0] > 1 else 0]
        for a in range(3):
            for b in range(3):
                mean[a, b] = 0.5 * (cell[a, b] + cell_before[a, b])
                cell_before[a, b] = cell[a, b]
        for i in range(fractional.shape[1]):
            x = fractional[t, i, 0] - previous[i, 0]
            y = fractional[t, i, 1] - previous[i, 1]
            z = fractional[t, i, 2] - previous[i, 2]
            previous[i, 0] = fractional[t, i, 0]
            previous[i, 1] = fractional[t, i, 1]
            previous[i, 2] = fractional[t, i, 2]
            u = x * back[0, 0] + y * back[1, 0] + z * back[2, 0]
            v = x * back[0, 1] + y * back[1, 1] + z * back[2, 1]
            w = x * back[0, 2] + y * back[1, 2] + z * back[2, 2]
            p, q, r = np.rint(u), np.rint(v), np.rint(w)
            largest = max(largest, abs(u - p), abs(v - q), abs(w - r))
            x -= p * reduction[0, 0] + q * reduction[1, 0] + r * reduction[2, 0]
            y -= p * reduction[0, 1] + q * reduction[1, 1] + r * reduction[2, 1]
            z -= p * reduction[0, 2] + q * reduction[1, 2] + r * reduction[2, 2]
            g = group[i]
            if g < 0:
                continue
            for b in range(3):
                place[g, b] += weight[i] * (x * mean[0, b] + y * mean[1, b] + z * mean[2, b])
        if (first + t) % every == 0:
            out[kept] = place
            kept += 1
    return largest


@nb.njit(cache=True)
def at_lags(positions, lags, out):
    """Average |r(t + lag) - r(t)|² over every origin t, straight from its definition.

    Parameters
    ----------
    positions : float64 (n_frames, n_particles, 3)
    lags : int64 (n_lags,)
        Frames, below n_frames.
    out : float64 (n_particles, n_lags)
    """
    n_frames, n_particles = positions.shape[0], positions.shape[1]
    out[:] = 0.0
    for k in range(lags.shape[0]):
        lag = lags[k]
        for t in range(n_frames - lag):
            for i in range(n_particles):
                x = positions[t + lag, i, 0] - positions[t, i, 0]
                y = positions[t + lag, i, 1] - positions[t, i, 1]
                z = positions[t + lag, i, 2] - positions[t, i, 2]
                out[i, k] += x * x + y * y + z * z
        for i in range(n_particles):
            out[i, k] /= n_frames - lag


@nb.njit(cache=True)
def columns(positions, first, out, squares, axes):
    """Lay the coordinates of some particles out one after the other, about their means, and square them.

    Parameters
    ----------
    positions : float64 (n_frames, n_particles, 3)
    first : int
        Number of the first particle.
    out : float64 (3, n_chosen, n_frames)
    squares : float64 (n_chosen, n_frames)
        r².
    axes : float64 (3, n_frames)
        x², y², z² of all chosen particles are added here.
    """
    n_frames, n_chosen = positions.shape[0], out.shape[1]
    mean = np.zeros((3, n_chosen))
    for t in range(n_frames):
        for i in range(n_chosen):
            for a in range(3):
                out[a, i, t] = positions[t, first + i, a]
                mean[a, i] += positions[t, first + i, a]
    for i in range(n_chosen):
        squares[i] = 0.0
        for a in range(3):
            center = mean[a, i] / n_frames
            for t in range(n_frames):
                out[a, i, t] -= center
                square = out[a, i, t] * out[a, i, t]
                squares[i, t] += square
                axes[a, t] += square


@nb.njit(cache=True)
def strengths(spectrum, each, axes):
    """Add up the squared moduli of a spectrum (3, n_particles, n_k): over axes, and over particles.

    Parameters
    ----------
    spectrum : complex128 (3, n_particles, n_k)
    each : float64 (n_particles, n_k)
    axes : float64 (3, n_k)
        Added to.
    """
    each[:] = 0.0
    for a in range(3):
        for i in range(spectrum.shape[1]):
            for k in range(spectrum.shape[2]):
                value = spectrum[a, i, k]
                strength = value.real * value.real + value.imag * value.imag
                each[i, k] += strength
                axes[a, k] += strength


@nb.njit(cache=True)
def end_terms(squares, out):
    """Add up x(t) + x(t + lag) over every origin t.

    Parameters
    ----------
    squares : float64 (n_rows, n_frames)
        x, such as r².
    out : float64 (n_rows, n_frames)
        For lags of 0, 1, ... frames.
    """
    n_frames = squares.shape[1]
    for i in range(squares.shape[0]):
        row = squares[i]
        total = 0.0
        for t in range(n_frames):
            total += row[t]
        total *= 2.0
        out[i, 0] = total
        for lag in range(1, n_frames):
            total -= row[lag - 1] + row[n_frames - lag]
            out[i, lag] = total


@nb.njit(cache=True)
def covariance(lags, n_frames, msd, memory, out):
    r"""Return how time-averaged mean square displacements at two lags vary together, of a Gaussian process.

    Of one particle in one dimension whose displacements are Gaussian and stationary, with mean square m(t): the
    displacements from i over n and from j over k frames have the covariance

    .. math:: c(s) = [m(s - k) + m(s + n) - m(s) - m(s + n - k)]/2, \quad s = i - j,

    and by Isserlis' theorem their squares 2 c², averaged over all pairs of origins.

    Parameters
    ----------
    lags : int64 (n_lags,)
        Ascending, frames.
    n_frames : int
    msd : float64 (2 * lags[-1] + memory + 1,)
        m at 0, 1, ... frames; a straight line from ``memory`` on, so that c vanishes further apart.
    memory : int
    out : float64 (n_lags, n_lags)
    """
    for a in range(lags.shape[0]):
        for b in range(a, lags.shape[0]):
            n, k = lags[a], lags[b]
            origins_n, origins_k = n_frames - n, n_frames - k
            total = 0.0
            for s in range(max(-n - memory, 1 - origins_k), min(k + memory, origins_n - 1) + 1):
                pairs = min(origins_n, origins_k + s) - max(0, s)
                c = 0.5 * (msd[abs(s - k)] + msd[abs(s + n)] - msd[abs(s)] - msd[abs(s + n - k)])
                total += pairs * c * c
            out[a, b] = 2.0 * total / (origins_n * origins_k)
            out[b, a] = out[a, b]


@nb.njit(cache=True)
def shared(lags, n_frames, out):
    """Average the frames that displacements over two lags have in common, over all pairs of their origins.

    Parameters
    ----------
    lags : int64 (n_lags,)
        Ascending, frames.
    n_frames : int
    out : float64 (n_lags, n_lags)
    """
    for a in range(lags.shape[0]):
        for b in range(a, lags.shape[0]):
            n, k = lags[a], lags[b]
            origins_n, origins_k = n_frames - n, n_frames - k
            total = 0.0
            for s in range(max(1 - n, 1 - origins_k), min(k - 1, origins_n - 1) + 1):
                pairs = min(origins_n, origins_k + s) - max(0, s)
                total += float(pairs) * (min(s + n, k) - max(s, 0))
            out[a, b] = total / (float(origins_n) * origins_k)
            out[b, a] = out[a, b]
