"""XDATCAR of VASP 4 to 6: fixed or variable cell, concatenated restarts, any column layout.

VASP writes frames of equal length, so opening jumps from label to label; where a file does not keep the
stride, it is scanned line by line. Rows in VASP's fixed columns are read as integers over a power of ten,
all others by the general parser; both equal Python's ``float`` bit for bit.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import lines, text
from perovchem.errors import FormatError
from perovchem.frames import Floats, FrameSource, Integers, RunMetadata
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import bad_row, read_rows
from perovchem.readers.poscar_header import Header, read_header

_MARKER: Final = re.compile(
    rb"[ \t]*(direct|cartesian)[ \t]+configuration[ \t]*=[ \t]*([^\r\n]*)\r?\n?", re.I
)
_BLANK: Final = re.compile(rb"[ \t]*\r?\n")
_NEXT: Final = re.compile(rb"(?im)^[ \t]*(?:direct|cartesian)[ \t]+configuration[ \t]*=")


@dataclass(slots=True)
class _Index:
    """What scanning collects: one entry per complete frame."""

    rows: list[NDArray[np.int64]] = field(default_factory=list)
    labels: list[NDArray[np.int64]] = field(default_factory=list)
    headers: list[NDArray[np.int64]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cartesian: bool | None = None
    complete: bool = True
    n_frames: int = 0

    def add(self, rows: NDArray[np.int64], labels: NDArray[np.int64], headers: NDArray[np.int64]) -> None:
        self.rows.append(rows)
        self.labels.append(labels)
        self.headers.append(headers)
        self.n_frames += len(rows)


def open_xdatcar(file: FileBytes) -> FrameSource:
    """Index an XDATCAR.

    Raises
    ------
    FormatError
        If the header is broken or no frame is complete.
    """
    return _Scanner(file).source()


class _Scanner:
    """Walks through the file once, by strides where they hold and by lines where not."""

    def __init__(self, file: FileBytes) -> None:
        self.file = file
        self.header = read_header(file, 0)
        self.first = self.header
        self.n_atoms = len(self.header.species)
        self.index = _Index(notes=[*file.notes, *self.header.notes], complete=file.complete)
        self.blank_marks = not _MARKER.match(self._peek(self.header.end))

    def source(self) -> XdatcarSource:
        """Return the finished source."""
        position = self.header.end
        while position < len(self.file):
            position = self._block(position)
        if self.index.n_frames == 0:
            raise FormatError(
                "no complete frame", where=str(self.file.path), fix="wait until the run has written one"
            )
        return XdatcarSource(self.file, self.first, self.index)

    def _peek(self, position: int, size: int = 200) -> bytes:
        return bytes(self.file.data[position : position + size])

    def _mark(self, position: int) -> re.Match[bytes] | None:
        """Return the match of the line that opens a frame."""
        return (_BLANK if self.blank_marks else _MARKER).match(self._peek(position))

    def _block(self, position: int) -> int:
        """Take in what stands at ``position``; return where to go on."""
        mark = self._mark(position)
        if mark is None:
            if not self._peek(position, 4096).strip():
                return len(self.file)  # blank lines at the end
            return self._header(position)
        rows = position + mark.end()
        passed, end = lines.skip_lines(self.file.array, rows, self.n_atoms)
        if passed < self.n_atoms or not self._last_row_whole(end):
            return self._cut(position)
        if end < len(self.file) and not self._boundary(end):
            return self._misfit(position, rows)
        if not self.blank_marks:
            self._kind(mark, position)
        label = _label(mark.group(2) if not self.blank_marks else b"")
        one = np.array([rows]), np.array([label]), np.array([self.header.start])
        self.index.add(*one)
        return self._jump(position, rows, end) if end < len(self.file) else end

    def _kind(self, mark: re.Match[bytes], position: int) -> None:
        """Direct and Cartesian frames cannot share one file."""
        cartesian = mark.group(1).lower() == b"cartesian"
        if self.index.cartesian not in (None, cartesian):
            raise FormatError(
                "Direct and Cartesian frames are mixed", where=self.file.where(position), fix="split the file"
            )
        self.index.cartesian = cartesian

    def _boundary(self, position: int) -> bool:
        """Return whether a frame may end here: a mark, only blanks, or a header follows."""
        if self._mark(position) or not self._peek(position, 4096).strip():
            return True
        try:
            header = read_header(self.file, position)
        except FormatError:
            return False
        return len(header.species) == self.n_atoms

    def _header(self, position: int) -> int:
        """Take in a repeated header (variable cell, or the next run of a concatenated file)."""
        try:
            header = read_header(self.file, position)
        except FormatError as error:
            return self._lost(position, f"text that is no frame ({error.what})")
        if header.species != self.first.species:
            raise FormatError(
                "a second header names other atoms than the first",
                where=self.file.where(position),
                fix="split the file where the system changes",
            )
        self.header = header
        return header.end

    def _cut(self, position: int) -> int:
        """The last frame is not whole: keep the ones before."""
        number = self.index.n_frames
        self.index.complete = False
        self.index.notes.append(
            f"{self.file.path.name}: the file ends within frame {number} "
            f"(line {self.file.line_number(position)}); the {number} complete frames before were kept"
        )
        return len(self.file)

    def _misfit(self, position: int, rows: int) -> int:
        """The rows of a frame are not as many as the header says: leave that frame out."""
        following = _NEXT.search(self.file.data, rows) if not self.blank_marks else None
        stop = following.start() if following else len(self.file)
        held = np.count_nonzero(self.file.array[rows:stop] == 10)
        return self._lost(position, f"a frame with {held} lines where {self.n_atoms} atoms are promised")

    def _lost(self, position: int, what: str) -> int:
        """Note what is skipped; go on at the next label."""
        self.index.complete = False
        self.index.notes.append(
            f"{self.file.path.name}, line {self.file.line_number(position)}: {what} was left out"
        )
        if len(self.index.notes) > 50:
            raise FormatError(
                "more than fifty pieces of the file are no frames",
                where=str(self.file.path),
                fix="check that it is an XDATCAR",
            )
        line_end = self.file.data.find(b"\n", position)
        following = (
            _NEXT.search(self.file.data, line_end + 1) if line_end >= 0 and not self.blank_marks else None
        )
        return following.start() if following else len(self.file)

    def _last_row_whole(self, end: int) -> bool:
        """Return whether the row before ``end`` has its line end, or as many decimals as its neighbor."""
        data = self.file.data
        if data[end - 1 : end] == b"\n":
            return True
        last = data.rfind(b"\n", 0, end) + 1
        above = data.rfind(b"\n", 0, max(last - 1, 0)) + 1
        final = re.findall(rb"[^\s]+", data[last:end])
        model = re.findall(rb"[^\s]+", data[above : max(last - 1, 0)])
        if not final or len(final) != len(model):
            return False
        return len(final[-1].rpartition(b".")[2]) == len(model[-1].rpartition(b".")[2])

    def _jump(self, position: int, rows: int, end: int) -> int:
        """Take in all following frames that repeat the layout of the one just read; return where they end."""
        repeats_header = not self._mark(end)
        if self.n_atoms == 0 or (repeats_header and end - self.header.start > 1 << 30):
            return end
        begin = self.header.start if repeats_header else position
        if repeats_header and self.header.end != position:
            return end  # the first frame of a file whose header is not repeated every time
        stride = end - begin
        n_more = (len(self.file) - end) // stride
        starts = end + stride * np.arange(n_more, dtype=np.int64)
        array, data = self.file.array, self.file.data
        good = lines.equal_at(array, starts, -1, np.frombuffer(b"\n", np.uint8))
        # the mark must stand where it stood; of a header, the species and counts as well
        mark = data[position:rows]
        fixed = mark[: mark.find(b"=") + 1] if b"=" in mark else mark
        good &= lines.equal_at(array, starts, position - begin, np.frombuffer(fixed, np.uint8))
        good &= lines.equal_at(array, starts, rows - begin - 1, np.frombuffer(b"\n", np.uint8))
        good &= lines.equal_at(array, starts, stride - 1, np.frombuffer(b"\n", np.uint8))
        if repeats_header:
            lattice = _line_offset(data, begin, 2), _line_offset(data, begin, 5)
            for first, last in ((0, lattice[0]), (lattice[1], self.header.end - begin)):
                piece = data[begin + first : begin + last]
                good &= lines.equal_at(array, starts, first, np.frombuffer(piece, np.uint8))
        n_good = int(np.argmin(good)) if not good.all() else len(good)
        starts = starts[:n_good]
        if n_good == 0:
            return end
        last = int(starts[-1]) + stride
        if last < len(self.file) and not self._boundary(last):
            starts = starts[:-1]  # its rows run on: let the line scan judge it
        headers = starts if repeats_header else np.full(len(starts), self.header.start)
        offset = rows - begin
        labels = self._labels(starts + (position - begin) + len(fixed), rows - position - len(fixed))
        self.index.add(starts + offset, labels, headers)
        return end + stride * len(starts)

    def _labels(self, starts: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        """Return the numbers in fixed fields, -1 where stars or nothing stand."""
        if self.blank_marks or width <= 0 or len(starts) == 0:
            return np.full(len(starts), -1, np.int64)
        fields = self.file.array[starts[:, None] + np.arange(width)]
        blank = (fields == 32) | (fields == 10) | (fields == 13) | (fields == 9)
        good = ((fields >= 48) & (fields <= 57) | blank).all(axis=1) & ~blank.all(axis=1) & (width < 18)
        labels = np.zeros(len(starts), np.int64)
        for column in range(width):
            labels = np.where(blank[:, column], labels, labels * 10 + fields[:, column].astype(np.int64) - 48)
        return np.where(good, labels, -1)


def _line_offset(data: mmap.mmap | bytes, start: int, n_lines: int) -> int:
    """Return where line ``n_lines`` (from 0) begins, counted from ``start``."""
    position = start
    for _ in range(n_lines):
        position = data.find(b"\n", position) + 1
    return position - start


def _label(word: bytes) -> int:
    """Return the number of a label, -1 where VASP wrote stars or nothing."""
    word = word.strip()
    return int(word) if re.fullmatch(rb"\d{1,15}", word) else -1


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

    def __init__(self, file: FileBytes, header: Header, index: _Index) -> None:
        self.files = (file.path,)
        self.species = header.species
        self.n_frames = index.n_frames
        self.cartesian = bool(index.cartesian)
        self.complete = index.complete
        self.metadata = RunMetadata(code="VASP")
        self._file = file
        self._rows = np.concatenate(index.rows)
        self._headers = np.concatenate(index.headers)
        self.fixed_cell = self._one_cell()
        self._header = header
        self.steps, mended = _mend_labels(np.concatenate(index.labels))
        if mended:
            index.notes.append(
                f"{file.path.name}: {mended} labels that VASP printed as stars were counted on"
            )
        self.notes = tuple(index.notes)
        self._pattern = _fixed_pattern(file, int(self._rows[0]), len(self.species))

    def _one_cell(self) -> bool:
        """Return whether every header that is not the first repeats its cell (restarts do, NPT does not)."""
        starts = np.unique(self._headers)
        return all(
            np.array_equal(read_header(self._file, int(start)).cell, self._header.cell)
            for start in starts[1:]
        )

    def cells(self, frames: Integers) -> Floats:
        """Return the lattice vectors as rows, (n_frames, 3, 3), Å."""
        if self.fixed_cell:
            return np.broadcast_to(self._header.cell, (len(frames), 3, 3))
        starts, which = np.unique(self._headers[frames], return_inverse=True)
        cells = np.stack([read_header(self._file, int(start)).cell for start in starts])
        if len(starts) == 1:
            return np.broadcast_to(cells[0], (len(frames), 3, 3))
        return cells[which]

    def coordinates(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return (n_frames, n_atoms, 3): fractional as written, or Å where the file is Cartesian."""
        rows = np.arange(len(self.species)) if atoms is None else np.asarray(atoms, np.int64)
        out = np.empty((len(frames), len(rows), 3))
        starts = self._rows[frames]
        done = failures = 0
        while done < len(frames) and self._pattern is not None and failures < 20:
            length, dots, decimals = self._pattern
            bad = text.parse_fixed_rows(
                self._file.array, starts[done:], rows, length, dots, decimals, out[done:]
            )
            if bad < 0:
                done = len(frames)
                break
            failures += 1
            done += bad // len(rows)
            out[done] = self._general(int(starts[done]), rows)
            done += 1
        for k in range(done, len(frames)):
            out[k] = self._general(int(starts[k]), rows)
        if self.cartesian:
            out *= self._header.scale
        return out

    def _general(self, start: int, rows: NDArray[np.int64]) -> Floats:
        """Read the rows of one frame, whatever their layout."""
        begins = np.empty(len(self.species), np.int64)
        found, end = lines.line_starts(self._file.array, start, len(begins), begins)
        if found < len(begins):
            raise bad_row(self._file, start, 3, "position")
        return read_rows(self._file, begins[rows], end, what="position")


def _fixed_pattern(file: FileBytes, start: int, n_atoms: int) -> tuple[int, NDArray[np.int64], int] | None:
    """Return (row length, columns of the points, decimals) if the first row can be one of equal rows."""
    stop = file.data.find(b"\n", start, start + 500)
    row = bytes(file.data[start : stop + 1])
    dots = [match.start() for match in re.finditer(rb"\.", row)]
    sizes = {len(match.group(1)) for match in re.finditer(rb"\.(\d+)(?=[\s-]|$)", row)}
    if stop < 0 or len(dots) != 3 or len(sizes) != 1 or dots[0] < 1:
        return None
    decimals = sizes.pop()
    if not 1 <= decimals <= 15 or n_atoms * len(row) > len(file):
        return None
    return len(row), np.array(dots), decimals
