"""Engines: nothing lost, nothing twice, whatever becomes of the workers."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import engine_functions as functions
import pytest

from perovchem.errors import PerovchemWarning, UsageError
from perovchem.workflow import engines, local_workers, threads
from perovchem.workflow.items import Failure, Outcome
from perovchem.workflow.local_workers import EngineError

TESTS = str(Path(functions.__file__).parent)


def squares(numbers):
    return {number: str(number * number) for number in numbers}


def documents(pairs):
    """Return item -> document; each item comes once."""
    found = list(pairs)
    assert len({item for item, _ in found}) == len(found)
    return {item: outcome.document for item, outcome in found}


def gone(process):
    """Return whether a process has ended (a zombie that nobody reaps counts)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_item_once(workers):
    with engines.local(workers) as engine:
        assert documents(engines.completed(functions.square, range(100), engine)) == squares(range(100))


def test_no_items():
    with engines.local(2) as engine:
        assert list(engines.completed(functions.square, [], engine)) == []


def test_results_come_as_they_finish():
    items = [(0, 1.5), *((number, 0.0) for number in range(1, 8))]
    with engines.local(2) as engine:
        order = [item[0] for item, _ in engines.completed(functions.wait_then_square, items, engine)]
    assert order[-1] == 0
    assert sorted(order) == list(range(8))


def test_few_items_are_under_way():
    """Of a source without end only a window is taken; it can be left at any time."""
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield taken

    with engines.local(2) as engine:
        for done, _ in enumerate(engines.completed(functions.square, endless(), engine), 1):
            assert taken - done <= 4
            if done == 50:
                break


class Instant(Executor):
    """Does at once what it is given, and counts what waits to be taken back."""

    def __init__(self):
        self.most = self.tasks = 0
        self.waiting = set()

    def submit(self, fn, /, *args):
        future = Future()
        self.waiting.add(future)
        self.most = max(self.most, len(self.waiting))
        self.tasks += 1
        future.set_result(fn(*args))
        taken = future.result

        def result(timeout=None):
            self.waiting.discard(future)
            return taken(timeout)

        future.result = result
        return future


def test_hundred_thousand_items_are_never_all_there():
    engine = Instant()
    count = sum(1 for _ in engines.completed(functions.square, iter(range(100_000)), engine))
    assert count == 100_000
    assert engine.most <= 128
    assert engine.tasks < 10_000  # short items travel together


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("exit", "ended with status 3"),
        ("kill", "killed by SIGKILL"),
        ("segfault", "killed by SIGSEGV"),
        ("memory", "not enough memory"),
        ("quit", "farewell"),
        ("unpicklable", "could not perform"),
    ],
)
def test_death_of_a_worker_costs_its_item_alone(tmp_path, how, words):
    journal = str(tmp_path / "journal")
    items = [(number, how if number in (0, 7, 19) else "", journal) for number in range(20)]
    with engines.local(2) as engine:
        outcomes = dict(engines.completed(functions.die, items, engine))
    assert len(outcomes) == 20
    failed = {item[0]: str(outcome.failure) for item, outcome in outcomes.items() if outcome.failure}
    assert set(failed) == {0, 7, 19}
    assert all(words in text and "Fix: " in text for text in failed.values())
    tries = [int(line) for line in Path(journal).read_text().splitlines()]
    assert {number: tries.count(number) for number in range(20)} == {
        number: 2 if number in failed else 1 for number in range(20)
    }


def test_segmentation_fault_leaves_its_stack(tmp_path):
    with engines.local(1) as engine:
        item = (0, "segfault", str(tmp_path / "journal"))
        ((_, outcome),) = engines.completed(functions.die, [item], engine)
    assert "Segmentation fault" in outcome.failure.traceback
    assert "engine_functions.py" in outcome.failure.traceback


def test_item_whose_worker_dies_once_is_done(tmp_path):
    journal = str(tmp_path / "journal")
    items = [(number, "once" if number % 5 == 0 else "", journal) for number in range(20)]
    with engines.local(2) as engine:
        found = documents(engines.completed(functions.die, items, engine))
    assert {item[0]: text for item, text in found.items()} == squares(range(20))


def test_workers_killed_from_outside():
    """Whatever worker is killed, and when: all items are done."""
    with engines.local(2) as engine:
        found = {}
        for killed, (item, outcome) in enumerate(
            engines.completed(functions.process_id, range(24), engine), 1
        ):
            found[item] = outcome
            worker, parent = map(int, outcome.document.split())
            assert parent == os.getpid()
            if killed in (3, 9, 15):
                os.kill(worker, signal.SIGKILL)
    assert sorted(found) == list(range(24))
    assert not any(outcome.failure for outcome in found.values())


def test_memory_limit_is_an_error_of_its_item():
    with engines.local(1) as engine:
        found = dict(engines.completed(functions.limited_memory, [1, 500, 2], engine))
    assert found[1].document == str(2**20)
    assert found[2].document == str(2**21)
    assert found[500].failure == Failure("there is not enough memory")


def script(tmp_path, text, *words):
    path = tmp_path / "script.py"
    interruptible = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    path.write_text(f"{interruptible}sys.path.insert(0, {TESTS!r})\n{text}")
    return subprocess.Popen(
        [sys.executable, str(path), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_script_without_a_guard_around_its_main_part(tmp_path):
    """Nothing of the caller's main module is run in a worker, and modules are looked for where the caller does."""
    done = script(
        tmp_path,
        "import engine_functions as functions\n"
        "from perovchem.workflow import engines\n"
        "print('started')\n"
        "with engines.local(2) as engine:\n"
        "    for _, outcome in engines.completed(functions.paths, range(2), engine):\n"
        "        print(outcome.document)\n",
    )
    out, err = done.communicate(timeout=60)
    assert out.split("\n") == ["started", "True None", "True None", ""], err


SLEEPING = (
    "import engine_functions as functions\n"
    "from perovchem.workflow import engines\n"
    "with engines.local(1) as engine:\n"
    "    list(engines.completed(functions.sleep_with_child, [sys.argv[1]], engine))\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_their_caller(tmp_path, how):
    """Killed or interrupted: neither a worker nor what it started is left behind, and Ctrl-C ends at once."""
    journal = tmp_path / "journal"
    caller = script(tmp_path, SLEEPING, str(journal))
    wait_for(lambda: journal.exists() and journal.read_text().endswith("\n"))
    worker, child = map(int, journal.read_text().split())
    assert not gone(worker)
    assert not gone(child)
    caller.send_signal(how)
    _, err = caller.communicate(timeout=20)
    assert ("KeyboardInterrupt" in err) == (how == signal.SIGINT)
    wait_for(lambda: gone(worker) and gone(child), 10)


def test_leaving_the_block_by_an_error_ends_the_workers(tmp_path):
    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError), engines.local(2) as engine:
        for item, _ in engines.completed(
            functions.wait_then_square, [(0, 0.0), (1, 300.0), (2, 300.0)], engine
        ):
            raise ZeroDivisionError(item)
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize("bound", [1, 2])
def test_threads_of_a_worker(bound, monkeypatch):
    """Whatever the caller's environment says."""
    for name in threads.VARIABLES:
        monkeypatch.setenv(name, "7")
    with engines.local(1, bound=bound) as engine:
        ((_, outcome),) = engines.completed(functions.threads, [0], engine)
    seen = [int(word) for word in outcome.document.split()]
    assert len(seen) >= 2  # a BLAS and numba
    assert set(seen) == {min(bound, threads.cores())}


def test_threads_of_a_process_that_others_started():
    """Libraries that are loaded already are bounded too."""
    code = (
        "import numpy, numba\n"
        "from perovchem.workflow import threads\n"
        "threads.bind(1)\n"
        "print(set(threads.seen().values()))\n"
    )
    environment = os.environ | {"NUMBA_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "{1}"


def test_thread_pool():
    with ThreadPoolExecutor(3) as engine:
        assert documents(engines.completed(functions.square, range(50), engine)) == squares(range(50))


def test_process_pool():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as engine:
        assert documents(engines.completed(functions.square, range(50), engine)) == squares(range(50))


def test_process_pool_that_breaks(tmp_path):
    journal = str(tmp_path / "journal")
    items = [(number, "kill" if number == 5 else "", journal) for number in range(30)]
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as engine,
        pytest.warns(PerovchemWarning, match="2 worker processes of our own"),
    ):
        outcomes = dict(engines.completed(functions.die, items, engine))
    failed = [item[0] for item, outcome in outcomes.items() if outcome.failure]
    assert failed == [5]
    done = {item[0]: outcome.document for item, outcome in outcomes.items() if not outcome.failure}
    assert done == squares(set(range(30)) - {5})


def test_executor_that_is_closed():
    with ThreadPoolExecutor(1) as engine:
        pass
    with pytest.raises(EngineError, match="takes no work"):
        list(engines.completed(functions.square, range(3), engine))


def test_executor_that_drops_its_items():
    class Dropping(Instant):
        def submit(self, fn, /, *args):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(EngineError, match="dropped its items"):
        list(engines.completed(functions.square, range(3), Dropping()))


@pytest.mark.parametrize("workers", [0, -1, 10**6])
def test_senseless_numbers_of_workers(workers):
    with pytest.raises(UsageError, match="workers"), engines.local(workers):
        pass


@pytest.mark.parametrize(
    ("starter", "words"), [("false", "ended with status 1"), ("no such", "No such file")]
)
def test_worker_that_cannot_be_started(monkeypatch, starter, words):
    monkeypatch.setattr(local_workers, "arguments_of_python", lambda: [starter])
    with pytest.raises(EngineError, match=f"cannot be started.*{words}"), engines.local(2) as engine:
        list(engines.completed(functions.square, range(10), engine))


def test_worker_that_is_killed_while_it_starts(monkeypatch):
    """Started again; nothing is lost."""
    proper = local_workers.arguments_of_python()
    tries = iter([["sh", "-c", "kill -9 $$"], ["false"]])
    monkeypatch.setattr(local_workers, "arguments_of_python", lambda: next(tries, proper))
    with engines.local(1) as engine:
        assert documents(engines.completed(functions.square, range(5), engine)) == squares(range(5))


def test_python_that_prints_at_its_start(monkeypatch):
    monkeypatch.setattr(local_workers, "arguments_of_python", lambda: ["echo", "welcome, stranger"])
    with pytest.raises(EngineError, match="welcome"), engines.local(1) as engine:
        list(engines.completed(functions.square, range(3), engine))


def test_worker_that_does_not_see_the_files(tmp_path, monkeypatch):
    """On another computer a path that is here is not there: the error says which and where."""
    from perovchem.workflow.items import Item

    (tmp_path / "XDATCAR").write_text("")
    item = Item(0, "step", "name", "info", ("XDATCAR",), str(tmp_path))
    outcome = Outcome(failure=Failure("there is no such file"))
    told = engines._explained(item, outcome, (True, True, False), "node7").failure
    assert told.what == "the worker on node7 does not see a file that is here"
    assert told.where == str(tmp_path / "XDATCAR")
    assert "share" in told.fix
    # where it sees the same, its own error stands
    assert engines._explained(item, outcome, engines._visible(item), "node7") is outcome


def test_no_thread_is_left():
    before = threading.active_count()
    for _ in range(3):
        with engines.local(2) as engine:
            list(engines.completed(functions.square, range(4), engine))
    assert threading.active_count() == before
