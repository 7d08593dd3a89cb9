"""The band path that a CASTEP .cell asks for: corners, breaks, and the names in its comments."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import Segment
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.path_labels import plain_label

_BEGIN: Final = re.compile(r"\s*%block\s+(?:bs|spectral|optics)_kpoints?_path\b", re.IGNORECASE)
_END: Final = re.compile(r"\s*%endblock\b", re.IGNORECASE)
_GRID: Final = re.compile(r"\s*(?:spectral|optics|bs)_kpoints?_mp_(?:grid|spacing)\b", re.IGNORECASE)
_MOST_CORNERS: Final = 1000
_MOST_COPIES: Final = 100
_NEAR: Final = 2e-5
"""The .cell may hold fewer digits than the .bands; fractional coordinates that differ by less are one point."""
_LABEL: Final = re.compile(r"[\s:=(\[]*([$\\]?[A-Za-zΓ][\w$\\{}']{0,18})")


@dataclass(frozen=True, slots=True, eq=False)
class Corner:
    """Where a path turns.

    Attributes
    ----------
    point : float64 (3,) or None
        Fractional; None where the file gives the name alone.
    label : str
        "" where none is given.
    joined : bool
        Whether the path leads here from the corner before.
    """

    point: Floats | None
    label: str
    joined: bool


@dataclass(frozen=True, slots=True)
class AskedPath:
    """What a .cell asks a spectral calculation for; ``corners`` is empty where it asks for no path."""

    corners: tuple[Corner, ...] = ()
    is_mesh: bool = False


def read_castep_path(file: FileBytes) -> AskedPath:
    """Return the path of a .cell; what cannot be read as a corner makes it none."""
    lines = bytes(file.data[: 4 << 20]).decode("utf-8", "replace").splitlines()
    begin = next((k for k, line in enumerate(lines) if _BEGIN.match(line)), None)
    if begin is None:
        return AskedPath(is_mesh=any(_GRID.match(line) for line in lines))
    corners: list[Corner] = []
    joined = False
    for line in lines[begin + 1 : begin + 1 + _MOST_CORNERS]:
        if _END.match(line):
            break
        body, comment = _parted(line)
        words = body.split()
        if not words:
            continue
        if words[0].upper() == "BREAK":
            joined = False
            continue
        corner = _corner(words, comment, joined=joined)
        if corner is None:
            return AskedPath()
        corners.append(corner)
        joined = True
    return AskedPath(tuple(corners))


def _parted(line: str) -> tuple[str, str]:
    """Return what stands before and behind the mark of a comment."""
    parts = re.split(r"[#!;]", line, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _corner(words: list[str], comment: str, *, joined: bool) -> Corner | None:
    """Return the corner of one line."""
    if len(words) == 1 and (label := plain_label(words[0])):
        return Corner(None, label, joined)
    try:
        numbers = np.array([_fraction(word) for word in words[:3]])
    except ValueError:
        return None
    if numbers.shape != (3,) or not (np.abs(numbers) < 100).all():
        return None
    name = _LABEL.match(comment) or (_LABEL.match(" ".join(words[3:])) if len(words) > 3 else None)
    return Corner(numbers, plain_label(name[1]) if name else "", joined)


def _fraction(word: str) -> float:
    """Return a number, "1/3" too."""
    upper, _, lower = word.partition("/")
    value = float(upper.lower().replace("d", "e"))
    if lower:
        divisor = float(lower)
        if divisor == 0:
            raise ValueError(word)
        value /= divisor
    return value


def segments_between(corners: tuple[Corner, ...], kpoints: Floats) -> tuple[Segment, ...]:
    """Return the segments between corners whose points stand in ``kpoints``; () where these are not that path.

    A joint that is listed once belongs to both segments, whose rows then overlap there.
    """
    if len(corners) < 2 or any(corner.point is None for corner in corners):
        return ()
    segments: list[Segment] = []
    row, before = -1, corners[0]
    for number, corner in enumerate(corners):
        if number and corner.joined:
            stop = _reached(kpoints, row, before.point, corner.point)
            if stop < 0:
                return ()
            segments.append(Segment(row, stop + 1, before.label, corner.label))
            row = stop
        elif row + 1 < len(kpoints) and _same(kpoints[row + 1], corner.point):
            row += 1
        else:
            return ()
        if row + 1 < len(kpoints) and number + 1 < len(corners) and _same(kpoints[row + 1], corner.point):
            row += 1  # the joint is listed twice
        before = corner
    return tuple(segments) if row == len(kpoints) - 1 else ()


def _same(first: Floats, second: Floats | None) -> bool:
    return second is not None and bool((np.abs(first - second) < _NEAR).all())


def _reached(kpoints: Floats, row: int, start: Floats | None, stop: Floats | None) -> int:
    """Return the row where a straight walk from ``row`` reaches a corner, -1 where it leaves the line before."""
    if start is None or stop is None:
        return -1
    line = stop - start
    square = float(line @ line)
    if square < _NEAR**2:
        return -1
    for k in range(row + 1, len(kpoints)):
        along = float((kpoints[k] - start) @ line) / square
        if (np.abs(kpoints[k] - start - along * line) > _NEAR).any() or not -1e-3 < along < 1 + 1e-3:
            return -1
        if _same(kpoints[k], stop):
            return k
    return -1


def labels_in_order(segments: tuple[Segment, ...], corners: tuple[Corner, ...]) -> tuple[Segment, ...]:
    """Give segments that were found from the points the names of corners, where there are as many."""
    pairs = [(first.label, second.label) for first, second in itertools.pairwise(corners) if second.joined]
    if len(pairs) != len(segments):
        return segments
    return tuple(
        Segment(part.start, part.stop, part.start_label or begin, part.stop_label or end)
        for part, (begin, end) in zip(segments, pairs, strict=True)
    )


def restored_rows(kpoints: Floats, weights: Floats) -> Integers:
    """Return the rows of a path in which points that it visits again, and CASTEP lists once, stand where they belong.

    CASTEP lists a point of X-R-M-Γ-R that comes twice only once, with twice the weight. A copy belongs where the
    line before, or the line behind, goes on to it with an equal step. Unless every copy finds its place, nothing
    is changed.

    Parameters
    ----------
    kpoints : float64 (K, 3)
        Fractional, in the order of their numbers.
    weights : float64 (K,)

    Returns
    -------
    int64 (K + number of copies,)

    Examples
    --------
    >>> points = np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [0.2, 0.1, 0], [0.2, 0.2, 0], [0.1, 0.1, 0]])
    >>> restored_rows(points, np.array([2, 1, 1, 1, 1, 1]) / 7).tolist()
    [0, 1, 2, 3, 4, 5, 0]
    """
    n_points = len(kpoints)
    same = np.arange(n_points)
    least = float(weights.min())
    if not least > 0 or n_points < 3:
        return same
    times = np.rint(weights / least)
    if (np.abs(weights / least - times) > 0.05).any() or not 0 < (times - 1).sum() <= _MOST_COPIES:
        return same
    inserts: dict[int, int] = {}
    for row in np.flatnonzero(times > 1).tolist():
        gaps = [gap for gap in range(n_points + 1) if _belongs(kpoints, gap, kpoints[row])]
        if len(gaps) != int(times[row]) - 1 or any(gap in inserts for gap in gaps):
            return same
        inserts.update(dict.fromkeys(gaps, row))
    rows: list[int] = []
    for gap in range(n_points + 1):
        rows += [inserts[gap]] if gap in inserts else []
        rows += [gap] if gap < n_points else []
    return np.array(rows, np.int64)


def _belongs(kpoints: Floats, gap: int, point: Floats) -> bool:
    """Return whether a point that is missing before row ``gap`` would go on one of the lines that end there."""
    onward = 2 * kpoints[gap - 1] - kpoints[gap - 2] if gap >= 2 else None
    back = 2 * kpoints[gap] - kpoints[gap + 1] if gap + 1 < len(kpoints) else None
    if gap < len(kpoints) and _same(kpoints[gap], onward):
        return False  # the line goes on without it
    if any(0 <= k < len(kpoints) and _same(kpoints[k], point) for k in (gap - 1, gap)):
        return False  # it stands there
    return _same(point, onward) or _same(point, back)
