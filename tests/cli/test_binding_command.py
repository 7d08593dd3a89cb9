"""The command as a chemist types it."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path

import pytest
from builders_cycles import many_clusters, study, written

from perovchem import calculation_reading
from perovchem.binding import binding
from perovchem.calculation_reading import read_calculation


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


def test_each_of_a_hundred_files_is_read_once(tmp_path, monkeypatch) -> None:
    """Clusters of 74 atoms; how long it takes: benchmarks/binding_cycles.py."""
    names = []

    def counted(source, **options):
        names.append(Path(source).name)
        return read_calculation(source, **options)

    path = many_clusters(tmp_path)
    monkeypatch.setattr(calculation_reading, "read_calculation", counted)
    found = binding(path)
    assert len(found.ranking[0].order) == 96 and len(found.components) == 100
    assert len(names) == len(set(names)) == 100


def test_a_species_that_is_missing_can_be_computed(run, tmp_path, cycle) -> None:
    """The component is named, and the command that computes it."""
    text = cycle.read_text(encoding="utf-8")
    first = text[text.index("files = [") :].split('"')[1]
    cycle.write_text(text.replace(first, "absent.toml", 1), encoding="utf-8")
    code, out, err = run(cycle)
    assert (code, out) == (1, "")
    assert "for the component" in err and "perovchem compute" in err
