"""Our formats inside MDAnalysis: what it sees is what the file holds, whatever the cell and wherever it stands."""

from __future__ import annotations

import bz2
import gzip
import itertools
import os
import pickle
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from builders import CELLS, frames_of, recell, rotations
from builders_castep import md_run
from builders_xdatcar import Xdatcar
from hypothesis import assume, given
from hypothesis import strategies as st
from MDAnalysis.analysis.msd import EinsteinMSD
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysis.analysis.rms import RMSD
from MDAnalysis.lib.distances import distance_array
from numpy.typing import NDArray

import perovchem as pc
import perovchem.mda
from perovchem.errors import FormatError, InputError, PerovchemWarning, UsageError
from perovchem.mda.cells import turn, upright_basis, voronoi_reach

Array = NDArray[np.float64]
REAL = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REAL is None, reason="PEROVCHEM_REALDATA names no folder of real files")
quiet = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
pytestmark = [
    # MDAnalysis reports its own time step of 1 ps where none is stated; ours has warned before
    pytest.mark.filterwarnings("ignore:Reader has no dt information:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:MDAnalysis.*"),
]

LEANING = np.array([[9.0, 1.0, -2.0], [-4.0, 8.5, 1.5], [2.5, -3.0, 10.0]])  # stands at no axis
SINGLE = 4e-6  # Å and parts; single precision keeps 6e-8 parts of lengths up to 30 Å


def write(
    path: Path, places: Array, cell: Array = LEANING, symbols=("Pb", "I", "H"), counts=(1, 3, 2)
) -> Path:
    path.write_bytes(Xdatcar(np.round(places, 8), cell, symbols, counts).text())
    return path


def places(n_frames: int = 8, n_atoms: int = 6, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    return random.random((1, n_atoms, 3)) + np.cumsum(random.normal(0, 0.01, (n_frames, n_atoms, 3)), axis=0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eight frames in a leaning cell, every fifth step of 2 fs: 10 fs apart, the first at 10 fs."""
    text = Xdatcar(np.round(places(), 8), LEANING, ("Pb", "I", "H"), (1, 3, 2), first=5, nblock=5).text()
    (tmp_path / "XDATCAR").write_bytes(text)
    (tmp_path / "INCAR").write_text("IBRION = 0\nPOTIM = 2.0\nNBLOCK = 5\nNSW = 40\n")
    return tmp_path / "XDATCAR"


def nearest(fractional: Array, cell: Array, other: Array, reach: int = 3) -> Array:
    """Shortest distance of every pair by trying every image, (n, m), Å."""
    images = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))
    difference = fractional[:, None] - other[None]
    difference -= np.round(difference)
    vectors = (difference[:, :, None] + images) @ cell
    return np.linalg.norm(vectors, axis=-1).min(axis=-1)


# what a Universe holds ----------------------------------------------------------------------------------------


def test_one_file_is_topology_and_trajectory(run: Path) -> None:
    for name in (str(run), run):
        universe = MDAnalysis.Universe(name)
        assert len(universe.trajectory) == 8
        assert universe.atoms.elements.tolist() == ["Pb", "I", "I", "I", "H", "H"]
        assert (
            universe.atoms.names.tolist() == universe.atoms.types.tolist() == universe.atoms.elements.tolist()
        )
        assert universe.atoms.masses.tolist() == pytest.approx(
            [207.2] + [126.904] * 3 + [1.008] * 2, abs=1e-3
        )
        assert [ts.frame for ts in universe.trajectory] == list(range(8))


def test_a_residue_is_a_molecule(tmp_path: Path) -> None:
    """DMSO and water across the boundary, atoms interleaved by element as VASP orders them, and an ion."""
    dmso = np.array(
        [[0, 0, 0], [1.5, 0, 0], [-0.4, 1.75, 0], [-0.4, -0.6, 1.65],  # S, O, C, C
         [0.2, 2.3, 0.85], [0.2, 2.3, -0.85], [-1.45, 1.9, 0], [0.2, -0.1, 2.45], [0.2, -1.6, 1.7], [-1.45, -0.55, 1.9]]
    )  # fmt: skip
    water = np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    xyz = np.concatenate(
        [dmso[1:2], water[:1] + 6, dmso[:1], dmso[2:4], dmso[4:], water[1:] + 6, [[3.0, 7.0, 8.0]]]
    )
    path = write(
        tmp_path / "XDATCAR", xyz[None] / 12 % 1, 12 * np.eye(3), ("O", "S", "C", "H", "Pb"), (2, 1, 2, 8, 1)
    )
    universe = MDAnalysis.Universe(path, dt=1.0)
    assert sorted(universe.residues.resnames) == ["DMSO", "H2O", "Pb"]
    assert universe.select_atoms("resname DMSO").indices.tolist() == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    # "water" is a command of MDAnalysis's selections, and knows H2O
    for words in ("resname H2O", "water"):
        assert universe.select_atoms(words).elements.tolist() == ["O", "H", "H"]
    assert universe.select_atoms("same residue as element S").n_atoms == 10
    # molar mass of DMSO: 78.13 g/mol
    assert universe.select_atoms("resname DMSO").residues[0].mass == pytest.approx(78.13, abs=0.02)


def test_times_come_from_beside_the_file(run: Path) -> None:
    trajectory = MDAnalysis.Universe(run).trajectory
    assert [ts.time for ts in trajectory] == pytest.approx([0.01 * k for k in range(1, 9)], rel=1e-12)
    assert trajectory.dt == pytest.approx(0.01)
    assert trajectory[3].data["step"] == 20


def test_times_may_be_given(run: Path) -> None:
    assert MDAnalysis.Universe(run, dt=0.5).trajectory[4].time == 2.0
    assert MDAnalysis.Universe(run, dt=0.5, time_offset=10.0).trajectory[4].time == 12.0
    with pytest.warns(PerovchemWarning, match="replaces 2 fs"):
        universe = MDAnalysis.Universe(run, timestep=1.0)
    assert universe.trajectory[0].time == pytest.approx(0.005)
    (run.parent / "INCAR").unlink()
    assert MDAnalysis.Universe(run, timestep=3.0).trajectory.dt == pytest.approx(0.015)


def test_an_unknown_time_step_is_told(run: Path) -> None:
    (run.parent / "INCAR").unlink()
    with pytest.warns(PerovchemWarning, match=r"nothing states the time step.*timestep=.*dt="):
        universe = MDAnalysis.Universe(run)
    assert "dt" not in universe.trajectory.ts.data


@pytest.mark.parametrize(
    "name",
    ["XDATCAR.gz", "XDATCAR.bz2", "XDATCAR_1", "run.XDATCAR", "XDATCAR.old", "big_XDATCAR", "XDATCAR.xz"],
)
def test_names_that_users_give(run: Path, name: str) -> None:
    import lzma

    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(name.rpartition(".")[2], bytes)
    path = run.parent / name
    path.write_bytes(pack(run.read_bytes()))
    universe = MDAnalysis.Universe(path, dt=1.0)
    np.testing.assert_array_equal(
        universe.trajectory[3].positions, MDAnalysis.Universe(run).trajectory[3].positions
    )


def test_other_files_are_left_to_mdanalysis(tmp_path: Path) -> None:
    """Also one whose name says XDATCAR and whose content does not."""
    path = tmp_path / "notXDATCAR.xyz"
    path.write_text("1\n\nPb 1.0 2.0 3.0\n")
    assert "XYZ" in type(MDAnalysis.Universe(path).trajectory).__name__
    (tmp_path / "XDATCAR_notes").mkdir()
    for other in (tmp_path / "XDATCAR_notes", tmp_path / "XDATCAR.xyz", np.zeros(3), None):
        assert not perovchem.mda._is_xdatcar(other)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("XDATCAR", "XDATCAR.gz", "run.md"):
        with pytest.raises(InputError, match="no such file"):
            MDAnalysis.Universe(tmp_path / name)


@pytest.mark.parametrize("options", [{"dt": 0.0}, {"dt": -1}, {"dt": float("nan")}, {"timestep": 0.0}])
def test_senseless_time_steps(run: Path, options) -> None:
    with pytest.raises(UsageError):
        MDAnalysis.Universe(run, **options)


def test_a_markdown_file_is_no_md(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# A project\n\nof words\n")
    with pytest.raises(FormatError, match="no format known here"):
        MDAnalysis.Universe(path)


@quiet
def test_everything_else_by_name_of_the_format() -> None:
    universe = MDAnalysis.Universe("CsPbCl3_cubic", format="PEROVCHEM")
    assert universe.trajectory.ts.triclinic_dimensions == pytest.approx(5.605 * np.eye(3))
    universe = MDAnalysis.Universe("gbl_solution", format="PEROVCHEM")
    assert universe.trajectory.dt == pytest.approx(0.005)  # 5 fs, trajectories.toml
    assert universe.select_atoms("resname GBL").n_residues == 21  # as the box was made: 21 solvent molecules


def test_a_topology_of_another_file(run: Path, tmp_path: Path) -> None:
    top = tmp_path / "first.xyz"
    top.write_text("6\n\n" + "".join(f"{s} {k} 0 0\n" for k, s in enumerate(["Pb", "I", "I", "I", "H", "H"])))
    universe = MDAnalysis.Universe(top, run)
    assert (len(universe.trajectory), universe.trajectory.dt) == (8, pytest.approx(0.01))
    top.write_text("1\n\nPb 1.0 2.0 3.0\n")
    with pytest.raises(ValueError, match="atoms"):
        MDAnalysis.Universe(top, run)


def test_a_reader_that_fails_leaves_nothing_behind(run: Path, tmp_path: Path) -> None:
    """No second message from the half-made reader; pytest makes an error of that."""
    with pytest.raises(InputError, match="no such file"):
        MDAnalysis.Universe(run, tmp_path / "XDATCAR_2")
    with pytest.raises(UsageError):
        MDAnalysis.Universe(run).load_new(str(run), dt=-1)


def test_several_files_in_a_row(run: Path) -> None:
    universe = MDAnalysis.Universe(run, [str(run), str(run)])
    assert len(universe.trajectory) == 16
    np.testing.assert_array_equal(universe.trajectory[11].positions, universe.trajectory[3].positions)


# cells --------------------------------------------------------------------------------------------------------


def test_places_stand_in_the_cell_as_in_the_file(run: Path) -> None:
    universe = MDAnalysis.Universe(run)
    expected = pc.read_frames(run).fractional_positions
    for ts in universe.trajectory:
        box = np.asarray(ts.triclinic_dimensions, float)
        np.testing.assert_allclose(ts.positions @ np.linalg.inv(box), expected[ts.frame], atol=SINGLE)
        # lengths and angles between the vectors are the file's
        np.testing.assert_allclose(box @ box.T, LEANING @ LEANING.T, atol=1e-4)


def test_the_rotation_is_one() -> None:
    for matrix in rotations(20):
        cell = LEANING @ matrix
        q = turn(cell)
        np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(q) == pytest.approx(1)
        upright = cell @ q
        assert np.abs(np.triu(upright, 1)).max() < 1e-12
        assert (np.diagonal(upright) > 0).all()
        assert np.linalg.det(turn(cell[[1, 0, 2]])) == pytest.approx(1)  # left-handed


numbers = st.floats(-1, 1, allow_nan=False)
matrices = st.lists(numbers, min_size=9, max_size=9).map(lambda x: np.array(x).reshape(3, 3))


@quiet
@given(matrices, st.integers(0, 1000))
def test_distances_and_handedness_in_any_cell(matrix: Array, seed: int) -> None:
    """Against every image by brute force; four atoms span the same signed volume, also in left-handed cells."""
    cell = 9 * np.eye(3)[[0, 1, 2] if seed % 2 else [1, 0, 2]] + 7 * matrix
    heights = np.abs(np.linalg.det(cell)) / np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    assume(heights.min() > 3)
    fractional = np.random.default_rng(seed).uniform(-2, 3, (1, 6, 3))
    universe = pc.to_mdanalysis(
        frames_of(["Pb", "I", "I", "Cs", "Cl", "Br"], fractional, cell, fractional=True)
    )
    ts = universe.trajectory.ts
    found = distance_array(ts.positions, ts.positions, box=ts.dimensions)
    np.testing.assert_allclose(found, nearest(fractional[0], cell, fractional[0]), atol=5e-5)
    edges = fractional[0] @ cell
    at = ts.positions.astype(float)
    np.testing.assert_allclose(  # not only up to images: the very differences, turned
        np.linalg.norm(at[1:] - at[0], axis=1), np.linalg.norm(edges[1:] - edges[0], axis=1), rtol=3e-6
    )
    assert np.linalg.det(at[1:4] - at[0]) == pytest.approx(
        np.linalg.det(edges[1:4] - edges[0]), rel=1e-4, abs=1e-2
    )


def test_a_cell_that_leans_too_far_is_described_by_other_vectors() -> None:
    """The same lattice: whole combinations of the file's vectors, of the same volume."""
    frames = frames_of(
        ["Pb", "I"], np.array([[[0.1, 0.2, 0.3], [0.7, 0.9, 0.4]]]), CELLS["skewed"], fractional=True
    )
    with pytest.warns(PerovchemWarning, match="leans further"):
        universe = pc.to_mdanalysis(frames)
    box = np.asarray(universe.trajectory.ts.triclinic_dimensions, float)
    basis = upright_basis(CELLS["skewed"])
    assert round(np.linalg.det(basis)) == 1
    np.testing.assert_allclose(
        box @ box.T, (basis @ CELLS["skewed"]) @ (basis @ CELLS["skewed"]).T, rtol=1e-5
    )


HALF = np.sqrt(3) / 2


@pytest.mark.parametrize(
    ("cell", "reach"),
    [
        ([[4, 0, 0], [0, 5, 0], [0, 0, 60]], 1 / 2),  # the cell itself, about the origin
        ([[4, 0, 0], [-2, 4 * HALF, 0], [0, 0, 6]], 2 / 3),  # a hexagon: its corners are at (2/3, 1/3)
        ([[-2, 2, 2], [2, -2, 2], [2, 2, -2]], 3 / 4),  # bcc: a truncated octahedron
        ([[0, 3, 3], [3, 0, 3], [3, 3, 0]], 3 / 4),  # fcc: a rhombic dodecahedron
    ],
)  # fmt: skip
def test_usual_cells_are_kept(cell, reach: float) -> None:
    """Corners of Voronoi cells from geometry: fcc's (a/2, 0, 0) is (-1/2, 1/2, 1/2), its (a/4, a/4, a/4) (1/4, 1/4, 1/4)."""
    cell = np.array(cell, float)
    assert np.array_equal(upright_basis(cell), np.eye(3) * np.sign(np.linalg.det(cell)))
    assert voronoi_reach(cell) <= reach + 1e-9


@given(matrices)
def test_what_is_reduced_fits(matrix: Array) -> None:
    cell = 9 * np.eye(3) + 12 * matrix
    assume(abs(np.linalg.det(cell)) > 30)
    basis = upright_basis(cell)
    assert round(abs(np.linalg.det(basis))) == 1
    assert np.linalg.det(basis @ cell) > 0
    assert voronoi_reach(basis @ cell) < 1


def test_a_left_handed_cell_keeps_the_lattice() -> None:
    cell = LEANING[[1, 0, 2]]
    universe = pc.to_mdanalysis(frames_of(["Pb", "I"], places(1, 2), cell, fractional=True))
    box = np.asarray(universe.trajectory.ts.triclinic_dimensions, float)
    np.testing.assert_allclose(box @ box.T, cell @ cell.T, atol=1e-4)


def test_cells_that_vary(tmp_path: Path) -> None:
    cells = LEANING * (1 + 0.02 * np.arange(8))[:, None, None]
    path = tmp_path / "XDATCAR"
    path.write_bytes(Xdatcar(np.round(places(), 8), cells, ("Pb", "I", "H"), (1, 3, 2)).text())
    universe = MDAnalysis.Universe(path, dt=1.0)
    volumes = [ts.volume for ts in universe.trajectory]
    assert volumes == pytest.approx(np.abs(np.linalg.det(cells)), rel=1e-6)
    frames = pc.read_frames(path)
    for k in (7, 0, 3):
        ts = universe.trajectory[k]
        np.testing.assert_allclose(
            ts.positions @ np.linalg.inv(ts.triclinic_dimensions.astype(float)),
            frames.fractional_positions[k],
            atol=SINGLE,
        )


# velocities and forces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [False, True])
def test_a_castep_md(tmp_path: Path, variable: bool) -> None:
    """Å/ps = 21876.9126 atomic units of velocity; kJ/(mol Å) = 4961.475 Eh/a0 (CODATA 2018: 2625.4996/.529177)."""
    made = md_run(("Pb", "I", "N", "H"), 6, seed=3, variable_cell=variable)
    turned = rotations(1, seed=5)[0]
    for name in ("cells", "positions", "velocities", "forces"):  # a cell that stands somehow
        object.__setattr__(made, name, getattr(made, name) @ turned)
    path = tmp_path / "run.md"
    path.write_bytes(made.text())
    universe = MDAnalysis.Universe(path)
    assert [ts.time for ts in universe.trajectory] == pytest.approx([0.001 * k for k in range(6)], abs=1e-9)
    for k in (4, 1):
        ts = universe.trajectory[k]
        for found, atomic, factor in (
            (ts.velocities, made.velocities[k], 21876.912636),
            (ts.forces, made.forces[k], 2625.4996395 / 0.529177210903),
        ):
            np.testing.assert_allclose(
                np.linalg.norm(found, axis=1), np.linalg.norm(atomic, axis=1) * factor, rtol=1e-6
            )
            # turned as the places are: the components along the cell's vectors are the file's
            box, cell = ts.triclinic_dimensions.astype(float), made.cells[k]
            scale = np.linalg.norm(atomic, axis=1)[:, None] * np.linalg.norm(cell, axis=1)
            along = (found @ box.T) / factor / 0.529177210903
            assert np.abs(along - atomic @ cell.T).max() < 1e-6 * scale.max()
    packed = tmp_path / "packed.md.gz"
    packed.write_bytes(gzip.compress(made.text()))
    np.testing.assert_array_equal(
        MDAnalysis.Universe(packed).trajectory[2].forces, universe.trajectory[2].forces
    )


# reading in any order, copies, other processes ----------------------------------------------------------------


@cache
def alone() -> list[Array]:
    """Positions of each frame in a Universe of its own."""
    frames = frames_of(["Pb", "I"] * 3, places(), LEANING, fractional=True)
    return [pc.to_mdanalysis(frames[k]).trajectory.ts.positions for k in range(8)]


@quiet
@given(st.lists(st.integers(-8, 7), min_size=1, max_size=12))
def test_frames_in_any_order(order: list[int]) -> None:
    frames = frames_of(["Pb", "I"] * 3, places(), LEANING, fractional=True)
    universe = pc.to_mdanalysis(frames)
    expected = alone()
    for k in order:
        ts = universe.trajectory[k]
        assert ts.frame == k % 8
        np.testing.assert_array_equal(ts.positions, expected[k])
        if k % 3 == 0 and ts.frame < 7:
            np.testing.assert_array_equal(universe.trajectory.next().frame, k % 8 + 1)


def test_slices_and_the_end(run: Path) -> None:
    trajectory = MDAnalysis.Universe(run).trajectory
    assert [ts.frame for ts in trajectory[1:7:3]] == [1, 4]
    assert [ts.frame for ts in trajectory[::-2]] == [7, 5, 3, 1]
    with pytest.raises(IndexError):
        trajectory[8]
    assert trajectory.timeseries().shape == (8, 6, 3)
    one = trajectory.ts
    assert all(ts is one for ts in trajectory)  # as in all of MDAnalysis: the frame is filled anew


def test_what_a_user_changes_stays_in_the_frame(run: Path) -> None:
    universe = MDAnalysis.Universe(run)
    before = universe.trajectory[2].positions.copy()
    universe.atoms.positions += 1
    universe.trajectory[3]
    np.testing.assert_array_equal(universe.trajectory[2].positions, before)


def test_copies_are_independent(run: Path) -> None:
    universe = MDAnalysis.Universe(run, dt=0.25)
    universe.trajectory[5]
    other = universe.copy()
    assert (other.trajectory.frame, other.trajectory.dt) == (5, 0.25)
    other.trajectory[2]
    assert universe.trajectory.frame == 5
    np.testing.assert_array_equal(universe.trajectory[2].positions, other.trajectory.ts.positions)


@pytest.mark.parametrize("timestep", [None, 4.0])
@quiet
def test_pickles(run: Path, timestep: float | None, monkeypatch) -> None:
    monkeypatch.chdir(run.parent)
    universe = MDAnalysis.Universe("XDATCAR", timestep=timestep)
    universe.trajectory[4]
    text = pickle.dumps(universe)
    monkeypatch.chdir("/")
    other = pickle.loads(text)
    assert (other.trajectory.frame, len(other.trajectory)) == (4, 8)
    assert other.trajectory[6].time == universe.trajectory[6].time
    np.testing.assert_array_equal(other.atoms.positions, universe.atoms.positions)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(other)).copy().atoms.positions, other.atoms.positions
    )


@quiet
def test_chosen_frames_of_joined_segments_pickle(run: Path) -> None:
    later = run.parent / "XDATCAR_later"
    later.write_bytes(Xdatcar(np.round(places(seed=7), 8), LEANING, ("Pb", "I", "H"), (1, 3, 2)).text())
    frames = pc.read_frames([run, later], timestep=1.0)[3:14:2].select(species=["Pb", "I"])
    universe = pc.to_mdanalysis(frames)
    other = pickle.loads(pickle.dumps(universe))
    assert len(other.trajectory) == len(frames) == 6
    for ts, same in zip(universe.trajectory, other.trajectory, strict=True):
        np.testing.assert_array_equal(ts.positions, same.positions)
        assert ts.time == same.time == pytest.approx(frames.times[ts.frame] / 1000)


def test_a_file_that_lost_frames_is_not_reopened(run: Path) -> None:
    text = pickle.dumps(MDAnalysis.Universe(run))
    run.write_bytes(run.read_bytes()[:900])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match="fewer than when the Universe was made"):
            pickle.loads(text)


def test_a_file_of_other_atoms_is_not_reopened(run: Path) -> None:
    text = pickle.dumps(MDAnalysis.Universe(run))
    write(run, places(), symbols=("Sn", "I", "H"))
    with pytest.raises(InputError, match="other atoms than when the Universe was made"):
        pickle.loads(text)


@quiet
def test_a_run_folder_pickles(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    for k in (1, 2):
        (folder / f"run_0{k}").mkdir(parents=True)
        write(folder / f"run_0{k}" / "XDATCAR", places(seed=k))
    universe = MDAnalysis.Universe(folder, format="PEROVCHEM", timestep=1.0)
    other = pickle.loads(pickle.dumps(universe))
    assert len(other.trajectory) == 16
    np.testing.assert_array_equal(other.trajectory[12].positions, universe.trajectory[12].positions)
    assert other.trajectory[12].time == universe.trajectory[12].time


# MDAnalysis's own analyses ------------------------------------------------------------------------------------


def lead_iodide(path: Path, n_frames: int = 12) -> Path:
    """Two Pb and 18 I at random in a cell that leans and stands at no axis."""
    return write(path, places(n_frames, 20, seed=4), LEANING @ rotations(1, seed=9)[0], ("Pb", "I"), (2, 18))


def test_pair_distribution_by_hand(tmp_path: Path) -> None:
    """MDAnalysis's counts per bin against all images of all pairs; a wrong rotation moves them between bins."""
    universe = MDAnalysis.Universe(lead_iodide(tmp_path / "XDATCAR"), dt=1.0)
    frames = pc.read_frames(tmp_path / "XDATCAR")
    rdf = InterRDF(
        *(universe.select_atoms(f"element {s}") for s in ("Pb", "I")), nbins=40, range=(0.5, 8.5)
    ).run()
    fractional = frames.fractional_positions
    images = np.array(list(itertools.product(range(-3, 4), repeat=3)))
    cell = frames.cells[0]
    shortest = np.concatenate([nearest(f[:2], cell, f[2:]).ravel() for f in fractional])
    expected = np.histogram(shortest, bins=40, range=(0.5, 8.5))[0]
    assert images.shape == (343, 3)
    # a distance at the edge of a bin may fall to either side in single precision
    edges = np.linspace(0.5, 8.5, 41)
    near = np.abs(shortest[:, None] - edges).min(axis=1) < 1e-4
    assert np.abs(rdf.results.count - expected).sum() <= 2 * near.sum() <= 4
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    density = 2 * 18 / abs(np.linalg.det(cell))
    np.testing.assert_allclose(rdf.results.rdf, rdf.results.count / 12 / shells / density, rtol=1e-5)


def test_pair_distribution_in_every_backend(tmp_path: Path) -> None:
    universe = MDAnalysis.Universe(lead_iodide(tmp_path / "XDATCAR"), dt=1.0)
    groups = [universe.select_atoms(f"element {s}") for s in ("Pb", "I")]

    def counts(**options) -> Array:
        return InterRDF(*groups, nbins=50, range=(0.0, 8.0)).run(**options).results.count

    serial = counts(backend="serial")
    assert serial.sum() > 100
    np.testing.assert_array_equal(counts(backend="multiprocessing", n_workers=2), serial)
    import dask

    with dask.config.set(scheduler="processes", num_workers=2):
        np.testing.assert_array_equal(counts(backend="dask", n_workers=2), serial)


def test_displacements(tmp_path: Path) -> None:
    """RMSD without fitting, and MSD, by their formulas; both see turned but equal displacements."""
    universe = MDAnalysis.Universe(lead_iodide(tmp_path / "XDATCAR"), dt=1.0)
    xyz = pc.read_frames(tmp_path / "XDATCAR").positions
    moved = ((xyz[:, 2:] - xyz[:1, 2:]) ** 2).sum(axis=2).mean(axis=1)
    iodine = universe.select_atoms("element I")
    found = RMSD(iodine, iodine, select="all").run().results.rmsd  # superimposed: at most the plain one
    assert (found[:, 2] <= np.sqrt(moved) + 1e-4).all() and found[-1, 2] > 0.1
    msd = EinsteinMSD(universe, select="element I", msd_type="xyz", fft=False).run()
    lag = 5
    expected = ((xyz[lag:, 2:] - xyz[:-lag, 2:]) ** 2).sum(axis=2).mean()
    assert msd.results.timeseries[lag] == pytest.approx(expected, rel=1e-5)


# real files ---------------------------------------------------------------------------------------------------


@real
@quiet
@pytest.mark.parametrize(
    "name",
    ["CHCl_O_Pt_liquid_XDATCAR", "Fe2O3_melt_XDATCAR", "NaCl_800K_XDATCAR", "XDATCAR_variable_cell",
     "ch4_ml_OUTCAR", "h2o_md_OUTCAR", "TiO2_md_OUTCAR", "SrTiO3_NPT_100K_extxyz.xyz", "XDATCAR_vasp4_style",
     "kinisi_Li6PS5Cl_XDATCAR.gz", "TiO2_md_vasprun.xml", "h2o_md_triclinic_vasprun.xml", "ml_md_vasprun.xml.gz"],
)  # fmt: skip
def test_real_vasp_runs(name: str) -> None:
    path = Path(REAL) / "aimd" / name
    options = {} if "XDATCAR" in name else {"format": "PEROVCHEM"}
    universe, frames = MDAnalysis.Universe(str(path), **options), pc.read_frames(path)
    assert tuple(universe.atoms.elements) == frames.species
    assert len(universe.trajectory) == len(frames)
    for k in (0, len(frames) // 2, len(frames) - 1):
        ts, one = universe.trajectory[k], frames[k]
        distances = distance_array(ts.positions[:5], ts.positions, box=ts.dimensions)
        expected = nearest(one.fractional_positions[0][:5], one.cells[0], one.fractional_positions[0])
        np.testing.assert_allclose(distances, expected, atol=2e-4)
        assert ts.volume == pytest.approx(abs(np.linalg.det(one.cells[0])), rel=1e-6)


@real
@quiet
@pytest.mark.parametrize("name", ["N2_md.md", "Si8_md.md", "al2o3_aimd.md.gz", "H2_geom.geom"])
def test_real_castep_runs(name: str) -> None:
    path = Path(REAL) / "castep" / name
    universe, frames = MDAnalysis.Universe(str(path)), pc.read_frames(path)
    ts = universe.trajectory[len(frames) - 1]
    one = frames[-1]
    forces = np.linalg.norm(one.forces[0], axis=1)
    # 1 eV/Å is 96.48533 kJ/(mol Å)
    np.testing.assert_allclose(np.linalg.norm(ts.forces, axis=1), 96.4853321 * forces, rtol=1e-5, atol=1e-4)
    if frames.times is not None:
        assert ts.time == pytest.approx(frames.times[-1] / 1000)
        speeds = np.linalg.norm(one.velocities[0], axis=1)
        np.testing.assert_allclose(np.linalg.norm(ts.velocities, axis=1), 1000 * speeds, rtol=1e-5, atol=1e-6)
    expected = nearest(one.fractional_positions[0][:5], one.cells[0], one.fractional_positions[0])
    np.testing.assert_allclose(
        distance_array(ts.positions[:5], ts.positions, box=ts.dimensions), expected, atol=2e-4
    )


def test_importing_perovchem_imports_no_mdanalysis() -> None:
    code = "import sys, perovchem, perovchem.convert\nassert 'MDAnalysis' not in sys.modules and 'ase' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_supercell_is_the_same_crystal() -> None:
    """Shortest Pb-I distances do not know the setting."""
    species, xyz, cell = recell(
        ("Pb", "I"), np.array([[0.0, 0, 0], [3.1, 0.2, 0.1]]), LEANING, [[1, 1, 0], [0, 1, 2], [0, 0, 2]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerovchemWarning)
        universe = pc.to_mdanalysis(frames_of(species, xyz, cell))
    lead, iodine = (universe.select_atoms(f"element {s}") for s in ("Pb", "I"))
    found = distance_array(lead.positions, iodine.positions, box=universe.dimensions).min(axis=1)
    alone = nearest(np.zeros((1, 3)), LEANING, np.array([[3.1, 0.2, 0.1]]) @ np.linalg.inv(LEANING))
    np.testing.assert_allclose(found, alone[0, 0], atol=1e-5)
