"""``perovchem cevns``: coherent elastic neutrino-nucleus scattering of materials."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output


def cevns(
    materials: Annotated[
        list[str], typer.Argument(metavar="MATERIAL", help="A formula, as CsPbI3.", show_default=False)
    ],
    against: Annotated[
        str | None, typer.Option(help="Material that cross-sections are divided by, as Ge.")
    ] = None,
    spectrum: Annotated[
        list[str] | None,
        typer.Option(
            help="reactor, reactor:235U=0.9,238U=0.1 (parts of the fissions), pion (decay at rest), supernova, "
            "supernova:MEAN:ALPHA, or an energy in MeV; may repeat. Default: reactor, pion, supernova."
        ),
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(help="Smallest recoil that counts, keV; may repeat. Default: 0, 0.1, 1."),
    ] = None,
    form_factor: Annotated[str, typer.Option(help="helm, klein-nystrand or none.")] = "helm",
    nuclei: Annotated[
        str, typer.Option(help="isotopes as on earth, or mean: the atomic weight.")
    ] = "isotopes",
    weak_mixing: Annotated[
        float | None, typer.Option(help="sin² of the weak mixing angle. Default: 0.23868.")
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Coherent scattering of neutrinos by nuclei: cross-sections.

    Per nucleus and per kilogram, above recoil thresholds, averaged over spectra, with ratios to another material.
    """
    from perovchem.cevns.scattering import WEAK_MIXING
    from perovchem.cli.cevns_report import Choices, report, spectrum_of

    choices = Choices(form_factor, nuclei, WEAK_MIXING if weak_mixing is None else weak_mixing)
    spectra = {text: spectrum_of(text) for text in spectrum or ["reactor", "pion", "supernova"]}
    with collected_warnings() as notes, progress():
        shown = report(
            list(dict.fromkeys(materials)),
            against,
            spectra,
            sorted(set(threshold or [0.0, 0.1, 1.0])),
            choices,
            notes,
        )
    emit(shown, as_json=json, output=output)
