"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


UNKNOWN = {r"\Big/": r"\,/\,", "°": r"^\circ"}
"""What the converter does not know, and what stands for it."""


def formula(tex: str, *, block: bool) -> str:
    """Return a formula in LaTeX as MathML."""
    rows = tex.strip().rstrip("\\")
    for unknown, known in UNKNOWN.items():
        rows = rows.replace(unknown, known)
    if block and r"\\" in rows and r"\begin" not in rows:
        rows = rf"\begin{{aligned}} {rows} \end{{aligned}}"
    return tex2mathml(rows, as_block=block)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(formula(node.astext(), block=False))
    raise SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    formulas = "".join(formula(part, block=True) for part in parts)
    writer.body.append(f'<div class="formula">{formulas}</div>')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
