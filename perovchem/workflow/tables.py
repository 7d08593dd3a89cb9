"""The files of rows: CSV and Parquet with one row per row of an item, streamed in the order of the plan."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from perovchem.progress import tell
from perovchem.workflow.declaration import Scalar
from perovchem.workflow.matrix import as_text
from perovchem.workflow.rows import Columns, Kept, Spool

if TYPE_CHECKING:
    import pyarrow as pa

    from perovchem.workflow.folder import Folder
    from perovchem.workflow.plan import Plan, Planned

_BATCH: Final = 5_000
"""Rows that are held at once."""
Row = dict[str, Scalar | None]


class Layout:
    """Names and kinds of all columns.

    Parameters
    ----------
    plan : Plan
    columns : mapping of step to Columns
    kinds : mapping of column to the kinds of its values
    """

    def __init__(self, plan: Plan, columns: Mapping[str, Columns], kinds: Mapping[str, set[type]]) -> None:
        self.columns, self._kinds = columns, kinds
        self.axes = tuple(plan.workflow.declared.matrix)
        self.of_steps = [f"{step}.{name}" for step, of_step in columns.items() for name in of_step.names]
        self.names = ["step", "item", *self.axes, "row", "status", "error", *self.of_steps]

    def kind(self, name: str) -> type:
        """Return the type that holds all values of a column: the same if there is one, text otherwise."""
        kinds = self._kinds.get(name, set())
        if kinds <= {int, float} and kinds:
            return float if float in kinds else int
        return next(iter(kinds)) if len(kinds) == 1 else str


def look_through(plan: Plan, spool: Spool) -> Layout:
    """Return the columns of all items, in the order of the plan."""
    columns = {step.name: Columns() for step in plan.workflow.steps}
    missing: dict[str, dict[str, str]] = {step: {} for step in columns}
    kinds: dict[str, set[type]] = {"row": {int}}
    for axis, values in plan.workflow.declared.matrix.items():
        kinds[axis] = {_kind(value) for value in values}
    for step in plan.workflow.steps:
        for name in step.declared.columns:
            columns[step.name].names[name] = ""
    for number, (step_name, kept) in enumerate(_stepwise(plan, spool)):
        if number % 1000 == 0:
            tell("looking through the rows", number, plan.n_items)
        columns[step_name].note(kept.rows, kept.units)
        for name, why in kept.missing.items():
            missing[step_name].setdefault(name, why)
        for row in kept.rows:
            for name, value in row.items():
                if value is not None:
                    kinds.setdefault(f"{step_name}.{name}", set()).add(_kind(value))
    for name, of_step in columns.items():
        of_step.missing = {
            column: why for column, why in missing[name].items() if not kinds.get(f"{name}.{column}")
        }
    return Layout(plan, columns, kinds)


def _kind(value: object) -> type:
    """Return the type of a value; text for whole numbers that no column of numbers holds."""
    too_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63
    return str if too_large else type(value)


def _stepwise(plan: Plan, spool: Spool) -> Iterator[tuple[str, Kept]]:
    number = 0
    for step, n_items in plan.n_of_step.items():
        for _ in range(n_items):
            yield step, spool.get(number)
            number += 1


def rows(plan: Plan, spool: Spool) -> Iterator[tuple[Planned, Kept, Row]]:
    """Yield every row of every item; an item without rows, or that failed, has one."""
    for planned in plan:
        kept = spool.get(planned.item.number)
        first: Row = {"step": planned.item.step, "item": planned.item.name, **planned.values}
        if kept.failure is not None:
            yield planned, kept, {**first, "status": "failed", "error": str(kept.failure)}
            continue
        for number, cells in enumerate(kept.rows, 1):
            named = {f"{planned.item.step}.{name}": value for name, value in cells.items()}
            yield planned, kept, {**first, "row": number, "status": "done", **named}
        if not kept.rows:
            yield planned, kept, {**first, "status": "done"}


def write(folder: Folder, layout: Layout, every: Iterator[Row]) -> int:
    """Write rows.csv and rows.parquet; return the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _arrow(pa, layout.kind(name))) for name in layout.names])
    units = {
        f"{step}.{name}": unit
        for step, one in layout.columns.items()
        for name, unit in one.names.items()
        if unit
    }
    schema = schema.with_metadata({"units": json.dumps(units)})
    n_rows = 0
    with folder.writing("rows.csv") as text, folder.writing("rows.parquet", "wb") as binary:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(layout.names)
        with pq.ParquetWriter(binary, schema, compression="zstd") as packed:
            for batch in _batches(every):
                table.writerows(
                    ["" if (value := row.get(name)) is None else as_text(value) for name in layout.names]
                    for row in batch
                )
                packed.write_table(_packed(pa, batch, layout, schema))
                n_rows += len(batch)
    return n_rows


def _batches(every: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in every:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _arrow(pa: Any, kind: type) -> pa.DataType:
    return {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}.get(kind, pa.string())


def _packed(pa: Any, batch: Sequence[Row], layout: Layout, schema: pa.Schema) -> pa.Table:
    as_kind: dict[type, Callable[[Any], Any]] = {bool: bool, int: int, float: float, str: as_text}
    arrays = []
    for name, column in zip(layout.names, schema, strict=True):
        turn = as_kind[layout.kind(name)]
        values = (row.get(name) for row in batch)
        arrays.append(
            pa.array([None if value is None else turn(value) for value in values], type=column.type)
        )
    return pa.Table.from_arrays(arrays, schema=schema)
