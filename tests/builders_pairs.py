"""Pairs and turning molecules with a known answer."""

from __future__ import annotations

import itertools

import numpy as np
from builders import frames_of

from perovchem.frames import Frames

BOND = 1.48
"""Å, C-N."""


def cations(
    vectors, cell=None, *, wrap: bool = True, step: float | None = 2.0, drift: float = 0.0, seed: int = 0
) -> Frames:
    """C-N rods along unit vectors (n_frames, n_molecules, 3), on a grid, with three H on C and on N: MA."""
    box = 30.0 * np.eye(3) if cell is None else np.asarray(cell)
    n_frames, n, _ = vectors.shape
    m = int(np.ceil(n ** (1 / 3) - 1e-9))  # as far apart as can be: hydrogen atoms of two must not bond
    grid = np.array(list(itertools.product(range(m), repeat=3)))[:n] / m + 0.03
    base = np.broadcast_to(box, (n_frames, 3, 3))
    carbon = grid @ base + drift * np.arange(n_frames)[:, None, None] * np.array([1.0, -0.7, 0.3])
    nitrogen = carbon + BOND * vectors
    side = np.cross(vectors, vectors[..., [1, 2, 0]] + [0.11, 0.23, -0.31])
    side /= np.linalg.norm(side, axis=2)[..., None]
    third = np.cross(vectors, side)
    parts = [carbon, nitrogen]
    for begin, sign in ((carbon, -1), (nitrogen, 1)):
        for angle in 2 * np.pi * np.arange(3) / 3:
            around = np.cos(angle) * side + np.sin(angle) * third
            parts.append(begin + 1.05 * (sign * 0.33 * vectors + 0.94 * around))
    places = np.stack(parts, axis=2).reshape(n_frames, -1, 3)
    return frames_of(
        ["C", "N", *["H"] * 6] * n, places @ np.linalg.inv(base), box, fractional=True, wrap=wrap, step=step
    )


def walk(n_frames: int, n: int, angle: float, seed: int) -> np.ndarray:
    """Steps of one angle in any direction: P_l(cos angle)^t is C_l exactly, for P_l is an eigenfunction of the step."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(n, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    out = np.empty((n_frames, n, 3))
    for t in range(n_frames):
        out[t] = u
        v = rng.normal(size=(n, 3))
        v -= (v * u).sum(axis=1)[:, None] * u
        u = np.cos(angle) * u + np.sin(angle) * v / np.linalg.norm(v, axis=1)[:, None]
        u /= np.linalg.norm(u, axis=1)[:, None]
    return out


def shell_of_six(n_frames: int = 60, seed: int = 1) -> Frames:
    """One Pb with six I at 3.0 ± .1 Å and twelve from 5 to 6 Å."""
    rng = np.random.default_rng(seed)
    places = []
    for _ in range(n_frames):
        direction = rng.normal(size=(18, 3))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        length = np.concatenate([rng.normal(3.0, 0.1, 6), rng.uniform(5.0, 6.0, 12)])
        places.append(np.concatenate([[np.zeros(3)], direction * length[:, None]]))
    return frames_of(["Pb"] + ["I"] * 18, places, 20 * np.eye(3))
