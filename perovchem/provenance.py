"""Where a number came from: the files and their checksums, our version, the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@cache
def _digest(path: Path, _size: int, _modified: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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
        found.append(InputFile(str(path), _digest(path.resolve(), status.st_size, status.st_mtime_ns)))
    return tuple(found)
