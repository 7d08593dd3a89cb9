"""Photon spectra: a line, a tube after Kramers, or a table; with the points at which integrals over it are done."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from perovchem.arrays import Floats
from perovchem.errors import FormatError, UsageError
from perovchem.result import Provenance

LOWEST: Final = 0.1
"""keV from which photons are tabulated."""
HIGHEST: Final = 800.0
"""keV to which photons are tabulated."""
WINDOW: Final = 5.0
"""keV below which a Kramers spectrum is cut by default: air and windows of tubes leave little (our choice)."""
MOST_POINTS: Final = 100_000
_STEP: Final = 1.05
"""Largest ratio of the ends of one panel of an integral."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


@dataclass(frozen=True, eq=False)
class PhotonSpectrum:
    """How many photons there are at each energy; only their ratios count.

    Attributes
    ----------
    name : str
        In words, as every table that uses it prints: "Kramers, 70 kV, from 5 keV".
    kind : "line", "kramers" or "table"
    energies : float64 (n,)
        keV, rising: the line, the two ends of a Kramers spectrum, or the points of a table.
    photons : float64 (n,)
        Per keV at the points of a table, between which it is straight; ones otherwise.
    provenance : Provenance

    Examples
    --------
    >>> PhotonSpectrum.kramers(70)
    <PhotonSpectrum: Kramers, 70 kV, from 5 keV>
    >>> round(PhotonSpectrum.kramers(70).mean_energy(), 2)  # a/2 with a = (70 - 5)²/(70 ln(70/5) - 65)
    17.64
    """

    name: str
    kind: Literal["line", "kramers", "table"]
    energies: Floats
    photons: Floats
    provenance: Provenance = field(default_factory=Provenance)

    def __repr__(self) -> str:
        """Return one line."""
        return f"<PhotonSpectrum: {self.name}>"

    @classmethod
    def line(cls, energy: float) -> Self:
        """Return photons of one energy, keV."""
        _within(energy, "the energy of a line")
        return cls(f"line of {energy:g} keV", "line", np.array([float(energy)]), np.ones(1))

    @classmethod
    def kramers(cls, voltage: float, *, lowest: float = WINDOW) -> Self:
        """Return the bremsstrahlung of a thick target: photons per keV ∝ (E0 - E)/E, doi 10.1080/14786442308565244.

        Without characteristic lines and without attenuation in the anode; filters are put in its way by
        :func:`perovchem.absorbed_fraction`.

        Parameters
        ----------
        voltage : float
            kV; E0 in keV.
        lowest : float
            keV below which there are none. The number of photons grows without bound as this goes to 0.
        """
        _within(voltage, "the voltage of a tube")
        _within(lowest, "the lowest energy of a spectrum")
        if not lowest < voltage:
            raise UsageError(
                f"a spectrum from {lowest:g} to {voltage:g} keV is empty",
                fix="let it begin below the voltage of the tube",
            )
        ends = np.array([float(lowest), float(voltage)])
        return cls(f"Kramers, {voltage:g} kV, from {lowest:g} keV", "kramers", ends, np.ones(2))

    @classmethod
    def from_table(
        cls,
        energies: ArrayLike,
        photons: ArrayLike,
        *,
        name: str = "table",
        provenance: Provenance | None = None,
    ) -> Self:
        """Return a spectrum from points: keV, rising; photons per keV, from 0.

        Raises
        ------
        FormatError
            If it is none; the message says at which point.
        """
        where = provenance.input if provenance is not None else ""
        x, y = np.asarray(energies, np.float64), np.asarray(photons, np.float64)
        if x.ndim != 1 or x.shape != y.shape or not 2 <= len(x) <= MOST_POINTS:
            raise FormatError(
                f"a spectrum of {x.shape} energies and {y.shape} photon numbers",
                where=where,
                fix=f"give 2 to {MOST_POINTS} points, one photon number per energy",
            )
        wrong = ~(np.isfinite(x) & np.isfinite(y) & (y >= 0) & (x >= LOWEST) & (x <= HIGHEST))
        wrong[1:] |= ~(np.diff(x) > 0)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise FormatError(
                f"point {at + 1} ({x[at]:g} keV, {y[at]:g} photons) is none of a spectrum",
                where=where,
                fix=f"energies rise, in keV (not eV), within {LOWEST:g} to {HIGHEST:g}; photon numbers are 0 or more",
            )
        if not y.max() > 0:
            raise FormatError("the spectrum holds no photons", where=where, fix="give another one")
        return cls(name, "table", x, y / y.max(), provenance or Provenance())

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest energy, keV."""
        return float(self.energies[0]), float(self.energies[-1])

    def nodes(self, breaks: Iterable[float] = ()) -> tuple[Floats, Floats]:
        """Return energies (keV) and photons there, so that sums over them are integrals over the spectrum.

        Gauss-Legendre with six points on panels that end at absorption edges.

        Parameters
        ----------
        breaks : iterable of float
            Energies at which what is integrated jumps.
        """
        if self.kind == "line":
            return self.energies, self.photons
        low, high = self.range
        inner = [one for one in breaks if low < one < high]
        steps = max(1, math.ceil(math.log(high / low) / math.log(_STEP)))
        ends = np.unique(np.concatenate([self.energies, np.geomspace(low, high, steps + 1)[1:-1], inner]))
        half = np.diff(ends) / 2
        energies = ((ends[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
        weights = (half[:, None] * _WEIGHTS).ravel()
        if self.kind == "kramers":
            return energies, weights * (high - energies) / energies
        return energies, weights * np.interp(energies, self.energies, self.photons)

    def mean_energy(self) -> float:
        """Return the mean energy of a photon, keV."""
        energies, photons = self.nodes()
        return float(energies @ photons / photons.sum())


def _within(energy: float, what: str) -> None:
    if not (math.isfinite(energy) and LOWEST <= energy <= HIGHEST):
        raise UsageError(
            f"{what} of {energy:g} keV is outside the tables", fix=f"give {LOWEST:g} to {HIGHEST:g} keV"
        )
