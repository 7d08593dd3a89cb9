"""What every result can do: one line, a dictionary, JSON, a table; and where it came from.

A result is a frozen dataclass that inherits from :class:`Result`. Its fields are numbers, texts, arrays,
other dataclasses, and collections of them; a field too large or too rich to print is declared with
``field(metadata=DETAIL)``.
"""

from __future__ import annotations

import dataclasses
import html
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem import quantities
from perovchem.errors import PerovchemError, UsageError
from perovchem.figure_names import draw
from perovchem.folding import folded, width
from perovchem.html_table import html_table
from perovchem.provenance import InputFile
from perovchem.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DETAIL: Final[Mapping[str, bool]] = {"detail": True}
"""Metadata of a field that stays out of ``repr``, ``to_dict`` and JSON."""

MISSING: Final = "–"
"""What a table prints where a number is undefined."""

_NUMBER = re.compile(r"([≤≥] )?[-+−]?\d+(\.\d+)?([eE][-+]?\d+)?(\(\d+\))?( ?± ?\d+(\.\d+)?)?\*?( ?%)?")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result came from.

    Attributes
    ----------
    input : str
        File or folder as the user named it; "" for data handed over in memory.
    inputs : tuple of InputFile
        The files that were read, with their checksums.
    settings : mapping of str to object
        Every choice that was made, given or by default.
    warnings : tuple of str
        What a reader of the numbers must know.
    version : str
        Of this package.
    """

    input: str = ""
    inputs: tuple[InputFile, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    version: str = __version__


class Result(ABC):
    """Base of every result: frozen, one line as text, a table, a dictionary, JSON.

    A subclass is a frozen dataclass. It may define ``__repr__``; otherwise its short fields are shown. By
    convention it has a field ``provenance`` of type :class:`Provenance`, the last one.
    """

    __slots__ = ()

    command: ClassVar[str] = ""
    """The command that gives this result."""
    quantity_names: ClassVar[Mapping[str, str]] = {}
    """Quantity that each key of :meth:`to_dict` holds, by key; the units follow from it."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # dataclass() writes its own repr, which prints whole arrays, unless the class itself has one
        if "__repr__" not in cls.__dict__:
            type.__setattr__(cls, "__repr__", super(cls, cls).__repr__)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in _fields(self))
        return f"{type(self).__name__}({shown})"

    @property
    def units(self) -> dict[str, str]:
        """Unit of each key of :meth:`to_dict` that has one."""
        return quantities.units(self.quantity_names)

    @abstractmethod
    def to_dataframe(self) -> pd.DataFrame:
        """Return the table of this result; :func:`dataframe` builds it."""

    def plot(self) -> Figure:
        """Return the figure of this result: see :mod:`perovchem.figure_names`."""
        return draw(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line of :meth:`__repr__` and the first rows of the table."""
        line = f"<p>{html.escape(repr(self))}</p>"
        try:
            return line + html_table(self.to_dataframe(), number=_cell, missing=MISSING)
        except PerovchemError as error:
            return f"{line}<p>no table: {html.escape(str(error))}</p>"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields but details and provenance as plain Python values.

        Returns
        -------
        dict of str to object
            Of dictionaries, lists, texts, numbers, and None, also for what is undefined (NaN).
        """
        return {name: jsonable(value) for name, value in _fields(self)}

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return this result as the commands print it with ``--json``: see :func:`envelope`.

        Parameters
        ----------
        indent : int or None
            Spaces per level; None for one line.
        """
        origin = getattr(self, "provenance", Provenance())
        return to_json(
            envelope(
                self.command,
                origin.inputs,
                origin.settings,
                [{"input": origin.input, **self.to_dict()}],
                self.units,
                origin.warnings,
            ),
            indent=indent,
        )


def envelope(
    command: str,
    inputs: Iterable[InputFile],
    settings: Mapping[str, Any],
    results: Iterable[Mapping[str, Any] | Result],
    units: Mapping[str, str],
    warnings: Iterable[str],
) -> dict[str, Any]:
    """Return the JSON object that every command prints.

    Parameters
    ----------
    command : str
        Name of the command.
    inputs : iterable of InputFile
        The files that were read.
    settings : mapping of str to object
        Every choice that was made.
    results : iterable of mapping or Result
        One per input, each with its ``input``.
    units : mapping of str to str
        Unit by key of the results.
    warnings : iterable of str
        Sentences; each is kept once.

    Returns
    -------
    dict of str to object
        Keys perovchem (our version), command, inputs, settings, results, units, warnings; plain values.

    Raises
    ------
    UsageError
        If a value has no plain form.

    Examples
    --------
    >>> envelope("info", [], {}, [{"input": "run", "density": float("nan")}], {"density": "g/cm3"}, [])
    {'perovchem': '...', 'command': 'info', 'inputs': [], 'settings': {},
     'results': [{'input': 'run', 'density': None}], 'units': {'density': 'g/cm3'}, 'warnings': []}
    """
    return {
        "perovchem": __version__,
        "command": command,
        "inputs": [{"path": file.path, "sha256": file.sha256} for file in inputs],
        "settings": jsonable(settings),
        "results": [jsonable(result) for result in results],
        "units": dict(units),
        "warnings": list(dict.fromkeys(warnings)),
    }


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """Return a value as strict JSON text (no NaN), in ASCII so that any terminal and pipe can carry it."""
    return json.dumps(jsonable(value), indent=indent, allow_nan=False)


def jsonable(value: Any) -> Any:
    """Return a value in plain Python: dictionaries with text keys, lists, texts, numbers, booleans, None.

    NaN and infinities become None, arrays and sets lists, paths texts, dataclasses and results dictionaries.
    Keys of several parts, such as ("Pb", "I"), are joined by hyphens.

    Raises
    ------
    UsageError
        If the value has no plain form, or two keys have the same.

    Examples
    --------
    >>> jsonable({("Pb", "I"): np.array([3.2, np.nan])})
    {'Pb-I': [3.2, None]}
    """
    if isinstance(value, Enum):
        return jsonable(value.value)
    if value is None:
        return None
    if isinstance(value, str | PurePath):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, Result):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(part) for name, part in _fields(value)}
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, set | frozenset):
        return sorted((jsonable(part) for part in value), key=_place)
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    raise UsageError(
        f"a {type(value).__name__} has no plain form", fix="turn it into numbers and texts first"
    )


def dataframe(columns: Mapping[str, Any], *, quantity_names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a table whose columns carry their units.

    Parameters
    ----------
    columns : mapping of str to array
        All of one length, in order.
    quantity_names : mapping of str to str, optional
        Quantity in a column, by column name.

    Returns
    -------
    pandas.DataFrame
        With the unit by column in ``attrs["units"]``.

    Raises
    ------
    UsageError
        If the columns differ in length or a quantity is unknown.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"columns of a table differ in length: {lengths}", fix="give one value per row")
    import pandas as pd

    table = pd.DataFrame(dict(columns))
    table.attrs["units"] = quantities.units(quantity_names or {})
    return table


def text_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, widest: int | None = None) -> str:
    """Return an aligned table in plain text.

    Columns that hold only numbers (also texts such as "3.21(2)" or "29.3 ± .4") stand to the right, others to
    the left. Undefined values (None, NaN) print as a dash, characters that a terminal might obey as "?".

    Parameters
    ----------
    headers : sequence of str
        One per column.
    rows : iterable of sequences
        One value per column: text, number or None. Floats print with four digits; format them before where
        another number of digits is meant.
    widest : int, optional
        Columns of a terminal that the table should keep to: long words are folded into several lines as far as that
        helps, but for a column "command", which is copied.

    Returns
    -------
    str
        Header, rule, one line per row; no blanks at line ends, no newline at the end.

    Raises
    ------
    UsageError
        If a row has more or fewer values than there are columns.

    Examples
    --------
    >>> print(text_table(["pair", "bonds", "mean"], [["Pb-I", 12, 3.2], ["Pb-O", 3, None]]))
    pair  bonds  mean
    ----  -----  ----
    Pb-I     12   3.2
    Pb-O      3     –
    """
    table = [[_cell(value) for value in row] for row in rows]
    for number, row in enumerate(table, 1):
        if len(row) != len(headers):
            raise UsageError(
                f"a table of {len(headers)} columns got {len(row)} values",
                where=f"row {number}",
                fix="give one value per column, None where there is none",
            )
    heads = [_cell(head) for head in headers]
    right = [
        bool(table) and all(_NUMBER.fullmatch(row[column]) or row[column] == MISSING for row in table)
        for column in range(len(heads))
    ]
    lines = [heads]
    if widest is not None:
        whole = [aside or head == "command" for head, aside in zip(heads, right, strict=True)]
        lines, table = folded(heads, table, whole=whole, widest=widest)
    widths = [max(width(line[column]) for line in [*lines, *table]) for column in range(len(heads))]
    lines += [["-" * one for one in widths], *table]
    return "\n".join(_aligned(line, widths, right) for line in lines)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of the fields that are shown."""
    for item in dataclasses.fields(value):
        if not item.metadata.get("detail") and not (item.name == "provenance" and isinstance(value, Result)):
            yield item.name, getattr(value, item.name)


def _short(value: Any) -> str:
    """Return a value in a few characters and on one line."""
    if isinstance(value, np.ndarray):
        return f"<{' × '.join(map(str, value.shape)) or 'scalar'} {value.dtype}>"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, Mapping | list | tuple | set | frozenset) and len(value) > 3:
        return f"<{len(value)} items>"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain_array(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind in "biuU":
        return array.tolist()
    if array.dtype.kind == "f":
        plain = array.astype(np.float64)
        undefined = ~np.isfinite(plain)
        if undefined.any():
            plain = plain.astype(object)
            plain[undefined] = None
        return plain.tolist()
    if array.dtype.kind == "O":
        return jsonable(array.tolist())
    raise UsageError(f"an array of {array.dtype} has no plain form", fix="turn it into real numbers first")


def _place(part: Any) -> tuple[bool, float, str]:
    """Return the sorting key of a member of a set: numbers by value, then the rest by text."""
    number = isinstance(part, int | float)
    return (not number, part if number else 0.0, str(part))


def _plain_mapping(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in mapping.items():
        name = "-".join(map(str, key)) if isinstance(key, tuple) else str(key)
        if name in plain:
            raise UsageError(f"two keys of a mapping are both written {name!r}", fix="use texts as keys")
        plain[name] = jsonable(value)
    return plain


def _cell(value: object) -> str:
    if value is None:
        return MISSING
    if isinstance(value, float | np.floating):
        number = float(value)
        if not math.isfinite(number):
            return MISSING
        return f"{number:.0f}" if 1e4 <= abs(number) < 1e7 else f"{number:.4g}"
    return "".join(character if character.isprintable() else "?" for character in str(value))


def _aligned(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for text, most, to_right in zip(line, widths, right, strict=True):
        blanks = " " * (most - width(text))
        cells.append(blanks + text if to_right else text + blanks)
    return "  ".join(cells).rstrip()
