"""What is told of a run, as numbers, for JSON and as a table."""

# ruff: noqa: N815  units keep their case
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from perovchem.number_text import plus_minus
from perovchem.result import jsonable


@dataclass(frozen=True, slots=True)
class Average:
    """Mean over all steps, nothing discarded; standard deviation; standard error of the mean by blocks."""

    mean: float
    standard_deviation: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Pressure:
    """A third of the trace of the pressure tensor, GPa; positive where the cell wants to expand.

    Mean over all steps of molecular dynamics; of a relaxation the last step alone, of displaced structures the
    first, which ``step`` says.
    """

    mean: float
    standard_deviation: float
    standard_error: float
    includes_kinetic_part: bool
    step: str = "all"


@dataclass(frozen=True, slots=True)
class EnergyDrift:
    """Slope of an energy over time by least squares, meV per atom and ps; ``energy`` says which one."""

    value: float
    standard_error: float
    energy: str


@dataclass(frozen=True, slots=True)
class SuggestedDiscard:
    """Frames at the beginning that do not look stationary yet, from the series named."""

    frames: int
    picoseconds: float
    series: str


@dataclass(frozen=True, slots=True)
class CellInformation:
    """Means over the frames; ``constant`` says whether all of them have the same cell."""

    lengths_A: tuple[float, float, float]
    angles_degree: tuple[float, float, float]
    volume_A3: float
    constant: bool = True


@dataclass(frozen=True, eq=False)
class RunInformation:
    """What a file or run folder is; None where it does not say.

    Attributes
    ----------
    format : str
        Of the file, or of the trajectory that was chosen in a folder.
    code, version : str or None
    n_atoms, n_frames : int or None
        Frames of a trajectory; finished ionic steps of a log.
    frames_are : str or None
        What the frames are where they do not follow each other in time: a relaxation, displaced structures.
    formula : str or None
    complete : bool
        Whether nothing is cut and, where a log tells, the run ended in order.
    density_g_cm3 : float or None
    cell : CellInformation or None
    timestep_fs, frame_interval_fs, length_ps : float or None
        Length from first to last frame.
    timestep_source : str or None
        Where the time step was read.
    frame_interval_steps : int or None
        Steps of molecular dynamics from one frame to the next, as the file labels them.
    temperature_K : Average or None
    pressure_GPa : Pressure or None
    energy_drift : EnergyDrift or None
    unconverged_steps : int or None
        Ionic steps whose electrons did not converge.
    machine_learned_steps : int or None
        Ionic steps computed with a machine-learned force field.
    correlation_time_fs, length_over_correlation_time : float or None
        Integrated correlation time of the series named in ``correlation_series``, and how often it fits in.
    correlation_series : str or None
    suggested_discard : SuggestedDiscard or None
    settings : mapping
        Keywords of the input as the files repeat them.
    files : tuple of str
        All that was read.
    warnings : tuple of str
    """

    format: str
    code: str | None
    version: str | None = None
    n_atoms: int | None = None
    n_frames: int | None = None
    frames_are: str | None = None
    formula: str | None = None
    complete: bool = True
    density_g_cm3: float | None = None
    cell: CellInformation | None = None
    timestep_fs: float | None = None
    timestep_source: str | None = None
    frame_interval_fs: float | None = None
    frame_interval_steps: int | None = None
    length_ps: float | None = None
    temperature_K: Average | None = None
    pressure_GPa: Pressure | None = None
    energy_drift: EnergyDrift | None = None
    unconverged_steps: int | None = None
    machine_learned_steps: int | None = None
    correlation_time_fs: float | None = None
    length_over_correlation_time: float | None = None
    correlation_series: str | None = None
    suggested_discard: SuggestedDiscard | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON: NaN and unknown are None."""
        return {one.name: jsonable(getattr(self, one.name)) for one in fields(self)}

    def __str__(self) -> str:
        """Return a table for people."""
        rows = [(name, text) for name, text in _table(self) if text]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {text}" for name, text in rows]
        return "\n".join([*lines, *(f"{'warning':<{width}}  {text}" for text in self.warnings)])


_with_error = partial(plus_minus, most=12, alone=".6g")


def _number(value: float | None, unit: str) -> str:
    """Return a number with its unit, or nothing."""
    return "" if value is None else f"{value:.6g} {unit}".rstrip()


def _frames(one: RunInformation) -> str:
    """Return how many frames of what."""
    if one.n_frames is None:
        return ""
    return f"{one.n_frames} ({one.frames_are})" if one.frames_are else str(one.n_frames)


def _timestep(one: RunInformation) -> str:
    """Return the time step and, in short, where it was read."""
    source = (one.timestep_source or "").partition(",")[0]
    return _number(one.timestep_fs, f"fs ({source})" if source else "fs")


def _interval(one: RunInformation) -> str:
    """Return the time between frames or, where the time step is not known, the steps and what would tell it."""
    if one.frame_interval_fs is not None:
        return _number(one.frame_interval_fs, "fs")
    if one.frame_interval_steps is None:
        return ""
    steps = "1 step" if one.frame_interval_steps == 1 else f"{one.frame_interval_steps} steps"
    return f"{steps}; the time step is not known (--timestep, or the run folder with its INCAR or OUTCAR)"


def _table(one: RunInformation) -> list[tuple[str, str]]:
    """Return the rows of the table; those without text are not known."""
    rows = [
        ("format", one.format),
        ("code", f"{one.code or ''} {one.version or ''}".strip()),
        ("formula", one.formula or ""),
        ("atoms", "" if one.n_atoms is None else str(one.n_atoms)),
        ("frames", _frames(one)),
        ("complete", "yes" if one.complete else "no"),
        ("density", _number(one.density_g_cm3, "g/cm3")),
    ]
    if cell := one.cell:
        mean = "" if cell.constant else " (mean of the frames)"
        rows += [
            ("cell lengths", " ".join(f"{x:.5f}" for x in cell.lengths_A) + f" Å{mean}"),
            ("cell angles", " ".join(f"{x:.3f}" for x in cell.angles_degree) + f" degrees{mean}"),
            ("volume", f"{cell.volume_A3:.3f} Å3{mean}"),
        ]
    rows += [
        ("time step", _timestep(one)),
        ("frame interval", _interval(one)),
        ("length", _number(one.length_ps, "ps")),
    ]
    if average := one.temperature_K:
        spread = f" K (standard deviation {average.standard_deviation:.4g} K)"
        rows.append(("temperature", f"{_with_error(average.mean, average.standard_error)}{spread}"))
    if pressure := one.pressure_GPa:
        part = "with" if pressure.includes_kinetic_part else "without"
        text = _with_error(pressure.mean, pressure.standard_error)
        step = "" if pressure.step == "all" else f"{pressure.step} step, "
        rows.append(("pressure", f"{text} GPa ({step}{part} the kinetic part)"))
    if drift := one.energy_drift:
        text = _with_error(drift.value, drift.standard_error)
        rows.append(("energy drift", f"{text} meV/atom/ps of {drift.energy}"))
    rows += [
        ("unconverged steps", "" if one.unconverged_steps is None else str(one.unconverged_steps)),
        ("machine-learned steps", str(one.machine_learned_steps) if one.machine_learned_steps else ""),
    ]
    if one.correlation_time_fs is not None:
        ratio = one.length_over_correlation_time or math.nan
        text = f"{one.correlation_time_fs:.4g} fs of the {one.correlation_series}; fits in {ratio:.4g} times"
        rows.append(("correlation time", text))
    if discard := one.suggested_discard:
        text = f"{discard.frames} frames = {discard.picoseconds:.4g} ps, from the {discard.series}"
        rows.append(("suggested discard", text))
    if one.format == "INCAR":
        rows += list(one.settings.items())
    return [*rows, ("files", ", ".join(one.files))]
