"""Figures of exchange show the numbers of the result."""

from __future__ import annotations

import numpy as np
import pytest
from builders_exchange import stays, two_state

import perovchem as pc
from perovchem.plotting.exchange import MOST_ROWS, plot_stays, plot_survival
from perovchem.plotting.style import save

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def exchange_of(seed: int, n_ligands: int = 12, off: float = 0.02) -> pc.Exchange:
    bound = two_state(600, n_ligands, off=off, on=off / 3, interval=1.0, seed=seed)
    frames = stays(np.where(bound, 3.0, 7.0), step=20.0)
    return pc.exchange(pc.coordination(frames, ligands="I", cutoffs={"Pb-I": 4.0}), hysteresis=1.0)


@pytest.fixture(scope="module")
def runs() -> dict[str, pc.Exchange]:
    return {"slow": exchange_of(1), "fast $x$": exchange_of(2, off=0.05)}


def test_curves_are_the_survival_functions(runs) -> None:
    panels = plot_survival(runs).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "Pb-I, continuous", "Pb-I, intermittent", "Pb-I, stable states",
    ]  # fmt: skip
    function = runs["slow"].kinetics["Pb-I"].survival["intermittent"]
    drawn = [line.get_xydata() for line in panels[1].lines]
    expected = np.column_stack([function.lags / 1000, function.values])
    assert any(line.shape == expected.shape and np.allclose(line, expected) for line in drawn)
    fits = np.column_stack([function.lags / 1000, function.fitted()])
    assert any(line.shape == fits.shape and np.allclose(line, fits) for line in drawn)


def test_bars_are_the_stays(runs) -> None:
    axes = plot_stays(runs).axes[0]
    table = runs["slow"].to_dataframe()
    bars = [path.vertices[:, 0] for lines in axes.collections for path in lines.get_paths()]
    expected = sorted(zip(table["begin_ps"], table["end_ps"], strict=True))
    np.testing.assert_allclose(sorted(tuple(bar) for bar in bars), expected)
    marks = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() == "|")
    assert marks == table["begin_seen"].sum() + table["end_seen"].sum()


def test_many_bonds_are_thinned_and_that_is_said() -> None:
    found = exchange_of(3, n_ligands=MOST_ROWS + 20, off=0.05)
    axes = plot_stays({"many": found}).axes[0]
    assert f"the {MOST_ROWS} longest of" in axes.get_title(loc="left")


def test_nothing_bound_is_drawn_as_that(tmp_path) -> None:
    frames = stays(np.full((20, 2), 9.0))
    found = pc.exchange(pc.coordination(frames, ligands="I", cutoffs={"Pb-I": 4.0}), hysteresis=1.0)
    figure = plot_survival({"empty": found})
    assert figure.axes[0].texts[0].get_text() == "never bound"
    paths = save(figure, tmp_path, "a") + save(plot_stays({"empty": found}), tmp_path, "b")
    assert all(path.stat().st_size > 1000 for path in paths)
