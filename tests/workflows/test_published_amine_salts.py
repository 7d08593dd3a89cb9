"""Nano-Micro Lett. 18:421: which salt dissolves best and which ion enters, beside what was measured there."""

import math

import pytest

RADII = {"Cl-": 181, "Br-": 196, "I-": 220}  # pm, as printed there
KA1 = 1.540593  # Å, Hölzer et al. 1997
CHLORIDE = {(1, 0, 0): 15.79835, (1, 1, 0): 22.41418, (1, 1, 1): 27.54132, (2, 0, 0): 31.9074}
"""CsPbCl3, a = 5.605 Å, Cu Kα1: computed apart from this package for docs/validation.md."""
BROMIDE = {(1, 0, 0): 15.07056, (1, 1, 0): 21.37534, (1, 1, 1): 26.25695, (2, 0, 0): 30.40998}
"""CsPbBr3, a = 5.874 Å."""


@pytest.fixture
def found(ran):
    return ran("nano_micro_lett_18_421_amine_salts")


@pytest.mark.parametrize("ion", ["Br-", "I-"])
def test_mismatch_is_that_of_the_printed_radii(found, ion):
    row = found.one("entry", ion=ion)
    assert float(row["mismatch"]) == pytest.approx((RADII[ion] - RADII["Cl-"]) / RADII["Cl-"], abs=1e-9)


def test_verdicts_beside_what_was_measured(found):
    verdicts = {row["ion"]: (row["verdict"], row["measured"]) for row in found.of("entry")}
    assert verdicts == {
        "Br-": ("enters", "enters"),
        "I-": ("does not enter", "not found"),
        "MA+": ("undecided", "not found"),
        "FA+": ("does not enter", ""),
    }


@pytest.mark.parametrize("hkl", CHLORIDE)
def test_every_reflection_moves_to_lower_angle_with_bromide(found, hkl):
    row = found.one("pattern", **dict(zip("hkl", hkl, strict=True)))
    assert float(row["chloride"]) == pytest.approx(CHLORIDE[hkl], abs=2e-5)
    assert float(row["bromide"]) == pytest.approx(BROMIDE[hkl], abs=2e-5)
    assert float(row["shift"]) == pytest.approx(BROMIDE[hkl] - CHLORIDE[hkl], abs=4e-5)
    assert float(row["shift"]) < 0


@pytest.mark.parametrize("step", ["gas", "implicit", "ion_pairs"])
def test_exchange_is_the_difference_of_two_cycles(found, step):
    """MAX + cluster without -> cluster with it, for every halide: the balanced comparison with no salt."""
    file = {"gas": "", "implicit": "_alpb", "ion_pairs": "_ion_pairs"}[step]
    gibbs = {row["name"]: float(row["delta_g"]) for row in found.of(step)}
    exchanges = found.one("order", item=f"cspbcl3_amine_salts{file}.toml")
    for salt in ("MAI", "MABr", "MACl"):
        assert float(exchanges[f"{salt.lower()}_against_none"]) == pytest.approx(
            gibbs[salt] - gibbs["none"], abs=1e-9
        )


def test_order_is_the_printed_one_at_every_level(found):
    for row in found.of("order"):
        assert [row["best"], row["second"], row["third"]] == ["MAI", "MABr", "MACl"]


def test_entropy_does_not_make_the_order(found):
    """Like bodies lose like freedom: TΔS differs by a tenth of what ΔE does."""
    rows = [row for row in found.of("ion_pairs") if row["name"] != "none"]
    spread = {
        name: max(values) - min(values)
        for name in ("delta_e", "t_delta_s")
        if (values := [float(row[name]) for row in rows])
    }
    assert spread["t_delta_s"] < 0.1 * spread["delta_e"]


def test_iodide_is_best_and_where_that_is_open_is_said(found):
    best = found.statements(0, "best")
    gas = next(one for one in best if "gas phase" in one)
    pairs = next(one for one in best if "ion pairs" in one)
    assert "MAI" in gas and "undecided" in gas and "MABr" in gas
    assert "MAI" in pairs and "decided" in pairs
    measured = " ".join(found.statements(0, "measured"))
    assert "0.038 g/mL" in measured and "MAI > MABr > MACl" in measured


def test_three_subjects_cannot_be_significant(found):
    """3! orders, two of which are as extreme: p = 1/3 at least."""
    for one in found.screen["conclusions"][0]["conclusions"]:
        if one["kind"] == "test" and "order of the halides" in one["statement"]:
            assert "cannot be significant" in one["statement"]
            assert f"{2 / math.factorial(3):.2f}" in one["statement"]


def test_conclusions_on_ions(found):
    told = {
        one["subjects"][0]: one
        for one in found.screen["conclusions"][1]["conclusions"]
        if one["kind"] == "ion"
    }
    assert told["Br-"]["statement"].startswith("Br- enters")
    assert "measured the same" in told["Br-"]["statement"]
    assert told["I-"]["statement"].startswith("I- does not enter")
    assert "measured the same" in told["I-"]["statement"]
    assert "undecided" in told["MA+"]["statement"] and "not found" in told["MA+"]["statement"]
    assert "not tested against a measurement" in told["FA+"]["statement"]


def test_where_the_runs_disagree_with_the_paper_it_is_said(found):
    oxygen = float(found.one("shells", run="dmso_solution")["cs_o"])
    chloride = float(found.one("shells", run="dmso_solution")["cs_cl"])
    assert oxygen > chloride  # published: mainly halides
    assert "disagreement" in found.published("O of DMSO around Cs+")["why"]


def test_hydrogens_of_two_ammonium_groups_are_not_counted_twice(found):
    """Six N-H: at most six bonds but for those that are shared between two acceptors."""
    for run in ("dmso_macl_solution", "dmso_mai_solution"):
        total = sum(float(row["number"]) for row in found.of("hydrogen_bonds", item=run))
        assert 0 < total < 6 * 1.05
