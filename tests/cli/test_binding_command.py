"""The command as a chemist types it."""

from __future__ import annotations

import csv
import functools
import json
import time
from pathlib import Path

import pytest
from builders_cycles import CS, DMSO, MAI, PB, study, written
from builders_molecules import calculation

from perovchem.binding import binding
from perovchem.calculation_reading import write_calculation


@pytest.fixture
def run(typed):
    return functools.partial(typed, "binding")


@pytest.fixture
def cycle(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_tables(run, cycle) -> None:
    code, out, err = run(cycle)
    assert (code, err) == (0, "")
    expected = binding(study())
    assert " < ".join(expected.ranking[0].order) in out
    for words in (
        "ΔZPE", "TΔS", "per ion", "1 atm to 1 mol/L", "neat DMSO, 14.08 mol/L", "is not ranked with none",
        "none + MAI -> with I", "all treatments agree", "neat liquid, 14.08 mol/L", "electronic energy",
    ):  # fmt: skip
        assert words in out.replace("MAI + none", "none + MAI")


def test_json(run, cycle) -> None:
    code, out, _ = run(cycle, "--temperature", "350", "--treatment", "truhlar", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["command"] == "binding" and len(document["results"]) == 1
    result = document["results"][0]
    expected = binding(study(temperature=350, treatment="truhlar"))
    for row, found in zip(result["rows"], expected.rows, strict=True):
        assert row["delta_g"] == pytest.approx(found.delta_g, abs=1e-9)
        assert set(row["per_treatment"]) == {"rrho", "grimme", "grimme-head-gordon", "truhlar"}
    assert result["ranking"][0]["order"] == list(expected.ranking[0].order)
    assert document["units"]["delta_g"] == "eV"
    assert len(document["inputs"]) == 1 + len(study()["components"])


def test_folder(run, cycle, tmp_path) -> None:
    folder = tmp_path / "out"
    code, _, _ = run(cycle, "-o", folder)
    assert code == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "binding.json", "cycles.csv", "contributions.csv", "conformers.csv", "page.html",
        "ranking.png", "ranking.svg", "waterfall.png", "waterfall.svg",
    }  # fmt: skip
    rows = list(csv.DictReader((folder / "contributions.csv").read_text(encoding="utf-8").splitlines()))
    for found in binding(study()).rows:
        total = sum(float(row["contribution"]) for row in rows if row["cycle"] == found.name)
        assert total == pytest.approx(found.delta_g, abs=1e-6)
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "is not ranked with none" in page and "10.1002/chem.201200497" in page


def test_energies_alone(run, tmp_path) -> None:
    path = written(tmp_path, vibrations=False)
    code, _, err = run(path)
    assert code == 1 and "no vibrations" in err
    code, out, _ = run(path, "--treatment", "electronic")
    assert code == 0 and "by ΔE" in out


def test_overridden_levels_are_printed(run, cycle) -> None:
    file = cycle.parent / "PbCl2.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("def2-TZVP", "def2-SVP"), encoding="utf-8")
    code, out, err = run(cycle)
    assert (code, out) == (1, "") and "levels of theory differ" in err and "def2-SVP" in err
    cycle.write_text('override = ["basis"]\n' + cycle.read_text(encoding="utf-8"), encoding="utf-8")
    code, out, err = run(cycle)
    assert code == 0 and "def2-SVP" in out and "warning: allowed by override" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--treatment", "grime"], 2, "did you mean 'grimme'"),
        (["--temperature", "-1"], 2, "temperature of -1"),
    ],
)
def test_faults_of_usage(run, cycle, arguments: list[str], code: int, words: str) -> None:
    found, out, err = run(cycle, *arguments)
    assert (found, out) == (code, "")
    assert words in err


def test_faults_of_input(run, tmp_path, cycle) -> None:
    code, out, err = run(tmp_path / "absent.toml")
    assert (code, out) == (1, "") and "no such file" in err
    text = cycle.read_text(encoding="utf-8").replace('"DMSO" = 2', '"DMSO" = 3')
    cycle.write_text(text, encoding="utf-8")
    code, out, err = run(cycle)
    assert (code, out) == (1, "") and "does not balance" in err and "cycle.toml" in err


def test_a_hundred_species_in_five_seconds(tmp_path) -> None:
    """Clusters of 74 atoms; the time of this process, which others cannot lengthen."""
    species = CS + PB + DMSO * 6 + MAI
    parts = {"CsCl": CS, "PbCl2": PB, "DMSO": DMSO, "MAI": MAI}
    lines = []
    for name, atoms in parts.items():
        write_calculation(calculation(atoms, energy=-10.0 * len(atoms), name=name), tmp_path / f"{name}.toml")
        lines += [f"[components.{name}]", 'state = "solute"', f'files = ["{name}.toml"]']
    for place in range(96):
        name = f"c{place}"
        write_calculation(
            calculation(species, energy=-10.0 * len(species) - 0.01 * place, name=name, seed=place),
            tmp_path / f"{name}.toml",
        )
        lines += [f"[components.{name}]", 'state = "solute"', 'role = "solution"', f'files = ["{name}.toml"]']
        lines += [f"[cycles.{name}]", "reactants = { CsCl = 1, PbCl2 = 1, DMSO = 6, MAI = 1 }"]
        lines += [f"products = {{ {name} = 1 }}"]
    path = tmp_path / "cycle.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    begin = time.process_time()
    found = binding(path)
    assert time.process_time() - begin < 5
    assert len(found.ranking[0].order) == 96 and len(found.components) == 100
