"""Masses along arms: which points, which window, and whether the number can be quoted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.band_arms import (
    Arm,
    Meetings,
    direction_classes,
    find_arms,
    follow_all,
    is_even,
    is_level,
    meetings,
)
from perovchem.band_edges import Edge
from perovchem.bands import Bands
from perovchem.edge_fit import NOISE_FLOOR, Shape
from perovchem.effective_mass.results import Mass, Verdict
from perovchem.effective_mass.windows import (
    ENOUGH,
    FEWEST,
    WINDOW_SIZES,
    Fitted,
    Outcome,
    best_window,
    fit_window,
    refusal,
)
from perovchem.reciprocal import KPointSymmetry
from perovchem.units import HBAR2_PER_M0

HIGHEST: Final = 0.6
"""eV from the edge, above which no point is used ..."""
HIGHEST_OF_FEW: Final = 1.0
"""... unless there are fewer than ``ENOUGH`` below."""
DIP: Final = 1e-3
"""eV by which noise may make a band go back without having turned."""
SAME_BRANCH: Final = 1e-4
"""eV: branches this close over the first points are one, of that degeneracy."""
SAME_SPIN_PAIR: Final = 5e-4
"""eV: the same for the two spins of a band with spin-orbit coupling."""
COINCIDENT: Final = 0.75
"""Share of the first points at which branches must coincide: codes split degenerate states by chance at some points."""
LINEAR: Final = 0.35
"""Relative: by how much a splitting may miss proportion to k at the next points; one of k³ misses it by 3 and 8."""
SEEN: Final = 10.0
"""Printed digits by which two spins must part at the first point for a slope of their splitting to be told."""
STRAIGHT: Final = 0.8
"""Ratio of E/k at successive points from which on a branch counts as a straight line; 1/2 and 2/3 for a parabola."""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Energies of one branch on a line through an edge: signed distances, energies as printed, bands it merges.

    ``spin_slope``, eV Å, is half of what the two spins of a merged pair part by per distance, where they part linearly.
    """

    x: Floats
    energies: Floats
    band: int
    degeneracy: int
    spin_slope: float = 0.0
    meetings: tuple[Meetings, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A branch with the points that can be fitted, and all its windows."""

    edge: Edge
    arm: Arm
    branch: Branch
    shape: Shape
    assumed: bool
    """Whether the path ends at a point that symmetry, as far as it is known, does not make an extremum."""
    direction_class: int
    x: Floats
    energies: Floats
    """eV upward from the edge, of the usable points."""
    sigma: Floats
    fits: tuple[Fitted, ...]

    @property
    def noise(self) -> float:
        """Of the narrowest window that tells noise from form, eV; infinite where there is none."""
        wide = (item.fit.noise for item in self.fits if item.n_distances >= ENOUGH)
        return next(wide, math.inf) * float(np.median(self.sigma))


def lines_of_edge(bands: Bands, edge: Edge, symmetry: KPointSymmetry) -> list[Line]:
    """Return every branch along every arm around an edge, each with the fits of its windows."""
    arms = find_arms(bands, edge.rows)
    classes = direction_classes(arms, bands, symmetry)
    done: set[int] = set()
    found: list[Line] = []
    for number, arm in enumerate(arms):
        if number in done:
            continue
        little = symmetry.little_group(bands.kpoints[arm.rows[0]])
        even, level = is_even(arm.direction, little), is_level(arm.direction, little)
        other = None if level else _opposite(arms, number, bands)
        if other is not None:
            done.add(other)
        shape: Shape = "even" if even else "level" if level else "free"
        # by time reversal the one spin is at k what the other is at -k: without inversion, only their mean is even
        pair = shape == "even" and edge.degeneracy == 2 and bands.spin == "noncollinear"
        if shape == "even" and edge.degeneracy > 2 and bands.spin == "noncollinear":
            shape = "level"
        assumed = shape == "free" and other is None
        if assumed and not symmetry.from_atoms:
            shape = "level"
        far_side = None if other is None else arms[other]
        found += [
            _line(bands, edge, arm, branch, shape, classes[number], assumed=assumed)
            for branch in _branches(bands, edge, arm, far_side, even=level, pair=pair)
        ]
    return found


def _line(
    bands: Bands, edge: Edge, arm: Arm, branch: Branch, shape: Shape, number: int, *, assumed: bool
) -> Line:
    sign = 1.0 if edge.carrier == "electron" else -1.0
    upward = sign * (branch.energies - branch.energies[np.abs(branch.x).argmin()])
    usable = _usable(branch.x, upward, bands.energy_step)
    clear = min((side.clear for side in branch.meetings), default=math.inf)
    usable = usable[np.abs(branch.x[usable]) <= clear + 1e-9]
    x, energies = branch.x[usable], upward[usable]
    sigma = np.maximum(_sigma(bands, arm, x, energies), NOISE_FLOOR)
    distances = _distances(x)
    fits: list[Fitted] = []
    if len(distances) >= FEWEST:
        sizes = {size for size in WINDOW_SIZES if size < len(distances)} | {
            min(len(distances), WINDOW_SIZES[-1])
        }
        for many in sorted(sizes):
            fits += _crossed(fit_window(x, energies, sigma, shape, many, distances), branch)
    return Line(edge, arm, branch, shape, assumed, number, x, energies, sigma, tuple(fits))


def mass_of_line(bands: Bands, line: Line, symmetry: KPointSymmetry, noise: float) -> Mass:
    """Return the mass of one branch, or its refusal.

    ``noise``, eV, is what the quieter lines of the run show: narrow windows, which could take it for form, have at
    least as much.
    """
    edge, arm, branch, x, energies = line.edge, line.arm, line.branch, line.x, line.energies
    sign = 1.0 if edge.carrier == "electron" else -1.0
    at_edge = int(np.abs(branch.x).argmin())
    outcome = _outcome(line, noise)
    if _is_straight(line):
        outcome = refusal(
            "the branch leaves the point as a straight line, as where bands cross: there is no mass, or these points "
            "are too far apart for it"
        )
    best, window = outcome.fit, outcome.window
    verdict, reason = _with_remarks(line, symmetry, outcome)
    inside = np.abs(x) <= (window.k_max * 1.0001 if window is not None else np.inf)
    empty = Mass(
        carrier=edge.carrier,
        band=branch.band,
        spin=edge.spin,
        direction=arm.direction,
        direction_label=arm.label,
        kpoint=bands.kpoints[arm.rows[0]],
        label=edge.label,
        mass=math.nan,
        standard_error=math.nan,
        alpha=math.nan,
        alpha_error=math.nan,
        r_squared=math.nan,
        k_range=_range(x[inside]),
        energy_range=_range(energies[inside]),
        n_points=int(inside.sum()),
        degeneracy=branch.degeneracy,
        verdict="refused",
        reason=reason,
        windows=outcome.windows,
        k=branch.x,
        energies=branch.energies,
        fit=np.empty((2, 0)),
        direction_class=line.direction_class,
    )
    if best is None or verdict == "refused":
        return empty
    mass = 1 / best.inverse_mass
    return replace(
        empty,
        mass=mass,
        standard_error=outcome.error * mass**2,
        alpha=best.alpha,
        alpha_error=best.alpha_error,
        r_squared=best.r_squared,
        verdict=verdict,
        fit=np.stack([best.k, branch.energies[at_edge] + sign * best.curve]),
        shift=best.shift,
        rounding_error=best.rounding * mass**2,
        form_error=best.form * mass**2,
        drift=outcome.drift * mass**2,
    )


def _with_remarks(line: Line, symmetry: KPointSymmetry, outcome: Outcome) -> tuple[Verdict, str]:
    """Return verdict and reason, with what is assumed of the point and how the two spins part there."""
    verdict, best = outcome.verdict, outcome.fit
    if best is None or verdict == "refused":
        return verdict, outcome.reason
    remarks = [outcome.reason] if outcome.reason else []
    if line.assumed and symmetry.from_atoms:
        verdict = "drifting"
        remarks.append("the path ends at this point, which symmetry does not make an extremum")
    elif line.assumed:
        remarks.append(
            "the path ends here: that the band has no slope is assumed, as no structure tells the symmetry"
        )
    if slope := line.branch.spin_slope:
        away = slope / (HBAR2_PER_M0 * best.inverse_mass)
        remarks.append(
            f"the two spins part linearly (Rashba or Dresselhaus, {slope:.2g} eV Å): the mass is that of their mean, "
            f"and the extremum lies about {away:.2g} 1/Å from here"
        )
    return verdict, "; ".join(remarks)


def _opposite(arms: list[Arm], number: int, bands: Bands) -> int | None:
    """Return the arm that leaves the same k-point the other way."""
    arm = arms[number]
    for m, other in enumerate(arms):
        gap = bands.kpoints[other.rows[0]] - bands.kpoints[arm.rows[0]]
        if (
            m != number
            and np.abs(gap - np.round(gap)).max() < 1e-5
            and np.linalg.norm(other.direction + arm.direction) < 1e-3
        ):
            return m
    return None


def _branches(
    bands: Bands, edge: Edge, arm: Arm, other: Arm | None, *, even: bool, pair: bool
) -> list[Branch]:
    """Return the branches of the degenerate set along an arm, or along both sides; coincident ones as one.

    ``pair``: the set is the two spins of one band, and their mean is what counts.
    """
    chosen = tuple(number - 1 for number in edge.bands)
    spin = bands.energies[edge.spin]
    sides = []
    beside = []
    for side in (arm, other):
        if side is None:
            continue
        numbers, others = follow_all(spin[side.rows], side.k, chosen, even=even)
        sides.append((side.k, np.take_along_axis(spin[side.rows], numbers.T, axis=1).T))
        beside.append(others)

    def met(group: list[int]) -> tuple[Meetings, ...]:
        return tuple(
            meetings(own[group].mean(axis=0), others, k)
            for (k, own), others in zip(sides, beside, strict=True)
        )

    k, energies = sides[0]
    if len(sides) == 2:
        k = np.concatenate([-sides[1][0][:0:-1], k])
        energies = np.concatenate([sides[1][1][:, :0:-1], energies], axis=1)
    if pair:
        slope = _linear_part(k, np.abs(energies[1] - energies[0]), bands.energy_step) / 2
        return [Branch(k, energies.mean(axis=0), edge.bands[0], 2, slope, met([0, 1]))]
    tolerance = max(2 * bands.energy_step, SAME_SPIN_PAIR if bands.spin == "noncollinear" else SAME_BRANCH)
    near = np.argsort(np.abs(k), kind="stable")[: 2 * FEWEST]
    groups: list[list[int]] = []
    for n in range(len(energies)):
        fitting = [
            g
            for g in groups
            if np.quantile(np.abs(energies[g[0]] - energies[n])[near], COINCIDENT) <= tolerance
        ]
        if fitting:
            fitting[0].append(n)
        else:
            groups.append([n])
    return [Branch(k, energies[g].mean(axis=0), edge.bands[g[0]], len(g), meetings=met(g)) for g in groups]


def _linear_part(k: Floats, gap: Floats, step: float) -> float:
    """Return by how much two branches part per distance, eV Å; 0 where they don't part in proportion to it."""
    if len(k) < FEWEST or gap[1] <= SEEN * max(step, NOISE_FLOOR):
        return 0.0
    growth = gap[2:FEWEST] / gap[1] / (k[2:FEWEST] / k[1])
    return float(gap[1] / k[1]) if bool((np.abs(growth - 1) < LINEAR).all()) else 0.0


def _range(values: Floats) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (math.nan, math.nan)


def _usable(x: Floats, upward: Floats, step: float) -> Integers:
    """Return the points from the edge outward, on each side, up to where the band turns or is too far away."""
    edge = int(np.abs(x).argmin())
    kept = [edge]
    for side in (range(edge + 1, len(x)), range(edge - 1, -1, -1)):
        last = upward[edge]
        for n in side:
            limit = HIGHEST if abs(n - edge) >= ENOUGH else HIGHEST_OF_FEW
            if upward[n] < last - max(2 * step, DIP) or upward[n] > limit:
                break
            kept.append(n)
            last = upward[n]
    return np.sort(np.array(kept))


def _sigma(bands: Bands, arm: Arm, x: Floats, upward: Floats) -> Floats:
    """Return the standard deviation that the printed digits of energies and k-points give each energy, eV."""
    of_energy = bands.energy_step / math.sqrt(12)
    if bands.kpoint_step == 0 or len(x) < 3:
        return np.full(len(x), of_energy)
    of_k = bands.kpoint_step / math.sqrt(12) * float(np.linalg.norm(bands.reciprocal_cell @ arm.direction))
    found: Floats = np.hypot(of_energy, of_k * np.abs(np.gradient(upward, x)))
    return found


def _distances(x: Floats) -> Floats:
    found: Floats = np.unique(np.round(np.abs(x), 9)).astype(np.float64)
    return found


def _outcome(line: Line, noise: float) -> Outcome:
    """Return the best window: of those whose residuals pass, the one whose stated error is least."""
    distances = _distances(line.x)
    if len(distances) < FEWEST:
        return refusal(
            f"{len(distances)} points before the band turns, ends or meets another; a mass with an error needs "
            f"{FEWEST} or more"
        )
    least = noise / float(np.median(line.sigma)) if math.isfinite(noise) else 1.0
    fits = list(line.fits)
    for n, item in enumerate(fits):
        if item.n_distances < ENOUGH and item.fit.noise < least / 2:
            again = fit_window(
                line.x, line.energies, line.sigma, line.shape, item.n_distances, distances, noise=least
            )
            fits[n : n + 1] = _crossed(again, line.branch) or [item]
    if not fits:
        return refusal(_without_curvature(line))
    return best_window(fits)


def _crossed(fits: list[Fitted], branch: Branch) -> list[Fitted]:
    """Return fits whose errors hold what bands might do that are crossed within the window."""
    found = []
    for item in fits:
        share = max((side.share(item.k_max) for side in branch.meetings), default=0.0)
        form = math.hypot(item.fit.form, share * item.fit.inverse_mass)
        found.append(replace(item, fit=replace(item.fit, form=form)))
    return found


def _without_curvature(line: Line) -> str:
    """Say why no window gives a curvature: the band is flat within its digits, or not an extremum."""
    last = int(np.abs(line.x).argmax())
    rise = max(float(line.energies[last]), 0.0) + 4 * float(line.sigma[last])
    bound = HBAR2_PER_M0 * float(line.x[last]) ** 2 / (2 * rise)
    if float(np.ptp(line.energies)) <= 4 * float(line.sigma[last]):
        return f"flat within the printed digits: all that can be said is a mass above {bound:.2g} m0"
    return "the band does not curve away from the edge in this direction: no extremum"


def _is_straight(line: Line) -> bool:
    """Return whether a branch starts out as a straight line: E/k hardly grows (a parabola's doubles at the second)."""
    if line.shape == "free" or len(line.x) < FEWEST:
        return False
    ratio = line.energies[1:FEWEST] / line.x[1:FEWEST]
    seen = line.energies[1] > 10 * float(np.median(line.sigma))
    return bool(seen and (ratio[:-1] > STRAIGHT * ratio[1:]).all())
