"""A calculation from an OUTCAR: energy, structure, level of theory, vibrations."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from itertools import islice
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.incar import number
from perovchem.readers.log_text import find_all, last_line, last_of, line_at, next_line, quoted, refused
from perovchem.readers.numbers import read_rows
from perovchem.readers.outcar import OutcarLog, read_outcar_log
from perovchem.readers.vasp_checks import (
    VIBRATIONS,
    VaspRun,
    charge_of,
    incar_beside,
    judge,
    multiplicity_of,
    tell_forces,
)
from perovchem.readers.vasp_level import LEVEL_KEYS, VaspSetup, vasp_level
from perovchem.readers.vasp_vibrations import read_outcar_vibrations

_HEAD: Final = 64 << 20
_FARTHEST: Final = 1e6
_SETTING: Final = re.compile(rb"(?<![^\s;])(%b)\s*+=\s*+([^\s;]++)" % "|".join(LEVEL_KEYS).encode())
_TITLE: Final = re.compile(rb"\n[ \t]*TITEL[ \t]*=[ \t]*([^\n]{1,80})")
_MADE_WITH: Final = re.compile(rb"\n[ \t]*LEXCH[ \t]*=[ \t]*([A-Z][A-Z]|91)[ \t\r]*\n")
_VALENCE: Final = re.compile(
    rb"POMASS[ \t]*=[ \t]*(\d{1,6}\.\d{0,9});[ \t]*ZVAL[ \t]*=[ \t]*(\d{1,6}\.\d{0,9})"
)
_KINDS: Final = re.compile(rb"ions per type\s*=((?:[ \t]+\d{1,9})+)\s*\n")
_MASSES: Final = re.compile(rb"Mass of Ions in am\s*\n\s*POMASS\s*=((?:[ \t]*\d{1,4}\.\d\d)+)[ \t\r]*\n")
_LDAU: Final = re.compile(rb"(LDAU[LUJ])[ \t]*=((?:[ \t]+-?\d{1,6}(?:\.\d{0,9})?)+)")
_MESH: Final = re.compile(rb"generate k-points for:[ \t]*(\d+)[ \t]+(\d+)[ \t]+(\d+)")
_N_K: Final = re.compile(rb"NKPTS\s*=\s*(\d{1,9})")
_MAGNETIZATION: Final = re.compile(rb"number of electron[ \t]+[-\d.]+[ \t]+magnetization[ \t]+([-\d.]+)")
_SOLVATION: Final = re.compile(rb"Ediel_sol[ \t]*=[ \t]*(-?\d{1,9}\.\d{0,12})")


def read_outcar_calculation(file: FileBytes) -> Calculation:
    """Read the calculation of one species from an OUTCAR.

    Parameters
    ----------
    file : FileBytes

    Returns
    -------
    Calculation
        ``periodicity`` is "crystal" throughout; the front door tells molecules by their gaps.

    Raises
    ------
    FormatError
        If the run is unfinished, not converged, molecular dynamics, or its tables do not fit together.
    """
    log = read_outcar_log(file)
    if not log.n_atoms or not log.species:
        raise FormatError(
            f"the run ended before it said which atoms it has: {last_line(file)!r}",
            where=str(file.path),
            fix="give the OUTCAR of a run that finished",
        )
    starts = list(islice(find_all(file, b"Startparameter for this run"), 2))
    if len(starts) > 1:
        raise refused(
            file, starts[1], "several runs one after the other", "split the log, and give one of them"
        )
    setup = _setup(file, log)
    run = _run(file, log, setup)
    notes = judge(run)
    step = run.chosen_step
    head_end = _head_end(file)
    cell = log.cells[step]
    if not np.isfinite(cell).all():
        if log.initial_cell is None:
            raise FormatError("no lattice vectors", where=str(file.path), fix="restore the file")
        cell = log.initial_cell
    still = run.ibrion in VIBRATIONS or log.n_steps == 1
    positions = _positions(file, log.n_atoms, head_end, first=still)
    vibrations = None
    if run.ibrion in VIBRATIONS:
        masses = _masses(file, setup, head_end)
        vibrations, told = read_outcar_vibrations(file, run, masses)
        notes += told + tell_forces(_first_forces(file, log.n_atoms))
    charge, told = charge_of(setup, str(file.path))
    notes += told
    electrons = number(setup.settings, "NELECT")
    multiplicity, told = multiplicity_of(
        setup, _magnetization(file, step), math.nan if electrons is None else electrons
    )
    return Calculation(
        species=log.species,
        positions=positions,
        energy=float(run.energies[step]),
        energy_unit="eV",
        energy_label="energy(sigma->0)"
        + (" of the undisplaced first step" if run.ibrion in VIBRATIONS else ""),
        level=vasp_level(setup),
        periodicity="crystal",
        cell=cell,
        charge=charge,
        multiplicity=multiplicity,
        vibrations=vibrations,
        notes=(*log.notes, *notes, *told),
    )


def _head_end(file: FileBytes) -> int:
    """Return where the first ionic step begins."""
    found = file.data.find(b"Iteration      1(", 0, _HEAD)
    return found if found >= 0 else min(len(file), _HEAD)


def _setup(file: FileBytes, log: OutcarLog) -> VaspSetup:
    """Return what the head says of the level of theory."""
    end = _head_end(file)
    arrays = max(file.data.find(b"Dimension of arrays:", 0, end), 0)
    start = max(file.data.find(b"Startparameter for this run", arrays, end), 0)
    settings: dict[str, str] = {}
    body = bytes(file.data[start : min(end, start + 32768)])
    echo = file.data.find(b"INCAR:", 0, 8192)
    stop = file.data.find(b"POTCAR:", echo, echo + 16384) if echo >= 0 else -1
    for text in (body, bytes(file.data[echo:stop]) if stop >= 0 else b""):
        for match in _SETTING.finditer(text):
            settings.setdefault(match.group(1).decode(), match.group(2).decode("latin-1"))
    if "IVDW" not in settings:  # earlier versions do not print it
        settings |= incar_beside(file.path, ("IVDW", "LVDW", "LSOL", "EB_K"))
    potentials = bytes(file.data[: arrays or end])
    kinds = _KINDS.search(bytes(file.data[arrays : arrays + 8192]))
    counts = tuple(int(word) for word in kinds.group(1).split()) if kinds else ()
    edges = np.cumsum((0, *counts))[:-1]
    titles = [match.group(1).decode("latin-1").strip() for match in _TITLE.finditer(potentials)]
    valences = [float(match.group(2)) for match in _VALENCE.finditer(potentials)]
    hubbard = {
        match.group(1).decode(): tuple(float(word) for word in match.group(2).split())
        for match in _LDAU.finditer(body)
    }
    solvation = last_of(file, b"Ediel_sol")
    seen = _SOLVATION.match(file.data, solvation) if solvation >= 0 else None
    return VaspSetup(
        settings=settings,
        elements=tuple(log.species[int(edge)] for edge in edges if edge < len(log.species)),
        counts=counts,
        titles=tuple(titles[: len(counts)]),
        valences=tuple(valences[: len(counts)]),
        exchange=tuple(match.group(1).decode() for match in _MADE_WITH.finditer(potentials)),
        hubbard=hubbard,
        version=log.version,
        k_mesh=_mesh(file, end),
        dispersion_seen=file.data.find(b"Edisp (eV)", 0, _HEAD) >= 0,
        solvation_seen=seen is not None and float(seen.group(1)) != 0,
    )


def _mesh(file: FileBytes, end: int) -> str:
    """Return the k mesh, or how many k-points there are."""
    found = _MESH.search(file.data, 0, end)
    if found:
        return " × ".join(word.decode() for word in found.groups())
    count = _N_K.search(file.data, 0, end)
    if not count:
        return ""
    return "1 k-point" if int(count.group(1)) == 1 else f"{int(count.group(1))} k-points"


def _run(file: FileBytes, log: OutcarLog, setup: VaspSetup) -> VaspRun:
    """Return the course of the run."""
    settings = {**setup.settings, **log.settings}
    lines: dict[int, str] = {}
    loops = list(find_all(file, b" Iteration "))
    energies = list(find_all(file, b"FREE ENERGIE OF"))[: log.n_steps]
    shown_steps = {*np.flatnonzero(log.converged == 0)[:1].tolist(), 0, log.n_steps - 1}
    for step in shown_steps & set(range(len(energies))):
        before = bisect_left(loops, energies[step])
        if before:
            place = loops[before - 1]
            lines[step] = f"line {file.line_number(place)}: {line_at(file, place).strip('- ')!r}"
    end = max(0, len(file) - 4000) + len(bytes(file.data[max(0, len(file) - 4000) :]).rstrip()) - 1
    shown = f"line {file.line_number(max(0, end))}: {last_line(file)!r}"
    if log.stopped:
        stop = last_of(file, b"stop encountered")
        shown = f"{shown} after {quoted(file, stop)}" if stop >= 0 else shown
    return VaspRun(
        name=str(file.path),
        settings=settings,
        energies=log.energy,
        converged=log.converged,
        step_lines=lines,
        finished=log.complete and not log.stopped,
        end=shown,
        accuracy_reached=file.data.find(b"reached required accuracy") >= 0,
    )


def _positions(file: FileBytes, n_atoms: int, end: int, *, first: bool) -> Floats:
    """Return positions, Å: those the run began with (eight digits), or those of its last step (five)."""
    words = b"position of ions in cartesian coordinates  (Angst):"
    start, skip = (
        (file.data.find(words, 0, end), 1) if first else (last_of(file, b"TOTAL-FORCE (eV/Angst)"), 2)
    )
    if start < 0 and first:
        start, skip = file.data.find(b"TOTAL-FORCE (eV/Angst)"), 2
    if start < 0:
        raise FormatError("no positions", where=str(file.path), fix="restore the file")
    row = next_line(file, start, skip)
    starts = np.empty(n_atoms, np.int64)
    for k in range(n_atoms):
        starts[k] = row
        row = next_line(file, row)
    return read_rows(file, starts, len(file), columns=3, what="position", largest=_FARTHEST)


def _first_forces(file: FileBytes, n_atoms: int) -> Floats:
    """Return the forces on the undisplaced structure, eV/Å; NaN where they cannot be read."""
    row = file.data.find(b"TOTAL-FORCE (eV/Angst)")
    starts = np.empty(n_atoms, np.int64)
    row = next_line(file, row, 2) if row >= 0 else len(file)
    for k in range(n_atoms):
        starts[k] = row
        row = next_line(file, row)
    try:
        return read_rows(file, starts, len(file), columns=3, skip=3, what="force", largest=_FARTHEST)
    except FormatError:
        return np.full((n_atoms, 3), math.nan)


def _masses(file: FileBytes, setup: VaspSetup, end: int) -> Floats:
    """Return the mass of each atom, u: of the potentials (three digits), unless the INCAR says otherwise."""
    printed = _MASSES.search(file.data, 0, end)
    fine = [float(match.group(1)) for match in _VALENCE.finditer(file.data, 0, end)][: len(setup.counts)]
    coarse = [float(word) for word in re.findall(rb"\d+\.\d\d", printed.group(1))] if printed else fine
    if len(coarse) != len(setup.counts):
        coarse = fine
    if not setup.counts or len(coarse) != len(setup.counts):
        raise FormatError("no masses of the ions", where=str(file.path), fix="restore the head of the file")
    used = (
        [f if abs(f - c) <= 0.0051 else c for f, c in zip(fine, coarse, strict=True)]
        if len(fine) == len(coarse)
        else coarse
    )
    return np.repeat(np.array(used, np.float64), setup.counts)


def _magnetization(file: FileBytes, step: int) -> float:
    """Return the last magnetization printed before the energy of an ionic step; NaN for none."""
    places = list(find_all(file, b"FREE ENERGIE OF"))
    end = places[step] if step < len(places) else len(file)
    found = last_of(file, b"number of electron", 0, end)
    match = _MAGNETIZATION.match(file.data, found) if found >= 0 else None
    try:
        return float(match.group(1)) if match else math.nan
    except ValueError:
        return math.nan
