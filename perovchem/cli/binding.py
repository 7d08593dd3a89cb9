"""``perovchem binding``: Gibbs energies of binding from declared cycles."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output


def binding(
    cycle: Annotated[
        str,
        typer.Argument(
            metavar="CYCLE.toml",
            help="Declares components (files, state, role) and cycles (reactants, products): see docs/cycle_file.md.",
            show_default=False,
        ),
    ],
    temperature: Annotated[float | None, typer.Option(help="In K. Default: as declared, or 298.15.")] = None,
    treatment: Annotated[
        str | None,
        typer.Option(
            help="grimme, rrho, grimme-head-gordon, truhlar, or electronic (E alone). Default: as declared."
        ),
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Gibbs energies of binding by balanced cycles, ranked.

    Elements, charge and levels of theory must match; every component names its state. Cycles are ranked only among
    their like; others are compared by the balanced exchange reaction between them. The order is followed through all
    treatments of soft modes, the choice of conformers and the stated uncertainties.
    """
    from perovchem.binding import binding as of
    from perovchem.cli.binding_report import report

    with collected_warnings() as notes, progress():
        result = of(cycle, temperature=temperature, treatment=treatment)
        found = report(result, notes)
    emit(found, as_json=json, output=output)
