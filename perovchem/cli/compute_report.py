"""What ``perovchem compute`` shows: how every species was searched, and how far its conformers lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perovchem.compute.result import ComputedSpecies, SpeciesRow
from perovchem.quantities import units
from perovchem.report import Report, Table
from perovchem.units import KILOJOULE_PER_MOLE


def report(found: ComputedSpecies, warnings: Sequence[str]) -> Report:
    """Return everything that the command has to show."""
    settings = found.provenance.settings
    computed = settings["computed"]
    return Report(
        command="compute",
        title="Species computed with GFN2-xTB",
        labels=(found.provenance.input,),
        inputs=(found.provenance.input,),
        runs=(),
        settings=settings,
        rows=[{"input": found.provenance.input, **found.to_dict()}],
        units=units(found.quantity_names),
        warnings=[*warnings, *_doubts(found)],
        tables=(_table(found),),
        records={"species": found.to_dataframe},
        summary=f"{len(computed)} of {len(found.species)} species were computed; the others were there.",
        read=found.provenance.inputs,
    )


def _table(found: ComputedSpecies) -> Table:
    header = (
        "species", "formula", "starts", "relaxed", "distinct", "in the lowest", "second (kJ/mol)", "range (kJ/mol)",
        "kept", "range kept (kJ/mol)", "lowest mode (1/cm)", "lowest is",
    )  # fmt: skip
    rows = tuple(
        (
            row.name,
            row.formula,
            str(row.n_starts),
            str(row.n_relaxed),
            str(row.n_distinct),
            str(row.n_lowest),
            _kilojoule(row.second_lowest),
            _kilojoule(row.energy_range),
            str(len(row.files)),
            _kilojoule(row.kept_range),
            None if math.isnan(row.lowest_wavenumber) else f"{row.lowest_wavenumber:.1f}",
            row.arranged,
        )
        for row in found.species
    )
    levels = ", ".join(dict.fromkeys(row.level for row in found.species if row.level))
    notes = (
        f"{levels}. Electronic energies of distinct relaxed structures above the lowest.",
        "in the lowest: starts that ended there; where it is 1, a lower one may well have been missed.",
        f"Files: {found.folder}",
    )
    return Table("", header, rows, notes)


def _kilojoule(energy: float) -> str | None:
    return None if math.isnan(energy) else f"{energy / KILOJOULE_PER_MOLE:.1f}"


def _doubts(found: ComputedSpecies) -> list[str]:
    def sentence(row: SpeciesRow) -> str | None:
        if not row.files:
            return f"{row.name}: every structure kept an imaginary mode; ask for more starts"
        if row.n_lowest == 1 and row.n_distinct > 1:
            return f"{row.name}: one of {row.n_starts} starts ended in the lowest structure; a lower one may be missed"
        return None

    return [said for row in found.species if (said := sentence(row))]
