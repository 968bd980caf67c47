"""Less memory for more computation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def rematerialised(block: Any) -> Callable[..., Any]:
    """`block`, a function of arrays some of which may be None, whose activations are computed
    again in the backward pass."""

    def run(*inputs: Any) -> Any:
        # On TensorFlow `keras.remat` takes tensors only, so what is None stays outside.
        given = [i for i, one in enumerate(inputs) if one is not None]

        def call(*tensors: Any) -> Any:
            every: list[Any] = [None] * len(inputs)
            for i, tensor in zip(given, tensors, strict=True):
                every[i] = tensor
            return block(*every)

        return keras.remat(call)(*(inputs[i] for i in given))

    return run
