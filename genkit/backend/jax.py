"""JAX: variables travel in and out of `jax.jit` through `keras.StatelessScope`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras

# TF32 products, a default on some GPUs, flip about 1.6 % of 256-way draws.
jax.config.update("jax_default_matmul_precision", "highest")

# Variables of the function being traced, innermost last: an inner `StatelessScope` hides the
# outer one, so `gradients` has to pass on the values of all variables, not only of its own.
_tracing: list[Sequence[Any]] = []


def keep_programs(folder: Path) -> None:
    """Read compiled programs from `folder`, and write there what took long to compile."""
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    # Further caches of XLA would lie in the folder of this process alone.
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")


def compile(  # noqa: A001
    fn: Callable[..., Any], variables: Sequence[Any], *, xla: bool = True
) -> Callable[..., Any]:
    """Compile `fn` of arrays; it may read and assign the Keras `variables`.

    Args:
        fn: a function of nested arrays that returns nested arrays.
        variables: every `keras.Variable` that `fn` reads or assigns.
        xla: compile as one program; without, each operation runs by itself.

    Returns:
        A function of the same arguments. Shapes must not change between calls.
    """
    variables = tuple(variables)
    pure, changed = _pure(fn, variables)
    run = jax.jit(pure) if xla else pure

    def call(*args: Any, **kwargs: Any) -> Any:
        outputs, updates = run([variable.value for variable in variables], args, kwargs)
        for i, value in zip(changed, updates, strict=True):
            variables[i].assign(value)
        return outputs

    return call


def _pure(
    fn: Callable[..., Any], variables: Sequence[Any]
) -> tuple[Callable[..., tuple[Any, list[Any]]], list[int]]:
    """`fn` with variables as arguments and results, and which of them it changes.

    The list is filled when the function is traced.
    """
    changed: list[int] = []

    def pure(values: list[Any], args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
        _tracing.append(variables)
        try:
            with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
                outputs = fn(*args, **kwargs)
        finally:
            _tracing.pop()
        after = [scope.get_current_value(variable) for variable in variables]
        changed[:] = [i for i, value in enumerate(after) if value is not values[i]]
        return outputs, [after[i] for i in changed]

    return pure, changed


@contextmanager
def eager() -> Iterator[None]:
    """Within, compiled functions run operation by operation, loops too.

    Slow, but nothing is compiled: for proofs on tiny networks.
    """
    with jax.disable_jit():
        yield


def gradients(
    loss: Callable[..., tuple[Any, Any]], variables: Sequence[Any], inputs: Sequence[Any] = ()
) -> tuple[Any, ...]:
    """((loss, extras), gradients) of `loss(*inputs) -> (scalar, extras)` for Keras `variables`;
    with `inputs`, arrays, their gradients are a third result.

    Assignments to other variables inside `loss` (moving averages) are kept.
    """
    wanted = {id(variable) for variable in variables}
    others = [v for v in (_tracing[-1] if _tracing else ()) if id(v) not in wanted]
    other_values = [variable.value for variable in others]

    def scalar(values: list[Any], given: list[Any]) -> tuple[Any, Any]:
        mapping = [*zip(variables, values, strict=True), *zip(others, other_values, strict=True)]
        with keras.StatelessScope(mapping) as scope:
            value, extras = loss(*given)
        return value, (extras, [scope.get_current_value(variable) for variable in others])

    start = [variable.value for variable in variables]
    differentiate = jax.value_and_grad(scalar, argnums=(0, 1), has_aux=True)
    (value, (extras, after)), (found, own) = differentiate(start, [jnp.asarray(x) for x in inputs])
    for variable, before, now in zip(others, other_values, after, strict=True):
        if now is not before:
            variable.assign(now)
    return ((value, extras), found, own) if inputs else ((value, extras), found)


def input_gradient(fn: Callable[[Any], Any], x: Any) -> Any:
    """Gradient of sum(fn(x)) for the array `x`, of the shape of `x`."""
    return jax.grad(lambda value: jnp.sum(fn(value)))(jnp.asarray(x))


def synchronise(outputs: Any) -> Any:
    """Wait until `outputs` are computed; returns them."""
    return jax.block_until_ready(outputs)


def seed(number: int) -> None:
    """Seed whatever initial weights are drawn from.

    Keras' own function would import TensorFlow where it is installed. Initialisers without a
    seed take theirs from Python's generator.
    """
    random.seed(number)


def environment() -> dict[str, Any]:
    """Version and devices: part of the fingerprint of exactness."""
    return {
        "backend": "jax",
        "version": jax.__version__,
        "devices": [device.device_kind for device in jax.devices()],
        "matmul_precision": str(jax.config.jax_default_matmul_precision),
    }


def allocated() -> tuple[int, int] | None:
    """Bytes that the device's allocator has handed out and their peak; None on a CPU."""
    stats = jax.devices()[0].memory_stats()
    if not stats or "peak_bytes_in_use" not in stats:
        return None
    return int(stats["bytes_in_use"]), int(stats["peak_bytes_in_use"])


def reset_allocated_peak() -> bool:
    """JAX cannot reset the peak."""
    return False


def optimised_hlo(fn: Callable[..., Any], variables: Sequence[Any], *args: Any) -> str:
    """The program that XLA runs for `fn(*args)`, as text: HLO after all passes.

    Args:
        fn, variables: as `compile` takes them.
        args: nested arrays of the shapes in question; their values do not matter.
    """
    pure, _ = _pure(fn, tuple(variables))
    values = [variable.value for variable in variables]
    return str(jax.jit(pure).lower(values, args, {}).compile().as_text())
