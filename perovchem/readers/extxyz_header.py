"""The second line of an extended XYZ frame: keys, values, columns. Nothing in it is ever evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.errors import FormatError
from perovchem.frames import Floats

MOST_COLUMNS: Final = 1000
SMALLEST_VOLUME: Final = 1e-6
"""Å3; below it, three vectors are none of a cell."""

# a quoted text that is no value is passed over first; possessive, and begun neither within a word nor at an
# escaped quote, so that no text is tried in every way
_QUOTED: Final = rb'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\''
_LIST: Final = rb"\[(?:[^\[\]]|\[[^\[\]]*+\])*+\]|\{(?:[^{}]|\{[^{}]*+\})*+\}"
PAIR: Final = re.compile(
    rb"(?<![\w.\-])([A-Za-z_][\w.\-]*+)[ \t]*+=[ \t]*+(?:(%b|%b)|([^\s\"',=]++))|(?<!\\)(?:%b)"
    % (_QUOTED, _LIST, _QUOTED)
)
_PUNCTUATION: Final = bytes.maketrans(b"[]{},\"'", b"       ")
KNOWN: Final = {
    b"Lattice": "Lattice",
    b"lattice": "Lattice",
    b"Properties": "Properties",
    b"properties": "Properties",
    b"pbc": "pbc",
    b"energy": "energy",
    b"free_energy": "free_energy",
    b"stress": "stress",
    b"virial": "virial",
    b"time": "time",
    b"Time": "time",
    b"step": "step",
    b"Step": "step",
    b"i": "step",
    b"Timestep": "Timestep",
}
_PLAIN: Final = b"species:S:1:pos:R:3"
_VOIGT: Final = np.array([0, 5, 4, 5, 1, 3, 4, 3, 2])
_TRUE: Final = (b"T", b"true", b"True", b"TRUE", b"1")
_FALSE: Final = (b"F", b"false", b"False", b"FALSE", b"0")


def key_values(comment: bytes) -> dict[str, bytes]:
    """Return the values of the keys that matter, as text; the last counts where one stands twice.

    Examples
    --------
    >>> key_values(b'i = 5, E = -1.5, Lattice="1 0 0 0 1 0 0 0 1" tag="a pbc=F"')
    {'step': b'5', 'Lattice': b'1 0 0 0 1 0 0 0 1'}
    """
    out: dict[str, bytes] = {}
    for key, boxed, bare in PAIR.findall(comment):
        name = KNOWN.get(key)
        if name is not None:
            out[name] = (boxed[1:-1] if boxed[:1] in b"\"'{" else boxed) if boxed else bare
    return out


def numbers(value: bytes) -> Floats | None:
    """Return the numbers of a value, lists of lists in one row; None where a word is none, or not finite."""
    try:
        found = np.array(
            [
                float(word.replace(b"d", b"e").replace(b"D", b"e"))
                for word in value.translate(_PUNCTUATION).split()
            ]
        )
    except ValueError:
        return None
    return found if len(found) and (np.abs(found) < 1e150).all() else None


def no_lattice(value: bytes | None, where: str) -> FormatError:
    """Return the refusal of a frame without a cell."""
    if value is None:
        return FormatError(
            "a frame without a cell: Lattice= is missing",
            where=where,
            fix='write Lattice="ax ay az bx by bz cx cy cz" (Å) into its second line; around a molecule, a box '
            "that leaves more room than the longest distance asked for",
        )
    return FormatError(
        f"Lattice={value[:80].decode('latin-1')!r} holds no three independent vectors",
        where=where,
        fix="give nine numbers, Å, vector after vector; around a molecule or slab, a box with room to spare",
    )


def tensors(found: Floats | None, n: int) -> Floats:
    """Return symmetric tensors (n, 3, 3) of nine numbers, or six in Voigt's order xx, yy, zz, yz, xz, xy.

    NaN where there are as many numbers as neither, or they are not symmetric.
    """
    if found is None or found.shape[1] not in (6, 9):
        return np.full((n, 3, 3), np.nan)
    whole: Floats = (found[:, _VOIGT] if found.shape[1] == 6 else found).reshape(-1, 3, 3).copy()
    apart = np.abs(whole - whole.transpose(0, 2, 1)).max(axis=(1, 2))
    whole[~(apart <= 1e-6 + 1e-4 * np.abs(whole).max(axis=(1, 2)))] = np.nan
    return whole


def periodic(value: bytes | None) -> tuple[bool, bool, bool] | None:
    """Return the three flags of pbc; None where they are not given or no flags."""
    words = [] if value is None else value.translate(_PUNCTUATION).split()
    if len(words) == 1:
        words *= 3
    if len(words) != 3 or any(word not in _TRUE + _FALSE for word in words):
        return None
    return words[0] in _TRUE, words[1] in _TRUE, words[2] in _TRUE


@dataclass(frozen=True, slots=True)
class Columns:
    """What the words of a row are.

    Attributes
    ----------
    first : mapping of str to int
        Words before those of "species", "Z", "pos", "forces", "velocities", "momenta", "masses".
    n_words : int
    """

    first: Mapping[str, int]
    n_words: int


_NAMES: Final = {
    "species": ("species", "S", 1),
    "symbols": ("species", "S", 1),
    "element": ("species", "S", 1),
    "Z": ("Z", "I", 1),
    "numbers": ("Z", "I", 1),
    "pos": ("pos", "R", 3),
    "positions": ("pos", "R", 3),
    "forces": ("forces", "R", 3),
    "force": ("forces", "R", 3),
    "velo": ("velocities", "R", 3),
    "vel": ("velocities", "R", 3),
    "velocities": ("velocities", "R", 3),
    "momenta": ("momenta", "R", 3),
    "masses": ("masses", "R", 1),
    "mass": ("masses", "R", 1),
}


def columns(value: bytes | None, where: str) -> Columns:
    """Read the value of Properties=; without one, a row is symbol, x, y, z.

    Raises
    ------
    FormatError
        If it is no list of name, type and count, or lacks elements or positions.
    """
    text = (_PLAIN if value is None else value).decode("latin-1")
    words = text.split(":")
    first: dict[str, int] = {}
    n_words = 0
    for name, kind, size in zip(words[::3], words[1::3], words[2::3], strict=False):
        if kind not in ("S", "I", "R", "L") or not (size.isascii() and size.isdigit() and 0 < len(size) < 5):
            raise _bad_properties(text, where)
        known = _NAMES.get(name)
        if known is not None and known[1:] == (kind, int(size)):
            first.setdefault(known[0], n_words)
        n_words += int(size)
    if len(words) % 3 or n_words > MOST_COLUMNS or "pos" not in first or not {"species", "Z"} & set(first):
        raise _bad_properties(text, where)
    return Columns(first, n_words)


def _bad_properties(text: str, where: str) -> FormatError:
    return FormatError(
        f"Properties={text[:80]!r} does not list the columns as name:type:count with species:S:1 and pos:R:3",
        where=where,
        fix="write it like Properties=species:S:1:pos:R:3:forces:R:3",
    )
