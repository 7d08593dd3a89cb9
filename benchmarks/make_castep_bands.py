"""Write the .bands of the benchmark: 1000 k-points of one line in shuffled order, 320 bands, 4.9 MB of noise.

python benchmarks/make_castep_bands.py [FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

HERE: Final = Path(__file__).resolve().parent
POINTS: Final = 1000
BANDS: Final = 320
SEED: Final = 20240319


def write_castep_bands(path: Path) -> None:
    """Write the file; its cell is cubic and its line goes from X to R."""
    rng = np.random.default_rng(SEED)
    share = np.linspace(0, 0.5, POINTS)
    levels = np.sort(rng.uniform(-0.7, 0.7, (POINTS, BANDS)), axis=1)
    head = [
        f"Number of k-points {POINTS:8d}",
        "Number of spin components 1",
        f"Number of electrons  {BANDS:#.4g}    ",
        f"Number of eigenvalues {BANDS:8d}",
        "Fermi energy (in atomic units)     0.000000",
        "Unit cell vectors",
        *("".join(f"{11.3 * (i == j):12.6f}" for j in range(3)) for i in range(3)),
    ]
    with path.open("w") as file:
        file.write("\n".join(head) + "\n")
        for k in rng.permutation(POINTS):
            places = (share[k], 0.5, share[k], 1 / POINTS)
            file.write(
                f"K-point {k + 1:8d} " + " ".join(f"{x:11.8f}" for x in places) + "\nSpin component 1\n"
            )
            file.write("".join(f"{level:14.8f}\n" for level in levels[k]))


def main() -> None:
    """Write it into a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "inputs")
    folder = parser.parse_args().folder / "castep_bands"
    folder.mkdir(parents=True, exist_ok=True)
    write_castep_bands(folder / "run.bands")


if __name__ == "__main__":
    main()
