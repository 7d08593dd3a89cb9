"""XDATCAR and POSCAR texts with a known answer, written the way VASP 4, 5 and 6 write them, to the last blank.

The truth of a test is the text itself: :func:`plain_read` is a slow reader of a dozen lines that takes each
number with Python's ``float``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
_LABEL = re.compile(rb"(?i)\s*(?:direct|cartesian)\s+configuration\s*=")


@dataclass
class Xdatcar:
    """What an XDATCAR says and how it is laid out.

    Attributes
    ----------
    coordinates : float (n_frames, n_atoms, 3), as they shall be written
    cell : float (3, 3) or, for a variable cell, (n_frames, 3, 3); as written, before the scale
    symbols, counts : the species lines; a symbol may carry a POTCAR suffix ("Pb_d", "I/ab12")
    scale : the text of the second line ("1", "-245.0", "1.0 1.1 1.2")
    mark : "Direct", "Cartesian", or "" for the blank line of VASP 4
    first, nblock : label of the first frame, and from one to the next
    label_width : VASP prints I6 and stars where a label needs more
    row : format of a row: F12.8 behind one blank (VASP 5 and 6)
    repeat_header : before every frame, as VASP does where the cell changes
    vasp4_header : the counts without a line of symbols
    """

    coordinates: Floats
    cell: Floats = field(default_factory=lambda: np.diag([9.0, 10.0, 11.0]))
    symbols: Sequence[str] = ("Pb", "I")
    counts: Sequence[int] = (1, 2)
    title: str = "unknown system"
    scale: str = "1"
    mark: str = "Direct"
    first: int = 1
    nblock: int = 1
    label_width: int = 6
    row: str = " %12.8f%12.8f%12.8f"
    eol: str = "\n"
    final_eol: bool = True
    repeat_header: bool = False
    vasp4_header: bool = False

    @property
    def n_atoms(self) -> int:
        """Atoms of a frame."""
        return sum(self.counts)

    def header(self, frame: int = 0) -> str:
        """The seven lines (six with ``vasp4_header``) before a frame."""
        cell = self.cell if self.cell.ndim == 2 else self.cell[frame]
        lines = [f"{self.title:40s}", f"{self.scale:>12s}"]
        lines += [" " + "".join(f"{value:12.6f}" for value in row) for row in cell]
        if not self.vasp4_header:
            lines.append(" " + "".join(f"  {symbol:3s}" for symbol in self.symbols))
        lines.append("".join(f"{count:6d}" for count in self.counts))
        return "".join(line + self.eol for line in lines)

    def label(self, frame: int) -> str:
        """The line that opens a frame."""
        if not self.mark:
            return " " + self.eol
        number = str(self.first + frame * self.nblock)
        number = number if len(number) <= self.label_width else "*" * self.label_width
        return f"{self.mark} configuration={number:>{self.label_width}s}" + self.eol

    def frame(self, frame: int) -> str:
        """Label and rows."""
        rows = "".join(self.row % tuple(row) + self.eol for row in self.coordinates[frame])
        return self.label(frame) + rows

    def text(self) -> bytes:
        """The whole file."""
        repeated = self.repeat_header or self.cell.ndim == 3
        parts = [
            (self.header(i) if repeated or i == 0 else "") + self.frame(i)
            for i in range(len(self.coordinates))
        ]
        text = "".join(parts).encode()
        return text if self.final_eol else text.removesuffix(self.eol.encode())


def walk(n_frames: int, n_atoms: int = 3, seed: int = 0, *, low: float = 0.0, high: float = 1.0) -> Floats:
    """Random coordinates, rounded to the eight decimals that VASP writes."""
    return np.round(np.random.default_rng(seed).uniform(low, high, (n_frames, n_atoms, 3)), 8)


def breathing(n_frames: int, seed: int = 0) -> Floats:
    """A triclinic cell (n_frames, 3, 3) that changes from frame to frame, six decimals, Å."""
    random = np.random.default_rng(seed)
    cell = np.array([[9.0, 0.0, 0.0], [-1.5, 10.0, 0.0], [0.7, -0.3, 11.0]])
    return np.round(cell + random.uniform(-0.1, 0.1, (n_frames, 3, 3)), 6)


def plain_read(text: bytes, n_atoms: int, *, blank: bool = False, header_lines: int = 7) -> Floats:
    """Read every whole frame with Python's ``float``: the oracle, (n_frames, n_atoms, 3).

    A frame is a label (or, with ``blank``, a blank line behind the header) and ``n_atoms`` rows.
    """
    lines = text.split(b"\n")
    frames: list[list[list[float]]] = []
    for i, line in enumerate(lines):
        opens = (i >= header_lines and not line.strip()) if blank else _LABEL.match(line) is not None
        rows = lines[i + 1 : i + 1 + n_atoms]
        if opens and len(rows) == n_atoms and all(row.strip() for row in rows):
            frames.append([[to_float(word) for word in _NUMBER.findall(row)[:3]] for row in rows])
    return np.array(frames).reshape(-1, n_atoms, 3)


def to_float(word: bytes) -> float:
    """Python's ``float``, with Fortran's D for an exponent."""
    return float(word.lower().replace(b"d", b"e"))


def same_bits(a: Floats, b: Floats) -> bool:
    """Equal to the last bit, the sign of zero included."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def poscar(
    coordinates: Floats,
    *,
    cell: Floats,
    symbols: Sequence[str],
    counts: Sequence[int],
    mode: str = "Direct",
    scale: str = "1.0",
    selective: bool = False,
    velocities: bool = False,
    title: str = "a title",
    vasp4: bool = False,
    predictor: bool = False,
    eol: str = "\n",
) -> bytes:
    """Write a POSCAR or CONTCAR: 16 decimals, flags, and the velocity block of molecular dynamics."""
    lines = [title, f"   {scale}"]
    lines += ["  " + "".join(f"{value:22.16f}" for value in row) for row in cell]
    lines += [] if vasp4 else ["   " + "   ".join(symbols)]
    lines += ["   " + "   ".join(map(str, counts))]
    lines += ["Selective dynamics"] if selective else []
    lines += [mode]
    flags = "   T   F   T" if selective else ""
    lines += ["".join(f"{value:20.16f}" for value in row) + flags for row in coordinates]
    if velocities:
        lines += [" "] + ["".join(f"{value:16.8E}" for value in row) for row in 0.01 * coordinates]
    if predictor:
        lines += [" ", "           1", "  0.10000000E+01", "  0.0 0.0 0.0 0.0"]
        lines += ["".join(f"{value:16.8E}" for value in row) for row in coordinates]
    return (eol.join(lines) + eol).encode()


SMALL = Xdatcar(walk(5, low=-1.0))

#: Ways in which XDATCARs are written, by what is particular about them.
LAYOUTS = {
    "VASP 5": SMALL,
    "one frame": replace(SMALL, coordinates=walk(1)),
    "one atom": replace(SMALL, coordinates=walk(6, 1), symbols=("Cs",), counts=(1,)),
    "species of no atoms": replace(SMALL, symbols=("Pb", "O", "I"), counts=(1, 0, 2)),
    "variable cell": replace(SMALL, cell=breathing(5)),
    "header repeated, one cell": replace(SMALL, repeat_header=True),
    "blank lines of VASP 5.2": replace(SMALL, mark=""),
    "VASP 4: no symbols": replace(SMALL, mark="", title="Pb I", vasp4_header=True),
    "VASP 4 with labels": replace(SMALL, title="Pb I", vasp4_header=True),
    "Windows line ends": replace(SMALL, eol="\r\n"),
    "Windows, variable cell": replace(SMALL, eol="\r\n", cell=breathing(5)),
    "Windows, blank lines": replace(SMALL, eol="\r\n", mark=""),
    "no last line end": replace(SMALL, final_eol=False),
    "no last line end, one atom": replace(
        SMALL, coordinates=walk(6, 1), symbols=("Cs",), counts=(1,), final_eol=False
    ),
    "no last line end, variable cell": replace(SMALL, cell=breathing(5), final_eol=False),
    "no last line end, blank lines": replace(SMALL, mark="", final_eol=False),
    "every fiftieth step": replace(SMALL, first=50, nblock=50),
    "labels grow": replace(SMALL, first=8, label_width=1, coordinates=walk(7)),
    "columns glued by signs": replace(SMALL, row="%11.8f%11.8f%11.8f", coordinates=-walk(5)),
    "rows of any width": replace(SMALL, row="%.8f %.8f %.8f", coordinates=walk(9, low=-12, high=12)),
    "far outside the cell": replace(SMALL, coordinates=walk(5, low=-99, high=99)),
    "tabs": replace(SMALL, row="\t%.8f\t%.8f\t%.8f"),
    "plus signs": replace(SMALL, row=" %+.8f %+.8f %+.8f"),
    "exponents": replace(SMALL, row=" %.12E %.12e %.12E"),
    "seventeen digits": replace(SMALL, row=" %20.16f%20.16f%20.16f"),
    "few digits": replace(SMALL, row=" %.3f %.2f %.1f"),
    "symbols behind the rows": replace(SMALL, row="%.6f %.6f %.6f Pb"),
    "POTCAR suffixes": replace(SMALL, symbols=("Pb_d", "I/9fd9d0a28a1b")),
    "suffixes of both kinds": replace(SMALL, symbols=("Pb_d_GW/ab12", "I_s")),
    "title of digits": replace(SMALL, title="2me 300K, 1 fs", cell=breathing(5)),
    "title of three numbers": replace(SMALL, title="0.5 0.5 0.5", cell=breathing(5)),
    "no title": replace(SMALL, title="", cell=breathing(5)),
    "stars for the label": replace(SMALL, first=999_997, label_width=6),
}
