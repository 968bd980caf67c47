"""The `model` section of a Nav A3C recipe. Light: no Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from genkit.models.agents.config import AgentsConfig, lstm_parameters, network_sizes
from genkit.rl.environments.section import Layout
from genkit.rl.heads.config import RewardPredictionConfig, reward_parameters
from genkit.rl.heads.navigation_config import (
    DepthConfig,
    LaterDepthConfig,
    LoopConfig,
    PositionConfig,
    depth_parameters,
    loop_parameters,
)

VELOCITY = 6  # numbers of a velocity
FORWARD = {"depth-1": "depth_1", "depth-2": "depth_2"}  # heads of depth, and their sections


def _navigating() -> list[str]:
    return ["depth-1", "depth-2", "loop-closure"]


class NavA3CConfig(AgentsConfig):
    """An agent that finds its way (Mirowski et al., 2017, arXiv:1611.03673).

    Args:
        lstm: units of the second LSTM, or of the only one; 0 for a feed-forward agent.
        stacked: units of the first LSTM, which is told the last reward; the second is told the
            velocity and the last action. 0 for a single LSTM, which is told what `previous` says.
        heads: which of them.
        depth_1, depth_2: depth, from frames and from what policy and value are computed from.
        loop_closure: whether the agent has been here before.
        reward_prediction: a comparison, as in UNREAL. position: is read off, and teaches nothing.
    """

    offered: ClassVar[tuple[str, ...]] = (
        "depth-1",
        "depth-2",
        "loop-closure",
        "reward-prediction",
        "value-replay",
        "position",
    )
    replaying: ClassVar[frozenset[str]] = frozenset({"reward-prediction", "value-replay"})

    lstm: Annotated[int, Field(ge=0, le=4096)] = 256
    stacked: Annotated[int, Field(ge=0, le=4096)] = 64
    unroll: Annotated[int, Field(ge=1, le=1_000)] = 50
    heads: list[str] = Field(default_factory=_navigating)
    depth_1: DepthConfig = DepthConfig()
    depth_2: DepthConfig = LaterDepthConfig()
    loop_closure: LoopConfig = LoopConfig()
    reward_prediction: RewardPredictionConfig = RewardPredictionConfig()
    position: PositionConfig = PositionConfig()

    def inputs(self) -> tuple[str, ...]:
        told = ("velocity",) if self.stacked else ()
        return tuple(dict.fromkeys((*self.sees, *told)))

    def targets(self) -> tuple[str, ...]:
        found = ["depth"] if set(FORWARD) & set(self.heads) else []
        if "loop-closure" in self.heads:
            found.append(self.loop_closure.source)
        if "position" in self.heads:
            found.append("position")
        return tuple(dict.fromkeys(found))

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        yield from super().conflicts(recipe)
        if self.stacked and not self.lstm:
            yield "model.stacked", "needs a second LSTM: set lstm, or stacked to 0"
        if self.stacked and self.previous:
            yield "model.previous", "must be []: stacked LSTMs are told both, each in its place"
        if "position" in self.heads and not recipe.data.has_rooms():
            yield "model.heads", "position needs a maze: the environment has no rooms"
        summed = "loop-closure" in self.heads and self.loop_closure.source == "velocity"
        if summed and self.action_repeat != 1:
            yield (
                "model.action_repeat",
                "must be 1 with loop_closure.source velocity, which is that of the last step",
            )

    def unfit_heads(self, layout: Layout) -> Iterator[tuple[str, str]]:
        if set(FORWARD) & set(self.heads) and len(layout["depth"]) != 2:
            yield "model.heads", f"depth must be (height, width). Received: {layout['depth']}"
        if "reward-prediction" in self.heads and not self.convolutions:
            yield "model.heads", "reward-prediction needs convolutions"

    def memory_sizes(self, frames: int, layout: Layout, actions: int) -> tuple[int, int]:
        if not self.stacked:
            return super().memory_sizes(frames, layout, actions)
        first = lstm_parameters(frames + 1, self.stacked)
        told = frames + self.stacked + VELOCITY + actions
        return first + lstm_parameters(told, self.lstm), self.lstm

    def head_parameters(self, layout: Layout, actions: int) -> int:
        """Those of the decoder of positions are not counted: rooms are known once it is built."""
        sizes, total = network_sizes(self, layout, actions), 0
        if "depth-1" in self.heads:
            total += depth_parameters(sizes.frames, self.depth_1)
        if "depth-2" in self.heads:
            total += depth_parameters(sizes.features, self.depth_2)
        if "loop-closure" in self.heads:
            total += loop_parameters(sizes.features, self.loop_closure)
        if "reward-prediction" in self.heads:
            total += reward_parameters(sizes.encoded, self.reward_prediction)
        return total
