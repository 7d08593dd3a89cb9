"""The front door for densities of states: a file or run folder, as StateDensity."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from perovchem.bands import Bands
from perovchem.errors import InputError, MissingDataError, PerovchemError
from perovchem.provenance import input_files
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.sniff import recognize
from perovchem.result import Provenance
from perovchem.state_density import StateDensity

_FIX = "give a vasprun.xml or DOSCAR; the states of a CASTEP .bands on a mesh come from perovchem.read_bands"


def read_state_density(source: str | os.PathLike[str] | StateDensity) -> StateDensity:
    """Read a density of states.

    Parameters
    ----------
    source : path
        A vasprun.xml or DOSCAR of VASP (told by content; also packed), or a run folder. A StateDensity passes through.

    Returns
    -------
    StateDensity
        Its ``notes`` say what was left out.

    Raises
    ------
    InputError
        If nothing usable is there, or the file is cut.
    MissingDataError
        If the run calculated no density of states.
    """
    if isinstance(source, StateDensity):
        return source
    path = Path(source)
    if path.is_dir():
        return _of_folder(path)
    found = _of_file(path)
    return replace(found, provenance=Provenance(str(source), input_files([path]), warnings=found.notes))


def read_states(source: str | os.PathLike[str]) -> StateDensity | Bands:
    """Read what :func:`perovchem.density_of_states` takes: a density of states, else eigenvalues on a mesh.

    Raises
    ------
    PerovchemError
        As :func:`read_state_density` and :func:`perovchem.read_bands` do.
    """
    from perovchem.bands_reading import read_bands

    path = Path(source)
    if path.is_dir():
        try:
            return _of_folder(path)
        except (InputError, MissingDataError):
            return read_bands(source)
    kind = recognize(open_bytes(path))
    if kind in ("vasprun.xml", "DOSCAR"):
        return read_state_density(source)
    return read_bands(source)


def _of_file(path: Path) -> StateDensity:
    """Read one file."""
    from perovchem.readers.doscar import read_doscar
    from perovchem.readers.vasprun_dos import read_vasprun_dos

    file = open_bytes(path)
    kind = recognize(file)
    if kind == "vasprun.xml":
        return read_vasprun_dos(file)
    if kind == "DOSCAR":
        return read_doscar(file)
    raise InputError(f"no density of states is read from {kind}", where=str(path), fix=_FIX)


def _of_folder(folder: Path) -> StateDensity:
    """Read the first file of a folder that holds a density of states."""
    last: PerovchemError | None = None
    for name in ("vasprun.xml", "DOSCAR"):
        for packed in ("", ".gz", ".bz2", ".xz"):
            path = folder / f"{name}{packed}"
            if not path.is_file():
                continue
            try:
                found = _of_file(path)
            except PerovchemError as error:
                last = last or error
                continue
            return replace(
                found, provenance=Provenance(str(folder), input_files([path]), warnings=found.notes)
            )
    if last is not None:
        raise last
    raise MissingDataError("the folder holds no vasprun.xml or DOSCAR", where=str(folder), fix=_FIX)
