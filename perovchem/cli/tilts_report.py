"""What ``perovchem tilts`` shows of its results: tilts, neighbors, distortions, hops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from perovchem.cli import orientation_report
from perovchem.cli.common import stems_of
from perovchem.number_text import with_error
from perovchem.orientation import Orientation
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable
from perovchem.result import MISSING
from perovchem.tilts import MODES, Tilts
from perovchem.uncertainty import BlockAverage

_AXES = "xyz"


def report(
    inputs: Sequence[str],
    results: Mapping[str, Tilts],
    cations: Mapping[str, Orientation],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    rows = [
        {**one.to_dict(), **({"cation": cations[called].to_dict()} if called in cations else {})}
        for called, one in results.items()
    ]
    stems = stems_of(results)
    caption = (
        "(a) Distribution of the tilts of single octahedra about the pseudo-cubic axes x, y, z; (b) amplitudes of the "
        "distortion modes; (c) autocorrelation of the tilts, bands: one standard error."
    )
    timed = any(one.memory for one in results.values())
    return Report(
        command="tilts",
        title=f"Octahedral tilts: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(one.shells.frames for one in results.values()),
        settings=settings,
        rows=rows,
        units=units(Tilts.quantity_names),
        warnings=warnings,
        tables=_tables(results, cations),
        drawings=(
            Drawing("tilts", caption if timed else caption.split("; (c)")[0] + ".", partial(_draw, results)),
        ),
        records={f"tilts_{stems[called]}": one.to_dataframe for called, one in results.items()},
        arrays={f"tilts_{stems[called]}": partial(_variables, one) for called, one in results.items()},
        summary=" ".join(_sentence(called, one) for called, one in results.items()),
    )


def _sentence(called: str, one: Tilts) -> str:
    """Return what came out."""
    system = one.glazer
    group = f" ({system.space_group})" if system.space_group else ""
    number = len(one.shells.centers)
    return f"{called}: {system.symbol or 'no tilt system'}{group}, {number} octahedr{'a' if number > 1 else 'on'}."


def _tables(results: Mapping[str, Tilts], cations: Mapping[str, Orientation]) -> tuple[Table, ...]:
    runs = tuple(results.values())
    head = ("", *results, "unit")
    tables = [_tilts(head, runs), _neighbors(head, runs), _distortions(head, runs)]
    if cations:
        kind = next(iter(cations.values()))
        turning = orientation_report.table(cations)
        tables.append(
            Table(f"Turning of {kind.axis} in {kind.molecule}", turning.header, turning.rows, turning.notes)
        )
    return tuple(tables)


def _tilts(head: tuple[str, ...], runs: Sequence[Tilts]) -> Table:
    """Return sizes of tilts, the tilt system, how long tilts last."""
    rows: list[tuple[str | None, ...]] = [
        ("tilt system", *(one.glazer.symbol or None for one in runs), ""),
        ("space group of it", *(one.glazer.space_group or None for one in runs), ""),
    ]
    for k, axis in enumerate(_AXES):
        cells = [_root(one.mean_squares[k]) for one in runs]
        rows.append((f"tilt about {axis}, root mean square", *cells, "degree"))
    for k, axis in enumerate(_AXES):
        cells = [
            with_error(one.lasting[k], 2, one.lasting_error[k], one.lasting_converged[k]) for one in runs
        ]
        rows.append((f"lasting tilt about {axis}", *cells, "degree"))
    for k, axis in enumerate(_AXES):
        rows.append((f"of it in / out of phase, {axis}", *(_parts(one, k) for one in runs), "degree"))
    if any(one.memory for one in runs):
        rows += [
            (f"remembers its tilt about {axis}", *(_memory(one, axis) for one in runs), "ps")
            for axis in _AXES
        ]
    rows += [
        (f"spacing along {axis}", *(f"{one.spacings[k]:.4f}" for one in runs), "Å")
        for k, axis in enumerate(_AXES)
    ]
    cutoffs = {
        f"{pair} < {one.value:.2f} Å: {one.source}"
        for run in runs
        for pair, one in run.shells.cutoffs.items()
    }
    notes = ["± is one standard error; > is a lower bound; – is undefined. * the error is a lower bound."]
    notes += sorted(cutoffs)
    forced = [axis for one in runs for axis in one.glazer.forced]
    if forced:
        notes.append(
            f"+ about {', '.join(dict.fromkeys(forced))} is forced: the cell is one octahedron long along it."
        )
    return Table("Tilts", head, tuple(rows), tuple(notes))


def _parts(one: Tilts, k: int) -> str | None:
    """Return the lasting tilt in Glazer's two patterns."""
    found = [with_error(values[k], 2) for values in (one.in_phase, one.out_of_phase)]
    return " / ".join(text or MISSING for text in found) if any(found) else None


def _root(square: BlockAverage) -> str | None:
    """Return the root of a mean square with its error to first order."""
    root = math.sqrt(square.mean) if square.mean >= 0 else math.nan
    return with_error(root, 2, square.standard_error / (2 * root) if root > 0 else 0.0, square.converged)


def _memory(one: Tilts, axis: str) -> str | None:
    """Return for how long a tilt is remembered, or its bound."""
    found = one.memory.get(axis)
    if found is None:
        return None
    if math.isfinite(found.time):
        return with_error(found.time, 3, found.time_standard_error)
    return f"> {found.lower_bound:.3g}" if math.isfinite(found.lower_bound) else None


def _neighbors(head: tuple[str, ...], runs: Sequence[Tilts]) -> Table:
    """Return how neighbors tilt together."""
    rows: list[tuple[str | None, ...]] = []
    for k, axis in enumerate(_AXES):
        for d, along in enumerate(_AXES):
            found = [one.phases.get((k, d)) for one in runs]
            cells = [
                None if one is None else with_error(one.mean, 3, one.standard_error, one.converged)
                for one in found
            ]
            if any(cells):
                rows.append((f"tilt about {axis}, neighbors along {along}", *cells, ""))
    note = "Correlation of the tilts of the next octahedra: 1 in phase, -1 out of phase."
    return Table("Neighbors", head, tuple(rows), (note,))


def _distortions(head: tuple[str, ...], runs: Sequence[Tilts]) -> Table:
    """Return amplitudes of the modes, what is incomplete, and hops."""
    rows: list[tuple[str | None, ...]] = []
    for name in MODES:
        found = [one.mean_modes[name] for one in runs]
        rows.append(
            (
                f"{name} distortion",
                *(with_error(a.mean, 4, a.standard_error, a.converged) for a in found),
                "Å",
            )
        )
    total = [one.n_whole + one.n_incomplete for one in runs]
    rows += [
        (
            "octahedra with six ligands",
            *(_part(one.n_whole, n) for one, n in zip(runs, total, strict=True)),
            "%",
        ),
        (
            "octahedra without a tilt",
            *(_part(one.n_undefined, n) for one, n in zip(runs, total, strict=True)),
            "%",
        ),
        ("halide sites empty", *(_part(one.hopping.empty, 1) for one in runs), "%"),
        ("halides at no site", *(_part(one.hopping.astray, 1) for one in runs), "%"),
    ]
    if any(len(one.shells.frames) > 1 for one in runs):
        rows.append(("halide hops", *(str(one.hopping.n_hops) for one in runs), ""))
        rows.append(("hops per halide", *(_rate(one) for one in runs), "1/ns"))
    notes = ("Parentheses hold the 68.3 % interval, < is a bound of 95 %.",) if len(rows) > 8 else ()
    return Table("Distortions and halides", head, tuple(rows), notes)


def _part(part: float, whole: int) -> str | None:
    return f"{100 * part / whole:.3g}" if whole and math.isfinite(part) else None


def _rate(one: Tilts) -> str | None:
    """Return hops per halide and ns with their interval, or the bound."""
    rate, scale = one.hopping.rate, 1e6
    if math.isfinite(rate.value):
        return f"{scale * rate.value:.3g} ({scale * rate.low:.2g} to {scale * rate.high:.2g})"
    return f"< {scale * rate.upper_bound:.2g}" if math.isfinite(rate.upper_bound) else None


def _draw(results: Mapping[str, Tilts]) -> Any:
    from perovchem.plotting.tilts import plot_tilts

    return plot_tilts(results)


def _variables(one: Tilts) -> dict[str, Variable]:
    """Return the variables of a NetCDF file."""
    frames = one.shells.frames
    sentence, mode = quantity("tilt_angle").sentence, quantity("octahedral_mode").sentence
    found = {
        "frame": Variable(("frame",), frames.frame_numbers, "1", "Frame in its run."),
        "center": Variable(("center",), one.shells.centers, "1", "Atom number of the center."),
        "axis": Variable(("axis",), np.array(list(_AXES)), "1", "Pseudo-cubic axis."),
        "tilt": Variable(("frame", "center", "axis"), one.angles, "degree", sentence),
        "hops": Variable(("hop", "of"), one.hopping.hops, "1", "Frame, atom, site it left, site it came to."),
    }
    for k, name in enumerate(MODES):
        found[name] = Variable(("frame", "center"), one.modes[..., k], "Å", mode)
    return found
