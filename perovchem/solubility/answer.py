"""The answer in one sentence: who dissolves the most, how surely, and whether that is what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perovchem.conclusion_words import listed, sentence
from perovchem.conclusions import NOT_TESTED, Joined
from perovchem.evidence import Conclusion, Evidence
from perovchem.ranking import OPEN, STATES, Ranking

_MOST = 6
"""Subjects that the answer names."""


def apart(directed: Sequence[tuple[Evidence, Ranking]]) -> bool:
    """Return whether no two evidences know a common subject, so that they can neither agree nor disagree."""
    known = [set(order.ranks) for _, order in directed]
    return len(known) > 1 and not any(a & b for place, a in enumerate(known) for b in known[place + 1 :])


def answer(table: Joined, directed: Sequence[tuple[Evidence, Ranking]]) -> Conclusion:
    """Return the answer; what it rests on stands in the conclusions after it."""
    firsts = [order.first for _, order in directed]
    common = [one for one in firsts[0] if all(one in first for first in firsts)]
    if common and all(set(first) == set(common) for first in firsts) and len(common) == 1:
        statement = _one(common[0], directed)
    elif apart(directed):
        named = "; ".join(f"{listed(order.first)} by {column.name}" for column, order in directed)
        statement = f"Only subjects of one group are compared: {named}"
    elif common:
        statement = (
            f"Which dissolves the most is not decided: {listed(common, most=_MOST)} "
            f"{'is' if len(common) == 1 else 'are'} among those that are equal first by {_by(directed)}"
        )
    else:
        named = "; ".join(f"{listed(order.first, most=3)} by {column.name}" for column, order in directed)
        statement = f"Which dissolves the most is not decided, as the evidences do not agree: {named}"
    return Conclusion(
        "answer",
        tuple(common) or tuple(dict.fromkeys(one for first in firsts for one in first)),
        ". ".join([statement, *map(sentence, _measured(table, directed))]) + ".",
    )


def _by(directed: Sequence[tuple[Evidence, Ranking]]) -> str:
    return (
        directed[0][0].name
        if len(directed) == 1
        else f"{'both' if len(directed) == 2 else f'all {len(directed)}'} evidences"
    )


def _one(best: str, directed: Sequence[tuple[Evidence, Ranking]]) -> str:
    """Return how surely the one that all evidences put first is so."""
    near = {
        column.name: [one for one in order.order if order.between(best, one) == (1, STATES[OPEN])]
        for column, order in directed
    }
    unsure = [name for name, rivals in near.items() if rivals]
    rivals = list(dict.fromkeys(one for names in near.values() for one in names))
    if len(unsure) == len(directed):
        behind = [
            one
            for one in directed[0][1].order
            if one != best and all(one not in those for those in near.values())
        ]
        text = (
            f"Which dissolves the most is not decided: {best} is first by {_by(directed)}, not separated from "
            f"{listed(rivals, most=_MOST)}"
        )
        if behind:
            text += (
                f"; {len(behind)} {'is' if len(behind) == 1 else 'are'} behind it beyond the uncertainties"
            )
    elif unsure:
        sure = [name for name in near if name not in unsure]
        text = (
            f"{best} dissolves the most: first by {_by(directed)}, beyond the uncertainties by {listed(sure)}; by the "
            f"{len(unsure)} other{'s' * (len(unsure) > 1)} {listed(rivals, most=_MOST)} "
            f"{'is' if len(rivals) == 1 else 'are'} not separated from it"
        )
    else:
        given = all(order.without_uncertainty == len(order.order) for _, order in directed)
        text = f"{best} dissolves the most, by {_by(directed)}{'; no uncertainty is given' * given}"
    orders = {order.order for _, order in directed}
    if len(orders) == 1 and 2 < len(order := next(iter(orders))) <= _MOST:
        text += f". Order{' of each' * (len(directed) > 1)}: {', '.join(order)}"
    return text


def _measured(table: Joined, directed: Sequence[tuple[Evidence, Ranking]]) -> Iterator[str]:
    """Yield whether what was measured names the same, among the subjects that both know."""
    tested = False
    for truth in table.measured_rankings:
        same: list[tuple[str, str, int]] = []
        other: list[tuple[str, str, int]] = []
        for column, order in directed:
            shared = [one for one in truth.order if one in order.ranks]
            if len(shared) > 1:
                mine = {one for one in shared if order.ranks[one] == min(order.ranks[x] for x in shared)}
                true = {one for one in shared if truth.ranks[one] == min(truth.ranks[x] for x in shared)}
                (same if mine == true else other).append((column.name, listed(sorted(mine)), len(shared)))
                top = listed(sorted(true))
        tested |= bool(same or other)
        n = max((count for _, _, count in (*same, *other)), default=0)
        if same and not other:
            yield f"measured ({truth.name}): of the {n} that were, {top} too is first"
        elif other:
            wrong = "; ".join(f"{name} says {mine}" for name, mine, _ in other)
            yield f"measured otherwise ({truth.name}): of the {n} that were, {top} is first, where {wrong}"
    if not tested:
        yield f"this is {NOT_TESTED}"
    elif not any(
        table.correlation(column.name, truth.name).tau.can_be_significant
        for column, _ in directed
        for truth in table.measured
    ):
        yield "so few were measured that no agreement in rank can be significant"
