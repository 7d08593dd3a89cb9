"""``perovchem exafs``: first shells as X-rays see them, χ(k) and |χ(R)| of one or several runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import collected_warnings, emit, fixed_cutoffs, open_runs, pairs, progress
from perovchem.cli.options import Cutoff, Discard, Inputs, Json, Label, Output, Start, Stop, Stride, Timestep


def exafs(
    runs: Inputs,
    pair: Annotated[
        list[str], typer.Option(help="Absorber and neighbor, as Pb-I or Pb-O(DMSO); may repeat.")
    ],
    absorber: Annotated[str, typer.Option(help="Element whose edge is looked at.")] = "Pb",
    edge: Annotated[
        str, typer.Option(help="Its edge; amplitudes and phases are tabulated for Pb L3.")
    ] = "L3",
    feff: Annotated[
        list[str] | None,
        typer.Option(help="A path of your own FEFF run, as Pb-O=feff0001.dat; may repeat."),
    ] = None,
    no_phases: Annotated[
        bool, typer.Option("--no-phases", help="Bare distances: amplitude 1, no phase, nothing absorbed.")
    ] = False,
    k_range: Annotated[tuple[float, float], typer.Option(help="Window of the Fourier transform, 1/Å.")] = (
        3.0,
        12.0,
    ),
    k_weight: Annotated[int, typer.Option(help="Power of k before the transform: 1, 2 or 3.")] = 2,
    window_sill: Annotated[
        float, typer.Option(help="Width over which the Hanning window rises and falls, 1/Å.")
    ] = 1.0,
    longest: Annotated[float, typer.Option(help="Farther atoms do not scatter, Å.")] = 6.0,
    cutoff: Cutoff = None,
    timestep: Timestep = None,
    discard: Discard = None,
    start: Start = None,
    stop: Stop = None,
    stride: Stride = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Local structure as X-ray absorption (EXAFS) sees it.

    First shells as number, distance, variance and skewness; χ(k) by single scattering; |χ(R)| with and without its
    phase; with errors. Several runs share their cutoffs, and the bonds of each are compared with those of the first.
    """
    from perovchem.cli.exafs_report import DEFINITIONS, report
    from perovchem.cutoffs import bond_cutoffs
    from perovchem.exafs import exafs as look
    from perovchem.pair_distribution import symbols_of
    from perovchem.readers.feff_path import read_feff_path

    settings: dict[str, Any] = {
        "pair": pair, "absorber": absorber, "edge": edge, "feff": feff, "no_phases": no_phases, "k_range": k_range,
        "k_weight": k_weight, "window_sill": window_sill, "longest": longest, "cutoff": cutoff,
        "timestep_fs": timestep, "discard": discard, "start": start, "stop": stop, "stride": stride,
        "definitions": DEFINITIONS,
    }  # fmt: skip
    fixed = fixed_cutoffs(cutoff or [])
    paths = {name: read_feff_path(path) for name, path in pairs(feff or [], "the path").items()}
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        elements = list(dict.fromkeys(symbols_of(name)[1] for name in pair))
        shared = bond_cutoffs(list(opened.values()), center=absorber, ligands=elements, given=fixed)
        results = {}
        for called, frames in notes.each(opened):
            results[called] = look(
                frames, absorber=absorber, pairs=pair, cutoffs=shared, edge=edge,
                phases="none" if no_phases else "tabulated", paths=paths, k_range=k_range, k_weight=k_weight,
                window_sill=window_sill, longest=longest,
            )  # fmt: skip
        found = report(runs, results, settings, notes)
    emit(found, as_json=json, output=output)
