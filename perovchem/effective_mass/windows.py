"""Windows of an arm: each fitted alone, the best chosen by a stated rule, and a verdict on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.edge_fit import Fit, Shape, fit
from perovchem.effective_mass.results import Verdict, Window

FEWEST: Final = 4
"""Points of an arm, the edge among them: edge, mass, one term beyond, and one to test them."""
WINDOW_SIZES: Final = (4, 5, 6, 7, 8, 10, 13, 17, 22, 29, 38)
GOOD: Final = 0.05
"""Relative standard error up to which a mass is "ok"."""
USELESS: Final = 0.25
"""Relative standard error above which there is no mass."""
LEAST: Final = 1e-4
"""Relative standard error that is always there: cells are printed with six to nine digits, energies of a run converged
to as many."""
NEXT: Final = 10
"""Distances up to which a wider window has that say."""
THERMAL: Final = 0.0257
"""eV: kT at 298 K, up to which a mass should hold."""
NON_PARABOLIC: Final = 0.1
"""Share by which 2 alpha kT may change a mass that is "ok"."""
NO_PARABOLA: Final = 0.5
"""The same above which there is no mass to speak of."""
ENOUGH: Final = 8
"""Points from the edge that tell noise from form. Narrower windows have at least the noise that such windows show in
the quieter lines of the run, and the next wider one that does not fit has its say on their drift."""
AGREE: Final = 1.0
"""Errors of both, by which two windows may differ: they share most of their points, and agree better than others."""
ODD_NOISE: Final = 1.6
"""Factor on the noise of other windows at which the residuals of one are too large."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A window: its fit, how many distances from the edge and points it holds, and the largest distance."""

    fit: Fit
    n_distances: int
    n_points: int
    k_max: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The chosen window, its total error (1/m0), and the verdict."""

    fit: Fit | None
    window: Window | None
    windows: tuple[Window, ...]
    error: float
    drift: float
    verdict: Verdict
    reason: str


def fit_window(
    x: Floats,
    energies: Floats,
    sigma: Floats,
    shape: Shape,
    many: int,
    distances: Floats,
    *,
    noise: float = 1.0,
) -> list[Fitted]:
    """Return the fit of the window that holds so many distances, if there is one."""
    inside = np.abs(x) <= distances[many - 1] + 1e-9
    found = fit(x[inside], energies[inside], sigma[inside] * noise, shape=shape)
    if found is None:
        return []
    return [
        Fitted(replace(found, noise=found.noise * noise), many, int(inside.sum()), float(distances[many - 1]))
    ]


def best_window(fits: list[Fitted]) -> Outcome:
    """Choose among windows, and judge."""
    quiet = min(item.fit.noise for item in fits)
    passes = [item.fit.noise <= ODD_NOISE * max(quiet, 1) for item in fits]
    windows = tuple(_window(item, good) for item, good in zip(fits, passes, strict=True))
    best = min((n for n, good in enumerate(passes) if good), key=lambda n: fits[n].fit.error)
    chosen = fits[best].fit
    drift = _drift([item.fit for item, good in zip(fits, passes, strict=True) if good], chosen)
    odd = next(
        (
            item.fit
            for item, good in zip(fits[best:], passes[best:], strict=True)
            if not good and item.n_distances <= NEXT
        ),
        None,
    )
    if fits[best].n_distances < ENOUGH and odd is not None:
        beyond = abs(odd.inverse_mass - chosen.inverse_mass) - 2 * math.hypot(odd.error, chosen.error)
        drift = max(drift, beyond)
    error = math.hypot(chosen.error, drift, LEAST * chosen.inverse_mass)
    verdict, reason = _judge(chosen, error, drift)
    return Outcome(chosen, windows[best], windows, error, drift, verdict, reason)


def _window(item: Fitted, good: bool) -> Window:
    found = item.fit
    mass = 1 / found.inverse_mass if found.inverse_mass > 0 else math.nan
    return Window(item.n_points, item.k_max, mass, found.error * mass**2, found.noise, found.order, good)


def _drift(fits: list[Fit], chosen: Fit) -> float:
    """Return by how much other windows differ beyond their own errors, 1/m0: those up to three times as uncertain."""
    beyond = [
        abs(other.inverse_mass - chosen.inverse_mass) - AGREE * math.hypot(other.error, chosen.error)
        for other in fits
        if other.error <= 3 * chosen.error
    ]
    return max(0.0, *beyond)


def _judge(chosen: Fit, error: float, drift: float) -> tuple[Verdict, str]:
    """Return the verdict on a window and its sentence."""
    value = chosen.inverse_mass
    if value < 2 * error:
        if value + 2 * error <= 0:
            return "refused", "the band curves the other way: no extremum in this direction"
        bound = 1 / (max(value, 0) + 2 * error)
        return "refused", f"flat within the errors: all that can be said is a mass above {bound:.2g} m0"
    share = error / value
    if share > USELESS:
        return (
            "refused",
            f"the windows leave the mass open by {100 * share:.0f} %: no curvature can be told from the other terms",
        )
    change = 2 * abs(chosen.alpha) * THERMAL
    if change > NO_PARABOLA and change > 2 * 2 * chosen.alpha_error * THERMAL:
        return "refused", (
            f"the band is a parabola over {1000 / (2 * abs(chosen.alpha)):.1f} meV only, hardly more than kT at 298 K"
        )
    if share > GOOD:
        what = "changes with the window" if drift > chosen.error else "depends on how many terms the band has"
        return "drifting", f"the mass {what}: {100 * share:.0f} % uncertain"
    if drift > 2 * chosen.error and share > GOOD / 5:
        return "drifting", f"the mass changes with the window by {100 * share:.0f} %, more than its own error"
    if change > NON_PARABOLIC and change > 2 * 2 * chosen.alpha_error * THERMAL:
        return (
            "drifting",
            f"the mass changes by {100 * change:.0f} % within kT at 298 K: it holds at the edge only",
        )
    return "ok", ""


def refusal(reason: str) -> Outcome:
    return Outcome(None, None, (), math.nan, math.nan, "refused", reason)
