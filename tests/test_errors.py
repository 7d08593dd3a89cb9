"""Errors of ours: what, where and fix, and never longer than a paragraph."""

from __future__ import annotations

from perovchem.errors import LONGEST, FormatError


def test_a_quoted_word_as_long_as_the_file_is_shortened() -> None:
    error = FormatError(f"{'x' * 10**6!r} is no element", where="POSCAR, line 6", fix="give a symbol")
    assert len(error.what) < LONGEST + 10
    assert str(error) == f"'{'x' * (LONGEST - 1)} (POSCAR, line 6). Fix: give a symbol."
    assert FormatError("y" * LONGEST, fix="none").what == "y" * LONGEST


def test_a_path_that_a_file_names_is_shortened_too() -> None:
    """A file may name another by a path of any length."""
    error = FormatError("no such file", where="z" * 10**6, fix="w" * 10**6)
    assert len(str(error)) < 2 * LONGEST + 100


def test_a_question_ends_with_its_mark() -> None:
    error = FormatError("no crystal is called so", fix="did you mean 'CsPbCl3_cubic'?")
    assert str(error) == "no crystal is called so. Fix: did you mean 'CsPbCl3_cubic'?"
