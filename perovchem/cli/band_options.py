"""What the commands on bands share: their options, and how they open inputs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perovchem.cli.common import Notes, labels_of, segments
from perovchem.errors import UsageError

if TYPE_CHECKING:
    from perovchem.bands import Bands
    from perovchem.dielectric import Dielectric
    from perovchem.exciton import Screening

BandInputs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN",
        help="A run folder, vasprun.xml, EIGENVAL, PROCAR, OUTCAR, CASTEP .bands, or a band structure of ASE (JSON); "
        "several are compared. Parts of one path are joined by '+': part1+part2.",
        show_default=False,
    ),
]
Structure = Annotated[
    str | None,
    typer.Option(
        help="File of the structure (POSCAR, CIF, .cell), where it does not stand beside the bands."
    ),
]
Kpoints = Annotated[
    str | None,
    typer.Option(help="File of the path (KPOINTS, .cell), where it does not stand beside the bands."),
]
Electrons = Annotated[float | None, typer.Option(help="Per cell, where no file states it.")]
DegeneracyTolerance = Annotated[
    float | None,
    typer.Option(
        help="States at an edge nearer than this are one set, in eV. Default: .001, or two printed digits."
    ),
]
Permittivity = Annotated[
    str | None,
    typer.Option(
        "--dielectric",
        help="Relative permittivity: a number, 4.6 or 4.6±0.2, or a file that holds the tensor (vasprun.xml, OUTCAR, "
        ".castep).",
    ),
]
Screened = Annotated[
    str,
    typer.Option(
        "--screening", help="Which tensor screens: optical (electrons alone) or static (with ions)."
    ),
]
Radius = Annotated[list[float] | None, typer.Option(help="Of a dot, in Å; may repeat.")]
Binding = Annotated[
    float | None,
    typer.Option(help="Measured binding energy of the exciton, in meV: which permittivity it needs."),
]

_NUMBER: Final = re.compile(
    r"\s*([0-9.]+(?:[eE][-+]?\d+)?)\s*(?:(?:±|\+-|\+/-)\s*([0-9.]+(?:[eE][-+]?\d+)?))?\s*"
)


def open_bands(
    runs: Sequence[str],
    labels: list[str] | None,
    notes: Notes,
    *,
    structure: str | None,
    kpoints: str | None,
    electrons: float | None,
) -> dict[str, Bands]:
    """Open every run under its label."""
    from perovchem.bands_reading import read_bands

    named = dict(zip(band_labels(runs, labels), runs, strict=True))
    return {
        called: read_bands(segments(run), structure=structure, kpoints=kpoints, electrons=electrons)
        for called, run in notes.each(named)
    }


def band_labels(runs: Sequence[str], labels: list[str] | None) -> list[str]:
    """Return one label per run; parts of one path are called by the folder that holds them all."""
    if labels is not None:
        return labels_of(runs, labels)
    return labels_of([_whole(run) for run in runs], None)


def _whole(run: str) -> str:
    parts = segments(run)
    if isinstance(parts, str):
        return run
    paths = [Path(part) for part in parts]
    above = {path.parent for path in paths}
    if len(above) == 1 and all(map(Path.is_dir, paths)):
        return str(above.pop())  # the folder of split-01, split-02 ...
    return "+".join(path.name for path in paths)


def screened(text: str) -> Screening:
    """Return what --screening names."""
    if text == "optical":
        return "optical"
    if text == "static":
        return "static"
    raise UsageError(f"there is no screening {text!r}", fix="say optical or static")


def number_with_error(text: str, what: str) -> tuple[float, float]:
    """Return a positive number and its uncertainty, 0 where none is given.

    Examples
    --------
    >>> number_with_error("4.6", "the permittivity"), number_with_error("0.11±0.01", "a mass")
    ((4.6, 0.0), (0.11, 0.01))
    """
    found = _NUMBER.fullmatch(text)
    try:
        if found is not None:
            return float(found[1]), float(found[2] or 0.0)
    except ValueError:
        pass
    raise UsageError(f"{what} {text!r} is no number", fix="write 4.6, or 4.6±0.2 with its uncertainty")


def permittivity(text: str) -> tuple[float | Dielectric, float]:
    """Return what --dielectric names, and its uncertainty."""
    if os.path.exists(text) or not re.match(r"\s*[0-9.]", text):
        from perovchem.dielectric_reading import read_dielectric

        return read_dielectric(text), 0.0
    return number_with_error(text, "the permittivity")
