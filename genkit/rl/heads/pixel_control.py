"""To change what is seen: pixel control, and its comparison, which only foretells the change."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rl.experience import Experience, over
from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import change_of_cells, control_loss, summed
from genkit.rl.heads.maps import MapValues, chosen, over_time


class _Cells(Head):
    """Has a number for each action and cell of the picture, on replayed stretches.

    Args:
        settings: section of the head. network: whose features it is computed from.
    """

    replays = True

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings = settings
        height, width, _ = network.observation["image"]
        grid = settings.grid(height, width)
        self.layer = MapValues(network.actions, grid, settings.width, name=self.key)
        self.layer.build((None, network.features_width))

    def values(self, features: Any) -> Any:
        """Of features `(T, B, n)`: `(T, B, rows, columns, A)`."""
        return over_time(self.layer, features)[..., 0, :]

    def change(self, experience: Experience) -> Any:
        """How much cells change by each action, `(T, B, rows, columns)`."""
        image = experience["observation"]["image"]
        return change_of_cells(image, self.settings.cell, self.settings.crop)


class PixelControl(_Cells):
    """Values of changing each cell of the picture, by n-step Q-learning on replayed stretches
    (Jaderberg et al., 2017, arXiv:1611.05397, section 3.1). What the stretch ends with is valued
    by the state that it was unrolled to.

    Args:
        settings: `pixel_control`. network: whose features it is computed from.
    """

    name = "pixel-control"

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience, unrolled = learned.again()
        values, rewards = self.values(unrolled.features), self.change(experience)
        best = ops.max(values, axis=-1)
        error, mean = control_loss(values, best, rewards, experience, self.settings.discount)
        figures = {"pixel_control_loss": error, "pixel_control_mean_return": mean}
        return self.settings.weight * error, {**figures, "pixel_change": ops.mean(rewards)}

    def shown(self, learned: Learned) -> dict[str, Any]:
        best = ops.max(self.values(learned.unrolled.features[:-1]), axis=-1)
        return {"pixel-control": best, "pixel-change": self.change(learned.experience)}


class InputChange(_Cells):
    """The change of each cell by the action, foretold: pixel control without a future, which the
    paper compares it with (section 4.1).

    Args:
        settings: `input_change`. network: whose features it is computed from.
    """

    name = "input-change"

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience, unrolled = learned.again()
        found, change = self._foretold(unrolled, experience), self.change(experience)
        # Behind the last step of an episode another one is seen.
        known = ops.cast(ops.logical_not(over(experience)), "float32")
        error = summed(ops.square(found - change) * known[..., None, None])
        return self.settings.weight * error, {"input_change_loss": error}

    def _foretold(self, unrolled: Any, experience: Experience) -> Any:
        """The change by the actions that were taken."""
        return chosen(self.values(unrolled.features[:-1]), experience["action"])

    def shown(self, learned: Learned) -> dict[str, Any]:
        found = self._foretold(learned.unrolled, learned.experience)
        return {"input-change": self.change(learned.experience), "input-change-predicted": found}
