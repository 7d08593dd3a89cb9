"""
Bring your own CASTEP run
=========================

A ``.md`` of CASTEP holds cells, positions, velocities and forces in atomic units, and its own times. Name the file or
the folder; nothing else is needed.

Replace ``run`` below by yours. For the example, a short one is written first, from frames of a bundled crystal:
velocities are differences of positions, energies and forces are left at zero.
"""

# %%
# A ``.md`` as CASTEP writes it.
import sys
import warnings
from itertools import count
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.plotting.pair_distribution import plot_pair_distributions
from perovchem.plotting.style import save
from perovchem.units import ATOMIC_TIME, BOHR

warnings.simplefilter("ignore", pc.PerovchemWarning)  # of the bundled run
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "castep_run")
folder.mkdir(parents=True, exist_ok=True)
run = folder / "CsPbBr3.md"


def row(label: str, values: np.ndarray, tag: str) -> str:
    """Return one line: label, numbers in atomic units, tag."""
    return f"{label:18}" + "".join(f"{x:27.16E}" for x in values).ljust(81) + f"  <-- {tag}"


bundled = pc.read_frames("cspbbr3_crystal", discard="5ps", stop=40)
numbers = {one: count(1) for one in set(bundled.species)}
labels = [f" {symbol:8}{next(numbers[symbol]):9}" for symbol in bundled.species]
positions = bundled.positions / BOHR
velocities = np.gradient(positions, bundled.times / ATOMIC_TIME, axis=0)
lines = [" BEGIN header", "", " END header", ""]
for t, time in enumerate(bundled.times / ATOMIC_TIME):
    lines += [f"{time:45.16E}", row("", np.zeros(3), "E")]
    lines += [row("", edge / BOHR, "h") for edge in bundled.cells[t]]
    for tag, values in (("R", positions[t]), ("V", velocities[t]), ("F", np.zeros_like(positions[t]))):
        lines += [row(label, one, tag) for label, one in zip(labels, values, strict=True)]
    lines.append("")
run.write_text("\n".join(lines) + "\n", encoding="utf-8")

# %%
# What it is: code, formula, length, and what the file does not tell.
found = pc.run_information(run)
for name in ("format", "formula", "n_frames", "complete", "timestep_fs", "frame_interval_fs", "length_ps"):
    print(f"{name:18} {getattr(found, name)}")

# %%
# The crystal it was, in Å and fs again.
frames = pc.read_frames(run)
print(frames)
print(f"largest difference of a position: {abs(frames.positions - bundled.positions).max():.1e} Å")

# %%
# In one command: ``perovchem rdf CsPbBr3.md --pair Pb-Br``.
curves = pc.pair_distribution(frames, pairs=["Pb-Br", "Cs-Br"])
save(plot_pair_distributions({"CsPbBr3": curves}), folder, "pair_distributions")
for pair, number in curves.coordination_numbers.items():
    print(f"{pair}: {number.mean:.2f} neighbors below {curves.cutoffs[pair].value:.2f} Å")

# %%
# Bands (``SEED.bands`` with ``SEED.cell``), ``.castep``, ``.geom`` and ``.phonon`` go the same way:
# ``pc.read_bands``, ``pc.read_calculation`` and ``pc.read_structure`` say in the reference what they take.
