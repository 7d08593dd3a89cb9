"""The keys of a workflow file in words: the tables of docs/workflow_file.md and the JSON schema that editors read."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from perovchem.workflow.declaration import TABLES, Declaration
from perovchem.workflow.settings import commands, model

BEGIN: Final = "<!-- keys: written by python -m perovchem.workflow.described docs/workflow_file.md -->"
END: Final = "<!-- end of keys -->"
_KINDS: Final = {
    "str": "text",
    "bool": "true or false",
    "float | None": "number",
    "str | float": "text or number",
    "tuple[str, ...]": "list of texts",
    "tuple[str, ...] | None": "list of texts",
    "dict[str, str]": "table of texts",
    "dict[str, typing.Any]": "table",
    "bool | int | float | str": "text or number",
    "dict[str, bool | int | float | str]": "table of values",
    "tuple[dict[str, bool | int | float | str], ...]": "list of tables",
    "dict[str, tuple[bool | int | float | str, ...]]": "table of lists",
}
"""Types as people say them; what is in none of these is a table of its own or one of few words."""


def key_tables() -> str:
    """Return the keys of every table of a workflow file as Markdown."""
    parts = []
    for head, kind in TABLES.items():
        hints = get_type_hints(kind)
        rows = []
        for one in fields(kind):
            needed = "needed" if one.default is MISSING and one.default_factory is MISSING else ""
            said = _kind(hints[one.name])
            rows.append(f"| `{one.name}` | {said} | {needed} | {one.metadata['description']} |")
        title = f"`{head}`" if head else "The file"
        parts.append(
            "\n".join([f"### {title}", "", "| key | takes | | meaning |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def _kind(hint: Any) -> str:
    """Return what a key takes in words."""
    text = str(hint) if not isinstance(hint, type) or hasattr(hint, "__args__") else hint.__name__
    if text in _KINDS:
        return _KINDS[text]
    if text.startswith("typing.Literal["):
        return text.removeprefix("typing.Literal[").removesuffix("]").replace("'", "`").replace(", ", " or ")
    return "tables"


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a workflow file, with the settings of every command."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Declaration).json_schema()
    step = schema["$defs"]["Step"]
    step["properties"]["command"]["enum"] = list(commands())
    step["allOf"] = [
        {
            "if": {"properties": {"command": {"const": name}}},
            "then": {"properties": {"settings": {"$ref": f"#/$defs/settings of {name}"}}},
        }
        for name in commands()
    ]
    for name in commands():
        settings = model(name).model_json_schema()
        schema["$defs"][f"settings of {name}"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                # a {name} of an axis stands in a text whatever the option takes
                key: {"description": one.get("description", ""), **_or_text(one)}
                for key, one in settings["properties"].items()
            },
            "required": settings.get("required", []),
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "perovchem workflow",
        **schema,
    } | {"title": "perovchem workflow"}


def _or_text(one: dict[str, Any]) -> dict[str, Any]:
    kinds = one.get(
        "anyOf",
        [{key: value for key, value in one.items() if key not in ("title", "description", "default")}],
    )
    return {"anyOf": [*kinds, *([] if {"type": "string"} in kinds else [{"type": "string"}])]}


def page_with_keys(page: str) -> str:
    """Return docs/workflow_file.md with its tables of keys written anew."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{key_tables()}\n\n{END}{rest.partition(END)[2]}"


def main(arguments: Sequence[str]) -> None:
    """Print the schema, or write the tables of a page anew."""
    for name in arguments:
        page = Path(name)
        page.write_text(page_with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")
    if not arguments:
        sys.stdout.write(json.dumps(json_schema(), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
