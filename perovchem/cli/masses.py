"""``perovchem masses``: effective masses of both edges with their errors, and the exciton that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perovchem.cli.band_options import (
    BandInputs,
    Binding,
    DegeneracyTolerance,
    Electrons,
    Kpoints,
    Permittivity,
    Radius,
    Screened,
    Structure,
    open_bands,
)
from perovchem.cli.common import Notes, collected_warnings, emit, progress
from perovchem.cli.options import Json, Label, Output
from perovchem.errors import MissingDataError, UsageError

if TYPE_CHECKING:
    from perovchem.effective_mass import Carrier, EffectiveMasses
    from perovchem.exciton import Exciton


def masses(
    runs: BandInputs,
    structure: Structure = None,
    kpoints: Kpoints = None,
    electrons: Electrons = None,
    carrier: Annotated[str, typer.Option(help="electron, hole or both.")] = "both",
    degeneracy_tolerance: DegeneracyTolerance = None,
    dielectric: Permittivity = None,
    screening: Screened = "optical",
    electron: Annotated[
        str | None, typer.Option(help="Mass of the exciton's electron by hand, in m0, as 0.11 or 0.11±0.01.")
    ] = None,
    hole: Annotated[str | None, typer.Option(help="The same of its hole.")] = None,
    binding: Binding = None,
    radius: Radius = None,
    write_stencil: Annotated[
        Path | None,
        typer.Option(
            help="Write k-points around the edges for a finite-difference run into this folder, and stop."
        ),
    ] = None,
    edge: Annotated[str, typer.Option(help="Of the stencil: electron, hole or both.")] = "both",
    step: Annotated[
        float | None,
        typer.Option(help="Of the stencil, in 1/Å. Default: from the mass and the printed digits."),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="That the stencil is for: vasp or castep. Default: who wrote the bands."),
    ] = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Effective masses with errors and verdicts, exciton.

    Every branch along every direction that leaves the edges; tensors where arms and symmetry, a stencil or a mesh
    determine them. What is no effective mass is refused, with the reason.
    """
    from perovchem.cli.masses_report import report
    from perovchem.effective_mass import effective_masses

    carriers: dict[str, tuple[Carrier, ...]] = {
        "both": ("electron", "hole"), "electron": ("electron",), "hole": ("hole",),
    }  # fmt: skip
    if carrier not in carriers:
        raise UsageError(f"there is no carrier {carrier!r}", fix="say electron, hole or both")
    if dielectric is None and (binding is not None or radius):
        raise UsageError("binding energies and dots need a permittivity", fix="give --dielectric")
    settings: dict[str, Any] = {
        "structure": structure, "kpoints": kpoints, "electrons": electrons, "carrier": carrier,
        "degeneracy_tolerance_eV": degeneracy_tolerance, "dielectric": dielectric, "screening": screening,
        "electron_m0": electron, "hole_m0": hole, "binding_meV": binding, "radius_A": radius,
    }  # fmt: skip
    if write_stencil is not None:
        _stencil(runs, settings, carriers.get(edge), write_stencil, step, code, as_json=json)
        return
    with collected_warnings() as notes, progress():
        opened = open_bands(runs, label, notes, structure=structure, kpoints=kpoints, electrons=electrons)
        results = {
            called: effective_masses(
                one, carrier=carriers[carrier], degeneracy_tolerance=degeneracy_tolerance
            )
            for called, one in notes.each(opened)
        }
        excitons = _excitons(results, dielectric, screening, {"electron": electron, "hole": hole}, notes)
        shown = report(runs, opened, results, excitons, settings, notes)
    emit(shown, as_json=json, output=output)


def _stencil(
    runs: list[str],
    settings: dict[str, Any],
    carriers: tuple[Carrier, ...] | None,
    folder: Path,
    step: float | None,
    code: str | None,
    *,
    as_json: bool,
) -> None:
    """Write the stencils of one run."""
    from perovchem.cli.stencil import told, write_stencils
    from perovchem.result import envelope, to_json

    if len(runs) != 1:
        raise UsageError(f"a stencil around the edges of {len(runs)} runs", fix="name one run")
    if carriers is None:
        raise UsageError("the edge of a stencil", fix="say electron, hole or both")
    with collected_warnings() as notes:
        beside = {name: settings[name] for name in ("structure", "kpoints", "electrons")}
        (bands,) = open_bands(runs, None, notes, **beside).values()
        written = write_stencils(bands, folder, carriers=carriers, step=step, code=code)
    if as_json:
        rows = [{"input": runs[0], "stencils": written}]
        typer.echo(
            to_json(envelope("masses", bands.provenance.inputs, {**settings, "step": step}, rows, {}, notes))
        )
    else:
        typer.echo(told(bands, written))


def _excitons(
    results: dict[str, EffectiveMasses],
    dielectric: str | None,
    screening: str,
    given: dict[str, str | None],
    notes: Notes,
) -> dict[str, Exciton]:
    """Return the exciton of each run; where no mass can be quoted, the reason becomes a note."""
    from perovchem.cli.band_options import number_with_error, permittivity, screened
    from perovchem.exciton import exciton

    if dielectric is None:
        return {}
    value, error = permittivity(dielectric)
    by_hand: Any = {
        name: None if text is None else number_with_error(text, f"the mass of the {name}")
        for name, text in given.items()
    }
    found = {}
    for called, one in notes.each(results):
        try:
            found[called] = exciton(
                one, dielectric=value, dielectric_su=error, screening=screened(screening), **by_hand
            )
        except MissingDataError as refusal:
            notes.take(f"no exciton: {refusal.what}; --electron and --hole give masses by hand")
    return found
