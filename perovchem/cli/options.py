"""Options that several commands share; each means the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN",
        help="A file, a run folder, or a bundled name; several are compared. Segments of one run are joined "
        "by '+': part1+part2.",
        show_default=False,
    ),
]
Ligand = Annotated[
    list[str] | None,
    typer.Option(help="Element that binds; may repeat. Default: every F, Cl, Br, I, O, S."),
]
Cutoff = Annotated[
    list[str] | None,
    typer.Option(help="End of a first shell in Å, as Pb-I=3.9; may repeat. Default: measured on the runs."),
]
Name = Annotated[list[str] | None, typer.Option(help="Name for a molecule, as C3H7NO=DMF; may repeat.")]
Timestep = Annotated[
    float | None, typer.Option(help="fs per step of molecular dynamics, where no file states it.")
]
Discard = Annotated[
    str | None, typer.Option(help="Equilibration to drop at the beginning: 2ps, 500fs or a number of frames.")
]
Start = Annotated[int | None, typer.Option(help="First frame to keep, behind what is discarded.")]
Stop = Annotated[int | None, typer.Option(help="First frame not to keep.")]
Stride = Annotated[int | None, typer.Option(help="Keep every n-th frame.")]
Label = Annotated[list[str] | None, typer.Option(help="What a run is called; once per run.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Folder for page.html, tables (CSV), JSON, arrays (NetCDF) and figures (PNG, SVG); made if needed.",
    ),
]
