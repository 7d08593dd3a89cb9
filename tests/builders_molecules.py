"""Molecules with a known point group, and calculations whose vibrations are known by algebra."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.elements import element
from perovchem.level_of_theory import LevelOfTheory

LEVEL = LevelOfTheory("ORCA", functional="PBE0", basis="def2-TZVP")

OF_ASE = {
    "H2O": ("C2v", 2), "NH3": ("C3v", 3), "CH4": ("Td", 12), "C2H6": ("D3d", 6), "C6H6": ("D6h", 12),
    "C2H4": ("D2h", 4), "C2H2": ("D∞h", 2), "CO2": ("D∞h", 2), "HCN": ("C∞v", 1), "N2": ("D∞h", 2),
    "CO": ("C∞v", 1), "H2O2": ("C2", 2), "CH3OH": ("Cs", 1), "CH3Cl": ("C3v", 3), "SO2": ("C2v", 2),
    "BF3": ("D3h", 6), "C3H4_D2d": ("D2d", 4), "C3H6_D3h": ("D3h", 6), "C5H5N": ("C2v", 2), "HCCl3": ("C3v", 3),
    "N2H4": ("C2", 2), "trans-butane": ("C2h", 2), "isobutane": ("C3v", 3), "H2CO": ("C2v", 2), "C60": ("Ih", 60),
}  # fmt: skip
"""Molecules that ase.build.molecule gives, with Schoenflies symbol and symmetry number."""


def body(name: str) -> tuple[tuple[str, ...], Floats]:
    """Return elements and places (Å) of bodies of the less common groups, by construction."""
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    if name == "PbCl6 octahedron":
        return ("Pb", *["Cl"] * 6), np.concatenate([np.zeros((1, 3)), 2.8 * axes])
    if name == "PtCl4 square":
        return ("Pt", *["Cl"] * 4), np.concatenate([np.zeros((1, 3)), 2.3 * axes[[0, 1, 3, 4]]])
    if name == "PCl5 bipyramid":
        ring = _ring(3, 2.02)
        return ("P", *["Cl"] * 5), np.concatenate([np.zeros((1, 3)), ring, [[0, 0, 2.14], [0, 0, -2.14]]])
    if name == "IF5 pyramid":
        return ("I", *["F"] * 5), np.concatenate([np.zeros((1, 3)), _ring(4, 1.87, -0.2), [[0, 0, 1.85]]])
    if name == "S8 crown":
        upper, lower = _ring(4, 2.35, 0.5), _ring(4, 2.35, -0.5, np.pi / 4)
        return ("S",) * 8, np.concatenate([upper, lower])
    if name == "icosahedron":
        golden = (1 + 5**0.5) / 2
        corners = [(0, a, b * golden) for a, b in itertools.product((1, -1), repeat=2)]
        return ("B",) * 12, np.array([np.roll(corner, k) for corner in corners for k in range(3)]) * 0.9
    if name == "CHFClBr":
        return ("C", "H", "F", "Cl", "Br"), np.array(
            [[0, 0, 0], [0.63, 0.63, 0.63], [0.78, -0.78, -0.78], [-1.02, 1.02, -1.02], [-1.13, -1.13, 1.13]]
        )
    if name == "C2H2F2Cl2 meso":  # antiperiplanar partners are alike: an inversion and nothing else
        one = np.array([[0.76, 0.0, 0.0], [1.2, 1.0, 0.2], [1.25, -0.7, 1.1], [1.4, -0.9, -1.3]])
        return ("C", "H", "F", "Cl") * 2, np.concatenate([one, -one])
    if name == "twisted ethane":  # 20 degrees from eclipsed
        upper, lower = _ring(3, 1.02, 1.16), _ring(3, 1.02, -1.16, np.radians(20))
        return ("C", "C", *["H"] * 6), np.concatenate([[[0, 0, 0.76], [0, 0, -0.76]], upper, lower])
    if (
        name == "S4 tetraphenyl core"
    ):  # four blades turned alike about a tetrahedral center, alternating up and down
        start = np.array([[1.2, 0.0, 0.8], [1.9, 0.7, 1.1]])
        turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
        blades = [start @ np.linalg.matrix_power(turn, k).T for k in range(4)]
        return ("C", *["N", "O"] * 4), np.concatenate([np.zeros((1, 3)), *blades])
    if name == "B(OH)3":
        oxygen, hydrogen = _ring(3, 1.37), _ring(3, 1.9, 0.0, np.radians(25))
        return ("B", *["O"] * 3, *["H"] * 3), np.concatenate([np.zeros((1, 3)), oxygen, hydrogen])
    raise KeyError(name)


BODIES = {
    "PbCl6 octahedron": ("Oh", 24), "PtCl4 square": ("D4h", 8), "PCl5 bipyramid": ("D3h", 6),
    "IF5 pyramid": ("C4v", 4), "S8 crown": ("D4d", 8), "icosahedron": ("Ih", 60), "CHFClBr": ("C1", 1),
    "C2H2F2Cl2 meso": ("Ci", 1), "twisted ethane": ("D3", 6), "S4 tetraphenyl core": ("S4", 2), "B(OH)3": ("C3h", 3),
}  # fmt: skip


def _ring(n: int, radius: float, height: float = 0.0, phase: float = 0.0) -> Floats:
    angles = phase + 2 * np.pi * np.arange(n) / n
    return np.column_stack([radius * np.cos(angles), radius * np.sin(angles), np.full(n, height)])


def masses_of(species: tuple[str, ...]) -> Floats:
    return np.array([element(symbol).mass for symbol in species])


def spring_hessian(positions: Floats, strength: float = 20.0) -> Floats:
    """Springs between all pairs, relaxed where the atoms lie: exactly six (five) zero modes."""
    n = len(positions)
    hessian = np.zeros((n, 3, n, 3))
    for i, j in itertools.combinations(range(n), 2):
        apart = positions[j] - positions[i]
        length = np.linalg.norm(apart)
        block = strength / length**2 * np.outer(apart / length, apart / length)
        hessian[i, :, i] += block
        hessian[j, :, j] += block
        hessian[i, :, j] -= block
        hessian[j, :, i] -= block
    return hessian.reshape(3 * n, 3 * n)


def calculation(
    species: tuple[str, ...],
    positions: Floats | None = None,
    energy: float = -100.0,
    *,
    wavenumbers: Any = None,
    name: str = "",
    unit: Any = "eV",
    level: LevelOfTheory = LEVEL,
    seed: int = 0,
    **more: Any,
) -> Calculation:
    """A molecule; without wavenumbers, with arbitrary ones in the number it must have."""
    generator = np.random.default_rng(seed)
    n = len(species)
    places = generator.normal(size=(n, 3)) * 2 if positions is None else positions
    vibrations = None
    if n > 1:
        expected = 1 if n == 2 else 3 * n - 6
        values = (
            generator.uniform(30, 3000, expected) if wavenumbers is None else np.asarray(wavenumbers, float)
        )
        vibrations = Vibrations(values[None], masses_of(species), projected=True)
    return Calculation(species, places, energy, unit, level, name=name or "".join(species),
                       vibrations=vibrations, **more)  # fmt: skip


def with_hessian(species: tuple[str, ...], positions: Floats, hessian: Floats, **more: Any) -> Calculation:
    """A molecule with its Hessian, all 3N modes of it and their vectors, as a plane-wave code gives them."""
    from perovchem.gibbs.partition import FREQUENCY

    masses = masses_of(species)
    roots = np.sqrt(np.repeat(masses, 3))
    values, vectors = np.linalg.eigh(hessian / np.outer(roots, roots))
    wavenumbers = np.sign(values) * np.sqrt(np.abs(values)) * FREQUENCY
    vibrations = Vibrations(
        wavenumbers[None], masses, displacements=vectors.T.reshape(-1, len(masses), 3), hessian=hessian
    )
    return Calculation(species, positions, -10.0, "eV", LEVEL, vibrations=vibrations, **more)


def goodvibes() -> dict[str, Any]:
    """Values that GoodVibes 4.4 computed from its own Gaussian examples."""
    return json.loads((Path(__file__).parent / "gibbs" / "goodvibes.json").read_text(encoding="utf-8"))[
        "files"
    ]
