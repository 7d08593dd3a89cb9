"""
Cs, Pb and the ammonium group in DMSO
=====================================

How are Cs+, Pb2+ and the ammonium group held in DMSO, and what does an amine salt change? The system is that of
Nano-Micro Lett. 18:421 (doi 10.1007/s40820-026-02272-y): CsCl + PbCl2 in DMSO without additive, with CH3NH3Cl and
with CH3NH3I. There, O of DMSO coordinates Pb2+, Cs+ is held mainly by halide and few DMSO, and the ammonium group
makes N-H...Cl bonds.

The bundled trajectories are short and driven by a machine-learned potential: read the warnings before the numbers.
"""

# %%
# The three solutions.
import math
import sys
import warnings
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.plotting.pair_distribution import plot_pair_distributions
from perovchem.plotting.style import save
from perovchem.uncertainty import BlockAverage

warnings.simplefilter("ignore", pc.PerovchemWarning)  # printed together at the end
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "cesium_lead_chloride_in_dmso")
folder.mkdir(parents=True, exist_ok=True)

NAMES = {
    "none": "dmso_solution",
    "CH3NH3Cl": "dmso_macl_solution",
    "CH3NH3I": "dmso_mai_solution",
}
runs = {label: pc.read_frames(name) for label, name in NAMES.items()}
HALIDES = {"none": ("Cl",), "CH3NH3Cl": ("Cl",), "CH3NH3I": ("Cl", "I")}


def shown(average: BlockAverage, times: int = 1) -> str:
    """Return "mean ± standard error", with a star where the error is only a lower bound."""
    bound = "" if average.converged else "*"
    return f"{times * average.mean:.2f} ± {times * average.standard_error:.2f}{bound}"


# %%
# What surrounds Pb and Cs: one cutoff per pair serves all three.
for center in ("Pb", "Cs"):
    compared = pc.compare_coordination(runs, center=center, ligands=("O", "Cl", "I"))
    print(f"{center}: mean numbers of neighbors")
    for label, shells in zip(compared.labels, compared.shells, strict=True):
        numbers = {
            symbol: pc.block_average(shells.numbers_of(symbol).mean(axis=1)) for symbol in shells.ligands
        }
        text = ", ".join(f"{shown(numbers[symbol])} {symbol}" for symbol in ("O", *HALIDES[label]))
        print(f"  {label:9} {text}")
    cutoffs = ", ".join(f"{name} {cutoff.value:.2f} Å" for name, cutoff in compared.shells[0].cutoffs.items())
    print(f"  cutoffs {cutoffs}")

# %%
# What the hydrogen atoms of the ammonium groups point to: H...X below the first minimum of its g(r).
for label in ("CH3NH3Cl", "CH3NH3I"):
    run = runs[label]
    molecules = pc.find_molecules(run.species, run[:1].fractional_positions[0], run.kernel_cells[0])
    symbols, cations = np.array(run.species), molecules.atoms_of("MA")
    hydrogen = cations[symbols[cations] == "H"]
    first = pc.coordination(run[:1], center="N", ligands="H", cutoffs={"N-H": 1.3})
    bound = first.ligand_atoms[first.bonds.ligand]
    ammonium = np.intersect1d(hydrogen, bound)
    partners = {"O": "O", **{halide: halide for halide in HALIDES[label]}}
    found = pc.pair_distribution(
        run, pairs={f"H(N)-{name}": (ammonium, np.flatnonzero(symbols == name)) for name in partners}
    )
    for pair, curve in found.curves.items():
        number, cutoff = found.coordination_numbers[pair], found.cutoffs[pair].value
        place, height = curve.highest_maximum
        bonds = "no first shell"
        if math.isfinite(cutoff):
            bonds = f"{shown(number, 3)} per ammonium group below {cutoff:.2f} Å"
        print(f"{label}: {pair} highest at {place:.2f} Å (g = {height:.1f}), {bonds}")

# %%
# Figure: O around Pb, Cl around Cs.
curves = {
    label: pc.pair_distribution(run, pairs=["Pb-O", "Pb-Cl", "Cs-Cl", "Cs-O"]) for label, run in runs.items()
}
for path in save(plot_pair_distributions(curves), folder, "dmso_pair_distributions"):
    print("wrote", path.name)

# %%
# What must be said with these numbers.
print("* a lower bound: the run is too short to tell, or nothing changed")
for label, run in runs.items():
    print(f"{label}:", "; ".join(run.warnings))
