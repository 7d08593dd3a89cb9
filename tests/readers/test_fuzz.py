"""Seeded mutations of every format: each ends in a result or a PerovchemError, and soon.

Any other exception fails, a RuntimeWarning included (warnings are errors in this suite). What is read from
a cut file must equal the true frames bit for bit.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from builders_castep import LogRun, geom_text, md_run
from builders_castep_frames import bfgs_log, md_log
from builders_extxyz import Xyz
from builders_extxyz import walk as cartesian_walk
from builders_outcar import OutcarRun
from builders_run import Step, outcar
from builders_vaspout import VaspoutRun
from builders_vasprun import liquid
from builders_xdatcar import Xdatcar, breathing, poscar, same_bits, walk

from perovchem.comparison import compare_coordination
from perovchem.errors import PerovchemError
from perovchem.frames import Frames, FrameSource
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.run import open_source
from perovchem.reading import read_frames
from perovchem.run_information import run_information

SECONDS = 5.0
"""The longest that one mutation of a file of some kB may take."""

X = Xdatcar(walk(12, 5, low=-1.0), counts=(2, 3))
CRYSTAL = {"cell": np.diag([6.0, 7.0, 8.0]), "symbols": ("Pb", "I"), "counts": (2, 3)}
CIF = b"""data_CsPbCl3
_cell_length_a 5.605(1)
_cell_length_b 5.605(1)
_cell_length_c 5.605(1)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P m -3 m'
_symmetry_Int_Tables_number 221
loop_
_symmetry_equiv_pos_as_xyz
x,y,z
-x,-y,z
-x,y,-z
y,z,x
y,x,-z
-x,-y,-z
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Cs1 Cs1+ 0.5 0.5 0.5 1.0
Pb1 Pb2+ 0.0 0.0 0.0 1.0
Cl1 Cl1- 0.5 0.0 0.0 0.9(1)
"""

RANDOM = np.random.default_rng(1)
TABLES = {name: RANDOM.normal(size=(5, 4, 3)) for name in ("forces", "velo", "momenta")}
XYZ = Xyz(
    cartesian_walk(5),
    columns=("species", "pos", "forces", "velo"),
    more=TABLES,
    keys=("energy=-{k}.5", 'stress="1 2 3 2 4 5 3 5 6"', 'pbc="T T T"', "step={k}"),
)
LATTICES = np.array([6 * np.eye(3) + 0.1 * k for k in range(5)])

TEXTS = {
    "XDATCAR": X.text(),
    "XDATCAR, variable cell": replace(X, cell=breathing(12)).text(),
    "XDATCAR, blank lines": replace(X, mark="").text(),
    "XDATCAR, joined": X.text() + replace(X, row="%.8f %.6f %.7E").text() + replace(X, eol="\r\n").text(),
    "POSCAR": poscar(walk(1, 5)[0], selective=True, velocities=True, **CRYSTAL),  # type: ignore[arg-type]
    "POSCAR, Cartesian": poscar(walk(1, 5)[0], mode="Cartesian", scale="1.1", **CRYSTAL),  # type: ignore[arg-type]
    "CIF": CIF,
    "vasprun.xml": liquid(4).text(),
    "CASTEP .md": md_run(n_frames=4).text(),
    "OUTCAR, dynamics": OutcarRun(variable_cell=True, isif=3, spin=2, moments=True).text(),
    "OUTCAR, relaxation": OutcarRun(ibrion=2, spin=4, moments=True).text(),
    "OUTCAR, force field": OutcarRun(n_steps=5, learned=(1, 2, 4), foretold=True).text(),
    "OUTCAR, joined": OutcarRun(n_steps=2).text() + OutcarRun(n_steps=2, seed=1).text("\r\n"),
    "CASTEP .castep, dynamics": md_log(4).text(),
    "CASTEP .castep, relaxation": bfgs_log().text(),
    "CASTEP .geom": geom_text(("Pb", "Br"), 2 * LATTICES, RANDOM.random((5, 2, 3))),
    "extended XYZ": XYZ.text(),
    "extended XYZ, variable cell": replace(
        XYZ, columns=("pos", "species", "momenta"), cells=LATTICES, eol="\r\n", keys=()
    ).text(),
    "vaspout.h5": VaspoutRun(variable_cell=True, moments=2).data(),
}
LATER = [n for n in TEXTS if n.startswith(("OUTCAR", "CASTEP .castep", "CASTEP .geom", "extended XYZ"))]
LOGS = {
    "OUTCAR": outcar([Step(energy=-10.0 + 0.01 * k, total=-9.0, foretold=k == 3) for k in range(6)]).encode(),
    "CASTEP .castep": LogRun().text(),
}

HOSTILE = [b"nan", b"-inf", b"1e400", b"-1e308", b"1e-320", b"********", b"999999999", b"-1", b"0", b"99999999999999999999",
           b"1e5", b"\x00", b"\xff\xfe", b"%s", b"1_000", b"0x1F", b"", b"-", b".", b"9" * 400, b"Xx", b"\xc3\x85",
           b"loop_", b"&a;", b"<i>", b"Direct configuration= 1", b"1/0", b"(", b"((((", b"'", b'"', b";"]  # fmt: skip


def cut(source: random.Random, text: bytes) -> bytes:
    return text[: source.randrange(1, len(text))]


def behead(source: random.Random, text: bytes) -> bytes:
    return text[source.randrange(1, len(text)) :]


def flip(source: random.Random, text: bytes) -> bytes:
    out = bytearray(text)
    for _ in range(source.choice((1, 1, 2, 5, 50))):
        out[source.randrange(len(out))] ^= 1 << source.randrange(8)
    return bytes(out)


def swap_lines(source: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    a, b = source.randrange(len(lines)), source.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def repeat(source: random.Random, text: bytes) -> bytes:
    a, b = sorted((source.randrange(len(text)), source.randrange(len(text))))
    return text[:b] + text[a:b] * source.choice((1, 2, 30)) + text[b:]


def drop(source: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    a = source.randrange(len(lines))
    del lines[a : a + source.choice((1, 1, 2, 10))]
    return b"\n".join(lines)


def plant(source: random.Random, text: bytes) -> bytes:
    """A word of a line becomes a hostile one; the first lines, with their counts, more often than others."""
    lines = text.split(b"\n")
    which = source.randrange(min(30, len(lines)) if source.random() < 0.6 else len(lines))
    words = lines[which].split(b" ")
    words[source.randrange(len(words))] = source.choice(HOSTILE)
    lines[which] = b" ".join(words)
    return b"\n".join(lines)


def join_lines(source: random.Random, text: bytes) -> bytes:
    ends = [k for k, byte in enumerate(text) if byte == 10]
    place = source.choice(ends or [len(text) - 1])
    return text[:place] + source.choice((b"", b" ", b"\r", b"\x0b")) + text[place + 1 :]


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    cut, behead, flip, flip, swap_lines, repeat, drop, plant, plant, plant, join_lines,
)  # fmt: skip


def mutated(name: str, n: int) -> list[bytes]:
    source = random.Random(name)
    whole = {**TEXTS, **LOGS}[name]
    texts = []
    for k in range(n):
        text = MUTATIONS[k % len(MUTATIONS)](source, whole)
        if source.random() < 0.3:
            text = source.choice(MUTATIONS)(source, text or b"x")
        texts.append(text)
    return texts


def use(source: FrameSource) -> None:
    """Everything that positions can be asked for; numbers must be finite."""
    frames = Frames(source, np.arange(source.n_frames))
    assert len(frames) > 0
    for part in (frames, frames[-1], frames.select(atoms=[frames.n_atoms - 1])):
        assert part.fractional_positions.shape == (len(part), part.n_atoms, 3)
        assert np.isfinite(part.fractional_positions).all()
        assert np.isfinite(part.positions).all()
        assert np.isfinite(part.cells).all()
    assert np.isfinite(frames.mean_volume)
    assert all(isinstance(note, str) for note in source.notes)


def within_time(attempt: Callable[[], bool], text: bytes) -> bool:
    """Return what the attempt says; a second one, when kernels are compiled, must not take long."""
    start = time.perf_counter()
    outcome = attempt()
    if time.perf_counter() - start > SECONDS:
        start = time.perf_counter()
        outcome = attempt()
        assert time.perf_counter() - start < SECONDS, text[:200]
    return outcome


def sound(error: PerovchemError) -> bool:
    """An error of ours says what and how to mend it; the outcome is "refused"."""
    assert error.what
    assert error.fix
    return False


@pytest.mark.parametrize(
    "name", [n for n in TEXTS if n.startswith(("XDATCAR", "POSCAR", "CIF")) or n in LATER]
)
def test_mutations_end_in_a_result_or_an_error_of_ours(name: str) -> None:
    def attempt(text: bytes) -> bool:
        try:
            use(open_source(FileBytes(Path("x"), text)))
        except PerovchemError as error:
            return sound(error)
        return True

    outcomes = [
        within_time(partial(attempt, text), text)
        for text in mutated(name, 110 if name.startswith(("OUTCAR", "CASTEP .castep")) else 440)
    ]
    assert 20 < sum(outcomes) < len(outcomes) - 20  # neither all nor none


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
def test_mutations_through_the_front_door(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"

    def attempt() -> bool:
        try:
            frames = read_frames(path)
            assert np.isfinite(frames.fractional_positions).all()
            assert np.isfinite(frames.positions).all()
            assert frames.density > 0
        except PerovchemError as error:
            return sound(error)
        return True

    for text in mutated(name, 110 if name == "CIF" or name in LATER else 220)[::2]:
        path.write_bytes(text)
        within_time(attempt, text)


@pytest.mark.parametrize("name", ["XDATCAR", "XDATCAR, variable cell", "vasprun.xml", "CASTEP .md", *LOGS])
def test_information_on_mutations(name: str, tmp_path: Path) -> None:
    """By itself with a time step, and in a run folder, where a sound XDATCAR lies beside a broken log."""
    folder = tmp_path / "run"
    folder.mkdir()
    beside = {"OUTCAR": "OUTCAR", "vasprun.xml": "vasprun.xml"}.get(name)
    if beside:
        (folder / "XDATCAR").write_bytes(X.text())
    path = folder / (beside or "input")

    def attempt(asked: Path, timestep: float | None) -> bool:
        try:
            one = run_information(asked, timestep)
            json.dumps(one.to_dict(), allow_nan=False)
            assert one.format in str(one)
        except PerovchemError as error:
            return sound(error)
        return True

    told = 0
    for text in mutated(name, 33):
        path.write_bytes(text)
        for asked, timestep in ((path, 2.0), (folder, None)):
            told += within_time(partial(attempt, asked, timestep), text)
    assert told > 10


@pytest.mark.parametrize(
    "name", [n for n in TEXTS if n.startswith(("XDATCAR", "POSCAR", "vasprun", "CASTEP"))]
)
@pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
def test_analysis_of_mutations(name: str, tmp_path: Path) -> None:
    """Whatever can be read can be analyzed, or is refused with a reason: crowded atoms and flat cells, too."""
    path = tmp_path / "input"

    def attempt() -> bool:
        try:
            frames = read_frames(path)
            center, *ligands = dict.fromkeys(frames.species)
            found = compare_coordination([frames], center=center, ligands=ligands or [center])
            json.dumps(found.rows(), allow_nan=False)
        except PerovchemError as error:
            return sound(error)
        return True

    for text in mutated(name, 44 if name in LATER else 220)[1::4]:
        path.write_bytes(text)
        within_time(attempt, text)


@pytest.mark.parametrize("name", [n for n in TEXTS if n.startswith("XDATCAR")])
def test_frames_of_a_cut_file_are_the_true_ones(name: str) -> None:
    source = random.Random(3)
    text = TEXTS[name]
    whole = open_source(FileBytes(Path("x"), text))
    numbers = np.arange(whole.n_frames)
    truth, cells = whole.coordinates(numbers, None), whole.cells(numbers)
    seen = set()
    for _ in range(150):
        try:
            kept = open_source(FileBytes(Path("x"), cut(source, text)))
        except PerovchemError:
            continue
        n = kept.n_frames
        assert same_bits(kept.coordinates(np.arange(n), None), truth[:n])
        assert np.array_equal(kept.cells(np.arange(n)), cells[:n])
        seen.add(n)
    assert len(seen) > 9


def everything(source: FrameSource) -> dict[str, np.ndarray]:
    """Return all numbers of all frames."""
    frames = np.arange(source.n_frames)
    held = {"coordinates": source.coordinates(frames, None), "cells": np.array(source.cells(frames))}
    held |= {name: source.array(name, frames, None) for name in source.arrays}
    return held | dict(source.scalars())


@pytest.mark.parametrize("name", LATER)
def test_every_number_of_a_cut_file_is_a_true_one(name: str) -> None:
    """Of scalars, one that stands at the cut may be unknown."""
    source = random.Random(5)
    text = TEXTS[name]
    truth = everything(open_source(FileBytes(Path("x"), text)))
    seen = set()
    for _ in range(100):
        try:
            kept = open_source(FileBytes(Path("x"), cut(source, text)))
        except PerovchemError:
            continue
        for key, values in everything(kept).items():
            true = truth[key][: kept.n_frames]
            known = np.isfinite(values) if values.ndim == 1 else np.ones(values.shape, bool)
            assert np.array_equal(values[known], true[known], equal_nan=True), key
        seen.add(kept.n_frames)
    assert len(seen) > 1


@pytest.mark.parametrize("name", [n for n in TEXTS if n.startswith("XDATCAR")])
def test_frames_that_survive_lost_lines_are_true_ones(name: str) -> None:
    """Lines dropped anywhere behind the first header: every frame that is kept is one of the file, in order."""
    source = random.Random(4)
    text = TEXTS[name]
    whole = open_source(FileBytes(Path("x"), text))
    truth = whole.coordinates(np.arange(whole.n_frames), None)
    cells = whole.cells(np.arange(whole.n_frames))
    kept_frames = 0
    for _ in range(150):
        lines = text.split(b"\n")
        first = source.randrange(8, len(lines) - 1)
        # seven lines from within one frame into the next of a variable cell leave a frame of true rows
        del lines[first : first + source.choice((1, 2, 3))]
        try:
            kept = open_source(FileBytes(Path("x"), b"\n".join(lines)))
            found, found_cells = (
                f(np.arange(kept.n_frames), *a) for f, a in ((kept.coordinates, [None]), (kept.cells, []))
            )
        except PerovchemError:
            continue
        at = 0
        for frame, cell in zip(found, found_cells, strict=True):
            while not (same_bits(frame, truth[at]) and np.array_equal(cell, cells[at])):
                at += 1
            at += 1
            kept_frames += 1
    assert kept_frames > 100 * 9
