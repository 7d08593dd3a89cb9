"""What ``perovchem rdf`` shows of its results: table, curves, structure factors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from perovchem.cli.common import stems_of
from perovchem.cutoffs import Cutoff
from perovchem.number_text import with_error
from perovchem.pair_distribution import PairDistribution
from perovchem.pair_distribution.structure_factor import StructureFactors
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable

DEFINITIONS: Final[Mapping[str, str]] = {
    "pair_distribution": "pairs in a shell over those of an ideal gas of the same density, which follows the cell of "
    "each frame; a pair of one kind of atoms has N - 1 partners; all periodic images count",
    "running_coordination": "partners within the upper edge of each bin, on average over the centers",
    "first_minimum": "first minimum behind the first maximum of g(r) in bins of 0.05 Å smoothed by 0.1 Å, of all runs "
    "together",
    "structure_factor": "direct sum over the scattering vectors that the cell allows; Faber-Ziman (doi "
    "10.1080/14786436508211931) and Ashcroft-Langreth (doi 10.1103/PhysRev.156.685)",
    "standard_error": "from blocks of frames",
}


def report(
    inputs: Sequence[str],
    results: Mapping[str, PairDistribution],
    factors: Mapping[str, StructureFactors],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    pairs = ", ".join(next(iter(results.values())).curves)
    stems = stems_of(results)
    drawings = [Drawing("pair_distribution", _caption(results), partial(_draw, results))]
    if factors:
        drawings.append(
            Drawing(
                "structure_factor",
                "Partial structure factors (Ashcroft-Langreth) by direct sum over the scattering vectors of the cell; "
                "bands: one standard error from blocks of frames, a lower bound in a run that is short against the "
                "times in which its structure changes.",
                partial(_draw_factors, factors),
            )
        )
    return Report(
        command="rdf",
        title=f"Pair distributions of {pairs}: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(result.frames for result in results.values()),
        settings=settings,
        rows=[_row(result, factors.get(called)) for called, result in results.items()],
        units=_units(with_factors=bool(factors)),
        warnings=warnings,
        tables=(table(results),),
        drawings=tuple(drawings),
        records={
            **{
                f"pair_distribution_{stems[called]}": result.to_dataframe
                for called, result in results.items()
            },
            **{f"structure_factor_{stems[called]}": one.to_dataframe for called, one in factors.items()},
        },
        arrays={
            f"pair_distribution_{stems[called]}": partial(_variables, result)
            for called, result in results.items()
        },
    )


def _units(*, with_factors: bool) -> dict[str, str]:
    """Return the unit of each key of the rows."""
    names = dict(PairDistribution.quantity_names)
    if with_factors:
        names |= {"scattering_vector": "scattering_vector", "faber_ziman": "structure_factor"}
        names |= {"ashcroft_langreth": "structure_factor"}
    return units(names)


def _row(result: PairDistribution, factors: StructureFactors | None) -> dict[str, Any]:
    """Return the JSON row of one run."""
    row = result.to_dict()
    if factors is not None:
        names = [
            (a, b, f"{factors.elements[a]}-{factors.elements[b]}")
            for a in range(len(factors.elements))
            for b in range(a, len(factors.elements))
        ]
        row["structure_factors"] = {
            "scattering_vector": factors.lengths,
            "faber_ziman": {name: factors.faber_ziman[:, a, b] for a, b, name in names},
            "faber_ziman_standard_error": {
                name: factors.faber_ziman_standard_error[:, a, b] for a, b, name in names
            },
            "ashcroft_langreth": {name: factors.ashcroft_langreth[:, a, b] for a, b, name in names},
        }
    return row


def table(results: Mapping[str, PairDistribution]) -> Table:
    """Return the numbers of all runs, and below them what they rest on."""
    first = next(iter(results.values()))
    rows: list[tuple[str | None, ...]] = []
    bounds = False
    for name in first.curves:
        tops = [result.curves[name].highest_maximum for result in results.values()]
        rows.append((f"{name} highest maximum at", *(with_error(place, 2) for place, _ in tops), "Å"))
        rows.append((f"{name} g(r) there", *(with_error(height, 2) for _, height in tops), ""))
        cutoffs = [result.cutoffs[name].value for result in results.values()]
        rows.append((f"{name} first minimum", *(with_error(value, 2) for value in cutoffs), "Å"))
        numbers = [result.coordination_numbers[name] for result in results.values()]
        rows.append(
            (
                f"{name} coordination number",
                *(with_error(one.mean, 2, one.standard_error, one.converged) for one in numbers),
                "",
            )
        )
        bounds |= any(not one.converged and one.standard_error >= 0 for one in numbers)
    rows.append(("frames", *(str(len(result.frames)) for result in results.values()), ""))
    rows.append(("density", *(f"{result.frames.density:.3f}" for result in results.values()), "g/cm3"))
    notes = [f"first minimum of {name}: {_source(cutoff)}" for name, cutoff in first.cutoffs.items()]
    if any(len(result.frames) > 1 for result in results.values()):
        notes.append("± is one standard error, from blocks of frames; – is undefined.")
    if bounds:
        notes.append("* a lower bound: the run is too short to tell, or nothing changed.")
    return Table("", ("", *results, "unit"), tuple(rows), tuple(notes))


def _source(cutoff: Cutoff) -> str:
    """Return where a cutoff comes from."""
    return cutoff.source if math.isfinite(cutoff.value) else f"none, {cutoff.source}"


def _caption(results: Mapping[str, PairDistribution]) -> str:
    """Return what the figure of g(r) shows."""
    left_out = "" if next(iter(results.values())).intramolecular else " of different molecules"
    return (
        f"Pair distribution g(r) (above) and running coordination number n(r) (below) of atoms{left_out}. Bands: one "
        "standard error from blocks of frames; dashed: first minimum, shared by all runs; dots: coordination numbers."
    )


def _draw(results: Mapping[str, PairDistribution]) -> Any:
    from perovchem.plotting.pair_distribution import plot_pair_distributions

    return plot_pair_distributions(results)


def _draw_factors(factors: Mapping[str, StructureFactors]) -> Any:
    from perovchem.plotting.pair_distribution import plot_structure_factors

    return plot_structure_factors(factors)


def _variables(result: PairDistribution) -> dict[str, Variable]:
    """Return the variables of a NetCDF file."""
    curves = list(result.curves.values())
    numbers = np.arange(len(curves))
    names = {"flag_values": numbers, "flag_meanings": " ".join(result.curves)}
    found = {
        "distance": Variable(("distance",), curves[0].distances, "Å", quantity("distance").sentence),
        "pair": Variable(("pair",), numbers, "1", "Center and partner.", names),
    }
    for name, values in {
        "pair_distribution": [curve.pair_distribution for curve in curves],
        "pair_distribution_standard_error": [curve.standard_error for curve in curves],
        "running_coordination": [curve.running_coordination for curve in curves],
        "running_coordination_standard_error": [curve.running_standard_error for curve in curves],
    }.items():
        sentence = quantity(name.removesuffix("_standard_error")).sentence
        if name.endswith("error"):
            sentence = "One standard error: " + sentence
        found[name] = Variable(("pair", "distance"), np.array(values), "1", sentence)
    return found
