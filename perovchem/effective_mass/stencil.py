"""Stencils: k-points around an edge for finite differences, written for VASP and CASTEP and read back."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.band_edges import Edge
from perovchem.bands import Bands
from perovchem.effective_mass.mesh import from_mesh
from perovchem.effective_mass.results import MassTensor
from perovchem.effective_mass.tensor import make_tensor, refused, symmetric_basis
from perovchem.errors import MissingDataError, UsageError
from perovchem.reciprocal import KPointSymmetry
from perovchem.units import HBAR2_PER_M0

WIDEST: Final = 0.2
"""1/Å from its center that a stencil reaches at most."""
SYMMETRIC: Final = 2e-3
"""Of its reach: by how much a stencil's points may miss their mirror images; four printed decimals do."""
SMALLEST_STEP: Final = 0.004
LARGEST_STEP: Final = 0.03
"""1/Å."""
PRINTED: Final = {"vasp": 1e-6, "castep": 2.7e-7}
"""eV: last digits of EIGENVAL and .bands."""
DEGREE: Final = 4
_LINES: Final = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1]],
    float,
)
_POWERS: Final = np.array(
    sorted(
        (p for p in itertools.product(range(DEGREE + 1), repeat=3) if sum(p) <= DEGREE),
        key=lambda p: (sum(p), [-n for n in p]),
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class StencilCurvature:
    """Second derivatives of one band at the center of a stencil.

    Attributes
    ----------
    inverse_mass : float64 (3, 3)
        1/m0, Cartesian, (1/ħ²) d²E/dk_i dk_j with its own sign.
    covariance : float64 (3, 3, 3, 3)
        Of its components, 1/m0²: last printed digit and, for one step, what neglected fourth powers may do.
    shift : float64 (3,)
        From the center to where the slope vanishes, 1/Å; NaN where the curvature is singular.
    step : float
        Shortest distance from the center, 1/Å.
    steps : int
        Different distances along the same lines.
    n_points : int
    """

    inverse_mass: Floats
    covariance: Floats
    shift: Floats
    step: float
    steps: int
    n_points: int


def stencil_center(bands: Bands) -> int | None:
    """Return the row at the center of bands that stand on a stencil; None for anything else.

    A stencil has points within .2 1/Å of its center only, each with its mirror image, in three dimensions.
    """
    points = bands.cartesian
    if not 13 <= len(points) <= 500:
        return None
    center = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmin())
    q = points - points[center]
    reach = float(np.linalg.norm(q, axis=1).max())
    if not 0 < reach <= WIDEST or np.linalg.matrix_rank(q, tol=0.05 * reach) < 3:
        return None
    gaps = np.linalg.norm(q[:, None] + q[None], axis=2).min(axis=1)
    return center if gaps.max() < SYMMETRIC * reach + 4 * bands.kpoint_step else None


def stencil_curvature(bands: Bands, band: int, *, spin: int = 0) -> StencilCurvature:
    """Return the curvature of any band at the center of a stencil, by finite differences.

    A polynomial of up to fourth degree with as many terms as the points tell apart, the low ones first, is laid
    through the energies. On a stencil of three points a line this is the textbook's second difference, on one of five
    the fourth-order one; the points may stand in any directions.

    Parameters
    ----------
    bands : Bands
        On a stencil.
    band : int
        Counted from 1.
    spin : int

    Returns
    -------
    StencilCurvature
        The error beyond rounding is estimated for stencils of one step only, from mixed fourth derivatives.

    Raises
    ------
    MissingDataError
        If the points are no stencil.
    UsageError
        If there is no such band.
    """
    center = stencil_center(bands)
    if center is None:
        raise MissingDataError(
            "these k-points are no stencil: a center and points within .2 1/Å of it, each with its mirror image",
            where=bands.provenance.input,
            fix="see perovchem masses --write-stencil",
        )
    if not (1 <= band <= bands.energies.shape[2] and 0 <= spin < len(bands.energies)):
        raise UsageError(f"band {band} of spin {spin}", fix=f"bands run from 1 to {bands.energies.shape[2]}")
    q = bands.cartesian - bands.cartesian[center]
    energies = bands.energies[spin, :, band - 1] - bands.energies[spin, center, band - 1]
    distance = np.linalg.norm(q, axis=1)
    step = float(distance[distance > 0].min())
    axes = _axes(q, distance)
    u = q @ np.linalg.inv(axes)
    sigma = max(bands.energy_step / math.sqrt(12), 1e-12)
    gradient, hessian, spread, neglected = _differences(u, energies, sigma)
    steps = _steps(u)
    turn = np.linalg.inv(axes)
    unit = 1 / HBAR2_PER_M0
    inverse = turn @ hessian @ turn.T * unit
    if steps == 1:
        for a, b in itertools.product(range(3), repeat=2):
            variance = neglected[a] * neglected[b] / (1 if a == b else 4)
            for place in {(a, b, a, b), (a, b, b, a)}:
                spread[place] += variance
    covariance = np.einsum("ia,jb,kc,ld,abcd->ijkl", turn, turn, turn, turn, spread) * unit**2
    solvable = abs(np.linalg.det(inverse)) > 1e-12
    shift = np.full(3, np.nan)
    if solvable:
        shift = -np.linalg.solve(inverse / unit, turn @ gradient)
    return StencilCurvature(inverse, covariance, shift, step, steps, len(u))


def _axes(q: Floats, distance: Floats) -> Floats:
    """Return three independent short displacements as rows: the axes in which the stencil is a grid."""
    order = np.argsort(np.round(distance, 6), kind="stable")
    found: list[Floats] = []
    for row in order:
        trial = np.array([*found, q[row]])
        if distance[row] > 0 and np.linalg.matrix_rank(trial, tol=0.1 * distance[row]) == len(trial):
            found.append(q[row])
        if len(found) == 3:
            break
    return np.array(found)


def _steps(u: Floats) -> int:
    """Return how many different distances the points of one line have."""
    on_axis = u[(np.abs(u) > 1e-3).sum(axis=1) == 1]
    return len(np.unique(np.round(np.abs(on_axis[np.abs(on_axis[:, 0]) > 1e-3, 0]), 2)))


def _differences(u: Floats, energies: Floats, sigma: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return gradient, second derivatives, their covariance, and what neglected fourth powers do to them."""
    columns = (u[:, None, :] ** _POWERS).prod(axis=2)
    kept: list[int] = []
    basis = np.empty((len(u), 0))
    for n, column in enumerate(columns.T):
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-2 * max(float(np.linalg.norm(column)), 1e-3):
            kept.append(n)
            basis = np.column_stack([basis, rest / size])
    inverse = np.linalg.pinv(columns[:, kept])
    solution = np.zeros(len(_POWERS))
    solution[kept] = inverse @ energies
    maps = np.zeros((len(_POWERS), len(u)))
    maps[kept] = inverse
    powers: list[tuple[int, ...]] = [tuple(p) for p in _POWERS.tolist()]
    gradient = np.array([solution[powers.index(tuple(row))] for row in np.eye(3, dtype=int).tolist()])
    hessian = np.zeros((3, 3))
    rows = np.zeros((3, 3, len(u)))
    for i, j in itertools.product(range(3), repeat=2):
        power = np.eye(3, dtype=int)[i] + np.eye(3, dtype=int)[j]
        number = powers.index(tuple(power.tolist()))
        factor = 2.0 if i == j else 1.0
        hessian[i, j], rows[i, j] = factor * solution[number], factor * maps[number]
    spread = sigma**2 * np.einsum("ijn,kln->ijkl", rows, rows)
    return gradient, hessian, spread, _neglected(solution, hessian)


def _neglected(solution: Floats, hessian: Floats) -> Floats:
    """Return the error, (3,), that fourth powers make in second differences of one step.

    They are not seen, but the mixed terms x²y² are: in a band whose energy depends on a quadratic form alone (Kane's),
    the coefficient of x⁴ is that of x²y² times M_xx / 2 M_yy.
    """
    powers = [tuple(p) for p in _POWERS.tolist()]
    found = np.zeros(3)
    for i, j in itertools.permutations(range(3), 2):
        power = 2 * (np.eye(3, dtype=int)[i] + np.eye(3, dtype=int)[j])
        mixed = abs(float(solution[powers.index(tuple(power.tolist()))]))
        found[i] = max(found[i], mixed * abs(hessian[i, i]) / max(abs(hessian[j, j]), 1e-30))
    return found


def choose_step(inverse_mass: float, energy_step: float) -> float:
    """Return the smaller of the two steps of a stencil, 1/Å.

    Large enough that the last digit is less than .02 % of the energy at the first step, but within .004 to .03 1/Å,
    as terms beyond the parabola grow with the square of the step.

    Examples
    --------
    >>> round(choose_step(1 / 0.15, 1e-6), 4)
    0.014
    """
    least = math.sqrt(2 * max(energy_step, 1e-8) / 2e-4 / (HBAR2_PER_M0 * max(inverse_mass, 1e-3)))
    return min(max(least, SMALLEST_STEP), LARGEST_STEP)


def write_stencil(
    bands: Bands,
    kpoint: Floats,
    *,
    code: Literal["vasp", "castep"],
    step: float | None = None,
    inverse_mass: float = 5.0,
    label: str = "",
) -> str:
    """Return the k-points of a finite-difference run around an edge, as text of KPOINTS or a block for the .cell.

    Both ways along three axes and six diagonals, at two steps: 37 points. The two steps tell how far the result drifts
    with the step.

    Parameters
    ----------
    bands : Bands
        For the cell.
    kpoint : float64 (3,)
        Fractional; the center.
    code : "vasp" or "castep"
    step : float, optional
        The smaller step, 1/Å; the other is twice that. By default from :func:`choose_step`.
    inverse_mass : float
        1/m0, about what is expected, for the default step.
    label : str
        Name of the point, for the comment.

    Returns
    -------
    str
        For VASP the whole KPOINTS (an explicit list); for CASTEP a BS_KPOINT_LIST block.

    Raises
    ------
    UsageError
        If the step is not between .0005 and .1 1/Å, or the code is unknown.
    """
    if code not in ("vasp", "castep"):
        raise UsageError(f"stencil for {code!r}", fix="give 'vasp' or 'castep'")
    if step is None:
        step = choose_step(inverse_mass, PRINTED[code])
    if not 0.0005 <= step <= 0.1:
        raise UsageError(
            f"a step of {step} 1/Å", fix="give .0005 to .1 1/Å; the default is chosen from the mass"
        )
    lines = _LINES / np.linalg.norm(_LINES, axis=1)[:, None]
    outward = [sign * size * line for size in (step, 2 * step) for line in lines for sign in (1.0, -1.0)]
    q = np.array([np.zeros(3), *outward])
    points = np.asarray(kpoint, np.float64) + q @ np.linalg.inv(bands.reciprocal_cell)
    place = label or " ".join(f"{x:.6g}" for x in np.asarray(kpoint))
    title = f"perovchem stencil around {place}, steps {step:.5f} and {2 * step:.5f} 1/A"
    rows = [" ".join(f"{x:16.12f}" for x in row + 0.0) for row in points]
    if code == "vasp":
        return "\n".join([title, str(len(rows)), "Reciprocal", *(f"{row}  1.0" for row in rows)]) + "\n"
    return "\n".join([f"! {title}", "%BLOCK BS_KPOINT_LIST", *rows, "%ENDBLOCK BS_KPOINT_LIST"]) + "\n"


def from_stencil(bands: Bands, edge: Edge, symmetry: KPointSymmetry) -> MassTensor:
    """Return the tensor of an edge that stands at the center of a stencil; symmetry, where known, is applied."""
    center = stencil_center(bands)
    if center is None or center not in edge.rows:
        where = "" if center is None else f"the center has {_gap_words(bands, edge, center)}: "
        return refused(
            edge, symmetry, f"{where}the edge of these points is not at the center of the stencil", "stencil"
        )
    pair = bands.spin == "noncollinear" and edge.degeneracy == 2
    if edge.degeneracy > 1 and not pair:
        return refused(
            edge, symmetry,
            f"{edge.degeneracy} bands meet at the edge: energies are no quadratic form there, finite differences of "
            "sorted bands give no masses", "stencil",
        )  # fmt: skip
    one = stencil_curvature(bands, edge.bands[0], spin=edge.spin)
    if one.steps > 1:
        return from_mesh(bands, edge, symmetry, method="stencil")
    sign = 1.0 if edge.carrier == "electron" else -1.0
    basis = symmetric_basis(symmetry.little_group(edge.kpoint))
    projector = np.einsum("nij,nkl->ijkl", basis, basis)
    inverse = sign * np.einsum("ijkl,kl->ij", projector, one.inverse_mass)
    spread = np.einsum("ijab,abcd,klcd->ijkl", projector, one.covariance, projector)
    beside = float(np.linalg.norm(one.shift)) > one.step / 2
    reason = "one step only: how far the result drifts with it is estimated from mixed fourth derivatives"
    if beside:
        reason += f"; the extremum lies {np.linalg.norm(one.shift):.3f} 1/Å beside the center"
    return make_tensor(
        inverse, spread, edge, edge.bands[-1 if edge.carrier == "hole" else 0], symmetry, "stencil",
        verdict="drifting" if beside else "ok", reason=reason, n_data=one.n_points,
    )  # fmt: skip


def _gap_words(bands: Bands, edge: Edge, center: int) -> str:
    band = edge.bands[0 if edge.carrier == "electron" else -1] - 1
    off = abs(float(bands.energies[edge.spin, center, band]) - edge.energy)
    return f"a state {1000 * off:.1f} meV from it"
