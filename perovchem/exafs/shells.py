"""First shells as distributions: number, mean, variance, third cumulant, skewness, each with its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.uncertainty import BlockAverage, block_average, ratio_average

NARROWEST: Final = 1e-12
"""Å2; a variance below is rounding, and has no skewness."""


@dataclass(frozen=True, slots=True)
class Distribution:
    r"""Cumulants of a distribution of distances.

    .. math:: R = \langle r \rangle, \quad \sigma^2 = \langle (r - R)^2 \rangle, \quad
        C_3 = \langle (r - R)^3 \rangle, \quad \text{skewness} = C_3/\sigma^3

    The error of each is that of the mean of its influence, z = r - R for R, (r - R)² - σ² for σ²,
    (r - R)³ - C3 - 3 σ² (r - R) for C3, from blocks of frames: what a jackknife over blocks gives to first order,
    with the length of the blocks found on the data.

    Attributes
    ----------
    mean_distance : BlockAverage
        R, Å.
    variance : BlockAverage
        σ², Å2.
    third_cumulant : BlockAverage
        C3, Å3.
    skewness : BlockAverage
        NaN for a shell without spread.
    """

    mean_distance: BlockAverage
    variance: BlockAverage
    third_cumulant: BlockAverage
    skewness: BlockAverage

    quantity_names: ClassVar[Mapping[str, str]] = {
        "mean_distance": "mean_distance",
        "variance": "distance_variance",
        "third_cumulant": "third_cumulant",
        "skewness": "skewness",
    }


@dataclass(frozen=True, slots=True)
class Shell:
    r"""What is nearer than one cutoff.

    Attributes
    ----------
    cutoff : float
        Å.
    coordination_number : BlockAverage
        Neighbors of a center within the cutoff.
    real : Distribution
        Of the distances themselves, P(r).
    effective : Distribution
        Of the distances as a signal weights them, P(r) exp(-2 (r - R)/λ)/r²: what cumulants fitted to a spectrum
        belong to (Bunker 1983, doi 10.1016/0167-5087(83)90655-5). Shorter than ``real`` by about 2 σ² (1/R + 1/λ).
    """

    cutoff: float
    coordination_number: BlockAverage
    real: Distribution
    effective: Distribution


def shell_of(cutoff: float, origin: float, sums: Floats, centers: Floats) -> Shell:
    """Return the shell of a pair.

    Parameters
    ----------
    cutoff, origin : float
        Å; the sums are those of distances from the origin.
    sums : float64 (n_parts, 2, 4)
        Of w, w d, w d², w d³ over the pairs of each part of the run, unweighted and weighted.
    centers : float64 (n_parts,)
        Centers times frames of each part.
    """
    return Shell(
        cutoff,
        ratio_average(sums[:, 0, 0], centers),
        distribution(origin, sums[:, 0]),
        distribution(origin, sums[:, 1]),
    )


def distribution(origin: float, sums: Floats) -> Distribution:
    """Return the cumulants of one set of moments, float64 (n_parts, 4), counted from ``origin``, Å."""
    total = sums.sum(axis=0)
    number = sums[:, 0]
    if not total[0] > 0:
        nothing = block_average(np.full(len(sums), np.nan))
        return Distribution(nothing, nothing, nothing, nothing)
    middle = total[1] / total[0]
    # about the mean: sums over pairs of (r - R)^n, by part
    first = sums[:, 1] - middle * number
    second = sums[:, 2] - 2 * middle * sums[:, 1] + middle**2 * number
    third = sums[:, 3] - 3 * middle * sums[:, 2] + 3 * middle**2 * sums[:, 1] - middle**3 * number
    variance = max(float(second.sum() / total[0]), 0.0)
    cubed = third - 3 * variance * first
    skewness = np.full(len(sums), np.nan)
    if variance > NARROWEST:
        slope = 1.5 * float(third.sum() / total[0]) / variance**2.5
        skewness = cubed / variance**1.5 - slope * (second - variance * number)
    else:  # rounding
        second, cubed = np.zeros(len(sums)), np.zeros(len(sums))
    return Distribution(
        ratio_average(sums[:, 1] + origin * number, number),
        ratio_average(second, number),
        ratio_average(cubed, number),
        block_average(skewness) if np.isnan(skewness).all() else ratio_average(skewness, number),
    )
