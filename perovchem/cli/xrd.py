"""``perovchem xrd``: computed powder patterns of structures, runs and bare cells; two of them peak by peak."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from perovchem.cli import xrd_measured as its
from perovchem.cli.common import collected_warnings, emit, labels_of, progress
from perovchem.cli.options import Discard, Json, Label, Output, Stride
from perovchem.errors import UsageError

Structures = Annotated[
    list[str],
    typer.Argument(
        metavar="STRUCTURE",
        help="A CIF, POSCAR or other file, a run folder (its last frame), or a bundled name; several are stacked.",
        show_default=False,
    ),
]

COMPUTED: Final = {
    "wavelength": "--radiation tells the lines of the measurement", "compare": "", "minimum_intensity": "",
    "parent": "", "anomalous": "", "average": "", "discard": "", "stride": "", "fwhm": "", "size": "", "label": "",
}  # fmt: skip
"""What means nothing beside --measured, and what does instead."""
MEASURED: Final = (
    "reference", "select", "phase", "radiation", "correction", "radius", "tolerance", "strain", "threshold",
    "composition", "bowing", "instrument_width",
)  # fmt: skip
"""What means nothing without it."""


def xrd(
    context: typer.Context,
    structures: Structures,
    wavelength: Annotated[
        str,
        typer.Option(
            help="CuKa1, CuKa2, CuKa (both), CuKa_weighted, likewise Mo, Co, Fe, Cr, Ag; or a number in Å."
        ),
    ] = "CuKa1",
    span: Annotated[tuple[float, float], typer.Option("--range", help="2θ in degree, as 10 60.")] = (
        5.0,
        60.0,
    ),
    compare: Annotated[
        str | None, typer.Option(metavar="STRUCTURE2", help="Shifts from each structure to this one.")
    ] = None,
    minimum_intensity: Annotated[
        float, typer.Option(help="Leave out peaks below this % of the strongest.")
    ] = 1.0,
    parent: Annotated[
        str | None,
        typer.Option(help="Also hkl in the parent cell: 'find', or the structure the cell was built of."),
    ] = None,
    anomalous: Annotated[
        bool, typer.Option("--anomalous", help="With f' and f'' of the wavelength.")
    ] = False,
    average: Annotated[
        bool, typer.Option("--average", help="Of runs: the mean over all frames, not the last one.")
    ] = False,
    discard: Discard = None,
    stride: Stride = None,
    fwhm: Annotated[float, typer.Option(help="Width of the drawn peaks, degree.")] = 0.1,
    size: Annotated[
        float | None, typer.Option(help="Crystallite size in Å that widens them (Scherrer).")
    ] = None,
    label: Label = None,
    measured: its.Measured = None,
    reference: its.Reference = None,
    select: its.Select = None,
    phase: its.Phase = None,
    radiation: its.Lines = None,
    correction: its.Correct = None,
    radius: its.Radius = None,
    tolerance: its.Tolerance = 0.2,
    strain: its.Strain = 0.0,
    threshold: its.Threshold = 5.0,
    composition: its.Ends = None,
    bowing: its.Bowing = 0.0,
    instrument_width: its.Instrument = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """X-ray powder pattern: hkl, d, 2θ, multiplicity, intensity.

    Families of reflections by symmetry, what falls together in one peak, indices in the parent cell; mean patterns of
    trajectories; shifts between two structures. Of a cell without atoms, positions only.

    With --measured FILE: peaks of a measured pattern with uncertainties, indexed by the first structure, its lattice
    parameters, impurities (--phase), and composition from the shift against --reference FILE2 (--composition).
    """
    from perovchem.cli.xrd_report import comparisons, pattern_of, report

    asked = _asked(context, measured=measured is not None)
    settings: dict[str, Any]
    if measured is not None:
        settings = {
            "measured": measured, "reference": reference, "select": select, "phase": phase, "radiation": radiation,
            "correction": correction, "radius": radius, "tolerance": tolerance, "strain": strain,
            "threshold": threshold, "composition": composition, "bowing": bowing,
            "instrument_width": instrument_width,
            "range": span if "span" in asked else None,  # the default of computed patterns cuts no measured one
        }  # fmt: skip
        its.run(structures, settings, as_json=json, output=output)
        return
    settings = {
        "wavelength": wavelength, "range": span, "compare": compare, "minimum_intensity": minimum_intensity,
        "parent": parent, "anomalous": anomalous, "average": average, "discard": discard, "stride": stride,
        "fwhm": fwhm, "size": size,
    }  # fmt: skip
    inputs = [*structures, *([compare] if compare else [])]
    with collected_warnings() as notes, progress():
        names = labels_of(inputs, [*label, compare] if label and compare else label)
        opened = dict(zip(names, inputs, strict=True))
        patterns = {
            called: pattern_of(
                source, wavelength=wavelength, span=span, parent=parent or ("find" if compare else None),
                anomalous=anomalous, average=average, discard=discard, stride=stride, notes=notes,
            )
            for called, source in notes.each(opened)
        }  # fmt: skip
        compared = comparisons(patterns, minimum_intensity) if compare else {}
        found = report(inputs, patterns, compared, settings, notes)
    emit(found, as_json=json, output=output)


def _asked(context: typer.Context, *, measured: bool) -> set[str]:
    """Return the parameters that were given; refuse those that would be left aside in silence."""
    given = {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
    for name in COMPUTED if measured else MEASURED:
        if name in given:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"{option} means nothing {'beside' if measured else 'without'} --measured",
                fix=(COMPUTED.get(name) or f"leave out {option}")
                if measured
                else f"add --measured FILE, or leave out {option}",
            )
    return given
