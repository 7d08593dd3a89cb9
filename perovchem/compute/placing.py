"""Starting structures of a cluster: ions and molecules brought together one by one, at random but by charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.elements import element
from perovchem.errors import UsageError
from perovchem.units import BOHR, HARTREE

MOST_ATOMS: Final = 400
"""Of one species; the tight-binding Hamiltonian grows with the square, its cost with the cube."""
DIRECTIONS: Final = 12
"""Placements that are drawn for each part; the one of lowest Coulomb energy is taken."""
CLEARANCE: Final = 0.8
"""Å between the covalent spheres of two parts that touch: more than a bond, less than van der Waals contact."""
SOFTENING: Final = 0.5
"""Å, added in quadrature to distances, so that a single close pair does not decide."""
DOCKING_STEPS: Final = 400
"""Of the descent that brings the rigid parts together."""
LONGEST_STEP: Final = 0.2
"""Å, and radian."""
REPULSION: Final = 1.0
"""eV between two atoms at the sum of their covalent radii, falling to 1/e over ``RANGE``."""
RANGE: Final = 0.3
"""Å."""
COULOMB: Final = HARTREE * BOHR
"""e2/(4 π ε0), eV Å."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One ion or molecule that is placed as a rigid body.

    Attributes
    ----------
    name : str
    species : tuple of str
    positions : float64 (N, 3)
        Å.
    charges : float64 (N,)
        Atomic partial charges, e; their sum is the charge of the part.
    """

    name: str
    species: tuple[str, ...]
    positions: Floats
    charges: Floats

    @property
    def charge(self) -> int:
        """Sum of the atomic charges, e."""
        return round(float(self.charges.sum()))


def place(parts: Sequence[Part], *, seed: int) -> Floats:
    """Return the positions of all parts of one cluster, in the order in which they are given.

    Ions come first, in random order, then the neutral molecules, in random order. Each one comes in along a random
    direction, in a random orientation, until an atom touches; of ``DIRECTIONS`` such placements the one with the lowest
    Coulomb energy of partial charges stays. Then the rigid parts slide and turn downhill in the field of their charges
    and a soft repulsion, so that ions have met before an electron is computed. The same seed gives the same draws
    whatever the elements are, so that clusters which differ in a halide start nearly alike.

    Parameters
    ----------
    parts : sequence of Part
    seed : int

    Returns
    -------
    float64 (N, 3)
        Å, atoms of the parts in the order given.

    Raises
    ------
    UsageError
        If there is nothing to place, or more than ``MOST_ATOMS`` atoms.

    Examples
    --------
    >>> ions = [Part("Cs+", ("Cs",), np.zeros((1, 3)), np.ones(1)),
    ...         Part("Cl-", ("Cl",), np.zeros((1, 3)), -np.ones(1))]
    >>> cesium, chlorine = place(ions, seed=1)
    >>> print(f"{np.linalg.norm(cesium - chlorine):.2f} Å")
    3.84 Å
    """
    atoms = sum(len(part.species) for part in parts)
    if not 0 < atoms <= MOST_ATOMS:
        raise UsageError(f"a cluster of {atoms} atoms", fix=f"give parts with 1 to {MOST_ATOMS} atoms in all")
    random = np.random.default_rng(seed)
    ions = [k for k, part in enumerate(parts) if part.charge]
    molecules = [k for k, part in enumerate(parts) if not part.charge]
    placed: dict[int, Floats] = {}
    for k in (*random.permutation(ions).astype(int), *random.permutation(molecules).astype(int)):
        placed[k] = _bring(random, parts, k, placed)
    together = _dock(parts, np.concatenate([placed[k] for k in range(len(parts))]))
    return np.asarray(together - together.mean(axis=0))


def relocate(parts: Sequence[Part], positions: Floats, *, seed: int) -> Floats:
    """Return a cluster from which one part (or two, one time in three) was taken off and came in again elsewhere.

    Molecules are chosen twice as often as ions.

    Parameters
    ----------
    parts : sequence of Part
    positions : float64 (N, 3)
        Å, of a relaxed cluster.
    seed : int

    Returns
    -------
    float64 (N, 3)
        Å.

    Examples
    --------
    >>> ion = lambda name, charge: Part(name, (name,), np.zeros((1, 3)), np.array([float(charge)]))
    >>> cluster = [ion("Cs", 1), ion("Cl", -1), ion("Cs", 1), ion("Cl", -1)]
    >>> moved = relocate(cluster, place(cluster, seed=1), seed=2)
    >>> moved.shape
    (4, 3)
    """
    random = np.random.default_rng(seed)
    ends = np.cumsum([len(part.species) for part in parts])
    placed = {k: positions[end - len(parts[k].species) : end] for k, end in enumerate(ends)}
    weights = np.array([1.0 if part.charge else 2.0 for part in parts])
    count = min(1 + int(random.random() < 1 / 3), len(parts) - 1)
    chosen = random.choice(len(parts), size=count, replace=False, p=weights / weights.sum())
    for k in chosen:
        del placed[int(k)]
    for k in chosen:
        placed[int(k)] = _bring(random, parts, int(k), placed)
    together = np.concatenate([placed[k] for k in range(len(parts))])
    return np.asarray(together - together.mean(axis=0))


def _bring(random: np.random.Generator, parts: Sequence[Part], k: int, placed: dict[int, Floats]) -> Floats:
    """Return where part ``k`` comes to rest: the best of several draws."""
    part = parts[k]
    here = np.concatenate([placed[j] for j in placed] or [np.empty((0, 3))])
    around = [parts[j] for j in placed]
    best, lowest = np.empty((0, 3)), np.inf
    for _ in range(DIRECTIONS):
        turned = (part.positions - part.positions.mean(axis=0)) @ _rotation(random).T
        direction = random.normal(size=3)
        direction /= np.linalg.norm(direction)
        moved = turned + _approach(part, turned, around, here, direction) * direction
        if len(here):
            moved = moved + here.mean(axis=0)
        energy = _coulomb(part, moved, around, here)
        if energy < lowest or not len(best):
            best, lowest = moved, energy
    return best


def _rotation(random: np.random.Generator) -> Floats:
    """Return a rotation drawn uniformly: the QR decomposition of normal deviates, signs fixed (Mezzadri 2007)."""
    q, r = np.linalg.qr(random.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return np.asarray(q * np.sign(np.linalg.det(q)))


def _radii(parts: Sequence[Part]) -> Floats:
    return np.array([element(symbol).covalent_radius for part in parts for symbol in part.species])


def _approach(part: Part, turned: Floats, around: list[Part], here: Floats, direction: Floats) -> float:
    """Return how far out along ``direction`` the part first touches what is there, coming from outside (Å)."""
    if not len(here):
        return 0.0
    contact = _radii([part])[:, None] + _radii(around)[None] + CLEARANCE
    apart = turned[:, None] - (here - here.mean(axis=0))[None]
    along = apart @ direction
    # |apart + t direction| = contact: the larger root is met first from outside
    inside = along**2 - (apart**2).sum(axis=2) + contact**2
    meets = np.where(inside > 0, -along + np.sqrt(np.maximum(inside, 0.0)), -np.inf)
    return float(meets.max()) if np.isfinite(meets.max()) else 0.0


def _coulomb(part: Part, moved: Floats, around: list[Part], here: Floats) -> float:
    if not len(here):
        return 0.0
    others = np.concatenate([other.charges for other in around])
    distance = np.sqrt(((moved[:, None] - here[None]) ** 2).sum(axis=2) + SOFTENING**2)
    return float((part.charges[:, None] * others[None] / distance).sum())


def _dock(parts: Sequence[Part], positions: Floats) -> Floats:
    """Move and turn rigid parts downhill, each step accepted only if the energy falls."""
    owner: Integers = np.repeat(np.arange(len(parts)), [len(part.species) for part in parts])
    charges = np.concatenate([part.charges for part in parts])
    radii = _radii(parts)
    apart = owner[:, None] != owner[None]
    products = COULOMB * np.outer(charges, charges) * apart
    contact = radii[:, None] + radii[None]
    energy, forces = _field(positions, products, contact, apart)
    step = LONGEST_STEP
    for _ in range(DOCKING_STEPS):
        moved = _moved(positions, forces, owner, step)
        found, pulls = _field(moved, products, contact, apart)
        if found < energy:
            positions, energy, forces = moved, found, pulls
            step = min(step * 1.2, LONGEST_STEP)
        else:
            step *= 0.5
            if step < 1e-4:
                break
    return positions


def _field(positions: Floats, products: Floats, contact: Floats, apart: Floats) -> tuple[float, Floats]:
    """Return energy (eV) and forces (eV/Å) of softened charges and a repulsion between atoms of different parts."""
    between = positions[:, None] - positions[None]
    distance = np.sqrt((between**2).sum(axis=2) + 1e-12)
    soft = np.sqrt(distance**2 + SOFTENING**2)
    # bounded, so that two atoms on top of one another stay a number
    repulsion = REPULSION * np.exp(np.minimum((contact - distance) / RANGE, 30.0)) * apart
    energy = float((products / soft + repulsion).sum()) / 2
    strength = products / soft**3 + repulsion / RANGE / distance
    return energy, np.asarray((strength[:, :, None] * between).sum(axis=1))


def _moved(positions: Floats, forces: Floats, owner: Integers, step: float) -> Floats:
    """Shift every part along its force and turn it along its torque; the fastest atom moves about ``step``."""
    first = np.flatnonzero(np.diff(owner, prepend=-1))  # atoms of a part stand together
    counts = np.bincount(owner)[:, None]
    centers = np.add.reduceat(positions, first) / counts
    arms = positions - centers[owner]
    # a lever shorter than an Å would make light molecules spin
    levers = np.maximum(np.maximum.reduceat((arms**2).sum(axis=1), first), 1.0)
    shifts = np.add.reduceat(forces, first)
    turns = np.add.reduceat(_cross(arms, forces), first) / levers[:, None]
    reach = np.linalg.norm(shifts, axis=1) + np.linalg.norm(turns, axis=1) * np.sqrt(levers)
    scale = step / max(float(reach.max()), 1e-9)
    return _turned(arms, turns[owner] * scale) + (centers + shifts * scale)[owner]


def _turned(arms: Floats, turns: Floats) -> Floats:
    """Return each vector turned about its own axis (Rodrigues); the length of the axis is the angle."""
    angle = np.linalg.norm(turns, axis=1)[:, None]
    axis = turns / np.maximum(angle, 1e-12)
    along = (axis * arms).sum(axis=1)[:, None] * axis
    return np.asarray(along + (arms - along) * np.cos(angle) + _cross(axis, arms) * np.sin(angle))


def _cross(one: Floats, other: Floats) -> Floats:
    """Return the cross products of rows; numpy's own takes ten times as long for so few."""
    x, y, z = one.T
    u, v, w = other.T
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)
