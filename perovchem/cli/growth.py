"""``perovchem growth``: concentration before a growing crystal face, flux and velocity."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output


def growth(
    diffusion: Annotated[
        list[float], typer.Option(help="Diffusion coefficient, m2/s; may repeat: the courses are compared.")
    ],
    bulk: Annotated[
        float, typer.Option(help="Concentration at first, mol/L of formula units of the crystal.")
    ],
    face: Annotated[float | None, typer.Option(help="Concentration kept at the face, mol/L.")] = None,
    kinetic: Annotated[
        float | None, typer.Option(help="Instead: k of flux = k (c - solubility), m/s; with --solubility.")
    ] = None,
    solubility: Annotated[float | None, typer.Option(help="mol/L.")] = None,
    flux: Annotated[
        float | None, typer.Option(help="Instead: flux kept at the face, g/(mm2 min); with --crystal.")
    ] = None,
    crystal: Annotated[
        str | None, typer.Option(help="Formula that one mole of solute makes, as MAPbI3: for fluxes by mass.")
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="Of the crystal, g/cm3: with it the face moves as it grows.")
    ] = None,
    container: Annotated[
        list[str] | None,
        typer.Option(
            help="Solution before the face, mm or with a unit (1.5, 500um); may repeat. Default: endless."
        ),
    ] = None,
    duration: Annotated[str, typer.Option(help="s, or with a unit: 90s, 30min, 2h.")] = "60min",
    at: Annotated[
        list[str] | None,
        typer.Option(help="Time that the table shows; may repeat. Default: five up to --duration."),
    ] = None,
    published: Annotated[
        bool,
        typer.Option(
            "--published", help="Also what published numbers (Nat. Commun. 15:2390) need to be reached."
        ),
    ] = False,
    json: Json = False,
    output: Output = None,
) -> None:
    """Diffusion to a growing crystal face: flux and velocity.

    Profiles of the concentration, flux into the face and its velocity, in an endless solution or a container; the face
    keeps its concentration, its flux, or follows first-order kinetics.
    """
    from perovchem.cli.attenuation_input import length
    from perovchem.cli.growth_report import report, seconds, shown_times
    from perovchem.growth import growth as grow

    last = seconds(duration)
    times = [seconds(text) for text in at] if at else shown_times(last)
    walls = [length(text) for text in container] if container else [None]
    settings = {
        "diffusion_m2_per_s": diffusion, "bulk_mol_per_L": bulk, "face_mol_per_L": face, "kinetic_m_per_s": kinetic,
        "solubility_mol_per_L": solubility, "flux": flux, "crystal": crystal, "density": density,
        "container_mm": container, "duration_s": last,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        found = {}
        for one in dict.fromkeys(diffusion):
            for wall in dict.fromkeys(walls):
                called = f"{one:g} m²/s" + (f", {wall:g} mm" if wall is not None else "")
                found[called] = grow(
                    diffusion=one, bulk=bulk, duration=last, face=face, kinetic=kinetic, solubility=solubility,
                    flux=flux, crystal=crystal, density=density, container=wall,
                )  # fmt: skip
                for note in found[called].notes:
                    notes.take(note)
        shown = report(found, times, settings, notes, with_published=published)
    emit(shown, as_json=json, output=output)
