"""``perovchem doctor``: what is installed, what each missing extra would give, and what must be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perovchem.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perovchem.installation import Finding

_SHOWN = {"fine": "", "absent": "absent", "wrong": "WRONG"}
_WIDTH = 100


def doctor(
    full: Annotated[
        bool,
        typer.Option("--full", help="Also read bundled files against their checksums, and compute a shell."),
    ] = False,
    json: Json = False,
) -> None:
    """Say what is installed, what is missing, and for what.

    Each missing extra with what it would give, and what must be mended. Exit code 0 where everything that is needed is
    there, else 1.
    """
    from perovchem.installation import examine

    found = examine(full=full)
    if json:
        import dataclasses

        from perovchem.result import envelope, to_json

        rows = [dataclasses.asdict(one) for one in found]
        typer.echo(to_json(envelope("doctor", [], {"full": full}, rows, {}, [])))
    else:
        typer.echo("\n".join(_lines(found)))
    if any(one.state == "wrong" for one in found):
        raise typer.Exit(1)


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings by group; packages that are fine in one table."""
    import textwrap

    from perovchem.result import text_table

    group = ""
    for one in found:
        if one.group != group:
            group = one.group
            yield f"{'' if one is found[0] else chr(10)}{group}"
            if group == "packages":
                rows = [
                    [k.name, k.found or None, k.needed or None, k.sentence] for k in found if k.group == group
                ]
                table = text_table(["", "version", "at least", ""], rows).splitlines()
                yield from (f"  {line}" for line in table[2:])
        if group == "packages":
            continue
        mark = f"{_SHOWN[one.state]}; " if one.state != "fine" else ""
        text = "; ".join(part for part in (f"{mark}{one.found}".removesuffix("; "), one.sentence) if part)
        yield from textwrap.wrap(
            f"  {one.name:<14} {text}", _WIDTH, subsequent_indent=" " * 17, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    wrong = sum(one.state == "wrong" for one in found)
    yield ""
    yield (
        f"{wrong} to mend: what says WRONG or missing above."
        if wrong
        else "Everything that is needed is there."
    )
