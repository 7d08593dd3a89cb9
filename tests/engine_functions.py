"""What worker processes are asked in the tests of engines: small, importable, each with an answer that is known."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from perovchem.workflow.items import Failure, Outcome


def square(number: int) -> Outcome:
    return Outcome(document=str(number * number))


def slow_square(number: int) -> Outcome:
    time.sleep(0.05)
    return square(number)


def wait_then_square(told: tuple[int, float]) -> Outcome:
    time.sleep(told[1])
    return square(told[0])


def die(told: tuple[int, str, str]) -> Outcome:
    """Square a number, or end the process in the way that is asked; leave a line in the journal at each try."""
    number, how, journal = told
    with Path(journal).open("a") as handle:
        handle.write(f"{number}\n")
    match how:
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "memory":
            raise MemoryError
        case "quit":
            sys.exit("farewell")
        case "once":
            if Path(journal).read_text().splitlines().count(str(number)) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        case "unpicklable":
            return lambda: None  # type: ignore[return-value]
    return square(number)


def process_id(number: int) -> Outcome:
    time.sleep(0.05)
    return Outcome(document=f"{os.getpid()} {os.getppid()}")


def sleep_with_child(journal: str) -> Outcome:
    """Start a process of one's own, say which, and wait far too long."""
    child = subprocess.Popen(["sleep", "600"])
    Path(journal).write_text(f"{os.getpid()} {child.pid}\n")
    time.sleep(600)
    return Outcome()


def threads(number: int) -> Outcome:
    from perovchem.workflow.threads import seen

    return Outcome(document=" ".join(f"{count}" for count in seen().values()))


def paths(number: int) -> Outcome:
    main: Any = sys.modules["__main__"]
    return Outcome(document=f"{all(map(os.path.isabs, sys.path))} {getattr(main, '__file__', None)}")


def limited_memory(megabytes: int) -> Outcome:
    """Allocate under a limit of what the process has now and 100 MB more."""
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + 100 * 2**20, hard))
    try:
        return Outcome(document=str(len(bytearray(megabytes * 2**20))))
    except MemoryError:
        return Outcome(failure=Failure("there is not enough memory"))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def perform_or_crash(item: Any) -> Outcome:
    """Perform an item of a workflow; crash at the third."""
    from perovchem.workflow.items import perform

    if item.number == 2:
        ctypes.string_at(0)
    return perform(item)


def peak_of(item: Any) -> Outcome:
    """Perform an item; its document is the largest anonymous memory that the process had meanwhile, bytes."""
    import threading
    from dataclasses import replace

    from perovchem.workflow.items import perform

    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            status = Path("/proc/self/status").read_text()
            peak = max(peak, 1024 * int(status.partition("RssAnon:")[2].split()[0]))

    thread = threading.Thread(target=watch)
    thread.start()
    outcome = perform(item)
    done.set()
    thread.join()
    return outcome if outcome.failure else replace(outcome, document=str(peak))
