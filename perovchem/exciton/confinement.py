"""Confinement: the gap of a small sphere by Brus's formula, and how large the sphere is beside the exciton."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from perovchem.arrays import Floats
from perovchem.errors import UsageError
from perovchem.exciton.result import Exciton
from perovchem.result import Provenance, Result, dataframe
from perovchem.units import HBAR2_PER_M0

if TYPE_CHECKING:
    import pandas as pd

COULOMB: Final = constants.e / (4 * np.pi * constants.epsilon_0) * 1e10
"""e²/(4π ε0), eV Å."""
ATTRACTION: Final = 1.786
"""Mean of R/|r_e - r_h| over two particles in the lowest state of a sphere (doi 10.1063/1.447218)."""
STRONG: Final = 2.0
"""Bohr radii up to which electron and hole are confined each for itself (doi 10.1103/PhysRevB.38.9797)."""
WEAK: Final = 4.0
"""Bohr radii from which the exciton is confined as a whole (the same)."""
SMALLEST: Final = 1.0
"""Å; below, a radius is a mistake of the unit."""


@dataclass(frozen=True)
class Confinement(Result):
    """Gap of a sphere against its radius, by the formula of Brus.

    Attributes
    ----------
    radii : float64 (N,)
        Å.
    shifts, shifts_su : float64 (N,)
        E(R) - Eg in eV, and its standard error from masses and permittivity.
    gaps, gaps_su : float64 (N,)
        E(R), eV; NaN where no gap of the bulk is known.
    kinetic, coulomb : float64 (N,)
        The two terms of the shift, eV.
    regimes : tuple of str, length N
        "strong" up to 2 Bohr radii, "weak" from 4, else "intermediate".
    weak_shifts : float64 (N,)
        What holds instead in the weak regime: ħ²π²/(2 (m_e + m_h) R²) - E_b, eV.
    bulk_gap, bulk_gap_su : float
        Eg, eV.
    exciton : Exciton
    provenance : Provenance
    """

    radii: Floats
    shifts: Floats
    shifts_su: Floats
    gaps: Floats
    gaps_su: Floats
    kinetic: Floats
    coulomb: Floats
    regimes: tuple[str, ...]
    weak_shifts: Floats
    bulk_gap: float
    bulk_gap_su: float
    exciton: Exciton
    provenance: Provenance

    command: ClassVar[str] = "exciton"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "radii": "dot_radius",
        "shifts": "confinement_shift",
        "shifts_su": "confinement_shift",
        "gaps": "band_gap",
        "gaps_su": "band_gap",
        "kinetic": "confinement_shift",
        "coulomb": "confinement_shift",
        "weak_shifts": "confinement_shift",
        "bulk_gap": "band_gap",
        "bulk_gap_su": "band_gap",
    }

    def __repr__(self) -> str:
        """Return one line."""
        spread = f"{self.radii.min():.1f} to {self.radii.max():.1f} Å" if len(self.radii) else "none"
        return f"<Confinement: radii {spread}, Bohr radius {self.exciton.bohr_radius:.1f} Å>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per radius."""
        names = ("radii", "shifts", "shifts_su", "gaps", "gaps_su", "kinetic", "coulomb", "weak_shifts")
        columns = {name: getattr(self, name) for name in names} | {"regime": list(self.regimes)}
        return dataframe(columns, quantity_names={name: self.quantity_names[name] for name in names})


def confinement(
    exciton: Exciton, *, radii: ArrayLike, gap: float = math.nan, gap_su: float = 0.0
) -> Confinement:
    """Return the gap of spheres: E(R) = Eg + ħ²π²/(2 µ R²) - 1.786 e²/(4π ε0 ε R).

    Parameters
    ----------
    exciton : Exciton
        Reduced mass and permittivity.
    radii : float or array (N,)
        Å; half the diameter.
    gap, gap_su : float
        Single-particle gap of the bulk and its uncertainty, eV. Without it only shifts are given.

    Returns
    -------
    Confinement
        A sphere with infinitely high walls and parabolic bands: the formula exceeds what is measured on
        small dots. The shift is against the gap; against the exciton of the bulk it is larger by its binding energy.
        Source: Brus, doi 10.1063/1.447218; regimes: Kayanuma, doi 10.1103/PhysRevB.38.9797.

    Raises
    ------
    UsageError
        If a radius is no length.

    Examples
    --------
    >>> import perovchem as pc
    >>> from perovchem.exciton import confinement
    >>> dot = confinement(pc.exciton(electron=0.11, hole=0.24, dielectric=4.6), radii=48.0)
    >>> round(float(dot.shifts[0]), 2), dot.regimes
    (0.1, ('strong',))
    """
    r = np.atleast_1d(np.asarray(radii, np.float64)).ravel()
    if not (r.size and np.isfinite(r).all() and (r >= SMALLEST).all()):
        raise UsageError("a radius is no length above 1 Å", fix="give radii in Å: 48 for a dot of 9.6 nm")
    kinetic = HBAR2_PER_M0 * np.pi**2 / (2 * exciton.reduced_mass * r**2)
    coulomb = -ATTRACTION * COULOMB / (exciton.permittivity * r)
    shifts = kinetic + coulomb
    shifts_su = np.hypot(
        kinetic * exciton.reduced_mass_su / exciton.reduced_mass,
        coulomb * exciton.permittivity_su / exciton.permittivity,
    )
    ratio = r / exciton.bohr_radius
    total = exciton.electron.mass + exciton.hole.mass
    return Confinement(
        radii=r,
        shifts=shifts,
        shifts_su=shifts_su,
        gaps=gap + shifts,
        gaps_su=np.hypot(shifts_su, gap_su) + (gap - gap),
        kinetic=kinetic,
        coulomb=coulomb,
        regimes=tuple(regime(one) for one in ratio),
        weak_shifts=HBAR2_PER_M0 * np.pi**2 / (2 * total * r**2) - exciton.binding_energy / 1000,
        bulk_gap=gap,
        bulk_gap_su=gap_su if math.isfinite(gap) else math.nan,
        exciton=exciton,
        provenance=exciton.provenance,
    )


def regime(ratio: float) -> str:
    """Return what confinement is called where the radius is so many Bohr radii.

    Examples
    --------
    >>> regime(1.5), regime(3.0), regime(10.0)
    ('strong', 'intermediate', 'weak')
    """
    if ratio <= STRONG:
        return "strong"
    return "weak" if ratio >= WEAK else "intermediate"


def radius_for(exciton: Exciton, shift: float) -> float:
    """Return the radius at which Brus's formula gives a shift of the gap.

    Parameters
    ----------
    exciton : Exciton
    shift : float
        E(R) - Eg, eV.

    Returns
    -------
    float
        Å; NaN where the shift lies below the minimum of the formula. Below 0 there are two radii, of which the
        smaller one is meant.

    Examples
    --------
    >>> import perovchem as pc
    >>> round(radius_for(pc.exciton(electron=0.11, hole=0.24, dielectric=4.6), 0.20), 1)
    37.9
    """
    if not math.isfinite(shift):
        raise UsageError("a shift of the gap is a number", fix="give it in eV")
    kinetic = HBAR2_PER_M0 * math.pi**2 / (2 * exciton.reduced_mass)
    coulomb = ATTRACTION * COULOMB / exciton.permittivity
    below = coulomb**2 + 4 * shift * kinetic
    # 2 A / (B + root) is (-B + root) / 2 s without its loss of digits near s = 0
    return 2 * kinetic / (coulomb + math.sqrt(below)) if below >= 0 else math.nan
