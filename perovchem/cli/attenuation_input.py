"""What is typed for ``perovchem attenuate``: materials, densities, lengths, spectra and filters."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from perovchem.cli.common import pairs
from perovchem.errors import UsageError, nearest

if TYPE_CHECKING:
    from perovchem.attenuation import Filter
    from perovchem.crystal import Crystal
    from perovchem.photon_spectrum import PhotonSpectrum

_MILLIMETERS: Final = {
    "": 1.0,
    "mm": 1.0,
    "cm": 10.0,
    "um": 1e-3,
    "µm": 1e-3,
    "μm": 1e-3,
    "nm": 1e-6,
    "m": 1e3,
}
DEFAULT_LINES: Final = (30.0, 50.0, 70.0)


def length(text: str) -> float:
    """Return a length in mm.

    Examples
    --------
    >>> length("1"), length("60um"), length("0.1 cm")
    (1.0, 0.06, 1.0)
    """
    match = re.fullmatch(r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*([a-zµμ]*)", text.strip())
    if not match or match[2] not in _MILLIMETERS:
        raise UsageError(
            f"cannot read the length {text[:40]!r}", fix="write a number of mm, or as 60um, 0.1cm"
        )
    value = round(float(match[1]) * _MILLIMETERS[match[2]], 12)
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"the length {text[:40]} is not above 0", fix="give one above 0")
    return value


def densities(texts: Sequence[str], materials: Sequence[str]) -> dict[str, float]:
    """Return densities by material: as MATERIAL=VALUE, or in the order of the materials."""
    plain = [text for text in texts if "=" not in text]
    found = pairs([text for text in texts if "=" in text], "the density")
    for name in found:
        if name not in materials:
            raise UsageError(
                f"a density is given for {name}, which is not there", fix=nearest(name, materials)
            )
    if len(plain) > len(materials):
        raise UsageError(
            f"{len(plain)} densities for {len(materials)} materials",
            fix="give one per material, in their order",
        )
    for name, value in zip((one for one in materials if one not in found), plain, strict=False):
        found[name] = value
    return {name: number(value, f"the density of {name}") for name, value in found.items()}


def number(text: str, what: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{what} {text[:40]!r} is no number", fix="write a number") from None


@cache
def detectors() -> dict[str, dict[str, Any]]:
    """Return the materials to compare with."""
    text = resources.files("perovchem.attenuation").joinpath("detectors.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def named(
    materials: Sequence[str], given: dict[str, float], against: Sequence[str]
) -> list[tuple[str, str | Crystal, float | None]]:
    """Return name, formula or crystal, and density of everything that is compared."""
    from perovchem import reference
    from perovchem.attenuation.material import Material, material
    from perovchem.structure_reading import read_structure

    found: list[tuple[str, Any, float | None]] = []
    for one in dict.fromkeys(materials):
        is_structure = os.path.exists(one) or one in reference.entries()
        found.append((one, read_structure(one) if is_structure else one, given.get(one)))
    there = {formula for name, source, _ in found for formula in (name, getattr(source, "formula", name))}
    wanted = [*detectors()] if "all" in against else list(against)
    for name in wanted:
        if name not in detectors():
            raise UsageError(
                f"there is no detector material {name!r}", fix=nearest(name, [*detectors(), "all"])
            )
        if name in there:
            continue
        entry = detectors()[name]
        called = f"{name} (density estimated)" if entry.get("estimated") else name
        if "structure" in entry:
            crystal = read_structure(entry["structure"])
            made = material(crystal)
            made = Material(name, made.atoms, made.density, f"from the cell of {entry['structure']}")
        else:
            plain = material(entry["formula"], density=entry["density"])
            made = Material(called, plain.atoms, plain.density, entry["source"], plain.notes)
        found.append((called, made, None))
    return found


def spectra(
    lines: Sequence[float], texts: Sequence[str], filters: Sequence[str]
) -> list[tuple[str, PhotonSpectrum, list[Filter]]]:
    """Return name, spectrum and filters of everything that is asked."""
    from perovchem.photon_spectrum import PhotonSpectrum

    shared = [sheet(text) for text in filters]
    if shared and not texts:
        raise UsageError("a filter does nothing to a line", fix="give a --spectrum, or leave --filter out")
    asked = lines or ([] if texts else DEFAULT_LINES)
    found: list[tuple[str, PhotonSpectrum, list[Filter]]] = [
        (f"{energy:g} keV", PhotonSpectrum.line(energy), []) for energy in asked
    ]
    for text in texts:
        source, *behind = [text] if os.path.exists(text) else text.split("+")
        found.append((text, _spectrum(source), [*map(sheet, behind), *shared]))
    return found


def _spectrum(text: str) -> PhotonSpectrum:
    from perovchem.photon_spectrum import PhotonSpectrum
    from perovchem.readers.photon_spectrum import read_photon_spectrum

    kind, *rest = text.split(":")
    if kind == "kramers" and len(rest) in (1, 2) and not os.path.exists(text):
        voltage = number(rest[0].lower().removesuffix("kv"), "the voltage")
        if len(rest) == 1:
            return PhotonSpectrum.kramers(voltage)
        return PhotonSpectrum.kramers(voltage, lowest=number(rest[1], "the lowest energy"))
    if kind == "kramers" and not os.path.exists(text):
        raise UsageError(f"cannot read the spectrum {text[:40]!r}", fix="write kramers:70, or kramers:70:10")
    return read_photon_spectrum(text)


def sheet(text: str) -> Filter:
    """Return a filter from ELEMENT:mm or FORMULA:mm:DENSITY."""
    from perovchem.attenuation import Filter

    formula, *rest = text.split(":")
    if len(rest) not in (1, 2) or not formula:
        raise UsageError(f"cannot read the filter {text[:40]!r}", fix="write Al:2.5, Cu:100um or H2O:10:1.0")
    density = number(rest[1], "the density of the filter") if len(rest) == 2 else None
    found = Filter(formula, length(rest[0]), density)
    found.material()  # a wrong formula is told here
    return found
