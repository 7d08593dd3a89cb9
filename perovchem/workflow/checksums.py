"""Checksums of files, computed once for each state of a file; what a record rests on is checked by them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from perovchem.workflow.lock import NAME as LOCK

_YOUNG: Final = 2.0
"""Seconds: a file changed so lately may change again within one tick of its clock; it is not remembered."""
_MOST_NAMES: Final = 10_000
_COMPANIONS: Final = frozenset(
    {
        "INCAR",
        "OUTCAR",
        "POSCAR",
        "CONTCAR",
        "KPOINTS",
        "POTCAR",
        "OSZICAR",
        "vasprun.xml",
        "vaspout.h5",
        "DOSCAR",
        "EIGENVAL",
        "PROCAR",
        "XDATCAR",
        "hessian",
        "vibspectrum",
        "xtbopt.xyz",
    }
)
"""Files beside an input that a reader may look into; whether they are there is part of the input."""
_OUTPUT: Final = re.compile(
    r"(.*?)(?:XDATCAR|OUTCAR|OSZICAR|EIGENVAL|PROCAR|vasprun|vaspout)(.*?)(?:\.(?:xml|h5)(.*))?"
)
_PACKED: Final = re.compile(r"\.(?:gz|bz2|xz)$")
_APART: Final = ("plotting", "workflow")
"""Rooms that change no number."""


class Checksums:
    """SHA-256 by path, remembered for a path's size, inode and both its times of change.

    One of them can be set by whoever copies a file with its times; the other is the system's alone.

    Parameters
    ----------
    path : Path
        Where they are kept between runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[object]] = {}
        self._changed = False
        self._names: dict[str, dict[str, list[str]]] = {}
        try:
            if path.is_file() and not path.is_symlink():
                known = json.loads(path.read_text(encoding="utf-8"))
                self._known = {str(k): v for k, v in known.items() if isinstance(v, list) and len(v) == 5}
        except (OSError, ValueError, AttributeError, RecursionError):
            self._known = {}  # only a memory: computed again

    def of(self, path: str) -> str:
        """Return the checksum of a file; raises OSError where it cannot be read."""
        status = os.stat(path)
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(path)
        if known is not None and known[:4] == state:
            return str(known[4])
        with open(path, "rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        if time.time() - max(status.st_mtime, status.st_ctime) > _YOUNG:
            self._known[path] = [*state, found]
            self._changed = True
        return found

    def names(self, folder: str) -> dict[str, list[str]]:
        """Return the names in a folder by group, those of every reader under ""; looked at once a run."""
        if folder not in self._names:
            groups = self._names[folder] = {}
            for name in os.listdir(folder):
                if _PACKED.sub("", name) in _COMPANIONS:
                    groups.setdefault("", []).append(name)
                for one in _groups(name):
                    groups.setdefault(one, []).append(name)
        return self._names[folder]

    def forget_names(self) -> None:
        """Look into folders again."""
        self._names.clear()

    def text(self) -> str | None:
        """Return what is to be kept, None if nothing is new."""
        return json.dumps(self._known, separators=(",", ":")) if self._changed else None


@cache
def libraries() -> list[list[str]]:
    """Return the versions of the packages that numbers rest on."""
    try:
        needed = metadata.requires("perovchem") or []
    except metadata.PackageNotFoundError:  # run from its source
        needed = ["numpy", "scipy", "numba", "pymatgen", "spglib"]
    names = sorted({re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in needed if "extra ==" not in one})
    found = []
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append([name, metadata.version(name)])
    return found


@cache
def source_digest() -> str:
    """Return the checksum of this package's code and tables, but for what only draws or runs."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted((*root.rglob("*.py"), *root.rglob("*.toml"), *root.rglob("*.csv"))):
        parts = path.relative_to(root).parts
        if parts[0] in _APART or parts[0] in ("structures", "trajectories"):
            continue
        digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _beside(path: str, checksums: Checksums) -> list[str]:
    """Return the names beside a file that a reader of it may look into: of the same run, or of the same seed."""
    folder, name = os.path.split(path)
    names = checksums.names(folder or ".")
    groups = (names.get(one, ()) for one in ("", *_groups(name)))
    return sorted({one for group in groups for one in group} - {name})


def _inside(folder: str) -> list[str]:
    """Return the names in a folder, and those in its numbered folders, which may hold the pieces of one path."""
    names = sorted(one for one in os.listdir(folder) if not one.startswith("."))[:_MOST_NAMES]
    found = list(names)
    for name in names:
        if name[-1].isdigit() and os.path.isdir(below := os.path.join(folder, name)):
            inside = os.listdir(below)
            if LOCK not in inside:  # no folder of results
                found += sorted(f"{name}/{one}" for one in inside)[:_MOST_NAMES]
    return found


def _groups(name: str) -> list[str]:
    """Return what groups a name belongs to: its seed's ("NiO.bands"), its run's ("OUTCAR_2")."""
    plain = _PACKED.sub("", name)
    stem, dot, _ = plain.rpartition(".")
    found = [f"seed {stem.removesuffix('-out')}"] if dot else []
    match = _OUTPUT.fullmatch(plain)
    if match and (of_run := (match[1], (match[2] or "") + (match[3] or ""))) != ("", ""):
        found.append(f"run {of_run}")
    return found


def content_of(name: str, folder: str, checksums: Checksums) -> list[object]:
    """Return what an input is by content: a file, the names in a folder, a bundled structure, or words.

    What the files of a folder hold is checked by the record, which lists those that were read.
    """
    from perovchem import reference
    from perovchem.cli.common import segments

    path = os.path.join(folder, name)
    try:
        if os.path.isdir(path):
            return ["folder", *_inside(path)]
        if os.path.isfile(path):
            return ["file", checksums.of(path), *_beside(path, checksums)]
    except OSError as error:
        return ["unreadable", error.strerror or ""]
    if name in reference.entries():
        return ["bundled", reference.entries()[name].sha256]
    parts = segments(name)
    if isinstance(parts, list) and len(parts) > 1:
        return ["segments", *(content_of(part, folder, checksums) for part in parts)]
    return ["words"]
