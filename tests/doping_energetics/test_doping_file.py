"""Doping files: declared energies, files of calculations, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import perovchem as pc
from perovchem.calculation import Calculation
from perovchem.calculation_reading import write_calculation
from perovchem.errors import FormatError, InputError
from perovchem.level_of_theory import LevelOfTheory

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "constructed_doping.toml"
DEFECTS = {
    "host": {"energy": -103.0},
    "bands": {"vbm": 1.5, "gap": 2.3},
    "conditions": {"Br-rich": {"Br": -1.5}},
    "states": [{"defect": "V_Br", "charge": 0, "energy": -98.5, "change": {"Br": -1}}],
}


def test_example_says_that_it_is_constructed() -> None:
    found = pc.doping_energetics(EXAMPLE)
    assert "onstructed" in found.title
    assert found.mixing is not None and len(found.diagrams) == 2
    assert set(found.to_dataframe()["condition"]) == {"Br-rich", "Br-poor"}


def test_units_of_energy() -> None:
    points = [{"x": x, "energy": e, "unit": "kJ/mol"} for x, e in ((0, 0.0), (0.5, 9.648533212), (1, 0.0))]
    found = pc.doping_energetics({"mixing": {"sites": 1, "points": points}}).mixing
    assert found.interaction[0] == pytest.approx(0.4, rel=1e-8)  # 9.6485 kJ/mol is .1 eV


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bands": {"vbm": 1.5}}, "gap is missing"),
        ({"bands": {"vbm": 1.5, "gap": 2.3, "cbm": 1}}, "cbm is no key"),
        ({"states": [{"defect": "V_Br", "energy": 1.0}]}, "charge is missing"),
        ({"states": [{"defect": "V_Br", "charge": 0.5, "energy": 1.0}]}, "whole number"),
        ({"states": [{"defect": "V_Br", "charge": 0}]}, "an energy or a file"),
        ({"states": []}, "states is missing"),
        ({"conditions": {"rich": {"Br": "x"}}}, "is no number"),
        ({"host": {}}, "host is missing"),
    ],
)
def test_refused_keys(change, words) -> None:
    with pytest.raises(FormatError, match=words):
        pc.doping_energetics({"defects": DEFECTS | change})


def test_refused_files(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        pc.doping_energetics(tmp_path / "nothing.toml")
    (tmp_path / "broken.toml").write_text("[mixing\n")
    with pytest.raises(FormatError, match="no TOML"):
        pc.doping_energetics(tmp_path / "broken.toml")
    (tmp_path / "empty.toml").write_text("title = 'x'\n")
    with pytest.raises(FormatError, match="neither mixing nor defects"):
        pc.doping_energetics(tmp_path / "empty.toml")


def crystal(path: Path, energy: float, cutoff: float = 500.0) -> None:
    level = LevelOfTheory("VASP", functional="PBE", cutoff=cutoff)
    cell = 5.6 * np.eye(3)
    places = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) @ cell
    write_calculation(
        Calculation(("Cs", "Cl"), places, energy, "eV", level, periodicity="crystal", cell=cell), path
    )


def test_energies_from_calculations(tmp_path) -> None:
    points = []
    for x, energy in ((0.0, -10.0), (0.5, -20.9), (1.0, -11.0)):
        crystal(tmp_path / f"{x}.toml", energy)
        points.append(f'{{ x = {x}, file = "{x}.toml", formula_units = {2 if x == 0.5 else 1} }}')
    file = tmp_path / "mix.toml"
    file.write_text(f"[mixing]\nsites = 1\npoints = [{', '.join(points)}]\n")
    found = pc.doping_energetics(file)
    assert found.mixing.interaction[0] == pytest.approx(4 * (-10.45 + 10.5))
    assert len(found.provenance.inputs) == 4
    crystal(tmp_path / "1.0.toml", -11.0, cutoff=400.0)
    with pytest.raises(InputError, match="cutoff of 400 eV"):
        pc.doping_energetics(file)
    file.write_text('override = ["cutoff"]\n' + file.read_text())
    assert any("allowed by override" in sentence for sentence in pc.doping_energetics(file).warnings)


def test_declared_defects_must_be_those_of_the_files(tmp_path) -> None:
    """A charge or a change of atoms that the calculations contradict would give a wrong energy in silence."""
    cell = 5.6 * np.eye(3)
    level = LevelOfTheory("VASP", functional="PBE", cutoff=500.0)
    for name, symbols, charge in (("host", ("Cs", "Cl"), 0), ("vacancy", ("Cs",), 1)):
        places = np.zeros((len(symbols), 3)) + 2.8 * np.arange(len(symbols))[:, None]
        crystal = Calculation(
            symbols, places, -5.0, "eV", level, periodicity="crystal", cell=cell, charge=charge
        )
        write_calculation(crystal, tmp_path / f"{name}.toml")
    state = {"defect": "V_Cl", "charge": 1, "file": str(tmp_path / "vacancy.toml"), "change": {"Cl": -1}}
    declared = {
        "host": {"file": str(tmp_path / "host.toml")},
        "bands": {"vbm": 1.0, "gap": 3.0},
        "conditions": {"Cl-rich": {"Cl": -1.5, "Cs": -1.0}},
        "states": [state],
    }
    found = pc.doping_energetics({"defects": declared})
    assert found.diagrams[0].lines[0].at_vbm == pytest.approx(-5 + 5 - 1.5 + 1)
    with pytest.raises(FormatError, match=r"states\[1\]\.charge is -1, and the calculation has \+1"):
        pc.doping_energetics({"defects": {**declared, "states": [{**state, "charge": -1}]}})
    with pytest.raises(FormatError, match=r"change is not what .* change = \{ Cl = -1 \}"):
        pc.doping_energetics({"defects": {**declared, "states": [{**state, "change": {"Cs": -1}}]}})


def test_a_key_without_a_meaning_is_refused() -> None:
    points = [{"x": x, "energy": 0.0} for x in (0, 0.5, 1)]
    with pytest.raises(FormatError, match="host is no key"):
        pc.doping_energetics({"mixing": {"sites": 1, "host": "CsPbCl3", "points": points}})


def test_each_part_says_where_it_came_from() -> None:
    found = pc.doping_energetics(EXAMPLE)
    assert found.mixing is not None
    for part in (found.mixing, *found.diagrams):
        assert part.provenance.inputs[0].sha256 == found.provenance.inputs[0].sha256
    assert found.mixing.provenance.settings["sites"] == 3
