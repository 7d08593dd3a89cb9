"""The weighed linear fits under the masses: against a plain Bayesian twin, and curvatures that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.stats import multivariate_normal

from perovchem.band_arms import follow, is_even, is_level, meetings
from perovchem.edge_fit import fit, solve
from perovchem.units import HBAR2_PER_M0

SEEDS = st.integers(0, 2**32 - 1)
STEP = 1e-4 / math.sqrt(12)


@settings(max_examples=20)
@given(SEEDS)
def test_solve_is_bayes(seed):
    """Posterior and evidence at each setting as dense matrices give them, with free unknowns N(0, 1e4)."""
    random = np.random.default_rng(seed)
    n = int(random.integers(5, 12))
    flat, bounded = random.normal(size=(n, 2)), random.normal(size=(n, 3))
    data = random.normal(size=n)
    powers = np.array([1.0, 2.0, 3.0])
    scales, noises = np.array([0.5, 1.0, 2.0]), np.array([1.0, 1.7])
    found = solve(data, flat, bounded, powers, (scales, noises, np.zeros(2)))
    assert len(found.noise) == 6
    evidence = []
    for k, (scale, noise) in enumerate((a, b) for a in scales for b in noises):
        design = np.column_stack([flat, bounded])
        prior = np.diag([1e8, 1e8, *(scale ** (-2 * powers))])
        total = design @ prior @ design.T + noise**2 * np.eye(n)
        covariance = np.linalg.inv(design.T @ design / noise**2 + np.linalg.inv(prior))
        np.testing.assert_allclose(found.mean[k], covariance @ design.T @ data / noise**2, atol=1e-5)
        np.testing.assert_allclose(found.covariance[k], covariance, rtol=1e-5, atol=1e-5)
        evidence.append(multivariate_normal.logpdf(data, np.zeros(n), total))
    assert np.ptp(found.log_evidence - np.array(evidence)) < 1e-4


@settings(max_examples=30)
@given(st.floats(0.05, 2), st.floats(0, 1), st.floats(-0.5, 0.5), SEEDS)
def test_kane(mass, alpha, offset, seed):
    """Mass and α come back within four standard errors from rounded energies."""
    spacing = np.random.default_rng(seed).uniform(0.01, 0.025)
    x = np.arange(14) * spacing
    q = HBAR2_PER_M0 / 2 * x**2 / mass
    energies = np.round(2 * q / (1 + np.sqrt(1 + 4 * alpha * q)) + offset, 4)
    found = fit(x, energies - energies[0], np.full(14, STEP))
    assert found is not None
    assert abs(found.inverse_mass - 1 / mass) < 4 * found.error
    assert abs(found.alpha - alpha) < 4 * found.alpha_error + 1e-3
    assert found.noise < 2
    assert found.r_squared > 0.9999


@settings(max_examples=20)
@given(st.floats(-0.012, 0.012), st.floats(-2, 2))
def test_extremum_between_points(shift, cubic):
    """E = (x - x0)² + c (x - x0)³: place, energy and curvature at the extremum, not at the nearest point."""
    x = np.arange(-8, 9) * 0.02
    energies = 10 * (x - shift) ** 2 + cubic * (x - shift) ** 3
    found = fit(x, energies - energies[8], np.full(17, 1e-7), shape="free")
    assert found is not None
    assert found.shift == pytest.approx(shift, abs=2e-4)
    assert found.origin == pytest.approx(-energies[8], abs=1e-4)
    assert found.inverse_mass * HBAR2_PER_M0 / 2 == pytest.approx(10, rel=2e-2)


def test_noise_is_found():
    """Scatter of 1 meV under four decimals: noise of about 35 times the rounding."""
    random = np.random.default_rng(0)
    x = np.arange(20) * 0.02
    energies = HBAR2_PER_M0 / 2 * x**2 / 0.3 + random.normal(0, 1e-3, 20)
    found = fit(x, energies - energies[0], np.full(20, STEP))
    assert found is not None
    assert found.noise == pytest.approx(1e-3 / STEP, rel=0.5)


def test_downward_curvature_has_no_fit():
    x = np.arange(12) * 0.02
    assert fit(x, -(x**2), np.full(12, STEP)) is None


@settings(max_examples=30)
@given(SEEDS)
def test_bands_are_followed_through_crossings(seed):
    """Random parabolas with a quartic term, sorted at each point: the branches come back, up to the choice at a tie."""
    random = np.random.default_rng(seed)
    k = np.arange(25) * 0.02
    starts = np.sort(random.uniform(-0.6, 0, 4))[::-1]
    curves = random.uniform(0.5, 30, 4)
    branches = starts[:, None] - curves[:, None] * k**2 * (1 - 0.3 * k**2)
    branches = branches[np.argsort(branches[:, 0])]
    energies = np.round(np.sort(branches, axis=0).T, 4)
    if np.diff(branches[:, 0]).min() < 0.02:
        return
    for band in range(4):
        track = energies[np.arange(25), follow(energies, k, (band,), even=True)[0]]
        assert np.abs(track - branches[band]).max() < 2e-3


def test_degenerate_branches_part():
    k = np.arange(15) * 0.02
    branches = np.stack([-9 * k**2, -3 * k**2, -0.05 - 0.2 * k**2])
    energies = np.sort(branches, axis=0).T
    found = follow(energies, k, (1, 2), even=True)
    tracks = np.take_along_axis(energies, found.T, axis=1).T
    gaps = np.abs(tracks[:, None] - branches[None]).max(axis=2)
    rows, columns = linear_sum_assignment(gaps)
    assert set(columns) == {0, 1}
    assert gaps[rows, columns].max() < 1e-9


def test_what_symmetry_forbids():
    """A mirror makes E even across it; a threefold axis forbids a slope in its plane, but leaves k³."""
    x, z = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    mirror = np.array([np.eye(3), np.diag([-1.0, 1, 1])])
    assert is_even(x, mirror)
    assert is_level(x, mirror)
    assert not is_level(z, mirror)
    turn = np.array([[-0.5, -math.sqrt(0.75), 0], [math.sqrt(0.75), -0.5, 0], [0, 0, 1]])
    threefold = np.array([np.eye(3), turn, turn.T])
    assert is_level(x, threefold)
    assert not is_even(x, threefold)
    assert not is_level(z, threefold)


def test_meetings_of_branches():
    """One is crossed between 2 and 3 (gaps 2 and 1, 10 at the edge); one comes from 8 to 4 at 3 and leaves; one stays."""
    k = np.arange(6.0)
    branch = np.zeros(6)
    others = np.array(
        [[10, 6, 2, -1, -5, -9], [8, 6, 5, 4, 6, 9], [-3, -3, -3, -3, -3, -3], [0, 1, 2, 3, 4, 5]]
    ).T
    found = meetings(branch, others.astype(float), k)
    assert found.clear == 3
    ((place, share),) = found.crossings
    assert (place, share) == (3.0, pytest.approx(1 / 400))
    assert (found.share(2.0), found.share(3.0)) == (0.0, share)
