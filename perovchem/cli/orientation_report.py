"""What ``perovchem orientation`` shows of its results: table, figure, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from perovchem.cli.common import stems_of
from perovchem.number_text import with_error
from perovchem.orientation import Orientation
from perovchem.orientation.directions import FAMILIES
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable

DEFINITIONS: Final[Mapping[str, str]] = {
    "correlation": "C_l(t) = <P_l(u(s).u(s + t))> over molecules and all time origins s",
    "decay_time": "of A exp(-t/τ), fitted where C_l falls from .8 to .2",
    "integral_time": "integral of C_l over t, beyond its significant part by the fitted decay",
    "refusal": "where C_l has not fallen to 1/e within half of the run, or the run holds fewer than four independent "
    "orientations (molecules x length / 2 τ), a lower bound is given",
    "standard_error": "one molecule after the other left out; of fewer than ten molecules, blocks of each",
    "preference": "part of the axes nearest to <100>, <110>, <111> of the cell, over that of random axes",
}


def report(
    inputs: Sequence[str],
    results: Mapping[str, Orientation],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    first = next(iter(results.values()))
    stems = stems_of(results)
    caption = (
        f"Autocorrelation of the {first.axis} axis of {first.molecule} over all time origins, of order 1 (a) and "
        "2 (b); bands: one standard error; dashed: fitted decay; > marks lower bounds. (c) Axes nearest to each "
        "family of cubic directions of the cell, over random ones."
    )
    return Report(
        command="orientation",
        title=f"Orientation of {first.axis} in {first.molecule}: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(result.frames for result in results.values()),
        settings=settings,
        rows=[result.to_dict() for result in results.values()],
        units=units(Orientation.quantity_names),
        warnings=warnings,
        tables=(table(results),),
        drawings=(Drawing("orientation", caption, partial(_draw, results)),),
        records={f"orientation_{stems[called]}": result.to_dataframe for called, result in results.items()},
        arrays={
            f"orientation_{stems[called]}": partial(_variables, result) for called, result in results.items()
        },
    )


def table(results: Mapping[str, Orientation]) -> Table:
    """Return the numbers of all runs, and below them what was refused."""
    runs = results.values()
    rows: list[tuple[str | None, ...]] = [("molecules", *(str(len(one.atoms)) for one in runs), "")]
    for order in (1, 2):
        found = [one.correlations[order] for one in runs]
        decays = [with_error(c.decay_time, 3, c.decay_time_standard_error, c.converged) for c in found]
        integrals = [
            _time(c.integral_time, c.integral_time_standard_error, c.lower_bound, c.converged) for c in found
        ]
        rows.append((f"C{order} decay time", *decays, "ps"))
        rows.append((f"C{order} integral time", *integrals, "ps"))
    rows.append(("order parameter", *(with_error(one.order_parameter, 3) for one in runs), ""))
    for name in FAMILIES:
        averages = [one.preference[name] for one in runs]
        if any(math.isfinite(one.mean) for one in averages):
            cells = [with_error(one.mean, 2, one.standard_error, one.converged) for one in averages]
            rows.append((f"preference for {name}", *cells, ""))
    rows.append(("length", *(f"{_length(one):.3f}" for one in runs), "ps"))
    notes = [
        f"{called}: {c.verdict}"
        for called, one in results.items()
        for c in one.correlations.values()
        if c.verdict
    ]
    notes.append("± is one standard error, > a lower bound; – is undefined. * the error is a lower bound.")
    return Table("", ("", *results, "unit"), tuple(rows), tuple(notes))


def _length(one: Orientation) -> float:
    """Return the length of the run, ps."""
    times = one.frames.require_times("a length")
    return float(times[-1] - times[0]) / 1000


def _time(value: float, error: float, bound: float, converged: bool) -> str | None:
    """Return a time, or its lower bound."""
    if math.isfinite(value):
        return with_error(value, 3, error, converged)
    return f"> {bound:.2g}" if math.isfinite(bound) else None


def _draw(results: Mapping[str, Orientation]) -> Any:
    from perovchem.plotting.orientation import plot_orientation

    return plot_orientation(results)


def _variables(result: Orientation) -> dict[str, Variable]:
    """Return the variables of a NetCDF file."""
    one = result.correlations[1]
    sentence = quantity("orientation_correlation").sentence
    found = {"lag": Variable(("lag",), one.lags, "ps", quantity("lag").sentence)}
    for order, correlation in result.correlations.items():
        found[f"C{order}"] = Variable(("lag",), correlation.values, "1", sentence)
        found[f"C{order}_standard_error"] = Variable(
            ("lag",), correlation.standard_error, "1", f"One standard error: {sentence}"
        )
    return found
