"""``perovchem structures``, ``trajectories`` and ``workflows``: what is bundled, and copies of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perovchem.cli.common import folder
from perovchem.cli.options import Json
from perovchem.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perovchem.reference import Entry, WorkflowEntry

_Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Which; all by default.")]
_Export = Annotated[Path | None, typer.Option("-o", "--output", help="Folder to copy the files into.")]
_SITES = {"symmetry": "by symmetry", "published": "published", "none": "none (cell only)"}
_WIDTH = 96


def structures(names: _Names = None, json: Json = False, output: _Export = None) -> None:
    """List or copy the bundled structures, with their sources.

    Of those named (also by formula), source and all that is exact are printed.
    """
    chosen = _chosen("structure", names)
    if json:
        _print_json("structures", names, chosen)
    elif names:
        typer.echo("\n\n".join("\n".join(_details(entry)) for entry in chosen))
    else:
        typer.echo("\n".join(_list(chosen)))
    _copy(chosen, output)


def trajectories(names: _Names = None, json: Json = False, output: _Export = None) -> None:
    """List or copy the bundled trajectories, with their faults."""
    from perovchem.result import text_table

    chosen = _chosen("trajectory", names)
    if json:
        _print_json("trajectories", names, chosen)
    else:
        rows = [[entry.name, entry.title, entry.source, entry.license] for entry in chosen]
        typer.echo(text_table(["name", "what", "source", "license"], rows))
        for entry in chosen:
            for fault in entry.faults:
                typer.echo(f"{entry.name}: {fault}")
    _copy(chosen, output)


def workflows(names: _Names = None, json: Json = False, output: _Export = None) -> None:
    """List or copy the bundled workflows, with all that they read.

    perovchem run takes their names, also shortened. A copy keeps folders: FOLDER/workflows/NAME.toml, to be changed and
    run.
    """
    from perovchem import reference

    chosen = _chosen_workflows(names)
    if json:
        from perovchem.result import envelope, to_json

        rows = [{"name": one.name, "title": one.title, "steps": one.steps, "doi": one.doi} for one in chosen]
        typer.echo(to_json(envelope("workflows", [], {"names": names}, rows, {}, [])))
    else:
        typer.echo("\n\n".join("\n".join(_workflow_details(one)) for one in chosen))
    if output is not None:
        for place in ("workflows", "examples/data"):
            copied = folder(output) / place
            shutil.copytree(
                reference.root() / place, copied, dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("journal", "__pycache__", ".*"),
            )  # fmt: skip
            typer.echo(f"wrote {copied}", err=True)


def _chosen_workflows(names: list[str] | None) -> list[WorkflowEntry]:
    """Return the workflows that are named, all without names."""
    from perovchem import reference

    known = reference.workflows()
    return [known[reference.workflow(name).stem] for name in names] if names else list(known.values())


def _workflow_details(one: WorkflowEntry) -> Iterator[str]:
    """Yield the lines on a workflow: name and title, publications, steps."""
    import textwrap

    yield f"{one.name}: {one.title}"
    if one.doi:
        yield f"  published  doi {', doi '.join(one.doi)}"
    yield from textwrap.wrap(f"  steps      {', '.join(one.steps)}", _WIDTH, subsequent_indent=" " * 13)


def _chosen(kind: str, names: list[str] | None) -> list[Entry]:
    """Return the entries of a kind, or those of them that are named; a formula may name several."""
    from perovchem import reference

    known = {name: entry for name, entry in reference.entries().items() if entry.kind == kind}
    if not names:
        return list(known.values())
    chosen: dict[str, Entry] = {}
    for name in names:
        found = [entry for entry in reference.candidates(name) if entry.kind == kind]
        if not found:
            raise UsageError(f"nothing bundled is called {name!r}", fix=nearest(name, known))
        chosen |= {entry.name: entry for entry in found}
    return list(chosen.values())


def _list(chosen: Sequence[Entry]) -> Iterator[str]:
    """Yield the lines of one table with a heading above each group."""
    from perovchem.result import text_table

    groups = list(dict.fromkeys(entry.group for entry in chosen))
    rows = sorted(chosen, key=lambda entry: groups.index(entry.group))
    cells = [
        [
            entry.name,
            entry.formula,
            entry.phase,
            entry.space_group,
            f"{entry.temperature:g}" if entry.temperature == entry.temperature else None,
            _SITES[entry.sites],
        ]
        for entry in rows
    ]
    header, rule, *lines = text_table(
        ["name", "formula", "phase", "space group", "T (K)", "sites"], cells
    ).split("\n")
    yield header
    yield rule
    above = None
    for entry, line in zip(rows, lines, strict=True):
        if entry.group != above:
            yield f"{'' if above is None else chr(10)}{entry.group}"
            above = entry.group
        yield line
    yield ""
    yield "Sites: fixed by symmetry, as published, or none (the file is a cell alone). T: – where not stated."
    yield "perovchem structures NAME prints cell, source and what is exact; with -o FOLDER it copies the CIF."


def _details(entry: Entry) -> Iterator[str]:
    """Yield all that is known of a structure, one line a field."""
    import textwrap

    a, b, c, *angles = entry.cell
    temperature = f"{entry.temperature:g} K" if entry.temperature == entry.temperature else ""
    fields = {
        "formula": f"{entry.formula}, Z = {entry.formula_units}",
        "phase": entry.phase,
        "space group": f"{entry.space_group} (no. {entry.space_group_number}), {entry.setting}",
        "temperature": ", ".join(part for part in (temperature, entry.temperature_note) if part),
        "cell": f"{a}, {b}, {c} Å; {', '.join(angles)}°",
        "density": f"{entry.density:g} g/cm3 as stated there" if entry.density == entry.density else "",
        "sites": _SITES[entry.sites],
        "exact": entry.exact,
        "source": entry.source,
        "DOI": " ".join(
            part for part in (entry.doi, f"({entry.doi_note})" if entry.doi_note else "") if part
        ),
        "read in": entry.read_in,
        "also called": ", ".join(entry.aliases),
        "license": entry.license,
    }
    yield f"{entry.name}: {entry.title}"
    for name, text in fields.items():
        if text:
            yield from textwrap.wrap(
                f"  {name:<12} {text}",
                _WIDTH,
                subsequent_indent=" " * 15,
                break_long_words=False,
                break_on_hyphens=False,
            )
    for fault in entry.faults:
        yield f"  {fault}"


def _print_json(command: str, names: list[str] | None, chosen: Sequence[Entry]) -> None:
    from perovchem.result import envelope, to_json

    typer.echo(to_json(envelope(command, [], {"names": names}, [_row(entry) for entry in chosen], {}, [])))


def _copy(chosen: Sequence[Entry], output: Path | None) -> None:
    if output is not None:
        for entry in chosen:
            typer.echo(f"wrote {shutil.copy(entry.path, folder(output))}", err=True)


def _row(entry: Entry) -> dict[str, object]:
    """Return one entry as plain values."""
    import dataclasses

    return {**dataclasses.asdict(entry), "path": entry.path.name}
