"""Which modes are vibrations: translations and rotations are projected out, never cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.errors import MissingDataError
from perovchem.gibbs.partition import FREQUENCY, moments_of_inertia
from perovchem.point_group import is_linear, off_axis

CLEAR: Final = 0.9
"""Part of a mode that must lie in (or out of) translations and rotations for its printed wavenumber to stand."""
LARGE: Final = 200.0
"""1/cm of a translation or rotation from which the geometry is doubted."""
_SAME: Final = 1e-3
"""1/cm; modes of one wavenumber and one direction are one mode, printed twice."""
_INTEGER: Final = 1e-6
_NEARLY_LINEAR: Final = (0.002, 0.1)
"""Å off the axis between which a molecular code may call a molecule linear or bent."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Every mode of a file with what becomes of it.

    Attributes
    ----------
    wavenumbers : float64 (n,)
        1/cm, imaginary ones negative, unscaled.
    weights : float64 (n,)
        Of the wavevector.
    kinds : list of str
        "vibration", "translation", "rotation", "duplicate".
    fates : list of str
    linear : bool
    notes, doubts : tuple of str
        What to know, and what to be warned of.
    """

    wavenumbers: Floats
    weights: Floats
    kinds: list[str]
    fates: list[str]
    linear: bool
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def select_modes(calculation: Calculation) -> Selection:
    """Return every mode and whether it is a vibration, a translation, a rotation or printed twice.

    Parameters
    ----------
    calculation : Calculation
        With vibrations.

    Raises
    ------
    MissingDataError
        If the modes are too few, or nothing tells vibrations from translations and rotations.
    """
    vibrations = calculation.vibrations
    if vibrations is None:
        raise _without(calculation)
    molecule = calculation.periodicity == "molecule"
    if molecule and len(calculation.species) == 1:
        row = vibrations.wavenumbers[0]
        fates = [_external_fate("translation", "an atom has nothing else", True)] * len(row)
        return Selection(row, np.ones(len(row)), ["translation"] * len(row), fates, False)
    if molecule and vibrations.projected:
        return _as_projected(calculation, vibrations)
    linear = molecule and is_linear(calculation.positions)
    parts = []
    away = np.abs(vibrations.wavevectors - np.round(vibrations.wavevectors)).max(axis=1)
    for row, weight, far, wavevector in zip(
        vibrations.wavenumbers, vibrations.weights, away, vibrations.wavevectors, strict=True
    ):
        if far < _INTEGER and not (vibrations.projected and not molecule):
            part = _at_gamma(calculation, vibrations, row, linear)
        else:
            where = f"({', '.join(f'{value:.4g}' for value in wavevector)})"
            fates = [f"vibration at wavevector {where}"] * len(row)
            part = Selection(row, np.ones(len(row)), ["vibration"] * len(row), fates, linear)
        parts.append((part, weight))
    return Selection(
        np.concatenate([part.wavenumbers for part, _ in parts]),
        np.concatenate([part.weights * weight for part, weight in parts]),
        [kind for part, _ in parts for kind in part.kinds],
        [fate for part, _ in parts for fate in part.fates],
        linear,
        tuple(dict.fromkeys(note for part, _ in parts for note in part.notes)),
        tuple(dict.fromkeys(doubt for part, _ in parts for doubt in part.doubts)),
    )


def external_basis(
    masses: Floats, positions: Floats, *, linear: bool, rotations: bool = True
) -> tuple[Floats, Floats]:
    """Return orthonormal translations (3N, 3) and rotations (3N, 0, 2 or 3) in mass-weighted coordinates."""
    roots = np.sqrt(masses)
    shifts = np.stack([np.outer(roots, axis).ravel() for axis in np.eye(3)], axis=1)
    shifts = shifts / np.linalg.norm(shifts, axis=0)
    if not rotations or len(masses) == 1:
        return shifts, np.zeros((3 * len(masses), 0))
    centered = positions - masses @ positions / masses.sum()
    axes = moments_of_inertia(masses, positions)[1].T[1 if linear else 0 :]
    turns = np.stack([(roots[:, None] * np.cross(axis, centered)).ravel() for axis in axes], axis=1)
    turns -= shifts @ (shifts.T @ turns)
    return shifts, np.linalg.qr(turns)[0]


def _at_gamma(calculation: Calculation, vibrations: Vibrations, row: Floats, linear: bool) -> Selection:
    """Sort the modes at Γ: from the Hessian where there is one, else by their vectors."""
    n_atoms = len(calculation.species)
    n_moved = len(vibrations.moved) or n_atoms
    once, twice = _each_once(row, vibrations, 3 * n_moved)
    if n_moved < n_atoms:
        found = _held(calculation, row[once], n_moved, linear)
    else:
        molecule = calculation.periodicity == "molecule"
        shifts, turns = external_basis(
            vibrations.masses, calculation.positions, linear=linear, rotations=molecule
        )
        n_internal = 3 * n_atoms - shifts.shape[1] - turns.shape[1]
        if vibrations.hessian is not None:
            roots = np.sqrt(np.repeat(vibrations.masses, 3))
            hessian = vibrations.hessian / np.outer(roots, roots)
            found = _projected(hessian, shifts, turns, linear, row[once], "Hessian")
        elif vibrations.displacements is not None:
            vectors = vibrations.displacements.reshape(len(row), -1)[once]
            found = _by_overlap(calculation, row[once], vectors, shifts, turns, linear)
        elif len(once) == n_internal:
            fates = ["vibration: the list holds no translations or rotations"] * n_internal
            found = Selection(row[once], np.ones(n_internal), ["vibration"] * n_internal, fates, linear)
        else:
            raise MissingDataError(
                f"{len(once)} modes of {n_atoms} atoms without mode vectors: nothing tells which are translations"
                f"{' or rotations' if molecule else ''}",
                where=_where(calculation),
                fix="give the file that holds mode vectors or the Hessian"
                + (" (put SEED.phonon beside SEED.castep)" if calculation.level.code == "CASTEP" else "")
                + "; they are not cut off by wavenumber",
            )
    if not len(twice):
        return found
    fate = f"printed twice: the same wavenumber and direction as one of the {len(once)} others; left out"
    return Selection(
        np.append(found.wavenumbers, row[twice]),
        np.append(found.weights, np.ones(len(twice))),
        [*found.kinds, *["duplicate"] * len(twice)],
        [*found.fates, *[fate] * len(twice)],
        linear,
        (*found.notes, f"{len(twice)} modes are printed twice and counted once"),
        found.doubts,
    )


def _each_once(row: Floats, vibrations: Vibrations, most: int) -> tuple[list[int], list[int]]:
    """Return which modes are there once, and which repeat one of them; only where there are too many."""
    if len(row) <= most:
        return list(range(len(row))), []
    once: list[int] = []
    twice: list[int] = []
    vectors = None if vibrations.displacements is None else vibrations.displacements.reshape(len(row), -1)
    repeated = len(row) % most == 0 and np.allclose(row.reshape(-1, most), row[:most], atol=_SAME, rtol=0)
    for k, wavenumber in enumerate(row):
        if vectors is None:
            (once if not repeated or k < most else twice).append(k)
            continue
        alike = [other for other in once if abs(row[other] - wavenumber) < _SAME]
        rest = vectors[k] / np.linalg.norm(vectors[k])
        for other in alike:
            rest = rest - (rest @ vectors[other]) * vectors[other] / (vectors[other] @ vectors[other])
        (once if np.linalg.norm(rest) > 0.7 else twice).append(k)
    return once, twice


def _held(calculation: Calculation, row: Floats, n_moved: int, linear: bool) -> Selection:
    """Return a partial Hessian: what is held in place neither translates nor rotates."""
    if not 0 < len(row) <= 3 * n_moved:
        raise _too_few(calculation, len(row), 3 * n_moved)
    n_atoms = len(calculation.species)
    note = (
        f"partial Hessian: {n_moved} of {n_atoms} atoms were moved, the others held; all {len(row)} modes are "
        "vibrations"
    )
    fates = [f"vibration of the {n_moved} atoms that were moved"] * len(row)
    return Selection(row, np.ones(len(row)), ["vibration"] * len(row), fates, linear, (note,))


def _by_overlap(
    calculation: Calculation, row: Floats, vectors: Floats, shifts: Floats, turns: Floats, linear: bool
) -> Selection:
    """Sort modes by the part of their vectors that is translation or rotation."""
    vectors = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    moved, turned = (vectors @ shifts) ** 2, (vectors @ turns) ** 2
    external = moved.sum(axis=1) + turned.sum(axis=1)
    n_external = shifts.shape[1] + turns.shape[1]
    n_internal = 3 * len(calculation.species) - n_external
    chosen = np.sort(np.argsort(-external, kind="stable")[: max(len(row) - n_internal, 0)])
    rest = np.setdiff1d(np.arange(len(row)), chosen)
    if len(row) < n_internal:
        raise _too_few(calculation, len(row), n_internal)
    if (external[chosen] < CLEAR).any() or (external[rest] > 1 - CLEAR).any():
        if len(row) < n_internal + n_external:
            raise _too_few(calculation, len(row), n_internal + n_external)
        # a complete set of modes is the Hessian, to the digits printed
        hessian = (vectors.T * (np.sign(row) * (row / FREQUENCY) ** 2)) @ vectors
        return _projected(
            hessian, shifts, turns, linear, row, "modes, which mix with translations or rotations"
        )
    kinds = ["vibration"] * len(row)
    fates = [f"vibration: {100 * (1 - part):.1f} % internal; kept as printed" for part in external]
    for k in chosen:
        kinds[k] = "translation" if moved[k].sum() >= turned[k].sum() else "rotation"
        fates[k] = _external_fate(kinds[k], f"{100 * external[k]:.1f} % of its vector", bool(turns.shape[1]))
    residual = float(np.abs(row[chosen]).max(initial=0.0))
    return Selection(row, np.ones(len(row)), kinds, fates, linear, (), _doubts(residual))


def _doubts(residual: float) -> tuple[str, ...]:
    if residual <= LARGE:
        return ()
    return (
        f"translations or rotations have a curvature of up to {residual:.0f} 1/cm: the atoms are not at rest at this "
        "geometry, and its vibrations are those of no stationary point",
    )


def _projected(
    hessian: Floats, shifts: Floats, turns: Floats, linear: bool, printed: Floats, source: str
) -> Selection:
    """Return the vibrations of a mass-weighted Hessian from which translations and rotations are projected out."""
    hessian = (hessian + hessian.T) / 2
    basis = np.concatenate([shifts, turns], axis=1)
    inner = np.linalg.svd(basis, full_matrices=True)[0][:, basis.shape[1] :]
    internal = _wavenumbers(np.linalg.eigvalsh(inner.T @ hessian @ inner))
    outer = [("translation", shifts), ("rotation", turns)]
    external = [(kind, _wavenumbers(np.linalg.eigvalsh(part.T @ hessian @ part))) for kind, part in outer]
    kinds = ["vibration"] * len(internal)
    fates = [f"vibration: from the {source} with translations and rotations projected out"] * len(internal)
    for kind, values in external:
        kinds += [kind] * len(values)
        fates += [_external_fate(kind, "by projection", bool(turns.shape[1]))] * len(values)
    notes = []
    if len(printed) and len(internal):
        apart = np.abs(internal[:, None] - printed[None]).min(axis=1).max()
        notes.append(
            f"vibrations are recomputed from the {source}; each lies within {apart:.2g} 1/cm of one that is printed"
        )
    residual = max(float(np.abs(values).max(initial=0.0)) for _, values in external)
    values = np.concatenate([internal, *(part for _, part in external)])
    return Selection(values, np.ones(len(values)), kinds, fates, linear, tuple(notes), _doubts(residual))


def _as_projected(calculation: Calculation, vibrations: Vibrations) -> Selection:
    """Return the modes of a molecular code that has projected translations and rotations out itself."""
    row = vibrations.wavenumbers[0]
    n_atoms = len(calculation.species)
    linear = is_linear(calculation.positions)
    zero = row == 0
    n_modes = int((~zero).sum())
    notes = []
    if n_modes not in ({1} if n_atoms == 2 else {3 * n_atoms - 6, 3 * n_atoms - 5}):
        raise _too_few(calculation, n_modes, 3 * n_atoms - (5 if linear else 6))
    if n_atoms > 2 and linear != (n_modes == 3 * n_atoms - 5):
        if not _NEARLY_LINEAR[0] < off_axis(calculation.positions) < _NEARLY_LINEAR[1]:
            raise _too_few(calculation, n_modes, 3 * n_atoms - (5 if linear else 6))
        linear = not linear
        notes.append(
            f"the code counts {n_modes} vibrations, so the molecule is {'linear' if linear else 'bent'}, "
            "though atoms lie within .05 Å of that limit"
        )
    word = "vibration: translations and rotations were projected out by the code"
    outside = "printed as zero: translation or rotation that the code projected out; counted as such"
    return Selection(
        row,
        np.ones(len(row)),
        ["rotation" if at else "vibration" for at in zero],
        [outside if at else word for at in zero],
        linear,
        tuple(notes),
    )


def _external_fate(kind: str, how: str, molecule: bool) -> str:
    """Return what becomes of a translation or rotation."""
    if molecule or kind == "rotation":
        return f"{kind} of the whole molecule ({how}); counted as rigid {kind}, not as a vibration"
    return f"acoustic mode at Γ: translation of the whole crystal ({how}); left out"


def _wavenumbers(eigenvalues: Floats) -> Floats:
    """Return wavenumbers, imaginary ones negative, highest first."""
    values = np.sign(eigenvalues) * np.sqrt(np.abs(eigenvalues)) * FREQUENCY
    return np.asarray(np.sort(values)[::-1])


def _where(calculation: Calculation) -> str:
    return calculation.provenance.input or calculation.name


def _too_few(calculation: Calculation, found: int, expected: int) -> MissingDataError:
    return MissingDataError(
        f"{found} modes of {len(calculation.species)} atoms where {expected} are expected",
        where=_where(calculation),
        fix="check that the frequency calculation is complete and belongs to this structure",
    )


def _without(calculation: Calculation) -> MissingDataError:
    return MissingDataError(
        f"{calculation.formula} has an energy and no vibrations: no Gibbs energy",
        where=_where(calculation),
        fix="give a frequency calculation, or ask for treatment 'electronic' (the energy alone)",
    )
