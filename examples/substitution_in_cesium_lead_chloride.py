"""
Which ions enter CsPbCl3
========================

Which ions enter CsPbCl3 by size and charge, and which were seen to (Nano-Micro Lett. 18:421 and others)?
"""

# %%
import sys
from pathlib import Path

import perovchem as pc
from perovchem.plotting.style import save
from perovchem.plotting.substitution import plot_substitution_map

asked = {
    "Cl": ["Br-", "I-", "F-"],
    "Cs": ["MA+", "FA+", "DMA+", "GA+", "Rb+", "K+"],
    "Pb": ["Mn2+", "Sn2+", "Eu2+", "Sr2+", "Cd2+", "Bi3+", "Ag+"],
}
results = {
    f"{ion} on {site}": pc.check_substitution("CsPbCl3", site=site, ion=ion)
    for site, ions in asked.items()
    for ion in ions
}

# %%
# One line each: the rule never reads what was measured, so the two may disagree.
for called, one in results.items():
    seen = one.measured.outcome if one.measured else "-"
    print(f"{called:12} {one.verdict:15} measured: {seen:10} {one.test('radius_mismatch').sentence}")

# %%
# The reasons of the undecided ones.
for one in results.values():
    if one.verdict == "undecided":
        print(one.reason)

# %%
# What bromide does to the first reflections (Cu Kα1), for a tenth of the chloride replaced.
bromide = pc.check_substitution("CsPbCl3", site="Cl", ion="Br-", fraction=0.1)
for shift in bromide.lattice.shifts:
    print(
        f"{shift.hkl}: {shift.shift:+.3f} ± {shift.shift_uncertainty:.3f}° at x = .1, {shift.slope:+.3f}° per x at 0"
    )

# %%
# The map.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "substitution_results")
folder.mkdir(exist_ok=True)
for path in save(plot_substitution_map(results), folder, "substitution_map"):
    print(path.name)
