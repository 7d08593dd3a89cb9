"""Settings are the options of the command, and become what one types."""

import shlex

import pytest

from perovchem.cli import app
from perovchem.workflow.settings import NO_STEPS, arguments, check_settings, commands, takes_inputs


def test_every_analysis_is_there_and_nothing_else() -> None:
    assert set(commands()) == {one.name for one in app.registered_commands} - set(NO_STEPS)


@pytest.mark.parametrize(
    ("command", "settings", "inputs", "line"),
    [
        ("substitute", {"site": ["Cl"], "ion": ["Br-", "I-"]}, ["a b"], "--site=Cl --ion=Br- --ion=I- -- 'a b'"),
        ("xrd", {"range": [10, 60.5], "anomalous": True, "average": False}, ["x"], "--range 10 60.5 --anomalous -- x"),
        ("coordination", {"discard": 100, "center": "Sn"}, ["-x"], "--discard=100 --center=Sn -- -x"),
        ("exciton", {"electron": 0.1, "hole": "0.2", "radius": [40, 50]}, [],
         "--electron=0.1 --hole=0.2 --radius=40 --radius=50"),
    ],
)  # fmt: skip
def test_arguments(command, settings, inputs, line) -> None:
    check_settings(command, settings, "step[1]", "file")
    assert shlex.join(arguments(command, settings, inputs)) == line


def test_inputs_a_command_takes() -> None:
    assert [takes_inputs(one) for one in ("exciton", "binding", "coordination")] == ["none", "one", "several"]
