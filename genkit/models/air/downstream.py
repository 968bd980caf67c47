"""How few labels tasks need on top of what AIR infers: the sum of two digits, and their order.

Eslami et al., 2016, section 4.1. A network on inferred places and looks beside one on pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes.dataset import BOX, COUNT, IMAGE, LABEL, SceneSplit
from genkit.errors import UsageError
from genkit.family import Arrays
from genkit.metrics.taught import pixel_network, taught_accuracy, vector_network
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.air.learner import AirLearner

DIGITS = 2  # of the scenes of both tasks
ALL_DIGITS = tuple(map(str, range(10)))
LOOKED = 4096  # scenes that are asked at a time for those with two digits


def sums(scenes: Arrays) -> np.ndarray:
    """Sum of the digits, 0 to 18."""
    return np.asarray(scenes[LABEL][:, :DIGITS].sum(axis=1))


def orders(scenes: Arrays) -> np.ndarray:
    """1 where the digits do not fall from left to right, else 0."""
    middles = scenes[BOX][:, :DIGITS, 1] + scenes[BOX][:, :DIGITS, 3] / 2
    left = middles.argmin(axis=1)
    rows = np.arange(len(left))
    first, second = scenes[LABEL][rows, left], scenes[LABEL][rows, 1 - left]
    return (first <= second).astype(np.int64)


TASKS: dict[str, tuple[Callable[[Arrays], np.ndarray], int]] = {
    "sum": (sums, 19),
    "order": (orders, 2),
}


_NETWORKS = {"things": vector_network, "pixels": pixel_network}


def refuse_tasks(split: ImageSplit) -> None:
    """UsageError if scenes do not hold two digits."""
    counts = split.counts if isinstance(split, SceneSplit) else ()
    if DIGITS not in counts or getattr(split, "class_names", ()) != ALL_DIGITS:
        raise UsageError("eval.labels: sums and orders are of splits with scenes of two digits")


def downstream(
    learner: AirLearner, split: Any, seed: int, progress: Progress
) -> list[dict[str, Any]]:
    """A row for each task and number of labels: accuracy on things and on pixels, and that of
    always naming the most frequent answer.

    Args:
        learner: trained; its recipe's `eval.labels` says how many labels.
        split: scenes of digits to be tested on. seed: of the networks that are taught.

    Raises:
        UsageError: as `refuse_tasks`.
    """
    train = learner.split("train")
    refuse_tasks(train)
    refuse_tasks(split)
    wanted = sorted(learner.recipe.eval.labels)
    known = _with_two(train, wanted[-1])
    held_out = _with_two(split, len(split), len(split))
    if not len(held_out[COUNT]):
        raise UsageError(f"eval.labels: none of the first {len(split)} scenes holds two digits")
    progress.start("tasks", len(TASKS) * len(wanted), "networks")
    things = _scaled(_things(learner, known), _things(learner, held_out))
    pixels = tuple(learner.floats(scenes[IMAGE]) for scenes in (known, held_out))
    rows = []
    for task, (answer, classes) in TASKS.items():
        answers, truth = answer(known), answer(held_out)
        for count in wanted:
            row: dict[str, Any] = {"task": task, "labels": count}
            row["chance"] = float((truth == np.bincount(answers).argmax()).mean())
            for name, (x, tests) in (("things", things), ("pixels", pixels)):
                make = partial(_NETWORKS[name], x.shape[1:], classes)
                learnt, asked = (x[:count], answers[:count]), (tests, truth)
                purpose = f"air/{task}/{name}/{count}"
                accuracy = taught_accuracy(make, learnt, asked, seed, purpose)
                row[f"accuracy_on_{name}"] = accuracy
            rows.append(row)
            progress.advance()
    progress.finish()
    return rows


def _with_two(split: SceneSplit, count: int, end: int | None = None) -> Arrays:
    """The first scenes with two digits, up to `count` of them.

    Args:
        end: number of scenes that there are; None for a maker of as many as are asked for.
    """
    found: list[Arrays] = []
    have, start = 0, 0
    while have < count and (end is None or start < end):
        stop = start + LOOKED if end is None else min(start + LOOKED, end)
        scenes = split.scenes(np.arange(start, stop))
        chosen = scenes[COUNT] == DIGITS
        found.append({name: array[chosen] for name, array in scenes.items()})
        have, start = have + int(chosen.sum()), stop
    return {name: np.concatenate([f[name] for f in found])[:count] for name in found[0]}


def _things(learner: AirLearner, scenes: Arrays) -> np.ndarray:
    """Presence, places and looks of all slots, `(n, N (4 + K))` float32."""
    images, parts = scenes[IMAGE], []
    for start in range(0, len(images), LOOKED):
        found = learner.explain(images[start : start + LOOKED])
        alive = np.arange(learner.config.slots) < found.counts[:, None]
        latents = np.concatenate([np.ones_like(found.where[..., :1]), found.where, found.what], -1)
        parts.append((latents * alive[..., None]).reshape(len(found), -1))
    return np.concatenate(parts).astype(np.float32)


def _scaled(known: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with mean 0 and deviation 1 of the known ones."""
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-3
    return (known - mean) / deviation, (others - mean) / deviation
