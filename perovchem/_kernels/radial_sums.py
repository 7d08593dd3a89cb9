"""Sums over distances: moments by bin and of first shells, all that a scattering signal asks of a trajectory."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True)
def accumulate(offsets, n_centers, vector, ligand, kind, inside, outside, limit, part, width, table):
    """Add every distance to the moments of its bin.

    Parameters
    ----------
    offsets : int64 (n_frames * n_centers + 1,)
        Pairs of center i in frame t begin at offsets[t * n_centers + i].
    n_centers : int
    vector : float64 (n_pairs, 3)
        Å.
    ligand : int64 (n_pairs,)
    kind : int64 (n_ligands,)
        Kind of each ligand.
    inside, outside : int64 (n_kinds,)
        Row of the table for distances below the limit and beyond; negative: none.
    limit : float64 (n_kinds,)
        Å.
    part : int64 (n_frames,)
        Which part of the run a frame belongs to.
    width : float
        Of a bin, Å; bins begin at 0.
    table : float64 (n_parts, n_rows, n_bins, 3)
        Added to: number, sum and sum of squares of the distances from the middle of the bin.
    """
    n_bins = table.shape[2]
    for t in range(part.shape[0]):
        for pair in range(offsets[t * n_centers], offsets[(t + 1) * n_centers]):
            x, y, z = vector[pair, 0], vector[pair, 1], vector[pair, 2]
            r = np.sqrt(x * x + y * y + z * z)
            k = kind[ligand[pair]]
            row = inside[k] if r < limit[k] else outside[k]
            b = np.int64(r / width)
            if row < 0 or b >= n_bins:
                continue
            d = r - (b + 0.5) * width
            cell = table[part[t], row, b]
            cell[0] += 1.0
            cell[1] += d
            cell[2] += d * d


@nb.njit(cache=True)
def moments(offsets, n_centers, vector, ligand, member, levels, origin, damping, part, table):
    """Add the moments of every pair within each of several limits, plain and as a signal weights them.

    Parameters
    ----------
    offsets, n_centers, vector, ligand
        As for :func:`accumulate`.
    member : bool (n_groups, n_ligands)
        Which ligands a group holds.
    levels : float64 (n_groups, n_levels)
        Limits, Å.
    origin : float64 (n_groups,)
        Distances are counted from here, Å.
    damping : float64 (n_groups,)
        2 over the mean free path, 1/Å.
    part : int64 (n_frames,)
    table : float64 (n_parts, n_groups, n_levels, 2, 4)
        Added to: sums of w, w d, w d², w d³ with d = r - origin, for w = 1 and for w = exp(-damping d)/r².
    """
    n_groups, n_levels = levels.shape
    farthest = levels.max()
    for t in range(part.shape[0]):
        for pair in range(offsets[t * n_centers], offsets[(t + 1) * n_centers]):
            x, y, z = vector[pair, 0], vector[pair, 1], vector[pair, 2]
            r = np.sqrt(x * x + y * y + z * z)
            if r >= farthest:
                continue
            for g in range(n_groups):
                if not member[g, ligand[pair]]:
                    continue
                d = r - origin[g]
                w = np.exp(-damping[g] * d) / (r * r)
                for level in range(n_levels):
                    if r >= levels[g, level]:
                        continue
                    cell = table[part[t], g, level]
                    one, two = 1.0, w
                    for power in range(4):
                        cell[0, power] += one
                        cell[1, power] += two
                        one *= d
                        two *= d
