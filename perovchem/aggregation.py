"""How polyhedra join: corner, edge and face links, clusters and networks, and when links last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem._kernels import network
from perovchem.coordination import Coordination
from perovchem.errors import UsageError, warn
from perovchem.frames import Floats, Integers
from perovchem.polyhedra import Polyhedra
from perovchem.result import Provenance, Result
from perovchem.uncertainty import BlockAverage, block_average

if TYPE_CHECKING:
    import pandas as pd

CLASSES: Final = ("isolated", "corner", "edge", "face")
PERSISTENCE: Final = 500.0
"""fs that a link must hold to count as lasting; Pb-I vibrations take 240 to 560 fs."""


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of centers that share ligand atoms, sorted by frame.

    Attributes
    ----------
    offsets : int64 (n_frames + 1,)
        Links of frame t stand at offsets[t] up to offsets[t + 1].
    frame : int64 (n_links,)
    pair : int64 (n_links, 2)
        Numbers among the centers, i <= j.
    image : int64 (n_links, 3)
        Cell of j as seen from i, on unwrapped positions.
    order : int64 (n_links,)
        Shared ligand atoms: 1 corner, 2 edge, 3 and more face.
    """

    offsets: Integers
    frame: Integers
    pair: Integers
    image: Integers
    order: Integers


@dataclass(frozen=True, eq=False, repr=False)
class Aggregation(Result):
    """Sharing, clusters and lasting links of every frame.

    Attributes
    ----------
    shells : Coordination
    links : Links
    strongest : int64 (n_frames, n_centers)
        0 isolated, 1 corner, 2 edge, 3 face: the strongest link of each center.
    link_ends : int64 (n_frames, 3)
        Ends of corner, edge and face links; a link from a center to its own image has both ends there.
    cluster : int64 (n_frames, n_centers)
        Lowest center of the cluster that each center belongs to.
    dimension : int64 (n_frames, n_centers)
        In how many directions that cluster repeats: 0 finite, 1 chain, 2 layer, 3 network.
    persistence : float
        fs that a link must hold to count as lasting.
    """

    shells: Coordination
    links: Links
    strongest: Integers
    link_ends: Integers
    cluster: Integers
    dimension: Integers
    persistence: float

    command: ClassVar[str] = "coordination"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "sharing": "sharing",
        "sharing_standard_error": "sharing",
        "links_per_center": "links_per_center",
        "links_per_center_standard_error": "links_per_center",
        "cluster_sizes": "fraction",
        "mean_cluster_size": "cluster_size",
        "mean_cluster_size_standard_error": "cluster_size",
        "network_dimension": "network_dimension",
        "persistence_fs": "persistence",
        "first_lasting_ps": "time",
    }

    def __repr__(self) -> str:
        """Return one line: fractions of the four classes."""
        parts = ", ".join(f"{name} {value:.2f}" for name, value in self.sharing.items())
        return f"<Aggregation of {self.strongest.shape[1]} centers in {len(self.strongest)} frames: {parts}>"

    @property
    def provenance(self) -> Provenance:
        """As that of the shells, with the persistence."""
        origin = self.shells.provenance
        return replace(origin, settings={**origin.settings, "persistence_fs": self.persistence})

    @cached_property
    def sharing_over_time(self) -> Floats:
        """Fraction of centers in each class, (n_frames, 4): isolated, corner, edge, face."""
        return np.stack([(self.strongest == k).mean(axis=1) for k in range(4)], axis=1)

    @cached_property
    def mean_sharing(self) -> dict[str, BlockAverage]:
        """As :attr:`sharing`, with standard errors from blocks of frames."""
        return {name: block_average(self.sharing_over_time[:, k]) for k, name in enumerate(CLASSES)}

    @cached_property
    def mean_links(self) -> dict[str, BlockAverage]:
        """As :attr:`links_per_center`, with standard errors from blocks of frames."""
        ends = self.link_ends / self.strongest.shape[1]
        return {name: block_average(ends[:, k]) for k, name in enumerate(CLASSES[1:])}

    @cached_property
    def mean_cluster_size(self) -> BlockAverage:
        """Mean size of the cluster that a center belongs to."""
        return block_average(self.cluster_sizes.mean(axis=1))

    @property
    def sharing(self) -> dict[str, float]:
        """Fraction of frames x centers in each class, by the strongest link."""
        return {name: average.mean for name, average in self.mean_sharing.items()}

    @property
    def links_per_center(self) -> dict[str, float]:
        """Mean corner, edge and face links per center, each link counted at both its ends."""
        return {name: average.mean for name, average in self.mean_links.items()}

    @property
    def network_dimension(self) -> int:
        """Highest dimension of a cluster in a frame, the most frequent over frames."""
        values, many = np.unique(self.dimension.max(axis=1, initial=0), return_counts=True)
        return int(values[many.argmax()])

    @cached_property
    def cluster_sizes(self) -> Integers:
        """Centers (per cell) in the cluster of each center, (n_frames, n_centers)."""
        n_frames, n_centers = self.cluster.shape
        flat = self.cluster + np.arange(n_frames)[:, None] * n_centers
        sizes = np.bincount(flat.ravel(), minlength=n_frames * n_centers)
        of_center: Integers = np.take(sizes, flat)
        return of_center

    def aggregate_volumes(self, polyhedra: Polyhedra) -> Floats:
        """Return the summed polyhedron volume of the cluster of each center, (n_frames, n_centers), Å3.

        NaN where one of the cluster's polyhedra has no volume; per cell for infinite networks.
        """
        n_frames, n_centers = self.cluster.shape
        flat = self.cluster + np.arange(n_frames)[:, None] * n_centers
        sums = np.bincount(flat.ravel(), polyhedra.volumes.ravel(), minlength=n_frames * n_centers)
        of_center: Floats = np.take(sums, flat).astype(np.float64)
        return of_center

    def lasting_links(self, least_order: int = 1) -> list[LastingLink]:
        """Return the stretches over which one link (i, j, image) held without a break for the persistence.

        A gap in time, such as between joined runs, is a break.

        Parameters
        ----------
        least_order : int
            1: any link; 2: edges and faces; 3: faces.

        Raises
        ------
        MissingDataError
            If the frames have no times.
        """
        times = self.shells.frames.require_times("the persistence of links")
        links = self.links
        kept = links.order >= least_order
        identity = np.column_stack([links.pair, links.image])[kept]
        frame = links.frame[kept]
        found = []
        for rows, begin, end in _runs(identity, frame, _gaps(times)):
            if times[end] - times[begin] >= self.persistence - 1e-6:
                i, j, *image = rows.tolist()
                cell = (image[0], image[1], image[2])
                edges = begin == 0, end == len(times) - 1
                found.append(LastingLink(i, j, cell, float(times[begin]), float(times[end]), *edges))
        return sorted(found, key=lambda link: link.begin)

    @cached_property
    def first_lasting(self) -> dict[str, float]:
        """Begin (fs) of the first lasting link that shares at least 1, 2, 3 atoms; NaN where there is none."""
        found = {}
        for order, name in enumerate(CLASSES[1:], start=1):
            lasting = [] if self.shells.frames.times is None else self.lasting_links(order)
            found[name] = lasting[0].begin if lasting else float("nan")
        return found

    @property
    def from_start(self) -> dict[str, bool]:
        """Whether the first lasting link was there in the first frame already: it began then or earlier."""
        times = self.shells.frames.times
        begin = float("nan") if times is None or not len(times) else float(times[0])
        return {name: value <= begin + 1e-6 for name, value in self.first_lasting.items()}

    @cached_property
    def transitions(self) -> Integers:
        """Changes of the lasting class of a center, (4, 4): from (row) to (column).

        A class counts once a center has kept it for the persistence; shorter visits are passed over.
        """
        counts = np.zeros((4, 4), np.int64)
        times = self.shells.frames.times
        if times is None or not len(times):
            return counts
        gaps = _gaps(times)
        for column in self.strongest.T:
            edges = np.flatnonzero((np.diff(column) != 0) | (np.diff(gaps) > 0)) + 1
            begins, ends = np.append(0, edges), np.append(edges, len(column)) - 1
            lasting = column[begins[times[ends] - times[begins] >= self.persistence - 1e-6]]
            changed = lasting[1:] != lasting[:-1]
            np.add.at(counts, (lasting[:-1][changed], lasting[1:][changed]), 1)
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        sizes, many = np.unique(self.cluster_sizes, return_counts=True)
        return {
            "sharing": self.sharing,
            "sharing_standard_error": {n: a.standard_error for n, a in self.mean_sharing.items()},
            "links_per_center": self.links_per_center,
            "links_per_center_standard_error": {n: a.standard_error for n, a in self.mean_links.items()},
            "cluster_sizes": {str(s): float(n / many.sum()) for s, n in zip(sizes, many, strict=True)},
            "mean_cluster_size": self.mean_cluster_size.mean,
            "mean_cluster_size_standard_error": self.mean_cluster_size.standard_error,
            "network_dimension": self.network_dimension,
            "network_dimension_distribution": {
                str(k): float((self.dimension == k).mean()) for k in np.unique(self.dimension)
            },
            "persistence_fs": self.persistence,
            **self.events(),
        }

    def events(self) -> dict[str, Any]:
        """Return what happens in time: first lasting links and changes of class, ready for JSON."""
        return {
            "first_lasting_ps": {name: value / 1000 for name, value in self.first_lasting.items()},
            "first_lasting_from_start": self.from_start,
            "transitions": None
            if self.shells.frames.times is None
            else {
                f"{CLASSES[a]} -> {CLASSES[b]}": int(self.transitions[a, b])
                for a in range(4)
                for b in range(4)
                if self.transitions[a, b]
            },
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per frame and center: class, cluster, its size and dimension."""
        table = self.shells.to_dataframe()[["frame", "time_ps", "center_atom"]]
        table["sharing"] = np.array(CLASSES)[self.strongest.ravel()]
        table["cluster"] = self.shells.centers[self.cluster.ravel()]
        table["cluster_size"] = self.cluster_sizes.ravel()
        table["network_dimension"] = self.dimension.ravel()
        return table


@dataclass(frozen=True, slots=True)
class LastingLink:
    """One link that held long enough.

    Attributes
    ----------
    i, j : int
        Numbers among the centers.
    image : tuple of int
        Cell of j as seen from i.
    begin, end : float
        First and last time it was there, fs.
    from_start, to_end : bool
        Whether it was there in the first or last frame, so that it may have held for longer.
    """

    i: int
    j: int
    image: tuple[int, int, int]
    begin: float
    end: float
    from_start: bool
    to_end: bool


def _gaps(times: Floats) -> Integers:
    """Return for each frame how many gaps in time, such as between joined runs, lie before it."""
    steps = np.diff(times)
    if (steps <= 0).any():
        raise UsageError("lasting links of frames that go back in time", fix="put the frames in order")
    longer = steps > 1.5 * np.median(steps) if len(steps) else np.zeros(0, np.bool_)
    return np.concatenate([[0], np.cumsum(longer)]).astype(np.int64)


def _runs(identity: Integers, frame: Integers, gaps: Integers) -> list[tuple[Integers, int, int]]:
    """Return (identity, first frame, last frame) of every unbroken appearance of a row."""
    if not len(frame):
        return []
    order = np.lexsort((frame, *identity.T[::-1]))
    identity, frame = identity[order], frame[order]
    breaks = (identity[1:] != identity[:-1]).any(axis=1) | (np.diff(frame + gaps[frame]) != 1)
    first = np.append(0, np.flatnonzero(breaks) + 1)
    last = np.append(np.flatnonzero(breaks), len(frame) - 1)
    return [(identity[a], int(frame[a]), int(frame[b])) for a, b in zip(first, last, strict=True)]


def aggregation(shells: Coordination, *, persistence: float = PERSISTENCE) -> Aggregation:
    """Return how the polyhedra share ligand atoms, and the clusters and networks that this makes.

    A link joins two centers (i, j, image) by the ligand atoms bound to both: one is a corner, two an edge,
    three and more a face. Clusters are connected components; the lattice vectors that closed paths of links
    add up to tell a chain, layer or network from a finite cluster.

    Parameters
    ----------
    shells : Coordination
    persistence : float
        fs that the same link must hold without a break to count as lasting.

    Returns
    -------
    Aggregation

    Raises
    ------
    UsageError
        If the persistence is negative, or there are more than 16384 centers.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.read_frames(pc.reference.path("CsPbCl3_cubic"))
    >>> shells = pc.coordination(crystal, center="Pb", ligands="Cl")
    >>> joined = pc.aggregation(shells)
    >>> joined.links_per_center["corner"], joined.dimension.tolist()
    (6.0, [[3]])
    """
    if not (np.isfinite(persistence) and persistence >= 0):
        raise UsageError(f"a persistence of {persistence} fs", fix="give a time of at least 0")
    times = shells.frames.times
    interval = abs(float(np.median(np.diff(times)))) if times is not None and len(times) > 1 else 0.0
    if interval > persistence > 0:
        warn(
            f"frames lie {interval:g} fs apart, further than the persistence of {persistence:g} fs: what happens to "
            "links between them is not seen"
        )
    bonds = shells.bonds
    if bonds.n_centers > network.MOST_CENTERS:
        raise UsageError(
            f"{bonds.n_centers} centers",
            fix=f"analyze at most {network.MOST_CENTERS} at once (select fewer atoms)",
        )
    capacity = max(64, len(bonds.ligand))
    while True:
        frame, order = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        pair, image = np.empty((capacity, 2), np.int64), np.empty((capacity, 3), np.int64)
        offsets = np.zeros(bonds.n_frames + 1, np.int64)
        found = network.links(
            bonds.offsets, bonds.n_centers, bonds.ligand, bonds.image, frame, pair, image, order, offsets
        )
        if found >= 0:
            break
        if found == -2:
            raise UsageError(
                "two linked centers have drifted more than a thousand cells apart",
                fix="analyze a shorter piece of the trajectory",
            )
        capacity *= 4
    links = Links(offsets, frame[:found], pair[:found], image[:found], order[:found])
    shape = bonds.n_frames, bonds.n_centers
    label, dimension, strongest = (np.zeros(shape, np.int64) for _ in range(3))
    ends = np.zeros((bonds.n_frames, 4), np.int64)
    network.clusters(
        links.offsets,
        links.pair,
        links.image,
        links.order,
        bonds.n_centers,
        label,
        dimension,
        strongest,
        ends,
    )
    return Aggregation(shells, links, strongest, ends[:, 1:], label, dimension, float(persistence))
