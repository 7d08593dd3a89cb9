"""What a run of a workflow gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from perovchem.result import DETAIL, Provenance, Result
from perovchem.workflow.published import Compared

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 1_000
"""Failures and rows that are kept at hand; all are in the files."""


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item without a result.

    Attributes
    ----------
    step, item : str
    what, where, fix : str
        Of its error.
    """

    step: str
    item: str
    what: str
    where: str
    fix: str


@dataclass(frozen=True, slots=True)
class StepSummary:
    """What a step gave.

    Attributes
    ----------
    name, command : str
    n_items, n_failed, n_rows : int
    columns : mapping of column to unit
    """

    name: str
    command: str
    n_items: int
    n_failed: int
    n_rows: int
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class WorkflowRun(Result):
    """A run: counts, what failed, what is published beside ours, what it means; the rows lie in its folder.

    Attributes
    ----------
    title : str
    folder : Path
        Of results.
    n_items, n_done, n_cached, n_failed : int
        ``n_done`` counts those that were there from an earlier run, ``n_cached``.
    steps : tuple of StepSummary
    failures : tuple of FailedItem
        The first thousand.
    published : tuple of Compared
    conclusions : tuple of Solubility or Doping
    problems : tuple of str
        What of the file could not be done although its items were: a column that no item has, a conclusion.
    provenance : Provenance
    """

    command: ClassVar[str] = "run"

    title: str
    folder: Path
    n_items: int
    n_done: int
    n_cached: int
    n_failed: int
    steps: tuple[StepSummary, ...]
    failures: tuple[FailedItem, ...]
    published: tuple[Compared, ...]
    conclusions: tuple[Any, ...]
    problems: tuple[str, ...]
    shown_rows: tuple[dict[str, Any], ...] = field(metadata=DETAIL, repr=False)
    pages: dict[str, str] = field(metadata=DETAIL, repr=False)
    provenance: Provenance = field(default_factory=Provenance)

    def __repr__(self) -> str:
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        return f"<WorkflowRun {self.title!r}: {self.n_done} of {self.n_items} items done{failed}; in {self.folder}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return the rows: step, item, axes, row, status, error, then STEP.COLUMN; see rows.parquet."""
        import json

        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / "rows.parquet")
        found: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        found.attrs["units"] = json.loads((table.schema.metadata or {}).get(b"units", b"{}"))
        return found
