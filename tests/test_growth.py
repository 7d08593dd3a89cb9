"""Growth: closed forms of Carslaw and Jaeger, Stefan's similarity, eigenfunctions of a box, and the balance of solute."""

from __future__ import annotations

import math

import numpy as np
import oracles_growth as truth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from validation import algebra, published

import perovchem as pc
from perovchem.errors import UsageError
from perovchem.growth import felt_after, growth, limiting_container, molar_mass
from perovchem.growth.published import (
    BULK,
    CRYSTAL,
    DENSITY,
    EDGE_VELOCITY,
    FACE,
    FLUX,
    PAPER,
    SLOWEST,
    density_of,
    kinetics_for,
    time_to,
)

D, TIMES = 1e-10, [36.0, 600.0, 3600.0]
BALANCE = "solute lost by the solution less that taken by the face"


def apart(found, profile) -> float:
    """Largest difference of profiles over the bulk concentration, and whatever happens behind the last cell."""
    return max(
        float(np.abs(c - profile(x * 1e-3, t) / 1e3).max()) / found.bulk
        for t, x, c in zip(found.times, found.positions, found.concentrations, strict=True)
    )


def check(validate, found, profile, system, source, *, allowed=1e-6) -> None:
    """Everywhere within what is allowed; the row shows one diffusion length before the face."""
    assert apart(found, profile) < allowed
    reach = 1e3 * np.sqrt(found.diffusion_coefficient * found.times)
    cells = [int(np.argmin(np.abs(x - r))) for x, r in zip(found.positions, reach, strict=True)]
    ours = [c[k] / found.bulk for c, k in zip(found.concentrations, cells, strict=True)]
    exact = [
        float(profile(x[k] * 1e-3, t)[0] if np.ndim(profile(x[k] * 1e-3, t)) else profile(x[k] * 1e-3, t))
        / (1e3 * found.bulk)
        for x, k, t in zip(found.positions, cells, found.times, strict=True)
    ]
    validate(
        "Growth", "concentration near the face", system, ours=ours, truth=exact, absolute=allowed, source=source,
        digits=7,
    )  # fmt: skip
    validate(
        "Growth", BALANCE, system, ours=found.largest_imbalance, truth=0.0, absolute=1e-12,
        source=algebra("what is not created or destroyed"),
    )  # fmt: skip


def test_a_kept_face(validate) -> None:
    found = growth(diffusion=D, bulk=1.5, face=0.8, duration=3600.0, times=TIMES)
    check(
        validate, found, lambda x, t: truth.kept_concentration(x, t, D, 1500.0, 800.0)[0],
        "face kept at .8 of 1.5 mol/L, endless", algebra("error function"),
    )  # fmt: skip
    exact = [truth.kept_concentration(0.0, t, D, 1500.0, 800.0)[1] for t in TIMES]
    np.testing.assert_allclose(found.molar_flux, exact, rtol=5e-6)
    np.testing.assert_allclose(
        found.depletion_length, 1e3 * np.sqrt(math.pi * D * np.array(TIMES)), rtol=5e-6
    )


def test_kinetics(validate) -> None:
    for coefficient in (1e-7, 1e-6, 1e-4):
        found = growth(
            diffusion=D, bulk=1.5, kinetic=coefficient, solubility=0.7, duration=3600.0, times=TIMES
        )
        check(
            validate, found, lambda x, t, k=coefficient: truth.kinetics(x, t, D, 1500.0, 700.0, k)[0],
            f"flux = {coefficient:g} m/s (c - .7 mol/L), endless", algebra("Carslaw and Jaeger 1959, 2.7"),
        )  # fmt: skip
        exact = [truth.kinetics(0.0, t, D, 1500.0, 700.0, coefficient)[1] for t in TIMES]
        np.testing.assert_allclose(found.molar_flux, exact, rtol=1e-5)


def test_a_kept_flux(validate) -> None:
    found = growth(diffusion=D, bulk=1.5, flux=2e-6, crystal="MAPbI3", duration=3600.0, times=TIMES)
    flux = 2e-6 / 60 * 1e6 / molar_mass("MAPbI3")
    np.testing.assert_allclose(found.molar_flux, flux, rtol=1e-12)
    check(
        validate, found, lambda x, t: truth.kept_flux(x, t, D, 1500.0, flux), "flux kept, endless",
        algebra("integral of the error function"),
    )  # fmt: skip


def test_a_box(validate) -> None:
    """Early nothing of the wall, late one eigenfunction: from D t/L² of .004 to .36."""
    found = growth(diffusion=D, bulk=1.5, face=0.8, duration=3600.0, times=TIMES, container=1.0)
    check(
        validate, found, lambda x, t: truth.box(x, t, D, 1500.0, 800.0, 1e-3)[0], "face kept, container of 1 mm",
        algebra("series of eigenfunctions"), allowed=3e-6,
    )  # fmt: skip


@pytest.mark.parametrize("density", [4.16, 1.2])
def test_a_face_that_moves(validate, density) -> None:
    """Stefan: the face goes as 2 λ √(D t); the solution meets it at rest."""
    found = growth(
        diffusion=D, bulk=1.5, face=0.8, crystal="MAPbI3", density=density, duration=3600.0, times=TIMES
    )
    held = 1e6 * density / molar_mass("MAPbI3")
    way, _, factor = truth.stefan(3600.0, D, 1500.0, 800.0, held)
    check(
        validate, found, lambda x, t: truth.stefan(t, D, 1500.0, 800.0, held)[1](x),
        f"face that moves, crystal of {density} g/cm3", algebra("Stefan's similarity solution"), allowed=3e-6,
    )  # fmt: skip
    validate(
        "Growth", "growth velocity", f"after an hour, crystal of {density} g/cm3, λ = {factor:.3f}", unit="µm/min",
        ours=found.velocity[-1], truth=way / 2 / 3600 * 60e6, relative=2e-5, digits=6,
        source=algebra("Stefan's similarity solution"),
    )  # fmt: skip
    assert found.advanced[-1] == pytest.approx(1e3 * way, rel=2e-5)


@settings(max_examples=6, deadline=None)
@given(st.floats(-12, -8), st.floats(0.1, 3.0), st.floats(0.05, 0.95), st.floats(0, 4))
def test_only_ratios_count(exponent, bulk, part, hours) -> None:
    """Without dimensions: c/c_bulk at x/√(D t) and J √(t/D)/c_bulk are the same for all D, t and c_bulk."""
    diffusion, duration = 10.0**exponent, 10.0**hours
    found = growth(
        diffusion=diffusion, bulk=bulk, face=part * bulk, duration=duration, times=[duration], cells=300
    )
    other = growth(diffusion=1e-10, bulk=1.0, face=part, duration=100.0, times=[100.0], cells=300)
    np.testing.assert_allclose(found.concentrations / bulk, other.concentrations, rtol=1e-7)
    scaled = [
        one.molar_flux[0] * math.sqrt(one.times[0] / one.diffusion_coefficient) / one.bulk
        for one in (found, other)
    ]
    assert scaled[0] == pytest.approx(scaled[1], rel=1e-6)


def test_a_container_takes_all_it_holds_and_no_more() -> None:
    """In the end the solution has the concentration of its face; the crystal has the rest."""
    found = growth(diffusion=D, bulk=1.5, face=0.8, container=0.2, duration=36000.0)
    assert found.concentrations[-1] == pytest.approx(0.8, rel=1e-7)
    assert found.largest_imbalance < 1e-12
    assert 0 < found.limited_from < 36000
    moving = growth(
        diffusion=D, bulk=1.5, face=0.8, container=0.2, duration=36000.0, crystal="MAPbI3", density=4.16
    )
    held = 1e3 * 4.16 / molar_mass("MAPbI3")
    assert moving.advanced[-1] == pytest.approx(0.2 * (1.5 - 0.8) / (held - 0.8), rel=1e-6)


def test_when_a_container_is_felt() -> None:
    """The time of the closed form is that of the course, and container and time belong to each other."""
    after = felt_after(0.3, diffusion=D)
    course = growth(
        diffusion=D,
        bulk=1.5,
        face=0.8,
        container=0.3,
        duration=3 * after,
        times=np.linspace(after / 2, 3 * after, 80),
    )
    assert course.limited_from == pytest.approx(after, rel=2e-3)
    assert limiting_container(after, diffusion=D) == pytest.approx(0.3, rel=1e-9)
    share = (
        truth.box(0.0, after, D, 1500.0, 800.0, 0.3e-3)[1]
        / truth.kept_concentration(0.0, after, D, 1500.0, 800.0)[1]
    )
    assert share == pytest.approx(0.9, rel=1e-9)


def test_published_numbers(validate) -> None:
    """Flux, face concentration and velocity of the thin crystals: what gives what."""
    molar = FLUX * 1e6 / 60 / molar_mass(CRYSTAL)
    after = time_to(FACE, bulk=BULK, diffusion=SLOWEST, molar_flux=molar)
    found = growth(diffusion=SLOWEST, bulk=BULK, flux=FLUX, crystal=CRYSTAL, duration=after, times=[after])
    assert found.face_concentration[0] == pytest.approx(FACE, abs=1e-5)
    assert 60 < after < 75
    rate = kinetics_for(FACE, bulk=BULK, solubility=0.7, diffusion=SLOWEST, time=after)
    kinetic = growth(
        diffusion=SLOWEST, bulk=BULK, kinetic=rate, solubility=0.7, duration=after, times=[after]
    )
    assert kinetic.face_concentration[0] == pytest.approx(FACE, abs=1e-5)
    validate(
        "Growth", "flux times time over the growth of the face", "2e-5 g/(mm2 min) and 8.0 µm/min; MAPbI3 has 4.16",
        unit="g/cm3", ours=density_of(FLUX, EDGE_VELOCITY), truth=DENSITY, between=(2.0, 3.0),
        source=published("flux and edge velocity, which differ 1.7 times", PAPER),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"diffusion": -1e-10}, "diffusion coefficient of -1e-10"),
        ({"bulk": 0.0}, "concentration of 0"),
        ({"duration": math.nan}, "duration of nan"),
        ({"face": 1.6}, "does not let it grow"),
        ({"face": None}, "told by nothing"),
        ({"flux": 1e-5}, "face and flux"),
        ({"face": None, "flux": 1e-5}, "without a crystal"),
        ({"face": None, "kinetic": 1e-6}, "need a solubility"),
        ({"density": 4.0}, "without a crystal"),
        ({"crystal": "MAPbI3", "density": 0.5}, "as concentrated as the crystal"),
        ({"container": -1.0}, "container of -1"),
        ({"times": [2.0, 1.0]}, "times do not rise"),
        ({"cells": 10**9}, "cells"),
        ({"face": None, "flux": 1.0, "crystal": "MAPbI3"}, "used up"),
        ({"container": 1e-9, "duration": 1e6}, "could not be followed"),
    ],
)
def test_refusals(changes, words) -> None:
    options = {"diffusion": D, "bulk": 1.5, "face": 0.8, "duration": 60.0} | changes
    with pytest.raises(UsageError, match=words):
        pc.growth(**options)


def test_what_is_not_known_is_undefined() -> None:
    found = pc.growth(diffusion=D, bulk=1.5, face=0.8, duration=60.0, times=[30.0, 60.0])
    assert np.isnan(found.velocity).all()
    assert np.isnan(found.flux).all()
    assert "stands still" in found.notes[0]
    assert found.to_dict()["velocity"] == [None, None]
