"""``perovchem coordination``: shells, volumes, sharing and clusters of one or several runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import anions, collected_warnings, emit, fixed_cutoffs, open_runs, pairs, progress
from perovchem.cli.options import (
    Cutoff,
    Discard,
    Inputs,
    Json,
    Label,
    Ligand,
    Name,
    Output,
    Start,
    Stop,
    Stride,
    Timestep,
)


def coordination(
    runs: Inputs,
    center: Annotated[list[str], typer.Option(help="Element in the middle of the polyhedra; may repeat.")] = [
        "Pb"
    ],
    ligand: Ligand = None,
    cutoff: Cutoff = None,
    persistence: Annotated[float, typer.Option(help="fs that a link must hold to count as lasting.")] = 500.0,
    name: Name = None,
    timestep: Timestep = None,
    discard: Discard = None,
    start: Start = None,
    stop: Stop = None,
    stride: Stride = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Coordination shells, volumes, sharing, clusters, exchange.

    Bond lengths and species, polyhedra and how they are linked; for runs with times also how long ligands stay. Several
    runs share their cutoffs, measured on all of them together.
    """
    from perovchem.cli.coordination_report import report
    from perovchem.comparison import DEFINITIONS, compare_coordination

    settings: dict[str, Any] = {
        "center": center, "ligand": ligand, "cutoff": cutoff, "timestep_fs": timestep, "discard": discard,
        "start": start, "stop": stop, "stride": stride, "persistence_fs": persistence, "name": name,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        settings["ligand"] = ligand = ligand or anions(opened)
        settings["definitions"] = DEFINITIONS
        comparison = compare_coordination(
            opened,
            center=center,
            ligands=ligand,
            cutoffs=fixed_cutoffs(cutoff or []),
            names=pairs(name or [], "the name"),
            persistence=persistence,
        )
        found = report(runs, comparison, settings, notes)
    emit(found, as_json=json, output=output)
