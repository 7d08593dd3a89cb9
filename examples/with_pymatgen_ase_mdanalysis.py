"""
With pymatgen, ASE and MDAnalysis objects
=========================================

What these packages hold goes in as it is, and what was read here comes out as their objects. None of them is imported
unless one of its objects is there.
"""

# %%
# From pymatgen: a structure that it built goes into any function that takes a crystal.
import sys
import warnings
from pathlib import Path

import perovchem as pc

warnings.simplefilter("ignore")  # of the bundled run, and of MDAnalysis about itself
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "with_other_packages")
folder.mkdir(parents=True, exist_ok=True)

from pymatgen.core import Lattice, Structure

structure = Structure.from_spacegroup(
    "Pm-3m", Lattice.cubic(5.605), ["Cs", "Pb", "Cl"], [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0]]
)
print(pc.coordination(structure, center="Pb", ligands="Cl"))
crystal = pc.read_structure(structure)
print(pc.powder_pattern(crystal, wavelength="CuKa1"))

# %%
# And back, with symmetry found by spglib:
print(pc.symmetry(crystal).symbol, pc.to_pymatgen(crystal).composition.reduced_formula)

# %%
# From ASE: a list of Atoms is a trajectory; so is an ``ase.io.Trajectory``.
frames = pc.read_frames("gbl_solution", discard="4ps", stride=20)
atoms = pc.to_ase(frames)
print(f"{len(atoms)} x {atoms[0]}")
again = pc.coordination(atoms, center="Pb", ligands=("I", "O"))
print(f"mean coordination number {again.mean_coordination_number.mean:.2f}")

# %%
# What ASE writes, we read; extended XYZ keeps the cell and the elements.
from ase.io import write

write(folder / "frames.extxyz", atoms)
print(pc.read_frames(folder / "frames.extxyz"))

# %%
# From MDAnalysis: a Universe of our frames, with elements, times, and molecules as residues, so that its selections
# work.
universe = pc.to_mdanalysis(frames)
oxygen = universe.select_atoms("resname GBL and element O")
print(f"{universe}: {len(oxygen)} oxygen atoms of solvent")

# %%
# A Universe goes into our functions as frames do.
found = pc.pair_distribution(universe, pairs="Pb-O")
print(found)

# %%
# ``import perovchem.mda`` registers XDATCAR and CASTEP ``.md`` with MDAnalysis, so that
# ``MDAnalysis.Universe("XDATCAR")`` opens them; ``format="PEROVCHEM", topology_format="PEROVCHEM"`` opens whatever is
# read here.
import MDAnalysis

import perovchem.mda  # noqa: F401

bundled = MDAnalysis.Universe("cspbbr3_crystal", format="PEROVCHEM", topology_format="PEROVCHEM")
print(bundled, bundled.trajectory.n_frames, "frames")
