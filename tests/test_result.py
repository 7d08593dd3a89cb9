"""Results: one line, plain values, JSON, tables."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perovchem.errors import UsageError
from perovchem.provenance import InputFile
from perovchem.result import (
    DETAIL,
    MISSING,
    Provenance,
    Result,
    dataframe,
    envelope,
    jsonable,
    text_table,
    to_json,
)
from perovchem.version import __version__


@dataclass(frozen=True)
class Part:
    name: str
    value: float
    raw: object = field(default=None, metadata=DETAIL)


@dataclass(frozen=True)
class Shells(Result):
    command: ClassVar[str] = "coordination"
    quantity_names: ClassVar[Mapping[str, str]] = {"density": "density", "bond_lengths": "bond_length"}

    density: float
    volumes: Any
    bond_lengths: Mapping[tuple[str, str], Part]
    frames: object = field(default=None, metadata=DETAIL)
    provenance: Provenance = field(default_factory=Provenance)

    def to_dataframe(self) -> Any:
        return dataframe({"volume": self.volumes}, quantity_names={"volume": "volume"})


@dataclass(frozen=True, slots=True)
class Spoken(Result):
    n: int

    def __repr__(self) -> str:
        return f"{self.n} polyhedra"

    def to_dataframe(self) -> Any:
        return dataframe({"n": [self.n]})


@dataclass(frozen=True)
class Loud(Spoken):
    """Inherits the line of its parent."""


FILE = InputFile("run/XDATCAR", "0" * 64)
SHELLS = Shells(
    1.52,
    np.array([[29.3, np.nan], [30.1, 31.0]]),
    {("Pb", "I"): Part("Pb-I", 3.2, raw=object())},
    frames=object(),
    provenance=Provenance("run", (FILE,), {"cutoff": {("Pb", "I"): 3.9}}, ("nothing discarded",)),
)


# --- Result ----------------------------------------------------------------------------------------------


def test_to_dict_is_plain_and_leaves_details_out() -> None:
    assert SHELLS.to_dict() == {
        "density": 1.52,
        "volumes": [[29.3, None], [30.1, 31.0]],
        "bond_lengths": {"Pb-I": {"name": "Pb-I", "value": 3.2}},
    }


def test_units_come_from_the_table_of_quantities() -> None:
    assert SHELLS.units == {"density": "g/cm3", "bond_lengths": "Å"}
    assert Spoken(3).units == {}


def test_to_json_is_the_envelope() -> None:
    """As the command prints it for one input: every key, NaN as null."""
    assert json.loads(SHELLS.to_json()) == {
        "perovchem": __version__,
        "command": "coordination",
        "inputs": [{"path": "run/XDATCAR", "sha256": "0" * 64}],
        "settings": {"cutoff": {"Pb-I": 3.9}},
        "results": [{"input": "run", **SHELLS.to_dict()}],
        "units": {"density": "g/cm3", "bond_lengths": "Å"},
        "warnings": ["nothing discarded"],
    }
    assert "\n" not in SHELLS.to_json(indent=None)


def test_json_of_a_result_without_provenance() -> None:
    document = json.loads(Spoken(3).to_json())
    assert document["results"] == [{"input": "", "n": 3}]
    assert document["inputs"] == []


def test_repr_is_one_short_line_without_arrays() -> None:
    text = repr(SHELLS)
    assert text.startswith("Shells(density=1.52, volumes=<2 × 2 float64>, bond_lengths={('Pb', 'I'): ")
    assert "\n" not in text
    assert "provenance" not in text
    assert "frames" not in text
    assert repr(Shells(1.0, [1, 2, 3, 4], {})) == "Shells(density=1, volumes=<4 items>, bond_lengths={})"
    assert len(repr(Shells(1.0, "word\n" * 1000, {}))) < 150


def test_repr_of_a_subclass_is_kept_and_inherited() -> None:
    assert repr(Spoken(3)) == "3 polyhedra"
    assert repr(Loud(4)) == "4 polyhedra"


def test_results_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        SHELLS.density = 2.0  # type: ignore[misc]  # that is the test


def test_a_result_without_a_table_cannot_be_made() -> None:
    @dataclass(frozen=True)
    class Tableless(Result):
        n: int

    with pytest.raises(TypeError, match="to_dataframe"):
        Tableless(1)  # type: ignore[abstract]  # that is the test


def test_dataframe_carries_units() -> None:
    table = Shells(1.0, [1.0, 2.0], {}).to_dataframe()
    assert table["volume"].tolist() == [1.0, 2.0]
    assert table.attrs["units"] == {"volume": "Å3"}


def test_dataframe_refuses_ragged_columns_and_unknown_quantities() -> None:
    with pytest.raises(UsageError, match=r"'a': 1, 'b': 2"):
        dataframe({"a": [1], "b": [1, 2]})
    with pytest.raises(UsageError, match="did you mean 'density'"):
        dataframe({"a": [1]}, quantity_names={"a": "densty"})


# --- jsonable and envelope -------------------------------------------------------------------------------


class Color(Enum):
    RED = 1


class Kind(StrEnum):
    EDGE = "edge"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (np.True_, True),
        (3, 3),
        (np.int64(3), 3),
        (np.uint8(255), 255),
        (0.1, 0.1),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (math.nan, None),
        (-math.inf, None),
        (np.float64("nan"), None),
        (np.str_("Pb"), "Pb"),
        (Path("run") / "XDATCAR", str(Path("run") / "XDATCAR")),
        (Color.RED, 1),
        (Kind.EDGE, "edge"),
        ((1, (2.5, None)), [1, [2.5, None]]),
        ({3, 10, 1}, [1, 3, 10]),
        (frozenset({"I", "Br", 2}), [2, "Br", "I"]),
        ({1: "a", "b": 2}, {"1": "a", "b": 2}),
        ({("Pb", "I"): 1}, {"Pb-I": 1}),
        (np.array(2.5), 2.5),
        (np.array([]), []),
        (np.zeros((0, 3)), []),
        (np.array([1.0, np.nan, np.inf]), [1.0, None, None]),
        (np.array([[1, 2]], dtype=np.int8), [[1, 2]]),
        (np.array([True, False]), [True, False]),
        (np.array(["Pb", "I"]), ["Pb", "I"]),
        (np.array([None, 1.5, math.nan], dtype=object), [None, 1.5, None]),
        (np.array([0.1], dtype=np.longdouble) * 0 + 0.5, [0.5]),
        (Part("a", math.nan), {"name": "a", "value": None}),
        (Spoken(2), {"n": 2}),
        ([Spoken(2)], [{"n": 2}]),
    ],
)
def test_plain_values(value: object, plain: object) -> None:
    result = jsonable(value)
    assert result == plain
    assert type(result) is type(plain)
    assert json.loads(to_json(value)) == plain


@pytest.mark.parametrize(
    "value",
    [
        b"bytes",
        1j,
        object(),
        Part,
        np.array([1j]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        [object()],
    ],
)
def test_what_has_no_plain_form_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="no plain form"):
        jsonable(value)


def test_two_keys_must_not_fall_together() -> None:
    with pytest.raises(UsageError, match="'1'"):
        jsonable({1: "a", "1": "b"})


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_survive_json_exactly(values: list[float]) -> None:
    """Python writes the shortest text that reads back as the same double."""
    assert json.loads(to_json(np.array(values, dtype=np.float64))) == values


def test_json_is_strict_and_ascii() -> None:
    text = to_json({"Å": [math.nan, 1.0], "path": "broken\udcff"})
    assert text.isascii()
    assert "NaN" not in text
    assert json.loads(text)["Å"] == [None, 1.0]


def test_envelope_has_exactly_the_promised_keys() -> None:
    document = envelope(
        "info", [FILE], {"path": Path("x")}, [Spoken(1), {"n": np.int64(2)}], {"n": "1"}, ["a", "a"]
    )
    assert list(document) == ["perovchem", "command", "inputs", "settings", "results", "units", "warnings"]
    assert document["inputs"] == [{"path": "run/XDATCAR", "sha256": "0" * 64}]
    assert document["settings"] == {"path": "x"}
    assert document["results"] == [{"n": 1}, {"n": 2}]
    assert document["warnings"] == ["a"]


# --- text_table ------------------------------------------------------------------------------------------


def test_numbers_to_the_right_and_texts_to_the_left() -> None:
    table = text_table(
        ["pair", "bonds", "mean (Å)", "error"],
        [["Pb-I", 1234, "3.21(2)", 0.0123456], ["Cs-Br", 7, "29.3 ± 0.4", math.nan]],
    )
    assert table.split("\n") == [
        "pair   bonds    mean (Å)    error",
        "-----  -----  ----------  -------",
        "Pb-I    1234     3.21(2)  0.01235",
        "Cs-Br      7  29.3 ± 0.4        –",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.14159, "3.142"),
        (12345.6, "12346"),
        (-12345.6, "-12346"),
        (1.5e9, "1.5e+09"),
        (1e-7, "1e-07"),
        (np.float64(2.5), "2.5"),
        (10**6, "1000000"),
        (None, MISSING),
        (math.inf, MISSING),
        (True, "True"),
    ],
)
def test_how_a_value_prints(value: object, text: str) -> None:
    assert text_table(["x"], [[value]]).split("\n")[-1] == text


def test_a_column_with_one_word_is_a_column_of_words() -> None:
    assert text_table(["value"], [[1], ["none found"]]).split("\n")[2] == "1"
    assert text_table(["value"], [[1], [None]]).split("\n")[2:] == ["    1", "    –"]


def test_a_table_without_rows_is_its_header() -> None:
    assert text_table(["a", "bc"], []) == "a  bc\n-  --"
    assert text_table([], []) == "\n"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    """A file may name its species with an escape sequence."""
    assert text_table(["name"], [["\x1b[31mPb\r\nI\t"]]).split("\n")[2:] == ["?[31mPb??I?"]


def test_wide_and_combining_characters_keep_columns_aligned() -> None:
    """One wide character takes two columns of a terminal, a combining one none."""
    lines = text_table(["name", "n"], [["鉛", 1], ["x\u0304x", 2], ["Pb", 3]]).split("\n")
    assert lines[2:] == ["鉛    1", "x\u0304x    2", "Pb    3"]


@pytest.mark.parametrize("row", [[1], [1, 2, 3]])
def test_a_row_of_another_length_is_located(row: list[int]) -> None:
    with pytest.raises(UsageError, match=r"2 columns got \d values \(row 2\)"):
        text_table(["a", "b"], [[1, 2], row])


def test_results_load_without_pandas() -> None:
    code = (
        "import sys, perovchem.result, perovchem.uncertainty;"
        "heavy = {'pandas', 'scipy', 'numba', 'matplotlib', 'pymatgen'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_notebook_shows_one_line_and_a_table_with_units() -> None:
    text = Shells(1.0, [29.25, float("nan")], {})._repr_html_()
    assert text.startswith("<p>Shells(density=1, ")
    assert "<th>volume (Å3)</th>" in text
    assert "<td>29.25</td>" in text
    assert f"<td>{MISSING}</td>" in text
    assert "more rows" not in text


def test_a_notebook_shows_the_first_rows_of_a_long_table() -> None:
    text = Shells(1.0, np.arange(25.5, 1025.5), {})._repr_html_()
    assert text.count("<td>") == 20
    assert text.endswith("<p>and 980 more rows</p>")


def test_a_notebook_executes_nothing_of_what_a_file_said() -> None:
    @dataclass(frozen=True)
    class Named(Result):
        name: str

        def to_dataframe(self) -> Any:
            return dataframe({"<b>": [self.name]})

    text = Named("<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in text
    assert "<b>" not in text
    assert text.count("&lt;script&gt;") == 2


def test_a_notebook_shows_the_line_where_there_is_no_table() -> None:
    @dataclass(frozen=True)
    class Empty(Result):
        def to_dataframe(self) -> Any:
            raise UsageError("a <table> of nothing", fix="ask for less")

    assert (
        Empty()._repr_html_()
        == "<p>Empty()</p><p>no table: a &lt;table&gt; of nothing. Fix: ask for less.</p>"
    )


def test_long_words_are_folded_and_numbers_never() -> None:
    """Nothing is lost, the table keeps to its width, what is copied and what has no blank stays in one piece."""
    words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    rows = [["a", words, "perovchem rdf " + "x" * 40, 1.5], ["b", "y" * 50, "perovchem info z", -2.25]]
    text = text_table(["", "words", "command", "number"], rows, widest=130)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 130
    second = slice(3, 3 + len(lines[1].split("  ")[1]))
    assert " ".join(line[second].strip() for line in lines[2:-1]) == words
    assert "y" * 50 in lines[-1] and lines[-1].endswith("-2.25")
    assert rows[0][2] in lines[2] and lines[2].endswith(" 1.5")
    assert text_table(["", "words"], [["a", words]], widest=200) == text_table(["", "words"], [["a", words]])
