"""Known bugs of public code make the checks of a VPN fail: each is built in on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from genkit import backend
from genkit.models.vpn.network import VPN
from tests import clips
from tests.conformance.mutating import Mutation, colours_turned, joint_groups, other_mask

SMALL = {**clips.GREY, "size": 4, "digit_size": 3, "frames": 3, "levels": 4}
COLOUR = {**clips.PUSHING, "size": 8, "frames": 3}
FIELD = {"context": 1, "decoder": 1, "encoder": 1, "dilations": [1], "width": 3, "lstm": 2}


def units(network: Any) -> list[Any]:
    return [unit.convolution for block in network.blocks for unit in block.pair]


def raw_pixels_in_a_unit(network: Any, patch: pytest.MonkeyPatch) -> None:
    """o-tawab/Video-Pixel-Networks#1: what reads values is around its own mask A, here by the
    residual; `g2 h` does the same."""
    other_mask(network.first, "B")


def mask_b_sees_later_colours(network: Any, patch: pytest.MonkeyPatch) -> None:
    for layer in units(network):
        colours_turned(layer)


def groups_over_all_gates(network: Any, patch: pytest.MonkeyPatch) -> None:
    for layer in units(network):
        joint_groups(layer)


def the_present_in_the_context(network: Any, patch: pytest.MonkeyPatch) -> None:
    """The decoder of frame t is steered by the state behind frame t."""
    call = VPN.call

    def shifted(self: Any, video: Any, vectors: Any = None, training: bool = False) -> Any:
        from keras import ops

        ahead = ops.concatenate([video[:, 1:], video[:, -1:]], axis=1)
        mixed = ops.concatenate([ahead[:, : self.context], video[:, self.context :]], axis=1)
        return call(self, mixed, vectors, training)

    patch.setattr(VPN, "call", shifted)


CASES: list[tuple[Mutation, dict[str, Any], dict[str, Any], set[str]]] = [
    (raw_pixels_in_a_unit, {}, SMALL, {"causality_gradient"}),
    (mask_b_sees_later_colours, {}, COLOUR, {"causality_gradient"}),
    (groups_over_all_gates, {}, COLOUR, {"causality_gradient"}),
    (the_present_in_the_context, {}, SMALL, {"future_frames_seen", "frame_by_frame_logits"}),
]


@pytest.mark.skipif(backend.name() != "tensorflow", reason="masks do not depend on the backend")
@pytest.mark.parametrize(("mutate", "model", "data", "caught"), CASES)
def test_a_bug_is_caught(
    mutate: Mutation,
    model: dict[str, Any],
    data: dict[str, Any],
    caught: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = clips.fresh({**FIELD, **model}, data)
    mutate(learner.networks["network"], monkeypatch)
    checks = [check for check in learner.checks() if check.name in caught]
    assert {check.name for check in checks} == caught
    failed = {check.name for check in checks if not check.run() <= check.limit}
    # One of those that can see it is enough.
    assert failed


def test_without_a_bug_nothing_is_caught() -> None:
    learner = clips.fresh(FIELD, SMALL)
    names = {"causality_gradient", "future_frames_seen", "past_frames_unseen"}
    checks = [check for check in learner.checks() if check.name in names]
    assert [check.name for check in checks if not check.run() <= check.limit] == []
