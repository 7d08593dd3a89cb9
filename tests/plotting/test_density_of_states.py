"""Figures of densities of states: the drawn numbers are those of the results."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from builders_state_density import levels_as_curves
from matplotlib.figure import Figure

from perovchem.density_of_states import DensityOfStates, density_of_states
from perovchem.plotting.density_of_states import MOST_CHANNELS, draw_beside, plot_densities_of_states
from perovchem.state_density import StateDensity

ENERGIES = np.linspace(-6, 6, 1201)


def result(n_spins: int = 1, gap: float = 2.0) -> DensityOfStates:
    """Return levels at -1 and gap - 1: Pb s holds most below, Br p most above, Cs s nothing."""
    low, below = levels_as_curves([-1.0], ENERGIES, 0.1, 2.0 / n_spins)
    high, above = levels_as_curves([gap - 1], ENERGIES, 0.1, 2.0 / n_spins)
    projected = np.zeros((n_spins, 3, 4, len(ENERGIES)))
    projected[:, 0, 0], projected[:, 1, 1] = 0.8 * low + 0.1 * high, 0.7 * high
    return density_of_states(
        StateDensity(
            ENERGIES, np.tile(low + high, (n_spins, 1)), np.tile(below + above, (n_spins, 1)), projected,
            ("s", "py", "pz", "px"), ("Pb", "Br", "Cs"), 2.0, "none" if n_spins == 1 else "collinear",
        )
    )  # fmt: skip


def test_lines_are_the_curves_and_the_gap_is_shaded() -> None:
    one = result()
    figure = plot_densities_of_states({"a": one, "b": result(2)}, window=(-3, 4))
    upper, lower = figure.axes
    drawn = {line.get_label(): line for line in upper.lines}
    chosen = (one.energies >= -3) & (one.energies <= 4)
    assert np.allclose(drawn["total"].get_ydata(), one.total[0, chosen])
    assert np.allclose(drawn["Pb s"].get_ydata(), one.projected[0, one.channels.index("Pb s")][chosen])
    assert "Br p" in drawn
    assert "Cs s" not in drawn
    (shade,) = [patch for patch in upper.patches if patch.get_facecolor()[:3] == mpl.colors.to_rgb("#F3E9C6")]
    assert np.allclose([shade.get_x(), shade.get_x() + shade.get_width()], [one.vbm, one.cbm])
    assert upper.texts[0].get_text().startswith(f"{one.gap:.2f} eV")
    depths = [float(np.min(line.get_ydata())) for line in lower.lines]
    assert min(depths) < -1  # spin down hangs below
    assert "highest occupied" in lower.get_xlabel()


def test_beside_bands_energy_goes_up() -> None:
    one = result()
    figure = Figure()
    axes = figure.subplots()
    draw_beside(axes, one)
    total = next(line for line in axes.lines if line.get_label() == "total")
    assert np.allclose(total.get_xdata(), one.total[0])
    assert np.allclose(total.get_ydata(), one.energies)
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] >= one.total.max()


def test_no_more_channels_than_colors() -> None:
    many = np.ones((1, 12, 1, len(ENERGIES)))
    species = ("Pb", "Sn", "Cs", "Br", "I", "Cl", "N", "C", "H", "O", "S", "K")
    total, integral = levels_as_curves([-1.0, 1.0], ENERGIES, 0.1, 2.0)
    one = density_of_states(StateDensity(ENERGIES, total[None], integral[None], many, ("s",), species, 2.0))
    figure = plot_densities_of_states({"a": one})
    assert len([line for line in figure.axes[0].lines if line.get_label() in one.channels]) == MOST_CHANNELS
