"""Compilation and gradients: the same on both backends, variables assigned inside too."""

from __future__ import annotations

import importlib.util
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.errors import UsageError
from genkit.run.metadata import versions
from tests.densities import array

pytestmark = pytest.mark.backends


def variable(*values: float) -> keras.Variable:
    return keras.Variable(np.array(values, np.float32), name=f"v{len(values)}")


@pytest.mark.parametrize("xla", [True, False])
def test_a_compiled_function_reads_and_assigns_variables(xla: bool) -> None:
    total, step, left = variable(0.0, 0.0), variable(2.0), variable(5.0)

    def add(x: Any, scale: Any) -> Any:
        total.assign(total.value + x * scale * step.value)
        step.assign(step.value + 1.0)
        return {"sum": ops.sum(total.value), "before": x}

    run = backend.compile(add, [total, step, left], xla=xla)
    x = np.array([1.0, 2.0], np.float32)
    found = run(x, scale=np.float32(1.0))
    assert float(found["sum"]) == 6.0  # what was assigned is seen inside
    np.testing.assert_array_equal(array(found["before"]), x)
    found = run(x, scale=np.float32(10.0))
    assert float(found["sum"]) == 96.0
    np.testing.assert_array_equal(array(total), [32.0, 64.0])
    assert float(array(step)[0]) == 4.0
    assert float(array(left)[0]) == 5.0


def test_a_variable_assigned_outside_is_seen_by_the_compiled_function() -> None:
    scale = variable(2.0)
    run = backend.compile(lambda x: x * scale.value, [scale])
    x = np.array([3.0], np.float32)
    assert float(array(run(x))[0]) == 6.0
    scale.assign([5.0])
    assert float(array(run(x))[0]) == 15.0


def test_a_function_is_traced_once_for_one_shape() -> None:
    traces: list[int] = []

    def traced(x: Any) -> Any:
        traces.append(1)
        return x + 1.0

    run = backend.compile(traced, [])
    for _ in range(3):
        run(np.zeros(2, np.float32))
    assert len(traces) == 1


def test_nested_inputs_and_outputs() -> None:
    run = backend.compile(lambda t: {"a": (t["x"] + t["y"][0], [t["y"][1]])}, [])
    found = run({"x": np.float32(1), "y": (np.float32(2), np.float32(3))})
    assert float(found["a"][0]) == 3.0
    assert float(found["a"][1][0]) == 3.0


@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_with_extras_and_assignments_inside_the_loss(compiled: bool) -> None:
    weight, unused, seen = variable(3.0), variable(1.0, 1.0), variable(0.0)

    def loss(x: Any) -> tuple[Any, Any]:
        seen.assign(seen.value + weight.value)  # such as a moving average
        value = ops.sum(weight.value * weight.value * x)
        return value, {"twice": 2.0 * value}

    def step(x: Any) -> Any:
        return backend.gradients(lambda: loss(x), [weight, unused])

    run = backend.compile(step, [weight, unused, seen]) if compiled else step
    if not compiled and backend.name() == "jax":
        pytest.skip("outside a compiled function JAX keeps no assignments")
    (value, extras), found = run(np.array([2.0], np.float32))
    assert float(value) == 18.0
    assert float(extras["twice"]) == 36.0
    np.testing.assert_allclose(array(found[0]), [12.0])
    np.testing.assert_array_equal(array(found[1]), [0.0, 0.0])  # of what the loss does not use
    assert float(array(seen)[0]) == 3.0


def test_gradients_see_what_was_assigned_before_in_the_same_function() -> None:
    weight, other = variable(1.0), variable(1.0)

    def step() -> Any:
        weight.assign([2.0])
        other.assign([10.0])
        (_, _), found = backend.gradients(
            lambda: (ops.sum(weight.value**2 * other.value), {}), [weight]
        )
        return found[0]

    assert float(array(backend.compile(step, [weight, other])())[0]) == 40.0


def test_a_step_of_an_optimizer_inside() -> None:
    weight = variable(1.0)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5)
    optimizer.build([weight])

    def step() -> Any:
        _, found = backend.gradients(lambda: (ops.sum(weight.value**2), {}), [weight])
        optimizer.apply(found, [weight])
        return ops.sum(weight.value)

    run = backend.compile(step, [weight, *optimizer.variables])
    assert float(run()) == pytest.approx(0.8)
    assert float(run()) == pytest.approx(0.8 + 0.5 * -0.2 - 0.1 * 1.6)
    assert int(array(optimizer.iterations)) == 2


def test_later_calls_give_what_the_first_gave_whatever_is_nested_in_them() -> None:
    scale = variable(2.0)

    def mixed(values: dict[str, Any], pair: tuple[Any, Any]) -> Any:
        return {"z": values["x"] * scale.value, "a": None, "l": [pair[0] - pair[1], (pair[0],)]}

    run = backend.compile(mixed, [scale])
    one, two = np.array([1.0], np.float32), np.array([2.0], np.float32)
    for x in (one, two, two + one):
        found = run({"x": x}, (two, one))
        assert found["a"] is None
        assert set(found) == {"z", "a", "l"}
        np.testing.assert_array_equal(array(found["z"]), 2 * x)
        np.testing.assert_array_equal(array(found["l"][0]), [1.0])
        np.testing.assert_array_equal(array(found["l"][1][0]), [2.0])


def test_other_names_shapes_and_types_are_never_taken_for_those_of_before() -> None:
    run = backend.compile(lambda x: x["a"] - x["b"] if "b" in x else x["a"] * x["c"], [])
    one, two = np.ones(1, np.float32), np.full(1, 2.0, np.float32)
    for _ in range(3):
        assert float(array(run({"a": two, "b": one}))[0]) == 1.0
    assert float(array(run({"a": one, "c": two}))[0]) == 2.0
    np.testing.assert_array_equal(array(run({"a": np.ones(3, np.float32), "b": one})), [0, 0, 0])
    whole = np.array([3], np.int32)
    assert array(run({"a": whole, "b": whole})).dtype.kind == "i"


def test_a_numpy_scalar_is_an_argument_and_no_constant() -> None:
    traces: list[int] = []

    def traced(x: Any, i: Any) -> Any:
        traces.append(1)
        return x + ops.cast(i, "float32")

    run = backend.compile(traced, [])
    x = np.zeros(1, np.float32)
    assert [float(array(run(x, np.int32(i)))[0]) for i in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert len(traces) == 1


@pytest.mark.parametrize("compiled", [True, False])
def test_input_gradient(compiled: bool) -> None:
    weight = variable(1.0, 2.0)

    def slope(x: Any) -> Any:
        return backend.input_gradient(lambda v: ops.sum(v * v * weight.value, axis=-1), x)

    run = backend.compile(slope, [weight]) if compiled else slope
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    np.testing.assert_allclose(array(run(x)), 2 * x * np.array([1.0, 2.0]))


def test_the_gradient_of_a_constant_is_zero() -> None:
    x = np.ones((2, 2), np.float32)
    found = backend.input_gradient(lambda v: ops.zeros((2,)), x)
    np.testing.assert_array_equal(array(found), np.zeros((2, 2)))


def test_products_are_full_float32() -> None:
    """TF32 keeps 10 bits of 1 + 2^-12."""
    x = np.full((1, 1), 1 + 2.0**-12, np.float32)
    run = backend.compile(lambda a: ops.matmul(a, np.eye(1, dtype=np.float32)), [])
    assert float(array(run(x))[0, 0]) == 1 + 2.0**-12


def test_the_environment_names_backend_version_and_devices() -> None:
    found = backend.environment()
    assert found["backend"] == backend.name()
    assert found["devices"]
    assert found["version"] == versions()[backend.name()]
    assert {backend.name(), backend.other()} == {"tensorflow", "jax"}


def test_the_peak_of_what_is_allocated_can_be_measured_anew() -> None:
    if backend.allocated() is None:
        assert not backend.accelerated()
        assert not backend.reset_allocated_peak()
        pytest.skip("this backend does not count on a CPU")
    peaks = []
    run = backend.compile(lambda x: ops.sum(ops.sort(x * 2.0, axis=0), axis=1), [])
    for rows in (4000, 1000):
        reset = backend.reset_allocated_peak()
        backend.synchronise(run(np.ones((rows, 1000), np.float32)))
        used, peak = backend.allocated() or (0, 0)
        assert 0 <= used <= peak
        peaks.append(peak)
    assert peaks[0] >= 4000 * 1000 * 4
    assert peaks[1] < peaks[0] if reset else peaks[1] == peaks[0]


def test_eager_calls_run_the_function_itself() -> None:
    traced = []

    def double(x: Any) -> Any:
        traced.append(x)
        return ops.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, 2.0 * x), (0, x))[1]

    run = backend.compile(double, [])
    for _ in range(2):
        np.testing.assert_array_equal(ops.convert_to_numpy(run(np.ones(2, np.float32))), [4, 4])
    assert len(traced) == 1
    with backend.eager():
        for x in (1.0, 3.0):
            found = ops.convert_to_numpy(run(np.full(2, x, np.float32)))
            np.testing.assert_array_equal(found, [4 * x, 4 * x])
    assert [float(x[0]) for x in traced[1:]] == [1.0, 3.0]
    run(np.ones(2, np.float32))
    assert len(traced) == 3


def test_synchronise_returns_what_it_waited_for() -> None:
    outputs = {"a": backend.compile(lambda: ops.ones(3), [])(), "b": None, "c": 3}
    assert backend.synchronise(outputs) is outputs


def test_an_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    with pytest.raises(UsageError) as caught:
        backend.choose()
    assert caught.value.message == (
        "KERAS_BACKEND: unknown backend 'tensorfow'. Did you mean 'tensorflow'? "
        "Allowed: jax, tensorflow."
    )


def test_the_first_installed_backend_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"tensorflow", "jax"}
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: n if n in installed else None)
    assert backend.choose() == "tensorflow"
    installed.remove("tensorflow")
    assert backend.choose() == "jax"
    installed.remove("jax")
    with pytest.raises(UsageError, match=r"no backend is installed\. Install TensorFlow"):
        backend.choose()


@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_of_variables_and_of_inputs(compiled: bool) -> None:
    weight = keras.Variable([2.0, 3.0], name="weight")
    x, unused = np.float32([5.0, 7.0]), np.float32([1.0])

    def run(x: Any, unused: Any) -> Any:
        def loss(a: Any, b: Any) -> Any:
            return ops.sum(weight.value * a**2), {}

        _, found, own = backend.gradients(loss, [weight], [x, unused])
        return found, own

    function = backend.compile(run, [weight]) if compiled else run
    (of_weight,), (of_x, of_unused) = function(x, unused)
    np.testing.assert_allclose(ops.convert_to_numpy(of_weight), [25.0, 49.0])
    np.testing.assert_allclose(ops.convert_to_numpy(of_x), [20.0, 42.0])
    np.testing.assert_allclose(ops.convert_to_numpy(of_unused), [0.0])
