"""What ``perovchem pmf`` shows of its results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from perovchem.number_text import plus_minus
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table
from perovchem.result import jsonable
from perovchem.solvation_pmf import FEWEST, ContactPair, SolvationPmf
from perovchem.units import KILOJOULE_PER_MOLE

DEFINITIONS: Final[Mapping[str, str]] = {
    "potential_of_mean_force": "W(r) = -kT ln g(r), pairs of different molecules, every image; not smoothed",
    "contact": "up to the first minimum of g(r), of all runs together, which is the first maximum of W",
    "association_constant": "4 pi times the integral of g(r) r2 up to there, as L/mol, of one labeled pair of sites",
    "gibbs_energy": "-kT ln(K c), c = 1 mol/L; 'from the tail' with g over its mean in the outer quarter of the range",
    "standard_error": "from blocks of frames, to first order; a lower bound (*) where the contacts changed "
    f"fewer than {FEWEST} times",
}


def report(
    inputs: Sequence[str],
    results: Mapping[str, SolvationPmf],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    names = ", ".join(next(iter(results.values())).pairs)
    stems = [re.sub(r"[^A-Za-z0-9._-]+", "_", called) for called in results]
    if len(set(stems)) < len(stems):
        stems = [f"{stem}_{number}" for number, stem in enumerate(stems, 1)]
    return Report(
        command="pmf",
        title=f"Potentials of mean force of {names}: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(result.distribution.frames for result in results.values()),
        settings=settings,
        rows=[jsonable(result) for result in results.values()],
        units=units(SolvationPmf.quantity_names),
        warnings=warnings,
        tables=(table(results),),
        drawings=(
            Drawing(
                "potential_of_mean_force",
                "Potential of mean force W(r) = −kT ln g(r) of pairs of different molecules. Bands: one standard error "
                "from blocks of frames; dots: contact minimum; dashed: where contact ends.",
                partial(_draw, results),
            ),
        ),
        records={
            f"potential_of_mean_force_{stem}": result.to_dataframe
            for stem, result in zip(stems, results.values(), strict=True)
        },
    )


def table(results: Mapping[str, SolvationPmf]) -> Table:
    """Return the numbers of all runs: a row per pair and run."""
    rows: list[tuple[str | None, ...]] = []
    bounds = False
    for name in next(iter(results.values())).pairs:
        for called, result in results.items():
            rows.append((name, called, *_row(result.pairs[name])))
            one = result.pairs[name]
            bounds |= math.isfinite(one.gibbs_energy) and not one.converged
    temperatures = ", ".join(
        f"{called} {result.temperature:.4g} K ({result.temperature_source})"
        for called, result in results.items()
    )
    notes = [f"Temperature: {temperatures}. Standard state 1 mol/L; ± is one standard error; – is undefined."]
    notes.append(
        "An error knows what changed within the run alone: pairs that stayed bound throughout add none "
        "(perovchem exchange tells how many come and go)."
    )
    if bounds:
        notes.append("* a lower bound of the error: contacts changed too rarely, or never.")
    header = (
        "pair",
        "run",
        "minimum (Å)",
        "contact to (Å)",
        "barrier (kJ/mol)",
        "K (L/mol)",
        "ΔG (kJ/mol)",
        "g far away",
        "ΔG from the tail (kJ/mol)",
    )
    return Table("", header, tuple(rows), tuple(notes))


def _row(one: ContactPair) -> tuple[str | None, ...]:
    barrier = _with_error(one.barrier / KILOJOULE_PER_MOLE, one.barrier_error / KILOJOULE_PER_MOLE)
    if math.isfinite(one.barrier_bound):
        barrier = f"≥ {one.barrier_bound / KILOJOULE_PER_MOLE:.1f}"
    star = "" if one.converged else "*"
    return (
        plus_minus(one.minimum[0], most=2),
        plus_minus(one.contact, most=2),
        barrier,
        _with_error(one.association_constant, one.association_constant_error, mark=star),
        _with_error(
            one.gibbs_energy / KILOJOULE_PER_MOLE, one.gibbs_energy_error / KILOJOULE_PER_MOLE, mark=star
        ),
        _with_error(one.tail, one.tail_error),
        plus_minus(one.gibbs_energy_from_tail / KILOJOULE_PER_MOLE, most=2),
    )


_with_error = partial(plus_minus, most=6, alone=".3g")


def _draw(results: Mapping[str, SolvationPmf]) -> Any:
    from perovchem.plotting.solvation_pmf import plot_mean_force

    return plot_mean_force(results)
