"""Extended XYZ texts with a known answer, and a slow reader of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CELL = np.array([[6.0, 0.5, -0.25], [-1.0, 7.0, 0.0], [0.125, 0.75, 8.0]])


@dataclass(frozen=True)
class Xyz:
    """Frames of the same atoms; columns in the order of ``columns``, numbers written by ``number``."""

    positions: NDArray[np.float64]
    species: tuple[str, ...] = ("Pb", "I", "I", "Cs")
    cells: NDArray[np.float64] = field(default_factory=lambda: CELL[None])
    columns: tuple[str, ...] = ("species", "pos")
    more: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    number: str = "%16.8f"
    eol: str = "\n"

    def comment(self, k: int) -> str:
        cell = self.cells[min(k, len(self.cells) - 1)]
        words = ['Lattice="' + " ".join(map(repr, cell.ravel().tolist())) + '"']
        kinds = {"species": "S:1", "Z": "I:1", "masses": "R:1"}
        words.append("Properties=" + ":".join(f"{name}:{kinds.get(name, 'R:3')}" for name in self.columns))
        return " ".join([*words, *(key.format(k=k) for key in self.keys)])

    def rows(self, k: int) -> list[str]:
        out = []
        for atom, symbol in enumerate(self.species):
            words = []
            for name in self.columns:
                if name == "species":
                    words.append(f"{symbol:<2s}")
                elif name == "pos":
                    words += [self.number % float(x) for x in self.positions[k, atom]]
                else:
                    words += [self.number % float(x) for x in np.atleast_1d(self.more[name][k, atom])]
            out.append(" ".join(words))
        return out

    def text(self) -> bytes:
        lines: list[str] = []
        for k in range(len(self.positions)):
            lines += [str(len(self.species)), self.comment(k), *self.rows(k)]
        return "".join(line + self.eol for line in lines).encode()


def walk(n_frames: int = 3, n_atoms: int = 4, seed: int = 0, size: float = 12.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-size, size, (n_frames, n_atoms, 3))


def plain_read(text: str) -> list[tuple[list[str], list[list[float]]]]:
    """Return symbol and place of each atom of each frame, the columns being symbol, x, y, z first."""
    lines = text.splitlines()
    frames = []
    while lines and re.fullmatch(r"\s*\d+\s*", lines[0]):
        n = int(lines[0])
        rows = [line.split() for line in lines[2 : n + 2]]
        frames.append(([row[0] for row in rows], [[float(word) for word in row[1:4]] for row in rows]))
        lines = lines[n + 2 :]
    return frames
