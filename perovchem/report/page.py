"""The page: one HTML file that needs nothing but a browser; figures, tables, structure, settings, provenance."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Final

from perovchem.report.inline import inline_svg
from perovchem.report.markup import linked, powers, scrolled, text
from perovchem.report.origin import provenance_section, settings_section, works_section
from perovchem.report.sentences import Sentences
from perovchem.report.structure import structure
from perovchem.result import MISSING
from perovchem.version import __version__

if TYPE_CHECKING:
    from perovchem.frames import Frames
    from perovchem.report import Report, Table
    from perovchem.scene import Scene

_ONE: Final = r"[-+−]?[\d.]+([eE][-+]?\d+)?"
_NUMBER: Final = re.compile(
    rf"([<>≤≥] ?)?{_ONE}(\(\d+\))?( ?± ?{_ONE})?\*?( ?%)?( \([\d., to/e+−-]+\))?|– \({_ONE}\)|\d+( / \d+)+"
)
_POWER: Final = re.compile(r"(Å|cm|m|degree|fs|ps)(-?\d)")
_IN_BRACKETS: Final = re.compile(r"\(([^()]*)\)$")
_AT_ONCE: Final = 9
"""Warnings that are seen without unfolding the rest."""
_WIDE: Final = 28
"""Characters from which a cell may break into lines."""
_LONG: Final = 120
"""Characters from which a cell is a paragraph."""
_SORTED: Final = 4
"""Rows from which a table can be sorted."""
_BROKEN: Final = 18
"""Characters from which a cell of words breaks into lines where a table is printed."""
_PRINTED: Final = 82
"""Characters in a line of a printed table at 9 points; what is wider is printed smaller."""
_SMALLEST: Final = 5.0
"""Points; a table that would need smaller print breaks its words and numbers."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was drawn for a page.

    Attributes
    ----------
    figures : mapping of drawing name to SVG document
    still : bytes
        PNG of the structure, for readers without scripts; empty where there is none.
    scenes : sequence of Scene
    """

    figures: Mapping[str, str] = field(default_factory=dict)
    still: bytes = b""
    scenes: Sequence[Scene] = ()


def page(
    report: Report,
    pictures: Pictures,
    *,
    command_line: str = "",
    csv: Mapping[str, str] | None = None,
    beside: Iterable[str] = (),
) -> str:
    """Return the page of a report as HTML.

    Parameters
    ----------
    report : Report
    pictures : Pictures
    command_line : str
        As the user typed it.
    csv : mapping of file stem to text
        Tables to be carried inside the page, as far as they are short.
    beside : iterable of str
        Names of the files that lie beside the page.
    """
    sections = [
        ("results", "Results", _tables(report)),
        ("structure", "Structure", structure(pictures.scenes, pictures.still)),
        ("figures", "Figures", _figures(report, pictures)),
        ("pages", "Pages of the items", _links(report)),
        ("settings", "Settings and definitions", settings_section(report.settings)),
        ("provenance", "Provenance", provenance_section(report, command_line, csv or {}, beside)),
        ("cite", "How to cite", works_section(report)),
    ]
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{name}">{words}</a></li>' for name, words, _ in sections)
    body = "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{words}</h2>\n{html}\n</section>'
        for name, words, html in sections
    )
    script = "".join(
        _asset(name)
        for name, wanted in (
            ("viewer.js", bool(pictures.scenes)),
            ("download.js", "data-figure=" in body),
            ("sort.js", 'class="sortable' in body),
        )
        if wanted
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="perovchem {__version__}">
<title>{text(report.title)}</title>
<style>
{_asset("page.css")}</style>
</head>
<body>
<header>
<p class="kicker">perovchem {text(report.command)}</p>
<h1>{text(report.title)}</h1>
{f'<p class="summary">{powers(text(report.summary))}</p>' if report.summary else ""}
{_runs(report)}
{_warnings(report)}
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
<footer><p>Made by perovchem {__version__}. This page holds everything it shows and loads nothing.</p></footer>
<script>{script}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    """Return a file of this package."""
    return resources.files("perovchem.report").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return what the page may do: run this one script, show what it holds, load nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


# --- head ------------------------------------------------------------------------------------------------------


def _runs(report: Report) -> str:
    """Return the table of runs: what each is, how long, from where."""
    if not report.runs:
        return ""
    from perovchem.plotting.style import RUN_COLORS

    heads = ("run", "input", "cell content", "analyzed", "interval", "read from")
    rows = []
    for k, (label, name, run) in enumerate(zip(report.labels, report.inputs, report.runs, strict=True)):
        swatch = f'<span class="swatch" style="background:{RUN_COLORS[k % len(RUN_COLORS)]}"></span>'
        source = "" if name == label else f"<code>{text(name)}</code>"
        content = re.sub(r"(\d+)", r"<sub>\1</sub>", text(run.formula))
        rows.append((swatch + text(label), source, content, *map(text, _extent(run)), text(_origin(run))))
    kept = [k for k in range(len(heads)) if any(row[k] for row in rows)]
    head = "".join(f'<th scope="col">{heads[k]}</th>' for k in kept)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{row[k]}</td>" for k in kept[1:])}</tr>'
        for row in rows
    )
    html = f'<table class="runs"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return scrolled("Runs", html)


def _extent(run: Frames) -> tuple[str, str]:
    """Return how much of a run was analyzed, and the time between its frames."""
    frames = f"{len(run)} frame" + ("" if len(run) == 1 else "s")
    without = f", without the first {run.discarded}" if run.discarded else ""
    if run.times is None or len(run) < 2:
        return frames + without, ""
    span = float(run.times[-1] - run.times[0])
    return f"{frames}, {span / 1000:.3g} ps{without}", f"{span / (len(run) - 1):.4g} fs"


def _origin(run: Frames) -> str:
    """Return format and code of a run."""
    known = run.source.metadata
    code = f"{known.code} {known.version}".strip()
    parts = [run.source.format, *([f"of {code}"] if code else [])]
    return " ".join(parts) + ("" if run.source.complete else ", incomplete")


def grouped(
    warnings: Iterable[str], labels: Sequence[str], inputs: Sequence[str]
) -> list[tuple[list[str], str]]:
    """Return each warning once, with the runs it is about.

    Examples
    --------
    >>> grouped(["A: a: too short", "B: b: too short", "differ"], ("A", "B"), ("a", "b"))
    [(['A', 'B'], 'too short'), ([], 'differ')]
    """
    found: dict[str, list[str]] = {}
    for warning in warnings:
        sentence, about = warning, []
        for label, name in zip(labels, inputs, strict=True):
            if sentence.startswith(f"{label}: "):
                sentence, about = sentence.removeprefix(f"{label}: ").removeprefix(f"{name}: "), [label]
                break
        known = found.setdefault(sentence, [])
        known += [label for label in about if label not in known]
    return [(about, sentence) for sentence, about in found.items()]


def _warnings(report: Report) -> str:
    """Return what a reader of the numbers must know, unless it stands below a table anyway."""
    below = {note.rstrip(".") for table in report.tables for note in table.notes}
    told = [sentence for sentence in report.warnings if sentence.rstrip(".") not in below]
    rows = []
    for about, sentence in grouped(told, report.labels, report.inputs):
        names = f"<b>{text(', '.join(about))}:</b> " if about else ""
        rows.append(f"<li>{names}{linked(sentence)}</li>")
    if not rows:
        return ""
    html = f"<ul>{''.join(rows[:_AT_ONCE])}</ul>"
    if rows[_AT_ONCE:]:
        html += f"<details><summary>{len(rows) - _AT_ONCE} more</summary><ul>{''.join(rows[_AT_ONCE:])}</ul></details>"
    return (
        '<section class="warnings" aria-labelledby="warnings-title">'
        f'<h2 id="warnings-title">Read these numbers knowing that</h2>{html}</section>'
    )


# --- results ---------------------------------------------------------------------------------------------------


def _tables(report: Report) -> str:
    return "\n".join(_table(table, report.title) for table in report.tables)


def _table(table: Table, otherwise: str) -> str:
    """Return a table with units, errors and notes as it is printed; of sentences their list."""
    if isinstance(table, Sentences):
        return table.html()
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    right = [
        any(cell not in (None, "") for cell in column)
        and all(cell in (None, "") or bool(_NUMBER.fullmatch(str(cell))) for cell in column)
        for column in columns
    ]
    head = "".join(
        f'<th scope="col"{" class=number" if aside else " class=wide" * (len(words) > _WIDE)}>{_head(words)}</th>'
        if words
        else "<td></td>"
        for words, aside in zip(table.header, right, strict=True)
    )
    units = table.header.index("unit") if "unit" in table.header else -1
    rows = "".join(f"<tr>{_row(row, right, units)}</tr>" for row in table.rows)
    notes = "".join(f"<li>{linked(note)}</li>" for note in table.notes)
    title = f"<caption>{text(table.title)}</caption>" if table.title else ""
    html = f"<table{_kind(table)}>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    below = f'<ul class="notes">{notes}</ul>' if notes else ""
    return scrolled(table.title or otherwise, html) + below


def _kind(table: Table) -> str:
    """Return a table's attributes: whether it can be sorted, and how small it must be to fit a printed page.

    A table whose rows are quantities with units of their own has no order to be sorted by.
    """
    kinds = []
    if len(table.rows) >= _SORTED and len(table.header) > 1 and "unit" not in table.header:
        kinds.append("sortable")
    width = sum(
        2 + max(0, _unbroken(head), *(_unbroken(cell, _BROKEN) for cell in cells))
        for head, *cells in zip(table.header, *table.rows, strict=True)
    )
    size = 9 * _PRINTED / width if width else 9
    if size < _SMALLEST:
        kinds.append("dense")
    marks = f' class="{" ".join(kinds)}"' if kinds else ""
    return marks + (f' style="--fit: {max(size, _SMALLEST):.1f}pt"' if size < 9 else "")


def _unbroken(cell: str | None, line: int = 0) -> int:
    """Return how wide a cell stands in print: a number whole, words in lines of so many characters."""
    cell = cell or ""
    if _NUMBER.fullmatch(cell):
        return len(cell)
    return max(min(len(cell), line), *map(len, ["", *cell.split()]))


def _head(words: str) -> str:
    """Return a column's head; powers of the unit in brackets at its end are raised."""
    return _IN_BRACKETS.sub(lambda m: _POWER.sub(r"\1<sup>\2</sup>", m[0]), text(words))


def _row(row: Sequence[str | None], right: Sequence[bool], units: int) -> str:
    """Return the cells of a row; powers of units are raised."""
    cells = []
    for k, (cell, aside) in enumerate(zip(row, right, strict=True)):
        if k == 0 and not aside:
            mark = ' class="wide"' if len(cell or "") > _WIDE else ""
            cells.append(f'<th scope="row"{mark}>{text(cell or "")}</th>')
            continue
        kinds = ["number"] if aside else []
        if cell is None:
            kinds.append("undefined")
        elif len(cell) > _WIDE:
            kinds.append("long" if len(cell) > _LONG else "wide")
        mark = f' class="{" ".join(kinds)}"' if kinds else ""
        html = powers(text(MISSING if cell is None else cell))
        if k == units:
            html = _POWER.sub(r"\1<sup>\2</sup>", html)
        cells.append(f"<td{mark}>{html}</td>")
    return "".join(cells)


def _links(report: Report) -> str:
    """Return the list of other pages."""
    rows = "".join(
        f'<li><a href="{text(path)}">{text(words)}</a></li>' for words, path in report.links.items()
    )
    return f'<ul class="pages">{rows}</ul>' if rows else ""


def _figures(report: Report, pictures: Pictures) -> str:
    """Return the figures with their captions, numbered."""
    parts = []
    for number, drawing in enumerate(report.drawings, 1):
        if drawing.name not in pictures.figures:
            continue
        name = "figure-" + re.sub(r"[^A-Za-z0-9-]+", "-", drawing.name)
        svg = inline_svg(pictures.figures[drawing.name], name=name, title=drawing.caption)
        parts.append(
            f'<figure id="{name}">{scrolled(f"Figure {number}", svg)}'
            f"<figcaption><b>Figure {number}.</b> {linked(drawing.caption)} {_buttons(name, drawing.name)}"
            "</figcaption></figure>"
        )
    return "\n".join(parts)


def _buttons(figure: str, stem: str) -> str:
    """Return the buttons that save a figure; without scripts they stay away."""
    return " ".join(
        f'<button type="button" data-figure="{figure}" data-name="{text(stem)}.{kind.lower()}" hidden>Save as {kind}'
        "</button>"
        for kind in ("SVG", "PNG")
    )
