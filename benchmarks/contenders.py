"""A contender in a process of its own: started, asked to run, weighed, and closed."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import threading
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
THREADS: Final = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX", "OVITO")
#: Seconds between two looks at the memory of a running contender.
LOOK: Final = 0.001


def peers() -> list[str]:
    """Return the peers, each with its version: the extra "bench" of pyproject.toml."""
    text = (HERE.parent / "pyproject.toml").read_text(encoding="utf-8")
    wanted: list[str] = tomllib.loads(text)["project"]["optional-dependencies"]["bench"]
    return wanted


def environment() -> dict[str, str]:
    """Return the environment of every measured process: one thread, this checkout first."""
    pins = {f"{name}_NUM_THREADS": "1" for name in THREADS} | {
        "POLARS_MAX_THREADS": "1",
        "OVITO_THREAD_COUNT": "1",
    }
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    return os.environ | pins | {"PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}


class Memory:
    """What a process holds while it works, looked at from outside: its own pages and those of mapped files, MB.

    A look costs the process nothing, and no lock of its interpreter can hide a peak.
    """

    def __init__(self, process: int, inputs: Path) -> None:
        self.folder, self.inputs = Path("/proc", str(process)), f"{inputs}/"
        self.own = self.files = 0.0
        self.mapped = False
        self._first = self._resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _resident(self) -> tuple[float, float]:
        """Return anonymous and file pages, MB."""
        try:
            text = (self.folder / "status").read_text()
        except OSError:
            return 0.0, 0.0
        words = dict(line.split(":", 1) for line in text.splitlines())
        return tuple(int(words[name].split()[0]) * 1024 / 1e6 for name in ("RssAnon", "RssFile"))  # type: ignore[return-value]

    def _watch(self) -> None:
        looks = 0
        while not self._done.wait(LOOK):
            self._look(looks % 4 == 0)
            looks += 1
        self._look(maps=True)

    def _look(self, maps: bool) -> None:
        own, files = (now - first for now, first in zip(self._resident(), self._first, strict=True))
        self.own, self.files = max(self.own, own), max(self.files, files)
        if maps and not self.mapped:
            try:
                self.mapped = self.inputs in (self.folder / "maps").read_text()
            except OSError:
                return


class Worker:
    """A contender in its own process."""

    def __init__(self, python: str, target: str, inputs: Path) -> None:
        self.costs: list[dict[str, float]] = []
        self.memory: Memory | None = None
        self.log = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  lives as long as the worker
        self.problem = ""
        self.share, self.frames = 1.0, 0
        self.inputs = inputs
        try:
            self.process = subprocess.Popen(
                [python, str(HERE / "worker.py"), target, str(inputs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                text=True,
                env=environment(),
            )
        except OSError as error:
            self.problem = f"no interpreter: {error}"
            return
        hello = self.reply()
        self.share, self.frames = hello.get("share", 1.0), hello.get("frames", 0)

    def reply(self) -> dict[str, Any]:
        """Return the worker's answer; a failure becomes its problem."""
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        message: dict[str, Any] = json.loads(line) if line else {"error": self.last_words()}
        if "error" in message:
            self.problem = message["error"]
        return message

    def last_words(self) -> str:
        """Return the last line that a dead worker wrote."""
        self.log.seek(0)
        lines = [line for line in self.log.read().splitlines() if line.strip()]
        return f"process ended: {lines[-1] if lines else 'no message'}"

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command unless something went wrong before."""
        if self.problem:
            return {}
        try:
            self.process.stdin.write(command + "\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except OSError:
            self.problem = self.last_words()
            return {}
        return self.reply()

    def measure(self) -> None:
        """Run once and keep the cost, scaled to the whole job."""
        cost = self.ask("run")
        if not self.problem:
            self.costs.append(cost | {"cpu": cost["cpu"] / self.share, "wall": cost["wall"] / self.share})

    def weigh(self) -> None:
        """Run once more, untimed, and keep what it held."""
        self.ask("forget")
        if not self.problem:
            with Memory(self.process.pid, self.inputs) as memory:
                self.ask("run")
            self.memory = memory

    def close(self) -> None:
        """End the process."""
        if hasattr(self, "process"):
            self.process.stdin.close()  # type: ignore[union-attr]
            self.process.wait()

    def median(self, name: str) -> float:
        """Return the median of one cost."""
        return statistics.median(cost[name] for cost in self.costs)

    def spread(self) -> float:
        """Return half the interquartile range of CPU time over its median; 0 for fewer than three runs."""
        cpu = [cost["cpu"] for cost in self.costs]
        if len(cpu) < 3:
            return 0.0
        low, _, high = statistics.quantiles(cpu, n=4)
        return (high - low) / 2 / statistics.median(cpu)
