"""Densities of states of vasprun.xml and DOSCAR: columns of every kind, VASP's oddities, cut files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from builders_state_density import doscar, levels_as_curves, vasprun_dos

from perovchem.errors import FormatError, InputError, MissingDataError
from perovchem.readers.doscar import read_doscar
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.vasprun_dos import read_vasprun_dos
from perovchem.state_density import StateDensity
from perovchem.state_density_reading import read_state_density, read_states

REAL = os.environ.get("PEROVCHEM_REALDATA")
needs_real = pytest.mark.skipif(not REAL, reason="PEROVCHEM_REALDATA names no folder of real files")
BANDS = Path(REAL or ".") / "bands"

ENERGIES = np.linspace(-6, 6, 241)
TOTAL, INTEGRATED = (one[None] for one in levels_as_curves([-3, -1, 2], ENERGIES, 0.15, 2.0))
POSCAR = "x\n1.0\n5 0 0\n0 5 0\n0 0 5\nPb Br\n1 1\nDirect\n0 0 0\n.5 .5 .5\n"
OUTCAR = " vasp.5.4.4\n   NELECT =       4.0000    total number of electrons\n"


def read(text: str) -> StateDensity:
    return read_doscar(FileBytes(Path("DOSCAR"), text.encode()))


def columns(n_atoms: int, n_columns: int) -> np.ndarray:
    """Return a projection whose every number says where it stands."""
    atom, energy, column = np.meshgrid(
        np.arange(n_atoms), np.arange(241), np.arange(n_columns), indexing="ij"
    )
    return np.round((atom * 0.1 + column * 0.001 + energy * 1e-6) / 1.0, 6) + 0.5


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "DOSCAR").write_text(text)
    (tmp_path / "POSCAR").write_text(POSCAR)
    (tmp_path / "OUTCAR").write_text(OUTCAR)
    return tmp_path / "DOSCAR"


# DOSCAR ---------------------------------------------------------------------------------------------------


def test_total_of_a_doscar() -> None:
    """Truth: the curves of the builder, to the four digits that VASP prints."""
    found = read(doscar(ENERGIES, TOTAL, INTEGRATED, fermi=0.7))
    assert np.abs(found.energies - ENERGIES).max() < 1e-12  # of the header, not of three decimals
    assert np.abs(found.total - TOTAL).max() < 1e-4 * TOTAL.max()
    assert np.abs(found.integrated - INTEGRATED).max() < 1e-4 * INTEGRATED.max()
    assert found.fermi_energy == 0.7
    assert found.spin == "none"


def test_two_spins() -> None:
    both = np.concatenate([TOTAL, TOTAL / 2])
    found = read(doscar(ENERGIES, both, np.concatenate([INTEGRATED, INTEGRATED / 2])))
    assert found.spin == "collinear"
    assert np.abs(found.total[1] - TOTAL[0] / 2).max() < 1e-3
    assert np.abs(found.integrated[1] - INTEGRATED[0] / 2).max() < 1e-3


@pytest.mark.parametrize(
    ("n_columns", "n_spins", "orbitals", "spin"),
    [
        (3, 1, 3, "none"), (4, 1, 4, "none"), (9, 1, 9, "none"), (16, 1, 16, "none"),
        (6, 2, 3, "collinear"), (8, 2, 4, "collinear"), (18, 2, 9, "collinear"), (32, 2, 16, "collinear"),
        (12, 1, 3, "noncollinear"), (36, 1, 9, "noncollinear"), (64, 1, 16, "noncollinear"),
    ],
)  # fmt: skip
def test_what_columns_mean(tmp_path: Path, n_columns: int, n_spins: int, orbitals: int, spin: str) -> None:
    """LORBIT = 10 or 11, without f or with it, one spin, two, or spinors: told by the number of columns."""
    table = columns(2, n_columns)
    total = np.repeat(TOTAL, n_spins, axis=0)
    path = folder(tmp_path, doscar(ENERGIES, total, np.repeat(INTEGRATED, n_spins, axis=0), table, n_atoms=2))
    found = read_doscar(open_bytes(path))
    assert found.spin == spin
    assert found.projected.shape == (n_spins, 2, orbitals, 241)
    assert found.species == ("Pb", "Br")
    assert found.electrons == 4
    step = 4 if spin == "noncollinear" else n_spins
    for s in range(n_spins):
        assert np.abs(found.projected[s, 1, 2] - table[1, :, 2 * step + s]).max() < 1e-4
    assert found.orbitals[:2] == (("s", "p") if orbitals < 9 else ("s", "py"))


def test_sixteen_columns_are_spinors_where_three_of_four_are_magnetizations(tmp_path: Path) -> None:
    table = columns(2, 16)
    table[:, :, 1::4] = table[:, :, 2::4] = 0
    table[:, :, 3::4] *= -0.01
    found = read_doscar(open_bytes(folder(tmp_path, doscar(ENERGIES, TOTAL, INTEGRATED, table, n_atoms=2))))
    assert found.spin == "noncollinear"
    assert found.orbitals == ("s", "p", "d", "f")


def test_exponents_without_e() -> None:
    """Fortran writes 0.1234-101; read as 0.1234 and -101 it would shift the columns without a word."""
    tiny = TOTAL.copy()
    tiny[0, :40] = 1.234e-102
    text = doscar(ENERGIES, tiny, INTEGRATED)
    assert "0.1234-101" in text
    found = read(text)
    assert np.allclose(found.total[0, :40], 1.234e-102, rtol=1e-3)
    assert np.abs(found.integrated - INTEGRATED).max() < 1e-3


def test_a_first_point_with_all_states_below_the_window_is_left_out() -> None:
    """VASP puts them into the first energy: 10 states over a step of .05 eV look like 200 states/eV."""
    total, integrated = TOTAL.copy(), INTEGRATED + 10
    total[0, 0] = 10 / 0.05
    found = read(doscar(ENERGIES, total, integrated))
    assert len(found.energies) == 240
    assert found.total.max() < 20
    assert found.integrated[0, 0] == pytest.approx(10, abs=1e-3)
    assert any("10 states below the window" in note for note in found.notes)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text[:3000], "total ends after"),
        (
            lambda text: text.replace("  0.6000E+01", " ***********", 1),
            "row of the density of states should be",
        ),
        (lambda text: text.replace("  241 ", "  nan "), "sixth line"),
        (lambda text: text.replace("  241 ", "99999 "), "total ends after"),
        (lambda text: text[:150], "ends before its first energy"),
        (lambda text: "\n" * 400, "sixth line"),
    ],
)
def test_broken_totals(change: object, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        read(change(doscar(ENERGIES, TOTAL, INTEGRATED)))  # type: ignore[operator]


def test_cut_projections_are_left_out(tmp_path: Path) -> None:
    text = doscar(ENERGIES, TOTAL, INTEGRATED, columns(2, 9), n_atoms=2)
    found = read_doscar(open_bytes(folder(tmp_path, text[:-5000])))
    assert found.projected.size == 0
    assert any("ends within the projections" in note for note in found.notes)
    lonely = read(text)
    assert lonely.projected.size == 0
    assert any("no POSCAR" in note for note in lonely.notes)


# vasprun.xml ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_spins", "noncollinear"), [(1, False), (2, False), (1, True)])
def test_vasprun(n_spins: int, noncollinear: bool) -> None:
    source = np.random.default_rng(3)
    total = np.repeat(TOTAL, n_spins, axis=0) * np.arange(1, n_spins + 1)[:, None]
    integrated = np.repeat(INTEGRATED, n_spins, axis=0)
    table = np.round(source.random((2, 4 if noncollinear else n_spins, 241, 9)), 4)
    text = vasprun_dos(
        ENERGIES,
        total,
        integrated,
        table,
        species=("Pb", "Br"),
        electrons=4.0,
        fermi=0.25,
        noncollinear=noncollinear,
    )
    found = read_vasprun_dos(FileBytes(Path("vasprun.xml"), text.encode()))
    assert found.spin == ("noncollinear" if noncollinear else "collinear" if n_spins == 2 else "none")
    assert np.abs(found.total - total).max() < 1e-4
    assert np.abs(found.projected - table.transpose(1, 0, 3, 2)[:n_spins]).max() < 1e-9
    assert found.species == ("Pb", "Br")
    assert found.orbitals[-1] == "x2-y2"
    assert (found.electrons, found.fermi_energy) == (4.0, 0.25)


def test_a_cut_vasprun() -> None:
    text = vasprun_dos(ENERGIES, TOTAL, INTEGRATED, np.ones((1, 1, 241, 9)))
    partial = read_vasprun_dos(
        FileBytes(Path("vasprun.xml"), text[: text.index("</partial>") - 500].encode())
    )
    assert partial.projected.size == 0
    assert any("ends within the projected" in note for note in partial.notes)
    with pytest.raises(FormatError, match="ends within the total"):
        read_vasprun_dos(FileBytes(Path("vasprun.xml"), text[: text.index("</total>") - 500].encode()))
    with pytest.raises(MissingDataError, match="no density of states"):
        read_vasprun_dos(FileBytes(Path("vasprun.xml"), text[: text.index("<dos>")].encode()))
    with pytest.raises(FormatError, match="should be 3 finite numbers"):
        stars = text.replace(" 4.0000 </r>", " ****** </r>", 1)
        read_vasprun_dos(FileBytes(Path("vasprun.xml"), stars.encode()))


# the door -------------------------------------------------------------------------------------------------


def test_the_door(tmp_path: Path) -> None:
    folder(tmp_path, doscar(ENERGIES, TOTAL, INTEGRATED))
    found = read_state_density(tmp_path)
    assert found.provenance.input == str(tmp_path)
    assert found.provenance.inputs[0].path.endswith("DOSCAR")
    assert read_state_density(found) is found
    assert isinstance(read_states(tmp_path / "DOSCAR"), StateDensity)
    with pytest.raises(InputError, match="no density of states is read from"):
        read_state_density(tmp_path / "POSCAR")
    (tmp_path / "DOSCAR").unlink()
    with pytest.raises(MissingDataError, match="holds no vasprun"):
        read_state_density(tmp_path)


@needs_real
def test_real_doscar_of_spinors() -> None:
    """Truth: lines 6, 7 and 307 of the file, and 96 bands of one electron each: they integrate to 96."""
    found = read_doscar(open_bytes(BANDS / "MAPI_HSE06_SoC" / "DOSCAR"))
    assert found.spin == "noncollinear"
    assert found.fermi_energy == 1.54858032
    assert found.energies[[0, -1]].tolist() == [-22.64271869, 16.57316623]
    assert found.integrated[0, -1] == 96
    assert found.electrons == 50
    assert found.projected.shape == (1, 12, 3, 301)


@needs_real
def test_real_vasprun() -> None:
    """Truth: NELECT 74, 64 bands of two electrons, ISMEAR and rows of the file."""
    found = read_vasprun_dos(open_bytes(BANDS / "Cs2SnI6" / "dos" / "vasprun.xml.gz"))
    assert found.electrons == 74
    assert found.integrated[0, -1] == 128
    assert found.projected.shape == (1, 9, 9, 2000)
