"""Where a number came from: the files and their checksums, our version, the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from perovchem.progress import tell

_PIECE: Final = 16 * 2**20
"""Bytes read at once."""


@cache
def _digest(path: Path, size: int, *_state: int) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as handle:
        while piece := handle.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            tell("checksum, MB", done // 10**6, size // 10**6)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that a result came from.

    Attributes
    ----------
    path : str
        As given.
    sha256 : str
        Of the file as it lies on disk, packed or not.
    """

    path: str
    sha256: str


def input_files(paths: Iterable[Path]) -> tuple[InputFile, ...]:
    """Return path and checksum of each file, read once per process and change."""
    found = []
    for path in paths:
        status = path.stat()
        # a copy that keeps the time of change has another of these
        state = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        found.append(InputFile(str(path), _digest(path.resolve(), status.st_size, *state)))
    return tuple(found)
