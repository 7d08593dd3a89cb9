"""The documentation is whole, without building it: every name, command, example and page stands in it once."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

import perovchem as pc

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from extension import links, pages  # noqa: E402
from extension.contents import groups  # noqa: E402

EXAMPLES = sorted(
    path for path in (ROOT / "examples").glob("*.py") if not path.name.startswith("make_")
)  # those tell how data were made, and are no studies
MARKDOWN = sorted([*DOCS.glob("*.md"), *(ROOT / source for source in links.COPIED), ROOT / "README.md"])


def once(found: list[str], all_of_them: set[str]) -> None:
    """Assert that every name stands there, once, and no other."""
    assert {name: count for name, count in Counter(found).items() if count > 1} == {}
    assert set(found) == all_of_them


def test_every_public_name_has_its_page() -> None:
    names = [name for group in groups() for name in group.names]
    once(names, set(pc.__all__) - {"__version__"})
    listed = pages.reference_page(groups())
    for name in names:
        assert f"/generated/{pages.reference_place(name)}" in listed
        assert re.search(rf"\.\. auto\w+:: (perovchem\.)?{name}\n", pages.name_page(name))


def test_pages_differ_where_file_systems_do_not_tell_capitals() -> None:
    places = [pages.reference_place(name).lower() for group in groups() for name in group.names]
    assert len(set(places)) == len(places)


def test_every_command_is_in_the_reference_with_all_options_and_its_example() -> None:
    known = pages.commands()
    once([name for group in groups() for name in group.commands], set(known))
    for name, command in known.items():
        page = pages.command_page(name, command)
        for option in command.params:
            if option.param_type_name == "option":
                assert all(re.search(rf"^\.\. option:: .*{one}\b", page, re.M) for one in option.opts), option
        assert f"$ perovchem {name}" in page


def test_every_example_is_in_the_gallery_and_has_a_title() -> None:
    once([name for group in groups() for name in group.examples], {path.stem for path in EXAMPLES})
    for path in EXAMPLES:
        title, line, empty, text = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split(
            "\n", 3
        )
        assert line == "=" * len(title), path.name
        assert empty == "" and len(text) > 40, path.name


def test_text_of_a_cell_stands_below_its_mark() -> None:
    """Behind ``# %%`` on the same line it would be lost."""
    for path in EXAMPLES:
        assert re.findall(r"^# %% (?!\[markdown\]$).+", path.read_text("utf-8"), re.M) == [], path.name


def in_toctrees() -> set[str]:
    """Return the documents that any table of contents names, written by hand or made."""
    texts = {path: path.read_text("utf-8") for path in DOCS.glob("*.rst")}
    found = set()
    for text in texts.values():
        for block in re.findall(r"^\.\. toctree::\n(?:   :.*\n)*\n((?:   .+\n)+)", text, re.M):
            found |= {re.sub(r".*<(.*)>", r"\1", line.strip()) for line in block.splitlines()}
    return found


def test_every_page_is_in_a_table_of_contents() -> None:
    written = {path.stem for path in (*DOCS.glob("*.md"), *DOCS.glob("*.rst"))} - {"README", "index"}
    made = {f"generated/{page}" for page in links.COPIED.values()}
    made |= {f"generated/{name}" for name in ("definitions", "quantities", "examples")}
    made |= {"generated/commands/index", "generated/reference/index"}
    named = in_toctrees()
    patterns = {name for name in named if "*" in name}
    matched = {page for page in made for pattern in patterns if fnmatch(page, pattern)}
    assert (named - patterns) | matched == written | made


def test_no_link_between_files_leads_nowhere() -> None:
    for path in MARKDOWN:
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text("utf-8")):
            if not re.match(r"[a-z]+:", link):
                assert (path.parent / link).exists(), f"{path.relative_to(ROOT)}: {link}"


def test_links_of_copied_pages_lead_to_pages() -> None:
    page = DOCS / "generated/changelog.md"
    text = "[a](docs/cycle_file.md#x), [b](examples/lasting_links.py) [c](https://doi.org/1) [d](benchmarks/RESULTS.md)"
    assert links.rewritten(text, ROOT / "CHANGELOG.md", page) == (
        "[a](../cycle_file.md#x), [b](../gallery/lasting_links.rst) [c](https://doi.org/1) [d](benchmarks.md)"
    )
    test = '[test](../tests/test_docs.py "test_x")'  # a file that is no page can be downloaded
    assert links.rewritten(test, DOCS / "validation.md", DOCS / "validation.md") == test


def test_what_a_page_would_load_from_a_network_is_found() -> None:
    """The build warns of it, and warnings are errors there."""
    loads = [
        '<script defer src="https://cdn.example/x.js"></script>',
        "<img alt='' src='//example/x.png'>",
        '<link rel="stylesheet" href="https://example/x.css">',
        "@import url(https://example/x.css);",
    ]
    harmless = [
        '<script src="_static/x.js"></script>',
        '<a href="https://doi.org/10.1038/x">',
        '<link rel="canonical" href="https://example/">',
        '<img src="../_images/x.png">',
    ]
    assert [len(links.loaded_from_elsewhere(one)) for one in loads] == [1, 1, 1, 1]
    assert [links.loaded_from_elsewhere(one) for one in harmless] == [[], [], [], []]


def test_every_quantity_and_definition_is_told() -> None:
    from perovchem.quantities import quantities

    page = pages.quantities_page()
    assert all(f"``{name}``" in page for name in quantities())
    holders = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "perovchem").rglob("*.py")
        if re.search(r"^DEFINITIONS(:| =)", path.read_text("utf-8"), re.M)
    }
    assert set(pages.ROOMS.values()) == holders
    page = pages.definitions_page()
    assert "- **Bound** is" in page
    assert "License" not in page and "license" not in page
    assert all(f"## {title}\n" in page for title in pages.definitions())


def test_bars_in_docstrings_are_bars() -> None:
    """As docutils would read them, ``|F|`` is a substitution that nothing defines."""
    from extension.docstrings import bars_meant

    lines = [
        "    |r_j - r_i| in ``|code|``,",
        "",
        "    .. math:: |F|",
        "",
        "              + |G|",
        "",
        "    of |F|².",
    ]
    assert bars_meant(lines) == [
        r"    \|r_j - r_i\| in ``|code|``,", *lines[1:6], r"    of \|F\|²."
    ]  # fmt: skip
    assert bars_meant([">>> a | b", "1 | 2", "", "|x|"]) == [">>> a | b", "1 | 2", "", r"\|x\|"]


def test_the_extra_installs_what_the_configuration_names() -> None:
    named = re.findall(
        r'^    "(sphinx_gallery|myst_parser|numpydoc)', (DOCS / "conf.py").read_text("utf-8"), re.M
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = {re.split(r"[><=]", one)[0] for one in project["optional-dependencies"]["docs"]}
    assert len(named) == 3
    assert {name.replace("_", "-") for name in named} | {"sphinx", "pydata-sphinx-theme"} <= extra


def test_formulas_of_docstrings_and_quantities_become_mathml() -> None:
    pytest.importorskip("docutils")
    from extension.mathml import formula

    from perovchem.quantities import quantities

    symbols = [one.symbol.strip("$") for one in quantities().values() if one.symbol]
    for path in (ROOT / "perovchem").rglob("*.py"):
        symbols += re.findall(r":math:`([^`]+)`", path.read_text("utf-8"))
    assert len(symbols) > 50
    for tex in symbols:
        assert formula(tex, block=False).startswith("<math"), tex
    assert "<mfrac>" in formula(r"\frac{1}{2} \Big/ x", block=True)
