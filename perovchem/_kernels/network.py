"""Links between centers through shared ligand atoms, and the clusters and networks they make."""

from __future__ import annotations

import numba as nb
import numpy as np

#: A link is packed into one integer: 14 bits for each center, 11 for each image (offset by _HALF).
MOST_CENTERS = 1 << 14
_HALF = 1 << 10


@nb.njit(cache=True)
def _order(values):
    """Return the places of ``values`` (int64) in ascending order; by insertion where they are few."""
    n = values.shape[0]
    if n > 64:
        return np.argsort(values)
    order = np.empty(n, np.int64)
    for k in range(n):
        j = k
        while j > 0 and values[order[j - 1]] > values[k]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = k
    return order


@nb.njit(cache=True)
def links(offsets, n_centers, ligand, image, out_frame, out_pair, out_image, out_order, frame_offsets):
    """Find, frame by frame, the pairs of centers (i, j, image) that share ligand atoms.

    Parameters
    ----------
    offsets : int64 (n_frames * n_centers + 1,)
        Bonds of center i in frame t begin at offsets[t * n_centers + i].
    n_centers : int
    ligand : int64 (n_bonds,)
    image : int64 (n_bonds, 3)
    out_frame : int64 (capacity,)
    out_pair : int64 (capacity, 2)
        i <= j; for i = j the image is the positive one of the two.
    out_image : int64 (capacity, 3)
        Image of j as seen from i.
    out_order : int64 (capacity,)
        Shared ligand atoms: 1 corner, 2 edge, 3 and more face.
    frame_offsets : int64 (n_frames + 1,)

    Returns
    -------
    int
        Number of links; -1 when the capacity is spent, -2 when an image is too far to be packed.
    """
    n_frames = (offsets.shape[0] - 1) // n_centers
    n = 0
    for t in range(n_frames):
        frame_offsets[t] = n
        begin, end = offsets[t * n_centers], offsets[(t + 1) * n_centers]
        size = end - begin
        owner = np.empty(size, np.int64)
        for i in range(n_centers):
            for b in range(offsets[t * n_centers + i], offsets[t * n_centers + i + 1]):
                owner[b - begin] = i
        order = _order(ligand[begin:end])
        n_keys = 0
        first = 0
        keys = np.empty(0, np.int64)
        for counting in (True, False):
            if not counting:
                keys = np.empty(n_keys, np.int64)
                n_keys = 0
            first = 0
            while first < size:
                last = first
                while last < size and ligand[begin + order[last]] == ligand[begin + order[first]]:
                    last += 1
                if counting:
                    n_keys += (last - first) * (last - first - 1) // 2
                    first = last
                    continue
                for a in range(first, last):
                    for b in range(a + 1, last):
                        p, q = order[a], order[b]
                        i, j = owner[p], owner[q]
                        x = image[begin + p, 0] - image[begin + q, 0]
                        y = image[begin + p, 1] - image[begin + q, 1]
                        z = image[begin + p, 2] - image[begin + q, 2]
                        if i > j or (i == j and (x < 0 or (x == 0 and (y < 0 or (y == 0 and z < 0))))):
                            i, j, x, y, z = j, i, -x, -y, -z
                        if abs(x) >= _HALF or abs(y) >= _HALF or abs(z) >= _HALF:
                            return -2
                        key = (i << 14) | j
                        key = (((key << 11) | (x + _HALF)) << 11 | (y + _HALF)) << 11 | (z + _HALF)
                        keys[n_keys] = key
                        n_keys += 1
                first = last
        keys.sort()
        for k in range(n_keys):
            if k > 0 and keys[k] == keys[k - 1]:
                out_order[n - 1] += 1
                continue
            if n == out_order.shape[0]:
                return -1
            key = keys[k]
            out_frame[n] = t
            out_image[n, 2] = (key & 2047) - _HALF
            out_image[n, 1] = ((key >> 11) & 2047) - _HALF
            out_image[n, 0] = ((key >> 22) & 2047) - _HALF
            out_pair[n, 1] = (key >> 33) & 16383
            out_pair[n, 0] = key >> 47
            out_order[n] = 1
            n += 1
    frame_offsets[n_frames] = n
    return n


@nb.njit(cache=True)
def _find(parent, shift, i, path):
    """Return the root of i; afterwards shift[i] is the cell of i as seen from the root."""
    n = 0
    while parent[i] != i:
        path[n] = i
        n += 1
        i = parent[i]
    root = i
    for k in range(n - 2, -1, -1):  # from the root outwards: make each point to the root directly
        child, above = path[k], path[k + 1]
        for d in range(3):
            shift[child, d] += shift[above, d]
        parent[child] = root
    return root


@nb.njit(cache=True)
def clusters(frame_offsets, pair, image, order, n_centers, label, dimension, strongest, ends):
    """Label connected centers and tell how many directions each network repeats in.

    Parameters
    ----------
    frame_offsets, pair, image, order
        From :func:`links`.
    n_centers : int
    label : int64 (n_frames, n_centers)
        Filled with the lowest center of each cluster.
    dimension : int64 (n_frames, n_centers)
        Filled with 0 (finite) to 3: the rank of the lattice vectors that closed paths of links add up to.
    strongest : int64 (n_frames, n_centers)
        Filled with 0 isolated, 1 corner, 2 edge, 3 face: the strongest link of each center.
    ends : int64 (n_frames, 4)
        Filled with the ends of corner, edge and face links in columns 1, 2, 3.
    """
    parent = np.empty(n_centers, np.int64)
    shift = np.empty((n_centers, 3), np.int64)
    path = np.empty(n_centers, np.int64)
    basis = np.empty((n_centers, 2, 3), np.int64)
    rank = np.empty(n_centers, np.int64)
    low = np.empty(n_centers, np.int64)
    c = np.empty(3, np.int64)
    for t in range(label.shape[0]):
        for i in range(n_centers):
            parent[i] = i
            rank[i] = 0
            low[i] = n_centers
            strongest[t, i] = 0
        shift[:] = 0
        ends[t] = 0
        for k in range(frame_offsets[t], frame_offsets[t + 1]):
            i, j = pair[k, 0], pair[k, 1]
            kind = min(order[k], 3)
            ends[t, kind] += 2
            strongest[t, i] = max(strongest[t, i], kind)
            strongest[t, j] = max(strongest[t, j], kind)
            ri, rj = _find(parent, shift, i, path), _find(parent, shift, j, path)
            if ri != rj:
                parent[rj] = ri
                for d in range(3):
                    shift[rj, d] = shift[i, d] + image[k, d] - shift[j, d]
        for k in range(frame_offsets[t], frame_offsets[t + 1]):
            i, j = pair[k, 0], pair[k, 1]
            r = _find(parent, shift, i, path)
            _find(parent, shift, j, path)
            for d in range(3):
                c[d] = shift[i, d] + image[k, d] - shift[j, d]
            if rank[r] == 3 or (c[0] == 0 and c[1] == 0 and c[2] == 0):
                continue
            if rank[r] == 0:
                basis[r, 0] = c
                rank[r] = 1
                continue
            a = basis[r, 0]
            x = a[1] * c[2] - a[2] * c[1]
            y = a[2] * c[0] - a[0] * c[2]
            z = a[0] * c[1] - a[1] * c[0]
            if rank[r] == 1:
                if x != 0 or y != 0 or z != 0:
                    basis[r, 1] = c
                    rank[r] = 2
                continue
            b = basis[r, 1]
            if b[0] * x + b[1] * y + b[2] * z != 0:
                rank[r] = 3
        for i in range(n_centers):
            r = _find(parent, shift, i, path)
            low[r] = min(low[r], i)
            label[t, i] = low[r]
            dimension[t, i] = rank[r]
