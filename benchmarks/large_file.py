"""Analyze an XDATCAR of 8 GB and say how much memory that took.

    python benchmarks/large_file.py [--gigabytes 8] [--folder FOLDER]

The file repeats the bundled 2-methoxyethanol solution forwards and backwards, frame by frame, so that no atom
jumps; it is synthetic and no longer run. `perovchem coordination` reads all of its frames. Printed are the
largest memory that the process held (ru_maxrss: its own and what it held of the file), CPU and wall time.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).resolve().parent.parent / "trajectories" / "2me_solution_XDATCAR.gz"
COMMAND: Final = ["coordination", "--center", "Pb", "--ligand", "I", "--ligand", "O", "--timestep", "5"]


def write(path: Path, size: float) -> int:
    """Write an XDATCAR of at least ``size`` bytes; return its number of frames."""
    header, *frames = gzip.decompress(SOURCE.read_bytes()).split(b"Direct configuration=")
    rows = [frame.split(b"\n", 1)[1] for frame in frames]
    there_and_back = rows + rows[::-1]
    written = n_frames = 0
    with path.open("wb", buffering=1 << 24) as out:
        written += out.write(header)
        while written < size:
            label = b"Direct configuration=%6d\n" % (n_frames + 1)
            written += out.write(label + there_and_back[n_frames % len(there_and_back)])
            n_frames += 1
    return n_frames


def main() -> None:
    """Write the file, analyze it, print the costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=8.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "XDATCAR"
        n_frames = write(path, arguments.gigabytes * 1e9)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {n_frames} frames", flush=True)
        command = [sys.executable, "-m", "perovchem", *COMMAND, str(path)]
        started = time.perf_counter()
        subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"largest memory {used.ru_maxrss / 1024:.0f} MiB, {cpu:.0f} s of CPU, {wall:.0f} s in all")


if __name__ == "__main__":
    main()
