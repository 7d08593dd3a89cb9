"""The command pmf on bundled runs."""

import json
import math


def test_binding_of_contacts_in_solution(typed, tmp_path) -> None:
    code, out, _ = typed(
        "pmf", "gbl_solution", "2me_solution", "--pair", "Pb-O", "--discard", "4ps", "--temperature", "300",
        "--stride", "4", "-o", tmp_path / "found",
    )  # fmt: skip
    assert code == 0
    assert "ΔG (kJ/mol)" in out and "Pb-O  gbl_solution" in out
    assert "pairs that stayed bound throughout add none" in out
    assert {path.name for path in (tmp_path / "found").iterdir()} >= {
        "page.html", "pmf.json", "potential_of_mean_force.png", "potential_of_mean_force_gbl_solution.csv",
    }  # fmt: skip


def test_json(typed) -> None:
    code, out, _ = typed(
        "pmf",
        "gbl_solution",
        "--pair",
        "Pb-I",
        "--discard",
        "4ps",
        "--temperature",
        "300",
        "--stride",
        "4",
        "--json",
    )
    found = json.loads(out)
    assert code == 0
    (row,) = found["results"]
    pair = row["pairs"]["Pb-I"]
    assert math.isclose(
        pair["gibbs_energy"], -8.617333e-5 * 300 * math.log(pair["association_constant"]), rel_tol=1e-6
    )
    assert found["units"]["association_constant"] == "L/mol"


def test_without_a_temperature(typed) -> None:
    code, _, err = typed("pmf", "gbl_solution", "--pair", "Pb-I")
    assert code == 1
    assert "--temperature 300" in err
