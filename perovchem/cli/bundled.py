"""``perovchem structures`` and ``perovchem trajectories``: what is bundled, and copies of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perovchem.cli.common import folder
from perovchem.cli.options import Json
from perovchem.errors import UsageError, nearest

if TYPE_CHECKING:
    from perovchem.reference import Entry

_Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Which; all by default.")]
_Export = Annotated[Path | None, typer.Option("-o", "--output", help="Folder to copy the files into.")]


def structures(names: _Names = None, json: Json = False, output: _Export = None) -> None:
    """List or copy the bundled structures, with their sources."""
    _list("structures", names, as_json=json, output=output)


def trajectories(names: _Names = None, json: Json = False, output: _Export = None) -> None:
    """List or copy the bundled trajectories, with their faults."""
    _list("trajectories", names, as_json=json, output=output)


def _list(command: str, names: list[str] | None, *, as_json: bool, output: Path | None) -> None:
    from perovchem import reference
    from perovchem.result import envelope, text_table, to_json

    known = {n: e for n, e in reference.entries().items() if command.startswith(e.kind.removesuffix("y"))}
    for name in names or ():
        if name not in known:
            raise UsageError(f"nothing bundled is called {name!r}", fix=nearest(name, known))
    chosen = [known[name] for name in (names or known)]
    if as_json:
        typer.echo(
            to_json(envelope(command, [], {"names": names}, [_row(entry) for entry in chosen], {}, []))
        )
    else:
        rows = [[entry.name, entry.title, entry.source, entry.license] for entry in chosen]
        typer.echo(text_table(["name", "what", "source", "license"], rows))
        for entry in chosen:
            for fault in entry.faults:
                typer.echo(f"{entry.name}: {fault}")
    if output is not None:
        for entry in chosen:
            typer.echo(f"wrote {shutil.copy(entry.path, folder(output))}", err=True)


def _row(entry: Entry) -> dict[str, object]:
    """Return one entry as plain values."""
    import dataclasses

    return {**dataclasses.asdict(entry), "path": entry.path.name}
