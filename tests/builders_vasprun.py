"""vasprun.xml files with a known answer, written the way VASP 5.4 and 6.3 write them, to the last blank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

TERMS = ("alphaZ", "ewald", "hartreedc", "XCdc", "pawpsdc", "pawaedc", "eentropy", "bandstr", "atom")
MASSES = {
    "H": 1.0,
    "C": 12.011,
    "N": 14.001,
    "O": 16.0,
    "Cl": 35.453,
    "Br": 79.904,
    "I": 126.904,
    "Pb": 207.2,
}


def row(values: Sequence[float], indent: int) -> str:
    """One row of a varray: three times (1X,F16.8)."""
    return " " * indent + "<v>" + "".join(f" {value:16.8f}" for value in values) + " </v>\n"


def rows(values: ArrayLike, indent: int) -> str:
    """All rows of a varray."""
    numbers = np.asarray(values, float)
    line = " " * indent + "<v>" + " %16.8f" * numbers.shape[1] + " </v>\n"
    return (line * len(numbers)) % tuple(numbers.ravel().tolist())


def varray(name: str, values: ArrayLike, indent: int) -> str:
    """A named block of rows."""
    blanks = " " * indent
    return f'{blanks}<varray name="{name}" >\n{rows(values, indent + 1)}{blanks}</varray>\n'


def energy(name: str, value: float | str, indent: int) -> str:
    """One energy; a text stands for itself ("*****")."""
    text = f"{value:17.8f} " if not isinstance(value, str) else f"    {value} "
    return f'{" " * indent}<i name="{name}">{text}</i>\n'


@dataclass
class VaspRun:
    """What a vasprun.xml says.

    Attributes
    ----------
    species : symbols, sorted by kind as in a POSCAR
    positions : float (n_frames, n_atoms, 3), fractional
    cells : float (3, 3) or (n_frames, 3, 3), Å
    forces : float (n_frames, n_atoms, 3) or None, eV/Å
    stress : float (n_frames, 3, 3) or None, kB, VASP's sign (positive: wants to expand)
    free_energies : float (n_frames,) or texts such as "**********", eV
    entropies : float (n_frames,), eV: E0 = F - S/2, E = F - S (ISMEAR = 0)
    dispersion : eV, in the closing block of a step, but not in its electronic steps
    work : P V of PSTRESS, eV, which VASP adds to the energies of the closing block only
    kinetic : float (n_frames,) or None, eV
    machine_learned : bool (n_frames,): bare <structure> elements
    electronic_steps : int (n_frames,)
    last_change : change of the free energy in the last electronic step, eV
    incar : mapping of INCAR entries, ints, floats and texts
    version : "5.4.4" (its closing block prints the entropy for e_0_energy) or "6.3.0"
    """

    species: Sequence[str]
    positions: NDArray[np.float64]
    cells: NDArray[np.float64]
    forces: NDArray[np.float64] | None = None
    stress: NDArray[np.float64] | None = None
    free_energies: Sequence[float | str] | None = None
    entropies: Sequence[float] | None = None
    dispersion: float = 0.0
    work: float = 0.0
    kinetic: Sequence[float] | None = None
    machine_learned: Sequence[bool] | None = None
    electronic_steps: Sequence[int] | None = None
    last_change: float = 1e-7
    incar: Mapping[str, int | float | str] = field(default_factory=dict)
    version: str = "5.4.4.18Apr17-6-g9f103f2a35"
    selective: Sequence[Sequence[bool]] | None = None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.positions)

    def cell(self, frame: int) -> NDArray[np.float64]:
        """Return the lattice of one frame."""
        return self.cells if self.cells.ndim == 2 else self.cells[frame]

    # sections ---------------------------------------------------------------------------------------------

    def structure(self, frame: int, indent: int, name: str = "") -> str:
        """A <structure> element."""
        blanks, cell = " " * indent, self.cell(frame)
        opening = f'{blanks}<structure name="{name}" >\n' if name else f"{blanks}<structure>\n"
        out = opening + f"{blanks} <crystal>\n" + varray("basis", cell, indent + 2)
        out += f'{blanks}  <i name="volume">{abs(np.linalg.det(cell)):16.8f} </i>\n'
        out += varray("rec_basis", np.linalg.inv(cell).T, indent + 2) + f"{blanks} </crystal>\n"
        out += varray("positions", self.positions[frame], indent + 1)
        if name == "initialpos" and self.selective is not None:
            out += f'{blanks} <varray name="selective"  type="logical" >\n'
            for flags in self.selective:
                letters = "".join("  T" if flag else "  F" for flag in flags)
                out += f'{blanks}  <v type="logical" >{letters} </v>\n'
            out += f"{blanks} </varray>\n"
        elif name in ("initialpos", "finalpos"):  # fractions of the cell per step
            out += varray("velocities", np.full((len(self.species), 3), 0.00012345), indent + 1)
        return out + f"{blanks}</structure>\n"

    def settings(self, indent: int) -> str:
        """The entries of INCAR."""
        out = ""
        for key, value in self.incar.items():
            if isinstance(value, str):
                out += f'{" " * indent}<i type="string" name="{key}">{value}</i>\n'
            elif isinstance(value, int):
                out += f'{" " * indent}<i type="int" name="{key}">{value:6d}</i>\n'
            else:
                out += f'{" " * indent}<i name="{key}">{value:16.8f}</i>\n'
        return out

    def head(self) -> str:
        """Everything before the first ionic step."""
        kinds = list(dict.fromkeys(self.species))
        atoms = "".join(f"    <rc><c>{s:<2}</c><c>{kinds.index(s) + 1:4d}</c></rc>\n" for s in self.species)
        types = "".join(
            f"    <rc><c>{list(self.species).count(s):4d}</c><c>{s:<2}</c><c>{MASSES.get(s, 1.0):16.8f}</c>"
            f"<c>{4.0:16.8f}</c><c>  PAW_PBE {s} 08Apr2002                   </c></rc>\n"
            for s in kinds
        )
        n = len(self.species)
        index = "".join(f'  <v type="int" >{i + 1:9d} </v>\n' for i in range(n))
        integers = {key: value for key, value in self.incar.items() if not isinstance(value, str)}
        merged = {
            "NSW": len(self),
            "IBRION": 0,
            "POTIM": 1.0,
            "NBLOCK": 1,
            "NELM": 60,
            "EDIFF": 1e-6,
        } | integers
        merged |= {"ISPIN": 1, "NELECT": 4.0 * n, "ISMEAR": 0, "SIGMA": 0.05}
        parameters = VaspRun(self.species, self.positions, self.cells, incar=merged).settings(2)
        return (
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n <generator>\n'
            '  <i name="program" type="string">vasp </i>\n'
            f'  <i name="version" type="string">{self.version}  </i>\n'
            '  <i name="subversion" type="string">(build Sep 18 2018 16:57:57) complex '
            "           parallel </i>\n"
            '  <i name="platform" type="string">LinuxIFC </i>\n'
            '  <i name="date" type="string">2024 04 10 </i>\n  <i name="time" type="string">04:05:36 </i>\n'
            f" </generator>\n <incar>\n{self.settings(2)} </incar>\n"
            + self.structure(0, 1, "primitive_cell")
            + f' <varray name="primitive_index" >\n{index} </varray>\n'
            + ' <kpoints>\n  <generation param="Gamma">\n'
            '   <v type="int" name="divisions">       1        1        1 </v>\n'
            + "".join(
                f'   <v name="{name}">{a:16.8f} {b:16.8f} {c:16.8f} </v>\n'
                for name, a, b, c in (
                    ("usershift", 0, 0, 0),
                    ("genvec1", 1, 0, 0),
                    ("genvec2", 0, 1, 0),
                    ("genvec3", 0, 0, 1),
                    ("shift", 0, 0, 0),
                )
            )
            + "  </generation>\n"
            + varray("kpointlist", [[0.0, 0.0, 0.0]], 2)
            + varray("weights", [[1.0]], 2)
            + ' </kpoints>\n <parameters>\n  <separator name="general" >\n'
            f'   <i type="string" name="SYSTEM">unknown system</i>\n  </separator>\n{parameters}'
            '  <separator name="response functions" >\n   <i type="int" name="NELM">     1</i>\n'
            "  </separator>\n"
            " </parameters>\n <atominfo>\n"
            f"  <atoms>{n:8d} </atoms>\n  <types>{len(kinds):8d} </types>\n"
            '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
            '   <field type="string">element</field>\n   <field type="int">atomtype</field>\n'
            f"   <set>\n{atoms}   </set>\n  </array>\n"
            '  <array name="atomtypes" >\n   <dimension dim="1">type</dimension>\n'
            '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
            "   <field>mass</field>\n   <field>valence</field>\n"
            '   <field type="string">pseudopotential</field>\n'
            f"   <set>\n{types}   </set>\n  </array>\n </atominfo>\n" + self.structure(0, 1, "initialpos")
        )

    def _energies(self, frame: int) -> tuple[float | str, float | str, float | str]:
        """Free energy, E without entropy, E0 of the closing block, dispersion included."""
        free = -100.0 if self.free_energies is None else self.free_energies[frame]
        if isinstance(free, str):
            return free, free, free
        entropy = 0.0 if self.entropies is None else self.entropies[frame]
        return free, free - entropy, free - entropy / 2

    def electronic(self, frame: int) -> str:
        """The <scstep> elements."""
        count = 10 if self.electronic_steps is None else self.electronic_steps[frame]
        out = ""
        for step in range(count):
            left = count - 1 - step
            values: list[float | str] = []
            for value in self._energies(frame):
                if isinstance(value, str):
                    values.append(value)
                else:
                    values.append(
                        value - self.dispersion + (self.last_change * 10.0 ** (left - 1) if left else 0.0)
                    )
            out += '  <scstep>\n   <time name="diag">    0.03    0.03</time>\n'
            out += (
                '   <time name="diis">    0.06    0.06</time>\n   <time name="orth">    0.01    0.01</time>\n'
            )
            out += '   <time name="total">    3.57    3.58</time>\n   <energy>\n'
            if step in (0, count - 1):
                out += "".join(energy(name, -57.83011466, 4) for name in TERMS)
            for name, value in zip(("e_fr_energy", "e_wo_entrp", "e_0_energy"), values, strict=True):
                out += energy(name, value, 4)
            out += "   </energy>\n  </scstep>\n"
        return out

    def closing_energy(self, frame: int, indent: int) -> str:
        """The <energy> of an ionic step."""
        free, without, zero = self._energies(frame)
        bare = self.machine_learned is not None and self.machine_learned[frame]
        if self.version.startswith("5") and not bare and not isinstance(free, str):
            # what VASP 5 really prints: E0 for E, and the entropy term, negative, for E0
            without, zero = zero, -(0.0 if self.entropies is None else self.entropies[frame]) - self.work
        if not isinstance(free, str):
            free, without, zero = free + self.work, without + self.work, zero + self.work
        out = energy("e_fr_energy", free, indent + 1)
        out += energy("e_wo_entrp", without, indent + 1) + energy("e_0_energy", zero, indent + 1)
        if self.kinetic is not None:
            out += energy("kinetic", self.kinetic[frame], indent + 1)
            for name in ("lattice kinetic", "nosepot", "nosekinetic"):
                out += energy(name, 0.0, indent + 1)
            total = free if isinstance(free, str) else free + self.kinetic[frame]
            out += energy("total", total, indent + 1)
        return f"{' ' * indent}<energy>\n{out}{' ' * indent}</energy>\n"

    def step(self, frame: int) -> str:
        """One ionic step, ab initio or machine-learned."""
        bare = self.machine_learned is not None and self.machine_learned[frame]
        indent = 1 if bare else 2
        out = "" if bare else " <calculation>\n" + self.electronic(frame)
        out += self.structure(frame, indent)
        if self.forces is not None:
            out += varray("forces", self.forces[frame], indent)
        if self.stress is not None:
            out += varray("stress", self.stress[frame], indent)
        out += self.closing_energy(frame, indent)
        if not bare and frame == len(self) - 1:
            out += (
                '  <eigenvalues>\n   <array>\n    <dimension dim="1">band</dimension>\n    <set>\n'
                '     <set comment="spin 1">\n      <set comment="kpoint 1">\n'
                + "".join(f"       <r>{-5.0 + band:10.4f} {1.0:10.4f} </r>\n" for band in range(40))
                + "      </set>\n     </set>\n    </set>\n   </array>\n  </eigenvalues>\n"
            )
        out += f'{" " * indent}<time name="totalsc">   65.35   65.55</time>\n'
        return out if bare else out + " </calculation>\n"

    def pieces(self) -> Iterator[str]:
        """Everything, in the order of the file."""
        yield self.head()
        for frame in range(len(self)):
            yield self.step(frame)
        yield self.structure(len(self) - 1, 1, "finalpos") + "</modeling>\n"

    def text(self) -> bytes:
        """Return the whole file."""
        return "".join(self.pieces()).encode("ascii")

    def write(self, path: Path) -> Path:
        """Write the whole file."""
        with path.open("w", encoding="ascii") as handle:
            handle.writelines(self.pieces())
        return path


def liquid(
    n_frames: int = 6,
    species: Sequence[str] = ("Pb", "I", "I", "O", "O", "H", "H"),
    *,
    seed: int = 1,
    npt: bool = False,
    length: float = 17.9,
) -> VaspRun:
    """An AIMD run with random numbers of the usual sizes, and the forces on one atom beyond 10 and 100."""
    rng = np.random.default_rng(seed)
    n_atoms = len(species)
    cell = length * np.eye(3) + np.round(rng.normal(scale=0.3, size=(3, 3)), 8)
    stress = rng.normal(scale=20.0, size=(n_frames, 3, 3))
    positions = (
        rng.random((1, n_atoms, 3)) + np.cumsum(rng.normal(scale=2e-3, size=(n_frames, n_atoms, 3)), axis=0)
    ) % 1.0
    return VaspRun(
        species,
        positions,
        cell + np.cumsum(rng.normal(scale=1e-3, size=(n_frames, 3, 3)), axis=0) if npt else cell,
        forces=rng.normal(scale=0.8, size=(n_frames, n_atoms, 3))
        * np.where(np.arange(n_atoms) == 1, 100.0, 1.0)[:, None],
        stress=stress + stress.transpose(0, 2, 1),
        free_energies=[float(x) for x in np.round(-100.0 - rng.random(n_frames), 8)],
        entropies=[float(x) for x in np.round(-2e-3 * rng.random(n_frames), 8)],
        kinetic=[float(x) for x in np.round(0.05 * n_atoms * (1 + 0.1 * rng.random(n_frames)), 8)],
        incar={
            "SYSTEM": "liquid",
            "IBRION": 0,
            "NSW": n_frames,
            "POTIM": 1.0,
            "NBLOCK": 1,
            "ISIF": 3 if npt else 2,
        },
    )
