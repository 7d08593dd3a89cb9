"""What stands where: ``contents.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1]
REPOSITORY = DOCS.parent


@dataclass(frozen=True, slots=True)
class Group:
    """One question.

    Attributes
    ----------
    title, sentence : str
    commands, names, examples : tuple of str
        Of the command line, of the package, and scripts without their ending.
    """

    title: str
    sentence: str
    commands: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


def groups() -> list[Group]:
    """Return the questions in order."""
    document = tomllib.loads((DOCS / "contents.toml").read_text(encoding="utf-8"))
    return [
        Group(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
        for entry in document["group"]
    ]
