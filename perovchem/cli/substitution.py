"""``perovchem substitute``: do ions enter a perovskite?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output

_Hosts = Annotated[
    list[str],
    typer.Argument(
        metavar="HOST",
        help="A formula (CsPbCl3, FA0.8Cs0.2PbI3, 'CsPb(Cl0.6Br0.4)3', Cs2AgBiBr6, Cs2SnI6), a structure file or a "
        "bundled structure; several are compared.",
        show_default=False,
    ),
]


def substitute(
    hosts: _Hosts,
    ion: Annotated[list[str], typer.Option(help="Guest, as Br-, MA+, Mn2+; may repeat.")],
    site: Annotated[
        list[str],
        typer.Option(
            help="What it replaces: an element, ion or molecule of the host (Cl, Pb, MA), or A, B, X. Once for "
            "all ions, or once per ion in the same order."
        ),
    ],
    fraction: Annotated[
        float | None,
        typer.Option(help="Part of the replaced ions, up to 1. Default: whether it enters at all."),
    ] = None,
    spin: Annotated[str | None, typer.Option(help="Of a transition-metal guest: high or low.")] = None,
    radius: Annotated[
        float | None, typer.Option(help="Of the guest by hand, in Å, where the table has none.")
    ] = None,
    radius_uncertainty: Annotated[float, typer.Option(help="Of that radius, in Å.")] = 0.05,
    energy: Annotated[
        float | None,
        typer.Option(help="Energy of substitution per ion, in eV; stands in for the radius mismatch."),
    ] = None,
    energy_uncertainty: Annotated[float, typer.Option(help="Of that energy, in eV.")] = 0.0,
    temperature: Annotated[float, typer.Option(help="In K; for the energy.")] = 298.15,
    lattice_parameter: Annotated[
        float | None, typer.Option(help="Of the host, in Å, cubic or pseudo-cubic.")
    ] = None,
    guest_lattice_parameter: Annotated[
        float | None, typer.Option(help="Of the fully substituted compound, in Å.")
    ] = None,
    bowing: Annotated[float, typer.Option(help="b in a(x) = (1 - x) a0 + x a1 - b x (1 - x), in Å.")] = 0.0,
    json: Json = False,
    output: Output = None,
) -> None:
    """Does an ion enter a perovskite? Verdict, with its tests.

    Charge and radius decide, with their uncertainties; tolerance factors, electronegativity, bond valences, lattice
    parameter and the shift of the first reflections are shown beside. What was measured is never an input.
    """
    from perovchem.cli.substitution_report import cases, report
    from perovchem.substitution import check_substitution
    from perovchem.substitution.result import DEFINITIONS

    options: dict[str, Any] = {
        "fraction": fraction, "spin": spin, "radius": radius, "radius_uncertainty": radius_uncertainty,
        "energy": energy, "temperature": temperature, "energy_uncertainty": energy_uncertainty,
        "lattice_parameter": lattice_parameter, "guest_lattice_parameter": guest_lattice_parameter, "bowing": bowing,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        results = {}
        for called, host, place, guest in cases(hosts, site, ion):
            results[called] = check_substitution(host, site=place, ion=guest, **options)
            for note in results[called].notes:
                notes.take(note)
        settings = {"site": site, "ion": ion, **options, "definitions": DEFINITIONS}
        found = report(results, settings, notes)
    emit(found, as_json=json, output=output)
