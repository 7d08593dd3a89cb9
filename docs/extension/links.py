"""Links between the Markdown files of the repository, turned into links between pages of the documentation."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from extension.contents import DOCS, REPOSITORY

if TYPE_CHECKING:
    from sphinx.application import Sphinx

COPIED = {
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "benchmarks/RESULTS.md": "benchmarks",
    **{
        f"benchmarks/{path.name}": f"benchmarks_{path.stem.lower()}"
        for path in sorted((REPOSITORY / "benchmarks").glob("*.md"))
        if path.name != "RESULTS.md"
    },
    "structures/README.md": "structures",
    "trajectories/README.md": "trajectories",
    "workflows/README.md": "workflows",
    "tests/fuzz/RESULTS.md": "fuzzing",
    "examples/data/cesium_lead_halide_bands/README.md": "data_bands",
    "examples/reference_trajectories/README.md": "data_trajectories",
}
"""Files outside this folder that are pages, by path."""
PAGES = {
    "README.md": "index.rst",
    "examples/README.md": "generated/examples.rst",
    "docs/README.md": "index.rst",
    **{source: f"generated/{page}.md" for source, page in COPIED.items()},
}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?")
_LOADS = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']+"
    r"|<link\b(?![^>]*rel=[\"']canonical)[^>]*\bhref=[\"'](?:https?:)?//[^\"']+"
    r"|@import[^;]*//[^;]+"
)
"""What a browser would fetch from elsewhere as soon as a page is opened."""


def rewritten(text: str, source: Path, page: Path) -> str:
    """Return a Markdown text whose relative links lead where they should from another place.

    Parameters
    ----------
    text : str
    source : Path
        Of the file, in the repository.
    page : Path
        Of the file that Sphinx reads, in this folder.
    """

    def target(found: re.Match[str]) -> str:
        path = (source.parent / found[1]).resolve()
        try:
            name = path.relative_to(REPOSITORY).as_posix()
        except ValueError:
            return found[0]
        if name.startswith("examples/") and name.endswith(".py"):
            name, path = "", DOCS / "gallery" / f"{path.stem}.rst"
        elif name in PAGES:
            path = DOCS / PAGES[name]
        relative = Path(os.path.relpath(path, page.parent)).as_posix()
        return relative + (found[2] or "")

    return _LINK.sub(target, text)


def _read(app: Sphinx, page: str, content: list[str]) -> None:
    """Rewrite the links of a page before it is parsed."""
    path = Path(app.env.doc2path(page))
    if path.suffix != ".md":
        return
    sources = {f"generated/{name}": REPOSITORY / source for source, name in COPIED.items()}
    sources["generated/definitions"] = REPOSITORY / "README.md"
    content[0] = rewritten(content[0], sources.get(page, path), path)


def loaded_from_elsewhere(html: str) -> list[str]:
    """Return the elements of a page that a browser would fetch from a network; links to follow are none."""
    return [found[0] for found in _LOADS.finditer(html)]


def _loads_nothing(app: Sphinx, error: Exception | None) -> None:
    """Warn of pages that would load something from a network."""
    from sphinx.util.logging import getLogger

    if error is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        for found in loaded_from_elsewhere(path.read_text(encoding="utf-8")):
            getLogger(__name__).warning("%s would load %s", path.name, found)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what happens before a page is parsed."""
    app.connect("source-read", _read)
    app.connect("build-finished", _loads_nothing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
