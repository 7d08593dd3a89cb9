"""What a workflow file may say, and what it is told where it says something else."""

import copy

import pytest
from builders_workflows import halides

import perovchem as pc
from perovchem.errors import FormatError, InputError, PerovchemError, UsageError

WRONG = [
    (("titel",), "x", "titel is no key of a workflow file", "did you mean 'title'"),
    (("title",), 3, "title is 3", "a text in quotes"),
    (("step", 0, "comand"), "x", "step[1].comand is no key", "did you mean 'command'"),
    (("step", 0, "command"), "substitut", "step[1].command: there is no command 'substitut'", "did you mean 'substitute'"),
    (("step", 0, "command"), "screen", "step[1].command: 'screen' is no analysis", "coordination"),
    (("step", 0, "settings", "iom"), "x", "step[1].settings.iom is no option", "did you mean 'ion'"),
    (("step", 0, "settings", "temperature"), "300 K", "step[1].settings.temperature is '300 K'", "a finite number"),
    (("step", 0, "settings", "temperature"), True, "step[1].settings.temperature is True", "a finite number"),
    (("step", 0, "settings", "output"), "x", "step[1].settings.output", "leave it out"),
    (("step", 0, "settings", "json"), True, "step[1].settings.json", "leave it out"),
    (("step", 0, "settings", "ion"), "{halid}-", "no axis 'halid'", "did you mean 'halide'"),
    (("step", 0, "settings", "ion"), "{halide.real}", "'{halide.real}', which is no name of an axis", "{name}"),
    (("step", 0, "settings", "ion"), "{halide[0]}", "'{halide[0]}', which is no name of an axis", "{name}"),
    (("step", 0, "settings", "ion"), "{halide!r}", "'{halide!r}', which is no name of an axis", "{name}"),
    (("step", 0, "settings", "ion"), "{}", "no name of an axis", "{name}"),
    (("step", 0, "inputs"), [], "step[1]: perovchem substitute needs inputs", "name them"),
    (("step", 0, "inputs"), ["a\0b"], "is no input", "name a formula"),
    (("step", 0, "inputs"), "CsPbCl3", "step[1].inputs is 'CsPbCl3'", "a list"),
    (("step", 0, "over"), ["solvent"], "step[1].over: there is no axis 'solvent'", "known: halide"),
    (("step", 0, "over"), [], "mentions {halide}, which is not among the axes", "add it to over"),
    (("step", 0, "name"), "Two Words", "step[1].name is 'Two Words'", "lowercase words"),
    (("step", 0, "columns", "verdict"), "tests[", "step[1].columns.verdict is 'tests[', which is no place", "tests[name"),
    (("step", 0, "columns", "a.b"), "verdict", "'a.b' is no name of a column", "without dots"),
    (("matrix", "halide"), [], "matrix.halide has no values", "at least one"),
    (("matrix", "halide"), ["Br", "Br"], "matrix.halide has a value twice (Br)", "once"),
    (("matrix", "halide"), [1, "1"], "matrix.halide has a value twice (1)", "once"),
    (("matrix", "halide"), [["Br"]], "matrix.halide[1] is ['Br']", "a text in quotes, a finite number"),
    (("matrix", "halide"), [float("nan")], "matrix.halide[1]", "a finite number"),
    (("matrix", "status"), [1], "matrix.status is a column of its own", "lowercase"),
    (("matrix", "Halide"), [1], "matrix.Halide is no name of an axis", "lowercase"),
    (("exclude",), [{"halide": "Cl"}], "exclude[1].halide = 'Cl' is no value", "known: Br, I"),
    (("exclude",), [{"solvent": "Cl"}], "exclude[1].solvent is no axis", "known: halide"),
    (("output",), "/etc", "output is '/etc'", "--output"),
    (("output",), "../x", "output is '../x'", "--output"),
    (("published",), [{"what": "x", "value": 1, "source": "x", "why": "x", "ours": "enty.verdict"}],
     "published[1].ours: there is no step 'enty'", "did you mean 'entry'"),
    (("published",), [{"what": "x", "value": 1, "source": "x", "why": "x", "ours": "entry.verdit"}],
     "step 'entry' has no column 'verdit'", "did you mean 'verdict'"),
    (("published",), [{"what": "x", "value": 1, "source": "x", "ours": "entry.verdict"}],
     "published[1].why is missing", "give it"),
    (("conclusion",), [{"kind": "taste", "subject": "x", "evidence": []}],
     "conclusion[1].kind is 'taste'", "'solubility' or 'doping'"),
    (("conclusion",), [{"kind": "doping", "subject": "{halide.x}", "evidence": [{"name": "x", "column": "entry.verdict"}]}],
     "conclusion[1].subject holds a brace", "{name}"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "what", "fix"), WRONG, ids=lambda one: None)
def test_what_is_wrong_is_told_with_its_place(place, value, what, fix) -> None:
    table = copy.deepcopy(halides())
    at = table
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    with pytest.raises(PerovchemError) as told:
        pc.read_workflow(table)
    assert what in told.value.what
    assert fix in told.value.fix
    assert "pydantic" not in str(told.value)


def test_a_setting_that_is_missing_is_told_with_its_help() -> None:
    table = halides()
    del table["step"][0]["settings"]["site"]
    with pytest.raises(FormatError, match=r"step\[1\]\.settings\.site is missing.*element, ion or molecule"):
        pc.read_workflow(table)


def test_every_type_of_an_axis_is_tried() -> None:
    """A text among the numbers of an axis is found before anything runs."""
    table = halides()
    table["matrix"]["t"] = [300, "warm"]
    table["step"][0]["settings"]["temperature"] = "{t}"
    with pytest.raises(FormatError, match=r"temperature is 'warm'"):
        pc.read_workflow(table)


def test_two_steps_of_one_name() -> None:
    table = halides()
    table["step"] *= 2
    with pytest.raises(FormatError, match=r"step\[2\]: there are two steps 'entry'"):
        pc.read_workflow(table)


def test_files_that_are_none(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        pc.read_workflow(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match="no bundled workflow"):
        pc.read_workflow("nothing_of_that_name")
    with pytest.raises(UsageError, match="a int is no workflow"):
        pc.read_workflow(3)  # type: ignore[arg-type]
    for name, text, words in (
        ("no.toml", b"title = ", "no TOML"),
        ("binary.toml", b"\xff\xfe\x00", "no text"),
        ("date.toml", b"title = 1979-05-27", "which no key takes"),
        ("number.toml", b"title = 'x'\n[matrix]\na = [1" + b"0" * 9000 + b"]", "no TOML"),
        ("deep.toml", b"title = " + b"[" * 5000 + b"]" * 5000, "no TOML"),
        ("long.toml", b"title = '" + b"x" * 30_000 + b"'", "title is too long"),
    ):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(FormatError, match=words):
            pc.read_workflow(tmp_path / name)
    large = tmp_path / "large.toml"
    with large.open("wb") as handle:
        handle.truncate(20_000_000)
    with pytest.raises(FormatError, match="too large"):
        pc.read_workflow(large)


def test_more_steps_than_a_workflow_may_have() -> None:
    table = halides()
    table["step"] = [{**table["step"][0], "name": f"s{k}"} for k in range(1001)]
    with pytest.raises(FormatError, match="step is too long"):
        pc.read_workflow(table)


def test_more_columns_than_a_step_may_have() -> None:
    table = halides()
    table["step"][0]["columns"] = {f"c{k}": "verdict" for k in range(201)}
    with pytest.raises(FormatError, match=r"step\[1\]\.columns is too long"):
        pc.read_workflow(table)
