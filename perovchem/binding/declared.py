"""What a cycle file declares: components with their states, cycles with their coefficients; checked key by key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from perovchem.calculation import Calculation
from perovchem.declared_table import ENERGY_UNITS, DeclaredTable, read_declared
from perovchem.errors import UsageError, nearest
from perovchem.gibbs.imaginary import SMALL
from perovchem.gibbs.result import Treatment
from perovchem.level_of_theory import MUST_MATCH

STATES: Final = ("gas", "solute", "liquid", "ion pair", "crystal")
MOST: Final = 10_000
"""Components, cycles or conformers that a file may declare."""
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "study": (
        "title", "temperature", "treatment", "frequency_scale", "cutoff", "override", "reference", "notes",
        "components", "cycles",
    ),
    "component": (
        "files", "state", "pressure", "concentration", "role", "ions", "charge", "multiplicity", "formula_units",
        "symmetry_number", "stationary_point", "invert_imaginary_below", "corrections",
    ),
    "conformer": ("file", "energy", "degeneracy"),
    "cycle": ("reactants", "products", "corrections"),
    "correction": ("name", "value", "unit", "uncertainty", "kind"),
}  # fmt: skip
"""What each table of a cycle file may hold."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A named term.

    Attributes
    ----------
    name : str
        "counterpoise".
    value, uncertainty : float
        eV.
    kind : str
        "energy" enters E, H and G; "gibbs" enters G alone.
    """

    name: str
    value: float
    uncertainty: float
    kind: str


@dataclass(frozen=True, slots=True)
class Conformer:
    """One calculation of a component.

    Attributes
    ----------
    source : Path or Calculation
        Geometry, vibrations and, without ``energy``, the electronic energy.
    energy : Path, Calculation or None
        Another calculation of the same atoms whose electronic energy counts.
    degeneracy : float
        How many such conformers there are.
    """

    source: Path | Calculation
    energy: Path | Calculation | None
    degeneracy: float


@dataclass(frozen=True, slots=True)
class Component:
    """One species of the cycles.

    Attributes
    ----------
    name : str
    conformers : tuple of Conformer
    state : str
        "gas", "solute", "liquid", "ion pair" or "crystal".
    pressure : float
        Pa, of a gas.
    concentration : float
        mol/L, of what is dissolved or liquid.
    role : str
        Components of one role may stand for one another in a ranking.
    ions : float
        Solute ions in one unit.
    charge, multiplicity : int or None
        As declared.
    formula_units : int
        In the cell that was computed.
    symmetry_number : int or None
    stationary_point : str
    invert_imaginary_below : float or None
    corrections : tuple of Correction
    """

    name: str
    conformers: tuple[Conformer, ...]
    state: str
    pressure: float
    concentration: float
    role: str
    ions: float = 0.0
    charge: int | None = None
    multiplicity: int | None = None
    formula_units: int = 1
    symmetry_number: int | None = None
    stationary_point: str = "minimum"
    invert_imaginary_below: float | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """One reaction: products minus reactants.

    Attributes
    ----------
    name : str
    reactants, products : mapping of str to float
        Component to positive coefficient.
    corrections : tuple of Correction
        Of the whole cycle.
    """

    name: str
    reactants: Mapping[str, float]
    products: Mapping[str, float]
    corrections: tuple[Correction, ...] = ()

    @property
    def coefficients(self) -> dict[str, float]:
        """Products positive, reactants negative."""
        return {**{name: -number for name, number in self.reactants.items()}, **self.products}


@dataclass(frozen=True, slots=True)
class Study:
    """Everything a cycle file declares.

    Attributes
    ----------
    title : str
    temperature : float
        K.
    treatment : str
    frequency_scale, cutoff : float
    override : tuple of str
        Fields of the level of theory that may differ.
    reference : str
        Cycle to which others of unlike stoichiometry are compared; "" for the smallest.
    notes : tuple of str
    components : mapping of str to Component
    cycles : mapping of str to Cycle
    where : str
        File, for messages.
    """

    title: str
    temperature: float
    treatment: Treatment
    frequency_scale: float
    cutoff: float
    override: tuple[str, ...]
    reference: str
    notes: tuple[str, ...]
    components: Mapping[str, Component]
    cycles: Mapping[str, Cycle]
    where: str = field(default="")


def declared(source: str | Path | Mapping[str, Any]) -> Study:
    """Return the study that a TOML file or a dictionary declares.

    Raises
    ------
    InputError
        If the file cannot be read.
    FormatError
        If it is no TOML, or a key is unknown, missing or of the wrong kind: with the nearest name.
    """
    if isinstance(source, Mapping):
        return _study(DeclaredTable(source, "", what="cycle file"), Path())
    document, folder = read_declared(source, "cycle file")
    return _study(DeclaredTable(document, str(source), what="cycle file"), folder)


def _study(top: DeclaredTable, folder: Path) -> Study:
    top.only(KEYS["study"])
    for key in ("components", "cycles"):
        if not top.table.get(key):
            raise top.wrong("is missing", f"declare [{key}.NAME]", key)
    components, cycles = top.below("components"), top.below("cycles")
    for section in (components, cycles):
        if len(section.table) > MOST:
            raise section.wrong(f"has {len(section.table)} entries", f"declare up to {MOST}")
    override = top.texts("override")
    for name in override:
        if name not in MUST_MATCH:
            raise top.wrong(f"names {name!r}", nearest(name, MUST_MATCH), "override")
    found = {name: _component(name, components.below(name), folder) for name in components.table}
    reactions = {name: _cycle(name, cycles.below(name), found) for name in cycles.table}
    reference = top.text("reference", "")
    if reference and reference not in reactions:
        raise top.wrong(f"names no cycle {reference!r}", nearest(reference, reactions), "reference")
    used = {name for cycle in reactions.values() for name in cycle.coefficients}
    unused = [name for name in found if name not in used]
    if unused:
        raise top.wrong("stands in no cycle", "use it in a cycle, or take it out", f"components.{unused[0]}")
    return Study(
        title=top.text("title", ""),
        temperature=top.number("temperature", 298.15),
        treatment=top.choice("treatment", get_args(Treatment), "grimme"),  # type: ignore[arg-type]  # checked there
        frequency_scale=top.number("frequency_scale", 1.0),
        cutoff=top.number("cutoff", 100.0),
        override=override,
        reference=reference,
        notes=top.texts("notes"),
        components=found,
        cycles=reactions,
        where=top.where,
    )


def _component(name: str, section: DeclaredTable, folder: Path) -> Component:
    section.only(KEYS["component"])
    state = section.choice("state", STATES)
    dissolved = state in ("solute", "ion pair", "liquid")
    if state == "liquid" and "concentration" not in section.table:
        raise section.wrong(
            "is missing", "give that of the neat liquid, mol/L (DMSO: 14.08)", "concentration"
        )
    if "concentration" in section.table and not dissolved:
        raise section.wrong(
            f"has no meaning for a {state}", "leave it out, or state = 'solute'", "concentration"
        )
    if "pressure" in section.table and state != "gas":
        raise section.wrong(
            f"has no meaning for state {state!r}", "leave it out, or state = 'gas'", "pressure"
        )
    inverted = section.number("invert_imaginary_below", 0.0) or None
    if inverted is not None and inverted > SMALL:
        raise section.wrong(
            f"cannot be {inverted:g}", f"write up to {SMALL:g} 1/cm", "invert_imaginary_below"
        )
    ions = section.number("ions", 0.0, positive=False)
    if ions < 0:
        raise section.wrong("cannot be negative", "write how many solute ions one unit brings", "ions")
    return Component(
        name=name,
        conformers=_conformers(section, folder),
        state=state,
        pressure=section.number("pressure", 101325.0) if state == "gas" else math.nan,
        concentration=section.number("concentration", 1.0) if dissolved else math.nan,
        role=section.text("role", name),
        ions=ions,
        charge=section.whole("charge", positive=False),
        multiplicity=section.whole("multiplicity"),
        formula_units=section.whole("formula_units") or 1,
        symmetry_number=section.whole("symmetry_number"),
        stationary_point=section.choice("stationary_point", ("minimum", "transition_state"), "minimum"),
        invert_imaginary_below=inverted,
        corrections=_corrections(section),
    )


def _conformers(section: DeclaredTable, folder: Path) -> tuple[Conformer, ...]:
    listed = section.table.get("files")
    if isinstance(listed, str | Path | Calculation):
        listed = [listed]
    if not isinstance(listed, Sequence) or not listed or len(listed) > MOST:
        raise section.wrong(
            "is missing" if listed is None else "is no list", 'files = ["species.toml"]', "files"
        )
    found = []
    for place, entry in enumerate(listed, 1):
        if isinstance(entry, str | Path | Calculation):
            found.append(Conformer(_source(entry, folder), None, 1.0))
            continue
        one = DeclaredTable(entry, section.where, f"{section.path}.files[{place}]", section.what)
        one.only(KEYS["conformer"])
        if not isinstance(one.table.get("file"), str | Path | Calculation):
            raise one.wrong("is missing", 'file = "species.toml"', "file")
        energy = one.table.get("energy")
        if energy is not None and not isinstance(energy, str | Path | Calculation):
            raise one.wrong("is no file", 'energy = "single_point.out"', "energy")
        found.append(
            Conformer(
                _source(one.table["file"], folder),
                None if energy is None else _source(energy, folder),
                one.number("degeneracy", 1.0),
            )
        )
    return tuple(found)


def _source(entry: str | Path | Calculation, folder: Path) -> Path | Calculation:
    return entry if isinstance(entry, Calculation) else folder / entry


def _corrections(section: DeclaredTable) -> tuple[Correction, ...]:
    listed = section.table.get("corrections", ())
    if isinstance(listed, str | Mapping) or not isinstance(listed, Sequence):
        raise section.wrong(
            "is no list", "corrections = [{ name = ..., value = ..., unit = ... }]", "corrections"
        )
    found: list[Correction] = []
    for place, entry in enumerate(listed, 1):
        one = DeclaredTable(entry, section.where, f"{section.path}.corrections[{place}]", section.what)
        one.only(KEYS["correction"])
        if "value" not in one.table:
            raise one.wrong("is missing", "write a number, with its unit", "value")
        unit = ENERGY_UNITS[one.choice("unit", tuple(ENERGY_UNITS))]
        uncertainty = one.number("uncertainty", 0.0, positive=False)
        if uncertainty < 0:
            raise one.wrong("cannot be negative", "write a standard uncertainty", "uncertainty")
        name = one.text("name")
        if any(other.name == name for other in found):
            raise one.wrong(f"{name!r} is there twice", "name each correction once", "name")
        kind = one.choice("kind", ("energy", "gibbs"), "energy")
        found.append(
            Correction(name, one.number("value", 0.0, positive=False) * unit, uncertainty * unit, kind)
        )
    return tuple(found)


def _cycle(name: str, section: DeclaredTable, components: Mapping[str, Component]) -> Cycle:
    section.only(KEYS["cycle"])
    sides = []
    for side in ("reactants", "products"):
        if not section.table.get(side):
            raise section.wrong("is missing", f"{side} = {{ NAME = 1 }}", side)
        one = section.below(side)
        for key in one.table:
            if key not in components:
                raise one.wrong("is no component", nearest(str(key), components), str(key))
        sides.append({key: one.number(key, 0.0) for key in one.table})
    both = sorted(set(sides[0]) & set(sides[1]))
    if both:
        raise section.wrong(
            f"has {both[0]} on both sides", "write the difference on one side; a species counts once"
        )
    return Cycle(name, sides[0], sides[1], _corrections(section))


def unknown_cycle(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for a cycle that is not there."""
    return UsageError(f"there is no cycle {name!r}", fix=nearest(name, known))
