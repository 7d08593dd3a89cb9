"""|χ(R)|: term by term, peaks at known bonds, errors of positions."""

from __future__ import annotations

import numpy as np
import oracles_exafs as oracles
import pytest
from builders import frames_of, perovskite
from builders_exafs import radial
from validation import algebra, symmetry

import perovchem as pc
from perovchem.exafs.transform import hanning, transform

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
K = np.arange(1, 261) * 0.05


def test_the_window() -> None:
    """0, 1/4 (halfway, sin² 30°), 1/2 at the ends of the range, 1 inside; symmetric."""
    window = hanning(np.array([2.4, 2.5, 2 + 5 / 6, 3.0, 3.5, 7.0, 11.5, 12.0, 12.5]), (3.0, 12.0), 1.0)
    np.testing.assert_allclose(window, [0, 0, 0.25, 0.5, 1, 1, 1, 0.5, 0], atol=1e-12)


def test_magnitude_term_by_term() -> None:
    rng = np.random.default_rng(1)
    parts, weights = rng.normal(size=(3, len(K))), np.array([2.0, 3.0, 2.0])
    windowed = K**2 * hanning(K, (3.0, 12.0), 1.0)
    phase = 0.3 * K + 0.1 * np.sin(K)
    for given in (None, phase):
        found = transform(parts, weights, K, windowed, longest=6.0, phase=given)
        chi = parts.sum(axis=0) / 7
        for m in (0, 50, 137, 300):
            truth = oracles.magnitude(chi, K, windowed, found.distances[m], given)
            assert found.magnitude[m] == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("weight", [1, 2, 3])
@pytest.mark.parametrize(
    ("neighbor", "distance"), [("O", 2.4), ("Cl", 2.85), ("Br", 3.0), ("I", 3.2), ("I", 2.95)]
)
def test_phase_correction_finds_the_bond(validate, neighbor, distance, weight) -> None:
    """Ligands that tremble by .05 Å: the corrected peak stands at R within .02 Å, the other one well short of it."""
    rng = np.random.default_rng(2)
    lengths = distance + 0.05 * rng.normal(size=(400, 6))
    pair = f"Pb-{neighbor}"
    seen = pc.exafs(radial(lengths, neighbor=neighbor), pairs=pair, cutoffs={pair: 4.2}, k_weight=weight)
    one = seen.pairs[pair]
    if weight == 2:
        validate(
            "Local structure by X-rays", "phase-corrected peak of |χ(R)|", f"{pair} of {distance} Å, σ = .05 Å", unit="Å",
            ours=one.corrected.highest.position.mean, truth=distance, source=algebra("the bond that was built"),
            absolute=0.02, digits=4,
        )  # fmt: skip
    # iodine's amplitude has a dip, which weights of 1 and 3 tilt: the maximum moves a little more
    assert one.corrected.highest.position.mean == pytest.approx(distance, abs=0.03)
    assert 0.12 < distance - one.uncorrected.highest.position.mean < 0.7


def test_without_phases_the_peak_is_the_bond_of_a_crystal(validate) -> None:
    species, places, cell = perovskite(6.0)
    seen = pc.exafs(frames_of(species, places, cell), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, phases="none")
    validate(
        "Local structure by X-rays", "peak of |χ(R)| without phases", "cubic CsPbI3, a = 6.0 Å", unit="Å",
        ours=seen.pairs["Pb-I"].uncorrected.highest.position.mean, truth=3.0, source=symmetry("a/2"),
        absolute=5e-3, digits=4,
    )  # fmt: skip


def test_errors_of_positions_against_a_jackknife() -> None:
    """Bonds whose mean wanders from frame to frame: the linearized error is that of leaving out frames."""
    rng = np.random.default_rng(6)
    lengths = 3.1 + 0.04 * rng.normal(size=(64, 1)) + 0.05 * rng.normal(size=(64, 5))
    seen = pc.exafs(radial(lengths), pairs="Pb-I", cutoffs={"Pb-I": 4.5})
    one = seen.pairs["Pb-I"]
    windowed = seen.wavenumber**2 * hanning(seen.wavenumber, seen.k_range, seen.sill)
    path = one.path
    parts = np.array([oracles.direct_chi([list(row)], path, seen.wavenumber, 1) for row in lengths])
    for phase, spectrum in ((None, one.uncorrected), (path.phase_at(seen.wavenumber), one.corrected)):
        places, heights = [], []
        middle = int(np.argmax(spectrum.magnitude))
        for left_out in range(64):
            kept = np.delete(parts, left_out, axis=0)
            other = transform(kept, np.ones(63), seen.wavenumber, windowed, longest=6.0, phase=phase)
            places.append(other.highest.position.mean)
            heights.append(other.magnitude[middle])
        for values, error in (
            (places, spectrum.highest.position.standard_error),
            (heights, spectrum.standard_error[middle]),
        ):
            assert error == pytest.approx(np.sqrt(63 * np.var(values)), rel=0.3)


def test_errors_cover() -> None:
    """Of 40 runs of frames that know each other, the mean position lies within 2 errors of the truth in most."""
    rng = np.random.default_rng(9)
    positions, errors = [], []
    for _ in range(40):
        slow = np.repeat(0.03 * rng.normal(size=(64, 1)), 4, axis=0)
        lengths = 3.0 + slow + 0.05 * rng.normal(size=(256, 4))
        peak = (
            pc.exafs(radial(lengths, neighbor="Cl"), pairs="Pb-Cl", cutoffs={"Pb-Cl": 4.5})
            .pairs["Pb-Cl"]
            .corrected
        )
        positions.append(peak.highest.position.mean)
        errors.append(peak.highest.position.standard_error)
    inside = np.abs(np.array(positions) - np.mean(positions)) < 2 * np.array(errors)
    assert inside.mean() >= 0.85
    assert np.mean(errors) == pytest.approx(np.std(positions), rel=0.3)
