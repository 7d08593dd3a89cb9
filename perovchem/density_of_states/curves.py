"""Curves of both sources: eigenvalues on a mesh, broadened, and what a file holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import erf

from perovchem.arrays import Floats
from perovchem.bands import Bands
from perovchem.errors import MissingDataError, UsageError
from perovchem.projections import kind
from perovchem.result import Provenance
from perovchem.state_density import StateDensity

STATES: Final = 0.01
"""States by which the integral may miss the electrons at an edge."""
_POINTS_PER_WIDTH: Final = 5
_MOST_POINTS: Final = 20_001
_TAIL: Final = 5.0
"""Standard deviations beyond the last state at which a curve ends."""
_ROUNDING: Final = 1.5e-4
"""Relative: integrals are printed with four digits."""
_AT_ONCE: Final = 4_000_000
_FEWEST_OF_CLUSTER: Final = 7
_CLUSTER: Final = 0.1
"""Fractional coordinates: no mesh of so many points is as small."""


@dataclass(frozen=True, slots=True)
class Curves:
    """What both sources become: energies as printed, curves, edges."""

    energies: Floats
    total: Floats
    integrated: Floats
    channels: tuple[str, ...]
    projected: Floats
    edges: tuple[float, float] | None
    gap_source: str
    electrons: float
    fermi_energy: float
    broadening: float
    notes: tuple[str, ...]
    provenance: Provenance


# eigenvalues ----------------------------------------------------------------------------------------------


def of_bands(bands: Bands, broadening: float) -> Curves:
    """Return the curves of eigenvalues on a mesh."""
    where = bands.provenance.input
    mesh = bands.mesh if bands.mesh is not None else bands
    _refuse_what_is_no_mesh(mesh, where)
    weights = mesh.weights
    share = weights / weights.sum() * mesh.electrons_per_band
    energies = mesh.energies
    margin = _TAIL * broadening
    low, high = float(energies.min()) - margin, float(energies.max()) + margin
    count = min(_MOST_POINTS, max(2, math.ceil((high - low) / broadening * _POINTS_PER_WIDTH) + 1))
    grid = np.linspace(low, high, count)
    n_spins = len(energies)
    total = np.empty((n_spins, count))
    integrated = np.empty((n_spins, count))
    repeated = np.repeat(share, energies.shape[2])
    for s in range(n_spins):
        total[s], integrated[s] = _broadened(grid, energies[s].ravel(), repeated[:, None], broadening)[:, 0]
    channels, projected = _project_bands(mesh, share, grid, broadening)
    notes = list(bands.notes)
    if (high - low) / broadening * 2 > count:
        notes.append(f"the curve has {count} points, too few for a broadening of {broadening:g} eV")
    filled = [round(number) for number in mesh.occupied]
    whole = all(abs(number - n) < 1e-6 for number, n in zip(mesh.occupied, filled, strict=True))
    edges = None
    if whole and all(0 < n < energies.shape[2] for n in filled):
        top = max(float(energies[s, :, n - 1].max()) for s, n in enumerate(filled))
        bottom = min(float(energies[s, :, n].min()) for s, n in enumerate(filled))
        edges = (top, bottom) if bottom > top else None
    elif any(n >= energies.shape[2] for n in filled):
        notes.append("there are no empty bands: the gap is not known")
    return Curves(
        grid,
        total,
        integrated,
        channels,
        projected,
        edges,
        "eigenvalues on the mesh, before broadening",
        float(sum(mesh.electrons)),
        mesh.fermi_energy,
        broadening,
        tuple(notes),
        bands.provenance,
    )


def _refuse_what_is_no_mesh(mesh: Bands, where: str) -> None:
    """Refuse paths and stencils."""
    weights = mesh.weights
    if mesh.segments or not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise MissingDataError(
            "a density of states needs a mesh of k-points, and these are a path",
            where=where,
            fix="give the run on a mesh (CASTEP: spectral_task : DOS)",
        )
    if _is_cluster(mesh.kpoints):
        raise MissingDataError(
            f"a density of states needs a mesh of k-points, and these {len(mesh.kpoints)} stand around one point, as "
            "a stencil for masses does",
            where=where,
            fix="give the run on a mesh",
        )


def _is_cluster(kpoints: Floats) -> bool:
    """Return whether points stand around one point; those of a mesh reach to the faces of the zone."""
    reach = np.abs(kpoints - kpoints.mean(axis=0)).max()
    return len(kpoints) >= _FEWEST_OF_CLUSTER and bool(reach < _CLUSTER)


def _broadened(grid: Floats, levels: Floats, weights: Floats, broadening: float) -> Floats:
    """Return sums of Gaussians and of their integrals, (2, n_columns, n_grid), of weights (n_levels, n_columns).

    A Gaussian is cut off at 6 standard deviations; its integral is 0 or its weight beyond.
    """
    step = float(grid[1] - grid[0])
    reach = math.ceil(6 * broadening / step) + 1
    offsets = np.arange(-reach, reach + 1)
    n_columns, n_grid = weights.shape[1], len(grid)
    density = np.zeros((n_columns, n_grid + 2 * reach + 2))
    beyond = np.zeros((n_columns, n_grid + 2 * reach + 2))
    partial = np.zeros((n_columns, n_grid + 2 * reach + 2))
    pieces = max(1, _AT_ONCE // len(offsets))
    for begin in range(0, len(levels), pieces):
        part, share = levels[begin : begin + pieces], weights[begin : begin + pieces]
        nearest = np.rint((part - grid[0]) / step).astype(np.int64)
        places = nearest[:, None] + offsets
        scaled = (grid[0] + places * step - part[:, None]) / broadening
        bell = np.exp(-0.5 * scaled**2) / (broadening * math.sqrt(2 * math.pi))
        ramp = 0.5 * (1 + erf(scaled / math.sqrt(2)))
        flat = (places + reach).ravel()
        after = nearest + 2 * reach + 1
        for c in range(n_columns):
            density[c] += np.bincount(flat, (bell * share[:, c, None]).ravel(), density.shape[1])[
                : density.shape[1]
            ]
            partial[c] += np.bincount(flat, (ramp * share[:, c, None]).ravel(), density.shape[1])[
                : density.shape[1]
            ]
            beyond[c] += np.bincount(after, share[:, c], density.shape[1])[: density.shape[1]]
    integral = partial + beyond.cumsum(axis=1)
    return np.stack([density[:, reach : reach + n_grid], integral[:, reach : reach + n_grid]])


def _project_bands(
    mesh: Bands, share: Floats, grid: Floats, broadening: float
) -> tuple[tuple[str, ...], Floats]:
    """Return channels and their curves (S, channels, E); bands are read a few at a time."""
    n_spins, n_points, n_bands = mesh.energies.shape
    if mesh.projections is None:
        return (), np.empty((n_spins, 0, len(grid)))
    names, sums = _channels(mesh.projections.species, mesh.projections.orbitals)
    projected = np.zeros((n_spins, len(names), len(grid)))
    size = n_spins * n_points * sums.size // max(len(names), 1)
    at_once = max(1, min(n_bands, _AT_ONCE // max(size, 1)))
    for begin in range(0, n_bands, at_once):
        chosen = slice(begin, min(begin + at_once, n_bands))
        weights = mesh.projections.weights(chosen)
        by_channel = weights.reshape(*weights.shape[:3], -1) @ sums
        for s in range(n_spins):
            levels = mesh.energies[s, :, chosen]
            held = (by_channel[s] * share[:, None, None]).reshape(-1, len(names))
            projected[s] += _broadened(grid, levels.ravel(), held, broadening)[0]
    return names, projected


def _channels(species: tuple[str, ...], orbitals: tuple[str, ...]) -> tuple[tuple[str, ...], Floats]:
    """Return names "Pb s" and the matrix (n_atoms * n_orbitals, n_channels) that sums into them."""
    pairs = [(symbol, kind(orbital)) for symbol in species for orbital in orbitals]
    order = {symbol: k for k, symbol in enumerate(dict.fromkeys(species))}
    found = sorted(dict.fromkeys(pairs), key=lambda pair: (order[pair[0]], "spdf".find(pair[1])))
    sums = np.zeros((len(pairs), len(found)))
    for row, pair in enumerate(pairs):
        sums[row, found.index(pair)] = 1
    return tuple(f"{symbol} {orbital}" for symbol, orbital in found), sums


# curves of files ------------------------------------------------------------------------------------------


def of_file(density: StateDensity, broadening: float | None) -> Curves:
    """Return the curves of a file, broadened further where that is asked for."""
    energies, total = density.energies, density.total
    steps = np.diff(energies)
    if len(energies) < 3 or not (steps > 0).all():
        raise MissingDataError(
            "the energies do not ascend", where=density.provenance.input, fix="give another file of the run"
        )
    channels: tuple[str, ...] = ()
    projected = np.empty((len(total), 0, len(energies)))
    if density.projected.shape[1] and len(density.species) == density.projected.shape[1]:
        channels, sums = _channels(density.species, density.orbitals)
        flat = density.projected.reshape(len(total), -1, len(energies))
        projected = np.einsum("sce,cn->sne", flat, sums)
    integrated = density.integrated
    if not np.isfinite(integrated).all():
        areas = (total[:, 1:] + total[:, :-1]) / 2 * steps
        integrated = np.concatenate([np.zeros((len(total), 1)), areas.cumsum(axis=1)], axis=1)
    edges = density.edges or _edges(energies, integrated.sum(axis=0), density.electrons)
    notes = list(density.notes)
    width = 0.0
    if broadening is not None:
        if steps.max() > 1.01 * steps.min() + 2e-3:
            raise UsageError("the energies are not evenly spaced", fix="leave the broadening out")
        width, per_step = broadening, broadening / float(steps.mean())
        total = gaussian_filter1d(total, per_step, axis=-1, mode="constant")
        projected = (
            gaussian_filter1d(projected, per_step, axis=-1, mode="constant") if channels else projected
        )
        integrated = gaussian_filter1d(integrated, per_step, axis=-1, mode="nearest")
    source = (
        "eigenvalues on the mesh in the same file"
        if density.edges
        else f"integral of the file's curve within {STATES:g} states of {density.electrons:g} electrons; the smearing "
        f"and the step of {steps.mean():.3g} eV make it too small by up to their sizes"
    )
    return Curves(
        energies,
        total,
        integrated,
        channels,
        projected,
        edges,
        source,
        density.electrons,
        density.fermi_energy,
        width,
        tuple(notes),
        density.provenance,
    )


def _edges(energies: Floats, integrated: Floats, electrons: float) -> tuple[float, float] | None:
    """Return where the integral reaches the electrons and where it leaves them; None without a plateau between."""
    if not math.isfinite(electrons):
        return None
    slack = max(STATES, _ROUNDING * electrons)
    reached = int(np.searchsorted(integrated, electrons - slack))
    left = int(np.searchsorted(integrated, electrons + slack, side="right")) - 1
    if reached >= len(energies) or left >= len(energies) - 1 or left - reached < 2:
        return None
    return float(energies[reached]), float(energies[left])
