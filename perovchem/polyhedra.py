"""Volumes and distortions of the polyhedra that ligands make around their centers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem._kernels import polyhedra as kernels
from perovchem.coordination import Coordination
from perovchem.frames import Floats
from perovchem.result import Provenance, Result
from perovchem.uncertainty import BlockAverage, ratio_average

if TYPE_CHECKING:
    import pandas as pd

_TOLERANCE: Final = 1e-12
"""Of the longest bond: ligands this near to a plane lie in it."""
_FLAT: Final = 1e-6
"""Of the cube of the longest bond: smaller hulls are coplanar but for the 8 decimals that files print."""
_OPEN: Final = 1e-9
"""A hull whose vector areas do not cancel to this part is done again by Qhull."""
DISTORTIONS: Final = ("quadratic_elongation", "bond_angle_variance", "baur_distortion_index", "off_centering")


@dataclass(frozen=True, eq=False, repr=False)
class Polyhedra(Result):
    """Convex hulls of the ligands of every center in every frame.

    Attributes
    ----------
    shells : Coordination
    volumes : float64 (n_frames, n_centers)
        Å3; NaN below four ligands and where they are coplanar.
    depth : float64 (n_frames, n_centers)
        Distance from the center to the nearest facet, Å; negative where the center lies outside
        (hemidirected Pb2+).
    distortion : float64 (n_frames, n_centers, 4)
        Of octahedra (six ligands): quadratic elongation, bond-angle variance (degree2), Baur distortion
        index, off-centering (Å); NaN for others.
    """

    shells: Coordination
    volumes: Floats
    depth: Floats
    distortion: Floats

    command: ClassVar[str] = "coordination"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "volume": "volume",
        "quadratic_elongation": "quadratic_elongation",
        "bond_angle_variance": "bond_angle_variance",
        "baur_distortion_index": "baur_distortion_index",
        "off_centering": "off_centering",
    }

    def __repr__(self) -> str:
        """Return one line: mean volume and how many have none."""
        mean = self.mean_volume
        return (
            f"<Polyhedra: volume {mean.mean:.2f} ± {mean.standard_error:.2f} Å3, "
            f"undefined {self.n_undefined} of {self.volumes.size}>"
        )

    @property
    def provenance(self) -> Provenance:
        """As that of the shells."""
        return self.shells.provenance

    @property
    def n_undefined(self) -> int:
        """Polyhedra without a volume: fewer than four ligands, or all in one plane."""
        return int(np.isnan(self.volumes).sum())

    @property
    def n_off_center(self) -> int:
        """Polyhedra that do not contain their center."""
        return int((self.depth < 0).sum())

    @cached_property
    def mean_volume(self) -> BlockAverage:
        """Mean over the defined polyhedra, Å3; standard error from blocks of frames."""
        defined = ~np.isnan(self.volumes)
        return ratio_average(np.where(defined, self.volumes, 0.0).sum(axis=1), defined.sum(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        defined = self.volumes[~np.isnan(self.volumes)]
        octahedra = self.distortion[~np.isnan(self.distortion[..., 0])]
        return {
            "volume": {
                "mean": self.mean_volume.mean,
                "standard_error": self.mean_volume.standard_error,
                "sd": float(defined.std(ddof=1)) if len(defined) > 1 else float("nan"),
                "n_defined": len(defined),
                "n_undefined": self.n_undefined,
                "n_off_center": self.n_off_center,
            },
            "octahedra": {
                "n": len(octahedra),
                **{
                    name: float(octahedra[:, k].mean()) if len(octahedra) else float("nan")
                    for k, name in enumerate(DISTORTIONS)
                },
            },
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return the shells' table with volume, depth and distortion of each polyhedron."""
        table = self.shells.to_dataframe()
        table["volume_A3"] = self.volumes.ravel()
        table["center_depth_A"] = self.depth.ravel()
        for k, name in enumerate(DISTORTIONS):
            table[name] = self.distortion[..., k].ravel()
        return table


def polyhedra(shells: Coordination) -> Polyhedra:
    r"""Return volume and distortion of the polyhedron around each center.

    The volume is that of the convex hull of the bound ligands. With l_i the bond lengths, l_0 the bond length
    of the regular octahedron of the same volume (V = 4 l_0^3/3), and θ_j the twelve cis angles [1]_ [2]_:

    .. math:: \langle\lambda\rangle = \frac{1}{6}\sum_i (l_i/l_0)^2, \quad
              \sigma^2 = \frac{1}{11}\sum_j (\theta_j - 90°)^2, \quad
              D = \frac{1}{6}\sum_i |l_i - \bar l|/\bar l

    and the off-centering is the distance from the center to the mean of its ligands.

    Parameters
    ----------
    shells : Coordination

    Returns
    -------
    Polyhedra
        NaN, never 0, where a volume is undefined: fewer than four ligands, or coplanar ones.

    References
    ----------
    .. [1] Robinson, Gibbs & Ribbe 1971, doi 10.1126/science.172.3983.567.
    .. [2] Baur 1974, doi 10.1107/S0567740874004560.

    Examples
    --------
    The octahedron of cubic CsPbCl3 has the volume a^3/6:

    >>> import perovchem as pc
    >>> crystal = pc.read_frames(pc.reference.path("CsPbCl3_cubic"))
    >>> shells = pc.coordination(crystal, center="Pb", ligands="Cl")
    >>> pc.polyhedra(shells).volumes.round(3).tolist(), round(5.605**3 / 6, 3)
    ([[29.348]], 29.348)
    """
    bonds = shells.bonds
    size = len(bonds.offsets) - 1
    volume, depth, gap = np.empty(size), np.empty(size), np.empty(size)
    kernels.measure(bonds.offsets, bonds.vector, _TOLERANCE, _FLAT, volume, depth, gap)
    many = np.diff(bonds.offsets) > 64
    for k in np.flatnonzero(many | (gap > _OPEN)):
        volume[k], depth[k] = _by_qhull(bonds.vector[bonds.offsets[k] : bonds.offsets[k + 1]])
    distortion = np.empty((size, 4))
    kernels.distort(bonds.offsets, bonds.vector, volume, distortion)
    shape = bonds.n_frames, bonds.n_centers
    return Polyhedra(shells, volume.reshape(shape), depth.reshape(shape), distortion.reshape(*shape, 4))


def _by_qhull(points: Floats) -> tuple[float, float]:
    """Return volume and depth of one hull by Qhull: crowded shells, and nearly coplanar ones."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
    except QhullError:
        return float("nan"), float("nan")
    if not hull.volume > _FLAT * np.linalg.norm(points, axis=1).max() ** 3:
        return float("nan"), float("nan")
    return float(hull.volume), float(-hull.equations[:, 3].max())
