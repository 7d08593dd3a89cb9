"""The figure shows the numbers of the results."""

from __future__ import annotations

import builders_diffusion as motion
import numpy as np
import pytest
from builders import CELLS, frames_of

import perovchem as pc
from perovchem.plotting.diffusion import plot_diffusion
from perovchem.plotting.style import save

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture(scope="module")
def results():
    random = np.random.default_rng(0)
    species = ["Pb"] * 4 + ["I"] * 4
    walks = {
        "free": motion.walk(random, 600, 8),
        "caged": motion.caged(random, 600, 8),
        "still": np.ones((600, 8, 3)),
    }
    return {
        name: [pc.diffusion(frames_of(species, p, CELLS["cubic"], step=1.0), of=of) for of in ("Pb", "I")]
        for name, p in walks.items()
    }


def test_one_panel_a_particle_one_curve_a_run(results) -> None:
    figure = plot_diffusion(results)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Pb", "I"]
    for k, axes in enumerate(figure.axes):
        curves = {line.get_label(): line for line in axes.lines}
        for name, several in results.items():
            x, y = curves[name].get_data()
            np.testing.assert_allclose(y, np.interp(x, several[k].lags, several[k].msd))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["free", "caged", "still", "fit, diffusive", "fit, not diffusive: no $D$"]


def test_the_line_is_drawn_in_its_range_only(results) -> None:
    (free, *_), axes = results["free"], plot_diffusion(results).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "fit, diffusive")
    x, y = line.get_data()
    assert (x[0], x[-1]) == pytest.approx(free.fitted_range)
    # D is a sixth of the drawn slope: Å2/ps to m2/s
    assert (y[-1] - y[0]) / (x[-1] - x[0]) / 6 * 1e-8 == pytest.approx(free.diffusion_coefficient)


def test_one_run_and_what_does_not_move_are_drawn(results, tmp_path) -> None:
    paths = save(plot_diffusion({"only": results["still"][:1]}), tmp_path, "a")
    paths += save(plot_diffusion(results), tmp_path, "b")
    assert all(path.stat().st_size > 1000 for path in paths)
