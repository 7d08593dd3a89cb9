"""What every analysis command has in common: inputs at fault, usage at fault, one form of help."""

import json
import re
import shlex
from pathlib import Path

import pytest
from builders_xdatcar_small import cubic_xdatcar

from perovchem.cli import app

COMMANDS = {
    "coordination": ["--ligand", "Cl"],
    "exchange": ["--ligand", "Cl"],
    "rdf": ["--pair", "Pb-Cl"],
    "exafs": ["--pair", "Pb-Cl"],
    "diffusion": ["--of", "Pb"],
    "orientation": ["--molecule", "MA", "--axis", "C-N"],
}
WRONG = {
    "coordination": ["--ligand", "Br"],
    "exchange": ["--ligand", "Br"],
    "rdf": ["--pair", "Pb-Br"],
    "exafs": ["--pair", "Pb-Br"],
    "diffusion": ["--of", "Br"],
    "orientation": ["--molecule", "FA", "--axis", "C-N"],
}
NEED_TIMES = {"exchange", "diffusion", "orientation"}
every = pytest.mark.parametrize("command", COMMANDS)
both = pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])


@pytest.fixture
def run(typed):
    return typed


@pytest.fixture
def timeless(tmp_path) -> Path:
    """Three frames in a folder with nothing that states a time step."""
    path = tmp_path / "XDATCAR"
    path.write_text(cubic_xdatcar(0, 3))
    return path


@both
@every
@pytest.mark.parametrize("what", ["crystal", "without times"])
def test_without_times(run, timeless, command, form, what) -> None:
    path = "CsPbCl3_cubic" if what == "crystal" else timeless
    code, out, err = run(command, path, *COMMANDS[command], *form)
    if command in NEED_TIMES:
        assert (code, out) == (1, "")
        assert "needs times" in err
        assert "Fix: " in err
        return
    assert code == 0, err
    if form:
        assert len(json.loads(out)["results"]) == 1


@both
@every
def test_faults_of_the_input(run, tmp_path, command, form) -> None:
    for path, words in ((tmp_path, "holds no run"), (tmp_path / "XDATCAR", "no such file")):
        code, out, err = run(command, path, *COMMANDS[command], *form)
        assert (code, out) == (1, "")
        assert words in err


@both
@every
def test_faults_of_usage(run, command, form) -> None:
    run_and_rest = ("gbl_solution", "--stop", "50", *form)
    code, out, err = run(command, *run_and_rest, *WRONG[command])
    assert (code, out) == (2, "")
    assert "Fix: " in err
    code, out, err = run(command, *run_and_rest, *COMMANDS[command], "--label", "a", "--label", "b")
    assert (code, out) == (2, "")
    assert "2 labels for 1 run." in err


def options(text: str) -> list[str]:
    return re.findall(r"^  (?:-\w, )?(--[\w-]+)", text.partition("Example: ")[0], re.M)


@every
def test_shared_options_come_last_and_in_one_order(run, command) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    shared = [
        "--timestep",
        "--discard",
        "--start",
        "--stop",
        "--stride",
        "--label",
        "--json",
        "--output",
        "--help",
    ]
    assert options(out)[-len(shared) :] == shared


ON_BUNDLED = (
    "info", *COMMANDS, "tilts", "pmf", "substitute", "hbonds", "xrd", "exciton", "attenuate", "growth", "cevns", "run",
    "screen", "doctor", "structures", "trajectories", "workflows",
)  # fmt: skip
ON_FILES = ("bands", "masses", "gibbs", "binding", "compute", "mixing", "defects")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [*ON_BUNDLED, *ON_FILES])
def test_the_example_of_the_help_runs(run, command, tmp_path, monkeypatch) -> None:
    """Bundled names anywhere; of other inputs the help names one that the repository holds."""
    monkeypatch.chdir(ROOT if command in ON_FILES else tmp_path)
    _, out, _ = run(command, "--help")
    example, *held = re.split(r"(\S+), in a checkout:", " ".join(out.partition("Example: ")[2].split()))
    there = dict(zip(held[::2], (path.strip() for path in held[1::2]), strict=True))
    assert bool(there) == (command in ON_FILES)
    program, *arguments = (there.get(word, word) for word in shlex.split(example))
    assert (program, arguments[0]) == ("perovchem", command)
    code, out, err = run(*arguments)
    assert code == 0, err
    assert len(out.splitlines()) > 2


def test_every_command_has_an_example() -> None:
    commands = {command.name: command.epilog for command in app.registered_commands}
    apart = {"demo", "dos"}  # the first is run with the doctor's tests; for the second nothing is bundled
    assert set(commands) == {*ON_BUNDLED, *ON_FILES} | apart
    for name, epilog in commands.items():
        assert epilog is not None and epilog.startswith(f"Example: perovchem {name} ")


def test_the_list_of_commands_is_not_cut(run) -> None:
    """Every command on one line of 80 characters, in the same columns, below one of few heads."""
    code, out, _ = run("--help")
    assert code == 0
    heads = list(dict.fromkeys(command.rich_help_panel for command in app.registered_commands))
    assert 3 < len(heads) < 10
    listed = out.partition(f"{heads[0]}:\n")[2]
    assert "..." not in listed
    assert [line.rstrip(":") for line in listed.splitlines() if line and not line.startswith(" ")] == heads[
        1:
    ]
    rows = [re.fullmatch(r"  (\w+) +(\S.*)", line) for line in listed.splitlines() if line.startswith(" ")]
    assert [row and row[1] for row in rows] == [command.name for command in app.registered_commands]
    assert len({row and row.start(2) for row in rows}) == 1
