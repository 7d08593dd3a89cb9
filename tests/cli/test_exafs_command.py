"""The command exafs as a chemist calls it: numbers, files, exit codes."""

from __future__ import annotations

import json

import pytest
from builders_exafs import feff_file


def document(typed, *arguments) -> dict:
    code, out, err = typed("exafs", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_json_of_the_cubic_perovskite(typed) -> None:
    """By symmetry: six Cl at a/2 = 2.8025 Å."""
    found = document(typed, "CsPbCl3_cubic", "--pair", "Pb-Cl")
    (row,) = found["results"]
    pair = row["pairs"]["Pb-Cl"]
    assert pair["coordination_number"]["value"] == 6
    assert pair["real"]["mean_distance"]["value"] == pytest.approx(5.605 / 2, abs=1e-6)
    assert pair["real"]["variance"]["value"] == pytest.approx(0, abs=1e-12)
    assert pair["real"]["skewness"]["value"] is None
    assert pair["peak_phase_corrected"]["position"]["value"] == pytest.approx(5.605 / 2, abs=0.02)
    assert pair["peak_uncorrected"]["position"]["value"] < 2.5
    assert found["units"]["variance"] == "Å2"
    assert found["settings"]["definitions"]["effective"]
    assert found["settings"]["k_range"] == [3, 12]


def test_two_solutions_share_cutoffs_and_are_compared(typed, tmp_path) -> None:
    arguments = (
        "2me_solution", "gbl_solution", "--pair", "Pb-O", "--pair", "Pb-I", "--pair", "Pb-O(MA)", "--discard", "7ps",
        "--label", "A", "--label", "B",
    )  # fmt: skip
    code, _, err = typed("exafs", *arguments)
    assert code == 2
    assert "no O in MA" in err
    arguments = tuple(word for k, word in enumerate(arguments) if k not in (6, 7))
    found = document(typed, *arguments, "-o", tmp_path / "out")
    one, other = found["results"]
    for pair in ("Pb-O", "Pb-I"):
        assert one["pairs"][pair]["cutoff"] == other["pairs"][pair]["cutoff"]
    assert one["differences_from_first"] == []
    differences = other["differences_from_first"]
    assert {(d["pair"], d["measure"]) for d in differences} == {
        (pair, measure)
        for pair in ("Pb-O", "Pb-I")
        for measure in ("mean_distance", "effective_distance", "peak_uncorrected")
    }
    for difference in differences:
        assert difference["verdict"] in ("shorter", "longer", "undecided")
        if difference["measure"] == "mean_distance":
            values = [
                row["pairs"][difference["pair"]]["real"]["mean_distance"]["value"] for row in (one, other)
            ]
            assert difference["value"] == pytest.approx(values[0] - values[1])
    assert any(sentence.startswith("A: ") for sentence in found["warnings"])  # the faults of the trajectory
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "exafs.json", "page.html", "transform.png", "fine_structure.svg", "distances.png", "exafs_A.nc",
        "absorption_fine_structure_B.csv", "transform_A.csv",
    } <= written  # fmt: skip
    from h5netcdf.legacyapi import Dataset

    with Dataset(tmp_path / "out" / "exafs_A.nc") as file:
        assert file["chi"].shape == (2, len(file["wavenumber"]))
        assert file["magnitude_corrected"].shape == (2, len(file["distance"]))


def test_the_table(typed) -> None:
    code, out, err = typed("exafs", "gbl_solution", "--pair", "Pb-I", "--discard", "7ps", "--k-weight", "3")
    assert code == 0, err
    assert "First shells" in out
    assert "What the cutoff does" in out
    assert "k-weight 3" in out
    assert "g/cm3" in out
    assert "Bonds compared" not in out


def test_own_paths_and_none(typed, tmp_path) -> None:
    path = tmp_path / "feff0007.dat"
    path.write_text(feff_file(number=17, symbol="Cl", distance=2.8))
    found = document(typed, "CsPbCl3_cubic", "--pair", "Pb-Cl", "--feff", f"Pb-Cl={path}")
    assert found["results"][0]["pairs"]["Pb-Cl"]["path"] == {
        "source": "Feff8L, feff0007.dat",
        "distance": 2.8,
    }
    assert any(one["path"].endswith("feff0007.dat") for one in found["inputs"])
    bare = document(typed, "CsPbCl3_cubic", "--pair", "Pb-Cl", "--no-phases")["results"][0]
    assert bare["pairs"]["Pb-Cl"]["peak_phase_corrected"] is None
    assert bare["pairs"]["Pb-Cl"]["peak_uncorrected"]["position"]["value"] == pytest.approx(2.8025, abs=0.01)
    assert bare["peaks_uncorrected"] == {"first_shells": None, "all": None}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--pair", "Pb-Br"), 2, "no Br"),
        (("--pair", "Cl-Pb"), 2, "does not begin with the absorber"),
        (("--pair", "Cl-Pb"), 2, "write Pb-Cl"),
        (("--pair", "Pb-Cl", "--k-range", "12", "3"), 2, "k range"),
        (("--pair", "Pb-Cl", "--feff", "feff0001.dat"), 2, "write NAME=VALUE"),
        (("--pair", "Pb-Cl", "--feff", "Pb-Cl=nowhere.dat"), 1, "no such file"),
    ],
)
def test_faults(typed, arguments, code, words) -> None:
    found, out, err = typed("exafs", "CsPbCl3_cubic", *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert "Fix: " in err


def test_an_empty_shell(typed, tmp_path) -> None:
    """No Pb touches another: nothing is undefined as 0, and nothing fails to be drawn."""
    code, out, err = typed("exafs", "gbl_solution", "--pair", "Pb-Pb", "--stop", "5", "-o", tmp_path / "out")
    assert code == 0, err
    assert "0.00*" in out
    row = json.loads((tmp_path / "out" / "exafs.json").read_text())["results"][0]["pairs"]["Pb-Pb"]
    assert row["real"]["mean_distance"]["value"] is None
    assert row["peak_uncorrected"] is None
