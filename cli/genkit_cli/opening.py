"""From a RUN or RECIPE argument to a learner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import RunError, UsageError
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.family import Learner
    from genkit.recipe import Recipe
    from genkit.run import Run


def which(checkpoint: str) -> str | int:
    """`best`, `last` or a step.

    Raises:
        UsageError: for anything else.
    """
    if checkpoint in ("best", "last"):
        return checkpoint
    if checkpoint.isdecimal():
        return int(checkpoint)
    raise UsageError(f"--checkpoint takes best, last or a step. Received: '{checkpoint}'")


@dataclass(frozen=True)
class Opened:
    """A run, its recipe, its learner with weights, and the checkpoint they came from."""

    run: Run
    recipe: Recipe
    learner: Learner
    checkpoint: Any


def trained(reference: str, checkpoint: str | None, section: str, progress: Progress) -> Opened:
    """The learner of a run with the weights of a checkpoint.

    Args:
        reference: path or name of a run.
        checkpoint: what the user asked for, or None for the recipe's `section.checkpoint`.
        section: `sample` or `eval`.
        progress: told about damaged checkpoints.
    """
    from genkit.run import Run

    run = Run.open(reference)
    recipe = run.recipe
    wanted = which(checkpoint or getattr(recipe, section).checkpoint)

    from genkit.building import build_learner
    from genkit.state import restore

    learner = build_learner(recipe)
    loaded = restore(run, learner, wanted, progress.warn)
    return Opened(run, recipe, learner, loaded)


def any_learner(reference: str, progress: Progress) -> tuple[Recipe, Learner]:
    """The learner of a run with its weights, or of a recipe with initial ones."""
    from genkit.run import Run

    try:
        Run.open(reference)
        is_run = True
    except (UsageError, RunError):
        is_run = False
    if is_run and not _is_recipe(reference):
        opened = trained(reference, "last", "eval", progress)
        return opened.recipe, opened.learner

    from genkit.building import build_learner
    from genkit.recipe import load_recipe

    recipe = load_recipe(reference)
    return recipe, build_learner(recipe)


def _is_recipe(reference: str) -> bool:
    from genkit.recipe import catalogue

    return reference in catalogue.names() or Path(reference).suffix in (".yaml", ".yml")
