"""Bundled structures and trajectories by name, each with license, source and checksum."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from perovchem.errors import InputError, UsageError, nearest

_FOLDERS = ("structures", "trajectories")


@dataclass(frozen=True, slots=True)
class Entry:
    """One bundled file.

    Attributes
    ----------
    name : str
    kind : str
        "structure" or "trajectory".
    path : Path
    title : str
    license : str
    source : str
        DOI or how it was computed.
    code : str
        What computed a trajectory.
    timestep : float or None
        fs per step of the dynamics that made a trajectory.
    frame_interval : float or None
        fs from one of its frames to the next.
    ensemble : str
        How a trajectory's temperature was held.
    faults : tuple of str
        What must be said wherever it is shown.
    sha256 : str
    """

    name: str
    kind: str
    path: Path
    title: str
    license: str
    source: str
    code: str
    timestep: float | None
    frame_interval: float | None
    ensemble: str
    faults: tuple[str, ...]
    sha256: str


def root() -> Path:
    """Return the folder that holds structures/ and trajectories/: in the wheel, or in the repository."""
    here = Path(__file__).parent
    for folder in (here, here.parent):
        if all((folder / name / f"{name}.toml").is_file() for name in _FOLDERS):
            return folder
    raise InputError(
        "the reference library is missing",
        where=str(here),
        fix="install perovchem again, or from its repository",
    )


@cache
def entries() -> dict[str, Entry]:
    """Return all bundled files by name."""
    found = {}
    for folder in _FOLDERS:
        text = (root() / folder / f"{folder}.toml").read_text(encoding="utf-8")
        for name, row in tomllib.loads(text).items():
            found[name] = Entry(
                name=name,
                kind="structure" if folder == "structures" else "trajectory",
                path=root() / folder / row["file"],
                title=row["title"],
                license=row["license"],
                source=row["source"],
                code=row.get("code", ""),
                timestep=row.get("timestep_fs"),
                frame_interval=row.get("frame_interval_fs"),
                ensemble=row.get("ensemble", ""),
                faults=tuple(row.get("faults", ())),
                sha256=row["sha256"],
            )
    return found


def entry(name: str) -> Entry:
    """Return one entry.

    Raises
    ------
    UsageError
        If no such file is bundled; with the nearest name.

    Examples
    --------
    >>> entry("CsPbCl3_cubic").source
    'Møller 1958, Nature 182, 1436'
    """
    try:
        return entries()[name]
    except KeyError:
        raise UsageError(f"nothing bundled is called {name!r}", fix=nearest(name, entries())) from None


def path(name: str) -> Path:
    """Return the path of a bundled file."""
    return entry(name).path
