"""Checksums of files, computed once for each state of a file; what a record rests on is checked by them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Final

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
    }
)
"""Files beside an input that a reader may look into; whether they are there is part of the input."""
_APART: Final = ("plotting", "workflow")
"""Rooms that change no number."""


class Checksums:
    """SHA-256 by path, remembered for a path's size, time of change and inode.

    Parameters
    ----------
    path : Path
        Where they are kept between runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[object]] = {}
        self._changed = False
        try:
            if path.is_file() and not path.is_symlink():
                known = json.loads(path.read_text(encoding="utf-8"))
                self._known = {str(k): v for k, v in known.items() if isinstance(v, list) and len(v) == 4}
        except (OSError, ValueError, AttributeError, RecursionError):
            self._known = {}  # only a memory: computed again

    def of(self, path: str) -> str:
        """Return the checksum of a file; raises OSError where it cannot be read."""
        status = os.stat(path)  # noqa: PTH116
        state = [status.st_size, status.st_mtime_ns, status.st_ino]
        known = self._known.get(path)
        if known is not None and known[:3] == state:
            return str(known[3])
        with open(path, "rb") as handle:  # noqa: PTH123
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        if time.time() - status.st_mtime > _YOUNG:
            self._known[path] = [*state, found]
            self._changed = True
        return found

    def text(self) -> str | None:
        """Return what is to be kept, None if nothing is new."""
        return json.dumps(self._known, separators=(",", ":")) if self._changed else None


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


def content_of(name: str, folder: str, checksums: Checksums) -> list[object]:
    """Return what an input is by content: a file, the names in a folder, a bundled structure, or words.

    What the files of a folder hold is checked by the record, which lists those that were read.
    """
    from perovchem import reference
    from perovchem.cli.common import segments

    path = os.path.join(folder, name)  # noqa: PTH118
    try:
        if os.path.isdir(path):
            names = sorted(one for one in os.listdir(path) if not one.startswith("."))[:_MOST_NAMES]  # noqa: PTH208
            return ["folder", *names]
        if os.path.isfile(path):  # noqa: PTH113
            beside = sorted(_COMPANIONS.intersection(os.listdir(os.path.dirname(path) or ".")))  # noqa: PTH120, PTH208
            return ["file", checksums.of(path), *beside]
    except OSError as error:
        return ["unreadable", error.strerror or ""]
    if name in reference.entries():
        return ["bundled", reference.entries()[name].sha256]
    parts = segments(name)
    if isinstance(parts, list) and len(parts) > 1:
        return ["segments", *(content_of(part, folder, checksums) for part in parts)]
    return ["words"]
