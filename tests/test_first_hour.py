"""docs/first_hour.md: its commands are run in their order, in one empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "first_hour.md").read_text(encoding="utf-8")
TYPED = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.S)
    for line in block.splitlines()
]
OURS = [line for line in TYPED if line.startswith("perovchem ")]
LONG = "perovchem run nature_561_88_bands -o mixed_halides"
"""A minute and more; tests/workflows runs it whole."""
LEAVES = {
    "demo": "demo/page.html",
    "shells": "shells/page.html",
    "library": "library/workflows/nature_561_88_bands.toml",
    "bands": "bands/page.html",
    "binding": "binding/page.html",
    "salts": "salts/page.html",
}
"""What lies in the folder afterwards."""


def test_what_is_typed_after_the_installation(tmp_path) -> None:
    assert LONG in OURS
    for line in (line for line in OURS if line != LONG):
        done = subprocess.run(
            [sys.executable, "-m", "perovchem", *shlex.split(line)[1:]],
            cwd=tmp_path, env=os.environ | {"PYTHONUTF8": "1"}, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr
        if line == "perovchem doctor":
            assert done.stdout.endswith("Everything that is needed is there.\n")
    for path in LEAVES.values():
        assert (tmp_path / path).stat().st_size > 1000, path
    assert {path.name for path in tmp_path.iterdir()} == set(LEAVES)


def test_every_command_is_timed() -> None:
    timed = re.findall(r"^\| `([^`]+)` \| ([\d.]+ s|[\d.]+ min) \| ([\d.]+ s|[\d.]+ min) \|$", TEXT, re.M)
    assert [line for line, _, _ in timed] == [line for line in TYPED if not line.startswith("source ")]
    assert len(TYPED) - len(OURS) == 3
