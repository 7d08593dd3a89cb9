"""CASTEP .md and .geom against the text the tests wrote, a naive reader, and ASE."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_castep import MdRun, fortran, geom_text, md_run

from perovchem.errors import FormatError, MissingDataError, PerovchemError, UsageError
from perovchem.frames import Frames, FrameSource
from perovchem.readers.castep_md import CastepMd, open_castep_md
from perovchem.readers.filebytes import open_bytes
from perovchem.units import ATOMIC_TIME, BOHR, BOLTZMANN, GPA, HARTREE

REALDATA = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(
    REALDATA is None, reason="PEROVCHEM_REALDATA is not set: no real CASTEP files to read"
)
LINE = 107  # bytes of a row: 18 + 3 * 27 + len("  <-- R") + 1


def opened(path: Path, text: bytes) -> CastepMd:
    path.write_bytes(text)
    source = open_castep_md(open_bytes(path))
    assert isinstance(source, CastepMd)
    return source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seed.md"


def everything(source: FrameSource) -> np.ndarray:
    return np.arange(source.n_frames)


def naive(text: str) -> list[dict[str, list[list[float]]]]:
    """Read each frame slowly: numbers by float(), rows by tag, "" for the time."""
    frames = []
    for block in "\n".join(text.split("END header", 1)[1].splitlines()).split("\n"):
        words = block.split()
        if not words:
            frames.append({})
        elif "<--" not in words:
            frames[-1].setdefault("", []).append([float(words[0])])
        else:
            end = words.index("<--")
            first = 2 if words[-1] in ("R", "V", "F") else 0
            frames[-1].setdefault(words[-1], []).append([float(word) for word in words[first:end]])
    return [frame for frame in frames if frame]


def assert_equal_to_text(source: CastepMd, text: str) -> None:
    """Every number of every frame is float() of its text, to the bit, signs of zeros included."""
    expected = naive(text)
    assert source.n_frames == len(expected)
    for tag in expected[0]:
        read = source.raw(tag, everything(source))
        wanted = np.array([frame[tag] for frame in expected])
        assert read.tobytes() == wanted.tobytes(), tag


# numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", ["", "  "])
@pytest.mark.parametrize("variable_cell", [False, True])
def test_every_number_is_float_of_its_text(path, line_end, separator, variable_cell):
    run = replace(md_run(n_frames=7, variable_cell=variable_cell), line_end=line_end, separator=separator)
    source = opened(path, run.text())
    assert_equal_to_text(source, run.text().decode())
    assert source.complete
    assert source.notes == ()
    # 17 digits give each float64 back (IEEE 754), so the numbers are also those the builder was given
    assert np.array_equal(source.raw("R", everything(source)), run.positions)
    assert np.array_equal(source.raw("F", everything(source)), run.forces)


def test_hard_numbers(path):
    """Halfway cases, subnormals, powers of ten far out, negative zero."""
    hard = [9007199254740993.0, 5e-324, 2.2250738585072014e-308, 1e22, 1e23, -0.0, 1.7976931348623157e-5]
    hard += [123456789012345678.0, 1e-61, 1e61, 8.5e-117, 0.1, 1 / 3, 2.0**-60, -1e-23, 4.35, 1e100]
    run = md_run(("H",) * len(hard), 3)
    positions = np.zeros((3, len(hard), 3)) + np.array(hard)[:, None]
    run = replace(run, positions=positions)
    source = opened(path, run.text())
    assert source.raw("R", everything(source)).tobytes() == positions.tobytes()
    assert_equal_to_text(source, run.text().decode())


@pytest.mark.parametrize("words", ["1.0 -2.5E-03 3", "  1.00000000E+000   2.0e0 -3.D-002", "1E2\t2E2 3E2"])
def test_other_spellings_of_numbers(path, words):
    """Older versions print fewer digits: any three numbers between blanks are read."""
    run = md_run(("H", "H"), 3)
    lines = run.lines()
    rows = [n for n, line in enumerate(lines) if line.endswith("<-- R")]
    for n in rows:
        lines[n] = f" H   1  {words}  <-- R"
    for n in [n for n, line in enumerate(lines) if line.endswith(("<-- V", "<-- F"))]:
        lines[n] = lines[n].replace(" H               2", " H               1")
    source = opened(path, "\n".join(lines).encode())
    expected = [float(word.replace("D", "E")) for word in words.split()]
    assert np.array_equal(source.raw("R", everything(source)), np.broadcast_to(expected, (3, 2, 3)))


def test_units(path):
    """bohr, hartree and the atomic unit of time by CODATA; the stress is negative pressure by its trace."""
    run = md_run(variable_cell=True)
    source = opened(path, run.text())
    frames = Frames(source, everything(source), times=source.times)
    assert frames.positions == pytest.approx(run.positions * BOHR, rel=1e-15)
    assert frames.cells == pytest.approx(run.cells * BOHR, rel=1e-15)
    assert frames.velocities == pytest.approx(run.velocities * (BOHR / ATOMIC_TIME), rel=1e-15)
    assert frames.forces == pytest.approx(run.forces * (HARTREE / BOHR), rel=1e-15)
    assert frames.stress == pytest.approx(run.stresses * (HARTREE / BOHR**3), rel=1e-15)
    scalars = frames.scalars
    assert set(scalars) == {"free_energy", "total_energy", "kinetic_energy", "temperature", "pressure"}
    assert scalars["free_energy"] == pytest.approx(run.energies[:, 0] * HARTREE, rel=1e-15)
    assert scalars["total_energy"] == pytest.approx(run.energies[:, 1] * HARTREE, rel=1e-15)
    assert scalars["kinetic_energy"] == pytest.approx(run.energies[:, 2] * HARTREE, rel=1e-15)
    assert scalars["temperature"] == pytest.approx(run.temperatures * HARTREE / BOLTZMANN, rel=1e-15)
    assert scalars["pressure"] == pytest.approx(run.pressures * HARTREE / BOHR**3 * GPA, rel=1e-14)
    assert source.times == pytest.approx(np.arange(5), rel=1e-8)  # 41.341373432 atomic units are 1 fs
    assert source.steps is not None
    assert source.steps.tolist() == [0, 1, 2, 3, 4]
    assert source.metadata.code == "CASTEP"
    assert source.metadata.timestep == pytest.approx(1.0, rel=1e-8)
    assert source.metadata.nblock is None
    assert "every n-th step" in source.metadata.timestep_source


def test_cells(path):
    fixed = opened(path, md_run().text())
    assert fixed.fixed_cell
    assert fixed.cells(everything(fixed)).shape == (5, 3, 3)
    assert not fixed.cells(everything(fixed)).flags.writeable
    run = md_run(variable_cell=True)
    changing = opened(path.with_name("b.md"), run.text())
    assert not changing.fixed_cell
    assert np.array_equal(changing.raw("hv", everything(changing)), run.cell_velocities)
    one_late = replace(md_run(), cells=np.concatenate([md_run().cells[:4], 2 * md_run().cells[4:]]))
    assert not opened(path.with_name("c.md"), one_late.text()).fixed_cell


def test_chosen_frames_and_atoms(path):
    run = md_run(n_frames=9)
    source = opened(path, run.text())
    frames, atoms = np.array([8, 0, 3, 3]), np.array([5, 1])
    assert np.array_equal(source.raw("V", frames, atoms), run.velocities[frames][:, atoms])
    assert np.array_equal(source.coordinates(frames, atoms), run.positions[frames][:, atoms] * BOHR)
    assert source.coordinates(np.arange(0), None).shape == (0, 6, 3)
    with pytest.raises(UsageError, match="of 9"):
        source.coordinates(np.array([9]), None)
    with pytest.raises(UsageError, match="of 9"):
        source.coordinates(np.array([-1]), None)
    with pytest.raises(UsageError, match="of 6"):
        source.coordinates(frames, np.array([6]))


def test_what_a_run_does_not_hold(path):
    source = opened(path, replace(md_run(), velocities=None, temperatures=None).text())
    assert source.arrays == {"forces"}
    assert "temperature" not in source.scalars()
    for name in ("velocities", "stress", "charges"):
        with pytest.raises(MissingDataError, match=name):
            source.array(name, everything(source), None)
    with pytest.raises(MissingDataError, match="hv"):
        source.raw("hv", everything(source))


def test_tags_decide_not_order(path):
    run = md_run()
    for order in ("FRV", "VFR"):
        turned = opened(path, replace(run, order=order).text())
        assert np.array_equal(turned.raw("R", everything(turned)), run.positions)
        assert np.array_equal(turned.raw("F", everything(turned)), run.forces)


def test_labels(path):
    """Kinds like Si:2 are Si; the serial number runs within a label."""
    source = opened(path, md_run(("Si", "Si:2", "Si", "O:spin_up", "Si:2")).text())
    assert source.species == ("Si", "Si", "Si", "O", "Si")
    with pytest.raises(FormatError, match="Xx"):
        opened(path.with_name("b.md"), md_run(("Xx", "H")).text())


def test_header_comments_and_no_last_line_end(path):
    run = replace(md_run(), comments=("", " CsPbI3 <-- R in 2-ME", "", " 1.0"))
    source = opened(path, run.text().rstrip())
    assert (source.n_frames, source.complete, source.notes) == (5, True, ())
    assert np.array_equal(source.raw("F", everything(source)), run.forces)
    one = opened(path.with_name("b.md"), md_run(n_frames=1).text().rstrip())
    assert (one.n_frames, one.complete, one.steps) == (1, True, None)


def test_geometry_optimization(path):
    random_ = np.random.default_rng(1)
    cells, positions = random_.uniform(5, 9, (4, 3, 3)), random_.uniform(0, 9, (4, 2, 3))
    source = opened(path, geom_text(("Pb", "Br"), cells, positions))
    assert source.format == "CASTEP .geom"
    assert source.times is None
    assert source.steps is not None
    assert source.steps.tolist() == [0, 1, 2, 3]
    assert any("no times" in note for note in source.notes)
    assert source.arrays == {"forces"}
    assert set(source.scalars()) == {"free_energy", "enthalpy"}
    assert np.array_equal(source.raw("R", everything(source)), positions)
    assert np.array_equal(source.raw("h", everything(source)), cells)
    assert source.scalars()["free_energy"] == pytest.approx(HARTREE * np.array([-1, -2, -3, -4]), rel=1e-15)


# joined, cut, broken -------------------------------------------------------------------------------


def test_restart_with_a_second_header_and_new_lines(path):
    """The continuation writes pressure and stress too, and repeats the last frame."""
    run = md_run(n_frames=6, variable_cell=True)
    plain = replace(run, pressures=None, stresses=None, cell_velocities=None)
    first = replace(plain, **{k: v[:4] for k, v in plain.__dict__.items() if isinstance(v, np.ndarray)})
    source = opened(path, first.text() + run.from_frame(3).text())
    order = [0, 1, 2, 3, 3, 4, 5]
    assert source.n_frames == 7
    assert source.complete
    assert np.array_equal(source.raw("R", everything(source)), run.positions[order])
    assert np.array_equal(source.raw("h", everything(source)), run.cells[order])
    assert np.array_equal(source.raw("R", np.array([5, 1])), run.positions[[4, 1]])
    assert any("2 headers" in note for note in source.notes)
    assert any("time does not increase" in note and "frame 4" in note for note in source.notes)
    assert source.times is not None
    assert np.array_equal(source.times, run.times[order] * ATOMIC_TIME)
    assert np.isnan(source.scalars()["pressure"]).tolist() == [True] * 4 + [False] * 3
    assert "stress" not in source.arrays
    with pytest.raises(MissingDataError, match="stress"):
        source.array("stress", everything(source), None)
    assert source.raw("S", np.array([4, 6])).tobytes() == run.stresses[[3, 5]].tobytes()
    assert source.raw("R", np.arange(0)).shape == (0, 6, 3)
    thrice = opened(path, first.text() + run.text() + b"  \n" + run.from_frame(2).text())
    assert np.array_equal(thrice.raw("S", np.array([11, 4, 9])), run.stresses[[3, 0, 5]])


def test_frames_of_unequal_length(path):
    """A frame whose lines were edited to another length is found line by line; so is the rest."""
    run = md_run(n_frames=8)
    lines = run.lines()
    start = [n for n, line in enumerate(lines) if line.endswith("<-- E")][3]
    lines[start + 6] += "      "
    lines[start] = lines[start].replace("   -", " -")
    source = opened(path, "\n".join(lines).encode())
    assert source.n_frames == 8
    assert np.array_equal(source.raw("R", everything(source)), run.positions)
    assert source.scalars()["free_energy"] == pytest.approx(run.energies[:, 0] * HARTREE, rel=1e-15)


def test_lines_moved_within_a_frame_of_equal_length(path):
    """One line longer, one shorter: the stride holds and the rows stand elsewhere."""
    run = md_run(n_frames=4)
    lines = run.lines()
    rows = [n for n, line in enumerate(lines) if line.endswith("<-- R")]
    lines[rows[8]] = lines[rows[8]].replace("  <--", "     <--")
    lines[rows[10]] = lines[rows[10]].replace("  <--", " <--").replace("    ", "  ", 1)
    source = opened(path, "\n".join(lines).encode() + b"\n")
    assert np.array_equal(source.raw("R", everything(source)), run.positions)
    assert np.array_equal(source.raw("R", everything(source), np.array([4])), run.positions[:, [4]])


@pytest.mark.parametrize("variable_cell", [False, True])
def test_a_cut_file_gives_an_exact_prefix(path, variable_cell):
    """Cut at every seventh byte of three frames and around their ends: the whole frames, bit for bit."""
    run = md_run(("Pb", "I"), 4, variable_cell=variable_cell)
    text = run.text()
    blocks = ["".join(line + "\n" for line in run.frame(n)) for n in range(4)]
    begin = len(text) - sum(map(len, blocks))
    ends = [begin + sum(map(len, blocks[: n + 1])) - 2 for n in range(4)]  # behind the last <-- F
    for size in [
        *range(begin, ends[2] + 3, 7),
        *(end + shift for end in ends for shift in (-2, -1, 0, 1, 2)),
    ]:
        whole = sum(size >= end for end in ends)
        if whole == 0:
            with pytest.raises(FormatError, match="no complete frame"):
                opened(path, text[:size])
            continue
        source = opened(path, text[:size])
        assert source.n_frames == whole, size
        assert source.complete == (not text[ends[whole - 1] : size].strip()), size
        assert any("ends within a frame" in note for note in source.notes) != source.complete
        assert np.array_equal(source.raw("F", everything(source)), run.forces[:whole])


def test_a_cut_within_a_second_header_is_a_cut(path):
    run = md_run()
    source = opened(path, run.text() + b" BEGIN header\n  \n END hea")
    assert (source.n_frames, source.complete) == (5, False)


def damaged(run: MdRun, frame: int, tag: str, row: int, change) -> tuple[bytes, int]:
    """Return the file with one line changed, and the number of that line."""
    lines = run.lines()
    first = len(run.header()) + frame * len(run.frame(0))
    number = [n for n in range(first, len(lines)) if lines[n].endswith(f"<-- {tag}")][row]
    lines[number] = change(lines[number])
    return "\n".join(lines).encode() + b"\n", number + 1


@pytest.mark.parametrize("frame", [0, 2, 4])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda line: line[:50] + "*" * 20 + line[70:], id="stars"),
        pytest.param(lambda line: line[:72] + "                     NaN" + line[96:], id="nan"),
        pytest.param(lambda line: line[:72] + "                Infinity" + line[96:], id="infinity"),
        pytest.param(lambda line: line[:72] + " 1.0000000000000000E+999" + line[96:], id="overflow"),
        pytest.param(lambda line: line[:45] + "-" + line[49:], id="glued"),
        pytest.param(lambda line: line[:45] + "1234" + line[49:], id="glued, same length"),
        pytest.param(lambda line: line[:30] + " " + line[31:], id="blank in a number"),
        pytest.param(lambda line: line[:30] + "x" + line[31:], id="letter in a number"),
        pytest.param(lambda line: line[:30] + "." + line[31:], id="second point"),
        pytest.param(lambda line: line[:72] + " " * 27 + line[99:], id="a number missing"),
        pytest.param(lambda line: line.replace("<-- ", "<--X"), id="unknown tag"),
        pytest.param(lambda line: line.replace("<-- ", "    "), id="no tag"),
        pytest.param(lambda line: " Br" + line[3:], id="another element"),
        pytest.param(lambda line: line[:17] + "9" + line[18:], id="another serial number"),
        pytest.param(lambda line: line + "\n" + line, id="row twice"),
        pytest.param(lambda line: "", id="a blank line"),
    ],
)
@pytest.mark.parametrize("tag", ["R", "V", "F"])
def test_bad_rows_are_named_by_line(path, frame, change, tag):
    text, number = damaged(md_run(), frame, tag, 1, change)
    with pytest.raises(FormatError, match="Fix:") as caught:
        source = opened(path, text)
        source.raw(tag, everything(source))
    line = int(caught.value.where.rsplit("line ", 1)[1])
    first = 5 + frame * len(md_run().frame(0))
    # the line itself, or where rows are counted a line of the same frame or the one behind it
    assert line == number or (number > line >= first) or line - number <= 25, caught.value


def test_a_bad_row_leaves_other_frames_and_atoms_readable(path):
    run = md_run()
    text, number = damaged(run, 3, "R", 2, lambda line: line[:50] + "*" * 20 + line[70:])
    source = opened(path, text)
    good = np.array([0, 1, 2, 4])
    assert np.array_equal(source.raw("R", good), run.positions[good])
    assert np.array_equal(
        source.raw("R", everything(source), np.array([0, 1, 3])), run.positions[:, [0, 1, 3]]
    )
    with pytest.raises(FormatError) as caught:
        source.raw("R", everything(source))
    assert caught.value.where == f"{path}, line {number}"
    assert "position" in str(caught.value)


@pytest.mark.parametrize("tag", ["E", "h", "T"])
def test_bad_lines_without_labels(path, tag):
    for change in (lambda line: line[:30] + "*" + line[31:], lambda line: line[:30] + " " + line[31:]):
        text, number = damaged(md_run(), 2, tag, 0, change)
        with pytest.raises(FormatError) as caught:
            source = opened(path, text)
            source.scalars()
            source.cells(everything(source))
        assert caught.value.where == f"{path}, line {number}"


def test_energies_of_another_kind(path):
    """A frame of a .geom (two energies) behind those of a .md."""
    run = md_run(("H", "H"))
    with pytest.raises(FormatError, match="2 energies"):
        opened(path, run.text() + geom_text(("H", "H"), run.cells, run.positions))


def test_bad_times(path):
    run = md_run()
    for word in ("NaN", "********", "0.0000000000 00000E+000", "x"):
        lines = run.lines()
        number = len(run.header()) + 2 * len(run.frame(0))
        lines[number] = word.rjust(45)
        with pytest.raises(FormatError, match=f"line {number + 1}"):
            opened(path, "\n".join(lines).encode())


def test_atoms_changed_between_frames(path):
    a, b = md_run(("Pb", "I", "I")), md_run(("Pb", "I", "Br"))
    behind_header = len("".join(line + "\n" for line in b.header()))
    source = opened(path, a.text() + b.text()[behind_header:])  # as long to the byte: seen when it is read
    with pytest.raises(FormatError, match="Br"):
        source.raw("R", everything(source))
    fewer = md_run(("Pb", "I"))
    with pytest.raises(FormatError, match="atoms"):
        opened(path, a.text() + fewer.text()[behind_header:])
    with pytest.raises(FormatError, match=r"Br|atoms"):
        opened(path, a.text() + b.text())


@pytest.mark.parametrize(
    "text",
    [
        b" ",
        b"\n\n",
        b" BEGIN header\n",
        b" BEGIN header\n\n END header\n\n",
        b" BEGIN header\n END header\n" * 1000,
        b" BEGIN header\n\n END header\n\n  0.0\n\n",
        b"x" * 10000,
        b"1.0\n\n",
        b"0\n" * 9,
    ],
)
def test_files_without_frames(path, text):
    with pytest.raises(FormatError):
        opened(path, text)


def test_fuzz(path):
    """A mutation gives a result of the right shape or a PerovchemError, nothing else."""
    choice = random.Random(20240613)
    run = md_run(("Pb", "I", "N"), 4, variable_cell=True)
    text = run.text()
    words = [
        b"*",
        b" ",
        b"\n",
        b"-",
        b".",
        b"9",
        b"E",
        b"<--",
        b"NaN",
        b"\x00",
        b"\xff",
        b"\r",
        b" BEGIN header\n",
    ]
    read = 0
    for _ in range(250):
        mutant = bytearray(text)
        for _ in range(choice.randint(1, 4)):
            at = choice.randrange(len(mutant))
            kind = choice.randrange(4)
            if kind == 0:
                word = choice.choice(words)
                mutant[at : at + len(word)] = word
            elif kind == 1:
                mutant[at:at] = choice.choice(words)
            elif kind == 2:
                del mutant[at : at + choice.choice((1, 27, LINE, 900))]
            else:
                mutant[at:at] = mutant[at : at + choice.choice((1, LINE, 900))]
        try:
            source = opened(path, bytes(mutant))
            numbers = everything(source)
            for tag in ("R", "V", "F", "h"):
                values = source.raw(tag, numbers)
                assert np.isfinite(values).all()
                assert values.shape == (source.n_frames, 3, 3)
            source.scalars()
        except PerovchemError:
            continue
        read += 1
        assert_equal_to_text_prefix(source, bytes(mutant))
    assert 10 < read < 240  # both ends were met


def assert_equal_to_text_prefix(source: CastepMd, text: bytes) -> None:
    """What was read stands in the text: every position is float() of a word of its file."""
    words = set()
    for word in text.replace(b"<--", b" ").split():
        try:
            words.add(float(word))
        except ValueError:
            continue
    assert {float(x) for x in source.raw("R", everything(source)).ravel()} <= words


def test_builder_writes_castep_columns():
    """The format is the manual's: 3x,es24.16e3 and a tag behind three fields."""
    assert fortran(1.0) == "    1.0000000000000000E+000"
    assert fortran(-1.5e-117) == "   -1.5000000000000000E-117"
    for line in md_run(variable_cell=True).lines()[5:]:
        assert len(line) in (0, 45, LINE - 1, LINE), line  # LINE: <-- hv


# real files, and ASE -------------------------------------------------------------------------------


@real
@pytest.mark.parametrize(
    ("name", "n_frames", "n_atoms", "first", "last"),
    [
        ("N2_md.md", 21, 2, -1.9927261355654579e1, -1.9927896096965725e1),
        ("Si8_md.md", 3, 8, -3.1437669498903556e1, -3.1437791375759573e1),
        ("al2o3_aimd.md.gz", 101, 118, -1.3164051520269509e3, -1.3159307141472377e3),
        ("H2_geom.geom", 5, 2, -1.0587534631880504, -1.1648267658119718),
    ],
)
def test_real_files(name, n_frames, n_atoms, first, last):
    """Counts and energies as PROVENANCE.md lists them; numbers as float() of their text, and as ASE's."""
    file = open_bytes(Path(str(REALDATA)) / "castep" / name)
    source = open_castep_md(file)
    assert isinstance(source, CastepMd)
    assert (source.n_frames, len(source.species), source.complete) == (n_frames, n_atoms, True)
    energies = source.raw("E", everything(source))[:, 0, 0]
    assert (energies[0], energies[-1]) == (first, last)
    text = bytes(file.data[:]).decode()
    if name.endswith(".geom"):
        assert source.steps is not None
        assert source.steps.tolist() == list(range(n_frames))
        text = text.replace("F   F   F   F            <-- c", "").replace(
            "F   F   F   T            <-- c", ""
        )
        text = "\n".join(line for line in text.splitlines() if "<-- c" not in line)
        assert [frame["R"] for frame in naive(text)] == source.raw("R", everything(source)).tolist()
    else:
        assert_equal_to_text(source, text)
    compare_with_ase(source, text if not name.endswith(".geom") else bytes(file.data[:]).decode())


def test_like_ase(path):
    run = md_run(n_frames=3, variable_cell=True)
    source = opened(path, run.text())
    compare_with_ase(source, run.text().decode())


def compare_with_ase(source: CastepMd, text: str) -> None:
    """ASE with our constants gives our numbers to rounding; its own are CODATA 2002, 1e-7 away."""
    import io

    from ase import units as ase_units
    from ase.io.castep.geom_md_ts import read_castep_md
    from scipy import constants

    electron = constants.physical_constants["electron mass in u"][0]
    images = read_castep_md(
        io.StringIO(text),
        index=slice(None),
        units={"Eh": HARTREE, "a0": BOHR, "kB": BOLTZMANN, "me": electron},
    )
    frames = everything(source)
    assert tuple(images[0].get_chemical_symbols()) == source.species
    assert len(images) == source.n_frames
    assert source.coordinates(frames, None) == pytest.approx(
        np.array([image.positions for image in images]), rel=1e-14, abs=1e-14
    )
    assert source.cells(frames) == pytest.approx(np.array([image.cell[:] for image in images]), rel=1e-14)
    forces = np.array([image.calc.results["forces"] for image in images])
    assert source.array("forces", frames, None) == pytest.approx(forces, rel=1e-12, abs=1e-16)
    energies = [image.calc.results["free_energy"] for image in images]
    assert source.scalars()["free_energy"] == pytest.approx(energies, rel=1e-14)
    if source.times is not None:
        # ASE takes sqrt(me/Eh) for the velocity and its own fs of CODATA 2014: 1e-8 apart
        velocities = np.array([image.get_velocities() for image in images]) * ase_units.fs
        assert source.array("velocities", frames, None) == pytest.approx(velocities, rel=3e-8, abs=1e-15)
        times = [image.info["time"] / ase_units.fs for image in images]
        assert source.times == pytest.approx(times, rel=3e-8)
    if "stress" in source.arrays:
        for frame, image in enumerate(images):
            whole = image.calc.results["stress"] + image.get_kinetic_stress(voigt=True)
            stress = source.array("stress", np.array([frame]), None)[0]
            assert stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] == pytest.approx(whole, rel=1e-9, abs=1e-12)
