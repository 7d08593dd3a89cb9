"""Read files with one package and print a line of JSON for each: ``odd_readers.py CLASS FOLDER FILE ...``.

A reader returns fractional positions (frames, atoms, 3), cells (frames, 3, 3) or None, the time between frames in fs or
None, and whether it said that something was lost. ``truth.npy`` in the folder holds all frames.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

Found = tuple[Any, Any, float | None, bool]
#: Fractional; OUTCAR prints five decimals of Å.
CLOSE = 1e-5


class NoReaderError(Exception):
    """The package does not claim to read this."""


class Ours:
    """perovchem."""

    def __init__(self) -> None:
        import perovchem

        self.read = perovchem.read_frames

    def __call__(self, path: Path) -> Found:
        run = self.read(path.parent if path.parent.name == "nblock" else path)
        step = None if run.times is None else float(np.diff(run.times).mean())
        told = bool(run.source.notes) or not run.source.complete
        return run.fractional_positions, run.cells, step, told


class Ase:
    """ase.io.read, which guesses the format from name and content."""

    formats: ClassVar = {"XDATCAR": "vasp-xdatcar", "vasprun.xml": "vasp-xml", "OUTCAR": "vasp-out"}
    endings: ClassVar = {".md": "castep-md", ".castep": "castep-castep", ".xyz": "extxyz"}

    def __init__(self) -> None:
        from ase.io import read

        self.read = read

    def __call__(self, path: Path) -> Found:
        chosen = self.formats.get(path.name) or self.endings[path.suffix]
        frames = self.read(path, index=":", format=chosen)
        places = [atoms.get_scaled_positions(wrap=False) for atoms in frames]
        # .md: each frame carries its time in ASE's unit
        times = [atoms.info.get("time") for atoms in frames]
        return np.array(places), np.array([atoms.cell[:] for atoms in frames]), self.interval(times), False

    @staticmethod
    def interval(times: list[Any]) -> float | None:
        from ase.units import fs

        known = len(times) > 1 and None not in times
        return float(np.diff(np.array(times, float)).mean()) / fs if known else None


class Pymatgen:
    """Xdatcar and Vasprun; Outcar hands over no positions."""

    def __init__(self) -> None:
        from pymatgen.io.vasp.outputs import Vasprun, Xdatcar

        self.xdatcar, self.vasprun = Xdatcar, Vasprun

    def __call__(self, path: Path) -> Found:
        if path.name == "XDATCAR":
            structures, step = self.xdatcar(path).structures, None
        elif path.name == "vasprun.xml":
            run = self.vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
            structures, step = run.structures, run.parameters.get("POTIM")
        else:
            raise NoReaderError
        places = np.array([structure.frac_coords for structure in structures])
        return places, np.array([structure.lattice.matrix for structure in structures]), step, False


class Ovito:
    """import_file."""

    def __init__(self) -> None:
        from ovito.io import import_file

        self.read = import_file

    def __call__(self, path: Path) -> Found:
        try:
            pipeline = self.read(str(path))
        except RuntimeError as error:
            if "detect" in str(error) or "recognize" in str(error):
                raise NoReaderError from error
            raise
        places, cells, said = [], [], False
        for frame in range(pipeline.num_frames):
            data = pipeline.compute(frame)
            cell = np.array(data.cell)[:, :3].T
            cells.append(cell)
            places.append((np.array(data.particles.positions) - data.cell[:, 3]) @ np.linalg.inv(cell))
            said = said or "warn" in str(pipeline.source.status.type).lower()
        return np.array(places), np.array(cells), None, said


class MDAnalysisUniverse:
    """A Universe of the file, as it comes."""

    def __init__(self) -> None:
        import MDAnalysis

        self.universe = MDAnalysis.Universe

    def __call__(self, path: Path) -> Found:
        try:
            universe = self.universe(str(path))
        except ValueError as error:
            if "could not be read" in str(error) or "not a known" in str(error) or "isn't" in str(error):
                raise NoReaderError from error
            raise
        places, cells = [], []
        for frame in universe.trajectory:
            places.append(frame.positions.copy())
            cells.append(None if frame.dimensions is None else frame.dimensions.copy())
        if None in [cell is None or None for cell in cells]:
            return np.array(places) / np.array([12.0, 12.5, 13.0]), None, None, False
        return np.array(places), None, float(universe.trajectory.dt) * 1e3, False


class Mdanse:
    """Its parser of XDATCAR."""

    def __init__(self) -> None:
        from MDANSE.Framework.Parsers import XDATCARFile

        self.read = XDATCARFile

    def __call__(self, path: Path) -> Found:
        if path.name != "XDATCAR":
            raise NoReaderError
        frames = list(self.read(path).frames)
        cells = np.array([frame["unit_cell"].direct for frame in frames]) * 10
        return np.array([frame["coords"] for frame in frames]), cells, None, False


def judged(reader: Any, path: Path, truth: np.ndarray) -> dict[str, object]:
    """Return what came back."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            places, cells, step, told = reader(path)
        except NoReaderError:
            return {"none": True}
        except Exception as error:
            text = " ".join(str(error).replace(f"{path.parent}/", "").split())
            return {"error": f"{type(error).__name__}" + (f": {text[:70]}" if text else "")}
    told = told or any("trunc" in str(w.message) or "incomplete" in str(w.message) for w in caught)
    if path.parent.name == "glued":
        truth = -truth
    right = 0
    for place in places:
        shape = place.shape == truth.shape[1:]
        delta = truth - place if shape else np.full(truth.shape, np.inf)
        delta -= np.rint(delta) if shape else 0.0
        right += bool((np.abs(delta).max(axis=(1, 2)) < CLOSE).any())
    found: dict[str, object] = {"frames": len(places), "right": right, "step": step, "told": told}
    if path.parent.name == "npt" and cells is not None and len(cells) == len(truth):
        grown = 12 + 0.01 * np.arange(len(truth))
        found["cells"] = bool(np.allclose(cells[:, 0, 0], grown))
    return found


def main() -> None:
    """Read each file."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    folder = Path(sys.argv[2])
    truth = np.load(folder / "truth.npy")
    try:
        reader = globals()[sys.argv[1]]()
    except Exception as error:
        for _ in sys.argv[3:]:
            replies.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return
    for name in sys.argv[3:]:
        replies.write(json.dumps(judged(reader, folder / name, truth)) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
