"""Species files: what is declared, and what is refused, with the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perovchem.compute import species
from perovchem.compute.species import read_request
from perovchem.errors import FormatError, InputError

GOOD = """
title = "pairs"
starts = 4
[parts.Cs]
charge = 1
[parts.Cl]
charge = -1
[parts.Br]
charge = -1
[parts.water]
atoms = [["O", 0, 0, 0], ["H", 0.76, 0.59, 0], ["H", -0.76, 0.59, 0]]
[species.CsCl]
parts = { Cs = 1, Cl = 1 }
like = ["CsBr"]
[species.CsBr]
parts = { Cs = 1, Br = 1 }
starts = 7
[species.wet]
parts = { Cs = 1, water = 2 }
"""


def read(tmp_path, text):
    path = tmp_path / "species.toml"
    path.write_text(text, encoding="utf-8")
    return read_request(path)


def test_declared(tmp_path):
    request = read(tmp_path, GOOD)
    assert request.atoms_of("wet") == ("Cs", "O", "H", "H", "O", "H", "H")
    assert request.charge_of("wet") == 1
    assert request.charge_of("CsCl") == 0
    assert (request.species["CsCl"].starts, request.species["CsBr"].starts) == (4, 7)
    assert request.species["CsCl"].keep == 3
    assert request.results == tmp_path / "species"
    assert request.engine == "auto"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("starts = 4", "start = 4", "'starts'"),
        ("starts = 4", "starts = 0", "starts = 0"),
        ("starts = 4", "starts = true", "starts = True"),
        ("starts = 4", "starts = 1000000000", "from 1 to"),
        ("starts = 4", 'engine = "tblit"', "'tblite'"),
        ("starts = 4", "single_points = 3", "list of names"),
        ("starts = 4", "parts = 3", "parts"),
        ("charge = 1\n", "charge = 1.5\n", "whole number"),
        ("charge = 1\n", "charg = 1\n", "'charge'"),
        ("[parts.Cs]", "[parts.Cz]", "Cz"),
        ('"O", 0, 0, 0', '"O", 0, 0', "atoms cannot be read"),
        ('"O", 0, 0, 0', '"O", 0, 0, inf', "atoms cannot be read"),
        ('"O", 0, 0, 0', '"O", 0, 0, "x"', "atoms cannot be read"),
        ("{ Cs = 1, Cl = 1 }", "{ Cs = 1, Cll = 1 }", "'Cl'"),
        ("{ Cs = 1, Cl = 1 }", "{ Cs = 1, Cl = 0 }", "Cl = 0"),
        ("{ Cs = 1, Cl = 1 }", "{ Cs = 300, Cl = 300 }", "600 atoms"),
        ("{ Cs = 1, Cl = 1 }", "{ }", "0 atoms"),
        ('like = ["CsBr"]', 'like = ["CsB"]', "'CsBr'"),
        ('like = ["CsBr"]', 'like = ["wet"]', "one for one"),
        ("[species.wet]", '[species."../wet"]', "file name"),
        ('title = "pairs"', 'title = "pairs', "no TOML"),
    ],
)
def test_refused(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(FormatError) as error:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(error.value)
    assert "species.toml" in str(error.value)


def test_nothing_declared(tmp_path):
    with pytest.raises(FormatError, match="no species is declared"):
        read(tmp_path, "[parts.Cs]\n")


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_request(tmp_path / "none.toml")


def test_the_page_of_the_file_shows_one_and_lists_every_key(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "species_file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    assert list(read(tmp_path, example).species) == ["CsCl", "CsCl_water"]
    told = {name for row in re.findall(r"^\| (`.*?) \|", page, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert told == {*species._TOP, *species._PART, *species._SPECIES} - {"species"}
