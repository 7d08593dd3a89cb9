"""
EXAFS of lead iodide in two solvents: published peaks beside computed ones
==========================================================================

Nat. Commun. 15:2390 (doi 10.1038/s41467-024-46712-y) shows EXAFS of lead iodide solutions with peaks of ``|χ(R)|`` near
2.15 Å, called Pb-O, and near 2.67 Å, called Pb-I, and finds both bonds shorter in 2-methoxyethanol (2-ME) than in
γ-butyrolactone (GBL). Do these peaks follow from trajectories, and is that difference in them?

The trajectories are ours: a machine-learned potential trained on crystals, one run per solvent from one random packing,
boxes that differ in density and concentration (the dense 2-ME box is of like density, but 1.2 ps short). What differs
between them is therefore no solvent effect. Amplitudes and phases are those of FEFF8L on model clusters, single
scattering only. Another cluster (Pb-I of cubic CsPbI3) moves the peak of Pb-I by .035 Å: peaks cannot be compared with
a measurement more closely than that, nor without the threshold energy that its k was counted from.
"""

# %%
# Read, drop what is not equilibrated, and measure one set of cutoffs on the two long runs.
import sys
import warnings
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.plotting.exafs import plot_distances, plot_fine_structure, plot_transforms
from perovchem.plotting.style import save

warnings.simplefilter("ignore", pc.PerovchemWarning)  # the faults are told in the text above
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "exafs_of_lead_iodide_solutions")
folder.mkdir(parents=True, exist_ok=True)

runs = {
    "2-ME": pc.read_frames("2me_solution").discard(picoseconds=4),
    "GBL": pc.read_frames("gbl_solution").discard(picoseconds=4),
    "2-ME, dense": pc.read_frames("2me_dense_solution"),
}
cutoffs = pc.bond_cutoffs([runs["2-ME"], runs["GBL"]], ligands=("O", "I"))
seen = {label: pc.exafs(run, pairs=("Pb-O", "Pb-I"), cutoffs=cutoffs) for label, run in runs.items()}
for label, run in runs.items():
    print(f"{label}: {len(run)} frames, {run.density:.2f} g/cm3, {run.concentration('Pb'):.2f} mol/L Pb")


# %%
# First shells. "Effective" distances are weighted as a spectrum weights them.
def text(average, digits: int = 3) -> str:
    """A value with its error; * where that is a lower bound."""
    mark = "" if average.converged else "*"
    return f"{average.mean:.{digits}f} ± {average.standard_error:.{digits}f}{mark}"


for label, one in seen.items():
    for pair in one.pairs.values():
        real, effective = pair.shell.real, pair.shell.effective
        print(
            f"{label}, {pair.name}: N {text(pair.shell.coordination_number, 2)}, R {text(real.mean_distance)} Å "
            f"(effective {text(effective.mean_distance)}), σ² {text(real.variance)} Å2, "
            f"skewness {text(real.skewness, 2)}"
        )

# %%
# Is σ² that of a shell or of the cutoff? It rises with the cutoff: the tail of Pb-O has no end.
for label, one in seen.items():
    for pair in one.pairs.values():
        steps = ", ".join(f"{s.real.variance.mean:.3f} ({s.cutoff:.2f} Å)" for s in pair.neighboring[::2])
        print(f"{label}, {pair.name}: σ² {steps}")

# %%
# Peaks without phase correction, beside the published ones; .035 Å of the potentials count as an error too.
published = {"Pb-O": 2.15, "Pb-I": 2.67}
for label, one in seen.items():
    for name, pair in one.pairs.items():
        peak = pair.uncorrected.highest.position
        off = abs(peak.mean - published[name])
        errors = off / np.hypot(peak.standard_error, 0.035)
        print(
            f"{label}, first shell of {name} alone: {text(peak)} Å, {errors:.1f} errors from {published[name]} Å"
        )
    peaks = sorted(one.everything_spectrum.peaks, key=lambda peak: -peak.height)[:2]
    for peak in sorted(peaks, key=lambda peak: peak.position.mean):
        parts = {
            name: np.interp(peak.position.mean, pair.uncorrected.distances, pair.uncorrected.magnitude)
            for name, pair in one.pairs.items()
        }
        share = ", ".join(f"{name} {100 * part / sum(parts.values()):.0f} %" for name, part in parts.items())
        print(f"{label}, all atoms within 6 Å: {text(peak.position)} Å (magnitudes there: {share})")

# %%
# Both published peaks appear. But the lower one is mostly iodide's: its amplitude dips near k = 6 to 8 1/Å, so that one
# shell of I has two peaks, .5 Å apart, for any k-weight and any smoothness of the window. The place of that peak says
# little about Pb-O here:
for sill, weight in ((1.0, 1), (1.0, 3), (8.0, 2)):
    one = pc.exafs(
        runs["GBL"], pairs="Pb-I", cutoffs={"Pb-I": cutoffs["Pb-I"]}, window_sill=sill, k_weight=weight
    )
    first, second = sorted(one.pairs["Pb-I"].uncorrected.peaks, key=lambda peak: -peak.height)[:2]
    print(
        f"Pb-I alone, k-weight {weight}, window rising over {sill:g} 1/Å: {first.position.mean:.2f} and "
        f"{second.position.mean:.2f} Å, heights 1 : {second.height / first.height:.2f}"
    )

# %%
# Are both bonds shorter in 2-ME? Against GBL, by three measures:
for other in ("2-ME", "2-ME, dense"):
    for difference in pc.bond_differences({other: seen[other], "GBL": seen["GBL"]}):
        print(difference.sentence)

# %%
# Figures.
for name, plot in (
    ("transforms", plot_transforms),
    ("fine_structure", plot_fine_structure),
    ("distances", plot_distances),
):
    for path in save(plot(seen), folder, name):
        print("wrote", path.name)
