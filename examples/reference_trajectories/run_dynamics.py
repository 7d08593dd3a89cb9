"""Langevin dynamics of a box with SevenNet-MF-0: start from a packed box, or continue from a restart.

    python run_dynamics.py start    2me --folder runs --steps 1990
    python run_dynamics.py continue 2me --folder runs --steps 5990

start reads runs/2me_start.extxyz; both write, in the same folder,

    2me_XDATCAR          every 5th step: header of VASP 5, wrapped fractional positions, 3 x F11.8
    2me_md.log           every 5th step: step, time fs, potential and kinetic energy eV, temperature K, wall time s
    2me_last.extxyz      the restart: positions and momenta, every 250 steps and at the end
    2me_relaxed.extxyz   (start only) after the relaxation
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import Atoms, units
from ase.io import read, write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.neighborlist import natural_cutoffs, neighbor_list
from ase.optimize import FIRE
from fused_convolution import MODAL, MODEL, potential

ELEMENT_ORDER = ("Cs", "Pb", "I", "Br", "Cl", "S", "N", "O", "C", "H")
IONS = {"Cs", "Pb", "I", "Br", "Cl"}
TEMPERATURE = 300  # K
TIMESTEP = 1.0  # fs
FRICTION = 0.01  # per fs
LARGEST_FORCE = 0.4  # eV/Å, where the relaxation ends
FRAME_EVERY = 5  # steps
REPORT_EVERY = 250  # steps
CHUNK = 10  # steps between looks at the clock
VELOCITY_SEED, THERMOSTAT_SEED, CONTINUED_THERMOSTAT_SEED = 1, 2, 3
RESTART_TOLERANCE = 1e-5  # fractional: both files round to 8 decimals


@dataclass(frozen=True)
class Files:
    """The files of one run, by the name of its box."""

    folder: Path
    name: str

    def __getitem__(self, ending: str) -> Path:
        """Return FOLDER/NAME_ENDING."""
        return self.folder / f"{self.name}_{ending}"


def read_sorted(path: Path) -> Atoms:
    """Read a structure, its atoms grouped by element in the order of the XDATCAR."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: build_boxes.py writes the starts, 'start' the restarts")
    atoms = read(path)
    ranks = np.array([ELEMENT_ORDER.index(symbol) for symbol in atoms.get_chemical_symbols()])
    return atoms[np.argsort(ranks, kind="stable")]


def covalent_bonds(atoms: Atoms) -> set[tuple[int, int]]:
    """Return the bonded pairs among all atoms but metals and heavy halogens, as (lower, higher) index."""
    symbols = atoms.get_chemical_symbols()
    first, second = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=1.2))
    return {
        (one, other)
        for one, other in zip(first.tolist(), second.tolist(), strict=True)
        if one < other and not {symbols[one], symbols[other]} & IONS
    }


def nearest_to_lead(atoms: Atoms, element: str, count: int = 3) -> list[list[float]]:
    """Return, for every Pb, its shortest distances in Å to an element."""
    symbols = np.array(atoms.get_chemical_symbols())
    pairs = np.ix_(np.flatnonzero(symbols == "Pb"), np.flatnonzero(symbols == element))
    distances = atoms.get_all_distances(mic=True)[pairs]
    return np.round(np.sort(distances, axis=1)[:, :count], 2).tolist()


def xdatcar_header(atoms: Atoms, title: str) -> str:
    """Return the header of VASP 5: title, scale, cell, elements, counts."""
    symbols = atoms.get_chemical_symbols()
    elements = [element for element in ELEMENT_ORDER if element in symbols]
    lines = [title, "   1.0"]
    lines += ["  {:12.6f}{:12.6f}{:12.6f}".format(*vector) for vector in atoms.cell.array]
    lines.append(" ".join(f"{element:>4}" for element in elements))
    lines.append(" ".join(f"{symbols.count(element):4d}" for element in elements))
    return "\n".join(lines) + "\n"


def xdatcar_frame(atoms: Atoms, number: int) -> str:
    """Return one frame: its number from 1, and wrapped fractional positions."""
    rows = ["  {:11.8f} {:11.8f} {:11.8f}\n".format(*row) for row in atoms.get_scaled_positions(wrap=True)]
    return f"Direct configuration={number:6d}\n" + "".join(rows)


def last_frame(path: Path) -> tuple[int, np.ndarray]:
    """Return number and fractional positions, shape (n_atoms, 3), of an XDATCAR's last frame."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run 'start' first")
    number, _, rows = path.read_text().rpartition("configuration=")[2].partition("\n")
    return int(number), np.array(rows.split(), dtype=float).reshape(-1, 3)


def same_positions(atoms: Atoms, positions: np.ndarray) -> bool:
    """Tell whether fractional positions, shape (n_atoms, 3), are those of the atoms, up to whole cells."""
    if positions.shape != (len(atoms), 3):
        return False
    shift = atoms.get_scaled_positions() - positions
    return bool(np.abs(shift - np.round(shift)).max() < RESTART_TOLERANCE)


@dataclass
class Recorder:
    """Called after every step: writes frames and log, reports progress, keeps the restart.

    Attributes
    ----------
    frames_before : int
        Frames in the XDATCAR before this run; its last one is step 0 of this run.
    bonds : set of (int, int)
        Covalent bonds at the start of this run.
    started : float
        time.time() at the start of this run.
    """

    atoms: Atoms
    dynamics: Langevin
    files: Files
    frames_before: int
    bonds: set[tuple[int, int]]
    started: float

    def __call__(self) -> None:
        """Record the step if its turn has come."""
        step = self.dynamics.nsteps
        already_written = step == 0 and self.frames_before > 0
        if step % FRAME_EVERY == 0 and not already_written:
            self.write_frame(step)
        if step % REPORT_EVERY == 0:
            self.report(step)
            write(self.files["last.extxyz"], self.atoms)

    def write_frame(self, step: int) -> None:
        """Append one frame to the XDATCAR and one line to the log."""
        total = step + max(self.frames_before - 1, 0) * FRAME_EVERY
        with self.files["XDATCAR"].open("a") as xdatcar:
            xdatcar.write(xdatcar_frame(self.atoms, total // FRAME_EVERY + 1))
        potential_energy, kinetic_energy = self.atoms.get_potential_energy(), self.atoms.get_kinetic_energy()
        with self.files["md.log"].open("a") as log:
            log.write(
                f"{total} {total * TIMESTEP:.1f} {potential_energy:.4f} {kinetic_energy:.4f} "
                f"{self.atoms.get_temperature():.1f} {time.time() - self.started:.1f}\n"
            )

    def report(self, step: int) -> None:
        """Print temperature, broken and new covalent bonds, and the surroundings of Pb."""
        bonds, symbols = covalent_bonds(self.atoms), self.atoms.get_chemical_symbols()
        lost = [(symbols[one], symbols[other]) for one, other in self.bonds - bonds]
        new = [(symbols[one], symbols[other]) for one, other in bonds - self.bonds]
        print(
            f"{step} T {self.atoms.get_temperature():.0f} K, bonds lost {lost} new {new},",
            f"Pb-I {nearest_to_lead(self.atoms, 'I')} Pb-O {nearest_to_lead(self.atoms, 'O')},",
            f"{time.time() - self.started:.0f} s",
            flush=True,
        )


def relax(atoms: Atoms, files: Files, bonds: set[tuple[int, int]]) -> None:
    """Take the worst contacts out of a packed box."""
    optimizer = FIRE(atoms, logfile=None, maxstep=0.1)
    optimizer.run(fmax=LARGEST_FORCE, steps=80)
    largest = abs(atoms.get_forces()).max()
    kept = "all" if covalent_bonds(atoms) == bonds else "NOT all"
    print(f"{optimizer.nsteps} steps of FIRE to {largest:.3f} eV/Å, {kept} covalent bonds kept", flush=True)
    write(files["relaxed.extxyz"], atoms)


def thermostat(atoms: Atoms, seed: int) -> Langevin:
    """Return Langevin dynamics with its own random stream."""
    return Langevin(
        atoms,
        TIMESTEP * units.fs,
        temperature_K=TEMPERATURE,
        friction=FRICTION / units.fs,
        rng=np.random.default_rng(seed),
    )


def run(recorder: Recorder, limits: argparse.Namespace) -> None:
    """Run until the steps are done or the time is up, and write the restart."""
    dynamics = recorder.dynamics
    dynamics.attach(recorder, interval=1)
    while dynamics.nsteps < limits.steps and time.time() - recorder.started < limits.seconds:
        dynamics.run(CHUNK)
    write(recorder.files["last.extxyz"], recorder.atoms)
    print(f"{dynamics.nsteps} steps in {time.time() - recorder.started:.0f} s")


def start(files: Files, limits: argparse.Namespace) -> None:
    """Relax a packed box, draw velocities, and run."""
    started = time.time()
    if files["XDATCAR"].exists():
        raise SystemExit(f"{files['XDATCAR']} is there already: continue it, or choose another folder")
    atoms = read_sorted(files["start.extxyz"])
    bonds = covalent_bonds(atoms)
    atoms.calc = potential(fused=not limits.stock)
    relax(atoms, files, bonds)
    MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE, rng=np.random.default_rng(VELOCITY_SEED))
    Stationary(atoms)
    title = f"{files.name} {MODEL} {MODAL} NVT 300K 1fs, every 5 fs"
    files["XDATCAR"].write_text(xdatcar_header(atoms, title))
    files["md.log"].write_text("# step t_fs Epot_eV Ekin_eV T_K wall_s\n")
    run(Recorder(atoms, thermostat(atoms, THERMOSTAT_SEED), files, 0, bonds, started), limits)


def continue_run(files: Files, limits: argparse.Namespace) -> None:
    """Run on from positions and momenta of the restart, with a new random stream, into the same files."""
    started = time.time()
    n_frames, positions = last_frame(files["XDATCAR"])
    atoms = read_sorted(files["last.extxyz"])
    if not same_positions(atoms, positions):
        raise SystemExit(
            f"{files['last.extxyz']} is not the last frame of {files['XDATCAR']}: was a run killed?"
        )
    bonds = covalent_bonds(atoms)
    atoms.calc = potential(fused=not limits.stock)
    dynamics = thermostat(atoms, CONTINUED_THERMOSTAT_SEED)
    run(Recorder(atoms, dynamics, files, n_frames, bonds, started), limits)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=["start", "continue"])
    parser.add_argument("name", help="name of the box")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the files are (default: here)")
    parser.add_argument("--steps", type=int, required=True, help="steps of 1 fs to run, rounded up to tens")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop earlier, after this wall time"
    )
    parser.add_argument("--stock", action="store_true", help="without the fused kernel (slower, no compiler)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task = {"start": start, "continue": continue_run}[arguments.task]
    task(Files(arguments.folder, arguments.name), arguments)


if __name__ == "__main__":
    main()
