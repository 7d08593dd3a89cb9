"""Running a workflow: what is there is taken, what is missing is computed, the folder is written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Set
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from perovchem.errors import PerovchemError, warn
from perovchem.progress import tell
from perovchem.workflow.checksums import Checksums
from perovchem.workflow.folder import Folder, no_room, opened
from perovchem.workflow.items import KEY_OF_DETAILS, Item, Outcome, envelope_of, perform
from perovchem.workflow.model import Workflow, read_workflow
from perovchem.workflow.plan import Plan, Planned
from perovchem.workflow.record import NOT_KEPT, Records
from perovchem.workflow.result import WorkflowRun
from perovchem.workflow.rows import Kept, Spool, kept

Engine = Callable[[Iterable[Item]], Generator[tuple[Item, Outcome], None, None]]
"""Performs items and yields them as they end."""
DETAILED = 50
"""Items up to which each gets its own page unless it is said otherwise."""


def run_workflow(
    source: str | Path | Mapping[str, Any] | Workflow,
    *,
    output: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    dask: str | None = None,
    details: bool | None = None,
) -> WorkflowRun:
    """Run a workflow file; a run that was stopped, also by force, goes on where it was.

    Each item is one command. What it gives is kept under the checksum of all it depends on: code, settings, inputs.
    An item that fails stops no other, and is tried again in the next run.

    Parameters
    ----------
    source : path, mapping or Workflow
        See :func:`read_workflow`.
    output : path, optional
        Folder of results; default as the file says, or its name.
    executor : concurrent.futures.Executor, optional
        Runs the items; any kind. Threads take turns.
    workers : int, optional
        Processes on this machine; by default one a processor. Means nothing beside an executor.
    dask : str, optional
        Address of a Dask scheduler instead.
    details : bool, optional
        Whether each item gets its own tables, figures and page; by default up to 50 items do.

    Returns
    -------
    WorkflowRun

    Raises
    ------
    InputError
        If the file or the folder cannot be used, or another run is at work in it.
    FormatError
        If the file says something that no workflow says.

    Examples
    --------
    >>> import tempfile
    >>> import perovchem as pc
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> halides = {
    ...     "title": "Halides in CsPbCl3",
    ...     "matrix": {"halide": ["Br", "I"]},
    ...     "step": [{"command": "substitute", "inputs": ["CsPbCl3"], "columns": {"verdict": "verdict"},
    ...               "settings": {"site": "Cl", "ion": "{halide}-"}}],
    ... }
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as threads:
    ...     run = pc.run_workflow(halides, output=folder, executor=threads, details=False)
    ...     run.to_dataframe()[["halide", "substitute.verdict"]]
      halide substitute.verdict
    0     Br             enters
    1      I     does not enter
    """
    workflow = source if isinstance(source, Workflow) else read_workflow(source)
    plan = workflow.plan()
    asked = Path(output) if output is not None else Path(workflow.default_output)
    with opened(asked) as folder:
        try:
            with contextlib.closing(Spool(len(plan), folder.path)) as spool:
                run = Run(plan, folder, spool, details=len(plan) <= DETAILED if details is None else details)
                run.perform(_engine(executor, workers, dask, len(plan)))
                from perovchem.workflow.finish import finished

                return finished(run)
        except OSError as error:  # the spool writes when it likes
            raise no_room(error, folder.path) from None


class Run:
    """One run: its plan, its folder, and what its items gave so far.

    Parameters
    ----------
    plan : Plan
    folder : Folder
    spool : Spool
    details : bool
    """

    def __init__(self, plan: Plan, folder: Folder, spool: Spool, *, details: bool) -> None:
        self.plan, self.folder, self.spool, self.details = plan, folder, spool, details
        self.checksums = Checksums(folder.path / "checksums.json")
        self.records = Records(folder, self.checksums)
        self.begin = time.time()
        self.n_cached = self.n_failed = self.n_done = 0
        self.seconds = 0.0
        """Of all items together."""
        self.engine = ""
        self._steps = {step.name: step.declared for step in plan.workflow.steps}

    def perform(self, engine: Engine) -> None:
        """Take what is there and compute the rest."""
        title = " ".join(self.plan.workflow.title.split())
        self.folder.log(f"begin: {title}; {len(self.plan)} items; process {os.getpid()}")
        steps = {step.declared.command for step in self.plan.workflow.steps}
        # files that items compute beside their input are there before others read them
        for commands in (steps.intersection(NOT_KEPT), steps.difference(NOT_KEPT)):
            if commands:
                self._perform(engine, commands)
                self.records.forget()

    def _perform(self, engine: Engine, commands: Set[str]) -> None:
        """Do all items of some commands."""
        missing = self._missing(commands)
        first = next(missing, None)
        if first is None:
            return
        try:
            with contextlib.closing(engine(_chained(first, missing))) as outcomes:  # ends its workers at once
                for item, outcome in outcomes:
                    self._take(item, outcome)
        except KeyboardInterrupt:
            self.folder.log(f"stopped: {self.n_done} done, {self.n_failed} failed, of {len(self.plan)}")
            raise PerovchemError(
                f"the run was stopped with {self.n_done} of {len(self.plan)} items done",
                where=str(self.folder.path),
                fix="type the same command again: it goes on where it stopped",
            ) from None

    def _missing(self, commands: Set[str]) -> Iterator[Item]:
        """Yield the items of some commands that have no record; keep what the others hold."""
        for planned in self.plan:
            if planned.item.command not in commands:
                continue
            item = self.addressed(planned)
            envelope = self.records.read(item) if self._shown(item) else None
            if envelope is None:
                yield item
            else:
                self.n_cached += 1
                self._keep(item, kept(item.key, envelope, self._steps[item.step], details=_has_page(item)))
        while self.records.damaged:
            name = self.records.damaged.pop(0)
            told = f"items/{name} was damaged and is computed again"
            self.folder.log(f"warning: {told}")
            warn(told)

    def addressed(self, planned: Planned) -> Item:
        """Return an item with its key and its folder."""
        details = str(self.folder.path / "items" / planned.folder_name) if self.details else ""
        return with_key(planned, self.records, details)

    def _shown(self, item: Item) -> bool:
        """Return whether the item's own page is there, if it is to have one; commands without one are asked once."""
        if not item.details:
            return True
        try:
            return (Path(item.details) / KEY_OF_DETAILS).read_text(encoding="ascii") == item.key
        except (OSError, ValueError):
            return False

    def _take(self, item: Item, outcome: Outcome) -> None:
        """Keep what an item gave, or why it gave nothing."""
        self.seconds += outcome.seconds
        about = f"{item.step}: {item.name}"
        if outcome.failure is not None:
            self.n_failed += 1
            told = f"failed {outcome.seconds:.2f} s {about}: {outcome.failure}"
            self.folder.log(told, outcome.failure.traceback)
            self._keep(item, Kept(item.key, outcome.failure, [], {}, {}))
            return
        self.records.write(item, outcome)
        self.folder.log(f"done {outcome.seconds:.2f} s {about}")
        envelope = envelope_of(outcome.document)
        self._keep(item, kept(item.key, envelope, self._steps[item.step], details=_has_page(item)))

    def _keep(self, item: Item, what: Kept) -> None:
        self.spool.put(item.number, what)
        self.n_done += what.failure is None
        tell("items", self.n_done + self.n_failed, len(self.plan))


def _has_page(item: Item) -> bool:
    return bool(item.details) and (Path(item.details) / "page.html").is_file()


def with_key(planned: Planned, records: Records, details: str = "") -> Item:
    """Return an item with its content address."""
    one = planned.item
    return Item(
        one.number, one.step, one.name, one.command, one.arguments, one.folder, records.key(planned), details
    )


def _chained(first: Item, rest: Iterable[Item]) -> Iterator[Item]:
    yield first
    yield from rest


def _engine(executor: Executor | None, workers: int | None, dask: str | None, n_items: int) -> Engine:
    """Return what performs items and yields them as they end."""
    from perovchem.workflow import engines
    from perovchem.workflow.threads import cores

    def run(items: Iterable[Item]) -> Generator[tuple[Item, Outcome], None, None]:
        with contextlib.ExitStack() as stack:
            pool = executor
            if pool is None:
                if dask is not None:
                    pool = stack.enter_context(engines.dask(dask))
                else:
                    pool = stack.enter_context(engines.local(workers or min(cores(), n_items)))
            yield from engines.completed(perform, items, pool)

    return run
