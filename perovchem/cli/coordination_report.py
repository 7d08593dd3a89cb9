"""How ``perovchem coordination`` shows its result: table, JSON, CSV, figures."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from perovchem.comparison import Comparison, Line, summary
from perovchem.provenance import input_files
from perovchem.result import envelope, text_table, to_json

_DIGITS = {"1": 3, "g/cm3": 3, "mol/L": 3, "Å": 3, "Å3": 2, "fraction": 3, "centers": 2, "ps": 3}
_WHOLE = {"frames", "discarded frames", "network dimension"}


def document(runs: list[str], comparison: Comparison, settings: dict[str, Any], warnings: list[str]) -> str:
    """Return the JSON object of the command."""
    files = [path for shells in comparison.shells for path in shells.frames.source.files]
    rows = [{"input": run, **row} for run, row in zip(runs, comparison.rows(), strict=True)]
    inputs = input_files(dict.fromkeys(files))
    return to_json(envelope("coordination", inputs, settings, rows, comparison.units, warnings))


def table(comparison: Comparison) -> str:
    """Return the numbers of all runs as an aligned table, and what they rest on below it."""
    parts = list(
        zip(comparison.shells, comparison.polyhedra, comparison.aggregation, comparison.history, strict=True)
    )
    columns = [summary(*part) for part in parts]
    crystals = all(len(shells.frames) == 1 for shells in comparison.shells)
    rows = []
    for lines in zip(*columns, strict=True):
        what = lines[0].what
        if what.startswith("first lasting") and crystals:
            continue
        unit = max((line.unit for line in lines), key=len)  # "Å3 per cell" where one network is infinite
        digits = 0 if what in _WHOLE else _DIGITS[unit.removesuffix(" per cell")]
        cells = [_cell(line, digits) for line in lines]
        for k, (*_, history) in enumerate(parts):
            if history.from_start.get(what.removeprefix("first lasting ")):
                cells[k] = f"≤ {cells[k]}"  # it may have begun before what was analyzed
        rows.append([what, *cells, "" if unit == "1" else unit])
    text = [text_table(["", *comparison.labels, "unit"], rows), ""]
    text += [f"cutoff {name}: {c.source}" for name, c in comparison.shells[0].cutoffs.items()]
    for label, (shells, *_) in zip(comparison.labels, parts, strict=True):
        common = list(shells.speciation["by_molecule"].items())[:4]
        text.append(
            f"{label}: "
            + ", ".join(f"{species} {100 * part:.0f} %" for species, part in common if part >= 0.005)
        )
    if not crystals:
        text.append("± is one standard error, from blocks of frames; – is undefined.")
    if any(not line.converged and not math.isnan(line.standard_error) for lines in columns for line in lines):
        text.append("* a lower bound: the run is too short to tell, or nothing changed.")
    return "\n".join(text)


def _cell(line: Line, digits: int) -> str | None:
    """Return "value ± error" with two digits of the error, "value", or None where undefined."""
    if math.isnan(line.value):
        return None
    if math.isnan(line.standard_error):
        return f"{line.value:.{digits}f}"
    if line.standard_error > 0:
        digits = min(max(digits, 1 - math.floor(math.log10(line.standard_error))), digits + 3)
    bound = "" if line.converged else "*"
    return f"{line.value:.{digits}f} ± {line.standard_error:.{digits}f}{bound}"


def _unused(path: Path, used: list[Path]) -> Path:
    """Return the path, numbered where another label has given the same."""
    number = 2
    free = path
    while free in used:
        free = path.with_stem(f"{path.stem}_{number}")
        number += 1
    return free


def write(
    folder: Path, runs: list[str], comparison: Comparison, settings: dict[str, Any], warnings: list[str]
) -> list[Path]:
    """Write summary and per-frame tables, JSON and figures into the folder; return the paths."""
    from perovchem.plotting.coordination import plot_distributions, plot_sharing
    from perovchem.plotting.style import save

    paths = [folder / "coordination.csv", folder / "coordination.json"]
    comparison.to_dataframe().to_csv(paths[0], index=False)
    paths[1].write_text(document(runs, comparison, settings, warnings) + "\n", encoding="utf-8")
    for label, hulls, joined in zip(
        comparison.labels, comparison.polyhedra, comparison.aggregation, strict=True
    ):
        frame = hulls.to_dataframe().merge(
            joined.to_dataframe().drop(columns="time_ps"), on=["frame", "center_atom"], validate="one_to_one"
        )
        path = _unused(folder / f"per_frame_{re.sub(r'[^A-Za-z0-9._-]+', '_', label)}.csv", paths)
        frame.to_csv(path, index=False, float_format="%.6g")
        paths.append(path)
    paths += save(plot_distributions(comparison), folder, "distributions")
    paths += save(plot_sharing(comparison), folder, "sharing")
    return paths
