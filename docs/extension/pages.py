"""Pages made from what the package itself says: commands, reference, quantities, definitions, front picture."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from extension import links, picture
from extension.contents import DOCS, REPOSITORY, Group, groups


def write(folder: Path) -> None:
    """Write all pages; a file that would stay the same is left alone, so that Sphinx need not read it again."""
    texts: dict[str, str] = {
        "quantities.rst": quantities_page(),
        "definitions.md": definitions_page(),
        "examples.rst": examples_page(groups()),
        "questions.rst": questions(groups()),
        "commands/index.rst": commands_page(groups()),
        "reference/index.rst": reference_page(groups()),
    }
    texts |= {f"commands/{name}.rst": command_page(name, command) for name, command in commands().items()}
    for group in groups():
        texts |= {f"{reference_place(name)}.rst": name_page(name) for name in group.names}
    texts |= {
        f"{page}.md": (REPOSITORY / source).read_text(encoding="utf-8")
        for source, page in links.COPIED.items()
    }
    for path in folder.rglob("*"):  # of what is no longer there
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in texts and not name.startswith("backreferences/"):
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    picture.write(DOCS / "static")


def heading(text: str, line: str = "=") -> str:
    """Return a heading in reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def tree(pages: Iterable[str], *options: str) -> str:
    """Return a table of contents."""
    lines = [
        f"   :{name}:{colon and value}" for name, colon, value in (one.partition(":") for one in options)
    ]
    return "\n".join([".. toctree::", *lines, "", *(f"   {page}" for page in pages), "", ""])


def indented(text: str, by: str = "   ") -> str:
    """Return a text moved to the right."""
    return "\n".join(by + line if line.strip() else "" for line in text.splitlines())


# commands


def commands() -> dict[str, Any]:
    """Return the commands by name, as the command line has them."""
    import typer

    from perovchem.cli import app

    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def escaped(text: str) -> str:
    """Return a text in which nothing is markup."""
    for character in "\\*`|_":
        text = text.replace(character, f"\\{character}")
    return text


def command_page(name: str, command: Any) -> str:
    """Return usage, meaning, arguments, options and example of one command."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join(["perovchem", name, *map(argument_text, arguments), "[options]"])
    short, _, rest = inspect.cleandoc(command.help).partition("\n\n")
    parts = [
        heading(name),
        f"{escaped(short)}\n\n",
        f".. code-block:: none\n\n   {usage}\n\n",
        f"{escaped(rest)}\n\n" if rest else "",
        f".. program:: perovchem {name}\n\n",
    ]
    if arguments:
        parts.append(".. rubric:: What it reads\n\n")
        parts += [
            f".. describe:: {argument_text(one)}\n\n{indented(escaped(one.help))}\n\n" for one in arguments
        ]
    if options:
        parts.append(".. rubric:: Options\n\n")
        parts += [option_text(one) for one in options]
    example, *places = (command.epilog or "").split("\n\n")
    parts.append(".. rubric:: Example\n\n.. code-block:: console\n\n")
    parts.append(f"   $ {example.removeprefix('Example: ')}\n\n")
    parts += [f"{escaped(place)}\n\n" for place in places]
    return "".join(parts)


def argument_text(argument: Any) -> str:
    """Return one argument as it is typed: NAME..., in brackets where none is needed."""
    word = (argument.metavar or argument.name.upper()) + "..." * (argument.nargs == -1)
    return word if argument.required else f"[{word}]"


def option_text(option: Any) -> str:
    """Return one option: how it is written, what it means, what it is if not given."""
    word = "" if option.is_flag else f" {value_of(option)}"
    shown = ", ".join(f"{one}{word}" for one in option.opts)
    if option.secondary_opts:
        shown += ", " + ", ".join(option.secondary_opts)
    default = option.default() if callable(option.default) else option.default
    text = escaped(option.help or "")
    if option.show_default and default not in (None, [], (), False, "") and "Default" not in text:
        values = default if isinstance(default, list | tuple) else [default]
        words = ", ".join(escaped(str(getattr(value, "value", value))) for value in values)
        text += f" Default: {words}."
    return f".. option:: {shown}\n\n{indented(text)}\n\n"


def value_of(option: Any) -> str:
    """Return a word for the value that an option takes."""
    import enum
    import types
    import typing

    if option.metavar:
        return str(option.metavar)
    kind = option.type_descriptor.annotation

    def word(kind: Any) -> str:
        origin = typing.get_origin(kind)
        inner = [part for part in typing.get_args(kind) if part is not type(None) and part is not Ellipsis]
        if origin is typing.Literal:
            return "|".join(map(str, inner))
        if origin is tuple:
            return " ".join(map(word, inner))
        if origin in (list, typing.Union, types.UnionType, typing.Annotated):
            return word(inner[0])
        if inspect.isclass(kind) and issubclass(kind, enum.Enum):
            return "|".join(str(one.value) for one in kind)
        return {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}.get(kind, "VALUE")

    return word(kind)


def commands_page(questions: list[Group]) -> str:
    """Return the list of commands by question."""
    known = commands()
    parts = [
        heading("Commands"),
        "``perovchem COMMAND INPUT... [options]``. A readable table goes to the terminal, progress and warnings go to "
        "its error stream; ``--json`` prints one JSON object instead, and ``-o FOLDER`` writes a page, tables, arrays "
        "and figures. Exit codes: 0 done, 1 the input's fault (what, where, and how to mend it), 2 usage.\n\n",
    ]
    for group in questions:
        if group.commands:
            parts.append(heading(group.title, "-"))
            for name in group.commands:
                short = inspect.cleandoc(known[name].help).partition("\n\n")[0].replace("\n", " ")
                parts.append(f":doc:`{name}`\n   {escaped(short)}\n\n")
    parts += [
        tree(group.commands, "hidden", f"caption: {group.title}") for group in questions if group.commands
    ]
    return "".join(parts)


def questions(groups: list[Group]) -> str:
    """Return the cards of the front page: a question, what is answered, by which commands."""
    lines = [".. container:: questions", ""]
    for group in groups:
        links = [f":doc:`{name} </generated/commands/{name}>`" for name in group.commands]
        if not links:
            links = [f":doc:`{name} </generated/{reference_place(name)}>`" for name in group.names]
        lines += ["   .. container:: question", ""]
        for text in (escaped(group.title), escaped(group.sentence), " · ".join(links)):
            lines += [f"      {text}", ""]
    return "\n".join(lines) + "\n"


# reference


def public(name: str) -> Any:
    """Return what a public name stands for."""
    import perovchem

    return getattr(perovchem, name)


def reference_place(name: str) -> str:
    """Return the page of a public name; classes lie apart, as some file systems do not tell capitals."""
    return f"reference/{'classes' if inspect.isclass(public(name)) else 'functions'}/{name}"


def name_page(name: str) -> str:
    """Return the page of one public name."""
    one = public(name)
    text = heading(name) + ".. currentmodule:: perovchem\n\n"
    if inspect.ismodule(one):
        return text + f".. automodule:: {one.__name__}\n   :members:\n"
    if inspect.isclass(one):
        text += f".. autoclass:: {name}\n   :members:\n   :inherited-members: Exception, str, object\n"
        text += "   :exclude-members: command, quantity_names\n\n"
    else:
        text += f".. autofunction:: {name}\n\n"
    return (
        text + f".. minigallery:: perovchem.{name}\n   :add-heading: In the gallery\n   :heading-level: -\n"
    )


def reference_page(questions: list[Group]) -> str:
    """Return the list of public names by question."""
    parts = [
        heading("Python reference"),
        "``import perovchem as pc``; everything below is ``pc.NAME``. Functions take options by keyword and return "
        "frozen results, which print in one line and have ``to_dataframe()``, ``to_dict()``, ``to_json()`` and "
        "``provenance``. Lengths are in Å, times in fs, energies in eV, temperatures in K, angles in degrees, unless a "
        "name says otherwise.\n\n",
    ]
    for group in questions:
        parts.append(heading(group.title, "-"))
        for name in group.names:
            short = (inspect.getdoc(public(name)) or "").partition("\n\n")[0].replace("\n", " ")
            short = re.sub(r" ?\[\d+\]_", "", short)  # its references stand on its own page
            parts.append(f":doc:`{name} </generated/{reference_place(name)}>`\n   {short}\n\n")
    for group in questions:
        places = (f"/generated/{reference_place(name)}" for name in group.names)
        parts.append(tree(places, "hidden", f"caption: {group.title}"))
    return "".join(parts)


# gallery


def examples_page(questions: list[Group]) -> str:
    """Return the gallery by question."""
    parts = [
        heading("Examples"),
        "Each is a script of cells that runs as it stands, on bundled data, in a few seconds: "
        "``python examples/NAME.py [FOLDER]``, or cell by cell in an editor or as a notebook. "
        "The tests run all of them.\n\n",
    ]
    for group in questions:
        if group.examples:
            parts.append(heading(group.title, "-"))
            parts.append(".. minigallery::\n\n")
            parts.append("".join(f"   ../examples/{name}.py\n" for name in group.examples) + "\n")
            pages = (f"/gallery/{name}" for name in group.examples)
            parts.append(tree(pages, "hidden", f"caption: {group.title}"))
    return "".join(parts)


# quantities and definitions


def quantities_page() -> str:
    """Return the table of quantities."""
    from perovchem.quantities import quantities

    def symbol(text: str) -> str:
        return f":math:`{text.strip('$')}`" if text else ""

    def source(text: str) -> str:
        if text.startswith("10."):
            return f"`{text} <https://doi.org/{text}>`__"
        return escaped(text)

    rows = [("name", "symbol", "unit", "what it is", "source")]
    rows += [
        (f"``{one.name}``", symbol(one.symbol), escaped(one.unit), escaped(one.sentence), source(one.source))
        for one in quantities().values()
    ]
    return (
        heading("Quantities")
        + "Every number in a table, a figure or a JSON result is one of these. The unit in the table is that "
        "of results and of the ``units`` map in JSON; 1 stands for a pure number.\n\n"
        + list_table(rows, "quantities", "26 8 9 42 15")
    )


def list_table(rows: list[tuple[str, ...]], kind: str, widths: str) -> str:
    """Return a table whose first row is its head."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", f"   :class: {kind}", ""]
    for row in rows:
        lines += [f"   {'* -' if k == 0 else '  -'} {cell}" for k, cell in enumerate(row)]
    return "\n".join(lines) + "\n\n"


def definitions_page() -> str:
    """Return what the front page says is meant, and the definitions that stand in the results of each room."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    meant = readme.partition("\n## What is meant\n")[2].partition("\n\n**How do I")[0].strip()
    parts = [
        "# Definitions\n",
        meant,
        "The sentences below stand in every result (`provenance.settings`, JSON, the page), beside the cutoffs and "
        "settings that were used. Names and units of all numbers: [Quantities](docs/generated/quantities.rst).\n",
    ]
    for title, sentences in definitions().items():
        parts.append(f"## {title}\n")
        lines = (
            f"- **{name.replace('_', ' ')}**: {plain_markdown(text)}" for name, text in sentences.items()
        )
        parts.append("\n".join(lines) + "\n")
    return "\n\n".join(parts)


def plain_markdown(text: str) -> str:
    """Return a text in which nothing is Markdown."""
    return re.sub(r"([\\`*_\[\]<>|$])", r"\\\1", text)


def definitions() -> dict[str, dict[str, str]]:
    """Return the definitions of each room, each sentence where it stands first."""
    import importlib

    found: dict[str, dict[str, str]] = {}
    told: set[tuple[str, str]] = set()
    for title, module in ROOMS.items():
        sentences = importlib.import_module(module).DEFINITIONS
        new = {name: str(text) for name, text in sentences.items() if (name, str(text)) not in told}
        told |= set(new.items())
        if new:
            found[title] = new
    return found


ROOMS = {
    "Coordination, volumes, sharing": "perovchem.comparison",
    "Tilts": "perovchem.tilts.result",
    "Pair distributions": "perovchem.cli.pair_distribution_report",
    "EXAFS": "perovchem.exafs.result",
    "Exchange of ligands": "perovchem.exchange.result",
    "Diffusion": "perovchem.diffusion.result",
    "Orientation": "perovchem.cli.orientation_report",
    "Hydrogen bonds over time": "perovchem.hydrogen_bonds.trajectory_result",
    "Substitution": "perovchem.substitution.result",
    "Peaks of measured patterns": "perovchem.peaks.result",
    "Indexing": "perovchem.peaks.indexing",
    "Lattice parameters": "perovchem.peaks.cell_result",
    "Composition": "perovchem.peaks.alloy",
    "Band edges": "perovchem.cli.bands_report",
    "Effective masses": "perovchem.cli.masses_report",
    "Densities of states": "perovchem.cli.density_of_states_report",
    "Exciton": "perovchem.exciton",
    "Gibbs energies": "perovchem.gibbs.result",
    "Cycles": "perovchem.binding.result",
    "Potentials of mean force": "perovchem.cli.solvation_pmf_report",
    "Conclusions": "perovchem.conclusions",
    "Growth": "perovchem.growth",
    "Attenuation": "perovchem.attenuation",
    "Nuclear recoils": "perovchem.cevns",
}
"""Module that holds the definitions, by heading."""
