"""Excitons: hydrogen's formulas, the rule for one mass of many, Brus's sphere, and the numbers of Nature 561:88."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.spatial.transform import Rotation
from validation import algebra

import perovchem as pc
from perovchem.dielectric import Dielectric
from perovchem.errors import MissingDataError, UsageError
from perovchem.exciton import bound_by, confinement, exciton, radius_for
from perovchem.exciton.confinement import ATTRACTION, COULOMB
from perovchem.result import Provenance

PAPER = "10.1038/s41586-018-0451-1"
MASS = st.floats(0.02, 3.0)
EPSILON = st.floats(1.5, 30.0)


def mass(carrier: str, value: float, **changes: Any) -> SimpleNamespace:
    """An arm with what the room looks at."""
    fields = {
        "carrier": carrier, "mass": value, "standard_error": 0.01 * value, "verdict": "ok", "reason": "",
        "band": 25 if carrier == "electron" else 24, "spin": 0, "direction": np.array([1.0, 0, 0]),
        "direction_label": "R-X", "direction_class": 0, "degeneracy": 1,
    }  # fmt: skip
    return SimpleNamespace(**(fields | changes))


def masses(*arms: SimpleNamespace, tensors: tuple[SimpleNamespace, ...] = (), fold: int = 1) -> Any:
    edge = SimpleNamespace(degeneracy=fold)
    edges = SimpleNamespace(cbm=edge, vbm=edge)
    return SimpleNamespace(masses=arms, tensors=tensors, edges=edges, provenance=Provenance(input="run"))


def test_hydrogen_and_positronium_are_themselves(validate) -> None:
    """A proton and an electron in vacuum; two electron masses in vacuum."""
    proton = 1836.152673
    hydrogen = exciton(electron=1.0, hole=proton, dielectric=1.0)
    validate(
        "Excitons and confinement", "binding energy of an exciton", "hydrogen: masses 1 and 1836.15, permittivity 1",
        unit="meV", ours=hydrogen.binding_energy, truth=13598.286, relative=1e-6,
        source=algebra("13605.693 meV m_p/(m_p + m_e)"),
    )  # fmt: skip
    positronium = exciton(electron=1.0, hole=1.0, dielectric=1.0)
    validate(
        "Excitons and confinement", "exciton Bohr radius", "positronium: masses 1 and 1, permittivity 1", unit="Å",
        ours=positronium.bohr_radius, truth=2 * 0.529177210544, relative=1e-8, source=algebra("2 a_0"),
    )  # fmt: skip


@given(MASS, MASS, EPSILON)
def test_energy_times_radius_is_half_the_coulomb_energy(electron: float, hole: float, epsilon: float) -> None:
    """E_b = e²/(8π ε0 ε a_B), and the permittivity comes back from the energy."""
    found = exciton(electron=electron, hole=hole, dielectric=epsilon)
    assert found.binding_energy / 1000 == pytest.approx(COULOMB / (2 * epsilon * found.bohr_radius), rel=1e-8)
    assert found.permittivity_for(found.binding_energy) == pytest.approx(epsilon, rel=1e-12)
    other = exciton(electron=hole, hole=electron, dielectric=epsilon)
    assert other.binding_energy == pytest.approx(found.binding_energy, rel=1e-14)


def test_errors_are_those_of_many_draws() -> None:
    """Propagated errors against the spread of 200 000 random masses and permittivities of 1 %."""
    random = np.random.default_rng(5)
    e, h, epsilon = (mean * (1 + 0.01 * random.standard_normal(200_000)) for mean in (0.11, 0.24, 4.6))
    mu = e * h / (e + h)
    found = exciton(electron=(0.11, 0.0011), hole=(0.24, 0.0024), dielectric=4.6, dielectric_su=0.046)
    assert found.reduced_mass_su == pytest.approx(mu.std(), rel=0.02)
    assert found.binding_energy_su == pytest.approx((13605.693 * mu / epsilon**2).std(), rel=0.02)
    assert found.bohr_radius_su == pytest.approx((0.529177 * epsilon / mu).std(), rel=0.02)
    dot = confinement(found, radii=48.0, gap=2.02, gap_su=0.01)
    drawn = 7.61996 * np.pi**2 / (2 * mu * 48**2) - 1.786 * 14.39964 / (epsilon * 48)
    assert dot.shifts_su[0] == pytest.approx(drawn.std(), rel=0.02)
    assert dot.gaps_su[0] == pytest.approx(math.hypot(drawn.std(), 0.01), rel=0.02)


@pytest.mark.parametrize(("pair", "needed"), [((0.11, 0.24), 4.58), ((0.03, 0.12), 2.58)])
def test_the_permittivity_that_the_published_binding_energy_needs(pair, needed, validate) -> None:
    """49 meV with the published masses of CsPbBr3."""
    found = exciton(electron=pair[0], hole=pair[1], dielectric=4.6)
    validate(
        "Excitons and confinement", "permittivity that a binding energy needs",
        f"49 meV with masses {pair[0]:g} and {pair[1]:g} m0 (CsPbBr3)",
        ours=found.permittivity_for(49.0),
        truth=math.sqrt(13605.693 * pair[0] * pair[1] / sum(pair) / 49.0), relative=1e-6,
        source=algebra("sqrt(Ry µ/E_b) of the published masses and energy, doi " + PAPER),
    )  # fmt: skip
    assert round(found.permittivity_for(49.0), 2) == needed


def test_the_published_dots_shift_less_than_is_published(validate) -> None:
    """2.02 eV in the bulk, 2.22 eV in dots of 9.6 nm: Brus's formula gives half of that."""
    mu = 0.075
    found = exciton(electron=2 * mu, hole=2 * mu, dielectric=4.6)
    dot = confinement(found, radii=48.0, gap=2.02)
    by_hand = 7.619964 * math.pi**2 / (2 * mu * 48.0**2) - 1.786 * 14.399645 / (4.6 * 48.0)
    validate(
        "Excitons and confinement", "shift of the gap in a dot", "radius 48 Å, reduced mass .075 m0, permittivity 4.6",
        unit="eV", ours=dot.shifts[0], truth=by_hand, relative=1e-5, source=algebra("Brus's formula, by hand"),
    )  # fmt: skip
    assert round(float(dot.shifts[0]), 2) == 0.10
    assert round(float(dot.gaps[0]), 2) == 2.12
    radius = radius_for(found, 0.20)
    assert round(radius / 10, 1) == 3.8
    assert confinement(found, radii=radius).shifts[0] == pytest.approx(0.20, rel=1e-12)


def test_two_particles_in_a_sphere_attract_by_1_786(validate) -> None:
    """<R/|r1 - r2|> over j0(πr) j0(πr'): shell by shell, 1/max(r1, r2)."""

    def integrand(inner: float, outer: float) -> float:
        return 2 * (2 * math.sin(math.pi * inner) ** 2) * (2 * math.sin(math.pi * outer) ** 2) / outer

    mean = dblquad(integrand, 0, 1, 0, lambda outer: outer)[0]
    validate(
        "Excitons and confinement", "attraction in a sphere", "two particles in the lowest state, unit radius",
        ours=ATTRACTION, truth=mean, absolute=5e-4, source=algebra("∬ 4 sin²(πr) sin²(πr')/max(r, r') dr dr'"),
    )  # fmt: skip


@given(MASS, MASS, EPSILON, st.floats(5.0, 500.0))
def test_radius_is_the_inverse_of_the_shift(
    electron: float, hole: float, epsilon: float, radius: float
) -> None:
    found = exciton(electron=electron, hole=hole, dielectric=epsilon)
    dot = confinement(found, radii=radius)
    minimum = 2 * dot.kinetic[0] * radius / -dot.coulomb[0]  # where the formula turns up again
    back = radius_for(found, float(dot.shifts[0]))
    if radius < 0.99 * minimum:
        assert back == pytest.approx(radius, rel=1e-6)
    else:
        assert back <= minimum * (1 + 1e-6) or math.isnan(back)
    assert math.isnan(radius_for(found, -1e3))


def test_a_measured_energy_stands_for_the_permittivity() -> None:
    """E_b is what was measured; ε and a_B carry the errors of the masses, drawn at random."""
    found = bound_by(49.0, electron=(0.11, 0.0011), hole=(0.24, 0.0024))
    random = np.random.default_rng(6)
    e, h = (mean * (1 + 0.01 * random.standard_normal(200_000)) for mean in (0.11, 0.24))
    mu = e * h / (e + h)
    epsilon = np.sqrt(13605.693 * mu / 49.0)
    assert found.binding_energy == pytest.approx(49.0, rel=1e-12)
    assert (found.permittivity, found.permittivity_su) == (
        pytest.approx(epsilon.mean(), rel=1e-3),
        pytest.approx(epsilon.std(), rel=0.02),
    )
    assert found.bohr_radius_su == pytest.approx((0.529177 * epsilon / mu).std(), rel=0.02)
    assert found.permittivity_source == "from the binding energy 49 meV"


def test_regimes_stand_against_the_bohr_radius() -> None:
    found = exciton(electron=0.11, hole=0.24, dielectric=4.6)
    a = found.bohr_radius
    dot = confinement(found, radii=[1.9 * a, 2.1 * a, 3.9 * a, 4.1 * a])
    assert dot.regimes == ("strong", "intermediate", "intermediate", "weak")
    expected = 7.619964 * math.pi**2 / (2 * 0.35 * (4.1 * a) ** 2) - found.binding_energy / 1000
    assert dot.weak_shifts[-1] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(dot.gaps).all()


@given(st.lists(st.floats(1.0, 20.0), min_size=3, max_size=3), st.integers(0, 2**31))
def test_a_turned_tensor_screens_the_same(principal: list[float], seed: int) -> None:
    turn = Rotation.random(random_state=seed).as_matrix()
    tensor = turn @ np.diag(np.asarray(principal) + 0.01) @ turn.T
    found = exciton(electron=0.2, hole=0.3, dielectric=tensor)
    assert found.permittivity == pytest.approx(np.prod(np.asarray(principal) + 0.01) ** (1 / 3), rel=1e-9)
    told = any("anisotropic" in note for note in found.notes)
    assert told == (found.permittivity_principal[2] > 1.1 * found.permittivity_principal[0])


def test_optical_is_the_default_and_static_adds_the_ions() -> None:
    tensors = Dielectric(electronic=4 * np.eye(3), ionic=12 * np.eye(3), source="file")
    optical = exciton(electron=0.1, hole=0.1, dielectric=tensors)
    static = exciton(electron=0.1, hole=0.1, dielectric=tensors, screening="static")
    assert (optical.screening, optical.permittivity) == ("optical", pytest.approx(4.0))
    assert (static.screening, static.permittivity) == ("static", pytest.approx(16.0))
    assert optical.permittivity_source == "file"
    assert optical.binding_energy / static.binding_energy == pytest.approx(16.0)
    with pytest.raises(MissingDataError, match="no static permittivity"):
        exciton(electron=0.1, hole=0.1, dielectric=Dielectric(electronic=4 * np.eye(3)), screening="static")


def test_arms_count_once_each_and_only_the_sound_ones() -> None:
    """1/m averaged over x (seen from both sides) and y; drifting and refused arms don't enter."""
    found = exciton(
        masses(
            mass("electron", 0.1),
            mass("electron", 0.101, standard_error=0.5, direction_label="R-X2"),
            mass("electron", 0.4, direction_class=1, direction_label="R-M"),
            mass("electron", 9.0, direction_class=2, verdict="drifting", direction_label="R-Z"),
            mass("electron", math.nan, verdict="refused", direction_class=3, direction_label="R-Q"),
            mass("hole", 0.5),
        ),
        dielectric=5.0,
    )  # fmt: skip
    assert found.electron.mass == pytest.approx(2 / (1 / 0.1 + 1 / 0.4))
    expected = found.electron.mass**2 * math.hypot(0.001 / 0.1**2, 0.004 / 0.4**2) / 2
    assert found.electron.mass_su == pytest.approx(expected)
    assert found.electron.rule == "harmonic mean of 2 arms (R-X; R-M)"
    assert found.hole.rule == "of the arm R-X"
    assert [pair.electron for pair in found.pairs] == [
        "R-X, band 25",
        "R-M, band 25",
        "R-Z, band 25 (drifting)",
    ]
    assert found.pairs[2].reduced_mass == pytest.approx(9.0 * 0.5 / 9.5)


def test_degenerate_bands_average_their_inverse_masses() -> None:
    """Luttinger: the mean of 1/m_heavy and 1/m_light is γ1, in every direction."""
    gamma1, gamma2, gamma3 = 6.98, 2.06, 2.93
    arms = [
        mass(
            "hole",
            1 / (gamma1 + sign * 2 * gamma),
            band=band,
            direction_class=place,
            direction_label=label,
        )
        for place, (gamma, label) in enumerate([(gamma2, "Γ-X"), (gamma3, "Γ-L")])
        for sign, band in ((-1, 24), (1, 23))
    ]
    found = exciton(masses(*arms, mass("electron", 0.067), fold=2), dielectric=12.0)
    assert found.hole.mass == pytest.approx(1 / gamma1, rel=1e-12)


def test_branches_that_coincide_count_as_many_and_broken_directions_do_not() -> None:
    """Two states of .5 and one of 1.25 along [111]; along [100] the third branch has no mass."""
    arms = (
        mass("hole", 0.5, band=22, degeneracy=2, direction_label="Γ-L"),
        mass("hole", 1.25, band=24, direction_label="Γ-L"),
        mass("hole", 0.4, band=22, degeneracy=2, direction_class=1, direction_label="Γ-X"),
        mass("hole", 9.0, band=24, direction_class=1, direction_label="Γ-X", verdict="drifting"),
    )
    found = exciton(masses(*arms, mass("electron", 0.2), fold=3), dielectric=4.0)
    assert 1 / found.hole.mass == pytest.approx((2 / 0.5 + 1 / 1.25) / 3, rel=1e-12)
    assert found.hole.rule == "harmonic mean of 2 arms (Γ-L, band 22; Γ-L, band 24)"
    alone = exciton(masses(arms[2], arms[3], mass("electron", 0.2), fold=3), dielectric=4.0)
    assert 1 / alone.hole.mass == pytest.approx(
        (2 / 0.4 + 1 / 9.0) / 3
    )  # rather than the two light ones alone
    assert alone.hole.rule == "harmonic mean of 2 arms (Γ-X, band 22; Γ-X, band 24, drifting)"
    bare = exciton(masses(arms[2], mass("electron", 0.2), fold=3), dielectric=4.0)
    assert bare.hole.rule == "of the arm Γ-X, 1 of 3 branches without a mass"


def test_a_sound_tensor_stands_before_arms() -> None:
    tensor = SimpleNamespace(
        carrier="electron",
        band=25,
        verdict="ok",
        reason="",
        conductivity_mass=0.15,
        conductivity_error=0.003,
    )
    drifting = SimpleNamespace(**(vars(tensor) | {"carrier": "hole", "verdict": "drifting"}))
    found = exciton(
        masses(mass("electron", 0.1), mass("hole", 0.3), tensors=(tensor, drifting)), dielectric=5.0
    )
    assert (found.electron.mass, found.electron.mass_su) == (pytest.approx(0.15), pytest.approx(0.003))
    assert found.electron.rule == "conductivity mass of the tensor of band 25"
    assert found.hole.mass == pytest.approx(0.3)


def test_no_sound_mass_is_refused_with_its_reason() -> None:
    refused = mass("hole", 0.32, verdict="refused", reason="the band is flat within the printed digits")
    with pytest.raises(MissingDataError, match=r"no mass of the hole.*flat within"):
        exciton(masses(mass("electron", 0.1), refused), dielectric=5.0)
    given = exciton(masses(mass("electron", 0.1), refused), dielectric=5.0, hole=0.32)
    assert given.hole.rule == "given"


def test_where_every_mass_drifts_that_of_the_edge_is_taken_and_told() -> None:
    drifting = mass("hole", 0.32, verdict="drifting", reason="the mass changes by 14 % within kT")
    found = exciton(masses(mass("electron", 0.1), drifting), dielectric=5.0)
    assert found.hole.mass == pytest.approx(0.32)
    assert "drifting" in found.hole.rule
    assert any("hole holds at the edge only" in note for note in found.notes)
    assert not any("electron" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"electron": -0.1}, "electron is no positive"),
        ({"hole": math.nan}, "hole is no positive"),
        ({"hole": None}, "no mass of the hole"),
        ({"dielectric": 0.5}, "below that of vacuum"),
        ({"dielectric": [4.0, 4.0, 5.0]}, "a number or a tensor"),
        ({"dielectric": math.inf}, "a number or a tensor"),
        ({"dielectric_su": -1.0}, "uncertainty of a permittivity"),
        ({"screening": "middle"}, "no screening 'middle'"),
    ],
)
def test_what_makes_no_sense_is_said(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        exciton(**({"electron": 0.1, "hole": 0.2, "dielectric": 5.0} | changes))


def test_small_excitons_are_told_of() -> None:
    assert any("spans few atoms" in note for note in exciton(electron=0.5, hole=0.9, dielectric=5.0).notes)
    assert not exciton(electron=0.1, hole=0.2, dielectric=5.0).notes


def test_radii_and_energies_that_are_none() -> None:
    found = exciton(electron=0.1, hole=0.2, dielectric=5.0)
    for radii in ([], [0.5], [math.nan]):
        with pytest.raises(UsageError, match="no length"):
            confinement(found, radii=radii)
    with pytest.raises(UsageError, match="above 0"):
        found.permittivity_for(0.0)


def test_the_public_door_and_the_forms_of_a_result() -> None:
    found = pc.exciton(electron=0.11, hole=0.24, dielectric=4.6)
    assert isinstance(found, pc.Exciton)
    assert found.units["binding_energy"] == "meV"
    assert found.to_dataframe().attrs["units"]["bohr_radius"] == "Å"
    dot = confinement(found, radii=[30.0, 40.0])
    assert dot.to_dict()["regimes"] == ["strong", "strong"]
    assert dot.units["shifts"] == "eV"
    assert len(dot.to_dataframe()) == 2
