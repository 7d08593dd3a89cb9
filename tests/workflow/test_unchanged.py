"""A kept result counts only while everything that it rests on is what it was."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import perovchem as pc
from perovchem.workflow import checksums, items, run

BANDS = Path(__file__).parents[2] / "examples/data/cesium_lead_halide_bands"
NAME = "CsPbCl3_scalar_relativistic"


def _runs(folder: Path, *inputs: str, command: str = "bands") -> pc.WorkflowRun:
    declared = {"title": "t", "step": [{"command": command, "inputs": [str(folder / one) for one in inputs]}]}
    with ThreadPoolExecutor(1) as threads:
        return pc.run_workflow(declared, output=folder / "out", executor=threads, details=False)


@pytest.fixture
def bands(tmp_path: Path) -> Path:
    for path in BANDS.glob(f"{NAME}*"):
        shutil.copy(path, tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (1e9, 1e9))
    assert _runs(tmp_path, f"{NAME}.json").n_cached == 0
    assert _runs(tmp_path, f"{NAME}.json").n_cached == 1
    return tmp_path


def _same_size_and_time(path: Path) -> None:
    """As a copy with its times does it."""
    before, text = path.stat(), path.read_bytes()
    # blanks between things mean nothing in these files
    old, new = {".toml": (b" =", b"\t="), "s.json": (b"}\n", b"}\t"), "c.json": (b", ", b",\t")}[
        path.name[-6:] if path.suffix == ".json" else path.suffix
    ]
    assert old in text
    path.write_bytes(text.replace(old, new, 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("suffix", [".json", ".toml", "_projections.json"])
def test_every_file_that_was_read_counts_whatever_its_size_and_date(bands: Path, suffix: str) -> None:
    """The .toml and the projections are found beside the input; the JSON of the command tells of neither."""
    _same_size_and_time(bands / f"{NAME}{suffix}")
    assert _runs(bands, f"{NAME}.json").n_cached == 0
    assert _runs(bands, f"{NAME}.json").n_cached == 1


@pytest.mark.parametrize(
    ("beside", "counts"),
    [
        ("INCAR", True),
        ("OUTCAR.gz", True),
        (f"{NAME}-out.cell", True),
        (f"{NAME}.castep", True),
        ("other.json", False),
        ("notes.txt", False),
    ],
)
def test_a_file_that_appears_beside_an_input_counts_if_a_reader_may_look_for_it(
    bands: Path, beside: str, counts: bool
) -> None:
    (bands / beside).write_text("")
    assert _runs(bands, f"{NAME}.json").n_cached == (0 if counts else 1)
    (bands / beside).unlink()
    assert _runs(bands, f"{NAME}.json").n_cached == 1


def test_numbered_runs_of_one_folder_do_not_count_for_each_other(tmp_path: Path) -> None:
    known = checksums.Checksums(tmp_path / "none")
    for name in ("XDATCAR_2", "OUTCAR_2.gz", "OUTCAR_3", "a.md", "a.castep", "a-out.cell", "b.castep"):
        (tmp_path / name).write_text("")

    def beside(name: str) -> list[object]:
        return checksums.content_of(name, str(tmp_path), known)[2:]

    assert beside("XDATCAR_2") == ["OUTCAR_2.gz"]
    assert beside("a.md") == ["a-out.cell", "a.castep"]
    assert beside("b.castep") == []


def test_other_versions_of_libraries_compute_anew(bands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = checksums.libraries()
    assert "numpy" in [name for name, _ in told]
    monkeypatch.setattr("perovchem.workflow.record.libraries", lambda: [*told, ["numpy", "99.0"]])
    assert _runs(bands, f"{NAME}.json").n_cached == 0


def test_what_one_step_computes_is_there_before_another_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items of ``compute`` are done, all of them, before the address of any other is made."""
    begun: list[str] = []
    performed: list[str] = []
    address: Callable[..., items.Item] = run.Run.addressed

    def addressed(self: run.Run, planned: object) -> items.Item:
        item = address(self, planned)
        begun.append(item.command)
        if item.command != "compute":
            assert performed.count("compute") == 2
        return item

    def perform(item: items.Item) -> items.Outcome:
        performed.append(item.command)
        return items.Outcome(json.dumps({"results": [{"x": 1}], "inputs": [], "units": {}, "warnings": []}))

    monkeypatch.setattr(run.Run, "addressed", addressed)
    monkeypatch.setattr(run, "perform", perform)
    (tmp_path / "made.toml").write_text("")
    declared = {
        "title": "t",
        "step": [
            {"command": "binding", "inputs": [str(tmp_path / "made.toml")]},
            {"command": "compute", "inputs": [str(tmp_path / name) for name in ("a.toml", "b.toml")]},
        ],
    }
    with ThreadPoolExecutor(1) as threads:
        found = pc.run_workflow(declared, output=tmp_path / "out", executor=threads, details=False)
    assert found.n_done == 3 and begun == ["compute", "compute", "binding"] == performed


def test_a_bundled_workflow_is_found_beside_the_folder_of_its_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nature_561_88_bands").mkdir()
    assert "CsPbX3" in pc.read_workflow("nature_561_88_bands").title


def test_a_file_with_a_byte_order_mark_and_whole_numbers_beyond_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(
        '\ufefftitle = "t"\r\nmatrix = { n = [1, 99999999999999999999999] }\r\n[[step]]\r\ncommand = "substitute"\r\n'
        'inputs = ["CsPbCl3"]\r\nover = ["n"]\r\nsettings = { site = "Cl", ion = "Br-" }\r\n',
        encoding="utf-8",
        newline="",
    )
    with ThreadPoolExecutor(1) as threads:
        found = pc.run_workflow(path, output=tmp_path / "out", executor=threads, details=False)
    assert found.n_done == 2
    assert ",99999999999999999999999," in (tmp_path / "out" / "rows.csv").read_text(encoding="utf-8")
