"""The bundled workflows, each run once: every item in this process, without a page of its own for each."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import perovchem as pc

WORKFLOWS = Path(__file__).parents[2] / "workflows"


@dataclass(frozen=True)
class Ran:
    """What a workflow left in its folder."""

    folder: Path
    screen: dict[str, Any]
    rows: list[dict[str, str]]

    def of(self, step: str, **where: object) -> list[dict[str, str]]:
        """Return the rows of a step with their columns alone named, where axes and columns have these values."""
        found = [
            {name.removeprefix(f"{step}."): value for name, value in row.items()}
            for row in self.rows
            if row["step"] == step
        ]
        return [row for row in found if all(row[name] == str(value) for name, value in where.items())]

    def one(self, step: str, **where: object) -> dict[str, str]:
        """Return the one row that there is."""
        (row,) = self.of(step, **where)
        return row

    def published(self, beginning: str) -> dict[str, Any]:
        """Return the one published value whose name begins so."""
        (found,) = [one for one in self.screen["published"] if one["what"].startswith(beginning)]
        return found

    def statements(self, conclusion: int, kind: str) -> list[str]:
        """Return the sentences of one kind of the conclusion with this number, from 0."""
        return [
            one["statement"]
            for one in self.screen["conclusions"][conclusion]["conclusions"]
            if one["kind"] == kind
        ]


@pytest.fixture(scope="session")
def ran(tmp_path_factory) -> Callable[[str], Ran]:
    """Return what runs a bundled workflow, once a session."""
    known: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            with ThreadPoolExecutor(1) as thread:
                pc.run_workflow(WORKFLOWS / f"{name}.toml", output=folder, executor=thread, details=False)
            screen = json.loads((folder / "screen.json").read_text(encoding="utf-8"))
            with (folder / "rows.csv").open(encoding="utf-8", newline="") as handle:
                known[name] = Ran(folder, screen, list(csv.DictReader(handle)))
        return known[name]

    return run
