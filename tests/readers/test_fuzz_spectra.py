"""Seeded mutations of bands of CASTEP and ASE, densities of states, dielectric tensors: a result or an error of ours."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from fuzz import spectra
from fuzz.mutations import QUICK, spoil

SECONDS = 5.0
COUNT = 220


@pytest.mark.parametrize("name", spectra.texts())
@pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
def test_mutations_end_in_a_result_or_an_error_of_ours(name: str, tmp_path: Path) -> None:
    source = random.Random(name)
    outcomes = []
    assert spectra.attempt(name, spectra.fill(name, tmp_path, spectra.sound_text(name)))
    for number in range(COUNT):
        _, text = spoil(source, spectra.sound_text(name), QUICK, number)
        path = spectra.fill(name, tmp_path, text)
        start = time.perf_counter()
        outcomes.append(spectra.attempt(name, path))
        assert time.perf_counter() - start < SECONDS, text[:200]
    assert any(outcomes)
