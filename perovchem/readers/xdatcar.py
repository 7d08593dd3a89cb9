"""XDATCAR of VASP 4 to 6: fixed or variable cell, concatenated restarts, any column layout.

VASP writes frames of equal length, so opening jumps from label to label; where a file does not keep the
stride, it is scanned line by line. Rows in VASP's fixed columns are read as integers over a power of ten,
all others by the general parser; both equal Python's ``float`` bit for bit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import lines, text
from perovchem.frames import Floats, FrameSource, Integers, RunMetadata
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import bad_row, read_rows
from perovchem.readers.poscar_header import LARGEST, read_cells
from perovchem.readers.xdatcar_index import Index, index_xdatcar

_ROWS_AT_ONCE = 1 << 18
_TEXT_AT_ONCE = 64 << 20
"""Bytes of the file read before their pages are let go."""


def open_xdatcar(file: FileBytes) -> FrameSource:
    """Index an XDATCAR.

    Raises
    ------
    FormatError
        If the header is broken or no frame is complete.
    """
    return XdatcarSource(file, index_xdatcar(file))


def _mend_labels(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64] | None, int]:
    """Continue the count over labels that VASP could not print; return them and how many were mended."""
    missing = np.flatnonzero(labels < 0)
    if len(missing) == len(labels):
        return None, 0
    labels = labels.copy()
    known = np.flatnonzero(labels >= 0)
    steps = np.diff(labels[known]) // np.maximum(np.diff(known), 1)
    step = int(np.median(steps[steps > 0])) if (steps > 0).any() else 1
    for i in missing:
        labels[i] = labels[i - 1] + step if i else labels[known[0]] - step * known[0]
    return labels, len(missing)


class XdatcarSource(FrameSource):
    """Complete frames of one XDATCAR; see :class:`perovchem.frames.FrameSource`."""

    format = "XDATCAR"
    bounded = True
    beside: Callable[[], Mapping[str, Floats]] | None = None

    def __init__(self, file: FileBytes, index: Index) -> None:
        header = index.header
        self.files = (file.path,)
        self.species = header.species
        self.n_frames = index.n_frames
        self.cartesian = bool(index.cartesian)
        self.complete = index.complete
        self.metadata = RunMetadata(code="VASP")
        self._file = file
        self._rows = np.concatenate(index.rows)
        self._headers = np.concatenate(index.headers)
        self._header = header
        self.fixed_cell = _one_cell(file, np.unique(self._headers), header.cell)
        self.steps, mended = _mend_labels(np.concatenate(index.labels))
        if mended:
            index.notes.append(
                f"{file.path.name}: {mended} labels that VASP printed as stars were counted on"
            )
        self.notes = tuple(index.notes)
        self._pattern = _fixed_pattern(file, int(self._rows[0]), len(self.species))

    def scalars(self) -> Mapping[str, Floats]:
        """Return what an OSZICAR beside tells of each frame; the file itself holds none."""
        return {} if self.beside is None else self.beside()

    def cells(self, frames: Integers) -> Floats:
        """Return the lattice vectors as rows, (n_frames, 3, 3), Å."""
        if self.fixed_cell:
            return np.broadcast_to(self._header.cell, (len(frames), 3, 3))
        self._file.verify()
        starts, which = np.unique(self._headers[frames], return_inverse=True)
        return read_cells(self._file, starts)[0][which]

    def coordinates(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return (n_frames, n_atoms, 3): fractional as written, or Å where the file is Cartesian."""
        self._file.verify()
        rows = np.arange(len(self.species)) if atoms is None else np.asarray(atoms, np.int64)
        out = np.empty((len(frames), len(rows), 3))
        starts = self._rows[frames]
        size = max(1, _TEXT_AT_ONCE * self.n_frames // len(self._file))
        for k in range(0, len(frames), size):
            self._fill(starts[k : k + size], rows, out[k : k + size])
            self._file.release()
        if self.cartesian:
            starts, which = np.unique(self._headers[frames], return_inverse=True)
            out *= read_cells(self._file, starts)[1][which][:, None]
        return out

    def _fill(self, starts: Integers, rows: Integers, out: Floats) -> None:
        """Read rows of the frames that begin at ``starts`` into ``out``."""
        done = failures = 0
        while done < len(starts) and self._pattern is not None and failures < 20:
            length, dots, decimals = self._pattern
            bad = text.parse_fixed_rows(
                self._file.array, starts[done:], rows, length, dots, decimals, out[done:]
            )
            if bad < 0:
                done = len(starts)
                break
            failures += 1
            done += bad // len(rows)
            out[done] = self._general(starts[done : done + 1], rows)[0]
            done += 1
        size = max(1, _ROWS_AT_ONCE // max(1, len(rows)))
        for k in range(done, len(starts), size):
            out[k : k + size] = self._general(starts[k : k + size], rows)

    def _general(self, starts: Integers, rows: Integers) -> Floats:
        """Read rows of frames, whatever their layout."""
        begins = np.empty((len(starts), len(rows)), np.int64)
        short = lines.row_starts(self._file.array, starts, len(self.species), rows, begins)
        if short >= 0:
            raise bad_row(self._file, int(starts[short]), 3, "position")
        numbers = read_rows(self._file, begins.ravel(), len(self._file), what="position", largest=LARGEST)
        return numbers.reshape(len(starts), len(rows), 3)


def _one_cell(file: FileBytes, headers: Integers, cell: Floats) -> bool:
    """Return whether all headers hold this cell (restarts do, a variable cell does not)."""
    if len(headers) < 2:
        return True
    if not np.array_equal(read_cells(file, headers[1:2])[0][0], cell):
        return False
    return bool((read_cells(file, headers)[0] == cell).all())


def _fixed_pattern(file: FileBytes, start: int, n_atoms: int) -> tuple[int, NDArray[np.int64], int] | None:
    """Return (row length, columns of the points, decimals) if the first row can be one of equal rows."""
    stop = file.data.find(b"\n", start, start + 500)
    row = bytes(file.data[start : stop + 1])
    found = list(re.finditer(rb"\.(\d+)(?=[\s-])", row))
    dots = [match.start() for match in found]
    sizes = {len(match.group(1)) for match in found}
    if stop < 0 or row.count(b".") != 3 or len(dots) != 3 or len(sizes) != 1 or dots[0] < 1:
        return None
    decimals = sizes.pop()
    if not 1 <= decimals <= 15 or n_atoms * len(row) > len(file):
        return None
    return len(row), np.array(dots), decimals
