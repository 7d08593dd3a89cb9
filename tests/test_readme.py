"""The front page cannot rot: its commands and its Python are run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = [
    part.splitlines()
    for block in re.findall(r"```console\n(.*?)```", README, re.S)
    for part in re.split(r"^\$ ", block, flags=re.M)
    if part
]
"""Commands, each with the lines of its output that are shown."""
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.mark.parametrize("lines", CONSOLE, ids=lambda lines: lines[0])
def test_command(lines: list[str]) -> None:
    program, *arguments = shlex.split(lines[0])
    assert program == "perovchem"
    done = subprocess.run(
        [sys.executable, "-m", "perovchem", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert len(printed) > 3
    for line in lines[1:]:
        assert line == "..." or line in printed


@pytest.mark.filterwarnings("ignore::DeprecationWarning:MDAnalysis.*")
@pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
def test_python(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = {}
    for code in PYTHON:
        exec(compile(code, "README.md", "exec"), namespace)
    assert namespace["hulls"].volumes.shape == (719, 3)
    assert len(namespace["atoms"]) == 10
    assert namespace["universe"].trajectory.n_frames == 1519


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)
