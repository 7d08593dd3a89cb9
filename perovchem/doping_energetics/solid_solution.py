"""Mixing of ions on one kind of site: energies of mixing, ideal entropy, and what mixes at which temperature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import xlogy

from perovchem.arrays import Floats
from perovchem.errors import MissingDataError, UsageError
from perovchem.result import DETAIL, Provenance, Result, dataframe
from perovchem.units import BOLTZMANN

if TYPE_CHECKING:
    import pandas as pd

LEAST_FOR_ASYMMETRY: Final = 3
"""Compositions between the ends; with fewer the energy of mixing is taken as symmetric."""
_GRID: Final = 4001
_STEEPEST: Final = 700.0
"""Of a logit; beyond it a composition is 0 or 1."""


@dataclass(frozen=True)
class Miscibility:
    """What mixes at one temperature.

    Attributes
    ----------
    temperature : float
        K.
    binodal : (float, float)
        Compositions of the two phases in equilibrium; NaN where everything mixes. The first is how much of the guest
        dissolves in the host.
    spinodal : (float, float)
        Between these a homogeneous crystal falls apart without a barrier; NaN where none does.
    """

    temperature: float
    binodal: tuple[float, float]
    spinodal: tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class Mixing(Result):
    r"""Energies of mixing of (1 - x) host + x guest, per formula unit.

    .. math:: \Delta E(x) = E(x) - (1 - x) E(0) - x E(1) \approx x (1 - x) [L_0 + L_1 (1 - 2x)], \qquad
        \Delta G(x, T) = \Delta E(x) + n k T [x \ln x + (1 - x) \ln(1 - x)]

    O. Redlich and A. T. Kister, Ind. Eng. Chem. 40, 345 (1948), doi 10.1021/ie50458a036; n sites per formula unit.

    Attributes
    ----------
    compositions : float64 (n,)
        x of each computed crystal, ascending.
    energies : float64 (n,)
        ΔE of mixing per formula unit, eV; the lowest where several arrangements were computed at one x.
    all_compositions, all_energies : float64 (m,)
        Every arrangement.
    sites : float
        Mixing sites per formula unit: 3 for X in CsPbX3.
    interaction : float64 (1,) or (2,)
        L0 and, with at least three compositions between the ends, L1; eV per formula unit.
    interaction_error : float64, the same shape
        One standard error from the scatter; NaN where there are no more points than parameters.
    covariance : float64 (k, k)
        Of them, eV2.
    largest_residual : float
        Largest deviation of a point from the curve, eV per formula unit.
    critical_temperature : float
        Above it everything mixes, K; 0 where it always does.
    critical_composition : float
    critical_temperature_error : float
        One standard error, from the covariance.
    miscibility : tuple of Miscibility
        At the temperatures that were asked for.
    dilute_energy : (float, float)
        To put one guest into the pure host, and one host ion into the pure guest, against the ends, eV per ion.
    notes : tuple of str
    provenance : Provenance
    """

    compositions: Floats
    energies: Floats
    all_compositions: Floats = field(metadata=DETAIL)
    all_energies: Floats = field(metadata=DETAIL)
    sites: float
    interaction: Floats
    interaction_error: Floats
    covariance: Floats = field(metadata=DETAIL)
    largest_residual: float
    critical_temperature: float
    critical_composition: float
    critical_temperature_error: float
    miscibility: tuple[Miscibility, ...]
    dilute_energy: tuple[float, float]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "mixing"
    quantity_names: ClassVar[dict[str, str]] = {
        "compositions": "composition",
        "energies": "mixing_energy",
        "interaction": "mixing_energy",
        "interaction_error": "mixing_energy",
        "largest_residual": "mixing_energy",
        "critical_temperature": "critical_temperature",
        "critical_temperature_error": "critical_temperature",
        "critical_composition": "composition",
        "temperature": "temperature",
        "binodal": "composition",
        "spinodal": "composition",
        "dilute_energy": "substitution_energy",
    }

    def __repr__(self) -> str:
        """Return one line: interaction and critical temperature."""
        terms = ", ".join(f"L{k} = {1e3 * value:.1f} meV" for k, value in enumerate(self.interaction))
        critical = f"critical temperature {self.critical_temperature:.0f} K"
        return f"<Mixing of {len(self.compositions)} compositions: {terms}; {critical}>"

    def energy(self, x: Floats | float) -> Floats:
        """Return the fitted energy of mixing at compositions, eV per formula unit."""
        return _energy(np.asarray(x, np.float64), self.interaction)

    def gibbs_energy(self, x: Floats | float, temperature: float) -> Floats:
        """Return ΔG of mixing with ideal entropy, eV per formula unit."""
        x = np.asarray(x, np.float64)
        mixed: Floats = self.energy(x) + self.sites * BOLTZMANN * temperature * _x_ln_x(x)
        return mixed

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per computed crystal."""
        columns = {
            "composition": self.all_compositions,
            "energy_of_mixing": self.all_energies,
            "fitted": self.energy(self.all_compositions),
        }
        names = {"composition": "composition", "energy_of_mixing": "mixing_energy", "fitted": "mixing_energy"}
        return dataframe(columns, quantity_names=names)


def mixing(
    compositions: Sequence[float] | Floats,
    energies: Sequence[float] | Floats,
    *,
    sites: float,
    temperatures: Sequence[float] = (298.15,),
    provenance: Provenance | None = None,
) -> Mixing:
    """Return energies of mixing from total energies, the curve through them, and what mixes.

    E(x) - (1 - x) E(0) - x E(1) is drawn through by x (1 - x) [L0 + L1 (1 - 2x)] (Redlich and Kister, doi
    10.1021/ie50458a036).

    Parameters
    ----------
    compositions : (n,)
        Part x of the sites that the guest takes; 0 and 1 must be among them. Several crystals may share one x.
    energies : (n,)
        Total energies per formula unit, eV, all of one level of theory.
    sites : float
        Mixing sites per formula unit.
    temperatures : sequence of float
        K, at which binodal and spinodal are wanted.
    provenance : Provenance, optional

    Returns
    -------
    Mixing

    Raises
    ------
    MissingDataError
        If an end or every composition between them is missing.
    UsageError
        If a number makes no sense.

    Notes
    -----
    The entropy is ideal: of a random arrangement. Where ions order or cluster it is less, and what is computed to mix
    mixes less; vibrations are left out.

    Examples
    --------
    >>> x = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    >>> found = mixing(x, -10 + 0.1 * x * (1 - x), sites=1)
    >>> round(found.critical_temperature, 1)  # L0 / 2 k
    580.2
    """
    x, e = np.asarray(compositions, np.float64), np.asarray(energies, np.float64)
    _check(x, e, sites, temperatures)
    host, guest = float(e[x == 0].min()), float(e[x == 1].min())
    excess = e - (1 - x) * host - x * guest
    places = np.unique(x)
    lowest = np.array([excess[x == place].min() for place in places])
    inside = (places > 0) & (places < 1)
    interaction, covariance, residual = _fitted(places[inside], lowest[inside])
    critical, where, error = _critical(interaction, covariance, sites)
    slopes = interaction[0] + np.array([1.0, -1.0]) * (interaction[1] if len(interaction) > 1 else 0.0)
    order = np.argsort(x, kind="stable")
    return Mixing(
        places,
        lowest,
        x[order],
        excess[order],
        float(sites),
        interaction,
        np.sqrt(np.diag(covariance)),
        covariance,
        residual,
        critical,
        where,
        error,
        tuple(_miscibility(interaction, sites, float(t), (critical, where)) for t in temperatures),
        (float(slopes[0] / sites), float(slopes[1] / sites)),
        _notes(places, x, interaction, excess),
        provenance or Provenance(settings={"sites": sites, "temperatures_K": list(temperatures)}),
    )


def _check(x: Floats, e: Floats, sites: float, temperatures: Sequence[float]) -> None:
    if x.ndim != 1 or x.shape != e.shape or not (np.isfinite(x).all() and np.isfinite(e).all()):
        raise UsageError(
            f"{x.shape} compositions and {e.shape} energies", fix="give one energy per composition"
        )
    if (x < 0).any() or (x > 1).any():
        raise UsageError(
            "a composition outside of 0 to 1", fix="give the part of the sites that the guest takes"
        )
    if not 0 < sites < 1e6:
        raise UsageError(f"{sites} mixing sites", fix="give those of one formula unit: 3 for X in CsPbX3")
    for end, what in ((0.0, "host (x = 0)"), (1.0, "guest (x = 1)")):
        if not (x == end).any():
            raise MissingDataError(f"the pure {what} is missing", fix="give its energy, at the same level")
    if not ((x > 0) & (x < 1)).any():
        raise MissingDataError("there is nothing between the ends", fix="give at least one mixed crystal")
    if not all(math.isfinite(t) and t > 0 for t in temperatures):
        raise UsageError("a temperature that is not positive", fix="give temperatures in K")


def _x_ln_x(x: Floats) -> Floats:
    """Return x ln x + (1 - x) ln(1 - x), 0 at the ends."""
    return np.asarray(xlogy(x, x) + xlogy(1 - x, 1 - x), np.float64)


def _energy(x: Floats, interaction: Floats) -> Floats:
    terms = sum(value * (1 - 2 * x) ** k for k, value in enumerate(interaction))
    found: Floats = x * (1 - x) * terms
    return found


def _slope(x: Floats, interaction: Floats) -> Floats:
    """Return dE/dx."""
    found = np.zeros_like(x)
    for k, value in enumerate(interaction):
        found += value * (1 - 2 * x) ** (k + 1)
        if k:
            found -= 2 * k * value * x * (1 - x) * (1 - 2 * x) ** (k - 1)
    return found


def _curvature(x: Floats, interaction: Floats) -> Floats:
    """Return d²E/dx² of L0 x(1-x) + L1 x(1-x)(1-2x)."""
    found: Floats = np.full_like(x, -2 * interaction[0])
    if len(interaction) > 1:
        found = found + interaction[1] * (12 * x - 6)
    return found


def _fitted(x: Floats, excess: Floats) -> tuple[Floats, Floats, float]:
    """Return the interaction, its covariance (NaN without spare points) and the largest residual."""
    columns = [x * (1 - x)]
    if len(x) >= LEAST_FOR_ASYMMETRY:
        columns.append(x * (1 - x) * (1 - 2 * x))
    design = np.column_stack(columns)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        design = design[:, :1]
    found: Floats = np.linalg.lstsq(design, excess, rcond=None)[0].astype(np.float64)
    residuals = excess - design @ found
    spare = len(x) - design.shape[1]
    covariance = np.full((design.shape[1],) * 2, np.nan)
    if spare > 0:
        covariance = np.asarray(
            np.linalg.inv(design.T @ design) * float(residuals @ residuals) / spare, np.float64
        )
    return found, covariance, float(np.abs(residuals).max())


def _highest_spinodal(interaction: Floats, sites: float) -> tuple[float, float]:
    """Return the highest temperature at which some composition is unstable, and that composition."""
    x = np.linspace(0, 1, _GRID)
    temperature = -_curvature(x, interaction) * x * (1 - x) / (sites * BOLTZMANN)
    k = int(np.argmax(temperature))
    if temperature[k] <= 0:
        return 0.0, math.nan
    # the maximum of a cubic: where its derivative is 0
    inner = np.clip([x[max(k - 1, 0)], x[min(k + 1, _GRID - 1)]], 0, 1)

    def derivative(place: float) -> float:
        l1 = interaction[1] if len(interaction) > 1 else 0.0
        bend = 2 * interaction[0] - l1 * (12 * place - 6)
        return float(bend * (1 - 2 * place) - 12 * l1 * place * (1 - place))

    low, high = derivative(inner[0]), derivative(inner[1])
    best = float(brentq(derivative, inner[0], inner[1])) if low * high < 0 else float(x[k])
    there = -_curvature(np.array([best]), interaction)[0] * best * (1 - best) / (sites * BOLTZMANN)
    return float(there), best


def _critical(interaction: Floats, covariance: Floats, sites: float) -> tuple[float, float, float]:
    """Return the critical temperature, its composition, and its standard error."""
    found, where = _highest_spinodal(interaction, sites)
    if not np.isfinite(covariance).all():
        return found, where, math.nan
    if found == 0:
        return found, where, 0.0
    gradient = np.zeros(len(interaction))
    for k in range(len(interaction)):
        step = np.zeros(len(interaction))
        step[k] = 1e-6 * max(abs(interaction).max(), 1e-9)
        above = _highest_spinodal(interaction + step, sites)[0]
        below = _highest_spinodal(interaction - step, sites)[0]
        gradient[k] = (above - below) / (2 * step[k])
    return found, where, float(np.sqrt(gradient @ covariance @ gradient))


def _miscibility(
    interaction: Floats, sites: float, temperature: float, critical: tuple[float, float]
) -> Miscibility:
    """Return binodal and spinodal at one temperature."""
    if temperature >= critical[0]:
        return Miscibility(temperature, (math.nan,) * 2, (math.nan,) * 2)
    nkt = sites * BOLTZMANN * temperature
    # just below the critical temperature what is unstable is narrower than the grid
    x = np.union1d(np.linspace(0, 1, _GRID), critical[1])
    unstable = x[_curvature(x, interaction) * x * (1 - x) + nkt < 0]
    if not len(unstable):  # within rounding of it
        return Miscibility(temperature, (math.nan,) * 2, (math.nan,) * 2)

    def bend(place: float) -> float:
        return float(_curvature(np.array([place]), interaction)[0] * place * (1 - place) + nkt)

    step = 1 / (_GRID - 1)
    spinodal = (
        float(brentq(bend, max(unstable[0] - step, 0), unstable[0])),
        float(brentq(bend, unstable[-1], min(unstable[-1] + step, 1))),
    )
    return Miscibility(temperature, _common_tangent(interaction, nkt, spinodal), spinodal)


def _common_tangent(interaction: Floats, nkt: float, spinodal: tuple[float, float]) -> tuple[float, float]:
    """Return the two compositions with a common tangent of ΔG, by their logits: traces are resolved."""

    def unequal(logits: Floats) -> Floats:
        t = np.clip(logits, -_STEEPEST, _STEEPEST)
        x = 1 / (1 + np.exp(-t))
        slope = _slope(x, interaction) / nkt + t
        # ln(1 - x) = -ln(1 + e^t), ln x = t + ln(1 - x)
        log_rest = -np.logaddexp(0, t)
        energy = _energy(x, interaction) / nkt + x * t + log_rest
        lines = energy - x * slope
        return np.array([slope[1] - slope[0], lines[1] - lines[0]])

    best: tuple[float, float] = (math.nan, math.nan)
    begin = np.array(spinodal)
    for away in (1.0, 2.0, 0.3, 0.1, 0.03, 0.01, 5.0, 10.0, 20.0, 40.0):
        start = np.log(begin / (1 - begin)) + np.array([-away, away])
        found = root(unequal, start, method="hybr", tol=1e-12)
        x = 1 / (1 + np.exp(-np.clip(found.x, -_STEEPEST, _STEEPEST)))
        if np.abs(unequal(found.x)).max() < 1e-8 and x[0] < spinodal[0] and x[1] > spinodal[1]:
            best = (float(x[0]), float(x[1]))
            break
    return best


def _notes(places: Floats, x: Floats, interaction: Floats, excess: Floats) -> tuple[str, ...]:
    """Return what a reader must know."""
    found = ["the entropy is ideal (random arrangement) and vibrations are left out"]
    if len(interaction) == 1:
        found.append("too few compositions for an asymmetric curve: one interaction L0")
    if len(places) < len(x):
        spread = max(np.ptp(excess[x == place]) for place in places)
        found.append(
            f"the lowest of several arrangements counts; they differ by up to {1e3 * spread:.1f} meV per formula unit"
        )
    return tuple(found)
