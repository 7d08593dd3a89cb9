"""
A measured pattern, and how much bromide entered
================================================

From an X-ray powder pattern to peaks with uncertainties, lattice parameter, and the composition that a shift against
the pure host means.

No pattern is bundled: this script draws two, of cubic CsPbCl3 and of CsPb(Cl,Br)3 with a tenth of bromide by Vegard's
law, as Poisson counts on a background, Kα doublet included. Yours go the same way: ``read_pattern("film.xrdml")``.
"""

# %%
# The patterns, written as columns of 2θ and counts.
import sys
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.plotting.peaks import plot_fit, plot_shifts
from perovchem.plotting.style import save

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "measured_pattern")
folder.mkdir(parents=True, exist_ok=True)

chloride, bromide = pc.read_structure("CsPbCl3_cubic"), pc.read_structure("CsPbBr3_cubic")
edges = [float(one.cell[0, 0]) for one in (chloride, bromide)]
part = 0.10
angles = np.arange(10.0, 60.0, 0.02)
rng = np.random.default_rng(7)


def counts(edge: float) -> np.ndarray:
    """Return Poisson counts of a cubic cell with the intensities of CsPbCl3."""
    mean = 60 + 80 * np.exp(-(angles - 10) / 20)
    for wavelength, weight in ((1.540593, 2 / 3), (1.544427, 1 / 3)):
        for peak in pc.powder_pattern(chloride, wavelength="CuKa1", two_theta_range=(10, 60)).peaks:
            sine = wavelength * edges[0] / (2 * peak.d * edge)
            center = 2 * np.degrees(np.arcsin(sine))
            mean += weight * 60 * peak.intensity / (1 + ((angles - center) / 0.06) ** 2)
    return rng.poisson(mean)


for name, edge in (("host", edges[0]), ("alloy", edges[0] + part * (edges[1] - edges[0]))):
    np.savetxt(folder / f"{name}.xy", np.column_stack([angles, counts(edge)]), fmt="%.2f %d")

# %%
# Peaks are what stands out of counting noise; each carries a standard uncertainty.
host, alloy = (pc.fit_peaks(pc.read_pattern(folder / f"{name}.xy")) for name in ("host", "alloy"))
alloy

# %%
# Indexed by the host's structure; the cell is refined with its errors.
indexing = pc.index_peaks(alloy, {"CsPbCl3": chloride}, tolerance=0.4)
cell = pc.lattice_parameters(alloy, chloride, tolerance=0.4)
print(cell)
save(
    plot_fit(alloy, indexing=indexing, phases={"CsPbCl3": pc.powder_pattern(chloride, wavelength="CuKa")}),
    folder,
    "fit",
)

# %%
# The composition comes from shifts between two patterns, so that an error of the zero common to both drops out. What
# was drawn is x = 0.1.
composition = pc.composition_from_shift(
    alloy,
    host,
    host=pc.EndMember("CsPbCl3", edges[0], 0.0),
    guest=pc.EndMember("CsPbBr3", edges[1], 0.0),
)
print(composition)
save(plot_shifts(host, alloy, composition, names=("CsPbCl3", "with bromide")), folder, "shifts")
