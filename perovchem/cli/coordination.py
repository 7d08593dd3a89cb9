"""``perovchem coordination``: shells, volumes, sharing and clusters of one or several runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perovchem.cli.common import collected_warnings, folder, open_runs, pairs, progress
from perovchem.cli.options import Discard, Inputs, Json, Label, Output, Start, Stop, Stride, Timestep
from perovchem.errors import UsageError

if TYPE_CHECKING:
    from perovchem.comparison import Comparison
    from perovchem.frames import Frames


def coordination(
    runs: Inputs,
    center: Annotated[list[str], typer.Option(help="Element in the middle of the polyhedra; may repeat.")] = [
        "Pb"
    ],
    ligand: Annotated[
        list[str] | None,
        typer.Option(help="Element that binds; may repeat. Default: every F, Cl, Br, I, O, S."),
    ] = None,
    cutoff: Annotated[
        list[str] | None, typer.Option(help="Fixed cutoff in Å, as Pb-I=3.9; may repeat.")
    ] = None,
    timestep: Timestep = None,
    discard: Discard = None,
    start: Start = None,
    stop: Stop = None,
    stride: Stride = None,
    persistence: Annotated[float, typer.Option(help="fs that a link must hold to count as lasting.")] = 500.0,
    name: Annotated[
        list[str] | None, typer.Option(help="Name for a molecule, as C3H7NO=DMF; may repeat.")
    ] = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Coordination shells, bond lengths, polyhedron volumes, sharing and clusters.

    Several runs share their cutoffs, measured on all of them together.
    """
    from perovchem.comparison import DEFINITIONS, compare_coordination

    settings: dict[str, Any] = {
        "center": center, "ligand": ligand, "cutoff": cutoff, "timestep_fs": timestep, "discard": discard,
        "start": start, "stop": stop, "stride": stride, "persistence_fs": persistence, "name": name,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        settings["ligand"] = ligand = ligand or _anions(opened)
        settings["definitions"] = DEFINITIONS
        comparison = compare_coordination(
            opened,
            center=center,
            ligands=ligand,
            cutoffs=_cutoffs(cutoff or []),
            names=pairs(name or [], "the name"),
            persistence=persistence,
        )
        _show(runs, comparison, settings, notes, as_json=json, output=output)


def _cutoffs(texts: list[str]) -> dict[str, float]:
    """Return fixed cutoffs, Å."""
    found = {}
    for pair, value in pairs(texts, "the cutoff").items():
        try:
            found[pair] = float(value)
        except ValueError:
            raise UsageError(f"the cutoff {pair}={value} is no number", fix="write a length in Å") from None
    return found


def _anions(opened: dict[str, Frames]) -> list[str]:
    """Return the elements that bind metals in these runs."""
    present = {symbol for frames in opened.values() for symbol in frames.species}
    found: list[str] = [symbol for symbol in ("I", "Br", "Cl", "F", "O", "S") if symbol in present]
    if not found:
        raise UsageError("none of F, Cl, Br, I, O, S is there to bind", fix="name the elements with --ligand")
    return found


def _show(
    runs: list[str],
    comparison: Comparison,
    settings: dict[str, Any],
    warnings: list[str],
    *,
    as_json: bool,
    output: Path | None,
) -> None:
    """Print table or JSON, and fill the folder."""
    from perovchem.cli.coordination_report import document, table, write

    typer.echo(document(runs, comparison, settings, warnings) if as_json else table(comparison))
    if output is not None:
        written = write(folder(output), runs, comparison, settings, warnings)
        typer.echo("wrote " + ", ".join(str(path) for path in written), err=True)
