"""When each frame was: the time step of a run, from the file itself or from those beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.errors import PerovchemError
from perovchem.frames import Floats, FrameSource, Integers
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.incar import (
    molecular_dynamics_timestep,
    read_incar,
    steps_between_frames,
    steps_between_outputs,
)
from perovchem.readers.outcar import read_outcar_head

PACKED: Final = ("", ".gz", ".bz2", ".xz")
"""What a name may end in, plain first."""
MOST_SEAMS: Final = 200
"""Labels that fall back more often are no step numbers, and times no times."""
_HEAD: Final = 4 << 20
_OUTPUT: Final = re.compile(
    r"(.*)(?:XDATCAR|OUTCAR|OSZICAR|EIGENVAL|PROCAR|vasprun|vaspout)(.*?)(\.(?:xml|h5)(.*))?"
)


def plain_name(path: Path) -> str:
    """Return the name of a file without the suffix of a compression.

    Examples
    --------
    >>> plain_name(Path("run/XDATCAR.gz"))
    'XDATCAR'
    """
    return re.sub(r"\.(?:gz|bz2|xz)$", "", path.name)


def neighbors(path: Path, kind: str) -> list[Path]:
    """Return the files beside ``path`` that hold another output of the same run, the likeliest first.

    Of "XDATCAR_2" these are "OUTCAR_2" and "OUTCAR"; a numbered file is no neighbor of other numbers.

    Parameters
    ----------
    path : Path
    kind : str
        "OUTCAR", "INCAR", "XDATCAR", "OSZICAR" or "vasprun.xml".
    """
    name = plain_name(path)
    names: list[str] = []
    if match := _OUTPUT.fullmatch(name):
        before, after = match.group(1), match.group(2) + (match.group(4) or "")
        stem, _, suffix = kind.partition(".")
        names += (
            [f"{before}{stem}{after}.{suffix}", f"{before}{kind}{after}"]
            if suffix
            else [before + stem + after]
        )
    names.append(kind)
    found = (path.parent / (one + packed) for one in dict.fromkeys(names) for packed in PACKED)
    return [one for one in found if one.is_file()]


@dataclass(frozen=True, slots=True)
class StatedClock:
    """What one file says: time step of molecular dynamics, fs, and NBLOCK; either may be unknown."""

    timestep: float | None = None
    nblock: int | None = None
    origin: str = ""
    n_atoms: int | None = None
    settings: tuple[tuple[str, str], ...] = ()


def stated_clock(file: FileBytes, kind: str) -> StatedClock:
    """Read what an INCAR, OUTCAR or vasprun.xml says about time; only its head, however long it is."""
    n_atoms = None
    if kind == "INCAR":
        settings = read_incar(file)
    elif kind == "OUTCAR":
        head = read_outcar_head(file)
        settings, n_atoms = dict(head.settings), head.n_atoms
    else:
        text = bytes(file.data[:_HEAD])
        found = re.findall(
            rb'<i[^<>]{0,80}?name="(POTIM|NBLOCK|IBRION|NSW|ML_OUTBLOCK|ML_MODE|ML_ISTART)"[^<>]{0,80}>\s*+([^<\s]{1,40})\s*+</i>',
            text,
        )
        settings = {key.decode(): value.decode("latin-1") for key, value in found}
        atoms = re.search(rb"<atoms>\s*(\d{1,12})\s*</atoms>", text)
        n_atoms = int(atoms.group(1)) if atoms else None
    return StatedClock(
        timestep=molecular_dynamics_timestep(settings),
        nblock=steps_between_frames(settings),
        origin=file.path.name,
        n_atoms=n_atoms,
        settings=tuple(settings.items()),
    )


def clock_beside(source: FrameSource) -> tuple[StatedClock, list[str]]:
    """Return what the files beside a trajectory state, and what must be told about them.

    What VASP took (OUTCAR, vasprun.xml) comes before what it was given (INCAR). A file with another number
    of atoms is of another run and is passed over.
    """
    path = source.files[0]
    notes: list[str] = []
    stated: list[StatedClock] = []
    for kind in ("OUTCAR", "vasprun.xml", "INCAR"):
        for beside in neighbors(path, kind)[:1]:
            if beside == path:
                continue
            try:
                clock = stated_clock(open_bytes(beside), kind)
            except PerovchemError as error:
                notes.append(f"{beside.name} beside {path.name} was not used: {error.what}")
                continue
            if clock.n_atoms is not None and clock.n_atoms != len(source.species):
                notes.append(
                    f"{beside.name} beside {path.name} was not used: it has {clock.n_atoms} atoms, "
                    f"{path.name} {len(source.species)}"
                )
                continue
            stated.append(clock)
    timed = [clock for clock in stated if clock.timestep is not None]
    if not timed:
        return StatedClock(), notes
    first = timed[0]
    nblock = next((clock.nblock for clock in stated if clock.nblock is not None), None)
    for other in timed[1:]:
        if other.timestep != first.timestep:
            told = f"{first.origin} states a time step of {first.timestep:g} fs and {other.origin} "
            notes.append(told + f"{other.timestep:g} fs; the first was used")
    every = next((n for clock in timed if (n := steps_between_outputs(dict(clock.settings)))), 0)
    if every > 0:
        nblock = max(nblock or 1, every)  # as VASP does
    elif every < 0:
        notes.append(f"ML_OUTBLOCK = {-every} beside {path.name}: check that times and labels agree")
    return replace(first, nblock=nblock), notes


def stated_times(source: FrameSource) -> Floats | None:
    """Return the times that a file states itself: those of all segments of a run share one axis.

    Times that a reader makes from POTIM (vasprun.xml) begin anew in every segment and do not count, nor do
    times that fall back all the time.
    """
    if source.format == "vasprun.xml" or source.times is None or _lawless(source.times):
        return None
    return source.times


def _lawless(values: Floats | Integers) -> int:
    """Return how often times or labels fall back where it is too often for restarts, else 0."""
    falls = int(np.count_nonzero(np.diff(values) <= 0))
    return falls if falls > min(MOST_SEAMS, len(values) // 2) else 0


def set_clock(source: FrameSource, timestep: float | None) -> tuple[Floats | None, tuple[str, ...]]:
    """Return the time of each frame, fs, or None where nothing states a time step; and what to tell.

    A frame's time is its label times the time step; where the labels count frames, not steps, times NBLOCK
    as well. Labels count frames where they go up by one, and steps where they go up by more. The time step
    found is written into ``source.metadata``.

    Parameters
    ----------
    source : FrameSource
    timestep : float or None
        fs per step of molecular dynamics, as the user states it: it counts before any file's.
    """
    stated = stated_times(source)
    replaced = source.format == "extended XYZ" and timestep is not None  # its times are of a unit unsaid
    if stated is not None and not replaced:
        return stated, _against_stated(source, stated, timestep)
    if source.format in ("POSCAR", "CIF", "CASTEP .geom", "CASTEP .castep"):
        return None, ()
    if source.format == "extended XYZ" and timestep is None:
        return None, ()
    if timestep is None and source.interval_unknown:
        return None, ()
    notes: list[str] = []
    if replaced and stated is not None:
        notes.append(f"the given time step of {timestep:g} fs replaces the times of {source.files[0].name}")
    elif source.times is not None and source.format != "vasprun.xml":
        notes.append(
            f"{source.files[0].name}: its times fall back {_lawless(source.times)} times in {source.n_frames} "
            "frames and count nothing; frames were counted instead, and have times where a time step is given"
        )
        source.metadata = replace(source.metadata, timestep=None, timestep_source="")
    clock = StatedClock(source.metadata.timestep, source.metadata.nblock, source.metadata.timestep_source)
    if not replaced and (clock.timestep is None or (clock.nblock is None and source.format == "XDATCAR")):
        beside, told = clock_beside(source)
        notes += told
        if clock.timestep is None:
            clock = beside
    if timestep is not None:
        if clock.timestep is not None and clock.timestep != timestep:
            notes.append(
                f"the given time step of {timestep:g} fs replaces {clock.timestep:g} fs of {clock.origin}"
            )
        clock = replace(clock, timestep=timestep, origin="given")
    if clock.timestep is None:
        return None, tuple(notes)
    source.metadata = replace(
        source.metadata, timestep=clock.timestep, nblock=clock.nblock, timestep_source=clock.origin
    )
    labels = labels_of(source, notes)
    interval = clock.timestep * _steps_per_label(source, labels, clock, notes)
    return labels.astype(np.float64) * interval, tuple(notes)


def _against_stated(source: FrameSource, times: Floats, timestep: float | None) -> tuple[str, ...]:
    """Tell where a given time step cannot be that of a file that states times."""
    if timestep is None or len(times) < 2:
        return ()
    steps = float(np.median(np.diff(times))) / timestep
    if steps > 0.5 and abs(steps - round(steps)) < 1e-4 * steps:
        return ()
    return (
        f"{source.files[0].name} states times every {steps * timestep:g} fs, no multiple of the given "
        f"time step of {timestep:g} fs; the file's times are used",
    )


def labels_of(source: FrameSource, notes: list[str] | None = None) -> Integers:
    """Return the labels of the frames, or 1, 2, 3 ... where there are none or they count nothing."""
    count = np.arange(1, source.n_frames + 1)
    if source.steps is None:
        return count
    if falls := _lawless(source.steps):
        if notes is not None:
            notes.append(
                f"{source.files[0].name}: the labels fall back {falls} times in {source.n_frames} frames and "
                "count nothing; frames were counted instead"
            )
        return count
    return source.steps


def seams(source: FrameSource) -> Integers:
    """Return the frames whose time or label does not go on from the one before: a restart begins there."""
    times = stated_times(source)
    return np.flatnonzero(np.diff(labels_of(source) if times is None else times) <= 0) + 1


def _steps_per_label(source: FrameSource, labels: Integers, clock: StatedClock, notes: list[str]) -> int:
    """Return NBLOCK where the labels count frames, 1 where they count steps."""
    if source.format != "XDATCAR":
        return 1  # every step is written
    name = source.files[0].name
    nblock = clock.nblock or 1
    differences = np.diff(labels)
    differences = differences[differences > 0]
    usual = int(np.median(differences)) if len(differences) else 0
    jumps = np.flatnonzero(np.diff(labels) > max(usual, 1))
    if len(jumps):
        notes.append(
            f"gap: the labels of {name} go from {labels[jumps[0]]} to {labels[jumps[0] + 1]}"
            + (f", and jump {len(jumps) - 1} times more" if len(jumps) > 1 else "")
            + f", {usual} being usual"
        )
    if usual == 0:
        return 1 if nblock > 1 and labels[0] % nblock == 0 else nblock
    if usual == 1:
        return nblock
    if clock.nblock is not None and clock.nblock != usual:
        notes.append(
            f"the labels of {name} go up by {usual} and NBLOCK is {clock.nblock} ({clock.origin}); "
            "they were taken as step numbers"
        )
    return 1


def shared(notes: Iterable[str]) -> tuple[str, ...]:
    """Return sentences once each, in order."""
    return tuple(dict.fromkeys(notes))
