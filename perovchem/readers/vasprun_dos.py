"""Density of states of a vasprun.xml: total, and by atom and orbital where LORBIT was set."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import SpinTreatment
from perovchem.errors import FormatError, MissingDataError, PerovchemError
from perovchem.readers.electron_count import common_level, per_band
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import read_rows
from perovchem.readers.vasprun_bands import read_vasprun_bands
from perovchem.readers.vasprun_head import check_head, read_metadata, read_species, setting_number
from perovchem.state_density import StateDensity

_FERMI: Final = re.compile(rb'<i name="efermi">\s*([^<\s]{1,40})\s*</i>')
_FIELD: Final = re.compile(rb"<field[^<>]{0,80}>([^<]{0,40})</field>")
_ROW: Final = re.compile(rb"<r>")
_MOST_ROWS: Final = 50_000_000
_LARGEST: Final = 1e7


def read_vasprun_dos(file: FileBytes) -> StateDensity:
    """Read the last density of states of a vasprun.xml.

    Raises
    ------
    MissingDataError
        If there is none.
    FormatError
        If the total is cut or holds something that is no number; with the line. A cut projection is left out.
    """
    file.verify()
    start = check_head(file)
    settings = read_metadata(file, start).settings
    species = read_species(file, start)
    spin = _spin(settings)
    begin = file.data.rfind(b"<dos>", start)
    begin = begin if begin >= 0 else file.data.rfind(b"<dos ", start)
    if begin < 0:
        raise MissingDataError(
            "no density of states stands in it",
            where=str(file.path),
            fix="give the vasprun.xml of a finished run",
        )
    end = file.data.find(b"</dos>", begin)
    notes = list(file.notes)
    total_start = file.data.find(b"<total>", begin)
    total_end = file.data.find(b"</total>", begin)
    if total_start < 0 or total_end < 0:
        raise FormatError(
            "the file ends within the total density of states",
            where=file.where(begin),
            fix="let the run finish",
        )
    n_spins = 2 if spin == "collinear" else 1
    rows = _rows(file, total_start, total_end, 3)
    n_points = len(rows) // n_spins
    if n_points < 2 or len(rows) % n_spins:
        raise FormatError(
            f"{len(rows)} rows of the total for {n_spins} spin(s)",
            where=file.where(total_start),
            fix="copy the file again",
        )
    table = rows.reshape(n_spins, n_points, 3)
    projected, orbitals, told = _partial(file, total_end, end, (n_spins, n_points), spin, len(species))
    match = _FERMI.search(file.data, begin, total_start)
    found = StateDensity(
        energies=table[0, :, 0].copy(),
        total=table[:, :, 1].copy(),
        integrated=table[:, :, 2].copy(),
        projected=projected,
        orbitals=orbitals,
        species=species if projected.size else (),
        electrons=setting_number(settings, "NELECT"),
        spin=spin,
        fermi_energy=_number(match[1]) if match else math.nan,
        edges=_edges(file, setting_number(settings, "NELECT"), spin),
        notes=(*notes, *told),
    )
    return without_first(found)


def _spin(settings: Mapping[str, str]) -> SpinTreatment:
    """Return the treatment of spin that the settings state."""
    if any(settings.get(key, "").strip(". ").upper().startswith("T") for key in ("LNONCOLLINEAR", "LSORBIT")):
        return "noncollinear"
    return "collinear" if setting_number(settings, "ISPIN") == 2 else "none"


def _edges(file: FileBytes, electrons: float, spin: SpinTreatment) -> tuple[float, float] | None:
    """Return the edges of the eigenvalues on the mesh, by counting electrons; None without any, or without a gap."""
    if not math.isfinite(electrons) or abs(electrons - round(electrons)) > 1e-6:
        return None
    try:
        table = read_vasprun_bands(file)
    except PerovchemError:
        return None
    table = table.mesh or table
    on_mesh = table.weights > 0
    energies = table.energies[:, on_mesh] if on_mesh.any() else table.energies
    filled: tuple[int, ...] | None
    if spin == "collinear":
        filled = common_level(energies, electrons) if len(energies) == 2 else None
    else:
        number = round(electrons) / per_band(spin)
        filled = (int(number),) if number == int(number) else None
    if filled is None or len(filled) != len(energies) or not all(0 < n < energies.shape[2] for n in filled):
        return None
    top = max(float(energies[s, :, n - 1].max()) for s, n in enumerate(filled))
    bottom = min(float(energies[s, :, n].min()) for s, n in enumerate(filled))
    return (top, bottom) if bottom > top else None


def _number(text: bytes) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _starts(file: FileBytes, begin: int, end: int) -> Integers:
    """Return where rows begin."""
    places = [match.start() for match in _ROW.finditer(file.data, begin, end)]
    if len(places) > _MOST_ROWS:
        raise FormatError("the density of states has too many rows", where=str(file.path), fix="lower NEDOS")
    return np.array(places, np.int64)


def _rows(file: FileBytes, begin: int, end: int, columns: int) -> Floats:
    """Read the rows between two places."""
    starts = _starts(file, begin, end)
    return read_rows(
        file, starts, end, columns=columns, skip=1, what="row of the density of states", largest=_LARGEST
    )


def _partial(
    file: FileBytes, begin: int, end: int, shape: tuple[int, int], spin: SpinTreatment, n_atoms: int
) -> tuple[Floats, tuple[str, ...], list[str]]:
    """Return the projections (S, atoms, orbitals, E), the names of the orbitals, and what to tell."""
    n_spins, n_points = shape
    empty = np.empty((n_spins, 0, 0, n_points))
    start = file.data.find(b"<partial>", begin, end if end > 0 else len(file))
    if start < 0:
        return empty, (), []
    stop = file.data.find(b"</partial>", start)
    if stop < 0 or end < 0:
        return empty, (), ["the file ends within the projected density of states, which is left out"]
    opening = file.data.find(b"<set>", start, stop)
    fields = [
        text.strip().decode("latin-1") for text in _FIELD.findall(file.data, start, max(opening, start))
    ][1:]
    starts = _starts(file, start, stop)
    n_sets = 4 if spin == "noncollinear" else n_spins
    if not fields or len(fields) > 64 or len(starts) != n_atoms * n_sets * n_points:
        return (
            empty,
            (),
            [
                f"the projections hold {len(starts)} rows, not {n_atoms} x {n_sets} x {n_points}: they are "
                "left out"
            ],
        )
    rows = read_rows(
        file, starts, stop, columns=len(fields) + 1, skip=1, what="row of the projections", largest=_LARGEST
    )
    table = rows[:, 1:].reshape(n_atoms, n_sets, n_points, len(fields))[:, :n_spins]
    names = tuple("x2-y2" if name == "dx2" else name for name in fields)
    return np.ascontiguousarray(table.transpose(1, 0, 3, 2)), names, []


def without_first(found: StateDensity) -> StateDensity:
    """Leave out a first point that holds all states below the window: VASP gathers them there."""
    energies, total, integrated = found.energies, found.total, found.integrated
    if len(energies) < 4 or not np.isfinite(integrated[:, 0]).all():
        return found
    below = float(integrated[:, 0].sum())
    spacing = float(energies[1] - energies[0])
    if below < 1e-2 or not float(total[:, 0].sum()) * spacing > 0.5 * below:
        return found
    return StateDensity(
        energies[1:],
        total[:, 1:],
        integrated[:, 1:],
        found.projected[..., 1:],
        found.orbitals,
        found.species,
        found.electrons,
        found.spin,
        found.fermi_energy,
        found.edges,
        (*found.notes, f"the first energy holds the {below:.4g} states below the window and is left out"),
        found.provenance,
    )
