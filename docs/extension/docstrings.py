"""What is done with docstrings before they are parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_OUTSIDE = re.compile(r"(``.*?``|`[^`]*`)|(?<!\\)\|")


def bars_meant(lines: list[str]) -> list[str]:
    r"""Return a docstring in which bars are bars: of an absolute value, never of a substitution.

    Formulas, code and examples stay as they are.

    Examples
    --------
    >>> bars_meant(["The mean of |F|.", "", ".. math:: |F|", "", ">>> a | b"])
    ['The mean of \\|F\\|.', '', '.. math:: |F|', '', '>>> a | b']
    """
    meant = []
    formula: int | None = None  # how far the directive of the formula around stands to the right
    example = False
    for line in lines:
        text = line.lstrip()
        indent = len(line) - len(text)
        if text and formula is not None and indent <= formula:
            formula = None
        if text.startswith(".. math::"):
            formula = indent
        example = bool(text) and (example or text.startswith(">>>"))
        as_it_is = formula is not None or example
        meant.append(line if as_it_is else _OUTSIDE.sub(lambda found: found[1] or r"\|", line))
    return meant


def _read(_: Sphinx, _what: str, _name: str, _one: object, _options: object, lines: list[str]) -> None:
    """Change a docstring in place, as autodoc wants it."""
    lines[:] = bars_meant(lines)


def _signature(_: Sphinx, what: str, _name: str, one: object, *__: object) -> tuple[str, str] | None:
    """Hide the signature of results: they are made by functions."""
    from perovchem.result import Result

    if what == "class" and isinstance(one, type) and issubclass(one, Result):
        return "", ""
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both."""
    app.connect("autodoc-process-docstring", _read)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
