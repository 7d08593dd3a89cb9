"""Molecules from the bond graph: whole across boundaries, named, periodic where they are."""

from __future__ import annotations

import numpy as np
import pytest
from builders import CELLS, frames_of, recell, rotations
from hypothesis import given, settings
from hypothesis import strategies as st

import perovchem as pc
from perovchem.elements import element
from perovchem.errors import FormatError, UsageError
from perovchem.molecules import BOND_TOLERANCE, KNOWN_NAMES, find_molecules

# methylammonium, staggered, ideal tetrahedra: C-N 1.49, C-H 1.09, N-H 1.03 Å
_OUT = np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(3) / 3]) * np.sin(np.radians(70.5))
_UP = np.cos(np.radians(70.5))
METHYLAMMONIUM = (
    ("C", "N", "H", "H", "H", "H", "H", "H"),
    np.concatenate(
        [
            [[0, 0, 0], [0, 0, 1.49]],
            1.09 * np.column_stack([_OUT, [-_UP] * 3]),
            [0, 0, 1.49] + 1.03 * np.column_stack([-_OUT, [_UP] * 3]),
        ]
    ),
)
WATER = (("O", "H", "H"), np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]]))


def box(parts, cell, seed: int):
    """Molecules and ions on places far apart, each turned at random: species, positions (Å)."""
    rng = np.random.default_rng(seed)
    grid = [(i, j, k) for i in range(3) for j in range(3) for k in range(3)]
    places = (rng.permutation(grid)[: len(parts)] + 0.5) / 3 @ cell
    turns = rotations(len(parts), seed)
    species = [s for symbols, _ in parts for s in symbols]
    rows = [xyz @ turn + at for (_, xyz), turn, at in zip(parts, turns, places, strict=True)]
    return species, np.concatenate(rows)


def of(frames: pc.Frames, **options) -> pc.Molecules:
    return find_molecules(frames.species, frames.fractional_positions[0], frames.kernel_cells[0], **options)


def bonded_pairs(frames: pc.Frames, found: pc.Molecules) -> None:
    """Every molecule of more than one atom is connected, without a boundary, by its own images."""
    whole = (frames.fractional_positions[0] + found.image) @ frames.kernel_cells[0]
    radius = np.array([element(s).covalent_radius for s in frames.species])
    for k in range(len(found.names)):
        atoms = np.flatnonzero(found.label == k)
        reached, rest = [atoms[0]], set(atoms[1:])
        while rest:
            new = {
                j for j in rest for i in reached
                if np.linalg.norm(whole[i] - whole[j]) < radius[i] + radius[j] + BOND_TOLERANCE
            }  # fmt: skip
            assert new
            reached += new
            rest -= new


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", range(4))
def test_molecules_are_found_whole_across_boundaries(cell: str, seed: int) -> None:
    parts = (
        [METHYLAMMONIUM] * 3 + [WATER] * 4 + [(("I",), np.zeros((1, 3)))] * 3 + [(("Pb",), np.zeros((1, 3)))]
    )
    species, places = box(parts, CELLS[cell], seed)
    for shift in ([0, 0, 0], [3.3, 3.9, 4.1], [-70, 55, 1.7]):
        frames = frames_of(species, places + shift, CELLS[cell], wrap=True)
        found = of(frames)
        assert found.census == {"MA": 3, "water": 4, "I": 3, "Pb": 1}
        assert found.formulas[:1] == ("CH6N",)
        assert not found.periodic
        bonded_pairs(frames, found)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_sorting_turning_wrapping_and_other_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    species, places = box([METHYLAMMONIUM] * 2 + [WATER] * 3, CELLS["skewed"], seed)
    order, turn = rng.permutation(len(species)), rotations(1, seed)[0]
    matrix = [[1, 1, 0], [0, 1, 0], [1, 0, 1]] if seed % 2 else [[1, 0, 0], [0, 2, 0], [0, 0, 1]]
    symbols, moved, cell = recell([species[k] for k in order], places[order], CELLS["skewed"], matrix)
    frames = frames_of(symbols, (moved + rng.uniform(-50, 50, 3)) @ turn, cell @ turn, wrap=bool(seed % 3))
    found = of(frames)
    times = len(symbols) // len(species)
    assert found.census == {"MA": 2 * times, "water": 3 * times}
    bonded_pairs(frames, found)


def test_every_atom_belongs_to_one_molecule() -> None:
    species, places = box([METHYLAMMONIUM, WATER], CELLS["cubic"], 1)
    found = of(frames_of(species, places, CELLS["cubic"]))
    assert found.label.tolist() == [0] * 8 + [1] * 3
    assert found.atoms_of("MA").tolist() == found.atoms_of("CH6N").tolist() == list(range(8))
    assert repr(found) == "<Molecules 1 MA, 1 water>"


def test_a_user_names_what_we_do_not_know_and_what_we_do() -> None:
    species, places = box([WATER, (("C", "O"), np.array([[0, 0, 0], [1.13, 0, 0]]))], CELLS["cubic"], 1)
    frames = frames_of(species, places, CELLS["cubic"])
    assert of(frames).census == {"water": 1, "CO": 1}
    named = of(frames, names={"CO": "carbon monoxide", "H2O": "solvent"})
    assert named.census == {"solvent": 1, "carbon monoxide": 1}
    assert named.atoms_of("solvent").tolist() == named.atoms_of("H2O").tolist()


def test_an_unknown_molecule_names_the_nearest() -> None:
    species, places = box([METHYLAMMONIUM, WATER], CELLS["cubic"], 1)
    with pytest.raises(UsageError, match=r"no molecule is called 'watr'. Fix: did you mean 'water'"):
        of(frames_of(species, places, CELLS["cubic"])).atoms_of("watr")


def test_known_names_are_hill_formulas() -> None:
    """Counted from the names: MA CH3NH3, FA CH(NH2)2, DMSO (CH3)2SO, DMF HCON(CH3)2, 2-ME CH3OC2H4OH, GBL C4H6O2."""
    assert KNOWN_NAMES == {
        "CH6N": "MA", "CH5N2": "FA", "C3H8O2": "2-ME", "C4H6O2": "GBL", "C2H6OS": "DMSO", "C3H7NO": "DMF", "H2O": "water",
    }  # fmt: skip


# bonds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [("C", "N"), ("O", "H"), ("S", "O"), ("H", "H")])
def test_the_bond_ends_at_the_sum_of_radii_plus_the_tolerance(pair) -> None:
    limit = sum(element(s).covalent_radius for s in pair) + BOND_TOLERANCE
    for distance, n in ((limit - 1e-6, 1), (limit + 1e-6, 2)):
        found = of(frames_of(pair, [[0, 0, 0], [distance, 0, 0]], CELLS["cubic"]))
        assert len(found.names) == n
    wider = of(
        frames_of(pair, [[0, 0, 0], [limit + 0.1, 0, 0]], CELLS["cubic"]), tolerance=BOND_TOLERANCE + 0.2
    )
    assert len(wider.names) == 1


def test_metals_make_no_molecules() -> None:
    """Pb 1.5 Å from O, as no solution has it: still an ion of its own."""
    found = of(
        frames_of(["Pb", "O", "Cs", "Cl"], [[0, 0, 0], [1.5, 0, 0], [3, 0, 0], [4.6, 0, 0]], CELLS["cubic"])
    )
    assert found.census == {"Pb": 1, "O": 1, "Cs": 1, "Cl": 1}


def test_ammonium_hydrogen_near_iodide_is_no_bond() -> None:
    """N-H...I of 2.4 Å (SCIENCE: 2.66 Å in CY-I) is a hydrogen bond."""
    symbols, xyz = METHYLAMMONIUM
    axis = (xyz[5] - xyz[1]) / 1.03
    places = np.concatenate([xyz, [xyz[5] + 2.4 * axis]])
    assert of(frames_of((*symbols, "I"), places, CELLS["cubic"])).census == {"MA": 1, "I": 1}


def test_many_hydrogens() -> None:
    """64 CH4 (320 atoms, 256 of them H) in a box: no H-H bond, no bond missed."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    methane = np.concatenate([np.zeros((1, 3)), 1.09 * corners])
    grid = np.array([(i, j, k) for i in range(4) for j in range(4) for k in range(4)]) * 4.0
    turns = rotations(64)
    places = np.concatenate([methane @ turn + at for turn, at in zip(turns, grid, strict=True)])
    found = of(frames_of(("C", "H", "H", "H", "H") * 64, places, 16.0 * np.eye(3), wrap=True))
    assert found.census == {"CH4": 64}


def test_crowded_atoms_need_more_room_than_first_guessed() -> None:
    """40 H within .4 Å of each other: 39 bonds each, more than the sixteen expected."""
    rng = np.random.default_rng(0)
    found = of(frames_of(["H"] * 40, rng.uniform(0, 0.2, (40, 3)), CELLS["cubic"]))
    assert found.census == {"H40": 1}


# periodic -----------------------------------------------------------------------------------------------------


def test_chains_and_networks_are_flagged() -> None:
    """One S every 2 Å is a chain through its own image; two S in the cell as well; a chain cut open is none."""
    assert of(frames_of(["S"], [[0, 0, 0]], np.diag([2.0, 15, 15]))).periodic == {0}
    two = of(frames_of(["S", "I", "S"], [[0, 0, 0], [0, 7, 0], [2, 0, 0]], np.diag([4.0, 15, 15])))
    assert two.periodic == {0}
    assert two.census == {"S2": 1, "I": 1}
    cut = of(frames_of(["S", "S"], [[0, 0, 0], [2, 0, 0]], np.diag([7.0, 15, 15])))
    assert not cut.periodic


def test_a_ring_across_the_boundary_is_not_periodic() -> None:
    angle = 2 * np.pi * np.arange(6) / 6
    ring = 1.4 * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    found = of(frames_of(["C"] * 6, ring, CELLS["skewed"], wrap=True))
    assert found.census == {"C6": 1}
    assert not found.periodic


def test_diamond_is_one_network() -> None:
    cell = 3.567 / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0.0]])
    species, places, cell = recell(
        ("C", "C"), np.array([[0, 0, 0], [0.25 * 3.567] * 3]), cell, 2 * np.eye(3, dtype=int)
    )
    found = of(frames_of(species, places, cell))
    assert found.census == {"C16": 1}
    assert found.periodic == {0}


# refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e9])
def test_broken_positions_are_refused(bad: float) -> None:
    with pytest.raises(FormatError, match=r"atom 1 \(H\)"):
        find_molecules(("O", "H"), np.array([[0, 0, 0], [0.1, bad, 0]]), 10 * np.eye(3))


@pytest.mark.parametrize("cell", [np.zeros((3, 3)), np.diag([9.0, 9.0, 0.1]), np.full((3, 3), np.nan)])
def test_flat_cells_are_refused(cell) -> None:
    with pytest.raises(FormatError, match="the cell is flatter"):
        find_molecules(("O", "H"), np.zeros((2, 3)), cell)
