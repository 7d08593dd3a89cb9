"""The plan: which items a workflow has; counted at once, made one after another."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from perovchem.errors import FormatError, InputError
from perovchem.workflow.declaration import Scalar
from perovchem.workflow.items import Item
from perovchem.workflow.matrix import as_text, combinations, count, filled, showable
from perovchem.workflow.model import PlannedStep, Workflow
from perovchem.workflow.settings import arguments

MOST_ITEMS: Final = 1_000_000
_LONGEST_NAME: Final = 300
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._+=-]+")


@dataclass(frozen=True, slots=True)
class Planned:
    """An item with what its rows say of it.

    Attributes
    ----------
    item : Item
        Without key and details.
    step : PlannedStep
    values : mapping of axis to value
    inputs : tuple of str
    """

    item: Item
    step: PlannedStep
    values: Mapping[str, Scalar]
    inputs: tuple[str, ...]

    @property
    def folder_name(self) -> str:
        """A name for its folder: letters that are safe anywhere, the same in every run, its own."""
        words = _UNSAFE.sub("_", f"{self.item.step}-{self.item.name}").strip("._-")[:60]
        named = hashlib.sha256("\0".join((self.item.step, self.item.name)).encode()).hexdigest()
        return f"{words}-{named[:8]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All items of a workflow.

    Attributes
    ----------
    workflow : Workflow
    n_items : int
    n_of_step : mapping of step to number of items
    """

    workflow: Workflow
    n_items: int
    n_of_step: Mapping[str, int]
    _found: Inputs = field(repr=False)

    def __len__(self) -> int:
        return self.n_items

    def __iter__(self) -> Iterator[Planned]:
        number = 0
        for step in self.workflow.steps:
            for values, inputs in _expanded(self.workflow, step, self._found):
                settings = filled(step.declared.settings, values)
                typed = arguments(step.declared.command, settings, inputs)
                name = _name(inputs, values, number) or step.name
                item = Item(number, step.name, name, step.declared.command, typed, self.workflow.folder)
                yield Planned(item, step, values, inputs)
                number += 1


class Inputs:
    """What the inputs of a workflow stand for; each glob is looked up once.

    Parameters
    ----------
    folder : str
        What they are relative to.
    where : str
        The file, for messages.
    """

    def __init__(self, folder: str, where: str) -> None:
        self.folder, self.where = folder, where
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, text: str) -> tuple[str, ...]:
        """Return a name as it is, or what a glob finds, sorted."""
        if "*" not in text and "?" not in text and "[" not in text:
            return (text,)
        if text not in self._known:
            self._known[text] = self._globbed(text)
        return self._known[text]

    def _globbed(self, text: str) -> tuple[str, ...]:
        if os.path.exists(os.path.join(self.folder, text)):  # a name may hold what globs are made of
            return (text,)
        found = []
        for path in glob.iglob(text, root_dir=self.folder, recursive=True):
            found.append(path)
            if len(found) > MOST_ITEMS:
                raise FormatError(
                    f"{text[:200]!r} finds more than {MOST_ITEMS:,} files", where=self.where, fix="narrow it"
                )
        if not found:
            raise InputError(
                f"{text[:200]!r} finds nothing", where=self.where, fix=f"name files below {self.folder}"
            )
        return tuple(sorted(found))


def planned(workflow: Workflow) -> Plan:
    """Return the plan of a workflow.

    Raises
    ------
    FormatError
        If there are too many items, told before any is made.
    InputError
        If a glob finds nothing.
    """
    where = workflow.path or "the dictionary"
    matrix = workflow.declared.matrix
    if sum(count(matrix, step.axes) for step in workflow.steps) > MOST_ITEMS:
        largest = max(workflow.steps, key=lambda step: count(matrix, step.axes))
        product = " × ".join(f"{len(matrix[axis])} {axis}" for axis in largest.axes)
        raise FormatError(
            f"step {largest.name!r} has {count(matrix, largest.axes):,} combinations ({product}); a workflow may have "
            f"{MOST_ITEMS:,} items",
            where=where,
            fix="shorten the matrix, or divide it into several workflows",
        )
    found = Inputs(workflow.folder, where)
    numbers: dict[str, int] = {}
    for step in workflow.steps:
        number = 0
        for _ in _expanded(workflow, step, found):
            number += 1
            if number + sum(numbers.values()) > MOST_ITEMS:
                raise FormatError(
                    f"step {step.name!r} brings the items above {MOST_ITEMS:,}",
                    where=where,
                    fix="divide the workflow",
                )
        if not number:
            raise FormatError(
                f"step {step.name!r} has no items: all are excluded", where=where, fix="look at [[exclude]]"
            )
        numbers[step.name] = number
    return Plan(workflow, sum(numbers.values()), numbers, found)


def _expanded(
    workflow: Workflow, step: PlannedStep, found: Inputs
) -> Iterator[tuple[dict[str, Scalar], tuple[str, ...]]]:
    """Yield matrix values and inputs of each item of a step."""
    declared = step.declared
    fixed = None
    if not any("{" in text or "}" in text for text in declared.inputs):
        fixed = tuple(dict.fromkeys(name for text in declared.inputs for name in found.of(text)))
    for values in combinations(workflow.declared.matrix, step.axes, workflow.declared.exclude):
        if fixed is None:
            texts = (as_text(text) for text in filled(declared.inputs, values))
            inputs = tuple(dict.fromkeys(name for text in texts for name in found.of(text)))
        else:
            inputs = fixed
        if declared.together or not inputs:
            yield values, inputs
        else:
            for name in inputs:
                yield values, (name,)


def _name(inputs: tuple[str, ...], values: Mapping[str, Scalar], number: int) -> str:
    """Return what an item is called: its inputs and matrix values."""
    shown = inputs if len(inputs) <= 4 else (*inputs[:3], f"and {len(inputs) - 3} more")
    name = showable(", ".join([*shown, *(f"{axis}={as_text(value)}" for axis, value in values.items())]))
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 12]}... {number}"
