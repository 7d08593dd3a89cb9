"""The doctor sees what is missing, too old, unwritable, changed; and says what it means."""

from __future__ import annotations

import dataclasses
import tempfile

import pytest

from perovchem import installation, reference
from perovchem.errors import UsageError
from perovchem.installation import Finding


def named(found: tuple[Finding, ...], name: str) -> Finding:
    (one,) = [finding for finding in found if finding.name == name]
    return one


@pytest.mark.parametrize(
    ("found", "needed", "old"),
    [
        ("2.1", "2.1", False),
        ("2.10.0", "2.9", False),
        ("2.0.9", "2.1", True),
        ("2.1rc1", "2.1", True),
        ("x", "1", False),
    ],
)
def test_versions_are_compared_as_versions(found, needed, old) -> None:
    assert installation._too_old(found, needed) is old


def test_a_changed_file_is_seen_by_its_checksum(monkeypatch) -> None:
    entries = dict(reference.entries())
    entries["CsPbCl3_cubic"] = dataclasses.replace(entries["CsPbCl3_cubic"], sha256="0" * 64)
    monkeypatch.setattr(reference, "entries", lambda: entries)
    assert named(tuple(installation._bundled(full=False)), "structures").state == "fine"
    found = named(tuple(installation._bundled(full=True)), "structures")
    assert found.state == "wrong"
    assert "changed: CsPbCl3_cubic;" in found.sentence
    gone = dataclasses.replace(entries["CsPbCl3_cubic"], path=reference.root() / "gone.cif")
    entries["CsPbCl3_cubic"] = gone
    assert named(tuple(installation._bundled(full=False)), "structures").state == "wrong"


def test_a_cache_that_cannot_be_written(monkeypatch) -> None:
    def refuse(**_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert installation._kernel_cache().state == "wrong"
    assert "NUMBA_CACHE_DIR" in installation._kernel_cache().sentence


@pytest.mark.parametrize(
    ("encoding", "state"),
    [("utf-8", "fine"), ("ascii", "absent"), ("latin-1", "absent"), ("no-such", "absent")],
)
def test_a_terminal_that_cannot_show_our_signs(encoding, state) -> None:
    assert installation._terminal(encoding).state == state


# workflows by name -------------------------------------------------------------------------------------------------


def test_workflows_are_found_by_name_spelling_and_beginning() -> None:
    path = reference.root() / "workflows" / "nature_561_88_bands.toml"
    for name in ("nature_561_88_bands", "Nature-561-88-bands", "nature_561"):
        assert reference.workflow(name) == path
    with pytest.raises(UsageError, match="nature_561_88_bands"):
        reference.workflow("nature_561_88_band_masses")
    with pytest.raises(UsageError, match="each of 3"):
        reference.workflow("na")
    with pytest.raises(UsageError):
        reference.workflow("")


def test_files_without_steps_are_no_workflows() -> None:
    assert (reference.root() / "workflows" / "cspbcl3_amine_salts.toml").exists()
    assert "cspbcl3_amine_salts" not in reference.workflows()
