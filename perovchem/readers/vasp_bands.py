"""Bands of VASP runs: which file of a folder, what lies beside it, pieces of a path in several folders."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.bands import Bands
from perovchem.crystal import Crystal
from perovchem.errors import FormatError, InputError, PerovchemError
from perovchem.readers.band_assembly import assemble
from perovchem.readers.band_table import PATH_STEP, BandTable
from perovchem.readers.clock import neighbors, plain_name
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.kpoints_file import KPoints, read_kpoints
from perovchem.readers.sniff import recognize

VASP_BANDS: Final = ("vasprun.xml", "EIGENVAL", "PROCAR", "OUTCAR")
"""Formats that hold bands, the best first: only the first holds cell, spins and electrons as well."""
ACCEPTED: Final = (
    "give vasprun.xml, EIGENVAL, PROCAR or OUTCAR of a VASP run, a CASTEP .bands, a band structure that ASE wrote "
    "as JSON, or the run's folder"
)
_PIECE: Final = re.compile(r"(?:split|part|path|segment|piece)[-_]?(\d{1,6})", re.IGNORECASE)


def read_vasp_bands(
    paths: Sequence[Path],
    *,
    source: str,
    electrons: float | Sequence[float] | None = None,
    structure: Crystal | None = None,
    kpoints: Path | None = None,
) -> Bands:
    """Read the bands of one file, or of the pieces of a path in their order.

    Parameters
    ----------
    paths : sequence of Path
        Files that :func:`perovchem.readers.sniff.recognize` calls one of :data:`VASP_BANDS`, or folders.
    source : str
        What the user named.
    electrons, structure
        See :func:`perovchem.read_bands`.
    kpoints : Path, optional
        In place of the KPOINTS beside each file.
    """
    tables: list[BandTable] = []
    lists: list[KPoints | None] = []
    for path in paths:
        table = read_folder(path) if path.is_dir() else read_table(path)
        listed, notes = _listed(table, kpoints)
        tables.append(replace(table, notes=table.notes + notes))
        lists.append(listed)
    return assemble(
        tables, lists, source=source, electrons=electrons, structure=structure, insist=kpoints is not None
    )


def pieces_of(folder: Path) -> list[Path]:
    """Return folders like split-01, split-02 in it that hold pieces of one path, in their order."""
    found = []
    for entry in folder.iterdir():
        match = _PIECE.fullmatch(entry.name)
        if match and entry.is_dir() and candidates(entry):
            found.append((int(match[1]), entry.name, entry))
    return [entry for _, _, entry in sorted(found)]


def candidates(folder: Path) -> list[tuple[str, Path]]:
    """Return (format, file) of the files of a folder that may hold bands of VASP, the best first."""
    files = sorted(entry for entry in folder.iterdir() if entry.is_file())
    names = {plain_name(entry): entry for entry in reversed(files)}
    return [(kind, names[kind]) for kind in VASP_BANDS if kind in names]


def read_folder(folder: Path) -> BandTable:
    """Read the best file of bands in a folder; where it is broken, the next one.

    Raises
    ------
    InputError
        If there is none; or what is wrong with the best.
    """
    failed: list[PerovchemError] = []
    found = candidates(folder)
    for number, (_, path) in enumerate(found):
        try:
            table = read_table(path)
        except PerovchemError as error:
            failed.append(error)
            continue
        told = tuple(f"not used: {error.what} ({error.where})" for error in failed)
        table = replace(table, notes=(*table.notes, f"bands are read from {path.name}", *told))
        for kind, other in found[number + 1 :]:
            if kind in ("EIGENVAL", "PROCAR") and table.kpoints_name == "KPOINTS":
                table = _merged(table, other)
        return table
    if failed:
        raise failed[0]
    raise InputError(
        f"the folder holds no bands: looked for {', '.join(VASP_BANDS)}, also packed, *.bands, and split-01, split-02",
        where=str(folder),
        fix="name the folder of the band-structure run, or the file itself",
    )


def _merged(table: BandTable, path: Path) -> BandTable:
    """Return the table with more decimals of the energies, and projections, where another file has the same bands."""
    try:
        other = read_table(path)
    except PerovchemError as error:
        return replace(table, notes=(*table.notes, f"not used: {error.what} ({error.where})"))
    same = (
        other.energies.shape == table.energies.shape
        and np.abs(other.kpoints - table.kpoints).max() <= PATH_STEP
        and np.abs(other.energies - table.energies).max() <= 0.51 * (table.energy_step + other.energy_step)
    )
    if not same:
        return replace(table, notes=(*table.notes, f"{path.name} holds other bands and was left out"))
    notes = table.notes
    if other.energy_step < 0.9 * table.energy_step:
        decimals = round(-math.log10(other.energy_step))
        notes = (*notes, f"energies are those of {path.name}, which prints {decimals} decimals")
        table = replace(table, energies=other.energies, energy_step=other.energy_step)
    if table.projections is None and other.projections is not None:
        notes = (*notes, f"projections are read from {path.name}")
        table = replace(table, projections=other.projections)
    files = (*table.files, path) if notes != table.notes else table.files
    return replace(table, notes=notes, files=files)


def format_of(file: FileBytes) -> str:
    """Return what :func:`perovchem.readers.sniff.recognize` says, its refusals in words for bands.

    Raises
    ------
    FormatError
        If the content is of no format known here, or of one that holds no bands.
    """
    try:
        return recognize(file)
    except FormatError as error:
        what = error.what.replace("no frames are read from it", "no bands are read from it")
        raise FormatError(what, where=error.where, fix=ACCEPTED) from None


def read_table(path: Path, file: FileBytes | None = None) -> BandTable:
    """Read the eigenvalues of one file."""
    file = open_bytes(path) if file is None else file
    kind = format_of(file)
    reader = _reader(kind)
    if reader is None:
        raise InputError(
            f"this is a file of another kind ({kind}), and no bands are read from it",
            where=str(path),
            fix=ACCEPTED,
        )
    return reader(file)


def _reader(kind: str) -> Callable[[FileBytes], BandTable] | None:
    if kind == "vasprun.xml":
        from perovchem.readers.vasprun_bands import read_vasprun_bands

        return read_vasprun_bands
    if kind == "EIGENVAL":
        from perovchem.readers.eigenval import read_eigenval

        return read_eigenval
    if kind == "PROCAR":
        from perovchem.readers.procar import read_procar

        return read_procar
    if kind == "OUTCAR":
        from perovchem.readers.outcar_bands import read_outcar_bands

        return read_outcar_bands
    return None


def _listed(table: BandTable, given: Path | None) -> tuple[KPoints | None, tuple[str, ...]]:
    """Return the KPOINTS of a table, given or beside it, and what is to be said of it."""
    if given is not None:
        return read_kpoints(open_bytes(given)), ()
    for path in neighbors(table.path, table.kpoints_name)[:1]:
        try:
            return read_kpoints(open_bytes(path)), ()
        except PerovchemError as error:
            return None, (f"not used: {error.what} ({error.where})",)
    return None, ()
