"""EIGENVAL with and without occupations, one and two spins; what is cut or no number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_bands import CUBIC, line_points, write_eigenval, write_outcar_bands, write_poscar

from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError, MissingDataError

PATH = line_points([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]], 9)
WAVE = np.cos(2 * np.pi * PATH).sum(axis=1)
LEVELS = np.array([-7.0, 0.0, 4.0, 9.0])
ENERGIES = np.round(0.1 * WAVE[:, None] + LEVELS, 6)[None]
BOTH = np.round(np.concatenate([ENERGIES, ENERGIES + 0.3]), 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_poscar(tmp_path / "POSCAR")
    return tmp_path


def test_every_number(folder: Path) -> None:
    bands = read_bands(write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 4))
    assert np.array_equal(bands.energies, ENERGIES)
    np.testing.assert_allclose(bands.kpoints, PATH, atol=5e-8)
    np.testing.assert_allclose(bands.cell, CUBIC, atol=1e-9)
    assert bands.electrons == (4.0,)
    assert bands.spin == "none"
    assert bands.energy_step == pytest.approx(1e-6)
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 9), (9, 18)]
    assert bands.structure is not None
    assert bands.structure.species == ("Pb",)


def test_two_spins(folder: Path) -> None:
    bands = read_bands(write_eigenval(folder / "EIGENVAL", PATH, BOTH, 4))
    assert np.array_equal(bands.energies, BOTH)
    assert bands.electrons == (2.0, 2.0)


def test_spinors_are_told_by_the_electrons_of_a_filled_band(folder: Path) -> None:
    bands = read_bands(write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 2, noncollinear=True))
    assert bands.spin == "noncollinear"
    assert bands.occupied == (2.0,)


def test_without_occupations(folder: Path) -> None:
    energies = np.round(ENERGIES, 4)
    path = write_eigenval(folder / "EIGENVAL", PATH, energies, 4, with_occupations=False, decimals=4)
    bands = read_bands(path)
    assert np.array_equal(bands.energies, energies)
    assert bands.spin == "none"
    assert bands.energy_step == pytest.approx(1e-4)


def test_the_outcar_beside_says_cell_and_spin(tmp_path: Path) -> None:
    path = write_eigenval(tmp_path / "EIGENVAL", PATH, ENERGIES, 2, with_occupations=False)
    write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 2, noncollinear=True, cell=1.1 * CUBIC)
    bands = read_bands(path)
    assert bands.spin == "noncollinear"
    np.testing.assert_allclose(bands.cell, 1.1 * CUBIC, atol=1e-8)
    assert any("OUTCAR" in note for note in bands.notes)


def test_without_a_cell_it_is_refused(tmp_path: Path) -> None:
    path = write_eigenval(tmp_path / "EIGENVAL", PATH, ENERGIES, 4)
    with pytest.raises(MissingDataError, match="no cell") as error:
        read_bands(path)
    assert "structure=" in error.value.fix
    (tmp_path / "elsewhere").mkdir()
    bands = read_bands(path, structure=write_poscar(tmp_path / "elsewhere" / "my_structure.vasp"))
    np.testing.assert_allclose(bands.cell, CUBIC, atol=1e-9)


@pytest.mark.parametrize("wrong", ["**********", "NaN", "1.2.3"])
def test_what_is_no_number_names_its_line(folder: Path, wrong: str) -> None:
    path = write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 4)
    lines = path.read_text().split("\n")
    words = lines[10].split()
    lines[10] = f"    3   {wrong}   {words[2]}"
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=r"line 11\b"):
        read_bands(path)


def test_cut(folder: Path) -> None:
    path = write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 4)
    text = path.read_text()
    path.write_text("\n".join(text.split("\n")[: 6 + 6 * 5 + 3]) + "\n")
    with pytest.raises(FormatError, match="5 k-points of 18 are complete"):
        read_bands(path)


def test_a_missing_line_is_told(folder: Path) -> None:
    path = write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 4)
    lines = path.read_text().split("\n")
    del lines[9]
    path.write_text("\n".join([*lines, "    1  1.0  1.0", ""]))
    with pytest.raises(FormatError):
        read_bands(path)


def test_absurd_counts_are_refused_before_memory_is_taken(folder: Path) -> None:
    path = write_eigenval(folder / "EIGENVAL", PATH, ENERGIES, 4)
    path.write_text(path.read_text().replace(f"{18:7d}{4:7d}", " 99999999 99999999"))
    with pytest.raises(FormatError, match="are announced in a file of"):
        read_bands(path)
