"""What `genkit check` proves of AIR with a renderer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Check
from genkit.models.air.config import POSE, SHAPES
from genkit.models.air.proofs import COUNT, over_weights, random_images, scene_checks
from genkit.randomness import normal, uniform
from genkit.rendering.gradient import STEPS, rendered
from genkit.rendering.scene import render

if TYPE_CHECKING:
    from genkit.models.air.solids.learner import SolidsLearner

PIXELS = (
    0.01  # share of pixels that may differ: at an edge rounding decides which solid a ray meets
)
SLOPE = 0.05  # of gradients, relative to the largest


def solids_checks(learner: SolidsLearner) -> Iterator[Check]:
    """Proofs on the present and on random weights, which are put back."""
    yield Check("picture_differences", PIXELS, lambda: picture_differences(learner))
    yield Check("gradient_differences", SLOPE, lambda: gradient_differences(learner))
    yield Check("absent_differences", 0.0, over_weights(learner, absent_differences))
    yield from scene_checks(learner)


def _scene(learner: SolidsLearner) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shapes, poses, presence and azimuth of some scenes."""
    slots = learner.config.slots
    shapes = (uniform(0, "check/shapes", 0, (COUNT, slots)) * SHAPES).astype(np.int32)
    poses = uniform(0, "check/poses", 0, (COUNT, slots, POSE)) * 2 - 1
    azimuth = uniform(0, "check/azimuth", 0, (COUNT,)) - 0.5
    return shapes, poses, np.ones((COUNT, slots), np.float32), azimuth


def picture_differences(learner: SolidsLearner) -> float:
    """Share of pixels that differ between NumPy and the compiled renderer."""
    scene = _scene(learner)
    here = render(np, learner.view, *scene)
    compiled = backend.compile(lambda *given: render(ops, learner.view, *given), [])
    there = np.asarray(ops.convert_to_numpy(compiled(*scene)))
    return float((np.abs(here - there) > 1e-3).mean())


def gradient_differences(learner: SolidsLearner) -> float:
    """Of compiled gradients, which render one solid again at a time, and differences of whole
    pictures; relative to the largest."""
    shapes, poses, alive, azimuth = _scene(learner)
    weights = normal(0, "check/weights", 0, (COUNT, *learner.shape))

    def total(moved: Any) -> Any:
        given = [ops.convert_to_tensor(x) for x in (shapes, alive, azimuth)]
        return ops.sum(rendered(learner.view, given[0], moved, given[1], given[2]) * weights)

    found = np.asarray(ops.convert_to_numpy(backend.input_gradient(total, poses)))
    wanted = np.zeros_like(poses)
    for slot in range(poses.shape[1]):
        for axis, step in enumerate(STEPS):
            ends = []
            for way in (step, -step):
                moved = poses.copy()
                moved[:, slot, axis] += way
                ends.append(render(np, learner.view, shapes, moved, alive, azimuth))
            slopes = (weights * (ends[0] - ends[1])).sum(axis=(1, 2, 3)) / (2 * step)
            wanted[:, slot, axis] = slopes
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def absent_differences(learner: SolidsLearner) -> float:
    """How much a picture changes with shapes and poses of solids that are not there."""
    slots = learner.config.slots
    images = learner.pixels(ops.convert_to_tensor(random_images(learner)))
    drawn: dict[str, np.ndarray] = {
        name: uniform(0, f"check/{name}", 0, (COUNT, slots)) for name in ("presence", "shape")
    }
    drawn["pose"] = normal(0, "check/pose", 0, (COUNT, slots, POSE))
    drawn["azimuth"] = normal(0, "check/azimuth", 0, (COUNT,))
    first = learner.network(images, drawn)
    absent = np.asarray(ops.convert_to_numpy(first["alive"])) == 0.0
    other = normal(1, "check/pose", 0, (COUNT, slots, POSE))
    changed = {
        **drawn,
        "pose": np.where(absent[..., None], other, drawn["pose"]).astype(np.float32),
        "shape": np.where(absent, 1.0 - drawn["shape"], drawn["shape"]).astype(np.float32),
    }
    pictures = [
        np.asarray(ops.convert_to_numpy(learner.network.picture(learner.view, found)))
        for found in (first, learner.network(images, changed))
    ]
    return float(np.abs(pictures[0] - pictures[1]).max())
