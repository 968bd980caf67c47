"""From a recipe to a learner, with the runs that it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from genkit.errors import Problem, RecipeError, UsageError
from genkit.family import Learner
from genkit.registry import families, resolve

if TYPE_CHECKING:
    from genkit.recipe.schema import Recipe
    from genkit.run import Run

_coming: ContextVar[Mapping[str, Recipe]] = ContextVar("coming")


def build_learner(recipe: Recipe, inputs: Mapping[str, Run] | None = None) -> Learner:
    """The learner of `recipe`, initial weights a function of its seed.

    Args:
        recipe: resolved.
        inputs: name -> run that the recipe depends on; by default those that it names.
    """
    from genkit import backend

    runs = input_runs(recipe) if inputs is None else dict(inputs)
    make = resolve(families.get(recipe.family).learner)
    # Keras takes seeds of 32 bits; all 63 bits of ours decide.
    backend.seed((recipe.seed ^ (recipe.seed >> 32)) % 2**32)
    learner: Learner = make(recipe, runs)
    return learner


def input_runs(recipe: Recipe) -> dict[str, Run]:
    """The runs that `inputs` of the recipe names, by path, name, or recipe of exactly one run.

    Raises:
        RecipeError: if one cannot be found; with all of them.
    """
    from genkit.run import Run

    found: dict[str, Run] = {}
    problems = []
    for name, reference in recipe.inputs.items():
        try:
            found[name] = Run.open(reference)
        except UsageError as error:
            problems.append(Problem(error.message, f"inputs.{name}", recipe.name))
    if problems:
        raise RecipeError(f"recipe '{recipe.name}' depends on runs that are not there", problems)
    return found


@contextmanager
def coming_inputs(recipes: Mapping[str, Recipe]) -> Iterator[None]:
    """While this lasts `input_recipe` knows runs that do not exist yet: reference -> recipe."""
    token = _coming.set(recipes)
    try:
        yield
    finally:
        _coming.reset(token)


def input_recipe(reference: str) -> Recipe:
    """The recipe behind an input: of the run that it names, or the shipped recipe where that has
    no single run. Light: no Keras.

    Raises:
        UsageError, RecipeError: if there is neither.
    """
    from genkit.recipe import catalogue, load_recipe
    from genkit.run import Run

    coming: Recipe | None = _coming.get({}).get(reference)
    if coming is not None:
        return coming
    try:
        return Run.open(reference).recipe
    except UsageError:
        if reference not in catalogue.names():
            raise
    found: Recipe = load_recipe(reference)
    return found


def run_signature(recipe: Recipe, inputs: Mapping[str, Run] | None = None) -> str:
    """The signature of a recipe's run, which covers those of its inputs and its data's files.

    Raises:
        DataError: when files of the data set are missing.
    """
    from genkit.data.fingerprint import fingerprint
    from genkit.recipe import signature

    runs = input_runs(recipe) if inputs is None else inputs
    signed = {name: run.signature for name, run in runs.items()}
    return signature(recipe, signed, fingerprint(recipe.data))
