"""The folder of results: files in it are whole or not there, and nothing is ever written through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from perovchem.errors import InputError, PerovchemError
from perovchem.report.inline import printable
from perovchem.workflow.lock import NAME as LOCK
from perovchem.workflow.lock import locked

_BEGINNING: Final = ".part-"


class Folder:
    """A folder of results that this process holds.

    Parameters
    ----------
    path : Path
        Absolute.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def writing(self, name: str, mode: str = "w", *, lasting: bool = True) -> Iterator[IO[Any]]:
        """Open a file that takes its name when all of it is on the disk.

        What does not last is whole too, unless the machine itself stops.

        Raises
        ------
        InputError
            If there is no room, or no right, to write.
        """
        path = self.path / name
        part = path.with_name(f"{_BEGINNING}{secrets.token_hex(8)}")
        try:
            with part.open(mode.replace("w", "x"), **_as_text(mode)) as handle:
                yield handle
                handle.flush()
                if lasting:
                    os.fsync(handle.fileno())
            os.replace(part, path)
        except OSError as error:
            raise no_room(error, path) from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def write(self, name: str, text: str, *, lasting: bool = True) -> None:
        """Write a file whole."""
        with self.writing(name, lasting=lasting) as handle:
            handle.write(text)

    def log(self, line: str, below: str = "") -> None:
        """Add a line to the log, and lines below it; text of strangers cannot steer the terminal that shows it."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
        text = "\n    ".join(printable(one) for one in [line.replace("\n", "?"), *below.splitlines()])
        try:
            handle = os.open(
                self.path / "run.log",
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC,
                0o644,
            )
            try:
                os.write(handle, f"{stamp} {text}\n".encode(errors="replace"))
            finally:
                os.close(handle)
        except OSError as error:
            raise no_room(error, self.path / "run.log") from None


def _as_text(mode: str) -> dict[str, Any]:
    return {} if "b" in mode else {"encoding": "utf-8", "newline": ""}


def no_room(error: OSError, path: Path) -> PerovchemError:
    """Return what to say of a file that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    fix = "make room" if full else "check the rights"
    return InputError(
        f"the results cannot be written: {error.strerror or error}",
        where=str(path),
        fix=f"{fix}, then type the same command again: it goes on where it stopped",
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """Hold a folder of results, made if needed.

    Raises
    ------
    InputError
        If it cannot be made, holds other things, or another run is at work in it.
    """
    path = Path(os.path.abspath(path))  # as named: links stay
    with contextlib.ExitStack() as stack:
        try:
            path.mkdir(parents=True, exist_ok=True)
            ours = (path / LOCK).exists() or (path / "items").is_dir()
            if not ours and next(path.iterdir(), None) is not None:
                raise InputError(
                    "the folder holds other things",
                    where=str(path),
                    fix="name a new or empty folder with --output",
                )
            stack.enter_context(locked(path))
            items = path / "items"
            if items.is_symlink():
                raise InputError("the folder of items is a link", where=str(items), fix="name another folder")
            items.mkdir(exist_ok=True)
            for part in (
                *path.glob(f"{_BEGINNING}*"),
                *items.glob(f"{_BEGINNING}*"),
            ):  # of a run that was killed
                _remove(part)
        except OSError as error:
            raise InputError(
                f"the folder of results cannot be used: {error.strerror or error}",
                where=str(error.filename or path),
                fix="choose another folder with --output",
            ) from None
        yield Folder(path)


def _remove(path: Path) -> None:
    """Remove what a killed run left; links themselves, not what they point to."""
    import shutil

    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
