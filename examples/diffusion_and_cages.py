"""
Diffusion, or why there is none
===============================

A mean square displacement is easily divided by six times the time; whether that is a diffusion coefficient is another
matter. Here Br in a crystal, where it rattles in a cage, and the molecules of a solution.
"""

# %%
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.diffusion import plot_diffusion
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "diffusion_and_cages")
folder.mkdir(parents=True, exist_ok=True)

crystal = pc.read_frames("cspbbr3_crystal", discard="5ps")
solution = pc.read_frames("dmso_solution", discard="1ps")
found = {
    "CsPbBr3": [pc.diffusion(crystal, of=element) for element in ("Br", "Cs")],
    "in DMSO": [pc.diffusion(solution, of=one) for one in ("DMSO", "Pb")],
}

# %%
# The verdict comes first; a coefficient is only there where the curve is straight and rises.
for label, results in found.items():
    for one in results:
        print(f"{label}: {one!r}")

# %%
save(plot_diffusion(found), folder, "mean_square_displacements")

# %%
# The curve of one of them, lag by lag, with the line where one was fitted.
found["in DMSO"][0]
