"""Octahedral tilts and distortions of perovskites over time, and the halides that hop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from perovchem._kernels import octahedra
from perovchem.arrays import Floats, Integers
from perovchem.coordination import Coordination
from perovchem.errors import UsageError, warn
from perovchem.thermostat import thermostat_note
from perovchem.tilts.axes import neighbors_along, pseudo_cubic
from perovchem.tilts.forgetting import TiltMemory as TiltMemory
from perovchem.tilts.forgetting import memory
from perovchem.tilts.glazer import SMALLEST_TILT, glazer, patterns
from perovchem.tilts.glazer import Glazer as Glazer
from perovchem.tilts.hopping import Hopping as Hopping
from perovchem.tilts.hopping import hopping
from perovchem.tilts.result import MODES as MODES
from perovchem.tilts.result import Tilts as Tilts
from perovchem.uncertainty import BlockAverage, block_average, ratio_average

LEAST_BONDS: Final = 5
"""Ligands along the axes from which on an octahedron has a rotation: one may be missing."""
DECIDING: Final = 2.0
"""Standard errors that a lasting tilt must exceed to be told from none."""
_FEW: Final = 0.5


def tilts(shells: Coordination, *, least_ligands: int = LEAST_BONDS) -> Tilts:
    r"""Return how the octahedra of a perovskite are turned and distorted.

    The axes x, y, z are the orthonormal ones nearest to the mean ways from center to center over shared ligands, of
    every frame's cell; they follow the lattice, not the octahedra. A ligand takes the place ±x, ±y or ±z that it is
    nearest to (by less than 45°; of two the nearer), so vacancies, a seventh ligand and molecules between the
    octahedra do not disturb the others. The rotation R is that which comes nearest to the directions u of the bonds,

    .. math:: \min_R \sum_k |\mathbf u_k - R\,\mathbf e_k|^2,

    the orthogonal factor of :math:`\sum_k \mathbf u_k \mathbf e_k^T`. Its tilts about x, y and z are the components of
    the rotation vector (axis times angle): no order of rotations has to be chosen, and for one axis, or small
    angles, it is the angle of Glazer [1]_. What is left of the displacements of six ligands, in the turned axes and
    against the mean bond length, is given as the amplitudes of the modes Eg, T2g, T1u and T2u of an octahedron: their
    squares add up to the sum of the squared displacements.

    The tilt system follows from tilts averaged over the run, and from their parts in Glazer's two patterns: out of
    phase, alternating along all three axes, and in phase, alternating along all but the axis of the tilt.

    Parameters
    ----------
    shells : Coordination
        Centers B and their ligands X; several elements of each in mixed crystals and double perovskites.
    least_ligands : int
        Ligands at their places from which on an octahedron has a rotation, 4 to 6.

    Returns
    -------
    Tilts

    Raises
    ------
    UsageError
        If the octahedra share no corners along axes at right angles, or too few are whole.

    References
    ----------
    .. [1] Glazer 1972, doi 10.1107/S0567740872007976.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.read_frames(pc.reference.path("CsPbBr3_Pbnm"))
    >>> pc.tilts(pc.coordination(crystal, center="Pb", ligands="Br")).glazer.symbol
    'a-a-c+'
    """
    if least_ligands not in (4, 5, 6):
        raise UsageError(f"{least_ligands} ligands for a rotation", fix="choose 4, 5 or 6")
    pseudo = pseudo_cubic(shells)
    frames, bonds = shells.frames, shells.bonds
    axes = pseudo.axes(frames.kernel_cells)
    size = bonds.n_frames * bonds.n_centers
    shape = bonds.n_frames, bonds.n_centers
    angles, modes, numbers = np.empty((*shape, 3)), np.empty((*shape, 4)), np.empty((size, 2), np.int64)
    octahedra.tilt(
        bonds.offsets, bonds.vector, axes, bonds.n_centers, least_ligands, angles.reshape(size, 3),
        modes.reshape(size, 4), numbers,
    )  # fmt: skip
    defined = np.isfinite(angles[..., 0])
    if defined.mean() < _FEW:
        raise UsageError(
            f"{100 * (1 - defined.mean()):.0f} % of the octahedra have fewer than {least_ligands} ligands along the "
            "axes",
            where=frames.source.origin,
            fix="check the cutoffs with: perovchem coordination",
        )
    first = frames[:1].select(atoms=shells.centers)
    neighbors = neighbors_along(first.fractional_positions[0], frames.kernel_cells[0], pseudo)
    means, errors, converged = _lasting(angles)
    amplitudes, spread = _root_mean_square(means), _root_mean_square(np.nan_to_num(errors))
    # the part of the mean squares that chance alone would give is no tilt
    lasting = np.sqrt(np.maximum(amplitudes**2 - spread**2, 0.0))
    phases = {
        (k, d): _phase(angles[..., k], neighbors[d]) for k in range(3) for d in range(3) if pseudo.found[d]
    }
    parts = patterns(means, neighbors)
    in_phase = lasting * np.sqrt([parts[0, 0, 1, 1], parts[1, 1, 0, 1], parts[2, 1, 1, 0]])
    out_of_phase = lasting * np.sqrt(parts[:, 1, 1, 1])
    alone = tuple(bool((neighbors[k] == np.arange(shape[1])).any()) for k in range(3))
    # octahedra tilt together, so that their number makes this error no smaller
    system = glazer(in_phase, out_of_phase, spread, lasting, alone)
    found = Tilts(
        shells=shells,
        axes=axes,
        spacings=pseudo.spacings,
        directions=pseudo.directions,
        angles=angles,
        modes=modes,
        n_whole=int((numbers[:, 0] == 6).sum()),
        n_incomplete=int((numbers[:, 0] < 6).sum()),
        n_beyond=int(numbers[:, 1].sum()),
        lasting=lasting,
        lasting_error=spread if len(frames) > 1 else np.full(3, np.nan),
        lasting_converged=converged,
        phases=phases,
        in_phase=in_phase,
        out_of_phase=out_of_phase,
        glazer=system,
        memory=_memories(shells, angles),
        hopping=hopping(frames, shells.centers, shells.ligand_atoms, pseudo, neighbors),
        warnings=(),
    )
    notes = _notes(found, alone)
    for note in notes:
        warn(note)
    return found.told((*shells.warnings, *notes))


def _lasting(angles: Floats) -> tuple[Floats, Floats, tuple[bool, bool, bool]]:
    """Return each octahedron's time-averaged tilts, their standard errors, (n_centers, 3), and if these converged."""
    averages = [[block_average(angles[:, i, k]) for k in range(3)] for i in range(angles.shape[1])]
    means = np.array([[one.mean for one in row] for row in averages])
    errors = np.array([[one.standard_error for one in row] for row in averages])
    known = [all(row[k].converged for row in averages if math.isfinite(row[k].mean)) for k in range(3)]
    return means, errors, (known[0], known[1], known[2])


def _root_mean_square(values: Floats) -> Floats:
    """Return it over the octahedra that have a value, (3,)."""
    defined = np.isfinite(values)
    squares = np.where(defined, values**2, 0.0).sum(axis=0)
    root: Floats = np.sqrt(squares / np.maximum(defined.sum(axis=0), 1))
    return root


def _phase(angles: Floats, neighbors: Integers) -> BlockAverage:
    """Return the correlation of tilts between neighbors: +1 in phase, -1 out of phase."""
    here = np.flatnonzero(neighbors >= 0)
    one, other = angles[:, here], angles[:, neighbors[here]]
    both = np.isfinite(one) & np.isfinite(other)
    products = np.where(both, one * other, 0.0).sum(axis=1)
    squares = np.where(both, 0.5 * (one**2 + other**2), 0.0).sum(axis=1)
    return ratio_average(products, squares)


def _memories(shells: Coordination, angles: Floats) -> Mapping[str, TiltMemory]:
    """Return how the tilts about each axis are forgotten; nothing without evenly spaced times."""
    times = shells.frames.times
    if times is None or len(times) < 10:
        return {}
    steps = np.diff(times)
    interval = float(np.median(steps))
    if not (interval > 0 and np.abs(steps - interval).max() < 1e-3 * interval):
        return {}
    return {"xyz"[k]: memory(angles[..., k], interval) for k in range(3)}


def _notes(found: Tilts, alone: tuple[bool, ...]) -> list[str]:
    """Return what the reader of these numbers must know."""
    notes: list[str] = []
    short = ["xyz"[k] for k in range(3) if alone[k]]
    if short:
        notes.append(
            f"the cell is one octahedron long along {', '.join(short)}: tilts out of phase cannot be seen there"
        )
    weak = [
        f"{axis} ({size:.1f} ± {error:.1f} degree)"
        for axis, size, error in zip("xyz", found.lasting, found.lasting_error, strict=True)
        if size >= SMALLEST_TILT and size <= DECIDING * error
    ]
    if weak:
        notes.append(
            f"the run is too short to tell whether the tilt about {', '.join(weak)} lasts: within {DECIDING:g} "
            "standard errors of none, so the tilt system is open there"
        )
    kinds = dict.fromkeys(found.shells.frames.species[i] for i in found.shells.centers)
    if len(kinds) > 1 and found.glazer.space_group:
        notes.append(
            f"the space group {found.glazer.space_group} takes {', '.join(kinds)} as alike; where they are ordered, as "
            "in double perovskites, the symmetry is lower"
        )
    if found.n_incomplete:
        part = found.n_incomplete / (found.n_incomplete + found.n_whole)
        notes.append(
            f"{100 * part:.2g} % of the octahedra lack a ligand at one of six places: they have no distortion, and "
            f"{found.n_undefined} no tilt"
        )
    if found.n_beyond:
        notes.append(f"{found.n_beyond} bonds lead to ligands beyond the six places; they are left out")
    frames = found.shells.frames
    if found.memory and (note := thermostat_note(frames)) is not None:
        notes.append(note)
    return notes
