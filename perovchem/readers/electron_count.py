"""How many electrons each spin channel holds: by counting them, never by the Fermi energy alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import SpinTreatment
from perovchem.errors import FormatError, InputError, MissingDataError
from perovchem.readers.band_table import BandTable

WHOLE: Final = 0.02
"""Electrons; sums of printed occupations this close to a whole number are one."""
_FEW: Final = 1e-3
"""eV; a Fermi energy this far within a band is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Energies (S, K, B) with the printed occupations of each band (NaN for none) and weights (K,) of the points."""

    energies: Floats
    occupations: Floats
    weights: Floats


def per_band(spin: SpinTreatment) -> int:
    """Return the electrons that a band holds."""
    return 2 if spin == "none" else 1


def counted(occupations: Floats, weights: Floats) -> Floats:
    """Return the bands that the printed occupations fill in each channel, (S,); NaN where none are printed.

    Parameters
    ----------
    occupations : float64 (S, K, B)
    weights : float64 (K,)
        All alike where they are unknown or all zero.
    """
    weights = np.where(np.isfinite(weights) & (weights > 0), weights, 0.0)
    if not weights.sum():
        weights = np.ones(len(weights))
    filled: Floats = (occupations.sum(axis=2) * weights).sum(axis=1) / weights.sum()
    return filled


def common_level(energies: Floats, total: float) -> tuple[int, int] | None:
    """Return how ``total`` electrons part between two channels so that one level parts filled from empty in both.

    At one level the number of bands below is the same at all k-points only within a gap, and it rises with the
    level: at most one such division has a given sum. None for metals.

    Parameters
    ----------
    energies : float64 (2, K, B)
    total : float
    """
    n = round(total)
    n_bands = energies.shape[2]
    if abs(total - n) > WHOLE:
        return None
    low = np.concatenate([energies.min(axis=1), np.full((2, 1), np.inf)], axis=1)
    high = np.concatenate([np.full((2, 1), -np.inf), energies.max(axis=1)], axis=1)
    for up in range(max(0, n - n_bands), min(n, n_bands) + 1):
        down = n - up
        if max(high[0, up], high[1, down]) < min(low[0, up], low[1, down]):
            return up, down
    return None


def part_electrons(
    levels: Levels, total: float, difference: float
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Part the electrons of a spin-polarized run between its channels.

    In this order: by NUPDOWN, where the run fixed it; by the one level that parts filled from empty bands in both
    channels; by the printed occupations, where those of a channel are the same at every point; by their mean.

    Returns
    -------
    electrons : tuple of float
    notes : tuple of str
    """
    if math.isfinite(difference) and math.isfinite(total):
        return ((total + difference) / 2, (total - difference) / 2), ()
    energies, occupations = levels.energies, levels.occupations
    found = common_level(energies, total) if math.isfinite(total) else None
    if found is not None:
        said = f"{found[0]} electrons are up and {found[1]} down: so parted, one level lies in a gap of both spins"
        return (float(found[0]), float(found[1])), () if found[0] == found[1] else (said,)
    filled = counted(occupations, levels.weights)
    if not np.isfinite(filled).all():
        half = total / 2
        return (half, half), (
            "no occupations are printed and no level has only filled bands below it: as many electrons are taken to "
            "be up as down",
        )
    each = occupations.sum(axis=2)
    steady = [bool(np.ptp(each[s]) < WHOLE and abs(each[s, 0] - round(each[s, 0])) < WHOLE) for s in (0, 1)]
    if not filled.sum() > 0:
        return (total / 2, total / 2), (
            "the printed occupations are all zero: as many electrons are taken up as down",
        )
    up, down = (float(round(n)) if ok else float(n) for n, ok in zip(filled, steady, strict=True))
    if math.isfinite(total):
        if steady[0] and not steady[1]:
            down = total - up
        elif steady[1] and not steady[0]:
            up = total - down
        elif not steady[0]:
            up, down = up * total / (up + down), down * total / (up + down)
    return (up, down), (
        "the electrons are parted between the spins by the printed occupations: no level has a gap",
    )


def contradictions(
    levels: Levels, electrons: tuple[float, ...], spin: SpinTreatment, fermi: float
) -> tuple[str, ...]:
    """Return what the printed occupations and the Fermi energy say against the count.

    Parameters
    ----------
    levels : Levels
    electrons : tuple of float, length S
    spin : "none", "collinear" or "noncollinear"
    fermi : float
        eV; NaN where not printed.
    """
    out = []
    energies, occupations = levels.energies, levels.occupations
    wanted = np.array(electrons) / per_band(spin)
    each = occupations.sum(axis=2)
    if np.isfinite(each).all():
        apart = (np.abs(each - wanted[:, None]) > 2 * WHOLE).any(axis=0)
        if apart.any():
            level = f" (Fermi energy {fermi:.4f} eV)" if math.isfinite(fermi) else ""
            filled = " and ".join(f"{number:g}" for number in np.round(wanted, 3))
            out.append(
                f"the printed occupations{level} fill other bands than the {filled} that counting electrons gives, "
                f"at {int(apart.sum())} of {len(apart)} k-points: the count is used"
            )
    whole = np.round(wanted).astype(int)
    n_bands = energies.shape[2]
    if (
        math.isfinite(fermi)
        and (np.abs(wanted - whole) < WHOLE).all()
        and (whole < n_bands).all()
        and (whole > 0).all()
    ):
        top = max(float(energies[s, :, whole[s] - 1].max()) for s in range(len(whole)))
        bottom = min(float(energies[s, :, whole[s]].min()) for s in range(len(whole)))
        if top < bottom and not top - _FEW <= fermi <= bottom + _FEW:
            out.append(
                f"the printed Fermi energy, {fermi:.4f} eV, lies outside of the gap that counting electrons gives, "
                f"{top:.4f} to {bottom:.4f} eV: the count is used"
            )
    return tuple(out)


def spin_of(levels: Levels, table: BandTable, given: float | Sequence[float] | None) -> SpinTreatment:
    """Return how spin was treated; where the file does not say, by the electrons of the bands it fills."""
    if levels.energies.shape[0] == 2:
        return "collinear"
    if table.noncollinear is not None:
        return "noncollinear" if table.noncollinear else "none"
    total = table.electrons if given is None or isinstance(given, Sequence) else float(given)
    filled = float(counted(levels.occupations, levels.weights)[0])
    return "noncollinear" if abs(filled - total) < abs(2 * filled - total) else "none"


def count_electrons(
    levels: Levels, spin: SpinTreatment, table: BandTable, given: float | Sequence[float] | None
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the electrons of each channel and how they are known.

    Parameters
    ----------
    levels : Levels
        All that was read, of path and mesh.
    spin : "none", "collinear" or "noncollinear"
    table : BandTable
        What its file states.
    given : float or pair of float, optional
        In its place.
    """
    n_channels, _, n_bands = levels.energies.shape
    where = str(table.path)
    if isinstance(given, Sequence):
        numbers = tuple(float(number) for number in given)
        if len(numbers) != n_channels:
            raise InputError(
                f"{len(numbers)} numbers of electrons for {n_channels} spin channels",
                where=where,
                fix="give one number, or one for each channel",
            )
        return numbers, ()
    total = table.electrons if given is None else float(given)
    notes: tuple[str, ...] = ()
    if not math.isfinite(total):
        total = float(counted(levels.occupations, levels.weights).sum()) * per_band(spin)
        if not math.isfinite(total) or total <= 0:
            raise MissingDataError(
                "neither the number of electrons nor occupations are printed",
                where=where,
                fix="put the run's OUTCAR beside it, or give the number: electrons= (--electrons)",
            )
        total = float(round(total)) if abs(total - round(total)) <= WHOLE else total
        notes = (f"{total:g} electrons are the sum of the printed occupations; no file states their number",)
    most = n_channels * n_bands * per_band(spin)
    if not 0 < total <= most:
        raise FormatError(
            f"{total:g} electrons, where the bands hold up to {most}",
            where=where,
            fix="check NELECT and NBANDS",
        )
    if n_channels == 1:
        return (total,), notes
    difference = table.difference if given is None else math.nan
    if abs(difference) > total:
        notes = (*notes, f"NUPDOWN of {difference:g} for {total:g} electrons was left out")
        difference = math.nan
    shares, told = part_electrons(levels, total, difference)
    return shares, notes + told
