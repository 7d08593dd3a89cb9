"""What strangers' files and bad disks do: a clear message, nothing lost, nothing run, nothing written elsewhere."""

import html
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders_workflows import fast, halides, ran, screen

import perovchem as pc
from perovchem.errors import InputError
from perovchem.workflow import record

CRYSTAL = pc.reference.path("CsPbCl3_cubic").read_bytes()
ODD = ("with space.cif", "Ünïcode Å 鉛.cif", "new\nline.cif", "<img src=x onerror=alert(1)>.cif", "{brace}.cif", "-o.cif",
       "a+b.cif", "quote\"'&.cif", "$(touch x).cif", "[1].cif", "%s%n.cif")  # fmt: skip


@pytest.fixture(autouse=True)
def one_version(monkeypatch) -> None:
    monkeypatch.setattr(record, "source_digest", lambda: "0" * 64)


def patterns(folder: Path, inputs: list[str]) -> Path:
    import json

    path = folder / "w.toml"
    path.write_text(
        f'title = "x"\n[[step]]\ncommand = "xrd"\ninputs = {json.dumps(inputs)}\n[step.columns]\nd = "peaks[0].d"\n'
    )
    return path


def test_odd_names_of_files(tmp_path) -> None:
    folder = tmp_path / "deep" / "in"
    folder.mkdir(parents=True)
    for name in ODD:
        (folder / name).write_bytes(CRYSTAL)
    (tmp_path / "deep/w").mkdir()
    workflow = patterns(tmp_path / "deep/w", ["../in/*.cif"])
    out = tmp_path / "deep/out put"
    found = ran(workflow, out, details=True)
    assert (found.n_done, found.failures) == (len(ODD), ())
    assert sorted(one["item"] for one in screen(out)["items"]) == sorted(f"../in/{name}" for name in ODD)
    page = (out / "page.html").read_text()
    assert "<img" not in page
    assert html.escape("<img src=x onerror=alert(1)>.cif") in page
    for one in (out / "items").iterdir():  # nothing but names that are safe anywhere
        assert one.name.isascii()
        assert one.resolve().parent == (out / "items").resolve()
    assert "\nline" not in (out / "run.log").read_text()
    assert {one.name for one in (tmp_path / "deep").iterdir()} == {"in", "w", "out put"}


def test_a_file_name_that_is_no_text(tmp_path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.cif"
    try:
        Path(os.fsdecode(path)).write_bytes(CRYSTAL)
    except OSError:
        pytest.skip("this file system has no such names")
    found = ran(patterns(tmp_path, ["*.cif"]), tmp_path / "out")
    assert found.n_items == 1
    assert screen(tmp_path / "out")["items"][0]["item"] == "\\udcff.cif"


@pytest.mark.parametrize(
    "texts", [["</script><script>alert(1)</script>", "../../../../etc/passwd", "a\x1b[31mb"]]
)
def test_unsafe_words_of_the_file_itself(tmp_path, texts) -> None:
    table = halides(title=texts[0], about=texts[0], matrix={"halide": texts})
    found = ran(table, tmp_path / "out", details=True)
    assert found.n_failed == 3
    page = (tmp_path / "out/page.html").read_text()
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\x1b" not in (tmp_path / "out/run.log").read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out"]


def test_a_malformed_item_in_each_place_of_fifty(tmp_path) -> None:
    """Whichever of fifty files is broken, the other forty-nine are done, and their rows are the same."""
    for k in range(50):
        (tmp_path / f"{k:02}.cif").write_bytes(CRYSTAL)
    workflow = patterns(tmp_path, ["*.cif"])
    whole = ran(workflow, tmp_path / "out").to_dataframe()
    assert len(set(whole["xrd.d"])) == 1
    for k in range(50):
        path = tmp_path / f"{k:02}.cif"
        path.write_bytes((b"", b"data_\nloop_\n", b"\xff\x00" * 50, CRYSTAL[: len(CRYSTAL) // 3])[k % 4])
        found = ran(workflow, tmp_path / "out")
        assert (found.n_done, found.n_failed) == (49, 1)
        rows = found.to_dataframe()
        assert rows["status"][k] == "failed"
        assert found.failures[0].item == f"{k:02}.cif"
        assert found.failures[0].fix
        assert "internal" not in found.failures[0].what
        rest = rows.drop(index=k)
        assert rest.equals(whole.drop(index=k).astype(rest.dtypes.to_dict()))
        path.write_bytes(CRYSTAL)


def command(*arguments: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``perovchem`` with files limited to so many bytes."""
    start = "import sys, perovchem.workflow.record as r; r.source_digest = lambda: '0' * 64\n"
    if limit is not None:
        start += f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    start += "from perovchem.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", start, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("limit", [100, 3000, 6000])
def test_a_full_disk(tmp_path, limit) -> None:
    """One message wherever the disk is full: at the first record, at the log, at the page; then all of it is there."""
    path = fast(tmp_path, 6)
    done = command("run", path, "-o", tmp_path / "out", "--workers", 1, "--no-details", limit=limit)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("Fix: make room") == 1, done.stderr
    there = len(list((tmp_path / "out/items").glob("*.json")))
    assert not list((tmp_path / "out").rglob(".part-*"))
    found = ran(path, tmp_path / "out")
    assert (found.n_cached, found.n_done) == (there, 6)
    ran(path, tmp_path / "whole")
    for name in ("rows.csv", "rows.parquet", "screen.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_full_terminal(tmp_path) -> None:
    path = fast(tmp_path, 2)
    ran(path, tmp_path / "out")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "perovchem", "run", path, "-o", tmp_path / "out", "--no-details"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot write" in done.stderr


def test_an_output_that_cannot_be_a_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file/below", Path("/proc/nothing")):
        with pytest.raises(InputError) as told:
            ran(halides(), place)
        assert told.value.fix
    assert (tmp_path / "file").read_text() == "x"


def test_folders_that_may_not_be_read_or_written(tmp_path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / "x.cif").write_bytes(CRYSTAL)
    shut.chmod(0)
    if os.access(shut, os.R_OK):
        pytest.skip("the superuser may read and write everything")
    try:
        found = ran(patterns(tmp_path, ["shut/x.cif", "shut"]), tmp_path / "out")
        assert found.n_failed == 2
        with pytest.raises(InputError, match="ermission"):
            ran(halides(), shut / "out")
    finally:
        shut.chmod(0o700)


def test_nothing_is_written_through_links(tmp_path) -> None:
    """Links laid into the folder of results are replaced or refused; what they point to stays."""
    path = fast(tmp_path, 2)
    out = tmp_path / "out"
    ran(path, out)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("rows.csv", "screen.json", "page.html", "provenance.json", "rows.parquet", "checksums.json"):
        (out / name).unlink(missing_ok=True)
        (out / name).symlink_to(victim)
    ran(path, out)
    assert victim.read_text() == "mine"
    (out / "run.log").unlink()
    (out / "run.log").symlink_to(victim)
    with pytest.raises(InputError, match=r"run\.log"):
        ran(path, out)
    (out / "run.log").unlink()
    (out / ".lock").unlink()
    (out / ".lock").symlink_to(victim)
    with pytest.raises(InputError, match=r"\.lock"):
        ran(path, out)
    assert victim.read_text() == "mine"


def test_links_are_read(tmp_path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store/x.cif").write_bytes(CRYSTAL)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/x.cif").symlink_to(tmp_path / "store/x.cif")
    assert ran(patterns(tmp_path / "run", ["*.cif"]), tmp_path / "out").n_done == 1
