"""Effective masses of bands that are known, from one vasprun.xml each: ours beside sumo's and effmass's.

    python benchmarks/band_masses.py --peers PYTHON [--spacing .02]

PYTHON is the interpreter of an environment with requirements-band-peers.txt. Prints a Markdown table: of the masses
there are (arms x branches), how many each finds, how many of those it gives without a warning are off by more than 5 %,
and the median and largest error. Each number of a peer is held against the nearest true mass of its carrier, whatever
direction it was meant for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from builders_band_models import KNOWN, Known
from builders_bands import write_kpoints_list, write_vasprun_bands

import perovchem as pc

HERE = Path(__file__).resolve().parent
#: Energies are moved, as effmass takes a VBM at exactly 0 eV for none; one row shows that.
OFFSET = 1.2345
ZERO = "VBM at 0 eV, gap 3 eV"


def write(known: Known, folder: Path, spacing: float, offset: float) -> Path:
    """Write vasprun.xml (4 decimals) and KPOINTS with names."""
    folder.mkdir()
    bands = known.bands(12, spacing)
    names = {row: text.replace("Γ", "\\Gamma") for row, text in bands.labels.items()}
    write_kpoints_list(folder / "KPOINTS", bands.kpoints, np.ones(len(bands.kpoints)), names)
    more = {"cell": known.cell, "noncollinear": known.spin == "noncollinear"}
    if known.structure is not None:
        more |= {"species": known.structure.species, "positions": known.structure.atoms.fractional}
    return write_vasprun_bands(
        folder / "vasprun.xml", bands.kpoints, bands.energies + offset, known.electrons, **more
    )


def ours(path: Path) -> tuple[dict[str, list[float]], float]:
    """Read, and all masses that are no refusals."""
    start = time.perf_counter()
    found = pc.effective_masses(pc.read_bands(path))
    seconds = time.perf_counter() - start
    return {carrier: [m.mass for m in found.of(carrier)] for carrier in ("electron", "hole")}, seconds


def line(name: str, who: str, masses: dict[str, list[float]], known: Known, seconds: float) -> str:
    """Return a row of the table."""
    errors = []
    wanted = 0
    for carrier in ("electron", "hole"):
        truths = np.array([t for arm in getattr(known, carrier).values() for t in arm])
        wanted += len(truths)
        errors += [float(np.abs(mass / truths - 1).min()) for mass in masses[carrier]]
    off = np.array(errors)
    figures = f"{100 * np.median(off):.2g} | {100 * off.max():.2g}" if len(off) else "– | –"
    return (
        f"| {name} | {who} | {len(off)} of {wanted} | {int((off > 0.05).sum())} | {figures} | {seconds:.2f} |"
    )


def main() -> None:
    """Write the files, ask everyone, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", required=True)
    parser.add_argument("--spacing", type=float, default=0.02)
    chosen = parser.parse_args()
    print(
        "| bands | by | masses found | off by > 5 % | median error, % | largest, % | s |\n|---|---|--:|--:|--:|--:|--:|"
    )
    with tempfile.TemporaryDirectory() as name:
        paths = {
            title: write(known, Path(name, str(n)), chosen.spacing, 0.0 if title == ZERO else OFFSET)
            for n, (title, known) in enumerate(KNOWN.items())
        }
        ours(next(iter(paths.values())))  # imports and warms up
        told = subprocess.run(
            [chosen.peers, str(HERE / "peers_masses.py"), str(next(iter(paths.values()))), *map(str, paths.values())],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        answers = [json.loads(row[5:]) for row in told.splitlines() if row.startswith("JSON ")][
            3:
        ]  # first: warm-up
        for title, path in paths.items():
            masses, seconds = ours(path)
            print(line(title, "perovchem", masses, KNOWN[title], seconds))
            for answer in answers:
                if answer["path"] != str(path):
                    continue
                if "error" in answer:
                    print(f"| {title} | {answer['contender']} | {answer['error']} | | | | |")
                else:
                    print(line(title, answer["contender"], answer["masses"], KNOWN[title], answer["seconds"]))


if __name__ == "__main__":
    main()
