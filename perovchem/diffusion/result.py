"""The result of a diffusion analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.diffusion.line import LONGEST_PART, Line
from perovchem.frames import Frames
from perovchem.provenance import input_files
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

SQUARE_METERS: Final = 1e-5
"""One Å2/fs in m2/s."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "path": "shortest way from frame to frame in fractional coordinates times the mean cell of the two frames, "
    "added up; molecules by their centers of mass",
    "mean_square_displacement": "over all time origins and particles",
    "diffusion_coefficient": "a sixth of the slope of MSD = intercept + slope t, generalized least squares with the "
    "covariance of overlapping windows of a Gaussian process, and of rare hops; enlarged where particles differ or "
    "move together beyond chance",
    "interval": "D ν/χ²_ν with ν = 2 (D/standard error)²",
    "fitted_range": "from four times the first lag (1, 2, 4, ... frames) beyond which the curve is straight within "
    f"its errors, to 1/{LONGEST_PART} of the run; or as given",
    "exponent": "slope of ln MSD over ln t in the fitted range",
    "verdict": "diffusive: straight and rising beyond its error, a velocity forgotten within a quarter of the first "
    "fitted lag, and reaching in the whole run further than the intercept and "
    "than 3 Å; otherwise only an upper bound (95 %) is given",
}
"""What the numbers mean; printed into every JSON result."""


@dataclass(frozen=True, eq=False, repr=False)
class Diffusion(Result):
    """How fast particles of one kind spread.

    Attributes
    ----------
    of, kind : str
        What was followed; "atoms" or "molecules" (centers of mass).
    n_particles, n_frames : int
    duration : float
        ps.
    frame_interval : float
        fs between positions that were used.
    diffusion_coefficient, standard_error : float
        m2/s, in this box; NaN unless the verdict is "diffusive".
    interval_68, interval_95 : tuple of float
        m2/s.
    upper_bound : float
        m2/s, 95 %; NaN where there is a coefficient, or no bound either.
    verdict : str
        "diffusive", "subdiffusive", "caged", "ballistic" or "undecided".
    reason : str
        A sentence.
    fitted_range : tuple of float
        ps.
    intercept, intercept_standard_error : float
        Of the line, Å2: vibrations within the cage, above 0, or the time it takes to forget a velocity, below.
    exponent, exponent_standard_error : float
        Of MSD ~ t^α in the fitted range.
    inflation : float
        Factor of the error for particles that differ or move together; 1 where they don't.
    temperature : float
        K; NaN where it is unknown.
    viscosity, viscosity_standard_error : float
        mPa s, as given; NaN where none was.
    box_correction, corrected_diffusion_coefficient, corrected_standard_error : float
        m2/s; NaN without viscosity.
    radius, radius_standard_error : float
        Stokes-Einstein, Å; likewise.
    drift_removed : bool
    lags, msd : float64 (n_lags,)
        ps, Å2, at all lags to a half of the run; msd is the mean over particles.
    msd_axes : float64 (n_lags, 3)
        Along x, y, z, Å2.
    band_lags, band : float64 (n_band,)
        ps, and the standard error of the MSD there, Å2.
    line : Line
        In frames.
    """

    of: str
    kind: str
    n_particles: int
    n_frames: int
    duration: float
    frame_interval: float
    diffusion_coefficient: float
    standard_error: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]
    upper_bound: float
    verdict: str
    reason: str
    fitted_range: tuple[float, float]
    intercept: float
    intercept_standard_error: float
    exponent: float
    exponent_standard_error: float
    inflation: float
    temperature: float
    viscosity: float
    viscosity_standard_error: float
    box_correction: float
    corrected_diffusion_coefficient: float
    corrected_standard_error: float
    radius: float
    radius_standard_error: float
    drift_removed: bool
    lags: Floats = field(metadata=DETAIL)
    msd: Floats = field(metadata=DETAIL)
    msd_axes: Floats = field(metadata=DETAIL)
    band_lags: Floats = field(metadata=DETAIL)
    band: Floats = field(metadata=DETAIL)
    line: Line = field(metadata=DETAIL)
    frames: Frames = field(metadata=DETAIL)
    given: Mapping[str, Any] = field(metadata=DETAIL)
    warnings: tuple[str, ...] = ()

    command: ClassVar[str] = "diffusion"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "n_frames": "n_frames",
        "duration": "time",
        "frame_interval": "frame_interval",
        "diffusion_coefficient": "diffusion_coefficient",
        "standard_error": "diffusion_coefficient",
        "interval_68": "diffusion_coefficient",
        "interval_95": "diffusion_coefficient",
        "upper_bound": "diffusion_coefficient",
        "fitted_range": "time",
        "intercept": "mean_square_displacement",
        "intercept_standard_error": "mean_square_displacement",
        "exponent": "diffusion_exponent",
        "exponent_standard_error": "diffusion_exponent",
        "temperature": "temperature",
        "viscosity": "viscosity",
        "viscosity_standard_error": "viscosity",
        "box_correction": "diffusion_coefficient",
        "corrected_diffusion_coefficient": "diffusion_coefficient",
        "corrected_standard_error": "diffusion_coefficient",
        "radius": "hydrodynamic_radius",
        "radius_standard_error": "hydrodynamic_radius",
    }

    def __repr__(self) -> str:
        """Return one line: what, how fast, by which range."""
        begin, end = self.fitted_range
        if math.isnan(self.diffusion_coefficient):
            bound = "" if math.isnan(self.upper_bound) else f"D < {self.upper_bound:.2g} m2/s, "
            said = f"{bound}{self.verdict}"
        else:
            said = f"D = {self.diffusion_coefficient:.3g} ± {self.standard_error:.2g} m2/s"
        return f"<Diffusion of {self.n_particles} {self.of}: {said} (lags {begin:.3g} to {end:.3g} ps)>"

    @property
    def per_fs(self) -> tuple[float, float]:
        """Diffusion coefficient and its standard error, Å2/fs."""
        return self.diffusion_coefficient / SQUARE_METERS, self.standard_error / SQUARE_METERS

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these numbers."""
        return Provenance(
            input=" + ".join(str(path) for path in self.frames.source.files) or self.frames.source.origin,
            inputs=input_files(self.frames.source.files),
            settings={
                "definitions": DEFINITIONS,
                **self.given,
                "frames": [int(k) for k in self.frames.frame_numbers[[0, -1]]],
                "discarded_frames": self.frames.discarded,
            },
            warnings=self.warnings,
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return the curve: lag, MSD, its parts along x, y, z, and the line within the fitted range."""
        begin, end = self.fitted_range
        steps = self.lags * 1000 / self.frame_interval
        inside = (self.lags >= begin * (1 - 1e-9)) & (self.lags <= end * (1 + 1e-9))
        columns = {
            "lag_ps": self.lags,
            "msd": self.msd,
            **{f"msd_{axis}": self.msd_axes[:, k] for k, axis in enumerate("xyz")},
            "line": np.where(inside, self.line.intercept + self.line.slope * steps, np.nan),
        }
        names = dict.fromkeys(columns, "mean_square_displacement") | {"lag_ps": "time"}
        return dataframe(columns, quantity_names=names)
