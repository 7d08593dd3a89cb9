"""Figures of the gallery: those that an example saves, and those that a cell ends with."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from extension.contents import groups

EXAMPLES = [name for group in groups() for name in group.examples]
OUTPUT = Path(tempfile.gettempdir()) / "perovchem_gallery"
"""What the examples write: one folder each, emptied before."""
INCH = 130
"""Pixels of the screen that one inch of a figure takes."""
_shown: set[Path] = set()


def folder_of(_: dict[str, Any], script: dict[str, Any]) -> list[str]:
    """Return the argument that an example is run with: the folder it may write to."""
    return [str(OUTPUT / Path(script["src_file"]).stem)]


def reset(_: dict[str, Any], name: str) -> None:
    """Empty the folder of an example, and let warnings show themselves again."""
    import warnings

    warnings.formatwarning = _without_place
    folder = OUTPUT / Path(name).stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _shown.clear()
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.simplefilter("ignore", category)


def _without_place(message: Any, category: type, *_: Any) -> str:
    """Write a warning without the place in a file of this machine."""
    return f"{category.__name__}: {message}\n"


def place_of(path: str) -> int:
    """Return where an example stands in the gallery."""
    return EXAMPLES.index(Path(path).stem)


def figures(_: Any, block_vars: dict[str, Any], conf: dict[str, Any]) -> str:
    """Return the directives that show the new figures of one cell."""
    from matplotlib.figure import Figure

    from perovchem.plotting.style import save

    folder = OUTPUT / Path(block_vars["src_file"]).stem
    last = block_vars["example_globals"].get("___")
    if isinstance(last, Figure):
        folder.mkdir(parents=True, exist_ok=True)
        save(last, folder, f"cell_{block_vars['image_path_iterator']._stop:02d}")
        block_vars["example_globals"]["___"] = None
    new = sorted(
        (path for path in folder.rglob("*.png") if path not in _shown),
        key=lambda path: path.stat().st_mtime_ns,
    )
    _shown.update(new)
    return "".join(
        _directive(path, Path(target), Path(conf["src_dir"]))
        for path, target in zip(new, block_vars["image_path_iterator"], strict=False)
    )


def _directive(path: Path, target: Path, source: Path) -> str:
    """Copy a figure to where the gallery keeps it, and return the directive that shows it."""
    from PIL import Image

    shutil.copy(path, target)
    with Image.open(path) as image:
        width = round(image.width / 300 * INCH)
    name = path.stem.replace("_", " ")
    return (
        f"\n.. image:: /{target.relative_to(source).as_posix()}\n   :alt: {name}\n"
        f"   :class: sphx-glr-single-img figure-of-example\n   :width: {width}px\n\n"
    )
