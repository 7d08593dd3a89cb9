"""A trajectory that is larger than what a worker may hold: it is read in batches."""

import gzip
import sys
from pathlib import Path

import engine_functions as functions
import pytest

import perovchem as pc
from perovchem.workflow import engines
from perovchem.workflow.items import Item

COPIES = 7
COMMANDS = {
    "coordination": ("--ligand", "I", "--ligand", "O"),
    "rdf": ("--pair", "Pb-I"),
    "diffusion": ("--of", "GBL"),
    "hbonds": (),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The bundled run of 1519 frames (17 MB), and the same seven times over (117 MB)."""
    folder = tmp_path_factory.mktemp("runs")
    with gzip.open(pc.reference.path("gbl_solution"), "rt") as handle:
        head, mark, rest = handle.read().partition("Direct configuration=")
    for name, copies in (("short", 1), ("long", COPIES)):
        (folder / name).mkdir()
        with (folder / name / "XDATCAR").open("w") as handle:
            handle.write(head)
            for _ in range(copies):
                handle.write(mark + rest.rstrip("\n") + "\n")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("command", COMMANDS)
def test_memory_grows_by_a_fraction_of_the_file(runs, command):
    """What a worker holds grows by what is kept of each frame, which is far less than the frame."""
    sizes, peaks = [], []
    with engines.local(1) as engine:
        for name in ("short", "short", "long"):  # the first brings libraries and kernels
            path = runs / name / "XDATCAR"
            arguments = (str(path), *COMMANDS[command], "--timestep", "5", "--discard", "1ps")
            item = Item(0, "step", name, command, arguments, str(runs))
            ((_, outcome),) = engines.completed(functions.peak_of, [item], engine)
            assert outcome.failure is None, str(outcome.failure)
            sizes.append(Path(path).stat().st_size)
            peaks.append(int(outcome.document))
    assert sizes[2] - sizes[1] > 95e6
    assert peaks[2] - peaks[1] < 0.6 * (sizes[2] - sizes[1]), (peaks, sizes)
