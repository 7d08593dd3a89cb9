"""Growth: the concentration before a face over time, and what the face takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import UsageError
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Growth(Result):
    """A crystal face that grows from a solution at rest, one-dimensional; T times, N places.

    Attributes
    ----------
    diffusion_coefficient : float
        m2/s.
    bulk : float
        Concentration at first, mol/L of formula units of the crystal.
    face_condition : str
        What happens at the face, in words.
    container : float
        mm; NaN where there is no far wall.
    crystal : str
        Formula of what one mole of solute makes; "" where it was not given.
    molar_mass, density : float
        g/mol and g/cm3; NaN where not known. Without a density the face stands still.
    times : float64 (T,)
        s.
    positions : float64 (T, N)
        Distance from the face, mm.
    concentrations : float64 (T, N)
        mol/L.
    face_concentration : float64 (T,)
        mol/L.
    molar_flux : float64 (T,)
        mol/(m2 s).
    flux : float64 (T,)
        g/(mm2 min); NaN without a formula.
    velocity : float64 (T,)
        µm/min; NaN without a density.
    advanced : float64 (T,)
        mm since the beginning; NaN without a density.
    depletion_length : float64 (T,)
        (c_bulk - c_face)/(dc/dx at the face), mm.
    unlimited_flux : float64 (T,)
        The same flux without a far wall, mol/(m2 s); equal to ``molar_flux`` where there is none.
    limited_from : float
        s from which the far wall takes more than 10 % of the flux; NaN where it does not in this time, the first of the
        times where it did so already before.
    largest_imbalance : float
        Solute that was lost or made by the numerics, over what was there at first.
    notes : tuple of str
    provenance : Provenance
    """

    diffusion_coefficient: float
    bulk: float
    face_condition: str
    container: float
    crystal: str
    molar_mass: float
    density: float
    times: Floats
    positions: Floats = field(metadata=DETAIL)
    concentrations: Floats = field(metadata=DETAIL)
    face_concentration: Floats
    molar_flux: Floats
    flux: Floats
    velocity: Floats
    advanced: Floats
    depletion_length: Floats
    unlimited_flux: Floats
    limited_from: float
    largest_imbalance: float
    notes: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "growth"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "diffusion_coefficient": "diffusion_coefficient",
        "bulk": "concentration",
        "container": "container_length",
        "density": "density",
        "times": "growth_time",
        "time": "growth_time",
        "face_concentration": "concentration",
        "molar_flux": "molar_flux",
        "unlimited_flux": "molar_flux",
        "flux": "growth_flux",
        "velocity": "growth_velocity",
        "advanced": "face_distance",
        "depletion_length": "depletion_length",
        "limited_from": "growth_time",
        "molar_mass": "molar_mass",
        "largest_imbalance": "fraction",
    }

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<Growth: D {self.diffusion_coefficient:g} m2/s, {self.bulk:g} mol/L, {self.face_condition}: after "
            f"{self.times[-1]:g} s {self.face_concentration[-1]:.3g} mol/L at the face, "
            f"{self.molar_flux[-1]:.3g} mol/(m2 s)>"
        )

    def at(self, time: float) -> dict[str, float]:
        """Return what holds at a time (s), interpolated in its logarithm.

        Raises
        ------
        UsageError
            If the time is not among those computed.
        """
        if not self.times[0] <= time <= self.times[-1]:
            raise UsageError(
                f"{time:g} s is not within {self.times[0]:g} to {self.times[-1]:g} s",
                fix="give a time from a thousandth of the duration to all of it, or another duration",
            )
        names = ("face_concentration", "molar_flux", "flux", "velocity", "advanced", "depletion_length")
        found = {
            name: float(np.interp(math.log(time), np.log(self.times), getattr(self, name))) for name in names
        }
        return found | {"share": float(np.interp(time, self.times, self.molar_flux / self.unlimited_flux))}

    def profile(self, time: float) -> tuple[Floats, Floats]:
        """Return distances (mm) and concentrations (mol/L) at the computed time next to one (s)."""
        at = int(np.argmin(np.abs(np.log(self.times / time))))
        x = np.concatenate([[0.0], self.positions[at]])
        return x, np.concatenate([[self.face_concentration[at]], self.concentrations[at]])

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per time."""
        columns = {
            "time": self.times,
            "face_concentration": self.face_concentration,
            "molar_flux": self.molar_flux,
            "unlimited_flux": self.unlimited_flux,
            "flux": self.flux,
            "velocity": self.velocity,
            "advanced": self.advanced,
            "depletion_length": self.depletion_length,
        }
        return dataframe(columns, quantity_names={name: self.quantity_names[name] for name in columns})
