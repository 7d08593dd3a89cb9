"""Slow, obvious twins of the EXAFS-like view: every distance by itself, every block left out in turn."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from perovchem.frames import Frames
from perovchem.scattering_path import ScatteringPath

Array = NDArray[np.float64]


def distances(frames: Frames, center: str, neighbor: str, longest: float) -> list[list[float]]:
    """Distances of every center, neighbor and image below ``longest``, Å, by frame."""
    symbols = np.array(frames.species)
    centers, neighbors = (np.flatnonzero(symbols == symbol) for symbol in (center, neighbor))
    found = []
    for t in range(len(frames)):
        one = frames[t]
        cell = one.kernel_cells[0]
        places = one.fractional_positions[0]
        heights = np.abs(np.linalg.det(cell)) / np.linalg.norm(
            np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1
        )
        reach = [range(-n, n + 1) for n in np.ceil(longest / heights).astype(int) + 1]
        mine = []
        for i in centers:
            for j in neighbors:
                for image in itertools.product(*reach):
                    step = (places[j] - places[i]) - np.rint(places[j] - places[i]) + image
                    r = float(np.linalg.norm(step @ cell))
                    if 1e-9 < r < longest:
                        mine.append(r)
        found.append(mine)
    return found


def direct_chi(by_frame: list[list[float]], path: ScatteringPath, k: Array, n_centers: int) -> Array:
    """χ(k) as the sum over every distance of every frame."""
    total = np.zeros(len(k))
    p, damping = path.momentum_at(k), path.mean_free_path_at(k)
    for r in itertools.chain.from_iterable(by_frame):
        argument = 2 * p * r + path.phase_at(k) + 2 * (k - p) * path.distance
        total += path.amplitude_at(k) * np.exp(-2 * r / damping) * np.sin(argument) / (k * r**2)
    return total / (len(by_frame) * n_centers)


def cumulants(r: Array, weights: Array | None = None) -> Array:
    """Mean, variance, third cumulant, skewness of all distances."""
    w = np.ones_like(r) if weights is None else weights
    mean = (w * r).sum() / w.sum()
    variance = (w * (r - mean) ** 2).sum() / w.sum()
    third = (w * (r - mean) ** 3).sum() / w.sum()
    return np.array([mean, variance, third, third / variance**1.5])


def jackknife(by_frame: list[list[float]], n_blocks: int, measure: Callable[[Array], Array]) -> Array:
    """Standard errors of a measure of all distances: one block of frames left out at a time."""
    blocks = np.array_split(np.arange(len(by_frame)), n_blocks)
    values = []
    for left_out in blocks:
        kept = np.setdiff1d(np.arange(len(by_frame)), left_out)
        values.append(measure(np.concatenate([np.array(by_frame[t]) for t in kept])))
    spread = np.array(values) - np.mean(values, axis=0)
    return np.sqrt((n_blocks - 1) / n_blocks * (spread**2).sum(axis=0))


def magnitude(chi: Array, k: Array, windowed: Array, distance: float, phase: Array | None = None) -> float:
    """|χ(R)| at one R, term by term."""
    total = 0j
    for m in range(len(k)):
        turn = 0.0 if phase is None else phase[m]
        total += windowed[m] * chi[m] * np.exp(-1j * (turn + 2 * k[m] * distance)) * (k[1] - k[0])
    return abs(total) / np.sqrt(np.pi)
