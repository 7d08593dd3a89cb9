"""Columns of the rows as evidence, and what they mean for solubility or doping."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from perovchem.errors import MissingDataError, PerovchemError, UsageError
from perovchem.workflow.declaration import ConclusionOf, EvidenceColumn, MeasuredColumn, Scalar
from perovchem.workflow.matrix import as_text, filled, names_in
from perovchem.workflow.published import matches

if TYPE_CHECKING:
    from perovchem.evidence import Evidence, Measured
    from perovchem.workflow.model import Workflow
    from perovchem.workflow.tables import Layout

_MOST: Final = 5_000


@dataclass
class _Gathered:
    """One column by subject."""

    step: str
    declared: EvidenceColumn
    values: dict[str, Scalar | None] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    twice: str = ""
    unnamed: str = ""


class Concluding:
    """Gathers evidence from rows.

    Parameters
    ----------
    workflow : Workflow
    log : callable
        Takes the traceback of an error that is none of this package's.
    """

    def __init__(self, workflow: Workflow, log: Callable[[str, str], None]) -> None:
        self._workflow, self.log = workflow, log
        self._axes = tuple(workflow.declared.matrix)
        self._gathered = [
            [_Gathered(one.column.partition(".")[0], one) for one in conclusion.evidence]
            for conclusion in workflow.declared.conclusion
        ]

    def look(self, row: Mapping[str, Scalar | None]) -> None:
        """Take a row where a column is asked for."""
        for conclusion, columns in zip(self._workflow.declared.conclusion, self._gathered, strict=True):
            for one in columns:
                if row["step"] == one.step and matches(row, one.step, one.declared.where, self._axes):
                    _take(one, conclusion.subject, row, self._axes)

    def done(self, layout: Layout) -> tuple[list[Any], list[str]]:
        """Return the conclusions, and what kept others from being drawn."""
        found, problems = [], []
        for number, (conclusion, columns) in enumerate(
            zip(self._workflow.declared.conclusion, self._gathered, strict=True), 1
        ):
            try:
                found.append(self._concluded(conclusion, columns, layout))
            except PerovchemError as error:
                problems.append(f"conclusion[{number}]: {error}")
            except Exception as error:  # noqa: BLE001  the rows are not lost for it
                self.log(f"conclusion[{number}] failed", traceback.format_exc())
                message = " ".join(str(error).split())[:200]
                problems.append(
                    f"conclusion[{number}]: internal error: {type(error).__name__}: {message}; see run.log"
                )
        return found, problems

    def _concluded(self, conclusion: ConclusionOf, columns: Sequence[_Gathered], layout: Layout) -> Any:
        measured = [_measured(one, self._workflow.folder) for one in conclusion.measured]
        evidence = [_evidence(one, layout, self._workflow) for one in columns]
        from perovchem.doping import doping
        from perovchem.solubility import solubility

        if conclusion.kind == "solubility":
            return solubility(evidence, measured=measured or None, title=conclusion.title)
        return doping(evidence, measured=measured or None, title=conclusion.title)


def _take(one: _Gathered, subject: str, row: Mapping[str, Scalar | None], axes: Sequence[str]) -> None:
    """Put a row's value under its subject."""
    held = {
        name: row.get(name) if name in axes or name == "item" else row.get(f"{one.step}.{name}")
        for name in names_in(subject)
    }
    empty = next((name for name, value in held.items() if value is None), "")
    if empty:
        if row["status"] != "failed":
            one.unnamed = empty
        return
    called = as_text(filled(subject, {name: value for name, value in held.items() if value is not None}))
    value = row.get(one.declared.column)
    if called in one.values and one.values[called] != value:
        one.twice = called
    if len(one.values) >= _MOST:
        return
    one.values[called] = value
    told = one.declared.uncertainty
    error = row.get(told) if isinstance(told, str) else told
    if isinstance(error, int | float) and value is not None:
        one.errors[called] = float(error)
    if one.declared.group and (group := row.get(one.declared.group)) is not None:
        one.groups[called] = as_text(group)


def _evidence(one: _Gathered, layout: Layout, workflow: Workflow) -> Evidence:
    from perovchem.evidence import Evidence

    declared = one.declared
    where = f"evidence {declared.name!r}"
    if one.twice:
        raise UsageError(
            f"{one.twice!r} has several values of {declared.column}",
            where=where,
            fix="choose rows with where, or name subjects apart",
        )
    if not one.values:
        missing = f", for want of {one.unnamed!r}" if one.unnamed else ""
        raise MissingDataError(
            f"no row of step {one.step!r} names a subject{missing}",
            where=where,
            fix="name axes or columns of that step in subject",
        )
    if all(value is None for value in one.values.values()):
        raise MissingDataError(
            f"column {declared.column} is empty", where=where, fix="look at the failed items"
        )
    unit = layout.columns[one.step].names.get(declared.column.partition(".")[2], "")
    values = {
        called: as_text(value) if isinstance(value, bool) else value for called, value in one.values.items()
    }
    return Evidence(
        name=declared.name,
        values=values,
        errors=one.errors,
        unit=declared.unit or ("" if unit == "1" else unit),
        better=declared.better,
        source=declared.source or f"step {one.step}: perovchem {workflow.step(one.step).declared.command}",
        assumption=declared.assumption,
        threshold=declared.threshold,
        resolution=declared.resolution,
        groups=one.groups,
    )


def _measured(one: MeasuredColumn, folder: str) -> Measured:
    from perovchem.measured_reading import read_measured

    return read_measured(
        os.path.join(folder, one.file),
        subject=one.subject,
        value=one.value,
        uncertainty=one.uncertainty or None,
        unit=one.unit,
        name=one.name,
        source=one.source,
        better=one.better,
    )
