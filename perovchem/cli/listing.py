"""How ``perovchem --help`` lists the commands: below heads, each on one line."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Listing(TyperGroup):
    """Commands in the order in which they were added, below the head that each was given."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each head; names and lines stand in the same columns in all."""
        width = max(map(len, self.commands))
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            head = getattr(command, "rich_help_panel", None) or "Commands"
            line = command.get_short_help_str(formatter.width - width - 6)
            sections.setdefault(head, []).append((name.ljust(width), line))
        for head, rows in sections.items():
            with formatter.section(head):
                formatter.write_dl(rows)
