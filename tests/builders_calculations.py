"""Logs of calculations of a harmonic model, laid out as VASP, CASTEP, Gaussian, ORCA and xtb print them.

The model is a set of springs between atoms: its second derivatives are algebra, its wavenumbers numpy's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from builders_castep_frames import Geometry, Log
from builders_vasprun import VaspRun, varray
from numpy.typing import NDArray
from scipy import constants

Array = NDArray[np.float64]

TO_WAVENUMBER = np.sqrt(constants.e / constants.atomic_mass) * 1e10 / (2 * np.pi * constants.c * 100)
BOHR = constants.physical_constants["Bohr radius"][0] * 1e10
HARTREE = constants.physical_constants["Hartree energy in eV"][0]
NUMBERS = {"H": 1, "C": 6, "O": 8, "Cl": 17, "Cs": 55}


@dataclass(frozen=True)
class Springs:
    """Atoms joined by springs at rest: (first, second, eV/Å2). Internal stretches only, so six modes vanish."""

    species: tuple[str, ...] = ("O", "H", "H")
    positions: Array = field(
        default_factory=lambda: np.array([[0.0, 0.0, 0.117], [0.0, 0.757, -0.468], [0.0, -0.757, -0.468]])
    )
    masses: Array = field(default_factory=lambda: np.array([15.9949, 1.00783, 1.00783]))
    springs: Sequence[tuple[int, int, float]] = ((0, 1, 50.0), (0, 2, 50.0), (1, 2, 8.0))

    @property
    def n_atoms(self) -> int:
        return len(self.species)

    @property
    def hessian(self) -> Array:
        """Second derivatives, eV/Å2: k r rᵀ of each spring's direction r, in four blocks."""
        out = np.zeros((self.n_atoms, 3, self.n_atoms, 3))
        for a, b, k in self.springs:
            axis = self.positions[b] - self.positions[a]
            block = k * np.outer(axis, axis) / (axis @ axis)
            out[a, :, a] += block
            out[b, :, b] += block
            out[a, :, b] -= block
            out[b, :, a] -= block
        return out.reshape(3 * self.n_atoms, 3 * self.n_atoms)

    @property
    def modes(self) -> tuple[Array, Array]:
        """All 3 N wavenumbers, 1/cm, the highest first, imaginary ones negative; vectors (3 N, N, 3)."""
        root = np.sqrt(np.repeat(self.masses, 3))
        values, vectors = np.linalg.eigh(self.hessian / np.outer(root, root))
        order = np.argsort(-values)
        wavenumbers = np.sign(values) * np.sqrt(np.abs(values)) * TO_WAVENUMBER
        return wavenumbers[order], vectors.T[order].reshape(-1, self.n_atoms, 3)

    @property
    def vibrations(self) -> tuple[Array, Array]:
        """The 3 N - 6 vibrations, the lowest first, and their vectors."""
        wavenumbers, vectors = self.modes
        kept = np.argsort(-np.abs(wavenumbers))[: 3 * self.n_atoms - 6]
        kept = kept[np.argsort(wavenumbers[kept])]
        return wavenumbers[kept], vectors[kept]


WATER = Springs()
SADDLE = Springs(springs=((0, 1, 50.0), (0, 2, 50.0), (1, 2, -4.0)))
"""An imaginary mode: the spring between the hydrogen atoms pushes."""


# VASP ---------------------------------------------------------------------------------------------------------


@dataclass
class OutcarCalculation:
    """An OUTCAR of a single point (IBRION = -1), a relaxation, or vibrations of a molecule in a box."""

    model: Springs = WATER
    ibrion: int = 5
    box: float = 12.0
    shift: tuple[float, float, float] = (0.1, 6.0, 6.0)  # the molecule lies across a boundary
    energies: Sequence[float] = (-14.5, -14.4, -14.3)
    electronic_steps: Sequence[int] = (9, 9, 9)
    nelm: int = 60
    nsw: int = 1
    nelect: float = 8.0
    magnetization: float | None = None
    twice: bool = False  # the modes once more, divided by the root of the masses
    held: Sequence[int] = ()
    reached: bool = False
    said: str = ""  # of the electrons of VASP 6
    version: str = "5.4.4.18Apr17-6-g9f103f2a35"
    settings: str = ""
    tail: str = " General timing and accounting informations for this job:\n"

    @property
    def order(self) -> list[int]:
        """Atoms as the POSCAR has them, kind by kind."""
        kinds = list(dict.fromkeys(self.model.species))
        return sorted(range(self.model.n_atoms), key=lambda k: kinds.index(self.model.species[k]))

    @property
    def positions(self) -> Array:
        return (self.model.positions + np.array(self.shift)) % self.box

    def text(self) -> bytes:
        out = self.head()
        out += "".join(self.step(k) for k in range(len(self.energies)))
        if self.reached:
            out += " reached required accuracy - stopping structural energy minimisation\n"
        if self.ibrion in (5, 6, 7, 8):
            out += self.second_derivatives() + self.modes(
                "Eigenvectors and eigenvalues of the dynamical matrix"
            )
            if self.twice:
                out += self.modes("Eigenvectors after division by SQRT(mass)", divided=True)
        return (out + self.tail).encode()

    def head(self) -> str:
        counts = Counter(self.model.species)
        masses = dict(zip(self.model.species, self.model.masses, strict=True))
        out = f" vasp.{self.version} (build) complex\n\n INCAR:\n POTCAR:    PAW_PBE O 08Apr2002\n"
        valence = {"O": 6.0, "H": 1.0, "Cl": 7.0, "Cs": 9.0, "C": 4.0}
        for symbol in counts:
            out += f" POTCAR:    PAW_PBE {symbol} 08Apr2002\n   VRHFIN ={symbol}: s2p4\n   LEXCH  = PE\n"
            out += f"   TITEL  = PAW_PBE {symbol} 08Apr2002\n"
            out += f"   POMASS = {masses[symbol]:9.5f}; ZVAL   = {valence[symbol]:8.3f}    mass and valenz\n"
        out += f" Dimension of arrays:\n   number of dos      NEDOS =    301   number of ions     NIONS ={self.model.n_atoms:7d}\n"
        out += "   k-points           NKPTS =      1   k-points in BZ     NKDIM =      1\n"
        out += "   ions per type =      " + "".join(f"{n:4d}" for n in counts.values()) + "\n\n"
        out += " Startparameter for this run:\n   PREC   = accura    normal or accurate\n"
        out += f"   ISPIN  = {1 if self.magnetization is None else 2:6d}    spin polarized calculation?\n"
        out += "   LSORBIT =      F    spin-orbit coupling\n   METAGGA=      F    non-selfconsistent MetaGGA calc.\n"
        out += "   ENCUT  =  520.0 eV  38.22 Ry\n"
        out += f"   NELM   = {self.nelm:6d};   NELMIN=  2; NELMDL= -5     # of ELM steps\n"
        out += f"   NSW    = {self.nsw:6d}    number of steps for IOM\n   IBRION = {self.ibrion:6d}    ionic relax\n"
        out += "   NFREE  =      2    steps in history\n   POTIM  = 0.0150    time-step for ionic-motion\n"
        out += f"   NELECT = {self.nelect:12.4f}    total number of electrons\n   NUPDOWN=      -1.0000    fix difference\n"
        out += "   ISMEAR =     0;   SIGMA  =   0.05  broadening in eV\n   GGA     =    --    GGA type\n"
        out += "   LEXCH   =     8    internal setting for exchange type\n   LHFCALC =     F    Hartree Fock is set to\n"
        out += self.settings + self.cell()
        out += " position of ions in cartesian coordinates  (Angst):\n"
        for k in self.order:
            out += "".join(f"{x:13.8f}" for x in self.positions[k]) + "\n"
        return out + "\n"

    def cell(self) -> str:
        cell, back = self.box * np.eye(3), np.eye(3) / self.box
        out = f"  volume of cell : {self.box**3:11.2f}\n      direct lattice vectors                 reciprocal lattice vectors\n"
        for row, other in zip(cell, back, strict=True):
            out += (
                "   "
                + "".join(f"{x:13.9f}" for x in row)
                + "    "
                + "".join(f"{x:13.9f}" for x in other)
                + "\n"
            )
        return out + "\n"

    def step(self, k: int) -> str:
        out = ""
        for electronic in range(1, self.electronic_steps[k] + 1):
            out += f"{'-' * 39} Iteration {k + 1:6d}({electronic:4d})  {'-' * 39}\n"
        magnetization = "" if self.magnetization is None else f"{self.magnetization:15.7f}"
        out += f" number of electron {self.nelect:15.7f} magnetization {magnetization}\n"
        said = self.said or "aborting loop because EDIFF is reached"
        out += f"{'-' * 24} {said} {'-' * 40}\n" + self.cell()
        out += f" POSITION {' ' * 38}TOTAL-FORCE (eV/Angst)\n {'-' * 83}\n"
        for atom in self.order:
            place = self.positions[atom] + 0.015 * k  # displaced structures come after the first
            out += (
                "".join(f"{x:13.5f}" for x in place)
                + "   "
                + "".join(f"{0.0:14.6f}" for _ in range(3))
                + "\n"
            )
        out += f" {'-' * 83}\n\n  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  {'-' * 51}\n"
        out += f"  free  energy   TOTEN  = {self.energies[k] - 0.01:18.8f} eV\n\n"
        out += f"  energy  without entropy= {self.energies[k]:16.8f}  energy(sigma->0) = {self.energies[k]:16.8f}\n\n"
        return out

    @property
    def coordinates(self) -> list[int]:
        """Coordinates that move, in the order of the file."""
        return [3 * k + axis for k in self.order for axis in range(3) if k not in self.held]

    def second_derivatives(self) -> str:
        kept = self.coordinates
        places = [self.order.index(c // 3) for c in kept]
        labels = [f"{place + 1}{'XYZ'[c % 3]}" for place, c in zip(places, kept, strict=True)]
        out = (
            f" SECOND DERIVATIVES (NOT SYMMETRIZED)\n {'-' * 36}\n"
            + " " * 6
            + "".join(f"{x:>12}" for x in labels)
            + "\n"
        )
        for label, row in zip(labels, -self.model.hessian[np.ix_(kept, kept)], strict=True):
            out += f"  {label:<4}" + "".join(f"{x:12.6f}" for x in row) + "\n"
        return out + "\n \n"

    def modes(self, title: str, *, divided: bool = False) -> str:
        kept = self.coordinates
        root = np.sqrt(np.repeat(self.model.masses, 3))
        values, vectors = np.linalg.eigh((self.model.hessian / np.outer(root, root))[np.ix_(kept, kept)])
        out = f" {title}\n {'-' * 52}\n \n \n"
        for number, k in enumerate(np.argsort(-values), 1):
            wave = np.sqrt(abs(values[k])) * TO_WAVENUMBER
            sign = "f/i=" if values[k] < 0 else "f  ="
            terahertz = wave * constants.c * 1e-10
            out += f"{number:4d} {sign}{terahertz:12.6f} THz {2 * np.pi * terahertz:12.6f} 2PiTHz{wave:12.6f} cm-1 {wave / 8.0655:12.6f} meV\n"
            out += "             X         Y         Z           dx          dy          dz\n"
            whole = np.zeros(3 * self.model.n_atoms)
            whole[kept] = vectors[:, k] / (root[kept] if divided else 1.0)
            for atom in self.order:
                out += "".join(f"{x:10.6f}" for x in self.positions[atom]) + "  "
                out += "".join(f"{x:12.6f}" for x in whole[3 * atom : 3 * atom + 3]) + "  \n"
            out += " \n"
        return out


def vasprun(
    model: Springs = WATER,
    *,
    version: str = "6.3.0",
    energies: Sequence[float] = (-14.5, -14.4),
    box: float = 12.0,
) -> bytes:
    """A vasprun.xml of vibrations; <dynmat> in THz2 from VASP 6 on, in eV/(Å2 u) before."""
    cell = box * np.eye(3)
    fractional = np.stack([(model.positions + 0.01 * k) / box for k in range(len(energies))])
    # the masses of the file are those of builders_vasprun
    run = VaspRun(
        model.species,
        fractional,
        cell,
        forces=np.zeros((len(energies), model.n_atoms, 3)),
        free_energies=list(energies),
        version=version,
        incar={"IBRION": 5, "NSW": 1, "NFREE": 2, "POTIM": 0.015, "PREC": "Accurate", "ENCUT": 520.0},
    )
    text = run.text().decode()
    from builders_vasprun import MASSES

    root = np.sqrt(np.repeat([MASSES.get(symbol, 1.0) for symbol in model.species], 3))
    factor = (TO_WAVENUMBER * constants.c * 1e-10) ** 2 if version.startswith("6") else 1.0
    matrix = -factor * model.hessian / np.outer(root, root)
    values, vectors = np.linalg.eigh(matrix)
    unit = '   <i name="unit" type="string">THz^2 </i>\n' if version.startswith("6") else ""
    block = f"  <dynmat>\n{unit}" + varray("hessian", matrix, 3)
    block += '   <v name="eigenvalues"> ' + " ".join(f"{x:.8E}" for x in values) + " </v>\n"
    block += varray("eigenvectors", vectors.T, 3) + "  </dynmat>\n"
    before, mark, after = text.rpartition(" </calculation>")
    return (before + block + mark + after).encode()


# CASTEP -------------------------------------------------------------------------------------------------------


HEAD = """ using functional                               : Perdew Burke Ernzerhof
 DFT+D: Semi-empirical dispersion correction    : on
 SEDC with                                      : D3-BJ correction scheme
 spin-orbit coupling                            : off
 basis set accuracy                             : FINE
 plane wave basis set cut-off                   :   600.0000   eV
 number of  electrons                           :  8.000
 net charge of system                           :  0.000
 treating system as non-spin-polarized
 phonon calculation method                      : linear response
                       MP grid size for SCF calculation is  1  1  1
                               Mass of species in AMU
                                    O   15.9949000
                                    H    1.0078300

                          Files used for pseudopotentials:
                                    O O_C19_PBE_OTF.usp
                                    H H_C19_PBE_OTF.usp

"""


def castep(
    model: Springs = WATER,
    *,
    energy: float = -470.25,
    more: Sequence[str] = (),
    entropy: float = 0.0,
    task: str = "phonon calculation",
    box: float = 12.0,
    ended: bool = True,
    tail: Sequence[str] = (),
    after: Sequence[str] = (),
) -> bytes:
    """A .castep of one geometry."""
    step = Geometry(
        fractional=model.positions / box,
        forces=np.zeros((model.n_atoms, 3)),
        energy=energy,
        entropy=entropy,
        more_energies=tuple(more),
        after=tuple(after),
    )
    log = Log(model.species, box * np.eye(3), (step,), task, ended=ended, tail=tuple(tail))
    first, second, rest = log.text().decode().split("\n", 2)
    return "\n".join((first, second, HEAD + rest)).encode()


def frequency_table(
    model: Springs = WATER, *, q: Sequence[float] = (0.0, 0.0, 0.0), weight: float = 1.0
) -> list[str]:
    """The frequencies that a .castep prints itself."""
    out = [
        " + " + "-" * 74 + " +",
        f" +  q-pt=    1 ({q[0]:10.6f}{q[1]:10.6f}{q[2]:10.6f}) {weight:16.10f}              +",
    ]
    out += [
        " + " + "-" * 74 + " +",
        " +     N      Frequency irrep.    ir intensity active                      + ",
    ]
    for number, value in enumerate(sorted(model.modes[0]), 1):
        out.append(f" +  {number:4d} {value:14.6f}   a          0.0000000  N                        + ")
    return [*out, " " + "." * 76]


def phonon(
    model: Springs = WATER,
    *,
    points: Sequence[tuple[Sequence[float], float]] = (((0.0, 0.0, 0.0), 1.0),),
    factors: Sequence[float] | None = None,
    box: float = 12.0,
    direction: bool = False,
    vectors: bool = True,
) -> bytes:
    """A .phonon; the frequencies of each point are those of the model times its factor."""
    wavenumbers, modes = model.modes
    order = np.argsort(wavenumbers)
    n = model.n_atoms
    out = f" BEGIN header\n Number of ions         {n}\n Number of branches     {3 * n}\n"
    out += f" Number of wavevectors  {len(points)}\n Frequencies in         cm-1\n IR intensities in      (D/A)**2/amu\n"
    out += " Raman activities in    A**4 amu**(-1)\n Unit cell vectors (A)\n"
    out += (
        "".join("".join(f"{x:12.6f}" for x in row) + "\n" for row in box * np.eye(3))
        + " Fractional Co-ordinates\n"
    )
    for k, (symbol, place, mass) in enumerate(
        zip(model.species, model.positions / box, model.masses, strict=True), 1
    ):
        out += f"{k:6d}  " + "".join(f"{x:12.6f}" for x in place) + f"   {symbol:<4}{mass:16.6f}\n"
    out += " END header\n"

    def block(number: int, q: Sequence[float], weight: float, factor: float, more: str = "") -> str:
        text = f"     q-pt={number:5d} " + "".join(f"{x:10.6f}" for x in q) + f"      {weight:.10f}{more}\n"
        text += "".join(f"{k:8d}{factor * wavenumbers[m]:16.6f}\n" for k, m in enumerate(order, 1))
        if not vectors:
            return text
        text += "                        Phonon Eigenvectors\nMode Ion                X                Y                Z\n"
        for k, m in enumerate(order, 1):
            for atom in range(n):
                parts = "".join(f"{x:16.12f}{0.0:16.12f}     " for x in modes[m, atom])
                text += f"{k:4d}{atom + 1:4d} {parts}\n"
        return text

    if direction:  # LO-TO splitting: the same point once more, approached along z
        out += block(1, points[0][0], points[0][1], 1.5, "    0.000000  0.000000  1.000000")
    for number, (q, weight) in enumerate(points, 1):
        out += block(number, q, weight, 1.0 if factors is None else factors[number - 1])
    return out.encode()


# molecular codes ----------------------------------------------------------------------------------------------


def turned(model: Springs, angle: float = 0.7) -> tuple[Array, Array]:
    """The model in another frame: positions, and the rotation that brought them there (rows times it)."""
    c, s = np.cos(angle), np.sin(angle)
    rotation = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    return (model.positions @ rotation) + np.array([1.5, -2.0, 0.25]), rotation


def wrapped(text: str) -> str:
    """The archive of Gaussian: lines of 70 characters behind a blank, cut anywhere."""
    return "".join(f" {text[k : k + 70]}\n" for k in range(0, len(text), 70))


@dataclass
class GaussianJob:
    """One job step of a log of Gaussian."""

    model: Springs = WATER
    route: str = "#p B3LYP/6-31G(d) Freq"
    method: str = "RB3LYP"
    basis: str = "6-31G(d) (6D, 7F)"
    energy: float = -76.4089533
    charge: int = 0
    multiplicity: int = 1
    dispersion: str = ""
    solvent: str = ""
    converged: bool = True
    stationary: bool = True
    normal: bool = True
    frequencies: bool = True
    archive: bool = True
    fine: bool = False  # the modes with five decimals first
    more: str = ""

    def text(self) -> str:
        m = self.model
        out = (
            " "
            + "-" * 70
            + "\n"
            + "".join(f" {self.route[k : k + 70]}\n" for k in range(0, len(self.route), 70))
        )
        out += (
            " "
            + "-" * 70
            + "\n 1/18=20,19=15,26=3,38=1/1,3;\n 3/5=1,6=6,7=1,11=2,25=1,30=1,71=1,74=-5,75=-5/1,2,3;\n"
        )
        out += f" Charge = {self.charge:2d} Multiplicity = {self.multiplicity}\n"
        positions, rotation = turned(m)
        for title, places in (("Input", positions), ("Standard", m.positions)):
            out += f"{title:>30} orientation:\n {'-' * 69}\n Center     Atomic      Atomic             Coordinates (Angstroms)\n"
            out += f" Number     Number       Type             X           Y           Z\n {'-' * 69}\n"
            for k, (symbol, place) in enumerate(zip(m.species, places, strict=True), 1):
                out += f"{k:7d}{NUMBERS[symbol]:11d}{0:12d}    " + "".join(f"{x:12.6f}" for x in place) + "\n"
            out += f" {'-' * 69}\n"
        out += f" Standard basis: {self.basis}\n"
        out += (
            f" R6Disp:  {self.dispersion} Dispersion energy=       -0.0000607879 Hartrees.\n"
            if self.dispersion
            else ""
        )
        if self.solvent:
            out += " Polarizable Continuum Model (PCM)\n Atomic radii         : SMD-Coulomb.\n"
            out += f" Solvent              : {self.solvent}, Eps=  46.826000 Eps(inf)=   2.007889\n"
        out += "" if self.converged else " >>>>>>>>>> Convergence criterion not met.\n"
        out += f" SCF Done:  E({self.method}) = {self.energy:15.10f}     A.U. after   11 cycles\n{self.more}"
        if "opt" in self.route.lower() and self.stationary:
            out += "    -- Stationary point found.\n"
        if self.frequencies:
            out += self.tables()
        if self.archive:
            out += wrapped(self.archived(positions, rotation)) + "\n"
        if self.normal:
            out += " Normal termination of Gaussian 16 at Thu Mar 17 13:22:29 2016.\n"
        return out

    def tables(self) -> str:
        m = self.model
        wavenumbers, vectors = m.vibrations
        cartesian = vectors / np.sqrt(m.masses)[None, :, None]
        cartesian /= np.sqrt((cartesian**2).sum((1, 2), keepdims=True))
        out = " Harmonic frequencies (cm**-1), IR intensities (KM/Mole)\n"
        if self.fine:
            for first in range(0, len(wavenumbers), 5):
                part = range(first, min(first + 5, len(wavenumbers)))
                out += "                       " + "".join(f"{k + 1:10d}" for k in part) + "\n"
                out += "                       " + "".join("         A" for _ in part) + "\n"
                out += "       Frequencies --- " + "".join(f"{wavenumbers[k]:10.4f}" for k in part) + "\n"
                out += " Coord Atom Element:\n"
                for row in range(3 * m.n_atoms):
                    atom, axis = divmod(row, 3)
                    out += f"{axis + 1:4d}{atom + 1:6d}{NUMBERS[m.species[atom]]:6d}       "
                    out += "".join(f"{cartesian[k, atom, axis]:10.5f}" for k in part) + "\n"
            out += " Harmonic frequencies (cm**-1), IR intensities (KM/Mole)\n"
        for first in range(0, len(wavenumbers), 3):
            part = range(first, min(first + 3, len(wavenumbers)))
            out += "".join(f"{k + 1:23d}" for k in part) + "\n" + "".join(f"{'A':>23}" for _ in part) + "\n"
            out += " Frequencies --" + "".join(f"{wavenumbers[k]:12.4f}{' ' * 11}" for k in part) + "\n"
            out += " Red. masses --" + "".join(f"{1.0:12.4f}{' ' * 11}" for _ in part) + "\n"
            out += "  Atom  AN " + "     X      Y      Z   " * len(part) + "\n"
            for atom in range(m.n_atoms):
                out += f"{atom + 1:6d}{NUMBERS[m.species[atom]]:4d}  "
                out += "  ".join("".join(f"{x:7.2f}" for x in cartesian[k, atom]) for k in part) + "\n"
        out += " - Thermochemistry -\n Temperature   298.150 Kelvin.  Pressure   1.00000 Atm.\n"
        for k, (symbol, mass) in enumerate(zip(m.species, m.masses, strict=True), 1):
            out += f" Atom {k:5d} has atomic number {NUMBERS[symbol]:2d} and mass {mass:9.5f}\n"
        return out + " Rotational symmetry number  2.\n"

    def archived(self, positions: Array, rotation: Array) -> str:
        m = self.model
        kind = "Freq" if self.frequencies else "SP"
        atoms = "".join(
            f"\\{symbol}," + ",".join(f"{x:.10f}" for x in place)
            for symbol, place in zip(m.species, positions, strict=True)
        )
        turn = np.kron(np.eye(m.n_atoms), rotation)
        hessian = (turn.T @ m.hessian @ turn) * BOHR**2 / HARTREE
        triangle = ",".join(f"{x:.8f}" for x in hessian[np.tril_indices(len(hessian))])
        return (
            f"1\\1\\GINC-NODE\\{kind}\\{self.method}\\6-31G(d)\\X\\someone@somewhere\\01-Jan-2020\\0\\\\{self.route}\\\\title\\\\"
            f"{self.charge},{self.multiplicity}{atoms}\\\\Version=ES64L-G16RevC.01\\HF={self.energy:.7f}\\NImag=0\\\\"
            f"{triangle}\\\\0.,0.,0.\\\\\\@"
        )


def gaussian(*jobs: GaussianJob) -> bytes:
    """A log of one or more jobs."""
    head = " Entering Gaussian System, Link 0=g16\n Gaussian 16:  ES64L-G16RevC.01  3-Jul-2019\n"
    return (
        head + " Link1:  Proceeding to internal job step number  2.\n".join(job.text() for job in jobs)
    ).encode()


@dataclass
class OrcaJob:
    """An output of ORCA."""

    model: Springs = WATER
    words: str = "PBE0 def2-TZVP D4 TightSCF Freq"
    basis: str = "def2-TZVP"
    more_input: Sequence[str] = ()
    energy: float = -76.3541
    charge: int = 0
    multiplicity: int = 1
    remark: str = ""  # behind the energy
    failed: str = ""
    frequencies: bool = True
    scaling: float = 1.0
    normal: bool = True
    optimization: bool | None = None  # whether it converged
    version: str = "6.0.1"

    def text(self) -> bytes:
        m = self.model
        out = f"                                 * O   R   C   A *\n                  Program Version {self.version}  -  RELEASE   -\n"
        out += f"Your calculation utilizes the basis: {self.basis}\n"
        out += f"{'=' * 80}\n{'INPUT FILE':>50}\n{'=' * 80}\nNAME = x.inp\n|  1> ! {self.words}\n"
        out += "".join(f"|{k:3d}> {line}\n" for k, line in enumerate(self.more_input, 2))
        out += "| 99>                          ****END OF INPUT****\n"
        out += (
            "            *                GEOMETRY OPTIMIZATION CYCLE   1            *\n"
            if self.optimization is not None
            else ""
        )
        out += "---------------------------------\nCARTESIAN COORDINATES (ANGSTROEM)\n---------------------------------\n"
        for symbol, place in zip(m.species, m.positions, strict=True):
            out += f"  {symbol:<2}" + "".join(f"{x:13.6f}" for x in place) + "\n"
        out += "\n----------------------------\nCARTESIAN COORDINATES (A.U.)\n----------------------------\n"
        out += "  NO LB      ZA    FRAG     MASS         X           Y           Z\n"
        for k, (symbol, place, mass) in enumerate(zip(m.species, m.positions, m.masses, strict=True)):
            out += (
                f"{k:4d} {symbol:<3}{NUMBERS[symbol]:8.4f}{0:5d}{mass:10.3f}"
                + "".join(f"{x / BOHR:12.6f}" for x in place)
                + "\n"
            )
        out += f"\n Total Charge           Charge          .... {self.charge:4d}\n"
        out += f" Multiplicity           Mult            .... {self.multiplicity:4d}\n{self.failed}\n"
        out += f"\n-------------------------   --------------------\nFINAL SINGLE POINT ENERGY {self.energy:21.12f}{self.remark}\n\n"
        out += (
            "                    ***        THE OPTIMIZATION HAS CONVERGED     ***\n"
            if self.optimization
            else ""
        )
        if self.frequencies:
            out += self.tables()
        if self.normal:
            out += "                             ****ORCA TERMINATED NORMALLY****\n"
        return out.encode()

    def tables(self) -> str:
        m = self.model
        wavenumbers, vectors = m.vibrations
        n = 3 * m.n_atoms
        none = n - len(wavenumbers)
        out = "\n-----------------------\nVIBRATIONAL FREQUENCIES\n-----------------------\n\n"
        out += f"Scaling factor for frequencies = {self.scaling:11.9f}  (already applied!)\n\n"
        for k, value in enumerate([0.0] * none + list(wavenumbers * self.scaling)):
            mark = " ***imaginary mode***" if value < 0 else ""
            out += f"{k:6d}: {value:10.2f} cm**-1{mark}\n"
        cartesian = np.zeros((n, n))
        one = (vectors / np.sqrt(m.masses)[None, :, None]).reshape(len(vectors), -1)
        cartesian[none:] = one / np.linalg.norm(one, axis=1, keepdims=True)
        out += (
            "\n\n------------\nNORMAL MODES\n------------\n\nThese modes are the Cartesian displacements\n\n"
        )
        for first in range(0, n, 6):
            part = range(first, min(first + 6, n))
            out += " " * 12 + "".join(f"{k:11d}" for k in part) + "\n"
            for row in range(n):
                out += f"{row:7d}  " + "".join(f"{cartesian[k, row]:11.6f}" for k in part) + "\n"
        out += "\n\n-----------\nIR SPECTRUM\n-----------\n\n"
        return out + "Point Group:  C2v, Symmetry Number:   2  \n"


def xtb(model: Springs = WATER, *, energy: float = -5.0835054, failed: str = "", ended: bool = True) -> bytes:
    """An output of xtb --ohess."""
    out = "     |                           x T B                           |\n   * xtb version 6.5.1 (unknown) compiled\n"
    out += "          program call               : xtb w.xyz --ohess --alpb dmso\n          coordinate file            : w.xyz\n"
    out += "      * Solvation model:               ALPB\n        Solvent                        dmso\n"
    out += "          :  # electrons                         8          :\n"
    out += "          :  Hamiltonian                  GFN2-xTB          :\n          :  accuracy                    1.0000000          :\n"
    out += f"{failed}\n         :: total charge              -0.000000000000 e     ::\n final structure:\n================\n"
    out += f"{model.n_atoms}\n xtb: 6.5.1 (unknown)\n"
    for symbol, place in zip(model.species, model.positions, strict=True):
        out += f"{symbol:<4}" + "".join(f"{x:24.14f}" for x in place) + "\n"
    values = [0.0] * 6 + list(model.vibrations[0])
    out += "\n projected vibrational frequencies (cm\u207b\u00b9)\n"
    for first in range(0, len(values), 6):
        out += "eigval :  " + "".join(f"{x:9.2f}" for x in values[first : first + 6]) + "\n"
    out += f"\n          | TOTAL ENERGY              {energy:16.12f} Eh   |\n"
    return (out + (" * finished run on 2026/11/21 at 21:24:50.284\n" if ended else "")).encode()
