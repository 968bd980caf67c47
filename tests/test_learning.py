"""The compiled gradient step against closed forms."""

import keras
import numpy as np
import pytest
from keras import ops

from genkit.learning import GradientStep, ScheduledRate, make_optimizer
from genkit.recipe.schema import OptimizerConfig, ScheduleConfig, TrainConfig

pytestmark = pytest.mark.backends

SGD = OptimizerConfig(name="sgd")


def network(start=(1.0, -2.0)):
    layer = keras.layers.Dense(1, use_bias=False, name="line")
    layer.build((None, 2))
    layer.kernel.assign(np.array(start, np.float32)[:, None])
    return layer


def step_of(layer, **train):
    settings = {"optimizer": SGD, "learning_rate": 0.1, **train}

    def loss(batch):
        error = layer(batch["x"])[:, 0] - batch["y"]
        return ops.mean(ops.square(error)), {"mean_error": ops.mean(error)}

    return GradientStep(layer, loss, TrainConfig(**settings))


def batch_of(count=8, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 2)).astype(np.float32)
    return {"x": x, "y": generator.normal(size=count).astype(np.float32)}


def gradient(weights, batch):
    error = batch["x"] @ weights - batch["y"]
    return 2.0 * batch["x"].T @ error / len(error)


def weights_of(layer):
    return ops.convert_to_numpy(layer.kernel.value)[:, 0].astype(np.float64)


def test_one_step_is_gradient_descent():
    layer, batch = network(), batch_of()
    before = weights_of(layer)
    metrics = step_of(layer)(batch)
    found = gradient(before, batch)
    np.testing.assert_allclose(weights_of(layer), before - 0.1 * found, rtol=1e-5)
    assert float(metrics["gradient_norm"]) == pytest.approx(np.linalg.norm(found), rel=1e-5)
    error = batch["x"] @ before - batch["y"]
    assert float(metrics["loss"]) == pytest.approx(np.mean(error**2), rel=1e-5)
    assert float(metrics["mean_error"]) == pytest.approx(np.mean(error), rel=1e-4)
    assert float(metrics["learning_rate"]) == pytest.approx(0.1)


@pytest.mark.parametrize("pieces", [2, 4])
def test_accumulation_equals_the_whole_batch(pieces):
    whole, cut, batch = network(), network(), batch_of()
    one, many = step_of(whole, batch_size=8), step_of(cut, batch_size=8, accumulate=pieces)
    for _ in range(3):
        expected, found = one(batch), many(batch)
    np.testing.assert_allclose(weights_of(cut), weights_of(whole), rtol=1e-5)
    for name in ("loss", "mean_error", "gradient_norm"):
        assert float(found[name]) == pytest.approx(float(expected[name]), rel=1e-4)


def test_clipping_bounds_the_global_norm():
    layer, batch = network((50.0, -50.0)), batch_of()
    before = weights_of(layer)
    metrics = step_of(layer, clip_norm=0.5)(batch)
    moved = (before - weights_of(layer)) / 0.1
    found = gradient(before, batch)
    np.testing.assert_allclose(moved, 0.5 * found / np.linalg.norm(found), rtol=1e-3)
    # What is reported is the norm before clipping: it shows how often clipping acts.
    assert float(metrics["gradient_norm"]) == pytest.approx(np.linalg.norm(found), rel=1e-4)


def test_average_follows_its_recursion_and_is_put_in_place():
    layer, batch = network(), batch_of()
    step = step_of(layer, average=0.5)
    average = weights_of(layer)
    for k in range(6):
        step(batch)
        decay = min(0.5, (1 + k) / (10 + k))
        average = decay * average + (1 - decay) * weights_of(layer)
    trained = weights_of(layer)
    step.use_averages()
    np.testing.assert_allclose(weights_of(layer), average, rtol=1e-5)
    assert not np.allclose(trained, average, rtol=1e-4)


def test_without_average_the_trained_weights_stay():
    layer = network()
    step = step_of(layer)
    step(batch_of())
    trained = weights_of(layer)
    step.use_averages()
    np.testing.assert_array_equal(weights_of(layer), trained)


def rates(schedule, steps):
    rate = ScheduledRate(2.0, schedule)
    return [float(ops.convert_to_numpy(rate(step))) for step in steps]


def test_constant_schedule_with_warmup():
    found = rates(ScheduleConfig(warmup=4), range(6))
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0])


def test_steps_schedule_drops_at_each_boundary():
    schedule = ScheduleConfig(name="steps", boundaries=[2, 4], factor=0.5)
    assert rates(schedule, range(6)) == pytest.approx([2.0, 2.0, 1.0, 1.0, 0.5, 0.5])


def test_cosine_schedule_ends_at_its_floor_and_stays():
    schedule = ScheduleConfig(name="cosine", decay_steps=10, floor=0.1)
    assert rates(schedule, [0, 5, 10, 50]) == pytest.approx([2.0, 1.1, 0.2, 0.2])


def test_linear_schedule_falls_evenly_to_its_floor():
    schedule = ScheduleConfig(name="linear", decay_steps=10, floor=0.1)
    assert rates(schedule, [0, 5, 10, 50]) == pytest.approx([2.0, 1.1, 0.2, 0.2])
    schedule = ScheduleConfig(name="linear", decay_steps=4)
    assert rates(schedule, [0, 1, 3, 4]) == pytest.approx([2.0, 1.5, 0.5, 0.0])


def test_scaling_rates_takes_effect_in_the_compiled_step():
    layer, batch = network(), batch_of()
    step = step_of(layer)
    step(batch)
    step.rate.factor.assign(0.25)
    before = weights_of(layer)
    metrics = step(batch)
    assert float(metrics["learning_rate"]) == pytest.approx(0.025)
    expected = before - 0.025 * gradient(before, batch)
    np.testing.assert_allclose(weights_of(layer), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_optimizer_lowers_the_loss(name):
    layer, batch = network(), batch_of()
    step = step_of(layer, optimizer=OptimizerConfig(name=name, weight_decay=1e-3))
    losses = [float(step(batch)["loss"]) for _ in range(20)]
    assert losses[-1] < losses[0]


def test_optimizer_settings_arrive():
    rate = ScheduledRate(1e-3, ScheduleConfig())
    made = make_optimizer(OptimizerConfig(name="adam", beta_1=0.5, epsilon=1e-4), rate, 3.0)
    assert (made.beta_1, made.epsilon, made.global_clipnorm) == (0.5, 1e-4, 3.0)
    made = make_optimizer(OptimizerConfig(name="rmsprop", rho=0.8, momentum=0.7), rate, None)
    assert (made.rho, made.momentum) == (0.8, 0.7)
