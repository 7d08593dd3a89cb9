"""One run at a time in a folder of results: a lock that the system releases when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path

from perovchem.errors import InputError, warn

NAME = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; refuse where another process holds it.

    Raises
    ------
    InputError
        Says which process on which machine works there.
    """
    path = folder / NAME
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InputError(
            f"the folder of results cannot be written: {error.strerror}",
            where=str(path),
            fix="choose another folder",
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError("the lock is no file", where=str(path), fix="choose another folder")
        if _take(handle, path):
            with contextlib.suppress(OSError):  # who holds it is only told
                os.ftruncate(handle, 0)
                os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> bool:
    """Lock a file; return whether the file system can."""
    try:
        import fcntl
    except ImportError:  # not a system that has them
        warn("this system locks no files: do not run twice into one folder")
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN):
            warn(f"the file system cannot lock ({error.strerror}): do not run twice into one folder")
            return False
        raise InputError(
            f"another run is at work in this folder{_holder(handle)}",
            where=str(path.parent),
            fix="wait until it ends, or name another folder with --output",
        ) from None
    return True


def _holder(handle: int) -> str:
    """Return who holds a lock, as far as it says."""
    try:
        told = json.loads(os.pread(handle, 1000, 0))
        return f" (process {int(told['pid'])} on {str(told['host'])[:80]})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
