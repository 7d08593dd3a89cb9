"""Killed at any moment and run again: the same bytes as of a run that nobody touched."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builders_workflows import fast

# a shell that starts tests in the background lets them ignore Ctrl-C
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "import sys, perovchem.workflow.record as r; r.source_digest = lambda: '0' * 64\n"
    "from perovchem.cli import main; main()"
)
N_ITEMS = 60


def start(workflow: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    typed = ["run", workflow, "-o", output, "--workers", workers, "--no-details"]
    return subprocess.Popen(
        [sys.executable, "-c", START, *map(str, typed)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def n_records(output: Path) -> int:
    return len(list((output / "items").glob("*.json")))


def n_begun(output: Path) -> int:
    log = output / "run.log"
    return log.read_text().count(" begin: ") if log.is_file() else 0


def wait(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    """Wait until something holds, or the process has ended."""
    end = time.monotonic() + 60
    while process.poll() is None and not until() and time.monotonic() < end:
        time.sleep(0.002)


def test_ten_kills(tmp_path) -> None:
    """At random moments: while items are done, between them, and while rows, page and provenance are written."""
    workflow = fast(tmp_path, N_ITEMS)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = start(workflow, whole, 2)
    assert process.wait(120) == 0, process.stderr.read()
    process.stderr.close()
    source = random.Random(8)
    for number in range(10):
        process = start(workflow, killed, source.choice([1, 2]))
        last = N_ITEMS if number >= 8 else n_records(killed) + source.randint(0, 4)
        wait(process, lambda number=number, last=last: n_begun(killed) > number and n_records(killed) >= last)
        time.sleep(source.uniform(0, 0.4 if number >= 8 else 0.03))  # the end takes about that long
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        process.stderr.close()
    process = start(workflow, killed, 1)
    assert process.wait(120) == 0, process.stderr.read()
    process.stderr.close()
    for name in ("rows.csv", "rows.parquet", "screen.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert sorted(one.name for one in (killed / "items").iterdir()) == sorted(
        one.name for one in (whole / "items").iterdir()
    )
    log = (killed / "run.log").read_text()
    assert log.count(" done ") >= N_ITEMS
    assert n_begun(killed) == 11
    # an item whose record was there when a run was killed was not computed again
    assert log.count(" done ") <= N_ITEMS + 2 * 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ended_from_outside(tmp_path, number) -> None:
    workflow, output = fast(tmp_path, N_ITEMS), tmp_path / "out"
    process = start(workflow, output, 1)
    wait(process, lambda: n_records(output) >= 3)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in told
    if number == signal.SIGINT:
        assert b"type the same command again" in told
    process = start(workflow, output, 1)
    assert process.wait(120) == 0
    process.stderr.close()
