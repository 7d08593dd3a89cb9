"""Published values beside ours: one row of the run for each, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from perovchem.workflow.declaration import Published, Scalar
from perovchem.workflow.matrix import same


@dataclass(frozen=True, slots=True)
class Compared:
    """A published value and ours.

    Attributes
    ----------
    what, source, why, unit : str
        As declared.
    published, ours : text, number or None
        None where ours is undefined.
    published_uncertainty, ours_uncertainty : float or None
    difference : float, str or None
        Ours minus published; of texts "same" or "differs".
    note : str
        Why there is nothing to compare; "" otherwise.
    """

    what: str
    published: Scalar
    published_uncertainty: float | None
    ours: Scalar | None
    ours_uncertainty: float | None
    unit: str
    difference: float | str | None
    source: str
    why: str
    note: str


class Comparing:
    """Looks for the rows that published values are compared with.

    Parameters
    ----------
    declared : sequence of Published
    axes : sequence of str
        Of the matrix.
    """

    def __init__(self, declared: Sequence[Published], axes: Sequence[str]) -> None:
        self._declared, self._axes = declared, axes
        self._found: list[list[Mapping[str, Scalar | None]]] = [[] for _ in declared]
        self._seen = [0] * len(declared)

    def look(self, row: Mapping[str, Scalar | None]) -> None:
        """Take a row if a value asks for it."""
        for k, one in enumerate(self._declared):
            step = one.ours.partition(".")[0]
            if row["step"] == step and matches(row, step, one.where, self._axes):
                self._seen[k] += 1
                if len(self._found[k]) < 2:
                    self._found[k].append(row)

    def done(self) -> tuple[Compared, ...]:
        """Return the comparisons in the order of the file."""
        return tuple(
            _compared(one, rows, seen)
            for one, rows, seen in zip(self._declared, self._found, self._seen, strict=True)
        )


def matches(
    row: Mapping[str, Scalar | None], step: str, where: Mapping[str, Scalar], axes: Sequence[str]
) -> bool:
    """Return whether a row has these values in its axes or its step's columns."""
    for name, value in where.items():
        held = row.get(name) if name in axes or name == "item" else row.get(f"{step}.{name}")
        if held is None or not same(held, value):
            return False
    return True


def _compared(one: Published, rows: Sequence[Mapping[str, Scalar | None]], seen: int) -> Compared:
    ours: Scalar | None = None
    error: float | None = None
    note = ""
    if seen != 1:
        note = f"{seen} rows match" if seen else "no row matches"
    elif rows[0]["status"] == "failed":
        note = "the item failed"
    else:
        ours = rows[0].get(one.ours)
        held = rows[0].get(f"{one.ours}_standard_error")
        error = float(held) if isinstance(held, int | float) else None
        note = "" if ours is not None else "undefined"
    between: float | str | None = None
    if _is_number(ours) and _is_number(one.value):
        between = float(ours) - float(one.value)
    elif ours is not None and type(ours) is type(
        one.value
    ):  # between a text and a number nothing can be said
        between = "same" if ours == one.value else "differs"
    return Compared(
        one.what, one.value, one.uncertainty, ours, error, one.unit, between, one.source, one.why, note
    )


def _is_number(value: Scalar | None) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
