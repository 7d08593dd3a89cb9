"""
How molecular cations and solvent turn
======================================

Correlation times of an axis of every molecule, l = 1 (as dielectric relaxation sees it) and l = 2 (as NMR does), and
for cations in a cage the cubic directions that they prefer.
"""

# %%
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.orientation import plot_orientation
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "turning_molecules")
folder.mkdir(parents=True, exist_ok=True)

solution = pc.read_frames("dmso_macl_solution", discard="1ps")
found = {
    "MA, C to N": pc.orientation(solution, molecule="MA", axis="C-N"),
    "DMSO, S to O": pc.orientation(solution, molecule="DMSO", axis="S-O"),
}

# %%
# A time is refused where the correlation has not fallen to 1/e within half of the run: then there is a lower bound.
for label, one in found.items():
    print(f"{label}: {one!r}")

# %%
save(plot_orientation(found), folder, "orientation")

# %%
found["DMSO, S to O"]
