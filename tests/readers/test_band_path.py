"""Straight pieces of paths, in any orientation, and what is no path."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from builders import rotations
from builders_bands import line_points
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.readers.band_path import find_segments, is_grid

CORNERS = {
    "Γ": (0.0, 0.0, 0.0),
    "X": (0.5, 0.0, 0.0),
    "M": (0.5, 0.5, 0.0),
    "R": (0.5, 0.5, 0.5),
}


def path(*stops: tuple[str, int], joints: str = "once") -> np.ndarray:
    """Points through corners, ``n`` steps to each next one; joints stand once or twice."""
    points = [np.array(CORNERS[stops[0][0]])]
    for (a, n), (b, _) in pairwise(stops):
        start, stop = np.array(CORNERS[a]), np.array(CORNERS[b])
        if joints == "twice" and len(points) > 1:
            points.append(start)
        points += [start + (stop - start) * k / n for k in range(1, n + 1)]
    return np.array(points)


def ends(points: np.ndarray, **options: object) -> list[tuple[int, int]]:
    return [(part.start, part.stop) for part in find_segments(points, **options)]  # type: ignore[arg-type]


TOUR = (("Γ", 10), ("X", 7), ("M", 12), ("Γ", 5), ("R", 0))


def test_joints_once_are_shared_and_twice_are_owned() -> None:
    assert ends(path(*TOUR)) == [(0, 11), (10, 18), (17, 30), (29, 35)]
    assert ends(path(*TOUR, joints="twice")) == [(0, 11), (11, 19), (19, 32), (32, 38)]


@given(scale=st.floats(0.1, 10), seed=st.integers(0, 2**31))
@settings(deadline=None)
def test_orientation_scale_and_rounding_change_nothing(scale: float, seed: int) -> None:
    points = path(*TOUR) @ rotations(1, seed)[0].T * scale
    rounded = points + np.random.default_rng(seed).uniform(-5e-9, 5e-9, points.shape) * scale
    assert ends(rounded, rounding=1e-8 * scale) == ends(path(*TOUR))
    backwards = [(len(points) - stop, len(points) - start) for start, stop in reversed(ends(path(*TOUR)))]
    assert ends(rounded[::-1], rounding=1e-8 * scale) == backwards


def test_a_jump_joins_nothing() -> None:
    points = np.concatenate([path(("X", 8), ("M", 0)), path(("R", 8), ("Γ", 0))])
    assert ends(points) == [(0, 9), (9, 18)]


def test_a_jump_along_the_path_joins_nothing() -> None:
    line = np.array([[0.01 * k, 0, 0] for k in range(6)])
    beyond = np.array([[0.8 + 0.01 * k, 0.0, 0] for k in range(6)])
    turned = np.array([[0.8, 0.01 * k, 0] for k in range(1, 6)])
    assert ends(np.concatenate([line, turned + np.array([0, 0.2, 0])])) == [(0, 6), (6, 11)]
    assert ends(np.concatenate([line, beyond[:1], turned])) == [(0, 6), (6, 12)]


def test_turning_back() -> None:
    out = [[0.1 * k, 0, 0] for k in range(6)]
    assert ends(np.array(out + out[::-1][1:])) == [(0, 6), (5, 11)]


def test_uneven_spacing_is_one_piece() -> None:
    places = [0.0, 0.02, 0.04, 0.1, 0.105, 0.11, 0.115, 0.2, 0.21]
    assert ends(np.array([[x, x, 0] for x in places])) == [(0, 9)]


def test_a_straight_line_is_cut_at_a_name() -> None:
    line = np.array([[-0.5 + 0.05 * k, 0, 0] for k in range(21)])
    parts = find_segments(line, labels={0: "X", 10: "Γ", 20: "X"})
    assert [(part.start, part.stop, part.start_label, part.stop_label) for part in parts] == [
        (0, 11, "X", "Γ"),
        (10, 21, "Γ", "X"),
    ]


def test_names_spread_to_points_at_the_same_place() -> None:
    parts = find_segments(path(*TOUR, joints="twice"), labels={0: "Γ", 10: "X", 18: "M", 37: "R"})
    assert [(part.start_label, part.stop_label) for part in parts] == [
        ("Γ", "X"),
        ("X", "M"),
        ("M", "Γ"),
        ("Γ", "R"),
    ]


def test_lines_of_two_points_by_line_mode_alone() -> None:
    points = line_points([CORNERS["Γ"], CORNERS["X"], CORNERS["M"]], 2)
    assert ends(points, breaks=(0, 2)) == [(0, 2), (2, 4)]
    assert ends(points) == []


def test_lines_that_run_on_straight_are_parted_by_line_mode() -> None:
    points = line_points([[-0.5, 0, 0], [0, 0, 0], [0.5, 0, 0]], 5)
    assert ends(points, breaks=(0, 5)) == [(0, 5), (5, 10)]


def test_stencils_and_meshes_are_no_paths() -> None:
    star = [[0, 0, 0]]
    for axis in range(3):
        star += [list(sign * 0.01 * np.eye(3)[axis]) for sign in (-1, 1)]
    assert ends(np.array(star)) == []
    rng = np.random.default_rng(1)
    assert ends(rng.random((40, 3))) == []
    assert ends(np.zeros((1, 3))) == []
    assert ends(np.zeros((5, 3))) == []


@pytest.mark.parametrize("shape", [(3, 3, 3), (8, 8, 1), (5, 1, 4)])
def test_grids(shape: tuple[int, int, int]) -> None:
    grid = (
        np.array([[x, y, z] for z in range(shape[2]) for y in range(shape[1]) for x in range(shape[0])])
        * 0.05
    )
    assert is_grid(grid)
    assert is_grid(grid[::-1] + 0.3)
    assert not is_grid(grid[:-1])


def test_paths_are_no_grids() -> None:
    assert not is_grid(path(*TOUR))
    assert not is_grid(path(("Γ", 10), ("X", 0)))
