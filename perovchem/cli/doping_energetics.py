"""``perovchem defects`` and ``perovchem mixing``: doping energetics of a declared file."""

from __future__ import annotations

from typing import Annotated

import typer

from perovchem.cli.common import collected_warnings, emit, progress
from perovchem.cli.options import Json, Output

File = Annotated[
    str, typer.Argument(metavar="FILE.toml", help="Declares total energies: see docs/doping_file.md.")
]


def defects(file: File, json: Json = False, output: Output = None) -> None:
    """Formation energies and transition levels of charged defects.

    E_f(q, E_F) = E(defect) - E(host) - sum of n mu + q (E_VBM + E_F) + E_corr, for each set of chemical potentials.
    """
    _run(file, "defects", json=json, output=output)


def mixing(file: File, json: Json = False, output: Output = None) -> None:
    """Energies of mixing, and what mixes at which temperature.

    With ideal configurational entropy: binodal, spinodal and critical temperature.
    """
    _run(file, "mixing", json=json, output=output)


def _run(file: str, part: str, *, json: bool, output: Output) -> None:
    """Show one part of a file."""
    from perovchem.cli.doping_energetics_report import report
    from perovchem.doping_energetics_reading import doping_energetics

    with collected_warnings() as notes, progress():
        found = report(file, doping_energetics(file), part, notes)
    emit(found, as_json=json, output=output)
