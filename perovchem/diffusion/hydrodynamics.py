"""What a viscosity adds: the correction for the size of the box, and the radius of the diffusing particle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import constants

from perovchem.arrays import Floats
from perovchem.errors import UsageError

CUBIC: Final = 2.837297
"""Madelung-like constant of the cubic lattice (Yeh & Hummer 2004, doi 10.1021/jp0477147)."""
LIKE_A_CUBE: Final = 0.02
"""Part by which edges may differ, and cosine of angles from 90°, for a cell to pass as a cube."""


@dataclass(frozen=True, slots=True)
class Hydrodynamics:
    """Numbers that rest on a viscosity; NaN where they are undefined.

    Attributes
    ----------
    box_correction : float
        D(infinite box) - D(this box), m2/s.
    diffusion_coefficient, standard_error : float
        Corrected, m2/s.
    radius, radius_standard_error : float
        Stokes-Einstein, Å.
    """

    box_correction: float
    diffusion_coefficient: float
    standard_error: float
    radius: float
    radius_standard_error: float


def edge_of_cube(cells: Floats) -> float:
    """Return the mean edge (Å) of cells (n_frames, 3, 3), or NaN where they are no cubes."""
    edges = np.linalg.norm(cells, axis=2)
    cosines = np.abs(np.einsum("tij,tkj->tik", cells, cells) / edges[:, :, None] / edges[:, None])
    skew = max(float(cosines[:, i, k].mean()) for i, k in ((0, 1), (0, 2), (1, 2)))
    mean = edges.mean(axis=0)
    if skew > LIKE_A_CUBE or np.ptp(mean) > LIKE_A_CUBE * mean.mean():
        return math.nan
    return float(mean.mean())


def hydrodynamics(
    diffusion_coefficient: float,
    standard_error: float,
    *,
    temperature: float,
    viscosity: float,
    viscosity_error: float = 0.0,
    edge: float,
) -> Hydrodynamics:
    r"""Return D of the infinite box and the Stokes-Einstein radius.

    .. math:: D = D_\text{box} + K/\eta, \quad K = \frac{2.837297\, k T}{6 \pi L}, \qquad
       r = \frac{k T}{6 \pi \eta D} = \frac{k T}{6 \pi (\eta D_\text{box} + K)},

    so that the errors of D_box and η go together through both. For periodic cubes only; stick boundary.

    Parameters
    ----------
    diffusion_coefficient, standard_error : float
        D_box, m2/s.
    temperature : float
        K.
    viscosity, viscosity_error : float
        Of the liquid as it is simulated, mPa s.
    edge : float
        L, Å; NaN where the cell is no cube, which leaves everything undefined.

    References
    ----------
    Yeh & Hummer 2004, doi 10.1021/jp0477147.

    Examples
    --------
    A particle of D = 2.3e-9 m2/s in a 20 Å cube of water:

    >>> found = hydrodynamics(2.3e-9, 1e-10, temperature=298.15, viscosity=0.89, edge=20.0)
    >>> f"{found.box_correction:.3g}", f"{found.radius:.3g}"
    ('3.48e-10', '0.927')
    """
    if not (viscosity > 0 and viscosity_error >= 0 and temperature > 0):
        raise UsageError(
            f"a viscosity of {viscosity:g} ± {viscosity_error:g} mPa s at {temperature:g} K",
            fix="give a viscosity and a temperature above 0",
        )
    eta, error = viscosity * 1e-3, viscosity_error * 1e-3
    thermal = constants.k * temperature / (6 * math.pi)
    shift = CUBIC * thermal / (edge * 1e-10)
    drag = eta * diffusion_coefficient + shift
    radius = thermal / drag
    spread = math.hypot(eta * standard_error, diffusion_coefficient * error) / drag
    return Hydrodynamics(
        shift / eta,
        diffusion_coefficient + shift / eta,
        math.hypot(standard_error, shift / eta**2 * error),
        radius * 1e10,
        radius * spread * 1e10,
    )
