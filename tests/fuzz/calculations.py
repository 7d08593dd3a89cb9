"""Small logs of calculations of a harmonic model, and what must hold of whatever is read from them spoiled."""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from builders_calculations import (
    GaussianJob,
    OrcaJob,
    OutcarCalculation,
    castep,
    frequency_table,
    gaussian,
    phonon,
    vasprun,
    xtb,
)

from fuzz import mutations
from fuzz.checks import sound
from perovchem.calculation import Calculation
from perovchem.calculation_reading import read_calculation, write_calculation
from perovchem.errors import PerovchemError

UNTOLD: Final = ("calculation, TOML", "calculation, OUTCAR")
"""A text without a mark of its end: cut behind a line, it is another text. An OUTCAR's mark may be cut in two."""


@functools.cache
def texts() -> Mapping[str, tuple[str, bytes]]:
    """Return by format the file's name and its bytes."""
    optimization = GaussianJob(route="#p B3LYP/6-31G(d) Opt Freq", frequencies=False, archive=False)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "water.log")
        log.write_bytes(gaussian(GaussianJob()))
        for name in ("water.toml", "water.json"):
            write_calculation(read_calculation(log), Path(folder, name))
        toml, json = (Path(folder, name).read_bytes() for name in ("water.toml", "water.json"))
    return {
        "calculation, OUTCAR": ("OUTCAR", OutcarCalculation(twice=True, magnetization=0.0).text()),
        "calculation, vasprun.xml": ("vasprun.xml", vasprun()),
        "calculation, Gaussian": (
            "water.log",
            gaussian(optimization, GaussianJob(fine=True, dispersion="Grimme-D3")),
        ),
        "calculation, ORCA": ("water.out", OrcaJob().text()),
        "calculation, xtb": ("water.out", xtb()),
        "calculation, CASTEP .castep": ("water.castep", castep(entropy=0.5, tail=frequency_table())),
        "calculation, CASTEP .phonon": ("water.phonon", phonon(direction=True)),
        "calculation, TOML": ("water.toml", toml),
        "calculation, JSON": ("water.json", json),
    }


def fill(name: str, folder: Path, text: bytes) -> Path:
    """Write a file, what a run has beside it, and return what to read."""
    file, _ = texts()[name]
    (folder / file).write_bytes(text)
    if file == "water.phonon":
        (folder / "water.castep").write_bytes(castep())
    return folder / file


def spoiled(name: str, source: random.Random, folder: Path, number: int) -> tuple[str, Path]:
    """Write a spoiled file; return what was done and what to read."""
    done, text = mutations.spoil(source, texts()[name][1], mutations.kinds(name), number)
    return done, fill(name, folder, text)


@functools.cache
def _true(name: str) -> Calculation:
    with tempfile.TemporaryDirectory() as folder:
        return read_calculation(fill(name, Path(folder), texts()[name][1]))


def attempt_calculation(name: str, path: Path, *, only_cut: bool) -> bool:
    """Read a calculation; True for a result, False for a refusal."""
    try:
        found = read_calculation(path)
    except PerovchemError as error:
        sound(error)
        return False
    look_at(found)
    if only_cut and name not in UNTOLD:  # a cut log is refused, or nothing that matters is missing
        true = _true(name)
        assert found.energy == true.energy, "the cut file gives another energy"
        if found.vibrations is None and true.vibrations is not None:
            assert any("frequencies" in note for note in found.notes), "frequencies are lost in silence"
        elif found.vibrations is not None and true.vibrations is not None:
            assert np.array_equal(found.positions, true.positions), "the cut file gives another structure"
            same = np.array_equal(found.vibrations.wavenumbers, true.vibrations.wavenumbers)
            assert same or any("LO-TO split" in note for note in found.notes), (
                "the cut file gives other modes"
            )
    return True


def look_at(found: Calculation) -> None:
    """Whatever is read fits together."""
    assert np.isfinite(found.energy)
    assert found.positions.shape == (len(found.species), 3)
    assert found.multiplicity >= 1
    assert isinstance(found.charge, int)
    assert found.energy_label
    assert str(found.level)
    assert repr(found)
    assert all(isinstance(note, str) and len(note) < 2000 for note in found.notes)
    vibrations = found.vibrations
    if vibrations is not None:
        assert np.isfinite(vibrations.wavenumbers).all()
        assert np.isfinite(vibrations.masses).all()
        assert abs(vibrations.weights.sum() - 1) < 1e-9
        for held in (vibrations.displacements, vibrations.hessian):
            assert held is None or np.isfinite(held).all()
        assert all(0 <= atom < len(found.species) for atom in vibrations.moved)
