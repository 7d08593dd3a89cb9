"""A command's options as the settings of a step, from its own signature: names, types, defaults, help."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from perovchem.errors import FormatError, nearest
from perovchem.workflow.declaration import dotted, reason

NO_STEPS: Final = ("run", "screen", "structures", "trajectories", "workflows", "demo", "doctor")
"""Commands that are no analysis of inputs."""
NO_SETTINGS: Final = ("json", "output", "write_stencil")
"""Options that say where results go: the workflow does."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command.

    Attributes
    ----------
    name : str
        Its key among the settings.
    flag : str
        How it is typed: "--bin-width"; "" for the inputs.
    kind : type
        Of one value: bool, int, float or str; Path counts as str.
    count : int
        Values behind one flag.
    several : bool
        It may be given again and again.
    required : bool
    default : object
    help : str
    """

    name: str
    flag: str
    kind: type
    count: int
    several: bool
    required: bool
    default: Any
    help: str


@cache
def commands() -> Mapping[str, Mapping[str, Option]]:
    """Return the options of every command that may be a step, by command and key; the inputs' key is ""."""
    from perovchem.cli import app

    return types.MappingProxyType(
        {
            str(one.name): _options(one.callback)
            for one in app.registered_commands
            if one.name not in NO_STEPS and one.callback is not None
        }
    )


def _options(function: Any) -> Mapping[str, Option]:
    """Return the options of a command from the signature of its function."""
    found = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        annotation, *told = typing.get_args(parameter.annotation) or (parameter.annotation,)
        words = next((one for one in (*told, parameter.default) if hasattr(one, "param_decls")), None)
        if words is None:  # the parser's own context
            continue
        annotation = parameter.annotation if typing.get_origin(parameter.annotation) is None else annotation
        annotation = _without_none(annotation if told else parameter.annotation)
        kind, count, several = _kind(annotation)
        default = parameter.default
        if hasattr(default, "param_decls"):
            default = default.default
        positional = type(words).__name__ == "ArgumentInfo"
        # in Annotated the first of typer.Option's arguments, which it keeps as default, is the first flag
        flags = [words.default] if isinstance(words.default, str) and words.default.startswith("-") else []
        long = [one.partition("/")[0] for one in (*flags, *(words.param_decls or ())) if one.startswith("--")]
        flag = "" if positional else long[0] if long else "--" + name.replace("_", "-")
        key = flag[2:].replace("-", "_")
        if key not in NO_SETTINGS:
            required = default is inspect.Parameter.empty or default is ...
            found[key] = Option(key, flag, kind, count, several, required, default, words.help or "")
    return found


def _without_none(annotation: Any) -> Any:
    """Return X of X | None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(one for one in typing.get_args(annotation) if one is not type(None))
    return annotation


def _kind(annotation: Any) -> tuple[type, int, bool]:
    """Return the type of one value, how many stand behind a flag, and whether the flag repeats."""
    several = typing.get_origin(annotation) is list
    if several:
        annotation = typing.get_args(annotation)[0]
    count = 1
    if typing.get_origin(annotation) is tuple:
        count = len(typing.get_args(annotation))
        annotation = typing.get_args(annotation)[0]
    return annotation if annotation in (bool, int, float) else str, count, several


@cache
def model(command: str) -> Any:
    """Return the pydantic model of a command's settings; forbids others, converts nothing."""
    from pydantic import ConfigDict, Field, create_model

    known: dict[str, Any] = {}
    for key, option in commands()[command].items():
        if key:
            annotation = _annotation(option)
            known[f"{key}_"] = (
                annotation,
                Field(... if option.required else None, alias=key, description=option.help),
            )
    return create_model(
        f"settings of {command}",
        __config__=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False),
        **known,
    )


def _annotation(option: Option) -> Any:
    """Return what a setting may be: a single value also where several may be given, a number also where a text may."""
    from pydantic import Field

    one: Any = {bool: bool, int: int, float: float}.get(option.kind, str | int | float)
    if option.count > 1:
        one = typing.Annotated[list[one], Field(min_length=option.count, max_length=option.count)]
    return (
        typing.Annotated[list[one], Field(min_length=1, max_length=10_000)] | one if option.several else one
    )


def check_command(command: str, place: str, where: str) -> None:
    """Refuse what is no step."""
    if command in NO_STEPS:
        raise FormatError(
            f"{place}.command: {command!r} is no analysis",
            where=where,
            fix=f"take one of {', '.join(commands())}",
        )
    if command not in commands():
        raise FormatError(
            f"{place}.command: there is no command {command!r}", where=where, fix=nearest(command, commands())
        )


def check_settings(command: str, settings: Mapping[str, Any], place: str, where: str) -> None:
    """Refuse settings that the command does not take.

    Raises
    ------
    FormatError
        With the dotted path, and the nearest name or the command's own help.
    """
    from pydantic import ValidationError

    options = commands()[command]
    for key in settings:
        if key in NO_SETTINGS:
            raise FormatError(
                f"{place}.settings.{key}: where results go is the workflow's to say",
                where=where,
                fix="leave it out",
            )
        if not key or key not in options:
            raise FormatError(
                f"{place}.settings.{key} is no option of perovchem {command}",
                where=where,
                fix=nearest(key, [one for one in options if one]),
            )
    try:
        model(command).model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        what, fix = reason(first)
        if first["type"] != "missing":
            what, fix = f"is {_short(settings[key])}", f"write {_wanted(options[key])}"
        about = f" ({options[key].help})" if options[key].help else ""
        raise FormatError(
            f"{dotted([place, 'settings', key])} {what}", where=where, fix=fix + about
        ) from None


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wanted(option: Option) -> str:
    """Return what a setting takes in words."""
    one = {bool: "true or false", int: "a whole number", float: "a finite number"}.get(option.kind, "a text")
    if option.count > 1:
        one = f"a list of {option.count}: each {one}"
    return f"{one}, or a list of such" if option.several else one


def arguments(command: str, settings: Mapping[str, Any], inputs: Sequence[str]) -> tuple[str, ...]:
    """Return settings and inputs as one types them behind a command; the settings are checked before.

    Examples
    --------
    >>> arguments("substitute", {"ion": ["Br-"], "site": "Cl"}, ["CsPbCl3"])
    ('--ion=Br-', '--site=Cl', '--', 'CsPbCl3')
    """
    typed: list[str] = []
    for key, value in settings.items():
        option = commands()[command][key]
        if option.kind is bool:
            if value != (option.default or False):
                typed.append(option.flag if value else "--no-" + option.flag[2:])
            continue
        repeated = value if option.several and isinstance(value, list) else [value]
        for one in repeated:
            if option.count > 1:
                typed += [option.flag, *map(str, one)]
            else:
                typed.append(f"{option.flag}={one}")
    return (*typed, "--", *inputs) if inputs else tuple(typed)


def takes_inputs(command: str) -> str:
    """Return how many inputs a command takes: "none", "one" or "several"."""
    inputs = commands()[command].get("")
    return "none" if inputs is None else "several" if inputs.several else "one"
