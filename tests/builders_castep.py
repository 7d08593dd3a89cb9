"""CASTEP's .md, .geom and .castep written as CASTEP writes them, from numbers that the test knows.

The column layout is that of the manual (Fortran formats ``3x,es24.16e3`` and ``1x,a8,i9``): a row of a .md is
``label number x y z  <-- tag``, 107 bytes with its line end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


def fortran(value: float) -> str:
    """Write a number in ``3x,es24.16e3``: 17 digits, which give each float64 back."""
    mantissa, exponent = f"{value:.16E}".split("E")
    return f"   {mantissa}E{int(exponent):+04d}".rjust(27)


def numbers(values: Sequence[float] | NDArray[np.float64], tag: str) -> str:
    """Write a line without a label; the tag stands behind three fields whether they are filled or not."""
    return " " * 18 + "".join(fortran(float(v)) for v in values).ljust(81) + f"  <-- {tag}"


def rows(labels: Sequence[str], counts: Sequence[int], values: NDArray[np.float64], tag: str) -> list[str]:
    """Write one row per atom."""
    return [
        f" {label:8s}{count:9d}" + "".join(fortran(float(v)) for v in value) + f"  <-- {tag}"
        for label, count, value in zip(labels, counts, values, strict=True)
    ]


@dataclass(frozen=True)
class MdRun:
    """The numbers of a .md, in Hartree atomic units; optional ones are left out of the file where None.

    ``labels`` as CASTEP prints them ("Pb", "Si:2"); arrays have the frames first.
    """

    labels: tuple[str, ...]
    times: NDArray[np.float64]
    energies: NDArray[np.float64]
    cells: NDArray[np.float64]
    positions: NDArray[np.float64]
    forces: NDArray[np.float64]
    velocities: NDArray[np.float64] | None = None
    temperatures: NDArray[np.float64] | None = None
    pressures: NDArray[np.float64] | None = None
    cell_velocities: NDArray[np.float64] | None = None
    stresses: NDArray[np.float64] | None = None
    separator: str = ""
    line_end: str = "\n"
    order: str = "RVF"
    comments: tuple[str, ...] = field(default=("",))

    @property
    def n_frames(self) -> int:
        return len(self.times)

    def header(self) -> list[str]:
        return [" BEGIN header", *self.comments, " END header", self.separator]

    def frame(self, number: int) -> list[str]:
        """Return the lines of one frame with the blank one at its end."""
        counts = [self.labels[: i + 1].count(label) for i, label in enumerate(self.labels)]
        lines = [" " * 18 + fortran(float(self.times[number])), numbers(self.energies[number], "E")]
        for tag, values in (("T", self.temperatures), ("P", self.pressures)):
            lines += [] if values is None else [numbers([values[number]], tag)]
        for tag, matrices in (("h", self.cells), ("hv", self.cell_velocities), ("S", self.stresses)):
            lines += [] if matrices is None else [numbers(row, tag) for row in matrices[number]]
        per_atom = {"R": self.positions, "V": self.velocities, "F": self.forces}
        for tag in self.order:
            values = per_atom[tag]
            lines += [] if values is None else rows(self.labels, counts, values[number], tag)
        return [*lines, self.separator]

    def lines(self) -> list[str]:
        return [*self.header(), *(line for n in range(self.n_frames) for line in self.frame(n))]

    def text(self) -> bytes:
        """Return the file."""
        return "".join(line + self.line_end for line in self.lines()).encode()

    def from_frame(self, first: int) -> MdRun:
        """Return the run without its first frames, as a restart writes it."""
        arrays = {
            name: value[first:] for name, value in self.__dict__.items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)


def md_run(
    labels: Sequence[str] = ("Pb", "I", "I", "I", "N", "H"),
    n_frames: int = 5,
    *,
    seed: int = 0,
    variable_cell: bool = False,
    timestep: float = 41.341373432260909,
) -> MdRun:
    """Return random numbers of the size and spread that occur; 41.34 atomic units of time are 1 fs."""
    random = np.random.default_rng(seed)
    n = len(labels)
    cell = np.array([[18.2, 0.0, 0.0], [-9.1, 15.7, 0.0], [1e-15, -0.0, 24.8]])
    grow = random.uniform(0.99, 1.01, (n_frames, 1, 1)) if variable_cell else np.ones((n_frames, 1, 1))
    kinetic = random.uniform(0.1, 1.0, n_frames)
    potential = -random.uniform(1e3, 1.1e3, n_frames)
    shear = random.normal(0, 1e-4, (n_frames, 3, 3))
    return MdRun(
        labels=tuple(labels),
        times=np.arange(n_frames) * timestep,
        energies=np.stack([potential, potential + kinetic, kinetic], axis=1),
        cells=cell * grow,
        positions=random.uniform(-5, 25, (n_frames, n, 3)),
        velocities=random.normal(0, 3e-4, (n_frames, n, 3)),
        forces=random.normal(0, 1, (n_frames, n, 3)) * 10.0 ** random.integers(-17, -1, (n_frames, n, 3)),
        temperatures=2 * kinetic / (3 * n),
        pressures=random.normal(0, 1e-4, n_frames) if variable_cell else None,
        cell_velocities=random.normal(0, 1e-7, (n_frames, 3, 3)) if variable_cell else None,
        stresses=shear + shear.transpose(0, 2, 1) if variable_cell else None,
    )


def geom_text(labels: Sequence[str], cells: NDArray[np.float64], positions: NDArray[np.float64]) -> bytes:
    """Return a .geom: iteration numbers and flags in the place of the time, no velocities, two energies."""
    counts = [labels[: i + 1].count(label) for i, label in enumerate(labels)]
    lines = [" BEGIN header", "", " END header", ""]
    for number, (cell, place) in enumerate(zip(cells, positions, strict=True)):
        lines.append(f"{number:39d}" + " " * 37 + "F   F   F   T" + " " * 10 + "  <-- c")
        lines.append(numbers([-1.0 - number, -1.5 - number], "E"))
        lines += [numbers(row, "h") for row in cell]
        lines += rows(labels, counts, place, "R") + rows(labels, counts, 0.5 * place, "F") + [""]
    return "".join(line + "\n" for line in lines).encode()


def _box(*lines: str) -> list[str]:
    return [
        " " * 12 + "x" * 62,
        *(" " * 12 + "x" + line.ljust(60) + "x" for line in lines),
        " " * 12 + "x" * 62,
    ]


@dataclass(frozen=True)
class LogRun:
    """The facts of a .castep of molecular dynamics, in the units that are printed."""

    version: str = "24.1"
    labels: tuple[str, ...] = ("Cs", "Pb", "I", "I", "I")
    ensemble: str = "NPT"
    using: tuple[str, ...] = ("Andersen-Hoover barostat", "Langevin thermostat")
    timestep: str = "0.1500E-02   ps"
    n_steps_wanted: int = 3
    energies: tuple[float, ...] = (-1000.125, -1000.25, -1000.5, -1000.625)
    entropies: tuple[float, ...] = (0.25, 0.125, 0.25, 0.5)
    temperatures: tuple[float, ...] = (300.0, 310.5, 295.25, 301.125)
    pressures: tuple[float, ...] | None = (0.5, -0.25, 0.125, 1.0)
    lengths: tuple[float, ...] = (6.25, 6.375, 6.5, 6.25)
    unconverged: tuple[int, ...] = ()
    energy_unit: str = "eV"
    total_time: float | None = 12.5

    def _head(self) -> list[str]:
        return [
            " | Welcome to Academic Release CASTEP version " + self.version + " |",
            "",
            "# task : MolecularDynamics  # type of calculation (S)",
            " type of calculation                            : molecular dynamics",
            "",
            " ************************ Molecular Dynamics Parameters ************************",
            "  ",
            f" ensemble                                       : {self.ensemble}",
            " temperature                                    :  300.0       K",
            *(f" using                                          : {name}" for name in self.using),
            f" time step                                      : {self.timestep}",
            f" number of MD steps                             : {self.n_steps_wanted:10d}",
            " using best-fit first order extrapolation for wavefunctions",
            "  ",
            " *******************************************************************************",
        ]

    def _cell(self, length: float) -> list[str]:
        lattice = [
            "".join(f"{length * (i == j):14.7f}" for j in range(3)) + " " * 8 + "0.000000000   " * 3
            for i in range(3)
        ]
        volume = f"                Current cell volume = {length**3:22.6f}       A**3"
        return ["        Real Lattice(A)                      Reciprocal Lattice(1/A)", *lattice, "", volume]

    def _contents(self) -> list[str]:
        rows_ = [
            f"  {label:9s}{n:6d}         0.000000  -0.500000   0.250000   "
            for n, label in enumerate(self.labels, 1)
        ]
        return [
            f"                         Total number of ions in cell = {len(self.labels):4d}",
            *_box("  Element    Atom        Fractional coordinates of atoms  ", "-" * 60, *rows_),
        ]

    def _step(self, n: int) -> list[str]:
        energy, entropy, unit = self.energies[n], self.entropies[n], self.energy_unit
        pressure = (
            []
            if self.pressures is None
            else [f"      T/=0 Pressure: {self.pressures[n]:13.6f}                  GPa"]
        )
        warning = "*Warning* max. SCF cycles performed but system has not reached the groundstate."
        time = n * 1000 * float(self.timestep.split()[0]) / 1000
        return [
            *self._cell(self.lengths[n]),
            *([warning] if n in self.unconverged else []),
            f"Final energy, E             = {energy:18.10f}     {unit}",
            f"Final free energy (E-TS)    = {energy - entropy:18.10f}     {unit}",
            "(energies not corrected for finite basis set)",
            "",
            f"NB est. 0K energy (E-0.5TS)      = {energy - entropy / 2:18.10f}     {unit}",
            *_box(
                "                                               MD Data:     ",
                f"              time : {time:13.6f}                   ps     ",
                f"   Potential Energy: {energy - entropy:13.6f}                   {unit}     ",
                f"   Hamilt    Energy: {energy + 1:13.6f}                   {unit}     ",
                f"        Temperature: {self.temperatures[n]:13.6f}                    K     ",
                *pressure,
            ),
        ]

    def text(self) -> bytes:
        """Return the log."""
        lines = [*self._head(), *self._contents()]
        for n in range(len(self.energies)):
            lines += self._step(n)
        if self.total_time is not None:
            lines += ["", f"Total time          = {self.total_time:9.2f} s"]
        return "".join(line + "\n" for line in lines).encode()
