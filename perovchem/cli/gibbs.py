"""``perovchem gibbs``: Gibbs energies of species, with every term and the fate of every mode."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from perovchem.cli.common import collected_warnings, emit, labels_of, progress
from perovchem.cli.options import Json, Label, Output

_UNITS: Final = {
    "temperature": "K", "pressure": "Pa", "concentration": "mol_per_L", "cutoff": "per_cm",
    "invert_imaginary_below": "per_cm",
}  # fmt: skip

_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Frequency calculations: OUTCAR, vasprun.xml, .castep, Gaussian, ORCA, xtb, or TOML/JSON; a run folder; "
        "several are compared.",
        show_default=False,
    ),
]


def gibbs(
    files: _Files,
    temperature: Annotated[float, typer.Option(help="In K.")] = 298.15,
    pressure: Annotated[float | None, typer.Option(help="In Pa. Default: 101325 (1 atm).")] = None,
    concentration: Annotated[float | None, typer.Option(help="In mol/L, instead of a pressure.")] = None,
    treatment: Annotated[
        str,
        typer.Option(
            help="Of soft modes, for the headline: grimme, rrho, grimme-head-gordon, truhlar, or electronic (E alone). "
            "All are always computed."
        ),
    ] = "grimme",
    frequency_scale: Annotated[float, typer.Option(help="Multiplies every wavenumber.")] = 1.0,
    cutoff: Annotated[float, typer.Option(help="Of the quasi-harmonic treatments, in 1/cm.")] = 100.0,
    symmetry_number: Annotated[
        int | None, typer.Option(help="Default: that of the point group found.")
    ] = None,
    stationary_point: Annotated[str, typer.Option(help="minimum or transition_state.")] = "minimum",
    invert_imaginary_below: Annotated[
        float | None,
        typer.Option(help="Count imaginary modes below this (1/cm, up to 50) with their absolute value."),
    ] = None,
    charge: Annotated[int | None, typer.Option(help="Where the file has none or a wrong one.")] = None,
    multiplicity: Annotated[int | None, typer.Option(help="2S + 1, likewise.")] = None,
    periodicity: Annotated[
        str | None, typer.Option(help="molecule or crystal. Default: by the gaps of the cell.")
    ] = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Gibbs energies of species: E, ZPE, H, S, G; every mode.

    Translations and rotations are projected out, never cut off; an imaginary mode left in a minimum is an error. RRHO,
    Grimme (with and without Head-Gordon's enthalpy) and Truhlar are all computed and their spread is shown.
    """
    from perovchem.calculation_reading import read_calculation
    from perovchem.cli.gibbs_report import report
    from perovchem.gibbs import gibbs as of

    options: dict[str, Any] = {
        "temperature": temperature, "pressure": pressure, "concentration": concentration, "treatment": treatment,
        "frequency_scale": frequency_scale, "cutoff": cutoff, "symmetry_number": symmetry_number,
        "stationary_point": stationary_point, "invert_imaginary_below": invert_imaginary_below,
    }  # fmt: skip
    reading: dict[str, Any] = {
        "charge": charge,
        "multiplicity": multiplicity,
        "periodicity": periodicity,
    }
    with collected_warnings() as notes, progress():
        results = {}
        levels = {}
        for called, path in notes.each(dict(zip(labels_of(files, label), files, strict=True))):
            calculation = read_calculation(path, **reading)
            levels[called] = calculation.level
            results[called] = of(calculation, **options)
            for sentence in results[called].provenance.warnings:
                notes.take(sentence)
        settings = {
            f"{name}_{_UNITS[name]}" if name in _UNITS else name: value
            for name, value in {**options, **reading}.items()
        }
        found = report(results, levels, settings, notes)
    emit(found, as_json=json, output=output)
