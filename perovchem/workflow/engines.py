"""Who does the work: processes of this machine, a Dask cluster, or any executor that is given.

An engine knows nothing of workflows: it carries a function and its items to those who work, and outcomes back.
"""

from __future__ import annotations

import os
import queue
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from perovchem.errors import PerovchemError, UsageError, warn
from perovchem.workflow import threads
from perovchem.workflow.items import Failure, Outcome
from perovchem.workflow.local_workers import EngineError, LocalWorkers, WorkerDiedError

_Item = TypeVar("_Item")
MOST_WORKERS: Final = 4096
_TASK: Final = 0.25
"""Seconds of work that a task of a shared engine should hold: a hundred times what it costs to send one."""
_MOST_ITEMS: Final = 32
"""Of one task."""
_AHEAD: Final = 128
"""Tasks under way in an engine whose size is not known."""
KILLED: Final = "KilledWorker"
"""What Dask raises where a worker died more often than it allows."""
_LOOK: Final = 1.0
"""Seconds between looks at an engine that gives nothing back."""


@contextmanager
def local(workers: int | None = None, *, bound: int = 1) -> Iterator[Executor]:
    """Work in processes of this machine, by default one per core.

    A process that dies takes its item along and nothing else. Leaving the block by an exception, Ctrl-C included, ends
    them at once; they also end with this process, however it ends.

    Parameters
    ----------
    workers : int, optional
    bound : int, optional
        Threads that BLAS, OpenMP, numba and polars may start in each.

    Yields
    ------
    Executor

    Raises
    ------
    UsageError
    """
    count = threads.cores() if workers is None else workers
    if not 1 <= count <= MOST_WORKERS:
        raise UsageError(f"there cannot be {count} workers", fix=f"ask for 1 to {MOST_WORKERS}")
    engine = LocalWorkers(count, bound=bound)
    try:
        yield engine
    except BaseException:
        engine.kill()
        raise
    engine.shutdown()


@contextmanager
def dask(address: str, *, patience: float = 120.0) -> Iterator[Executor]:
    """Work on a running Dask cluster.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT`` of its scheduler, or the path of its scheduler file.
    patience : float, optional
        Seconds without a single worker before the work is given up.

    Yields
    ------
    Executor

    Raises
    ------
    PerovchemError
        If there is no scheduler, no worker, or one with another version of Python, distributed or this package.
    """
    from perovchem.workflow.dask_cluster import cluster

    with cluster(address, patience=patience) as engine:
        yield engine


def completed(
    function: Callable[[_Item], Outcome], items: Iterable[_Item], executor: Executor
) -> Iterator[tuple[_Item, Outcome]]:
    """Yield every item with its outcome, as they finish.

    Only a window of the items is under way at a time. Where a worker dies, its items are tried again, each alone; an
    item at which a worker dies again has failed. A pool of the standard library that breaks is replaced by
    :func:`local`.

    Parameters
    ----------
    function : callable
        Of one item; importable by those who work.
    items : iterable
    executor : concurrent.futures.Executor
        Of :func:`local`, :func:`dask`, or any other.

    Yields
    ------
    (item, Outcome)

    Raises
    ------
    PerovchemError
        If the engine itself cannot go on. What was yielded before is sound.
    """
    with _Line(function, executor) as line:
        source = iter(items)
        while line.fill(source):
            yield from line.next()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a task brings back.

    Attributes
    ----------
    values : list
        One per item.
    visible : list of tuple of bool
        Per item that failed, which of its files the worker sees; else empty.
    host : str
    seconds : float
    """

    values: list[Any]
    visible: list[tuple[bool, ...]]
    host: str
    seconds: float


def perform_task(function: Callable[[Any], Any], items: Sequence[Any], bound: int) -> Reply:
    """Call the function on each item of a task, where the work is done."""
    begin = time.monotonic()
    if bound:
        threads.bind(bound)
    values, visible = [], []
    for item in items:
        values.append(function(item))
        visible.append(_visible(item) if _failed(values[-1]) else ())
    return Reply(values, visible, socket.gethostname(), time.monotonic() - begin)


def _failed(value: object) -> bool:
    return getattr(value, "failure", None) is not None


def _paths(item: object) -> list[str]:
    """Return what may be a file of an item: where it stands, where it writes, and what its arguments name."""
    folder, details = getattr(item, "folder", ""), getattr(item, "details", "")
    if not folder:
        return []
    found = [folder, str(Path(details or folder).parent)]
    for word in getattr(item, "arguments", ()):
        if word and not word.startswith("-"):
            found += [str(Path(folder, part)) for part in dict.fromkeys((word, *word.split("+"))) if part]
    return found


def _visible(item: object) -> tuple[bool, ...]:
    return tuple(os.path.exists(path) for path in _paths(item))


@dataclass(slots=True)
class _Task(Generic[_Item]):
    items: list[_Item]
    again: bool = False


def _alone(task: _Task[_Item]) -> Iterator[_Task[_Item]]:
    return (_Task([item], again=True) for item in task.items)


class _Line(Generic[_Item]):
    """Items on their way through an executor."""

    def __init__(self, function: Callable[[_Item], Outcome], executor: Executor) -> None:
        from perovchem.workflow import dask_cluster

        self._function = function
        self._engine = dask_cluster.wrapped(executor) if dask_cluster.is_dask(executor) else executor
        self._again: deque[_Task[_Item]] = deque()
        self._suspects: deque[_Task[_Item]] = deque()
        self._under_way: dict[Future[Reply], _Task[_Item]] = {}
        self._done: queue.SimpleQueue[Future[Reply]] = queue.SimpleQueue()
        self._seconds, self._count = 0.0, 0
        self._looked = time.monotonic()
        self._stack = ExitStack()

    def __enter__(self) -> _Line[_Item]:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._under_way:
            future.cancel()
        self._stack.close()

    @property
    def _is_local(self) -> bool:
        return isinstance(self._engine, LocalWorkers)

    def _window(self) -> int:
        if isinstance(self._engine, LocalWorkers):
            return 2 * self._engine.workers
        window = getattr(self._engine, "window", None)
        return int(window()) if callable(window) else _AHEAD

    def _size(self) -> int:
        """Return how many items a task holds: one, unless they are short and sending them costs."""
        if self._is_local or not self._count:
            return 1
        mean = self._seconds / self._count
        return max(1, min(_MOST_ITEMS, int(_TASK / max(mean, 1e-6))))

    def fill(self, source: Iterator[_Item]) -> bool:
        """Submit until the window is full or something is done; return whether anything is under way."""
        while len(self._under_way) < self._window():
            task = self._again.popleft() if self._again else _Task(list(islice(source, self._size())))
            if not task.items:
                if self._suspects and not self._under_way:
                    self._submit(self._suspects.popleft())
                break
            self._submit(task)
            if not self._done.empty():
                break
        return bool(self._under_way)

    def _submit(self, task: _Task[_Item]) -> None:
        bound = 0 if self._is_local else 1  # ours are born with it
        if not self._is_local and not hasattr(self._engine, "watch"):
            bound = 0  # the user's own: processes perhaps shared with other work
        try:
            future = self._engine.submit(perform_task, self._function, task.items, bound)
        except BrokenExecutor:
            self._replace()
            self._submit(task)
            return
        except RuntimeError as error:
            raise EngineError(f"the executor takes no work: {error}", fix="give one that is open") from None
        self._under_way[future] = task
        future.add_done_callback(self._done.put)

    def next(self) -> Iterator[tuple[_Item, Outcome]]:
        """Wait for one task; yield what it brings."""
        future = None
        while future is None:
            try:
                future = self._done.get(timeout=_LOOK)
            except queue.Empty:
                self._look()
        if time.monotonic() - self._looked > _LOOK:
            self._look()
        task = self._under_way.pop(future)
        try:
            reply = future.result()
        except CancelledError:
            told = getattr(self._engine, "dropped", None)
            fix = "run the same again: what is done is kept"
            raise (told() if told else EngineError("the executor dropped its items", fix=fix)) from None
        except BrokenExecutor:
            self._replace()
            self._again.extend(_alone(task))
        except PerovchemError:
            raise
        except Exception as error:  # noqa: BLE001  one item never stops the others
            yield from self._gone_wrong(task, error)
        else:
            self._seconds += reply.seconds
            self._count += len(task.items)
            for item, value, visible in zip(task.items, reply.values, reply.visible, strict=True):
                yield item, _explained(item, value, visible, reply.host)

    def _gone_wrong(self, task: _Task[_Item], error: Exception) -> Iterator[tuple[_Item, Outcome]]:
        """Try the items of a task again, each alone; one that was alone has failed.

        Where a worker that dies takes others' items along, the suspects wait until all else is done.
        """
        if not task.again:
            suspected = type(error).__name__ == KILLED
            (self._suspects if suspected else self._again).extend(_alone(task))
        else:
            yield task.items[0], Outcome(failure=_failure(error))

    def _replace(self) -> None:
        """Go on with workers of our own in the place of a pool that broke."""
        if self._is_local:
            return
        count = int(getattr(self._engine, "_max_workers", 0) or 1)
        warn(
            f"a worker of the given pool died, which broke it; the rest goes to {count} worker processes of our own"
        )
        self._engine = self._stack.enter_context(_ended(LocalWorkers(count)))

    def _look(self) -> None:
        self._looked = time.monotonic()
        if callable(watch := getattr(self._engine, "watch", None)):
            watch()


@contextmanager
def _ended(engine: LocalWorkers) -> Iterator[LocalWorkers]:
    try:
        yield engine
    finally:
        engine.kill()


def _explained(item: object, outcome: Outcome, visible: tuple[bool, ...], host: str) -> Outcome:
    """Return the outcome; where its worker does not see a file that is seen here, that is why it failed."""
    if outcome.failure is None or not visible:
        return outcome
    hidden = [
        path for path, there in zip(_paths(item), visible, strict=True) if not there and os.path.exists(path)
    ]
    if not hidden:
        return outcome
    return replace(
        outcome,
        failure=Failure(
            f"the worker on {host} does not see a file that is here",
            hidden[0],
            "put inputs, workflow and results on a file system that all workers share, under the same path",
        ),
    )


def _failure(error: Exception) -> Failure:
    """Return why an item whose task went wrong twice has no outcome."""
    if isinstance(error, WorkerDiedError):
        fix = "look into run.log for the last that it printed"
        if str(error) == "killed by SIGKILL":
            fix = "most often memory ran out: fewer workers, fewer frames (stride), or a larger machine"
        return Failure(f"the worker died twice: {error}", fix=fix, traceback=error.printed)
    if type(error).__name__ == KILLED:
        fix = "look into the logs of the workers; most often memory ran out or the time of a job ended"
        return Failure("the worker died, each time that the item was tried", fix=fix, traceback=str(error))
    if isinstance(error, MemoryError):
        return Failure("there is not enough memory", fix="fewer frames (stride), or a larger machine")
    message = " ".join(str(error).split())[:200]
    return Failure(
        f"the worker could not perform the item: {type(error).__name__}: {message}",
        fix="see whether it has the same perovchem as this computer",
    )
