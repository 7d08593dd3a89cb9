"""What is to be computed: parts, the species made of them, how many starts; read from a TOML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.compute.engine import ENGINES
from perovchem.compute.placing import MOST_ATOMS
from perovchem.declared_table import read_declared
from perovchem.elements import element
from perovchem.errors import FormatError, nearest

MOST_STARTS: Final = 10_000
_TOP: Final = (
    "title",
    "engine",
    "solvent",
    "seed",
    "starts",
    "relocations",
    "keep",
    "results",
    "single_points",
    "parts",
    "species",
)
_PART: Final = ("charge", "atoms")
_SPECIES: Final = ("parts", "starts", "relocations", "keep", "like")


@dataclass(frozen=True, slots=True, eq=False)
class PartDeclared:
    """One ion or molecule as declared.

    Attributes
    ----------
    name : str
    species : tuple of str
    positions : float64 (N, 3)
        Å, a first guess of molecules.
    charge : int
    """

    name: str
    species: tuple[str, ...]
    positions: Floats
    charge: int


@dataclass(frozen=True, slots=True)
class SpeciesAsked:
    """One species to search.

    Attributes
    ----------
    name : str
    parts : mapping of str to int
        Name of a part to its number.
    starts : int
        Random placements.
    relocations : int
        Further starts, from low-lying structures with a part moved elsewhere.
    keep : int
        Lowest conformers that get vibrations.
    like : tuple of str
        Species whose lowest structures are tried too, part for part: the same cluster with another halide.
    """

    name: str
    parts: Mapping[str, int]
    starts: int
    relocations: int
    keep: int
    like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A whole species file.

    Attributes
    ----------
    title, engine, solvent : str
    seed : int
    results : Path
        Folder of the computed species.
    single_points : tuple of str
        Solvents in which the energy of every kept conformer is computed once more, with ALPB.
    parts : mapping of str to PartDeclared
    species : mapping of str to SpeciesAsked
    """

    title: str
    engine: str
    solvent: str
    seed: int
    results: Path
    single_points: tuple[str, ...]
    parts: Mapping[str, PartDeclared]
    species: Mapping[str, SpeciesAsked] = field(default_factory=dict)

    def atoms_of(self, name: str) -> tuple[str, ...]:
        """Return the elements of a species, part by part."""
        asked = self.species[name]
        return tuple(s for part, n in asked.parts.items() for s in self.parts[part].species * n)

    def charge_of(self, name: str) -> int:
        """Return the charge of a species."""
        return sum(self.parts[part].charge * n for part, n in self.species[name].parts.items())


def read_request(path: str | Path) -> Request:
    """Read a species file.

    Parameters
    ----------
    path : str or Path
        TOML with ``[parts.NAME]`` (``charge``; ``atoms``: a list of [element, x, y, z] in Å, left out for single atoms
        named by their element) and ``[species.NAME]`` (``parts``: part to number; ``starts``, ``relocations``,
        ``keep``, ``like``), and at the top ``engine``, ``solvent``, ``seed``, ``results``,
        ``single_points`` and defaults of ``starts``
        (20), ``relocations`` (0), ``keep`` (3).

    Returns
    -------
    Request

    Raises
    ------
    InputError
        If the file cannot be read.
    FormatError
        If a key is unknown, or a value makes no sense; the place is named.
    """
    table, folder = read_declared(path, "species file")
    where = str(path)
    _known(table, _TOP, where)
    parts = {
        name: _part(name, _table(entry, f"{where}, [parts.{name}]"), f"{where}, [parts.{name}]")
        for name, entry in _table(table.get("parts", {}), f"{where}, parts").items()
    }
    defaults = {
        "starts": _count(table, "starts", 20, where, least=1),
        "relocations": _count(table, "relocations", 0, where),
        "keep": _count(table, "keep", 3, where, least=1),
    }
    species = {
        name: _species(name, _table(entry, f"{where}, [species.{name}]"), parts, defaults, where)
        for name, entry in _table(table.get("species", {}), f"{where}, species").items()
    }
    if not species:
        raise FormatError("no species is declared", where=where, fix="add a table [species.NAME]")
    engine = _text(table, "engine", "auto", where)
    if engine not in ENGINES:
        raise FormatError(f"engine = {engine!r}", where=where, fix=nearest(engine, ENGINES))
    request = Request(
        title=_text(table, "title", "", where),
        engine=engine,
        solvent=_text(table, "solvent", "", where),
        seed=_count(table, "seed", 1, where),
        results=folder / _text(table, "results", Path(path).stem, where),
        single_points=_names(table, "single_points", where),
        parts=parts,
        species=species,
    )
    _check(request, where)
    return request


def _check(request: Request, where: str) -> None:
    for name, asked in request.species.items():
        place = f"{where}, [species.{name}]"
        atoms = request.atoms_of(name)
        if not 0 < len(atoms) <= MOST_ATOMS:
            raise FormatError(f"{len(atoms)} atoms", where=place, fix=f"declare 1 to {MOST_ATOMS} atoms")
        sizes = [request.parts[part].species for part, n in asked.parts.items() for _ in range(n)]
        for other in asked.like:
            if other not in request.species:
                raise FormatError(f"like = {other!r}", where=place, fix=nearest(other, request.species))
            theirs = request.species[other].parts
            if [len(s) for s in sizes] != [
                len(request.parts[p].species) for p, n in theirs.items() for _ in range(n)
            ]:
                raise FormatError(
                    f"its parts do not stand one for one for those of {other}",
                    where=place,
                    fix="list both in the same order, with equal numbers of atoms",
                )


def _part(name: str, entry: Mapping[str, Any], where: str) -> PartDeclared:
    _known(entry, _PART, where)
    charge = entry.get("charge", 0)
    if not isinstance(charge, int) or isinstance(charge, bool) or abs(charge) > 10:
        raise FormatError(f"charge = {charge!r}", where=where, fix="give a whole number of e")
    rows = entry.get("atoms", [[name, 0.0, 0.0, 0.0]])
    try:
        symbols = tuple(str(row[0]) for row in rows)
        positions = np.array([[float(value) for value in row[1:]] for row in rows])
        sound = positions.shape == (len(rows), 3) and bool(np.isfinite(positions).all())
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        sound = False
    if not sound:
        raise FormatError("the atoms cannot be read", where=where, fix='write [["C", x, y, z], ...] in Å')
    for symbol in symbols:
        if math.isnan(element(symbol, where=where).covalent_radius):
            raise FormatError(f"{symbol} has no covalent radius", where=where, fix="leave it out")
    return PartDeclared(name, symbols, positions, charge)


def _species(
    name: str,
    entry: Mapping[str, Any],
    parts: Mapping[str, PartDeclared],
    defaults: Mapping[str, int],
    file: str,
) -> SpeciesAsked:
    where = f"{file}, [species.{name}]"
    if not name or any(letter in name for letter in "/\\:\0") or name.startswith("."):
        raise FormatError("a species is a file name too", where=where, fix="use letters, digits, _ and -")
    _known(entry, _SPECIES, where)
    wanted = _table(entry.get("parts", {}), f"{where}, parts")
    for part, number in wanted.items():
        if part not in parts:
            raise FormatError(f"no part is called {part!r}", where=where, fix=nearest(part, parts))
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MOST_ATOMS:
            raise FormatError(f"{part} = {number!r}", where=where, fix="give a whole number above 0")
    return SpeciesAsked(
        name,
        dict(wanted),
        _count(entry, "starts", defaults["starts"], where, least=1),
        _count(entry, "relocations", defaults["relocations"], where),
        _count(entry, "keep", defaults["keep"], where, least=1),
        _names(entry, "like", where),
    )


def _known(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise FormatError(f"the key {key!r} is not known", where=where, fix=nearest(key, known))


def _table(entry: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise FormatError(f"{entry!r} is no table", where=where, fix="write [parts.NAME] and [species.NAME]")
    return entry


def _text(table: Mapping[str, Any], key: str, default: str, where: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise FormatError(f"{key} = {value!r}", where=where, fix="give a text in quotes")
    return value


def _names(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FormatError(f"{key} = {value!r}", where=where, fix='give a list of names: ["..."]')
    return tuple(value)


def _count(table: Mapping[str, Any], key: str, default: int, where: str, *, least: int = 0) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_STARTS:
        raise FormatError(
            f"{key} = {value!r}", where=where, fix=f"give a whole number from {least} to {MOST_STARTS}"
        )
    return value
