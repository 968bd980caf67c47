"""Numbers from features: a hidden layer and a linear one."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="genkit")
class Perceptron(keras.Layer):
    """A hidden layer and a linear one, which begins with zeros: all classes are as likely.

    Args:
        hidden: units. outputs: numbers.

    Input: `(N, n)`. Output: `(N, outputs)`.
    """

    def __init__(self, hidden: int, outputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden, self.outputs = hidden, outputs
        self.inner = keras.layers.Dense(hidden, activation="relu", name="hidden")
        self.outer = keras.layers.Dense(outputs, kernel_initializer="zeros", name="logits")

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        self.outer.build((None, self.hidden))
        self.built = True

    def call(self, features: Any) -> Any:
        return self.outer(self.inner(features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden": self.hidden, "outputs": self.outputs}
