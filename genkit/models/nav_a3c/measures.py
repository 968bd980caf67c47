"""What an evaluation tells of an agent that finds its way: latency, loops, positions, paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts.panels import AUXILIARY
from genkit.rl.experience import Experience, host
from genkit.rl.heads.loop_closure import LoopClosure
from genkit.rl.heads.position import PositionDecoder
from genkit.rl.navigation.figures import (
    paths,
    trajectory_figure,
    value_map_figure,
    value_time_figure,
)
from genkit.rl.navigation.latency import latency
from genkit.rl.navigation.loop_scores import loop_scores
from genkit.rl.navigation.scripted import scripted_returns

if TYPE_CHECKING:
    from genkit.artifacts import Figure
    from genkit.models.nav_a3c.learner import NavA3CLearner

WALKS, SEED = 10, 0  # episodes of the shortest path


class Measures:
    """See `Recorder`. Whole episodes are kept, without pictures.

    Args:
        learner: whose heads are asked.
    """

    def __init__(self, learner: NavA3CLearner) -> None:
        self.learner = learner
        heads = {head.name: head for head in learner.heads}
        self.loop: Any = heads.get(LoopClosure.name)
        self.position: Any = heads.get(PositionDecoder.name)
        self.chunks: dict[int, list[dict[str, np.ndarray]]] = {}
        self._told = backend.compile(self._telling, learner.network_variables())

    def measure(self, experience: Experience) -> Mapping[str, np.ndarray]:
        """Positions, and what heads tell, `(T, B, ...)`."""
        found = {"position": host(experience["observation"]["position"])[:-1]}
        if self.loop is not None or self.position is not None:
            told = self._told(self.learner.needed(experience))
            found |= {name: host(x) for name, x in told.items()}
        return found

    def _telling(self, experience: Experience) -> dict[str, Any]:
        features = self.learner.unrolled(experience).features[:-1]
        found: dict[str, Any] = {}
        if self.loop is not None:
            found["loop"] = ops.sigmoid(self.loop.logits(features))
            found["loop_label"] = experience["loop"]
        if self.position is not None:
            said = ops.argmax(self.position.logits(features), axis=-1)
            place = experience["observation"]["position"][:-1]
            found["at"] = ops.equal(ops.cast(said, "int32"), self.position.rooms.of(place))
        return found

    def add(self, rows: slice, extras: Mapping[str, np.ndarray]) -> None:
        """The next steps of these episodes."""
        names = ("reward", "values", "counts", "failed")
        own = {name: extras[name] for name in names}
        own |= {n.removeprefix(AUXILIARY): x for n, x in extras.items() if n.startswith(AUXILIARY)}
        self.chunks.setdefault(rows.start, []).append(own)

    def finish(self) -> tuple[dict[str, float], Sequence[Figure]]:
        """Latency, F1 of loops, share of positions that were told right, and what the shortest path
        earns, in the place of a human."""
        episodes = self._episodes()
        inside = episodes["counts"]
        section = self.learner.section
        goal = section.goal_reward()
        found: dict[str, float] = {}
        if goal is not None:
            times = latency(episodes["reward"], inside.sum(axis=1), goal)
            speed = section.steps_per_second()
            repeat = self.learner.config.action_repeat
            found |= times.metrics(None if speed is None else speed / repeat)
            returns, _, _ = scripted_returns(section, WALKS, SEED, repeat)
            found["shortest_path_mean_return"] = float(returns.mean())
        if self.loop is not None:
            found |= loop_scores(episodes["loop"], episodes["loop_label"], inside)
        if self.position is not None:
            found["position_percent"] = 100 * float(episodes["at"][inside].mean())
        return found, self._figures(episodes)

    def _episodes(self) -> dict[str, np.ndarray]:
        """Whole episodes `(N, T, ...)`, those that were lost left out."""
        tiles = [
            {name: np.concatenate([c[name] for c in chunks], axis=1) for name in chunks[0]}
            for _, chunks in sorted(self.chunks.items())
        ]
        longest = max(tile["counts"].shape[1] for tile in tiles)
        whole = {
            name: np.concatenate([_padded(tile[name], longest) for tile in tiles])
            for name in tiles[0]
        }
        kept = ~whole.pop("failed").any(axis=1)
        return {name: x[kept] for name, x in whole.items()}

    def _figures(self, episodes: Mapping[str, np.ndarray]) -> Sequence[Figure]:
        section, goal = self.learner.section, self.learner.section.goal_reward()
        if goal is None:
            return ()
        length = episodes["counts"].sum(axis=1)
        shown = paths(
            section.maze_maps(),
            episodes["position"],
            episodes["reward"],
            length,
            episodes["values"],
            goal,
        )
        return [draw(shown) for draw in (trajectory_figure, value_map_figure, value_time_figure)]


def _padded(array: np.ndarray, length: int) -> np.ndarray:
    """Of `(N, T, ...)` with zeros to this length."""
    missing = [(0, 0), (0, length - array.shape[1]), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, missing)
