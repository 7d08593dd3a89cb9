"""Equilibrate a box under a strong thermostat, then record it under a weak one or none.

    python run_production.py dmso --folder runs --steps 5000
    python run_production.py dmso --folder runs --steps 8000 --resume

reads runs/dmso_start.extxyz (with --resume the positions and momenta of runs/dmso_last.extxyz, and a new random
stream) and writes, in the same folder,

    dmso_equilibration.log   as md.log, of the Langevin dynamics that no frame is written of
    dmso_XDATCAR             the recorded frames: header of VASP 5, wrapped fractional positions, 3 x F11.8
    dmso_md.log              each frame: step, time fs, potential and kinetic energy eV, temperature K, wall time s
    dmso_last.extxyz         positions and momenta, now and then and at the end
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from ase import Atoms, units
from ase.io import write
from ase.md.bussi import Bussi
from ase.md.langevin import Langevin
from ase.md.md import MolecularDynamics
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet
from ase.neighborlist import natural_cutoffs, neighbor_list
from build_boxes import BOXES
from fused_convolution import MODAL, MODEL, potential
from run_dynamics import (
    IONS,
    TEMPERATURE,
    Files,
    covalent_bonds,
    last_frame,
    read_sorted,
    relax,
    same_positions,
    xdatcar_frame,
    xdatcar_header,
)
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

DEUTERIUM = 2.014  # amu: the hydrogen atoms of the solutions, so that 1.5 fs resolve their stretches
FRICTION = 0.01  # per fs, while equilibrating
RESCALING_TIME = 1000.0  # fs, of the stochastic velocity rescaling (Bussi et al. 2007, doi 10.1063/1.2408420)
VELOCITY_SEED, EQUILIBRATION_SEED, PRODUCTION_SEED, RESUMED_SEED = 1, 2, 3, 4
REPORT_EVERY = 200  # steps
FORMULAS = {
    "dimethyl_sulfoxide": "C2H6OS",
    "methoxyethanol": "C3H8O2",
    "methylammonium_chloride": "CH6N",
    "methylammonium_iodide": "CH6N",
}
LOG_HEADER = "# step t_fs Epot_eV Ekin_eV T_K wall_s\n"


@dataclass(frozen=True)
class Schedule:
    """How a system is run: time step in fs, steps per frame, steps of equilibration, ensemble."""

    timestep: float
    every: int
    equilibration: int
    ensemble: str  # "NVE", or "NVT Bussi": the kinetic energy is thermostatted as a whole, no atom by itself


SOLUTION = Schedule(timestep=1.5, every=4, equilibration=1400, ensemble="NVT Bussi")
LARGE_SOLUTION = Schedule(timestep=1.5, every=4, equilibration=1000, ensemble="NVT Bussi")
CRYSTAL = Schedule(timestep=4.0, every=5, equilibration=1000, ensemble="NVE")
SCHEDULES = {
    "cspbbr3": CRYSTAL,
    "2me_dense": LARGE_SOLUTION,
    "dmso": SOLUTION,
    "dmso_macl": SOLUTION,
    "dmso_mai": SOLUTION,
}


def dynamics(atoms: Atoms, schedule: Schedule, seed: int) -> MolecularDynamics:
    """Return the dynamics of the recorded stretch."""
    step = schedule.timestep * units.fs
    if schedule.ensemble == "NVE":
        return VelocityVerlet(atoms, step)
    return Bussi(
        atoms,
        step,
        temperature_K=TEMPERATURE,
        taut=RESCALING_TIME * units.fs,
        rng=np.random.default_rng(seed),
    )


@dataclass(frozen=True)
class Watch:
    """Writes logs and tells how a run goes."""

    atoms: Atoms
    bonds: set[tuple[int, int]]
    timestep: float
    started: float

    def log(self, file: TextIO, step: int) -> None:
        """Append one line."""
        potential_energy, kinetic_energy = self.atoms.get_potential_energy(), self.atoms.get_kinetic_energy()
        file.write(
            f"{step} {step * self.timestep:.1f} {potential_energy:.4f} {kinetic_energy:.4f} "
            f"{self.atoms.get_temperature():.1f} {time.time() - self.started:.1f}\n"
        )
        file.flush()

    def report(self, stage: str, step: int) -> None:
        """Print temperature, energy, and covalent bonds that were broken or formed."""
        bonds, symbols = covalent_bonds(self.atoms), self.atoms.get_chemical_symbols()
        lost = [(symbols[one], symbols[other]) for one, other in self.bonds - bonds]
        new = [(symbols[one], symbols[other]) for one, other in bonds - self.bonds]
        print(
            f"{stage} {step} T {self.atoms.get_temperature():.0f} K",
            f"E {self.atoms.get_potential_energy():.3f} eV, bonds lost {lost} new {new},",
            f"{time.time() - self.started:.0f} s",
            flush=True,
        )


def equilibrate(atoms: Atoms, schedule: Schedule, files: Files, watch: Watch) -> None:
    """Bring the box to the temperature."""
    langevin = Langevin(
        atoms,
        schedule.timestep * units.fs,
        temperature_K=TEMPERATURE,
        friction=FRICTION / units.fs,
        rng=np.random.default_rng(EQUILIBRATION_SEED),
    )
    with files["equilibration.log"].open("w") as log:
        log.write(LOG_HEADER)
        while langevin.nsteps < schedule.equilibration:
            langevin.run(schedule.every)
            watch.log(log, langevin.nsteps)
            if langevin.nsteps % REPORT_EVERY == 0:
                watch.report("equilibration", langevin.nsteps)
    write(files["equilibrated.extxyz"], atoms)


def produce(atoms: Atoms, schedule: Schedule, files: Files, watch: Watch, limits: argparse.Namespace) -> None:
    """Record the stretch that is analyzed, or more of it."""
    first = 0
    if limits.resume:
        first = (last_frame(files["XDATCAR"])[0] - 1) * schedule.every
    else:
        Stationary(atoms)
        interval = schedule.every * schedule.timestep
        title = f"{files.name} {MODEL} {MODAL} {schedule.ensemble} 300K {schedule.timestep} fs, every {interval:g} fs"
        files["XDATCAR"].write_text(xdatcar_header(atoms, title))
        files["md.log"].write_text(LOG_HEADER)
    run = dynamics(atoms, schedule, RESUMED_SEED if limits.resume else PRODUCTION_SEED)
    with files["XDATCAR"].open("a") as xdatcar, files["md.log"].open("a") as log:
        while True:
            step = first + run.nsteps
            if run.nsteps > 0 or first == 0:  # the frame that is resumed stands there already
                xdatcar.write(xdatcar_frame(atoms, step // schedule.every + 1))
                xdatcar.flush()
                watch.log(log, step)
            if step % REPORT_EVERY == 0:
                watch.report("production", step)
                write(files["last.extxyz"], atoms)
            if step >= limits.steps or time.time() - watch.started >= limits.seconds:
                break
            run.run(schedule.every)
    write(files["last.extxyz"], atoms)


def resumed(files: Files) -> Atoms:
    """Read the restart, which must be the last frame that was written."""
    atoms = read_sorted(files["last.extxyz"])
    if not same_positions(atoms, last_frame(files["XDATCAR"])[1]):
        raise SystemExit(
            f"{files['last.extxyz']} is not the last frame of {files['XDATCAR']}: was a run killed?"
        )
    return atoms


def run_system(name: str, limits: argparse.Namespace) -> None:
    """Relax, equilibrate and record one system."""
    schedule, files = SCHEDULES[name], Files(limits.folder, name)
    if files["XDATCAR"].exists() != limits.resume:
        fix = "choose another folder, or --resume" if not limits.resume else "run it without --resume first"
        raise SystemExit(f"{files['XDATCAR']} is {'missing' if limits.resume else 'there already'}: {fix}")
    atoms = resumed(files) if limits.resume else read_sorted(files["start.extxyz"])
    masses = atoms.get_masses()
    masses[atoms.numbers == 1] = DEUTERIUM
    momenta = atoms.get_momenta()
    atoms.set_masses(masses)
    atoms.set_momenta(momenta)
    bonds = covalent_bonds(atoms)
    atoms.calc = potential(fused=not limits.stock)
    watch = Watch(atoms, bonds, schedule.timestep, time.time())
    if not limits.resume:
        if schedule.ensemble != "NVE":  # the crystal comes relaxed
            relax(atoms, files, bonds)
            refuse_broken_molecules(name, atoms)
        random = np.random.default_rng(VELOCITY_SEED)
        MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE, rng=random)
        Stationary(atoms)
        equilibrate(atoms, schedule, files, watch)
    produce(atoms, schedule, files, watch, limits)


def refuse_broken_molecules(name: str, atoms: Atoms) -> None:
    """Stop where a contact of the packing has turned into a bond: then another seed must pack the box."""
    kept = atoms[[symbol not in IONS for symbol in atoms.get_chemical_symbols()]]
    first, second = neighbor_list("ij", kept, natural_cutoffs(kept, mult=1.15))
    bonds = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(kept), len(kept)))
    n_molecules, label = connected_components(bonds)
    found = Counter(kept[label == k].get_chemical_formula() for k in range(n_molecules))
    meant = Counter(
        {FORMULAS[part.molecule]: part.count for part in BOXES[name].parts if part.molecule in FORMULAS}
    )
    if found != meant:
        raise SystemExit(f"{name}: {dict(found)} came out where {dict(meant)} were packed: try another seed")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=list(SCHEDULES))
    parser.add_argument("--folder", type=Path, default=Path(), help="where the files are (default: here)")
    parser.add_argument("--steps", type=int, required=True, help="steps to record")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop earlier, after this wall time"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the restart; --steps counts from the first"
    )
    parser.add_argument("--stock", action="store_true", help="without the fused kernel (slower, no compiler)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run_system(arguments.name, arguments)


if __name__ == "__main__":
    main()
