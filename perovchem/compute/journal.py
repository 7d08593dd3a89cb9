"""What has been computed so far, one JSON line a trial, so that an interrupted search goes on where it stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import FormatError

Kind = Literal["random", "relocated", "exchanged", "refined", "final"]
_DIGITS: Final = 8
"""Of positions in Å."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One start and where it ended.

    Attributes
    ----------
    kind : "random", "relocated", "exchanged", "refined" or "final"
        How it began; the last two continue a lower one, with tight criteria and with vibrations.
    number : int
        Of its kind, from 0; it makes the seed.
    origin : str
        Trial it was made from ("random 3", "MABr relocated 7"); "" of random starts.
    positions : float64 (N, 3)
        Å, relaxed.
    energy : float
        Hartree; NaN where the engine gave none.
    gradient_norm : float
        Hartree/bohr.
    steps : int
        Of the optimizer.
    fate : str
        "relaxed", "not converged", "no energy", or "broken" (another heavy-atom skeleton than its parts).
    fragments : mapping of str to int
        Molecules and lone ions in it.
    wavenumbers : tuple of float
        1/cm, without translations and rotations, ascending; empty where they were not computed.
    hessian : float64 (3 N, 3 N) or None
        eV/Å2, of small molecules.
    """

    kind: Kind
    number: int
    origin: str
    positions: Floats
    energy: float
    gradient_norm: float
    steps: int
    fate: str
    fragments: Mapping[str, int]
    wavenumbers: tuple[float, ...] = ()
    hessian: Floats | None = None

    @property
    def label(self) -> str:
        """Kind and number."""
        return f"{self.kind} {self.number}"

    @property
    def is_minimum(self) -> bool:
        """Whether no mode is imaginary; so of what has no modes."""
        return not self.wavenumbers or self.wavenumbers[0] > 0

    @property
    def named(self) -> str:
        """Kind, number and origin: no two trials of a species share it."""
        return f"{self.label}" + (f" from {self.origin}" if self.origin else "")

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "kind": self.kind,
            "number": self.number,
            "origin": self.origin,
            "positions": np.round(self.positions, _DIGITS).tolist(),
            "energy": self.energy if math.isfinite(self.energy) else None,
            "gradient_norm": self.gradient_norm if math.isfinite(self.gradient_norm) else None,
            "steps": self.steps,
            "fate": self.fate,
            "fragments": dict(self.fragments),
            "wavenumbers": list(self.wavenumbers),
            "hessian": None if self.hessian is None else np.round(self.hessian, _DIGITS).tolist(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Trial:
        """Return the trial that :meth:`to_dict` wrote."""
        hessian = entry["hessian"]
        return cls(
            kind=cast("Kind", str(entry["kind"])),
            number=int(entry["number"]),
            origin=str(entry["origin"]),
            positions=np.array(entry["positions"], dtype=float).reshape(-1, 3),
            energy=math.nan if entry["energy"] is None else float(entry["energy"]),
            gradient_norm=math.nan if entry["gradient_norm"] is None else float(entry["gradient_norm"]),
            steps=int(entry["steps"]),
            fate=str(entry["fate"]),
            fragments={str(key): int(value) for key, value in entry["fragments"].items()},
            wavenumbers=tuple(float(value) for value in entry["wavenumbers"]),
            hessian=None if hessian is None else np.array(hessian, dtype=float),
        )


class Journal:
    """The trials of one species on disk.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    heading : mapping
        What all of its trials share: engine, parts, seed. A journal with another heading is refused.
    """

    def __init__(self, path: Path, heading: Mapping[str, Any]) -> None:
        self._path = path
        self._trials: dict[tuple[str, int, str], Trial] = {}
        heading = json.loads(json.dumps(heading))
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(heading) + "\n", encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        if _parsed(lines[0]) != heading:
            raise FormatError(
                "it belongs to another search: engine, version, solvent, seed or parts differ",
                where=str(path),
                fix="remove it to begin anew, or choose another folder of results",
            )
        for line in lines[1:]:
            try:
                trial = Trial.from_dict(_parsed(line) or {})
            except (KeyError, TypeError, ValueError, AttributeError):
                continue  # cut off in the middle: computed once more
            self._trials[trial.kind, trial.number, trial.origin] = trial
        if lines[-1]:  # the last line was cut off
            with path.open("a", encoding="utf-8") as handle:
                handle.write("\n")

    def find(self, kind: Kind, number: int, origin: str) -> Trial | None:
        """Return a trial that was finished, or None."""
        return self._trials.get((kind, number, origin))

    def add(self, trial: Trial) -> None:
        """Keep a finished trial."""
        self._trials[trial.kind, trial.number, trial.origin] = trial
        with self._path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(trial.to_dict()) + "\n")


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
