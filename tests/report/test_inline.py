"""Figures inside a page keep their text and their look, and do not meddle with each other."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from perovchem.plotting.style import STYLE
from perovchem.report.inline import inline_svg


def drawn(word: str) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3, 2))
        axes = figure.subplots()
        axes.plot([0, 1, 2], [0, 1.2345678, 0], label=word)
        axes.imshow([[0, 1]], extent=(0, 2, 0, 1))
        axes.legend()
        held = io.StringIO()
        figure.savefig(held, format="svg")
    return held.getvalue()


def test_ids_are_the_figures_own_and_references_follow() -> None:
    one, other = (inline_svg(drawn("A"), name=name, title="t") for name in ("f1", "f2"))
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    for text, known in zip((one, other), ids, strict=True):
        references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
        assert references and references <= known


def test_text_stays_text_and_is_escaped() -> None:
    text = inline_svg(drawn("<script>alert(1)</script> & Å"), name="f", title='"quoted" <t>')
    assert "<script>" not in text
    root = ElementTree.fromstring(text)
    assert "<script>alert(1)</script> & Å" in [
        "".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")
    ]
    assert root.get("aria-label") == '"quoted" <t>'


def test_no_style_sheet_and_no_foreign_names_are_left() -> None:
    text = inline_svg(drawn("A"), name="f", title="t")
    assert "<style" not in text and "<metadata" not in text and "<!DOCTYPE" not in text
    assert "ns0:" not in text and "xlink" not in text


def test_numbers_move_by_less_than_a_hundredth_of_a_point() -> None:
    before = ElementTree.fromstring(drawn("A"))
    after = ElementTree.fromstring(inline_svg(drawn("A"), name="f", title="t"))
    paths = [
        [node.get("d") for node in root.iter() if node.tag.endswith("}path")] for root in (before, after)
    ]
    assert len(paths[0]) == len(paths[1]) > 5
    for one, other in zip(*paths, strict=True):
        numbers = [[float(n) for n in re.findall(r"-?\d+\.?\d*", text)] for text in (one, other)]
        assert len(numbers[0]) == len(numbers[1])
        assert all(abs(a - b) <= 0.00501 for a, b in zip(*numbers, strict=True))
