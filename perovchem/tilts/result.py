"""What is known of the tilts of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.coordination import Coordination
from perovchem.result import Provenance, Result, dataframe
from perovchem.tilts.forgetting import TiltMemory
from perovchem.tilts.glazer import DECIDED, SAME_TILT, SMALLEST_TILT, Glazer
from perovchem.tilts.hopping import CORE, Hopping
from perovchem.uncertainty import BlockAverage, ratio_average

if TYPE_CHECKING:
    import pandas as pd

MODES: Final = ("Eg", "T2g", "T1u", "T2u")
DEFINITIONS: Final[Mapping[str, str]] = {
    "axes": "orthonormal, nearest to the mean ways between centers that share a ligand; z is nearest to c, x to a",
    "tilt": "component along x, y, z of the rotation vector (axis times angle) that turns axes into the octahedron's",
    "phase": "<θ_i θ_j> / <θ²> of the next octahedra along an axis: 1 in phase, -1 out of phase",
    "lasting tilt": "root mean square over octahedra of the tilt averaged over the run, less what chance gives; its "
    "standard error is that of one octahedron, as if all tilted together",
    "in and out of phase": "parts of the lasting tilts that alternate along the two other axes, and along all three",
    "glazer": f"lasting tilts: 0 below {SMALLEST_TILT:g} degree, one letter where they differ by less than "
    f"{SAME_TILT:g} degree or three standard errors; + in phase, - out of phase, ? where the smaller of the "
    f"two is more than {DECIDED:g} of the larger",
    "modes": "amplitudes of the displacements of six ligands from a regular octahedron of the mean bond length, in its "
    "turned axes; their squares add up",
    "memory": "<θ(s) θ(s + t)> / <θ²>; its time is where it has fallen to 1/e",
    "hop": f"a halide comes nearer than {CORE:g} spacings to another site, midway between neighboring centers, than "
    "the one that it was at",
}


@dataclass(frozen=True, eq=False, repr=False)
class Tilts(Result):
    """Rotations and distortions of the octahedra of one run.

    Attributes
    ----------
    shells : Coordination
    axes : float64 (1 or n_frames, 3, 3)
        Rows x, y, z: the pseudo-cubic axes that tilts are about.
    spacings : float64 (3,)
        From center to center along them in the first frame, Å.
    directions : three rows of three int, or None
        The axes as combinations of cell vectors, where they are such: what ``orientation`` takes as lattice.
    angles : float64 (n_frames, n_centers, 3)
        Tilts about x, y, z, degrees; NaN where too few ligands are at their places.
    modes : float64 (n_frames, n_centers, 4)
        Amplitudes of Eg, T2g, T1u, T2u, Å; NaN unless six ligands are at their places.
    n_whole, n_incomplete, n_beyond : int
        Octahedra with all six places taken, with fewer, and ligands beyond the six.
    lasting : float64 (3,)
        Root mean square of the tilts averaged over the run, degrees.
    lasting_error : float64 (3,)
        Its standard error as if all octahedra tilted together, which they mostly do, degrees; NaN for one frame.
    lasting_converged : three of bool
        Whether that is more than a lower bound.
    phases : mapping of (int, int) to BlockAverage
        Correlation of the tilt about one axis between the next octahedra along another one.
    in_phase, out_of_phase : float64 (3,)
        The parts of the lasting tilts, degrees, that alternate along the two axes beside theirs, and along all three.
    glazer : Glazer
    memory : mapping of str to TiltMemory
        By axis; empty without evenly spaced times.
    hopping : Hopping
    warnings : tuple of str
    """

    shells: Coordination
    axes: Floats
    spacings: Floats
    directions: tuple[tuple[int, int, int], ...] | None
    angles: Floats
    modes: Floats
    n_whole: int
    n_incomplete: int
    n_beyond: int
    lasting: Floats
    lasting_error: Floats
    lasting_converged: tuple[bool, bool, bool]
    phases: Mapping[tuple[int, int], BlockAverage]
    in_phase: Floats
    out_of_phase: Floats
    glazer: Glazer
    memory: Mapping[str, TiltMemory]
    hopping: Hopping
    warnings: tuple[str, ...] = field(default=())

    command: ClassVar[str] = "tilts"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "n_frames": "n_frames",
        "tilt": "tilt_angle",
        "lasting_tilt": "tilt_angle",
        "lasting_tilt_standard_error": "tilt_angle",
        "phase": "tilt_phase",
        "lasting_tilt_in_phase": "tilt_angle",
        "lasting_tilt_out_of_phase": "tilt_angle",
        "modes": "octahedral_mode",
        "spacings": "octahedral_spacing",
        "memory": "tilt_time",
        "hop_rate": "hop_rate",
        "discarded_frames": "n_frames",
        "cutoffs": "cutoff",
        "axes": "pure_number",
        "n_octahedra": "pure_number",
        "hops": "pure_number",
        "sites": "pure_number",
    }

    def __repr__(self) -> str:
        """Return one line: tilt system, size of the tilts."""
        sizes = ", ".join(
            f"{name} {one.mean:.2f}" for name, one in zip("xyz", self.mean_squares, strict=True)
        )
        return (
            f"<Tilts of {len(self.shells.centers)} {'/'.join(self.shells.center)} in {len(self.shells.frames)} frames: "
            f"{self.glazer.symbol or 'no tilt system'}, mean squares {sizes} degree2>"
        )

    def told(self, warnings: tuple[str, ...]) -> Tilts:
        """Return the same with warnings."""
        return replace(self, warnings=warnings)

    @property
    def n_undefined(self) -> int:
        """Octahedra without a tilt, over all frames."""
        return int(np.isnan(self.angles[..., 0]).sum())

    @cached_property
    def mean_squares(self) -> tuple[BlockAverage, BlockAverage, BlockAverage]:
        """Mean square of the tilt about x, y, z over octahedra and frames, degree2."""
        return (self._mean_square(0), self._mean_square(1), self._mean_square(2))

    def _mean_square(self, k: int) -> BlockAverage:
        defined = np.isfinite(self.angles[..., k])
        return ratio_average(
            np.where(defined, self.angles[..., k] ** 2, 0.0).sum(axis=1), defined.sum(axis=1)
        )

    @cached_property
    def mean_modes(self) -> dict[str, BlockAverage]:
        """Mean amplitude of each mode over whole octahedra and frames, Å."""
        defined = np.isfinite(self.modes[..., 0])
        return {
            name: ratio_average(np.where(defined, self.modes[..., k], 0.0).sum(axis=1), defined.sum(axis=1))
            for k, name in enumerate(MODES)
        }

    @property
    def provenance(self) -> Provenance:
        """As that of the shells."""
        return replace(self.shells.provenance, warnings=self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        hops = self.hopping
        return {
            "formula": self.shells.frames.formula,
            "n_frames": len(self.shells.frames),
            "discarded_frames": self.shells.frames.discarded,
            "cutoffs": {n: {"value": c.value, "source": c.source} for n, c in self.shells.cutoffs.items()},
            "glazer": {
                "symbol": self.glazer.symbol,
                "space_group": self.glazer.space_group,
                "forced": list(self.glazer.forced),
            },
            "axes": self.axes[0].tolist(),
            "spacings": dict(zip("xyz", self.spacings.tolist(), strict=True)),
            "tilt": {
                name: {
                    "root_mean_square": float(np.sqrt(one.mean)),
                    # of a root, to first order
                    "standard_error": one.standard_error / (2 * float(np.sqrt(one.mean))) if one.mean else 0.0,
                    "converged": one.converged,
                }
                for name, one in zip("xyz", self.mean_squares, strict=True)
            },
            "lasting_tilt": dict(zip("xyz", self.lasting.tolist(), strict=True)),
            "lasting_tilt_standard_error": dict(zip("xyz", self.lasting_error.tolist(), strict=True)),
            "lasting_tilt_converged": dict(zip("xyz", self.lasting_converged, strict=True)),
            "phase": {
                f"{'xyz'[k]} along {'xyz'[d]}": {"mean": one.mean, "standard_error": one.standard_error}
                for (k, d), one in self.phases.items()
            },
            "lasting_tilt_in_phase": dict(zip("xyz", self.in_phase.tolist(), strict=True)),
            "lasting_tilt_out_of_phase": dict(zip("xyz", self.out_of_phase.tolist(), strict=True)),
            "modes": {
                name: {"mean": one.mean, "standard_error": one.standard_error}
                for name, one in self.mean_modes.items()
            },
            "n_octahedra": {
                "whole": self.n_whole, "incomplete": self.n_incomplete, "without_tilt": self.n_undefined,
                "ligands_beyond": self.n_beyond,
            },
            "memory": {
                name: {
                    "time": one.time, "standard_error": one.time_standard_error, "lower_bound": one.lower_bound
                }
                for name, one in self.memory.items()
            },
            "hops": hops.n_hops,
            "hop_rate": {
                "value": 1000 * hops.rate.value, "low": 1000 * hops.rate.low, "high": 1000 * hops.rate.high,
                "upper_bound": 1000 * hops.rate.upper_bound,
            },
            "sites": {
                "n": len(hops.sites), "empty": hops.empty, "shared": hops.shared, "halides_astray": hops.astray
            },
        }  # fmt: skip

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per frame and center: time, tilts, modes."""
        frames = self.shells.frames
        n_frames, n_centers = self.angles.shape[:2]
        times = np.full(n_frames, np.nan) if frames.times is None else frames.times / 1000
        columns: dict[str, Any] = {
            "frame": np.repeat(frames.frame_numbers, n_centers),
            "time_ps": np.repeat(times, n_centers),
            "center_atom": np.tile(self.shells.centers, n_frames),
        }
        columns |= {f"tilt_{name}": self.angles[..., k].ravel() for k, name in enumerate("xyz")}
        columns |= {name: self.modes[..., k].ravel() for k, name in enumerate(MODES)}
        names = dict.fromkeys((f"tilt_{name}" for name in "xyz"), "tilt_angle")
        return dataframe(
            columns, quantity_names={"time_ps": "time", **names, **dict.fromkeys(MODES, "octahedral_mode")}
        )
