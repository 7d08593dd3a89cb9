"""Density of states: total and by element and orbital, with a stated zero, and the gap it shows."""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import Bands
from perovchem.density_of_states.curves import STATES, Curves, of_bands, of_file
from perovchem.density_of_states.result import DensityOfStates
from perovchem.errors import MissingDataError, UsageError
from perovchem.state_density import StateDensity

__all__ = ["BROADENING", "EDGE", "DensityOfStates", "Zero", "density_of_states"]

Zero = Literal["auto", "vbm", "fermi", "none"]

BROADENING: Final = 0.05
"""eV; standard deviation of the Gaussians that eigenvalues become."""
EDGE: Final = 0.5
"""eV; states this near to an edge are its own."""
_SAME_COUNT: Final = 0.01


def density_of_states(
    source: StateDensity | Bands, *, broadening: float | None = None, zero: Zero = "auto"
) -> DensityOfStates:
    """Return the density of states of a file, or of the eigenvalues on a mesh.

    Each eigenvalue of a mesh becomes a Gaussian with the weight of its k-point,
    ``N(E) = sum_k w_k sum_b g(E - E_kb) n`` with n electrons a band.

    Parameters
    ----------
    source : StateDensity or Bands
        Of :func:`perovchem.read_state_density` or :func:`perovchem.read_bands`. Of a run with a path beside its
        mesh, the mesh counts.
    broadening : float, optional
        Standard deviation of the Gaussians, eV: 0.05 for eigenvalues; a curve of a file stays as it is unless a width
        is given.
    zero : "auto", "vbm", "fermi" or "none"
        What is 0 eV: the highest occupied state by counting electrons, the Fermi energy in the file, or the zero of
        the file. By default the first of these that there is.

    Returns
    -------
    DensityOfStates

    Raises
    ------
    MissingDataError
        If the bands are those of a path or stencil, or the chosen zero is not known.
    UsageError
        If an argument makes no sense.

    Examples
    --------
    >>> from perovchem.bands import Bands
    >>> levels = np.array([[[-1.0, 1.0]]])
    >>> one = Bands(np.zeros((1, 3)), np.eye(3), levels, (2.0,), weights=np.ones(1))
    >>> density_of_states(one)
    <DensityOfStates: -0.2 to 2.2 eV, 0 channels, gap 2.000 eV>
    """
    if zero not in ("auto", "vbm", "fermi", "none"):
        raise UsageError(f"no zero {zero!r}", fix="give 'auto', 'vbm', 'fermi' or 'none'")
    if broadening is not None and not 1e-4 <= broadening <= 10:
        raise UsageError(f"a broadening of {broadening} eV", fix="give 0.0001 to 10 eV")
    if isinstance(source, Bands):
        curves = of_bands(source, BROADENING if broadening is None else broadening)
    else:
        curves = of_file(source, broadening)
    return _result(curves, zero)


def _result(curves: Curves, zero: Zero) -> DensityOfStates:
    """Set the zero, and count."""
    notes = list(curves.notes)
    zero_energy, words = _zero(curves, zero)
    energies = curves.energies - zero_energy
    vbm, cbm = (edge - zero_energy for edge in curves.edges) if curves.edges else (math.nan, math.nan)
    known = math.isfinite(curves.electrons)
    gap = cbm - vbm if curves.edges else (0.0 if known else math.nan)
    fermi = curves.fermi_energy - zero_energy
    middle = (vbm + cbm) / 2 if curves.edges else fermi
    counted = _counted(curves, energies, middle)
    if known and not abs(counted - curves.electrons) <= max(_SAME_COUNT * curves.electrons, 2 * STATES):
        stated = float(np.interp(middle, energies, curves.integrated.sum(axis=0)))
        notes.append(
            f"the curve integrates to {counted:.2f} states up to {'the gap' if curves.edges else 'the Fermi energy'}, "
            f"where there are {curves.electrons:g} electrons (the file's own integral: {stated:.2f}): its energies lie "
            "too far apart for its smearing, and heights and shares are not to be trusted; raise NEDOS or SIGMA"
        )
    if not known:
        notes.append(
            "the number of electrons is not known: occupied states are those below the Fermi energy of the file"
        )
    channel_sum = curves.projected.sum(axis=0)
    n_channels = len(curves.channels)
    empty = np.full(n_channels, math.nan)
    below = energies <= middle if math.isfinite(middle) else np.zeros(len(energies), np.bool_)
    occupied = _area(energies, channel_sum, below) if below.any() else empty
    reach = EDGE + curves.broadening
    return DensityOfStates(
        energies=energies,
        total=curves.total,
        integrated=curves.integrated,
        channels=curves.channels,
        projected=curves.projected,
        zero=words,
        zero_energy=zero_energy,
        vbm=vbm,
        cbm=cbm,
        gap=gap,
        gap_source=curves.gap_source if known else "",
        fermi_energy=fermi,
        electrons=curves.electrons,
        counted=counted,
        broadening=curves.broadening,
        occupied=occupied,
        at_vbm=_shares(energies, channel_sum, (vbm - reach, middle)) if curves.edges else empty,
        at_cbm=_shares(energies, channel_sum, (middle, cbm + reach)) if curves.edges else empty,
        notes=tuple(dict.fromkeys(notes)),
        provenance=curves.provenance,
    )


def _counted(curves: Curves, energies: Floats, middle: float) -> float:
    """Return the area below the total up to an energy, with the states below the first one."""
    if not math.isfinite(middle):
        return math.nan
    total = curves.total.sum(axis=0)
    chosen = energies <= middle
    below = float(curves.integrated[:, 0].sum())
    return below + float(np.trapezoid(total[chosen], energies[chosen])) if chosen.any() else below


def _zero(curves: Curves, zero: Zero) -> tuple[float, str]:
    """Return the energy that is called 0, eV as printed, and its name."""
    if zero == "none":
        return 0.0, "as the file prints energies"
    if curves.edges is not None and zero in ("auto", "vbm"):
        return curves.edges[0], "highest occupied state, by counting electrons"
    if zero == "vbm":
        raise MissingDataError(
            "there is no gap whose lower edge could be the zero",
            where=curves.provenance.input,
            fix="choose the Fermi energy as zero",
        )
    if math.isfinite(curves.fermi_energy):
        return curves.fermi_energy, "Fermi energy of the file"
    if zero == "fermi":
        raise MissingDataError(
            "the file states no Fermi energy", where=curves.provenance.input, fix="choose another zero"
        )
    return 0.0, "as the file prints energies"


def _area(energies: Floats, curves: Floats, chosen: np.ndarray) -> Floats:
    """Integrate curves (n, E) over the chosen energies."""
    area: Floats = np.trapezoid(curves[:, chosen], energies[chosen], axis=1)
    return area


def _shares(energies: Floats, curves: Floats, span: tuple[float, float]) -> Floats:
    """Return the share of each channel in what is projected between two energies."""
    chosen = (energies >= span[0]) & (energies <= span[1])
    areas = _area(energies, curves, chosen)
    whole = float(areas.sum())
    return areas / whole if whole > 1e-9 else np.full(len(areas), math.nan)
