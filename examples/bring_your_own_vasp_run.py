"""
Bring your own VASP run
=======================

Point at the folder that VASP ran in. Trajectory, time step, thermostat, energies and faults are found in XDATCAR,
INCAR, OUTCAR or vasprun.xml, plain or packed, also while VASP is still writing.

Replace ``run`` below by your folder. For the example, one is written first, from frames of a bundled solution.
"""

# %%
# A folder as VASP leaves it: XDATCAR and INCAR, the last frame cut off in the middle, as after a time limit.
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.coordination import plot_bond_lengths
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)  # printed below
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "vasp_run")
run = folder / "run"
run.mkdir(parents=True, exist_ok=True)

bundled = pc.read_frames("gbl_solution", discard="4ps", stop=200)
order = sorted(range(bundled.n_atoms), key=lambda k: bundled.species[k])  # VASP groups atoms by element
elements = sorted(set(bundled.species))
lines = ["PbI2 and CH3NH3I in GBL", "1.0"]
lines += [" ".join(f"{x:.6f}" for x in row) for row in bundled.cells[0]]
lines += [" ".join(elements), " ".join(str(bundled.species.count(one)) for one in elements)]
for number, positions in enumerate(bundled.fractional_positions, 1):
    lines.append(f"Direct configuration= {number:5d}")
    lines += [" ".join(f"{x:.8f}" for x in positions[k]) for k in order]
(run / "XDATCAR").write_text("\n".join(lines[:-100]) + "\n", encoding="utf-8")
(run / "INCAR").write_text("IBRION = 0\nPOTIM = 1.0\nNBLOCK = 5\nTEBEG = 300\nMDALGO = 2\n", encoding="utf-8")

# %%
# What one looks at first. The broken frame is left out, and that is said.
found = pc.run_information(run)
for name in ("format", "formula", "n_frames", "complete", "timestep_fs", "frame_interval_fs", "length_ps"):
    print(f"{name:18} {getattr(found, name)}")

# %%
# POTIM and NBLOCK gave the times; the whole frames are there, lazily.
frames = pc.read_frames(run)
print(frames)
print(f"{frames.times[1] - frames.times[0]:g} fs from frame to frame, {frames.density:.2f} g/cm3")
for warning in frames.warnings:
    print("-", warning)

# %%
# From here on it is as for any run; the same in one command is ``perovchem coordination run --center Pb -o results``.
compared = pc.compare_coordination({"my run": frames}, center="Pb", ligands=("I", "O"))
save(plot_bond_lengths(compared), folder, "bond_lengths")
for pair, bond in compared.shells[0].bond_lengths.items():
    print(f"{pair}: {bond.mean:.3f} ± {bond.standard_error:.3f} Å")
