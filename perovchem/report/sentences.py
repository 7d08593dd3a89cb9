"""Conclusions as they are shown: a numbered list on a page, paragraphs on a terminal."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

from perovchem.report import Table
from perovchem.report.markup import linked, text

LINE: Final = 110
"""Characters of a line of a paragraph."""

Part = tuple[str, str]
"""A word such as "For", and what stands there."""


@dataclass(frozen=True, slots=True)
class Sentences(Table):
    """A table whose rows are sentences, each with what belongs to it.

    Attributes
    ----------
    statements : tuple of (str, tuple of (str, str))
        Sentence, and below it words such as "For" with what stands there.
    """

    statements: tuple[tuple[str, tuple[Part, ...]], ...] = ()

    def __str__(self) -> str:
        """Return numbered paragraphs, what belongs to each below it."""
        lines = [printable(self.title)]
        for number, (statement, parts) in enumerate(self.statements, 1):
            lines += ["", *_filled(f"{number}. ", statement)]
            for head, words in parts:
                lines += _filled(f"   {head}: ", words)
        return "\n".join([*lines, "", *map(printable, self.notes)])

    def html(self) -> str:
        """Return a numbered list, below a heading; nothing in it is markup."""
        items = []
        for statement, parts in self.statements:
            below = "".join(
                f'<p class="part"><b>{text(head)}</b> {linked(words)}</p>' for head, words in parts
            )
            items.append(f'<li><p class="said">{linked(statement)}</p>{below}</li>')
        notes = "".join(f"<li>{linked(note)}</li>" for note in self.notes)
        below = f'<ul class="notes">{notes}</ul>' if notes else ""
        return f'<h3>{text(self.title)}</h3>\n<ol class="statements">{"".join(items)}</ol>{below}'


def printable(words: str) -> str:
    """Return words without characters that a terminal might obey."""
    return "".join(character if character.isprintable() else "?" for character in words)


def _filled(head: str, words: str) -> list[str]:
    indent = "   " if head[0].isdigit() else "     "
    return textwrap.wrap(f"{head}{printable(words)}", LINE, subsequent_indent=indent, break_on_hyphens=False)
