"""What speaks for or against a conclusion: columns over subjects, what was measured, and the conclusion itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from perovchem.declared_table import LARGEST_NUMBER
from perovchem.errors import MissingDataError, UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from perovchem.result import Result

LOWER: Final = "lower"
HIGHER: Final = "higher"
BOUNDS: Final = ("<", ">")
MOST_SUBJECTS: Final = 1000
"""Subjects that one conclusion compares."""
_MISSING: Final = frozenset({"", "-", "–", "nan", "na", "n/a", "none", "null", "missing"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One computed column: a number or a word for each subject, and which way it points.

    Attributes
    ----------
    name : str
        As a sentence says it: "ΔG of binding", "radius mismatch".
    values : mapping of str to float, str or None
        By subject; None where there is none. All numbers, or all words (verdicts).
    errors : mapping of str to float
        Standard uncertainty by subject, as far as known; in the unit of the values.
    unit : str
        "" for pure numbers and words.
    better : str
        "lower" or "higher": what speaks for solubility, or for entering the lattice. Of words: the one that does, such
        as "enters". "": it points nowhere, and is only shown beside (a distance, a number of hydrogen bonds).
    source : str
        Where it was computed.
    assumption : str
        What one must believe for it to count.
    threshold : float, optional
        Of numbers, for doping: on the better side of it the ion enters. Without one a number ranks and decides nothing.
    resolution : float, optional
        Smallest size that a measurement tells from zero: makes the numbers a prediction of what would be seen if the
        ion entered (a shift of a reflection), which speaks neither for nor against.
    groups : mapping of str to str
        Where it is given, only subjects of one group are compared (systems of one stoichiometry).
    censored : mapping of str to str
        "<" or ">" for subjects whose value is only a bound.

    Examples
    --------
    >>> Evidence("ΔG of binding", {"MAI": -444.0, "MABr": -440.0}, {"MAI": 3.0, "MABr": 3.0}, "kJ/mol", "lower").name
    'ΔG of binding'
    """

    name: str
    values: Mapping[str, float | str | None]
    errors: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    better: str = ""
    source: str = ""
    assumption: str = ""
    threshold: float | None = None
    resolution: float | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    censored: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no sentence could be made of."""
        _check(self)
        if self.words:
            if self.better in (LOWER, HIGHER):
                raise UsageError(
                    f"{self.name!r} has words, and no word is {self.better}", fix='write better = "enters"'
                )
            if self.threshold is not None or self.resolution is not None:
                raise UsageError(f"{self.name!r} has words", fix="leave out threshold and resolution")
        elif self.better not in ("", LOWER, HIGHER):
            raise UsageError(
                f"of the numbers of {self.name!r} {self.better!r} cannot be better",
                fix=nearest(self.better, (LOWER, HIGHER)),
            )
        if self.threshold is not None and not (math.isfinite(self.threshold) and self.better):
            raise UsageError(
                f"a threshold of {self.name!r} needs a side", fix='write better = "lower" or "higher"'
            )
        if self.resolution is not None and not 0 < self.resolution < math.inf:
            raise UsageError(
                f"the resolution of {self.name!r} cannot be {self.resolution}", fix="give a positive number"
            )

    @property
    def words(self) -> bool:
        """Whether its values are words."""
        return any(isinstance(value, str) for value in self.values.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured column. It is compared with evidence, and never an input to any.

    Attributes
    ----------
    name : str
        As a sentence says it: "solubility", "XPS".
    values : mapping of str to float, str or None
        By subject: numbers, ranks, or the words "enters", "does not enter", "not found", "undecided".
    errors : mapping of str to float
        Standard uncertainty by subject, as far as known.
    unit : str
    source : str
        DOI or words.
    censored : mapping of str to str
        "<" or ">" for subjects whose value is only a bound (limit of detection).
    better : str
        "higher" by default; "lower" for ranks that begin with the best.

    Examples
    --------
    >>> Measured("solubility", {"MAI": 0.038, "none": 2.93e-3}, unit="g/mL").better
    'higher'
    """

    name: str
    values: Mapping[str, float | str | None]
    errors: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    source: str = ""
    censored: Mapping[str, str] = field(default_factory=dict)
    better: str = HIGHER

    def __post_init__(self) -> None:
        """Refuse what no sentence could be made of."""
        _check(self)
        if self.better not in (LOWER, HIGHER):
            raise UsageError(
                f"of {self.name!r} {self.better!r} cannot be better",
                fix=nearest(self.better, (LOWER, HIGHER)),
            )

    @property
    def words(self) -> bool:
        """Whether its values are words."""
        return any(isinstance(value, str) for value in self.values.values())

    @property
    def ranks(self) -> bool:
        """Whether its values are places in an order, from 1."""
        numbers = [value for value in self.values.values() if isinstance(value, float)]
        whole = all(2 * value == round(2 * value) and 1 <= value <= len(numbers) for value in numbers)
        return bool(numbers) and not self.unit and self.better == LOWER and whole


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A sentence, and what speaks for it and against it.

    Attributes
    ----------
    kind : str
        "answer", "why", "agreement", "disagreement", "best", "measured", "test"; of doping "answer", "ion", "test",
        "disagreement", "why".
    subjects : tuple of str
        Whom it is about.
    statement : str
        The sentence.
    evidence_for, evidence_against, undecided : tuple of str
        Phrases, each with its number. What is undecided counts for neither.
    assumptions : tuple of str
        What one must believe.
    measured : tuple of str
        What was measured, beside it; never an input.
    """

    kind: str
    subjects: tuple[str, ...]
    statement: str
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a paragraph."""
        parts = [self.statement]
        for head, listed in (
            ("For", self.evidence_for),
            ("Against", self.evidence_against),
            ("Undecided", self.undecided),
            ("Beside it, measured", self.measured),
            ("Assumes", self.assumptions),
        ):
            if listed:
                parts.append(f"{head}: {'; '.join(listed)}.")
        return " ".join(parts)


def value_of(text: object) -> tuple[float | str | None, str]:
    """Return a cell of a table as number, word or None, and its bound "<" or ">" or "".

    Examples
    --------
    >>> value_of("<0.5"), value_of("2.93e-3"), value_of("not found"), value_of("n/a"), value_of(3)
    ((0.5, '<'), (0.00293, ''), ('not found', ''), (None, ''), (3.0, ''))
    """
    if text is None:
        return None, ""
    if not isinstance(text, str):
        try:
            number = float(text)  # type: ignore[arg-type]  # refused below
        except (TypeError, ValueError):
            return str(text), ""
        return (None if math.isnan(number) else number), ""
    cell = text.strip().replace("−", "-")
    if cell.lower() in _MISSING:
        return None, ""
    bound = {"<": "<", ">": ">", "≤": "<", "≥": ">"}.get(cell[0], "")
    body = cell[1:].lstrip("=").strip() if bound else cell
    try:
        # int() and float() take "1_000"; a table means a name by it
        number = float(body) if "_" not in body else math.nan
    except ValueError:
        return text.strip(), ""
    return (number, bound) if math.isfinite(number) else (text.strip(), "")


def evidence_from(
    table: pd.DataFrame | Result,
    *,
    column: str,
    subject: str,
    uncertainty: str | None = None,
    name: str | None = None,
    unit: str | None = None,
    better: str = "",
    source: str = "",
    assumption: str = "",
    threshold: float | None = None,
    resolution: float | None = None,
    group: str | None = None,
) -> Evidence:
    """Return a column of a table, or of a result of a room, as evidence.

    Parameters
    ----------
    table : DataFrame or Result
        One row per subject. A result gives its ``to_dataframe()``.
    column, subject : str
        Columns with the values and with the names of the subjects.
    uncertainty : str, optional
        Column with the standard uncertainties.
    name : str, optional
        As sentences say it; the column's by default.
    unit : str, optional
        By default that which the table declares for the column.
    better, source, assumption, threshold, resolution
        As in :class:`Evidence`.
    group : str, optional
        Column by which subjects are comparable, such as a stoichiometry.

    Returns
    -------
    Evidence

    Raises
    ------
    MissingDataError
        If there is no such column.
    UsageError
        If a subject stands there twice or a value makes no sense.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"additive": ["MAI", "MABr"], "delta_g": [-444.0, -440.0], "s": [3.0, 3.0]})
    >>> found = evidence_from(table, column="delta_g", subject="additive", uncertainty="s", better="lower")
    >>> found.values["MAI"], found.errors["MABr"]
    (-444.0, 3.0)
    """
    frame: Any = table if hasattr(table, "columns") else table.to_dataframe()
    for wanted in (column, subject, uncertainty, group):
        if wanted is not None and wanted not in frame.columns:
            raise MissingDataError(
                f"the table has no column {wanted!r}", fix=nearest(wanted, map(str, frame.columns))
            )
    subjects = [str(one).strip() for one in frame[subject]]
    twice = next((one for place, one in enumerate(subjects) if one in subjects[:place]), None)
    if twice is not None:
        raise UsageError(
            f"{twice!r} stands in column {subject!r} twice", fix="one row per subject: select or average rows"
        )
    cells = dict(zip(subjects, map(value_of, frame[column]), strict=True))
    errors: dict[str, float] = {}
    if uncertainty is not None:
        for one, cell in zip(subjects, frame[uncertainty], strict=True):
            error, bound = value_of(cell)
            if error is None:
                continue
            if isinstance(error, str) or bound:
                raise UsageError(
                    f"the uncertainty of {one} is {cell!r}", fix=f"write numbers into column {uncertainty!r}"
                )
            errors[one] = error
    of_table = frame.attrs.get("units", {}).get(column, "")
    return Evidence(
        name=name or column.replace("_", " "),
        values={one: value for one, (value, _) in cells.items()},
        errors=errors,
        unit=(of_table if of_table not in ("1", "of the quantity") else "") if unit is None else unit,
        better=better,
        source=source,
        assumption=assumption,
        threshold=threshold,
        resolution=resolution,
        groups={} if group is None else dict(zip(subjects, map(str, frame[group]), strict=True)),
        censored={one: bound for one, (_, bound) in cells.items() if bound},
    )


def without(column: Evidence, subject: str) -> Evidence:
    """Return evidence in which a subject has no value."""
    return replace(column, values={**column.values, subject: None})


def _check(column: Evidence | Measured) -> None:
    """Refuse names, values and errors that make no sense; NaN becomes None."""
    if not isinstance(column.name, str) or not column.name.strip():
        raise UsageError("a column of evidence has no name", fix="name it as a sentence would")
    where = f"{column.name!r}"
    if not isinstance(column.values, Mapping):
        raise UsageError(f"the values of {where} are no mapping", fix="give a value by subject")
    if len(column.values) > MOST_SUBJECTS:
        raise UsageError(
            f"{where} has {len(column.values)} subjects", fix=f"compare up to {MOST_SUBJECTS}: narrow them"
        )
    values = {str(one): _plain(value, where, str(one)) for one, value in column.values.items()}
    if len(values) != len(column.values):
        raise UsageError(f"two subjects of {where} have one name", fix="give each its own")
    kinds = {type(value) for value in values.values() if value is not None}
    if len(kinds) > 1:
        word = next(value for value in values.values() if isinstance(value, str))
        raise UsageError(
            f"{where} has numbers and words ({word!r})",
            fix="give numbers only, or words only, or leave it empty",
        )
    errors: dict[str, float] = {}
    for one, error in column.errors.items():
        if one not in values:
            raise UsageError(f"{where} has an error of {one!r} and no such subject", fix=nearest(one, values))
        found = _plain(error, f"the uncertainties of {where}", str(one))
        if isinstance(found, str) or (found is not None and found < 0):
            raise UsageError(
                f"the uncertainty of {one} in {where} is {error!r}",
                fix="give a standard uncertainty, 0 or above",
            )
        if found is not None:
            errors[one] = found
    for one, bound in column.censored.items():
        if bound not in BOUNDS or one not in values:
            raise UsageError(
                f"{where} has the bound {bound!r} of {one!r}", fix='write "<" or ">" of a subject'
            )
    object.__setattr__(column, "values", values)
    object.__setattr__(column, "errors", errors)


def _plain(value: object, where: str, subject: str) -> float | str | None:
    """Return a value as float, text or None."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]  # refused below
    except (TypeError, ValueError):
        raise UsageError(
            f"the value of {subject} in {where} is {value!r}", fix="give a number, a word or None"
        ) from None
    if math.isinf(number):
        raise UsageError(f"the value of {subject} in {where} is infinite", fix="give a finite number")
    if abs(number) > LARGEST_NUMBER:
        raise UsageError(f"the value of {subject} in {where} is {number:g}", fix="give it in a larger unit")
    return None if math.isnan(number) else number
