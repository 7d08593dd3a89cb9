"""Random motions of known diffusion coefficient, D = 1/6 Å2 per frame, so that the slope of their MSD is 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.Generator
SLOPE = 1.0


def walk(random: Random, n_frames: int, n: int, part: float = 1.0) -> Array:
    """Independent Gaussian steps: MSD = ``part`` t exactly."""
    return np.cumsum(random.normal(0, math.sqrt(part / 3), (n_frames, n, 3)), axis=0)


def blurred(random: Random, n_frames: int, n: int, sigma: float = 2.0) -> Array:
    """A walk seen with an error of ``sigma`` in each coordinate: MSD = 6 sigma² + t."""
    return walk(random, n_frames, n) + random.normal(0, sigma, (n_frames, n, 3))


def langevin(random: Random, n_frames: int, n: int, tau: float = 5.0) -> Array:
    """Free Langevin particles (velocity of Ornstein and Uhlenbeck), integrated exactly.

    MSD = t - tau (1 - exp(-t/tau)); the covariance of step and velocity is Gillespie's, doi 10.1103/PhysRevE.54.2084.
    """
    d, e = 1 / 6, math.exp(-1 / tau)
    xx = 2 * d * (1 - 2 * tau * (1 - e) + tau / 2 * (1 - e * e))
    root = np.linalg.cholesky([[xx, d * (1 - e) ** 2], [d * (1 - e) ** 2, d / tau * (1 - e * e)]])
    place, velocity = np.zeros((n, 3)), random.normal(0, math.sqrt(d / tau), (n, 3))
    kicks = random.normal(size=(n_frames, 2, n, 3))
    out = np.empty((n_frames, n, 3))
    for t in range(n_frames):
        out[t] = place
        place = place + velocity * tau * (1 - e) + root[0, 0] * kicks[t, 0]
        velocity = velocity * e + root[1, 0] * kicks[t, 0] + root[1, 1] * kicks[t, 1]
    return out


def caged(random: Random, n_frames: int, n: int, tau: float = 6.0, size: float = 1.0) -> Array:
    """Positions of Ornstein and Uhlenbeck: MSD = 6 size² (1 - exp(-t/tau)), no diffusion."""
    e = math.exp(-1 / tau)
    place, out = random.normal(0, size, (n, 3)), np.empty((n_frames, n, 3))
    kicks = random.normal(0, size * math.sqrt(1 - e * e), (n_frames, n, 3))
    for t in range(n_frames):
        out[t] = place
        place = e * place + kicks[t]
    return out


def rattling(random: Random, n_frames: int, n: int) -> Array:
    """A walk within a cage that moves along."""
    return walk(random, n_frames, n) + caged(random, n_frames, n)


def power_law(random: Random, n_frames: int, n: int, power: float) -> Array:
    """Fractional Brownian motion, MSD = t^power exactly (Davies & Harte 1987, doi 10.1093/biomet/74.1.95)."""
    k = np.arange(n_frames, dtype=float)
    steps = ((k + 1) ** power - 2 * k**power + np.abs(k - 1) ** power) / 6  # their covariance, one axis
    spectrum = np.fft.fft(np.concatenate([steps, [0.0], steps[:0:-1]])).real
    size = (len(spectrum), 3 * n)
    noise = random.normal(size=size) + 1j * random.normal(size=size)
    waves = np.sqrt(np.maximum(spectrum, 0) / len(spectrum))[:, None] * noise
    return np.cumsum(np.fft.fft(waves, axis=0)[:n_frames].real, axis=0).reshape(n_frames, n, 3)


def drifting(random: Random, n_frames: int, n: int) -> Array:
    """Half of the motion is shared by all particles."""
    return walk(random, n_frames, n, 0.5) + walk(random, n_frames, 1, 0.5)


def along_one_axis(random: Random, n_frames: int, n: int) -> Array:
    """The whole motion is along (1, 1, 0)."""
    steps = random.normal(0, 1, (n_frames, n, 1)) * np.array([math.sqrt(0.5), math.sqrt(0.5), 0])
    return np.cumsum(steps, axis=0)


def unlike(random: Random, n_frames: int, n: int) -> Array:
    """Every particle has a D of its own, Gamma(2) distributed with mean 1/6."""
    return walk(random, n_frames, n) * np.sqrt(random.gamma(2, 0.5, n))[None, :, None]


def hopping(random: Random, n_frames: int, n: int, often: float = 0.03) -> Array:
    """Rare long jumps: a walk, but far from Gaussian at short lags."""
    jumps = random.normal(0, math.sqrt(1 / 3 / often), (n_frames, n, 3))
    return np.cumsum((random.random((n_frames, n, 1)) < often) * jumps, axis=0)


def fractional(random: Random, n_frames: int, n: int, hurst: float = 0.25) -> Array:
    """Fractional Brownian motion, MSD = t^(2 hurst), by Davies and Harte's circulant embedding."""
    k = np.arange(n_frames + 1, dtype=float)
    cov = 0.5 * (np.abs(k + 1) ** (2 * hurst) - 2 * k ** (2 * hurst) + np.abs(k - 1) ** (2 * hurst)) / 3
    row = np.concatenate([cov, cov[-2:0:-1]])
    power = np.fft.rfft(row).real.clip(0)
    noise = random.normal(size=(n * 3, len(row)))
    steps = np.fft.irfft(np.fft.rfft(noise, axis=1) * np.sqrt(power), len(row), axis=1)[:, :n_frames]
    return np.cumsum(steps, axis=1).T.reshape(n_frames, n, 3)
