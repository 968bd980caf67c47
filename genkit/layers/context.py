"""Context stacks of the WaveNet (section 2.6 of van den Oord et al., 2016, arXiv:1609.03499).

A smaller stack reads a long past, if wanted in frames of many samples, and conditions the large
one at each time step. Frame j covers samples j P .. (j + 1) P - 1, so its output may reach
predictions from sample (j + 1) P on only: frames are shifted by one before they are spread out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from genkit.layers.dilated import DilatedCausalStack
from genkit.layers.dilated_steps import DilatedSteps
from genkit.layers.dilation import seen_lags


@keras.saving.register_keras_serializable(package="genkit")
class ContextStack(keras.Layer):
    """Frames of sound, a dilated stack over them, and its output spread over the next frame.

    Args:
        pool: samples P of a frame; 1 for none.
        residual, skip: channels of the stack. outputs: channels at each time step.
        dilations: of the stack, in frames. kernel: 2 or 3 taps.
        vector: width of a global condition; 0 for none.

    Input: sound `(B, T)`, floats from -1 to 1, 0 where there is none; a vector or None; and
    `inside (B, T)`, 0 before the beginning, which is that of a frame, or None. Frames are counted
    from the first entry.
    Output: `(B, T, outputs)`; that of time step t knows nothing of frame t // P and later ones.
    """

    def __init__(
        self,
        pool: int,
        residual: int,
        skip: int,
        outputs: int,
        dilations: Sequence[int],
        kernel: int = 2,
        vector: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool, self.outputs = pool, outputs
        same = {"dtype": self.dtype_policy}
        self.frame_map = keras.layers.Dense(residual, name="frame_map", **same)
        self.stack = DilatedCausalStack(
            residual, skip, dilations, kernel, vector=vector, name="stack", **same
        )
        self.spread_map = keras.layers.Dense(pool * outputs, name="spread_map", **same)

    def build(self, input_shape: Any, *conditions: Any) -> None:
        self.frame_map.build((None, None, self.pool))
        self.stack.build((None, None, self.stack.residual))
        self.spread_map.build((None, None, self.stack.skip))
        self.built = True

    @property
    def frames_seen(self) -> set[int]:
        """How many frames back those lie that an output depends on; 1 is the frame before."""
        return {lag + 1 for lag in seen_lags(self.stack.taps, self.stack.dilations)}

    def call(self, sound: Any, vector: Any = None, inside: Any = None) -> Any:
        steps = sound.shape[1]
        before = self.shifted(sound, None)
        known = None if inside is None else inside[:, :: self.pool]
        maps = self.stack(self.frame_map(before), vector, inside=known)
        return self.spread(maps)[:, :steps]

    def shifted(self, sound: Any, recent: Any) -> Any:
        """`(B, T)` as the frames before each frame, `(B, ceil(T / P), P)`.

        Args:
            recent: the frame before the first one, `(B, P)`; None for silence.
        """
        batch, steps = sound.shape
        frames = -(-steps // self.pool)
        sound = ops.pad(ops.cast(sound, self.compute_dtype), ((0, 0), (0, -steps % self.pool)))
        grid = ops.reshape(sound, (-1 if batch is None else batch, frames, self.pool))
        if recent is None:
            return ops.pad(grid[:, :-1], ((0, 0), (1, 0), (0, 0)))
        return ops.concatenate([ops.cast(recent, grid.dtype)[:, None], grid[:, :-1]], axis=1)

    def spread(self, maps: Any) -> Any:
        """Skip sums of frames `(B, F, S)` at each time step, `(B, F P, outputs)`."""
        found = self.spread_map(ops.relu(maps))
        frames = int(found.shape[1])
        return ops.reshape(found, (-1, frames * self.pool, self.outputs))

    def stretch(
        self, sound: Any, recent: Any, rings: Any, position: Any, vector: Any
    ) -> tuple[Any, Any, Any]:
        """Whole frames of sound `(B, T)` after others that the ring buffers remember.

        Args:
            recent: the frame before, `(B, P)`. position: time step of the first entry, a
                multiple of P, integer scalar.

        Returns:
            the output `(B, T, outputs)`, the last frame, and the ring buffers after the frames
            before it.
        """
        before = self.shifted(sound, recent)
        skips, rings = self.stack.stretch(
            self.frame_map(before), rings, position // self.pool, vector
        )
        last = ops.cast(sound[:, sound.shape[1] - self.pool :], self.compute_dtype)
        return self.spread(skips), last, rings

    def get_config(self) -> dict[str, Any]:
        own = {
            "pool": self.pool,
            "residual": self.stack.residual,
            "skip": self.stack.skip,
            "outputs": self.outputs,
            "dilations": self.stack.dilations,
            "kernel": self.stack.taps,
            "vector": self.stack.vector_width,
        }
        return {**super().get_config(), **own}


class ContextSteps:
    """The step view: one frame on ring buffers. Weights are prepared once, outside of the loop.

    Args:
        layer: a built context stack. vector: `(B, vector)`, or None.
    """

    def __init__(self, layer: ContextStack, vector: Any = None) -> None:
        self.layer = layer
        self.steps = DilatedSteps(layer.stack, vector)

    def frame(self, recent: Any, rings: Any, position: Any) -> tuple[Any, Any]:
        """What the frame before says at each time step of the frame that begins at `position`.

        Args:
            recent: the frame before, `(B, P)`. rings: ring buffers before it.

        Returns:
            `(B, P, outputs)` and the ring buffers after it.
        """
        x = self.layer.frame_map(recent)
        skips, rings = self.steps.step(x, rings, position // self.layer.pool)
        return self.layer.spread(skips[:, None]), rings
