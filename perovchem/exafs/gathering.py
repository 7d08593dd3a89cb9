"""One pass over the frames: who is a neighbor of whom, and the sums over their distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import radial_sums as kernel
from perovchem.arrays import Floats, Integers
from perovchem.errors import UsageError, nearest
from perovchem.frames import Frames
from perovchem.molecules import find_molecules
from perovchem.pair_distribution import symbols_of
from perovchem.pairs import PairSearch

BIN_WIDTH: Final = 0.004
"""Å; with number, sum and sum of squares in each bin, χ(k) is the direct sum to 1e-5 of itself for k up to 16 1/Å."""
MOST_PARTS: Final = 512
"""Parts of a run that shells are summed in, for standard errors."""
MOST_SPECTRUM_PARTS: Final = 64
"""Parts of a run that spectra are summed in."""
NEIGHBORING: Final = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
"""Å, added to a cutoff: what it does to a shell."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the distances of one run.

    Attributes
    ----------
    centers : int64 (n_centers,)
    elements : tuple of str
        Neighboring element of each row of the table; first those within the cutoffs, in the order of ``inner``.
    inner : mapping of str to list of int
        Rows of the first shell of each pair.
    rows : mapping of str to list of int
        All rows of each pair.
    moments : float64 (n_parts, n_pairs, n_levels, 2, 4)
        See :func:`perovchem._kernels.radial_sums.moments`.
    origin : float64 (n_pairs,)
        Å.
    part_frames, spectrum_frames : float64 (n_parts,)
        Frames of the parts of the moments and of the table.
    table : float64 (n_spectrum_parts, n_rows, n_bins, 3)
        See :func:`perovchem._kernels.radial_sums.accumulate`.
    """

    centers: Integers
    elements: tuple[str, ...]
    inner: Mapping[str, list[int]]
    rows: Mapping[str, list[int]]
    moments: Floats
    origin: Floats
    part_frames: Floats
    spectrum_frames: Floats
    table: Floats

    @property
    def middles(self) -> Floats:
        """Middles of the bins, Å."""
        middles: Floats = BIN_WIDTH * (np.arange(self.table.shape[2], dtype=np.float64) + 0.5)
        return middles


def members(frames: Frames, pairs: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Return for each pair, as "Pb-O(DMSO)", which atoms are its neighbors, bool (n_atoms,)."""
    symbols = np.array(frames.species)
    found: dict[str, NDArray[np.bool_]] = {}
    molecules = None
    for name in pairs:
        center, neighbor = symbols_of(name)
        for symbol in (center, neighbor):
            if symbol not in frames.species:
                raise UsageError(f"no {symbol} among the atoms", fix=nearest(symbol, set(frames.species)))
        mine = symbols == neighbor
        _, _, end = name.replace(" ", "").partition("-")
        if "(" in end:
            if molecules is None:
                first = frames[:1]
                molecules = find_molecules(
                    frames.species, first.fractional_positions[0], first.kernel_cells[0]
                )
            called = end.partition("(")[2].rstrip(")")
            mine &= np.isin(np.arange(len(symbols)), molecules.atoms_of(called))
            if not mine.any():
                raise UsageError(f"no {neighbor} in {called}", fix="name an element of that molecule")
        found[name] = mine
    return found


def gather(
    frames: Frames,
    absorber: str,
    pairs: Mapping[str, NDArray[np.bool_]],
    cutoffs: Mapping[str, float],
    mean_free_paths: Mapping[str, float],
    longest: float,
) -> Sums:
    """Sum over the distances of all pairs below ``longest`` (Å), in batches of frames."""
    symbols = np.array(frames.species)
    centers = np.flatnonzero(symbols == absorber)
    ligands = np.arange(len(symbols))
    # atoms that no pair tells apart are of one kind
    marks = list(zip(symbols.tolist(), *(mine.tolist() for mine in pairs.values()), strict=True))
    kinds = sorted(set(marks))
    kind = np.array([kinds.index(mark) for mark in marks], np.int64)
    named = [any(mark[1:]) for mark in kinds]
    limit = np.array(
        [
            max([c for c, held in zip(cutoffs.values(), mark[1:], strict=True) if held], default=0.0)
            for mark in kinds
        ]
    )
    inside = np.cumsum(named) - 1
    inside[~np.array(named)] = -1
    outside = np.arange(len(kinds)) + sum(named)
    elements = (
        *(mark[0] for mark, one in zip(kinds, named, strict=True) if one),
        *(mark[0] for mark in kinds),
    )
    inner = {
        name: [int(inside[k]) for k, mark in enumerate(kinds) if mark[1 + p]] for p, name in enumerate(pairs)
    }
    rows = {
        name: [*inner[name], *(int(outside[k]) for k, mark in enumerate(kinds) if mark[1 + p])]
        for p, name in enumerate(pairs)
    }
    n_frames = len(frames)
    n_parts, n_few = min(n_frames, MOST_PARTS), min(n_frames, MOST_SPECTRUM_PARTS)
    part = np.arange(n_frames) * n_parts // n_frames
    few = np.arange(n_frames) * n_few // n_frames
    table = np.zeros((n_few, len(elements), int(np.ceil(longest / BIN_WIDTH)) + 1, 3))
    levels = np.array([[max(cutoffs[name] + step, 0.1) for step in NEIGHBORING] for name in pairs])
    origin = np.array([cutoffs[name] * 0.8 for name in pairs])
    damping = np.array([2 / mean_free_paths[name] for name in pairs])
    member = np.array(list(pairs.values()))
    sums = np.zeros((n_parts, len(pairs), len(NEIGHBORING), 2, 4))
    reach = max(longest, float(levels.max()))
    nothing = np.zeros_like
    search = PairSearch(frames, centers, ligands, nothing(centers), nothing(ligands), np.array([[reach]]))
    done = 0
    for _, bonds in search:
        now = slice(done, done + bonds.n_frames)
        common = bonds.offsets, len(centers), bonds.vector, bonds.ligand
        kernel.accumulate(*common, kind, inside, outside, limit, few[now], BIN_WIDTH, table)
        kernel.moments(*common, member, levels, origin, damping, part[now], sums)
        done += bonds.n_frames
    counts = np.bincount(part, minlength=n_parts).astype(np.float64)
    return Sums(
        centers, elements, inner, rows, sums, origin, counts,
        np.bincount(few, minlength=n_few).astype(np.float64), table,
    )  # fmt: skip
