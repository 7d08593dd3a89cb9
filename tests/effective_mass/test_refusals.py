"""What is no mass is refused, with the reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from builders_band_models import (
    CUBIC,
    at_points,
    cosines,
    kane,
    on_path,
    perovskite,
    quadratic,
    rashba,
    reciprocal,
    shifted,
    two_bands,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.bands import Bands, Segment
from perovchem.effective_mass import effective_masses
from perovchem.errors import PerovchemError
from perovchem.units import HBAR2_PER_M0

FLAT = quadratic(1e-6)


def holes(bands):
    return effective_masses(bands, carrier="hole").masses


def electrons(bands):
    return effective_masses(bands, carrier="electron").masses


def test_a_flat_band_gives_a_bound():
    """A mass of 2e5 m0 within 4 decimals: refused; the bound that is told holds."""
    found = holes(on_path(two_bands(quadratic(5), lambda k: 1e-7 * (k**2).sum(axis=1), 1.0), ("X", "Γ")))
    assert [mass.verdict for mass in found] == ["refused"]
    assert "flat" in found[0].reason
    assert np.isnan(found[0].mass)


@pytest.mark.parametrize("points", [2, 3])
def test_too_few_points(points):
    kpoints = np.linspace(0, 0.05, points)[:, None] * np.array([1.0, 0, 0])
    bands = at_points(
        two_bands(quadratic(5), quadratic(2), 1.0), kpoints, segments=(Segment(0, points, "Γ", "X"),)
    )
    found = effective_masses(bands).masses
    assert {mass.verdict for mass in found} == {"refused"}
    assert f"{points} points" in found[0].reason


def test_a_crossing_without_parabola():
    """Two bands that meet in a line (E = ± c k) at the edge of the others: each leaves with a slope."""

    def model(k):
        size = np.linalg.norm(k, axis=1)
        return np.column_stack([-1.5 * size, -0.4 * size, 1 + quadratic(5)(k)])

    found = holes(on_path(model, ("X", "Γ", "M"), electrons=4.0))
    assert len(found) == 4
    assert {mass.verdict for mass in found} == {"refused"}


def test_a_cusp_of_a_single_band():
    """E = -c k: a fit in k² would call it a mass."""
    found = holes(
        on_path(two_bands(quadratic(5), lambda k: 1.5 * np.linalg.norm(k, axis=1), 1.0), ("X", "Γ"))
    )
    assert {mass.verdict for mass in found} == {"refused"}


def test_a_path_that_ends_on_a_slope():
    """The path stops at .4 X on the way up: what is highest there is no maximum; symmetry says so."""
    found = holes(
        on_path(
            two_bands(quadratic(5), lambda k: 2 + cosines(0.4)(k) * -0.3, 3.0), ("Γ", (0.0, 0.3, 0.0)),
            structure=perovskite(),
        )
    )  # fmt: skip
    assert all(mass.verdict != "ok" for mass in found)
    assert "symmetry does not make an extremum" in found[0].reason or found[0].verdict == "refused"


def test_a_mass_that_holds_over_less_than_thermal_energy_is_flagged():
    """Gap .05 eV, α = 20/eV: the edge is a parabola over some meV only."""
    found = electrons(on_path(two_bands(kane(1 / 0.01, 20.0), quadratic(5), 0.05), ("X", "Γ"), spacing=0.002))
    assert found[0].verdict in ("drifting", "refused")


def test_noise_larger_than_rounding_widens_the_error():
    """Energies that scatter by 1 meV in a file with four decimals: the error grows and holds the truth."""
    random = np.random.default_rng(3)
    quiet = on_path(two_bands(quadratic(1 / 0.3), quadratic(1 / 0.6), 1.0), ("X", "Γ", "M", "R", "Γ"))
    off = []
    for _ in range(20):
        noisy = at_points(
            lambda k: two_bands(quadratic(1 / 0.3), quadratic(1 / 0.6), 1.0)(k) + random.normal(0, 1e-3, (len(k), 2)),
            quiet.kpoints, segments=quiet.segments,
        )  # fmt: skip
        for mass in effective_masses(noisy).masses:
            if mass.usable:
                truth = 0.3 if mass.carrier == "electron" else 0.6
                off.append((mass.mass - truth) / mass.standard_error)
                assert mass.standard_error > 1e-4
    assert len(off) > 40
    assert np.mean(np.abs(off) < 2) > 0.8


def test_heavier_branch_does_not_pass_for_the_edge():
    """A band .3 eV below the VBM that never reaches it is no part of the answer."""
    found = holes(
        on_path(
            lambda k: np.column_stack([-0.3 - quadratic(1 / 2)(k), -quadratic(1 / 0.4)(k), 1 + quadratic(5)(k)]),
            ("X", "Γ"), electrons=4.0,
        )
    )  # fmt: skip
    assert [mass.band for mass in found] == [2]
    assert found[0].mass == pytest.approx(0.4, rel=5e-3)


def test_a_valley_between_points_of_symmetry():
    """Silicon's kind of minimum, on the line Γ-X and off every point of the path: both sides are one fit."""
    center = np.array([0, 0.36, 0]) * 2 * np.pi / CUBIC[0, 0]
    up = shifted(quadratic(np.diag([5.0, 1.1, 5.0])), center)
    found = effective_masses(
        on_path(two_bands(up, quadratic(1 / 0.5), 1.0), ("Γ", "X"), structure=perovskite(), spacing=0.023)
    )
    electron = [mass for mass in found.masses if mass.carrier == "electron"]
    assert len(electron) == 1
    assert electron[0].mass == pytest.approx(1 / 1.1, rel=5e-3)
    assert electron[0].k_range[0] < 0 < electron[0].k_range[1]
    exact = np.linalg.norm(center)
    at = found.edges.cbm.fitted_kpoint @ (2 * np.pi / CUBIC[0, 0] * np.eye(3))
    assert np.linalg.norm(at) == pytest.approx(exact, rel=1e-3)
    assert found.edges.cbm.fitted_energy == pytest.approx(1.0, abs=1e-4)
    assert pytest.approx(7.61996, abs=1e-5) == HBAR2_PER_M0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_anything_ends_in_an_answer_or_an_error_of_ours(seed):
    """Random numbers on random, repeated or no k-points, in one spin or two."""
    random = np.random.default_rng(seed)
    n_points, n_bands, n_spins = (
        int(random.integers(1, 40)),
        int(random.integers(1, 8)),
        int(random.integers(1, 3)),
    )
    kpoints = np.linspace(0, 1, n_points)[:, None] * random.uniform(-0.5, 0.5, 3)
    if random.random() < 0.3:
        kpoints[random.integers(0, n_points)] = kpoints[0]
    energies = random.normal(
        0, random.choice([1e-5, 1e-2, 1.0]), (n_spins, n_points, n_bands)
    ) + 3 * np.arange(n_bands)
    cuts = sorted({0, n_points, *random.integers(0, n_points + 1, 2).tolist()})
    bands = Bands(
        kpoints, reciprocal(CUBIC), energies, tuple(float(random.integers(0, 2 * n_bands + 1)) for _ in range(n_spins)),
        spin="collinear" if n_spins == 2 else "none", energy_step=1e-4,
        segments=tuple(Segment(a, b, "Γ", "X") for a, b in pairwise(cuts)) if random.random() < 0.8 else (),
    )  # fmt: skip
    try:
        found = effective_masses(bands)
    except PerovchemError:
        return
    assert found.to_dict()["masses"] is not None
    assert repr(found)


def test_two_spins_that_part_linearly_have_the_mass_of_their_mean():
    """Rashba's minimum, .0026 1/Å from Γ, lies between the first two points; neither spin alone is even about Γ."""
    strength, mass = 0.1, 0.2

    def model(k):
        pair = rashba(mass, strength)(k)
        return np.column_stack([-1 - quadratic(1)(k), -1 - quadratic(1)(k), pair])

    bands = on_path(model, ("Γ", "X"), spacing=0.02, electrons=2, spin="noncollinear")
    (found,) = electrons(bands)
    assert found.degeneracy == 2
    assert abs(found.mass - mass) < 2 * found.standard_error < 0.002
    assert "0.1 eV Å" in found.reason
    assert "0.0026 1/Å" in found.reason  # k_R = α m / H


def test_states_that_a_code_splits_by_chance_are_one_branch():
    """Two coincident valence bands, .8 meV apart at the first point alone, as zero-weight points of hybrids are."""
    bands = on_path(two_bands(quadratic(5), quadratic(2), 1.0), ("Γ", "X"), decimals=6)
    energies = np.concatenate([bands.energies[..., :1], bands.energies], axis=2)
    energies[0, 1, 0] -= 8e-4
    (found,) = holes(replace(bands, energies=energies, electrons=(4.0,)))
    assert found.degeneracy == 2
    assert found.mass == pytest.approx(0.5, rel=0.05)


def test_no_mass_is_more_certain_than_its_input():
    """Of exact parabolas with 12 decimals: cells and energies of real runs hold no more than one part in 10000."""
    (found,) = holes(on_path(two_bands(quadratic(5), quadratic(2), 1.0), ("Γ", "X"), decimals=12))
    assert found.mass == pytest.approx(0.5, rel=1e-6)
    assert 0.5e-4 <= found.standard_error <= 0.6e-4


@pytest.mark.parametrize("spacing", [0.01, 0.02, 0.03, 0.05])
@pytest.mark.parametrize(
    "coupling, apart", [(0.005, 0.02), (0.01, 0.03), (0.02, 0.05), (0.03, 0.1), (0.05, 0.2)]
)
def test_an_avoided_crossing_is_not_taken_for_a_crossing(coupling, apart, spacing):
    """A band of .1 m0 and one of 2 m0, that lies higher and couples: points too far apart show no difference.

    The curvature of the lower band at Γ by perturbation theory: (1 - w)/.1 + w/2 with w = (1 - d/r)/2, r² = d² + 4 V².
    """

    def model(k):
        light, heavy = quadratic(10)(k), apart + quadratic(0.5)(k)
        half = np.hypot((light - heavy) / 2, coupling)
        return np.column_stack([-1 - quadratic(1)(k), (light + heavy) / 2 - half, (light + heavy) / 2 + half])

    weight = (1 - apart / np.hypot(apart, 2 * coupling)) / 2
    truth = 1 / ((1 - weight) * 10 + weight * 0.5)
    (found,) = electrons(on_path(model, ("Γ", "X"), spacing=spacing))
    if found.verdict != "refused":
        assert abs(found.mass - truth) < 3 * found.standard_error
    if found.verdict == "ok":
        assert found.mass == pytest.approx(truth, rel=0.05)
