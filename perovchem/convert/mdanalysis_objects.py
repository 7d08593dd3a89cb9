"""MDAnalysis Universes and AtomGroups in: elements, cells and times as they state them, frames on demand."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import constants

from perovchem.convert.objects import Made, ObjectSource, Snapshot, class_paths, even_times, whole_cell
from perovchem.elements import table
from perovchem.errors import FormatError, MissingDataError, UsageError
from perovchem.frames import Floats, Integers

KIND: Final = "MDAnalysis Universe"
KILOJOULE_PER_MOL: Final = constants.e * constants.N_A / 1000
"""One eV in kJ/mol, MDAnalysis's unit of energy."""
_EVEN: Final = 1e-3
"""Times count as even where none is further than this part of an interval from where it would be."""
_FIX_CELL: Final = (
    "state the cell: universe.dimensions = [a, b, c, alpha, beta, gamma], or for every frame by "
    "MDAnalysis.transformations.boxdimensions.set_dimensions"
)
_FIX_ELEMENTS: Final = 'name them: universe.add_TopologyAttr("elements", ["Pb", "I", ...])'


def from_universe(thing: Any, timestep: float | None) -> Made:
    """Make a source of a Universe, or of the Universe an AtomGroup belongs to, with its atoms chosen."""
    paths = class_paths(thing)
    if "MDAnalysis.core.groups.UpdatingAtomGroup" in paths:
        raise UsageError(
            "an updating AtomGroup may hold other atoms in every frame",
            fix="give one that stays: universe.atoms[group.ix]",
        )
    whole = "MDAnalysis.core.universe.Universe" in paths
    universe = thing if whole else thing.universe
    chosen = None if whole else np.array(thing.ix, np.int64)
    if chosen is not None and len(np.unique(chosen)) < len(chosen):
        raise UsageError("the AtomGroup holds an atom twice", fix="give group.unique")
    if universe.atoms is None or not len(universe.atoms) or (chosen is not None and not len(chosen)):
        raise FormatError("there are no atoms", where=KIND, fix="loosen the selection")
    reader = _reader(universe)
    notes: list[str] = []
    species, kept = _species(universe, chosen, notes)
    times = _times(reader, timestep, notes)
    read = _Frames(universe, species, kept, None if timestep is not None else times)
    source = ObjectSource(
        KIND, read, len(reader), cartesian=True, lazy=True, times=times, files=_files(universe)
    )
    return Made(source, tuple(notes), None if kept is not None else chosen)


def _reader(universe: Any) -> Any:
    """Return the trajectory of a Universe that can jump to any frame."""
    try:
        reader = universe.trajectory
    except AttributeError:
        raise MissingDataError(
            "the Universe has no coordinates", where=KIND, fix="load a trajectory: universe.load_new(...)"
        ) from None
    if "MDAnalysis.coordinates.base.StreamReaderBase" in class_paths(reader):
        raise UsageError("a stream has no frames to go back to", fix="write it to a file first")
    if not getattr(reader, "convert_units", True):
        raise UsageError("the Universe keeps the units of its file", fix="open it with convert_units=True")
    return reader


def _files(universe: Any) -> list[Path]:
    """Return the files that a Universe was made of, as far as it tells."""
    reader = universe.trajectory
    several = getattr(reader, "filenames", None)
    names = [getattr(universe, "filename", None), *([reader.filename] if several is None else several)]
    found = [Path(str(name)) for name in names if isinstance(name, str | os.PathLike)]
    return [path for path in dict.fromkeys(found) if path.is_file()]


# elements ---------------------------------------------------------------------------------------------------


def _species(
    universe: Any, chosen: Integers | None, notes: list[str]
) -> tuple[tuple[str, ...], Integers | None]:
    """Return the elements, and which atoms they are of where those of all cannot be told (else None)."""
    try:
        return _elements(universe.atoms, notes), None
    except MissingDataError:
        if chosen is None:
            raise
    found = _elements(universe.atoms[chosen], notes)
    notes.append(
        "the elements of atoms outside the selection cannot be told: density and concentration count the "
        "selected atoms alone"
    )
    return found, chosen


def _elements(atoms: Any, notes: list[str]) -> tuple[str, ...]:
    """Return the element of each atom by its ``elements``, ``types`` or ``names``, where they leave no doubt.

    What MDAnalysis guessed is passed over: it takes the name Pb for phosphorus.
    """
    topology = getattr(atoms.universe, "_topology", None)
    found: dict[str, tuple[str, ...]] = {}
    doubts: dict[str, str] = {}
    for attribute in ("elements", "types", "names"):
        if getattr(getattr(topology, attribute, None), "is_guessed", False):
            continue
        words = [str(word).strip() for word in getattr(atoms, attribute, ())]
        symbols = {word: _symbol(word, stated=attribute == "elements") for word in set(words)}
        if words and all(symbols.values()):
            found[attribute] = tuple(str(symbols[word]) for word in words)
            if not {"D", "T"}.isdisjoint(word[:1] + word[1:].strip("0123456789+-") for word in symbols):
                notes.append("deuterium (D) or tritium (T) is counted as H")
            break
        if words:
            doubts[attribute] = next(word for word in words if not symbols[word])
    if found:
        attribute, species = next(iter(found.items()))
        if attribute != "elements":
            notes.append(f"the Universe states no elements: its {attribute} were read as such")
        return species
    told = ", ".join(f"{attribute} hold {word!r}" for attribute, word in doubts.items())
    raise MissingDataError(
        "the elements cannot be told" + (f": {told}" if told else ", for the Universe names none"),
        where=KIND,
        fix=_FIX_ELEMENTS,
    )


def _symbol(word: str, *, stated: bool) -> str | None:
    """Return the element that a word means, or None where it may be none or several.

    CA may be calcium or an alpha carbon, and HG mercury or a hydrogen: what is not stated as an element counts
    only as it is written in chemistry, with digits and a charge behind it at most.

    Examples
    --------
    >>> [_symbol(word, stated=False) for word in ("Pb", "C12", "Cl-", "CA", "PB", "OW", "1")]
    ['Pb', 'C', 'Cl', None, None, None, None]
    >>> _symbol("PB", stated=True)
    'Pb'
    """
    if stated:
        word = word.capitalize()
    else:
        match = re.fullmatch(r"([A-Z][a-z]?)\d*(?:\d*[+-])?", word)
        word = match[1] if match else ""
    if word in ("D", "T"):
        return "H"
    return word if word in table() else None


# times ------------------------------------------------------------------------------------------------------


def _times(reader: Any, timestep: float | None, notes: list[str]) -> Floats | None:
    """Return the time of each frame, fs, or None where nothing states it; MDAnalysis would count 1 ps then.

    Times are taken from the first, second and last frame where these are even; each is held against its frame
    when that is read. Where they are not even, all frames are read once.
    """
    n_frames = len(reader)
    if timestep is not None:
        return even_times(timestep, n_frames)
    if n_frames < 2:
        return None
    if not all(_states_time(one) for one in getattr(reader, "readers", None) or [reader]):
        notes.append(
            "the trajectory states no time step, and the 1 ps from frame to frame that MDAnalysis would assume "
            "was not taken: give timestep= (fs from frame to frame) where times are needed"
        )
        return None
    if "MDAnalysis.coordinates.memory.MemoryReader" in class_paths(reader) and reader.ts.dt == 1.0:
        notes.append(
            "the frames lie in memory 1 ps apart, which is what MDAnalysis assumes where no dt= is given: if "
            "it was not, give timestep= (fs from frame to frame)"
        )
    with _Undisturbed(reader) as read:
        ends = [float(read(k).time) for k in (0, 1, n_frames - 1)]
        even = np.linspace(ends[0], ends[2], n_frames)
        if abs(even[1] - ends[1]) <= _EVEN * abs(even[1] - even[0]):
            times = even
        else:
            times = np.array([float(read(k).time) for k in range(n_frames)])
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        notes.append("the times of the trajectory do not go up from frame to frame and were not used")
        return None
    return 1000.0 * times


def _states_time(reader: Any) -> bool:
    """Return whether a reader knows its time step, rather than MDAnalysis's 1 ps."""
    return "dt" in reader.ts.data or hasattr(reader, "_get_dt")


class _Undisturbed:
    """Reads frames by number while the Universe stays at its own.

    A copy of the reader is read; not so where frames lie in memory, which a copy would double, where
    transformations may refer to the Universe itself, or where the reader knows no copies (several files in a
    row). Then the reader returns to where it was. The only frame of a Universe is taken as it is, with the cell
    that a user may have given it.
    """

    def __init__(self, reader: Any) -> None:
        in_memory = "MDAnalysis.coordinates.memory.MemoryReader" in class_paths(reader)
        self._single = len(reader) == 1
        self.shared = bool(in_memory or self._single or reader.transformations or not hasattr(reader, "copy"))
        with warnings.catch_warnings():  # said when the Universe was made
            warnings.simplefilter("ignore")
            self._reader = reader if self.shared else reader.copy()
        self._frame = 0

    def __enter__(self) -> Callable[[int], Any]:
        self._frame = self._reader.ts.frame
        read: Callable[[int], Any] = self._reader.__getitem__
        return (lambda _: self._reader.ts) if self._single else read

    def __exit__(self, *_: object) -> None:
        if self.shared and self._reader.ts.frame != self._frame:
            self._reader[self._frame]


class _Frames:
    """The frames of a Universe, each read when it is asked for."""

    def __init__(
        self, universe: Any, species: Sequence[str], atoms: Integers | None, times: Floats | None
    ) -> None:
        self._universe = universe
        self._species = tuple(species)
        self._atoms = atoms
        self._times = times
        self._undisturbed = _Undisturbed(universe.trajectory)

    def __call__(self, number: int) -> Snapshot:
        """Return frame ``number``."""
        with self._undisturbed as read:
            ts = read(number)
            return self._snapshot(ts, number)

    def _snapshot(self, ts: Any, number: int) -> Snapshot:
        if self._times is not None and len(self._times) > 1:
            interval = self._times[1] - self._times[0]
            off = abs(1000.0 * float(ts.time) - self._times[number])
            if off > 10 * _EVEN * interval:
                raise FormatError(
                    f"the times are uneven: frame {number} is at {float(ts.time):g} ps, where "
                    f"{self._times[number] / 1000:g} ps was expected",
                    where=KIND,
                    fix="give timestep= (fs from frame to frame), or cut the trajectory at the gap",
                )
        if ts.dimensions is None:
            raise MissingDataError(f"frame {number} has no cell", where=KIND, fix=_FIX_CELL)
        from MDAnalysis.lib.mdamath import triclinic_vectors

        cell = whole_cell(
            triclinic_vectors(ts.dimensions, dtype=np.float64),
            (True,) * 3,
            kind=KIND,
            number=number,
            fix=_FIX_CELL,
        )
        arrays: dict[str, Floats] = {}
        if ts.has_velocities:
            arrays["velocities"] = self._chosen(ts.velocities) / 1000.0
        if ts.has_forces:
            arrays["forces"] = self._chosen(ts.forces) / KILOJOULE_PER_MOL
        return Snapshot(self._species, self._chosen(ts.positions), cell, arrays)

    def _chosen(self, values: Any) -> Floats:
        """Return a copy as float64, of the atoms that are kept."""
        return np.array(values if self._atoms is None else values[self._atoms], np.float64)
