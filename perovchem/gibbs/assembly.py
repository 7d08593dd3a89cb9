"""The terms of a Gibbs energy put together: sums over modes by every treatment, their uncertainty, the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation
from perovchem.gibbs import partition
from perovchem.gibbs.modes import Selection
from perovchem.gibbs.result import TREATMENTS, GibbsEnergy, ModeTable, Term, empty_modes, known
from perovchem.gibbs.rigid import State
from perovchem.point_group import PointGroup, is_linear
from perovchem.result import Provenance
from perovchem.units import HARTREE


@dataclass(frozen=True, slots=True, eq=False)
class Vibrating:
    """The modes that count, by every treatment.

    Attributes
    ----------
    selection : Selection
        Every mode of the file.
    kinds, fates : list of str
        With imaginary modes decided.
    which : bool (n,)
        Modes that count.
    wavenumbers, weights : float64 (m,)
        Scaled, 1/cm; of those that count.
    by_mode : mapping of str to (float64 (m,), float64 (m,))
        Enthalpy (eV, with zero-point energy) and entropy (eV/K) by treatment.
    """

    selection: Selection
    kinds: list[str]
    fates: list[str]
    which: np.ndarray[Any, Any]
    wavenumbers: Floats
    weights: Floats
    by_mode: Mapping[str, tuple[Floats, Floats]]

    @classmethod
    def of(
        cls, selection: Selection, decided: tuple[list[str], list[str], Floats], scale: float,
        temperature: float, cutoff: float,
    ) -> Vibrating:  # fmt: skip
        """Return the modes that count at a temperature."""
        kinds, fates, signed = decided
        scaled = np.where(np.isin(kinds, ("vibration", "imaginary")), signed * scale, np.nan)
        which = np.isfinite(scaled) & (scaled > 0)
        by_mode = partition.vibrations(scaled[which], temperature, cutoff)
        return cls(selection, kinds, fates, which, scaled[which], selection.weights[which], by_mode)

    @property
    def zpe(self) -> float:
        """Harmonic zero-point energy, eV."""
        return float(self.weights @ (partition.WAVENUMBER * self.wavenumbers / 2))

    def table(self, treatment: str, temperature: float) -> ModeTable:
        """Return every mode with its contribution."""
        parts = np.full((2, len(self.kinds)), np.nan)
        parts[:, self.which] = np.array(self.by_mode[treatment]) * self.weights
        return ModeTable(
            self.selection.wavenumbers, self.selection.weights, tuple(self.kinds), tuple(self.fates), parts[0],
            parts[1], parts[0] - temperature * parts[1],
        )  # fmt: skip

    def term(self, treatment: str, temperature: float) -> Term:
        """Return heat and entropy of the vibrations, without zero-point energy."""
        thermal = float(self.weights @ self.by_mode[treatment][0]) - self.zpe
        entropy = float(self.weights @ self.by_mode[treatment][1])
        return Term("vibration", thermal, entropy, thermal - temperature * entropy)


def uncertainty_of(
    calculation: Calculation,
    modes: Vibrating,
    temperature: float,
    cutoff: float,
    treatment: str,
    scale: float,
) -> float:
    """Return the standard uncertainty of G, eV, from stated and printed digits; NaN where there are none."""
    stated = _stated(calculation)
    step = 0.0 if calculation.vibrations is None else calculation.vibrations.wavenumber_step * scale
    if not len(modes.wavenumbers) or step == 0:
        return stated

    def of_modes(values: Floats) -> Floats:
        enthalpy, entropy = partition.vibrations(values, temperature, cutoff)[treatment]
        return enthalpy - temperature * entropy

    nu = modes.wavenumbers
    slopes = (of_modes(nu * 1.001) - of_modes(nu * 0.999)) / (0.002 * nu)
    # what is rounded to a step lies evenly within it
    return float(np.hypot(known(stated), np.linalg.norm(slopes * modes.weights) * step / math.sqrt(12)))


def assembled(
    calculation: Calculation,
    state: State,
    treatment: str,
    rigid: list[Term],
    modes: Vibrating,
    *,
    uncertainty: float,
    group: PointGroup | None,
    symmetry_number: int,
    notes: list[str],
    provenance: Provenance,
) -> GibbsEnergy:
    """Return the result; the last of the rigid terms is that of the electronic degeneracy."""
    temperature, energy = state.temperature, calculation.energy_ev
    enthalpy = energy + math.fsum(term.enthalpy for term in rigid)
    entropy = math.fsum(term.entropy for term in rigid)
    enthalpies = {name: enthalpy + float(modes.weights @ h) for name, (h, _) in modes.by_mode.items()}
    entropies = {name: entropy + float(modes.weights @ s) for name, (_, s) in modes.by_mode.items()}
    totals = {name: enthalpies[name] - temperature * entropies[name] for name in TREATMENTS}
    terms = (
        Term("electronic energy", energy, 0.0, energy),
        Term("zero-point energy", modes.zpe, 0.0, modes.zpe),
        *rigid[:-1],
        modes.term(treatment, temperature),
        rigid[-1],
    )
    doubts = modes.selection.doubts
    return GibbsEnergy(
        **_of(calculation, state),
        zpe=modes.zpe,
        enthalpy=enthalpies[treatment],
        entropy=entropies[treatment],
        gibbs=totals[treatment],
        uncertainty=uncertainty,
        spread=max(totals.values()) - min(totals.values()),
        treatment=treatment,
        by_treatment=totals,
        enthalpy_by_treatment=enthalpies,
        standard_state=state.words,
        point_group="" if group is None else group.symbol,
        symmetry_number=symmetry_number,
        linear=modes.selection.linear,
        terms=terms,
        mode_table=modes.table(treatment, temperature),
        notes=tuple(dict.fromkeys(notes)),
        provenance=replace(provenance, warnings=tuple(dict.fromkeys((*provenance.warnings, *doubts)))),
    )


def energy_alone(calculation: Calculation, state: State, provenance: Provenance) -> GibbsEnergy:
    """Return the electronic energy as if it were all."""
    energy = calculation.energy_ev
    molecule = calculation.periodicity == "molecule" and len(calculation.species) > 1
    return GibbsEnergy(
        **_of(calculation, state),
        zpe=0.0,
        enthalpy=energy,
        entropy=0.0,
        gibbs=energy,
        uncertainty=_stated(calculation),
        spread=0.0,
        treatment="electronic",
        by_treatment={"electronic": energy},
        enthalpy_by_treatment={"electronic": energy},
        standard_state="electronic energy alone: no vibrations, no standard state",
        point_group="",
        symmetry_number=1,
        linear=molecule and is_linear(calculation.positions),
        terms=(Term("electronic energy", energy, 0.0, energy),),
        mode_table=empty_modes(),
        notes=calculation.notes,
        provenance=provenance,
    )


def _of(calculation: Calculation, state: State) -> dict[str, Any]:
    """Return the fields that calculation and state give as they are."""
    return {
        "name": calculation.name, "formula": calculation.formula, "charge": calculation.charge,
        "multiplicity": calculation.multiplicity, "energy": calculation.energy_ev,
        "energy_unit": calculation.energy_unit, "temperature": state.temperature, "pressure": state.pressure,
        "concentration": state.concentration,
    }  # fmt: skip


def _stated(calculation: Calculation) -> float:
    """Return the uncertainty of the energy, eV."""
    return calculation.energy_su * (HARTREE if calculation.energy_unit == "hartree" else 1.0)
