"""The inverse mass as a tensor: from arms and symmetry, and what follows from any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.band_edges import Edge
from perovchem.effective_mass.results import Mass, MassTensor, TensorMethod, Verdict
from perovchem.effective_mass.windows import LEAST
from perovchem.reciprocal import KPointSymmetry

_PAIRS: Final = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
MISFIT: Final = 4.0
"""Standard deviations by which an arm may miss the tensor."""
MOST_ERROR: Final = 0.25
GOOD: Final = 0.05


def symmetric_basis(rotations: Floats) -> Floats:
    """Return a basis (n, 3, 3) of the symmetric tensors that rotations leave as they are, orthonormal.

    Examples
    --------
    >>> turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    >>> len(symmetric_basis(np.array([np.eye(3), turn, turn @ turn, turn.T])))
    2
    """
    units = np.zeros((6, 3, 3))
    for n, (i, j) in enumerate(_PAIRS):
        units[n, i, j] = units[n, j, i] = 1.0 if i == j else math.sqrt(0.5)
    mean = np.einsum("rij,njk,rlk->nil", rotations, units, rotations) / len(rotations)
    projector = np.einsum("nij,mij->nm", mean, units)
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    basis: Floats = np.einsum("mn,mij->nij", vectors[:, values > 0.5], units)
    return basis


def from_arms(edge: Edge, masses: Sequence[Mass], symmetry: KPointSymmetry, *, kramers: bool) -> MassTensor:
    """Return the tensor that the masses along arms determine, with the symmetry of the edge's k-point.

    Least squares of 1/m along each arm, with their errors; arms at points equivalent to the edge are turned to it.
    ``kramers``: two bands that meet at the edge are the two spins of one band (spin-orbit coupling).
    """
    whole = [mass for mass in masses if mass.degeneracy == edge.degeneracy]
    if kramers and edge.degeneracy == 2:
        whole = list(masses)  # the two spins part by odd terms only: both have the curvature of the doublet
    if len(whole) < len(masses) or not masses:
        reason = (
            "the path has no arm around the edge"
            if not masses
            else f"{edge.degeneracy} bands meet at the edge and part from it: energies are no quadratic form there, "
            "only masses along directions are defined"
        )
        return refused(edge, symmetry, reason, "arms and symmetry")
    used = [mass for mass in whole if mass.usable]
    if not used:
        return refused(edge, symmetry, "all masses along arms are refused", "arms and symmetry")
    basis = symmetric_basis(symmetry.little_group(edge.kpoint))
    directions = np.array([_turned(mass, edge, symmetry) for mass in used])
    design = np.einsum("ai,nij,aj->an", directions, basis, directions)
    sure = _determined(design, basis)
    if not sure:
        return refused(
            edge, symmetry,
            f"arms in {len({mass.direction_class for mass in used})} inequivalent directions do not determine the "
            f"{len(basis)} components that the symmetry of the point leaves free: add directions, or write a stencil",
            "arms and symmetry",
        )  # fmt: skip
    inverse = np.array([1 / mass.mass for mass in used])
    error = np.array([mass.standard_error / mass.mass**2 for mass in used])
    weighted = design / error[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    solution = covariance @ weighted.T @ (inverse / error)
    misses = np.abs(design @ solution - inverse) / error
    scale = max(1.0, math.sqrt(float((misses**2).sum()) / max(len(used) - len(basis), 1)))
    tensor = np.einsum("n,nij->ij", solution, basis)
    spread = np.einsum("nm,nij,mkl->ijkl", covariance * scale**2, basis, basis)
    note = ""
    verdict: Verdict = "ok"
    if misses.max() > MISFIT:
        worst = used[int(misses.argmax())]
        verdict = "drifting"
        note = (
            f"the arms do not lie on one quadratic form: {worst.direction_label} misses it by {misses.max():.0f} "
            "standard errors (taken up in the errors given)"
        )
    elif any(mass.verdict == "drifting" for mass in used):
        verdict, note = "drifting", "one of the arms drifts"
    return make_tensor(
        tensor, spread, edge, edge.bands[-1 if edge.carrier == "hole" else 0], symmetry, "arms and symmetry",
        verdict=verdict, reason=note, n_data=len(used),
    )  # fmt: skip


def _turned(mass: Mass, edge: Edge, symmetry: KPointSymmetry) -> Floats:
    """Return the direction of an arm, turned from the equivalent point where it starts to the edge's own."""
    number = symmetry.mapping(mass.kpoint, edge.kpoint)
    turned: Floats = mass.direction if number is None else symmetry.rotations[number] @ mass.direction
    return turned


def _determined(design: Floats, basis: Floats) -> bool:
    """Return whether arms determine all components."""
    if len(design) < len(basis):
        return False
    values = np.linalg.svd(design, compute_uv=False)
    return bool(values[len(basis) - 1] > 0.02 * values[0])


def make_tensor(
    inverse: Floats,
    spread: Floats,
    edge: Edge,
    band: int,
    symmetry: KPointSymmetry,
    method: TensorMethod,
    *,
    verdict: Verdict = "ok",
    reason: str = "",
    n_data: int = 0,
) -> MassTensor:
    """Return a tensor with all that follows; ``spread`` (3, 3, 3, 3) is the covariance of its components, 1/m0²."""
    spread = spread + LEAST**2 * np.einsum("ij,kl->ijkl", inverse, inverse)
    values, axes = np.linalg.eigh(inverse)
    order = np.argsort(-values)
    values, axes = values[order], axes[:, order].T
    if (axes[2] @ np.cross(axes[0], axes[1])) < 0:
        axes = axes * np.array([1, 1, -1])[:, None]
    along = np.einsum("ai,aj->aij", axes, axes)
    covariance = np.einsum("aij,ijkl,bkl->ab", along, spread, along)
    error = np.sqrt(np.maximum(np.diag(covariance), 0))
    component = np.sqrt(np.maximum(np.einsum("ijij->ij", spread), 0))
    if (values <= 2 * error).any():
        low = axes[values <= 2 * error][0]
        what = "curves the other way" if (values < -2 * error).any() else "is flat within the errors"
        return refused(
            edge, symmetry, f"the band {what} along ({low[0]:.2f} {low[1]:.2f} {low[2]:.2f})", method,
            inverse=inverse, inverse_error=component, band=band,
        )  # fmt: skip
    share = float((error / values).max())
    if share > MOST_ERROR:
        return refused(
            edge, symmetry, f"a principal mass is open by {100 * share:.0f} %", method,
            inverse=inverse, inverse_error=component, band=band,
        )  # fmt: skip
    if share > GOOD and verdict == "ok":
        verdict, reason = "drifting", f"a principal mass is uncertain by {100 * share:.0f} %"
    masses = 1 / values
    conductivity = 3 / float(values.sum())
    density = float(np.prod(masses)) ** (1 / 3)
    relative = covariance / values[:, None] / values[None]
    return MassTensor(
        carrier=edge.carrier,
        band=band,
        spin=edge.spin,
        kpoint=edge.kpoint,
        label=edge.label,
        inverse_mass=inverse,
        inverse_mass_error=component,
        principal_masses=masses,
        principal_errors=error * masses**2,
        axes=axes,
        conductivity_mass=conductivity,
        conductivity_error=conductivity**2 / 3 * math.sqrt(max(float(covariance.sum()), 0.0)),
        density_of_states_mass=density,
        density_of_states_error=density / 3 * math.sqrt(max(float(relative.sum()), 0.0)),
        valleys=symmetry.valleys(edge.kpoint) if symmetry.from_atoms else 0,
        method=method,
        verdict=verdict,
        reason=reason,
        n_data=n_data,
    )


def refused(
    edge: Edge,
    symmetry: KPointSymmetry,
    reason: str,
    method: TensorMethod,
    *,
    inverse: Floats | None = None,
    inverse_error: Floats | None = None,
    band: int | None = None,
) -> MassTensor:
    """Return a tensor that is none, with the reason."""
    nothing = np.full((3, 3), np.nan)
    return MassTensor(
        carrier=edge.carrier,
        band=edge.bands[-1 if edge.carrier == "hole" else 0] if band is None else band,
        spin=edge.spin,
        kpoint=edge.kpoint,
        label=edge.label,
        inverse_mass=nothing if inverse is None else inverse,
        inverse_mass_error=nothing if inverse_error is None else inverse_error,
        principal_masses=np.full(3, np.nan),
        principal_errors=np.full(3, np.nan),
        axes=nothing,
        conductivity_mass=math.nan,
        conductivity_error=math.nan,
        density_of_states_mass=math.nan,
        density_of_states_error=math.nan,
        valleys=symmetry.valleys(edge.kpoint) if symmetry.from_atoms else 0,
        method=method,
        verdict="refused",
        reason=reason,
    )
