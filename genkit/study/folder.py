"""The folder of a study: its name, its lock, and what must not be in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import RunError
from genkit.run import runs_root
from genkit.run.directory import default_folder
from genkit.run.lock import RunLock

if TYPE_CHECKING:
    from genkit.recipe import Study

RESULTS = "results.json"
_OWN = {"lock", "cells", "inputs"}  # what is there before the results are


def study_folder(study: Study) -> Path:
    """Default folder: named after the study and what its cells have in common, so that more
    seeds or values join the cells that are there."""
    from genkit.recipe.signing import signed_values
    from genkit.recipe.study.inputs import identity

    cell = study.cells()[0]
    common = signed_values(cell.recipe)
    for key in (*cell.overrides, "train.seed"):
        _forget(common, key.split("."))
    for name, item in cell.inputs.items():
        common["inputs"][name] = identity(item.recipe)
        for key in item.share:  # these are the cells', which may differ in them
            _forget(common["inputs"][name], key.split("."))
    text = json.dumps(common, sort_keys=True)
    return runs_root() / default_folder(study.name, hashlib.sha256(text.encode()).hexdigest())


def _forget(values: Any, path: Sequence[str]) -> None:
    for key in path[:-1]:
        values = values.get(key) if isinstance(values, dict) else None
    if isinstance(values, dict):
        values.pop(path[-1], None)


def check_folder(path: Path) -> None:
    """Raises RunError where `path` holds something else than a study."""
    if path.is_file() or (path / "metadata.json").exists():
        what = "a file" if path.is_file() else "a run of one recipe"
        raise RunError(f"{path} is {what}. A study needs a folder of its own: --run DIR.")
    if path.is_dir() and not (path / RESULTS).exists():
        foreign = sorted({entry.name for entry in path.iterdir()} - _OWN)
        if foreign:
            raise RunError(f"{path} is no study and not empty (it holds {foreign[0]}).")


def locked(path: Path) -> RunLock:
    """The folder, made where it is missing, and locked."""
    path.mkdir(parents=True, exist_ok=True)
    found = RunLock(path / "lock")
    found.acquire()
    return found
