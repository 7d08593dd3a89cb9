"""What ``perovchem run`` shows: the plan before it runs; conclusions, published values, rows and failures after it."""

from __future__ import annotations

import itertools
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perovchem.report import Drawing, Report, Table
from perovchem.result import envelope, jsonable, to_json

if TYPE_CHECKING:
    from perovchem.workflow.folder import Folder
    from perovchem.workflow.model import Workflow
    from perovchem.workflow.result import WorkflowRun

_LISTED: Final = 60
"""Items or rows of a step that the terminal shows."""
_WIDEST: Final = 14
"""Columns of a step that a table for people shows."""


def planned_text(workflow: Workflow, output: Path | None, *, as_json: bool) -> str:
    """Return the plan: what would be run, and what is there already."""
    items: list[tuple[str, str, str, str]] = []
    n_done = 0
    plan = workflow.plan()
    wanted = len(plan) if as_json else _LISTED
    for planned, done in _with_state(workflow, output, plan):
        n_done += done
        if len(items) < wanted:
            typed = shlex.join(["perovchem", planned.item.command, *planned.item.arguments])
            items.append((planned.item.step, planned.item.name, "there" if done else "to do", typed))
    folder = output if output is not None else Path(workflow.default_output)
    if as_json:
        keys = ("step", "item", "status", "command")
        row = {
            "input": workflow.path, "output": str(folder), "n_items": len(plan), "n_done": n_done,
            "items": [dict(zip(keys, one, strict=True)) for one in items],
        }  # fmt: skip
        return to_json(envelope("run", [], {"dry_run": True}, [row], {}, []))
    title = f"{workflow.title}: {len(plan)} items, {n_done} there already, into {folder}"
    more = [f"and {len(plan) - len(items)} more"] if len(plan) > len(items) else []
    return str(Table(title, ("step", "item", "status", "command"), tuple(items), tuple(more)))


def _with_state(workflow: Workflow, output: Path | None, plan: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the items and whether their record is there; writes nothing."""
    from perovchem.workflow.checksums import Checksums
    from perovchem.workflow.folder import Folder
    from perovchem.workflow.record import Records
    from perovchem.workflow.run import with_key

    folder = Folder(Path(output if output is not None else workflow.default_output).absolute())
    records = Records(folder, Checksums(folder.path / "checksums.json"))
    for planned in plan:
        yield planned, records.read(with_key(planned, records)) is not None


def printed(found: WorkflowRun, *, as_json: bool) -> str:
    """Return a run as tables or as the JSON object."""
    if as_json:
        row = {**found.to_dict(), "rows": _all_rows(found)}
        return to_json(
            envelope(
                "run", found.provenance.inputs, found.provenance.settings,
                [{"input": found.provenance.input, **row}], _units(found), found.provenance.warnings,
            )
        )  # fmt: skip
    tables = _tables(found, _LISTED)
    done = f"{found.title}: {found.n_done} of {found.n_items} items done"
    cached = f", {found.n_cached} of them before" if found.n_cached else ""
    failed = f", {found.n_failed} failed" if found.n_failed else ""
    return "\n\n".join([done + cached + failed, *map(str, tables)])


def _all_rows(found: WorkflowRun) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(found.folder / "rows.parquet").to_pylist()
    return rows


def _units(found: WorkflowRun) -> dict[str, str]:
    return {
        f"{step.name}.{name}": unit for step in found.steps for name, unit in step.columns.items() if unit
    }


def _tables(found: WorkflowRun, most: int) -> tuple[Table, ...]:
    """Return the tables in the order of the page."""
    return tuple(
        itertools.chain(
            itertools.chain.from_iterable(_of_conclusion(one)[0] for one in found.conclusions),
            _published(found),
            (_step(found, step, most) for step in found.steps if step.n_rows),
            _failures(found, most),
        )
    )


def _of_conclusion(one: Any) -> tuple[Sequence[Table], Sequence[Drawing]]:
    from perovchem.cli.conclusion_tables import drawings, tables

    return tables(one), drawings(one)


def _published(found: WorkflowRun) -> Iterator[Table]:
    """Yield published values beside ours."""
    if not found.published:
        return
    rows = tuple(
        (
            one.what, _with_error(one.published, one.published_uncertainty, one.unit),
            _with_error(one.ours, one.ours_uncertainty, one.unit) if one.ours is not None else one.note or None,
            f"{one.difference:.3g}" if isinstance(one.difference, float) else _shown(one.difference),
            one.why, one.source,
        )
        for one in found.published
    )  # fmt: skip
    yield Table(
        "Published and ours", ("what", "published", "ours", "difference", "why they differ", "source"), rows
    )


def _with_error(value: object, error: float | None, unit: str) -> str:
    """Return a number with its error and unit, both with the digits that two of the error leave.

    Examples
    --------
    >>> _with_error(0.96285, 0.037, ""), _with_error(2.02, None, "eV"), _with_error("R", None, "")
    ('0.963 ± 0.037', '2.02 eV', 'R')
    """
    if isinstance(value, float) and error is not None and 0 < error < math.inf:
        digits = 1 - math.floor(math.log10(error))
        if 0 <= digits <= 6:
            return f"{value:.{digits}f} ± {error:.{digits}f} {unit}".strip()
    shown = f"{_shown(value)}" + (f" ± {error:.2g}" if error else "")  # 0 is no error: nothing changed
    return f"{shown} {unit}".strip()


def _shown(value: object) -> str | None:
    """Return a cell as people read it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _step(found: WorkflowRun, step: Any, most: int) -> Table:
    """Return the rows of a step: what differs between them."""
    every = [row for row in found.shown_rows if row["step"] == step.name]
    rows = every[:most]
    axes = [axis for axis in found.provenance.settings["matrix"] if any(axis in row for row in rows)]
    columns = [
        name
        for name in step.columns
        if name != "input" and any(row.get(f"{step.name}.{name}") is not None for row in every)
    ]
    hidden = columns[_WIDEST:]
    columns = columns[:_WIDEST]
    # where the axes tell the items apart, their inputs say nothing more
    inputs = len({row["item"] for row in every}) > len(
        {tuple(row.get(axis) for axis in axes) for row in every}
    )
    inputs = inputs or not axes
    head = [
        *(["item"] if inputs else []),
        *(axis.replace("_", " ") for axis in axes),
        *(name.replace("_", " ") + _unit(step.columns[name]) for name in columns),
    ]
    body = []
    above: list[str | None] = []
    for row in rows:
        first = [*([_input(row, axes)] if inputs else []), *(_shown(row.get(axis)) for axis in axes)]
        body.append(
            (*_blank(first, above), *(_shown(row.get(f"{step.name}.{column}")) for column in columns))
        )
        above = first
    notes = []
    if step.n_rows > len(rows):
        notes.append(f"The first {len(rows)} of {step.n_rows} rows; all are in rows.csv.")
    if hidden:
        notes.append(f"Also in rows.csv: {', '.join(hidden[:40])}{', ...' if len(hidden) > 40 else ''}.")
    if step.n_failed:
        notes.append(f"{step.n_failed} of {step.n_items} items failed.")
    return Table(f"{step.name}: perovchem {step.command}", tuple(head), tuple(body), tuple(notes))


def _input(row: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return the inputs of a row's item without its matrix values; of a path the name."""
    from perovchem.workflow.matrix import as_text

    values = "".join(f", {axis}={as_text(row[axis])}" for axis in axes if row.get(axis) is not None)
    name = str(row["item"]).removesuffix(values)
    return name if ", " in name else Path(name).name


def _blank(cells: Sequence[str | None], above: Sequence[str | None]) -> list[str | None]:
    """Return the first cells of a row, empty where they and all before them say the same as the row above.

    Examples
    --------
    >>> _blank(["a", "x"], ["a", "y"]), _blank(["b", "x"], ["a", "x"])
    (['', 'x'], ['b', 'x'])
    """
    same = 0
    while same < len(above) and cells[same] == above[same]:
        same += 1
    return ["" if number < same else cell for number, cell in enumerate(cells)]


def _unit(unit: str) -> str:
    return f" ({unit})" if unit and unit not in ("1", "of the quantity") else ""


def _failures(found: WorkflowRun, most: int) -> Iterator[Table]:
    """Yield what failed, and what of the file could not be done."""
    if found.failures:
        rows = tuple((one.step, one.item, one.what, one.where, one.fix) for one in found.failures[:most])
        more = found.n_failed - len(rows)
        notes = (f"And {more} more: see rows.csv.",) if more else ()
        yield Table("Failed", ("step", "item", "what", "where", "fix"), rows, notes)
    if found.problems:
        yield Table("Not done", ("what",), tuple((one,) for one in found.problems))


def report(found: WorkflowRun) -> Report:
    """Return the run's page as a report; its JSON leaves the rows to screen.json."""
    settings = found.provenance.settings
    done = f"{found.n_done} of {found.n_items} items done" + (
        f", {found.n_failed} failed" if found.n_failed else ""
    )
    return Report(
        command="run",
        title=found.title,
        labels=(found.provenance.input,),
        inputs=(found.provenance.input,),
        runs=(),
        settings={
            "works": [f"doi {doi}" for doi in settings["doi"]],
            "matrix": {axis: list(values) for axis, values in settings["matrix"].items()},
            **{f"step {name}": _short(step) for name, step in settings["steps"].items()},
        },
        rows=[jsonable({key: value for key, value in found.to_dict().items() if key != "folder"})],
        units=_units(found),
        warnings=found.provenance.warnings,
        tables=_tables(found, 500),
        drawings=tuple(itertools.chain.from_iterable(_of_conclusion(one)[1] for one in found.conclusions)),
        summary=" ".join(part for part in (settings["about"], f"{done}.") if part),
        read=found.provenance.inputs,
        links=found.pages,
    )


def _short(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's settings; of many inputs the first."""
    inputs = step["inputs"]
    if not inputs:
        return {key: value for key, value in step.items() if key != "inputs"}
    return {**step, "inputs": inputs if len(inputs) <= 20 else [*inputs[:20], f"and {len(inputs) - 20} more"]}


def write_page(found: WorkflowRun, folder: Folder, *, command_line: str) -> None:
    """Write page.html and the figures of the conclusions into the folder of results."""
    import tempfile

    from perovchem.plotting.style import save
    from perovchem.report.origin import EMBEDDED
    from perovchem.report.page import Pictures, page

    shown = report(found)
    figures, names = {}, ["rows.csv", "rows.parquet", "screen.json", "provenance.json", "run.log"]
    with (
        tempfile.TemporaryDirectory() as apart
    ):  # what is written there is moved by name, never through a link
        for drawing in shown.drawings:
            for path in save(drawing.draw(), Path(apart), drawing.name):
                with folder.writing(path.name, "wb") as handle:
                    handle.write(path.read_bytes())
                names.append(path.name)
                if path.suffix == ".svg":
                    figures[drawing.name] = path.read_text(encoding="utf-8")
    rows = folder.path / "rows.csv"
    csv = {"rows": rows.read_text(encoding="utf-8")} if rows.stat().st_size <= EMBEDDED else {}
    folder.write(
        "page.html", page(shown, Pictures(figures), command_line=command_line, csv=csv, beside=names)
    )
