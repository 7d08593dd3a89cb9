"""A .geom as a trajectory of geometry steps, against the .castep of the run; and which of a folder's files counts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_castep import geom_text, md_run, numbers
from builders_castep_frames import bfgs_log, geometries, md_log

from perovchem.errors import InputError
from perovchem.frames import Frames
from perovchem.readers.castep_frames import CastepFrames, open_castep_frames
from perovchem.readers.castep_md import open_castep_md
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.run import open_run
from perovchem.units import BOHR, GPA, HARTREE

REALDATA = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REALDATA is None, reason="PEROVCHEM_REALDATA is not set")
pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def test_every_quantity_of_a_step(tmp_path):
    """Energy -1 - n, enthalpy -1.5 - n, forces half the positions, all hartree and bohr; stress as in a .md."""
    random = np.random.default_rng(3)
    cells, places = 12 * np.eye(3) + random.uniform(-1, 1, (3, 3, 3)), random.uniform(0, 9, (3, 2, 3))
    stress = np.array([[1e-4, 2e-5, 0], [2e-5, -3e-4, 1e-5], [0, 1e-5, 2e-4]])
    lines = geom_text(("Pb", "Br"), cells, places).decode().split("\n")
    out: list[str] = []
    for line in lines:
        if line.endswith("<-- R") and out[-1].endswith("<-- h"):
            out += [numbers(row, "S") for row in stress]
        out.append(line)
    path = tmp_path / "seed.geom"
    path.write_text("\n".join(out))
    frames = open_run(path)
    assert (frames.n_frames, frames.times) == (3, None)
    assert frames.positions == pytest.approx(places * BOHR, rel=1e-15)
    assert frames.cells == pytest.approx(cells * BOHR, rel=1e-15)
    assert frames.forces == pytest.approx(0.5 * places * HARTREE / BOHR, rel=1e-15)
    assert frames.stress == pytest.approx(np.broadcast_to(stress, (3, 3, 3)) * HARTREE / BOHR**3, rel=1e-15)
    count = np.arange(3)
    assert frames.scalars["free_energy"] == pytest.approx((-1.0 - count) * HARTREE, rel=1e-15)
    assert frames.scalars["enthalpy"] == pytest.approx((-1.5 - count) * HARTREE, rel=1e-15)
    assert frames.source.steps.tolist() == [0, 1, 2]
    assert open_run(path, timestep=1.0).times is None


@real
def test_geom_and_castep_of_one_run():
    """The iterations of the .geom are the geometries that the log says were finished."""
    assert REALDATA is not None
    folder = Path(REALDATA) / "castep"
    geom = open_castep_md(open_bytes(folder / "H2_geom.geom"))
    log = open_castep_frames(open_bytes(folder / "H2_geom.castep"))
    finished = np.flatnonzero(np.isfinite(log.scalars()["enthalpy"]))
    steps = np.arange(geom.n_frames)
    assert len(finished) == geom.n_frames == 5
    assert geom.steps.tolist() == steps.tolist()
    apart = log.coordinates(finished, None) - Frames(geom, steps).fractional_positions
    assert np.abs(apart - np.rint(apart)).max() < 5.1e-7  # six decimals are printed
    assert log.cells(finished) == pytest.approx(geom.cells(steps), rel=2e-8)
    assert log.array("forces", finished, None) == pytest.approx(geom.array("forces", steps, None), abs=6e-6)
    # nine digits of the enthalpy are printed, and CASTEP's hartree is of CODATA 2010 or before: 5e-8 apart
    assert log.scalars()["enthalpy"][finished] == pytest.approx(geom.scalars()["enthalpy"], rel=7e-8)
    assert log.scalars()["energy"][finished] == pytest.approx(geom.scalars()["free_energy"], rel=7e-8)


# folders ------------------------------------------------------------------------------------------------------


def folder_with(folder: Path, **files: bytes) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_bytes(text)
    return folder


def md_text(n_frames: int) -> bytes:
    """Return a .md with the same atoms as md_log(), 2 fs a step."""
    return md_run(("Pb", "I", "I", "Cs"), n_frames, timestep=2 * 41.341373432260909).text()


def test_md_before_castep(tmp_path):
    frames = open_run(folder_with(tmp_path, seed_md=md_text(4), seed_castep=md_log(4).text()))
    assert [path.name for path in frames.source.files] == ["seed.md"]
    assert any("read from seed.md" in warning for warning in frames.warnings)


def test_castep_where_it_covers_more(tmp_path):
    frames = open_run(folder_with(tmp_path, seed_md=md_text(4), seed_castep=md_log(6).text()))
    assert [path.name for path in frames.source.files] == ["seed.castep"]
    assert frames.n_frames == 6
    assert any("seed.md holds 4" in warning for warning in frames.warnings)


def test_castep_of_another_system_is_no_rival(tmp_path):
    other = md_log(6, ("Pb", "I", "I", "I"))
    frames = open_run(folder_with(tmp_path, seed_md=md_text(4), seed_castep=other.text()))
    assert [path.name for path in frames.source.files] == ["seed.md"]


@pytest.mark.parametrize(("n_frames", "chosen"), [(3, "seed.geom"), (2, "seed.castep")])
def test_geom_before_castep_unless_iterations_lack(tmp_path, n_frames, chosen):
    """Three iterations were finished in the log."""
    random = np.random.default_rng(0)
    geom = geom_text(
        ("H", "O"), np.array([np.eye(3) * 12] * n_frames), random.uniform(0, 9, (n_frames, 2, 3))
    )
    frames = open_run(folder_with(tmp_path, seed_geom=geom, seed_castep=bfgs_log().text()))
    assert [path.name for path in frames.source.files] == [chosen]


def test_castep_alone(tmp_path):
    assert open_run(folder_with(tmp_path, seed_castep=md_log(3).text())).n_frames == 3
    (tmp_path / "other.castep").write_bytes(md_log(3).text())
    with pytest.raises(InputError, match="equally good"):
        open_run(tmp_path)


def test_single_points_come_last(tmp_path):
    """A structure in the folder is as good as before; without one, the single point is read."""
    log = md_log(1)
    single = replace(
        log,
        steps=(replace(geometries(1, log.labels)[0], cell=None),),
        task="single point energy",
        timestep=None,
    )
    folder_with(tmp_path, seed_castep=single.text())
    frames = open_run(tmp_path)
    assert isinstance(frames.source, CastepFrames)
    assert frames.stress[0] == pytest.approx(single.steps[0].stress / GPA)
    (tmp_path / "POSCAR").write_text("x\n1.0\n5 0 0\n0 5 0\n0 0 5\nPb\n1\nDirect\n0 0 0\n")
    assert open_run(tmp_path).source.format == "POSCAR"
