"""How often the stated intervals of a diffusion coefficient hold the true one, over random motions of known D.

    python benchmarks/diffusion_coverage.py [--walks N] [--seeds 1 2 3] [--kinisi]

Prints a Markdown table. Nominal are 68.3 and 95 %. With ``--kinisi`` (where it is installed) the same walks also go
through kinisi's covariance and posterior, beginning at the same lag, so that both fit the same curve.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import builders_diffusion as motion
from oracles_diffusion import kinisi

from perovchem.diffusion import interval_of, mean_square_displacement
from perovchem.diffusion.line import choose
from perovchem.diffusion.msd import curve_of

CASES: list[tuple[str, Callable[..., Any], int, int]] = [
    ("walk", motion.walk, 1, 200),
    ("walk", motion.walk, 3, 200),
    ("walk", motion.walk, 20, 200),
    ("walk", motion.walk, 3, 500),
    ("walk", motion.walk, 20, 1000),
    ("walk", motion.walk, 3, 4000),
    ("walk + blur of 2 Å", motion.blurred, 3, 1000),
    ("walk + rattling in a cage", motion.rattling, 3, 1000),
    ("Langevin, tau 5 frames", motion.langevin, 1, 400),
    ("Langevin, tau 5 frames", motion.langevin, 3, 1000),
    ("Langevin, tau 5 frames", motion.langevin, 20, 1000),
    ("half of the motion shared", motion.drifting, 3, 500),
    ("half of the motion shared", motion.drifting, 20, 500),
    ("along one axis", motion.along_one_axis, 3, 500),
    ("rare hops (not Gaussian)", motion.hopping, 3, 1000),
    ("rare hops (not Gaussian)", motion.hopping, 20, 1000),
    ("a D for each particle", motion.unlike, 20, 500),
]


def ours(positions: np.ndarray) -> tuple[float, float, list[tuple[float, float]], int]:
    """Return slope, error, both intervals and the first lag of the fit."""
    line, _ = choose(curve_of(positions, mean_square_displacement(positions)[0].mean(axis=0)))
    intervals = [interval_of(line.slope, line.slope_error, level) for level in (0.682689, 0.95)]
    return line.slope, line.slope_error, intervals, int(line.lags[0])


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--walks", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kinisi", action="store_true")
    options = parser.parse_args()
    head = ["motion", "particles", "frames", "seed", "mean D/true", "sd", "stated error", "68.3 %", "95 %"]
    head += ["begins at lag", *(["kinisi 68.3 %", "kinisi 95 %"] if options.kinisi else [])]
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for name, move, n, n_frames in CASES:
        for seed in options.seeds:
            random = np.random.default_rng(seed)
            slopes, errors, begins, hits = [], [], [], np.zeros(4)
            for _ in range(options.walks):
                positions = move(random, n_frames, n)
                slope, error, intervals, begin = ours(positions)
                if options.kinisi:
                    intervals += kinisi(positions, begin)
                slopes.append(slope)
                errors.append(error)
                begins.append(begin)
                for k, (low, high) in enumerate(intervals):
                    hits[k] += low < motion.SLOPE < high
            part = [f"{100 * hit / options.walks:.1f}" for hit in hits[: 2 + 2 * options.kinisi]]
            cells = [name, n, n_frames, seed, f"{np.mean(slopes):.3f}", f"{np.std(slopes):.3f}"]
            cells += [
                f"{np.sqrt(np.mean(np.square(errors))):.3f}",
                *part[:2],
                f"{np.median(begins):.0f}",
                *part[2:],
            ]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
