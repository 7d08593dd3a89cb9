"""The answer in one sentence: which ions enter, which do not, and what is left open."""

from __future__ import annotations

from collections.abc import Sequence

from perovchem.conclusion_words import listed, sentence
from perovchem.conclusions import NOT_TESTED, Joined
from perovchem.doping.decisions import CONTRADICTORY, IonVerdict, decides
from perovchem.evidence import Conclusion
from perovchem.ranking import ENTERS, STAYS_OUT, UNDECIDED

_SAYS = (ENTERS, STAYS_OUT)


def answer(table: Joined, verdicts: Sequence[IonVerdict]) -> Conclusion:
    """Return the answer; what it rests on stands in the conclusions after it."""
    parts = []
    for state, one, several in (
        (ENTERS, "enters", "enter"),
        (STAYS_OUT, "does not enter", "do not enter"),
        (UNDECIDED, "is undecided", "are undecided"),
        (CONTRADICTORY, "is in dispute between the evidences", "are in dispute between the evidences"),
    ):
        found = [verdict for verdict in verdicts if verdict.verdict == state]
        if found:
            names = [
                f"{verdict.subject} (measured: {verdict.measured})"
                if state not in _SAYS and verdict.measured in _SAYS
                else verdict.subject
                for verdict in found
            ]
            parts.append(f"{listed(names)} {one if len(found) == 1 else several}")
    by = listed([column.name for column in table.evidence if decides(column)])
    statement = (
        f"{'; '.join(parts)}, by {by}" if parts else "Nothing that was computed decides which ions enter"
    )
    tested = [one for one in verdicts if one.verdict in _SAYS and one.measured in _SAYS]
    wrong = [one for one in tested if one.verdict != one.measured]
    same = [one.subject for one in tested if one not in wrong]
    if table.measured and not tested:
        statement += f". What is decided is {NOT_TESTED}"
    elif table.measured:
        words = [f"measured the same: {listed(same)}"] if same else []
        words += (
            [f"measured otherwise: {listed([f'{one.subject} {one.measured}' for one in wrong])}"]
            if wrong
            else []
        )
        unknown = [one.subject for one in verdicts if not one.measured]
        words += [f"not measured: {listed(unknown)}"] if unknown else []
        statement += f". {sentence('; '.join(words))}"
    return Conclusion("answer", tuple(one.subject for one in verdicts), f"{statement}.")
