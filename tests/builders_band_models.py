"""Bands whose masses are known: parabolas, Kane, tight binding, Luttinger, Rashba, crossings, metals; on paths.

A model is a function of Cartesian k-points (K, 3), 1/Å, that returns energies (K, B) or (S, K, B), eV. ``on_path``
runs a path over it and rounds as a file would. H = ħ²/m0 = 7.61996 eV Å2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

import perovchem as pc
from perovchem.bands import Bands, Segment
from perovchem.units import HBAR2_PER_M0 as H

Floats = NDArray[np.float64]
Model = Callable[[Floats], Floats]

CUBIC = 5.87 * np.eye(3)
TRICLINIC = np.array([[5.2, 0.0, 0.0], [0.9, 6.1, 0.0], [-0.7, 1.1, 7.3]])
FACE_CENTERED = 2.825 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
HIGH_SYMMETRY = {
    "Γ": (0.0, 0.0, 0.0), "X": (0.0, 0.5, 0.0), "M": (0.5, 0.5, 0.0), "R": (0.5, 0.5, 0.5), "Z": (0.0, 0.0, 0.5),
    "Y": (0.5, 0.0, 0.0), "T": (0.0, 0.5, 0.5), "U": (0.5, 0.0, 0.5),
    "X fcc": (0.5, 0.0, 0.5), "L fcc": (0.5, 0.5, 0.5), "K fcc": (0.375, 0.375, 0.75),
}  # fmt: skip


def reciprocal(cell: ArrayLike) -> Floats:
    """Rows b1, b2, b3 with 2π."""
    return 2 * np.pi * np.linalg.inv(np.asarray(cell, float)).T


def perovskite(edge: float = 5.87) -> pc.Crystal:
    """Cubic CsPbBr3: the symmetry Pm-3m."""
    places = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    return pc.Crystal.from_arrays(edge * np.eye(3), ("Cs", "Pb", "Br", "Br", "Br"), places)


def zinc_blende(cell: ArrayLike = FACE_CENTERED) -> pc.Crystal:
    """GaAs: no inversion."""
    return pc.Crystal.from_arrays(np.asarray(cell, float), ("Ga", "As"), np.array([[0.0] * 3, [0.25] * 3]))


def points_of(
    cell: ArrayLike, route: Sequence[str | Sequence[float]], spacing: float
) -> tuple[Floats, tuple[Segment, ...]]:
    """k-points, fractional, of a path through named or given points, joints twice, and its segments.

    A name is that of ``HIGH_SYMMETRY``; what follows a blank ("L fcc") is no part of the label.
    """
    basis = reciprocal(cell)
    named = [stop if isinstance(stop, str) else "" for stop in route]
    corners = [np.array(HIGH_SYMMETRY[stop] if isinstance(stop, str) else stop, float) for stop in route]
    names = [name.partition(" ")[0] for name in named]
    rows: list[Floats] = []
    segments = []
    start = 0
    for (a, b), (first, last) in zip(pairwise(corners), pairwise(names), strict=True):
        many = max(2, 1 + round(float(np.linalg.norm((b - a) @ basis)) / spacing))
        rows.append(a + np.linspace(0, 1, many)[:, None] * (b - a))
        segments.append(Segment(start, start + many, first, last))
        start += many
    return np.concatenate(rows), tuple(segments)


def on_path(
    model: Model,
    route: Sequence[str | Sequence[float]],
    *,
    cell: ArrayLike = CUBIC,
    spacing: float = 0.02,
    electrons: float | Sequence[float] = 2.0,
    decimals: int | None = 4,
    offset: float = 0.0,
    **more: object,
) -> Bands:
    """Bands of a model along a path, sorted and rounded as a file with so many decimals holds them."""
    kpoints, segments = points_of(cell, route, spacing)
    return at_points(
        model,
        kpoints,
        cell=cell,
        electrons=electrons,
        decimals=decimals,
        offset=offset,
        segments=segments,
        **more,
    )


def at_points(
    model: Model,
    kpoints: Floats,
    *,
    cell: ArrayLike = CUBIC,
    electrons: float | Sequence[float] = 2.0,
    decimals: int | None = 4,
    offset: float = 0.0,
    **more: object,
) -> Bands:
    """Bands of a model at fractional k-points."""
    basis = reciprocal(cell)
    energies = np.asarray(model(kpoints @ basis), float) + offset
    energies = np.sort(energies[None] if energies.ndim == 2 else energies, axis=-1)
    if decimals is not None:
        energies = np.round(energies, decimals)
    numbers = tuple(np.atleast_1d(np.asarray(electrons, float)).tolist())
    step = 0.0 if decimals is None else 10.0**-decimals
    return Bands(kpoints, basis, energies, numbers, energy_step=step, **more)


def shifted(model: Model, center: ArrayLike) -> Model:
    """The same model around another k, Cartesian."""
    return lambda k: model(k - np.asarray(center, float))


def two_bands(
    up: Callable[[Floats], Floats], down: Callable[[Floats], Floats], gap: float, top: float = 0.0
) -> Model:
    """An empty band above and a filled one below a gap; both functions are energies away from it."""
    return lambda k: np.column_stack([top - down(k), top + gap + up(k)])


def quadratic(inverse_mass: ArrayLike) -> Callable[[Floats], Floats]:
    """H/2 k·M·k with the inverse mass tensor M, 1/m0."""
    given = np.asarray(inverse_mass, float)
    tensor = given if given.ndim == 2 else given * np.eye(3)
    return lambda k: H / 2 * np.einsum("ki,ij,kj->k", k, tensor, k)


def kane(inverse_mass: ArrayLike, alpha: float) -> Callable[[Floats], Floats]:
    """The positive root of E (1 + α E) = H/2 k·M·k."""
    parabola = quadratic(inverse_mass)
    return lambda k: 2 * parabola(k) / (1 + np.sqrt(1 + 4 * alpha * parabola(k)))


def cosines(hopping: float, edge: float = 5.87) -> Callable[[Floats], Floats]:
    """Simple cubic tight binding from its minimum at Γ: 2t Σ (1 - cos k a); mass H/(2 t a²), equal in all directions."""
    return lambda k: 2 * hopping * (1 - np.cos(k * edge)).sum(axis=1)


def cosine_mass(hopping: float, edge: float = 5.87) -> float:
    """Mass at either extremum of ``cosines``, m0."""
    return H / (2 * hopping * edge**2)


def kohn_luttinger(g1: float, g2: float, g3: float, split: float) -> Model:
    """Six valence bands with spin-orbit splitting, at 0 eV: p orbitals (Dresselhaus, Kip and Kittel) times spin.

    Masses at Γ, m0: heavy and light along [100] 1/(g1 ∓ 2 g2), along [111] 1/(g1 ∓ 2 g3), along [110]
    1/(g1 ∓ sqrt(g2² + 3 g3²)); split-off 1/g1.
    """
    low, mid, mixed = -(g1 + 4 * g2), -(g1 - 2 * g2), -6 * g3
    epsilon = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        epsilon[i, j, k], epsilon[j, i, k] = 1, -1
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    coupling = sum(np.kron(-1j * epsilon[n], pauli[n]) for n in range(3)) * split / 3

    def energies(k: Floats) -> Floats:
        matrices = np.zeros((len(k), 3, 3))
        square = (k**2).sum(axis=1)
        for i in range(3):
            matrices[:, i, i] = H / 2 * (low * k[:, i] ** 2 + mid * (square - k[:, i] ** 2))
            for j in range(3):
                if i != j:
                    matrices[:, i, j] = H / 2 * mixed * k[:, i] * k[:, j]
        whole = np.kron(matrices, np.eye(2)) + coupling
        return np.linalg.eigvalsh(whole) - split / 3

    return energies


def rashba(mass: float, strength: float) -> Callable[[Floats], Floats]:
    """Two spins H k²/2m ± α |k in the xy plane|, (K, 2); minimum at k_R = α m / H, E_R = α² m / 2H below the center."""

    def energies(k: Floats) -> Floats:
        parabola = H / 2 * (k**2).sum(axis=1) / mass
        linear = strength * np.hypot(k[:, 0], k[:, 1])
        return np.column_stack([parabola - linear, parabola + linear])

    return energies


def with_structure(bands: Bands, structure: pc.Crystal) -> Bands:
    """The same with atoms."""
    return replace(bands, structure=structure)


R = np.array([0.5, 0.5, 0.5]) @ reciprocal(CUBIC)
TENSOR = np.array([[8.5, 0.9, -0.6], [0.9, 3.4, 0.4], [-0.6, 0.4, 1.6]])
LUTTINGER = (6.98, 2.06, 2.93)
"""Of GaAs, Vurgaftman, Meyer and Ram-Mohan, 10.1063/1.1368156."""
G1, G2, G3 = LUTTINGER
ALONG_110 = float(np.sqrt(G2**2 + 3 * G3**2))
FCC_ROUTE = ("X fcc", "Γ", "L fcc", "Γ", "K fcc")
COUNTS = {4: 0.02, 8: 0.012}
"""Spacing, 1/Å, by decimals; the goals are for .025 and .015 at most."""


@dataclass(frozen=True)
class Known:
    """A model on a path, and its masses by carrier and arm, heaviest last."""

    model: Model
    route: tuple[object, ...]
    electron: Mapping[str, tuple[float, ...]]
    hole: Mapping[str, tuple[float, ...]]
    cell: np.ndarray
    structure: pc.Crystal | None = None
    electrons: float = 2.0
    spin: str = "none"
    offset: float = 0.0

    def bands(self, decimals: int, spacing: float) -> Bands:
        """In memory."""
        return on_path(
            self.model, self.route, cell=self.cell, spacing=spacing, electrons=self.electrons, decimals=decimals,
            spin=self.spin, structure=self.structure, offset=self.offset,
        )  # fmt: skip


def along(
    tensor: np.ndarray, stops: tuple[str, ...], cell: np.ndarray, start: str = "Γ"
) -> dict[str, tuple[float, ...]]:
    """1/(d·M·d) for the arms from a point."""
    found = {}
    for stop in stops:
        d = (np.array(HIGH_SYMMETRY[stop]) - np.array(HIGH_SYMMETRY[start])) @ reciprocal(cell)
        d = d / np.linalg.norm(d)
        found[f"{start}-{stop}"] = (1 / float(d @ tensor @ d),)
    return found


def same(mass: float, *arms: str) -> dict[str, tuple[float, ...]]:
    return dict.fromkeys(arms, (mass,))


def luttinger(k: np.ndarray) -> np.ndarray:
    edge = 1.52 + kane(1 / 0.067, 0.6)(k)
    return np.column_stack([kohn_luttinger(*LUTTINGER, 1.2)(k), edge, edge])


def crossing(k: np.ndarray) -> np.ndarray:
    return np.column_stack(
        [-0.08 - quadratic(1 / 2.5)(k), -kane(1 / 0.14, 0.5)(k), 1 + quadratic(1 / 0.2)(k)]
    )


STOPS = ("X", "M", "R", "Z", "T", "U", "Y")
STAR = ("X", "Γ", "M", "R", "Γ", "Z", "T", "Γ", "U", "Y", "Γ")
ARMS = ("R-X", "R-M", "R-Γ")
KNOWN = {
    "triclinic parabolas": Known(
        two_bands(quadratic(TENSOR), quadratic(TENSOR[::-1, ::-1] / 3), 1.5), STAR,
        along(TENSOR, ("X", "M", "R", "Z", "T", "U", "Y"), TRICLINIC), along(TENSOR[::-1, ::-1] / 3, STOPS, TRICLINIC), TRICLINIC,
    ),
    "Kane, gap 2.02 eV": Known(
        shifted(two_bands(kane(1 / 0.11, 1 / 2.02), kane(1 / 0.24, 1 / 2.02), 2.02), R), ("X", "R", "M", "Γ", "R"),
        same(0.11, *ARMS), same(0.24, *ARMS), CUBIC, perovskite(),
    ),
    "Kane, gap 1 eV": Known(
        shifted(two_bands(kane(1 / 0.03, 1.0), kane(1 / 0.12, 1.0), 1.0), R), ("Γ", "R", "M"),
        same(0.03, "R-Γ", "R-M"), same(0.12, "R-Γ", "R-M"), CUBIC, perovskite(),
    ),
    "tight binding": Known(
        shifted(two_bands(cosines(0.3), cosines(0.5), 3.0), R), ("X", "R", "M", "Γ", "R"),
        same(cosine_mass(0.3), *ARMS), same(cosine_mass(0.5), *ARMS), CUBIC, perovskite(),
    ),
    "Luttinger": Known(
        luttinger, FCC_ROUTE,
        same(0.067, "Γ-X", "Γ-L", "Γ-K"),
        {
            "Γ-X": (1 / (G1 + 2 * G2), 1 / (G1 - 2 * G2)),
            "Γ-L": (1 / (G1 + 2 * G3), 1 / (G1 - 2 * G3)),
            "Γ-K": (1 / (G1 + ALONG_110), 1 / (G1 - ALONG_110)),
        },
        FACE_CENTERED, zinc_blende(), 6.0, "noncollinear",
    ),
    "crossing band": Known(
        crossing, ("X", "Γ", "R"), same(0.2, "Γ-X", "Γ-R"), same(0.14, "Γ-X", "Γ-R"), CUBIC, None, 4.0
    ),
    "VBM at 0 eV, gap 3 eV": Known(
        two_bands(kane(1 / 0.4, 0.3), kane(1 / 0.9, 0.3), 3.0), ("X", "Γ", "M"),
        same(0.4, "Γ-X", "Γ-M"), same(0.9, "Γ-X", "Γ-M"), CUBIC, perovskite(),
    ),
}  # fmt: skip
