"""The command as a chemist types it: numbers, files, exit codes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perovchem", "exchange", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_compared_runs_with_files(tmp_path) -> None:
    done = run(
        "2me_solution", "gbl_solution", "--label", "2-ME", "--label", "GBL", "--discard", "4ps", "--by", "molecule",
        "--json", "-o", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == {"perovchem", "command", "inputs", "settings", "results", "units", "warnings"}
    assert found["command"] == "exchange"
    one, other = found["results"]
    assert (one["label"], one["input"]) == ("2-ME", "2me_solution")
    assert set(one["kinetics"]) == {"Pb-I", "Pb-2-ME"} and set(other["kinetics"]) == {"Pb-I", "Pb-GBL"}
    assert one["thresholds"] == other["thresholds"]  # measured on both together
    assert one["discarded_frames"] == 800  # 4 ps, a frame every 5 fs
    for row in found["results"]:
        for kind in row["kinetics"].values():
            assert (
                kind["residence_time"] is None or kind["residence_time_interval"][0] < kind["residence_time"]
            )
            assert kind["associations"] >= kind["exchanges"] and kind["dissociations"] >= kind["exchanges"]
    assert found["units"]["residence_time"] == "ps" and found["units"]["escape_rate"] == "1/ps"
    assert any("friction of 10 /ps" in sentence for sentence in found["warnings"])
    assert any("2-ME: Pb-I: the run is too short" in sentence for sentence in found["warnings"])
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {
        "exchange.json", "survival.csv", "stays.csv", "survival.png", "survival.svg", "stays.png", "stays.svg",
    }  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "survival.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["run"] for row in rows} == {"2-ME", "GBL"}
    assert all(float(row["value"]) == 1 for row in rows if float(row["lag_ps"]) == 0)
    stays = list(csv.DictReader((tmp_path / "stays.csv").read_text(encoding="utf-8").splitlines()))
    lost = sum(row["run"] == "2-ME" and row["bond"] == "Pb-I" and row["end_seen"] == "True" for row in stays)
    assert lost == one["kinetics"]["Pb-I"]["dissociations"]


def test_table_shows_times_or_bounds() -> None:
    done = run(
        "gbl_solution", "--cutoff", "Pb-I=4.2", "--cutoff", "Pb-O=3.2", "--hysteresis", ".8", "--stride", "5"
    )
    assert done.returncode == 0, done.stderr
    lines = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert "ps" in lines["Pb-I, residence time"]
    assert "Pb-I: bound within 4.20 Å, lost beyond 5.00 Å" in done.stdout
    assert "Pb-O, stable states" in lines


def test_hysteresis_per_pair() -> None:
    done = run(
        "gbl_solution",
        "--ligand",
        "I",
        "--cutoff",
        "Pb-I=4.2",
        "--hysteresis",
        "Pb-I=3.9:5.1",
        "--stride",
        "9",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    limit = json.loads(done.stdout)["results"][0]["thresholds"]["Pb-I"]
    assert (limit["reactant"], limit["cutoff"], limit["product"]) == (3.9, 4.2, 5.1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere/XDATCAR"], 1, "no such file"),
        (["CsPbCl3_cubic", "--ligand", "Cl"], 1, "--timestep"),
        (["gbl_solution", "--by", "molecules"], 2, "did you mean 'molecule'"),
        (["gbl_solution", "--ligand", "I", "--hysteresis", "wide"], 2, "PAIR=REACTANT:PRODUCT"),
        (["gbl_solution", "--ligand", "I", "--hysteresis", "Pb-I=4"], 2, "PAIR=REACTANT:PRODUCT"),
        (["gbl_solution", "--ligand", "I", "--hysteresis", "Pb-J=3:5"], 2, "did you mean 'Pb-I'"),
        (["gbl_solution", "--ligand", "I", "--tolerance", "-1"], 2, "tolerance"),
        (["gbl_solution", "--ligand", "I", "--start", "0", "--stop", "1"], 2, "give a trajectory"),
    ],
)
def test_errors_say_what_and_how_to_mend(arguments, code, words) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
