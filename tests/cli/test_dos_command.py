"""``perovchem dos``: tables, JSON, files; several runs; what it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders_castep_bands import castep_pdos, write_castep_bands
from builders_state_density import levels_as_curves, vasprun_dos
from scipy.stats import norm

KPOINTS = np.array([[0, 0, 0], [0.25, 0, 0], [0.25, 0.25, 0], [0.25, 0.25, 0.25]])
LEVELS = np.array([-4.0, -2, -1, 1.25, 2, 3]) + 0.05 * np.arange(4)[:, None]
"""Filled up to -1 + .15, empty from 1.25: a gap of 2.10 eV."""


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Return a CASTEP .bands with .pdos_bin, and a folder of VASP whose curve has a gap of 1.5 eV."""
    weights = np.array([1, 6, 12, 8]) / 27
    bands = write_castep_bands(
        tmp_path / "seed.bands", np.eye(3) * 5, KPOINTS, LEVELS, 6.0, weights=weights, species=("Pb",)
    )
    shares = np.tile([0.6, 0.1, 0.1, 0.1], (1, 4, 6, 1))
    (tmp_path / "seed.pdos_bin").write_bytes(castep_pdos(KPOINTS, shares, [(1, 1, 0)] + [(1, 1, 1)] * 3))
    (tmp_path / "run").mkdir()
    energies = np.linspace(-5, 5, 1001)
    total, integrated = levels_as_curves([-1.0, 0.5], energies, 0.02, 2.0)
    text = vasprun_dos(energies, total[None], integrated[None], np.ones((1, 1, 1001, 9)), electrons=2.0)
    (tmp_path / "run" / "vasprun.xml").write_text(text)
    return [bands, tmp_path / "run"]


def test_table_json_and_files(
    runs: list[Path], typed: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, out, _ = typed("dos", *runs, "--label", "castep", "--label", "vasp", "--output", tmp_path / "out")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("castep "))
    assert row.split()[:4] == ["castep", "2.100", "6", "6.00"]
    found = json.loads((tmp_path / "out" / "dos.json").read_text())
    castep, vasp = found["results"]
    assert castep["gap"] == pytest.approx(2.1, abs=1e-6)
    assert castep["channels"] == ["Pb s", "Pb p"]
    assert castep["occupied"] == pytest.approx([3.6, 1.8], abs=0.01)
    tails = 2 * 0.02 * norm.isf(0.005)  # what the smearing hides
    assert vasp["gap"] == pytest.approx(1.5 - tails, abs=0.021)
    assert found["units"]["total"] == "1/eV"
    assert {Path(one["path"]).name for one in found["inputs"]} >= {"vasprun.xml"}
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "density_of_states.png",
        "density_of_states_castep.csv",
        "density_of_states_vasp.nc",
        "page.html",
    } <= names


def test_options(runs: list[Path], typed: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = typed("dos", runs[0], "--broadening", 0.2, "--zero", "none", "--json")
    assert code == 0
    (found,) = json.loads(out)["results"]
    assert found["broadening"] == 0.2
    assert found["zero_energy"] == 0
    assert found["vbm"] == pytest.approx(-0.85, abs=1e-6)
    assert typed("dos", runs[0], "--zero", "cbm")[0] == 2
    assert typed("dos", runs[0], "--window", 3, 1)[0] == 2
    assert typed("dos", runs[0], "--broadening", -1)[0] == 2


def test_a_path_is_refused_in_one_paragraph(
    tmp_path: Path, typed: Callable[..., tuple[int, str, str]]
) -> None:
    line = np.linspace([0, 0, 0], [0.5, 0, 0], 9)
    path = write_castep_bands(tmp_path / "seed.bands", np.eye(3) * 5, line, np.tile(LEVELS[0], (9, 1)), 6.0)
    code, out, told = typed("dos", path)
    assert code == 1
    assert out == ""
    assert "needs a mesh of k-points" in told
    assert "Traceback" not in told
