"""Running `genkit` in this process, and truly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


# JSON is YAML. Small enough to be trained and compiled within seconds.
TEXTURES = {
    "family": "gated_pixelcnn",
    "model": {
        "layers": 2, "width": 4, "first_kernel": 3, "kernel": 3, "head": 6, "condition": "class",
    },
    "data": {
        "name": "textures", "size": 4, "levels": 3,
        "train_count": 16, "validation_count": 6, "test_count": 6,
    },
    "train": {
        "steps": 4, "batch_size": 4, "average": 0.9, "learning_rate": 0.01,
        "checkpoint_every": 2, "validate_every": 2,
    },
    "sample": {"count": 6, "tile": 4},
    "eval": {"batch_size": 4},
}  # fmt: skip


@pytest.fixture(scope="session")
def textures(tmp_path_factory) -> Path:
    """A tiny run, trained through the command line; tests must not change it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.yaml").write_text(json.dumps(TEXTURES))
    path = folder / "runs" / "tiny-textures"
    arguments = ["train", str(folder / "tiny.yaml"), "--run", str(path), "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["step"] == 4
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Path]:
    """`trained(recipe)` trains a recipe, given as a mapping with its name; returns its run."""

    def train(recipe: dict[str, Any]) -> Path:
        from genkit.recipe import from_mapping
        from genkit.training import train_recipe

        folder = tmp_path_factory.mktemp("runs") / recipe["name"]
        return train_recipe(from_mapping(recipe, recipe["name"]), folder)[0].path

    return train
