"""What evidence and measurements decide of one ion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perovchem.conclusions import Joined
from perovchem.evidence import Evidence, Measured
from perovchem.ranking import ENTERS, STAYS_OUT, UNDECIDED, coded

NO_EVIDENCE: Final = "no evidence"
CONTRADICTORY: Final = "contradictory"


@dataclass(frozen=True, slots=True)
class IonVerdict:
    """What is said of one ion.

    Attributes
    ----------
    subject : str
    verdict : str
        "enters" or "does not enter" where all evidence that decides says so; "contradictory" where it differs;
        "undecided" where none decides; "no evidence".
    enters, stays_out, undecided : tuple of str
        Names of the evidences by what they decide.
    measured : str
        "enters", "does not enter", "contradictory", "undecided", or "" where nothing was measured.
    """

    subject: str
    verdict: str
    enters: tuple[str, ...]
    stays_out: tuple[str, ...]
    undecided: tuple[str, ...]
    measured: str


def decides(column: Evidence) -> bool:
    """Return whether evidence can say that an ion enters or does not."""
    return bool(column.better) and (column.words or column.threshold is not None)


def decision(column: Evidence, subject: str, coverage: float) -> str:
    """Return "enters", "does not enter" or "undecided"; "" where there is no value."""
    one = coded(column, [subject])
    value, error, bound = float(one.values[0]), float(one.errors[0]), int(one.bounds[0])
    if column.values.get(subject) is None:
        return ""
    if column.words:
        return UNDECIDED if math.isnan(value) else ENTERS if value > 0.5 else STAYS_OUT
    limit = (column.threshold or 0.0) * (-1.0 if one.turned else 1.0)
    margin = value - limit
    # a bound decides when all that it allows lies on one side
    open_bound = bound != 0 and margin * bound < 0
    within = margin == 0 or (not math.isnan(error) and abs(margin) <= coverage * error)
    if open_bound or (within and bound == 0):
        return UNDECIDED
    return ENTERS if (margin > 0 or (margin == 0 and bound > 0)) else STAYS_OUT


def outcome(column: Measured, subject: str, coverage: float) -> str:
    """Return what was measured as "enters", "does not enter" or "undecided"; "" where there is nothing."""
    value = column.values.get(subject)
    if value is None:
        return ""
    if isinstance(value, str):
        found = float(coded(column, [subject]).values[0])
        return UNDECIDED if math.isnan(found) else ENTERS if found > 0.5 else STAYS_OUT
    bound, error = column.censored.get(subject, ""), column.errors.get(subject, math.nan)
    if bound == "<" or value == 0:
        return STAYS_OUT
    if bound == ">" or math.isnan(error) or abs(value) > coverage * error:
        return ENTERS
    return UNDECIDED


def outcomes(columns: Sequence[Measured], subject: str, coverage: float) -> str:
    """Return what all measurements together say of a subject; "contradictory" where they differ."""
    seen = {outcome(column, subject, coverage) for column in columns} - {""}
    certain = seen - {UNDECIDED}
    if len(certain) > 1:
        return CONTRADICTORY
    return next(iter(certain), UNDECIDED) if seen else ""


def verdict_of(subject: str, table: Joined, coverage: float) -> IonVerdict:
    """Return what all evidence together leaves for one subject."""
    decided: dict[str, list[str]] = {ENTERS: [], STAYS_OUT: [], UNDECIDED: [], "": []}
    for column in table.evidence:
        if decides(column):
            decided[decision(column, subject, coverage)].append(column.name)
    said = [one for one in (ENTERS, STAYS_OUT) if decided[one]]
    verdict = said[0] if len(said) == 1 else CONTRADICTORY if said else UNDECIDED
    if not said and not decided[UNDECIDED]:
        verdict = NO_EVIDENCE
    return IonVerdict(
        subject=subject,
        verdict=verdict,
        enters=tuple(decided[ENTERS]),
        stays_out=tuple(decided[STAYS_OUT]),
        undecided=tuple(decided[UNDECIDED]),
        measured=outcomes(table.measured, subject, coverage),
    )
