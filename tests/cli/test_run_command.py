"""``perovchem run`` and ``screen`` as people type them, and the page that describes their file."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from builders_workflows import fast

from perovchem.cli.common import _Bar
from perovchem.workflow import described, record
from perovchem.workflow.settings import commands

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def one_version(monkeypatch) -> None:
    monkeypatch.setattr(record, "source_digest", lambda: "0" * 64)


@pytest.fixture
def example(tmp_path) -> Path:
    """The example of docs/workflow_file.md."""
    text = (DOCS / "workflow_file.md").read_text(encoding="utf-8")
    path = tmp_path / "example.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", text, re.S)[1], encoding="utf-8")
    return path


def test_the_example_of_the_docs(typed, example, tmp_path) -> None:
    """Bromide enters CsPbCl3 and iodide does not, as the paper that it names found."""
    code, out, err = typed("run", example, "-o", tmp_path / "out", "--workers", 2, "--json")
    assert code == 0, err
    (found,) = json.loads(out)["results"]
    assert (found["n_items"], found["n_failed"], found["problems"]) == (5, 0, [])
    verdicts = {
        (row["halide"], row["temperature"]): row["entry.verdict"]
        for row in found["rows"]
        if row["step"] == "entry"
    }
    assert verdicts == {("Br", 298.15): "enters", ("Br", 350): "enters", ("I", 298.15): "does not enter"}
    assert found["published"][0]["difference"] == "same"
    assert len(found["conclusions"]) == 1
    page = (tmp_path / "out/page.html").read_text(encoding="utf-8")
    body = page.partition("<main>")[2]
    order = [body.index(words) for words in ("Which halide enters", "Published and ours", "<caption>entry: perovchem substitute",
                                             "Pages of the items", "Settings and definitions")]  # fmt: skip
    assert order == sorted(order)
    for link in re.findall(r'href="(items/[^"]+)"', page):
        assert (tmp_path / "out" / link).is_file()
    assert len(re.findall(r'href="items/', page)) == 5
    again, out, _ = typed("screen", example, "-o", tmp_path / "out")
    assert again == 0
    assert "5 of 5 items done, 5 of them before" in out


def test_keys_of_the_docs_are_those_of_the_code() -> None:
    page = (DOCS / "workflow_file.md").read_text(encoding="utf-8")
    assert described.page_with_keys(page) == page


def test_dry_run_writes_nothing(typed, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = fast(tmp_path, 70)
    code, out, err = typed("run", path, "--dry-run")
    assert (code, err) == (0, "")
    assert "70 items, 0 there already, into fast" in out
    assert "perovchem exciton --electron=0.11 --hole=0.24 --dielectric=4.6 --gap=1" in out
    assert out.rstrip().endswith("and 10 more")
    assert [one.name for one in tmp_path.iterdir()] == ["fast.toml"]
    code, out, _ = typed("run", path, "--dry-run", "--json")
    assert len(json.loads(out)["results"][0]["items"]) == 70


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.toml"], 1, "no such file"),
        (["no_such_workflow"], 2, "no bundled workflow"),
        (["fast.toml", "--workers", "0"], 2, "--workers"),
        (["fast.toml", "--output", "fast.toml"], 1, "folder"),
        ([], 2, "FILE.toml"),
    ],
)
def test_what_a_newcomer_mistypes(typed, tmp_path, monkeypatch, arguments, code, words) -> None:
    monkeypatch.chdir(tmp_path)
    fast(tmp_path, 1)
    found, out, err = typed("run", *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_a_failed_item_is_exit_code_one(typed, tmp_path) -> None:
    path = tmp_path / "w.toml"
    path.write_text('title = "x"\n[[step]]\ncommand = "xrd"\ninputs = ["CsPbCl3_cubic", "nothing.cif"]\n')
    code, out, err = typed("run", path, "-o", tmp_path / "out", "--workers", 1, "--no-details")
    assert code == 1
    assert "1 of 2 items done, 1 failed" in out
    assert "nothing.cif" in out.partition("Failed")[2]
    assert "page.html" in err


def test_options_are_those_of_the_command(typed) -> None:
    """The truth is the help: every long option of every command, and no other, is a setting."""
    for command, options in commands().items():
        code, out, _ = typed(command, "--help")
        assert code == 0
        head = out.partition("Example: ")[0]
        known = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", head, re.M))
        known -= {"--help", "--json", "--output", "--write-stencil"}
        assert {option.flag for key, option in options.items() if key} == known, command


def test_defaults_and_help_of_settings_reach_the_schema() -> None:
    schema = described.json_schema()
    settings = schema["$defs"]["settings of substitute"]
    assert set(settings["required"]) == {"ion", "site"}
    assert set(settings["properties"]) == {key for key in commands()["substitute"] if key}
    assert "in K" in settings["properties"]["temperature"]["description"].replace("In", "in")


def test_the_bar_tells_the_remaining_time() -> None:
    """Ten of a hundred in twenty seconds leave 180 seconds: three minutes."""
    bar = _Bar()
    bar.text("items", 0, 100, 0.0)
    assert bar.text("items", 10, 100, 20.0).endswith("10/100, 3.0 min left")
    assert bar.text("items", 11, 100, 20.05) == ""
    assert bar.text("items", 100, 100, 40.0).endswith("100/100")


def test_workflow_files_are_toml(example) -> None:
    assert set(tomllib.loads(example.read_text())) <= {
        "title",
        "about",
        "doi",
        "matrix",
        "exclude",
        "step",
        "published",
        "conclusion",
    }
