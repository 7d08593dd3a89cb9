"""What effective masses are: along a direction, as a tensor, and all of one band structure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.band_edges import BandEdges, Carrier, EdgeCharacter
from perovchem.number_text import plus_minus
from perovchem.result import DETAIL, Provenance, Result, dataframe
from perovchem.units import HBAR2_PER_M0

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["ok", "drifting", "refused"]
TensorMethod = Literal["arms and symmetry", "stencil", "mesh"]


@dataclass(frozen=True, slots=True)
class Window:
    """What one window of an arm, fitted alone, says.

    Attributes
    ----------
    n_points : int
        k-points, with the edge.
    k_max : float
        Farthest of them from the edge, 1/Å.
    mass, standard_error : float
        m0.
    misfit : float
        Root mean square of the residuals over their standard deviation; about 1 where the form is right.
    order : int
        Highest power of E, or of k², that the data ask for.
    passes : bool
        Whether the residuals are no larger than rounding (and the scatter that was found) explains.
    """

    n_points: int
    k_max: float
    mass: float
    standard_error: float
    misfit: float
    order: int
    passes: bool


@dataclass(frozen=True, slots=True, eq=False)
class Mass:
    """The effective mass of one branch along one direction from an edge.

    Attributes
    ----------
    carrier : "electron" or "hole"
    band : int
        At the edge, counted from 1; followed by continuity from there.
    spin : int
        0 or 1.
    direction : float64 (3,)
        Cartesian unit vector that leads away from the edge.
    direction_label : str
        "R-Γ": from the edge towards the next named point; "R-[110]" where that has no name.
    kpoint : float64 (3,)
        Where the arm starts: the edge or a point equivalent to it, fractional.
    label : str
        "R" or "".
    mass : float
        m0, positive for electrons at a minimum and for holes at a maximum; NaN where refused.
    standard_error : float
        m0: rounding of the file, scatter of the energies, what the form leaves open, and drift with the window.
    alpha, alpha_error : float
        Kane's non-parabolicity, 1/eV: E (1 + alpha E) = ħ² k² / 2 m near the edge.
    r_squared : float
        Of the fit, over energies of the window.
    k_range : (float, float)
        1/Å, of the points that were fitted; the first is negative where both sides are fitted together.
    energy_range : (float, float)
        eV from the edge, of the points that were fitted.
    n_points : int
        Points fitted, with the edge.
    degeneracy : int
        Branches that coincide along the whole arm (Kramers pairs; not the spin of "none").
    verdict : "ok", "drifting" or "refused"
    reason : str
        A sentence; "" for ok.
    windows : tuple of Window
        Every window tried, narrowest first.
    k, energies : float64 (n,)
        All points of the arm, 1/Å from the edge and eV as printed, for figures.
    fit : float64 (2, m)
        k and energy of the fitted curve, over the window; (2, 0) where refused.
    direction_class : int
        Arms with the same number are equal by symmetry.
    shift : float
        Where the extremum lies along the arm, 1/Å from the edge's k-point; 0 where symmetry puts it there.
    rounding_error, form_error, drift : float
        The parts of ``standard_error``, m0: last printed digits and scatter; terms the fit cannot see; change
        with the window.
    """

    carrier: Carrier
    band: int
    spin: int
    direction: Floats
    direction_label: str
    kpoint: Floats
    label: str
    mass: float
    standard_error: float
    alpha: float
    alpha_error: float
    r_squared: float
    k_range: tuple[float, float]
    energy_range: tuple[float, float]
    n_points: int
    degeneracy: int
    verdict: Verdict
    reason: str
    windows: tuple[Window, ...]
    k: Floats
    energies: Floats
    fit: Floats
    direction_class: int
    shift: float = 0.0
    rounding_error: float = math.nan
    form_error: float = math.nan
    drift: float = math.nan

    @property
    def usable(self) -> bool:
        """Whether there is a number at all."""
        return self.verdict != "refused"

    def __repr__(self) -> str:
        """Return one line."""
        if not self.usable:
            return f"<{self.carrier} {self.direction_label} band {self.band}: refused, {self.reason}>"
        note = "" if self.verdict == "ok" else f", {self.verdict}"
        return (
            f"<{self.carrier} {self.direction_label} band {self.band}: "
            f"{plus_minus(self.mass, self.standard_error)} m0{note}>"
        )


@dataclass(frozen=True, slots=True, eq=False)
class MassTensor:
    """The inverse effective mass of one band at an edge, in all directions.

    Attributes
    ----------
    carrier : "electron" or "hole"
    band, spin : int
    kpoint : float64 (3,)
    label : str
    inverse_mass, inverse_mass_error : float64 (3, 3)
        1/m0, Cartesian; (1/ħ²) d²E/dk_i dk_j with the sign that makes it positive at an edge. NaN where refused.
    principal_masses, principal_errors : float64 (3,)
        m0, lightest first.
    axes : float64 (3, 3)
        Rows: Cartesian unit vectors of the principal axes.
    conductivity_mass, conductivity_error : float
        3 / (1/m1 + 1/m2 + 1/m3), m0.
    density_of_states_mass, density_of_states_error : float
        (m1 m2 m3)^(1/3), m0, of one valley.
    valleys : int
        Points equivalent to the edge; 0 where the symmetry is not known.
    method : "arms and symmetry", "stencil" or "mesh"
    verdict : "ok", "drifting" or "refused"
    reason : str
    n_data : int
        Directions, or points, that determine it.
    """

    carrier: Carrier
    band: int
    spin: int
    kpoint: Floats
    label: str
    inverse_mass: Floats
    inverse_mass_error: Floats
    principal_masses: Floats
    principal_errors: Floats
    axes: Floats
    conductivity_mass: float
    conductivity_error: float
    density_of_states_mass: float
    density_of_states_error: float
    valleys: int
    method: TensorMethod
    verdict: Verdict
    reason: str
    n_data: int = 0

    @property
    def usable(self) -> bool:
        """Whether there is a tensor at all."""
        return self.verdict != "refused"

    @property
    def all_valleys_mass(self) -> float:
        """Density-of-states mass with all valleys: times valleys^(2/3); NaN where their number is not known."""
        return self.density_of_states_mass * self.valleys ** (2 / 3) if self.valleys else math.nan

    def along(self, direction: Floats) -> float:
        """Return the mass along a Cartesian direction, m0."""
        unit = np.asarray(direction, np.float64) / np.linalg.norm(direction)
        return float(1 / (unit @ self.inverse_mass @ unit))

    def __repr__(self) -> str:
        """Return one line."""
        if not self.usable:
            return f"<mass tensor, {self.carrier} band {self.band}: refused, {self.reason}>"
        values = ", ".join(
            str(plus_minus(m, e)) for m, e in zip(self.principal_masses, self.principal_errors, strict=True)
        )
        return f"<mass tensor, {self.carrier} band {self.band}, by {self.method}: {values} m0>"


@dataclass(frozen=True, eq=False, repr=False)
class EffectiveMasses(Result):
    """Masses of both edges.

    Attributes
    ----------
    edges : BandEdges
    masses : tuple of Mass
        Every branch along every arm, electrons first; also those that are refused, with the reason.
    tensors : tuple of MassTensor
    character : EdgeCharacter or None
        Where the file has projections.
    settings : mapping
        Every choice that was made.
    notes : tuple of str
    provenance : Provenance
    """

    edges: BandEdges
    masses: tuple[Mass, ...]
    tensors: tuple[MassTensor, ...]
    character: EdgeCharacter | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    command: ClassVar[str] = "masses"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "gap": "band_gap",
        "mass": "effective_mass",
        "standard_error": "effective_mass",
        "alpha": "kane_alpha",
        "alpha_error": "kane_alpha",
        "principal_masses": "effective_mass",
        "principal_errors": "effective_mass",
        "inverse_mass": "inverse_mass",
        "inverse_mass_error": "inverse_mass",
        "r_squared": "fit_quality",
        "k_range": "wave_vector",
        "shift": "wave_vector",
        "energy_range": "band_energy",
        "conductivity_mass": "effective_mass",
        "density_of_states_mass": "effective_mass",
    }

    def __repr__(self) -> str:
        """Return one line: how many masses, their range."""
        words = []
        for carrier in ("electron", "hole"):
            values = [m.mass for m in self.masses if m.carrier == carrier and m.usable]
            refused = sum(m.carrier == carrier and not m.usable for m in self.masses)
            words.append(
                f"{carrier}s {min(values):.3f}-{max(values):.3f} m0 ({len(values)})"
                if values
                else f"no {carrier} mass ({refused} refused)"
            )
        return f"<EffectiveMasses: gap {self.edges.gap:.4f} eV, {', '.join(words)}>"

    def of(self, carrier: Carrier) -> tuple[Mass, ...]:
        """Return the masses of a carrier that are no refusals."""
        return tuple(mass for mass in self.masses if mass.carrier == carrier and mass.usable)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        edges = self.edges
        return {
            "gap": {
                "value": edges.gap,
                "direct": edges.direct,
                "vbm_k": edges.vbm.kpoint.tolist(),
                "cbm_k": edges.cbm.kpoint.tolist(),
            },
            "masses": [_mass_row(mass) for mass in self.masses],
            "tensors": [_tensor_row(tensor) for tensor in self.tensors],
            "notes": list(self.notes),
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per branch and arm."""
        rows = [_mass_row(mass) for mass in self.masses]
        names = list(_mass_row_names())
        return dataframe(
            {name: [row[name] for row in rows] for name in names},
            quantity_names={name: self.quantity_names[name] for name in names if name in self.quantity_names},
        )


def curve(k: Floats, mass: float, alpha: float) -> Floats:
    """Return Kane's energies above an edge, eV: the root of E (1 + alpha E) = ħ² k² / 2 m.

    Examples
    --------
    >>> curve(np.array([0.0, 0.1]), 0.1, 0.0).round(4)
    array([0.   , 0.381])
    """
    parabola = HBAR2_PER_M0 * k**2 / (2 * mass)
    found: Floats = 2 * parabola / (1 + np.sqrt(np.maximum(1 + 4 * alpha * parabola, 0)))
    return found


def _mass_row_names() -> tuple[str, ...]:
    return (
        "carrier", "band", "spin", "label", "direction", "direction_class", "mass", "standard_error", "alpha",
        "alpha_error", "r_squared", "k_range", "energy_range", "n_points", "degeneracy", "shift", "verdict", "reason",
    )  # fmt: skip


def _mass_row(mass: Mass) -> dict[str, Any]:
    row = {name: getattr(mass, name) for name in _mass_row_names()}
    row["direction"] = mass.direction_label
    return row


def _tensor_row(tensor: MassTensor) -> dict[str, Any]:
    return {name: getattr(tensor, name) for name in MassTensor.__slots__}
