"""RESULTS.md: goals first, then a table for each row."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import compare
from contenders import Worker, peers
from rows import Row

HEAD: Final = "| | CPU | wall | spread | runs | peak MB | own MB | ours is faster | equal to ours |"
MET: Final = {True: "yes", False: "**no**", None: "not measured"}


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
        if worker is None or not worker.costs or not self.ours.costs:
            return None
        if self.row.per_frame:
            return self.per_frame(worker) / self.per_frame(self.ours)
        return worker.median("cpu") / self.ours.median("cpu")

    def reached(self, inputs: Path) -> list[tuple[str, str, bool | None]]:
        """Return (goal, figure, met) for each goal; None where it could not be measured."""
        out: list[tuple[str, str, bool | None]] = []
        for goal in self.row.goals:
            if self.ours.problem or not self.ours.costs:
                out.append((str(goal), "not measured", None))
            elif goal.kind == "ratio":
                ratio = self.ratio(goal.peer)
                text = "not measured" if ratio is None else f"{ratio:.1f}x"
                out.append((str(goal), text, None if ratio is None else ratio >= goal.limit))
            elif goal.kind == "GB/s":
                value = (inputs / self.row.input).stat().st_size / self.ours.median("cpu") / 1e9
                out.append((str(goal), f"{value:.2f} GB/s", value >= goal.limit))
            elif goal.kind == "µs/frame":
                value = self.per_frame(self.ours)
                out.append((str(goal), f"{value:.2f} µs/frame", value <= goal.limit))
            elif goal.kind == "MB":
                value = self.ours.memory.own if self.ours.memory else float("nan")
                out.append((str(goal), f"{value:.1f} MB", value <= goal.limit))
            else:
                value = self.ours.median("cpu") * 1e3
                out.append((str(goal), f"{value:.1f} ms", value <= goal.limit))
        return out

    def lines(self) -> list[list[str]]:
        """Return table lines: contender, CPU, wall, spread, runs, memory, own memory, ratio, equal."""
        out = []
        for name, worker in {"**perovchem**": self.ours, **self.peers}.items():
            if worker.problem or not worker.costs:
                out.append([name, f"did not run: {worker.problem[:160] or 'no run'}", *[""] * 7])
                continue
            scale = 1.0 / worker.frames if self.row.per_frame else 1.0
            suffix = "/frame" if self.row.per_frame else ""
            scaled = worker.share != 1.0
            ratio = None if worker is self.ours else self.ratio(name)
            part = " (part)" if scaled else ""
            out.append(
                [
                    name,
                    seconds(worker.median("cpu") * scale) + suffix + (" (scaled)" if scaled else ""),
                    seconds(worker.median("wall") * scale) + suffix,
                    f"±{100 * worker.spread():.0f} %" if worker.spread() else "",
                    str(len(worker.costs)),
                    f"{max(cost['peak'] for cost in worker.costs):.0f}{part}",
                    own_words(worker) + part,
                    "" if ratio is None else f"{ratio:.3g}x",
                    self.verdicts.get("ours" if worker is self.ours else name, ""),
                ]
            )
        return out


def own_words(worker: Worker) -> str:
    """Return what a run added to its process, and what of the input it mapped."""
    memory = worker.memory
    if memory is None:
        return ""
    own = f"{memory.own:.0f}" if memory.own >= 10 else f"{memory.own:.1f}"
    return f"{own} + {memory.files:.0f} mapped" if memory.mapped else own


def seconds(value: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError


def versions(python: str) -> str:
    """Return what is installed in an interpreter, for the report."""
    wanted = [peer.split("==")[0] for peer in peers()]
    code = (
        "import importlib.metadata as m, platform\nout=['Python '+platform.python_version()]\n"
        f"for n in {[*wanted, 'numba']!r}:\n"
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


def not_installed(python: str) -> list[str]:
    """Return the peers that peers.sh could not install, with pip's reason."""
    path = Path(python).parent.parent / "not-installed.txt"
    return path.read_text().splitlines() if path.exists() else []


def table(head: str, lines: list[list[str]]) -> list[str]:
    """Return a Markdown table."""
    columns = head.count("|") - 1
    return [head, "|---" * columns + "|", *("| " + " | ".join(line) + " |" for line in lines)]


def report(
    outcomes: list[Outcome], timings: list[list[str]], inputs: Path, python: str, load: list[float]
) -> str:
    """Return the part of RESULTS.md that the rows make."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = [
        "# Measured side by side",
        "",
        f"{date}, {machine()}. One thread each; other work on the machine: {compare.load_words(load)}.",
        "",
        f"Ours: {versions(sys.executable)}. Peers: {versions(python)}.",
        "",
        "Written by `python benchmarks/run.py`; how to read it: [README.md](README.md).",
    ]
    missing = not_installed(python)
    if missing:
        text += ["", "Peers that did not install, and pip's reason:", "", *(f"- {line}" for line in missing)]
    goals = [
        [outcome.row.title, goal, figure, MET[met]]
        for outcome in outcomes
        for goal, figure, met in outcome.reached(inputs)
    ]
    text += ["", "## Goals", "", *table("| job | goal | reached | met |", goals + timings)]
    missed = [
        f"- {outcome.row.title}, {goal}: {goal.basis or 'no reason is known'}."
        for outcome in outcomes
        for goal, (_, _, met) in zip(outcome.row.goals, outcome.reached(inputs), strict=True)
        if met is False
    ]
    if missed:
        text += ["", "Not met, and where the goal came from:", "", *missed]
    for outcome in outcomes:
        size = f" ({(inputs / outcome.row.input).stat().st_size / 1e6:.0f} MB)" if outcome.row.input else ""
        text += ["", f"## {outcome.row.title}{size}", "", *table(HEAD, outcome.lines())]
        if outcome.row.note:
            text += ["", outcome.row.note + "."]
    return "\n".join(text) + "\n"
