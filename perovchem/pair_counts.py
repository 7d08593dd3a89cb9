"""Pairs of atoms counted by distance over a trajectory: what cutoffs and pair distributions are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem._kernels import pairs as kernel
from perovchem.arrays import Floats, Integers
from perovchem.errors import UsageError
from perovchem.frames import Frames
from perovchem.pairs import LONGEST_CUTOFF
from perovchem.progress import track

MOST_PARTS: Final = 512
"""Parts of a run that are counted apart, for standard errors."""
MOST_BINS: Final = 100_000
_MOST_NUMBERS: Final = 2**24
"""Counts held at once, all pairs and parts together."""


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Distances of the pairs of two groups of atoms, counted.

    Attributes
    ----------
    edges : float64 (n_bins + 1,)
        Å.
    counts : int64 (n_parts, n_bins)
        Pairs in each bin, summed over the frames of a part; pairs within one group from both ends.
    below : int64 (n_parts,)
        Pairs nearer than the first edge.
    n_frames : int64 (n_parts,)
        Frames of each part: successive frames, nearly equally many.
    inverse_volume : float64 (n_parts,)
        Sum of 1/V over the frames of a part, Å-3.
    n_centers : int
    partners : float
        Partners that a center can have, on average over the centers: never itself.
    """

    edges: Floats
    counts: Integers
    below: Integers
    n_frames: Integers
    inverse_volume: Floats
    n_centers: int
    partners: float

    @property
    def shells(self) -> Floats:
        """Volume of each spherical shell, Å3, (n_bins,)."""
        volumes: Floats = 4 * np.pi / 3 * np.diff(self.edges**3)
        return volumes

    @property
    def ideal(self) -> Floats:
        """Pairs that an ideal gas of the same density would show, (n_parts, n_bins)."""
        return np.outer(self.inverse_volume, self.n_centers * self.partners * self.shells)


def count_pairs(
    frames: Frames,
    groups: Sequence[tuple[Integers, Integers]],
    edges: Floats,
    *,
    molecule: Integers | None = None,
    what: str = "counting pairs",
) -> list[PairCounts]:
    """Count the pairs of several groups by distance, in one pass over the frames, every image included.

    Parameters
    ----------
    frames : Frames
    groups : sequence of (int64 (n,), int64 (n,))
        Centers and partners, numbers among the atoms of ``frames``, each once and sorted. An atom is no
        partner of itself, but its images are.
    edges : float64 (n_bins + 1,)
        Å, equally spaced; the last one belongs to the last bin, as in numpy.histogram.
    molecule : int64 (n_atoms,), optional
        Pairs of atoms with the same number, in their nearest image, are left out.
    what : str
        What listeners to progress are told.

    Returns
    -------
    list of PairCounts

    Raises
    ------
    UsageError
        If the range makes no sense.
    """
    check_edges(edges)
    atoms = np.unique(np.concatenate([part for group in groups for part in group]))
    where = [tuple(np.searchsorted(atoms, part) for part in group) for group in groups]
    none = np.full(len(atoms), -1, np.int64)
    labels = none if molecule is None else np.ascontiguousarray(molecule[atoms])
    n_frames, n_bins = len(frames), len(edges) - 1
    n_parts = max(1, min(MOST_PARTS, n_frames, _MOST_NUMBERS // (len(groups) * (n_bins + 1))))
    part = np.arange(n_frames) * n_parts // max(n_frames, 1)
    counts = np.zeros((len(groups), n_parts, n_bins + 1), np.int64)
    inverse = np.zeros(n_parts)
    done = 0
    chosen = frames.select(atoms=atoms)
    for batch in track(chosen.batches(), what, n_frames):
        cells = batch.kernel_cells
        positions = np.ascontiguousarray(batch.fractional_positions)
        rows = part[done : done + len(batch)]
        for (centers, partners), table in zip(where, counts, strict=True):
            kernel.histograms(positions, cells, centers, partners, labels, edges, rows, table)
        volumes = np.broadcast_to(np.abs(np.linalg.det(cells)), len(batch))
        inverse += np.bincount(rows, 1 / volumes, minlength=n_parts)
        done += len(batch)
    return [
        PairCounts(
            edges=edges,
            counts=table[:, 1:],
            below=table[:, 0],
            n_frames=np.bincount(part, minlength=n_parts),
            inverse_volume=inverse,
            n_centers=len(group[0]),
            partners=_partners(*group, molecule),
        )
        for group, table in zip(groups, counts, strict=True)
    ]


def check_edges(edges: Floats) -> None:
    """Refuse bins that are no range of distances."""
    sound = len(edges) >= 2 and np.isfinite(edges).all() and edges[0] >= 0 and (np.diff(edges) > 0).all()
    if not sound or edges[-1] > LONGEST_CUTOFF or len(edges) > MOST_BINS:
        raise UsageError(
            f"distances from {edges[0]:g} to {edges[-1]:g} Å in {len(edges) - 1} bins",
            fix=f"choose a range within 0 to {LONGEST_CUTOFF:g} Å and a width that makes 1 to {MOST_BINS} bins",
        )


def _partners(centers: Integers, partners: Integers, molecule: Integers | None) -> float:
    """Return how many partners a center has on average; a lone atom still meets its own images."""
    possible = len(centers) * len(partners) - len(np.intersect1d(centers, partners))
    if molecule is not None:
        one, other = molecule[centers], molecule[partners]
        size = int(max(one.max(), other.max(), 0)) + 1
        together = np.bincount(one[one >= 0], minlength=size) @ np.bincount(other[other >= 0], minlength=size)
        same = np.intersect1d(centers, partners)
        possible -= int(together) - int((molecule[same] >= 0).sum())
    return max(possible, 1 if len(centers) and len(partners) else 0) / max(len(centers), 1)
