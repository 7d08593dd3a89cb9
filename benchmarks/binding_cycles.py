"""How long a cycle file of a hundred species takes: clusters of 74 atoms, read, evaluated and ranked.

    python benchmarks/binding_cycles.py [--runs 5]

Prints processor times; the first run compiles and imports, and is left out. The goal is 5 s.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from builders_cycles import many_clusters

from perovchem.binding import binding


def main() -> None:
    """Write the files, rank them, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        cycle = many_clusters(Path(name))
        binding(cycle)
        times = []
        for _ in range(runs):
            begin = time.process_time()
            binding(cycle)
            times.append(time.process_time() - begin)
    print(
        f"100 species, 96 cycles: median {statistics.median(times):.2f} s, {min(times):.2f} to {max(times):.2f} s"
    )


if __name__ == "__main__":
    main()
