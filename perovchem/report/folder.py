"""The folder of results: tables as CSV, everything as JSON, figures as PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from perovchem.report import Report


def write(report: Report, folder: Path) -> list[Path]:
    """Write a report into a folder that is there; return the paths."""
    from perovchem.plotting.style import save

    paths = [folder / f"{report.command}.json"]
    paths[0].write_text(report.to_json() + "\n", encoding="utf-8")
    for stem, table in report.records.items():
        paths.append(folder / f"{stem}.csv")
        table().to_csv(paths[-1], index=False, float_format="%.6g")
    for drawing in report.drawings:
        paths += save(drawing.draw(), folder, drawing.name)
    return paths
