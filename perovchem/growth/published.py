"""Published growth of thin perovskite crystals, and what has to be assumed to come to its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

PAPER: Final = "10.1038/s41467-024-46712-y"
BULK: Final = 1.5
"""mol/L."""
FACE: Final = 0.8
"""mol/L at the face, for the slowest diffusion."""
SLOWEST, FASTEST = 0.5e-10, 4e-10
"""m2/s."""
FLUX: Final = 2e-5
"""g/(mm2 min), four times the control."""
EDGE_VELOCITY: Final = 8.0
"""µm/min."""
CONTAINER: Final = 1.5
"""mm below which containers are said to limit growth."""
CRYSTAL, DENSITY = "MAPbI3", 4.16
"""g/cm3."""
MOLAR_FLUX_UNIT: Final = 1e6 / 60.0
"""One g/(mm2 min) in g/(m2 s)."""


@dataclass(frozen=True)
class Assumption:
    """One published number, and what gives it.

    Attributes
    ----------
    published : str
    assumed : str
    gives : str
    verdict : str
    """

    published: str
    assumed: str
    gives: str
    verdict: str


def density_of(flux: float, velocity: float) -> float:
    """Return the density (g/cm3) with which a flux (g/(mm2 min)) moves a face at a velocity (µm/min).

    Examples
    --------
    >>> density_of(2e-5, 8.0)
    2.5
    """
    return flux / (velocity * 1e-3) * 1e3


def time_to(face: float, *, bulk: float, diffusion: float, molar_flux: float) -> float:
    """Return the s after which a constant flux has brought the face from bulk to face (mol/L).

    c_face = c_bulk - 2 J √(t/(π D)): Carslaw and Jaeger, Conduction of Heat in Solids, 2.9.
    """
    return math.pi * diffusion * (1e3 * (bulk - face) / (2 * molar_flux)) ** 2


def kinetics_for(face: float, *, bulk: float, solubility: float, diffusion: float, time: float) -> float:
    """Return the k (m/s) with which first-order kinetics bring the face to a concentration (mol/L) in a time (s).

    (c_face - c_eq)/(c_bulk - c_eq) = exp(h²) erfc(h), h = k √(t/D): Carslaw and Jaeger, 2.7.
    """
    from scipy.optimize import brentq
    from scipy.special import erfcx

    ratio = (face - solubility) / (bulk - solubility)
    reach = brentq(lambda h: float(erfcx(h)) - ratio, 0.0, 1e6, xtol=1e-14)
    return float(reach) * math.sqrt(diffusion / time)


def assumptions(molar_mass: float) -> tuple[Assumption, ...]:
    """Return what the published curves and numbers rest on.

    Parameters
    ----------
    molar_mass : float
        Of the crystal, g/mol.
    """
    molar = FLUX * MOLAR_FLUX_UNIT / molar_mass
    needed = time_to(FACE, bulk=BULK, diffusion=SLOWEST, molar_flux=molar)
    fast = BULK - 2 * molar * math.sqrt(needed / (math.pi * FASTEST)) / 1e3
    rates = {
        low: kinetics_for(FACE, bulk=BULK, solubility=low, diffusion=SLOWEST, time=needed)
        for low in (0.0, 0.7)
    }
    kept = (math.pi * SLOWEST) ** 0.5 * molar / (1e3 * (BULK - FACE))
    alone = 1.0 / kept**2 * SLOWEST**2
    speed = FLUX / DENSITY * 1e6
    edge = density_of(FLUX, EDGE_VELOCITY)
    return (
        Assumption(
            f"{FACE} mol/L at the face for {SLOWEST:g} m2/s",
            f"face at rest, constant flux of the published {FLUX:g} g/(mm2 min) = {molar:.2e} mol/(m2 s)",
            f"reached after {needed:.0f} s; {FASTEST:g} m2/s then has {fast:.2f} mol/L",
            "the curves differ in their face, so the face is not kept at one concentration: time and flux (or "
            "kinetics) must be assumed, and are not stated",
        ),
        Assumption(
            f"{FACE} mol/L at the face for {SLOWEST:g} m2/s",
            f"face at rest, flux = k (c - c_eq), the same {needed:.0f} s",
            "k = " + ", ".join(f"{k:.1e} m/s with c_eq {low:g} mol/L" for low, k in rates.items()),
            "any time has a k: k √(t/D) is all that the curve tells, and c_eq is not stated",
        ),
        Assumption(
            f"{FACE} mol/L at the face for {SLOWEST:g} m2/s",
            "the face kept there",
            f"the published flux only {alone:.0f} s after the beginning, falling as 1/√t",
            "a kept face gives the same concentration for every diffusion coefficient",
        ),
        Assumption(
            f"flux {FLUX:g} g/(mm2 min) and edge velocity {EDGE_VELOCITY:g} µm/min",
            f"density {DENSITY} g/cm3 of {CRYSTAL}",
            f"the flux moves a face at {speed:.1f} µm/min; both together ask for {edge:.2f} g/cm3",
            f"they do not agree for one face ({EDGE_VELOCITY / speed:.1f} times); an edge that two faces lengthen "
            f"grows at {2 * speed:.1f} µm/min, {100 * (2 * speed / EDGE_VELOCITY - 1):+.0f} % from the published",
        ),
    )
