"""Wheel and source distribution: built without network, installed into an empty environment, used from there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def call(*command: object, where: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; nothing of this environment's Python settings goes with it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=where,
        env=kept | more,
        capture_output=True,
        text=True,
        timeout=300,
    )


def build(what: str, source: Path, folder: Path) -> Path:
    """Return what hatchling builds of a folder: "sdist" or "wheel"."""
    code = f"import hatchling.build as b; print(b.build_{what}({str(folder)!r}))"
    done = call(sys.executable, "-c", code, where=source)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="session")
def sdist(tmp_path_factory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory) -> Path:
    """The wheel that the source distribution builds: what it lacks, the wheel lacks."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build("wheel", source, folder)


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment that holds this wheel alone, and sees what it depends on through a path file."""
    folder = tmp_path_factory.mktemp("empty")
    assert call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", where=folder).returncode == 0
    python = folder / "venv" / "bin" / "python"
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    here = dict.fromkeys(sysconfig.get_path(key) for key in ("purelib", "platlib"))
    (site / "dependencies.pth").write_text("\n".join(here) + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    done = call(*pip, "install", "--no-deps", "--no-index", wheel, where=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_source_distribution_holds_what_the_repository_holds(sdist) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "constraints.txt", "PKG-INFO",
        "perovchem/py.typed", "perovchem/report/page.css", "structures/structures.toml", "tests/conftest.py",
        "tests/test_packaging.py", "trajectories/gbl_solution.XDATCAR.gz", "benchmarks/run.py", "docs/validation.md",
        "examples/data/constructed_doping.toml", "workflows/nature_561_88_bands.toml",
    }  # fmt: skip
    trajectories = tomllib.loads((ROOT / "trajectories" / "trajectories.toml").read_text(encoding="utf-8"))
    wanted.discard("trajectories/gbl_solution.XDATCAR.gz")
    wanted |= {f"trajectories/{row['file']}" for row in trajectories.values()}
    assert wanted <= names
    assert not [
        name for name in names if re.search(r"(^|/)(\.ci|\.git|\.venv|__pycache__|\..*_cache)(/|$)", name)
    ]
    assert not [name for name in names if name.endswith((".nbi", ".nbc", ".pyc", ".whl"))]
    assert not [name for name in names if name.startswith(("demo/", "dist/", "benchmarks/inputs/"))]
    assert not [name for name in names if "/journal/" in name]


def test_the_wheel_holds_the_package_and_its_library_and_nothing_else(wheel) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {
        "perovchem",
        re.sub(r"-py3.*", ".dist-info", wheel.name),
    }
    for folder in ("structures", "trajectories", "workflows", "examples/data"):
        there = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "journal" not in path.parts and "__pycache__" not in path.parts
        }
        assert {f"perovchem/{name}" for name in there} <= names
    assert not [name for name in names if name.endswith((".nbi", ".nbc", ".pyc"))]
    assert not [name for name in names if "/tests/" in name or "/journal/" in name]


def test_it_works_where_nothing_else_is(installed) -> None:
    """Version, doctor, library, an analysis with figures, whose kernels (few: 16 of 60) are compiled in the new place."""
    perovchem = installed / "venv" / "bin" / "perovchem"
    site = next((installed / "venv" / "lib").glob("python*/site-packages"))
    done = call(
        installed / "venv/bin/python", "-c", "import perovchem; print(perovchem.__file__)", where=installed
    )
    assert Path(done.stdout.strip()) == site / "perovchem" / "__init__.py"

    done = call(perovchem, "--version", where=installed)
    version = (ROOT / "perovchem" / "version.py").read_text(encoding="utf-8")
    assert done.stdout.split()[1] in version

    done = call(perovchem, "doctor", "--json", where=installed, PYTHONUTF8="1")
    rows = json.loads(done.stdout)["results"]
    assert done.returncode == 0, [row for row in rows if row["state"] == "wrong"]
    asked = {row["name"] for row in rows if row["group"] == "packages"}
    assert {plain(name) for name in asked} == {plain(line) for line in PROJECT["dependencies"]}
    assert {row["name"] for row in rows if row["group"] == "extras"} == set(EXTRAS)
    (package,) = [row for row in rows if row["name"] == "perovchem"]
    assert str(site) in package["sentence"]

    done = call(perovchem, "structures", where=installed)
    assert done.returncode == 0 and "CsPbCl3_cubic" in done.stdout

    line = "rdf gbl_solution --pair Pb-I --start 800 --stride 40 -o results"
    done = call(perovchem, *line.split(), where=installed)
    assert done.returncode == 0, done.stderr
    assert "Pb-I coordination number" in done.stdout
    assert list(site.glob("perovchem/_kernels/__pycache__/*.nbc"))
    assert (installed / "results" / "page.html").stat().st_size > 50_000
    written = json.loads((installed / "results" / "rdf.json").read_text(encoding="utf-8"))
    assert written["inputs"][0]["path"].startswith(str(site))


def test_a_bundled_workflow_is_listed_copied_and_run_by_its_name(installed) -> None:
    perovchem = installed / "venv" / "bin" / "perovchem"
    done = call(perovchem, "workflows", "--json", where=installed)
    names = [row["name"] for row in json.loads(done.stdout)["results"]]
    assert "j_mater_chem_c_13_12685_hydrogen_bonds" in names
    done = call(perovchem, "workflows", "-o", "copy", where=installed)
    assert done.returncode == 0, done.stderr
    assert sorted(names) == sorted(
        path.stem
        for path in (installed / "copy" / "workflows").glob("*.toml")
        if "step" in tomllib.loads(path.read_text(encoding="utf-8"))
    )
    done = call(perovchem, "run", "j_mater_chem_c_13_12685", "-o", "ran", "--workers", "1", where=installed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (installed / "ran" / "page.html").exists()
    rows = (installed / "ran" / "rows.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 1


# what is declared ------------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[><=\[; ]", name)[0]).lower()


def test_every_requirement_has_a_version_that_the_tests_passed_with() -> None:
    def listed(path: str) -> set[str]:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        return {plain(line) for line in lines if line and not line.startswith("#")}

    ours = {
        *PROJECT["dependencies"],
        *(line for key, lines in EXTRAS.items() if key != "bench" for line in lines),
    }
    assert {plain(line) for line in ours} - {"perovchem"} <= listed("constraints.txt")
    assert {plain(line) for line in EXTRAS["bench"]} <= listed("benchmarks/constraints-peers.txt")
    pins = (
        (ROOT / "benchmarks" / "constraints-peers.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    )
    assert all(line.lower().replace("_", "-") in pins for line in EXTRAS["bench"])


def test_every_extra_is_told_by_the_doctor() -> None:
    from perovchem.installation import EXTRAS as TOLD

    assert set(TOLD) == set(EXTRAS) >= {"compute", "dask", "docs", "test", "bench"}


def test_every_direct_requirement_has_a_lower_bound() -> None:
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    free = [line for line in lines if not re.search(r"[>=]=", line) and not line.startswith("perovchem[")]
    assert free == ["pandas-stubs", "scipy-stubs"]  # they follow the packages whose types they are
