"""vaspout.h5: what h5py wrote is what is read; links, bombs and cut files are refused in words."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from builders_run import write, xdatcar
from builders_vaspout import VaspoutRun

from perovchem.errors import FormatError, InputError, MissingDataError, PerovchemError, PerovchemWarning
from perovchem.frames import Frames
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.run import open_input, open_run
from perovchem.readers.sniff import identify
from perovchem.readers.vaspout import VaspoutSource, open_vaspout
from perovchem.run_information import run_information
from perovchem.units import GPA

DYNAMICS = "intermediate/ion_dynamics/"


def opened(data: bytes) -> VaspoutSource:
    return open_vaspout(FileBytes(Path("vaspout.h5"), data))


def changed(run: VaspoutRun, change: Callable[[h5py.File], object]) -> bytes:
    """Return the file of a run after a change to it."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        run.fill(root)
        change(root)
    return stream.getvalue()


def exchange(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(root: h5py.File) -> None:
        del root[name]
        root[name] = value

    return change


@pytest.mark.parametrize(
    "run",
    [
        VaspoutRun(),
        VaspoutRun(variable_cell=True),
        VaspoutRun(packed=True, rows_per_chunk=3),
        VaspoutRun(incar={"IBRION": 2, "NSW": 5}),
        VaspoutRun(n_steps=1),
        VaspoutRun(types=("I ", "Pb", "I "), counts=(2, 1, 1)),
        VaspoutRun(without=("results/positions/ion_types", "results/positions/number_ion_types")),
    ],
    ids=["dynamics", "variable cell", "packed", "relaxation", "one step", "types twice", "unfinished"],
)
def test_every_number(run):
    source = opened(run.data())
    chosen = np.arange(run.n_steps)
    assert source.complete
    assert source.notes == ()
    assert source.species == run.species
    assert source.n_frames == run.n_steps
    assert source.fixed_cell == (not run.variable_cell)
    np.testing.assert_array_equal(source.coordinates(chosen, None), run.positions)
    np.testing.assert_array_equal(source.cells(chosen), run.lattice)
    np.testing.assert_array_equal(source.array("forces", chosen, None), run.forces)
    np.testing.assert_allclose(source.array("stress", chosen, None), -0.1 / GPA * run.stress, rtol=1e-14)
    scalars = source.scalars()
    diagonal = run.stress[:, [0, 1, 2], [0, 1, 2]]
    np.testing.assert_allclose(scalars["pressure"], diagonal.mean(axis=1) / 10, rtol=1e-12)
    np.testing.assert_array_equal(scalars["converged"], 1 - np.arange(run.n_steps) % 2)  # 0 is converged
    columns = (
        {"free_energy": 0, "kinetic_energy": 1, "temperature": 3, "total_energy": 6}
        if len(run.tags) == 7
        else {"free_energy": 0, "energy": 2}
    )
    for name, column in columns.items():
        np.testing.assert_array_equal(scalars[name], run.energies[:, column])
    assert ("energy" in scalars) == ("energy" in columns)


def test_chosen_frames_and_atoms():
    run = VaspoutRun(n_steps=7, variable_cell=True)
    source = opened(run.data())
    some, atoms = np.array([5, 1, 2, 3, 0]), np.array([3, 0])
    np.testing.assert_array_equal(source.coordinates(some, atoms), run.positions[some][:, atoms])
    np.testing.assert_array_equal(source.array("forces", some, atoms), run.forces[some][:, atoms])
    np.testing.assert_array_equal(source.cells(some), run.lattice[some])
    with pytest.raises(MissingDataError, match="velocities"):
        source.array("velocities", some, None)


def test_the_lattice_is_scaled():
    run = VaspoutRun(scale=1.25)
    np.testing.assert_array_equal(opened(run.data()).cells(np.arange(4)), 1.25 * run.lattice)
    with pytest.raises(FormatError, match="scale"):
        opened(VaspoutRun(scale=-2.0).data())
    without = VaspoutRun(without=(DYNAMICS + "scale",))
    np.testing.assert_array_equal(opened(without.data()).cells(np.arange(4)), without.lattice)


@pytest.mark.parametrize("components", [1, 2, 4])
def test_moments_of_the_atoms(components):
    run = VaspoutRun(moments=components)
    source = opened(run.data())
    if components == 1:
        assert "magnetic_moments" not in source.arrays
        return
    moments = source.array("magnetic_moments", np.arange(4), np.array([2, 0]))
    total = run.site_moments.sum(axis=3)[:, :, [2, 0]]  # over orbitals
    if components == 2:
        np.testing.assert_allclose(moments[:, :, 2], total[:, 1], rtol=1e-14)
        assert not moments[:, :, :2].any()
    else:
        np.testing.assert_allclose(moments, total[:, 1:].transpose(0, 2, 1), rtol=1e-14)


def test_metadata_and_times(tmp_path):
    path = write(tmp_path / "vaspout.h5", VaspoutRun().data())
    frames = open_run(path)
    assert frames.source.metadata.version == "6.4.2"
    assert frames.source.metadata.settings["POTIM"] == "1.5"
    np.testing.assert_array_equal(frames.times, [1.5, 3.0, 4.5, 6.0])
    assert opened(VaspoutRun(incar={"IBRION": 2, "POTIM": 0.5}).data()).metadata.timestep is None
    skipping = opened(VaspoutRun(incar={"IBRION": 0, "NSW": 9, "POTIM": 1.5, "ML_OUTBLOCK": 10}).data())
    assert skipping.metadata.timestep is None
    assert "ML_OUTBLOCK is 10" in skipping.notes[0]


def test_electronic_steps_are_counted():
    rows = np.array([[k, -1.0, 0, 0, 8, 0.1, 0.1] for n in (3, 2, 4, 1) for k in range(1, n + 1)])
    source = opened(changed(VaspoutRun(), lambda root: root.create_dataset(DYNAMICS + "oszicar", data=rows)))
    np.testing.assert_array_equal(source.scalars()["electronic_steps"], [3, 2, 4, 1])


@pytest.mark.parametrize(("key", "zeros"), [("NBLOCK", False), ("ML_OUTBLOCK", False), ("ML_OUTBLOCK", True)])
def test_positions_of_every_third_step_go_with_its_energies_and_forces(tmp_path, key, zeros):
    """Positions and lattices stand after every NBLOCK steps, all else in every step (or zeros in between)."""
    run = VaspoutRun(n_steps=10, variable_cell=True, moments=2)
    run.incar[key] = 3
    if zeros:
        between = np.arange(10) % 3 != 2
        for values in (run.forces, run.stress, run.energies):
            values[between] = 0.0
    positions, lattice = run.positions[2::3], run.lattice[2::3]

    def thin(root: h5py.File) -> None:
        for name, values in (("position_ions", positions), ("lattice_vectors", lattice)):
            del root[DYNAMICS + name]
            root[DYNAMICS + name] = values

    path = write(tmp_path / "vaspout.h5", changed(run, thin))
    with pytest.warns(PerovchemWarning, match="after every 3 steps"):
        frames = open_run(path)
    np.testing.assert_array_equal(frames.times, [4.5, 9.0, 13.5])
    np.testing.assert_array_equal(frames.fractional_positions, positions)
    np.testing.assert_array_equal(frames.cells, lattice)
    np.testing.assert_array_equal(frames.forces, run.forces[2::3])
    np.testing.assert_allclose(frames.stress, run.stress[2::3] * -0.1 / GPA, rtol=1e-14)
    np.testing.assert_allclose(frames.scalars["pressure"], np.trace(run.stress[2::3].T) / 30, rtol=1e-12)
    np.testing.assert_array_equal(frames.scalars["free_energy"], run.energies[2::3, 0])
    np.testing.assert_array_equal(frames.scalars["converged"], [1, 0, 1])  # flags 0, 1, 0 of steps 3, 6, 9
    moments = frames.source.array("magnetic_moments", np.arange(3), None)
    np.testing.assert_allclose(moments[:, :, 2], run.site_moments[2::3, 1].sum(axis=2), rtol=1e-14)


def test_rows_that_fit_no_frames_are_left_out():
    """Twice as many forces as positions, and nothing that says why."""
    run = VaspoutRun(n_steps=8)

    def thin(root: h5py.File) -> None:
        for name, values in (("position_ions", run.positions[1::2]), ("lattice_vectors", run.lattice[1::2])):
            del root[DYNAMICS + name]
            root[DYNAMICS + name] = values

    source = opened(changed(run, thin))
    assert source.arrays == frozenset()
    assert "the forces of 8 steps belong to no known ones of 4" in source.notes[0]
    assert not source.scalars()["free_energy"].size or np.isnan(source.scalars()["free_energy"]).all()


# cut runs


def test_steps_announced_and_not_written_are_no_frames():
    """HDF5 gives zeros for them."""

    def grow(root: h5py.File) -> None:
        for name in ("position_ions", "forces", "stress", "energies"):
            root[DYNAMICS + name].resize(9, axis=0)

    source = opened(changed(VaspoutRun(), grow))
    assert source.n_frames == 4
    assert not source.complete
    assert "of 9 ionic steps only 4" in source.notes[0]


def test_a_last_step_without_forces_is_no_frame():
    source = opened(changed(VaspoutRun(), lambda root: root[DYNAMICS + "forces"].resize(3, axis=0)))
    assert source.n_frames == 3
    assert not source.complete
    assert source.arrays >= {"forces", "stress"}


def test_the_lattice_of_a_step_never_written_is_zero():
    def blank(root: h5py.File) -> None:
        root[DYNAMICS + "lattice_vectors"][3] = 0.0

    source = opened(changed(VaspoutRun(rows_per_chunk=4), blank))
    assert source.n_frames == 3
    assert not source.complete


def test_no_step_at_all():
    with pytest.raises(MissingDataError, match="no ionic step"):
        opened(VaspoutRun(n_steps=0).data())

    def forget(root: h5py.File) -> None:
        del root[DYNAMICS + "position_ions"]
        root.create_dataset(
            DYNAMICS + "position_ions", (1, 4, 3), "f8", chunks=(1, 4, 3), maxshape=(None, 4, 3)
        )

    with pytest.raises(MissingDataError, match="no ionic step"):
        opened(changed(VaspoutRun(), forget))


def test_every_kind_of_missing_set():
    for name in ("position_ions", "lattice_vectors"):
        with pytest.raises(PerovchemError, match=r"positions of ions|lattice vectors"):
            opened(VaspoutRun(without=(name,)).data())
    for name in ("forces", "stress", "energies", "electronic_step_converged"):
        source = opened(VaspoutRun(without=(name,)).data())
        assert source.n_frames == 4
        source.scalars()
    kinds = ("ion_types", "number_ion_types")
    with pytest.raises(MissingDataError, match="elements"):
        opened(
            VaspoutRun(
                without=tuple(f"{g}/{k}" for g in ("results/positions", "input/poscar") for k in kinds)
            ).data()
        )


# strangers


@pytest.mark.parametrize("name", ["position_ions", "lattice_vectors", "forces"])
@pytest.mark.parametrize("kind", ["external", "soft", "virtual", "storage", "group link"])
def test_nothing_outside_is_followed(tmp_path, name, kind):
    """The other file holds what would be read, were it followed."""
    run = VaspoutRun()
    other = write(tmp_path / "other.h5", run.data())
    (tmp_path / "raw").write_bytes(run.positions.tobytes())
    path = DYNAMICS + name
    shape = run.lattice.shape if name == "lattice_vectors" else run.positions.shape

    def change(root: h5py.File) -> None:
        del root[path]
        if kind == "external":
            root[path] = h5py.ExternalLink(str(other), path)
        elif kind == "soft":
            root["elsewhere"] = np.zeros(shape)
            root[path] = h5py.SoftLink("/elsewhere")
        elif kind == "virtual":
            layout = h5py.VirtualLayout(shape, "f8")
            layout[:] = h5py.VirtualSource(str(other), path, shape=shape)
            root.create_virtual_dataset(path, layout)
        elif kind == "storage":
            root.create_dataset(path, shape, "f8", external=[(str(tmp_path / "raw"), 0, 10**6)])
        else:
            del root["intermediate"]
            root["intermediate"] = h5py.ExternalLink(str(other), "intermediate")

    mine = write(tmp_path / "vaspout.h5", changed(run, change))
    with pytest.raises(FormatError, match=r"not followed|other files"):
        open_vaspout(open_bytes(mine))


@pytest.mark.parametrize("name", ["position_ions", "lattice_vectors", "forces", "stress", "energies"])
@pytest.mark.parametrize(
    "value",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4, 4, 2)),
        np.zeros((4, 2, 2, 3)),
        np.array([b"text"]),
        np.zeros(3, [("a", "f8")]),
        np.float64(1.0),
        h5py.Empty("f8"),
        np.zeros((4, 4, 3), np.complex128),
    ],
    ids=lambda value: str(getattr(value, "shape", "empty")) + str(value.dtype),
)
def test_wrong_types_and_shapes(name, value):
    try:
        source = opened(changed(VaspoutRun(), exchange(DYNAMICS + name, value)))
    except PerovchemError:
        return
    assert name in ("energies", "stress")  # whose shape is that of others, or of fewer columns
    try:
        source.scalars()
    except PerovchemError:
        return


@pytest.mark.parametrize("packed", [None, "gzip"])
@pytest.mark.parametrize(
    "shape", [(10**9, 4, 3), (4, 10**9, 3), (10**6, 10**6, 3)], ids=["steps", "atoms", "both"]
)
def test_huge_shapes_allocate_nothing(shape, packed):
    def change(root: h5py.File) -> None:
        del root[DYNAMICS + "position_ions"]
        chunks = (1, min(shape[1], 1000), 3)
        data = root.create_dataset(DYNAMICS + "position_ions", shape, "f8", chunks=chunks, compression=packed)
        data[0, : min(shape[1], 1000)] = 0.5
        root["results/positions/number_ion_types"][:] = [1, min(shape[1], 2**31) - 1]

    data = changed(VaspoutRun(), change)
    assert len(data) < 200_000
    try:
        source = opened(data)
    except PerovchemError:
        return
    assert source.n_frames == 1  # the one step that was written
    assert source.coordinates(np.zeros(1, int), None).size == 12


def test_packed_bombs_are_refused():
    """Zeros pack a thousandfold."""

    def change(root: h5py.File) -> None:
        del root[DYNAMICS + "position_ions"]
        root.create_dataset(
            DYNAMICS + "position_ions",
            data=np.zeros((4, 2_000_000, 3)),
            chunks=(1, 2_000_000, 3),
            compression="gzip",
        )

    with pytest.raises(FormatError, match=r"pieces take|announces"):
        opened(changed(VaspoutRun(), change))


def test_texts_and_counts_of_any_size():
    for name, value in (
        ("results/positions/number_ion_types", np.array([2**31 - 1, 2**31 - 1], np.int32)),
        ("results/positions/number_ion_types", np.array([5, -1], np.int32)),
        ("results/positions/number_ion_types", np.array([4], np.int32)),
        ("results/positions/number_ion_types", np.full(10**7, 1, np.int32)),
        ("results/positions/ion_types", np.array([b"Pb", b"Qq"])),
        ("results/positions/ion_types", np.array([b"", b""])),
        ("results/positions/ion_types", np.array([1, 2])),
    ):
        with pytest.raises(PerovchemError):
            opened(changed(VaspoutRun(), exchange(name, value)))
    labels = np.array(["Pb_d", "I/3f2a9c"], h5py.string_dtype())  # variable length, suffix of a POTCAR, hash
    source = opened(changed(VaspoutRun(), exchange("results/positions/ion_types", labels)))
    assert source.species == ("Pb", "I", "I", "I")
    odd = {"IBRION": b"0 ", "POTIM": np.array([1.5, 2.0]), "NSW": np.zeros((3, 3)), "SMASS": h5py.Empty("f8")}
    source = opened(VaspoutRun(incar=odd).data())
    assert source.metadata.timestep is None or source.metadata.timestep == 1.5


def test_numbers_that_are_not_finite():
    def change(root: h5py.File) -> None:
        root[DYNAMICS + "position_ions"][2, 1, 0] = np.nan
        root[DYNAMICS + "energies"][1, 3] = np.inf

    source = opened(changed(VaspoutRun(), change))
    with pytest.raises(FormatError, match="frame 2"):
        source.coordinates(np.arange(4), None)
    assert len(source.coordinates(np.array([0, 1, 3]), None)) == 3
    np.testing.assert_array_equal(np.isnan(source.scalars()["temperature"]), [False, True, False, False])


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [0.0, 1e-320, 1e-12, 1e160, np.nan])
def test_a_lattice_that_is_none_is_refused(size):
    def blur(root: h5py.File) -> None:
        root[DYNAMICS + "lattice_vectors"][:, :, 1:] = size * np.arange(1.0, 7.0).reshape(3, 2)

    with pytest.raises(PerovchemError):
        source = opened(changed(VaspoutRun(), blur))
        _ = Frames(source, np.arange(source.n_frames)).cells


@pytest.mark.parametrize(
    ("spoiled", "array"), [("forces", "forces"), ("magnetism/spin_moments/values", "magnetic_moments")]
)
def test_arrays_that_are_not_finite_are_refused_with_the_frame(spoiled, array):
    def spoil(root: h5py.File) -> None:
        root[DYNAMICS + spoiled][2, 1] = np.nan

    source = opened(changed(VaspoutRun(moments=2), spoil))
    assert np.isfinite(source.array(array, np.array([0, 1, 3]), None)).all()
    with pytest.raises(FormatError, match="of frame 2 are not finite"):
        source.array(array, np.arange(4), None)


def test_every_cut_is_refused():
    """HDF5 knows how long a file must be: a cut file is told as such."""
    data = VaspoutRun().data()
    for cut in [*range(8, 200), *range(200, len(data), 97)]:
        with pytest.raises(FormatError, match=r"HDF5 cannot open it|cannot be used"):
            opened(data[:cut])


def test_garbled_files_end_in_frames_or_an_error():
    """In a process of its own: what HDF5 itself cannot stand would end this one."""
    program = """
import random, sys
from pathlib import Path
import numpy as np
from builders_vaspout import VaspoutRun
from perovchem.errors import PerovchemError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.vaspout import open_vaspout
data = VaspoutRun(packed=True).data()
chance = random.Random(1)
good = 0
for _ in range(300):
    copy = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        copy[chance.randrange(len(copy))] = chance.randrange(256)
    try:
        source = open_vaspout(FileBytes(Path("vaspout.h5"), bytes(copy)))
        source.scalars()
        source.coordinates(np.arange(source.n_frames), None)
        good += 1
    except PerovchemError:
        pass
print(good)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert 0 < int(done.stdout) < 300


def test_other_hdf5_files_are_refused():
    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        root["x"] = 1
    with pytest.raises(MissingDataError, match="no positions"):
        opened(stream.getvalue())
    with h5py.File(stream := io.BytesIO(), "w") as root:
        root["intermediate"] = 1.0
    with pytest.raises(FormatError, match="no group"):
        opened(stream.getvalue())


# in a run folder


def test_sniffed_by_content_plain_and_packed(tmp_path):
    run = VaspoutRun()
    plain = write(tmp_path / "anything", run.data())
    packed = write(tmp_path / "vaspout.h5.gz", gzip.compress(run.data()))
    for path in (plain, packed):
        assert identify(open_bytes(path)) == "vaspout.h5"
        np.testing.assert_array_equal(open_run(path).fractional_positions, run.positions)


def test_chosen_by_frames_covered(tmp_path):
    run = VaspoutRun()
    write(tmp_path / "vaspout.h5", run.data())
    found = open_input(tmp_path)
    assert found.source.format == "vaspout.h5"
    positions = np.random.default_rng(0).random((4, 4, 3))
    write(tmp_path / "XDATCAR", xdatcar(positions))
    assert open_input(tmp_path).source.format == "XDATCAR"
    write(tmp_path / "XDATCAR", xdatcar(positions[:3]))
    assert open_input(tmp_path).source.format == "vaspout.h5"


def test_segments(tmp_path):
    run = VaspoutRun(n_steps=6)
    for k, chosen in enumerate((slice(0, 4), slice(4, 6))):
        part = replace(run, n_steps=len(range(6)[chosen]))
        for name in ("positions", "lattice", "forces", "stress", "energies"):
            setattr(part, name, getattr(run, name)[chosen])
        write(tmp_path / f"vaspout_{k + 1}.h5", part.data())
    found = open_input(tmp_path)
    np.testing.assert_array_equal(found.source.coordinates(np.arange(6), None), run.positions)
    np.testing.assert_array_equal(found.times, 1.5 * np.arange(1, 7))


def test_information(tmp_path):
    run = VaspoutRun(n_steps=6)
    told = run_information(write(tmp_path / "vaspout.h5", run.data()))
    assert (told.format, told.code, told.version, told.n_frames) == ("vaspout.h5", "VASP", "6.4.2", 6)
    assert told.temperature_K is not None
    assert told.temperature_K.mean == pytest.approx(run.energies[:, 3].mean(), rel=1e-12)
    assert told.unconverged_steps == 3


def test_a_file_that_shrinks_is_refused(tmp_path):
    path = write(tmp_path / "vaspout.h5", VaspoutRun().data())
    source = open_vaspout(open_bytes(path))
    with path.open("r+b") as handle:
        handle.truncate(1000)
    with pytest.raises(InputError, match="shrank"):
        source.coordinates(np.arange(4), None)


def test_h5py_is_not_imported_to_look():
    program = "import sys, perovchem, perovchem.readers.run; sys.exit('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
