"""Photon spectra in columns: energy and photons, with or without a heading."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.errors import FormatError
from perovchem.photon_spectrum import MOST_POINTS, PhotonSpectrum
from perovchem.provenance import input_files
from perovchem.readers.filebytes import open_bytes
from perovchem.result import Provenance

LARGEST_FILE: Final = 8 << 20
"""Unpacked bytes."""
_LONGEST_LINE: Final = 1000
_KILOELECTRONVOLTS: Final = {"kev": 1.0, "ev": 1e-3, "mev": 1e3}
_FIX: Final = (
    "give lines of energy (keV) and photons per keV, separated by commas, semicolons, tabs or blanks"
)


def read_photon_spectrum(path: str | os.PathLike[str]) -> PhotonSpectrum:
    """Read a photon spectrum.

    Parameters
    ----------
    path : path
        Two columns: energy and photons per keV; more columns are left out. Lines that begin with # are comments; a
        heading may name the unit of the energy (eV, keV, MeV), keV without. May be packed (.gz, .bz2, .xz).

    Returns
    -------
    PhotonSpectrum

    Raises
    ------
    InputError
        If there is no spectrum in the file; the message says where and what to do.
    """
    file, where = open_bytes(Path(path)), str(path)
    if len(file.data) > LARGEST_FILE:
        raise FormatError(f"a spectrum of {len(file.data)} bytes", where=where, fix=_FIX)
    try:
        text = bytes(file.data[:]).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("it is no text", where=where, fix=_FIX) from None
    points: list[tuple[float, float]] = []
    heading, titled = "", False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            heading = (
                heading if points or len(heading) > _LONGEST_LINE else f"{heading} {words[:_LONGEST_LINE]}"
            )
            continue
        pair = _pair(words)
        if pair is None and not points and not titled:
            heading, titled = f"{heading} {words[:_LONGEST_LINE]}", True
            continue
        if pair is None:
            raise FormatError(
                f"{words[:40]!r} is no energy and photons", where=f"{where}, line {number}", fix=_FIX
            )
        points.append(pair)
        if len(points) > MOST_POINTS:
            raise FormatError(f"more than {MOST_POINTS} points", where=where, fix="give fewer")
    if not points:
        raise FormatError("the file holds no numbers", where=where, fix=_FIX)
    unit = re.search(r"[\[(/,\s](k?eV|MeV)\b", heading, re.IGNORECASE)
    scale = _KILOELECTRONVOLTS[unit[1].lower()] if unit else 1.0
    table = np.array(points)
    words = f"table {Path(path).name[:60]}" + ("" if unit else ", energies taken as keV")
    origin = Provenance(where, input_files([Path(path)]), warnings=file.notes)
    return PhotonSpectrum.from_table(table[:, 0] * scale, table[:, 1] / scale, name=words, provenance=origin)


def _pair(words: str) -> tuple[float, float] | None:
    """Return the first two numbers of a line, None where they are none."""
    if len(words) > _LONGEST_LINE:
        return None
    cells = [cell for cell in re.split(r"[,;\t ]+", words) if cell]
    if len(cells) < 2 or any("_" in cell for cell in cells[:2]):
        return None
    try:
        return float(cells[0]), float(cells[1])
    except ValueError:
        return None
