"""VASP's KPOINTS and KPOINTS_OPT: lines through reciprocal space, lists and meshes, with the names of points."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.path_labels import plain_label

Style = Literal["line", "list", "mesh"]

_MOST: Final = 64 << 20
"""Bytes; no list of points is longer."""
_LARGEST: Final = 1e3
"""Fractional coordinate, or 2π over the scale."""
_COMMENT: Final = re.compile(r"[!#]")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")


@dataclass(frozen=True, slots=True, eq=False)
class KPoints:
    """What a KPOINTS says.

    Attributes
    ----------
    path : Path
    style : "line", "list" or "mesh"
    points : float64 (n, 3)
        Of lines: both ends of each, in turn; none of a mesh.
    weights : float64 (n,)
        Of a list; else NaN.
    labels : tuple of str
        Name of each point, "" for none.
    per_segment : int
        Points of each line; 0 for lists and meshes.
    cartesian : bool
        Points in units of 2π over the scale of the POSCAR.
    """

    path: Path
    style: Style
    points: Floats
    weights: Floats
    labels: tuple[str, ...]
    per_segment: int = 0
    cartesian: bool = False


def label_in(text: str) -> str:
    r"""Return the name of a point from what follows its numbers in a line; "" for none.

    Examples
    --------
    >>> [label_in(text) for text in ("! GAMMA", "$\\Gamma$", "# R", "$\\mathrm{M}$ # a corner", "!", "X")]
    ['Γ', 'Γ', 'R', 'M', '', 'X']
    """
    words = re.sub(r"[!#]", " ", re.sub(r"\\(?:mathrm|text|mathbf|bf|rm|it)\b", "", text)).split()
    return plain_label(words[0].strip("'\"").replace("{", "").replace("}", "")) if words else ""


def read_kpoints(file: FileBytes) -> KPoints:
    """Read a KPOINTS or KPOINTS_OPT.

    Raises
    ------
    FormatError
        If a line is not what it should be; with the line.
    """
    if len(file) > _MOST:
        raise FormatError("too long for a KPOINTS", where=str(file.path), fix="name the KPOINTS of the run")
    lines = bytes(file.data[:]).decode("utf-8", "replace").splitlines()
    if len(lines) < 3:
        raise FormatError("a KPOINTS has at least four lines", where=str(file.path), fix="restore the file")
    words = _COMMENT.split(lines[1])[0].split()
    if not words or not re.fullmatch(r"\d{1,9}", words[0]):
        raise FormatError(
            f"the number of points reads {lines[1][:60]!r}",
            where=f"{file.path}, line 2",
            fix="write a whole number",
        )
    number = int(words[0])
    style = lines[2].strip().lower()
    if number == 0 or style.startswith(("a", "g", "m")):
        return KPoints(file.path, "mesh", np.empty((0, 3)), np.empty(0), ())
    if style.startswith("l"):
        units = lines[3].strip().lower() if len(lines) > 3 else ""
        points, _, labels = _points(file, lines, 4, None)
        if len(points) % 2 or not len(points):
            raise FormatError(
                f"line mode needs pairs of points, and {len(points)} are listed",
                where=str(file.path),
                fix="give both ends of each line",
            )
        unknown = np.full(len(points), np.nan)
        return KPoints(file.path, "line", points, unknown, labels, number, units.startswith(("c", "k")))
    points, weights, labels = _points(file, lines, 3, number)
    return KPoints(file.path, "list", points, weights, labels, 0, style.startswith(("c", "k")))


def _points(
    file: FileBytes, lines: list[str], first: int, number: int | None
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return points, weights and labels of the lines from ``first`` on; empty lines are passed over."""
    points: list[list[float]] = []
    weights: list[float] = []
    labels: list[str] = []
    for k in range(first, len(lines)):
        if number is not None and len(points) == number:
            break  # tetrahedra may follow
        text = lines[k]
        if not _COMMENT.split(text)[0].strip():
            continue
        if number is not None and text.strip().lower().startswith("tetra"):
            break
        numbers, rest = _leading_numbers(text)
        if len(numbers) < 3 or any(abs(value) > _LARGEST for value in numbers[:3]):
            raise FormatError(
                f"a point should be three numbers and is {text[:60]!r}",
                where=f"{file.path}, line {k + 1}",
                fix="write three numbers, a weight in a list, and then the label",
            )
        points.append(numbers[:3])
        weights.append(numbers[3] if len(numbers) > 3 else math.nan)
        labels.append(label_in(rest))
    if number is not None and len(points) < number:
        raise FormatError(
            f"{number} points are announced and {len(points)} are listed",
            where=str(file.path),
            fix="restore the file",
        )
    return np.array(points).reshape(-1, 3), np.array(weights), tuple(labels)


def _leading_numbers(text: str) -> tuple[list[float], str]:
    """Return up to four numbers that a line begins with, and what follows."""
    numbers: list[float] = []
    rest = text
    while len(numbers) < 4:
        match = _NUMBER.match(stripped := rest.lstrip())
        if not match or (stripped[match.end() :][:1] not in ("", " ", "\t", "!", "#", ",")):
            break
        value = float(match[0].lower().replace("d", "e"))
        if not math.isfinite(value):
            break
        numbers.append(value)
        rest = stripped[match.end() :].lstrip(",")
    return numbers, rest
