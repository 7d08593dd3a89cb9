"""Figures in a notebook, and the backend that the user chose."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from matplotlib.figure import Figure

from perovchem.plotting import style


def notebook(monkeypatch, printers: dict[type, Any]) -> None:
    """Pretend to be inside a notebook whose formatter of PNG is kept in ``printers``."""
    pictures = SimpleNamespace(type_printers=printers, for_type=printers.__setitem__)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"image/png": pictures}))
    module = ModuleType("IPython")
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    with monkeypatch.context() as while_looking:
        while_looking.setitem(sys.modules, "IPython", module)
        style._show_in_notebooks()


def test_a_notebook_shows_figures(monkeypatch) -> None:
    printers: dict[type, Any] = {}
    notebook(monkeypatch, printers)
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    assert printers[Figure](figure).startswith(b"\x89PNG")


def test_what_the_notebook_has_for_figures_is_kept(monkeypatch) -> None:
    printers: dict[type, Any] = {Figure: "pyplot's"}
    notebook(monkeypatch, printers)
    assert printers == {Figure: "pyplot's"}


def test_ipython_without_a_notebook_is_no_obstacle(monkeypatch) -> None:
    module = ModuleType("IPython")
    module.get_ipython = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    style._show_in_notebooks()


def test_the_backend_is_the_users() -> None:
    """Setting one would send the figures of a notebook's own pyplot nowhere."""
    code = (
        "import sys, matplotlib, perovchem.plotting.coordination; "
        "print(matplotlib.rcParams['backend'], 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MPLBACKEND": "svg"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.split() == ["svg", "False"]
