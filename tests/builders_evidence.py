"""Evidence with a known answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perovchem.evidence import Evidence, Measured

SALTS = ("MAI", "MABr", "MACl")
IONS = ("Br", "I", "MA")


def evidence(
    name: str,
    values: Sequence[Any],
    errors: Sequence[float] = (),
    *,
    subjects: Sequence[str] = SALTS,
    **more: Any,
) -> Evidence:
    """A column over subjects in their order."""
    return Evidence(
        name, dict(zip(subjects, values, strict=True)), dict(zip(subjects, errors, strict=False)), **more
    )


def measured(name: str, values: Sequence[Any], *, subjects: Sequence[str] = SALTS, **more: Any) -> Measured:
    """A measured column over subjects in their order; None is left out."""
    return Measured(
        name, {one: value for one, value in zip(subjects, values, strict=True) if value is not None}, **more
    )


def binding(error: float = 3.0, **more: Any) -> Evidence:
    """MAI 4 kJ/mol below MABr, 45 below MACl."""
    return evidence("ΔG of binding", (-444, -440, -399), [error] * 3, unit="kJ/mol", better="lower", **more)


RULE = evidence(
    "the radius rule", ("enters", "does not enter", "undecided"), subjects=IONS, better="enters",
    assumption="size decides",
)  # fmt: skip
MISMATCH = evidence(
    "radius mismatch",
    (8.3, 21.5, 15.4),
    (1.1, 1.2, 2.7),
    subjects=IONS,
    unit="%",
    better="lower",
    threshold=15.0,
)
ORDER = measured("printed order", (1, 2, 3), better="lower", source="Nano-Micro Lett. 18:421")
XPS = measured("XPS", ("enters", "not found", None), subjects=IONS)
NMR = measured("1H NMR", (None, None, "not found"), subjects=IONS)
