"""ase.Atoms, lists of them and ase.io.Trajectory in; a list of ase.Atoms out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from perovchem.convert.objects import (
    Made,
    ObjectSource,
    Snapshot,
    class_paths,
    even_times,
    held,
    no_package,
    numbers,
    whole_cell,
)
from perovchem.errors import FormatError
from perovchem.frames import Floats, Frames

TIME_KEY: Final = "time_fs"
"""Where :func:`to_ase` leaves the time, fs, for Atoms have no place of their own for it."""
_VOIGT: Final = ([0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1])
_FIX: Final = "set atoms.cell and atoms.pbc = True"


def from_atoms(thing: Any, timestep: float | None) -> Made:
    """Make a source of Atoms, a list of them, or an ase.io.Trajectory, which is read frame by frame."""
    lazy = "ase.atoms.Atoms" not in class_paths(thing) and not isinstance(thing, list | tuple)
    kind = "ase.io.Trajectory" if lazy else "ase.Atoms"
    atoms = thing if lazy or isinstance(thing, list | tuple) else [thing]
    if not len(atoms):
        raise FormatError("the trajectory holds no frame", where=kind, fix="check that the run has begun")
    read = _Snapshots(atoms, kind) if lazy else [_snapshot(one, n, kind) for n, one in enumerate(atoms)]
    times = None if lazy else _stated_times(atoms)
    if timestep is not None:
        times = even_times(timestep, len(atoms))
    source = ObjectSource(kind, read.__getitem__, len(atoms), cartesian=True, lazy=lazy, times=times)
    return Made(source, tuple(_notes(atoms[0])))


class _Snapshots:
    """The frames of an ase.io.Trajectory, each read when it is asked for."""

    def __init__(self, trajectory: Any, kind: str) -> None:
        self._trajectory = trajectory
        self._kind = kind

    def __getitem__(self, number: int) -> Snapshot:
        return _snapshot(self._trajectory[number], number, self._kind)


def _stated_times(atoms: Sequence[Any]) -> Floats | None:
    """Return the times that :func:`to_ase` left, if every frame has one and they go up."""
    found = [one.info.get(TIME_KEY) for one in atoms]
    if len(atoms) < 2 or not all(isinstance(time, int | float) for time in found):
        return None
    times = np.array(found, np.float64)
    return times if (np.diff(times) > 0).all() else None


def _notes(first: Any) -> list[str]:
    """Return what the reader of a number must know of these Atoms."""
    masses = first.get_masses()
    heavy = int((np.abs(masses[first.numbers == 1] - 2.014) < 0.01).sum())
    return [f"{heavy} hydrogen atoms weigh 2 u: deuterium is counted as H"] if heavy else []


def _snapshot(atoms: Any, number: int, kind: str) -> Snapshot:
    """Return what one Atoms holds; nothing is calculated."""
    if "ase.atoms.Atoms" not in class_paths(atoms):
        raise FormatError(f"frame {number} is a {type(atoms).__name__}", where=kind, fix="give Atoms only")
    cell = whole_cell(atoms.cell.array, atoms.pbc, kind=kind, number=number, fix=_FIX)
    arrays: dict[str, Floats] = {}
    scalars: dict[str, float] = {}
    if atoms.has("momenta"):
        from ase import units

        arrays["velocities"] = np.array(atoms.get_velocities(), np.float64) * units.fs
    for name, value in _results(atoms).items():
        if name == "forces":
            arrays[name] = numbers(value, (len(atoms), 3), what=name, kind=kind, number=number)
        elif name == "stress":
            shape = (3, 3) if np.shape(value) == (3, 3) else (6,)
            arrays[name] = _tensor(numbers(value, shape, what=name, kind=kind, number=number))
        elif name in ("energy", "free_energy"):
            scalars[name] = float(numbers(value, (), what=name, kind=kind, number=number))
    symbols = tuple(atoms.get_chemical_symbols())
    return Snapshot(symbols, np.array(atoms.positions, np.float64), cell, arrays, scalars)


def _results(atoms: Any) -> dict[str, Any]:
    """Return what the calculator has found for these very positions, without asking it to calculate.

    Forces are those before constraints: a fixed atom keeps its own.
    """
    calculator = atoms.calc
    results = getattr(calculator, "results", None)
    if not results:
        return {}
    check = getattr(calculator, "check_state", None)
    stale = check is not None and getattr(calculator, "atoms", None) is not None and check(atoms)
    return {} if stale else {name: value for name, value in results.items() if value is not None}


def _tensor(stress: Floats) -> Floats:
    """Return a stress as (3, 3), from six numbers in Voigt's order where it is so."""
    if stress.shape == (3, 3):
        return stress
    out = np.empty((3, 3))
    out[_VOIGT] = out[_VOIGT[::-1]] = stress
    return out


def to_ase(frames: Frames) -> list[Any]:
    """Return one ase.Atoms per frame.

    Parameters
    ----------
    frames : Frames

    Returns
    -------
    list of ase.Atoms
        Positions as they are, not wrapped; ``pbc`` True. Velocities become momenta; energy, free energy and
        forces stand in a SinglePointCalculator; the time, fs, in ``info["time_fs"]``. Stress is handed on
        except from a CASTEP .md, whose stress includes the motion of the ions, which ASE's does not.

    Examples
    --------
    >>> import perovchem as pc
    >>> pc.to_ase(pc.read_frames("CsPbCl3_cubic"))[0].get_chemical_formula()
    'Cl3CsPb'
    """
    try:
        from ase import Atoms, units
        from ase.calculators.singlepoint import SinglePointCalculator
    except ImportError:
        raise no_package("ASE", "ase") from None
    out: list[Any] = []
    has_stress = "CASTEP .md" not in frames.source.format
    scalars = frames.scalars
    for batch in frames.batches():
        cells, positions = batch.cells, batch.positions
        velocities, forces = held(batch, "velocities"), held(batch, "forces")
        stress = held(batch, "stress") if has_stress else [None] * len(batch)
        for k in range(len(batch)):
            atoms = Atoms(frames.species, positions=positions[k], cell=cells[k], pbc=True)
            if (one := velocities[k]) is not None:
                atoms.set_velocities(one / units.fs)
            results: dict[str, Any] = {
                name: float(scalars[name][len(out)])
                for name in ("energy", "free_energy")
                if name in scalars and np.isfinite(scalars[name][len(out)])
            }
            if (one := forces[k]) is not None:
                results["forces"] = one
            if (one := stress[k]) is not None:
                results["stress"] = one[_VOIGT]
            if results:
                atoms.calc = SinglePointCalculator(atoms, **results)
            if batch.times is not None:
                atoms.info[TIME_KEY] = float(batch.times[k])
            out.append(atoms)
    return out
