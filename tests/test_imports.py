"""Nothing heavy is imported until it is needed."""

import importlib
import subprocess
import sys

import pytest

HEAVY = (
    "numba", "scipy", "pandas", "matplotlib", "xarray", "h5py", "pymatgen", "ase", "MDAnalysis", "spglib", "seekpath",
    "cclib", "castepxbin", "tblite", "geometric",
    "xraydb", "xraylib", "pyarrow", "distributed",
)  # fmt: skip
COMMANDS = (
    "coordination",
    "bands",
    "masses",
    "exciton",
    "attenuate",
    "growth",
    "cevns",
    "dos",
    "gibbs",
    "binding",
    "pmf",
    "mixing",
    "compute",
    "run",
)


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import perovchem",
        "import perovchem.cli",
        "import sys\nfrom perovchem.cli import app\ntry:\n    app(['--help'])\nexcept SystemExit: pass",
        f"from perovchem.cli import app\nfor name in {COMMANDS}:\n    try: app([name, '--help'])\n    except SystemExit: pass",
    ],
)
def test_light(code: str) -> None:
    assert not modules_after(code) & set(HEAVY)


def test_public_names_all_resolve() -> None:
    import perovchem

    for name in perovchem.__all__:
        assert getattr(perovchem, name) is not None
    assert set(perovchem.__all__) <= set(dir(perovchem))


def test_unknown_name_is_an_attribute_error() -> None:
    import perovchem

    with pytest.raises(AttributeError, match="coordinaton"):
        perovchem.coordinaton  # noqa: B018  the access is the test


def test_room_and_function_of_one_name_do_not_hide_each_other() -> None:
    # `perovchem.coordination` is the function, also after the module of that name was imported
    importlib.import_module("perovchem.coordination")
    code = (
        "import importlib, perovchem\n"
        "importlib.import_module('perovchem.coordination')\n"
        "assert callable(perovchem.coordination), perovchem.coordination\n"
        "from perovchem.polyhedra import polyhedra\nimport perovchem as pc\nassert callable(pc.polyhedra)"
    )
    modules_after(code)
