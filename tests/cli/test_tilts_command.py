"""The command tilts on bundled crystals and a run."""

import json


def test_run_with_folder(typed, tmp_path) -> None:
    code, out, _ = typed(
        "tilts", "cspbbr3_crystal", "--discard", "5ps", "--stride", "5", "-o", tmp_path / "found"
    )
    assert code == 0
    assert "tilt system" in out and "halide hops" in out
    assert {path.name for path in (tmp_path / "found").iterdir()} >= {
        "page.html", "tilts.json", "tilts.png", "tilts_cspbbr3_crystal.csv", "tilts_cspbbr3_crystal.nc",
    }  # fmt: skip


def test_crystals_side_by_side(typed) -> None:
    code, out, _ = typed("tilts", "CsPbBr3_Pbnm", "CsPbCl3_cubic", "--json")
    found = json.loads(out)
    assert code == 0
    assert [row["glazer"]["symbol"] for row in found["results"]] == ["a-a-c+", "a0a0a0"]
    assert found["units"]["tilt"] == "degree"
    assert found["results"][1]["hop_rate"]["value"] is None  # without times


def test_a_cation_needs_its_axis(typed) -> None:
    code, _, err = typed("tilts", "CsPbCl3_cubic", "--molecule", "MA")
    assert code == 2
    assert "--molecule MA --axis C-N" in err


def test_solutions_have_no_tilts(typed) -> None:
    code, _, err = typed("tilts", "gbl_solution", "--start", "400", "--stride", "50")
    assert code == 2
    assert "corner-sharing" in err


def test_compared_runs_share_their_cutoffs(typed) -> None:
    """One cutoff of like runs, measured on both together; a crystal of another halide has its own."""
    code, out, _ = typed("tilts", "CsPbBr3_Pbnm", "CsPbBr3_cubic", "CsPbCl3_cubic", "--json")
    assert code == 0
    one, other, chloride = (row["cutoffs"] for row in json.loads(out)["results"])
    assert one == other and set(one) == {"Pb-Br"} and set(chloride) == {"Pb-Cl"}


def test_a_cutoff_of_no_pair_is_refused(typed) -> None:
    code, _, err = typed("tilts", "CsPbBr3_Pbnm", "CsPbCl3_cubic", "--cutoff", "Pb-Bt=4")
    assert code == 2
    assert "'Pb-Br'" in err
