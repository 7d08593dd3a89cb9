"""Bundled structures, trajectories and workflows by name; files each with license, source and checksum."""

from __future__ import annotations

import math
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
        The paper a structure is from, or how a trajectory was computed.
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
    group : str
        The kind of compound a structure is listed under. This and what follows is empty, zero or NaN for
        trajectories.
    formula : str
    formula_units : int
        Z of the cell.
    aliases : tuple of str
        Other names it is found by, beside its formula.
    phase : str
    space_group : str
        Hermann-Mauguin symbol in the file's own axes.
    space_group_number : int
    setting : str
        "standard", or how the axes or the origin differ.
    temperature : float
        K; NaN where the source that was read does not state it.
    temperature_note : str
    cell : tuple of str
        a, b, c (Å), alpha, beta, gamma (degrees), with standard uncertainties where they are published.
    density : float
        g/cm3 as the source states it, NaN where it does not: a check, not computed by us.
    sites : str
        "symmetry" (all fixed by it), "published", or "none" (the file is a cell alone).
    exact : str
        What is exact and what is approximate, in words.
    doi : str
        "" where it was not given where the numbers were read.
    doi_note : str
        Why there is none, or which document it is of if not the paper in `source`.
    read_in : str
        Where the numbers were read: the paper, a database entry, a documentation page.
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
    group: str = ""
    formula: str = ""
    formula_units: int = 0
    aliases: tuple[str, ...] = ()
    phase: str = ""
    space_group: str = ""
    space_group_number: int = 0
    setting: str = ""
    temperature: float = math.nan
    temperature_note: str = ""
    cell: tuple[str, ...] = ()
    density: float = math.nan
    sites: str = ""
    exact: str = ""
    doi: str = ""
    doi_note: str = ""
    read_in: str = ""


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
                group=row.get("group", ""),
                formula=row.get("formula", ""),
                formula_units=row.get("formula_units", 0),
                aliases=tuple(row.get("aliases", ())),
                phase=row.get("phase", ""),
                space_group=row.get("space_group", ""),
                space_group_number=row.get("space_group_number", 0),
                setting=row.get("setting", ""),
                temperature=row.get("temperature_K", math.nan),
                temperature_note=row.get("temperature_note", ""),
                cell=tuple(row.get("cell", ())),
                density=row.get("density_g_cm3", math.nan),
                sites=row.get("sites", ""),
                exact=row.get("exact", ""),
                doi=row.get("doi", ""),
                doi_note=row.get("doi_note", ""),
                read_in=row.get("read_in", ""),
            )
    return found


def candidates(name: str) -> tuple[Entry, ...]:
    """Return what a name, a formula or an alias may mean: the entry of that name, else all of them.

    Capitals, blanks, hyphens and underscores don't count.

    Examples
    --------
    >>> [entry.name for entry in candidates("CsPbBr3")]
    ['CsPbBr3_cubic', 'CsPbBr3_Pnma', 'CsPbBr3_Pbnm']
    >>> [entry.name for entry in candidates("delta-CsPbI3")]
    ['CsPbI3_delta']
    """
    known = entries()
    if name in known:
        return (known[name],)
    plain = _plain(name)
    if not plain:
        return ()
    same = tuple(entry for entry in known.values() if _plain(entry.name) == plain)
    return same or tuple(
        entry for entry in known.values() if plain in map(_plain, (entry.formula, *entry.aliases))
    )


def entry(name: str) -> Entry:
    """Return one entry by its name, formula or alias.

    Raises
    ------
    UsageError
        If no such file is bundled, with the nearest name; or if several go by this name, with all of them.

    Examples
    --------
    >>> entry("CsPbCl3_cubic").source
    'Møller 1958, Nature 182, 1436'
    >>> entry("CsPbCl3").name
    'CsPbCl3_cubic'
    """
    found = candidates(name)
    if not found:
        raise UsageError(f"nothing bundled is called {name!r}", fix=nearest(name, entries()))
    if len(found) > 1:
        raise UsageError(
            f"{name!r} may be each of {len(found)} bundled structures",
            fix="name one of " + ", ".join(one.name for one in found),
        )
    return found[0]


def path(name: str) -> Path:
    """Return the path of a bundled file."""
    return entry(name).path


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """One bundled workflow.

    Attributes
    ----------
    name : str
        What ``perovchem run`` takes.
    path : Path
    title : str
    steps : tuple of str
        Name of each step.
    doi : tuple of str
        The publications that it compares with.
    """

    name: str
    path: Path
    title: str
    steps: tuple[str, ...]
    doi: tuple[str, ...]


@cache
def workflows() -> dict[str, WorkflowEntry]:
    """Return the bundled workflows by name: the files of workflows/ that declare steps.

    What they read lies beside them, in workflows/data, or in examples/data.
    """
    found = {}
    for path in sorted((root() / "workflows").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        steps = table.get("step")
        if isinstance(steps, list):
            found[path.stem] = WorkflowEntry(
                name=path.stem,
                path=path,
                title=str(table.get("title", "")),
                steps=tuple(str(step.get("name", step.get("command", ""))) for step in steps),
                doi=tuple(table.get("doi", ())),
            )
    return found


def workflow(name: str) -> Path:
    """Return the file of a bundled workflow by its name, or by a beginning that no other shares.

    Raises
    ------
    UsageError
        If no workflow is called so, with the nearest name; or if several begin so, with all of them.

    Examples
    --------
    >>> workflow("nature-561-88").name
    'nature_561_88_bands.toml'
    """
    known, plain = workflows(), _plain(name)
    found = [one for one in known if _plain(one) == plain]
    found = found or [one for one in known if plain and _plain(one).startswith(plain)]
    if not found:
        raise UsageError(f"no bundled workflow is called {name!r}", fix=nearest(name, known))
    if len(found) > 1:
        raise UsageError(
            f"{name!r} may be each of {len(found)} bundled workflows", fix="name one of " + ", ".join(found)
        )
    return known[found[0]].path


def _plain(name: str) -> str:
    """Return a name in small letters, without blanks, hyphens and underscores."""
    return "".join(letter for letter in name.casefold() if letter not in " -_")
