"""``perovchem bands``: edges, gap and character of band structures, drawn along their path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perovchem.cli.band_options import (
    BandInputs,
    DegeneracyTolerance,
    Electrons,
    Kpoints,
    Structure,
    band_labels,
    open_bands,
)
from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Label, Output
from perovchem.errors import MissingDataError, UsageError

if TYPE_CHECKING:
    from perovchem.density_of_states import DensityOfStates


def bands(
    runs: BandInputs,
    structure: Structure = None,
    kpoints: Kpoints = None,
    electrons: Electrons = None,
    degeneracy_tolerance: DegeneracyTolerance = None,
    dos: Annotated[
        list[str] | None,
        typer.Option(
            help="Density of states to draw beside: a file or folder; once per run, in their order."
        ),
    ] = None,
    window: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH", help="Energies that are drawn, in eV from the VBM. Default: -4 to gap + 4."
        ),
    ] = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Gap, edges and their character, band structure.

    Which states are occupied is told by counting electrons. Projections, where the files hold any, say which elements
    and orbitals the edges are made of. For effective masses, see perovchem masses.
    """
    from perovchem.band_edges import band_edges, edge_character
    from perovchem.cli.bands_report import DEFINITIONS, Found, report

    if dos and len(dos) != len(runs):
        raise UsageError(
            f"{len(dos)} densities of states for {len(runs)} runs", fix="give --dos once per run"
        )
    if window is not None and not window[0] < window[1]:
        raise UsageError("the window ends where it begins", fix="give the lower energy first")
    settings = {
        "structure": structure, "kpoints": kpoints, "electrons": electrons,
        "degeneracy_tolerance_eV": degeneracy_tolerance, "dos": dos, "window_eV": window, "definitions": DEFINITIONS,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        opened = open_bands(runs, label, notes, structure=structure, kpoints=kpoints, electrons=electrons)
        densities = dict(zip(band_labels(runs, label), dos or [], strict=False))
        found = {}
        for called, one in notes.each(opened):
            try:
                edges, no_gap = band_edges(one, degeneracy_tolerance=degeneracy_tolerance), ""
            except MissingDataError as error:
                edges, no_gap = None, error.what
            character = (
                edge_character(one, edges) if edges is not None and one.projections is not None else None
            )
            density = _density(densities[called]) if called in densities else None
            found[called] = Found(one, edges, character, no_gap, density)
        shown = report(runs, found, settings, notes, window=window)
    emit(shown, as_json=json, output=output)


def _density(path: str) -> DensityOfStates:
    from perovchem.density_of_states import density_of_states
    from perovchem.state_density_reading import read_state_density

    return density_of_states(read_state_density(path))
