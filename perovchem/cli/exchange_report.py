"""What ``perovchem exchange`` shows of its results: tables, figures, stays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from perovchem.coordination import coordination
from perovchem.cutoffs import bond_cutoffs
from perovchem.exchange import DEFINITIONS, Exchange, exchange
from perovchem.exchange.kinetics import WAYS, Kinetics
from perovchem.number_text import plus_minus
from perovchem.report import Drawing, Report, Table
from perovchem.residence.survival import FALLEN, ResidenceTime, Survival
from perovchem.result import MISSING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from perovchem.cli.common import Notes
    from perovchem.frames import Frames


def analyze(
    opened: Mapping[str, Frames],
    notes: Notes,
    *,
    center: list[str],
    ligands: list[str],
    cutoffs: Mapping[str, float],
    names: Mapping[str, str],
    options: Mapping[str, Any],
) -> dict[str, Exchange]:
    """Return the exchange of each run, with cutoffs measured on all of them."""
    for _, frames in notes.each(opened):
        frames.require_times("exchange")
    table = bond_cutoffs(list(opened.values()), center=center, ligands=ligands, given=cutoffs)
    found = {}
    for label, frames in notes.each(opened):
        shells = coordination(frames, center=center, ligands=ligands, cutoffs=table, names=names)
        found[label] = exchange(shells, **options)
    return found


def report(
    inputs: Sequence[str], runs: Mapping[str, Exchange], settings: Mapping[str, Any], warnings: Sequence[str]
) -> Report:
    """Return everything that the command has to show."""
    first = next(iter(runs.values()))
    what = f"{'/'.join(first.shells.center)} and {' and '.join(first.shells.ligands)}"
    return Report(
        command="exchange",
        title=f"Exchange of ligands, {what}: {', '.join(runs)}",
        labels=tuple(runs),
        inputs=tuple(inputs),
        runs=tuple(found.shells.frames for found in runs.values()),
        settings={**settings, "definitions": DEFINITIONS},
        rows=[{"label": label, **found.to_dict()} for label, found in runs.items()],
        units=first.units,
        warnings=warnings,
        tables=(_times(runs), _functions(runs)),
        drawings=drawings(runs),
        records={
            "survival": partial(_joined, runs, "survival_table"),
            "stays": partial(_joined, runs, "to_dataframe"),
        },
        summary=_summary(runs),
    )


def drawings(runs: Mapping[str, Exchange]) -> tuple[Drawing, ...]:
    """Return the figures, each with what it shows."""
    tolerance = next(iter(runs.values())).tolerance / 1000
    return (
        Drawing(
            "survival",
            "Part of the bonds that are there a lag later: without a break (thin: with absences up to "
            f"{tolerance:g} ps bridged), whatever happened between, and without having been "
            "beyond the product cutoff. Bands: one standard error, by leaving out one center-ligand pair at a "
            "time; dashed: exponentials, where the function falls below 1/e (dotted) within half of the run.",
            partial(_draw, "plot_survival", runs),
        ),
        Drawing(
            "stays",
            "Who is bound when: each row is a bond of one center and ligand (periodic images apart), from within "
            "the reactant cutoff to beyond the product cutoff. Bars without a mark go on beyond what was analyzed.",
            partial(_draw, "plot_stays", runs),
        ),
    )


def _draw(which: str, runs: Mapping[str, Exchange]) -> Figure:
    from perovchem.plotting import exchange as figures

    figure: Figure = getattr(figures, which)(runs)
    return figure


def _joined(runs: Mapping[str, Exchange], which: str) -> pd.DataFrame:
    """Return the table of every run, with its label in front."""
    import pandas as pd

    tables = []
    for label, found in runs.items():
        table = found.to_dataframe() if which == "to_dataframe" else found.survival_table
        table.insert(0, "run", label)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _summary(runs: Mapping[str, Exchange]) -> str:
    """Return in one sentence the residence times."""
    found = [
        f"{label} {name} {residence(kind)} ps"
        for label, run in runs.items()
        for name, kind in run.kinetics.items()
    ]
    return f"Residence times from counted events (stable states): {', '.join(found)}."


def residence(kind: Kinetics) -> str:
    """Return the residence time in ps: "7.3 (3.7 to 14)", "> 21.6", or "undefined"."""
    if not math.isnan(kind.residence_time):
        low, high = kind.interval
        return f"{kind.residence_time / 1000:.3g} ({_brief(low / 1000)} to {_brief(high / 1000)})"
    return "undefined" if math.isnan(kind.lower_bound) else f"> {kind.lower_bound / 1000:.3g}"


def _brief(value: float) -> str:
    """Return two digits, "190" rather than "1.9e+02"."""
    return f"{float(f'{value:.2g}'):g}"


def _rate(kind: Kinetics) -> str | None:
    """Return the rate of escape in 1/ps, likewise."""
    rate = kind.escape
    if not math.isnan(rate.value):
        return f"{_brief(1000 * rate.value)} ({_brief(1000 * rate.low)} to {_brief(1000 * rate.high)})"
    return (
        None
        if math.isnan(rate.upper_bound) or math.isinf(rate.upper_bound)
        else f"< {_brief(1000 * rate.upper_bound)}"
    )


def _kinds(runs: Mapping[str, Exchange]) -> list[str]:
    return list(dict.fromkeys(name for found in runs.values() for name in found.kinetics))


_LINES = (
    ("bound per center", ""),
    ("residence time", "ps"),
    ("rate of escape", "1/ps"),
    ("bound time", "ps"),
    ("gained / lost / exchanged", ""),
)
_SHORT = {"residence time", "rate of escape", "gained / lost / exchanged"}


def _lines(kind: Kinetics | None) -> tuple[str | None, ...]:
    """Return the cells of one run, in the order of the lines; None where it has no such kind."""
    if kind is None:
        return (None,) * len(_LINES)
    counts = kind.counts
    return (
        f"{kind.mean_bound:.3f}",
        residence(kind),
        _rate(kind),
        f"{kind.escape.time / 1000:.4g}",
        f"{counts.associations} / {counts.dissociations} / {counts.exchanges}",
    )


def short_table(runs: Mapping[str, Exchange | None], refused: Mapping[str, str]) -> Table:
    """Return the main numbers, for a command that shows exchange beside other things; None of a run is refused."""
    known = {label: found for label, found in runs.items() if found}
    rows: list[tuple[str | None, ...]] = []
    for name in _kinds(known):
        columns = [_lines(found.kinetics.get(name) if found else None) for found in runs.values()]
        for k, (words, unit) in enumerate(_LINES):
            if words in _SHORT:
                rows.append((f"{name}, {words}", *(column[k] for column in columns), unit))
    notes = [f"{label}: {reason}" for label, reason in refused.items() if reason]
    notes.append(
        "In parentheses: interval of 68.3 %. > and < are bounds of 95 % where nothing was lost. perovchem exchange "
        "tells more."
    )
    return Table("Exchange of ligands", ("", *runs, "unit"), tuple(rows), tuple(notes))


def _times(runs: Mapping[str, Exchange]) -> Table:
    """Return events and rates, one column per run."""
    rows: list[tuple[str | None, ...]] = [
        ("frames", *(str(found.clock.n_frames) for found in runs.values()), ""),
        ("discarded frames", *(str(found.shells.frames.discarded) for found in runs.values()), ""),
        ("observed", *(f"{found.clock.observed / 1000:.4g}" for found in runs.values()), "ps"),
    ]
    for name in _kinds(runs):
        columns = [_lines(found.kinetics.get(name)) for found in runs.values()]
        for k, (words, unit) in enumerate(_LINES):
            rows.append((f"{name}, {words}", *(column[k] for column in columns), unit))
    replaced = sorted({name for found in runs.values() for name in found.replacements})
    rows += [
        (f"exchanged: {name}", *(str(found.replacements.get(name, 0)) for found in runs.values()), "")
        for name in replaced
    ]
    first = next(iter(runs.values()))
    notes = [
        f"{name}: bound within {limit.reactant:.2f} Å, lost beyond {limit.product:.2f} Å ({limit.source}); cutoff "
        f"of the shell {limit.cutoff:.2f} Å"
        for name, limit in first.thresholds.items()
    ]
    notes.append("In parentheses: interval of 68.3 %. > and < are bounds of 95 % where nothing was lost.")
    return Table("Stable states: events counted", ("", *runs, "unit"), tuple(rows), tuple(notes))


def _functions(runs: Mapping[str, Exchange]) -> Table:
    """Return the times of the survival functions."""
    rows: list[tuple[str | None, ...]] = []
    for name in _kinds(runs):
        for way, words in WAYS.items():
            functions = [
                found.kinetics[name].survival.get(way) if name in found.kinetics else None
                for found in runs.values()
            ]
            fits = [None if one is None else _cell(one.fit) or _end(one) for one in functions]
            rows.append((f"{name}, {words}", *fits, "ps"))
            areas = [None if one is None else _cell(one.integral) for one in functions]
            if any(areas):
                rows.append((f"{name}, {words}, integral", *areas, "ps"))
    tolerance = next(iter(runs.values())).tolerance / 1000
    return Table(
        "Survival functions: residence times",
        ("", *runs, "unit"),
        tuple(rows),
        (
            f"From a fitted exponential; ± is one standard error. tolerant: absences up to {tolerance:g} ps bridged.",
            "– where the function falls too little within half of the run; in parentheses: what is left above chance.",
        ),
    )


def _cell(time: ResidenceTime) -> str | None:
    """Return "value ± error" in ps; None where refused."""
    return plus_minus(time.value / 1000, time.standard_error / 1000, most=6, alone=".3g")


def _end(function: Survival) -> str:
    """Return where a function stands in the end, in place of a time."""
    if not function.fit.note.startswith(FALLEN):
        return MISSING
    return f"{MISSING} ({function.last:.2f})"
