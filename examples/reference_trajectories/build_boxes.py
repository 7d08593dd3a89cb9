"""Build the periodic boxes of the solutions, packed at random.

    python build_boxes.py 2me gbl --folder runs

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
PB_I_BOND, PB_CL_BOND = 2.85, 2.5  # Å
X_PB_X_ANGLE = 98.0  # degrees: the free lead halide molecules are bent
CS_CL_DISTANCE = 3.2  # Å
N_I_DISTANCE, N_CL_DISTANCE = 3.4, 3.1  # Å, of the CH3NH3+...X- pairs
DALTON_PER_A3_IN_G_PER_CM3 = 1.66054


@dataclass(frozen=True)
class Part:
    """Molecules of one kind in a box: their file name, how many, and how far they stay from its walls, Å."""

    molecule: str
    count: int
    margin: float = 0.6


@dataclass(frozen=True)
class Box:
    """One cubic box: edge in Å, what is in it, seed and patience of packmol."""

    edge: float
    parts: tuple[Part, ...]
    seed: int
    loops: int = 400


LEAD_IODIDE_AND_MAI = (Part("lead_iodide", 3, 1.0), Part("methylammonium_iodide", 3, 1.0))
CHLORIDES = (Part("cesium_chloride", 2), Part("lead_chloride", 3))

# 2me and gbl: composition and edges of Nat. Commun. 15:2390, doi 10.1038/s41467-024-46712-y. 2me_dense: the same
# molecules at liquid density. dmso*: CsCl : PbCl2 : CH3NH3X = 2 : 3 : 2, as Nano-Micro Lett. 18:421,
# doi 10.1007/s40820-026-02272-y, finds it in solution. The edges of these four: volume of the neat solvent
# (117.9 Å3 per DMSO, 130.95 Å3 per 2-ME) plus that of the solid salts (CsCl 70, PbCl2 79, CH3NH3Cl 92,
# CH3NH3I 118, PbI2 124 Å3 per formula unit).
BOXES = {
    "2me": Box(17.9, (*LEAD_IODIDE_AND_MAI, Part("methoxyethanol", 21)), seed=11, loops=200),
    "gbl": Box(15.9, (*LEAD_IODIDE_AND_MAI, Part("butyrolactone", 21)), seed=23, loops=200),
    "2me_dense": Box(
        15.16,
        (Part("lead_iodide", 3), Part("methylammonium_iodide", 3), Part("methoxyethanol", 21)),
        seed=11,
    ),
    "dmso": Box(13.99, (*CHLORIDES, Part("dimethyl_sulfoxide", 20)), seed=31),
    "dmso_macl": Box(
        14.29, (*CHLORIDES, Part("methylammonium_chloride", 2), Part("dimethyl_sulfoxide", 20)), seed=34
    ),
    "dmso_mai": Box(
        14.38, (*CHLORIDES, Part("methylammonium_iodide", 2), Part("dimethyl_sulfoxide", 20)), seed=33
    ),
}


def molecule(smiles: str) -> Atoms:
    """Return one conformer of a molecule, relaxed with MMFF."""
    graph = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(graph, randomSeed=CONFORMER_SEED)
    AllChem.MMFFOptimizeMolecule(graph)
    symbols = [atom.GetSymbol() for atom in graph.GetAtoms()]
    return Atoms(symbols, graph.GetConformer().GetPositions())


def lead_halide(halogen: str, bond: float) -> Atoms:
    """Return a bent lead halide molecule with Pb in the origin; bond in Å."""
    half_angle = np.deg2rad(X_PB_X_ANGLE) / 2
    across, along = bond * np.sin(half_angle), bond * np.cos(half_angle)
    return Atoms(f"Pb{halogen}2", [(0, 0, 0), (across, along, 0), (-across, along, 0)])


def methylammonium_halide(halogen: str, distance: float) -> Atoms:
    """Return CH3NH3+ with a halide ion beyond N, on the C-N axis, at a distance in Å."""
    cation = molecule("C[NH3+]")
    symbols = cation.get_chemical_symbols()
    carbon, nitrogen = (cation.positions[symbols.index(element)] for element in "CN")
    axis = (nitrogen - carbon) / np.linalg.norm(nitrogen - carbon)
    return cation + Atoms(halogen, [nitrogen + distance * axis])


def write_molecules(folder: Path) -> None:
    """Write the molecules that packmol reads."""
    molecules = {
        "methoxyethanol": molecule("COCCO"),
        "butyrolactone": molecule("O=C1CCCO1"),
        "dimethyl_sulfoxide": molecule("CS(C)=O"),
        "lead_iodide": lead_halide("I", PB_I_BOND),
        "lead_chloride": lead_halide("Cl", PB_CL_BOND),
        "cesium_chloride": Atoms("CsCl", [(0, 0, 0), (CS_CL_DISTANCE, 0, 0)]),
        "methylammonium_iodide": methylammonium_halide("I", N_I_DISTANCE),
        "methylammonium_chloride": methylammonium_halide("Cl", N_CL_DISTANCE),
    }
    for name, atoms in molecules.items():
        write(folder / f"{name}.xyz", atoms)


def packmol_input(name: str, box: Box) -> str:
    """Return what packmol is asked for."""
    lines = [
        "tolerance 2.0",
        "filetype xyz",
        f"output {name}_raw.xyz",
        f"seed {box.seed}",
        f"nloop {box.loops}",
    ]
    for part in box.parts:
        low, edge = part.margin, box.edge - 2 * part.margin
        lines += [
            f"structure {part.molecule}.xyz",
            f" number {part.count}",
            f" inside cube {low} {low} {low} {edge}",
            "end structure",
        ]
    return "\n".join(lines) + "\n"


def pack(name: str, box: Box, folder: Path) -> Atoms:
    """Let packmol fill the box, and return it as a periodic cell."""
    packmol = shutil.which("packmol")
    if packmol is None:
        raise SystemExit("packmol is not on the PATH: install it, see README.md")
    input_file = folder / f"{name}.inp"
    input_file.write_text(packmol_input(name, box))
    with input_file.open() as stdin:
        done = subprocess.run([packmol], stdin=stdin, cwd=folder, capture_output=True, text=True, timeout=400)
    if "Success" not in done.stdout:
        raise SystemExit(f"packmol did not pack {name}:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    atoms = read(folder / f"{name}_raw.xyz")
    atoms.set_cell([box.edge] * 3)
    atoms.pbc = True
    return atoms


def describe(name: str, atoms: Atoms) -> str:
    """Return one line: number of atoms, shortest distance, density, formula."""
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    density = atoms.get_masses().sum() * DALTON_PER_A3_IN_G_PER_CM3 / atoms.get_volume()
    formula = atoms.get_chemical_formula()
    return f"{name}: {len(atoms)} atoms, nearest {distances.min():.3f} Å, {density:.3f} g/cm3, {formula}"


def build(name: str, folder: Path) -> None:
    """Write the start of one solution."""
    folder.mkdir(parents=True, exist_ok=True)
    write_molecules(folder)
    atoms = pack(name, BOXES[name], folder)
    write(folder / f"{name}_start.extxyz", atoms)
    print(describe(name, atoms), flush=True)


def main() -> None:
    """Build the boxes that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=list(BOXES))
    parser.add_argument("--folder", type=Path, default=Path(), help="where to write (default: here)")
    arguments = parser.parse_args()
    for name in arguments.names:
        build(name, arguments.folder)


if __name__ == "__main__":
    main()
