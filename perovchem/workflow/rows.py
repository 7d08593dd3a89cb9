"""Rows of items: cells taken from their JSON, kept on disk until the whole is written in the order of the plan."""

from __future__ import annotations

import json
import math
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perovchem.errors import nearest
from perovchem.workflow.declaration import MOST_COLUMNS, Scalar, Step
from perovchem.workflow.items import Failure
from perovchem.workflow.matrix import showable
from perovchem.workflow.places import NotThereError, at, parsed

LONGEST_CELL: Final = 10_000
_ERROR: Final = "_standard_error"


@dataclass
class Columns:
    """The columns of one step, in the order in which they are declared or first seen.

    Attributes
    ----------
    names : dict of column to unit
    missing : dict of column to why it was not found
        Only of declared columns; ends at the first row that has it.
    dropped : set of str
        Beyond the number of columns that are kept.
    """

    names: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def note(self, rows: Sequence[Mapping[str, Scalar | None]], units: Mapping[str, str]) -> None:
        """Take the columns of some rows."""
        for row in rows:
            for name in row:
                if name not in self.names:
                    if len(self.names) >= 2 * MOST_COLUMNS:
                        self.dropped.add(name)
                    else:
                        self.names[name] = units.get(name, "")
                elif not self.names[name]:
                    self.names[name] = units.get(name, "")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an item until the end.

    Attributes
    ----------
    key : str
    failure : Failure or None
    rows : list of dict
    units : dict of column to unit
    missing : dict of declared column to why it is nowhere
    warnings : tuple of str
        Of the item.
    details : bool
        It has a folder of its own.
    """

    key: str
    failure: Failure | None
    rows: list[dict[str, Scalar | None]]
    units: dict[str, str]
    missing: dict[str, str]
    warnings: tuple[str, ...] = ()
    details: bool = False


class Spool:
    """What items gave, in a nameless file: written as they end, read in the order of the plan.

    Parameters
    ----------
    n_items : int
    folder : Path
        On whose disk the file lies.
    """

    def __init__(self, n_items: int, folder: Path) -> None:
        self._places = array("q", [-1]) * n_items
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._end = 0

    def close(self) -> None:
        """Free the file."""
        self._file.close()

    def put(self, number: int, kept: Kept) -> None:
        """Keep an item."""
        failure = kept.failure and [kept.failure.what, kept.failure.where, kept.failure.fix]
        told = [kept.key, failure, kept.rows, kept.units, kept.missing, kept.warnings, kept.details]
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        self._places[number] = self._end
        self._end += len(line)

    def get(self, number: int) -> Kept:
        """Return an item."""
        self._file.seek(self._places[number])
        key, failure, rows, units, missing, warnings, details = json.loads(self._file.readline())
        return Kept(key, failure and Failure(*failure), rows, units, missing, tuple(warnings), details)

    def __contains__(self, number: int) -> bool:
        return self._places[number] >= 0


def kept(key: str, envelope: Mapping[str, Any], step: Step, *, details: bool) -> Kept:
    """Return what an item's JSON holds for the rows."""
    rows, units, missing = rows_of(envelope, step)
    return Kept(key, None, rows, units, missing, tuple(map(str, envelope.get("warnings", ())))[:50], details)


def rows_of(
    envelope: Mapping[str, Any], step: Step
) -> tuple[list[dict[str, Scalar | None]], dict[str, str], dict[str, str]]:
    """Return the rows of an item, the units of their columns, and the declared columns that none of them has."""
    try:
        found = at(envelope, step.rows)
    except NotThereError as error:
        return [], {}, {"rows": _why(error)}
    elements = found if isinstance(found, list) else [] if found is None else [found]
    known = envelope.get("units", {})
    units: dict[str, str] = {}
    missing: dict[str, str] = {}
    rows = []
    for element in elements:
        row: dict[str, Scalar | None] = {}
        if step.columns:
            _declared(row, element, step, units, known, missing)
        elif isinstance(element, Mapping):
            for name, value in element.items():
                if isinstance(value, str | int | float) or value is None or _is_mean(value):
                    _cells(row, name, value, units, known.get(name, ""))
        else:
            _cells(row, "value", element, units, "")
        rows.append(row)
    for row in rows:
        for name in row:
            missing.pop(name, None)
    return rows, units, missing


def _declared(
    row: dict[str, Scalar | None],
    element: Any,
    step: Step,
    units: dict[str, str],
    known: Mapping[str, str],
    missing: dict[str, str],
) -> None:
    """Fill a row with the declared columns."""
    for name, place in step.columns.items():
        try:
            value = at(element, place)
        except NotThereError as error:
            missing.setdefault(name, _why(error))
            continue
        parts = [part for part in parsed(place) if isinstance(part, str)]
        _cells(row, name, value, units, next((known[part] for part in reversed(parts) if part in known), ""))


def _why(error: NotThereError) -> str:
    part, there = str(error.args[0]), [str(one) for one in error.args[1]]
    return f"there is no {part!r}" + (f": {nearest(part, there[:40])}" if there else "")


def _is_mean(value: Any) -> bool:
    return isinstance(value, Mapping) and "mean" in value and isinstance(value["mean"], int | float | None)


def _cells(row: dict[str, Scalar | None], name: str, value: Any, units: dict[str, str], unit: str) -> None:
    """Put a value into a row: itself, a mean with its error, or a list as JSON."""
    if _is_mean(value):
        row[name] = value["mean"]
        if isinstance(error := value.get("standard_error"), int | float | None):
            row[name + _ERROR] = error
            units[name + _ERROR] = unit
    elif isinstance(value, str):
        value = showable(value)
        row[name] = value if len(value) <= LONGEST_CELL else value[:LONGEST_CELL] + "..."
    elif value is None or isinstance(value, bool | int | float):
        row[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    else:
        row[name] = json.dumps(value, ensure_ascii=False)[:LONGEST_CELL]
    units[name] = unit


def in_order(spool: Spool, n_items: int) -> Iterator[Kept]:
    """Yield what is kept, in the order of the plan."""
    return (spool.get(number) for number in range(n_items))
