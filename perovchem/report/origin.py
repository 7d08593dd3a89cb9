"""The sections of a page that say what its numbers rest on: settings, files, versions, publications."""

from __future__ import annotations

import itertools
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from perovchem.report.markup import data_link, linked, text
from perovchem.result import MISSING, jsonable
from perovchem.version import __version__

if TYPE_CHECKING:
    from perovchem.frames import Frames
    from perovchem.report import Report

EMBEDDED: Final = 300_000
"""Bytes of CSV that a page carries at most, the shortest files first; the others lie beside it."""
_SOURCE: Final = re.compile(r"(?:([^();:,]*)\()?\s*([^();:]*?),?\s*\bdoi (10\.\d{4,9}/[^\s,;()]*[^\s,;().])")
_NAME: Final = re.compile(r"[A-Z].*")


def settings_section(settings: Mapping[str, Any]) -> str:
    """Return the choices, then the definitions."""
    plain = {key: value for key, value in jsonable(settings).items() if key != "definitions"}
    rest = [key.replace("_", " ") for key, value in plain.items() if value in (None, [], {}, "")]
    chosen = {key: _value(value) for key, value in plain.items() if value not in (None, [], {}, "")}
    html = _pairs(chosen | ({"left as it is": text(", ".join(rest))} if rest else {}))
    definitions = jsonable(settings).get("definitions")
    if isinstance(definitions, Mapping):
        html += "<h3>What is meant by</h3>" + _pairs({k: linked(v) for k, v in definitions.items()})
    return html


def _pairs(rows: Mapping[str, str]) -> str:
    """Return a list of names and their HTML."""
    inner = "".join(
        f"<div><dt>{text(name.replace('_', ' '))}</dt><dd>{html}</dd></div>" for name, html in rows.items()
    )
    return f"<dl>{inner}</dl>" if inner else ""


def _value(value: Any) -> str:
    """Return a setting as people read it."""
    if value is None:
        return MISSING
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "<br>".join(f"{text(key)}: {_value(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_value(inner) for inner in value)
    return linked(value)


def provenance_section(
    report: Report, command_line: str, csv: Mapping[str, str], beside: Iterable[str]
) -> str:
    """Return files with checksums, versions, the command, and what can be saved."""
    document = report.to_json() + "\n"
    parts = []
    if command_line:
        parts.append(f'<h3>Command</h3><code class="command">{text(command_line)}</code>')
    files = "".join(
        f'<li><code>{text(file.path)}</code><br><code class="hash">sha256 {file.sha256}</code></li>'
        for file in report.files
    )
    if files:
        parts.append(f"<h3>Files that were read</h3><ul>{files}</ul>")
    notes = "".join(
        f"<li>{text(label)}: {linked(note)}</li>"
        for label, run in zip(report.labels, report.runs, strict=bool(report.runs))
        for note in _on_reading(run)
    )
    if notes:
        parts.append(f"<h3>On reading them</h3><ul>{notes}</ul>")
    versions = {"perovchem": __version__, "Python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in ("numpy", "scipy", "numba", "matplotlib")}
    parts.append("<h3>Versions</h3><p>" + text(", ".join(f"{k} {v}" for k, v in versions.items())) + "</p>")
    carried = [data_link(f"{report.command}.json", f"{report.command}.json", "application/json", document)]
    carried += [data_link(f"{stem}.csv", f"{stem}.csv", "text/csv", csv[stem]) for stem in _short_enough(csv)]
    links = "".join(f"<li>{link}</li>" for link in carried)
    parts.append(
        f'<div class="screen"><h3>Save what this page carries</h3><ul class="downloads">{links}</ul></div>'
    )
    names = ", ".join(f"<code>{text(name)}</code>" for name in beside)
    if names:
        parts.append(f"<h3>In the folder of results</h3><p>{names}</p>")
    return "\n".join(parts)


def _short_enough(csv: Mapping[str, str]) -> list[str]:
    """Return which tables a page carries."""
    sizes = {stem: len(text.encode()) for stem, text in csv.items()}
    kept, room = set(), EMBEDDED
    for stem in sorted(sizes, key=lambda stem: sizes[stem]):
        room -= sizes[stem]
        if room >= 0:
            kept.add(stem)
    return [stem for stem in csv if stem in kept]


def _on_reading(run: Frames) -> Iterator[str]:
    """Yield what the reader has to say about a run."""
    if run.source.metadata.timestep_source:
        yield f"time between frames: {run.source.metadata.timestep_source}"
    yield from dict.fromkeys(run.source.notes)


def works_section(report: Report) -> str:
    """Return this package, and the publications that the definitions name."""
    texts = [
        *map(str, (report.settings.get("definitions") or {}).values()),
        *(note for table in report.tables for note in table.notes),
        *(drawing.caption for drawing in report.drawings),
    ]
    works: dict[str, str] = {}
    for match in itertools.chain.from_iterable(map(_SOURCE.finditer, texts)):
        name = _NAME.search(match[2] or match[1] or "")  # "(Baur, doi ...)", or "Faber-Ziman (doi ...)"
        works[match[3]] = works.get(match[3]) or (name[0].strip() if name else "")
    rows = "".join(
        f'<li>{text(words + ", ") if words else ""}doi <a href="https://doi.org/{text(doi)}">{text(doi)}</a></li>'
        for doi, words in works.items()
    )
    html = (
        f"<p>Numbers and figures: perovchem {__version__}, command <code>{text(report.command)}</code>, with the "
        "settings above."
    )
    also = ["the code and potential that made the trajectories"] * bool(report.runs)
    also += ["what the definitions rest on"] * bool(rows)
    html += f" Cite also {', and '.join(also)}" if also else ""
    return html + (f":</p><ul>{rows}</ul>" if rows else ".</p>" if also else "</p>")
