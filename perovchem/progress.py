"""How far long work has come, for whoever wants to know; silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from perovchem.frames import Frames

Listener = Callable[[str, int, int], None]
"""Called with what is done, how much is finished, how much there is."""

_Item = TypeVar("_Item")
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Report to ``listener`` inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(what: str, done: int, total: int) -> None:
    """Say how much of something is finished."""
    if listener := _listener.get():
        listener(what, done, total)


def track(batches: Iterable[Frames], what: str, total: int) -> Iterator[Frames]:
    """Yield the batches, reporting the frames that are finished."""
    done = 0
    for batch in batches:
        tell(what, done, total)
        yield batch
        done += len(batch)
    tell(what, done, total)


def track_steps(items: Iterable[_Item], what: str, total: int) -> Iterator[_Item]:
    """Yield the items, reporting how many are finished."""
    for done, item in enumerate(items):
        tell(what, done, total)
        yield item
    tell(what, total, total)
