"""Files that declare things (TOML): opened safely, their keys taken by kind, a wrong one told with its place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from perovchem.errors import FormatError, InputError, UsageError, nearest
from perovchem.units import HARTREE, KILOCALORIE_PER_MOLE, KILOJOULE_PER_MOLE

ENERGY_UNITS: Final[Mapping[str, float]] = {
    "eV": 1.0,
    "kJ/mol": KILOJOULE_PER_MOLE,
    "kcal/mol": KILOCALORIE_PER_MOLE,
    "hartree": HARTREE,
}
"""One of each in eV."""
LARGEST_NUMBER: Final = 1e15
"""No quantity of such a file is larger."""
LARGEST_FILE: Final = 10_000_000
"""Bytes of a file that declares things."""


def read_declared(source: str | Path, what: str) -> tuple[dict[str, Any], Path]:
    """Return the contents of a TOML file, and the folder that its paths are relative to.

    Parameters
    ----------
    source : path
    what : str
        What the file is, as "cycle file", for messages.

    Raises
    ------
    InputError
        If the file cannot be read.
    FormatError
        If it is no TOML.
    UsageError
        If it is no path.
    """
    fix = f"name a {what} (TOML)"
    if not isinstance(source, str | os.PathLike):
        raise UsageError(f"a {type(source).__name__} is no {what}", fix=f"{fix}, or give a dictionary")
    path, where = Path(source), str(source)[:300]
    try:
        if not path.is_file():
            raise InputError("there is no such file", where=where, fix=fix)
        if path.stat().st_size > LARGEST_FILE:
            raise FormatError(f"the file is too large for a {what}", where=where, fix=fix)
        return tomllib.loads(path.read_text(encoding="utf-8-sig")), path.parent
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}", where=where, fix="check the path") from None
    except UnicodeDecodeError:
        raise FormatError("it is no text", where=where, fix=fix) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise FormatError(f"it is no TOML: {error}", where=where, fix="mend that line") from None


class DeclaredTable:
    """One table of such a file: takes keys by kind and tells where a wrong one stands.

    Parameters
    ----------
    table : mapping
        Refused where it is none.
    where : str
        The file.
    path : str
        Dotted name of the table, "" for the whole file.
    what : str
        What the file is.
    """

    def __init__(self, table: Any, where: str, path: str = "", what: str = "file") -> None:
        self.where, self.path, self.what = where, path, what
        if not isinstance(table, Mapping):
            raise self.wrong("is no table", "write a table of keys and values")
        self.table = table

    def wrong(self, what: str, fix: str, key: str = "") -> FormatError:
        """Return the error that says what is wrong with a key."""
        name = ".".join(part for part in (self.path, key) if part)
        return FormatError(f"{name or 'the file'} {what}", where=self.where, fix=fix)

    def only(self, known: Sequence[str]) -> None:
        """Refuse other keys than these."""
        for key in self.table:
            if key not in known:
                raise self.wrong(f"is no key of a {self.what}", nearest(str(key), known), str(key))

    def below(self, key: str) -> DeclaredTable:
        """Return the table under a key."""
        path = ".".join(part for part in (self.path, key) if part)
        return DeclaredTable(self.table[key], self.where, path, self.what)

    def tables(self, key: str, most: int) -> list[DeclaredTable]:
        """Return the tables listed under a key: [[key]]."""
        listed = self.table.get(key, ())
        if isinstance(listed, str | Mapping) or not isinstance(listed, Sequence):
            raise self.wrong("is no list of tables", f"write [[{key}]]", key)
        if len(listed) > most:
            raise self.wrong(f"has {len(listed)} entries", f"declare up to {most}", key)
        name = ".".join(part for part in (self.path, key) if part)
        return [
            DeclaredTable(one, self.where, f"{name}[{place}]", self.what)
            for place, one in enumerate(listed, 1)
        ]

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self.table.get(key, default)
        if not isinstance(value, str) or (key in self.table and not value.strip()):
            raise self.wrong("is missing" if value is None else "is no text", "write a text in quotes", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.table.get(key, ())
        if (
            isinstance(value, str)
            or not isinstance(value, Sequence)
            or not all(isinstance(x, str) for x in value)
        ):
            raise self.wrong("is no list of texts", "write a list of texts", key)
        return tuple(value)

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """Return one of several words."""
        if key not in self.table and default is None:
            raise self.wrong("is missing", f"write one of {', '.join(known)}", key)
        value = self.text(key, default)
        if value not in known:
            raise self.wrong(f"cannot be {value!r}", nearest(value, known), key)
        return value

    def number(self, key: str, default: float | None = None, *, positive: bool = True) -> float:
        """Return a finite number; without a default it must be there."""
        value = self.table.get(key, default)
        if value is None:
            raise self.wrong("is missing", "write a number", key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong("is no number", "write a number", key)
        if key in self.table and not (abs(value) < LARGEST_NUMBER and (value > 0 or not positive)):
            shown = str(value) if len(str(value)) < 30 else "so large"
            raise self.wrong(f"cannot be {shown}", f"write a {'positive ' * positive}number", key)
        return float(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        value = self.table.get(key, ())
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.wrong("is no list of numbers", "write a list of numbers", key)
        if any(
            isinstance(x, bool) or not isinstance(x, int | float) or not abs(x) < LARGEST_NUMBER
            for x in value
        ):
            raise self.wrong("is no list of numbers", "write a list of numbers", key)
        return tuple(float(x) for x in value)

    def whole(self, key: str, *, positive: bool = True) -> int | None:
        """Return a whole number, or None where it is not there."""
        if key not in self.table:
            return None
        value = self.number(key, positive=positive)
        if value != round(value) or abs(value) > 1e6:
            raise self.wrong(f"cannot be {value:g}", "write a whole number", key)
        return round(value)
