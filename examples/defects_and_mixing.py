"""
Defects against the Fermi level, and what mixes
===============================================

Formation energies of charged defects with their transition levels, and energies of mixing with binodal and spinodal.
The energies in ``data/constructed_doping.toml`` are constructed, computed by nobody: they show the form of the file.
"""

# %%
import sys
from pathlib import Path

import perovchem as pc
from perovchem.plotting.doping_energetics import plot_formation_energies, plot_mixing
from perovchem.plotting.style import save

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "defects_and_mixing")
folder.mkdir(parents=True, exist_ok=True)
declared = Path(pc.__file__).parents[1] / "examples/data/constructed_doping.toml"

found = pc.doping_energetics(declared)
for diagram in found.diagrams:
    print(diagram)
    for level in diagram.levels:
        before, after = (f"{charge:+d}" if charge else "0" for charge in level.charges)
        print(f"  {level.defect} ({before}/{after}) at {level.level:.2f} eV above the VBM")

# %%
save(plot_formation_energies(found.diagrams), folder, "formation_energies")

# %%
# The energy of mixing of the declared crystals, the curve through them, and what follows with ideal entropy.
print(found.mixing)
save(plot_mixing(found.mixing), folder, "mixing")

# %%
# The same in Python, from numbers that one has.
x = [0.0, 0.25, 0.5, 0.75, 1.0]
energies = [-10 + 0.06 * part * (1 - part) for part in x]
pc.mixing(x, energies, sites=3, temperatures=(300,))
