"""Running `genkit` in this process, and truly."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import genkit
import genkit_cli
from genkit_cli.main import cli

_ROOTS = [str(Path(str(m.__file__)).parents[1]) for m in (genkit, genkit_cli)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """Commands run in an empty folder, without runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENKIT_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def run() -> Callable[..., Result]:
    """`run("list", "--json")` in this process; the result has exit_code, stdout and stderr."""
    runner = CliRunner()
    return lambda *args: runner.invoke(cli, list(args))


@pytest.fixture
def truly() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`truly(["list"])` in a process of its own; `code` runs Python instead."""

    def call(
        args: list[str] | None = None, code: str | None = None, **settings: object
    ) -> subprocess.CompletedProcess[str]:
        paths = [*_ROOTS, os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        command = ["-c", code] if code is not None else ["-m", "genkit_cli", *(args or [])]
        return subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            env={**environment, **settings.pop("env", {})},  # type: ignore[dict-item]
            timeout=120,
            **settings,  # type: ignore[call-overload]
        )

    return call
