"""Coherent elastic neutrino-nucleus scattering (CEvNS): cross-sections of materials above a recoil threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, get_args

import numpy as np
from numpy.typing import ArrayLike

from perovchem.arrays import Floats
from perovchem.cevns.nuclei import Choice, Nucleus, nuclei
from perovchem.cevns.scattering import WEAK_MIXING, FormFactor, differential, effective, largest_recoil
from perovchem.cevns.spectra import LARGEST, NeutrinoSpectrum
from perovchem.errors import UsageError, nearest
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cevns", "NeutrinoSpectrum", "cevns", "mean_cross_section", "recoil_spectrum"]

MOST_ENERGIES: Final = 20_000
HIGHEST_THRESHOLD: Final = 1000.0
"""keV."""
_CM2_PER_KG: Final = 1e-40 * 1e3 * 6.02214076e23
"""One 1e-40 cm2 per u in cm2/kg."""

DEFINITIONS: Final = {
    "differential": "dσ/dE_R = G_F²/(8π (ħc)⁴) Q_w² m (2 - E_R m/E²) |f(q)|² (Freedman, doi 10.1103/PhysRevD.9.1389), "
    "m the mass of the bare nucleus, q² = 2 m E_R, to E_R = 2 E²/(m + 2 E)",
    "weak_charge": f"Q_w = N - (1 - 4 sin² θ_W) Z, sin² θ_W = {WEAK_MIXING} (doi 10.1007/JHEP03(2018)196, at zero "
    "momentum), no radiative corrections beyond it",
    "helm": "3 j1(qR)/(qR) exp(-(qs)²/2), s .9 fm, R² = c² + 7π²a²/3 - 5s², c = 1.23 A^(1/3) - .60 fm, a .52 fm "
    "(doi 10.1016/S0927-6505(96)00047-3), for protons and neutrons alike",
    "klein-nystrand": "3 j1(qR)/(qR)/(1 + q²a²), R = 1.2 A^(1/3) fm, a .7 fm (doi 10.1103/PhysRevC.60.014903)",
    "per_nucleus": "mean over the nuclei of the formula: of CsPbI3 (Cs + Pb + 3 I)/5",
    "effective": "integral of dσ/dE_R above the recoil threshold; no efficiency and no quenching",
}


@dataclass(frozen=True, eq=False, repr=False)
class Cevns(Result):
    """Effective cross-sections of a material; E energies, T thresholds.

    Attributes
    ----------
    material : str
    nuclei : tuple of Nucleus
    mean_mass : float
        Of a nucleus of the material, u.
    form_factor : str
    energies : float64 (E,)
        MeV.
    thresholds : float64 (T,)
        keV.
    cross_section : float64 (T, E)
        Mean per nucleus, 1e-40 cm2.
    per_kilogram : float64 (T, E)
        cm2/kg.
    largest_recoil : float64 (E,)
        Of the lightest nucleus, keV.
    provenance : Provenance
    """

    material: str
    nuclei: tuple[Nucleus, ...]
    mean_mass: float
    form_factor: str
    energies: Floats
    thresholds: Floats
    cross_section: Floats = field(metadata=DETAIL)
    per_kilogram: Floats = field(metadata=DETAIL)
    largest_recoil: Floats
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "cevns"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "mean_mass": "nuclear_mass",
        "mass": "nuclear_mass",
        "energies": "neutrino_energy",
        "energy": "neutrino_energy",
        "thresholds": "recoil_threshold",
        "threshold": "recoil_threshold",
        "cross_section": "cevns_cross_section",
        "per_kilogram": "cevns_per_mass",
        "largest_recoil": "recoil_energy",
        "protons": "pure_number",
        "neutrons": "pure_number",
        "part": "fraction",
    }

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<Cevns of {self.material}: {self.energies[0]:g} to {self.energies[-1]:g} MeV, {self.form_factor}; "
            f"{self.cross_section[0, -1]:.4g}e-40 cm2 per nucleus at {self.energies[-1]:g} MeV above "
            f"{self.thresholds[0]:g} keV>"
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per threshold and energy."""
        n, m = len(self.thresholds), len(self.energies)
        columns = {
            "threshold": np.repeat(self.thresholds, m),
            "energy": np.tile(self.energies, n),
            "cross_section": self.cross_section.ravel(),
            "per_kilogram": self.per_kilogram.ravel(),
        }
        return dataframe(columns, quantity_names={name: self.quantity_names[name] for name in columns})


def cevns(
    material: str,
    *,
    energies: ArrayLike,
    thresholds: ArrayLike = 0.0,
    form_factor: FormFactor = "helm",
    nuclei_as: Choice = "isotopes",
    weak_mixing: float = WEAK_MIXING,
) -> Cevns:
    """Return cross-sections for coherent elastic scattering of neutrinos by the nuclei of a material.

    dσ/dE_R = G_F²/(8π (ħc)⁴) Q_w² m (2 - E_R m/E²) |f(q)|², Q_w = N - (1 - 4 sin² θ_W) Z; doi 10.1103/PhysRevD.9.1389.

    Parameters
    ----------
    material : str
        Formula.
    energies : float or array of float (E,)
        MeV, above 0 and to 200.
    thresholds : float or array of float (T,)
        Smallest recoil that counts, keV.
    form_factor : "helm", "klein-nystrand" or "none"
    nuclei_as : "isotopes" or "mean"
        Isotopes as found on earth, or one nucleus of the atomic weight for each element.
    weak_mixing : float
        sin² θ_W.

    Returns
    -------
    Cevns

    Raises
    ------
    UsageError
        If an argument makes no sense.
    MissingDataError
        If an element has no isotopes on earth.

    Examples
    --------
    >>> import perovchem as pc
    >>> pc.cevns("CsPbI3", energies=30.0, thresholds=1.0)
    <Cevns of CsPbI3: 30 to 30 MeV, helm; ...e-40 cm2 per nucleus at 30 MeV above 1 keV>
    """
    kinds = nuclei_of(material, form_factor, nuclei_as, weak_mixing)
    grid = _numbers(energies, "energy", "MeV", LARGEST, lowest=0.0, strict=True)
    limits = _numbers(thresholds, "threshold", "keV", HIGHEST_THRESHOLD, lowest=0.0, strict=False)
    found = np.zeros((len(limits), len(grid)))
    for one in kinds:
        for place, threshold in enumerate(limits):
            values = effective(one, grid, float(threshold), kind=form_factor, weak_mixing=weak_mixing)
            found[place] += one.part * values
    mass = math.fsum(one.part * one.mass for one in kinds)
    lightest = min(kinds, key=lambda one: one.mass)
    return Cevns(
        material=material,
        nuclei=kinds,
        mean_mass=mass,
        form_factor=form_factor,
        energies=grid,
        thresholds=limits,
        cross_section=found,
        per_kilogram=found / mass * _CM2_PER_KG,
        largest_recoil=largest_recoil(lightest, grid),
        provenance=Provenance(
            material,
            settings={
                "form_factor": form_factor, "nuclei": nuclei_as, "weak_mixing": weak_mixing, "definitions": DEFINITIONS,
            },
        ),
    )  # fmt: skip


def mean_cross_section(
    material: str,
    spectrum: NeutrinoSpectrum,
    *,
    thresholds: ArrayLike = 0.0,
    form_factor: FormFactor = "helm",
    nuclei_as: Choice = "isotopes",
    weak_mixing: float = WEAK_MIXING,
) -> Cevns:
    """Return cross-sections averaged over a spectrum, as one energy: its mean.

    Parameters
    ----------
    material, thresholds, form_factor, nuclei_as, weak_mixing
        As in :func:`cevns`.
    spectrum : NeutrinoSpectrum

    Examples
    --------
    >>> found = mean_cross_section("CsI", NeutrinoSpectrum.pion_decay(), nuclei_as="mean")
    >>> round(float(found.cross_section[0, 0]))  # 189 ± 6: doi 10.1103/PhysRevLett.129.081801
    187
    """
    whole = cevns(
        material, energies=spectrum.energies, thresholds=thresholds, form_factor=form_factor, nuclei_as=nuclei_as,
        weak_mixing=weak_mixing,
    )  # fmt: skip
    mean = spectrum.mean_energy()
    return Cevns(
        material=material,
        nuclei=whole.nuclei,
        mean_mass=whole.mean_mass,
        form_factor=form_factor,
        energies=np.array([mean]),
        thresholds=whole.thresholds,
        cross_section=(whole.cross_section @ spectrum.weights)[:, None],
        per_kilogram=(whole.per_kilogram @ spectrum.weights)[:, None],
        largest_recoil=np.array([float(whole.largest_recoil.max())]),
        provenance=Provenance(material, settings={**whole.provenance.settings, "spectrum": spectrum.name}),
    )


def recoil_spectrum(
    material: str,
    spectrum: NeutrinoSpectrum,
    *,
    recoils: ArrayLike,
    form_factor: FormFactor = "helm",
    nuclei_as: Choice = "isotopes",
    weak_mixing: float = WEAK_MIXING,
) -> Floats:
    """Return dσ/dE_R averaged over a spectrum and the nuclei, 1e-40 cm2/keV per nucleus, at recoils (keV)."""
    kinds = nuclei_of(material, form_factor, nuclei_as, weak_mixing)
    at = _numbers(recoils, "recoil", "keV", HIGHEST_THRESHOLD * 100, lowest=0.0, strict=False)
    found = np.zeros(len(at))
    for one in kinds:
        values = differential(one, at[:, None], spectrum.energies, kind=form_factor, weak_mixing=weak_mixing)
        found += one.part * (values @ spectrum.weights)
    return found


def nuclei_of(material: str, form_factor: str, nuclei_as: Choice, weak_mixing: float) -> tuple[Nucleus, ...]:
    """Check the choices and return the nuclei."""
    for value, known in ((form_factor, get_args(FormFactor)), (nuclei_as, get_args(Choice))):
        if value not in known:
            raise UsageError(f"there is no choice {value!r}", fix=nearest(str(value), known))
    if not (math.isfinite(weak_mixing) and 0 <= weak_mixing <= 1):
        raise UsageError(f"sin² θ_W = {weak_mixing:g}", fix="give it within 0 to 1")
    return nuclei(material, nuclei_as)


def _numbers(values: ArrayLike, what: str, unit: str, most: float, *, lowest: float, strict: bool) -> Floats:
    grid = np.atleast_1d(np.asarray(values, np.float64))
    if grid.ndim != 1 or not 1 <= len(grid) <= MOST_ENERGIES:
        raise UsageError(f"{grid.shape} values of {what}", fix=f"give a list of 1 to {MOST_ENERGIES}")
    wrong = ~((grid > lowest) | (grid == lowest) & (not strict)) | ~(grid <= most)
    if wrong.any():
        raise UsageError(
            f"{'an' if what[0] in 'aeiou' else 'a'} {what} of {grid[wrong][0]:g} {unit}",
            fix=f"give it in {unit}, {'above' if strict else 'from'} {lowest:g} and to {most:g}",
        )
    return grid
