"""What ``perovchem growth`` shows: courses at some times, containers, published numbers, profiles."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.errors import UsageError
from perovchem.growth import DEFINITIONS, FELT, Growth, felt_after, limiting_container, molar_mass
from perovchem.growth.published import CONTAINER, CRYSTAL, PAPER, assumptions
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table, Variable

if TYPE_CHECKING:
    import pandas as pd

_SECONDS: Final = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """Return a time in s.

    Examples
    --------
    >>> seconds("90"), seconds("30min"), seconds("1.5 h")
    (90.0, 1800.0, 5400.0)
    """
    match = re.fullmatch(r"(\d*\.?\d+(?:[eE][-+]?\d+)?)\s*([a-z]*)", text.strip())
    if not match or match[2] not in _SECONDS or not 0 < float(match[1]) < 1e12:
        raise UsageError(f"cannot read the time {text[:40]!r}", fix="write s, or as 30min, 2h; above 0")
    return float(match[1]) * _SECONDS[match[2]]


def shown_times(last: float) -> list[float]:
    """Return the times of the table."""
    return [last * part for part in (0.01, 0.03, 0.1, 0.3, 1.0)]


def report(
    found: Mapping[str, Growth],
    times: Sequence[float],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
    *,
    with_published: bool,
) -> Report:
    """Return everything that is shown."""
    tables = [_courses(found, times), _containers(found)]
    if with_published:
        tables.append(_published())
    return Report(
        command="growth",
        title="Growth limited by diffusion",
        labels=tuple(found),
        inputs=tuple(found),
        runs=(),
        settings={**settings, "definitions": DEFINITIONS},
        rows=[one.to_dict() for one in found.values()],
        units=units(Growth.quantity_names),
        warnings=warnings,
        tables=tuple(tables),
        drawings=(
            Drawing(
                "profiles",
                "Concentration against the distance from the face at three times (light to dark); "
                f"{next(iter(found.values())).face_condition}.",
                partial(_draw, found, tuple(times), profiles=True),
            ),
            Drawing(
                "course",
                "Concentration at the face (where that is kept, the depletion length) and flux into it against time. "
                "Dotted: the flux without a far wall; diamonds: from here the wall takes more than 10 % of the flux.",
                partial(_draw, found, tuple(times), profiles=False),
            ),
        ),
        records={"courses": partial(_joined, found)},
        arrays={"profiles": partial(_variables, found)},
        summary="Concentration before a growing face, flux into it and its velocity.",
    )


def _courses(found: Mapping[str, Growth], times: Sequence[float]) -> Table:
    rows = []
    for called, one in found.items():
        for time in times:
            x = one.at(time)
            rows.append(
                (
                    called, f"{time:.4g}", f"{x['face_concentration']:.3f}", f"{x['molar_flux']:.3e}",
                    _number(x["flux"], ".3e"), _number(x["velocity"], ".3g"), _number(x["advanced"], ".3g"),
                    _number(x["depletion_length"], ".3g"), f"{100 * max(x['share'], 0.0):.1f}",
                )
            )  # fmt: skip
    one = next(iter(found.values()))
    head = (
        "", "t (s)", "c at the face (mol/L)", "J (mol/(m² s))", "J (g/(mm² min))", "v (µm/min)", "grown (mm)",
        "depletion (mm)", "% of J without wall",
    )  # fmt: skip
    notes = [
        f"{one.bulk:g} mol/L at first, {one.face_condition}. dc/dt = D d²c/dx², solution at rest. Depletion length: "
        "(c_bulk - c_face)/(dc/dx at the face).",
        f"Solute that the numerics lost or made: at most {max(x.largest_imbalance for x in found.values()):.0e} of it.",
    ]
    return Table("Course", head, tuple(rows), tuple(notes))


def _number(value: float, form: str) -> str | None:
    return format(value, form) if math.isfinite(value) else None


def _containers(found: Mapping[str, Growth]) -> Table:
    rows = []
    for called, one in found.items():
        d, last = one.diffusion_coefficient, float(one.times[-1])
        rows.append(
            (
                called, _number(one.container, "g"), _limited(one),
                f"{limiting_container(last, diffusion=d):.2f}", f"{felt_after(CONTAINER, diffusion=d) / 60:.0f}",
            )
        )  # fmt: skip
    head = (
        "", "container (mm)", "limits from (s)", "limits within this time if below (mm)",
        f"{CONTAINER} mm limits from (min)",
    )  # fmt: skip
    notes = (
        f"A container limits growth from when the flux is below {100 * FELT:.0f} % of that without a far wall "
        "(our choice). "
        "The last two columns: a face that keeps its concentration and stands still, D t/L² = .33.",
    )
    return Table("Containers", head, tuple(rows), notes)


def _limited(one: Growth) -> str | None:
    """Return from when the container limits growth; a bound where it did before the first time."""
    bound = "< " if one.limited_from <= one.times[0] else ""
    text = _number(one.limited_from, ".4g")
    return None if text is None else bound + text


def _published() -> Table:
    rows = [(one.published, one.assumed, one.gives, one.verdict) for one in assumptions(molar_mass(CRYSTAL))]
    note = f"Published: doi {PAPER}. Assumptions and verdicts are ours."
    return Table(
        "What published numbers need", ("published", "assumed", "gives", "verdict"), tuple(rows), (note,)
    )


def _joined(found: Mapping[str, Growth]) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for called, one in found.items():
        table = one.to_dataframe()
        table.insert(0, "course", called)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _variables(found: Mapping[str, Growth]) -> dict[str, Variable]:
    axes = ("course", "time", "cell")
    return {
        "course": Variable(("course",), np.array([*found]), "1", "Diffusion coefficient and container."),
        "time": Variable(
            ("course", "time"), np.array([one.times for one in found.values()]), "s", "Since growth began."
        ),
        "distance": Variable(
            axes,
            np.array([one.positions for one in found.values()]),
            "mm",
            "From the growing face into the solution.",
        ),
        "concentration": Variable(
            axes, np.array([one.concentrations for one in found.values()]), "mol/L", "Of the solute."
        ),
    }


def _draw(found: Mapping[str, Growth], times: tuple[float, ...], *, profiles: bool) -> Any:
    from perovchem.plotting.growth import plot_course, plot_profiles

    return plot_profiles(found, times=times) if profiles else plot_course(found)
