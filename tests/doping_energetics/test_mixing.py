"""Regular and subregular solutions, whose phase diagrams are known in closed form or by their defining equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from validation import algebra

from perovchem.doping_energetics import mixing
from perovchem.errors import MissingDataError, UsageError
from perovchem.units import BOLTZMANN

X = np.linspace(0, 1, 9)


def solution(l0: float, l1: float = 0.0, *, host: float = -10.0, guest: float = -12.5) -> np.ndarray:
    return (1 - X) * host + X * guest + X * (1 - X) * (l0 + l1 * (1 - 2 * X))


@pytest.mark.parametrize("sites", [1, 3])
def test_regular_solution(sites, validate) -> None:
    """T_c = L/(2 n k); the binodal solves n k T ln((1 - x)/x) = L (1 - 2x); the spinodal x (1 - x) = n k T/(2 L)."""
    interaction = 0.3
    found = mixing(X, solution(interaction), sites=sites, temperatures=[300, 500])
    validate(
        "Doping energetics", "critical temperature of mixing", f"regular solution, L = 0.3 eV, {sites} sites", unit="K",
        ours=found.critical_temperature, truth=interaction / (2 * sites * BOLTZMANN),
        source=algebra("L/(2 n k)"), relative=1e-9,
    )  # fmt: skip
    assert found.critical_composition == pytest.approx(0.5, abs=1e-9)
    np.testing.assert_allclose(found.interaction, [interaction, 0], atol=1e-12)
    for at in found.miscibility:
        nkt = sites * BOLTZMANN * at.temperature
        for x in at.binodal:
            if 1e-12 < x < 1 - 1e-12:
                assert nkt * math.log((1 - x) / x) == pytest.approx(interaction * (1 - 2 * x), abs=1e-9)
        assert sum(at.binodal) == pytest.approx(1, abs=1e-9)
        for x in at.spinodal:
            assert x * (1 - x) == pytest.approx(nkt / (2 * interaction), abs=1e-9)


@given(
    st.floats(0.02, 0.6), st.floats(-0.9, 0.9), st.sampled_from([1.0, 3.0]), st.floats(0.15, 0.98),
    st.floats(-20, 20), st.floats(-20, 20),
)  # fmt: skip
def test_phases_in_equilibrium_have_equal_potentials(l0, ratio, sites, part, host, guest) -> None:
    """Both chemical potentials are equal in the two phases; the ends shift nothing."""
    l1 = ratio * l0 / 3
    found = mixing(X, solution(l0, l1, host=host, guest=guest), sites=sites)
    temperature = part * found.critical_temperature
    (at,) = mixing(
        X, solution(l0, l1, host=host, guest=guest), sites=sites, temperatures=[temperature]
    ).miscibility
    one, other = at.binodal
    assert 0 <= one < at.spinodal[0] < at.spinodal[1] < other <= 1
    if one < 1e-6 or other > 1 - 1e-6:
        return
    nkt = sites * BOLTZMANN * temperature
    potentials = []
    for x in (one, other):
        slope = l0 * (1 - 2 * x) + l1 * (1 - 6 * x + 6 * x * x) + nkt * math.log(x / (1 - x))
        energy = x * (1 - x) * (l0 + l1 * (1 - 2 * x)) + nkt * (x * math.log(x) + (1 - x) * math.log(1 - x))
        assert float(found.gibbs_energy(x, temperature)) == pytest.approx(energy, abs=1e-9)
        potentials.append((slope, energy - x * slope))
    np.testing.assert_allclose(potentials[0], potentials[1], atol=1e-8)


def test_asymmetry_changes_sides() -> None:
    """Host and guest exchanged: x becomes 1 - x."""
    one = mixing(X, solution(0.2, 0.05), sites=2, temperatures=[300])
    other = mixing(1 - X, solution(0.2, 0.05), sites=2, temperatures=[300])
    assert one.critical_temperature == pytest.approx(other.critical_temperature, rel=1e-9)
    np.testing.assert_allclose(
        one.miscibility[0].binodal, [1 - x for x in reversed(other.miscibility[0].binodal)], rtol=1e-6
    )
    assert one.dilute_energy == pytest.approx(other.dilute_energy[::-1], rel=1e-9)
    # the slope of ΔE at the host, per ion
    assert one.dilute_energy[0] == pytest.approx((0.2 + 0.05) / 2, rel=1e-9)


def test_what_always_mixes() -> None:
    found = mixing(X, solution(-0.1), sites=1, temperatures=[10, 300])
    assert found.critical_temperature == 0
    assert all(math.isnan(x) for at in found.miscibility for x in (*at.binodal, *at.spinodal))


def test_scatter_gives_the_error(validate) -> None:
    """Noise of 2 meV: the stated error of T_c covers the truth as often as one standard error should."""
    rng = np.random.default_rng(7)
    x = np.linspace(0, 1, 13)
    exact = 0.4 * x * (1 - x)
    inside = (x > 0) & (x < 1)
    hits = 0
    for _ in range(400):
        noisy = exact + np.where(inside, rng.normal(0, 0.002, len(x)), 0)
        found = mixing(x, noisy, sites=1)
        truth = 0.4 / (2 * BOLTZMANN)
        hits += abs(found.critical_temperature - truth) < found.critical_temperature_error
    assert 0.55 < hits / 400 < 0.78  # 68 %, with the quadratic bias of a maximum over compositions


def test_lowest_arrangement_counts_and_the_spread_is_told() -> None:
    found = mixing([0, 0.5, 0.5, 1], [0.0, 0.06, 0.02, 0.0], sites=1)
    assert found.energies.tolist() == [0, 0.02, 0]
    assert any("40.0 meV" in note for note in found.notes)
    assert math.isnan(found.interaction_error[0])


@pytest.mark.parametrize(
    ("x", "e", "error", "words"),
    [
        ([0, 0.5], [0, 1], MissingDataError, "guest"),
        ([0.5, 1], [0, 1], MissingDataError, "host"),
        ([0, 1], [0, 1], MissingDataError, "between"),
        ([0, 1.5, 1], [0, 1, 1], UsageError, "outside"),
        ([0, 0.5, 1], [0, math.nan, 1], UsageError, "energy per composition"),
    ],
)
def test_refusals(x, e, error, words) -> None:
    with pytest.raises(error, match=words):
        mixing(x, e, sites=1)


def test_table() -> None:
    found = mixing(X, solution(0.3), sites=3)
    assert found.to_dataframe().attrs["units"]["fitted"] == "eV"
    assert "critical temperature" in repr(found)
    assert found.to_dict()["sites"] == 3


@pytest.mark.parametrize("ratio", [0.0, 0.5, -10.0])
def test_just_below_the_critical_temperature_the_gap_is_narrow_and_there(ratio: float) -> None:
    """Spinodals close in as the square root of the distance, binodals by 3**.5 wider (Landau)."""
    away = 1e-7
    hot = mixing(X, solution(0.1, 0.1 * ratio), sites=1)
    one = mixing(X, solution(0.1, 0.1 * ratio), sites=1, temperatures=[hot.critical_temperature * (1 - away)])
    (found,) = one.miscibility
    assert found.spinodal[0] < one.critical_composition < found.spinodal[1]
    assert np.diff(found.spinodal)[0] < 10 * away**0.5
    assert np.diff(found.binodal)[0] == pytest.approx(3**0.5 * np.diff(found.spinodal)[0], rel=0.1)
