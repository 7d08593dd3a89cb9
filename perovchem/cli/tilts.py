"""``perovchem tilts``: how the octahedra of perovskites are turned and distorted, in one or several runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

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
from perovchem.errors import UsageError, nearest

if TYPE_CHECKING:
    from perovchem.cutoffs import Cutoff as Limit
    from perovchem.frames import Frames

_OF_THE_CELL: Final = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


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
        shared = _shared_cutoffs(opened, center, ligand, limits)
        for called, frames in notes.each(opened):
            centers, ligands, table = shared[called]
            shells = coordination(frames, center=centers, ligands=ligands, cutoffs=table, names=names)
            results[called] = of(shells, least_ligands=least_ligands)
            if molecule is not None and axis is not None:
                lattice = results[called].directions
                if lattice is None:
                    notes.take(
                        "the pseudo-cubic axes are no directions of the cell: the cation's are those of the cell"
                    )
                cations[called] = orientation(
                    frames, molecule=molecule, axis=axis, names=names, lattice=lattice or _OF_THE_CELL
                )
        found = report(runs, results, cations, settings, notes)
    emit(found, as_json=json, output=output)


def _shared_cutoffs(
    opened: Mapping[str, Frames], center: list[str], ligand: list[str], given: Mapping[str, float]
) -> dict[str, tuple[list[str], list[str], dict[str, Limit]]]:
    """Return centers, ligands and cutoffs of each run; runs of the same elements share what is measured on all of them.

    Of what is named, each run has its own: CsPbCl3 stands beside CsPbBr3.
    """
    from perovchem.cutoffs import bond_cutoffs

    kinds: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for called, frames in opened.items():
        present = [tuple(symbol for symbol in some if symbol in frames.species) for some in (center, ligand)]
        # what no run has is named as it stands, for the error to tell
        kinds.setdefault((present[0] or tuple(center), present[1] or tuple(ligand)), []).append(called)
    pairs_there = [f"{c}-{x}" for centers, ligands in kinds for c in centers for x in ligands]
    for pair in given:
        if pair not in pairs_there:
            raise UsageError(
                f"a cutoff is given for {pair!r}, which is no pair of these runs",
                fix=nearest(pair, pairs_there),
            )
    found: dict[str, tuple[list[str], list[str], dict[str, Limit]]] = {}
    for (centers, ligands), labels in kinds.items():
        mine = {pair: given[pair] for c in centers for x in ligands if (pair := f"{c}-{x}") in given}
        runs = [opened[called] for called in labels]
        table = bond_cutoffs(runs, center=centers, ligands=ligands, given=mine)
        found |= dict.fromkeys(labels, (list(centers), list(ligands), table))
    return found


def halides(found: list[str]) -> list[str]:
    """Return the halogens among the elements that bind, or all of these where there is none: oxides."""
    return [symbol for symbol in found if symbol in ("F", "Cl", "Br", "I")] or found
