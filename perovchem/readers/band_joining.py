"""Pieces of a path put one after the other: mesh parted from path, points named, runs compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.errors import InputError
from perovchem.readers.band_table import PATH_STEP, BandTable, StateWeights
from perovchem.readers.electron_count import Levels
from perovchem.readers.kpoints_file import KPoints

SAME_ENERGY: Final = 1e-3
"""eV; energies of one mesh in two runs of one charge density agree this well."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The path of one table: which rows, where lines begin, names of points."""

    table: BandTable
    rows: Integers
    mesh: Integers
    breaks: tuple[int, ...]
    labels: dict[int, str]
    notes: tuple[str, ...]
    is_path: bool


def part_of(table: BandTable, listed: KPoints | None, *, insist: bool) -> Part:
    """Part the mesh from the path by the weights, and name the points."""
    weights = table.weights
    n_points = len(weights)
    on_path = np.ones(n_points, np.bool_)
    notes: list[str] = []
    if (weights == 0).any() and (weights > 0).any():
        on_path = weights == 0
        notes.append(
            f"{table.path.name}: {int(on_path.sum())} points of weight 0 are the bands; "
            f"the {int((~on_path).sum())} of the self-consistent mesh are kept apart"
        )
    rows, mesh = np.flatnonzero(on_path), np.flatnonzero(~on_path)
    uneven = (
        len(mesh) == 0 and np.isfinite(weights).all() and np.ptp(weights) > 1e-6 * max(weights.max(), 1e-9)
    )
    is_path = not (table.is_mesh and not len(mesh)) and not uneven
    per_segment = table.per_segment
    labels: dict[int, str] = {}
    if listed is not None:
        labels, said, known = _named(table, listed, insist=insist)
        per_segment = per_segment or known
        if said:
            notes.append(said)
        if listed.style == "mesh" and not len(mesh):
            is_path = False
    place = {int(row): k for k, row in enumerate(rows)}
    breaks: tuple[int, ...] = ()
    if per_segment > 1 and not len(mesh) and n_points % per_segment == 0:
        breaks = tuple(range(0, n_points, per_segment))
    own = {place[row]: name for row, name in labels.items() if row in place and name}
    own = {row: name for row, name in own.items() if name != "Γ" or _is_center(table.kpoints[rows[row]])}
    return Part(table, rows, mesh, breaks, own, tuple(notes), is_path or bool(breaks))


def _is_center(point: Floats) -> bool:
    """Return whether a point is Γ, of whichever zone."""
    return bool(np.abs(point - np.round(point)).max() <= PATH_STEP)


def _named(table: BandTable, listed: KPoints, *, insist: bool) -> tuple[dict[int, str], str, int]:
    """Return names by row, what is to be said, and points of each line."""
    points, n_points = listed.points, len(table.kpoints)
    if listed.style == "mesh":
        return {}, "", 0
    if listed.style == "list":
        same = len(points) == n_points and (
            listed.cartesian or np.abs(points - table.kpoints).max() <= PATH_STEP
        )
        if same:
            return {row: name for row, name in enumerate(listed.labels) if name}, "", 0
    else:
        lines = len(points) // 2
        step = listed.per_segment
        ends = [row for k in range(lines) for row in (k * step, (k + 1) * step - 1)]
        if lines * step == n_points and (
            listed.cartesian or np.abs(points - table.kpoints[ends]).max() <= PATH_STEP
        ):
            return {row: name for row, name in zip(ends, listed.labels, strict=True) if name}, "", step
    if listed.style == "line":
        size = f"{len(points) // 2} lines of {listed.per_segment} points"
    else:
        size = f"{len(points)} points"
    what = f"{listed.path.name} lists {size} that are not the {n_points} k-points of {table.path.name}"
    if insist:
        raise InputError(what, where=str(listed.path), fix="give the KPOINTS that this run was made with")
    return {}, f"{what}: its labels were not used", 0


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Pieces one after the other."""

    kpoints: Floats
    energies: Floats
    weights: Floats
    breaks: tuple[int, ...]
    labels: dict[int, str]
    projections: StateWeights | None
    mesh: BandTable | None
    levels: Levels


def join_parts(parts: list[Part], n_bands: int) -> tuple[Joined, tuple[str, ...]]:
    """Put the pieces of a path one after the other; a point that two pieces share within a line counts once."""
    notes = [note for part in parts for note in part.notes]
    chosen: list[tuple[Part, Integers]] = []
    breaks: list[int] = []
    labels: dict[int, str] = {}
    total = 0
    for part in parts:
        rows, skip = part.rows, 0
        if chosen and len(rows) > 1 and not part.breaks:
            last = chosen[-1][0].table.kpoints[chosen[-1][1][-1]]
            same = np.abs(last - part.table.kpoints[rows[0]]).max() <= PATH_STEP
            named = labels.get(total - 1) or part.labels.get(0)
            skip = 1 if same and not named else 0
        rows = rows[skip:]
        breaks += [total + row for row in part.breaks]
        labels |= {total + row - skip: name for row, name in part.labels.items() if row >= skip}
        chosen.append((part, rows))
        total += len(rows)
    tables = [part.table for part in parts]
    if len(parts) > 1:
        notes += _compare(parts, n_bands)

    def stacked(values: list[Floats]) -> Floats:
        return np.concatenate(values, axis=1)

    mesh = tables[0].mesh
    if mesh is None and len(parts[0].mesh):
        rows = parts[0].mesh
        held = tables[0].projections
        mesh = replace(
            tables[0],
            kpoints=tables[0].kpoints[rows],
            weights=tables[0].weights[rows],
            energies=tables[0].energies[:, rows, :n_bands],
            occupations=tables[0].occupations[:, rows, :n_bands],
            projections=None if held is None else _rows_of([(held, rows)]),
        )
    energies = stacked([part.table.energies[:, rows, :n_bands] for part, rows in chosen])
    occupations = stacked([part.table.occupations[:, rows, :n_bands] for part, rows in chosen])
    weights = np.concatenate([part.table.weights[rows] for part, rows in chosen])
    levels = Levels(energies, occupations, weights)
    if mesh is not None:
        least = min(mesh.energies.shape[2], n_bands)
        levels = Levels(
            stacked([mesh.energies[..., :least], energies[..., :least]]),
            stacked([mesh.occupations[..., :least], occupations[..., :least]]),
            np.concatenate([mesh.weights, np.zeros(len(weights))]),
        )
    sound = [(part.table.projections, rows) for part, rows in chosen if part.table.projections is not None]
    alike = len(sound) == len(chosen) and len({(one.orbitals, one.species) for one, _ in sound}) == 1
    joined = Joined(
        kpoints=np.concatenate([part.table.kpoints[rows] for part, rows in chosen]),
        energies=energies,
        weights=weights,
        breaks=tuple(breaks),
        labels=labels,
        projections=_rows_of(sound) if alike else None,
        mesh=mesh,
        levels=levels,
    )
    return joined, tuple(notes)


def _rows_of(held: list[tuple[StateWeights, Integers]]) -> StateWeights:
    """Return the projections of chosen points of several tables, one after the other."""
    starts = np.cumsum([0, *(len(rows) for _, rows in held)])

    def read(bands: slice, points: Integers) -> Floats:
        pieces = []
        order = []
        for (weights, rows), begin, end in zip(held, starts[:-1], starts[1:], strict=True):
            here = np.flatnonzero((points >= begin) & (points < end))
            if len(here):
                pieces.append(weights.read(bands, rows[points[here] - begin]))
                order.append(here)
        out: Floats = np.concatenate(pieces, axis=1) if len(pieces) > 1 else pieces[0]
        back = np.argsort(np.concatenate(order))
        return out if len(pieces) == 1 else out[:, back]

    one = held[0][0]
    return StateWeights(one.orbitals, one.species, read, one.definition)


def _compare(parts: list[Part], n_bands: int) -> list[str]:
    """Return what is to be said of pieces that are joined; refuse those of different densities."""
    tables = [part.table for part in parts]
    notes = [
        "joined in this order: "
        + ", ".join(f"{table.path.parent.name}/{table.path.name}" for table in tables)
    ]
    counts = {table.energies.shape[2] for table in tables}
    if len(counts) > 1:
        notes.append(f"the pieces hold {min(counts)} to {max(counts)} bands: the lowest {n_bands} are kept")
    levels = [table.fermi_energy for table in tables if math.isfinite(table.fermi_energy)]
    if levels and max(levels) - min(levels) > SAME_ENERGY:
        notes.append(f"the Fermi energies of the pieces differ, {min(levels):.4f} to {max(levels):.4f} eV")
    first = parts[0]
    for part in parts[1:]:
        if not (len(first.mesh) and len(first.mesh) == len(part.mesh)):
            continue
        a, b = first.table, part.table
        if np.abs(a.kpoints[first.mesh] - b.kpoints[part.mesh]).max() > PATH_STEP:
            continue
        one, other = (
            side[:, mesh, : n_bands - 2] for side, mesh in ((a.energies, first.mesh), (b.energies, part.mesh))
        )
        apart = float(np.abs(one - other).max(initial=0))
        if apart > SAME_ENERGY:
            raise InputError(
                f"energies at the points of the common mesh differ by up to {apart:.3f} eV: the pieces come from "
                "different charge densities",
                where=f"{a.path} and {b.path}",
                fix="give pieces that were computed alike",
            )
    return notes
