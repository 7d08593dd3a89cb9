"""What is said about thermostats: every way a run can state its own, and none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from builders_run import MemorySource, walk, xdatcar

import perovchem as pc
from perovchem.frames import Frames, RunMetadata
from perovchem.thermostat import UNKNOWN, thermostat_note

REAL = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REAL is None, reason="PEROVCHEM_REALDATA names no folder of real files")
quiet = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def note(**metadata) -> str | None:
    source = MemorySource(np.zeros((2, 4, 3)), metadata=RunMetadata(**metadata))
    return thermostat_note(Frames(source, np.arange(2)))


def vasp(**settings: str) -> str | None:
    return note(code="VASP", settings={"IBRION": "0", "POTIM": "1.0", **settings})


def test_nothing_stated_is_unknown() -> None:
    assert note() == note(settings={"ENCUT": "400"}) == UNKNOWN
    assert UNKNOWN.startswith("thermostat unknown")


@pytest.mark.parametrize(
    ("text", "friction"),
    [
        # 1/fs is 1000/ps by definition
        ("NVT, Langevin, 300 K, friction .01/fs, 1 fs", "friction of 10 /ps"),
        ("NVT, Langevin, friction 0.001 /fs", "friction of 1 /ps"),
        ("NVT, Langevin, friction 2.5/ps, 300 K", "friction of 2.5 /ps"),
        ("NPT, Langevin", "unknown friction"),
    ],
)
def test_friction_of_an_ensemble_in_words(text: str, friction: str) -> None:
    assert friction in note(ensemble=text)


@pytest.mark.parametrize(
    "text",
    [
        "NVE",
        "NVE after 2 ps with Langevin friction .01/fs",
        "NVT, Nosé-Hoover, 300 K",
        "NVT, CSVR, 300 K, after 2 ps with Langevin friction .01/fs",
        "NVT, Nosé-Hoover chains, equilibrated with an Andersen thermostat",
        "NVT, stochastic velocity rescaling (Bussi); before it, Langevin dynamics, friction .01/fs",
    ],
)
def test_gentle_ensembles_need_no_word(text: str) -> None:
    assert note(ensemble=text) is None


@pytest.mark.parametrize(
    ("gamma", "words"),
    [
        ("10.0 10.0 10.0", "friction of 10 /ps acted: motion slower than 0.1 ps"),
        ("5*1.0", "friction of 1 /ps"),
        ("1d0 2.5", "friction of 1 to 2.5 /ps"),
        ("10. 1 ! per element", "friction of 1 to 10 /ps"),
    ],
)
def test_friction_of_vasp(gamma: str, words: str) -> None:
    assert words in vasp(MDALGO="3", LANGEVIN_GAMMA=gamma)


@pytest.mark.parametrize(
    "settings",
    [
        {},  # SMASS = -3 by default: NVE
        {"SMASS": "-3"},
        {"SMASS": "0"},
        {"MDALGO": "2", "SMASS": "0.5"},
        {"MDALGO": "3"},  # LANGEVIN_GAMMA = 0 by default: NVE
        {"MDALGO": "3", "LANGEVIN_GAMMA": "0 0 0"},
        {"MDALGO": "1", "ANDERSEN_PROB": "0.0"},
        {"MDALGO": "5", "CSVR_PERIOD": "20"},
        {"MDALGO": "2", "LANGEVIN_GAMMA": "10 10"},  # of another thermostat than the one that acts
    ],
)
def test_vasp_that_needs_no_word(settings: dict[str, str]) -> None:
    assert vasp(**settings) is None


def test_vasp_that_redraws_or_rescales() -> None:
    assert "Andersen" in vasp(MDALGO="1", ANDERSEN_PROB="0.1")
    assert "0.1" in vasp(MDALGO="1", ANDERSEN_PROB="0.1")
    assert "0.2" in vasp(MDALGO="11", ANDERSEN_PROB="0.2")  # metadynamics, https://vasp.at/wiki/MDALGO
    assert "0.3" in vasp(MDALGO="13", PSUBSYS="0.0 0.3")
    assert vasp(MDALGO="21", ANDERSEN_PROB="0.2") is None  # metadynamics with Nosé-Hoover
    assert "rescaled" in vasp(SMASS="-1")


def test_castep() -> None:
    """A relaxation time of .1 ps is a friction of 10 /ps."""
    table = {"ensemble": "NVT", "using": "Langevin thermostat", "with characteristic ionic time": "0.1 ps"}
    assert "friction of 10 /ps" in note(code="CASTEP", settings=table)
    table |= {"using": "Nose-Hoover chain thermostat"}
    assert note(code="CASTEP", settings=table) is None
    assert note(code="CASTEP", settings={"ensemble": "NVE"}) is None


# where it is found ----------------------------------------------------------------------------------------------


@quiet
def test_an_incar_beside_the_trajectory(tmp_path: Path) -> None:
    (tmp_path / "XDATCAR").write_text(xdatcar(walk(4)))
    assert thermostat_note(pc.read_frames(tmp_path / "XDATCAR")) == UNKNOWN
    (tmp_path / "INCAR").write_text("IBRION = 0\nPOTIM = 2\nMDALGO = 3\nLANGEVIN_GAMMA = 4 4\n")
    for name in (tmp_path, tmp_path / "XDATCAR"):
        assert "friction of 4 /ps" in thermostat_note(pc.read_frames(name))
    (tmp_path / "INCAR").write_text("nothing here")
    assert thermostat_note(pc.read_frames(tmp_path / "XDATCAR")) == UNKNOWN


@quiet
def test_segments_with_and_without_friction(tmp_path: Path) -> None:
    for name, start, extra in (
        ("run_1", 0, "MDALGO = 3\nLANGEVIN_GAMMA = 4\n"),
        ("run_2", 4, "SMASS = -3\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "XDATCAR").write_text(xdatcar(walk(8)[start : start + 4]))
        (tmp_path / name / "INCAR").write_text("IBRION = 0\nPOTIM = 2\n" + extra)
    assert "friction of 4 /ps" in thermostat_note(pc.read_frames(tmp_path))
    (tmp_path / "run_1" / "INCAR").unlink()
    assert thermostat_note(pc.read_frames(tmp_path)) == UNKNOWN


@quiet
def test_bundled_solutions_state_their_friction() -> None:
    for name in ("gbl_solution", "2me_solution"):
        assert "friction of 10 /ps" in thermostat_note(pc.read_frames(name))


@real
@quiet
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("castep/N2_md.md", "friction of 10 /ps"),  # its .castep: Langevin, .1 ps
        ("castep/N2_md.castep", "friction of 10 /ps"),
        ("castep/al2o3_aimd.md.gz", "friction of 10 /ps"),
        ("castep/Si8_md.md", None),
    ],
)
def test_castep_runs(name: str, words: str | None) -> None:
    found = thermostat_note(pc.read_frames(Path(str(REAL)) / name))
    assert (found is None) if words is None else (words in found)
