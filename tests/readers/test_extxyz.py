"""Extended XYZ against the numbers written, a slow reader, and ASE, which wrote most files of this kind."""

from __future__ import annotations

import os
import re
import string
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_extxyz import CELL, Xyz, plain_read, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.elements import table
from perovchem.errors import FormatError, MissingDataError, PerovchemError
from perovchem.frames import Frames
from perovchem.readers import extxyz_header as header
from perovchem.readers.extxyz import ASE_TIME, ExtxyzSource, open_extxyz
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.run import open_run
from perovchem.units import GPA

REALDATA = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REALDATA is None, reason="PEROVCHEM_REALDATA is not set")
pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def opened(text: bytes) -> ExtxyzSource:
    source = open_extxyz(FileBytes(Path("a.xyz"), text))
    assert isinstance(source, ExtxyzSource)
    return source


def every(source: ExtxyzSource) -> np.ndarray:
    return np.arange(source.n_frames)


def positions(source: ExtxyzSource) -> np.ndarray:
    return source.coordinates(every(source), None)


# numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("number", "size"),
    [("%16.8f", 12.0), ("%16.8f", 9e5), ("%.8f", 12.0), ("%12.5f", 1.0), ("%20.15f", 3.0), ("%r", 5.0), ("%.3e", 70.0),
     ("%g", 100.0), ("%.17g", 1.0), ("%+.8f", 12.0)],
)  # fmt: skip
def test_every_number_is_float_of_its_text(number, size, eol):
    text = Xyz(walk(5, size=size), number=number, eol=eol).text()
    source = opened(text)
    expected = plain_read(text.decode())
    assert source.n_frames == len(expected) == 5
    assert positions(source).tobytes() == np.array([places for _, places in expected]).tobytes()
    assert list(source.species) == expected[0][0]
    assert source.complete
    assert source.notes == ()
    frames, atoms = np.array([4, 0, 2, 2]), np.array([3, 0, 0])
    assert np.array_equal(source.coordinates(frames, atoms), positions(source)[frames][:, atoms])
    assert source.coordinates(np.arange(0), None).shape == (0, 4, 3)


def test_hard_numbers():
    """Halfway cases, negative zero, many digits, exponents of Fortran."""
    rows = [["9007199254740993.0", "-0.00000000", "1e22"], ["0.1D+01", "123456789012345678.0", "-1.0d-3"]]
    text = '2\nLattice="9 0 0 0 9 0 0 0 9"\n' + "".join(f"H {' '.join(row)}\n" for row in rows)
    expected = [[float(word.lower().replace("d", "e")) for word in row] for row in rows]
    assert positions(opened(text.encode()))[0].tobytes() == np.array(expected).tobytes()


def test_frames_of_other_widths_between():
    """Rows grow by a digit in one frame, and in one row of another."""
    places = walk(6)
    places[2] += 1000.0
    places[4, 1, 1] = 123456.0
    text = Xyz(places, number="%.6f").text()
    assert np.array_equal(positions(opened(text)), [found for _, found in plain_read(text.decode())])


def test_columns_in_any_order():
    """Also what is of no use here; momenta p give velocities p / m in ASE's unit of time."""
    more = {name: walk(3, seed=k, size=2) for k, name in enumerate(("forces", "momenta", "magmoms"), 1)}
    xyz = Xyz(walk(3), columns=("forces", "momenta", "species", "magmoms", "pos"), more=more)
    source = opened(xyz.text())
    assert source.arrays == {"forces", "velocities"}
    assert positions(source) == pytest.approx(xyz.positions, abs=1e-8)
    assert source.array("forces", every(source), None) == pytest.approx(more["forces"], abs=1e-8)
    masses = np.array([table()[symbol].mass for symbol in xyz.species])[:, None]
    velocities = source.array("velocities", every(source), None)
    assert velocities == pytest.approx(more["momenta"] / masses / ASE_TIME, abs=1e-8)
    some = source.array("velocities", np.array([2]), np.array([3, 1]))
    assert np.array_equal(some, velocities[2:][:, [3, 1]])
    # 1 Å sqrt(u/eV) is 10.1805 fs: ASE's documented unit
    assert pytest.approx(10.180505671156723, rel=1e-7) == ASE_TIME


def test_given_velocities_and_masses():
    more = {"velo": walk(2, seed=1, size=0.01)}
    source = opened(Xyz(walk(2), columns=("species", "pos", "velo"), more=more).text())
    assert source.array("velocities", every(source), None) == pytest.approx(more["velo"], abs=1e-8)
    assert any("Å/fs" in note for note in source.notes)
    more = {"momenta": walk(2, seed=1), "masses": np.full((2, 4), 2.0)}
    source = opened(Xyz(walk(2), columns=("species", "pos", "masses", "momenta"), more=more).text())
    expected = more["momenta"] / 2.0 / ASE_TIME
    assert source.array("velocities", every(source), None) == pytest.approx(expected, abs=1e-8)


def test_elements_by_number_and_in_capitals():
    text = b'2\nLattice="9 0 0 0 9 0 0 0 9" Properties=Z:I:1:pos:R:3\n82 0 0 0\n53 1 1 1\n'
    assert opened(text).species == ("Pb", "I")
    assert opened(
        text.replace(b"Z:I:1", b"species:S:1").replace(b"82", b"PB").replace(b"53", b"i")
    ).species == ("Pb", "I")
    with pytest.raises(FormatError, match="no atomic number"):
        opened(text.replace(b"82", b"119"))
    with pytest.raises(FormatError, match="Xx"):
        opened(text.replace(b"Z:I:1", b"species:S:1").replace(b"82", b"Xx").replace(b"53", b"I"))


# the second line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        'Lattice="1 2 3 4 5 6 7 8 10"',
        "Lattice = '1 2 3 4 5 6 7 8 10'",
        "Lattice={1 2 3 4 5 6 7 8 10}",
        "Lattice=[1,2,3,4,5,6,7,8,10]",
        "Lattice=[[1, 2, 3], [4, 5, 6], [7, 8, 10]]",
        'a="x Lattice=\\"0\\" y" Lattice="1.0 2e0 3D0 4 5 6 7 8 10"',
        'note="it says Lattice=nothing" "Lattice=0 0" Lattice="1 2 3 4 5 6 7 8 10" j={"Lattice": [1, 2]}',
        'm="_JSON [[1, 2], {\\"k\\": 3}]" i = 7, E = -1.5, Lattice="1 2 3 4 5 6 7 8 10"',
    ],
)
def test_spellings_of_a_lattice(written):
    """Nine numbers, vector after vector; 3x3 arrays have the vectors as rows (libAtoms' specification)."""
    found = header.numbers(header.key_values(written.encode())["Lattice"])
    assert found is not None
    assert found.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 10]


def test_nothing_is_evaluated():
    comment = b"Lattice=\"__import__('os').abort() 0 0\" Properties=species:S:1:pos:R:3"
    with pytest.raises(FormatError, match="independent vectors"):
        opened(b"1\n" + comment + b"\nH 0 0 0\n")


@pytest.mark.parametrize("piece", ['"', "'", "[", "{", "a=", "=", 'a="', "\\", "[[", "a=[", 'a="\\'])
def test_no_header_takes_long(piece):
    start = time.perf_counter()
    header.key_values((piece * 20000).encode())
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    "piece", [b"x" * 300_000, b'"' + b'\\"' * 300_000, b"k='\\'" * 100_000, b"k={[k=" * 100_000]
)
def test_a_header_of_any_length_is_read_in_one_pass(piece):
    start = time.perf_counter()
    found = header.key_values(b'Lattice="1 0 0 0 1 0 0 0 1" ' + piece)
    assert time.perf_counter() - start < 2.0
    assert found == {"Lattice": b"1 0 0 0 1 0 0 0 1"}


def test_a_key_is_a_whole_word():
    assert header.key_values(b"2energy=1 dft.energy=2 a-energy=3 REF_energy=4 energy=5") == {"energy": b"5"}
    assert header.key_values(b"2energy=1 dft.energy=2 a-energy=3 REF_energy=4") == {}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    "lattice", ["1e149 0 0 0 1e149 0 0 0 1e149", "1e-320 0 1e-310 0 1e-312 0 1e-310 0 1e-320"]
)
def test_lattices_beyond_all_bounds_are_refused(lattice):
    text = f'1\nLattice="{lattice}" virial="1 0 0 0 1 0 0 0 1"\nPb 0.1 0.2 0.3\n'.encode()
    with pytest.raises(FormatError):
        _ = Frames(opened(text), np.arange(1)).cells


def test_energies_stress_times_steps():
    """ASE's conventions: stress in eV/Å3, tension positive; virial is minus stress times volume."""
    keys = ("energy=-{k}.5", "free_energy=-{k}.75", "time={k}.5", "step={k}0", 'stress="1 2 3 4 5 6"')
    source = opened(Xyz(walk(3), keys=keys).text())
    assert source.scalars()["energy"].tolist() == [-0.5, -1.5, -2.5]
    assert source.scalars()["free_energy"].tolist() == [-0.75, -1.75, -2.75]
    assert source.scalars()["pressure"] == pytest.approx([-2.0 * GPA] * 3)
    assert source.times.tolist() == [0.5, 1.5, 2.5]
    assert source.steps.tolist() == [0, 10, 20]
    stress = np.array([[1, 6, 5], [6, 2, 4], [5, 4, 3]])  # Voigt: xx yy zz yz xz xy
    assert np.array_equal(source.array("stress", every(source), None), [stress] * 3)
    nine = " ".join(str(x) for x in stress.ravel())
    whole = opened(Xyz(walk(3), keys=(f'stress="{nine}"',)).text())
    assert np.array_equal(whole.array("stress", every(whole), None), [stress] * 3)
    virial = opened(Xyz(walk(3), keys=(f'virial="{nine}"',)).text())
    expected = -stress / np.linalg.det(CELL)
    assert virial.array("stress", np.array([1]), None)[0] == pytest.approx(expected, rel=1e-14)
    odd = opened(Xyz(walk(3), keys=('stress="1 2 3 4 5 6 7 8 9"',)).text())
    assert "stress" not in odd.arrays
    assert any("no symmetric tensor" in note for note in odd.notes)


def test_times_are_fs_and_a_given_time_step_replaces_them(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_bytes(Xyz(walk(3), keys=("Time={k}.5",)).text())
    assert open_run(path).times.tolist() == [0.5, 1.5, 2.5]
    assert any("fs" in warning for warning in open_run(path).warnings)
    replaced = open_run(path, timestep=2.0)
    assert np.diff(replaced.times).tolist() == [2.0, 2.0]
    assert any("replaces" in warning for warning in replaced.warnings)
    path.write_bytes(Xyz(walk(3), keys=("step={k}0",)).text())
    assert open_run(path).times is None
    assert open_run(path, timestep=0.5).times.tolist() == [0, 5, 10]


def test_lammps_does_not_state_its_units(tmp_path):
    """Its forces are eV/Å in units metal and kcal/(mol Å) in units real; its line is that of dump_extxyz.cpp."""
    xyz = Xyz(
        walk(3),
        columns=("species", "pos", "vel", "forces"),
        more={"vel": walk(3, seed=1), "forces": walk(3, seed=2)},
        keys=("Timestep={k}00", "Time={k}.100000", "Potential_energy=-3", 'Stress="1 2 3 2 4 5 3 5 6"'),
    )
    (tmp_path / "a.xyz").write_bytes(xyz.text())
    frames = open_run(tmp_path / "a.xyz")
    assert (frames.times, frames.source.arrays, frames.scalars) == (None, frozenset(), {})
    assert "LAMMPS does not state its units" in frames.warnings[0]
    assert open_run(tmp_path / "a.xyz", timestep=0.5).times.tolist() == [0.0, 50.0, 100.0]


def test_keys_that_change_from_frame_to_frame():
    """Some frames lack a key, some have other columns: each is read by its own line."""
    one = Xyz(walk(2), keys=("energy={k}",)).text()
    more = {"forces": walk(2, seed=1)}
    two = Xyz(
        walk(2, seed=2), columns=("species", "pos", "forces"), more=more, keys=('config="a {k}"',)
    ).text()
    source = opened(one + two + one)
    assert source.n_frames == 6
    assert np.array_equal(source.scalars()["energy"], [0, 1, np.nan, np.nan, 0, 1], equal_nan=True)
    assert positions(source) == pytest.approx(np.concatenate([walk(2), walk(2, seed=2), walk(2)]), abs=1e-8)
    assert source.array("forces", np.array([2, 3]), None) == pytest.approx(more["forces"], abs=1e-8)
    with pytest.raises(MissingDataError, match="frame 4"):
        source.array("forces", np.array([2, 4]), None)


def test_variable_cell():
    cells = CELL * np.linspace(1, 1.1, 4)[:, None, None]
    source = opened(Xyz(walk(4), cells=cells).text())
    assert not source.fixed_cell
    assert np.array_equal(source.cells(np.array([3, 0])), cells[[3, 0]])
    fixed = opened(Xyz(walk(4)).text())
    assert fixed.fixed_cell
    assert not fixed.cells(every(fixed)).flags.writeable


def test_without_periodicity():
    """With a lattice, the frames are read and the note says how; without one, they are refused."""
    source = opened(Xyz(walk(3), keys=('pbc="T T F"',)).text())
    assert any("3 of 3 frames" in note and "pbc" in note for note in source.notes)
    assert opened(Xyz(walk(3), keys=('pbc="T T T"',)).text()).notes == ()
    plain = b'1\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\n'
    with pytest.raises(FormatError, match="without a cell") as caught:
        opened(plain)
    assert "Lattice=" in caught.value.fix
    assert caught.value.where.endswith("line 2, frame 0")
    first = Xyz(walk(3)).text()
    lost = first.replace(b"Lattice=", b"Lettuce=").replace(b"Lettuce=", b"Lattice=", 2)
    with pytest.raises(FormatError, match="without a cell") as caught:
        opened(lost)
    assert "frame 2" in caught.value.where
    with pytest.raises(FormatError, match="independent vectors"):
        opened(b'1\nLattice="1 0 0 0 1 0 1 1 0"\nH 0 0 0\n')


@pytest.mark.parametrize(
    "properties",
    ["species:S:1", "pos:R:3", "species:S:1:pos:R", "species:S:1:pos:R:2", "species:X:1:pos:R:3", "pos:R:99999999999",
     "species:S:1:pos:R:3:a:R:9999", "", ":::", "species:S:-1:pos:R:3"],
)  # fmt: skip
def test_columns_that_make_no_sense(properties):
    with pytest.raises(FormatError, match="Properties"):
        opened(f'1\nLattice="9 0 0 0 9 0 0 0 9" Properties="{properties}"\nH 0 0 0\n'.encode())


# other atoms, broken rows, cut files ----------------------------------------------------------------------------


def test_other_atoms_are_refused_with_the_frame():
    text = Xyz(walk(4)).text().split(b"\n")
    swapped = [*text]
    swapped[16], swapped[17] = text[17], text[16]
    with pytest.raises(FormatError, match="row 2 of frame 2 should be of I") as caught:
        opened(b"\n".join(swapped))
    assert caught.value.where.endswith("line 17")
    with pytest.raises(FormatError, match="frame 2 has 3 atoms, and those before it have 4"):
        opened(Xyz(walk(2)).text() + Xyz(walk(2, 3), species=("Pb", "I", "I")).text())


@pytest.mark.parametrize("width", ["%16.8f", "%g"])
def test_a_row_too_few_or_too_many(width):
    lines = Xyz(walk(4), number=width).text().split(b"\n")
    with pytest.raises(FormatError, match="frame 1"):
        opened(b"\n".join([*lines[:10], *lines[11:]]))
    with pytest.raises(FormatError, match="frame 2 should begin with its number of atoms"):
        opened(b"\n".join([*lines[:12], lines[11], *lines[12:]]))


@pytest.mark.parametrize(
    "change",
    [
        (b" +-(?=[^-]*$)", b"-"),
        (b"[.](?=[^.]*$)", b".."),
        (b"[.](?=[^.]*$)", b"x"),
        (b"$", b" 7"),
        (b" [^ ]+$", b""),
        (b"-", b"- "),
        (b"-[^ ]*", b"nan"),
    ],
)
def test_glued_and_malformed_rows_are_told_with_their_line(change):
    lines = Xyz(-np.abs(walk(4))).text().split(b"\n")
    broken = re.sub(change[0], change[1], lines[15], count=1)
    source = opened(b"\n".join([*lines[:15], broken, *lines[16:]]))
    with pytest.raises(FormatError) as caught:
        positions(source)
    assert caught.value.where.endswith("line 16")
    assert np.array_equal(
        source.coordinates(np.array([0, 1, 3]), None),
        positions(opened(Xyz(-np.abs(walk(4))).text()))[[0, 1, 3]],
    )


def test_glued_columns_do_not_shift_those_behind():
    """In a row whose momenta are glued, the words behind them are not taken for forces."""
    more = {"momenta": -np.abs(walk(2, seed=1)), "forces": walk(2, seed=2), "magmoms": walk(2, seed=3)}
    xyz = Xyz(walk(2), columns=("species", "pos", "momenta", "forces", "magmoms"), more=more, number="%.5f")
    lines = xyz.text().decode().split("\n")
    words = lines[9].split()
    lines[9] = " ".join(words[:5]) + words[5] + " " + " ".join(words[6:])
    source = opened("\n".join(lines).encode())
    with pytest.raises(FormatError, match="12 words where Properties= promises 13"):
        source.array("forces", every(source), None)
    with pytest.raises(FormatError, match="line 4"):
        opened("\n".join([*lines[:3], lines[9], *lines[4:]]).encode())


@pytest.mark.parametrize("number", ["%16.8f", "%.6g"])
def test_every_cut_gives_true_frames_or_an_error(number):
    xyz = Xyz(
        walk(3),
        number=number,
        keys=("energy={k}.5", "time={k}"),
        cells=CELL * np.linspace(1, 1.1, 3)[:, None, None],
    )
    text = xyz.text()
    whole = opened(text)
    truth, cells, energies = positions(whole), whole.cells(every(whole)), whole.scalars()["energy"]
    counts = set()
    ends = {len(replace(xyz, positions=xyz.positions[:k]).text()) for k in (1, 2, 3)}
    for cut in range(len(text)):
        try:
            source = opened(text[:cut])
        except PerovchemError:
            continue
        n = source.n_frames
        counts.add(n)
        assert np.array_equal(positions(source), truth[:n])
        assert np.array_equal(source.cells(every(source)), cells[:n])
        assert np.array_equal(source.scalars()["energy"], energies[:n])
        # a cut at a frame's end cannot be seen
        assert source.complete == (cut in ends or (number == "%16.8f" and cut + 1 in ends))
    assert counts >= {1, 2}


def test_no_line_end_behind_the_last_row():
    """Rows of one width tell that the last one is whole; of others nobody can know."""
    text = Xyz(walk(3)).text()
    source = opened(text.rstrip())
    assert (source.n_frames, source.complete) == (3, True)
    assert np.array_equal(positions(source), positions(opened(text)))
    lines = Xyz(walk(3), number="%g").text().rstrip()
    other = opened(lines)
    assert (other.n_frames, other.complete) == (2, False)
    assert any("line end" in note for note in other.notes)


def test_absurd_numbers_of_atoms():
    for word in (b"999999999", b"99999999999999999999", b"0", b"-3"):
        with pytest.raises(PerovchemError):
            opened(word + b'\nLattice="9 0 0 0 9 0 0 0 9"\nH 0 0 0\n')


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_give_numbers_or_errors(data):
    text = bytearray(
        Xyz(walk(3), keys=("energy={k}",), number=data.draw(st.sampled_from(["%16.8f", "%g"]))).text()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["replace", "delete", "insert"]))
        byte = data.draw(st.sampled_from((string.digits + ' \n.-+eH"=[]{}*\t').encode()))
        if kind == "replace":
            text[at] = byte
        elif kind == "delete":
            del text[at : at + data.draw(st.integers(1, 40))]
            if not text:
                return
        else:
            text.insert(at, byte)
    try:
        source = opened(bytes(text))
        frames = Frames(source, every(source))
        assert np.isfinite(frames.positions).all()
        assert np.isfinite(frames.cells).all()
        _ = frames.scalars
    except PerovchemError as error:
        assert error.fix


# ASE ----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_ase_writes_is_read_back(tmp_path_factory, data):
    """Random triclinic cells, species and columns; ASE prints positions with 8 decimals and cells in full."""
    from ase import Atoms
    from ase import units as ase_units
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io import read, write

    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    n, n_frames = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    symbols = random.choice(["H", "C", "N", "O", "Cs", "Pb", "Cl", "Br", "I"], n)
    held = data.draw(
        st.sets(st.sampled_from(["momenta", "forces", "energy", "stress", "time", "tags", "info", "masses"]))
    )
    images = []
    for k in range(n_frames):
        cell = np.eye(3) * random.uniform(5, 20, 3) + random.normal(0, 1, (3, 3))
        image = Atoms(
            symbols, positions=random.normal(0, 10.0 ** random.integers(0, 4), (n, 3)), cell=cell, pbc=True
        )
        if "momenta" in held:
            image.set_momenta(random.normal(0, 3, (n, 3)))
        if "masses" in held:
            image.set_masses(random.uniform(1, 200, n))
        if "tags" in held:
            image.set_tags(np.arange(n))
        drawn = {
            "forces": random.normal(0, 5, (n, 3)),
            "energy": random.normal(),
            "stress": random.normal(0, 1, 6),
        }
        results = {name: value for name, value in drawn.items() if name in held}
        image.calc = SinglePointCalculator(image, **results) if results else None
        if "time" in held:
            image.info["time"] = 0.5 * k
        if "info" in held:
            image.info |= {
                "name": 'a "b" c=d',
                "list": [[1, 2], [3, 4]],
                "nested": {"Lattice": [1]},
                "flag": True,
                "x y": "z",
            }
        images.append(image)
    path = tmp_path_factory.mktemp("ase") / "a.xyz"
    write(path, images, format="extxyz")
    again = read(path, index=":", format="extxyz")
    frames = open_run(path)
    assert frames.species == tuple(symbols)
    assert np.array_equal(frames.positions, [image.positions for image in again])
    assert np.array_equal(frames.cells, [image.cell[:] for image in again])
    assert frames.source.complete
    if "forces" in held:
        assert np.array_equal(frames.forces, [image.get_forces() for image in again])
    if "energy" in held:
        assert frames.scalars["energy"].tolist() == [image.get_potential_energy() for image in again]
    if "stress" in held:
        assert np.array_equal(frames.stress, [image.get_stress(voigt=False) for image in again])
    if "momenta" in held:
        # ASE's unit of time and its masses are of other tables: 1e-7 and, for some elements, 1e-4 apart
        masses = np.array([image.get_masses() for image in images])[:, :, None]
        expected = np.array([image.get_momenta() for image in again]) / masses * ase_units.fs
        assert frames.velocities == pytest.approx(
            expected, rel=1e-3 if "masses" not in held else 1e-6, abs=1e-9
        )
    assert (frames.times is None) == ("time" not in held)


@real
@pytest.mark.parametrize(
    ("name", "n_frames", "n_atoms"),
    [
        ("aimd/SrTiO3_NPT_100K_extxyz.xyz", 1, 960),
        ("solvated/MAPbI3_cluster_in_bulk_water.xyz", 1, 1384),
        ("solvated/MAPbI3_cluster_relax_extxyz.xyz.gz", 240, 100),
    ],
)
def test_real_files_against_ase(name, n_frames, n_atoms):
    from ase import units as ase_units
    from ase.io import read

    assert REALDATA is not None
    images = read(Path(REALDATA) / name, index=":", format="extxyz")
    frames = open_run(Path(REALDATA) / name)
    assert (frames.n_frames, frames.n_atoms) == (n_frames, n_atoms) == (len(images), len(images[0]))
    assert frames.species == tuple(images[0].get_chemical_symbols())
    assert np.array_equal(frames.positions, [image.positions for image in images])
    assert np.array_equal(frames.cells, [image.cell[:] for image in images])
    if "SrTiO3" in name:
        assert np.array_equal(frames.stress[0], images[0].get_stress(voigt=False))
        assert frames.scalars["energy"][0] == images[0].get_potential_energy()
        assert frames.velocities[0] == pytest.approx(images[0].get_velocities() * ase_units.fs, rel=1e-7)
        # ASE does not hand out the forces of this file as such, but keeps the column
        forces = images[0].calc.results["forces"] if images[0].calc else images[0].arrays["forces"]
        assert np.array_equal(frames.forces[0], forces)
        kelvin = images[0].get_temperature()
        masses = np.array([table()[symbol].mass for symbol in frames.species])[:, None]
        ours = (masses * (frames.velocities[0] * ASE_TIME) ** 2).sum() / (3 * n_atoms) / ase_units.kB
        assert ours == pytest.approx(kelvin, rel=1e-5)
    if "relax" in name:
        assert frames.source.steps.tolist() == list(range(1, 241))  # "i = 1," of the second lines


@real
@pytest.mark.parametrize("name", ["MAPbI3_cluster_water_level3.xyz", "cp2k_aimd_pos.xyz.gz"])
def test_real_files_without_a_cell_are_refused(name):
    assert REALDATA is not None
    path = Path(REALDATA) / "solvated" / name
    with pytest.raises(FormatError, match="cell"):
        open_run(path)
    with pytest.raises(FormatError, match="without a cell"):
        open_extxyz(open_bytes(path))


def test_rows_are_read_lazily_and_few_bytes_are_kept(tmp_path):
    """2000 frames of 300 atoms are 30 MB of text and less than 1 MB of index."""
    import tracemalloc

    places = np.tile(walk(1, 300), (2000, 1, 1))
    one = Xyz(places[:1], species=("Pb",) * 300, keys=("energy=0.5",)).text()
    path = tmp_path / "a.xyz"
    path.write_bytes(one * 2000)
    open_extxyz(open_bytes(path))  # compiles
    tracemalloc.start()
    source = open_extxyz(open_bytes(path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.n_frames == 2000
    assert most < 5e6


def test_repr_of_the_door(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_bytes(replace(Xyz(walk(3)), keys=("time={k}000",)).text())
    assert repr(open_run(path)) == "<Frames CsI2Pb: 3 frames x 4 atoms, 2.000 ps from a.xyz>"
