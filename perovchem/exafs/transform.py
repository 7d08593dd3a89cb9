"""From χ(k) to |χ(R)|: window, Fourier transform, positions of peaks with their errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem.arrays import Floats
from perovchem.uncertainty import BlockAverage, block_average

Complexes = NDArray[np.complex128]

R_STEP: Final = 0.02
"""Å between points of |χ(R)|."""
FINE_STEP: Final = 0.001
"""Å, around a peak."""
LOWEST_R: Final = 1.0
"""Å; no bond is seen below, whatever the phase."""
LEAST_PEAK: Final = 0.1
"""Part of the highest peak below which a maximum is no peak."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A maximum of |χ(R)|.

    Attributes
    ----------
    position : BlockAverage
        Å, with its error from blocks of frames.
    height : float
        Of |χ(R)|, Å^-(k-weight + 1).
    """

    position: BlockAverage
    height: float


@dataclass(frozen=True, eq=False, slots=True)
class Spectrum:
    """|χ(R)| of one signal.

    Attributes
    ----------
    distances : float64 (n_distances,)
        R, Å.
    magnitude : float64 (n_distances,)
        |χ(R)|, Å^-(k-weight + 1).
    standard_error : float64 (n_distances,)
        From blocks of frames, of the part along the mean phase; a lower bound where a block average has not converged.
    peaks : tuple of Peak
        Those at least a tenth as high as the highest, by position.
    """

    distances: Floats
    magnitude: Floats
    standard_error: Floats
    peaks: tuple[Peak, ...]

    @property
    def highest(self) -> Peak | None:
        """The highest peak; None where there is none."""
        return max(self.peaks, key=lambda peak: peak.height, default=None)


def hanning(wavenumber: Floats, k_range: tuple[float, float], sill: float) -> Floats:
    """Return the window: rising as sin² within half a sill around the lower end, falling as cos² around the upper."""
    low, high = k_range
    up = np.clip((wavenumber - low + sill / 2) / sill, 0, 1)
    down = np.clip((high + sill / 2 - wavenumber) / sill, 0, 1)
    window: Floats = np.sin(np.pi / 2 * up) ** 2 * np.sin(np.pi / 2 * down) ** 2
    return window


def transform(
    parts: Floats,
    weights: Floats,
    wavenumber: Floats,
    windowed: Floats,
    *,
    longest: float,
    phase: Floats | None = None,
) -> Spectrum:
    r"""Return |χ(R)| with its peaks.

    .. math:: \chi(R) = \frac{1}{\sqrt{\pi}} \int k^w \chi(k) W(k) e^{-i \varphi(k)} e^{-2ikR} dk

    Parameters
    ----------
    parts : float64 (n_parts, n_wavenumbers)
        χ(k) summed over the frames of each part.
    weights : float64 (n_parts,)
        Frames of each part.
    wavenumber : float64 (n_wavenumbers,)
        Equally spaced, 1/Å.
    windowed : float64 (n_wavenumbers,)
        k^w W(k).
    longest : float
        Å, end of R.
    phase : float64 (n_wavenumbers,), optional
        φ(k), radians, that is taken out; without it peaks stand too short.
    """
    distances: Floats = R_STEP * np.arange(round(longest / R_STEP) + 1, dtype=np.float64)
    factor = windowed * (wavenumber[1] - wavenumber[0]) / np.sqrt(np.pi)
    turned: Complexes = factor * np.exp(-1j * (np.zeros_like(wavenumber) if phase is None else phase))
    signal: Complexes = parts * turned
    at = _waves(distances, wavenumber) @ signal.T
    total = at.sum(axis=1) / weights.sum()
    magnitude: Floats = np.abs(total)
    errors = np.array([_projected(row, mean, weights) for row, mean in zip(at, total, strict=True)])
    peaks = _peaks(distances, magnitude, signal, weights, wavenumber)
    return Spectrum(distances, magnitude, errors, tuple(peaks))


def _waves(distances: Floats, wavenumber: Floats) -> Complexes:
    waves: Complexes = np.exp(-2j * np.outer(distances, wavenumber))
    return waves


def _projected(row: Complexes, mean: complex, weights: Floats) -> float:
    """Return the standard error of a magnitude: of the component along its mean phase."""
    if not abs(mean) > 0:
        return float("nan")
    along = (row * np.conj(mean / abs(mean))).real
    return _ratio(along, weights).standard_error


def _ratio(sums: Floats, weights: Floats) -> BlockAverage:
    """Return the mean per frame; parts differ by one frame at most."""
    return block_average(sums / weights)


def _peaks(
    distances: Floats, magnitude: Floats, signal: Complexes, weights: Floats, wavenumber: Floats
) -> list[Peak]:
    """Return the maxima, refined, by position."""
    inner = magnitude[1:-1]
    tops = 1 + np.flatnonzero((inner > magnitude[:-2]) & (inner >= magnitude[2:]))
    tops = tops[distances[tops] >= LOWEST_R]
    if not len(tops) or not magnitude[tops].max() > 0:
        return []
    tops = tops[magnitude[tops] >= LEAST_PEAK * magnitude[tops].max()]
    return [_refined(distances[top], signal, weights, wavenumber) for top in tops]


def _refined(near: float, signal: Complexes, weights: Floats, wavenumber: Floats) -> Peak:
    r"""Return a peak with the error of its position.

    A part whose magnitude along the mean phase is M_b moves the maximum by :math:`-M_b'/M''`, to first order.
    """
    fine = near + np.arange(-R_STEP, R_STEP + FINE_STEP / 2, FINE_STEP)
    total = signal.sum(axis=0) / weights.sum()
    curve = np.abs(_waves(fine, wavenumber) @ total)
    middle = int(np.clip(np.argmax(curve), 1, len(fine) - 2))
    below, top, above = curve[middle - 1 : middle + 2]
    bend = below - 2 * top + above
    place = (
        float(fine[middle] + FINE_STEP * 0.5 * (below - above) / bend) if bend < 0 else float(fine[middle])
    )
    wave = np.exp(-2j * place * wavenumber)
    derivatives = [((-2j * wavenumber) ** order * wave) for order in range(3)]
    here, slope, bending = (complex(total @ one) for one in derivatives)
    height = abs(here)
    # second derivative of |F|: (|F'|² + Re F* F'' - (Re F* F')²/|F|²)/|F|
    along = (np.conj(here) * slope).real / height
    second = (abs(slope) ** 2 + (np.conj(here) * bending).real) / height - along**2 / height
    # the slope of |F| in each part: along the mean phase, and across it as the phase turns
    parts, slopes = signal @ derivatives[0], signal @ derivatives[1]
    unit = np.conj(here) / height
    turning = (np.conj(here) * slope).imag / height**2
    moves = (unit * slopes).real / weights + turning * (unit * parts).imag / weights
    average = (
        block_average(place - moves / second) if second < 0 else block_average(np.full(len(weights), np.nan))
    )
    return Peak(_placed(average, place), height)


def _placed(average: BlockAverage, place: float) -> BlockAverage:
    """Return the error of an average around the place itself."""
    return replace(average, mean=place)
