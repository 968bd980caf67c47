"""One compiled stretch of a sequence: the loop over its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from genkit.sampling.decoding import Decoding, choose, log_probability
from genkit.sampling.sequence.network import SequenceNetwork


class Stretches:
    """What is compiled: begin, a stretch value by value, and a given stretch at once.

    The state is `before`, the last value `(B,)` int32, and the network's own state.

    Args:
        network: of the family.
        decoding: how logits become values.
        keep_logits: return the logits too, for checks; costs a buffer in the loop.
    """

    def __init__(
        self, network: SequenceNetwork, decoding: Decoding, keep_logits: bool = False
    ) -> None:
        self.network, self.decoding, self.keep_logits = network, decoding, keep_logits

    def begin(self, batch: int, conditions: Mapping[str, Any]) -> dict[str, Any]:
        """State before the first value."""
        before = ops.full((batch,), self.network.levels, "int32")
        return {"before": before, "network": self.network.begin(batch, conditions)}

    def given(
        self, state: Any, position: Any, values: Any, conditions: Mapping[str, Any]
    ) -> tuple[Any, Any, Any, dict[str, Any]]:
        """A stretch whose values `(B, T)` are all given; returns what `advance` does."""
        logits, after = self.network.stretch(
            values, state["before"], state["network"], position, conditions
        )
        log_prob, kept = log_probability(logits, values), logits if self.keep_logits else None
        return values, log_prob, kept, {"before": values[:, -1], "network": after}

    def advance(
        self,
        state: Any,
        position: Any,
        noise: Any,
        forced: Any,
        mask: Any,
        conditions: Mapping[str, Any],
    ) -> tuple[Any, Any, Any, dict[str, Any]]:
        """A stretch value by value.

        Args:
            state: from `begin` or the stretch before.
            position: time step of its first value, int32 scalar.
            noise: `(B, T)` uniform numbers. forced, mask: `(B, T)` int32; where the mask is 1
                the forced value is taken.
            conditions: of these time steps.

        Returns:
            values `(B, T)` int32, their log-probability (nats, temperature 1), logits
            `(B, T, levels)` or None, and the state of the next stretch.
        """
        batch, length = noise.shape
        step = self.network.steps(conditions)
        noise, forced, mask = (ops.transpose(array) for array in (noise, forced, mask))
        floats = self.network.float_type
        found = [ops.zeros((length, batch), "int32"), ops.zeros((length, batch), floats)]
        if self.keep_logits:
            found.append(ops.zeros((length, batch, self.network.levels), floats))

        # The position is a loop variable: as a constant of the loop, XLA would compile the whole
        # anew for each of its values.
        def value(
            i: Any, position: Any, before: Any, inner: Any, found: Any, frame: Any = None
        ) -> tuple[Any, Any, Any]:
            logits, inner = step(before, inner, position, i, frame)
            inputs = (_row(noise, i), self.decoding, _row(forced, i), _row(mask, i))
            drawn, chance = choose(logits, *inputs)
            new = (drawn, chance, logits)
            found = tuple(_put(array, row, i) for array, row in zip(found, new, strict=False))
            return drawn, inner, found

        start = (position, state["before"], state["network"], tuple(found))
        period = self.network.period
        if period is None:
            before, inner, found = _by_value(value, length, start)
        else:
            before, inner, found = _by_frame(value, step, length, period, start)
        values, log_prob = (ops.transpose(array) for array in found[:2])
        logits = ops.transpose(found[2], (1, 0, 2)) if self.keep_logits else None
        return values, log_prob, logits, {"before": before, "network": inner}


def _by_value(value: Any, length: int, start: Any) -> tuple[Any, Any, Any]:
    """One loop over the values."""

    def body(i: Any, position: Any, before: Any, inner: Any, found: Any) -> Any:
        return i + 1, position + 1, *value(i, position, before, inner, found)

    _, _, *last = ops.while_loop(
        lambda i, *rest: i < length,
        body,
        (ops.zeros((), "int32"), *start),
        maximum_iterations=length,
    )
    return tuple(last)


def _by_frame(value: Any, step: Any, length: int, period: int, start: Any) -> tuple[Any, Any, Any]:
    """A loop over frames, and in each a loop over its values."""

    def frame(first: Any, position: Any, before: Any, inner: Any, found: Any) -> Any:
        own, inner = step.frame(inner, position)

        def body(k: Any, position: Any, before: Any, inner: Any, found: Any) -> Any:
            i = first + k
            before, inner, found = value(i, position, before, inner, found, own)
            return k + 1, position + 1, before, step.seen(inner, before, i), found

        _, *last = ops.while_loop(
            lambda k, *rest: k < period,
            body,
            (ops.zeros((), "int32"), position, before, inner, found),
            maximum_iterations=period,
        )
        return first + period, *last

    _, _, *last = ops.while_loop(
        lambda first, *rest: first < length,
        frame,
        (ops.zeros((), "int32"), *start),
        maximum_iterations=-(-length // period),
    )
    return tuple(last)


def _row(array: Any, i: Any) -> Any:
    """Row `i (B,)` of `(T, B)`."""
    return ops.slice(array, (i, 0), (1, array.shape[1]))[0]


def _put(array: Any, row: Any, i: Any) -> Any:
    """`array` with row `i` replaced."""
    start = (i, *[0] * (len(array.shape) - 1))
    return ops.slice_update(array, start, ops.cast(row[None], array.dtype))
