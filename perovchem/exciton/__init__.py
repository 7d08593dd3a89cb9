"""Exciton: reduced mass, binding energy and Bohr radius from masses and permittivity; confinement in dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from perovchem.arrays import Floats
from perovchem.dielectric import Dielectric
from perovchem.errors import MissingDataError, UsageError
from perovchem.exciton.confinement import Confinement, confinement, radius_for
from perovchem.exciton.result import CarrierMass, Exciton, ExcitonPair, Screening, combined, hydrogen
from perovchem.result import Provenance

if TYPE_CHECKING:
    from perovchem.effective_mass import EffectiveMasses, Mass, MassTensor

__all__ = [
    "CarrierMass",
    "Confinement",
    "Exciton",
    "ExcitonPair",
    "Screening",
    "bound_by",
    "carrier_mass",
    "confinement",
    "exciton",
    "radius_for",
]

Carrier = Literal["electron", "hole"]
Number = float | tuple[float, float]

SMALL: Final = 10.0
"""Å; excitons with a smaller Bohr radius are no hydrogen in a continuous dielectric (our choice of the limit)."""
ANISOTROPIC: Final = 1.1
"""Largest over smallest principal permittivity from which its being one number is told of."""

DEFINITIONS: Final = {
    "exciton": "Wannier-Mott: µ = m_e m_h/(m_e + m_h), E_b = 13.6057 eV µ/ε², a_B = .529177 Å ε/µ",
    "permittivity": "of the electrons alone (optical, high-frequency) unless asked for otherwise; of a tensor the "
    "geometric mean of its principal values",
    "mass_of_a_carrier": "from tensors with verdict ok the conductivity mass 3/Tr(1/m), else the harmonic mean over "
    "the directions with verdict ok, those equal by symmetry once; inverse masses are averaged over the bands that are "
    "degenerate at the edge (Baldereschi, Lipari, doi 10.1103/PhysRevB.3.439); drifting ones rather than none, told",
    "confinement": "E(R) = Eg + ħ²π²/(2 µ R²) - 1.786 e²/(4π ε0 ε R) (Brus, doi 10.1063/1.447218); strong up to 2 Bohr "
    "radii, weak from 4 (Kayanuma, doi 10.1103/PhysRevB.38.9797)",
}


def exciton(
    masses: EffectiveMasses | None = None,
    *,
    dielectric: float | ArrayLike | Dielectric,
    dielectric_su: float = 0.0,
    screening: Screening = "optical",
    electron: Number | None = None,
    hole: Number | None = None,
) -> Exciton:
    """Return binding energy and radius of the exciton: E_b = Ry µ/ε², a_B = a_0 ε/µ.

    Parameters
    ----------
    masses : EffectiveMasses, optional
        Of a band structure. Of each carrier one mass is made of them: the conductivity mass of a tensor with verdict
        ok, else the harmonic mean over the arms with verdict ok (those equal by symmetry once). Over bands that are
        degenerate at the edge, inverse masses are averaged (doi 10.1103/PhysRevB.3.439), in directions where all of
        them have a mass; a drifting one rather than none, as a missing heavy branch would make the mean too light.
        Where nothing has the verdict ok, what drifts is taken, and told: it is the mass at the edge.
        Harmonic means are right to first order in the anisotropy, which has no expectation value in
        a 1s state.
    dielectric : float, array (3, 3), or Dielectric
        Relative permittivity. Of a tensor the geometric mean of the principal values is taken.
    dielectric_su : float
        Uncertainty of that one number.
    screening : "optical" or "static"
        Which tensor of a ``Dielectric`` screens. A number that is given is taken to be of the kind that is named.
    electron, hole : float or (float, float)
        Mass, m0, both positive, or (mass, uncertainty); stand before what ``masses`` would give.

    Returns
    -------
    Exciton

    Raises
    ------
    UsageError
        If a mass or permittivity makes no sense.
    MissingDataError
        If every mass of a carrier is refused, or the file has no such tensor.

    Examples
    --------
    >>> import perovchem as pc
    >>> pc.exciton(electron=(0.11, 0.01), hole=(0.24, 0.02), dielectric=4.6).binding_energy_su
    3.27...
    """
    if screening not in ("optical", "static"):
        raise UsageError(f"there is no screening {screening!r}", fix="say optical or static")
    principal, source, origin, notes = _permittivity(dielectric, screening)
    value = float(np.prod(principal) ** (1 / 3))
    if not (math.isfinite(dielectric_su) and dielectric_su >= 0):
        raise UsageError("the uncertainty of a permittivity is below 0", fix="give a number from 0")
    if principal[2] > ANISOTROPIC * principal[0]:
        notes += (
            f"the permittivity is anisotropic ({', '.join(f'{one:.2f}' for one in principal)}): its geometric mean "
            f"{value:.2f} stands for it",
        )
    sides = {"electron": electron, "hole": hole}
    e, h = carrier_mass(masses, "electron", given=electron), carrier_mass(masses, "hole", given=hole)
    notes += tuple(
        f"the mass of the {one.carrier} holds at the edge only (drifting), and an exciton reaches to about k = 1/a_B"
        for one in (e, h)
        if "drifting" in one.rule
    )
    reduced, energy, radius = hydrogen(e.mass, h.mass, value)
    # dµ/dm_e = (µ/m_e)²
    reduced_su = combined((reduced / e.mass) ** 2 * e.mass_su, (reduced / h.mass) ** 2 * h.mass_su)
    if radius < SMALL:
        notes += (
            f"the Bohr radius of {radius:.1f} Å spans few atoms: the crystal is no continuous dielectric at such "
            "distances, and the binding energy is a rough one",
        )
    relative, screened = reduced_su / reduced, dielectric_su / value
    if masses is not None:
        origin = masses.provenance if not origin.input else origin
    return Exciton(
        electron=e,
        hole=h,
        reduced_mass=reduced,
        reduced_mass_su=reduced_su,
        permittivity=value,
        permittivity_su=dielectric_su,
        permittivity_principal=principal,
        screening=screening,
        permittivity_source=source,
        binding_energy=energy,
        binding_energy_su=energy * combined(relative, 2 * screened),
        bohr_radius=radius,
        bohr_radius_su=radius * combined(relative, screened),
        pairs=_pairs(masses, sides, value),
        notes=notes,
        provenance=_provenance(masses, origin, screening),
    )


def bound_by(binding_energy: float, *, electron: Number, hole: Number) -> Exciton:
    """Return the exciton that has a measured binding energy, with the permittivity which that needs.

    Parameters
    ----------
    binding_energy : float
        meV.
    electron, hole : float or (float, float)
        Mass, m0, or (mass, uncertainty).

    Examples
    --------
    >>> round(bound_by(49.0, electron=0.03, hole=0.12).permittivity, 2)
    2.58
    """
    vacuum = exciton(electron=electron, hole=hole, dielectric=1.0)
    value = vacuum.permittivity_for(binding_energy)
    half = vacuum.reduced_mass_su / vacuum.reduced_mass / 2  # ε goes with the root of µ, a_B with its inverse
    found = exciton(electron=electron, hole=hole, dielectric=value, dielectric_su=half * value)
    return replace(
        found,
        permittivity_source=f"from the binding energy {binding_energy:g} meV",
        binding_energy_su=0.0,
        bohr_radius_su=half * found.bohr_radius,
    )


def _permittivity(
    dielectric: float | ArrayLike | Dielectric, screening: Screening
) -> tuple[Floats, str, Provenance, tuple[str, ...]]:
    """Return principal values, where they stood, the file, and notes."""
    source, origin = "given", Provenance()
    notes: tuple[str, ...] = ()
    if isinstance(dielectric, Dielectric):
        source, origin, notes = dielectric.source, dielectric.provenance, dielectric.notes
        tensor = dielectric.electronic if screening == "optical" else dielectric.static
        if not np.isfinite(tensor).all():
            other = "optical" if screening == "static" else "static"
            raise MissingDataError(
                f"there is no {screening} permittivity",
                where=origin.input or source,
                fix=f"take the {other} one, or give a number",
            )
    else:
        tensor = np.asarray(dielectric, np.float64)
        if tensor.ndim == 0:
            tensor = np.diag(np.full(3, float(tensor)))
    if tensor.shape != (3, 3) or not np.isfinite(tensor).all():
        raise UsageError("a permittivity is a number or a tensor (3, 3)", fix="give one of these")
    principal = np.linalg.eigvalsh((tensor + tensor.T) / 2).astype(np.float64)
    if principal[0] < 1:
        raise UsageError(
            f"a permittivity of {principal[0]:.4g} is below that of vacuum",
            where=origin.input,
            fix="give the relative permittivity, 1 or more",
        )
    return principal, source, origin, tuple(notes)


def _provenance(masses: EffectiveMasses | None, origin: Provenance, screening: str) -> Provenance:
    """Return the files of both."""
    files = tuple(dict.fromkeys((*(masses.provenance.inputs if masses is not None else ()), *origin.inputs)))
    called = masses.provenance.input if masses is not None else origin.input
    return Provenance(
        input=called, inputs=files, settings={"screening": screening, "definitions": DEFINITIONS}
    )


def carrier_mass(
    masses: EffectiveMasses | None, name: Carrier, *, given: Number | None = None
) -> CarrierMass:
    """Return the one mass that stands for a carrier: as given, else of the tensors, else of the arms.

    Parameters
    ----------
    masses : EffectiveMasses or None
    name : "electron" or "hole"
    given : float or (float, float), optional
        Mass, m0, or (mass, uncertainty).

    Returns
    -------
    CarrierMass
        With the rule that made it: see :func:`exciton`.

    Raises
    ------
    MissingDataError
        If every mass of the carrier is refused.
    """
    carrier = name
    if given is not None:
        mass, error = given if isinstance(given, tuple) else (given, 0.0)
        if not (math.isfinite(mass) and mass > 0 and math.isfinite(error) and error >= 0):
            raise UsageError(f"the mass of the {carrier} is no positive number", fix="give it in m0, above 0")
        return CarrierMass(name, float(mass), float(error), "given")
    if masses is None:
        raise UsageError(f"there is no mass of the {carrier}", fix=f"give {carrier}=, or masses of bands")
    tensors = [one for one in masses.tensors if one.carrier == carrier and one.verdict != "refused"]
    if tensors and all(one.verdict == "ok" for one in tensors):
        return _of_tensors(name, tensors)
    mine = [one for one in masses.masses if one.carrier == carrier and one.verdict != "refused"]
    sound = distinct([one for one in mine if one.verdict == "ok"])
    if sound:
        states = (masses.edges.cbm if carrier == "electron" else masses.edges.vbm).degeneracy
        everything = distinct(mine)
        whole = _held(sound) >= states or _held(everything) < states
        return _of_arms(name, sound if whole else everything, states)
    if tensors:
        return _of_tensors(name, tensors)
    if mine:
        states = (masses.edges.cbm if carrier == "electron" else masses.edges.vbm).degeneracy
        return _of_arms(name, distinct(mine), states)
    told = [(one.carrier, one.reason) for one in masses.masses]
    told += [(one.carrier, one.reason) for one in masses.tensors]
    reasons = list(dict.fromkeys(reason for whose, reason in told if whose == carrier and reason))
    raise MissingDataError(
        f"no mass of the {carrier} can be quoted" + (f": {reasons[0]}" if reasons else ""),
        where=masses.provenance.input,
        fix=f"give a mass of the {carrier} by hand, or points nearer to the edge",
    )


def _of_tensors(carrier: Carrier, tensors: Sequence[MassTensor]) -> CarrierMass:
    """Average inverse masses over degenerate bands; the errors of its parts are independent."""
    inverse = np.array([1 / one.conductivity_mass for one in tensors])
    errors = np.array([one.conductivity_error / one.conductivity_mass**2 for one in tensors])
    bands = sorted({one.band for one in tensors})
    rule = f"conductivity mass of the tensor of band{'s' * (len(bands) > 1)} {', '.join(map(str, bands))}"
    rule += ", drifting" * any(one.verdict == "drifting" for one in tensors)
    mass = 1 / float(inverse.mean())
    return CarrierMass(carrier, mass, mass**2 * combined(*errors) / len(errors), rule)


def _by_direction(arms: Sequence[Mass]) -> dict[int, int]:
    """Return how many branches each direction holds."""
    held: dict[int, int] = {}
    for arm in arms:
        held[arm.direction_class] = held.get(arm.direction_class, 0) + arm.degeneracy
    return held


def _held(arms: Sequence[Mass]) -> int:
    """Return how many branches the fullest direction holds."""
    return max(_by_direction(arms).values())


def _of_arms(carrier: Carrier, arms: Sequence[Mass], states: int) -> CarrierMass:
    """Average inverse masses over the branches of each direction, then over directions.

    Directions in which a branch has no mass are left out, if there are others: the branch would be missing.
    """
    held = _by_direction(arms)
    most = max(held.values())
    arms = [arm for arm in arms if held[arm.direction_class] == most]
    directions = sum(number == most for number in held.values())
    weights = np.array([arm.degeneracy / most for arm in arms]) / directions
    inverse = float(weights @ [1 / arm.mass for arm in arms])
    error = combined(*(weights * [arm.standard_error / arm.mass**2 for arm in arms]))
    several = len({arm.band for arm in arms}) > 1
    drifts = {"ok": "", "drifting": ", drifting"}
    named = "; ".join(arm_name(arm, bands=several) + drifts[arm.verdict] for arm in arms)
    rule = f"harmonic mean of {len(arms)} arms ({named})" if len(arms) > 1 else f"of the arm {named}"
    if most < states:
        rule += f", {states - most} of {states} branches without a mass"
    return CarrierMass(carrier, 1 / inverse, error / inverse**2, rule)


def arm_name(arm: Mass, *, bands: bool = True) -> str:
    """Return an arm in a few words: "R-Γ, band 25"."""
    spin = {0: "", 1: ", spin down"}[arm.spin]
    direction = arm.direction_label or " ".join(f"{part:+.2f}" for part in arm.direction)
    return f"{direction}, band {arm.band}{spin}" if bands else f"{direction}{spin}"


def distinct(arms: Sequence[Mass]) -> list[Mass]:
    """Return arms of one band and spin that are equal by symmetry once: the most certain one."""
    kept: dict[tuple[int, int, int], Mass] = {}
    for arm in sorted(arms, key=lambda one: one.standard_error):
        kept.setdefault((arm.band, arm.spin, arm.direction_class), arm)
    return sorted(kept.values(), key=lambda one: (one.band, one.spin, one.direction_class))


def _pairs(
    masses: EffectiveMasses | None, given: dict[str, Number | None], permittivity: float
) -> tuple[ExcitonPair, ...]:
    """Return every arm of one carrier with every arm of the other."""
    if masses is None or all(number is not None for number in given.values()):
        return ()
    sides: dict[str, list[tuple[str, float]]] = {}
    for carrier, number in given.items():
        if number is not None:
            sides[carrier] = [("given", number[0] if isinstance(number, tuple) else number)]
            continue
        usable = [
            one
            for one in masses.masses
            if one.carrier == carrier
            and one.verdict != "refused"
            and math.isfinite(one.mass)
            and one.mass > 0
        ]
        drifts = {"ok": "", "drifting": " (drifting)"}
        sides[carrier] = [(arm_name(one) + drifts[one.verdict], one.mass) for one in distinct(usable)]
    return tuple(
        ExcitonPair(e_name, h_name, e, h, *hydrogen(e, h, permittivity))
        for e_name, e in sides["electron"]
        for h_name, h in sides["hole"]
    )
