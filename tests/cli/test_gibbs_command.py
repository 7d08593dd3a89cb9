"""The command as a chemist types it."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path

import numpy as np
import pytest
from builders_molecules import calculation

from perovchem.calculation_reading import write_calculation
from perovchem.gibbs import gibbs


@pytest.fixture
def run(typed):
    return functools.partial(typed, "gibbs")


WATER = np.array([[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]])


@pytest.fixture
def water(tmp_path: Path) -> Path:
    one = calculation(
        ("O", "H", "H"), WATER, -76.4, wavenumbers=[40.0, 1600, 3700], unit="hartree", name="water"
    )
    write_calculation(one, tmp_path / "water.toml")
    return tmp_path / "water.toml"


def test_tables(run, water) -> None:
    code, out, err = run(water)
    assert (code, err) == (0, "")
    for words in (
        "G (hartree)", "C2v", "grimme-head-gordon", "translation", "electronic degeneracy", "3 modes: 3 vibration.",
        "projected out by the code", "ideal gas at 1 atm", "ORCA PBE0, def2-TZVP", "10.1002/chem.201200497",
    ):  # fmt: skip
        assert words in out


def test_numbers_are_those_of_the_room(run, water) -> None:
    from perovchem.calculation_reading import read_calculation

    options = [
        "--temperature",
        "350",
        "--concentration",
        "1",
        "--treatment",
        "truhlar",
        "--frequency-scale",
        "0.98",
    ]
    code, out, _ = run(water, *options, "--json")
    assert code == 0
    document = json.loads(out)
    expected = gibbs(
        read_calculation(water), temperature=350, concentration=1, treatment="truhlar", frequency_scale=0.98
    )
    row = document["results"][0]
    assert row["gibbs"] == expected.gibbs and row["by_treatment"] == dict(expected.by_treatment)
    assert row["name"] == "water.toml" and row["level"].startswith("ORCA")
    assert {"energy", "zpe", "enthalpy", "entropy", "treatment", "modes"} <= set(row)
    assert document["units"]["gibbs"] == "eV" and document["units"]["wavenumber"] == "1/cm"
    assert len(document["inputs"]) == 1 and document["settings"]["frequency_scale"] == 0.98


def test_folder(run, water, tmp_path) -> None:
    folder = tmp_path / "out"
    code, _, _ = run(water, water, "--label", "one", "--label", "two", "-o", folder)
    assert code == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"gibbs.json", "terms.csv", "modes.csv", "modes.png", "modes.svg", "page.html"}
    rows = list(csv.DictReader((folder / "modes.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["species"] for row in rows] == ["one"] * 3 + ["two"] * 3
    assert float(rows[0]["wavenumber"]) == 40.0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "projected out" in page and "chem.201200497" in page


def test_long_lists_show_what_is_soft(run, tmp_path) -> None:
    species = ("C",) * 12
    one = calculation(species, wavenumbers=np.linspace(150, 3000, 30), name="ring")
    write_calculation(one, tmp_path / "ring.toml")
    code, out, _ = run(tmp_path / "ring.toml")
    assert code == 0 and "27 more vibrations are in modes.csv" in out
    one = calculation(species, wavenumbers=np.linspace(450, 3000, 30), name="stiff")
    write_calculation(one, tmp_path / "stiff.toml")
    out = run(tmp_path / "stiff.toml")[1]
    assert "450.0  vibration" in out and "27 more vibrations" in out  # the lowest, however stiff


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--treatment", "grime"], 2, "did you mean 'grimme'"),
        (["--pressure", "1e5", "--concentration", "1"], 2, "a pressure and a concentration"),
        (["--temperature", "-1"], 2, "temperature of -1"),
        (["--label", "a", "--label", "b"], 2, "2 labels for 1 run"),
        (["--stationary-point", "transition_state"], 1, "without an imaginary mode"),
        (["--periodicity", "liquid"], 2, "liquid"),
    ],
)
def test_faults(run, water, arguments: list[str], code: int, words: str) -> None:
    found, out, err = run(water, *arguments)
    assert (found, out) == (code, "")
    assert words in err and "Fix: " in err


def test_an_imaginary_mode_stops_the_command(run, tmp_path) -> None:
    one = calculation(("O", "H", "H"), WATER, wavenumbers=[-30.0, 1600, 3700], name="soft")
    write_calculation(one, tmp_path / "soft.toml")
    code, out, err = run(tmp_path / "soft.toml")
    assert (code, out) == (1, "") and "30i 1/cm" in err and "soft.toml" in err
    code, out, _ = run(tmp_path / "soft.toml", "--invert-imaginary-below", "40")
    assert code == 0 and "by request" in out


def test_energy_alone(run, tmp_path) -> None:
    one = calculation(("Cs",), np.zeros((1, 3)), -20.0, name="cesium")
    write_calculation(one, tmp_path / "cesium.toml")
    code, out, _ = run(tmp_path / "cesium.toml", "--treatment", "electronic", "-o", tmp_path / "out")
    assert code == 0 and "-20.000000" in out
    assert not (tmp_path / "out" / "modes.png").exists()
