"""The front door for bands: which file of a folder, pieces of a path, other formats, and real files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from builders import frames_of
from builders_bands import (
    CUBIC,
    filled,
    line_points,
    write_eigenval,
    write_kpoints_line_mode,
    write_kpoints_list,
    write_outcar_bands,
    write_poscar,
    write_procar,
    write_vasprun_bands,
)

import perovchem as pc
from perovchem.bands import Bands
from perovchem.bands_reading import read_bands
from perovchem.errors import FormatError, InputError, MissingDataError, UsageError
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.sniff import identify, recognize

RANDOM = np.random.default_rng(3)
PATH = line_points([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]], 9)


def levels(points: np.ndarray, decimals: int = 4) -> np.ndarray:
    wave = np.cos(2 * np.pi * np.asarray(points)).sum(axis=1)
    return np.round(0.1 * wave[:, None] + np.array([-7.0, 0.0, 4.0, 9.0]), decimals)[None]


ENERGIES = levels(PATH)
WEIGHTS = np.round(RANDOM.random((1, len(PATH), 4, 1, 9)) / 10, 3)


# folders ------------------------------------------------------------------------------------------------------


def test_a_folder_prefers_vasprun(tmp_path: Path) -> None:
    write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 4, per_segment=9)
    write_eigenval(tmp_path / "EIGENVAL", PATH, ENERGIES + 1, 4)
    bands = read_bands(tmp_path)
    assert np.array_equal(bands.energies, ENERGIES)
    assert "bands are read from vasprun.xml" in bands.notes
    assert "EIGENVAL holds other bands and was left out" in bands.notes
    assert bands.provenance.input == str(tmp_path)
    assert [Path(file.path).name for file in bands.provenance.inputs] == ["vasprun.xml"]


def test_a_cut_vasprun_gives_way_to_the_next(tmp_path: Path) -> None:
    path = write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 4)
    text = path.read_text()
    path.write_text(text[: text.index('comment="kpoint 9"')])
    with pytest.raises(FormatError, match="8 k-points of 18 are complete"):
        read_bands(tmp_path)
    write_eigenval(tmp_path / "EIGENVAL", PATH, levels(PATH, 6), 4)
    write_poscar(tmp_path / "POSCAR")
    bands = read_bands(tmp_path)
    assert np.array_equal(bands.energies, levels(PATH, 6))
    assert any("8 k-points of 18 are complete" in note for note in bands.notes)


def test_projections_of_a_procar_join_an_eigenval(tmp_path: Path) -> None:
    write_eigenval(tmp_path / "EIGENVAL", PATH, ENERGIES, 4)
    write_poscar(tmp_path / "CONTCAR")
    write_procar(tmp_path / "PROCAR", PATH, ENERGIES, 4, WEIGHTS)
    bands = read_bands(tmp_path)
    assert bands.projections is not None
    assert np.array_equal(bands.projections.weights(slice(None)), WEIGHTS)
    assert "projections are read from PROCAR" in bands.notes
    write_procar(tmp_path / "PROCAR", PATH, ENERGIES + 0.1, 4, WEIGHTS)
    other = read_bands(tmp_path)
    assert other.projections is None
    assert any("PROCAR holds other bands" in note for note in other.notes)


def test_the_most_decimals_of_the_same_bands_are_taken(tmp_path: Path) -> None:
    fine = levels(PATH, 8)
    write_vasprun_bands(tmp_path / "vasprun.xml", PATH, fine, 4, per_segment=9)
    assert read_bands(tmp_path).energy_step == pytest.approx(1e-4)
    write_eigenval(tmp_path / "EIGENVAL", PATH, fine, 4)
    bands = read_bands(tmp_path)
    assert np.array_equal(bands.energies, levels(PATH, 6))
    assert bands.energy_step == pytest.approx(1e-6)
    assert "energies are those of EIGENVAL, which prints 6 decimals" in bands.notes
    write_procar(tmp_path / "PROCAR", PATH, fine, 4, WEIGHTS)
    bands = read_bands(tmp_path)
    assert np.array_equal(bands.energies, fine)
    assert bands.energy_step == pytest.approx(1e-8)
    assert bands.projections is not None
    assert len(bands.segments) == 2
    assert [Path(file.path).name for file in bands.provenance.inputs] == ["vasprun.xml", "EIGENVAL", "PROCAR"]
    alone = read_bands(tmp_path / "vasprun.xml")  # a file that is named is read alone
    assert alone.energy_step == pytest.approx(1e-4)


def test_an_outcar_alone(tmp_path: Path) -> None:
    write_outcar_bands(tmp_path / "OUTCAR", PATH, ENERGIES, 4)
    assert np.array_equal(read_bands(tmp_path).energies, ENERGIES)


def test_packed_files(tmp_path: Path) -> None:
    path = write_vasprun_bands(tmp_path / "vasprun.xml", PATH, ENERGIES, 4)
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "vasprun.xml.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(read_bands(tmp_path / "packed").energies, ENERGIES)


def test_a_folder_without_bands(tmp_path: Path) -> None:
    write_poscar(tmp_path / "POSCAR")
    with pytest.raises(InputError, match="holds no bands"):
        read_bands(tmp_path)


# pieces -------------------------------------------------------------------------------------------------------

MESH = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5]])
SHARES = np.array([1, 3, 3, 1]) / 8
LINE = np.concatenate(
    [line_points([[0, 0, 0], [0.5, 0.5, 0.5]], 21), line_points([[0.5, 0.5, 0.5], [0.5, 0.5, 0]], 11)[1:]]
)


def write_split(folder: Path, parts: list[slice], **options: object) -> list[Path]:
    """Pieces of a path of a hybrid run: the mesh, then points of weight 0."""
    paths = []
    for number, part in enumerate(parts, 1):
        points = np.concatenate([MESH, LINE[part]])
        weights = np.concatenate([SHARES, np.zeros(len(LINE[part]))])
        place = folder / f"split-{number:02d}"
        place.mkdir()
        write_vasprun_bands(place / "vasprun.xml", points, levels(points), 4, weights=weights, **options)  # type: ignore[arg-type]
        names = {
            4 + k: name for k, name in ((0, r"\Gamma"), (20, "R"), (30, "M")) if part.start <= k < part.stop
        }
        labels = {row - part.start: name for row, name in names.items()}
        write_kpoints_list(place / "KPOINTS", points, weights, labels)
        paths.append(place)
    return paths


@pytest.mark.parametrize(
    "parts", [[slice(0, 13), slice(13, 31)], [slice(0, 13), slice(12, 31)], [slice(0, 21), slice(20, 31)]]
)
def test_pieces_of_a_path_are_joined(tmp_path: Path, parts: list[slice]) -> None:
    folders = write_split(tmp_path, parts)
    for bands in (
        read_bands(folders),
        read_bands(tmp_path),
        read_bands([folder / "vasprun.xml" for folder in folders]),
    ):
        assert bands.path == "Γ-R-M"
        lengths = [len(part) for part in bands.segments]
        assert lengths == [21, 11]
        first, second = bands.segments
        assert np.array_equal(bands.energies[:, first.start : first.stop], levels(LINE[:21]))
        assert np.array_equal(bands.energies[:, second.start : second.stop], levels(LINE[20:]))
        assert bands.mesh is not None
        assert np.array_equal(bands.mesh.energies, levels(MESH))
        assert any(note.startswith("joined in this order") for note in bands.notes)


def test_fewer_bands_in_one_piece(tmp_path: Path) -> None:
    first, second = line_points([[0, 0, 0], [0.5, 0, 0]], 9), line_points([[0.5, 0, 0], [0.5, 0.5, 0]], 9)
    a = write_vasprun_bands(tmp_path / "a.xml", first, levels(first), 4)
    b = write_vasprun_bands(tmp_path / "b.xml", second, levels(second)[..., :3], 4)
    bands = read_bands([a, b])
    assert bands.energies.shape == (1, 17, 3)  # the point that both share, without a name, counts once
    assert any("the lowest 3 are kept" in note for note in bands.notes)


def test_pieces_that_do_not_belong_together(tmp_path: Path) -> None:
    one = write_vasprun_bands(tmp_path / "a.xml", PATH, ENERGIES, 4)
    wrong = {
        "another cell": write_vasprun_bands(tmp_path / "b.xml", PATH, ENERGIES, 4, cell=1.01 * CUBIC),
        "6 electrons in place of 4": write_vasprun_bands(tmp_path / "c.xml", PATH, ENERGIES, 6),
        "2 spin channels in place of 1": write_vasprun_bands(
            tmp_path / "d.xml", PATH, np.repeat(ENERGIES, 2, axis=0), 4
        ),
    }
    for what, path in wrong.items():
        with pytest.raises(InputError, match=what):
            read_bands([one, path])


def test_pieces_of_different_densities(tmp_path: Path) -> None:
    folders = write_split(tmp_path, [slice(0, 13), slice(13, 31)])
    points = np.concatenate([MESH, LINE[13:]])
    weights = np.concatenate([SHARES, np.zeros(18)])
    write_vasprun_bands(
        folders[1] / "vasprun.xml", points, levels(points) + 0.05, 4, weights=weights, fermi=3.3
    )
    with pytest.raises(InputError, match=r"differ by up to 0\.050 eV"):
        read_bands(folders)


# electrons ----------------------------------------------------------------------------------------------------


def test_electrons_may_be_given(tmp_path: Path) -> None:
    path = write_vasprun_bands(tmp_path / "v.xml", PATH, ENERGIES, 4)
    bands = read_bands(path, electrons=6)
    assert bands.occupied == (3.0,)
    with pytest.raises(InputError, match="2 numbers of electrons for 1 spin"):
        read_bands(path, electrons=(2, 2))
    with pytest.raises(FormatError, match="the bands hold up to 8"):
        read_bands(path, electrons=10)


def test_a_magnet_with_the_fermi_energy_of_another_run(tmp_path: Path) -> None:
    both = np.round(np.concatenate([ENERGIES, ENERGIES + 2.0]), 4)  # up: -7 0 4 9, down: -5 2 6 11
    by_level = filled(both, (3, 0))
    by_level[1, :, 0] = 1.0
    bands = read_bands(
        write_vasprun_bands(tmp_path / "v.xml", PATH, both, 3, occupations=by_level, fermi=5.0)
    )
    assert bands.electrons == (2.0, 1.0)
    assert any("2 electrons are up and 1 down" in note for note in bands.notes)
    assert any("the count is used" in note for note in bands.notes)


# what else may be given ---------------------------------------------------------------------------------------


def test_bands_pass_through(tmp_path: Path) -> None:
    bands = read_bands(write_vasprun_bands(tmp_path / "v.xml", PATH, ENERGIES, 4))
    assert read_bands(bands) is bands
    with pytest.raises(UsageError):
        read_bands(bands, electrons=4)


def test_objects(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Frames"):
        read_bands(frames_of(("Pb",), np.zeros((1, 1, 3)), CUBIC))
    path = write_vasprun_bands(tmp_path / "v.xml", PATH, ENERGIES, 4)
    assert isinstance(read_bands(str(path)), Bands)


@pytest.mark.parametrize(
    ("name", "advice"),
    [("POSCAR", "perovchem.read_structure"), ("KPOINTS", "vasprun.xml"), ("DOSCAR", "read_state_density")],
)
def test_files_of_another_kind_say_where_they_belong(tmp_path: Path, name: str, advice: str) -> None:
    path = tmp_path / "anything"
    if name == "POSCAR":
        write_poscar(path)
    elif name == "KPOINTS":
        write_kpoints_line_mode(path, [[[0, 0, 0], [0.5, 0, 0]]], ["G", "X"], 9)
    else:
        path.write_text(
            "   1   1   1   0\n 0.1E+02 0.6E-09 0.6E-09 0.6E-09 0.5E-15\n 1.0E-04\n  CAR\n x\n 10.0 -5.0 301 2.0 1.0\n"
        )
    with pytest.raises(InputError, match="no bands are read from it") as error:
        read_bands(path)
    assert advice in error.value.fix


def test_the_door_of_frames_sends_bands_here(tmp_path: Path) -> None:
    files = {
        "EIGENVAL": write_eigenval(tmp_path / "a", PATH, ENERGIES, 4),
        "PROCAR": write_procar(tmp_path / "b", PATH, ENERGIES, 4, WEIGHTS),
    }
    for kind, path in files.items():
        assert recognize(open_bytes(path)) == kind
        with pytest.raises(FormatError, match="no frames are read from it") as error:
            identify(open_bytes(path))
        assert "perovchem.read_bands or `perovchem masses`" in error.value.fix
    with pytest.raises(InputError, match="no such file"):
        read_bands(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [b"  PAW_PBE Pb\n parameters from PSCTR are:\n", b"\x00\x01\x02", b"\x89HDF\r\n\x1a\n", b"words\n"],
)
def test_files_without_bands_are_refused_in_words_for_bands(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "input"
    path.write_bytes(text)
    for source in (path, [path, path]):
        with pytest.raises(InputError) as error:
            read_bands(source)
        assert "no frames" not in str(error.value)
        assert "EIGENVAL" in error.value.fix


def test_a_broken_structure_beside_is_told(tmp_path: Path) -> None:
    write_eigenval(tmp_path / "EIGENVAL", PATH, ENERGIES, 4)
    (tmp_path / "POSCAR").write_text("nothing\n")
    with pytest.raises(MissingDataError, match="no cell"):
        read_bands(tmp_path)


# real files ---------------------------------------------------------------------------------------------------

REAL = Path(os.environ.get("PEROVCHEM_REALDATA", "nowhere")) / "bands"
real = pytest.mark.skipif(not REAL.is_dir(), reason="PEROVCHEM_REALDATA is not set")


def edges(bands: Bands) -> tuple[float, float]:
    """Highest filled and lowest empty energy, eV."""
    numbers = [round(number) for number in bands.occupied]
    top = max(float(bands.energies[s, :, n - 1].max()) for s, n in enumerate(numbers))
    bottom = min(float(bands.energies[s, :, n].min()) for s, n in enumerate(numbers))
    return top, bottom


@real
@pytest.mark.parametrize(
    ("name", "top", "bottom", "shape", "path"),
    [
        ("MAPI_PBEsol", 1.4772, 2.9615, (1, 516, 52), 4),
        ("MAPI_HSE06_SoC", 1.4190, 2.2906, (1, 130, 96), 4),
        ("GaAs_HSE06_SoC", 3.6275, 4.9234, (1, 288, 48), 4),
        ("Cs2SnI6", 1.444, 2.155, (1, 111, 64), 4),
        ("Cs2SnI6/split-01", 1.444, 2.155, (1, 60, 64), 2),
        ("hse06_vasprun.xml.gz", 4.3108, 7.8434, (2, 10, 288), 0),
        ("indirect_gap_vasprun.xml.gz", 5.6112, 6.2231, (1, 164, 16), 10),
        ("Si_amset_vasprun.xml.gz", 5.6176, 6.2404, (1, 195, 40), 0),
    ],
)
def test_real_edges(name: str, top: float, bottom: float, shape: tuple[int, int, int], path: int) -> None:
    """Edges that effmass, sumo and pymatgen print for these files."""
    bands = read_bands(REAL / name)
    digits = 6e-4 if name.startswith("Cs2SnI6") else 6e-5
    assert edges(bands) == pytest.approx((top, bottom), abs=digits)
    assert bands.energies.shape == shape
    assert len(bands.segments) == path


@real
def test_real_runs_of_procar_agree_with_their_outcar() -> None:
    for name, spin in (("MAPI_HSE06_SoC", "noncollinear"), ("Ge_spin", "collinear"), ("MAPI_PBEsol", "none")):
        fine = read_bands(REAL / name)
        coarse = read_bands(next((REAL / name).glob("OUTCAR*")))
        assert fine.spin == coarse.spin == spin
        assert fine.electrons == coarse.electrons
        np.testing.assert_allclose(fine.energies, coarse.energies, atol=5.1e-5)
        np.testing.assert_allclose(fine.kpoints, coarse.kpoints, atol=1.1e-8)
        assert [(a.start, a.stop) for a in fine.segments] == [(b.start, b.stop) for b in coarse.segments]


@real
def test_real_eigenval_of_a_stencil() -> None:
    bands = read_bands(REAL / "GaAs_emc")
    assert bands.energies.shape == (1, 19, 24)
    assert bands.electrons == (32.0,)
    assert bands.segments == ()
    coarse = read_bands(REAL / "GaAs_emc" / "OUTCAR")
    np.testing.assert_allclose(bands.energies, coarse.energies, atol=5.1e-5)


@real
def test_real_projections_add_up() -> None:
    """What VASP prints as tot of the first band and k-point."""
    mesh = read_bands(REAL / "MAPI_PBEsol").mesh
    assert mesh is not None
    assert mesh.projections is not None
    assert sorted(set(mesh.projections.species)) == ["C", "H", "I", "N", "Pb"]
    sums = mesh.projections.weights(slice(0, 1))[0, 0, 0].sum(axis=0)
    np.testing.assert_allclose(sums, [0.784, 0.047, 0.0], atol=6.5e-3)  # 12 ions, rounded to .001 each
    whole = read_bands(REAL / "hse06_vasprun.xml.gz").projections
    assert whole is not None
    first = whole.weights(slice(0, 1))
    assert first.shape == (2, 10, 1, 12, 16)
    assert first[0, 0, 0, 0, 0] == 0.2275


@real
def test_real_eigenval_without_a_cell() -> None:
    with pytest.raises(MissingDataError, match="no cell"):
        read_bands(REAL / "EIGENVAL.gz")
    spins = read_bands(REAL / "EIGENVAL_ispin2.gz", structure=REAL / "MAPI_POSCAR")
    assert spins.electrons == (480.0, 480.0)


@real
def test_real_split_procars() -> None:
    both = read_bands([REAL / "PROCAR_split1.gz", REAL / "PROCAR_split2.gz"], structure=REAL / "MAPI_POSCAR")
    assert both.energies.shape == (1, 96, 20)
    assert both.electrons == (16.0,)
    assert both.spin == "noncollinear"
    assert any("4 ions, and the structure has 12 atoms" in note for note in both.notes)


@real
def test_a_run_of_a_density_of_states_has_no_path() -> None:
    bands = pc.read_bands(REAL / "Cs2SnI6" / "dos")
    assert bands.segments == ()
    assert edges(bands)[1] - edges(bands)[0] == pytest.approx(0.7115, abs=1e-4)
