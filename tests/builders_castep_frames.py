"""A .castep with frames, written as CASTEP writes it, from numbers that the test knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

STARS = " *" + "*" * 78 + "*"


@dataclass(frozen=True)
class Geometry:
    """What is printed of one evaluated geometry; ``title`` comes before its tables, ``after`` behind all."""

    fractional: NDArray[np.float64]
    forces: NDArray[np.float64]
    energy: float
    cell: NDArray[np.float64] | None = None
    stress: NDArray[np.float64] | None = None
    entropy: float = 0.0
    title: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    more_energies: tuple[str, ...] = ()
    forces_title: str = "Forces"
    suffixes: dict[tuple[int, int], str] = field(default_factory=dict)
    time: float | None = None


def cell_lines(cell: NDArray[np.float64], unit: str = "A") -> list[str]:
    head = f"        Real Lattice({unit})                      Reciprocal Lattice(1/{unit})"
    rows = ["".join(f"{x:12.7f}" for x in row) + "        0.6283185  -0.0000000  -0.0000000" for row in cell]
    return ["                                      Unit Cell", head, *rows, ""]


def position_lines(labels: Sequence[str], fractional: NDArray[np.float64]) -> list[str]:
    bar = " " * 12 + "x" * 62
    rows = [
        f"            x  {label:9s}{n:5d}      " + "".join(f"{x:11.6f}" for x in row) + "     x"
        for label, n, row in zip(labels, serials(labels), fractional, strict=True)
    ]
    return [
        "                                   Cell Contents",
        bar,
        "            x  Element    Atom        Fractional coordinates of atoms    x",
        "            x            Number           u          v          w        x",
        "            x------------------------------------------------------------x",
        *rows,
        bar,
        "",
    ]


def serials(labels: Sequence[str]) -> list[int]:
    return [list(labels[: k + 1]).count(label) for k, label in enumerate(labels)]


def table_lines(title: str, unit: str, rows: list[str]) -> list[str]:
    head = f" {'*' * 20} {title} {'*' * 20}"
    blank = " *" + " " * 78 + "*"
    return [
        head,
        blank,
        f" *            Cartesian components ({unit})            *",
        blank,
        *rows,
        blank,
        STARS,
        "",
    ]


def force_lines(
    labels: Sequence[str],
    forces: NDArray[np.float64],
    title: str = "Forces",
    suffixes: dict[tuple[int, int], str] | None = None,
) -> list[str]:
    rows = [" *                 x                    y                    z                 *", " *    *"]
    for k, (label, n, row) in enumerate(zip(labels, serials(labels), forces, strict=True)):
        words = [f"{x:13.5f}{(suffixes or {}).get((k, c), '')}" for c, x in enumerate(row)]
        rows.append(f" * {label:9s}{n:5d} " + "        ".join(words) + "   *")
    return table_lines(title, "eV/A", rows)


def stress_lines(stress: NDArray[np.float64]) -> list[str]:
    rows = [" *             x             y             z     *", " *   *"]
    rows += [
        f" *  {axis} " + "".join(f"{x:14.6f}" for x in row) + "  *"
        for axis, row in zip("xyz", stress, strict=True)
    ]
    return table_lines(
        "Stress Tensor", "GPa", [*rows, " *   *", f" *  Pressure: {-np.trace(stress) / 3:9.4f}  *"]
    )


def md_lines(step: Geometry) -> list[str]:
    bar = " " * 12 + "x" * 62
    free = step.energy - step.entropy
    assert step.time is not None
    values = [
        ("time", step.time / 1000, "ps"),
        ("Potential Energy", free, "eV"),
        ("Kinetic   Energy", 0.5, "eV"),
    ]
    values += [("Total     Energy", free + 0.5, "eV"), ("Enthalpy", free + 0.75, "eV")]
    values += [("Hamilt    Energy", free + 1.0, "eV"), ("Temperature", 300.0 + step.time, "K")]
    values += [("T/=0 Pressure", 0.25 * step.time, "GPa")]
    lines = [
        f"            x {name:>18s}: {value:13.6f}                   {unit:>3s}     x"
        for name, value, unit in values
    ]
    return [
        bar,
        "            x                                               MD Data:     x",
        *lines,
        bar,
        "",
    ]


@dataclass(frozen=True)
class Log:
    """One run of CASTEP."""

    labels: tuple[str, ...]
    cell: NDArray[np.float64]
    steps: tuple[Geometry, ...]
    task: str = "single point energy"
    timestep: float | None = None
    ended: bool = True
    tail: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        out = [" | Welcome to Academic Release CASTEP version 24.1          |", ""]
        out += [f" type of calculation                            : {self.task}", ""]
        if self.timestep is not None:
            out += [f" time step                                      : {self.timestep / 1000:.4E}   ps", ""]
        out += cell_lines(self.cell)
        for number, step in enumerate(self.steps):
            out += step.title
            if step.cell is not None and number:
                out += cell_lines(step.cell)
            out += position_lines(self.labels, step.fractional)
            out += [f"Final energy, E             = {step.energy:18.10f}     eV"]
            if step.entropy:
                out += [f"Final free energy (E-TS)    = {step.energy - step.entropy:18.10f}     eV"]
                out += ["(energies not corrected for finite basis set)", ""]
                out += [f"NB est. 0K energy (E-0.5TS)      = {step.energy - step.entropy / 2:18.10f}     eV"]
            out += [*step.more_energies, ""]
            out += [" Starting MD", ""] if self.timestep is not None and not number else []
            out += force_lines(self.labels, step.forces, step.forces_title, step.suffixes)
            out += [] if step.stress is None else stress_lines(step.stress)
            out += [] if step.time is None else md_lines(step)
            out += step.after
        out += self.tail
        if self.ended:
            out += ["Initialisation time =      0.61 s", "Total time          =     12.50 s"]
        return out

    def text(self) -> bytes:
        return "".join(line + "\n" for line in self.lines()).encode()


def geometries(n: int, labels: Sequence[str], seed: int = 0) -> list[Geometry]:
    """Return random geometries whose numbers are those that are printed."""
    random = np.random.default_rng(seed)
    out = []
    for k in range(n):
        half = random.normal(0, 2, (3, 3))
        out.append(
            Geometry(
                fractional=np.round(random.uniform(-0.2, 1.2, (len(labels), 3)), 6),
                forces=np.round(random.normal(0, 3, (len(labels), 3)), 5),
                energy=round(-500.0 - random.uniform(), 10),
                cell=np.round(np.eye(3) * (6 + 0.1 * k) + random.normal(0, 0.3, (3, 3)), 7),
                stress=np.round(half + half.T, 6),
            )
        )
    return out


def md_log(
    n: int = 4, labels: tuple[str, ...] = ("Pb", "I:1", "I:1", "Cs"), *, seed: int = 0, first: int = 0
) -> Log:
    """Molecular dynamics of a variable cell, 2 fs a step."""
    steps = []
    for k, one in enumerate(geometries(n, labels, seed)):
        title = (f" Starting MD iteration {k + first:10d} ...", "") if k else ()
        steps.append(replace(one, time=2.0 * (k + first), entropy=0.25, title=title))
    first_cell = steps[0].cell
    assert first_cell is not None
    return Log(labels, first_cell, tuple(steps), "molecular dynamics", 2.0)


def bfgs_log(labels: tuple[str, ...] = ("H", "O:w")) -> Log:
    """A geometry optimization of a fixed cell: start, trial and line step, trial that is accepted."""
    start, trial, line, last = (replace(one, cell=None) for one in geometries(4, labels))

    def done(number: int, step: Geometry) -> tuple[str, ...]:
        return (f" BFGS: finished iteration {number:5d} with enthalpy= {step.energy:.8E} eV", "")

    steps = (
        replace(start, after=done(0, start)),
        replace(trial, title=(" BFGS: starting iteration         1 with trial guess (lambda=  1.0)",)),
        replace(
            line,
            title=(" BFGS: improving iteration         1 with line minimization (lambda=  0.5)",),
            after=done(1, line),
        ),
        replace(
            last,
            title=(" BFGS: starting iteration         2 with trial guess (lambda=  1.0)",),
            after=done(2, last),
        ),
    )
    tail = [" BFGS: Geometry optimization completed successfully.", "", " BFGS: Final Configuration:", ""]
    tail += position_lines(labels, last.fractional)
    tail += [f" BFGS: Final Enthalpy     = {last.energy:.8E} eV", ""]
    tail += force_lines(labels, last.forces, "Constrained Forces")
    return Log(labels, np.diag([6.0, 7.0, 8.0]), steps, "geometry optimization", tail=tuple(tail))
