"""Report: what a command shows of its results, in one form for terminal, JSON, folder and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.provenance import InputFile, input_files
from perovchem.result import envelope, text_table, to_json

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from perovchem.frames import Frames
    from perovchem.scene import Scene

_WIDEST: Final = 120
"""Columns of a terminal that a table keeps to, where folding its words is enough for that."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table for people: numbers stand in it as they are printed.

    Attributes
    ----------
    title : str
        "" for the only table of a report.
    header : tuple of str
    rows : tuple of rows
        None where a number is undefined.
    notes : tuple of str
        Sentences below it: what the numbers rest on.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the table as aligned text."""
        lines = [self.title] if self.title else []
        lines.append(text_table(list(self.header), [list(row) for row in self.rows], widest=_WIDEST))
        if self.notes:
            lines += ["", *self.notes]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is drawn when it is wanted.

    Attributes
    ----------
    name : str
        Stem of its files.
    caption : str
        One or two sentences, as below a figure of a paper: what is shown, how, and with which choice.
    draw : callable
        Returns the matplotlib figure.
    """

    name: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True, slots=True)
class Variable:
    """One array of a NetCDF file.

    Attributes
    ----------
    dimensions : tuple of str
        Name of each axis: "frame", "center", "distance" ...
    values : array of numbers or texts
    unit : str
        "1" for a pure number.
    sentence : str
        What it is.
    attributes : mapping
        More that the file shall say of it, such as "flag_values" and "flag_meanings" of a class.
    """

    dimensions: tuple[str, ...]
    values: np.ndarray[Any, Any]
    unit: str
    sentence: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Report:
    """Everything a command has to show of one or several runs.

    Attributes
    ----------
    command : str
        Name of the command; also the stem of its JSON file.
    title : str
        Heading of the page, a phrase.
    labels, inputs : tuple of str
        What each run is called, and how the user named its input.
    runs : tuple of Frames
        What was analyzed, in the same order; empty where that is no trajectory.
    settings : mapping
        Every choice, given or by default, with the definitions that the numbers follow.
    rows : sequence of mappings
        The "results" of the JSON object, one per run.
    units : mapping
        Key of the rows to unit.
    warnings : sequence of str
    tables : tuple of Table
    drawings : tuple of Drawing
    records : mapping of file stem to a function that returns the DataFrame of a CSV file
    arrays : mapping of file stem to a function that returns the variables of a NetCDF file, by name
    summary : str
        What was done, in one sentence, and what came out where a sentence can say it: the head of the page.
    scenes : callable
        Returns the frames that the page shows in three dimensions.
    read : tuple of InputFile
        Files that were read and belong to no run.
    links : mapping of words to a path relative to the page
        Other pages in the folder of results, safe as they stand.
    """

    command: str
    title: str
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    runs: tuple[Frames, ...]
    settings: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    units: Mapping[str, str]
    warnings: Sequence[str]
    tables: tuple[Table, ...]
    drawings: tuple[Drawing, ...] = ()
    records: Mapping[str, Callable[[], pd.DataFrame]] = field(default_factory=dict)
    arrays: Mapping[str, Callable[[], Mapping[str, Variable]]] = field(default_factory=dict)
    summary: str = ""
    scenes: Callable[[], Sequence[Scene]] = tuple
    read: tuple[InputFile, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the tables as text."""
        return "\n\n".join(map(str, self.tables))

    @property
    def files(self) -> tuple[InputFile, ...]:
        """The files that were read, with their checksums, each once."""
        of_runs = input_files(dict.fromkeys(path for run in self.runs for path in run.source.files))
        return tuple(dict.fromkeys((*of_runs, *self.read)))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: version, command, inputs with checksums, settings, results, units, warnings."""
        files = self.files
        rows = [{"input": name, **row} for name, row in zip(self.inputs, self.rows, strict=True)]
        return envelope(self.command, files, self.settings, rows, self.units, list(self.warnings))

    def to_json(self) -> str:
        """Return :meth:`to_dict` as JSON; NaN is null."""
        return to_json(self.to_dict())
