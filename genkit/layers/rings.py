"""Ring buffers of a dilated stack: the last inputs of each layer, at a modulo index.

A layer of dilation d and k taps needs its last (k - 1) d inputs. Layers of equal dilation share
one buffer `(span, layers, B, R)`, which saves a third to two thirds of the reads and writes of a
step. All reads of a step come before all its writes, so that no buffer is ever copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops


class Rings:
    """Layout of the buffers and what is done with them.

    Args:
        kernel: taps k of each layer. dilations: of the layers. width: channels R of the inputs.
    """

    def __init__(self, kernel: int, dilations: Sequence[int], width: int) -> None:
        self.older = kernel - 1
        self.width = width
        self.layers = len(dilations)
        self.dilations = sorted(set(dilations))
        self.members = [
            [i for i, dilation in enumerate(dilations) if dilation == d] for d in self.dilations
        ]
        # Layers in the order in which `read` returns them, and each layer's place in it.
        self.order = np.concatenate(self.members)
        self.place = np.argsort(self.order)

    def spans(self) -> list[int]:
        """Time steps that each buffer holds."""
        return [self.older * dilation for dilation in self.dilations]

    def zeros(self, batch: int, dtype: str) -> tuple[Any, ...]:
        """What is remembered before the first time step."""
        return tuple(
            ops.zeros((span, len(members), batch, self.width), dtype)
            for span, members in zip(self.spans(), self.members, strict=True)
        )

    def read(self, rings: Sequence[Any], position: Any) -> Any:
        """Earlier inputs of all layers at a time step: `(layers, B, (k - 1) R)` in `order`,
        the oldest tap first."""
        found = []
        for ring, dilation, span in zip(rings, self.dilations, self.spans(), strict=True):
            shape = (1, *ring.shape[1:])
            # The tap at t - span is about to be overwritten; the next is one dilation younger.
            slots = [(position + tap * dilation) % span for tap in range(self.older)]
            taps = [ops.slice(ring, (slot, 0, 0, 0), shape)[0] for slot in slots]
            found.append(taps[0] if len(taps) == 1 else ops.concatenate(taps, axis=-1))
        return ops.concatenate(found, axis=0)

    def write(self, rings: Sequence[Any], position: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The buffers with the inputs `(B, R)` of each layer at a time step."""
        written = []
        for ring, members, span in zip(rings, self.members, self.spans(), strict=True):
            new = ops.stack([inputs[i] for i in members])[None]
            written.append(ops.slice_update(ring, (position % span, 0, 0, 0), new))
        return tuple(written)

    def past(self, rings: Sequence[Any], position: Any) -> list[Any]:
        """Remembered inputs of each layer in the order of time, `(B, span, R)`."""
        found: list[Any] = [None] * self.layers
        for ring, members, span in zip(rings, self.members, self.spans(), strict=True):
            ordered = ops.take(ring, _modulo(np.arange(span), position, span), axis=0)
            for i, layer in enumerate(members):
                found[layer] = ops.transpose(ordered[:, i], (1, 0, 2))
        return found

    def filled(self, inputs: Sequence[Any], position: Any) -> tuple[Any, ...]:
        """Buffers before time step `position`, from the inputs `(B, n, R)` of each layer up to
        there, at least as many as its buffer holds."""
        rings = []
        for members, span in zip(self.members, self.spans(), strict=True):
            ordered = ops.stack([inputs[i][:, -span:] for i in members])
            # Slot s holds the one of the last `span` steps that is s modulo span.
            slots = _modulo(np.arange(span), -position, span)
            rings.append(ops.take(ops.transpose(ordered, (2, 0, 1, 3)), slots, axis=0))
        return tuple(rings)


def _modulo(places: np.ndarray, offset: Any, span: int) -> Any:
    return ops.mod(places.astype(np.int32) + ops.cast(offset, "int32"), span)
