"""What ``perovchem gibbs`` shows of its results: species, treatments, terms, modes with their fates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from perovchem.gibbs import GibbsEnergy, Mode
from perovchem.gibbs.result import DEFINITIONS
from perovchem.level_of_theory import LevelOfTheory
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table
from perovchem.units import HARTREE, KILOJOULE_PER_MOLE

if TYPE_CHECKING:
    import pandas as pd

_MANY: Final = 6
"""Results up to which terms and modes of each are printed."""
_SOFT: Final = 200.0
"""1/cm; vibrations above are counted in one line where the list is long."""
_LONG: Final = 24
_LOWEST: Final = 3
"""Modes that are shown, however stiff they are."""
_PRINTED: Final = 1e-5
"""eV; smaller uncertainties are of printed digits."""


def report(
    results: Mapping[str, GibbsEnergy],
    levels: Mapping[str, LevelOfTheory],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    alone = all(one.treatment == "electronic" for one in results.values())
    tables = [_species(results, levels)]
    if not alone:
        tables.append(_treatments(results))
        if len(results) <= _MANY:
            tables += [
                table
                for called, one in results.items()
                for table in (_terms(called, one), _modes(called, one))
            ]
    caption = (
        "Modes of every species (a): what is counted as a vibration, and what is translation, rotation, imaginary or "
        "printed twice. Gibbs energy by each treatment of soft modes against the harmonic one (b)."
    )
    drawings = () if alone else (Drawing("modes", caption, partial(_draw, results)),)
    return Report(
        command="gibbs",
        title=f"Gibbs energies of {', '.join(dict.fromkeys(one.formula for one in results.values()))}",
        labels=tuple(results),
        inputs=tuple(one.provenance.input or called for called, one in results.items()),
        runs=(),
        settings={**settings, "definitions": DEFINITIONS},
        rows=[
            {"name": called, "level": str(levels[called]), **{k: v for k, v in one.to_dict().items() if k != "name"}}
            for called, one in results.items()
        ],
        units=units(GibbsEnergy.quantity_names),
        warnings=warnings,
        tables=tuple(tables),
        drawings=drawings,
        records={"terms": partial(_all, results, "to_dataframe"), "modes": partial(_all, results, "modes_dataframe")},
        summary=" ".join(_summary(called, one) for called, one in results.items()) if len(results) <= 3 else "",
        read=tuple(dict.fromkeys(file for one in results.values() for file in one.provenance.inputs)),
    )  # fmt: skip


def _summary(called: str, one: GibbsEnergy) -> str:
    """Return G of one species in a sentence."""
    if one.treatment == "electronic":
        return f"{called}: E = {one.energy:.6f} eV."
    return (
        f"{called}: G = {one.gibbs:.6f} eV ({one.gibbs / KILOJOULE_PER_MOLE:.2f} kJ/mol) at {one.temperature:g} K, "
        f"{one.standard_state}; the treatments of soft modes spread over {one.spread / KILOJOULE_PER_MOLE:.2f} kJ/mol."
    )


def _species(results: Mapping[str, GibbsEnergy], levels: Mapping[str, LevelOfTheory]) -> Table:
    """Return one row per species: energies in eV and kJ/mol."""
    molecular = any(one.energy_unit == "hartree" for one in results.values())
    head = ("species", "formula", "group", "σ", "E (eV)", "ZPE", "H - E", "T S", "G - E", "spread", "G (eV)",
            *(("G (hartree)",) if molecular else ()))  # fmt: skip
    rows = []
    for called, one in results.items():
        alone = one.treatment == "electronic"
        rows.append(
            (
                called, one.formula + (f" ({one.charge:+d})" if one.charge else ""), one.point_group or None,
                str(one.symmetry_number) if one.point_group else None, f"{one.energy:.6f}",
                *(
                    None if alone else f"{value / KILOJOULE_PER_MOLE:.2f}"
                    for value in (one.zpe, one.enthalpy - one.energy, one.temperature * one.entropy,
                                  one.gibbs - one.energy)
                ),
                None if alone else f"{one.spread / KILOJOULE_PER_MOLE:.2f}",
                None if alone else f"{one.gibbs:.6f}",
                *((None if alone else f"{one.gibbs / HARTREE:.6f}",) if molecular else ()),
            )
        )  # fmt: skip
    first = next(iter(results.values()))
    notes = [f"{called}: {one.standard_state}; {levels[called]}" for called, one in results.items()]
    notes += [f"{called}: {note}" for called, one in results.items() for note in one.notes]
    for called, one in results.items():
        if one.uncertainty > _PRINTED:
            notes.append(
                f"{called}: G is uncertain by {one.uncertainty / KILOJOULE_PER_MOLE:.1g} kJ/mol from what the file "
                "states and prints, not by the method"
            )
    title = f"Species (kJ/mol unless said otherwise; {first.treatment}, {first.temperature:g} K)"
    return Table(title, head, tuple(rows), tuple(notes))


def _treatments(results: Mapping[str, GibbsEnergy]) -> Table:
    """Return G - E by every treatment, kJ/mol."""
    names = tuple(next(iter(results.values())).by_treatment)
    rows = [
        (called, *(f"{(one.by_treatment[name] - one.energy) / KILOJOULE_PER_MOLE:.2f}" for name in names))
        for called, one in results.items()
    ]
    notes = tuple(f"{name}: {DEFINITIONS[name]}" for name in names)
    return Table("G - E by treatment of soft modes (kJ/mol)", ("species", *names), tuple(rows), notes)


def _terms(called: str, one: GibbsEnergy) -> Table:
    """Return the terms of one species."""
    rows = [
        (
            term.name,
            f"{term.enthalpy / KILOJOULE_PER_MOLE:.3f}",
            f"{1e3 * term.entropy / KILOJOULE_PER_MOLE:.3f}",
            f"{term.gibbs / KILOJOULE_PER_MOLE:.3f}",
        )
        for term in one.terms
        if term.name != "electronic energy"
    ]
    head = ("term", "H (kJ/mol)", "S (J/(mol K))", "G (kJ/mol)")
    return Table(f"{called}: terms beside the electronic energy ({one.treatment})", head, tuple(rows))


def _modes(called: str, one: GibbsEnergy) -> Table:
    """Return the modes of one species and their fates; of long lists, the soft ones and what is no vibration."""
    modes = sorted(one.modes, key=lambda mode: mode.wavenumber)
    lowest = {m.wavenumber for m in [m for m in modes if m.kind == "vibration"][:_LOWEST]}
    shown = [m for m in modes if len(modes) <= _LONG or _remarkable(m) or m.wavenumber in lowest]
    weighted = any(mode.weight != 1 for mode in modes)
    rows = [
        (
            f"{mode.wavenumber:.1f}" if mode.wavenumber >= 0 else f"{-mode.wavenumber:.1f}i",
            *((f"{mode.weight:.4f}",) if weighted else ()),
            mode.kind,
            None if math.isnan(mode.gibbs) else f"{mode.gibbs / KILOJOULE_PER_MOLE:.3f}",
            mode.fate,
        )
        for mode in shown[:200]
    ]
    rest = len(modes) - len(rows)
    counts = ", ".join(f"{number} {kind}" for kind, number in one.mode_table.count.items())
    notes = [f"{len(modes)} modes: {counts}." if modes else "An atom has no modes."]
    if rest:
        notes.append(f"{rest} more vibrations are in modes.csv of the output folder and in the JSON object.")
    head = ("wavenumber (1/cm)", *(("weight",) if weighted else ()), "kind", "G (kJ/mol)", "fate")
    return Table(f"{called}: modes", head, tuple(rows), tuple(notes))


def _remarkable(mode: Mode) -> bool:
    return mode.kind != "vibration" or mode.wavenumber < _SOFT


def _draw(results: Mapping[str, GibbsEnergy]) -> Any:
    from perovchem.plotting.gibbs import plot_modes

    return plot_modes(results)


def _all(results: Mapping[str, GibbsEnergy], how: str) -> pd.DataFrame:
    """Return the tables of all species below one another."""
    import pandas as pd

    tables: list[pd.DataFrame] = []
    for called, one in results.items():
        table: pd.DataFrame = getattr(one, how)()
        table.insert(0, "species", called)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
