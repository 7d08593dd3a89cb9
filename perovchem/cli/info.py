"""``perovchem info``: what one looks at first in a file or run folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perovchem.cli.common import collected_warnings, emit_json, segments
from perovchem.cli.options import Inputs, Json, Timestep

if TYPE_CHECKING:
    from perovchem.run_information.result import RunInformation

QUANTITY_NAMES = {
    "n_atoms": "n_atoms",
    "n_frames": "n_frames",
    "density_g_cm3": "density",
    "timestep_fs": "timestep",
    "frame_interval_fs": "frame_interval",
    "length_ps": "time",
    "temperature_K": "temperature",
    "pressure_GPa": "pressure",
    "energy_drift": "energy_drift",
    "correlation_time_fs": "correlation_time",
    "value": "band_gap",
}


def info(runs: Inputs, timestep: Timestep = None, json: Json = False) -> None:
    """What one looks at first in a file or run folder.

    Code and version, formula, density, temperature, drift, pressure, unconverged steps, length, complete.
    """
    import typer

    from perovchem import quantities, reference
    from perovchem.cli.bands_info import bands_alone, bands_beside, bands_row, bands_text
    from perovchem.cli.structure_info import crystal_of, structure_row, structure_text
    from perovchem.provenance import input_files
    from perovchem.result import envelope
    from perovchem.run_information import run_information

    with collected_warnings() as warnings:
        found: list[RunInformation] = []
        crystals = [crystal_of(run) for run in runs]
        structures = [None if one is None else structure_row(one) for one in crystals]
        bands: list[dict[str, Any] | None] = []
        for run in runs:
            path = segments(run)
            alone = bands_alone(run)
            if alone is not None:
                found.append(alone[0])
                bands.append(None if alone[1] is None else bands_row(alone[1]))
                continue
            known = None if os.path.exists(run) else reference.entries().get(run)
            if known is not None:
                one = run_information(
                    known.path, timestep=known.frame_interval if timestep is None else timestep
                )
                if timestep is None:
                    one = replace(one, timestep_fs=known.timestep)
                found.append(replace(one, code=known.code or None, warnings=(*one.warnings, *known.faults)))
            else:
                found.append(run_information(path, timestep=timestep))
            beside = bands_beside(run, found[-1])
            bands.append(None if beside is None else bands_row(beside))
        if json:
            files = input_files(dict.fromkeys(Path(name) for one in found for name in one.files))
            rows = [
                {
                    "input": run,
                    **one.to_dict(),
                    **({} if structure is None else {"structure": structure}),
                    **({} if band is None else {"bands": band}),
                }
                for run, one, structure, band in zip(runs, found, structures, bands, strict=True)
            ]
            units = quantities.units(QUANTITY_NAMES)
            collected = [*warnings, *(warning for one in found for warning in one.warnings)]
            emit_json(envelope("info", files, {"timestep_fs": timestep}, rows, units, collected))
        else:
            texts = [
                "\n".join(
                    [
                        str(one),
                        *([] if row is None else [structure_text(row)]),
                        *([] if band is None else [bands_text(band)]),
                    ]
                )
                for one, row, band in zip(found, structures, bands, strict=True)
            ]
            typer.echo("\n\n".join(texts))
