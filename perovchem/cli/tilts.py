"""``perovchem tilts``: how the octahedra of perovskites are turned and distorted, in one or several runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import (
    anions,
    collected_warnings,
    emit,
    fixed_cutoffs,
    open_runs,
    pairs,
    progress,
)
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


def tilts(
    runs: Inputs,
    center: Annotated[list[str], typer.Option(help="Element in the middle of the octahedra; may repeat.")] = [
        "Pb"
    ],
    ligand: Ligand = None,
    cutoff: Cutoff = None,
    least_ligands: Annotated[
        int, typer.Option(help="Ligands at their places from which on an octahedron has a tilt, 4 to 6.")
    ] = 5,
    molecule: Annotated[
        str | None, typer.Option(help="Organic cation whose turning is shown too, as MA; with --axis.")
    ] = None,
    axis: Annotated[
        str | None, typer.Option(help="Of that cation, from which element to which, as C-N.")
    ] = None,
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
    """Octahedral tilts, distortions, halide hops of a perovskite.

    Tilts about the pseudo-cubic axes and their Glazer symbol, how neighbors tilt together and how long a tilt lasts;
    symmetry modes of the distortion; hops of halides between sites. Octahedra with a vacancy, and molecules between
    them, do not disturb the others.
    """
    from perovchem.cli.tilts_report import report
    from perovchem.coordination import coordination
    from perovchem.orientation import orientation
    from perovchem.tilts import tilts as of
    from perovchem.tilts.result import DEFINITIONS

    if (molecule is None) != (axis is None):
        raise UsageError("--molecule and --axis go together", fix="as --molecule MA --axis C-N")
    settings: dict[str, Any] = {
        "center": center, "ligand": ligand, "cutoff": cutoff, "least_ligands": least_ligands, "molecule": molecule,
        "axis": axis, "name": name, "timestep_fs": timestep, "discard": discard, "start": start, "stop": stop,
        "stride": stride, "definitions": DEFINITIONS,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        settings["ligand"] = ligand = ligand or halides(anions(opened))
        names, limits = pairs(name or [], "the name"), fixed_cutoffs(cutoff or [])
        results, cations = {}, {}
        for called, frames in notes.each(opened):
            # of what is named, each run has its own: CsPbCl3 beside CsPbBr3
            present = [
                [symbol for symbol in of_all if symbol in frames.species] for of_all in (center, ligand)
            ]
            if len(opened) == 1:
                present = [center, ligand]
            mine = {
                pair: limit
                for pair, limit in limits.items()
                if len(opened) == 1 or set(pair.split("-")) <= set(frames.species)
            }
            shells = coordination(
                frames, center=present[0] or center, ligands=present[1] or ligand, cutoffs=mine, names=names
            )
            results[called] = of(shells, least_ligands=least_ligands)
            if molecule is not None and axis is not None:
                lattice = results[called].directions or ((1, 0, 0), (0, 1, 0), (0, 0, 1))
                cations[called] = orientation(
                    frames, molecule=molecule, axis=axis, names=names, lattice=lattice
                )
        found = report(runs, results, cations, settings, notes)
    emit(found, as_json=json, output=output)


def halides(found: list[str]) -> list[str]:
    """Return the halogens among the elements that bind, or all of these where there is none: oxides."""
    return [symbol for symbol in found if symbol in ("F", "Cl", "Br", "I")] or found
