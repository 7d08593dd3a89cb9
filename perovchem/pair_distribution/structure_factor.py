"""Partial structure factors: by direct sum over the scattering vectors that a periodic cell allows, and from g(r)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem._kernels import pairs as kernel
from perovchem.arrays import Floats, Integers
from perovchem.convert import as_frames
from perovchem.errors import UsageError, nearest
from perovchem.frames import Frames
from perovchem.pair_distribution.result import PairCurve
from perovchem.progress import track
from perovchem.provenance import input_files
from perovchem.result import DETAIL, Provenance, Result, dataframe
from perovchem.uncertainty import BlockAverage, ratio_average

if TYPE_CHECKING:
    import pandas as pd

MOST_PARTS: Final = 64
"""Parts of a run that are summed apart, for standard errors."""
MOST_VECTORS: Final = 20_000_000
"""Scattering vectors looked at; more are asked for by mistake."""
WINDOWS: Final = ("lorch", "none")
_SEED: Final = 7


@dataclass(frozen=True, eq=False, repr=False)
class StructureFactors(Result):
    r"""Partial structure factors of one run.

    With the amplitude of element a, :math:`A_a(\mathbf q) = \sum_{i \in a} e^{-i \mathbf q \mathbf r_i}`,
    Ashcroft and Langreth's is

    .. math:: S^\text{AL}_{ab}(q) = \langle \operatorname{Re} A_a A_b^* \rangle / \sqrt{N_a N_b},

    and Faber and Ziman's, with the concentrations c = N/N_all of all atoms of the source,

    .. math:: S^\text{FZ}_{ab}(q) = 1 + (S^\text{AL}_{ab}(q) - \delta_{ab}) / \sqrt{c_a c_b}.

    Attributes
    ----------
    frames : Frames
    elements : tuple of str
    edges : float64 (n_bins + 1,)
        Of the bins of q, 1/Å.
    numbers : int64 (n_elements,)
        Atoms of each element.
    sums : float64 (n_parts, n_bins, n_elements, n_elements)
        Re A_a A_b*, summed over frames and vectors.
    vectors : int64 (n_parts, n_bins)
        Frames times vectors in each bin.
    lengths : float64 (n_bins,)
        Mean length of the vectors in each bin, 1/Å; NaN where the cell allows none.
    warnings : tuple of str
    """

    frames: Frames = field(metadata=DETAIL)
    elements: tuple[str, ...]
    edges: Floats = field(metadata=DETAIL)
    numbers: Integers
    sums: Floats = field(metadata=DETAIL)
    vectors: Integers = field(metadata=DETAIL)
    lengths: Floats
    warnings: tuple[str, ...] = ()

    command: ClassVar[str] = "rdf"

    def __repr__(self) -> str:
        """Return one line: elements and range."""
        return (
            f"<StructureFactors of {', '.join(self.elements)} from {self.edges[0]:g} to {self.edges[-1]:g} 1/Å in "
            f"{len(self.frames)} frames>"
        )

    @cached_property
    def _scale(self) -> Floats:
        scale: Floats = np.sqrt(np.outer(self.numbers, self.numbers))
        return scale

    @cached_property
    def ashcroft_langreth(self) -> Floats:
        """Partials after Ashcroft and Langreth, (n_bins, n_elements, n_elements); NaN where no vector lies."""
        count = self.vectors.sum(axis=0)[:, None, None]
        found = np.full(self.sums.shape[1:], np.nan)
        np.divide(self.sums.sum(axis=0), count * self._scale, out=found, where=count > 0)
        return found

    @cached_property
    def _averages(self) -> list[BlockAverage]:
        n_bins, n = self.sums.shape[1], len(self.elements)
        return [
            ratio_average(self.sums[:, k, a, b] / self._scale[a, b], self.vectors[:, k])
            for k, a, b in np.ndindex(n_bins, n, n)
        ]

    @property
    def standard_error(self) -> Floats:
        """Of the Ashcroft-Langreth partials, from blocks of frames, same shape; not of the choice of vectors."""
        return np.array([one.standard_error for one in self._averages]).reshape(self.sums.shape[1:])

    @property
    def converged(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Where the standard error is more than a lower bound, same shape."""
        return np.array([one.converged for one in self._averages]).reshape(self.sums.shape[1:])

    @property
    def _concentrations(self) -> Floats:
        return self.numbers / len(self.frames.source.species)

    @property
    def faber_ziman(self) -> Floats:
        """Partials after Faber and Ziman, same shape."""
        c = self._concentrations
        partials: Floats = 1 + (self.ashcroft_langreth - np.eye(len(c))) / np.sqrt(np.outer(c, c))
        return partials

    @property
    def faber_ziman_standard_error(self) -> Floats:
        """Of the Faber-Ziman partials."""
        c = self._concentrations
        error: Floats = self.standard_error / np.sqrt(np.outer(c, c))
        return error

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these numbers."""
        return Provenance(
            input=" + ".join(str(path) for path in self.frames.source.files) or self.frames.source.origin,
            inputs=input_files(self.frames.source.files),
            settings={"elements": self.elements, "range": [float(self.edges[0]), float(self.edges[-1])]},
            warnings=self.warnings,
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per pair of elements and bin."""
        n = len(self.elements)
        pairs = [(a, b) for a in range(n) for b in range(a, n)]
        columns = {
            "pair": np.repeat(
                [f"{self.elements[a]}-{self.elements[b]}" for a, b in pairs], len(self.lengths)
            ),
            "scattering_vector": np.tile(self.lengths, len(pairs)),
            "n_vectors": np.tile(self.vectors.sum(axis=0) // max(len(self.frames), 1), len(pairs)),
        }
        for name, table in (
            ("faber_ziman", self.faber_ziman),
            ("faber_ziman_standard_error", self.faber_ziman_standard_error),
            ("ashcroft_langreth", self.ashcroft_langreth),
            ("ashcroft_langreth_standard_error", self.standard_error),
        ):
            columns[name] = np.concatenate([table[:, a, b] for a, b in pairs])
        names = dict.fromkeys(list(columns)[3:], "structure_factor")
        return dataframe(columns, quantity_names=names | {"scattering_vector": "scattering_vector"})


def structure_factors(
    frames: Frames | Any,
    *,
    elements: str | Sequence[str] | None = None,
    range: tuple[float, float] = (0.0, 8.0),  # noqa: A002  as numpy.histogram calls it
    bin_width: float = 0.1,
    vectors_per_bin: int = 50,
) -> StructureFactors:
    r"""Sum partial structure factors over the scattering vectors that the cell allows.

    q = 2π n₁ a* + 2π n₂ b* + 2π n₃ c* with whole n but (0, 0, 0): only for these the sum over a periodic cell has
    no edge. Of q and -q one is taken, and of each bin at most ``vectors_per_bin``, drawn once with a fixed
    seed. In a changing cell the n stay, and each frame's q goes to the bin it lies in.

    Parameters
    ----------
    frames : Frames
        Or an object that :func:`perovchem.read_frames` takes.
    elements : str or sequence of str, optional
        All by default.
    range : (float, float)
        Of q, 1/Å, 2π included.
    bin_width : float
        1/Å.
    vectors_per_bin : int
        More average better over directions and take longer.

    Returns
    -------
    StructureFactors

    Raises
    ------
    UsageError
        If the range makes no sense or holds no vector, or an element is not there.

    References
    ----------
    Ashcroft & Langreth 1967, doi 10.1103/PhysRev.156.685; Faber & Ziman 1965, doi 10.1080/14786436508211931.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.read_frames("CsPbCl3_cubic")
    >>> lead = structure_factors(crystal, elements="Pb", range=(1.0, 1.2))  # 2π/a = 1.121 1/Å
    >>> lead.ashcroft_langreth.round(12).ravel().tolist()  # one Pb: Bragg, N = 1
    [nan, 1.0]
    """
    frames = as_frames(frames)
    if not len(frames):
        raise UsageError("there are no frames to sum over", fix="choose a wider range of frames")
    chosen = dict.fromkeys([elements] if isinstance(elements, str) else elements or frames.species)
    for symbol in chosen:
        if symbol not in frames.species:
            raise UsageError(f"no {symbol} among the atoms", fix=nearest(symbol, set(frames.species)))
    edges = _edges(range, bin_width)
    symbols = np.array(frames.species)
    atoms = [np.flatnonzero(symbols == symbol) for symbol in chosen]
    numbers = np.array([len(one) for one in atoms])
    indices = _chosen_vectors(np.array(frames[:1].kernel_cells[0]), edges, vectors_per_bin)
    if not len(indices):
        raise UsageError("the cell allows no scattering vector in this range", fix="widen the range of q")
    every = np.concatenate(atoms)
    sorted_atoms = np.sort(every)
    order = np.searchsorted(sorted_atoms, every)
    offsets = np.concatenate([[0], np.cumsum(numbers)])
    n_parts = min(MOST_PARTS, len(frames))
    part = np.arange(len(frames)) * n_parts // len(frames)
    sums = np.zeros((n_parts, len(edges) - 1, len(atoms), len(atoms)))
    vectors = np.zeros((n_parts, len(edges) - 1), np.int64)
    lengths = np.zeros(len(edges) - 1)
    done = 0
    selected = frames.select(atoms=sorted_atoms)
    for batch in track(selected.batches(extra=8.0 * len(indices)), "summing structure factors", len(frames)):
        positions = np.ascontiguousarray(batch.fractional_positions[:, order])
        where, q = _bins_of(indices, batch.kernel_cells, edges)
        rows = part[done : done + len(batch)]
        for number in np.unique(rows):
            mine = np.flatnonzero(rows == number)
            bins = where if len(where) == 1 else where[mine]
            kernel.structure_factors(positions[mine], offsets, indices, bins, sums[number])
            weight = len(mine) if len(where) == 1 else 1
            vectors[number] += weight * np.bincount(bins[bins >= 0], minlength=len(edges) - 1)
            length = (q if len(where) == 1 else q[mine])[bins >= 0]
            lengths += weight * np.bincount(bins[bins >= 0], length, minlength=len(edges) - 1)
        done += len(batch)
    total = vectors.sum(axis=0)
    mean = np.full(len(total), np.nan)
    np.divide(lengths, total, out=mean, where=total > 0)
    return StructureFactors(frames, tuple(chosen), edges, numbers, sums, vectors, mean, frames.warnings)


def _edges(span: tuple[float, float], width: float) -> Floats:
    """Return the edges of the bins of q, 1/Å."""
    if not (np.isfinite(span).all() and 0 <= span[0] < span[1] <= 100 and 1e-4 <= width <= 100):
        raise UsageError(
            f"scattering vectors from {span[0]} to {span[1]} 1/Å, {width} apart", fix="as 0 to 8, .1"
        )
    n_bins = int(np.ceil((span[1] - span[0]) / width - 1e-6))
    return np.linspace(span[0], span[0] + n_bins * width, n_bins + 1)


def _bins_of(indices: Integers, cells: Floats, edges: Floats) -> tuple[Integers, Floats]:
    """Return the bin (negative: none) and the length of each vector in each frame, (n_cells, n_vectors)."""
    reciprocal = 2 * np.pi * np.linalg.inv(cells).transpose(0, 2, 1)
    q = np.linalg.norm(indices.astype(np.float64) @ reciprocal, axis=2)
    where = np.searchsorted(edges, q, side="right") - 1
    where[where >= len(edges) - 1] = -1
    return np.ascontiguousarray(where), q


def _chosen_vectors(cell: Floats, edges: Floats, most: int) -> Integers:
    """Return whole n, (n_vectors, 3), at most so many per bin, one of each pair n and -n."""
    if most < 1:
        raise UsageError(f"{most} vectors per bin", fix="give at least 1")
    reach = np.floor(edges[-1] * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(np.int64)
    if np.prod(2.0 * reach + 1) > MOST_VECTORS:
        raise UsageError(
            f"the cell allows more than {MOST_VECTORS} scattering vectors up to {edges[-1]:g} 1/Å",
            fix="lower the range of q",
        )
    generator = np.random.default_rng(_SEED)
    indices = np.concatenate(list(_half(reach)))
    where, _ = _bins_of(indices, cell[None], edges)
    kept = []
    for k in np.arange(len(edges) - 1):
        mine = np.flatnonzero(where[0] == k)
        kept.append(generator.choice(mine, most, replace=False) if len(mine) > most else mine)
    return np.ascontiguousarray(indices[np.sort(np.concatenate(kept))])


def _half(reach: Integers) -> Iterator[Integers]:
    """Yield whole n within ``reach``, without 0 and without those whose negative was there, by their first."""
    b, c = (np.arange(-n, n + 1) for n in reach[1:])
    plane = np.stack(np.meshgrid(b, c, indexing="ij"), axis=-1).reshape(-1, 2)
    for a in np.arange(reach[0] + 1):
        here = plane if a else plane[(plane[:, 0] > 0) | ((plane[:, 0] == 0) & (plane[:, 1] > 0))]
        yield np.column_stack([np.full(len(here), a), here])


def transformed(curve: PairCurve, q: Floats, *, number_density: float, window: str = "lorch") -> Floats:
    r"""Return the Faber-Ziman partial structure factor from g(r).

    .. math:: S(q) = 1 + 4 \pi \rho \int_0^R r^2 (g(r) - 1) \frac{\sin qr}{qr} W(r)\, dr

    The range ends the integral, and what g(r) does there makes ripples; Lorch's window
    :math:`W = \sin(\pi r/R) / (\pi r/R)` damps them and broadens peaks by about 2π/R. The direct sum of
    :func:`structure_factors` has neither.

    Parameters
    ----------
    curve : PairCurve
        Measured from 0 on.
    q : float64 (n,)
        1/Å, above 0.
    number_density : float
        All atoms of the source per volume, Å-3.
    window : str
        "lorch" (Lorch 1969, doi 10.1088/0022-3719/2/2/305) or "none".

    Returns
    -------
    float64 (n,)

    Raises
    ------
    UsageError
        If there is no such window, or g(r) does not begin at 0.
    """
    if window not in WINDOWS:
        raise UsageError(f"no window {window!r}", fix=nearest(window, WINDOWS))
    if curve.edges[0] != 0:
        raise UsageError("g(r) does not begin at 0", fix="measure it with range=(0, ...)")
    r = curve.distances
    weight = np.sinc(r / curve.edges[-1]) if window == "lorch" else np.ones(len(r))
    difference = (curve.pair_distribution - 1) * curve.counted.shells * weight
    waves = np.sinc(np.outer(np.asarray(q, np.float64), r) / np.pi)
    result: Floats = 1 + number_density * waves @ difference
    return result
