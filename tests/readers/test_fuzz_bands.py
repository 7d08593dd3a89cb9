"""Seeded mutations of files of bands: each ends in bands that fit together or in an error of ours, and soon."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from fuzz import bands
from fuzz.mutations import QUICK, cut, spoil

SECONDS = 5.0
"""The longest that one mutation of a file of some kB may take, kernels compiled."""
MUTATIONS = 120


@pytest.mark.parametrize("name", bands.texts())
def test_mutations_end_in_bands_or_an_error_of_ours(name: str, tmp_path: Path) -> None:
    source = random.Random(name)
    whole = bands.texts()[name][1]
    bands.attempt_bands(name, bands.fill(name, tmp_path, whole), only_cut=True)
    outcomes = []
    for number in range(MUTATIONS):
        path = bands.fill(name, tmp_path, spoil(source, whole, QUICK, number)[1])
        begin = time.process_time()
        outcomes.append(bands.attempt_bands(name, path, only_cut=False))
        assert time.process_time() - begin < SECONDS
    share = sum(outcomes) / len(outcomes)
    assert share == 1 if "KPOINTS" in name and "vasprun" not in name else 0.05 < share < 0.95


@pytest.mark.parametrize("name", [name for name in bands.texts() if "KPOINTS" not in name])
def test_a_cut_file_gives_all_its_bands_or_none(name: str, tmp_path: Path) -> None:
    source = random.Random(name)
    whole = bands.texts()[name][1]
    for _ in range(60):
        bands.attempt_bands(name, bands.fill(name, tmp_path, cut(source, whole)), only_cut=True)
