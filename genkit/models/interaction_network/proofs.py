"""What `genkit check` proves of an interaction network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from genkit.conformance.weights import random_weights
from genkit.data.physics.config import Cast
from genkit.data.physics.graph import Graph
from genkit.data.physics.scenes import Scenes
from genkit.family import Check
from genkit.models.interaction_network.feed import receivers, told

if TYPE_CHECKING:
    from genkit.models.interaction_network.learner import InteractionNetworkLearner

DRAW = 0  # of random weights
SCENES = 3
STEPS = 7
EXACT = 0.0
ROUNDING = 1e-4  # of numbers about 1


def checks(learner: InteractionNetworkLearner) -> Iterable[Check]:
    """Each fits the network's kind and task."""
    if learner.config.kind != "mlp":
        yield Check("objects in another order", ROUNDING, lambda: _under(learner, permuted))
    if learner.config.kind == "interaction":
        yield Check("effects without a relation", EXACT, lambda: _under(learner, absent))
    if learner.config.task == "velocity":
        if not learner.config.whole:
            yield Check("objects alone and in scenes", ROUNDING, lambda: _under(learner, alone))
        yield Check("roll-out and single steps", ROUNDING, lambda: _under(learner, rolled))
        if learner.dataset.graph("train").static.any():
            yield Check("fixed objects that move", EXACT, lambda: _under(learner, fixed))


def _under(learner: InteractionNetworkLearner, measure: object) -> float:
    # Fresh weights have zero biases, and fresh scales are 1, which hides what is left out.
    chosen = [*learner.network.trainable_variables]
    with random_weights(chosen, DRAW):
        found: float = measure(learner)  # type: ignore[operator]
    return found


def drawn(learner: InteractionNetworkLearner) -> Scenes:
    """A few scenes of the size that training shows."""
    section = learner.section
    cast = Cast(section.object_count(), section.pins(), SCENES)
    return learner.dataset.system.draw(cast, "check", range(SCENES), DRAW)


def permuted(learner: InteractionNetworkLearner) -> float:
    """Largest difference once objects have other numbers, in the scale of what is predicted."""
    scenes = drawn(learner)
    count = len(scenes.graph)
    order = np.roll(np.arange(count), 1)  # new number i was order[i]
    where = np.argsort(order)
    graph = scenes.graph
    mask = graph.mask[order]
    senders = np.where(mask > 0, where[graph.senders[order]], 0).astype(np.int32)
    other = Scenes(
        Graph(senders, mask, graph.static[order]),
        *(
            getattr(scenes, name)[:, order]
            for name in ("attributes", "relations", "effects", "position", "velocity")
        ),
    )
    first = learner.predict(told(scenes), graph.senders)
    second = learner.predict(told(other), senders)
    if "energy" in first:
        return _gap(first["level"], second["level"])
    return _gap(first["out"][:, order], second["out"])


def absent(learner: InteractionNetworkLearner) -> float:
    """Largest effect where there is no relation; one is taken out of each scene."""
    scenes = drawn(learner)
    arrays = told(scenes)
    arrays["mask"] = arrays["mask"].copy()
    arrays["mask"][:, 0, 0] = 0.0
    found = learner.predict(arrays, scenes.graph.senders)["effects"]
    return float(np.abs(found * (1 - arrays["mask"])[..., None]).max())


def alone(learner: InteractionNetworkLearner) -> float:
    """Largest difference between predictions of single objects and of whole scenes."""
    split = learner.split("validation")
    scene = np.arange(len(split))
    graph, moving = split.scenes.graph, split.scenes.graph.moving
    together = learner.predict(told(split.state(0)), graph.senders)["out"]
    worst = 0.0
    for number in moving:
        own = receivers(split, scene, 0 * scene, np.full_like(scene, number))
        tensors = {name: ops.convert_to_tensor(x) for name, x in own.items()}
        found = np.asarray(ops.convert_to_numpy(learner.network(tensors)["out"]))
        worst = max(worst, _gap(found, together[:, number]))
    return worst


def rolled(learner: InteractionNetworkLearner) -> float:
    """Largest difference of positions between a compiled roll-out and a loop over single steps, in
    parts of how far objects get."""
    scenes = drawn(learner)
    graph, arrays = scenes.graph, told(scenes)
    place, _ = learner.roll(arrays, graph.senders, ~graph.static, STEPS)
    position, velocity = arrays["position"], arrays["velocity"]
    worst, moved = 0.0, 1e-12
    for step in range(1, STEPS + 1):
        now = {**arrays, "position": position, "velocity": velocity}
        velocity = learner.predict(now, graph.senders)["velocity"] * ~graph.static[None, :, None]
        position = position + np.float32(learner.section.dt) * velocity
        worst = max(worst, float(np.abs(position - place[:, step]).max()))
        moved = max(moved, float(np.abs(position - arrays["position"]).max()))
    return worst / moved


def fixed(learner: InteractionNetworkLearner) -> float:
    """Largest movement of an object that is fixed."""
    scenes = drawn(learner)
    graph = scenes.graph
    place, speed = learner.roll(told(scenes), graph.senders, ~graph.static, STEPS)
    still = graph.static
    moved = np.abs(place[:, :, still] - place[:, :1, still]).max()
    return float(moved + np.abs(speed[:, 1:, still]).max())


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / max(1.0, float(np.abs(a).max())))
