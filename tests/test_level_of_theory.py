"""Which calculations may be subtracted, and the sentence that says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perovchem.level_of_theory import MUST_MATCH, LevelOfTheory, level_differences

BASE = LevelOfTheory(
    "VASP",
    functional="PBE",
    dispersion="D3(BJ)",
    pseudopotentials={"Pb": "PAW_PBE Pb_d 06Sep2000", "Cl": "PAW_PBE Cl 06Sep2000"},
    cutoff=520.0,
    precision="Accurate",
    solvent="none",
    version="6.3.0",
    k_mesh="2 × 2 × 2",
)


def test_the_same_differ_in_nothing() -> None:
    assert level_differences({"a": BASE, "b": BASE}) == ((), ())
    assert level_differences({"a": BASE, "b": replace(BASE, functional="pbe", cutoff=520.004)}) == ((), ())
    assert level_differences({}) == ((), ())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": "CASTEP"}, "c has the code CASTEP, the others VASP"),
        ({"functional": "HSE06"}, "c has the functional HSE06, the others PBE"),
        ({"dispersion": "none"}, "c has the dispersion correction none, the others D3(BJ)"),
        ({"cutoff": 400.0}, "c has a cutoff of 400 eV, the others 520 eV"),
        ({"precision": "Normal"}, "c has the precision Normal, the others Accurate"),
        ({"spin_orbit": True}, "c has spin-orbit coupling, the others no spin-orbit coupling"),
        ({"solvent": "VASPsol"}, "c has the solvent model VASPsol, the others none"),
        ({"hubbard": {"Pb": "U(p) = 3 eV"}}, "c has U(p) = 3 eV, the others no U for Pb"),
        (
            {"pseudopotentials": {"Pb": "PAW_PBE Pb 08Apr2002"}},
            "c has PAW_PBE Pb 08Apr2002, the others PAW_PBE Pb_d 06Sep2000 for Pb",
        ),
    ],
)
def test_each_difference_has_its_sentence(change: dict[str, object], sentence: str) -> None:
    must, noted = level_differences({"a": BASE, "b": BASE, "c": replace(BASE, **change)})  # type: ignore[arg-type]
    assert must == (sentence,)
    assert noted == ()


def test_two_against_each_other() -> None:
    must, _ = level_differences({"a": BASE, "b": replace(BASE, functional="PBEsol")})
    assert must == ("a has the functional PBE, b PBEsol",)


def test_basis_of_molecular_codes() -> None:
    one = LevelOfTheory("ORCA", functional="PBE0", basis="def2-TZVP")
    must, _ = level_differences(
        {"a": one, "b": replace(one, basis="def2-SVP"), "c": one, "d": replace(one, basis="def2-SVP")}
    )
    assert must == ("a and c have the basis def2-TZVP, b and d def2-SVP",)


def test_elements_that_only_one_holds_are_no_difference() -> None:
    other = replace(BASE, pseudopotentials={"Cs": "PAW_PBE Cs_sv 08Apr2002", "Cl": "PAW_PBE Cl 06Sep2000"})
    assert level_differences({"a": BASE, "b": other}) == ((), ())
    with_u = replace(BASE, hubbard={"Pb": "U(p) = 3 eV"})
    assert level_differences({"a": with_u, "b": other}) == ((), ())


def test_noted_only() -> None:
    must, noted = level_differences({"a": BASE, "b": replace(BASE, version="5.4.4", k_mesh="4 × 4 × 4")})
    assert must == ()
    assert noted == ("a has version 6.3.0, b 5.4.4", "a has the k mesh 2 × 2 × 2, b 4 × 4 × 4")


def test_what_a_file_does_not_say_is_noted() -> None:
    must, noted = level_differences({"a": BASE, "b": replace(BASE, functional="", cutoff=float("nan"))})
    assert must == ()
    assert noted == ("b does not say the functional", "b does not say the cutoff")


def test_every_field_that_must_match_is_looked_at() -> None:
    values: dict[str, object] = {
        key: {"Pb": "x"} if key in ("hubbard", "pseudopotentials") else 1.0 if key == "cutoff" else key == "spin_orbit" or "x"
        for key in MUST_MATCH
    }  # fmt: skip
    must, _ = level_differences({"a": BASE, "b": replace(BASE, **values)})  # type: ignore[arg-type]
    assert len(must) == len(MUST_MATCH) - 1  # VASP has no basis to differ in
