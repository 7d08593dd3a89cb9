"""Diffusion to a face that moves: finite volumes on a grid that is fine at the face and moves with it.

The solution fills s(t) < x < L. Cells keep their parts of that length, their walls move with w = v (1 - ξ), and what
crosses a wall is D dc/dx + w c: amounts in the cells and in the crystal add up to what was there at first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import UsageError

CELLS: Final = 2000
STRETCH: Final = 6.0
"""Of the sinh that spaces the cells: those at the face are 1/34 of the mean."""
STRETCH_IN_A_BOX: Final = 4.0
"""The same where the far wall is felt, 1/7."""
TOLERANCE: Final = 1e-9
_FARTHEST: Final = 12.0
"""√(D t) to the wall that stands for no wall: erfc(6) is 2e-17."""


@dataclass(frozen=True)
class Face:
    """What happens at the face, in SI units; exactly one of the three is set.

    Attributes
    ----------
    concentration : float or None
        mol/m3, kept.
    coefficient, solubility : float or None
        m/s and mol/m3: flux = k (c - c_eq).
    flux : float or None
        mol/(m2 s), kept.
    """

    concentration: float | None = None
    coefficient: float | None = None
    solubility: float = 0.0
    flux: float | None = None

    def state(self, first: float, conductance: float, crystal: float) -> tuple[float, float]:
        """Return concentration at the face and flux into the crystal.

        Parameters
        ----------
        first : float
            Concentration in the first cell, mol/m3.
        conductance : float
            D over the distance of its center to the face, m/s.
        crystal : float
            Solute in the crystal, mol/m3; infinity where the face stands still.
        """
        inverse = 0.0 if math.isinf(crystal) else 1.0 / crystal
        if self.concentration is not None:
            slope = conductance * (first - self.concentration)
            return self.concentration, slope / (1 - self.concentration * inverse)
        if self.flux is not None:
            at = (conductance * first - self.flux) / (conductance - self.flux * inverse)
            return at, self.flux
        # k (c - c_eq)(1 - c/c_s) = G (c_1 - c)
        k, low = self.coefficient or 0.0, self.solubility
        b = k * (1 + low * inverse) + conductance
        c = k * low + conductance * first
        root = math.sqrt(max(b * b - 4 * k * inverse * c, 0.0))
        at = 2 * c / (b + root)
        return at, k * (at - low)


@dataclass(frozen=True, eq=False)
class Course:
    """What came out, in SI units; T times, N cells.

    Attributes
    ----------
    times : float64 (T,)
        s.
    positions : float64 (T, N)
        Centers of cells from the face, m.
    concentrations : float64 (T, N)
        mol/m3.
    face, flux, advanced, taken : float64 (T,)
        Concentration at the face, flux into the crystal, way of the face, and what the crystal took per area.
    imbalance : float64 (T,)
        Solute at first, less what is in the solution and in the crystal, over what was there at first.
    """

    times: Floats
    positions: Floats
    concentrations: Floats
    face: Floats
    flux: Floats
    advanced: Floats
    taken: Floats
    imbalance: Floats


def course(
    *,
    diffusion: float,
    bulk: float,
    face: Face,
    crystal: float,
    length: float,
    times: Floats,
    cells: int = CELLS,
) -> Course:
    """Return the way of the concentration, in SI units.

    Parameters
    ----------
    diffusion : float
        m2/s.
    bulk : float
        mol/m3 at first.
    face : Face
    crystal : float
        mol/m3; infinity where the face stands still.
    length : float
        Of the container, m; infinity where there is none.
    times : float64 (T,)
        s, rising, above 0.
    cells : int

    Raises
    ------
    UsageError
        If the solution cannot give what the face takes.
    """
    reach = _FARTHEST * math.sqrt(diffusion * float(times[-1]))
    if length < reach:
        return _solved(diffusion, bulk, face, crystal, length, times, cells, STRETCH_IN_A_BOX)
    for _ in range(8):
        if length < reach:
            return _solved(diffusion, bulk, face, crystal, length, times, cells, STRETCH)
        found = _solved(diffusion, bulk, face, crystal, reach, times, cells, STRETCH)
        if abs(found.concentrations[-1, -1] / bulk - 1) < TOLERANCE and found.advanced[-1] < reach / 3:
            return found
        reach *= 2
    raise UsageError("the face overtakes the diffusion before it", fix="give a lower bulk concentration")


def _solved(
    diffusion: float,
    bulk: float,
    face: Face,
    crystal: float,
    length: float,
    times: Floats,
    cells: int,
    stretch: float,
) -> Course:
    from scipy.integrate import solve_ivp
    from scipy.sparse import lil_array

    walls = np.sinh(stretch * np.linspace(0, 1, cells + 1)) / math.sinh(stretch)
    widths = np.diff(walls)
    centers = (walls[1:] + walls[:-1]) / 2
    gaps = np.diff(centers)
    right = (walls[1:-1] - centers[:-1]) / gaps  # part of the cell on the right in the value at the wall
    moves = not math.isinf(crystal)

    def rates(_time: float, state: Floats) -> Floats:
        span = length - state[-2]
        held = state[:-2] / (widths * span)
        _, flux = face.state(float(held[0]), diffusion / (centers[0] * span), crystal)
        speed = flux / crystal if moves else 0.0
        crossing = np.empty(cells + 1)
        crossing[0], crossing[-1] = flux, 0.0
        between = held[:-1] + right * np.diff(held)
        crossing[1:-1] = diffusion * np.diff(held) / (gaps * span) + speed * (1 - walls[1:-1]) * between
        return np.concatenate([np.diff(crossing), [speed, flux]])

    pattern = lil_array((cells + 2, cells + 2))
    for offset in (-1, 0, 1):
        pattern.setdiag(1, offset)
    pattern[:, 0] = 1
    pattern[:, cells] = 1
    start = np.concatenate([bulk * widths * length, [0.0, 0.0]])
    scale = np.concatenate([start[:-2], [length * 1e-3, start.sum() * 1e-3]])

    def empty(_time: float, state: Floats) -> float:
        return float(state[0])

    events: Any = empty
    events.terminal = True
    done = solve_ivp(
        rates, (0.0, float(times[-1])), start, method="BDF", t_eval=times, jac_sparsity=pattern, events=events,
        rtol=TOLERANCE, atol=TOLERANCE * scale, first_step=1e-9 * float(times[-1]),
    )  # fmt: skip
    if done.status < 0:
        raise UsageError(
            "the concentration could not be followed: the times are too far apart in size for this container",
            fix="give a shorter time, or a larger container",
        )
    if done.status > 0:
        at = float(done.t_events[0][0]) if done.t_events else math.nan
        raise UsageError(
            f"the solution at the face is used up after {at:.4g} s",
            fix="give a smaller flux, a shorter time, or a larger diffusion coefficient",
        )
    return _course(done.y, times, diffusion, face, crystal, length, widths, centers, start)


def _course(
    states: Floats,
    times: Floats,
    diffusion: float,
    face: Face,
    crystal: float,
    length: float,
    widths: Floats,
    centers: Floats,
    start: Floats,
) -> Course:
    """Return amounts as concentrations, with what happens at the face."""
    span = length - states[-2]
    held = (states[:-2] / (widths[:, None] * span)).T
    pairs = [
        face.state(float(row[0]), diffusion / (centers[0] * one), crystal)
        for row, one in zip(held, span, strict=True)
    ]
    at, flux = np.array(pairs).T
    total = start.sum()
    return Course(
        times=times,
        positions=span[:, None] * centers,
        concentrations=held,
        face=at,
        flux=flux,
        advanced=states[-2],
        taken=states[-1],
        imbalance=(total - states[:-2].sum(axis=0) - states[-1]) / total,
    )
