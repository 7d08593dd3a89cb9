"""Rank correlations of few subjects: exact p-values, ties, bounds, and what uncertainties leave of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perovchem.arrays import Floats
from perovchem.errors import UsageError

LEVEL: Final = 0.05
"""Two-sided p below which a correlation is called significant."""
ENUMERATED: Final = 10
"""Subjects up to which every order is visited."""
RESAMPLES: Final = 99_999
"""Random orders where there are too many to visit each, at most."""
DRAWS: Final = 4000
"""Draws within the uncertainties, at most."""
_WORK: Final = 2e8
"""Pairs that random orders may visit; drawing, a tenth of that."""

_Scores = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RankStatistic:
    r"""A rank correlation, its two-sided p-value under all orders, and what uncertainties leave of it.

    Attributes
    ----------
    value : float
        Between -1 and 1; NaN where one side has no order at all.
    p : float
        Fraction of all orders with a correlation at least as large in size.
    p_standard_error : float
        0 where every order was counted; else that of the random orders.
    smallest_p : float
        That a perfect correlation would have, with as many subjects and these ties.
    method : str
        How p was found.
    sign_kept : float
        Fraction of draws within the standard uncertainties in which it keeps its sign; NaN where there are none.
    low, high : float
        Between which the middle 95 % of the draws lie.
    """

    value: float
    p: float = math.nan
    p_standard_error: float = 0.0
    smallest_p: float = math.nan
    method: str = ""
    sign_kept: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @property
    def can_be_significant(self) -> bool:
        """Whether any outcome could have had p below 5 %."""
        return self.smallest_p <= LEVEL


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    r"""Spearman's rho and Kendall's tau-b of two columns over the same subjects.

    Attributes
    ----------
    n : int
        Subjects with both values.
    rho, tau : RankStatistic
    ties : int
        Pairs of subjects that one column or both cannot order.
    exact : int
        Subjects of which at least one value has no stated uncertainty (it is taken as it is).
    """

    n: int
    rho: RankStatistic
    tau: RankStatistic
    ties: int
    exact: int


def rank_correlation(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_errors: ArrayLike | None = None,
    y_errors: ArrayLike | None = None,
    x_bounds: Sequence[str] | None = None,
    y_bounds: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> RankCorrelation:
    r"""Return rank correlations with exact p-values.

    Both follow from the signs :math:`s_{ij}` of all differences, 0 for ties and for pairs that bounds leave open
    (Daniels [1]_): :math:`\tau_b = \sum s^x s^y / \sqrt{\sum (s^x)^2 \sum (s^y)^2}` (Kendall [2]_), and :math:`\rho` is
    Pearson's correlation of the ranks :math:`\frac{1}{2} \sum_j s_{ij}`, which are Spearman's (mid)ranks where nothing
    is bounded. With up to 10 subjects p counts all orders of the data as they are, ties included; beyond, tau without
    ties is counted exactly, and all else from random orders, with the standard error of that.

    Parameters
    ----------
    x, y : float (n,)
        In any units. Subjects with a NaN in either are left out.
    x_errors, y_errors : float (n,), optional
        Standard uncertainties, NaN where unknown; of independent normal errors.
    x_bounds, y_bounds : sequence of str, optional
        "<" or ">" where a value is only a bound, "" elsewhere.
    draws : int
        Of values within their uncertainties; fewer where there are very many subjects.
    seed : int

    Returns
    -------
    RankCorrelation

    Raises
    ------
    UsageError
        If the columns differ in length or a bound is none.

    References
    ----------
    .. [1] Daniels 1944, doi 10.1093/biomet/33.2.129.
    .. [2] Kendall 1945, doi 10.1093/biomet/33.3.239.

    Examples
    --------
    >>> found = rank_correlation([1, 2, 3, 4, 5], [2, 3, 5, 7, 11])
    >>> found.tau.value, round(found.tau.p * 60, 9)
    (1.0, 1.0)
    >>> few = rank_correlation([1, 2, 3], [1, 2, 3])
    >>> few.rho.can_be_significant, round(few.rho.smallest_p, 3)
    (False, 0.333)
    """
    first, second = _column(x, x_errors, x_bounds), _column(y, y_errors, y_bounds)
    if len(first.values) != len(second.values):
        raise UsageError(
            f"columns of {len(first.values)} and {len(second.values)} values",
            fix="give one value per subject",
        )
    both = np.isfinite(first.values) & np.isfinite(second.values)
    first, second = first.of(both), second.of(both)
    n = len(first.values)
    scores = order_scores(first.values, first.bounds), order_scores(second.values, second.bounds)
    rho, tau = _values(*(score[None] for score in scores))
    kept = _within_uncertainties(first, second, (float(rho[0]), float(tau[0])), draws, seed)
    open_pairs = (scores[0] == 0) | (scores[1] == 0)
    return RankCorrelation(
        n=n,
        rho=_statistic("rho", float(rho[0]), scores, seed, kept[0]),
        tau=_statistic("tau", float(tau[0]), scores, seed, kept[1]),
        ties=int(np.triu(open_pairs, 1).sum()),
        exact=int((np.isnan(first.errors) | np.isnan(second.errors)).sum()),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for testing them all (Holm 1979, https://www.jstor.org/stable/4615733).

    Those that are NaN are no tests, and stay NaN.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for smaller, (p, place) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - smaller)))
        adjusted[place] = largest
    return adjusted


def order_scores(values: Floats, bounds: NDArray[np.int8]) -> _Scores:
    """Return the sign of every difference: 1 where the first is above the second, 0 where that is open.

    Parameters
    ----------
    values : float64 (..., n)
    bounds : int8 (n,)
        -1 where the true value is below, 1 where it is above the given one.

    Returns
    -------
    int64 (..., n, n)
        Antisymmetric.
    """
    low = np.where(bounds == -1, -np.inf, values)
    high = np.where(bounds == 1, np.inf, values)
    one, other = low[..., :, None], high[..., None, :]
    # a bound is strict: what is "< .5" lies below what is .5
    strict = (bounds[:, None] == 1) | (bounds[None, :] == -1)
    above = (one > other) | ((one == other) & strict)
    found: _Scores = above.astype(np.int64) - np.swapaxes(above, -1, -2).astype(np.int64)
    return found


# --- p-values ----------------------------------------------------------------------------------------------------


def _statistic(
    kind: str, value: float, scores: tuple[_Scores, _Scores], seed: int, kept: tuple[float, float, float]
) -> RankStatistic:
    """Return a correlation with its p-value."""
    if math.isnan(value):
        return RankStatistic(value)
    one, other = map(_sorted_scores, scores)
    n = len(one)
    observed = _sum(kind, *scores)
    if n <= ENUMERATED:
        sums, counts = _distribution(kind, one.tobytes(), other.tobytes(), n)
        orders = math.factorial(n)
        p = float(counts[np.abs(sums) >= abs(observed)].sum() / orders)
        smallest = float(counts[np.abs(sums) == np.abs(sums).max()].sum() / orders)
        return RankStatistic(value, p, 0.0, smallest, f"all {orders} orders", *kept)
    smallest = _smallest(one, other)
    if kind == "tau" and all((np.abs(score).sum() == n * (n - 1)) for score in scores):
        from scipy.stats import kendalltau

        ranks = [score.sum(1) for score in scores]
        p = float(kendalltau(*ranks, method="exact").pvalue)
        return RankStatistic(value, p, 0.0, smallest, "all orders, counted by recursion", *kept)
    extreme, resamples = _resampled(kind, one, other, abs(observed), seed)
    p = (extreme + 1) / (resamples + 1)
    error = math.sqrt(p * (1 - p) / resamples)
    return RankStatistic(value, p, error, smallest, f"{resamples} random orders", *kept)


def _sorted_scores(scores: _Scores) -> NDArray[np.int8]:
    """Return scores with the subjects by rank: all columns with the same ties then look alike."""
    order = np.argsort(scores.sum(1), kind="stable")
    found: NDArray[np.int8] = scores[np.ix_(order, order)].astype(np.int8)
    return found


def _sum(kind: str, one: NDArray[Any], other: NDArray[Any]) -> int:
    """Return the whole number that a correlation is proportional to under all orders."""
    if kind == "tau":
        return int((one.astype(np.int64) * other).sum()) // 2
    return int((one.sum(1, dtype=np.int64) * other.sum(1, dtype=np.int64)).sum())


@lru_cache(maxsize=64)
def _distribution(kind: str, one: bytes, other: bytes, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sums that occur among all orders of the second column, and how often each does."""
    first = np.frombuffer(one, dtype=np.int8).reshape(n, n)
    second = np.frombuffer(other, dtype=np.int8).reshape(n, n)
    counts: dict[int, int] = {}
    ranks = first.sum(1, dtype=np.int16), second.sum(1, dtype=np.int16)
    for orders in _orders(n):
        sums = np.zeros(len(orders), dtype=np.int16)
        places = np.ascontiguousarray(orders.T)
        if kind == "tau":
            for i, j in zip(*np.nonzero(np.triu(first, 1)), strict=True):
                sums += first[i, j] * second.ravel()[places[i] * n + places[j]]
        else:
            for i in range(n):
                sums += ranks[0][i] * ranks[1][places[i]]
        for value, count in zip(*np.unique(sums, return_counts=True), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + int(count)
    values = np.array(sorted(counts), dtype=np.int64)
    return values, np.array([counts[int(value)] for value in values], dtype=np.int64)


def _orders(n: int) -> Iterator[NDArray[np.int8]]:
    """Yield all permutations of n subjects, those with one first subject at a time: int8 ((n - 1)!, n)."""
    rest = _permutations(n - 1)
    for first in range(n):
        others = np.delete(np.arange(n, dtype=np.int8), first)
        yield np.column_stack([np.full(len(rest), first, dtype=np.int8), others[rest]])


@cache
def _permutations(n: int) -> NDArray[np.int8]:
    """Return all permutations: int8 (n!, n)."""
    if n <= 0:
        return np.zeros((1, 0), dtype=np.int8)
    return np.concatenate(list(_orders(n)))


def _resampled(
    kind: str, one: NDArray[np.int8], other: NDArray[np.int8], observed: int, seed: int
) -> tuple[int, int]:
    """Return how many of how many random orders are at least as extreme."""
    n = len(one)
    resamples = RESAMPLES if kind == "rho" else int(min(RESAMPLES, max(999, _WORK / n**2)))
    generator = np.random.default_rng(seed)
    ranks = one.sum(1, dtype=np.int64), other.sum(1, dtype=np.int64)
    at = np.nonzero(np.triu(one, 1))
    extreme, chunk = 0, max(1, int(1e6 / (n if kind == "rho" else max(len(at[0]), 1))))
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        orders = generator.permuted(np.tile(np.arange(n), (size, 1)), axis=1)
        if kind == "rho":
            sums = ranks[1][orders] @ ranks[0]
        else:
            sums = other[orders[:, at[0]], orders[:, at[1]]].astype(np.int64) @ one[at].astype(np.int64)
        extreme += int((np.abs(sums) >= observed).sum())
    return extreme, resamples


def _smallest(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    """Return the p-value of a perfect order: the part of all orders in which tied groups lie alongside each other."""
    ranks = [score.sum(1, dtype=np.int64) for score in (one, other)]
    found: dict[int, float] = {}
    for mirrored in (1, -1):
        along = np.sort(mirrored * ranks[1])
        size = abs(int((np.sort(ranks[0]) * along).sum()))
        ways, start = sum(_log_factorial(many) for many in np.unique(along, return_counts=True)[1]), 0
        for many in np.unique(np.sort(ranks[0]), return_counts=True)[1]:
            inside = np.unique(along[start : start + many], return_counts=True)[1]
            ways += _log_factorial(many) - sum(map(_log_factorial, inside))
            start += many
        found[size] = found.get(size, 0.0) + math.exp(ways - _log_factorial(len(one)))
    return min(1.0, found[max(found)])


def _log_factorial(n: int) -> float:
    return math.lgamma(float(n) + 1)


# --- uncertainties -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    values: Floats
    errors: Floats
    bounds: NDArray[np.int8]

    def of(self, those: NDArray[np.bool_]) -> _Column:
        """Return some subjects of it."""
        return _Column(self.values[those], self.errors[those], self.bounds[those])


def _column(values: ArrayLike, errors: ArrayLike | None, bounds: Sequence[str] | None) -> _Column:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or np.isinf(numbers).any():
        raise UsageError(
            "a column is a list of finite numbers", fix="give one number per subject, NaN for none"
        )
    around = np.full(len(numbers), np.nan) if errors is None else np.asarray(errors, dtype=np.float64)
    signs = ["" for _ in numbers] if bounds is None else list(bounds)
    if around.shape != numbers.shape or len(signs) != len(numbers) or (around < 0).any():
        raise UsageError(
            "errors or bounds do not fit the values", fix="give one per value, errors 0 or above"
        )
    if not set(signs) <= {"", "<", ">"}:
        raise UsageError("a bound is neither < nor >", fix='write "<", ">" or ""')
    return _Column(
        numbers, around, np.array([{"<": -1, ">": 1, "": 0}[sign] for sign in signs], dtype=np.int8)
    )


def _values(one: _Scores, other: _Scores) -> tuple[Floats, Floats]:
    """Return rho and tau-b of scores (m, n, n) each; NaN where there is no order."""
    ranks = one.sum(-1), other.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = (ranks[0] * ranks[1]).sum(-1) / np.sqrt(
            (ranks[0] ** 2).sum(-1).astype(np.float64) * (ranks[1] ** 2).sum(-1)
        )
        tau = (one * other).sum((-1, -2)) / np.sqrt(
            (one**2).sum((-1, -2)).astype(np.float64) * (other**2).sum((-1, -2))
        )
    return rho, tau


def _within_uncertainties(
    one: _Column, other: _Column, observed: tuple[float, float], draws: int, seed: int
) -> list[tuple[float, float, float]]:
    """Return for rho and tau how often its sign is kept, and the middle 95 % of the draws."""
    n = len(one.values)
    nothing = (math.nan, math.nan, math.nan)
    if n < 2 or draws < 1 or not any((column.errors > 0).any() for column in (one, other)):
        return [nothing, nothing]
    draws = int(min(draws, max(100, _WORK / 10 / n**2)))
    generator = np.random.default_rng(seed)
    found: list[list[Floats]] = [[], []]
    chunk = max(1, int(2e6 / n**2))
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        scores = []
        for column in (one, other):
            # a bound has no width of its own
            width = np.where((column.bounds == 0) & (column.errors > 0), column.errors, 0.0)
            drawn = column.values + width * generator.standard_normal((size, n))
            scores.append(order_scores(drawn, column.bounds))
        for place, values in enumerate(_values(scores[0], scores[1])):
            found[place].append(values)
    kept = []
    for values, at in zip((np.concatenate(part) for part in found), observed, strict=True):
        defined = values[np.isfinite(values)]
        if not len(defined) or math.isnan(at):
            kept.append(nothing)
            continue
        same = float((np.sign(values) == np.sign(at)).mean()) if at else math.nan
        low, high = np.quantile(defined, [0.025, 0.975])
        kept.append((same, float(low), float(high)))
    return kept
