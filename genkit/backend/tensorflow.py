"""TensorFlow: `tf.function` with XLA asked for explicitly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
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
    return tf.function(fn, jit_compile=xla, autograph=False)


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
    loss: Callable[[], tuple[Any, Any]], variables: Sequence[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """((loss, extras), gradients) of `loss() -> (scalar, extras)` for Keras `variables`.

    A variable that the loss does not use has a gradient of zeros.
    """
    watched = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(watched)
        value, extras = loss()
    found = tape.gradient(value, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return (value, extras), found


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
