"""What solubility and doping share: columns joined over subjects, ranked, correlated, kept with conclusions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from perovchem.agreement import Agreement, Correlation, agreement, correlations
from perovchem.conclusion_words import listed
from perovchem.errors import UsageError
from perovchem.evidence import MOST_SUBJECTS, Conclusion, Evidence, Measured
from perovchem.ranking import Ranking, coded, ranking
from perovchem.result import Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS: Final = 40
"""Columns of evidence or of measurements that one conclusion joins."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "decided": "a difference larger than so many (coverage) standard uncertainties of it, errors being independent; "
    "what has no uncertainty is taken as given, and said so; a word has none",
    "rho": "Spearman's, of mid-ranks; tau: Kendall's tau-b; two-sided p-values over all orders of the data with their "
    "ties (up to 10 subjects), by recursion (tau without ties), else over random orders with a standard error",
    "holm": "p-values adjusted for all columns tested in this conclusion (Holm 1979)",
    "sign": "+1 means as the evidence says; of evidence that points nowhere, that higher goes with better",
    "draws": "values drawn from normal distributions within their standard uncertainties",
    "bounds": "of '<' and '>' only what they order is ordered, the rest ties",
    "measured": "compared with the evidence, never an input to it",
}
"""What the numbers of a conclusion mean."""

NO_CAUSE: Final = "what goes with it over {n} subjects is no cause"
NOT_TESTED: Final = "not tested against a measurement"


@dataclass(frozen=True, slots=True)
class Joined:
    """Columns over the same subjects, with their orders and how these agree."""

    subjects: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    measured: tuple[Measured, ...]
    rankings: tuple[Ranking, ...]
    measured_rankings: tuple[Ranking, ...]
    agreements: tuple[Agreement, ...]
    tested: tuple[Agreement, ...]
    correlations: tuple[Correlation, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[Evidence | Measured, ...]:
        """All columns, evidence first."""
        return (*self.evidence, *self.measured)

    def of(self, name: str) -> Evidence | Measured:
        """Return a column by its name."""
        return next(one for one in self.columns if one.name == name)

    def correlation(self, evidence: str, measured: str) -> Correlation:
        """Return the correlation of two columns."""
        return next(one for one in self.correlations if (one.evidence, one.measured) == (evidence, measured))

    def ranking(self, name: str) -> Ranking:
        """Return the order by a column."""
        return next(one for one in (*self.rankings, *self.measured_rankings) if one.name == name)

    def directed(self) -> Iterator[tuple[Evidence, Ranking]]:
        """Yield evidence that says who is better and orders at least two subjects."""
        for column, order in zip(self.evidence, self.rankings, strict=True):
            if order.directed and len(order.order) > 1:
                yield column, order


def joined(
    evidence: Sequence[Evidence],
    measured: Measured | Sequence[Measured] | None,
    *,
    coverage: float,
    draws: int,
    seed: int,
) -> Joined:
    """Return columns joined: all subjects of the evidence, in the order in which they come.

    Raises
    ------
    UsageError
        If there is no evidence, a name stands there twice, or a setting makes no sense.
    """
    truths = [measured] if isinstance(measured, Measured) else list(measured or ())
    _check(evidence, truths, coverage, draws)
    subjects = tuple(dict.fromkeys(one for column in evidence for one in column.values))
    if len(subjects) > MOST_SUBJECTS:
        raise UsageError(f"{len(subjects)} subjects", fix=f"compare up to {MOST_SUBJECTS}: narrow them")
    columns = [part for column in evidence for part in by_group(column)]
    codes = [coded(column, subjects) for column in columns]
    true_codes = [coded(column, subjects) for column in truths]
    orders = [ranking(code, coverage=coverage, draws=draws, seed=seed) for code in codes]
    true_orders = [ranking(code, coverage=coverage, draws=draws, seed=seed) for code in true_codes]
    return Joined(
        subjects=subjects,
        evidence=tuple(columns),
        measured=tuple(truths),
        rankings=tuple(orders),
        measured_rankings=tuple(true_orders),
        agreements=tuple(
            agreement(one, other)
            for place, one in enumerate(orders)
            for other in orders[place + 1 :]
            if one.directed and other.directed
        ),
        tested=tuple(agreement(one, truth) for truth in true_orders for one in orders),
        # what would be seen if an ion entered is no evidence that it does
        correlations=correlations(
            [code for code, column in zip(codes, columns, strict=True) if column.resolution is None],
            true_codes,
            draws=draws,
            seed=seed,
        ),
        notes=tuple(_notes(evidence, columns, truths, subjects)),
    )


def _check(evidence: Sequence[Evidence], measured: Sequence[Measured], coverage: float, draws: int) -> None:
    """Refuse what cannot be joined."""
    if isinstance(evidence, Evidence) or not all(isinstance(one, Evidence) for one in evidence):
        raise UsageError("the evidence is no list of Evidence", fix="give [Evidence(...), ...]")
    if not all(isinstance(one, Measured) for one in measured):
        raise UsageError("what was measured is no Measured", fix="give Measured(...), or a list of such")
    if not evidence:
        raise UsageError("there is no evidence to conclude from", fix="give at least one column of evidence")
    if len(evidence) > MOST_COLUMNS or len(measured) > MOST_COLUMNS:
        raise UsageError(
            f"{len(evidence)} columns of evidence and {len(measured)} measured ones",
            fix=f"join up to {MOST_COLUMNS} of each",
        )
    names = [*(one.name for one in evidence), *(one.name for one in measured)]
    twice = next((one for place, one in enumerate(names) if one in names[:place]), None)
    if twice is not None:
        raise UsageError(f"two columns are called {twice!r}", fix="give each its own name")
    if not 0 < coverage < 100:
        raise UsageError(f"a coverage of {coverage}", fix="give 1 to 3 standard uncertainties")
    if not 0 <= draws <= 1_000_000:
        raise UsageError(f"{draws} draws", fix="give up to 1000000")


def _notes(
    evidence: Sequence[Evidence],
    columns: Sequence[Evidence],
    measured: Sequence[Measured],
    subjects: Sequence[str],
) -> Iterator[str]:
    """Yield what a reader must know of the columns themselves."""
    for column in evidence:
        if column not in columns:
            kept = {one for part in columns if _stems_from(part.name, column.name) for one in part.values}
            alone = [one for one in column.values if one not in kept]
            yield (
                f"{column.name} is compared only within its groups ({', '.join(dict.fromkeys(column.groups.values()))})"
                + (f"; alone in theirs, and compared with none: {', '.join(alone[:8])}" if alone else "")
            )
    for truth in measured:
        unknown = [one for one in truth.values if one not in subjects]
        if unknown:
            names = ", ".join(f'"{one}"' for one in unknown[:8])
            yield f"measured ({truth.name}), and without any evidence: {names}"
    lacking: dict[tuple[str, ...], list[str]] = {}
    for column in evidence:
        absent = tuple(one for one in subjects if column.values.get(one) is None)
        if absent:
            lacking.setdefault(absent, []).append(column.name)
    for absent, lack in lacking.items():
        more = f" and {len(absent) - 8} more" if len(absent) > 8 else ""
        # in quotes: a subject may be called "none"
        called = ", ".join(f'"{one}"' for one in absent[:8])
        yield f"no value of {listed(lack)} for {called}{more}"


def by_group(column: Evidence) -> list[Evidence]:
    """Return evidence as one column per group of comparable subjects; one subject alone is compared with none.

    What decides for each subject by itself, a word or a number with a limit, needs no comparable others.
    """
    by_itself = column.words or column.threshold is not None or column.resolution is not None
    if len(set(column.groups.values())) <= 1 or by_itself:
        return [column]
    found = []
    for group in dict.fromkeys(column.groups.values()):
        inside = {one: value for one, value in column.values.items() if column.groups.get(one) == group}
        if sum(value is not None for value in inside.values()) > 1:
            found.append(
                replace(
                    column,
                    name=f"{column.name} (among {group})",
                    values=inside,
                    errors={one: error for one, error in column.errors.items() if one in inside},
                    censored={one: bound for one, bound in column.censored.items() if one in inside},
                    groups={},
                )
            )
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Conclusions(Result):
    """Columns of evidence over subjects, their orders, and what follows.

    Attributes
    ----------
    title : str
    subjects : tuple of str
    evidence : tuple of Evidence
        As given; what has groups is ranked by group.
    measured : tuple of Measured
    rankings : tuple of Ranking
        One per column of evidence, and then one per measured one.
    agreements : tuple of Agreement
        Of all pairs of evidence that point somewhere, then of each column with each measured one.
    correlations : tuple of Correlation
        Every column of evidence against every measured one.
    conclusions : tuple of Conclusion
    notes : tuple of str
        On the columns.
    provenance : Provenance
    """

    title: str
    subjects: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    measured: tuple[Measured, ...]
    rankings: tuple[Ranking, ...]
    agreements: tuple[Agreement, ...]
    correlations: tuple[Correlation, ...]
    conclusions: tuple[Conclusion, ...]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "run"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "rho": "spearman_rho",
        "tau": "kendall_tau",
        "p": "p_value",
        "smallest_p": "p_value",
        "holm_rho": "holm_p_value",
        "holm_tau": "holm_p_value",
        "ranks": "rank",
        "order_kept": "fraction",
        "first_kept": "fraction",
        "sign_kept": "fraction",
    }

    def __repr__(self) -> str:
        """Return one line: how many subjects and columns, and the first conclusion."""
        said = self.conclusions[0].statement if self.conclusions else "no conclusion"
        return (
            f"<{type(self).__name__} of {len(self.subjects)} subjects by {len(self.evidence)} columns of evidence"
            f"{', measured' * bool(self.measured)}: {said}>"
        )

    def __str__(self) -> str:
        """Return the conclusions, one paragraph each."""
        return "\n\n".join(map(str, self.conclusions))

    @property
    def columns(self) -> tuple[Evidence | Measured, ...]:
        """All columns, evidence first."""
        return (*self.evidence, *self.measured)

    @property
    def table(self) -> pd.DataFrame:
        """The joined table: see :meth:`to_dataframe`."""
        return self.to_dataframe()

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per subject: each column with its uncertainty and rank, evidence first, then measured."""
        columns: dict[str, list[Any]] = {"subject": list(self.subjects)}
        units: dict[str, str] = {}
        for column in self.columns:
            columns[column.name] = [_cell(column, one) for one in self.subjects]
            if column.unit:
                units[column.name] = column.unit
            if column.errors:
                name = f"{column.name} uncertainty"
                columns[name] = [column.errors.get(one, math.nan) for one in self.subjects]
                if column.unit:
                    units[name] = column.unit
            ranks: dict[str, float] = {}
            for order in orders_of(self, column):
                ranks |= order.ranks
            columns[f"{column.name} rank"] = [ranks.get(one, math.nan) for one in self.subjects]
        table = dataframe(columns)
        table.attrs["units"] = units
        return table


def settings_of(
    title: str, evidence: Sequence[Evidence], measured: Sequence[Measured], **settings: Any
) -> dict[str, Any]:
    """Return every choice, with where the columns come from."""
    return {
        "title": title,
        **settings,
        "evidence": {
            one.name: {
                "better": one.better or None,
                "source": one.source or None,
                "assumption": one.assumption or None,
                "threshold": one.threshold,
                "resolution": one.resolution,
            }
            for one in evidence
        },
        "measured": {one.name: {"better": one.better, "source": one.source or None} for one in measured},
        "definitions": dict(DEFINITIONS),
    }


def orders_of(result: Conclusions, column: Evidence | Measured) -> list[Ranking]:
    """Return the order by a column; one per group, each of other subjects, where it was ranked by group."""
    return [order for order in result.rankings if _stems_from(order.name, column.name)]


def _stems_from(name: str, column: str) -> bool:
    """Return whether an order is that of a column, or of one group of it."""
    return name == column or name.startswith(f"{column} (among ")


def _cell(column: Evidence | Measured, subject: str) -> Any:
    """Return a value for a table: numbers stay numbers unless they are bounds."""
    value = column.values.get(subject)
    if column.censored and value is not None:
        return f"{column.censored.get(subject, '')}{value}"
    if value is None:
        return None if column.words else math.nan
    return value
