"""What is first by each evidence, what the others say to it, and where two disagree."""

from __future__ import annotations

from collections.abc import Sequence

from perovchem.agreement import Agreement
from perovchem.conclusion_words import chain, difference, listed, part, sentence, value_text
from perovchem.conclusions import NOT_TESTED, Joined
from perovchem.evidence import Conclusion, Evidence, Measured
from perovchem.ranking import AS_GIVEN, DECIDED, OPEN, STATES, Ranking


def together(directed: Sequence[tuple[Evidence, Ranking]]) -> Conclusion:
    """Return whether all evidences name one subject."""
    named: dict[tuple[str, ...], list[str]] = {}
    for column, order in directed:
        lead = {OPEN: " (its lead undecided)", AS_GIVEN: " (no uncertainty given)"}.get(
            _lead_state(order), ""
        )
        named.setdefault(tuple(sorted(order.first)), []).append(f"{column.name}{lead}")
    sure = [f"{column.name}: {_lead(column, order)}" for column, order in directed if _lead_state(order)]
    unsure = [
        f"{column.name}: {_lead(column, order)}" for column, order in directed if not _lead_state(order)
    ]
    decided = sum(_lead_state(order) == DECIDED for _, order in directed)
    # what is equal to others at the top does not contradict who names one of them
    common = [one for one in directed[0][1].first if all(one in order.first for _, order in directed)]
    if common:
        kind, several = "agreement", len(named) > 1
        many = "Both evidences put" if len(directed) == 2 else f"All {len(directed)} evidences put"
        named = {tuple(common): []}
        statement = (
            f"{many} {listed(common)} first{', or among those that are equal first' * several}; {decided or 'none'} of "
            "them decides it beyond its uncertainties. They confirm each other only as far as they come from different "
            "calculations."
        )
    else:
        kind = "disagreement"
        parts = "; ".join(f"{listed(first)} by {listed(names)}" for first, names in named.items())
        statement = (
            f"The evidences do not agree on which dissolves the most: {parts}. They are not averaged; which of them "
            "counts is for a measurement, or a better calculation, to say."
        )
    return Conclusion(
        kind,
        tuple(dict.fromkeys(one for first in named for one in first)),
        statement,
        evidence_for=tuple(sure),
        undecided=tuple(unsure),
        assumptions=tuple(dict.fromkeys(column.assumption for column, _ in directed if column.assumption)),
    )


def best(
    column: Evidence,
    order: Ranking,
    table: Joined,
    directed: Sequence[tuple[Evidence, Ranking]],
    draws: int,
) -> Conclusion:
    """Return what one evidence names, and what the others say to it."""
    first, n = order.first, len(order.order)
    sides: dict[str, list[str]] = {"for": [], "against": [], "undecided": []}
    for other, its in directed:
        if other.name != column.name:
            side, words = opinion(first, order, other, its)
            if side:
                sides[side].append(words)
    beside = []
    for truth, its in zip(table.measured, table.measured_rankings, strict=True):
        side, words = opinion(first, order, truth, its)
        if not side:
            unknown = [one for one in first if one not in its.ranks]
            reason = f"nothing of {listed(unknown)}" if unknown else "fewer than two of these subjects"
            words = f"{truth.name}: {reason}, {NOT_TESTED}"
        beside.append(words)
    if len(first) == n:
        statement = f"By {column.name}: all {n} are equal ({value_text(column, first[0])}): it names none"
    elif len(first) > 1:
        statement = (
            f"By {column.name}: {listed(first)} are equal and dissolve the most of {n} "
            f"({value_text(column, first[0])})"
        )
    else:
        lead = _lead(column, order).removeprefix(f"{first[0]} ")
        statement = f"By {column.name}: {first[0]} dissolves the most of {n} {lead}"
    statement += f". Order: {chain(order)}{_how_sure(order, draws)}."
    return Conclusion(
        "best",
        first,
        statement,
        tuple(sides["for"]),
        tuple(sides["against"]),
        tuple(sides["undecided"]),
        (column.assumption,) if column.assumption else (),
        tuple(beside) or (NOT_TESTED,),
    )


def _lead_state(order: Ranking) -> int:
    """Return how sure it is that the first is ahead of all others."""
    if len(order.first) > 1:
        return OPEN
    place = order.column.subjects.index(order.first[0])
    return min(int(order.states[place, order.column.subjects.index(one)]) for one in order.order[1:])


def _lead(column: Evidence | Measured, order: Ranking) -> str:
    """Return the first with its value and by how much it leads."""
    first = order.first
    if len(first) > 1:
        return f"{listed(first)} ({value_text(column, first[0])}) are equal"
    text = f"{first[0]} ({value_text(column, first[0])})"
    near = [one for one in order.order[1:] if order.between(first[0], one)[1] == STATES[OPEN]]
    if near:
        behind = listed([f"{one} ({difference(order, one, first[0])}, undecided)" for one in near], most=4)
        return f"{text}, not separated from {behind}"
    if len(order.order) > 1:
        step = order.steps[0]
        return f"{text}, ahead of {step.worse} ({difference(order, step.worse, first[0])}, {step.state})"
    return text


def _how_sure(order: Ranking, draws: int) -> str:
    """Return what the uncertainties leave of an order."""
    words = []
    if any(step.state == STATES[OPEN] for step in order.steps):
        words.append("≈ is undecided")
    if order.without_uncertainty == len(order.order):
        words.append("no uncertainty is given: taken as it stands")
    elif order.without_uncertainty:
        words.append(f"{order.without_uncertainty} of {len(order.order)} values have no uncertainty")
    if order.order_kept == order.order_kept:
        words.append(
            f"within the uncertainties {order.first[0]} stays first in {part(order.first_kept)} and the whole order in "
            f"{part(order.order_kept)} of {draws} draws"
        )
    return f" ({'; '.join(words)})" if words else ""


def opinion(
    first: Sequence[str], order: Ranking, column: Evidence | Measured, its: Ranking
) -> tuple[str, str]:
    """Return what another column says to some subjects being first: "for", "against", "undecided" or "", and how.

    Only the subjects that both columns know are looked at.
    """
    shared = [one for one in its.order if one in order.ranks]
    named = [one for one in first if one in shared]
    if len(shared) < 2 or not named:
        return "", ""
    best = min(its.ranks[one] for one in shared)
    top = [one for one in shared if its.ranks[one] == best]
    mine, top_text = named[0], listed([f"{one} ({value_text(column, one)})" for one in top], most=3)
    if set(top) == set(named):
        others = [one for one in shared if one not in top]
        states = {its.between(mine, one)[1] for one in others}
        near = [one for one in others if its.between(mine, one)[1] == STATES[OPEN]]
        if near:
            return (
                "undecided",
                f"{column.name}: {top_text} is first too, and not separated from {listed(near, most=3)}",
            )
        sure = ", decided" if states == {STATES[DECIDED]} else ", no uncertainty given"
        return "for", f"{column.name}: {top_text} is first{sure if others else ''}"
    if set(top) < set(named):
        rest = [one for one in shared if one not in named]
        near = [one for one in rest if its.between(top[0], one)[1] == STATES[OPEN]]
        if not near:
            return "for", f"{column.name}: {top_text} is first, one of these"
        return (
            "undecided",
            f"{column.name}: {top_text}, one of these, is not separated from {listed(near, most=3)}",
        )
    if set(top) & set(named):
        return "undecided", f"{column.name}: {top_text} are equal"
    state = its.between(top[0], mine)[1]
    words = f"{top_text} is first; {mine} ({value_text(column, mine)}) is {difference(its, mine, top[0])} ({state})"
    return ("undecided" if state == STATES[OPEN] else "against"), f"{column.name}: {words}"


def disagreement(found: Agreement, table: Joined) -> Conclusion:
    """Return where two evidences order subjects differently."""
    one, other = table.ranking(found.first), table.ranking(found.second)
    pairs = found.n * (found.n - 1) // 2
    firsts = (
        f"{one.name} names {listed(one.first)} and {other.name} {listed(other.first)}"
        if one.first != other.first
        else f"both put {listed(one.first)} first"
    )
    sure = (
        f"{found.sure_opposite} of them beyond the uncertainties of both"
        if found.sure_opposite
        else "none of them known to be beyond the uncertainties of both"
    )
    phrases = [
        (
            pair.sure,
            f"{pair.one} before {pair.other} by {one.name} ({difference(one, pair.one, pair.other)}), "
            f"after it by {other.name} ({difference(other, pair.one, pair.other)})",
        )
        for pair in found.opposites
    ]
    return Conclusion(
        "disagreement",
        tuple(dict.fromkeys((*one.first, *other.first))),
        f"{sentence(one.name)} and {other.name} disagree: {firsts}; they order {found.opposite} of {pairs} "
        f"pair{'s' * (pairs != 1)} differently, {sure}.",
        evidence_for=tuple(words for certain, words in phrases if certain),
        undecided=tuple(words for certain, words in phrases if not certain),
    )


def as_measured(truth: Measured, order: Ranking, directed: Sequence[tuple[Evidence, Ranking]]) -> Conclusion:
    """Return what was measured, and which evidences name the same."""
    sides: dict[str, list[str]] = {"for": [], "against": [], "undecided": []}
    for column, its in directed:
        side, words = opinion(order.first, order, column, its)
        if side:
            sides[side].append(words)
    source = f" Source: {truth.source}." if truth.source else ""
    verb = "dissolves" if len(order.first) == 1 else "dissolve"
    statement = (
        f"Measured, {truth.name}: {listed(order.first)} {verb} the most of {len(order.order)} "
        f"({value_text(truth, order.first[0])}). Order: {chain(order)}{_how_sure(order, 0)}.{source}"
    )
    return Conclusion(
        "measured",
        order.first,
        statement,
        tuple(sides["for"]),
        tuple(sides["against"]),
        tuple(sides["undecided"]),
    )
