"""
Hydrogen bonds of amine salts
=============================

N-H...X of amine hydrohalides: table, motif, trend with the halide, packing dipole, as in J. Mater. Chem. C 13:12685.

The CIFs of that paper (cyclohexylammonium halides, CCDC 2430249-2430251) cannot be bundled. Give them by path, and
they stand in the place of the models::

    python examples/hydrogen_bonds_of_salts.py FOLDER CY-Cl.cif CY-Br.cif CY-I.cif
"""

# %%
import sys
from pathlib import Path

import numpy as np

import perovchem as pc
from perovchem.crystal_text import with_uncertainty
from perovchem.hydrogen_bonds.series import members, trend
from perovchem.plotting.hydrogen_bonds import plot_geometry, plot_series
from perovchem.plotting.style import save

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "hydrogen_bond_results")
folder.mkdir(exist_ok=True)

# %%
# A measured salt: L-ornithine hydrochloride, Acta Cryst. B 63, 505 (2007).
salt = pc.read_structure("ornithine_HCl")
found = pc.hydrogen_bonds(salt)
print(found)
for bond in found.bonds:
    lengths = " ".join(
        with_uncertainty(getattr(bond, n), getattr(bond, f"{n}_su")) for n in ("d_h", "h_a", "d_a")
    )
    angle = with_uncertainty(bond.angle, bond.angle_su)
    print(
        f"{bond.donor}-{bond.hydrogen}...{bond.acceptor} {lengths} {angle}  {bond.operation} ({bond.symmetry})"
    )

# %%
# What the bonds to chloride alone join, and X-ray hydrogen against hydrogen where neutrons see it.
for network in pc.hydrogen_bonds(salt, acceptors="Cl").networks:
    print("N-H...Cl alone:", network)
for bond in found.bonds:
    print(f"{bond.hydrogen}: H...A {bond.h_a:.3f} Å as determined, {bond.h_a_normalized:.3f} Å normalized")

# %%
# The crystal is polar: its packing dipole, for a charge of +1 on the cation and -1 on the chloride.
dipole = pc.packing_dipole(salt, charges={"C5H13N2O2": 1, "Cl": -1})
print(
    f"{dipole.space_group}, {dipole.axis}: {dipole.dipole:.2f} D per cell, {dipole.polarization:.2f} µC/cm2"
)
print(f"{dipole.branch}; another choice moves it by {dipole.polarization_quantum:.2f} µC/cm2")


# %%
# MODELS, no measured structures: methylammonium halide chains whose distances follow the sums of the radii.
def model(halide: str, h_x: float, n_x: float) -> pc.Crystal:
    """CH3NH3+ and X-, one N-H...X straight up, one slanted to the X below: a chain along b."""
    period = 2.02 * n_x
    anion = np.array([0, 1.036 + h_x, 0])
    below = anion - [0, period, 0]
    slanted = np.cos(0.4) * below / np.linalg.norm(below) + [np.sin(0.4), 0, 0]
    carbon = np.array([0.3, -0.2, -1.45])
    methyl = [carbon + step for step in np.array([[1, 0, -0.4], [-0.8, 0.6, -0.4], [-0.4, -0.9, -0.4]])]
    atoms = {
        "N1": (0, 0, 0), "H1": (0, 1.036, 0), "H2": 1.036 * slanted, "H3": (-0.9, -0.3, 0.41), "C1": carbon,
        "H4": methyl[0], "H5": methyl[1], "H6": methyl[2], f"{halide}1": anion,
    }  # fmt: skip
    cell = np.diag([9.0, period, 9.5])
    species = tuple(name.rstrip("123456") for name in atoms)
    return pc.Crystal.from_arrays(
        cell, species, np.array([*atoms.values()], float) @ np.linalg.inv(cell), labels=tuple(atoms),
        title=f"MODEL_{halide}",
    )  # fmt: skip


paths = sys.argv[2:]
crystals = (
    {Path(path).stem: pc.read_structure(path) for path in paths}
    if paths
    else {f"MODEL {x}": model(x, d, d + 1.036) for x, d in (("Cl", 2.25), ("Br", 2.40), ("I", 2.65))}
)
series = {label: pc.hydrogen_bonds(crystal) for label, crystal in crystals.items()}
for label, one in series.items():
    print(f"{label}: {one}")
for sentence in trend(members(series)):
    print(sentence)

# %%
# Figures.
for name, figure in (
    ("geometry", plot_geometry({"ornithine HCl": found, **series})),
    ("series", plot_series(members(series))),
):
    for path in save(figure, folder, name):
        print(path.name)
