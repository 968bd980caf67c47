"""The `model` section of an UNREAL recipe. Light: no Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from genkit.models.agents.config import AgentsConfig, network_sizes, picture_shape
from genkit.rl.environments.section import Layout
from genkit.rl.heads.config import (
    FeatureControlConfig,
    InputChangeConfig,
    InputReconstructionConfig,
    PixelControlConfig,
    RewardPredictionConfig,
    map_parameters,
    reward_parameters,
)

PIXELS = ("pixel-control", "input-change", "input-reconstruction")
# Features are of convolutions, rewards are foretold from them: without, nothing would be shaped.
CONVOLVED = ("feature-control", "reward-prediction")


def _told() -> list[Literal["action", "reward"]]:
    return ["action", "reward"]


def _unreal() -> list[str]:
    return ["pixel-control", "reward-prediction", "value-replay"]


class UnrealConfig(AgentsConfig):
    """An actor-critic agent with auxiliary tasks (Jaderberg et al., 2017, arXiv:1611.05397).

    Args:
        heads: which of them; those of the paper's agent if nothing is said.
        pixel_control, feature_control, reward_prediction: heads.
        input_reconstruction, input_change: heads that the paper compares with.
    """

    offered: ClassVar[tuple[str, ...]] = (
        "pixel-control",
        "feature-control",
        "reward-prediction",
        "value-replay",
        "input-reconstruction",
        "input-change",
    )
    replaying: ClassVar[frozenset[str]] = frozenset(offered)

    lstm: Annotated[int, Field(ge=0, le=4096)] = 256
    previous: list[Literal["action", "reward"]] = Field(default_factory=_told)
    heads: list[str] = Field(default_factory=_unreal)
    pixel_control: PixelControlConfig = PixelControlConfig()
    feature_control: FeatureControlConfig = FeatureControlConfig()
    reward_prediction: RewardPredictionConfig = RewardPredictionConfig()
    input_reconstruction: InputReconstructionConfig = InputReconstructionConfig()
    input_change: InputChangeConfig = InputChangeConfig()

    def unfit_heads(self, layout: Layout) -> Iterator[tuple[str, str]]:
        for head in self.heads:
            if head in PIXELS and "image" not in self.sees:
                yield "model.heads", f"{head} needs a picture: let `sees` name image"
                return
            if head in CONVOLVED and not self.convolutions:
                yield "model.heads", f"{head} needs convolutions"
                return
        for name, cells in self._cells():
            try:
                cells.grid(*layout["image"][:2])
            except ValueError as error:
                yield f"model.{name}", str(error)

    def _cells(self) -> Iterator[tuple[str, PixelControlConfig | InputChangeConfig]]:
        """Sections of those heads that are about cells of the picture."""
        for name in ("pixel_control", "input_change"):
            if name.replace("_", "-") in self.heads:
                yield name, getattr(self, name)

    def head_parameters(self, layout: Layout, actions: int) -> int:
        sizes = network_sizes(self, layout, actions)
        total = 0
        for _, cells in self._cells():
            grid = cells.grid(*layout["image"][:2])
            total += map_parameters(sizes.features, grid, cells.width, 1 + actions)
        if "feature-control" in self.heads and sizes.maps is not None:
            rows, columns, units = sizes.maps
            width, maps = self.feature_control.width, units * (1 + actions)
            total += map_parameters(sizes.features, (rows, columns), width, maps)
        if "reward-prediction" in self.heads:
            total += reward_parameters(sizes.encoded, self.reward_prediction)
        if "input-reconstruction" in self.heads:
            total += self._decoder(layout, sizes.features)
        return total

    def _decoder(self, layout: Layout, features: int) -> int:
        """Trained parameters of the reconstruction of the input."""
        channels = layout["image"][2]
        seen = picture_shape(self.sees, layout)
        if not self.convolutions or seen is None:
            height, width, _ = layout["image"]
            return (features + 1) * height * width * channels
        size = network_sizes(self, layout, 1).maps or seen
        total = (features + 1) * size[0] * size[1] * size[2]
        before = [channels, *(one.filters for one in self.convolutions[:-1])]
        for one, maps in zip(self.convolutions, before, strict=True):
            total += (one.kernel**2 * one.filters + 1) * maps
        return total
