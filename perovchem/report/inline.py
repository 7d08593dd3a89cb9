"""Figures inside a page: SVG without what only a file of its own needs, names that no other figure has."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_NUMBER: Final = re.compile(r"-?\d+\.\d{3,}")
_OUTSIDE: Final = ("style", "metadata")
_KEPT: Final = "\n\t\u00a0"
_INHERITED: Final = "stroke-linejoin:round;stroke-linecap:butt"
"""What matplotlib sets for every element by a style sheet, which in a page would hold for all of it."""
_REM_PER_POINT: Final = 59.5 / 504
"""A figure of two columns, 7 inches, fills the page's 59.5 rem; a narrower one is as much narrower."""


def inline_svg(text: str, *, name: str, title: str) -> str:
    """Return a figure that matplotlib wrote as it stands in a page.

    Its text stays text. Names are made the figure's own, numbers are rounded to hundredths of a point, and its
    size becomes that of the column.

    Parameters
    ----------
    text : str
        An SVG document that we have written.
    name : str
        Put in front of each id; letters, digits and hyphens.
    title : str
        Read out in place of the picture.

    Examples
    --------
    >>> figure = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path id="a" d="M 1.23456 2"/></svg>'
    >>> inline_svg(figure, name="f1", title="A < B")
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img" ...><path id="f1-a" d="M 1.23 2" /></svg>'
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(text)  # noqa: S314  our own figure
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in _OUTSIDE:
                parent.remove(child)
    for part in root.iter():
        for key, value in list(part.attrib.items()):
            if key == "id":
                part.set(key, f"{name}-{value}")
            elif key == _LINK:
                del part.attrib[key]
                part.set("href", f"#{name}-{value[1:]}" if value.startswith("#") else value)
            elif "url(#" in value:
                part.set(key, value.replace("url(#", f"url(#{name}-"))
            elif key in ("d", "points", "x", "y", "transform"):
                part.set(key, " ".join(_NUMBER.sub(_rounded, value).split()))
        part.text = printable(part.text) if part.text and part.text.strip() else None
        part.tail = part.tail if part.tail and part.tail.strip() else None
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", printable(title))
    wide = f"{max(_width(root) * _REM_PER_POINT, 20):.1f}rem"
    root.set("style", f"{_INHERITED};--wide:{wide}")
    return ElementTree.tostring(root, encoding="unicode")


def printable(text: str) -> str:
    r"""Return a text with a question mark for each character that steers the display instead of showing.

    Examples
    --------
    >>> printable("right\u202e to left")
    'right? to left'
    """
    return "".join(c if c.isprintable() or c in _KEPT else "?" for c in text)


def _width(root: ElementTree.Element) -> float:
    """Return the width of a figure, points."""
    return float(root.get("viewBox", "0 0 504 360").split()[2])


def _rounded(number: re.Match[str]) -> str:
    """Return a number to two digits, zeros at its end left out."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
