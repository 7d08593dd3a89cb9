"""Pages of all commands in a browser: wide and narrow, light and dark, on screen and on paper."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, needs_browser

pytestmark = [needs_browser, pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")]
ROOT = Path(__file__).parents[2]
BANDS = "examples/data/cesium_lead_halide_bands"
COMMANDS = {
    "coordination": "2me_solution gbl_solution --ligand I --ligand O --discard 4ps --stride 20",
    "exchange": "gbl_solution 2me_solution --ligand O --by molecule --discard 4ps --stride 10",
    "rdf": "gbl_solution --pair Pb-I --pair 'Pb-O(GBL)' --discard 4ps --stride 10",
    "diffusion": "gbl_solution --of GBL --of MA --discard 4ps --stride 4",
    "orientation": "gbl_solution --molecule MA --axis C-N --discard 4ps --stride 4",
    "tilts": "cspbbr3_crystal --discard 5ps --stride 20",
    "exafs": "2me_solution gbl_solution --pair Pb-O --pair Pb-I --discard 4ps --stride 20",
    "pmf": "gbl_solution --pair 'Pb-O(GBL)' --discard 4ps --temperature 300 --stride 10",
    "substitute": "CsPbCl3 --site Cl --ion Br- --site Cl --ion I- --site Cs --ion MA+",
    "hbonds": "ornithine_HCl --acceptor Cl --charge C5H13N2O2=1,Cl=-1",
    "xrd": "CsPbCl3_cubic --compare CsPbBr3_cubic --range 10 50",
    "attenuate": "CsPbCl3 --density 4.21 --thickness 1 --line 32 --spectrum kramers:70+Al:2.5 --against all",
    "growth": "--diffusion 5e-11 --bulk 1.5 --flux 2e-5 --crystal MAPbI3 --duration 60s --published",
    "cevns": "CsPbI3 --against Ge --threshold 0 --threshold 1",
    "bands": f"{BANDS}/CsPbCl3_spin_orbit.json {BANDS}/CsPbBr3_spin_orbit.json --window -3 3",
    "masses": f"{BANDS}/CsPbCl3_spin_orbit.json --dielectric 4.6",
    "exciton": "--electron 0.11 --hole 0.24 --dielectric 4.6 --binding 49 --radius 48 --shift 0.2",
    "gibbs": "workflows/data/cspbcl3_amine_salts/MACl_1.toml --temperature 350",
    "binding": "workflows/cspbcl3_amine_salts_ion_pairs.toml",
    "mixing": "examples/data/constructed_doping.toml",
    "defects": "examples/data/constructed_doping.toml",
}
WORKFLOW = """
title = "Halides in CsPbCl3"
about = "A small page of all that a page of a workflow holds."
[matrix]
halide = ["Br", "I", "Xx"]
[[step]]
name = "entry"
command = "substitute"
inputs = ["CsPbCl3"]
settings = { site = "Cl", ion = "{halide}-" }
columns = { verdict = "verdict", mismatch = "tests[name=radius_mismatch].value", limit = "tests[name=radius_mismatch].limit" }
[[published]]
what = "bromide in CsPbCl3, from methylammonium and formamidinium bromide"
value = "enters"
source = "Nano-Micro Lett. 18:421, X-ray photoelectron spectra and powder diffraction"
ours = "entry.verdict"
where = { halide = "Br" }
why = "A rule of charge and radius, against what was measured; that the two agree in one case proves no mechanism, and a single number would not either."
[[conclusion]]
kind = "doping"
subject = "{halide}-"
[[conclusion.evidence]]
name = "charge and radius"
column = "entry.verdict"
better = "enters"
assumption = "size and charge decide"
"""
SCREENS = [
    (width, height, scheme) for (width, height) in ((1280, 900), (390, 844)) for scheme in ("light", "dark")
]
A4 = 688
"""Pixels of CSS between the margins of an A4 page: 210 mm without twice 14 mm, 96 to the inch."""

OUTSIDE = """[...document.body.querySelectorAll('*')].filter(e => !e.closest('.scroll') || e.matches('.scroll'))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(e => e.tagName + '.' + e.className + '#' + e.id)"""
CUT = """[...document.querySelectorAll('table, figure, p, li, dd, code')].filter(e => e.offsetParent)
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""
PALE = """(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const found = parse(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 0, 255];
  };
  return [...document.body.querySelectorAll(':not(svg *, script, style, noscript *)')]
    .filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => [e, [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a)])
    .filter(([, [a, b]]) => (a + 0.05) / (b + 0.05) < 4.5)
    .map(([e]) => e.tagName + ': ' + e.textContent.slice(0, 60));
})()"""
"""Texts whose contrast is below WCAG's 4.5."""
NAMELESS = """[...document.querySelectorAll('button, a, input, canvas, figure svg, img, table')].filter(e => {
  const words = e.textContent.trim() || e.getAttribute('aria-label') || e.alt || e.labels?.[0]?.textContent;
  return !words || e.tagName === 'TABLE' && !e.caption && !e.closest('[aria-label]');
}).map(e => e.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as found:
        yield found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_page_on_every_screen_and_on_paper(browser, typed, tmp_path, monkeypatch, command) -> None:
    monkeypatch.chdir(ROOT)
    code, _, err = typed(command, *shlex.split(COMMANDS[command]), "-o", tmp_path)
    assert code == 0, err
    assert_readable(browser, tmp_path / "page.html")


def test_page_of_a_workflow(browser, typed, tmp_path) -> None:
    """With published values, a conclusion, rows over a matrix, and an item that failed; reasons are not cut."""
    (tmp_path / "halides.toml").write_text(WORKFLOW, encoding="utf-8")
    code, out, err = typed("run", tmp_path / "halides.toml", "-o", tmp_path / "out", "--workers", "1")
    assert code == 1, err
    assert "Failed" in out
    page = tmp_path / "out" / "page.html"
    assert_readable(browser, page)
    browser.open(page, width=1280, height=900)
    tables = browser.evaluate("[...document.querySelectorAll('main table')].map(t => t.caption?.textContent)")
    assert {"Published and ours", "Failed", "entry: perovchem substitute"} <= set(tables)
    assert browser.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    ) == []  # fmt: skip


def assert_readable(browser: Browser, path: Path) -> None:
    """Nothing cut, pale, nameless, said on the console or loaded, on four screens and on paper."""
    browser.console.clear()
    browser.requests.clear()
    for width, height, scheme in SCREENS:
        browser.shown_as(scheme)
        browser.open(path, width=width, height=height, phone=width < 600)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        assert browser.evaluate(OUTSIDE) == []
        assert browser.evaluate(PALE) == []
        assert browser.evaluate(NAMELESS) == []
    browser.shown_as("dark", media="print")
    browser.open(path, width=A4, height=1000)
    assert browser.evaluate(CUT) == []
    assert browser.evaluate(PALE) == []  # paper is white, whatever the screen was
    assert browser.evaluate("[...document.querySelectorAll('button')].filter(b => b.offsetParent && "
                            "!b.matches('.sort')).length") == 0  # fmt: skip
    assert browser.console == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {path.as_uri()}


def test_the_checks_see_what_is_wrong(tmp_path) -> None:
    bad = (
        "<!DOCTYPE html><title>x</title><main style='background: #fff'><p style='color: #999'>pale</p><button></button>"
        "<table><tr><td><div style='width: 2000px'>wide</div></table></main>"
    )
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    with Browser() as browser:
        browser.open(tmp_path / "bad.html", width=A4, height=900)
        assert browser.evaluate(PALE) == ["P: pale"]
        assert len(browser.evaluate(NAMELESS)) == 2
        assert browser.evaluate(CUT) == ["TABLE: wide"]
        assert browser.evaluate(OUTSIDE) != []


def test_figures_have_text_of_one_size(tmp_path, typed, monkeypatch) -> None:
    """A figure of one column is not blown up to the width of two."""
    monkeypatch.chdir(ROOT)
    typed("bands", f"{BANDS}/CsPbCl3_spin_orbit.json", "-o", tmp_path)
    with Browser() as browser:
        browser.open(tmp_path / "page.html", width=1280, height=900)
        scales = browser.evaluate(
            "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
        )
    assert len(scales) == 2
    for one, other in itertools.pairwise(scales):
        assert one == pytest.approx(other, rel=0.05)
