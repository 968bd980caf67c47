"""The functions f_R, f_O and f_A between objects and relations (Battaglia et al., 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.models.interaction_network.config import (
    PLANE,
    InteractionNetworkConfig,
    Shape,
)
from genkit.models.interaction_network.marshalling import (
    APPROACH,
    AWAY,
    GAP,
    PLACE,
    SPEED,
    flat_inputs,
    object_inputs,
    quantities,
    relation_inputs,
)

CHANGE, ENERGY = "change", "energy"  # what is predicted; they have scales as inputs have


@keras.saving.register_keras_serializable(package="genkit")
class Layers(keras.layers.Layer):
    """Dense layers with ReLU, the last one linear."""

    def __init__(self, inputs: int, widths: Sequence[int], outputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inputs, self.widths, self.outputs = inputs, list(widths), outputs
        self.hidden = [
            keras.layers.Dense(units, activation="relu", name=f"hidden_{i}")
            for i, units in enumerate(widths)
        ]
        self.last = keras.layers.Dense(outputs, name="last")

    def build(self, input_shape: Any = None) -> None:
        width = self.inputs
        for layer in (*self.hidden, self.last):
            layer.build((None, width))
            width = layer.units
        self.built = True

    def call(self, x: Any) -> Any:
        for layer in self.hidden:
            x = layer(x)
        return self.last(x)

    def get_config(self) -> dict[str, Any]:
        own = {"inputs": self.inputs, "widths": self.widths, "outputs": self.outputs}
        return {**super().get_config(), **own}


def scaled_widths(section: Any) -> dict[str, int]:
    """What is normalised, and how many numbers it has."""
    return {
        AWAY: PLANE,
        APPROACH: PLANE,
        PLACE: PLANE,
        SPEED: PLANE,
        GAP: 1,
        CHANGE: 1,
        ENERGY: 1,
        "attributes": len(section.attributes),
        "relations": len(section.relation_attributes),
        "effects": len(section.effects),
    }


@keras.saving.register_keras_serializable(package="genkit")
class InteractionNetwork(keras.Model):
    """What objects do next, or what energy is in their scene.

    Args:
        config: the recipe's `model` section. section: its `data` section, both checked.

    Input: see `marshalling.gathered`. Output: a mapping, see `call`.

    Its weights are those of the functions and, not trained, centre and scale of each quantity,
    which `normalise` sets: medians, and half the distance between the 5th and 95th percentiles.
    """

    def __init__(self, config: InteractionNetworkConfig, section: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.section = config, section
        shape = Shape(config, section)
        self.relation: Any = None
        self.object: Any = None
        self.abstract: Any = None
        self.flat: Any = None
        if config.kind == "mlp":
            self.flat = Layers(shape.flat, config.mlp, shape.flat_outputs, name="flat")
        else:
            self.object = Layers(shape.object, config.object, shape.outputs, name="object")
            if config.kind == "interaction":
                widths = shape.relation, config.relation, config.effect
                self.relation = Layers(*widths, name="relation")
            if config.task == "energy":
                widths = config.properties, config.abstract, 1
                self.abstract = Layers(*widths, name="abstract")
        self.centres: dict[str, Any] = {}
        self.scales: dict[str, Any] = {}

    @property
    def functions(self) -> list[Layers]:
        """Those that there are."""
        every = (self.relation, self.object, self.abstract, self.flat)
        return [layers for layers in every if layers is not None]

    def build(self, input_shape: Any = None) -> None:
        for layers in self.functions:
            layers.build()
        for name, width in scaled_widths(self.section).items():
            self.centres[name] = self.add_weight(
                shape=(width,), initializer="zeros", trainable=False, name=f"{name}_centre"
            )
            self.scales[name] = self.add_weight(
                shape=(width,), initializer="ones", trainable=False, name=f"{name}_scale"
            )
        self.built = True

    def normalise(self, found: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """Set centres and scales, by name."""
        for name, (centre, scale) in found.items():
            self.centres[name].assign(np.asarray(centre, np.float32).reshape(-1))
            self.scales[name].assign(np.asarray(scale, np.float32).reshape(-1))

    def scale(self, name: str, values: Any) -> Any:
        """A quantity about 0, most of it between -1 and 1."""
        return (values - self.centres[name]) / self.scales[name]

    def call(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What follows from what receivers are told.

        Returns:
            `velocity` `(..., 2)` one step later, and what is learned of it, `change` `(..., 2)` in
            its scale; or `energy` `(B,)` joules and `level` `(B,)` in its scale. `effects`
            `(..., K, E)` of an interaction network, zero where there is no relation.
        """
        seen = quantities(told, self.config, self.section)
        if self.flat is not None:
            return self._flat(told, seen)
        found: dict[str, Any] = {}
        received = None
        if self.relation is not None:
            inputs = relation_inputs(told, seen, self.config, self.scale)
            found["effects"] = self.relation(inputs) * told["mask"][..., None]
            received = ops.sum(found["effects"], axis=-2)
        out = self.object(object_inputs(told, self.config, self.scale, received))
        if self.abstract is None:
            return {**found, **self._moved(told, out)}
        level = self.abstract(ops.sum(out, axis=-2))[..., 0]
        return {**found, **self._energy(level)}

    def _flat(self, told: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
        out = self.flat(flat_inputs(told, seen, self.scale))
        if self.config.task == "energy":
            return self._energy(out[..., 0])
        return self._moved(told, ops.reshape(out, ops.shape(told["velocity"])))

    def _moved(self, told: Mapping[str, Any], out: Any) -> dict[str, Any]:
        if self.config.predict == "velocity":
            velocity = out * self.scales[SPEED] + self.centres[SPEED]
        else:
            velocity = told["velocity"] + out * self.scales[CHANGE]
        return {"velocity": velocity, "out": out}

    def _energy(self, level: Any) -> dict[str, Any]:
        return {"energy": level * self.scales[ENERGY] + self.centres[ENERGY], "level": level}

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("an interaction network is built from a recipe")


def build_network(recipe: Any) -> InteractionNetwork:
    """The built network of a recipe."""
    network = InteractionNetwork(recipe.model, recipe.data, name="interaction_network")
    network.build()
    return network
