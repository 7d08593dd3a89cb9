"""``perovchem attenuate``: X-ray attenuation of materials and what thicknesses take out of spectra."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output


def attenuate(
    materials: Annotated[
        list[str],
        typer.Argument(
            metavar="MATERIAL",
            help="A formula (CsPbCl3, Cs0.02FA0.2MA0.78PbI3), a structure file or bundled name; several are compared.",
            show_default=False,
        ),
    ],
    density: Annotated[
        list[str] | None,
        typer.Option(
            help="g/cm3, in the order of the materials, or as CsPbCl3=4.21. Structures have that of their cell."
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Detector material to compare with: CdTe, CdZnTe, a-Se, Si, C ... or all; may repeat."
        ),
    ] = None,
    thickness: Annotated[
        list[str] | None, typer.Option(help="In mm, or with a unit: 1, 60um, 0.1cm; may repeat. Default: 1.")
    ] = None,
    line: Annotated[list[float] | None, typer.Option(help="Photons of one energy, keV; may repeat.")] = None,
    spectrum: Annotated[
        list[str] | None,
        typer.Option(
            help="kramers:KV, kramers:KV:LOWEST (keV) or a file (energy in keV, photons per keV); filters behind it "
            "as kramers:70+Al:2.5; may repeat."
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="Before the material in every spectrum: ELEMENT:mm or FORMULA:mm:DENSITY; may repeat.",
        ),
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """X-rays taken out by a thickness, by photons and by energy.

    Attenuation and energy absorption from tables, for a line, a tube's spectrum or a file. Every fraction stands with
    its spectrum, its weighting, and what a second table gives. Without --line and --spectrum: 30, 50 and 70 keV.
    """
    from perovchem.attenuation import absorbed_fraction, attenuation
    from perovchem.cli.attenuation_input import densities, length, named, spectra
    from perovchem.cli.attenuation_report import report

    depths = [length(text) for text in thickness or ["1"]]
    beams = spectra(line or [], spectrum or [], filters or [])
    settings = {
        "density": density, "against": against, "thickness_mm": depths, "line_keV": line, "spectrum": spectrum,
        "filter": filters,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        found = {}
        for called, source, value in named(materials, densities(density or [], materials), against or []):
            found[called] = attenuation(source, density=value)
        fractions = [
            (called, name, absorbed_fraction(one, beam, thickness=depths, filters=sheets))
            for called, one in found.items()
            for name, beam, sheets in beams
        ]
        for called, _, one in fractions:
            for note in one.notes:
                notes.take(f"{called}: {note}")
        shown = report(found, fractions, settings, notes)
    emit(shown, as_json=json, output=output)
