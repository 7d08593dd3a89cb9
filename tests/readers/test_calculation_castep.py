"""CASTEP logs and .phonon files as calculations of a harmonic model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_calculations import WATER, castep, frequency_table, phonon
from builders_castep_frames import bfgs_log, md_log

from perovchem import read_calculation
from perovchem.errors import FormatError, MissingDataError
from perovchem.readers.castep_phonon import read_phonon
from perovchem.readers.filebytes import FileBytes

MESH = [((0.25, 0.25, 0.25), 0.25), ((0.25, 0.25, -0.25), 0.75)]


def put(tmp_path: Path, text: bytes, phonons: bytes | None = None) -> Path:
    path = tmp_path / "water.castep"
    path.write_bytes(text)
    if phonons is not None:
        (tmp_path / "water.phonon").write_bytes(phonons)
    return path


def test_gamma_phonons_beside_a_log(tmp_path: Path) -> None:
    path = put(tmp_path, castep(), phonon())
    for asked in (path, tmp_path / "water.phonon"):
        found = read_calculation(asked)
        assert (found.energy, found.energy_unit, found.energy_label) == (-470.25, "eV", "Final energy")
        assert (found.name, found.periodicity, found.formula) == ("water", "molecule", "H2O")
        assert str(found.level) == "CASTEP PBE-D3(BJ), 600 eV"
        assert found.level.pseudopotentials == {"O": "O_C19_PBE_OTF.usp", "H": "H_C19_PBE_OTF.usp"}
        assert (found.level.precision, found.level.k_mesh) == ("fine", "1 × 1 × 1")
        vibrations = found.vibrations
        assert vibrations is not None
        assert np.sort(vibrations.wavenumbers[0]) == pytest.approx(np.sort(WATER.modes[0]), abs=1e-5)
        assert vibrations.displacements is not None
        flat = vibrations.displacements.reshape(9, 9)
        np.testing.assert_allclose(flat @ flat.T, np.eye(9), atol=1e-9)
        assert [Path(one.path).name for one in found.provenance.inputs] == ["water.castep", "water.phonon"]


def test_smeared_energy_and_dispersion_once(tmp_path: Path) -> None:
    """Final energy -470.25, entropy .5: E - .5TS = -470.5; dispersion -.125 is added to it once."""
    smeared = read_calculation(put(tmp_path, castep(entropy=0.5)))
    assert smeared.energy == -470.5
    assert smeared.energy_label == "NB est. 0K energy (E-0.5TS)"
    lines = [
        "Dispersion corrected final energy*          =     -470.3750000000     eV",
        "Dispersion corrected final free energy* (E-TS) =  -470.8750000000     eV",
        "NB dispersion corrected est. 0K energy* (E-0.5TS) = -470.6250000000    eV",
    ]
    corrected = read_calculation(put(tmp_path, castep(entropy=0.5, more=lines)))
    assert corrected.energy == pytest.approx(-470.625, abs=1e-9)
    assert "dispersion" in corrected.energy_label


def test_frequencies_of_the_log_itself(tmp_path: Path) -> None:
    table = frequency_table()
    found = read_calculation(put(tmp_path, castep(tail=table)))
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers[0] == pytest.approx(np.sort(WATER.modes[0]), abs=1e-5)
    assert found.vibrations.masses == pytest.approx(WATER.masses, abs=1e-6)
    assert "linear response" in found.vibrations.source
    with pytest.raises(FormatError, match="5 of 9 frequencies"):
        read_calculation(put(tmp_path, castep(tail=table[:9])))


def test_mesh_with_weights(tmp_path: Path) -> None:
    found = read_calculation(put(tmp_path, castep(), phonon(points=MESH, factors=(1.0, 1.1), vectors=False)))
    vibrations = found.vibrations
    assert vibrations is not None
    assert vibrations.wavenumbers.shape == (2, 9)
    assert vibrations.weights.tolist() == [0.25, 0.75]
    np.testing.assert_allclose(vibrations.wavenumbers[1], 1.1 * vibrations.wavenumbers[0], atol=1e-5)
    half = [(q, 0.5 * w) for q, w in MESH]
    found = read_calculation(put(tmp_path, castep(), phonon(points=half, vectors=False)))
    assert found.vibrations is not None
    assert found.vibrations.weights.sum() == pytest.approx(1.0)
    assert any("add up to 0.5" in note for note in found.notes)


def test_split_modes_are_told_of_and_left_out(tmp_path: Path) -> None:
    found = read_calculation(put(tmp_path, castep(), phonon(direction=True)))
    assert found.vibrations is not None
    assert np.sort(found.vibrations.wavenumbers[0]) == pytest.approx(np.sort(WATER.modes[0]), abs=1e-5)
    assert any("LO-TO" in note for note in found.notes)


def test_path_is_no_mesh(tmp_path: Path) -> None:
    path = [((0.0, 0.0, k / 10), 0.1) for k in range(10)][:6]
    path = [(q, 1 / 6) for q, _ in path]
    with pytest.raises(FormatError, match="a path or a list"):
        read_calculation(put(tmp_path, castep(), phonon(points=path, vectors=False)))


def test_path_in_the_log_itself_is_no_mesh(tmp_path: Path) -> None:
    tables = [frequency_table(q=(0.0, 0.0, k / 10), weight=0.2) for k in range(1, 6)]
    with pytest.raises(FormatError, match="5 wavevectors are a path or a list"):
        read_calculation(put(tmp_path, castep(tail=[line for table in tables for line in table])))


def test_even_grid_of_equal_weights_is_a_mesh() -> None:
    grid = [((a / 2, b / 2, c / 2), 0.125) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    assert read_phonon(FileBytes(Path("x.phonon"), phonon(points=grid, vectors=False))).is_mesh
    line = [((a / 8, 0.0, 0.0), 0.2) for a in range(5)]
    assert not read_phonon(FileBytes(Path("x.phonon"), phonon(points=line, vectors=False))).is_mesh


def test_files_of_different_structures(tmp_path: Path) -> None:
    from dataclasses import replace

    moved = replace(WATER, positions=WATER.positions + np.array([[0.1, 0, 0], [0, 0, 0], [0, 0, 0]]))
    with pytest.raises(FormatError, match=r"differ by 0\.100 Å"):
        read_calculation(put(tmp_path, castep(), phonon(moved)))
    other = replace(WATER, species=("O", "H", "C"))
    with pytest.raises(FormatError, match="different atoms"):
        read_calculation(put(tmp_path, castep(), phonon(other)))


def test_phonon_without_an_energy(tmp_path: Path) -> None:
    path = tmp_path / "water.phonon"
    path.write_bytes(phonon())
    with pytest.raises(MissingDataError, match="frequencies without an energy"):
        read_calculation(path)


def test_geometry_optimization(tmp_path: Path) -> None:
    log = bfgs_log()
    found = read_calculation(put(tmp_path, log.text()))
    last = log.steps[-1]
    assert found.energy == pytest.approx(last.energy, abs=1e-9)
    text = log.text().replace(
        b"Geometry optimization completed successfully.", b"Geometry optimization failed to converge"
    )
    with pytest.raises(FormatError, match="Geometry optimization failed to converge"):
        read_calculation(put(tmp_path, text))


def test_castep_refuses(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="molecular dynamics"):
        read_calculation(put(tmp_path, md_log().text()))
    with pytest.raises(FormatError, match=r"did not finish this run \(no 'Total time'\): it ends with line"):
        read_calculation(put(tmp_path, castep(ended=False)))
    given_up = "  *Warning* max. SCF cycles performed but system has not reached the groundstate."
    text = castep().replace(b"Final energy", given_up.encode() + b"\nFinal energy")
    with pytest.raises(FormatError, match=r"electrons did not converge.*has not reached the groundstate"):
        read_calculation(put(tmp_path, text))
    none = castep().replace(b"Final energy", b"Some energy")
    with pytest.raises((FormatError, MissingDataError)):
        read_calculation(put(tmp_path, none))


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.99])
def test_cut_phonon(share: float, tmp_path: Path) -> None:
    whole = phonon()
    with pytest.raises(FormatError):
        read_calculation(put(tmp_path, castep(), whole[: int(share * len(whole))]))


def test_hubbard_table(tmp_path: Path) -> None:
    table = """                  Hubbard U values are eV

                  -------------------------------------------
                  |  Species  Ion     s      p      d      f  |
                  -------------------------------------------
                  |  O     1      0.000  2.500  0.000  0.000 |

"""
    text = castep().replace(b" using functional", table.encode() + b" using functional", 1)
    assert read_calculation(put(tmp_path, text)).level.hubbard == {"O": "U(p) = 2.5 eV"}
