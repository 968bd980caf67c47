"""The network that infers solids from a picture (Eslami et al., 2016, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.models.air.config import POSE, SHAPES
from genkit.models.air.latents import positive
from genkit.models.air.network import asked_logits
from genkit.models.air.slots import ImageFeatures, Prediction, SlotLSTM
from genkit.rendering.camera import View
from genkit.rendering.gradient import rendered

LATENTS = 1 + SHAPES + POSE


@keras.saving.register_keras_serializable(package="genkit")
class SolidsNetwork(keras.Model):
    """Takes a picture apart into solids: presence, shape, and a pose that depends on the shape.

    Args:
        sizes: of the recipe's section `slots`, `maps`, `image`, `lstm`, `predict`,
            `where_deviation`; and of its `renderer` `place_deviation`, `turn_deviation`, `camera`.
        shape: (H, W, C) of pictures.
        camera_deviation: prior of the camera's turn in radians.
        prior: kind of the prior of presence, as of `AIR`.

    Input: pixels from 0 to 1, `(B, H, W, C)`; `drawn`, what chance decides, or None for the most
    probable. Output: a mapping, see `call`.
    """

    def __init__(
        self,
        *,
        sizes: Mapping[str, Any],
        shape: tuple[int, int, int],
        camera_deviation: float = 0.0,
        prior: str = "anneal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes, self.shape = dict(sizes), tuple(shape)
        self.camera_deviation, self.prior = camera_deviation, prior
        self.slots = sizes["slots"]
        same = {"dtype": self.dtype_policy}
        self.image = ImageFeatures(sizes["maps"], sizes["image"], name="image", **same)
        self.memory = SlotLSTM(sizes["lstm"], LATENTS, name="memory", **same)
        outputs = 1 + SHAPES + 2 * SHAPES * POSE
        self.solid = Prediction(sizes["predict"], outputs, name="solid", **same)
        self.camera: Any = None
        if sizes["camera"]:
            self.camera = keras.layers.Dense(2, name="camera", **same)

    def build(self, input_shape: Any) -> None:
        self.image.build((None, *self.shape))
        self.memory.build((None, self.image.features))
        self.solid.build((None, self.sizes["lstm"]))
        if self.camera is not None:
            self.camera.build((None, self.image.features))
        if self.prior == "learned":
            self.prior_logits = self.add_weight(
                shape=(self.slots,), initializer="zeros", name="prior_logits"
            )
        self.built = True

    def call(self, images: Any, drawn: Any = None) -> dict[str, Any]:
        """What is inferred of pictures.

        Args:
            images: `(B, H, W, C)` from 0 to 1.
            drawn: `presence` and `shape` `(B, N)` uniform, `pose` `(B, N, 3)` and `azimuth` `(B,)`
                standard normal numbers; None for means and the most probable.

        Returns:
            `presence_logits`, `presence`, `alive` `(B, N)`; `shape_logits` `(B, N, 3)` and `shape`
            `(B, N)` int; of the chosen shape `pose_mean`, `pose_deviation`, `pose` `(B, N, 3)` in
            units of the prior; and `azimuth_mean`, `azimuth_deviation`, `azimuth` `(B,)` in units
            of its prior, zeros without a camera to be inferred.
        """
        features = self.image(ops.cast(images, self.compute_dtype))
        seen, state = self.memory.seen(features), self.memory.start(features)
        before = ops.zeros((ops.shape(features)[0], LATENTS), dtype=self.compute_dtype)
        alive = ops.ones_like(before[:, 0])
        slots: list[dict[str, Any]] = []
        for slot in range(self.slots):
            state = self.memory(seen, before, state)
            noise = None if drawn is None else {
                name: drawn[name][:, slot] for name in ("presence", "shape", "pose")
            }  # fmt: skip
            found = self._one(state[0], noise)
            alive = alive * found["presence"]
            chosen = ops.one_hot(found["shape"], SHAPES, dtype=alive.dtype)
            parts = [found["presence"][:, None], chosen, found["pose"]]
            before = ops.concatenate(parts, axis=-1) * alive[:, None]
            slots.append({**found, "alive": alive})
        stacked = {name: ops.stack([one[name] for one in slots], axis=1) for name in slots[0]}
        return {**stacked, **self._turned(features, drawn)}

    def _one(self, output: Any, noise: Any) -> dict[str, Any]:
        found = self.solid(output)
        logits, shapes = asked_logits(found[:, 0], self.prior), found[:, 1 : 1 + SHAPES]
        poses = ops.reshape(found[:, 1 + SHAPES :], (-1, SHAPES, 2 * POSE))
        chances = ops.softmax(shapes)
        if noise is None:
            presence = ops.cast(logits > 0.0, logits.dtype)
            shape = ops.argmax(shapes, axis=-1)
        else:
            presence = ops.cast(noise["presence"] < ops.sigmoid(logits), logits.dtype)
            first, second = chances[:, 0], chances[:, 0] + chances[:, 1]
            shape = ops.cast(noise["shape"] >= first, "int32")
            shape = shape + ops.cast(noise["shape"] >= second, "int32")
        shape = ops.cast(shape, "int32")
        chosen = ops.one_hot(shape, SHAPES, dtype=poses.dtype)[..., None]
        pose = ops.sum(poses * chosen, axis=1)
        mean = pose[:, :POSE]
        deviation = positive(pose[:, POSE:], self.sizes["where_deviation"])
        return {
            "presence_logits": logits,
            "presence": presence,
            "shape_logits": shapes,
            "shape": shape,
            "pose_mean": mean,
            "pose_deviation": deviation,
            "pose": mean if noise is None else mean + deviation * noise["pose"],
        }

    def labelled(self, images: Any, shape: Any) -> dict[str, Any]:
        """What the first slot says when the shape `(B,)` is known: `shape_nats` `(B,)`, minus its
        log-probability, and its `pose_mean` `(B, 3)`."""
        features = self.image(ops.cast(images, self.compute_dtype))
        before = ops.zeros((ops.shape(features)[0], LATENTS), dtype=self.compute_dtype)
        output, _ = self.memory(self.memory.seen(features), before, self.memory.start(features))
        found = self.solid(output)
        chosen = ops.one_hot(shape, SHAPES, dtype=found.dtype)
        nats = -ops.sum(chosen * ops.log_softmax(found[:, 1 : 1 + SHAPES]), axis=-1)
        poses = ops.reshape(found[:, 1 + SHAPES :], (-1, SHAPES, 2 * POSE))
        pose = ops.sum(poses[..., :POSE] * chosen[..., None], axis=1)
        # Where presence is asked at all, an evaluation reads it.
        doubt = ops.softplus(-asked_logits(found[:, 0], self.prior))
        return {"shape_nats": nats + doubt, "pose_mean": pose}

    def _turned(self, features: Any, drawn: Any) -> dict[str, Any]:
        if self.camera is None:
            nothing = ops.zeros_like(features[:, 0])
            names = ("azimuth_mean", "azimuth_deviation", "azimuth")
            return dict.fromkeys(names, nothing)
        found = self.camera(features)
        mean = found[:, 0]
        deviation = positive(found[:, 1], self.sizes["where_deviation"])
        azimuth = mean if drawn is None else mean + deviation * drawn["azimuth"]
        return {"azimuth_mean": mean, "azimuth_deviation": deviation, "azimuth": azimuth}

    @property
    def deviations(self) -> np.ndarray:
        """`(3,)` float32 of the prior: x, y and turn in radians."""
        place, turn = self.sizes["place_deviation"], self.sizes["turn_deviation"]
        return np.array([place, place, turn], np.float32)

    def poses(self, pose: Any) -> Any:
        """x, y and turn (radians) of what is in units of the prior, `(..., 3)`."""
        return pose * ops.convert_to_tensor(self.deviations)

    def picture(self, view: View, found: Mapping[str, Any]) -> Any:
        """`(B, H, W, 1)` of what was inferred, with gradients by finite differences."""
        azimuth = found["azimuth"] * self.camera_deviation
        poses = self.poses(found["pose"])
        return rendered(view, found["shape"], poses, ops.stop_gradient(found["alive"]), azimuth)

    def get_config(self) -> dict[str, Any]:
        own = {
            "sizes": self.sizes,
            "shape": self.shape,
            "camera_deviation": self.camera_deviation,
            "prior": self.prior,
        }
        return {**super().get_config(), **own}


def build_network(recipe: Any) -> SolidsNetwork:
    """The built network of a recipe."""
    config, shape = recipe.model, recipe.data.image_shape()
    sizes = config.model_dump(
        mode="json", include={"slots", "maps", "image", "lstm", "predict", "where_deviation"}
    )
    sizes |= config.renderer.model_dump(
        mode="json", include={"place_deviation", "turn_deviation", "camera"}
    )
    network = SolidsNetwork(
        sizes=sizes,
        shape=shape,
        # That of the even distribution that the camera is drawn from.
        camera_deviation=float(np.deg2rad(recipe.data.turn) / 3**0.5),
        prior=config.presence.name,
        name="solids",
    )
    network.build((None, *shape))
    return network
