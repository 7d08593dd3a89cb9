"""``perovchem cevns``: what is typed, printed and refused."""

from __future__ import annotations

import json

import pytest


def test_table_and_ratio(typed) -> None:
    """CsI, mean nucleus, at a pion source: 187; of a material to itself: 1."""
    code, out, err = typed(
        "cevns", "CsI", "--against", "CsI", "--spectrum", "pion", "--threshold", 0, "--nuclei", "mean"
    )
    assert code == 0, err
    row = next(line for line in out.splitlines() if line.startswith("CsI  pion"))
    cells = row.split()
    assert round(float(cells[3])) == 187
    assert cells[-2:] == ["1", "1"]


def test_json_and_folder(typed, tmp_path) -> None:
    code, out, err = typed(
        "cevns", "CsPbI3", "--against", "Ge", "--spectrum", "reactor:235U=1", "--spectrum", "supernova:15:3",
        "--spectrum", "30", "--threshold", "0.1", "--json", "-o", tmp_path,
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert [row["input"] for row in found["results"]] == ["CsPbI3", "Ge"]
    means = found["results"][0]["means"]
    assert len(means) == 3
    assert means[2]["energy"] == 30
    assert means[2]["ratio_per_nucleus"][0] > 2 * means[2]["ratio_per_kilogram"][0] * 0.9
    assert found["units"]["cross_section"] == "1e-40 cm2"
    for name in ("cross_sections.png", "map_1.svg", "curves.csv", "page.html"):
        assert (tmp_path / name).stat().st_size > 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["CsPbQ3"], "cannot read 'Q3'"),
        (["Ge", "--spectrum", "reaktor"], "did you mean 'reactor'"),
        (["Ge", "--spectrum", "reactor:235U"], "cannot read the fuel"),
        (["Ge", "--spectrum", "supernova:1:2:3"], "write supernova:MEAN:ALPHA"),
        (["Ge", "--spectrum", "900"], "an energy of 900"),
        (["Ge", "--threshold", "-1"], "a threshold of -1"),
        (["Ge", "--form-factor", "woods"], "no choice 'woods'"),
        (["Ge", "--against", "Zz"], "cannot read"),
    ],
)
def test_refusals(typed, arguments, words) -> None:
    code, out, err = typed("cevns", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_the_end_of_a_reactor_is_told(typed) -> None:
    """Recoils above 1 keV take 7.7 MeV in I and 5.7 MeV in Ge: sqrt(2 m E_R)/2 and a little more."""
    code, out, err = typed("cevns", "CsPbI3", "--against", "Ge", "--spectrum", "reactor")
    assert code == 0, err
    assert "CsPbI3 above 1 keV sees only a reactor's neutrinos of more than 7.7 MeV" in out
    assert "Ge above" not in out
