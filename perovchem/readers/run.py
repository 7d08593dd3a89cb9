"""A file, a run folder, or several segments of one run, as Frames."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.errors import FormatError, InputError, PerovchemError, UsageError, warn
from perovchem.frames import Floats, Frames, FrameSource
from perovchem.readers.clock import labels_of, plain_name, seams, set_clock, shared
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.incar import LONGEST_STEP, SHORTEST_STEP
from perovchem.readers.joined import JoinedSource, Segment, join
from perovchem.readers.sniff import identify

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

TRAJECTORIES: Final = ("XDATCAR", "vasprun.xml", "CASTEP .md")
NO_RUN: Final = "the folder holds no run"
LOOKED_FOR: Final = "XDATCAR, vasprun.xml, SEED.md, CONTCAR, POSCAR, *.cif (plain, .gz, .bz2 or .xz)"
_MOST_FILES: Final = 2000
_NUMBER: Final = re.compile(r"(.*?)(\d+)")
_XDATCAR: Final = re.compile(r"(?:(\d+)[._-]?)?XDATCAR(?:[._-]?(\d+))?")
_VASPRUN: Final = re.compile(r"(?:(\d+)[._-]?)?vasprun(?:[._-]?(\d+))?\.xml(?:[._-]?(\d+))?")


@dataclass(frozen=True, slots=True)
class Opened:
    """An input made ready: its frames, their times, and what must be told."""

    source: FrameSource
    times: Floats | None
    notes: tuple[str, ...]


def open_run(path: Paths, timestep: float | None = None) -> Frames:
    """Open whatever a chemist points at: a file, a run folder, or the segments of one run.

    Parameters
    ----------
    path : path or sequence of paths
        XDATCAR, vasprun.xml, CASTEP .md, POSCAR, CONTCAR or CIF, told by content and also as .gz, .bz2 or
        .xz; a folder that holds one of these, or numbered segments (run_01, run_02 ...; XDATCAR_1,
        XDATCAR_2 ...); or several of these, joined in the order given.
    timestep : float, optional
        fs per step of molecular dynamics, where no file states it or another one is wanted.

    Returns
    -------
    Frames
        All frames; ``warnings`` holds what was lost, joined, ignored or assumed.

    Raises
    ------
    InputError
        If nothing usable is there, or two things are equally good.
    UsageError
        If the time step is not a positive number.
    """
    opened = open_input(path, timestep)
    for note in opened.notes:
        warn(note)
    return Frames(
        source=opened.source,
        frame_numbers=np.arange(opened.source.n_frames),
        times=opened.times,
        warnings=opened.notes,
    )


def open_input(path: Paths, timestep: float | None = None) -> Opened:
    """As :func:`open_run`, without raising warnings."""
    check_timestep(timestep)
    paths = [Path(path)] if isinstance(path, str | os.PathLike) else [Path(one) for one in path]
    if not paths:
        raise UsageError(
            "no input was given", fix="name a file, a run folder, or several segments of one run"
        )
    if len(set(paths)) < len(paths):
        raise UsageError("the same segment is given twice", where=str(paths[0]), fix="name each segment once")
    found = _Found()
    for one in paths:
        if os.path.isdir(one):
            _open_folder(one, found)
        else:
            found.sources.append(open_source(open_bytes(one)))
    return _assemble(found, timestep)


def check_timestep(timestep: float | None) -> None:
    """Refuse what is no time step, fs; None is "not given"."""
    if timestep is not None and not SHORTEST_STEP <= timestep <= LONGEST_STEP:
        raise UsageError(f"a time step of {timestep} fs", fix="give a positive number of fs per MD step")


def open_source(file: FileBytes) -> FrameSource:
    """Open one file by its content.

    Raises
    ------
    InputError
        If it holds no frames.
    """
    kind = identify(file)
    source = _opener(kind, file)(file)
    if source.n_frames == 0:
        raise FormatError(
            "it holds no complete frame", where=str(file.path), fix="check that the run has begun"
        )
    return source


def _opener(kind: str, file: FileBytes) -> Callable[[FileBytes], FrameSource]:
    """Return the reader of a format; readers are imported when they are needed."""
    if kind == "XDATCAR":
        from perovchem.readers.xdatcar import open_xdatcar

        return open_xdatcar
    if kind == "vasprun.xml":
        from perovchem.readers.vasprun import open_vasprun

        return open_vasprun
    if kind == "CASTEP .md":
        from perovchem.readers.castep_md import open_castep_md

        return open_castep_md
    if kind in ("POSCAR", "CIF"):
        from perovchem.readers.structure import open_structure

        return open_structure
    raise InputError(
        f"no positions are read from this {kind}",
        where=str(file.path),
        fix="give the trajectory (XDATCAR, vasprun.xml, CASTEP .md) or the run folder",
    )


@dataclass(slots=True)
class _Found:
    """What will be joined, and how it was chosen."""

    sources: list[FrameSource] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _assemble(found: _Found, timestep: float | None) -> Opened:
    """Give each source its clock, cut it where it restarts, and join what is more than one."""
    notes = list(found.notes)
    segments: list[Segment] = []
    names = _names([source.files[0] for source in found.sources])
    for source, name in zip(found.sources, names, strict=True):
        notes += source.notes
        times, told = set_clock(source, timestep)
        notes += told
        bounds = [0, *seams(source).tolist(), source.n_frames]
        for start, stop in pairwise(bounds):
            frames = np.arange(start, stop)
            label = name if len(bounds) == 2 else f"{name} frames {start}-{stop - 1}"
            segments.append(Segment(source, frames, None if times is None else times[frames], label))
        if len(bounds) > 2:
            notes.append(f"{name} holds {len(bounds) - 1} runs one after the other; they were joined")
    if len(segments) == 1:
        source = segments[0].source
        if source.steps is not None:
            source.steps = labels_of(source)
        return Opened(source, segments[0].times, shared(notes))
    if len(found.sources) > 1:
        notes.append("joined in this order: " + ", ".join(names))
    joined: JoinedSource = join(segments, tuple(notes))
    return Opened(joined, joined.times, joined.notes)


def _names(paths: list[Path]) -> list[str]:
    """Return the shortest names that tell the files apart."""
    short = [path.name for path in paths]
    return short if len(set(short)) == len(short) else [f"{path.parent.name}/{path.name}" for path in paths]


# folders ----------------------------------------------------------------------------------------------------


def listing(folder: Path) -> list[Path]:
    """Return what a folder holds, sorted; a file and its packed copy count once, the plain one."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="check its permissions"
        ) from None
    names = {entry.name for entry in entries}
    return [entry for entry in entries if entry.name == plain_name(entry) or plain_name(entry) not in names]


def _open_folder(folder: Path, found: _Found) -> None:
    """Add the trajectory of a run folder, its numbered segments, or its structure."""
    entries = listing(folder)
    for look in (_add_trajectory, _add_subfolders, _add_by_content, _add_structure):
        if look(folder, entries, found):
            return
    raise InputError(
        f"{NO_RUN}: looked for {LOOKED_FOR}, and for such in numbered folders (run_01, run_02)",
        where=str(folder),
        fix="name the folder that VASP or CASTEP ran in, or the file itself",
    )


def _add_trajectory(folder: Path, entries: list[Path], found: _Found) -> bool:
    """Add the trajectory that lies in the folder itself, if any."""
    files = [entry for entry in entries if entry.is_file()]
    xdatcars = _numbered(files, _XDATCAR)
    vaspruns = _numbered(files, _VASPRUN)
    seeds = [path for path in files if plain_name(path).endswith(".md") and kind_of(path) == "CASTEP .md"]
    if len(seeds) > 1 or (seeds and (xdatcars or vaspruns)):
        rivals = [*seeds, *xdatcars, *vaspruns][:2]
        raise InputError(
            f"the folder holds two trajectories that are equally good: {rivals[0].name} and {rivals[1].name}",
            where=str(folder),
            fix="name the one that is meant, or all segments of one run in their order",
        )
    if seeds:
        found.sources.append(open_source(open_bytes(seeds[0])))
        found.notes.append(f"positions are read from {seeds[0].name}")
        return True
    chosen, told = _better(xdatcars, vaspruns)
    found.sources += chosen
    found.notes += told
    return bool(chosen)


def _numbered(files: list[Path], pattern: re.Pattern[str]) -> list[Path]:
    """Return the files of a kind in natural order; the one without a number is the latest."""
    numbers: list[tuple[float, str, Path]] = []
    for path in files:
        if match := pattern.fullmatch(plain_name(path)):
            digits = next((group for group in match.groups() if group), None)
            numbers.append((math.inf if digits is None else int(digits), path.name, path))
    return [path for _, _, path in sorted(numbers)]


def _better(xdatcars: list[Path], vaspruns: list[Path]) -> tuple[list[FrameSource], list[str]]:
    """Choose the kind that covers more frames, XDATCAR where they are equal."""
    options: list[list[FrameSource]] = []
    failed: list[PerovchemError] = []
    for paths in (xdatcars, vaspruns):
        try:
            options.append([open_source(open_bytes(path)) for path in paths])
        except PerovchemError as error:
            options.append([])
            failed.append(error)
    if failed and not any(options):
        raise failed[0]
    told = [f"not used: {error.what} ({error.where})" for error in failed]
    counts = [sum(source.n_frames for source in sources) for sources in options]
    best = 0 if counts[0] and counts[0] >= counts[1] else 1
    if options[best]:
        names = " and ".join(source.files[0].name for source in options[best])
        other = options[1 - best]
        against = (
            f" ({counts[best]} frames; {other[0].files[0].name} holds {counts[1 - best]})" if other else ""
        )
        told.append(f"positions are read from {names}{against}")
    return options[best], told


def kind_of(path: Path) -> str:
    """Return the format of a file by content, or "" where it is none known or cannot be read."""
    try:
        return identify(open_bytes(path))
    except PerovchemError:
        return ""


def _add_subfolders(folder: Path, entries: list[Path], found: _Found) -> bool:
    """Add the runs in folders like run_01, run_02, in their natural order."""
    families: dict[str, list[tuple[int, Path, _Found]]] = {}
    empty: list[str] = []
    for entry in entries:
        match = _NUMBER.fullmatch(entry.name)
        if match is None or not entry.is_dir():
            continue
        inner = _Found()
        if _add_trajectory(entry, listing(entry), inner):
            families.setdefault(match.group(1), []).append((int(match.group(2)), entry, inner))
        else:
            empty.append(entry.name)
    if len(families) > 1:
        first, second = (members[0][1].name for members in list(families.values())[:2])
        raise InputError(
            f"the folder holds runs of more than one kind: {first} and {second}",
            where=str(folder),
            fix="name the segments of one run in their order",
        )
    if not families:
        return False
    (members,) = families.values()
    members.sort(key=lambda member: (member[0], member[1].name))
    for _, entry, inner in members:
        found.sources += inner.sources
        found.notes += [f"{entry.name}: {note}" for note in inner.notes]
    if empty:
        found.notes.append(f"no trajectory in {', '.join(empty)}")
    return True


def _add_by_content(folder: Path, entries: list[Path], found: _Found) -> bool:
    """Add the one file that is a trajectory under a name of its own."""
    files = [entry for entry in entries if entry.is_file()][:_MOST_FILES]
    path = _only(folder, [path for path in files if kind_of(path) in TRAJECTORIES], "trajectories")
    if path is None:
        return False
    found.sources.append(open_source(open_bytes(path)))
    found.notes.append(f"positions are read from {path.name}")
    return True


def _add_structure(folder: Path, entries: list[Path], found: _Found) -> bool:
    """Add the one structure of a folder: CONTCAR before POSCAR before any other."""
    files = [entry for entry in entries if entry.is_file()][:_MOST_FILES]
    structures = [path for path in files if kind_of(path) in ("POSCAR", "CIF")]
    named = {plain_name(path): path for path in structures}
    path = named.get("CONTCAR") or named.get("POSCAR") or _only(folder, structures, "structures")
    if path is None:
        return False
    found.sources.append(open_source(open_bytes(path)))
    found.notes.append(f"no trajectory in {folder.name}; {path.name} is read as one frame")
    return True


def _only(folder: Path, candidates: list[Path], what: str) -> Path | None:
    """Return the one candidate, None where there is none, and refuse to choose among several."""
    if len(candidates) > 1:
        raise InputError(
            f"the folder holds several {what}: {candidates[0].name} and {candidates[1].name}",
            where=str(folder),
            fix="name the one that is meant, or all segments of one run in their order",
        )
    return candidates[0] if candidates else None
