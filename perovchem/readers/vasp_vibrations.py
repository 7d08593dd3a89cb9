"""Vibrations of a VASP run: the table of modes and the second derivatives of an OUTCAR."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Vibrations
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.log_text import find_all, line_at, next_line, refused
from perovchem.readers.numbers import read_rows
from perovchem.readers.vasp_checks import FINITE_DIFFERENCES, VaspRun

_MODES: Final = b"Eigenvectors and eigenvalues of the dynamical matrix"
_AGAIN: Final = b"Eigenvectors after division by SQRT(mass)"
_HESSIAN: Final = b"SECOND DERIVATIVES (NOT SYMMETRIZED)"
_MODE: Final = re.compile(
    rb"[ \t]*(\d+)[ \t]+f([ \t]|/i)[ \t]*=[ \t]*[-\d.*]+[ \t]*THz[ \t]*[-\d.*]+[ \t]*2PiTHz[ \t]*([\d.]+)[ \t]*cm-1"
)
_LABEL: Final = re.compile(rb"(\d+)([XYZ])")
_MOST_MODES: Final = 30_000
_LARGEST: Final = 1e6
WAVENUMBER_STEP: Final = 1e-6
"""Last digit that VASP prints, 1/cm."""


def read_outcar_vibrations(file: FileBytes, run: VaspRun, masses: Floats) -> tuple[Vibrations, list[str]]:
    """Read the modes of a frequency run, every one that is printed, and its second derivatives.

    VASP may print the modes a second time, divided by the square root of the masses (NWRITE = 3); the first
    table, of orthonormal vectors, counts.

    Parameters
    ----------
    file : FileBytes
    run : VaspRun
    masses : float64 (N,)
        u.

    Returns
    -------
    Vibrations
    list of str
        Notes.
    """
    n_atoms = len(masses)
    heading = file.data.find(_MODES)
    if heading < 0:
        raise FormatError(
            f"a run with IBRION = {run.ibrion} without its table of frequencies; the log ends at {run.end}",
            where=str(file.path),
            fix="let the run finish all its displacements",
        )
    stop = len(file)
    for words in (_AGAIN, _MODES):
        other = file.data.find(words, heading + len(_MODES))
        stop = min(stop, other) if other >= 0 else stop
    wavenumbers, displacements = _modes(file, heading, stop, n_atoms)
    notes: list[str] = []
    hessian, atoms, axes = _second_derivatives(file, heading, n_atoms)
    if not atoms:
        shifted = np.abs(displacements).max(axis=(0, 2)) > 0
        atoms = [int(k) for k in np.flatnonzero(shifted)]
    if hessian is None and len(axes) == 3 * n_atoms:
        notes.append("the table of second derivatives cannot be read; the printed modes are there without it")
    if axes and len(axes) < 3 * len(atoms):
        notes.append(f"selective dynamics: {len(axes)} of {3 * n_atoms} coordinates were displaced")
    elif len(atoms) < n_atoms:
        notes.append(f"selective dynamics: {len(atoms)} of {n_atoms} atoms were displaced, the others held")
    if axes and len(axes) != len(wavenumbers):
        raise refused(
            file,
            heading,
            f"{len(wavenumbers)} modes for {len(axes)} displaced coordinates",
            "restore the table of frequencies",
        )
    return (
        Vibrations(
            wavenumbers=wavenumbers[None, :],
            masses=masses,
            displacements=displacements,
            hessian=hessian,
            moved=tuple(atoms),
            wavenumber_step=WAVENUMBER_STEP,
            source=describe(run),
        ),
        notes,
    )


def describe(run: VaspRun) -> str:
    """Return how the vibrations were computed."""
    if run.ibrion in FINITE_DIFFERENCES:
        step = run.settings.get("POTIM", "?")
        return f"finite differences (IBRION = {run.ibrion}, POTIM = {step} Å, NFREE = {run.settings.get('NFREE', '?')})"
    return f"linear response (IBRION = {run.ibrion})"


def _modes(file: FileBytes, start: int, stop: int, n_atoms: int) -> tuple[Floats, Floats]:
    """Return wavenumbers, imaginary ones negative, and mass-weighted vectors (M, N, 3)."""
    if n_atoms < 1:
        raise refused(file, start, "modes of no atoms", "restore the head of the file")
    values: list[float] = []
    starts: list[int] = []
    for place in find_all(file, b" cm-1", start, stop):
        row = file.data.rfind(b"\n", max(start, place - 200), place) + 1
        match = _MODE.match(file.data, row)
        if match is None or int(match.group(1)) != len(values) + 1:
            raise refused(
                file, place, f"this should be mode {len(values) + 1}", "restore the table of frequencies"
            )
        if len(values) >= _MOST_MODES:
            raise refused(file, place, "too many modes", "restore the table of frequencies")
        try:
            value = float(match.group(3))
        except ValueError:
            raise refused(file, place, "a wavenumber cannot be read", "restore the file") from None
        values.append(-value if match.group(2) == b"/i" else value)
        first = next_line(file, row, 2)
        for _ in range(n_atoms):
            starts.append(first)
            first = next_line(file, first)
    if not values:
        raise refused(file, start, "the table of frequencies is empty", "restore the file")
    if starts[-1] >= stop or not line_at(file, starts[-1]):
        place = min(starts[-1], len(file) - 1)
        what = f"the vector of mode {len(values)} is not complete"
        raise refused(file, place, what, "restore the table of frequencies")
    rows = read_rows(
        file, np.array(starts, np.int64), len(file), columns=3, skip=3, what="mode vector", largest=_LARGEST
    )
    vectors = rows.reshape(len(values), n_atoms, 3)
    return np.array(values), vectors


def _second_derivatives(
    file: FileBytes, modes: int, n_atoms: int
) -> tuple[Floats | None, list[int], list[int]]:
    """Return the Hessian (eV/Å2) where all coordinates were displaced; the atoms and coordinates that were."""
    heading = file.data.rfind(_HESSIAN, 0, modes)
    if heading < 0:
        return None, [], []
    labels = next_line(file, heading, 2)
    text = bytes(file.data[labels : next_line(file, labels)])
    pairs = _LABEL.findall(text)
    if len(pairs) > 3 * n_atoms:
        raise refused(file, labels, "more coordinates than the atoms have", "restore the table")
    axes = [3 * (int(atom) - 1) + b"XYZ".index(axis) for atom, axis in pairs if 0 < int(atom) <= n_atoms]
    if len(axes) != len(pairs) or len(set(axes)) != len(axes):
        return None, [], []  # labels too long for their columns
    starts = np.empty(len(axes), np.int64)
    row = next_line(file, labels)
    for k in range(len(axes)):
        starts[k] = row
        row = next_line(file, row)
    atoms = sorted({axis // 3 for axis in axes})
    if len(axes) < 3 * n_atoms or (len(starts) and starts[-1] >= modes):
        return None, atoms, axes
    try:
        table = read_rows(
            file, starts, modes, columns=len(axes), skip=1, what="row of second derivatives", largest=_LARGEST
        )
    except FormatError:
        return None, atoms, axes  # told of by the caller: the modes are printed by themselves
    hessian = np.empty_like(table)
    hessian[np.ix_(axes, axes)] = -0.5 * (table + table.T)  # VASP prints derivatives of the force
    return hessian, atoms, axes
