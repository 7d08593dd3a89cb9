"""What a page shows of conclusions: sentences with their evidence, the joined table, correlations, figures."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Final

from perovchem.agreement import Correlation
from perovchem.conclusion_words import probability, value_text
from perovchem.conclusions import Conclusions, orders_of
from perovchem.evidence import Conclusion
from perovchem.rank_correlation import LEVEL
from perovchem.report import Drawing, Table
from perovchem.report.sentences import Sentences

MOST_ROWS: Final = 200
"""Subjects that the joined table shows; all are in the files."""


def tables(result: Conclusions) -> tuple[Table, ...]:
    """Return the conclusions, the joined table, and the correlations where something was measured."""
    found = [_conclusions(result), _joined(result)]
    if any(one.n > 1 for one in result.correlations):
        found.append(_correlations(result))
    return tuple(found)


def drawings(result: Conclusions) -> tuple[Drawing, ...]:
    """Return the figures: ranks, and evidence against measurements where there are both."""
    from perovchem.plotting.conclusions import caption_of_ranks, shown_pairs

    stem = type(result).__name__.lower()
    about = f"{result.title}. " if result.title else ""
    found = [Drawing(f"{stem}_ranks", about + caption_of_ranks(result), partial(_draw, "ranks", result))]
    if shown_pairs(result):
        caption = (
            "Each evidence in numbers against what was measured; bars are standard uncertainties, arrows bounds, the "
            "dashed line a limit. ρ: Spearman, τ: Kendall's tau-b (+1: as the evidence says), p exact or from random "
            "orders, not yet corrected for several tests. Gray: evidence that points nowhere."
        )
        found.append(Drawing(f"{stem}_measured", about + caption, partial(_draw, "measured", result)))
    return tuple(found)


def _draw(which: str, result: Conclusions) -> Any:
    from perovchem.plotting.conclusions import plot_evidence_against_measured, plot_ranks

    return plot_ranks(result) if which == "ranks" else plot_evidence_against_measured(result)


def parts_of(one: Conclusion) -> list[tuple[str, tuple[str, ...]]]:
    """Return what stands beside a statement, each part with its head; empty parts are left out."""
    parts = (
        ("For", one.evidence_for),
        ("Against", one.evidence_against),
        ("Undecided", one.undecided),
        ("Measured", one.measured),
        ("Assumes", one.assumptions),
    )
    return [(head, phrases) for head, phrases in parts if phrases]


def _conclusions(result: Conclusions) -> Table:
    """Return one row per conclusion."""
    rows = tuple(
        (
            f"{number}. {one.kind}",
            one.statement,
            " ".join(f"{head}: {'; '.join(phrases)}." for head, phrases in parts_of(one)) or None,
        )
        for number, one in enumerate(result.conclusions, 1)
    )
    kind = type(result).__name__
    return Sentences(
        f"{kind}: {result.title}" if result.title else kind,
        ("", "conclusion", "evidence and assumptions"),
        rows,
        (
            *_sources(result),
            "Undecided counts for neither side; evidences are not averaged; what was measured is an input to none.",
            f"Decided: beyond {result.provenance.settings.get('coverage', 2):g} standard uncertainties of a "
            "difference, errors being independent.",
            *(f"{note[:1].upper()}{note[1:]}." for note in result.notes),
        ),
        tuple(
            (one.statement, tuple((head, "; ".join(phrases)) for head, phrases in parts_of(one)))
            for one in result.conclusions
        ),
    )


def _sources(result: Conclusions) -> list[str]:
    """Return where each column comes from."""
    return [f"{one.name}: {one.source}." for one in result.columns if one.source]


def _joined(result: Conclusions) -> Table:
    """Return one row per subject: value and rank by each column."""
    columns = result.columns
    head = ["subject"]
    for column in columns:
        unit = f" ({column.unit})" if column.unit else ""
        head += [f"{column.name}{unit}", "rank"] if not column.words else [f"{column.name}{unit}"]
    rows = []
    for subject in result.subjects[:MOST_ROWS]:
        row: list[str | None] = [subject]
        for column in columns:
            shown = None if column.values.get(subject) is None else value_text(column, subject)
            if shown and not column.words:
                shown = shown.removeprefix("rank ").removesuffix("°").removesuffix(f" {column.unit}")
            row.append(shown)
            if not column.words:
                ranks = [
                    order.ranks[subject] for order in orders_of(result, column) if subject in order.ranks
                ]
                row.append(f"{ranks[0]:g}" if ranks else None)
        rows.append(tuple(row))
    left = len(result.subjects) - MOST_ROWS
    return Table(
        "Evidence and measurements",
        tuple(head),
        tuple(rows),
        (
            "Rank 1 is the best; of columns that point nowhere, the highest.",
            *([f"The other {left} subjects are in the files."] if left > 0 else []),
        ),
    )


def _correlations(result: Conclusions) -> Table:
    """Return one row per evidence and measured column."""
    rows = tuple(
        (
            one.evidence,
            one.measured,
            str(one.n),
            _signed(one.rho.value),
            _p(one.rho.p, one.rho.p_standard_error),
            _signed(one.tau.value),
            _p(one.tau.p, one.tau.p_standard_error),
            _p(one.holm_tau, 0.0),
            _p(one.tau.smallest_p, 0.0),
            _verdict(one),
            None if math.isnan(one.tau.sign_kept) else f"{one.tau.sign_kept:.0%}",
        )
        for one in result.correlations
        if one.n > 1
    )
    head = (
        "evidence", "measured", "n", "ρ", "p of ρ", "τ", "p of τ", "p of τ, all tests", "smallest p possible",
        "significant", "sign kept",
    )  # fmt: skip
    methods = dict.fromkeys(one.tau.method for one in result.correlations if one.tau.method)
    return Table(
        "Rank correlations with what was measured",
        head,
        rows,
        (
            "ρ: Spearman; τ: Kendall's tau-b; +1 means as the evidence says (of evidence that points nowhere: its "
            "higher value goes with the better).",
            f"p: two-sided, by {', '.join(methods) or 'no orders'}; all tests: Holm's correction.",
            "Sign kept: part of draws within the stated uncertainties in which τ has this sign.",
            "Correlation over few subjects is no cause.",
        ),
    )


def _verdict(one: Correlation) -> str | None:
    if math.isnan(one.tau.value):
        return None
    if not one.tau.can_be_significant:
        return "cannot be significant"
    return "yes" if one.holm_tau <= LEVEL else "no"


def _signed(value: float) -> str | None:
    return None if math.isnan(value) else f"{value:+.2f}"


def _p(value: float, error: float) -> str | None:
    return None if math.isnan(value) else probability(value, error).removeprefix("p = ").removeprefix("p ")
