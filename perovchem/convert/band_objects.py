"""Band structures of ASE and pymatgen in memory, as plain parts; told by the dotted paths of their classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.convert.objects import class_paths
from perovchem.crystal import Crystal
from perovchem.errors import FormatError, UsageError
from perovchem.projections import Projections

_ASE: Final = ("ase.spectrum.band_structure.BandStructure", "ase.dft.band_structure.BandStructure")
_PYMATGEN: Final = "pymatgen.electronic_structure.bandstructure.BandStructure"
_LARGEST: Final = 1e9
"""Of any number here; products of such stay finite."""
_ORBITALS: Final = (
    "s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2", "f-3", "f-2", "f-1", "f0", "f1", "f2", "f3",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class BandParts:
    """What an object or file of another package holds of a band structure.

    Attributes
    ----------
    kpoints : float64 (K, 3)
        Fractional.
    cell : float64 (3, 3)
        Direct lattice, rows, Å.
    energies : float64 (S, K, B)
        eV.
    reference : float
        Fermi energy or valence-band maximum, eV; NaN where there is none.
    labels : mapping of int to str
        Names of rows, as written there.
    breaks : tuple of int
        Rows that begin another line, where that is known.
    structure : Crystal or None
    projections : Projections or None
    kind : str
        For messages: "ASE BandStructure".
    notes : tuple of str
    """

    kpoints: Floats
    cell: Floats
    energies: Floats
    reference: float = math.nan
    labels: Mapping[int, str] = field(default_factory=dict)
    breaks: tuple[int, ...] = ()
    structure: Crystal | None = None
    projections: Projections | None = None
    kind: str = "the object"
    notes: tuple[str, ...] = ()


def parts_of(thing: object) -> BandParts | None:
    """Return the parts of a BandStructure of ASE or pymatgen, None for anything else."""
    paths = class_paths(thing)
    if any(path in _ASE for path in paths):
        return _of_ase(thing)
    if _PYMATGEN in paths:
        return _of_pymatgen(thing)
    return None


def special_rows(kpoints: Floats, special: Mapping[str, Floats]) -> dict[int, str]:
    """Return the name of each row whose coordinates are those of a special point."""
    found: dict[int, str] = {}
    for name, point in special.items():
        for row in np.flatnonzero((np.abs(kpoints - point) < 1e-6).all(axis=1)):
            found.setdefault(int(row), name)
    return found


def array_of(value: Any, shape: tuple[int | None, ...], what: str, kind: str) -> Floats:
    """Return finite numbers of a shape (None for any length), copied."""
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    fits = numbers.ndim == len(shape) and all(
        n in (None, m) for n, m in zip(shape, numbers.shape, strict=False)
    )
    if not fits or numbers.size == 0 or not (np.abs(numbers) < _LARGEST).all():
        raise FormatError(
            f"its {what} are not finite numbers of the shape {shape}".replace("None", "any"),
            where=kind,
            fix="check how the band structure was made",
        )
    return numbers


def _of_ase(thing: Any) -> BandParts:
    kind = "ASE BandStructure"
    path = thing.path
    energies = array_of(thing.energies, (None, None, None), "energies", kind)
    kpoints = array_of(path.kpts, (energies.shape[1], 3), "k-points", kind)
    special = {name: np.asarray(point, np.float64) for name, point in path.special_points.items()}
    reference = math.nan if np.ndim(thing.reference) else float(thing.reference)
    cell = array_of(path.cell.array, (3, 3), "cell vectors", kind)
    return BandParts(kpoints, cell, energies, reference, special_rows(kpoints, special), kind=kind)


def _of_pymatgen(thing: Any) -> BandParts:
    kind = "pymatgen BandStructure"
    spins = sorted(thing.bands, key=int, reverse=True)  # up is 1, down is -1
    if not 1 <= len(spins) <= 2:
        raise UsageError(f"a band structure of {len(spins)} spins", fix="give one with bands of one or two")
    stacked = [array_of(thing.bands[spin], (None, None), "energies", kind).T for spin in spins]
    energies = np.stack(stacked)
    kpoints = array_of([one.frac_coords for one in thing.kpoints], (energies.shape[1], 3), "k-points", kind)
    reciprocal = array_of(thing.lattice_rec.matrix, (3, 3), "lattice vectors", kind)
    labels = {row: str(one.label) for row, one in enumerate(thing.kpoints) if getattr(one, "label", None)}
    branches = getattr(thing, "branches", None) or ()
    structure = None
    if getattr(thing, "structure", None) is not None:
        from perovchem.convert.crystals import from_structure

        structure = from_structure(thing.structure)
    cell = np.asarray(2 * np.pi * np.linalg.inv(reciprocal).T, np.float64)
    return BandParts(
        kpoints,
        cell,
        energies,
        float(thing.efermi) if thing.efermi is not None else math.nan,
        labels,
        tuple(int(branch["start_index"]) for branch in branches if int(branch["start_index"]) > 0),
        structure,
        _projections(thing, spins, energies, structure),
        kind,
    )


def _projections(
    thing: Any, spins: list[Any], energies: Floats, structure: Crystal | None
) -> Projections | None:
    """Return the projections of a pymatgen object: (B, K, orbital, atom) for each spin there."""
    held = getattr(thing, "projections", None)
    if not held or structure is None or not all(spin in held and np.size(held[spin]) for spin in spins):
        return None
    n_spins, n_points, n_bands = energies.shape
    weights = np.stack([np.asarray(held[spin], np.float64).transpose(1, 0, 3, 2) for spin in spins])
    n_orbitals = weights.shape[-1]
    fits = weights.shape[:4] == (n_spins, n_points, n_bands, structure.n_atoms)
    names = ("s", "p", "d", "f")[:n_orbitals] if n_orbitals <= 4 else _ORBITALS[:n_orbitals]
    if not fits or len(names) != n_orbitals:
        return None
    return Projections.from_array(
        weights, orbitals=names, species=structure.species, definition="projections of the pymatgen object"
    )
