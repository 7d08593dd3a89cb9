"""Measure perovchem beside its peers and write RESULTS.md.

    python benchmarks/run.py [--peers PYTHON] [--inputs FOLDER] [--only KEY ...] [--repeats N] [--output FILE]

Each contender lives in a process of its own. After one warm-up run of each (numba kernels compiled and
cached, file in the page cache) the contenders take turns, ours before each peer, so that drift of the machine
cancels. Everything is pinned to one thread. Medians; ratios are of CPU time. A last run, untimed, is watched
for its memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import commands
import compare
import make_inputs
import odd_runs
import scaling
import screening
import sizes
from contenders import HERE, Worker, environment, peers
from report import Outcome, report
from rows import OWN_INTERPRETER, ROWS, Row

#: CPU seconds after which a contender sits out the further rounds of a row.
BUDGET: Final = 12.0


def run_row(row: Row, python: str, inputs: Path, repeats: int) -> Outcome:
    """Warm up, compare, measure in turns, weigh."""
    begin = time.perf_counter()
    print(f"{row.title} ...", end=" ", flush=True)
    ours = Worker(sys.executable, row.ours, inputs)
    peers = {
        name: Worker(sys.executable if name in OWN_INTERPRETER else python, target, inputs)
        for name, target in row.peers.items()
    }
    outcome = Outcome(row, ours, peers)
    with tempfile.TemporaryDirectory() as folder:
        answers = {}
        for number, (name, worker) in enumerate({"ours": ours, **peers}.items()):
            answers[name] = Path(folder, f"{number}.npz")
            worker.ask("run")
            worker.ask(f"answer {answers[name]}")
        answers = {name: path for name, path in answers.items() if path.exists()}
        outcome.verdicts = compare.verdicts(answers, row.equal, row.shown)
    for _ in range(repeats):
        active = [
            w for w in peers.values() if not w.problem and sum(c["cpu"] * w.share for c in w.costs) < BUDGET
        ]
        for worker in active or [ours]:
            ours.measure()
            if worker is not ours:
                worker.measure()
    for worker in [ours, *peers.values()]:
        worker.weigh()
        worker.close()
    print(f"{time.perf_counter() - begin:.0f} s", flush=True)
    return outcome


def own_peers() -> str:
    """Return the Python of benchmarks/.venv-peers, made where it is not there or its list has changed."""
    folder = HERE / ".venv-peers"
    listed = folder / "requirements.txt"  # the last thing that is written
    wanted = "".join(f"{peer}\n" for peer in peers())
    if not listed.exists() or listed.read_text(encoding="utf-8") != wanted:
        print("making benchmarks/.venv-peers ...", flush=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as handle:
            handle.write(wanted)
            handle.flush()
            command = ["sh", str(HERE / "peers.sh"), sys.executable, str(folder), handle.name]
            subprocess.run(command, check=False)  # the system's shell
        listed.write_text(wanted, encoding="utf-8")
    return str(folder / "bin" / "python")


def main() -> int:
    """Measure and write; return 1 where an answer differs from a peer's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", help="the peers' Python; by default benchmarks/peers.sh makes one")
    parser.add_argument("--inputs", type=Path, default=HERE / "inputs")
    keys = [*(row.key for row in ROWS), "odd_runs", "scaling", "screening"]
    parser.add_argument("--only", nargs="+", default=[], metavar="KEY", choices=keys, help=", ".join(keys))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, help="RESULTS.md unless --only is given")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a tenth of the inputs, once: whether all works; the figures mean nothing",
    )
    options = parser.parse_args()
    if options.quick and not sizes.QUICK:  # every process must know it from its start
        os.environ[sizes.VARIABLE] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606  the same script once more
    python = options.peers or own_peers()
    inputs = (options.inputs / "quick" if options.quick else options.inputs).resolve()
    repeats = 1 if options.quick else options.repeats
    make_inputs.make(inputs, sizes.FRAMES, sizes.STEPS)
    load = [os.getloadavg()[0]]
    outcomes = []
    for row in ROWS:
        if not options.only or row.key in options.only:
            outcomes.append(run_row(row, python, inputs, repeats))
            load.append(os.getloadavg()[0])
    timings = [] if options.only else commands.measure(inputs, environment())
    text = report(outcomes, timings, inputs, python, load)
    if not options.only:
        text += commands.imports(python, environment())
    if not options.only or "odd_runs" in options.only:
        text += odd_runs.report(python)
    if not options.only or "scaling" in options.only:
        text += scaling.report(python, inputs, inputs if options.only or options.quick else HERE)
    if not options.only or "screening" in options.only:
        text += screening.report(inputs, (inputs if options.only or options.quick else HERE) / "SCREENING.md")
    output = options.output or (None if options.only or options.quick else HERE / "RESULTS.md")
    if output:
        output.write_text(text)
    print(text)
    different = [
        verdict for outcome in outcomes for verdict in outcome.verdicts.values() if "MISMATCH" in verdict
    ]
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
