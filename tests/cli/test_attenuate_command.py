"""``perovchem attenuate``: what is typed, printed and refused."""

from __future__ import annotations

import json

import pytest


def test_one_table_holds_lines_and_tubes_beside_what_is_published(typed) -> None:
    """The numbers of the room: 99.80 % of 32 keV, 98.1 % by photons and 97.2 % by energy of a filtered 70 kV tube."""
    code, out, err = typed(
        "attenuate", "CsPbCl3", "--density", 4.21, "--thickness", "1", "--line", 32, "--line", 70,
        "--spectrum", "kramers:70", "--spectrum", "kramers:70+Al:2.5",
    )  # fmt: skip
    assert code == 0, err
    table = out.partition("Taken out of the beam")[2].splitlines()
    rows = [line for line in table if line.startswith("CsPbCl3")]
    assert len(rows) == 4
    assert all(row.endswith("99.8 %") for row in rows)
    assert "99.80" in rows[0]
    assert "behind 2.5 mm Al" in table[table.index(rows[3]) + 1]  # a long spectrum is folded
    assert "98.12" in rows[3]
    assert "97.22" in rows[3]


def test_json_and_folder(typed, tmp_path) -> None:
    beam = tmp_path / "beam.csv"
    beam.write_text("keV,photons\n20,1\n40,1\n")
    code, out, err = typed(
        "attenuate", "CsPbBr3_cubic", "MAPbI3", "--density", "MAPbI3=4.16", "--against", "Si", "--thickness", "60um",
        "--spectrum", beam, "--json", "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert [row["input"] for row in found["results"]] == ["CsPbBr3_cubic", "MAPbI3", "Si"]
    assert found["units"]["photons_removed"] == "1"
    fraction = found["results"][1]["fractions"][0]
    assert fraction["thicknesses"] == [0.06]
    assert 0 < fraction["energy_deposited"][0] < fraction["energy_removed"][0] < 1
    assert any(str(beam) == file["path"] for file in found["inputs"])
    for name in ("attenuation.png", "absorbed_1.svg", "coefficients.csv", "fractions.csv", "page.html"):
        assert (tmp_path / "out" / name).stat().st_size > 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["CsPbCl3"], "density of CsPbCl3 is not known"),
        (["CsPbQ3", "--density", "4"], "cannot read 'Q3'"),
        (["CsPbCl3", "--density", "x"], "is no number"),
        (["CsPbCl3", "--density", "4", "--density", "5"], "2 densities for 1 materials"),
        (["CsPbCl3", "--density", "Si=5"], "which is not there"),
        (["CsPbCl3", "--density", "4.21", "--thickness", "-1"], "not above 0"),
        (["CsPbCl3", "--density", "4.21", "--thickness", "1 parsec"], "cannot read the length"),
        (["CsPbCl3", "--density", "4.21", "--line", "1000"], "outside the tables"),
        (["CsPbCl3", "--density", "4.21", "--spectrum", "kramers:x"], "is no number"),
        (["CsPbCl3", "--density", "4.21", "--spectrum", "kramers"], "write kramers:70"),
        (["CsPbCl3", "--density", "4.21", "--line", "30", "--filter", "Al:1"], "does nothing to a line"),
        (
            ["CsPbCl3", "--density", "4.21", "--spectrum", "kramers:70", "--filter", "Al"],
            "cannot read the filter",
        ),
        (["CsPbCl3", "--density", "4.21", "--against", "CdTee"], "did you mean 'CdTe'"),
    ],
)
def test_refusals(typed, arguments, words) -> None:
    code, out, err = typed("attenuate", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Fix: " in err


def test_a_missing_spectrum_is_the_inputs_fault(typed) -> None:
    code, _, err = typed("attenuate", "CsPbCl3", "--density", 4.21, "--spectrum", "no_such_file.csv")
    assert code == 1
    assert "no_such_file.csv" in err


def test_an_estimated_density_is_called_so_everywhere(typed, tmp_path) -> None:
    code, out, err = typed(
        "attenuate", "Si", "--line", 30, "--against", "CY-I", "--thickness", "500mm", "-o", tmp_path / "out"
    )
    assert code == 0, err
    lines = [line for line in out.splitlines() if line.startswith("CY-I")]
    assert len(lines) >= 3
    assert all(line.startswith("CY-I (density estimated)") for line in lines)
    assert "> 99.9999" in out  # no photon of 10^80 is left; 100 % is not printed
    for name in ("fractions.csv", "coefficients.csv"):
        rows = (tmp_path / "out" / name).read_text().splitlines()
        assert all("density estimated" in row for row in rows if "CY-I" in row)


def test_a_thickness_beyond_reason(typed) -> None:
    code, _, err = typed("attenuate", "CsPbCl3", "--density", 4.21, "--thickness", "1e9")
    assert code == 2
    assert "1e+06" in err
