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
    "pmf": "gbl_solution --pair 'Pb-O(GBL)' --discard 4ps --temperature 300 --stride 10",
    "substitute": "CsPbCl3 --site Cl --ion Br- --site Cl --ion I- --site Cs --ion MA+",
    "hbonds": "ornithine_HCl --acceptor Cl --charge C5H13N2O2=1,Cl=-1",
    "xrd": "CsPbCl3_cubic --compare CsPbBr3_cubic --range 10 50",
    "bands": f"{BANDS}/CsPbCl3_spin_orbit.json {BANDS}/CsPbBr3_spin_orbit.json --window -3 3",
    "masses": f"{BANDS}/CsPbCl3_spin_orbit.json --dielectric 4.6",
    "exciton": "--electron 0.11 --hole 0.24 --dielectric 4.6 --binding 49 --radius 48 --shift 0.2",
    "gibbs": "workflows/data/cspbcl3_amine_salts/MACl_1.toml --temperature 350",
    "binding": "workflows/cspbcl3_amine_salts_ion_pairs.toml",
    "mixing": "examples/data/constructed_doping.toml",
    "defects": "examples/data/constructed_doping.toml",
}
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
    path = tmp_path / "page.html"
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
