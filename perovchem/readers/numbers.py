"""Text kernels dressed for the readers: undecided digits settled, bad rows named."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels import text
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes


def read_rows(
    file: FileBytes,
    starts: NDArray[np.int64],
    end: int,
    *,
    columns: int = 3,
    skip: int = 0,
    what: str = "row",
    largest: float = math.inf,
) -> NDArray[np.float64]:
    """Read ``columns`` numbers from each line that begins at ``starts``, equal to Python's ``float``.

    Parameters
    ----------
    file : FileBytes
    starts : int64 (n_rows,)
        First byte of each line.
    end : int
        No number reaches beyond this byte.
    columns : int
    skip : int
        Words to pass over at the beginning of each line.
    what : str
        What a row holds, for the error message ("position", "lattice vector").
    largest : float
        Numbers beyond are none: their products would not stay finite.

    Returns
    -------
    float64 (n_rows, columns)

    Raises
    ------
    FormatError
        If a row holds no such numbers, or one that is not finite or too large; with the line.
    """
    out = np.empty((len(starts), columns))
    undecided = np.empty((64, 4), np.int64)
    while True:
        count, bad = text.parse_rows(file.array, starts, end, skip, columns, out, undecided)
        if bad >= 0:
            raise bad_row(file, int(starts[bad]), columns, what, largest)
        if count <= len(undecided):
            break
        undecided = np.empty((starts.size * columns, 4), np.int64)
    for row, column, first, last in undecided[:count]:
        out[row, column] = float(file.data[first:last].lower().replace(b"d", b"e"))
    sound = np.isfinite(out) & (np.abs(out) <= largest)
    if not sound.all():
        row = int(np.argwhere(~sound)[0, 0])
        raise bad_row(file, int(starts[row]), columns, what, largest)
    return out


def bad_row(file: FileBytes, start: int, columns: int, what: str, largest: float = math.inf) -> FormatError:
    """Return the error for a line that should have held numbers, quoting it."""
    stop = file.data.find(b"\n", start, start + 200)
    line = file.data[start : stop if stop >= 0 else start + 80].decode("latin-1").strip()[:80]
    size = "" if math.isinf(largest) else f" up to {largest:g}"
    return FormatError(
        f"a {what} should be {columns} finite numbers{size} and is {line!r}",
        where=file.where(start),
        fix="restore the file, or leave out the frames from there on with stop=",
    )
