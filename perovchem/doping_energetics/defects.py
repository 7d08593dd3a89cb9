"""Charged point defects: formation energies against the Fermi level, and transition levels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import MissingDataError, UsageError, nearest
from perovchem.result import Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

HIGHEST_CHARGE: Final = 20
_SAME: Final = 1e-9
"""eV: levels this close are one, and the charge state between them is never the stable one."""
SHALLOW: Final = 0.1
"""eV: a level nearer than this to the band that feeds it is called shallow."""


@dataclass(frozen=True, slots=True)
class DefectCalculation:
    """One defect in one charge state, in a supercell.

    Attributes
    ----------
    defect : str
        "V_Br", "Br_i", "I_Cl".
    charge : int
        q, in e.
    energy : float
        Total energy of the supercell, eV.
    change : mapping of str to float
        Atoms added to the host's supercell, by element: {"Br": -1} for a vacancy, {"I": 1, "Cl": -1}.
    correction : float
        E_corr, eV: image charges and potential alignment.
    correction_name : str
        What it is: "Freysoldt 2009", "none (neutral)".
    uncertainty : float
        Standard uncertainty of energy and correction together, eV; NaN where none is given.
    """

    defect: str
    charge: int
    energy: float
    change: Mapping[str, float]
    correction: float = 0.0
    correction_name: str = ""
    uncertainty: float = math.nan


@dataclass(frozen=True, slots=True)
class Line:
    """Formation energy of one charge state: ``at_vbm + charge * fermi_level``.

    Attributes
    ----------
    defect : str
    charge : int
    at_vbm : float
        Formation energy with the Fermi level at the valence band maximum, eV.
    uncertainty : float
        eV; NaN where none is given.
    stable : (float, float)
        Fermi levels above the VBM between which no other charge state of the defect is lower, eV, within the gap; NaN
        where there are none.
    """

    defect: str
    charge: int
    at_vbm: float
    uncertainty: float
    stable: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TransitionLevel:
    """Fermi level at which two charge states of a defect cost the same.

    Attributes
    ----------
    defect : str
    charges : (int, int)
        Stable below, stable above.
    level : float
        Above the VBM, eV.
    uncertainty : float
        eV.
    place : "in the gap", "in the valence band" or "in the conduction band"
    kind : str
        "shallow donor", "deep donor", "shallow acceptor", "deep acceptor", "deep, amphoteric"; "" outside of the gap.
    negative_u : bool
        Whether charge states between the two are never the stable one.
    """

    defect: str
    charges: tuple[int, int]
    level: float
    uncertainty: float
    place: str
    kind: str
    negative_u: bool


@dataclass(frozen=True, eq=False, repr=False)
class DefectDiagram(Result):
    r"""Formation energies of charged defects under one set of chemical potentials.

    .. math:: E_f(q, E_F) = E(\text{defect}) - E(\text{host}) - \sum_i n_i \mu_i + q (E_\text{VBM} + E_F)
        + E_\text{corr}

    C. Freysoldt et al., Rev. Mod. Phys. 86, 253 (2014), doi 10.1103/RevModPhys.86.253.

    Attributes
    ----------
    condition : str
        "Br-rich"; "" where only one set was given.
    chemical_potentials : mapping of str to float
        eV per atom.
    vbm : float
        E_VBM on the scale of the total energies' potential, eV.
    gap : float
        eV.
    lines : tuple of Line
        Every charge state.
    levels : tuple of TransitionLevel
        Between stable charge states, also outside of the gap.
    pinning : float
        Fermi level where the lowest positive and the lowest negative line of all defects cross, eV above the VBM: where
        they pin it if nothing else is there; NaN where they do not cross within the gap.
    notes : tuple of str
    provenance : Provenance
    """

    condition: str
    chemical_potentials: Mapping[str, float]
    vbm: float
    gap: float
    lines: tuple[Line, ...]
    levels: tuple[TransitionLevel, ...]
    pinning: float
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "defects"
    quantity_names: ClassVar[dict[str, str]] = {
        "vbm": "band_energy",
        "gap": "band_gap",
        "at_vbm": "defect_formation_energy",
        "uncertainty": "defect_formation_energy",
        "level": "transition_level",
        "stable": "transition_level",
        "pinning": "transition_level",
        "chemical_potentials": "chemical_potential",
        "charge": "charge",
        "charges": "charge",
    }

    def __repr__(self) -> str:
        """Return one line: defects and levels."""
        names = ", ".join(self.defects)
        inside = sum(one.place == "in the gap" for one in self.levels)
        return f"<DefectDiagram of {names}: {inside} transition levels in a gap of {self.gap:.2f} eV>"

    @property
    def defects(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(dict.fromkeys(line.defect for line in self.lines))

    def formation_energy(self, defect: str, fermi_level: Floats | float) -> Floats:
        """Return the lowest formation energy of a defect over its charge states, eV.

        Parameters
        ----------
        defect : str
        fermi_level : float64, any shape
            Above the VBM, eV.
        """
        if defect not in self.defects:
            raise UsageError(f"there is no defect {defect!r}", fix=nearest(defect, self.defects))
        levels = np.asarray(fermi_level, np.float64)
        lowest: Floats = np.min(
            [line.at_vbm + line.charge * levels for line in self.lines if line.defect == defect], axis=0
        )
        return lowest

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per charge state."""
        columns = {
            "defect": [line.defect for line in self.lines],
            "charge": [line.charge for line in self.lines],
            "at_vbm": [line.at_vbm for line in self.lines],
            "at_cbm": [line.at_vbm + line.charge * self.gap for line in self.lines],
            "uncertainty": [line.uncertainty for line in self.lines],
            "stable_from": [line.stable[0] for line in self.lines],
            "stable_to": [line.stable[1] for line in self.lines],
        }
        names = dict.fromkeys(("at_vbm", "at_cbm", "uncertainty"), "defect_formation_energy")
        names |= dict.fromkeys(("stable_from", "stable_to"), "transition_level")
        return dataframe(columns, quantity_names=names)


def defect_formation(
    calculations: Sequence[DefectCalculation],
    *,
    host_energy: float,
    vbm: float,
    gap: float,
    chemical_potentials: Mapping[str, float],
    condition: str = "",
    host_uncertainty: float = math.nan,
    provenance: Provenance | None = None,
) -> DefectDiagram:
    """Return formation energies and transition levels of defects.

    E_f(q, E_F) = E(defect) - E(host) - sum of n mu + q (E_VBM + E_F) + E_corr (doi 10.1103/RevModPhys.86.253).

    Parameters
    ----------
    calculations : sequence of DefectCalculation
        Each defect in its charge states.
    host_energy : float
        Total energy of the perfect supercell, eV.
    vbm : float
        Energy of its valence band maximum, eV.
    gap : float
        eV.
    chemical_potentials : mapping of str to float
        eV per atom, of every element that is added or taken away.
    condition : str
        What they stand for: "Br-rich".
    host_uncertainty : float
        Of the host's energy, eV; shared by all lines, so not part of the transition levels.
    provenance : Provenance, optional

    Returns
    -------
    DefectDiagram

    Raises
    ------
    MissingDataError
        If a chemical potential is missing.
    UsageError
        If a charge state is there twice or a number makes no sense.

    Examples
    --------
    >>> vacancy = [DefectCalculation("V_Br", q, -100.0 - 3.9 * q, {"Br": -1}) for q in (0, 1)]
    >>> found = defect_formation(
    ...     vacancy, host_energy=-103.0, vbm=1.5, gap=2.3, chemical_potentials={"Br": -1.5}
    ... )
    >>> found.levels[0].charges, round(found.levels[0].level, 3), found.levels[0].kind
    ((1, 0), 2.4, '')
    """
    _check(calculations, host_energy, vbm, gap)
    potentials = dict(chemical_potentials)
    energies = {}
    for one in calculations:
        missing = [element for element, number in one.change.items() if number and element not in potentials]
        if missing:
            raise MissingDataError(
                f"{one.defect} changes {missing[0]}, whose chemical potential is missing",
                where=condition,
                fix=f"give it, eV per atom: {missing[0]} = ...",
            )
        exchanged = sum(number * potentials[element] for element, number in one.change.items() if number)
        energies[one.defect, one.charge] = (
            one.energy - host_energy - exchanged + one.charge * vbm + one.correction
        )
    spread = {(one.defect, one.charge): one.uncertainty for one in calculations}
    lines: list[Line] = []
    levels: list[TransitionLevel] = []
    for defect in dict.fromkeys(one.defect for one in calculations):
        mine = {charge: energy for (name, charge), energy in energies.items() if name == defect}
        hull = _envelope(mine)
        bounds = _bounds(hull, gap)
        for charge in sorted(mine, reverse=True):
            uncertainty = _both(spread[defect, charge], host_uncertainty)
            lines.append(
                Line(defect, charge, mine[charge], uncertainty, bounds.get(charge, (math.nan, math.nan)))
            )
        for (upper, energy), (lower, other) in itertools.pairwise(hull):
            level = (other - energy) / (upper - lower)
            error = (
                math.hypot(*(np.nan_to_num(spread[defect, q]) for q in (upper, lower))) / (upper - lower)
                if any(math.isfinite(spread[defect, q]) for q in (upper, lower))
                else math.nan
            )
            skipped = any(lower < charge < upper for charge in mine)
            levels.append(
                TransitionLevel(
                    defect, (upper, lower), level, error, _place(level, gap),
                    _kind(upper, lower, level, gap), skipped,
                )
            )  # fmt: skip
    return DefectDiagram(
        condition, potentials, vbm, gap, tuple(lines), tuple(levels), _pinning(lines, gap),
        _notes(calculations), provenance or Provenance(),
    )  # fmt: skip


def _check(calculations: Sequence[DefectCalculation], host_energy: float, vbm: float, gap: float) -> None:
    if not calculations:
        raise UsageError("there are no defects", fix="give at least one")
    if not all(map(math.isfinite, (host_energy, vbm, gap))) or gap <= 0:
        raise UsageError(
            f"a host of {host_energy} eV with its VBM at {vbm} eV and a gap of {gap} eV",
            fix="give finite energies and a positive gap",
        )
    seen = set()
    changes: dict[str, dict[str, float]] = {}
    for one in calculations:
        name = f"{one.defect} with charge {one.charge:+d}"
        if (one.defect, one.charge) in seen:
            raise UsageError(f"{name} is there twice", fix="give each charge state once")
        seen.add((one.defect, one.charge))
        if not (math.isfinite(one.energy) and math.isfinite(one.correction)):
            raise UsageError(f"{name} has no finite energy", fix="check its energy and correction")
        if abs(one.charge) > HIGHEST_CHARGE:
            raise UsageError(f"{name}", fix=f"charges go up to {HIGHEST_CHARGE}")
        change = {element: number for element, number in one.change.items() if number}
        if changes.setdefault(one.defect, change) != change:
            raise UsageError(
                f"the charge states of {one.defect} change different atoms",
                fix="give one defect one name, and all its charge states the same change",
            )


def _envelope(energies: Mapping[int, float]) -> list[tuple[int, float]]:
    """Return the charge states on the lower envelope of the lines, from the most positive (at low E_F) on."""
    hull: list[tuple[int, float]] = []
    for charge in sorted(energies, reverse=True):
        line = (charge, energies[charge])
        while len(hull) > 1 and _crossing(hull[-2], line) <= _crossing(hull[-2], hull[-1]) + _SAME:
            hull.pop()
        hull.append(line)
    return hull


def _crossing(one: tuple[int, float], other: tuple[int, float]) -> float:
    return (other[1] - one[1]) / (one[0] - other[0])


def _bounds(hull: Sequence[tuple[int, float]], gap: float) -> dict[int, tuple[float, float]]:
    """Return between which Fermi levels each charge state is the lowest, within the gap."""
    edges = [-math.inf, *(_crossing(one, other) for one, other in itertools.pairwise(hull)), math.inf]
    found = {}
    for (charge, _), low, high in zip(hull, edges, edges[1:], strict=False):
        inside = max(low, 0.0), min(high, gap)
        if inside[0] < inside[1]:
            found[charge] = inside
    return found


def _place(level: float, gap: float) -> str:
    if level < 0:
        return "in the valence band"
    return "in the conduction band" if level > gap else "in the gap"


def _kind(upper: int, lower: int, level: float, gap: float) -> str:
    """Return what a level in the gap is: a donor gives electrons up, an acceptor takes them."""
    if not 0 <= level <= gap:
        return ""
    if lower >= 0:
        return "shallow donor" if gap - level < SHALLOW else "deep donor"
    if upper <= 0:
        return "shallow acceptor" if level < SHALLOW else "deep acceptor"
    return "deep, amphoteric"


def _both(one: float, other: float) -> float:
    """Return two independent uncertainties together; NaN only where both are unknown."""
    if math.isnan(one) and math.isnan(other):
        return math.nan
    return math.hypot(0.0 if math.isnan(one) else one, 0.0 if math.isnan(other) else other)


def _pinning(lines: Sequence[Line], gap: float) -> float:
    """Return where the lowest positive and negative lines cross; both envelopes are monotonic."""
    levels = np.linspace(0, gap, 20001)
    positive = [line for line in lines if line.charge > 0]
    negative = [line for line in lines if line.charge < 0]
    if not positive or not negative:
        return math.nan
    best: Floats = np.min([line.at_vbm + line.charge * levels for line in positive], axis=0)
    other: Floats = np.min([line.at_vbm + line.charge * levels for line in negative], axis=0)
    above = best - other
    if above[0] > 0 or above[-1] < 0:
        return math.nan
    k = int(np.searchsorted(above, 0.0))
    if k == 0 or above[k] == 0:
        return float(levels[k])
    return float(levels[k - 1] - above[k - 1] * (levels[k] - levels[k - 1]) / (above[k] - above[k - 1]))


def _notes(calculations: Sequence[DefectCalculation]) -> tuple[str, ...]:
    """Return what a reader must know."""
    bare = [
        f"{one.defect} {one.charge:+d}"
        for one in calculations
        if one.charge and not one.correction and not one.correction_name
    ]
    if bare:
        return (
            "no correction for image charges is given for "
            + ", ".join(bare)
            + ": formation energies of charged cells "
            "are off by up to some tenths of an eV",
        )
    return ()
