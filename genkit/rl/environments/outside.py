"""Environments of others: one at a time, in Python, behind Gymnasium's interface.

What `make()` of such a section gives is a `gymnasium.Env` of one kind, whatever stands behind it: a
`Discrete` action space with the attribute `action_names`, and a `Dict` of `Box`es as observations,
whose parts are named as those of built-in environments are (`image`, `depth`, `velocity`,
`position`) or `vector`. Many of them are played at once by `genkit.rl.players`.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Protocol

from genkit.errors import UsageError
from genkit.rl.environments.section import EnvironmentConfig

if TYPE_CHECKING:
    import numpy as np


class OutsideEnvironment(Protocol):
    """What players need of a `gymnasium.Env`."""

    observation_space: Any
    action_space: Any
    action_names: tuple[str, ...]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]: ...

    def step(
        self, action: int
    ) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]: ...

    def close(self) -> None: ...


class OutsideConfig(EnvironmentConfig):
    """Base of the sections of such environments. They go through `pickle`, to other processes."""

    def make(self) -> OutsideEnvironment:
        """One environment.

        Raises:
            UsageError: what it needs is not installed; names the command that installs it.
        """
        raise NotImplementedError


def need(module: str, extra: str, what: str) -> None:
    """See to it that a module is installed.

    Raises:
        UsageError: it is not; says how to install it.
    """
    if importlib.util.find_spec(module) is None:
        raise UsageError(
            f"{what} needs {module}, which is not installed. "
            f"Install it: pip install 'genkit-keras[{extra}]'"
        )
