"""TOML and JSON calculations: what is written comes back, what is wrong is refused with its key."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from builders_calculations import WATER
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perovchem import read_calculation, write_calculation
from perovchem.calculation import Calculation, Vibrations
from perovchem.errors import FormatError, UsageError
from perovchem.level_of_theory import LevelOfTheory

WRITTEN = """
perovchem_calculation = 1
energy = -76.368128
energy_unit = "hartree"
energy_su = 0.0005
atoms = [["O", 0, 0, 0.117], ["H", 0.0, 0.757, -0.468], ["H", 0.0, -0.757, -0.468]]
[level]
code = "Turbomole"
functional = "TPSS"
[level.hubbard]
O = "U(p) = 2 eV"
[vibrations]
wavenumbers = [1694.8284, 3644.5363, 3778.6962]
projected = true
"""
finite = st.floats(-1e6, 1e6, allow_subnormal=False)
words = st.text(st.characters(codec="utf-8"), max_size=20)


def put(tmp_path: Path, text: str, name: str = "water.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def same(one: Calculation, other: Calculation) -> None:
    for key in ("species", "energy", "energy_unit", "energy_label", "level", "periodicity", "charge", "multiplicity",
                "symmetry_number", "electronic_degeneracy", "name", "notes"):  # fmt: skip
        assert getattr(one, key) == getattr(other, key), key
    np.testing.assert_array_equal(one.positions, other.positions)
    np.testing.assert_array_equal(one.energy_su, other.energy_su)
    assert (one.cell is None) == (other.cell is None)
    if one.cell is not None and other.cell is not None:
        np.testing.assert_array_equal(one.cell, other.cell)
    assert (one.vibrations is None) == (other.vibrations is None)
    if one.vibrations is None or other.vibrations is None:
        return
    for key in ("wavenumbers", "masses", "wavevectors", "displacements", "hessian"):
        a, b = getattr(one.vibrations, key), getattr(other.vibrations, key)
        assert (a is None) == (b is None), key
        if a is not None:
            np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(one.vibrations.weights, other.vibrations.weights, rtol=1e-15)
    for key in ("projected", "moved", "wavenumber_step", "source"):
        assert getattr(one.vibrations, key) == getattr(other.vibrations, key)


def test_written_by_hand(tmp_path: Path) -> None:
    found = read_calculation(put(tmp_path, WRITTEN))
    assert (found.energy, found.energy_unit, found.energy_su) == (-76.368128, "hartree", 0.0005)
    assert (found.name, found.formula, found.charge, found.multiplicity) == ("water", "H2O", 0, 1)
    assert found.periodicity == "molecule"
    assert found.level == LevelOfTheory("Turbomole", functional="TPSS", hubbard={"O": "U(p) = 2 eV"})
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers.tolist() == [[1694.8284, 3644.5363, 3778.6962]]
    assert found.vibrations.projected
    assert found.vibrations.masses == pytest.approx([15.999, 1.008, 1.008])  # IUPAC, where none are given
    assert found.provenance.inputs[0].path.endswith("water.toml")


@settings(max_examples=40, deadline=None)
@given(
    positions=arrays(np.float64, (3, 3), elements=st.floats(-1e5, 1e5, allow_subnormal=False)),
    energy=finite,
    su=st.one_of(st.just(math.nan), st.floats(0, 10)),
    texts=st.tuples(words, words, words),
    crystal=st.booleans(),
    full=st.booleans(),
    suffix=st.sampled_from(["toml", "json"]),
)
def test_comes_back_bit_by_bit(
    positions: np.ndarray, energy: float, su: float, texts: tuple[str, str, str], crystal: bool, full: bool, suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    points = 2 if crystal else 1
    vibrations = Vibrations(
        wavenumbers=np.arange(9.0 * points).reshape(points, 9) - 3.5,
        masses=WATER.masses,
        weights=np.array([0.25, 0.75])[:points] if crystal else np.ones(1),
        wavevectors=np.array([[0.25, 0, 0], [0, 0.25, 0.5]])[:points] if crystal else np.zeros((1, 3)),
        displacements=WATER.modes[1] if full else None,
        hessian=WATER.hessian if full else None,
        moved=(0, 2),
        wavenumber_step=1e-6,
        source=texts[0],
    )
    one = Calculation(
        species=("O", "H", "H"),
        positions=positions,
        energy=energy,
        energy_unit="eV",
        energy_label=texts[1] or "E",
        level=LevelOfTheory(
            "VASP", functional=texts[2], pseudopotentials={"O": texts[0]}, cutoff=520.0, spin_orbit=full
        ),
        periodicity="crystal" if crystal else "molecule",
        cell=np.diag([5.0, 6.0, 7.0]) if crystal else None,
        charge=-1,
        multiplicity=2,
        vibrations=vibrations,
        energy_su=su,
        symmetry_number=2,
        name=texts[0] or "water",
        notes=tuple(texts),
    )
    path = tmp_path_factory.mktemp("text") / f"water.{suffix}"
    write_calculation(one, path)
    parse = tomllib.loads if suffix == "toml" else json.loads
    assert parse(path.read_text(encoding="utf-8"))["energy"] == energy  # by the standard library alone
    back = read_calculation(path)
    same(
        one,
        Calculation(
            **{key: getattr(back, key) for key in Calculation.__dataclass_fields__ if key != "notes"},
            notes=tuple(texts),
        ),
    )
    assert back.notes == tuple(dict.fromkeys(texts))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("energy = -76.368128\n", "", "no energy"),
        ("-76.368128", '"low"', "energy is 'low'"),
        ("-76.368128", "nan", "energy is nan"),
        ("-76.368128", "1e12", "an energy of"),
        ('"hartree"', '"Ry"', "energy_unit is 'Ry'"),
        ('energy_unit = "hartree"\n', "", "energy_unit is ''"),
        ("energy_su", "energy_error", "energy_error is no known key"),
        ('"O", 0', '"Q", 0', "'Q' is not a chemical element"),
        ("0.757, -0.468]", "0.757]", "a row of atoms"),
        ("functional =", "functionals =", "level.functionals is no known key"),
        ("projected = true", "projected = 1", "projected"),
        ("[1694.8284, ", '["a", ', "vibrations.wavenumbers"),
        ("projected = true", "masses = [1.0]", "vibrations.masses is 1, not 3"),
        ("projected = true", "hessian = [[1.0]]", "vibrations.hessian is 1 × 1, not 9 × 9"),
        ("projected = true", "moved = [7]", "vibrations.moved"),
        ("energy_su", "converged = false\nenergy_su", "converged = False"),
        ("energy_su", "charge = 1.5\nenergy_su", "charge is 1.5"),
        ("energy_su", "multiplicity = 0\nenergy_su", "multiplicity is 0"),
        ("energy_su", 'cell = "big"\nenergy_su', "cell should be numbers"),
        ("= 1\n", "= 2\n", "perovchem_calculation is 2"),
        ("[level]", "[level", "no sound TOML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in WRITTEN
    with pytest.raises(FormatError) as caught:
        read_calculation(put(tmp_path, WRITTEN.replace(old, new, 1)))
    assert words in str(caught.value)
    assert "water.toml" in str(caught.value)


def test_example_of_the_documents(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "calculation_file.md"
    text = page.read_text(encoding="utf-8")
    found = read_calculation(put(tmp_path, text.split("```toml")[1].split("```")[0], "DMSO.toml"))
    assert (found.formula, str(found.level)) == ("C2H6OS", "NWChem PBE0-D3(BJ), def2-TZVP")
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers.shape == (1, 3 * 10 - 6)
    keys = set(Vibrations.__dataclass_fields__) | set(LevelOfTheory.__dataclass_fields__)
    assert all(f"`{key}`" in text for key in keys)  # every key is told of


def test_json_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no sound JSON"):
        read_calculation(put(tmp_path, '{"perovchem_calculation": 1,', "x.json"))
    with pytest.raises(FormatError, match="no sound JSON"):
        read_calculation(put(tmp_path, '{"perovchem_calculation": 1, "atoms": ' + "[" * 100_000, "x.json"))


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    one = read_calculation(put(tmp_path, WRITTEN))
    with pytest.raises(UsageError, match="cannot be written"):
        write_calculation(one, tmp_path / "no" / "such" / "folder.toml")
