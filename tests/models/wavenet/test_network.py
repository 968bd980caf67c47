"""The WaveNet as a network: size, reach, conditions, its parallel and its stretched view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from genkit import backend
from genkit.errors import UsageError
from genkit.layers.dilation import dilation_cycles, receptive_field, stack_parameters
from genkit.models.wavenet.network import WaveNet
from genkit.sampling.sequence.base import time_cut
from tests.sequences import array, codes, conditions, numbers, wavenet

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
CASES: list[dict[str, Any]] = [
    {},
    {"kernel": 3, "dilations": (1, 2), "input_kernel": 2, "vector": 3},
    {"dilations": (3, 1), "input_kernel": 3, "local": 2, "levels": 4},
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_a_code_is_seen_from_the_next_time_step_on(settings: Any) -> None:
    view = wavenet(**settings)
    field, lags = view.receptive_field, 30 - np.flatnonzero(view.seen(30))[::-1]
    assert (lags[0], lags[-1]) == (1, field)
    steps, place = field + 4, field + 2
    own = conditions(view, 1, steps)
    x = numbers("x", 1, steps, view.levels)
    slope = array(backend.input_gradient(lambda x: view.scores(x, own)[:, place], x))
    seen = np.abs(slope[0]).max(axis=-1) > 0
    expected = np.zeros(steps, bool)
    expected[:place] = view.seen(place)
    np.testing.assert_array_equal(seen, expected)


def test_receptive_field_and_size_of_a_published_network() -> None:
    """Three cycles of 1 to 512: 3070 inputs, and one more for each tap of the codes."""
    dilations = dilation_cycles(3, 10)
    assert receptive_field(2, dilations) == 3070
    network = WaveNet(levels=256, residual=8, skip=16, head=12, dilations=dilations, input_kernel=2)
    assert network.receptive_field == 3071
    network.build((None, None))
    codes_and_head = (2 * 256 + 1) * 8 + (16 + 1) * 12 + (12 + 1) * 256
    assert network.count_params() == codes_and_head + stack_parameters(8, 8, 16, 2, 30)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_codes_and_their_one_hot_form_are_the_same(settings: Any) -> None:
    view = wavenet(**settings)
    values, own = codes("values", view.levels, 2, 9), conditions(view, 2, 9)
    one_hot = np.eye(view.levels, dtype=np.float32)[values]
    logits = array(view.logits(values, own))
    assert logits.shape == (2, 9, view.levels)
    np.testing.assert_array_equal(logits, array(view.scores(one_hot, own)))
    direct = view.network(values, own.get("vector"), own.get("local"))
    np.testing.assert_array_equal(logits, array(direct))


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_stretches_go_on_where_the_last_one_stopped(settings: Any) -> None:
    view = wavenet(**settings)
    values, own = codes("values", view.levels, 2, 14), conditions(view, 2, 14)
    before: Any = np.full(2, view.levels, np.int32)
    state, found = view.begin(2, own), []
    for start, stop in ((0, 1), (1, 6), (6, 14)):
        part = values[:, start:stop]
        logits, state = view.stretch(part, before, state, start, view.cut(own, start, stop))
        before = part[:, -1]
        found.append(array(logits))
    np.testing.assert_allclose(np.concatenate(found, 1), array(view.logits(values, own)), **CLOSE)


def test_conditions_steer() -> None:
    view = wavenet(vector=2, local=1)
    values, own = codes("values", 7, 3, 6), conditions(view, 3, 6)
    base = array(view.logits(values, own))
    for name in own:
        moved = array(view.logits(values, {**own, name: own[name] + 1.0}))
        assert np.abs(moved - base).max(axis=(1, 2)).min() > 1e-3


def test_cuts_of_conditions_have_one_shape() -> None:
    view = wavenet(vector=2, local=1)
    own = conditions(view, 3, 10)
    cut = view.cut(own, 8, 13)
    np.testing.assert_array_equal(cut["vector"], own["vector"])
    np.testing.assert_array_equal(cut["local"][:, :2], own["local"][:, 8:])
    assert cut["local"].shape == (3, 5, 1)
    assert not cut["local"][:, 2:].any()
    assert time_cut(np.ones((2, 4)), 1, 3).shape == (2, 2)


def test_words_are_refused_by_a_bare_network() -> None:
    assert wavenet().conditions([{}, {}], 0) == {}
    with pytest.raises(UsageError, match="unknown condition 'speaker'"):
        wavenet().conditions([{}, {"speaker": "p225"}], 0)


def test_it_is_an_ordinary_keras_model(tmp_path: Path) -> None:
    view = wavenet(kernel=3, dilations=(1, 2), input_kernel=2, vector=3, local=2)
    network, values = view.network, codes("values", 7, 2, 9)
    own = conditions(view, 2, 9)
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    assert f"{network.count_params():,}" in "\n".join(lines)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(again, WaveNet)
    assert again.get_config() == network.get_config()
    found = again(values, own["vector"], own["local"])
    np.testing.assert_array_equal(array(found), array(view.logits(values, own)))


def test_logits_are_wide_whatever_the_maps_are_rounded_to() -> None:
    values = codes("values", 7, 1, 4)
    for policy, wanted in (("mixed_bfloat16", "float32"), ("float32", "float32")):
        assert array(wavenet(dtype=policy).logits(values, {})).dtype == wanted
