r"""The straight line through a mean square displacement, and how well the run knows its slope.

All lags are averaged over the same frames, so the points of the curve move together, and least squares that
take them for independent give errors several times too small. Here their covariance is that of a Gaussian
process with the mean square displacement that was found (:func:`perovchem._kernels.displacements.covariance`)
and of hops, where displacements are further from Gaussian than by chance. The line is the generalized least
squares one (as McCluskey, Coles & Morgan, doi 10.1021/acs.jctc.4c01249, fit it, with a covariance from counts of
independent displacements in place of ours). What is left, particles that are not alike and particles that move
together, is measured and added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from perovchem._kernels import displacements
from perovchem.arrays import Floats, Integers

LONGEST_PART: Final = 4
"""The longest lag is the run over this: fewer independent windows know nothing of their own spread."""
GRID: Final = 2.0
"""Ratio of neighboring lags of the fit: between closer ones the curve says little new."""
MOST_STARTS: Final = 16
"""Starts of the fit that are tried at most."""
AGREES: Final = 3.0
"""Standard deviations by which the slope from a start may differ from that of a later one."""
MARGIN: Final = 2
"""Starts between the first from which the curve looks straight and the one that is taken."""
UNLIKELY: Final = 0.005
"""Residuals of this probability say that the curve is not straight."""
AT_REST: Final = 1e-20
"""Å2; less is rounding."""
SIGNIFICANT: Final = 2.5
"""Standard deviations from which an assumption counts as broken."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A mean square displacement and what its covariance follows from.

    Attributes
    ----------
    n_frames : int
        Frames it was averaged over.
    mean : float64 (n_lags_in_all,)
        Over particles and origins, at lags of 0, 1, 2, ... frames, Å2.
    lags : int64 (n_lags,)
        Lags that a line may pass through, frames, ascending.
    each : float64 (n_particles, n_lags)
        Of each particle at these lags, Å2.
    uneven : float64 (n_lags,)
        Σ λ²/(Σ λ)² of the tensor of displacements over these lags: 1/3 where all directions are alike.
    excess : float64 (n_lags,)
        Variance of squared displacements over these lags beyond that of Gaussian ones, per frame, Å4; 0 within chance.
    shared : float64 (n_lags, n_lags)
        Frames that displacements over two lags have in common, on average.
    together : float64 (n_lags,)
        Sum over the other particles of the squared correlation of their displacements with one's own.
    """

    n_frames: int
    mean: Floats
    lags: Integers
    each: Floats
    uneven: Floats
    excess: Floats
    shared: Floats
    together: Floats


@dataclass(frozen=True, slots=True)
class Line:
    """Generalized least squares: MSD(t) = intercept + slope t over ``lags``.

    Attributes
    ----------
    lags : int64 (n_lags,)
        Frames.
    slope, slope_error : float
        Å2 per frame.
    intercept, intercept_error : float
        Å2.
    exponent, exponent_error : float
        Slope of ln MSD over ln t.
    misfit : float
        Probability of residuals at least as large as these, were the line true.
    scatter : float
        Residuals over what the covariance lets expect (Birge's ratio), 1 where they are within chance. The error of
        the slope is without it, that of the exponent with that of its own residuals.
    inflation : float
        Factor by which the error is larger than that of independent, equal particles.
    covariance : float64 (n_lags, n_lags)
        Of the MSD at these lags, Å4, inflated.
    """

    lags: Integers
    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    exponent: float
    exponent_error: float
    misfit: float
    scatter: float
    inflation: float
    covariance: Floats


def grid(n_frames: int) -> Integers:
    """Return the lags that are looked at: 1, 2, 4, ... up to a quarter of the run."""
    last = max(n_frames // LONGEST_PART, 2)
    count = math.ceil(math.log(last) / math.log(GRID)) + 1
    return np.unique(np.rint(np.geomspace(1, last, count)).astype(np.int64))


def fit(curve: Curve, first: int, last: int | None = None) -> Line:
    """Fit lags number ``first`` to ``last`` of the curve.

    The covariance needs the line and the line the covariance: three rounds, beginning with the chord.
    """
    chosen = slice(first, last)
    lags, each = curve.lags[chosen], np.maximum(curve.each[:, chosen], AT_REST)
    observed = each.mean(axis=0)
    t = lags.astype(np.float64)
    slope = (observed[-1] - observed[0]) / (t[-1] - t[0])
    intercept = observed[0] - slope * t[0]
    design = np.column_stack([np.ones_like(t), t])
    axes = 3.0
    for _ in range(3):
        matrix = covariance(curve, chosen, first, slope, intercept, axes)
        weights, errors = _weights(design, matrix)
        intercept, slope = (weights @ observed).tolist()
        # chance, too, makes directions differ: by so much
        uneven = float(curve.uneven[first]) - 5 / 3 * float(matrix[0, 0]) * axes / 3 / float(observed[0]) ** 2
        axes = 1 / min(max(uneven, 1 / 3), 1.0)
    inflation = _inflation(float(curve.together[first]), each, weights[1], float(errors[1]))
    freedom = max(len(t) - 2, 1)
    square = _square(observed - intercept - slope * t, matrix) / inflation**2
    misfit = float(special.chdtrc(freedom, square))
    logarithm = np.column_stack([np.ones_like(t), np.log(t)])
    relative = matrix / np.outer(observed, observed)
    powers, power_errors = _weights(logarithm, relative)
    spread = _square(np.log(observed) - logarithm @ (powers @ np.log(observed)), relative) / inflation**2
    return Line(
        lags,
        slope,
        float(errors[1]) * inflation,
        intercept,
        float(errors[0]) * inflation,
        float(powers[1] @ np.log(observed)),
        float(power_errors[1]) * inflation * _scatter(spread, freedom),
        misfit,
        _scatter(square, freedom),
        inflation,
        matrix * inflation**2,
    )


def covariance(
    curve: Curve, chosen: slice, first: int, slope: float, intercept: float, axes: float
) -> Floats:
    """Return the covariance (n_lags, n_lags), Å4, of the mean over independent, equal particles.

    From lag number ``first`` on the line (Å2 per frame, Å2) stands in the place of what was found: noise of long
    lags is not taken for structure. To the covariance of a Gaussian process comes that of rare hops: their
    fourth cumulant grows with the frames that two displacements share.
    """
    lags, memory = curve.lags[chosen], int(curve.lags[first])
    reached = max(float(curve.mean[memory]), AT_REST)
    slope = max(slope, 1e-3 * reached / memory)  # a curve that falls is no process
    model = intercept + slope * np.arange(2 * lags[-1] + memory + 1, dtype=np.float64)
    model = np.maximum(model, 0.5 * reached)
    model[:memory] = curve.mean[:memory]
    out = np.empty((len(lags), len(lags)))
    displacements.covariance(lags, curve.n_frames, model, memory, out)
    return (out / axes + float(curve.excess[first]) * curve.shared[chosen, chosen]) / len(curve.each)


def _weights(design: Floats, matrix: Floats) -> tuple[Floats, Floats]:
    """Return the linear estimators of the parameters (n_parameters, n_points) and their standard errors."""
    scale = np.sqrt(np.diag(matrix))
    values, vectors = _spectrum(matrix)
    white = (vectors / np.sqrt(values)).T @ (design / scale[:, None])
    inverse = np.linalg.inv(white.T @ white)
    weights = inverse @ white.T @ ((vectors / np.sqrt(values)).T / scale)
    return weights, np.sqrt(np.diag(inverse))


def _square(rest: Floats, matrix: Floats) -> float:
    """Return χ² of residuals with this covariance."""
    values, vectors = _spectrum(matrix)
    return float((((vectors.T @ (rest / np.sqrt(np.diag(matrix)))) ** 2) / values).sum())


def _scatter(square: float, freedom: int) -> float:
    """Return Birge's ratio where χ² is beyond chance, else 1."""
    beyond = float(special.chdtrc(freedom, square)) < UNLIKELY
    return math.sqrt(square / freedom) if beyond else 1.0


def _spectrum(matrix: Floats) -> tuple[Floats, Floats]:
    """Return eigenvalues and eigenvectors of the correlations, those lost in rounding raised."""
    scale = np.sqrt(np.diag(matrix))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    return np.maximum(values, 1e-8), vectors


def _inflation(together: float, each: Floats, weights: Floats, error: float) -> float:
    r"""Return how much larger the error is where particles are unlike or move together.

    The slope is the mean of the particles' own slopes, so their spread over √N is its error, whatever their
    distribution; it is taken where it exceeds the expected one beyond chance.
    """
    n_particles = len(each)
    slopes = each @ weights
    squared = 1.0
    if n_particles > 2:
        ratio = float(slopes.var(ddof=1)) / (n_particles * error**2)
        freedom = max(2 * float(slopes.mean()) ** 2 / error**2, 1.0)  # of all particles together
        chance = math.sqrt(2 / (n_particles - 1) + 12 / freedom)
        if ratio > 1 + SIGNIFICANT * chance:
            squared = ratio
    return math.sqrt(squared * (1.0 + together))


def starts(lags: Integers) -> Integers:
    """Return the numbers of the lags at which a fit may begin: about doubling, to a quarter of the longest."""
    limit = lags[-1] / 4
    found: list[int] = []
    at = 1.0
    while at <= max(limit, 1) and len(found) < MOST_STARTS:
        found.append(int(np.searchsorted(lags, at)))
        at *= 2
    return np.unique(found)


def choose(curve: Curve) -> tuple[Line, bool]:
    """Return the line over the range that the curve itself proposes, and whether it is straight there.

    Of the starts 1, 2, 4, ... frames, the first from which the residuals are not beyond chance and whose slope
    agrees with those from all later starts; then two starts later, four times as far, because what is left of
    a transient biases the slope before it is seen. The slopes are nested estimators, so their difference has
    the difference of their variances (Hausman 1978, doi 10.2307/1913827).
    """
    lines = [fit(curve, int(k)) for k in starts(curve.lags)]
    for k, line in enumerate(lines):
        if line.misfit > UNLIKELY and all(_agree(line, other) for other in lines[k + 1 :]):
            return lines[min(k + MARGIN, len(lines) - 1)], k < len(lines) - 1
    return lines[-1], False


def _agree(line: Line, later: Line) -> bool:
    spread = math.sqrt(max(later.slope_error**2 - line.slope_error**2, 0.01 * later.slope_error**2))
    return abs(line.slope - later.slope) < AGREES * spread
