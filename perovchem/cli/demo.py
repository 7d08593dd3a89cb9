"""``perovchem demo``: the main job on the bundled trajectories, with everything written into a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

_LINE = (
    "coordination", "2me_solution", "gbl_solution", "--center", "Pb", "--ligand", "I", "--ligand", "O",
    "--discard", "4ps", "--label", "2-ME", "--label", "GBL", "--output",
)  # fmt: skip


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where everything is written.", show_default=True)
    ] = Path("demo"),
) -> None:
    """Compare lead iodide in two solvents, on bundled runs.

    Says where table, page and figures lie.
    """
    from perovchem.cli import app

    line = [*_LINE, str(folder)]
    typer.echo(f"$ perovchem {' '.join(line)}\n", err=True)
    sys.argv = [sys.argv[0], *line]  # the page names the command that makes it
    app(line, standalone_mode=False)
    typer.echo(f"""
Open in a browser:  {folder}/page.html (figures, structures in three dimensions, settings, origin)
Tables:             {folder}/coordination.csv, {folder}/per_frame_*.csv; everything: {folder}/coordination.json
Arrays:             {folder}/per_frame_*.nc (NetCDF)
Figures:            {folder}/*.png and *.svg""")
