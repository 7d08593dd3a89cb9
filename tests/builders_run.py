"""Runs with a known answer: frames in memory, and XDATCAR, OUTCAR and INCAR written as VASP lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perovchem.frames import FrameSource, RunMetadata

Array = NDArray[np.float64]

CUBE = 10.0 * np.eye(3)
SPECIES = ("Pb", "I", "I", "I")


class MemorySource(FrameSource):
    """Frames held in memory."""

    def __init__(
        self,
        positions: Array,
        *,
        species: Sequence[str] = SPECIES,
        cells: Array = CUBE,
        steps: Sequence[int] | None = None,
        times: Sequence[float] | None = None,
        metadata: RunMetadata | None = None,
        values: Mapping[str, Array] | None = None,
        cartesian: bool = False,
        form: str = "XDATCAR",
        path: str = "nowhere/XDATCAR",
    ) -> None:
        self.positions = np.asarray(positions, float)
        self.box = np.broadcast_to(np.asarray(cells, float), (len(positions), 3, 3))
        self.format = form
        self.files = (Path(path),)
        self.species = tuple(species)
        self.n_frames = len(positions)
        self.fixed_cell = np.asarray(cells).ndim == 2
        self.cartesian = cartesian
        self.steps = None if steps is None else np.asarray(steps, np.int64)
        self.times = None if times is None else np.asarray(times, float)
        self.metadata = metadata or RunMetadata()
        self.values = dict(values or {})

    def coordinates(self, frames, atoms):
        chosen = self.positions[frames]
        return chosen if atoms is None else chosen[:, atoms]

    def cells(self, frames):
        return self.box[frames]

    def scalars(self):
        return self.values


def walk(n_frames: int, *, n_atoms: int = 4, seed: int = 0, step: float = 0.002) -> Array:
    """Atoms that move by about ``step`` (fractional) from frame to frame, printed to 8 decimals."""
    random = np.random.default_rng(seed)
    start = random.random((1, n_atoms, 3))
    return np.round((start + np.cumsum(random.normal(0, step, (n_frames, n_atoms, 3)), axis=0)) % 1.0, 8)


def _columns(row: Array, form: str, lead: str, gap: str) -> str:
    return lead + gap.join(f"{x:{form}}" for x in row) + "\n"


def xdatcar(positions: Array, labels: Sequence[int] | None = None, *, header: bool = True) -> str:
    """Return an XDATCAR of one Pb and three I in a cube of 10 Å."""
    labels = range(1, len(positions) + 1) if labels is None else labels
    text = "PbI3\n           1\n"
    text += "".join(_columns(row, "11.6f", " " * 4, " ") for row in CUBE)
    text += "   Pb   I \n     1     3\n"
    text = text if header else ""
    for label, frame in zip(labels, positions, strict=True):
        text += f"Direct configuration={label:6d}\n"
        text += "".join(_columns(row, "11.8f", "  ", " ") for row in frame)
    return text


@dataclass
class Step:
    """One ionic step of an OUTCAR; texts such as "********" stand for themselves."""

    energy: float | str = -10.0
    free_energy: float | str = -10.0
    kinetic: float | str = 0.1
    temperature: float | str = 300.0
    total: float | str = -9.9
    pressure: float | str = 5.0
    pulay: float | str = 0.0
    kinetic_pressure: float | str = 1.0
    electronic: int = 4
    reached: bool | None = True
    foretold: bool = False
    cell: Array = field(default_factory=lambda: CUBE)


def _number(value: float | str, form: str) -> str:
    return value if isinstance(value, str) else form % value


def outcar_step(step: Step, number: int, *, dynamic: bool = True) -> str:
    """Return the text of one ionic step."""
    learned = step.electronic == 0
    text = _forces(step, learned=True, wrong=step.foretold) if learned or step.foretold else ""
    if step.foretold:
        text += _energies(step, mark=" ML", energy=0.0, free=0.0)
    for k in range(step.electronic):
        text += f"{'-' * 39} Iteration {number:6d}({k + 1:4d})  {'-' * 39}\n\n"
        text += f"  free energy    TOTEN  =   {12.5 + k:18.8f} eV\n\n"
        text += f"  energy without entropy =  {12.5:15.8f}  energy(sigma->0) =  {12.5:15.8f}\n"
    if step.electronic and step.reached is not None:
        said = "because EDIFF is reached" if step.reached else "EDIFF was not reached (unconverged)"
        text += f"{'-' * 24} aborting loop {said} {'-' * 40}\n\n"
    if not learned:
        text += _forces(step, learned=False)
    text += _energies(step, mark=" ML" if learned else "  ", energy=step.energy, free=step.free_energy)
    return text + (_thermostat(step) if dynamic else "")


def _forces(step: Step, *, learned: bool, wrong: bool = False) -> str:
    pressure = 0.0 if wrong else step.pressure
    text = "  ML FORCE on cell =-STRESS\n" if learned else "  FORCE on cell =-STRESS in cart. coord.\n"
    text += f"  external pressure = {_number(pressure, '%11.2f')} kB  "
    text += f"Pullay stress = {_number(step.pulay, '%11.2f')} kB\n\n"
    text += f"  kinetic pressure (ideal gas correction) = {_number(step.kinetic_pressure, '%9.2f')} kB\n"
    volume = abs(np.linalg.det(step.cell))
    text += f"  volume of cell : {volume:11.2f}\n      direct lattice vectors                 reciprocal lattice vectors\n"
    reciprocal = np.linalg.inv(step.cell).T
    for row, other in zip(step.cell, reciprocal, strict=True):
        text += _columns(row, "13.9f", "  ", "").rstrip() + _columns(other, "13.9f", "  ", "")
    return text + "\n  length of vectors\n\n"


def _energies(step: Step, *, mark: str, energy: float | str, free: float | str) -> str:
    first = " ML" if mark == " ML" else ""
    text = f" {first} FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  {'-' * 51}\n"
    text += f"  free  energy{mark} TOTEN  = {_number(free, '%18.8f')} eV\n\n"
    text += f" {first} energy  without entropy= {_number(free, '%16.8f')} {first} energy(sigma->0) = "
    return text + f"{_number(energy, '%16.8f')}\n\n"


def _thermostat(step: Step) -> str:
    return (
        "  ENERGY OF THE ELECTRON-ION-THERMOSTAT SYSTEM (eV)\n"
        f"  {'-' * 51}\n"
        f"% ion-electron   TOTEN  = {_number(step.free_energy, '%16.6f')}  see above\n"
        f"  kinetic energy EKIN   = {_number(step.kinetic, '%16.6f')}\n"
        f"  kin. lattice  EKIN_LAT= {0.0:16.6f}  (temperature{_number(step.temperature, '%8.2f')} K)\n"
        f"  nose potential ES     = {0.0:16.6f}\n  nose kinetic   EPS    = {0.0:16.6f}\n"
        f"  {'-' * 51}\n"
        f"  total energy   ETOTAL = {_number(step.total, '%16.6f')} eV\n\n"
    )


def outcar(
    steps: Sequence[Step] = (),
    *,
    settings: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
    version: str = "6.3.0",
    finished: bool = True,
    end: str = "",
) -> str:
    """Return an OUTCAR; ``counts`` are the atoms per POTCAR, in order."""
    counts = {"Pb": 1, "I": 3} if counts is None else counts
    known = {"NELM": "60", "NSW": "5", "NBLOCK": "1", "IBRION": "0", "POTIM": "1.0000", "SMASS": "0.00"}
    known |= settings or {}
    text = f" vasp.{version} 20Jan22 (build Mar 29 2022) complex\n\n INCAR:\n   POTIM = 77\n"
    text += "".join(f" POTCAR:    PAW_PBE {symbol}_d 06Sep2000\n" for symbol in counts)
    for symbol in counts:
        text += f"   VRHFIN ={symbol:<2}: s2p5\n   LEXCH  = PE\n   TITEL  = PAW_PBE {symbol}_d 06Sep2000\n"
    if "MDALGO" in known:
        text += f" MD-specific parameters\n                MDALGO = {known['MDALGO']:>3}\n"
        text += f"        LANGEVIN_GAMMA = {known.get('LANGEVIN_GAMMA', '0.0'):>9}\n"
    text += " Dimension of arrays:\n"
    text += f"   number of dos      NEDOS =    301   number of ions     NIONS = {sum(counts.values()):6d}\n"
    text += "   ions per type =            " + "".join(f"{n:4d}" for n in counts.values()) + "\n\n"
    text += " Startparameter for this run:\n"
    text += f"   NELM   = {known['NELM']:>6};   NELMIN=  2; NELMDL= -5     # of ELM steps\n"
    text += f"   NSW    = {known['NSW']:>6}    number of steps for IOM\n"
    text += f"   NBLOCK = {known['NBLOCK']:>6};   KBLOCK =      3    inner block; outer block\n"
    text += f"   IBRION = {known['IBRION']:>6}    ionic relax: 0-MD 1-quasi-New 2-CG\n"
    text += f"   POTIM  = {known['POTIM']:>6}    time-step for ionic-motion\n"
    text += f"   SMASS  = {known['SMASS']:>6}    Nose mass-parameter (am)\n\n"
    dynamic = known["IBRION"] == "0"
    text += "".join(outcar_step(step, k + 1, dynamic=dynamic) for k, step in enumerate(steps))
    text += end
    return text + (" General timing and accounting informations for this job:\n" if finished else "")


def write(path: Path, text: str | bytes) -> Path:
    """Write a file, its folder as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path
