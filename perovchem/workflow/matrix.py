"""The matrix: {names} in texts replaced by values, and nothing else done; combinations, without what is excluded."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from perovchem.errors import FormatError, nearest
from perovchem.workflow.declaration import NAME, Scalar

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(NAME)


def as_text(value: Scalar) -> str:
    """Return a value as it stands in a text or a cell.

    Examples
    --------
    >>> as_text(True), as_text(2), as_text(0.1), as_text("Br")
    ('true', '2', '0.1', 'Br')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def showable(text: str) -> str:
    """Return a text that any file can hold: bytes of a file name that are no text are written as such."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def names_in(template: Any) -> list[str]:
    """Return the {names} of a text, or of all texts in lists and tables, each once.

    Raises
    ------
    ValueError
        For a brace that is none of a name; two make one that is meant.
    """
    if isinstance(template, Mapping):
        return list(dict.fromkeys(name for one in template.values() for name in names_in(one)))
    if isinstance(template, list | tuple):
        return list(dict.fromkeys(name for one in template for name in names_in(one)))
    found: dict[str, None] = {}
    if isinstance(template, str):
        for match in _PIECE.finditer(template):
            if match[0] in ("{{", "}}"):
                continue
            if match[1] is None or not _NAME.fullmatch(match[1]):
                raise ValueError(match[0])
            found[match[1]] = None
    return list(found)


def filled(template: Any, values: Mapping[str, Scalar]) -> Any:
    """Return a text with its {names} replaced; a text that is one {name} alone becomes the value with its type.

    Names are the only thing that is looked up: no attributes, no items, no formats.

    Examples
    --------
    >>> filled(["{halide}-", "{count}", "{{x}}"], {"halide": "Br", "count": 2})
    ['Br-', 2, '{x}']
    """
    if isinstance(template, Mapping):
        return {key: filled(one, values) for key, one in template.items()}
    if isinstance(template, list | tuple):
        return [filled(one, values) for one in template]
    if not isinstance(template, str) or ("{" not in template and "}" not in template):
        return template
    whole = _PIECE.fullmatch(template)
    if whole and whole[1] is not None:
        return values[whole[1]]
    return _PIECE.sub(lambda m: m[0][0] if m[1] is None else as_text(values[m[1]]), template)


def check_names(
    template: Any, axes: Mapping[str, object] | Sequence[str], place: str, where: str
) -> list[str]:
    """Return the names in a template; refuse those that are no axes."""
    try:
        found = names_in(template)
    except ValueError as error:
        raise FormatError(
            f"{place} holds {str(error)[:60]!r}, which is no name of an axis",
            where=where,
            fix="write {name}; a brace that is meant is written twice",
        ) from None
    for name in found:
        if name not in axes:
            known = nearest(name, axes) if axes else "declare it in [matrix]"
            raise FormatError(f"{place}: there is no axis {name!r} for {{{name}}}", where=where, fix=known)
    return found


def check_axes(matrix: Mapping[str, Sequence[Scalar]], reserved: Sequence[str], where: str) -> None:
    """Refuse axes without values, with one twice, or with a name that means something else."""
    for name, values in matrix.items():
        if not _NAME.fullmatch(name) or name in reserved:
            taken = "a column of its own" if name in reserved else "no name of an axis"
            raise FormatError(
                f"matrix.{name[:60]} is {taken}", where=where, fix="write lowercase words joined by _"
            )
        texts = [as_text(value) for value in values]
        if not texts:
            raise FormatError(f"matrix.{name} has no values", where=where, fix="give at least one")
        twice = (
            next((text for k, text in enumerate(texts) if text in texts[:k]), None)
            if len(texts) < 2000
            else None
        )
        if len(set(texts)) < len(texts):
            raise FormatError(
                f"matrix.{name} has a value twice ({twice or 'among many'})",
                where=where,
                fix="give each once",
            )


def count(matrix: Mapping[str, Sequence[Scalar]], axes: Sequence[str]) -> int:
    """Return the number of combinations before any is excluded, without making them."""
    return math.prod(len(matrix[axis]) for axis in axes)


def combinations(
    matrix: Mapping[str, Sequence[Scalar]], axes: Sequence[str], exclude: Sequence[Mapping[str, Scalar]]
) -> Iterator[dict[str, Scalar]]:
    """Yield the combinations of some axes, the last varying fastest.

    An exclusion counts where all of its axes are among these.
    """
    rules = [rule for rule in exclude if rule and all(axis in axes for axis in rule)]
    for values in itertools.product(*(matrix[axis] for axis in axes)):
        found = dict(zip(axes, values, strict=True))
        if not any(all(same(found[axis], value) for axis, value in rule.items()) for rule in rules):
            yield found


def same(one: object, other: object) -> bool:
    """Return whether two values are one: true is not 1, and 1 is 1.0."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other
