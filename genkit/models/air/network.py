"""The network of Attend, Infer, Repeat (Eslami et al., 2016, arXiv:1603.08575)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from genkit.layers.windows import cut_windows, draw_windows
from genkit.models.air.config import CERTAIN, WHERE
from genkit.models.air.latents import positive, relaxed_bernoulli
from genkit.models.air.slots import ImageFeatures, Prediction, SlotLSTM

LEAST_ZOOM = 0.5  # no box is larger than twice the canvas
LOOKS_DEVIATION = 1.0  # of looks as they are first inferred


@keras.saving.register_keras_serializable(package="genkit")
class AIR(keras.Model):
    """Takes an image apart into things, one after the other, and draws it from them.

    Each slot says whether there is a further thing (presence), where it is, and, of what its box
    shows, how it looks. Slots are fixed and masked: shapes never depend on the count.

    Args:
        sizes: the recipe's section but for what is not of the network: `variant`, `slots`, `maps`,
            `image`, `lstm`, `predict`, `hidden`, `what`, `window`, `dark`, `zoom`,
            `zoom_deviation`, `shift_deviation`, `where_deviation`; see there.
        shape: (H, W, C) of images.
        prior: kind of the prior of presence: `learned` makes its log-odds a weight; with `certain`
            presence is not asked.

    Input: pixels from 0 to 1, `(B, H, W, C)`; `drawn`, what chance decides, or None for the most
    probable; `temperature`, `(B, 1)`, for relaxed presence, or None for 0 and 1. Output: a mapping,
    see `call`.
    """

    def __init__(
        self,
        *,
        sizes: Mapping[str, Any],
        shape: tuple[int, int, int],
        prior: str = "anneal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes, self.shape, self.prior = dict(sizes), tuple(shape), prior
        self.slots, self.what, self.window = sizes["slots"], sizes["what"], sizes["window"]
        self.latents = 1 + WHERE + self.what
        same = {"dtype": self.dtype_policy}
        dense = keras.layers.Dense
        patch = self.window**2 * self.shape[2]
        dark = keras.initializers.Constant(sizes["dark"])
        self.image = ImageFeatures(sizes["maps"], sizes["image"], name="image", **same)
        self.memory = SlotLSTM(sizes["lstm"], self.latents, name="memory", **same)
        self.place = Prediction(sizes["predict"], 1 + 2 * WHERE, name="place", **same)
        self.glimpse = dense(sizes["hidden"], activation="relu", name="glimpse", **same)
        self.looks = dense(2 * self.what, name="looks", **same)
        self.stroke = dense(sizes["hidden"], activation="relu", name="stroke", **same)
        self.patch = dense(patch, bias_initializer=dark, name="patch", **same)

    def build(self, input_shape: Any) -> None:
        patch = self.window**2 * self.shape[2]
        self.image.build((None, *self.shape))
        self.memory.build((None, self.image.features))
        self.place.build((None, self.sizes["lstm"]))
        self.glimpse.build((None, patch))
        self.looks.build((None, self.sizes["hidden"]))
        self.stroke.build((None, self.what))
        self.patch.build((None, self.sizes["hidden"]))
        if self.prior == "learned":
            self.prior_logits = self.add_weight(
                shape=(self.slots,), initializer="zeros", name="prior_logits"
            )
        self.built = True

    def call(self, images: Any, drawn: Any = None, temperature: Any = None) -> dict[str, Any]:
        """What is inferred of images.

        Args:
            images: `(B, H, W, C)` from 0 to 1.
            drawn: `presence` `(B, N)` uniform, `where` `(B, N, 3)` and `what` `(B, N, K)` standard
                normal numbers; None for means, and presence where its probability is above a half.
            temperature: `(B, 1)` of relaxed presence; None for 0 or 1.

        Returns:
            `presence_logits`, `presence` `(B, N)`; `alive` `(B, N)`, the product of presences so
            far; `where_mean`, `where_deviation`, `where` `(B, N, 3)`, in units of the prior;
            `what_mean`, `what_deviation`, `what` `(B, N, K)`; `box` `(B, N, 4)` centre down, centre
            across, height and width in pixels; `canvases` `(B, N, H, W, C)`, the sum of what is
            drawn up to each step; `canvas` `(B, H, W, C)`, that of all.
        """
        images = ops.cast(images, self.compute_dtype)
        canvas = ops.zeros_like(images)
        seen = None
        state = self.memory.start(images)
        before = ops.zeros((ops.shape(images)[0], self.latents), dtype=self.compute_dtype)
        alive = ops.ones_like(before[:, 0])
        slots: list[dict[str, Any]] = []
        for slot in range(self.slots):
            if seen is None or self.sizes["variant"] == "dair":
                seen = self.memory.seen(self.image(images - canvas))
            state = self.memory(seen, before, state)
            noise = None if drawn is None else {name: x[:, slot] for name, x in drawn.items()}
            found = self._thing(images, state[0], noise, temperature)
            alive = alive * found["presence"]
            before = self._latents(found, alive)
            picture = draw_windows(self.patches(found["what"]), found["box"], *self.shape[:2])
            canvas = canvas + alive[:, None, None, None] * picture
            slots.append({**found, "alive": alive, "canvases": canvas})
        stacked = {name: ops.stack([one[name] for one in slots], axis=1) for name in slots[0]}
        return {**stacked, "canvas": canvas}

    def _latents(self, found: Mapping[str, Any], alive: Any) -> Any:
        """What the next step is told of this one; nothing of what is not there."""
        own = ops.concatenate([found["presence"][:, None], found["where"], found["what"]], axis=-1)
        return own * alive[:, None]

    def things(self, found: Mapping[str, Any]) -> Any:
        """`(B, N, latents)`: what steps were told of the things before them."""
        own = [found["presence"][..., None], found["where"], found["what"]]
        return ops.concatenate(own, axis=-1) * found["alive"][..., None]

    def _thing(self, images: Any, output: Any, noise: Any, temperature: Any) -> dict[str, Any]:
        place = self.place(output)
        logits = asked_logits(place[:, 0], self.prior)
        mean, raw = place[:, 1 : 1 + WHERE], place[:, 1 + WHERE :]
        deviation = positive(raw, self.sizes["where_deviation"])
        if noise is None:
            presence = ops.cast(logits > 0.0, logits.dtype)
        elif temperature is None:
            presence = ops.cast(noise["presence"] < ops.sigmoid(logits), logits.dtype)
        else:
            presence = relaxed_bernoulli(logits, noise["presence"], temperature[:, 0])
        where = mean if noise is None else mean + deviation * noise["where"]
        box = self.boxes(where)
        glimpse = cut_windows(images, box, self.window)
        looks = self.looks(self.glimpse(ops.reshape(glimpse, (ops.shape(glimpse)[0], -1))))
        what_mean, what_raw = looks[:, : self.what], looks[:, self.what :]
        what_deviation = positive(what_raw, LOOKS_DEVIATION)
        what = what_mean if noise is None else what_mean + what_deviation * noise["what"]
        return {
            "presence_logits": logits,
            "presence": presence,
            "where_mean": mean,
            "where_deviation": deviation,
            "where": where,
            "what_mean": what_mean,
            "what_deviation": what_deviation,
            "what": what,
            "box": box,
        }

    def boxes(self, where: Any) -> Any:
        """`(..., 4)` centre down, centre across, height, width in pixels of `(..., 3)`."""
        height, width, _ = self.shape
        zoom = self.sizes["zoom"] + self.sizes["zoom_deviation"] * where[..., 0]
        zoom = ops.maximum(zoom, LEAST_ZOOM)
        shift = 1.0 + self.sizes["shift_deviation"] * where[..., 1:]
        down, across = 0.5 * height * shift[..., 0], 0.5 * width * shift[..., 1]
        return ops.stack([down, across, height / zoom, width / zoom], axis=-1)

    def patches(self, what: Any) -> Any:
        """How things look, `(B, window, window, C)` from 0 to 1, of `(B, K)`."""
        found = ops.sigmoid(self.patch(self.stroke(what)))
        return ops.reshape(found, (ops.shape(what)[0], self.window, self.window, self.shape[2]))

    def draw(self, where: Any, what: Any, alive: Any) -> Any:
        """The canvas `(B, H, W, C)` of things: `where` `(B, N, 3)`, `what` `(B, N, K)`, and `alive`
        `(B, N)`, how much there is of each."""
        canvas: Any = 0.0
        boxes = self.boxes(where)
        for slot in range(self.slots):
            patches = self.patches(what[:, slot])
            picture = draw_windows(patches, boxes[:, slot], *self.shape[:2])
            canvas = canvas + alive[:, slot, None, None, None] * picture
        return canvas

    def get_config(self) -> dict[str, Any]:
        own = {"sizes": self.sizes, "shape": self.shape, "prior": self.prior}
        return {**super().get_config(), **own}


def asked_logits(logits: Any, prior: str) -> Any:
    """Log-odds of presence; where it is certain, some that leave no doubt."""
    return 0.0 * logits + CERTAIN if prior == "certain" else logits


_TRAINING_ONLY = {
    "estimator", "noise", "presence", "temperature", "baseline", "baseline_hidden",
    "baseline_rate", "normalise", "renderer", "greed",
}  # fmt: skip


def build_network(recipe: Any) -> AIR:
    """The built network of a recipe."""
    config = recipe.model
    shape = recipe.data.image_shape()
    network = AIR(
        sizes=config.model_dump(mode="json", exclude=_TRAINING_ONLY),
        shape=shape,
        prior=config.presence.name,
        name="air",
    )
    network.build((None, *shape))
    return network
