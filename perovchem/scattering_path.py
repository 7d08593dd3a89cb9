"""How an atom scatters a photoelectron back: amplitude, phase, mean free path of one pair; the table, by FEFF."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from scipy.interpolate import CubicSpline

from perovchem.arrays import Floats
from perovchem.errors import FormatError
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

SHORTEST: Final = 0.5
LONGEST: Final = 30.0
"""Å, between the two atoms of a path."""
COLUMNS: Final = ("wavenumber", "amplitude", "phase", "mean_free_path", "momentum")
CLOSEST: Final = 1e-6
"""1/Å between two wavenumbers of a path."""
LARGEST: Final = 1e10
"""No column of a path holds more."""


@dataclass(frozen=True, eq=False, repr=False)
class ScatteringPath(Result):
    r"""Single scattering between an absorber and one neighbor, as FEFF writes it.

    .. math:: \chi(k) = S_0^2 \frac{f(k)}{k r^2} e^{-2r/\lambda(k)} \sin\left[2 p(k) r + \varphi(k)
        + 2 (k - p(k)) r_0\right]

    with r0 the distance it was computed at, where the argument is 2 k r0 + φ(k); elsewhere the phase grows with
    the momentum p(k) of the electron between the atoms, as in FEFF itself (Rehr & Albers 2000,
    doi 10.1103/RevModPhys.72.621).

    Attributes
    ----------
    absorber, neighbor : str
        Elements.
    edge : str
        "L3"; "" where the file does not say.
    distance : float
        r0, Å.
    wavenumber : float64 (n,)
        k, 1/Å, from 0 on, rising.
    amplitude : float64 (n,)
        f(k), Å, all reduction by the absorber included.
    phase : float64 (n,)
        φ(k), radians, without jumps.
    mean_free_path : float64 (n,)
        λ(k), Å.
    momentum : float64 (n,)
        p(k), 1/Å.
    source : str
        Who computed it, of which cluster.
    provenance : Provenance

    Examples
    --------
    >>> tabulated_path("Pb", "O", "L3")
    <ScatteringPath Pb-O, L3 edge, at 2.50 Å, k to 16 1/Å>
    """

    absorber: str
    neighbor: str
    edge: str
    distance: float
    wavenumber: Floats = field(metadata=DETAIL)
    amplitude: Floats = field(metadata=DETAIL)
    phase: Floats = field(metadata=DETAIL)
    mean_free_path: Floats = field(metadata=DETAIL)
    momentum: Floats = field(metadata=DETAIL)
    source: str
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    quantity_names: ClassVar[Mapping[str, str]] = {
        "distance": "distance",
        "wavenumber": "photoelectron_wavenumber",
        "amplitude": "scattering_amplitude",
        "phase": "scattering_phase",
        "mean_free_path": "mean_free_path",
        "momentum": "photoelectron_wavenumber",
    }

    def __post_init__(self) -> None:
        columns = (self.wavenumber, self.amplitude, self.phase, self.mean_free_path, self.momentum)
        where, fix = self.name, "restore the file, or run FEFF again"
        if not SHORTEST <= self.distance <= LONGEST:
            raise FormatError(f"a path of {self.distance:g} Å", where=where, fix=fix)
        if (
            len({column.shape for column in columns}) > 1
            or self.wavenumber.ndim != 1
            or len(self.wavenumber) < 4
        ):
            raise FormatError(
                "a path has fewer than four rows, or columns of unlike length", where=where, fix=fix
            )
        if not all((np.abs(column) < LARGEST).all() for column in columns):
            raise FormatError("a number of a path is not finite, or beyond all reason", where=where, fix=fix)
        if not (np.diff(self.wavenumber) > CLOSEST).all() or self.wavenumber[0] < 0:
            raise FormatError("the wavenumbers of a path do not rise from 0 on", where=where, fix=fix)
        if not (self.mean_free_path > 0).all():
            raise FormatError("a mean free path is not above 0", where=where, fix=fix)

    def __repr__(self) -> str:
        """Return one line: pair, edge, distance, range."""
        edge = f", {self.edge} edge" if self.edge else ""
        return (
            f"<ScatteringPath {self.name}{edge}, at {self.distance:.2f} Å, k to {self.wavenumber[-1]:g} 1/Å>"
        )

    @property
    def name(self) -> str:
        """The pair, absorber first: "Pb-I"."""
        return f"{self.absorber}-{self.neighbor}"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per wavenumber."""
        columns = {
            "wavenumber_1/A": self.wavenumber,
            "amplitude_A": self.amplitude,
            "phase_rad": self.phase,
            "mean_free_path_A": self.mean_free_path,
            "momentum_1/A": self.momentum,
        }
        return dataframe(
            columns,
            quantity_names={
                column: self.quantity_names[name] for column, name in zip(columns, COLUMNS, strict=True)
            },
        )

    def amplitude_at(self, wavenumber: Floats) -> Floats:
        """Return f, Å, by cubic splines between the rows; beyond them, as in the last."""
        return self._between(self.amplitude, wavenumber)

    def phase_at(self, wavenumber: Floats) -> Floats:
        """Return φ, radians, likewise."""
        return self._between(self.phase, wavenumber)

    def mean_free_path_at(self, wavenumber: Floats) -> Floats:
        """Return λ, Å, likewise."""
        return self._between(self.mean_free_path, wavenumber)

    def momentum_at(self, wavenumber: Floats) -> Floats:
        """Return p, 1/Å, likewise; beyond the rows it grows as k."""
        within = np.clip(wavenumber, self.wavenumber[0], self.wavenumber[-1])
        beyond: Floats = self._between(self.momentum, wavenumber) + (wavenumber - within)
        return beyond

    def _between(self, column: Floats, wavenumber: Floats) -> Floats:
        within = np.clip(wavenumber, self.wavenumber[0], self.wavenumber[-1])
        found: Floats = CubicSpline(self.wavenumber, column)(within)
        return found


@cache
def _table() -> dict[tuple[str, str, str], ScatteringPath]:
    """Return the tabulated paths by absorber, neighbor and edge."""
    text = (resources.files("perovchem") / "scattering_paths.toml").read_text(encoding="utf-8")
    held = tomllib.loads(text)
    found = {}
    for one in held["path"]:
        absorber, neighbor = one["pair"].split("-")
        k, amplitude, phase, free_path, momentum = (np.array(one[name], np.float64) for name in COLUMNS)
        cluster = held["cluster"][one["cluster"]]["title"]
        source = f"{held['program']['name']}, {cluster}"
        found[absorber, neighbor, one["edge"]] = ScatteringPath(
            absorber, neighbor, one["edge"], one["distance"], k, amplitude, phase, free_path, momentum, source
        )
    return found


def tabulated_path(absorber: str, neighbor: str, edge: str) -> ScatteringPath | None:
    """Return a path from the table ``scattering_paths.toml``; None where it holds none.

    Computed by this project with FEFF8L; the table says on which clusters.
    """
    return _table().get((absorber, neighbor, edge))


def tabulated_pairs(edge: str) -> tuple[str, ...]:
    """Return the pairs that the table holds for an edge: ("Pb-O", ...)."""
    return tuple(path.name for (_, _, at), path in _table().items() if at == edge)
