"""Reports with a known content: crystals that slide, labels that would break a careless page."""

from __future__ import annotations

import warnings
from pathlib import Path

from builders_xdatcar_small import cubic_xdatcar

import perovchem as pc
from perovchem.cli.coordination_report import report
from perovchem.comparison import DEFINITIONS
from perovchem.report import Report

HOSTILE = ("<script>alert(1)</script>", '$x$ & "y" \u202e')
WARNINGS = ("{0}: {2}: too <b>short</b>", "{1}: {3}: too <b>short</b>", "the runs differ (doi 10.1000/xyz)")


def crystals(folder: Path, labels: tuple[str, ...] = HOSTILE, n_frames: int = 12) -> Report:
    """The coordination report of two runs of cubic CsPbCl3; the folder takes their files."""
    runs, inputs = {}, []
    for number, label in enumerate(labels):
        path = folder / f"XDATCAR_{number}"
        path.write_text(cubic_xdatcar(20 * number, n_frames))
        inputs.append(str(path))
        runs[label] = pc.read_frames(path, timestep=100.0, discard="300fs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compared = pc.compare_coordination(runs, ligands="Cl")
    settings = {"center": ["Pb"], "ligand": ["Cl"], "discard": "300fs", "persistence_fs": 500.0}
    known = [text.format(*labels, *inputs) for text in WARNINGS]
    return report(inputs, compared, {**settings, "definitions": DEFINITIONS}, known)
