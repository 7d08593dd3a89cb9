"""One item of a plan, performed: a command in this process, its JSON or its error; the types that engines carry."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shlex
import shutil
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perovchem.errors import LONGEST, PerovchemError
from perovchem.workflow import reads

if TYPE_CHECKING:
    from perovchem.report import Report

_ONE_AT_A_TIME: Final = threading.RLock()
"""The folder one stands in and the streams belong to the whole process: its items take turns."""


KEY_OF_DETAILS: Final = ".key"
"""File in the folder of an item that says what the folder shows."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one ``perovchem COMMAND INPUT... [options]`` is told.

    Attributes
    ----------
    number : int
        Place in the plan, from 0.
    step : str
        Name of its step.
    name : str
        Its inputs and matrix values; unique within the step.
    command : str
    arguments : tuple of str
        Options and inputs, as one types them behind the command.
    folder : str
        The folder that relative inputs lie in: that of the workflow file, absolute.
    key : str
        Content address of its record; "" where none was made.
    details : str
        Folder that the command's own tables, figures and page go to, absolute; "" for none.
    """

    number: int
    step: str
    name: str
    command: str
    arguments: tuple[str, ...]
    folder: str
    key: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no result.

    Attributes
    ----------
    what, where, fix : str
        As an error of this package says them.
    traceback : str
        Of an error that is none of this package's; goes to the log alone.
    """

    what: str
    where: str = ""
    fix: str = ""
    traceback: str = ""

    def __str__(self) -> str:
        """Return it as one sentence."""
        place = f" ({self.where})" if self.where else ""
        return f"{self.what}{place}." + (f" Fix: {self.fix}." if self.fix else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: its JSON, or why there is none.

    Attributes
    ----------
    document : str
        The object that ``--json`` prints, on one line; "" if it failed.
    failure : Failure or None
    seconds : float
        That it took.
    read : tuple of (path, checksum)
        Files that it has read and its JSON does not tell of, relative ones below the folder of the item.
    """

    document: str = ""
    failure: Failure | None = None
    seconds: float = 0.0
    read: tuple[tuple[str, str], ...] = ()


def perform(item: Item) -> Outcome:
    """Run an item in this process; whatever goes wrong is in the outcome.

    Its files are looked for in its folder, where the process stands meanwhile. Items of one process take turns.
    """
    begin = time.monotonic()
    document, failure = "", None
    read: tuple[tuple[str, str], ...] = ()
    try:
        with _ONE_AT_A_TIME, _standing_in(item.folder), _silent():
            with reads.watched() as paths:
                document, told = _run(item)
            read = reads.checksums_of(paths, told=told, without=item.details)
    except PerovchemError as error:
        failure = Failure(error.what, error.where, error.fix)
    except (Exception, SystemExit) as error:  # noqa: BLE001  one item never stops the others
        failure = _told(error, item.command)
    return Outcome(document, failure, time.monotonic() - begin, read)


def _run(item: Item) -> tuple[str, tuple[str, ...]]:
    """Return the JSON object of an item on one line, and the files it tells of; fill its folder of details."""
    from perovchem.cli.common import collecting
    from perovchem.result import jsonable, to_json

    with collecting() as collected:
        _commands()([item.command, "--json", *item.arguments], prog_name="perovchem", standalone_mode=False)
    if len(collected) != 1:
        raise RuntimeError(f"{len(collected)} reports of one command")
    shown = collected[0]
    envelope = jsonable(shown if isinstance(shown, dict) else shown.to_dict())
    document = to_json(envelope, indent=None)
    if item.details:
        _write_details(item, shown)
    return document, tuple(one["path"] for one in envelope["inputs"])


@cache
def _commands() -> Callable[..., object]:
    """Return the commands, made from their signatures once: that takes longer than a small item."""
    from typer.main import get_command

    from perovchem.cli import app

    return get_command(app)


def _write_details(item: Item, shown: Report | dict[str, Any]) -> None:
    """Write what the command's own -o writes: into a new folder, which then takes its name."""
    from perovchem.report.folder import write

    folder = Path(item.details)
    new = folder.with_name(f".part-{secrets.token_hex(8)}")
    new.mkdir()
    try:
        if not isinstance(shown, dict):  # a command without a page
            write(shown, new, command_line=shlex.join(["perovchem", item.command, *item.arguments]))
        (new / KEY_OF_DETAILS).write_text(item.key, encoding="ascii")
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _told(error: BaseException, command: str) -> Failure:
    """Return an error that is none of ours in our form."""
    message = " ".join(str(error).split())[:LONGEST]
    if callable(in_words := getattr(error, "format_message", None)):  # of the parser of options
        return Failure(str(in_words()).rstrip("."), fix=f"see perovchem {command} --help")
    if isinstance(error, MemoryError):
        return Failure("there is not enough memory", fix="give the item a larger machine, or fewer frames")
    if isinstance(error, OSError) and error.strerror:
        return Failure(
            f"a file cannot be read or written: {error.strerror}",
            str(error.filename or ""),
            "make room, or check rights",
        )
    whole = "".join(traceback.format_exception(error))
    return Failure(
        f"internal error: {type(error).__name__}: {message}",
        fix="report it with the lines of run.log; the other items are not touched",
        traceback=whole[-20_000:],
    )


@contextlib.contextmanager
def _standing_in(folder: str) -> Iterator[None]:
    """Let relative paths be those of a folder."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep what a command prints from the terminal: its warnings are in its JSON."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")  # of other packages, while pages are drawn
        yield


def envelope_of(document: str) -> dict[str, Any]:
    """Return the JSON object of an outcome."""
    import json

    found: dict[str, Any] = json.loads(document)
    return found
