"""Records: what an item gave, under its content address, with what it rests on; whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic_core import from_json

from perovchem.workflow.checksums import Checksums, content_of, libraries, source_digest
from perovchem.workflow.folder import Folder
from perovchem.workflow.items import Item, Outcome
from perovchem.workflow.plan import Planned

LAYOUT: Final = 2
_HEAD: Final = '{{"key": "{key}", "sha256": "{sha}", '
_HEAD_LENGTH: Final = len(_HEAD.format(key="0" * 64, sha="0" * 64))
NOT_KEPT: Final = ("compute",)
"""Commands that write files of their own, beside their input, and know themselves which are there."""
_SHORT: Final = 0.1
"""Seconds."""
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
        told = [LAYOUT, source_digest(), libraries(), item.command, item.arguments, contents]
        return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()

    def write(self, item: Item, outcome: Outcome) -> None:
        """Keep what an item gave, and which files it has read beside those that it tells of.

        To wait for the disk takes longer than a short item does: that is computed again if the machine stops, as its
        record is then known to be damaged.
        """
        document, read = outcome.document, outcome.read
        body = f'"read": {json.dumps(read, separators=(",", ":"))}, "envelope": {document}}}'
        digest = hashlib.sha256(body.encode()).hexdigest()
        text = _HEAD.format(key=item.key, sha=digest) + body + "\n"
        self.folder.write(f"items/{item.key}.json", text, lasting=outcome.seconds > _SHORT)

    def forget(self) -> None:
        """Look at all files again: items have written some."""
        self._contents.clear()
        self._unchanged.clear()
        self._checksums.forget_names()

    def read(self, item: Item) -> dict[str, Any] | None:
        """Return what an item gave, if that is kept, whole, and rests on files that are still the same."""
        if item.command in NOT_KEPT:
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
        found = self._whole(text, item.key)
        if found is None:
            self.damaged.append(path.name)
            return None
        envelope: dict[str, Any] = found["envelope"]
        told = [(one["path"], one["sha256"]) for one in envelope["inputs"]]
        return envelope if self._still([*told, *found["read"]], item.folder) else None

    def _whole(self, text: str, key: str) -> dict[str, Any] | None:
        """Return a record, if it is what was written."""
        body = text[_HEAD_LENGTH:-1]
        digest = hashlib.sha256(body.encode()).hexdigest()
        if text[:_HEAD_LENGTH] != _HEAD.format(key=key, sha=digest) or not text.endswith("}\n"):
            return None
        try:
            found: dict[str, Any] = from_json("{" + body)
        except ValueError:
            return None
        return found if isinstance(found["envelope"], dict) else None

    def _still(self, files: Iterable[Sequence[str]], folder: str) -> bool:
        """Return whether all files that were read are what they were; looked at once a run."""
        for name, sha in files:
            path = os.path.join(folder, name)
            if (path, sha) not in self._unchanged:
                try:
                    self._unchanged[path, sha] = self._checksums.of(path) == sha
                except OSError:
                    self._unchanged[path, sha] = False
            if not self._unchanged[path, sha]:
                return False
        return True
