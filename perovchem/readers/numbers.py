"""Text kernels dressed for the readers: undecided digits settled, bad rows named."""

from __future__ import annotations

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

    Returns
    -------
    float64 (n_rows, columns)

    Raises
    ------
    FormatError
        If a row holds no such numbers, or one that is not finite; with the line.
    """
    out = np.empty((len(starts), columns))
    undecided = np.empty((64, 4), np.int64)
    while True:
        count, bad = text.parse_rows(file.array, starts, end, skip, columns, out, undecided)
        if bad >= 0:
            raise bad_row(file, int(starts[bad]), columns, what)
        if count <= len(undecided):
            break
        undecided = np.empty((starts.size * columns, 4), np.int64)
    for row, column, first, last in undecided[:count]:
        out[row, column] = float(file.data[first:last].lower().replace(b"d", b"e"))
    if not np.isfinite(out).all():
        row = int(np.argwhere(~np.isfinite(out))[0, 0])
        raise bad_row(file, int(starts[row]), columns, what)
    return out


def bad_row(file: FileBytes, start: int, columns: int, what: str) -> FormatError:
    """Return the error for a line that should have held numbers, quoting it."""
    stop = file.data.find(b"\n", start, start + 200)
    line = file.data[start : stop if stop >= 0 else start + 80].decode("latin-1").strip()[:80]
    return FormatError(
        f"a {what} should be {columns} finite numbers and is {line!r}",
        where=file.where(start),
        fix="restore the file, or leave out the frames from there on with stop=",
    )
