"""What must hold of every cycle: order, zero of energy, scale, standard state, conformers, uncertainties."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders_cycles import CS, PB, study
from builders_molecules import calculation
from hypothesis import given, settings
from hypothesis import strategies as st
from validation import algebra

from perovchem.binding import binding
from perovchem.gibbs import TREATMENTS
from perovchem.units import BOLTZMANN, KILOJOULE_PER_MOLE

THERMAL = BOLTZMANN * 298.15


@settings(max_examples=25)
@given(st.permutations(range(4)), st.randoms(use_true_random=False))
def test_order_of_anything_changes_nothing(order: list[int], random: Any) -> None:
    one = binding(study())
    shuffled = study()
    names = list(shuffled["cycles"])
    shuffled["cycles"] = {names[k]: shuffled["cycles"][names[k]] for k in order}
    components = list(shuffled["components"].items())
    random.shuffle(components)
    shuffled["components"] = dict(components)
    for cycle in shuffled["cycles"].values():
        terms = list(cycle["reactants"].items())
        random.shuffle(terms)
        cycle["reactants"] = dict(terms)
    other = binding(shuffled)
    for name in names:
        assert other.row(name).per_treatment == pytest.approx(one.row(name).per_treatment, abs=1e-10)
        assert other.row(name).stoichiometry == one.row(name).stoichiometry
    assert other.ranking[0].order == one.ranking[0].order
    assert other.reference == "none"


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["Cs", "Pb", "Cl", "Br", "I", "C", "S", "O", "N", "H"]), st.floats(-1e4, 1e4)
    )
)
def test_zero_of_energy_of_each_element_is_free(zeros: dict[str, float]) -> None:
    one = binding(study())
    shifted = study()
    for component in shifted["components"].values():
        component["files"] = [
            replace(file, energy=file.energy + sum(zeros.get(symbol, 0.0) for symbol in file.species))
            for file in component["files"]
        ]
    other = binding(shifted)
    for row in one.rows:
        assert other.row(row.name).per_treatment == pytest.approx(row.per_treatment, abs=1e-8)
        assert other.row(row.name).delta_e == pytest.approx(row.delta_e, abs=1e-8)


@given(st.floats(0.25, 8))
def test_multiplied_coefficients_multiply_everything(factor: float) -> None:
    one = binding(study())
    scaled = study()
    for cycle in scaled["cycles"].values():
        for side in ("reactants", "products"):
            cycle[side] = {name: factor * number for name, number in cycle[side].items()}
    other = binding(scaled)
    for row in one.rows:
        twin = other.row(row.name)
        for name in ("delta_e", "delta_zpe", "delta_h", "t_delta_s", "delta_g", "spread"):
            assert getattr(twin, name) == pytest.approx(factor * getattr(row, name), rel=1e-9, abs=1e-9)
        assert twin.per_ion == pytest.approx(row.per_ion, rel=1e-9)


def test_doubling(validate) -> None:
    doubled = study()
    for cycle in doubled["cycles"].values():
        for side in ("reactants", "products"):
            cycle[side] = {name: 2 * number for name, number in cycle[side].items()}
    validate(
        "Gibbs energies", "Gibbs energy of binding", "CsCl + PbCl2 + 2 DMSO + MAI, every coefficient doubled", unit="eV",
        ours=binding(doubled).row("MAI").delta_g, truth=2 * binding(study()).row("MAI").delta_g,
        source=algebra("twice that of the cycle"), relative=1e-12,
    )  # fmt: skip


@given(st.floats(200, 500))
def test_standard_state_moves_with_the_number_of_molecules(temperature: float) -> None:
    gas, solute = study(temperature=temperature), study(temperature=temperature)
    for one in gas["components"].values():
        one.pop("concentration", None)
        one["state"] = "gas"
    for one in solute["components"].values():
        one.pop("concentration", None)
        one["state"] = "solute"
    in_gas, dissolved = binding(gas), binding(solute)
    liters = 8.31446261815324 * temperature / 101.325  # of one mole at 1 atm
    for row in in_gas.rows:
        molecules = -3 if row.name == "none" else -4
        moved = dissolved.row(row.name).delta_g - row.delta_g
        assert moved == pytest.approx(molecules * BOLTZMANN * temperature * math.log(liters), abs=1e-9)
        assert dissolved.row(row.name).delta_h == pytest.approx(row.delta_h, abs=1e-10)


def test_one_atmosphere_to_one_mole_per_liter(validate) -> None:
    gas, solute = study(), study()
    for one in (*gas["components"].values(), *solute["components"].values()):
        one.pop("concentration", None)
    for one in gas["components"].values():
        one["state"] = "gas"
    for one in solute["components"].values():
        one["state"] = "solute"
    moved = (binding(solute).row("MAI").delta_g - binding(gas).row("MAI").delta_g) / KILOJOULE_PER_MOLE
    validate(
        "Gibbs energies", "change of ΔG from 1 atm to 1 mol/L", "five molecules become one, 298.15 K", unit="kJ/mol",
        ours=moved / -4, truth=7.926, source=algebra("RT ln 24.465"), absolute=0.001, digits=4,
    )  # fmt: skip


def test_neat_solvent_is_a_named_term() -> None:
    found = binding(study()).row("none")
    term = found.terms["neat DMSO, 14.08 mol/L"] / KILOJOULE_PER_MOLE
    assert term == pytest.approx(-2 * 6.56, abs=0.01)  # RT ln 14.08, of two molecules that are used up


@settings(max_examples=30)
@given(st.floats(100, 1e5), st.integers(0, 2))
def test_a_conformer_far_above_changes_nothing(height: float, which: int) -> None:
    one = binding(study())
    more = study()
    name = ("DMSO", "MAI", "with I")[which]
    only = more["components"][name]["files"][0]
    more["components"][name]["files"].append(replace(only, energy=only.energy + height * THERMAL, name="far"))
    other = binding(more)
    for row in one.rows:
        assert other.row(row.name).per_treatment == pytest.approx(row.per_treatment, abs=1e-10)
        assert other.row(row.name).delta_h == pytest.approx(row.delta_h, abs=1e-10)


def test_a_twin_lowers_by_kt_ln_2(validate) -> None:
    one = binding(study()).row("MAI")
    by_file, by_number = study(), study()
    only = by_file["components"]["with I"]["files"][0]
    by_file["components"]["with I"]["files"].append(replace(only, name="twin"))
    by_number["components"]["with I"]["files"] = [{"file": only, "degeneracy": 2}]
    for changed in (by_file, by_number):
        found = binding(changed).row("MAI")
        for name in TREATMENTS:
            lowered = found.per_treatment[name] - one.per_treatment[name]
            assert lowered == pytest.approx(-THERMAL * math.log(2), abs=1e-10)
        assert found.delta_h == pytest.approx(one.delta_h, abs=1e-10)
    validate(
        "Gibbs energies", "lowering by a twin", "a cluster of 34 atoms, 298.15 K", unit="eV",
        ours=one.delta_g - found.delta_g, truth=THERMAL * math.log(2), source=algebra("kT ln 2"), absolute=1e-9,
    )  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 0.3), st.floats(0.5, 6)), min_size=1, max_size=6))
def test_conformers_by_their_sum(conformers: list[tuple[float, float]]) -> None:
    changed = study()
    only = changed["components"]["with I"]["files"][0]
    changed["components"]["with I"]["files"] = [
        {"file": replace(only, energy=only.energy + above, name=f"c{k}"), "degeneracy": number}
        for k, (above, number) in enumerate(conformers)
    ]
    found = binding(changed)
    total = sum(number * math.exp(-above / THERMAL) for above, number in conformers)
    assert found.row("MAI").delta_g - binding(study()).row("MAI").delta_g == pytest.approx(
        -THERMAL * math.log(total), abs=1e-9
    )
    populations = [
        one.population for one in next(s for s in found.components if s.name == "with I").conformers
    ]
    assert populations == pytest.approx(
        [n * math.exp(-a / THERMAL) / total for a, n in conformers], abs=1e-12
    )


def test_terms_add_up_and_name_themselves() -> None:
    changed = study()
    changed["components"]["MAI"]["corrections"] = [
        {"name": "solvation", "value": -10, "unit": "kJ/mol", "uncertainty": 2, "kind": "gibbs"}
    ]
    changed["cycles"]["MAI"]["corrections"] = [
        {"name": "counterpoise", "value": 3, "unit": "kcal/mol", "uncertainty": 1}
    ]
    plain, found = binding(study()).row("MAI"), binding(changed).row("MAI")
    assert sum(found.terms.values()) == pytest.approx(found.delta_g, abs=1e-9)
    assert found.terms["counterpoise"] / KILOJOULE_PER_MOLE == pytest.approx(12.552)
    assert found.terms["solvation"] / KILOJOULE_PER_MOLE == pytest.approx(10)  # of a reactant
    assert (found.delta_e - plain.delta_e) / KILOJOULE_PER_MOLE == pytest.approx(12.552)
    assert (found.delta_h - plain.delta_h) / KILOJOULE_PER_MOLE == pytest.approx(12.552)
    assert found.t_delta_s == pytest.approx(plain.t_delta_s, abs=1e-12)
    assert found.uncertainty / KILOJOULE_PER_MOLE == pytest.approx(math.hypot(2, 4.184))
    assert math.isnan(plain.uncertainty)


def test_formula_units_divide_a_crystal() -> None:
    """E(I) > E(II) > E(III): solids and solvent, dissolved, dissolved with salt; all atoms on both sides."""
    from perovchem.calculation import Calculation

    def crystal(species: tuple[str, ...], energy: float, name: str) -> Calculation:
        places = np.arange(3.0 * len(species)).reshape(-1, 3)
        level = calculation(CS).level
        return Calculation(
            species, places, energy, "eV", level, periodicity="crystal", cell=9 * np.eye(3), name=name
        )

    states = study(treatment="electronic")
    states["components"]["CsCl solid"] = {"state": "crystal", "formula_units": 4,
                                          "files": [crystal(CS * 4, -84.0, "CsCl cell")]}  # fmt: skip
    states["components"]["PbCl2 solid"] = {"state": "crystal", "formula_units": 4,
                                           "files": [crystal(PB * 4, -128.0, "PbCl2 cell")]}  # fmt: skip
    states["cycles"] = {
        "I to II": {"reactants": {"CsCl solid": 1, "PbCl2 solid": 1, "DMSO": 2}, "products": {"none": 1}},
        "II to III": {"reactants": {"none": 1, "MAI": 1}, "products": {"with I": 1}},
        "I to III": {
            "reactants": {"CsCl solid": 1, "PbCl2 solid": 1, "DMSO": 2, "MAI": 1},
            "products": {"with I": 1},
        },
        "iodide for chloride": {"reactants": {"MAI": 1, "with Cl": 1}, "products": {"MACl": 1, "with I": 1}},
    }
    used = {name for cycle in states["cycles"].values() for side in cycle.values() for name in side}
    states["components"] = {name: one for name, one in states["components"].items() if name in used}
    found = binding(states)
    assert found.row("I to II").delta_e == pytest.approx(-156.0 - (-21.0 - 32.0 - 2 * 51.7))
    assert found.row("I to II").delta_e + found.row("II to III").delta_e == pytest.approx(
        found.row("I to III").delta_e
    )
    assert math.isnan(found.row("I to II").delta_g)
    assert found.value("I to II") == found.row("I to II").delta_e


@pytest.mark.parametrize("temperature", [250.0, 400.0])
def test_arguments_overrule_the_file(temperature: float) -> None:
    by_argument = binding(study(), temperature=temperature, treatment="rrho")
    declared = binding(study(temperature=temperature, treatment="rrho"))
    assert by_argument.row("MAI").delta_g == declared.row("MAI").delta_g
    assert by_argument.treatment == "rrho" and by_argument.temperature == temperature


def test_energy_from_another_calculation() -> None:
    changed = study()
    only = changed["components"]["with I"]["files"][0]
    better = replace(only, energy=only.energy - 0.5, vibrations=None, name="single point")
    for name, component in changed["components"].items():
        if name != "with I":
            file = component["files"][0]
            component["files"] = [
                {"file": file, "energy": replace(file, vibrations=None, name=f"{name} again")}
            ]
    changed["components"]["with I"]["files"] = [{"file": only, "energy": better}]
    assert binding(changed).row("MAI").delta_g == pytest.approx(
        binding(study()).row("MAI").delta_g - 0.5, abs=1e-9
    )


def test_a_study_is_not_changed_by_reading_it() -> None:
    one = study()
    before = deepcopy({key: one["cycles"][key] for key in one["cycles"]})
    binding(one)
    assert one["cycles"] == before
