"""``perovchem hbonds``: hydrogen bonds of crystals as a table, of trajectories as statistics."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import collected_warnings, emit, labels_of, open_runs, progress
from perovchem.cli.options import Discard, Json, Label, Output, Start, Stop, Stride, Timestep

_Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Crystals (CIF, POSCAR, .cell, a bundled structure) or trajectories (file, run folder, bundled name); "
        "several of one kind are compared, CIFs as a series.",
        show_default=False,
    ),
]


def hbonds(
    files: _Inputs,
    donor: Annotated[
        list[str] | None, typer.Option(help="Element that binds H; may repeat. Default: N, O.")
    ] = None,
    acceptor: Annotated[
        list[str] | None,
        typer.Option(help="Element; may repeat. Default: Cl, Br, I, F, O, N, S."),
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option(help="Degree that D-H...A must be above. Default: 110 in crystals, 130 over time."),
    ] = None,
    distance: Annotated[
        list[str] | None,
        typer.Option(
            help="Å that H...A must be below, as 2.8 or Cl=2.8; may repeat. Default: van der Waals radii in crystals, "
            "the first minimum of g(r) over time."
        ),
    ] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Judge and print with H at the neutron distance; crystals.")
    ] = False,
    contacts: Annotated[
        bool, typer.Option("--contacts", help="Also D...A of donors without H in the file; crystals.")
    ] = False,
    charge: Annotated[
        list[str] | None,
        typer.Option(
            help="Charges in e for the packing dipole, as C6H14N=1,Cl=-1: labels, elements or molecules; may repeat."
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(help="Over time: h_a (H...A and angle) or d_a (D...A and angle, as MDAnalysis)."),
    ] = "h_a",
    timestep: Timestep = None,
    discard: Discard = None,
    start: Start = None,
    stop: Stop = None,
    stride: Stride = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Hydrogen bonds of crystals, or their statistics over time.

    Of a crystal each bond of the asymmetric unit once, with symmetry codes and s.u. as SHELXL's HTAB prints it, what
    the bonds join, and the packing dipole; of trajectories counts, occupancies, geometry and lifetimes.
    """
    from perovchem.cli import hydrogen_bonds_over_time_report as over_time
    from perovchem.cli import hydrogen_bonds_report as crystals
    from perovchem.cli.structure_info import crystal_of
    from perovchem.hydrogen_bonds.criterion import ACCEPTORS, DONORS

    settings: dict[str, Any] = {
        "donor": donor or list(DONORS), "acceptor": acceptor or list(ACCEPTORS), "angle": angle, "distance": distance,
    }  # fmt: skip
    options = {
        "donors": settings["donor"], "acceptors": settings["acceptor"], "angle": angle,
        "distance": crystals.distances(distance or []),
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        named = dict(zip(labels_of(files, label), files, strict=True))
        found = {called: crystal_of(file) for called, file in notes.each(named)}
        crystals_given = {called: one for called, one in found.items() if one is not None}
        if len(crystals_given) == len(found):
            settings |= {"normalize": normalize, "charge": charge}
            by = None if mode == "h_a" else mode
            over_time.refuse_for_crystals(timestep, discard, start, stop, stride, by)
            charges = crystals.charges(charge or [])
            options |= {"normalized": normalize, "contacts": contacts}
            report = crystals.report(files, crystals_given, options, charges, settings, notes)
        else:
            over_time.refuse_mixture(found, normalize=normalize, contacts=contacts, charge=charge)
            settings |= {
                "mode": mode, "timestep_fs": timestep, "discard": discard, "start": start, "stop": stop,
                "stride": stride,
            }  # fmt: skip
            runs = open_runs(
                files, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
            )
            report = over_time.report(files, runs, {**options, "mode": mode}, settings, notes)
    emit(report, as_json=json, output=output)
