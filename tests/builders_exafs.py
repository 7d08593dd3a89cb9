"""Shells whose distances have known cumulants, and paths of FEFF as files."""

from __future__ import annotations

import numpy as np
from builders import OCTAHEDRON, frames_of

from perovchem.frames import Frames
from perovchem.scattering_path import ScatteringPath


def trembling_octahedra(
    n_frames: int,
    *,
    distance: float = 3.0,
    spread: tuple[float, float] = (0.05, 0.08),
    shared: float = 0.0,
    seed: int = 0,
) -> Frames:
    """One Pb and six I, each moved along x, y and z by independent Gaussians of these widths (Pb, I), Å.

    ``shared`` is the width of a displacement that all atoms of a frame have in common: it changes no distance.
    """
    rng = np.random.default_rng(seed)
    rest = np.concatenate([np.zeros((1, 3)), distance * OCTAHEDRON])
    width = np.array([spread[0], *[spread[1]] * 6])
    places = (
        rest + rng.normal(size=(n_frames, 7, 3)) * width[:, None] + shared * rng.normal(size=(n_frames, 1, 3))
    )
    return frames_of(["Pb"] + ["I"] * 6, places, 24.0 * np.eye(3), wrap=True, step=10.0)


def radial(lengths: np.ndarray, *, neighbor: str = "I") -> Frames:
    """One Pb with ligands at these lengths, Å (n_frames, n), in fixed directions."""
    rng = np.random.default_rng(5)
    direction = rng.normal(size=(lengths.shape[1], 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    places = np.concatenate([np.zeros((len(lengths), 1, 3)), lengths[..., None] * direction], axis=1)
    return frames_of(["Pb"] + [neighbor] * lengths.shape[1], places, 40.0 * np.eye(3), step=10.0)


def flat_path(
    neighbor: str = "I", *, amplitude: float = 0.5, phase: float = 0.0, free_path: float = 1e5
) -> ScatteringPath:
    """A path whose amplitude, phase and mean free path do not depend on k, with p = k."""
    k = np.linspace(0, 20, 41)
    one = np.ones_like(k)
    return ScatteringPath(
        "Pb", neighbor, "L3", 3.0, k, amplitude * one, phase * one, free_path * one, k, "constructed"
    )


HEAD = """ constructed for a test                                             Feff8L (EXAFS)       0.1
 Abs   Z=82 Rmt= 1.717 Rnm= 1.838 L3 shell
 Pot 1 Z={number} Rmt= 1.981 Rnm= 2.142
 Gam_ch=5.778E+00 H-L exch
 Mu=-6.774E+00 kf=1.964E+00 Vint=-1.337E+01 Rs_int= 1.847
 Path    1      icalc       2
 -----------------------------------------------------------------------
   {legs}   3.000   {distance:.4f}    2.9235   -6.77368 nleg, deg, reff, rnrmav(bohr), edge
        x         y         z   pot at#
    -0.0000   -0.0000   -0.0000  0  82 Pb       absorbing atom
    -0.0000   -0.0000    {distance:.4f}  1   {number} {symbol}
    k   real[2*phc]   mag[feff]  phase[feff] red factor   lambda     real[p]@#
"""


def feff_file(
    *,
    legs: int = 2,
    distance: float = 3.2,
    number: int = 53,
    symbol: str = "I",
    n_rows: int = 21,
    jump: float = 2 * np.pi,
) -> str:
    """A feffNNNN.dat in FEFF's columns; its total phase is 5 - .3 k, with a jump in one column."""
    rows = [
        f"  {k:6.3f}  {5.0 + jump * (k > 8):.4E}  {0.8 * np.exp(-k / 20):.4E} {-0.3 * k:.4E}  {0.95:.3E}  "
        f"{4 + k:.4E}  {k + 0.1:.4E}"
        for k in np.linspace(0, 20, n_rows)
    ]
    return HEAD.format(legs=legs, distance=distance, number=number, symbol=symbol) + "\n".join(rows) + "\n"
