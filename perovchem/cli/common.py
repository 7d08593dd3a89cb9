"""What every command does around its room: warnings, progress, inputs, the folder of results."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from perovchem.errors import InputError, PerovchemWarning, UsageError

if TYPE_CHECKING:
    from perovchem.frames import Frames
    from perovchem.report import Report

_T = TypeVar("_T")


def segments(text: str) -> str | list[str]:
    """Return an input as it is, or its segments where it is several paths joined by '+'."""
    if "+" not in text or os.path.exists(text):
        return text
    return [part for part in text.split("+") if part]


def pairs(texts: Sequence[str], what: str) -> dict[str, str]:
    """Return NAME=VALUE options as a dictionary."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals and value.strip()):
            raise UsageError(f"cannot read {what} {text!r}", fix="write NAME=VALUE, as in Pb-I=3.9")
        if name.strip() in found:
            raise UsageError(f"{what} {name.strip()} is given twice", fix="give it once")
        found[name.strip()] = value.strip()
    return found


def fixed_cutoffs(texts: Sequence[str]) -> dict[str, float]:
    """Return PAIR=LENGTH options, Å."""
    found = {}
    for pair, value in pairs(texts, "the cutoff").items():
        try:
            found[pair] = float(value)
        except ValueError:
            raise UsageError(f"the cutoff {pair}={value} is no number", fix="write a length in Å") from None
    return found


def anions(opened: Mapping[str, Frames]) -> list[str]:
    """Return the elements that bind metals in these runs: what --ligand is by default.

    Sulfur counts unless all of it is bonded to oxygen: DMSO and sulfates bind by their oxygen.
    """
    present = {symbol for frames in opened.values() for symbol in frames.species}
    found: list[str] = [symbol for symbol in ("I", "Br", "Cl", "F", "O", "S") if symbol in present]
    if {"O", "S"} <= present and not any(_free_sulfur(frames) for frames in opened.values()):
        found.remove("S")
    if not found:
        raise UsageError("none of F, Cl, Br, I, O, S is there to bind", fix="name the elements with --ligand")
    return found


def _free_sulfur(frames: Frames) -> bool:
    """Return whether a sulfur of the first frame is bonded to no oxygen."""
    import numpy as np

    from perovchem.molecules import find_molecules

    chosen = np.flatnonzero(np.isin(frames.species, ("O", "S")))
    symbols = tuple(frames.species[k] for k in chosen)
    first = frames[:1]
    found = find_molecules(symbols, first.fractional_positions[0][chosen], first.kernel_cells[0])
    return any("S" in formula and "O" not in formula for formula in found.formulas)


class Notes(list[str]):
    """Warnings of one command, each once and with the run it is about; printed to stderr as they come."""

    about: str = ""
    """Run that is being read; goes in front."""

    def take(self, message: object) -> None:
        """Add one warning."""
        sentence = str(message)
        if self.about and not sentence.startswith(f"{self.about}: "):
            sentence = f"{self.about}: {sentence}"
        if sentence not in self:
            self.append(sentence)
            sys.stderr.write(f"warning: {sentence}\n")

    def each(self, opened: Mapping[str, _T]) -> Iterator[tuple[str, _T]]:
        """Go through the runs; what is told meanwhile names its run where there are several."""
        try:
            for called, one in opened.items():
                self.about = called if len(opened) > 1 else ""
                yield called, one
        finally:
            self.about = ""


@contextmanager
def collected_warnings() -> Iterator[Notes]:
    """Collect our warnings while a command runs; those of other packages are not shown."""
    notes = Notes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", PerovchemWarning)
        warnings.showwarning = lambda message, *_args, **_kwargs: notes.take(message)
        yield notes


@cache
def tell_when_compiling() -> None:
    """Say once that kernels are compiled, which happens in the first run after an installation."""
    from numba.core import event

    class Teller(event.Listener):  # type: ignore[misc]  # numba carries no types
        told = False

        def on_start(self, _event: object) -> None:
            if not self.told:
                sys.stderr.write("compiling kernels; only the first run after an installation does\n")
            self.told = True

        def on_end(self, _event: object) -> None:
            """Nothing to say."""

    event.register("numba:compile", Teller())


class _Bar:
    """What a progress bar shows: how far, and how long it still takes at the speed so far."""

    every: Final = 0.1
    """Seconds between two looks."""

    def __init__(self) -> None:
        self._what, self._begin, self._first, self._last = "", 0.0, 0, -1.0

    def text(self, what: str, done: int, total: int, now: float) -> str:
        """Return the line, or "" where the last one is new enough."""
        if what != self._what or done < self._first:
            self._what, self._begin, self._first, self._last = what, now, done, -1.0
        if not total or (now - self._last < self.every and done < total):
            return ""
        self._last = now
        filled = min(30 * done // total, 30)
        line = f"{what} [{'=' * filled}{' ' * (30 - filled)}] {done}/{total}"
        if done - self._first > 0 and done < total and now - self._begin > 1.0:
            line += f", {_duration((now - self._begin) * (total - done) / (done - self._first))} left"
        return line


def _duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> _duration(42.3), _duration(150), _duration(9000), _duration(200_000)
    ('42 s', '2.5 min', '2.5 h', '2.3 d')
    """
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


@contextmanager
def progress() -> Iterator[None]:
    """Show how far work that takes longer than a second has come; silent off a terminal."""
    tell_when_compiling()
    if not sys.stderr.isatty():
        yield
        return
    from perovchem.progress import listening

    begin = time.monotonic()
    bar = _Bar()

    def show(what: str, done: int, total: int) -> None:
        if (text := bar.text(what, done, total, time.monotonic())) and time.monotonic() - begin > 1.0:
            sys.stderr.write(f"\r{text}\033[K")
            sys.stderr.flush()

    with listening(show):
        yield
    if time.monotonic() - begin > 1.0:
        sys.stderr.write("\r\033[K")


def folder(path: Path) -> Path:
    """Return the folder of results, made if needed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the output folder cannot be made: {error.strerror}",
            where=str(path),
            fix="choose another folder",
        ) from None
    return path


def stems_of(labels: Iterable[str]) -> dict[str, str]:
    """Return a part of a file name for each label: plain letters, no two alike."""
    stems = {label: re.sub(r"[^A-Za-z0-9._-]+", "_", label) for label in labels}
    if len(set(stems.values())) < len(stems):
        stems = {label: f"{stem}_{k}" for k, (label, stem) in enumerate(stems.items(), 1)}
    return stems


def labels_of(runs: Sequence[str], labels: list[str] | None) -> list[str]:
    """Return one label per run: as given, or as many parts of the paths as tell all of them apart."""
    if labels is not None:
        if len(labels) != len(runs) or len(set(labels)) != len(labels) or not all(map(str.strip, labels)):
            raise UsageError(
                f"{len(labels)} label{'s' * (len(labels) != 1)} for {len(runs)} run{'s' * (len(runs) != 1)}",
                fix="give each run one label of its own",
            )
        return labels
    parts = [Path(run).parts or (run,) for run in runs]
    for depth in range(1, max(map(len, parts)) + 1):
        found = ["/".join(part[-depth:]) for part in parts]
        if len(set(found)) == len(found):
            return found
    return [f"{run} ({number})" for number, run in enumerate(runs, 1)]


def open_runs(
    runs: Sequence[str],
    labels: list[str] | None,
    notes: Notes,
    *,
    timestep: float | None,
    discard: str | None,
    start: int | None,
    stop: int | None,
    stride: int | None,
) -> dict[str, Frames]:
    """Open every run under its label; what is told while one opens names it."""
    from perovchem.reading import read_frames

    named = dict(zip(labels_of(runs, labels), runs, strict=True))
    return {
        called: read_frames(
            segments(run), timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        for called, run in notes.each(named)
    }


_collected: ContextVar[list[Report | dict[str, Any]] | None] = ContextVar("collected", default=None)


@contextmanager
def collecting() -> Iterator[list[Report | dict[str, Any]]]:
    """Hand over what commands would show, in the place of showing it: reports, or bare JSON objects."""
    found: list[Report | dict[str, Any]] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def _taken(shown: Report | dict[str, Any]) -> bool:
    """Return whether somebody collects, so that nothing is to be printed."""
    found = _collected.get()
    if found is not None:
        found.append(shown)
    return found is not None


def emit_json(document: dict[str, Any]) -> None:
    """Print a JSON object, see :func:`perovchem.result.envelope`."""
    from perovchem.result import to_json

    if not _taken(document):
        typer.echo(to_json(document))


def emit(report: Report, *, as_json: bool, output: Path | None) -> None:
    """Print a report as table or JSON, and fill the folder of results."""
    if _taken(report):
        return
    typer.echo(report.to_json() if as_json else str(report))
    if output is not None:
        from perovchem.report.folder import write

        with progress():
            written = write(report, folder(output), command_line=shlex.join(["perovchem", *sys.argv[1:]]))
        typer.echo("wrote " + ", ".join(str(path) for path in written), err=True)
