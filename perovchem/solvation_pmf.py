"""Potentials of mean force of contact pairs, W(r), and what they say of binding: association constant and ΔG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.cell_geometry import heights
from perovchem.errors import MissingDataError, UsageError, nearest, warn
from perovchem.frames import Frames
from perovchem.lattice import short_edges
from perovchem.pair_distribution import PairDistribution, pair_distribution
from perovchem.pair_distribution.result import PairCurve
from perovchem.result import DETAIL, Provenance, Result, dataframe, jsonable
from perovchem.uncertainty import BlockAverage, ratio_average
from perovchem.units import BOLTZMANN, MOLE_PER_LITER

if TYPE_CHECKING:
    import pandas as pd

STANDARD_CONCENTRATION: Final = 1.0
"""mol/L."""
TAIL: Final = 0.75
"""The outermost quarter of the range, up to half the cell, tells what g(r) is far away."""
_MOLAR_VOLUME: Final = MOLE_PER_LITER / STANDARD_CONCENTRATION
"""Å3 per particle at the standard concentration: 1660.5."""
FAR: Final = 0.2
"""A g(r) that stays this far from 1 there is told."""
FEWEST: Final = 10
"""Changes of the number of contacts that an error must rest on (our choice); below, it is a lower bound."""
_SAME: Final = 1e-9


@dataclass(frozen=True)
class ContactPair:
    r"""What W(r) says of one kind of pair that is in contact.

    .. math:: W(r) = -kT \ln g(r), \qquad K = 4\pi \int_0^{r^*} g(r)\, r^2\, dr, \qquad
        \Delta G^\circ = -kT \ln (K c^\circ)

    r* is the first maximum of W, the first minimum of g(r).

    Attributes
    ----------
    name : str
        "Pb-O(DMSO)".
    distances : float64 (n_bins,)
        Middles of the bins, Å.
    free_energy : float64 (n_bins,)
        W(r), eV; NaN where no pair was met.
    free_energy_error : float64 (n_bins,)
        One standard error from blocks of frames, kT δg/g.
    minimum : (float, float)
        Place (Å) and depth (eV) of the contact minimum: the lowest W below r*.
    contact : float
        r*, Å; NaN where g(r) has no first minimum.
    contact_source : str
        How it was found, or why it was not.
    barrier : float
        W(r*) - W(minimum), eV: to leave the contact. NaN where nothing was ever met at r*.
    barrier_error : float
        One standard error; NaN where there is none.
    barrier_bound : float
        Where nothing was met at r*: at least so much (one pair in that bin would give it), eV; else NaN.
    association_constant : float
        K, L/mol, of one labeled pair of sites.
    association_constant_error : float
        One standard error from blocks of frames.
    gibbs_energy : float
        ΔG° at 1 mol/L, eV.
    gibbs_energy_error : float
        kT δK/K.
    tail : float
        Mean g(r) in the outer quarter of the range, up to half the cell; 1 far from everything in a large box. Below 1
        where what is bound is missing in the solution around (few molecules in a closed box).
    tail_error : float
    gibbs_energy_from_tail : float
        ΔG° with g(r)/tail in place of g(r): against the unbound particles that are left, eV.
    converged : bool
        Whether the errors are more than lower bounds; false where the contacts hardly ever changed.
    n_pairs : int
        Pairs that were counted within r*, over all frames.
    """

    name: str
    distances: Floats = field(metadata=DETAIL)
    free_energy: Floats = field(metadata=DETAIL)
    free_energy_error: Floats = field(metadata=DETAIL)
    minimum: tuple[float, float]
    contact: float
    contact_source: str
    barrier: float
    barrier_error: float
    barrier_bound: float
    association_constant: float
    association_constant_error: float
    gibbs_energy: float
    gibbs_energy_error: float
    tail: float
    tail_error: float
    gibbs_energy_from_tail: float
    converged: bool
    n_pairs: int

    @property
    def n_undefined(self) -> int:
        """Bins in which no pair was met."""
        return int(np.isnan(self.free_energy).sum())


@dataclass(frozen=True, eq=False, repr=False)
class SolvationPmf(Result):
    """Potentials of mean force of one run.

    Attributes
    ----------
    temperature : float
        K, that was used.
    temperature_source : str
        "given", or "mean of the run".
    standard_concentration : float
        mol/L.
    pairs : mapping of str to ContactPair
    distribution : PairDistribution
        What they follow from.
    warnings : tuple of str
    """

    temperature: float
    temperature_source: str
    standard_concentration: float
    pairs: Mapping[str, ContactPair]
    distribution: PairDistribution = field(metadata=DETAIL)
    warnings: tuple[str, ...] = ()

    command: ClassVar[str] = "pmf"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "temperature": "temperature",
        "standard_concentration": "concentration",
        "minimum": "distance",
        "contact": "cutoff",
        "barrier": "mean_force_potential",
        "barrier_error": "mean_force_potential",
        "barrier_bound": "mean_force_potential",
        "association_constant": "association_constant",
        "association_constant_error": "association_constant",
        "gibbs_energy": "association_gibbs_energy",
        "gibbs_energy_error": "association_gibbs_energy",
        "gibbs_energy_from_tail": "association_gibbs_energy",
        "tail": "pair_distribution",
        "tail_error": "pair_distribution",
        "distances": "distance",
        "free_energy": "mean_force_potential",
        "free_energy_error": "mean_force_potential",
    }

    def __repr__(self) -> str:
        """Return one line: pairs with their ΔG."""
        found = ", ".join(f"{name} {one.gibbs_energy:.3f} eV" for name, one in self.pairs.items())
        return f"<SolvationPmf at {self.temperature:g} K, 1 mol/L: {found}>"

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these numbers."""
        origin = self.distribution.provenance
        settings = {
            **origin.settings,
            "temperature_K": self.temperature,
            "contact": {name: [one.contact, one.contact_source] for name, one in self.pairs.items()},
        }
        return replace(origin, settings=settings, warnings=self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and curves as plain Python values."""
        found = super().to_dict()
        for name, one in self.pairs.items():
            curve = {"distances": one.distances, "free_energy": one.free_energy}
            curve["free_energy_error"] = one.free_energy_error
            found["pairs"][name] |= jsonable(curve)
        return found

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per pair and bin."""
        every = list(self.pairs.values())
        columns = {
            "pair": np.repeat([one.name for one in every], [len(one.distances) for one in every]),
            "distances": np.concatenate([one.distances for one in every]),
            "free_energy": np.concatenate([one.free_energy for one in every]),
            "free_energy_error": np.concatenate([one.free_energy_error for one in every]),
        }
        names = {key: name for key, name in self.quantity_names.items() if key in columns}
        return dataframe(columns, quantity_names=names)


def solvation_pmf(
    run: Frames | PairDistribution | Any,
    *,
    pairs: str | Sequence[str] | None = None,
    temperature: float | None = None,
    contact: Mapping[str, float] | None = None,
) -> SolvationPmf:
    r"""Return W(r) of pairs of sites and the binding that follows from it.

    :math:`W(r) = -kT \ln g(r)` and :math:`K = 4\pi \int_0^{r^*} g\, r^2\, dr` (D. Chandler, Introduction to Modern
    Statistical Mechanics, 1987, chapter 7; doi 10.1016/S0006-3495(97)78756-3 for the constant and its standard state).

    Parameters
    ----------
    run : Frames or PairDistribution
        Or an object that :func:`perovchem.read_frames` takes.
    pairs : str or sequence of str
        "Pb-O(DMSO)", "Cs-Cl", "H-I": as for :func:`perovchem.pair_distribution`. Pairs within one molecule are left
        out. Not with a PairDistribution, which has its own.
    temperature : float, optional
        K; by default the mean of the run, where it states one.
    contact : mapping of str to float, optional
        Where contact ends, Å, by pair; by default the first minimum of g(r).

    Returns
    -------
    SolvationPmf

    Raises
    ------
    MissingDataError
        If no temperature is known.
    UsageError
        If there are no such pairs, or a number makes no sense.

    Examples
    --------
    >>> import perovchem as pc
    >>> run = pc.read_frames("gbl_solution", discard="4ps")
    >>> pc.solvation_pmf(run, pairs="Pb-O(GBL)", temperature=300)
    <SolvationPmf at 300 K, 1 mol/L: Pb-O(GBL) 0.074 eV>
    """
    distribution = _distribution(run, pairs)
    frames = distribution.frames
    temperature, source = _temperature(frames, temperature)
    contact = dict(contact or {})
    for name, value in contact.items():
        if name not in distribution.curves:
            raise UsageError(
                f"a contact of {name}, which is not among the pairs", fix=nearest(name, distribution.curves)
            )
        if not 0 < value < math.inf:
            raise UsageError(f"a contact of {value} Å", fix="give a length in Å")
    cell = frames[:1].cells[0]
    half = float(heights(short_edges(cell) @ cell).min()) / 2  # of no skewed setting
    found = {
        name: _contact_pair(
            curve,
            BOLTZMANN * temperature,
            contact.get(name, distribution.cutoffs[name].value),
            "given" if name in contact else distribution.cutoffs[name].source,
            half,
        )
        for name, curve in distribution.curves.items()
    }
    notes = [sentence for one in found.values() for sentence in _notes(one)]
    for note in notes:
        warn(note)
    return SolvationPmf(
        temperature,
        source,
        STANDARD_CONCENTRATION,
        found,
        distribution,
        (*distribution.warnings, *notes),
    )


def _distribution(run: Any, pairs: str | Sequence[str] | None) -> PairDistribution:
    """Return g(r) of the pairs, measured unless it is given."""
    if isinstance(run, PairDistribution):
        if pairs is not None:
            raise UsageError("a pair distribution has its pairs already", fix="leave out pairs=")
        return run
    if not pairs:
        raise UsageError("no pairs are named", fix="give at least one, as pairs='Pb-O'")
    return pair_distribution(run, pairs=pairs, intramolecular=False)


def _temperature(frames: Frames, given: float | None) -> tuple[float, str]:
    """Return the temperature and where it comes from."""
    if given is not None:
        if not 0 < given < 1e5:
            raise UsageError(f"a temperature of {given} K", fix="give one in K")
        return float(given), "given"
    stated = frames.scalars.get("temperature")
    mean = math.nan if stated is None or not np.isfinite(stated).any() else float(np.nanmean(stated))
    if not mean > 0:
        raise MissingDataError(
            "the run does not state its temperature, which turns g(r) into a free energy",
            where=frames.source.origin,
            fix="give it: temperature=300, or --temperature 300",
        )
    return mean, "mean of the run"


def _contact_pair(curve: PairCurve, kT: float, contact: float, source: str, half: float) -> ContactPair:
    """Return what one g(r) says."""
    g, error = curve.pair_distribution, curve.standard_error
    met = g > 0
    energy, spread = np.full(len(g), np.nan), np.full(len(g), np.nan)
    energy[met] = -kT * np.log(g[met])
    spread[met] = kT * error[met] / g[met]
    inside = met & (curve.distances < contact)
    lowest = int(np.flatnonzero(inside)[np.argmin(energy[inside])]) if inside.any() else -1
    minimum = (float(curve.distances[lowest]), float(energy[lowest])) if lowest >= 0 else (math.nan, math.nan)
    barrier, barrier_error, bound = _barrier(curve, kT, contact, energy, spread, lowest)
    volume, changes = _volume(curve, contact)
    constant, constant_error = volume.mean / _MOLAR_VOLUME, volume.standard_error / _MOLAR_VOLUME
    tail = _tail(curve, half)
    gibbs = -kT * math.log(constant) if constant > 0 else math.nan
    return ContactPair(
        curve.name, curve.distances, energy, spread, minimum, contact, source, barrier, barrier_error, bound,
        constant, constant_error, gibbs, kT * constant_error / constant if constant > 0 else math.nan,
        tail.mean, tail.standard_error, gibbs + kT * math.log(tail.mean) if tail.mean > 0 else math.nan,
        volume.converged and changes >= FEWEST,
        int(curve.coordination_number(contact).mean * curve.counted.n_centers * curve.counted.n_frames.sum() + 0.5)
        if math.isfinite(constant) else 0,
    )  # fmt: skip


def _volume(curve: PairCurve, contact: float) -> tuple[BlockAverage, int]:
    """Return the integral of g over the sphere of contact, Å3, linear within a bin; how often the contacts changed."""
    counted = curve.counted
    weight = counted.inverse_volume * counted.n_centers * counted.partners
    if not curve.edges[0] <= contact <= curve.edges[-1]:
        return ratio_average(np.zeros(len(weight)), np.zeros(len(weight))), 0
    table = np.column_stack([counted.below, counted.below[:, None] + np.cumsum(counted.counts, axis=1)])
    k = min(int(np.searchsorted(curve.edges, contact, side="right")) - 1, table.shape[1] - 2)
    part = (contact - curve.edges[k]) / (curve.edges[k + 1] - curve.edges[k])
    changes = int(np.count_nonzero(np.abs(np.diff(table[:, k] / counted.n_frames)) > _SAME))
    return ratio_average((1 - part) * table[:, k] + part * table[:, k + 1], weight), changes


def _barrier(
    curve: PairCurve, kT: float, contact: float, energy: Floats, spread: Floats, lowest: int
) -> tuple[float, float, float]:
    """Return height and error of the barrier at r*, or a bound where nothing was met there."""
    if lowest < 0 or not curve.edges[0] <= contact < curve.edges[-1]:
        return math.nan, math.nan, math.nan
    k = int(np.searchsorted(curve.edges, contact, side="right")) - 1
    around = slice(max(k - 1, lowest + 1), min(k + 2, len(energy)))
    ideal = float(curve.counted.ideal.sum(axis=0)[around].sum())
    counts = curve.counted.counts[:, around].sum(axis=1)
    if not ideal > 0:
        return math.nan, math.nan, math.nan
    if counts.sum() == 0:
        return math.nan, math.nan, kT * math.log(ideal) - float(energy[lowest])
    there = ratio_average(counts, curve.counted.ideal[:, around].sum(axis=1))
    height = -kT * math.log(there.mean) - float(energy[lowest])
    return height, math.hypot(kT * there.standard_error / there.mean, float(spread[lowest])), math.nan


def _tail(curve: PairCurve, half: float) -> BlockAverage:
    """Return g(r) far away, with its error."""
    end = min(float(curve.edges[-1]), half)
    far = (curve.edges[:-1] >= TAIL * end - 1e-9) & (curve.edges[1:] <= end + 1e-9)
    return ratio_average(curve.counted.counts[:, far].sum(axis=1), curve.counted.ideal[:, far].sum(axis=1))


def _notes(one: ContactPair) -> list[str]:
    """Return what the reader of one pair must know."""
    found = []
    kinds = {side.strip() for side in one.name.split("-", 1)}
    if len(kinds) == 1:
        found.append(f"{one.name}: K is that of one labeled pair; a dimer of like particles forms with K/2")
    if not math.isfinite(one.contact):
        found.append(
            f"{one.name}: g(r) has no first minimum ({one.contact_source}), so where contact ends must be given"
        )
    elif not one.converged:
        found.append(
            f"{one.name}: the contacts changed too rarely for equilibrium; K and ΔG are those of this stretch, "
            "their errors lower bounds"
        )
    if math.isfinite(one.barrier_bound):
        found.append(f"{one.name}: nothing was ever met at {one.contact:.2f} Å; the barrier is a lower bound")
    if abs(one.tail - 1) > FAR:
        found.append(
            f"{one.name}: far away g(r) is {one.tail:.2f}, not 1: the box is small or what is bound is missing "
            "around; compare ΔG from the tail"
        )
    return found
