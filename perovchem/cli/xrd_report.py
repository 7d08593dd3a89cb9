"""What ``perovchem xrd`` shows of its results: tables of peaks and shifts, stacked patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.bare_lattice import BareLattice
from perovchem.cli.common import stems_of
from perovchem.crystal import Crystal
from perovchem.diffraction import PatternComparison, PowderPattern, compare_patterns, powder_pattern
from perovchem.diffraction.pattern import Peak, written
from perovchem.errors import MissingDataError, PerovchemError, UsageError
from perovchem.frames import Frames
from perovchem.provenance import input_files
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table
from perovchem.result import jsonable

if TYPE_CHECKING:
    import pandas as pd

    from perovchem.cli.common import Notes

_MANY: Final = 60
"""Peaks of a table; the weaker ones stand in the files."""


def pattern_of(
    source: str,
    *,
    wavelength: str,
    span: tuple[float, float],
    parent: str | None,
    anomalous: bool,
    average: bool,
    discard: str | None,
    stride: int | None,
    notes: Notes,
) -> PowderPattern:
    """Return the pattern of what a name or path means."""
    what = _read(source, average=average, discard=discard, stride=stride)
    wanted: Crystal | str | None = parent
    if isinstance(what, BareLattice):
        notes.take("a cell without atoms: positions, no intensities")
        wanted = None
    elif parent not in (None, "find"):
        # the pattern refuses what is no crystal, and says what to give
        wanted = _read(parent, average=False, discard=None, stride=None)  # type: ignore[assignment]  # refused inside
    elif isinstance(what, Crystal) and (called := _primitive(what)):
        notes.take(f"the primitive cell of a {called} cubic lattice: hkl are its own, not those of the cube")
    found = powder_pattern(
        what, wavelength=wavelength, two_theta_range=span, parent=wanted, anomalous=anomalous
    )
    for note in found.warnings:
        notes.take(note)
    if isinstance(what, Frames):
        files = input_files(what.source.files)
        found = replace(found, provenance=replace(found.provenance, inputs=files))
    return found


def _primitive(crystal: Crystal) -> str:
    """Return the centering of the cubic lattice of which this is the primitive cell, "" where it is none."""
    lengths, angles = crystal.cell_parameters[:3], crystal.cell_parameters[3:]
    if np.ptp(lengths) > 1e-3 * lengths[0]:
        return ""
    for called, angle in (("face-centered", 60.0), ("body-centered", 109.4712)):
        if (np.abs(angles - angle) < 0.05).all():
            return called
    return ""


def _read(
    source: str, *, average: bool, discard: str | None, stride: int | None
) -> Crystal | Frames | BareLattice:
    """Return a crystal, a run if its average is wanted, or a cell where there are no atoms."""
    if average:
        from perovchem.cli.common import segments
        from perovchem.reading import read_frames

        if len(frames := read_frames(segments(source))) > 1:
            if discard is None and stride is None:
                return frames
            return read_frames(segments(source), discard=discard, stride=stride)
    elif discard is not None or stride is not None:
        raise UsageError(
            "frames are chosen of one structure", fix="add --average, or leave out --discard and --stride"
        )
    from perovchem.structure_reading import read_structure

    try:
        return read_structure(source)
    except MissingDataError as error:
        from perovchem.lattice_reading import read_lattice

        try:
            return read_lattice(source)
        except PerovchemError:
            raise error from None


def comparisons(patterns: Mapping[str, PowderPattern], minimum: float) -> dict[str, PatternComparison]:
    """Return each pattern's comparison with the last one."""
    *others, last = patterns
    return {called: compare_patterns(patterns[called], patterns[last], minimum=minimum) for called in others}


def report(
    inputs: Sequence[str],
    patterns: Mapping[str, PowderPattern],
    compared: Mapping[str, PatternComparison],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    minimum = float(settings["minimum_intensity"])
    if not 0 <= minimum <= 100:
        raise UsageError(f"a minimum intensity of {minimum:g} %", fix="give 0 to 100")
    first = next(iter(patterns.values()))
    last = [*patterns][-1]
    for one in patterns.values():  # says now, not in the middle of the files, if a width makes no sense
        one.profile(np.empty(0), fwhm=settings["fwhm"], size=settings["size"])
    tables = [_peaks(called, one, minimum, several=len(patterns) > 1) for called, one in patterns.items()]
    tables += [_shifts(called, last, one) for called, one in compared.items()]
    stems = stems_of(patterns)
    widened = f" and {settings['size']:g} Å crystallites" if settings["size"] else ""
    caption = (
        f"Computed powder patterns, {first.radiation}: sticks at the reflections, pseudo-Voigt profiles of "
        f"{settings['fwhm']:g}° width{widened}, each scaled to its strongest peak. Labels: hkl"
        + (" in the parent cell" if any(map(_tells_parent, patterns.values())) else "")
        + ("; lines join the same reflection, with its shift in degree." if compared else ".")
    )
    rows = []
    for called, one in patterns.items():
        row: dict[str, Any] = {"wavelength": one.wavelength, **one.listing(minimum=minimum)}
        if called in compared:
            row["comparison"] = {"with": last, **jsonable(compared[called])}
        rows.append(row)
    return Report(
        command="xrd",
        title=f"Powder pattern: {', '.join(patterns)}",
        labels=tuple(patterns),
        inputs=tuple(inputs),
        runs=(),
        settings={**settings, "definitions": {called: one.definitions for called, one in patterns.items()}},
        rows=rows,
        units=units({**PowderPattern.quantity_names, **PatternComparison.quantity_names}),
        warnings=warnings,
        tables=tuple(tables),
        drawings=(Drawing("powder_patterns", caption, partial(_draw, patterns, compared, settings)),),
        records={
            **{f"reflections_{stems[called]}": one.to_dataframe for called, one in patterns.items()},
            **{
                f"profile_{stems[called]}": partial(_profile, one, settings)
                for called, one in patterns.items()
            },
            **{f"shifts_{stems[called]}": one.to_dataframe for called, one in compared.items()},
        },
        summary=_summary(patterns, compared),
        read=tuple(dict.fromkeys(file for one in patterns.values() for file in one.provenance.inputs)),
    )


def _summary(patterns: Mapping[str, PowderPattern], compared: Mapping[str, PatternComparison]) -> str:
    """Return what came out, in a sentence or two."""
    parts = []
    for called, one in patterns.items():
        strong = sorted(one.strongest(minimum=20), key=lambda peak: -peak.intensity)[:3]
        if one.has_intensities and strong:
            told = ", ".join(f"{_name(peak)} at {peak.two_theta:.3f}°" for peak in strong)
            parts.append(f"{called}: strongest {told}.")
        else:
            parts.append(f"{called}: {len(one)} positions.")
    for called, two in compared.items():
        if two.shifts:
            strong_shift = max(two.shifts, key=lambda shift: shift.first_intensity)
            parts.append(f"From {called}, {written(strong_shift.hkl)} moves by {strong_shift.shift:+.3f}°.")
    return " ".join(parts)


def _tells_parent(one: PowderPattern) -> bool:
    """Return whether the hkl in the parent cell are others than in the pattern's own."""
    return one.families.parent_hkl is not None and bool((one.families.parent_hkl != one.families.hkl).any())


def _name(peak: Peak) -> str:
    return written(peak.hkl if peak.parent_hkl is None else peak.parent_hkl)


def _peaks(called: str, one: PowderPattern, minimum: float, *, several: bool) -> Table:
    """Return the peaks of one pattern."""
    numbers = one.numbers(minimum=minimum)
    shown = numbers
    if len(numbers) > _MANY:
        order = numbers if not one.has_intensities else numbers[one.intensity[numbers].argsort()[::-1]]
        shown = np.sort(order[:_MANY])
    with_parents, with_errors = _tells_parent(one), one.n_frames > 1
    head = ["hkl", *["parent hkl"] * with_parents, "2θ (degree)", "d (Å)", "multiplicity", "intensity (%)"]
    head += ["±"] * with_errors + ["also in it", "nearby"]
    rows = []
    for number in shown:
        peak = one.peak(int(number))
        also = [family.hkl for family in peak.families[1:] if not family.intensity < 0.05 * peak.intensity]
        row: list[str | None] = [written(peak.hkl)]
        if with_parents:
            row.append(None if peak.parent_hkl is None else written(peak.parent_hkl))
        row += [f"{peak.two_theta:.4f}", f"{peak.d:.5f}", str(peak.multiplicity)]
        row.append(f"{peak.intensity:.2f}" if one.has_intensities else None)
        if with_errors:
            star = "" if one.converged[number] else "*"
            row.append(f"{peak.standard_error:.2f}{star}" if peak.standard_error >= 0 else None)
        row += [_some(also), _some(peak.overlaps)]
        rows.append(tuple(row))
    notes = [
        f"Form factors: {one.definitions['form_factors']}.".replace(
            "International Tables for", "Int. Tables for"
        )
    ]
    notes.append(
        f"Displacements: {one.definitions.get('debye_waller', 'none')}. Nearby: within {one.overlap:g}°."
    )
    if len(shown) < len(numbers):
        notes.append(f"The {len(shown)} strongest of {len(numbers)} peaks; all stand in the files.")
    if with_errors:
        notes.append("± is one standard error from blocks of frames; * a lower bound.")
    return Table(f"{called}, {one.radiation}" if several else "", tuple(head), tuple(rows), tuple(notes))


def _some(names: Sequence[Sequence[float]]) -> str:
    return " ".join(written(one) for one in names[:2]) + (" ..." if len(names) > 2 else "")


def _shifts(called: str, last: str, one: PatternComparison) -> Table:
    """Return the shifts of one comparison."""
    rows = [
        (
            written(shift.hkl), f"{shift.first:.4f}", f"{shift.second:.4f}", f"{shift.shift:+.4f}",
            _percent(shift.first_intensity), _percent(shift.second_intensity), "yes" if shift.split else "",
        )
        for shift in one.shifts[:_MANY]
    ]  # fmt: skip
    notes = [f"Matched by {one.basis}; shift: {last} minus {called}."]
    for name, alone in ((called, one.only_first), (last, one.only_second)):
        if alone:
            told = ", ".join(f"{written(hkl)} at {angle:.3f}°" for hkl, angle, _ in alone[:6])
            more = " and others" * (len(alone) > 6)
            least = f" at {one.minimum:g} % or more" if alone[0][2] >= 0 else ""
            notes.append(f"Only in {name}{least}: {told}{more}.")
    head = ("hkl", "2θ (degree)", "2θ there", "shift", "intensity (%)", "there", "split")
    return Table(f"From {called} to {last}", head, tuple(rows), tuple(notes))


def _percent(value: float) -> str | None:
    return f"{value:.1f}" if value >= 0 else None


def _profile(one: PowderPattern, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return the drawn profile."""
    from perovchem.plotting.diffraction import grid
    from perovchem.result import dataframe

    x = grid(one, settings["fwhm"])
    values = one.profile(x, fwhm=settings["fwhm"], size=settings["size"])
    return dataframe({"two_theta": x, "profile": values}, quantity_names={"two_theta": "two_theta"})


def _draw(
    patterns: Mapping[str, PowderPattern],
    compared: Mapping[str, PatternComparison],
    settings: Mapping[str, Any],
) -> Any:
    from perovchem.plotting.diffraction import plot_patterns

    return plot_patterns(patterns, comparisons=compared, fwhm=settings["fwhm"], size=settings["size"])
