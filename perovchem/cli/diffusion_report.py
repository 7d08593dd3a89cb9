"""What ``perovchem diffusion`` shows of its results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from perovchem.diffusion import Diffusion
from perovchem.diffusion.result import SQUARE_METERS
from perovchem.errors import UsageError, nearest
from perovchem.frames import Frames
from perovchem.molecules import find_molecules
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "run": "", "label": "", "of": "", "n_particles": "", "n_frames": "", "verdict": "", "diffusion_coefficient": "m2_s",
    "standard_error": "m2_s", "upper_bound": "m2_s", "exponent": "", "exponent_standard_error": "", "inflation": "",
    "intercept": "A2", "intercept_standard_error": "A2", "temperature": "K", "box_correction": "m2_s",
    "corrected_diffusion_coefficient": "m2_s", "corrected_standard_error": "m2_s", "radius": "A",
    "radius_standard_error": "A",
}  # fmt: skip


def moving(frames: Frames, wanted: Sequence[str] | None, runs: Mapping[str, Frames]) -> list[str]:
    """Return what to follow in a run: what was asked for and is there, or every lone atom and molecule."""
    first = frames[:1]
    molecules = find_molecules(frames.species, first.fractional_positions[0], first.kernel_cells[0])
    if not wanted:
        periodic = {molecules.names[k] for k in molecules.periodic}
        return [name for name in molecules.census if name not in periodic]
    known = {*frames.species, *molecules.names, *molecules.formulas}
    found = [name for name in wanted if name in known]
    if found and len(runs) > 1:
        return found  # a solvent of its own stands in each run
    for name in wanted:
        if name not in known:
            raise UsageError(f"no element or molecule is called {name!r}", fix=nearest(name, known))
    return list(wanted)


def report(
    inputs: Sequence[str],
    results: Mapping[str, Sequence[Diffusion]],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    every = [(run, found) for run, several in results.items() for found in several]
    names = list(dict.fromkeys(found.of for _, found in every))
    return Report(
        command="diffusion",
        title=f"Diffusion of {', '.join(names)}: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(several[0].frames for several in results.values()),
        settings=settings,
        rows=[
            {"label": run, "diffusion": [found.to_dict() for found in several]}
            for run, several in results.items()
        ],
        units=units(Diffusion.quantity_names),
        warnings=warnings,
        tables=tuple(_tables(every)),
        drawings=(_drawing(results),),
        records={"diffusion": partial(_summary_table, every)} | _curves(every),
        summary=_sentence(every),
    )


def _tables(every: Sequence[tuple[str, Diffusion]]) -> list[Table]:
    """Return the numbers, and those that rest on a viscosity."""
    rows = [
        (
            run,
            found.of,
            str(found.n_particles),
            f"{found.duration:.2f}",
            coefficient(found.diffusion_coefficient, found.standard_error, found.upper_bound),
            _range(found.interval_95),
            coefficient(found.per_fs[0], found.per_fs[1], found.upper_bound / SQUARE_METERS),
            f"{found.fitted_range[0]:.3g}-{found.fitted_range[1]:.3g}",
            f"{found.exponent:.2f} ± {found.exponent_standard_error:.2f}",
            found.verdict,
        )
        for run, found in every
    ]
    notes = [
        "± is one standard error; it allows for overlapping windows"
        + (
            ", and for particles that differ or move together"
            if any(found.inflation > 1 for _, found in every)
            else ""
        )
        + ". < is an upper bound (95 %) where there is no diffusion to see.",
        *(
            f"{run}, {found.of}: {found.verdict}: {found.reason}"
            for run, found in every
            if found.verdict != "diffusive"
        ),
    ]
    header = (
        "run", "of", "number", "run (ps)", "D (m2/s)", "95 % (m2/s)", "D (Å2/fs)", "fitted lags (ps)",
        "exponent", "verdict",
    )  # fmt: skip
    tables = [Table("", header, tuple(rows), tuple(notes))]
    liquid = [(run, found) for run, found in every if not math.isnan(found.viscosity)]
    if liquid:
        lines = [
            (
                run,
                found.of,
                f"{found.temperature:.1f}",
                _number(found.box_correction),
                coefficient(found.corrected_diffusion_coefficient, found.corrected_standard_error, math.nan),
                None
                if math.isnan(found.radius)
                else f"{found.radius:.2f} ± {found.radius_standard_error:.2f}",
            )
            for run, found in liquid
        ]
        given = liquid[0][1]
        tables.append(
            Table(
                f"Infinite box, viscosity {given.viscosity:g} ± {given.viscosity_standard_error:g} mPa s",
                ("run", "of", "T (K)", "correction (m2/s)", "D, corrected (m2/s)", "radius (Å)"),
                tuple(lines),
                (
                    "Yeh & Hummer, doi 10.1021/jp0477147, for cubic boxes; Stokes-Einstein radius, stick boundary.",
                ),
            )
        )
    return tables


def coefficient(value: float, error: float, bound: float) -> str | None:
    """Return "1.38e-09 ± 3.4e-10", "< 6e-10", or None."""
    if not math.isnan(value):
        return f"{value:.2e} ± {error:.1e}"
    return None if math.isnan(bound) else f"< {bound:.1e}"


def _number(value: float) -> str | None:
    return None if math.isnan(value) else f"{value:.2e}"


def _range(ends: tuple[float, float]) -> str | None:
    return None if math.isnan(ends[0]) else f"{ends[0]:.1e} to {ends[1]:.1e}"


def _drawing(results: Mapping[str, Sequence[Diffusion]]) -> Drawing:
    """Return the figure."""

    def draw() -> Any:
        from perovchem.plotting.diffusion import plot_diffusion

        return plot_diffusion(results)

    return Drawing(
        "msd",
        "Mean square displacement over all time origins and particles, with one standard error (band, to a quarter of "
        "the run). Dashed: the fitted line, within the fitted range; dotted where it is no diffusion.",
        draw,
    )


def _summary_table(every: Sequence[tuple[str, Diffusion]]) -> pd.DataFrame:
    """Return one row per run and particle."""
    import pandas as pd

    rows = [
        {"run": run}
        | {
            f"{name}_{unit}" if unit else name: getattr(found, name)
            for name, unit in _COLUMNS.items()
            if hasattr(found, name)
        }
        | {
            f"{name}_{end}_m2_s": values[k]
            for name, values in (("interval_68", found.interval_68), ("interval_95", found.interval_95))
            for k, end in enumerate(("low", "high"))
        }
        | {"fitted_from_ps": found.fitted_range[0], "fitted_to_ps": found.fitted_range[1]}
        for run, found in every
    ]
    return pd.DataFrame(rows)


def _curves(every: Sequence[tuple[str, Diffusion]]) -> dict[str, Any]:
    """Return the curve of each run and particle as a table."""
    found: dict[str, Any] = {}
    for run, one in every:
        stem = free = "msd_" + re.sub(r"[^A-Za-z0-9._-]+", "_", f"{run}_{one.of}")
        number = 2
        while free in found:
            free, number = f"{stem}_{number}", number + 1
        found[free] = one.to_dataframe
    return found


def _sentence(every: Sequence[tuple[str, Diffusion]]) -> str:
    """Return what came out, in one sentence."""
    parts = []
    for run, found in every:
        value = coefficient(found.diffusion_coefficient, found.standard_error, found.upper_bound)
        parts.append(f"{run} {found.of} {value or found.verdict}")
    return f"Diffusion coefficients from mean square displacements, m2/s: {', '.join(parts)}."
