"""Orders of subjects by one column: who is first, and which differences are decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem.arrays import Floats
from perovchem.errors import UsageError
from perovchem.evidence import HIGHER, LOWER, Evidence, Measured
from perovchem.rank_correlation import DRAWS, order_scores
from perovchem.result import DETAIL

COVERAGE: Final = 2.0
"""Standard uncertainties that a difference must exceed to be decided."""
OPEN, AS_GIVEN, DECIDED = 0, 1, 2
STATES: Final = {OPEN: "undecided", AS_GIVEN: "no uncertainty given", DECIDED: "decided"}
_DRAWN: Final = 200
"""Subjects up to which whole orders are drawn."""

ENTERS: Final = "enters"
STAYS_OUT: Final = "does not enter"
UNDECIDED: Final = "undecided"
OUTCOMES: Final[Mapping[str, float]] = {
    ENTERS: 1.0, "found": 1.0, STAYS_OUT: 0.0, "not found": 0.0, "stays out": 0.0,
    UNDECIDED: math.nan, "unclear": math.nan,
}  # fmt: skip
"""Words of verdicts and outcomes, as numbers; what is undecided has none."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as numbers that rank: higher is better.

    Attributes
    ----------
    name, unit : str
    subjects : tuple of str
        All that were asked about.
    values, errors : float64 (n,)
        Turned so that higher is better; NaN where there is none.
    bounds : int8 (n,)
        -1 where the (turned) true value lies below, 1 where above.
    turned : bool
        Whether the sign was changed.
    directed : bool
        Whether it points anywhere.
    words : bool
        Whether the values stand for words, which have no further uncertainty.
    ranks : bool
        Whether they are places in an order.
    """

    name: str
    unit: str
    subjects: tuple[str, ...]
    values: Floats
    errors: Floats
    bounds: NDArray[np.int8]
    turned: bool
    directed: bool
    words: bool
    ranks: bool

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which subjects have a value."""
        found: NDArray[np.bool_] = np.isfinite(self.values)
        return found

    def pairs(self, coverage: float) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Return of all pairs the sign (1: the first is better) and how sure it is, int8 (n, n) each."""
        known = self.known
        there = known[:, None] & known[None, :]
        signs = np.where(there, order_scores(np.where(known, self.values, 0.0), self.bounds), 0)
        around = self.uncertainty_of_differences
        with np.errstate(invalid="ignore"):
            far = np.abs(self.values[:, None] - self.values[None, :]) > coverage * around
        states = np.where(np.isnan(around), AS_GIVEN, np.where(far, DECIDED, OPEN))
        if self.words:
            states = np.full_like(states, DECIDED)
        states = np.where(signs == 0, OPEN, states)
        return signs.astype(np.int8), states.astype(np.int8)

    @property
    def uncertainty_of_differences(self) -> Floats:
        """Standard uncertainty of each difference, of independent errors: float64 (n, n)."""
        # a bound has no width of its own
        errors = np.where((self.bounds != 0) & np.isnan(self.errors), 0.0, self.errors)
        found: Floats = np.hypot(errors[:, None], errors[None, :])
        return found


def coded(column: Evidence | Measured, subjects: Sequence[str]) -> Coded:
    """Return a column as numbers of which higher is better.

    Words become 1 (that which is better), 0, and nothing where they are undecided.
    """
    better = column.better
    sign = -1.0 if better == LOWER else 1.0
    values = np.full(len(subjects), np.nan)
    for place, one in enumerate(subjects):
        value = column.values.get(one)
        if isinstance(value, str):
            values[place] = _of_word(value, better, column.name)
        elif value is not None:
            values[place] = sign * value
    bounds = [{"<": -1, ">": 1}.get(column.censored.get(one, ""), 0) for one in subjects]
    return Coded(
        name=column.name,
        unit=column.unit,
        subjects=tuple(subjects),
        values=values,
        errors=np.array([column.errors.get(one, math.nan) for one in subjects], dtype=np.float64),
        bounds=np.array(bounds, dtype=np.int8) * np.int8(sign),
        turned=sign < 0,
        directed=bool(better),
        words=column.words,
        ranks=isinstance(column, Measured) and column.ranks,
    )


def _of_word(word: str, better: str, name: str) -> float:
    """Return what a verdict counts."""
    plain = word.lower()
    if plain in OUTCOMES:
        value = OUTCOMES[plain]
        # "does not enter" may be what is wanted
        return 1.0 - value if better in OUTCOMES and OUTCOMES[better] == 0.0 else value
    if better in ("", LOWER, HIGHER) or better in OUTCOMES:
        raise UsageError(
            f"{word!r} of {name!r} has no rank",
            fix='give numbers or ranks; of verdicts "enters", "does not enter", "not found" or "undecided"',
        )
    return 1.0 if plain == better.lower() else 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """From one subject of an order to the next.

    Attributes
    ----------
    better, worse : str
    difference : float
        Value of the worse less that of the better, in the unit of the column.
    uncertainty : float
        Standard uncertainty of it, NaN where unknown.
    state : str
        "decided" beyond so many standard uncertainties, "undecided", or "no uncertainty given".
    """

    better: str
    worse: str
    difference: float
    uncertainty: float
    state: str


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """The order of subjects by one column.

    Attributes
    ----------
    name : str
    directed : bool
        Whether it says who is better; else the order only runs from the highest value down.
    order : tuple of str
        From best to worst; ties in the order of the subjects.
    ranks : mapping of str to float
        1 is best, ties share the mean.
    first : tuple of str
        The best, several where they tie.
    steps : tuple of Step
        Between neighbors in the order.
    order_kept, first_kept : float
        Fraction of draws within the uncertainties that have this very order, this first; NaN without uncertainties.
    without_value : tuple of str
        Subjects that have none.
    without_uncertainty : int
        Values without one.
    """

    name: str
    directed: bool
    order: tuple[str, ...]
    ranks: Mapping[str, float]
    first: tuple[str, ...]
    steps: tuple[Step, ...]
    order_kept: float
    first_kept: float
    without_value: tuple[str, ...]
    without_uncertainty: int
    column: Coded = field(metadata=DETAIL)
    signs: NDArray[np.int8] = field(metadata=DETAIL)
    states: NDArray[np.int8] = field(metadata=DETAIL)

    def between(self, one: str, other: str) -> tuple[int, str]:
        """Return the sign of a pair (1: the first is better) and how sure it is."""
        i, j = self.column.subjects.index(one), self.column.subjects.index(other)
        return int(self.signs[i, j]), STATES[int(self.states[i, j])]

    def difference(self, one: str, other: str) -> tuple[float, float]:
        """Return value of the one less that of the other, in the unit and sense of the column; its uncertainty."""
        i, j = self.column.subjects.index(one), self.column.subjects.index(other)
        sense = -1.0 if self.column.turned else 1.0
        values = self.column.values
        return float(sense * (values[i] - values[j])), float(self.column.uncertainty_of_differences[i, j])


def ranking(column: Coded, *, coverage: float = COVERAGE, draws: int = DRAWS, seed: int = 0) -> Ranking:
    """Return the order of the subjects by a column.

    Parameters
    ----------
    column : Coded
    coverage : float
        Standard uncertainties that a difference must exceed to be decided.
    draws, seed : int
        Of values within their uncertainties.
    """
    signs, states = column.pairs(coverage)
    known = column.known
    places = np.nonzero(known)[0]
    scores = signs[np.ix_(places, places)].astype(np.int64).sum(1)
    ranks = (len(places) + 1) / 2 - scores / 2
    order = places[np.argsort(ranks, kind="stable")]
    at = dict(zip(places.tolist(), ranks.tolist(), strict=True))
    # those that no other is known to be better than
    first = [place for place in order.tolist() if at[place] == min(at.values())]
    subjects = column.subjects
    found = Ranking(
        name=column.name,
        directed=column.directed,
        order=tuple(subjects[place] for place in order),
        ranks={subjects[place]: at[place] for place in order.tolist()},
        first=tuple(subjects[place] for place in first),
        steps=(),
        order_kept=math.nan,
        first_kept=math.nan,
        without_value=tuple(one for one, there in zip(subjects, known, strict=True) if not there),
        without_uncertainty=0
        if column.words
        else int((known & (column.bounds == 0) & np.isnan(column.errors)).sum()),
        column=column,
        signs=signs,
        states=states,
    )
    steps = []
    for one, other in zip(found.order, found.order[1:], strict=False):
        difference, uncertainty = found.difference(other, one)
        steps.append(Step(one, other, difference, uncertainty, found.between(one, other)[1]))
    kept = _kept(column, order, draws, seed)
    return replace(found, steps=tuple(steps), order_kept=kept[0], first_kept=kept[1])


def _kept(column: Coded, order: NDArray[np.int64], draws: int, seed: int) -> tuple[float, float]:
    """Return the part of draws that have this order, and this first; NaN where subjects tie."""
    errors = column.errors[order]
    n = len(order)
    tied = (np.diff(column.values[order]) == 0).any() or (column.bounds[order] != 0).any()
    if n < 2 or n > _DRAWN or column.words or tied or not (errors > 0).any():
        return math.nan, math.nan
    generator = np.random.default_rng(seed)
    width = np.where(errors > 0, errors, 0.0)
    drawn = column.values[order] + width * generator.standard_normal((draws, n))
    same_order = (np.diff(drawn, axis=1) < 0).all(axis=1)
    return float(same_order.mean()), float((drawn.argmax(axis=1) == 0).mean())
