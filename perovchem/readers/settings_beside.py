"""How the run of a trajectory was set up, from the files beside it: for formats that do not say so themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from perovchem.errors import PerovchemError
from perovchem.frames import FrameSource
from perovchem.readers.clock import PACKED, neighbors, plain_name, stated_clock
from perovchem.readers.filebytes import FileBytes, open_bytes

_CASTEP_HEAD: Final = 1 << 20
"""Bytes; the table of parameters stands before the first step."""


def settings_beside(source: FrameSource) -> Mapping[str, str]:
    """Return the settings of the run: the source's own, else those of INCAR, OUTCAR or SEED.castep beside it.

    Segments that were run with different thermostats count as the one with friction; if nothing is known of
    one of them, nothing is known.
    """
    if source.metadata.settings or source.format in ("POSCAR", "CIF"):
        return source.metadata.settings
    found = [_beside(path) for path in source.files]
    damped = [one for one in found if "LANGEVIN_GAMMA" in one or "Langevin" in one.get("using", "")]
    if damped:
        return damped[0]
    return found[-1] if found and all(found) else {}


def _beside(path: Path) -> dict[str, str]:
    """Return what the first readable file beside a trajectory states; broken ones are told of elsewhere."""
    name = plain_name(path)
    seed = name.removesuffix(".md").removesuffix(".castep")
    logs = [path.parent / f"{seed}.castep{packed}" for packed in PACKED] if seed != name else []
    candidates = [("CASTEP", log) for log in logs if log.is_file()]
    if not logs:
        candidates += [(kind, one) for kind in ("INCAR", "OUTCAR") for one in neighbors(path, kind)[:1]]
    for kind, one in candidates:
        try:
            if kind == "CASTEP":
                from perovchem.readers.castep import read_castep_log

                head = FileBytes(one, bytes(open_bytes(one).data[:_CASTEP_HEAD]))
                return dict(read_castep_log(head).settings)
            return dict(stated_clock(open_bytes(one), kind).settings)
        except PerovchemError:
            continue
    return {}
