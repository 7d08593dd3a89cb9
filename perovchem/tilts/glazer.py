"""Glazer's symbol of a tilt system, and the space group that it has."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers

SMALLEST_TILT: Final = 1.0
"""Degrees; a smaller time-averaged tilt is written 0."""
SAME_TILT: Final = 0.5
"""Degrees; tilts that differ by less, or by less than three standard errors, get the same letter."""
DECIDED: Final = 0.5
"""Part of the larger of tilts in and out of phase that the smaller may reach for the larger to give the sign."""


@dataclass(frozen=True, slots=True)
class Glazer:
    """A tilt system after Glazer.

    Attributes
    ----------
    symbol : str
        One letter and sign for each of x, y, z, as "a-a-c+"; "?" for the sign where tilts neither in nor out of phase
        prevail, or no neighbor tells.
    space_group : str
        Of rigid octahedra tilted so; "" where a sign is open.
    forced : tuple of str
        Axes along which the cell is one octahedron long, so that no other sign was possible.
    """

    symbol: str
    space_group: str
    forced: tuple[str, ...]


def glazer(
    in_phase: Floats, out_of_phase: Floats, errors: Floats, lasting: Floats, alone: Sequence[bool]
) -> Glazer:
    r"""Return the tilt system of time-averaged tilts.

    Letters tell which tilts are equal, the signs whether octahedra that follow each other along the axis are turned
    about it the same (+) or the opposite way (-), 0 no tilt [1]_. Space groups are those of Howard & Stokes [2]_;
    equal letters are by the size of the tilts alone.

    Parameters
    ----------
    in_phase, out_of_phase : float64 (3,)
        Time-averaged tilts about x, y, z in Glazer's two patterns, degrees: see :func:`patterns`.
    errors : float64 (3,)
        Their standard errors.
    lasting : float64 (3,)
        Time-averaged tilts in whatever pattern.
    alone : three of bool
        Whether the neighbor along the axis is the octahedron itself.

    References
    ----------
    .. [1] Glazer 1972, doi 10.1107/S0567740872007976.
    .. [2] Howard & Stokes 1998, doi 10.1107/S0108768198004200.

    Examples
    --------
    >>> import numpy as np
    >>> glazer(np.array([0, 0, 9.0]), np.array([8.0, 8.0, 0]), np.zeros(3), np.array([8.0, 8, 9]), [False] * 3)
    Glazer(symbol='a-a-c+', space_group='Pnma', forced=())
    """
    signs: list[str] = []
    letters: list[str] = []
    sizes: list[float] = []
    for k in range(3):
        plus, minus = np.nan_to_num(in_phase[k]), np.nan_to_num(out_of_phase[k])
        larger, smaller = max(plus, minus), min(plus, minus)
        if not lasting[k] >= SMALLEST_TILT:
            signs.append("0")
        elif larger < SMALLEST_TILT or smaller > DECIDED * larger:
            signs.append("?")
        else:
            signs.append("+" if plus > minus else "-")
        sizes.append(float(larger if signs[k] in "+-" else lasting[k]))
        same = [
            m
            for m in range(k)
            if signs[m] == signs[k]
            and abs(sizes[k] - sizes[m]) <= max(SAME_TILT, 3 * float(np.hypot(errors[k], errors[m])))
        ]
        none = [m for m in range(k) if signs[m] == signs[k] == "0"]
        letters.append(letters[(none or same)[0]] if none or same else "abc"[k])
    forced = tuple("xyz"[k] for k in range(3) if alone[k] and signs[k] == "+")
    symbol = "".join(letter + sign for letter, sign in zip(letters, signs, strict=True))
    return Glazer(symbol, _space_group(signs, letters), forced)


def patterns(tilts: Floats, neighbors: Integers) -> Floats:
    """Return the parts of the squared tilts about each axis that alternate along no, one, two or all axes.

    From the correlations with the eight octahedra of a cube: tilts that are a sum of patterns which repeat or
    alternate along each axis have correlations ± their parts, so that a Hadamard transform finds these.

    Parameters
    ----------
    tilts : float64 (n_centers, 3)
        Time-averaged.
    neighbors : int64 (3, n_centers)
        Next center along each axis, -1 where there is none.

    Returns
    -------
    float64 (3, 2, 2, 2)
        By tilt axis and, for x, y, z, whether the pattern alternates along it; NaN where no neighbors tell.
    """
    correlations = np.full((3, 2, 2, 2), np.nan)
    for steps in itertools.product((0, 1), repeat=3):
        there = np.arange(len(tilts))
        for along in np.flatnonzero(steps):
            there = np.where(there >= 0, neighbors[along][there], -1)
        here = np.flatnonzero(there >= 0)
        for k in range(3):
            one, other = tilts[here, k], tilts[there[here], k]
            both = np.isfinite(one) & np.isfinite(other)
            squares = 0.5 * float((one**2 + other**2)[both].sum())
            if squares > 0:
                correlations[k][steps] = float((one * other)[both].sum()) / squares
    hadamard = np.array([[1, 1], [1, -1]]) / 2
    parts: Floats = np.einsum("kabc,ad,be,cf->kdef", correlations, hadamard, hadamard, hadamard)
    return np.clip(parts, 0, 1)


def _space_group(signs: Sequence[str], letters: Sequence[str]) -> str:
    """Return the space group, "" where a sign is open."""
    if "?" in signs:
        return ""
    plus = [letter for sign, letter in zip(signs, letters, strict=True) if sign == "+"]
    minus = [letter for sign, letter in zip(signs, letters, strict=True) if sign == "-"]
    kinds = len(set(plus)), len(set(minus))
    return {
        (0, 0): {(0, 0): "Pm-3m"},
        (1, 0): {(1, 0): "P4/mbm"},
        (2, 0): {(1, 0): "I4/mmm", (2, 0): "Immm"},
        (3, 0): {(1, 0): "Im-3", (2, 0): "Immm", (3, 0): "Immm"},
        (0, 1): {(0, 1): "I4/mcm"},
        (0, 2): {(0, 1): "Imma", (0, 2): "C2/m"},
        (0, 3): {(0, 1): "R-3c", (0, 2): "C2/c", (0, 3): "P-1"},
        (1, 1): {(1, 1): "Cmcm"},
        (1, 2): {(1, 1): "Pnma", (1, 2): "P2_1/m"},
        (2, 1): {(1, 1): "P4_2/nmc", (2, 1): "Pmmn"},
    }[len(plus), len(minus)][kinds]
