"""The WaveNet as a sequence network: many codes at once, or one on a small state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from keras import ops

from genkit.errors import UsageError, unknown
from genkit.family import Arrays
from genkit.layers.context import ContextSteps
from genkit.layers.dilated_steps import DilatedSteps
from genkit.layers.dilation import seen_lags
from genkit.layers.linear_prediction import LinearPrediction
from genkit.models.wavenet.network import WaveNet
from genkit.sampling.decoding import logits_type
from genkit.sampling.sequence.base import time_cut

VECTOR, LOCAL = "vector", "local"


class InWords(Protocol):
    """Reads conditions that are given in words."""

    def __call__(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Conditions of a tile in arrays, from what the user wrote, one mapping a sample."""
        ...

    def digest(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """Checksums of what rows refer to and their words do not tell; None for nothing."""
        ...


class WaveNetSequence:
    """A built WaveNet for the samplers and checks of `genkit.sampling.sequence`.

    Conditions are arrays: `vector` `(B, vector)` and `local`, `(B, T, local)` or, with
    upsampling, frames `(B, halo + F, local)` whose first `halo` lie before the beginning; those
    that the network has. The state is the codes that the input convolution still needs, the ring
    buffers and, of each context stack, its ring buffers and the frame before.

    Args:
        network: the built network.
        in_words: reads conditions that are given in words; None takes none.
    """

    def __init__(self, network: WaveNet, in_words: InWords | None = None) -> None:
        self.network, self._in_words = network, in_words
        self.levels, self.receptive_field = network.levels, network.receptive_field
        self.period, self.grid = network.pool, network.grid
        stack = network.stack
        inputs = seen_lags(stack.taps, stack.dilations)
        lags = {lag + tap for lag in inputs for tap in range(1, network.input_kernel + 1)}
        if network.prediction is not None:
            lags |= set(range(1, network.prediction.order + 1))
        # Conditions enter behind the dilation of the first layer.
        behind = seen_lags(stack.taps, stack.dilations[1:])
        frames = {lag for context in network.contexts for lag in context.frames_seen}
        self._lags, self._behind, self._frames = (
            np.array(sorted(found), np.int64) for found in (lags, behind, frames)
        )
        self.float_type = logits_type(network.compute_dtype)
        self.variables = list(network.variables)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of what the user wrote; a bare network takes nothing in words."""
        if self._in_words is not None:
            return self._in_words(rows, first_index)
        for key in (key for row in rows for key in row):
            raise UsageError(f"--condition: {unknown('condition', key, ())}")
        return {}

    def digest(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """Checksums of what conditions refer to and their words do not tell; None for nothing."""
        return None if self._in_words is None else self._in_words.digest(rows)

    def seen(self, position: int) -> np.ndarray:
        found = np.zeros(position, bool)
        found[position - self._lags[self._lags <= position]] = True
        if self.period is None:
            return found
        # By way of the condition of each time step that the large stack sees.
        steps = np.unique((position - self._behind[self._behind <= position]) // self.period)
        frames = np.unique(steps[:, None] - self._frames)
        for frame in frames[frames >= 0]:
            found[frame * self.period : (frame + 1) * self.period] = True
        return found

    def cut(self, conditions: Arrays, start: int, stop: int) -> Arrays:
        """Conditions of the time steps `start` to `stop`; zeros past the end."""
        found = {VECTOR: conditions[VECTOR]} if VECTOR in conditions else {}
        if LOCAL in conditions:
            up = self.network.upsampling
            hop, halo = (1, 0) if up is None else (up.hop, up.halo)
            # Frame f stands at f + halo.
            last = -(-stop // hop) + 2 * halo
            found[LOCAL] = time_cut(conditions[LOCAL], start // hop, last)
        return found

    def scores(self, x: Any, conditions: Mapping[str, Any]) -> Any:
        return self.network(x, conditions.get(VECTOR), conditions.get(LOCAL))

    def logits(self, values: Any, conditions: Mapping[str, Any]) -> Any:
        return self.scores(self.network.embedding.one_hot(values), conditions)

    def begin(self, batch: int, conditions: Mapping[str, Any]) -> dict[str, Any]:
        network = self.network
        nothing = ops.full((batch, network.input_kernel - 1), self.levels, "int32")
        dtype = network.compute_dtype
        state: dict[str, Any] = {"older": nothing, "rings": network.stack.rings.zeros(batch, dtype)}
        if network.prediction is not None:
            state["values"] = ops.zeros((batch, network.prediction.order), self.float_type)
        if network.contexts:
            state["recent"] = ops.zeros((self.period, batch), dtype)
            state["contexts"] = tuple(
                context.stack.rings.zeros(batch, dtype) for context in network.contexts
            )
        return state

    def stretch(
        self, values: Any, before: Any, state: Any, position: Any, conditions: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        network = self.network
        codes = ops.concatenate([state["older"], before[:, None], values[:, :-1]], axis=1)
        after = {"older": codes[:, codes.shape[1] - (network.input_kernel - 1) :]}
        local, forecast = conditions.get(LOCAL), None
        if network.prediction is not None:
            known = network.prediction.coefficients(conditions[LOCAL])
            forecast, after["values"] = _forecasts(
                network.prediction, values, before, state["values"], known
            )
        if network.upsampling is not None:
            local = network.upsampling(local)[:, : values.shape[1]]
        if network.contexts:
            local, more = self._contexts(values, state, position, conditions.get(VECTOR), local)
            after.update(more)
        skips, after["rings"] = network.stack.stretch(
            network.embedding(network.embedding.one_hot(codes)),
            state["rings"],
            position,
            conditions.get(VECTOR),
            local,
        )
        return network.head(skips, forecast), after

    def _contexts(
        self, values: Any, state: Any, position: Any, vector: Any, local: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The local condition of a stretch with those of its context stacks, and their state."""
        sound = self.network.sound_of_codes(values)
        recent = ops.transpose(state["recent"])
        parts, rings, last = [] if local is None else [local], [], recent
        for context, before in zip(self.network.contexts, state["contexts"], strict=True):
            found, last, after = context.stretch(sound, recent, before, position, vector)
            parts.append(found)
            rings.append(after)
        more = {"recent": ops.transpose(last), "contexts": tuple(rings)}
        return (parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)), more

    def steps(self, conditions: Mapping[str, Any]) -> WaveNetSteps:
        return WaveNetSteps(self, conditions)

    def products(self) -> list[list[np.ndarray]] | None:
        """The weights that a step multiplies with, layer by layer; conditions are projected
        beforehand. None with context stacks, which step once a frame."""
        if self.network.contexts:
            return None
        stack, head = self.network.stack, [self.network.hidden, self.network.logits_map]
        layers = [[layer.kernel, layer.skip_kernel] for layer in stack.layers]
        for weights, layer in zip(layers, stack.layers[:-1], strict=False):
            weights.append(layer.back_kernel)
        layers += [[layer.kernel] for layer in head]
        if self.network.prediction is not None:
            layers[-1].append(self.network.residue.kernel)
        return [[np.asarray(ops.convert_to_numpy(w)) for w in weights] for weights in layers]


class WaveNetSteps:
    """One code after the other; made once a chunk, outside of the loop."""

    def __init__(self, view: WaveNetSequence, conditions: Mapping[str, Any]) -> None:
        network = self.network = view.network
        self.period = view.period
        self.tables = network.embedding.tables()
        vector, local = conditions.get(VECTOR), conditions.get(LOCAL)
        if network.prediction is not None:
            known = network.prediction.coefficients(local)
            self.coefficients = ops.transpose(known, (1, 0, 2))
        if network.upsampling is not None:
            local = network.upsampling(local)
        self.stack = DilatedSteps(network.stack, vector, local)
        self.contexts = [ContextSteps(context, vector) for context in network.contexts]

    def frame(self, state: Any, position: Any) -> tuple[Any, Any]:
        """What the context stacks say of the frame that begins at `position`: projected for all
        layers, `(P, B, layers * 2D)`; and the state."""
        recent, rings = ops.transpose(state["recent"]), []
        parts = []
        for context, before in zip(self.contexts, state["contexts"], strict=True):
            found, after = context.frame(recent, before, position)
            parts.append(found)
            rings.append(after)
        whole = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
        projected = self.stack.projected(whole, first=self.network.local_width)
        return projected, {**state, "contexts": tuple(rings)}

    def __call__(
        self, before: Any, state: Any, position: Any, i: Any, frame: Any = None
    ) -> tuple[Any, Any]:
        codes = ops.concatenate([state["older"], before[:, None]], axis=1)
        rows = [ops.take(table, codes[:, tap], axis=0) for tap, table in enumerate(self.tables)]
        more = None if frame is None else (frame, i % self.period)
        skips, rings = self.stack.step(sum(rows[1:], rows[0]), state["rings"], position, i, more)
        after = {**state, "older": codes[:, 1:], "rings": rings}
        prediction = self.network.prediction
        if prediction is None:
            return self.network.head(skips), after
        forecast, after["values"] = self._forecast(prediction, before, state["values"], i)
        return self.network.head(skips, forecast), after

    def _forecast(
        self, prediction: LinearPrediction, before: Any, older: Any, i: Any
    ) -> tuple[Any, Any]:
        """What linear prediction says of step `i`, and the values `(B, order)` that it saw."""
        _, batch, width = self.coefficients.shape
        known = ops.slice(self.coefficients, (i, 0, 0), (1, batch, width))
        recent = ops.concatenate([older[:, 1:], prediction.values(before)[:, None]], axis=1)
        unknown = ops.zeros_like(recent[:, :1])
        row = ops.transpose(known, (1, 0, 2))
        centre, scale = prediction.forecast(ops.concatenate([recent, unknown], axis=1), row)
        return (centre[:, 0], scale[:, 0]), recent

    def seen(self, state: Any, value: Any, i: Any) -> Any:
        """The state with the value of step `i`, for the frame that it is part of."""
        sound = self.network.sound_of_codes(value)
        recent = ops.slice_update(state["recent"], (i % self.period, 0), sound[None])
        return {**state, "recent": recent}


def _forecasts(
    prediction: LinearPrediction, codes: Any, before: Any, older: Any, coefficients: Any
) -> tuple[Any, Any]:
    """What linear prediction says of the codes of a stretch `(B, T)`, and the values `(B, order)`
    that its last forecast saw.

    Args:
        before: `(B,)`, the code before. older: values that the forecast of it saw.
    """
    steps = int(codes.shape[1])
    own = prediction.values(ops.concatenate([before[:, None], codes], axis=1))
    whole = ops.concatenate([older[:, 1:], own], axis=1)
    seen = whole[:, steps - 1 : steps - 1 + prediction.order]
    return prediction.forecast(whole, coefficients[:, :steps]), seen
