"""The loops of every incremental sampler of images: rows, and in them pixels, colour by colour.

A network gives the steps (`PixelSteps`): what a row takes from the rows above, what a pixel does,
and what of a finished row the next one needs.
"""

from __future__ import annotations

from typing import Any, Protocol

import keras
from keras import ops

from genkit.layers.indexing import at
from genkit.layers.values import centred
from genkit.sampling.decoding import Decoding, choose, logits_type
from genkit.sampling.raster.colours import joined


class Pixel(Protocol):
    """One pixel on its way, colour by colour."""

    def logits(self, colour: int) -> Any:
        """Logits `(B, levels)` of a colour; asked once each, in order."""
        ...

    def know(self, colour: int, value: Any) -> None:
        """The value `(B, 1)` of a colour, centred."""
        ...

    def finish(self, values: Any, following: Any) -> tuple[Any, Any]:
        """The carry of the next pixel, and what is remembered of this one.

        Args:
            values: `(B, C)`, centred. following: column of the next pixel, a traced index.
        """
        ...


class PixelSteps(Protocol):
    """The step view of an image network. All arrays are nested in tuples, lists or dicts."""

    shape: tuple[int, int, int]
    levels: int
    dtype: str

    def begin(self, batch: int, vector: Any) -> tuple[Any, Any]:
        """What stays for the whole image, kernels and biases; the state before the first row."""
        ...

    def above(self, fixed: Any, state: Any) -> Any:
        """What the rows above give to the pixels of a row."""
        ...

    def start(self, fixed: Any, above: Any) -> Any:
        """The carry before the first pixel of a row."""
        ...

    def pixel(self, fixed: Any, above: Any, carry: Any) -> Pixel: ...

    def memory(self, batch: int) -> Any:
        """Empty arrays for what is remembered of the pixels of a row, an axis of pixels each."""
        ...

    def remember(self, memory: Any, trail: Any, column: Any) -> Any:
        """`memory` with what `Pixel.finish` returned of the pixel at `column`."""
        ...

    def below(self, fixed: Any, state: Any, row: Any, memory: Any) -> Any:
        """The state of the next row, from the values `(B, W, C)` of this one, centred, and from
        what was remembered of it."""
        ...


class RowSampler:
    """Begin and advance of one network.

    Args:
        steps: of the network.
        decoding: how logits become values.
        keep_logits: return the logits too, for checks; costs a buffer in the loop.
    """

    def __init__(self, steps: PixelSteps, decoding: Decoding, keep_logits: bool = False) -> None:
        self.steps, self.decoding, self.keep_logits = steps, decoding, keep_logits
        self.float_type = logits_type(steps.dtype)

    def begin(self, batch: int, vector: Any) -> tuple[Any, Any]:
        """What stays for the whole image; the state before the first row."""
        return self.steps.begin(batch, vector)

    def advance(
        self, fixed: Any, state: Any, noise: Any, forced: Any, mask: Any
    ) -> tuple[Any, Any, Any, Any]:
        """Some rows.

        Args:
            fixed: from `begin`. state: from `begin` or the rows above.
            noise: `(B, R, W, C)` uniform numbers. forced, mask: `(B, R, W, C)` integers; where
                the mask is 1 the forced value is taken.

        Returns:
            values `(B, R, W, C)` int32, their log-probability (nats, temperature 1), logits
            `(B, R, W, C, levels)` or None, and the state of the next row.
        """
        batch, count, width, colours = (int(n) for n in noise.shape)
        levels = self.steps.levels
        given = tuple(ops.transpose(a, (1, 2, 0, 3)) for a in (noise, forced, mask))
        shape = (count, width, batch, colours)
        drawn = [ops.zeros(shape, "int32"), ops.zeros(shape, self.float_type)]
        if self.keep_logits:
            drawn.append(ops.zeros((*shape, levels), self.float_type))

        def row(r: Any, drawn: Any, *flat: Any) -> Any:
            state = keras.tree.pack_sequence_as(structure, list(flat))
            drawn, memory = self._row(fixed, self.steps.above(fixed, state), given, drawn, r)
            values = ops.transpose(at(drawn[0], r), (1, 0, 2))
            values = centred(values, levels, self.steps.dtype)
            state = self.steps.below(fixed, state, values, memory)
            return r + 1, drawn, *keras.tree.flatten(state)

        structure = state
        start = (ops.zeros((), "int32"), tuple(drawn), *keras.tree.flatten(state))
        _, drawn, *flat = ops.while_loop(
            lambda r, *rest: r < count, row, start, maximum_iterations=count
        )
        state = keras.tree.pack_sequence_as(structure, list(flat))
        values, log_prob = (ops.transpose(a, (2, 0, 1, 3)) for a in drawn[:2])
        logits = ops.transpose(drawn[2], (2, 0, 1, 3, 4)) if self.keep_logits else None
        return values, log_prob, logits, state

    def _row(self, fixed: Any, above: Any, given: Any, drawn: Any, r: Any) -> tuple[Any, Any]:
        """The pixels of row r, from left to right: `drawn` with that row filled, and what is
        remembered of the row."""
        width, batch = int(given[0].shape[1]), int(given[0].shape[2])
        carry, memory = self.steps.start(fixed, above), self.steps.memory(batch)
        like = (carry, memory)

        def pixel(i: Any, drawn: Any, *flat: Any) -> Any:
            carry, memory = keras.tree.pack_sequence_as(like, list(flat))
            one = self.steps.pixel(fixed, above, carry)
            found, values = self._colours(one, *(at(at(a, r), i) for a in given))
            drawn = tuple(
                put(buffer, ops.stack(part, axis=1), r, i)
                for buffer, part in zip(drawn, zip(*found, strict=True), strict=True)
            )
            # Taken one pixel ahead: with a traced index among its operands XLA does not
            # vectorise a gate.
            carry, trail = one.finish(values, ops.minimum(i + 1, width - 1))
            memory = self.steps.remember(memory, trail, i)
            return i + 1, drawn, *keras.tree.flatten((carry, memory))

        start = (ops.zeros((), "int32"), drawn, *keras.tree.flatten(like))
        _, drawn, *flat = ops.while_loop(
            lambda i, *rest: i < width, pixel, start, maximum_iterations=width
        )
        return drawn, keras.tree.pack_sequence_as(like, list(flat))[1]

    def _colours(
        self, pixel: Pixel, noise: Any, forced: Any, mask: Any
    ) -> tuple[list[tuple[Any, ...]], Any]:
        """Per colour (value, log-probability, logits if kept); the values centred, `(B, C)`."""
        found: list[tuple[Any, ...]] = []
        values = []
        for g in range(int(noise.shape[-1])):
            logits = ops.cast(pixel.logits(g), self.float_type)
            value, chance = choose(logits, noise[:, g], self.decoding, forced[:, g], mask[:, g])
            found.append((value, chance, logits) if self.keep_logits else (value, chance))
            values.append(centred(value, self.steps.levels, self.steps.dtype)[:, None])
            pixel.know(g, values[-1])
        return found, joined(values)


def column(array: Any, i: Any) -> Any:
    """`array[:, i]` of `(A, W, ...)` for a traced index."""
    first, _, *rest = array.shape
    cut = ops.slice(array, (0, i, *[0] * len(rest)), (first, 1, *rest))
    return ops.reshape(cut, (first, *rest))


def put_column(array: Any, value: Any, i: Any) -> Any:
    """`array` `(A, W, ...)` with `array[:, i] = value` for a traced index."""
    start = (0, i, *[0] * (len(array.shape) - 2))
    return ops.slice_update(array, start, ops.cast(ops.expand_dims(value, 1), array.dtype))


def put(array: Any, value: Any, r: Any, i: Any) -> Any:
    """`array` with `array[r, i] = value` for traced indices."""
    start = (r, i, *[0] * (len(array.shape) - 2))
    return ops.slice_update(array, start, ops.cast(value[None, None], array.dtype))
