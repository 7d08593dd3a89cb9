"""pymatgen Structures and Trajectories in; a Trajectory out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from perovchem.convert.objects import (
    Made,
    ObjectSource,
    Snapshot,
    class_paths,
    even_times,
    held,
    numbers,
    whole_cell,
)
from perovchem.errors import FormatError, MissingDataError, UsageError
from perovchem.frames import Floats, Frames

TIME_KEY: Final = "time_fs"
_ENERGIES: Final = {
    "energy": "energy",
    "e_0_energy": "energy",
    "free_energy": "free_energy",
    "e_fr_energy": "free_energy",
}
"""Properties of a frame, as pymatgen's readers of VASP call them, and our names."""
_FULL: Final = 1 - 1e-6
_FIX_CELL: Final = "give a Structure whose lattice has pbc = (True, True, True)"
_DEUTERIUM: Final = "deuterium (D) or tritium (T) is counted as H"


def from_structures(thing: Any, timestep: float | None) -> Made:
    """Make a source of a Structure or a list of them."""
    kind = "pymatgen Structure"
    structures = thing if isinstance(thing, list | tuple) else [thing]
    heavy: set[str] = set()
    snapshots = [_structure(one, number, kind, heavy) for number, one in enumerate(structures)]
    times = None if timestep is None else even_times(timestep, len(snapshots))
    source = ObjectSource(kind, snapshots.__getitem__, len(snapshots), cartesian=False, times=times)
    return Made(source, (_DEUTERIUM,) if heavy else ())


def from_trajectory(thing: Any, timestep: float | None) -> Made:
    """Make a source of a Trajectory, which itself is left as it is."""
    kind = "pymatgen Trajectory"
    if thing.lattice is None:
        raise MissingDataError(
            "the trajectory is of molecules and has no cell", where=kind, fix="give each frame a lattice"
        )
    coordinates = np.array(thing.coords, np.float64)
    n_frames = len(coordinates)
    if not n_frames:
        raise FormatError("the trajectory holds no frame", where=kind, fix="check that the run has begun")
    if thing.coords_are_displacement:
        if thing.base_positions is None:
            raise MissingDataError(
                "the trajectory holds displacements without a beginning",
                where=kind,
                fix="give base_positions",
            )
        coordinates = np.asarray(thing.base_positions, np.float64) + np.cumsum(coordinates, axis=0)
    heavy: set[str] = set()
    species = tuple(_symbol(one, f"site {i} of a {kind}", heavy) for i, one in enumerate(thing.species))
    cells = np.broadcast_to(np.asarray(thing.lattice, np.float64), (n_frames, 3, 3))
    snapshots = [
        Snapshot(
            species,
            coordinates[k],
            whole_cell(cells[k], (True,) * 3, kind=kind, number=k, fix=_FIX_CELL),
            _arrays(_of_frame(thing.site_properties, k), len(species), kind, k),
            _scalars(_of_frame(thing.frame_properties, k)),
        )
        for k in range(n_frames)
    ]
    source = ObjectSource(
        kind, snapshots.__getitem__, n_frames, cartesian=False, times=_times(thing, n_frames, timestep)
    )
    return Made(source, (_DEUTERIUM,) if heavy else ())


def _times(thing: Any, n_frames: int, timestep: float | None) -> Floats | None:
    """Return the times of the frames, fs: as asked, as left by :func:`to_pymatgen`, or by the time step."""
    stated = [_of_frame(thing.frame_properties, k).get(TIME_KEY) for k in range(n_frames)]
    if timestep is None and all(isinstance(time, int | float) for time in stated):
        times = np.array(stated, np.float64)
        if (np.diff(times) > 0).all():
            return times
    step = thing.time_step if timestep is None else timestep
    if step is None:
        return None
    if not 0 < step < np.inf:
        raise UsageError(
            f"the pymatgen Trajectory states a time step of {step} fs", fix="give timestep= in fs"
        )
    return even_times(float(step), n_frames)


def _of_frame(properties: Any, number: int) -> Mapping[str, Any]:
    """Return the properties of one frame, whether each frame has its own or all share one set."""
    if not properties:
        return {}
    found = properties if isinstance(properties, Mapping) else properties[number]
    return found or {}


def _structure(structure: Any, number: int, kind: str, heavy: set[str]) -> Snapshot:
    """Return what one Structure holds."""
    if "pymatgen.core.structure.IStructure" not in class_paths(structure):
        raise FormatError(
            f"frame {number} is a {type(structure).__name__}", where=kind, fix="give Structures only"
        )
    cell = whole_cell(
        structure.lattice.matrix, structure.lattice.pbc, kind=kind, number=number, fix=_FIX_CELL
    )
    species = tuple(
        _symbol(site.species, f"site {i} of frame {number} of a {kind}", heavy)
        for i, site in enumerate(structure)
    )
    coordinates = np.array(structure.frac_coords, np.float64).reshape(-1, 3)
    arrays = _arrays(structure.site_properties, len(species), kind, number)
    return Snapshot(species, coordinates, cell, arrays, _scalars(structure.properties or {}))


def _symbol(specie: Any, where: str, heavy: set[str]) -> str:
    """Return the symbol of a fully occupied site without its charge; note heavy hydrogen.

    Parameters
    ----------
    specie : Composition, Species, Element or str
    """
    if isinstance(specie, int | np.integer):
        from pymatgen.core import Element

        specie = Element.from_Z(int(specie))
    if hasattr(specie, "items"):
        parts = [(one, float(amount)) for one, amount in specie.items()]
        if len(parts) != 1 or not _FULL <= parts[0][1] <= 2 - _FULL:
            told = ", ".join(f"{amount:g} {one}" for one, amount in parts) or "nothing"
            raise FormatError(
                f"the site is disordered: it holds {told}",
                where=where,
                fix="choose one ordered arrangement (pymatgen's OrderDisorderedStructureTransformation)",
            )
        specie = parts[0][0]
    match = re.match(r"[A-Z][a-z]{0,2}", str(specie))
    written = match[0] if match else str(specie)
    if written in ("D", "T"):
        heavy.add(written)
        return "H"
    return written


def _arrays(properties: Mapping[str, Any], n_atoms: int, kind: str, number: int) -> dict[str, Floats]:
    """Return velocities (Å/fs, as in a POSCAR) and forces (eV/Å) where every atom has some."""
    out: dict[str, Floats] = {}
    for name in ("velocities", "forces"):
        values = properties.get(name)
        if values is None or any(value is None for value in values):
            continue
        out[name] = numbers(values, (n_atoms, 3), what=name, kind=kind, number=number)
    return out


def _scalars(properties: Mapping[str, Any]) -> dict[str, float]:
    """Return the energies among the properties of a frame, eV."""
    out: dict[str, float] = {}
    for name, ours in _ENERGIES.items():
        value = properties.get(name)
        if isinstance(value, int | float | np.floating) and not isinstance(value, bool):
            out.setdefault(ours, float(value))
    return out


def to_pymatgen(frames: Frames) -> Any:
    """Return the frames as a pymatgen Trajectory; ``to_pymatgen(frames)[0]`` is a Structure.

    Parameters
    ----------
    frames : Frames

    Returns
    -------
    pymatgen.core.trajectory.Trajectory
        Fractional coordinates as they are (pymatgen wraps them where a Structure is taken out). Velocities
        (Å/fs) and forces (eV/Å) are site properties, energies (eV) and times (``time_fs``) frame properties;
        ``time_step`` is the time from frame to frame, fs, where that is always the same.

    Examples
    --------
    >>> import perovchem as pc
    >>> pc.to_pymatgen(pc.read_frames("CsPbCl3_cubic"))[0].composition.reduced_formula
    'CsPbCl3'
    """
    from pymatgen.core.trajectory import Trajectory

    if not len(frames):
        raise UsageError("a Trajectory needs at least one frame", fix="choose more frames")
    cells = frames.kernel_cells
    arrays = {name: held(frames, name) for name in ("velocities", "forces")}
    scalars = {name: v for name, v in frames.scalars.items() if name in ("energy", "free_energy")}
    site: list[dict[str, Any]] = [{} for _ in range(len(frames))]
    whole: list[dict[str, Any]] = [{} for _ in range(len(frames))]
    for k in range(len(frames)):
        site[k].update({name: values[k] for name, values in arrays.items() if values[k] is not None})
        whole[k].update({name: float(v[k]) for name, v in scalars.items() if np.isfinite(v[k])})
        if frames.times is not None:
            whole[k][TIME_KEY] = float(frames.times[k])
    return Trajectory(
        list(frames.species),
        frames.fractional_positions,
        lattice=cells[0] if len(cells) == 1 else cells,
        constant_lattice=len(cells) == 1,
        site_properties=site if any(site) else None,
        frame_properties=whole if any(whole) else None,
        time_step=_uniform(frames.times),
    )


def _uniform(times: Sequence[float] | Floats | None) -> float | None:
    """Return the time from frame to frame, or None where it varies."""
    if times is None or len(times) < 2:
        return None
    gaps = np.diff(np.asarray(times, np.float64))
    step = float(np.median(gaps))
    return step if step > 0 and (np.abs(gaps - step) < 1e-6 * step).all() else None
