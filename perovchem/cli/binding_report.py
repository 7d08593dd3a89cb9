"""What ``perovchem binding`` shows of its result: cycles, terms, ranking, exchange reactions, components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from perovchem.binding import Binding
from perovchem.binding.compare import NEGLIGIBLE, Difference
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table
from perovchem.units import KILOJOULE_PER_MOLE

_SURVIVES: Final = {True: "yes", False: "no", None: None}
_MOST_PANELS: Final = 12


def report(result: Binding, warnings: Sequence[str]) -> Report:
    """Return everything that the command has to show."""
    tables = [_cycles(result), _treatments(result), _terms(result)]
    tables += [_compared("Exchange reactions between unlike stoichiometries", result.exchanges)] * bool(
        result.exchanges
    )
    neighbors = tuple(one for ranking in result.ranking for one in ranking.neighbors)
    tables += [_compared("Neighbors of the ranking", neighbors)] * bool(neighbors)
    tables += [_components(result)]
    what = "ΔE" if result.treatment == "electronic" else "ΔG"
    drawings = (
        Drawing(
            "ranking",
            f"{what} of each cycle ({result.treatment}, {result.temperature:g} K). Dots: the headline treatment; "
            "other symbols: the other treatments; thin line: with any one conformer of each component alone; thick "
            "bar: 1.96 times the stated uncertainty. Only cycles of one panel have equal stoichiometry.",
            partial(_ranking_figure, result),
        ),
        Drawing(
            "waterfall",
            f"What {what} is made of, term by term from left to right, products minus reactants "
            f"({result.treatment}, {result.temperature:g} K)."
            + (
                f" The first {_MOST_PANELS} of {len(result.rows)} cycles."
                if len(result.rows) > _MOST_PANELS
                else ""
            ),
            partial(_waterfall_figure, result),
        ),
    )
    return Report(
        command="binding",
        title=result.title or "Gibbs energies of binding",
        labels=(result.title or result.provenance.input or "cycles",),
        inputs=(result.provenance.input or "cycles",),
        runs=(),
        settings=result.provenance.settings,
        rows=[result.to_dict()],
        units=units(Binding.quantity_names),
        warnings=warnings,
        tables=tuple(tables),
        drawings=drawings,
        records={
            "cycles": result.to_dataframe,
            "contributions": result.contributions_dataframe,
            "conformers": result.conformers_dataframe,
        },
        summary=_summary(result),
        read=result.provenance.inputs,
    )


def _summary(result: Binding) -> str:
    """Return what came out."""
    if result.ranking:
        return " ".join(f"{one.sentence}." for one in result.ranking)
    return (
        f"{len(result.rows)} cycle{'s' * (len(result.rows) != 1)}; no two of them have equal stoichiometry."
    )


def _cycles(result: Binding) -> Table:
    """Return one row per cycle."""
    head = ("cycle", "ΔE", "ΔZPE", "ΔH", "TΔS", "ΔG", "±", "spread", "per ion", "ΔG (eV)")
    rows = [
        (
            row.name, *(_kj(value) for value in (row.delta_e, row.delta_zpe, row.delta_h, row.t_delta_s, row.delta_g)),
            _kj(row.uncertainty), _kj(row.spread), _kj(row.per_ion),
            None if math.isnan(row.delta_g) else f"{row.delta_g:.4f}",
        )
        for row in result.rows
    ]  # fmt: skip
    notes = [f"{row.name}: {row.equation}" for row in result.rows]
    notes += [f"ranking: {one.sentence}" for one in result.ranking]
    notes += [
        f"{one.name} is not ranked with {one.reference}: their stoichiometries differ, and the larger one would win by "
        f"its size; {one.equation} has {_kj(one.difference)} kJ/mol"
        for one in result.exchanges
    ]
    notes += [*result.overridden, *result.notes]
    if any(row.uncertainty > NEGLIGIBLE for row in result.rows):
        notes.append(
            "±: of what is stated (energies, printed digits, corrections); no error of the method is in it"
        )
    what = "kJ/mol unless said otherwise" if result.rows else ""
    return Table(
        f"Cycles ({what}; {result.treatment}, {result.temperature:g} K)", head, tuple(rows), tuple(notes)
    )


def _treatments(result: Binding) -> Table:
    """Return ΔG by every treatment, and with single conformers."""
    names = tuple(result.rows[0].per_treatment)
    rows = [
        (row.name, *(_kj(row.per_treatment[name]) for name in names), *map(_kj, row.conformer_range))
        for row in result.rows
    ]
    orders = [
        f"{name}: {' < '.join(order)}"
        for one in result.ranking
        for name, order in one.order_by_treatment.items()
    ]
    head = ("cycle", *names, "one conformer: lowest", "highest")
    return Table("By treatment and by single conformers (kJ/mol)", head, tuple(rows), tuple(orders))


def _terms(result: Binding) -> Table:
    """Return the terms of every cycle, summed over its components."""
    terms = result.term_names
    rows = [
        (term, *(_kj(row.terms[term]) if term in row.terms else None for row in result.rows))
        for term in terms
    ]
    note = "By component in contributions.csv of the output folder and in the JSON object."
    return Table("Terms (kJ/mol)", ("term", *(row.name for row in result.rows)), tuple(rows), (note,))


def _compared(title: str, differences: Sequence[Difference]) -> Table:
    """Return one row per comparison."""
    head = ("reaction", "ΔΔG (kJ/mol)", "±", "treatments", "conformers", "all treatments agree",
            "any conformer", "outside ±")  # fmt: skip
    rows = [
        (
            one.equation, _kj(one.difference), _kj(one.uncertainty), _range(tuple(one.per_treatment.values())),
            _range(one.conformer_range) if one.survives_conformers is not None else None,
            _SURVIVES[one.survives_treatments], _SURVIVES[one.survives_conformers],
            _SURVIVES[one.survives_uncertainties],
        )
        for one in differences
    ]  # fmt: skip
    return Table(
        title, head, tuple(rows), ("What stands alike in both cycles cancels, its uncertainty too.",)
    )


def _components(result: Binding) -> Table:
    """Return one row per component and conformer."""
    rows = []
    for one in result.components:
        for place, conformer in enumerate(one.conformers):
            rows.append(
                (
                    one.name if place == 0 else "", one.formula if place == 0 else "", one.state if place == 0 else "",
                    conformer.name, _kj(conformer.relative), f"{conformer.population:.3f}",
                    f"{conformer.degeneracy:g}", conformer.point_group or None, str(conformer.symmetry_number),
                    None if math.isnan(conformer.lowest_wavenumber) else f"{conformer.lowest_wavenumber:.0f}",
                    _kj(conformer.spread),
                )
            )  # fmt: skip
    head = ("component", "formula", "state", "conformer", "G (kJ/mol)", "population", "degeneracy", "group", "σ",
            "lowest mode (1/cm)", "spread (kJ/mol)")  # fmt: skip
    return Table("Components", head, tuple(rows), ("G of conformers: above the lowest of the component.",))


def _kj(value: float) -> str | None:
    """Return eV as kJ/mol."""
    return None if math.isnan(value) else f"{value / KILOJOULE_PER_MOLE:.2f}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values) / KILOJOULE_PER_MOLE:.1f} to {max(values) / KILOJOULE_PER_MOLE:.1f}"


def _ranking_figure(result: Binding) -> Any:
    from perovchem.plotting.binding import plot_ranking

    return plot_ranking(result)


def _waterfall_figure(result: Binding) -> Any:
    from perovchem.plotting.binding import plot_waterfall

    return plot_waterfall(result, most=_MOST_PANELS)
