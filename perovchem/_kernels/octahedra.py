"""Rotation and distortion of octahedra: bonds along ± three axes, the nearest rotation, symmetry modes."""

from __future__ import annotations

import numba as nb
import numpy as np

_NEAREST = np.sqrt(0.5)
"""Cosine between a bond and its axis: farther bonds belong to none."""
_ROUNDS = 60


@nb.njit(cache=True)
def rotation_near(matrix, rotation):
    """Fill in the rotation nearest to a matrix, its orthogonal polar factor; return whether there is one."""
    a = matrix
    for i in range(3):
        for j in range(3):
            rotation[i, j] = a[i, j]
    for _ in range(_ROUNDS):
        q = rotation
        c00 = q[1, 1] * q[2, 2] - q[1, 2] * q[2, 1]
        c01 = q[1, 2] * q[2, 0] - q[1, 0] * q[2, 2]
        c02 = q[1, 0] * q[2, 1] - q[1, 1] * q[2, 0]
        determinant = q[0, 0] * c00 + q[0, 1] * c01 + q[0, 2] * c02
        if not determinant > 1e-6:
            return False
        c10 = q[0, 2] * q[2, 1] - q[0, 1] * q[2, 2]
        c11 = q[0, 0] * q[2, 2] - q[0, 2] * q[2, 0]
        c12 = q[0, 1] * q[2, 0] - q[0, 0] * q[2, 1]
        c20 = q[0, 1] * q[1, 2] - q[0, 2] * q[1, 1]
        c21 = q[0, 2] * q[1, 0] - q[0, 0] * q[1, 2]
        c22 = q[0, 0] * q[1, 1] - q[0, 1] * q[1, 0]
        cofactors = ((c00, c01, c02), (c10, c11, c12), (c20, c21, c22))
        change = 0.0
        for i in range(3):
            for j in range(3):
                # Newton's step towards the polar factor: the mean with the inverse transposed
                new = 0.5 * (q[i, j] + cofactors[i][j] / determinant)
                change = max(change, abs(new - q[i, j]))
                rotation[i, j] = new
        if change < 1e-15:
            break
    return True


@nb.njit(cache=True)
def rotation_vector(rotation, vector):
    """Fill in axis times angle (degrees) of a rotation by less than half a turn."""
    x = rotation[2, 1] - rotation[1, 2]
    y = rotation[0, 2] - rotation[2, 0]
    z = rotation[1, 0] - rotation[0, 1]
    sine = 0.5 * np.sqrt(x * x + y * y + z * z)
    cosine = 0.5 * (rotation[0, 0] + rotation[1, 1] + rotation[2, 2] - 1.0)
    angle = np.arctan2(sine, cosine)
    scale = 0.5 if sine < 1e-12 else 0.5 * angle / sine
    vector[0] = np.degrees(scale * x)
    vector[1] = np.degrees(scale * y)
    vector[2] = np.degrees(scale * z)


@nb.njit(cache=True)
def _modes(slot, rotation, found):
    """Fill in the amplitudes of Eg, T2g, T1u and T2u of six bonds, in the octahedron's own axes."""
    d = np.empty((6, 3))
    mean = 0.0
    for s in range(6):
        for c in range(3):
            d[s, c] = rotation[0, c] * slot[s, 0] + rotation[1, c] * slot[s, 1] + rotation[2, c] * slot[s, 2]
        mean += np.sqrt(slot[s, 0] ** 2 + slot[s, 1] ** 2 + slot[s, 2] ** 2) / 6
    for k in range(3):
        d[2 * k, k] -= mean
        d[2 * k + 1, k] += mean
    half = np.sqrt(0.5)
    breathe = np.empty(3)
    eg, t2g, t1u, t2u = 0.0, 0.0, 0.0, 0.0
    for k in range(3):
        breathe[k] = half * (d[2 * k, k] - d[2 * k + 1, k])
        t1u += (half * (d[2 * k, k] + d[2 * k + 1, k])) ** 2
    eg = (2 * breathe[2] - breathe[0] - breathe[1]) ** 2 / 6 + (breathe[0] - breathe[1]) ** 2 / 2
    for c in range(3):
        k, m = (c + 1) % 3, (c + 2) % 3
        along_k = half * (d[2 * k, c] + d[2 * k + 1, c])
        along_m = half * (d[2 * m, c] + d[2 * m + 1, c])
        t1u += (half * (along_k + along_m)) ** 2
        t2u += (half * (along_k - along_m)) ** 2
        odd_km = half * (d[2 * k, m] - d[2 * k + 1, m])
        odd_mk = half * (d[2 * m, k] - d[2 * m + 1, k])
        t2g += (half * (odd_km + odd_mk)) ** 2
    found[0], found[1], found[2], found[3] = np.sqrt(eg), np.sqrt(t2g), np.sqrt(t1u), np.sqrt(t2u)


@nb.njit(cache=True)
def tilt(offsets, vectors, axes, n_centers, least, angles, modes, numbers):
    """Rotation of each center's octahedron against the axes of its frame.

    Parameters
    ----------
    offsets, vectors : as of Bonds
    axes : float64 (1 or n_frames, 3, 3)
        Rows are orthonormal.
    least : int
        Bonds along axes from which on a rotation is defined.
    angles : float64 (n_frames * n_centers, 3), output
        Rotation vector, degrees; NaN where undefined.
    modes : float64 (n_frames * n_centers, 4), output
        Eg, T2g, T1u, T2u, in the unit of the vectors; NaN unless there are six bonds.
    numbers : int64 (n_frames * n_centers, 2), output
        Bonds that took one of the six places, and bonds beyond.
    """
    slot = np.empty((6, 3))
    length = np.empty(6)
    matrix, rotation = np.empty((3, 3)), np.empty((3, 3))
    u = np.empty(3)
    for row in range(len(offsets) - 1):
        frame = axes[min(row // n_centers, len(axes) - 1)]
        angles[row], modes[row] = np.nan, np.nan
        length[:] = np.inf
        begin, end = offsets[row], offsets[row + 1]
        for b in range(begin, end):
            square = vectors[b, 0] ** 2 + vectors[b, 1] ** 2 + vectors[b, 2] ** 2
            distance = np.sqrt(square)
            along = 0
            for k in range(3):
                u[k] = frame[k, 0] * vectors[b, 0] + frame[k, 1] * vectors[b, 1] + frame[k, 2] * vectors[b, 2]
                if abs(u[k]) > abs(u[along]):
                    along = k
            if not abs(u[along]) > _NEAREST * distance:
                continue
            place = 2 * along + (1 if u[along] < 0 else 0)
            if distance < length[place]:
                length[place] = distance
                slot[place] = u
        matrix[:] = 0.0
        n_placed = 0
        for s in range(6):
            if np.isfinite(length[s]):
                n_placed += 1
                sign = -1.0 if s % 2 else 1.0
                for c in range(3):
                    matrix[c, s // 2] += sign * slot[s, c] / length[s]
        numbers[row, 0], numbers[row, 1] = n_placed, end - begin - n_placed
        if n_placed < least or not rotation_near(matrix, rotation):
            continue
        rotation_vector(rotation, angles[row])
        if n_placed == 6:
            _modes(slot, rotation, modes[row])


@nb.njit(cache=True)
def settle(centers, halides, cells, first, second, step, core, stay, site, began, hops):
    """Follow which site, midway between two neighboring centers, each halide is at.

    Parameters
    ----------
    centers : float64 (n_frames, n_centers, 3), fractional
    halides : float64 (n_frames, n_halides, 3), fractional
    cells : float64 (1 or n_frames, 3, 3)
    first, second : int64 (n_sites,)
        Centers of each site.
    step : float64 (n_sites, 3)
        Mean way from the first to the second, fractional.
    core, stay : float
        A halide comes to a site nearer than ``core`` and is there until it comes to another one or is farther than
        ``stay``, Å.
    site : int64 (n_halides,), in and out
        Last site, -1 before the first.
    began : int64 (n_frames, n_halides), output
        Site at each frame, -1 where it is at none.
    hops : int64 (n, 4), output
        Frame, halide, from, to.

    Returns
    -------
    int
        Hops, also those that did not fit.
    """
    n_found = 0
    middle = np.empty((len(first), 3))
    for t in range(len(halides)):
        cell = cells[min(t, len(cells) - 1)]
        for s in range(len(first)):
            for c in range(3):
                way = centers[t, second[s], c] - centers[t, first[s], c] - step[s, c]
                way += step[s, c] - np.rint(way)
                middle[s, c] = centers[t, first[s], c] + 0.5 * way
        for x in range(halides.shape[1]):
            here = site[x]
            near = _distance(halides[t, x], middle[here], cell) if here >= 0 else np.inf
            if near < core:
                began[t, x] = here
                continue
            nearest, shortest = -1, core
            for s in range(len(first)):
                distance = _distance(halides[t, x], middle[s], cell)
                if distance < shortest:
                    nearest, shortest = s, distance
            if nearest >= 0 and nearest != here:
                if here >= 0:
                    if n_found < len(hops):
                        hops[n_found, 0], hops[n_found, 1] = t, x
                        hops[n_found, 2], hops[n_found, 3] = here, nearest
                    n_found += 1
                site[x] = nearest
                began[t, x] = nearest
            else:
                began[t, x] = here if near < stay else -1
    return n_found


@nb.njit(cache=True)
def _distance(one, other, cell):
    """Distance between two fractional positions, the nearest images component by component, Å."""
    x, y, z = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    x -= np.rint(x)
    y -= np.rint(y)
    z -= np.rint(z)
    square = 0.0
    for c in range(3):
        square += (x * cell[0, c] + y * cell[1, c] + z * cell[2, c]) ** 2
    return np.sqrt(square)
