"""What ``perovchem exciton`` and ``perovchem masses`` show of excitons: tables, curve, what measured values ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from perovchem.exciton import CarrierMass, Confinement, Exciton, confinement, radius_for
from perovchem.number_text import plus_minus
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table

if TYPE_CHECKING:
    import pandas as pd

UNITS: Final = units({**Exciton.quantity_names, **Confinement.quantity_names}) | units(
    {
        "permittivity_needed": "permittivity",
        "measured_binding_energy": "exciton_binding_energy",
        "measured_shift": "confinement_shift",
        "radius_needed": "dot_radius",
    }
)
MOST_PAIRS: Final = 12
"""Pairs of arms that the table shows."""


def tables(
    excitons: Mapping[str, Exciton],
    dots: Mapping[str, Confinement],
    *,
    binding: float | None = None,
    shift: float | None = None,
) -> list[Table]:
    """Return exciton, pairs of arms, dots, and what measured values ask for."""
    found = [_excitons(excitons)]
    if any(one.pairs for one in excitons.values()):
        found.append(_pairs(excitons))
    if dots:
        found.append(_dots(dots))
    if binding is not None or shift is not None:
        found.append(_asked(excitons, binding, shift))
    return found


def _excitons(excitons: Mapping[str, Exciton]) -> Table:
    one = next(iter(excitons.values()))
    rows = [
        (
            called,
            _mass(x.electron),
            _mass(x.hole),
            plus_minus(x.reduced_mass, x.reduced_mass_su),
            plus_minus(x.permittivity, x.permittivity_su, most=2),
            plus_minus(x.binding_energy, x.binding_energy_su, most=1),
            plus_minus(x.bohr_radius, x.bohr_radius_su, most=1),
        )
        for called, x in excitons.items()
    ]
    head = ("", "m_e (m₀)", "m_h (m₀)", "µ (m₀)", "ε", "E_b (meV)", "a_B (Å)")
    notes = [
        f"E_b = 13.6057 eV µ/ε², a_B = .5292 Å ε/µ; ε is the {one.screening} permittivity "
        f"({'electrons alone' if one.screening == 'optical' else 'electrons and ions'}), "
        + ", ".join(dict.fromkeys(x.permittivity_source for x in excitons.values())) + ".",
    ]  # fmt: skip
    for called, x in excitons.items():
        rules = {"electrons": x.electron.rule, "holes": x.hole.rule}
        before = f"{called}: " if len(excitons) > 1 else ""
        if any(rule != "given" for rule in rules.values()):
            notes.append(before + "; ".join(f"{name} {rule}" for name, rule in rules.items()) + ".")
        notes += [f"{before}{note}." for note in x.notes]
    return Table("Exciton", head, tuple(rows), tuple(notes))


def _mass(one: CarrierMass) -> str | None:
    """Return a mass; a number that was given is shown as it was."""
    return plus_minus(one.mass, one.mass_su) if one.mass_su > 0 else f"{one.mass:.4g}"


def _pairs(excitons: Mapping[str, Exciton]) -> Table:
    several = len(excitons) > 1
    rows = [
        (
            *([called] if several else []), pair.electron, pair.hole, f"{pair.reduced_mass:.4f}",
            f"{pair.binding_energy:.1f}", f"{pair.bohr_radius:.1f}",
        )
        for called, x in excitons.items()
        for pair in x.pairs
    ]  # fmt: skip
    notes = [
        "What each pair of arms would give if its masses held in all directions: how far the choice matters."
    ]
    if len(rows) > MOST_PAIRS:
        notes.append(f"{len(rows) - MOST_PAIRS} more pairs stand in the table of pairs (-o) and in --json.")
    head = (*([""] if several else []), "electron", "hole", "µ (m₀)", "E_b (meV)", "a_B (Å)")
    return Table("Exciton by pairs of arms", head, tuple(rows[:MOST_PAIRS]), tuple(notes))


def _dots(dots: Mapping[str, Confinement]) -> Table:
    rows = [
        (
            called, f"{dot.radii[k]:g}", plus_minus(dot.shifts[k], dot.shifts_su[k], most=3),
            plus_minus(dot.gaps[k], dot.gaps_su[k], most=3), f"{dot.radii[k] / dot.exciton.bohr_radius:.2f}",
            dot.regimes[k], f"{dot.weak_shifts[k]:+.3f}" if dot.regimes[k] == "weak" else None,
        )
        for called, dot in dots.items()
        for k in range(len(dot.radii))
    ]  # fmt: skip
    notes = (
        "E(R) = Eg + ħ²π²/(2 µ R²) - 1.786 e²/(4π ε0 ε R) (Brus): walls infinitely high, parabolic bands.",
        "Strong up to 2 Bohr radii; in the weak regime (from 4) ħ²π²/(2 M R²) - E_b stands in its place: last column.",
    )
    head = ("", "R (Å)", "E(R) - Eg (eV)", "E(R) (eV)", "R/a_B", "confinement", "weak (eV)")
    return Table("Dots", head, tuple(rows), notes)


def _asked(excitons: Mapping[str, Exciton], binding: float | None, shift: float | None) -> Table:
    """Return which permittivity and which radius measured values need."""
    rows: list[tuple[str | None, ...]] = []
    for called, x in excitons.items():
        if binding is not None:
            rows.append((called, f"E_b = {binding:g} meV", f"ε = {x.permittivity_for(binding):.2f}"))
        if shift is not None:
            radius = radius_for(x, shift)
            words = f"R = {radius:.1f} Å" if radius == radius else None
            rows.append((called, f"E(R) - Eg = {shift:+.2f} eV", words))
    return Table("What measured values need with these masses", ("", "measured", "needs"), tuple(rows))


def row(
    exciton: Exciton, dot: Confinement | None, *, binding: float | None = None, shift: float | None = None
) -> dict[str, Any]:
    """Return one exciton for JSON."""
    found: dict[str, Any] = exciton.to_dict()
    if dot is not None:
        found["dots"] = {key: value for key, value in dot.to_dict().items() if key != "exciton"}
    if binding is not None:
        found["measured_binding_energy"] = binding
        found["permittivity_needed"] = exciton.permittivity_for(binding)
    if shift is not None:
        found["measured_shift"] = shift
        found["radius_needed"] = radius_for(exciton, shift)
    return found


def drawing(excitons: Mapping[str, Exciton], radii: Sequence[float]) -> Drawing:
    """Return the curve of the gap against the radius."""
    caption = (
        "Shift of the gap of a sphere against its radius by the formula of Brus; bands: one standard error of masses "
        "and permittivity. Thick: strong confinement (up to two Bohr radii, diamond), for which the formula is meant; "
        "dotted: weak confinement (from four, square)." + (" Points: the radii asked for." if radii else "")
    )
    return Drawing("confinement", caption, partial(_draw, excitons, tuple(radii)))


def _draw(excitons: Mapping[str, Exciton], radii: tuple[float, ...]) -> Any:
    from perovchem.plotting.exciton import plot_confinement

    return plot_confinement(excitons, radii=radii)


def dots_of(
    excitons: Mapping[str, Exciton], radii: Sequence[float], gaps: Mapping[str, tuple[float, float]]
) -> dict[str, Confinement]:
    """Return the dots of each exciton, if radii were asked for."""
    if not radii:
        return {}
    return {
        called: confinement(x, radii=list(radii), gap=gaps[called][0], gap_su=gaps[called][1])
        for called, x in excitons.items()
    }


def curves(excitons: Mapping[str, Exciton]) -> pd.DataFrame:
    """Return the curves of the figure."""
    import pandas as pd

    from perovchem.plotting.exciton import radii_of

    grid = radii_of(excitons.values())
    parts = []
    for called, x in excitons.items():
        table = confinement(x, radii=grid).to_dataframe()
        table.insert(0, "exciton", called)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def all_pairs(excitons: Mapping[str, Exciton]) -> pd.DataFrame:
    """Return each exciton and every pair of arms."""
    import pandas as pd

    parts = []
    for called, x in excitons.items():
        table = x.to_dataframe()
        table.insert(0, "exciton", called)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def report(
    excitons: Mapping[str, Exciton],
    dots: Mapping[str, Confinement],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
    *,
    binding: float | None,
    shift: float | None,
) -> Report:
    """Return everything that ``perovchem exciton`` has to show."""
    radii = settings["radius_A"] or ()
    return Report(
        command="exciton",
        title="Excitons and confinement",
        labels=tuple(excitons),
        inputs=tuple(excitons),
        runs=(),
        settings=settings,
        rows=[row(x, dots.get(called), binding=binding, shift=shift) for called, x in excitons.items()],
        units=UNITS,
        warnings=warnings,
        tables=tuple(tables(excitons, dots, binding=binding, shift=shift)),
        drawings=(drawing(excitons, radii),),
        records={"excitons": partial(all_pairs, excitons), "confinement": partial(curves, excitons)},
        summary=" ".join(
            f"{called}: bound by {x.binding_energy:.0f} meV, Bohr radius {x.bohr_radius:.0f} Å."
            for called, x in excitons.items()
        ),
        read=tuple(dict.fromkeys(file for x in excitons.values() for file in x.provenance.inputs)),
    )
