"""What is installed here: Python, packages and their versions, programs, folders, the bundled files, the terminal."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from perovchem import reference
from perovchem.errors import PerovchemError
from perovchem.version import __version__

State = Literal["fine", "absent", "wrong"]
"""Absent is what can be done without; wrong is what must be mended."""

EXTRAS: Final = {
    "compute": "perovchem compute: missing species of a cycle, by conformers and GFN2-xTB",
    "dask": "perovchem run --dask: a workflow on a cluster",
    "docs": "make docs: these pages as HTML, with the gallery",
    "test": "make test: the checks of this package; with ASE, MDAnalysis and pymatgen side by side",
    "bench": "benchmarks beside other packages; they get an environment of their own from make bench",
    "dev": "what the repository is worked on with: linters, types, tests",
}
"""What each extra would give."""
PROGRAMS: Final = {"xtb": "perovchem compute --engine xtb, where perovchem[compute] is not installed"}
FONTS: Final = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")
"""As plotting.style asks for them, the best first; the last comes with matplotlib."""
SIGNS: Final = "Åθ±−≤×³"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    group : str
        "Python", "packages", "extras", "programs", "machine" or "bundled files".
    name : str
    found : str
        Version, path or number; "" for what is not there.
    needed : str
        Lower bound of a version.
    state : {"fine", "absent", "wrong"}
    sentence : str
        What follows from it: the fix of what is wrong, what an absent part would give.
    """

    group: str
    name: str
    found: str
    needed: str
    state: State
    sentence: str = ""


def examine(*, full: bool = False) -> tuple[Finding, ...]:
    """Look at the installation.

    Parameters
    ----------
    full : bool
        Also read every bundled file against its checksum, and count the shell of a bundled crystal.

    Returns
    -------
    tuple of Finding

    Examples
    --------
    >>> [one.name for one in examine() if one.group == "Python"]
    ['Python', 'perovchem']
    """
    return (*_python(), *_packages(), *_extras(), *_programs(), *_machine(), *_bundled(full=full))


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    needed = _metadata_field("Requires-Python").removeprefix(">=")
    yield Finding("Python", "Python", version, needed, "fine")
    place = str(Path(__file__).parent)
    yield Finding("Python", "perovchem", __version__, "", "fine", f"in {place}")


def _metadata_field(name: str) -> str:
    """Return a field of what the installer wrote down; "" where we run from a bare folder."""
    try:
        return str((metadata.metadata("perovchem").get_all(name) or [""])[0])
    except metadata.PackageNotFoundError:
        return ""


def _requirements() -> dict[str, list[tuple[str, str]]]:
    """Return name and lower bound of what each extra asks for; the key of what is always needed is ""."""
    from packaging.requirements import Requirement

    try:
        stated = metadata.requires("perovchem") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[tuple[str, str]]] = {"": []}
    for extra in metadata.metadata("perovchem").get_all("Provides-Extra") or []:
        found[extra] = []
    for requirement in map(Requirement, stated):
        if requirement.name == "perovchem":  # an extra that holds another one
            continue
        bound = next((one.version for one in requirement.specifier if one.operator in (">=", "==")), "")
        for extra in found:
            marker = requirement.marker
            mine = marker is None if extra == "" else marker is not None and marker.evaluate({"extra": extra})
            if mine:
                found[extra].append((requirement.name, bound))
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _too_old(found: str, needed: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return bool(needed) and Version(found) < Version(needed)
    except InvalidVersion:
        return False


def _packages() -> Iterator[Finding]:
    known = _requirements()
    if not known:
        yield Finding(
            "packages", "perovchem", "", "", "wrong", "not installed, only found: pip install . in its folder"
        )
    for name, needed in known.get("", []):
        found = _version(name)
        if not found:
            yield Finding(
                "packages", name, "", needed, "wrong", f"missing: python -m pip install '{name}>={needed}'"
            )
        elif _too_old(found, needed):
            fix = f"too old: python -m pip install '{name}>={needed}'"
            yield Finding("packages", name, found, needed, "wrong", fix)
        else:
            yield Finding("packages", name, found, needed, "fine")


def _extras() -> Iterator[Finding]:
    known = _requirements()
    for extra, gives in EXTRAS.items():
        wanted = known.get(extra, [])
        if not wanted:
            continue
        versions = {name: _version(name) for name, _ in wanted}
        lacking = [name for name, found in versions.items() if not found]
        lacking += [
            f"{name}>={bound}" for name, bound in wanted if versions[name] and _too_old(versions[name], bound)
        ]
        found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        if not lacking:
            yield Finding("extras", extra, found, "", "fine", gives)
            continue
        without = f"{gives}. Without {', '.join(lacking)}: pip install 'perovchem[{extra}]'"
        yield Finding("extras", extra, found, "", "absent", without)


def _programs() -> Iterator[Finding]:
    for program, gives in PROGRAMS.items():
        path = shutil.which(program)
        yield Finding("programs", program, path or "", "", "fine" if path else "absent", gives)


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding(
        "machine", "cores", str(cores), "", "fine", "what perovchem run works on at once, by default"
    )
    yield _kernel_cache()
    yield _fonts()
    yield _terminal(getattr(sys.stdout, "encoding", None) or "ascii")


def _kernel_cache() -> Finding:
    """Return where compiled kernels are kept, as numba itself has decided."""
    name = "kernel cache"
    try:
        from perovchem._kernels import text

        compiled = next(one for one in vars(text).values() if hasattr(one, "_cache"))
        place = Path(compiled._cache.cache_path)
        with tempfile.TemporaryFile(dir=place if place.exists() else _existing(place)):
            pass
    except Exception as error:  # noqa: BLE001  whatever numba says, it is said
        fix = f"cannot be written ({type(error).__name__}): set NUMBA_CACHE_DIR to a folder that can"
        return Finding("machine", name, "", "", "wrong", fix)
    private = place.is_relative_to(tempfile.gettempdir()) and "perovchem-" in str(place)
    if private:
        sentence = "kept for one process only: set NUMBA_CACHE_DIR to a folder that can be written"
        return Finding("machine", name, str(place), "", "absent", sentence)
    return Finding("machine", name, str(place), "", "fine", "can be written")


def _existing(folder: Path) -> Path:
    """Return the nearest folder above that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _fonts() -> Finding:
    """Return the font of figures; PNG files carry it, SVG files ask the reader's machine for it."""
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    found = next((name for name in FONTS if name in there), "")
    if not found:
        return Finding(
            "machine", "font", "", "", "wrong", "matplotlib lacks its own font: install matplotlib again"
        )
    sentence = "" if found != FONTS[-1] else f"any of {', '.join(FONTS[:-1])} looks more like a journal's"
    return Finding("machine", "font", found, "", "fine", sentence)


def _terminal(encoding: str) -> Finding:
    """Return whether what we print can be shown."""
    try:
        SIGNS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        fix = f"cannot show {SIGNS[0]}; they print as ?: set PYTHONUTF8=1, or LC_ALL=C.UTF-8"
        return Finding("machine", "terminal", encoding, "", "absent", fix)
    return Finding("machine", "terminal", encoding, "", "fine", f"shows {SIGNS}")


def _bundled(*, full: bool) -> Iterator[Finding]:
    group = "bundled files"
    try:
        entries = reference.entries().values()
        workflows = reference.workflows()
    except (PerovchemError, OSError, ValueError) as error:
        yield Finding(group, "library", "", "", "wrong", str(error))
        return
    for kind, words in (("structure", "structures"), ("trajectory", "trajectories")):
        files = [entry for entry in entries if entry.kind == kind]
        faults = [entry.name for entry in files if not _intact(entry, full=full)]
        if faults:
            fix = f"missing or changed: {', '.join(faults)}; install perovchem again"
            yield Finding(group, words, str(len(files)), "", "wrong", fix)
        else:
            yield Finding(
                group, words, str(len(files)), "", "fine", "as their checksums say" if full else "there"
            )
    yield Finding(group, "workflows", str(len(workflows)), "", "fine", "perovchem run takes their names")
    if full:
        yield _counted()


def _intact(entry: reference.Entry, *, full: bool) -> bool:
    try:
        if full:
            return hashlib.sha256(entry.path.read_bytes()).hexdigest() == entry.sha256
        return entry.path.is_file()
    except OSError:
        return False


def _counted() -> Finding:
    """Return whether a whole computation runs: reader, kernels, result."""
    name = "a computation"
    try:
        from perovchem.coordination import coordination
        from perovchem.reading import read_frames

        shells = coordination(read_frames("CsPbCl3_cubic"), center="Pb", ligands="Cl")
        found = f"{float(shells.mean_coordination_number.mean):g} Cl around Pb in CsPbCl3"
    except Exception as error:  # noqa: BLE001  a broken package may raise anything
        return Finding("bundled files", name, "", "", "wrong", f"{type(error).__name__}: {error}")
    right = found.startswith("6 ")
    sentence = "six, as the perovskite has" if right else "not six: install perovchem again"
    return Finding("bundled files", name, found, "", "fine" if right else "wrong", sentence)
