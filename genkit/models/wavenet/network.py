"""The WaveNet (van den Oord et al., 2016, arXiv:1609.03499)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from genkit.layers.dilated import DilatedCausalStack
from genkit.layers.dilation import receptive_field
from genkit.layers.embedding import CausalEmbedding
from genkit.sampling.decoding import logits_type


@keras.saving.register_keras_serializable(package="genkit")
class WaveNet(keras.Model):
    """Density of a sequence of codes, one after the other.

    Args:
        levels: number of codes, such as 256 of the mu-law. input_kernel: taps of the causal
            convolution of the codes.
        residual, gated, skip, head: channels R, D, S and H. gated is R if not given.
        dilations: one a layer. kernel: 2 or 3 taps a layer.
        vector, local: widths of the global and the local condition, 0 for none.

    Input: codes `(B, T)`, integers, or one-hot `(B, T, levels)`; a vector `(B, vector)` and a
    local condition `(B, T, local)`, or None.
    Output: logits `(B, T, levels)`; those of time step t are of code t, given the codes before.
    """

    def __init__(
        self,
        *,
        levels: int,
        residual: int,
        skip: int,
        head: int,
        dilations: Sequence[int],
        kernel: int = 2,
        input_kernel: int = 1,
        gated: int | None = None,
        vector: int = 0,
        local: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.levels, self.head_width, self.input_kernel = levels, head, input_kernel
        same = {"dtype": self.dtype_policy}
        self.embedding = CausalEmbedding(levels, residual, input_kernel, name="embedding", **same)
        self.stack = DilatedCausalStack(
            residual, skip, dilations, kernel, gated, vector, local, name="stack", **same
        )
        self.hidden = keras.layers.Dense(head, name="hidden", **same)
        self.logits_map = keras.layers.Dense(levels, name="logits", **same)

    def build(self, input_shape: Any, *conditions: Any) -> None:
        batch, steps = tuple(input_shape)[:2]
        self.embedding.build((batch, steps, self.levels))
        self.stack.build((batch, steps, self.stack.residual))
        self.hidden.build((batch, steps, self.stack.skip))
        self.logits_map.build((batch, steps, self.head_width))
        self.built = True

    @property
    def receptive_field(self) -> int:
        """Codes that one distribution sees."""
        return receptive_field(self.stack.taps, self.stack.dilations) + self.input_kernel - 1

    def call(self, x: Any, vector: Any = None, local: Any = None) -> Any:
        if len(x.shape) == 2:
            x = self.embedding.one_hot(x)
        # A code is seen from the next time step on.
        before = ops.pad(x, ((0, 0), (self.input_kernel, 0), (0, 0)))[:, :-1]
        return self.head(self.stack(self.embedding(before), vector, local))

    def head(self, skips: Any) -> Any:
        """Logits `(..., levels)` of the skip sum `(..., S)`."""
        maps = self.logits_map(ops.relu(self.hidden(ops.relu(skips))))
        return ops.cast(maps, logits_type(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        stack = self.stack
        own = {
            "levels": self.levels,
            "residual": stack.residual,
            "skip": stack.skip,
            "head": self.head_width,
            "dilations": stack.dilations,
            "kernel": stack.taps,
            "input_kernel": self.input_kernel,
            "gated": stack.gated,
            "vector": stack.vector_width,
            "local": stack.local_width,
        }
        return {**super().get_config(), **own}
