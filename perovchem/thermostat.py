"""What a thermostat does to the times of a run: a sentence for every result that holds a rate or a time."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from perovchem.frames import Frames

STOCHASTIC: Final = ("a Langevin", "an Andersen")
"""How notes begin about thermostats that push single atoms, so that momentum is not kept and flow is screened."""
UNKNOWN: Final = (
    "thermostat unknown: nothing beside the trajectory states how the temperature was held; a Langevin or "
    "Andersen thermostat would change rates, lifetimes and diffusion coefficients"
)
_SLOWED: Final = (
    "rates, lifetimes and diffusion coefficients are those of the damped motion, not physical ones"
)
_FRICTION: Final = re.compile(r"friction(?:\s+of)?\s+(\d*\.?\d+(?:e[-+]?\d+)?)\s*/?\s*(fs|ps)", re.IGNORECASE)
_BEFORE: Final = re.compile(r";|\b(?:after|before|equilibrated|following)\b", re.IGNORECASE)
"""What follows tells of an equilibration, not of what is recorded."""
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?")
_PICOSECONDS: Final = {"fs": 1e-3, "ps": 1.0, "ns": 1e3}


def thermostat_note(frames: Frames) -> str | None:
    """Return what must be said about the thermostat beside a rate or a time, or None.

    Read from what is known of the run: the ensemble of a bundled trajectory, VASP's MDALGO, SMASS,
    LANGEVIN_GAMMA (one per element, 1/ps) and ANDERSEN_PROB, or the table of molecular-dynamics parameters
    of CASTEP.

    Parameters
    ----------
    frames : Frames

    Returns
    -------
    str or None
        A sentence with the friction where a Langevin thermostat acted, with the collision probability for
        Andersen's, for rescaled velocities, and "thermostat unknown ..." where nothing is stated. None for
        NVE and for thermostats that leave single molecules nearly alone (Nosé-Hoover, its chains, CSVR).

    Examples
    --------
    >>> import perovchem as pc
    >>> import warnings; warnings.simplefilter("ignore")
    >>> thermostat_note(pc.read_frames("gbl_solution"))
    'a Langevin thermostat with a friction of 10 /ps acted: ...'
    """
    metadata = frames.source.metadata
    if metadata.ensemble:
        return _of_ensemble(metadata.ensemble)
    settings = metadata.settings
    if any(key in settings for key in ("using", "ensemble")):
        return _of_castep(settings)
    if any(key in settings for key in ("MDALGO", "SMASS", "IBRION")):
        return _of_vasp(settings)
    return UNKNOWN


def _of_ensemble(text: str) -> str | None:
    """Judge a sentence such as "NVT, Langevin, 300 K, friction .01/fs" up to what came before the run."""
    text = _BEFORE.split(text)[0]
    if text.strip().upper().startswith("NVE"):
        return None
    if "langevin" in text.lower():
        found = _FRICTION.search(text)
        return _langevin([float(found[1]) / _PICOSECONDS[found[2].lower()]] if found else [])
    return _ANDERSEN if "andersen" in text.lower() else None


_ANDERSEN: Final = f"an Andersen thermostat acted: it redraws velocities at random, and {_SLOWED}"


def _langevin(frictions: list[float]) -> str | None:
    """Say what frictions (1/ps) do; nothing where all are 0, which is NVE."""
    if not frictions:
        return f"a Langevin thermostat of unknown friction acted: {_SLOWED}"
    low, high = min(frictions), max(frictions)
    if high <= 0:
        return None
    between = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return (
        f"a Langevin thermostat with a friction of {between} /ps acted: motion slower than {1 / high:.3g} ps is "
        f"damped, and {_SLOWED}"
    )


def _numbers(text: str) -> list[float]:
    """Return the finite numbers of a setting; "3*5.0" stands for three of them."""
    found = [
        float(word.lower().replace("d", "e")) for word in _NUMBER.findall(re.sub(r"\b\d+\s*\*", " ", text))
    ]
    return [value for value in found if math.isfinite(value)]


def _of_vasp(settings: Mapping[str, str]) -> str | None:
    """Judge MDALGO and what belongs to it; its default of 0 leaves the choice to SMASS, whose default is -3, NVE."""
    first = {key: (_numbers(settings.get(key, "")) or [math.nan])[0] for key in ("MDALGO", "SMASS")}
    algorithm = 0.0 if math.isnan(first["MDALGO"]) else first["MDALGO"]
    if algorithm == 3:
        return _langevin(_numbers(settings.get("LANGEVIN_GAMMA", "")) or [0.0])
    if algorithm in (1, 11, 13):  # 11: with metadynamics
        chance = _numbers(settings.get("PSUBSYS" if algorithm == 13 else "ANDERSEN_PROB", "")) or [0.0]
        return f"{_ANDERSEN} (probability per step {max(chance):g})" if max(chance) > 0 else None
    if algorithm == 0 and first["SMASS"] == -1:
        return "velocities were rescaled to a set temperature (SMASS = -1): rates and times are disturbed"
    return None


def _of_castep(settings: Mapping[str, str]) -> str | None:
    """Judge the table of molecular-dynamics parameters of a .castep."""
    if "langevin" not in settings.get("using", "").lower() or "NVE" in settings.get("ensemble", ""):
        return None
    words = settings.get("with characteristic ionic time", "").split()
    time = _numbers(words[0]) if len(words) > 1 and words[1] in _PICOSECONDS else []
    return _langevin([1 / (time[0] * _PICOSECONDS[words[1]])] if time and time[0] > 0 else [])
