"""Where a bond begins and where it is lost for good: two distances per pair of elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.cutoffs import BIN_WIDTH, SEARCH_RANGE, Cutoff
from perovchem.errors import UsageError, nearest
from perovchem.pairs import LONGEST_CUTOFF

DEFAULT_HYSTERESIS: Final = 0.5
"""Å from the cutoff of the shell to the product cutoff where no g(r) tells."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The two distances between which a bond keeps the state it had, and the cutoff of the shell between them.

    Attributes
    ----------
    reactant : float
        Å; nearer, a ligand is bound.
    cutoff : float
        Å; that of the shell.
    product : float
        Å; farther, a ligand that was bound is lost.
    source : str
        "given", or how they were found.
    """

    reactant: float
    cutoff: float
    product: float
    source: str


def thresholds(
    cutoffs: Mapping[str, Cutoff], hysteresis: float | Mapping[str, tuple[float, float]] | None
) -> dict[str, Thresholds]:
    """Return the thresholds of every pair: given, or from its g(r)."""
    if isinstance(hysteresis, Mapping):
        for name in hysteresis:
            if name not in cutoffs:
                raise UsageError(
                    f"a hysteresis is given for {name!r}, which is no pair here", fix=nearest(name, cutoffs)
                )
        return {
            name: _given(name, cutoff, *hysteresis[name]) if name in hysteresis else from_distribution(cutoff)
            for name, cutoff in cutoffs.items()
        }
    if hysteresis is None:
        return {name: from_distribution(cutoff) for name, cutoff in cutoffs.items()}
    return {
        name: _given(name, cutoff, cutoff.value, cutoff.value + float(hysteresis))
        for name, cutoff in cutoffs.items()
    }


def _given(name: str, cutoff: Cutoff, reactant: float, product: float) -> Thresholds:
    """Return given thresholds, checked."""
    if not 0 < reactant <= cutoff.value <= product <= LONGEST_CUTOFF:
        raise UsageError(
            f"{name} bound within {reactant:g} and lost beyond {product:g} Å",
            fix=f"give 0 < reactant <= cutoff of the shell ({cutoff.value:g} Å) <= product <= {LONGEST_CUTOFF:g}",
        )
    return Thresholds(float(reactant), cutoff.value, float(product), "given")


def from_distribution(cutoff: Cutoff) -> Thresholds:
    """Return the thresholds that g(r) shows, on either side of the minimum that the cutoff stands in.

    The reactant cutoff is where g(r), coming down from its first maximum, falls below 1, the product cutoff
    where it has risen to 1 again: between them the potential of mean force is above 0. Where the minimum is
    not below 1, or g(r) does not reach 1 again, the level is half of the way between the minimum and the
    maximum on that side (behind the cutoff: the highest value within 6 Å). Where it does not rise at all,
    and without a g(r), the product cutoff is .5 Å (ours) behind the cutoff, and without a g(r) the reactant
    cutoff is the cutoff.
    """
    r, g = cutoff.distances, cutoff.pair_distribution
    inside = r <= SEARCH_RANGE
    r, g = r[inside], g[inside]
    fallback = min(cutoff.value + DEFAULT_HYSTERESIS, LONGEST_CUTOFF)
    near = np.flatnonzero(r <= cutoff.value)
    far = np.flatnonzero(r > cutoff.value)
    if not len(near) or not len(far) or not g[near].max() > 0:
        why = f"bound within the cutoff, lost {DEFAULT_HYSTERESIS} Å behind it (no g(r) was measured)"
        return Thresholds(cutoff.value, cutoff.value, fallback, why)
    top = int(near[np.argmax(g[near])])
    lowest, highest = float(min(g[near[-1]], g[far[0]])), float(g[far].max())
    down = 1.0 if lowest < 1.0 < g[top] else (lowest + float(g[top])) / 2
    reactant = min(_crossing(r[top:], g[top:], down, falling=True), cutoff.value)
    inner = f"g(r) falls below {down:.2g} at {reactant:.2f} Å"
    up = 1.0 if lowest < 1.0 <= highest else (lowest + highest) / 2
    if highest > lowest:
        product = max(_crossing(r[far], g[far], up, falling=False), cutoff.value)
        return Thresholds(
            reactant, cutoff.value, product, f"{inner} and has risen to {up:.2g} at {product:.2f} Å"
        )
    why = f"{inner} and does not rise again to {SEARCH_RANGE:g} Å: {DEFAULT_HYSTERESIS} Å behind the cutoff"
    return Thresholds(reactant, cutoff.value, fallback, why)


def doubt(name: str, cutoff: Cutoff, limits: Thresholds) -> str:
    """Say so where g(r) stays above 1 between the shells, so that no barrier parts bound from lost; else ""."""
    around = np.flatnonzero(np.abs(cutoff.distances - cutoff.value) < BIN_WIDTH)
    if limits.source == "given" or not len(around):
        return ""
    lowest = float(cutoff.pair_distribution[around].min())
    if lowest < 1.0:
        return ""
    return (
        f"{name}: g(r) is still {lowest:.2g} at the cutoff of {limits.cutoff:.2f} Å: no gap parts bound from lost, and "
        f"rates and residence times hang on where they are said to be ({limits.reactant:.2f} and "
        f"{limits.product:.2f} Å; --hysteresis sets both)"
    )


def _crossing(r: Floats, g: Floats, level: float, *, falling: bool) -> float:
    """Return where g first crosses a level, between two bins; the last place if it never does."""
    beyond = np.flatnonzero(g < level if falling else g >= level)
    k = int(beyond[0]) if len(beyond) else len(g) - 1
    if k == 0 or g[k] == g[k - 1]:
        return float(r[k])
    return float(r[k - 1] + (level - g[k - 1]) / (g[k] - g[k - 1]) * (r[k] - r[k - 1]))
