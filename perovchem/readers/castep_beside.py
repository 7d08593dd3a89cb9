"""What the files of a CASTEP run that lie beside its .bands say: spin treatment, atoms, path of the k-points."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.bands import SpinTreatment
from perovchem.crystal import Crystal
from perovchem.elements import table
from perovchem.errors import PerovchemError
from perovchem.readers.castep_cell import read_castep_cell
from perovchem.readers.castep_path import AskedPath, read_castep_path
from perovchem.readers.clock import PACKED, plain_name
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.result import Provenance

_HEAD: Final = 4 << 20
"""Bytes of a log that are searched: what a run is set to stands before its first step."""
_MOST_ATOMS: Final = 100_000
_SAME_CELL: Final = 1e-3
_BANNER: Final = re.compile(rb"CASTEP version")
_TREATING: Final = re.compile(rb"(?m)^ treating system as ([a-z-]{1,40})")
_SPIN_ORBIT: Final = re.compile(rb"(?m)^ spin-orbit coupling\s*: (on|off)")
_SPECTRAL: Final = re.compile(rb"(?m)^ (?:spectroscopy calculation|type of calculation)\s*: ([^\n\r]{1,60})")
_LATTICE: Final = re.compile(rb"Real Lattice\(A\)[^\n]*\n((?:[^\n]*\n){3})")
_ATOM: Final = re.compile(
    rb"[ \t]*+x[ \t]++([A-Z][a-z]?)(?::\S{0,40}+)?[ \t]++\d++((?:[ \t]++-?\d++\.\d++){3})"
)
_PARAM: Final = re.compile(
    r"(?im)^[ \t]*+(spin_treatment|spin_orbit_coupling|spin_polari[sz]ed)[ \t]*+[:=]?+[ \t]*+(\w++)"
)
_TRUE: Final = ("true", "t", "yes", "y", "on")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a .bands.

    Attributes
    ----------
    spin : "none", "collinear", "noncollinear" or None
        None where no file says.
    structure : Crystal or None
        In the cell of the bands.
    asked : AskedPath
        The path of the .cell.
    is_mesh : bool
        Whether the log says that a density of states, and no band structure, was asked for.
    files : tuple of Path
        Those that were read.
    notes : tuple of str
    """

    spin: SpinTreatment | None = None
    structure: Crystal | None = None
    asked: AskedPath = field(default_factory=AskedPath)
    is_mesh: bool = False
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def seed_of(path: Path) -> str:
    """Return the seed of a CASTEP file: its name without suffix and compression."""
    return plain_name(path).rpartition(".")[0]


def neighbor(path: Path, ending: str) -> Path | None:
    """Return the file of the same seed with another ending ("-out.cell"), packed or not."""
    names = (path.parent / f"{seed_of(path)}{ending}{packed}" for packed in ("", *PACKED))
    return next((one for one in names if one != path and one.is_file()), None)


def read_beside(path: Path, cell: Floats | None) -> Beside:
    """Read what lies beside a .bands or .castep; what is broken there is told of, and is no harm.

    Parameters
    ----------
    path : Path
        The .bands.
    cell : float64 (3, 3) or None
        Its lattice, rows, Å: atoms of another lattice are left out.
    """
    files: list[Path] = []
    notes: list[str] = []
    spin: SpinTreatment | None = None
    structure: Crystal | None = None
    is_mesh = False
    asked = AskedPath()
    for ending in (".castep", ".param", "-out.cell", ".cell"):
        found = neighbor(path, ending)
        if found is None:
            continue
        try:
            file = open_bytes(found)
            if ending == ".castep":
                head = last_run(file)
                spin = spin_of_log(head)
                is_mesh = _is_mesh(head)
                atoms = structure_of_log(head, str(found))
            elif ending == ".param":
                spin = spin if spin is not None else _spin_of_param(bytes(file.data[:_HEAD]))
                atoms = None
            else:
                asked = asked if asked.corners else read_castep_path(file)
                atoms = None if structure is not None else read_castep_cell(file)
        except PerovchemError as error:
            notes.append(f"{found.name} could not be used: {error.what}")
            continue
        files.append(found)
        if atoms is not None and cell is not None and not same_cell(atoms.cell, cell):
            notes.append(f"the lattice of {found.name} is not that of {path.name}: its atoms are left out")
            atoms = None
        structure = structure or atoms
    is_mesh = (is_mesh or asked.is_mesh) and not asked.corners
    return Beside(spin, structure, asked, is_mesh, tuple(files), tuple(notes))


def same_cell(first: Floats, second: Floats) -> bool:
    """Return whether two lattices are the same, vector by vector, within .1 %."""
    return bool((np.abs(first - second) < _SAME_CELL * np.linalg.norm(second, axis=1).max()).all())


def last_run(file: FileBytes) -> bytes:
    """Return the head of the last run of a log, for runs are appended."""
    text = bytes(file.data[: 64 << 20])
    banners = [match.start() for match in _BANNER.finditer(text)]
    start = banners[-1] if banners else 0
    return text[start : start + _HEAD]


def spin_of_log(head: bytes) -> SpinTreatment | None:
    """Return how a log says that spins are treated."""
    orbit = _SPIN_ORBIT.findall(head)
    treated = _TREATING.findall(head)
    if (orbit and orbit[-1] == b"on") or (
        treated and treated[-1].startswith((b"non-collinear", b"noncollinear"))
    ):
        return "noncollinear"
    if not treated:
        return None
    return "none" if treated[-1].startswith(b"non-spin") else "collinear"


def _is_mesh(head: bytes) -> bool:
    """Return whether a log says that its spectral calculation is one of a mesh."""
    words = [word.strip().lower() for word in _SPECTRAL.findall(head)]
    return bool(words) and any(word.startswith((b"density of states", b"optic", b"core")) for word in words)


def _spin_of_param(text: bytes) -> SpinTreatment | None:
    """Return how a .param asks spins to be treated; None where it does not say."""
    said = {key.lower(): value.lower() for key, value in _PARAM.findall(text.decode("latin-1"))}
    if said.get("spin_orbit_coupling") in _TRUE or said.get("spin_treatment") in ("vector", "noncollinear"):
        return "noncollinear"
    if said.get("spin_treatment") == "scalar" or any(
        said.get(key) in _TRUE for key in ("spin_polarized", "spin_polarised")
    ):
        return "collinear"
    return "none" if said.get("spin_treatment") == "none" else None


def structure_of_log(head: bytes, where: str) -> Crystal | None:
    """Return the last lattice and atoms of a run's log (six decimals); None where it prints none."""
    lattices = _LATTICE.findall(head)
    place = head.rfind(b"Fractional coordinates of atoms")
    if not lattices or place < 0:
        return None
    lines = head[place:].split(b"\n", _MOST_ATOMS)[1:-1]
    begin = next((k for k, line in enumerate(lines[:4]) if line.strip().startswith(b"x---")), None)
    table_rows = lines[begin + 1 :] if begin is not None else []
    matches = []
    for line in table_rows:
        if not line.strip().startswith(b"x "):
            break
        matches.append(_ATOM.match(line))
    rows = [match.groups() for match in matches if match]
    species = tuple(symbol.decode() for symbol, _ in rows)
    try:
        cell = np.array([line.split()[:3] for line in lattices[-1].splitlines()], np.float64)
        places = np.array([numbers.split() for _, numbers in rows], np.float64)
    except ValueError:
        return None
    if not rows or set(species) - set(table()) or cell.shape != (3, 3) or len(rows) != len(matches):
        return None
    return Crystal.from_arrays(
        cell, species, places, title=Path(where).stem, provenance=Provenance(input=where)
    )
