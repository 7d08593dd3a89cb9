"""CASTEP's .bands: eigenvalues, with what the other files of the run say of spins, atoms and path."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem._kernels import castep_bands as kernel
from perovchem.arrays import Floats, Integers
from perovchem.bands import Bands, Segment, SpinTreatment
from perovchem.cell_geometry import has_volume
from perovchem.errors import FormatError, PerovchemError
from perovchem.projections import Projections
from perovchem.readers.band_path import find_segments, is_grid
from perovchem.readers.castep_beside import Beside, neighbor, read_beside
from perovchem.readers.castep_path import labels_in_order, restored_rows, segments_between
from perovchem.readers.castep_pdos import read_castep_pdos
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.path_labels import name_segments
from perovchem.result import Provenance
from perovchem.units import BOHR, HARTREE

_HEAD: Final = 1 << 14
_HEADER: Final = re.compile(
    rb"[ \t]*+Number of k-points[ \t]++(\d{1,9})[ \t]*+\r?\n"
    rb"[ \t]*+Number of spin components[ \t]++(\d{1,3})[ \t]*+\r?\n"
    rb"[ \t]*+Number of electrons[ \t]++([^\n]{1,200})\n"
    rb"[ \t]*+Number of eigenvalues[ \t]++([^\n]{1,200})\n"
    rb"[ \t]*+Fermi energ(?:y|ies) \(in atomic units\)[ \t]++([^\n]{1,200})\n"
    rb"[ \t]*+Unit cell vectors[ \t]*+\r?\n((?:[^\n]{1,400}\n){3})"
)
_UNDECIDED: Final = 4096
_LARGEST: Final = 1.0001e5
"""Hartree; what is larger is no eigenvalue."""
_PAIR: Final = 1e-5
"""eV; levels of a Kramers pair differ by less."""
_WHAT: Final = {
    kernel.CUT: "the file ends before its last k-point",
    kernel.NO_KPOINT: "a k-point was expected here",
    kernel.BAD_KPOINT: "this is no line of a k-point (number, coordinates, weight)",
    kernel.NO_SPIN: "a spin component was expected here",
    kernel.BAD_ENERGY: "an energy was expected here",
    kernel.TWICE: "this k-point stands in the file twice",
    kernel.TOO_LONG: "the file goes on behind its last k-point",
}


@dataclass(frozen=True, slots=True)
class _Header:
    """The first nine lines of a .bands."""

    n_points: int
    electrons: tuple[float, ...]
    counts: Integers
    fermi: tuple[float, ...]
    cell: Floats
    end: int


def read_castep_bands(file: FileBytes) -> Bands:
    """Read a .bands; seed.castep, seed.param, seed.cell and seed.pdos_bin beside it are read where they are.

    K-points come in the order of their numbers, whatever the order of the file. The path is that of the .cell,
    or is told from the points. Spinors (which the .bands does not mention) are told from .castep or .param, or
    from Kramers pairs.

    Raises
    ------
    FormatError
        If a count of the header does not fit, the file is cut, or something is no number; with the line.
    """
    file.verify()
    header = _header(file)
    points, energies, decimals = _blocks(file, header)
    beside = read_beside(file.path, header.cell)
    notes = [*file.notes, *beside.notes]
    n_spins = len(header.counts)
    if len(set(header.counts.tolist())) > 1:
        up, down = header.counts.tolist()
        notes.append(
            f"spin up has {up} bands and spin down {down}: the {min(up, down)} that both have are kept"
        )
    spin, told = _spin(n_spins, points[:, :3], energies, beside)
    notes += told
    weights = (
        points[:, 3] / points[:, 3].sum()
        if (points[:, 3] >= 0).all() and points[:, 3].any()
        else points[:, 3]
    )
    fermi = max(header.fermi)
    if max(header.fermi) - min(header.fermi) > 1e-5:
        notes.append(
            f"each spin has a Fermi energy of its own ({', '.join(f'{value:.4f}' for value in header.fermi)} eV); "
            "the higher is kept"
        )
    per_band = 2 if spin == "none" else 1
    if told_fermi := fermi_note(energies, header.electrons, per_band, fermi):
        notes.append(told_fermi)
    rows = restored_rows(points[:, :3], points[:, 3]) if not beside.is_mesh else np.arange(len(points))
    segments, told = _segments(points[rows, :3], header.cell, beside)
    if not segments:
        rows = np.arange(len(points))
    elif len(rows) > len(points):
        notes.append(
            f"{len(rows) - len(points)} time(s) the path comes back to a point that is listed once, with the weight of "
            "all visits: it is written again where it belongs"
        )
    notes += told
    projections, told = _projections(file, points[:, :3], header, beside, rows)
    return Bands(
        kpoints=points[rows, :3],
        reciprocal_cell=_reciprocal(header.cell),
        energies=energies[:, rows],
        electrons=header.electrons,
        spin=spin,
        segments=segments,
        weights=np.zeros(len(rows)) if segments else weights,
        fermi_energy=fermi,
        energy_step=10.0**-decimals * HARTREE,
        kpoint_step=1e-8,
        structure=beside.structure,
        projections=projections,
        notes=tuple(dict.fromkeys([*notes, *told])),
        provenance=Provenance(input=str(file.path)),
    )


# the file itself ------------------------------------------------------------------------------------------


def _header(file: FileBytes) -> _Header:
    """Read what stands before the first k-point, and refuse sizes the file cannot hold."""
    where = str(file.path)
    match = _HEADER.match(file.data, 0, _HEAD)
    if match is None:
        raise FormatError(
            "the first nine lines are not those of a .bands (k-points, spins, electrons, eigenvalues, Fermi energy, "
            "cell)",
            where=f"{where}, line 1",
            fix="copy the file again from where the run wrote it",
        )
    n_points, n_spins = int(match[1]), int(match[2])
    if n_spins not in (1, 2):
        raise FormatError(
            f"{n_spins} spin components: CASTEP writes 1 (also for spinors) or 2",
            where=f"{where}, line 2",
            fix="copy the file again",
        )
    electrons = _numbers(match[3], n_spins, "numbers of electrons", f"{where}, line 3")
    counts = _numbers(match[4], n_spins, "numbers of eigenvalues", f"{where}, line 4")
    fermi = _numbers(match[5], n_spins, "Fermi energies", f"{where}, line 5")
    rows = [
        _numbers(row, 3, "components of a cell vector", f"{where}, line {7 + k}")
        for k, row in enumerate(match[6].splitlines())
    ]
    cell = np.array(rows) * BOHR
    if not has_volume(cell):
        raise FormatError("the cell has no volume", where=f"{where}, line 7", fix="copy the file again")
    whole = np.rint(counts).astype(np.int64)
    if n_points < 1 or (whole < 1).any() or (whole != counts).any() or min(electrons) < 0:
        raise FormatError(
            "a count of the header is below 1", where=f"{where}, lines 1 to 4", fix="copy the file again"
        )
    if 2 * n_points * int(whole.sum()) > len(file):
        raise FormatError(
            f"the header announces {n_points} k-points with {' + '.join(map(str, whole.tolist()))} eigenvalues, more "
            f"than {len(file)} bytes can hold",
            where=f"{where}, lines 1 to 4",
            fix="copy the file again: it is cut, or its header is not its own",
        )
    return _Header(n_points, electrons, whole, tuple(value * HARTREE for value in fermi), cell, match.end())


def _numbers(text: bytes, count: int, what: str, where: str) -> tuple[float, ...]:
    """Return as many finite numbers."""
    try:
        found = tuple(float(word) for word in text.split())
    except ValueError:
        found = ()
    if len(found) != count or not all(math.isfinite(value) and abs(value) < 1e9 for value in found):
        raise FormatError(
            f"{count} {what} were expected, and there is {text.decode('latin-1').strip()[:60]!r}",
            where=where,
            fix="copy the file again",
        )
    return found


def _blocks(file: FileBytes, header: _Header) -> tuple[Floats, Floats, int]:
    """Return points (K, 4), energies (S, K, B) in eV, and the decimals they are printed with."""
    most = int(header.counts.min())
    points = np.zeros((header.n_points, 4))
    energies = np.zeros((len(header.counts), header.n_points, most))
    seen = np.zeros(header.n_points, np.bool_)
    undecided = np.empty((_UNDECIDED, 5), np.int64)
    code, place, waiting = kernel.read_blocks(
        file.array, header.end, header.counts, points, energies, seen, undecided
    )
    if code == kernel.DONE and _is_cut(file):
        code, place = kernel.CUT, len(file) - 1
    if code != kernel.DONE:
        raise _broken(file, header, code, place, int(seen.sum()))
    for spin, point, band, first, last in undecided[:waiting].tolist():
        energies[spin, point, band] = float(file.data[first:last].lower().replace(b"d", b"e"))
    if not (np.abs(energies) < _LARGEST).all():
        raise _broken(file, header, kernel.BAD_ENERGY, int(undecided[0, 3]), int(seen.sum()))
    energies *= HARTREE
    line = file.data.find(b"Spin component", header.end)
    words = file.data[line : line + 400].splitlines()[1].split()
    decimals = len(words[0].lower().partition(b"e")[0].partition(b".")[2]) if words else 8
    return points, energies, decimals


def _is_cut(file: FileBytes) -> bool:
    """Return whether the last number has fewer decimals than the one before it, without a line end behind."""
    tail = bytes(file.data[max(0, len(file) - 200) :])
    lines = tail.splitlines()
    return not tail.endswith(b"\n") and len(lines) > 2 and len(lines[-1].rstrip()) < len(lines[-2].rstrip())


def _broken(file: FileBytes, header: _Header, code: int, place: int, n_read: int) -> FormatError:
    """Return the error for a file that is not as its header says."""
    stop = file.data.find(b"\n", place, place + 200)
    line = file.data[place : stop if stop >= 0 else place + 80].decode("latin-1").strip()[:60]
    counts = " + ".join(map(str, header.counts.tolist()))
    what = f"{_WHAT[code]}" + (f", and there is {line!r}" if line else "")
    if code == kernel.BAD_ENERGY and ("*" in line or "n" in line.lower()[:8]):
        what = f"{line!r} stands where an energy was expected"
    return FormatError(
        f"{what}; {n_read} of {header.n_points} k-points were read, with {counts} eigenvalues each as the header says",
        where=file.where(place),
        fix="copy the file again, or run the band structure again: a band structure with holes is not read",
    )


# spins and occupation -------------------------------------------------------------------------------------


def _spin(n_spins: int, kpoints: Floats, energies: Floats, beside: Beside) -> tuple[SpinTreatment, list[str]]:
    """Return the treatment of spin, and how it is known where no file says."""
    if n_spins == 2:
        return "collinear", []
    if beside.spin == "noncollinear":
        return "noncollinear", []
    if beside.spin is not None:
        return "none", []
    if kramers_pairs(kpoints, energies[0]):
        return "noncollinear", [
            "all levels at Γ are pairs, as with spin-orbit coupling: each band is taken to hold one electron; "
            "put the .castep beside the .bands to be sure"
        ]
    return "none", [
        "no .castep or .param beside it says how spins are treated: each band is taken to hold two electrons"
    ]


def kramers_pairs(kpoints: Floats, energies: Floats) -> bool:
    """Return whether all levels are pairs at Γ and at every other point that time reversal maps on itself.

    Without spin-orbit coupling the lowest level at Γ is single: its state has no node.
    """
    twice = 2 * kpoints
    invariant = (np.abs(twice - np.rint(twice)) < 1e-6).all(axis=1)
    center = (np.abs(kpoints - np.rint(kpoints)) < 1e-6).all(axis=1)
    levels = energies[invariant]
    if not center.any() or levels.shape[1] < 2:
        return False
    whole = levels[:, : levels.shape[1] // 2 * 2]
    return bool((whole[:, 1::2] - whole[:, ::2] < _PAIR).all())


def fermi_note(energies: Floats, electrons: tuple[float, ...], per_band: int, fermi: float) -> str:
    """Return what to tell where the Fermi energy and the count of electrons fill different bands; "" where they agree.

    Parameters
    ----------
    energies : float64 (S, K, B)
        eV.
    electrons : tuple of float, length S
    per_band : int
        Electrons that a band holds.
    fermi : float
        eV; NaN for none.
    """
    if not math.isfinite(fermi):
        return ""
    for one, number in zip(energies, electrons, strict=True):
        below = (one <= fermi).sum(axis=1)
        filled = number / per_band
        if int(below.min()) != filled or int(below.max()) != filled:
            least, most = int(below.min()), int(below.max())
            by_energy = f"{least}" if least == most else f"{least} to {most}"
            return (
                f"the Fermi energy of the file, {fermi:.4f} eV, lies above {by_energy} bands, where {number:g} "
                f"electrons fill {filled:g}: occupied bands are told by counting electrons"
            )
    return ""


# path and projections -------------------------------------------------------------------------------------


def _segments(kpoints: Floats, cell: Floats, beside: Beside) -> tuple[tuple[Segment, ...], list[str]]:
    """Return the path: that of the .cell, or what the points show; () for a mesh or stencil."""
    notes: list[str] = []
    segments = segments_between(beside.asked.corners, kpoints)
    if not segments and not beside.is_mesh:
        reciprocal = _reciprocal(cell)
        rounding = 1e-8 * float(np.linalg.norm(reciprocal, axis=1).max())
        segments = () if is_grid(kpoints) else find_segments(kpoints @ reciprocal, rounding=rounding)
        if segments and beside.asked.corners:
            if any(corner.point is None for corner in beside.asked.corners):
                segments = labels_in_order(segments, beside.asked.corners)
            else:
                notes.append("the path of the .cell is not that of the k-points, which are taken as they are")
    named, told = name_segments(segments, kpoints, cell, structure=beside.structure)
    return named, [*notes, *told]


def _reciprocal(cell: Floats) -> Floats:
    """Return the reciprocal vectors as rows, 1/Å, with 2π."""
    return np.asarray(2 * np.pi * np.linalg.inv(cell).T, np.float64)


def _projections(
    file: FileBytes, kpoints: Floats, header: _Header, beside: Beside, rows: Integers
) -> tuple[Projections | None, list[str]]:
    """Return the projections of the .pdos_bin beside, if it is that of these bands."""
    found = neighbor(file.path, ".pdos_bin")
    if found is None:
        return None, []
    try:
        weights = read_castep_pdos(open_bytes(found), structure=beside.structure)
    except PerovchemError as error:
        return None, [f"{found.name} could not be used: {error.what}"]
    if weights.kpoints.shape != kpoints.shape or (np.abs(weights.kpoints - kpoints) > 1e-5).any():
        return None, [f"the k-points of {found.name} are not those of {file.path.name}: it is left out"]
    if weights.counts != tuple(header.counts.tolist()):
        return None, [f"the bands of {found.name} are not those of {file.path.name}: it is left out"]
    return weights.projections(rows, int(header.counts.min())), list(weights.notes)
