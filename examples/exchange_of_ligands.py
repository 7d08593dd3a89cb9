"""
How long ligands stay
=====================

Residence times of I and O at Pb, from counted events and from survival functions. Where no ligand was seen to leave
there is no residence time, only a bound, and the answer says so.
"""

# %%
import math
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.exchange import plot_stays, plot_survival
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)  # told in the text below
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "exchange_of_ligands")
folder.mkdir(parents=True, exist_ok=True)

solvents = {"2-ME": "2me_solution", "GBL": "gbl_solution"}
runs = {label: pc.read_frames(name, discard="4ps") for label, name in solvents.items()}
compared = pc.compare_coordination(runs, center="Pb", ligands=("I", "O"))  # one set of cutoffs
found = {label: pc.exchange(shells) for label, shells in zip(compared.labels, compared.shells, strict=True)}

# %%
# A ligand counts as bound from when g(r) calls it near until it is clearly away, so that trembling at the cutoff is
# no exchange.
for label, one in found.items():
    for bond, kinetics in one.kinetics.items():
        time = kinetics.residence_time / 1000
        known = math.isfinite(time)
        words = f"{time:.1f} ps" if known else f"longer than {kinetics.lower_bound / 1000:.1f} ps (95 %)"
        print(f"{label:5} {bond}: {words}")

# %%
# Every stay, from when to when, is a row of the table.
found["2-ME"]

# %%
save(plot_stays(found), folder, "stays")

# %%
save(plot_survival(found), folder, "survival")

# %%
# These two runs were driven with strong Langevin friction, which slows all that moves: the numbers show the method
# and are no kinetics of the solutions. The result itself says so.
for warning in found["2-ME"].provenance.warnings:
    print("-", warning)
