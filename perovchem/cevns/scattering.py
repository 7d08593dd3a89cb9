"""Coherent elastic scattering of a neutrino by one nucleus: form factors, differential and effective cross-sections."""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
from scipy import constants

from perovchem.arrays import Floats
from perovchem.cevns.nuclei import MEGAELECTRONVOLTS, Nucleus

FormFactor = Literal["helm", "klein-nystrand", "none"]

FERMI: Final = constants.physical_constants["Fermi coupling constant"][0]
"""G_F/(ħc)³, 1/GeV2: 1.1663787e-5 (CODATA)."""
WEAK_MIXING: Final = 0.23868
"""sin² θ_W at zero momentum (MS-bar): Erler and Ferro-Hernández 2018, doi 10.1007/JHEP03(2018)196."""
HBAR_C: Final = constants.hbar * constants.c / constants.e * 1e9
"""MeV fm: 197.327."""
_CM2: Final = (constants.hbar * constants.c / constants.e * 1e-9 * 1e2) ** 2
"""cm2 of one 1/GeV2."""
HELM_SKIN, HELM_DIFFUSENESS = 0.9, 0.52
"""fm: s and a of Lewin and Smith 1996, doi 10.1016/S0927-6505(96)00047-3."""
KLEIN_NYSTRAND_RANGE, KLEIN_NYSTRAND_RADIUS = 0.7, 1.2
"""fm: range of the Yukawa, and radius over A^(1/3); Klein and Nystrand 1999, doi 10.1103/PhysRevC.60.014903."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def weak_charge(nucleus: Nucleus, weak_mixing: float = WEAK_MIXING) -> float:
    """Return Q_w = N - (1 - 4 sin² θ_W) Z."""
    return nucleus.neutrons - (1 - 4 * weak_mixing) * nucleus.protons


def form_factor(momentum: Floats, mass_number: float, kind: FormFactor) -> Floats:
    """Return f(q), 1 at q = 0.

    Helm: 3 j1(q R)/(q R) exp(-(q s)²/2), R² = c² + 7 π² a²/3 - 5 s², c = 1.23 A^(1/3) - .60 fm. Klein-Nystrand:
    3 j1(q R)/(q R) / (1 + q² a²), R = 1.2 A^(1/3) fm, a = .7 fm.

    Parameters
    ----------
    momentum : float64 (n,)
        q, 1/fm.
    mass_number : float
    kind : "helm", "klein-nystrand" or "none"
    """
    if kind == "none":
        return np.ones_like(momentum)
    if kind == "helm":
        c = 1.23 * mass_number ** (1 / 3) - 0.60
        radius = math.sqrt(max(c**2 + 7 / 3 * (math.pi * HELM_DIFFUSENESS) ** 2 - 5 * HELM_SKIN**2, 0.0))
        return _sphere(momentum * radius) * np.exp(-((momentum * HELM_SKIN) ** 2) / 2)
    radius = KLEIN_NYSTRAND_RADIUS * mass_number ** (1 / 3)
    return _sphere(momentum * radius) / (1 + (momentum * KLEIN_NYSTRAND_RANGE) ** 2)


def _sphere(x: Floats) -> Floats:
    """Return 3 j1(x)/x; its series near 0, where the closed form cancels."""
    small = np.abs(x) < 0.02
    safe = np.where(small, 1.0, x)
    closed = 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    return np.where(small, 1 - x**2 / 10 + x**4 / 280, closed)


def largest_recoil(nucleus: Nucleus, energy: Floats) -> Floats:
    """Return 2 E²/(m + 2 E), keV, of neutrinos of E (MeV)."""
    mass = nucleus.mass * MEGAELECTRONVOLTS
    return 2e3 * energy**2 / (mass + 2 * energy)


def differential(
    nucleus: Nucleus,
    recoil: Floats,
    energy: Floats,
    *,
    kind: FormFactor = "helm",
    weak_mixing: float = WEAK_MIXING,
) -> Floats:
    """Return dσ/dE_R = G_F²/(8π (ħc)⁴) Q_w² m (2 - E_R m/E²) |f(q)|², 1e-40 cm2/keV; 0 beyond the largest recoil.

    Parameters
    ----------
    nucleus : Nucleus
    recoil, energy : float64
        keV and MeV, of shapes that broadcast.
    kind : "helm", "klein-nystrand" or "none"
    weak_mixing : float
        sin² θ_W.
    """
    mass = nucleus.mass * MEGAELECTRONVOLTS
    recoil_mev = recoil * 1e-3
    momentum = np.sqrt(2 * mass * recoil_mev) / HBAR_C
    shape = form_factor(momentum, nucleus.neutrons + nucleus.protons, kind) ** 2
    # G_F² in 1/GeV⁴, mass in GeV, E_R in GeV below; then per keV
    front = (
        FERMI**2 / (8 * math.pi) * weak_charge(nucleus, weak_mixing) ** 2 * mass * 1e-3 * _CM2 * 1e-6 * 1e40
    )
    value = front * (2 - recoil_mev * mass / energy**2) * shape
    return np.where(recoil <= largest_recoil(nucleus, energy), np.maximum(value, 0.0), 0.0)


def effective(
    nucleus: Nucleus,
    energy: Floats,
    threshold: float,
    *,
    kind: FormFactor = "helm",
    weak_mixing: float = WEAK_MIXING,
) -> Floats:
    """Return the integral of dσ/dE_R from a threshold (keV) to the largest recoil, 1e-40 cm2; 0 where that is below.

    Gauss-Legendre in the root of the recoil, in which form factor and cross-section are smooth.
    """
    top = np.sqrt(largest_recoil(nucleus, energy))
    low = math.sqrt(threshold)
    half = np.maximum(top - low, 0.0) / 2
    root = low + half[:, None] * (1 + _NODES)
    inside = differential(nucleus, root**2 * (1 - 1e-15), energy[:, None], kind=kind, weak_mixing=weak_mixing)
    return np.asarray((inside * 2 * root * _WEIGHTS).sum(axis=1) * half, np.float64)
