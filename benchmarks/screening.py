"""What a screen costs: 200 trajectories on one and two workers, the overhead of an item, and 100,000 items on paper.

    python benchmarks/screening.py [--inputs FOLDER] [--output FILE]

run.py calls it. It writes SCREENING.md: `perovchem run` as a user types it, in fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import make_inputs
import sizes
from contenders import HERE, environment
from report import table

RUNS: Final = 20 if sizes.QUICK else 200
FRAMES: Final = 50
#: Items of the screen that is nearly all overhead, small and large: their difference is what an item costs.
FEW: Final = 100 if sizes.QUICK else 500
MANY: Final = 400 if sizes.QUICK else 2500
#: Of the calculation on paper.
WANTED: Final = 100_000
TASKS: Final = 200 if sizes.QUICK else 2000

TRAJECTORIES: Final = """title = "Many short trajectories"
[[step]]
command = "coordination"
inputs = ["{folder}/run_*/XDATCAR"]
[step.settings]
center = "Pb"
ligand = ["I", "O"]
timestep = 1.0
"""
SMALL: Final = """title = "Many small items"
[matrix]
electron = {electrons}
hole = {holes}
[[step]]
command = "exciton"
[step.settings]
electron = "{{electron}}"
hole = "{{hole}}"
dielectric = 4.6
"""


@dataclass(frozen=True)
class Cost:
    """One run: seconds on the clock, of all items together; the largest memory of the main process, MB."""

    wall: float
    items: float
    peak: float


def many_runs(inputs: Path) -> Path:
    """Cut the benchmark's XDATCAR into runs of 50 frames; past its end, from its beginning again."""
    folder = inputs / "screening"
    if (folder / f"run_{RUNS - 1:03d}/XDATCAR").exists():
        return folder
    head, *frames = re.split(
        r"(?=^Direct configuration=)", (inputs / "xdatcar/XDATCAR").read_text(), flags=re.M
    )
    for number in range(RUNS):
        place = folder / f"run_{number:03d}"
        place.mkdir(parents=True, exist_ok=True)
        begin = number * FRAMES % (len(frames) - FRAMES)
        (place / "XDATCAR").write_text(head + "".join(frames[begin : begin + FRAMES]))
    return folder


def run(workflow: Path, output: Path, *options: str) -> Cost:
    """Type the command, watch its main process."""
    command = [
        sys.executable,
        "-m",
        "perovchem",
        "run",
        str(workflow),
        "-o",
        str(output),
        "--no-details",
        *options,
    ]
    begin = time.perf_counter()
    peak = 0.0
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, env=environment())
        while process.poll() is None:
            peak = max(peak, largest(process.pid))
            time.sleep(0.02)
        wall = time.perf_counter() - begin
        if process.returncode:
            told.seek(0)
            raise RuntimeError(told.read().decode()[-2000:])
    origin = json.loads((output / "provenance.json").read_text())
    return Cost(wall, origin["seconds_of_items"], peak)


def largest(process: int) -> float:
    """Return the largest memory that a process has had, MB."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def dask(workflow: Path, folder: Path) -> tuple[Cost, float]:
    """Run the trajectories on a scheduler and two workers of the loopback; return also a bare task's seconds."""
    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = [sys.executable, "-m"]
    scheduler = [
        *start,
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
    ]
    worker = [
        *start,
        "distributed.cli.dask_worker",
        "--nthreads",
        "1",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
    ]
    about = ["--scheduler-file", str(file)]
    processes = [subprocess.Popen([*scheduler, *about], env=environment(), cwd=folder, **quiet)]
    try:
        while not file.exists():
            time.sleep(0.05)
        processes += [
            subprocess.Popen([*worker, *about], env=environment(), cwd=folder, **quiet) for _ in range(2)
        ]
        address = json.loads(file.read_text())["address"]
        from perovchem.workflow import engines

        with engines.dask(address) as engine:
            per_task = bare(engine)
        return run(workflow, folder / "dask", "--dask", address), per_task
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def nothing(number: int) -> object:
    """An item that does nothing."""
    from perovchem.workflow.items import Outcome

    return Outcome(document=str(number))


def bare(engine: object) -> float:
    """Return the seconds that an engine takes for an item that does nothing, after the first hundred."""
    import screening  # by its name, so that workers can import what they are to call

    from perovchem.workflow import engines

    list(engines.completed(screening.nothing, range(100), engine))
    begin = time.perf_counter()
    list(engines.completed(screening.nothing, range(TASKS), engine))
    return (time.perf_counter() - begin) / TASKS


def small(folder: Path, items: int) -> Path:
    """Write a workflow of so many small items."""
    rows = 25
    path = folder / f"small_{items}.toml"
    electrons = [round(0.1 + 0.001 * k, 3) for k in range(items // rows)]
    holes = [round(0.1 + 0.01 * k, 2) for k in range(rows)]
    path.write_text(SMALL.format(electrons=electrons, holes=holes))
    return path


def _trajectories(inputs: Path, folder: Path) -> tuple[list[list[str]], dict[str, float], float]:
    """Measure the 200 trajectories; return lines, figures, and the bare task of Dask."""
    workflow = folder / "trajectories.toml"
    workflow.write_text(TRAJECTORIES.format(folder=many_runs(inputs)))
    run(workflow, folder / "warm", "--workers", "1")  # kernels compiled, files in the page cache
    one = run(workflow, folder / "one", "--workers", "1")
    two = run(workflow, folder / "two", "--workers", "2")
    again = run(workflow, folder / "two", "--workers", "2")
    spread, task = dask(workflow, folder)
    same = {(folder / name / file).read_bytes() for name in ("one", "two", "dask") for file in ("rows.csv",)}
    screens = {(folder / name / "screen.json").read_bytes() for name in ("one", "two", "dask")}

    def line(title: str, cost: Cost, workers: int) -> list[str]:
        outside = (cost.wall * workers - cost.items) / RUNS * 1e3
        apart = "-" if cost is again else f"{cost.items / RUNS * 1e3:.0f} ms"
        over = f"{cost.wall / RUNS * 1e3:.1f} ms in all" if cost is again else f"{outside:.0f} ms"
        return [
            title,
            f"{cost.wall:.1f} s",
            apart,
            over,
            f"{one.wall / cost.wall:.2f}",
            f"{cost.peak:.0f} MB",
        ]

    lines = [
        line("1 worker", one, 1),
        line("2 workers", two, 2),
        line("2 workers of Dask, one thread each", spread, 2),
        line("run again: nothing to do", again, 1),
    ]
    figures = {"item": one.items / RUNS, "equal": float(len(same) == len(screens) == 1)}
    return lines, figures, task


def report(inputs: Path, output: Path) -> str:
    """Measure, write the page, return its text."""
    begin = time.perf_counter()
    load = os.getloadavg()[0]
    print("screening ...", flush=True)
    from perovchem.workflow import engines

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        lines, figures, task = _trajectories(inputs, folder)
        with engines.local(2) as engine:
            pipe = bare(engine)
        few, many = (run(small(folder, n), folder / f"small_{n}", "--workers", "2") for n in (FEW, MANY))
        cached = run(small(folder, MANY), folder / f"small_{MANY}", "--workers", "2")
        size = sum(path.stat().st_size for path in (folder / f"small_{MANY}").rglob("*") if path.is_file())
        n_files = sum(1 for path in (folder / f"small_{MANY}").rglob("*") if path.is_file())
        shutil.rmtree(folder / f"small_{MANY}")
    more = MANY - FEW
    per_item = (many.wall - few.wall) / more
    inside = max(many.items - few.items, 0.0) / more
    memory = (many.peak - few.peak) / more
    per_cached = cached.wall / MANY
    serial = max(per_item - inside / 2, 0.0)  # what two busy workers do not hide: the main process
    ours = min(per_item, max(serial, pipe))
    busy = figures["item"] / max(ours, 1e-6)
    head = "| | wall | inside an item | outside, per item and worker | faster than 1 worker | peak, main process |"
    text = [
        "# What a screen costs",
        "",
        f"Written by `benchmarks/screening.py` (`make bench`) on {os.cpu_count()} cores, whose load before it began "
        f"was {load:.1f}.",
        "",
        f"## {RUNS} trajectories of 309 atoms and {FRAMES} frames: `perovchem run`, coordination of Pb by I and O",
        "",
        *table(head, lines),
        "",
        "rows.csv and screen.json of all three are "
        + ("equal byte for byte." if figures["equal"] else "**not equal**.")
        + ' "Outside" is all that is not the item\'s own time: starting Python, planning, checksums, writing '
        "records and the page; what a worker loads once, libraries and kernels, is inside its first item.",
        "",
        "## What an item costs that costs nothing",
        "",
        *table(
            "| | per item |",
            [
                ["an engine of 2 processes, bare (pickled there and back by a pipe)", f"{pipe * 1e3:.2f} ms"],
                ["Dask, bare, short items sent together (up to 32 a task)", f"{task * 1e3:.2f} ms"],
                [f"`exciton`, all of it: ({MANY:,} - {FEW:,} items) / {more:,}", f"{per_item * 1e3:.2f} ms"],
                ["- of it inside the command, per item", f"{inside * 1e3:.2f} ms"],
                [
                    "- of it not hidden behind 2 workers: plan, record, rows, page",
                    f"{serial * 1e3:.2f} ms",
                ],
                [
                    "the same when its record is there, the start of Python included",
                    f"{per_cached * 1e3:.2f} ms",
                ],
                ["memory of the main process, per item", f"{memory * 1024:.1f} kB"],
                [
                    "files and room in the folder, per item",
                    f"{n_files / MANY:.1f}, {size / MANY / 1024:.1f} kB",
                ],
            ],
        ),
        "",
        f"## {WANTED:,} items, on paper",
        "",
        "From the figures above, all taken as proportional to the number of items:",
        "",
        f"- Run by the main process alone, whatever the number of workers: {WANTED:,} x {ours * 1e3:.2f} ms = "
        f"{WANTED * ours / 60:.0f} min. It keeps about {busy:.0f} workers busy with trajectories like those above "
        f"({figures['item'] * 1e3:.0f} ms each); items of a minute keep {60 / max(ours, 1e-6):,.0f} busy.",
        f"- {WANTED:,} such trajectories: {WANTED * figures['item'] / 3600:.1f} h of processors; on 2 workers "
        f"{WANTED * (figures['item'] / 2 + ours) / 3600:.1f} h at most, on 64 workers "
        f"{max(WANTED * figures['item'] / 64, WANTED * ours) / 3600:.1f} h.",
        f"- Dask: {WANTED:,} x {task * 1e3:.2f} ms = {WANTED * task / 60:.0f} min of its scheduler, beside the work; "
        "items longer than 0.25 s travel alone and cost it a task each.",
        f"- Run again with all records there: {WANTED * per_cached / 60:.0f} min.",
        f"- Memory of the main process: {many.peak + memory * (WANTED - MANY):.0f} MB. Folder: "
        f"{WANTED * n_files / MANY:,.0f} files, {WANTED * size / MANY / 1024**3:.1f} GB.",
        "- Never more than a window of the items is under way: 2 per process of this machine, 3 tasks per thread of "
        "Dask.",
        "",
        f"Measured in {time.perf_counter() - begin:.0f} s.",
    ]
    page = "\n".join(text) + "\n"
    output.write_text(page)
    told = "[SCREENING.md](SCREENING.md): 200 trajectories, the overhead of an item, 100,000 items on paper."
    return f"\n## Screens\n\n{told}\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=Path, default=HERE / "inputs")
    parser.add_argument("--output", type=Path, default=HERE / "SCREENING.md")
    options = parser.parse_args()
    make_inputs.make(options.inputs, sizes.FRAMES, sizes.STEPS)
    report(options.inputs.resolve(), options.output)
    print(options.output.read_text())


if __name__ == "__main__":
    main()
