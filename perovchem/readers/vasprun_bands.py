"""Bands of a vasprun.xml: eigenvalues at once, projections when they are asked for."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Final

import numpy as np

from perovchem._kernels import band_sets
from perovchem.arrays import Floats, Integers
from perovchem.cell_geometry import has_volume
from perovchem.crystal import Crystal
from perovchem.errors import FormatError, MissingDataError
from perovchem.readers.band_table import BandTable, StateWeights, check_size
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.vasprun_blocks import (
    HEAD,
    Block,
    find_blocks,
    holders_of,
    number_in,
    outer_set,
    read_rows_of,
    read_sets,
    walk,
)
from perovchem.readers.vasprun_head import (
    check_head,
    read_metadata,
    read_species,
    setting_number,
)

_OPTIONAL: Final = "_kpoints_opt"
_FERMI: Final = re.compile(rb'<i name="efermi">\s*([^<\s]{1,40})\s*</i>')
_DEFINITION: Final = "weight within the PAW sphere or RWIGS of each atom (VASP, LORBIT)"
_MOST_ORBITALS: Final = 64
_COLUMN: Final = 8
"""Bytes of a printed weight."""
_PIECE: Final = 64 << 20
"""Bytes of a large file that are read before they are let go."""


def read_vasprun_bands(file: FileBytes) -> BandTable:
    """Read the bands of a vasprun.xml.

    Of several ionic steps the last that holds eigenvalues counts; points of a KPOINTS_OPT count before those of
    the self-consistent mesh, which is kept beside.

    Raises
    ------
    FormatError
        If eigenvalues are cut off or no numbers; with the line, and how many k-points are complete.
    MissingDataError
        If there are no eigenvalues.
    """
    file.verify()
    start = check_head(file)
    opening = max(file.data.find(b"<modeling>"), 0)
    blocks, ending = find_blocks(file, opening + len(b"<modeling>"))
    names = [block.name for block in blocks]
    inner = holders_of(blocks)
    main = [k for k in range(len(blocks)) if names[k] == "eigenvalues" and inner[k] == ""]
    optional = [k for k in range(len(blocks)) if names[k] == "eigenvalues" and inner[k].startswith("eig")]
    if not main and not optional:
        raise MissingDataError(
            "no eigenvalues stand in it" + (": the file is cut before them" if ending else ""),
            where=str(file.path),
            fix="let the run finish, or give the vasprun.xml of the band-structure run",
        )
    species = read_species(file, start)
    found: dict[str, BandTable] = {}
    for which, chosen in (("", main), (_OPTIONAL, optional)):
        if chosen:
            found[which] = _table(file, blocks, inner, chosen[-1], which, species, start)
    file.release()
    table = found.get(_OPTIONAL) or found[""]
    notes = (*file.notes, *table.notes, *ending)
    if _OPTIONAL not in found:
        return replace(table, notes=notes)
    notes = (*notes, "the points of KPOINTS_OPT are the bands; those of KPOINTS are kept as mesh")
    return replace(table, mesh=found.get(""), notes=notes)


def _table(
    file: FileBytes,
    blocks: list[Block],
    inner: list[str],
    chosen: int,
    which: str,
    species: tuple[str, ...],
    start: int,
) -> BandTable:
    """Read one element of eigenvalues and what belongs to it."""
    block = blocks[chosen]
    holder = f"eigenvalues{which}" if which else ""
    before = [k for k in range(chosen) if blocks[k].name == "kpoints" and inner[k] == holder]
    if which and not before:  # some versions list them beside, not within
        before = [k for k in range(chosen) if blocks[k].name == "kpoints"]
    if not before:
        raise FormatError("no list of k-points", where=str(file.path), fix="copy the file again")
    kpoints, weights, per_segment, is_mesh = _kpoints(file, blocks[before[-1]])
    energies, occupations, step = _eigenvalues(file, block, kpoints)
    cell, structure = _structure(file, blocks, block, species)
    settings = read_metadata(file, start).settings
    difference = setting_number(settings, "NUPDOWN")
    noncollinear = any(
        settings.get(key, "").strip(".").upper().startswith("T") for key in ("LNONCOLLINEAR", "LSORBIT")
    )
    fermi = math.nan
    for k, other in enumerate(blocks):
        if other.name == "dos" and inner[k] == "" and other.begin > block.begin:
            opening = bytes(file.data[max(0, other.begin - 60) : other.begin])
            apart = b"kpoints_opt" in opening.rpartition(b"<")[2]
            said = _FERMI.search(file.data, other.begin, min(other.end, other.begin + HEAD))
            if said and apart == bool(which):
                fermi = number_in(said[1])
                break
    projections, notes = _projections(file, blocks, block, which, energies.shape, species)
    return BandTable(
        path=file.path,
        kpoints=kpoints,
        weights=weights,
        energies=energies,
        occupations=occupations,
        cell=cell,
        electrons=setting_number(settings, "NELECT"),
        difference=difference if difference >= 0 else math.nan,
        noncollinear=noncollinear and energies.shape[0] == 1,
        fermi_energy=fermi,
        energy_step=step,
        structure=structure,
        projections=projections,
        per_segment=per_segment,
        is_mesh=is_mesh,
        kpoints_name="KPOINTS_OPT" if which else "KPOINTS",
        notes=notes,
        files=(file.path,),
    )


# k-points ----------------------------------------------------------------------------------------------------


def _kpoints(file: FileBytes, block: Block) -> tuple[Floats, Floats, int, bool]:
    """Return points, weights, points of each segment in line mode, and whether the points are a mesh."""
    listed = file.data.find(b'<varray name="kpointlist"', block.begin, block.end)
    behind = file.data.find(b"</varray>", listed, block.end) if listed >= 0 else -1
    if behind < 0:
        raise FormatError(
            "the list of k-points is not complete", where=file.where(block.begin), fix="copy the file again"
        )
    points = read_rows_of(file, listed, behind, 3, "k-point")
    weights = np.full(len(points), np.nan)
    weighed = file.data.find(b'<varray name="weights"', block.begin, block.end)
    stop = file.data.find(b"</varray>", weighed, block.end) if weighed >= 0 else -1
    if stop >= 0:
        read = read_rows_of(file, weighed, stop, 1, "weight")[:, 0]
        if len(read) != len(points):
            raise FormatError(
                f"{len(points)} k-points and {len(read)} weights",
                where=file.where(weighed),
                fix="copy the file again",
            )
        weights = read
    head = bytes(file.data[block.begin : listed])
    kind = re.search(rb'<generation[^<>]{0,80}param="([^"]{0,40})"', head)
    style = kind[1].lower() if kind else b""
    divisions = re.search(rb'name="divisions"[^<>]{0,80}>\s*(\d{1,6})\s*</i>', head)
    per_segment = int(divisions[1]) if divisions and style.startswith(b"list") else 0
    return points, weights, per_segment, style.startswith((b"g", b"m", b"a"))


# eigenvalues -------------------------------------------------------------------------------------------------


def _eigenvalues(file: FileBytes, block: Block, kpoints: Floats) -> tuple[Floats, Floats, float]:
    """Return energies and occupations, (S, K, B), and the last printed digit of an energy."""
    start, fields = outer_set(file, block, block.begin)
    if start < 0:
        raise _incomplete(file, 0, len(kpoints), block.begin, cut=not block.closed)
    n_points = len(kpoints)
    firsts, counts, members, stop, at = walk(file, start, 2, 2 * n_points + 1, 0)
    if stop != band_sets.DONE:
        raise _incomplete(file, len(firsts), n_points, at, cut=stop == band_sets.CUT)
    n_spins = int(members[0])
    if n_spins not in (1, 2) or len(firsts) != n_spins * n_points:
        raise FormatError(
            f"{n_points} k-points are listed and eigenvalues stand for {len(firsts)} in {n_spins} spin sets",
            where=file.where(block.begin),
            fix="copy the file again; if two runs were pasted together, give them one by one",
        )
    uneven = np.flatnonzero(counts != counts[0])
    if len(uneven):
        raise FormatError(
            f"k-point {uneven[0] % n_points + 1} holds {counts[uneven[0]]} bands and the first {counts[0]}",
            where=file.where(int(firsts[uneven[0]])),
            fix="restore the file",
        )
    columns = max(len(fields), 2)
    check_size((n_spins, n_points, int(counts[0])), len(file), file.where(block.begin))
    sample = bytes(file.data[int(firsts[0]) : int(firsts[0]) + 80])
    decimals = re.match(rb"<r>\s*[-+]?\d*\.(\d+)", sample)
    empty = np.empty((len(firsts), int(counts[0]), columns))
    values = read_sets(file, firsts, empty, "an energy and an occupation")
    both = values.reshape(n_spins, n_points, int(counts[0]), columns)
    step = 10.0 ** -len(decimals[1]) if decimals else 1e-4
    return both[..., 0].copy(), both[..., 1].copy(), step


def _incomplete(file: FileBytes, complete: int, n_points: int, at: int, *, cut: bool) -> FormatError:
    """Return the refusal of eigenvalues that are not all there."""
    what = "the file is cut within the eigenvalues" if cut else "the eigenvalues are garbled"
    spins = f" of the {n_points} of each spin" if complete > n_points else f" of {n_points}"
    return FormatError(
        f"{what}: {complete} k-points{spins} are complete, and a path without its end is no band structure",
        where=file.where(min(at, len(file))),
        fix="copy the file again, or let the run finish; EIGENVAL, PROCAR or OUTCAR of the run may be whole",
    )


# structure ---------------------------------------------------------------------------------------------------


def _structure(
    file: FileBytes, blocks: list[Block], block: Block, species: tuple[str, ...]
) -> tuple[Floats, Crystal | None]:
    """Return cell and structure that the eigenvalues belong to: the last one before them, else the first behind."""
    structures = [other for other in blocks if other.name == "structure" and other.closed]
    earlier = [other for other in structures if other.end < block.begin]
    for other in [*reversed(earlier), *structures[len(earlier) :]]:
        opening = bytes(file.data[max(0, other.begin - 60) : other.begin]).rpartition(b"<structure")[2]
        if b"primitive" in opening:
            continue
        basis = file.data.find(b'<varray name="basis"', other.begin, other.end)
        behind = file.data.find(b"</varray>", basis, other.end) if basis >= 0 else -1
        placed = file.data.find(b'<varray name="positions"', other.begin, other.end)
        stop = file.data.find(b"</varray>", placed, other.end) if placed >= 0 else -1
        if behind < 0 or stop < 0:
            continue
        cell = read_rows_of(file, basis, behind, 3, "lattice vector")
        positions = read_rows_of(file, placed, stop, 3, "position")
        if len(cell) == 3 and len(positions) == len(species) and has_volume(cell):
            return cell, Crystal.from_arrays(cell, species, positions, title=file.path.name)
    raise FormatError(
        "no structure with a cell stands before the eigenvalues",
        where=str(file.path),
        fix="copy the file again",
    )


# projections -------------------------------------------------------------------------------------------------


def _projections(
    file: FileBytes,
    blocks: list[Block],
    block: Block,
    which: str,
    shape: tuple[int, ...],
    species: tuple[str, ...],
) -> tuple[StateWeights | None, tuple[str, ...]]:
    """Return the projections that belong to these eigenvalues, if they are whole."""
    holders = [b for b in blocks if b.name == f"projected{which}" and b.begin > block.begin]
    if not holders:
        return None, ()
    holder = holders[0]
    name = file.path.name
    repeated = [b for b in blocks if b.name == "eigenvalues" and holder.begin < b.begin < holder.end]
    begin = repeated[0].end if repeated else holder.begin
    start, fields = outer_set(file, holder, begin)
    lost = (f"{name}: the projections are cut or garbled and were left out",)
    if start < 0:
        return None, lost
    n_spins, n_points, n_bands = shape
    check_size((n_spins, n_points, n_bands, len(species)), len(file), file.where(holder.begin))
    firsts, _, members, stop, at = walk(file, start, 3, 4 * n_points * n_bands + 1, len(species))
    n_sets = int(members[0])
    whole = stop == band_sets.DONE and n_sets in (n_spins, 4) and len(firsts) == n_sets * n_points * n_bands
    if not whole or not 0 < len(fields) <= _MOST_ORBITALS:
        line = file.line_number(min(at, len(file)))
        return None, (f"{name}: the projections are cut or garbled in line {line} and were left out",)
    places = firsts.reshape(n_sets, n_points, n_bands)[:n_spins].copy()
    n_atoms, n_orbitals = len(species), len(fields)

    def read(bands: slice, points: Integers) -> Floats:
        file.verify()
        chosen = places[:, points, bands]
        out = np.empty((*chosen.shape, n_atoms, n_orbitals))
        every = max(1, _PIECE // max(1, chosen.shape[2] * n_atoms * n_orbitals * _COLUMN))
        for spin in range(n_spins):
            for first in range(0, len(points), every):
                part = chosen[spin, first : first + every]
                target = out[spin, first : first + every].reshape(-1, n_atoms, n_orbitals)
                read_sets(file, part.reshape(-1), target, f"{n_orbitals} projections")
                file.release()
        return out

    return StateWeights(tuple(fields), species, read, _DEFINITION), ()
