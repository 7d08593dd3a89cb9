"""PROCAR in its dialects: spins, spinors, phases, columns without blanks between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_bands import ORBITALS, line_points, write_outcar_bands, write_poscar, write_procar

from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError

RANDOM = np.random.default_rng(11)
PATH = line_points([[0, 0, 0], [-0.5, 0, 0], [-0.5, 0.5, -0.5]], 7)
SPECIES, POSITIONS = ("Pb", "Br", "Br"), np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]])
WAVE = np.cos(2 * np.pi * PATH).sum(axis=1)
ENERGIES = np.round(0.1 * WAVE[:, None] + np.array([-7.0, 0.0, 4.0, 9.0]), 8)[None]
BOTH = np.round(np.concatenate([ENERGIES, ENERGIES + 0.3]), 8)
WEIGHTS = np.round(RANDOM.random((2, len(PATH), 4, 3, 9)) / 30, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_poscar(tmp_path / "POSCAR", species=SPECIES, positions=POSITIONS)
    return tmp_path


@pytest.mark.parametrize("phase", ["", "5.4", "old"])
@pytest.mark.parametrize("glued", [False, True])
def test_every_number(folder: Path, phase: str, glued: bool) -> None:
    path = write_procar(folder / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1], phase=phase, glued=glued)
    bands = read_bands(path)
    assert np.array_equal(bands.energies, ENERGIES)
    np.testing.assert_allclose(bands.kpoints, PATH, atol=5e-9)
    assert bands.electrons == (4.0,)
    assert bands.spin == "none"
    assert bands.energy_step == pytest.approx(1e-8)
    assert any("sum of the printed occupations" in note for note in bands.notes)
    assert bands.projections is not None
    assert bands.projections.orbitals == ORBITALS
    assert bands.projections.species == SPECIES
    assert np.array_equal(bands.projections.weights(slice(1, 3)), WEIGHTS[:1, :, 1:3])


@pytest.mark.parametrize("phase", ["", "5.4"])
def test_two_spins(folder: Path, phase: str) -> None:
    bands = read_bands(write_procar(folder / "PROCAR", PATH, BOTH, 4, WEIGHTS, phase=phase))
    assert np.array_equal(bands.energies, BOTH)
    assert bands.electrons == (2.0, 2.0)
    assert bands.projections is not None
    assert np.array_equal(bands.projections.weights(slice(None)), WEIGHTS)


def test_spinors(folder: Path) -> None:
    bands = read_bands(write_procar(folder / "PROCAR", PATH, ENERGIES, 2, WEIGHTS[:1], noncollinear=True))
    assert bands.spin == "noncollinear"
    assert bands.occupied == (2.0,)
    assert bands.projections is not None
    assert np.array_equal(bands.projections.weights(slice(None)), WEIGHTS[:1])


def test_the_first_of_two_spins_is_no_run_without_spin(folder: Path) -> None:
    path = write_procar(folder / "PROCAR", PATH, BOTH, 4, WEIGHTS)
    text = path.read_text()
    path.write_text(text[: text.rindex("# of k-points")])
    with pytest.raises(FormatError, match="one of two spins is there"):
        read_bands(path)
    write_outcar_bands(folder / "OUTCAR", PATH, ENERGIES, 4, species=SPECIES, positions=POSITIONS)
    assert read_bands(path).spin == "none"  # where the OUTCAR says so


def test_one_ion(tmp_path: Path) -> None:
    write_poscar(tmp_path / "POSCAR")
    bands = read_bands(write_procar(tmp_path / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1, :, :, :1]))
    assert bands.projections is not None
    assert np.array_equal(bands.projections.weights(slice(None)), WEIGHTS[:1, :, :, :1])


def test_orbitals_summed_over_m(folder: Path) -> None:
    few = WEIGHTS[:1, ..., :3]
    path = write_procar(
        folder / "PROCAR", PATH, ENERGIES, 4, few, orbitals=("s", "p", "d"), title="PROCAR new format"
    )
    projections = read_bands(path).projections
    assert projections is not None
    assert projections.orbitals == ("s", "p", "d")
    assert np.array_equal(projections.weights(slice(None)), few)


def test_split_files_are_joined_in_their_order(tmp_path: Path) -> None:
    line = line_points([[0, 0, 0], [0.5, 0, 0]], 13)
    energies = np.round(0.1 * np.cos(2 * np.pi * line).sum(axis=1)[:, None] + np.array([-7.0, 0, 4, 9]), 8)[
        None
    ]
    weights = np.round(RANDOM.random((1, 13, 4, 3, 9)) / 30, 3)
    write_poscar(tmp_path / "POSCAR", species=SPECIES, positions=POSITIONS)
    parts = [slice(0, 7), slice(6, 13)]  # the point in the middle stands in both
    paths = [
        write_procar(tmp_path / f"PROCAR_{k}", line[part], energies[:, part], 4, weights[:, part])
        for k, part in enumerate(parts)
    ]
    bands = read_bands(paths)
    assert np.array_equal(bands.energies, energies)
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 13)]
    assert bands.projections is not None
    assert np.array_equal(bands.projections.weights(slice(2, 4)), weights[:, :, 2:4])


def test_elements_come_from_the_outcar(tmp_path: Path) -> None:
    path = write_procar(tmp_path / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1])
    write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4, species=SPECIES, positions=POSITIONS)
    bands = read_bands(path)
    assert bands.projections is not None
    assert bands.projections.species == SPECIES
    assert bands.electrons == (4.0,)
    assert not any("sum of the printed" in note for note in bands.notes)


def test_cut(folder: Path) -> None:
    path = write_procar(folder / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1])
    text = path.read_text()
    path.write_text(text[: text.index(" k-point     4")])
    with pytest.raises(FormatError, match="3 k-points are complete, where 14 of 4 bands are announced"):
        read_bands(path)


@pytest.mark.parametrize("wrong", ["*************", "          NaN"])
def test_stars_and_nan(folder: Path, wrong: str) -> None:
    path = write_procar(folder / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1])
    lines = path.read_text().split("\n")
    number = [k for k, line in enumerate(lines) if line.startswith("band")][5]
    lines[number] = f"band     2 # energy {wrong} # occ.  2.00000000"
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=f"line {number + 1}\\b"):
        read_bands(path)


def test_stars_in_weights_are_met_when_they_are_read(folder: Path) -> None:
    path = write_procar(folder / "PROCAR", PATH, ENERGIES, 4, WEIGHTS[:1])
    lines = path.read_text().split("\n")
    number = next(k for k, line in enumerate(lines) if line.startswith("ion")) + 2
    lines[number] = lines[number][:5] + " ******" + lines[number][12:]
    path.write_text("\n".join(lines))
    projections = read_bands(path).projections
    assert projections is not None
    with pytest.raises(FormatError, match=f"line {number + 1}\\b"):
        projections.weights(slice(0, 1))
