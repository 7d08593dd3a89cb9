"""What band edges are: their energies, k-points, degenerate sets, and the gap between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

Carrier = Literal["electron", "hole"]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """The top of the occupied bands, or the bottom of the empty ones.

    Attributes
    ----------
    carrier : "electron" or "hole"
    energy : float
        eV, of the printed points.
    spin : int
        0 or 1.
    bands : tuple of int
        The degenerate set, counted from 1, lowest first.
    kpoint : float64 (3,)
        Fractional, as the file writes it.
    label : str
        "R", or "" where it has no name.
    rows : tuple of int
        All rows of the k-points where it stands: repeated joints, points equivalent by symmetry.
    fitted_energy : float
        eV, of the extremum between the points; NaN where the edge lies at a point that symmetry makes extremal,
        or where it cannot be fitted.
    fitted_kpoint : float64 (3,)
        Of that extremum; NaN.
    """

    carrier: Carrier
    energy: float
    spin: int
    bands: tuple[int, ...]
    kpoint: Floats
    label: str
    rows: tuple[int, ...]
    fitted_energy: float = math.nan
    fitted_kpoint: Floats = field(default_factory=lambda: np.full(3, np.nan))

    @property
    def degeneracy(self) -> int:
        """States in the set, without the spin of non-magnetic bands."""
        return len(self.bands)

    @property
    def name(self) -> str:
        """Label, or the coordinates where it has none."""
        return self.label or "(" + " ".join(f"{x:.4g}" for x in self.kpoint + 0.0) + ")"

    def __repr__(self) -> str:
        """Return one line."""
        which = "VBM" if self.carrier == "hole" else "CBM"
        numbers = "-".join(str(n) for n in dict.fromkeys((self.bands[0], self.bands[-1])))
        return f"<{which} {self.energy:.4f} eV at {self.name}, band {numbers}>"


@dataclass(frozen=True, slots=True, eq=False)
class OffSymmetry:
    """An edge beside a point of symmetry, as spin-orbit coupling without inversion makes it (Rashba).

    Attributes
    ----------
    carrier : "electron" or "hole"
    center : str
        Name of the point beside which it lies.
    direction : float64 (3,)
        Cartesian unit vector from the center to the edge.
    momentum_offset, momentum_offset_error : float
        k_R, 1/Å.
    energy : float
        E_R, eV: how far the edge lies beyond the center.
    energy_error : float
        eV.
    alpha : float
        Rashba parameter 2 E_R / k_R, eV Å; NaN where the bands do not meet at the center, so that spin-orbit
        coupling is not what moves the edge.
    alpha_error : float
    """

    carrier: Carrier
    center: str
    direction: Floats
    momentum_offset: float
    momentum_offset_error: float
    energy: float
    energy_error: float
    alpha: float
    alpha_error: float


@dataclass(frozen=True, eq=False, repr=False)
class BandEdges(Result):
    """Edges and gap of a band structure.

    Attributes
    ----------
    gap : float
        eV, of the printed points, whatever their k-points and spins.
    gap_su : float
        eV, from the last printed digit: two roundings.
    direct : bool
        Whether both edges stand at one k-point (or equivalent ones) and in one spin channel, or the smallest
        vertical transition is as small as the gap within the printed digits.
    vbm, cbm : Edge
    direct_gap : float
        eV, the smallest vertical transition within one spin channel.
    direct_kpoint : float64 (3,)
    direct_label : str
    degeneracy_tolerance : float
        eV.
    off_symmetry : tuple of OffSymmetry
    spin_gaps : tuple of float
        eV, of each spin channel alone.
    occupied : tuple of int
        Filled bands of each spin channel.
    notes : tuple of str
    provenance : Provenance

    Examples
    --------
    >>> import numpy as np, perovchem as pc
    >>> x = np.linspace(0, 0.5, 11)
    >>> shape = 0.5 * (1 - np.cos(2 * np.pi * x))
    >>> bands = pc.Bands(
    ...     kpoints=np.column_stack([x, 0 * x, 0 * x]), reciprocal_cell=np.eye(3),
    ...     energies=np.column_stack([-shape, 2 + shape])[None], electrons=(2.0,),
    ... )
    >>> pc.band_edges(bands)
    <BandEdges: gap 2.0000 eV, direct at (0 0 0)>
    """

    gap: float
    gap_su: float
    direct: bool
    vbm: Edge
    cbm: Edge
    direct_gap: float
    direct_kpoint: Floats
    direct_label: str
    degeneracy_tolerance: float
    off_symmetry: tuple[OffSymmetry, ...]
    spin_gaps: tuple[float, ...]
    occupied: tuple[int, ...]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    command: ClassVar[str] = "bands"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "gap": "band_gap",
        "gap_su": "band_gap",
        "direct_gap": "band_gap",
        "spin_gaps": "band_gap",
        "degeneracy_tolerance": "degeneracy_tolerance",
        "energy": "band_energy",
    }

    def __repr__(self) -> str:
        """Return one line: gap and where."""
        where = f"direct at {self.vbm.name}" if self.direct else f"{self.vbm.name} to {self.cbm.name}"
        return f"<BandEdges: gap {self.gap:.4f} eV, {where}>"

    @property
    def both(self) -> tuple[Edge, Edge]:
        """CBM and VBM."""
        return self.cbm, self.vbm

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per edge."""
        edges = (self.vbm, self.cbm)
        columns: dict[str, Any] = {
            "edge": ["VBM", "CBM"],
            "energy": [edge.energy for edge in edges],
            "spin": [edge.spin for edge in edges],
            "bands": [edge.bands for edge in edges],
            "kpoint": [tuple(edge.kpoint.tolist()) for edge in edges],
            "label": [edge.label for edge in edges],
        }
        return dataframe(columns, quantity_names={"energy": "band_energy"})
