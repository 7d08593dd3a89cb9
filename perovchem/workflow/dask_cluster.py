"""A running Dask cluster as an executor: reached, looked over, and watched while it works."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from perovchem.errors import MissingDataError, UsageError
from perovchem.version import __version__
from perovchem.workflow.checksums import source_digest
from perovchem.workflow.local_workers import EngineError

if TYPE_CHECKING:
    from distributed import Client

_P = ParamSpec("_P")
_T = TypeVar("_T")
CONNECT: Final = 15.0
"""Seconds that a scheduler may take to answer."""
PATIENCE: Final = 120.0
"""Seconds without a single worker before the work is given up."""
PATIENCE_OF_USERS: Final = 86_400.0
"""The same where the cluster is the user's own object: its jobs may wait in a queue, and it asks for new ones."""
_AHEAD: Final = 3
"""Tasks per thread that wait at the scheduler, so that none is idle."""


@contextmanager
def cluster(address: str, *, patience: float = PATIENCE) -> Iterator[DaskWorkers]:
    """Work on the cluster whose scheduler has this address."""
    client = _connected(address)
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it would tell of lost workers is told by us, or mended
    try:
        workers = DaskWorkers(client, address, patience=patience)
        workers.look_over()
        yield workers
    finally:
        with contextlib.suppress(Exception):  # it may be gone
            client.close(5)
        log.setLevel(level)


def _connected(address: str) -> Client:
    """Return a client of the scheduler at this address, or whose scheduler file this is."""
    try:
        import distributed
    except ImportError:
        raise MissingDataError(
            "dask's distributed is not installed", fix="pip install 'perovchem[dask]'"
        ) from None
    is_file = os.path.isfile(address)  # any words are no file
    if is_file:
        address = _address_in(address)
    elif not address.startswith(("tcp://", "tls://", "ucx://", "ws://", "wss://", "inproc://")):
        raise UsageError(
            f"{address!r} is no address of a Dask scheduler",
            fix="write tcp://HOST:PORT as dask scheduler prints it, or the path of its scheduler file",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions are compared below
        try:
            with ThreadPoolExecutor(1) as aside:  # here may run a loop already, as in a notebook
                kind = aside.submit(asyncio.run, _kind(address)).result()
            if kind == "Scheduler":
                return distributed.Client(address, timeout=CONNECT, set_as_default=False, name="perovchem")
            why = f"there is a {kind}"
        except Exception as error:  # noqa: BLE001  a scheduler of another age, or something that is none
            why = " ".join(str(error).split())[:200] or "something else is there, or it is too busy"
    raise EngineError(
        f"no Dask scheduler answers: {why}",
        where=address,
        fix="start one with 'dask scheduler', and take the address that it prints; between machines it must be "
        f"reachable, and run distributed {distributed.__version__} as here",
    )


async def _kind(address: str) -> str:
    """Return what a server of Dask calls itself; TimeoutError from any other."""
    from distributed.core import rpc
    from distributed.security import Security

    async def ask() -> str:
        arguments = Security().get_connection_args("client")
        async with rpc(address, connection_args=arguments, timeout=CONNECT) as server:
            return str((await server.identity())["type"])

    return await asyncio.wait_for(ask(), CONNECT + 1)


def _address_in(path: str) -> str:
    """Return the address in a scheduler file."""
    try:
        with open(path, "rb") as handle:
            return str(json.loads(handle.read(1_000_000))["address"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            "this is no scheduler file of Dask",
            where=path,
            fix="take what dask scheduler --scheduler-file FILE writes",
        ) from None


class DaskWorkers(Executor):
    """The workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    address : str
        For messages.
    patience : float, optional
        Seconds without a worker before the work is given up.
    """

    def __init__(self, client: Client, address: str, *, patience: float = PATIENCE) -> None:
        self._client, self._address, self._patience = client, address, patience
        self._executor = client.get_executor(pure=False)
        self._threads = 0
        self._last_seen = time.monotonic()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Have ``fn(*args)`` called on the cluster."""
        future: Future[_T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002, RUF100
        """Take no more work."""
        self._executor.shutdown(wait=wait and not cancel_futures)

    def window(self) -> int:
        """Return how many tasks may be under way."""
        return max(16, _AHEAD * self._threads)

    def watch(self) -> None:
        """Look whether there are still workers; raises if the scheduler or all of them are gone."""
        if self._client.status not in ("running", "connecting"):
            raise self._gone()
        with contextlib.suppress(Exception):  # the scheduler may be busy, or away for a moment
            found = self._client.scheduler_info(n_workers=-1)
            self._threads = sum(int(one["nthreads"]) for one in found["workers"].values())
            if self._threads:
                self._last_seen = time.monotonic()
        if time.monotonic() - self._last_seen > self._patience:
            raise EngineError(
                f"for {self._patience:.0f} s there has been no worker",
                where=self._address,
                fix="start workers and run the same again: what is done is kept; in a queue, first wait for the jobs",
            )

    def dropped(self) -> EngineError:
        """Return what to say when the scheduler forgets what it was told."""
        return self._gone()

    def _gone(self) -> EngineError:
        return EngineError(
            "the Dask scheduler is gone",
            where=self._address,
            fix="start it and its workers, and run the same again: what is done is kept",
        )

    def look_over(self) -> None:
        """Wait for a worker; refuse workers that would not compute the same."""
        import distributed

        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except TimeoutError:
            raise EngineError(
                f"the scheduler has no workers, and none came within {self._patience:.0f} s",
                where=self._address,
                fix=f"start some: dask worker {self._address} --nworkers 4 --nthreads 1",
            ) from None
        self.watch()
        mine = (
            __version__,
            source_digest(),
            f"{sys.version_info[0]}.{sys.version_info[1]}",
            distributed.__version__,
        )
        found: dict[str, Any] = self._client.run(about, on_error="return")
        names = ("perovchem", "the code of perovchem", "Python", "distributed")
        for worker, told in found.items():
            if isinstance(told, BaseException):
                what = (
                    f"a worker cannot load perovchem {__version__}: {type(told).__name__}: {str(told)[:150]}"
                )
            elif tuple(told[1:]) == mine:
                continue
            else:
                k = [a == b for a, b in zip(told[1:], mine, strict=True)].index(False)
                short = (told[1 + k][:12], mine[k][:12])
                what = f"{names[k]} of a worker on {told[0]} is {short[0]}, here it is {short[1]}"
            raise EngineError(
                what,
                where=f"{self._address}, worker {worker}",
                fix="start the workers with the same environment: python -m distributed.cli.dask_worker of this Python",
            )


def about() -> tuple[str, str, str, str, str]:
    """Return host, version, code, Python and distributed of this process."""
    import distributed

    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return socket.gethostname(), __version__, source_digest(), python, distributed.__version__


def is_dask(executor: Executor) -> bool:
    """Return whether a user's executor is one of ``distributed.Client.get_executor``."""
    return type(executor).__module__.startswith("distributed.") and hasattr(executor, "_client")


def wrapped(executor: Executor) -> DaskWorkers:
    """Return a user's ``client.get_executor()`` as ours."""
    client = executor._client  # type: ignore[attr-defined]  # noqa: SLF001, RUF100  it has no public name
    address = str(client.scheduler.address if client.scheduler else "the cluster")
    found = DaskWorkers(client, address, patience=PATIENCE_OF_USERS)
    found.watch()
    return found
