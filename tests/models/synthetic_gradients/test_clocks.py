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


@pytest.mark.parametrize("method", ["bprop", "sg"])
def test_counts_are_learned(method: str) -> None:
    learner = made(method)
    trained(learner, 300)
    found = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert found["error_rate_often"] < 0.6 * found["chance_error_rate_often"]


@pytest.mark.backends
def test_what_each_method_trains() -> None:
    start: dict[str, list[np.ndarray]] = {}
    first: dict[str, float] = {}
    for method in ("bprop", "noprop", "sg"):
        learner = made(method)
        for name in ("often", "seldom"):
            own = start.setdefault(
                name, [array(w).copy() for w in learner.networks[name].variables]
            )
            for variable, value in zip(learner.networks[name].variables, own, strict=True):
                variable.assign(value)
        message = [array(w).copy() for w in learner.often.message.trainable_variables]
        first[method] = trained(learner, 3)[0]["loss"]
        for module in (learner.bridge, learner.answer):
            spoken = any(np.abs(array(w)).max() > 0 for w in module.slope.trainable_variables)
            assert spoken == (method == "sg")
        # Without answers nothing ever says what messages should hold.
        pairs = zip(message, learner.often.message.trainable_variables, strict=True)
        shaped = max(float(np.abs(a - array(w)).max()) for a, w in pairs) > 0
        assert shaped == (method != "noprop")
    # A first period costs the same, whoever learns from it.
    assert first["noprop"] == pytest.approx(first["bprop"], rel=1e-4)
    assert first["sg"] == pytest.approx(first["bprop"], rel=1e-4)


def test_a_whole_evaluation() -> None:
    found = made("sg").evaluate(EvaluationRequest("test"), SILENT)
    assert {figure.name for figure in found.artifacts} == {"counts-often", "counts-seldom"}
    assert found.count == 12 * (200 // 2 - WARM_UP)
    few = made("sg").evaluate(EvaluationRequest("test", limit=5, brief=True), SILENT)
    assert few.count == 5
    assert 0 < found.metrics["chance_error_rate_seldom"] < found.metrics["chance_error_rate_often"]
    with pytest.raises(UsageError, match="no split"):
        made("sg").evaluate(EvaluationRequest("holdout"), SILENT)
