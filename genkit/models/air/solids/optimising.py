"""Poses found anew for every picture by descent through the renderer: what inference replaces."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes.dataset import IMAGE, SceneSplit
from genkit.errors import UsageError
from genkit.models.air.config import POSE, SHAPES
from genkit.models.air.solids.comparing import compare, summary
from genkit.models.air.solids.explained import ExplainedSolids
from genkit.progress import Progress
from genkit.randomness import uniform
from genkit.rendering.gradient import rendered

if TYPE_CHECKING:
    from genkit.models.air.solids.learner import SolidsLearner

STARTS = 12  # of each shape: placed and turned by chance
DESCENT = 60  # steps of each start
PACE, REACH, SHRINK = 0.01, 0.15, 0.94  # slope to step; longest step, and how it shrinks


def refuse_search(split: ImageSplit, turn: float) -> None:
    """UsageError for scenes of another number of solids than one, or a turned camera."""
    if not isinstance(split, SceneSplit) or split.counts != (1,) or turn:
        raise UsageError("eval.optimise: is for scenes of one solid and a camera that stands still")


def optimise(
    learner: SolidsLearner, split: Any, count: int, seed: int, progress: Progress
) -> dict[str, Any]:
    """Metrics of the best of many starts for each of the first pictures, and seconds a picture,
    compilation left out.

    Every shape begins at several places; the end with the least squared error is taken.
    """
    truth = split.scenes(np.arange(min(count, len(split))))
    targets = learner.floats(truth[IMAGE])
    descend = _Descent(learner)
    descend(targets[0], seed, 0, steps=1)
    progress.start("optimisation", len(targets), "images")
    ends, began = [], time.perf_counter()
    for number, target in enumerate(targets):
        ends.append(descend(target, seed, number))
        progress.advance()
    seconds = (time.perf_counter() - began) / len(targets)
    progress.finish()
    shapes, poses = (np.array(values) for values in zip(*ends, strict=True))
    compared = compare(truth, _as_explained(shapes, poses, targets))
    return {"images": len(targets), **summary(compared, False), "seconds_per_image": seconds}


class _Descent:
    """One compiled step for all starts of a picture."""

    def __init__(self, learner: SolidsLearner) -> None:
        rows = SHAPES * STARTS
        self.reach = learner.recipe.data.reach
        self.shapes = np.repeat(np.arange(SHAPES, dtype=np.int32), STARTS)[:, None]
        view = learner.view

        def errors(poses: Any, target: Any) -> Any:
            picture = rendered(
                view, ops.convert_to_tensor(self.shapes), poses,
                ops.ones((rows, 1)), ops.zeros((rows,)),
            )  # fmt: skip
            return ops.sum(ops.square(picture - target), axis=(1, 2, 3))

        def step(poses: Any, target: Any) -> Any:
            return backend.input_gradient(lambda moved: ops.sum(errors(moved, target)), poses)

        self._errors = backend.compile(errors, [])
        self._slopes = backend.compile(step, [])

    def __call__(
        self, target: np.ndarray, seed: int, number: int, steps: int = DESCENT
    ) -> tuple[int, np.ndarray]:
        """Shape and pose `(3,)` of a picture `(H, W, 1)`."""
        poses = self._starts(seed, number)
        for k in range(steps):
            longest = REACH * SHRINK**k
            slopes = np.asarray(ops.convert_to_numpy(self._slopes(poses, target[None])))
            poses = poses - np.clip(PACE * slopes, -longest, longest).astype(np.float32)
        errors = np.asarray(ops.convert_to_numpy(self._errors(poses, target[None])))
        best = int(errors.argmin())
        return int(self.shapes[best, 0]), poses[best, 0]

    def _starts(self, seed: int, number: int) -> np.ndarray:
        """`(3 STARTS, 1, 3)`."""
        draw = uniform(seed, "air/optimise", number, (SHAPES * STARTS, 1, POSE)) * 2 - 1
        return draw * np.array([self.reach, self.reach, np.pi], np.float32)


def _as_explained(shapes: np.ndarray, poses: np.ndarray, targets: np.ndarray) -> ExplainedSolids:
    count = len(shapes)
    return ExplainedSolids(
        chances=np.ones((count, 1)),
        counts=np.ones(count, np.int64),
        shapes=shapes[:, None],
        shape_chances=np.eye(SHAPES)[shapes][:, None],
        poses=poses[:, None],
        azimuth=np.zeros(count, np.float32),
        canvas=targets,
    )
