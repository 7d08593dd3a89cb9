"""Rank correlations: against scipy, brute force, published tables and algebra."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from validation import algebra, implementation, published, twin

from perovchem.errors import UsageError
from perovchem.rank_correlation import ENUMERATED, holm, rank_correlation

SMALL = st.integers(0, 4)


def intervals(values: Sequence[float], bounds: Sequence[str]) -> list[tuple[float, float, bool]]:
    """The set that each value may lie in: from, to, and whether it is a single point."""
    kinds = {
        "": lambda v: (v, v, True),
        "<": lambda v: (-math.inf, v, False),
        ">": lambda v: (v, math.inf, False),
    }
    return [kinds[bound](value) for value, bound in zip(values, bounds, strict=True)]


def sign(one: tuple[float, float, bool], other: tuple[float, float, bool]) -> int:
    """1 where all of the one lies above all of the other; open ends do not touch."""
    if one[0] > other[1] or (one[0] == other[1] and not (one[2] and other[2])):
        return 1
    if other[0] > one[1] or (other[0] == one[1] and not (one[2] and other[2])):
        return -1
    return 0


def slow(
    x: Sequence[float], y: Sequence[float], x_bounds: Sequence[str], y_bounds: Sequence[str], kind: str
) -> tuple[float, Fraction, Fraction]:
    """Correlation, its exact two-sided p and the smallest one, pair by pair and order by order."""
    one, other = intervals(x, x_bounds), intervals(y, y_bounds)
    n = len(x)

    def of(order: Sequence[int]) -> tuple[int, int, int]:
        moved = [other[k] for k in order]
        if kind == "tau":
            pairs = [(sign(one[i], one[j]), sign(moved[i], moved[j])) for i in range(n) for j in range(n)]
        else:
            pairs = [
                (sum(sign(one[i], a) for a in one), sum(sign(moved[i], a) for a in moved)) for i in range(n)
            ]
        return (
            sum(a * b for a, b in pairs),
            sum(a * a for a, _ in pairs),
            sum(b * b for _, b in pairs),
        )

    here, a, b = of(range(n))
    if a == 0 or b == 0:
        return math.nan, Fraction(0), Fraction(0)
    sums = [abs(of(order)[0]) for order in itertools.permutations(range(n))]
    extreme = Fraction(sum(one >= abs(here) for one in sums), len(sums))
    return here / math.sqrt(a * b), extreme, Fraction(sums.count(max(sums)), len(sums))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(SMALL, SMALL, st.sampled_from(["", "", "<", ">"]), st.sampled_from(["", "", "<"])),
             min_size=2, max_size=5)
)  # fmt: skip
def test_against_brute_force_with_ties_and_bounds(drawn: list[tuple[int, int, str, str]]) -> None:
    x, y, x_bounds, y_bounds = zip(*drawn, strict=True)
    found = rank_correlation(x, y, x_bounds=x_bounds, y_bounds=y_bounds)
    for kind in ("rho", "tau"):
        value, p, smallest = slow(x, y, x_bounds, y_bounds, kind)
        one = getattr(found, kind)
        if math.isnan(value):
            assert math.isnan(one.value) and math.isnan(one.p)
            continue
        assert one.value == pytest.approx(value, abs=1e-12)
        assert one.p == pytest.approx(float(p), abs=1e-12)
        assert one.smallest_p == pytest.approx(float(smallest), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SMALL, SMALL), min_size=3, max_size=30))
def test_values_are_those_of_scipy(drawn: list[tuple[int, int]]) -> None:
    x, y = (np.array(part, dtype=float) for part in zip(*drawn, strict=True))
    if len(set(x)) < 2 or len(set(y)) < 2:
        return
    found = rank_correlation(x, y, draws=0)
    assert found.tau.value == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert found.rho.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 8, ENUMERATED, ENUMERATED + 1, 14])
def test_exact_p_of_tau_is_that_of_scipy(n: int, validate) -> None:
    generator = np.random.default_rng(n)
    x = generator.permutation(n).astype(float)
    y = x + generator.normal(0, n / 3, n)
    found = rank_correlation(x, y)
    validate(
        "Conclusions", "exact p of Kendall's tau", f"n = {n}, no ties", ours=found.tau.p,
        truth=stats.kendalltau(x, y, method="exact").pvalue, relative=1e-9,
        source=implementation("scipy", "kendalltau(method='exact')"),
    )  # fmt: skip
    assert found.tau.p_standard_error == 0


def test_exact_p_of_rho_is_that_of_scipys_permutation_test() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    y = np.array([2.0, 1.0, 3.0, 3.0, 7.0, 5.0, 6.0])
    ranks = stats.rankdata(y)
    theirs = stats.permutation_test(
        (x,), lambda order: np.abs(stats.pearsonr(order, ranks).statistic), permutation_type="pairings",
        n_resamples=np.inf, alternative="greater",
    )  # fmt: skip
    assert rank_correlation(x, y).rho.p == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "p"), [(2, 1.0), (3, 1 / 3), (4, 1 / 12), (5, 1 / 60), (6, 1 / 360), (9, 2 / math.factorial(9))]
)
def test_perfect_order(n: int, p: float, validate) -> None:
    found = rank_correlation(range(n), [value**3 for value in range(n)])
    validate(
        "Conclusions", "exact p of Kendall's tau", f"{n} subjects in perfect order", ours=found.tau.p, truth=p,
        relative=1e-12, source=algebra("2 of n! orders"),
    )  # fmt: skip
    assert found.rho.p == pytest.approx(p) and found.rho.value == found.tau.value == 1
    assert found.tau.can_be_significant == (n >= 5)
    assert found.tau.smallest_p == pytest.approx(p)


@pytest.mark.parametrize(
    ("n", "inversions", "orders"), [(4, 1, 4), (5, 1, 5), (8, 6, 1230), (9, 8, 8095), (10, 11, 84_592)]
)
def test_tail_by_counted_inversions(n: int, inversions: int, orders: int, validate) -> None:
    """So many of n! orders have at most so many inversions: partial sums of the Mahonian numbers (OEIS A008302)."""
    order = list(range(n))
    left = inversions
    for start in range(n):  # carry the last subject to the front, then the next, one neighbor at a time
        for at in range(n - 1, start, -1):
            if left:
                order[at - 1], order[at] = order[at], order[at - 1]
                left -= 1
    found = rank_correlation(range(n), order)
    assert found.tau.value == pytest.approx(1 - 4 * inversions / (n * (n - 1)))
    validate(
        "Conclusions", "exact p of Kendall's tau", f"n = {n}, {inversions} of {n * (n - 1) // 2} pairs inverted",
        ours=found.tau.p, truth=2 * orders / math.factorial(n), relative=1e-12,
        source=algebra("partial sums of the Mahonian numbers, twice"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "critical"), [(4, 1.0), (5, 0.8), (6, 0.733), (7, 0.619), (8, 0.571), (9, 0.5), (10, 0.467)]
)
def test_critical_values_of_a_textbook(n: int, critical: float, validate) -> None:
    """The smallest tau with a one-sided p of at most 5 %."""
    pairs = n * (n - 1) // 2
    found = math.nan
    for inversions in range(pairs // 2):
        order = list(range(n))
        left = inversions
        for start in range(n):
            for at in range(n - 1, start, -1):
                if left:
                    order[at - 1], order[at] = order[at], order[at - 1]
                    left -= 1
        tau = rank_correlation(range(n), order, draws=0).tau
        if tau.p / 2 > 0.05:
            break
        found = tau.value
    validate(
        "Conclusions", "critical value of Kendall's tau", f"n = {n}, one-sided 5 %", ours=found, truth=critical,
        absolute=0.0005, source=published("Daniel, Applied Nonparametric Statistics, table of Kendall's tau"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "distances", "tail"), [(4, 2, 0.167), (5, 2, 0.042), (6, 6, 0.029), (7, 12, 0.024)]
)
def test_spearmans_exact_tail(n: int, distances: int, tail: float) -> None:
    """Table of exact one-sided probabilities of the sum of squared rank differences (Olds 1938)."""
    every = [
        sum((a - b) ** 2 for a, b in zip(order, range(n), strict=True))
        for order in itertools.permutations(range(n))
    ]
    order = next(
        order
        for order in itertools.permutations(range(n))
        if sum((a - b) ** 2 for a, b in zip(order, range(n), strict=True)) == distances
    )
    counted = sum(one <= distances for one in every) / len(every)
    assert counted == pytest.approx(tail, abs=0.0006)
    assert rank_correlation(range(n), order).rho.p == pytest.approx(2 * counted)


def test_two_groups_are_fishers_exact_test(validate) -> None:
    """Of two groups and two outcomes tau's permutation test is Fisher's, one-sided."""
    x = [1, 1, 1, 1, 0, 0, 0, 0]
    y = [1, 1, 1, 0, 0, 0, 0, 1]
    theirs = stats.fisher_exact([[3, 1], [1, 3]]).pvalue  # symmetric margins: both sides are alike
    validate(
        "Conclusions", "exact p of Kendall's tau", "two groups of four, two outcomes", ours=rank_correlation(x, y).tau.p,
        truth=theirs, relative=1e-9, source=implementation("scipy", "fisher_exact"),
    )  # fmt: skip


def test_random_orders_tell_their_error(validate) -> None:
    generator = np.random.default_rng(3)
    x = np.round(generator.normal(size=12))
    y = x + np.round(generator.normal(0, 2, size=12))
    found = rank_correlation(x, y)
    theirs = stats.permutation_test(
        (x,), lambda order: np.abs(stats.kendalltau(order, y).statistic), permutation_type="pairings",
        n_resamples=4000, alternative="greater", vectorized=False, rng=np.random.default_rng(1),
    )  # fmt: skip
    spread = math.hypot(found.tau.p_standard_error, math.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 4000))
    assert found.tau.p_standard_error > 0
    validate(
        "Conclusions", "p of Kendall's tau from random orders", "12 subjects with ties", ours=found.tau.p,
        truth=theirs.pvalue, absolute=4 * spread, source=implementation("scipy", "permutation_test, 4000 resamples"),
    )  # fmt: skip


def test_smallest_p_of_many_with_ties_is_counted_not_guessed() -> None:
    """One subject of 12 differs: the best that it can do is 1 of 12 places, on both sides."""
    x = [1.0] + [0.0] * 11
    found = rank_correlation(x, np.arange(12.0))
    assert found.rho.smallest_p == pytest.approx(2 / 12)
    assert not found.rho.can_be_significant
    # and 5 of 10 against 5 of 10 is known to the enumeration
    groups = [0] * 5 + [1] * 5
    assert rank_correlation(groups, groups).rho.smallest_p == pytest.approx(2 / math.comb(10, 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SMALL, SMALL), min_size=2, max_size=7), st.randoms(use_true_random=False))
def test_order_of_subjects_units_and_monotone_maps_change_nothing(drawn: Any, random: Any) -> None:
    x, y = map(list, zip(*drawn, strict=True))
    before = rank_correlation(x, y)
    order = list(range(len(x)))
    random.shuffle(order)
    for new in (
        rank_correlation([x[k] for k in order], [y[k] for k in order]),
        rank_correlation([96.485 * value for value in x], y),
        rank_correlation([math.exp(value) for value in x], [value**3 for value in y]),
        rank_correlation(y, x),
    ):
        for kind in ("rho", "tau"):
            one, other = getattr(new, kind), getattr(before, kind)
            for name in ("value", "p", "smallest_p"):
                assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12, nan_ok=True)
    turned = rank_correlation([-value for value in x], y)
    assert turned.tau.value == pytest.approx(-before.tau.value, abs=1e-12, nan_ok=True)
    assert turned.tau.p == pytest.approx(before.tau.p, nan_ok=True)


def test_uncertainties_of_two_subjects(validate) -> None:
    """The order of two values is kept with the probability that their difference keeps its sign."""
    found = rank_correlation([0.0, 1.0], [0.0, 1.0], x_errors=[0.6, 0.8], draws=40_000)
    truth = stats.norm.cdf(1.0)  # a difference of 1 with a standard uncertainty of 1
    validate(
        "Conclusions", "part of draws in which tau keeps its sign", "two values, one standard uncertainty apart",
        ours=found.tau.sign_kept, truth=truth, absolute=4 * math.sqrt(truth * (1 - truth) / 40_000),
        source=algebra("Φ(1)"),
    )  # fmt: skip
    assert math.isnan(rank_correlation([0.0, 1.0], [0.0, 1.0]).tau.sign_kept)
    assert rank_correlation([0.0, 1.0], [0.0, 1.0], x_errors=[0.0, 0.0]).exact == 2


def test_bounds_order_what_they_order() -> None:
    found = rank_correlation([1, 2, 3], [0.5, 0.5, 2.0], y_bounds=["<", "", ""])
    assert found.tau.value == 1 and found.ties == 0  # below .5 is less than .5
    crossed = rank_correlation([1, 2, 3], [0.5, 0.3, 2.0], y_bounds=["<", "", ""])
    assert crossed.ties == 1  # "< .5" and .3: open


def test_missing_values_are_left_out_and_one_subject_has_no_order() -> None:
    found = rank_correlation([1, math.nan, 3, 4], [1, 2, 3, math.nan])
    assert found.n == 2 and found.tau.value == 1
    assert math.isnan(rank_correlation([1.0], [2.0]).tau.value)
    assert math.isnan(rank_correlation([], []).rho.value)
    assert math.isnan(rank_correlation([1, 1, 1], [1, 2, 3]).rho.p)


def test_holm_against_the_definition() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        p = generator.random(int(generator.integers(1, 7)))
        slow_holm = [min(1.0, max((sum(other >= q for other in p)) * q for q in p if q <= own)) for own in p]
        np.testing.assert_allclose(holm(p.tolist()), slow_holm)
    assert math.isnan(holm([math.nan, 0.01])[0]) and holm([math.nan, 0.01])[1] == 0.01


def test_many_subjects_are_done_in_seconds() -> None:
    generator = np.random.default_rng(0)
    x = np.round(generator.normal(size=400), 1)
    found = rank_correlation(x, x + generator.normal(size=400), x_errors=np.full(400, 0.1))
    assert 0 < found.tau.p < 0.01 and found.tau.sign_kept == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"y": [1, 2]}, "2 values"),
        ({"x": [1, math.inf, 2]}, "finite"),
        ({"x_errors": [1, -1, 2]}, "0 or above"),
        ({"x_errors": [1]}, "do not fit"),
        ({"x_bounds": ["<", "", "≈"]}, "neither"),
    ],
)
def test_refusals(options: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"x": [1, 2, 3], "y": [1, 2, 3], **options}
    with pytest.raises(UsageError, match=words):
        rank_correlation(arguments.pop("x"), arguments.pop("y"), **arguments)


def test_the_twin_agrees_with_itself(validate) -> None:
    """Seven subjects with ties and bounds, all 5040 orders in plain Python."""
    x, y = [1, 2, 2, 3, 4, 5, 5], [0.5, 0.2, 0.7, 0.7, 1.0, 3.0, 2.0]
    bounds = ["<", "", "", "", "", ">", ""]
    value, p, _ = slow(x, y, [""] * 7, bounds, "tau")
    found = rank_correlation(x, y, y_bounds=bounds)
    validate(
        "Conclusions", "exact p of Kendall's tau", "7 subjects with ties and bounds", ours=found.tau.p, truth=float(p),
        relative=1e-12, source=twin("all 5040 orders, pair by pair"),
    )  # fmt: skip
    assert found.tau.value == pytest.approx(value)
