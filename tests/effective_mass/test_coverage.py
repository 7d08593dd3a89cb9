"""Do the stated 95 % intervals hold the true mass? 500 random tensors, non-parabolicities, spacings and roundings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from builders_band_models import HIGH_SYMMETRY, KNOWN, TRICLINIC, kane, on_path, reciprocal, two_bands
from scipy.stats import special_ortho_group
from validation import algebra

from perovchem.effective_mass import effective_masses

RUNS = 500


def random_arm(random: np.random.Generator) -> tuple[float, float, float, str]:
    """Stated mass, its standard error, the true mass and the verdict along one arm of random bands."""
    turn = special_ortho_group.rvs(3, random_state=random)
    masses = np.exp(random.uniform(np.log(0.08), np.log(1.5), 3))
    tensor = turn @ np.diag(1 / masses) @ turn.T
    alpha = float(random.choice([0.0, random.uniform(0.0, 1.0)]))
    model = two_bands(kane(tensor, alpha), kane(tensor, alpha), 1.5)
    stop = str(random.choice(["X", "M", "R", "Z"]))
    bands = on_path(
        model, ["Γ", stop], cell=TRICLINIC, spacing=random.uniform(0.01, 0.025), offset=random.uniform(-5, 5)
    )
    carrier = "electron" if random.random() < 0.5 else "hole"
    found = effective_masses(bands, carrier=carrier).masses[0]
    direction = np.array(HIGH_SYMMETRY[stop]) @ reciprocal(TRICLINIC)
    direction /= np.linalg.norm(direction)
    return found.mass, found.standard_error, 1 / float(direction @ tensor @ direction), found.verdict


def test_stated_intervals_hold_the_mass(validate):
    """Of 500, between 90 and 99 % within 1.96 standard errors; half of the intervals are narrower than ± 1 %."""
    random = np.random.default_rng(20261)
    rows = [random_arm(random) for _ in range(RUNS)]
    mass, error, truth = (np.array([row[k] for row in rows]) for k in range(3))
    assert all(row[3] != "refused" for row in rows)
    inside = float((np.abs(mass - truth) <= 1.96 * error).mean())
    half = float(np.median(1.96 * error / truth))
    validate(
        "Bands", "part of the 95 % intervals of a mass that hold it", f"{RUNS} random tensors, 4 decimals",
        ours=round(inside, 3), truth=0.95, source=algebra("Kane bands in a triclinic cell, rounded at random"), absolute=0.045,
    )  # fmt: skip
    assert half <= 0.01
    assert float(np.median(np.abs(mass / truth - 1))) <= 0.002


def test_stated_intervals_hold_for_other_bands(validate):
    """Tight binding, warped holes, crossings and small gaps, at random spacings and roundings: all arms together."""
    random = np.random.default_rng(5)
    scores = []
    for name in ("tight binding", "Luttinger", "crossing band", "Kane, gap 1 eV"):
        known = KNOWN[name]
        for _ in range(5):
            found = effective_masses(
                replace(known, offset=random.uniform(0, 1)).bands(4, random.uniform(0.01, 0.025))
            )
            for carrier in ("electron", "hole"):
                for arm, truths in getattr(known, carrier).items():
                    masses = sorted(
                        (m for m in found.of(carrier) if m.direction_label == arm), key=lambda m: m.mass
                    )
                    scores += [(m.mass - t) / m.standard_error for m, t in zip(masses, truths, strict=True)]
    sizes = np.abs(scores)
    validate(
        "Bands", "part of the 95 % intervals of a mass that hold it", f"four models, {len(sizes)} arms, 4 decimals",
        ours=round(float((sizes < 1.96).mean()), 2), truth=0.95, source=algebra("second derivatives of the models"),
        absolute=0.05, digits=2,
    )  # fmt: skip
    assert sizes.max() < 4
