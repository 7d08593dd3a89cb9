"""``perovchem bands``, ``masses`` and ``exciton`` on bands whose gap and masses are known, and on files of third parties."""

from __future__ import annotations

import json
import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders_bands import write_eigenval, write_vasprun_bands

EDGE = 5.87
"""Å, of the cubic cell."""
CELL = EDGE * np.eye(3)
POINTS = {"X": (0, 0.5, 0), "R": (0.5, 0.5, 0.5), "M": (0.5, 0.5, 0), "G": (0, 0, 0)}
HOLE, ELECTRON, GAP = 0.9, 0.6, 1.5
"""eV: widths of the cosine bands; both edges stand at R."""
KPOINTS = "lines\n{n}\nLine-mode\nreciprocal\n{rows}\n"
REALDATA = Path(os.environ.get("PEROVCHEM_REALDATA", "nowhere"))
real = pytest.mark.skipif(not REALDATA.is_dir(), reason="PEROVCHEM_REALDATA names no folder")


def exact(width: float) -> float:
    """ħ²/(m0 t a²) of E = t Σ (1 + cos k_i a) at R, m0."""
    return 7.6199682 / (width * EDGE**2)


def levels(kpoints: np.ndarray) -> np.ndarray:
    """A deep band, the upper valence band and the conduction band."""
    rise = 3 + np.cos(2 * np.pi * kpoints).sum(axis=1)
    return np.column_stack([-8 - 0.1 * rise, 3.2 - HOLE * rise, 3.2 + GAP + ELECTRON * rise])[None]


def run_folder(
    folder: Path, path: str = "XRMGR", *, n: int = 41, electrons: float = 4.0, **more: Any
) -> Path:
    """A finished line-mode run of VASP, with its KPOINTS."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = list(pairwise(path))
    kpoints = np.concatenate([np.linspace(POINTS[a], POINTS[b], n) for a, b in pieces])
    write_vasprun_bands(
        folder / "vasprun.xml",
        kpoints,
        levels(kpoints),
        electrons,
        cell=CELL,
        per_segment=n,
        decimals=4,
        **more,
    )
    rows = "\n\n".join(
        "\n".join(" ".join(map(str, POINTS[name])) + f" ! {name}" for name in piece) for piece in pieces
    )
    (folder / "KPOINTS").write_text(KPOINTS.format(n=n, rows=rows))
    return folder


@pytest.fixture
def run(tmp_path) -> Path:
    return run_folder(tmp_path / "run")


def answer(typed: Any, *arguments: object) -> dict[str, Any]:
    code, out, err = typed(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_masses_are_those_of_the_cosines(typed, run) -> None:
    told = answer(typed, "masses", run)
    (result,) = told["results"]
    assert set(result["gap"]) >= {"value", "direct", "vbm_k", "cbm_k"}
    assert result["gap"]["value"] == pytest.approx(GAP, abs=1e-4)
    assert result["gap"]["direct"] is True
    assert np.abs(result["gap"]["vbm_k"]) == pytest.approx([0.5] * 3)
    labels = {one["direction"] for one in result["masses"]}
    assert labels == {"R-X", "R-M", "R-Γ"}
    for one in result["masses"]:
        assert set(one) >= {"carrier", "band", "direction", "mass", "standard_error", "alpha", "verdict"}
        truth = exact(ELECTRON if one["carrier"] == "electron" else HOLE)
        assert one["mass"] == pytest.approx(truth, rel=5e-3)
        assert one["verdict"] == "ok"
        assert one["band"] == (3 if one["carrier"] == "electron" else 2)
    for tensor in result["tensors"]:
        truth = exact(ELECTRON if tensor["carrier"] == "electron" else HOLE)
        assert tensor["principal_masses"] == pytest.approx([truth] * 3, rel=5e-3)
    assert told["units"]["mass"] == "m0"
    assert told["units"]["alpha"] == "1/eV"
    assert {"degeneracy_tolerance", "fit", "standard_error", "verdict"} <= set(
        told["settings"]["definitions"]
    )
    assert [Path(file["path"]).name for file in told["inputs"]]


def test_a_cubic_edge_is_said_to_be_isotropic(typed, run) -> None:
    code, out, _ = typed("masses", run)
    assert code == 0
    assert "by symmetry the mass of hole band 2 is the same in every direction as k -> 0" in out


def test_one_carrier_is_asked_for(typed, run) -> None:
    (result,) = answer(typed, "masses", run, "--carrier", "hole")["results"]
    assert {one["carrier"] for one in result["masses"]} == {"hole"}


def test_pieces_of_a_path_are_one(typed, tmp_path) -> None:
    first, second = (
        run_folder(tmp_path / "a" / "split-01", "XR"),
        run_folder(tmp_path / "a" / "split-02", "RMG"),
    )
    code, out, err = typed("masses", f"{first}+{second}")
    assert code == 0, err
    (result,) = answer(typed, "masses", f"{first}+{second}")["results"]
    assert {one["direction"] for one in result["masses"]} >= {"R-X", "R-M"}
    assert out.splitlines()[3].startswith("a ")  # called by the folder of both


def test_the_exciton_is_made_of_the_masses_that_are_printed(typed, run) -> None:
    (result,) = answer(typed, "masses", run, "--dielectric", "4.6±0.2", "--radius", 40, "--binding", 49)[
        "results"
    ]
    found = result["exciton"]
    e, h = exact(ELECTRON), exact(HOLE)
    mu = e * h / (e + h)
    assert found["reduced_mass"] == pytest.approx(mu, rel=5e-3)
    assert found["binding_energy"] == pytest.approx(13605.693 * mu / 4.6**2, rel=5e-3)
    assert found["binding_energy_su"] == pytest.approx(found["binding_energy"] * 2 * 0.2 / 4.6, rel=0.05)
    assert found["permittivity_needed"] == pytest.approx(math.sqrt(13605.693 * mu / 49), rel=5e-3)
    assert found["screening"] == "optical"
    shift = 7.61996 * math.pi**2 / (2 * mu * 1600) - 1.786 * 14.39964 / (4.6 * 40)
    assert found["dots"]["gaps"][0] == pytest.approx(GAP + shift, abs=2e-3)


def test_a_stencil_is_written_and_its_run_gives_the_tensor(typed, run, tmp_path) -> None:
    code, out, err = typed("masses", run, "--write-stencil", tmp_path / "stencil")
    assert code == 0, err
    assert "ICHARG = 11" in out
    lines = (tmp_path / "stencil" / "KPOINTS").read_text().splitlines()  # both edges stand at R: one file
    kpoints = np.array([line.split()[:3] for line in lines[3:]], float)
    assert len(kpoints) == int(lines[1])
    folder = tmp_path / "stencil"
    write_vasprun_bands(folder / "vasprun.xml", kpoints, levels(kpoints), 4.0, cell=CELL, decimals=4)
    write_eigenval(folder / "EIGENVAL", kpoints, levels(kpoints), 4.0)
    rows = "\n".join(f"{x} {y} {z}" for x, y, z in CELL)
    (folder / "POSCAR").write_text(f"lead\n1.0\n{rows}\nPb\n1\nDirect\n0 0 0\n")
    for source, allowed in ((folder / "vasprun.xml", None), (folder, 1e-3)):  # EIGENVAL has six decimals
        (result,) = answer(typed, "masses", source)["results"]
        assert [tensor["carrier"] for tensor in result["tensors"]] == ["electron", "hole"]
        for tensor in result["tensors"]:
            truth = exact(ELECTRON if tensor["carrier"] == "electron" else HOLE)
            error = tensor["principal_errors"][0]
            assert tensor["method"] == "stencil"
            assert tensor["principal_masses"] == pytest.approx([truth] * 3, abs=3 * error)
            if allowed is not None:
                assert tensor["principal_masses"] == pytest.approx([truth] * 3, rel=allowed)
    code, _, err = typed("masses", run, "--write-stencil", tmp_path / "stencil")
    assert code == 1
    assert "it is kept" in err


def test_stencils_of_one_edge_for_castep(typed, run, tmp_path) -> None:
    arguments = (
        "masses",
        run,
        "--write-stencil",
        tmp_path,
        "--edge",
        "hole",
        "--code",
        "castep",
        "--step",
        "0.02",
    )
    (result,) = answer(typed, *arguments)["results"]
    (one,) = result["stencils"]
    assert one["edges"] == ["hole"]
    text = Path(one["file"]).read_text()
    assert "%BLOCK BS_KPOINT_LIST" in text
    points = np.array([line.split() for line in text.splitlines() if line[:1] == " "], float)
    assert len(points) == one["n_points"]
    steps = np.linalg.norm((points - points[0]) * 2 * np.pi / EDGE, axis=1)
    assert sorted(set(np.round(steps, 6))) == [0.0, 0.02, 0.04]


def test_bands_tell_gap_edges_and_character(typed, tmp_path) -> None:
    weights = np.zeros((1, 164, 3, 1, 9))
    weights[0, :, 1, 0, 0], weights[0, :, 1, 0, 1:4], weights[0, :, 2, 0, 1:4] = 0.45, 0.05, 0.2
    folder = run_folder(tmp_path / "run", projections=weights)
    code, out, err = typed("bands", folder)
    assert code == 0, err
    assert "75 % Pb s, 25 % Pb p" in out
    assert max(map(len, out.split("\n\n")[0].splitlines())) <= 100
    (result,) = answer(typed, "bands", folder)["results"]
    assert result["gap"]["value"] == pytest.approx(GAP, abs=1e-4)
    parts = {(one["edge"], one["element"], one["orbital"]): one["fraction"] for one in result["character"]}
    assert parts["VBM", "Pb", "s"] == pytest.approx(0.75, abs=1e-3)
    assert parts["CBM", "Pb", "p"] == pytest.approx(1.0)
    assert result["path"] == "X-R-M-Γ-R"


def test_a_metal_has_no_masses_but_bands(typed, tmp_path) -> None:
    folder = run_folder(tmp_path / "metal", electrons=3.0)
    code, out, err = typed("masses", folder)
    assert (code, out) == (1, "")
    assert "Fix: " in err
    assert len(err.splitlines()) == 1
    (result,) = answer(typed, "bands", folder)["results"]
    assert result["gap"] is None
    assert result["no_gap"]


def test_the_folder_holds_tables_figures_arrays_and_the_page(typed, run, tmp_path) -> None:
    import h5netcdf
    import pandas as pd

    code, _, err = typed("masses", run, "--dielectric", 4.6, "-o", tmp_path / "out")
    assert code == 0, err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "masses.json",
        "masses.csv",
        "points.csv",
        "masses.nc",
        "masses.png",
        "bands.svg",
        "confinement.png",
    } <= names
    table = pd.read_csv(tmp_path / "out" / "masses.csv")
    (result,) = json.loads((tmp_path / "out" / "masses.json").read_text())["results"]
    assert list(table["mass"]) == pytest.approx([one["mass"] for one in result["masses"]])
    with h5netcdf.File(tmp_path / "out" / "masses.nc") as file:
        assert file.variables["mass"][...] == pytest.approx(table["mass"].to_numpy())
        assert file.variables["mass"].attrs["units"] == "m0"
        assert file.variables["inverse_mass"].shape[1:] == (3, 3)
    page = (tmp_path / "out" / "page.html").read_text()
    assert "Effective masses" in page
    assert "Baldereschi" in page


def test_several_runs_are_compared(typed, run, tmp_path) -> None:
    other = run_folder(tmp_path / "other", "XRM")
    code, out, err = typed("masses", run, other, "--label", "long", "--label", "short")
    assert code == 0, err
    side = out[out.index("Side by side") :].splitlines()
    assert side[3].split()[:3] == ["long", "1.5000", "direct"]
    assert float(side[4].split()[3]) == pytest.approx(exact(ELECTRON), rel=5e-3)
    assert "Masses of long" in out
    assert "Masses of short" in out
    assert len(answer(typed, "bands", run, other)["results"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--carrier", "muon"), "no carrier 'muon'"),
        (("--dielectric", "four"), "four"),
        (("--dielectric", "4.6", "--screening", "none"), "no screening"),
        (("--radius", "40"), "need a permittivity"),
        (("--dielectric", "4.6", "--hole", "x"), "mass of the hole"),
        (("--write-stencil", "out", "--edge", "middle"), "edge of a stencil"),
        (("--write-stencil", "out", "--code", "abacus"), "no code 'abacus'"),
    ],
)
def test_what_makes_no_sense_is_said(typed, run, monkeypatch, arguments, words) -> None:
    monkeypatch.chdir(run.parent)
    code, out, err = typed("masses", run, *arguments)
    assert code in (1, 2)
    assert out == ""
    assert words in err
    assert "Fix: " in err


def test_info_tells_of_bands(typed, run) -> None:
    code, out, err = typed("info", run)
    assert code == 0, err
    assert "3 at 164 k-points" in out
    assert "X-R-M-Γ-R" in out
    (result,) = answer(typed, "info", run)["results"]
    assert result["bands"]["gap"]["value"] == pytest.approx(GAP, abs=1e-4)
    assert result["format"] == "vasprun.xml"


def test_info_tells_what_bands_without_a_cell_are(typed, tmp_path) -> None:
    kpoints = np.linspace(POINTS["X"], POINTS["R"], 11)
    write_eigenval(tmp_path / "EIGENVAL", kpoints, levels(kpoints), 4.0)
    (result,) = answer(typed, "info", tmp_path / "EIGENVAL")["results"]
    assert (result["format"], result["code"]) == ("EIGENVAL", "VASP")
    assert "no cell" in result["warnings"][0]
    assert "bands" not in result


def test_excitons_of_the_paper(typed) -> None:
    """Nature 561:88 (doi 10.1038/s41586-018-0451-1): what 49 meV and the shift of its dots need."""
    pairs = ("--electron", "0.11", "--hole", "0.24", "--electron", "0.03", "--hole", "0.12")
    told = answer(
        typed,
        "exciton",
        *pairs,
        "--dielectric",
        4.6,
        "--binding",
        49,
        "--radius",
        48,
        "--gap",
        2.02,
        "--shift",
        0.2,
    )
    first, second = told["results"]
    assert round(first["permittivity_needed"], 2) == 4.58
    assert round(second["permittivity_needed"], 2) == 2.58
    assert round(first["dots"]["shifts"][0], 2) == 0.10
    assert round(first["dots"]["gaps"][0], 2) == 2.12
    assert round(first["radius_needed"] / 10, 1) == 3.8
    code, out, _ = typed("exciton", *pairs, "--binding", 49)
    assert code == 0
    assert "from the binding energy 49 meV" in out
    code, _, err = typed("exciton", "--electron", "0.1", "--hole", "0.2")
    assert code == 2
    assert "no permittivity" in err


@real
@pytest.mark.parametrize(
    ("run", "gap"),
    [
        ("bands/MAPI_PBEsol", 1.4843), ("bands/MAPI_HSE06_SoC", 0.8716), ("castep/NiO.bands", 0.9374),
        ("castep/Si_nsp.bands", 1.1194), ("bands/Cs2SnI6/split-01+bands/Cs2SnI6/split-02", 0.7115),
    ],
)  # fmt: skip
def test_gaps_of_real_files(typed, run, gap) -> None:
    paths = "+".join(str(REALDATA / part) for part in run.split("+"))
    (result,) = answer(typed, "bands", paths)["results"]
    assert result["gap"]["value"] == pytest.approx(gap, abs=1.5e-4)


@real
def test_info_on_real_bands(typed) -> None:
    (result,) = answer(typed, "info", REALDATA / "castep/NiO.bands")["results"]
    assert (result["format"], result["code"], result["n_atoms"]) == ("CASTEP .bands", "CASTEP", 4)
    assert result["bands"]["electrons"] == [16.0, 16.0]
    assert result["bands"]["gap"]["value"] == pytest.approx(0.9374, abs=1e-4)


COMPUTED = sorted((Path(__file__).parents[2] / "examples/data/cesium_lead_halide_bands").glob("CsPb*_*.json"))


@pytest.mark.parametrize(
    "path", [one for one in COMPUTED if "projections" not in one.name], ids=lambda one: one.stem
)
def test_computed_halides_have_their_edges_at_r_and_one_hole_mass(typed, path) -> None:
    """Pm-3m: the VBM at R is a singlet, with spin-orbit coupling a doublet; its mass is the same in all directions."""
    (result,) = answer(typed, "masses", path)["results"]
    assert (result["gap"]["vbm_label"], result["gap"]["cbm_label"]) == ("R", "R")
    holes = [
        one["mass"] for one in result["masses"] if one["carrier"] == "hole" and one["verdict"] != "refused"
    ]
    assert len(holes) == 3
    assert max(holes) == pytest.approx(min(holes), rel=0.02)


@real
def test_a_real_exciton(typed) -> None:
    (result,) = answer(typed, "masses", REALDATA / "bands/MAPI_PBEsol", "--dielectric", 5.0)["results"]
    holes = {one["direction"]: one for one in result["masses"] if one["carrier"] == "hole"}
    assert holes["R-Γ"]["mass"] == pytest.approx(0.187, abs=0.003)


@real
@pytest.mark.parametrize(
    ("run", "carrier", "within"),
    [
        ("castep/BaTiO3.bands", "electron", 2e-3),
        (
            "bands/Cs2SnI6/split-01+bands/Cs2SnI6/split-02",
            "hole",
            0.03,
        ),  # a refused branch, flat, counts as 0
        ("bands/Ge_spin", "hole", 2e-4),
    ],
)
def test_inverse_masses_of_a_cubic_edge_sum_to_the_same_in_every_direction(
    typed, run, carrier, within
) -> None:
    """Of three states that meet at a cubic point, the mean of 1/m is L/3 + 2M/3 of their k.p matrix in any direction."""
    paths = "+".join(str(REALDATA / part) for part in run.split("+"))
    (result,) = answer(typed, "masses", paths, "--carrier", carrier)["results"]
    sums: dict[str, float] = {}
    for one in result["masses"]:
        assert (one["mass"] is None) == (one["verdict"] == "refused")
        inverse = one["degeneracy"] / one["mass"] if one["mass"] else 0.0
        sums[one["direction"]] = sums.get(one["direction"], 0.0) + inverse
    assert len(sums) == 2
    first, second = sums.values()
    assert first == pytest.approx(second, rel=within)
