"""A convolutional LSTM as one compiled scan forward and one back.

Its gradient is written out. So the products with kernels that do not wait for each other, the
gradient of the state-to-state kernel, are one large product behind the loop; and XLA compiles it
on TensorFlow, which it does not do for the gradient of `keras.ops.scan`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from keras import ops

from genkit.layers.indexing import at, put

GATES = 4


class Neighbours(Protocol):
    """Which earlier states a cell reads: a linear map and its transpose."""

    def seen(self, own: Any, states: Any, outside: Any) -> Any:
        """`(..., k h)`, the k states that each cell reads.

        Args:
            own: `(..., h)`, the state that the cell goes on from. states: the same before any
                was begun anew. outside: `(*S, h)`, those outside of the image.
        """
        ...

    def unseen(self, gradient: Any) -> tuple[Any, Any, Any]:
        """From the gradient of `seen` to those of its arguments."""
        ...


# What the gates are multiplied by before one tanh that serves all of them, since
# sigmoid(x) = (1 + tanh(x / 2)) / 2, and what is added behind it.
HALF = (0.5, 0.5, 0.5, 1.0)
REST = (0.5, 0.5, 0.5, 0.0)


def each_gate(values: tuple[float, ...], units: int) -> np.ndarray:
    """A value a gate as one a map, `(4h,)`."""
    return np.repeat(np.array(values), units)


def activated(gates: Any) -> Any:
    """Output, forget and input gates `(..., 4h)` through a sigmoid, the content through a tanh."""
    half = each_gate(HALF, int(gates.shape[-1]) // GATES)
    return activated_halved(gates * ops.cast(half, gates.dtype))


def activated_halved(gates: Any) -> Any:
    """The same of gates whose sigmoids' arguments are halved already."""
    units = int(gates.shape[-1]) // GATES
    half, rest = (ops.cast(each_gate(one, units), gates.dtype) for one in (HALF, REST))
    return ops.tanh(gates) * half + rest


def lstm(gates: Any, cell: Any) -> tuple[Any, Any]:
    """Output h and new cell of one step (van den Oord et al., 2016, arXiv:1601.06759, equation 3).

    Args:
        gates: `(..., 4h)` in the order output, forget, input, content, `activated`.
        cell: `(..., h)`.
    """
    outputs, forget, inputs, content = ops.split(gates, GATES, axis=-1)
    new = forget * cell + inputs * content
    return outputs * ops.tanh(new), new


def recur(
    maps: Any, kernel: Any, outside: Any, neighbours: Neighbours, fresh: np.ndarray | None = None
) -> Any:
    """States `(T, *S, h)` of T steps of an LSTM over cells `*S`.

    Args:
        maps: `(T, *S, 4h)`, what inputs and biases give to the gates.
        kernel: `(k h, 4h)`, or `(S_0, k h, 4h)` to have one for each index of the first axis.
        outside: `(*S, 2h)`, state and cell before the first step.
        neighbours: which states a cell reads.
        fresh: `(T, *S, 1)` bool, or of a shape that fits: where it is true a cell begins anew,
            from the state and cell outside.
    """
    loops = _Loops(kernel, neighbours, fresh)

    @ops.custom_gradient
    def run(maps: Any, kernel: Any, outside: Any) -> Any:
        carries, gates = loops.forward(maps, kernel, outside)
        units = int(kernel.shape[-1]) // GATES

        def gradient(*args: Any, upstream: Any = None) -> Any:
            change = args[0] if upstream is None else upstream
            return loops.backward(change, carries, gates, kernel, outside)

        return carries[1:, ..., :units], gradient

    return run(maps, kernel, outside)


class _Loops:
    """Forward and backward loop of one recurrence."""

    def __init__(self, kernel: Any, neighbours: Neighbours, fresh: np.ndarray | None) -> None:
        self.neighbours, self.fresh = neighbours, fresh
        self.units = int(kernel.shape[-1]) // GATES
        self.separate = len(kernel.shape) == 3

    def product(self, maps: Any, kernel: Any) -> Any:
        """`(*S, n)` maps times the kernel; `(*S, m)`."""
        rows = (int(kernel.shape[0]), -1) if self.separate else (-1,)
        flat = ops.reshape(maps, (*rows, int(maps.shape[-1])))
        return ops.reshape(ops.matmul(flat, kernel), (*ops.shape(maps)[:-1], kernel.shape[-1]))

    def begun(self, fresh: Any, carry: Any, outside: Any) -> Any:
        """What cells go on from: their own state and cell, or those outside."""
        return carry if fresh is None else ops.where(fresh, outside, carry)

    def forward(self, maps: Any, kernel: Any, outside: Any) -> tuple[Any, Any]:
        """States and cells `(T + 1, *S, 2h)`, those outside first, and gates `(T, *S, 4h)`."""
        steps, cells = int(maps.shape[0]), ops.shape(maps)[1:-1]
        empty = ops.zeros((steps, *cells, 2 * self.units), maps.dtype)
        carries = ops.concatenate([outside[None], empty])
        before, units = outside[..., : self.units], self.units
        fresh = None if self.fresh is None else ops.convert_to_tensor(self.fresh)

        # Maps are taken one step ahead: with a traced index among its operands XLA does not
        # vectorise the gates, which then take three times as long as all the rest.
        def step(t: Any, known: Any, carry: Any, carries: Any, gates: Any) -> Any:
            own = self.begun(None if fresh is None else at(fresh, t), carry, outside)
            state, cell = ops.split(own, 2, axis=-1)
            seen = self.neighbours.seen(state, carry[..., :units], before)
            now = activated(known + self.product(seen, kernel))
            carry = ops.concatenate(lstm(now, cell), axis=-1)
            known = at(maps, ops.minimum(t + 1, steps - 1))
            return t + 1, known, carry, put(carries, carry, t + 1), put(gates, now, t)

        start = (ops.zeros((), "int32"), maps[0], outside, carries, ops.zeros_like(maps))
        found = ops.while_loop(lambda t, *rest: t < steps, step, start, maximum_iterations=steps)
        return found[3], found[4]

    def backward(
        self, change: Any, carries: Any, gates: Any, kernel: Any, outside: Any
    ) -> tuple[Any, Any, Any]:
        """Gradients of maps, kernel and what is outside, from that of the states `change`."""
        steps, units = int(gates.shape[0]), self.units
        turned = ops.swapaxes(kernel, -1, -2)
        fresh = None if self.fresh is None else ops.convert_to_tensor(self.fresh)

        def step(i: Any, after: Any, late: Any, into: Any, around: Any) -> Any:
            t = steps - 1 - i
            before = at(carries, t)
            anew = None if fresh is None else at(fresh, t)
            states, cells = ops.split(late, 2, axis=-1)
            own = self.begun(anew, before, outside)
            now, cells = lstm_gradient(
                states + at(change, t),
                cells,
                at(gates, t),
                own[..., units:],
                after[..., units:],
            )
            states, others, beside = self.neighbours.unseen(self.product(now, turned))
            late = ops.concatenate([states, cells], axis=-1)
            nothing = ops.zeros_like(beside)
            around = around + ops.concatenate([beside, nothing], axis=-1)
            if anew is not None:
                around = around + ops.where(anew, late, ops.zeros_like(late))
                late = ops.where(anew, ops.zeros_like(late), late)
            late = late + ops.concatenate([others, nothing], axis=-1)
            return i + 1, before, late, put(into, now, t), around

        zeros = ops.zeros_like(outside)
        start = (ops.zeros((), "int32"), carries[-1], zeros, ops.zeros_like(gates), zeros)
        _, _, late, into, around = ops.while_loop(
            lambda i, *rest: i < steps, step, start, maximum_iterations=steps
        )
        own = self.begun(fresh, carries[:-1], outside)[..., :units]
        seen = self.neighbours.seen(own, carries[:-1, ..., :units], outside[..., :units])
        return into, self._kernel_gradient(seen, into, kernel), late + around

    def _kernel_gradient(self, seen: Any, into: Any, kernel: Any) -> Any:
        """`seen` and `into`, `(T, *S, n)`, multiplied over all but their last axis."""
        if not self.separate:
            flat = [ops.reshape(part, (-1, int(part.shape[-1]))) for part in (seen, into)]
            return ops.matmul(ops.transpose(flat[0]), flat[1])
        count = int(kernel.shape[0])
        grads = []
        for i in range(count):
            flat = [ops.reshape(part[:, i], (-1, int(part.shape[-1]))) for part in (seen, into)]
            grads.append(ops.matmul(ops.transpose(flat[0]), flat[1]))
        return ops.stack(grads)


def lstm_gradient(states: Any, cells: Any, gates: Any, before: Any, cell: Any) -> tuple[Any, Any]:
    """Gradients of the gates before their nonlinearities `(..., 4h)`, and of the cell before.

    Args:
        states, cells: gradients of output and new cell, `(..., h)`. gates: `activated`.
        before, cell: the cell before and after, `(..., h)`.
    """
    outputs, forget, inputs, content = ops.split(gates, GATES, axis=-1)
    squashed = ops.tanh(cell)
    cells = cells + states * outputs * (1.0 - squashed * squashed)
    now = [
        states * squashed * outputs * (1.0 - outputs),
        cells * before * forget * (1.0 - forget),
        cells * content * inputs * (1.0 - inputs),
        cells * inputs * (1.0 - content * content),
    ]
    return ops.concatenate(now, axis=-1), cells * forget
