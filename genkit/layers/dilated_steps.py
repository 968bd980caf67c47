"""The step view of a dilated causal stack: one time step on ring buffers.

Used inside a compiled loop. What a loop should not do again is done by the constructor: weights
are put side by side, conditions are projected.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.dilated import DilatedCausalStack
from genkit.layers.gated import gate


class DilatedSteps:
    """Weights of a stack made ready for steps.

    Inside a step, the contributions of the earlier taps of all layers, which do not wait for
    one another, are one batched product; the skips of all layers are one product after the
    sequential chain.

    Args:
        stack: a built stack.
        vector: `(B, vector)`, the global condition, or None.
        local: `(B, T, local)`, the local condition of all steps to come, or None where it is
            handed over frame by frame.
    """

    def __init__(self, stack: DilatedCausalStack, vector: Any = None, local: Any = None) -> None:
        dtype = stack.compute_dtype
        self.stack, self.rings = stack, stack.rings

        def every(name: str, layers: Any = stack.layers) -> list[Any]:
            return [ops.cast(getattr(layer, name).value, dtype) for layer in layers]

        kernels = every("kernel")
        self.now = [kernel[-1] for kernel in kernels]
        flat = (-1, 2 * stack.gated)
        older = [ops.reshape(kernels[i][:-1], flat) for i in self.rings.order]
        self.older = ops.stack(older)  # (layers, (k - 1) R, 2D)
        biases = every("bias")
        self.bias = ops.stack([biases[i] for i in self.rings.order])[:, None]
        self.back = every("back_kernel", stack.layers[:-1])
        self.back_bias = every("back_bias", stack.layers[:-1])
        self.skip = ops.concatenate(every("skip_kernel"), axis=0)  # (layers * D, S)
        self.skip_bias = ops.cast(stack.skip_bias.value, dtype)
        if stack.vector_width:
            kernel = ops.stack(self._ordered(every("vector_kernel")))
            self.bias = self.bias + ops.matmul(ops.cast(vector, dtype), kernel)
        self.local: Any = None
        if stack.local_width:
            self.local_kernel = ops.concatenate(self._ordered(every("local_kernel")), axis=-1)
            self.local = None if local is None else self.projected(local)

    def _ordered(self, weights: list[Any]) -> list[Any]:
        return [weights[i] for i in self.rings.order]

    def projected(self, local: Any, first: int = 0) -> Any:
        """What a local condition `(B, T, n)` adds to all layers, `(T, B, layers * 2D)`.

        Args:
            first: of the channels of the whole condition that are given.
        """
        by_time = ops.transpose(ops.cast(local, self.stack.compute_dtype), (1, 0, 2))
        return ops.matmul(by_time, self.local_kernel[first : first + int(local.shape[-1])])

    def step(
        self, x: Any, rings: Any, position: Any, i: Any = 0, more: tuple[Any, Any] | None = None
    ) -> tuple[Any, Any]:
        """One time step.

        Args:
            x: `(B, R)`. rings: ring buffers before it. position: of the step, integer scalar.
            i: which of the steps of the local condition it is.
            more: a further local condition that is projected already, and which of its steps.

        Returns:
            The skip sum `(B, S)` and the ring buffers after the step.
        """
        before_gate = ops.matmul(self.rings.read(rings, position), self.older) + self.bias
        if self.local is not None:
            before_gate = before_gate + self._local(self.local, i)
        if more is not None:
            before_gate = before_gate + self._local(*more)
        inputs, gated = [], []
        for layer, place in enumerate(self.rings.place):
            inputs.append(x)
            z = gate(before_gate[int(place)] + ops.matmul(x, self.now[layer]))
            gated.append(z)
            if layer < len(self.back):
                x = x + ops.matmul(z, self.back[layer]) + self.back_bias[layer]
        skips = ops.matmul(ops.concatenate(gated, axis=-1), self.skip) + self.skip_bias
        return skips, self.rings.write(rings, position, inputs)

    def _local(self, projected: Any, i: Any) -> Any:
        """The local condition of all layers at one step, `(layers, B, 2D)`."""
        _, batch, width = projected.shape
        row = ops.reshape(
            ops.slice(projected, (i, 0, 0), (1, batch, width)), (batch, -1, 2 * self.stack.gated)
        )
        return ops.transpose(row, (1, 0, 2))
