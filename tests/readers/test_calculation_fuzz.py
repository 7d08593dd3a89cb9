"""Spoiled calculations: each ends in a result that fits together or in an error of ours (how soon: make fuzz)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzz import calculations

COUNT = 44


@pytest.mark.parametrize("name", calculations.texts())
def test_mutations(name: str, tmp_path: Path) -> None:
    outcomes = []
    for number in range(COUNT):
        done, path = calculations.spoiled(name, random.Random(f"suite {name} {number}"), tmp_path, number)
        outcomes.append(calculations.attempt_calculation(name, path, only_cut=done == "cut"))
    assert any(outcomes)
    assert not all(outcomes)
