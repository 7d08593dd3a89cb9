"""Autocorrelation of unit vectors over all time origins, its decay, and the errors of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from perovchem.arrays import Floats, Integers

LEAST_UNITS: Final = 10
"""Parts that the jackknife leaves out one after the other: molecules, cut into blocks where they are fewer."""
MOST_LAGS: Final = 2000
"""Lags kept of a long run: every one up to half as many, then spaced by their logarithm."""
FIT: Final = (0.8, 0.2)
"""Values of the correlation function between which its decay time is fitted."""
ENOUGH_SAMPLES: Final = 20
"""Independent samples, n_molecules × length / 2 τ, below which a standard error is only a lower bound."""
LEAST_SAMPLES: Final = 4
"""Fewer know no time at all."""
_SIGNIFICANT: Final = 4.0
_WEIGHTS: Final = (1.0, 1.0, 1.0, 2.0, 2.0, 2.0)  # xx yy zz xy xz yz: off the diagonal counts twice


@dataclass(frozen=True, eq=False)
class OrientationCorrelation:
    r"""C_l(t) of one axis, and the times in it.

    .. math:: C_l(t) = \langle P_l(\mathbf u(s) \cdot \mathbf u(s + t)) \rangle

    over all molecules and time origins s; not normalized by fluctuations, so that it decays to 0 in a liquid
    and to a plateau where directions are preferred.

    Attributes
    ----------
    order : int
        l, 1 or 2.
    lags : float64 (n_lags,)
        ps, up to half of the run.
    values, standard_error : float64 (n_lags,)
        The error from leaving out one molecule (or block of one) after the other.
    integral_time, integral_time_standard_error : float
        ps; ∫ C dt, beyond the significant part by the fitted decay; NaN where refused.
    decay_time, decay_time_standard_error : float
        ps; τ of A exp(-t/τ) fitted where C falls from .8 to .2; NaN where refused.
    amplitude : float
        A; below 1 by what is lost in faster motion.
    fit_range : (float, float)
        ps.
    lower_bound : float
        ps; the integral time is longer (two standard errors): ∫ C over the lags that there are, as C stays above
        0 beyond. NaN where it is not needed, or cannot be given.
    converged : bool
        Whether the standard errors of the times are more than lower bounds.
    verdict : str
        What was refused and why; "" where nothing was.
    """

    order: int
    lags: Floats
    values: Floats
    standard_error: Floats
    integral_time: float
    integral_time_standard_error: float
    decay_time: float
    decay_time_standard_error: float
    amplitude: float
    fit_range: tuple[float, float]
    lower_bound: float
    converged: bool
    verdict: str


def chosen_lags(n_frames: int) -> Integers:
    """Return the lags that are kept, in frames: up to half of the run."""
    longest = n_frames // 2
    if longest < MOST_LAGS:
        return np.arange(longest + 1)
    first = MOST_LAGS // 2
    spaced = np.geomspace(first, longest, MOST_LAGS - first)
    return np.unique(np.concatenate([np.arange(first), np.rint(spaced).astype(np.int64)]))


def blocks_of(n_molecules: int) -> int:
    """Return into how many blocks of time origins each molecule is cut."""
    return -(-LEAST_UNITS // max(n_molecules, 1))


def correlation_sums(vectors: Floats, lags: Integers, n_blocks: int) -> tuple[Floats, Integers]:
    """Return sums of P_1 and P_2 over the time origins of each block, and how many there are.

    Parameters
    ----------
    vectors : float64 (n_frames, 3)
        Unit vectors of one molecule.
    lags : int64 (n_lags,)
        In frames.
    n_blocks : int

    Returns
    -------
    sums : float64 (2, n_blocks, n_lags)
    counts : int64 (n_blocks, n_lags)
    """
    n_frames = len(vectors)
    size = next_fast_len(n_frames + int(lags.max()), real=True)
    x, y, z = vectors.T
    tensor = np.array([x * x, y * y, z * z, x * y, x * z, y * z])
    edges = np.arange(n_blocks + 1) * n_frames // n_blocks
    counts = np.clip(np.minimum(edges[1:, None], n_frames - lags) - edges[:-1, None], 0, None)
    sums = np.empty((2, n_blocks, len(lags)))
    for which, (components, weights) in enumerate(((vectors.T, (1.0, 1.0, 1.0)), (tensor, _WEIGHTS))):
        whole = rfft(components, size, axis=1)
        for b in range(n_blocks):
            origins = whole
            if n_blocks > 1:
                part = np.zeros_like(components)
                part[:, edges[b] : edges[b + 1]] = components[:, edges[b] : edges[b + 1]]
                origins = rfft(part, size, axis=1)
            power = np.einsum("i,ij,ij->j", weights, origins.conj(), whole)
            sums[which, b] = irfft(power, size)[lags]
    sums[1] = 1.5 * sums[1] - 0.5 * counts
    return sums, counts


def analyzed(
    order: int, sums: Floats, counts: Integers, lags: Floats, *, n_molecules: int, length: float, blocks: int
) -> OrientationCorrelation:
    """Return the correlation function with its times.

    Parameters
    ----------
    order : int
    sums, counts : (n_units, n_lags)
        By molecule and block.
    lags : float64 (n_lags,)
        ps.
    n_molecules : int
    length : float
        Of the run, ps.
    blocks : int
        Blocks per molecule.
    """
    total, number = sums.sum(axis=0), counts.sum(axis=0)
    values = total / number
    left = number - counts
    without = np.where(left > 0, (total - sums) / np.maximum(left, 1), values)
    error = _jackknife(without)
    floor = np.nan_to_num(error)
    fallen = np.flatnonzero(values < math.exp(-1))
    everything = float(np.trapezoid(values, lags))
    if not len(fallen):
        bound = everything - 2 * float(_jackknife(np.trapezoid(without, lags, axis=1)))
        verdict = (
            f"C{order} is still {values[-1]:.2f} after {lags[-1]:.3g} ps, half of the run: the correlation time is "
            f"refused, it is longer than {max(bound, 0):.3g} ps"
        )
        return _refused(order, lags, values, error, bound, verdict)
    lowest = int(np.argmin(values))
    if values[lowest] < -max(FIT[1], _SIGNIFICANT * floor[lowest]):
        verdict = (
            f"C{order} falls to {values[lowest]:.2f} after {lags[lowest]:.3g} ps: these axes swing or rotate freely, "
            "and have no correlation time"
        )
        return _refused(order, lags, values, error, math.nan, verdict)
    start = int(np.flatnonzero(values <= FIT[0])[0])
    low = np.flatnonzero(values < np.maximum(FIT[1], _SIGNIFICANT * floor))
    low = low[low > start]
    end = int(low[0]) if len(low) else len(values)
    if end - start < 3:
        verdict = (
            f"C{order} falls to {values[min(end, len(values) - 1)]:.2f} within {min(end, len(values) - 1)} frames "
            f"of {lags[1]:.3g} ps: frames lie too far apart, or molecules are too few, for a correlation time"
        )
        return _refused(order, lags, values, error, math.nan, verdict)
    slopes, heights = _line(lags[start:end], np.vstack([values, without])[:, start:end])
    with np.errstate(divide="ignore"):
        decays = -1 / slopes
    tail = np.flatnonzero(values < np.maximum(0.05, 2 * floor))
    cut = int(tail[0]) if len(tail) else len(values) - 1
    rows = np.vstack([values, without])[:, : cut + 1]
    with np.errstate(all="ignore"):  # a flat line has no decay time, which is refused below
        tails = decays * np.exp(heights + slopes * lags[cut])
    integrals = np.trapezoid(rows, lags[: cut + 1], axis=1) + tails
    decay, integral = float(decays[0]), float(integrals[0])
    samples = n_molecules * length / (2 * decay) if decay > 0 else 0.0
    if samples < LEAST_SAMPLES:
        bound = everything - 2 * float(_jackknife(np.trapezoid(without, lags, axis=1)))
        verdict = (
            f"the run holds only {samples:.1f} independent orientations, or its axes prefer directions for good: the "
            f"time of C{order} is refused"
        )
        return _refused(order, lags, values, error, bound, verdict)
    return OrientationCorrelation(
        order=order,
        lags=lags,
        values=values,
        standard_error=error,
        integral_time=integral,
        integral_time_standard_error=float(_jackknife(integrals[1:])),
        decay_time=decay,
        decay_time_standard_error=float(_jackknife(decays[1:])),
        amplitude=float(np.exp(heights[0])),
        fit_range=(float(lags[start]), float(lags[end - 1])),
        lower_bound=math.nan,
        converged=samples >= ENOUGH_SAMPLES and (blocks == 1 or length / blocks > 4 * decay),
        verdict="",
    )


def _refused(
    order: int, lags: Floats, values: Floats, error: Floats, bound: float, verdict: str
) -> OrientationCorrelation:
    """Return the function without times."""
    nan = math.nan
    return OrientationCorrelation(
        order, lags, values, error, nan, nan, nan, nan, nan, (nan, nan), max(bound, 0.0), False, verdict
    )


def _jackknife(without: Floats) -> Floats:
    """Return the standard error from the values that leave out one unit each, along the first axis."""
    n = len(without)
    if n < 2:
        return np.full(without.shape[1:], np.nan)
    spread: Floats = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return spread


def _line(lags: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Fit ln C = height + slope t to each row, weighted by C² as C itself is equally well known everywhere."""
    safe = np.maximum(values, 1e-3)
    weight, logarithm = safe**2, np.log(safe)
    total = weight.sum(axis=1)
    mean_t = weight @ lags / total
    mean_c = (weight * logarithm).sum(axis=1) / total
    away = lags - mean_t[:, None]
    slopes = (weight * away * (logarithm - mean_c[:, None])).sum(axis=1) / (weight * away**2).sum(axis=1)
    return slopes, mean_c - slopes * mean_t
