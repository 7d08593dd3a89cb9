"""
Pair distributions and structure factors
========================================

How do atoms stand around each other? g(r) of both lead iodide solutions with their coordination numbers, and the
partial structure factors that scattering would see.
"""

# %%
# Both runs without their equilibration. What is known to be wrong with the bundled runs is a warning; here it would
# only repeat what their page says.
import sys
import warnings
from pathlib import Path

import perovchem as pc
from perovchem.plotting.pair_distribution import plot_pair_distributions, plot_structure_factors
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "pair_distributions")
folder.mkdir(parents=True, exist_ok=True)

solvents = {"2-ME": "2me_solution", "GBL": "gbl_solution"}
runs = {label: pc.read_frames(name, discard="4ps") for label, name in solvents.items()}

# %%
# The end of a first shell is the first minimum of g(r), measured here; the coordination number is what lies below it.
# ``Pb-O(GBL)`` would be the oxygen of one kind of molecule.
found = {
    label: pc.pair_distribution(run, pairs=["Pb-I", "Pb-O"], range=(0, 7.5)) for label, run in runs.items()
}
for label, one in found.items():
    for pair, curve in one.curves.items():
        place, height = curve.highest_maximum
        number, cutoff = one.coordination_numbers[pair], one.cutoffs[pair].value
        print(
            f"{label:5} {pair} highest {height:5.1f} at {place:.2f} Å, "
            f"{number.mean:.2f} ± {number.standard_error:.2f} below {cutoff:.2f} Å"
        )

# %%
save(plot_pair_distributions(found), folder, "pair_distributions")

# %%
# Structure factors are summed directly over the scattering vectors that the periodic cell allows: no g(r) is cut off
# and transformed. The smallest is 2π over the edge of the box; what is larger than the box cannot be seen.
factors = {
    label: pc.structure_factors(run[::20], elements=["Pb", "I"], range=(0, 6)) for label, run in runs.items()
}
save(plot_structure_factors(factors), folder, "structure_factors")
for label, one in factors.items():
    print(f"{label}: {one!r}")
