"""A calculation from a .castep, with the vibrations of the .phonon beside it or of its own table."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.errors import FormatError, InputError, MissingDataError
from perovchem.readers.castep import CastepLog, read_castep_log
from perovchem.readers.castep_frames import open_castep_frames
from perovchem.readers.castep_frames_index import Step, index_castep
from perovchem.readers.castep_level import castep_level, spin_of
from perovchem.readers.castep_phonon import Phonons, is_mesh, read_phonon
from perovchem.readers.clock import PACKED, plain_name
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.log_text import (
    find_all,
    last_line,
    last_of,
    next_line,
    refused,
    rows_from,
    to_mass,
    to_number,
)
from perovchem.readers.sniff import identify_calculation

WAVENUMBER_STEP: Final = 1e-6
_UNCONVERGED: Final = (
    b"SCF cycles performed but system has not reached the groundstate",
    b"electronic minimisation did not converge",
)
_GIVEN_UP: Final = re.compile(
    rb"Geometry optimization (?:failed|has not converged|did not converge)[^\n]{0,80}", re.IGNORECASE
)
_SAME_PLACE: Final = 0.02
"""Å; a .phonon and the log beside it are of one structure where no atom is farther off."""
_Q: Final = re.compile(
    rb"\+[ \t]+q-pt=[ \t]*\d+[ \t]*\([ \t]*([-\d.]+)[ \t]+([-\d.]+)[ \t]+([-\d.]+)\)[ \t]+([\d.]+)"
)
_ROW: Final = re.compile(rb"[ \t]*\+[ \t]+(\d{1,6})[ \t]+(-?[\d.]+)[ \t]")


def read_castep_calculation(file: FileBytes, kind: str) -> tuple[Calculation, list[Path]]:
    """Read the calculation of one species from a .castep, or from a .phonon with its .castep beside it.

    Parameters
    ----------
    file : FileBytes
    kind : {"CASTEP .castep", "CASTEP .phonon"}

    Returns
    -------
    Calculation
        ``periodicity`` is "crystal" throughout; the front door tells molecules by their gaps.
    list of Path
        The files that were read.

    Raises
    ------
    FormatError
        If the run did not finish or converge, is molecular dynamics, or the two files do not fit together.
    MissingDataError
        If frequencies come without an energy.
    """
    phonon_file: FileBytes | None = None
    if kind == "CASTEP .phonon":
        log_path = _beside(file.path, ".phonon", ".castep")
        if log_path is None:
            raise MissingDataError(
                "frequencies without an energy: a .phonon holds none, and its .castep is not beside it",
                where=str(file.path),
                fix="put SEED.castep of the same structure into the folder",
            )
        log_file, phonon_file = open_bytes(log_path), file
        if identify_calculation(log_file) != "CASTEP .castep":
            raise InputError("this is no log of CASTEP", where=str(log_path), fix="put the run's log there")
    else:
        log_file = file
        phonon_path = _beside(file.path, ".castep", ".phonon")
        phonon_file = open_bytes(phonon_path) if phonon_path else None
    found = _read_log(log_file)
    if phonon_file is None:
        return found, [log_file.path]
    return _joined(found, read_phonon(phonon_file), phonon_file), [log_file.path, phonon_file.path]


def _beside(path: Path, suffix: str, wanted: str) -> Path | None:
    """Return the file of the same seed with another ending, packed or not."""
    seed = plain_name(path).removesuffix(suffix)
    found = (path.parent / f"{seed}{wanted}{packed}" for packed in PACKED)
    return next((one for one in found if one.is_file()), None)


def _read_log(file: FileBytes) -> Calculation:
    """Read energy, structure and level, and frequencies where the log prints them."""
    log = read_castep_log(file)
    if log.task.startswith("molecular dynamics"):
        raise FormatError(
            "the run is molecular dynamics, and its energies belong to no geometry at rest",
            where=str(file.path),
            fix="give a single point, a geometry optimization or a phonon calculation",
        )
    if not log.complete:
        raise FormatError(
            f"CASTEP did not finish this run (no 'Total time'): it ends with line "
            f"{file.line_number(len(file) - 1)}: {last_line(file)!r}",
            where=str(file.path),
            fix="run it to its end, or give the file of a run that finished",
        )
    begin = last_of(file, b"CASTEP version")
    source = open_castep_frames(file)
    number, step = _step(file, begin)
    _check(file, log, step, begin)
    if number >= source.n_frames:
        raise FormatError("the last geometry cannot be read", where=str(file.path), fix="restore the file")
    frame = np.array([number])
    cell = np.array(source.cells(frame)[0])
    energy = float(source.scalars().get("energy", np.full(source.n_frames, math.nan))[number])
    if not math.isfinite(energy):
        place = last_of(file, b"Final energy", begin)
        raise refused(file, max(place, 0), "the energy cannot be read", "restore the file")
    positions = source.coordinates(frame, None)[0] @ cell
    charge, multiplicity, notes = spin_of(file, begin)
    if math.isfinite(step.dispersed) and math.isfinite(step.basis):
        notes.append(
            "the correction for the finite basis set is not in the energy, the dispersion correction is"
        )
    return Calculation(
        species=source.species,
        positions=positions,
        energy=energy,
        energy_unit="eV",
        energy_label=_label(step),
        level=castep_level(file, begin, log.version),
        periodicity="crystal",
        cell=cell,
        charge=charge,
        multiplicity=multiplicity,
        vibrations=_own_vibrations(file, begin, source.species),
        notes=(*log.notes, *notes),
    )


def _step(file: FileBytes, begin: int) -> tuple[int, Step]:
    """Return the number and the step whose energy counts: the last accepted one, else the last."""
    index = index_castep(file)
    last = len(index.runs) - 1
    steps = [
        (k, step) for k, step in enumerate(index.steps) if step.run == last and math.isfinite(step.final)
    ]
    if not steps:
        raise FormatError(
            "no 'Final energy' in the last run of this log",
            where=file.where(begin),
            fix="give a run that has one",
        )
    accepted = [pair for pair in steps if pair[1].accepted]
    return (accepted or steps)[-1]


def _check(file: FileBytes, log: CastepLog, step: Step, begin: int) -> None:
    """Refuse what did not converge."""
    if not step.converged:
        place = max(last_of(file, words, begin) for words in _UNCONVERGED)
        fix = "raise max_scf_cycles, or smear the occupancies, and run it again"
        raise refused(file, max(place, begin), "the electrons did not converge", fix)
    if log.task.startswith("geometry optim") and last_of(file, b"completed successfully", begin) < 0:
        failed = _GIVEN_UP.search(file.data, begin)
        place = failed.start() if failed else last_of(file, b"finished iteration", begin)
        fix = "go on from the last geometry (continuation) until it converges"
        raise refused(file, max(place, begin), "the geometry optimization did not converge", fix)


def _label(step: Step) -> str:
    """Return the line that the energy was read from."""
    smeared = math.isfinite(step.free) and math.isfinite(step.zero)
    label = "NB est. 0K energy (E-0.5TS)" if smeared else "Final energy"
    if math.isfinite(step.dispersed):
        return f"{label}, with the dispersion correction"
    return f"{label}, corrected for the finite basis set" if math.isfinite(step.basis) else label


def _own_vibrations(file: FileBytes, begin: int, species: tuple[str, ...]) -> Vibrations | None:
    """Return the frequencies that the log itself prints; those without a direction of approach to Γ."""
    points: dict[tuple[float, ...], tuple[float, Floats]] = {}
    n_modes = 3 * len(species)
    for place in find_all(file, b"q-pt=", begin):
        row = file.data.rfind(b"\n", 0, place) + 1
        match = _Q.match(file.data, file.data.find(b"+", row))
        if match is None:
            continue
        wave = tuple(to_number(file, word, row, "a wavevector") for word in match.groups()[:3])
        values: list[float] = []
        directed = False
        for position, words in rows_from(file, next_line(file, place), most=n_modes + 40):
            directed |= b"q->0" in words
            line = _ROW.match(file.data, position)
            if line and int(line.group(1)) == len(values) + 1:
                values.append(to_number(file, line.group(2), position, "a frequency"))
            elif values or (len(words) > 1 and words[1].startswith(b"q-pt")):
                break
        if len(values) != n_modes:
            raise refused(file, place, f"{len(values)} of {n_modes} frequencies follow", "restore the log")
        if wave not in points or not directed:
            points.setdefault(wave, (to_number(file, match.group(4), row, "a weight"), np.array(values)))
    if not points:
        return None
    masses = _masses(file, begin, species)
    weights = np.array([weight for weight, _ in points.values()])
    if not is_mesh(np.array(list(points)), weights):
        raise _path_of_wavevectors(len(points), file)
    if not weights.sum() > 0:
        raise FormatError("wavevectors without weights", where=str(file.path), fix="restore the log")
    return Vibrations(
        wavenumbers=np.array([values for _, values in points.values()]),
        masses=masses,
        weights=weights / weights.sum(),
        wavevectors=np.array(list(points), np.float64),
        moved=tuple(range(len(species))),
        wavenumber_step=WAVENUMBER_STEP,
        source=_method(file, begin),
    )


def _masses(file: FileBytes, begin: int, species: tuple[str, ...]) -> Floats:
    """Return the masses that the log lists, u."""
    place = file.data.find(b"Mass of species in AMU", begin)
    known: dict[str, float] = {}
    if place >= 0:
        for position, words in rows_from(file, next_line(file, place), most=120):
            if len(words) != 2:
                break
            known[words[0].decode("latin-1").split(":")[0]] = to_mass(file, words[1], position)
    if not set(species) <= set(known):
        raise FormatError(
            "the masses of the ions are not listed", where=str(file.path), fix="give the whole log"
        )
    return np.array([known[symbol] for symbol in species])


def _method(file: FileBytes, begin: int) -> str:
    """Return how the phonons were computed."""
    found = re.compile(rb"phonon calculation method[ \t]*:[ \t]*([^\n]{1,40})").search(file.data, begin)
    return f"phonons of CASTEP ({found.group(1).decode('latin-1').strip()})" if found else "phonons of CASTEP"


def _path_of_wavevectors(number: int, file: FileBytes) -> FormatError:
    """Return the refusal of phonons that cannot be averaged."""
    return FormatError(
        f"the {number} wavevectors are a path or a list, and no mean over them is one over the zone",
        where=str(file.path),
        fix="compute the phonons on a grid (phonon_fine_kpoint_mp_grid), or at Γ",
    )


def _joined(found: Calculation, phonons: Phonons, file: FileBytes) -> Calculation:
    """Return a calculation with the vibrations of a .phonon, whose structure must be the same."""
    cell = found.cell
    if cell is None or phonons.species != found.species:
        # CASTEP orders both by element; what differs is of another run
        raise FormatError(
            "the .phonon and the .castep beside it are of different atoms",
            where=str(file.path),
            fix="put the files of one structure beside each other",
        )

    away = phonons.fractional - found.positions @ np.linalg.inv(cell)
    far = np.linalg.norm((away - np.rint(away)) @ cell, axis=1).max()
    if far > _SAME_PLACE or np.abs(phonons.cell - cell).max() > _SAME_PLACE:
        raise FormatError(
            f"the structures of the .phonon and of the .castep beside it differ by {far:.3f} Å",
            where=str(file.path),
            fix="compute energy and phonons of one structure",
        )
    if not phonons.is_mesh:
        raise _path_of_wavevectors(len(phonons.weights), file)
    total = float(phonons.weights.sum())
    if not total > 0 or (phonons.weights < 0).any():
        raise FormatError(
            "weights of wavevectors should be positive", where=str(file.path), fix="restore the file"
        )
    notes = list(phonons.notes)
    if abs(total - 1) > 1e-4:
        notes.append(f"the weights of the wavevectors add up to {total:g} and were divided by it")
    source = found.vibrations.source if found.vibrations else "phonons of CASTEP"
    return replace(
        found,
        vibrations=Vibrations(
            wavenumbers=phonons.wavenumbers,
            masses=phonons.masses,
            weights=phonons.weights / total,
            wavevectors=phonons.wavevectors,
            displacements=phonons.eigenvectors,
            moved=tuple(range(len(found.species))),
            wavenumber_step=WAVENUMBER_STEP,
            source=f"{source}, {file.path.name}",
        ),
        notes=(*found.notes, *notes),
    )
