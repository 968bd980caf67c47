"""What `genkit check` proves of AIR."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit.conformance.comparing import relative
from genkit.conformance.weights import random_weights
from genkit.family import Check, SampleSettings
from genkit.layers.windows import cut_windows, draw_windows
from genkit.models.air import priors
from genkit.models.air.config import WHERE
from genkit.randomness import normal, uniform
from genkit.sampling.driver import sample_tile

if TYPE_CHECKING:
    from genkit.models.air.base import SceneLearner
    from genkit.models.air.learner import AirLearner

LIMIT = 1e-4  # of canvases and bounds, relative to the largest: float32
COUNT = 4  # images
DRAW = 11  # of random weights


def air_checks(learner: AirLearner) -> Iterator[Check]:
    """Proofs on the present and on random weights, which are put back."""
    yield Check("window_differences", LIMIT, lambda: window_differences(learner))
    yield Check("canvas_differences", LIMIT, over_weights(learner, canvas_differences))
    yield Check("xla_differences", LIMIT, over_weights(learner, xla_differences))
    yield Check("absent_differences", 0.0, over_weights(learner, absent_differences))
    yield from scene_checks(learner)


def scene_checks(learner: SceneLearner) -> Iterator[Check]:
    """What holds for all scenes, whatever draws their things."""
    yield Check("repeat_differences", 0.0, over_weights(learner, repeat_differences))
    yield Check("sample_differences", 0.0, over_weights(learner, sample_differences))
    yield Check("count_chances", LIMIT, lambda: count_chances(learner))


def over_weights(learner: Any, run: Callable[[Any], float]) -> Callable[[], float]:
    """The larger of what `run` gives for the present weights and for random ones."""

    def largest() -> float:
        present = run(learner)
        with random_weights(learner.network.variables, DRAW):
            return max(present, run(learner))

    return largest


def window_differences(learner: AirLearner) -> float:
    """How far a patch is from what is cut out where it was drawn, pixel on pixel."""
    height, width, channels = learner.shape
    side = min(height, width, learner.config.window)
    patch = uniform(0, "check/patch", 0, (1, side, side, channels))
    box = np.array([[side / 2, width - side / 2, side, side]], np.float32)
    canvas = draw_windows(ops.convert_to_tensor(patch), ops.convert_to_tensor(box), height, width)
    again = cut_windows(canvas, ops.convert_to_tensor(box), side)
    return relative(np.asarray(ops.convert_to_numpy(again)), patch)


def canvas_differences(learner: AirLearner) -> float:
    """Of what is drawn step by step while an image is taken apart, and what the sampler draws of
    the same things."""
    found = _inferred(learner)
    again = learner.network.draw(found["where"], found["what"], found["alive"])
    return relative(_array(again), _array(found["canvas"]))


def xla_differences(learner: AirLearner) -> float:
    """Of canvases and chances of presence with and without XLA."""
    images = random_images(learner)
    compiled = learner.explain(images)
    found = learner.network(learner.pixels(ops.convert_to_tensor(images)))
    chances = 1.0 / (1.0 + np.exp(-_array(found["presence_logits"]).astype(np.float64)))
    # Presence is decided at a half: where rounding turns one over, canvases may differ.
    sure = (np.abs(chances - 0.5) > 1e-4).all(axis=1)
    if not sure.any():
        return 0.0
    pairs = ((compiled.canvas, _array(found["canvas"])), (compiled.chances, chances))
    return max(relative(mine[sure], theirs[sure]) for mine, theirs in pairs)


def absent_differences(learner: AirLearner) -> float:
    """How much the canvas changes with places and looks of things that are not there."""
    drawn = _drawn(learner)
    first = learner.network(learner.pixels(ops.convert_to_tensor(random_images(learner))), drawn)
    absent = _array(first["alive"]) == 0.0
    changed = dict(drawn)
    for name in ("where", "what"):
        other = normal(1, f"check/other_{name}", 0, drawn[name].shape)
        changed[name] = np.where(absent[..., None], other, drawn[name]).astype(np.float32)
    again = learner.network(learner.pixels(ops.convert_to_tensor(random_images(learner))), changed)
    same = (_array(again["alive"]) == _array(first["alive"])).all()
    gap = np.abs(_array(again["canvas"]) - _array(first["canvas"])).max()
    return float(gap) if same else float("inf")


def repeat_differences(learner: SceneLearner) -> float:
    """Numbers that differ when images are taken apart twice."""
    images = random_images(learner)
    first, second = learner.explain(images), learner.explain(images)
    bounds = [learner.weigh(images, 0, 0, 0) for _ in range(2)]
    return float((first.canvas != second.canvas).sum() + (bounds[0] != bounds[1]).sum())


def sample_differences(learner: SceneLearner) -> float:
    """Values of samples that differ when they are drawn again, or after others of their job."""
    generator: Any = learner.generator(SampleSettings(COUNT))
    rows: list[Mapping[str, str]] = [{}] * COUNT
    (whole,) = sample_tile(generator, 3, range(COUNT), rows)
    (again,) = sample_tile(generator, 3, range(COUNT), rows)
    (later,) = sample_tile(generator, 3, range(COUNT - 2), rows[:2])
    differ = (whole.samples != again.samples).sum()
    differ += (whole.samples[: COUNT - 2] != later.samples).sum()
    return float(differ + (whole.log_prob != again.log_prob).sum())


def count_chances(learner: SceneLearner) -> float:
    """How far probabilities of counts are from those that log-odds of presence lead to."""
    chances = learner.chances()
    logits = priors.count_logits(chances).astype(np.float64)
    reached = np.concatenate([[1.0], np.cumprod(1.0 / (1.0 + np.exp(-logits)))])
    found = np.append(reached[:-1] - reached[1:], reached[-1])
    return float(np.abs(found - chances).max())


def random_images(learner: SceneLearner) -> np.ndarray:
    """Random images `(4, H, W, C)`."""
    drawn = uniform(0, "check/images", 0, (COUNT, *learner.shape))
    return (drawn * learner.levels).astype(np.uint8)


def _drawn(learner: AirLearner) -> dict[str, np.ndarray]:
    slots, what = learner.config.slots, learner.config.what
    return {
        "presence": uniform(0, "check/presence", 0, (COUNT, slots)),
        "where": normal(0, "check/where", 0, (COUNT, slots, WHERE)),
        "what": normal(0, "check/what", 0, (COUNT, slots, what)),
    }


def _inferred(learner: AirLearner) -> dict[str, Any]:
    images = learner.pixels(ops.convert_to_tensor(random_images(learner)))
    found: dict[str, Any] = learner.network(images, _drawn(learner))
    return found


def _array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))
