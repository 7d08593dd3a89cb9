"""
How the octahedra of CsPbBr3 are tilted
=======================================

How are the octahedra of CsPbBr3 tilted, does the tilt last, and what does a vacancy do to it?

The orthorhombic crystal is a-a-c+ in Glazer's notation (Acta Cryst. B 28:3384, 1972): octahedra that follow each
other along c turn about c the same way, along the other two pseudo-cubic axes the opposite way. The run at 300 K is
ours, by a machine-learned potential, with the cell held at measured edges: 20 ps of 32 octahedra.
"""

# %%
# The crystal as it was measured.
import sys
import warnings
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.plotting.style import save
from perovchem.plotting.tilts import plot_tilts

warnings.simplefilter("ignore", pc.PerovchemWarning)  # the faults are told in the text above
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "tilts_of_cesium_lead_bromide")
folder.mkdir(parents=True, exist_ok=True)

crystal = pc.tilts(pc.coordination(pc.read_frames("CsPbBr3_Pbnm"), center="Pb", ligands="Br"))
print(
    f"{crystal.glazer.symbol} ({crystal.glazer.space_group}), tilts {crystal.lasting.round(2)} degree about x, y, z"
)

# %%
# The run: tilts swing far, their mean stays.
frames = pc.read_frames("cspbbr3_crystal", discard="5ps")
run = pc.tilts(pc.coordination(frames, center="Pb", ligands="Br"))
for axis, square, lasting in zip("xyz", run.mean_squares, run.lasting, strict=True):
    found = run.memory[axis]
    lasts = (
        f"> {found.lower_bound:.1f}"
        if np.isnan(found.time)
        else f"{found.time:.1f} ± {found.time_standard_error:.1f}"
    )
    print(
        f"about {axis}: {square.mean**0.5:.1f} degree (r.m.s.), {lasting:.1f} lasting, remembered for {lasts} ps"
    )

# %%
# Neighbors: in phase along z for the tilt about z, out of phase otherwise.
for (about, along), phase in run.phases.items():
    print(f"about {'xyz'[about]}, along {'xyz'[along]}: {phase.mean:+.2f} ± {phase.standard_error:.2f}")

# %%
# Distortion: off-centering and shear against the mean structure.
print(
    ", ".join(
        f"{name} {mode.mean:.3f} ± {mode.standard_error:.3f} Å" for name, mode in run.mean_modes.items()
    )
)
print(
    f"{run.hopping.n_hops} hops; fewer than {1e6 * run.hopping.rate.upper_bound:.1f} per bromide and ns (95 %)"
)

# %%
# One bromide taken out: five ligands still tell how an octahedron is turned.
bromide = frames.species.index("Br")
without = frames.select(atoms=[k for k in range(frames.n_atoms) if k != bromide])
holed = pc.tilts(pc.coordination(without, center="Pb", ligands="Br", cutoffs={"Pb-Br": 4.0}))
print(
    f"{holed.n_incomplete / len(without):.0f} octahedra lack a ligand, {holed.n_undefined} without a tilt;",
    end=" ",
)
print(f"{100 * holed.hopping.empty:.1f} % of the sites are empty")

# %%
# Figure.
for path in save(plot_tilts({"Pbnm": crystal, "300 K": run}), folder, "tilts"):
    print("wrote", path.name)
