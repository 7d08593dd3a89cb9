"""Calculations as plain TOML or JSON: for codes that no other reader knows, and to keep results."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.elements import element
from perovchem.errors import FormatError, UsageError, nearest
from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import MOST_ATOMS

VERSION: Final = 1
_MOST: Final = 1 << 28
"""Bytes; a Hessian of 1000 atoms in text is about as long."""
_KEYS: Final = (
    "perovchem_calculation", "name", "energy", "energy_unit", "energy_label", "energy_su", "charge", "multiplicity",
    "periodicity", "symmetry_number", "electronic_degeneracy", "converged", "atoms", "cell", "level", "vibrations",
    "notes",
)  # fmt: skip
_VIBRATIONS: Final = tuple(field.name for field in fields(Vibrations))
_LEVEL: Final = tuple(field.name for field in fields(LevelOfTheory))
_FIX: Final = "write it as the documentation of read_calculation shows"


def read_calculation_text(file: FileBytes, *, kind: str) -> Calculation:
    """Read a calculation from TOML or JSON.

    .. code-block:: toml

        perovchem_calculation = 1
        energy = -76.368128
        energy_unit = "hartree"      # or "eV"
        atoms = [["O", 0.0, 0.0, 0.111], ["H", 0.0, 0.784, -0.443], ["H", 0.0, -0.784, -0.443]]  # Å
        charge = 0                   # from here on all is optional
        multiplicity = 1
        energy_su = 0.0001           # standard uncertainty, in energy_unit
        periodicity = "molecule"     # or "crystal", with cell = [[...], [...], [...]] in Å
        converged = true             # false is refused
        [level]
        code = "Gaussian"            # any field of LevelOfTheory
        functional = "B97D"
        [vibrations]
        wavenumbers = [1694.8284, 3644.5363, 3778.6962]   # 1/cm, imaginary ones negative; by wavevector for crystals
        projected = true             # translations and rotations taken out; any field of Vibrations

    Parameters
    ----------
    file : FileBytes
    kind : {"TOML", "JSON"}

    Returns
    -------
    Calculation

    Raises
    ------
    FormatError
        If a key is unknown, missing, or of the wrong kind.
    """
    where = str(file.path)
    data = _parse(file, kind)
    _known(data, _KEYS, where, "")
    if data.get("converged", True) is not True:
        raise FormatError(
            f"the file says: converged = {data['converged']}",
            where=where,
            fix="give a calculation that converged",
        )
    if "energy" not in data:
        raise FormatError(
            "no energy", where=where, fix='add energy = ... and energy_unit = "eV" or "hartree"'
        )
    unit = data.get("energy_unit", "")
    if unit not in ("eV", "hartree"):
        raise FormatError(f"energy_unit is {unit!r}", where=where, fix='set it to "eV" or "hartree"')
    periodicity = data.get("periodicity", "crystal" if "cell" in data else "molecule")
    if periodicity not in ("molecule", "crystal"):
        raise FormatError(
            f"periodicity is {periodicity!r}", where=where, fix='set it to "molecule" or "crystal"'
        )
    species, positions = _atoms(data.get("atoms"), where)
    return Calculation(
        species=species,
        positions=positions,
        energy=_number(data["energy"], "energy", where),
        energy_unit="eV" if unit == "eV" else "hartree",
        energy_label=_text(data, "energy_label", where) or f"energy in {file.path.name}",
        level=_level(data.get("level", {}), where),
        periodicity="crystal" if periodicity == "crystal" else "molecule",
        cell=_array(data["cell"], (3, 3), "cell", where) if "cell" in data else None,
        charge=_whole(data, "charge", 0, where),
        multiplicity=_whole(data, "multiplicity", 1, where, least=1),
        vibrations=_vibrations(data["vibrations"], species, where) if "vibrations" in data else None,
        energy_su=_number(data.get("energy_su", math.nan), "energy_su", where, undefined=True),
        symmetry_number=_whole(data, "symmetry_number", 0, where, least=0),
        electronic_degeneracy=_whole(data, "electronic_degeneracy", 0, where, least=0),
        name=_text(data, "name", where),
        notes=_notes(data.get("notes", []), where),
    )


def _parse(file: FileBytes, kind: str) -> dict[str, Any]:
    where = str(file.path)
    if len(file) > _MOST:
        raise FormatError("too long for one calculation", where=where, fix="check the file")
    try:
        text = bytes(file.data[:]).decode("utf-8")
        data = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # both decoders' errors are ValueErrors
        raise FormatError(f"no sound {kind}: {error}", where=where, fix="mend the text") from None
    if not isinstance(data, dict):
        raise FormatError(f"{kind} without keys", where=where, fix=_FIX)
    if data.get("perovchem_calculation") != VERSION:
        raise FormatError(
            f"perovchem_calculation is {data.get('perovchem_calculation')!r}",
            where=where,
            fix=f"this version reads perovchem_calculation = {VERSION}",
        )
    return data


def _known(data: Mapping[str, Any], keys: Sequence[str], where: str, table: str) -> None:
    """Refuse keys that mean nothing."""
    for key in data:
        if key not in keys:
            raise FormatError(f"{table}{key} is no known key", where=where, fix=nearest(str(key), keys))


def _number(value: Any, what: str, where: str, *, undefined: bool = False) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) or undefined)
    ):
        raise FormatError(f"{what} is {value!r} and no number", where=where, fix=_FIX)
    try:
        return float(value)
    except OverflowError:
        raise FormatError(f"{what} is too large", where=where, fix=_FIX) from None


def _whole(data: Mapping[str, Any], key: str, default: int, where: str, *, least: int = -1000) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 1000:
        raise FormatError(f"{key} is {value!r}", where=where, fix="give a sensible whole number")
    return value


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise FormatError(f"{key} is {value!r} and no text", where=where, fix="put it in quotes")
    return value


def _notes(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise FormatError("notes should be a list of texts", where=where, fix=_FIX)
    return tuple(value)


def _array(value: Any, shape: tuple[int, ...], what: str, where: str) -> Floats:
    """Return nested lists as an array of this shape; -1 stands for any length."""
    try:
        out = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise FormatError(
            f"{what} should be numbers in rows of equal length", where=where, fix=_FIX
        ) from None
    if out.ndim != len(shape) or any(n not in (-1, m) for n, m in zip(shape, out.shape, strict=True)):
        wanted = " × ".join("n" if n < 0 else str(n) for n in shape)
        raise FormatError(f"{what} is {' × '.join(map(str, out.shape))}, not {wanted}", where=where, fix=_FIX)
    if not np.isfinite(out).all():
        raise FormatError(f"{what} holds numbers that are not finite", where=where, fix=_FIX)
    return out


def _atoms(rows: Any, where: str) -> tuple[tuple[str, ...], Floats]:
    """Return the species and positions of rows ["Pb", x, y, z]."""
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ATOMS:
        raise FormatError("no atoms", where=where, fix='add atoms = [["Pb", x, y, z], ...] in Å')
    if not all(isinstance(row, list) and len(row) == 4 and isinstance(row[0], str) for row in rows):
        raise FormatError("a row of atoms is not an element and three numbers", where=where, fix=_FIX)
    species = tuple(element(row[0], where=where).symbol for row in rows)
    return species, _array([row[1:] for row in rows], (-1, 3), "atoms", where)


def _level(table: Any, where: str) -> LevelOfTheory:
    if not isinstance(table, dict):
        raise FormatError("level should be a table", where=where, fix=_FIX)
    _known(table, _LEVEL, where, "level.")
    values: dict[str, Any] = {"code": "unknown"}
    for key, value in table.items():
        if key in ("hubbard", "pseudopotentials"):
            if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
                raise FormatError(f"level.{key} should be a table of texts by element", where=where, fix=_FIX)
            values[key] = {element(symbol, where=where).symbol: one for symbol, one in value.items()}
        elif key == "cutoff":
            values[key] = _number(value, "level.cutoff", where)
        elif key == "spin_orbit":
            if not isinstance(value, bool):
                raise FormatError(f"level.spin_orbit is {value!r}", where=where, fix="write true or false")
            values[key] = value
        else:
            values[key] = _text(table, key, where)
    return LevelOfTheory(**values)


def _vibrations(table: Any, species: tuple[str, ...], where: str) -> Vibrations:
    if not isinstance(table, dict) or "wavenumbers" not in table:
        raise FormatError("vibrations should be a table with wavenumbers", where=where, fix=_FIX)
    _known(table, _VIBRATIONS, where, "vibrations.")
    n_atoms = len(species)
    rows = table["wavenumbers"]
    nested = isinstance(rows, list) and bool(rows) and isinstance(rows[0], list)
    wavenumbers = _array(rows if nested else [rows], (-1, -1), "vibrations.wavenumbers", where)
    q, m = wavenumbers.shape
    weights = _array(table.get("weights", [1.0 / q] * q), (q,), "vibrations.weights", where)
    if (weights < 0).any() or not weights.sum() > 0:
        raise FormatError("vibrations.weights should be positive", where=where, fix=_FIX)
    default = [element(symbol).mass for symbol in species]
    projected = table.get("projected", False)
    moved = table.get("moved", list(range(n_atoms)))
    if not isinstance(projected, bool) or not isinstance(moved, list):
        raise FormatError("vibrations.projected is true or false, moved a list", where=where, fix=_FIX)
    if not all(isinstance(k, int) and 0 <= k < n_atoms for k in moved):
        raise FormatError("vibrations.moved should be numbers of atoms, from 0", where=where, fix=_FIX)
    return Vibrations(
        wavenumbers=wavenumbers,
        masses=_array(table.get("masses", default), (n_atoms,), "vibrations.masses", where),
        weights=weights / weights.sum(),
        wavevectors=_array(
            table.get("wavevectors", [[0.0] * 3] * q), (q, 3), "vibrations.wavevectors", where
        ),
        displacements=_array(table["displacements"], (m, n_atoms, 3), "vibrations.displacements", where)
        if "displacements" in table
        else None,
        hessian=_array(table["hessian"], (3 * n_atoms, 3 * n_atoms), "vibrations.hessian", where)
        if "hessian" in table
        else None,
        projected=projected,
        moved=tuple(moved),
        wavenumber_step=_number(table.get("wavenumber_step", 0.0), "vibrations.wavenumber_step", where),
        source=_text(table, "source", where),
    )


# writing ------------------------------------------------------------------------------------------------------


def write_calculation(calculation: Calculation, path: str | os.PathLike[str]) -> None:
    """Write a calculation as TOML, or JSON where the name ends so; :func:`read_calculation` reads it back.

    Numbers are written so that they come back bit by bit.

    Parameters
    ----------
    calculation : Calculation
    path : path

    Raises
    ------
    UsageError
        If the file cannot be written.
    """
    data = _plain(calculation)
    target = Path(path)
    text = json.dumps(data, indent=1) + "\n" if target.suffix == ".json" else _toml(data)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the file cannot be written: {error.strerror}", where=str(path), fix="choose another place"
        ) from None


def _plain(calculation: Calculation) -> dict[str, Any]:
    """Return what is written: what differs from its default."""
    rows = calculation.positions.tolist()
    data: dict[str, Any] = {
        "perovchem_calculation": VERSION,
        "name": calculation.name,
        "energy": calculation.energy,
        "energy_unit": calculation.energy_unit,
        "energy_label": calculation.energy_label,
        "charge": calculation.charge,
        "multiplicity": calculation.multiplicity,
        "periodicity": calculation.periodicity,
        "converged": True,
    }
    if math.isfinite(calculation.energy_su):
        data["energy_su"] = calculation.energy_su
    for key in ("symmetry_number", "electronic_degeneracy"):
        data |= {key: getattr(calculation, key)} if getattr(calculation, key) else {}
    data["notes"] = list(calculation.notes)
    data["atoms"] = [[symbol, *row] for symbol, row in zip(calculation.species, rows, strict=True)]
    if calculation.cell is not None:
        data["cell"] = calculation.cell.tolist()
    level = {key: getattr(calculation.level, key) for key in _LEVEL}
    data["level"] = {
        key: dict(value) if isinstance(value, Mapping) else value
        for key, value in level.items()
        if not (isinstance(value, float) and math.isnan(value)) and value not in ("", {}, False)
    }
    if calculation.vibrations is not None:
        data["vibrations"] = _plain_vibrations(calculation.vibrations)
    return data


def _plain_vibrations(vibrations: Vibrations) -> dict[str, Any]:
    single = len(vibrations.weights) == 1 and not vibrations.wavevectors.any()
    out: dict[str, Any] = {
        "source": vibrations.source,
        "projected": vibrations.projected,
        "wavenumber_step": vibrations.wavenumber_step,
        "wavenumbers": (vibrations.wavenumbers[0] if single else vibrations.wavenumbers).tolist(),
        "masses": vibrations.masses.tolist(),
        "moved": list(vibrations.moved),
    }
    if not single:
        out |= {"weights": vibrations.weights.tolist(), "wavevectors": vibrations.wavevectors.tolist()}
    for key in ("displacements", "hessian"):
        value = getattr(vibrations, key)
        if value is not None:
            out[key] = value.tolist()
    return out


def _toml(data: Mapping[str, Any]) -> str:
    """Return TOML: plain keys first, then one table each."""
    lines = [f"{key} = {_value(value)}" for key, value in data.items() if not isinstance(value, Mapping)]
    for name, table in data.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Return a value as TOML; rows of tables one by one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(key))} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            return "[\n" + ",\n".join(f"  {_value(row)}" for row in value) + ",\n]"
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return repr(value)


def _quoted(text: str) -> str:
    """Return a basic string of TOML, whose escapes are JSON's; what no file can hold becomes "?"."""
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(sound, ensure_ascii=False).replace("\x7f", "\\u007f")
