"""Words of conclusions: numbers with their errors and units, orders, correlations, as a paper would print them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from perovchem.agreement import Correlation
from perovchem.evidence import Evidence, Measured
from perovchem.number_text import plus_minus
from perovchem.rank_correlation import LEVEL, RankStatistic
from perovchem.ranking import AS_GIVEN, DECIDED, OPEN, STATES, Ranking

_MOST: Final = 8
"""Names that a sentence lists."""
_SIGNS: Final = {STATES[DECIDED]: ">", STATES[AS_GIVEN]: ">", STATES[OPEN]: "≈"}
_SIZES: Final = ("smallest", "largest")
_EXTREMES: Final = {
    "Å": ("shortest", "longest"), "fs": ("shortest", "longest"), "ps": ("shortest", "longest"),
    "": _SIZES, "1": _SIZES, "%": _SIZES, "Å3": _SIZES, "Å2": _SIZES,
}  # fmt: skip

_BRACKETS: Final = re.compile(r"\([^()]*\)")


def number(value: float, error: float = math.nan, unit: str = "") -> str:
    """Return a number with two digits of its error, four digits where it has none, and its unit.

    Examples
    --------
    >>> number(-444.0, 3.0, "kJ/mol"), number(2.93e-3, unit="g/mL"), number(0.217, 0.042)
    ('-444.0 ± 3.0 kJ/mol', '0.00293 g/mL', '0.217 ± 0.042')
    """
    text = plus_minus(value, error, most=9, alone=".4g") or "no value"
    return f"{text}°" if unit in ("°", "degree") else f"{text} {unit}".strip()


def value_text(column: Evidence | Measured, subject: str) -> str:
    """Return what a column says of a subject."""
    value = column.values.get(subject)
    if value is None:
        return "no value"
    if isinstance(value, str):
        return value
    if isinstance(column, Measured) and column.ranks:
        return f"rank {value:g}"
    bound = column.censored.get(subject, "")
    if bound:
        return f"{bound} {number(value, unit=column.unit)}"
    return number(value, column.errors.get(subject, math.nan), column.unit)


def listed(names: Sequence[str], *, most: int = _MOST) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> listed(["MAI"]), listed(["MAI", "MABr", "MACl"])
    ('MAI', 'MAI, MABr and MACl')
    """
    shown = list(names)
    # a name with a comma in it would read as two
    comma = "; " if any(", " in _BRACKETS.sub("", name) for name in shown) else ", "
    last = "; and " if comma == "; " else " and "
    if len(shown) > most:
        return f"{comma.join(shown[:most])}{last}{len(shown) - most} more"
    return last.join([comma.join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def chain(ranking: Ranking) -> str:
    """Return an order with > where it is decided (or given without uncertainty) and ≈ where it is not.

    Of more than eight subjects the first five and the last.
    """
    steps = list(ranking.steps)
    if not steps:
        return listed(ranking.order)
    text = steps[0].better
    shown = steps if len(steps) < _MOST else steps[:4]
    for step in shown:
        text += f" {_SIGNS[step.state]} {step.worse}"
    return text if len(steps) < _MOST else f"{text} ... {steps[-1].worse} ({len(ranking.order)} in all)"


def difference(ranking: Ranking, one: str, other: str) -> str:
    """Return by how much the one lies above or below the other: "4.0 ± 4.2 kJ/mol higher"."""
    value, uncertainty = ranking.difference(one, other)
    if math.isnan(value):
        return "no difference known"
    if value == 0:
        return "equal"
    bounded = ranking.column.bounds[
        [ranking.column.subjects.index(one), ranking.column.subjects.index(other)]
    ].any()
    if ranking.column.words:
        return "by its word"
    if ranking.column.ranks:
        return f"{abs(value):g} place{'s' * (abs(value) != 1)} {'behind' if value > 0 else 'ahead'}"
    side = "higher" if value > 0 else "lower"
    if bounded:
        return side if ranking.between(one, other)[0] else "within its bound"
    return f"{number(abs(value), uncertainty, ranking.column.unit)} {side}"


def extreme(unit: str, *, high: bool) -> str:
    """Return "shortest", "largest", "lowest" ..., as fits a unit."""
    return _EXTREMES.get(unit, ("lowest", "highest"))[high]


def part(fraction: float) -> str:
    """Return a fraction of draws in words.

    Examples
    --------
    >>> part(1.0), part(0.998), part(0.834), part(0.0)
    ('all', 'over 99 %', '83 %', 'none')
    """
    if fraction in (0.0, 1.0):
        return "all" if fraction else "none"
    if fraction > 0.99:
        return "over 99 %"
    return "under 1 %" if fraction < 0.01 else f"{fraction:.0%}".replace("%", " %")


def probability(p: float, error: float = 0.0) -> str:
    """Return a p-value: two digits, with the standard error of random orders where it has one.

    Examples
    --------
    >>> probability(1 / 60), probability(3e-7), probability(0.0123, 0.0004)
    ('p = 0.017', 'p = 3.0e-07', 'p = 0.0123 ± 0.0004')
    """
    if error > 0:
        # no random order was as extreme, or one
        if p < 3 * error:
            return f"p < {p + 3 * error:.1g}"
        decimals = -math.floor(math.log10(error))
        return f"p = {p:.{decimals}f} ± {error:.{decimals}f}"
    return f"p = {p:.2g}" if 1e-4 <= p < 0.995 else f"p = {p:.1e}" if p < 1e-4 else "p = 1"


def statistics(found: Correlation) -> str:
    """Return both correlations with their p-values."""
    exact = "exact " if found.tau.p_standard_error == 0 == found.rho.p_standard_error else ""
    text = (
        f"Spearman ρ = {found.rho.value:+.2f} ({exact}{probability(found.rho.p, found.rho.p_standard_error)}), "
        f"Kendall τ = {found.tau.value:+.2f} ({exact}{probability(found.tau.p, found.tau.p_standard_error)})"
    )
    if found.tests > 1:
        adjusted = dict.fromkeys(probability(p) for p in (found.holm_rho, found.holm_tau))
        text += f"; for {found.tests} tests at once (Holm) {' and '.join(adjusted)}"
    return text


def significance(found: Correlation) -> str:
    """Return whether a correlation is significant, can be, or cannot."""
    tau = found.tau
    if math.isnan(tau.value):
        return "one of both has no order: there is no correlation to speak of"
    if not tau.can_be_significant:
        ties = " and these ties" if found.n >= 5 else ""
        return (
            f"{found.n} subjects{ties} cannot be significant: the smallest two-sided p that they can give is "
            f"{smallest(tau)}"
        )
    if found.holm_tau <= LEVEL:
        return f"significant at {LEVEL:.0%}".replace("%", " %")
    if tau.p <= LEVEL:
        return "significant alone, and no longer for so many tests at once"
    return f"not significant at {LEVEL:.0%}".replace("%", " %")


def judged(found: Correlation) -> str:
    """Return a correlation of at least three subjects, and for any number whether it is significant."""
    if found.n < 3 or math.isnan(found.tau.value):
        return significance(found)
    return f"{statistics(found)}; {significance(found)}"


def briefly(found: Correlation) -> str:
    """Return Kendall's correlation with p and n, and whether it could be significant at all.

    Of evidence that is only shown beside; its other numbers stand in the table of correlations.
    """
    text = (
        f"τ = {found.tau.value:+.2f}, {probability(found.tau.p, found.tau.p_standard_error)}, n = {found.n}"
    )
    return text if found.tau.can_be_significant else f"{text}, cannot be significant"


def sentence(words: str) -> str:
    """Return words with a capital letter in front."""
    return words[:1].upper() + words[1:]


def smallest(statistic: RankStatistic) -> str:
    """Return the smallest p that was possible."""
    return f"{statistic.smallest_p:.2g}"
