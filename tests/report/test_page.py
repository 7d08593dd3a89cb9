"""The page: valid, self-contained, nothing in it but what it was given, and readable in a real browser."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import json
import re

import html5lib
import numpy as np
import pytest
from browser import Browser, needs_browser
from builders_report import HOSTILE, crystals

from perovchem.report import Report, Table
from perovchem.report.folder import write
from perovchem.report.page import Pictures, grouped, page

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
SHOWN = tuple(label.replace("\u202e", "?") for label in HOSTILE)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
XLINK = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    return crystals(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def path(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    written = write(report, folder, command_line="perovchem coordination 'a&b' --label '<i>'")
    assert written[-1] == folder / "page.html"
    return written[-1]


@pytest.fixture(scope="module")
def tree(path):
    """The page as a browser takes it in; html5lib's strict parser refuses what is not well formed."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(path.read_text(encoding="utf-8"))


def words(node) -> str:
    return " ".join("".join(node.itertext()).split())


def by_id(tree, name: str):
    (found,) = [node for node in tree.iter() if node.get("id") == name]
    return found


def test_the_validator_refuses_what_is_broken() -> None:
    with pytest.raises(html5lib.html5parser.ParseError):
        html5lib.HTMLParser(strict=True).parse("<!DOCTYPE html><title>x</title><p><b>unclosed</p>")


def test_every_id_is_there_once_and_every_reference_finds_its_own(tree) -> None:
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    wanted = set()
    for node in tree.iter():
        for key, value in node.attrib.items():
            if key in ("href", XLINK) and value.startswith("#"):
                wanted.add(value[1:])
            wanted.update(re.findall(r"url\(#([^)]+)\)", value))
            if key == "aria-labelledby":
                wanted.add(value)
    assert wanted and wanted <= set(ids)


def test_nothing_is_loaded(tree, path) -> None:
    for node in tree.iter():
        for key, value in node.attrib.items():
            if key in ("src", "srcset", "data", "action", "poster"):
                assert value.startswith("data:image/png;base64,")
            if key in ("href", XLINK):
                assert value.startswith(("#", "data:", "https://doi.org/10."))
        assert node.tag not in ("link", "iframe", "object", "embed", "base")
    style = "".join(words(node) for node in tree.iter("style"))
    assert "@import" not in style and "url(" not in style


def test_the_policy_allows_this_script_and_nothing_else(tree) -> None:
    (policy,) = [
        n.get("content") for n in tree.iter("meta") if n.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = [node.text for node in tree.iter("script") if node.get("type") is None]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert rules["img-src"] == "data:"
    assert not any(node.get(key) for node in tree.iter() for key in ("onclick", "onload", "onerror"))


def test_texts_of_users_stay_texts(tree, path) -> None:
    raw = path.read_text(encoding="utf-8")
    assert "<script>alert" not in raw
    assert "<b>short" not in raw
    assert "\u202e" not in raw and "\\u202e" not in raw  # would turn the direction of what follows
    heading = [words(cell) for cell in by_id(tree, "results").find("div/table/thead/tr")]
    assert heading == ["", *SHOWN, "unit"]
    figures = words(by_id(tree, "figures"))
    assert HOSTILE[0] in figures  # also where matplotlib wrote it
    assert "$x$" in figures


def test_numbers_stand_as_they_are_printed(tree, report) -> None:
    for shown, table in zip(by_id(tree, "results").iter("table"), report.tables, strict=True):
        rows = [[words(cell) for cell in row] for row in shown.iter("tr")][1:]
        assert rows == [["–" if cell is None else cell for cell in row] for row in table.rows]
    notes = [words(item) for item in by_id(tree, "results").iter("li")]
    assert notes == [
        " ".join(note.replace("\u202e", "?").split()) for table in report.tables for note in table.notes
    ]


def test_warnings_stand_once_with_the_runs_they_are_about(tree) -> None:
    (box,) = [node for node in tree.iter("section") if node.get("class") == "warnings"]
    items = [words(item) for item in box.iter("li")]
    first = f"{SHOWN[0]}, {SHOWN[1]}: too <b>short</b>"
    assert items == [first, "the runs differ (doi 10.1000/xyz)"]


def test_a_warning_of_one_run_names_it_alone() -> None:
    assert grouped(["A: x", "B: B.gz: x", "A: x", "C"], ("A", "B"), ("A.gz", "B.gz")) == [
        (["A", "B"], "x"),
        ([], "C"),
    ]


def test_settings_provenance_and_works(tree, report, path) -> None:
    settings = words(by_id(tree, "settings"))
    for definition in report.settings["definitions"].values():
        assert " ".join(definition.split()) in settings
    provenance = words(by_id(tree, "provenance"))
    for file in report.files:
        assert file.sha256 in provenance and file.path in provenance
    assert "perovchem coordination 'a&b' --label '<i>'" in provenance
    links = {node.get("href") for node in by_id(tree, "cite").iter("a")}
    assert "https://doi.org/10.1063/1.457480" in links  # Flyvbjerg & Petersen, the standard error
    assert "https://doi.org/10.1126/science.172.3983.567" in links


def test_works_are_named_as_the_definitions_name_them() -> None:
    definitions = {
        "a": "first thing (Flyvbjerg & Petersen, doi 10.1000/a.1); later",
        "b": "a sum; Faber-Ziman (doi 10.1000/b) and Ashcroft-Langreth (doi 10.1000/c).",
        "c": "doi 10.1000/d.",
    }
    plain = Report("d", "T", (), (), (), {"definitions": definitions}, [], {}, [], ())
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page(plain, Pictures()))
    assert [words(item) for item in by_id(tree, "cite").iter("li")] == [
        "Flyvbjerg & Petersen, doi 10.1000/a.1",
        "Faber-Ziman, doi 10.1000/b",
        "Ashcroft-Langreth, doi 10.1000/c",
        "doi 10.1000/d",
    ]


def test_what_the_page_carries_is_what_was_written(tree, path) -> None:
    saved = {node.get("download"): node.get("href") for node in tree.iter("a") if node.get("download")}
    assert {"coordination.json", "coordination.csv"} <= set(saved)
    for name, link in saved.items():
        content = base64.b64decode(link.partition(";base64,")[2])
        assert content == (path.parent / name).read_bytes()


def test_the_view_has_the_polyhedra_of_every_run(tree) -> None:
    data = json.loads(by_id(tree, "scenes").text)
    assert {scene["run"] for scene in data["scenes"]} == set(SHOWN)
    for scene in data["scenes"]:
        points = np.array(scene["xyz"]).reshape(-1, 3) / 1000
        assert len(points) == len(scene["kind"]) == len(scene["atoms"]) == len(scene["name"])
        assert len(scene["polyhedra"]) == 8
        for hull in scene["polyhedra"]:
            corners = points[np.unique(hull["facets"])] - points[hull["center"]]
            assert np.linalg.norm(corners, axis=1) == pytest.approx(np.full(6, 5.605 / 2), abs=0.002)
            assert data["classes"][hull["group"]]["name"] == "shares corners"


def test_pages_are_accessible_in_what_can_be_counted(tree) -> None:
    assert tree.get("lang") == "en"
    levels = [int(node.tag[1]) for node in tree.iter() if re.fullmatch(r"h[1-6]", str(node.tag))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(node.get("alt") for node in tree.iter("img"))
    for node in tree.iter("{http://www.w3.org/2000/svg}svg"):
        assert node.get("role") == "img" and node.get("aria-label")
    assert all(node.get("scope") for node in tree.iter("th"))


def test_a_report_of_a_table_alone_makes_a_page(report) -> None:
    table = Table("One & only", ("what", "value"), (("x", None), ("y", "1.0 ± 0.1")), ("A <note>.",))
    plain = Report("rdf", "T", (), (), (), {}, [], {}, [], (table,))
    text = page(plain, Pictures())
    html5lib.HTMLParser(strict=True).parse(text)
    assert "One &amp; only" in text and "A &lt;note&gt;." in text
    assert "canvas" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    assert "<script></script>" in text  # no figure to save, no table to sort


def test_the_page_is_written_the_same_twice(report, path, tmp_path) -> None:
    again = write(report, tmp_path, command_line="perovchem coordination 'a&b' --label '<i>'")[-1]
    assert again.read_bytes() == path.read_bytes()
    assert path.stat().st_size < 1_000_000


# in a browser --------------------------------------------------------------------------------------------------


def ink(png: bytes) -> float:
    """Part of the pixels that are not white."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return float((np.asarray(image.convert("L")) < 250).mean())


INSIDE = """[...document.body.querySelectorAll('*')].filter(e => !e.closest('.scroll') || e.matches('.scroll'))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(e => e.tagName + '.' + e.className + '#' + e.id)"""
PICTURE = "document.querySelector('#viewer canvas').toDataURL()"


@needs_browser
@pytest.mark.parametrize("size", SIZES)
def test_the_page_in_a_browser(path, size) -> None:
    width, height = SIZES[size]
    with Browser() as browser:
        browser.open(path, width=width, height=height, phone=size == "phone")
        assert browser.evaluate("innerWidth") == width
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        assert browser.evaluate(INSIDE) == []
        assert 0.02 < ink(browser.screenshot()) < 0.9
        # the structure: drawn, and turned by pulling at it
        first = browser.evaluate(PICTURE)
        assert ink(base64.b64decode(first.partition(",")[2])) > 0.05
        browser.evaluate("document.querySelector('#viewer').scrollIntoView()")
        x, y, wide, high = browser.evaluate(
            "(({x, y, width, height}) => [x, y, width, height])(document.querySelector('#viewer canvas').getBoundingClientRect())"
        )
        browser.drag((x + wide / 3, y + high / 2), (x + wide / 2, y + high / 3))
        assert browser.evaluate(PICTURE) != first
        browser.evaluate("document.getElementById('viewer-reset').click()")
        browser.settle()
        assert browser.evaluate(PICTURE) == first
        # frames and runs
        caption = "document.getElementById('viewer-caption').textContent"
        assert "frame 11, 1.20 ps (9 of 9)" in browser.evaluate(caption)
        browser.evaluate(
            "(s => { s.value = 0; s.dispatchEvent(new Event('input')); })(document.querySelector('#viewer input[type=range]'))"
        )
        assert "frame 3, 0.40 ps (1 of 9)" in browser.evaluate(caption)
        browser.evaluate("document.querySelectorAll('#viewer input[type=radio]')[1].click()")
        assert browser.evaluate(caption).startswith("$x$")
        # an atom tells what it is
        said = "document.getElementById('viewer-found').textContent"
        for step in range(1, 40):
            browser.press(x + wide * (0.3 + 0.4 * (step % 7) / 7), y + high * (0.3 + 0.4 * step / 40))
            if "Pb 1, shares corners" in browser.evaluate(said):
                break
        assert browser.evaluate(said).count(" at 2.80 Å") == 6
        assert browser.console == []
        assert {url.partition(":")[0] for url in browser.requests} <= {"file", "data"}
        assert [url for url in browser.requests if url.startswith("file:")] == [path.as_uri()]


@needs_browser
def test_the_view_obeys_fingers_and_keys(path) -> None:
    with Browser() as browser:
        browser.open(path, width=390, height=844, phone=True)
        browser.evaluate("document.querySelector('#viewer').scrollIntoView()")
        seen = [browser.evaluate(PICTURE)]
        browser.touch("Start", (150, 150))
        browser.touch("Move", (220, 180))
        browser.touch("End")
        browser.settle()
        seen.append(browser.evaluate(PICTURE))
        assert ink(base64.b64decode(seen[1].partition(",")[2])) > 0.05
        browser.touch("Start", (150, 200), (200, 200))
        browser.touch("Move", (80, 200), (280, 200))
        browser.touch("End")
        browser.settle()
        seen.append(browser.evaluate(PICTURE))  # twice as large and more
        assert ink(base64.b64decode(seen[2].partition(",")[2])) > 1.5 * ink(
            base64.b64decode(seen[1].partition(",")[2])
        )
        browser.evaluate("document.querySelector('#viewer canvas').focus()")
        browser.key("ArrowLeft")
        seen.append(browser.evaluate(PICTURE))
        assert len(set(seen)) == 4
        browser.evaluate("document.querySelector('#viewer input[name=polyhedra]').click()")
        browser.settle()
        assert browser.evaluate(PICTURE) != seen[3]
        assert browser.evaluate("scrollX") == 0
        assert browser.console == []


@needs_browser
def test_without_scripts_a_picture_remains(path) -> None:
    with Browser(scripts=False) as browser:
        browser.open(path, width=1280, height=900)
        document = browser.call("DOM.getDocument", depth=-1)["root"]["nodeId"]
        picture = browser.call("DOM.querySelector", nodeId=document, selector=".still img")["nodeId"]
        box = browser.call("DOM.getBoxModel", nodeId=picture)["model"]
        assert box["width"] > 500 and box["height"] > 300
        assert browser.console == []


@needs_browser
def test_the_browser_sees_what_a_page_must_not_do(path, tmp_path) -> None:
    """The checks above can fail: a stranger's picture, a second script and a wide table are all noticed."""
    bad = path.read_text(encoding="utf-8").replace(
        "</main>",
        '<img src="http://127.0.0.1:9/x.png"><script>document.title = "taken"</script>'
        '<p style="width:5000px">wide</p></main>',
    )
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    with Browser() as browser:
        browser.open(tmp_path / "bad.html", width=390, height=844)
        assert any("127.0.0.1:9" in line for line in browser.console)
        assert sum("script-src" in line for line in browser.console) >= 1
        assert browser.evaluate("document.title") != "taken"
        assert browser.evaluate(INSIDE) != []


def test_entities_are_escaped_once(path) -> None:
    assert html.escape(html.escape(HOSTILE[0])) not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("6.3e-10 ± 1.1e-11", "6.3\u2009×\u200910−10 ± 1.1\u2009×\u200910−11"),
        ("2e+05", "2\u2009×\u2009105"),
        ("CsPbCl3e", "CsPbCl3e"),
        ("frame2e5x", "frame2e5x"),
    ],
)
def test_powers_of_ten_are_raised_and_nothing_else(printed, shown) -> None:
    table = Table("", ("what", "D (m2/s)"), (("x", printed),))
    plain = Report("d", "T", (), (), (), {}, [], {}, [], (table,))
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page(plain, Pictures()))
    cells = ["".join(cell.itertext()) for row in by_id(tree, "results").iter("tr") for cell in row]
    assert cells == ["what", "D (m2/s)", "x", shown]
    raised = [node.text for node in by_id(tree, "results").iter("sup")]
    assert raised[0] == "2"
    assert len(raised) == 1 + shown.count("×")


def test_many_warnings_are_folded_and_none_is_lost() -> None:
    plain = Report("d", "T", (), (), (), {}, [], {}, [f"warning {k}" for k in range(30)], ())
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page(plain, Pictures()))
    (box,) = [node for node in tree.iter("section") if node.get("class") == "warnings"]
    assert [words(item) for item in box.iter("li")] == [f"warning {k}" for k in range(30)]
    assert words(next(box.iter("summary"))) == "21 more"


def test_what_stands_below_a_table_is_not_told_twice() -> None:
    sentence = "the bands are read from vasprun.xml"
    table = Table("", ("gap (eV)",), (("1.5",),), (f"{sentence}.",))
    report = Report("bands", "Bands", ("a",), ("a",), (), {}, [{}], {}, [sentence, "another thing"], (table,))
    text = page(report, Pictures())
    assert text.count(sentence) == 1
    assert "another thing" in text
