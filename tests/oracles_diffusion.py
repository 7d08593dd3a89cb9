"""Slow, obvious twins (MSD pair by pair, its covariance by matrices, unwrapping image by image), and kinisi's answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def msd(positions: Array) -> Array:
    """(n_particles, n_frames), from the definition."""
    n_frames, n_particles, _ = positions.shape
    out = np.zeros((n_particles, n_frames))
    for i in range(n_particles):
        for lag in range(1, n_frames):
            moved = [positions[t + lag, i] - positions[t, i] for t in range(n_frames - lag)]
            out[i, lag] = np.mean([d @ d for d in moved])
    return out


def covariance(lags: list[int], n_frames: int, m: Callable[[int], float]) -> Array:
    """Of time-averaged squared displacements in one dimension, from the covariance matrix of the positions."""
    # x_0 = 0, so <x_i x_j> = [m(i) + m(j) - m(|i - j|)]/2
    k = range(n_frames)
    positions = np.array([[0.5 * (m(i) + m(j) - m(abs(i - j))) for j in k] for i in k])
    forms = []
    for lag in lags:
        form = np.zeros((n_frames, n_frames))
        for t in range(n_frames - lag):
            form[t, t] += 1
            form[t + lag, t + lag] += 1
            form[t, t + lag] -= 1
            form[t + lag, t] -= 1
        forms.append(form / (n_frames - lag))
    # quadratic forms of a Gaussian vector: cov = 2 tr(A S B S)
    return np.array([[2 * np.trace(a @ positions @ b @ positions) for b in forms] for a in forms])


def unwrap(fractional: Array, cells: Array) -> Array:
    """Cartesian paths from the first frame on, every image of every step tried."""
    images = np.array(list(itertools.product((-3, -2, -1, 0, 1, 2, 3), repeat=3)))
    place = fractional[0] @ cells[0]
    out = [place]
    for t in range(1, len(fractional)):
        mean = (cells[t] + cells[t - 1]) / 2
        ways = (fractional[t] - fractional[t - 1])[:, None] - images
        lengths = np.linalg.norm(ways @ mean, axis=2)
        place = place + np.array([w[k] @ mean for w, k in zip(ways, lengths.argmin(axis=1), strict=True)])
        out.append(place)
    return np.array(out)


def kinisi(positions: Array, first: int) -> list[tuple[float, float]]:
    """Return the central 68.3 and 95 % of kinisi's posterior of the slope, from all lags from ``first`` on."""
    import scipp as sc
    from kinisi.diffusion import Diffusion

    n_frames, n_particles, _ = positions.shape
    lags = np.arange(1, n_frames // 2)
    independent = n_particles * (n_frames // lags).astype(float)  # displacements that do not overlap
    squares = [((positions[lag:] - positions[:-lag]) ** 2).sum(axis=2) for lag in lags]
    values = np.array([square.mean() for square in squares])
    variances = np.array([square.var() for square in squares]) / independent
    axis = ["time interval"]
    msd = sc.array(dims=axis, values=values, variances=variances, unit="angstrom**2")
    coordinates = {
        "time interval": sc.array(dims=axis, values=lags.astype(float), unit="ps"),
        "n_samples": sc.array(dims=axis, values=independent),
    }
    group = sc.DataGroup({"da": sc.DataArray(msd, coords=coordinates), "dimensionality": sc.scalar(3.0)})
    fit = Diffusion(group)
    fit.bayesian_regression(sc.scalar(float(first), unit="ps"), progress=False)
    slopes = fit.gradient.values
    return [tuple(np.percentile(slopes, [50 - half, 50 + half])) for half in (34.13, 47.5)]
