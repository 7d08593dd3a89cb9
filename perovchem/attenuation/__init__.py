"""Attenuation of X-rays: coefficients of any composition, and what a thickness takes out of a spectrum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from perovchem.arrays import Floats
from perovchem.attenuation import tables
from perovchem.attenuation.material import EffectiveNumbers, Filter, Material, material
from perovchem.attenuation.result import AbsorbedFraction, Attenuation, removed
from perovchem.attenuation.tables import Edge, edges
from perovchem.crystal import Crystal
from perovchem.errors import UsageError
from perovchem.photon_spectrum import HIGHEST, LOWEST, PhotonSpectrum
from perovchem.result import Provenance

__all__ = [
    "AbsorbedFraction",
    "Attenuation",
    "Edge",
    "EffectiveNumbers",
    "Filter",
    "Material",
    "absorbed_fraction",
    "attenuation",
]

DEFAULT_RANGE: Final = (1.0, 200.0)
_POINTS: Final = 400
MOST_ENERGIES: Final = 100_000
THICKEST: Final = 1e6
"""mm."""
_UNDEFINED_ENERGY: Final = 1e-3
"""Part of the energy of a spectrum that may lie where µ_en is not tabulated."""

DEFINITIONS: Final = {
    "attenuation": f"µ = ρ Σ w µ/ρ of the elements, coherent scattering included: {tables.ATTENUATION}",
    "second_table": f"how far tables differ: {tables.OTHER}; the makers of neither state an error of µ",
    "energy_absorption": f"µ_en = ρ Σ w µ_en/ρ: {tables.ENERGY_ABSORPTION}; used from 1 to 300 keV, never above µ",
    "removed": "1 - exp(-µ d), averaged over the photons of the spectrum, or over their energy",
    "deposited": "(µ_en/µ)(1 - exp(-µ d)), averaged over the energy: scattered and fluorescent photons count as lost, "
    "so that the energy that a real detector keeps lies between this and what is removed",
    "kramers": "photons per keV ∝ (E0 - E)/E (doi 10.1080/14786442308565244) without lines and without anode",
}


def attenuation(
    composition: str | Mapping[str, float] | Crystal | Material,
    *,
    density: float | None = None,
    energies: ArrayLike | None = None,
) -> Attenuation:
    """Return attenuation and energy absorption against photon energy: µ = ρ Σ w_i (µ/ρ)_i.

    Parameters
    ----------
    composition : str, mapping of str to float, Crystal, or Material
        Formula (elements, MA, FA, CY ...; "Cs0.02FA0.2MA0.78PbI3"), atoms by element, or a crystal.
    density : float, optional
        g/cm3. Of a crystal that of its cell; of a formula it must be given.
    energies : array of float (n,), optional
        keV, within .1 to 800; by default 1 to 200 keV with points on both sides of every edge.

    Returns
    -------
    Attenuation

    Raises
    ------
    UsageError
        If the density is missing or makes no sense, or energies are outside the tables.
    MissingDataError
        If an element is not tabulated.

    Examples
    --------
    >>> import perovchem as pc
    >>> found = pc.attenuation("CsPbCl3", density=4.21, energies=[30.0, 50.0, 70.0])
    >>> found.attenuation.round(2)
    array([73.59, 33.15, 13.8 ])
    >>> round(found.effective.photoelectric, 1)
    57.5
    """
    made = material(composition, density=density)
    grid = _grid(made) if energies is None else np.atleast_1d(np.asarray(energies, np.float64))
    _check_energies(grid)
    n_cut = 0

    def energy_absorption(symbol: str) -> Floats:
        nonlocal n_cut
        values, cut = tables.mass_energy_absorption(symbol, grid)
        n_cut += cut
        return values

    absorbed = mixed(made, energy_absorption)
    undefined = int(np.isnan(absorbed).sum())
    notes = list(made.notes)
    if undefined:
        notes.append(f"energy absorption is not tabulated at {undefined} of {len(grid)} energies")
    if n_cut:
        notes.append(f"{n_cut} values of µ_en of elements overshot µ beside an edge and were set to it")
    inside = [
        edge for symbol in made.atoms for edge in edges(symbol) if grid.min() <= edge.energy <= grid.max()
    ]
    origin = composition.provenance if isinstance(composition, Crystal) else Provenance(made.name)
    return Attenuation(
        material=made.name,
        mass_fractions=made.mass_fractions,
        density=made.density,
        density_source=made.density_source,
        effective=made.effective,
        energies=grid,
        mass_attenuation=mixed(made, lambda symbol: tables.mass_attenuation(symbol, grid)),
        mass_photoabsorption=mixed(made, lambda symbol: tables.mass_attenuation(symbol, grid, kind="photo")),
        mass_energy_absorption=absorbed,
        other_mass_attenuation=mixed(made, lambda symbol: tables.other_mass_attenuation(symbol, grid)),
        edges=tuple(sorted(inside, key=lambda edge: -edge.energy)),
        n_undefined=undefined,
        notes=tuple(notes),
        substance=made,
        provenance=Provenance(
            origin.input, origin.inputs, {"density": made.density, "definitions": DEFINITIONS}
        ),
    )


def absorbed_fraction(
    of: Attenuation | Material,
    spectrum: PhotonSpectrum,
    *,
    thickness: ArrayLike,
    filters: Sequence[Filter] = (),
) -> AbsorbedFraction:
    """Return what part of a spectrum thicknesses of a material take out, by photons and by energy.

    Parameters
    ----------
    of : Attenuation or Material
    spectrum : PhotonSpectrum
    thickness : float or array of float (n,)
        mm, above 0.
    filters : sequence of Filter
        In the way before the material.

    Returns
    -------
    AbsorbedFraction

    Raises
    ------
    UsageError
        If a thickness is not above 0, or the filters leave nothing.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.attenuation("CsPbCl3", density=4.21)
    >>> pc.absorbed_fraction(crystal, pc.PhotonSpectrum.line(32), thickness=1.0)
    <AbsorbedFraction of line of 32 keV in CsPbCl3, 4.21 g/cm3: 1 mm take out 99.80 % of the photons, 99.80 % of the
    energy>
    """
    made = of.substance if isinstance(of, Attenuation) else of
    depth = np.atleast_1d(np.asarray(thickness, np.float64))
    if depth.ndim != 1 or not (np.isfinite(depth) & (depth > 0) & (depth <= THICKEST)).all():
        raise UsageError(
            "a thickness is not above 0, or beyond all detectors",
            fix=f"give it in mm, above 0 and to {THICKEST:g}",
        )
    sheets = [(one, one.material()) for one in filters]
    symbols = {symbol for _, sheet in sheets for symbol in sheet.atoms} | set(made.atoms)
    energies, photons = spectrum.nodes(edge.energy for symbol in symbols for edge in edges(symbol))
    photons = photons / photons.sum()
    for one, sheet in sheets:
        if not (math.isfinite(one.thickness) and 0 < one.thickness <= THICKEST):
            raise UsageError(
                f"a filter of {one.thickness:g} mm", fix=f"give it in mm, above 0 and to {THICKEST:g}"
            )
        photons = photons * np.exp(-_linear(sheet, energies) * one.thickness / 10)
    if not photons.sum() > 1e-250:
        raise UsageError("the filters leave no photons", fix="give thinner ones")
    photons = photons / photons.sum()
    carried = photons * energies
    mu = _linear(made, energies)
    other = made.density * mixed(made, lambda symbol: tables.other_mass_attenuation(symbol, energies))
    kept = made.density * mixed(made, lambda symbol: tables.mass_energy_absorption(symbol, energies)[0])
    unknown = float(carried[np.isnan(kept)].sum() / carried.sum())
    notes = list(made.notes)
    if unknown > _UNDEFINED_ENERGY:
        deposited = np.full(len(depth), np.nan)
        notes.append(f"energy absorption is not tabulated for {100 * unknown:.2g} % of the energy")
    else:
        ratio = np.nan_to_num(kept) / mu
        deposited = np.array([-((carried * ratio) @ np.expm1(-mu * d / 10)) / carried.sum() for d in depth])
    words = ", ".join([spectrum.name, *(f"behind {one}" for one, _ in sheets)])
    return AbsorbedFraction(
        material=made.name,
        density=made.density,
        density_source=made.density_source,
        spectrum=words,
        mean_energy=float(carried.sum()),
        thicknesses=depth,
        photons_removed=removed(mu, photons, depth),
        energy_removed=removed(mu, carried, depth),
        energy_deposited=deposited,
        photons_removed_other=removed(other, photons, depth),
        energy_removed_other=removed(other, carried, depth),
        half_value=_half_value(mu, photons),
        notes=tuple(notes),
        source=spectrum,
        filters=tuple(filters),
        provenance=Provenance(
            made.name, spectrum.provenance.inputs, {"spectrum": words, "definitions": DEFINITIONS}
        ),
    )


def mixed(made: Material, of_element: Callable[[str], Floats]) -> Floats:
    """Return the mean over elements by mass."""
    parts = [fraction * of_element(symbol) for symbol, fraction in made.mass_fractions.items()]
    return np.asarray(np.sum(parts, axis=0), np.float64)


def _linear(made: Material, energies: Floats) -> Floats:
    """Return µ, 1/cm."""
    return made.density * mixed(made, lambda symbol: tables.mass_attenuation(symbol, energies))


def _half_value(mu: Floats, photons: Floats) -> float:
    """Return the mm that take out half of the photons."""
    from scipy.optimize import brentq

    def left(log_depth: float) -> float:
        return float(photons @ np.exp(-mu * math.exp(log_depth) / 10)) - 0.5

    low, high = math.log(6.9 / mu.max()), math.log(7.0 / mu.min())
    return math.exp(brentq(left, low, high, xtol=1e-12))


def _grid(made: Material) -> Floats:
    """Return energies for a curve: evenly in their logarithm, and both sides of every edge."""
    low, high = DEFAULT_RANGE
    inner = [edge.energy for symbol in made.atoms for edge in edges(symbol) if low < edge.energy < high]
    beside = [energy * side for energy in inner for side in (1 - 1e-6, 1 + 1e-6)]
    return np.unique(np.concatenate([np.geomspace(low, high, _POINTS), beside]))


def _check_energies(grid: Floats) -> None:
    if grid.ndim != 1 or not 1 <= len(grid) <= MOST_ENERGIES:
        raise UsageError(f"{grid.shape} energies", fix=f"give a list of 1 to {MOST_ENERGIES}")
    outside = ~((grid >= LOWEST) & (grid <= HIGHEST))
    if outside.any():
        raise UsageError(
            f"an energy of {grid[outside][0]:g} keV is outside the tables",
            fix=f"give energies within {LOWEST:g} to {HIGHEST:g} keV",
        )
