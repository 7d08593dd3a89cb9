"""A table as a notebook shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def html_table(
    table: pd.DataFrame, *, number: Callable[[float], str] = str, missing: str = "–", rows: int = 20
) -> str:
    """Return the first rows of a table in HTML, units in its heads; nothing in it is markup.

    Parameters
    ----------
    table : pandas.DataFrame
        With the unit by column in ``attrs["units"]``, as :func:`perovchem.result.dataframe` makes it.
    number : function of a float
        How numbers are written.
    missing : str
        What stands where a number is undefined.
    rows : int
        More are counted, not shown.

    Returns
    -------
    str

    Examples
    --------
    >>> from perovchem.result import dataframe
    >>> text = html_table(dataframe({"volume": [29.3]}, quantity_names={"volume": "volume"}))
    >>> "<th>volume (Å3)</th>" in text, "<td>29.3</td>" in text
    (True, True)
    """
    units = table.attrs.get("units", {})
    shown = table.head(rows)
    heads = {
        name: f"{name} ({unit})"
        for name, unit in units.items()
        if unit != "1" and not str(name).endswith(f"_{unit}")
    }
    named = table.index.name is not None or table.index.tolist() != list(range(len(table)))
    text: str = shown.rename(columns=heads).to_html(
        border=0, na_rep=missing, float_format=number, index=named
    )
    left = len(table) - len(shown)
    return f"{text}<p>and {left} more rows</p>" if left else text
