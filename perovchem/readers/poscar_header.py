"""The header that POSCAR and XDATCAR share: title, scale, lattice, species, counts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import lines
from perovchem.elements import element, table
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import read_rows

_MOST_ATOMS: Final = 10_000_000
LARGEST: Final = 1e6
"""Å, or fraction of a cell; no edge or position is larger, and products of such numbers stay finite."""
_SMALLEST_VOLUME: Final = 1e-3
"""Å3; less than any atom takes."""
_FLATTEST: Final = 1e-6
"""Volume over the product of the edges; a flatter cell is none."""


@dataclass(frozen=True, eq=False)
class Header:
    """One header and where it stands.

    Attributes
    ----------
    start, end : int
        First byte of the title, first byte behind the counts.
    cell : float64 (3, 3)
        Lattice vectors as rows, scaled, Å.
    scale : float64 (3,)
        What Cartesian coordinates are multiplied with.
    species : tuple of str
        One symbol per atom.
    notes : tuple of str
    """

    start: int
    end: int
    cell: NDArray[np.float64]
    scale: NDArray[np.float64]
    species: tuple[str, ...]
    notes: tuple[str, ...] = ()


def clean_symbol(word: str) -> str:
    """Return the element of a species word as VASP writes it ("Pb_d", "O_h/3f2a", "Cs_sv").

    Examples
    --------
    >>> clean_symbol("Pb_d/ab12")
    'Pb'
    """
    return re.split(r"[_/.:]", word, maxsplit=1)[0].capitalize()


def _lines(file: FileBytes, start: int, count: int) -> tuple[list[str], list[int]]:
    """Return ``count`` lines and the bytes where they begin (and end)."""
    texts: list[str] = []
    places = [start]
    for _ in range(count):
        stop = file.data.find(b"\n", places[-1], places[-1] + 100_000)
        if stop < 0:
            raise FormatError(
                "the header ends early", where=file.where(places[-1]), fix="restore the file's beginning"
            )
        texts.append(file.data[places[-1] : stop].decode("latin-1").strip())
        places.append(stop + 1)
    return texts, places


def _numbers(file: FileBytes, text: str, start: int, counts: tuple[int, ...], what: str) -> list[float]:
    """Return the leading numbers of a header line; a comment may follow them."""
    values: list[float] = []
    for word in text.split():
        try:
            values.append(float(word.lower().replace("d", "e")))
        except ValueError:
            break
    finite = all(map(math.isfinite, values))
    if len(values) not in counts or not finite:
        if len(values) > max(counts) and finite and what != "scale":
            return values[: max(counts)]
        raise FormatError(
            f"the {what} line reads {text[:60]!r}",
            where=file.where(start),
            fix=f"write {' or '.join(map(str, counts))} finite numbers there",
        )
    return values


def _species(
    file: FileBytes, texts: list[str], places: list[int]
) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Return one symbol per atom, the byte behind the counts, and notes."""
    notes: tuple[str, ...] = ()
    if texts[5].split() and all(re.fullmatch(r"\d+", word) for word in texts[5].split()):
        # VASP 4: counts only; the title often names the species
        symbols = [clean_symbol(word) for word in texts[0].split()]
        counts, end, line = texts[5].split(), places[6], 5
        if len(symbols) != len(counts) or any(symbol not in table() for symbol in symbols):
            raise FormatError(
                "the header counts atoms but names no elements",
                where=file.where(places[5]),
                fix="insert a line with the symbols above the counts, as VASP 5 writes it",
            )
        notes = (f"{file.path.name}: the elements were taken from the title line",)
    else:
        symbols, counts, end, line = (
            [clean_symbol(w) for w in texts[5].split()],
            texts[6].split(),
            places[7],
            6,
        )
    if (
        not counts
        or not all(re.fullmatch(r"\d{1,9}", word) for word in counts)
        or len(counts) != len(symbols)
    ):
        raise FormatError(
            f"the counts {texts[line][:60]!r} do not fit the species {' '.join(symbols)[:60]!r}",
            where=file.where(places[line]),
            fix="write one whole number per species",
        )
    numbers = [int(word) for word in counts]
    if not 0 < sum(numbers) <= min(_MOST_ATOMS, len(file)):  # an atom takes more than one byte
        raise FormatError(
            f"the header promises {sum(numbers)} atoms",
            where=file.where(places[line]),
            fix="check the counts",
        )
    for symbol in symbols:
        if symbol not in table():  # to count lines for every sound header would take quadratic time
            element(symbol, where=file.where(places[line - 1]))
    return tuple(s for s, n in zip(symbols, numbers, strict=True) for _ in range(n)), end, notes


def read_header(file: FileBytes, start: int) -> Header:
    """Read the header that begins at byte ``start``.

    Raises
    ------
    FormatError
        If a line is not what it should be, or the cell has no volume; with the line.
    """
    texts, places = _lines(file, start, 7)
    factors = _numbers(file, texts[1], places[1], (1, 3), "scale")
    rows = [_numbers(file, texts[i], places[i], (3,), "lattice") for i in (2, 3, 4)]
    volume = _volume(rows)
    if not volume:
        raise FormatError(
            "the lattice vectors span no volume",
            where=file.where(places[2]),
            fix="check the lattice rows",
        )
    if len(factors) == 1:
        if factors[0] < 0:  # VASP: the volume of the cell
            factors = [(-factors[0] / volume) ** (1 / 3)]
        factors = factors * 3
    if not all(0 < factor <= LARGEST for factor in factors):
        raise FormatError(
            "a scale factor is out of range", where=file.where(places[1]), fix="check the scale line"
        )
    scale = np.array(factors)
    cell = np.array(rows) * scale
    if _volume(cell.tolist()) < _SMALLEST_VOLUME:
        raise FormatError(
            "scale and lattice vectors make a cell that is too small or too large for atoms",
            where=file.where(places[1]),
            fix="check scale and lattice rows; lengths are in Å",
        )
    species, end, notes = _species(file, texts, places)
    return Header(start, end, cell, scale, species, notes)


def _volume(rows: list[list[float]]) -> float:
    """Return the volume of one cell, 0 where it is flat or beyond all bounds."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = rows
    if max(map(abs, (ax, ay, az, bx, by, bz, cx, cy, cz))) > LARGEST:
        return 0.0
    volume = abs(ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx))
    edges = math.hypot(ax, ay, az) * math.hypot(bx, by, bz) * math.hypot(cx, cy, cz)
    return volume if volume > _FLATTEST * edges else 0.0


def has_volume(cells: NDArray[np.float64], *, smallest: float = 0.0) -> NDArray[np.bool_]:
    """Return for each cell (n, 3, 3) whether it is neither flat nor beyond all bounds."""
    sound = np.asarray((np.abs(cells) <= LARGEST).all(axis=(1, 2)))
    cells = np.where(sound[:, None, None], cells, 0.0)
    volumes = np.abs(np.linalg.det(cells))
    edges = np.linalg.norm(cells, axis=2).prod(axis=1)
    return np.asarray(sound & (volumes > _FLATTEST * edges) & (volumes >= smallest))


def read_cells(file: FileBytes, starts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read cells and scales of many headers, as :func:`read_header` does, which has found them there.

    Parameters
    ----------
    file : FileBytes
    starts : int64 (n,)
        First byte of each header.

    Returns
    -------
    cells : float64 (n, 3, 3)
        Å.
    scales : float64 (n, 3)

    Raises
    ------
    FormatError
        If a lattice row holds no three numbers, or a cell has no volume; with the line.
    """
    first = read_header(file, int(starts[0]))
    if len(starts) == 1:
        return first.cell[None], first.scale[None]
    array = file.array
    second = lines.following_lines(array, starts, 1)
    lattice = lines.following_lines(array, second, 1)
    scale_line = array[second[0] : lattice[0]]
    if b"-" in scale_line.tobytes() or not lines.equal_at(array, second, 0, scale_line).all():
        headers = [read_header(file, int(start)) for start in starts]
        return np.stack([h.cell for h in headers]), np.stack([h.scale for h in headers])
    rows = np.stack([lattice, *(lines.following_lines(array, lattice, n) for n in (1, 2))], axis=1)
    cells = read_rows(file, rows.ravel(), len(file), what="lattice vector").reshape(-1, 3, 3) * first.scale
    sound = has_volume(cells, smallest=_SMALLEST_VOLUME)
    if not sound.all():
        read_header(file, int(starts[int(np.argmin(sound))]))  # says what is wrong with it
    return cells, np.tile(first.scale, (len(starts), 1))
