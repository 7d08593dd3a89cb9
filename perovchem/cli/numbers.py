"""Numbers with their uncertainties, as tables print them."""

from __future__ import annotations

import math
from typing import Final

_FINEST: Final = 6
"""Decimals of the smallest errors."""


def plus_minus(value: float, error: float = math.nan, *, most: int = 4, least: int = 0) -> str | None:
    """Return a number with its standard error, of which two digits are shown where the number of decimals allows.

    Parameters
    ----------
    value, error : float
        NaN where undefined.
    most, least : int
        Decimals.

    Examples
    --------
    >>> plus_minus(0.16999, 0.000012), plus_minus(12.21, 0.012, most=1)
    ('0.16999 ± 0.00001', '12.21 ± 0.01')
    >>> plus_minus(0.18724, 0.0021), plus_minus(32.271, 2.29), plus_minus(4.6), plus_minus(math.nan)
    ('0.1872 ± 0.0021', '32.3 ± 2.3', '4.6000', None)
    """
    if not math.isfinite(value):
        return None
    if not (math.isfinite(error) and error > 0):
        return f"{value:.{most}f}"
    decimals = max(least, min(most, 1 - math.floor(math.log10(error))))
    while round(error, decimals) == 0 and decimals < _FINEST:
        decimals += 1
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"
