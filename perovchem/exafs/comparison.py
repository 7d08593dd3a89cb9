"""Which of two runs has the shorter bonds: a difference with its error, and whether it is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from perovchem.exafs.result import Exafs, PairSignal
from perovchem.uncertainty import BlockAverage

DECIDING: Final = 2.0
"""Standard errors that a difference must exceed."""
_WORDS: Final[Mapping[str, str]] = {
    "mean_distance": "mean distance",
    "effective_distance": "effective distance",
    "peak_uncorrected": "peak of |χ(R)| without phase correction",
}
MEASURES: Final[Mapping[str, Callable[[PairSignal], BlockAverage | None]]] = {
    "mean_distance": lambda one: one.shell.real.mean_distance,
    "effective_distance": lambda one: one.shell.effective.mean_distance,
    "peak_uncorrected": lambda one: one.uncorrected.highest.position if one.uncorrected.highest else None,
}
"""Three answers to how long a bond is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much longer a bond is in one run than in another.

    Attributes
    ----------
    pair, measure : str
        "Pb-I"; "mean_distance", "effective_distance" or "peak_uncorrected".
    one, other : str
        Labels of the runs.
    value : float
        In ``one`` less in ``other``, Å.
    standard_error : float
        Å; NaN where either has none.
    converged : bool
        False where either error is only a lower bound.
    verdict : str
        "shorter", "longer" or "undecided", of ``one``.
    """

    pair: str
    measure: str
    one: str
    other: str
    value: float
    standard_error: float
    converged: bool
    verdict: str

    @property
    def sentence(self) -> str:
        """The difference in words, with why it is undecided."""
        size = f"{self.value:+.3f}"
        size += f" ± {self.standard_error:.3f} Å" if self.standard_error >= 0 else " Å"
        said = f"{self.pair}, {_WORDS[self.measure]}: {self.one} less {self.other} is {size}"
        if self.verdict != "undecided":
            return f"{said}: {self.verdict} in {self.one}"
        if not self.standard_error >= 0:
            return f"{said}: undecided, without an error"
        if abs(self.value) <= DECIDING * self.standard_error:
            return f"{said}: undecided, within {DECIDING:g} standard errors"
        return f"{said}: undecided, as an error is only a lower bound"


def bond_differences(results: Mapping[str, Exafs]) -> tuple[Difference, ...]:
    """Compare the bonds of every later run with those of the first.

    A difference is decided where it exceeds twice its standard error and both errors have converged, for effective
    distances and peaks also those of the mean distances. What it means is
    another question: runs of unlike density, or one run each from one start, differ by more than their solvents.

    Parameters
    ----------
    results : mapping of str to Exafs
        Label to result, with shared cutoffs.
    """
    first, *others = results
    return tuple(
        _difference(results, pair, measure, first, other)
        for other in others
        for pair in results[first].pairs
        if pair in results[other].pairs
        for measure in MEASURES
    )


def _difference(results: Mapping[str, Exafs], pair: str, measure: str, one: str, other: str) -> Difference:
    first, second = (MEASURES[measure](results[label].pairs[pair]) for label in (one, other))
    if first is None or second is None:
        return Difference(pair, measure, one, other, math.nan, math.nan, False, "undecided")
    value = first.mean - second.mean
    error = math.hypot(first.standard_error, second.standard_error)
    # a peak knows no more of slow changes than its shell does
    shells = (results[label].pairs[pair].shell.real.mean_distance for label in (one, other))
    converged = first.converged and second.converged and all(shell.converged for shell in shells)
    decided = converged and abs(value) > DECIDING * error
    verdict = ("shorter" if value < 0 else "longer") if decided else "undecided"
    return Difference(pair, measure, one, other, value, error, converged, verdict)
