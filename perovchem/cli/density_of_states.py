"""``perovchem dos``: densities of states of one or several runs, by element and orbital."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from perovchem.cli.common import collected_warnings, emit, labels_of, progress
from perovchem.cli.options import Json, Label, Output
from perovchem.errors import UsageError

if TYPE_CHECKING:
    from perovchem.density_of_states import Zero


def dos(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="A run folder, vasprun.xml or DOSCAR; or eigenvalues on a mesh: CASTEP .bands (with .pdos_bin "
            "beside), EIGENVAL, PROCAR. Several are compared.",
            show_default=False,
        ),
    ],
    broadening: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of the Gaussians, eV. Default: 0.05 for eigenvalues; curves of files stay as "
            "they are."
        ),
    ] = None,
    zero: Annotated[
        str, typer.Option(help="What is 0 eV: auto (VBM, else Fermi energy), vbm, fermi or none.")
    ] = "auto",
    window: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH", help="Energies that are drawn, eV from the zero. Default: -6 to CBM + 5."
        ),
    ] = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Density of states by element and orbital, and its gap.

    Occupied states are told by counting electrons; the integral is checked against them.
    """
    from perovchem.cli.density_of_states_report import DEFINITIONS, report
    from perovchem.density_of_states import density_of_states
    from perovchem.state_density_reading import read_states

    if window is not None and not window[0] < window[1]:
        raise UsageError("the window ends where it begins", fix="give the lower energy first")
    settings = {"broadening_eV": broadening, "zero": zero, "window_eV": window, "definitions": DEFINITIONS}
    with collected_warnings() as notes, progress():
        named = dict(zip(labels_of(runs, label), runs, strict=True))
        results = {}
        for called, run in notes.each(named):
            found = density_of_states(read_states(run), broadening=broadening, zero=cast("Zero", zero))
            results[called] = found
            for note in found.notes:
                notes.take(note)
        shown = report(runs, results, settings, notes, window=window)
    emit(shown, as_json=json, output=output)
