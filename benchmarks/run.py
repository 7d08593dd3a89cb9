"""Measure perovchem beside its peers and write RESULTS.md.

    python benchmarks/run.py [--peers PYTHON] [--inputs FOLDER] [--only KEY ...] [--repeats N] [--output FILE]

Each contender lives in a process of its own. After one warm-up run of each (numba kernels compiled and
cached, file in the page cache) the contenders take turns, ours before each peer, so that drift of the machine
cancels. Everything is pinned to one thread. Medians; ratios are of CPU time.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import commands
import compare
import make_inputs
from rows import OWN_INTERPRETER, ROWS, Row

HERE: Final = Path(__file__).resolve().parent
THREADS: Final = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX", "OVITO")
#: CPU seconds after which a contender sits out the further rounds of a row.
BUDGET: Final = 20.0


def environment() -> dict[str, str]:
    """Return the environment of every measured process: one thread, this checkout first."""
    pins = {f"{name}_NUM_THREADS": "1" for name in THREADS} | {
        "POLARS_MAX_THREADS": "1",
        "OVITO_THREAD_COUNT": "1",
    }
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    return os.environ | pins | {"PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}


class Worker:
    """A contender in its own process."""

    def __init__(self, python: str, target: str, inputs: Path) -> None:
        self.costs: list[dict[str, float]] = []
        self.log = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  lives as long as the worker
        self.problem = ""
        self.share, self.frames = 1.0, 0
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
        line = self.process.stdout.readline()
        message = json.loads(line) if line else {"error": self.last_words()}
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
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.reply()

    def measure(self) -> None:
        """Run once and keep the cost, scaled to the whole job."""
        cost = self.ask("run")
        if not self.problem:
            self.costs.append(cost | {"cpu": cost["cpu"] / self.share, "wall": cost["wall"] / self.share})

    def close(self) -> None:
        """End the process."""
        if hasattr(self, "process"):
            self.process.stdin.close()
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


@dataclass
class Outcome:
    """What a row gave."""

    row: Row
    ours: Worker
    peers: dict[str, Worker]
    verdicts: dict[str, str] = field(default_factory=dict)

    def per_frame(self, worker: Worker) -> float:
        """Return CPU µs per frame."""
        return worker.median("cpu") / worker.frames * 1e6

    def ratio(self, peer: str) -> float | None:
        """Return how many times less CPU time ours takes."""
        worker = self.peers.get(peer)
        if worker is None or worker.problem or self.ours.problem:
            return None
        if self.row.per_frame:
            return self.per_frame(worker) / self.per_frame(self.ours)
        return worker.median("cpu") / self.ours.median("cpu")

    def reached(self, inputs: Path) -> list[tuple[str, str, bool | None]]:
        """Return (goal, figure, met) for each goal; None where it could not be measured."""
        out: list[tuple[str, str, bool | None]] = []
        for goal in self.row.goals:
            if self.ours.problem:
                out.append((str(goal), "not measured", None))
            elif goal.kind == "ratio":
                value = self.ratio(goal.peer)
                text = "not measured" if value is None else f"{value:.1f}x"
                out.append((str(goal), text, None if value is None else value >= goal.limit))
            elif goal.kind == "GB/s":
                value = (inputs / self.row.input).stat().st_size / self.ours.median("cpu") / 1e9
                out.append((str(goal), f"{value:.2f} GB/s", value >= goal.limit))
            elif goal.kind == "µs/frame":
                value = self.per_frame(self.ours)
                out.append((str(goal), f"{value:.2f} µs/frame", value <= goal.limit))
            elif goal.kind == "MB":
                value = self.ours.median("own")
                out.append((str(goal), f"{value:.1f} MB", value <= goal.limit))
            else:
                value = self.ours.median("cpu") * 1e3
                out.append((str(goal), f"{value:.1f} ms", value <= goal.limit))
        return out


def run_row(row: Row, python: str, inputs: Path, repeats: int) -> Outcome:
    """Warm up, compare, then measure in turns."""
    print(f"{row.title} ...", flush=True)
    ours = Worker(sys.executable, row.ours, inputs)
    peers = {
        name: Worker(sys.executable if name in OWN_INTERPRETER else python, target, inputs)
        for name, target in row.peers.items()
    }
    outcome = Outcome(row, ours, peers)
    with tempfile.TemporaryDirectory() as folder:
        for number, worker in enumerate([ours, *peers.values()]):
            worker.ask("run")
            worker.ask(f"answer {folder}/{number}.npz")
        names = ["ours", *peers]
        answers = {
            name: Path(folder, f"{number}.npz")
            for number, name in enumerate(names)
            if Path(folder, f"{number}.npz").exists()
        }
        outcome.verdicts = compare.verdicts(answers, row.equal)
    for _ in range(repeats):
        active = [
            w for w in peers.values() if not w.problem and sum(c["cpu"] * w.share for c in w.costs) < BUDGET
        ]
        for worker in active or [ours]:
            ours.measure()
            if worker is not ours:
                worker.measure()
    for worker in [ours, *peers.values()]:
        worker.close()
    return outcome


def seconds(value: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError


def lines_of(outcome: Outcome) -> list[list[str]]:
    """Return table lines: contender, CPU, wall, spread, runs, memory, ratio, equal."""
    out = []
    for name, worker in {"**perovchem**": outcome.ours, **outcome.peers}.items():
        if worker.problem or not worker.costs:
            out.append([name, f"did not run: {worker.problem[:120] or 'no run'}", "", "", "", "", "", ""])
            continue
        scale = 1.0 / worker.frames if outcome.row.per_frame else 1.0
        suffix = "/frame" if outcome.row.per_frame else ""
        scaled = " (scaled)" if worker.share != 1.0 else ""
        ratio = None if worker is outcome.ours else outcome.ratio(name)
        out.append(
            [
                name,
                seconds(worker.median("cpu") * scale) + suffix + scaled,
                seconds(worker.median("wall") * scale) + suffix,
                f"±{100 * worker.spread():.0f} %" if worker.spread() else "",
                str(len(worker.costs)),
                f"{max(cost['peak'] for cost in worker.costs):.0f}" + scaled.replace("scaled", "part"),
                "" if ratio is None else f"{ratio:.3g}x",
                outcome.verdicts.get(name, ""),
            ]
        )
    return out


def versions(python: str) -> str:
    """Return what is installed in an interpreter, for the report."""
    wanted = "numpy scipy numba ase pymatgen ovito vasprunrs castep-outputs polyhedral-analysis"
    wanted += " freud-analysis MDAnalysis tidynamics solvation-analysis"
    code = (
        "import importlib.metadata as m, platform\nout=['Python '+platform.python_version()]\n"
        f"for n in {wanted.split()!r}:\n"
        " try: out.append(n+' '+m.version(n))\n except m.PackageNotFoundError: pass\nprint(', '.join(out))"
    )
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{python}: {error}"
    return done.stdout.strip()


def machine() -> str:
    """Return processor, cores, memory and system."""
    model = platform.processor() or platform.machine()
    memory = "memory unknown"
    if Path("/proc/cpuinfo").exists():
        names = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0].split(":")[1].strip() if names else model
        total = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
        memory = f"{total:.0f} GiB memory"
    return f"{model}, {os.cpu_count()} cores, {memory}, {platform.system()} {platform.release()}"


def report(
    outcomes: list[Outcome], timings: list[list[str]], inputs: Path, python: str, load: list[float]
) -> str:
    """Return RESULTS.md."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = [
        "# Measured side by side",
        "",
        f"{date}, {machine()}. One thread each; other work on the machine: {compare.load_words(load)}.",
        "",
        f"Ours: {versions(sys.executable)}. Peers: {versions(python)}.",
        "",
        "Written by `python benchmarks/run.py`; how to read it: [README.md](README.md).",
        "",
        "## Goals",
        "",
        "| job | goal | reached | met |",
        "|---|---|---|---|",
    ]
    words = {True: "yes", False: "**no**", None: "not measured"}
    for outcome in outcomes:
        for goal, figure, met in outcome.reached(inputs):
            text.append(f"| {outcome.row.title} | {goal} | {figure} | {words[met]} |")
    text += [f"| {line[0]} | {line[1]} | {line[2]} | {line[3]} |" for line in timings]
    missed = [
        f"- {outcome.row.title}, {goal}: {goal.basis}."
        for outcome in outcomes
        for goal, (_, _, met) in zip(outcome.row.goals, outcome.reached(inputs), strict=True)
        if met is False and goal.basis
    ]
    if missed:
        text += ["", "Not met, and where the goal came from:", "", *missed]
    for outcome in outcomes:
        size = f" ({(inputs / outcome.row.input).stat().st_size / 1e6:.0f} MB)" if outcome.row.input else ""
        text += ["", f"## {outcome.row.title}{size}", ""]
        text += [
            "| | CPU | wall | spread | runs | peak MB | ours is faster | equal to ours |",
            "|---" * 8 + "|",
        ]
        text += ["| " + " | ".join(line) + " |" for line in lines_of(outcome)]
        if outcome.row.note:
            text += ["", outcome.row.note + "."]
    return "\n".join(text) + "\n"


def own_peers() -> str:
    """Return the Python of benchmarks/.venv-peers, made where it is not there yet."""
    python = HERE / ".venv-peers" / "bin" / "python"
    if not python.exists():
        print("making benchmarks/.venv-peers ...", flush=True)
        subprocess.run(["sh", str(HERE / "peers.sh"), sys.executable], check=False)  # noqa: S607  the system's shell
    return str(python)


def main() -> int:
    """Measure and write; return 1 where an answer differs from a peer's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", help="the peers' Python; by default benchmarks/peers.sh makes one")
    parser.add_argument("--inputs", type=Path, default=HERE / "inputs")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="KEY", help=", ".join(row.key for row in ROWS)
    )
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--output", type=Path, help="RESULTS.md unless --only is given")
    options = parser.parse_args()
    python = options.peers or own_peers()
    inputs = options.inputs.resolve()
    make_inputs.make(inputs, 8000, 1000)
    load = [os.getloadavg()[0]]
    outcomes = []
    for row in ROWS:
        if not options.only or row.key in options.only:
            outcomes.append(run_row(row, python, inputs, options.repeats))
            load.append(os.getloadavg()[0])
    timings = [] if options.only else commands.measure(inputs, environment())
    text = report(outcomes, timings, inputs, python, load)
    output = options.output or (None if options.only else HERE / "RESULTS.md")
    if output:
        output.write_text(text)
    print(text)
    different = [
        verdict for outcome in outcomes for verdict in outcome.verdicts.values() if "MISMATCH" in verdict
    ]
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
