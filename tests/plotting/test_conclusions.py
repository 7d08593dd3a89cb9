"""Figures and tables of conclusions show the numbers of their results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_evidence import IONS, MISMATCH, NMR, ORDER, RULE, SALTS, XPS, binding, evidence, measured
from matplotlib.colors import to_rgb

from perovchem.cli.conclusion_tables import drawings, tables
from perovchem.doping import Doping, doping
from perovchem.plotting.conclusions import MOST_ROWS, plot_evidence_against_measured, plot_ranks
from perovchem.plotting.style import save
from perovchem.solubility import Solubility, solubility


@pytest.fixture(scope="module")
def salts() -> Solubility:
    distance = evidence("Pb-O distance", (2.41, 2.45, 2.47), (0.01, 0.01, 0.03), unit="Å")
    return solubility([binding(), distance], measured=ORDER, title="Salts")


@pytest.fixture(scope="module")
def ions() -> Doping:
    return doping([RULE, MISMATCH], measured=[XPS, NMR])


def test_points_and_bars_are_the_columns(salts: Solubility) -> None:
    axes = plot_evidence_against_measured(salts).axes[0]
    point, _, (across,) = axes.containers[0].lines
    np.testing.assert_allclose(point.get_xydata(), [[-444, 1], [-440, 2], [-399, 3]])
    np.testing.assert_allclose(
        [part[:, 0] for part in across.get_segments()], [[v - 3, v + 3] for v in (-444, -440, -399)]
    )
    assert axes.yaxis_inverted()  # rank 1 on top
    assert "+1.00" in axes.get_title(loc="left") and "cannot be significant" in axes.get_title(loc="left")
    assert {text.get_text() for text in axes.texts} >= set(SALTS)


def test_ranks_are_written_and_the_better_is_the_darker(salts: Solubility) -> None:
    axes = plot_ranks(salts).axes[0]
    rows = [tick.get_text() for tick in axes.get_yticklabels()]
    assert rows == list(SALTS)
    cells = {
        (patch.get_x() + 0.5, patch.get_y() + 0.5): sum(to_rgb(patch.get_facecolor())[:3])
        for patch in axes.patches
    }
    assert cells[0, 0] < cells[0, 1] < cells[0, 2]
    written = {(round(text.get_position()[0]), round(text.get_position()[1])): [] for text in axes.texts}
    for text in axes.texts:
        written[round(text.get_position()[0]), round(text.get_position()[1])].append(text.get_text())
    assert written[0, 0] == ["≈ 1", "-444.0 ± 3.0 kJ/mol"]
    assert written[0, 2] == ["3", "-399.0 ± 3.0 kJ/mol"]
    assert written[2, 1] == ["2"]  # measured as a rank


def test_verdicts_are_words(ions: Doping) -> None:
    texts = [text.get_text() for text in plot_ranks(ions).axes[0].texts]
    assert texts.count("enters") == 3 and texts.count("not found") == 2 and "undecided" in texts
    assert "21.5 ± 1.2 %" in texts


def test_many_subjects_and_strange_names_are_drawn(tmp_path: Path) -> None:
    names = tuple(f"salt {k} $x_{{{k}}}" for k in range(60))
    found = solubility(
        [evidence("a $ sign", range(60), subjects=names, better="higher", unit="eV")],
        measured=measured(
            "y", range(60), subjects=names, unit="g/L", censored={names[3]: "<", names[4]: ">"}
        ),
        draws=20,
    )
    for drawing in drawings(found):
        assert all(path.stat().st_size > 1000 for path in save(drawing.draw(), tmp_path, drawing.name))
    assert len(plot_ranks(found).axes[0].get_yticklabels()) == MOST_ROWS
    assert "left out" in drawings(found)[0].caption


def test_without_a_measurement_there_is_one_figure() -> None:
    found = solubility([binding()])
    assert [one.name for one in drawings(found)] == ["solubility_ranks"]
    assert [table.title for table in tables(found)] == ["Solubility", "Evidence and measurements"]


def test_tables_hold_what_was_concluded(salts: Solubility, ions: Doping) -> None:
    for found in (salts, ions):
        sentences, joined, correlated = tables(found)
        assert [row[1] for row in sentences.rows] == [one.statement for one in found.conclusions]
        assert [row[0] for row in joined.rows] == list(found.subjects)
        assert len(correlated.rows) == sum(one.n > 1 for one in found.correlations)
        text = str(sentences)
        assert max(map(len, text.splitlines())) <= 160
        for one in found.conclusions:
            assert " ".join(one.statement.split()[:6]) in " ".join(text.split())
        assert all(len(row) == len(table.header) for table in tables(found) for row in table.rows)
    assert "Salts" in tables(salts)[0].title
    assert any("Nano-Micro Lett." in note for note in tables(salts)[0].notes)


def test_text_of_strangers_does_not_reach_the_terminal_as_it_is() -> None:
    names = ("a\x1b[31m", "b", "c")
    found = solubility(
        [evidence("x", (1, 2, 3), subjects=names, better="lower"), evidence("y", (None,) * 3, subjects=names)]
    )
    assert "\x1b" not in "\n".join(map(str, tables(found)))


def test_panels_are_of_three_subjects_at_least(ions: Doping) -> None:
    assert [one.name for one in drawings(ions)] == ["doping_ranks"]
    more = doping(
        [RULE, MISMATCH], measured=measured("XPS", ("enters", "not found", "not found"), subjects=IONS)
    )
    axes = plot_evidence_against_measured(more).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["not found", "enters"]
    assert any(line.get_xdata()[0] == 15 for line in axes.lines if len(line.get_xdata()) == 2)
