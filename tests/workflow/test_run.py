"""A run: what is written, what is taken from before, what fails alone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from builders_workflows import fast, halides, ran, screen

import perovchem as pc
from perovchem.errors import InputError
from perovchem.workflow import record, run

READ = ("rows.csv", "rows.parquet", "screen.json")


@pytest.fixture(autouse=True)
def one_version(monkeypatch) -> None:
    """The code does not change while a test runs, also where somebody is working on it."""
    monkeypatch.setattr(record, "source_digest", lambda: "0" * 64)


def contents(folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in READ}


def test_rows_of_a_screen(tmp_path) -> None:
    """Bromide enters CsPbCl3 and iodide does not, as the command alone says."""
    found = ran(halides(), tmp_path / "out")
    table = found.to_dataframe()
    assert list(table.columns) == [
        "step", "item", "halide", "row", "status", "error", "entry.verdict", "entry.mismatch",
    ]  # fmt: skip
    alone = {ion: pc.check_substitution("CsPbCl3", site="Cl", ion=f"{ion}-") for ion in ("Br", "I")}
    assert list(table["entry.verdict"]) == [alone["Br"].verdict, alone["I"].verdict]
    assert list(table["entry.mismatch"]) == [one.test("radius_mismatch").value for one in alone.values()]
    read = pd.read_csv(tmp_path / "out/rows.csv", keep_default_na=False)
    assert list(read["entry.mismatch"]) == list(table["entry.mismatch"])  # repr: not a digit is lost
    assert (found.n_items, found.n_done, found.n_cached, found.n_failed) == (2, 2, 0, 0)
    assert "2 of 2 items done" in repr(found)
    assert json.loads(found.to_json())["results"][0]["n_done"] == 2


def test_a_second_run_does_nothing_and_changes_nothing(tmp_path, monkeypatch) -> None:
    ran(fast(tmp_path, 5), tmp_path / "out")
    before = contents(tmp_path / "out")

    def never(*_arguments):
        raise AssertionError("nothing is left to do")

    monkeypatch.setattr(run, "_engine", lambda *_: never)
    again = ran(fast(tmp_path, 5), tmp_path / "out")
    assert (again.n_cached, again.n_done) == (5, 5)
    assert contents(tmp_path / "out") == before


def test_only_what_is_new_is_computed(tmp_path) -> None:
    ran(fast(tmp_path, 3), tmp_path / "out")
    more = ran(fast(tmp_path, 5), tmp_path / "out")
    assert (more.n_cached, more.n_items) == (3, 5)


def test_the_order_of_completion_does_not_show(tmp_path, monkeypatch) -> None:
    path = fast(tmp_path, 7)
    ran(path, tmp_path / "a")
    original = run._engine

    def backwards(*arguments):
        engine = original(*arguments)
        return lambda items: (pair for pair in reversed(list(engine(items))))

    monkeypatch.setattr(run, "_engine", backwards)
    ran(path, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_where_it_is_and_where_one_stands_do_not_show(tmp_path, monkeypatch) -> None:
    """screen.json of a folder that was moved is the same: no absolute path stands in it."""
    texts = []
    for place in ("here", "there"):
        folder = tmp_path / place
        (folder / "in").mkdir(parents=True)
        (folder / "in/x.cif").write_bytes(pc.reference.path("CsPbCl3_cubic").read_bytes())
        (folder / "w.toml").write_text('title = "x"\n[[step]]\ncommand = "xrd"\ninputs = ["in/*.cif"]\n')
        monkeypatch.chdir(folder if place == "here" else tmp_path)
        ran("w.toml" if place == "here" else "there/w.toml", folder / "out")
        texts.append((folder / "out/screen.json").read_text())
    assert texts[0] == texts[1]
    assert str(tmp_path) not in texts[0]


def test_a_failed_item_stops_no_other_and_is_tried_again(tmp_path) -> None:
    table = halides(matrix={"halide": ["Br", "Xx", "I"]})
    found = ran(table, tmp_path / "out")
    assert (found.n_done, found.n_failed) == (2, 1)
    (failed,) = found.failures
    assert "Xx-" in failed.what
    assert failed.fix
    rows = found.to_dataframe()
    assert list(rows["status"]) == ["done", "failed", "done"]
    assert "Xx-" in rows["error"][1]
    again = ran(table, tmp_path / "out")
    assert (again.n_cached, again.n_failed) == (2, 1)


def test_an_input_that_changes_is_read_again(tmp_path) -> None:
    crystal = tmp_path / "x.cif"
    text = pc.reference.path("CsPbCl3_cubic").read_text()
    table = {
        "title": "x",
        "step": [{"command": "xrd", "inputs": [str(crystal)], "columns": {"d": "peaks[0].d"}}],
    }
    crystal.write_text(text)
    first = ran(table, tmp_path / "out").to_dataframe()["xrd.d"][0]
    longer = text.replace("5.6", "5.7")
    assert longer != text
    crystal.write_text(longer)
    found = ran(table, tmp_path / "out")
    assert found.n_cached == 0
    assert found.to_dataframe()["xrd.d"][0] > first


def test_what_a_setting_names_is_checked_too(tmp_path) -> None:
    """The structure that a pattern is compared with is no input, and is read all the same."""
    names = {name: tmp_path / f"{name}.cif" for name in ("CsPbCl3_cubic", "CsPbBr3_cubic")}
    for name, path in names.items():
        path.write_bytes(pc.reference.path(name).read_bytes())
    (tmp_path / "w.toml").write_text(
        'title = "x"\n[[step]]\ncommand = "xrd"\ninputs = ["CsPbCl3_cubic.cif"]\nsettings = { compare = "CsPbBr3_cubic.cif" }\n'
    )
    ran(tmp_path / "w.toml", tmp_path / "out")
    assert ran(tmp_path / "w.toml", tmp_path / "out").n_cached == 1
    names["CsPbBr3_cubic"].write_bytes(names["CsPbCl3_cubic"].read_bytes())
    assert ran(tmp_path / "w.toml", tmp_path / "out").n_cached == 0


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "other", "link"])
def test_a_damaged_record_is_computed_again_and_told(tmp_path, harm) -> None:
    path = fast(tmp_path, 3)
    ran(path, tmp_path / "out")
    before = contents(tmp_path / "out")
    one = sorted((tmp_path / "out/items").glob("*.json"))[1]
    text = one.read_bytes()
    if harm == "link":
        one.rename(tmp_path / "elsewhere.json")
        one.symlink_to(tmp_path / "elsewhere.json")
    else:
        middle = len(text) // 2
        flipped = text[:middle] + bytes([text[middle] ^ 1]) + text[middle + 1 :]
        other = sorted((tmp_path / "out/items").glob("*.json"))[0].read_bytes()
        one.write_bytes({"cut": text[:middle], "flipped": flipped, "empty": b"", "other": other}[harm])
    again = ran(path, tmp_path / "out")
    assert (again.n_cached, again.n_done) == (2, 3)
    assert contents(tmp_path / "out") == before
    if harm == "link":
        assert (tmp_path / "elsewhere.json").read_bytes() == text
        assert not one.is_symlink()
    else:
        assert "damaged" in (tmp_path / "out/run.log").read_text()


def test_published_values_beside_ours(tmp_path) -> None:
    rows = [
        {"what": "Br", "value": "enters", "ours": "entry.verdict", "where": {"halide": "Br"}},
        {"what": "I", "value": "enters", "ours": "entry.verdict", "where": {"halide": "I"}},
        {
            "what": "number",
            "value": 0.05,
            "uncertainty": 0.01,
            "ours": "entry.mismatch",
            "where": {"halide": "Br"},
        },
        {"what": "words", "value": "small", "ours": "entry.mismatch", "where": {"halide": "Br"}},
        {"what": "two", "value": "enters", "ours": "entry.verdict"},
        {"what": "none", "value": "enters", "ours": "entry.verdict", "where": {"verdict": "perhaps"}},
    ]
    table = halides(published=[{"source": "a paper", "why": "because", **row} for row in rows])
    found = ran(table, tmp_path / "out").published
    assert [one.difference for one in found[:2]] == ["same", "differs"]
    assert found[2].difference == pytest.approx(found[2].ours - 0.05)
    assert found[3].difference is None
    assert [one.note for one in found[3:]] == ["", "2 rows match", "no row matches"]


def test_a_column_that_nothing_fills_is_told(tmp_path) -> None:
    table = halides()
    table["step"][0]["columns"]["shift"] = "tests[name=radius_mismatch].valeu"
    found = ran(table, tmp_path / "out")
    assert found.problems == (
        "step 'entry': no item has column 'shift': there is no 'valeu': did you mean 'value'?",
    )
    assert found.n_failed == 0


def test_default_columns_are_scalars_and_means(tmp_path) -> None:
    """A command's own JSON is the truth: its numbers and texts, and {mean, standard_error} as two."""
    table = {
        "title": "x",
        "step": [{"command": "exciton", "settings": {"electron": "0.1", "hole": "0.2", "dielectric": 4}}],
    }
    found = ran(table, tmp_path / "out").to_dataframe()
    (record_,) = (tmp_path / "out/items").glob("*.json")
    row = json.loads(record_.read_text())["envelope"]["results"][0]
    for name, value in row.items():
        if isinstance(value, str | int | float):
            assert found[f"exciton.{name}"][0] == value


def test_an_error_that_is_none_of_ours_is_an_internal_one(tmp_path, monkeypatch) -> None:
    import perovchem.substitution

    def broken(*_arguments, **_options):
        raise ZeroDivisionError("half\nway")

    monkeypatch.setattr(perovchem.substitution, "check_substitution", broken)
    found = ran(halides(), tmp_path / "out")
    assert found.n_failed == 2
    assert found.failures[0].what == "internal error: ZeroDivisionError: half way"
    assert "Traceback" in (tmp_path / "out/run.log").read_text()
    assert "Traceback" not in (tmp_path / "out/screen.json").read_text()


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds other things"):
        ran(halides(), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_second_run_at_once_says_so_and_stops(tmp_path) -> None:
    import os

    go, held = threading.Event(), threading.Event()

    def slow(*arguments):
        def engine(items):
            held.set()
            assert go.wait(30)
            yield from ()

        return engine

    original = run._engine
    run._engine = slow
    try:
        with ThreadPoolExecutor(1) as first:
            waiting = first.submit(pc.run_workflow, halides(), output=tmp_path / "out")
            assert held.wait(30)
            with pytest.raises(
                InputError, match=rf"another run is at work in this folder \(process {os.getpid()} on "
            ):
                pc.run_workflow(halides(), output=tmp_path / "out")
            go.set()
            waiting.exception(30)
    finally:
        run._engine = original
    assert ran(halides(), tmp_path / "out").n_done == 2


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch) -> None:
    original = run._engine

    def interrupted(*arguments):
        def engine(items):
            for number, pair in enumerate(original(*arguments)(items)):
                if number == 3:
                    raise KeyboardInterrupt
                yield pair

        return engine

    monkeypatch.setattr(run, "_engine", interrupted)
    with pytest.raises(pc.PerovchemError, match=r"stopped with 3 of 5 items done.*same command again"):
        ran(fast(tmp_path, 5), tmp_path / "out")
    monkeypatch.setattr(run, "_engine", original)
    assert ran(fast(tmp_path, 5), tmp_path / "out").n_cached == 3


def test_a_matrix_beyond_counting_is_refused_at_once(tmp_path) -> None:
    table = halides(matrix={name: list(range(1000)) for name in "abc"})
    table["step"][0]["settings"]["ion"] = "{a}{b}{c}"
    with pytest.raises(pc.PerovchemError, match=r"1,000,000,000 combinations \(1000 a × 1000 b × 1000 c\)"):
        ran(table, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hundred_thousand_items_are_planned_lightly() -> None:
    table = halides(matrix={"halide": ["Br", "I"], "t": list(range(50_000))})
    table["step"][0]["settings"]["temperature"] = "{t}"
    plan = pc.read_workflow(table).plan()
    assert len(plan) == 100_000
    assert next(iter(plan)).item.arguments == ("--site=Cl", "--ion=Br-", "--temperature=0", "--", "CsPbCl3")


def test_screen_lists_every_item(tmp_path) -> None:
    ran(halides(), tmp_path / "out")
    found = screen(tmp_path / "out")
    assert [(one["item"], one["status"]) for one in found["items"]] == [
        ("CsPbCl3, halide=Br", "done"),
        ("CsPbCl3, halide=I", "done"),
    ]
    assert found["items"][0]["values"] == {"halide": "Br"}
