"""The project's own files agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import genkit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in LOCK.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def locked_groups() -> list[str]:
    """What `make install` installs: the core, `dev` and the extras that `dev` asks for."""
    asked = (Requirement(text) for text in PROJECT["optional-dependencies"]["dev"])
    (own,) = [wanted for wanted in asked if wanted.name == PROJECT["name"]]
    return ["core", "dev", *sorted(own.extras)]


@pytest.mark.parametrize("group", locked_groups())
def test_the_lock_pins_what_the_project_asks_for(group: str) -> None:
    asked = PROJECT["dependencies"] if group == "core" else PROJECT["optional-dependencies"][group]
    lock = locked()
    for text in asked:
        wanted = Requirement(text)
        if wanted.name == PROJECT["name"]:
            continue
        pins = lock.get(canonicalize_name(wanted.name))
        assert pins, f"{wanted.name} is not in requirements.lock: run `make lock`"
        for pin in pins:
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert wanted.specifier.contains(exact.version), f"{pin} but {wanted}: run `make lock`"


def test_the_lock_names_versions_and_no_places() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, flags=re.MULTILINE)


def test_the_citation_has_the_version_of_the_package() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(genkit.__version__)}$", citation, flags=re.MULTILINE)


def test_the_version_is_written_once() -> None:
    assert "version" in PROJECT["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+([a-z0-9.]+)?", genkit.__version__)


def test_the_readme_links_to_files_that_are_there() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"
