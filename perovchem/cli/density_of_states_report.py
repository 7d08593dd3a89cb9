"""What ``perovchem dos`` shows: gaps, what the edges are made of, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from perovchem.cli.common import stems_of
from perovchem.density_of_states import EDGE, DensityOfStates
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable

DEFINITIONS: Final[Mapping[str, str]] = {
    "density_of_states": "states per eV and cell; of both spins together unless they are told apart",
    "occupied": "states up to the middle of the gap, or up to the Fermi energy where there is none",
    "gap": "from the highest to the lowest state beside the count of electrons; 0 without one",
    "channel": "projections summed over the atoms of an element and the orbitals of a kind; what lies between the "
    "spheres or outside the orbitals belongs to none",
    "at_vbm, at_cbm": f"share in what is projected within {EDGE:g} eV (plus the broadening) of the edge",
}


def report(
    inputs: Sequence[str],
    results: Mapping[str, DensityOfStates],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
    *,
    window: tuple[float, float] | None,
) -> Report:
    """Return everything that the command has to show."""
    stems = stems_of(results)
    read = {one.path: one for result in results.values() for one in result.provenance.inputs}
    return Report(
        command="dos",
        title=f"Density of states: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=(),
        settings=settings,
        rows=[result.to_dict() for result in results.values()],
        units=units(DensityOfStates.quantity_names),
        warnings=warnings,
        tables=tuple(_tables(results)),
        drawings=(Drawing("density_of_states", _caption(results), partial(_plot, results, window)),),
        records={
            f"density_of_states_{stems[called]}": result.to_dataframe for called, result in results.items()
        },
        arrays={
            f"density_of_states_{stems[called]}": partial(_variables, result)
            for called, result in results.items()
        },
        summary=_summary(results),
        read=tuple(read.values()),
    )


def _tables(results: Mapping[str, DensityOfStates]) -> list[Table]:
    """Return gaps, and what the edges are made of."""
    rows = tuple(
        (
            called,
            f"{result.gap:.3f}" if math.isfinite(result.gap) else None,
            f"{result.electrons:g}" if math.isfinite(result.electrons) else None,
            f"{result.counted:.2f}" if math.isfinite(result.counted) else None,
            f"{result.zero_energy:.4f}",
            f"{result.broadening:g}" if result.broadening else None,
        )
        for called, result in results.items()
    )
    notes = list(dict.fromkeys(f"Zero: {result.zero}." for result in results.values()))
    notes += list(
        dict.fromkeys(f"Gap: {result.gap_source}." for result in results.values() if result.gap_source)
    )
    head = ("", "gap (eV)", "electrons", "integral", "zero (eV)", "broadening (eV)")
    tables = [Table("Density of states", head, rows, tuple(notes))]
    several = len(results) > 1
    parts = tuple(
        (*((called,) if several else ()), name, f"{filled:.2f}", _percent(top), _percent(bottom))
        for called, result in results.items()
        for name, filled, top, bottom in zip(
            result.channels, result.occupied, result.at_vbm, result.at_cbm, strict=True
        )
        if filled >= 0.005 or top >= 0.005 or bottom >= 0.005
    )
    if parts:
        head = (*(("",) if several else ()), "channel", "occupied states", "at VBM (%)", "at CBM (%)")
        words = (f"Shares in what is projected within {EDGE:g} eV of the edge.",)
        tables.append(Table("By element and orbital", head, parts, words))
    return tables


def _percent(share: float) -> str | None:
    return f"{100 * share:.0f}" if math.isfinite(share) else None


def _summary(results: Mapping[str, DensityOfStates]) -> str:
    """Return what came out, in a sentence."""
    parts = [
        f"{called}: a gap of {result.gap:.2f} eV" if result.gap > 0 else f"{called}: no gap"
        for called, result in results.items()
        if math.isfinite(result.gap)
    ]
    return "; ".join(parts) + "." if parts else ""


def _caption(results: Mapping[str, DensityOfStates]) -> str:
    widths = {result.broadening for result in results.values()}
    how = (
        f"Eigenvalues broadened by Gaussians of {widths.pop():g} eV (standard deviation)"
        if len(widths) == 1 and all(widths)
        else "Curves as the files hold them, or broadened as the table says"
    )
    spin = " Spin down hangs below the axis." if any(len(one.total) == 2 for one in results.values()) else ""
    return f"Density of states, gray: total; lines: by element and orbital; shaded: the gap. {how}.{spin}"


def _plot(results: Mapping[str, DensityOfStates], window: tuple[float, float] | None) -> Any:
    from perovchem.plotting.density_of_states import plot_densities_of_states

    return plot_densities_of_states(results, window=window)


def _variables(result: DensityOfStates) -> dict[str, Variable]:
    """Return the variables of a NetCDF file."""
    numbers = np.arange(len(result.channels))
    names = {
        "flag_values": numbers,
        "flag_meanings": " ".join(name.replace(" ", "_") for name in result.channels),
    }
    sentence = quantity("density_of_states").sentence
    found = {
        "energy": Variable(("energy",), result.energies, "eV", f"Above the zero: {result.zero}."),
        "total": Variable(("spin", "energy"), result.total, "1/eV", sentence),
        "integrated": Variable(("spin", "energy"), result.integrated, "1", "States below an energy."),
    }
    if len(numbers):
        found["channel"] = Variable(("channel",), numbers, "1", "Element and kind of orbital.", names)
        found["projected"] = Variable(("spin", "channel", "energy"), result.projected, "1/eV", sentence)
    return found
