"""Loop closure: its loss against plain NumPy, and what it learns from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from keras import ops
from pydantic import ValidationError

from genkit import backend
from genkit.conformance.weights import randomise
from genkit.rl.heads.base import Learned
from genkit.rl.heads.loop_closure import LoopClosure
from genkit.rl.heads.navigation_config import LoopConfig, loop_parameters
from genkit.rl.heads.perceptron import Perceptron

pytestmark = pytest.mark.backends
T, B, WIDTH = 4, 3, 6


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def head(**settings: Any) -> LoopClosure:
    made = LoopClosure(LoopConfig(hidden=5, **settings), SimpleNamespace(features_width=WIDTH))
    randomise(made.layer.trainable_variables, 0)
    return made


def learned() -> Learned:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(T + 1, B, WIDTH)).astype(np.float32)
    label = (draw.random((T, B)) < 0.4).astype(np.float32)
    return Learned({"loop": label}, SimpleNamespace(features=features))


def chances(made: LoopClosure, features: np.ndarray) -> np.ndarray:
    weights = [array(w).astype(np.float64) for w in made.layer.trainable_variables]
    hidden = np.maximum(features @ weights[0] + weights[1], 0)
    return 1 / (1 + np.exp(-(hidden @ weights[2] + weights[3])[..., 0]))


def test_the_loss_is_the_binary_cross_entropy() -> None:
    made, given = head(weight=3.0), learned()
    label = given.experience["loop"]
    chance = chances(made, given.unrolled.features[:-1])
    error = -(label * np.log(chance) + (1 - label) * np.log(1 - chance))
    loss, figures = made.loss(given)
    assert float(array(loss)) == pytest.approx(3.0 * error.sum() / B, rel=1e-4)
    assert {name: float(array(x)) for name, x in figures.items()} == {
        "loop_nats": pytest.approx(error.mean(), rel=1e-4),
        "loop_percent": pytest.approx(100 * label.mean()),
    }
    shown = made.shown(given)
    assert list(shown) == ["loop-closure"]
    wanted = np.stack([chance, label], axis=-1)
    np.testing.assert_allclose(array(shown["loop-closure"]), wanted, rtol=1e-4, atol=1e-5)


def test_certainty_does_not_overflow() -> None:
    made, given = head(), learned()
    for weight in made.layer.trainable_variables:
        weight.assign(1e3 * array(weight))
    assert np.isfinite(float(array(made.loss(given)[0])))


def test_logits_are_of_any_stretch() -> None:
    made = head()
    features = np.random.default_rng(1).normal(size=(7, 1, WIDTH)).astype(np.float32)
    found = array(made.logits(features))
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), chances(made, features), rtol=1e-4)


def test_it_shapes_the_features_and_compiles() -> None:
    made, given = head(), learned()

    def loss(features: Any, label: Any) -> Any:
        return made.loss(Learned({"loop": label}, SimpleNamespace(features=features)))

    told = (given.unrolled.features, given.experience["loop"])
    found, _ = backend.compile(loss, made.layer.variables)(*told)
    assert float(array(found)) == pytest.approx(float(array(loss(*told)[0])), rel=1e-5)
    _, _, (gradient,) = backend.gradients(lambda x: loss(x, told[1]), [], [told[0]])
    assert np.abs(array(gradient)[:-1]).max() > 0
    assert np.abs(array(gradient)[-1]).max() == 0


def test_parameters_are_counted_in_closed_form() -> None:
    made = head()
    count = sum(int(np.prod(w.shape)) for w in made.layer.trainable_variables)
    assert loop_parameters(WIDTH, made.settings) == count
    assert loop_parameters(256, LoopConfig()) == 257 * 128 + 129
    assert Perceptron.from_config(made.layer.get_config()).hidden == 5


def test_far_is_not_nearer_than_near() -> None:
    with pytest.raises(ValidationError, match=r"far \(0.5\) must not be less than near \(1.0\)"):
        LoopConfig(far=0.5)
