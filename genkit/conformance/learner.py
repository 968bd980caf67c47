"""Proofs that hold for every learner: saving and loading, and going on with another backend."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genkit import backend, registry
from genkit.building import build_learner
from genkit.errors import GenkitError, UsageError
from genkit.family import Check, EvaluationRequest, Learner
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import Recipe
from genkit.run import checkpoint
from genkit.state import LEARNER, part, put_back, snapshot

UPDATES = 2
ITEMS = 8
RELATIVE_LIMIT = 1e-3  # of metrics across backends after two updates in float32
TIMEOUT = 600


def skipped_backend() -> str | None:
    """Why the other backend cannot be tried, or None."""
    name = backend.other()
    if importlib.util.find_spec(name) is None:
        return f"{name} is not installed (pip install 'genkit-keras[{name}]')"
    return None


def learner_checks(recipe: Recipe, learner: Learner) -> Iterable[Check]:
    """Save, load, and the other backend where it is installed. The learner's state is kept."""
    yield Check("save_load_differences", 0.0, lambda: save_load(recipe, learner))
    if skipped_backend() is None:
        name = f"continues_on_{backend.other()}"
        yield Check(name, RELATIVE_LIMIT, lambda: other_backend(recipe, learner))


def save_load(recipe: Recipe, learner: Learner) -> float:
    """Variables, and metrics of evaluation, that differ after saving and loading in a fresh
    learner; 0 when all are bit-identical."""
    fresh = build_learner(recipe)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(Path(folder), 1, _arrays(learner), {})
        put_back(fresh, part(checkpoint.load(Path(folder), "last").arrays, LEARNER))
    before, after = snapshot(learner), snapshot(fresh)
    differences = sum(not np.array_equal(before[name], after[name]) for name in before)
    mine, theirs = _figures(learner), _figures(fresh)
    return float(differences + sum(mine[name] != theirs[name] for name in mine))


def other_backend(recipe: Recipe, learner: Learner) -> float:
    """Largest relative difference of losses and metrics when both backends go on from one
    checkpoint."""
    kept = snapshot(learner)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(Path(folder), 1, _arrays(learner), {})
        theirs = _in_other_backend(recipe, Path(folder))
    try:
        mine = go_on(recipe, learner)
    finally:
        put_back(learner, kept)
    if set(mine) != set(theirs):
        return float("inf")
    return max(abs(mine[k] - theirs[k]) / max(1e-6, abs(mine[k])) for k in mine)


def go_on(recipe: Recipe, learner: Learner) -> dict[str, float]:
    """Metrics of two updates of batches 0 and 1, and of an evaluation after them."""
    feed = learner.feed("train", recipe.seed)
    found = {}
    for k in range(UPDATES):
        metrics = learner.update(feed.batch(k), Noise(recipe.seed, k))
        found[f"loss_{k}"] = float(np.asarray(metrics["loss"]))
    return {**found, **_figures(learner)}


def _figures(learner: Learner) -> dict[str, float]:
    """Metrics of a brief evaluation; none where the family has nothing to evaluate."""
    try:
        request = EvaluationRequest("test", limit=ITEMS, brief=True)
        return dict(learner.evaluate(request, SILENT).metrics)
    except UsageError:
        return {}


def _arrays(learner: Learner) -> dict[str, np.ndarray]:
    return {LEARNER + name: value for name, value in snapshot(learner).items()}


def _in_other_backend(recipe: Recipe, folder: Path) -> dict[str, float]:
    family = registry.families.get(recipe.family)
    source = registry.sources(recipe.family).get(recipe.data.name)
    (folder / "recipe.json").write_text(json.dumps(recipe.as_dict()))
    (folder / "family.json").write_text(json.dumps(asdict(family)))
    (folder / "source.json").write_text(json.dumps(asdict(source)))
    environment = {**os.environ, "KERAS_BACKEND": backend.other()}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-m", "genkit.conformance.continued", str(folder)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise GenkitError(f"the {backend.other()} process failed: {last[0]}")
    answer: Mapping[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {name: float(value) for name, value in answer.items()}
