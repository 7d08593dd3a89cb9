"""Which files an item reads, told or not: Python says so whenever it opens one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import site
import stat
import sys
import sysconfig
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

_OWN: Final = tuple(
    {
        os.path.join(os.path.realpath(one), "")
        for one in (
            str(Path(__file__).parents[1]),
            *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
            *site.getsitepackages(),
            site.getusersitepackages(),
        )
    }
)
"""Folders of Python and packages: what they hold is no data, and their versions are part of an item's address."""
_MEMORIES: Final = tuple(
    one
    for one in (os.path.expanduser("~/."), os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("MPLCONFIGDIR"))
    if one
)
"""Of packages, outside of any input."""
_SYSTEM: Final = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/")
_MOST: Final = 20_000


class _Watch:
    """What is watched now: one thread, or none."""

    thread = 0
    paths: dict[str, None] = {}  # noqa: RUF012  one for the process, as the hook is
    hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or _Watch.thread != threading.get_ident():
        return
    name, mode, flags = arguments
    if isinstance(name, str | bytes | os.PathLike) and not _writes(mode, flags) and len(_Watch.paths) < _MOST:
        with contextlib.suppress(UnicodeError, ValueError, TypeError):
            _Watch.paths[os.path.abspath(os.fsdecode(name))] = None


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(one in mode for one in "wax")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_CREAT))


@contextlib.contextmanager
def watched() -> Iterator[dict[str, None]]:
    """Collect the absolute paths of the files that this thread opens to read."""
    if not _Watch.hooked:
        sys.addaudithook(_hook)  # stays for good, and does nothing between items
        _Watch.hooked = True
    found: dict[str, None] = {}
    _Watch.paths = found
    _Watch.thread = threading.get_ident()
    try:
        yield found
    finally:
        _Watch.thread = 0


def checksums_of(
    paths: dict[str, None], *, told: Collection[str] = (), without: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return path and SHA-256 of those that are data; relative below the folder one stands in.

    Parameters
    ----------
    paths : dict
        Absolute paths as keys.
    told : collection of str
        Paths whose checksums are known.
    without : str
        A folder that was written.
    """
    here = os.path.join(os.getcwd(), "")
    known = {os.path.abspath(one) for one in told}
    found = []
    apart = (os.path.join(os.path.dirname(without), ""),) if without else ()
    for path in paths:
        if path in known or path.startswith((*_MEMORIES, *apart)):
            continue
        if os.path.realpath(path).startswith((*_OWN, *_SYSTEM)):
            continue
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.stat(path).st_mode):
                with open(path, "rb") as handle:
                    sha = hashlib.file_digest(handle, "sha256").hexdigest()
                found.append((path.removeprefix(here), sha))
    return tuple(found)
