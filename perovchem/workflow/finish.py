"""The end of a run: rows, screen.json, what is published beside ours, conclusions, page and provenance."""

from __future__ import annotations

import json
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from perovchem.errors import PerovchemError
from perovchem.progress import tell
from perovchem.provenance import InputFile
from perovchem.result import Provenance, jsonable, to_json
from perovchem.version import __version__
from perovchem.workflow import tables
from perovchem.workflow.alike import merged
from perovchem.workflow.checksums import source_digest
from perovchem.workflow.conclude import Concluding
from perovchem.workflow.published import Comparing
from perovchem.workflow.result import SHOWN, FailedItem, StepSummary, WorkflowRun
from perovchem.workflow.run import Run

_PACKAGES = ("numpy", "scipy", "numba", "pymatgen", "spglib", "pyarrow", "pydantic")
_MOST_ROWS_SHOWN = 500
"""Of each step, on the page."""


class _Counts:
    """What is counted while the rows go by."""

    def __init__(self, run: Run) -> None:
        names = list(run.plan.n_of_step)
        self.failed = dict.fromkeys(names, 0)
        self.rows = dict.fromkeys(names, 0)
        self.failures: list[FailedItem] = []
        self.shown: list[dict[str, Any]] = []
        self.pages: dict[str, str] = {}
        self.warnings: dict[str, int] = {}


def finished(run: Run) -> WorkflowRun:
    """Write what the folder holds beside the items; return the result."""
    workflow = run.plan.workflow
    layout = tables.look_through(run.plan, run.spool)
    comparing = Comparing(workflow.declared.published, layout.axes)
    concluding = Concluding(workflow, run.folder.log)
    counts = _Counts(run)
    tables.write(run.folder, layout, _watched(run, counts, comparing, concluding))
    published = comparing.done()
    conclusions, problems = concluding.done(layout)
    problems = [*_missing_columns(layout), *problems]
    found = WorkflowRun(
        title=workflow.title,
        folder=run.folder.path,
        n_items=len(run.plan),
        n_done=run.n_done,
        n_cached=run.n_cached,
        n_failed=run.n_failed,
        steps=tuple(
            StepSummary(
                step.name,
                step.declared.command,
                run.plan.n_of_step[step.name],
                counts.failed[step.name],
                counts.rows[step.name],
                layout.columns[step.name].names,
            )
            for step in workflow.steps
        ),
        failures=tuple(counts.failures),
        published=published,
        conclusions=tuple(conclusions),
        problems=tuple(problems),
        shown_rows=tuple(counts.shown),
        pages=counts.pages,
        provenance=Provenance(
            input=workflow.path or "a dictionary",
            inputs=(InputFile(workflow.path, workflow.sha256),) if workflow.path else (),
            settings={"title": workflow.title, "about": workflow.declared.about, "doi": list(workflow.declared.doi),
                      "matrix": jsonable(workflow.declared.matrix),
                      "steps": {step.name: _step_settings(step.declared) for step in workflow.steps}},
            warnings=merged(counts.warnings),
        ),
    )  # fmt: skip
    _write_screen(run, found)
    return _write_rest(run, found)


def _step_settings(step: Any) -> dict[str, Any]:
    return {"command": step.command, "inputs": list(step.inputs), **jsonable(step.settings)}


def _watched(run: Run, counts: _Counts, comparing: Comparing, concluding: Concluding) -> Iterator[tables.Row]:
    """Yield the rows for the tables while everything else looks at them."""
    shown = dict.fromkeys(counts.rows, 0)
    last = -1
    for planned, kept, row in tables.rows(run.plan, run.spool):
        step = planned.item.step
        comparing.look(row)
        concluding.look(row)
        if planned.item.number != last:
            last = planned.item.number
            if last % 1000 == 0:
                tell("writing rows", last, len(run.plan))
            for warning in kept.warnings:
                if warning in counts.warnings or len(counts.warnings) < SHOWN:
                    counts.warnings[warning] = counts.warnings.get(warning, 0) + 1
            if kept.details and kept.failure is None:
                counts.pages[f"{step}: {planned.item.name}"] = f"items/{planned.folder_name}/page.html"
        if kept.failure is not None:
            counts.failed[step] += 1
            if len(counts.failures) < SHOWN:
                told = kept.failure
                counts.failures.append(FailedItem(step, planned.item.name, told.what, told.where, told.fix))
        else:
            counts.rows[step] += row.get("row") is not None
            if shown[step] < _MOST_ROWS_SHOWN:
                shown[step] += 1
                counts.shown.append(row)
        yield row


def _missing_columns(layout: tables.Layout) -> list[str]:
    """Return which declared columns no item has."""
    found = []
    for step, columns in layout.columns.items():
        for name, why in columns.missing.items():
            what = "rows" if name == "rows" and name not in columns.names else f"column {name!r}"
            found.append(f"step {step!r}: no item has {what}: {why}")
        if columns.dropped:
            found.append(
                f"step {step!r} has {len(columns.dropped)} columns more than are kept: declare those you want"
            )
    return found


def _write_screen(run: Run, found: WorkflowRun) -> None:
    """Write screen.json: everything that does not depend on when, where and how often it was run."""
    declared = run.plan.workflow.declared
    head = {
        "perovchem": __version__,
        "title": declared.title,
        "about": declared.about,
        "doi": list(declared.doi),
        "matrix": declared.matrix,
        "steps": found.steps,
        "published": found.published,
        "conclusions": found.conclusions,
        "problems": found.problems,
    }
    with run.folder.writing("screen.json") as handle:
        handle.write(to_json(head).rstrip()[:-1].rstrip() + ',\n  "items": [')
        for planned in run.plan:
            number = planned.item.number
            kept = run.spool.get(number)
            one: dict[str, Any] = {
                "step": planned.item.step,
                "item": planned.item.name,
                "values": dict(planned.values),
                "status": "done" if kept.failure is None else "failed",
                "key": kept.key,
            }
            if kept.failure is None:
                one["rows"] = kept.rows
            else:
                told = kept.failure
                one["error"] = {"what": told.what, "where": told.where, "fix": told.fix}
            handle.write(("," if number else "") + "\n    " + json.dumps(one, allow_nan=False))
        handle.write("\n  ]\n}\n")


def _write_rest(run: Run, found: WorkflowRun) -> WorkflowRun:
    """Write the page, what is known of when and where, and the memory of checksums."""
    from perovchem.cli.run_report import write_page

    typed = Path(sys.argv[0]).stem in ("perovchem", "__main__")
    command_line = shlex.join(["perovchem", *sys.argv[1:]]) if typed else ""
    try:
        write_page(found, run.folder, command_line=command_line)
    except PerovchemError:
        raise
    except Exception as error:  # noqa: BLE001  the rows and all items are there
        run.folder.log("the page failed", traceback.format_exc())
        told = f"the page: internal error: {type(error).__name__}; see run.log"
        found = replace(found, problems=(*found.problems, told))
    end = time.time()
    origin = {
        "perovchem": __version__,
        "source_sha256": source_digest(),
        "workflow": {"path": run.plan.workflow.path, "sha256": run.plan.workflow.sha256},
        "command_line": command_line,
        "folder": str(run.folder.path),
        "host": platform.node(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {
            name: metadata.version(name) for name in _PACKAGES
        },
        "begin": _stamp(run.begin),
        "end": _stamp(end),
        "seconds": round(end - run.begin, 3),
        "seconds_of_items": round(run.seconds, 3),
        "items": {"all": found.n_items, "done": found.n_done, "from_before": found.n_cached, "failed": found.n_failed},
    }  # fmt: skip
    run.folder.write("provenance.json", to_json(origin) + "\n")
    if (memory := run.checksums.text()) is not None:
        run.folder.write("checksums.json", memory)
    run.folder.log(f"end: {found.n_done} done ({found.n_cached} from before), {found.n_failed} failed")
    return found


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))
