"""To change what is seen: pixel control, and its comparison, which only foretells the change."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import change_of_cells, control_loss, summed, unknown_change
from genkit.rl.heads.maps import MapValues, chosen, over_time


class PixelControl(Head):
    """Values of changing each cell of the picture, by n-step Q-learning on replayed stretches
    (Jaderberg et al., 2017, arXiv:1611.05397, section 3.1). What the stretch ends with is valued
    by the state that it was unrolled to.

    Args:
        settings: `pixel_control`. network: whose features it is computed from.
    """

    name = "pixel-control"
    replays = True

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings = settings
        self.layer = cell_values(settings, network, "pixel_control")

    def networks(self) -> dict[str, keras.Layer]:
        return {"pixel_control": self.layer}

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience = learned.replayed
        if experience is None:
            raise ValueError("pixel control needs replayed experience")
        values = over_time(self.layer, learned.replay_unrolled.features)[..., 0, :]
        rewards = self._change(experience)
        best = ops.max(values, axis=-1)
        error, mean = control_loss(values, best, rewards, experience, self.settings.discount)
        figures = {"pixel_control_loss": error, "pixel_control_mean_return": mean}
        return self.settings.weight * error, {**figures, "pixel_change": ops.mean(rewards)}

    def _change(self, experience: Any) -> Any:
        image = experience["observation"]["image"]
        return change_of_cells(image, self.settings.cell, self.settings.crop)

    def shown(self, learned: Learned) -> dict[str, Any]:
        values = over_time(self.layer, learned.unrolled.features[:-1])[..., 0, :]
        change = self._change(learned.experience)
        return {"pixel-control": ops.max(values, axis=-1), "pixel-change": change}


class InputChange(Head):
    """The change of each cell by the action, foretold: pixel control without a future, which the
    paper compares it with (section 4.1).

    Args:
        settings: `input_change`. network: whose features it is computed from.
    """

    name = "input-change"
    replays = True

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings = settings
        self.layer = cell_values(settings, network, "input_change")

    def networks(self) -> dict[str, keras.Layer]:
        return {"input_change": self.layer}

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience = learned.replayed
        if experience is None:
            raise ValueError("foretelling the change of the input needs replayed experience")
        found, change = self._both(learned.replay_unrolled.features, experience)
        known = ops.cast(ops.logical_not(unknown_change(experience)), "float32")
        error = summed(ops.square(found - change) * known[..., None, None])
        return self.settings.weight * error, {"input_change_loss": error}

    def _both(self, features: Any, experience: Any) -> tuple[Any, Any]:
        """The change that is foretold for the actions that were taken, and the true one."""
        values = over_time(self.layer, features[:-1])[..., 0, :]
        image = experience["observation"]["image"]
        change = change_of_cells(image, self.settings.cell, self.settings.crop)
        return chosen(values, experience["action"]), change

    def shown(self, learned: Learned) -> dict[str, Any]:
        found, change = self._both(learned.unrolled.features, learned.experience)
        return {"input-change": change, "input-change-predicted": found}


def cell_values(settings: Any, network: Any, name: str) -> MapValues:
    """The built layer of values of cells of the picture that a network sees."""
    height, width, _ = network.observation["image"]
    grid = settings.grid(height, width)
    layer = MapValues(network.actions, grid, settings.width, name=name)
    layer.build((None, network.features_width))
    return layer
