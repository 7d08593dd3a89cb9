"""Edges that lie beside a point of symmetry: the extremum between the points, and Rashba's parameter."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.band_arms import Arm, find_arms, is_level
from perovchem.band_edges.results import Edge, OffSymmetry
from perovchem.bands import Bands
from perovchem.edge_fit import Fit, fit
from perovchem.reciprocal import SAME_KPOINT, KPointSymmetry

WIDEST: Final = 8
"""Points on either side that are fitted at most."""
FARTHEST: Final = 0.3
"""1/Å: an edge farther than this from a point of symmetry is a valley of its own."""


def beside_symmetry(
    bands: Bands, edge: Edge, symmetry: KPointSymmetry, tolerance: float
) -> tuple[Edge, OffSymmetry | None]:
    """Return the edge with the extremum between the points, and how far it lies from a point of symmetry.

    Along every line of the path through the edge where symmetry forces no extremum; the one that gains most counts.
    """
    arms = find_arms(bands, edge.rows)
    best: tuple[float, Fit, Arm, Arm] | None = None
    for number, arm in enumerate(arms):
        if is_level(arm.direction, symmetry.little_group(bands.kpoints[arm.rows[0]])):
            continue
        for other in arms[number + 1 :]:
            if other.rows[0] != arm.rows[0] or np.linalg.norm(other.direction + arm.direction) > 1e-3:
                continue
            found = _extremum(bands, edge, arm, other)
            if found is not None and (best is None or -found.origin > best[0]):
                best = (-found.origin, found, arm, other)
    if best is None:
        return edge, None
    _, found, arm, other = best
    sign = 1.0 if edge.carrier == "electron" else -1.0
    moved = bands.kpoints[arm.rows[0]] + found.shift * arm.direction @ np.linalg.inv(bands.reciprocal_cell)
    fitted = replace(edge, fitted_energy=edge.energy + sign * found.origin, fitted_kpoint=moved)
    return fitted, _rashba(bands, fitted, found, (arm, other), tolerance)


def _extremum(bands: Bands, edge: Edge, arm: Arm, other: Arm) -> Fit | None:
    """Return the fit around the edge of the widest window that fits with the least stated error."""
    sign = 1.0 if edge.carrier == "electron" else -1.0
    band = edge.bands[0 if edge.carrier == "electron" else -1] - 1
    line = sign * (bands.energies[edge.spin, :, band] - bands.energies[edge.spin, edge.rows[0], band])
    rows = np.concatenate([other.rows[:0:-1], arm.rows])
    x = np.concatenate([-other.k[:0:-1], arm.k])
    best = None
    for reach in np.unique(np.round(np.abs(x), 9))[3 : WIDEST + 1]:
        inside = np.abs(x) <= reach + 1e-9
        sigma = np.full(int(inside.sum()), bands.energy_step / math.sqrt(12))
        found = fit(x[inside], line[rows[inside]], sigma, shape="free")
        if found is None or abs(found.shift) > reach or found.inverse_mass <= 0:
            continue
        if best is None or found.shift_error < best.shift_error:
            best = found
    return best


def _rashba(
    bands: Bands, edge: Edge, found: Fit, arms: tuple[Arm, Arm], tolerance: float
) -> OffSymmetry | None:
    """Return distance, energy and Rashba's parameter from the nearest point of symmetry on the line."""
    candidates: list[tuple[float, Arm, int]] = []
    for arm, way in zip(arms, (1.0, -1.0), strict=True):
        for place, row in enumerate(arm.rows[1:], 1):
            distance = float(arm.k[place]) - way * found.shift
            if distance > FARTHEST:
                break
            double = 2 * bands.kpoints[row]
            if np.abs(double - np.round(double)).max() < 2 * SAME_KPOINT:
                candidates.append((distance, arm, int(row)))
                break
    if not candidates:
        return None
    offset, arm, row = min(candidates, key=lambda item: item[0])
    sign = 1.0 if edge.carrier == "electron" else -1.0
    top = edge.bands[0 if edge.carrier == "electron" else -1] - 1
    energies: Floats = bands.energies[edge.spin, row]
    gain = sign * (float(energies[top]) - edge.fitted_energy)
    if gain <= 2 * bands.energy_step:
        return None
    partner = top + (1 if edge.carrier == "electron" else -1)
    meets = (
        bands.spin == "noncollinear"
        and 0 <= partner < len(energies)
        and abs(energies[partner] - energies[top]) <= tolerance
    )
    gain_error = math.hypot(found.origin_error, bands.energy_step / math.sqrt(12))
    alpha = 2 * gain / offset if meets else math.nan
    return OffSymmetry(
        carrier=edge.carrier,
        center=bands.labels.get(row, "") or _coordinates(bands, row),
        direction=-arm.direction,
        momentum_offset=offset,
        momentum_offset_error=found.shift_error,
        energy=gain,
        energy_error=gain_error,
        alpha=alpha,
        alpha_error=alpha * math.hypot(gain_error / gain, found.shift_error / offset),
    )


def _coordinates(bands: Bands, row: int) -> str:
    return "(" + " ".join(f"{x:.4g}" for x in bands.kpoints[row] + 0.0) + ")"
