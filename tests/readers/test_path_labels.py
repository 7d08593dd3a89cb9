"""Names of k-points: every spelling, and every Bravais lattice in any setting and orientation."""

from __future__ import annotations

import warnings
from importlib.resources import files

import numpy as np
import pytest
import seekpath
from scipy.spatial.transform import Rotation

from perovchem.bands import Segment
from perovchem.crystal import Crystal
from perovchem.readers.path_labels import name_segments, plain_label, special_points

EXAMPLES = files("seekpath") / "hpkot" / "band_path_data"
LATTICES = sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir() and one.name[0].islower())
CASES = [
    (name, kind)
    for name in LATTICES
    for kind in ("inversion", "noinversion")
    if (EXAMPLES / name / f"POSCAR_{kind}").is_file()
]
GREEK = {"GAMMA": "Γ", "SIGMA": "Σ", "LAMBDA": "Λ", "DELTA": "Δ"}
FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 2.7


def example(name: str, kind: str) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Read one of seekpath's own examples: cell, fractions, kinds of atoms."""
    lines = (EXAMPLES / name / f"POSCAR_{kind}").read_text().split("\n")
    cell = np.array([line.split()[:3] for line in lines[2:5]], float) * float(lines[1])
    counts = [int(word) for word in lines[6].split()]
    places = np.array([line.split()[:3] for line in lines[8 : 8 + sum(counts)]], float)
    if lines[7].strip()[0] in "cCkK":
        places = places * float(lines[1]) @ np.linalg.inv(cell)
    return cell, places, [k + 1 for k, count in enumerate(counts) for _ in range(count)]


def unimodular(source: np.random.Generator) -> np.ndarray:
    """Return a whole-number matrix of determinant 1: another choice of the same lattice's axes."""
    matrix = np.eye(3, dtype=int)
    for _ in range(4):
        i, j = source.permutation(3)[:2]
        matrix[i] += source.choice((-1, 1)) * matrix[j]
    return matrix


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_points_of_every_lattice_keep_their_names_in_any_setting(name: str, kind: str) -> None:
    """Truth: seekpath's table for its standard primitive cell, carried by a rotation and a matrix of the test."""
    source = np.random.default_rng(LATTICES.index(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        standard = seekpath.get_path(example(name, kind), symprec=0.01)
    cell = np.array(standard["primitive_lattice"])
    places = np.array(standard["primitive_positions"])
    species = tuple(("Pb", "Br", "Cs", "I", "Cl", "Sn")[number - 1] for number in standard["primitive_types"])
    for _ in range(3):
        matrix = unimodular(source)
        turned = matrix @ cell @ Rotation.random(rng=source).as_matrix()
        moved = places @ np.linalg.inv(matrix)
        special = special_points(turned, Crystal.from_arrays(turned, species, moved))
        assert special is not None
        for label, point in standard["point_coords"].items():
            mine = matrix @ np.array(point) + source.integers(-1, 2, 3)  # k of an axis goes with the axes
            stem, mark, rest = label.partition("_")
            wanted = GREEK.get(stem, stem) + mark + rest
            assert wanted in [one for _, one in special.candidates(mine)]
        assert special.candidates(np.array([0.137, 0.291, 0.413])) == []


def named(points: list[tuple[float, float, float]], cell: np.ndarray, structure: Crystal | None) -> str:
    """Return the names of the corners of a path."""
    rows = np.array(points)
    segments = [Segment(k, k + 2) for k in range(len(points) - 1)]
    found, _ = name_segments(segments, rows, cell, structure=structure)
    return "-".join([found[0].start_label, *(part.stop_label for part in found)])


def test_points_of_the_cubic_perovskite_have_one_name_each() -> None:
    """Pm-3m: Γ X M R by the coordinates everybody uses."""
    cell = np.eye(3) * 5.87
    crystal = Crystal.from_arrays(
        cell,
        ("Cs", "Pb", "Br", "Br", "Br"),
        np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    )
    for structure in (crystal, None):
        points = [(0, 0.5, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0, 0, 0), (-0.5, 0.5, 0.5), (0, 0, 0.5)]
        assert named(points, cell, structure) == "X-R-M-Γ-R-X"


def test_a_line_tells_u_from_k_which_are_one_point() -> None:
    """In fcc (5/8 1/4 5/8) and (3/8 3/8 3/4) differ by a rotation and G: X-U and K-Γ are the names of their lines."""
    points = np.array([(0.5, 0, 0.5), (0.625, 0.25, 0.625), (0.375, 0.375, 0.75), (0, 0, 0)])
    found, _ = name_segments([Segment(0, 2), Segment(2, 4)], points, FCC)
    assert [(part.start_label, part.stop_label) for part in found] == [("X", "U"), ("K", "Γ")]
    special = special_points(FCC)
    assert special is not None
    assert {name for _, name in special.candidates(points[1])} == {"U", "K"}


def test_names_that_are_there_stay() -> None:
    given = Segment(0, 2, "A point", "")
    (found,), _ = name_segments([given], np.array([(0, 0, 0), (0, 0.5, 0)]), np.eye(3) * 6)
    assert (found.start_label, found.stop_label) == ("A point", "X")


def test_a_nearly_cubic_cell_of_low_symmetry_is_named_as_a_cubic_one() -> None:
    """MAPbI3 with a molecule: 6.29 6.27 6.30 Å, 90.36°; its own group is Pm, and everybody says R."""
    cell = np.diag([6.29, 6.27, 6.30])
    cell[2, 0] = 6.30 * np.cos(np.radians(90.36))
    pair = Crystal.from_arrays(cell, ("Pb", "N"), np.array([[0, 0, 0], [0.43, 0.5, 0.56]]))
    special = special_points(cell, pair)
    assert special is not None
    assert any("cubic" in note for note in special.notes)
    assert (
        named([(0, 0, 0), (0.5, 0.5, 0.5), (0, 0, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0.5)], cell, pair)
        == "Γ-R-X-M-R"
    )
    corners = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0), (0.5, 0.5, 0), (0.5, 0.5, 0.5)]
    assert named(corners, cell, pair) == "Γ-R-X-M-R"  # X_1 is for groups without fourfold axes


def test_a_supercell_is_named_by_its_own_lattice() -> None:
    cell = np.eye(3) * 5.65
    half = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    places = np.array(half + [[x + 0.25 for x in row] for row in half])
    zincblende = Crystal.from_arrays(cell, ("Ga",) * 4 + ("As",) * 4, places)
    special = special_points(cell, zincblende)
    assert special is not None
    assert "not primitive" in special.notes[0]
    assert named([(0, 0, 0), (0.5, 0, 0), (0.5, 0.5, 0.5)], cell, zincblende) == "Γ-X-R"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("GAMMA", "Γ"), ("\\Gamma", "Γ"), ("$\\Gamma$", "Γ"), ("Gamma", "Γ"), ("G", "Γ"), ("\\xG", "Γ"), ("Γ", "Γ"),
        ("GM", "Γ"), ("X", "X"), ("x", "X"), ("X1", "X_1"), ("X_1", "X_1"), ("$X_{1}$", "X_1"), ("SIGMA_0", "Σ_0"), ("M'", "M'"),
        ("", ""), ("a b", ""), ("x" * 40, ""), ("\x1b[31m", ""),
    ],
)  # fmt: skip
def test_every_spelling(written: str, wanted: str) -> None:
    assert plain_label(written) == wanted
