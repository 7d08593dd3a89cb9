"""What was measured, from a table (CSV): one row per subject, numbers, bounds, ranks or words."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from perovchem.declared_table import LARGEST_NUMBER
from perovchem.errors import FormatError, MissingDataError, UsageError, nearest
from perovchem.evidence import HIGHER, MOST_SUBJECTS, Measured, value_of
from perovchem.readers.filebytes import open_bytes

LARGEST_FILE: Final = 8 << 20
"""Unpacked bytes."""
_LONGEST_CELL: Final = 1000
_MOST_COLUMNS: Final = 1000
_SEPARATORS: Final = (",", ";", "\t")
_UNIT: Final = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]\s*")
_FIX: Final = "give a table (CSV, UTF-8) with a heading and one row per subject"


def read_measured(
    path: str | os.PathLike[str],
    *,
    subject: str,
    value: str,
    uncertainty: str | None = None,
    unit: str = "",
    name: str = "",
    source: str = "",
    better: str = HIGHER,
) -> Measured:
    """Read a measured column.

    Parameters
    ----------
    path : path
        Table with a heading, separated by commas, semicolons or tabs, in UTF-8 (or UTF-16 with its mark). Lines that
        begin with # are comments; empty cells and "n/a" are missing values, "<0.5" and ">2" are bounds. May be packed
        (.gz, .bz2, .xz).
    subject, value : str
        Heads of the columns with the subjects and their values; a unit in parentheses behind them may be left out.
    uncertainty : str, optional
        Head of the column with the standard uncertainties.
    unit : str
        Of the values; by default the one in parentheses in the head. Ranks (whole numbers from 1) and words need none;
        "1" says that other numbers have none.
    name, source, better : str
        As in :class:`perovchem.evidence.Measured`; the name is the head by default.

    Returns
    -------
    Measured

    Raises
    ------
    FormatError
        If the file is no table, a subject stands there twice, or a cell makes no sense: with its line.
    MissingDataError
        If it has no such column.
    UsageError
        If numbers have no unit, or two.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "measured.csv")
    ...     _ = table.write_text("additive,solubility (g/mL)\\nMAI,0.038\\nnone,<0.003\\n")
    ...     found = read_measured(table, subject="additive", value="solubility")
    >>> found.values["MAI"], found.unit, found.censored
    (0.038, 'g/mL', {'none': '<'})
    """
    where = str(path)
    rows = _rows(_text(Path(path), where), where)
    head = rows[0][1]
    places = [_place(column, head, where) for column in (subject, value)]
    error_place = None if not uncertainty else _place(uncertainty, head, where)
    values: dict[str, float | str | None] = {}
    errors: dict[str, float] = {}
    censored: dict[str, str] = {}
    for number, cells in rows[1:]:
        line = f"{where}, line {number}"
        one = _subject(cells, places[0], values, line)
        cell = _cell(cells, places[1])
        found, bound = value_of(cell)
        if isinstance(found, str) and re.match(r"[<>≤≥]?\s*[-+−]?[.,]?\d", found):
            raise FormatError(
                f"{_short(cell)} of {_short(one)} is no number",
                where=line,
                fix="write the number alone, with a decimal point; unit in the head, uncertainty in its own column",
            )
        if isinstance(found, float) and abs(found) > LARGEST_NUMBER:
            raise FormatError(
                f"{_short(cell)} of {_short(one)} is no measured value", where=line, fix="correct it"
            )
        values[one] = found
        if bound:
            censored[one] = bound
        if error_place is not None and (error := _error(_cell(cells, error_place), one, line)) is not None:
            errors[one] = error
        if len(values) > MOST_SUBJECTS:
            raise FormatError(
                f"more than {MOST_SUBJECTS} subjects", where=where, fix="give those to be compared"
            )
    if not any(found is not None for found in values.values()):
        raise FormatError(f"column {head[places[1]]!r} holds no value", where=where, fix=_FIX)
    _check_kinds(values, where)
    return Measured(
        name=name or _UNIT.sub(r"\1", head[places[1]]).strip() or value,
        values=values,
        errors=errors,
        unit=_unit(unit, head[places[1]], values, where),
        source=source,
        censored=censored,
        better=better,
    )


def _text(path: Path, where: str) -> str:
    """Return the text of a file."""
    file = open_bytes(path)
    if len(file.data) > LARGEST_FILE:
        raise FormatError(
            f"a table of {len(file.data) >> 20} MB", where=where, fix="give the rows that are meant"
        )
    data = bytes(file.data[:])
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise FormatError("it is no text in UTF-8", where=where, fix="save the table as CSV UTF-8") from None
    if "\0" in text:
        raise FormatError("it is no text", where=where, fix=_FIX)
    return text


def _rows(text: str, where: str) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, each with the number of its line; the heading first."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    before = csv.field_size_limit(LARGEST_FILE)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            line = f"{where}, line {reader.line_num}"
            if len(cells) > _MOST_COLUMNS or any(len(cell) > _LONGEST_CELL for cell in cells):
                raise FormatError("a row is far too long for a table", where=line, fix=_FIX)
            if found and len(cells) > len(found[0][1]) and any(cells[len(found[0][1]) :]):
                raise FormatError(
                    f"{len(cells)} cells below a heading of {len(found[0][1])}",
                    where=line,
                    fix="quote cells that contain the separator, and write decimal points",
                )
            found.append((reader.line_num, cells))
    except csv.Error as error:
        raise FormatError(
            f"it is no CSV: {error}", where=f"{where}, line {reader.line_num}", fix="mend that line"
        ) from None
    finally:
        csv.field_size_limit(before)
    if len(found) < 2:
        raise FormatError("there is no row below a heading", where=where, fix=_FIX)
    return found


def _place(column: str, head: Sequence[str], where: str) -> int:
    """Return the place of a column, by its head with or without the unit."""
    for names in (list(head), [_UNIT.sub(r"\1", one) for one in head]):
        if names.count(column) > 1:
            raise FormatError(f"two columns are called {column!r}", where=where, fix="give each its own head")
        if column in names:
            return names.index(column)
    raise MissingDataError(
        f"the table has no column {column!r}", where=where, fix=nearest(column, [one for one in head if one])
    )


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _subject(cells: Sequence[str], place: int, seen: dict[str, float | str | None], line: str) -> str:
    """Return the subject of a row."""
    one = _cell(cells, place)
    if not one or not one.isprintable():
        raise FormatError("the row names no subject", where=line, fix="name it, or leave the whole row out")
    if one in seen:
        raise FormatError(f"{_short(one)} stands there twice", where=line, fix="one row per subject")
    return one


def _error(cell: str, subject: str, line: str) -> float | None:
    """Return a standard uncertainty; None where there is none."""
    error, bound = value_of(cell)
    if error is None:
        return None
    if isinstance(error, str) or bound or not 0 <= error <= LARGEST_NUMBER:
        raise FormatError(
            f"the uncertainty of {_short(subject)} is {_short(cell)}",
            where=line,
            fix="write a number, 0 or above, in the unit of the value",
        )
    return error


def _check_kinds(values: dict[str, float | str | None], where: str) -> None:
    """Refuse numbers beside words."""
    word = next((value for value in values.values() if isinstance(value, str)), None)
    if word is not None and any(isinstance(value, float) for value in values.values()):
        raise FormatError(
            f"numbers and words ({_short(word)}) stand in one column",
            where=where,
            fix='write a limit of detection as "<0.5", and leave unknown values empty',
        )


def _unit(given: str, head: str, values: dict[str, float | str | None], where: str) -> str:
    """Return the unit of the numbers: the one given, or that of the head."""
    match = _UNIT.fullmatch(head)
    of_head = match[2].strip() if match else ""
    if given and of_head and given != "1" and given.replace(" ", "") != of_head.replace(" ", ""):
        raise UsageError(
            f"the unit is given as {given}, and the head says {of_head}", where=where, fix="give the true one"
        )
    unit = given or of_head
    numbers = [value for value in values.values() if isinstance(value, float)]
    ranks = all(value == round(value) and 1 <= value <= len(values) for value in numbers)
    if numbers and not ranks and not unit:
        raise UsageError(
            "the numbers have no unit",
            where=where,
            fix='give unit = "mol/L", or write it into the head: solubility (mol/L); "1" for a pure number',
        )
    return "" if unit == "1" else unit


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
