"""What is spoiled and what is then asked: one entry a format."""

from __future__ import annotations

import functools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from fuzz import bands, calculations, mutations, spectra, workflows
from fuzz.checks import everything, same_as_true, sound, use
from fuzz.containers import packed_badly, restructured
from fuzz.folders import FOLDERS, make_folder, make_paths, make_segments
from fuzz.texts import CRYSTALS, LOGS, MORE_LOGS, TEXTS
from perovchem.comparison import compare_coordination
from perovchem.errors import PerovchemError
from perovchem.frames import Frames
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.run import open_source
from perovchem.reading import read_frames
from perovchem.run_information import run_information
from perovchem.structure_reading import read_structure

INFORMATION_EVERY: Final = 2
ANALYSIS_EVERY: Final = 8
"""Of so many mutations one is also asked for its information, and for its coordination."""
ONE_FRAME: Final = ("POSCAR", "CIF")
"""Formats without a mark of their end: a cut within the last line can only be told of (``complete`` is false), and a CIF
that is cut between two lines is another CIF."""


@dataclass(frozen=True)
class Case:
    """One spoiled input: what was done, what to open, and what is true of its frames, if they are only fewer."""

    done: str
    paths: list[Path]
    truth: Mapping[str, np.ndarray] | None = None
    compared: list[int] = field(default_factory=list)
    """Numbers of frames that were compared with the true ones."""

    @property
    def asked(self) -> Path | list[Path]:
        return self.paths[0] if len(self.paths) == 1 else self.paths


@dataclass(frozen=True)
class Format:
    """How to make a spoiled input in a folder, and what to ask of it; True for a result, False for a refusal."""

    make: Callable[[random.Random, Path, int], Case]
    attempt: Callable[[Case, int], bool]
    sound: Callable[[Path], Case]
    """The input unspoiled, to compile the kernels with."""


T = TypeVar("T")
ALL: Final[Mapping[str, bytes]] = {**TEXTS, **LOGS, **MORE_LOGS, **CRYSTALS}

# asking -----------------------------------------------------------------------------------------------------


def attempt(case: Case, number: int) -> bool:
    """Read everything; ask some for their information and for the shells of their atoms."""
    frames = _answered(lambda: _read(case))
    told = None
    if frames is None or number % INFORMATION_EVERY == 0:
        told = _answered(lambda: _inform(case, None if number % 4 else 2.0))
    if frames is not None and number % ANALYSIS_EVERY == 1:
        _answered(lambda: _analyze(frames))
    return frames is not None or told is not None


def _answered(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except PerovchemError as error:
        sound(error)
        return None


def _read(case: Case) -> Frames:
    frames = read_frames(case.asked)
    use(frames.source)
    everything(frames.source)
    if case.truth is not None:  # as the file holds them, before runs that follow one another are joined
        source = open_source(open_bytes(case.paths[0]))
        if source.complete or source.format not in ONE_FRAME:
            same_as_true(everything(source), dict(case.truth))
            case.compared.append(source.n_frames)
    assert frames.density > 0
    return frames


def _inform(case: Case, timestep: float | None) -> bool:
    one = run_information(case.asked, timestep)
    json.dumps(one.to_dict(), allow_nan=False)
    assert one.format in str(one)
    return True


def _analyze(frames: Frames) -> bool:
    center, *ligands = dict.fromkeys(frames.species)
    found = compare_coordination([frames], center=center, ligands=ligands or [center])
    json.dumps(found.rows(), allow_nan=False)
    return True


def attempt_crystal(case: Case, number: int) -> bool:
    """Read a crystal with all that is derived from its sites."""
    return _answered(lambda: _crystal(case)) is not None


def _crystal(case: Case) -> bool:
    crystal = read_structure(case.paths[0])
    positions, atoms = crystal.positions, crystal.atoms
    assert positions.shape == (crystal.n_atoms, 3)
    assert np.isfinite(crystal.cell).all()
    assert np.isfinite(positions).all()
    assert len(crystal.species) == len(positions)
    assert crystal.density > 0
    assert crystal.volume > 0
    assert all(isinstance(note, str) for note in crystal.notes)
    assert repr(crystal)
    assert atoms is not None
    return True


# making -----------------------------------------------------------------------------------------------------


@functools.cache
def _truth(name: str) -> Mapping[str, np.ndarray] | None:
    if name not in TEXTS:
        return None
    return everything(open_source(FileBytes(Path("x"), TEXTS[name])))


def _write(folder: Path, data: bytes) -> list[Path]:
    path = folder / "input"
    path.write_bytes(data)
    return [path]


def _spoiled_file(name: str, source: random.Random, folder: Path, number: int) -> Case:
    text = ALL[name]
    if name == "vaspout.h5" and number % 2:
        return Case("restructured", _write(folder, restructured(source, text)))
    done, spoiled = mutations.spoil(source, text, mutations.kinds(name), number)
    known = done == "cut" and not (name == "CIF" and spoiled.endswith(b"\n"))
    return Case(done, _write(folder, spoiled), _truth(name) if known else None)


def _sound_file(name: str, folder: Path) -> Case:
    return Case("sound", _write(folder, ALL[name]), _truth(name))


def _spoiled_packing(source: random.Random, folder: Path, number: int) -> Case:
    names = [name for name in TEXTS if name.startswith(("XDATCAR", "POSCAR", "CASTEP", "extended"))]
    name = source.choice(names)
    done, data = packed_badly(source, TEXTS[name])
    return Case(done, _write(folder, data), _truth(name) if done.endswith("then cut") else None)


def _folder(name: str, source: random.Random, folder: Path, number: int) -> Case:
    return Case(make_folder(FOLDERS[name], source, folder), [folder])


def _sound_folder(name: str, folder: Path) -> Case:
    for file, text in FOLDERS[name].items():
        (folder / file).write_bytes(text)
    return Case("sound", [folder])


def _spoiled_bands(name: str, source: random.Random, folder: Path, number: int) -> Case:
    done, path = bands.spoiled(name, source, folder, number)
    return Case(done, [path])


def _sound_bands(name: str, folder: Path) -> Case:
    return Case("sound", [bands.fill(name, folder, bands.texts()[name][1])])


def _attempt_bands(name: str, case: Case, number: int) -> bool:
    only_cut = case.done == "cut" and "KPOINTS" not in name
    found = bands.attempt_bands(name, case.paths[0], only_cut=only_cut)
    case.compared.extend([1] if found and only_cut else [])
    return found


def _spoiled_spectra(name: str, source: random.Random, folder: Path, number: int) -> Case:
    done, path = spectra.spoiled(name, source, folder, number)
    return Case(done, [path])


def _sound_spectra(name: str, folder: Path) -> Case:
    return Case("sound", [spectra.fill(name, folder, spectra.sound_text(name))])


def _attempt_spectra(name: str, case: Case, number: int) -> bool:
    return spectra.attempt(name, case.paths[0])


def _spoiled_calculation(name: str, source: random.Random, folder: Path, number: int) -> Case:
    done, path = calculations.spoiled(name, source, folder, number)
    return Case(done, [path])


def _sound_calculation(name: str, folder: Path) -> Case:
    return Case("sound", [calculations.fill(name, folder, calculations.texts()[name][1])])


def _attempt_calculation(name: str, case: Case, number: int) -> bool:
    only_cut = case.done == "cut"
    found = calculations.attempt_calculation(name, case.paths[0], only_cut=only_cut)
    case.compared.extend([1] if found and only_cut else [])
    return found


def _one(made: tuple[str, Path]) -> tuple[str, list[Path]]:
    return made[0], [made[1]]


FORMATS: Final[Mapping[str, Format]] = {
    **{
        name: Format(functools.partial(_spoiled_file, name), attempt, functools.partial(_sound_file, name))
        for name in (*TEXTS, *LOGS, *MORE_LOGS)
    },
    **{
        name: Format(
            functools.partial(_spoiled_file, name), attempt_crystal, functools.partial(_sound_file, name)
        )
        for name in CRYSTALS
    },
    **{
        name: Format(
            functools.partial(_spoiled_bands, name),
            functools.partial(_attempt_bands, name),
            functools.partial(_sound_bands, name),
        )
        for name in bands.texts()
    },
    **{
        name: Format(
            functools.partial(_spoiled_spectra, name),
            functools.partial(_attempt_spectra, name),
            functools.partial(_sound_spectra, name),
        )
        for name in spectra.texts()
    },
    **{
        name: Format(
            functools.partial(_spoiled_calculation, name),
            functools.partial(_attempt_calculation, name),
            functools.partial(_sound_calculation, name),
        )
        for name in calculations.texts()
    },
    workflows.NAME: Format(
        lambda source, folder, number: Case(*_one(workflows.spoiled(source, folder, number))),
        lambda case, _number: workflows.attempt(case.paths[0]),
        lambda folder: Case("sound", [workflows.fill(folder, workflows.TEXT)]),
    ),
    "packed (gz, bz2, xz)": Format(_spoiled_packing, attempt, functools.partial(_sound_file, "XDATCAR")),
    **{
        name: Format(functools.partial(_folder, name), attempt, functools.partial(_sound_folder, name))
        for name in FOLDERS
    },
    "segments of one run": Format(
        lambda source, folder, number: Case(*make_segments(source, folder)),
        attempt,
        functools.partial(_sound_folder, "run folder, VASP"),
    ),
    "paths that are no files": Format(
        lambda source, folder, number: Case(*make_paths(source, folder)),
        attempt,
        functools.partial(_sound_file, "XDATCAR"),
    ),
}


def shares(names: Iterable[str], count: int) -> dict[str, int]:
    """Return how many mutations each entry gets: those of one format share its count."""
    families = {name: name.split(",")[0] for name in FORMATS}
    sizes = Counter(families.values())
    return {name: -(-count // sizes.get(families.get(name, ""), 1)) for name in names}


def chance(name: str, seed: int, number: int) -> random.Random:
    """Return the source of chance of one mutation: the same whichever were made before."""
    return random.Random(f"{seed} {name} {number}")
