"""Point groups of molecules whose symmetry is known, turned, permuted and shaken."""

from __future__ import annotations

import numpy as np
import pytest
from builders_molecules import BODIES, OF_ASE, body
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from validation import symmetry

from perovchem.errors import UsageError
from perovchem.point_group import point_group, symmetry_number_of

KNOWN = {**OF_ASE, **BODIES}


def molecule(name: str) -> tuple[tuple[str, ...], np.ndarray]:
    if name in BODIES:
        return body(name)
    from ase.build import molecule as build

    atoms = build(name)
    return tuple(atoms.get_chemical_symbols()), atoms.positions


@pytest.mark.parametrize("name", KNOWN)
def test_groups_of_known_molecules(name: str) -> None:
    found = point_group(*molecule(name))
    assert (found.symbol, found.symmetry_number) == KNOWN[name]
    assert found.linear == ("∞" in found.symbol)
    assert found.deviation < 0.02  # printed coordinates of the G2 set


@pytest.mark.parametrize("name", KNOWN)
def test_groups_survive_turning_permuting_and_noise(name: str) -> None:
    species, positions = molecule(name)
    generator = np.random.default_rng(len(name))
    for _ in range(8):
        order = generator.permutation(len(species))
        turned = (positions @ Rotation.random(rng=generator).as_matrix())[order] + generator.normal(
            size=3
        ) * 5
        shaken = turned + generator.normal(scale=0.01, size=turned.shape)
        found = point_group([species[k] for k in order], shaken)
        assert (found.symbol, found.symmetry_number) == KNOWN[name]


@given(st.sampled_from(sorted(KNOWN)), st.integers(0, 2**32 - 1))
def test_mirror_images_have_the_same_group(name: str, seed: int) -> None:
    species, positions = molecule(name)
    mirror = positions @ Rotation.random(rng=np.random.default_rng(seed)).as_matrix() * [-1, 1, 1]
    assert point_group(species, mirror).symbol == KNOWN[name][0]


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "C60"])
def test_another_implementation_finds_the_same(name: str) -> None:
    analyzer = pytest.importorskip("pymatgen.symmetry.analyzer")
    from pymatgen.core import Molecule

    theirs = analyzer.PointGroupAnalyzer(Molecule(*molecule(name)), tolerance=0.05).sch_symbol
    assert point_group(*molecule(name), tolerance=0.05).symbol == theirs.replace("*", "∞")


def test_symmetry_numbers_are_the_orders_of_the_proper_groups(validate) -> None:
    names = sorted(KNOWN)
    validate(
        "Gibbs energies", "symmetry number", f"{len(names)} molecules, turned and shaken by .01 Å",
        ours=[point_group(*molecule(name)).symmetry_number for name in names],
        truth=[KNOWN[name][1] for name in names], absolute=0, source=symmetry("proper operations of the point group"),
    )  # fmt: skip
    for symbol, number in KNOWN.values():
        assert symmetry_number_of(symbol) == number


def test_isotopes_break_symmetry() -> None:
    species, positions = molecule("CH4")
    assert point_group(["C", "D", "H", "H", "H"], positions).symbol == "C3v"
    assert point_group(["C", "D", "D", "H", "H"], positions).symbol == "C2v"
    assert point_group(["C", "T", "D", "H", "H"], positions).symbol == "Cs"
    assert species == ("C", "H", "H", "H", "H")


def test_the_tolerance_decides() -> None:
    species, positions = molecule("NH3")
    positions = positions.copy()
    positions[1] *= 1.05
    assert point_group(species, positions, tolerance=0.1).symbol == "C3v"
    assert point_group(species, positions, tolerance=0.005).symbol == "Cs"


@pytest.mark.parametrize("n", [3, 5, 8, 13, 40])
def test_rings_of_any_order(n: int) -> None:
    angles = 2 * np.pi * np.arange(n) / n
    ring = 0.25 * n * np.column_stack([np.cos(angles), np.sin(angles), np.zeros(n)])
    above = ring + np.array([0, 0, 1.5])
    found = point_group(["C"] * n, ring)
    assert (found.symbol, found.symmetry_number) == (f"D{n}h", 2 * n)
    assert point_group(["C"] * n + ["H"] * n, np.concatenate([ring, above])).symbol == f"C{n}v"
    turned = above @ Rotation.from_euler("z", np.pi / n).as_matrix()
    assert point_group(["C"] * 2 * n, np.concatenate([above, turned * [1, 1, -1]])).symbol == f"D{n}d"


def test_nearly_linear_and_single_atoms() -> None:
    assert point_group(["Ar"], np.zeros((1, 3))).symbol == "K"
    bent = np.array([[0.0, 0.3, 0.0], [1.2, 0.0, 0.0], [-1.2, 0.0, 0.0]])
    assert point_group(["C", "O", "O"], bent).symbol == "C2v"
    assert point_group(["C", "O", "O"], bent * [1, 0.1, 1]).symbol == "D∞h"


def test_refusals() -> None:
    with pytest.raises(UsageError, match="tolerance"):
        point_group(["Ar"], np.zeros((1, 3)), tolerance=0.0)
    with pytest.raises(UsageError, match="501 atoms"):
        point_group(["Ar"] * 501, np.zeros((501, 3)))
