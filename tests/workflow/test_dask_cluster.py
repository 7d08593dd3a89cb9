"""A real scheduler and real workers on the loopback; workers and scheduler killed while they work."""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import engine_functions as functions
import pytest
from builders_workflows import fast, ran

from perovchem.errors import MissingDataError, UsageError
from perovchem.workflow import checksums, dask_cluster, engines
from perovchem.workflow.local_workers import EngineError

pytest.importorskip(
    "distributed", reason="dask's distributed is not installed: pip install 'perovchem[dask]'"
)
LONG = 60.0
"""Seconds that anything may take on a machine that others use too."""


class Cluster:
    """A scheduler at a free port, and workers."""

    def __init__(self, folder):
        self.folder, self.processes, self.workers = folder, [], []
        self.file = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file))
        end = time.monotonic() + LONG
        while True:
            try:
                self.address = json.loads(self.file.read_text())["address"]
                return
            except (OSError, ValueError):
                assert time.monotonic() < end, "the scheduler does not start"
                time.sleep(0.05)

    def _start(self, kind, *words, **variables):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        environment = os.environ | {
            "PYTHONPATH": str(Path(functions.__file__).parent),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
            **variables,
        }
        with (self.folder / f"{kind}{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=self.folder, start_new_session=True
            )
        self.processes.append(process)
        return process

    def work(self, count, *words, **variables):
        """Start workers, one thread each."""
        words = (self.address, "--nthreads", "1", "--host", "127.0.0.1", *words)
        self.workers += [self._start("worker", *words, **variables) for _ in range(count)]
        return self

    @staticmethod
    def kill(process):
        """With its nanny, as a node that goes dark."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                self.kill(process)


@pytest.fixture
def cluster(tmp_path):
    checksums.source_digest.cache_clear()  # workers read the code as it is now
    made = Cluster(tmp_path)
    yield made
    made.end()


def documents(pairs):
    found = list(pairs)
    assert len({item for item, _ in found}) == len(found)
    return {item: outcome.document for item, outcome in found}


def test_one_of_two_workers_is_killed_in_the_middle(cluster):
    """Nothing is lost and nothing is different from the work of local processes."""
    cluster.work(2)
    with engines.local(2) as engine:
        expected = documents(engines.completed(functions.slow_square, range(60), engine))
    assert expected == {number: str(number**2) for number in range(60)}
    found = []
    with engines.dask(cluster.address, patience=LONG) as engine:
        engine._client.wait_for_workers(2, timeout=LONG)
        for pair in engines.completed(functions.slow_square, range(60), engine):
            found.append(pair)
            if len(found) == 10:
                cluster.kill(cluster.workers[0])
    assert documents(found) == expected


def test_workflow_while_a_worker_is_killed(cluster, tmp_path, monkeypatch):
    """The whole of a screen: rows and JSON equal those of this process byte for byte."""
    import perovchem as pc
    from perovchem.workflow import record, run

    monkeypatch.setattr(record, "source_digest", lambda: "0" * 64)
    workflow = fast(tmp_path, 60)
    ran(workflow, tmp_path / "here")
    cluster.work(2)
    taken = run.Run._take
    count = 0

    def take(self, item, outcome):
        nonlocal count
        count += 1
        if count == 5:
            cluster.kill(cluster.workers[0])
        taken(self, item, outcome)

    monkeypatch.setattr(run.Run, "_take", take)
    found = pc.run_workflow(workflow, output=tmp_path / "there", dask=cluster.address, details=False)
    assert (found.n_done, found.n_failed) == (60, 0)
    for name in ("rows.csv", "rows.parquet", "screen.json"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_threads_and_an_item_that_kills_its_workers(cluster, tmp_path):
    """Where the environment would allow more; the item fails, all others are done."""
    cluster.work(2, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2", MKL_NUM_THREADS="2", NUMBA_NUM_THREADS="2")
    with engines.dask(str(cluster.file), patience=LONG) as engine:
        for _, outcome in engines.completed(functions.threads, range(4), engine):
            assert set(outcome.document.split()) == {"1"}
        items = [(number, "kill" if number == 3 else "", str(tmp_path / "journal")) for number in range(8)]
        outcomes = dict(engines.completed(functions.die, items, engine))
    failed = {item[0]: outcome.failure for item, outcome in outcomes.items() if outcome.failure}
    assert 3 in failed
    assert len(outcomes) == 8
    assert set(failed) == {3}
    assert "the worker died" in failed[3].what
    assert failed[3].fix


def test_executor_of_a_client(cluster):
    """As a user has it who has made a cluster in Python."""
    from distributed import Client

    cluster.work(1)
    with Client(cluster.address, timeout=LONG, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=LONG)
        found = documents(engines.completed(functions.square, range(200), client.get_executor()))
    assert found == {number: str(number**2) for number in range(200)}


def test_scheduler_that_is_killed(cluster):
    cluster.work(1)
    found = []
    begin = time.monotonic()
    with (
        pytest.raises(EngineError, match=r"scheduler is gone|there has been no worker") as raised,
        engines.dask(cluster.address, patience=8) as engine,
    ):
        for pair in engines.completed(functions.slow_square, range(500), engine):
            found.append(pair)
            if len(found) == 3:
                cluster.kill(cluster.processes[0])
    assert "what is done is kept" in str(raised.value)
    assert 3 <= len(found) < 500
    assert time.monotonic() - begin < 2 * LONG


def test_all_workers_are_gone(cluster):
    """It does not wait forever."""
    cluster.work(1)
    with (
        pytest.raises(EngineError, match="for 8 s there has been no worker"),
        engines.dask(cluster.address, patience=8) as engine,
    ):
        for item, _ in engines.completed(functions.slow_square, range(500), engine):
            if item == 3:
                cluster.kill(cluster.workers[0])


def test_scheduler_without_workers(cluster):
    words = r"no workers, and none came within 1 s.*dask worker tcp"
    with pytest.raises(EngineError, match=words), engines.dask(cluster.address, patience=1):
        pass


@pytest.mark.parametrize(
    ("name", "words"),
    [("__version__", "perovchem of a worker"), ("source_digest", "the code of perovchem of a worker")],
)
def test_workers_of_another_version(cluster, name, words):
    """They would give other numbers under the same name."""
    cluster.work(1)
    with pytest.MonkeyPatch.context() as patched, pytest.raises(EngineError, match=words):
        patched.setattr(dask_cluster, name, "0.0.0" if name == "__version__" else lambda: "0" * 64)
        with engines.dask(cluster.address, patience=LONG):
            pass


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT", 1.0)


def test_address_at_which_nothing_listens(quick):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(EngineError, match="no Dask scheduler answers"), engines.dask(address):
            pass


def test_address_at_which_something_else_listens(quick):
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        for port in (server.server_port, mute.getsockname()[1]):
            with pytest.raises(EngineError, match="something else"), engines.dask(f"tcp://127.0.0.1:{port}"):
                pass
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "", "tcp"])
def test_words_that_are_no_address(address):
    with pytest.raises(UsageError, match="is no address"), engines.dask(address):
        pass


def test_file_that_is_no_scheduler_file(tmp_path):
    for text in ("", "{}", "[]", "tcp://127.0.0.1:8786"):
        (tmp_path / "file").write_text(text)
        with pytest.raises(UsageError, match="no scheduler file"), engines.dask(str(tmp_path / "file")):
            pass


def test_distributed_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDataError, match=r"perovchem\[dask\]"), engines.dask("tcp://127.0.0.1:1"):
        pass
