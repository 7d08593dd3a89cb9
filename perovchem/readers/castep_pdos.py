"""CASTEP's .pdos_bin: weights of states on atomic orbitals, Fortran records in big-endian order.

The layout is that of the OptaDOS manual (doi 10.1016/j.cpc.2014.02.013). The file numbers species by atomic
number, and ions within them in the order of the .cell; it does not name either. That the orbitals of one l come
as p: x y z and d: z2 yz xz x2-y2 xy is how CASTEP's population analysis lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.elements import table
from perovchem.errors import FormatError, MissingDataError
from perovchem.projections import Projections
from perovchem.readers.filebytes import FileBytes

if TYPE_CHECKING:
    from perovchem.crystal import Crystal

ORBITALS: Final = (
    ("s",),
    ("px", "py", "pz"),
    ("dz2", "dyz", "dxz", "x2-y2", "dxy"),
    ("fxxx", "fyyy", "fzzz", "fxyz", "fz(xx-yy)", "fy(zz-xx)", "fx(yy-zz)"),
)
_MARK: Final = np.dtype(">i4")
_REAL: Final = np.dtype(">f8")
_MOST: Final = 100_000
_DEFINITION: Final = (
    "Mulliken weight on CASTEP's pseudo-atomic orbitals (.pdos_bin), which may be a little below 0"
)


@dataclass(frozen=True, slots=True, eq=False)
class PdosFile:
    """A .pdos_bin whose records are where they should be; weights are read when they are asked for.

    Attributes
    ----------
    kpoints : float64 (K, 3)
        Fractional, in the order of their numbers.
    counts : tuple of int
        Bands of each spin.
    starts : int64 (S, K)
        First byte of the weights of each.
    columns : int64 (n,)
        Where each of the file's orbitals goes: atom * number of names + name.
    orbitals, species : tuple of str
        As in :class:`perovchem.projections.Projections`.
    """

    file: FileBytes
    kpoints: Floats
    counts: tuple[int, ...]
    starts: Integers
    columns: Integers
    orbitals: tuple[str, ...]
    species: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def projections(self, rows: Integers, n_bands: int) -> Projections:
        """Return the projections at some k-points, of the first ``n_bands`` bands."""

        def read(bands: slice) -> Floats:
            part: Floats = self._weights(range(*bands.indices(n_bands)))[:, rows]
            return part

        return Projections(self.orbitals, self.species, read, _DEFINITION)

    def _weights(self, bands: range) -> Floats:
        """Read weights, (S, K, bands, atoms, orbitals); radial functions of one orbital are added."""
        self.file.verify()
        n_columns = len(self.columns)
        record = 8 * n_columns + 8
        places = len(self.species) * len(self.orbitals)
        out = np.zeros((len(self.counts), len(self.kpoints), len(bands), places))
        for s in range(len(self.counts)):
            for k in range(len(self.kpoints)):
                for row, band in enumerate(bands):
                    held = np.frombuffer(
                        self.file.data, _REAL, n_columns, int(self.starts[s, k]) + band * record + 4
                    ).astype(np.float64)
                    if not (np.abs(held) < 1e3).all():
                        raise FormatError(
                            f"a weight of band {band + 1} at k-point {k + 1} is no number of a sensible size",
                            where=str(self.file.path),
                            fix="copy the .pdos_bin again, as a binary file",
                        )
                    out[s, k, row] = np.bincount(self.columns, held, places)
        return out.reshape(*out.shape[:3], len(self.species), len(self.orbitals))


def read_castep_pdos(file: FileBytes, *, structure: Crystal | None = None) -> PdosFile:
    """Look a .pdos_bin over.

    Parameters
    ----------
    file : FileBytes
    structure : Crystal, optional
        Whose atoms the file's species and ions are.

    Raises
    ------
    FormatError
        If the file is cut or its records are not where they should be.
    MissingDataError
        If no structure is known, or it has other atoms.
    """
    where = str(file.path)
    records = _Records(file)
    records.skip(8, "the version")
    records.skip(80, "the header")
    n_points, n_spins, n_orbitals, most = (records.integer(what) for what in _COUNTS)
    if not (0 < n_points <= _MOST and n_spins in (1, 2) and 0 < n_orbitals <= _MOST and 0 < most <= _MOST):
        raise FormatError(
            f"{n_points} k-points, {n_spins} spins, {n_orbitals} orbitals and {most} bands are no sizes of a run",
            where=where,
            fix="copy the .pdos_bin again, as a binary file",
        )
    kinds, ions, momenta = (records.integers(n_orbitals, what) for what in _LISTS)
    columns, orbitals, species = _atoms(kinds, ions, momenta, structure, where)
    kpoints = np.full((n_points, 3), np.nan)
    starts = np.zeros((n_spins, n_points), np.int64)
    counts = [0] * n_spins
    for _ in range(n_points):
        number, point = records.kpoint()
        if not 1 <= number <= n_points or not np.isnan(kpoints[number - 1, 0]):
            raise FormatError(
                f"k-point {number} is not one of {n_points}, or stands there twice",
                where=where,
                fix="copy the .pdos_bin again",
            )
        kpoints[number - 1] = point
        for _ in range(n_spins):
            spin = records.integer("a spin component")
            count = records.integer("a number of bands")
            if not 1 <= spin <= n_spins or not 0 < count <= most or counts[spin - 1] not in (0, count):
                raise FormatError(
                    f"spin {spin} with {count} bands does not fit {n_spins} spins and {most} bands",
                    where=where,
                    fix="copy the .pdos_bin again",
                )
            counts[spin - 1] = count
            starts[spin - 1, number - 1] = records.rows(count, 8 * n_orbitals)
    return PdosFile(file, kpoints, tuple(counts), starts, columns, orbitals, species, file.notes)


_COUNTS: Final = (
    "the number of k-points",
    "the number of spins",
    "the number of orbitals",
    "the number of bands",
)
_LISTS: Final = ("the species of the orbitals", "their ions", "their angular momenta")


class _Records:
    """Walks along Fortran records: length, content, length again."""

    def __init__(self, file: FileBytes) -> None:
        self._file = file
        self._place = 0

    def _record(self, length: int, what: str) -> int:
        """Return the first byte of a record's content, and stand behind it."""
        begin = self._place
        if begin + length + 8 > len(self._file):
            raise FormatError(
                f"the file ends before {what}", where=str(self._file.path), fix="copy the .pdos_bin again"
            )
        marks = [int(np.frombuffer(self._file.data, _MARK, 1, at)[0]) for at in (begin, begin + 4 + length)]
        if marks != [length, length]:
            raise FormatError(
                f"no record of {length} bytes for {what} stands at byte {begin}",
                where=str(self._file.path),
                fix="copy the .pdos_bin again, as a binary file",
            )
        self._place = begin + length + 8
        return begin + 4

    def skip(self, length: int, what: str) -> None:
        self._record(length, what)

    def integer(self, what: str) -> int:
        return int(np.frombuffer(self._file.data, _MARK, 1, self._record(4, what))[0])

    def integers(self, count: int, what: str) -> Integers:
        return np.frombuffer(self._file.data, _MARK, count, self._record(4 * count, what)).astype(np.int64)

    def kpoint(self) -> tuple[int, Floats]:
        begin = self._record(28, "a k-point")
        point = np.frombuffer(self._file.data, _REAL, 3, begin + 4).astype(np.float64)
        if not (np.abs(point) < 1e3).all():
            raise FormatError(
                "a k-point is no number", where=str(self._file.path), fix="copy the .pdos_bin again"
            )
        return int(np.frombuffer(self._file.data, _MARK, 1, begin)[0]), point

    def rows(self, count: int, length: int) -> int:
        """Return the first byte of as many records of one length, whose marks are all looked at."""
        begin = self._place
        whole = count * (length + 8)
        if begin + whole > len(self._file):
            raise FormatError(
                "the file ends within the weights of a k-point",
                where=str(self._file.path),
                fix="let the run finish, or copy the .pdos_bin again",
            )
        words = np.frombuffer(self._file.data, _MARK, whole // 4, begin).reshape(count, -1)
        if (words[:, 0] != length).any() or (words[:, -1] != length).any():
            raise FormatError(
                f"the weights of a k-point, from byte {begin}, are no records of {length} bytes",
                where=str(self._file.path),
                fix="copy the .pdos_bin again, as a binary file",
            )
        self._place = begin + whole
        return begin


def _atoms(
    kinds: Integers, ions: Integers, momenta: Integers, structure: Crystal | None, where: str
) -> tuple[Integers, tuple[str, ...], tuple[str, ...]]:
    """Return the column of each orbital, the names of the columns, and the element of each atom of the structure."""
    if momenta.min() < 0 or momenta.max() > 3 or kinds.min() < 1 or ions.min() < 1:
        raise FormatError("an orbital is none of s, p, d, f", where=where, fix="copy the .pdos_bin again")
    if structure is None:
        raise MissingDataError(
            "the atoms are not known: a .pdos_bin numbers species and does not name them",
            where=where,
            fix="put the .castep or .cell of the run beside it",
        )
    symbols = structure.species
    numbers = {symbol: number for number, symbol in enumerate(table(), 1)}
    order = sorted(dict.fromkeys(symbols), key=lambda symbol: numbers.get(symbol, 0))
    members = [[k for k, symbol in enumerate(symbols) if symbol == one] for one in order]
    found = [
        int(ions[kinds == kind].max(initial=0))
        for kind in range(1, min(int(kinds.max()), len(order) + 1) + 1)
    ]
    if len(found) > len(order) or any(n != len(m) for n, m in zip(found, members, strict=False)):
        raise MissingDataError(
            f"it has {found} ions of each species, and the structure {[len(m) for m in members]} of {', '.join(order)}",
            where=where,
            fix="put the .castep or .cell of this very run beside it",
        )
    names = tuple(name for momentum in sorted(set(momenta.tolist())) for name in ORBITALS[momentum])
    columns = np.empty(len(kinds), np.int64)
    held: dict[tuple[int, int, int], int] = {}
    for column, key in enumerate(zip(kinds.tolist(), ions.tolist(), momenta.tolist(), strict=True)):
        kind, ion, momentum = key
        serial = held.get(key, 0)
        held[key] = serial + 1
        name = ORBITALS[momentum][serial % (2 * momentum + 1)]
        columns[column] = members[kind - 1][ion - 1] * len(names) + names.index(name)
    return columns, names, symbols
