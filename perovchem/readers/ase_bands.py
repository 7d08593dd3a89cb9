"""Band structures that ASE wrote as JSON, with what a .toml of the same name adds; and objects of ASE and pymatgen.

ASE's JSON holds energies, k-points, cell and one reference energy; not the electrons, nor whether a band holds
one or two of them. The .toml says so: ``electrons`` (one number, or one for each spin), ``spin_orbit``,
``energy_decimals``, ``kpoint_decimals``, ``fermi_level``, ``[labels]`` (name = fractional coordinates),
``[structure_sites]`` (element = list of fractional positions), ``[projections]`` with a ``file``.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import Bands, Segment, SpinTreatment
from perovchem.cell_geometry import has_volume
from perovchem.convert.band_objects import BandParts, array_of, parts_of, special_rows
from perovchem.crystal import Crystal
from perovchem.elements import table
from perovchem.errors import FormatError, InputError, MissingDataError, UsageError
from perovchem.projections import Projections
from perovchem.readers.band_path import find_segments, is_grid
from perovchem.readers.castep_bands import fermi_note, kramers_pairs
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.path_labels import name_segments, plain_label
from perovchem.result import Provenance

LARGEST: Final = 256 << 20
_DTYPES: Final = ("float64", "float32", "int64", "int32")
_MOST_SITES: Final = 10_000
_DIGITS: Final = 8
"""Decimals of energies where nothing states them: JSON holds all digits, a calculation does not."""


def read_ase_bands(file: FileBytes, *, electrons: float | Sequence[float] | None = None) -> Bands:
    """Read a band structure that ASE wrote as JSON.

    Parameters
    ----------
    file : FileBytes
    electrons : float or one for each spin, optional
        In the bands of the file, in place of what the .toml beside it says.

    Raises
    ------
    FormatError
        If something is not what ASE writes, or the .toml does not fit.
    MissingDataError
        If nothing says how many electrons there are, and the reference energy cuts through bands.
    """
    where = str(file.path)
    tree = _tree(file)
    if not isinstance(tree, dict) or tree.get("__ase_objtype__") != "bandstructure":
        raise FormatError(
            "this JSON is no band structure of ASE (__ase_objtype__ is not bandstructure)",
            where=where,
            fix="write it with BandStructure.write(FILE.json)",
        )
    path = tree.get("path")
    if not isinstance(path, dict) or not isinstance(path.get("cell"), dict):
        raise FormatError("the band path or its cell is missing", where=where, fix="write it again with ASE")
    energies = _held(tree.get("energies"), (None, None, None), "energies", where)
    kpoints = _held(path.get("kpts"), (energies.shape[1], 3), "k-points", where)
    cell = _held(path["cell"].get("array"), (3, 3), "cell vectors", where)
    special = path.get("special_points")
    names = {
        str(name)[:20]: _held(point, (3,), "special points", where)
        for name, point in (special.items() if isinstance(special, dict) else ())
    }
    reference = tree.get("reference")
    number = float(reference) if isinstance(reference, int | float) and abs(reference) < 1e6 else math.nan
    parts = BandParts(
        kpoints, cell, energies, number, special_rows(kpoints, names), kind=where, notes=file.notes
    )
    added = _toml(file.path)
    return _bands(_completed(parts, added, file.path), added, electrons, Provenance(input=where))


def as_bands(thing: object, *, electrons: float | Sequence[float] | None = None) -> Bands:
    """Return the Bands of a BandStructure of ASE or pymatgen.

    Raises
    ------
    UsageError
        If it is something else.
    MissingDataError
        If nothing says how many electrons there are.
    """
    parts = parts_of(thing)
    if parts is None:
        raise UsageError(
            f"bands cannot be made of a {type(thing).__name__}",
            fix="give a path, or a BandStructure of ASE or pymatgen",
        )
    return _bands(parts, {}, electrons, Provenance(input=parts.kind))


def _tree(file: FileBytes) -> Any:
    """Return the content of a JSON file."""
    if len(file) > LARGEST:
        raise InputError("the JSON is larger than 256 MB", where=str(file.path), fix="leave out bands")
    try:
        return json.loads(bytes(file.data[:]))
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"this is no sound JSON: {str(error)[:80]}", where=str(file.path), fix="copy the file again"
        ) from None


def _held(value: Any, shape: tuple[int | None, ...], what: str, where: str) -> Floats:
    """Return an array that ASE wrote as {"__ndarray__": [shape, dtype, numbers]}, or as lists."""
    if isinstance(value, dict) and "__ndarray__" in value:
        held = value["__ndarray__"]
        sound = (
            isinstance(held, list)
            and len(held) == 3
            and isinstance(held[0], list)
            and all(isinstance(n, int) and 0 < n < 10**8 for n in held[0])
            and held[1] in _DTYPES
            and isinstance(held[2], list)
            and math.prod(held[0]) == len(held[2])
        )
        if not sound:
            raise FormatError(f"the array of {what} is damaged", where=where, fix="write it again with ASE")
        flat = array_of(held[2], (len(held[2]),), what, where)
        return array_of(flat.reshape(held[0]), shape, what, where)
    return array_of(value, shape, what, where)


# what the .toml adds --------------------------------------------------------------------------------------


def _toml(path: Path) -> dict[str, Any]:
    """Return the .toml of the same name beside a file; {} where there is none."""
    name = path.name.removesuffix(".gz")
    beside = path.with_name(name.removesuffix(".json") + ".toml")
    if name == beside.name or not beside.is_file():
        return {}
    file = open_bytes(beside)
    try:
        if len(file) > 1 << 20:
            raise ValueError("larger than 1 MB")
        return tomllib.loads(bytes(file.data[:]).decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"this is no sound TOML: {str(error)[:80]}", where=str(beside), fix="mend it, or take it away"
        ) from None


def _completed(parts: BandParts, added: dict[str, Any], path: Path) -> BandParts:
    """Return the parts with labels, structure and projections of the .toml."""
    where = str(path.with_suffix(".toml"))
    labels = dict(parts.labels)
    for name, point in _table(added, "labels", where).items():
        labels.update(special_rows(parts.kpoints, {name: array_of(point, (3,), "labels", where)}))
    structure = _structure(parts.cell, _table(added, "structure_sites", where), where)
    projections = _projections(parts.energies, _table(added, "projections", where), path)
    return replace(parts, labels=labels, structure=structure, projections=projections)


def _table(added: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    found = added.get(key, {})
    if not isinstance(found, dict):
        raise FormatError(f"{key} is no table", where=where, fix=f"write [{key}] with entries below")
    return found


def _structure(cell: Floats, sites: dict[str, Any], where: str) -> Crystal | None:
    """Return the crystal of the sites."""
    if not sites:
        return None
    species: list[str] = []
    places: list[Floats] = []
    for symbol, rows in sites.items():
        if symbol not in table():
            raise FormatError(f"{symbol[:20]!r} is no element", where=where, fix="mend [structure_sites]")
        numbers = array_of(rows, (None, 3), f"positions of {symbol}", where)
        species += [symbol] * len(numbers)
        places.append(numbers)
    if len(species) > _MOST_SITES:
        raise FormatError("too many sites", where=where, fix="mend [structure_sites]")
    return Crystal.from_arrays(
        cell, tuple(species), np.concatenate(places), provenance=Provenance(input=where)
    )


def _projections(energies: Floats, settings: dict[str, Any], path: Path) -> Projections | None:
    """Return the projections of the file that the .toml names, which lies beside it."""
    name = settings.get("file")
    if name is None:
        return None
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise FormatError(
            "the file of [projections] is no plain name",
            where=str(path),
            fix="name a file in the same folder",
        )
    beside = path.with_name(name)
    tree = _tree(open_bytes(beside))
    where = str(beside)
    try:
        species, orbitals = tuple(map(str, tree["species"])), tuple(map(str, tree["orbitals"]))
        each, unit = int(tree.get("bands_per_column", 1)), float(tree.get("unit", 1.0))
        held, definition = tree["weights"], str(tree.get("definition", ""))[:400]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise FormatError(
            "species, orbitals or weights are missing", where=where, fix="write the projections again"
        ) from None
    n_spins, n_points, n_bands = energies.shape
    if (
        each not in (1, 2)
        or n_bands % each
        or n_spins != 1
        or not 0 < unit < 1e3
        or not species
        or not orbitals
    ):
        raise FormatError(
            "the projections do not fit the bands, which have one spin", where=where, fix="write them again"
        )
    shape = (n_points, n_bands // each, len(species) * len(orbitals))
    weights = array_of(held, shape, "weights", where) * unit
    weights = np.repeat(weights, each, axis=1).reshape(1, n_points, n_bands, len(species), len(orbitals))
    return Projections.from_array(weights, orbitals=orbitals, species=species, definition=definition)


# putting together -----------------------------------------------------------------------------------------


def _bands(
    parts: BandParts, added: dict[str, Any], electrons: float | Sequence[float] | None, provenance: Provenance
) -> Bands:
    """Return Bands of the parts."""
    where = provenance.input
    n_spins = len(parts.energies)
    if n_spins > 2:
        raise FormatError(f"{n_spins} spins", where=where, fix="give one or two")
    if not has_volume(parts.cell):
        raise FormatError("the cell has no volume", where=where, fix="set the cell")
    notes = list(parts.notes)
    spin = _spin(parts, added, notes)
    fermi = added.get("fermi_level", parts.reference)
    fermi = float(fermi) if isinstance(fermi, int | float) and abs(fermi) < 1e6 else math.nan
    given = electrons if electrons is not None else added.get("electrons")
    per_band = 2 if spin == "none" else 1
    counted = (
        _by_reference(parts, per_band, notes)
        if given is None
        else _checked(given, n_spins, parts, per_band, where)
    )
    if told := fermi_note(parts.energies, counted, per_band, fermi if given is not None else math.nan):
        notes.append(told)
    reciprocal = np.asarray(2 * np.pi * np.linalg.inv(parts.cell).T, np.float64)
    kpoint_step = _step(added, "kpoint_decimals", 12)
    rounding = kpoint_step * float(np.linalg.norm(reciprocal, axis=1).max())
    labels = {row: name for row, text in parts.labels.items() if (name := plain_label(text))}
    segments: tuple[Segment, ...] = ()
    if not is_grid(parts.kpoints):
        segments = find_segments(
            parts.kpoints @ reciprocal, labels=labels, breaks=parts.breaks, rounding=rounding
        )
    named, told_names = name_segments(segments, parts.kpoints, parts.cell, structure=parts.structure)
    return Bands(
        kpoints=parts.kpoints,
        reciprocal_cell=reciprocal,
        energies=parts.energies,
        electrons=counted,
        spin=spin,
        segments=named,
        weights=np.zeros(len(parts.kpoints)) if named else np.full(len(parts.kpoints), np.nan),
        fermi_energy=fermi,
        energy_step=_step(added, "energy_decimals", _DIGITS),
        kpoint_step=kpoint_step,
        structure=parts.structure,
        projections=parts.projections,
        notes=(*notes, *told_names),
        provenance=provenance,
    )


def _spin(parts: BandParts, added: dict[str, Any], notes: list[str]) -> SpinTreatment:
    """Return the treatment of spin."""
    if len(parts.energies) == 2:
        return "collinear"
    stated = added.get("spin_orbit")
    if isinstance(stated, bool):
        return "noncollinear" if stated else "none"
    if kramers_pairs(parts.kpoints, parts.energies[0]):
        notes.append(
            "all levels at Γ are pairs, as with spin-orbit coupling: each band is taken to hold one electron"
        )
        return "noncollinear"
    return "none"


def _step(added: dict[str, Any], key: str, usual: int) -> float:
    """Return the last digit that a number of decimals means."""
    decimals = added.get(key, usual)
    return 10.0**-decimals if isinstance(decimals, int) and 0 <= decimals <= 17 else 10.0**-usual


def _checked(
    given: float | Sequence[float], n_spins: int, parts: BandParts, per_band: int, where: str
) -> tuple[float, ...]:
    """Return the electrons of each spin as they were given."""
    numbers = tuple(given) if isinstance(given, Sequence) else (given,)
    most = per_band * parts.energies.shape[2]
    sound = all(isinstance(one, int | float) and 0 < one < most for one in numbers)
    if len(numbers) != n_spins or not sound:
        raise FormatError(
            f"electrons are {str(given)[:40]}, for {n_spins} spin(s) of {parts.energies.shape[2]} bands",
            where=where,
            fix="give one number above 0 and below what the bands hold for each spin"
            + (": [up, down]" if n_spins == 2 else ""),
        )
    return tuple(float(one) for one in numbers)


def _by_reference(parts: BandParts, per_band: int, notes: list[str]) -> tuple[float, ...]:
    """Return the electrons in the bands that lie below the reference energy at all k-points."""
    below = (parts.energies <= parts.reference + 1e-6).sum(axis=2)
    if not math.isfinite(parts.reference) or (below != below[:, :1]).any() or not below.any():
        raise MissingDataError(
            "nothing says how many electrons there are, and the reference energy does not part bands",
            where=parts.kind,
            fix="give electrons=, or write electrons = NUMBER into a .toml of the same name beside the JSON",
        )
    filled = tuple(float(per_band * count) for count in below[:, 0])
    notes.append(
        f"the electrons are counted from the bands below the reference energy, {parts.reference:.4f} eV: nothing else "
        "says how many there are"
    )
    return filled
