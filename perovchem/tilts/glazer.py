"""Glazer's symbol of a tilt system, and the space group that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats

SMALLEST_TILT: Final = 1.0
"""Degrees; a smaller time-averaged tilt is written 0."""
SAME_TILT: Final = 0.5
"""Degrees; tilts that differ by less, or by less than three standard errors, get the same letter."""
DECIDED: Final = 0.5
"""Size of the correlation of time-averaged tilts between neighbors from which on they are in or out of phase."""


@dataclass(frozen=True, slots=True)
class Glazer:
    """A tilt system after Glazer.

    Attributes
    ----------
    symbol : str
        One letter and sign for each of x, y, z, as "a-a-c+"; "?" for the sign where neighbors agree in neither.
    space_group : str
        Of rigid octahedra tilted so; "" where a sign is open.
    forced : tuple of str
        Axes along which the cell is one octahedron long, so that no other sign was possible.
    """

    symbol: str
    space_group: str
    forced: tuple[str, ...]


def glazer(amplitudes: Floats, errors: Floats, phases: Floats, alone: Sequence[bool]) -> Glazer:
    r"""Return the tilt system of time-averaged tilts.

    Letters tell which tilts are equal, the signs whether octahedra that follow each other along the axis are turned
    about it the same (+) or the opposite way (-), 0 no tilt [1]_. Space groups are those of Howard & Stokes [2]_;
    equal letters are by the size of the tilts alone.

    Parameters
    ----------
    amplitudes, errors : float64 (3,)
        Root mean square of the time-averaged tilt about x, y, z, and standard errors, degrees.
    phases : float64 (3,)
        Correlation of it between neighbors along the same axis.
    alone : three of bool
        Whether the neighbor along the axis is the octahedron itself.

    References
    ----------
    .. [1] Glazer 1972, doi 10.1107/S0567740872007976.
    .. [2] Howard & Stokes 1998, doi 10.1107/S0108768198004200.

    Examples
    --------
    >>> import numpy as np
    >>> glazer(np.array([8.0, 8.0, 9.0]), np.zeros(3), np.array([-1.0, -1.0, 1.0]), [False] * 3)
    Glazer(symbol='a-a-c+', space_group='Pnma', forced=())
    """
    signs: list[str] = []
    letters: list[str] = []
    for k in range(3):
        if not amplitudes[k] >= SMALLEST_TILT:  # also where undefined
            signs.append("0")
        else:
            signs.append("+" if phases[k] > DECIDED else "-" if phases[k] < -DECIDED else "?")
        letter = "abc"[k]
        for m in range(k):
            limit = max(SAME_TILT, 3 * float(np.hypot(errors[k], errors[m])))
            both_none = signs[k] == signs[m] == "0"
            both_tilted = signs[k] != "0" != signs[m]
            if both_none or (both_tilted and abs(amplitudes[k] - amplitudes[m]) <= limit):
                letter = letters[m]
                break
        letters.append(letter)
    forced = tuple("xyz"[k] for k in range(3) if alone[k] and signs[k] != "0")
    symbol = "".join(letter + sign for letter, sign in zip(letters, signs, strict=True))
    return Glazer(symbol, _space_group(signs, letters), forced)


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
