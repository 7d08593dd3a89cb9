"""``perovchem exchange``: how long ligands stay at their centers, and how often they are exchanged."""

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
from perovchem.errors import UsageError


def exchange(
    runs: Inputs,
    center: Annotated[list[str], typer.Option(help="Element that ligands bind to; may repeat.")] = ["Pb"],
    ligand: Ligand = None,
    cutoff: Cutoff = None,
    by: Annotated[str, typer.Option(help="Whose stay is followed: atom or molecule.")] = "atom",
    hysteresis: Annotated[
        list[str] | None,
        typer.Option(
            help="Å from the cutoff to where a ligand counts as lost, as .5; or where it is bound and where lost, as "
            "Pb-I=3.5:5.0; may repeat. Default: where g(r) crosses 1 on either side of its minimum."
        ),
    ] = None,
    tolerance: Annotated[float, typer.Option(help="fs of absence that are bridged (t*).")] = 2000.0,
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
    """How long ligands stay, and how often they are exchanged.

    Residence times from counted events, and from survival functions three ways. Several runs share their cutoffs,
    measured on all of them together. A time that a run is too short for is refused, or given as a bound.
    """
    from perovchem.cli.exchange_report import analyze, report

    settings: dict[str, Any] = {
        "center": center, "ligand": ligand, "cutoff": cutoff, "by": by, "hysteresis": hysteresis,
        "tolerance_fs": tolerance, "timestep_fs": timestep, "discard": discard, "start": start, "stop": stop,
        "stride": stride, "name": name,
    }  # fmt: skip
    limits = _hysteresis(hysteresis or [])
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        settings["ligand"] = ligand = ligand or anions(opened)
        results = analyze(
            opened,
            notes,
            center=center,
            ligands=ligand,
            cutoffs=fixed_cutoffs(cutoff or []),
            names=pairs(name or [], "the name"),
            options={"by": by, "hysteresis": limits, "tolerance": tolerance},
        )
        emit(report(runs, results, settings, notes), as_json=json, output=output)


def _hysteresis(texts: list[str]) -> float | dict[str, tuple[float, float]] | None:
    """Return one length, or two per pair, Å."""
    if not texts:
        return None
    try:
        if len(texts) == 1 and "=" not in texts[0]:
            return float(texts[0])
        found = {}
        for pair, value in pairs(texts, "the hysteresis").items():
            reactant, product = value.split(":")
            found[pair] = float(reactant), float(product)
        return found
    except ValueError:
        raise UsageError(
            f"cannot read the hysteresis {' '.join(texts)!r}",
            fix="write a length in Å, or PAIR=REACTANT:PRODUCT",
        ) from None
