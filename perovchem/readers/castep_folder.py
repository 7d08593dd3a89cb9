"""Which output of a CASTEP run folder holds its frames: .md and .geom before the .castep, unless it goes further."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from perovchem.errors import InputError, PerovchemError
from perovchem.frames import FrameSource
from perovchem.readers.castep_frames import CastepFrames
from perovchem.readers.castep_md import CastepMd
from perovchem.readers.clock import plain_name
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.sniff import identify

_TAIL: Final = 1 << 20
_LAST_TIME: Final = re.compile(rb"x[ \t]+time[ \t]*:[ \t]*(\d+\.\d+)[ \t]+ps")
_LAST_ITERATION: Final = re.compile(rb": finished iteration[ \t]+(\d{1,9})")


def _of_kind(files: list[Path], suffix: str, kind: str) -> dict[str, Path]:
    """Return the files of a suffix whose content is of this kind, by seed."""
    found = {}
    for path in files:
        if plain_name(path).endswith(suffix):
            try:
                told = identify(open_bytes(path))
            except PerovchemError:
                continue
            if told == kind:
                found[plain_name(path).removesuffix(suffix)] = path
    return found


def trajectory_of(files: list[Path], rivals: list[Path]) -> tuple[FrameSource | None, list[str]]:
    """Return the frames of the CASTEP run among files, None where there is none, and what to tell.

    Parameters
    ----------
    files : list of Path
        What lies in the folder.
    rivals : list of Path
        Trajectories of another code in it.

    Raises
    ------
    InputError
        If two runs are equally good.
    """
    seeds = _of_kind(files, ".md", "CASTEP .md") or ({} if rivals else _of_kind(files, ".geom", "CASTEP .md"))
    _only([*seeds.values(), *rivals] if seeds else [])
    logs = {} if rivals else _of_kind(files, ".castep", "CASTEP .castep")
    if not seeds:
        moving = []
        for path in logs.values():
            try:
                source = CastepFrames(open_bytes(path))
            except PerovchemError:
                continue  # a log all the same, and told of as such
            if source.is_trajectory:
                moving.append(source)
        _only([source.files[0] for source in moving])
        return (moving[0], [f"positions are read from {moving[0].files[0].name}"]) if moving else (None, [])
    ((seed, path),) = seeds.items()
    source_md = CastepMd(open_bytes(path))
    told = f"positions are read from {path.name}"
    if seed in logs:
        log = _further(open_bytes(logs[seed]), source_md)
        if log is not None:
            name = log.files[0].name
            return log, [
                f"positions are read from {name} ({log.n_finished} steps; {path.name} holds "
                f"{source_md.n_frames})"
            ]
    return source_md, [told]


def _only(paths: list[Path]) -> None:
    """Refuse to choose among several."""
    if len(paths) > 1:
        raise InputError(
            f"the folder holds two trajectories that are equally good: {paths[0].name} and {paths[1].name}",
            where=str(paths[0].parent),
            fix="name the one that is meant, or all segments of one run in their order",
        )


def _further(file: FileBytes, source: CastepMd) -> CastepFrames | None:
    """Return the frames of a log that goes further; its end is looked at first, for a log is long."""
    tail = bytes(file.data[max(0, len(file) - _TAIL) :])
    if source.times is not None:
        found = _LAST_TIME.findall(tail)
        ahead = bool(found) and float(found[-1]) * 1e3 > float(source.times[-1]) + 1e-2
    else:
        found = _LAST_ITERATION.findall(tail)
        last = source.n_frames - 1 if source.steps is None else int(source.steps[-1])
        ahead = bool(found) and int(found[-1]) > last
    if not ahead:
        return None
    try:
        log = CastepFrames(file)
    except PerovchemError:
        return None
    return log if log.species == source.species and log.n_finished > source.n_frames else None


def open_log(files: list[Path]) -> tuple[FrameSource | None, list[str]]:
    """Return the one frame of a single point, where the folder holds nothing better, and what to tell."""
    logs = list(_of_kind(files, ".castep", "CASTEP .castep").values())
    sources = []
    for path in logs:
        try:
            sources.append(CastepFrames(open_bytes(path)))
        except PerovchemError:
            continue
    if len(sources) != 1:
        return None, []
    return sources[0], [f"positions are read from {sources[0].files[0].name}, which holds no trajectory"]
