"""What the other files of a VASP run say of its bands: cell, atoms, electrons, spin."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.crystal import Crystal
from perovchem.errors import PerovchemError
from perovchem.readers.band_table import BandTable
from perovchem.readers.clock import neighbors
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.outcar_head import read_outcar_head

_LATTICE: Final = b"direct lattice vectors"
_PLACES: Final = b"position of ions in fractional coordinates (direct lattice)"
_WIDTH: Final = 13  # VASP prints lattice vectors as 3X,3F13.9
_HEAD: Final = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """What is known of a run; NaN or None where it is not."""

    cell: Floats | None = None
    structure: Crystal | None = None
    electrons: float = math.nan
    difference: float = math.nan
    noncollinear: bool | None = None
    n_spins: int | None = None
    fermi_energy: float = math.nan
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def facts_beside(path: Path) -> RunFacts:
    """Return what OUTCAR and CONTCAR or POSCAR beside a file say; broken ones are passed over with a note."""
    facts = RunFacts()
    notes: list[str] = []
    for log in neighbors(path, "OUTCAR")[:1]:
        try:
            facts = outcar_facts(open_bytes(log))
        except PerovchemError as error:
            notes.append(f"not used: {error.what} ({error.where})")
    for kind in ("CONTCAR", "POSCAR"):
        if facts.structure is not None:
            break
        for place in neighbors(path, kind)[:1]:
            try:
                crystal = crystal_of(place)
            except PerovchemError as error:
                notes.append(f"not used: {error.what} ({error.where})")
                continue
            facts = replace(facts, structure=crystal, files=(*facts.files, place))
            break
    return replace(facts, notes=(*facts.notes, *notes))


def crystal_of(path: Path) -> Crystal:
    """Return the last frame of a file as a crystal."""
    from perovchem.readers.run import open_run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they concern times and energies
        return replace(Crystal.from_frames(open_run(path)), notes=())


def with_facts(table: BandTable, facts: RunFacts) -> BandTable:
    """Return the table with what it does not say itself taken from the files beside it."""
    notes = (*table.notes, *facts.notes)
    if facts.files:
        notes = (
            *notes,
            f"cell and electrons are taken from {' and '.join(path.name for path in facts.files)}",
        )
    return replace(
        table,
        cell=facts.cell if table.cell is None else table.cell,
        structure=table.structure or facts.structure,
        electrons=table.electrons if math.isfinite(table.electrons) else facts.electrons,
        difference=table.difference if math.isfinite(table.difference) else facts.difference,
        noncollinear=facts.noncollinear if table.noncollinear is None else table.noncollinear,
        fermi_energy=table.fermi_energy if math.isfinite(table.fermi_energy) else facts.fermi_energy,
        notes=notes,
        files=(*table.files, *facts.files),
    )


def outcar_facts(file: FileBytes) -> RunFacts:
    """Return what an OUTCAR says of a run."""
    head = bytes(file.data[: min(len(file), _HEAD)]) if len(file) < _HEAD else bytes(file.data[:_HEAD])
    start = max(head.find(b"Startparameter for this run"), 0)
    electrons = _number(rb"\bNELECT\s*=\s*([-+.\dEe]{1,30})", head, start)
    difference = _number(rb"\bNUPDOWN\s*=\s*([-+.\dEe]{1,30})", head, start)
    spins = _number(rb"\bISPIN\s*=\s*(\d)", head, start)
    flags = [
        re.compile(rb"\b%b\s*=\s*([TF])" % key).search(head, start) for key in (b"LNONCOLLINEAR", b"LSORBIT")
    ]
    noncollinear = any(flag is not None and flag[1] == b"T" for flag in flags) if any(flags) else None
    cell = _last_lattice(file)
    return RunFacts(
        cell=cell,
        structure=_structure(file, cell, head),
        electrons=electrons,
        difference=difference if difference >= 0 else math.nan,
        noncollinear=noncollinear,
        n_spins=int(spins) if math.isfinite(spins) else None,
        fermi_energy=_last_level(file),
        files=(file.path,),
    )


def _number(pattern: bytes, text: bytes, start: int) -> float:
    match = re.compile(pattern).search(text, start)
    try:
        return float(match[1]) if match else math.nan
    except ValueError:
        return math.nan


def _last_level(file: FileBytes) -> float:
    place = file.data.rfind(b"E-fermi :")
    match = (
        re.match(rb"E-fermi :\s*([-+]?\d{1,9}\.\d{1,9})", file.data[place : place + 60])
        if place >= 0
        else None
    )
    return float(match[1]) if match else math.nan


def _last_lattice(file: FileBytes) -> Floats | None:
    """Return the last cell that is printed, Å."""
    place = file.data.rfind(_LATTICE)
    while place >= 0:
        lines = file.data[place : place + 600].split(b"\n")[1:4]
        try:
            rows = [[float(line[3 + _WIDTH * k : 3 + _WIDTH * (k + 1)]) for k in range(3)] for line in lines]
        except ValueError:
            rows = []
        if len(rows) == 3:
            cell = np.array(rows)
            if cell.shape == (3, 3) and np.isfinite(cell).all() and 1e-3 < abs(np.linalg.det(cell)) < 1e12:
                return cell
        place = file.data.rfind(_LATTICE, 0, place)
    return None


def _structure(file: FileBytes, cell: Floats | None, head: bytes) -> Crystal | None:
    """Return the last structure: of the ionic steps, or the one a run without steps began with."""
    if cell is None:
        return None
    try:
        crystal = crystal_of(file.path)
    except PerovchemError:
        crystal = None
    if crystal is not None and np.abs(crystal.cell - cell).max() < 1e-3:
        return crystal
    species = read_outcar_head(file).species
    place = head.find(_PLACES)
    lines = (
        head[place : place + 100 * (len(species) + 1)].split(b"\n")[1 : len(species) + 1]
        if place >= 0
        else []
    )
    try:
        rows = [
            [float(line[3 + _WIDTH * k - 2 : 3 + _WIDTH * (k + 1) - 2]) for k in range(3)] for line in lines
        ]
        rows = rows or []
    except ValueError:
        return None
    positions = np.array(rows)
    if not species or positions.shape != (len(species), 3) or not np.isfinite(positions).all():
        return None
    return Crystal.from_arrays(cell, species, positions, title=file.path.name)
