"""All terms of a cycle must be computed at one level of theory; what was allowed to differ is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perovchem.binding.declared import Study
from perovchem.binding.species import Species
from perovchem.errors import InputError, warn
from perovchem.level_of_theory import LevelOfTheory, level_differences, silent_about

_SHOWN: Final = 4
"""Differences that an error lists."""


def check_levels(species: Mapping[str, Species], study: Study) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was allowed to differ, and what is only noted.

    Energies are compared with energies, and vibrations that were computed apart with one another.

    Raises
    ------
    InputError
        If levels differ in what must match and is not overridden.
    """
    allowed: list[str] = []
    noted: list[str] = []
    apart = any(
        conformer.energy is not None for one in study.components.values() for conformer in one.conformers
    )
    for use in ("energy", "vibrations") if apart else ("energy",):
        levels = _levels(species, use)
        if len(levels) < 2:
            continue
        strict = {name: silent_about(level, study.override) for name, level in levels.items()}
        wrong, _ = level_differences(strict)
        if wrong:
            more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            raise InputError(
                f"levels of theory differ ({use}): {'; '.join(wrong[:_SHOWN])}{more}",
                where=study.where,
                fix="compute every species at one level, or list the fields in override = [...]",
            )
        must, told = level_differences(levels)
        allowed += [f"allowed by override ({use}): {sentence}" for sentence in must]
        noted += told
    for sentence in allowed:
        warn(sentence)
    return tuple(allowed), tuple(dict.fromkeys(noted))


def _levels(species: Mapping[str, Species], use: str) -> dict[str, LevelOfTheory]:
    """Return the levels of every component; several only where its conformers differ."""
    found: dict[str, LevelOfTheory] = {}
    for one in species.values():
        own: list[LevelOfTheory] = []
        for its_use, calculation in one.calculations:
            if use == "vibrations" and calculation.vibrations is None:
                continue
            if its_use in (use, "both") and calculation.level not in own:
                found[one.name if not own else f"{one.name} ({calculation.name})"] = calculation.level
                own.append(calculation.level)
    return found
