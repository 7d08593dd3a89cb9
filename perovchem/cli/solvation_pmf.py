"""``perovchem pmf``: potentials of mean force, association constants and ΔG of contact pairs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perovchem.cli.common import collected_warnings, emit, fixed_cutoffs, open_runs, progress
from perovchem.cli.options import Discard, Inputs, Json, Label, Output, Start, Stop, Stride, Timestep


def pmf(
    runs: Inputs,
    pair: Annotated[
        list[str], typer.Option(help="Pair of sites, as Pb-O(DMSO), Cs-Cl or H(MA)-I; may repeat.")
    ],
    temperature: Annotated[
        float | None, typer.Option(help="K. Default: the mean of the run, where it states one.")
    ] = None,
    contact: Annotated[
        list[str] | None,
        typer.Option(help="End of contact in Å, as Pb-O=3.3; may repeat. Default: first minimum of g(r)."),
    ] = None,
    timestep: Timestep = None,
    discard: Discard = None,
    start: Start = None,
    stop: Stop = None,
    stride: Stride = None,
    label: Label = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Potentials of mean force W(r), association constants, ΔG.

    From g(r), with errors from blocks of frames. Several runs share the end of contact, measured on all of them
    together. Pairs within one molecule are left out.
    """
    from dataclasses import replace

    from perovchem.cli.solvation_pmf_report import DEFINITIONS, report
    from perovchem.pair_distribution import default_range, pair_distribution, shared_cutoffs
    from perovchem.solvation_pmf import solvation_pmf

    settings: dict[str, Any] = {
        "pair": pair, "temperature_K": temperature, "contact": contact, "timestep_fs": timestep,
        "discard": discard, "start": start, "stop": stop, "stride": stride, "definitions": DEFINITIONS,
    }  # fmt: skip
    fixed = fixed_cutoffs(contact or [])
    with collected_warnings() as notes, progress():
        opened = open_runs(
            runs, label, notes, timestep=timestep, discard=discard, start=start, stop=stop, stride=stride
        )
        span = min(default_range(frames) for frames in opened.values())
        curves = {}
        for called, frames in notes.each(opened):
            curves[called] = pair_distribution(
                frames, pairs=pair, range=span, intramolecular=False, cutoffs=fixed
            )
        shared = shared_cutoffs(list(curves.values()))
        results = {}
        for called, curve in notes.each(curves):
            results[called] = solvation_pmf(replace(curve, given=shared), temperature=temperature)
        found = report(runs, results, settings, notes)
    emit(found, as_json=json, output=output)
