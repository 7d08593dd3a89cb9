"""KPOINTS in all usual spellings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_bands import line_points, write_kpoints_line_mode, write_kpoints_list, write_vasprun_bands

from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError, InputError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.kpoints_file import KPoints, read_kpoints

ENDS = np.array([[[0, 0, 0], [0.5, 0, 0]], [[0.5, 0, 0], [0.5, 0.5, 0]], [[0.5, 0.5, 0.5], [0, 0, 0]]])
NAMES = ("Γ", "X", "X", "M", "R", "Γ")
PATH = np.concatenate([line_points(pair, 6) for pair in ENDS])
ENERGIES = np.round(0.1 * np.cos(2 * np.pi * PATH).sum(axis=1)[:, None] + np.array([0.0, 4.0]), 4)[None]


def parsed(text: str) -> KPoints:
    return read_kpoints(FileBytes(Path("KPOINTS"), text.encode()))


@pytest.mark.parametrize(
    "gamma", ["GAMMA", "Gamma", r"\Gamma", r"$\Gamma$", "G", "Γ", r"\xG{}", r"$\mathrm{\Gamma}$"]
)
@pytest.mark.parametrize("mark", ["! ", "!", "# ", ""])
def test_labels_of_lines(tmp_path: Path, gamma: str, mark: str) -> None:
    labels = [gamma if name == "Γ" else name for name in NAMES]
    path = write_kpoints_line_mode(tmp_path / "KPOINTS", ENDS, labels, 6, mark=mark)
    found = parsed(path.read_text(encoding="utf-8"))
    assert found.style == "line"
    assert found.per_segment == 6
    assert found.labels == NAMES
    np.testing.assert_allclose(found.points, ENDS.reshape(-1, 3))
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2, per_segment=6))
    assert bands.path == "Γ-X-M|R-Γ"
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 6), (6, 12), (12, 18)]


def test_lines_without_labels_and_weights_before_labels() -> None:
    found = parsed("lines\n20\nLine-mode\nrec\n0 0 0\n.5 0 0\n\n.5 0 0 1 ! X\n0.5 .5 0 1 M\n")
    assert found.labels == ("", "", "X", "M")
    assert found.points.shape == (4, 3)


def test_a_list_with_labels_at_the_ends(tmp_path: Path) -> None:
    labels = {0: r"\Gamma", 5: "X", 11: "M", 12: "R", 17: r"\Gamma"}
    write_kpoints_list(tmp_path / "KPOINTS", PATH, np.ones(len(PATH)), labels)
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2))
    assert bands.path == "Γ-X-M|R-Γ"


def test_labels_of_the_path_behind_a_mesh(tmp_path: Path) -> None:
    mesh = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    points = np.concatenate([mesh, PATH])
    weights = np.array([0.25, 0.75, *np.zeros(len(PATH))])
    names = {2: "GAMMA", 7: "X", 13: "M", 14: "R", 19: "GAMMA"}
    write_kpoints_list(tmp_path / "KPOINTS", points, weights, names, mark="# ")
    energies = np.round(0.1 * np.cos(2 * np.pi * points).sum(axis=1)[:, None] + np.array([0.0, 4.0]), 4)[None]
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", points, energies, 2, weights=weights))
    assert bands.path == "Γ-X-M|R-Γ"
    assert bands.mesh is not None


def test_kpoints_opt_names_the_points_of_kpoints_opt(tmp_path: Path) -> None:
    mesh = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    at_mesh = np.round(0.1 * np.cos(2 * np.pi * mesh).sum(axis=1)[:, None] + np.array([0.0, 4.0]), 4)[None]
    (tmp_path / "KPOINTS").write_text("mesh\n0\nGamma\n4 4 4\n0 0 0\n")
    write_kpoints_line_mode(tmp_path / "KPOINTS_OPT", ENDS, NAMES, 6)
    path = write_vasprun_bands(
        tmp_path / "vasprun.xml", mesh, at_mesh, 2, optional=(PATH, ENERGIES), per_segment=6
    )
    assert read_bands(path).path == "Γ-X-M|R-Γ"


def test_cartesian_lines_are_named_in_their_order(tmp_path: Path) -> None:
    write_kpoints_line_mode(tmp_path / "KPOINTS", ENDS * 1.7, NAMES, 6, units="Cartesian")
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2, per_segment=6))
    assert bands.path == "Γ-X-M|R-Γ"


def test_one_that_does_not_match_is_noted_beside_and_refused_when_given(tmp_path: Path) -> None:
    write_kpoints_line_mode(tmp_path / "KPOINTS", ENDS, NAMES, 9)
    path = write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2, per_segment=6)
    bands = read_bands(path)
    assert any("3 lines of 9 points that are not the 18 k-points" in note for note in bands.notes)
    with pytest.raises(InputError, match="that are not the 18 k-points"):
        read_bands(path, kpoints=tmp_path / "KPOINTS")
    moved = ENDS + np.array([0, 0, 0.1])
    write_kpoints_line_mode(tmp_path / "KPOINTS", moved, ["A"] * 6, 6)
    assert "A" not in read_bands(path).path


def test_a_broken_one_beside_costs_the_labels_alone(tmp_path: Path) -> None:
    (tmp_path / "KPOINTS").write_text("lines\n20\nLine-mode\nrec\n0 0 nothing\n")
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2, per_segment=6))
    assert any(note.startswith("not used:") for note in bands.notes)
    assert len(bands.segments) == 3


def test_a_label_at_the_wrong_place_is_no_zone_center(tmp_path: Path) -> None:
    write_kpoints_line_mode(tmp_path / "KPOINTS", ENDS, ["GAMMA", "GAMMA", "X", "M", "R", "GAMMA"], 6)
    bands = read_bands(write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 2, per_segment=6))
    assert bands.path.startswith("Γ-X-M")


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("mesh\n0\nMonkhorst\n4 4 4\n0 0 0\n", "mesh"),
        ("auto\n0\nAuto\n 20\n", "mesh"),
        ("list\n2 ! points\nreciprocal\n0 0 0 1\n0.5 0 0 2\n", "list"),
        ("list\n1\ncart\n0 0 0.5 1\nTetrahedra\n1 0.1\n", "list"),
    ],
)
def test_styles(text: str, style: str) -> None:
    assert parsed(text).style == style


@pytest.mark.parametrize(
    "text",
    [
        "only\n",
        "list\nmany\nrec\n0 0 0 1\n",
        "list\n3\nrec\n0 0 0 1\n",
        "list\n2\nrec\n0 0 0 1\n0 zero 0 1\n",
        "lines\n20\nline\nrec\n0 0 0\n0 0 .5\n.5 0 0\n",
        "lines\n20\nline\nrec\n",
        "list\n2\nrec\n0 0 0 1\n0 1e99 0 1\n",
    ],
)
def test_broken_ones(text: str) -> None:
    with pytest.raises(FormatError) as error:
        parsed(text)
    assert error.value.fix
