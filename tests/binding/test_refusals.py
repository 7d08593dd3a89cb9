"""What is refused, and with which words."""

from __future__ import annotations

import contextlib
import math
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders_cycles import CS, study, written
from builders_molecules import LEVEL, calculation
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.binding import binding
from perovchem.binding.declared import KEYS, declared
from perovchem.calculation_reading import write_calculation
from perovchem.errors import (
    FormatError,
    InputError,
    MissingDataError,
    PerovchemError,
    PerovchemWarning,
    UsageError,
)
from perovchem.gibbs.partition import STANDARD_PRESSURE
from perovchem.level_of_theory import LevelOfTheory


def changed(component: str, **fields: Any) -> dict[str, Any]:
    found = study()
    file = found["components"][component]["files"][0]
    found["components"][component]["files"] = [replace(file, **fields)]
    return found


def test_unbalanced_cycle_names_the_element_and_by_how_much() -> None:
    wrong = study()
    wrong["cycles"]["MAI"]["reactants"]["DMSO"] = 3
    with pytest.raises(FormatError) as caught:
        binding(wrong)
    text = str(caught.value)
    assert "cycle MAI" in text and "does not balance" in text
    assert (
        "S: 3 on the left, 2 on the right (-1)" in text and "H: 24 on the left, 18 on the right (-6)" in text
    )
    assert "Cs:" not in text and "I:" not in text


def test_unbalanced_charge() -> None:
    with pytest.raises(FormatError, match=r"charge: \+0 on the left, \+1 on the right \(\+1\)"):
        binding(changed("with I", charge=1))


def test_balance_by_fractions() -> None:
    third = study()
    third["cycles"] = {"MAI": third["cycles"]["MAI"]}
    for side in ("reactants", "products"):
        third["cycles"]["MAI"][side] = {name: n / 3 for name, n in third["cycles"]["MAI"][side].items()}
    third["components"] = {
        name: one for name, one in third["components"].items()
        if name in (*third["cycles"]["MAI"]["reactants"], "with I")
    }  # fmt: skip
    assert binding(third).row("MAI").delta_g == pytest.approx(binding(study()).row("MAI").delta_g / 3)


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ({"functional": "PBE"}, "PBE"),
        ({"basis": "def2-SVP"}, "def2-SVP"),
        ({"code": "Gaussian"}, "Gaussian"),
        ({"cutoff": 400.0}, None),  # the others say nothing of a cutoff
        ({"solvent": "SMD(DMSO)"}, None),
        ({"dispersion": "D3(BJ)"}, None),
    ],
)
def test_levels_of_theory_must_match(level: dict[str, Any], words: str | None) -> None:
    other = changed("PbCl2", level=replace(LEVEL, **level))
    if words is None:
        binding(other)
        return
    with pytest.raises(InputError, match=f"levels of theory differ.*PbCl2.*{words}"):
        binding(other)
    with pytest.warns(PerovchemWarning, match=words):
        found = binding({**other, "override": list(level)})
    assert any(words in sentence for sentence in found.overridden)
    assert any(words in sentence for sentence in found.provenance.warnings)


def test_cutoffs_must_match() -> None:
    def waves(cutoff: float) -> LevelOfTheory:
        return LevelOfTheory("VASP", functional="PBE", cutoff=cutoff)

    mixed = study()
    for name, component in mixed["components"].items():
        component["files"] = [
            replace(file, level=waves(400.0 if name == "DMSO" else 520.0)) for file in component["files"]
        ]
    with pytest.raises(InputError, match="DMSO has a cutoff of 400 eV"):
        binding(mixed)


def test_levels_of_vibrations_are_compared_too() -> None:
    mixed = study()
    for name, component in mixed["components"].items():
        file = component["files"][0]
        rough = replace(file, level=replace(LEVEL, basis="def2-SVP" if name != "MAI" else "STO-3G"))
        component["files"] = [
            {"file": rough, "energy": replace(file, vibrations=None, name=f"{name} energy")}
        ]
    with pytest.raises(InputError, match=r"levels of theory differ \(vibrations\).*STO-3G"):
        binding(mixed)


def test_version_is_noted_only() -> None:
    found = binding(changed("PbCl2", level=replace(LEVEL, version="6.0")))
    assert found.overridden == ()


def test_imaginary_mode_left_in_a_minimum() -> None:
    wrong = study()
    file = wrong["components"]["MAI"]["files"][0]
    modes = file.vibrations.wavenumbers.copy()
    modes[0, 0] = -30.0
    soft = replace(file, vibrations=replace(file.vibrations, wavenumbers=modes))
    wrong["components"]["MAI"]["files"] = [soft]
    with pytest.raises(InputError, match=r"MAI: an imaginary mode \(30i 1/cm\) is left in a minimum"):
        binding(wrong)
    wrong["components"]["MAI"]["invert_imaginary_below"] = 40
    assert any("MAI has imaginary modes" in note for note in binding(wrong).notes)
    wrong["components"]["MAI"]["invert_imaginary_below"] = 400
    with pytest.raises(FormatError, match="cannot be 400"):
        binding(wrong)


def test_missing_vibrations() -> None:
    with pytest.raises(MissingDataError, match=r"MAI: .* no vibrations"):
        binding(changed("MAI", vibrations=None))


def test_duplicate_species() -> None:
    same = study()
    same["components"]["DMSO"]["files"] *= 2
    with pytest.raises(InputError, match="stands there twice"):
        binding(same)
    across = study()
    across["components"]["MAI"]["files"] = across["components"]["MACl"]["files"]
    with pytest.raises(PerovchemError, match="twice"):
        binding(across)


def test_a_file_gives_what_a_dictionary_gives(tmp_path: Path) -> None:
    path = written(tmp_path)
    from_file, in_memory = binding(path), binding(study())
    for row in in_memory.rows:
        assert from_file.row(row.name).per_treatment == pytest.approx(row.per_treatment, abs=1e-9)
    assert from_file.provenance.input == str(path)
    names = [Path(file.path).name for file in from_file.provenance.inputs]
    assert names[0] == "cycle.toml" and len(names) == 1 + len(study()["components"])


def test_copies_of_a_file_are_found(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "copy.toml").write_bytes((tmp_path / "DMSO.toml").read_bytes())
    text = path.read_text(encoding="utf-8").replace('["DMSO.toml"]', '["DMSO.toml", "copy.toml"]')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"stands there twice.*DMSO"):
        binding(path)


def test_unconverged_calculation(tmp_path: Path) -> None:
    path = written(tmp_path)
    species = tmp_path / "MAI.toml"
    text = species.read_text(encoding="utf-8")
    if "converged" in text:
        text = text.replace("converged = true", "converged = false")
    else:
        text = text.replace("energy =", "converged = false\nenergy =", 1)
    species.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match="converge"):
        binding(path)


def test_frequency_file_without_energy(tmp_path: Path) -> None:
    path = written(tmp_path)
    species = tmp_path / "MAI.toml"
    lines = species.read_text(encoding="utf-8").splitlines()
    species.write_text("\n".join(line for line in lines if not line.startswith("energy ")), encoding="utf-8")
    with pytest.raises(PerovchemError, match="energy"):
        binding(path)


def test_missing_species_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "MAI.toml").unlink()
    with pytest.raises(InputError, match=r"MAI\.toml"):
        binding(path)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda s: s.update(temprature=300), "did you mean 'temperature'"),
        (lambda s: s.update(temperature="warm"), "temperature is no number"),
        (lambda s: s.update(temperature=-3), "temperature cannot be -3"),
        (lambda s: s.update(temperature=True), "temperature is no number"),
        (lambda s: s.update(treatment="grime"), "did you mean 'grimme'"),
        (lambda s: s.update(override=["bassis"]), "did you mean 'basis'"),
        (lambda s: s.update(override="basis"), "override is no list"),
        (lambda s: s.update(reference="non"), "did you mean 'none'"),
        (lambda s: s.update(cycles={}), "cycles is missing"),
        (lambda s: s.update(components=3), "components is no table"),
        (lambda s: s["components"]["MAI"].pop("state"), "components.MAI.state is missing"),
        (lambda s: s["components"]["MAI"].update(state="solut"), "did you mean 'solute'"),
        (lambda s: s["components"]["DMSO"].pop("concentration"), "DMSO: 14.08"),
        (lambda s: s["components"]["DMSO"].update(state="gas"), "no meaning for a gas"),
        (lambda s: s["components"]["MAI"].update(pressure=1e5), "pressure has no meaning"),
        (lambda s: s["components"]["MAI"].update(file="x"), "components.MAI.file is no key .* did you mean 'files'"),
        (lambda s: s["components"]["MAI"].update(files=[]), "components.MAI.files"),
        (lambda s: s["components"]["MAI"].update(files=[{"fil": "x"}]), "did you mean 'file'"),
        (lambda s: s["components"]["MAI"].update(files=[3]), r"files\[1\] is no table"),
        (lambda s: s["components"]["MAI"].update(symmetry_number=1.5), "whole number"),
        (lambda s: s["components"]["MAI"].update(formula_units=0), "formula_units cannot be 0"),
        (lambda s: s["components"]["MAI"].update(corrections=[{"name": "x", "value": 1}]), "unit is missing"),
        (lambda s: s["components"]["MAI"].update(corrections=[{"name": "x", "value": 1, "unit": "kcal"}]), "kcal/mol"),
        (lambda s: s["components"]["MAI"].update(corrections=[{"name": "x", "unit": "eV"}]), "value is missing"),
        (lambda s: s["components"]["MAI"].update(
            corrections=[{"name": "x", "unit": "eV", "value": 1, "uncertainty": -1}]), "cannot be negative"),
        (lambda s: s["components"]["MAI"].update(corrections=2 * [{"name": "x", "unit": "eV", "value": 1}]), "twice"),
        (lambda s: s["components"].update(spare={"state": "gas", "files": [calculation(CS)]}), "stands in no cycle"),
        (lambda s: s["cycles"]["MAI"]["reactants"].update(CsC=1), "did you mean 'CsCl'"),
        (lambda s: s["cycles"]["MAI"]["reactants"].update(CsCl=-1), "CsCl cannot be -1"),
        (lambda s: s["cycles"]["MAI"]["reactants"].update(CsCl=math.inf), "CsCl cannot be inf"),
        (lambda s: s["cycles"]["MAI"]["reactants"].update(CsCl=10**400), "CsCl cannot be so large"),
        (lambda s: s["components"]["MAI"].update(ions=-2), "ions cannot be negative"),
        (lambda s: s["cycles"]["MAI"]["products"].update(CsCl=1), "CsCl on both sides"),
        (lambda s: s["cycles"]["MAI"].pop("products"), "cycles.MAI.products is missing"),
        (lambda s: s["cycles"]["MAI"].update(product={}), "did you mean 'products'"),
    ],
)  # fmt: skip
def test_faults_of_a_cycle_file(edit: Any, words: str) -> None:
    wrong = study()
    edit(wrong)
    with pytest.raises(FormatError, match=words):
        binding(wrong)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title = ", "no TOML"),
        (b"\xff\xfe", "no text"),
        (b"[[[[", "no TOML"),
        (b"temperature = " + b"9" * 5000, "no TOML"),
        (b"", "components is missing"),
    ],
)
def test_files_that_are_no_cycle(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "cycle.toml"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words):
        binding(path)
    with pytest.raises(InputError, match="no such file"):
        binding(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="a int is no cycle file"):
        binding(5)
    with pytest.raises(InputError, match="cannot be read") as caught:
        binding("a" * 10_000)
    assert len(str(caught.value)) < 500


def test_conformers_must_be_one_species() -> None:
    mixed = study()
    mixed["components"]["MAI"]["files"].append(calculation(CS, energy=-3, name="odd"))
    with pytest.raises(InputError, match=r"odd is ClCs.*MAI is CH6IN"):
        binding(mixed)
    apart = study()
    file = apart["components"]["MAI"]["files"][0]
    apart["components"]["MAI"]["files"] = [{"file": file, "energy": calculation(CS, name="other")}]
    with pytest.raises(InputError, match="the energy is of ClCs"):
        binding(apart)


def test_states_must_fit_the_calculation() -> None:
    wrong = study()
    wrong["components"]["CsCl"]["state"] = "crystal"
    with pytest.raises(InputError, match="declared as crystal, and was computed as a molecule"):
        binding(wrong)
    crystal = changed("CsCl", periodicity="crystal", cell=np.eye(3) * 4)
    with pytest.raises(InputError, match="declared as ion pair, and was computed as a crystal"):
        binding(crystal)


def test_declared_charge_must_be_that_of_the_file() -> None:
    wrong = study()
    wrong["components"]["MAI"]["charge"] = 1
    with pytest.raises(InputError, match="declared with charge 1, the file has 0"):
        binding(wrong)


@pytest.mark.parametrize("told", [True, False])
def test_declared_charge_counts_only_where_the_file_says_none(tmp_path: Path, told: bool) -> None:
    """A plane-wave file that gives its charge is no other for being declared so."""
    source = study()
    note = () if told else ("the file does not say its charge; taken as neutral",)
    salt = source["components"]["MAI"]["files"][0]
    path = tmp_path / "salt.json"
    write_calculation(replace(salt, level=LevelOfTheory("VASP"), charge=0, notes=note), path)
    source["components"]["MAI"] |= {"files": [path], "charge": 1}
    with pytest.raises(
        PerovchemError, match="declared with charge 1, the file has 0" if told else r"charge: \+1 on the left"
    ):
        binding(source)


def test_defaults() -> None:
    found = declared(study())
    assert (found.temperature, found.treatment, found.cutoff, found.frequency_scale) == (
        298.15,
        "grimme",
        100.0,
        1.0,
    )
    assert found.components["MAI"].concentration == 1.0
    gas = study()
    gas["components"]["MAI"]["state"] = "gas"
    assert declared(gas).components["MAI"].pressure == STANDARD_PRESSURE


def test_documented_example_is_read() -> None:
    import tomllib

    page = (Path(__file__).parents[2] / "docs" / "cycle_file.md").read_text(encoding="utf-8")
    found = declared(tomllib.loads(page.partition("```toml\n")[2].partition("```")[0]))
    assert list(found.cycles) == ["none", "MAI"] and found.components["MAI"].conformers[1].degeneracy == 2
    for key in (
        *KEYS["study"][:-2],
        *KEYS["component"],
        *KEYS["conformer"],
        *KEYS["cycle"],
        *KEYS["correction"],
    ):
        assert f"`{key}`" in page or f" {key}" in page.partition("## [components")[2].replace("{", " "), key


ODD = (
    None,
    True,
    -1,
    0,
    1e400,
    math.nan,
    "",
    "x" * 10_000,
    "a\0b",
    [],
    {},
    [[]],
    {"a": 1},
    [None],
    object(),
    3 + 4j,
)


@settings(max_examples=150)
@given(st.data())
def test_any_value_anywhere_is_taken_or_refused_in_words(data: st.DataObject) -> None:
    """One leaf of the study becomes something odd, or odd keys appear: an error of ours, or a result."""
    wrong = study(title="t", override=[], notes=[])
    place: Any = wrong
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        inside = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
        if not inside:
            break
        place = place[data.draw(st.sampled_from(inside))]
    keys = [*place, "odd key"] if isinstance(place, dict) else list(range(len(place)))
    if keys:
        place[data.draw(st.sampled_from(keys))] = data.draw(st.sampled_from(ODD))
    with contextlib.suppress(PerovchemError), warnings.catch_warnings():
        warnings.simplefilter("ignore", PerovchemWarning)
        binding(wrong)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_damaged_text_is_refused_in_words(seed: int) -> None:
    generator = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder))
        text = bytearray(path.read_bytes())
        for _ in range(int(generator.integers(1, 6))):
            at = int(generator.integers(len(text)))
            text[at : at + int(generator.integers(0, 4))] = bytes(
                generator.integers(0, 256, int(generator.integers(0, 4)), dtype=np.uint8)
            )
        path.write_bytes(bytes(text))
        with contextlib.suppress(PerovchemError), warnings.catch_warnings():
            warnings.simplefilter("ignore", PerovchemWarning)
            binding(path)
