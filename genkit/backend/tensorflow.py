"""TensorFlow: `tf.function` with XLA asked for explicitly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# One function a learner is wanted; TensorFlow warns of it as of careless retracing.
tf.get_logger().setLevel("ERROR")
# TF32 products flip about 1.6 % of 256-way draws; full float32 is the rule.
tf.config.experimental.enable_tensor_float_32_execution(False)
tf.constant(0)  # starts the runtime now, where its start-up messages are kept back


def keep_programs(folder: Path) -> None:
    """Let XLA read its flags, which name the folder, now."""
    del folder
    tf.function(lambda x: x + 1.0, jit_compile=True)(tf.constant(0.0))


def compile(  # noqa: A001
    fn: Callable[..., Any], variables: Sequence[Any], *, xla: bool = True
) -> Callable[..., Any]:
    """Compile `fn` of arrays; it may read and assign the Keras `variables`.

    Args:
        fn: a function of nested arrays that returns nested arrays.
        variables: every `keras.Variable` that `fn` reads or assigns.
        xla: compile with XLA; without, the graph runs operation by operation.

    Returns:
        A function of the same arguments. Shapes must not change between calls.
    """
    del variables  # TensorFlow variables are captured by reference.
    return _Compiled(fn, xla)


class _Compiled:
    """A `tf.function` that is called past its Python from the second call on.

    For every array that it takes a `tf.function` spends 10 to 20 microseconds on types, with the
    interpreter locked: 2 ms for a sampler's kernels and state. Once traced, the flat arrays are
    given to the traced function itself. Gradients of it from outside are not recorded.
    """

    def __init__(self, fn: Callable[..., Any], xla: bool) -> None:
        self._function: Any = tf.function(fn, jit_compile=xla, autograph=False)
        self._traced: _Traced | None = None
        self._called = False

    def __call__(self, *args: Any, **named: Any) -> Any:
        if named or not tf.executing_eagerly() or tf.config.functions_run_eagerly():
            return self._function(*args, **named)
        flat = tf.nest.flatten(args)
        if not all(isinstance(leaf, tf.Tensor | np.ndarray | np.generic) for leaf in flat):
            return self._function(*args)
        if not self._called:  # the first call may create variables
            self._called = True
            return self._function(*args)
        if self._traced is None:
            self._traced = _Traced(self._function.get_concrete_function(*args), args)
        flat = [tf.convert_to_tensor(leaf) for leaf in flat]
        return self._traced(flat) if self._traced.takes(args, flat) else self._function(*args)

    def experimental_get_compiler_ir(self, *args: Any) -> Any:
        """As a `tf.function` has it: what XLA makes of the arguments."""
        return self._function.experimental_get_compiler_ir(*args)


class _Traced:
    """One trace of a function and the arguments that it takes."""

    def __init__(self, concrete: Any, args: Any) -> None:
        self._concrete = concrete
        self._like = tf.nest.map_structure(lambda leaf: None, args)
        self._kinds = _kinds([tf.convert_to_tensor(leaf) for leaf in tf.nest.flatten(args)])

    def takes(self, args: Any, flat: list[Any]) -> bool:
        """Whether nested `args`, in `flat` once more, are nested and shaped as in the trace."""
        if _kinds(flat) != self._kinds:
            return False
        try:
            tf.nest.assert_same_structure(self._like, args)
        except (TypeError, ValueError):
            return False
        return True

    def __call__(self, flat: list[Any]) -> Any:
        found = self._concrete.inference_fn.call_flat(*flat, *self._concrete.captured_inputs)
        outputs = iter(found or ())
        return tf.nest.map_structure(
            lambda leaf: None if leaf is None else next(outputs), self._concrete.structured_outputs
        )


def _kinds(flat: list[Any]) -> list[Any]:
    return [kind for leaf in flat for kind in (leaf.shape, leaf.dtype)]


@contextmanager
def eager() -> Iterator[None]:
    """Within, compiled functions run operation by operation, loops too.

    Slow, but nothing is compiled: for proofs on tiny networks.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def gradients(
    loss: Callable[..., tuple[Any, Any]], variables: Sequence[Any], inputs: Sequence[Any] = ()
) -> tuple[Any, ...]:
    """((loss, extras), gradients) of `loss(*inputs) -> (scalar, extras)` for Keras `variables`;
    with `inputs`, arrays, their gradients are a third result.

    What the loss does not use has a gradient of zeros.
    """
    watched = [variable.value for variable in variables]
    given = [tf.convert_to_tensor(x) for x in inputs]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([*watched, *given])
        value, extras = loss(*given)
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(value, [*watched, *given], unconnected_gradients=zero)
    own = found[: len(watched)]
    return ((value, extras), own, found[len(watched) :]) if inputs else ((value, extras), own)


def input_gradient(fn: Callable[[Any], Any], x: Any) -> Any:
    """Gradient of sum(fn(x)) for the array `x`, of the shape of `x`."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(fn(x))
    return tape.gradient(total, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def synchronise(outputs: Any) -> Any:
    """Wait until `outputs` are computed; returns them."""
    # Not `.numpy()`, which copies.
    tf.test.experimental.sync_devices()
    return outputs


def seed(number: int) -> None:
    """Seed whatever initial weights are drawn from."""
    keras.utils.set_random_seed(number)


def environment() -> dict[str, Any]:
    """Version, devices and thread counts: part of the fingerprint of exactness."""
    return {
        "backend": "tensorflow",
        "version": tf.__version__,
        "devices": [device.device_type for device in tf.config.list_physical_devices()],
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
        "tf32": bool(tf.config.experimental.tensor_float_32_execution_enabled()),
    }


def allocated() -> tuple[int, int] | None:
    """Bytes that the device's allocator has handed out and their peak; None if nobody counts.

    On a CPU arrays below 256 kB are not counted.
    """
    try:
        found = tf.config.experimental.get_memory_info(_first_device())
    except (ValueError, tf.errors.OpError):
        return None
    return int(found["current"]), int(found["peak"])


def reset_allocated_peak() -> bool:
    """Let the peak of `allocated` start anew; whether that is possible."""
    try:
        tf.config.experimental.reset_memory_stats(_first_device())
    except (ValueError, tf.errors.OpError):
        return False
    return True


def _first_device() -> str:
    return "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"


def optimised_hlo(fn: Callable[..., Any], variables: Sequence[Any], *args: Any) -> str:
    """The program that XLA runs for `fn(*args)`, as text: HLO after all passes.

    Args:
        fn, variables: as `compile` takes them.
        args: nested arrays of the shapes in question; their values do not matter.
    """
    run: Any = compile(fn, variables)
    tensors = tf.nest.map_structure(tf.convert_to_tensor, args)
    return str(run.experimental_get_compiler_ir(*tensors)(stage="optimized_hlo"))
