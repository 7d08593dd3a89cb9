"""Where the frames of an extended XYZ stand: jumps where they keep their length, lines where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from perovchem._kernels import lines, xyz_rows
from perovchem.elements import element, table
from perovchem.errors import FormatError
from perovchem.readers.extxyz_comments import Comments, read_comments
from perovchem.readers.filebytes import FileBytes

_SHORTEST_ROW: Final = 7
_WORD: Final = re.compile(rb"\S+")
_FIX: Final = "restore the file, or cut it off before this frame"


class Index:
    """The complete frames of a file.

    Attributes
    ----------
    starts, ends : int64 (n_frames,)
        First byte of the rows of each frame, and the first behind them.
    widths : int64 (n_frames,)
        Bytes of each row of a frame, its line end included; 0 where they differ.
    species : tuple of str
    comments : Comments
    lost : str
        Where the file ends within a frame, in words; "" where it does not.

    Raises
    ------
    FormatError
        If no frame is complete, one lacks a cell, or a line is not what its place promises.
    """

    def __init__(self, file: FileBytes) -> None:
        self.file = file
        self.lost = ""
        self.species: tuple[str, ...] = ()
        self._names = np.zeros((0, 0), np.uint8)
        self._rows: list[tuple[int, int, int, int]] = []
        try:
            self._scan()
        except FormatError:
            if self._rows:  # a row too few or too many shows before the line that is odd
                self._finish()
            raise
        if not self._rows:
            raise FormatError(
                "the file holds no complete frame",
                where=str(self.file.path),
                fix="copy the file again, and end its last row with a line end",
            )
        self._finish()

    def _finish(self) -> None:
        """Read the second lines, and compare the rows."""
        comments, self.starts, self.ends, self.widths = np.array(self._rows, np.int64).T.copy()
        self.comments: Comments = read_comments(self.file, comments, self.starts)
        self._name_atoms()
        self._check()

    def _scan(self) -> None:
        """Find the frames."""
        data, size = self.file.data, len(self.file)
        position, first, n_atoms, width = 0, b"", 0, 0
        while position < size:
            end = data.find(b"\n", position)
            line = data[position : end if end >= 0 else size]
            if line != first:
                if not line.strip():
                    position = end + 1 if end >= 0 else size
                    continue
                if end < 0:
                    self.lost = "within the number of atoms of a frame"
                    break
                n_atoms = self._count(line, position, n_atoms)
                first = bytes(line)
            begin = data.find(b"\n", end + 1) + 1
            if begin <= 0 or begin + n_atoms * _SHORTEST_ROW > size + 1:
                self.lost = "within a frame"
                break
            last, wide = self._rows_end(begin, n_atoms, width, first)
            if last < 0:
                break
            self._rows.append((end + 1, begin, last, wide))
            width = width or wide
            position = last
            if wide and wide == width:
                position = self._jump(position, first + b"\n", n_atoms, wide)

    def _is_whole(self, begin: int, end: int, width: int, n_atoms: int) -> bool:
        """Return whether a last row without a line end is as long as the others, and its words end as theirs."""
        if n_atoms < 2 or end + 1 - begin != n_atoms * width:
            return False
        rows = bytes(self.file.data[end + 1 - 2 * width : end]).split(b"\n")
        ends = [[match.end() for match in _WORD.finditer(row)][1:] for row in rows]
        return len(ends) == 2 and ends[0] == ends[1]

    def _jump(self, position: int, first: bytes, n_atoms: int, width: int) -> int:
        """Take in the frames that follow at one stride; return where they end."""
        most = 64
        line = np.frombuffer(first, np.uint8)
        while True:
            places = np.empty((most, 4), np.int64)
            count, position = xyz_rows.jump_frames(self.file.array, position, line, n_atoms, width, places)
            self._rows += [tuple(row) for row in places[:count].tolist()]
            if count < most:
                return int(position)
            most = min(16 * most, 1 << 16)

    def _count(self, line: bytes, position: int, known: int) -> int:
        """Return the number of atoms of a frame."""
        word = line.strip()
        frame = len(self._rows)
        if not (word.isdigit() and 0 < len(word) < 12 and int(word)):
            raise FormatError(
                f"frame {frame} should begin with its number of atoms, and this line is "
                f"{line.strip()[:80].decode('latin-1')!r}",
                where=self.file.where(position),
                fix=_FIX,
            )
        if known and int(word) != known:
            raise FormatError(
                f"frame {frame} has {int(word)} atoms, and those before it have {known}",
                where=self.file.where(position),
                fix="split the file, so that each part holds the same atoms throughout",
            )
        return int(word)

    def _rows_end(self, begin: int, n_atoms: int, width: int, first: bytes) -> tuple[int, int]:
        """Return the first byte behind the rows, -1 where the file ends before, and the bytes of each."""
        data, size = self.file.data, len(self.file)
        end = begin + n_atoms * width
        if width and end <= size and data[end - 1] == 10:
            following = data[end : end + len(first) + 1]
            if not following or following == first + b"\n":
                return end, width
        passed, end = lines.skip_lines(self.file.array, begin, n_atoms)
        wide = data.find(b"\n", begin, end) + 1 - begin
        if passed == n_atoms and (data[end - 1] == 10 or self._is_whole(begin, end, wide, n_atoms)):
            return end, wide if (end + (data[end - 1] != 10)) - begin == n_atoms * wide else 0
        self.lost = "within a frame" if passed < n_atoms else "within a row, or without a line end behind it"
        return -1, 0

    def _name_atoms(self) -> None:
        """Read the elements of the first frame."""
        begin, end = int(self.starts[0]), int(self.ends[0])
        columns = self.comments.layouts[self.comments.layout_of[0]]
        by_symbol = "species" in columns.first
        word = columns.first["species" if by_symbol else "Z"]
        words = []
        for row in bytes(self.file.data[begin:end]).removesuffix(b"\n").split(b"\n"):
            parts = row.split()
            if len(parts) != columns.n_words:
                place = self.file.data.find(row, begin) if row else begin
                raise FormatError(
                    f"a row holds {len(parts)} words where Properties= promises {columns.n_words}: "
                    f"{row.decode('latin-1').strip()[:80]!r}",
                    where=f"{self.file.where(place)}, frame 0",
                    fix="part numbers that are glued together, or mend Properties=",
                )
            words.append(parts[word])
        where = f"{self.file.where(begin)}, frame 0"
        symbols = {one: _symbol(one, by_symbol=by_symbol, where=where) for one in set(words)}
        self.species = tuple(symbols[one] for one in words)
        self._names = np.zeros((len(words), max(map(len, words))), np.uint8)
        for atom, one in enumerate(words):
            self._names[atom, : len(one)] = np.frombuffer(one, np.uint8)

    def _check(self) -> None:
        """Refuse frames whose rows are not those of the same atoms in the same order."""
        for number, columns in enumerate(self.comments.layouts):
            chosen = np.flatnonzero(self.comments.layout_of == number)
            word = columns.first["species" if "species" in columns.first else "Z"]
            while len(chosen):
                frame, row = xyz_rows.check_rows(
                    self.file.array,
                    self.starts[chosen],
                    self.ends[chosen],
                    self.widths[chosen],
                    word,
                    self._names,
                )
                if frame < 0:
                    break
                chosen = chosen[frame:]
                bad = int(chosen[0])
                if self.widths[bad] == 0:
                    raise self._other_atom(bad, int(row), int(self.starts[bad]))
                self.widths[bad] = 0  # rows of several lengths that add up by chance

    def _other_atom(self, frame: int, row: int, start: int) -> FormatError:
        place = int(lines.skip_lines(self.file.array, start, row)[1])
        stop = self.file.data.find(b"\n", place, place + 200)
        shown = self.file.data[place : stop if stop >= 0 else place + 80].decode("latin-1").strip()[:80]
        name = bytes(self._names[row]).rstrip(b"\0").decode("latin-1")
        return FormatError(
            f"row {row} of frame {frame} should be of {name}, as in the first frame, and is {shown!r}",
            where=self.file.where(place),
            fix="write all frames with the same atoms in the same order, or restore the rows",
        )

    def notes(self) -> Iterator[str]:
        """Yield what was lost or assumed."""
        name, kept = self.file.path.name, len(self._rows)
        if self.lost:
            yield f"{name} ends {self.lost}: the {kept} complete frames before were kept"
        if self.comments.n_open:
            yield (
                f"{name}: {self.comments.n_open} of {kept} frames are said not to be periodic in all directions "
                "(pbc), and are taken as periodic in the cell of their Lattice"
            )
        if self.comments.n_odd_stress:
            yield f"{name}: the stress of {self.comments.n_odd_stress} frames is no symmetric tensor, and was left out"


def _symbol(word: bytes, *, by_symbol: bool, where: str) -> str:
    """Return the element of a symbol, in any case, or of an atomic number."""
    text = word.decode("latin-1")
    if by_symbol:
        return text.capitalize() if text.capitalize() in table() else element(text, where=where).symbol
    symbols = list(table())
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= len(symbols)):
        raise FormatError(
            f"{text[:20]!r} is no atomic number", where=where, fix=f"give numbers from 1 to {len(symbols)}"
        )
    return symbols[int(text) - 1]
