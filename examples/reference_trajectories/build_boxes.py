"""Build the two periodic boxes: 3 PbI2 + 3 CH3NH3I + 21 solvent molecules, packed at random.

Composition and box edges are those of Nat. Commun. 15:2390, doi 10.1038/s41467-024-46712-y.

    python build_boxes.py --folder runs

writes runs/2me_start.extxyz and runs/gbl_start.extxyz, and beside them the molecules and packmol's files.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write
from rdkit import Chem
from rdkit.Chem import AllChem

CONFORMER_SEED = 7
PB_I_BOND = 2.85  # Å
I_PB_I_ANGLE = 98.0  # degrees: the free PbI2 molecule is bent
N_I_DISTANCE = 3.4  # Å, of the CH3NH3+...I- pair
DALTON_PER_A3_IN_G_PER_CM3 = 1.66054


@dataclass(frozen=True)
class Box:
    """One cubic box: name, solvent (also its file name), edge in Å, seed of packmol."""

    name: str
    solvent: str
    edge: float
    seed: int


BOXES = (Box("2me", "methoxyethanol", 17.9, seed=11), Box("gbl", "butyrolactone", 15.9, seed=23))

PACKMOL_INPUT = """tolerance 2.0
filetype xyz
output {name}_raw.xyz
seed {seed}
nloop 200
structure lead_iodide.xyz
 number 3
 inside cube 1. 1. 1. {solute_edge}
end structure
structure methylammonium_iodide.xyz
 number 3
 inside cube 1. 1. 1. {solute_edge}
end structure
structure {solvent}.xyz
 number 21
 inside cube 0.6 0.6 0.6 {solvent_edge}
end structure
"""


def molecule(smiles: str) -> Atoms:
    """Return one conformer of a molecule, relaxed with MMFF."""
    graph = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(graph, randomSeed=CONFORMER_SEED)
    AllChem.MMFFOptimizeMolecule(graph)
    symbols = [atom.GetSymbol() for atom in graph.GetAtoms()]
    return Atoms(symbols, graph.GetConformer().GetPositions())


def lead_iodide() -> Atoms:
    """Return a bent PbI2 molecule with Pb in the origin."""
    half_angle = np.deg2rad(I_PB_I_ANGLE) / 2
    across, along = PB_I_BOND * np.sin(half_angle), PB_I_BOND * np.cos(half_angle)
    return Atoms("PbI2", [(0, 0, 0), (across, along, 0), (-across, along, 0)])


def methylammonium_iodide() -> Atoms:
    """Return CH3NH3+ with I- beyond N, on the C-N axis."""
    cation = molecule("C[NH3+]")
    symbols = cation.get_chemical_symbols()
    carbon, nitrogen = (cation.positions[symbols.index(element)] for element in "CN")
    axis = (nitrogen - carbon) / np.linalg.norm(nitrogen - carbon)
    return cation + Atoms("I", [nitrogen + N_I_DISTANCE * axis])


def write_molecules(folder: Path) -> None:
    """Write the molecules that packmol reads."""
    molecules = {
        "methoxyethanol": molecule("COCCO"),
        "butyrolactone": molecule("O=C1CCCO1"),
        "lead_iodide": lead_iodide(),
        "methylammonium_iodide": methylammonium_iodide(),
    }
    for name, atoms in molecules.items():
        write(folder / f"{name}.xyz", atoms)


def pack(box: Box, folder: Path) -> Atoms:
    """Let packmol fill the box, and return it as a periodic cell."""
    packmol = shutil.which("packmol")
    if packmol is None:
        raise SystemExit("packmol is not on the PATH: install it, see README.md")
    input_file = folder / f"{box.name}.inp"
    input_file.write_text(
        PACKMOL_INPUT.format(
            name=box.name,
            seed=box.seed,
            solvent=box.solvent,
            solute_edge=box.edge - 2.0,
            solvent_edge=box.edge - 1.2,
        )
    )
    with input_file.open() as stdin:
        done = subprocess.run([packmol], stdin=stdin, cwd=folder, capture_output=True, text=True, timeout=400)
    if "Success" not in done.stdout:
        raise SystemExit(f"packmol did not pack {box.name}:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    atoms = read(folder / f"{box.name}_raw.xyz")
    atoms.set_cell([box.edge] * 3)
    atoms.pbc = True
    return atoms


def describe(box: Box, atoms: Atoms) -> str:
    """Return one line: number of atoms, shortest distance, density, formula."""
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    density = atoms.get_masses().sum() * DALTON_PER_A3_IN_G_PER_CM3 / box.edge**3
    formula = atoms.get_chemical_formula()
    return f"{box.name}: {len(atoms)} atoms, nearest {distances.min():.3f} Å, {density:.3f} g/cm3, {formula}"


def main() -> None:
    """Build both boxes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(), help="where to write (default: here)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    write_molecules(folder)
    for box in BOXES:
        atoms = pack(box, folder)
        write(folder / f"{box.name}_start.extxyz", atoms)
        print(describe(box, atoms))


if __name__ == "__main__":
    main()
