"""Build CsPbBr3: the ideal perovskite in the orthorhombic cell, let go by the potential to its tilted minimum.

    python build_crystal.py cspbbr3 --folder runs

Only the cell is taken from elsewhere: Pbnm, a = 8.202, b = 8.244, c = 11.748 Å at room temperature. All atoms start
on the sites of the cubic perovskite, moved at random by .1 Å, and FIRE finds the tilts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spglib
import torch
from ase import Atoms
from ase.io import write
from ase.optimize import FIRE
from fused_convolution import potential

CELL = (8.202, 8.244, 11.748)  # Å
SUPERCELL = (2, 2, 2)
RATTLE, RATTLE_SEED = 0.1, 5  # Å
LARGEST_FORCE = 0.002  # eV/Å
SYMMETRY_TOLERANCE = 0.05  # Å


def ideal_perovskite() -> Atoms:
    """Return four formula units of cubic CsPbBr3 in the cell of √2 x √2 x 2 cubes."""
    cesium = [(0, 0.5, 0.25), (0.5, 0, 0.25), (0, 0.5, 0.75), (0.5, 0, 0.75)]
    lead = [(0, 0, 0), (0.5, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5)]
    axial = [(0, 0, 0.25), (0.5, 0.5, 0.25), (0, 0, 0.75), (0.5, 0.5, 0.75)]
    equatorial = [(x, y, z) for z in (0, 0.5) for x in (0.25, 0.75) for y in (0.25, 0.75)]
    sites = [*cesium, *lead, *axial, *equatorial]
    return Atoms("Cs4Pb4Br12", scaled_positions=sites, cell=CELL, pbc=True)


def build(name: str, folder: Path, *, fused: bool = True) -> None:
    """Relax one cell, say which space group came out, and write the supercell."""
    folder.mkdir(parents=True, exist_ok=True)
    atoms = ideal_perovskite()
    atoms.rattle(RATTLE, seed=RATTLE_SEED)
    atoms.calc = potential(fused=fused)
    optimizer = FIRE(atoms, logfile=None, maxstep=0.1)
    optimizer.run(fmax=LARGEST_FORCE, steps=1500)
    largest = np.abs(atoms.get_forces()).max()
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    group = spglib.get_spacegroup(cell, symprec=SYMMETRY_TOLERANCE)
    print(f"{name}: {optimizer.nsteps} steps of FIRE to {largest:.4f} eV/Å, space group {group}", flush=True)
    write(folder / f"{name}_unit.extxyz", atoms)
    supercell = atoms.repeat(SUPERCELL)
    supercell.calc = None
    write(folder / f"{name}_start.extxyz", supercell)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=["cspbbr3"])
    parser.add_argument("--folder", type=Path, default=Path(), help="where to write (default: here)")
    parser.add_argument("--stock", action="store_true", help="without the fused kernel (slower, no compiler)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    build(arguments.name, arguments.folder, fused=not arguments.stock)


if __name__ == "__main__":
    main()
