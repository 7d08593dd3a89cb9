"""What all objects become first: snapshots of one frame, read one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from perovchem.elements import element
from perovchem.errors import FormatError, MissingDataError, PerovchemError
from perovchem.frames import Floats, Frames, FrameSource, Integers, RunMetadata


def class_paths(thing: object) -> tuple[str, ...]:
    """Return the dotted paths of an object's class and of the classes above it.

    Examples
    --------
    >>> class_paths(True)
    ('builtins.bool', 'builtins.int', 'builtins.object')
    """
    return tuple(f"{one.__module__}.{one.__qualname__}" for one in type(thing).__mro__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frame: symbols, coordinates (n_atoms, 3), cell (3, 3) Å, and what else the object held."""

    species: tuple[str, ...]
    coordinates: Floats
    cell: Floats
    arrays: Mapping[str, Floats] = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """What a door hands over: the source, which of its atoms (None for all), and what must be told."""

    source: ObjectSource
    notes: tuple[str, ...] = ()
    atoms: Integers | None = None


class ObjectSource(FrameSource):
    """Frames of an object in memory, or of one that reads a file of its own."""

    def __init__(
        self,
        kind: str,
        read: Callable[[int], Snapshot],
        n_frames: int,
        *,
        cartesian: bool,
        lazy: bool = False,
        times: Floats | None = None,
        files: Iterable[Path] = (),
    ) -> None:
        self.format = kind
        self.files = tuple(files)
        self.n_frames = n_frames
        self.cartesian = cartesian
        self.times = times
        if times is not None and n_frames > 1:
            self.metadata = RunMetadata(timestep=float(np.median(np.diff(times))), timestep_source=kind)
        self._read = read
        self._known_cells = np.full((n_frames, 3, 3), np.nan)
        first = read(0)
        self.species = first.species
        if not self.species:
            raise FormatError("there are no atoms", where=kind, fix="give a system that holds some")
        for symbol in dict.fromkeys(self.species):
            element(symbol, where=kind)
        if lazy:
            self.arrays = frozenset(first.arrays)
        else:
            every = [self._snapshot(number) for number in range(n_frames)]
            self.arrays = frozenset.intersection(*(frozenset(one.arrays) for one in every))
            self.fixed_cell = all(np.array_equal(one.cell, first.cell) for one in every)

    def _snapshot(self, number: int) -> Snapshot:
        """Return frame ``number``, having refused one with other atoms than the first."""
        one = self._read(int(number))
        if one.species != self.species:
            raise _other_atoms(self.format, int(number), self.species, one.species)
        self._known_cells[number] = one.cell
        return one

    def coordinates(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return (n_frames, n_atoms, 3)."""
        out = np.empty((len(frames), len(self.species) if atoms is None else len(atoms), 3))
        for row, number in zip(out, frames, strict=True):
            found = self._snapshot(number).coordinates
            row[:] = found if atoms is None else found[atoms]
        return out

    def cells(self, frames: Integers) -> Floats:
        """Return the lattice vectors as rows, (n_frames, 3, 3), Å; those read once are remembered."""
        for number in frames:
            if np.isnan(self._known_cells[number, 0, 0]):
                self._snapshot(number)
        return self._known_cells[frames]

    def array(self, name: str, frames: Integers, atoms: Integers | None) -> Floats:
        """Return velocities (Å/fs), forces (eV/Å) or stress (eV/Å3) where every frame holds them."""
        pieces = []
        for number in frames:
            found = self._snapshot(number).arrays.get(name) if name in self.arrays else None
            if found is None:
                raise MissingDataError(
                    f"the {self.format} holds no {name}"
                    + (f" at frame {number}" if name in self.arrays else ""),
                    where=self.format,
                    fix="read the run from a file that holds them, or ask for something else",
                )
            if not np.isfinite(found).all():
                raise FormatError(
                    f"the {name} of frame {number} are not finite",
                    where=self.format,
                    fix=f"mend the {name}, or take them off the object",
                )
            pieces.append(found if atoms is None or name == "stress" else found[atoms])
        shape = (0, 3, 3) if name == "stress" else (0, len(self.species) if atoms is None else len(atoms), 3)
        return np.stack(pieces) if pieces else np.empty(shape)

    def scalars(self) -> Mapping[str, Floats]:
        """Return energies of every frame; all frames are read the first time."""
        return self._scalars

    @cached_property
    def _scalars(self) -> dict[str, Floats]:
        out: dict[str, Floats] = {}
        for number in range(self.n_frames):
            for name, value in self._snapshot(number).scalars.items():
                if np.isfinite(value):
                    out.setdefault(name, np.full(self.n_frames, np.nan))[number] = value
        return out


def _other_atoms(kind: str, number: int, first: tuple[str, ...], other: tuple[str, ...]) -> FormatError:
    """Return the error for a frame that does not hold the atoms of the first."""
    if len(first) != len(other):
        what = f"frame {number} holds {len(other)} atoms, frame 0 {len(first)}"
    elif sorted(first) == sorted(other):
        atom = next(i for i, pair in enumerate(zip(first, other, strict=True)) if pair[0] != pair[1])
        what = (
            f"frame {number} holds the atoms of frame 0 in another order "
            f"(atom {atom} is {other[atom]}, was {first[atom]})"
        )
    else:
        atom = next(i for i, pair in enumerate(zip(first, other, strict=True)) if pair[0] != pair[1])
        what = f"atom {atom} is {other[atom]} in frame {number} and {first[atom]} in frame 0"
    return FormatError(what, where=kind, fix="keep the same atoms in the same order in every frame")


def even_times(timestep: float, n_frames: int) -> Floats:
    """Return 0, 1, 2 ... time steps, fs."""
    times: Floats = np.arange(n_frames, dtype=np.float64) * timestep
    return times


def whole_cell(cell: Floats, periodic: Iterable[Any], *, kind: str, number: int, fix: str) -> Floats:
    """Return the cell as float64, having refused one that is missing or not periodic along all three vectors."""
    vectors = np.array(cell, np.float64)
    if not vectors.any(axis=1).all():
        raise MissingDataError(f"frame {number} has no cell", where=kind, fix=fix)
    lacking = [axis for axis, is_periodic in zip("abc", periodic, strict=True) if not is_periodic]
    if lacking:
        raise MissingDataError(
            f"frame {number} is not periodic along {', '.join(lacking)}, and bonds are searched in all images",
            where=kind,
            fix=fix,
        )
    return vectors


def numbers(values: Any, shape: tuple[int, ...], *, what: str, kind: str, number: int) -> Floats:
    """Return a float64 copy of what an object holds, or say that it is no array of numbers of this shape."""
    try:
        found = np.array(values, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != shape:
        raise FormatError(
            f"the {what} of frame {number} are no {' x '.join(map(str, shape)) or 'single'} numbers",
            where=kind,
            fix=f"mend the {what}, or take them off the object",
        )
    return found


def held(frames: Frames, name: str) -> list[Floats | None]:
    """Return velocities, forces or stress of each frame, None for a frame that has none."""
    if name not in frames.source.arrays:
        return [None] * len(frames)
    try:
        return list(getattr(frames, name))
    except MissingDataError:
        if len(frames) < 2:
            return [None] * len(frames)
        return [held(frames[k], name)[0] for k in range(len(frames))]


def no_package(name: str, package: str) -> PerovchemError:
    """Return the error for a package that is not installed."""
    return MissingDataError(f"{name} is not installed", fix=f"pip install {package}")
