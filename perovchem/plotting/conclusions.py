"""Figures of conclusions: each evidence against what was measured, and the ranks by every column."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from perovchem.agreement import Correlation
from perovchem.conclusion_words import probability, value_text
from perovchem.conclusions import Conclusions, orders_of
from perovchem.doping.decisions import decision
from perovchem.evidence import Evidence, Measured
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.ranking import ENTERS, OPEN, OUTCOMES, STAYS_OUT, UNDECIDED, Ranking

MOST_PANELS: Final = 9
MOST_ROWS: Final = 40
"""Subjects that the table of ranks shows."""
_NAMED: Final = 15
"""Points that are named in a panel."""
_BETTER: Final = LinearSegmentedColormap.from_list("better", ["#F3F6F9", "#9CC4E4", "#2F6FA7"])
_HIGHER: Final = LinearSegmentedColormap.from_list("higher", ["#F5F5F5", "#A8A8A8"])
_WORDS: Final = {ENTERS: "#2F6FA7", STAYS_OUT: "#F4C27A", UNDECIDED: "#ECECEC"}
_WORD_TEXT: Final = {ENTERS: "white", STAYS_OUT: "black", UNDECIDED: "black"}


def shown_pairs(result: Conclusions) -> list[Correlation]:
    """Return the correlations that have a panel: numbers of at least three subjects."""
    columns = {one.name: one for one in result.evidence}
    found = []
    for one in result.correlations:
        evidence = columns.get(one.evidence)
        if one.n >= 3 and not (evidence is not None and evidence.words):
            found.append(one)
    return found[:MOST_PANELS]


def plot_evidence_against_measured(result: Conclusions) -> Figure:
    """Return a panel for each evidence in numbers against each measured column.

    Parameters
    ----------
    result : Solubility or Doping
    """
    pairs = shown_pairs(result)
    with mpl.rc_context(STYLE):
        columns = 2 if len(pairs) in (2, 4) else min(max(len(pairs), 1), 3)
        rows = -(-max(len(pairs), 1) // columns)
        width = COLUMN if columns == 1 else 2 * COLUMN
        figure = Figure(figsize=(width, 2.65 * rows))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, pair in zip(panels, pairs, strict=False):
            _panel(axes, pair, result)
        for axes in panels[len(pairs) :]:
            axes.set_axis_off()
        if not pairs:
            panels[0].text(
                0.5, 0.5, "nothing measured to compare with", ha="center", transform=panels[0].transAxes
            )
        elif len(pairs) > 1:
            letter(list(panels[: len(pairs)]))
    return figure


def _panel(axes: Axes, pair: Correlation, result: Conclusions) -> None:
    """Draw one evidence against one measured column."""
    order = next(one for one in result.rankings if one.name == pair.evidence)
    evidence = next(one for one in result.evidence if order in orders_of(result, one))
    truth = next(one for one in result.measured if one.name == pair.measured)
    shared = [one for one in order.order if _number(truth, one) is not None]
    x = np.array([_number(evidence, one) for one in shared], dtype=float)
    y = np.array([_number(truth, one) for one in shared], dtype=float)
    errors = [[column.errors.get(one, 0.0) for one in shared] for column in (evidence, truth)]
    color = RUN_COLORS[0] if pair.directed else "0.35"
    axes.errorbar(
        x, y, xerr=errors[0] if any(errors[0]) else None, yerr=errors[1] if any(errors[1]) else None, linewidth=0,
        elinewidth=0.8, marker="o", markersize=4, color=color, markeredgecolor="white", markeredgewidth=0.4, zorder=3,
    )  # fmt: skip
    for place, one in enumerate(shared):
        for column, sign in ((evidence, (1, 0)), (truth, (0, 1))):
            bound = column.censored.get(one)
            if bound:
                way = 1 if bound == ">" else -1
                axes.annotate(
                    "", (x[place], y[place]), xytext=(16 * way * sign[0], 16 * way * sign[1]),
                    textcoords="offset points", arrowprops={"arrowstyle": "<-", "color": color, "linewidth": 0.8},
                )  # fmt: skip
    axes.margins(x=0.2, y=0.18)
    if len(shared) <= _NAMED:
        middle = float(np.mean(axes.get_xlim()))
        for place, one in enumerate(shared):
            left = x[place] > middle
            axes.annotate(
                plain(one), (x[place], y[place]), xytext=(-4 if left else 4, 4), textcoords="offset points",
                fontsize=6.5, ha="right" if left else "left", va="bottom",
            )  # fmt: skip
    if truth.words:
        axes.set_yticks([0, 1], ["not found", "enters"])
        axes.set_ylim(-0.35, 1.35)
    elif truth.ranks:
        axes.set_yticks(sorted(set(y.tolist())))
        axes.invert_yaxis()
    if isinstance(evidence, Evidence) and evidence.threshold is not None:
        axes.axvline(evidence.threshold, color="0.35", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    axes.set_xlabel(_wrapped(_named(pair.evidence, evidence.unit), 26))
    axes.set_ylabel(_wrapped(_named(truth.name, truth.unit), 26))
    axes.set_title(_title(pair), fontsize=7)


def _title(pair: Correlation) -> str:
    """Return both correlations with their p-values, and whether they could be significant at all."""
    if math.isnan(pair.tau.value):
        return f"n = {pair.n}: no correlation"
    lines = [
        f"{sign} = {found.value:+.2f}, {probability(found.p, found.p_standard_error)}"
        for sign, found in (("ρ", pair.rho), ("τ", pair.tau))
    ]
    lacks = "" if pair.tau.can_be_significant else ": cannot be significant"
    return "\n".join([*lines, f"n = {pair.n}{lacks}"])


def _number(column: Evidence | Measured, subject: str) -> float | None:
    """Return a value as a number: of words 1 for "enters", 0 for "not found"."""
    value = column.values.get(subject)
    if isinstance(value, str):
        number = OUTCOMES.get(value.lower(), math.nan)
        return None if math.isnan(number) else number
    return value


def _named(name: str, unit: str) -> str:
    return plain(f"{name} ({unit})" if unit else name)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)[:3])


# --- ranks -------------------------------------------------------------------------------------------------------


def plot_ranks(result: Conclusions) -> Figure:
    """Return a table of ranks: subjects down, columns across, the better the darker; verdicts by their words.

    Parameters
    ----------
    result : Solubility or Doping
    """
    columns = result.columns
    subjects = _sorted_subjects(result)[:MOST_ROWS]
    with mpl.rc_context(STYLE):
        wide = 0.95 if len(columns) <= 6 else 0.75
        longest = max(map(len, subjects), default=1)
        figure = Figure(figsize=(0.07 * longest + 0.5 + wide * len(columns), 1.15 + 0.36 * len(subjects)))
        axes = figure.subplots()
        for across, column in enumerate(columns):
            for down, subject in enumerate(subjects):
                _cell(axes, across, down, column, subject, result)
        split = len(result.evidence)
        if result.measured:
            axes.axvline(split - 0.5, color="black", linewidth=1.2)
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(len(subjects) - 0.5, -0.5)
        axes.set_yticks(range(len(subjects)), [plain(one) for one in subjects])
        heads = ["\n".join(textwrap.wrap(plain(one.name), 15 if wide > 0.9 else 12)[:5]) for one in columns]
        axes.set_xticks(range(len(columns)), heads, fontsize=6.5)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return figure


def _sorted_subjects(result: Conclusions) -> list[str]:
    """Return the subjects by what was measured, then by the first evidence that points somewhere."""
    measured = {one.name for one in result.measured}
    keys: list[Ranking] = [one for one in result.rankings if one.name in measured]
    keys += [one for one in result.rankings if one.directed and one.name not in measured]
    return sorted(result.subjects, key=lambda subject: [one.ranks.get(subject, math.inf) for one in keys])


def _cell(
    axes: Axes, across: int, down: int, column: Evidence | Measured, subject: str, result: Conclusions
) -> None:
    """Draw one cell: its rank or word, and the value below."""
    value = column.values.get(subject)
    color, ink, words = "white", "black", ["–"]
    if isinstance(value, str):
        number = OUTCOMES.get(value.lower())
        state = ENTERS if number == 1 else STAYS_OUT if number == 0 else UNDECIDED
        color, ink, words = _WORDS[state], _WORD_TEXT[state], textwrap.wrap(value, 14)[:2]
    elif isinstance(column, Evidence) and column.threshold is not None and value is not None:
        state = decision(column, subject, float(result.provenance.settings["coverage"]))
        color, ink, words = _WORDS[state], _WORD_TEXT[state], [state, value_text(column, subject)]
    elif value is not None:
        order = next((one for one in orders_of(result, column) if subject in one.ranks), None)
        if order is None or (isinstance(column, Evidence) and column.resolution is not None):
            words = [value_text(column, subject)]
        else:
            n = len(order.order)
            height = 1.0 if n < 2 else 1 - (order.ranks[subject] - 1) / (n - 1)
            color = mpl.colors.to_hex((_BETTER if order.directed else _HIGHER)(height))
            ink = "white" if order.directed and height > 0.75 else "black"
            is_rank = isinstance(column, Measured) and column.ranks
            words = [_rank(order, subject)] + [value_text(column, subject)] * (not is_rank)
    axes.add_patch(
        Rectangle((across - 0.5, down - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=1.5)
    )
    small = len(words) > 1 and not isinstance(value, str)
    axes.text(
        across, down - (0.14 if len(words) > 1 else 0), plain(words[0]), ha="center", va="center", color=ink,
        fontsize=7.5 if small or value is None else 6.5,
    )  # fmt: skip
    if len(words) > 1:
        axes.text(
            across,
            down + 0.22,
            plain(words[1]),
            ha="center",
            va="center",
            color=ink,
            fontsize=5 if small else 6.5,
        )


def _rank(order: Ranking, subject: str) -> str:
    """Return a rank, with ≈ where the subject is not separated from a neighbor in the order."""
    rank = order.ranks[subject]
    place = order.column.subjects.index(subject)
    at = order.order.index(subject)
    beside = [order.order[near] for near in (at - 1, at + 1) if 0 <= near < len(order.order)]
    near = any(order.states[place, order.column.subjects.index(one)] == OPEN for one in beside)
    return f"{'≈ ' * near}{rank:g}"


def caption_of_ranks(result: Conclusions, named: Sequence[str] = ()) -> str:
    """Return the caption of the table of ranks."""
    left = len(result.subjects) - MOST_ROWS
    return (
        "Rank of each subject by each column (1 is best; darker is better), with its value below. ≈: not separated "
        "from a neighbor in that order by its uncertainties. Gray: a column that points nowhere, ranked from its "
        "highest value. Words are verdicts and outcomes. Right of the line: measured."
        + (f" The last {left} subjects are left out." if left > 0 else "")
        + (f" {' '.join(named)}" if named else "")
    )
