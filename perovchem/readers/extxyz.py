"""Extended XYZ as ASE, QUIP and others write it: cells, species, positions, forces, velocities, energies, stress.

A frame is a number of atoms, a line of keys (:mod:`perovchem.readers.extxyz_header`) and a row per atom, whose
columns ``Properties=`` names, in any order. What the format leaves open is taken like this:

* Positions are Å, forces eV/Å, ``energy`` and ``free_energy`` eV, ``stress`` eV/Å3 with tension positive, nine
  numbers or six in Voigt's order, ``virial`` eV: minus stress times volume.
* ``momenta`` are ASE's, u Å per Å sqrt(u/eV); velocities follow with the column ``masses``, or with standard
  atomic weights. ``velo``, ``vel`` and ``velocities`` are Å/fs.
* ``time`` is fs: no program states its unit. A time step that is given replaces it. ``step`` numbers the frames.
* A frame without ``Lattice`` is refused: nothing here can be computed without a cell. With a lattice, atoms are
  repeated in all three directions whatever ``pbc`` says, and a note tells where it says otherwise.
* LAMMPS (``Timestep=``) writes in the units of its run and does not state them: its times, velocities and forces
  are left out; its steps count, so that a time step gives times.
* All frames hold the same atoms in the same order.

Frames of one length of row are found by jumps and verified row by row; rows in fixed columns are read as
integers over a power of ten, all others by the general parser. Both equal Python's ``float``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from scipy import constants

from perovchem._kernels import xyz_rows
from perovchem.elements import table
from perovchem.errors import FormatError, MissingDataError
from perovchem.frames import Floats, FrameSource, Integers
from perovchem.readers import extxyz_header as header
from perovchem.readers.extxyz_index import Index
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.numbers import bad_row
from perovchem.units import GPA

ASE_TIME: Final = 1e5 * math.sqrt(constants.atomic_mass / constants.e)
"""ASE's unit of time, Å sqrt(u/eV), in fs."""
_MOST_FAILURES: Final = 20
_FIX: Final = "restore the file, or cut it off before this frame"


class ExtxyzSource(FrameSource):
    """The complete frames of one extended XYZ; made by :func:`open_extxyz`."""

    format = "extended XYZ"
    cartesian = True

    def __init__(self, file: FileBytes) -> None:
        self._file = file
        self.files = (file.path,)
        index = Index(file)
        self._starts, self._ends, self._widths = index.starts, index.ends, index.widths
        self._layouts, self._layout_of = index.comments.layouts, index.comments.layout_of
        self.n_frames = len(index.starts)
        self.species = index.species
        self.complete = file.complete and not index.lost
        self._cells, self._stress = index.comments.cells, index.comments.stress
        self.fixed_cell = bool((self._cells == self._cells[0]).all())
        self._scalars = dict(index.comments.scalars)
        times, steps = self._scalars.pop("time"), self._scalars.pop("step")
        lammps = index.comments.n_of_lammps > 0
        self.times = times if np.isfinite(times).all() and not lammps else None
        if (np.abs(steps) < 2**53).all() and (steps == np.rint(steps)).all():
            self.steps = steps.astype(np.int64)
        held = {name for columns in self._layouts for name in columns.first}
        self.arrays = frozenset(
            name
            for name, there in (
                ("velocities", bool(held & {"velocities", "momenta"})),
                ("forces", "forces" in held),
                ("stress", bool(np.isfinite(self._stress[:, 0, 0]).any())),
            )
            if there and not (lammps and name in ("velocities", "forces"))
        )
        self.notes = (*file.notes, *index.notes(), *self._assumptions(held, lammps=lammps))

    def coordinates(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return (n_frames, n_atoms, 3) float64, Å."""
        return self._columns("pos", 3, frames, atoms, "position")

    def cells(self, frames: Integers) -> Floats:
        """Return the lattice vectors as rows, (n_frames, 3, 3), Å; a read-only view where fixed."""
        if self.fixed_cell:
            return np.broadcast_to(self._cells[0], (len(frames), 3, 3))
        chosen: Floats = self._cells[np.asarray(frames, np.int64)]
        return chosen

    def array(self, name: str, frames: Integers, atoms: Integers | None) -> Floats:
        """Return velocities (Å/fs), forces (eV/Å) or stress (eV/Å3, tension positive).

        Raises
        ------
        MissingDataError
            If the file, or one of the chosen frames, has none.
        """
        if name not in self.arrays:
            return super().array(name, frames, atoms)
        if name == "stress":
            chosen = self._stress[np.asarray(frames, np.int64)]
            without = np.flatnonzero(np.isnan(chosen[:, 0, 0]))
            if len(without):
                raise self._missing(name, int(frames[without[0]]), len(without))
            return chosen
        if name == "forces" or "velocities" in self._layout(frames).first:
            return self._columns(name, 3, frames, atoms, "force" if name == "forces" else "velocity")
        momenta = self._columns("momenta", 3, frames, atoms, "momentum")
        return momenta / self._masses(frames, atoms) / ASE_TIME

    def scalars(self) -> Mapping[str, Floats]:
        """Return energy and free_energy (eV) and, from the stress, the static pressure (GPa)."""
        out = {name: values for name, values in self._scalars.items() if np.isfinite(values).any()}
        if "stress" in self.arrays:
            out["pressure"] = np.trace(self._stress, axis1=1, axis2=2) / -3.0 * GPA
        return out

    # reading ----------------------------------------------------------------------------------------------

    def _layout(self, frames: Integers) -> header.Columns:
        """Return the columns of the first of these frames."""
        return self._layouts[self._layout_of[frames[0]] if len(frames) else 0]

    def _masses(self, frames: Integers, atoms: Integers | None) -> Floats:
        """Return the mass of each atom, u, to divide momenta by."""
        if len(frames) and "masses" in self._layout(frames).first:
            masses = self._columns("masses", 1, frames, atoms, "mass")
            if not (masses > 0).all():
                raise FormatError("a mass that is not positive", where=str(self._file.path), fix=_FIX)
            return masses
        weights = np.array([table()[symbol].mass for symbol in self.species])[None, :, None]
        return weights if atoms is None else weights[:, np.asarray(atoms, np.int64)]

    def _columns(self, name: str, size: int, frames: Integers, atoms: Integers | None, what: str) -> Floats:
        """Read ``size`` neighboring columns of the chosen rows."""
        self._file.verify()
        frames = np.asarray(frames, np.int64)
        rows = np.arange(len(self.species)) if atoms is None else np.asarray(atoms, np.int64)
        out = np.empty((len(frames), len(rows), size))
        layouts = self._layout_of[frames]
        for number in np.unique(layouts):
            chosen = np.flatnonzero(layouts == number)
            layout = self._layouts[number]
            if name not in layout.first:
                raise self._missing(name, int(frames[chosen[0]]), len(chosen))
            if len(chosen) == len(frames):
                self._fill(layout, name, frames, rows, out, what)
            else:
                part = np.empty((len(chosen), len(rows), size))
                self._fill(layout, name, frames[chosen], rows, part, what)
                out[chosen] = part
        return out

    def _missing(self, name: str, frame: int, count: int) -> MissingDataError:
        return MissingDataError(
            f"{count} of the chosen frames have no {name}, the first is frame {frame}",
            where=self._file.where(int(self._starts[frame])),
            fix="choose frames that have",
        )

    def _fill(
        self, layout: header.Columns, name: str, frames: Integers, rows: Integers, out: Floats, what: str
    ) -> None:
        word, size = layout.first[name], out.shape[2]
        starts, ends, widths = self._starts[frames], self._ends[frames], self._widths[frames]
        done = failures = 0
        pattern = self._pattern(int(frames[0]), word, size)
        if pattern is not None and (widths == widths[0]).all():
            dots, decimals = pattern
            while done < len(frames) and failures < _MOST_FAILURES:
                bad = xyz_rows.read_fixed_columns(
                    self._file.array,
                    starts[done:],
                    ends[done:],
                    int(widths[0]),
                    rows,
                    dots,
                    decimals,
                    out[done:],
                )
                if bad < 0:
                    return
                failures += 1
                done += bad
                one = slice(done, done + 1)
                self._general(layout, word, starts[one], ends[one], widths[one], rows, out[one], what)
                done += 1
        self._general(layout, word, starts[done:], ends[done:], widths[done:], rows, out[done:], what)

    def _pattern(self, frame: int, word: int, size: int) -> tuple[Integers, int] | None:
        """Return where the points of these columns stand in a row, and their decimals, if all have as many."""
        width = int(self._widths[frame])
        row = bytes(self._file.data[self._starts[frame] : self._starts[frame] + width])
        words = list(re.finditer(rb"\S+", row))[word : word + size]
        found = [re.fullmatch(rb"-?\d*(\d\.)(\d{1,15})", one.group()) for one in words]
        if not width or len(found) < size or not all(found):
            return None
        decimals = {len(match.group(2)) for match in found if match}
        dots = [one.start() + match.end(1) - 1 for one, match in zip(words, found, strict=True) if match]
        return (np.array(dots, np.int64), decimals.pop()) if len(decimals) == 1 else None

    def _general(
        self,
        layout: header.Columns,
        word: int,
        starts: Integers,
        ends: Integers,
        widths: Integers,
        rows: Integers,
        out: Floats,
        what: str,
    ) -> None:
        """Read rows of any layout."""
        undecided = np.empty((64, 5), np.int64)
        n_atoms, text = len(self.species), self._file.array
        while True:
            count, bad, place = xyz_rows.read_columns(
                text, starts, ends, widths, n_atoms, rows, word, layout.n_words, out, undecided
            )
            if count <= len(undecided):
                break
            undecided = np.empty((min(out.size, 8 * len(undecided)), 5), np.int64)
        if bad >= 0:
            raise self._bad_row(layout, int(place), out.shape[2], what)
        for frame, row, column, first, last in undecided[:count]:
            value = float(self._file.data[first:last].lower().replace(b"d", b"e"))
            if not abs(value) < 1e150:  # nothing physical, and a product could overflow
                raise bad_row(self._file, int(first), out.shape[2], what)
            out[frame, row, column] = value

    def _bad_row(self, layout: header.Columns, place: int, size: int, what: str) -> FormatError:
        stop = self._file.data.find(b"\n", place, place + 100_000)
        row = bytes(self._file.data[place : stop if stop >= 0 else place + 1000])
        if len(row.split()) == layout.n_words:
            return bad_row(self._file, place, size, what)
        return FormatError(
            f"a row holds {len(row.split())} words where Properties= promises {layout.n_words}: "
            f"{row.decode('latin-1').strip()[:80]!r}",
            where=self._file.where(place),
            fix="part numbers that are glued together, or restore the row",
        )

    def _assumptions(self, held: set[str], *, lammps: bool) -> Iterator[str]:
        name = self._file.path.name
        if lammps:
            yield (
                f"{name}: LAMMPS does not state its units: times, velocities and forces are left out (give the time "
                "step); its atoms keep their order from frame to frame with 'dump_modify sort id' alone"
            )
            return
        if self.times is not None:
            yield f"{name}: its times are taken as fs; where they are not, give the time step"
        if "velocities" in held:
            yield f"{name}: its velocities are taken as Å/fs"


def open_extxyz(file: FileBytes) -> FrameSource:
    """Index an extended XYZ.

    Parameters
    ----------
    file : FileBytes

    Returns
    -------
    FrameSource
        Cartesian coordinates, Å. A last frame that the file's end cuts is left out, with ``complete`` False
        and a note; so is one whose last row, shorter than the others, has no line end.

    Raises
    ------
    FormatError
        If no frame is complete, one has no cell, or atoms change; with the frame and the line.
    """
    return ExtxyzSource(file)
