"""Convex hulls of the few ligands around a center, by the planes of all their triples.

With n ligands there are n(n-1)(n-2)/6 triples; a triple is part of the hull when all other ligands lie on one
side of its plane. Ligands in that plane (a cube's face has four) make one facet, taken once, from the triple
with the lowest numbers, as the polygon around its middle. The vector areas of a closed surface add up to
zero; where they do not, the caller is told.
"""

from __future__ import annotations

import numba as nb
import numpy as np

_LEVEL = 1e-12
"""Sine of the angle below which two directions in a facet are one."""


@nb.njit(cache=True)
def _facet_area(points, members, n_members, normal):
    """Area of the convex polygon of ``members`` (indices) in the plane with unit ``normal``, Å2."""
    if n_members == 3:
        a, b, c = points[members[0]], points[members[1]], points[members[2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        return 0.5 * np.sqrt(x * x + y * y + z * z)
    # gift wrapping in the plane: two axes in it, then the hull of the points there
    first = points[members[0]]
    e = np.empty((2, 3))
    k = 0
    if abs(normal[1]) < abs(normal[k]):
        k = 1
    if abs(normal[2]) < abs(normal[k]):
        k = 2
    axis = np.zeros(3)
    axis[k] = 1.0
    e[0, 0] = normal[1] * axis[2] - normal[2] * axis[1]
    e[0, 1] = normal[2] * axis[0] - normal[0] * axis[2]
    e[0, 2] = normal[0] * axis[1] - normal[1] * axis[0]
    e[0] /= np.sqrt(e[0, 0] ** 2 + e[0, 1] ** 2 + e[0, 2] ** 2)
    e[1, 0] = normal[1] * e[0, 2] - normal[2] * e[0, 1]
    e[1, 1] = normal[2] * e[0, 0] - normal[0] * e[0, 2]
    e[1, 2] = normal[0] * e[0, 1] - normal[1] * e[0, 0]
    flat = np.empty((n_members, 2))
    for m in range(n_members):
        p = points[members[m]]
        for q in range(2):
            flat[m, q] = (
                (p[0] - first[0]) * e[q, 0] + (p[1] - first[1]) * e[q, 1] + (p[2] - first[2]) * e[q, 2]
            )
    # begin at the point farthest from their middle, which is a corner whatever the rounding; from a corner, points
    # in one line with it stand on the same side, and the farthest of them is the next corner
    middle_x, middle_y = flat[:, 0].mean(), flat[:, 1].mean()
    start, farthest = 0, -1.0
    for m in range(n_members):
        square = (flat[m, 0] - middle_x) ** 2 + (flat[m, 1] - middle_y) ** 2
        if square > farthest:
            start, farthest = m, square
    area = 0.0
    here = start
    for _ in range(n_members):
        there = -1
        for m in range(n_members):
            if m == here:
                continue
            if there < 0:
                there = m
                continue
            ux, uy = flat[there, 0] - flat[here, 0], flat[there, 1] - flat[here, 1]
            vx, vy = flat[m, 0] - flat[here, 0], flat[m, 1] - flat[here, 1]
            turn = ux * vy - uy * vx
            uu, vv = ux * ux + uy * uy, vx * vx + vy * vy
            level = _LEVEL * np.sqrt(uu * vv)
            if turn < -level or (turn <= level and vv > uu):
                there = m
        area += flat[here, 0] * flat[there, 1] - flat[here, 1] * flat[there, 0]
        here = there
        if here == start:
            break
    return 0.5 * abs(area)


@nb.njit(cache=True)
def _in_line(points, a, b, c, tolerance):
    """Return whether three points span no plane."""
    ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
    vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    scale = np.sqrt((ux * ux + uy * uy + uz * uz) * (vx * vx + vy * vy + vz * vz))
    return np.sqrt(x * x + y * y + z * z) <= tolerance * scale


@nb.njit(cache=True)
def _is_lowest(points, members, n_members, i, j, k, tolerance):
    """Return whether (i, j, k) are the first three of ``members`` (ascending) that are not in line."""
    for a in range(n_members - 2):
        for b in range(a + 1, n_members - 1):
            for c in range(b + 1, n_members):
                if not _in_line(points, members[a], members[b], members[c], tolerance):
                    return members[a] == i and members[b] == j and members[c] == k
    return False


@nb.njit(cache=True)
def hull(points, tolerance):
    """Volume of the convex hull of ``points`` (n, 3), Å, and whether the origin lies in it.

    Returns
    -------
    volume : float
        Å3.
    depth : float
        Smallest distance from the origin to a facet's plane, Å; negative where the origin is outside.
    gap : float
        Length of the sum of all vector areas over the sum of areas: 0 for a closed surface.
    """
    n = points.shape[0]
    members = np.empty(n, np.int64)
    normal = np.empty(3)
    volume = 0.0
    total = 0.0
    sx = sy = sz = 0.0
    depth = np.inf
    for i in range(n - 2):
        for j in range(i + 1, n - 1):
            ux = points[j, 0] - points[i, 0]
            uy = points[j, 1] - points[i, 1]
            uz = points[j, 2] - points[i, 2]
            uu = ux * ux + uy * uy + uz * uz
            for k in range(j + 1, n):
                vx = points[k, 0] - points[i, 0]
                vy = points[k, 1] - points[i, 1]
                vz = points[k, 2] - points[i, 2]
                x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
                square = x * x + y * y + z * z
                vv = vx * vx + vy * vy + vz * vz
                if square <= tolerance * tolerance * uu * vv:
                    continue  # three in a line span no plane
                level = (
                    tolerance * tolerance * square
                )  # distances are compared as squares, times that of the normal
                above = below = False
                n_members = 0
                for m in range(n):
                    if m in (i, j, k):
                        members[n_members] = m
                        n_members += 1
                        continue
                    s = (
                        (points[m, 0] - points[i, 0]) * x
                        + (points[m, 1] - points[i, 1]) * y
                        + (points[m, 2] - points[i, 2]) * z
                    )
                    if s * s <= level:
                        members[n_members] = m
                        n_members += 1
                    elif s > 0.0:
                        above = True
                    else:
                        below = True
                    if above and below:
                        break
                if above == below:  # cuts through the hull, or all ligands lie in one plane
                    continue
                if n_members > 3 and not _is_lowest(points, members, n_members, i, j, k, tolerance):
                    continue
                norm = -np.sqrt(square) if above else np.sqrt(square)  # outwards
                x, y, z = x / norm, y / norm, z / norm
                normal[0], normal[1], normal[2] = x, y, z
                area = _facet_area(points, members, n_members, normal)
                height = points[i, 0] * x + points[i, 1] * y + points[i, 2] * z
                volume += area * height / 3.0
                total += area
                sx += area * x
                sy += area * y
                sz += area * z
                depth = min(depth, height)
    if total == 0.0:
        return 0.0, -np.inf, 0.0
    return volume, depth, np.sqrt(sx * sx + sy * sy + sz * sz) / total


@nb.njit(cache=True)
def measure(offsets, vectors, tolerance, flat, volume, depth, gap):
    """Fill volume (Å3), depth (Å) and gap of each center from its bond vectors.

    Parameters
    ----------
    offsets : int64 (n + 1,)
        Bonds of center c are vectors[offsets[c]:offsets[c + 1]].
    vectors : float64 (n_bonds, 3)
        Å.
    tolerance : float
        Relative to the longest bond.
    flat : float
        A hull below this part of the cube of the longest bond counts as coplanar.
    volume, depth, gap : float64 (n,)
        NaN below four ligands and where they are coplanar.
    """
    for c in range(offsets.shape[0] - 1):
        points = vectors[offsets[c] : offsets[c + 1]]
        volume[c] = depth[c] = gap[c] = np.nan
        if points.shape[0] < 4 or points.shape[0] > 64:
            continue
        longest = 0.0
        for m in range(points.shape[0]):
            longest = max(longest, points[m, 0] ** 2 + points[m, 1] ** 2 + points[m, 2] ** 2)
        longest = np.sqrt(longest)
        v, d, g = hull(points, tolerance * longest)
        gap[c] = g
        if v > flat * longest**3:
            volume[c] = v
            depth[c] = d


@nb.njit(cache=True)
def distort(offsets, vectors, volume, out):
    """Fill the distortion of each octahedron (six ligands with a volume); NaN elsewhere.

    Parameters
    ----------
    offsets, vectors, volume
        As in :func:`measure`.
    out : float64 (n, 4)
        Quadratic elongation, bond-angle variance (degree2), Baur index, off-centering (Å).
    """
    length = np.empty(6)
    cosine = np.empty(15)
    for c in range(offsets.shape[0] - 1):
        out[c] = np.nan
        points = vectors[offsets[c] : offsets[c + 1]]
        if points.shape[0] != 6 or not volume[c] > 0.0:
            continue
        mean = squares = 0.0
        x = y = z = 0.0
        for m in range(6):
            square = points[m, 0] ** 2 + points[m, 1] ** 2 + points[m, 2] ** 2
            length[m] = np.sqrt(square)
            squares += square
            mean += length[m] / 6.0
            x += points[m, 0] / 6.0
            y += points[m, 1] / 6.0
            z += points[m, 2] / 6.0
        ideal = (0.75 * volume[c]) ** (2.0 / 3.0)  # square of the bond length of the regular octahedron
        n = 0
        for a in range(5):
            for b in range(a + 1, 6):
                dot = points[a, 0] * points[b, 0] + points[a, 1] * points[b, 1] + points[a, 2] * points[b, 2]
                cosine[n] = min(1.0, max(-1.0, dot / (length[a] * length[b])))
                n += 1
        cosine.sort()  # the three trans pairs come first
        variance = 0.0
        for m in range(3, 15):
            variance += (np.degrees(np.arccos(cosine[m])) - 90.0) ** 2 / 11.0
        spread = 0.0
        for m in range(6):
            spread += abs(length[m] - mean) / 6.0
        out[c, 0] = squares / 6.0 / ideal
        out[c, 1] = variance
        out[c, 2] = spread / mean
        out[c, 3] = np.sqrt(x * x + y * y + z * z)
