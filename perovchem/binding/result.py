"""The result of binding cycles: every cycle with its terms, rankings, exchange reactions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.binding.compare import Difference, Ranking, exchange_equation, stoichiometry
from perovchem.binding.declared import Cycle, unknown_cycle
from perovchem.binding.ensemble import KINDS
from perovchem.binding.species import Species
from perovchem.errors import UsageError
from perovchem.gibbs.result import DEFINITIONS as OF_GIBBS
from perovchem.result import DETAIL, Provenance, Result, dataframe
from perovchem.units import KILOJOULE_PER_MOLE

if TYPE_CHECKING:
    import pandas as pd

DEFINITIONS: Final[Mapping[str, str]] = {
    **OF_GIBBS,
    "cycle": "products minus reactants, each in its declared state; elements and charge balance",
    "conformers": "G = -kT ln sum g exp(-G_i/kT); terms are means over the populations, and their entropy of mixing",
    "standard_state": "ideal gas at 1 atm to 1 mol/L: kT ln 24.465 at 298.15 K; to another concentration: "
    "kT ln(c/1 mol/L)",
    "ranking": "only among cycles with the same coefficients role by role; others by the exchange reaction that is "
    "their difference",
    "per_ion": "over the solute ions that the reactants bring",
    "conformer_range": "with any one conformer of each component alone",
    "survives_uncertainties": "the difference is larger than 1.96 times its stated uncertainty; components "
    "that stand alike in both cycles cancel",
}
"""What the numbers mean; printed into every JSON result."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term of a cycle.

    Attributes
    ----------
    component : str
        "" for a correction of the cycle itself.
    term, kind : str
    coefficient : float
        Positive for products.
    value : float
        Coefficient times term, eV, by the headline treatment.
    uncertainty : float
        eV; NaN where none is stated.
    """

    component: str
    term: str
    kind: str
    coefficient: float
    value: float
    uncertainty: float


@dataclass(frozen=True, slots=True, eq=False)
class CycleEnergy:
    """One cycle.

    Attributes
    ----------
    name : str
    equation, stoichiometry : str
        With names, and with roles.
    delta_e, delta_zpe, delta_h, t_delta_s, delta_g : float
        eV. NaN but ``delta_e`` where only electronic energies were asked for. ΔG is ΔH - TΔS plus corrections to G
        alone.
    uncertainty : float
        Of ΔG (of ΔE without it), eV, from what is stated; NaN where nothing is.
    spread : float
        Over the treatments, eV.
    per_treatment : mapping of str to float
        ΔG, eV; ΔE for "electronic".
    n_ions : float
        Solute ions on the left.
    per_ion : float
        ΔG (ΔE) per solute ion, eV; NaN without ions.
    conformer_range : tuple of float
        Lowest and highest with any one conformer of each component, eV.
    contributions : tuple of Contribution
    """

    name: str
    equation: str
    stoichiometry: str
    delta_e: float
    delta_zpe: float
    delta_h: float
    t_delta_s: float
    delta_g: float
    uncertainty: float
    spread: float
    per_treatment: Mapping[str, float]
    n_ions: float
    per_ion: float
    conformer_range: tuple[float, float]
    contributions: tuple[Contribution, ...] = field(default=(), repr=False)

    @property
    def terms(self) -> dict[str, float]:
        """Sum of each term over the components, eV, in the order in which they stand."""
        found: dict[str, float] = {}
        for one in self.contributions:
            found[one.term] = found.get(one.term, 0.0) + one.value
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Binding(Result):
    """Gibbs energies of binding of one or several cycles.

    Attributes
    ----------
    title : str
    treatment : str
    temperature : float
        K.
    rows : tuple of CycleEnergy
    ranking : tuple of Ranking
        One per stoichiometry that several cycles share.
    exchanges : tuple of Difference
        Between cycles of unlike stoichiometry, and the reference.
    reference : str
    components : tuple of Species
    overridden : tuple of str
        Differences between levels of theory that were allowed.
    notes : tuple of str
    declared : mapping of str to Cycle
    provenance : Provenance
    """

    title: str
    treatment: str
    temperature: float
    rows: tuple[CycleEnergy, ...]
    ranking: tuple[Ranking, ...]
    exchanges: tuple[Difference, ...]
    reference: str
    components: tuple[Species, ...]
    overridden: tuple[str, ...]
    notes: tuple[str, ...]
    declared: Mapping[str, Cycle] = field(metadata=DETAIL)
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    command: ClassVar[str] = "binding"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "temperature": "temperature",
        "delta_e": "reaction_energy",
        "delta_zpe": "reaction_zero_point_energy",
        "delta_h": "reaction_enthalpy",
        "t_delta_s": "reaction_entropy_term",
        "delta_g": "binding_gibbs_energy",
        "difference": "binding_gibbs_energy",
        "uncertainty": "binding_gibbs_energy",
        "spread": "treatment_spread",
        "per_treatment": "binding_gibbs_energy",
        "per_ion": "binding_gibbs_energy",
        "conformer_range": "binding_gibbs_energy",
        "value": "binding_gibbs_energy",
        "values": "gibbs_energy",
        "choices": "gibbs_energy",
        "gibbs": "gibbs_energy",
        "relative": "gibbs_energy",
        "population": "fraction",
        "lowest_wavenumber": "wavenumber",
        "charge": "charge",
    }

    def __repr__(self) -> str:
        """Return one line: cycles and ΔG in kJ/mol."""
        shown = ", ".join(
            f"{row.name} {self.value(row.name) / KILOJOULE_PER_MOLE:.1f}" for row in self.rows[:4]
        )
        more = f", and {len(self.rows) - 4} more" if len(self.rows) > 4 else ""
        what = "ΔE" if self.treatment == "electronic" else "ΔG"
        how = f"{self.treatment}, {self.temperature:g} K"
        return f"<Binding of {len(self.rows)} cycles: {what} {shown}{more} kJ/mol ({how})>"

    @property
    def term_names(self) -> tuple[str, ...]:
        """Every term of any cycle: energies first, then heat, entropy, states and corrections."""
        kinds = {one.term: KINDS.index(one.kind) for row in self.rows for one in row.contributions}
        return tuple(sorted(kinds, key=lambda term: kinds[term]))

    def row(self, name: str) -> CycleEnergy:
        """Return one cycle by name."""
        for row in self.rows:
            if row.name == name:
                return row
        raise unknown_cycle(name, [row.name for row in self.rows])

    def value(self, name: str) -> float:
        """Return ΔG of a cycle, eV; ΔE where only electronic energies were asked for."""
        row = self.row(name)
        return row.delta_e if self.treatment == "electronic" else row.delta_g

    def rank(self, names: Sequence[str]) -> Ranking:
        """Return the ranking of chosen cycles.

        Raises
        ------
        UsageError
            If their stoichiometries differ: with the balanced exchange reaction that compares them.
        """
        from perovchem.binding.compare import rank

        if len(set(names)) < 2:
            raise UsageError("a ranking of fewer than two cycles", fix="name two or more cycles")
        species = {one.name: one for one in self.components}
        chosen = [self.declared.get(name) for name in names]
        for name, cycle in zip(names, chosen, strict=True):
            if cycle is None:
                raise unknown_cycle(name, list(self.declared))
        cycles = [cycle for cycle in chosen if cycle is not None]
        first = stoichiometry(cycles[0], species)
        for other in cycles[1:]:
            if stoichiometry(other, species) != first:
                difference = self.exchange(other.name, cycles[0].name)
                raise UsageError(
                    f"{cycles[0].name} and {other.name} have unlike stoichiometry ({first}; "
                    f"{stoichiometry(other, species)}): the larger one wins by its size",
                    fix=f"compare them by the exchange {difference.equation}, "
                    f"{difference.difference / KILOJOULE_PER_MOLE:.1f} kJ/mol, or per solute ion",
                )
        return rank(cycles, species, self.treatment)

    def exchange(self, name: str, reference: str) -> Difference:
        """Return the balanced exchange reaction that is the difference of two cycles."""
        from perovchem.binding.compare import difference

        for one in (name, reference):
            if one not in self.declared:
                raise unknown_cycle(one, list(self.declared))
        species = {one.name: one for one in self.components}
        return difference(self.declared[name], self.declared[reference], species, self.treatment)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per cycle, energies in eV."""
        names = (
            "delta_e",
            "delta_zpe",
            "delta_h",
            "t_delta_s",
            "delta_g",
            "uncertainty",
            "spread",
            "per_ion",
        )
        columns: dict[str, Any] = {
            "cycle": [row.name for row in self.rows],
            "equation": [row.equation for row in self.rows],
        }
        columns |= {name: np.array([getattr(row, name) for row in self.rows]) for name in names}
        treatments = self.rows[0].per_treatment if self.rows else {}
        columns |= {
            f"delta_g_{name}": np.array([row.per_treatment[name] for row in self.rows]) for name in treatments
        }
        of = {name: self.quantity_names[name] for name in names}
        of |= {f"delta_g_{name}": "binding_gibbs_energy" for name in treatments}
        return dataframe(columns, quantity_names=of)

    def contributions_dataframe(self) -> pd.DataFrame:
        """Return one row per cycle, component and term, in eV."""
        rows = [(row.name, one) for row in self.rows for one in row.contributions]
        return dataframe(
            {
                "cycle": [name for name, _ in rows],
                "component": [one.component for _, one in rows],
                "term": [one.term for _, one in rows],
                "coefficient": np.array([one.coefficient for _, one in rows]),
                "contribution": np.array([one.value for _, one in rows]),
                "uncertainty": np.array([one.uncertainty for _, one in rows]),
            },
            quantity_names={"contribution": "binding_gibbs_energy", "uncertainty": "binding_gibbs_energy"},
        )

    def conformers_dataframe(self) -> pd.DataFrame:
        """Return one row per component and conformer; energies in eV, the lowest wavenumber in 1/cm."""
        rows = [(one.name, part) for one in self.components for part in one.conformers]
        names = ("gibbs", "relative", "population", "degeneracy", "lowest_wavenumber", "spread")
        columns: dict[str, Any] = {
            "component": [name for name, _ in rows],
            "conformer": [part.name for _, part in rows],
        }
        columns |= {name: np.array([getattr(part, name) for _, part in rows]) for name in names}
        columns["point_group"] = [part.point_group for _, part in rows]
        columns["symmetry_number"] = [part.symmetry_number for _, part in rows]
        return dataframe(
            columns,
            quantity_names={
                "gibbs": "gibbs_energy", "relative": "gibbs_energy", "lowest_wavenumber": "wavenumber",
                "spread": "treatment_spread",
            },
        )  # fmt: skip


def empty(value: float) -> bool:
    """Return whether a number is undefined."""
    return math.isnan(value)


__all__ = ["DEFINITIONS", "Binding", "Contribution", "CycleEnergy", "exchange_equation"]
