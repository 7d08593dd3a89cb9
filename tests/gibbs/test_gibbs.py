"""Gibbs energies of species: states, treatments, imaginary modes, symmetry, uncertainty, refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders_molecules import LEVEL, body, calculation
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants
from scipy.spatial.transform import Rotation

import perovchem as pc
from perovchem.calculation import Calculation, Vibrations
from perovchem.errors import InputError, MissingDataError, UsageError
from perovchem.gibbs import TREATMENTS, gibbs
from perovchem.units import BOLTZMANN, HARTREE

WATER = np.array([[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]])


def water(*wavenumbers: float, **more) -> Calculation:
    return calculation(
        ("O", "H", "H"), WATER, -76.4, wavenumbers=wavenumbers or (1600.0, 3650.0, 3750.0), **more
    )


@given(st.integers(0, 2**32 - 1), st.permutations(range(8)))
def test_turning_moving_and_permuting_change_nothing(seed: int, order: list[int]) -> None:
    species, places = body("twisted ethane")
    generator = np.random.default_rng(seed)
    turned = places @ Rotation.random(rng=generator).as_matrix() + generator.normal(size=3) * 10
    modes = np.linspace(60, 3000, 18)
    one = gibbs(calculation(species, places, wavenumbers=modes))
    other = gibbs(calculation(tuple(species[k] for k in order), turned[order], wavenumbers=modes[::-1]))
    assert other.by_treatment == pytest.approx(one.by_treatment, abs=1e-10)
    assert (other.point_group, other.symmetry_number) == ("D3", 6)


@given(st.floats(-1e5, 1e5))
def test_the_zero_of_energy_moves_everything_alike(shift: float) -> None:
    one, other = gibbs(water()), gibbs(replace(water(), energy=-76.4 + shift))
    for name in TREATMENTS:
        assert other.by_treatment[name] - one.by_treatment[name] == pytest.approx(shift, abs=1e-8)


@given(st.floats(150, 1500), st.floats(1e3, 1e7))
def test_entropy_is_the_slope_of_g_and_h_is_g_plus_ts(temperature: float, pressure: float) -> None:
    step = temperature * 1e-4

    def at(value: float) -> pc.GibbsEnergy:
        return gibbs(water(50.0, 1600.0, 3700.0), temperature=value, pressure=pressure, treatment="rrho")

    middle = at(temperature)
    slope = (at(temperature + step).gibbs - at(temperature - step).gibbs) / (2 * step)
    assert -slope == pytest.approx(middle.entropy, rel=1e-6)
    assert middle.enthalpy - temperature * middle.entropy == pytest.approx(middle.gibbs, abs=1e-9)


def test_terms_and_modes_add_up() -> None:
    for treatment in TREATMENTS:
        found = gibbs(water(20.0, 1600.0, 3700.0), treatment=treatment)
        assert sum(term.gibbs for term in found.terms) == pytest.approx(found.gibbs, abs=1e-10)
        assert sum(term.entropy for term in found.terms) == pytest.approx(found.entropy, abs=1e-15)
        assert sum(term.enthalpy for term in found.terms) == pytest.approx(found.enthalpy, abs=1e-10)
        vibration = next(term for term in found.terms if term.name == "vibration")
        assert np.nansum([mode.gibbs for mode in found.modes]) == pytest.approx(
            vibration.gibbs + found.zpe, abs=1e-10
        )
        assert found.by_treatment[treatment] == found.gibbs


def test_states() -> None:
    gas, bar, solute = gibbs(water()), gibbs(water(), pressure=1e5), gibbs(water(), concentration=2.0)
    thermal = BOLTZMANN * 298.15
    assert bar.gibbs - gas.gibbs == pytest.approx(thermal * np.log(1e5 / 101325), abs=1e-10)
    assert solute.gibbs - gas.gibbs == pytest.approx(thermal * np.log(2 * 24.465395), abs=1e-7)
    assert gas.standard_state == "ideal gas at 1 atm" and bar.standard_state == "ideal gas at 1 bar"
    assert solute.standard_state == "2 mol/L, ideal"
    assert gas.concentration == pytest.approx(1 / 24.465395, rel=1e-6)


def test_symmetry_number_and_degeneracy() -> None:
    thermal = BOLTZMANN * 298.15
    found = gibbs(water())
    assert (found.point_group, found.symmetry_number) == ("C2v", 2)
    assert found.gibbs - gibbs(water(), symmetry_number=1).gibbs == pytest.approx(
        thermal * np.log(2), abs=1e-12
    )
    triplet = gibbs(water(multiplicity=3))
    assert found.gibbs - triplet.gibbs == pytest.approx(thermal * np.log(3), abs=1e-12)
    assert gibbs(water(multiplicity=3, electronic_degeneracy=1)).gibbs == found.gibbs
    told = gibbs(water(symmetry_number=1)).notes
    assert any("code itself used symmetry number 1" in note for note in told)


def test_isotopes_count() -> None:
    heavy = water()
    assert heavy.vibrations is not None
    heavy = replace(heavy, vibrations=replace(heavy.vibrations, masses=np.array([15.999, 1.008, 2.014])))
    found = gibbs(heavy)
    assert (found.point_group, found.symmetry_number) == ("Cs", 1)
    assert any("H 2.0140" in note for note in found.notes)


def test_native_units() -> None:
    found = gibbs(water(unit="hartree"))
    assert (
        found.energy_hartree == pytest.approx(-76.4, abs=1e-12)
        and found.gibbs_hartree == found.gibbs / HARTREE
    )
    assert "hartree" in repr(found) and "eV" in repr(gibbs(water()))


def test_frequency_scale_is_a_change_of_wavenumbers() -> None:
    scaled = gibbs(water(40.0, 1500.0, 3600.0), frequency_scale=0.97)
    by_hand = gibbs(water(0.97 * 40.0, 0.97 * 1500.0, 0.97 * 3600.0))
    assert scaled.by_treatment == pytest.approx(by_hand.by_treatment, abs=1e-12)


def test_cutoff_toward_zero_is_harmonic_and_large_is_free() -> None:
    soft = water(20.0, 40.0, 80.0)
    nearly = gibbs(soft, cutoff=1e-3).by_treatment
    assert nearly["grimme"] == pytest.approx(nearly["rrho"], abs=1e-10)
    assert nearly["truhlar"] == nearly["rrho"]
    far = gibbs(soft, cutoff=1e6)
    classical = (
        3 * BOLTZMANN * 298.15 / 2 + 4 * BOLTZMANN * 298.15
    )  # vibrations, and rotation, translation, pV
    assert far.enthalpy_by_treatment["grimme-head-gordon"] - far.energy == pytest.approx(classical, abs=1e-9)


def test_uncertainty_of_printed_digits() -> None:
    """ZPE alone moves by half a quantum per 1/cm where the mode is stiff."""
    stated = water()
    assert np.isnan(gibbs(stated).uncertainty)
    assert stated.vibrations is not None
    printed = replace(stated, vibrations=replace(stated.vibrations, wavenumber_step=1.0))
    half = 0.5 * constants.h * constants.c * 100 / constants.e
    assert gibbs(printed).uncertainty == pytest.approx(half * np.sqrt(3) / np.sqrt(12), rel=2e-2)
    both = gibbs(replace(printed, energy_su=0.1)).uncertainty
    assert both == pytest.approx(0.1, rel=1e-4)
    assert gibbs(replace(stated, energy_su=0.002)).uncertainty == pytest.approx(0.002)


def test_imaginary_mode_in_a_minimum_is_an_error() -> None:
    with pytest.raises(InputError, match=r"an imaginary mode \(412i 1/cm\) is left in a minimum"):
        gibbs(water(-412.0, 1600.0, 3700.0))
    with pytest.raises(InputError, match="412i"):  # too large to be inverted
        gibbs(water(-412.0, 1600.0, 3700.0), invert_imaginary_below=50.0)
    with pytest.raises(InputError, match=r"2 imaginary modes \(300i, 30i 1/cm\) are left"):
        gibbs(water(-30.0, -300.0, 3700.0))


def test_small_imaginary_modes_are_inverted_by_request_alone() -> None:
    with pytest.raises(InputError, match="30i"):
        gibbs(water(-30.0, 1600.0, 3700.0))
    found = gibbs(water(-30.0, 1600.0, 3700.0), invert_imaginary_below=40.0)
    assert found.gibbs == gibbs(water(30.0, 1600.0, 3700.0)).gibbs
    mode = next(mode for mode in found.modes if mode.kind == "imaginary")
    assert mode.wavenumber == -30.0 and "by request" in mode.fate
    with pytest.raises(InputError):
        gibbs(water(-30.0, 1600.0, 3700.0), invert_imaginary_below=20.0)


def test_transition_states_have_exactly_one() -> None:
    found = gibbs(water(-1300.0, 1600.0, 3700.0), stationary_point="transition_state")
    half = 0.5 * constants.h * constants.c * 100 / constants.e
    assert found.zpe == pytest.approx(half * (1600 + 3700))
    assert "reaction coordinate" in next(mode.fate for mode in found.modes if mode.kind == "imaginary")
    with pytest.raises(InputError, match="without an imaginary mode"):
        gibbs(water(), stationary_point="transition_state")
    with pytest.raises(InputError, match="left in a transition state"):
        gibbs(water(-1300.0, -200.0, 3700.0), stationary_point="transition_state")
    both = gibbs(
        water(-1300.0, -20.0, 3700.0), stationary_point="transition_state", invert_imaginary_below=30
    )
    assert both.mode_table.count == {"imaginary": 2, "vibration": 1}


def test_a_vibration_at_zero_has_no_entropy() -> None:
    crystal = Calculation(
        ("Na", "Cl"), np.eye(3)[:2] * 3, -6.0, "eV", LEVEL, periodicity="crystal", cell=np.eye(3) * 5,
        vibrations=Vibrations(np.array([[0.0, 10, 20, 30, 40, 50]]), np.array([23.0, 35.0]),
                              wavevectors=np.array([[0.5, 0, 0]])),
    )  # fmt: skip
    with pytest.raises(InputError, match="at 0 1/cm"):
        gibbs(crystal)


def test_energy_alone() -> None:
    bare = replace(water(), vibrations=None)
    with pytest.raises(MissingDataError, match="'electronic'"):
        gibbs(bare)
    found = gibbs(bare, treatment="electronic")
    assert found.gibbs == found.energy == -76.4 and found.by_treatment == {"electronic": -76.4}
    assert found.modes == ()


def test_atoms_need_no_vibrations() -> None:
    found = gibbs(calculation(("Cs",), np.zeros((1, 3)), charge=1))
    assert {term.name for term in found.terms} >= {"translation"}
    assert "rotation" not in {term.name for term in found.terms}
    assert found.spread == 0 and found.point_group == "K"


def test_atoms_in_one_place() -> None:
    with pytest.raises(MissingDataError, match="one place"):
        gibbs(calculation(("H", "H"), np.zeros((2, 3)), wavenumbers=[4000.0]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 0.0}, "temperature of 0"),
        ({"temperature": float("nan")}, "temperature of nan"),
        ({"pressure": -1.0}, "pressure of -1"),
        ({"pressure": 1e5, "concentration": 1.0}, "a pressure and a concentration"),
        ({"concentration": 0.0}, "concentration of 0"),
        ({"pressure": 1e-300}, "pressure of 1e-300"),
        ({"temperature": 1e300}, r"temperature of 1e\+300"),
        ({"frequency_scale": 0.0}, "frequency scale of 0"),
        ({"cutoff": -5.0}, "cutoff of -5"),
        ({"symmetry_number": 0}, "symmetry number of 0"),
        ({"treatment": "grime"}, "did you mean 'grimme'"),
        ({"stationary_point": "saddle"}, "no stationary point 'saddle'"),
        ({"invert_imaginary_below": 80.0}, "are not small"),
    ],
)
def test_arguments_that_make_no_sense(options: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        gibbs(water(), **options)


def test_result_in_all_its_forms() -> None:
    found = gibbs(water(30.0, 1600.0, 3700.0))
    table = found.to_dataframe()
    assert table.attrs["units"] == {"enthalpy": "eV", "entropy": "eV/K", "gibbs": "eV"}
    assert table["gibbs"].sum() == pytest.approx(found.gibbs)
    modes = found.modes_dataframe()
    assert list(modes["kind"]) == ["vibration"] * 3 and modes.attrs["units"]["wavenumber"] == "1/cm"
    document = json.loads(found.to_json())
    row = document["results"][0]
    assert {"energy", "zpe", "enthalpy", "entropy", "gibbs", "treatment", "modes"} <= set(row)
    assert row["modes"][0]["wavenumber"] == 30.0 and "mode_table" not in row
    assert document["units"]["gibbs"] == "eV" and document["units"]["entropy"] == "eV/K"
    assert "10.1002/chem.201200497" in document["settings"]["definitions"]["grimme"]
