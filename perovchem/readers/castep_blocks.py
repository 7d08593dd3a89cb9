"""Where each frame of a CASTEP .md or .geom begins and where its rows stand: blocks of tagged lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.errors import FormatError
from perovchem.frames import Integers
from perovchem.readers.filebytes import FileBytes

#: The tag of the first line of a frame, which has none in a .md and "c" in a .geom.
TIME: Final = ""

_FIXED: Final = {"E": 1, "T": 1, "P": 1, "h": 3, "hv": 3, "S": 3}
_PER_ATOM: Final = ("R", "V", "F")
_LEAD: Final = 18  # bytes before the numbers in what CASTEP writes: 1x,a8,i9
_LONGEST_LINE: Final = 4000
_MOST_AT_ONCE: Final = 1 << 16
_MOST_BLANKS: Final = 64
_SPACE: Final = re.compile(rb"\s*")
_NUMBER: Final = re.compile(rb"\s*[-+]?\.?\d")
_TAG: Final = re.compile(r"[A-Za-z]\w{0,15}")
_LABEL: Final = re.compile(rb"\s*(\S+)\s+(\d+)(?=\s)")
_FIX: Final = "restore the file, or cut it off before this line"


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the rows of a frame stand, in bytes from its first.

    Attributes
    ----------
    offsets, leads : mapping of tag to int64 (n_rows,)
        Where each row begins, and how many bytes there come before its numbers.
    labels : tuple of bytes
        Label and serial number of each atom.
    n_energies : int
        3 in a .md, 2 in a .geom (energy and enthalpy).
    cell : tuple of int
        Where the lines of the cell begin, and the length of their text.
    length, stride : int
        To the end of the last tag, and to the beginning of whatever follows.
    probes : int64 (n,)
        Bytes that must be the same in every frame of this layout: tags, line ends, blank lines.
    """

    offsets: Mapping[str, Integers]
    leads: Mapping[str, Integers]
    labels: tuple[bytes, ...]
    n_energies: int
    cell: tuple[int, int]
    length: int
    stride: int
    probes: Integers

    @property
    def is_geometry(self) -> bool:
        """Whether this is a step of a geometry optimization, without time, velocities and temperature."""
        return "V" not in self.offsets and "T" not in self.offsets

    def n_columns(self, tag: str) -> int:
        """Return how many numbers a row holds."""
        if tag == "E":
            return self.n_energies
        return 1 if tag in (TIME, "T", "P") else 3

    def holds(self, other: Layout) -> bool:
        """Return whether each kind of row of ``other`` is here too, as often."""
        return all(
            tag in self.offsets and len(self.offsets[tag]) == len(rows) for tag, rows in other.offsets.items()
        )


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """``count`` frames of one layout at equal distances; ``first`` is the number of the first."""

    first: int
    start: int
    count: int
    layout: Layout

    def starts(self, frames: Integers) -> Integers:
        """Return the first byte of each of the frames."""
        return self.start + (frames - self.first) * self.layout.stride


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """All complete frames of a file; ``lost`` bytes at its end hold none."""

    segments: tuple[Segment, ...]
    n_headers: int
    lost: int

    @property
    def n_frames(self) -> int:
        """Number of complete frames."""
        return self.segments[-1].first + self.segments[-1].count


def find_frames(file: FileBytes) -> Index:
    """Index a .md or .geom.

    Raises
    ------
    FormatError
        If there is no complete frame, or a line is not what its place or tag promises.
    """
    segments: list[Segment] = []
    size = len(file)
    n_headers = n_frames = lost = 0
    position = _skip_blank(file, 0)
    while position < size:
        if re.match(rb"\s*BEGIN header", file.data[position : position + 80]):
            after = _skip_header(file, position)
            if after is None:
                lost = size - position
                break
            n_headers += 1
            position = after
            continue
        model = segments[0].layout if segments else None
        layout = read_layout(file, position, model)
        if layout is None:
            lost = size - position
            break
        count = _count_repeats(file, position, layout)
        segments.append(Segment(n_frames, position, count, layout))
        n_frames += count
        last = position + (count - 1) * layout.stride + layout.length
        position = _skip_blank(file, last)
    if not segments:
        raise FormatError(
            "the file holds no complete frame",
            where=str(file.path),
            fix="wait until the run has written one, or copy the file again",
        )
    return Index(tuple(segments), n_headers, lost)


def _skip_blank(file: FileBytes, position: int) -> int:
    """Return where the first line that is not blank begins, at or behind ``position``."""
    match = _SPACE.match(file.data, position)
    end = match.end() if match else position
    if end >= len(file):
        return end
    return max(position, file.data.rfind(b"\n", position, end) + 1)


def _skip_header(file: FileBytes, position: int) -> int | None:
    """Return where the first line behind a header begins; None where the file ends within the header."""
    end = file.data.find(b"END header", position)
    return None if end < 0 else _skip_blank(file, end + len(b"END header"))


def _count_repeats(file: FileBytes, start: int, layout: Layout) -> int:
    """Return how many frames of this layout follow one another, this one included."""
    stride, size, text = layout.stride, len(file), file.array
    possible = (size - start) // stride
    model = text[start + layout.probes[layout.probes < size - start]]
    count, step = 1, 1
    while count < possible:
        frames = np.arange(count, min(count + step, possible))
        same = (text[(start + frames * stride)[:, None] + layout.probes] == model).all(axis=1)
        if not same.all():
            return count + int(np.argmin(same))
        count += len(frames)
        step = min(2 * step, _MOST_AT_ONCE)  # work in proportion to what is found
    # the last frame of the file may lack its blank line
    begin = start + count * stride
    if count >= possible and begin + layout.length <= size:
        tail = bytes(file.data[begin + layout.length : begin + stride])
        inner = layout.probes[layout.probes < min(layout.length, size - begin)]
        if not tail.strip() and (text[begin + inner] == text[start + inner]).all():
            count += 1
    return count


def read_layout(file: FileBytes, start: int, model: Layout | None) -> Layout | None:
    """Read the frame at ``start`` line by line.

    Parameters
    ----------
    file : FileBytes
    start : int
    model : Layout, optional
        The first frame of the file: its atoms are the ones expected.

    Returns
    -------
    Layout or None
        None where the file ends within the frame.

    Raises
    ------
    FormatError
        If a line is not what its place or tag promises.
    """
    frame = _FrameLines(file, start)
    ended = False
    for position, line, terminated in _lines(file, start):
        if not line.strip():
            ended = terminated  # else a row cut within its leading blanks
            break
        if not frame.add(position, line, terminated):
            return None
    if not ended and not frame.is_whole(model):
        return None
    frame.check(model)
    return frame.layout(model)


def _lines(file: FileBytes, start: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield where each line begins, its bytes without the line end, and whether it has one."""
    size = len(file)
    while start < size:
        end = file.data.find(b"\n", start, start + _LONGEST_LINE)
        terminated = end >= 0
        if not terminated:
            if size - start > _LONGEST_LINE:
                raise FormatError(
                    f"a line of more than {_LONGEST_LINE} bytes", where=file.where(start), fix=_FIX
                )
            end = size
        yield start, bytes(file.data[start:end]), terminated
        start = end + 1


class _FrameLines:
    """The lines of one frame, gathered by tag."""

    def __init__(self, file: FileBytes, start: int) -> None:
        self.file = file
        self.start = start
        self.length = 0
        self.offsets: dict[str, list[int]] = {}
        self.leads: dict[str, list[int]] = {}
        self.labels: dict[str, list[bytes]] = {tag: [] for tag in _PER_ATOM}
        self.cell_end = 0
        self.n_energies = 0
        self.probes: list[range] = []

    def add(self, position: int, line: bytes, terminated: bool) -> bool:
        """Take in a line; return False where the file ends within it."""
        head, mark, name = line.rpartition(b"<--")
        tag = name.strip().decode("latin-1") if mark else TIME
        if position == self.start:
            if not terminated:
                return False
            if not _NUMBER.match(line) or (mark and tag != "c"):
                raise self._error(
                    "a frame should begin with its time (.md) or iteration (.geom)", position, line
                )
            tag = TIME
        elif not mark or not _TAG.fullmatch(tag):
            if not terminated:
                return False
            raise self._error("a line should end with <-- and a tag", position, line)
        lead = _LEAD if line[_LEAD : _LEAD + 3] == b"   " else 0
        if tag in self.labels:
            words = _LABEL.match(head)
            if words is None:
                raise self._error(
                    f"a row tagged {tag} should begin with a label and a number", position, line
                )
            self.labels[tag].append(b" ".join(words.groups()))
            lead = lead if words.end() <= lead else words.end()
        elif line[:lead].strip():
            lead = 0
        self.offsets.setdefault(tag, []).append(position - self.start)
        self.leads.setdefault(tag, []).append(lead)
        text = line.rstrip()
        self.length = position - self.start + len(text)
        if tag == "h":
            self.cell_end = self.length
        elif tag == "E":
            self.n_energies = len(head.split())
            if self.n_energies not in (2, 3):
                raise self._error("a line tagged <-- E should hold 3 numbers (.geom: 2)", position, line)
        if len(self.probes) < 4:
            self.probes.append(
                range(self.length - len(text) + len(head) if mark else self.length, self.length + 1)
            )
        self._last = range(position - self.start + len(head), self.length)
        return True

    def is_whole(self, model: Layout | None) -> bool:
        """Return whether a frame that no blank line ends has all its rows."""
        counts = {tag: len(rows) for tag, rows in self.offsets.items()}
        n_atoms = counts.get("R", 0) if model is None else len(model.labels)
        forces = model is None or "F" in model.offsets
        velocities = "T" in counts if model is None else "V" in model.offsets
        wanted = {"E": 1, "h": 3, "R": n_atoms}
        wanted |= {"F": n_atoms} if forces else {}
        wanted |= {"V": n_atoms} if velocities else {}
        return n_atoms > 0 and all(counts.get(tag) == count for tag, count in wanted.items())

    def check(self, model: Layout | None) -> None:
        """Raise where rows are missing, too many, or of other atoms than expected."""
        for tag, count in _FIXED.items():
            found = len(self.offsets.get(tag, ()))
            if found != count and (found or tag in ("E", "h")):
                raise self._odd(
                    f"the frame has {found} lines tagged <-- {tag} and should have {count}", self.start
                )
        if model is not None and self.n_energies != model.n_energies:
            raise self._odd(
                f"the frame has {self.n_energies} energies and those before it have {model.n_energies}",
                self.start + self.offsets["E"][0],
            )
        atoms = tuple(self.labels["R"]) if model is None else model.labels
        if not atoms:
            raise self._odd("the frame holds no positions, tagged <-- R", self.start)
        for tag in _PER_ATOM:
            labels = self.labels[tag]
            rows = self.offsets.get(tag, [])
            for label, expected, row in zip(labels, atoms, rows, strict=False):
                if label != expected:
                    raise self._odd(
                        f"a row tagged <-- {tag} is of {_quote(label)} where {_quote(expected)} is expected",
                        self.start + row,
                    )
            if len(labels) != len(atoms) and (labels or tag == "R"):
                raise self._odd(
                    f"the frame has {len(labels)} rows tagged <-- {tag} for {len(atoms)} atoms",
                    self.start + rows[-1] if rows else self.start,
                )

    def layout(self, model: Layout | None) -> Layout:
        """Return what was gathered."""
        stride = _skip_blank(self.file, self.start + self.length) - self.start
        ends = range(self.length, min(stride, self.length + _MOST_BLANKS))
        probes = {p for part in (*self.probes, self._last, ends) for p in part if p < stride}
        return Layout(
            {tag: np.array(rows, np.int64) for tag, rows in self.offsets.items()},
            {tag: np.array(rows, np.int64) for tag, rows in self.leads.items()},
            tuple(self.labels["R"]) if model is None else model.labels,
            self.n_energies,
            (self.offsets["h"][0], self.cell_end - self.offsets["h"][0]),
            self.length,
            stride,
            np.array(sorted(probes), np.int64),
        )

    def _odd(self, what: str, position: int) -> FormatError:
        return FormatError(what, where=self.file.where(position), fix=_FIX)

    def _error(self, what: str, position: int, line: bytes) -> FormatError:
        return self._odd(f"{what}, and this one is {_quote(line)}", position)


def _quote(text: bytes) -> str:
    return repr(text.strip()[:80].decode("latin-1"))
