"""POSCAR, CONTCAR and CIF as one frame."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

from perovchem._kernels import lines
from perovchem.elements import element
from perovchem.errors import FormatError
from perovchem.frames import Floats, FrameSource, Integers, RunMetadata
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import read_rows
from perovchem.readers.poscar_header import LARGEST, has_volume, read_header
from perovchem.readers.sniff import identify

_LARGEST_CIF = 64 << 20
_LONGEST_ROW = 1000
_NEARLY_FULL = 0.95
"""Sites that hold less in total lack atoms; above, a refinement's sum of mixed elements is meant to be one."""


class StructureSource(FrameSource):
    """One frame held in memory."""

    n_frames = 1
    fixed_cell = True

    def __init__(
        self,
        file: FileBytes,
        *,
        kind: str,
        species: tuple[str, ...],
        cell: Floats,
        coordinates: Floats,
        cartesian: bool = False,
        code: str = "",
        notes: tuple[str, ...] = (),
        complete: bool = True,
    ) -> None:
        self.format = kind
        self.files = (file.path,)
        self.species = species
        self.cartesian = cartesian
        self.complete = file.complete and complete
        self.metadata = RunMetadata(code=code)
        self.notes = (*file.notes, *notes)
        self._cell = cell
        self._coordinates = coordinates

    def cells(self, frames: Integers) -> Floats:
        """Return the one cell for each frame asked for, (n_frames, 3, 3), Å."""
        return np.broadcast_to(self._cell, (len(frames), 3, 3))

    def coordinates(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return (n_frames, n_atoms, 3)."""
        chosen = self._coordinates if atoms is None else self._coordinates[atoms]
        return np.repeat(chosen[None], len(frames), axis=0)


def open_poscar(file: FileBytes) -> FrameSource:
    """Read a POSCAR or CONTCAR (VASP 4 to 6; selective dynamics and velocities are passed over).

    Raises
    ------
    FormatError
        If the header or a position is broken; with the line.
    """
    header = read_header(file, 0)
    position = header.end
    for _ in range(2):
        stop = file.data.find(b"\n", position, position + 1000)
        mode = bytes(file.data[position : stop if stop >= 0 else position]).strip().lower()
        position = stop + 1
        if not mode.startswith(b"s"):
            break
    if not re.match(rb"[dck]", mode):
        raise FormatError(
            "neither Direct nor Cartesian is announced", where=file.where(header.end), fix="add the line"
        )
    starts = np.empty(len(header.species), np.int64)
    found, end = lines.line_starts(file.array, position, len(starts), starts)
    if found < len(starts):
        raise FormatError(
            f"{found} positions where {len(starts)} atoms are promised",
            where=str(file.path),
            fix="restore the end of the file",
        )
    rows = read_rows(file, starts, end, what="position", largest=LARGEST)
    cut = _seems_cut(file, starts)
    cartesian = not mode.startswith(b"d")
    return StructureSource(
        file,
        kind="POSCAR",
        species=header.species,
        cell=header.cell,
        coordinates=rows * header.scale if cartesian else rows,
        cartesian=cartesian,
        code="VASP",
        notes=(*header.notes, *cut),
        complete=not cut,
    )


def _seems_cut(file: FileBytes, starts: Integers) -> tuple[str, ...]:
    """Return a note where the file ends without a line end and its last number with fewer decimals than above."""
    last, above = int(starts[-1]), int(starts[max(0, len(starts) - 2)])
    if file.data.find(b"\n", last) >= 0 or len(file) - last > _LONGEST_ROW:
        return ()
    (*first, third), model = (_decimals(bytes(file.data[k : k + _LONGEST_ROW])) for k in (last, above))
    if len(starts) == 1:
        model = [*first, first[-1]]
    if first != model[:2] or third >= model[2]:
        return ()
    return (f"{file.path.name}: it ends within a line, and its last number may be cut",)


def _decimals(text: bytes) -> list[int]:
    """Return how many digits stand behind the points of the first three numbers of a line."""
    numbers = re.findall(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?", text.split(b"\n", 1)[0])[:3]
    return [len(number.partition(b".")[2]) for number in numbers]


def _main_element(site: Any) -> str:
    """Return the symbol with the largest occupancy at a pymatgen site; deuterium is hydrogen."""
    symbol = str(max(site.species.items(), key=lambda item: item[1])[0].symbol)
    return "H" if symbol in ("D", "T") else symbol


def _occupation_notes(name: str, structure: Any) -> list[str]:
    """Return what to tell of sites that are not one whole atom each."""
    totals = [float(site.species.num_atoms) for site in structure]
    partial = [total for total in totals if total < _NEARLY_FULL]
    simple = sum(t < _NEARLY_FULL and len(s.species) == 1 for s, t in zip(structure, totals, strict=True))
    mixed = sum(not site.is_ordered for site in structure) - simple
    notes = []
    if mixed:
        notes.append(f"{name}: {mixed} sites are partly occupied or mixed; each counts as its main element")
    if partial:
        notes.append(
            f"{name}: {len(partial)} of {len(totals)} sites are partly occupied, the lowest occupancy is "
            f"{min(partial):.3g}; each counts as a whole atom, so density and coordination numbers are too high"
        )
    return notes


def open_cif(file: FileBytes) -> FrameSource:
    """Read the first structure of a CIF through pymatgen; mixed sites become their main element, noted.

    Raises
    ------
    FormatError
        If pymatgen cannot make a structure of it.
    """
    from pymatgen.io.cif import CifParser

    if len(file) > _LARGEST_CIF:
        raise FormatError("the CIF is larger than 64 MB", where=str(file.path), fix="split its data blocks")
    text = bytes(file.data[:]).decode("utf-8", "replace")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parser = CifParser.from_str(text, site_tolerance=1e-3)
            structure = parser.parse_structures(primitive=False)[0]
        except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, AssertionError) as error:
            first = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise FormatError(
                f"pymatgen finds no structure in it ({first})",
                where=str(file.path),
                fix="check cell, symmetry and atom sites of the first data block",
            ) from None
    notes = [f"{file.path.name}: {str(w.message).splitlines()[0][:160]}" for w in caught]
    notes += _occupation_notes(file.path.name, structure)
    species = tuple(_main_element(site) for site in structure)
    for symbol in dict.fromkeys(species):
        element(symbol, where=str(file.path))
    cell = np.array(structure.lattice.matrix, np.float64)
    coordinates = np.array(structure.frac_coords, np.float64).reshape(-1, 3)
    if not (has_volume(cell[None])[0] and (np.abs(coordinates) <= LARGEST).all()):
        raise FormatError(
            "the cell has no volume, or a position is absurd",
            where=str(file.path),
            fix="check cell and atom sites of the first data block",
        )
    return StructureSource(
        file,
        kind="CIF",
        species=species,
        cell=cell,
        coordinates=coordinates,
        notes=tuple(dict.fromkeys(notes)),
    )


def open_structure(file: FileBytes) -> FrameSource:
    """Read a POSCAR, CONTCAR or CIF, told by content."""
    return open_cif(file) if identify(file) == "CIF" else open_poscar(file)
