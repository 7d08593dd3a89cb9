"""Mean square displacements: over all time origins by FFT, at chosen lags from the definition."""

from __future__ import annotations

from typing import Final

import numpy as np

from perovchem._kernels import displacements
from perovchem.arrays import Floats
from perovchem.diffusion.line import SIGNIFICANT, Curve, grid
from perovchem.errors import UsageError

_BATCH: Final = 4
"""Particles transformed at once: few enough to stay in the cache."""
_MOST_PAIRED: Final = 400
"""Particles whose displacements are compared pair by pair; of more, as many evenly chosen ones."""
_MOST_BLOCKS: Final = 4096
_LEAST_BLOCKS: Final = 4
"""Displacements one after the other that show whether particles move together; of more, evenly chosen ones."""


def mean_square_displacement(positions: Floats) -> tuple[Floats, Floats]:
    r"""Return the mean square displacement of every particle, and the mean along x, y, z.

    .. math:: m(n) = \frac{1}{T - n} \sum_{t=0}^{T-n-1} |r(t + n) - r(t)|^2

    over all origins t, exactly: the squares by a running sum, the products by FFT (Kneller et al. 1995,
    doi 10.1016/0010-4655(95)00048-K; Calandrini et al. 2011, doi 10.1051/sfn/201112010).

    Parameters
    ----------
    positions : float64 (n_frames, n_particles, 3)
        Unwrapped, Å, in frames of equal distance.

    Returns
    -------
    each : float64 (n_particles, n_frames)
        Å2, for lags of 0, 1, ... frames.
    axes : float64 (n_frames, 3)
        Mean over particles along each axis, Å2; their sum is the mean of ``each``.

    Raises
    ------
    UsageError
        If the shape is another or a position is not finite.

    Examples
    --------
    Ballistic motion, m = v² t²:

    >>> import numpy as np
    >>> line = np.arange(5.0)[:, None, None] * np.array([[[1.0, 2.0, 2.0]]])
    >>> each, axes = mean_square_displacement(line)
    >>> each.round(12).tolist()
    [[0.0, 9.0, 36.0, 81.0, 144.0]]
    """
    from scipy import fft

    places = np.ascontiguousarray(positions, np.float64)
    if places.ndim != 3 or places.shape[2] != 3 or not places.size:
        raise UsageError(
            f"positions of shape {places.shape}", fix="give an array (n_frames, n_particles, 3), not empty"
        )
    if not np.isfinite(places).all():
        raise UsageError(
            "a position is not finite", fix="leave out the frames or particles without positions"
        )
    n_frames, n_particles, _ = places.shape
    length = fft.next_fast_len(2 * n_frames - 1, real=True)
    each = np.empty((n_particles, n_frames))
    power = np.zeros((3, length // 2 + 1))
    squares = np.zeros((3, n_frames))
    for start in range(0, n_particles, _BATCH):
        count = min(_BATCH, n_particles - start)
        batch, square = np.empty((3, count, n_frames)), np.empty((count, n_frames))
        displacements.columns(places, start, batch, square, squares)
        spectrum = fft.rfft(batch, length)
        strength = np.empty((count, spectrum.shape[2]))
        displacements.strengths(spectrum, strength, power)
        ends = each[start : start + count]
        displacements.end_terms(square, ends)
        ends -= 2 * fft.irfft(strength, length)[:, :n_frames]
    axes = np.empty((3, n_frames))
    displacements.end_terms(squares, axes)
    axes -= 2 * fft.irfft(power, length)[:, :n_frames]
    axes /= n_particles
    origins = n_frames - np.arange(n_frames)
    for part in (each, axes):
        part /= origins
        part[:, 0] = 0.0
        np.maximum(part, 0.0, out=part)
    return each, axes.T


def curve_of(positions: Floats, mean: Floats) -> Curve:
    """Return what the straight line is fitted to: MSD at a grid of lags, each from its definition.

    ``mean`` is the mean over particles at all lags; the sums of its definition are free of the rounding of an FFT.
    """
    lags = grid(len(positions))
    each = np.empty((positions.shape[1], len(lags)))
    displacements.at_lags(np.ascontiguousarray(positions), lags, each)
    exact = mean.copy()
    exact[lags] = each.mean(axis=0)
    moments = np.array([_moments(positions, lag) for lag in lags.tolist()])
    shared = np.empty((len(lags), len(lags)))
    displacements.shared(lags, len(positions), shared)
    together = np.array([_together(positions, lag) for lag in lags.tolist()])
    return Curve(len(positions), exact, lags, each, moments[:, 0], moments[:, 1], shared, together)


def _moments(positions: Floats, lag: int) -> tuple[float, float]:
    """Return how uneven and how far from Gaussian displacements over ``lag`` frames are.

    First Σ λ²/(Σ λ)² of their tensor, 1/3 where nothing moves; then the variance of their squares beyond 2 Σ λ², per
    frame, 0 where it is not beyond chance (of χ² with three degrees of freedom).
    """
    tensor, fourth = np.zeros((3, 3)), 0.0
    n_origins, n_particles = len(positions) - lag, positions.shape[1]
    for start in range(0, n_origins, 4096):
        stop = min(start + 4096, n_origins)
        step = (positions[start + lag : stop + lag] - positions[start:stop]).reshape(-1, 3)
        tensor += step.T @ step
        fourth += float(((step**2).sum(axis=1) ** 2).sum())
    tensor /= n_origins * n_particles
    trace, squares = float(np.trace(tensor)), float((tensor**2).sum())
    if not trace > 0:
        return 1 / 3, 0.0
    excess = fourth / (n_origins * n_particles) - trace**2 - 2 * squares
    chance = 1.63 * trace**2 / (n_particles * max(n_origins / lag, 1.0)) ** 0.5
    return squares / trace**2, excess / lag if excess > SIGNIFICANT * chance else 0.0


def _together(positions: Floats, lag: int) -> float:
    """Return Σ_q ρ_pq² over the other particles q, averaged over p; 0 where it is not beyond chance."""
    origins = np.arange(0, len(positions) - lag, max(lag, len(positions) // _MOST_BLOCKS))
    steps = positions[origins + lag] - positions[origins]
    n_blocks, n_particles, _ = steps.shape
    if n_blocks < _LEAST_BLOCKS or n_particles < 2:
        return 0.0
    chosen = np.unique(np.linspace(0, n_particles - 1, min(n_particles, _MOST_PAIRED)).astype(np.int64))
    rows = steps[:, chosen].transpose(0, 2, 1).reshape(3 * n_blocks, len(chosen))
    length = np.sqrt((rows**2).sum(axis=0))
    rows = rows / np.where(length > 0, length, 1.0)
    squares = float(((rows.T @ rows) ** 2).sum()) - len(chosen)
    by_chance = (len(chosen) - 1) / (3 * n_blocks)
    extra: float = (squares / len(chosen) - by_chance) * (n_particles - 1) / (len(chosen) - 1)
    if not extra > SIGNIFICANT * 2 / (3 * n_blocks) * (n_particles - 1) / (len(chosen) - 1):
        return 0.0
    return extra
