"""A calculation from a vasprun.xml: energy, structure, level of theory, vibrations."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import FARTHEST, HEAVIEST, Calculation, Vibrations
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.incar import number
from perovchem.readers.log_text import find_all, last_line, refused, to_number
from perovchem.readers.vasp_checks import (
    FINISH,
    VIBRATIONS,
    VaspRun,
    charge_of,
    judge,
    multiplicity_of,
    tell_forces,
)
from perovchem.readers.vasp_level import LEVEL_KEYS, VaspSetup, vasp_level
from perovchem.readers.vasp_vibrations import WAVENUMBER_STEP, describe
from perovchem.readers.vasprun import VasprunSource
from perovchem.readers.vasprun_head import check_head
from perovchem.units import TERAHERTZ_WAVENUMBER, WAVENUMBER_OF_HESSIAN

_SETTING: Final = re.compile(
    rb'<([iv])\b[^<>]{0,80}?\bname="([A-Za-z0-9_]{1,40})"[^<>]{0,80}>([^<]{0,4000})</\1>'
)
_KIND: Final = re.compile(rb"<rc>((?:\s*<c>[^<]{0,200}</c>){5})\s*</rc>")
_CELL: Final = re.compile(rb"<c>([^<]*)</c>")
_ROW: Final = re.compile(rb"<v>([^<]*)</v>")
_DIVISIONS: Final = re.compile(rb'<v type="int" name="divisions">\s*(\d+)\s+(\d+)\s+(\d+)\s*</v>')
_UNIT: Final = re.compile(rb'<i name="unit"[^<>]{0,40}>\s*([^<]{1,20}?)\s*</i>')
_SPIN: Final = re.compile(rb'<set comment="spin ?([12])">')
_LEVELS: Final = re.compile(rb"<r>\s*[-\d.Ee+*]+\s+([-\d.Ee+]+)\s*</r>")
_LARGEST: Final = 1e12
_MOST_MODES: Final = 30_000


def read_vasprun_calculation(file: FileBytes) -> Calculation:
    """Read the calculation of one species from a vasprun.xml.

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
    head = check_head(file)
    source = VasprunSource(file)
    setup = _setup(file, head, source.species, source.metadata.version)
    scalars = source.scalars()
    unknown = np.full(source.n_frames, math.nan)
    ends = find_all(file, b"</calculation>", head)
    steps = {
        k: f"it ends in line {file.line_number(end)}"
        for k, end in zip(range(source.n_frames), ends, strict=False)
    }
    settings = {**source.metadata.settings, **setup.settings}
    run = VaspRun(
        name=str(file.path),
        settings=settings,
        energies=scalars.get("energy", unknown),
        converged=scalars.get("converged", unknown),
        step_lines=steps,
        finished=source.complete,
        end=f"line {file.line_number(len(file) - 1)}: {last_line(file)!r}",
        accuracy_reached=_at_rest(source, settings, scalars),
    )
    if not source.complete and source.notes:
        raise FormatError(
            f"VASP did not finish this run: {source.notes[0]}", where=str(file.path), fix=FINISH
        )
    notes = judge(run)
    step = run.chosen_step
    frame = np.array([step])
    cell = np.array(source.cells(frame)[0])
    fractional = source.coordinates(frame, None)[0]
    if not (np.abs(cell) < FARTHEST).all() or not (np.abs(fractional) < FARTHEST).all():
        raise FormatError("a structure of absurd size", where=str(file.path), fix="restore the file")
    vibrations = None
    if run.ibrion in VIBRATIONS:
        vibrations, told = _vibrations(file, run, _masses(file, head))
        notes += told
        if "forces" in source.arrays:
            notes += tell_forces(source.array("forces", frame, None)[0])
    charge, told = charge_of(setup, str(file.path))
    notes += told
    electrons = number(settings, "NELECT")
    multiplicity, told = multiplicity_of(
        setup, _magnetization(file, head), math.nan if electrons is None else electrons
    )
    quiet = [note for note in source.notes if "displaced structures" not in note]
    return Calculation(
        species=source.species,
        positions=fractional @ cell,
        energy=float(run.energies[step]),
        energy_unit="eV",
        energy_label="e_0_energy" + (" of the undisplaced first step" if run.ibrion in VIBRATIONS else ""),
        level=vasp_level(setup),
        periodicity="crystal",
        cell=cell,
        charge=charge,
        multiplicity=multiplicity,
        vibrations=vibrations,
        notes=(*quiet, *notes, *told),
    )


def _setup(file: FileBytes, head: int, species: tuple[str, ...], version: str) -> VaspSetup:
    """Return what the head says of the level of theory; <parameters> before <incar>, but lists of +U as given."""
    settings: dict[str, str] = {}
    hubbard: dict[str, tuple[float, ...]] = {}
    for tag in (b"<parameters>", b"<incar>"):
        first = file.data.find(tag, 0, head)
        last = file.data.find(tag.replace(b"<", b"</"), max(first, 0), head)
        for match in _SETTING.finditer(file.data, first, last) if 0 <= first < last else ():
            name, value = match.group(2).decode(), " ".join(match.group(3).decode("latin-1").split())
            if name in ("LDAUL", "LDAUU", "LDAUJ"):
                values = [_float(word) for word in value.split()[:200]]
                if len(values) > len(hubbard.get(name, ())):
                    hubbard[name] = tuple(values)
            elif name in LEVEL_KEYS:
                settings.setdefault(name, value)
    rows = _kinds(file, head)
    mesh = _DIVISIONS.search(file.data, 0, head)
    return VaspSetup(
        settings=settings,
        elements=tuple(
            species[edge] for edge in np.cumsum([0, *[row[0] for row in rows]])[:-1] if edge < len(species)
        ),
        counts=tuple(row[0] for row in rows),
        titles=tuple(row[3] for row in rows),
        valences=tuple(row[2] for row in rows),
        hubbard=hubbard,
        version=version,
        k_mesh=" × ".join(word.decode() for word in mesh.groups()) if mesh else "",
    )


def _float(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _kinds(file: FileBytes, head: int) -> list[tuple[int, float, float, str]]:
    """Return number of atoms, mass, valence and title of each kind of atom."""
    start = file.data.find(b'<array name="atomtypes"', 0, head)
    out = []
    for match in _KIND.finditer(file.data, max(start, 0), head):
        cells = [cell.decode("latin-1").strip() for cell in _CELL.findall(match.group(1))]
        mass, valence = _float(cells[2]), _float(cells[3])
        if (
            not cells[0].isdigit()
            or len(cells[0]) > 9
            or not 0 < mass < HEAVIEST
            or not 0 <= valence < HEAVIEST
        ):
            raise refused(file, match.start(), "this should be a kind of atom", "restore <atominfo>")
        out.append((int(cells[0]), mass, valence, " ".join(cells[4].split())))
    return out


def _masses(file: FileBytes, head: int) -> Floats:
    """Return the mass of each atom, u."""
    rows = _kinds(file, head)
    return np.repeat(np.array([row[1] for row in rows]), [row[0] for row in rows])


def _at_rest(source: VasprunSource, settings: Mapping[str, str], scalars: Mapping[str, Floats]) -> bool:
    """Return whether a relaxation ended by EDIFFG: the file does not say so, its forces or energies do."""
    limit = number(settings, "EDIFFG")
    n_steps = number(settings, "NSW") or 0
    if not n_steps:
        return False
    if source.n_frames < n_steps and (limit is None or "forces" not in source.arrays):
        return True  # VASP stops before NSW steps for nothing else but a STOPCAR
    if limit is None:
        return False
    if limit >= 0:
        free = scalars.get("free_energy", np.zeros(0))
        return len(free) > 1 and abs(free[-1] - free[-2]) < (limit or math.inf)
    if "forces" not in source.arrays:
        return False
    forces = source.array("forces", np.array([source.n_frames - 1]), None)[0]
    largest = np.linalg.norm(np.where(_free(source, forces.shape), forces, 0.0), axis=1).max()
    return bool(largest <= 1.001 * abs(limit))


def _free(source: VasprunSource, shape: tuple[int, ...]) -> Floats:
    """Return which coordinates may move (selective dynamics), all of them where nothing is said."""
    data = source._file.data
    start = data.find(b'<varray name="selective"')
    stop = data.find(b"</varray>", start) if start >= 0 else -1
    free = np.ones(shape)
    if stop < 0:
        return free
    rows = _ROW.findall(data[start:stop])
    if len(rows) == shape[0]:
        for k, row in enumerate(rows):
            words = row.split()
            if len(words) == 3:
                free[k] = [word == b"T" for word in words]
    return free


def _vibrations(file: FileBytes, run: VaspRun, masses: Floats) -> tuple[Vibrations, list[str]]:
    """Return the modes of <dynmat>: THz2 in VASP 6, eV/(Å2 u) before."""
    start = file.data.rfind(b"<dynmat>")
    stop = file.data.find(b"</dynmat>", max(start, 0))
    if start < 0 or stop < 0:
        raise FormatError(
            f"a run with IBRION = {run.ibrion} without <dynmat>",
            where=str(file.path),
            fix="let the run finish all its displacements, or give its OUTCAR",
        )
    unit = _UNIT.search(file.data, start, stop)
    said = unit.group(1) if unit else b""
    if said not in (b"", b"THz^2"):
        raise refused(file, unit.start() if unit else start, "an unknown unit", "give the OUTCAR of the run")
    n_atoms = len(masses)
    line = re.compile(rb'<v name="eigenvalues">([^<]*)</v>').search(file.data, start, stop)
    if line is None:
        raise refused(file, start, "<dynmat> without eigenvalues", "give the OUTCAR of the run")
    words = line.group(1).split()
    if not 0 < len(words) <= min(3 * n_atoms, _MOST_MODES):
        raise refused(
            file, line.start(), f"{len(words)} modes of {n_atoms} atoms", "give the OUTCAR of the run"
        )
    values = np.array([to_number(file, word, line.start(), "an eigenvalue") for word in words])
    roots = np.sign(-values) * np.sqrt(np.abs(values))
    terahertz = said == b"THz^2"
    wavenumbers = roots * (TERAHERTZ_WAVENUMBER if terahertz else WAVENUMBER_OF_HESSIAN)
    notes = []
    size = len(values)
    table = _square(file, start, stop, b"hessian", size)
    vectors = _square(file, start, stop, b"eigenvectors", size)
    hessian = displacements = None
    moved = tuple(range(n_atoms))
    if size == 3 * n_atoms:
        weights = np.repeat(np.sqrt(masses), 3)
        factor = (TERAHERTZ_WAVENUMBER / WAVENUMBER_OF_HESSIAN) ** 2 if terahertz else 1.0
        hessian = -0.5 * factor * (table + table.T) * weights * weights[:, None]
        displacements = vectors.reshape(size, n_atoms, 3)
    else:
        notes.append(f"selective dynamics: {size} of {3 * n_atoms} coordinates were displaced")
        moved = _moved(file, n_atoms, size)
    return (
        Vibrations(
            wavenumbers=wavenumbers[None, :],
            masses=masses,
            displacements=displacements,
            hessian=hessian,
            moved=moved,
            wavenumber_step=WAVENUMBER_STEP,
            source=describe(run),
        ),
        notes,
    )


def _moved(file: FileBytes, n_atoms: int, size: int) -> tuple[int, ...]:
    """Return the atoms that selective dynamics leaves free."""
    start = file.data.find(b'<varray name="selective"')
    stop = file.data.find(b"</varray>", start) if start >= 0 else -1
    rows = _ROW.findall(file.data[start:stop]) if stop >= 0 else []
    free = [row.split().count(b"T") for row in rows]
    if len(free) != n_atoms or sum(free) != size:
        raise FormatError(
            f"{size} modes of {n_atoms} atoms, and it is not said which of them moved",
            where=str(file.path),
            fix="give the OUTCAR of the run",
        )
    return tuple(k for k, count in enumerate(free) if count)


def _square(file: FileBytes, start: int, stop: int, name: bytes, size: int) -> Floats:
    """Return a square table of <dynmat>."""
    first = file.data.find(b'<varray name="' + name, start, stop)
    last = file.data.find(b"</varray>", max(first, 0), stop)
    if first < 0 or last < 0:
        raise refused(file, start, f"<dynmat> without {name.decode()}", "give the OUTCAR of the run")
    rows = [match.group(1).split() for match in _ROW.finditer(file.data, first, last)]
    if len(rows) != size or any(len(row) != size for row in rows):
        raise refused(
            file, first, f"{name.decode()} should be {size} × {size} numbers", "give the OUTCAR of the run"
        )
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise refused(
            file, first, f"{name.decode()} holds what is no number", "give the OUTCAR of the run"
        ) from None
    if not (np.abs(table) < _LARGEST).all():
        raise refused(
            file, first, f"{name.decode()} holds what is no finite number", "give the OUTCAR of the run"
        )
    return table


def _magnetization(file: FileBytes, head: int) -> float:
    """Return the difference of the electrons of the two spins, from the last occupations; NaN for none."""
    start = file.data.rfind(b"<eigenvalues>", head)
    stop = file.data.find(b"</eigenvalues>", start) if start >= 0 else -1
    weights = file.data.find(b'<varray name="weights"', 0, head)
    end = file.data.find(b"</varray>", max(weights, 0))
    spins = list(_SPIN.finditer(file.data, start, stop)) if stop >= 0 else []
    if len(spins) != 2 or weights < 0:
        return math.nan
    per_point = np.array([_float(row.decode("latin-1")) for row in _ROW.findall(file.data[weights:end])])
    totals = []
    for match, limit in zip(spins, (spins[1].start(), stop), strict=True):
        found = [_float(one.group(1).decode()) for one in _LEVELS.finditer(file.data, match.end(), limit)]
        if not all(-_LARGEST < one < _LARGEST for one in (*found, *per_point)):
            return math.nan
        if not len(per_point) or not found or len(found) % len(per_point):
            return math.nan
        totals.append(float(np.array(found).reshape(len(per_point), -1).sum(1) @ per_point))
    return totals[0] - totals[1]
