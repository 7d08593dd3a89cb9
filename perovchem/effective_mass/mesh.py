"""The mass tensor from a mesh: polynomials with the symmetry of the edge's k-point, through the points around it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem.arrays import Floats
from perovchem.band_edges import Edge
from perovchem.bands import Bands
from perovchem.edge_fit import NOISE_FLOOR, solve, weighed_settings
from perovchem.effective_mass.results import MassTensor, TensorMethod
from perovchem.effective_mass.tensor import make_tensor, refused
from perovchem.reciprocal import KPointSymmetry
from perovchem.units import HBAR2_PER_M0

HIGHEST: Final = 1.0
"""eV from the edge."""
NEAREST: Final = 0.2
"""eV from the edge within which the nearest other point must lie."""
MOST_POINTS: Final = 120
DEGREES: Final = (3, 4, 5, 6)
ODD_NOISE: Final = 2.5
"""As along arms."""
LARGEST_SCALE: Final = 3.0
"""eV over which the terms fall off. Two steps of a stencil hardly tell fourth powers from rounding: that there are none
(α below a tenth per eV or so) is not to be assumed, where a path would show it."""
SPARE: Final = 2
"""Points beyond the free unknowns that a window needs."""


def from_mesh(
    bands: Bands, edge: Edge, symmetry: KPointSymmetry, *, method: TensorMethod = "mesh"
) -> MassTensor:
    """Return the tensor from loose points around an edge, such as those of a mesh.

    Each point is brought near the edge by the symmetry of the crystal and lattice vectors. Polynomials that the
    edge's k-point allows, up to sixth degree, are weighed as along arms (:mod:`perovchem.edge_fit`); of windows in
    energy, the one with the least stated error is taken.
    """
    if edge.degeneracy > (2 if bands.spin == "noncollinear" else 1):
        reason = (
            f"{edge.degeneracy} bands meet at the edge: energies are no quadratic form there, only masses along "
            "directions are defined"
        )
        return refused(edge, symmetry, reason, method)
    sign = 1.0 if edge.carrier == "electron" else -1.0
    band = edge.bands[0 if edge.carrier == "electron" else -1] - 1
    states = bands.energies[edge.spin][:, [number - 1 for number in edge.bands]]
    upward = sign * (states.mean(axis=1) - states[edge.rows[0]].mean())
    q = nearest_images(bands, edge, symmetry)
    order = np.argsort(np.linalg.norm(q, axis=1), kind="stable")
    order = order[upward[order] <= HIGHEST][:MOST_POINTS]
    q, upward = q[order], upward[order]
    apart = np.linalg.norm(q, axis=1) > 1e-6
    if apart.any() and float(upward[apart][0]) > NEAREST:
        reason = (
            f"the points nearest to the edge, {np.linalg.norm(q[apart][0]):.2f} 1/Å away, lie "
            f"{float(upward[apart][0]):.2f} eV from it: too far for a curvature; use a path or a stencil"
        )
        return refused(edge, symmetry, reason, method)
    little = symmetry.little_group(edge.kpoint)
    free = [invariants(little, degree) for degree in (0, 1, 2)]
    n_free = sum(map(len, free))
    # equivalent points repeat one number with one rounding
    sigma = max(bands.energy_step / math.sqrt(12), NOISE_FLOOR) * np.sqrt(_copies(q, little))
    found = [
        window
        for many in sorted({n_free + SPARE, 10, 14, 20, 28, 40, 60, 90, len(q)})
        if n_free + SPARE <= many <= len(q)
        and (window := _window(q[:many], upward[:many], sigma[:many], free, little)) is not None
    ]
    if not found:
        reason = (
            f"{_points(len(q))} within {HIGHEST:g} eV of the edge: too few, or in too few directions, for the "
            f"{n_free} unknowns; a path or a stencil through the edge tells more"
        )
        return refused(edge, symmetry, reason, method)
    quiet = min(window.noise for window in found)
    passing = [window for window in found if window.noise <= ODD_NOISE * quiet]
    best = min(passing, key=lambda window: window.error)
    others = [window for window in found if window.error <= 3 * best.error]
    drift = max(float(np.abs(window.inverse_mass - best.inverse_mass).max()) for window in others)
    spread = best.covariance + drift**2 / 3 * np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3))
    shift = np.linalg.norm(np.linalg.solve(best.inverse_mass, best.slope)) / HBAR2_PER_M0
    spacing = float(np.linalg.norm(q[1]))
    beside = (
        f"the extremum lies {shift:.3f} 1/Å beside the nearest point of the mesh"
        if shift > spacing / 10
        else ""
    )
    return make_tensor(
        best.inverse_mass, spread, edge, band + 1, symmetry, method,
        verdict="drifting" if beside else "ok", reason=beside, n_data=best.n_points,
    )  # fmt: skip


def _points(number: int) -> str:
    return "1 point lies" if number == 1 else f"{number} points lie"


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """What one window says: inverse mass, its covariance and relative error, slope (eV Å), noise."""

    inverse_mass: Floats
    covariance: Floats
    error: float
    slope: Floats
    noise: float
    n_points: int


def nearest_images(bands: Bands, edge: Edge, symmetry: KPointSymmetry) -> Floats:
    """Return for each k-point the vector, 1/Å, from the edge to that of its equivalents that is nearest to it."""
    around = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))
    best = np.full(len(bands.kpoints), np.inf)
    found = np.zeros((len(bands.kpoints), 3))
    for operation in symmetry.operations:
        gap = bands.kpoints @ operation.T - edge.kpoint
        images = ((gap - np.round(gap))[:, None] + around) @ bands.reciprocal_cell
        size = np.linalg.norm(images, axis=2)
        which = size.argmin(axis=1)
        rows = np.arange(len(images))
        nearer = size[rows, which] < best - 1e-9
        best[nearer] = size[rows, which][nearer]
        found[nearer] = images[rows, which][nearer]
    return found


def _copies(q: Floats, rotations: Floats) -> Floats:
    """Return how many of the points are images of each, itself included."""
    found = np.zeros(len(q))
    reach = 1e-4 * float(np.linalg.norm(q, axis=1).max())
    for n, point in enumerate(q):
        images = rotations @ point
        found[n] = (np.linalg.norm(q[:, None] - images[None], axis=2).min(axis=1) < reach).sum()
    return found


def invariants(rotations: Floats, degree: int) -> list[NDArray[np.float64]]:
    """Return a basis of the homogeneous polynomials that rotations leave as they are, as symmetric tensors.

    Each is an array of ``degree`` axes of length 3: the polynomial is its contraction with q, degree times.
    """
    if degree == 0:
        return [np.ones(())]
    units = []
    for powers in itertools.combinations_with_replacement(range(3), degree):
        tensor = np.zeros((3,) * degree)
        for place in set(itertools.permutations(powers)):
            tensor[place] = 1.0
        units.append(tensor / np.linalg.norm(tensor))
    rows = []
    for unit in units:
        mean = np.zeros_like(unit)
        for rotation in rotations:
            turned = unit
            for _ in range(degree):
                turned = np.tensordot(turned, rotation, axes=(0, 1))
            mean += turned
        rows.append([float((mean * other).sum()) / len(rotations) for other in units])
    projector = np.array(rows)
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    return [
        sum(c * unit for c, unit in zip(column, units, strict=True)) for column in vectors[:, values > 0.5].T
    ]


def _values(tensors: list[NDArray[np.float64]], s: Floats) -> Floats:
    """Return the polynomials at points, (n, len(tensors))."""
    columns = []
    for tensor in tensors:
        value = np.broadcast_to(tensor, (len(s), *tensor.shape))
        while value.ndim > 1:
            value = np.einsum("n...i,ni->n...", value, s)
        columns.append(value)
    return np.column_stack(columns) if columns else np.empty((len(s), 0))


def _window(
    q: Floats, upward: Floats, sigma: Floats, free: list[list[NDArray[np.float64]]], little: Floats
) -> _Window | None:
    """Return what one window says; None where it decides nothing."""
    flat = np.column_stack([_values(tensors, q) for tensors in free])
    scaled = flat / np.maximum(np.linalg.norm(flat, axis=0), 1e-30)
    if np.linalg.svd(scaled, compute_uv=False)[-1] < 1e-3:
        return None
    first = np.linalg.lstsq(flat, upward, rcond=None)[0]
    n_linear = len(free[0]) + len(free[1])
    rough = sum(c * t for c, t in zip(first[n_linear:], free[2], strict=True)) * 2 / HBAR2_PER_M0
    unit = float(np.trace(np.atleast_2d(rough))) / 3
    if not unit > 0:
        return None
    s = q * math.sqrt(unit * HBAR2_PER_M0 / 2)
    bounded: list[Floats] = []
    powers: list[float] = []
    for degree in DEGREES:
        columns = _values(invariants(little, degree), s)
        bounded.append(columns)
        powers += [degree / 2 - 1] * columns.shape[1]
    scales, noises, prior = weighed_settings(upward, sigma)
    posterior = solve(
        upward / sigma,
        np.column_stack([_values(tensors, s) for tensors in free]) / sigma[:, None],
        np.column_stack(bounded) / sigma[:, None],
        np.array(powers),
        (scales[: max(1, int((scales <= LARGEST_SCALE).sum()))], noises, prior),
    )
    weights = np.exp(posterior.log_evidence - posterior.log_evidence.max())
    weights /= weights.sum()
    part = slice(n_linear, n_linear + len(free[2]))
    mean = weights @ posterior.mean
    off = posterior.mean[:, part] - mean[part]
    covariance = np.einsum("s,sij->ij", weights, posterior.covariance[:, part, part])
    covariance += np.einsum("s,si,sj->ij", weights, off, off)
    tensors = np.array(free[2])
    inverse = unit * np.einsum("n,nij->ij", mean[part], tensors)
    spread = unit**2 * np.einsum("nm,nij,mkl->ijkl", covariance, tensors, tensors)
    error = math.sqrt(float(np.einsum("ijij->", spread))) / max(float(np.linalg.norm(inverse)), 1e-30)
    slope = np.zeros(3)
    for c, tensor in zip(mean[len(free[0]) : n_linear], free[1], strict=True):
        slope += c * tensor * math.sqrt(unit * HBAR2_PER_M0 / 2)
    noise = float(np.exp(weights @ np.log(posterior.noise)))
    return _Window(inverse, spread, error, slope, noise, len(q))
