"""Whole screens whose workers die, whose folder is taken away, whose user may not write: nothing lost, nothing different."""

import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from builders_workflows import fast, halides, ran, screen

import perovchem as pc
from perovchem.errors import PerovchemError
from perovchem.workflow import engines, record
from perovchem.workflow.items import perform

WRITTEN = ("rows.csv", "rows.parquet", "screen.json")
START = (
    "import sys, perovchem.workflow.record as r; r.source_digest = lambda: '0' * 64\n"
    "from perovchem.cli import main; main()"
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(autouse=True)
def one_version(monkeypatch):
    monkeypatch.setattr(record, "source_digest", lambda: "0" * 64)


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-c", START, "run", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **options,
    )


def same(one, other):
    for name in WRITTEN:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def workers_of(process):
    """Return the worker processes of a run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


@LINUX
def test_workers_killed_at_random_moments(tmp_path):
    """Five times a worker of a running screen is killed: the same bytes.

    An item has failed only if both of its workers were killed; the next run does it.
    """
    workflow = fast(tmp_path, 150)
    ran(workflow, tmp_path / "whole")
    source = random.Random(81)
    process = start(workflow, "-o", tmp_path / "out", "--workers", 2, "--no-details")
    killed = 0
    while process.poll() is None and killed < 5:
        if (tmp_path / "out/items").is_dir() and (found := workers_of(process.pid)):
            before = len(list((tmp_path / "out/items").glob("*.json")))
            os.kill(source.choice(found), signal.SIGKILL)
            killed += 1
            end = time.monotonic() + 20
            while len(list((tmp_path / "out/items").glob("*.json"))) < before + 10 and time.monotonic() < end:
                if process.poll() is not None:
                    break
                time.sleep(0.01)
        time.sleep(source.uniform(0, 0.02))
    _, told = process.communicate(timeout=120)
    assert killed >= 2
    if process.returncode == 1:
        if (tmp_path / "out/screen.json").exists():
            failed = [one for one in screen(tmp_path / "out")["items"] if one["status"] == "failed"]
            assert 0 < len(failed) < killed
            assert all(
                "the worker died twice: killed by SIGKILL" in one["error"]["what"] for one in failed
            ), told
        else:  # on a slow machine several were killed while they started
            assert b"worker" in told
        ran(workflow, tmp_path / "out")
    else:
        assert process.returncode == 0, told
    same(tmp_path / "out", tmp_path / "whole")


@LINUX
def test_nobody_is_left_when_a_screen_is_killed(tmp_path):
    workflow = fast(tmp_path, 400)
    process = start(workflow, "-o", tmp_path / "out", "--workers", 2, "--no-details")
    end = time.monotonic() + 60
    while len(found := workers_of(process.pid)) < 2 or not list((tmp_path / "out/items").glob("*.json")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    process.stderr.close()
    while any(Path(f"/proc/{worker}").exists() for worker in found):
        assert time.monotonic() < end, "workers outlive their screen"
        time.sleep(0.05)


def test_killed_while_pages_of_items_are_written(tmp_path):
    """With tables, figures and a page for each item; ends as if nothing had happened, every page whole."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    path = tmp_path / "halides.json"
    path.write_text(json.dumps(halides()))
    table = halides(matrix={"halide": ["Br", "I", "F"]})
    ran(table, whole, details=True)
    text = 'title = "Halides"\n[matrix]\nhalide = ["Br", "I", "F"]\n[[step]]\nname = "entry"\ncommand = "substitute"\n'
    text += 'inputs = ["CsPbCl3"]\nsettings = {site = "Cl", ion = "{halide}-"}\n'
    text += 'columns = {verdict = "verdict", mismatch = "tests[name=radius_mismatch].value"}\n'
    workflow = tmp_path / "halides.toml"
    workflow.write_text(text)
    for pause in (0.0, 0.5):
        process = start(workflow, "-o", out, "--workers", 2, "--details")
        end = time.monotonic() + 60
        while not (out / "items").is_dir() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(pause)
        process.kill()
        process.wait()
        process.stderr.close()
    process = start(workflow, "-o", out, "--workers", 2, "--details")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    for name in ("rows.csv", "rows.parquet"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    pages = sorted(one.relative_to(out) for one in out.rglob("*") if one.is_file())
    expected = sorted(one.relative_to(whole) for one in whole.rglob("*") if one.is_file())
    leave = {".key", "page.html"}
    names = [{one.name for one in found} - leave for found in (pages, expected)]
    records = [{name for name in found if len(name) == 69} for found in names]
    assert [len(found) for found in records] == [3, 3]
    assert names[0] - records[0] == names[1] - records[1]
    for page in out.rglob("page.html"):
        assert page.read_text().rstrip().endswith("</html>")


def test_engines_give_the_same_bytes(tmp_path):
    workflow = fast(tmp_path, 12)
    ran(workflow, tmp_path / "threads")
    pc.run_workflow(workflow, output=tmp_path / "processes", workers=2, details=False)
    same(tmp_path / "processes", tmp_path / "threads")


@LINUX
def test_folder_of_results_that_is_taken_away(tmp_path):
    """In the middle: a message, no traceback, and no worker that waits."""
    workflow = fast(tmp_path, 150)
    out = tmp_path / "out"
    process = start(workflow, "-o", out, "--workers", 2, "--no-details")
    end = time.monotonic() + 60
    while not list((out / "items").glob("*.json")) and time.monotonic() < end:
        time.sleep(0.01)
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert b"Traceback" not in told
    assert b"Fix:" in told


def without_privilege():
    """Let the rights of files hold for the superuser too: PR_CAPBSET_DROP of CAP_DAC_OVERRIDE, _READ_SEARCH."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


@LINUX
def test_rights_that_one_does_not_have(tmp_path):
    """Folders that cannot be written or looked into, files that cannot be read: a message, and all else is done."""
    crystal = pc.reference.path("CsPbCl3_cubic").read_bytes()
    shut, free = tmp_path / "shut", tmp_path / "free"
    for folder in (shut, free):
        folder.mkdir()
        (folder / "x.cif").write_bytes(crystal)
    (free / "y.cif").write_bytes(crystal)
    workflow = tmp_path / "w.toml"
    words = json.dumps(["shut/x.cif", "free/x.cif", "free/y.cif"])
    columns = 'columns = {d = "peaks[0].d"}'
    workflow.write_text(f'title = "x"\n[[step]]\ncommand = "xrd"\ninputs = {words}\n{columns}\n')

    def run(output):
        options = {"preexec_fn": without_privilege, "cwd": tmp_path}
        process = start(workflow, "-o", output, "--workers", 1, "--no-details", **options)
        _, told = process.communicate(timeout=120)
        assert b"Traceback" not in told, told
        return process.returncode, told.decode()

    (free / "y.cif").chmod(0)
    shut.chmod(0)
    try:
        code, told = run(shut / "out")
        assert code == 1
        assert "ermission denied" in told
        assert str(shut) in told
        code, told = run(tmp_path / "out")
        assert code == 1
        rows = (tmp_path / "out/rows.csv").read_text().splitlines()[1:]
        assert [row.split(",")[3] for row in rows] == ["failed", "done", "failed"]
        assert "ermission denied" in rows[2]
        workflow.chmod(0)
        code, told = run(tmp_path / "other")
        assert code in (1, 2)
        assert "w.toml" in told
        assert "not readable" in told or "ermission denied" in told
        workflow.chmod(0o600)
        (tmp_path / "out").chmod(0o500)
        code, told = run(tmp_path / "out")
        assert code == 1
        assert "ermission denied" in told
    finally:
        for one in (shut, tmp_path / "out"):
            if one.exists():
                one.chmod(0o700)


def test_executor_that_fails_in_the_middle(tmp_path):
    """What was done before is kept, and the next run does only the rest."""

    class Tiring(Executor):
        left = 3

        def submit(self, fn, /, *args, **_):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("too tired")
            future = Future()
            future.set_result(fn(*args))
            return future

    workflow = fast(tmp_path, 150)  # short items travel together, up to 32
    with pytest.raises(PerovchemError, match="takes no work: too tired"):
        pc.run_workflow(workflow, output=tmp_path / "out", executor=Tiring(), details=False)
    there = len(list((tmp_path / "out/items").glob("*.json")))
    assert 0 < there < 150
    found = ran(workflow, tmp_path / "out")
    assert (found.n_cached, found.n_done) == (there, 150)


def test_item_whose_worker_dies_is_told_in_the_rows(tmp_path, monkeypatch):
    """A crash of a library is one failed row, with its signal; the log has the last that the worker printed."""
    import engine_functions

    monkeypatch.setattr("perovchem.workflow.run.perform", engine_functions.perform_or_crash)
    workflow = fast(tmp_path, 6)
    found = pc.run_workflow(workflow, output=tmp_path / "out", workers=2, details=False)
    assert (found.n_done, found.n_failed) == (5, 1)
    assert "SIGSEGV" in found.failures[0].what
    assert found.failures[0].fix
    assert "Segmentation fault" in (tmp_path / "out/run.log").read_text()
    monkeypatch.setattr("perovchem.workflow.run.perform", perform)
    ran(workflow, tmp_path / "whole")
    again = ran(workflow, tmp_path / "out")
    assert (again.n_cached, again.n_done, again.n_failed) == (5, 6, 0)
    same(tmp_path / "out", tmp_path / "whole")


def test_perform_never_raises_in_an_engine(tmp_path):
    """A folder that is gone is the item's failure."""
    from perovchem.workflow.items import Item

    item = Item(0, "step", "name", "exciton", (), str(tmp_path / "gone"))
    with engines.local(1) as engine:
        ((_, outcome),) = engines.completed(perform, [item], engine)
    assert outcome.failure is not None
    assert str(tmp_path / "gone") in str(outcome.failure)
