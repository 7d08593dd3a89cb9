"""Imaginary modes: an error in a minimum, one in a transition state, never dropped in silence."""

from __future__ import annotations

from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import InputError
from perovchem.gibbs.modes import Selection

SMALL: Final = 50.0
"""1/cm up to which an imaginary mode may be inverted on request."""
_SHOWN: Final = 5


def counted(
    selection: Selection, stationary_point: str, invert_below: float | None, where: str
) -> tuple[list[str], list[str], Floats]:
    """Return kind, fate and counted wavenumber of every mode.

    Parameters
    ----------
    selection : Selection
    stationary_point : str
        "minimum" or "transition_state".
    invert_below : float or None
        1/cm.
    where : str
        For the message.

    Returns
    -------
    kinds, fates : list of str
        "imaginary" where a vibration is.
    wavenumbers : float64 (n,)
        1/cm, inverted where asked for; negative only for a reaction coordinate, which does not count.

    Raises
    ------
    InputError
        If an imaginary mode is left in a minimum, a transition state has not exactly one, or a vibration is at zero.
    """
    kinds, fates, values = list(selection.kinds), list(selection.fates), selection.wavenumbers.copy()
    vibrations = [k for k, kind in enumerate(kinds) if kind == "vibration"]
    if any(values[k] == 0 for k in vibrations):
        raise InputError(
            "a vibration is at 0 1/cm: its harmonic entropy has no bound",
            where=where,
            fix="check the frequency calculation; translations are told by mode vectors or the Hessian",
        )
    imaginary = sorted((k for k in vibrations if values[k] < 0), key=lambda k: values[k])
    coordinate = imaginary[:1] if stationary_point == "transition_state" else []
    left = []
    for k in imaginary:
        kinds[k] = "imaginary"
        if k in coordinate:
            fates[k] = "imaginary: reaction coordinate of the transition state; left out"
        elif invert_below is not None and -values[k] < invert_below:
            values[k] = -values[k]
            fates[k] = (
                f"imaginary and below {invert_below:g} 1/cm: counted with {values[k]:.4g} 1/cm by request"
            )
        else:
            left.append(k)
    if left:
        raise InputError(
            f"{_listed(values, left)} left in a {stationary_point.replace('_', ' ')}",
            where=where,
            fix=_mend(stationary_point),
        )
    if stationary_point == "transition_state" and not coordinate:
        raise InputError(
            "a transition state without an imaginary mode",
            where=where,
            fix="take it as a minimum, or check the frequency calculation",
        )
    return kinds, fates, values


def _listed(values: Floats, which: list[int]) -> str:
    """Return "an imaginary mode (1327i 1/cm) is"."""
    shown = ", ".join(f"{-value:.4g}i" for value in np.asarray(values)[which[:_SHOWN]])
    more = f" and {len(which) - _SHOWN} more" if len(which) > _SHOWN else ""
    if len(which) == 1:
        return f"an imaginary mode ({shown} 1/cm) is"
    return f"{len(which)} imaginary modes ({shown}{more} 1/cm) are"


def _mend(stationary_point: str) -> str:
    if stationary_point == "minimum":
        return (
            "displace along the mode and optimize again; a transition state is stationary_point='transition_state'; "
            f"modes below {SMALL:g} 1/cm are inverted by invert_imaginary_below"
        )
    return "displace along the other modes and optimize again"
