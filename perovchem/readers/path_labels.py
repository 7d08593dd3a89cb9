"""Names of special k-points: as people write them, and from the points themselves.

The names and the lines between them are those of Hinuma, Pizzi, Kumagai, Oba and Tanaka (doi
10.1016/j.commatsci.2016.10.015) as seekpath gives them for a standard primitive cell. They are carried to
whatever primitive cell a run was made in by the whole-number matrix between the two, and a k-point has the
name of a special point where the point group, time reversal and a reciprocal lattice vector make one of the other.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.bands import Segment
from perovchem.cell_geometry import parameters_of
from perovchem.symmetry import call_spglib, crystal_system

if TYPE_CHECKING:
    from perovchem.crystal import Crystal

TOLERANCE: Final = 0.01
"""Å an atom may be from where symmetry puts it."""
_NEAR: Final = 5e-4
"""Fractional coordinates that differ by less are those of one point: "0.333" is 1/3."""
_WHOLE: Final = 0.05
PSEUDO_CUBIC: Final = (0.02, 1.5)
"""How far lengths (relative) and angles (degrees) may be from cubic where atoms leave no such symmetry."""
_GREEK: Final = {"GAMMA": "Γ", "SIGMA": "Σ", "LAMBDA": "Λ", "DELTA": "Δ"}
_PLAIN: Final = re.compile(r"([A-Za-z]+)(?:_?\{?(\d{1,2})\}?)?('?)")
_LONGEST: Final = 20


def plain_label(text: str) -> str:
    r"""Return a name as this package writes it: "Γ" for any spelling of the zone center, "X_1", "Σ", "" for none.

    Examples
    --------
    >>> [plain_label(text) for text in ("GAMMA", "\\Gamma", "$\\Gamma$", "G", "\\xG", "Γ", "X_1", "$X_{1}$", "r")]
    ['Γ', 'Γ', 'Γ', 'Γ', 'Γ', 'Γ', 'X_1', 'X_1', 'R']
    """
    word = text.strip().strip("$").strip().lstrip("\\")
    if word in ("Γ", "G", "g", "GM", "xG", "Gamma", "gamma", "GAMMA"):
        return "Γ"
    if not word or len(word) > _LONGEST or not word.isprintable():
        return ""
    match = _PLAIN.fullmatch(word)
    if match is None:
        return word if re.fullmatch(r"[\wΓΣΛΔ']+", word) else ""
    stem, number, prime = match[1], match[2] or "", match[3]
    stem = _GREEK.get(stem.upper(), stem.upper() if len(stem) == 1 else stem)
    return stem + (f"_{number}" if number else "") + prime


@dataclass(frozen=True, slots=True, eq=False)
class SpecialPoints:
    """Special points of a lattice or crystal, in the reciprocal basis of the run.

    Attributes
    ----------
    names : tuple of str, length P
    points : float64 (P, 3)
        Fractional.
    rotations : int64 (R, 3, 3)
        What acts on fractional coordinates of k as ``rotation @ k``, time reversal included.
    lines : frozenset of (str, str)
        Which names follow each other on the lines of the source, in both directions.
    notes : tuple of str
        What was assumed.
    """

    names: tuple[str, ...]
    points: Floats
    rotations: Integers
    lines: frozenset[tuple[str, str]]
    notes: tuple[str, ...] = ()

    def candidates(self, kpoint: Floats) -> list[tuple[int, str]]:
        """Return (0 where the coordinates themselves are those of the point, else 1; name) of each that fits.

        X_1 comes behind X (with 2) where the two are one point by symmetry and no line of the source ends at X_1.
        """
        images = self.rotations @ kpoint
        found = []
        for name, point in zip(self.names, self.points, strict=True):
            gaps = images - point
            if (np.abs(gaps - np.rint(gaps)) < _NEAR).all(axis=1).any():
                found.append((int((np.abs(kpoint - point) >= _NEAR).any()), name))
        fitting = {name for _, name in found}
        ends = {name for line in self.lines for name in line}
        found = [
            (far if name in ends or name.partition("_")[0] not in fitting - {name} else 2, name)
            for far, name in found
        ]
        return sorted(found, key=lambda one: (one[0], len(one[1])))


def special_points(cell: Floats, structure: Crystal | None = None) -> SpecialPoints | None:
    """Return the special points of a crystal, or of its lattice alone where no atoms are known; None without any.

    Parameters
    ----------
    cell : float64 (3, 3)
        Direct lattice of the run, rows, Å.
    structure : Crystal, optional
        In that cell.
    """
    atoms = _atoms(structure)
    notes = [] if atoms else ["no atoms are known: the k-points are named by the lattice alone"]
    found = _of_seekpath(cell, *(atoms or _one_atom()))
    if found is not None and found[1]:
        notes = [
            "the cell is not primitive: the k-points are named by the lattice of the cell as it is given"
        ]
        found = _of_seekpath(cell, *_one_atom())
    cubic = _pseudo_cubic(cell)
    if cubic is not None and (found is None or crystal_system(found[2]) in ("triclinic", "monoclinic")):
        ideal = _of_seekpath(np.eye(3) * 5.0, *_one_atom())
        if ideal is not None:
            inverse = np.linalg.inv(cubic)
            points = ideal[0].points @ inverse.T
            rotations = np.rint(inverse @ ideal[0].rotations @ cubic).astype(np.int64)
            notes.append("the k-points are named as in a cubic cell, which this one nearly is")
            return replace(ideal[0], points=points, rotations=rotations, notes=tuple(notes))
    return None if found is None else replace(found[0], notes=tuple(notes))


def name_segments(
    segments: Sequence[Segment], kpoints: Floats, cell: Floats, *, structure: Crystal | None = None
) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Give the ends of segments that have no name theirs, and tell what was assumed.

    Parameters
    ----------
    segments : sequence of Segment
        Names that are there stay.
    kpoints : float64 (K, 3)
        Fractional.
    cell : float64 (3, 3)
        Direct lattice of the run, rows, Å.
    structure : Crystal, optional
        In that cell; without it the lattice alone tells the names.
    """
    if not segments or all(part.start_label and part.stop_label for part in segments):
        return tuple(segments), ()
    special = special_points(cell, structure)
    if special is None:
        return tuple(segments), ("no special points are known for this cell: k-points have no names",)
    named: list[Segment] = []
    before: tuple[Floats, str] | None = None
    for part in segments:
        first, last = kpoints[part.start], kpoints[part.stop - 1]
        starts = [(0, part.start_label)] if part.start_label else special.candidates(first)
        if before is not None and not part.start_label and np.abs(before[0] - first).max() < 1e-6:
            starts = [(0, before[1])]
        stops = [(0, part.stop_label)] if part.stop_label else special.candidates(last)
        begin, end = _best(
            starts, stops, special, float(np.linalg.norm((last - first) @ np.linalg.inv(cell).T)), cell
        )
        named.append(replace(part, start_label=begin, stop_label=end))
        before = (last, end)
    return tuple(named), special.notes


def _best(
    starts: list[tuple[int, str]],
    stops: list[tuple[int, str]],
    special: SpecialPoints,
    length: float,
    cell: Floats,
) -> tuple[str, str]:
    """Choose names of both ends: a line of the source of this length first, then equal coordinates, then short names.

    U and K of a face-centered lattice are one point modulo reciprocal lattice vectors: the line from X ends at U,
    that to Γ begins at K.
    """
    places = dict(zip(special.names, special.points @ np.linalg.inv(cell).T, strict=True))

    def rank(pair: tuple[tuple[int, str], tuple[int, str]]) -> tuple[int, int, int]:
        (far_start, start), (far_stop, stop) = pair
        on_line = (start, stop) in special.lines and abs(
            float(np.linalg.norm(places[start] - places[stop])) - length
        ) < 1e-3 * max(length, 1e-3)
        return (0 if on_line else 1, far_start + far_stop, len(start) + len(stop))

    pairs = [(start, stop) for start in starts or [(0, "")] for stop in stops or [(0, "")]]
    (_, begin), (_, end) = min(pairs, key=rank)
    return begin, end


def _atoms(structure: Crystal | None) -> tuple[Floats, Integers] | None:
    """Return positions and kinds for spglib."""
    if structure is None or structure.n_atoms == 0:
        return None
    species = structure.species
    kinds = {symbol: number for number, symbol in enumerate(dict.fromkeys(species), 1)}
    return structure.atoms.fractional, np.array([kinds[symbol] for symbol in species], np.int64)


def _one_atom() -> tuple[Floats, Integers]:
    """Return what shows the lattice alone."""
    return np.zeros((1, 3)), np.ones(1, np.int64)


def _of_seekpath(cell: Floats, fractional: Floats, kinds: Integers) -> tuple[SpecialPoints, bool, int] | None:
    """Return special points in the basis of the cell, whether the cell is a supercell, and the space group."""
    crystal = (np.asarray(cell, np.float64), fractional, kinds)
    found = _path(crystal)
    data = call_spglib("get_symmetry_dataset", crystal, symprec=TOLERANCE)
    if found is None or data is None:
        return None
    if abs(abs(found["volume_original_wrt_prim"]) - 1) > 0.1:
        empty = np.empty((0, 3))
        return SpecialPoints((), empty, np.empty((0, 3, 3), np.int64), frozenset()), True, int(data.number)
    standard = np.array(found["primitive_lattice"]) @ np.array(found["rotation_matrix"])
    between = standard @ np.linalg.inv(cell)
    matrix = np.rint(between)
    if (np.abs(between - matrix) > _WHOLE).any() or abs(abs(np.linalg.det(matrix)) - 1) > 1e-6:
        return None
    names, points = zip(*found["point_coords"].items(), strict=True)
    plain = tuple(_plain(name) for name in names)
    mine = np.linalg.solve(matrix, np.array(points, np.float64).T).T
    own = np.unique(np.array(data.rotations, np.int64).swapaxes(1, 2), axis=0)
    lines = {(_plain(first), _plain(second)) for first, second in found["path"]}
    both = frozenset(lines | {(second, first) for first, second in lines})
    special = SpecialPoints(plain, mine, np.concatenate([own, -own]), both)
    return special, False, int(data.number)


def _plain(name: str) -> str:
    """Return a name of seekpath as this package writes it: "SIGMA_0" is "Σ_0"."""
    stem, mark, rest = name.partition("_")
    return _GREEK.get(stem, stem) + mark + rest


def _path(crystal: Any) -> dict[str, Any] | None:
    """Return what seekpath says, None where it fails (in whichever way: it raises what it meets)."""
    import seekpath

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lattices between two kinds: either names them
        try:
            found: dict[str, Any] = seekpath.get_path(crystal, symprec=TOLERANCE)
        except Exception:  # noqa: BLE001  names are a courtesy; bands are read without them
            return None
    return found


def _pseudo_cubic(cell: Floats) -> Floats | None:
    """Return the whole-number matrix that makes nearly cubic axes of the cell, None where there is none."""
    reduced = call_spglib("niggli_reduce", np.asarray(cell, np.float64))
    if reduced is None:
        return None
    parameters = parameters_of(np.asarray(reduced, np.float64))
    mean = parameters[:3].mean()
    if (np.abs(parameters[:3] / mean - 1) > PSEUDO_CUBIC[0]).any():
        return None
    if (np.abs(parameters[3:] - 90) > PSEUDO_CUBIC[1]).any():
        return None
    matrix: Floats = np.rint(np.asarray(reduced) @ np.linalg.inv(cell))
    return matrix if abs(abs(np.linalg.det(matrix)) - 1) < 1e-6 else None
