"""Spectra of neutrinos: reactors, pions that decay at rest, supernovae, one energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import constants
from scipy.special import gammaincc

from perovchem.arrays import Floats
from perovchem.errors import UsageError, nearest

MUON: Final = constants.physical_constants["muon mass energy equivalent in MeV"][0]
"""MeV."""
PION: Final = 139.57039
"""MeV, Particle Data Group 2022, doi 10.1093/ptep/ptac097."""
FUEL: Final[Mapping[str, float]] = {"235U": 0.56, "238U": 0.08, "239Pu": 0.30, "241Pu": 0.06}
"""Parts of the fissions of a pressurized-water reactor in the middle of a cycle (a usual choice)."""
MUELLER: Final[Mapping[str, tuple[float, ...]]] = {
    "235U": (3.217, -3.111, 1.395, -0.3690, 0.04445, -0.002053),
    "238U": (0.4833, 0.1927, -0.1283, -0.006762, 0.002233, -0.0001536),
    "239Pu": (6.413, -7.432, 3.535, -0.8820, 0.1025, -0.004550),
    "241Pu": (3.251, -3.204, 1.428, -0.3675, 0.04254, -0.001896),
}
"""exp(Σ a_k E^k) per fission and MeV, 2 to 8 MeV: Mueller et al. 2011, doi 10.1103/PhysRevC.83.054615."""
VOGEL_ENGEL_ENERGIES: Final = (
    0.0,
    7.813e-3,
    1.563e-2,
    3.12e-2,
    6.25e-2,
    0.125,
    0.25,
    0.5,
    0.75,
    1.0,
    1.5,
    2.0,
)
"""MeV."""
VOGEL_ENGEL: Final[Mapping[str, tuple[float, ...]]] = {
    "235U": (0.0, 0.024, 0.092, 0.35, 0.61, 1.98, 2.16, 2.66, 2.66, 2.41, 1.69, 1.26),
    "238U": (0.0, 0.089, 0.35, 1.32, 0.65, 2.02, 2.18, 2.91, 2.96, 2.75, 1.97, 1.50),
    "239Pu": (0.0, 0.14, 0.56, 2.13, 0.64, 1.99, 2.08, 2.63, 2.58, 2.32, 1.48, 1.08),
    "241Pu": (0.0, 0.20, 0.79, 3.00, 0.59, 1.85, 2.14, 2.82, 2.90, 2.63, 1.75, 1.32),
}
"""Per fission and MeV below 2 MeV: Vogel and Engel 1989, doi 10.1103/PhysRevD.39.3378."""
LARGEST: Final = 200.0
"""MeV: beyond, scattering is no longer coherent."""
_BEYOND: Final = 1e-3
"""Part of a spectrum that may be cut off."""
_PANELS = 240
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


@dataclass(frozen=True, eq=False)
class NeutrinoSpectrum:
    """How many neutrinos there are at each energy, as points of an integral whose weights add up to 1.

    Attributes
    ----------
    name : str
        In words, with every choice.
    energies : float64 (n,)
        MeV.
    weights : float64 (n,)
        Part of the neutrinos.
    curve : float64 (m, 2)
        Energy and density per MeV for drawing; empty for single energies.

    Examples
    --------
    >>> round(NeutrinoSpectrum.pion_decay().mean_energy(), 2)  # (29.79 + 0.3 m_mu + 0.35 m_mu)/3
    32.82
    """

    name: str
    energies: Floats
    weights: Floats
    curve: Floats

    def __repr__(self) -> str:
        """Return one line."""
        return f"<NeutrinoSpectrum: {self.name}>"

    def mean_energy(self) -> float:
        """Return the mean energy, MeV."""
        return float(self.energies @ self.weights)

    @classmethod
    def line(cls, energy: float) -> Self:
        """Return neutrinos of one energy, MeV."""
        _sound(energy, "an energy")
        return cls(f"{energy:g} MeV", np.array([float(energy)]), np.ones(1), np.empty((0, 2)))

    @classmethod
    def pion_decay(cls) -> Self:
        """Return the three neutrinos of a pion and a muon that decay at rest, each a third.

        ν_µ of (m_π² - m_µ²)/(2 m_π) = 29.79 MeV; ν_e: 192/m (E/m)² (1/2 - E/m); anti-ν_µ: 64/m (E/m)² (3/4 - E/m), m
        the muon's mass, up to m/2 (Michel's spectra).
        """
        line = (PION**2 - MUON**2) / (2 * PION)

        def michel(energy: Floats) -> Floats:
            x = energy / MUON
            return (192 * x**2 * (0.5 - x) + 64 * x**2 * (0.75 - x)) / MUON

        energies, weights = _points(np.linspace(0, MUON / 2, _PANELS + 1))
        weights = weights * michel(energies)
        grid = np.linspace(0, MUON / 2, 200)
        return cls(
            "pion decay at rest, three flavors",
            np.append(energies, line),
            np.append(weights, 1.0) / 3,
            np.column_stack([grid, michel(grid) / 3]),
        )

    @classmethod
    def reactor(cls, fuel: Mapping[str, float] | None = None) -> Self:
        """Return the antineutrinos of fissions: Vogel and Engel's table to 2 MeV, Mueller's polynomials to 8 MeV.

        Neutron capture in 238U, which adds neutrinos below 1.3 MeV, is left out.

        Parameters
        ----------
        fuel : mapping of str to float, optional
            Parts of the fissions: 235U .56, 238U .08, 239Pu .30, 241Pu .06 by default.
        """
        parts = dict(FUEL if fuel is None else fuel)
        for name, part in parts.items():
            if name not in MUELLER:
                raise UsageError(f"no spectrum of the fission of {name}", fix=nearest(name, MUELLER))
            if not (math.isfinite(part) and part >= 0):
                raise UsageError(f"a part of {part:g} of the fissions", fix="give parts from 0")
        total = math.fsum(parts.values())
        if not total > 0:
            raise UsageError("a reactor without fissions", fix="give parts above 0")
        ends = np.concatenate([VOGEL_ENGEL_ENERGIES, np.linspace(2, 8, _PANELS + 1)[1:]])
        energies, weights = _points(ends)
        density = np.sum([part / total * fission(name, energies) for name, part in parts.items()], axis=0)
        weights = weights * density
        grid = np.linspace(0, 8, 400)
        shown = np.sum([part / total * fission(name, grid) for name, part in parts.items()], axis=0)
        words = ", ".join(f"{name} {part / total:.2g}" for name, part in parts.items())
        return cls(
            f"reactor ({words}), to 8 MeV", energies, weights / weights.sum(),
            np.column_stack([grid, shown / weights.sum()]),
        )  # fmt: skip

    @classmethod
    def supernova(cls, mean: float = 12.0, *, pinching: float = 2.3) -> Self:
        """Return f(E) ∝ E^α exp(-(α + 1) E/<E>): Keil, Raffelt, Janka 2003, doi 10.1086/375130.

        Parameters
        ----------
        mean : float
            <E>, MeV; 12 by default, about the mean over flavors (our choice).
        pinching : float
            α; 2.3 is next to a Fermi-Dirac spectrum without chemical potential.
        """
        _sound(mean, "a mean energy")
        if not (math.isfinite(pinching) and 0 <= pinching <= 20):
            raise UsageError(f"a pinching of {pinching:g}", fix="give α within 0 to 20")
        end = min(mean * 12, LARGEST)
        beyond = float(gammaincc(pinching + 1, (pinching + 1) * end / mean))
        if beyond > _BEYOND:
            raise UsageError(
                f"{100 * beyond:.2g} % of the neutrinos of a supernova of mean {mean:g} MeV have more than "
                f"{LARGEST:g} MeV, where scattering is no longer coherent",
                fix="give a lower mean energy, or a larger α",
            )
        energies, weights = _points(np.linspace(0, end, _PANELS + 1))

        def density(energy: Floats) -> Floats:
            x = energy / mean
            return x**pinching * np.exp(-(pinching + 1) * x)

        weights = weights * density(energies)
        grid = np.linspace(0, min(end, 5 * mean), 300)
        return cls(
            f"supernova, mean {mean:g} MeV, α {pinching:g}", energies, weights / weights.sum(),
            np.column_stack([grid, density(grid) / weights.sum()]),
        )  # fmt: skip


def fission(name: str, energy: Floats) -> Floats:
    """Return antineutrinos per fission and MeV; 0 beyond 8 MeV."""
    low = np.interp(energy, VOGEL_ENGEL_ENERGIES, VOGEL_ENGEL[name])
    high = np.exp(np.polynomial.polynomial.polyval(np.clip(energy, 2, 8), MUELLER[name]))
    return np.where(energy < 2, low, np.where(energy <= 8, high, 0.0))


def _points(ends: Floats) -> tuple[Floats, Floats]:
    half = np.diff(ends) / 2
    return ((ends[:-1] + half)[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def _sound(energy: float, what: str) -> None:
    if not (math.isfinite(energy) and 0 < energy <= LARGEST):
        raise UsageError(f"{what} of {energy:g} MeV", fix=f"give it in MeV, above 0 and to {LARGEST:g}")
