"""Records: what an item gave, under its content address, with what it rests on; whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Final

from perovchem.workflow.checksums import Checksums, content_of, source_digest
from perovchem.workflow.folder import Folder
from perovchem.workflow.items import Item
from perovchem.workflow.plan import Planned

LAYOUT: Final = 1
_HEAD: Final = '{{"key": "{key}", "sha256": "{sha}", "envelope": '
_HEAD_LENGTH: Final = len(_HEAD.format(key="0" * 64, sha="0" * 64))
_NOT_KEPT: Final = ("compute",)
"""Commands that write files of their own, beside their input, and know themselves which are there."""
_LARGEST: Final = 500_000_000
"""Bytes of one record."""


class Records:
    """The records of a folder of results.

    Parameters
    ----------
    folder : Folder
    checksums : Checksums
    """

    def __init__(self, folder: Folder, checksums: Checksums) -> None:
        self.folder, self._checksums = folder, checksums
        self._contents: dict[str, list[object]] = {}
        self._unchanged: dict[tuple[str, str], bool] = {}
        self.damaged: list[str] = []
        """Records that were no longer what was written."""

    def key(self, planned: Planned) -> str:
        """Return the content address of an item: of what is asked, of which inputs, by which code."""
        item = planned.item
        contents = []
        for name in planned.inputs:
            if name not in self._contents:
                self._contents[name] = content_of(name, item.folder, self._checksums)
            contents.append([name, self._contents[name]])
        told = [LAYOUT, source_digest(), item.command, item.arguments, contents]
        return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()

    def write(self, item: Item, document: str) -> None:
        """Keep what an item gave."""
        digest = hashlib.sha256(document.encode()).hexdigest()
        self.folder.write(f"items/{item.key}.json", _HEAD.format(key=item.key, sha=digest) + document + "}\n")

    def read(self, item: Item) -> dict[str, Any] | None:
        """Return what an item gave, if that is kept, whole, and rests on files that are still the same."""
        if item.command in _NOT_KEPT:
            return None
        path = self.folder.path / "items" / f"{item.key}.json"
        try:
            if path.is_symlink() or path.stat().st_size > _LARGEST:
                return None
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            self.damaged.append(path.name)
            return None
        envelope = self._whole(text, item.key)
        if envelope is None:
            self.damaged.append(path.name)
            return None
        return envelope if self._still(envelope, item.folder) else None

    def _whole(self, text: str, key: str) -> dict[str, Any] | None:
        document = text[_HEAD_LENGTH:-2]
        digest = hashlib.sha256(document.encode()).hexdigest()
        if text[:_HEAD_LENGTH] != _HEAD.format(key=key, sha=digest) or not text.endswith("}\n"):
            return None
        try:
            found = json.loads(document)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def _still(self, envelope: Mapping[str, Any], folder: str) -> bool:
        """Return whether all files that were read are what they were; looked at once a run."""
        for one in envelope["inputs"]:
            path, sha = os.path.join(folder, one["path"]), one["sha256"]  # noqa: PTH118
            if (path, sha) not in self._unchanged:
                try:
                    self._unchanged[path, sha] = self._checksums.of(path) == sha
                except OSError:
                    self._unchanged[path, sha] = False
            if not self._unchanged[path, sha]:
                return False
        return True
