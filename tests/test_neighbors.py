"""Every bond with its image, in any cell: against trying all images, and against ASE."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from builders import CELLS, OCTAHEDRON, around, frames_of, perovskite, recell
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import brute_bonds, table

from perovchem._kernels import neighbors
from perovchem.frames import Frames
from perovchem.pairs import Bonds, PairSearch

SETTINGS = settings(max_examples=40)


def heights(cell):
    """Volume over the area of each face."""
    faces = [np.linalg.norm(np.cross(cell[(k + 1) % 3], cell[(k + 2) % 3])) for k in range(3)]
    return abs(np.linalg.det(cell)) / np.array(faces)


def random_cell(seed: int) -> np.ndarray:
    """A triclinic cell, often flat and leaning over by more than itself, in a random orientation, either hand."""
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(2.0, 11.0, 3))
    cell[1, 0], cell[2, 0], cell[2, 1] = rng.uniform(-15, 15, 3)
    return cell @ np.linalg.qr(rng.normal(size=(3, 3)))[0]


def search(frames: Frames, centers, ligands, cutoff: float) -> Bonds:
    centers, ligands = np.array(centers), np.array(ligands)
    zeros = np.zeros_like
    return PairSearch(frames, centers, ligands, zeros(centers), zeros(ligands), np.array([[cutoff]])).all()


def same(found, expected) -> None:
    assert found.keys() == expected.keys()
    for bond, vector in expected.items():
        np.testing.assert_allclose(found[bond], vector, atol=1e-11)


@pytest.mark.parametrize("seed", range(20))
def test_heights_are_volume_over_face(seed: int) -> None:
    cell = random_cell(seed)
    out = np.empty(3)
    neighbors.heights(cell, out)
    np.testing.assert_allclose(out, heights(cell), rtol=1e-9)


def test_height_of_a_cell_without_volume_is_zero() -> None:
    out = np.full(3, np.nan)
    neighbors.heights(np.zeros((3, 3)), out)
    assert out.tolist() == [0, 0, 0]


@SETTINGS
@given(seed=st.integers(0, 10**6), n_atoms=st.integers(1, 6), fraction=st.floats(0.2, 3.0), far=st.booleans())
def test_equals_all_images_in_triclinic_cells(seed: int, n_atoms: int, fraction: float, far: bool) -> None:
    """Cutoffs from a fifth of the lowest height to three times it; atoms inside the cell and some cells away."""
    rng = np.random.default_rng(seed)
    cell = random_cell(seed)
    cutoff = min(fraction * float(heights(cell).min()), 12.0)
    assume(heights(cell).min() > 0.6)
    assume(np.prod(2 * cutoff / heights(cell) + 3) < 4000)  # the oracle's time
    places = rng.uniform(-2.5, 2.5, (n_atoms, 3)) if far else rng.random((n_atoms, 3))
    frames = frames_of(["Pb"] * n_atoms, places, cell, fractional=True)
    everyone = list(range(n_atoms))
    found = table(search(frames, everyone, everyone, cutoff))
    same(found, brute_bonds(places, cell, everyone, everyone, np.full((n_atoms, n_atoms), cutoff)))


@SETTINGS
@given(seed=st.integers(0, 10**6), cutoff=st.floats(1.0, 9.0))
def test_equals_ase(seed: int, cutoff: float) -> None:
    ase = pytest.importorskip("ase.neighborlist")
    from ase import Atoms

    rng = np.random.default_rng(seed)
    cell = random_cell(seed)
    assume(heights(cell).min() > 1.2)
    places = rng.uniform(-1, 2, (6, 3))
    frames = frames_of(["Pb"] * 6, places, cell, fractional=True)
    atoms = Atoms("Pb6", scaled_positions=places, cell=cell, pbc=True)
    atoms.set_positions(places @ cell)
    i, j, images = ase.neighbor_list("ijS", atoms, cutoff)
    expected = {(int(a), int(b), tuple(map(int, n))) for a, b, n in zip(i, j, images, strict=True)}
    assert table(search(frames, range(6), range(6), cutoff)).keys() == expected


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("at", [(0, 0, 0), (-0.4, 30.0, 11.9), (100.0, -200.0, 5.0)])
def test_octahedron_anywhere_in_any_cell(name: str, wrap: bool, at) -> None:
    """Six ligands and their vectors, wherever the boundary cuts."""
    frames = around(3.0 * OCTAHEDRON, CELLS[name], at=at, wrap=wrap)
    bonds = search(frames, [0], range(1, 7), 3.5)
    np.testing.assert_allclose(bonds.vector[np.argsort(bonds.ligand)], 3.0 * OCTAHEDRON, atol=1e-10)


def test_the_nearest_image_is_not_the_one_by_rounding() -> None:
    """In a flat leaning cell the image of the rounded fractions is not the nearest: algebra of the two lengths."""
    cell = np.array([[4.0, 0, 0], [0, 4.0, 0], [1.9, 1.9, 4.0]])
    fraction = np.array([0.45, 0.45, 0.45])
    nearest = min(np.linalg.norm((fraction - n) @ cell) for n in itertools.product((0, 1), repeat=3))
    assert np.linalg.norm((fraction - np.rint(fraction)) @ cell) > nearest + 0.1
    frames = frames_of(["Pb", "I"], [[0, 0, 0], fraction], cell, fractional=True)
    assert search(frames, [0], [1], 6.0).distance.min() == pytest.approx(nearest, abs=1e-12)


def test_perovskite_has_six_bonds_through_three_atoms() -> None:
    species, places, cell = perovskite(6.2)
    bonds = search(frames_of(species, places, cell), [1], [2, 3, 4], 4.0)
    assert bonds.counts.tolist() == [[6]]
    assert sorted(bonds.ligand.tolist()) == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(bonds.distance, 3.1, rtol=1e-14)


def test_cutoff_beyond_the_whole_cell_counts_every_image() -> None:
    """Simple cubic, a = 2 Å: within 4.1 Å stand 6 + 12 + 8 + 6 = 32 images (1, 2, 3, 4 as squares of a)."""
    frames = frames_of(["Pb"], [[0.3, 0.9, 0.1]], 2.0 * np.eye(3), fractional=True)
    assert search(frames, [0], [0], 4.1).counts.tolist() == [[32]]


def test_the_cutoff_itself_is_outside() -> None:
    """ "Below the cutoff": 3.0 is not below 3.0 (both exact in binary, in a cell of 8 Å)."""
    frames = frames_of(["Pb", "I"], [[0, 0, 0], [3.0, 0, 0]], 8.0 * np.eye(3))
    assert search(frames, [0], [1], 3.0).counts.tolist() == [[0]]
    assert search(frames, [0], [1], np.nextafter(3.0, 4.0)).counts.tolist() == [[1]]


def test_an_atom_is_no_ligand_of_itself_but_its_images_are() -> None:
    frames = frames_of(["Pb"], [[1.7, -2.2, 5.1]], 4.0 * np.eye(3))
    assert search(frames, [0], [0], 3.9).counts.tolist() == [[0]]
    bonds = search(frames, [0], [0], 4.1)
    assert bonds.counts.tolist() == [[6]]
    assert not (bonds.image == 0).all(axis=1).any()


def test_one_cutoff_per_pair_of_kinds() -> None:
    frames = frames_of(["Pb", "Sn", "I", "O"], [[0, 0, 0], [8, 0, 0], [3, 0, 0], [11, 0, 0]], 30 * np.eye(3))
    both = np.array([0, 1]), np.array([2, 3])
    cutoffs = np.array([[3.1, 2.0], [6.0, 3.1]])  # rows Pb, Sn; columns I, O
    bonds = PairSearch(frames, *both, np.array([0, 1]), np.array([0, 1]), cutoffs).all()
    assert {bond[:2] for bond in table(bonds)} == {(0, 0), (1, 0), (1, 1)}
    cutoffs[1, 0] = 0.0  # a pair that does not count
    bonds = PairSearch(frames, *both, np.array([0, 1]), np.array([0, 1]), cutoffs).all()
    assert {bond[:2] for bond in table(bonds)} == {(0, 0), (1, 1)}


@pytest.mark.parametrize(
    "matrix",
    [2 * np.eye(3, dtype=int), [[1, 3, 0], [0, 1, 0], [0, -2, 1]], [[1, 2, 0], [-1, 1, 0], [1, 0, 2]]],
)
def test_other_cells_of_one_crystal_have_the_same_bonds(matrix) -> None:
    species, places, cell = recell(*perovskite(6.2), matrix)
    lead = [k for k, s in enumerate(species) if s == "Pb"]
    iodine = [k for k, s in enumerate(species) if s == "I"]
    bonds = search(frames_of(species, places, cell), lead, iodine, 4.0)
    assert (bonds.counts == 6).all()
    np.testing.assert_allclose(bonds.distance, 3.1, rtol=1e-12)
