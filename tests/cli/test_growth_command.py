"""``perovchem growth``: what is typed, printed and refused."""

from __future__ import annotations

import json
import math

import pytest

KEPT = ("growth", "--diffusion", "1e-10", "--bulk", 1.5, "--face", 0.8)


def test_the_table_holds_the_closed_form(typed) -> None:
    """J = Δc √(D/(π t)): 700 mol/m3 at 600 s gives 1.612e-4 mol/(m2 s)."""
    code, out, err = typed(*KEPT, "--duration", "10min", "--at", "600s")
    assert code == 0, err
    assert f"{700 * math.sqrt(1e-10 / (math.pi * 600)):.3e}" in out
    assert "stands still" in err


def test_published_numbers_and_folder(typed, tmp_path) -> None:
    code, out, err = typed(
        "growth", "--diffusion", "5e-11", "--diffusion", "4e-10", "--bulk", 1.5, "--flux", "2e-5", "--crystal", "MAPbI3",
        "--density", 4.16, "--container", "1mm", "--duration", "20s", "--published", "-o", tmp_path,
    )  # fmt: skip
    assert code == 0, err
    assert "What published numbers need" in out
    assert "they do not agree for one face" in out
    found = json.loads((tmp_path / "growth.json").read_text())
    assert [row["input"] for row in found["results"]] == ["5e-11 m²/s, 1 mm", "4e-10 m²/s, 1 mm"]
    assert found["units"]["velocity"] == "µm/min"
    for name in ("profiles.png", "course.svg", "profiles.nc", "courses.csv", "page.html"):
        assert (tmp_path / name).stat().st_size > 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*KEPT, "--flux", "1e-5"), "face and flux"),
        ((*KEPT, "--duration", "soon"), "cannot read the time"),
        ((*KEPT, "--duration", "60s", "--at", "90s"), "is not within"),
        ((*KEPT, "--container", "-1"), "not above 0"),
        (("growth", "--diffusion", "-1", "--bulk", 1.5, "--face", 0.8), "diffusion coefficient of -1"),
        (("growth", "--diffusion", "1e-10", "--bulk", 1.5, "--face", 2), "does not let it grow"),
        ((*KEPT, "--crystal", "MAPbX3"), "cannot read"),
    ],
)
def test_refusals(typed, arguments, words) -> None:
    code, out, err = typed(*arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_a_container_felt_before_the_first_time(typed) -> None:
    """10 µm at 1e-10 m2/s is felt after .33 s; the first time of an hour is 3.6 s."""
    code, out, err = typed(
        "growth", "--diffusion", "1e-10", "--bulk", 1.5, "--face", 0.8, "--container", "10um"
    )
    assert code == 0, err
    assert "< 3.6" in out
