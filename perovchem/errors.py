"""What can go wrong, and what to do about it.

Every error says what happened, where (file, line, frame) and how to mend it.

::

    PerovchemError                 exit code 1
    ├── InputError                 a file or folder cannot be used as it is
    │   └── FormatError            its text is not what its format promises
    ├── MissingDataError           the input is fine but does not hold what the question needs
    └── UsageError                 an argument makes no sense            exit code 2

Any other exception that leaves this package is a bug of ours.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable

LONGEST = 600
"""Characters of each part of an error; the rest is left out."""


class PerovchemError(Exception):
    """Base of all errors: ``what`` happened, ``where``, and the ``fix``.

    Examples
    --------
    >>> print(PerovchemError("the cell has no volume", where="XDATCAR, line 3", fix="check the lattice rows"))
    the cell has no volume (XDATCAR, line 3). Fix: check the lattice rows.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str) -> None:
        # a word that is quoted from a file may be as long as the file, and be a path
        self.what = _shortened(what).rstrip(".")
        self.where = _shortened(where)
        self.fix = _shortened(fix).rstrip(".")
        place = f" ({self.where})" if where else ""
        end = "" if self.fix.endswith("?") else "."
        super().__init__(f"{self.what}{place}. Fix: {self.fix}{end}")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


class InputError(PerovchemError):
    """A file or folder cannot be used as it is."""


class FormatError(InputError):
    """The text of a file is not what its format promises."""


class MissingDataError(PerovchemError):
    """The input is sound but does not hold what the question needs."""


class UsageError(PerovchemError):
    """An argument makes no sense, whatever the input."""

    exit_code = 2


class PerovchemWarning(UserWarning):
    """Something the reader of a number must know: a cut file, a joined restart, no discard."""


def warn(message: str) -> None:
    """Tell the caller's caller; the same sentence also travels inside the result."""
    warnings.warn(message, PerovchemWarning, stacklevel=3)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a "did you mean" for a misspelled name, or the list of known names.

    Examples
    --------
    >>> nearest("coner", ["corner", "edge", "face"])
    "did you mean 'corner'?"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
