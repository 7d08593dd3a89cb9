"""Equilibrate a box under a strong thermostat, then record it under a weak one or none.

    python run_production.py dmso --folder runs --steps 5000

reads runs/dmso_start.extxyz and writes, in the same folder,

    dmso_equilibration.log   as md.log, of the Langevin dynamics that no frame is written of
    dmso_XDATCAR             the recorded frames: header of VASP 5, wrapped fractional positions, 3 x F11.8
    dmso_md.log              each frame: step, time fs, potential and kinetic energy eV, temperature K, wall time s
    dmso_last.extxyz         positions and momenta, now and then and at the end
"""

from __future__ import annotations

import argparse
import time
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
from fused_convolution import MODAL, MODEL, potential
from run_dynamics import (
    TEMPERATURE,
    Files,
    covalent_bonds,
    read_sorted,
    relax,
    xdatcar_frame,
    xdatcar_header,
)

DEUTERIUM = 2.014  # amu: the hydrogen atoms of the solutions, so that 1.5 fs resolve their stretches
FRICTION = 0.01  # per fs, while equilibrating
RESCALING_TIME = 1000.0  # fs, of the stochastic velocity rescaling (Bussi et al. 2007, doi 10.1063/1.2408420)
VELOCITY_SEED, EQUILIBRATION_SEED, PRODUCTION_SEED = 1, 2, 3
REPORT_EVERY = 200  # steps
LOG_HEADER = "# step t_fs Epot_eV Ekin_eV T_K wall_s\n"


@dataclass(frozen=True)
class Schedule:
    """How a system is run: time step in fs, steps per frame, steps of equilibration, ensemble."""

    timestep: float
    every: int
    equilibration: int
    ensemble: str  # "NVE", or "NVT Bussi": the kinetic energy is thermostatted as a whole, no atom by itself


SOLUTION = Schedule(timestep=1.5, every=4, equilibration=1400, ensemble="NVT Bussi")
CRYSTAL = Schedule(timestep=4.0, every=5, equilibration=1000, ensemble="NVE")
SCHEDULES = {
    "cspbbr3": CRYSTAL,
    "2me_dense": SOLUTION,
    "dmso": SOLUTION,
    "dmso_macl": SOLUTION,
    "dmso_mai": SOLUTION,
}


def dynamics(atoms: Atoms, schedule: Schedule) -> MolecularDynamics:
    """Return the dynamics of the recorded stretch."""
    step = schedule.timestep * units.fs
    if schedule.ensemble == "NVE":
        return VelocityVerlet(atoms, step)
    return Bussi(
        atoms,
        step,
        temperature_K=TEMPERATURE,
        taut=RESCALING_TIME * units.fs,
        rng=np.random.default_rng(PRODUCTION_SEED),
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
    """Record the stretch that is analyzed."""
    Stationary(atoms)
    run = dynamics(atoms, schedule)
    interval = schedule.every * schedule.timestep
    title = (
        f"{files.name} {MODEL} {MODAL} {schedule.ensemble} 300K {schedule.timestep} fs, every {interval:g} fs"
    )
    with files["XDATCAR"].open("w") as xdatcar, files["md.log"].open("w") as log:
        xdatcar.write(xdatcar_header(atoms, title))
        log.write(LOG_HEADER)
        while True:
            xdatcar.write(xdatcar_frame(atoms, run.nsteps // schedule.every + 1))
            xdatcar.flush()
            watch.log(log, run.nsteps)
            if run.nsteps % REPORT_EVERY == 0:
                watch.report("production", run.nsteps)
                write(files["last.extxyz"], atoms)
            if run.nsteps >= limits.steps or time.time() - watch.started >= limits.seconds:
                break
            run.run(schedule.every)
    write(files["last.extxyz"], atoms)


def run_system(name: str, limits: argparse.Namespace) -> None:
    """Relax, equilibrate and record one system."""
    schedule, files = SCHEDULES[name], Files(limits.folder, name)
    if files["XDATCAR"].exists():
        raise SystemExit(f"{files['XDATCAR']} is there already: choose another folder")
    atoms = read_sorted(files["start.extxyz"])
    masses = atoms.get_masses()
    masses[atoms.numbers == 1] = DEUTERIUM
    atoms.set_masses(masses)
    bonds = covalent_bonds(atoms)
    atoms.calc = potential(fused=not limits.stock)
    watch = Watch(atoms, bonds, schedule.timestep, time.time())
    if schedule.ensemble != "NVE":  # the crystal comes relaxed
        relax(atoms, files, bonds)
    MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE, rng=np.random.default_rng(VELOCITY_SEED))
    Stationary(atoms)
    equilibrate(atoms, schedule, files, watch)
    produce(atoms, schedule, files, watch, limits)


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
    parser.add_argument("--stock", action="store_true", help="without the fused kernel (slower, no compiler)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run_system(arguments.name, arguments)


if __name__ == "__main__":
    main()
