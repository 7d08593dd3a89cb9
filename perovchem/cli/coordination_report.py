"""What ``perovchem coordination`` shows of its results: table, figures, per-frame tables and arrays, structure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from perovchem.aggregation import CLASSES, Aggregation
from perovchem.cli import exchange_report
from perovchem.comparison import Comparison, Line, summary
from perovchem.coordination import Coordination
from perovchem.number_text import with_error
from perovchem.polyhedra import DISTORTIONS, Polyhedra
from perovchem.quantities import quantity
from perovchem.report import Drawing, Report, Table, Variable

if TYPE_CHECKING:
    import pandas as pd

    from perovchem.scene import Scene

_DIGITS = {"1": 3, "g/cm3": 3, "mol/L": 3, "Å": 3, "Å3": 2, "fraction": 3, "centers": 2, "ps": 3}
_WHOLE = {"frames", "discarded frames", "network dimension"}


def report(
    inputs: Sequence[str], comparison: Comparison, settings: Mapping[str, Any], warnings: Sequence[str]
) -> Report:
    """Return everything that the command has to show."""
    shells = comparison.shells
    center = "/".join(shells[0].center)
    ligands = " and ".join(shells[0].ligands)
    stems = _stems(comparison.labels)
    parts = list(zip(stems, shells, comparison.polyhedra, comparison.aggregation, strict=True))
    return Report(
        command="coordination",
        title=f"Coordination of {center} by {ligands}: {', '.join(comparison.labels)}",
        labels=comparison.labels,
        inputs=tuple(inputs),
        runs=tuple(found.frames for found in shells),
        settings=settings,
        rows=comparison.rows(),
        units=comparison.units,
        warnings=warnings,
        tables=(table(comparison), *_exchange_table(comparison)),
        drawings=(*_drawings(comparison), *_exchange_drawings(comparison)),
        records={
            "coordination": comparison.to_dataframe,
            **{f"per_frame_{stem}": partial(_per_frame, hulls, joined) for stem, _, hulls, joined in parts},
        },
        arrays={
            f"per_frame_{stem}": partial(_variables, found, hulls, joined)
            for stem, found, hulls, joined in parts
        },
        summary=_summary(comparison),
        scenes=partial(_scenes, comparison),
    )


def _summary(comparison: Comparison) -> str:
    """Return in one sentence what was done, and the coordination numbers."""
    shells = comparison.shells
    found = []
    for label, one in zip(comparison.labels, shells, strict=True):
        number = one.mean_coordination_number
        cell = _cell(Line("", number.mean, number.standard_error, "1", number.converged), 2) or "undefined"
        found.append(f"{label} " + (cell if cell[-1] != "*" else cell[:-1].replace("±", "± at least")))
    cutoffs = ", ".join(f"{name} {cutoff.value:.2f}\u00a0Å" for name, cutoff in shells[0].cutoffs.items())
    return (
        f"Shells of {'/'.join(shells[0].center)} within {cutoffs}, their polyhedra, and how these share ligands and "
        f"gather in clusters; mean coordination number: {', '.join(found)}."
    )


# --- the table -------------------------------------------------------------------------------------------------


def table(comparison: Comparison) -> Table:
    """Return the numbers of all runs, and below them what they rest on."""
    parts = list(
        zip(comparison.shells, comparison.polyhedra, comparison.aggregation, comparison.history, strict=True)
    )
    columns = [summary(*part) for part in parts]
    crystals = all(len(shells.frames) == 1 for shells in comparison.shells)
    timed = any(shells.frames.times is not None for shells in comparison.shells) and not crystals
    rows: list[tuple[str | None, ...]] = []
    for lines in zip(*columns, strict=True):
        what = lines[0].what
        if what.startswith("first lasting") and not timed:
            continue
        unit = max((line.unit for line in lines), key=len)  # "Å3 per cell" where one network is infinite
        digits = 0 if what in _WHOLE else _DIGITS[unit.removesuffix(" per cell")]
        cells = [_cell(line, digits) for line in lines]
        for k, (*_, history) in enumerate(parts):
            if history.from_start.get(what.removeprefix("first lasting ")):
                cells[k] = f"≤ {cells[k]}"  # it may have begun before what was analyzed
        rows.append((what, *cells, "" if unit == "1" else unit))
    lower_bounds = any(
        not line.converged and not math.isnan(line.standard_error) for lines in columns for line in lines
    )
    notes = _notes(comparison, errors=not crystals, lower_bounds=lower_bounds)
    return Table("", ("", *comparison.labels, "unit"), tuple(rows), tuple(notes))


def _exchange_table(comparison: Comparison) -> Iterator[Table]:
    """Yield the table of residence times where any run knows its times."""
    runs = dict(zip(comparison.labels, comparison.exchange, strict=True))
    if any(runs.values()):
        yield exchange_report.short_table(
            runs, dict(zip(comparison.labels, comparison.exchange_refused, strict=True))
        )


def _notes(comparison: Comparison, *, errors: bool, lower_bounds: bool) -> Iterator[str]:
    """Yield where the cutoffs come from, the commonest species, and what the signs mean."""
    for name, cutoff in comparison.shells[0].cutoffs.items():
        yield f"cutoff {name}: {cutoff.source}"
    for label, shells in zip(comparison.labels, comparison.shells, strict=True):
        common = list(shells.speciation["by_molecule"].items())[:4]
        yield f"{label}: " + ", ".join(
            f"{species} {100 * part:.0f} %" for species, part in common if part >= 0.005
        )
    if errors:
        yield "± is one standard error, from blocks of frames; – is undefined."
    if lower_bounds:
        yield "* a lower bound: the run is too short to tell, or nothing changed."


def _cell(line: Line, digits: int) -> str | None:
    return with_error(line.value, digits, line.standard_error, line.converged)


# --- figures and structure -------------------------------------------------------------------------------------


def _drawings(comparison: Comparison) -> tuple[Drawing, ...]:
    """Return the figures, each with what it shows."""
    from perovchem.plotting import coordination as still
    from perovchem.plotting import coordination_over_time as moving

    center = "/".join(comparison.shells[0].center)
    pooled = "all runs together" if len(comparison.labels) > 1 else "the run"
    measured = any(len(cutoff.distances) for cutoff in comparison.shells[0].cutoffs.values())
    moves = any(len(joined.shells.frames) > 1 for joined in comparison.history)
    functions = (
        f"Pair distribution functions of {pooled}, smoothed, with the distance below which ligands count as bound. "
        if measured
        else ""
    )
    persistence = comparison.history[0].persistence
    drawings = [
        Drawing(
            "distributions",
            f"Distributions of (a) the polyhedron volume, its mean with standard error on the axis, and (b) the "
            f"coordination number, over frames and {center}. Polyhedra of fewer than four ligands, or flat ones, have "
            "no volume; how many stands above.",
            partial(still.plot_distributions, comparison),
        ),
        Drawing(
            "bond_lengths",
            f"{functions}Distributions of the lengths of the bonds, their means with standard errors on the axis"
            f"{', and the mean lengths over time (pale: discarded for averages)' if moves else ''}.",
            partial(still.plot_bond_lengths, comparison),
        ),
    ]
    if moves:
        drawings += [
            Drawing(
                "coordination_numbers",
                f"Coordination number over the whole runs, averaged over {center} and over neighboring frames. Steps "
                "are ligands that come and go; a drift says that the run has not settled.",
                partial(moving.plot_coordination_numbers, comparison),
            ),
            Drawing(
                "sharing",
                f"Left: fraction of {center} whose strongest link shares a corner, an edge or a face; dashed lines "
                f"mark the first links that last {persistence:g} fs. Right: fraction of {center} in clusters of each "
                "size, over the same time.",
                partial(moving.plot_sharing, comparison),
            ),
        ]
    return tuple(drawings)


def _exchange_drawings(comparison: Comparison) -> tuple[Drawing, ...]:
    """Return the figures of the runs that know their times."""
    runs = {
        label: found for label, found in zip(comparison.labels, comparison.exchange, strict=True) if found
    }
    return exchange_report.drawings(runs) if runs else ()


def _scenes(comparison: Comparison) -> list[Scene]:
    """Return evenly spaced frames of every run with their polyhedra."""
    from perovchem.scene import MOST_ATOMS, of_polyhedra

    share = MOST_ATOMS // len(comparison.labels)
    return [
        scene
        for label, joined, hulls in zip(
            comparison.labels, comparison.aggregation, comparison.polyhedra, strict=True
        )
        for scene in of_polyhedra(joined, hulls, run=label, most_atoms=share)
    ]


# --- frames ----------------------------------------------------------------------------------------------------


def _stems(labels: Sequence[str]) -> list[str]:
    """Return a part of a file name for each label, numbered where two give the same."""
    stems: list[str] = []
    for label in labels:
        stem = free = re.sub(r"[^A-Za-z0-9._-]+", "_", label)
        number = 2
        while free in stems:
            free, number = f"{stem}_{number}", number + 1
        stems.append(free)
    return stems


def _per_frame(hulls: Polyhedra, joined: Aggregation) -> pd.DataFrame:
    """Return one row per frame and center."""
    return hulls.to_dataframe().merge(
        joined.to_dataframe().drop(columns="time_ps"), on=["frame", "center_atom"], validate="one_to_one"
    )


def _variables(shells: Coordination, hulls: Polyhedra, joined: Aggregation) -> dict[str, Variable]:
    """Return the arrays of one run: by frame and center, and bond by bond."""
    frames, bonds = shells.frames, shells.bonds
    both = ("frame", "center")
    found = {
        "frame": Variable(("frame",), frames.frame_numbers, "1", "Number of the frame in the file, from 0."),
        "center_atom": Variable(("center",), shells.centers, "1", "Atom number of the center, from 0."),
        "coordination_number": _of("coordination_number", both, shells.coordination_numbers.astype(np.int32)),
    }
    if frames.times is not None:
        found["time"] = _of("time", ("frame",), frames.times / 1000)
    for symbol in shells.ligands:
        number = shells.numbers_of(symbol).astype(np.int32)
        found[f"coordination_number_{symbol}"] = Variable(both, number, "1", f"Bound {symbol} atoms.")
    found["volume"] = _of("volume", both, hulls.volumes)
    found["center_depth"] = Variable(
        both, hulls.depth, "Å", "Distance from the center to the nearest facet; negative outside the hull."
    )
    for k, name in enumerate(DISTORTIONS):
        found[name] = _of(name, both, hulls.distortion[..., k])
    classes = {"flag_values": np.arange(len(CLASSES)), "flag_meanings": " ".join(CLASSES)}
    sentence = "Class of the strongest link of the center."
    found["sharing"] = Variable(both, joined.strongest.astype(np.int8), "1", sentence, classes)
    found["cluster"] = Variable(
        both, shells.centers[joined.cluster].astype(np.int32), "1", "Lowest center atom of the cluster."
    )
    found["cluster_size"] = _of("cluster_size", both, joined.cluster_sizes.astype(np.int32))
    found["network_dimension"] = _of("network_dimension", both, joined.dimension.astype(np.int8))
    owner = bonds.frame.astype(np.int32), bonds.center.astype(np.int32)
    found["bond_frame"] = Variable(
        ("bond",), owner[0], "1", "Place of the bond's frame along the axis frame."
    )
    found["bond_center"] = Variable(
        ("bond",), owner[1], "1", "Place of the bond's center along the axis center."
    )
    found["bond_ligand_atom"] = Variable(
        ("bond",),
        shells.ligand_atoms[bonds.ligand].astype(np.int32),
        "1",
        "Atom number of the ligand, from 0.",
    )
    found["bond_length"] = _of("bond_length", ("bond",), bonds.distance.astype(np.float32))
    found["bond_image"] = Variable(
        ("bond", "axis"), bonds.image.astype(np.int32), "1",
        "Cell of the ligand as seen from the center, on positions unwrapped from the first frame on.",
    )  # fmt: skip
    return found


def _of(name: str, dimensions: tuple[str, ...], values: Any) -> Variable:
    """Return the variable of a quantity, with its unit and sentence."""
    known = quantity(name)
    return Variable(dimensions, values, known.unit, known.sentence)
