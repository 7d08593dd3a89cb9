"""Every bundled workflow runs whole: no item fails, every declared column and every published row is there."""

import tomllib
from pathlib import Path

import pytest

import perovchem as pc

FOLDER = Path(__file__).parents[2] / "workflows"
DECLARED = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))
}
NAMES = [name for name, table in DECLARED.items() if "step" in table]
PAPERS = {
    "nat_commun_15_2390_coordination": "10.1038/s41467-024-46712-y",
    "nano_micro_lett_18_421_amine_salts": "10.1007/s40820-026-02272-y",
    "nature_561_88_bands": "10.1038/s41586-018-0451-1",
    "j_mater_chem_c_13_12685_hydrogen_bonds": "10.1039/d5tc01275a",
}


def test_there_is_one_for_each_publication_and_a_screen():
    assert set(NAMES) == {*PAPERS, "additive_screen"}
    assert {name: DECLARED[name]["doi"] for name in PAPERS} == {name: [doi] for name, doi in PAPERS.items()}


@pytest.mark.parametrize("name", NAMES)
def test_workflow(name, ran):
    found = ran(name)
    assert [item for item in found.screen["items"] if item["status"] != "done"] == []
    assert found.screen["problems"] == []
    assert (found.folder / "page.html").stat().st_size > 10_000
    assert len(found.screen["published"]) == len(DECLARED[name]["published"]) >= 3
    for one in found.screen["published"]:
        assert one["note"] == "", one
        assert one["source"] and one["why"].rstrip(".")
    for step in DECLARED[name]["step"]:
        rows = found.of(step.get("name", step["command"]))
        assert rows
        for column in step.get("columns", {}):
            if (name, column) not in EMPTY:
                assert any(row[column] for row in rows), (step["name"], column)


EMPTY = {("nat_commun_15_2390_coordination", "diffusion_coefficient")}
"""Columns that are refused in all rows: 4 ps in a friction bath give no diffusion coefficient."""


@pytest.mark.parametrize("name", NAMES)
def test_readme_names_it(name):
    assert f"`{name}.toml`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_cycle_files_of_the_screen_cover_the_matrix():
    matrix = DECLARED["additive_screen"]["matrix"]
    files = {path.stem for path in (FOLDER / "data" / "additive_screen_cycles").glob("*.toml")}
    assert files == {cation + halide for cation in matrix["cation"] for halide in matrix["halide"]}
    assert len(matrix["cation"]) >= 6 and set(matrix["halide"]) == {"Cl", "Br", "I"}


def test_plan_is_known_before_anything_runs():
    plan = pc.read_workflow(FOLDER / "additive_screen.toml").plan()
    assert plan.n_of_step["binding"] == 6 * 3
