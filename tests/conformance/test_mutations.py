"""Known bugs of public code make the conformance suite fail: each is built in on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.layers import gated
from genkit.models.gated_pixelcnn import rows, sampling
from genkit.models.gated_pixelcnn.kernels import Kernels
from genkit.sampling.raster import fixed_point
from genkit.sampling.raster import rows as raster_rows
from tests import densities
from tests.conformance.mutating import (
    Mutation,
    colours_turned,
    failed,
    joint_groups,
    other_mask,
)

GREY: dict[str, Any] = {"model": {"width": 3, "head": 4}, "data": {"size": 3}}
COLOUR: dict[str, Any] = {
    "model": {"width": 4, "head": 5},
    "data": {"size": 2, "channels": 3},
}
TALL: dict[str, Any] = {"model": {"width": 3, "head": 4}, "data": {"size": 5}}
BLIND: dict[str, Any] = {"model": {"layers": 3, "width": 3, "head": 4}, "data": {"size": 4}}


def first_mask_b(network: Any, patch: pytest.MonkeyPatch) -> None:
    """VPN: a residual around mask A exposes the target."""
    other_mask(network.blocks[0].horizontal, "B")


def colours_reversed(network: Any, patch: pytest.MonkeyPatch) -> None:
    for block in network.blocks:
        colours_turned(block.horizontal)


def groups_over_both_gates(network: Any, patch: pytest.MonkeyPatch) -> None:
    for block in network.blocks:
        joint_groups(block.horizontal)


def unmasked_output_map(network: Any, patch: pytest.MonkeyPatch) -> None:
    network.blocks[0].output_map.mask = np.ones_like(network.blocks[0].output_map.mask)


def link_without_shift(network: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gated, "shift_down", lambda maps: maps)


def shift_up(network: Any, patch: pytest.MonkeyPatch) -> None:
    """carpedm20/pixel-rnn-tensorflow#16: moved the wrong way."""

    def shifted(maps: Any) -> Any:
        return ops.concatenate([maps[:, 1:], ops.zeros_like(maps[:, :1])], axis=1)

    patch.setattr(gated, "shift_down", shifted)


def vertical_fed_from_horizontal(network: Any, patch: pytest.MonkeyPatch) -> None:
    """phlippe/uvadlc_notebooks#47: it sees rows that it must not, or that a step does not."""
    block = network.blocks[1]
    whole = block.call

    def call(vertical: Any, horizontal: Any, *rest: Any, **named: Any) -> Any:
        return whole(vertical + horizontal, horizontal, *rest, **named)

    patch.setattr(block, "call", call)


def blind_spot(network: Any, patch: pytest.MonkeyPatch) -> None:
    """Without the links of the deeper blocks, the upper right is not seen."""
    for block in network.blocks[1:]:
        patch.setattr(block.link, "call", lambda maps, **_: 0.0 * maps)


def narrow_vertical_kernel(network: Any, patch: pytest.MonkeyPatch) -> None:
    """Only the taps above and on the left: the right part is lost."""
    for block in network.blocks:
        layer = block.vertical
        mask = np.ones(tuple(layer.kernel.shape), np.float32)
        mask[:, layer.width // 2 + 1 :] = 0.0

        def convolve(padded: Any, layer: Any = layer, mask: np.ndarray = mask) -> Any:
            padded = ops.pad(padded, ((0, 0), (0, 0), (layer.above, layer.above), (0, 0)))
            return ops.conv(padded, layer.kernel.value * mask, padding="valid") + layer.bias.value

        patch.setattr(layer, "_convolve", convolve)


def step_with_a_wrong_bias(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = Kernels.prepare

    def prepare(self: Kernels) -> dict[str, Any]:
        found = right(self)
        hidden = [(kernel, bias * 0.0 + 0.01) for kernel, bias in found["hidden"]]
        return {**found, "hidden": hidden}

    patch.setattr(Kernels, "prepare", prepare)


def step_forgets_the_rows_above(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = sampling.GatedSteps.below

    def forgetful(self: Any, fixed: Any, state: Any, *rest: Any) -> Any:
        above = [ops.zeros_like(maps) for maps in state["rows"]]
        return right(self, fixed, {**state, "rows": above}, *rest)

    patch.setattr(sampling.GatedSteps, "below", forgetful)


def step_swaps_gates(network: Any, patch: pytest.MonkeyPatch) -> None:
    right = sampling.gate_halved

    def swapped(maps: Any) -> Any:
        filters, gates = ops.split(maps, 2, axis=-1)
        return right(ops.concatenate([gates, filters], axis=-1))

    patch.setattr(sampling, "gate_halved", swapped)


def steps_compute_unrounded_values(network: Any, patch: pytest.MonkeyPatch) -> None:
    """PixelCNN++ codes: what is fed back is not the value that was drawn."""
    right = raster_rows.centred
    patch.setattr(raster_rows, "centred", lambda v, levels, dtype: right(v, levels, dtype) + 0.05)


def proposals_accepted_unseen(network: Any, patch: pytest.MonkeyPatch) -> None:
    """What is drawn from a wrong proposal is no sample."""

    def agreement(proposed: Any, drawn: Any) -> Any:
        values = int(np.prod(drawn.shape[1:]))
        return ops.full(drawn.shape[:1], values, "int32")

    patch.setattr(fixed_point, "agreement", agreement)


def proposals_forget_the_rows_above(network: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows.ParallelRows, "advance", lambda self, state, row: state)


MUTATIONS = [
    (first_mask_b, GREY, {"causality_gradient", "causality_change"}),
    (colours_reversed, COLOUR, {"causality_gradient", "causality_change"}),
    (groups_over_both_gates, COLOUR, {"causality_gradient", "causality_change"}),
    (unmasked_output_map, COLOUR, {"causality_gradient", "causality_change"}),
    (link_without_shift, GREY, {"causality_gradient", "causality_change"}),
    (shift_up, GREY, {"causality_gradient", "causality_change"}),
    (
        vertical_fed_from_horizontal,
        TALL,
        {"causality_gradient", "causality_change", "incremental_logits"},
    ),
    (blind_spot, BLIND, {"receptive_field_missing"}),
    (narrow_vertical_kernel, BLIND, {"receptive_field_missing"}),
    (step_with_a_wrong_bias, GREY, {"incremental_logits", "log_prob"}),
    (step_forgets_the_rows_above, GREY, {"incremental_logits"}),
    (step_swaps_gates, GREY, {"incremental_logits"}),
    (steps_compute_unrounded_values, GREY, {"incremental_logits"}),
    (
        proposals_accepted_unseen,
        GREY,
        {"fixed_point_sampler_differences", "fixed_point_log_prob"},
    ),
    (
        proposals_forget_the_rows_above,
        GREY,
        {"fixed_point_sampler_differences", "fixed_point_log_prob"},
    ),
]


@pytest.mark.parametrize(
    ("mutate", "settings", "caught"), MUTATIONS, ids=[m[0].__name__ for m in MUTATIONS]
)
def test_a_known_bug_is_found(
    mutate: Mutation, settings: Any, caught: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = densities.fresh(**settings)
    mutate(learner.networks["network"], monkeypatch)
    assert failed(learner.view, caught) == caught


@pytest.mark.parametrize(
    "settings", [GREY, COLOUR, TALL, BLIND], ids=["grey", "colour", "tall", "blind"]
)
def test_the_same_networks_pass_without_the_bug(settings: Any) -> None:
    names = set().union(*(caught for _, used, caught in MUTATIONS if used is settings))
    assert failed(densities.fresh(**settings).view, names) == set()
