"""Growth: diffusion to a crystal face that grows, in one dimension; flux, velocity, and when the container is felt."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from perovchem.arrays import Floats
from perovchem.elements import element
from perovchem.errors import UsageError
from perovchem.formula_text import element_amounts
from perovchem.growth.result import Growth
from perovchem.growth.transport import CELLS, Course, Face, course
from perovchem.result import Provenance

__all__ = ["Growth", "felt_after", "growth", "limiting_container", "molar_mass"]

FELT: Final = 0.9
"""Part of the flux without a wall, below which the container limits growth (our choice)."""
_POINTS: Final = 60
MOST_TIMES: Final = 1000
MOST_CELLS: Final = 5000
_LARGEST: Final = {"diffusion coefficient": 1e-3, "concentration": 100.0, "duration": 1e9, "container": 1e6}
_MASS_FLUX: Final = 60.0 / 1e6
"""One g/(m2 s) in g/(mm2 min)."""
_SPEED: Final = 60.0 * 1e6
"""One m/s in µm/min."""

DEFINITIONS: Final = {
    "transport": "dc/dt = D d²c/dx² in a solution at rest before a plane face; no convection, one D for all solutes",
    "solute": "counted as formula units of the crystal",
    "face": "concentration kept; or flux = k (c - c_eq); or flux kept",
    "moving_face": "where the crystal's density is known: v = D dc/dx/(c_crystal - c_face), the solution has the "
    "volume that its solute and solvent need wherever they are",
    "depletion_length": "(c_bulk - c_face)/(dc/dx at the face)",
    "limited": "the far wall limits growth from when the flux is below 90 % of that without a wall (our choice)",
}


def growth(
    *,
    diffusion: float,
    bulk: float,
    duration: float,
    face: float | None = None,
    kinetic: float | None = None,
    solubility: float | None = None,
    flux: float | None = None,
    crystal: str | None = None,
    density: float | None = None,
    container: float | None = None,
    times: ArrayLike | None = None,
    cells: int = CELLS,
) -> Growth:
    """Return the concentration before a growing face, its flux and its velocity: dc/dt = D d²c/dx².

    Finite volumes that keep the solute to rounding, integrated by BDF; against the closed forms of Carslaw and Jaeger
    (Conduction of Heat in Solids, 1959) and of Stefan's problem to 1e-6 of the bulk concentration.

    Parameters
    ----------
    diffusion : float
        m2/s.
    bulk : float
        mol/L at first.
    duration : float
        s.
    face : float, optional
        mol/L, kept at the face; or else ``kinetic`` and ``solubility``, or ``flux``.
    kinetic, solubility : float, optional
        k in m/s and c_eq in mol/L of flux = k (c - c_eq).
    flux : float, optional
        g/(mm2 min), kept; needs ``crystal``.
    crystal : str, optional
        Formula of what one mole of solute makes.
    density : float, optional
        Of the crystal, g/cm3: with it the face moves as it grows.
    container : float, optional
        Distance of the closed far wall at first, mm.
    times : array of float (T,), optional
        s, rising, to ``duration`` at most; by default 60 from a thousandth of it.
    cells : int

    Returns
    -------
    Growth

    Raises
    ------
    UsageError
        If numbers make no sense, or the solution cannot give what the face takes.

    Examples
    --------
    >>> import perovchem as pc
    >>> found = pc.growth(diffusion=1e-10, bulk=1.5, face=0.8, duration=600.0)
    >>> round(float(found.molar_flux[-1]) * 1e4, 3)  # 700 mol/m3 √(D/(π t)) = 1.612e-4
    1.612
    """
    _positive(diffusion, "diffusion coefficient", "m2/s")
    _positive(bulk, "concentration", "mol/L")
    _positive(duration, "duration", "s")
    if container is not None:
        _positive(container, "container", "mm")
    mass = molar_mass(crystal) if crystal is not None else math.nan
    if density is not None and crystal is None:
        raise UsageError("a density without a crystal", fix="name the crystal's formula too")
    if density is not None and not (math.isfinite(density) and 0 < density <= 30):
        raise UsageError(f"a density of {density:g} g/cm3", fix="give it in g/cm3, above 0")
    condition, words = _condition(bulk, face, kinetic, solubility, flux, mass)
    held = math.inf if density is None else 1e6 * density / mass
    if not held > 1e3 * bulk:
        raise UsageError(
            f"the solution ({bulk:g} mol/L) is as concentrated as the crystal ({held / 1e3:.3g} mol/L)",
            fix="check concentration, formula and density",
        )
    if not 50 <= cells <= MOST_CELLS:
        raise UsageError(f"{cells} cells", fix=f"take 50 to {MOST_CELLS}")
    grid = _times(times, duration)
    length = math.inf if container is None else container * 1e-3
    found = course(
        diffusion=diffusion,
        bulk=1e3 * bulk,
        face=condition,
        crystal=held,
        length=length,
        times=grid,
        cells=cells,
    )
    free = found
    if container is not None:
        free = course(
            diffusion=diffusion,
            bulk=1e3 * bulk,
            face=condition,
            crystal=held,
            length=math.inf,
            times=grid,
            cells=cells,
        )
    return _result(found, free, diffusion, bulk, words, container, crystal or "", mass, density)


def _result(
    found: Course,
    free: Course,
    diffusion: float,
    bulk: float,
    words: str,
    container: float | None,
    crystal: str,
    mass: float,
    density: float | None,
) -> Growth:
    moves = density is not None
    held = 1e6 * density / mass if density is not None else math.inf
    slope = found.flux * (1 - (found.face / held if moves else 0.0)) / diffusion
    notes = ["the face stands still: without the density of the crystal it is not known how far it moves"] * (
        not moves
    )
    undefined = np.full(len(found.times), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        depletion = np.where(slope > 0, 1e3 * (1e3 * bulk - found.face) / slope, np.nan)
    return Growth(
        diffusion_coefficient=diffusion,
        bulk=bulk,
        face_condition=words,
        container=math.nan if container is None else container,
        crystal=crystal,
        molar_mass=mass,
        density=math.nan if density is None else density,
        times=found.times,
        positions=1e3 * found.positions,
        concentrations=found.concentrations / 1e3,
        face_concentration=found.face / 1e3,
        molar_flux=found.flux,
        flux=found.flux * mass * _MASS_FLUX,
        velocity=found.flux / held * _SPEED if moves else undefined,
        advanced=1e3 * found.advanced if moves else undefined,
        depletion_length=depletion,
        unlimited_flux=free.flux,
        limited_from=_limited(found, free),
        largest_imbalance=float(np.abs(found.imbalance).max()),
        notes=tuple(notes),
        provenance=Provenance(settings={"face": words, "definitions": DEFINITIONS}),
    )


def _limited(found: Course, free: Course) -> float:
    """Return the time from which the wall takes more than a tenth of the flux."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = found.flux / free.flux
    below = np.flatnonzero(share < FELT)
    if not len(below):
        return math.nan
    k = int(below[0])
    if k == 0:
        return float(found.times[0])
    part = (share[k - 1] - FELT) / (share[k - 1] - share[k])
    return float(np.exp(np.interp(part, [0, 1], np.log(found.times[k - 1 : k + 1]))))


def _wall_share(ratio: float) -> float:
    """Return flux in a box over flux without a wall, of a kept face at rest, at D t/L²."""
    if ratio < 0.02:
        return 1.0  # exp(-1/(4 · .02)) is felt by 4e-6 at most
    odd = 2 * np.arange(60) + 1
    return float(2 * math.sqrt(math.pi * ratio) * np.exp(-((odd * math.pi / 2) ** 2) * ratio).sum())


def _felt_ratio() -> float:
    """Return D t/L² at which a wall takes a tenth of the flux."""
    from scipy.optimize import brentq

    return float(brentq(lambda ratio: _wall_share(ratio) - FELT, 0.05, 1.0, xtol=1e-12))


def felt_after(container: float, *, diffusion: float) -> float:
    """Return the s after which a container (mm) takes a tenth of the flux to a kept face that stands still.

    Examples
    --------
    >>> round(felt_after(1.5, diffusion=4e-10) / 60)
    31
    """
    _positive(container, "container", "mm")
    _positive(diffusion, "diffusion coefficient", "m2/s")
    return _felt_ratio() * (container * 1e-3) ** 2 / diffusion


def limiting_container(duration: float, *, diffusion: float) -> float:
    """Return the mm below which a container takes more than a tenth of the flux within a duration (s)."""
    _positive(duration, "duration", "s")
    _positive(diffusion, "diffusion coefficient", "m2/s")
    return 1e3 * math.sqrt(diffusion * duration / _felt_ratio())


def molar_mass(formula: str) -> float:
    """Return g/mol of a formula.

    Examples
    --------
    >>> round(molar_mass("MAPbI3"), 1)
    620.0
    """
    atoms, _ = element_amounts(formula)
    return math.fsum(number * element(symbol).mass for symbol, number in atoms.items())


def _condition(
    bulk: float,
    face: float | None,
    kinetic: float | None,
    solubility: float | None,
    flux: float | None,
    mass: float,
) -> tuple[Face, str]:
    """Return what happens at the face, and in words."""
    given = [name for name, one in (("face", face), ("kinetic", kinetic), ("flux", flux)) if one is not None]
    if len(given) != 1 or (solubility is not None and kinetic is None):
        raise UsageError(
            f"the face is told by {' and '.join(given) or 'nothing'}",
            fix="give its concentration (face), or kinetic with solubility, or flux",
        )
    if face is not None:
        if not 0 <= face < bulk:
            raise UsageError(
                f"{face:g} mol/L at the face does not let it grow from {bulk:g} mol/L",
                fix="give a face below the bulk, from 0",
            )
        return Face(concentration=1e3 * face), f"face kept at {face:g} mol/L"
    if kinetic is not None:
        if not (math.isfinite(kinetic) and 0 < kinetic <= 1):
            raise UsageError(f"a kinetic coefficient of {kinetic:g} m/s", fix="give it above 0, to 1 m/s")
        if solubility is None or not 0 <= solubility < bulk:
            raise UsageError(
                "kinetics need a solubility below the bulk concentration", fix="give solubility in mol/L"
            )
        words = f"flux = k (c - c_eq), k {kinetic:g} m/s, c_eq {solubility:g} mol/L"
        return Face(coefficient=kinetic, solubility=1e3 * solubility), words
    flux = flux if flux is not None else math.nan
    if not (math.isfinite(flux) and flux > 0):
        raise UsageError(f"a flux of {flux:g} g/(mm2 min)", fix="give it above 0")
    if math.isnan(mass):
        raise UsageError(
            "a flux by mass without a crystal", fix="name the crystal's formula, for its molar mass"
        )
    return Face(flux=flux / _MASS_FLUX / mass), f"flux kept at {flux:g} g/(mm2 min)"


def _times(times: ArrayLike | None, duration: float) -> Floats:
    if times is None:
        return np.geomspace(1e-3 * duration, duration, _POINTS)
    grid = np.atleast_1d(np.asarray(times, np.float64))
    sound = grid.ndim == 1 and 1 <= len(grid) <= MOST_TIMES and np.isfinite(grid).all()
    if not (sound and grid[0] > 0 and (np.diff(grid) > 0).all() and grid[-1] <= duration * (1 + 1e-12)):
        raise UsageError(
            "times do not rise from above 0 to the duration", fix=f"give up to {MOST_TIMES} rising times in s"
        )
    return grid


def _positive(value: float, what: str, unit: str) -> None:
    most = _LARGEST[what]
    if not (math.isfinite(value) and 0 < value <= most):
        raise UsageError(f"a {what} of {value:g} {unit}", fix=f"give it in {unit}, above 0 and to {most:g}")
