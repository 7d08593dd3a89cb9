"""The command as a chemist types it: numbers, files, exit codes."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = {
    "input", "n_frames", "density", "concentration", "bond_lengths", "cutoffs", "mean_coordination_number", "volume",
    "sharing", "links_per_center", "cluster_sizes", "network_dimension", "speciation",
}  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perovchem", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def read_table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def document(*arguments: str) -> dict:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_json_of_the_cubic_perovskite() -> None:
    found = document("coordination", "CsPbCl3_cubic", "--ligand", "Cl")
    assert found.keys() == {"perovchem", "command", "inputs", "settings", "results", "units", "warnings"}
    (row,) = found["results"]
    assert row.keys() >= KEYS
    # by symmetry: an octahedron with ligands at a/2, six corner links, a network in three directions
    assert row["mean_coordination_number"] == 6
    assert row["volume"]["mean"] == pytest.approx(5.605**3 / 6, rel=1e-12)
    assert row["links_per_center"] == pytest.approx({"corner": 6, "edge": 0, "face": 0})
    assert row["network_dimension"] == 3
    assert row["bond_lengths"]["Pb-Cl"]["mean"] == pytest.approx(5.605 / 2, abs=1e-12)
    assert row["bond_lengths"]["Pb-Cl"]["standard_error"] is None  # one frame knows no error
    # one formula unit in a^3
    assert row["concentration"] == pytest.approx(1e27 / 6.02214076e23 / 5.605**3)
    assert found["units"]["volume"] == "Å3"
    assert len(found["inputs"][0]["sha256"]) == 64


def test_compared_runs_share_their_cutoffs(tmp_path) -> None:
    found = document(
        "coordination", "2me_solution", "gbl_solution", "--ligand", "I", "--ligand", "O", "--discard", "6ps"
    )
    one, other = found["results"]
    assert one["cutoffs"] == other["cutoffs"]
    assert any("density" in sentence for sentence in found["warnings"])
    assert any("machine-learned potential" in sentence for sentence in found["warnings"])
    assert sum("Langevin thermostat" in sentence for sentence in found["warnings"]) == 1  # of both runs
    for row in found["results"]:
        assert sum(row["sharing"].values()) == pytest.approx(1)
        assert sum(row["speciation"]["by_element"].values()) == pytest.approx(1)


def test_folder_of_results(tmp_path) -> None:
    done = run(
        "coordination", "gbl_solution", "--cutoff", "Pb-I=4.0", "--cutoff", "O-Pb=3.2", "--discard", "7ps", "-o",
        str(tmp_path / "new" / "results"), "--label", "GBL, 300 K",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "new" / "results"
    names = {path.name for path in folder.iterdir()}
    figures = (
        "distributions", "bond_lengths", "coordination_numbers", "sharing", "survival", "stays", "structure",
    )  # fmt: skip
    assert names == {
        "coordination.csv", "coordination.json", "per_frame_GBL_300_K.csv", "per_frame_GBL_300_K.nc", "page.html",
        *(f"{figure}.{kind}" for figure in figures for kind in ("png", "svg")),
    }  # fmt: skip
    table = {row["quantity"]: row for row in read_table(folder / "coordination.csv")}
    assert float(table["cutoff Pb-I"]["value"]) == 4.0
    (row,) = json.loads((folder / "coordination.json").read_text(encoding="utf-8"))["results"]
    assert float(table["polyhedron volume"]["value"]) == pytest.approx(row["volume"]["mean"])
    rows = read_table(folder / "per_frame_GBL_300_K.csv")
    assert len(rows) == 3 * row["n_frames"]
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "perovchem coordination gbl_solution --cutoff Pb-I=4.0" in page
    assert (folder / "sharing.png").read_bytes().startswith(b"\x89PNG")


def test_exchange_is_that_of_its_own_command() -> None:
    """Or, where nothing states times, the reason stands in the row and nowhere else."""
    arguments = ("gbl_solution", "--ligand", "I", "--ligand", "O", "--discard", "4ps")
    beside, alone = document("coordination", *arguments), document("exchange", *arguments)
    (row,), (same,) = beside["results"], alone["results"]
    assert row["exchange"] == {key: value for key, value in same.items() if key not in ("input", "label")}
    assert set(row["exchange"]["warnings"]) <= set(row["warnings"])
    assert beside["units"].items() >= alone["units"].items()
    assert "Exchange of ligands" in run("coordination", *arguments).stdout
    crystal = document("coordination", "CsPbCl3_cubic", "--ligand", "Cl")
    assert "single frame" in crystal["results"][0]["exchange"]["refused"]
    assert crystal["warnings"] == []
    assert "xchange" not in run("coordination", "CsPbCl3_cubic", "--ligand", "Cl").stdout


def test_segments_joined_by_plus(tmp_path) -> None:
    from builders_xdatcar_small import cubic_xdatcar

    (tmp_path / "a").write_text(cubic_xdatcar(0, 3))
    (tmp_path / "b").write_text(cubic_xdatcar(3, 2))
    found = document(
        "coordination", f"{tmp_path / 'a'}+{tmp_path / 'b'}", "--ligand", "Cl", "--timestep", "1"
    )
    assert found["results"][0]["n_frames"] == 5
    assert len(found["inputs"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["coordination", "nowhere/XDATCAR"], 1, "no such file"),
        (["coordination", "gbl_solutoin"], 2, "did you mean 'gbl_solution'"),
        (["coordination", "CsPbCl3_cubic", "--ligand", "Br"], 2, "no Br"),
        (["coordination", "CsPbCl3_cubic", "--cutoff", "Pb-Cl"], 2, "NAME=VALUE"),
        (["coordination", "CsPbCl3_cubic", "--cutoff", "Pb-Cl=far"], 2, "no number"),
        (["coordination", "CsPbCl3_cubic", "--cutoff", "Pb-Br=3"], 2, "did you mean 'Pb-Cl'"),
        (["coordination", "CsPbCl3_cubic", "--discard", "much"], 2, "2ps"),
        (["coordination", "CsPbCl3_cubic", "--discard", "1ps"], 1, "--timestep"),
        (["coordination", "CsPbCl3_cubic", "--label", "a", "--label", "b"], 2, "label"),
        (["coordination"], 2, "Missing argument"),
        (["coordinate"], 2, "No such command"),
    ],
)
def test_errors_say_what_and_how_to_mend(arguments, code, words) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_labels_that_give_one_file_name_keep_both_tables(tmp_path) -> None:
    done = run(
        "coordination", "CsPbCl3_cubic", "CsPbCl3_cubic", "--label", "γ", "--label", "$δ$", "-o", str(tmp_path)
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("per_frame_*.csv")} == {
        "per_frame__.csv",
        "per_frame___2.csv",
    }


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path) -> None:
    (tmp_path / "coordination.csv").mkdir()
    done = run("coordination", "CsPbCl3_cubic", "-o", str(tmp_path))
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_warnings_of_compared_runs_name_them() -> None:
    done = run(
        "coordination", "2me_solution", "gbl_solution", "--label", "A", "--label", "B", "--cutoff", "Pb-I=4"
    )
    assert done.returncode == 0
    assert "warning: A: averages begin at frame 0" in done.stderr
    assert "warning: B: averages begin at frame 0" in done.stderr


def test_what_lies_on_the_disk_comes_before_what_is_bundled(tmp_path) -> None:
    from builders_xdatcar_small import cubic_xdatcar

    (tmp_path / "gbl_solution").write_text(cubic_xdatcar(0, 2))
    for command in (["info"], ["coordination", "--ligand", "Cl"]):
        done = subprocess.run(
            [sys.executable, "-m", "perovchem", command[0], "gbl_solution", *command[1:], "--json"],
            cwd=tmp_path, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["results"][0]["n_frames"] == 2
