"""Which geometries a .castep holds, and where their tables and energies stand: one pass over its titles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from perovchem._kernels import tables
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.units import BOHR, HARTREE

ENERGY: Final = {b"eV": 1.0, b"meV": 1e-3, b"hartree": HARTREE, b"Ha": HARTREE, b"Ry": HARTREE / 2}
_TIME: Final = {b"fs": 1.0, b"ps": 1e3, b"ns": 1e6}
PRESSURE: Final = {b"GPa": 1.0, b"MPa": 1e-3, b"kbar": 0.1, b"Mbar": 100.0}
LENGTH: Final = {b"A": 1.0, b"ang": 1.0, b"nm": 10.0, b"Bohr": BOHR, b"bohr": BOHR}

_WORDS: Final = (
    b"CASTEP version",
    b"type of calculation",
    b"time step ",
    b"Real Lattice(",
    b"Fractional coordinates of atoms",
    b"Final energy",
    b"Final free energy (E-TS)",
    b"NB est. 0K energy",
    b"Dispersion corrected final energy",
    b"Total energy corrected for finite basis set",
    b"Forces ***",
    b"Stress Tensor ***",
    b"MD Data:",
    b"Starting MD",
    b"starting iteration",
    b"improving iteration",
    b"finished iteration",
    b"everting to",
    b"Final Configuration:",
    b"Total time ",
    b"SCF cycles performed but system has not reached the groundstate",
    b"electronic minimisation did not converge",
)
_AT_ONCE: Final = 1 << 16
_NUMBER: Final = rb"([-+]?\d+\.?\d*(?:[EeDd][-+]?\d+)?|\*+|[-+]?(?:NaN|Inf\w*))"
_VALUE: Final = re.compile(rb"[^=\n]{0,80}=\s*" + _NUMBER + rb"\s*(\w+)")
_SETTING: Final = re.compile(rb"[ \w]{0,80}:\s*([^\n\r]{0,100})")
_TOTAL_TIME: Final = re.compile(rb"Total time\s*=\s*\d")
_BOX_LINE: Final = re.compile(
    rb"x[ \t]+([A-Za-z/=0][\w/= ]{0,30}?)[ \t]*:[ \t]*" + _NUMBER + rb"[ \t]+(\w+)[ \t]+x"
)
_CLOSING: Final = re.compile(rb"\n \*{20,}+[ \t]*+\r?\n")
_NEAR: Final = 4000
"""How far behind its title a box of MD data may end, bytes."""
MD_FIELDS: Final = {
    "time": (b"time", _TIME),
    "free_energy": (b"Potential Energy", ENERGY),
    "kinetic_energy": (b"Kinetic Energy", ENERGY),
    "enthalpy": (b"Enthalpy", ENERGY),
    "total_energy": (b"Hamilt Energy", ENERGY),
    "temperature": (b"Temperature", {b"K": 1.0}),
    "pressure": (b"Pressure", PRESSURE),
}
_EVALUATED: Final = ("Final energy", "Forces ***")


@dataclass(slots=True)
class Step:
    """One evaluated geometry; places are bytes, -1 where the log has no such table, energies eV or NaN."""

    run: int
    cell: int = -1
    positions: int = -1
    forces: int = -1
    stress: int = -1
    final: float = np.nan
    free: float = np.nan
    zero: float = np.nan
    dispersed: float = np.nan
    basis: float = np.nan
    enthalpy: float = np.nan
    converged: bool = True
    ended: bool = False
    accepted: bool = False
    md: Mapping[str, float] | None = None

    @property
    def evaluated(self) -> bool:
        """Whether an energy or forces belong to this geometry."""
        return np.isfinite(self.final) or self.forces >= 0


@dataclass(slots=True)
class Run:
    """One run of those that may be appended in a log."""

    place: int
    task: str = ""
    timestep: float | None = None
    finished: bool = False

    @property
    def dynamic(self) -> bool:
        """Whether this is molecular dynamics."""
        return self.task.startswith("molecular dynamics")

    @property
    def relaxing(self) -> bool:
        """Whether this is a geometry optimization."""
        return self.task.startswith("geometry optim")


@dataclass(slots=True)
class Index:
    """What a log holds.

    Attributes
    ----------
    steps : list of Step
        The complete ones, in order.
    runs : list of Run
    n_incomplete : int
        Geometries that were evaluated in part when their run was stopped.
    odd : dict of str to int
        What could not be read, counted.
    """

    steps: list[Step] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    n_incomplete: int = 0
    odd: dict[str, int] = field(default_factory=dict)


def index_castep(file: FileBytes) -> Index:
    """Find the evaluated geometries of a .castep.

    Raises
    ------
    FormatError
        If there is no banner of CASTEP, or the run searched for a transition state.
    """
    scanner = _Scanner(file)
    for place, word in _found(file):
        scanner.take(place, word)
    scanner.end_of_run(len(file))
    if not scanner.index.runs:
        raise FormatError(
            "no banner with the version of CASTEP", where=str(file.path), fix="give the whole .castep log"
        )
    return scanner.index


def _found(file: FileBytes) -> Iterator[tuple[int, str]]:
    """Yield where each of the words stands."""
    words = np.zeros((len(_WORDS), max(map(len, _WORDS))), np.uint8)
    first, following = np.full(256, -1), np.full(len(_WORDS), -1)
    for k, word in enumerate(_WORDS):
        words[k, : len(word)] = np.frombuffer(word, np.uint8)
        following[k] = first[word[0]]
        first[word[0]] = k
    lengths = np.array([len(word) for word in _WORDS])
    names = [word.decode() for word in _WORDS]
    places, kinds = np.empty((2, _AT_ONCE), np.int64)
    position = 0
    while position < len(file):
        count, position = tables.find_words(
            file.array, position, words, lengths, first, following, places, kinds
        )
        yield from zip(places[:count].tolist(), [names[k] for k in kinds[:count]], strict=True)


class _Scanner:
    """Takes in one title after the other."""

    def __init__(self, file: FileBytes) -> None:
        self.file = file
        self.index = Index()
        self.step = Step(0)
        self.ignoring = True  # what stands before the first banner
        self.reverted = False

    @property
    def run(self) -> Run:
        return self.index.runs[-1]

    def take(self, place: int, word: str) -> None:
        """Take in a title."""
        if word == "CASTEP version":
            if self.index.runs:
                self.end_of_run(place)
            self.index.runs.append(Run(place))
            self.step = Step(len(self.index.runs) - 1)
            self.ignoring = self.reverted = False
        elif not self.index.runs:
            return
        elif word == "Total time ":
            self.run.finished = self.run.finished or bool(_TOTAL_TIME.match(self.file.data, place))
        elif word in ("type of calculation", "time step "):
            self._setting(place, word)
        elif not self.ignoring:
            self._frame_title(place, word)

    def _setting(self, place: int, word: str) -> None:
        match = _SETTING.match(self.file.data, place)
        text = match.group(1).strip() if match else b""
        if word == "time step ":
            number, *unit = text.split() or [b""]
            if unit and self.run.timestep is None:
                self.run.timestep = self.quantity(number, unit[0], _TIME)
        elif match and not self.run.task:  # the echo of the input has the words in comments, without a colon
            self.run.task = text.decode("latin-1")
            if self.run.task.startswith("transition state"):
                raise FormatError(
                    "a search for a transition state, whose geometries are no trajectory",
                    where=self.file.where(place),
                    fix="give the .ts file of the path, or single points of its images",
                )

    def _frame_title(self, place: int, word: str) -> None:
        step = self.step
        if word in ("Real Lattice(", "Fractional coordinates of atoms"):
            self._new_geometry()
            if not self.ignoring:
                if word == "Real Lattice(":
                    self.step.cell = place
                else:
                    self.step.positions = place
        elif word in ("starting iteration", "improving iteration", "Starting MD"):
            if word != "Starting MD" or self._begins_iteration(place):
                self._new_geometry()
        elif word == "Final Configuration:":
            step.ended = True
            self._close()
            self.ignoring = True  # the last geometry once more
        elif word == "finished iteration":
            if self.run.relaxing or not self.run.dynamic:
                step.ended = step.accepted = True
                if not self.reverted:
                    step.enthalpy = self._value(place, ENERGY)
            self.reverted = False
        elif word == "everting to":
            self.reverted = True
        elif step.md is not None:
            pass  # printed once more when the run ends: with a thermostat's forces, or the other sign
        elif word == "Forces ***":
            line = self.file.data[max(0, place - 120) : place].rsplit(b"\n", 1)[-1]
            if step.forces < 0 or b"Unconstrained" not in line:
                step.forces = place
        elif word == "Stress Tensor ***":
            step.stress = place
        elif word == "MD Data:":
            step.md = self._md_data(place)
        elif word.startswith(("SCF", "electronic")):
            step.converged = False
        elif step.forces < 0:  # behind the forces an energy is of something else, a displaced ion say
            self._energy(place, word)

    def _begins_iteration(self, place: int) -> bool:
        return bytes(self.file.data[place : place + 21]) == b"Starting MD iteration"

    def _energy(self, place: int, word: str) -> None:
        if not _VALUE.match(self.file.data, place):
            return  # the words in a sentence
        value = self._value(place, ENERGY)
        if word == "Final energy":
            self.step.final = value
            # of several basis sets, the last is the one that the run goes on with
            self.step.free = self.step.zero = self.step.dispersed = self.step.basis = np.nan
        elif word.startswith("Final free"):
            self.step.free = value
        elif word.startswith("NB est"):
            self.step.zero = value
        elif word.startswith("Dispersion"):
            self.step.dispersed = value
        else:
            self.step.basis = value

    def _new_geometry(self) -> None:
        """End the geometry before, if it was evaluated; keep its cell and positions until others come."""
        if not self.step.evaluated:
            return
        self.step.ended = True
        former = self.step
        self._close()
        if not (self.run.dynamic or self.run.relaxing):
            self.ignoring = True  # supercells and displaced ions of a phonon run
        self.step = Step(former.run, former.cell, former.positions)

    def end_of_run(self, end: int) -> None:
        """End the last geometry of a run, which reaches to byte ``end``."""
        if self.index.runs and not self.ignoring:
            static = not (self.run.dynamic or self.run.relaxing)
            if self.step.stress >= 0 and not self._is_closed(self.step.stress, end):
                self.step.stress = -1
            closed = static and self.step.forces >= 0 and self._is_closed(self.step.forces, end)
            self.step.ended = self.step.ended or self.run.finished or closed
            self._close()
            self.ignoring = True

    def _is_closed(self, place: int, end: int) -> bool:
        """Return whether a table is all there: a line of stars closes it."""
        return _CLOSING.search(self.file.data, place, end) is not None

    def _close(self) -> None:
        """Keep the geometry if it is complete."""
        step = self.step
        if not step.evaluated:
            return
        whole = step.ended and step.cell >= 0 and step.positions >= 0
        if self.run.dynamic:
            whole = step.cell >= 0 and step.positions >= 0 and step.md is not None
        if whole:
            self.index.steps.append(step)
        else:
            self.index.n_incomplete += 1

    # numbers --------------------------------------------------------------------------------------------------

    def _value(self, place: int, known: Mapping[bytes, float]) -> float:
        match = _VALUE.match(self.file.data, place)
        return self.quantity(match.group(1), match.group(2), known) if match else float("nan")

    def _md_data(self, place: int) -> Mapping[str, float] | None:
        """Return the numbers of a box of MD data; None where the file ends within it."""
        text = bytes(self.file.data[place : place + _NEAR])
        box, closed, _ = text.partition(b"xxxx")
        inner = [line.strip() for line in box.split(b"\n")[:-1]]
        if not closed or not all(line.endswith(b"x") for line in inner):
            return None
        found = {b" ".join(m.group(1).split()): (m.group(2), m.group(3)) for m in _BOX_LINE.finditer(box)}
        for label in [label for label in found if label.endswith(b"Pressure")]:  # T/=0 Pressure
            found[b"Pressure"] = found[label]
        out: dict[str, float] = {}
        for name, (key, known) in MD_FIELDS.items():
            if key in found:
                out[name] = self.quantity(*found[key], known)
        return out

    def quantity(self, number: bytes, unit: bytes, known: Mapping[bytes, float]) -> float:
        """Return a number in our unit; NaN, counted, where it or its unit is none."""
        try:
            value = float(number.lower().replace(b"d", b"e")) * known[unit]
        except (ValueError, KeyError):
            value = float("nan")
        if not np.isfinite(value):
            text = (number[:20] + b" " + unit[:20]).decode("latin-1")
            if text in self.index.odd or len(self.index.odd) < 20:
                self.index.odd[text] = self.index.odd.get(text, 0) + 1
            return float("nan")
        return value
