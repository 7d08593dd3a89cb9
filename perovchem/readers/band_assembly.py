"""From tables of eigenvalues to Bands: the mesh parted from the path, split runs joined, points named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import Bands, Segment
from perovchem.crystal import Crystal
from perovchem.errors import FormatError, InputError, MissingDataError
from perovchem.projections import Projections
from perovchem.provenance import input_files
from perovchem.readers.band_joining import join_parts, part_of
from perovchem.readers.band_path import find_segments, is_grid
from perovchem.readers.band_table import BandTable, StateWeights
from perovchem.readers.electron_count import WHOLE, contradictions, count_electrons, spin_of
from perovchem.readers.kpoints_file import KPoints
from perovchem.readers.path_labels import name_segments
from perovchem.result import Provenance

FARTHEST: Final = 1e3
"""Fractional coordinate of a k-point."""
HEAVIEST: Final = 1e6
FULLEST: Final = 10.0
"""Share of a band; smearing by Methfessel and Paxton gives some beyond 0 and 1."""
SAME_CELL: Final = 1e-3
"""Å; cells of one calculation agree this well."""


def assemble(
    tables: Sequence[BandTable],
    kpoints: Sequence[KPoints | None],
    *,
    source: str,
    electrons: float | Sequence[float] | None = None,
    structure: Crystal | None = None,
    insist: bool = False,
) -> Bands:
    """Make Bands of one table, or of several that are pieces of one path.

    Parameters
    ----------
    tables : sequence of BandTable
        In the order of the path.
    kpoints : sequence of KPoints or None
        What lists the points of each.
    source : str
        What the user named.
    electrons : float or pair, optional
        In place of what the files say.
    structure : Crystal, optional
        In place of what the files hold.
    insist : bool
        Refuse a KPOINTS that does not belong to the points, in place of a note.

    Raises
    ------
    InputError
        If pieces do not belong together, or a KPOINTS not to its points.
    MissingDataError
        If cell or number of electrons are not known.
    """
    first = tables[0]
    for table in tables:
        _look_at(table)
    cell, crystal, told = _cell(first, structure)
    for table in tables[1:]:
        _belongs(first, table, cell)
    tables = [_with_elements(table, crystal) for table in tables]
    notes = tuple(note for table in tables for note in table.notes) + told
    parts = [part_of(table, listed, insist=insist) for table, listed in zip(tables, kpoints, strict=True)]
    n_bands = min(table.energies.shape[2] for table in tables)
    joined, told = join_parts(parts, n_bands)
    notes += told
    spin = spin_of(joined.levels, first, electrons)
    shares, told = count_electrons(joined.levels, spin, first, electrons)
    notes += told
    notes += contradictions(joined.levels, shares, spin, first.fermi_energy)
    reciprocal = np.asarray(2 * np.pi * np.linalg.inv(cell).T, np.float64)
    rounding = first.kpoint_step * float(np.linalg.norm(reciprocal, axis=1).max())
    segments: tuple[Segment, ...] = ()
    if all(part.is_path for part in parts) and not is_grid(joined.kpoints):
        segments = find_segments(
            joined.kpoints @ reciprocal, labels=joined.labels, breaks=joined.breaks, rounding=rounding
        )
    segments, told = name_segments(segments, joined.kpoints, cell, structure=crystal)
    notes += told
    weights = (
        np.zeros(len(joined.kpoints)) if segments or joined.mesh is not None else _shares(joined.weights)
    )
    inputs = input_files(dict.fromkeys(path for table in tables for path in table.files))
    origin = Provenance(source, inputs)
    whole = Bands(
        kpoints=joined.kpoints,
        reciprocal_cell=reciprocal,
        energies=joined.energies,
        electrons=shares,
        spin=spin,
        segments=segments,
        weights=weights,
        fermi_energy=first.fermi_energy,
        energy_step=max(table.energy_step for table in tables),
        kpoint_step=max(table.kpoint_step for table in tables),
        structure=crystal,
        projections=_projections(joined.projections, len(joined.kpoints)),
        notes=tuple(dict.fromkeys(notes)),
        provenance=origin,
    )
    mesh = joined.mesh
    if mesh is None:
        return whole
    beside = replace(
        whole,
        kpoints=mesh.kpoints,
        energies=mesh.energies,
        segments=(),
        weights=_shares(mesh.weights),
        projections=_projections(mesh.projections, len(mesh.kpoints)),
        notes=(),
    )
    return replace(whole, mesh=beside)


def _projections(weights: StateWeights | None, n_points: int) -> Projections | None:
    """Return the projections at all points."""
    return None if weights is None else weights.of_points(np.arange(n_points))


def _look_at(table: BandTable) -> None:
    """Refuse points, weights and occupations that no run has; products of others stay finite."""
    looked = (
        ("k-point", np.abs(table.kpoints).max(axis=1) > FARTHEST, "fractions of reciprocal lattice vectors"),
        ("weight of k-point", (table.weights < 0) | (table.weights > HEAVIEST), "shares of the zone"),
        ("occupation at k-point", (np.abs(table.occupations) > FULLEST).any(axis=(0, 2)), "shares of a band"),
    )
    for what, wrong, meaning in looked:
        if wrong.any():
            raise FormatError(
                f"the {what} {int(wrong.argmax()) + 1} is out of all bounds",
                where=str(table.path),
                fix=f"restore the numbers there, which are {meaning}",
            )
    if table.mesh is not None:
        _look_at(table.mesh)


def _shares(weights: Floats) -> Floats:
    """Return weights that sum to 1; NaN where they are not stated."""
    total = weights.sum()
    return weights / total if math.isfinite(total) and total > 0 else np.full(len(weights), np.nan)


# the cell ----------------------------------------------------------------------------------------------------


def _cell(table: BandTable, structure: Crystal | None) -> tuple[Floats, Crystal | None, tuple[str, ...]]:
    """Return the cell, the structure, and what is to be said of the two."""
    crystal = structure or table.structure
    if table.cell is None:
        if crystal is None:
            raise MissingDataError(
                "the file lists fractional k-points and no cell, and none lies beside it",
                where=str(table.path),
                fix="put the run's OUTCAR, CONTCAR or POSCAR beside it, or give it: structure= (--structure)",
            )
        return crystal.cell, crystal, ()
    if structure is not None and np.abs(structure.cell - table.cell).max() > SAME_CELL:
        raise InputError(
            "the structure that was given has another cell than the bands",
            where=str(table.path),
            fix="give the structure of this run",
        )
    if crystal is not None and np.abs(crystal.cell - table.cell).max() > SAME_CELL:
        return table.cell, None, ("the structure beside has another cell than the bands and was left out",)
    return table.cell, crystal, ()


def _with_elements(table: BandTable, crystal: Crystal | None) -> BandTable:
    """Return the table with the elements of the ions of its projections; without these, where they are not known."""
    weights = table.projections
    if weights is None or all(weights.species):
        return table
    species = () if crystal is None else crystal.species
    if len(species) == len(weights.species):
        return replace(table, projections=replace(weights, species=species))
    what = f"the structure has {len(species)} atoms" if species else "no structure names their elements"
    note = f"{table.path.name}: {len(weights.species)} ions, and {what}: projections were left out"
    return replace(table, projections=None, notes=(*table.notes, note))


def _belongs(first: BandTable, other: BandTable, cell: Floats) -> None:
    """Refuse a piece of another calculation."""
    what = ""
    if other.cell is not None and np.abs(other.cell - cell).max() > SAME_CELL:
        what = "another cell"
    elif other.energies.shape[0] != first.energies.shape[0]:
        what = f"{other.energies.shape[0]} spin channels in place of {first.energies.shape[0]}"
    elif abs(other.electrons - first.electrons) > WHOLE:
        what = f"{other.electrons:g} electrons in place of {first.electrons:g}"
    elif other.noncollinear != first.noncollinear:
        what = "another treatment of spin"
    if what:
        raise InputError(
            f"this piece of the path has {what}",
            where=f"{other.path} against {first.path}",
            fix="give the pieces of one path, computed alike",
        )
