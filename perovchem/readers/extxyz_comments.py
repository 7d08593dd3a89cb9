"""The second lines of all frames of an extended XYZ, read together where they differ in numbers alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import xyz_rows
from perovchem.frames import Floats, Integers
from perovchem.readers import extxyz_header as header
from perovchem.readers.filebytes import FileBytes

SCALARS: Final = ("energy", "free_energy", "time", "step")
_MOST_TEMPLATES: Final = 20
_NUMBERS: Final = re.compile(rb"[-+]?[\d.][\d.eEdD+\-]*(?:[ ,]+[-+]?[\d.][\d.eEdD+\-]*)*")


@dataclass(slots=True)
class Comments:
    """What the second lines say.

    Attributes
    ----------
    cells : float64 (n_frames, 3, 3)
    stress : float64 (n_frames, 3, 3)
        eV/Å3, tension positive; NaN where a frame has none.
    scalars : dict of str to float64 (n_frames,)
        energy, free_energy, time, step; NaN where a frame has none.
    layouts : list of Columns
    layout_of : int64 (n_frames,)
    n_open : int
        Frames that are said not to be periodic in all directions.
    n_odd_stress : int
        Frames whose stress is no symmetric tensor.
    n_of_lammps : int
        Frames that number their step as LAMMPS does, "Timestep=".
    """

    cells: Floats
    stress: Floats
    scalars: dict[str, Floats]
    layouts: list[header.Columns]
    layout_of: Integers
    n_open: int = 0
    n_odd_stress: int = 0
    n_of_lammps: int = 0


def read_comments(file: FileBytes, starts: Integers, ends: Integers) -> Comments:
    """Read the second line of each frame.

    Parameters
    ----------
    file : FileBytes
    starts, ends : int64 (n_frames,)
        First byte of each line, and the first behind it.

    Raises
    ------
    FormatError
        If one states no cell, or columns that make no sense; with the frame.
    """
    n_frames = len(starts)
    found = Comments(
        np.empty((n_frames, 3, 3)),
        np.full((n_frames, 3, 3), np.nan),
        {name: np.full(n_frames, np.nan) for name in SCALARS},
        [],
        np.zeros(n_frames, np.int64),
    )
    todo, n_templates = np.arange(n_frames), 0
    while len(todo):
        frame = int(todo[0])
        comment = bytes(file.data[starts[frame] : ends[frame]])
        where = f"{file.where(int(starts[frame]))}, frame {frame}"
        texts = header.key_values(comment)
        numbers = {name: header.numbers(text) for name, text in texts.items()}
        _take(found, todo[:1], texts, {k: v[None] for k, v in numbers.items() if v is not None}, where)
        todo = todo[1:]
        if n_templates < _MOST_TEMPLATES and len(todo):
            n_templates += 1
            template = _Template(comment)
            like, values = template.match(file, starts[todo], ends[todo])
            if like.any():
                same = {name: text for name, text in texts.items() if name not in values}
                chosen = {name: columns[like] for name, columns in values.items()}
                _take(found, todo[like], same, chosen, f"{file.path}")
                todo = todo[~like]
    return found


class _Template:
    """A line whose numbers may change."""

    def __init__(self, comment: bytes) -> None:
        self.literals: list[bytes] = []
        self.groups: list[tuple[str, int]] = []
        done = 0
        for match in header.PAIR.finditer(comment):
            boxed = match.group(2) is not None
            begin, end = match.span(2 if boxed else 3)
            begin, end = (begin + 1, end - 1) if boxed else (begin, end)
            text = comment[begin:end] if match.group(1) else b""
            if text.strip() == text and _NUMBERS.fullmatch(text):
                self.literals.append(comment[done:begin])
                self.groups.append((header.KNOWN.get(match.group(1), ""), len(re.split(rb"[ ,]+", text))))
                done = end
        self.literals.append(comment[done:])

    def match(
        self, file: FileBytes, starts: Integers, ends: Integers
    ) -> tuple[NDArray[np.bool_], dict[str, Floats]]:
        """Return which lines are like this, and the numbers of each key, (n_lines, n_numbers)."""
        counts = np.array([count for _, count in self.groups], np.int64)
        literals = np.frombuffer(b"".join(self.literals), np.uint8)
        offsets = np.cumsum([0, *map(len, self.literals)])
        out = np.empty((len(starts), int(counts.sum())))
        like = xyz_rows.match_lines(file.array, starts, ends, literals, offsets, counts, out)
        ends_of = np.cumsum(counts).tolist()
        columns = {
            name: out[:, end - count : end]
            for (name, count), end in zip(self.groups, ends_of, strict=True)
            if name
        }
        return like, columns


def _take(
    found: Comments, frames: Integers, texts: Mapping[str, bytes], numbers: Mapping[str, Floats], where: str
) -> None:
    """Take in frames that say the same but for their numbers, (n_frames, n_numbers) by key."""
    known = numbers.get("Lattice")
    if known is not None and known.shape[1] == 3:
        known = known[:, :, None] * np.eye(3)
    sound = known is not None and known.shape[1] in (3, 9)
    if sound and known is not None:
        found.cells[frames] = cells = known.reshape(-1, 3, 3)
        flat = np.flatnonzero(~(_volumes(cells) > header.SMALLEST_VOLUME))
        sound = not len(flat)
        where = where if sound or len(frames) == 1 else f"{where}, frame {frames[flat[0]]}"
    if not sound:
        raise header.no_lattice(texts.get("Lattice"), where)
    columns = header.columns(texts.get("Properties"), where)
    if columns not in found.layouts:
        found.layouts.append(columns)
    found.layout_of[frames] = found.layouts.index(columns)
    for name, values in found.scalars.items():
        if name in numbers and numbers[name].shape[1] == 1:
            values[frames] = numbers[name][:, 0]
    if "Timestep" in numbers and numbers["Timestep"].shape[1] == 1:
        found.scalars["step"][frames] = numbers["Timestep"][:, 0]
        found.n_of_lammps += len(frames)
    if "pbc" in texts and header.periodic(texts["pbc"]) not in (None, (True, True, True)):
        found.n_open += len(frames)
    key = "stress" if "stress" in numbers or "stress" in texts else "virial"
    if key in numbers or key in texts:
        stress = header.tensors(numbers.get(key), len(frames))
        if key == "virial":
            stress /= -_volumes(found.cells[frames])[:, None, None]
        found.stress[frames] = stress
        found.n_odd_stress += int(np.isnan(stress[:, 0, 0]).sum())


def _volumes(cells: Floats) -> Floats:
    """Return the volume of each cell, whatever numbers a file gives for its vectors."""
    with np.errstate(all="ignore"):
        volumes: Floats = np.abs((cells[:, 0] * np.cross(cells[:, 1], cells[:, 2])).sum(axis=1))
    return volumes
