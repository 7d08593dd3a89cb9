"""Tabulated coefficients of the elements: attenuation (xraydb), energy absorption (xraylib), edges."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import MissingDataError
from perovchem.photon_spectrum import HIGHEST, LOWEST

ATTENUATION: Final = "Elam, Ravel, Sieber 2002, doi 10.1016/S0969-806X(01)00227-4, as xraydb holds it"
OTHER: Final = "Chantler 2000, doi 10.1063/1.1321055, as xraydb holds it"
ENERGY_ABSORPTION: Final = "Hubbell, Seltzer 1995 (NISTIR 5632), as xraylib interpolates it"
ENERGY_ABSORPTION_RANGE: Final = (1.0, 300.0)
"""keV within which xraylib's energy absorption is used: above, its values for heavy elements exceed the attenuation."""
_OTHER_RANGE: Final = (0.1, 400.0)
_OVERSHOOT: Final = 1.15
"""Energy absorption above attenuation: up to this ratio it is set to the attenuation, beyond it is undefined."""
_SMALLEST_JUMP: Final = 1.02
_HEAVIEST: Final = 98


@dataclass(frozen=True, slots=True)
class Edge:
    """An absorption edge.

    Attributes
    ----------
    element, shell : str
        "Pb", "K".
    energy : float
        keV.
    jump : float
        Ratio of the element's photoabsorption above to that below.
    """

    element: str
    shell: str
    energy: float
    jump: float


def _known(symbol: str) -> str:
    """Return the symbol as tables know it."""
    return "H" if symbol in ("D", "T") else symbol


def mass_attenuation(symbol: str, energies: Floats, *, kind: str = "total") -> Floats:
    """Return µ/ρ of an element, cm2/g.

    Parameters
    ----------
    symbol : str
    energies : float64 (n,)
        keV, within .1 to 800.
    kind : "total", "photo", "coh" or "incoh"

    Raises
    ------
    MissingDataError
        If the element is not tabulated.
    """
    import xraydb

    try:
        found = xraydb.mu_elam(_known(symbol), np.atleast_1d(energies) * 1000.0, kind=kind)
    except (ValueError, IndexError, KeyError):
        raise MissingDataError(
            f"the attenuation of {symbol} is not tabulated", fix=f"use elements up to Z = {_HEAVIEST}"
        ) from None
    return np.asarray(found, np.float64)


def other_mass_attenuation(symbol: str, energies: Floats) -> Floats:
    """Return µ/ρ of an element from a second, independent table, cm2/g; NaN where that has none."""
    import xraydb

    found = np.full(len(energies), np.nan)
    inside = (energies >= _OTHER_RANGE[0]) & (energies <= _OTHER_RANGE[1])
    if not inside.any():
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = xraydb.mu_chantler(_known(symbol), energies[inside] * 1000.0)
    except (ValueError, IndexError, KeyError):
        return found
    values = np.asarray(values, np.float64)
    found[inside] = np.where(values > 0, values, np.nan)
    return found


def mass_energy_absorption(symbol: str, energies: Floats) -> tuple[Floats, int]:
    """Return µ_en/ρ of an element, cm2/g, and how many values were set to the attenuation.

    NaN outside 1 to 300 keV, beyond uranium, and where the interpolation across an edge overshoots the attenuation by
    more than 15 %; smaller overshoots are cut off.
    """
    import xraylib

    found = np.full(len(energies), np.nan)
    low, high = ENERGY_ABSORPTION_RANGE
    inside = np.flatnonzero((energies >= low) & (energies <= high))
    number = xraylib.SymbolToAtomicNumber(_known(symbol))
    for k in inside:
        try:
            found[k] = xraylib.CS_Energy(number, float(energies[k]))
        except ValueError:
            continue
    total = mass_attenuation(symbol, energies)
    with np.errstate(invalid="ignore"):
        found[~(found > 0) | (found > _OVERSHOOT * total)] = np.nan
        above = found > total
    found[above] = total[above]
    return found, int(above.sum())


@cache
def edges(symbol: str) -> tuple[Edge, ...]:
    """Return the edges of an element within the tables, from the highest.

    Examples
    --------
    >>> edges("Pb")[0]
    Edge(element='Pb', shell='K', energy=88.005, jump=4.731)
    """
    import xraydb

    found = [
        Edge(symbol, shell, edge.energy / 1000, edge.jump_ratio)
        for shell, edge in xraydb.xray_edges(_known(symbol)).items()
        if LOWEST * 1000 <= edge.energy <= HIGHEST * 1000 and edge.jump_ratio > _SMALLEST_JUMP
    ]
    return tuple(sorted(found, key=lambda edge: -edge.energy))


@cache
def element_density(symbol: str) -> float:
    """Return the density of an element, g/cm3, as xraydb holds it: of filters only."""
    import xraydb

    return float(xraydb.atomic_density(symbol))
