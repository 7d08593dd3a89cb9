"""What X-ray absorption sees of a trajectory: first shells as cumulants, χ(k) by single scattering, |χ(R)|."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.convert import as_frames
from perovchem.cutoffs import Cutoff, bond_cutoffs
from perovchem.equilibration import averaging_note
from perovchem.errors import UsageError, warn
from perovchem.exafs.comparison import Difference as Difference
from perovchem.exafs.comparison import bond_differences as bond_differences
from perovchem.exafs.gathering import BIN_WIDTH, NEIGHBORING, Sums, gather, members
from perovchem.exafs.result import DEFINITIONS as DEFINITIONS
from perovchem.exafs.result import Exafs as Exafs
from perovchem.exafs.result import PairSignal as PairSignal
from perovchem.exafs.shells import shell_of
from perovchem.exafs.signal import bare_path, single_scattering
from perovchem.exafs.transform import Spectrum, hanning, transform
from perovchem.frames import Frames
from perovchem.pair_distribution import symbols_of
from perovchem.scattering_path import ScatteringPath, tabulated_pairs, tabulated_path

K_STEP: Final = 0.05
"""1/Å."""
HIGHEST_K: Final = 30.0
LONGEST_DEFAULT: Final = 6.0
HISTOGRAM: Final = 10
"""Bins that are joined to one of the histogram of distances."""
LONGEST: Final = 15.0
"""Å."""
NARROWEST: Final = 2.0
"""1/Å, of a k range."""
WEIGHTS: Final = (1, 2, 3)


def exafs(
    frames: Frames | Any,
    *,
    absorber: str = "Pb",
    pairs: str | Sequence[str],
    cutoffs: Mapping[str, float | Cutoff] | None = None,
    edge: str = "L3",
    phases: Literal["tabulated", "none"] = "tabulated",
    paths: Mapping[str, ScatteringPath] | None = None,
    k_range: tuple[float, float] = (3.0, 12.0),
    k_weight: int = 2,
    window_sill: float = 1.0,
    longest: float = LONGEST_DEFAULT,
    amplitude_reduction: float = 1.0,
) -> Exafs:
    r"""Look at a trajectory as X-ray absorption would.

    Of each pair: number, mean, variance, third cumulant and skewness of the first shell's distances, real and as a
    spectrum weights them, with errors; χ(k) by single scattering,

    .. math:: \chi(k) = S_0^2 \sum_j \frac{f(k)}{k r_j^2} e^{-2r_j/\lambda(k)} \sin(2 k r_j + \varphi(k)),

    summed over every absorber, neighbor and frame (where r_j is not the distance the path was computed at, the phase
    follows the momentum of the electron between the atoms: :class:`ScatteringPath`); |χ(R)| with and without its
    phase. No multiple scattering (Rehr & Albers 2000, doi 10.1103/RevModPhys.72.621).

    Parameters
    ----------
    frames : Frames
        A trajectory or a crystal. Or an object that :func:`perovchem.read_frames` takes.
    absorber : str
        Element.
    pairs : str or sequence of str
        "Pb-I", or of one kind of molecules, "Pb-O(DMSO)"; the absorber first.
    cutoffs : mapping, optional
        Pair of elements ("Pb-O") to length, Å, or to a Cutoff; others are measured, see
        :func:`perovchem.bond_cutoffs`. To compare trajectories, measure once on all of them and pass that.
    edge : str
        Of the absorber: the table holds Pb L3.
    phases : {"tabulated", "none"}
        Whether amplitudes and phases are taken from the table.
    paths : mapping of str to ScatteringPath, optional
        Pair of elements to a path of one's own (:func:`perovchem.read_feff_path`), before the table.
    k_range : (float, float)
        1/Å, of the window of the Fourier transform.
    k_weight : {1, 2, 3}
    window_sill : float
        1/Å, over which the Hanning window rises and falls around the ends of the range: up to the width of the range,
        which lowers the side lobes of strong peaks and widens all.
    longest : float
        Å; farther atoms do not scatter.
    amplitude_reduction : float
        S0².

    Returns
    -------
    Exafs

    Raises
    ------
    UsageError
        If there are no frames or no such atoms, or a range makes no sense.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.read_frames("CsPbCl3_cubic")
    >>> seen = pc.exafs(crystal, pairs="Pb-Cl")
    >>> seen
    <Exafs of Pb L3 in 1 frames: Pb-Cl 6.00 at 2.803 Å>
    >>> round(seen.pairs["Pb-Cl"].corrected.highest.position.mean, 2)
    2.8
    """
    frames = as_frames(frames)
    if not len(frames):
        raise UsageError("there are no frames to look at", fix="choose a wider range of frames")
    settings = _Settings(k_range, k_weight, window_sill, longest, amplitude_reduction)
    names = list(dict.fromkeys([pairs] if isinstance(pairs, str) else pairs))
    if not names:
        raise UsageError("no pairs are named", fix="give at least one, as Pb-I")
    ends = {name: _neighbor(name, absorber) for name in names}
    members_of = members(frames, names)
    elements = tuple(dict.fromkeys(ends.values()))
    found = bond_cutoffs(frames, center=absorber, ligands=elements, given=cutoffs)
    limits = {name: found[f"{absorber}-{end}"] for name, end in ends.items()}
    far = max(limits.values(), key=lambda one: one.value)
    if far.value > longest:
        raise UsageError(
            f"the first shell of {far.name} ends at {far.value:.2f} Å, beyond the longest distance of {longest:g} Å",
            fix="raise the longest distance",
        )
    if phases not in ("tabulated", "none"):
        raise UsageError(f"phases {phases!r}", fix="take tabulated or none")
    all_elements = tuple(dict.fromkeys(frames.species))
    known = _known(absorber, all_elements, edge, phases, paths or {})
    used = {name: known.get(end) or bare_path(absorber, end) for name, end in ends.items()}
    k = settings.wavenumber
    within = (k >= k_range[0]) & (k <= k_range[1])
    free = {name: float(path.mean_free_path_at(k[within]).mean()) for name, path in used.items()}
    sums = gather(
        frames, absorber, members_of, {name: one.value for name, one in limits.items()}, free, longest
    )
    signals = _row_signals(sums, known, absorber, settings)
    built = {
        name: _pair(number, name, sums, limits[name], used[name], ends[name] in known, signals, settings)
        for number, name in enumerate(names)
    }
    rows = sorted({row for name in names for row in sums.inner[name]})
    shells = _total(sums, signals, rows, settings) if all(end in known for end in ends.values()) else None
    seen = [row for row, symbol in enumerate(sums.elements) if symbol in known]
    everything = _total(sums, signals, seen, settings) if known else None
    unseen = tuple(symbol for symbol in all_elements if symbol not in known)
    notes = _notes(frames, sums, edge, ends, known, unseen, settings)
    for note in notes:
        warn(note)
    return Exafs(
        frames, absorber, edge, built, k,
        shells[0] if shells else None, everything[0] if everything else None,
        shells[1] if shells else None, everything[1] if everything else None,
        k_range, k_weight, window_sill, longest, amplitude_reduction, unseen, (*frames.warnings, *notes),
    )  # fmt: skip


@dataclass(frozen=True)
class _Settings:
    """What spectra are made with, checked."""

    k_range: tuple[float, float]
    k_weight: int
    sill: float
    longest: float
    reduction: float

    def __post_init__(self) -> None:
        low, high = self.k_range if len(self.k_range) == 2 else (np.nan, np.nan)
        if not (0 < low < high <= HIGHEST_K and high - low >= NARROWEST):
            raise UsageError(
                f"a k range of {low:g} to {high:g} 1/Å",
                fix=f"give two numbers within 0 to {HIGHEST_K:g}, at least {NARROWEST:g} apart, as 3 12",
            )
        if not 0.1 <= self.sill <= high - low:
            raise UsageError(
                f"a window that rises over {self.sill:g} 1/Å",
                fix=f"choose .1 to {high - low:g} 1/Å, the k range",
            )
        if self.k_weight not in WEIGHTS:
            raise UsageError(f"a k-weight of {self.k_weight}", fix="take 1, 2 or 3")
        if not 1.0 <= self.longest <= LONGEST:
            raise UsageError(f"a longest distance of {self.longest:g} Å", fix=f"choose 1 to {LONGEST:g} Å")
        if not 0 < self.reduction <= 2:
            raise UsageError(f"an amplitude reduction of {self.reduction:g}", fix="give S0², about .7 to 1")

    @property
    def wavenumber(self) -> Floats:
        """Equally spaced, to where the window ends."""
        end = round((self.k_range[1] + self.sill) / K_STEP)
        k: Floats = K_STEP * np.arange(1, end + 1, dtype=np.float64)
        return k

    @property
    def windowed(self) -> Floats:
        """k^w W(k)."""
        k = self.wavenumber
        weighted: Floats = k**self.k_weight * hanning(k, self.k_range, self.sill)
        return weighted


def _neighbor(name: str, absorber: str) -> str:
    """Return the neighbor's element."""
    center, neighbor = symbols_of(name)
    if center != absorber or "(" in name.partition("-")[0]:
        end = center if neighbor == absorber else neighbor
        raise UsageError(
            f"the pair {name} does not begin with the absorber {absorber}", fix=f"write {absorber}-{end}"
        )
    return neighbor


def _known(
    absorber: str, elements: Sequence[str], edge: str, phases: str, given: Mapping[str, ScatteringPath]
) -> dict[str, ScatteringPath]:
    """Return the paths that are known by the neighbor's element."""
    found = {}
    if phases == "tabulated":
        tabulated = {symbol: tabulated_path(absorber, symbol, edge) for symbol in elements}
        found = {symbol: path for symbol, path in tabulated.items() if path is not None}
    for name, path in given.items():
        end = _neighbor(name, absorber)
        if (path.absorber, path.neighbor) != (absorber, end):
            raise UsageError(f"the path {path.name} is given for {name}", fix="give the path of that pair")
        if path.edge and path.edge != edge:
            raise UsageError(
                f"the path of {name} is of the {path.edge} edge, not {edge}", fix=f"name the edge {path.edge}"
            )
        found[end] = path
    return found


def _row_signals(
    sums: Sums, known: Mapping[str, ScatteringPath], absorber: str, settings: _Settings
) -> list[Floats]:
    """Return χ(k) of each row of the table, summed over absorbers and frames of each part."""
    return [
        single_scattering(
            sums.table[:, row], sums.middles, known.get(symbol) or bare_path(absorber, symbol),
            settings.wavenumber, reduction=settings.reduction / len(sums.centers),
        )
        for row, symbol in enumerate(sums.elements)
    ]  # fmt: skip


def _total(
    sums: Sums, signals: list[Floats], rows: Sequence[int], settings: _Settings
) -> tuple[Floats, Spectrum]:
    """Return χ(k) of several rows and its uncorrected |χ(R)|."""
    parts = np.sum([signals[row] for row in rows], axis=0)
    spectrum = transform(
        parts, sums.spectrum_frames, settings.wavenumber, settings.windowed, longest=settings.longest
    )
    chi: Floats = parts.sum(axis=0) / sums.spectrum_frames.sum()
    return chi, spectrum


def _pair(
    number: int, name: str, sums: Sums, cutoff: Cutoff, path: ScatteringPath, phases: bool,
    signals: list[Floats], settings: _Settings,
) -> PairSignal:  # fmt: skip
    """Return everything about one pair."""
    chi, uncorrected = _total(sums, signals, sums.inner[name], settings)
    corrected = uncorrected
    if phases:
        parts = np.sum([signals[row] for row in sums.inner[name]], axis=0)
        corrected = transform(
            parts, sums.spectrum_frames, settings.wavenumber, settings.windowed, longest=settings.longest,
            phase=path.phase_at(settings.wavenumber),
        )  # fmt: skip
    centers = sums.part_frames * len(sums.centers)
    shells = tuple(
        shell_of(cutoff.value + step, sums.origin[number], sums.moments[:, number, level], centers)
        for level, step in enumerate(NEIGHBORING)
    )
    counts = sums.table[:, sums.rows[name], :, 0].sum(axis=(0, 1))
    whole = len(counts) // HISTOGRAM * HISTOGRAM
    density: Floats = counts[:whole].reshape(-1, HISTOGRAM).sum(axis=1) / (
        HISTOGRAM * BIN_WIDTH * centers.sum()
    )
    edges: Floats = HISTOGRAM * BIN_WIDTH * np.arange(len(density) + 1, dtype=np.float64)
    return PairSignal(
        name,
        cutoff,
        shells[NEIGHBORING.index(0.0)],
        shells,
        path,
        phases,
        chi,
        uncorrected,
        corrected,
        edges,
        density,
    )


def _notes(
    frames: Frames, sums: Sums, edge: str, ends: Mapping[str, str],
    known: Mapping[str, ScatteringPath], unseen: Sequence[str], settings: _Settings,
) -> list[str]:  # fmt: skip
    """Return what the reader of these numbers must know."""
    notes = []
    missing = [name for name, end in ends.items() if end not in known]
    if missing:
        notes.append(
            f"no amplitude and phase of {', '.join(missing)} at the {edge} edge: χ(k) is that of bare distances "
            "(f = 1 Å, φ = 0) and no sum is formed; give a feffNNNN.dat "
            f"(the table holds {', '.join(tabulated_pairs('L3'))} at L3)"
        )
    elif unseen:
        notes.append(f"{', '.join(unseen)} scatter nothing: no path of theirs is known")
    short = [path.name for path in known.values() if path.wavenumber[-1] < settings.wavenumber[-1]]
    if short:
        notes.append(
            f"the paths of {', '.join(short)} end before {settings.wavenumber[-1]:g} 1/Å; their last row is used beyond"
        )
    zero = NEIGHBORING.index(0.0)
    series = sums.moments[:, :, zero, 0, 0].sum(axis=1) / sums.part_frames
    averaging = averaging_note(frames, _per_frame(series, sums.part_frames), "the coordination number")
    return [*notes, averaging] if averaging else notes


def _per_frame(values: Floats, frames: Floats) -> Floats:
    """Return the mean of each part once per frame of it."""
    return np.repeat(values, frames.astype(np.int64))
