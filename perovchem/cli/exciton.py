"""``perovchem exciton``: binding energy, radius and confinement from given masses and permittivity."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from perovchem.cli.band_options import Binding, Permittivity, Radius, Screened
from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output
from perovchem.errors import UsageError


def exciton(
    electron: Annotated[
        list[str], typer.Option(help="Mass of the electron in m0, as 0.11 or 0.11±0.01; may repeat.")
    ],
    hole: Annotated[list[str], typer.Option(help="Mass of the hole; as often, in the same order.")],
    dielectric: Permittivity = None,
    screening: Screened = "optical",
    binding: Binding = None,
    radius: Radius = None,
    gap: Annotated[float | None, typer.Option(help="Of the bulk, in eV.")] = None,
    shift: Annotated[
        float | None, typer.Option(help="Measured shift of the gap in dots, in eV: which radius it needs.")
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Exciton of given masses: binding energy, Bohr radius, dots.

    Several pairs of masses are compared. Without a permittivity, that of the measured binding energy is taken. For
    masses of a band structure, see perovchem masses --dielectric.
    """
    from perovchem.cli.band_options import number_with_error, permittivity, screened
    from perovchem.cli.exciton_report import dots_of, report
    from perovchem.exciton import DEFINITIONS, bound_by
    from perovchem.exciton import exciton as bound

    if len(electron) != len(hole):
        raise UsageError(
            f"{len(electron)} electron and {len(hole)} hole masses", fix="give one of each per pair"
        )
    if dielectric is None and binding is None:
        raise UsageError("there is no permittivity", fix="give --dielectric, or --binding to derive it from")
    settings: dict[str, Any] = {
        "electron_m0": electron, "hole_m0": hole, "dielectric": dielectric, "screening": screening,
        "binding_meV": binding, "radius_A": radius, "gap_eV": gap, "shift_eV": shift, "definitions": DEFINITIONS,
    }  # fmt: skip
    with collected_warnings() as notes, progress():
        found = {}
        for e, h in zip(electron, hole, strict=True):
            light, heavy = number_with_error(e, "the mass"), number_with_error(h, "the mass")
            if dielectric is not None:
                value, error = permittivity(dielectric)
                one = bound(
                    electron=light,
                    hole=heavy,
                    dielectric=value,
                    dielectric_su=error,
                    screening=screened(screening),
                )
            else:
                one = bound_by(binding or math.nan, electron=light, hole=heavy)
            found[f"m_e {e}, m_h {h}"] = one
        gaps = dict.fromkeys(found, (math.nan if gap is None else gap, 0.0))
        shown = report(
            found, dots_of(found, radius or (), gaps), settings, notes, binding=binding, shift=shift
        )
    emit(shown, as_json=json, output=output)
