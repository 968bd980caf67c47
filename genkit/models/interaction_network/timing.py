"""What `genkit bench` times of an interaction network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from genkit.data.physics.config import Cast
from genkit.data.physics.scenes import Scenes
from genkit.data.physics.simulate import advance
from genkit.family import Workload
from genkit.models.interaction_network.feed import told

if TYPE_CHECKING:
    from genkit.models.interaction_network.learner import InteractionNetworkLearner


def workloads(learner: InteractionNetworkLearner, tiles: Sequence[int]) -> list[Workload]:
    """A compiled chunk of a roll-out, and the same steps of the simulation, of each number of
    scenes. Energies are not rolled out."""
    if learner.config.task == "energy":
        return []
    found = []
    for tile in tiles:
        scenes, values = _scenes(learner, tile), tile * learner.chunk
        found.append(Workload("rollout", tile, values, _rollout(learner, scenes)))
        found.append(Workload("simulation", tile, values, _simulation(learner, scenes)))
    return found


def _scenes(learner: InteractionNetworkLearner, tile: int) -> Scenes:
    section = learner.section
    cast = Cast(section.object_count(), section.pins(), tile)
    return learner.dataset.system.draw(cast, "bench", range(tile), 0)


def _rollout(learner: InteractionNetworkLearner, scenes: Scenes) -> Callable[[], Any]:
    arrays, graph = told(scenes), scenes.graph
    return lambda: learner.roll(arrays, graph.senders, ~graph.static, learner.chunk)


def _simulation(learner: InteractionNetworkLearner, scenes: Scenes) -> Callable[[], Any]:
    def run() -> Scenes:
        now = scenes
        for _ in range(learner.chunk):
            now, _, _ = advance(learner.dataset.system, now)
        return now

    return run
