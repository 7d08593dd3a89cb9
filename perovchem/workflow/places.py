"""Places in JSON: `name`, `name.sub`, `[3]`, `[key=value]`; nothing else is understood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from perovchem.workflow.matrix import as_text

_PART: Final = re.compile(r"\.?([^.\[\]=]+)|\[(\d{1,9})\]|\[([^.\[\]=]+)=([^\[\]]*)\]")

Part = str | int | tuple[str, str]


class NotThereError(LookupError):
    """A place that this JSON does not have; says which part, and what there is."""


@lru_cache(4096)
def parsed(place: str) -> tuple[Part, ...]:
    """Return the parts of a place.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parsed("tests[name=radius mismatch].value")
    ('tests', ('name', 'radius mismatch'), 'value')
    """
    parts: list[Part] = []
    at = 0
    while at < len(place):
        match = _PART.match(place, at)
        if (
            match is None
            or (match[0].startswith(".") and at == 0)
            or (match[1] and at and match[0][0] != ".")
        ):
            raise ValueError(place)
        parts.append(match[1] if match[1] else int(match[2]) if match[2] else (match[3], match[4]))
        at = match.end()
    if not parts or len(parts) > 50:
        raise ValueError(place)
    return tuple(parts)


def at(value: Any, place: str) -> Any:
    """Return what stands at a place; None also where something on the way to it is null.

    Raises
    ------
    NotThereError

    Examples
    --------
    >>> at({"tests": [{"name": "charge", "value": 0}]}, "tests[name=charge].value")
    0
    """
    for part in parsed(place):
        if value is None:
            return None
        if isinstance(part, str):
            if not isinstance(value, Mapping) or part not in value:
                raise NotThereError(part, list(value) if isinstance(value, Mapping) else [])
            value = value[part]
        elif not isinstance(value, Sequence) or isinstance(value, str):
            raise NotThereError(f"[{part}]", [])
        elif isinstance(part, int):
            if part >= len(value):
                raise NotThereError(f"[{part}]", [])
            value = value[part]
        else:
            value = _chosen(value, *part)
    return value


def _chosen(values: Sequence[Any], key: str, text: str) -> Any:
    """Return the one element whose key has this value."""
    found = [
        one
        for one in values
        if isinstance(one, Mapping)
        and isinstance(one.get(key), str | int | float)
        and as_text(one[key]) == text
    ]
    if len(found) != 1:
        there = [
            as_text(one[key]) for one in values if isinstance(one, Mapping) and isinstance(one.get(key), str)
        ]
        raise NotThereError(f"[{key}={text}]" + (f", {len(found)} times" if found else ""), there)
    return found[0]
