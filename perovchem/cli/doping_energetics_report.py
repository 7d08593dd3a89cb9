"""What ``perovchem defects`` and ``perovchem mixing`` show of their results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from perovchem.cli.common import Notes
from perovchem.doping_energetics import DefectDiagram, Mixing
from perovchem.doping_energetics_reading import DopingEnergetics
from perovchem.errors import MissingDataError
from perovchem.number_text import plus_minus
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table
from perovchem.result import jsonable

DEFECTS: Final[Mapping[str, str]] = {
    "formation_energy": "E(defect) - E(host) - sum of n mu + q (E_VBM + E_F) + E_corr "
    "(doi 10.1103/RevModPhys.86.253); Fermi level above the VBM",
    "transition_level": "Fermi level at which two stable charge states cost the same; the others are never the lowest",
    "shallow": "nearer than 0.1 eV to the band that it exchanges electrons with",
    "pinning": "where the lowest positive and the lowest negative line of all defects cross",
}
MIXING: Final[Mapping[str, str]] = {
    "energy_of_mixing": "E(x) - (1 - x) E(0) - x E(1) per formula unit; the lowest of several arrangements",
    "curve": "x (1 - x) [L0 + L1 (1 - 2x)] (Redlich and Kister, doi 10.1021/ie50458a036), L1 with at least three "
    "compositions between the ends",
    "entropy": "ideal: -n k [x ln x + (1 - x) ln(1 - x)] per formula unit of n sites",
}


def report(file: str, found: DopingEnergetics, part: str, notes: Notes) -> Report:
    """Return everything that a command has to show."""
    parts = (found.mixing,) if part == "mixing" else found.diagrams
    for sentence in (*found.warnings, *(note for one in parts if one is not None for note in one.notes)):
        notes.take(sentence)
    if part == "mixing":
        if found.mixing is None:
            raise MissingDataError(
                "the file declares no [mixing]", where=file, fix="declare it, or ask for defects"
            )
        return _mixing_report(file, found, found.mixing, notes)
    if not found.diagrams:
        raise MissingDataError(
            "the file declares no [defects]", where=file, fix="declare them, or ask for mixing"
        )
    return _defects_report(file, found, notes)


def _defects_report(file: str, found: DopingEnergetics, notes: Notes) -> Report:
    tables = tuple(table for one in found.diagrams for table in _tables(one))
    return Report(
        command="defects",
        title=found.title or "Formation energies of point defects",
        labels=(file,),
        inputs=(file,),
        runs=(),
        settings={"definitions": DEFECTS},
        rows=[{"conditions": [jsonable(one) for one in found.diagrams]}],
        units=units(DefectDiagram.quantity_names),
        warnings=notes,
        tables=tables,
        drawings=(
            Drawing(
                "formation_energies",
                "Formation energies of point defects against the Fermi level, across the gap. Thick: stable charge "
                "state; thin: the others; dots: transition levels; bands: one standard uncertainty, where given; "
                "dotted line: where the lowest charged defects pin the level.",
                partial(_draw_defects, found),
            ),
        ),
        records={"formation_energies": found.to_dataframe},
        read=found.provenance.inputs,
    )


def _tables(one: DefectDiagram) -> tuple[Table, Table]:
    """Return formation energies and transition levels under one condition."""
    rows = [
        (
            line.defect,
            f"{line.charge:+d}" if line.charge else "0",
            plus_minus(line.at_vbm, line.uncertainty, most=3),
            plus_minus(line.at_vbm + line.charge * one.gap, line.uncertainty, most=3),
            f"{line.stable[0]:.3f} to {line.stable[1]:.3f}" if math.isfinite(line.stable[0]) else None,
        )
        for line in one.lines
    ]
    potentials = ", ".join(f"µ({name}) = {value:.3f} eV" for name, value in one.chemical_potentials.items())
    notes = [f"{potentials}; VBM {one.vbm:.3f} eV, gap {one.gap:.3f} eV."]
    if math.isfinite(one.pinning):
        notes.append(f"Charged defects pin the Fermi level at {one.pinning:.3f} eV above the VBM.")
    head = f"Formation energies, {one.condition}" if one.condition else "Formation energies"
    first = Table(
        head,
        ("defect", "charge", "E_f at VBM (eV)", "E_f at CBM (eV)", "stable for E_F (eV)"),
        tuple(rows),
        tuple(notes),
    )
    levels = [
        (
            level.defect,
            f"({level.charges[0]:+d}/{level.charges[1]:+d})".replace("+0", "0"),
            plus_minus(level.level, level.uncertainty, most=3),
            level.kind or level.place,
            "yes" if level.negative_u else "no",
        )
        for level in one.levels
    ]
    second = Table(
        "Transition levels above the VBM",
        ("defect", "charges", "level (eV)", "what it is", "skips a charge"),
        tuple(levels),
    )
    return first, second


def _mixing_report(file: str, found: DopingEnergetics, one: Mixing, notes: Notes) -> Report:
    rows: list[tuple[str | None, ...]] = [
        (f"L{k}", plus_minus(1e3 * value, 1e3 * error, most=1), "meV per formula unit")
        for k, (value, error) in enumerate(zip(one.interaction, one.interaction_error, strict=True))
    ]
    rows.append(
        ("largest deviation from the curve", f"{1e3 * one.largest_residual:.1f}", "meV per formula unit")
    )
    rows.append(("one guest ion into the host", f"{1e3 * one.dilute_energy[0]:.1f}", "meV per ion"))
    rows.append(("one host ion into the guest", f"{1e3 * one.dilute_energy[1]:.1f}", "meV per ion"))
    rows.append(
        (
            "critical temperature",
            plus_minus(one.critical_temperature, one.critical_temperature_error, most=0),
            "K",
        )
    )
    if math.isfinite(one.critical_composition):
        rows.append(("critical composition", f"{one.critical_composition:.3f}", ""))
    gap = tuple(
        (
            f"{at.temperature:.4g}",
            _part(at.binodal[0]),
            _part(at.binodal[1]),
            _part(at.spinodal[0]),
            _part(at.spinodal[1]),
        )
        for at in one.miscibility
    )
    return Report(
        command="mixing",
        title=found.title or "Mixing",
        labels=(file,),
        inputs=(file,),
        runs=(),
        settings={"sites": one.sites, "definitions": MIXING},
        rows=[jsonable(one)],
        units=units(Mixing.quantity_names),
        warnings=notes,
        tables=(
            Table("Energy of mixing", ("", "value", "unit"), tuple(rows)),
            Table(
                "What mixes",
                ("T (K)", "guest in host up to x", "host in guest from x", "unstable from x", "to x"),
                gap,
                ("– : everything mixes at this temperature.",) if any(row[1] is None for row in gap) else (),
            ),
        ),
        drawings=(
            Drawing(
                "mixing",
                "Energies of mixing per formula unit (dots: computed; line: fitted; colored: Gibbs energy with ideal "
                "entropy), and the miscibility gap: within the binodal two crystals are stable together, within the "
                "spinodal one falls apart without a barrier.",
                partial(_draw_mixing, one),
            ),
        ),
        records={"mixing": one.to_dataframe},
        read=found.provenance.inputs,
    )


def _part(value: float) -> str | None:
    """Return a composition; traces in powers of ten."""
    if not math.isfinite(value):
        return None
    return f"{value:.1e}" if 0 < value < 1e-3 else f"{value:.4f}"


def _draw_defects(found: DopingEnergetics) -> Any:
    from perovchem.plotting.doping_energetics import plot_formation_energies

    return plot_formation_energies(found.diagrams)


def _draw_mixing(one: Mixing) -> Any:
    from perovchem.plotting.doping_energetics import plot_mixing

    return plot_mixing(one)
