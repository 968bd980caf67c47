"""From the name of a run or recipe to a learner with weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genkit.building import build_learner
from genkit.errors import RunError, UsageError
from genkit.progress import SILENT, Progress
from genkit.run import Run
from genkit.state import restore

if TYPE_CHECKING:
    from genkit.family import Learner
    from genkit.recipe.schema import Recipe
    from genkit.run.checkpoint import Checkpoint


@dataclass(frozen=True)
class Opened:
    """A run, its recipe, its learner with weights, and the checkpoint they came from."""

    run: Run
    recipe: Recipe
    learner: Learner
    checkpoint: Checkpoint


def which_checkpoint(text: str) -> str | int:
    """`best`, `last` or a step.

    Raises:
        UsageError: for anything else.
    """
    if text in ("best", "last"):
        return text
    if text.isdecimal():
        return int(text)
    raise UsageError(f"--checkpoint takes best, last or a step. Received: '{text}'")


def open_run(
    run: str | Run,
    checkpoint: str,
    progress: Progress = SILENT,
    overrides: Sequence[str] = (),
) -> Opened:
    """The learner of a run with averaged weights, where there are any, of a checkpoint.

    Args:
        run: itself, or a path or name.
        checkpoint: `best`, `last` or a step.
        progress: told about damaged checkpoints that were passed over.
        overrides: `eval.key=value` each, see `Run.recipe_with`.
    """
    wanted = which_checkpoint(checkpoint)
    run = Run.open(run) if isinstance(run, str) else run
    recipe = run.recipe_with(overrides)
    learner = build_learner(recipe)
    return Opened(run, recipe, learner, restore(run, learner, wanted, progress.warn))


def open_any(reference: str, progress: Progress = SILENT) -> tuple[Recipe, Learner]:
    """The learner of a recipe with initial weights, or of a run with its last ones.

    A name of a shipped recipe means the recipe, whether or not it has a run.
    """
    from genkit.recipe import load_recipe

    if _is_recipe(reference) or not _is_run(reference):
        recipe = load_recipe(reference)
        return recipe, build_learner(recipe)
    opened = open_run(reference, "last", progress)
    return opened.recipe, opened.learner


def _is_recipe(reference: str) -> bool:
    from genkit.recipe import catalogue

    return reference in catalogue.names() or Path(reference).suffix in (".yaml", ".yml")


def _is_run(reference: str) -> bool:
    try:
        Run.open(reference)
    except (UsageError, RunError):
        return False
    return True
