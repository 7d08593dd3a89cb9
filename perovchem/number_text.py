"""Numbers with their uncertainties, as tables and one-line texts print them."""

from __future__ import annotations

import math
from typing import Final

_FINEST: Final = 6
"""Decimals of the smallest errors."""


def plus_minus(
    value: float,
    error: float = math.nan,
    *,
    most: int = 4,
    least: int = 0,
    alone: str = "",
    mark: str = "",
) -> str | None:
    """Return a number with its standard error, of which two digits are shown where the number of decimals allows.

    Parameters
    ----------
    value, error : float
        NaN where undefined.
    most, least : int
        Decimals.
    alone : str
        Format of a number that has no error, as ".3g"; by default with the most decimals.
    mark : str
        Behind the number: "*" for a lower bound.

    Returns
    -------
    str or None
        None where the number is undefined.

    Examples
    --------
    >>> plus_minus(0.16999, 0.000012), plus_minus(12.21, 0.012, most=1)
    ('0.16999 ± 0.00001', '12.21 ± 0.01')
    >>> plus_minus(0.18724, 0.0021), plus_minus(32.271, 2.29), plus_minus(4.6), plus_minus(math.nan)
    ('0.1872 ± 0.0021', '32.3 ± 2.3', '4.6000', None)
    >>> plus_minus(7.1234, 0.0, alone=".3g", mark="*"), plus_minus(7.1234, 0.2, mark="*")
    ('7.12*', '7.12 ± 0.20*')
    """
    if not math.isfinite(value):
        return None
    if not (math.isfinite(error) and error > 0):
        return f"{value:{alone or f'.{most}f'}}{mark}"
    decimals = max(least, min(most, 1 - math.floor(math.log10(error))))
    while round(error, decimals) == 0 and decimals < _FINEST:
        decimals += 1
    return f"{value:.{decimals}f} ± {error:.{decimals}f}{mark}"


def with_error(value: float, digits: int, error: float = math.nan, converged: bool = True) -> str | None:
    """Return a number with its standard error in at least so many decimals; an error of 0 is shown.

    Parameters
    ----------
    value, error : float
        NaN where undefined.
    digits : int
        Decimals; up to three more where the error is that small.
    converged : bool
        A star marks an error that is a lower bound.

    Returns
    -------
    str or None
        None where the number is undefined.

    Examples
    --------
    >>> with_error(3.3061, 2, 0.016), with_error(4.0, 2, 0.0, converged=False), with_error(4.58, 2)
    ('3.306 ± 0.016', '4.00 ± 0.00*', '4.58')
    """
    if not math.isfinite(value):
        return None
    if not error >= 0:
        return f"{value:.{digits}f}"
    if error > 0:
        digits = min(max(digits, 1 - math.floor(math.log10(error))), digits + 3)
    return f"{value:.{digits}f} ± {error:.{digits}f}" + ("" if converged else "*")
