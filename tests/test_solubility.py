"""Which additive dissolves the most: what is decided, what disagrees, and that nothing measured enters."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders_evidence import ORDER, SALTS, binding, evidence, measured
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from validation import algebra

import perovchem as pc
from perovchem.errors import MissingDataError, UsageError
from perovchem.evidence import Conclusion, Evidence, Measured
from perovchem.solubility import Solubility, solubility


def only(found: Solubility, kind: str) -> list[Conclusion]:
    return [one for one in found.conclusions if one.kind == kind]


def everything(found: Solubility) -> str:
    return "\n".join(map(str, found.conclusions))


# --- what one evidence names -------------------------------------------------------------------------------------


def test_a_difference_within_the_uncertainties_is_undecided() -> None:
    (best,) = only(solubility([binding(3.0)]), "best")
    assert best.subjects == ("MAI",)
    assert "MAI dissolves the most of 3 (-444.0 ± 3.0 kJ/mol)" in best.statement
    assert re.search(r"not separated from MABr \(4\.0 ± 4\.2 kJ/mol higher, undecided\)", best.statement)
    assert "MAI ≈ MABr > MACl" in best.statement


def test_a_difference_beyond_the_uncertainties_is_decided() -> None:
    (best,) = only(solubility([binding(1.0)]), "best")
    assert "ahead of MABr (4.0 ± 1.4 kJ/mol higher, decided)" in best.statement
    assert "MAI > MABr > MACl" in best.statement


@pytest.mark.parametrize(("coverage", "decided"), [(2.0, False), (1.0, True), (0.9, True)])
def test_coverage_is_what_decides(coverage: float, decided: bool) -> None:
    """4 kJ/mol with a standard uncertainty of 2 √2 = 2.83 is 1.41 of it."""
    found = solubility([binding(2.0)], coverage=coverage)
    assert (found.rankings[0].steps[0].state == "decided") is decided
    assert found.provenance.settings["coverage"] == coverage


def test_without_uncertainties_nothing_is_decided_and_it_is_said() -> None:
    found = solubility([evidence("ΔG", (-3, -2, -1), better="lower")])
    assert {step.state for step in found.rankings[0].steps} == {"no uncertainty given"}
    assert "no uncertainty is given" in everything(found)
    assert math.isnan(found.rankings[0].order_kept)


def test_higher_may_be_better_and_ties_share_the_place() -> None:
    found = solubility([evidence("contacts", (2.0, 5.0, 5.0), better="higher")])
    assert found.rankings[0].first == ("MABr", "MACl")
    assert found.rankings[0].ranks == {"MABr": 1.5, "MACl": 1.5, "MAI": 3.0}
    assert "MABr and MACl are equal" in everything(found)
    same = solubility([evidence("contacts", (5.0, 5.0, 5.0), better="higher")])
    assert "names none" in everything(same)


def test_fraction_of_draws_that_keep_the_order(validate) -> None:
    """Two values 4 apart with uncertainties of 3: the difference keeps its sign with Φ(4/√18)."""
    two = replace(binding(), values={"MAI": -444.0, "MABr": -440.0}, errors={"MAI": 3.0, "MABr": 3.0})
    found = solubility([two], draws=40_000).rankings[0]
    truth = stats.norm.cdf(4 / math.sqrt(18))
    assert found.first_kept == found.order_kept
    validate(
        "Conclusions", "part of draws with the same order", "-444 ± 3 and -440 ± 3", ours=found.order_kept, truth=truth,
        absolute=4 * math.sqrt(truth * (1 - truth) / 40_000), source=algebra("Φ(4/√18)"),
    )  # fmt: skip


def test_only_subjects_of_one_group_are_compared() -> None:
    """A cluster with a salt has one component more than one without, and would win by its size."""
    names = (*SALTS, "none")
    groups = dict.fromkeys(SALTS, "with a salt") | {"none": "without"}
    column = evidence(
        "ΔG of binding", (-444, -440, -399, -358), (3,) * 4, subjects=names, better="lower", groups=groups
    )
    found = solubility([column], measured=measured("order", (1, 2, 3, 4), subjects=names, better="lower"))
    assert found.rankings[0].order == SALTS
    assert found.correlations[0].n == 3
    assert any("alone in theirs" in note and "none" in note for note in found.notes)
    assert "rank" in found.table.columns[3] and math.isnan(found.table.iloc[3]["ΔG of binding rank"])


# --- several evidences -------------------------------------------------------------------------------------------


def test_agreement_names_one_and_says_what_it_is_worth() -> None:
    other = evidence("ΔG in DMSO", (-362, -300, -299), (3,) * 3, unit="kJ/mol", better="lower")
    found = solubility([binding(), other])
    (together,) = only(found, "agreement")
    assert together.subjects == ("MAI",)
    assert "1 of them decides" in together.statement and "different calculations" in together.statement
    assert len(together.evidence_for) == 1 and "ΔG in DMSO" in together.evidence_for[0]
    assert len(together.undecided) == 1 and "ΔG of binding" in together.undecided[0]


def test_disagreement_is_its_own_conclusion_and_never_an_average() -> None:
    salt = evidence("ΔG of the salt", (-30, -50, -45), (2,) * 3, unit="kJ/mol", better="lower")
    found = solubility([binding(1.0), salt])
    head, pair = only(found, "disagreement")
    assert "MAI by ΔG of binding" in head.statement and "MABr by ΔG of the salt" in head.statement
    assert "not averaged" in head.statement
    # MAI/MABr and MAI/MACl are ordered differently, both beyond the uncertainties; MABr/MACl is not
    assert "2 of 3 pairs differently, 2 of them beyond the uncertainties of both" in pair.statement
    assert any(
        "MAI before MABr by ΔG of binding (4.0 ± 1.4 kJ/mol lower)" in one for one in pair.evidence_for
    )
    assert any("after it by ΔG of the salt (20.0 ± 2.8 kJ/mol higher)" in one for one in pair.evidence_for)
    best = {one.subjects[0]: one for one in only(found, "best")}
    assert "ΔG of the salt: MABr" in best["MAI"].evidence_against[0]
    assert not best["MAI"].evidence_for and not best["MABr"].evidence_for


def test_one_of_several_that_are_equal_is_no_contradiction() -> None:
    """Two of three are "isolated"; a number that names one of the two agrees with that."""
    shape = evidence("shape", ("isolated", "isolated", "edge"), better="isolated")
    found = solubility([binding(1.0), shape])
    assert not only(found, "disagreement")
    (together,) = only(found, "agreement")
    assert together.subjects == ("MAI",) and "among those that are equal first" in together.statement
    by_shape = next(one for one in only(found, "best") if len(one.subjects) == 2)
    assert not by_shape.evidence_against and "one of these" in by_shape.evidence_for[0]
    by_binding = next(one for one in only(found, "best") if one.subjects == ("MAI",))
    assert not by_binding.evidence_against and "are equal" in by_binding.undecided[0]


def test_what_is_undecided_counts_for_neither() -> None:
    close = evidence("ΔG of the salt", (-49, -50, -45), (2,) * 3, unit="kJ/mol", better="lower")
    found = solubility([binding(1.0), close])
    best = next(one for one in only(found, "best") if one.subjects == ("MAI",))
    assert not best.evidence_for and not best.evidence_against
    assert "ΔG of the salt: MABr" in best.undecided[0] and "undecided" in best.undecided[0]


def test_assumptions_travel() -> None:
    found = solubility([binding(assumption="three DMSO stand for the solvent")])
    assert only(found, "best")[0].assumptions == ("three DMSO stand for the solvent",)


def test_no_direction_no_best() -> None:
    found = solubility([evidence("Pb-O distance", (2.4, 2.5, 2.6), unit="Å")])
    assert "No evidence says" in found.conclusions[0].statement


# --- what was measured -------------------------------------------------------------------------------------------


def test_without_a_measurement_it_is_said() -> None:
    found = solubility([binding()])
    assert only(found, "best")[0].measured == ("not tested against a measurement",)
    assert "not tested against a measurement" in only(found, "test")[0].statement
    assert not found.correlations


def test_three_subjects_cannot_be_significant() -> None:
    found = solubility([binding(1.0)], measured=ORDER)
    (test,) = only(found, "test")
    assert "3 of 3 pairs as measured" in test.statement
    assert "3 subjects cannot be significant" in test.statement and "0.33" in test.statement
    assert found.correlations[0].tau.p == pytest.approx(1 / 3)
    assert not found.correlations[0].tau.can_be_significant


def test_ten_subjects_in_order_are_significant_also_after_correction() -> None:
    names = tuple("abcdefghij")
    one = evidence("one", range(10), subjects=names, better="lower")
    other = evidence("other", (5, 3, 8, 1, 9, 2, 7, 0, 6, 4), subjects=names, better="lower")
    truth = measured("solubility", range(10, 0, -1), subjects=names, unit="mol/L")
    found = solubility([one, other], measured=truth)
    perfect, scattered = found.correlations
    assert perfect.tau.value == 1 and perfect.holm_tau == pytest.approx(2 * 2 / math.factorial(10))
    assert scattered.holm_tau == scattered.tau.p  # the largest of all is multiplied by one
    first, second = only(found, "test")
    assert "Significant at 5 %" in first.statement or "; significant at 5 %" in first.statement
    assert "not significant" in second.statement
    assert second.evidence_against


def test_a_wrong_order_is_told_pair_by_pair() -> None:
    backwards = measured("solubility", (0.1, 0.2, 0.3), unit="mol/L", errors=dict.fromkeys(SALTS, 0.01))
    found = solubility([binding(1.0)], measured=backwards)
    (test,) = only(found, "test")
    assert "0 of 3 pairs as measured, 3 otherwise" in test.statement
    assert found.correlations[0].tau.value == -1
    assert len(test.evidence_against) == 3
    (seen,) = only(found, "measured")
    assert "MACl dissolves the most" in seen.statement and seen.evidence_against


@settings(max_examples=25, deadline=None)
@given(st.permutations(list(range(4))), st.booleans())
def test_predictions_never_read_what_was_measured(order: list[int], reverse: bool) -> None:
    names = ("a", "b", "c", "d")
    columns = [
        evidence("one", (1, 2, 3, 4), (0.1,) * 4, subjects=names, better="lower"),
        evidence("other", (2, 1, 4, 3), (0.1,) * 4, subjects=names, better="higher" if reverse else "lower"),
    ]
    without = solubility(columns)
    with_it = solubility(columns, measured=measured("m", order, subjects=names, unit="g/L"))
    for kind in ("best", "agreement", "disagreement"):
        bare = [replace(one, measured=()) for one in only(with_it, kind)]
        assert bare == [replace(one, measured=()) for one in only(without, kind)]


def test_bounds_are_ranked_honestly() -> None:
    truth = measured("solubility", (0.5, 0.2, 0.2), unit="mol/L", censored={"MACl": "<"})
    found = solubility([binding(1.0)], measured=truth)
    assert found.correlations[0].tau.value == 1
    assert "< 0.2" in str(found.table.iloc[2]["solubility"]) or "<0.2" in str(
        found.table.iloc[2]["solubility"]
    )
    errors = {"MAI": 0.01, "MABr": 0.01}
    sure = measured("solubility", (0.5, 0.2, 0.1), unit="mol/L", censored={"MACl": "<"}, errors=errors)
    order = solubility([binding(1.0)], measured=sure).rankings[-1]
    assert [step.state for step in order.steps] == ["decided"] * 2 and order.without_uncertainty == 0
    crossed = measured("solubility", (0.5, 0.2, 0.3), unit="mol/L", censored={"MACl": "<"})
    assert solubility([binding(1.0)], measured=crossed).correlations[0].correlation.ties == 1


def test_missing_values_are_named_and_the_rest_is_compared() -> None:
    column = Evidence("ΔG", {"MAI": -3.0, "MABr": math.nan, "MACl": -1.0}, better="lower")
    found = solubility([column], measured=Measured("order", {"MAI": 1, "MACl": 2, "MAF": 3}, better="lower"))
    assert any("MABr" in note for note in found.notes) and any("MAF" in note for note in found.notes)
    assert found.rankings[0].order == ("MAI", "MACl") and found.correlations[0].n == 2


def test_one_shared_subject_is_no_test() -> None:
    found = solubility([binding()], measured=Measured("solubility", {"MAI": 0.038}, unit="g/mL"))
    (test,) = only(found, "test")
    assert "fewer than two subjects" in test.statement and "not tested" in test.statement


# --- why ---------------------------------------------------------------------------------------------------------


def test_what_goes_with_the_best_is_no_cause() -> None:
    short = evidence("Pb-O distance", (2.41, 2.45, 2.47), (0.01, 0.01, 0.03), unit="Å")
    bonds = evidence("number of hydrogen bonds", (2.1, 2.2, 1.0), (0.01,) * 3)
    found = solubility([binding(), short, bonds], measured=ORDER)
    (why,) = only(found, "why")
    assert why.subjects == ("MAI",) and "as measured" in why.statement
    assert "shortest Pb-O distance" in why.statement and "is no cause" in why.statement
    assert "decided" in why.evidence_for[0]
    assert any("lies between" in one for one in why.undecided)
    assert any("the larger it is, the less dissolves" in one for one in why.measured)


def test_the_best_is_compared_with_those_that_were_measured() -> None:
    """Of four, the two shortest were never measured: among the others MAI has the shortest."""
    names = (*SALTS, "FAI", "FABr")
    column = evidence("ΔG", (-9, -5, -1, -7, -3), (0.1,) * 5, subjects=names, better="lower")
    short = evidence("Pb-O distance (mean)", (2.41, 2.45, 2.47, 2.30, 2.35), subjects=names, unit="Å")
    (why,) = only(solubility([column, short], measured=ORDER), "why")
    assert why.statement.endswith(
        "it also has the shortest Pb-O distance (mean) (next MABr, 0.04 Å higher). What goes with it over 3 subjects is "
        "no cause."
    )
    other = evidence("ΔG", (-5, -4, -1, -7, -3), (0.1,) * 5, subjects=names, better="lower")
    (best,) = only(solubility([other], measured=ORDER), "best")
    assert best.subjects == ("FAI",) and "nothing of FAI, not tested" in best.measured[0]


# --- the result --------------------------------------------------------------------------------------------------


def test_result_is_one_line_a_table_and_plain_json() -> None:
    found = solubility([binding(source="GFN2-xTB")], measured=ORDER, title="Salts")
    assert "\n" not in repr(found) and "3 subjects" in repr(found)
    table = found.to_dataframe()
    assert table.attrs["units"]["ΔG of binding"] == "kJ/mol"
    assert list(table["subject"]) == list(SALTS)
    kept = json.loads(found.to_json())
    (result,) = kept["results"]
    assert result["conclusions"][0]["kind"] == "answer" and kept["units"]["tau"] == "1"
    assert kept["settings"]["evidence"]["ΔG of binding"]["source"] == "GFN2-xTB"
    assert kept["settings"]["definitions"]["holm"]
    assert result["rankings"][0]["steps"][0]["better"] == "MAI"
    assert "\n\n" in str(found)


@settings(max_examples=20, deadline=None)
@given(st.permutations(list(SALTS)), st.sampled_from([1.0, 96.485, 0.010364]))
def test_order_of_subjects_and_unit_change_nothing(order: list[str], factor: float) -> None:
    salt = evidence("ΔG of the salt", (-30, -50, -45), (2,) * 3, better="lower")
    before = solubility([binding(), salt], measured=ORDER, draws=200)

    def changed(column: Evidence) -> Evidence:
        return replace(
            column, values={one: factor * column.values[one] for one in order},  # type: ignore[operator]
            errors={one: factor * column.errors[one] for one in order},
        )  # fmt: skip

    after = solubility([changed(binding()), changed(salt)], measured=ORDER, draws=200)
    assert after.subjects == tuple(order)
    for new, old in zip(after.rankings, before.rankings, strict=True):
        assert dict(new.ranks) == dict(old.ranks) and new.order == old.order
        assert [step.state for step in new.steps] == [step.state for step in old.steps]
    for one, other in zip(after.correlations, before.correlations, strict=True):
        assert one.tau.value == pytest.approx(other.tau.value) and one.holm_tau == pytest.approx(
            other.holm_tau
        )
    for one, other in zip(after.agreements, before.agreements, strict=True):
        assert (one.same, one.opposite, one.undecided) == (other.same, other.opposite, other.undecided)
        assert {frozenset((pair.one, pair.other)) for pair in one.opposites} == {
            frozenset((pair.one, pair.other)) for pair in other.opposites
        }


@pytest.mark.parametrize("transform", [lambda v: v**3, lambda v: 2 * v - 7, lambda v: -1 / (v + 500)])
def test_monotone_maps_leave_ranks_and_correlations(transform: Any) -> None:
    bare = replace(binding(), errors={})
    other = replace(bare, values={one: transform(value) for one, value in bare.values.items()})  # type: ignore[arg-type]
    rising = transform(-399.0) > transform(-444.0)
    old, new = solubility([bare], measured=ORDER), solubility([other], measured=ORDER)
    assert rising and dict(old.rankings[0].ranks) == dict(new.rankings[0].ranks)
    assert old.correlations[0].tau == new.correlations[0].tau


def test_pairs_against_a_slow_count() -> None:
    generator = np.random.default_rng(5)
    names = tuple("abcdefg")
    for _ in range(20):
        x, y = generator.normal(size=7), np.round(generator.normal(size=7), 1)
        dx, dy = generator.random(7), generator.random(7) / 4
        found = solubility(
            [evidence("x", x, dx, subjects=names, better="higher")],
            measured=measured("y", y, subjects=names, unit="g/L", errors=dict(zip(names, dy, strict=True))),
            draws=10,
        ).agreements[-1]
        same = opposite = 0
        for i, j in itertools.combinations(range(7), 2):
            one, other = x[i] - x[j], y[i] - y[j]
            if abs(one) > 2 * math.hypot(dx[i], dx[j]) and abs(other) > 2 * math.hypot(dy[i], dy[j]):
                same += one * other > 0
                opposite += one * other < 0
        assert (found.same, found.opposite, found.undecided) == (same, opposite, 21 - same - opposite)


def test_from_a_table_and_from_a_result_of_a_room() -> None:
    import pandas as pd

    table = pd.DataFrame({"salt": SALTS, "g": ["-444", "-440", "< -399"], "s": [1, None, 2], "kind": "with"})
    table.attrs["units"] = {"g": "kJ/mol"}
    column = pc.evidence_from(
        table, column="g", subject="salt", uncertainty="s", better="lower", group="kind", name="ΔG"
    )
    assert column.unit == "kJ/mol" and column.errors == {"MAI": 1.0, "MACl": 2.0}
    assert column.censored == {"MACl": "<"} and column.values["MABr"] == -440
    tests = pc.check_substitution("CsPbCl3", site="Cl", ion="Br-")
    of_room = pc.evidence_from(tests, column="value", subject="test", name="value")
    assert of_room.values["radius_mismatch"] == pytest.approx(0.0829, abs=1e-3)
    with pytest.raises(MissingDataError, match="did you mean 'salt'"):
        pc.evidence_from(table, column="g", subject="salts")
    with pytest.raises(UsageError, match="twice"):
        pc.evidence_from(pd.concat([table, table]), column="g", subject="salt")
    with pytest.raises(UsageError, match="uncertainty of MAI"):
        pc.evidence_from(table.assign(s="much"), column="g", subject="salt", uncertainty="s")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: solubility([]), "no evidence"),
        (lambda: solubility(binding()), "no list"),  # type: ignore[arg-type]
        (lambda: solubility([binding(), binding()]), "called 'ΔG of binding'"),
        (lambda: solubility([binding()], coverage=0), "coverage"),
        (lambda: solubility([binding()], draws=10**9), "draws"),
        (lambda: solubility([replace(binding(), threshold=0.0)]), "threshold"),
        (lambda: solubility([evidence("w", ("enters", "soluble", "no"))]), "has no rank"),
        (lambda: Evidence("", {"a": 1.0}), "no name"),
        (lambda: Evidence("x", {"a": 1.0, "b": "enters"}), "numbers and words"),
        (lambda: Evidence("x", {"a": 1.0}, {"b": 1.0}), "no such subject"),
        (lambda: Evidence("x", {"a": 1.0}, {"a": -1.0}), "uncertainty of a"),
        (lambda: Evidence("x", {"a": math.inf}), "infinite"),
        (lambda: Evidence("x", {"a": True}), "True"),
        (lambda: Evidence("x", {"a": 1.0}, better="lowest"), "did you mean 'lower'"),
        (lambda: Evidence("x", {"a": 1.0}, threshold=1.0), "needs a side"),
        (lambda: Evidence("x", {"a": 1.0}, resolution=-1.0), "resolution"),
        (lambda: Evidence("x", {"a": "enters"}, better="lower"), "no word is lower"),
        (lambda: Evidence("x", {"a": 1.0}, censored={"a": "≈"}), "bound"),
        (lambda: Measured("x", {"a": 1.0}, better="enters"), "cannot be better"),
        (lambda: Evidence("x", {str(k): 1.0 for k in range(1001)}), "1001 subjects"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(make: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make()
