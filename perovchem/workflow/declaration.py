"""What a workflow file may say: one class a table, every key with its sentence, from which validation and docs come."""
# ruff: noqa: RUF009  _key returns fields

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, Literal

from perovchem.errors import FormatError, nearest

Scalar = bool | int | float | str
"""What a matrix may vary, and what a cell of the rows may be."""
MOST_STEPS: Final = 1_000
MOST_COLUMNS: Final = 200
MOST_DECLARED: Final = 10_000
"""Entries of any one list or table of a file."""
LONGEST_TEXT: Final = 20_000
"""Characters of any one text of a file."""
NAME: Final = r"^[a-z][a-z0-9_]{0,59}$"

# plain dataclasses: pydantic reads their types, this setting and the metadata of their fields
_STRICT: Final = {"extra": "forbid", "strict": True, "allow_inf_nan": False, "str_max_length": LONGEST_TEXT}


def _key(sentence: str, default: Any = ..., *, most: int = MOST_DECLARED, **limits: Any) -> Any:
    """Return a field with its sentence; without a default it must be given."""
    told = {"description": sentence, **limits}
    if default is ...:
        return field(metadata=told)
    if isinstance(default, tuple):
        return field(default=default, metadata={**told, "max_length": most})
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={**told, "max_length": most})
    return field(default=default, metadata=told)


@dataclass(frozen=True, slots=True)
class Step:
    """[[step]]: one command over inputs and matrix values."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    command: str = _key("The command: what stands behind `perovchem`.")
    name: str = _key(
        "What the step is called in columns and tables; lowercase words. Default: the command.",
        "",
        pattern=NAME[:-1] + "$|^$",
    )
    inputs: tuple[str, ...] = _key(
        "Formulas, bundled names, paths and globs, relative to the workflow file; {axis} is replaced. A glob is "
        "sorted, and must find something.",
        (),
    )
    together: bool = _key(
        "true: all inputs are one item, compared; false: one item per input.", default=False
    )
    over: tuple[str, ...] | None = _key(
        "Axes of the matrix that the step varies over. Default: those whose {name} it mentions.", None
    )
    settings: dict[str, Any] = _key("Options of the command, `_` for `-`; {axis} is replaced in texts.", {})
    rows: str = _key(
        "Place of the list in an item's JSON of which each element is a row.", "results", min_length=1
    )
    columns: dict[str, str] = _key(
        "Column to its place in that element, as `gap.value`, `tests[name=charge].value`, `peaks[0].d`. Default: its "
        "numbers and texts, and {mean, standard_error} as two.",
        {},
        most=MOST_COLUMNS,
    )


@dataclass(frozen=True, slots=True)
class Published:
    """[[published]]: a value of a paper beside ours."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    what: str = _key("What is compared.", min_length=1)
    value: Scalar = _key("The published value: text or number.")
    source: str = _key("Where it stands: paper, figure or table.", min_length=1)
    ours: str = _key("Our value: STEP.COLUMN.", min_length=3)
    why: str = _key("Why they differ, or what their agreement rests on: one sentence.", min_length=1)
    where: dict[str, Scalar] = _key(
        "Which row: axes or columns and their values; exactly one row must match.", {}
    )
    uncertainty: float | None = _key("Published uncertainty of a number.", None, ge=0)
    unit: str = _key("Unit of a number.", "")


@dataclass(frozen=True, slots=True)
class MeasuredColumn:
    """[[conclusion.measured]]: a measured column of a CSV file."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    file: str = _key("CSV with a header, relative to the workflow file.", min_length=1)
    subject: str = _key("Its column of subjects.", min_length=1)
    value: str = _key("Its column of values; <0.1 and >2 are bounds.", min_length=1)
    source: str = _key("DOI or words: where the values were measured.", min_length=1)
    uncertainty: str = _key("Its column of standard uncertainties.", "")
    unit: str = _key("Unit of the values.", "")
    name: str = _key("What was measured. Default: the column of values.", "")
    better: Literal["higher", "lower"] = _key("`lower` for ranks that begin with the best.", "higher")


@dataclass(frozen=True, slots=True)
class EvidenceColumn:
    """[[conclusion.evidence]]: a column of the rows that speaks for or against."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    name: str = _key("What it is called.", min_length=1)
    column: str = _key("STEP.COLUMN.", min_length=3)
    better: str = _key(
        "`lower` or `higher`: what speaks for dissolving, or for entering; of verdicts the word that does, as "
        "`enters`. Default: it points nowhere and is shown beside.",
        "",
    )
    uncertainty: str | float = _key("STEP.COLUMN of its standard uncertainty, or one number for all.", "")
    where: dict[str, Scalar] = _key("Only rows with these values of axes or columns.", {})
    group: str = _key("STEP.COLUMN; only subjects of one group are compared.", "")
    threshold: float | None = _key("For doping: numbers on the better side of it mean entering.", None)
    resolution: float | None = _key("For doping: the smallest size that a measurement would see.", None, gt=0)
    unit: str = _key("Unit. Default: that of the column, where the command tells it.", "")
    source: str = _key("DOI or words for what the evidence rests on.", "")
    assumption: str = _key("What one must believe for it to count.", "")


@dataclass(frozen=True, slots=True)
class ConclusionOf:
    """[[conclusion]]: what the rows mean for solubility or doping."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    kind: Literal["solubility", "doping"] = _key("`solubility` or `doping`.")
    subject: str = _key("Who is compared, one per row: text with {names} of axes or columns.", min_length=1)
    evidence: tuple[EvidenceColumn, ...] = _key(
        "Columns that speak for or against.", min_length=1, max_length=100
    )
    measured: tuple[MeasuredColumn, ...] = _key("What was measured, if anything: one table or several.", ())
    title: str = _key("Heading.", "")


@dataclass(frozen=True, slots=True)
class Declaration:
    """The file."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT

    title: str = _key("Heading of the page.", min_length=1)
    step: tuple[Step, ...] = _key("The steps, [[step]].", min_length=1, max_length=MOST_STEPS)
    about: str = _key("One paragraph for the page.", "")
    doi: tuple[str, ...] = _key("DOIs of the works it follows.", ())
    output: str = _key(
        "Folder of results, below where one stands; --output wins. Default: the file's name without .toml.",
        "",
    )
    matrix: dict[str, tuple[Scalar, ...]] = _key(
        "Axes: a name of lowercase words and its values (texts, numbers, true or false); all combinations are run.",
        {},
    )
    exclude: tuple[dict[str, Scalar], ...] = _key(
        "Combinations that are left out, [[exclude]]: those in which every key given matches.", ()
    )
    published: tuple[Published, ...] = _key("Values of papers beside ours, [[published]].", ())
    conclusion: tuple[ConclusionOf, ...] = _key("What the rows mean, [[conclusion]].", ())


TABLES: Final[Mapping[str, type]] = {
    "": Declaration,
    "[[step]]": Step,
    "[[published]]": Published,
    "[[conclusion]]": ConclusionOf,
    "[[conclusion.evidence]]": EvidenceColumn,
    "[[conclusion.measured]]": MeasuredColumn,
}
"""The tables of a file by how their head is written."""
_BELOW: Final[Mapping[str, type]] = {
    "step": Step, "published": Published, "conclusion": ConclusionOf, "evidence": EvidenceColumn,
    "measured": MeasuredColumn,
}  # fmt: skip


def declaration(table: Mapping[str, Any], where: str) -> Declaration:
    """Return a file's contents with every key checked.

    Raises
    ------
    FormatError
        With the dotted path of what is wrong.
    """
    from pydantic import TypeAdapter, ValidationError

    try:  # as JSON, where pydantic's strictness takes lists for tuples and tables for dataclasses
        return TypeAdapter(Declaration).validate_json(json.dumps(_listed(table), default=_no_value))
    except ValidationError as error:
        raise _told(error.errors(include_url=False), where) from None
    except RecursionError:
        raise FormatError(
            "its tables stand too deep in each other", where=where, fix="mend that line"
        ) from None
    except (TypeError, ValueError) as error:  # a date, an object of a dictionary that Python was given
        raise FormatError(
            f"{error}", where=where, fix="write texts, numbers, true or false, and lists"
        ) from None


def _listed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file with [conclusion.measured] as a list of one."""
    found = dict(table)
    if isinstance(conclusions := found.get("conclusion"), list):
        found["conclusion"] = [
            {**one, "measured": [one["measured"]]}
            if isinstance(one, Mapping) and isinstance(one.get("measured"), Mapping)
            else one
            for one in conclusions
        ]
    return found


def _no_value(value: object) -> None:
    raise TypeError(f"{str(value)[:60]!r} is a {type(value).__name__}, which no key takes")


def _told(errors: Sequence[Any], where: str) -> FormatError:
    """Return the first of pydantic's errors in our words: unknown keys first, they explain missing ones."""
    first = min(errors, key=lambda one: one["type"] != "unexpected_keyword_argument")
    parts = list(first["loc"])
    if parts and parts[-1] in ("bool", "int", "float", "str"):  # of the kinds that a value may have
        del parts[-1]
        first = {**first, "type": "scalar"}
    path = dotted(parts)
    if first["type"] == "unexpected_keyword_argument":
        kind = next((_BELOW[str(part)] for part in reversed(parts[:-1]) if part in _BELOW), Declaration)
        known = [one.name for one in fields(kind)]
        return FormatError(
            f"{path} is no key of a workflow file", where=where, fix=nearest(str(parts[-1]), known)
        )
    what, fix = reason(first)
    return FormatError(f"{path or 'the file'} {what}", where=where, fix=fix)


def dotted(parts: Sequence[object]) -> str:
    """Return a place in the file as people write it; entries of lists are counted from 1.

    Examples
    --------
    >>> dotted(["step", 0, "settings", "ion"])
    'step[1].settings.ion'
    """
    text = ""
    for part in parts:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def reason(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong with a value, and what to do, from one of pydantic's errors."""
    kind, limits = error["type"], error.get("ctx", {})
    shown = " ".join(repr(error.get("input")).split())
    given = shown if len(shown) <= 60 else f"{shown[:57]}..."
    if kind.startswith("missing"):
        return "is missing", "give it"
    if kind == "string_pattern_mismatch":
        return f"is {given}", "write lowercase words joined by _, as halide_site"
    if kind.startswith(("too_", "string_too_")):
        most = limits.get("max_length", limits.get("min_length"))
        few = "short" in kind
        return f"is {'empty' if few else 'too long'}", f"give {'at least' if few else 'at most'} {most}"
    if kind == "literal_error":
        return f"is {given}", f"write {limits.get('expected')}"
    if kind == "finite_number":
        return "is no finite number", "write a finite number"
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        return f"is {given}", re.sub("^input", "it", str(error["msg"]).lower())
    wanted = _WANTED.get(
        kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float"),
        "another kind of value",
    )
    return f"is {given}", f"write {wanted}"


_WANTED: Final = {
    "string": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false, without quotes",
    "scalar": "a text in quotes, a finite number, true or false",
    "tuple": "a list, as [1, 2]",
    "list": "a list, as [1, 2]",
    "dict": "a table of keys and values",
    "dataclass": "a table of keys and values",
    "mapping": "a table of keys and values",
}
