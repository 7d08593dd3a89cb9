"""A workflow: its file, read and checked as a whole before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perovchem.declared_table import read_declared
from perovchem.errors import FormatError, UsageError, nearest
from perovchem.workflow.declaration import Declaration, Step, declaration
from perovchem.workflow.matrix import check_axes, check_names, names_in
from perovchem.workflow.places import parsed
from perovchem.workflow.settings import check_command, check_settings, takes_inputs

if TYPE_CHECKING:
    from perovchem.workflow.plan import Plan

LARGEST_FILE: Final = 2_000_000
"""Bytes of a workflow file."""
OWN_COLUMNS: Final = ("step", "item", "row", "status", "error")
"""Columns of the rows beside axes and what the steps give."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with its defaults filled in.

    Attributes
    ----------
    name : str
    declared : Step
    axes : tuple of str
        Of the matrix, in the matrix' order.
    """

    name: str
    declared: Step
    axes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file whose every key was checked.

    Attributes
    ----------
    declared : Declaration
        What it says.
    steps : tuple of PlannedStep
    path : str
        As it was named; "" for a dictionary.
    folder : str
        What its paths are relative to, absolute.
    sha256 : str
        Of the file, or of the dictionary as JSON.
    """

    declared: Declaration
    steps: tuple[PlannedStep, ...]
    path: str
    folder: str
    sha256: str

    def __repr__(self) -> str:
        steps = ", ".join(step.name for step in self.steps[:5]) + (", ..." if len(self.steps) > 5 else "")
        return f"<Workflow {self.declared.title!r}: {steps}>"

    @property
    def title(self) -> str:
        """Heading of the page."""
        return self.declared.title

    @property
    def default_output(self) -> str:
        """Folder of results where none is named."""
        return self.declared.output or (Path(self.path).stem if self.path else "workflow")

    def plan(self) -> Plan:
        """Return the items that it runs, counted and not yet made."""
        from perovchem.workflow.plan import planned

        return planned(self)

    def step(self, name: str) -> PlannedStep:
        """Return the step of this name."""
        return next(step for step in self.steps if step.name == name)


def read_workflow(source: str | Path | Mapping[str, Any]) -> Workflow:
    """Read a workflow file and check it: keys, commands, settings, axes, places.

    Parameters
    ----------
    source : path or mapping
        A TOML file as docs/workflow_file.md describes it, the name of a bundled one, or the same as a dictionary,
        whose paths are relative to the folder one stands in.

    Returns
    -------
    Workflow

    Raises
    ------
    InputError
        If the file cannot be read.
    FormatError
        If it says something that no workflow says: with the dotted path of the key and the nearest name.

    Examples
    --------
    >>> import perovchem as pc
    >>> pc.read_workflow({
    ...     "title": "Halides in CsPbCl3",
    ...     "matrix": {"halide": ["Br", "I"]},
    ...     "step": [{"command": "substitute", "inputs": ["CsPbCl3"],
    ...               "settings": {"site": "Cl", "ion": "{halide}-"}}],
    ... })
    <Workflow 'Halides in CsPbCl3': substitute>
    """
    if isinstance(source, Mapping):
        declared = declaration(source, "the dictionary")
        digest = hashlib.sha256(json.dumps(source, sort_keys=True, default=str).encode()).hexdigest()
        return Workflow(declared, _checked(declared, "the dictionary"), "", str(Path.cwd()), digest)
    path = _path(source)
    if path.is_file() and path.stat().st_size > LARGEST_FILE:
        raise FormatError(
            "the file is too large for a workflow file",
            where=str(source)[:300],
            fix="shorten it to 2 MB, or divide it",
        )
    table, folder = read_declared(path, "workflow file")
    where = str(source)[:300]
    declared = declaration(table, where)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    named = str(source) if path == Path(source) else str(path)
    return Workflow(declared, _checked(declared, where), named, str(folder.absolute()), digest)


def _path(source: str | Path) -> Path:
    """Return the file of a workflow: a path, or a bundled one by its name."""
    from perovchem import reference

    if not isinstance(source, str | os.PathLike):
        raise UsageError(
            f"a {type(source).__name__} is no workflow", fix="name a file (TOML), or give a dictionary"
        )
    path = Path(source)
    # a folder of results is called like the workflow
    if path.is_file() or len(path.parts) != 1 or path.suffix:
        return path
    return reference.workflow(str(source))


def _checked(declared: Declaration, where: str) -> tuple[PlannedStep, ...]:
    """Return the steps with their defaults; refuse what cannot be meant."""
    check_axes(declared.matrix, OWN_COLUMNS, where)
    _check_output(declared.output, where)
    for k, rule in enumerate(declared.exclude, 1):
        for axis, value in rule.items():
            if axis not in declared.matrix:
                known = nearest(axis, declared.matrix) if declared.matrix else "declare it in [matrix]"
                raise FormatError(
                    f"exclude[{k}].{axis[:60]} is no axis of the matrix", where=where, fix=known
                )
            if value not in declared.matrix[axis]:
                raise FormatError(
                    f"exclude[{k}].{axis} = {value!r} is no value of that axis",
                    where=where,
                    fix=nearest(str(value), map(str, declared.matrix[axis][:50])),
                )
    steps: dict[str, PlannedStep] = {}
    for k, step in enumerate(declared.step, 1):
        one = _checked_step(step, declared, f"step[{k}]", where)
        if one.name in steps:
            raise FormatError(
                f"step[{k}]: there are two steps {one.name!r}", where=where, fix="give each a name of its own"
            )
        steps[one.name] = one
    for k, row in enumerate(declared.published, 1):
        _check_column(row.ours, steps, f"published[{k}].ours", where)
    for k, conclusion in enumerate(declared.conclusion, 1):
        place = f"conclusion[{k}]"
        try:
            names_in(conclusion.subject)
        except ValueError:
            raise FormatError(
                f"{place}.subject holds a brace without a name", where=where, fix="write {name}"
            ) from None
        for n, evidence in enumerate(conclusion.evidence, 1):
            _check_column(evidence.column, steps, f"{place}.evidence[{n}].column", where)
            for key in ("uncertainty", "group"):
                column = getattr(evidence, key)
                if column and isinstance(column, str):
                    _check_column(column, steps, f"{place}.evidence[{n}].{key}", where)
                    if column.partition(".")[0] != evidence.column.partition(".")[0]:
                        raise FormatError(
                            f"{place}.evidence[{n}].{key} is of another step",
                            where=where,
                            fix="take one of the same step",
                        )
    return tuple(steps.values())


def _check_output(output: str, where: str) -> None:
    """Refuse a folder that leaves where one stands: the file may be a stranger's."""
    path = Path(output)
    if path.is_absolute() or ".." in path.parts or "\0" in output:
        raise FormatError(f"output is {output!r}", where=where, fix="name a folder below, or use --output")


def _checked_step(step: Step, declared: Declaration, place: str, where: str) -> PlannedStep:
    check_command(step.command, place, where)
    axes = declared.matrix
    mentioned = [
        *check_names(step.inputs, axes, f"{place}.inputs", where),
        *check_names(step.settings, axes, f"{place}.settings", where),
    ]
    _check_inputs(step, place, where)
    for axis in step.over or ():
        if axis not in axes:
            known = nearest(axis, axes) if axes else "declare it in [matrix]"
            raise FormatError(f"{place}.over: there is no axis {axis!r}", where=where, fix=known)
    missing = [name for name in mentioned if step.over is not None and name not in step.over]
    if missing:
        raise FormatError(
            f"{place} mentions {{{missing[0]}}}, which is not among the axes it varies over",
            where=where,
            fix="add it to over",
        )
    chosen = tuple(axis for axis in axes if axis in (mentioned if step.over is None else step.over))
    _check_values(step, declared, chosen, place, where)
    for column, text in step.columns.items():
        if not column.strip() or len(column) > 100 or not column.isprintable() or "." in column:
            raise FormatError(
                f"{place}.columns: {column[:60]!r} is no name of a column",
                where=where,
                fix="write a few words without dots",
            )
        _check_place(text, f"{place}.columns.{column}", where)
    _check_place(step.rows, f"{place}.rows", where)
    return PlannedStep(step.name or step.command, step, chosen)


def _check_inputs(step: Step, place: str, where: str) -> None:
    taken = takes_inputs(step.command)
    if (taken == "none") != (not step.inputs):
        what = "takes no inputs" if taken == "none" else "needs inputs"
        fix = "leave inputs out" if taken == "none" else "name them in inputs"
        raise FormatError(f"{place}: perovchem {step.command} {what}", where=where, fix=fix)
    if taken == "one" and step.together:
        raise FormatError(
            f"{place}: perovchem {step.command} takes one input", where=where, fix="leave together out"
        )
    for name in step.inputs:
        if not name.strip() or "\0" in name:
            raise FormatError(
                f"{place}.inputs: {name!r} is no input", where=where, fix="name a formula, path or glob"
            )


def _check_values(step: Step, declared: Declaration, axes: Sequence[str], place: str, where: str) -> None:
    """Check the settings with one value of each type of each axis in turn: what {name} alone becomes has its type."""
    from perovchem.workflow.matrix import filled

    first = {axis: declared.matrix[axis][0] for axis in axes}
    check_settings(step.command, filled(step.settings, first), place, where)
    for axis in axes:
        for value in {type(value): value for value in declared.matrix[axis]}.values():
            check_settings(step.command, filled(step.settings, {**first, axis: value}), place, where)


def _check_place(text: str, place: str, where: str) -> None:
    try:
        parsed(text)
    except ValueError:
        raise FormatError(
            f"{place} is {text[:60]!r}, which is no place",
            where=where,
            fix="write as gap.value, peaks[0].d or tests[name=charge].value",
        ) from None


def _check_column(text: str, steps: Mapping[str, PlannedStep], place: str, where: str) -> None:
    """Refuse what is no STEP.COLUMN of these steps."""
    step, _, column = text.partition(".")
    if not column:
        raise FormatError(f"{place} is {text[:60]!r}", where=where, fix="write STEP.COLUMN")
    if step not in steps:
        raise FormatError(f"{place}: there is no step {step[:60]!r}", where=where, fix=nearest(step, steps))
    known = steps[step].declared.columns
    errors = {f"{name}_standard_error" for name in known}
    if known and column not in known and column not in errors:
        raise FormatError(
            f"{place}: step {step!r} has no column {column[:60]!r}", where=where, fix=nearest(column, known)
        )
