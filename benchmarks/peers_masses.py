"""Effective masses by sumo and effmass: python peers_masses.py VASPRUN ..., one line of JSON each.

Runs in an environment of their own (requirements-band-peers.txt), as effmass 2.3.1 does not run with numpy 2.4.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

Masses = dict[str, list[float]]


def sumo(path: str, parabolic: bool) -> Masses:
    """What sumo-bandstats prints: its default is the parabola; else its non-parabolic fit."""
    from sumo.cli.bandstats import bandstats

    found = bandstats(filenames=[path], parabolic=parabolic)
    return {
        "hole": [-float(row["effective_mass"]) for row in found["hole_data"]],
        "electron": [float(row["effective_mass"]) for row in found["electron_data"]],
    }


def effmass(path: str) -> Masses:
    """Five-point least squares on every segment that effmass finds; 50 meV deep, .5 eV high, as its examples."""
    from effmass import extrema, inputs

    data = inputs.DataVasprun(path)
    settings = inputs.Settings(extrema_search_depth=0.05, energy_range=0.5)
    found: Masses = {"hole": [], "electron": []}
    for segment in extrema.generate_segments(settings, data):
        kind = "hole" if segment.band_type == "valence_band" else "electron"
        value = segment.five_point_leastsq_effmass()
        found[kind].append(-float(value) if kind == "hole" else float(value))
    return found


CONTENDERS: dict[str, Callable[[str], Masses]] = {
    "sumo, parabola": lambda path: sumo(path, True),
    "sumo, non-parabolic": lambda path: sumo(path, False),
    "effmass, five points": effmass,
}


def main() -> None:
    """Answer for each file and contender."""
    warnings.simplefilter("ignore")
    for path in sys.argv[1:]:
        for name, call in CONTENDERS.items():
            row: dict[str, Any] = {"path": path, "contender": name}
            start = time.perf_counter()
            quiet = io.StringIO()
            try:
                with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                    row["masses"] = call(path)
            except (Exception, SystemExit) as error:
                row["error"] = f"{type(error).__name__}: {error}"[:120]
            row["seconds"] = time.perf_counter() - start
            print("JSON " + json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
