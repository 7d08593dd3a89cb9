"""Defect diagrams whose crossings are put in by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from validation import algebra

from perovchem.doping_energetics import DefectCalculation, defect_formation
from perovchem.errors import MissingDataError, UsageError

HOST, VBM, GAP = -500.0, 1.25, 2.4


def states(
    levels: dict[int, float], *, neutral: float = 3.0, name: str = "V_Br", change=None, mu: float = -1.5
):
    """Calculations whose neutral formation energy is ``neutral`` and whose state q costs E_f(0) + levels[q] - q E_F."""
    change = {"Br": -1} if change is None else change
    exchanged = sum(number * mu for number in change.values())
    return [
        DefectCalculation(name, q, HOST + exchanged + neutral + at_vbm - q * VBM, change)
        for q, at_vbm in {0: 0.0, **levels}.items()
    ]


def diagram(calculations, **options):
    return defect_formation(
        calculations,
        host_energy=HOST,
        vbm=VBM,
        gap=GAP,
        chemical_potentials={"Br": -1.5, "Pb": -4.0},
        **options,
    )


def test_known_crossings(validate) -> None:
    """(+1/0) at .7 eV and (0/-1) at 1.9 eV: E_f(+1, E_F) = E_f(0) - .7 + E_F, E_f(-1, E_F) = E_f(0) + 1.9 - E_F."""
    found = diagram(states({1: -0.7, -1: 1.9}))
    assert [one.charges for one in found.levels] == [(1, 0), (0, -1)]
    validate(
        "Doping energetics", "transition levels", "constructed (+1/0) and (0/-1)", unit="eV",
        ours=[one.level for one in found.levels], truth=[0.7, 1.9], source=algebra("lines that cross there"), absolute=1e-9,
    )  # fmt: skip
    assert [one.kind for one in found.levels] == ["deep donor", "deep acceptor"]
    assert found.formation_energy("V_Br", 0.2) == pytest.approx(3.0 - 0.7 + 0.2)
    assert found.formation_energy("V_Br", 1.0) == pytest.approx(3.0)
    assert found.formation_energy("V_Br", 2.3) == pytest.approx(3.0 + 1.9 - 2.3)
    stable = {line.charge: line.stable for line in found.lines}
    assert stable[1] == pytest.approx((0, 0.7)) and stable[0] == pytest.approx((0.7, 1.9))
    assert stable[-1] == pytest.approx((1.9, GAP))


def test_negative_u_skips_a_charge() -> None:
    """+2 and 0 cross at .8 where +1 costs more: (+2/0), and +1 is stable nowhere."""
    found = diagram(states({2: -1.6, 1: 0.1}))
    (level,) = found.levels
    assert level.charges == (2, 0)
    assert level.level == pytest.approx(0.8)
    assert level.negative_u
    assert math.isnan(next(line for line in found.lines if line.charge == 1).stable[0])


@pytest.mark.parametrize(
    ("levels", "place", "kind"),
    [
        ({1: -2.35}, "in the gap", "shallow donor"),
        ({1: -2.6}, "in the conduction band", ""),
        ({-1: 0.05}, "in the gap", "shallow acceptor"),
        ({-1: -0.2}, "in the valence band", ""),
    ],
)
def test_shallow_and_resonant(levels, place, kind) -> None:
    (one,) = diagram(states(levels)).levels
    assert (one.place, one.kind) == (place, kind)


@given(
    st.dictionaries(st.integers(-4, 4), st.floats(-5, 5), min_size=1, max_size=7),
    st.floats(-9, 9),
    st.randoms(use_true_random=False),
)
def test_envelope_is_the_minimum_of_the_lines(at_vbm, shift, random) -> None:
    """In any order; levels lie where the lowest line changes; the zero of the total energies does not matter."""
    calculations = [DefectCalculation("d", q, HOST + e - q * VBM + shift, {}) for q, e in at_vbm.items()]
    random.shuffle(calculations)
    found = defect_formation(calculations, host_energy=HOST + shift, vbm=VBM, gap=GAP, chemical_potentials={})
    grid = np.linspace(-12, 14, 2601)
    lowest = np.min([e + q * grid for q, e in at_vbm.items()], axis=0)
    np.testing.assert_allclose(found.formation_energy("d", grid), lowest, atol=1e-8)
    chosen = [one.charges for one in found.levels]
    for (_, low), (high, _) in itertools.pairwise(chosen):
        assert low == high
    assert all(one.level <= other.level + 1e-9 for one, other in itertools.pairwise(found.levels))
    for one in found.levels:
        upper, lower = (at_vbm[q] + q * one.level for q in one.charges)
        assert upper == pytest.approx(lower, abs=1e-7)
        assert upper == pytest.approx(min(e + q * one.level for q, e in at_vbm.items()), abs=1e-7)


def test_pinning() -> None:
    """A donor 1 eV and an acceptor 2 eV at the VBM cross at .5 eV."""
    donor = [DefectCalculation("D", 1, HOST + 1.0 - VBM, {})]
    acceptor = [DefectCalculation("A", -1, HOST + 2.0 + VBM, {})]
    assert diagram(donor + acceptor).pinning == pytest.approx(0.5, abs=1e-9)
    assert math.isnan(diagram(donor).pinning)


def test_chemical_potentials_and_corrections() -> None:
    """A vacancy gives an atom away at mu; a correction is added as it stands."""
    vacancy = DefectCalculation("V_Pb", -2, -490.0, {"Pb": -1}, correction=0.25, correction_name="given")
    found = diagram([vacancy])
    assert found.lines[0].at_vbm == pytest.approx(-490.0 - HOST + 1 * -4.0 - 2 * VBM + 0.25)
    swap = DefectCalculation("I_Br", 0, -501.0, {"I": 1, "Br": -1})
    found = defect_formation(
        [swap], host_energy=HOST, vbm=VBM, gap=GAP, chemical_potentials={"Br": -1.5, "I": -1.2}
    )
    assert found.lines[0].at_vbm == pytest.approx(-501.0 - HOST + 1.2 - 1.5)


def test_uncertainties() -> None:
    """Of a level: both states' over the difference of charge; the host's cancels."""
    two = [DefectCalculation("d", q, HOST - q * 2.0, {}, uncertainty=0.03 + 0.01 * q) for q in (0, 1)]
    found = diagram(two, host_uncertainty=0.05)
    assert found.levels[0].uncertainty == pytest.approx(math.hypot(0.03, 0.04))
    assert next(line for line in found.lines if line.charge == 0).uncertainty == pytest.approx(
        math.hypot(0.03, 0.05)
    )


def test_refusals() -> None:
    with pytest.raises(MissingDataError, match="chemical potential"):
        diagram([DefectCalculation("I_i", 0, -501.0, {"I": 1})])
    with pytest.raises(UsageError, match="twice"):
        diagram([DefectCalculation("d", 0, -1.0, {})] * 2)
    with pytest.raises(UsageError, match="different atoms"):
        diagram([DefectCalculation("d", 0, -1.0, {"Br": 1}), DefectCalculation("d", 1, -1.0, {"Pb": 1})])
    with pytest.raises(UsageError, match="positive gap"):
        defect_formation(
            [DefectCalculation("d", 0, -1.0, {})], host_energy=0, vbm=0, gap=-1, chemical_potentials={}
        )
    with pytest.raises(UsageError, match="at least one"):
        diagram([])
    assert any("image charges" in note for note in diagram(states({1: 0.0})).notes)
