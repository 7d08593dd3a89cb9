"""
Contact pairs and solvation
===========================

The potential of mean force W(r) = -kT ln g(r) between Pb and what surrounds it, and the free energy of a contact pair
at 1 mol/L.
"""

# %%
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.solvation_pmf import plot_mean_force
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "contact_pairs")
folder.mkdir(parents=True, exist_ok=True)

runs = {
    "without additive": pc.read_frames("dmso_solution", discard="1ps"),
    "with CH3NH3Cl": pc.read_frames("dmso_macl_solution", discard="1ps"),
}
found = {
    label: pc.solvation_pmf(run, pairs=["Pb-O(DMSO)", "Pb-Cl"], temperature=300)
    for label, run in runs.items()
}
for label, one in found.items():
    print(f"{label}: {one!r}")

# %%
# Errors are those of blocks of frames; a run of a few ps in which no contact pair breaks cannot tell how strong it
# is, and the result says what is missing.
for warning in found["without additive"].provenance.warnings:
    print("-", warning)

# %%
save(plot_mean_force(found), folder, "mean_force")
