"""The curvature of a band at its edge, from rounded energies: linear fits whose order, form and noise are weighed.

Near an edge, E(k) is a series; how fast its terms fall, how large the noise is and in which form the series ends soon
is not known beforehand. All three are left open: two forms, both linear in their unknowns, a scale of energy Y over
which the terms fall, and a noise of at least the rounding are weighed by how well they predict the data (their
evidence), and the curvature is averaged over them. Its error therefore holds what the form leaves open, not only what
the digits leave open.

Forms, with s = ± sqrt(ħ²k²/2m)::

    Kane    ħ²k²/2 = m (E + α E² + β E³ + ...)        even about the edge
    series  E = s² + c4 s⁴ + c6 s⁶ + ...              even; with c1 s, c3 s³, ... where symmetry does not forbid them

The coefficient of E^j, or s^2j, has the expected size 1/Y^(j-1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perovchem.arrays import Floats
from perovchem.units import HBAR2_PER_M0

Shape = Literal["even", "level", "free"]
"""Even about the edge; without a slope there, even or not; or with a slope."""

N_TERMS: Final = 6
"""Terms beyond the parabola."""
SCALES: Final = np.geomspace(0.02, 60, 10)
"""eV: over which the terms fall."""
N_NOISE: Final = 12
USUAL_NOISE: Final = 1e-5
"""eV: up to this, any scatter beyond rounding is as likely (per decade); beyond, its square is the less likely."""
NOISE_CEILING: Final = 3e-3
"""eV: noise of a calculation that is still one."""
NOISE_FLOOR: Final = 1e-9
"""eV: no eigenvalue is better, whatever is printed."""
FORM_LEAST: Final = 0.7
"""Of the energies fitted: Y is at least this, as the series must end."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One window: curvature, its error, and the curve.

    Attributes
    ----------
    inverse_mass, rounding, form : float
        1/m0; the two parts of its error.
    alpha, alpha_error : float
        1/eV.
    origin : float
        Energy of the edge, eV; of what was handed over.
    shift, shift_error : float
        Where the extremum lies, 1/Å.
    noise : float
        In units of what rounding gives.
    order : int
        Highest power of k² (or E) that the data ask for.
    slope_size : float
        |slope| in its standard deviations, where it was left free; else 0.
    k, curve : float64 (m,)
        The fitted curve.
    r_squared : float
    """

    inverse_mass: float
    rounding: float
    form: float
    alpha: float
    alpha_error: float
    origin: float
    origin_error: float
    shift: float
    shift_error: float
    noise: float
    order: int
    slope_size: float
    k: Floats
    curve: Floats
    r_squared: float

    @property
    def error(self) -> float:
        """Of the inverse mass, 1/m0."""
        return math.hypot(self.rounding, self.form)


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Solutions of one linear problem at S settings of scale and noise."""

    log_evidence: Floats
    mean: Floats
    """(S, P): the free unknowns, then the bounded ones."""
    covariance: Floats
    noise_part: Floats
    """(S, P): variance of each unknown by noise alone, were the bounded ones known."""
    noise: Floats
    used: Floats
    """How many bounded terms the data determine."""


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """What one form says at its settings: values (S, 5) and variances of :data:`_NAMES`."""

    posterior: Posterior
    values: Floats
    variances: Floats
    noise_variance: Floats
    k: Floats
    curve: Floats
    residuals: Floats


_NAMES: Final = ("inverse_mass", "alpha", "origin", "shift", "slope")


def fit(x: Floats, energies: Floats, sigma: Floats, *, shape: Shape = "even") -> Fit | None:
    """Return the curvature at the edge from points of one branch, or None where none opens upward.

    Parameters
    ----------
    x : float64 (n,)
        1/Å from the edge, along a line; at least four different distances.
    energies : float64 (n,)
        eV, upward from the edge (holes with the opposite sign).
    sigma : float64 (n,)
        Standard deviation that rounding gives each, eV.
    shape : "even", "level" or "free"
    """
    sigma = np.maximum(sigma, NOISE_FLOOR)
    start = _parabola(x, energies, shape)
    if start is None:
        return None
    found: list[_Form | None] = [_series(x, energies, sigma, start, shape)]
    if shape != "free":
        found.append(_kane(x, energies, sigma, start))
    if shape == "level":
        found.append(_series(x, energies, sigma, start, "even"))
    forms = [form for form in found if form is not None]
    return _average(forms, energies) if forms else None


def _average(forms: list[_Form], energies: Floats) -> Fit:
    """Average over forms and settings by their evidence."""
    evidence = np.concatenate([form.posterior.log_evidence for form in forms])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    values = np.concatenate([form.values for form in forms])
    mean = weights @ values
    own = np.maximum(
        np.concatenate([form.variances for form in forms]), 0
    )  # rounding of doubles may leave -1e-20
    variance = weights @ (own + (values - mean) ** 2)
    noise = float(weights @ np.concatenate([form.noise_variance for form in forms]))
    best = forms[int(np.argmax([form.posterior.log_evidence.max() for form in forms]))]
    error = np.sqrt(variance)
    rounding = math.sqrt(min(noise, float(variance[0])))
    spread = float(((energies - energies.mean()) ** 2).sum())
    return Fit(
        inverse_mass=float(mean[0]),
        rounding=rounding,
        form=math.sqrt(max(variance[0] - rounding**2, 0.0)),
        alpha=float(mean[1]),
        alpha_error=float(error[1]),
        origin=float(mean[2]),
        origin_error=float(error[2]),
        shift=float(mean[3]),
        shift_error=float(error[3]),
        noise=float(np.exp(weights @ np.log(np.concatenate([form.posterior.noise for form in forms])))),
        order=1 + round(float(weights @ np.concatenate([form.posterior.used for form in forms]))),
        slope_size=float(abs(mean[4]) / error[4]) if error[4] > 0 else 0.0,
        k=best.k,
        curve=best.curve,
        r_squared=1 - float((best.residuals**2).sum()) / spread if spread > 0 else math.nan,
    )


def solve(
    data: Floats, flat: Floats, bounded: Floats, powers: Floats, settings: tuple[Floats, Floats, Floats]
) -> Posterior:
    """Solve ``data = flat f + bounded b + noise`` for f without prior and b ~ N(0, scale^-power), at each setting.

    Rows are in units of the rounding. The evidence is that of the data's part that f cannot reach.
    """
    scales, noises, prior = settings
    n, n_flat = flat.shape
    basis, triangle = np.linalg.qr(flat, mode="complete")
    upper = np.linalg.inv(triangle[:n_flat])
    reach = upper @ basis[:, :n_flat].T
    rest, rest_bounded = basis[:, n_flat:].T @ data, basis[:, n_flat:].T @ bounded
    size = scales[:, None] ** -powers[None]
    u, s, vt = np.linalg.svd(rest_bounded[None] * size[:, None], full_matrices=False)
    z = np.einsum("ynr,n->yr", u, rest)
    left = np.maximum(rest @ rest - (z**2).sum(axis=1), 0)
    total = noises[None, :, None] ** 2 + s[:, None] ** 2
    free = n - n_flat - s.shape[1]
    evidence = (
        -0.5 * (z[:, None] ** 2 / total + np.log(total)).sum(axis=2)
        - 0.5 * left[:, None] / noises**2
        - free * np.log(noises)
        + prior
    ).ravel()
    keep = np.flatnonzero(evidence > evidence.max() - 12)
    of_scale, of_noise = np.divmod(keep, len(noises))
    noise = noises[of_noise]
    total = total[of_scale, of_noise]
    vt, s, size = vt[of_scale], s[of_scale], size[of_scale]
    mean_b = size * np.einsum("srp,sr->sp", vt, s * z[of_scale] / total)
    shrink = np.einsum("srp,sr,srt->spt", vt, s**2 / total, vt)
    cov_b = size[:, :, None] * (np.eye(len(powers)) - shrink) * size[:, None, :]
    through = reach @ bounded
    mean_f = reach @ data - mean_b @ through.T
    unit = upper @ upper.T
    cross = -np.einsum("fp,spt->sft", through, cov_b)
    cov_f = noise[:, None, None] ** 2 * unit - np.einsum("sft,gt->sfg", cross, through)
    covariance = np.concatenate(
        [np.concatenate([cov_f, cross], axis=2), np.concatenate([cross.transpose(0, 2, 1), cov_b], axis=2)],
        axis=1,
    )
    noise_part = noise[:, None] ** 2 * np.concatenate([np.diag(unit), np.zeros(len(powers))])
    return Posterior(
        evidence[keep], np.concatenate([mean_f, mean_b], axis=1), covariance, noise_part, noise,
        (s**2 / total).sum(axis=1),
    )  # fmt: skip


def weighed_settings(energies: Floats, sigma: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the scales Y, the sizes of noise that are weighed, and the logarithms of their prior weights."""
    scales = SCALES[np.ptp(energies) * FORM_LEAST < SCALES]
    rounding = float(np.median(sigma))
    scatter = np.geomspace(rounding / 2, max(NOISE_CEILING, 10 * rounding), N_NOISE - 1)
    # below half the rounding, scatter is not seen: all of it counts as none
    unseen = max(math.log(scatter[0] / NOISE_FLOOR) / math.log(scatter[1] / scatter[0]), 1.0)
    prior = np.concatenate([[math.log(unseen)], -2 * np.log(1 + scatter / USUAL_NOISE)])
    return scales, np.concatenate([[1.0], np.hypot(1, scatter / rounding)]), prior


def _parabola(x: Floats, energies: Floats, shape: Shape) -> float | None:
    """Return the inverse mass, 1/m0, of a parabola through the innermost points; None where it opens downward."""
    distance = np.abs(x)
    sides = 2 if x.min() < 0 < x.max() else 1
    for many in (3, 4, 6, 9):
        near = distance <= np.sort(distance)[min(len(x), many * sides) - 1]
        columns = [
            np.ones(near.sum()),
            HBAR2_PER_M0 / 2 * x[near] ** 2,
            *([x[near]] if shape == "free" else []),
        ]
        solution = np.linalg.lstsq(np.column_stack(columns), energies[near], rcond=None)[0]
        if solution[1] > 0:
            return float(solution[1])
    return None


def _powers(shape: Shape) -> tuple[list[int], list[int]]:
    """Return the powers of s that are free, and those whose size the scale Y bounds."""
    if shape == "even":
        return [0, 2], [2 * j for j in range(2, 2 + N_TERMS)]
    return ([0, 2] if shape == "level" else [0, 2, 1]), list(range(3, 4 + N_TERMS))


def _series(x: Floats, energies: Floats, sigma: Floats, start: float, shape: Shape) -> _Form | None:
    """Return E as a series in s, in units of s = x sqrt(start ħ²/2m0)."""
    low, high = _powers(shape)
    settings = weighed_settings(energies, sigma)
    unit = start
    for _ in range(2):
        s = x * math.sqrt(unit * HBAR2_PER_M0 / 2)
        flat = np.column_stack([s**j for j in low]) / sigma[:, None]
        bounded = np.column_stack([s**j for j in high]) / sigma[:, None]
        found = solve(energies / sigma, flat, bounded, np.array(high) / 2 - 1, settings)
        best = int(found.log_evidence.argmax())
        used = unit
        unit = used * float(found.mean[best, 1])
        if not unit > 0:
            return None
        if abs(unit / used - 1) < 0.03:
            break
    powers = np.array([*low, *high])
    fine = np.linspace(s.min(), s.max(), 81)
    mean = found.mean[best]
    values, variances, noise_variance = _of_series(found, powers, used, np.abs(s).max())
    return _Form(
        found, values, variances, noise_variance, fine / math.sqrt(used * HBAR2_PER_M0 / 2),
        (fine[:, None] ** powers) @ mean, energies - (s[:, None] ** powers) @ mean,
    )  # fmt: skip


def _of_series(
    found: Posterior, powers: NDArray[np.int64], unit: float, widest: float
) -> tuple[Floats, Floats, Floats]:
    """Return values and variances of curvature, α, edge and shift, at the extremum of each setting's series."""
    mean = found.mean
    place = np.zeros(len(mean))
    if 1 in powers:
        for _ in range(20):
            first = (mean * _derivative(place, powers, 1)).sum(axis=1)
            second = (mean * _derivative(place, powers, 2)).sum(axis=1)
            place = np.clip(place - first / np.where(np.abs(second) > 1e-9, second, np.inf), -widest, widest)
    rows = [_derivative(place, powers, order) for order in range(5)]
    at = [(mean * row).sum(axis=1) for row in rows]
    along = -rows[1] / np.where(np.abs(at[2]) > 1e-9, at[2], np.inf)[:, None] * (1 in powers)
    curvature = rows[2] + at[3][:, None] * along
    half = at[2] / 2
    quartic = at[4] / 24
    alpha = -quartic / half**2
    of_alpha = -(rows[4] / 24) / half[:, None] ** 2 + (2 * quartic / half**3)[:, None] * rows[2] / 2
    slope_row = np.where(powers == 1, 1.0, 0.0)[None].repeat(len(mean), axis=0)
    size = math.sqrt(unit * HBAR2_PER_M0 / 2)
    gradients = np.stack([unit * curvature / 2, of_alpha, rows[0], along / size, slope_row], axis=1)
    values = np.stack([unit * half, alpha, at[0], place / size, (mean * slope_row).sum(axis=1)], axis=1)
    variances = np.einsum("sip,spt,sit->si", gradients, found.covariance, gradients)
    noise_variance = (gradients[:, 0] ** 2 * found.noise_part).sum(axis=1)
    return values, variances, noise_variance


def _derivative(place: Floats, powers: NDArray[np.int64], order: int) -> Floats:
    """Return the derivative of each power of s at each place, (S, P)."""
    factor = np.array([float(math.perm(int(p), order)) for p in powers])
    row: Floats = factor * place[:, None] ** np.maximum(powers - order, 0)
    return row


def _kane(x: Floats, energies: Floats, sigma: Floats, start: float) -> _Form | None:
    """Return ħ²k²/2m0 as a series in E: unknowns are the shift of the edge, m, and m times α, β, ...

    Errors are in E, which stands on the right: each equation is divided by the slope dq/dE of the last round, and the
    edge is moved until it stands.
    """
    q = HBAR2_PER_M0 / 2 * x**2
    settings = weighed_settings(energies, sigma)
    origin = float(energies[np.abs(x).argmin()])
    degree = min(3, len(q) - 2)
    u = energies - origin
    first = np.linalg.lstsq(u[:, None] ** np.arange(1, degree + 1), q, rcond=None)[0]
    series = np.concatenate([first, np.zeros(1 + N_TERMS - degree)])
    if not series[0] > 0:
        series = np.concatenate([[1 / start], np.zeros(N_TERMS)])
    orders = np.arange(1, 2 + N_TERMS)
    for turn in range(4):
        slope = (u[:, None] ** (orders - 1)) @ (series * orders)
        unit = series[0]
        if not (unit > 0 and (slope > 0.05 * unit).all()):
            return None
        scale = slope * sigma
        flat = np.column_stack([-1 / sigma, u / scale])
        bounded = unit * u[:, None] ** orders[1:] / scale[:, None]
        found = solve(q / scale, flat, bounded, (orders[1:] - 1).astype(np.float64), settings)
        mean = found.mean[int(found.log_evidence.argmax())]
        new = np.concatenate([mean[1:2], unit * mean[2:]])
        if turn == 3 or (abs(mean[0]) < 0.01 * sigma.min() and abs(new[0] / unit - 1) < 1e-3):
            break
        series, origin = new, origin + float(mean[0])
        u = energies - origin
    return _of_kane(found, unit, origin, u, q, slope)


def _of_kane(
    found: Posterior, unit: float, origin: float, u: Floats, q: Floats, slope: Floats
) -> _Form | None:
    """Return what Kane's form says, and its curve."""
    mean, covariance = found.mean, found.covariance
    mass = mean[:, 1]
    if not (mass > 0).all():
        return None
    alpha = unit * mean[:, 2] / mass
    of_alpha = (
        unit**2 * covariance[:, 2, 2]
        - 2 * alpha * unit * covariance[:, 1, 2]
        + alpha**2 * covariance[:, 1, 1]
    ) / mass**2
    zero = np.zeros_like(mass)
    values = np.stack([1 / mass, alpha, origin + mean[:, 0], zero, zero], axis=1)
    variances = np.stack(
        [covariance[:, 1, 1] / mass**4, np.maximum(of_alpha, 0), covariance[:, 0, 0], zero, zero], axis=1
    )
    best = int(found.log_evidence.argmax())
    coefficients = np.concatenate([mean[best, 1:2], unit * mean[best, 2:]])
    orders = np.arange(1, 1 + len(coefficients))
    fine = np.linspace(0, max(u.max(), 0.0), 81)
    squares = (fine[:, None] ** orders) @ coefficients
    residuals = ((u - mean[best, 0])[:, None] ** orders @ coefficients - q) / slope
    return _Form(
        found, values, variances, found.noise_part[:, 1] / mass**4,
        np.sqrt(np.maximum(squares, 0) * 2 / HBAR2_PER_M0), origin + mean[best, 0] + fine, residuals,
    )  # fmt: skip
