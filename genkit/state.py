"""The state of a learner as arrays: taking it, putting it back, looking through averages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from genkit.errors import CheckpointError, Problem, nearest
from genkit.family import Arrays, Learner
from genkit.run import Run
from genkit.run.checkpoint import Checkpoint

LEARNER = "learner/"
FEED = "feed/"
MAX_PROBLEMS = 10


def snapshot(learner: Learner) -> Arrays:
    """Copies of all variables by name, on the host."""
    from keras import ops

    # `np.array` copies: the backend may hand out a view of memory that it writes again.
    return {name: np.array(ops.convert_to_numpy(v)) for name, v in learner.variables().items()}


def put_back(learner: Learner, arrays: Mapping[str, np.ndarray]) -> None:
    """Assign `arrays`, cast to each variable's dtype (counters differ between backends).

    Raises:
        CheckpointError: if names, shapes or kinds of numbers differ; it names each.
    """
    variables = learner.variables()
    problems = _problems(variables, arrays)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        tail = f" ({more} more not shown)" if more > 0 else ""
        raise CheckpointError(
            f"the checkpoint does not fit this network{tail}. Was the recipe or the code changed?",
            problems[:MAX_PROBLEMS],
        )
    for name, variable in variables.items():
        variable.assign(_cast(name, arrays[name], str(variable.dtype)))


def _problems(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[Problem]:
    problems = []
    for name in sorted(set(variables) - set(arrays)):
        guess = nearest(name, set(arrays) - set(variables))
        hint = f"; it has '{guess}'" if guess else ""
        problems.append(Problem(f"the checkpoint lacks this variable{hint}", name))
    for name in sorted(set(arrays) - set(variables)):
        problems.append(Problem("the network has no such variable", name))
    for name in sorted(set(arrays) & set(variables)):
        wanted, given = tuple(variables[name].shape), arrays[name].shape
        if wanted != given:
            problems.append(Problem(f"shape {given} there, {wanted} in the network", name))
        elif _kind(variables[name].dtype) != _kind(arrays[name].dtype):
            kinds = f"{arrays[name].dtype} there, {variables[name].dtype} in the network"
            problems.append(Problem(kinds, name))
    return problems


def _kind(dtype: Any) -> str:
    name = str(dtype)
    if name.startswith("bool"):
        return "bool"
    return "integer" if name.startswith(("int", "uint")) else "float"


def _cast(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == str(array.dtype):
        return array
    if dtype == "bfloat16":
        import ml_dtypes

        return array.astype(ml_dtypes.bfloat16)
    cast = array.astype(dtype)
    if _kind(dtype) == "integer" and not np.array_equal(cast.astype(array.dtype), array):
        raise CheckpointError(f"variable '{name}' holds numbers too large for {dtype}")
    return cast


@contextmanager
def averaged(learner: Learner) -> Iterator[None]:
    """Averaged weights within, exactly the trained state again afterwards."""
    trained = snapshot(learner)
    try:
        learner.use_averages()
        yield
    finally:
        put_back(learner, trained)


def part(arrays: Mapping[str, np.ndarray], prefix: str) -> Arrays:
    """The arrays under `prefix`, named without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def restore(
    run: Run,
    learner: Learner,
    which: str | int = "last",
    warn: Callable[[str], None] = lambda text: None,
) -> Checkpoint:
    """Load a checkpoint for sampling or evaluation, with averaged weights where there are any.

    Args:
        run: where from.
        learner: built from the run's recipe.
        which: `best`, `last` or a step.
        warn: called with a line about each damaged checkpoint that was passed over.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError: if there is none, or it does not fit the learner.
    """
    checkpoint = run.load_checkpoint(which, warn)
    put_back(learner, part(checkpoint.arrays, LEARNER))
    learner.use_averages()
    return checkpoint
