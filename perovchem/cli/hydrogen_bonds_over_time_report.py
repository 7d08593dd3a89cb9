"""What ``perovchem hbonds`` shows of trajectories: counts, occupancies, geometry and lifetimes, run by run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from perovchem.errors import UsageError
from perovchem.number_text import plus_minus
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table, Variable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from perovchem.cli.common import Notes
    from perovchem.frames import Frames
    from perovchem.hydrogen_bonds.trajectory_result import HydrogenBondsOverTime


def refuse_for_crystals(*given: object) -> None:
    """Refuse options of trajectories where only crystals are given."""
    if any(value is not None for value in given):
        raise UsageError(
            "--mode, --timestep, --discard, --start, --stop and --stride are of trajectories",
            fix="leave them out for crystal structures",
        )


def refuse_mixture(found: Mapping[str, object], *, normalize: bool, contacts: bool, charge: object) -> None:
    """Refuse crystals beside trajectories, and options of crystals for trajectories."""
    crystals = [label for label, crystal in found.items() if crystal is not None]
    if crystals:
        raise UsageError(
            f"{', '.join(crystals)}: a crystal structure beside trajectories",
            fix="compare one kind at a time",
        )
    if normalize or contacts or charge:
        raise UsageError(
            "--normalize, --contacts and --charge are of crystal structures",
            fix="leave them out for a trajectory",
        )


def report(
    inputs: Sequence[str],
    runs: Mapping[str, Frames],
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    notes: Notes,
) -> Report:
    """Return everything that the command has to show of trajectories; several share their limits."""
    from perovchem.hydrogen_bonds.trajectory import hydrogen_bond_limits, hydrogen_bonds_over_time
    from perovchem.hydrogen_bonds.trajectory_result import DEFINITIONS, HydrogenBondsOverTime

    chosen = dict(options)
    if len(runs) > 1 and options["mode"] == "h_a":
        chosen["distance"] = hydrogen_bond_limits(
            list(runs.values()), donors=options["donors"], acceptors=options["acceptors"],
            distance=options["distance"],
        )  # fmt: skip
    found = {label: hydrogen_bonds_over_time(run, **chosen) for label, run in notes.each(runs)}
    plain = [re.sub(r"[^A-Za-z0-9._-]+", "_", label) for label in found]
    stems = [f"{stem}_{k}" if stem in plain[:k] else stem for k, stem in enumerate(plain)]
    parts = list(zip(stems, found.values(), strict=True))
    return Report(
        command="hbonds",
        title=f"Hydrogen bonds over time: {', '.join(found)}",
        labels=tuple(found),
        inputs=tuple(inputs),
        runs=tuple(runs.values()),
        settings={**settings, "definitions": DEFINITIONS},
        rows=[one.to_dict() for one in found.values()],
        units=units(HydrogenBondsOverTime.quantity_names),
        warnings=notes,
        tables=(_table(found),),
        drawings=(
            Drawing(
                "hydrogen_bonds_over_time",
                "A row per pair of elements: bonds per frame over time; distributions of H...A and of the angle at H, "
                "normalized to the bonds of their kind; intermittent survival function. A lifetime can be read where "
                "it falls below the dotted line at 1/e.",
                partial(_draw, found),
            ),
        ),
        records={
            "hydrogen_bonds": partial(_kinds, found),
            **{f"per_frame_{stem}": one.per_frame for stem, one in parts},
            **{f"atom_pairs_{stem}": one.atom_pairs for stem, one in parts},
        },
        arrays={f"bonds_{stem}": partial(_variables, one) for stem, one in parts},
        summary="Hydrogen bonds per frame: "
        + "; ".join(
            f"{label} " + (", ".join(f"{pair.number.mean:.3g} {pair.name}" for pair in one.pairs) or "none")
            for label, one in found.items()
        )
        + ".",
    )


def _draw(found: Mapping[str, HydrogenBondsOverTime]) -> Figure:
    from perovchem.plotting.hydrogen_bonds_over_time import plot_over_time

    return plot_over_time(found)


def _table(found: Mapping[str, HydrogenBondsOverTime]) -> Table:
    """Return one column per run."""
    lines = {label: {line[0]: line[1:] for line in one.lines()} for label, one in found.items()}
    whats = dict.fromkeys(what for one in lines.values() for what in one)
    rows: list[tuple[str | None, ...]] = []
    bounds = False
    for what in whats:
        cells: list[str | None] = []
        unit = ""
        for one in lines.values():
            if what not in one:
                cells.append(None)
                continue
            value, error, unit, converged = one[what]
            cells.append(_cell(value, error, converged=converged))
            bounds |= not converged and cells[-1] is not None
        if any(cells):
            rows.append((what, *cells, unit))
    notes = [
        note if len(found) == 1 else f"{label}: {note}"
        for label, one in found.items()
        for note in one.notes
        if note not in one.warnings  # which stand apart
    ]
    notes.append("± is one standard error; – is undefined.")
    if any(cell and "†" in cell for row in rows for cell in row[1:-1]):
        notes.append("† has no error: too little was seen to tell.")
    if bounds:
        notes.append("* its error is a lower bound: the run is too short to tell, or nothing changed.")
    return Table("", ("", *found, "unit"), tuple(rows), tuple(dict.fromkeys(notes)))


def _cell(value: float, error: float, *, converged: bool) -> str | None:
    """Return "value ± error"; a dagger where there is no error."""
    if math.isnan(error):
        return plus_minus(value, alone=".3g", mark="†")
    return plus_minus(value, error, most=6, alone=".4g", mark="" if converged else "*")


def _kinds(found: Mapping[str, HydrogenBondsOverTime]) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for label, one in found.items():
        table = one.to_dataframe()
        table.insert(0, "run", label)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _variables(found: HydrogenBondsOverTime) -> dict[str, Variable]:
    return {
        name: Variable(dimensions, values, unit, sentence)
        for name, (dimensions, values, unit, sentence) in found.arrays().items()
    }
