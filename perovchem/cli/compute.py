"""``perovchem compute``: missing species of a cycle, by a conformer search with GFN2-xTB."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output


def compute(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SPECIES.toml",
            help="Parts, species made of them, and how many starts: see docs/species_file.md.",
            show_default=False,
        ),
    ],
    only: Annotated[
        list[str] | None, typer.Option(help="Species to look at; may repeat. Default: all of the file.")
    ] = None,
    again: Annotated[
        list[str] | None, typer.Option(help="Species to search although their files are there; may repeat.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="tblite, xtb or auto, in the place of what the file names.", show_default=False),
    ] = "",
    json: Json = False,
    output: Output = None,
) -> None:
    """Conformers and vibrations of missing species by GFN2-xTB.

    Random placements of ions and molecules are relaxed, twins dropped, and the lowest conformers get vibrations; all
    of it lands in plain files that perovchem binding reads. Species whose files are there are not computed again, and
    an interrupted search goes on where it stopped. Needs pip install 'perovchem[compute]', or the program xtb.
    """
    from perovchem.cli.compute_report import report
    from perovchem.compute import compute_species

    with collected_warnings() as notes, progress():
        found = compute_species(source, only=only or (), again=again or (), engine=engine)
        shown = report(found, notes)
    emit(shown, as_json=json, output=output)
