"""The folder of results: tables as CSV, everything as JSON, arrays as NetCDF, figures as PNG and SVG, and the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from perovchem.progress import track_steps
from perovchem.report import Report
from perovchem.report.origin import EMBEDDED
from perovchem.report.page import Pictures, page
from perovchem.scene import Scene

_STILL_WIDTH: Final = 900
"""Pixels of the structure's picture inside the page, which only readers without scripts see."""


def write(report: Report, folder: Path, *, command_line: str = "") -> list[Path]:
    """Write a report into a folder that is there; return the paths.

    Parameters
    ----------
    report : Report
    folder : Path
    command_line : str
        As the user typed it; the page shows it.
    """
    from perovchem.plotting.structure import plot_scenes
    from perovchem.plotting.style import save

    paths = [folder / f"{report.command}.json"]
    paths[0].write_text(report.to_json() + "\n", encoding="utf-8")
    csv = {}
    for stem, table in track_steps(report.records.items(), "writing tables", len(report.records)):
        paths.append(folder / f"{stem}.csv")
        table().to_csv(paths[-1], index=False, float_format="%.8g", lineterminator="\n", encoding="utf-8")
        if paths[-1].stat().st_size <= EMBEDDED:
            csv[stem] = paths[-1].read_text(encoding="utf-8")
    for stem, variables in track_steps(report.arrays.items(), "writing arrays", len(report.arrays)):
        from perovchem.report import netcdf

        paths.append(folder / f"{stem}.nc")
        netcdf.write(report, stem, variables(), paths[-1])
    scenes = report.scenes()
    figures = {}
    for drawing in track_steps(report.drawings, "drawing", len(report.drawings)):
        saved = save(drawing.draw(), folder, drawing.name)
        figures[drawing.name] = saved[1].read_text(encoding="utf-8")
        paths += saved
    still = b""
    if scenes:
        figure = plot_scenes([[scene for scene in scenes if scene.run == run][-1] for run in _runs(scenes)])
        paths += save(figure, folder, "structure")
        still = _small(folder / "structure.png")
    text = page(
        report,
        Pictures(figures, still, scenes),
        command_line=command_line,
        csv=csv,
        beside=[path.name for path in paths],
    )
    paths.append(folder / "page.html")
    paths[-1].write_text(text, encoding="utf-8")
    return paths


def _small(picture: Path) -> bytes:
    """Return a picture in fewer pixels and colors, as PNG."""
    from PIL import Image

    held = io.BytesIO()
    with Image.open(picture) as image:
        height = round(image.height * _STILL_WIDTH / image.width)
        small = image.convert("RGB").resize((_STILL_WIDTH, height), Image.Resampling.LANCZOS)
        small.quantize(128).save(held, format="png", optimize=True)
    return held.getvalue()


def _runs(scenes: Sequence[Scene]) -> list[str]:
    """Return the labels of the runs, each once."""
    return list(dict.fromkeys(scene.run for scene in scenes))
