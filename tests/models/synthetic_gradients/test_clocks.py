"""Two networks at different clocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.errors import UsageError
from genkit.family import EvaluationRequest
from genkit.models.synthetic_gradients.clocks.learner import WARM_UP
from genkit.progress import SILENT
from genkit.randomness import Noise
from tests.cuts import CUTS
from tests.densities import array

CLOCKS = {"encoder": 24, "units": 16, "message": 8, "hidden": 16}
SMALL = {"batch_size": 32, "learning_rate": 1e-2, "clip_norm": 1.0}


def made(method: str, **train: Any) -> Any:
    model = {"method": method, "clocks": CLOCKS}
    data = {"name": "digit_stream", "period": 2, "test_steps": 200}
    return CUTS.fresh("clocks", model=model, data=data, train={**SMALL, **train})


def trained(learner: Any, updates: int) -> list[dict[str, float]]:
    feed = learner.feed("train", 0)
    found = [learner.update(feed.batch(k), Noise(0, k)) for k in range(updates)]
    return [{n: float(array(v)) for n, v in metrics.items()} for metrics in found]


@pytest.mark.backends
@pytest.mark.parametrize("method", ["bprop", "sg"])
def test_counts_are_learned(method: str) -> None:
    learner = made(method)
    trained(learner, 400)
    found = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert found["error_rate_often"] < 0.6 * found["chance_error_rate_often"]


@pytest.mark.backends
def test_modules_learn_only_where_they_are_asked() -> None:
    for method in ("bprop", "noprop", "sg"):
        learner = made(method)
        trained(learner, 3)
        for module in (learner.bridge, learner.answer):
            changed = any(np.abs(array(w)).max() > 0 for w in module.slope.trainable_variables)
            assert changed == (method == "sg")


@pytest.mark.backends
def test_without_answers_the_message_is_never_shaped() -> None:
    learner = made("noprop")
    message = learner.often.message.trainable_variables
    before = [array(w).copy() for w in message]
    trained(learner, 3)
    for a, w in zip(before, message, strict=True):
        np.testing.assert_array_equal(a, array(w))
    told = made("sg")
    before = [array(w).copy() for w in told.often.message.trainable_variables]
    trained(told, 3)
    pairs = zip(before, told.often.message.trainable_variables, strict=True)
    assert max(np.abs(a - array(w)).max() for a, w in pairs) > 0


@pytest.mark.backends
def test_both_methods_see_the_same_at_first() -> None:
    # With the same weights the first period costs the same, whoever learns from it.
    locked, free = made("bprop", learning_rate=1e-9), made("sg", learning_rate=1e-9)
    for name in ("often", "seldom"):
        pairs = zip(locked.networks[name].variables, free.networks[name].variables, strict=True)
        for a, b in pairs:
            b.assign(a.value)
    (one,), (other,) = trained(locked, 1), trained(free, 1)
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_whole_evaluation() -> None:
    found = made("sg").evaluate(EvaluationRequest("test"), SILENT)
    assert {figure.name for figure in found.artifacts} == {"counts-often", "counts-seldom"}
    assert found.count == 12 * (200 // 2 - WARM_UP)
    few = made("sg").evaluate(EvaluationRequest("test", limit=5, brief=True), SILENT)
    assert few.count == 5
    assert 0 < found.metrics["chance_error_rate_seldom"] < found.metrics["chance_error_rate_often"]
    with pytest.raises(UsageError, match="no split"):
        made("sg").evaluate(EvaluationRequest("holdout"), SILENT)
