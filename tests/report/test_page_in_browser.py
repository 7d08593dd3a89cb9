"""What a page lets its reader do: sort tables, save figures, read it in the dark and on paper."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from browser import Browser, needs_browser
from PIL import Image

from perovchem.report import Report, Table
from perovchem.report.page import Pictures, page

pytestmark = [needs_browser, pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")]

# tables ------------------------------------------------------------------------------------------------------------

COLUMNS = {
    "with error": ("−1.2 ± 0.3", "> 13.3", "12(3)", None, "13.3", "-40"),
    "powers": ("6.3e-10 ± 1e-11", "2e+05", "4", "", "1e-09*", "< 3.8e-11"),
    "interval": ("11.9 (3.6 to 69)", "0.5", "9", "– (0.12)", "100 %", "9.0"),
    "words": ("no", "Yes", "maybe", None, "atom 10", "atom 9"),
}
UP = {  # by hand; two that are equal are ordered by their text, and what is missing stays last
    "with error": ("-40", "−1.2 ± 0.3", "12(3)", "13.3", "> 13.3", None),
    "powers": ("< 3.8e-11", "6.3e-10 ± 1e-11", "1e-09*", "4", "2e+05", ""),
    "interval": ("0.5", "9", "9.0", "11.9 (3.6 to 69)", "100 %", "– (0.12)"),
    "words": ("atom 9", "atom 10", "maybe", "no", "Yes", None),
}


@pytest.fixture(scope="module")
def sheet(tmp_path_factory) -> Path:
    """A page of three tables: six rows; three rows; six rows of quantities with units of their own."""
    rows = tuple((f"row {k}", *cells) for k, cells in enumerate(zip(*COLUMNS.values(), strict=True)))
    header = ("run", *COLUMNS)
    continued = (("a", "x", "3"), ("", "y", "1"), ("b", "z", "2"), ("", "w", "0"))
    tables = (
        Table("Sorted", header, rows),
        Table("Short", header, rows[:3]),
        Table("Quantities", ("", "value", "unit"), tuple((f"q{k}", f"{k}", "eV") for k in range(6))),
        Table("Continued", ("component", "conformer", "G"), continued),
    )
    path = tmp_path_factory.mktemp("sheet") / "page.html"
    path.write_text(page(Report("d", "T", (), (), (), {}, [], {}, [], tables), Pictures()), encoding="utf-8")
    return path


def column(browser: Browser, number: int, table: int = 0) -> list[str]:
    return browser.evaluate(
        f"[...document.querySelectorAll('main table')[{table}].tBodies[0].rows].map(r => r.cells[{number}].textContent)"
    )


def test_tables_sort_up_then_down_then_as_they_were(sheet) -> None:
    with Browser() as browser:
        browser.open(sheet, width=1280, height=900)
        first = column(browser, 0)
        for number, name in enumerate(COLUMNS, 1):
            was = column(browser, number)
            shown = dict(zip(COLUMNS[name], was, strict=True))
            button = f"document.querySelectorAll('main table')[0].querySelectorAll('.sort')[{number}]"
            head = f"{button}.parentElement.getAttribute('aria-sort')"
            assert browser.evaluate(head) is None
            browser.evaluate(f"{button}.click()")
            assert column(browser, number) == [shown[cell] for cell in UP[name]]
            assert browser.evaluate(head) == "ascending"
            assert browser.evaluate("document.querySelectorAll('[aria-sort]').length") == 1
            browser.evaluate(f"{button}.click()")
            *there, missing = UP[name]
            assert column(browser, number) == [shown[cell] for cell in (*reversed(there), missing)]
            assert browser.evaluate(head) == "descending"
            browser.evaluate(f"{button}.click()")
            assert column(browser, number) == was
            assert column(browser, 0) == first
            assert browser.evaluate(head) is None
        assert browser.console == []


def test_only_what_can_be_ordered_is_sortable_and_rows_keep_what_stands_above_them(sheet) -> None:
    with Browser() as browser:
        browser.open(sheet, width=390, height=844, phone=True)
        counts = "[...document.querySelectorAll('main table')].map(t => t.querySelectorAll('.sort').length)"
        assert browser.evaluate(counts) == [5, 0, 0, 3]
        browser.evaluate("document.querySelectorAll('main table')[3].querySelectorAll('.sort')[2].click()")
        assert column(browser, 1, 3) == ["w", "y", "z", "x"]
        above = "[...document.querySelectorAll('main table')[3].querySelectorAll('tbody th')].map(c => "
        assert browser.evaluate(above + "c.textContent || c.dataset.above)") == ["b", "a", "b", "a"]
        assert browser.evaluate(above + "getComputedStyle(c, '::before').content)")[0] == '"b"'
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_keyboard_sorts(sheet) -> None:
    with Browser() as browser:
        browser.open(sheet, width=1280, height=900)
        for _ in range(30):
            browser.key("Tab")
            if browser.evaluate("document.activeElement.textContent") == "with error":
                break
        assert browser.evaluate("document.activeElement.className") == "sort"
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        shown = dict(zip(COLUMNS["with error"], column(browser, 1), strict=True))
        browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r")
        browser.call("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter")
        assert column(browser, 1) == [shown[cell] for cell in UP["with error"]]
        assert browser.evaluate("document.activeElement.textContent") == "with error"


# figures and paper ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> Path:
    from builders_report import crystals

    from perovchem.report.folder import write

    return write(crystals(tmp_path_factory.mktemp("runs"), ("one", "two")), tmp_path_factory.mktemp("p"))[-1]


def test_figures_are_saved_as_they_are_drawn(figures) -> None:
    """What the two buttons hand to the browser: the SVG with its size, and a PNG of 300 dots to the inch."""
    watch = """new Promise(done => {
      HTMLAnchorElement.prototype.click = async function () {
        const bytes = new Uint8Array(await (await held(this.href)).arrayBuffer());
        done([this.download, btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))]);
      };
      const made = URL.createObjectURL;
      let last = null;
      URL.createObjectURL = (blob) => { last = blob; return made(blob); };
      const held = async (address) => address.startsWith('blob:') ? last
        : new Blob([Uint8Array.from(atob(address.split(',')[1]), c => c.charCodeAt(0))]);
      [...document.querySelectorAll('button[data-figure]')].find(b => b.dataset.name.endsWith('KIND')).click();
    })"""
    with Browser() as browser:
        browser.open(figures, width=1280, height=900)
        assert browser.evaluate(
            "[...document.querySelectorAll('button[data-figure]')].every(b => b.offsetParent)"
        )
        name, packed = browser.evaluate(watch.replace("KIND", ".svg"))
        text = base64.b64decode(packed).decode()
        width, height = (float(number) for number in re.findall(r'(?:width|height)="([\d.]+)pt"', text)[:2])
        assert (figures.parent / name).exists() and text.startswith("<svg xmlns=")
        name, packed = browser.evaluate(watch.replace("KIND", ".png"))
        with Image.open(io.BytesIO(base64.b64decode(packed))) as image:
            assert image.size == (round(width / 72 * 300), round(height / 72 * 300))
            colors = image.convert("RGB").getcolors(1 << 24)
        assert (figures.parent / name).exists()
        assert max(colors)[1] == (255, 255, 255) and len(colors) > 50
        assert browser.console == []


def test_figures_stand_on_white_in_the_dark(figures) -> None:
    with Browser() as browser:
        browser.shown_as("dark")
        browser.open(figures, width=1280, height=900)
        grounds = browser.evaluate(
            "[document.body, document.querySelector('figure svg')].map(e => getComputedStyle(e).backgroundColor)"
        )
        assert grounds == ["rgb(20, 24, 29)", "rgb(255, 255, 255)"]


def test_sections_begin_on_pages_of_their_own_in_print(figures) -> None:
    with Browser() as browser:
        browser.open(figures, width=1280, height=900)
        size = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        pdf = base64.b64decode(browser.call("Page.printToPDF", **size)["data"])
    assert pdf.count(b"/Type /Page\n") >= 4  # results, structure, figures, settings


def test_a_table_of_forty_columns_is_not_cut_on_paper(tmp_path) -> None:
    header = ("run", *(f"quantity {k}" for k in range(40)))
    rows = tuple((f"row {k}", *(["-1234.567 ± 0.012"] * 40)) for k in range(5))
    report = Report("d", "T", (), (), (), {}, [], {}, [], (Table("Wide", header, rows),))
    (tmp_path / "page.html").write_text(page(report, Pictures()), encoding="utf-8")
    with Browser() as browser:
        browser.open(tmp_path / "page.html", width=1280, height=900)
        assert browser.evaluate("document.querySelector('table').getBoundingClientRect().width") > 3000
        assert browser.evaluate("document.documentElement.scrollWidth") <= 1280
        browser.shown_as("light", media="print")
        browser.open(tmp_path / "page.html", width=688, height=900)  # A4 between its margins
        assert browser.evaluate("document.querySelector('table').getBoundingClientRect().right") <= 688
