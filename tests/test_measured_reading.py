"""Measured tables: what they may hold, and what is refused with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.errors import PerovchemError
from perovchem.evidence import Measured
from perovchem.measured_reading import read_measured


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Measured]:
    def call(text: str | bytes, **options: Any) -> Measured:
        path = tmp_path / "measured.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_measured(
            path, **{"subject": "additive", "value": "solubility", "unit": "g/mL", **options}
        )

    return call


TABLE = "additive,solubility,s\nMAI,0.038,0.002\nnone,<0.00293,\nMABr,,\nMACl, 1e-2 ,n/a\n"


def test_numbers_bounds_and_what_is_missing(read) -> None:
    found = read(TABLE, uncertainty="s", source="a paper")
    assert found.values == {"MAI": 0.038, "none": 0.00293, "MABr": None, "MACl": 0.01}
    assert found.errors == {"MAI": 0.002} and found.censored == {"none": "<"}
    assert (found.name, found.unit, found.source, found.better) == ("solubility", "g/mL", "a paper", "higher")


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        TABLE.replace("\n", "\r\n"),
        "\ufeff" + TABLE,
        "# from the paper\n\n" + TABLE + "\n,,\n# end\n",
        TABLE.replace("MAI", '"MAI"'),
        TABLE.replace("<0", "< 0"),
        TABLE.encode("utf-16"),
    ],
)
def test_ways_of_writing_the_same_table(read, text: str | bytes) -> None:
    found = read(text, uncertainty="s")
    assert found.values == {"MAI": 0.038, "none": 0.00293, "MABr": None, "MACl": 0.01}
    assert found.censored == {"none": "<"}


def test_unit_from_the_head_and_cells_with_separators(read) -> None:
    text = 'additive,"solubility (mol/L)",why\n"CsCl, dry",0.5,"a, b"\n'
    found = read(text, unit="")
    assert found.unit == "mol/L" and found.values == {"CsCl, dry": 0.5} and found.name == "solubility"


def test_ranks_and_words_need_no_unit(read) -> None:
    ranks = read("additive,solubility\nMAI,1\nMABr,2.0\n", unit="", better="lower")
    assert ranks.ranks and ranks.values == {"MAI": 1.0, "MABr": 2.0}
    words = read("additive,solubility\nMAI,enters\nMABr,not found\n", unit="")
    assert words.words
    assert read("additive,solubility\nMAI,0.3\n", unit="1").unit == ""


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, "empty"),
        ("additive,solubility\n", {}, "no row below a heading"),
        (TABLE, {"value": "solubilty"}, "did you mean 'solubility'"),
        (TABLE, {"subject": "salt"}, "no column 'salt'"),
        (TABLE, {"uncertainty": "error"}, "no column 'error'"),
        (TABLE, {"unit": ""}, "have no unit"),
        (TABLE + "MAI,3,\n", {}, "line 6.*|'MAI' stands there twice"),
        (TABLE + ",3,\n", {}, "names no subject"),
        (TABLE + "X,3 g/mL,\n", {}, "'3 g/mL' of 'X' is no number"),
        (TABLE + "X,0.038(2),\n", {}, "is no number"),
        (TABLE + "X,1_000,\n", {}, "is no number"),
        ("additive;solubility\nX;0,5\n", {}, "decimal point"),
        (TABLE + "X,enters,\n", {}, "numbers and words"),
        (TABLE + "X,3,-1\n", {"uncertainty": "s"}, "uncertainty of 'X' is '-1'"),
        (TABLE + "X,3,10 %\n", {"uncertainty": "s"}, "uncertainty of 'X'"),
        (TABLE + "X,3,1,2,3\n", {}, "5 cells below a heading of 3"),
        ("additive,solubility,solubility\nX,1,2\n", {}, "two columns"),
        ("additive,solubility (g/L)\nX,0.5\n", {}, "the head says g/L"),
        ("additive,solubility\nX,\n", {}, "holds no value"),
        ('additive,solubility\n"X,0.5\n', {}, "no CSV|no row"),
        (b"additive,solubility\nX\xff\xfa,0.5\n", {}, "UTF-8"),
        (b"\x00\x01\x02additive,solubility\nX,0.5\n", {}, "no text"),
        ("additive,solubility\n" + "".join(f"{k},0.5\n" for k in range(1002)), {}, "more than 1000"),
        ("additive,solubility\nX," + "9" * 5000 + "\n", {}, "far too long"),
        ("additive,solubility\nX\x1b[31m,0.5\n", {}, "names no subject"),
    ],
)  # fmt: skip
def test_refusals_say_where_and_what_to_do(
    read, text: str | bytes, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(PerovchemError, match=words) as caught:
        read(text, **options)
    assert "measured.csv" in str(caught.value) and "Fix: " in str(caught.value)


def test_a_line_is_named(read) -> None:
    with pytest.raises(PerovchemError, match=r"line 7"):
        read("# head\n\nadditive,solubility\nA,0.5\n\n# more\nA,0.7\n")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PerovchemError):
        read_measured(tmp_path / "nothing.csv", subject="a", value="b")
    with pytest.raises(PerovchemError):
        read_measured(tmp_path, subject="a", value="b")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="a,;\t\n\r\"'<>0.5e-+ #\u2265\u00b0\x00", max_size=80))
def test_any_text_is_a_table_or_a_clear_refusal(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "m.csv"
    path.write_text("additive,solubility\n" + text, encoding="utf-8", newline="")
    try:
        found = read_measured(path, subject="additive", value="solubility", unit="g/L")
    except PerovchemError:
        return
    assert found.values
