"""Eigenvalues of a .castep, which prints them at higher verbosity only: the fallback where there is no .bands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import Bands
from perovchem.errors import FormatError, MissingDataError
from perovchem.readers.band_path import find_segments, is_grid
from perovchem.readers.castep_beside import last_run, read_beside, spin_of_log, structure_of_log
from perovchem.readers.castep_path import restored_rows, segments_between
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.path_labels import name_segments
from perovchem.result import Provenance

_KPOINT: Final = re.compile(
    rb"\bSpin=?\s*(\d), ?kpoint \([ \t]*+([^)\n]{1,60})\)[ \t]*+weight =\s*(\S{1,20})|"
    rb"\bSpin=\s*(\d)\s+kpt=[ \t]*+(\d{1,9})[ \t]*+\([ \t]*+([^)\n]{1,60})\)"
)
_ROW: Final = re.compile(rb"[ \t]*[|+][ \t]*(\d{1,7})[ \t|]+(\S{1,30})")
_ELECTRONS: Final = re.compile(rb"(?m)^ number of  (electrons|up  spins|down spins)\s*:\s*(\S{1,20})")
_SCF: Final = re.compile(rb"(?m)^[ \t]*+\d{1,9}((?:[ \t]++[^ \t\n]{1,40}+){4})[ \t]++<-- SCF")
_MOST_BYTES: Final = 256 << 20
_FIX: Final = "give the .bands of the run, which holds all of them"


@dataclass(slots=True)
class _Level:
    """The eigenvalues of one k-point and spin."""

    spin: int
    point: tuple[float, ...]
    weight: float
    line: int
    energies: list[float] = field(default_factory=list)


def read_castep_log_bands(file: FileBytes) -> Bands:
    """Read the eigenvalues that the last run of a .castep prints.

    Raises
    ------
    MissingDataError
        If it prints none, or only those near the Fermi energy.
    FormatError
        If the tables do not fit together, or hold something that is no number; with the line.
    """
    file.verify()
    where = str(file.path)
    if len(file) > _MOST_BYTES:
        raise MissingDataError("the log is too long to be searched for eigenvalues", where=where, fix=_FIX)
    levels = _levels(file)
    head = last_run(file)
    structure = structure_of_log(head, where)
    if structure is None:
        raise MissingDataError(
            "the log prints no lattice and atoms before its eigenvalues", where=where, fix=_FIX
        )
    spin = spin_of_log(head) or "none"
    n_spins = 2 if spin == "collinear" else 1
    points, weights, energies = _arranged(levels, n_spins, where)
    beside = read_beside(file.path, structure.cell)
    rows = restored_rows(points, weights) if np.isfinite(weights).all() else np.arange(len(points))
    cell = structure.cell
    reciprocal = np.asarray(2 * np.pi * np.linalg.inv(cell).T, np.float64)
    rounding = 1e-6 * float(np.linalg.norm(reciprocal, axis=1).max())
    segments = segments_between(beside.asked.corners, points[rows])
    if not segments and not is_grid(points):
        segments = find_segments(points[rows] @ reciprocal, rounding=rounding)
    rows = rows if segments else np.arange(len(points))
    named, told = name_segments(segments, points[rows], cell, structure=structure)
    return Bands(
        kpoints=points[rows],
        reciprocal_cell=reciprocal,
        energies=energies[:, rows],
        electrons=_electrons(head, n_spins, where),
        spin=spin,
        segments=named,
        weights=np.zeros(len(rows)) if named else weights,
        fermi_energy=_fermi(head),
        energy_step=1e-6,
        kpoint_step=1e-6,
        structure=structure,
        notes=(*file.notes, "the eigenvalues are those printed in the .castep, with six digits", *told),
        provenance=Provenance(input=where),
    )


def _levels(file: FileBytes) -> list[_Level]:
    """Return the last complete set of tables: one for each k-point and spin, each once."""
    levels: list[_Level] = []
    seen: set[tuple[int, tuple[float, ...]]] = set()
    for match in _KPOINT.finditer(file.data):
        spin = int(match[1] or match[4])
        place = file.line_number(match.start())
        where = f"{file.path}, line {place}"
        point = _three(match[2] or match[6], where)
        weight = float(_three(match[3], where, count=1)[0]) if match[3] else math.nan
        if (spin, point) in seen:  # printed again after another step of the run
            levels, seen = [], set()
        seen.add((spin, point))
        levels.append(_Level(spin, point, weight, place, _energies(file, match.end(), where)))
    if not levels:
        raise MissingDataError("the log prints no eigenvalues", where=str(file.path), fix=_FIX)
    return levels


def _three(text: bytes, where: str, *, count: int = 3) -> tuple[float, ...]:
    """Return finite numbers."""
    try:
        numbers = tuple(float(word) for word in text.split())
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(abs(value) < 1e3 for value in numbers):
        raise FormatError(
            f"{count} coordinates were expected, and there is {text.decode('latin-1')[:40]!r}",
            where=where,
            fix=_FIX,
        )
    return numbers


def _energies(file: FileBytes, start: int, where: str) -> list[float]:
    """Return the energies of the table behind a k-point, which must begin with band 1 and leave none out."""
    found: list[float] = []
    place = file.data.find(b"\n", start) + 1
    while place > 0 and len(found) < 1_000_000:
        stop = file.data.find(b"\n", place, place + 400)
        line = bytes(file.data[place : stop if stop >= 0 else place])
        match = _ROW.match(line)
        if match is None:
            body = line.strip()
            framed = body.startswith(b"+") and b"Spin" not in body and not body.startswith(b"+-")
            if not (framed or (not found and body.startswith((b"|", b"+-")))):
                break
        else:
            try:
                value = float(match[2])
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise FormatError(
                    f"{match[2].decode('latin-1')!r} stands where an energy was expected",
                    where=file.where(place),
                    fix=_FIX,
                )
            if int(match[1]) != len(found) + 1:
                raise MissingDataError(
                    "the log prints only bands near the Fermi energy"
                    if not found
                    else "bands are missing in a table",
                    where=file.where(place),
                    fix=_FIX,
                )
            found.append(value)
        if stop < 0:
            break
        place = stop + 1
    if not found:
        raise FormatError("no energies follow a k-point", where=where, fix=_FIX)
    return found


def _arranged(levels: list[_Level], n_spins: int, where: str) -> tuple[Floats, Floats, Floats]:
    """Return k-points, weights and energies (S, K, B) of tables that fit together."""
    by_spin = [[level for level in levels if level.spin == s + 1] for s in range(n_spins)]
    points = [level.point for level in by_spin[0]]
    shapes = {len(level.energies) for level in levels}
    if sum(map(len, by_spin)) != len(levels) or any(
        [one.point for one in part] != points for part in by_spin
    ):
        raise FormatError("the k-points of both spins are not the same", where=where, fix=_FIX)
    if len(shapes) != 1:
        bad = next(level for level in levels if len(level.energies) != len(levels[0].energies))
        raise FormatError(
            f"a k-point has {len(bad.energies)} bands where the first has {len(levels[0].energies)}",
            where=f"{where}, line {bad.line}",
            fix=_FIX,
        )
    weights = np.array([level.weight for level in by_spin[0]])
    return np.array(points), weights, np.array([[level.energies for level in part] for part in by_spin])


def _electrons(head: bytes, n_spins: int, where: str) -> tuple[float, ...]:
    """Return the electrons of each spin, or all."""
    found: dict[bytes, float] = {}
    for key, text in _ELECTRONS.findall(head):
        try:
            found[key] = float(text)
        except ValueError:
            continue
    wanted = (b"up  spins", b"down spins") if n_spins == 2 else (b"electrons",)
    if not all(key in found and 0 <= found[key] < 1e7 for key in wanted):
        raise MissingDataError("the log does not say how many electrons there are", where=where, fix=_FIX)
    return tuple(found[key] for key in wanted)


def _fermi(head: bytes) -> float:
    """Return the Fermi energy of the last step of the electronic minimization, eV; NaN where it has none."""
    rows = _SCF.findall(head)
    if not rows or b"Fermi" not in head:
        return math.nan
    try:
        return float(rows[-1].split()[1])
    except ValueError:
        return math.nan
