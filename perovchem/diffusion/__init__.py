"""How fast atoms and molecules spread: mean square displacement, diffusion coefficient, its interval."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from perovchem.convert import as_frames
from perovchem.diffusion.hydrodynamics import Hydrodynamics, edge_of_cube, hydrodynamics
from perovchem.diffusion.line import AT_REST, UNLIKELY, Curve, Line, choose, covariance, fit
from perovchem.diffusion.msd import curve_of, mean_square_displacement
from perovchem.diffusion.result import DEFINITIONS, SQUARE_METERS, Diffusion
from perovchem.errors import MissingDataError, UsageError, warn
from perovchem.frames import Frames
from perovchem.thermostat import STOCHASTIC, thermostat_note
from perovchem.uncertainty import block_average
from perovchem.unwrapping import unwrap

__all__ = ["DEFINITIONS", "Diffusion", "diffusion", "hydrodynamics", "mean_square_displacement"]

LEAST_FRAMES: Final = 40
"""Fewer hold no range of lags."""
UNEVEN: Final = 1e-3
"""Part of the frame interval by which successive times may differ from it."""
LEAST_WAY: Final = 3.0
"""Å, about one neighbor's distance; particles that get less far in the whole run (root mean square) say nothing of
exchanging neighbors, which is what diffusion in a liquid or crystal is."""
_NORMAL: Final = 1.959964


class Verdict(NamedTuple):
    """Whether there is a diffusion coefficient, why, and the bound if there is none (Å2 per frame)."""

    word: str
    reason: str
    bound: float


def diffusion(
    frames: Frames | Any,
    *,
    of: str,
    fit_range: tuple[float | None, float | None] = (None, None),
    remove_drift: bool = True,
    temperature: float | None = None,
    viscosity: float | None = None,
    viscosity_error: float = 0.0,
) -> Diffusion:
    r"""Return the diffusion coefficient of atoms or molecules with an interval that holds what it promises.

    .. math:: D = \frac{1}{6} \frac{d}{dt} \langle |r(t_0 + t) - r(t_0)|^2 \rangle

    from the generalized least squares line through the mean square displacement over a range of lags that the
    curve proposes or that is given. A coefficient is only given where the curve is straight there and rises;
    otherwise there is an upper bound or nothing, with the reason.

    Parameters
    ----------
    frames : Frames
        A trajectory with times at equal distances. Or an object that :func:`perovchem.read_frames` takes.
    of : str
        Element ("Pb") or molecule by name or formula ("MA"; centers of mass).
    fit_range : tuple of float or None
        Lags to begin and end with, ps; None for what the curve proposes.
    remove_drift : bool
        Take away the motion of the center of mass of the whole cell.
    temperature : float, optional
        K; by default the mean of the run, where it is stated.
    viscosity, viscosity_error : float, optional
        Of the simulated liquid and its standard error, mPa s; gives the correction for the size of a cubic
        box (Yeh & Hummer 2004, doi 10.1021/jp0477147) and the Stokes-Einstein radius.

    Returns
    -------
    Diffusion

    Raises
    ------
    UsageError
        If there is no such element or molecule, the frames are too few or not at equal distances, or the range
        makes no sense.
    MissingDataError
        If the frames have no times, or a viscosity is given and no temperature is known.

    Notes
    -----
    Intervals are those of McCluskey, Coles & Morgan (doi 10.1021/acs.jctc.4c01249) in spirit: all lags are averaged
    over the same frames, and their covariance is part of the fit.

    Examples
    --------
    >>> import perovchem as pc
    >>> run = pc.read_frames("2me_solution", discard="4ps")
    >>> import warnings; warnings.simplefilter("ignore")
    >>> pc.diffusion(run, of="2-ME")
    <Diffusion of 21 2-ME: ...>
    """
    frames = as_frames(frames)
    interval = _interval(frames)
    paths = unwrap(frames, of=of, remove_drift=remove_drift)
    positions, step = paths.positions, interval * paths.every
    each, axes = mean_square_displacement(positions)
    curve = curve_of(positions, each.mean(axis=0))
    line, straight = _line(curve, step, fit_range)
    verdict = _verdict(line, curve, straight=straight, chosen=fit_range == (None, None))
    known = verdict.word == "diffusive"
    to_coefficient = SQUARE_METERS / (6 * step)
    value = line.slope * to_coefficient if known else math.nan
    error = line.slope_error * to_coefficient if known else math.nan
    kelvin = _temperature(frames, temperature, needed=viscosity is not None)
    notes = [*paths.warnings]
    liquid = Hydrodynamics(*[math.nan] * 5)
    if viscosity is not None:
        edge = edge_of_cube(frames.kernel_cells)
        liquid = hydrodynamics(
            value, error, temperature=kelvin, viscosity=viscosity, viscosity_error=viscosity_error, edge=edge
        )
        if math.isnan(edge):
            notes.append("the cell is no cube: neither the correction for its size nor a radius is given")
    thermostat = thermostat_note(frames)
    notes += [thermostat] if thermostat else []
    if viscosity is not None and thermostat and thermostat.startswith(STOCHASTIC):
        notes.append(
            "the correction for the size of the box and the radius rest on flow that keeps its momentum, which this "
            "thermostat takes away within some Å: they do not hold here"
        )
    if not known:
        notes.append(f"{of}: {verdict.word}: {verdict.reason}")
    elif line.misfit < UNLIKELY:
        notes.append(
            f"{of}: the curve is not straight between {line.lags[0] * step / 1000:.3g} and "
            f"{line.lags[-1] * step / 1000:.3g} ps: its slope there depends on the range"
        )
    elif fit_range == (None, None) and line.exponent + _NORMAL * line.exponent_error < 1:
        notes.append(
            f"{of}: within the fitted lags the displacement grows with an exponent of {line.exponent:.2f}; the line "
            f"describes it with an offset of {line.intercept:.2g} Å2, as of vibrations, and so would a power law: a "
            "longer run tells"
        )
    elif fit_range == (None, None) and line.exponent - _NORMAL * line.exponent_error > 1:
        notes.append(
            f"{of}: within the fitted lags the displacement grows with an exponent of {line.exponent:.2f}; the line "
            f"describes it with an offset of {line.intercept:.2g} Å2, as of velocities not yet forgotten, and so would "
            "a drift or a power law: a longer run tells"
        )
    for note in notes:
        warn(note)
    last = len(positions) // 2 + 1
    begin, end = (float(line.lags[k]) * step / 1000 for k in (0, -1))
    matrix = covariance(
        curve, slice(None), int(np.searchsorted(curve.lags, line.lags[0])), line.slope, line.intercept, 3.0
    )
    return Diffusion(
        of=of,
        kind=paths.kind,
        n_particles=positions.shape[1],
        n_frames=len(frames),
        duration=(len(frames) - 1) * interval / 1000,
        frame_interval=step,
        diffusion_coefficient=value,
        standard_error=error,
        interval_68=interval_of(value, error, 0.682689),
        interval_95=interval_of(value, error, 0.95),
        upper_bound=verdict.bound * to_coefficient,
        verdict=verdict.word,
        reason=verdict.reason,
        fitted_range=(begin, end),
        intercept=line.intercept,
        intercept_standard_error=line.intercept_error,
        exponent=line.exponent,
        exponent_standard_error=line.exponent_error,
        inflation=line.inflation,
        temperature=kelvin,
        viscosity=math.nan if viscosity is None else viscosity,
        viscosity_standard_error=math.nan if viscosity is None else viscosity_error,
        box_correction=liquid.box_correction,
        corrected_diffusion_coefficient=liquid.diffusion_coefficient,
        corrected_standard_error=liquid.standard_error,
        radius=liquid.radius,
        radius_standard_error=liquid.radius_standard_error,
        drift_removed=remove_drift,
        lags=np.arange(last) * step / 1000,
        msd=curve.mean[:last],
        msd_axes=axes[:last],
        band_lags=curve.lags * step / 1000,
        band=np.sqrt(np.diag(matrix)) * line.inflation,
        line=line,
        frames=frames,
        given={
            "of": of,
            "fit_range_ps": list(fit_range),
            "drift_removed": remove_drift,
            "positions_of_every_nth_frame": paths.every,
        },
        warnings=(*frames.warnings, *notes),
    )


def interval_of(value: float, error: float, level: float) -> tuple[float, float]:
    """Return the central interval: D ν/χ²_ν, because a D from few displacements errs to low values more often."""
    if not (value > 0 and error > 0):
        return math.nan, math.nan
    from scipy import special

    freedom = 2 * (value / error) ** 2
    low, high = special.gammaincinv(freedom / 2, [(1 + level) / 2, (1 - level) / 2]) * 2
    return float(value * freedom / low), float(value * freedom / high)


def _interval(frames: Frames) -> float:
    """Return the time between frames, fs, which must be one."""
    times = frames.require_times("a diffusion coefficient")
    if len(frames) < LEAST_FRAMES:
        raise UsageError(
            f"{len(frames)} frames are too few for a diffusion coefficient",
            fix=f"give a run of {LEAST_FRAMES} frames at least",
        )
    steps = np.diff(times)
    typical = float(np.median(steps))
    wrong = np.flatnonzero(~(np.abs(steps - typical) <= UNEVEN * abs(typical)))
    if not typical > 0 or len(wrong):
        at = int(wrong[0]) if len(wrong) else 0
        raise UsageError(
            f"{steps[at]:g} fs lie between frames {at} and {at + 1}, {typical:g} fs between most others",
            where=frames.source.origin,
            fix="choose a stretch of frames at equal distances with start, stop and stride",
        )
    return typical


def _line(curve: Curve, step: float, given: tuple[float | None, float | None]) -> tuple[Line, bool]:
    """Return the line over the given or proposed range, and whether the curve is straight."""
    low, high = given
    if low is None and high is None:
        return choose(curve)
    lags = curve.lags * step / 1000
    proposed = choose(curve)[0].lags[0] * step / 1000 if low is None else low
    chosen = np.flatnonzero((lags >= proposed * (1 - 1e-6)) & (lags <= (high or math.inf) * (1 + 1e-6)))
    if not (proposed > 0 and len(chosen) > 2):
        raise UsageError(
            f"no fit between lags of {proposed:g} and {'the last' if high is None else f'{high:g} ps'}",
            fix=f"choose a range with three of the lags {', '.join(f'{lag:.3g}' for lag in lags)} ps",
        )
    return fit(curve, int(chosen[0]), int(chosen[-1]) + 1), True


def _verdict(line: Line, curve: Curve, *, straight: bool, chosen: bool) -> Verdict:
    """Say whether the line means diffusion."""
    bound = max(line.slope, 0.0) + 1.645 * line.slope_error * line.scatter
    spread = _NORMAL * line.exponent_error
    forgetting = (
        -4 * line.intercept > line.slope * line.lags[0]
    )  # after a quarter of the first lag, not earlier
    if line.slope < _NORMAL * line.slope_error and line.exponent - spread <= 1:
        return Verdict("caged", "the mean square displacement does not rise beyond its error", bound)
    if line.slope * curve.n_frames < line.intercept:
        return Verdict(
            "caged", "in the whole run, diffusion would reach less far than the vibrations do", bound
        )
    # a line of correlated points may pass beside them all: the curve itself has to grow so, too
    ends = np.maximum(curve.mean[line.lags[[0, -1]]], AT_REST)
    plain = math.log(ends[1] / ends[0]) / math.log(line.lags[-1] / line.lags[0])
    if chosen and (not straight or forgetting) and line.exponent - spread > 1 and plain > 1:
        return Verdict(
            "ballistic",
            "the mean square displacement still grows faster than time: the run is too short, or something drifts",
            math.nan,
        )
    if chosen and not straight and line.exponent + spread < 1 and plain < 1:
        return Verdict(
            "subdiffusive",
            f"the mean square displacement bends down to the longest lag (exponent {line.exponent:.2f}): the run is "
            "too short for diffusion to set in",
            bound,
        )
    if chosen and not straight:
        return Verdict("undecided", "the run is too short to show where the curve becomes straight", bound)
    way = math.sqrt(line.slope * curve.n_frames)
    if way < LEAST_WAY:
        return Verdict(
            "undecided",
            f"in the whole run diffusion would reach {way:.1f} Å, which is not out of the cage of the first neighbors",
            bound,
        )
    return Verdict("diffusive", "straight in the fitted range, and rising beyond its error", math.nan)


def _temperature(frames: Frames, given: float | None, *, needed: bool) -> float:
    """Return the temperature, K, NaN where none is known."""
    if given is not None:
        return given
    values = frames.scalars.get("temperature")
    mean = math.nan if values is None else block_average(values).mean
    if math.isnan(mean) and needed:
        raise MissingDataError(
            "the viscosity needs a temperature, and nothing states one",
            where=frames.source.origin,
            fix="give temperature= (K; --temperature on the command line)",
        )
    return mean
