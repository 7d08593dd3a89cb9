"""Two columns over the same subjects: the pairs that both order alike or not, and their rank correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.rank_correlation import DRAWS, RankCorrelation, RankStatistic, holm, rank_correlation
from perovchem.ranking import DECIDED, OPEN, Coded, Ranking


@dataclass(frozen=True, slots=True)
class Pair:
    """Two subjects that two columns order.

    Attributes
    ----------
    one, other : str
        The first column puts the one before the other.
    sure : bool
        Whether both columns decide it beyond their uncertainties.
    """

    one: str
    other: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two columns over the subjects that both know, pair by pair.

    Attributes
    ----------
    first, second : str
        Names of the columns.
    n : int
        Subjects with both.
    same, opposite, undecided : int
        Pairs that both order alike; differently; and that one or both leave open.
    sure_same, sure_opposite : int
        Of the former, those beyond the uncertainties of both.
    opposites : tuple of Pair
        At most 20, sure ones first.
    """

    first: str
    second: str
    n: int
    same: int
    opposite: int
    undecided: int
    sure_same: int
    sure_opposite: int
    opposites: tuple[Pair, ...]


_LISTED: Final = 20


def agreement(one: Ranking, other: Ranking) -> Agreement:
    """Return where two orders agree and where not."""
    both = one.column.known & other.column.known
    there = np.triu(both[:, None] & both[None, :], 1)
    product = one.signs * other.signs
    open_pair = (one.states == OPEN) | (other.states == OPEN)
    sure = (one.states == DECIDED) & (other.states == DECIDED)
    same, opposite = there & ~open_pair & (product > 0), there & ~open_pair & (product < 0)
    listed = []
    places = np.argwhere(opposite)
    for i, j in sorted(places.tolist(), key=lambda pair: not sure[pair[0], pair[1]])[:_LISTED]:
        pair = (i, j) if one.signs[i, j] > 0 else (j, i)
        listed.append(Pair(one.column.subjects[pair[0]], one.column.subjects[pair[1]], bool(sure[i, j])))
    n = int(both.sum())
    return Agreement(
        first=one.name,
        second=other.name,
        n=n,
        same=int(same.sum()),
        opposite=int(opposite.sum()),
        undecided=n * (n - 1) // 2 - int(same.sum()) - int(opposite.sum()),
        sure_same=int((same & sure).sum()),
        sure_opposite=int((opposite & sure).sum()),
        opposites=tuple(listed),
    )


@dataclass(frozen=True, slots=True)
class Correlation:
    """A column of evidence against a measured one.

    Attributes
    ----------
    evidence, measured : str
        Names of the columns.
    directed : bool
        Whether +1 means "as the evidence says"; else that the higher value goes with the better outcome.
    correlation : RankCorrelation
    holm_rho, holm_tau : float
        p-values adjusted for all columns that were tested together (Holm 1979).
    tests : int
        How many those are.
    """

    evidence: str
    measured: str
    directed: bool
    correlation: RankCorrelation
    holm_rho: float
    holm_tau: float
    tests: int

    @property
    def n(self) -> int:
        """Subjects with both."""
        return self.correlation.n

    @property
    def rho(self) -> RankStatistic:
        """Spearman's."""
        return self.correlation.rho

    @property
    def tau(self) -> RankStatistic:
        """Kendall's."""
        return self.correlation.tau


def correlations(
    columns: Sequence[Coded], measured: Sequence[Coded], *, draws: int = DRAWS, seed: int = 0
) -> tuple[Correlation, ...]:
    """Return every column against every measured one, their p-values also adjusted for being so many."""
    signs = {-1: "<", 0: "", 1: ">"}
    found = []
    for truth in measured:
        for one in columns:
            correlation = rank_correlation(
                one.values,
                truth.values,
                x_errors=one.errors,
                y_errors=truth.errors,
                x_bounds=[signs[int(bound)] for bound in one.bounds],
                y_bounds=[signs[int(bound)] for bound in truth.bounds],
                draws=draws,
                seed=seed,
            )
            found.append((one, truth, correlation))
    rho = holm([correlation.rho.p for _, _, correlation in found])
    tau = holm([correlation.tau.p for _, _, correlation in found])
    tests = sum(not math.isnan(correlation.tau.p) for _, _, correlation in found)
    return tuple(
        Correlation(one.name, truth.name, one.directed, correlation, of_rho, of_tau, tests)
        for (one, truth, correlation), of_rho, of_tau in zip(found, rho, tau, strict=True)
    )
