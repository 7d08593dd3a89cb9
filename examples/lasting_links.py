"""
Which polyhedra join, when, and for how long
============================================

Links of the γ-butyrolactone box, one by one: which two Pb share an edge, from when to when, and how much the answer
depends on what counts as lasting.
"""

# %%
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.aggregation import CLASSES
from perovchem.plotting.coordination_over_time import plot_sharing
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "lasting_links")
folder.mkdir(parents=True, exist_ok=True)
frames = pc.read_frames("gbl_solution")
shells = pc.coordination(frames, center="Pb", ligands=("I", "O"), cutoffs={"Pb-I": 4.0, "Pb-O": 3.2})
joined = pc.aggregation(shells, persistence=500)

# %%
# Every stretch of at least 500 fs over which one link (i, j, image) shared two or more ligand atoms.
for link in joined.lasting_links(least_order=2):
    i, j = shells.centers[link.i], shells.centers[link.j]
    print(f"Pb {i} - Pb {j} {link.image}: {link.begin / 1000:.2f} to {link.end / 1000:.2f} ps")

# %%
# How the class of a center changed, visits shorter than the persistence left out.
for a, row in enumerate(joined.transitions):
    for b, count in enumerate(row):
        if count:
            print(f"{CLASSES[a]} -> {CLASSES[b]}: {count}")

# %%
# The same question with a stricter meaning of lasting.
for persistence in (0, 100, 500, 2000):
    first = pc.aggregation(shells, persistence=persistence).first_lasting["edge"]
    print(f"held {persistence:4d} fs: first edge at {first / 1000:.3f} ps")

# %%
# The same over time, and the sizes of the clusters.
cutoffs = {"Pb-I": 4.0, "Pb-O": 3.2}
compared = pc.compare_coordination({"GBL": frames}, center="Pb", ligands=("I", "O"), cutoffs=cutoffs)
save(plot_sharing(compared), folder, "sharing")
