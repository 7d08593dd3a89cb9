"""Which modes are vibrations: three routes to the same answer, at any orientation, with soft and stiff rotations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_molecules import LEVEL, calculation, masses_of, spring_hessian, with_hessian
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from perovchem.calculation import Calculation, Vibrations
from perovchem.errors import MissingDataError
from perovchem.gibbs import gibbs
from perovchem.gibbs.modes import external_basis, select_modes
from perovchem.gibbs.partition import FREQUENCY
from perovchem.level_of_theory import LevelOfTheory

SPECIES = ("O", "H", "H", "C", "N")
PLACES = np.array([[0, 0, 0.1], [0, 0.8, -0.5], [0.1, -0.8, -0.5], [1.4, 0.2, 0.3], [2.1, -0.9, 0.8]])
LINE = np.array([[0, 0, -1.2], [0, 0, 0], [0, 0, 1.1]])


def vibrations_of(found: Calculation) -> np.ndarray:
    selection = select_modes(found)
    kinds = np.array(selection.kinds)
    return np.sort(selection.wavenumbers[kinds == "vibration"])


def exact(species: tuple[str, ...], hessian: np.ndarray) -> np.ndarray:
    """All modes of a Hessian of springs, without its zeros."""
    roots = np.sqrt(np.repeat(masses_of(species), 3))
    values = np.sort(np.linalg.eigvalsh(hessian / np.outer(roots, roots)))
    n_zero = int((np.abs(values) < 1e-9 * values.max()).sum())
    return np.sqrt(values[n_zero:]) * FREQUENCY


def disturbed(hessian: np.ndarray, places: np.ndarray, *, linear: bool, strength: float) -> np.ndarray:
    """Add curvature along translations and rotations alone, as a box, a grid and forces do."""
    masses = masses_of(SPECIES if len(places) == 5 else ("O", "C", "S"))
    shifts, turns = external_basis(masses, places, linear=linear)
    basis = np.concatenate([shifts, turns], axis=1)
    wanted = np.linspace(-0.5, 1.0, basis.shape[1]) * strength
    roots = np.sqrt(np.repeat(masses, 3))
    return hessian + np.outer(roots, roots) * (basis @ np.diag(wanted) @ basis.T)


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 30.0))
def test_projection_finds_the_vibrations_whatever_the_rotations_have(seed: int, strength: float) -> None:
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    places = PLACES @ turn.T
    clean = spring_hessian(places)
    expected = exact(SPECIES, clean)
    assert len(expected) == 9
    found = with_hessian(SPECIES, places, disturbed(clean, places, linear=False, strength=strength))
    assert vibrations_of(found) == pytest.approx(expected, rel=1e-7)
    kinds = select_modes(found).kinds
    assert (kinds.count("translation"), kinds.count("rotation")) == (3, 3)


@settings(max_examples=30)
@given(st.floats(0.001, 30.0))
def test_without_a_hessian_the_vectors_do(strength: float) -> None:
    clean = spring_hessian(PLACES)
    found = with_hessian(SPECIES, PLACES, disturbed(clean, PLACES, linear=False, strength=strength))
    assert found.vibrations is not None
    alone = replace(found, vibrations=replace(found.vibrations, hessian=None))
    assert vibrations_of(alone) == pytest.approx(exact(SPECIES, clean), rel=1e-6)


def test_a_rotation_stiffer_than_a_vibration_is_still_a_rotation() -> None:
    clean = spring_hessian(PLACES, strength=0.05)
    found = with_hessian(SPECIES, PLACES, disturbed(clean, PLACES, linear=False, strength=5.0))
    selection = select_modes(found)
    stiffest = max(
        nu for nu, kind in zip(selection.wavenumbers, selection.kinds, strict=True) if kind != "vibration"
    )
    softest = vibrations_of(found)[0]
    assert stiffest > softest  # any cut would take the wrong ones
    assert vibrations_of(found) == pytest.approx(exact(SPECIES, clean), rel=1e-7)
    assert selection.doubts and "curvature" in selection.doubts[0]


def test_modes_that_mix_are_rebuilt() -> None:
    """Curvature that couples rotation and vibration: no printed mode is either, the projection still is."""
    clean = spring_hessian(PLACES, strength=0.3)
    generator = np.random.default_rng(3)
    masses = masses_of(SPECIES)
    basis = np.concatenate(external_basis(masses, PLACES, linear=False), axis=1)
    roots = np.sqrt(np.repeat(masses, 3))
    inner = generator.normal(size=(15, 6))
    inner -= basis @ (basis.T @ inner)
    coupled = clean + 0.02 * np.outer(roots, roots) * (inner @ basis.T + basis @ inner.T)
    with_it = with_hessian(SPECIES, PLACES, coupled)
    assert with_it.vibrations is not None
    without = replace(with_it, vibrations=replace(with_it.vibrations, hessian=None))
    assert any("mix with" in note for note in select_modes(without).notes)
    # coupling has no part inside the vibrations: they are those of the clean Hessian
    assert vibrations_of(with_it) == pytest.approx(exact(SPECIES, clean), rel=1e-7)
    assert vibrations_of(without) == pytest.approx(exact(SPECIES, clean), rel=1e-6)


def test_linear_molecules_lose_five() -> None:
    species = ("O", "C", "S")
    hessian = spring_hessian(LINE) + 0.3 * np.kron(np.eye(3), np.diag([1.0, 1.0, 0.0]))
    found = with_hessian(species, LINE, disturbed(hessian, LINE, linear=True, strength=0.01))
    kinds = select_modes(found).kinds
    assert (kinds.count("vibration"), kinds.count("translation"), kinds.count("rotation")) == (4, 3, 2)
    assert gibbs(found).linear


def test_modes_printed_twice_count_once() -> None:
    found = with_hessian(SPECIES, PLACES, spring_hessian(PLACES))
    once = found.vibrations
    assert once is not None and once.displacements is not None
    twice = Vibrations(
        np.concatenate([once.wavenumbers, once.wavenumbers], axis=1), once.masses,
        displacements=np.concatenate([once.displacements, 2.5 * once.displacements]),
    )  # fmt: skip
    doubled = replace(found, vibrations=twice)
    assert vibrations_of(doubled) == pytest.approx(exact(SPECIES, spring_hessian(PLACES)), rel=1e-6)
    result = gibbs(doubled)
    assert result.mode_table.count["duplicate"] == 15
    assert result.gibbs == pytest.approx(
        gibbs(replace(found, vibrations=replace(once, hessian=None))).gibbs, abs=1e-9
    )
    assert all("twice" in mode.fate for mode in result.modes if mode.kind == "duplicate")


def test_degenerate_modes_are_not_duplicates() -> None:
    corners = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    found = with_hessian(("P",) * 4, corners, spring_hessian(corners))
    selection = select_modes(found)
    assert selection.kinds.count("vibration") == 6 and "duplicate" not in selection.kinds


def test_partial_hessian_keeps_every_mode() -> None:
    places = np.concatenate([PLACES, PLACES + np.array([0, 0, 4])])
    vectors = np.zeros((6, 10, 3))
    for k in range(6):
        vectors[k, k // 3, k % 3] = 1.0
    vibrations = Vibrations(
        np.array([[50.0, 80, 120, 300, 400, 500]]),
        masses_of(SPECIES * 2),
        displacements=vectors,
        moved=(0, 1),
    )
    slab = Calculation(SPECIES * 2, places, -50.0, "eV", LEVEL, periodicity="crystal", cell=np.eye(3) * 20,
                       vibrations=vibrations)  # fmt: skip
    found = gibbs(slab)
    assert found.mode_table.count == {"vibration": 6}
    assert any("2 of 10 atoms were moved" in note for note in found.notes)
    assert [term.name for term in found.terms if term.name in ("translation", "rotation")] == []


def chain(n_wavevectors: int, *, vectors: bool = True) -> Calculation:
    """Diatomic chain, Γ and others: acoustic and optical branch along x, none across."""
    masses = np.array([22.99, 35.45])
    k, a = 5.0, 5.6
    rows, weights, places = [], [], []
    for index in range(n_wavevectors):
        q = index / (2 * n_wavevectors)
        phase = 1 + np.exp(-2j * np.pi * q)
        block = np.array([[2 * k, -k * phase], [-k * np.conj(phase), 2 * k]]) / np.sqrt(
            np.outer(masses, masses)
        )
        values = np.linalg.eigvalsh(block)
        along = np.sqrt(np.maximum(values, 0)) * FREQUENCY
        rows.append([*along, *(60.0, 61.0, 150.0, 151.0)] if index else [*along, 0.0, 0.0, 150.0, 151.0])
        weights.append(1.0)
        places.append([q, 0, 0])
    displacements = None
    if vectors:
        rigid = np.sqrt(masses / masses.sum())
        against = np.array([-rigid[1], rigid[0]])
        displacements = np.zeros((6, 2, 3))
        for mode, (vector, axis) in enumerate(
            ((rigid, 0), (against, 0), (rigid, 1), (rigid, 2), (against, 1), (against, 2))
        ):
            displacements[mode, :, axis] = vector
    vibrations = Vibrations(
        np.array(rows),
        masses,
        np.array(weights) / sum(weights),
        np.array(places),
        displacements=displacements,
    )
    return Calculation(("Na", "Cl"), np.array([[0.0, 0, 0], [a / 2, 0, 0]]), -6.0, "eV", LEVEL, periodicity="crystal",
                       cell=np.eye(3) * a, vibrations=vibrations)  # fmt: skip


def test_crystals_lose_the_acoustic_modes_of_gamma_alone() -> None:
    found = gibbs(chain(4))
    assert found.mode_table.count == {"translation": 3, "vibration": 21}
    assert all("acoustic" in mode.fate for mode in found.modes if mode.kind == "translation")
    weights = found.mode_table.weights
    assert weights[np.array(found.mode_table.kinds) == "vibration"].sum() == pytest.approx(6 - 3 / 4)
    assert np.isnan(found.pressure) and found.point_group == ""


def test_weights_of_wavevectors_average() -> None:
    calculated = chain(4)
    vibrations = calculated.vibrations
    assert vibrations is not None
    half = replace(
        vibrations,
        wavenumbers=np.repeat(vibrations.wavenumbers, 2, axis=0),
        weights=np.repeat(vibrations.weights, 2) / 2,
        wavevectors=np.repeat(vibrations.wavevectors, 2, axis=0),
    )
    assert gibbs(replace(calculated, vibrations=half)).gibbs == pytest.approx(
        gibbs(calculated).gibbs, abs=1e-12
    )


@pytest.mark.parametrize("periodicity", ["molecule", "crystal"])
def test_without_vectors_nothing_is_cut(periodicity: str) -> None:
    if periodicity == "crystal":
        found = chain(2, vectors=False)
    else:
        full = with_hessian(SPECIES, PLACES, spring_hessian(PLACES))
        assert full.vibrations is not None
        found = replace(full, vibrations=replace(full.vibrations, hessian=None, displacements=None))
    with pytest.raises(MissingDataError, match=r"without mode vectors.*not cut off"):
        gibbs(found)
    with pytest.raises(MissingDataError, match=r"put SEED\.phonon beside SEED\.castep"):
        gibbs(replace(found, level=LevelOfTheory("CASTEP")))


@pytest.mark.parametrize("n_modes", [8, 10])
def test_too_few_or_too_many_modes_of_a_molecular_code(n_modes: int) -> None:
    wavenumbers = np.linspace(100, 3000, n_modes if n_modes == 8 else 11)
    with pytest.raises(MissingDataError, match="9 are expected"):
        gibbs(calculation(SPECIES, PLACES, wavenumbers=wavenumbers))


def test_a_code_that_counts_one_more_has_a_linear_molecule() -> None:
    bent = LINE + np.array([[0, 0, 0], [0, 0.03, 0], [0, 0, 0]])
    three = gibbs(calculation(("O", "C", "S"), bent, wavenumbers=[500, 800, 2000]))
    four = gibbs(calculation(("O", "C", "S"), bent, wavenumbers=[500, 500, 800, 2000]))
    assert (three.linear, four.linear) == (False, True)
    assert any("counts 3 vibrations" in note for note in three.notes)


@pytest.mark.parametrize(("places", "n_modes", "expected"), [(LINE, 3, 4), (PLACES[:3], 4, 3)])
def test_a_code_cannot_count_a_line_as_bent_or_the_reverse(
    places: np.ndarray, n_modes: int, expected: int
) -> None:
    """A line that is called bent has a moment of inertia of zero, and an entropy without bound."""
    with pytest.raises(MissingDataError, match=f"{n_modes} modes of 3 atoms where {expected} are expected"):
        gibbs(calculation(("O", "C", "S"), places, wavenumbers=np.linspace(500, 2000, n_modes)))


def test_zeros_that_a_code_prints_are_no_vibrations() -> None:
    found = gibbs(calculation(("O", "H", "H"), PLACES[:3], wavenumbers=[0, 0, 0, 0, 0, 0, 1600, 3600, 3700]))
    assert found.mode_table.count == {"rotation": 6, "vibration": 3}
