"""Small workflows with fast items, and how they are run in tests."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import perovchem as pc
from perovchem.workflow.result import WorkflowRun

FAST = """
title = "Gaps"
[matrix]
gap = [{gaps}]
[[step]]
command = "exciton"
[step.settings]
electron = "0.11"
hole = "0.24"
dielectric = 4.6
gap = "{{gap}}"
[step.columns]
energy = "binding_energy"
wrong_gap = "screening"
"""
"""Items of a few milliseconds each: algebra of given numbers."""


def fast(folder: Path, n_items: int) -> Path:
    """Write a workflow of so many fast items."""
    path = folder / "fast.toml"
    path.write_text(FAST.format(gaps=", ".join(str(1 + k) for k in range(n_items))))
    return path


def ran(workflow: Any, output: Path, **options: Any) -> WorkflowRun:
    """Run a workflow in this process."""
    with ThreadPoolExecutor(1) as threads:
        return pc.run_workflow(
            workflow, output=output, executor=threads, details=options.pop("details", False), **options
        )


def screen(output: Path) -> dict[str, Any]:
    """Return screen.json."""
    found: dict[str, Any] = json.loads((output / "screen.json").read_text())
    return found


def halides(**more: Any) -> dict[str, Any]:
    """Return two halides in CsPbCl3, of which the rule lets bromide in and keeps iodide out."""
    return {
        "title": "Halides",
        "matrix": {"halide": ["Br", "I"]},
        "step": [
            {
                "name": "entry",
                "command": "substitute",
                "inputs": ["CsPbCl3"],
                "settings": {"site": "Cl", "ion": "{halide}-"},
                "columns": {"verdict": "verdict", "mismatch": "tests[name=radius_mismatch].value"},
            }
        ],
        **more,
    }
