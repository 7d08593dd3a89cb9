"""Our formats for MDAnalysis: ``import perovchem.mda``, and ``MDAnalysis.Universe("XDATCAR")`` works.

Importing this registers, for ``Universe(file)`` and for ``Universe(topology, file)``,

- XDATCAR, by what stands in it, whatever follows or precedes the word in its name (also .gz, .bz2, .xz),
- CASTEP's .md and .geom (also .gz, .bz2),
- ``format="PEROVCHEM"`` for all that :func:`perovchem.read_frames` opens: run folders, vasprun.xml, bundled names.

A Universe made so has elements, masses, and one residue per molecule, named as perovchem names it
(``select_atoms("resname DMSO")``). Lengths are in Å, times in ps, velocities in Å/ps, forces in kJ/(mol Å), single
precision, as everywhere in MDAnalysis. ``timestep=`` is in fs per step of molecular dynamics, as in ``read_frames``;
MDAnalysis's own ``dt=`` in ps from frame to frame.

MDAnalysis keeps a cell as three lengths and three angles, with **a** along x and **b** in the xy plane. Positions,
velocities and forces are turned with the cell, so distances, angles and handedness are those of the file; the
Cartesian axes are not, where the file's cell stands otherwise.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import MDAnalysis
import numpy as np
from MDAnalysis.coordinates.base import ReaderBase
from MDAnalysis.core.topology import Topology
from MDAnalysis.core.topologyattrs import (
    Atomnames,
    Atomtypes,
    Elements,
    Masses,
    Resids,
    Resnames,
    Resnums,
    Segids,
)
from MDAnalysis.topology.base import TopologyReaderBase

from perovchem.convert import as_frames
from perovchem.convert.mdanalysis_objects import KILOJOULE_PER_MOL
from perovchem.convert.objects import ObjectSource, held
from perovchem.elements import element
from perovchem.errors import FormatError, InputError, PerovchemError, PerovchemWarning, UsageError, warn
from perovchem.frames import Floats, Frames, Integers
from perovchem.mda.cells import boxes, turn, upright_basis
from perovchem.molecules import find_molecules
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.run import open_input
from perovchem.readers.sniff import HEAD, identify
from perovchem.reading import read_frames

_AHEAD_BYTES: Final = 8 << 20
"""Positions read ahead where frames are asked for one after the other."""
_MOST_AHEAD: Final = 256
_RESNAMES: Final = {"water": "H2O"}
"""Names that MDAnalysis's selections take for commands, and what they are instead."""
_PACKED: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How to open the same frames again: in a copy, or in another process."""

    paths: tuple[str, ...]
    species: tuple[str, ...]
    timestep: float | None
    frames: Integers
    atoms: Integers | None
    times: Floats | None

    def open(self) -> Frames:
        """Open the files anew.

        Raises
        ------
        InputError
            If they hold fewer frames than they did.
        """
        source = open_input(list(self.paths), self.timestep).source
        if len(self.frames) and source.n_frames <= self.frames.max():
            raise InputError(
                f"the file holds {source.n_frames} frames, fewer than when the Universe was made",
                where=self.paths[0],
                fix="make the Universe again",
            )
        if source.species != self.species:
            raise InputError(
                "the file holds other atoms than when the Universe was made",
                where=self.paths[0],
                fix="make the Universe again",
            )
        return Frames(source, self.frames, atom_numbers=self.atoms, times=self.times)


class _Open:
    """Frames that are open already, in the place of a file name: MDAnalysis takes sequences for file lists."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames

    def __str__(self) -> str:
        return self.frames.source.origin


def _frames_of(thing: Any, timestep: float | None) -> Frames:
    """Return the frames of what was given as a file."""
    return thing.frames if isinstance(thing, _Open) else read_frames(thing, timestep=timestep)


def _is_xdatcar(thing: Any) -> bool:
    """Return whether this is the path of an XDATCAR: named so, and holding one."""
    if not isinstance(thing, str | os.PathLike):
        return False
    path = Path(thing)
    if "XDATCAR" not in path.name:
        return False
    try:
        if not path.exists():  # ours to say so, where no other format could be meant
            return path.suffix in ("", *_PACKED)
        if not path.is_file():
            return False
        with _PACKED.get(path.suffix, open)(path, "rb") as handle:
            return identify(FileBytes(path, handle.read(HEAD))) == "XDATCAR"
    except (PerovchemError, OSError, EOFError, lzma.LZMAError):
        return False


# what the atoms are -----------------------------------------------------------------------------------------


class FramesParser(TopologyReaderBase):  # type: ignore[misc]  # MDAnalysis carries no types
    """Elements, masses and molecules of the first frame."""

    format = "PEROVCHEM"

    def parse(self, **kwargs: Any) -> Topology:
        """Return the topology: one residue per molecule, one segment."""
        with warnings.catch_warnings():  # the reader says the same
            warnings.simplefilter("ignore", PerovchemWarning)
            frames = _frames_of(self.filename, kwargs.get("timestep"))[:1]
        found = find_molecules(frames.species, frames.fractional_positions[0], frames.kernel_cells[0])
        symbols = np.array(frames.species, object)
        numbers = np.arange(1, len(found.names) + 1)
        return Topology(
            len(symbols),
            len(numbers),
            1,
            attrs=[
                Atomnames(symbols),
                Atomtypes(symbols.copy()),
                Elements(symbols.copy()),
                Masses(np.array([element(symbol).mass for symbol in frames.species])),
                Resids(numbers),
                Resnums(numbers.copy()),
                Resnames(np.array([_RESNAMES.get(name, name) for name in found.names], object)),
                Segids(np.array(["SYSTEM"], object)),
            ],
            atom_resindex=found.label,
            residue_segindex=np.zeros(len(numbers), np.int64),
        )


class XdatcarParser(FramesParser):
    """The atoms of an XDATCAR."""

    format = "XDATCAR"
    _format_hint = staticmethod(_is_xdatcar)


class CastepParser(FramesParser):
    """The atoms of a CASTEP .md or .geom."""

    format = ("MD", "GEOM")  # type: ignore[assignment]  # one name or several, in MDAnalysis


# where they are ---------------------------------------------------------------------------------------------


class FramesReader(ReaderBase):  # type: ignore[misc]  # MDAnalysis carries no types
    """Frames one by one, in MDAnalysis's units and orientation.

    Parameters
    ----------
    filename : path
        What :func:`perovchem.read_frames` opens.
    timestep : float, optional
        fs per step of molecular dynamics.
    **kwargs
        ``dt``: ps from frame to frame, before all that files say; ``time_offset``: ps.
    """

    format = "PEROVCHEM"
    units: Final = {
        "time": "ps",
        "length": "Angstrom",
        "velocity": "Angstrom/ps",
        "force": "kJ/(mol*Angstrom)",
    }

    def __init__(self, filename: Any, *, timestep: float | None = None, **kwargs: Any) -> None:
        self._kwargs = {"timestep": timestep, **kwargs}  # what copy() takes
        super().__init__(filename, **kwargs)
        self._timestep = timestep
        self._frames = _frames_of(filename, timestep)
        self._kwargs["filename"] = _Open(self._frames)
        if not 0 < kwargs.get("dt", 1.0) < np.inf:
            raise UsageError(
                f"dt = {kwargs['dt']} ps", fix="give a positive number of ps from frame to frame"
            )
        if not len(self._frames):
            raise FormatError("there is no frame", where=str(filename), fix="choose more frames")
        self.n_frames = len(self._frames)
        self.n_atoms = self._frames.n_atoms
        self._times = None if "dt" in kwargs or self._frames.times is None else self._frames.times / 1000.0
        if self._times is None and "dt" not in kwargs and self.n_frames > 1:
            warn(
                f"nothing states the time step of {self._frames.source.origin}: MDAnalysis counts 1 ps from frame "
                "to frame unless timestep= (fs per step of molecular dynamics) or dt= (ps) is given"
            )
        self._basis = self._choose_basis()
        self._clear()
        self.ts = self._Timestep(self.n_atoms, reader=self, **self._ts_kwargs)
        if self._times is not None and self.n_frames > 1:
            self.ts.dt = float(np.median(np.diff(self._times)))
        self._read_frame(0)

    @classmethod
    def parse_n_atoms(cls, filename: Any, **kwargs: Any) -> int:
        """Return the number of atoms."""
        return _frames_of(filename, kwargs.get("timestep")).n_atoms

    # MDAnalysis asks --------------------------------------------------------------------------------------

    def _reopen(self) -> None:
        self.ts.frame = -1

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self.ts.frame + 1 >= self.n_frames:
            raise OSError(errno.EIO, "no further frame")
        return self._fill(self.ts if ts is None else ts, self.ts.frame + 1)

    def _read_frame(self, frame: int) -> Any:
        if not 0 <= frame < self.n_frames:
            raise IndexError(f"frame {frame} of {self.n_frames}")
        return self._fill(self.ts, int(frame))

    def close(self) -> None:
        """Let go of what was read ahead; the file goes with the reader."""
        self._clear()

    def _fill(self, ts: Any, frame: int) -> Any:
        """Put a frame into ``ts``."""
        row = self._load(frame)
        ts.frame = frame
        ts.dimensions = self._ahead["dimensions"][row]
        ts.positions = self._ahead["positions"][row]
        ts.has_velocities = (velocities := self._ahead["velocities"][row]) is not None
        if ts.has_velocities:
            ts.velocities = velocities
        ts.has_forces = (forces := self._ahead["forces"][row]) is not None
        if ts.has_forces:
            ts.forces = forces
        if self._times is not None:
            ts.time = float(self._times[frame])
        if self._frames.source.steps is not None:
            ts.data["step"] = int(self._frames.source.steps[self._frames.frame_numbers[frame]])
        return ts

    # reading ----------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        self._ahead: dict[str, Any] = {}
        self._first, self._n_ahead = 0, 0

    def _load(self, frame: int) -> int:
        """Have a frame in memory, with those behind it where the last one was its neighbor; return its row."""
        if not self._first <= frame < self._first + self._n_ahead:
            in_turn = self._n_ahead > 0 and frame == self._first + self._n_ahead
            most = max(1, min(_MOST_AHEAD, _AHEAD_BYTES // (24 * self.n_atoms)))
            n_frames = min(2 * self._n_ahead, most) if in_turn else 1
            self._ahead = self._read(self._frames[frame : frame + n_frames])
            self._first, self._n_ahead = frame, len(self._ahead["positions"])
        return frame - self._first

    def _choose_basis(self) -> Integers:
        """Return the cell vectors that MDAnalysis gets, as whole combinations of the file's.

        See :func:`upright_basis`.
        """
        basis = upright_basis(np.array(self._frames[:1].kernel_cells[0]))
        if not np.array_equal(np.abs(basis), np.eye(3)):
            warn(
                f"the cell of {self._frames.source.origin} leans further than MDAnalysis's search for nearest images "
                "can follow: the same lattice is given by other vectors, so lengths and angles of the cell differ "
                "from the file's"
            )
        return basis

    def _read(self, frames: Frames) -> dict[str, Any]:
        """Return the arrays of some frames as MDAnalysis takes them."""
        cells = self._basis @ frames.kernel_cells
        turns = np.stack([turn(cell) for cell in cells])
        kept, upright = boxes(cells, self._frames.source.origin)
        # by way of the lattice, so that a whole cell vector stays one in MDAnalysis's single precision
        fractional = frames.fractional_positions @ np.linalg.inv(self._basis.astype(np.float64))
        arrays: dict[str, Any] = {
            "positions": fractional @ upright,
            "dimensions": np.broadcast_to(kept, (len(frames), 6)),
        }
        for name, factor in (("velocities", 1000.0), ("forces", KILOJOULE_PER_MOL)):
            arrays[name] = [
                None if values is None else values @ turns[min(k, len(turns) - 1)] * factor
                for k, values in enumerate(held(frames, name))
            ]
        return arrays

    # in other processes -----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes this reader again: how to open the file, in place of its open bytes."""
        state = self.__dict__.copy()
        for name in ("_ahead", "_first", "_n_ahead"):
            del state[name]
        state["_frames"] = _again(self._frames, self._timestep)
        state["_kwargs"] = {**self._kwargs, "filename": None}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file again."""
        self.__dict__.update(state)
        recipe = state["_frames"]
        self._frames = recipe.open() if isinstance(recipe, _Recipe) else recipe
        self._kwargs["filename"] = _Open(self._frames)
        self._clear()


class XdatcarReader(FramesReader):
    """The frames of an XDATCAR."""

    format = "XDATCAR"
    _format_hint = staticmethod(_is_xdatcar)


class CastepReader(FramesReader):
    """The frames of a CASTEP .md or .geom."""

    format = ("MD", "GEOM")  # type: ignore[assignment]  # one name or several, in MDAnalysis


def _again(frames: Frames, timestep: float | None) -> _Recipe | Frames:
    """Return how to open these frames again, or themselves where they are objects in memory."""
    if isinstance(frames.source, ObjectSource):
        return frames
    paths = tuple(str(path.resolve()) for path in frames.source.files)
    return _Recipe(
        paths, frames.source.species, timestep, frames.frame_numbers, frames.atom_numbers, frames.times
    )


# out --------------------------------------------------------------------------------------------------------


def to_mdanalysis(frames: Frames) -> MDAnalysis.Universe:
    """Return the frames as a Universe that reads them when it is asked.

    Parameters
    ----------
    frames : Frames
        Or any object that :func:`perovchem.convert.as_frames` takes.

    Returns
    -------
    MDAnalysis.Universe
        With elements, masses and a residue per molecule; ``universe.transfer_to_memory()`` loads all frames.

    Examples
    --------
    >>> import perovchem as pc
    >>> universe = pc.to_mdanalysis(pc.read_frames("CsPbCl3_cubic"))
    >>> universe.select_atoms("element Pb"), universe.dimensions.round(3).tolist()[:3]
    (<AtomGroup with 1 atom>, [5.605..., 5.605..., 5.605...])
    """
    return MDAnalysis.Universe(_Open(as_frames(frames)), format="PEROVCHEM", topology_format="PEROVCHEM")
