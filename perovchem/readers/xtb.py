"""A calculation from an output of the xtb program, with the hessian of the same run beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.elements import element, table
from perovchem.errors import FormatError, PerovchemError
from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.log_text import (
    MOST_ATOMS,
    last_line,
    last_of,
    next_line,
    refused,
    rows_from,
    to_number,
)
from perovchem.units import BOHR, HARTREE, WAVENUMBER_OF_HESSIAN

WAVENUMBER_STEP: Final = 0.01
_ENERGY: Final = re.compile(rb"\|[ \t]*TOTAL ENERGY[ \t]+(\S{1,40})[ \t]+Eh")
_VERSION: Final = re.compile(rb"xtb version[ \t]+(\d[\w.]{0,12})")
_METHOD: Final = re.compile(rb":[ \t]+Hamiltonian[ \t]+(\S{1,30})[ \t]+:")
_CALL: Final = re.compile(rb"program call[ \t]*:[ \t]*([^\n]{1,400})")
_COORDINATES: Final = re.compile(rb"coordinate file[ \t]*:[ \t]*([^\n]{1,200})")
_SOLVATION: Final = re.compile(rb"\* Solvation model:[ \t]*(\S{1,20})[^\n]*\n[ \t]*Solvent[ \t]+(\S{1,40})")
_CHARGE: Final = re.compile(rb"::[ \t]*total charge[ \t]+(\S{1,30})[ \t]+e")
_ELECTRONS: Final = re.compile(rb"# electrons[ \t]+(\d{1,7})[ \t]+:")
_ACCURACY: Final = re.compile(rb":[ \t]+accuracy[ \t]+(\d{1,6}(?:\.\d{1,12})?)[ \t]+:")
_FAILED: Final = re.compile(
    rb"FAILED TO CONVERGE GEOMETRY OPTIMIZATION|convergence criteria cannot be satisfied|abnormal termination"
    rb"|Self consistent charge iterator did not converge"
)
_DISPERSION: Final = {"GFN2-xTB": "D4", "GFN1-xTB": "D3(BJ)", "GFN0-xTB": "D4"}
"""That these Hamiltonians contain."""
_PROJECTED: Final = b"projected vibrational frequencies"
_FINISHED: Final = b"* finished run on"
_AGREES: Final = 1.0
"""1/cm; a file "hessian" is that of this run where it gives the printed frequencies this closely."""
_LARGEST: Final = 1e9
_WIDEST: Final = 64
"""Bytes of a printed second derivative, at most."""
_FIX: Final = "run xtb again, and give its whole output"


def read_xtb(file: FileBytes) -> tuple[Calculation, list[Path]]:
    """Read the calculation of one species from an output of xtb.

    Parameters
    ----------
    file : FileBytes

    Returns
    -------
    Calculation
        Energy in hartree, as printed; with ``--alpb`` it includes the solvation's.
    list of Path
        The files that were read.

    Raises
    ------
    FormatError
        If the run did not finish or converge.
    """
    failed = _FAILED.search(file.data)
    if failed:
        raise refused(
            file, failed.start(), "the calculation did not converge", "run it again with other settings"
        )
    found = None
    for found in _ENERGY.finditer(file.data):  # noqa: B007  the last one counts
        pass
    if found is None or file.data.find(_FINISHED) < 0:
        raise FormatError(
            f"xtb did not finish this run; it ends with line {file.line_number(len(file) - 1)}: {last_line(file)!r}",
            where=str(file.path),
            fix=_FIX,
        )
    species, positions, files = _structure(file)
    charge = _charge(file, found.start())
    call = _CALL.search(file.data)
    unpaired = re.search(rb"(?:--uhf|-u)[ \t]+(\d{1,3})", call.group(1)) if call else None
    electrons = _ELECTRONS.search(file.data)
    odd = int(electrons.group(1)) % 2 if electrons else 0
    notes = list(file.notes)
    if odd and not unpaired:
        notes.append("an odd number of electrons; taken as a doublet")
    vibrations, more = _vibrations(file, species)
    version = _VERSION.search(file.data)
    method = _METHOD.search(file.data)
    name = method.group(1).decode("latin-1") if method else ""
    accuracy = _ACCURACY.search(file.data)
    return (
        Calculation(
            species=species,
            positions=positions,
            energy=to_number(file, found.group(1), found.start(), "the energy"),
            energy_unit="hartree",
            energy_label="TOTAL ENERGY",
            level=LevelOfTheory(
                code="xtb",
                functional=name,
                dispersion=_DISPERSION.get(name, ""),
                precision=f"accuracy {float(accuracy.group(1)):g}" if accuracy else "",
                solvent=_solvent(file),
                version=version.group(1).decode() if version else "",
            ),
            charge=charge,
            multiplicity=(int(unpaired.group(1)) if unpaired else odd) + 1,
            vibrations=vibrations,
            notes=tuple(notes),
        ),
        [file.path, *files, *more],
    )


def _solvent(file: FileBytes) -> str:
    """Return "ALPB(dmso)", or "none"."""
    found = _SOLVATION.search(file.data)
    return f"{found.group(1).decode('latin-1')}({found.group(2).decode('latin-1')})" if found else "none"


def _charge(file: FileBytes, end: int) -> int:
    """Return the total charge."""
    place = last_of(file, b"total charge", 0, end)
    match = _CHARGE.search(file.data, max(place - 10, 0), end) if place >= 0 else None
    if match is None:
        raise FormatError("the output does not say the total charge", where=str(file.path), fix=_FIX)
    return round(to_number(file, match.group(1), match.start(), "the charge"))


def _structure(file: FileBytes) -> tuple[tuple[str, ...], Floats, list[Path]]:
    """Return the optimized structure that the output prints, else that of the file it was given."""
    place = last_of(file, b" final structure:")
    if place >= 0:
        return (*_xyz(file, next_line(file, place, 2)), [])
    named = _COORDINATES.search(file.data)
    path = file.path.parent / Path(named.group(1).decode("latin-1").strip()).name if named else None
    if path is None or not path.is_file():
        raise FormatError(
            "the output prints no structure, and the file that xtb was given is not beside it",
            where=str(file.path),
            fix="put it there, or run xtb with --ohess",
        )
    other = open_bytes(path)
    return (*_xyz(other, 0), [path])


def _xyz(file: FileBytes, place: int) -> tuple[tuple[str, ...], Floats]:
    """Read atoms in XYZ, Å."""
    count = bytes(file.data[place : next_line(file, place)]).strip()
    if not count.isdigit() or not 0 < int(count[:9]) <= MOST_ATOMS:
        raise refused(file, place, "this should be the number of atoms (XYZ)", _FIX)
    n_atoms = int(count)
    species: list[str] = []
    rows: list[list[float]] = []
    for position, words in rows_from(file, next_line(file, place, 2), most=n_atoms):
        if len(words) < 4 or words[0].decode("latin-1").capitalize() not in table():
            raise refused(file, position, "this should be an atom and its coordinates", _FIX)
        species.append(words[0].decode("latin-1").capitalize())
        rows.append([to_number(file, word, position, "a coordinate") for word in words[1:4]])
    if len(rows) < n_atoms:
        raise refused(file, place, f"{len(rows)} of {n_atoms} atoms are there", _FIX)
    return tuple(species), np.array(rows)


def _vibrations(file: FileBytes, species: tuple[str, ...]) -> tuple[Vibrations | None, list[Path]]:
    """Return the frequencies that the output prints, and the second derivatives of the file "hessian" beside it."""
    place = last_of(file, _PROJECTED)
    if place < 0:
        return None, []
    values: list[float] = []
    for position, words in rows_from(file, next_line(file, place)):
        if words[:2] != [b"eigval", b":"]:
            break
        values += [to_number(file, word, position, "a wavenumber") for word in words[2:]]
    n_atoms = len(species)
    if len(values) != 3 * n_atoms:
        raise refused(file, place, f"{len(values)} of {3 * n_atoms} frequencies are there", _FIX)
    wavenumbers = np.array(values)
    none = np.abs(wavenumbers) < WAVENUMBER_STEP / 2
    if none.sum() not in ({3} if n_atoms == 1 else {5, 6}):
        raise refused(
            file, place, f"{none.sum()} frequencies are 0.00: translations and rotations should be", _FIX
        )
    masses = np.array([element(symbol).mass for symbol in species])
    hessian, files = _hessian(file, masses, wavenumbers)
    return (
        Vibrations(
            wavenumbers=wavenumbers[~none][None, :],
            masses=masses,
            hessian=hessian,
            projected=True,
            moved=tuple(range(n_atoms)),
            wavenumber_step=WAVENUMBER_STEP,
            source="second derivatives of xtb",
        ),
        files,
    )


def _hessian(file: FileBytes, masses: Floats, wavenumbers: Floats) -> tuple[Floats | None, list[Path]]:
    """Return the second derivatives of the run, eV/Å2; None where the file beside is none, or of another run."""
    path = file.path.parent / "hessian"
    size = 3 * len(masses)
    if not path.is_file() or path.stat().st_size > _WIDEST * size**2 + 1000:
        return None, []
    try:
        words = bytes(open_bytes(path).data[:]).split()
        values = np.array(words[1:], dtype=np.float64)
    except (ValueError, PerovchemError):
        return None, []
    if words[0] != b"$hessian" or len(values) != size * size or not (np.abs(values) < _LARGEST).all():
        return None, []
    hessian = values.reshape(size, size)
    hessian = 0.5 * (hessian + hessian.T) * (HARTREE / BOHR**2)
    roots = np.linalg.eigvalsh(hessian / np.sqrt(np.outer(np.repeat(masses, 3), np.repeat(masses, 3))))
    own = np.sort(np.sign(roots) * np.sqrt(np.abs(roots)) * WAVENUMBER_OF_HESSIAN)
    vibrating = np.abs(wavenumbers) > 100.0
    there = np.sort(wavenumbers[vibrating])
    nearest = np.abs(own[:, None] - there[None, :]).min(0) if len(there) else np.zeros(0)
    return (hessian, [path]) if (nearest < _AGREES).all() else (None, [])
