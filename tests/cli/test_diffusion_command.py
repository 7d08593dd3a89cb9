"""The command as a chemist types it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from builders_run import xdatcar


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "perovchem", "diffusion", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """Two XDATCAR of one Pb and three I in a 10 Å cube: D = 1/6 and 1/24 Å2 per frame."""
    folder = tmp_path_factory.mktemp("walks")
    for name, size in (("fast", 1.0), ("slow", 0.5)):
        steps = np.random.default_rng(0).normal(0, size / np.sqrt(3), (1500, 4, 3))
        (folder / name).mkdir()
        (folder / name / "XDATCAR").write_text(xdatcar(np.cumsum(steps, axis=0) / 10 % 1))
    return folder


def test_compared_runs_give_their_coefficients(walks, tmp_path) -> None:
    arguments = [
        str(walks / "fast/XDATCAR"),
        str(walks / "slow/XDATCAR"),
        "--of",
        "I",
        "--timestep",
        "1",
        "--keep-drift",
    ]
    arguments += ["--label", "fast", "--label", "slow", "--viscosity", "1", "--temperature", "300"]
    done = run(*arguments, "--json", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    fast, slow = (row["diffusion"][0] for row in document["results"])
    for one, true in ((fast, 1e-5 / 6), (slow, 1e-5 / 24)):
        assert one["of"] == "I" and one["verdict"] == "diffusive" and one["n_particles"] == 3
        assert one["diffusion_coefficient"] == pytest.approx(true, abs=4 * one["standard_error"])
        assert one["corrected_diffusion_coefficient"] > one["diffusion_coefficient"]
    assert document["units"]["diffusion_coefficient"] == "m2/s"
    assert document["settings"]["definitions"]["interval"]
    assert {"diffusion.json", "diffusion.csv", "msd_fast_I.csv", "msd.png", "msd.svg", "page.html"} <= {
        path.name for path in tmp_path.iterdir()
    }
    rows = list(csv.DictReader((tmp_path / "diffusion.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["run"] for row in rows] == ["fast", "slow"]
    assert float(rows[0]["diffusion_coefficient_m2_s"]) == pytest.approx(
        fast["diffusion_coefficient"], rel=1e-6
    )


def test_table_says_units_range_and_verdict(walks) -> None:
    done = run(str(walks / "fast/XDATCAR"), "--timestep", "1", "--from", "0.01", "--to", "0.2")
    assert done.returncode == 0, done.stderr
    for words in ("D (m2/s)", "D (Å2/fs)", "fitted lags (ps)", "Pb", "I", "±"):
        assert words in done.stdout


def test_the_bundled_solutions_carry_their_thermostat() -> None:
    done = run("2me_solution", "--of", "Pb", "--of", "MA", "--discard", "4ps", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert any("Langevin" in note for note in document["warnings"])
    assert [one["of"] for one in document["results"][0]["diffusion"]] == ["Pb", "MA"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["2me_solution", "--of", "Pbb"], 2, "did you mean 'Pb'"),
        (["2me_solution", "--of", "Pb", "--from", "99"], 2, "three of the lags"),
        (["2me_solution", "--of", "Pb", "--viscosity", "1"], 1, "--temperature"),
        (["2me_solution", "--of", "Pb", "--viscosity", "-1", "--temperature", "300"], 2, "above 0"),
        (["CsPbCl3_cubic", "--of", "Pb"], 1, "--timestep"),
    ],
)
def test_errors_say_what_and_how_to_mend(arguments, code, words) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
