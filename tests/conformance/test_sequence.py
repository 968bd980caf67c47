"""The conformance suite of sequences: it holds for stacks of every kind, and finds known bugs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from keras import ops

from genkit.conformance import sequence
from genkit.conformance.sequence import sequence_checks
from genkit.layers import dilated_steps
from genkit.layers.context import ContextStack, ContextSteps
from genkit.layers.linear_prediction import LinearPrediction
from genkit.layers.rings import Rings
from genkit.models.wavenet import sampling
from genkit.models.wavenet.sampling import LOCAL, WaveNetSteps
from genkit.sampling.sequence.base import time_cut
from tests.sequences import conditions, wavenet

# Two taps with doubling dilations; three with gaps between what is seen; every condition, which
# is the one that the other backend proves too.
CONTEXT = {"pool": 4, "residual": 3, "skip": 4, "outputs": 2, "dilations": (1, 2)}
CASES: dict[str, dict[str, Any]] = {
    "two taps": {},
    "three taps": {"kernel": 3, "dilations": (5, 1), "input_kernel": 3, "levels": 4, "local": 2},
    "steered": {
        "kernel": 3,
        "dilations": (1, 3, 1),
        "input_kernel": 2,
        "vector": 3,
        "local": 1,
        "gated": 2,
    },
    "context of samples": {"contexts": [CONTEXT | {"pool": 1}]},
    "contexts of frames": {
        "contexts": [CONTEXT, CONTEXT | {"dilations": (1,), "outputs": 1}],
        "local": 2,
        "upsampling": {"channels": 3, "strides": (2, 3), "halo": 1},
        "vector": 2,
        "input_kernel": 2,
    },
    "repeated frames": {
        "local": 2,
        "upsampling": {"channels": 3, "strides": (3,), "learned": False},
    },
}
CASES["linear prediction"] = {
    "local": 2 + 3 + 1,
    "upsampling": {"channels": 2, "strides": (2,), "halo": 1},
    "prediction": {"order": 3, "column": 2, "hop": 2, "halo": 1},
    # Sees two codes by itself; the third one only through the predictor.
    "dilations": (1,),
}
TWICE = ("steered", "contexts of frames", "linear prediction")
PROVED = {
    "causality_gradient",
    "causality_change",
    "receptive_field_missing",
    "incremental_logits",
    "xla_logits",
    "sampler_differences",
    "near_ties",
    "log_prob",
    "forced_changes",
    "repeat_differences",
    "quick_priming_logits",
}


def checks(view: Any) -> dict[str, Any]:
    found = sequence_checks(view, lambda samples, steps: conditions(view, samples, steps))
    return {check.name: check for check in found}


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.backends) if c in TWICE else c for c in CASES]
)
def test_every_check_passes(case: str) -> None:
    """One test a network, so that its checks share what is compiled."""
    every = checks(wavenet(**CASES[case]))
    assert set(every) == PROVED
    found = {name: (check.run(), check.limit) for name, check in every.items()}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


def test_without_conditions_the_network_is_asked_for_none() -> None:
    assert {check.name for check in sequence_checks(wavenet())} == PROVED


def codes_see_themselves(view: Any, patch: pytest.MonkeyPatch) -> None:
    """Inputs that do not lag behind their targets."""
    network = view.network

    def call(x: Any, vector: Any = None, local: Any = None) -> Any:
        return network.head(network.stack(network.embedding(x), vector, local))

    patch.setattr(network, "call", call)


def a_dilation_is_lost(view: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(view.network.stack.layers[-1], "dilation", 1)


def rings_are_written_before_they_are_read(view: Any, patch: pytest.MonkeyPatch) -> None:
    """Each layer then reads what it has just written, an entry too young."""
    right = Rings.read
    patch.setattr(Rings, "read", lambda self, rings, t: right(self, rings, t + 1))


def a_step_swaps_gates(view: Any, patch: pytest.MonkeyPatch) -> None:
    def swapped(maps: Any) -> Any:
        gates, filters = ops.split(maps, 2, axis=-1)
        return ops.tanh(filters) * ops.sigmoid(gates)

    patch.setattr(dilated_steps, "gate", swapped)


def a_step_forgets_the_condition(view: Any, patch: pytest.MonkeyPatch) -> None:
    """The fast generator runs without the global condition."""

    class Forgetful(WaveNetSteps):
        def __init__(self, network: Any, own: Any) -> None:
            super().__init__(network, {**own, "vector": 0.0 * own["vector"]})

    patch.setattr(sampling, "WaveNetSteps", Forgetful)


def priming_fills_the_wrong_slots(view: Any, patch: pytest.MonkeyPatch) -> None:
    """What is remembered of a prime is out of order."""
    right = Rings.filled
    patch.setattr(Rings, "filled", lambda self, seen, t: right(self, seen, t + 1))


def a_context_stack_sees_its_own_frame(view: Any, patch: pytest.MonkeyPatch) -> None:
    """Frames that are not shifted before they are spread out."""
    right = ContextStack.shifted

    def shifted(self: ContextStack, sound: Any, recent: Any) -> Any:
        return right(self, ops.pad(sound, ((0, 0), (0, self.pool))), recent)[:, 1:]

    patch.setattr(ContextStack, "shifted", shifted)


def a_frame_is_written_out_of_order(view: Any, patch: pytest.MonkeyPatch) -> None:
    """Each sample of the frame is put a place too far."""
    right = WaveNetSteps.seen
    patch.setattr(
        WaveNetSteps, "seen", lambda self, state, value, i: right(self, state, value, i + 1)
    )


def context_rings_stay_as_they_are(view: Any, patch: pytest.MonkeyPatch) -> None:
    """A frame is forgotten as soon as the next one is there."""
    right = ContextSteps.frame

    def frame(self: ContextSteps, recent: Any, rings: Any, position: Any) -> Any:
        return right(self, recent, rings, position)[0], rings

    patch.setattr(ContextSteps, "frame", frame)


def priming_forgets_the_last_frame(view: Any, patch: pytest.MonkeyPatch) -> None:
    """A stretch hands on the frame before it, not its own last one."""
    right = ContextStack.stretch

    def stretch(self: ContextStack, sound: Any, recent: Any, *rest: Any) -> Any:
        found, _, rings = right(self, sound, recent, *rest)
        return found, recent, rings

    patch.setattr(ContextStack, "stretch", stretch)


def a_cut_begins_a_halo_too_early(view: Any, patch: pytest.MonkeyPatch) -> None:
    """As though frame f stood at f: nothing to be seen of it before the second stretch."""
    up, right = view.network.upsampling, view.cut

    def cut(own: Any, start: int, stop: int) -> Any:
        first = max(0, start // up.hop - up.halo)
        frames = right(own, start, stop)[LOCAL].shape[1]
        return {**own, LOCAL: time_cut(own[LOCAL], first, first + frames)}

    patch.setattr(view, "cut", cut)


def a_forecast_sees_its_own_code(view: Any, patch: pytest.MonkeyPatch) -> None:
    """Values that are a time step too young."""
    right = LinearPrediction.forecast

    def forecast(self: LinearPrediction, values: Any, coefficients: Any) -> Any:
        return right(self, ops.concatenate([values[:, 1:], values[:, :1]], axis=1), coefficients)

    patch.setattr(LinearPrediction, "forecast", forecast)


def a_step_forgets_older_values(view: Any, patch: pytest.MonkeyPatch) -> None:
    right = WaveNetSteps._forecast

    def forecast(self: WaveNetSteps, prediction: Any, before: Any, older: Any, i: Any) -> Any:
        return right(self, prediction, before, ops.zeros_like(older), i)

    patch.setattr(WaveNetSteps, "_forecast", forecast)


def priming_forgets_the_last_value(view: Any, patch: pytest.MonkeyPatch) -> None:
    right = sampling._forecasts

    def forecasts(*given: Any) -> Any:
        forecast, seen = right(*given)
        return forecast, ops.concatenate([seen[:, :1], seen[:, :-1]], axis=1)

    patch.setattr(sampling, "_forecasts", forecasts)


Mutation = Callable[[Any, pytest.MonkeyPatch], None]
MUTATIONS: list[tuple[Mutation, str, set[str]]] = [
    (codes_see_themselves, "two taps", {"causality_gradient", "causality_change"}),
    (a_dilation_is_lost, "two taps", {"receptive_field_missing"}),
    (rings_are_written_before_they_are_read, "three taps", {"incremental_logits"}),
    (a_step_swaps_gates, "two taps", {"incremental_logits"}),
    (a_step_forgets_the_condition, "steered", {"incremental_logits"}),
    (priming_fills_the_wrong_slots, "three taps", {"quick_priming_logits"}),
    (
        a_context_stack_sees_its_own_frame,
        "contexts of frames",
        {"causality_gradient", "causality_change"},
    ),
    (a_frame_is_written_out_of_order, "contexts of frames", {"incremental_logits"}),
    (context_rings_stay_as_they_are, "contexts of frames", {"incremental_logits"}),
    (priming_forgets_the_last_frame, "contexts of frames", {"quick_priming_logits"}),
    (a_cut_begins_a_halo_too_early, "contexts of frames", {"incremental_logits"}),
    (
        a_forecast_sees_its_own_code,
        "linear prediction",
        {"causality_gradient", "causality_change"},
    ),
    (a_step_forgets_older_values, "linear prediction", {"incremental_logits"}),
    (priming_forgets_the_last_value, "linear prediction", {"quick_priming_logits"}),
]


@pytest.mark.parametrize(
    ("mutate", "case", "caught"), MUTATIONS, ids=[m[0].__name__ for m in MUTATIONS]
)
def test_a_known_bug_is_found(
    mutate: Mutation, case: str, caught: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = wavenet(**CASES[case])
    mutate(view, monkeypatch)
    every = checks(view)
    assert {name for name in caught if not every[name].run() <= every[name].limit} == caught


def test_long_sequences_are_compared_a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """More stretches, and parts of a tile, with the conditions of each."""
    monkeypatch.setattr(sequence, "AT_ONCE", 60)
    monkeypatch.setattr(sequence, "LONGEST_STRETCH", 2)
    every = checks(wavenet(**CASES["steered"]))
    names = ("causality_change", "incremental_logits", "log_prob", "quick_priming_logits")
    assert [name for name in names if not every[name].run() <= every[name].limit] == []


def test_a_long_receptive_field_is_measured_at_some_positions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last position is among them, so that one value more or less is noticed."""
    monkeypatch.setattr(sequence, "SMALL", 8)
    monkeypatch.setattr(sequence, "FEW_POSITIONS", 5)
    view = wavenet(dilations=(1, 2, 4, 8))
    every = checks(view)
    names = ("causality_gradient", "causality_change", "receptive_field_missing")
    assert [every[name].run() for name in names] == [0, 0, 0]
    seen, field = view.seen, view.receptive_field
    assert field == 16

    def one_too_far(place: int) -> Any:
        found = seen(place)
        if place > field:
            found[place - field - 1 : place - field + 1] = [True, False]
        elif place == field:
            found[0] = False
        return found

    view.seen = one_too_far
    every = checks(view)
    assert every["causality_gradient"].run() > 0
    assert every["receptive_field_missing"].run() == 1
