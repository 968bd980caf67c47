"""Compilation, gradients and devices, the same on TensorFlow and JAX.

Nothing outside this folder names a backend. The backend is the one of the environment variable
`KERAS_BACKEND`; without it TensorFlow, or JAX where TensorFlow is not installed.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from genkit.backend import cache
from genkit.backend.quiet import startup_noise_hidden
from genkit.errors import UsageError, unknown

BACKENDS = ("tensorflow", "jax")


def choose() -> str:
    """The backend to use: `KERAS_BACKEND`, else the first of `BACKENDS` that is installed.

    Keras' own fallback, a file in the home directory, is not read: a run should depend on
    its recipe and its environment only.
    """
    asked = os.environ.get("KERAS_BACKEND")
    if asked:
        if asked not in BACKENDS:
            raise UsageError(f"KERAS_BACKEND: {unknown('backend', asked, BACKENDS)}")
        return asked
    for name in BACKENDS:
        if importlib.util.find_spec(name) is not None:
            return name
    raise UsageError(
        "no backend is installed. Install TensorFlow (pip install tensorflow) or "
        "JAX (pip install 'genkit-keras[jax]')."
    )


os.environ["KERAS_BACKEND"] = choose()


class Backend(Protocol):
    """What `tensorflow.py` and `jax.py` provide."""

    def keep_programs(self, folder: Path) -> None: ...

    def compile(
        self, fn: Callable[..., Any], variables: Sequence[Any], *, xla: bool = True
    ) -> Callable[..., Any]: ...

    def eager(self) -> AbstractContextManager[None]: ...

    def gradients(
        self, loss: Callable[..., tuple[Any, Any]], variables: Sequence[Any], inputs: Any = ()
    ) -> tuple[Any, ...]: ...

    def input_gradient(self, fn: Callable[[Any], Any], x: Any) -> Any: ...

    def synchronise(self, outputs: Any) -> Any: ...

    def seed(self, number: int) -> None: ...

    def environment(self) -> dict[str, Any]: ...

    def allocated(self) -> tuple[int, int] | None: ...

    def reset_allocated_peak(self) -> bool: ...

    def optimised_hlo(
        self, fn: Callable[..., Any], variables: Sequence[Any], *args: Any
    ) -> str: ...


def _implementation() -> Any:
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        from genkit.backend import tensorflow

        return tensorflow
    from genkit.backend import jax

    return jax


_programs = cache.open_cache(os.environ["KERAS_BACKEND"])
# TensorFlow calls it an error that programs from the disk name no processor that it knows.
_hidden = "3" if _programs is not None else "2"
with startup_noise_hidden(_hidden), cache.named(_programs):
    _backend: Backend = _implementation()
    # Listing the devices starts the runtime, which has its own share of noise.
    _backend.environment()
    if _programs is not None:
        _backend.keep_programs(_programs)

compile = _backend.compile  # noqa: A001 - `backend.compile` reads as what it is
eager = _backend.eager
gradients = _backend.gradients
input_gradient = _backend.input_gradient
synchronise = _backend.synchronise
seed = _backend.seed
environment = _backend.environment
allocated = _backend.allocated
reset_allocated_peak = _backend.reset_allocated_peak
optimised_hlo = _backend.optimised_hlo


def accelerated() -> bool:
    """Whether computations run on something else than the CPU."""
    return any(device.lower() != "cpu" for device in environment()["devices"])


def name() -> str:
    """`tensorflow` or `jax`."""
    return os.environ["KERAS_BACKEND"]


def other() -> str:
    """The backend that is not in use."""
    return BACKENDS[1 - BACKENDS.index(name())]
