"""Per-frame arrays as NetCDF-4: units, sentences and provenance stand in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.errors import UsageError
from perovchem.result import jsonable
from perovchem.version import __version__

if TYPE_CHECKING:
    from perovchem.report import Report, Variable

_COMPRESSED_FROM: Final = 1000
"""Values; smaller arrays gain nothing."""
UNITS: Final[Mapping[str, str]] = {
    "Å": "angstrom", "Å3": "angstrom3", "Å2": "angstrom2", "1/Å": "angstrom-1", "degree2": "degree2",
    "Å2/ps": "angstrom2 ps-1", "fraction": "1",
}  # fmt: skip
"""As UDUNITS, which readers of NetCDF follow, spells ours."""


def write(report: Report, name: str, variables: Mapping[str, Variable], path: Path) -> None:
    """Write variables with what they are and where they come from.

    Parameters
    ----------
    report : Report
        Its settings, files and warnings become attributes of the file.
    name : str
        Stem under which the report holds the variables.
    variables : mapping of name to Variable
    path : Path

    Raises
    ------
    UsageError
        If two variables give one dimension different lengths.
    """
    import h5netcdf

    document = report.to_dict()
    with h5netcdf.File(path, "w") as file:
        file.attrs["Conventions"] = "CF-1.11"
        file.attrs["title"] = f"{report.title}: {name}"
        file.attrs["source"] = f"perovchem {__version__}"
        file.attrs["perovchem_command"] = report.command
        for key in ("settings", "inputs", "warnings"):
            file.attrs[f"perovchem_{key}"] = json.dumps(jsonable(document[key]), ensure_ascii=False)
        for called, variable in variables.items():
            _add(file, called, variable)


def _add(file: Any, name: str, variable: Variable) -> None:
    """Add one variable, and its dimensions where they are new."""
    import h5py

    values = np.asarray(variable.values)
    if values.ndim != len(variable.dimensions):
        raise UsageError(
            f"the array {name} has {values.ndim} axes, not {len(variable.dimensions)}",
            fix="name each of its axes",
        )
    for dimension, length in zip(variable.dimensions, values.shape, strict=True):
        known = file.dimensions.get(dimension)
        if known is None:
            file.dimensions[dimension] = length
        elif known.size != length:
            raise UsageError(
                f"the dimension {dimension} is {known.size} long, and {length} in {name}",
                fix="give each dimension one length",
            )
    options: dict[str, Any] = {}
    kind: Any = values.dtype
    if values.dtype.kind == "U":
        kind, values = h5py.string_dtype(), values.astype(object)
    elif values.size >= _COMPRESSED_FROM:
        options = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    data = file.create_variable(name, variable.dimensions, kind, data=values, **options)
    data.attrs["long_name"] = variable.sentence
    if values.dtype.kind != "O":
        data.attrs["units"] = UNITS.get(variable.unit, variable.unit)
    if np.issubdtype(values.dtype, np.floating):
        data.attrs["missing_value"] = np.asarray(np.nan, values.dtype)[()]
    for key, value in variable.attributes.items():
        data.attrs[key] = np.asarray(value, values.dtype) if key == "flag_values" else value
