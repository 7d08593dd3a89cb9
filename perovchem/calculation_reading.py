"""The front door for calculations: the energy of a species, its vibrations and its level of theory."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from perovchem.calculation import Calculation, Periodicity
from perovchem.convert.objects import class_paths
from perovchem.errors import FormatError, InputError, UsageError
from perovchem.provenance import input_files
from perovchem.readers.calculation_text import write_calculation as write_calculation
from perovchem.readers.clock import PACKED, plain_name
from perovchem.readers.filebytes import FileBytes, open_bytes, refuse_hole
from perovchem.readers.sniff import identify_calculation
from perovchem.result import Provenance
from perovchem.vacuum import LEAST_GAP, find_vacuum

_UNNAMED: Final = re.compile(
    r"(?:OUTCAR|vasprun|vaspout|freq|opt|output|calculation|job)[._-]?\w{0,8}", re.IGNORECASE
)
"""Names that say nothing of the species; the folder's does."""
_LOOKED_FOR: Final = (
    "OUTCAR, vasprun.xml, SEED.castep, a log of Gaussian, ORCA or xtb, or a calculation in TOML"
)
_MOST_FILES: Final = 400


def read_calculation(
    source: str | os.PathLike[str] | Any,
    *,
    name: str | None = None,
    charge: int | None = None,
    multiplicity: int | None = None,
    periodicity: Periodicity | None = None,
) -> Calculation:
    """Read the calculation of one species: energy, structure, vibrations if any, and level of theory.

    =============  ===================================================================  ======================
    code           files                                                                energy
    =============  ===================================================================  ======================
    VASP           OUTCAR, vasprun.xml: single point, relaxation, IBRION = 5 to 8       energy(sigma->0)
    CASTEP         SEED.castep, with SEED.phonon beside it                              NB est. 0K energy, or
                                                                                        Final energy
    Gaussian       log: last frequency job, else the last job                           SCF Done, or MP2, CCSD
    ORCA           output                                                               FINAL SINGLE POINT
    xtb            output, with vibspectrum, hessian and xtbopt.xyz beside it           TOTAL ENERGY
    any other      TOML or JSON as :func:`write_calculation` writes                     as declared
    in memory      ase.Atoms with the results of a calculator                           energy
    =============  ===================================================================  ======================

    The energy of vibrations by finite differences is that of the undisplaced structure. Dispersion is contained
    once. What is unfinished, not converged, or molecular dynamics is refused, with the line that shows it.

    A cell with a slab of at least 5 Å without an atom along each of its three directions holds a molecule, which is
    made whole across the boundaries; everything else is a crystal. ``periodicity`` overrules this.

    Parameters
    ----------
    source : path or object
        A file (packed or not), the folder of a run, or ase.Atoms. A Calculation passes through.
    name : str, optional
        Of the species; by default the stem of the file, or its folder's where the file is called OUTCAR or so.
    charge, multiplicity : int, optional
        To overrule what the file says.
    periodicity : "molecule" or "crystal", optional

    Returns
    -------
    Calculation
        Its ``notes`` say what was assumed or left out.

    Raises
    ------
    FormatError
        If the calculation did not finish or converge, or its tables are damaged.
    InputError
        If the file is none that is known here.
    UsageError
        If an argument makes no sense.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from perovchem import read_calculation
    >>> text = '''perovchem_calculation = 1
    ... energy = -460.2
    ... energy_unit = "hartree"
    ... atoms = [["Cl", 0.0, 0.0, 0.0]]
    ... charge = -1
    ... level = { code = "ORCA", functional = "PBE0", basis = "def2-TZVP" }'''
    >>> path = Path(tempfile.mkdtemp()) / "chloride.toml"
    >>> _ = path.write_text(text)
    >>> read_calculation(path)
    <Calculation Cl (-1): -460.200000 hartree; ORCA PBE0, def2-TZVP>
    """
    if periodicity is not None and periodicity not in get_args(Periodicity):
        raise UsageError(f"periodicity {periodicity!r}", fix='say "molecule" or "crystal"')
    if multiplicity is not None and multiplicity < 1:
        raise UsageError(f"a multiplicity of {multiplicity}", fix="it is 2S + 1, at least 1")
    if isinstance(source, Calculation):
        found = source
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            folder = path.is_dir()
        except (OSError, ValueError) as error:
            raise InputError(
                f"no file can be called so: {getattr(error, 'strerror', None) or error}",
                where=f"{str(source)[:60]!r}...",
                fix="give the path of a file",
            ) from None
        if folder:
            path = _in_folder(path)
        found = _read(path, str(source))
    else:
        found = _object(source)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = name
    notes = list(found.notes)
    for key, value in (("charge", charge), ("multiplicity", multiplicity)):
        if value is not None and value != getattr(found, key):
            notes.append(f"{key} {value} was given; the file has {getattr(found, key)}")
            changes[key] = value
    if periodicity is not None and periodicity != found.periodicity:
        changes |= _overruled(found, periodicity)
        notes.append(f"taken as a {periodicity}, as was asked for")
    told = tuple(dict.fromkeys(notes))
    return replace(found, notes=told, **changes) if changes or told != found.notes else found


def _read(path: Path, given: str) -> Calculation:
    """Read a file by its content."""
    file = open_bytes(path)
    kind = identify_calculation(file)
    if not file.complete:
        raise FormatError("the packed file ends early", where=str(path), fix="copy it again")
    try:
        found, files = _by_kind(kind, file)
    except FormatError as error:
        if error.where:
            raise
        raise FormatError(
            error.what, where=str(path), fix=error.fix
        ) from None  # of numbers, which know no file
    notes = found.notes
    changes: dict[str, Any] = {}
    if found.cell is not None and kind in ("OUTCAR", "vasprun.xml", "CASTEP .castep", "CASTEP .phonon"):
        changes, told = _settle(found)
        notes = (*notes, *told)
    return replace(
        found,
        name=found.name or _name(path),
        notes=notes,
        provenance=Provenance(given, input_files(files)),
        **changes,
    )


def _by_kind(kind: str, file: FileBytes) -> tuple[Calculation, list[Path]]:
    """Read a file of a kind, and return the files that were read for it."""
    if kind in ("TOML", "JSON"):
        from perovchem.readers.calculation_text import read_calculation_text

        return read_calculation_text(file, kind=kind), [file.path]
    refuse_hole(file)
    if kind == "OUTCAR":
        from perovchem.readers.vasp_outcar_calculation import read_outcar_calculation

        return read_outcar_calculation(file), [file.path]
    if kind == "vasprun.xml":
        from perovchem.readers.vasprun_calculation import read_vasprun_calculation

        return read_vasprun_calculation(file), [file.path]
    if kind in ("CASTEP .castep", "CASTEP .phonon"):
        from perovchem.readers.castep_calculation import read_castep_calculation

        return read_castep_calculation(file, kind)
    if kind == "Gaussian":
        from perovchem.readers.gaussian import read_gaussian

        return read_gaussian(file), [file.path]
    if kind == "ORCA":
        from perovchem.readers.orca import read_orca

        return read_orca(file), [file.path]
    if kind == "xtb":
        from perovchem.readers.xtb import read_xtb

        return read_xtb(file)
    raise InputError(
        f"this is {kind}, which holds no energy with its structure and level of theory",
        where=str(file.path),
        fix=f"give one of: {_LOOKED_FOR}",
    )


def _settle(found: Calculation) -> tuple[dict[str, Any], list[str]]:
    """Return what changes where a cell turns out to hold one molecule, and say so."""
    if found.cell is None:
        return {}, []
    vacuum = find_vacuum(found.positions, found.cell)
    gaps = ", ".join(f"{gap:.1f}" for gap in vacuum.gaps)
    if not vacuum.is_molecule:
        if (vacuum.gaps > 0.6 * LEAST_GAP).all():
            return {}, [
                f"a crystal by its gaps of {gaps} Å, of which a molecule would have {LEAST_GAP:g} Å each; if it is "
                "one, say so (periodicity), or its rotations count as vibrations"
            ]
        return {}, []
    whole = f"; {vacuum.moved} atoms were moved across a boundary to make it whole" if vacuum.moved else ""
    lengths = " × ".join(f"{length:.4g}" for length in np.linalg.norm(found.cell, axis=1))
    return {
        "periodicity": "molecule",
        "positions": vacuum.positions,
        "level": replace(found.level, cell=f"{lengths} Å"),
    }, [f"a molecule in a box, by gaps of {gaps} Å{whole}"]


def _overruled(found: Calculation, periodicity: Periodicity) -> dict[str, Any]:
    """Return what changes where the user says whether it is a molecule."""
    changes: dict[str, Any] = {"periodicity": periodicity}
    if found.cell is None:
        raise UsageError(
            "a calculation without a cell is no crystal",
            fix='leave periodicity="crystal" out',
            where=found.name,
        )
    if periodicity == "molecule":
        changes["positions"] = find_vacuum(found.positions, found.cell).positions
    return changes


def _name(path: Path) -> str:
    """Return what to call a species whose file does not say."""
    stem = plain_name(path).rsplit(".", 1)[0] if "." in plain_name(path) else plain_name(path)
    folder = path.resolve().parent.name
    return folder if _UNNAMED.fullmatch(stem) and folder else stem


def _in_folder(folder: Path) -> Path:
    """Return the file of a run folder that holds its calculation."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_file())[:_MOST_FILES]
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="check its permissions"
        ) from None
    for wanted in ("OUTCAR", "vasprun.xml"):
        for packed in PACKED:
            if (folder / (wanted + packed)).is_file():
                return folder / (wanted + packed)
    logs = [
        entry
        for entry in entries
        if plain_name(entry).endswith((".castep", ".log", ".out", ".toml", ".json"))
    ]
    known = [entry for entry in logs if _is_known(entry)]
    if len(known) == 1:
        return known[0]
    if known:
        names = ", ".join(entry.name for entry in known[:4])
        raise InputError(
            f"several calculations: {names}", where=str(folder), fix="name the one that is meant"
        )
    raise InputError(
        f"no calculation in it: looked for {_LOOKED_FOR}", where=str(folder), fix="name the file itself"
    )


def _is_known(path: Path) -> bool:
    """Return whether a file holds a calculation, as far as its first lines tell."""
    known = ("CASTEP .castep", "Gaussian", "ORCA", "xtb", "TOML", "JSON")
    try:
        return identify_calculation(open_bytes(path)) in known
    except InputError:
        return False


def _object(thing: Any) -> Calculation:
    """Read an object in memory."""
    if "ase.atoms.Atoms" in class_paths(thing):
        from perovchem.convert.ase_calculations import from_atoms

        found = from_atoms(thing)
        if found.cell is None:
            return found
        changes, told = _settle(found)
        return replace(found, notes=(*found.notes, *told), **changes)
    raise UsageError(
        f"a {type(thing).__name__} is no calculation",
        fix="give a file, a folder, or ase.Atoms with its calculator",
    )
