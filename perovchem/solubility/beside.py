"""Evidence beside what was measured, and what goes with being the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perovchem.conclusion_words import (
    briefly,
    difference,
    extreme,
    judged,
    listed,
    part,
    sentence,
    value_text,
)
from perovchem.conclusions import NO_CAUSE, NOT_TESTED, Joined
from perovchem.evidence import Conclusion, Evidence
from perovchem.ranking import OPEN, STATES, Ranking


def against_measured(table: Joined) -> Iterator[Conclusion]:
    """Yield every evidence that points somewhere against every measured column."""
    if not table.measured:
        yield Conclusion("test", (), f"No measured column was given: this is {NOT_TESTED}.")
    for measured in table.measured:
        alone = [
            found.first
            for found in table.tested
            if found.second == measured.name and found.n < 2 and table.ranking(found.first).directed
        ]
        if alone:
            yield Conclusion(
                "test",
                (),
                f"Measured {measured.name} shares fewer than two subjects with {listed(alone)}: by it they are "
                f"{NOT_TESTED}.",
            )
    for found in table.tested:
        one, truth = table.ranking(found.first), table.ranking(found.second)
        if not one.directed:
            continue
        if found.n < 2:
            continue
        correlation = table.correlation(one.name, truth.name)
        pairs = found.n * (found.n - 1) // 2
        kept = correlation.tau.sign_kept
        words = [
            f"{found.same} of {pairs} pair{'s' * (pairs != 1)} as measured",
            f"{found.opposite} otherwise" if found.opposite else "",
            f"{found.undecided} undecided" if found.undecided else "",
        ]
        statement = (
            f"{sentence(one.name)} against measured {truth.name}: {', '.join(filter(None, words))}. "
            f"{sentence(judged(correlation))}."
        )
        if kept == kept:
            statement += f" Within the stated uncertainties τ keeps its sign in {part(kept)} of the draws."
        wrong = tuple(
            f"{pair.one} before {pair.other} by {one.name}, measured after it"
            + ("" if pair.sure else " (not beyond known uncertainties)")
            for pair in found.opposites
        )
        column = table.of(one.name)
        assumed = column.assumption if isinstance(column, Evidence) else ""
        yield Conclusion(
            "test", one.order, statement, evidence_against=wrong, assumptions=(assumed,) if assumed else ()
        )


def why(table: Joined, directed: Sequence[tuple[Evidence, Ranking]]) -> Iterator[Conclusion]:
    """Yield what goes with being the best: as measured, or, where nothing was, by each evidence."""
    beside = [
        (column, order)
        for column, order in zip(table.evidence, table.rankings, strict=True)
        if not order.directed and len(order.order) > 1
    ]
    if not beside:
        return
    orders = [order for order in table.measured_rankings if len(order.order) > 1]
    named: dict[str, list[Ranking]] = {}
    for order in orders or [order for _, order in directed]:
        if len(order.first) == 1:
            named.setdefault(order.first[0], []).append(order)
    for best, naming in named.items():
        sides: dict[str, list[str]] = {"for": [], "undecided": [], "": []}
        # those that were compared when it was named
        rivals = {one for order in naming for one in order.ranks}
        goes: list[str] = []
        counts: list[tuple[bool, int]] = []
        for column, order in beside:
            among = [one for one in order.order if one in rivals]
            if best in among and len(among) > 1:
                side, words, short = _place(best, column, order, among)
                sides[side].append(words)
                goes += [short] * bool(short)
                counts.append((bool(short), len(among)))
        if not counts:
            continue
        n = max(counts)[1]  # of the columns that are spoken of
        by = [order.name for order in naming]
        how = f"as measured ({listed(by)})" if orders else f"by {listed(by)}"
        statement = f"{best} dissolves the most {how}; " + (
            f"it also has {listed(goes)}" if goes else "none of the other columns has it at either end"
        )
        yield Conclusion(
            "why",
            (best,),
            f"{statement}. {sentence(NO_CAUSE.format(n=n))}.",
            tuple(sides["for"]),
            (),
            tuple(sides["undecided"] + sides[""]),
            (),
            tuple(_goes_with(table)),
        )


def _goes_with(table: Joined) -> Iterator[str]:
    """Yield how evidence that points nowhere correlates with what was measured."""
    for found in table.correlations:
        if not found.directed and found.n > 2 and found.tau.value == found.tau.value:
            more = "more" if found.tau.value > 0 else "less"
            words = f" (the larger it is, the {more} dissolves)" if found.tau.value else ""
            yield f"{found.evidence} against {found.measured}{words}: {briefly(found)}"


def _place(best: str, column: Evidence, order: Ranking, among: Sequence[str]) -> tuple[str, str, str]:
    """Return where a subject stands among the values of a column, at one end or between, at length and in short."""
    value = value_text(column, best)
    if column.words:
        return "", f"{column.name}: {value}", ""
    for high, end, next_one in ((True, among[0], among[1]), (False, among[-1], among[-2])):
        if end != best or order.between(best, next_one)[0] == 0:
            continue
        state = order.between(best, next_one)[1]
        short = f"the {extreme(column.unit, high=high)} {column.name}"
        behind = difference(order, next_one, best)
        words = f"{short} (of {len(among)}: {value}, next {next_one}, {behind}, {state})"
        short = f"{short} (next {next_one}, {behind})"
        return ("undecided" if state == STATES[OPEN] else "for"), words, short
    return "", f"{column.name} ({value}) lies between those of others", ""
