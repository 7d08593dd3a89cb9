"""Small files of bands of VASP with every number known, and what must hold of whatever is read from them spoiled."""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from builders_bands import (
    line_points,
    write_eigenval,
    write_kpoints_line_mode,
    write_kpoints_list,
    write_outcar_bands,
    write_poscar,
    write_procar,
    write_vasprun_bands,
)

from fuzz import mutations
from fuzz.checks import sound
from perovchem.bands import Bands
from perovchem.bands_reading import read_bands
from perovchem.errors import PerovchemError

PATH: Final = line_points([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]], 5)
LEVELS: Final = np.array([-7.0, 0.0, 4.0])
ENERGIES: Final = np.round(0.1 * np.cos(2 * np.pi * PATH).sum(axis=1)[:, None] + LEVELS, 4)[None]
BOTH: Final = np.round(np.concatenate([ENERGIES, ENERGIES + 0.3]), 4)
SPECIES: Final = ("Pb", "Br")
POSITIONS: Final = np.array([[0.0, 0, 0], [0.5, 0, 0]])
WEIGHTS: Final = np.round(np.random.default_rng(5).random((2, 10, 3, 2, 9)) / 20, 3)


@functools.cache
def texts() -> Mapping[str, tuple[str, bytes, np.ndarray]]:
    """Return by format the file's name, its bytes and its true energies."""
    atoms = {"species": SPECIES, "positions": POSITIONS}
    mesh = np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")

        def written(name: str, energies: np.ndarray = ENERGIES) -> tuple[str, bytes, np.ndarray]:
            return name, path.read_bytes(), energies

        made = {}
        write_vasprun_bands(path, PATH, ENERGIES, 4, projections=WEIGHTS[:1], per_segment=5, **atoms)
        made["bands, vasprun.xml"] = written("vasprun.xml")
        write_vasprun_bands(path, PATH, BOTH, 4, projections=WEIGHTS, per_segment=5, **atoms)
        made["bands, vasprun.xml with spins"] = written("vasprun.xml", BOTH)
        write_vasprun_bands(
            path, mesh, ENERGIES[:, :2], 4, optional=(PATH, ENERGIES), optional_projections=WEIGHTS[:1],
            projections=WEIGHTS[:1, :2], **atoms,
        )  # fmt: skip
        made["bands, vasprun.xml with KPOINTS_OPT"] = written("vasprun.xml")
        write_eigenval(path, PATH, BOTH, 4)
        made["bands, EIGENVAL"] = written("EIGENVAL", BOTH)
        write_procar(path, PATH, BOTH, 4, WEIGHTS, phase="5.4")
        made["bands, PROCAR"] = written("PROCAR", BOTH)
        write_procar(path, PATH, ENERGIES, 2, WEIGHTS[:1], noncollinear=True, glued=True)
        made["bands, PROCAR of spinors"] = written("PROCAR")
        write_outcar_bands(path, PATH, BOTH, 4, **atoms)
        made["bands, OUTCAR"] = written("OUTCAR", BOTH)
        write_kpoints_line_mode(path, [[PATH[0], PATH[4]], [PATH[5], PATH[9]]], ["G", "X", "X", "M"], 5)
        made["bands, KPOINTS of lines"] = written("KPOINTS")
        write_kpoints_list(path, PATH, np.ones(10), {0: "G", 4: "X", 9: "M"})
        made["bands, KPOINTS as a list"] = written("KPOINTS")
    return made


def fill(name: str, folder: Path, text: bytes) -> Path:
    """Write a file, what a run has beside it, and return what to read."""
    file, _, _ = texts()[name]
    (folder / file).write_bytes(text)
    if file in ("EIGENVAL", "PROCAR"):
        write_poscar(folder / "POSCAR", species=SPECIES, positions=POSITIONS)
    if file == "KPOINTS":
        (folder / "vasprun.xml").write_bytes(texts()["bands, vasprun.xml"][1])
        return folder
    return folder / file


def spoiled(name: str, source: random.Random, folder: Path, number: int) -> tuple[str, Path]:
    """Write a spoiled file; return what was done and what to read."""
    done, text = mutations.spoil(source, texts()[name][1], mutations.kinds(name), number)
    return done, fill(name, folder, text)


def attempt_bands(name: str, path: Path, *, only_cut: bool) -> bool:
    """Read bands and all their projections; True for a result, False for a refusal."""
    try:
        bands = read_bands(path)
        look_at(bands)
    except PerovchemError as error:
        sound(error)
        return False
    true = texts()[name][2]
    if only_cut:  # bands of a cut file are all there, or none
        assert bands.energies.shape == true.shape, "the cut file gives other bands"
        assert np.array_equal(bands.energies, true), "an energy of the cut file is not the true one"
    try:
        if bands.projections is not None:
            weights = bands.projections.weights(slice(None))
            assert weights.shape[:3] == bands.energies.shape
            assert np.isfinite(weights).all()
    except PerovchemError as error:
        sound(error)
    return True


def look_at(bands: Bands) -> None:
    """Whatever is read fits together."""
    n_spins, n_points, _ = bands.energies.shape
    assert np.isfinite(bands.energies).all()
    assert (np.diff(bands.energies, axis=2) >= 0).all()
    assert np.isfinite(bands.cell).all()
    assert len(bands.electrons) == n_spins
    assert all(np.isfinite(number) and number >= 0 for number in bands.electrons)
    assert all(0 <= part.start < part.stop <= n_points for part in bands.segments)
    assert all(isinstance(note, str) and len(note) < 2000 for note in bands.notes)
    assert repr(bands)
    assert bands.path or not bands.segments
    if bands.mesh is not None:
        look_at(bands.mesh)
