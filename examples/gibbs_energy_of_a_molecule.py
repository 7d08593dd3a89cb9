"""
Gibbs energy of one species
===========================

E, zero-point energy, enthalpy, entropy and Gibbs energy from one frequency run, by every treatment of soft modes,
with the fate of every mode.
"""

# %%
# A calculation of VASP, CASTEP, Gaussian, ORCA or xtb is read by :func:`perovchem.read_calculation`; this one, an ion
# pair of methylammonium chloride by GFN2-xTB, lies in a checkout as plain TOML.
import sys
from pathlib import Path

import perovchem as pc
from perovchem.plotting.gibbs import plot_modes
from perovchem.plotting.style import save

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "gibbs_energy")
folder.mkdir(parents=True, exist_ok=True)
data = Path(pc.__file__).parents[1] / "workflows/data/cspbcl3_amine_salts"

species = pc.read_calculation(data / "MACl_1.toml")
found = pc.gibbs(species, temperature=298.15)
found

# %%
# Soft modes decide the entropy. How much they do is the spread over the treatments; in a difference of two species
# most of it cancels, or does not.
for treatment in ("rrho", "grimme", "grimme-head-gordon", "truhlar"):
    one = pc.gibbs(species, treatment=treatment)
    print(f"{treatment:20} G = {one.gibbs:.4f} eV")

# %%
# In solution: 1 mol/L instead of 1 atm, and another temperature.
for temperature in (298.15, 350.0):
    one = pc.gibbs(species, temperature=temperature, concentration=1.0)
    print(f"{temperature:.2f} K, 1 mol/L: G = {one.gibbs:.4f} eV")

# %%
save(plot_modes({"CH3NH3Cl": found}), folder, "modes")
