"""numba on bare arrays: the only loops that run millions of times. Imports nothing of ours.

Compiled kernels are kept beside their source, or in the user's cache folder. Where neither may be written,
they are compiled anew in each process, in a private temporary folder.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _writable(folder: Path) -> bool:
    """Return whether a folder, or the nearest one above it that exists, may be written."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


if "NUMBA_CACHE_DIR" not in os.environ and not (
    _writable(Path(__file__).parent / "__pycache__") or _writable(Path("~/.cache/numba").expanduser())
):
    _private = tempfile.mkdtemp(prefix="perovchem-")
    atexit.register(shutil.rmtree, _private, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = _private
