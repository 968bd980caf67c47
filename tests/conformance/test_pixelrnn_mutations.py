"""Known bugs of public code make the checks of a PixelRNN fail: each is built in on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers import lstm
from genkit.models.pixelrnn import cells, pixels
from tests import densities
from tests.conformance.mutating import (
    Mutation,
    colours_turned,
    failed,
    joint_groups,
    other_mask,
)


def sizes(kind: str, size: int, channels: int = 1, layers: int = 1) -> dict[str, Any]:
    """Of a tiny network without residuals and skips, which lead past a layer what it loses."""
    width = channels + 1
    model = {"kind": kind, "layers": layers, "width": width, "head": width, "head_layers": 1}
    return {
        "model": {**model, "residual": False, "skip": False},
        "data": {"size": size, "channels": channels},
    }


NETWORKS: dict[str, dict[str, Any]] = {
    "pixelcnn": sizes("pixelcnn", 3, layers=2),
    "row": sizes("row", 3),
    "row-colour": sizes("row", 2, channels=3),
    "diagonal": sizes("diagonal", 3),
    "diagonal-colour": sizes("diagonal", 2, channels=3),
}


# Masks


def inner(network: Any) -> list[Any]:
    """The masked layer of each block that reads neighbours, or leads to those that do."""
    name = {"pixelcnn": "convolution", "row": "input_to_state", "diagonal": "to_first"}
    blocks = network.blocks
    found = blocks if network.kind == "pixelcnn" else [block.lstm for block in blocks]
    return [getattr(one, name[network.kind]) for one in found]


def first_mask_b(network: Any, patch: pytest.MonkeyPatch) -> None:
    other_mask(network.first, "B")


def deeper_mask_a(network: Any, patch: pytest.MonkeyPatch) -> None:
    """The pixel's own maps, which hold the pixels before it, are lost."""
    for layer in inner(network):
        other_mask(layer, "A")


def colours_reversed(network: Any, patch: pytest.MonkeyPatch) -> None:
    for layer in (network.first, *inner(network)):
        colours_turned(layer)


def groups_over_all_gates(network: Any, patch: pytest.MonkeyPatch) -> None:
    for layer in inner(network):
        joint_groups(layer)


# Recurrences


def second_direction_moved_up(network: Any, patch: pytest.MonkeyPatch) -> None:
    """carpedm20/pixel-rnn-tensorflow#16."""

    def moved(self: Any, maps: Any) -> Any:
        return ops.pad(maps[:, 1:], ((0, 0), (0, 1), (0, 0), (0, 0)))

    patch.setattr(lstm.DiagonalBiLSTM, "moved_down", moved)


def second_direction_not_moved(network: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lstm.DiagonalBiLSTM, "moved_down", lambda self, maps: maps)


class CausalNeighbours(lstm.RowNeighbours):
    """Padded on the left only: the pixel above and those on its left."""

    def seen(self, own: Any, *rest: Any) -> Any:
        columns, padded = int(own.shape[-2]), self._along(own, (self.width - 1, 0))
        taps = [padded[..., k : k + columns, :] for k in range(self.width)]
        return ops.concatenate(taps, axis=-1)

    def unseen(self, gradient: Any) -> Any:
        columns, last = int(gradient.shape[-2]), self.width - 1
        taps = [self._along(tap, (0, last)) for tap in ops.split(gradient, self.width, axis=-1)]
        total = sum(tap[..., last - k : last - k + columns, :] for k, tap in enumerate(taps))
        return total, *super().unseen(gradient)[1:]

    def _along(self, maps: Any, padding: tuple[int, int]) -> Any:
        return ops.pad(maps, [*[(0, 0)] * (len(maps.shape) - 2), padding, (0, 0)])


def state_kernel_padded_causally(network: Any, patch: pytest.MonkeyPatch) -> None:
    """rmsnorm/pixel-rnn-jax: the upper right is lost."""
    patch.setattr(lstm, "RowNeighbours", CausalNeighbours)


def state_kernel_of_one_tap(network: Any, patch: pytest.MonkeyPatch) -> None:
    """A blind spot on both sides, where three taps are stated."""
    for block in network.blocks:
        whole, centre_tap = block.lstm.state_kernel, np.repeat([0.0, 1.0, 0.0], block.units)
        mask = centre_tap[:, None].astype(np.float32)
        patch.setattr(block.lstm, "state_kernel", lambda whole=whole, mask=mask: whole() * mask)


def upper_neighbour_unread(network: Any, patch: pytest.MonkeyPatch) -> None:
    """Each row by itself, as by an LSTM along it."""
    seen, unseen = lstm.DiagonalNeighbours.seen, lstm.DiagonalNeighbours.unseen

    def left(maps: Any) -> Any:
        own, above = ops.split(maps, 2, axis=-1)
        return ops.concatenate([own, ops.zeros_like(above)], axis=-1)

    patch.setattr(lstm.DiagonalNeighbours, "seen", lambda *args: left(seen(*args)))
    patch.setattr(lstm.DiagonalNeighbours, "unseen", lambda self, g: unseen(self, left(g)))


# Step views


def step_forgets_the_rows_above(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = cells.ConvolutionCells.below

    def forgetful(self: Any, *args: Any) -> Any:
        return {"rows": tuple(ops.zeros_like(row) for row in right(self, *args)["rows"])}

    patch.setattr(cells.ConvolutionCells, "below", forgetful)


def step_forgets_the_cells_above(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = cells.RowCells.below

    def forgetful(self: Any, *args: Any) -> Any:
        found = right(self, *args)
        return {**found, "cells": ops.zeros_like(found["cells"])}

    patch.setattr(cells.RowCells, "below", forgetful)


def step_forgets_the_cell_on_the_left(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = pixels.DiagonalPixel.finish

    def forgetful(self: Any, following: Any) -> Any:
        carry, trail = right(self, following)
        return {**carry, "cells": ops.zeros_like(carry["cells"])}, trail

    patch.setattr(pixels.DiagonalPixel, "finish", forgetful)


def step_moves_the_second_direction_too_far(network: Any, patch: pytest.MonkeyPatch) -> None:
    """What a row gives to the next one is added a row later still."""
    right = cells.DiagonalCells.below

    def late(self: Any, kernels: Any, state: Any, *rest: Any) -> Any:
        return {**right(self, kernels, state, *rest), "moved": state["second"]}

    patch.setattr(cells.DiagonalCells, "below", late)


def step_starts_rows_from_zero(network: Any, patch: pytest.MonkeyPatch) -> None:
    """Right as long as nothing is learned: fresh initial states are zero."""
    right = cells.RowCells.begin

    def empty(self: Any, batch: int) -> Any:
        return {name: ops.zeros_like(maps) for name, maps in right(self, batch).items()}

    patch.setattr(cells.RowCells, "begin", empty)


def step_starts_as_the_other_direction(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = cells.DiagonalCells._outside

    def swapped(self: Any, kernels: Any, direction: int, batch: int) -> Any:
        return right(self, kernels, 1 - direction, batch)

    patch.setattr(cells.DiagonalCells, "_outside", swapped)


LEAK = {"causality_gradient", "causality_change"}
MISSING = {"receptive_field_missing"}
STEPS = {"incremental_logits"}
MUTATIONS: list[tuple[Mutation, str, set[str]]] = [
    (first_mask_b, "pixelcnn", LEAK),
    (deeper_mask_a, "pixelcnn", MISSING),
    (deeper_mask_a, "diagonal", MISSING),
    (colours_reversed, "row-colour", LEAK | MISSING),
    (groups_over_all_gates, "row-colour", LEAK),
    (groups_over_all_gates, "diagonal-colour", LEAK),
    (second_direction_moved_up, "diagonal", LEAK | MISSING),
    (second_direction_not_moved, "diagonal", LEAK),
    (state_kernel_padded_causally, "row", MISSING),
    (state_kernel_of_one_tap, "row", MISSING),
    (upper_neighbour_unread, "diagonal", MISSING),
    (step_forgets_the_rows_above, "pixelcnn", STEPS),
    (step_forgets_the_cells_above, "row", STEPS),
    (step_starts_rows_from_zero, "row", STEPS),
    (step_forgets_the_cell_on_the_left, "diagonal", STEPS),
    (step_moves_the_second_direction_too_far, "diagonal", STEPS),
    (step_starts_as_the_other_direction, "diagonal", STEPS),
]


def found(network: str, names: set[str], mutate: Mutation | None = None) -> set[str]:
    """Which checks fail, of those of the same kind as `names`: what a network depends on, or
    whether its step view agrees, for which nothing need be compiled."""
    learner = densities.fresh(**NETWORKS[network], family="pixelrnn")
    with pytest.MonkeyPatch.context() as patch:
        if mutate is not None:
            mutate(learner.networks["network"], patch)
        if not names <= STEPS:
            return failed(learner.view, LEAK | MISSING)
        with backend.eager():
            return failed(learner.view, STEPS)


@pytest.mark.parametrize(
    ("mutate", "network", "caught"),
    [pytest.param(*case, id=f"{case[0].__name__}-{case[1]}") for case in MUTATIONS],
)
def test_a_known_bug_is_found(mutate: Mutation, network: str, caught: set[str]) -> None:
    assert found(network, caught, mutate) == caught


@pytest.mark.parametrize("network", NETWORKS)
def test_the_same_networks_pass_without_the_bug(network: str) -> None:
    for names in (LEAK | MISSING, STEPS):
        if any(used == network and caught & names for _, used, caught in MUTATIONS):
            assert found(network, names) == set()
