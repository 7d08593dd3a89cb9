"""Conclusions on ions, as sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from perovchem.conclusion_words import briefly, judged, listed, number, sentence, value_text
from perovchem.conclusions import NO_CAUSE, NOT_TESTED, Joined
from perovchem.doping.answer import answer
from perovchem.doping.decisions import CONTRADICTORY, IonVerdict, decides, decision, outcomes
from perovchem.evidence import Conclusion, Evidence, Measured
from perovchem.ranking import ENTERS, STAYS_OUT, UNDECIDED, Ranking

_SAYS: Final = {ENTERS: "enters", STAYS_OUT: "does not enter"}


def conclusions_of(table: Joined, verdicts: Sequence[IonVerdict], coverage: float) -> Iterator[Conclusion]:
    """Yield all conclusions in their order."""
    yield answer(table, verdicts)
    for one in verdicts:
        yield _ion(one, table, coverage)
    deciding = [column for column in table.evidence if decides(column)]
    if not table.measured:
        yield Conclusion("test", (), f"No measured column was given: this is {NOT_TESTED}.")
    for column in deciding:
        yield from _tests(column, table, coverage)
    for place, column in enumerate(deciding):
        for other in deciding[place + 1 :]:
            yield from _disagreement(column, other, table, coverage)
    yield from _why(table, verdicts)


def _ion(verdict: IonVerdict, table: Joined, coverage: float) -> Conclusion:
    """Return the conclusion on one subject."""

    def because(names: Sequence[str]) -> list[str]:
        return [_reason(table.of(name), verdict.subject) for name in names]

    subject, sides = verdict.subject, (because(verdict.enters), because(verdict.stays_out))
    unsure = because(verdict.undecided)
    if verdict.verdict in _SAYS:
        mine, against = sides if verdict.verdict == ENTERS else sides[::-1]
        statement = f"{subject} {_SAYS[verdict.verdict]}, by {listed(mine)}"
    elif verdict.verdict == CONTRADICTORY:
        mine, against = sides
        statement = (
            f"The evidences do not agree on {subject}: it enters by {listed(mine)}, "
            f"and does not by {listed(against)}"
        )
    else:
        mine, against = [], []
        statement = (
            f"Whether {subject} enters is undecided by {listed(unsure)}"
            if verdict.verdict == UNDECIDED
            else f"Nothing that was computed decides whether {subject} enters"
        )
    statement += f"; {_beside(verdict, table)}."
    for column in table.evidence:
        value = column.values.get(subject)
        if column.resolution is not None and isinstance(value, float):
            statement += f" {_signature(column, subject, value, coverage, verdict.verdict)}"
    beside = [
        f"{column.name} {value_text(column, subject)}"
        for column in table.evidence
        if not decides(column) and column.resolution is None and column.values.get(subject) is not None
    ]
    if beside:
        statement += f" Shown beside, deciding nothing: {listed(beside)}."
    used = (*verdict.enters, *verdict.stays_out, *verdict.undecided)
    assumed = [column.assumption for column in table.evidence if column.name in used and column.assumption]
    seen = [
        f"{truth.name}: {value_text(truth, subject)}{f' ({truth.source})' if truth.source else ''}"
        for truth in table.measured
        if truth.values.get(subject) is not None
    ]
    return Conclusion(
        "ion",
        (subject,),
        statement,
        tuple(mine) if verdict.verdict in _SAYS or verdict.verdict == CONTRADICTORY else (),
        tuple(against),
        tuple(unsure),
        tuple(dict.fromkeys(assumed)),
        tuple(seen) or (NOT_TESTED,),
    )


def _reason(column: Evidence | Measured, subject: str) -> str:
    """Return a column, what it says of a subject, and its limit."""
    text = value_text(column, subject)
    if isinstance(column, Evidence) and column.threshold is not None:
        text += f", limit {number(column.threshold, unit=column.unit)}"
        text += ", no uncertainty given" * (subject not in column.errors and subject not in column.censored)
    elif column.words and text in (ENTERS, STAYS_OUT, UNDECIDED):
        return column.name
    return f"{column.name} ({text})"


def _beside(verdict: IonVerdict, table: Joined) -> str:
    """Return how what was measured compares."""
    seen = [
        f"{truth.name}: {value_text(truth, verdict.subject)}"
        for truth in table.measured
        if truth.values.get(verdict.subject) is not None
    ]
    if not seen:
        return NOT_TESTED
    words = f"({'; '.join(seen)})"
    if verdict.measured == CONTRADICTORY:
        return f"the measurements do not agree {words}"
    if verdict.measured == UNDECIDED:
        return f"the measurement leaves it open {words}"
    if verdict.verdict in _SAYS:
        return f"measured {'the same' if verdict.verdict == verdict.measured else 'otherwise'} {words}"
    return f"measured: {'; '.join(seen)}"


def _signature(column: Evidence, subject: str, value: float, coverage: float, verdict: str) -> str:
    """Return what would be seen if the ion entered, and whether it could be."""
    resolution, error = column.resolution or math.nan, column.errors.get(subject, 0.0)
    least = f"({number(resolution, unit=column.unit)})"
    if abs(value) - coverage * error >= resolution:
        seen = f"{abs(value) / resolution:.1f} times the smallest that can be seen {least}"
    elif abs(value) + coverage * error < resolution:
        seen = f"less than can be seen {least}, so that its absence would say nothing"
    else:
        seen = f"near the smallest that can be seen {least}, so that its absence would decide nothing"
    side = "" if abs(value) <= coverage * error else f", to {'higher' if value > 0 else 'lower'} values"
    verb, be = ("were to enter", "would be") if verdict == STAYS_OUT else ("enters", "is")
    return f"If {subject} {verb}, {column.name} {be} {value_text(column, subject)}{side}, {seen}."


def _tests(column: Evidence, table: Joined, coverage: float) -> Iterator[Conclusion]:
    """Yield what one evidence decides of all subjects, beside what was measured."""
    by = {one: decision(column, one, coverage) for one in table.subjects}
    known = tuple(one for one in table.subjects if by[one])
    if not known:
        return
    parts = []
    for state, head in ((ENTERS, "enters"), (STAYS_OUT, "does not enter"), (UNDECIDED, "undecided")):
        names = [one for one in known if by[one] == state]
        if names:
            shown = [one if column.words else f"{one} ({value_text(column, one)})" for one in names]
            parts.append(f"{head}: {listed(shown)}")
    limit = f" (limit {number(column.threshold, unit=column.unit)})" if column.threshold is not None else ""
    statement = f"By {column.name}{limit}, {'; '.join(parts)}"
    assumed = (column.assumption,) if column.assumption else ()
    if not table.measured:
        yield Conclusion("test", known, f"{statement}.", assumptions=assumed, measured=(NOT_TESTED,))
        return
    seen = {one: outcomes(table.measured, one, coverage) for one in known}
    says = {one: f"{one}: {by[one]}, measured {_seen(one, table)}" for one in known if seen[one]}
    both = [one for one in known if by[one] in _SAYS and seen[one] in _SAYS]
    wrong = [one for one in both if by[one] != seen[one]]
    left = [one for one in says if one not in both]
    if both:
        statement += (
            f". Measured: the same for {len(both) - len(wrong)} of the {len(both)} that are decided and measured"
            + (f", otherwise for {listed(wrong)}" if wrong else "")
        )
    else:
        statement += f". What it decides is {NOT_TESTED}"
    if left:
        statement += f"; left open: {listed([f'{one}, measured {_seen(one, table)}' for one in left])}"
    for truth in table.measured:
        correlation = table.correlation(column.name, truth.name)
        if correlation.n > 1 and correlation.tau.value == correlation.tau.value:
            statement += f". Against {truth.name}: {judged(correlation)}"
    yield Conclusion(
        "test",
        known,
        f"{statement}.",
        tuple(says[one] for one in both if one not in wrong),
        tuple(says[one] for one in wrong),
        tuple(says[one] for one in left),
        assumed,
    )


def _seen(subject: str, table: Joined) -> str:
    """Return what was measured of a subject, with how."""
    return ", ".join(
        f"{value_text(truth, subject)} ({truth.name})"
        for truth in table.measured
        if truth.values.get(subject) is not None
    )


def _disagreement(one: Evidence, other: Evidence, table: Joined, coverage: float) -> Iterator[Conclusion]:
    """Yield where two evidences decide differently."""
    states = {
        subject: (decision(one, subject, coverage), decision(other, subject, coverage))
        for subject in table.subjects
    }
    differ = [subject for subject, pair in states.items() if set(pair) == {ENTERS, STAYS_OUT}]
    both = [subject for subject, pair in states.items() if set(pair) <= {ENTERS, STAYS_OUT}]
    if differ:
        yield Conclusion(
            "disagreement",
            tuple(differ),
            f"{sentence(one.name)} and {other.name} disagree on {listed(differ)}: {len(differ)} of the {len(both)} "
            "that both decide. They are not averaged.",
            tuple(
                f"{subject}: {states[subject][0]} by {_reason(one, subject)}, {states[subject][1]} by "
                f"{_reason(other, subject)}"
                for subject in differ
            ),
        )


def _why(table: Joined, verdicts: Sequence[IonVerdict]) -> Iterator[Conclusion]:
    """Yield which numbers, that decide nothing, separate what enters from what does not."""
    has_outcomes = any(one.measured in _SAYS for one in verdicts)
    state: Callable[[IonVerdict], str] = (
        (lambda one: one.measured) if has_outcomes else (lambda one: one.verdict)
    )
    inside = [one.subject for one in verdicts if state(one) == ENTERS]
    outside = [one.subject for one in verdicts if state(one) == STAYS_OUT]
    if not inside or not outside:
        return
    goes: list[str] = []
    sides: dict[str, list[str]] = {"for": [], "undecided": []}
    for column, order in zip(table.evidence, table.rankings, strict=True):
        if decides(column) or column.resolution is not None or column.words:
            continue
        side, words, short = _separates(column, order, inside, outside)
        if side:
            sides[side].append(words)
        if short:
            goes.append(short)
    if not sides["for"] and not sides["undecided"]:
        return
    how, others = "as measured" if has_outcomes else "by the evidence", listed(outside)
    statement = f"Those that enter {how} ({listed(inside)}) " + (
        f"have {listed(goes)} than those that do not ({others})"
        if goes
        else f"are not separated from those that do not ({others}) by any other column"
    )
    yield Conclusion(
        "why",
        tuple(inside),
        f"{statement}. {sentence(NO_CAUSE.format(n=len(inside) + len(outside)))}.",
        tuple(sides["for"]),
        (),
        tuple(sides["undecided"]),
        (),
        tuple(_goes_with(table)),
    )


def _goes_with(table: Joined) -> Iterator[str]:
    """Yield how numbers that decide nothing correlate with what was measured."""
    beside = {column.name for column in table.evidence if not decides(column)}
    for found in table.correlations:
        if found.evidence in beside and found.n > 2 and found.tau.value == found.tau.value:
            yield f"{found.evidence} against {found.measured}: {briefly(found)}"


def _separates(
    column: Evidence, order: Ranking, inside: Sequence[str], outside: Sequence[str]
) -> tuple[str, str, str]:
    """Return whether all values on one side lie above all on the other, and how to say it."""
    here = [one for one in inside if one in order.ranks]
    there = [one for one in outside if one in order.ranks]
    if not here or not there:
        return "", "", ""
    signs = {order.between(one, other)[0] for one in here for other in there}
    states = {order.between(one, other)[1] for one in here for other in there}
    values = (
        f"{listed([f'{one} {value_text(column, one)}' for one in here])} beside "
        f"{listed([f'{one} {value_text(column, one)}' for one in there])}"
    )
    if len(signs) > 1 or 0 in signs:
        return "undecided", f"{column.name} does not separate them ({values})", ""
    higher = (signs == {1}) != order.column.turned
    sure = UNDECIDED not in states
    words = f"{'higher' if higher else 'lower'} {column.name}"
    return ("for" if sure else "undecided"), f"{words} ({values})", words if sure else ""
