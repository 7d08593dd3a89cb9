"""Which ion enters: what decides, what disagrees, what could be seen, and that nothing measured enters."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from builders_evidence import IONS, MISMATCH, NMR, RULE, XPS, evidence, measured
from hypothesis import given
from hypothesis import strategies as st

import perovchem as pc
from perovchem.doping import Doping, doping
from perovchem.errors import UsageError
from perovchem.evidence import Conclusion, Evidence, Measured

SHIFT = evidence(
    "the shift of (100)",
    (-0.055, -0.13, 0.001),
    (0.003, 0.01, 0.002),
    subjects=IONS,
    unit="°",
    resolution=0.02,
)
MIXING = evidence(
    "energy of mixing", (2.0, -35.0, 80.0), (1, 5, 9), subjects=IONS, unit="meV", better="lower"
)


def only(found: Doping, kind: str) -> list[Conclusion]:
    return [one for one in found.conclusions if one.kind == kind]


def of(found: Doping, subject: str) -> Conclusion:
    return next(one for one in only(found, "ion") if one.subjects == (subject,))


def test_the_publication() -> None:
    """SCIENCE: Br enters (8.3 %), I does not (21.5 %), measured the same; MA is undecided beside "not found"."""
    found = doping([RULE, MISMATCH, SHIFT], measured=[XPS, NMR])
    assert {one.subject: (one.verdict, one.measured) for one in found.verdicts} == {
        "Br": ("enters", "enters"),
        "I": ("does not enter", "does not enter"),
        "MA": ("undecided", "does not enter"),
    }
    assert (
        "Br enters" in of(found, "Br").statement
        and "measured the same (XPS: enters)" in of(found, "Br").statement
    )
    assert "I does not enter" in of(found, "I").statement and "XPS: not found" in of(found, "I").statement
    ma = of(found, "MA")
    assert "undecided" in ma.statement and "1H NMR: not found" in ma.statement
    assert len(ma.undecided) == 2 and not ma.evidence_for and not ma.evidence_against
    rule = next(one for one in only(found, "test") if "By the radius rule" in one.statement)
    assert "the same for 2 of the 2 that are decided and measured" in rule.statement
    assert "MA, measured not found (1H NMR)" in rule.statement
    assert "2 subjects cannot be significant" in rule.statement
    assert len(rule.evidence_for) == 2 and len(rule.undecided) == 1


def test_from_our_own_substitution() -> None:
    """The verdicts of the room itself, joined: radii decide Br and I, and leave MA open."""
    sites = {"Br-": "Cl", "I-": "Cl", "MA+": "Cs"}
    rooms = {ion: pc.check_substitution("CsPbCl3", site=site, ion=ion) for ion, site in sites.items()}
    verdict = Evidence("substitution", {ion: one.verdict for ion, one in rooms.items()}, better="enters")
    size = Evidence(
        "radius mismatch",
        {ion: 100 * one.test("radius_mismatch").value for ion, one in rooms.items()},
        {ion: 100 * one.test("radius_mismatch").uncertainty for ion, one in rooms.items()},
        unit="%", better="lower", threshold=15.0,
    )  # fmt: skip
    found = doping([verdict, size])
    assert [one.verdict for one in found.verdicts] == ["enters", "does not enter", "undecided"]
    assert "8.3" in of(found, "Br-").statement and "21.5" in of(found, "I-").statement


@pytest.mark.parametrize(
    ("value", "error", "bound", "verdict"),
    [
        (10.0, 2.0, "", "enters"),
        (10.0, 2.5, "", "undecided"),  # just 2 standard uncertainties from the limit
        (20.0, 2.4, "", "does not enter"),
        (15.0, None, "", "undecided"),
        (14.9, None, "", "enters"),
        (10.0, None, "<", "enters"),  # below 10 is below 15
        (10.0, None, ">", "undecided"),
        (20.0, None, ">", "does not enter"),
        (20.0, None, "<", "undecided"),
        (15.0, None, "<", "enters"),
        (15.0, None, ">", "does not enter"),
    ],
)
def test_a_limit_decides_beyond_the_uncertainty(
    value: float, error: float | None, bound: str, verdict: str
) -> None:
    column = Evidence(
        "mismatch", {"X": value}, {} if error is None else {"X": error}, better="lower", threshold=15.0,
        censored={"X": bound} if bound else {},
    )  # fmt: skip
    assert doping([column]).verdicts[0].verdict == verdict
    turned = replace(
        column, values={"X": -value}, threshold=-15.0, better="higher",
        censored={"X": {"<": ">", ">": "<"}[bound]} if bound else {},
    )  # fmt: skip
    assert doping([turned]).verdicts[0].verdict == verdict


def test_evidence_against_is_listed_and_not_averaged() -> None:
    found = doping([RULE, replace(MIXING, threshold=25.7)])
    iodide = of(found, "I")
    assert found.verdicts[1].verdict == "contradictory"
    assert "do not agree on I" in iodide.statement
    assert "energy of mixing" in iodide.evidence_for[0] and "radius rule" in iodide.evidence_against[0]
    (disagree,) = only(found, "disagreement")
    assert disagree.subjects == ("I",) and "1 of the 2 that both decide" in disagree.statement
    # what one leaves undecided is the other's to decide
    assert found.verdicts[2].verdict == "does not enter" and of(found, "MA").undecided == ("the radius rule",)


@pytest.mark.parametrize(
    ("outcomes", "state", "words"),
    [
        (("enters", "not found"), "contradictory", "do not agree"),
        (("enters", None), "enters", "measured the same"),
        (("undecided", None), "undecided", "leaves it open"),
        ((None, None), "", "not tested against a measurement"),
        (("not found", "unclear"), "does not enter", "measured otherwise"),
    ],
)
def test_measurements_of_one_ion(outcomes: tuple[Any, Any], state: str, words: str) -> None:
    both = [
        Measured(name, {"Br": value, "I": "not found"}) for name, value in zip("ab", outcomes, strict=True)
    ]
    found = doping([RULE], measured=both)
    assert found.verdicts[0].measured == state
    assert words in of(found, "Br").statement


@pytest.mark.parametrize(
    ("value", "error", "bound", "state"),
    [
        (0.1, 0.01, "", "enters"), (0.1, 0.06, "", "undecided"), (0.1, None, "", "enters"), (0.0, None, "", "does not enter"),
        (0.01, None, "<", "does not enter"), (0.01, None, ">", "enters"), (-0.05, 0.01, "", "enters"),
    ],
)  # fmt: skip
def test_measured_amounts_are_outcomes(value: float, error: float | None, bound: str, state: str) -> None:
    truth = Measured(
        "EDX", {"Br": value}, {} if error is None else {"Br": error}, censored={"Br": bound} if bound else {}
    )
    assert doping([RULE], measured=truth).verdicts[0].measured == state


def test_a_signature_says_what_would_be_seen_and_decides_nothing() -> None:
    found = doping([SHIFT, RULE])
    assert "2.8 times the smallest that can be seen (0.02°)" in of(found, "Br").statement
    assert "to lower values" in of(found, "Br").statement
    assert "If I were to enter" in of(found, "I").statement and "6.5 times" in of(found, "I").statement
    assert "its absence would say nothing" in of(found, "MA").statement
    near = replace(SHIFT, errors=dict.fromkeys(IONS, 0.02))
    assert "its absence would decide nothing" in of(doping([near, RULE]), "Br").statement
    alone = doping([SHIFT])
    assert {one.verdict for one in alone.verdicts} == {"no evidence"}
    assert not doping([SHIFT], measured=XPS).correlations


def test_numbers_without_a_limit_decide_nothing_and_may_go_with_it() -> None:
    rising = replace(MIXING, values=dict(zip(IONS, (2.0, 35.0, 80.0), strict=True)))
    found = doping([rising, RULE], measured=[XPS, NMR])
    assert "deciding nothing: energy of mixing 2.0 ± 1.0 meV" in of(found, "Br").statement
    assert not any("energy of mixing" in one for one in of(found, "Br").evidence_for)
    (why,) = only(found, "why")
    assert "lower energy of mixing" in why.statement and "no cause" in why.statement
    crossing = doping([MIXING, RULE], measured=[XPS, NMR])  # I below Br, MA above
    (why,) = only(crossing, "why")
    assert "not separated" in why.statement and why.undecided and not why.evidence_for


@given(st.lists(st.sampled_from(["enters", "not found", "undecided", None]), min_size=3, max_size=3))
def test_verdicts_never_read_what_was_measured(outcomes: list[str | None]) -> None:
    columns = [RULE, MISMATCH]
    bare = doping(columns)
    found = doping(columns, measured=Measured("XPS", dict(zip(IONS, outcomes, strict=True))))
    assert [replace(one, measured="") for one in found.verdicts] == list(bare.verdicts)
    for one, other in zip(only(found, "ion"), only(bare, "ion"), strict=True):
        assert (one.evidence_for, one.evidence_against, one.undecided) == (
            other.evidence_for, other.evidence_against, other.undecided,
        )  # fmt: skip


def test_eight_ions_in_two_groups_are_fishers_test() -> None:
    """4 enter and 4 do not, and the rule knows them all: 2 of the 70 ways to choose 4 of 8 are as extreme."""
    names = tuple("abcdefgh")
    words = ["enters"] * 4 + ["does not enter"] * 4
    rule = evidence("rule", words, subjects=names, better="enters")
    found = doping([rule], measured=measured("XPS", words, subjects=names))
    assert found.correlations[0].tau.p == pytest.approx(2 / 70)
    (test,) = only(found, "test")
    assert "the same for 8 of the 8" in test.statement and "significant at 5 %" in test.statement
    assert "not significant" not in test.statement


def test_words_may_be_any_when_the_good_one_is_named() -> None:
    column = Evidence("phase", {"a": "forms", "b": "decomposes", "c": "undecided"}, better="forms")
    assert [one.verdict for one in doping([column]).verdicts] == ["enters", "does not enter", "undecided"]
    stays = Evidence("wanted out", {"a": "enters", "b": "not found"}, better="does not enter")
    assert [one.verdict for one in doping([stays]).verdicts] == ["does not enter", "enters"]


@given(st.permutations(list(IONS)))
def test_order_of_subjects_changes_nothing(order: list[str]) -> None:
    def moved(column: Evidence) -> Evidence:
        return replace(column, values={one: column.values[one] for one in order})

    found = doping([moved(RULE), moved(MISMATCH)], measured=[XPS, NMR])
    before = doping([RULE, MISMATCH], measured=[XPS, NMR])
    assert {one.subject: one for one in found.verdicts} == {one.subject: one for one in before.verdicts}
    assert {one.statement for one in only(found, "ion")} == {one.statement for one in only(before, "ion")}


def test_unit_changes_nothing() -> None:
    meV, kJ = replace(MIXING, threshold=25.7), 0.0964853321
    other = replace(
        meV, values={one: kJ * float(value) for one, value in meV.values.items()},  # type: ignore[arg-type]
        errors={one: kJ * value for one, value in meV.errors.items()}, threshold=25.7 * kJ, unit="kJ/mol",
    )  # fmt: skip
    assert [one.verdict for one in doping([meV]).verdicts] == [
        one.verdict for one in doping([other]).verdicts
    ]


def test_result_is_one_line_a_table_and_plain_json() -> None:
    found = doping([RULE, MISMATCH, SHIFT], measured=[XPS, NMR], title="Ions")
    assert "\n" not in repr(found)
    table = found.to_dataframe()
    assert list(table["verdict"]) == ["enters", "does not enter", "undecided"]
    assert table.attrs["units"]["radius mismatch"] == "%"
    kept = json.loads(found.to_json())["results"][0]
    assert kept["verdicts"][2]["undecided"] == ["the radius rule", "radius mismatch"]
    assert kept["correlations"][0]["evidence"] == "the radius rule"


def test_refusals() -> None:
    with pytest.raises(UsageError, match="has no rank"):
        doping([RULE], measured=Measured("XPS", {"Br": "maybe"}))
    with pytest.raises(UsageError, match="has no rank"):  # a word that is not known is no verdict against
        doping([Evidence("rule", {"Br": "partly"}, better="enters")])
    with pytest.raises(UsageError, match="no evidence"):
        doping([])
    with pytest.raises(UsageError, match="no Measured"):
        doping([RULE], measured=[RULE])  # type: ignore[list-item]


def test_an_ion_without_any_value() -> None:
    column = Evidence("rule", {"Br": "enters", "Xx": math.nan}, better="enters")
    found = doping([column])
    assert found.verdicts[1].verdict == "no evidence"
    assert "Nothing that was computed decides whether Xx enters" in of(found, "Xx").statement
