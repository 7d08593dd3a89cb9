"""Warnings that differ in one word, told once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_LEAST: Final = 3
_NAMED: Final = 20
_LONGEST: Final = 400
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")


def merged(texts: Mapping[str, int]) -> tuple[str, ...]:
    """Return texts; three or more that differ in one word, and in numbers, as the first of them with all names.

    Parameters
    ----------
    texts : mapping of str to int
        Texts, and of how many items.

    Examples
    --------
    >>> merged({"MAI: one of 9 starts": 1, "too short": 4, "EAI: one of 4 starts": 1, "GAI: one of 4 starts": 1})
    ('MAI: one of 9 starts (3 alike but for numbers: MAI, EAI, GAI)', 'too short (4 items)')
    """
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for text in texts:
        if len(text) > _LONGEST:
            continue
        words = _NUMBER.sub("#", text).split(" ")
        for place in range(len(words)):
            groups.setdefault((place, (*words[:place], *words[place + 1 :])), []).append(text)
    stands: dict[str, str] = {}
    for (place, _), members in sorted(groups.items(), key=lambda one: -len(one[1])):
        members = [one for one in members if one not in stands]
        names = list(dict.fromkeys(one.split(" ")[place].rstrip(":,;") for one in members))
        if len(names) < _LEAST:
            continue
        same = len({tuple(w for n, w in enumerate(one.split(" ")) if n != place) for one in members}) == 1
        shown = ", ".join(names[:_NAMED]) + (
            f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        )
        stands |= dict.fromkeys(members, "")
        stands[members[0]] = (
            f"{members[0]} ({len(members)} alike{'' if same else ' but for numbers'}: {shown})"
        )
    return tuple(
        stands.get(text, text if count == 1 else f"{text} ({count} items)")
        for text, count in texts.items()
        if stands.get(text) != ""
    )
