"""VASP's PROCAR: k-points, energies and occupations at once, weights of atoms and orbitals when asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from perovchem._kernels import procar_scan
from perovchem.arrays import Floats, Integers
from perovchem.errors import FormatError
from perovchem.readers.band_table import BandTable, StateWeights, check_size
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.run_beside import RunFacts, facts_beside, with_facts

_SIZES: Final = re.compile(
    rb"# of k-points:\s*(\d{1,9})\s*# of bands:\s*(\d{1,9})\s*# of ions:\s*(\d{1,9})\s*\n"
)
_HEAD: Final = 4096
_ONE: Final = 1.001
"""Electrons; what is above is two in a band, less what smearing takes."""
_TWO_BLANKS: Final = b"\n"
_DEFINITION: Final = "weight within the PAW sphere or RWIGS of each atom (VASP, PROCAR)"
_STARS: Final = "VASP prints stars where a number has no room and NaN where a run diverged: repeat the run"


def read_procar(file: FileBytes) -> BandTable:
    """Read a PROCAR of VASP 4 to 6: one or two spins, four blocks of spin-orbit runs; phases are passed over.

    Cell, electrons and elements come from the OUTCAR, CONTCAR or POSCAR beside it.

    Raises
    ------
    FormatError
        If sizes make no sense, k-points or bands are missing, or an energy is no number; with the line.
    """
    file.verify()
    sizes = _SIZES.search(file.data, 0, _HEAD)
    if sizes is None:
        raise FormatError(
            "no line with numbers of k-points, bands and ions",
            where=str(file.path),
            fix="copy the file again",
        )
    n_points, n_bands, n_ions = (int(group) for group in sizes.groups())
    check_size((n_points, n_bands), len(file), file.where(sizes.start()))
    check_size((n_ions,), len(file), file.where(sizes.start()))
    points = np.empty((2 * n_points + 1, 4))
    bands = np.empty((2 * n_points * n_bands + 1, 2))
    rows = np.empty((len(bands), 3), np.int64)
    counts = np.zeros(3, np.int64)
    stop, at = procar_scan.scan(file.array, sizes.start(), points, bands, rows, counts)
    file.release()
    n_spins = 2 if counts[procar_scan.HEADERS] > 1 else 1
    found_points, found_bands = int(counts[procar_scan.POINTS]), int(counts[procar_scan.BANDS])
    if stop in (procar_scan.BAD_POINT, procar_scan.BAD_BAND):
        raise _bad_line(
            file, at, cut=at + 200 > len(file), complete=max(found_points - 1, 0), n_points=n_points
        )
    if found_bands != n_spins * n_points * n_bands or found_points != n_spins * n_points:
        complete = found_bands // n_bands
        raise FormatError(
            f"{complete} k-points are complete, where {n_spins * n_points} of {n_bands} bands are announced: the "
            "file is cut, or files were pasted together",
            where=file.where(min(at, len(file) - 1)),
            fix="copy the file again, or let the run finish; of split runs give the files one by one",
        )
    index = rows[:found_bands, 2].reshape(n_spins * n_points, n_bands)
    if (index != np.arange(n_spins * n_points)[:, None]).any():
        raise FormatError(
            "bands are missing at some k-points and stand twice at others",
            where=str(file.path),
            fix="copy it again",
        )
    if n_spins == 2 and np.abs(points[:n_points, :3] - points[n_points : 2 * n_points, :3]).max() > 1e-6:
        raise FormatError(
            "the two spins stand at different k-points",
            where=str(file.path),
            fix="give the files of split runs one by one",
        )
    energies = bands[:found_bands, 0].reshape(n_spins, n_points, n_bands).copy()
    occupations = bands[:found_bands, 1].reshape(n_spins, n_points, n_bands).copy()
    n_rows = rows[:found_bands, 1]
    facts = facts_beside(file.path)
    noncollinear: bool | None = False
    if n_spins == 1 and (n_rows == 4 * n_ions).all():
        noncollinear = True
    elif n_spins == 1 and occupations.max() > _ONE:
        occupations /= 2
    elif n_spins == 1:
        noncollinear = _one_electron_a_band(file, facts)
    place = file.data.find(b"# energy", 0, 1 << 16)
    decimals = re.match(rb"# energy\s*[-+]?\d*\.(\d+)", file.data[place : place + 60]) if place >= 0 else None
    mine = BandTable(
        path=file.path,
        kpoints=points[:n_points, :3].copy(),
        weights=points[:n_points, 3].copy(),
        energies=energies,
        occupations=occupations,
        noncollinear=noncollinear,
        energy_step=10.0 ** -len(decimals[1]) if decimals else 1e-8,
        notes=file.notes,
        files=(file.path,),
    )
    full = with_facts(mine, facts)
    first_rows = rows[:found_bands, 0].reshape(n_spins, n_points, n_bands)
    weights, notes = _weights(file, first_rows, n_rows, n_ions)
    return replace(full, projections=weights, notes=(*full.notes, *notes))


def _one_electron_a_band(file: FileBytes, facts: RunFacts) -> bool | None:
    """Return whether one block of bands with up to one electron each are spinors; None where that is not known.

    VASP prints two electrons in a filled band of a run without spin, and four tables of weights for spinors: what is
    left is the first half of a run with two spins, unless another file says that there is no more.
    """
    if facts.n_spins == 1:
        return facts.noncollinear
    raise FormatError(
        "one of two spins is there: bands hold up to one electron, and no second block follows",
        where=file.where(len(file) - 1),
        fix="copy the file again, or let the run finish; if the run has one spin, put its OUTCAR beside",
    )


def _bad_line(file: FileBytes, at: int, *, cut: bool, complete: int, n_points: int) -> FormatError:
    """Return the refusal of a line whose numbers are none, or that is not all there."""
    if cut and file.data.find(b"\n", at) < 0:
        return FormatError(
            f"the file is cut: {complete} k-points of {n_points} are complete",
            where=file.where(at),
            fix="copy the file again, or let the run finish",
        )
    stop = file.data.find(b"\n", at, at + 200)
    line = file.data[at : stop if stop >= 0 else at + 80].decode("latin-1").strip()[:80]
    return FormatError(
        f"this line holds no numbers where they belong: {line!r}", where=file.where(at), fix=_STARS
    )


def _weights(
    file: FileBytes, places: Integers, n_rows: Integers, n_ions: int
) -> tuple[StateWeights | None, tuple[str, ...]]:
    """Return how weights are read, where they are whole; which elements the ions are, other files tell."""
    first = int(places.min())
    if first < 0 or not ((n_rows == n_ions).all() or (n_rows == 4 * n_ions).all()):
        return None, (f"{file.path.name}: the weights of atoms and orbitals are not whole and were left out",)
    begin = file.data.rfind(_TWO_BLANKS, 0, first - 1) + 1
    names = file.data[begin : first - 1].decode("latin-1").split()[1:]
    orbitals = tuple(name for name in names if name != "tot")
    if not orbitals or len(orbitals) > 64:
        return None, (f"{file.path.name}: the orbitals have no names: projections were left out",)
    n_orbitals = len(orbitals)

    def read(bands: slice, points: Integers) -> Floats:
        file.verify()
        chosen = np.ascontiguousarray(places[:, points, bands])
        out = np.empty((chosen.size, n_ions, n_orbitals))
        bad = procar_scan.read_weights(file.array, chosen.reshape(-1), n_ions, n_orbitals, out)
        if bad >= 0:
            raise _bad_line(file, bad, cut=False, complete=0, n_points=0)
        file.release()
        return out.reshape(*chosen.shape, n_ions, n_orbitals)

    return StateWeights(orbitals, ("",) * n_ions, read, _DEFINITION), ()
