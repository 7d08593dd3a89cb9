"""Write the benchmark's inputs: one synthetic run of 309 atoms in every format that is measured.

The atoms start from the last frame of the bundled 2-methoxyethanol solution (C66H186O42N3Pb3I9) and move by
two Ornstein-Uhlenbeck processes, one shared by each molecule and one of each atom, so that bonds last and
shells breathe. Forces, stresses and energies are noise of the right size. The layout of the files is the
codes' own, to the column; no number in them is physics, and the header says so.

    python benchmarks/make_inputs.py [FOLDER] [--frames 8000] [--steps 1000] [--start XDATCAR]
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import numpy as np
from numpy.typing import NDArray

HERE: Final = Path(__file__).resolve().parent
SEED: Final = 20240315
TITLE: Final = "synthetic motion for benchmarks, no AIMD"  # VASP prints 40 characters
BOHR: Final = 0.529177210903  # Å, CODATA 2018
HARTREE: Final = 27.211386245988  # eV
ATOMIC_TIME: Final = 0.02418884326585747  # fs
#: (standard deviation in Å, correlation time in fs) of a molecule's and of an atom's own motion.
MOLECULE_MOTION: Final = (0.12, 800.0)
ATOM_MOTION: Final = (0.03, 30.0)
RADII: Final = {"C": 0.76, "H": 0.31, "O": 0.66, "N": 0.71}  # covalent, Å (Cordero 2008); Pb, I stay alone
MASSES: Final = {"Pb": 207.2, "I": 126.904, "N": 14.007, "O": 15.999, "C": 12.011, "H": 1.008}
VALENCES: Final = {"Pb": 4.0, "I": 7.0, "N": 5.0, "O": 6.0, "C": 4.0, "H": 1.0}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Start:
    """One frame: symbols and counts in file order, cell rows (Å), fractional positions."""

    symbols: list[str]
    counts: list[int]
    cell: Floats
    fractional: Floats

    @property
    def species(self) -> list[str]:
        """Return the symbol of each atom."""
        return [symbol for symbol, count in zip(self.symbols, self.counts, strict=True) for _ in range(count)]


def bundled_start() -> Path:
    """Return the project's own 2-ME trajectory."""
    found = sorted((HERE.parent / "trajectories").glob("*2me*XDATCAR.gz"))
    if not found:
        sys.exit("no trajectories/*2me*XDATCAR.gz in this checkout; name a start with --start XDATCAR")
    return found[0]


def last_frame(path: Path) -> Start:
    """Read the last frame of an XDATCAR (plain or .gz) with a VASP 5 header."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as handle:
        lines = handle.read().splitlines()
    cell = float(lines[1]) * np.array([line.split() for line in lines[2:5]], float)
    symbols, counts = lines[5].split(), [int(word) for word in lines[6].split()]
    rows = lines[-sum(counts) :]
    return Start(symbols, counts, cell, np.array([row.split() for row in rows], float))


def molecules(start: Start) -> NDArray[np.int64]:
    """Return the molecule number of each atom: connected by distances below the radii's sum + 0.3 Å."""
    radii = np.array([RADII.get(symbol, 0.0) for symbol in start.species])
    delta = start.fractional[:, None] - start.fractional[None]
    delta -= np.rint(delta)
    distance = np.linalg.norm(delta @ start.cell, axis=-1)
    bonded = (distance < radii[:, None] + radii[None] + 0.3) & (radii[:, None] > 0) & (radii[None] > 0)
    number = np.arange(len(radii))
    while True:
        lowest = np.where(bonded, number[None], len(number)).min(axis=1)
        lower = np.minimum(number, lowest)
        if (lower == number).all():
            return np.unique(number, return_inverse=True)[1]
        number = lower


def motion(rng: np.random.Generator, n_frames: int, n_bodies: int, sigma: float, tau: float) -> Floats:
    """Return a stationary Ornstein-Uhlenbeck walk, (n_frames, n_bodies, 3), Å, at 1 fs a frame."""
    keep = np.exp(-1.0 / tau)
    kicks = rng.normal(0.0, sigma * np.sqrt(1.0 - keep * keep), (n_frames, n_bodies, 3))
    kicks[0] = 0.0  # the first frame is the real one
    for frame in range(1, n_frames):
        kicks[frame] += keep * kicks[frame - 1]
    return kicks


def trajectory(start: Start, n_frames: int) -> Floats:
    """Return fractional positions wrapped into the cell, (n_frames, n_atoms, 3)."""
    rng = np.random.default_rng(SEED)
    body = molecules(start)
    walk = motion(rng, n_frames, int(body.max()) + 1, *MOLECULE_MOTION)[:, body]
    walk += motion(rng, n_frames, len(body), *ATOM_MOTION)
    fractional = start.fractional + walk @ np.linalg.inv(start.cell)
    return np.round(fractional, 8) % 1.0


def fixed(values: Floats, width: int, decimals: int) -> NDArray[np.uint8]:
    """Return Fortran's Fw.d of each number as bytes, (*values.shape, width)."""
    scaled = np.rint(np.abs(values) * 10.0**decimals).astype(np.int64)
    out = np.full((*values.shape, width), ord(" "), np.uint8)
    rest = scaled.copy()
    for place in range(decimals):
        rest, digit = np.divmod(rest, 10)
        out[..., width - 1 - place] = digit + ord("0")
    out[..., width - 1 - decimals] = ord(".")
    position = width - 2 - decimals
    out[..., position] = rest % 10 + ord("0")
    while (rest := rest // 10).any():
        position -= 1
        out[..., position] = np.where(rest > 0, rest % 10 + ord("0"), ord(" "))
    if position < 1:
        raise ValueError(f"a number does not fit F{width}.{decimals}")
    # the sign stands just before the first digit of its own number
    first = np.argmax(out != ord(" "), axis=-1)
    sign = np.where((np.signbit(values) & (scaled > 0)), ord("-"), ord(" ")).astype(np.uint8)
    np.put_along_axis(out, first[..., None] - 1, sign[..., None], axis=-1)
    return out


def rows(values: Floats, before: str, after: str, width: int) -> bytes:
    """Return one line for each triple of ``values`` (..., 3), F{width}.8 between two texts."""
    text = fixed(values, width, 8).reshape(*values.shape[:-1], 3 * width)
    shape = text.shape[:-1]
    head = np.broadcast_to(np.frombuffer(before.encode(), np.uint8), (*shape, len(before)))
    tail = np.broadcast_to(np.frombuffer(after.encode(), np.uint8), (*shape, len(after)))
    return np.concatenate([head, text, tail], axis=-1).tobytes()


def write_xdatcar(path: Path, start: Start, fractional: Floats) -> None:
    """Write VASP 5/6's XDATCAR of a run with a fixed cell: (1X,3F12.8) a row."""
    with path.open("wb") as file:
        file.write(f"{TITLE:<40s}\n           1\n".encode())
        for row in start.cell:
            file.write((" " + "".join(f"{value:12.6f}" for value in row) + "\n").encode())
        file.write(("".join(f"   {symbol:<2s}" for symbol in start.symbols) + "\n").encode())
        file.write(("".join(f"{count:6d}" for count in start.counts) + "\n").encode())
        for number, frame in enumerate(fractional, 1):
            file.write(b"Direct configuration=%6d\n" % number)
            file.write(rows(frame, " ", "\n", 12))


def write_table(path: Path, _: Start, fractional: Floats) -> None:
    """Write the XDATCAR's numbers as comma-separated values, an atom a line."""
    text = fixed(fractional.reshape(-1, 3), 11, 8)  # the first column is the sign's, and blank
    text[:, :, 0] = ord(",")
    text[:, 0, 0] = ord("\n")
    path.write_bytes(text.tobytes()[1:] + b"\n")


# vasprun.xml ----------------------------------------------------------------------------------------------

SCF_STEPS: Final = 8
FIRST_TERMS: Final = (
    "alphaZ",
    "ewald",
    "hartreedc",
    "XCdc",
    "pawpsdc",
    "pawaedc",
    "eentropy",
    "bandstr",
    "atom",
)
ENERGIES: Final = ("e_fr_energy", "e_wo_entrp", "e_0_energy")


def scalars_xml(names: tuple[str, ...], values: list[float], indent: str) -> str:
    """Return VASP's <i> lines."""
    return "".join(
        f'{indent}<i name="{name}">{value:16.8f} </i>\n' for name, value in zip(names, values, strict=True)
    )


def structure_xml(start: Start, fractional: Floats, indent: str, name: str = "") -> bytes:
    """Return a <structure> block."""
    reciprocal = np.linalg.inv(start.cell).T
    volume = abs(float(np.linalg.det(start.cell)))
    label = f' name="{name}" ' if name else ""
    return b"".join(
        [
            f'{indent}<structure{label}>\n{indent} <crystal>\n{indent}  <varray name="basis" >\n'.encode(),
            rows(start.cell, f"{indent}   <v>", " </v>\n", 17),
            f'{indent}  </varray>\n{indent}  <i name="volume">{volume:16.8f} </i>\n'.encode(),
            f'{indent}  <varray name="rec_basis" >\n'.encode(),
            rows(reciprocal, f"{indent}   <v>", " </v>\n", 17),
            f'{indent}  </varray>\n{indent} </crystal>\n{indent} <varray name="positions" >\n'.encode(),
            rows(fractional, f"{indent}  <v>", " </v>\n", 17),
            f"{indent} </varray>\n{indent}</structure>\n".encode(),
        ]
    )


def head_xml(start: Start, n_steps: int) -> bytes:
    """Return everything before the first <calculation>."""
    atoms, types = "", ""
    for kind, (symbol, count) in enumerate(zip(start.symbols, start.counts, strict=True), 1):
        atoms += f"    <rc><c>{symbol:<2s}</c><c>{kind:4d}</c></rc>\n" * count
        types += f"    <rc><c>{count:4d}</c><c>{symbol:<2s}</c><c>{MASSES[symbol]:16.8f}</c>"
        types += f"<c>{VALENCES[symbol]:16.8f}</c><c>  PAW_PBE {symbol:<30s}</c></rc>\n"
    text = Template((HERE / "vasprun_head.xml").read_text()).substitute(
        title=TITLE,
        n_steps=f"{n_steps:6d}",
        n_atoms=f"{len(start.species):8d}",
        n_types=f"{len(start.symbols):8d}",
        atoms=atoms,
        types=types,
    )
    return text.encode() + structure_xml(start, start.fractional, " ", "initialpos")


def electronic_xml(rng: np.random.Generator, energy: float) -> str:
    """Return the electronic steps of one frame; the first prints its terms, as VASP does."""
    text = ""
    for step in range(SCF_STEPS):
        text += '  <scstep>\n   <time name="total">    3.43    3.43</time>\n   <energy>\n'
        if step == 0:
            text += scalars_xml(FIRST_TERMS, list(rng.normal(0, 5000, len(FIRST_TERMS))), "    ")
        text += scalars_xml(ENERGIES, [energy + 50.0 * 0.1**step] * 3, "    ") + "   </energy>\n  </scstep>\n"
    return text


def write_vasprun(path: Path, start: Start, fractional: Floats) -> None:
    """Write an AIMD vasprun.xml: eight electronic steps a frame, positions, forces, stress, every energy."""
    rng = np.random.default_rng(SEED + 1)
    n_steps, n_atoms = fractional.shape[:2]
    with path.open("wb") as file:
        file.write(head_xml(start, n_steps))
        for frame in fractional:
            energy, kinetic = -1780.0 + rng.normal(0, 0.5), 11.9 + rng.normal(0, 0.4)
            parts = [b" <calculation>\n", electronic_xml(rng, energy).encode()]
            forces = rng.normal(0.0, 1.0, (n_atoms, 3))
            stress = rng.normal(0.0, 5.0, (3, 3))
            parts.append(structure_xml(start, frame, "  "))
            parts += [b'  <varray name="forces" >\n', rows(forces - forces.mean(0), "   <v>", " </v>\n", 17)]
            parts += [
                b'  </varray>\n  <varray name="stress" >\n',
                rows(stress + stress.T, "   <v>", " </v>\n", 17),
            ]
            names = (*ENERGIES, "kinetic", "lattice kinetic", "nosepot", "nosekinetic", "total")
            values = [energy] * 3 + [kinetic, 0.0, 0.01, 0.02, energy + kinetic + 0.03]
            text = "  </varray>\n  <energy>\n" + scalars_xml(names, values, "   ") + "  </energy>\n"
            parts.append(
                (text + '  <time name="totalsc">   69.59   69.75</time>\n </calculation>\n').encode()
            )
            file.write(b"".join(parts))
        file.write(structure_xml(start, fractional[-1], " ", "finalpos") + b"</modeling>\n")


# CASTEP .md -----------------------------------------------------------------------------------------------

_EXPONENT = re.compile(r"E([+-])(\d\d)(?!\d)")


def write_castep_md(path: Path, start: Start, fractional: Floats) -> None:
    """Write CASTEP's .md in atomic units, 17 digits and three-digit exponents."""
    rng = np.random.default_rng(SEED + 2)
    n_atoms = len(start.species)
    labels = [
        f" {symbol:<2s}{n:15d}"
        for symbol, count in zip(start.symbols, start.counts, strict=True)
        for n in range(1, count + 1)
    ]
    number = "%26.16E"  # one column more once the exponent has its third digit
    blank = " " * 18

    def block(tag: str, heads: list[str]) -> str:
        return "".join(f"{head}{number}{number}{number}  <-- {tag}\n" for head in heads)

    template = f"{blank}{number}\n" + block("E", [blank])
    template += "".join(f"{blank}{number}{' ' * 54}  <-- {tag}\n" for tag in "TP")
    template += block("h", [blank] * 3) + block("S", [blank] * 3)
    template += "".join(block(tag, labels) for tag in "RVF") + "\n"
    cell = (start.cell / BOHR).ravel()
    sigma = np.sqrt(300.0 * 3.166811563e-6 / (np.array([MASSES[s] for s in start.species]) * 1822.888486))
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(f" BEGIN header\n {TITLE}\n END header\n\n")
        for step, frame in enumerate(fractional):
            energy, kinetic = rng.normal(-65.0, 0.01), rng.normal(0.44, 0.01)
            values = [step / ATOMIC_TIME, energy, energy + kinetic, kinetic]
            values += [300.0 * 3.166811563e-6, rng.normal(0, 1e-4), *cell, *rng.normal(0, 1e-4, 9)]
            values += list((frame @ start.cell / BOHR).ravel())
            values += list((rng.normal(0, 1, (n_atoms, 3)) * sigma[:, None]).ravel())
            values += list(rng.normal(0, 0.02, 3 * n_atoms))
            file.write(_EXPONENT.sub(r"E\g<1>0\2", template % tuple(values)))


def main(arguments: list[str] | None = None) -> None:
    """Write the files that are not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "inputs")
    parser.add_argument("--frames", type=int, default=8000, help="frames of the XDATCAR")
    parser.add_argument("--steps", type=int, default=1000, help="steps of the other formats")
    parser.add_argument("--start", type=Path, help="XDATCAR whose last frame to start from")
    parser.add_argument("--force", action="store_true", help="write again what is there")
    options = parser.parse_args(arguments)
    make(options.folder, options.frames, options.steps, options.start, force=options.force)


def make(
    folder: Path, n_frames: int, n_steps: int, start_file: Path | None = None, *, force: bool = False
) -> None:
    """Write each format, and a tenth of the long ones for the peers that need minutes.

    Each has a folder of its own, so that none is taken for a part of the other's run.
    """
    from make_bands import write_projected_bands
    from make_castep_bands import write_castep_bands
    from make_logs import write_castep, write_extxyz, write_outcar  # it formats with what stands here

    writers = {
        "xdatcar/XDATCAR": (write_xdatcar, n_frames),
        "xdatcar_short/XDATCAR": (write_xdatcar, n_frames // 10),
        "xdatcar_hundred/XDATCAR": (write_xdatcar, 100),
        "table/positions.csv": (write_table, n_frames),
    }
    writers |= {
        "vasprun/vasprun.xml": (write_vasprun, n_steps),
        "vasprun_short/vasprun.xml": (write_vasprun, n_steps // 10),
    }
    writers |= {
        "castep/run.md": (write_castep_md, n_steps),
        "castep_short/run.md": (write_castep_md, n_steps // 10),
    }
    writers |= {
        "outcar/OUTCAR": (write_outcar, n_steps),
        "castep_log/run.castep": (write_castep, n_steps),
        "castep_log_short/run.castep": (write_castep, n_steps // 10),
        "extxyz/run.xyz": (write_extxyz, n_steps),
    }
    bands = folder / "bands/vasprun.xml"
    if force or not bands.exists():
        bands.parent.mkdir(parents=True, exist_ok=True)
        write_projected_bands(bands)
    castep_bands = folder / "castep_bands/run.bands"
    if force or not castep_bands.exists():
        castep_bands.parent.mkdir(parents=True, exist_ok=True)
        write_castep_bands(castep_bands)
    missing = [name for name in writers if force or not (folder / name).exists()]
    if not missing:
        return
    start = last_frame(start_file or bundled_start())
    fractional = trajectory(start, max(n_frames, n_steps))
    for name in missing:
        begin = time.perf_counter()
        writer, length = writers[name]
        partial: Path = folder / f"{name}.partial"
        partial.parent.mkdir(parents=True, exist_ok=True)
        writer(partial, start, fractional[: max(length, 1)])
        partial.replace(folder / name)
        size = (folder / name).stat().st_size / 1e6
        print(f"{folder / name}: {size:.1f} MB in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
