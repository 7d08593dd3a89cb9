"""OUTCARs with every number known, laid out as VASP 5 and 6 print them; truth is what stands in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RULE = " " + "-" * 83
TRICLINIC = np.array([[6.0, 0.0, 0.0], [-1.25, 5.5, 0.0], [0.5, -0.75, 7.123456789]])


@dataclass
class OutcarRun:
    """A run of molecular dynamics of Pb and I (or a relaxation); all arrays are rounded as printed."""

    n_steps: int = 3
    counts: dict[str, int] = field(default_factory=lambda: {"Pb_d": 1, "I": 3})
    ibrion: int = 0
    isif: int = 2
    variable_cell: bool = False
    spin: int = 1  # 1, 2, or 4 for noncollinear
    moments: bool = False
    learned: Sequence[int] = ()  # steps of a machine-learned force field alone
    foretold: bool = False  # whether it also foretells the others
    cell: Array = field(default_factory=lambda: TRICLINIC)
    version: str = "6.3.0"
    finished: bool = True
    potim: float = 2.0
    eigenvalues: int = 0  # lines of them per step, to make a file long
    seed: int = 0

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        n, t = self.n_atoms, self.n_steps
        self.positions = np.round(random.uniform(-3, 12, (t, n, 3)), 5)
        self.forces = np.round(random.normal(0, 2, (t, n, 3)), 6)
        self.stress = np.round(random.normal(0, 30, (t, 6)), 5)  # XX YY ZZ XY YZ ZX, kB
        self.free_energy = np.round(-20 + random.normal(0, 1, t), 8)
        self.energy = np.round(self.free_energy + 0.01, 8)
        self.kinetic_energy = np.round(random.uniform(0, 3, t), 6)
        self.temperature = np.round(random.uniform(0, 900, t), 2)
        self.total_energy = np.round(self.free_energy + self.kinetic_energy, 6)
        strain = 1 + 0.01 * np.arange(t)[:, None, None] * self.variable_cell
        self.cells = np.round(self.cell * strain, 9)
        self.magnetization = np.round(random.normal(0, 1, (t, 3 if self.spin == 4 else 1)), 7)
        self.site_moments = np.round(random.normal(0, 1, (t, 3 if self.spin == 4 else 1, n)), 3)

    @property
    def n_atoms(self) -> int:
        return sum(self.counts.values())

    @property
    def species(self) -> tuple[str, ...]:
        return tuple(symbol.split("_")[0] for symbol, n in self.counts.items() for _ in range(n))

    def text(self, eol: str = "\n") -> bytes:
        text = self.head() + "".join(self.step(k) for k in range(self.n_steps))
        if self.finished:
            text += " General timing and accounting informations for this job:\n"
        return text.replace("\n", eol).encode()

    def head(self) -> str:
        text = f" vasp.{self.version} 20Jan22 complex\n\n INCAR:\n   POTIM = 77\n"
        text += "".join(f" POTCAR:    PAW_PBE {symbol} 06Sep2000\n" for symbol in self.counts)
        for symbol in self.counts:
            text += f" POTCAR:    PAW_PBE {symbol} 06Sep2000\n   VRHFIN ={symbol.split('_')[0]}: s2p5\n   TITEL  = PAW_PBE {symbol} 06Sep2000\n"
        text += " Dimension of arrays:\n   number of dos      NEDOS =    301   number of ions     NIONS = "
        text += f"{self.n_atoms:6d}\n   ions per type =      "
        text += "".join(f"{n:4d}" for n in self.counts.values()) + "\n\n"
        text += " Startparameter for this run:\n   NELM   =     60;   NELMIN=  2\n"
        text += f"   ISPIN  = {1 + (self.spin == 2):6d}    spin polarized calculation?\n"
        text += (
            f"   NSW    = {self.n_steps:6d}    number of steps for IOM\n   NBLOCK =      1;   KBLOCK = 3\n"
        )
        text += f"   IBRION = {self.ibrion:6d}    ionic relax\n   ISIF   = {self.isif:6d}    stress and relaxation\n"
        text += f"   POTIM  = {self.potim:6.4f}    time-step for ionic-motion\n\n"
        text += " old parameters found on file WAVECAR:\n" + cell_block(np.eye(3) * 9.0)  # none of this run
        return text + cell_block(self.cells[0] if self.n_steps else self.cell)

    def step(self, k: int) -> str:
        learned = k in self.learned
        text = ""
        if learned or self.foretold:
            wrong = 0.0 if not learned else 1.0
            text += self._stress(k, wrong) + cell_block(self.cells[k]) + self._table(k, wrong, " (ML)")
            text += self._energies(k, wrong, " ML")
        if not learned:
            for electronic in (1, 2):
                text += f"{'-' * 39} Iteration {k + 1:6d}({electronic:4d})  {'-' * 39}\n\n"
                text += f" number of electron      26.0000002 magnetization {self._total(k, electronic)}\n"
                text += f"  free energy    TOTEN  =   {12.5:18.8f} eV\n\n"
                text += f"  energy without entropy =  {12.5:15.8f}  energy(sigma->0) =  {12.5:15.8f}\n"
            text += f"{'-' * 24} aborting loop because EDIFF is reached {'-' * 40}\n\n"
            text += "      1     -24.7178      2.00000\n" * self.eigenvalues
            text += self._moments(k) if self.moments else ""
            text += self._stress(k, 1.0) + cell_block(self.cells[k]) + self._table(k, 1.0, "")
            text += self._energies(k, 1.0, "")
        if self.ibrion == 0:
            text += (
                "  ENERGY OF THE ELECTRON-ION-THERMOSTAT SYSTEM (eV)\n  " + "-" * 51 + "\n"
                f"% ion-electron   TOTEN  = {self.free_energy[k]:16.6f}  see above\n"
                f"  kinetic energy EKIN   = {self.kinetic_energy[k]:16.6f}\n"
                f"  kin. lattice  EKIN_LAT= {0.0:16.6f}  (temperature{self.temperature[k]:8.2f} K)\n"
                f"  nose potential ES     = {0.0:16.6f}\n  nose kinetic   EPS    = {0.0:16.6f}\n"
                f"  {'-' * 51}\n  total energy   ETOTAL = {self.total_energy[k]:16.6f} eV\n\n"
            )
        return text + f"     LOOP+:  cpu time    {1.5:6.4f}: real time    {1.5:6.4f}\n"

    def _total(self, k: int, electronic: int) -> str:
        values = self.magnetization[k] if electronic == 2 else self.magnetization[k] + 1.0
        return "" if self.spin == 1 else "".join(f"{value:15.7f}" for value in values)

    def _moments(self, k: int) -> str:
        text = ""
        for axis, values in zip("xyz", self.site_moments[k], strict=False):
            text += f" magnetization ({axis})\n \n# of ion       s       p       d       tot\n{'-' * 42}\n"
            for atom, value in enumerate(values):
                text += f"{atom + 1:5d}     {0.125:8.3f}{0.25:8.3f}{0.0:8.3f}{value:8.3f}\n"
            text += "-" * 50 + f"\ntot       {0.0:8.3f}{0.0:8.3f}{0.0:8.3f}{values.sum():8.3f}\n \n"
        return text

    def _stress(self, k: int, factor: float) -> str:
        row = factor * self.stress[k]
        return (
            "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
            "  Direction    XX          YY          ZZ          XY          YZ          ZX\n  "
            + "-"
            * 86
            + "\n"
            f"  Total  {'     1.00000' * 6}\n  in kB  " + "".join(f"{x:12.5f}" for x in row) + "\n"
            f"  external pressure = {row[:3].mean():11.2f} kB  Pullay stress = {0.0:11.2f} kB\n\n"
        )

    def _table(self, k: int, factor: float, mark: str) -> str:
        text = f" POSITION {' ' * 38}TOTAL-FORCE (eV/Angst){mark}\n{RULE}\n"
        for place, force in zip(self.positions[k], factor * self.forces[k], strict=True):
            text += "".join(f"{x:13.5f}" for x in place) + "   " + "".join(f"{x:14.6f}" for x in force) + "\n"
        return text + f"{RULE}\n    total drift:                                0.001368     -0.000338\n\n"

    def _energies(self, k: int, factor: float, mark: str) -> str:
        lead = f" {mark}" if mark else " "
        return (
            f"{lead} FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  {'-' * 51}\n"
            f"  free  energy{mark or '  '} TOTEN  = {factor * self.free_energy[k]:18.8f} eV\n\n"
            f"  energy  without entropy= {factor * self.free_energy[k]:16.8f} {lead} "
            f"energy(sigma->0) = {factor * self.energy[k]:16.8f}\n\n"
        )


def cell_block(cell: Array) -> str:
    """Return the block of a cell, F13.9: numbers from 100 on touch."""
    volume = abs(np.linalg.det(cell))
    text = f"  energy-cutoff  :      400.00\n  volume of cell : {volume:11.2f}\n"
    text += "      direct lattice vectors                 reciprocal lattice vectors\n"
    for row, other in zip(cell, np.linalg.inv(cell).T, strict=True):
        text += (
            "   " + "".join(f"{x:13.9f}" for x in row) + "    " + "".join(f"{x:13.9f}" for x in other) + "\n"
        )
    return text + "\n  length of vectors\n\n"
