"""``perovchem run`` and ``perovchem screen``: a declared run, one and the same under two names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, progress
from perovchem.cli.options import Json


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE.toml",
            help="Declares steps, inputs and a matrix: see docs/workflow_file.md; or the name of a bundled one: see "
            "perovchem workflows.",
            show_default=False,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the items and which are there already, and stop.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes on this machine. Default: one a processor.")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A running Dask scheduler instead, as tcp://HOST:8786."),
    ] = None,
    details: Annotated[
        bool | None,
        typer.Option(
            "--details/--no-details",
            help="Tables, figures and a page for each item. Default: for up to 50 items.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder of results. Default: as the file says, or its name."),
    ] = None,
) -> None:
    """Run a workflow file: a screen of inputs and settings.

    What was done before is not done again, and a run that was stopped goes on. An item that fails stops no other; if
    any failed, the exit code is 1. The folder gets page.html, rows.csv, rows.parquet, screen.json, provenance.json,
    run.log, and what each item gave.
    """
    from perovchem.cli.run_report import planned_text, printed
    from perovchem.workflow.model import read_workflow
    from perovchem.workflow.run import run_workflow

    with collected_warnings(), progress():
        workflow = read_workflow(file)
        if dry_run:
            text = planned_text(workflow, output, as_json=json)
        else:
            found = run_workflow(workflow, output=output, workers=workers, dask=dask, details=details)
            text = printed(found, as_json=json)
    typer.echo(text)
    if not dry_run:
        typer.echo(f"wrote {found.folder / 'page.html'}, rows.csv, rows.parquet, screen.json", err=True)
        if found.n_failed or found.problems:
            raise typer.Exit(1)
