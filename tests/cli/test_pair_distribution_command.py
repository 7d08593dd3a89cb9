"""The commands rdf and orientation as a chemist calls them: numbers, files, exit codes."""

import csv
import json
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perovchem", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def document(*arguments: str) -> dict:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_json_of_the_cubic_perovskite() -> None:
    """By symmetry: six Cl at a/2 = 2.8025 Å, twelve Cl around Cl at a/√2 of which eight on the same octahedra."""
    found = document("rdf", "CsPbCl3_cubic", "--pair", "Pb-Cl", "--pair", "Cl-Cl", "--range", "0", "5.4")
    (row,) = found["results"]
    pair = row["pairs"]["Pb-Cl"]
    assert pair["coordination_number"] == 6
    assert pair["coordination_number_standard_error"] is None  # one frame knows no error
    assert pair["highest_maximum"]["distance"] == pytest.approx(5.605 / 2, abs=0.025)
    assert sum(pair["pair_distribution"]) > 0
    assert row["pairs"]["Cl-Cl"]["running_coordination"][-1] == 8
    assert found["settings"]["range"] == [0, 5.4]
    assert found["units"]["distances"] == "Å"
    assert "pair_distribution" in found["settings"]["definitions"]


def test_compared_runs_share_range_and_first_minimum() -> None:
    found = document(
        "rdf", "2me_solution", "gbl_solution", "--pair", "Pb-O", "--pair", "Pb-I", "--discard", "6ps", "--label", "A", "--label", "B"
    )  # fmt: skip
    one, other = found["results"]
    assert one["range"] == other["range"]
    for pair in ("Pb-O", "Pb-I"):
        assert one["pairs"][pair]["first_minimum"] == other["pairs"][pair]["first_minimum"]
    assert any(sentence.startswith("A: ") for sentence in found["warnings"])
    # the coordination command counts the same bonds with the same cutoffs
    shells = document(
        "coordination", "2me_solution", "gbl_solution", "--ligand", "I", "--ligand", "O", "--discard", "6ps"
    )
    for row, shell in zip(found["results"], shells["results"], strict=True):
        total = sum(row["pairs"][pair]["coordination_number"] for pair in ("Pb-O", "Pb-I"))
        assert total == pytest.approx(shell["mean_coordination_number"], abs=0.02)  # linear within a bin


def test_structure_factors_and_intermolecular_pairs() -> None:
    found = document(
        "rdf", "gbl_solution", "--pair", "O-O", "--discard", "7ps", "--intermolecular", "--structure-factor", "--cutoff", "O-O=4"
    )  # fmt: skip
    (row,) = found["results"]
    assert row["intramolecular"] is False
    assert row["pairs"]["O-O"]["first_minimum"] == {"value": 4, "source": "given"}
    closest = next(
        r
        for r, g in zip(
            row["pairs"]["O-O"]["distances"], row["pairs"]["O-O"]["pair_distribution"], strict=True
        )
        if g
    )
    assert closest > 2.3  # the two O of a lactone stand 2.2 Å apart
    assert row["structure_factors"]["faber_ziman"].keys() == {"O-O"}


def test_structure_factors_of_selections() -> None:
    found = document("rdf", "CsPbCl3_cubic", "--pair", "Pb-Cl(Cl)", "--structure-factor")
    assert found["results"][0]["structure_factors"]["faber_ziman"].keys() == {"Cl-Cl", "Cl-Pb", "Pb-Pb"}


def test_orientation_refuses_what_the_run_cannot_tell() -> None:
    found = document("orientation", "gbl_solution", "--molecule", "MA", "--axis", "C-N", "--discard", "4ps")
    (row,) = found["results"]
    assert row["n_molecules"] == 3
    one = row["correlations"]["C1"]
    assert one["decay_time"] is None
    assert 0 < one["lower_bound"] < 3.6
    assert one["values"][0] == pytest.approx(1)
    assert any("friction of 10 /ps" in sentence for sentence in found["warnings"])
    assert found["units"]["integral_time"] == "ps"


def test_tables_for_people() -> None:
    done = run("rdf", "gbl_solution", "--pair", "Pb-I", "--discard", "7ps")
    assert "Pb-I coordination number" in done.stdout
    assert "first minimum of Pb-I" in done.stdout
    done = run("orientation", "gbl_solution", "--molecule", "GBL", "--axis", "O-O", "--discard", "6ps")
    assert "C2 integral time" in done.stdout
    assert "> " in done.stdout


def test_folders_of_results(tmp_path) -> None:
    done = run(
        "rdf", "gbl_solution", "--pair", "Pb-I", "--discard", "7ps", "--structure-factor", "-o", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {
        "rdf.json", "pair_distribution_gbl_solution.csv", "structure_factor_gbl_solution.csv", "pair_distribution.png",
        "pair_distribution.svg", "structure_factor.png",
    }  # fmt: skip
    text = (tmp_path / "pair_distribution_gbl_solution.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert sum(int(row["counts"]) for row in rows) > 0
    done = run(
        "orientation",
        "gbl_solution",
        "--molecule",
        "MA",
        "--axis",
        "C-N",
        "--discard",
        "7ps",
        "-o",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "orientation.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["rdf", "CsPbCl3_cubic"], 2, "--pair"),
        (["rdf", "CsPbCl3_cubic", "--pair", "Pb-Br"], 2, "no Br"),
        (["rdf", "CsPbCl3_cubic", "--pair", "Pb"], 2, "cannot read the pair"),
        (["rdf", "CsPbCl3_cubic", "--pair", "Pb-Cl", "--range", "0", "99"], 2, "range"),
        (["rdf", "CsPbCl3_cubic", "--pair", "Pb-Cl", "--cutoff", "Pb-Cl"], 2, "NAME=VALUE"),
        (["orientation", "CsPbCl3_cubic", "--molecule", "MA", "--axis", "C-N"], 1, "is a single frame"),
        (
            ["orientation", "gbl_solution", "--molecule", "FA", "--axis", "N-N"],
            2,
            "no molecule is called 'FA'",
        ),
    ],
)
def test_errors_say_what_and_how_to_mend(arguments, code, words) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["rdf", "orientation"])
def test_help_reads_well(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
