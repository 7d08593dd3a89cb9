"""Halides that go from one site to another: counted hops, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem._kernels import octahedra
from perovchem.arrays import Integers
from perovchem.frames import Frames
from perovchem.lattice import short_edges
from perovchem.progress import track
from perovchem.residence.counting import Rate, rate
from perovchem.tilts.axes import PseudoCubic

CORE: Final = 0.25
"""Part of the shortest spacing within which a halide has come to a site; sites are .71 spacings apart."""
STAY: Final = 0.354
"""Part of it beyond which a halide is at no site: half the distance between sites."""
_MOST: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class Hopping:
    """Halides on the sites midway between neighboring centers.

    Attributes
    ----------
    sites : int64 (n_sites, 2)
        Atom numbers of the two centers.
    hops : int64 (n_hops, 4)
        Frame number, atom number, site it left, site it came to.
    n_hops : int
    rate : Rate
        Hops per halide and time; value, interval and bound in 1/fs. NaN without times.
    core : float
        Å within which a halide has come to a site.
    empty : float
        Mean part of the sites with no halide at them: vacancies.
    shared : float
        Mean part of the sites with more than one halide.
    astray : float
        Mean part of the halides that are at no site: interstitial, or outside of the crystal.
    """

    sites: Integers
    hops: Integers
    n_hops: int
    rate: Rate
    core: float
    empty: float
    shared: float
    astray: float


def hopping(
    frames: Frames, centers: Integers, halides: Integers, pseudo: PseudoCubic, neighbors: Integers
) -> Hopping:
    """Return the hops of halides between sites.

    A halide is at the site to which it came nearer than a quarter of the spacing until it comes as near to another;
    so rattling between two sites is no hop, and coming back to the same site is none.

    Parameters
    ----------
    frames : Frames
    centers, halides : int64 (n,)
        Atom numbers.
    pseudo : PseudoCubic
    neighbors : int64 (3, n_centers)
        From :func:`perovchem.tilts.axes.neighbors_along`.
    """
    chosen = np.unique(np.concatenate([centers, halides]))
    of_centers, of_halides = np.searchsorted(chosen, centers), np.searchsorted(chosen, halides)
    matrix = short_edges(frames.kernel_cells[0])
    inverse = np.linalg.inv(matrix)
    axis, first = np.nonzero(neighbors >= 0)
    second = neighbors[axis, first]
    steps = (pseudo.steps @ inverse)[axis]
    spacing = float(pseudo.spacings.min())
    site = np.full(len(halides), -1, np.int64)
    counts = np.zeros(4)  # empty, shared, sites; halides astray
    found: list[Integers] = []
    n_hops = at_risk = done = 0
    for batch in track(frames.select(atoms=chosen).batches(), "following halides", len(frames)):
        places = np.ascontiguousarray(batch.fractional_positions @ inverse)
        cells = np.ascontiguousarray(matrix @ batch.kernel_cells)
        began = np.empty((len(batch), len(halides)), np.int64)
        hops = np.empty((min(_MOST, 64 + began.size // 8), 4), np.int64)
        n = octahedra.settle(
            np.ascontiguousarray(places[:, of_centers]), np.ascontiguousarray(places[:, of_halides]), cells,
            first, second, steps, CORE * spacing, STAY * spacing, site, began, hops,
        )  # fmt: skip
        kept = hops[: min(n, len(hops))].copy()
        kept[:, 0] = frames.frame_numbers[done + kept[:, 0]]
        kept[:, 1] = halides[kept[:, 1]]
        found.append(kept)
        n_hops += n
        at_risk += int((began >= 0).sum())
        for row in began:
            many = np.bincount(row[row >= 0], minlength=len(first))
            counts += (many == 0).sum(), (many > 1).sum(), len(first), (row < 0).sum()
        done += len(batch)
    interval = float("nan")
    if frames.times is not None and len(frames) > 1:
        interval = float(frames.times[-1] - frames.times[0]) / (len(frames) - 1)
    steps_at_risk = max(at_risk - len(halides), 0) if np.isfinite(interval) and interval > 0 else 0
    n_sites = max(counts[2], 1.0)
    return Hopping(
        sites=np.column_stack([centers[first], centers[second]]),
        hops=np.concatenate(found) if found else np.empty((0, 4), np.int64),
        n_hops=n_hops,
        rate=rate(min(n_hops, steps_at_risk), steps_at_risk, interval),
        core=CORE * spacing,
        empty=float(counts[0] / n_sites) if counts[2] else float("nan"),
        shared=float(counts[1] / n_sites) if counts[2] else float("nan"),
        astray=float(counts[3] / max(len(frames) * len(halides), 1)),
    )
