"""A calculation from an output of ORCA: its last frequencies with their energy, or else its last energy."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.elements import table
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import (
    MOST_ATOMS,
    find_all,
    last_line,
    last_of,
    next_line,
    quoted,
    refused,
    rows_from,
    to_mass,
    to_number,
    to_numbers,
)
from perovchem.readers.orca_level import Setup, orca_level, read_input

WAVENUMBER_STEP: Final = 0.01
_ENERGY: Final = b"FINAL SINGLE POINT ENERGY"
_ENERGY_LINE: Final = re.compile(
    rb"FINAL SINGLE POINT ENERGY(?:[ \t]*\([^)\n]{0,60}\))?[ \t]+(\S{1,40})([^\n]{0,80})"
)
_FREQUENCIES: Final = b"\nVIBRATIONAL FREQUENCIES"
_MODES: Final = b"\nNORMAL MODES"
_NUMERICAL: Final = b"ORCA NUMERICAL FREQUENCIES"
_RELAXING: Final = (b"GEOMETRY OPTIMIZATION CYCLE", b"FINAL ENERGY EVALUATION AT THE STATIONARY POINT")
_COORDINATES: Final = b"CARTESIAN COORDINATES (ANGSTROEM)"
_NORMAL: Final = b"ORCA TERMINATED NORMALLY"
_ERROR: Final = re.compile(
    rb"SCF NOT CONVERGED|(?:SCF|Wavefunction) not fully converged|The optimization did not converge"
    rb"|ORCA finished by error termination|aborting the run|INPUT ERROR"
)
_VERSION: Final = re.compile(rb"Program Version[ \t]+(\d[\w.]{0,12})")
_JOB: Final = re.compile(rb"JOB NUMBER[ \t]+\d+")
_CHARGE: Final = re.compile(rb"Total Charge[ \t]+Charge[ \t]+\.{2,6}[ \t]*(-?\d{1,4})")
_SPIN: Final = re.compile(rb"Multiplicity[ \t]+Mult[ \t]+\.{2,6}[ \t]*(\d{1,3})")
_MODE: Final = re.compile(rb"[ \t]*(\d{1,6}):[ \t]+(\S{1,20})[ \t]+cm\*\*-1")
_SCALING: Final = re.compile(rb"Scaling factor for frequencies[ \t]*=[ \t]*([\d.]{1,20})")
_SIGMA: Final = re.compile(rb"Symmetry Number:[ \t]*(\d{1,3})")
_FIX: Final = "restore the output, or run the job again"


def read_orca(file: FileBytes) -> Calculation:
    """Read the calculation of one species from an output of ORCA 4, 5 or 6.

    Parameters
    ----------
    file : FileBytes

    Returns
    -------
    Calculation
        Energy in hartree, as printed: "FINAL SINGLE POINT ENERGY", which includes dispersion and solvation.

    Raises
    ------
    FormatError
        If the run did not end normally or converge, or its tables are not complete.
    """
    frequencies, told = _final_frequencies(file)
    notes = [*file.notes, *told]
    limit = frequencies if frequencies >= 0 else len(file)
    begin, end = _job_around(file, limit)
    numerical = file.data.find(_NUMERICAL, begin, limit)
    energy_at = last_of(file, _ENERGY, begin, numerical if numerical >= 0 else limit)
    _check(file, begin, end, energy_at)
    match = _ENERGY_LINE.match(file.data, energy_at)
    if match is None:
        raise refused(file, energy_at, "the energy cannot be read", _FIX)
    coordinates = last_of(file, _COORDINATES, begin, energy_at)
    if coordinates < 0:
        raise refused(file, energy_at, "no coordinates belong to this energy", "give the whole output")
    species, positions = _structure(file, coordinates)
    charge = last_match(_CHARGE, file, begin, energy_at)
    spin = last_match(_SPIN, file, begin, energy_at)
    if charge is None or spin is None:
        raise refused(
            file,
            energy_at,
            "the settings of the SCF do not say charge and multiplicity",
            "give the whole output",
        )
    setup = read_input(file, begin, end)
    _check_ground_state(file, setup, begin, energy_at)
    vibrations = None
    if frequencies >= 0:
        vibrations, told = _vibrations(file, frequencies, end, species, _masses(file, coordinates, species))
        notes += told
    elif setup.frequencies:
        vibrations = _of_an_atom(file, species, coordinates)
    later = last_of(file, _ENERGY)
    if later > limit:
        notes.append(f"an energy printed behind the frequencies is not used ({quoted(file, later)})")
    sigma = _SIGMA.search(file.data, max(frequencies, 0), end) if frequencies >= 0 else None
    version = _VERSION.search(file.data, 0, min(len(file), 1 << 18))
    return Calculation(
        species=species,
        positions=positions,
        energy=to_number(file, match.group(1), energy_at, "the energy"),
        energy_unit="hartree",
        energy_label="FINAL SINGLE POINT ENERGY",
        level=orca_level(file, begin, end, setup, version.group(1).decode() if version else ""),
        charge=int(charge.group(1)),
        multiplicity=int(spin.group(1)),
        vibrations=vibrations,
        symmetry_number=int(sigma.group(1)) if sigma else 0,
        notes=tuple(notes),
    )


def _final_frequencies(file: FileBytes) -> tuple[int, list[str]]:
    """Return where the last frequencies stand, -1 for none: those that an optimization began with do not count."""
    place = last_of(file, _FREQUENCIES)
    end = _job_around(file, place)[1]
    if place < 0 or all(file.data.find(words, place, end) < 0 for words in _RELAXING):
        return place, []
    return -1, [
        "frequencies printed in the course of the optimization are not used: they are of another structure"
    ]


def _check_ground_state(file: FileBytes, setup: Setup, begin: int, energy_at: int) -> None:
    """Refuse a scan, and what may be an excited state."""
    if (place := file.data.find(b"RELAXED SURFACE SCAN", begin, energy_at)) >= 0:
        raise refused(
            file, place, "the job is a scan, not one structure", "optimize the structure that is meant"
        )
    if excited := re.search(r"(?i)%(?:tddft|cis)\b", setup.text):
        raise FormatError(
            f"{excited.group(0)} in the input: the energy may be that of an excited state",
            where=str(file.path),
            fix="compute the ground state without it",
        )


def _of_an_atom(file: FileBytes, species: tuple[str, ...], coordinates: int) -> Vibrations:
    """Return the vibrations of a frequency job that prints none: those of an atom."""
    if len(species) > 1:
        raise FormatError(
            f"frequencies were asked for and are not there; the output ends with {last_line(file)!r}",
            where=str(file.path),
            fix="give the whole output of a run that finished",
        )
    masses = _masses(file, coordinates, species)
    return Vibrations(np.zeros((1, 0)), masses, projected=True, moved=(0,), source="one atom")


def last_match(pattern: re.Pattern[bytes], file: FileBytes, begin: int, end: int) -> re.Match[bytes] | None:
    """Return the last match between two bytes."""
    found = None
    for match in pattern.finditer(file.data, begin, end):
        found = match
    return found


def _job_around(file: FileBytes, place: int) -> tuple[int, int]:
    """Return the bytes of the job ($new_job) that holds ``place``."""
    edges = [match.start() for match in _JOB.finditer(file.data)]
    begin = max((edge for edge in edges if edge <= place), default=0)
    end = min((edge for edge in edges if edge > place), default=len(file))
    return (begin if edges and begin > edges[0] else 0), end


def _check(file: FileBytes, begin: int, end: int, energy_at: int) -> None:
    """Refuse what failed, was killed, or did not converge."""
    bad = last_match(_ERROR, file, begin, end)
    finished = last_of(file, _NORMAL) > energy_at
    if energy_at < 0 or not finished:
        if bad:
            fix = "mend what ORCA complains about, and run it again"
            raise refused(file, bad.start(), "the calculation failed", fix)
        what = "no FINAL SINGLE POINT ENERGY" if finished else "no 'ORCA TERMINATED NORMALLY'"
        raise FormatError(
            f"{what}; the output ends with line {file.line_number(len(file) - 1)}: {last_line(file)!r}",
            where=str(file.path),
            fix="run it to its end, or give the output of a run that finished",
        )
    coordinates = max(last_of(file, _COORDINATES, begin, energy_at), begin)
    for words in (b"SCF NOT CONVERGED", b"not fully converged"):
        place = last_of(file, words, coordinates, min(end, energy_at + 400))
        if place >= 0:
            raise refused(
                file, place, "the SCF did not converge", "use SlowConv or more iterations, and run it again"
            )
    cycle = last_of(file, b"GEOMETRY OPTIMIZATION CYCLE", begin, end)
    if cycle >= 0 and file.data.find(b"THE OPTIMIZATION HAS CONVERGED", begin, end) < 0:
        raise refused(
            file, cycle, "the optimization did not converge; its last cycle", "go on with the optimization"
        )


def _structure(file: FileBytes, place: int) -> tuple[tuple[str, ...], Floats]:
    """Return elements and positions, Å."""
    species: list[str] = []
    rows: list[list[float]] = []
    for position, words in rows_from(file, next_line(file, place, 2)):
        if not words:
            break
        symbol = words[0].decode("latin-1")  # a ghost atom has a colon, and is no atom of a species
        if len(words) != 4 or symbol not in table():
            raise refused(file, position, "this should be an atom and its coordinates", _FIX)
        species.append(symbol)
        rows.append([to_number(file, word, position, "a coordinate") for word in words[1:]])
    if not rows or len(rows) >= MOST_ATOMS:
        raise refused(file, place, "the table of coordinates is empty or endless", _FIX)
    return tuple(species), np.array(rows)


def _masses(file: FileBytes, coordinates: int, species: tuple[str, ...]) -> Floats:
    """Return the masses that ORCA lists beside the coordinates in bohr, u."""
    place = file.data.find(b"CARTESIAN COORDINATES (A.U.)", coordinates)
    if place < 0:
        return np.array([table()[symbol].mass for symbol in species])
    out = np.empty(len(species))
    for k, (position, words) in enumerate(rows_from(file, next_line(file, place, 3), most=len(species))):
        if len(words) != 8:
            raise refused(file, position, "this should be an atom with its mass", _FIX)
        out[k] = to_mass(file, words[4], position)
    return out


def _vibrations(
    file: FileBytes, place: int, end: int, species: tuple[str, ...], masses: Floats
) -> tuple[Vibrations, list[str]]:
    """Return the modes; those of translation and rotation, which ORCA prints as 0.00, are none."""
    n_atoms = len(species)
    modes_at = file.data.find(_MODES, place, end)
    stop = modes_at if modes_at >= 0 else min(end, place + 200 * (3 * n_atoms + 20))
    values: list[float] = []
    for position in find_all(file, b" cm**-1", place, stop):
        row = file.data.rfind(b"\n", 0, position) + 1
        match = _MODE.match(file.data, row)
        if match is None or int(match.group(1)) != len(values):
            raise refused(file, row, f"this should be mode {len(values)}", _FIX)
        values.append(to_number(file, match.group(2), row, "a wavenumber"))
    if len(values) != 3 * n_atoms:
        raise refused(file, place + 1, f"{len(values)} of {3 * n_atoms} modes are there", _FIX)
    wavenumbers = np.array(values)
    zeros = wavenumbers == 0.0
    expected = 3 if n_atoms == 1 else {5, 6}
    if zeros.sum() not in ({3} if n_atoms == 1 else {5, 6}):
        raise refused(file, place + 1, f"{zeros.sum()} modes are 0.00, and {expected} should be", _FIX)
    notes = []
    scaling = _SCALING.search(file.data, place, stop)
    if scaling and (factor := to_number(file, scaling.group(1), place, "the scaling")) not in (0.0, 1.0):
        wavenumbers = wavenumbers / factor
        notes.append(f"ORCA's scaling of frequencies by {factor:g} was undone")
    displacements = None
    if modes_at >= 0:
        vectors = _vectors(file, modes_at, end, n_atoms)
        weighted = vectors.reshape(3 * n_atoms, n_atoms, 3) * np.sqrt(masses)[None, :, None]
        norms = np.sqrt((weighted**2).sum((1, 2), keepdims=True))
        displacements = np.divide(weighted, norms, out=np.zeros_like(weighted), where=norms > 0)[~zeros]
    return (
        Vibrations(
            wavenumbers=wavenumbers[~zeros][None, :],
            masses=masses,
            displacements=displacements,
            projected=True,
            moved=tuple(range(n_atoms)),
            wavenumber_step=WAVENUMBER_STEP,
            source="harmonic frequencies of ORCA",
        ),
        notes,
    )


def _vectors(file: FileBytes, place: int, end: int, n_atoms: int) -> Floats:
    """Return the vectors, one row a mode, from blocks of several columns with labels above."""
    size = 3 * n_atoms
    out = np.full((size, size), np.nan)
    columns: list[int] = []
    done = 0
    for position, words in rows_from(file, next_line(file, place + 1), most=12 + size * (size + 6)):
        if position >= end or done == size * size:
            break
        whole = [word for word in words if word.isdigit() and len(word) < 7]
        if words and len(whole) == len(words) and (not columns or done % size == 0):
            columns = [int(word) for word in words]
            if max(columns) >= size:
                raise refused(file, position, f"there are {size} modes", _FIX)
        elif columns and len(words) == len(columns) + 1 and words[0].isdigit() and len(words[0]) < 7:
            if (row := int(words[0])) >= size:
                raise refused(file, position, f"there are {size} coordinates", _FIX)
            out[columns, row] = to_numbers(file, words[1:], position, "a displacement")
            done += len(columns)
    if np.isnan(out).any():
        raise refused(file, place + 1, "the table of modes is not complete", _FIX)
    return out
