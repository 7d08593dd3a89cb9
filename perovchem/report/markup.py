"""Pieces of HTML: texts that stay texts, links, data that the page carries."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from typing import Any, Final

from perovchem.report.inline import printable

_DOI: Final = re.compile(r"\bdoi (10\.\d{4,9}/[^\s,;()]*[^\s,;().])")
_EXPONENT: Final = re.compile(r"(?<=\d)[eE]([-+]?)0*(\d+)\b")


def text(value: object) -> str:
    """Return a text as HTML shows it unchanged; characters that steer the display are question marks."""
    return escape(printable(str(value)))


def linked(value: object) -> str:
    """Return a text whose DOIs are links."""
    return _DOI.sub(lambda m: f'doi <a href="https://doi.org/{m[1]}">{m[1]}</a>', text(value))


def powers(html: str) -> str:
    """Return 1.2e-09 as people write it.

    Examples
    --------
    >>> powers("&lt; 1.2e-09")
    '&lt; 1.2 × 10<sup>−9</sup>'
    """
    return _EXPONENT.sub(lambda m: f"\u2009×\u200910<sup>{'−' if m[1] == '-' else ''}{m[2]}</sup>", html)


def scrolled(label: str, html: str) -> str:
    """Return what may be wider than a phone in a region that scrolls by itself."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{text(label)}">{html}</div>'


def data_link(words: str, name: str, kind: str, content: str) -> str:
    """Return a link that saves a text which the page carries."""
    packed = base64.b64encode(content.encode()).decode()
    return f'<a class="download" download="{text(name)}" href="data:{kind};base64,{packed}">{text(words)}</a>'


def data_script(name: str, value: Any) -> str:
    """Return data for the script; nothing in it can end the element."""
    packed = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{packed}</script>'
