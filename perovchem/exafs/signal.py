"""χ(k) by single scattering, from the moments of distances in narrow bins."""

from __future__ import annotations

from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.scattering_path import ScatteringPath

LEAST_WAVENUMBER: Final = 0.05
"""1/Å; the formula diverges at 0."""


def bare_path(absorber: str, neighbor: str) -> ScatteringPath:
    """Return a path without phase, of amplitude 1 Å and endless mean free path: geometry alone."""
    k = np.linspace(0.0, 30.0, 4)
    one = np.ones(4)
    return ScatteringPath(
        absorber, neighbor, "", 2.0, k, one, 0 * k, 1e9 * one, k, "none: f = 1 Å, φ = 0, λ = ∞"
    )


def single_scattering(
    table: Floats, middles: Floats, path: ScatteringPath, wavenumber: Floats, *, reduction: float
) -> Floats:
    r"""Return χ(k) summed over all distances.

    .. math:: \chi(k) = S_0^2 \sum_j \frac{f(k)}{k r_j^2} e^{-2r_j/\lambda(k)} \sin\left[2 p(k) r_j + \varphi(k)
        + 2 (k - p(k)) r_0\right]

    In each bin the summand is expanded around the middle to second order in the distance from it.

    Parameters
    ----------
    table : float64 (n_parts, n_bins, 3)
        Number, sum and sum of squares of the distances from the middle of each bin.
    middles : float64 (n_bins,)
        Å.
    path : ScatteringPath
    wavenumber : float64 (n_wavenumbers,)
        1/Å, above 0.
    reduction : float
        S0².

    Returns
    -------
    float64 (n_parts, n_wavenumbers)
    """
    filled = table[:, :, 0].any(axis=0)
    if not filled.any():
        return np.zeros((len(table), len(wavenumber)))
    r = middles[filled]
    momentum, damping = path.momentum_at(wavenumber), 2 / path.mean_free_path_at(wavenumber)
    rate = 2j * momentum - damping
    # ln of the summand changes by ``slope`` with r; its second derivative is 2/r²
    waves = np.exp(np.outer(rate, r)) / r**2
    slope = rate[:, None] - 2 / r
    expansion = np.concatenate([waves, waves * slope, waves * (slope**2 + 2 / r**2) / 2], axis=1)
    moments = np.concatenate([table[:, filled, order] for order in range(3)], axis=1)
    turn = path.phase_at(wavenumber) + 2 * (wavenumber - momentum) * path.distance
    factor = reduction * path.amplitude_at(wavenumber) / wavenumber * np.exp(1j * turn)
    signal: Floats = ((moments.astype(np.complex128) @ expansion.T) * factor).imag
    return signal
