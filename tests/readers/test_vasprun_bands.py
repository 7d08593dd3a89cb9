"""Bands of vasprun.xml files with a known answer."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from builders_bands import CUBIC, filled, line_points, write_vasprun_bands

from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError, InputError, MissingDataError
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.vasprun_bands import read_vasprun_bands

RANDOM = np.random.default_rng(7)
CORNERS = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0, 0, 0]])
PATH = line_points(CORNERS, 12)
TRICLINIC = np.array([[5.1, 0.0, 0.0], [0.7, 6.2, 0.0], [-0.4, 0.9, 7.3]])
SPECIES = ("Cs", "Pb", "Br", "Br")
POSITIONS = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]])


def cosines(points: np.ndarray, n_bands: int = 6, gap: float = 2.0, filled_bands: int = 3) -> np.ndarray:
    """Bands (1, K, B) that never cross, with the gap above the filled ones; multiples of 1e-4 eV."""
    wave = np.cos(2 * np.pi * points).sum(axis=1)
    steps = 3.0 * np.arange(n_bands) + np.where(np.arange(n_bands) >= filled_bands, gap, 0.0)
    return np.round(0.3 * wave[:, None] + steps, 4)[None]


def exact(found: np.ndarray, true: np.ndarray) -> bool:
    """Equal bit for bit: both are decimals with four digits."""
    return np.array_equal(found, true)


def test_line_mode_gives_back_every_number(tmp_path: Path) -> None:
    energies = cosines(PATH)
    path = write_vasprun_bands(
        tmp_path / "vasprun.xml",
        PATH,
        energies,
        6,
        cell=TRICLINIC,
        species=SPECIES,
        positions=POSITIONS,
        per_segment=12,
    )
    bands = read_bands(path)
    assert exact(bands.energies, energies)
    assert np.abs(bands.kpoints - PATH).max() <= 5e-9
    np.testing.assert_allclose(bands.reciprocal_cell @ TRICLINIC.T, 2 * np.pi * np.eye(3), atol=1e-6)
    assert bands.electrons == (6.0,)
    assert bands.spin == "none"
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 12), (12, 24), (24, 36)]
    assert (bands.weights == 0).all()
    assert bands.energy_step == 1e-4
    assert bands.kpoint_step == 1e-8
    assert bands.fermi_energy == pytest.approx(
        (energies[0, :, 2].max() + energies[0, :, 3].min()) / 2, abs=1e-8
    )
    assert bands.structure is not None
    assert bands.structure.species == SPECIES
    np.testing.assert_allclose(bands.structure.positions, POSITIONS @ TRICLINIC, atol=1e-6)
    assert bands.notes == () or all("named" in note for note in bands.notes)


def test_more_decimals_are_told_by_the_digits(tmp_path: Path) -> None:
    energies = np.round(cosines(PATH) + 1e-8 * RANDOM.integers(0, 9999, (1, len(PATH), 6)), 8)
    bands = read_bands(write_vasprun_bands(tmp_path / "v.xml", PATH, energies, 6, decimals=8))
    assert exact(bands.energies, energies)
    assert bands.energy_step == 1e-8


def test_two_spins_and_spin_orbit(tmp_path: Path) -> None:
    both = np.round(np.concatenate([cosines(PATH), cosines(PATH) + 0.25]), 4)
    collinear = read_bands(write_vasprun_bands(tmp_path / "a.xml", PATH, both, 6))
    assert collinear.spin == "collinear"
    assert collinear.electrons == (3.0, 3.0)
    assert exact(collinear.energies, both)
    spinors = read_bands(write_vasprun_bands(tmp_path / "b.xml", PATH, cosines(PATH), 3, noncollinear=True))
    assert spinors.spin == "noncollinear"
    assert spinors.occupied == (3.0,)


def test_projections_are_read_by_slices(tmp_path: Path) -> None:
    energies = cosines(PATH)
    weights = np.round(RANDOM.random((1, len(PATH), 6, 4, 9)) / 40, 4)
    path = write_vasprun_bands(
        tmp_path / "v.xml", PATH, energies, 6, species=SPECIES, positions=POSITIONS, projections=weights
    )
    projections = read_bands(path).projections
    assert projections is not None
    assert projections.species == SPECIES
    assert projections.orbitals[:4] == ("s", "py", "pz", "px")
    assert exact(projections.weights(slice(None)), weights)
    assert exact(projections.weights(slice(2, 4)), weights[:, :, 2:4])
    assert exact(projections.weights(slice(-1, None)), weights[:, :, -1:])


def test_projections_of_two_spins_and_of_spinors(tmp_path: Path) -> None:
    both = np.round(np.concatenate([cosines(PATH), cosines(PATH) + 0.25]), 4)
    weights = np.round(RANDOM.random((2, len(PATH), 6, 1, 9)) / 10, 4)
    two = read_bands(write_vasprun_bands(tmp_path / "a.xml", PATH, both, 6, projections=weights)).projections
    assert two is not None
    assert exact(two.weights(slice(0, 6)), weights)
    one = write_vasprun_bands(
        tmp_path / "b.xml", PATH, both[:1], 3, projections=weights[:1], noncollinear=True
    )
    spinor = read_bands(one).projections
    assert spinor is not None
    assert exact(spinor.weights(slice(0, 6)), weights[:1])  # the magnetization behind is no weight


def test_negative_and_wide_weights(tmp_path: Path) -> None:
    row = np.array([-0.0001, -1.25, 12.5, 0.0, 12.3456, 0.9999, 1.0, 0.1, -0.1])
    weights = row * np.ones((1, len(PATH), 6, 1, 9))
    path = write_vasprun_bands(tmp_path / "v.xml", PATH, cosines(PATH), 6, projections=weights)
    read = read_bands(path).projections
    assert read is not None
    assert exact(read.weights(slice(0, 2)), weights[:, :, :2])
    path.write_text(path.read_text().replace(" 12.3456", "123.4567"))  # columns that run together
    glued = read_bands(path).projections
    assert glued is not None
    with pytest.raises(FormatError, match="9 projections"):
        glued.weights(slice(0, 2))


def test_the_last_ionic_step_counts_with_its_cell(tmp_path: Path) -> None:
    path = write_vasprun_bands(
        tmp_path / "v.xml", PATH, cosines(PATH), 6, cell=1.02 * CUBIC, steps=[CUBIC, 1.01 * CUBIC]
    )
    bands = read_bands(path)
    assert exact(bands.energies, cosines(PATH))
    np.testing.assert_allclose(bands.cell, 1.02 * CUBIC, atol=1e-7)


def test_points_of_weight_zero_are_the_path(tmp_path: Path) -> None:
    mesh = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5]])
    path = line_points([[0.5, 0.5, 0.5], [0, 0, 0]], 9)
    points = np.concatenate([mesh, path])
    weights = np.concatenate([[1 / 8, 3 / 8, 3 / 8, 1 / 8], np.zeros(9)])
    projected = np.round(RANDOM.random((1, 13, 6, 1, 9)) / 10, 4)
    bands = read_bands(
        write_vasprun_bands(
            tmp_path / "v.xml", points, cosines(points), 6, weights=weights, projections=projected
        )
    )
    assert exact(bands.energies, cosines(path))
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 9)]
    assert bands.mesh is not None
    assert exact(bands.mesh.energies, cosines(mesh))
    np.testing.assert_allclose(bands.mesh.weights, [1 / 8, 3 / 8, 3 / 8, 1 / 8], atol=1e-7)
    assert bands.projections is not None
    assert exact(bands.projections.weights(slice(0, 6)), projected[:, 4:])
    assert bands.mesh.projections is not None
    assert exact(bands.mesh.projections.weights(slice(0, 6)), projected[:, :4])


def test_kpoints_opt_is_the_path(tmp_path: Path) -> None:
    mesh = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    projected = np.round(RANDOM.random((1, len(PATH), 6, 1, 9)) / 10, 4)
    path = write_vasprun_bands(
        tmp_path / "v.xml", mesh, cosines(mesh), 6, weights=[0.25, 0.75], optional=(PATH, cosines(PATH)),
        projections=projected[:, :2] / 2, optional_projections=projected, per_segment=12,
    )  # fmt: skip
    bands = read_bands(path)
    assert exact(bands.energies, cosines(PATH))
    assert len(bands.segments) == 3
    assert bands.mesh is not None
    assert exact(bands.mesh.energies, cosines(mesh))
    assert bands.projections is not None
    assert exact(bands.projections.weights(slice(1, 2)), projected[:, :, 1:2])


def test_a_mesh_has_weights_and_no_path(tmp_path: Path) -> None:
    mesh = np.array([[x, 0.0, 0.0] for x in (0, 0.125, 0.25, 0.375, 0.5)])
    weights = np.array([1, 2, 2, 2, 1]) / 8
    by_name = read_bands(
        write_vasprun_bands(tmp_path / "a.xml", mesh, cosines(mesh), 6, weights=weights, generation="Gamma")
    )
    by_weights = read_bands(write_vasprun_bands(tmp_path / "b.xml", mesh, cosines(mesh), 6, weights=weights))
    for bands in (by_name, by_weights):
        assert bands.segments == ()
        np.testing.assert_allclose(bands.weights, weights)
    grid = np.array([[x, y, z] for x in (0, 0.25, 0.5) for y in (0, 0.25, 0.5) for z in (0, 0.25, 0.5)])
    assert read_bands(write_vasprun_bands(tmp_path / "c.xml", grid, cosines(grid), 6)).segments == ()


def test_no_fermi_energy(tmp_path: Path) -> None:
    bands = read_bands(write_vasprun_bands(tmp_path / "v.xml", PATH, cosines(PATH), 6, fermi=np.nan))
    assert np.isnan(bands.fermi_energy)


# what is broken -----------------------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    weights = np.round(RANDOM.random((1, len(PATH), 6, 2, 9)) / 10, 4)
    return write_vasprun_bands(
        tmp_path / "vasprun.xml",
        PATH,
        cosines(PATH),
        6,
        species=("Cs", "Br"),
        positions=POSITIONS[:2],
        projections=weights,
    )


def test_cut_within_the_eigenvalues_is_refused_with_the_count(whole: Path) -> None:
    text = whole.read_text()
    whole.write_text(text[: text.index('comment="kpoint 6"') + 40])
    with pytest.raises(
        FormatError, match=r"cut within the eigenvalues: 5 k-points of 36 are complete"
    ) as error:
        read_bands(whole)
    assert "line" in str(error.value)


def test_cut_within_the_projections_keeps_the_bands(whole: Path) -> None:
    text = whole.read_text()
    place = text.index('comment="kpoint 20"', text.index("<projected>") + 90_000 % len(text))
    whole.write_text(text[: max(place, text.index('"spin1"') + 2000)])
    bands = read_bands(whole)
    assert exact(bands.energies, cosines(PATH))
    assert bands.projections is None
    assert any("projections are cut" in note for note in bands.notes)
    assert any("no </modeling>" in note for note in bands.notes)


def test_every_cut_ends_in_bands_or_an_error(whole: Path) -> None:
    text = whole.read_bytes()
    for stop in range(20, len(text), 997):
        whole.write_bytes(text[:stop])
        try:
            bands = read_bands(whole)
        except (InputError, MissingDataError) as error:
            assert error.fix
        else:
            assert exact(bands.energies, cosines(PATH))
            if bands.projections is not None:
                bands.projections.weights(slice(0, 1))


@pytest.mark.parametrize("wrong", ["********", "     NaN", "Infinity"])
def test_stars_and_nan_name_their_line(whole: Path, wrong: str) -> None:
    lines = whole.read_text().split("\n")
    number = next(k for k, line in enumerate(lines) if re.match(r" +<r> +\d", line))
    lines[number + 3] = re.sub(r"<r> +\S+", f"<r>   {wrong}", lines[number + 3])
    whole.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=f"line {number + 4}\\b"):
        read_bands(whole)


def test_stars_in_projections_are_met_when_they_are_read(whole: Path) -> None:
    text = whole.read_text()
    place = text.index("<r>", text.index('<set comment="spin1">'))
    whole.write_text(text[: place + 3] + " *******" + text[place + 11 :])
    projections = read_bands(whole).projections
    assert projections is not None
    projections.weights(slice(1, 6))
    with pytest.raises(FormatError, match="projections"):
        projections.weights(slice(0, 1))


def test_uneven_sets_are_refused(whole: Path) -> None:
    lines = whole.read_text().split("\n")
    number = next(k for k, line in enumerate(lines) if 'comment="kpoint 4"' in line)
    del lines[number + 2]
    whole.write_text("\n".join(lines))
    with pytest.raises(FormatError, match="k-point 4 holds 5 bands and the first 6"):
        read_bands(whole)


def test_a_point_less_is_refused(whole: Path) -> None:
    text = whole.read_text()
    first, last = text.index('      <set comment="kpoint 9">'), text.index('      <set comment="kpoint 10">')
    whole.write_text(text[:first] + text[last:])
    with pytest.raises(FormatError, match="36 k-points are listed and eigenvalues stand for 35"):
        read_bands(whole)


def test_no_eigenvalues(tmp_path: Path, whole: Path) -> None:
    text = whole.read_text()
    whole.write_text(text[: text.index("  <eigenvalues>")])
    with pytest.raises(MissingDataError, match="the file is cut before them"):
        read_bands(whole)


def test_a_declaration_is_refused(whole: Path) -> None:
    whole.write_text(whole.read_text().replace(" <calculation>", " <!ENTITY a 'b'>\n <calculation>", 1))
    with pytest.raises(FormatError, match="declaration"):
        read_bands(whole)


def test_the_table_keeps_what_is_printed(tmp_path: Path) -> None:
    occupations = filled(cosines(PATH), 6)
    occupations[0, 3, 2] = 0.25
    path = write_vasprun_bands(tmp_path / "v.xml", PATH, cosines(PATH), 6, occupations=occupations, nupdown=2)
    table = read_vasprun_bands(open_bytes(path))
    assert exact(table.occupations, occupations)
    assert table.difference == 2
    bands = read_bands(path)
    assert any("at 1 of 36 k-points: the count is used" in note for note in bands.notes)


def test_a_cell_of_absurd_vectors_is_no_structure(whole: Path) -> None:
    text = whole.read_text()
    whole.write_text(re.sub(r'(?s)(<varray name="basis"[^>]*>\s*<v>\s*)\S+', r"\g<1>1e308", text))
    with pytest.raises(FormatError, match=r"no structure with a cell|vector"):
        read_bands(whole)
