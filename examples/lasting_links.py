"""Which polyhedra join, when, and for how long? Links of the γ-butyrolactone box, one by one."""

# %%
import warnings

import perovchem as pc
from perovchem.aggregation import CLASSES

warnings.simplefilter("ignore", pc.PerovchemWarning)
frames = pc.read_frames("gbl_solution")
shells = pc.coordination(frames, center="Pb", ligands=("I", "O"), cutoffs={"Pb-I": 4.0, "Pb-O": 3.2})
joined = pc.aggregation(shells, persistence=500)

# %% every stretch of at least 500 fs over which one link (i, j, image) shared two or more ligand atoms
for link in joined.lasting_links(least_order=2):
    i, j = shells.centers[link.i], shells.centers[link.j]
    print(f"Pb {i} - Pb {j} {link.image}: {link.begin / 1000:.2f} to {link.end / 1000:.2f} ps")

# %% how the class of a center changed, visits shorter than the persistence left out
for a, row in enumerate(joined.transitions):
    for b, count in enumerate(row):
        if count:
            print(f"{CLASSES[a]} -> {CLASSES[b]}: {count}")

# %% the same question with a stricter meaning of lasting
for persistence in (0, 100, 500, 2000):
    first = pc.aggregation(shells, persistence=persistence).first_lasting["edge"]
    print(f"held {persistence:4d} fs: first edge at {first / 1000:.3f} ps")
