"""Bands of an OUTCAR: the last whole table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_bands import CUBIC, line_points, write_outcar_bands

from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError, MissingDataError

PATH = line_points([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0.5]], 8)
WAVE = np.cos(2 * np.pi * PATH).sum(axis=1)
ENERGIES = np.round(0.1 * WAVE[:, None] + np.array([-7.0, 0.0, 4.0, 9.0]), 4)[None]
BOTH = np.round(np.concatenate([ENERGIES, ENERGIES + 0.3]), 4)


def test_every_number(tmp_path: Path) -> None:
    bands = read_bands(
        write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4, cell=1.1 * CUBIC, steps=[0.5])
    )
    assert np.array_equal(bands.energies, ENERGIES)
    np.testing.assert_allclose(bands.kpoints, PATH, atol=5e-9)
    np.testing.assert_allclose(bands.cell, 1.1 * CUBIC, atol=1e-8)
    assert bands.electrons == (4.0,)
    assert bands.energy_step == 1e-4
    assert bands.kpoint_step == 1e-8
    assert len(bands.segments) == 2
    assert bands.structure is not None
    assert bands.structure.species == ("Pb",)


def test_two_spins_and_spinors(tmp_path: Path) -> None:
    two = read_bands(write_outcar_bands(tmp_path / "OUTCAR_1", PATH, BOTH, 4))
    assert np.array_equal(two.energies, BOTH)
    assert two.electrons == (2.0, 2.0)
    spinors = read_bands(write_outcar_bands(tmp_path / "OUTCAR_2", PATH, ENERGIES, 2, noncollinear=True))
    assert spinors.spin == "noncollinear"
    assert spinors.occupied == (2.0,)


def test_fixed_magnetization(tmp_path: Path) -> None:
    bands = read_bands(write_outcar_bands(tmp_path / "OUTCAR", PATH, BOTH, (3, 1), nupdown=2.0))
    assert bands.electrons == (3.0, 1.0)


def test_a_cut_last_table_gives_the_one_before(tmp_path: Path) -> None:
    path = write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4, steps=[0.5])
    text = path.read_text()
    path.write_text(text[: text.rindex(" k-point    12")])
    bands = read_bands(path)
    np.testing.assert_allclose(bands.energies, ENERGIES + 0.5, atol=1e-12)
    assert any("the last table of energies is cut" in note for note in bands.notes)


def test_cut(tmp_path: Path) -> None:
    path = write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4)
    text = path.read_text()
    path.write_text(text[: text.rindex(" k-point    12")])
    with pytest.raises(FormatError, match=r"cut: \d+ k-points of 16 are complete"):
        read_bands(path)


def test_stars(tmp_path: Path) -> None:
    path = write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4)
    path.write_text(path.read_text().replace(f"{ENERGIES[0, 5, 1]:13.4f}", "     ********", 1))
    with pytest.raises(FormatError, match="line"):
        read_bands(path)


def test_no_tables(tmp_path: Path) -> None:
    path = write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4)
    text = path.read_text()
    path.write_text(text[: text.index(" E-fermi")])
    with pytest.raises(MissingDataError, match="no table of energies"):
        read_bands(path)
