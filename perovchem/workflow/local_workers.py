"""Worker processes of this machine, as an executor.

Not those of the standard library, for four reasons: there the death of one worker breaks the pool and hides which item
it was; workers outlive a parent that was killed; the main module of the caller is run again in each of them, before
their libraries can be bounded; and how a worker died is not told. Here every worker has an item of its own, ends with
its parent, knows nothing of the main module, and is started again when it dies.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, ParamSpec, TypeVar

from perovchem.errors import InputError
from perovchem.workflow import threads
from perovchem.workflow.worker import READY, arguments_of_python, receive, send

_P = ParamSpec("_P")
_T = TypeVar("_T")
STARTS: Final = 3
"""Times that a worker which ends before it can begin is started."""
KEPT: Final = 4000
"""Bytes of what a worker printed before it died."""


class EngineError(InputError):
    """Those who should do the work cannot be had."""


class WorkerDiedError(RuntimeError):
    """A worker process ended while it worked.

    Attributes
    ----------
    status : int
        Its exit status; negative: the signal.
    printed : str
        The last that it printed.
    """

    def __init__(self, status: int, printed: str = "") -> None:
        super().__init__(status, printed)
        self.status, self.printed = status, printed

    def __str__(self) -> str:
        """Return how it ended."""
        if self.status >= 0:
            return f"ended with status {self.status}"
        try:
            return f"killed by {signal.Signals(-self.status).name}"
        except ValueError:
            return f"killed by signal {-self.status}"


class _Process:
    """One worker process, as its thread in the caller sees it."""

    def __init__(self, bound: int) -> None:
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        try:
            self.process = subprocess.Popen(
                arguments_of_python(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.printed,
                env=threads.environment(bound),
                start_new_session=True,  # Ctrl-C is the caller's; what a worker starts ends with it
            )
        except OSError as error:
            self.printed.close()
            raise _not_started(error.strerror or str(error)) from None
        assert self.process.stdin is not None  # noqa: S101  for the types
        assert self.process.stdout is not None  # noqa: S101
        self.calls, self.answers = self.process.stdin, self.process.stdout
        if (first := self.answers.read(len(READY))) != READY:
            status, last = self.end(), self.last_words().strip().splitlines()
            said = f"Python prints {first!r} at its start" if first else str(WorkerDiedError(status))
            raise _not_started(last[-1] if last else said)

    def ask(self, call: bytes) -> tuple[bool, Any]:
        """Return whether the call went well, and its value or what it raised."""
        with contextlib.suppress(OSError):
            send(self.calls, call)
        answer = None
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed
            answer = receive(self.answers)
        if answer is None:
            status = self.end()
            raise WorkerDiedError(status, self.last_words())
        well, value = pickle.loads(answer)  # noqa: S301  from a process that we have started
        return well, value

    def kill(self) -> None:
        """End it at once, with what it has started."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def end(self) -> int:
        """End a process that has nothing to do or has died, and what it has started; return its status."""
        self.kill()  # the status of one that has died stays what it was
        status = self.process.wait()
        for stream in (self.calls, self.answers):
            with contextlib.suppress(OSError):
                stream.close()
        return status

    def last_words(self) -> str:
        """Return the end of what it has printed."""
        size = self.printed.seek(0, os.SEEK_END)
        self.printed.seek(max(0, size - KEPT))
        text = self.printed.read(KEPT).decode("utf-8", "replace")
        self.printed.close()
        return text


def _not_started(why: str) -> EngineError:
    return EngineError(
        f"a worker process cannot be started: {why[:200]}",
        fix="see whether python -c 'import perovchem.workflow' works; ask for fewer workers",
    )


class LocalWorkers(Executor):
    """So many worker processes; each has its libraries bounded to so many threads.

    Parameters
    ----------
    workers : int
    bound : int, optional
        Threads of each library in each worker.
    """

    def __init__(self, workers: int, *, bound: int = 1) -> None:
        self.workers, self._bound = workers, bound
        self._calls: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: set[_Process] = set()
        self._idle = 0
        self._open = self._alive = True

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Have ``fn(*args)`` called by the next worker that is free."""
        if kwargs:
            raise TypeError("keyword arguments do not reach a worker")
        future: Future[_T] = Future()
        call = pickle.dumps((fn, args))
        with self._lock:
            if not self._open:
                raise RuntimeError("the workers have been sent home")
            self._calls.put((future, call))
            if self._calls.qsize() > self._idle and len(self._threads) < self.workers:
                thread = threading.Thread(target=self._work, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def _work(self) -> None:
        """Go through calls with a process of one's own."""
        process: _Process | None = None
        not_started: EngineError | None = None
        while True:
            if process is None:  # before an item is taken, which then need not wait for it
                try:
                    process, not_started = self._started(), None
                except EngineError as error:
                    not_started = error
            with self._lock:
                self._idle += 1
            taken = self._calls.get()
            with self._lock:
                self._idle -= 1
            if taken is None:
                break
            future, call = taken
            if not future.set_running_or_notify_cancel():
                continue
            if process is None:
                future.set_exception(not_started)
                continue
            try:
                well, value = process.ask(call)
            except Exception as error:  # noqa: BLE001  the item's, whatever it is
                self._forget(process)
                process = None
                future.set_exception(error)
            else:
                future.set_result(value) if well else future.set_exception(value)
        if process is not None:
            self._forget(process)
            process.end()
            process.printed.close()

    def _started(self) -> _Process:
        for left in reversed(range(STARTS)):
            try:
                process = _Process(self._bound)
                break
            except EngineError:  # killed before it could begin, perhaps
                if not left or not self._alive:
                    raise
        with self._lock:
            self._processes.add(process)
            if not self._alive:
                process.kill()
        return process

    def _forget(self, process: _Process) -> None:
        with self._lock:
            self._processes.discard(process)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002, RUF100
        """Let the workers finish and end; with ``cancel_futures`` only what is under way."""
        with self._lock:
            self._open = False
        if cancel_futures:
            self._cancel()
        for _ in self._threads:
            self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End the workers at once; what was under way is lost."""
        with self._lock:
            self._open = self._alive = False
            for process in self._processes:
                process.kill()
        self.shutdown(cancel_futures=True)

    def _cancel(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                if taken := self._calls.get_nowait():
                    taken[0].cancel()
