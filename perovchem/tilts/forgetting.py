"""How long an octahedron remembers its tilt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats

_GROUPS: Final = 10
_FALLEN: Final = math.exp(-1)


@dataclass(frozen=True, eq=False)
class TiltMemory:
    """Autocorrelation of the tilts about one axis.

    Attributes
    ----------
    lags : float64 (n,)
        ps.
    values, standard_error : float64 (n,)
        <θ(s) θ(s + t)> / <θ²> over octahedra and time origins; not of the fluctuations, so a lasting tilt keeps it up.
    time : float
        ps; lag at which it has fallen to 1/e, NaN where it has not within half of the run.
    time_standard_error : float
        From octahedra left out in up to ten groups.
    lower_bound : float
        ps; half of the run where there is no time, else NaN.
    """

    lags: Floats
    values: Floats
    standard_error: Floats
    time: float
    time_standard_error: float
    lower_bound: float


def memory(angles: Floats, interval: float) -> TiltMemory:
    """Return how tilts about one axis are forgotten.

    Parameters
    ----------
    angles : float64 (n_frames, n_centers)
        Degrees; NaN where undefined.
    interval : float
        fs between frames.
    """
    n_frames, n_centers = angles.shape
    n_lags = n_frames // 2 + 1
    groups = np.arange(n_centers) * min(_GROUPS, n_centers) // max(n_centers, 1)
    sums, pairs = np.zeros((2, int(groups[-1]) + 1, n_lags))
    size = 1 << (2 * n_frames - 1).bit_length()
    for i, series in enumerate(angles.T):
        defined = np.isfinite(series)
        for total, values in ((sums, np.where(defined, series, 0.0)), (pairs, defined.astype(np.float64))):
            transform = np.fft.rfft(values, size)
            total[groups[i]] += np.fft.irfft(transform.real**2 + transform.imag**2, size)[:n_lags]
    pairs = np.rint(pairs)
    lags = np.arange(n_lags) * interval / 1000
    values = _normalized(sums.sum(axis=0), pairs.sum(axis=0))
    left_out = np.array(
        [_normalized(sums.sum(axis=0) - sums[g], pairs.sum(axis=0) - pairs[g]) for g in range(len(sums))]
    )
    n = len(sums)
    time = _falls(lags, values)
    times = np.array([_falls(lags, one) for one in left_out])
    spread = math.sqrt((n - 1) / n * float(((times - times.mean()) ** 2).sum())) if n > 1 else math.nan
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    return TiltMemory(
        lags, values, error if n > 1 else np.full(n_lags, np.nan), time, spread,
        math.nan if math.isfinite(time) or not np.isfinite(values[0]) else float(lags[-1]),
    )  # fmt: skip


def _normalized(sums: Floats, pairs: Floats) -> Floats:
    """Return the mean products over that at lag zero."""
    means = np.divide(sums, pairs, out=np.full(len(sums), np.nan), where=pairs > 0)
    return means / means[0] if means[0] > 0 else np.full(len(sums), np.nan)


def _falls(lags: Floats, values: Floats) -> float:
    """Return the lag at which values first are 1/e, between two lags by a straight line."""
    below = np.flatnonzero(values < _FALLEN)
    if not len(below):
        return math.nan
    k = int(below[0])
    part = (values[k - 1] - _FALLEN) / (values[k - 1] - values[k])
    return float(lags[k - 1] + part * (lags[k] - lags[k - 1]))
