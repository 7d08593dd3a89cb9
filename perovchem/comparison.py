"""Several runs side by side: shells, polyhedra and sharing with one set of cutoffs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.aggregation import PERSISTENCE, Aggregation, aggregation
from perovchem.coordination import Coordination, coordination, find_shells
from perovchem.cutoffs import (
    BIN_WIDTH,
    DEEPEST_RATIO,
    LEAST_GAP,
    RADII_TOLERANCE,
    SEARCH_RANGE,
    SMOOTHING,
    bond_cutoffs,
)
from perovchem.errors import UsageError, warn
from perovchem.frames import Frames
from perovchem.molecules import BOND_TOLERANCE
from perovchem.polyhedra import Polyhedra, polyhedra
from perovchem.result import Provenance, Result, jsonable
from perovchem.uncertainty import block_average, ratio_average

if TYPE_CHECKING:
    import pandas as pd

LIKE_DENSITY: Final = 0.05
"""Runs whose densities differ by more than this part are said to differ."""


DEFINITIONS: Final[Mapping[str, str]] = {
    "shell": "ligand atoms nearer than the cutoff of their pair of elements, every periodic image",
    "cutoff": f"first minimum behind the first maximum of g(r), bins {BIN_WIDTH} Å, Gaussian smoothing {SMOOTHING} Å, "
    f"searched to {SEARCH_RANGE} Å, accepted below {DEEPEST_RATIO} of the maximum; else a gap of at least "
    f"{LEAST_GAP} Å in the sorted distances; else the sum of radii + {RADII_TOLERANCE} Å",
    "volume": "convex hull of the bound ligand atoms; undefined below four of them or where they are coplanar",
    "aggregate_volume": "sum over the polyhedra of a cluster",
    "sharing": "class of the strongest link of a center: ligand atoms shared with another center in one image, "
    "1 corner, 2 edge, 3 or more face",
    "links_per_center": "each link counted at both its ends",
    "first_lasting": "begin of the first link (i, j, image) that shares at least 1, 2, 3 atoms without a break for "
    "the persistence time; over the whole run, with what averages discard",
    "molecules": f"nonmetal atoms nearer than the sum of their covalent radii + {BOND_TOLERANCE} Å in the first frame",
    "standard_error": "one standard error from blocks of frames (Flyvbjerg & Petersen, doi 10.1063/1.457480)",
}
"""What the numbers mean; printed into every JSON result."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """The coordination analysis of one or several runs.

    Attributes
    ----------
    labels : tuple of str
        What each run is called.
    shells : tuple of Coordination
    polyhedra : tuple of Polyhedra
    aggregation : tuple of Aggregation
    history : tuple of Aggregation
        Of the whole runs: events, such as the first lasting link, happen also in what averages leave out.
    warnings : tuple of str
    """

    labels: tuple[str, ...]
    shells: tuple[Coordination, ...]
    polyhedra: tuple[Polyhedra, ...]
    aggregation: tuple[Aggregation, ...]
    history: tuple[Aggregation, ...]
    warnings: tuple[str, ...]

    command: ClassVar[str] = "coordination"
    quantity_names: ClassVar[Mapping[str, str]] = {
        **Coordination.quantity_names,
        **Polyhedra.quantity_names,
        **Aggregation.quantity_names,
        "aggregate_volume": "aggregate_volume",
    }

    def __repr__(self) -> str:
        """Return one line: the runs and their mean coordination numbers."""
        runs = ", ".join(
            f"{label} {shells.mean_coordination_number.mean:.2f}"
            for label, shells in zip(self.labels, self.shells, strict=True)
        )
        return f"<Comparison of coordination numbers: {runs}>"

    @property
    def provenance(self) -> Provenance:
        """Files, definitions and warnings of all runs."""
        origins = [joined.provenance for joined in self.aggregation]
        return Provenance(
            input=", ".join(origin.input for origin in origins),
            inputs=tuple(dict.fromkeys(file for origin in origins for file in origin.inputs)),
            settings={
                "definitions": DEFINITIONS,
                "runs": dict(zip(self.labels, (origin.settings for origin in origins), strict=True)),
            },
            warnings=(*self.warnings, *(warning for origin in origins for warning in origin.warnings)),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary per run, ready for JSON, each with its label."""
        parts = zip(self.labels, self.shells, self.polyhedra, self.aggregation, self.history, strict=True)
        return [
            jsonable(
                {
                    "label": label,
                    **shells.to_dict(),
                    **hulls.to_dict(),
                    "aggregate_volume": _aggregate_volume(joined, hulls),
                    **joined.to_dict(),
                    **history.events(),
                    "warnings": shells.warnings,
                }
            )
            for label, shells, hulls, joined, history in parts
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the runs by label."""
        return {row["label"]: row for row in self.rows()}

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per run and number, with its standard error and unit."""
        import pandas as pd

        rows = [
            (label, *line)
            for label, shells, hulls, joined, history in zip(
                self.labels, self.shells, self.polyhedra, self.aggregation, self.history, strict=True
            )
            for line in summary(shells, hulls, joined, history)
        ]
        return pd.DataFrame(rows, columns=["run", "quantity", "value", "standard_error", "unit"])


def summary(
    shells: Coordination, hulls: Polyhedra, joined: Aggregation, history: Aggregation
) -> list[tuple[str, float, float, str]]:
    """Return the main numbers of one run: what, value, standard error, unit."""
    none = float("nan")
    number = shells.mean_coordination_number
    lines = [
        ("frames", float(len(shells.frames)), none, "1"),
        ("discarded frames", float(shells.frames.discarded), none, "1"),
        ("density", shells.frames.density, none, "g/cm3"),
        (f"concentration of {'+'.join(shells.center)}", shells.concentration, none, "mol/L"),
        *((f"cutoff {name}", cutoff.value, none, "Å") for name, cutoff in shells.cutoffs.items()),
        ("coordination number", number.mean, number.standard_error, "1"),
    ]
    for name, bond in shells.bond_lengths.items():
        lines.append((f"bond length {name}", bond.mean, bond.standard_error, "Å"))
        lines.append((f"spread of {name}", bond.sd, none, "Å"))
    volume = hulls.mean_volume
    whole = _aggregate_volume(joined, hulls)
    lines += [
        ("polyhedron volume", volume.mean, volume.standard_error, "Å3"),
        ("volumes undefined", hulls.n_undefined / max(hulls.volumes.size, 1), none, "fraction"),
        ("centers outside their hull", hulls.n_off_center / max(hulls.volumes.size, 1), none, "fraction"),
        ("aggregate volume", whole["mean"], whole["standard_error"], "Å3"),
    ]
    for k, (name, value) in enumerate(joined.sharing.items()):
        error = block_average(joined.sharing_over_time[:, k]).standard_error
        lines.append((f"strongest link: {name}", value, error, "fraction"))
    lines += [
        (f"{name} links per center", value, none, "1") for name, value in joined.links_per_center.items()
    ]
    lines.append(("mean cluster size", float(joined.cluster_sizes.mean()), none, "centers"))
    lines.append(("network dimension", float(joined.dimension.max(initial=0)), none, "1"))
    first = history.first_lasting
    lines += [
        (f"first lasting {name}", first[name] / 1000, none, "ps") for name in ("corner", "edge", "face")
    ]
    return lines


def _aggregate_volume(joined: Aggregation, hulls: Polyhedra) -> dict[str, float | int]:
    """Return mean and standard error over the aggregates, each aggregate counted once a frame."""
    volumes = joined.aggregate_volumes(hulls)
    once = joined.cluster == np.arange(volumes.shape[1])
    values = np.where(once, volumes, np.nan)
    defined = np.isfinite(values)
    average = ratio_average(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1))
    return {
        "mean": average.mean,
        "standard_error": average.standard_error,
        "n_undefined": int(once.sum() - defined.sum()),
    }


def compare_coordination(
    runs: Mapping[str, Frames] | Sequence[Frames],
    *,
    center: str | Sequence[str] = "Pb",
    ligands: str | Sequence[str],
    cutoffs: Mapping[str, float] | None = None,
    names: Mapping[str, str] | None = None,
    persistence: float = PERSISTENCE,
) -> Comparison:
    """Analyze one or several runs with the same cutoffs, measured on all of them together.

    Parameters
    ----------
    runs : mapping of label to Frames, or sequence of Frames
    center, ligands : str or sequence of str
        Chemical symbols; a run may lack some of the ligands.
    cutoffs : mapping, optional
        Pair ("Pb-I") to length, Å; the others are measured.
    names : mapping, optional
        Formula to name for molecules beyond the known ones.
    persistence : float
        fs that a link must hold to count as lasting.

    Returns
    -------
    Comparison
        Its warnings say where the runs differ in density: such runs differ in more than their composition.

    Raises
    ------
    UsageError
        If an element is missing from all runs, or the center from one of them.
    """
    named = dict(runs) if isinstance(runs, Mapping) else {str(k + 1): run for k, run in enumerate(runs)}
    if not named:
        raise UsageError("no runs are given", fix="give at least one")
    centers = tuple(dict.fromkeys([center] if isinstance(center, str) else center))
    partners = tuple(dict.fromkeys([ligands] if isinstance(ligands, str) else ligands))
    for label, run in named.items():
        if not set(centers) & set(run.species):
            raise UsageError(
                f"no {'/'.join(centers)} in {label} ({run.formula})", fix="choose another center"
            )
    table = bond_cutoffs(list(named.values()), center=centers, ligands=partners, given=cutoffs)
    shells = tuple(
        coordination(run, center=centers, ligands=partners, cutoffs=table, names=names)
        for run in named.values()
    )
    hulls = tuple(polyhedra(one) for one in shells)
    joined = tuple(aggregation(one, persistence=persistence) for one in shells)
    history = tuple(_whole(one, names) for one in joined)
    notes = _differences(named)
    for note in notes:
        warn(note)
    return Comparison(tuple(named), shells, hulls, joined, history, notes)


def _whole(joined: Aggregation, names: Mapping[str, str] | None) -> Aggregation:
    """Return the aggregation of the whole run, with what was discarded."""
    shells = joined.shells
    if shells.frames.whole is None:
        return joined
    again = find_shells(shells.frames.whole, shells.center, shells.ligands, shells.cutoffs, names)
    return aggregation(again, persistence=joined.persistence)


def _differences(runs: Mapping[str, Frames]) -> tuple[str, ...]:
    """Say where compared runs are not alike."""
    if len(runs) < 2:
        return ()
    density = {label: run.density for label, run in runs.items()}
    if max(density.values()) <= (1 + LIKE_DENSITY) * min(density.values()):
        return ()
    listed = ", ".join(f"{label} {value:.2f} g/cm3" for label, value in density.items())
    return (
        f"the runs differ in density ({listed}): a difference between them is no effect of the solvent or "
        "additive until it is seen at like density",
    )
