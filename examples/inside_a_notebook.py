"""
Inside a Jupyter notebook
=========================

A cell that ends with a result shows it as a line and a table with units; a cell that ends with a figure shows the
figure. This page can be downloaded as a notebook below.
"""

# %%
# Warnings print once where a file is opened. Here, what is known to be wrong with the bundled run:
import json
import warnings

import perovchem as pc

with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    frames = pc.read_frames("gbl_solution", discard="4ps")
for warning in told:
    print("-", warning.message)

# %%
# Nothing has been read yet but where the frames lie. A result of a few lines:
shells = pc.coordination(frames, center="Pb", ligands=("I", "O"))
shells

# %%
# As a table of pandas, one row per polyhedron and frame:
table = pc.polyhedra(shells).to_dataframe()
table[["coordination_number", "volume_A3"]].describe()

# %%
# Numbers with their errors, for a sentence in a paper:
bond = shells.bond_lengths["Pb-I"]
print(f"Pb-I {bond.mean:.3f} ± {bond.standard_error:.3f} Å")

# %%
# Figures are matplotlib figures, made without pyplot; change them as any other.
from perovchem.plotting.coordination_over_time import plot_coordination_numbers

figure = plot_coordination_numbers(pc.compare_coordination({"GBL": frames}, center="Pb", ligands=("I", "O")))
figure.axes[0].set_title("Pb in γ-butyrolactone", loc="left", fontsize=8)
figure

# %%
# Where a number came from: settings, definitions, files and their checksums stay with the result, and in its JSON.
for pair, cutoff in shells.cutoffs.items():
    print(f"{pair} below {cutoff.value:.2f} Å: {cutoff.source}")
print(shells.provenance.inputs[0].sha256)

# %%
# Everything at once, as the commands write it: ``shells.to_json()``. And interactively, the page that ``perovchem
# coordination gbl_solution -o results`` writes opens in a notebook with ``IPython.display.IFrame``.
print(list(json.loads(shells.to_json())))
