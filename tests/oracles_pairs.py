"""Slow, obvious twins: every image of every pair, every scattering vector, every pair of times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def brute_distances(
    fractional: Array,
    cell: Array,
    centers: Sequence[int],
    partners: Sequence[int],
    reach: float,
    molecule: Sequence[int] | None = None,
) -> Array:
    """Distances of all pairs in all images up to ``reach``; those within a molecule only in farther images."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    spread = np.ptp(fractional, axis=0)
    ranges = [range(-k, k + 1) for k in np.ceil(reach / heights + spread).astype(int) + 1]
    images = np.array(list(itertools.product(*ranges)))
    found = []
    for i in centers:
        for j in partners:
            vectors = (fractional[j] - fractional[i] + images) @ cell
            lengths = np.linalg.norm(vectors, axis=1)
            keep = lengths <= reach
            if i == j:
                keep &= lengths > 1e-9
            elif molecule is not None and molecule[i] >= 0 and molecule[i] == molecule[j]:
                keep[np.argmin(lengths)] = False
            found.append(lengths[keep])
    return np.concatenate(found) if found else np.empty(0)


def brute_amplitude(positions: Array, q: Array) -> complex:
    """Sum of exp(-i q.r)."""
    return complex(sum(np.exp(-1j * (q @ r)) for r in positions))


def brute_correlation(vectors: Array, order: int) -> Array:
    """C_l by every pair of frames; vectors (n_frames, n_molecules, 3), lags up to half the run."""
    n = len(vectors)
    out = np.empty(n // 2 + 1)
    for lag in range(n // 2 + 1):
        cosine = (vectors[: n - lag] * vectors[lag:]).sum(axis=2)
        out[lag] = np.mean(cosine if order == 1 else 1.5 * cosine**2 - 0.5)
    return out
