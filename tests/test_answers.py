"""The first conclusion answers the question in one sentence."""

from __future__ import annotations

import math

from perovchem.doping import doping
from perovchem.evidence import Evidence, Measured
from perovchem.solubility import solubility


def _column(name: str, values: dict[str, float], error: float = math.nan, **more: object) -> Evidence:
    errors = {} if math.isnan(error) else dict.fromkeys(values, error)
    return Evidence(name, values, errors, "eV", "lower", **more)  # type: ignore[arg-type]


def test_what_one_evidence_decides_and_another_leaves_open_is_said() -> None:
    sure = _column("sure", {"A": -3.0, "B": -2.0, "C": -1.0}, 0.1)
    unsure = _column("unsure", {"A": -3.0, "B": -2.9, "C": -1.0}, 0.1)
    answer = solubility(
        [sure, unsure], measured=Measured("rank", {"A": 1, "B": 2, "C": 3}, better="lower")
    ).conclusions[0]
    assert (answer.kind, answer.subjects) == ("answer", ("A",))
    assert answer.statement == (
        "A dissolves the most: first by both evidences, beyond the uncertainties by sure; by the 1 other B is not "
        "separated from it. Order of each: A, B, C. Measured (rank): of the 3 that were, A too is first. So few were "
        "measured that no agreement in rank can be significant."
    )


def test_an_open_lead_is_no_answer_and_a_measurement_that_says_otherwise_is_named() -> None:
    column = _column("E", {"A": -3.0, "B": -2.9, "C": -1.0}, 0.1)
    answer = solubility([column], measured=Measured("g", {"B": 3.0, "A": 1.0}, unit="g/L")).conclusions[0]
    assert answer.statement.startswith(
        "Which dissolves the most is not decided: A is first by E, not separated from B; 1 is behind it beyond the "
        "uncertainties."
    )
    assert "Measured otherwise (g): of the 2 that were, B is first, where E says A." in answer.statement


def test_evidences_that_name_others_decide_nothing() -> None:
    answer = solubility(
        [_column("E", {"A": -3.0, "B": -1.0}), _column("F", {"A": -1.0, "B": -3.0})]
    ).conclusions[0]
    assert answer.statement.startswith(
        "Which dissolves the most is not decided, as the evidences do not agree: A by E; B by F."
    )


def test_groups_that_share_no_subject_do_not_disagree() -> None:
    values = {"A": -3.0, "B": -1.0, "X": -9.0, "Y": -8.0}
    column = _column("E", values, 0.1, groups={"A": "1", "B": "1", "X": "2", "Y": "2"})
    found = solubility([column])
    assert found.conclusions[0].statement.startswith(
        "Only subjects of one group are compared: A by E (among 1); X by E"
    )
    assert "disagreement" not in [one.kind for one in found.conclusions]


def test_ions_are_sorted_by_what_they_do() -> None:
    verdicts = Evidence(
        "radii",
        {"Br": "enters", "I": "does not enter", "MA": "undecided", "FA": "does not enter"},
        better="enters",
    )
    answer = doping(
        [verdicts], measured=Measured("XPS", {"Br": "enters", "I": "enters", "MA": "not found"})
    ).conclusions[0]
    assert answer.statement == (
        "Br enters; I and FA do not enter; MA (measured: does not enter) is undecided, by radii. Measured the same: Br; "
        "measured otherwise: I enters; not measured: FA."
    )
