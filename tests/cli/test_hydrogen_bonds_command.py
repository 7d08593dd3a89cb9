"""``perovchem hbonds`` as a crystallographer types it."""

from __future__ import annotations

import csv
import functools
import json
import re

import pytest
from builders_cif import cif
from builders_hydrogen_bonded_crystals import cyclohexylammonium_model, expanded

import perovchem as pc
from perovchem.crystal_text import with_uncertainty, write_cif

PUBLISHED = {"Cl": 2.2721, "Br": 2.4278, "I": 2.6634}  # 10.1039/d5tc01275a
P21C = ("x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2")
SALT = cif(
    (
        "N1 N 0.1000(3) 0.1200(5) 0.1500(4) 1",
        "H1 H 0.2000(30) 0.1200(40) 0.1600(20) 1",
        "Cl1 Cl 0.4200(2) 0.3500(1) 0.6900(2) 1",
    ),
    cell=("9.800(4)", "8.100(6)", "11.200(5)", "90", "104.30(6)", "90"),
    operations=P21C,
)


@pytest.fixture
def run(typed):
    return functools.partial(typed, "hbonds")


@pytest.fixture
def series(tmp_path):
    """Models of the composition of the published salts, their H...X set to the published numbers."""
    paths = []
    for halide, length in PUBLISHED.items():
        model = cyclohexylammonium_model(halide, length)
        paths.append(
            write_cif(model, tmp_path / f"CY-{halide}.cif", comments=["a model, no measured structure"])
        )
    return paths


def test_table_as_shelxl_prints_it(run, tmp_path) -> None:
    path = tmp_path / "salt.cif"
    path.write_bytes(SALT)
    code, out, err = run(path, "--distance", 3)
    assert (code, err) == (0, "")
    found = pc.hydrogen_bonds(pc.read_structure(path), distance=3)
    (bond,) = found.bonds
    row = next(line for line in out.splitlines() if line.startswith("N1-H1"))
    assert row.startswith("N1-H1...Cl1 #1")
    printed = [
        with_uncertainty(getattr(bond, n), getattr(bond, f"{n}_su")) for n in ("d_h", "h_a", "d_a", "angle")
    ]
    assert row.split()[2:6] == printed and all(text.endswith(")") for text in printed)
    assert f"#1 {bond.operation} ({bond.symmetry})" in out
    assert bond.operation == "x, -y+1/2, z-1/2" and bond.symmetry == "4_554"  # 1/2 + .69 - 1 = .19


def test_json_has_every_number_with_its_error(run, tmp_path) -> None:
    path = tmp_path / "salt.cif"
    path.write_bytes(SALT)
    code, out, _ = run(path, "--distance", 3, "--json")
    answer = json.loads(out)
    assert code == 0 and answer["command"] == "hbonds" and answer["inputs"][0]["path"] == str(path)
    (bond,) = answer["results"][0]["bonds"]
    keys = {"donor", "hydrogen", "acceptor", "symmetry"}
    keys |= {f"{name}{end}" for name in ("d_h", "h_a", "d_a", "angle") for end in ("", "_su")}
    assert keys <= set(bond) and all(bond[key] is not None for key in keys)
    assert answer["units"]["d_a"] == "Å" and answer["units"]["angle_su"] == "degree"
    assert answer["results"][0]["criterion"]["h_a"]["Cl"] == 3


def test_series_stands_beside_what_was_published(run, series) -> None:
    code, out, err = run(*series, "--charge", "N=0")
    assert code == 0, err
    head = next(line for line in out.splitlines() if line.startswith("structure"))
    assert "H...X" in head and "published" in out.partition(head)[0].splitlines()[-1]  # a head of two lines
    for halide, length in PUBLISHED.items():
        row = next(line for line in out.splitlines() if line.startswith(f"CY-{halide}.cif "))
        assert row.split().count(f"{length:.4f}") == 2  # ours and the published
        assert f"CY-{halide}.cif: +0.0000 Å from the published" in out or f"CY-{halide}.cif: -0.0000 Å" in out
    # 2.2721, 2.4278, 2.6634 Å at 1.81, 1.96, 2.20 Å: slope of the least-squares line 1.003
    assert "shortest H...X grows with the ionic radius of X, by 1.00 Å per Å" in out


def test_published_values_only_where_the_formula_is_theirs(run) -> None:
    code, out, _ = run("ornithine_HCl", "--json")
    row = json.loads(out)["results"][0]
    assert code == 0 and row["published_h_a"] is None and row["published_source"] is None


def test_packing_dipole(run) -> None:
    code, out, _ = run("ornithine_HCl", "--charge", "C5H13N2O2=1,Cl=-1", "--json")
    dipole = json.loads(out)["results"][0]["packing_dipole"]
    expected = pc.packing_dipole(pc.read_structure("ornithine_HCl"), charges={"C5H13N2O2": 1, "Cl": -1})
    assert code == 0 and dipole["dipole"] == pytest.approx(expected.dipole) and dipole["resolved"]
    code, out, _ = run("ornithine_HCl", "--charge", "C5H13N2O2=1", "--charge", "Cl=-1")
    assert f"{expected.polarization:.3f}" in out and "quantum" in out


def test_normalize_and_options(run) -> None:
    plain = json.loads(run("ornithine_HCl", "--json", "--acceptor", "Cl")[1])
    assert {bond["acceptor_element"] for bond in plain["results"][0]["bonds"]} == {"Cl"}
    code, out, _ = run("ornithine_HCl", "--normalize")
    assert code == 0 and "1.036" in out and "found" in out.partition("\n---")[0]
    narrow = json.loads(run("ornithine_HCl", "--json", "--angle", 160)[1])
    assert all(bond["angle"] > 160 for bond in narrow["results"][0]["bonds"])


def test_folder_of_results(run, tmp_path) -> None:
    code, _, _ = run("ornithine_HCl", "-o", tmp_path)
    assert code == 0
    with (tmp_path / "hydrogen_bonds.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 and rows[0]["symmetry"] == "2_555"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.search(r'"dashed": ?\[\d', page)
    assert (tmp_path / "geometry.svg").exists() and not (tmp_path / "series.svg").exists()


def test_missing_hydrogen(run) -> None:
    code, out, err = run("FAPbI3_delta")
    assert code == 0 and "no hydrogen atom" in out and "no hydrogen atom" in err
    code, out, _ = run("FAPbI3_delta", "--contacts")
    assert code == 0 and "N1...I1" in out


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("ornithine_HCl", "--donor", "Xx"), 1, "Xx"),
        (("ornithine_HCl", "--distance", "far"), 2, "far"),
        (("ornithine_HCl", "--charge", "Cl"), 2, "Cl"),
        (("ornithine_HCl", "--charge", "Cl=-1"), 2, "add up to"),
        (("ornithine_HCl", "--timestep", "1"), 2, "trajectories"),
        (("ornithine_HCl", "dmso_macl_solution"), 2, "one kind"),
        (("dmso_macl_solution", "--normalize"), 2, "crystal structures"),
        (("ornithine_HCl", "--mode", "d_a"), 2, "of trajectories"),
        (("no_such_file.cif",), 1, "no_such_file"),
    ],
)
def test_one_clear_error(run, arguments, code: int, word: str) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (code, "") and word in err and "Traceback" not in err and "Fix:" in err


@pytest.mark.parametrize(
    "rows",
    [
        ("N1 N 0.1 0.1 1e400 1",), ("N1 N 0.1 0.1 0.1 -1",), ("N1 N 0.1 0.1 nowhere 1",), ("Zz1 Zz 0.1 0.1 0.1 1",),
    ],
)  # fmt: skip
def test_broken_cifs_give_one_error(run, tmp_path, rows) -> None:
    path = tmp_path / "broken.cif"
    path.write_bytes(cif(rows))
    code, out, err = run(path)
    assert (code, out) == (1, "") and err.count("Fix:") == 1 and "Traceback" not in err


def test_overlapping_atoms_give_a_warning_or_an_error_never_a_silent_table(run, tmp_path) -> None:
    path = tmp_path / "overlap.cif"
    path.write_bytes(cif(("N1 N 0.1 0.1 0.1 1", "H1 H 0.1 0.1 0.1 1", "Cl1 Cl 0.5 0.1 0.1 1")))
    code, _, err = run(path)
    assert err and (code == 1 or "warning" in err)


def test_trajectory(run, tmp_path) -> None:
    code, out, _ = run(
        "dmso_macl_solution", "--discard", "1ps", "--acceptor", "Cl", "--acceptor", "O", "-o", tmp_path
    )
    assert code == 0 and "hydrogen bonds per frame" in out and "N(MA)-H...Cl: occupancy" in out
    answer = json.loads((tmp_path / "hbonds.json").read_text())
    assert {pair["name"] for pair in answer["results"][0]["pairs"]} >= {"N(MA)-H...Cl"}
    assert all("occupancy" in pair for pair in answer["results"][0]["pairs"])
    assert list(tmp_path.glob("bonds_*.nc")) and list(tmp_path.glob("per_frame_*.csv"))


def test_a_lifetime_without_an_error_is_marked(run) -> None:
    code, out, _ = run("dmso_mai_solution", "--acceptor", "Cl")
    assert code == 0
    (line,) = (line for line in out.splitlines() if "N(MA)-H...Cl: continuous lifetime" in line)
    assert re.search(r"[\d.]+†", line) and "±" not in line
    assert "lifetime has no error: it rests on fewer than 4 pairs of atoms" in out and "\n† " in out


def test_a_file_without_its_symmetry_is_told_apart(run, tmp_path) -> None:
    whole = write_cif(expanded(pc.read_structure("ornithine_HCl")), tmp_path / "whole.cif")
    words = "the file lists no symmetry: rows that P2_1 makes equal stand apart"
    assert words in run(whole)[1] and words not in run("ornithine_HCl")[1]
