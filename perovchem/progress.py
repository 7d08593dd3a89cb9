"""How far long work has come, for whoever wants to know; silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from perovchem.frames import Frames

Listener = Callable[[str, int, int], None]
"""Called with what is done, frames finished, frames in all."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Report to ``listener`` inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def track(batches: Iterable[Frames], what: str, total: int) -> Iterator[Frames]:
    """Yield the batches, reporting the frames that are finished."""
    listener = _listener.get()
    done = 0
    for batch in batches:
        if listener:
            listener(what, done, total)
        yield batch
        done += len(batch)
    if listener:
        listener(what, done, total)
