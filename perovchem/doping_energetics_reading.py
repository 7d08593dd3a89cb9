"""The front door of doping energetics: a declared file (TOML) of total energies, as mixing and defect diagrams."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from perovchem.calculation import Calculation
from perovchem.declared_table import ENERGY_UNITS, DeclaredTable, read_declared
from perovchem.doping_energetics import (
    DefectCalculation,
    DefectDiagram,
    Mixing,
    defect_formation,
    mixing,
)
from perovchem.errors import InputError, nearest
from perovchem.level_of_theory import MUST_MATCH, level_differences, silent_about
from perovchem.provenance import InputFile, input_files
from perovchem.result import Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd

MOST: Final = 10_000
"""Crystals or charge states that a file may declare."""
_TOP: Final = ("title", "notes", "override", "mixing", "defects")
_MIXING: Final = ("sites", "temperatures", "points")
_POINT: Final = ("x", "energy", "unit", "file", "formula_units")
_DEFECTS: Final = ("host", "bands", "conditions", "states")
_HOST: Final = ("energy", "unit", "file", "uncertainty")
_BANDS: Final = ("vbm", "gap", "file")
_STATE: Final = (
    "defect",
    "charge",
    "energy",
    "unit",
    "file",
    "change",
    "correction",
    "correction_name",
    "uncertainty",
)


@dataclass(frozen=True, eq=False, repr=False)
class DopingEnergetics(Result):
    """What a file of total energies says of doping.

    Attributes
    ----------
    title : str
    mixing : Mixing or None
    diagrams : tuple of DefectDiagram
        One per set of chemical potentials.
    warnings : tuple of str
        On the file as a whole; what is to be known of a part stands in its ``notes``.
    provenance : Provenance
    """

    title: str
    mixing: Mixing | None
    diagrams: tuple[DefectDiagram, ...]
    warnings: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    command: ClassVar[str] = "defects"
    quantity_names: ClassVar[dict[str, str]] = {**Mixing.quantity_names, **DefectDiagram.quantity_names}

    def __repr__(self) -> str:
        """Return one line: what is in it."""
        parts = [repr(self.mixing)] if self.mixing is not None else []
        parts += [repr(one) for one in self.diagrams]
        return f"<DopingEnergetics: {'; '.join(part.strip('<>') for part in parts)}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return the charge states under every condition, or the mixed crystals where there are no defects."""
        if not self.diagrams:
            return self.mixing.to_dataframe() if self.mixing is not None else dataframe({})
        import pandas as pd

        tables = []
        for one in self.diagrams:
            table = one.to_dataframe()
            table.insert(0, "condition", one.condition)
            tables.append(table)
        joined = pd.concat(tables, ignore_index=True)
        joined.attrs = dict(tables[0].attrs)
        return joined


def doping_energetics(source: str | os.PathLike[str] | Mapping[str, Any]) -> DopingEnergetics:
    """Return mixing and defect energetics of what a TOML file, or a dictionary, declares.

    Parameters
    ----------
    source : path or mapping
        With a table ``mixing`` (``sites``, ``temperatures``, and ``points``: each ``x`` with an ``energy`` per
        formula unit, or a ``file`` with its ``formula_units``), a table ``defects`` (``host``, ``bands`` with ``vbm``
        and ``gap``, ``conditions`` with chemical potentials, and ``states``), or both. Energies are in eV unless
        ``unit`` says otherwise; a ``file`` is any calculation that :func:`perovchem.read_calculation` reads, or, for
        the bands, that :func:`perovchem.read_bands` reads.

    Returns
    -------
    DopingEnergetics

    Raises
    ------
    InputError
        If a file cannot be read, or calculations differ in their level of theory.
    FormatError
        If a key is unknown, missing or of the wrong kind: with the nearest name.

    Examples
    --------
    >>> points = [{"x": x, "energy": -10 + 0.3 * x * (1 - x)} for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    >>> doping_energetics({"mixing": {"sites": 3, "points": points}}).mixing
    <Mixing of 5 compositions: L0 = 300.0 meV, L1 = 0.0 meV; critical temperature 580 K>
    """
    if isinstance(source, Mapping):
        document, folder, where, files = dict(source), Path(), "", []
    else:
        document, folder = read_declared(os.fspath(source), "doping file")
        where, files = str(source), [Path(source)]
    top = DeclaredTable(document, where, what="doping file")
    top.only(_TOP)
    if "mixing" not in top.table and "defects" not in top.table:
        raise top.wrong("declares neither mixing nor defects", "write [mixing] or [defects]")
    energies = _Energies(folder, where)
    mixed = _mixing(top.below("mixing"), energies) if "mixing" in top.table else None
    diagrams = _diagrams(top.below("defects"), energies) if "defects" in top.table else ()
    override = top.texts("override")
    for name in override:
        if name not in MUST_MATCH:
            raise top.wrong(f"names {name!r}", nearest(name, MUST_MATCH), "override")
    warnings = [*top.texts("notes"), *energies.compared(override)]
    provenance = Provenance(
        where,
        (*input_files(files), *energies.inputs),
        {"override": list(override)},
        tuple(warnings),
    )
    if mixed is not None:
        mixed = replace(mixed, provenance=replace(provenance, settings=mixed.provenance.settings))
    diagrams = tuple(replace(one, provenance=provenance) for one in diagrams)
    return DopingEnergetics(top.text("title", ""), mixed, diagrams, tuple(warnings), provenance)


class _Energies:
    """Energies as they are declared: numbers, or read from calculations, whose levels must match in the end."""

    def __init__(self, folder: Path, where: str) -> None:
        self.folder, self.where = folder, where
        self.read: dict[str, Calculation] = {}
        self.bands: tuple[InputFile, ...] = ()

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        files = [file for one in self.read.values() for file in one.provenance.inputs]
        return tuple(dict.fromkeys((*files, *self.bands)))

    def of(self, table: DeclaredTable) -> tuple[float, float]:
        """Return energy and uncertainty, eV."""
        if ("energy" in table.table) == ("file" in table.table):
            raise table.wrong("needs either an energy or a file", "energy = -123.4, or file = 'OUTCAR'")
        if "energy" in table.table:
            unit = ENERGY_UNITS[table.choice("unit", tuple(ENERGY_UNITS), "eV")]
            return table.number("energy", positive=False) * unit, math.nan
        if "unit" in table.table:
            raise table.wrong("has no meaning for a file", "leave it out", "unit")
        from perovchem.calculation_reading import read_calculation

        name = table.text("file")
        if name not in self.read:
            self.read[name] = read_calculation(self.folder / name, periodicity="crystal")
        one = self.read[name]
        scale = one.energy_ev / one.energy if one.energy else 1.0
        return one.energy_ev, one.energy_su * scale

    def check_state(
        self, state: DeclaredTable, host: DeclaredTable, charge: int, change: Mapping[str, float]
    ) -> None:
        """Refuse a declared charge or change of atoms that the calculations contradict."""
        found = self.read.get(str(state.table.get("file")))
        if found is None:
            return
        unsaid = any("does not say its charge" in note for note in found.notes)
        if found.charge != charge and not unsaid:
            raise state.wrong(
                f"is {charge:+d}, and the calculation has {found.charge:+d}",
                "correct the charge, or give the file of that charge state",
                "charge",
            )
        perfect = self.read.get(str(host.table.get("file")))
        if perfect is None:
            return
        elements = sorted({*found.composition, *perfect.composition})
        of_files = {one: found.composition.get(one, 0) - perfect.composition.get(one, 0) for one in elements}
        if {k: v for k, v in of_files.items() if v} != {k: v for k, v in change.items() if v}:
            shown = ", ".join(f"{k} = {v}" for k, v in of_files.items() if v)
            raise state.wrong(
                f"is not what {found.formula} has and the host, {perfect.formula}, has not",
                f"write change = {{ {shown} }}, or give the right files",
                "change",
            )

    def compared(self, override: tuple[str, ...]) -> list[str]:
        """Refuse calculations of different levels; return what was allowed to differ, or is noted only."""
        levels = {name: one.level for name, one in self.read.items()}
        wrong, _ = level_differences({name: silent_about(level, override) for name, level in levels.items()})
        if wrong:
            raise InputError(
                f"levels of theory differ: {'; '.join(wrong[:4])}" + ("; and more" if len(wrong) > 4 else ""),
                where=self.where,
                fix="compute every crystal at one level, or list the fields in override = [...]",
            )
        must, noted = level_differences(levels)
        return [f"allowed by override: {sentence}" for sentence in must] + list(noted)


def _mixing(table: DeclaredTable, energies: _Energies) -> Mixing:
    table.only(_MIXING)
    compositions, values = [], []
    for point in table.tables("points", MOST):
        point.only(_POINT)
        energy, _ = energies.of(point)
        x = point.number("x", positive=False)
        if not 0 <= x <= 1:
            raise point.wrong(f"cannot be {x:g}", "give the part of the sites that the guest takes", "x")
        compositions.append(x)
        values.append(energy / point.number("formula_units", 1.0))
    if not compositions:
        raise table.wrong("is missing", "declare [[mixing.points]]", "points")
    temperatures = table.numbers("temperatures") or (298.15,)
    if min(temperatures) <= 0 or len(temperatures) > MOST:
        raise table.wrong("holds one that is not positive", "give temperatures in K", "temperatures")
    return mixing(compositions, values, sites=table.number("sites"), temperatures=temperatures)


def _diagrams(table: DeclaredTable, energies: _Energies) -> tuple[DefectDiagram, ...]:
    table.only(_DEFECTS)
    for key in ("host", "bands", "conditions"):
        if not table.table.get(key):
            raise table.wrong("is missing", f"declare [defects.{key}]", key)
    host = table.below("host")
    host.only(_HOST)
    host_energy, host_uncertainty = energies.of(host)
    vbm, gap = _bands(table.below("bands"), energies)
    states = []
    for one in table.tables("states", MOST):
        one.only(_STATE)
        energy, read_uncertainty = energies.of(one)
        charge = one.whole("charge", positive=False)
        if charge is None:
            raise one.wrong("is missing", "give the charge state, in e: 0, 1, -2", "charge")
        changed = one.below("change") if "change" in one.table else DeclaredTable({}, one.where)
        change = {element: changed.number(element, positive=False) for element in changed.table}
        energies.check_state(one, host, charge, change)
        states.append(
            DefectCalculation(
                one.text("defect"),
                charge,
                energy,
                change,
                one.number("correction", 0.0, positive=False),
                one.text("correction_name", "given" if "correction" in one.table else ""),
                one.number("uncertainty") if "uncertainty" in one.table else read_uncertainty,
            )
        )
    if not states:
        raise table.wrong("is missing", "declare [[defects.states]]", "states")
    conditions = table.below("conditions")
    found = []
    for name in conditions.table:
        potentials = conditions.below(name)
        found.append(
            defect_formation(
                states,
                host_energy=host_energy,
                host_uncertainty=host.number("uncertainty")
                if "uncertainty" in host.table
                else host_uncertainty,
                vbm=vbm,
                gap=gap,
                chemical_potentials={
                    element: potentials.number(element, positive=False) for element in potentials.table
                },
                condition=name,
            )
        )
    return tuple(found)


def _bands(table: DeclaredTable, energies: _Energies) -> tuple[float, float]:
    """Return the VBM and the gap, eV: given, or of a band calculation."""
    table.only(_BANDS)
    if "file" not in table.table:
        return table.number("vbm", positive=False), table.number("gap")
    from perovchem.band_edges import band_edges
    from perovchem.bands_reading import read_bands

    path = energies.folder / table.text("file")
    edges = band_edges(read_bands(path))
    energies.bands = input_files([path]) if path.is_file() else ()
    vbm = table.number("vbm", positive=False) if "vbm" in table.table else float(edges.vbm.energy)
    return vbm, table.number("gap") if "gap" in table.table else float(edges.gap)
