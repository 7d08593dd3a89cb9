"""
How Pb is coordinated and joined in two solvents
================================================

Nat. Commun. 15:2390 (doi 10.1038/s41467-024-46712-y) ran 3 PbI2 + 3 CH3NH3I with 21 solvent molecules by VASP and
found single Pb polyhedra in 2-methoxyethanol at 8 ps, and corners (by 4 ps), later edges, in γ-butyrolactone.

Here the same boxes, computed by us with a machine-learned potential, go through the same analysis. The boxes differ
in density and concentration, and there is one run of each: what is seen is an example of the method, not a proof
about the solvents.
"""

# %%
# Read both runs and drop what is not equilibrated (their own notes say: the first 4 ps).
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.coordination import plot_distributions
from perovchem.plotting.coordination_over_time import plot_sharing
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)  # the faults are told in the text above
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "lead_iodide_solutions")
folder.mkdir(parents=True, exist_ok=True)

runs = {"2-ME": pc.read_frames("2me_solution"), "GBL": pc.read_frames("gbl_solution")}
for name, frames in runs.items():
    print(f"{name}: {frames!r}, {frames.density:.2f} g/cm3, {frames.concentration('Pb'):.2f} mol/L Pb")

# %%
# One set of cutoffs for both, measured on both.
late = {name: frames.discard(picoseconds=4) for name, frames in runs.items()}
equilibrated = pc.compare_coordination(late, center="Pb", ligands=("I", "O"))
for name, cutoff in equilibrated.shells[0].cutoffs.items():
    print(f"{name}: {cutoff.value:.2f} Å, {cutoff.source}")

# %%
# The definition is part of the result: the same frames with other Pb-I cutoffs.
for value in (3.6, 4.0, 4.4):
    other = pc.compare_coordination(late, ligands=("I", "O"), cutoffs={"Pb-I": value})
    for name, joined in zip(other.labels, other.aggregation, strict=True):
        shares = ", ".join(f"{kind} {100 * part:.0f} %" for kind, part in joined.sharing.items())
        print(f"{name}, Pb-I < {value} Å: {shares}")

# %%
# Shells: EXAFS saw both Pb-O and Pb-I shorter in 2-ME than in GBL; do these boxes?
for name, shells in zip(equilibrated.labels, equilibrated.shells, strict=True):
    lengths = ", ".join(
        f"{pair} {bond.mean:.3f} ± {bond.standard_error:.3f} Å" for pair, bond in shells.bond_lengths.items()
    )
    species, fraction = next(iter(shells.speciation["by_molecule"].items()))
    print(f"{name}: {lengths}; most often {species} ({100 * fraction:.0f} %)")

# %%
# Polyhedra: per polyhedron, and per aggregate (the paper does not say which its figure shows).
for name, row in equilibrated.to_dict().items():
    print(
        f"{name}: {row['volume']['mean']:.1f} ± {row['volume']['standard_error']:.1f} Å3 per polyhedron, "
        f"{row['aggregate_volume']['mean']:.1f} Å3 per aggregate, {row['volume']['n_undefined']} undefined"
    )

# %%
# Aggregation over the whole time, from the random packing on.
history = pc.compare_coordination(runs, center="Pb", ligands=("I", "O"))
for name, joined in zip(history.labels, history.aggregation, strict=True):
    first = {kind: begin / 1000 for kind, begin in joined.first_lasting.items()}
    print(f"{name}: first lasting corner {first['corner']:.2f} ps, edge {first['edge']:.2f} ps")

# %%
# Figures.
for path in save(plot_distributions(equilibrated), folder, "distributions") + save(
    plot_sharing(history), folder, "sharing"
):
    print("wrote", path.name)
