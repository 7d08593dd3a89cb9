"""Attenuation of a material, and what part of a spectrum a thickness of it takes out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from perovchem.arrays import Floats
from perovchem.attenuation.material import EffectiveNumbers, Filter, Material
from perovchem.attenuation.tables import Edge
from perovchem.photon_spectrum import PhotonSpectrum
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Attenuation(Result):
    """Coefficients of a material against photon energy.

    Attributes
    ----------
    material : str
        Formula.
    mass_fractions : mapping of str to float
    density : float
        g/cm3.
    density_source : str
    effective : EffectiveNumbers
    energies : float64 (n,)
        keV.
    mass_attenuation, mass_photoabsorption, mass_energy_absorption : float64 (n,)
        µ/ρ, τ/ρ, µ_en/ρ, cm2/g; the last is NaN where it is not tabulated.
    other_mass_attenuation : float64 (n,)
        µ/ρ from a second table: how far tables differ is what is known of their error.
    edges : tuple of Edge
        Within the energies, from the highest.
    n_undefined : int
        Energies without energy absorption.
    notes : tuple of str
    provenance : Provenance
    """

    material: str
    mass_fractions: Mapping[str, float]
    density: float
    density_source: str
    effective: EffectiveNumbers
    energies: Floats = field(metadata=DETAIL)
    mass_attenuation: Floats = field(metadata=DETAIL)
    mass_photoabsorption: Floats = field(metadata=DETAIL)
    mass_energy_absorption: Floats = field(metadata=DETAIL)
    other_mass_attenuation: Floats = field(metadata=DETAIL)
    edges: tuple[Edge, ...]
    n_undefined: int
    notes: tuple[str, ...]
    substance: Material = field(metadata=DETAIL)
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "attenuate"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "density": "density",
        "energies": "photon_energy",
        "energy": "photon_energy",
        "mass_attenuation": "mass_attenuation",
        "mass_photoabsorption": "mass_photoabsorption",
        "mass_energy_absorption": "mass_energy_absorption",
        "other_mass_attenuation": "mass_attenuation",
        "attenuation": "linear_attenuation",
        "energy_absorption": "linear_energy_absorption",
        "n_undefined": "n_undefined",
        "mass_fractions": "fraction",
        "jump": "pure_number",
        "photoelectric": "effective_atomic_number",
        "by_mass": "effective_atomic_number",
        "mayneord": "effective_atomic_number",
        "mean_mass": "mean_atomic_mass",
    }

    def __repr__(self) -> str:
        """Return one line."""
        low, high = self.energies[[0, -1]]
        return (
            f"<Attenuation of {self.material}, {self.density:.4g} g/cm3 ({self.density_source}): "
            f"{len(self.energies)} energies, {low:g} to {high:g} keV>"
        )

    @property
    def attenuation(self) -> Floats:
        """µ, 1/cm."""
        return self.density * self.mass_attenuation

    @property
    def energy_absorption(self) -> Floats:
        """µ_en, 1/cm."""
        return self.density * self.mass_energy_absorption

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per energy."""
        columns = {
            "energy": self.energies,
            "attenuation": self.attenuation,
            "energy_absorption": self.energy_absorption,
            "mass_attenuation": self.mass_attenuation,
            "mass_photoabsorption": self.mass_photoabsorption,
            "mass_energy_absorption": self.mass_energy_absorption,
            "other_mass_attenuation": self.other_mass_attenuation,
        }
        return dataframe(columns, quantity_names={name: self.quantity_names[name] for name in columns})


@dataclass(frozen=True, eq=False, repr=False)
class AbsorbedFraction(Result):
    """What part of a spectrum a thickness of a material takes out.

    Attributes
    ----------
    material, density, density_source
        As in :class:`Attenuation`.
    spectrum : str
        In words, with its filters.
    mean_energy : float
        Of a photon behind the filters, keV.
    thicknesses : float64 (n,)
        mm.
    photons_removed : float64 (n,)
        Part of the photons: Σ N (1 - exp(-µ d)) / Σ N.
    energy_removed : float64 (n,)
        The same, each photon weighted by its energy.
    energy_deposited : float64 (n,)
        Part of the energy that stays where photons are removed: Σ N E (µ_en/µ)(1 - exp(-µ d)) / Σ N E. Fluorescence
        and scattered photons count as lost, though part of them is absorbed farther on. NaN where µ_en is not
        tabulated for more than .1 % of the energy.
    photons_removed_other, energy_removed_other : float64 (n,)
        With a second table of µ/ρ.
    half_value : float
        mm that take out half of the photons.
    notes : tuple of str
    provenance : Provenance
    """

    material: str
    density: float
    density_source: str
    spectrum: str
    mean_energy: float
    thicknesses: Floats
    photons_removed: Floats
    energy_removed: Floats
    energy_deposited: Floats
    photons_removed_other: Floats
    energy_removed_other: Floats
    half_value: float
    notes: tuple[str, ...] = ()
    source: PhotonSpectrum | None = field(default=None, metadata=DETAIL)
    filters: tuple[Filter, ...] = field(default=(), metadata=DETAIL)
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "attenuate"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "density": "density",
        "mean_energy": "photon_energy",
        "thicknesses": "thickness",
        "thickness": "thickness",
        "half_value": "thickness",
        "photons_removed": "photons_removed",
        "energy_removed": "energy_removed",
        "energy_deposited": "energy_deposited",
        "photons_removed_other": "photons_removed",
        "energy_removed_other": "energy_removed",
    }

    def __repr__(self) -> str:
        """Return one line."""
        first = ", ".join(
            f"{d:g} mm take out {100 * p:.2f} % of the photons, {100 * e:.2f} % of the energy"
            for d, p, e in zip(self.thicknesses[:1], self.photons_removed, self.energy_removed, strict=False)
        )
        return f"<AbsorbedFraction of {self.spectrum} in {self.material}, {self.density:.4g} g/cm3: {first}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per thickness."""
        columns = {
            "thickness": self.thicknesses,
            "photons_removed": self.photons_removed,
            "energy_removed": self.energy_removed,
            "energy_deposited": self.energy_deposited,
            "photons_removed_other": self.photons_removed_other,
            "energy_removed_other": self.energy_removed_other,
        }
        return dataframe(columns, quantity_names={name: self.quantity_names[name] for name in columns})


def removed(coefficient: Floats, weights: Floats, thicknesses: Floats) -> Floats:
    """Return the weighted mean of 1 - exp(-µ d) at each thickness.

    Parameters
    ----------
    coefficient : float64 (n,)
        1/cm.
    weights : float64 (n,)
    thicknesses : float64 (m,)
        mm.
    """
    total = float(weights.sum())
    if not total > 0:
        return np.full(len(thicknesses), math.nan)
    parts = [-(weights @ np.expm1(-coefficient * d / 10)) / total for d in thicknesses]
    return np.asarray(np.minimum(parts, 1.0), np.float64)  # rounding
