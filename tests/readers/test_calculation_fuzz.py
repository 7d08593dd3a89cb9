"""Spoiled calculations: each ends in a result that fits together or in an error of ours, and soon."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from fuzz import calculations

SECONDS = 5.0
COUNT = 44


@pytest.mark.parametrize("name", calculations.texts())
def test_mutations(name: str, tmp_path: Path) -> None:
    outcomes = []
    for number in range(COUNT):
        done, path = calculations.spoiled(name, random.Random(f"suite {name} {number}"), tmp_path, number)
        start = time.perf_counter()
        outcomes.append(calculations.attempt_calculation(name, path, only_cut=done == "cut"))
        assert time.perf_counter() - start < SECONDS, done
    assert any(outcomes)
    assert not all(outcomes)
